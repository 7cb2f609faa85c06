/* The walk tells of every live block, and verify finds nothing wrong. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>

#include "api/heap.h"
#include "random.h"
#include "tap.h"

#define MOST 20000

static uint64_t seed;

/* What a walk told. */
static struct {
	void *block[MOST];
	size_t size[MOST];
	size_t count;
} told;

static int tell(void *block, size_t size, void *arg)
{
	if (arg != &told || told.count == MOST)
		return 1;
	told.block[told.count] = block;
	told.size[told.count++] = size;
	return 0;
}

static int by_address(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)*(void *const *)a;
	uintptr_t y = (uintptr_t)*(void *const *)b;

	return x < y ? -1 : x > y;
}

/* Does a walk tell exactly of these, each with its usable size, in order? */
static int is_exact(mems_heap *heap, void **blocks, size_t count)
{
	static void *sorted[MOST];

	for (size_t i = 0; i < count; i++)
		sorted[i] = blocks[i];
	qsort(sorted, count, sizeof(*sorted), by_address);
	told.count = 0;
	if (mems_heap_walk(heap, tell, &told) != 0 || told.count != count) {
		diag("told of %d blocks, there are %d", (int)told.count,
		     (int)count);
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		if (told.block[i] != sorted[i] ||
		    told.size[i] != mems_heap_usable_size(sorted[i])) {
			diag("block %d is another one", (int)i);
			return 0;
		}
	}
	return 1;
}

static void wrong_calls_are_refused(void)
{
	mems_heap *heap = heap_make();

	is(mems_heap_walk(heap, NULL, NULL), -EINVAL,
	   "a walk without a callback is refused");
	is(mems_heap_walk(NULL, NULL, NULL), -EINVAL,
	   "in the default heap too");
	ok(is_exact(heap, NULL, 0), "an empty heap has no blocks");
	ok(heap_is_sound(heap), "and is sound");
	mems_heap_destroy(heap);
}

static int stop_at_third(void *block, size_t size, void *arg)
{
	int *count = arg;

	(void)block;
	(void)size;
	return ++*count == 3 ? -4711 : 0;
}

static void a_return_other_than_0_ends_it(void)
{
	mems_heap *heap = heap_make();
	int count = 0;

	for (int i = 0; i < 10; i++)
		ok(mems_heap_alloc(heap, i < 5 ? 10 : 100000) != NULL,
		   "block %d", i);
	is(mems_heap_walk(heap, stop_at_third, &count), -4711,
	   "what the callback returned is handed on");
	is(count, 3, "and no more is told");
	count = -4;
	is(mems_heap_walk(heap, stop_at_third, &count), -4711,
	   "among large blocks too");
	is(count, 3, "and no more is told");
	mems_heap_destroy(heap);
}

struct maker {
	pthread_t thread;
	mems_heap *heap;
	struct rng rng;
	pthread_barrier_t *barrier;
	void **blocks;
	size_t count;
};

static void *make(void *arg)
{
	struct maker *maker = arg;

	for (size_t i = 0; i < maker->count; i++) {
		size_t size = (size_t)rng_size(&maker->rng, 1, 200000);

		maker->blocks[i] = mems_heap_alloc(maker->heap, size);
		memset(maker->blocks[i], (int)i, size);
	}
	if (maker->barrier != NULL) {
		pthread_barrier_wait(maker->barrier);
		pthread_barrier_wait(maker->barrier);
	}
	return NULL;
}

static void blocks_of_all_threads_are_told_of(mems_heap *heap)
{
	enum { EACH = 500, MAKERS = 6 };
	static void *blocks[MAKERS * EACH];
	struct maker makers[MAKERS];
	pthread_barrier_t barrier;
	size_t count = MAKERS * EACH, left = 0;

	/* This thread, two that have ended, and three that live. */
	pthread_barrier_init(&barrier, NULL, MAKERS / 2 + 1);
	for (int i = 0; i < MAKERS; i++) {
		makers[i] = (struct maker){ .heap = heap,
			.rng = rng_make(seed, (uint64_t)i),
			.barrier = i < MAKERS / 2 ? NULL : &barrier,
			.blocks = blocks + i * EACH, .count = EACH };
		if (i == 0)
			make(&makers[i]);
		else
			pthread_create(&makers[i].thread, NULL, make,
				       &makers[i]);
	}
	for (int i = 1; i < MAKERS / 2; i++)
		pthread_join(makers[i].thread, NULL);
	pthread_barrier_wait(&barrier);

	ok(is_exact(heap, blocks, count), "blocks of all threads are told of");
	ok(heap_is_sound(heap), "the heap is sound");
	is(heap_stats(heap).blocks, count, "and counts as many");
	/* Free some of each here, as another thread than theirs. */
	for (size_t i = 0; i < count; i++) {
		if (i % 3 == 0)
			mems_heap_free(blocks[i]);
		else
			blocks[left++] = blocks[i];
	}
	count = left;
	ok(is_exact(heap, blocks, count),
	   "and not those that another thread freed");
	ok(heap_is_sound(heap), "the heap is sound");
	pthread_barrier_wait(&barrier);
	for (int i = MAKERS / 2; i < MAKERS; i++)
		pthread_join(makers[i].thread, NULL);
	ok(is_exact(heap, blocks, count), "the same when all have ended");
	ok(heap_is_sound(heap), "the heap is sound");
	for (size_t i = 0; i < count; i++)
		mems_heap_free(blocks[i]);
	ok(is_exact(heap, NULL, 0), "none when all are freed");
	ok(heap_is_sound(heap), "the heap is sound");
	pthread_barrier_destroy(&barrier);
}

