/*
 * The fast path: a block from a list, and back. Written to be inlined where
 * malloc and free are defined; all that is not usual is one call away.
 */
#ifndef MEMS_HEAP_ALLOC_H
#define MEMS_HEAP_ALLOC_H

#include "heap/heap.h"
#include "heap/slices.h"

#ifdef MEMS_HARDENED

static inline void *mems__alloc_fast(size_t size)
{
	return mems__alloc(mems__cache, size);
}

static inline void mems__free_fast(void *block)
{
	mems__free_any(block);
}

#else

static ALWAYS_INLINE void *mems__alloc_fast(size_t size)
{
	struct cache *cache = mems__cache;

	if (likely(size <= DIRECT_MOST)) {
		struct span *span = cache->direct[(size + 15) / 16];
		void *block = span->free;

		if (likely(block != NULL)) {
			span->free = *(void **)block;
			span->used++;
			return block;
		}
	}
	return mems__alloc(cache, size);
}

static ALWAYS_INLINE void mems__free_fast(void *block)
{
	uintptr_t offset = (uintptr_t)block - FIRST_RANGE(base);

	if (likely(offset < FIRST_RANGE(size))) {
		struct span *span = &FIRST_RANGE(spans)[offset >> SLICE_SHIFT];

		if (likely(__atomic_load_n(&span->owner, __ATOMIC_RELAXED) ==
			   mems__cache)) {
			if (unlikely(block == span->free))
				mems__misuse("double free", block);
			*(void **)block = span->free;
			span->free = block;
			if (unlikely(--span->used == 0))
				mems__free_emptied(span);
			return;
		}
	}
	mems__free_any(block);
}

#endif

#endif
