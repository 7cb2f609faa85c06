/*
 * The caches of threads: made at a thread's first allocation, given up at its
 * end, and found again in the child of a fork.
 */
#include <config.h>

#include "heap/heap.h"
#include "heap/link.h"
#include "heap/site.h"
#include "heap/slices.h"
#include "heap/trace.h"

#include "os/fork.h"
#include "os/pool.h"
#include "os/thread.h"
#include "space/space.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define TEN(span) span, span, span, span, span, span, span, span, span, span
#define NO_SPANS { TEN(&mems__no_span), TEN(&mems__no_span),               \
		   TEN(&mems__no_span), TEN(&mems__no_span),               \
		   TEN(&mems__no_span), TEN(&mems__no_span),               \
		   &mems__no_span, &mems__no_span, &mems__no_span,         \
		   &mems__no_span, &mems__no_span }

struct cache mems__no_cache = { .direct = NO_SPANS };
struct cache mems__late_cache = { .direct = NO_SPANS };

THREAD_LOCAL struct cache *mems__this_cache = &mems__no_cache;

struct heap mems__default_heap = {
	.alive = HEAP_ALIVE,
	.lock = LOCK_INIT(LOCK_HEAP),
	.check = SIZE_MAX,
};

/* Taken before all other locks of heaps. */
static struct lock heaps_lock = LOCK_INIT(LOCK_HEAPS);
static struct heap *heaps = &mems__default_heap;
static struct pool cache_pool = {
	.size = (sizeof(struct cache) + 63) & ~(size_t)63,
	.link = offsetof(struct cache, others),
};
static struct pool heap_pool = {
	.size = (sizeof(struct heap) + 63) & ~(size_t)63,
	.link = offsetof(struct heap, next),
};

static struct lock shared_lock = LOCK_INIT(LOCK_SHARED);
static struct cache shared;

/* ------------------------------------------------------------------- heaps */

struct heap *mems__heap_of(mems_heap *handle)
{
	struct heap *heap = (struct heap *)handle;

	if (heap == NULL)
		return &mems__default_heap;
	if (heap->alive == HEAP_ALIVE)
		return heap;
	errno = EINVAL;
	return NULL;
}

struct heap *mems__heap_add(void)
{
	struct heap *heap;

	mems__lock_take(&heaps_lock);
	heap = mems__pool_take(&heap_pool);
	if (heap != NULL) {
		memset(heap, 0, sizeof(*heap));
		heap->lock = (struct lock)LOCK_INIT(LOCK_HEAP);
		heap->check = SIZE_MAX;
		heap->next = heaps;
		heaps->previous = heap;
		heaps = heap;
	}
	mems__lock_drop(&heaps_lock);
	return heap;
}

static void forget_cache(struct cache *cache)
{
	struct heap *heap = cache->heap;

	if (cache->next != NULL)
		cache->next->previous = cache->previous;
	if (cache->previous != NULL)
		cache->previous->next = cache->next;
	else
		heap->caches = cache->next;
	__atomic_store_n(&cache->heap, NULL, __ATOMIC_RELEASE);
}

void mems__heap_forget(struct heap *heap)
{
	mems__lock_take(&heaps_lock);
	while (heap->caches != NULL)
		forget_cache(heap->caches);
	mems__lock_drop(&heaps_lock);
}

/* The default heap is never removed, so it is always the last. */
void mems__heap_remove(struct heap *heap)
{
	mems__lock_take(&heaps_lock);
	heap->next->previous = heap->previous;
	if (heap->previous != NULL)
		heap->previous->next = heap->next;
	else
		heaps = heap->next;
	mems__pool_give(&heap_pool, heap);
	mems__lock_drop(&heaps_lock);
}

void mems__caches_visit(struct heap *heap,
			void (*visit)(struct cache *cache, void *arg),
			void *arg)
{
	mems__lock_take(&heaps_lock);
	for (struct cache *cache = heap->caches; cache != NULL;
	     cache = cache->next)
		visit(cache, arg);
	mems__lock_drop(&heaps_lock);
}

/* ------------------------------------------------------------------ caches */

/* The caches of this many threads that have ended wait for threads that begin,
   each with empty spans of so many bytes. Under the lock of all heaps. */
#define PARKED_MOST 4
#define PARKED_BYTES 262144
static struct cache *parked;
static unsigned parked_count;

static struct cache *add_cache(struct heap *heap)
{
	struct cache *cache;

