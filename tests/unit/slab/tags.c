/* Tags: which places have slabs, of which class, and what if there are none. */
#include <config.h>

#include "os/pages.h"
#include "slab/handle.h"

#include "tap.h"
#include "unit/slab/unwatched.h"

#include <mems.h>

#include <errno.h>

#define BLOCKS 4000

static mems_space *space;
static mems_depot *depot;
static struct store *store;
static void *blocks[BLOCKS];

static void begin(void)
{
	space = mems_space_create(NULL);
	space_unwatch(space, NULL, 0);
	depot = mems_depot_create(space);
	store = store_unwatch(depot);
}

static size_t size_of(int i)
{
	return (size_t)(i % 64 + 1) * 16;
}

static void fill(void)
{
	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = mems_depot_alloc(depot, size_of(i));
}

static unsigned tag_of(const void *block)
{
	size_t number = mems__place_number(store, block);

	return number < store->tags_count ? store->tags[number] : 0;
}

static size_t tags_set(void)
{
	size_t set = 0;

	for (size_t i = 0; i < store->tags_count; i++)
		set += store->tags[i] != 0;
	return set;
}

static void each_slab_has_one(void)
{
	int wrong = 0;

	begin();
	ok(store->tags_count == 0, "a new depot has no tags");
	fill();
	for (int i = 0; i < BLOCKS; i++)
		wrong += tag_of(blocks[i]) !=
			 mems_small_class((uint32_t)size_of(i)) + 1;
	is(wrong, 0, "the tag of a block tells its class");
	is(tags_set(), store->slabs, "each slab has one, and nothing else");
	for (int i = 0; i < BLOCKS; i++)
		wrong += mems_depot_free(depot, blocks[i]) != 0;
	mems_depot_shrink(depot, NULL);
	is(wrong, 0, "all is freed");
	is(tags_set(), 0, "and no tag is left");
	mems_space_destroy(space);
}

static void an_arena_has_them_when_it_is_large(void)
{
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;
	mems_arena *arena;
	struct store *its;
	int wrong = 0;

	space = mems_space_create(NULL);
	space_unwatch(space, NULL, 0);
	options.space = space;
	options.lifetime = MEMS_INTERMEDIATE;
	arena = mems_arena_create(&options);
	its = mems__store_find(space, MEMS_VA_FIRST + ((mems_va)
		((struct mems_arena_words *)mems_space_get(space,
		mems_arena_address(arena)))->store << MEMS_UNIT_SHIFT));
	blocks[0] = mems_arena_alloc(arena, 16);
	is(its->tags_count, 0, "a small one has none");
	for (int i = 1; i < BLOCKS; i++)
		blocks[i] = mems_arena_alloc(arena, size_of(i));
	ok(its->tags_count > 0, "a large one has");
	is(its->tags[mems__place_number(its, blocks[0])], 1,
	   "also for the slabs of before");
	for (int i = 0; i < BLOCKS; i++)
		wrong += mems_arena_free(arena, blocks[i]) != 0;
	is(wrong, 0, "all is freed");
	is(mems_arena_free(arena, blocks[0]), -EINVAL, "once");
	mems__store_drop(its);
	mems_arena_destroy(arena);
	mems_space_destroy(space);
}

/* Refuse the call to the system with this number, and those behind it. */
static int calls, refused;

static bool may(void)
{
	return calls++ < refused;
}

static void without_them_all_goes_on(void)
{
	int wrong = 0, none = 0;

	for (refused = 0; refused < 40; refused++) {
		bool made;

		begin();
		/* The space has memory for what is asked for. */
		(void)mems_space_free(space,
				      mems_space_alloc(space, 8 << 20));
		calls = 0;
		mems__pages_may = may;
		fill();
		mems__pages_may = NULL;
		made = store->tags_count > 0;
		none += !made;
		for (int i = 0; i < BLOCKS; i++) {
			if (blocks[i] == NULL)
				continue;
			wrong += mems_depot_free(depot, blocks[i]) != 0;
			wrong += mems_depot_free(depot, blocks[i]) != -EINVAL;
		}
		wrong += mems_depot_verify(depot, NULL, 0) != 0;
		mems_space_destroy(space);
	}
	ok(none > 0, "%d times there was no room for tags", none);
	is(wrong, 0, "blocks are had and freed");
}

int main(void)
{
	each_slab_has_one();
	an_arena_has_them_when_it_is_large();
	without_them_all_goes_on();
	return done_testing();
}
