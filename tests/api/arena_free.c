/* Single frees, and the questions of which blocks are an arena's. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>

#include "api/arena.h"
#include "random.h"
#include "tap.h"

static struct place place;
static int lifetime;
static char which[100];

static char static_data[100];

static mems_arena *arena_here(uint32_t flags)
{
	struct mems_arena_options options = options_of(&place, lifetime);

	options.flags = flags;
	return arena_make(&options);
}

/* ------------------------------------------------------------- intermediate */

static void a_freed_block_can_be_had_again(uint32_t flags)
{
	enum { BLOCKS = 400 };
	static unsigned char *blocks[BLOCKS];
	mems_arena *arena = arena_here(flags);
	uint64_t held = 0, empty = place_used(&place);
	int wrong = 0;

	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < BLOCKS; i++) {
			blocks[i] = mems_arena_alloc(arena, 1 + i * 5);
			memset(blocks[i], (int)i, 1 + i * 5);
		}
		for (size_t i = 0; i < BLOCKS; i++)
			wrong += !is_full_of(blocks[i], (int)i, 1 + i * 5);
		if (round == 0)
			held = arena_stats(arena).held;
		wrong += arena_stats(arena).blocks != BLOCKS ||
			 arena_stats(arena).held > held;
		for (size_t i = 0; i < BLOCKS; i += 2)
			wrong += mems_arena_free(arena, blocks[i]) != 0;
		for (size_t i = 1; i < BLOCKS; i += 2)
			wrong += mems_arena_free_sized(arena, blocks[i],
						       1 + i * 5) != 0;
		wrong += arena_stats(arena).blocks != 0 ||
			 arena_stats(arena).used != 0;
		wrong += !arena_is_sound(arena);
	}
	is(wrong, 0, "%s: what was freed is had again, without growth", which);
	ok(place_used(&place) <= empty + 32 * 2 * 8192 + 30000,
	   "%s: most of it was given back", which);
	mems_arena_destroy(arena);
}

static void sizes_are_looked_at(void)
{
	static const size_t sizes[] = {
		1, 16, 17, 100, 128, 129, 260, 500, 1000, 1024, 1025, 5000,
		100000,
	};
	mems_arena *arena = arena_here(0);
	int wrong = 0;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size_t size = sizes[i];

		for (size_t align = 1; align <= 65536; align *= 4) {
			char *block;

			block = mems_arena_aligned_alloc(arena, align, size);
			wrong += mems_arena_free_sized(arena, block,
						       2 * size + 16) !=
				 -EINVAL;
			wrong += mems_arena_free_sized(arena, block,
						       SIZE_MAX) != -EINVAL;
			if (size > 32)
				wrong += mems_arena_free_sized(arena, block,
						size / 2) != -EINVAL;
			wrong += mems_arena_contains(arena, block) != 1;
			if (mems_arena_free_sized(arena, block, size) != 0) {
				diag("size %d at %d is not freed", (int)size,
				     (int)align);
				wrong++;
			}
			wrong += mems_arena_contains(arena, block) != 0;
		}
	}
	is(wrong, 0, "%s: a block is freed with its size and no other", which);
	ok(arena_is_sound(arena), "%s: the arena is sound", which);
	mems_arena_destroy(arena);
}