	mems__lock_take(&heaps_lock);
	if (heap == &mems__default_heap && parked != NULL) {
		cache = parked;
		parked = cache->others;
		parked_count--;
		cache->others = NULL;
		mems__lock_drop(&heaps_lock);
		return cache;
	}
	cache = mems__pool_take(&cache_pool);
	if (cache != NULL) {
		mems__cache_init(cache, heap);
		cache->others = NULL;
		cache->previous = NULL;
		cache->next = heap->caches;
		if (heap->caches != NULL)
			heap->caches->previous = cache;
		heap->caches = cache;
	}
	mems__lock_drop(&heaps_lock);
	return cache;
}

/* Its thread has no more use for it. What it has is given up under the lock,
   since the heap may end at the same time, and that with it; but the default
   heap never ends, and threads that do should not wait for each other. */
static void drop_cache(struct cache *cache)
{
	bool lasting = __atomic_load_n(&cache->heap, __ATOMIC_RELAXED) ==
		       &mems__default_heap;

	if (lasting)
		mems__cache_flush(cache);
	mems__lock_take(&heaps_lock);
	if (cache->heap != NULL) {
		if (!lasting)
			mems__cache_flush(cache);
		forget_cache(cache);
	}
	__atomic_store_n(&cache->thread, NULL, __ATOMIC_RELAXED);
	mems__pool_give(&cache_pool, cache);
	mems__lock_drop(&heaps_lock);
}

/* Keep a thread's cache for the default heap for the next thread. */
static void park_cache(struct cache *cache)
{
	mems__cache_pare(cache, PARKED_BYTES);
	mems__lock_take(&heaps_lock);
	if (parked_count < PARKED_MOST && mems__decay_time != 0) {
		__atomic_store_n(&cache->thread, NULL, __ATOMIC_RELAXED);
		cache->others = parked;
		parked = cache;
		parked_count++;
		cache = NULL;
	}
	mems__lock_drop(&heaps_lock);
	if (cache != NULL)
		drop_cache(cache);
}

void mems__caches_unpark(void)
{
	struct cache *cache, *next;

	mems__lock_take(&heaps_lock);
	cache = parked;
	parked = NULL;
	parked_count = 0;
	mems__lock_drop(&heaps_lock);
	for (; cache != NULL; cache = next) {
		next = cache->others;
		drop_cache(cache);
	}
}

/* The end of a thread, or of one that never began. */
static void end_thread(void *arg)
{
	struct cache *first = arg, *cache, *next;

	/* What is still to be freed or allocated does without. */
	mems__cache = &mems__late_cache;
	for (cache = first->others; cache != NULL; cache = next) {
		next = cache->others;
		drop_cache(cache);
	}
	/* The last, since it tells whose the others are. */
	park_cache(first);
	mems__decay_ask();
}

struct cache *mems__cache_find(const struct heap *heap)
{
	struct cache *first = mems__cache, *cache, **link;

	if (first->heap == NULL)
		return NULL;
	if (heap == &mems__default_heap)
		return first;
	link = &first->others;
	while ((cache = *link) != NULL) {
		struct heap *its = __atomic_load_n(&cache->heap,
						   __ATOMIC_ACQUIRE);

		if (its == heap) {
			/* To the front: it will be asked for again. */
			*link = cache->others;
			cache->others = first->others;
			first->others = cache;
			return cache;
		}
		if (its == NULL) {
			*link = cache->others;
			drop_cache(cache);
		} else {
			link = &cache->others;
		}
	}
	return NULL;
}

static struct cache *make_first(void)
{
	struct cache *cache;

	if (mems__cache == &mems__late_cache)
		return NULL;
	mems__heaps_start();
	/* Hooking into fork may have allocated, and so have come here. */
	if (mems__cache->heap != NULL)
		return mems__cache;
	cache = add_cache(&mems__default_heap);
	if (cache == NULL)
		return NULL;
	__atomic_store_n(&cache->thread, cache, __ATOMIC_RELAXED);
	/* Before the next call, which may allocate. */
	mems__cache = cache;
	if (!mems__thread_at_end(cache)) {
		end_thread(cache);
		return NULL;
	}
	return cache;
}

struct cache *mems__cache_make(struct heap *heap)
{
	struct cache *first = mems__cache, *cache;

	if (first->heap == NULL) {
		first = make_first();
		if (first == NULL)
			return NULL;
	}
	cache = mems__cache_find(heap);
	if (cache == NULL) {
		cache = add_cache(heap);
		if (cache == NULL)
			return NULL;
		__atomic_store_n(&cache->thread, first, __ATOMIC_RELAXED);
		cache->others = first->others;
		first->others = cache;
	}
	return cache;
}

struct cache *mems__shared_take(void)
{
	mems__lock_take(&shared_lock);
	if (shared.heap == NULL)
		mems__cache_init(&shared, &mems__default_heap);
	return &shared;
}