static void every_change_is_seen(void)
{
	enum { LIVE = 300 };
	struct rng rng = rng_make(seed, 99);
	mems_heap *heap = heap_make();
	uint64_t rounds = test_scaled(200);
	void *blocks[LIVE];
	size_t count = 0;
	int wrong = 0;

	for (uint64_t i = 0; i < rounds && wrong == 0; i++) {
		for (int n = 0; n < 20; n++) {
			size_t at = (size_t)rng_below(&rng, LIVE);

			if (at >= count) {
				blocks[count++] = mems_heap_alloc(heap,
					(size_t)rng_size(&rng, 1, 100000));
			} else {
				mems_heap_free(blocks[at]);
				blocks[at] = blocks[--count];
			}
		}
		wrong += !is_exact(heap, blocks, count);
		wrong += !heap_is_sound(heap);
	}
	is(wrong, 0, "the walk is exact after each of %d rounds", (int)rounds);
	mems_heap_destroy(heap);
}

/* Callbacks that change the heap. */

static int free_it(void *block, size_t size, void *arg)
{
	size_t *count = arg;

	memset(block, 0xdd, size);
	mems_heap_free(block);
	++*count;
	return 0;
}

static int free_every_other(void *block, size_t size, void *arg)
{
	size_t *count = arg;

	(void)size;
	if (++*count % 2 == 0)
		mems_heap_free(block);
	return 0;
}

static int free_and_allocate(void *block, size_t size, void *arg)
{
	size_t *count = arg;
	void *other = mems_heap_alloc(NULL, size);

	memset(other, 0xee, size);
	mems_heap_free(block);
	mems_heap_free(other);
	++*count;
	return *count > 100000;
}

static void fill(mems_heap *heap, size_t count)
{
	struct rng rng = rng_make(seed, 5);

	for (size_t i = 0; i < count; i++) {
		size_t size = (size_t)rng_size(&rng, 1, 100000);

		memset(mems_heap_alloc(heap, size), 1, size);
	}
}

static void the_callback_may_free(void)
{
	mems_heap *heap = heap_make();
	size_t count = 0;

	fill(heap, 2000);
	is(mems_heap_walk(heap, free_every_other, &count), 0,
	   "a callback frees every other block");
	is(count, 2000, "all are told of");
	is(heap_stats(heap).blocks, 1000, "half are left");
	ok(heap_is_sound(heap), "the heap is sound");
	count = 0;
	is(mems_heap_walk(heap, free_it, &count), 0, "another frees the rest");
	is(count, 1000, "which are told of");
	is(heap_stats(heap).blocks, 0, "none is left");
	ok(heap_is_sound(heap), "the heap is sound");
	fill(heap, 2000);
	count = 0;
	is(mems_heap_walk(heap, free_and_allocate, &count), 0,
	   "one allocates as well");
	is(count, 2000, "all are told of");
	is(heap_stats(heap).blocks, 0, "none is left");
	ok(heap_is_sound(heap), "the heap is sound");
	mems_heap_destroy(heap);
}

/* Free, at the first block, blocks that the walk would come to later. */
static struct {
	void *doomed[3], *made;
	int calls, strange;
} later;

static int free_others(void *block, size_t size, void *arg)
{
	if (later.calls++ == 0) {
		for (int i = 0; i < 3; i++)
			mems_heap_free(later.doomed[i]);
		/* In the runs of what is gone: blocks of another class. */
		later.made = mems_heap_alloc(arg, 30000);
	} else if (block != later.made || size < 30000) {
		later.strange++;
	}
	return later.calls > 100;
}

static void the_callback_may_free_what_is_still_to_come(void)
{
	mems_heap *heap = heap_make();
	void *first, *blocks[4096];

	/* Runs that were full of small blocks, then of large ones. */
	is(mems_heap_alloc_batch(heap, 16, 4096, blocks), 4096, "a run");
	mems_heap_free_batch(blocks, 4096);
	mems_heap_collect(heap);
	memset(&later, 0, sizeof(later));
	for (size_t i = 0; i < 4; i++)
		blocks[i] = mems_heap_alloc(heap, 40000 + 60000 * i);
	qsort(blocks, 4, sizeof(*blocks), by_address);
	first = blocks[0];
	memcpy(later.doomed, blocks + 1, sizeof(later.doomed));
	is(mems_heap_walk(heap, free_others, heap), 0,
	   "a callback frees blocks that come later");
	is(later.strange, 0, "what is gone is not told of");
	is(heap_stats(heap).blocks, 2, "two blocks are left");
	mems_heap_free(first);
	mems_heap_free(later.made);
	ok(heap_is_sound(heap), "the heap is sound");
	mems_heap_destroy(heap);
}

static void verify_needs_no_report(void)
{
	mems_heap *heap = heap_make();
	char report[4] = "abc";

	fill(heap, 100);
	is(mems_heap_verify(heap, NULL, 0), 0, "verify without a report");
	is(mems_heap_verify(heap, NULL, 100), 0, "of any length");
	is(mems_heap_verify(heap, report, 0), 0, "of no length");
	is(mems_heap_verify(heap, report, sizeof(report)), 0, "a short one");
	is_str(report, "abc", "which is left alone when all is well");
	is(mems_heap_verify(NULL, NULL, 0), 0, "the default heap is sound");
	mems_heap_destroy(heap);
}

int main(void)
{
	mems_heap *heap = heap_make();

	seed = test_seed();
	wrong_calls_are_refused();
	a_return_other_than_0_ends_it();
	blocks_of_all_threads_are_told_of(heap);
	blocks_of_all_threads_are_told_of(NULL);
	every_change_is_seen();
	the_callback_may_free();
	the_callback_may_free_what_is_still_to_come();
	verify_needs_no_report();
	mems_heap_destroy(heap);
	return done_testing();
}