static void wrong_pointers_are_answered(uint32_t flags)
{
	mems_arena *arena = arena_here(flags), *other = arena_here(flags);
	char *small = mems_arena_alloc(arena, 100);
	char *next = mems_arena_alloc(arena, 100);
	char *large = mems_arena_alloc(arena, 5000);
	char *aligned = mems_arena_aligned_alloc(arena, 4096, 100);
	char *foreign = mems_arena_alloc(other, 100);
	char *foreign_large = mems_arena_alloc(other, 5000);
	void *of_heap = mems_heap_alloc(NULL, 100);
	struct mems_arena_stats before;
	int wrong = 0;

	memset(small, 0, 100);
	memset(large, 0, 5000);
	memset(aligned, 0, 100);
	before = arena_stats(arena);
	for (size_t i = 1; i < 100; i++) {
		wrong += mems_arena_free(arena, small + i) != -EINVAL;
		wrong += mems_arena_free(arena, aligned + i) != -EINVAL;
	}
	for (size_t i = 1; i < 5000; i++)
		wrong += mems_arena_free(arena, large + i) != -EINVAL;
	is(wrong, 0, "%s: the inside of a block: EINVAL", which);
	is(mems_arena_free(arena, foreign), -EINVAL, "%s: a block of another "
	   "arena: EINVAL", which);
	is(mems_arena_free(arena, foreign_large), -EINVAL, "%s: also a large "
	   "one", which);
	is(mems_arena_free(arena, of_heap), -EINVAL, "%s: a block of a heap: "
	   "EINVAL", which);
	is(mems_arena_free(arena, NULL), -EINVAL, "%s: NULL: EINVAL", which);
	is(mems_arena_free(arena, static_data), -EINVAL, "%s: static data: "
	   "EINVAL", which);
	is(mems_arena_free(arena, &before), -EINVAL, "%s: the stack: EINVAL",
	   which);
	is(mems_arena_free(arena, (void *)(uintptr_t)16), -EINVAL,
	   "%s: address 16: EINVAL", which);
	is(mems_arena_free(arena, (void *)(UINTPTR_MAX - 15)), -EINVAL,
	   "%s: the last address: EINVAL", which);
	is(mems_arena_free_sized(arena, foreign, 100), -EINVAL,
	   "%s: with a size, a block of another arena: EINVAL", which);
	is(mems_arena_free_sized(arena, NULL, 100), -EINVAL,
	   "%s: with a size, NULL: EINVAL", which);
	ok(arena_is_as_before(arena, &before), "%s: nothing changed", which);
	is(mems_arena_free(arena, small), 0, "%s: the block itself is freed",
	   which);
	is(mems_arena_free(arena, small), -EINVAL, "%s: once", which);
	is(mems_arena_free_sized(arena, small, 100), -EINVAL, "%s: nor with "
	   "its size", which);
	is(mems_arena_free(arena, large), 0, "%s: a large one, too", which);
	is(mems_arena_free(arena, large), -EINVAL, "%s: is freed once", which);
	is(mems_arena_free(arena, aligned), 0, "%s: and an aligned one",
	   which);
	is(mems_arena_free(arena, aligned), -EINVAL, "%s: once", which);
	is(arena_stats(arena).blocks, 1, "%s: one is left", which);
	is(mems_arena_free(arena, next), 0, "%s: that can be freed", which);
	is(arena_stats(other).blocks, 2, "%s: the other arena has all that it "
	   "had", which);
	ok(arena_is_sound(arena) && arena_is_sound(other), "%s: both are "
	   "sound", which);
	mems_heap_free(of_heap);
	mems_arena_destroy(arena);
	mems_arena_destroy(other);
}

/* ------------------------------------------------- transient and persistent */

static void a_single_free_is_answered(void)
{
	mems_arena *arena = arena_here(0), *other = arena_here(0);
	unsigned char *a = mems_arena_alloc(arena, 100);
	unsigned char *b = mems_arena_alloc(arena, 100);
	unsigned char *large = mems_arena_alloc(arena, 100000);
	unsigned char *foreign = mems_arena_alloc(other, 100);
	uint64_t frees = lifetime == MEMS_PERSISTENT ? 3 : 0;
	uint64_t used;

	memset(b, 'b', 100);
	used = arena_stats(arena).used;
	is(mems_arena_free(arena, a), 0, "%s: a block can be freed", which);
	is(mems_arena_free_sized(arena, large, 100000 + 16), -EINVAL,
	   "%s: not with more than it has: EINVAL", which);
	is(mems_arena_free_sized(arena, a, SIZE_MAX), -EINVAL,
	   "%s: nor with all there is: EINVAL", which);
	is(mems_arena_free(arena, large), 0, "%s: without a size", which);
	is(arena_stats(arena).used, used, "%s: nothing comes back", which);
	is(mems_arena_free_sized(arena, a, 100), 0, "%s: nor with a size, of "
	   "one that is not the last", which);
	is(arena_stats(arena).used, used, "%s: nothing comes back", which);
	is(arena_stats(arena).frees, frees, "%s: what is freed in a "
	   "persistent arena is counted", which);
	ok(is_full_of(b, 'b', 100), "%s: the others stay", which);
	is(mems_arena_free(arena, foreign), -EINVAL, "%s: a block of another "
	   "arena: EINVAL", which);
	is(mems_arena_free(arena, NULL), -EINVAL, "%s: NULL: EINVAL", which);
	is(mems_arena_free(arena, static_data), -EINVAL, "%s: static data: "
	   "EINVAL", which);
	is(mems_arena_free(arena, b + 1), -EINVAL, "%s: what is no multiple "
	   "of 16: EINVAL", which);
	is(mems_arena_free(arena, (void *)(UINTPTR_MAX - 15)), -EINVAL,
	   "%s: the last address: EINVAL", which);
	is(arena_stats(arena).frees, frees, "%s: errors are not counted",
	   which);
	mems_arena_reset(arena);
	is(arena_stats(arena).frees, 0, "%s: a reset forgets frees", which);
	is(mems_arena_free(arena, b), -EINVAL, "%s: and of blocks before it "
	   "it knows nothing: EINVAL", which);
	ok(arena_is_sound(arena) && arena_is_sound(other), "%s: both are "
	   "sound", which);
	mems_arena_destroy(arena);
	mems_arena_destroy(other);
}

