/*
 * A space of one's own: a linked list whose links are addresses, so that the
 * whole of it would mean the same in another process or another language. The
 * list is found by its name, and no more memory is taken than was allowed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <mems/space.h>
#include <mems/stats.h>

struct city {
	mems_va next;
	char name[24];
};

/* Put a city at the front of the list. Returns 0 or a negative errno. */
static int add(mems_space *space, const char *name)
{
	mems_va va = mems_space_alloc(space, sizeof(struct city));
	struct city *city = mems_space_get(space, va);

	if (city == NULL)
		return -errno;
	city->next = mems_space_root_get(space, "cities");
	snprintf(city->name, sizeof(city->name), "%s", name);
	return mems_space_root_set(space, "cities", va);
}

int main(void)
{
	struct mems_space_options options = MEMS_SPACE_OPTIONS;
	struct mems_space_stats stats = { .size = sizeof(stats) };
	const struct city *city;
	struct city copy;
	mems_space *space;
	mems_va va;

	options.hard_limit = 1 << 20;
	space = mems_space_create(&options);
	if (space == NULL || add(space, "Lima") || add(space, "Oslo") ||
	    add(space, "Pune")) {
		fputs("space: no memory\n", stderr);
		return 1;
	}

	/* The fast way: an address becomes a pointer by one comparison. */
	va = mems_space_root_get(space, "cities");
	while ((city = mems_space_get(space, va)) != NULL) {
		printf("%s\n", city->name);
		va = city->next;
	}

	/* The checked way: nothing is read that is not in a live block. */
	va = mems_space_root_get(space, "cities");
	if (mems_space_read(space, va, &copy, sizeof(copy)) == 0)
		printf("first: %s\n", copy.name);
	if (mems_space_read(space, va, &copy, sizeof(copy) + 1) != 0)
		printf("a read past the end of a block is refused\n");
	if (mems_space_free(space, va + 16) != 0)
		printf("an address inside a block is not freed\n");

	if (mems_space_stats(space, &stats) == 0)
		printf("%" PRIu64 " blocks, %" PRIu64 " bytes\n",
		       stats.blocks, stats.used);
	return mems_space_destroy(space) != 0;
}
