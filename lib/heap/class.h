/*
 * Size classes: 16 bytes apart up to 128, then eight to each doubling up to
 * 8 KiB, where at most 1/9 of a block is wasted; then two to each doubling up
 * to 32 KiB, since of blocks of whole pages what is not asked for is not
 * touched, and fewer classes share more. What is larger gets slices of its own.
 *
 * Each class has a number, which everything else about it is looked up by.
 */
#ifndef MEMS_HEAP_CLASS_H
#define MEMS_HEAP_CLASS_H

#include "base/bits.h"

#include <stddef.h>
#include <stdint.h>

#define BLOCK_LEAST 16
#define DIRECT_MOST 1024	/* sizes that a table of bins is indexed by */
#define BLOCK_MOST 32768
#define CLASSES 60

#define SLICE_SHIFT 16
#define SLICE ((size_t)1 << SLICE_SHIFT)

struct class {
	uint32_t size;		/* bytes of a block */
	uint32_t inverse;	/* 2^35 / size, rounded up */
	uint16_t count;		/* blocks of a span */
	uint8_t slices;		/* of a span */
};

extern const struct class mems__classes[CLASSES];

/* The class of blocks of at least `size` bytes, 1 to BLOCK_MOST. */
static inline unsigned mems__class_of(size_t size)
{
	unsigned top = mems__high_bit((size - 1) | 255);

	if (size > 8192)
		return 56 + (top - 13) * 2 +
		       ((unsigned)((size - 1) >> (top - 1)) & 1);
	return (top - 7) * 8 + (unsigned)((size - 1) >> (top - 3));
}

/* Which block of a span of this class has byte `offset` of it? */
static inline uint32_t mems__block_number(unsigned class, size_t offset)
{
	return (uint32_t)((uint64_t)offset * mems__classes[class].inverse >>
			  35);
}

#endif