static void the_last_block_comes_back(void)
{
	mems_arena *arena = arena_here(0);
	mems_arena *shared = arena_here(MEMS_ARENA_SHARED);
	unsigned char *first = mems_arena_alloc(arena, 40), *block;
	uint64_t used = arena_stats(arena).used;
	int again = lifetime == MEMS_TRANSIENT;

	memset(first, 'f', 40);
	block = mems_arena_alloc(arena, 100);
	is(mems_arena_free_sized(arena, block, 100), 0, "%s: the last block is "
	   "freed with its size", which);
	is(arena_stats(arena).used == used, again, "%s: in a transient arena "
	   "it comes back", which);
	is(mems_arena_alloc(arena, 30) == block, again, "%s: and is had "
	   "again", which);
	block = mems_arena_alloc(arena, 100);
	used = arena_stats(arena).used;
	is(mems_arena_free(arena, block), 0, "%s: without a size", which);
	is(arena_stats(arena).used, used, "%s: it does not", which);
	is(mems_arena_free_sized(arena, block, 50), 0, "%s: with less than it "
	   "has", which);
	is(arena_stats(arena).used, used, "%s: it does not either", which);
	block = mems_arena_alloc(arena, 100000);
	is(mems_arena_free_sized(arena, block, 100000), 0, "%s: a large one, "
	   "alone in its chunk", which);
	is(arena_stats(arena).used == used, again, "%s: comes back, too",
	   which);
	ok(is_full_of(first, 'f', 40), "%s: the others are whole", which);
	ok(arena_is_sound(arena), "%s: the arena is sound", which);
	block = mems_arena_alloc(shared, 100);
	used = arena_stats(shared).used;
	is(mems_arena_free_sized(shared, block, 100), 0, "%s: shared: it is "
	   "freed", which);
	is(arena_stats(shared).used, used, "%s: shared: but it does not come "
	   "back", which);
	mems_arena_destroy(arena);
	mems_arena_destroy(shared);
}

/* ------------------------------------------------------- contains and refer */

/* Every byte of blocks in many chunks, and what is none. */
static void an_arena_knows_its_blocks(void)
{
	enum { BLOCKS = 200 };
	static char *blocks[BLOCKS];
	mems_arena *arena = arena_here(0), *other = arena_here(0);
	int wrong = 0, foreign = 0;

	for (size_t i = 0; i < BLOCKS; i++) {
		blocks[i] = mems_arena_alloc(arena, 1 + i * 20);
		foreign += mems_arena_contains(arena,
				mems_arena_alloc(other, 1 + i * 20));
	}
	for (size_t i = 0; i < BLOCKS; i++) {
		wrong += mems_arena_contains(arena, blocks[i]) != 1;
		for (size_t n = 1; n < 1 + i * 20; n += 7)
			wrong += mems_arena_contains(arena, blocks[i] + n) !=
				 (lifetime != MEMS_INTERMEDIATE);
		wrong += mems_arena_contains(other, blocks[i]) != 0;
	}
	is(wrong, 0, lifetime == MEMS_INTERMEDIATE ?
	   "%s: an arena knows the first byte of its blocks" :
	   "%s: an arena knows each byte of its blocks", which);
	is(foreign, 0, "%s: and no others'", which);
	is(mems_arena_contains(arena, NULL), 0, "%s: nor NULL", which);
	is(mems_arena_contains(arena, static_data), 0, "%s: nor static data",
	   which);
	is(mems_arena_contains(arena, arena), 0, "%s: nor itself", which);
	is(mems_arena_contains(arena, (void *)(UINTPTR_MAX - 15)), 0,
	   "%s: nor the last address", which);
	if (lifetime == MEMS_INTERMEDIATE) {
		mems_arena_free(arena, blocks[3]);
		mems_arena_free(arena, blocks[BLOCKS - 1]);
		is(mems_arena_contains(arena, blocks[3]), 0, "%s: nor what was "
		   "freed", which);
		is(mems_arena_contains(arena, blocks[BLOCKS - 1]), 0,
		   "%s: nor what was freed and is large", which);
	}
	mems_arena_destroy(arena);
	mems_arena_destroy(other);
}

static int finds_nothing(const mems_arena *arena, mems_arena_ref ref)
{
	errno = 0;
	return is_refused(mems_arena_find(arena, ref), ESTALE);
}

static int refers_to_nothing(const mems_arena *arena, const void *block)
{
	mems_arena_ref ref;

	errno = 0;
	ref = mems_arena_refer(arena, block);
	return ref.generation == 0 && ref.unit == 0 && errno == EINVAL;
}

