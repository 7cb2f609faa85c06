/* The soft limit of a heap, which tells, and the hard one, which refuses. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>

#include "api/heap.h"
#include "tap.h"

#define MIB ((size_t)1 << 20)

/* What the callback was told. */
static struct {
	int calls;
	mems_heap *heap;
	uint64_t held;
	uint64_t blocks;	/* as the statistics told it */
	void *made;		/* a block that the callback made */
} heard;

static int context;

/* Calls the heap as much as a callback might. */
static void hear(mems_heap *heap, uint64_t held, void *arg)
{
	heard.calls++;
	heard.heap = arg == &context ? heap : NULL;
	heard.held = held;
	heard.blocks = heap_stats(heap).blocks;
	heard.made = mems_heap_alloc(heap, 50000);
	mems_heap_free(heard.made);
	mems_heap_collect(heap);
}

static mems_heap *limited(uint64_t soft, uint64_t hard)
{
	struct mems_heap_options options = MEMS_HEAP_OPTIONS;
	mems_heap *heap;

	memset(&heard, 0, sizeof(heard));
	options.soft_limit = soft;
	options.hard_limit = hard;
	options.on_soft_limit = hear;
	options.arg = &context;
	heap = mems_heap_create(&options);
	if (heap == NULL) {
		puts("Bail out! no heap");
		exit(99);
	}
	return heap;
}

static void the_soft_limit_is_told_of_once(void)
{
	mems_heap *heap = limited(4 * MIB, 0);
	void *a = mems_heap_alloc(heap, 2 * MIB);
	void *b = mems_heap_alloc(heap, 2 * MIB), *c, *d;

	is(heap_stats(heap).held, 4 * MIB, "a heap may hold the limit");
	is(heard.calls, 0, "without a word");
	c = mems_heap_alloc(heap, MIB);
	is(heard.calls, 1, "what takes it above is told of");
	ok(heard.heap == heap, "with the heap and the argument");
	is(heard.held, 5 * MIB, "and the bytes held");
	is(heard.blocks, 3, "the block has been made then");
	ok(heard.made != NULL, "the callback can call the heap");
	d = mems_heap_alloc(heap, MIB);
	is(heard.calls, 1, "it is not told of again");
	mems_heap_free(d);
	d = mems_heap_alloc(heap, MIB);
	is(heard.calls, 1, "while more is held than the limit");
	mems_heap_free(d);
	mems_heap_free(c);
	is(heap_stats(heap).held, 4 * MIB, "the heap falls to the limit");
	c = mems_heap_calloc(heap, 1, MIB);
	is(heard.calls, 2, "calloc tells, after it fell");
	mems_heap_free(c);
	c = mems_heap_aligned_alloc(heap, MIB, MIB);
	is(heard.calls, 3, "aligned_alloc tells");
	mems_heap_free(c);
	is(mems_heap_alloc_batch(heap, MIB, 1, &c), 1, "a batch is made");
	is(heard.calls, 4, "and tells");
	mems_heap_free(c);
	c = mems_heap_realloc(heap, NULL, MIB);
	is(heard.calls, 5, "realloc of NULL tells");
	mems_heap_free(c);
	mems_heap_free(a);
	mems_heap_free(b);
	ok(heap_is_sound(heap), "the heap is sound");
	mems_heap_destroy(heap);
}

static void growing_tells_too(void)
{
	mems_heap *heap = limited(4 * MIB, 0);
	void *block = mems_heap_alloc(heap, 8 * MIB);

	is(heard.calls, 1, "a block above the limit tells");
	block = mems_heap_realloc(heap, block, MIB);
	is(heard.calls, 1, "shrinking does not");
	block = mems_heap_realloc(heap, block, 6 * MIB);
	is(heard.calls, 2, "growing again does");
	mems_heap_free(block);
	mems_heap_destroy(heap);
}

static void small_blocks_tell_too(void)
{
	enum { COUNT = 3000 };
	static void *blocks[COUNT];
	mems_heap *heap = limited(16 * RUN, 0);
	int at = -1;

	for (int i = 0; i < COUNT; i++) {
		blocks[i] = mems_heap_alloc(heap, 1000);
		if (at < 0 && heard.calls > 0)
			at = i;
	}
	is(heard.calls, 1, "small blocks take a heap above the limit");
	is(at, 16 * (int)(RUN / 1024), "with the first that needs a new run");
	for (int i = 0; i < COUNT; i++)
		mems_heap_free(blocks[i]);
	mems_heap_collect(heap);
	is(heap_stats(heap).held, 0, "all can be given up");
	for (int i = 0; i < COUNT; i++)
		blocks[i] = mems_heap_alloc(heap, 1000);
	is(heard.calls, 2, "and it is told of again");
	for (int i = 0; i < COUNT; i++)
		mems_heap_free(blocks[i]);
	mems_heap_destroy(heap);
}

