/*
 * A thread's cache: where the next block of a class comes from.
 *
 * First what other threads freed of the current span, then what was never cut
 * of it, then the bin's other spans, then the heap's, then new slices. A span
 * with no block left is let go of.
 */
#include <config.h>

#include "heap/heap.h"
#include "heap/link.h"
#include "heap/trace.h"

#include <string.h>

/* As many bytes are cut into blocks at a time as were before, from the least
   to the most: cutting writes, and a short thread needs few. */
#define CUT_LEAST 4096
#define CUT_MOST 16384

/* So many spans more than a bin has let go of may it take in: a thread that
   frees what others allocate must not keep what they could use. */
#define ADOPTED_MOST 2
/* The same for a bin that never needed a span. */
#define FREEING_MOST 1

/* -------------------------------------------------------------- the bins */

/* Make `span` the one that blocks of this class come from. */
static void set_current(struct cache *cache, unsigned class, struct span *span)
{
	size_t size = mems__classes[class].size;
	size_t first, last = size / 16;

	cache->bins[class].current = span;
	if (size > DIRECT_MOST || unlikely(mems__tracing))
		return;
	first = class == 0 ? 0 : mems__classes[class - 1].size / 16 + 1;
	for (size_t i = first; i <= last; i++)
		cache->direct[i] = span;
}

void mems__cache_close(struct cache *cache)
{
	for (size_t i = 0; i < DIRECT; i++)
		cache->direct[i] = &mems__no_span;
}

void mems__cache_init(struct cache *cache, struct heap *heap)
{
	memset(cache->bins, 0, sizeof(cache->bins));
	mems__cache_close(cache);
	for (unsigned i = 0; i < CLASSES; i++)
		set_current(cache, i, &mems__no_span);
	cache->heap = heap;
}

void mems__cache_emptied(struct span *span)
{
	struct bin *bin = &span->owner->bins[span->class];

	if (bin->adopted > 0)
		bin->adopted--;
	mems__span_unlink(&bin->partial, span);
	mems__span_release(span);
}

void mems__cache_adopt(struct cache *cache, struct span *span)
{
	struct bin *bin = &cache->bins[span->class];
	int32_t most;

	if (span->used == 0) {
		mems__span_release(span);
		return;
	}
	__atomic_store_n(&span->owner, cache, __ATOMIC_RELAXED);
	mems__span_append(&bin->partial, span);
	most = bin->current == &mems__no_span ? FREEING_MOST : ADOPTED_MOST;
	if (++bin->adopted > most) {
		bin->adopted--;
		span = bin->partial.first;
		mems__span_unlink(&bin->partial, span);
		mems__list_put(span);
	}
}

/* ------------------------------------------------------------------ cutting */

/* Cut some fresh blocks of a span that has no others. */
static void cut(struct span *span)
{
	const struct class *info = mems__class_info(span);
	size_t size = info->size, done = span->fresh * size;
	size_t bytes = done < CUT_LEAST ? CUT_LEAST :
		       done > CUT_MOST ? CUT_MOST : done;
	uint32_t count = (uint32_t)(bytes / size);
	char *block = mems__span_block(span, span->fresh), *next, *first;
	uint32_t fresh;

	if (count == 0)
		count = 1;
	if (count > (uint32_t)(info->count - span->fresh))
		count = info->count - span->fresh;
	first = block;
	fresh = span->fresh + count;
	for (; --count > 0; block = next) {
		next = block + size;
		mems__set_next(block, next);
	}
	mems__set_next(block, NULL);
	/* In this order, for a child that another thread forks meanwhile: the
	   list leads nowhere else, and what is in it has been cut. */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	span->fresh = fresh & 0x7fff;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	span->free = first;
}

/* ----------------------------------------------------------------- a block */

/* Let a span that has no more blocks go. False: it has. */
static bool leave(struct span *span)
{
	span->used--;
	if (mems__remote_let_go(span))
		return true;
	span->used++;
	return false;
}

