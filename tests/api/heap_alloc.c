/* Blocks: their sizes, what is in them, where they begin, how they go. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>

#include "api/heap.h"
#include "random.h"
#include "tap.h"

static mems_heap *heap;		/* NULL: the default heap */
static const char *which;

/* A block of this size is all that it should be. */
static int size_works(size_t size)
{
	unsigned char *block = mems_heap_alloc(heap, size);
	unsigned char *other = mems_heap_alloc(heap, size);
	size_t usable = mems_heap_usable_size(block);
	int right;

	right = block != NULL && other != NULL && block != other &&
		is_aligned(block, 16) && is_aligned(other, 16) &&
		usable >= size && usable == mems_heap_good_size(size) &&
		mems_heap_usable_size(other) == usable;
	if (right) {
		memset(block, 'a', usable);
		memset(other, 'b', usable);
		right = is_full_of(block, 'a', usable) &&
			is_full_of(other, 'b', usable);
	}
	mems_heap_free(block);
	mems_heap_free_sized(other, size);
	return right;
}

static void every_size_up_to_a_large_block_works(void)
{
	size_t size, wrong = 0, wasted = 0;
	size_t step = test_scaled(100) < 100 ? 97 : 1;

	for (size = 0; size <= 2000; size++)
		wrong += !size_works(size);
	for (; size <= 3 * SMALL_MOST; size += step)
		wrong += !size_works(size);
	is(wrong, 0, "%s: every size gives blocks that hold it", which);
	for (size = 128; size <= 8192; size++)
		wasted += (mems_heap_good_size(size) - size) * 8 >= size;
	is(wasted, 0, "%s: no small block wastes an eighth", which);
	for (; size <= 3 * SMALL_MOST; size++)
		wasted += (mems_heap_good_size(size) - size) * 2 >= size;
	is(wasted, 0, "%s: and no other a half", which);
}

static void every_border_of_a_class_works(void)
{
	size_t wrong = 0, classes = 0, size = 1;

	while (size <= (size_t)8 << 20) {
		size_t good = mems_heap_good_size(size);

		classes++;
		wrong += mems_heap_good_size(good) != good;
		wrong += mems_heap_good_size(good + 1) <= good;
		wrong += !size_works(good - 1) + !size_works(good) +
			 !size_works(good + 1);
		size = good + 1 + good / 16;
	}
	is(wrong, 0, "%s: borders of %d classes", which, (int)classes);
	is(mems_heap_good_size(0), mems_heap_good_size(1),
	   "%s: a block of 0 bytes is as large as one of 1", which);
}

static void no_bytes_are_a_block_too(void)
{
	void *a = mems_heap_alloc(heap, 0), *b = mems_heap_alloc(heap, 0);
	void *c = mems_heap_calloc(heap, 0, 5);
	void *d = mems_heap_calloc(heap, 5, 0);
	void *e = mems_heap_aligned_alloc(heap, 64, 0);

	ok(a != NULL && b != NULL && c != NULL && d != NULL && e != NULL &&
	   a != b && b != c && c != d && d != e,
	   "%s: each block of size 0 is one of its own", which);
	is((uintptr_t)e % 64, 0, "%s: and can be aligned", which);
	mems_heap_free(a);
	mems_heap_free(b);
	mems_heap_free(c);
	mems_heap_free(d);
	mems_heap_free(e);
}

static int is_refused(void *block)
{
	return block == NULL && errno == ENOMEM;
}

static void impossible_sizes_change_nothing(void)
{
	unsigned char *small = mems_heap_alloc(heap, 100);
	unsigned char *large = mems_heap_alloc(heap, 100000);
	struct mems_heap_stats before;

	memset(small, 's', 100);
	memset(large, 'l', 100000);
	/* What is at hand and empty may be given up before a call fails. */
	mems_heap_collect(heap);
	before = heap_stats(heap);
	for (size_t i = 0; i < IMPOSSIBLE; i++) {
		size_t size = impossible[i];
		int wrong = 0;

		errno = 0;
		wrong += !is_refused(mems_heap_alloc(heap, size));
		errno = 0;
		wrong += !is_refused(mems_heap_calloc(heap, 1, size));
		errno = 0;
		wrong += !is_refused(mems_heap_calloc(heap, size, 1));
		errno = 0;
		wrong += !is_refused(mems_heap_calloc(heap, size, 16));
		errno = 0;
		wrong += !is_refused(mems_heap_aligned_alloc(heap, 16, size));
		errno = 0;
		wrong += !is_refused(mems_heap_aligned_alloc(heap, 4096,
							     size));
		errno = 0;
		wrong += !is_refused(mems_heap_realloc(heap, NULL, size));
		errno = 0;
		wrong += !is_refused(mems_heap_realloc(heap, small, size));
		errno = 0;
		wrong += !is_refused(mems_heap_realloc(heap, large, size));
		errno = 0;
		wrong += mems_heap_alloc_batch(heap, size, 3,
					       (void *[3]){ NULL }) != 0 ||
			 errno != ENOMEM;
		is(wrong, 0, "%s: nobody gives %#zx bytes", which, size);
	}
	is(mems_heap_good_size(SIZE_MAX), 0, "%s: nor is that a good size",
	   which);
	ok(heap_is_as_before(heap, &before), "%s: and nothing changed", which);
	ok(is_full_of(small, 's', 100) && is_full_of(large, 'l', 100000),
	   "%s: blocks that could not grow are whole", which);
	mems_heap_free(small);
	mems_heap_free(large);
	ok(heap_is_sound(heap), "%s: the heap is sound", which);
}

