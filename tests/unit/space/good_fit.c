/*
 * Good fit when its pool of hints is too small for all holes: nothing that was
 * freed may be lost, and nothing found twice.
 */
#include <config.h>

#include "random.h"
#include "tap.h"

#include <mems.h>

#include <errno.h>
#include <stdalign.h>

#define SIZE ((size_t)4 << 20)
#define BLOCKS_MOST 530000

static mems_va blocks[BLOCKS_MOST];

static mems_space *space_of(void *memory, size_t size, uint32_t granule)
{
	struct mems_space_options options = MEMS_SPACE_OPTIONS;

	options.memory = memory;
	options.memory_size = size;
	options.granule = granule;
	return mems_space_create(&options);
}

static mems_space *small_space(void *memory, uint32_t granule)
{
	return space_of(memory, SIZE, granule);
}

static size_t fill(mems_space *space, size_t size)
{
	size_t count = 0;

	while (count < BLOCKS_MOST) {
		blocks[count] = mems_space_alloc(space, size);
		if (blocks[count] == MEMS_VA_NONE)
			break;
		count++;
	}
	return count;
}

static int is_sound(mems_space *space, const char *when)
{
	char report[100] = "sound";
	int result = mems_space_verify(space, report, sizeof(report));

	return is_str(report, "sound", "%s the space is sound", when) &&
	       result == 0;
}

/* Free every second block: as many holes as can be, then use them all. */
static void every_hole_is_found_again(void *memory, uint32_t granule,
				      size_t size)
{
	mems_space *space = small_space(memory, granule);
	size_t count = fill(space, size), taken = 0;

	ok(count > 1000 && errno == ENOMEM, "granule %u: filled to the end",
	   granule);
	for (size_t i = 0; i < count; i += 2)
		mems_space_free(space, blocks[i]);
	is_sound(space, "with every second block free");
	while (mems_space_alloc(space, size) != MEMS_VA_NONE)
		taken++;
	is(taken, (count + 1) / 2, "each hole is used again, no one twice");
	is_sound(space, "full again");
	mems_space_destroy(space);
}

/* The few large holes among thousands of small ones are found at once. */
static void large_holes_are_found_among_small(void *memory)
{
	mems_space *space = small_space(memory, 1);
	size_t count = fill(space, 8), taken = 0;

	for (size_t i = 0; i < count; i += 2)
		mems_space_free(space, blocks[i]);
	/* Holes of 24 bytes, far apart. */
	for (size_t i = 1001; i + 1 < count; i += 10000) {
		mems_space_free(space, blocks[i]);
		taken++;
	}
	is_sound(space, "with few large holes");
	for (; taken > 0; taken--) {
		if (mems_space_alloc(space, 24) == MEMS_VA_NONE)
			break;
	}
	is(taken, 0, "each hole of 24 bytes is found");
	ok(mems_space_alloc(space, 24) == MEMS_VA_NONE, "and there are no more");
	ok(mems_space_alloc(space, 8) != MEMS_VA_NONE, "small ones there are");
	mems_space_destroy(space);
}

/* Random work in a space that is always nearly full of small holes. */
static void work_goes_on_when_the_pool_is_full(void *memory, struct rng *rng)
{
	mems_space *space = small_space(memory, 8);
	size_t count = fill(space, 16);
	uint64_t refused = 0;

	for (uint64_t i = test_scaled(300000); i > 0; i--) {
		size_t which = (size_t)rng_below(rng, count);
		size_t size = 8 + (size_t)rng_below(rng, 4) * 8;

		mems_space_free(space, blocks[which]);
		blocks[which] = mems_space_alloc(space, size);
		refused += blocks[which] == MEMS_VA_NONE;
		if (i % 50000 == 0)
			is_sound(space, "at work");
	}
	diag("%llu refused", (unsigned long long)refused);
	is_sound(space, "after the work");
	for (size_t i = 0; i < count; i++)
		mems_space_free(space, blocks[i]);
	ok(mems_space_alloc(space, SIZE / 2) != MEMS_VA_NONE,
	   "when all is freed, it is one hole again");
	mems_space_destroy(space);
}

/*
 * A class holds lengths of 32 to 35 granules. The one that is long enough lies
 * below more short ones than a request looks at; when the space is full it
 * must be found all the same.
 */
static void the_last_hole_that_fits_is_found(void *memory)
{
	mems_space *space = small_space(memory, 16);
	mems_va walls[30], holes[30];
	int count = 0;

	for (; count < 30; count++) {
		size_t length = count == 0 ? 35 : 32;

		holes[count] = mems_space_alloc(space, length * 16);
		walls[count] = mems_space_alloc(space, 16);
	}
	for (size_t size = SIZE; size >= 16; size /= 2) {
		while (mems_space_alloc(space, size) != MEMS_VA_NONE)
			;
	}
	for (int i = 0; i < count; i++)
		mems_space_free(space, holes[i]);
	ok(mems_space_alloc(space, 34 * 16) == holes[0],
	   "the one hole that is long enough");
	is_sound(space, "and after it");
	ok(mems_space_alloc(space, 34 * 16) == MEMS_VA_NONE && errno == ENOMEM,
	   "there is no other");
	ok(walls[0] != MEMS_VA_NONE && mems_space_free(space, walls[1]) == 0,
	   "two short ones become a long one");
	ok(mems_space_alloc(space, 34 * 16) == holes[1], "which is found");
	mems_space_destroy(space);
}

/*
 * More holes of 16 granules than there are hints, and one of 17 at the lowest
 * address, whose hint is the last to be pushed: there is no room for it.
 */
static void a_hole_without_a_hint_is_found(void *memory)
{
	mems_space *space = space_of(memory, SIZE / 16, 1);
	mems_va lowest = mems_space_alloc(space, 17);
	size_t count = 0, taken = 0, wrong = 0;

	(void)!mems_space_alloc(space, 1);
	while (count < BLOCKS_MOST) {
		blocks[count] = mems_space_alloc(space, 16);
		if (blocks[count] == MEMS_VA_NONE ||
		    mems_space_alloc(space, 1) == MEMS_VA_NONE)
			break;
		count++;
	}
	while (mems_space_alloc(space, 1) != MEMS_VA_NONE)
		;
	mems_space_free(space, lowest);
	for (size_t i = 0; i < count; i++)
		mems_space_free(space, blocks[i]);
	is_sound(space, "with more holes than hints");
	ok(mems_space_alloc(space, 17) == lowest, "the one that fits is found");
	ok(mems_space_alloc(space, 17) == MEMS_VA_NONE, "there is no other");
	for (;;) {
		struct mems_space_stats stats = { .size = sizeof(stats) };

		/* Whether there are hints or none just then. */
		mems_space_stats(space, &stats);
		wrong += stats.largest_hole != (taken < count ? 16 : 0);
		if (mems_space_alloc(space, 16) == MEMS_VA_NONE)
			break;
		taken++;
	}
	is(taken, count, "each of the others too");
	is(wrong, 0, "and the largest is always known");
	is_sound(space, "full");
	mems_space_destroy(space);
}

int main(void)
{
	struct rng rng = rng_make(test_seed(), 1);
	static alignas(16) char memory[SIZE];

	every_hole_is_found_again(memory, 1, 8);
	every_hole_is_found_again(memory, 8, 8);
	every_hole_is_found_again(memory, 16, 48);
	large_holes_are_found_among_small(memory);
	work_goes_on_when_the_pool_is_full(memory, &rng);
	the_last_hole_that_fits_is_found(memory);
	a_hole_without_a_hint_is_found(memory);
	return done_testing();
}
