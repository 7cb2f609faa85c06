/* The table of what a store has: it grows, and numbers are used again. */
#include <config.h>

#include "slab/handle.h"

#include "random.h"
#include "tap.h"

#include <mems.h>

#include <errno.h>
#include <string.h>

static mems_space *space;
static mems_depot *depot;
static struct store *store;

static void begin(uint64_t hard_limit)
{
	struct mems_space_options options = MEMS_SPACE_OPTIONS;

	options.hard_limit = hard_limit;
	space = mems_space_create(&options);
	depot = mems_depot_create(space);
	store = ((struct owner *)depot)->store;
}

static uint64_t used(void)
{
	struct mems_space_stats stats = { .size = sizeof(stats) };

	mems_space_stats(space, &stats);
	return stats.used;
}

static void end(void)
{
	is(mems_depot_verify(depot, NULL, 0), 0, "the depot is sound");
	mems_depot_destroy(depot);
	is(used(), 0, "its tables go with it");
	mems_space_destroy(space);
}

static uint32_t number_of(const void *block)
{
	return ((const struct mems_large_words *)block - 1)->number;
}

static void numbers_are_told_one_after_the_other(void)
{
	enum { COUNT = 3000 };
	static void *blocks[COUNT];
	uint32_t room = 0, wrong = 0, grown = 0;

	begin(0);
	is(store->room, 0, "a new store has no table");
	is(store->words->table, MEMS_UNIT_NONE, "and says so");
	for (uint32_t i = 0; i < COUNT; i++) {
		blocks[i] = mems_depot_alloc(depot, 2000);
		wrong += number_of(blocks[i]) != i + 1;
		wrong += store->words->count != i + 2;
		wrong += store->words->room != store->room ||
			 store->words->count > store->room;
		wrong += mems__at_unit(&store->source, store->words->table) !=
			 (void *)store->table;
		grown += store->room != room;
		wrong += room != 0 && store->room != room &&
			 store->room != 2 * room;
		room = store->room;
	}
	is(wrong, 0, "each has the next number");
	is(grown, 8, "the table was 32, 64, ... 4096 entries long");
	for (uint32_t i = 0; i < COUNT; i++)
		wrong += store->table[i + 1].unit !=
			 mems__unit_of(&store->source, (char *)blocks[i] -
				       sizeof(struct mems_large_words));
	is(wrong, 0, "and tells where each is");
	for (uint32_t i = 0; i < COUNT; i++)
		wrong += mems__large_at(store, blocks[i]) == NULL;
	is(wrong, 0, "so all are found");
	end();
}

static void outgrown_tables_stay_until_the_end(void)
{
	struct mems_table_entry *tables[9];
	unsigned count = 0, wrong = 0;

	begin(0);
	for (uint32_t i = 0; i < 2000; i++) {
		if (mems_depot_alloc(depot, 1100) == NULL)
			wrong++;
		if (count == 0 || tables[count - 1] != store->table)
			tables[count++] = store->table;
	}
	is(wrong, 0, "2000 blocks are had");
	is(count, 7, "by then there were 7 tables");
	is(store->tables_count, count, "as the store knows");
	for (unsigned i = count; i-- > 0;) {
		const struct mems_table_entry *table = store->tables[i];

		wrong += table != tables[i];
		wrong += mems_space_contains(space, mems_space_va(space,
								  table)) != 1;
		/* Who still looks at it finds what it had. */
		wrong += table[5].unit != store->table[5].unit;
	}
	is(wrong, 0, "each is there and has what it had");
	end();
}

/* Its first entry is no table's and no block's, and nobody reads it. */
static void no_word_says_what_goes_with_a_store(void)
{
	mems_va va;

	begin(0);
	va = mems_space_alloc(space, 100);
	ok(mems_depot_alloc(depot, 100000) != NULL, "there is a table");
	store->table[0].unit = mems__unit_of(&store->source,
					     mems_space_get(space, va));
	mems_depot_destroy(depot);
	is(mems_space_contains(space, va), 1, "what it names stays");
	is(mems_space_free(space, va), 0, "and is its owner's");
	is(used(), 0, "all else goes");
	mems_space_destroy(space);
}

