/*
 * What a program does with a block: it writes each line of 64 bytes once, and
 * looks at the block again before it frees it. The first word is the size, the
 * last holds a mark, so a block that was handed out twice is noticed.
 */
#ifndef BENCH_MALLOC_BLOCK_H
#define BENCH_MALLOC_BLOCK_H

#include <stdint.h>
#include <stdlib.h>

#include "job.h"

#define BLOCK_MARK UINT64_C(0x5bd1e995a5a5c3c3)

/* At least 16 bytes. */
static inline void block_write(void *memory, size_t size)
{
	uint64_t *words = memory;
	size_t last = size / 8 - 1;

	for (size_t i = 8; i < last; i += 8)
		words[i] = i;
	words[0] = size;
	words[last] = size ^ BLOCK_MARK;
}

static inline void *block_new(size_t size)
{
	void *memory = malloc(size);

	if (memory == NULL)
		die("load: malloc failed");
	block_write(memory, size);
	return memory;
}

/* The size of the block, for the checksum. */
static inline uint64_t block_check(const void *memory)
{
	const uint64_t *words = memory;
	uint64_t size = words[0];

	if (words[size / 8 - 1] != (size ^ BLOCK_MARK))
		die("load: a block has changed");
	return size;
}

static inline uint64_t block_free(void *memory)
{
	uint64_t size = block_check(memory);

	free(memory);
	return size;
}

/* Keep the compiler from knowing what is in memory. */
static inline void keep(void *memory)
{
	__asm__ volatile("" : : "r"(memory) : "memory");
}

#endif