static int is_refused(void *block)
{
	return block == NULL && errno == ENOMEM;
}

static void the_hard_limit_is_exact(void)
{
	mems_heap *heap = limited(0, 4 * MIB);
	struct mems_heap_stats before;
	void *a = mems_heap_alloc(heap, 2 * MIB), *b, *c;

	before = heap_stats(heap);
	is(before.hard_limit, 4 * MIB, "statistics tell the limit");
	errno = 0;
	ok(is_refused(mems_heap_alloc(heap, 2 * MIB + 1)),
	   "a byte too many is refused");
	ok(heap_is_as_before(heap, &before), "nothing is held for it");
	b = mems_heap_alloc(heap, 2 * MIB);
	ok(b != NULL, "the last byte is not");
	memset(b, 'b', 2 * MIB);
	before = heap_stats(heap);
	errno = 0;
	ok(is_refused(mems_heap_alloc(heap, 1)), "then alloc is refused");
	errno = 0;
	ok(is_refused(mems_heap_calloc(heap, 1, 1)), "calloc too");
	errno = 0;
	ok(is_refused(mems_heap_aligned_alloc(heap, 64, 1)),
	   "aligned_alloc too");
	errno = 0;
	ok(is_refused(mems_heap_realloc(heap, b, 2 * MIB + 1)),
	   "realloc too");
	errno = 0;
	ok(is_refused(mems_heap_realloc(heap, b, 100)),
	   "even to a block that is small");
	errno = 0;
	is(mems_heap_alloc_batch(heap, 1, 1, &c), 0, "a batch is empty");
	is(errno, ENOMEM, "and tells why");
	ok(heap_is_as_before(heap, &before), "nothing changed");
	ok(is_full_of(b, 'b', 2 * MIB), "the block that could not grow is "
	   "whole");
	b = mems_heap_realloc(heap, b, MIB);
	ok(b != NULL, "it can shrink");
	c = mems_heap_alloc(heap, MIB);
	ok(c != NULL, "and leave room");
	mems_heap_free(c);
	mems_heap_free(a);
	ok(mems_heap_alloc(heap, 100) != NULL, "the heap goes on");
	is(heard.calls, 0, "the hard limit is told of to nobody");
	is(heap_stats(heap).held_peak, 4 * MIB, "more was never held");
	ok(heap_is_sound(heap), "the heap is sound");
	mems_heap_destroy(heap);
}

static void small_blocks_end_at_the_hard_limit(void)
{
	enum { COUNT = 20000 };
	static void *blocks[COUNT], *some[101];
	mems_heap *heap = limited(0, 10 * RUN);
	size_t count = 0, again = 0;

	while (count < COUNT &&
	       (blocks[count] = mems_heap_alloc(heap, 64)) != NULL)
		memset(blocks[count++], 'x', 64);
	is(count, 10 * RUN / 64, "all blocks of all runs are handed out");
	is(heap_stats(heap).held, 10 * RUN, "no more is held");
	errno = 0;
	is(mems_heap_alloc_batch(heap, 64, 5, &blocks[count]), 0,
	   "a batch gets nothing");
	is(errno, ENOMEM, "and tells why");
	ok(heap_is_sound(heap), "the heap is sound");
	mems_heap_free_batch(blocks, 100);
	is(mems_heap_alloc_batch(heap, 64, 101, some), 100,
	   "what was freed is there again, and no more");
	memcpy(blocks, some, 100 * sizeof(*some));
	mems_heap_free_batch(blocks, count);
	mems_heap_collect(heap);
	is(heap_stats(heap).held, 0, "nothing is held then");
	while (again < COUNT &&
	       (blocks[again] = mems_heap_alloc(heap, 512)) != NULL)
		again++;
	is(again, 10 * RUN / 512, "another size gets it all");
	ok(heap_is_sound(heap), "the heap is sound");
	mems_heap_destroy(heap);
}