static void numbers_are_used_again(void)
{
	enum { COUNT = 500 };
	static void *blocks[COUNT];
	static bool seen[COUNT + 1];
	struct rng rng = rng_make(test_seed(), 1);
	uint32_t wrong = 0, count;

	begin(0);
	for (int i = 0; i < COUNT; i++)
		blocks[i] = mems_depot_alloc(depot, 1500);
	count = store->words->count;
	for (int round = 0; round < 200; round++) {
		int freed = 0;

		for (int i = 0; i < COUNT; i++) {
			if (rng_below(&rng, 4) > 0)
				continue;
			wrong += mems_depot_free(depot, blocks[i]) != 0;
			blocks[i] = NULL;
			freed++;
		}
		for (int i = 0; i < COUNT; i++)
			if (blocks[i] == NULL)
				blocks[i] = mems_depot_alloc(depot, 1500);
		memset(seen, 0, sizeof(seen));
		for (int i = 0; i < COUNT; i++) {
			uint32_t number = number_of(blocks[i]);

			wrong += number == 0 || number > COUNT ||
				 seen[number];
			if (number <= COUNT)
				seen[number] = true;
		}
		wrong += freed == 0;
	}
	is(wrong, 0, "who comes has a number of one that went");
	is(store->words->count, count, "no further one is begun");
	end();
}

static void what_went_is_not_found(void)
{
	struct mems_large_words *large;
	struct mems_slab_words *slab;
	void *block, *small;
	uint32_t kind;

	begin(0);
	block = mems_depot_alloc(depot, 5000);
	small = mems_depot_alloc(depot, 100);
	large = (struct mems_large_words *)block - 1;
	slab = mems__slab_around(store, small);
	ok(mems__large_at(store, block) == large, "a large block is found");
	ok(mems__is_slab(store, slab), "and a slab");
	large->number++;
	ok(mems__large_at(store, block) == NULL, "not with another number");
	large->number = 0;
	ok(mems__large_at(store, block) == NULL, "nor with none");
	large->number = UINT32_MAX;
	ok(mems__large_at(store, block) == NULL, "nor with one too large");
	large->number = 1;
	kind = large->kind;
	large->kind = MEMS_WORDS_SLAB;
	ok(mems__large_at(store, block) == NULL, "nor as another kind");
	large->kind = kind;
	slab->size_class = MEMS_SMALL_CLASSES;
	ok(!mems__is_slab(store, slab), "a slab has one of the classes");
	slab->size_class = mems_small_class(100);
	store->table[slab->number].unit++;
	ok(!mems__is_slab(store, slab), "and is where the table says");
	store->table[slab->number].unit--;
	is(mems_depot_free(depot, block), 0, "all is as before");
	ok(mems__large_at(store, block) == NULL, "what went is not found");
	end();
}

/* There is memory for the table before there is for what is put into it. */
static void a_table_that_cannot_grow_refuses(void)
{
	static void *blocks[40];
	struct mems_slab_stats stats = { .size = sizeof(stats) };
	uint64_t before;
	int wrong = 0;

	begin(0);
	for (int i = 0; i < 31; i++)
		blocks[i] = mems_depot_alloc(depot, 2000);
	is(store->words->count, store->room, "a table is full");
	before = used();
	/* Enough for a block, and not for a table. */
	mems_space_limit(space, 0, before + 2048, NULL, NULL);
	for (int i = 0; i < 3; i++) {
		errno = 0;
		wrong += mems_depot_alloc(depot, 2000) != NULL ||
			 errno != ENOMEM;
		wrong += used() != before;
	}
	is(wrong, 0, "one that cannot grow refuses, and nothing is lost");
	is(mems_depot_verify(depot, NULL, 0), 0, "the depot is sound");
	mems_depot_stats(depot, &stats);
	is(stats.large_blocks, 31, "and has what it had");
	is(mems_depot_free(depot, blocks[7]), 0, "a block goes");
	blocks[7] = mems_depot_alloc(depot, 2000);
	ok(blocks[7] != NULL, "and its number is another's");
	mems_space_limit(space, 0, 0, NULL, NULL);
	ok(mems_depot_alloc(depot, 2000) != NULL, "with memory it grows");
	end();
}

int main(void)
{
	numbers_are_told_one_after_the_other();
	outgrown_tables_stay_until_the_end();
	no_word_says_what_goes_with_a_store();
	numbers_are_used_again();
	what_went_is_not_found();
	a_table_that_cannot_grow_refuses();
	return done_testing();
}
