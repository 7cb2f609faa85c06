/* Blocks that change their size: what they held stays. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#ifndef _WIN32
#include <sys/mman.h>
#endif

#include <mems.h>

#include "api/heap.h"
#include "random.h"
#include "tap.h"

static mems_heap *heap;

/* Sizes on both sides of every border there is. */
static size_t sizes[1000];
static size_t size_count;

static void find_sizes(void)
{
	size_t size = 1;

	sizes[size_count++] = 0;
	while (size <= (size_t)1 << 20 && size_count < 998) {
		size_t good = mems_heap_good_size(size);

		sizes[size_count++] = good;
		sizes[size_count++] = good + 1;
		/* Large blocks have a border at each page. */
		size = size < SMALL_MOST ? good + 1 : good + good / 5;
	}
}

/* What byte `i` of a block is while it lasts. */
static unsigned char pattern(size_t i)
{
	return (unsigned char)(i * 7 + (i >> 8) * 13 + 1);
}

static void write_pattern(unsigned char *block, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		block[i] = pattern(i);
}

static int has_pattern(const unsigned char *block, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (block[i] != pattern(i))
			return 0;
	return 1;
}

static int change(unsigned char **block, size_t old, size_t size)
{
	unsigned char *moved = mems_heap_realloc(heap, *block, size);

	if (moved == NULL)
		return 0;
	*block = moved;
	if (mems_heap_usable_size(moved) < size || !is_aligned(moved, 16) ||
	    !has_pattern(moved, old < size ? old : size))
		return 0;
	write_pattern(moved, old < size ? old : size, size);
	return 1;
}

static void bytes_are_kept_across_all_classes(void)
{
	unsigned char *block = mems_heap_alloc(heap, 0);
	size_t wrong = 0;

	find_sizes();
	for (size_t i = 1; i < size_count; i++)
		wrong += !change(&block, sizes[i - 1], sizes[i]);
	is(wrong, 0, "a block grows through %d sizes", (int)size_count);
	for (size_t i = size_count - 1; i > 0; i--)
		wrong += !change(&block, sizes[i], sizes[i - 1]);
	is(wrong, 0, "and shrinks through them");
	ok(heap_is_sound(heap), "the heap is sound");
	is(heap_stats(heap).blocks, 1, "it is one block all the time");
	mems_heap_free(block);
}

static void bytes_are_kept_from_any_size_to_any_other(void)
{
	struct rng rng = rng_make(test_seed(), 0);
	uint64_t rounds = test_scaled(3000);
	unsigned char *block = mems_heap_alloc(heap, 0);
	size_t old = 0, wrong = 0;

	for (uint64_t i = 0; i < rounds; i++) {
		size_t size = sizes[rng_below(&rng, size_count)];

		wrong += !change(&block, old, size);
		old = size;
	}
	is(wrong, 0, "a block keeps its bytes through %d changes",
	   (int)rounds);
	mems_heap_free(block);
}

static void null_is_a_new_block(void)
{
	void *small = mems_heap_realloc(heap, NULL, 100);
	void *none = mems_heap_realloc(heap, NULL, 0);
	void *large = mems_heap_realloc(heap, NULL, 100000);

	ok(small != NULL && none != NULL && large != NULL,
	   "realloc of NULL allocates");
	is(heap_stats(heap).blocks, 3, "three blocks");
	mems_heap_free(small);
	mems_heap_free(none);
	mems_heap_free(large);
}

static void size_0_is_a_size_like_others(void)
{
	void *block = mems_heap_alloc(heap, 100);

	block = mems_heap_realloc(heap, block, 0);
	ok(block != NULL, "a block may shrink to 0 bytes");
	is(heap_stats(heap).blocks, 1, "and is not freed");
	block = mems_heap_realloc(heap, block, 0);
	ok(block != NULL, "twice");
	mems_heap_free(block);
	block = mems_heap_realloc(heap, mems_heap_alloc(heap, 100000), 0);
	ok(block != NULL, "a large one too");
	mems_heap_free(block);
	is(heap_stats(heap).blocks, 0, "until it is freed");
}

static void a_size_that_fits_stays_in_place(void)
{
	size_t wrong = 0, size = 1;

	while (size <= (size_t)1 << 20) {
		size_t good = mems_heap_good_size(size);
		void *block = mems_heap_alloc(heap, size);
		void *same = mems_heap_realloc(heap, block, good);

		wrong += same != block;
		same = mems_heap_realloc(heap, same, size);
		wrong += same != block;
		mems_heap_free(same);
		size = good + 1 + good / 5;
	}
	is(wrong, 0, "a block does not move for what it has");
}

