/*
 * Large blocks: each a span of its own, in whole pages. They grow where they
 * lie when the slices behind are free, and one that had to move gets room to
 * grow, which costs addresses but no memory until it is touched.
 */
#include <config.h>

#include "heap/heap.h"
#include "heap/slices.h"

#include "base/align.h"
#include "os/pages.h"
#include "os/watch.h"

#include <string.h>

/* Pages of larger blocks are moved, not copied; each move may split a mapping
   of the system, of which there are only so many. */
#define MOVE_LEAST ((size_t)4 << 20)

/* What a block of this many bytes may use: whole pages of 4096. */
static size_t bytes_for(size_t size)
{
	return (size_t)mems__round_up(size, MEMS_PAGE_SIZE);
}

static size_t slices_for(size_t bytes)
{
	return (bytes + SLICE - 1) >> SLICE_SHIFT;
}

/* A span of `slices` for a block of `bytes`, or NULL. */
static struct span *make_large(struct heap *heap, size_t bytes, size_t slices,
			       size_t alignment)
{
	struct span *span;

	if (!mems__heap_hold(heap, slices << SLICE_SHIFT))
		return NULL;
	span = mems__slices_take(slices + GUARD_SLICES, alignment);
	if (span == NULL) {
		mems__heap_release(heap, slices << SLICE_SHIFT);
		return NULL;
	}
	mems__heap_held(heap);
	mems__harden_guard(span);
	__atomic_store_n(&span->heap, heap, __ATOMIC_RELAXED);
	span->bytes = bytes;
	__atomic_store_n(&span->kind, SPAN_LARGE, __ATOMIC_RELEASE);
	mems__decay_look();
	return span;
}

void *mems__large_alloc(struct heap *heap, size_t size, size_t alignment,
			bool *zeroed)
{
	size_t bytes = bytes_for(size);
	struct span *span = make_large(heap, bytes, slices_for(bytes),
				       alignment);

	if (span == NULL)
		return NULL;
	if (zeroed != NULL)
		*zeroed = span->zeroed;
	return span->memory;
}

/* Change the slices of a span and what its heap holds; false: it cannot be. */
static bool change_slices(struct span *span, size_t slices)
{
	size_t old = span->slices - GUARD_SLICES;

	if (GUARD_SLICES > 0)
		return false;
	if (slices > old && !mems__heap_hold(span->heap,
					     (slices - old) << SLICE_SHIFT))
		return false;
	if (!mems__slices_resize(span, slices)) {
		if (slices > old)
			mems__heap_release(span->heap,
					   (slices - old) << SLICE_SHIFT);
		return false;
	}
	mems__heap_held(span->heap);
	if (slices < old)
		mems__heap_release(span->heap, (old - slices) << SLICE_SHIFT);
	return true;
}

bool mems__large_resize(struct span *span, size_t size)
{
	size_t bytes = bytes_for(size), slices = slices_for(bytes);
	size_t old = span->slices - GUARD_SLICES;

	if (slices > old && !change_slices(span, slices))
		return false;
	/* What is too much is given up, but for room that is grown into. */
	if (slices < old && bytes < span->bytes)
		(void)change_slices(span, slices);
	span->bytes = bytes;
	return true;
}

void *mems__large_move(struct span *span, size_t size)
{
	size_t bytes = bytes_for(size), slices = slices_for(bytes);
	size_t have = span->bytes;
	struct span *moved;

	moved = make_large(span->heap, bytes, slices + slices / 2, SLICE);
	if (moved == NULL)
		moved = make_large(span->heap, bytes, slices, SLICE);
	if (moved == NULL)
		return NULL;
	if (have < MOVE_LEAST || mems__watched() ||
	    !mems__pages_move(moved->memory, span->memory,
			      (size_t)mems__round_up(have,
						     mems__page_size())))
		memcpy(moved->memory, span->memory, have);
	return moved->memory;
}