static void references_are_found(void)
{
	enum { BLOCKS = 300 };
	static mems_arena_ref refs[BLOCKS];
	static void *blocks[BLOCKS];
	mems_arena *arena = arena_here(0), *other = arena_here(0);
	mems_arena_ref none = { 0, 0 }, ref;
	int wrong = 0;

	ok(finds_nothing(arena, none), "%s: {0, 0} refers to nothing", which);
	for (size_t i = 0; i < BLOCKS; i++) {
		blocks[i] = mems_arena_alloc(arena, 1 + i * 11);
		refs[i] = mems_arena_refer(arena, blocks[i]);
	}
	for (size_t i = 0; i < BLOCKS; i++)
		wrong += mems_arena_find(arena, refs[i]) != blocks[i];
	is(wrong, 0, "%s: references are found", which);
	ok(refers_to_nothing(arena, NULL), "%s: NULL is not referred to",
	   which);
	ok(refers_to_nothing(arena, static_data), "%s: nor static data",
	   which);
	ok(refers_to_nothing(arena, (char *)blocks[5] + 1),
	   "%s: nor a byte between units", which);
	ok(refers_to_nothing(arena, mems_arena_alloc(other, 10)),
	   "%s: nor what is another arena's", which);
	ref = (mems_arena_ref){ refs[0].generation, UINT32_MAX };
	ok(finds_nothing(arena, ref), "%s: the last unit is stale", which);
	ref.unit = 0;
	ok(finds_nothing(arena, ref), "%s: the first one, too", which);
	ref = (mems_arena_ref){ refs[0].generation + 1, refs[0].unit };
	ok(finds_nothing(arena, ref), "%s: and a generation to come", which);
	if (lifetime == MEMS_INTERMEDIATE) {
		mems_arena_free(arena, blocks[7]);
		ok(finds_nothing(arena, refs[7]), "%s: a freed block is not "
		   "found", which);
	}
	mems_arena_reset(arena);
	for (size_t i = 0; i < BLOCKS; i++)
		wrong += !finds_nothing(arena, refs[i]);
	is(wrong, 0, "%s: after a reset none is found", which);
	ok(mems_arena_alloc(arena, 1) == blocks[0] &&
	   finds_nothing(arena, refs[0]), "%s: even if a block lies there "
	   "again", which);
	ref = mems_arena_refer(arena, blocks[0]);
	ok(mems_arena_find(arena, ref) == blocks[0], "%s: whose reference is "
	   "found", which);
	mems_arena_destroy(arena);
	mems_arena_destroy(other);
}

static void a_rewind_makes_references_stale(void)
{
	mems_arena *arena = arena_here(0);
	mems_arena_mark mark;
	mems_arena_ref ref, again;
	void *block, *other;

	(void)!mems_arena_alloc(arena, 100);
	mark = mems_arena_save(arena);
	block = mems_arena_alloc(arena, 100);
	ref = mems_arena_refer(arena, block);
	ok(mems_arena_find(arena, ref) == block, "%s: behind a mark a "
	   "reference is found", which);
	is(mems_arena_rewind(arena, mark), 0, "%s: the arena is rewound",
	   which);
	ok(finds_nothing(arena, ref), "%s: then it is stale", which);
	other = mems_arena_alloc(arena, 100);
	ok(other == block && finds_nothing(arena, ref), "%s: also when "
	   "another block lies there", which);
	again = mems_arena_refer(arena, other);
	ok(mems_arena_find(arena, again) == other, "%s: which can be referred "
	   "to", which);
	is(mems_arena_rewind(arena, mark), 0, "%s: the mark is as good as "
	   "before", which);
	ok(finds_nothing(arena, again), "%s: and this one stale", which);
	mems_arena_destroy(arena);
}

int main(void)
{
	struct place places[PLACES];

	places_make(places);
	for (int i = 0; i < PLACES * LIFETIMES; i++) {
		place = places[i / LIFETIMES];
		lifetime = i % LIFETIMES;
		snprintf(which, sizeof(which), "%s in %s",
			 lifetime_names[lifetime], place.name);
		an_arena_knows_its_blocks();
		references_are_found();
		if (lifetime == MEMS_INTERMEDIATE) {
			a_freed_block_can_be_had_again(0);
			a_freed_block_can_be_had_again(MEMS_ARENA_SHARED);
			sizes_are_looked_at();
			wrong_pointers_are_answered(0);
			wrong_pointers_are_answered(MEMS_ARENA_SHARED);
		} else {
			a_single_free_is_answered();
			the_last_block_comes_back();
			a_rewind_makes_references_stale();
		}
	}
	places_end(places);
	return done_testing();
}