void mems__shared_drop(void)
{
	mems__lock_drop(&shared_lock);
}

/* -------------------------------------------------------------------- fork */

static bool threaded;	/* at the last fork */

static void before_fork(void)
{
	threaded = !MEMS__SINGLE_THREADED;
	mems__lock_take_unranked(&mems__site_book.lock);
	mems__lock_take_unranked(&mems__trace_book.lock);
	mems__lock_take_unranked(&heaps_lock);
	mems__lock_take_unranked(&shared_lock);
	for (struct heap *heap = heaps; heap != NULL; heap = heap->next)
		mems__lock_take_unranked(&heap->lock);
	mems__lock_take_unranked(&mems__slices_lock);
}

static void in_parent(void)
{
	mems__lock_drop_unranked(&mems__slices_lock);
	for (struct heap *heap = heaps; heap != NULL; heap = heap->next)
		mems__lock_drop_unranked(&heap->lock);
	mems__lock_drop_unranked(&shared_lock);
	mems__lock_drop_unranked(&heaps_lock);
	mems__lock_drop_unranked(&mems__trace_book.lock);
	mems__lock_drop_unranked(&mems__site_book.lock);
}

static bool is_mine(const struct cache *cache)
{
	return cache == &shared || cache->thread == mems__cache;
}

/*
 * A thread that is not here any more may have been between any two stores of
 * its fast path. Its lists hold together at each; its count may not. A block
 * that it was about to give back is lost to the child.
 */
static void recount(struct span *span)
{
	const struct class *info = mems__class_info(span);
	uint32_t free = 0;

	for (void *block = span->free; block != NULL && free < info->count;
	     block = mems__decode(*(uintptr_t *)block, block))
		free++;
	span->used = span->fresh - free;
	/* It may have begun to cut what still counts as fresh. */
	span->zeroed = 0;
}

/* Bytes that a thread had counted in or out, but for no span, are no more. */
static void recount_held(void)
{
	struct slices_cursor cursor = { 0, 0 };
	struct span *span;

	for (struct heap *heap = heaps; heap != NULL; heap = heap->next)
		heap->held = 0;
	while ((span = mems__slices_next(&cursor)) != NULL)
		span->heap->held += (size_t)(span->slices - GUARD_SLICES) <<
				    SLICE_SHIFT;
}

/*
 * Spans of threads that did not come along go to the lists of their heaps,
 * also those that were on their way from one place to another.
 */
static void take_over(void)
{
	struct slices_cursor cursor = { 0, 0 };
	struct span *span;

	while ((span = mems__slices_next(&cursor)) != NULL) {
		uint32_t remote = span->remote;

		if (span->kind == SPAN_LARGE || remote == 0 ||
		    (span->owner != NULL && is_mine(span->owner)))
			continue;
		if ((remote & REMOTE_LISTED) == 0) {
			recount(span);
			mems__list_put(span);
		} else if (mems__remote_count(remote) == 0) {
			/* Its last freer was about to release it. */
			if (span->kind == SPAN_LISTED)
				mems__list_emptied(span);
			else
				mems__span_release(span);
		}
	}
}

static void in_child(void)
{
	mems__lock_after_fork();
	mems__slices_lock.word = 0;
	shared_lock.word = 0;
	heaps_lock.word = 0;
	mems__site_book.lock.word = 0;
	mems__trace_book.lock.word = 0;
	for (struct heap *heap = heaps; heap != NULL; heap = heap->next)
		heap->lock.word = 0;
	for (struct heap *heap = heaps; heap != NULL; heap = heap->next) {
		struct cache *cache = heap->caches, *next;

		for (; cache != NULL; cache = next) {
			next = cache->next;
			if (is_mine(cache))
				continue;
			forget_cache(cache);
			mems__pool_give(&cache_pool, cache);
		}
	}
	/* They were among those. */
	parked = NULL;
	parked_count = 0;
	mems__decay_after_fork();
	if (threaded) {
		recount_held();
		take_over();
	}
}

/* Once in a process, before its first span: after the hooks of spaces, so that
   the locks of heaps are taken before theirs. */
void mems__heaps_start(void)
{
	static bool started;
	bool first;

	if (__atomic_load_n(&started, __ATOMIC_ACQUIRE))
		return;
	mems__lock_take(&heaps_lock);
	first = !started;
	if (first) {
		mems__harden_start();
		mems__thread_start(end_thread);
		__atomic_store_n(&started, true, __ATOMIC_RELEASE);
	}
	mems__lock_drop(&heaps_lock);
	if (first) {
		(void)mems__registry_start();
		(void)mems__fork_hooks(before_fork, in_parent, in_child);
	}
}
