/*
 * The word of a free block that tells of the next one in its list.
 *
 * In the hardened build it is written in a code that changes with the process
 * and the block, and what it says is looked at: a program that writes to a
 * block that it has freed is stopped when the list is followed.
 */
#ifndef MEMS_HEAP_LINK_H
#define MEMS_HEAP_LINK_H

#include "heap/heap.h"

#ifdef MEMS_HARDENED

/* What `word`, the first of a block, says, believed. */
static inline void *mems__decode(uintptr_t word, const void *block)
{
	return (void *)(word ^ mems__secret ^ (uintptr_t)block << 8);
}

static inline void *mems__next(const void *block)
{
	void *next = mems__decode(*(const uintptr_t *)block, block);
	uintptr_t reach = 4 * SLICE;	/* no span has more slices */

	if (next != NULL &&
	    ((uintptr_t)next - (uintptr_t)block + reach >= 2 * reach ||
	     (uintptr_t)next % BLOCK_LEAST != 0))
		mems__misuse("write to a freed block", block);
	return next;
}

static inline void mems__set_next(void *block, const void *next)
{
	*(uintptr_t *)block = (uintptr_t)next ^ mems__secret ^
			      (uintptr_t)block << 8;
}

#else

static inline void *mems__next(const void *block)
{
	return *(void *const *)block;
}

#define mems__decode(word, block) ((void *)(word))

static inline void mems__set_next(void *block, const void *next)
{
	*(const void **)block = next;
}

#endif

#endif
