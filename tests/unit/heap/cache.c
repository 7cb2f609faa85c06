/* A thread's cache: where blocks come from, and what it gives up. */
#include <config.h>

#include "heap/heap.h"
#include "heap/slices.h"
#include "os/watch.h"

#include "tap.h"

#include <pthread.h>
#include <string.h>

static struct heap *heap;
static struct cache *cache;
static void *blocks[70000];

static void begin(void)
{
	heap = (struct heap *)mems_heap_create(NULL);
	cache = mems__cache_make(heap);
}

static bool is_sound(void)
{
	char report[100] = "";

	if (mems_heap_verify((mems_heap *)heap, report, sizeof(report)) == 0)
		return true;
	diag("verify: %s", report);
	return false;
}

/* As a thread frees a block of a span that is not its own. */
static void push(struct span *span, void *block)
{
	mems__remote_free(span, block, mems__span_number(span, block));
}

static void end(void)
{
	ok(is_sound(), "the heap is sound");
	mems_heap_destroy((mems_heap *)heap);
}

static void a_cache_is_found_again(void)
{
	begin();
	ok(cache != NULL && cache->heap == heap, "a thread has a cache");
	ok(mems__cache_make(heap) == cache, "one for each heap");
	ok(mems__cache_find(heap) == cache, "which is found");
	ok(mems__cache_find(&mems__default_heap) == mems__cache,
	   "that of the default heap too");
	ok(cache->thread == mems__cache, "which tells whose it is");
	mems_heap_destroy((mems_heap *)heap);
	ok(cache->heap == NULL, "it forgets a heap that has ended");
	begin();
	ok(mems__cache_find(heap) == cache, "and serves the next one");
	end();
}

static void every_class_has_its_span(void)
{
	begin();
	for (unsigned class = 0; class < CLASSES; class++) {
		const struct class *info = &mems__classes[class];
		bool right = true;
		struct span *span;

		blocks[0] = mems__cache_alloc(cache, class, NULL);
		span = cache->bins[class].current;
		for (unsigned i = 1; i < info->count; i++) {
			blocks[i] = mems__cache_alloc(cache, class, NULL);
			memset(blocks[i], 1, info->size);
			right = right && blocks[i] != NULL &&
				(char *)blocks[i] >= span->memory &&
				(char *)blocks[i] + info->size <=
				span->memory +
				((size_t)info->slices << SLICE_SHIFT);
		}
		ok(right, "class %u: %u blocks from one span", class,
		   info->count);
		is(span->fresh, info->count, "class %u: all are cut", class);
		is(span->used, info->count + 1, "class %u: and used", class);
		is(heap->held, (size_t)info->slices << SLICE_SHIFT,
		   "class %u: nothing else is held", class);
		blocks[info->count] = mems__cache_alloc(cache, class, NULL);
		is(heap->held, (size_t)info->slices << (SLICE_SHIFT + 1),
		   "class %u: one more takes another span", class);
		for (unsigned i = 0; i <= info->count; i++)
			mems_heap_free(blocks[i]);
		mems__cache_collect(cache);
		is(heap->held, 0, "class %u: all are given up", class);
	}
	end();
}

static void fresh_blocks_are_known_to_be_zero(void)
{
	bool zeroed = false, right = true;
	unsigned char *block;

	if (mems__watched()) {
		skip("a memory checker looks on: nothing is known");
		return;
	}
	begin();
	(void)mems__slices_return(true, NULL);
	block = mems__cache_alloc(cache, 30, &zeroed);
	ok(zeroed, "a fresh block is known to be zero");
	for (unsigned i = 0; i < mems__classes[30].size; i++)
		right = right && block[i] == 0;
	ok(right, "and is");
	memset(block, 1, mems__classes[30].size);
	mems_heap_free(block);
	zeroed = false;
	ok(mems__cache_alloc(cache, 30, &zeroed) == block && !zeroed,
	   "one that was used is not");
	end();
}

static void what_others_freed_is_used_before_new_runs(void)
{
	unsigned class = 10, count = mems__classes[class].count;
	size_t held;
	struct span *span;

	begin();
	for (unsigned i = 0; i < count; i++)
		blocks[i] = mems__cache_alloc(cache, class, NULL);
	span = cache->bins[class].current;
	held = heap->held;
	for (unsigned i = 0; i < count / 2; i++)
		push(span, blocks[i]);
	for (unsigned i = 0; i < count / 2; i++)
		blocks[i] = mems__cache_alloc(cache, class, NULL);
	is(heap->held, held, "what others freed is used first");
	ok(cache->bins[class].current == span, "from the same span");
	end();
}

