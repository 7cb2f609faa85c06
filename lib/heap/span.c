/* Spans of blocks: made of new slices, and given up. */
#include <config.h>

#include "heap/heap.h"
#include "heap/slices.h"
#include "os/pages.h"

#include <errno.h>

struct span mems__no_span;

struct span *mems__span_make(struct heap *heap, unsigned class)
{
	size_t slices = mems__classes[class].slices;
	struct span *span;

	if (!mems__heap_hold(heap, slices << SLICE_SHIFT))
		return NULL;
	span = mems__slices_take(slices + GUARD_SLICES, SLICE);
	if (span == NULL) {
		mems__heap_release(heap, slices << SLICE_SHIFT);
		return NULL;
	}
	mems__heap_held(heap);
	for (size_t i = 1; i < slices; i++) {
		span[i].slices = (uint32_t)i;
		__atomic_store_n(&span[i].kind, SPAN_INSIDE, __ATOMIC_RELAXED);
	}
	mems__harden_guard(span);
	span->class = (uint8_t)class;
	__atomic_store_n(&span->heap, heap, __ATOMIC_RELAXED);
	span->free = NULL;
	span->used = 0;
	span->fresh = 0;
	__atomic_store_n(&span->remote, REMOTE_OWNED, __ATOMIC_RELAXED);
	__atomic_store_n(&span->kind, SPAN_BLOCKS, __ATOMIC_RELEASE);
	return span;
}

/* A slice of it may still not be touched: who got that next would end. So
   nobody gets any of them, and only their memory goes back. */
static void lose(struct span *span)
{
	__atomic_store_n(&span->owner, NULL, __ATOMIC_RELAXED);
	__atomic_store_n(&span->kind, SPAN_NONE, __ATOMIC_RELAXED);
	__atomic_store_n(&span->remote, 0, __ATOMIC_RELAXED);
	(void)mems__pages_decommit(span->memory,
				   (size_t)span->slices << SLICE_SHIFT);
}

void mems__span_release(struct span *span)
{
	struct heap *heap = span->heap;
	int saved = errno;
	size_t slices = span->slices - GUARD_SLICES;

	if (span->kind != SPAN_LARGE)
		for (size_t i = 1; i < slices; i++)
			__atomic_store_n(&span[i].kind, SPAN_NONE,
					 __ATOMIC_RELAXED);
	if (mems__harden_unguard(span))
		mems__slices_give(span);
	else
		lose(span);
	errno = saved;
	mems__heap_release(heap, slices << SLICE_SHIFT);
	mems__decay_look();
}
