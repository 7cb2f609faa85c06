/*
 * Pictures of heaps for the manual, drawn by the library: pictures NAME writes
 * one, an SVG document, to standard output.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <mems/space.h>
#include <mems/stats.h>

/* The heap of the first program in README. */
static int first(mems_space *space)
{
	mems_va small = mems_space_alloc(space, 1000);

	if (mems_space_alloc(space, 1000) == MEMS_VA_NONE ||
	    mems_space_alloc(space, 4096) == MEMS_VA_NONE)
		return -1;
	return mems_space_free(space, small);
}

static uint32_t state;

static uint32_t random_below(uint32_t n)
{
	state = state * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)state * n >> 32);
}

/* A long life: blocks of mixed sizes come and go at random. */
static int aged(mems_space *space)
{
	static mems_va block[10000];
	const uint32_t blocks = sizeof(block) / sizeof(block[0]);

	state = 1;
	for (uint32_t i = 0; i < 50 * blocks; i++) {
		mems_va *at = &block[random_below(blocks)];
		size_t size = 16U << random_below(9);

		if (*at != MEMS_VA_NONE && mems_space_free(space, *at) != 0)
			return -1;
		*at = mems_space_alloc(space, size + random_below(size));
		if (*at == MEMS_VA_NONE)
			return -1;
	}
	return 0;
}

static const struct picture {
	const char *name;
	struct mems_space_options options;
	int (*fill)(mems_space *space);
} pictures[] = {
	{ "first", MEMS_SPACE_CLASSIC, first },
	{ "first-fit", MEMS_SPACE_CLASSIC, aged },
	{ "good-fit", MEMS_SPACE_OPTIONS, aged },
};

static const struct picture *find(const char *name)
{
	for (size_t i = 0; i < sizeof(pictures) / sizeof(pictures[0]); i++)
		if (strcmp(pictures[i].name, name) == 0)
			return &pictures[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const struct picture *picture = argc == 2 ? find(argv[1]) : NULL;
	int standard_output = STDOUT_FILENO;
	mems_space *space;

	if (picture == NULL) {
		fputs("usage: pictures first|first-fit|good-fit\n", stderr);
		return 2;
	}
	space = mems_space_create(&picture->options);
	if (space == NULL || picture->fill(space) != 0 ||
	    mems_space_draw(space, mems_write_fd, &standard_output) != 0) {
		fprintf(stderr, "pictures: %s cannot be drawn\n", argv[1]);
		return 1;
	}
	return mems_space_destroy(space) != 0;
}