/*
 * See to it that the current span of this class has a free or a fresh block.
 * False: there is no memory.
 */
static bool refill(struct cache *cache, unsigned class)
{
	struct bin *bin = &cache->bins[class];
	struct span *span = bin->current;

	if (span != &mems__no_span) {
		if (mems__remote_collect(span) > 0 ||
		    span->fresh < mems__class_info(span)->count)
			return true;
		if (!leave(span))
			return true;
		bin->adopted--;
		set_current(cache, class, &mems__no_span);
	}
	span = bin->partial.first;
	if (span != NULL) {
		mems__span_unlink(&bin->partial, span);
	} else {
		span = mems__list_take(cache->heap, class);
		if (span == NULL)
			span = mems__span_make(cache->heap, class);
		if (span == NULL)
			return false;
		__atomic_store_n(&span->owner, cache, __ATOMIC_RELAXED);
	}
	span->used++;
	set_current(cache, class, span);
	mems__decay_look();
	return true;
}

void *mems__cache_alloc(struct cache *cache, unsigned class, bool *zeroed)
{
	struct span *span = cache->bins[class].current;

	while (unlikely(span->free == NULL)) {
		if (span == &mems__no_span ||
		    span->fresh == mems__class_info(span)->count ||
		    (__atomic_load_n(&span->remote, __ATOMIC_RELAXED) &
		     ~REMOTE_OWNED) != 0) {
			if (!refill(cache, class))
				return NULL;
			span = cache->bins[class].current;
		} else if (zeroed != NULL && span->zeroed) {
			span->used++;
			*zeroed = true;
			return mems__span_block(span, span->fresh++);
		} else {
			cut(span);
		}
	}
	{
		void *block = span->free;

		span->free = mems__next(block);
		span->used++;
		return block;
	}
}

/* -------------------------------------------------------------- giving up */

void mems__cache_collect(struct cache *cache)
{
	for (unsigned class = 0; class < CLASSES; class++) {
		struct bin *bin = &cache->bins[class];
		struct span *span, *next;

		for (span = bin->partial.first; span != NULL; span = next) {
			next = span->next;
			if (mems__remote_collect(span) > 0 && span->used == 0)
				mems__cache_emptied(span);
		}
		span = bin->current;
		if (span == &mems__no_span)
			continue;
		mems__remote_collect(span);
		if (span->used == 1) {
			set_current(cache, class, &mems__no_span);
			mems__span_release(span);
		}
	}
}

/* Give up what a bin has: all of it goes to the heap. */
static void flush_bin(struct cache *cache, unsigned class)
{
	struct bin *bin = &cache->bins[class];
	struct span *span = bin->current;

	if (span != &mems__no_span) {
		set_current(cache, class, &mems__no_span);
		if (span->free != NULL ||
		    span->fresh < mems__class_info(span)->count ||
		    !leave(span)) {
			span->used--;
			mems__list_put(span);
		}
	}
	while ((span = bin->partial.first) != NULL) {
		mems__span_unlink(&bin->partial, span);
		mems__list_put(span);
	}
}

void mems__cache_flush(struct cache *cache)
{
	mems__cache_collect(cache);
	for (unsigned class = 0; class < CLASSES; class++)
		flush_bin(cache, class);
}

void mems__cache_pare(struct cache *cache, size_t most)
{
	size_t kept = 0;

	for (unsigned class = 0; class < CLASSES; class++) {
		struct bin *bin = &cache->bins[class];
		struct span *span = bin->current;
		size_t bytes;

		if (span == &mems__no_span && bin->partial.first == NULL)
			continue;
		bytes = (size_t)span->fresh * mems__classes[class].size;
		if (span == &mems__no_span || span->used != 1 ||
		    bin->partial.first != NULL || kept + bytes > most)
			flush_bin(cache, class);
		else
			kept += bytes;
		bin->adopted = 0;
	}
}