static void limits_may_be_below_what_is_held(void)
{
	mems_heap *heap = heap_make();
	void *a = mems_heap_alloc(heap, 4 * MIB);
	void *b = mems_heap_alloc(heap, 4 * MIB);

	memset(&heard, 0, sizeof(heard));
	is(mems_heap_limit(heap, MIB, 2 * MIB, hear, &context), 0,
	   "limits below what is held can be set");
	is(heap_stats(heap).soft_limit, MIB, "the soft one is told");
	is(heap_stats(heap).hard_limit, 2 * MIB, "and the hard one");
	errno = 0;
	ok(is_refused(mems_heap_alloc(heap, 1)), "growth is refused");
	b = mems_heap_realloc(heap, b, MIB);
	ok(b != NULL, "a block can shrink");
	mems_heap_free(a);
	errno = 0;
	ok(is_refused(mems_heap_alloc(heap, MIB + 1)),
	   "what would be above is refused");
	a = mems_heap_alloc(heap, MIB);
	ok(a != NULL, "until it fits");
	is(heard.calls, 1, "the soft limit is told of after a fall");
	is(mems_heap_limit(heap, 3 * MIB, 2 * MIB, NULL, NULL), -EINVAL,
	   "a soft limit above the hard one is refused");
	is(heap_stats(heap).soft_limit, MIB, "and changes nothing");
	is(mems_heap_limit(heap, 3 * MIB, 0, NULL, NULL), 0,
	   "without a hard one it may be anything");
	ok(mems_heap_realloc(heap, a, 6 * MIB) != NULL, "as may what is held");
	is(heard.calls, 1, "nobody is told when there is nobody");
	is(mems_heap_limit(heap, 0, 0, NULL, NULL), 0, "limits can go");
	ok(mems_heap_alloc(heap, 20 * MIB) != NULL, "and do");
	mems_heap_destroy(heap);
}

static void the_default_heap_has_limits_as_well(void)
{
	uint64_t held;
	void *a, *b;

	memset(&heard, 0, sizeof(heard));
	mems_heap_collect(NULL);
	held = heap_stats(NULL).held;
	is(mems_heap_limit(NULL, held + MIB, held + 2 * MIB, hear, &context),
	   0, "the default heap takes limits");
	a = mems_heap_alloc(NULL, MIB);
	is(heard.calls, 0, "up to the soft one nobody is told");
	b = mems_heap_alloc(NULL, MIB - RUN);
	ok(b != NULL, "beyond it there is memory");
	is(heard.calls, 1, "and it is told of");
	errno = 0;
	ok(is_refused(mems_heap_alloc(NULL, MIB)),
	   "the hard limit holds");
	is(mems_heap_limit(NULL, 0, 0, NULL, NULL), 0, "they can go");
	mems_heap_free(a);
	mems_heap_free(b);
	b = mems_heap_alloc(NULL, 8 * MIB);
	ok(b != NULL, "and do");
	mems_heap_free(b);
}

/* Many threads at a hard limit: none gets beyond, and each can go on. */
static void *press(void *arg)
{
	mems_heap *heap = arg;
	uintptr_t wrong = 0;
	void *blocks[20] = { NULL };

	for (int i = 0; i < 2000; i++) {
		int n = i % 20;

		mems_heap_free(blocks[n]);
		errno = 0;
		blocks[n] = mems_heap_alloc(heap, i % 3 == 0 ? 100000 :
							(size_t)(i % 30000));
		wrong += blocks[n] == NULL && errno != ENOMEM;
	}
	for (int n = 0; n < 20; n++)
		mems_heap_free(blocks[n]);
	return (void *)wrong;
}

static void threads_share_the_limit(void)
{
	enum { THREADS = 4 };
	pthread_t threads[THREADS];
	mems_heap *heap = limited(0, 2 * MIB);
	uintptr_t wrong = 0;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, press, heap);
	for (int i = 0; i < THREADS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		wrong += (uintptr_t)result;
	}
	is(wrong, 0, "%d threads get blocks or ENOMEM", THREADS);
	ok(heap_stats(heap).held_peak <= 2 * MIB, "never more was held");
	is(heap_stats(heap).held, 0, "nothing is held at the end");
	ok(heap_is_sound(heap), "the heap is sound");
	mems_heap_destroy(heap);
}

int main(void)
{
	the_soft_limit_is_told_of_once();
	growing_tells_too();
	small_blocks_tell_too();
	the_hard_limit_is_exact();
	small_blocks_end_at_the_hard_limit();
	limits_may_be_below_what_is_held();
	the_default_heap_has_limits_as_well();
	threads_share_the_limit();
	return done_testing();
}
