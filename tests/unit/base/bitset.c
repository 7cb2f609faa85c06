/* A set of numbers against an array of truth values. */
#include <config.h>

#include "base/bitset.h"

#include "random.h"
#include "tap.h"

#define NUMBERS_MOST 300000

static bool truth[NUMBERS_MOST];

static void make_set(struct bitset *set, uint64_t numbers)
{
	memset(set, 0, sizeof(*set));
	memset(truth, 0, sizeof(truth));
	while (mems__bitset_words(numbers, set->levels) > 0) {
		size_t words = (size_t)mems__bitset_words(numbers, set->levels);

		set->level[set->levels++] = calloc(words, sizeof(uint64_t));
	}
}

static void drop_set(struct bitset *set)
{
	for (unsigned i = 0; i < set->levels; i++)
		free(set->level[i]);
}

static uint64_t next_true(uint64_t from, uint64_t numbers)
{
	while (from < numbers && !truth[from])
		from++;
	return from < numbers ? from : MEMS__BITSET_NONE;
}

static uint64_t previous_true(uint64_t from)
{
	while (from > 0 && !truth[from])
		from--;
	return truth[from] ? from : MEMS__BITSET_NONE;
}

/* Levels above the first hold just what is not 0 below. */
static bool levels_agree(const struct bitset *set, uint64_t numbers)
{
	for (unsigned level = 1; level < set->levels; level++) {
		uint64_t words = mems__bitset_words(numbers, level - 1);

		for (uint64_t i = 0; i < words; i++) {
			bool above = set->level[level][i >> 6] >> (i & 63) & 1;

			if (above != (set->level[level - 1][i] != 0))
				return false;
		}
	}
	return true;
}

static void a_set_finds_what_was_put_in(struct rng *rng, uint64_t numbers,
					unsigned dense)
{
	struct bitset set;
	uint64_t wrong = 0;

	make_set(&set, numbers);
	for (uint64_t i = test_scaled(20000); i > 0; i--) {
		uint64_t number = rng_below(rng, numbers);
		uint64_t from = rng_below(rng, numbers);

		if (rng_below(rng, 100) < dense)
			mems__bitset_add(&set, number);
		else
			mems__bitset_remove(&set, number);
		truth[number] = mems__bitset_has(&set, number);
		wrong += mems__bitset_next(&set, from) !=
			 next_true(from, numbers);
		wrong += mems__bitset_previous(&set, from) !=
			 previous_true(from);
	}
	is(wrong, 0, "%d %% of %lld numbers: every search is right", dense,
	   (long long)numbers);
	ok(levels_agree(&set, numbers), "and the levels agree");
	for (uint64_t i = 0; i < numbers; i++)
		mems__bitset_remove(&set, i);
	ok(mems__bitset_next(&set, 0) == MEMS__BITSET_NONE &&
	   mems__bitset_previous(&set, numbers - 1) == MEMS__BITSET_NONE,
	   "emptied, it finds nothing");
	drop_set(&set);
}

static void a_set_knows_its_size(void)
{
	is(mems__bitset_words(1, 0), 2, "one number: a word and the spare one");
	is(mems__bitset_words(1, 1), 0, "and no level above");
	is(mems__bitset_words(64, 1), 0, "64 numbers: one level");
	is(mems__bitset_words(65, 1), 2, "65: another");
	is(mems__bitset_words(4096, 2), 0, "4096: two levels");
	is(mems__bitset_words(4097, 2), 2, "4097: three");
}

/* A word that others empty after its bit above was seen. */
static void a_member_that_goes_meanwhile_is_not_found(void)
{
	struct bitset set;

	make_set(&set, 4096);
	mems__bitset_add(&set, 2000);
	is(mems__bitset_next(&set, 5), 2000, "a member is found from below");
	is(mems__bitset_previous(&set, 4000), 2000, "and from above");
	set.level[0][2000 / 64] = 0;
	ok(mems__bitset_next(&set, 5) == MEMS__BITSET_NONE &&
	   mems__bitset_previous(&set, 4000) == MEMS__BITSET_NONE,
	   "when it goes meanwhile there is none");
	drop_set(&set);
}

int main(void)
{
	static const uint64_t sizes[] = { 1, 2, 63, 64, 65, 127, 128, 4095,
		4096, 4097, 262143, 262144, 262145 };
	struct rng rng = rng_make(test_seed(), 1);

	a_set_knows_its_size();
	a_member_that_goes_meanwhile_is_not_found();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		a_set_finds_what_was_put_in(&rng, sizes[i], 95);
		a_set_finds_what_was_put_in(&rng, sizes[i], 50);
		a_set_finds_what_was_put_in(&rng, sizes[i], 3);
	}
	return done_testing();
}