static void a_product_that_overflows_is_refused(void)
{
	size_t half = (size_t)1 << (sizeof(size_t) * 4);
	static const size_t odd[][2] = {
		{ SIZE_MAX, 2 }, { 2, SIZE_MAX }, { SIZE_MAX / 3 + 1, 3 },
		{ SIZE_MAX, SIZE_MAX },
	};
	int wrong = 0;

	errno = 0;
	wrong += !is_refused(mems_heap_calloc(heap, half, half));
	errno = 0;
	wrong += !is_refused(mems_heap_calloc(heap, half + 1, half));
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		errno = 0;
		wrong += !is_refused(mems_heap_calloc(heap, odd[i][0],
						      odd[i][1]));
	}
	is(wrong, 0, "%s: calloc refuses products that do not fit", which);
}

static void calloc_is_zero_after_dirty_reuse(void)
{
	static const size_t sizes[] = { 1, 16, 24, 100, 1000, 1024, 1040, 5000,
		20000, 32768, 32769, 70000, 1 << 20, 5 << 20 };
	enum { MOST = 200 };
	unsigned char *blocks[MOST];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t size = sizes[i], wrong = 0;
		int count = size > 100000 ? 3 : MOST;

		for (int round = 0; round < 2; round++) {
			for (int n = 0; n < count; n++) {
				blocks[n] = mems_heap_alloc(heap, size);
				memset(blocks[n], 0xa5,
				       mems_heap_usable_size(blocks[n]));
			}
			for (int n = 0; n < count; n++)
				mems_heap_free(blocks[n]);
			if (round == 1)
				mems_heap_collect(heap);
			for (int n = 0; n < count; n++) {
				blocks[n] = mems_heap_calloc(heap, size, 1);
				wrong += blocks[n] == NULL ||
					 !is_full_of(blocks[n], 0, size);
			}
			for (int n = 0; n < count; n++)
				mems_heap_free(blocks[n]);
		}
		is(wrong, 0, "%s: calloc of %zu bytes is zero", which, size);
	}
	mems_heap_trim(heap, NULL);
	blocks[0] = mems_heap_calloc(heap, 5, 1 << 20);
	ok(is_full_of(blocks[0], 0, 5 << 20), "%s: also after a trim", which);
	mems_heap_free(blocks[0]);
}

static void every_alignment_is_kept(void)
{
	static const size_t sizes[] = { 0, 1, 16, 17, 48, 100, 1000, 4096,
		5000, 32768, 32769, 65536, 100000, 3 << 20 };
	enum { COUNT = 5 };

	for (size_t alignment = 1; alignment <= 2 << 20; alignment *= 2) {
		int wrong = 0;

		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			unsigned char *blocks[COUNT];

			for (int n = 0; n < COUNT; n++) {
				blocks[n] = mems_heap_aligned_alloc(heap,
						alignment, sizes[i]);
				if (blocks[n] == NULL ||
				    !is_aligned(blocks[n], alignment) ||
				    !is_aligned(blocks[n], 16) ||
				    mems_heap_usable_size(blocks[n]) <
				    sizes[i])
					wrong++;
				else
					memset(blocks[n], n, sizes[i]);
			}
			for (int n = 0; n < COUNT; n++) {
				wrong += !is_full_of(blocks[n], n, sizes[i]);
				mems_heap_free(blocks[n]);
			}
		}
		is(wrong, 0, "%s: blocks at multiples of %zu", which,
		   alignment);
	}
	ok(heap_is_sound(heap), "%s: the heap is sound", which);
}

