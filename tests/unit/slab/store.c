/* The store of an arena, which keeps a slab at each reset, seen as a depot. */
#include <config.h>

#include "slab/handle.h"

#include "tap.h"

#include <mems.h>

#include <errno.h>

#define CAP 300000

static mems_space *space;
static mems_arena *arena;
static mems_va its_store;

static void begin(void)
{
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;
	struct mems_arena_words *words;

	space = mems_space_create(NULL);
	options.cap = CAP;
	options.space = space;
	options.lifetime = MEMS_INTERMEDIATE;
	arena = mems_arena_create(&options);
	words = mems_space_get(space, mems_arena_address(arena));
	its_store = MEMS_VA_FIRST + ((mems_va)words->store << MEMS_UNIT_SHIFT);
}

static uint64_t slabs_of(mems_depot *depot)
{
	struct mems_slab_stats stats = { .size = sizeof(stats) };

	mems_depot_stats(depot, &stats);
	return stats.slabs;
}

static void what_a_reset_keeps_a_shrink_gives_back(void)
{
	mems_depot *depot = mems_depot_attach(space, its_store);
	uint64_t returned = 0;
	void *block;

	ok(depot != NULL, "the store of an arena is a depot");
	ok(mems_arena_alloc(arena, 40) != NULL &&
	   mems_arena_alloc(arena, 400) != NULL, "the arena has two blocks");
	is(slabs_of(depot), 2, "in two slabs");
	is(mems_arena_reset(arena), 0, "it is reset");
	is(slabs_of(depot), 1, "and keeps one");
	is(mems_depot_verify(depot, NULL, 0), 0, "and is sound");
	is(mems_depot_shrink(depot, &returned), 0, "the depot shrinks");
	ok(returned > 0, "the slab is given back");
	is(slabs_of(depot), 0, "there is none then");
	is(mems_depot_verify(depot, NULL, 0), 0, "that is sound as well");
	is(mems_depot_shrink(depot, &returned), 0, "again");
	is(returned, 0, "there is nothing more");
	block = mems_arena_alloc(arena, 40);
	is(mems_depot_free(depot, block), 0, "the arena goes on with new ones");
	is(mems_depot_detach(depot), 0, "the depot goes");
}

static void it_is_no_cache(void)
{
	errno = 0;
	ok(mems_slab_attach(space, its_store) == NULL && errno == EINVAL,
	   "a store of many sizes is no cache");
	errno = 0;
	ok(mems_depot_attach(space, mems_arena_address(arena)) == NULL &&
	   errno == EINVAL, "the words of an arena are no store");
	is(mems_arena_verify(arena, NULL, 0), 0, "the arena is sound");
}

/* The cap is of blocks that there are. */
static void what_is_refused_does_not_count(void)
{
	struct mems_space_stats stats = { .size = sizeof(stats) };
	int refused = 0, had = 0;

	mems_space_stats(space, &stats);
	mems_space_limit(space, 0, stats.used + 1000, NULL, NULL);
	for (int i = 0; i < 10; i++) {
		errno = 0;
		refused += mems_arena_alloc(arena, CAP / 3) == NULL &&
			   errno == ENOMEM;
	}
	is(refused, 10, "there is no memory for large blocks");
	mems_space_limit(space, 0, 0, NULL, NULL);
	for (int i = 0; i < 10; i++)
		had += mems_arena_alloc(arena, CAP / 3) != NULL;
	ok(had == 2 || had == 3, "when there is, as many as the cap allows");
	is(mems_arena_verify(arena, NULL, 0), 0, "the arena is sound");
}

static void nobody_has_no_magazine(void)
{
	errno = 0;
	ok(mems_slab_magazine(NULL) == MEMS_VA_NONE && errno == EINVAL,
	   "no cache has no magazine");
	errno = 0;
	ok(mems_depot_magazine(NULL) == MEMS_VA_NONE && errno == EINVAL,
	   "nor has no depot");
}

int main(void)
{
	begin();
	what_a_reset_keeps_a_shrink_gives_back();
	it_is_no_cache();
	what_is_refused_does_not_count();
	nobody_has_no_magazine();
	is(mems_arena_destroy(arena), 0, "the arena ends");
	is(mems_space_verify(space, NULL, 0), 0, "the space is sound");
	mems_space_destroy(space);
	return done_testing();
}