static void large_blocks_change_in_place(void)
{
	mems_heap *own = heap_make();
	unsigned char *block = mems_heap_alloc(own, 8 << 20), *same;
	unsigned char *wall;

	write_pattern(block, 0, 8 << 20);
	same = mems_heap_realloc(own, block, 2 << 20);
	ok(same == block, "a large block shrinks where it is");
	is(mems_heap_usable_size(same), 2 << 20, "to what was asked for");
	is(heap_stats(own).held, 2 << 20, "and holds no more");
	same = mems_heap_realloc(own, same, 4 << 20);
	ok(same == block, "and grows where it is into what is free");
	is(mems_heap_usable_size(same), 4 << 20, "to what was asked for");
	is(heap_stats(own).held, 4 << 20, "and holds that");
	ok(has_pattern(same, 2 << 20), "its bytes are kept");
	memset(same + (2 << 20), 'g', 2 << 20);
	same = mems_heap_realloc(own, same, (4 << 20) - 5000);
	ok(same == block, "a few pages are given up in place");
	ok(heap_is_sound(own), "the heap is sound");

	/* Blocks all around: growing has to move then. */
	wall = mems_heap_alloc(own, (4 << 20) - RUN);
	memset(wall, 'w', (4 << 20) - RUN);
	same = mems_heap_realloc(own, same, 40 << 20);
	ok(same != NULL && has_pattern(same, 2 << 20) &&
	   is_full_of(same + (2 << 20), 'g', (2 << 20) - 5000),
	   "a block that moves takes its bytes along");
	ok(is_full_of(wall, 'w', (4 << 20) - RUN), "its neighbour is whole");
	ok(heap_is_sound(own), "the heap is sound");
	mems_heap_destroy(own);
}

/* So large that pages are moved instead of copied, where the system can; Linux
   before 6.17 can not where it has `several` mappings of them. */
static void very_large_blocks_move(bool several)
{
	mems_heap *own = heap_make();
	unsigned char *block = mems_heap_alloc(own, 8 << 20), *wall, *moved;

#ifdef MADV_NOHUGEPAGE
	if (several)
		madvise(block + (4 << 20), 1 << 20, MADV_NOHUGEPAGE);
#endif
	write_pattern(block, 0, 8 << 20);
	wall = mems_heap_alloc(own, 8 << 20);
	memset(wall, 'w', 8 << 20);
	moved = mems_heap_realloc(own, block, 40 << 20);
	ok(moved != NULL && moved != block, "a block of %s moves",
	   several ? "several mappings" : "8 MiB");
	ok(has_pattern(moved, 8 << 20), "and takes its bytes along");
	memset(moved + (8 << 20), 'm', 32 << 20);
	block = mems_heap_calloc(own, 1, 8 << 20);
	ok(is_full_of(block, 0, 8 << 20), "where it was a block may be again");
	ok(is_full_of(wall, 'w', 8 << 20), "its neighbour is whole");
	ok(heap_is_sound(own), "the heap is sound");
	mems_heap_destroy(own);
}

static void what_a_block_grows_into_may_be_dirty(void)
{
	mems_heap *own = heap_make();
	unsigned char *block = mems_heap_alloc(own, 4 << 20);

	memset(block, 'd', 4 << 20);
	block = mems_heap_realloc(own, block, 1 << 20);
	block = mems_heap_realloc(own, block, 4 << 20);
	ok(is_full_of(block, 'd', 1 << 20), "what it had is kept");
	mems_heap_free(block);
	block = mems_heap_calloc(own, 1, 4 << 20);
	ok(is_full_of(block, 0, 4 << 20), "calloc there is zero");
	/* What a block gives back is dirty as well. */
	memset(block, 'e', 4 << 20);
	block = mems_heap_realloc(own, block, 100000);
	for (int i = 0; i < 40; i++) {
		unsigned char *zero = mems_heap_calloc(own, 1, 90000);

		if (!is_full_of(zero, 0, 90000)) {
			ok(0, "calloc in what a block gave back is zero");
			break;
		}
	}
	mems_heap_destroy(own);
}

static void a_block_may_move_from_one_heap_to_another(void)
{
	mems_heap *a = heap_make(), *b = heap_make();
	unsigned char *block = mems_heap_alloc(a, 100);

	write_pattern(block, 0, 100);
	block = mems_heap_realloc(b, block, 20000);
	ok(block != NULL && has_pattern(block, 100), "its bytes are kept");
	is(heap_stats(a).blocks, 0, "it is not in the one any more");
	is(heap_stats(b).blocks, 1, "but in the other");
	is(mems_heap_destroy(a), 0, "which outlives the first");
	ok(has_pattern(block, 100), "as do its blocks");
	mems_heap_destroy(b);
}

static void an_alignment_is_kept_in_place(void)
{
	unsigned char *block = mems_heap_aligned_alloc(heap, 1 << 20, 500000);
	unsigned char *same;

	write_pattern(block, 0, 500000);
	same = mems_heap_realloc(heap, block, 400000);
	ok(same == block && is_aligned(same, 1 << 20),
	   "an aligned block shrinks where it is");
	same = mems_heap_realloc(heap, same, 9 << 20);
	ok(same != NULL && has_pattern(same, 400000), "and can grow");
	mems_heap_free(same);
}

int main(void)
{
	heap = heap_make();
	bytes_are_kept_across_all_classes();
	bytes_are_kept_from_any_size_to_any_other();
	null_is_a_new_block();
	size_0_is_a_size_like_others();
	a_size_that_fits_stays_in_place();
	large_blocks_change_in_place();
	very_large_blocks_move(false);
	very_large_blocks_move(true);
	what_a_block_grows_into_may_be_dirty();
	a_block_may_move_from_one_heap_to_another();
	an_alignment_is_kept_in_place();
	is(heap_stats(heap).blocks, 0, "nothing is left");
	mems_heap_destroy(heap);
	return done_testing();
}