static void other_alignments_are_refused(void)
{
	static const size_t alignments[] = { 0, 3, 6, 12, 24, 48, 100, 4095,
		4097, 65537, SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2 };
	struct mems_heap_stats before;
	int wrong = 0;

	mems_heap_collect(heap);
	before = heap_stats(heap);
	for (size_t i = 0; i < sizeof(alignments) / sizeof(alignments[0]);
	     i++) {
		errno = 0;
		wrong += mems_heap_aligned_alloc(heap, alignments[i], 100) !=
			 NULL || errno != EINVAL;
	}
	is(wrong, 0, "%s: EINVAL for what is no power of two", which);
	errno = 0;
	ok(is_refused(mems_heap_aligned_alloc(heap, SIZE_MAX / 2 + 1, 1)),
	   "%s: ENOMEM for a power that is too large", which);
	errno = 0;
#if SIZE_MAX > UINT32_MAX
	ok(is_refused(mems_heap_aligned_alloc(heap, SIZE_MAX / 8 + 1, 1)),
	   "%s: and for a smaller one", which);
#else
	skip("512 MiB may be there");
#endif
	ok(heap_is_as_before(heap, &before), "%s: and nothing changed", which);
}

static void free_leaves_errno_alone(void)
{
	static const size_t sizes[] = { 0, 100, 5000, 40000, 1 << 20 };
	int wrong = 0;

	mems_heap_free(NULL);
	mems_heap_free_sized(NULL, 10);
	is(mems_heap_usable_size(NULL), 0, "%s: NULL has no bytes", which);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		enum { COUNT = 100 };
		void *blocks[COUNT];

		for (int n = 0; n < COUNT; n++)
			blocks[n] = mems_heap_alloc(heap, sizes[i]);
		for (int n = 0; n < COUNT; n++) {
			errno = 12345;
			if (n % 2 == 0)
				mems_heap_free(blocks[n]);
			else
				mems_heap_free_sized(blocks[n], sizes[i]);
			wrong += errno != 12345;
		}
		errno = 12345;
		mems_heap_free_batch(blocks, 0);
		mems_heap_free(NULL);
		wrong += errno != 12345;
	}
	is(wrong, 0, "%s: errno is as before", which);
}

static void a_block_is_freed_with_any_size_it_may_have(void)
{
	void *block = mems_heap_alloc(heap, 50);

	mems_heap_free_sized(block, mems_heap_usable_size(block));
	block = mems_heap_alloc(heap, 50000);
	mems_heap_free_sized(block, 50000);
	block = mems_heap_alloc(heap, 50000);
	mems_heap_free_sized(block, mems_heap_usable_size(block));
	ok(heap_is_sound(heap), "%s: sizes from asked for to usable", which);
}

static void batches_are_many_blocks(void)
{
	enum { COUNT = 3000 };
	static unsigned char *blocks[COUNT];
	static void *list[COUNT];
	static const size_t sizes[] = { 0, 40, 1000, 30000, 40000 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t size = sizes[i], count = size > 1000 ? 100 : COUNT;
		uint64_t blocks_before = heap_stats(heap).blocks;
		size_t wrong = 0;

		is(mems_heap_alloc_batch(heap, size, count, list), count,
		   "%s: a batch of %zu bytes is filled", which, size);
		for (size_t n = 0; n < count; n++) {
			blocks[n] = list[n];
			wrong += mems_heap_usable_size(list[n]) < size;
			memset(blocks[n], (int)n, size);
		}
		for (size_t n = 0; n < count; n++)
			wrong += !is_full_of(blocks[n], (int)n, size);
		is(wrong, 0, "%s: each is a block of its own", which);
		is(heap_stats(heap).blocks, blocks_before + count,
		   "%s: and counted", which);
		mems_heap_free(list[1]);
		list[1] = NULL;
		mems_heap_free_batch(list, count);
		is(heap_stats(heap).blocks, blocks_before,
		   "%s: all are freed, and NULL is passed over", which);
	}
	is(mems_heap_alloc_batch(heap, 10, 0, NULL), 0,
	   "%s: a batch of none is none", which);
	mems_heap_free_batch(NULL, 0);
	ok(heap_is_sound(heap), "%s: the heap is sound", which);
}

static void all(void)
{
	every_size_up_to_a_large_block_works();
	every_border_of_a_class_works();
	no_bytes_are_a_block_too();
	impossible_sizes_change_nothing();
	a_product_that_overflows_is_refused();
	calloc_is_zero_after_dirty_reuse();
	every_alignment_is_kept();
	other_alignments_are_refused();
	free_leaves_errno_alone();
	a_block_is_freed_with_any_size_it_may_have();
	batches_are_many_blocks();
	is(heap_stats(heap).blocks, 0, "%s: nothing is left", which);
	is(heap_stats(heap).used, 0, "%s: nor in use", which);
}

int main(void)
{
	which = "default heap";
	all();
	heap = heap_make();
	which = "a heap";
	all();
	is(mems_heap_destroy(heap), 0, "the heap ends");
	return done_testing();
}