static void spans_with_free_blocks_are_used_before_new_runs(void)
{
	unsigned class = 10, count = mems__classes[class].count;
	size_t held;

	begin();
	for (unsigned i = 0; i < 5 * count; i++)
		blocks[i] = mems__cache_alloc(cache, class, NULL);
	held = heap->held;
	is(held, 5 * SLICE, "five spans are full");
	for (unsigned i = 0; i < 5 * count; i += 2)
		mems_heap_free(blocks[i]);
	for (unsigned i = 0; i < 5 * count; i += 2)
		blocks[i] = mems__cache_alloc(cache, class, NULL);
	is(heap->held, held, "half of each is freed and used again");
	ok(is_sound(), "the heap is sound");
	for (unsigned i = 0; i < 5 * count; i++)
		mems_heap_free(blocks[i]);
	ok(heap->held <= SLICE, "empty spans are given up but for one");
	end();
}

static void a_flush_leaves_nothing(void)
{
	begin();
	for (unsigned i = 0; i < 3000; i++)
		blocks[i] = mems__cache_alloc(cache, i % CLASSES, NULL);
	for (unsigned i = 0; i < 3000; i += 3)
		mems_heap_free(blocks[i]);
	mems__cache_flush(cache);
	for (unsigned class = 0; class < CLASSES; class++) {
		if (cache->bins[class].current == &mems__no_span &&
		    cache->bins[class].partial.first == NULL)
			continue;
		ok(0, "class %u: nothing is left", class);
	}
	ok(is_sound(), "a cache that was flushed has nothing");
	for (unsigned i = 0; i < 3000; i++)
		if (i % 3 != 0)
			mems_heap_free(blocks[i]);
	mems__cache_flush(cache);
	is(heap->held, 0, "all blocks can be freed after it");
	end();
}

static void *in_another_thread(void *arg)
{
	bool *right = arg;
	struct cache *mine;
	void *block;

	*right = mems__cache == &mems__no_cache &&
		 mems__cache_find(heap) == NULL;
	/* A thread that only frees has no cache. */
	mems_heap_free(blocks[0]);
	*right = *right && mems__cache == &mems__no_cache;
	mine = mems__cache_make(heap);
	*right = *right && mine != NULL && mine != cache &&
		 mine->thread == mems__cache;
	block = mems_heap_alloc((mems_heap *)heap, 100);
	*right = *right && mems__slice_at(block)->owner == mine;
	mems_heap_free(block);
	return NULL;
}

static uint64_t caches;

static void count_one(struct cache *one, void *arg)
{
	(void)one;
	(void)arg;
	caches++;
}

static void a_thread_has_a_cache_when_it_allocates(void)
{
	pthread_t thread;
	bool right = false;

	begin();
	blocks[0] = mems__cache_alloc(cache, 5, NULL);
	pthread_create(&thread, NULL, in_another_thread, &right);
	pthread_join(thread, NULL);
	ok(right, "a thread has a cache when it allocates, and not before");
	caches = 0;
	mems__caches_visit(heap, count_one, NULL);
	is(caches, 1, "its cache goes when it ends");
	end();
}

static void those_without_a_cache_share_one(void)
{
	struct cache *shared;
	void *block;

	begin();
	shared = mems__shared_take();
	ok(shared->heap == &mems__default_heap, "there is one for all");
	block = mems__cache_alloc(shared, 5, NULL);
	ok(mems__slice_at(block)->owner == shared, "which has spans");
	mems__shared_drop();
	is(mems_heap_verify(NULL, NULL, 0), 0, "the default heap is sound");
	mems_heap_free(block);
	is(mems_heap_verify(NULL, NULL, 0), 0, "also with a block for it");
	end();
}

int main(void)
{
	a_cache_is_found_again();
	every_class_has_its_span();
	fresh_blocks_are_known_to_be_zero();
	what_others_freed_is_used_before_new_runs();
	spans_with_free_blocks_are_used_before_new_runs();
	a_flush_leaves_nothing();
	a_thread_has_a_cache_when_it_allocates();
	those_without_a_cache_share_one();
	return done_testing();
}
