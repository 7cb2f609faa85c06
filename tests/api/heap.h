/* What the tests of heaps share. */
#ifndef TEST_API_HEAP_H
#define TEST_API_HEAP_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mems.h>

#include "tap.h"

/* What a heap holds is a multiple of this. */
#define RUN ((size_t)65536)

/* Blocks above this many bytes are runs of their own. */
#define SMALL_MOST ((size_t)32768)

/* Sizes that no machine can have. */
static const size_t impossible[] = {
	SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 15, SIZE_MAX - 4095,
	SIZE_MAX - 65535, SIZE_MAX / 2 + 2, SIZE_MAX / 2 + 1, SIZE_MAX / 2,
	PTRDIFF_MAX, SIZE_MAX / 4 + 1, SIZE_MAX / 4,
};

#define IMPOSSIBLE (sizeof(impossible) / sizeof(impossible[0]))

/* A heap with defaults; the test ends if there is none. */
static inline mems_heap *heap_make(void)
{
	mems_heap *heap = mems_heap_create(NULL);

	if (heap == NULL) {
		printf("Bail out! mems_heap_create: %s\n", strerror(errno));
		exit(99);
	}
	return heap;
}

static inline struct mems_heap_stats heap_stats(mems_heap *heap)
{
	struct mems_heap_stats stats = { .size = sizeof(stats) };

	if (mems_heap_stats(heap, &stats) != 0)
		stats.held = UINT64_MAX;
	return stats;
}

/* Verify, and say in the log what is broken. */
static inline int heap_is_sound(mems_heap *heap)
{
	char report[200] = "";
	int rc = mems_heap_verify(heap, report, sizeof(report));

	if (rc != 0)
		diag("mems_heap_verify: %d: %s", rc, report);
	return rc == 0;
}

/* Have two looks at a heap seen the same? Peaks count, times do not. */
static inline int heap_is_as_before(mems_heap *heap,
				    const struct mems_heap_stats *before)
{
	struct mems_heap_stats after = heap_stats(heap);
	int same = after.held == before->held &&
		   after.held_peak == before->held_peak &&
		   after.used == before->used &&
		   after.blocks == before->blocks &&
		   after.runs == before->runs &&
		   after.large_blocks == before->large_blocks &&
		   after.large_used == before->large_used &&
		   after.reserved == before->reserved;

	if (!same)
		diag("held %llu peak %llu used %llu blocks %llu runs %llu "
		     "reserved %llu, were %llu %llu %llu %llu %llu %llu",
		     (unsigned long long)after.held,
		     (unsigned long long)after.held_peak,
		     (unsigned long long)after.used,
		     (unsigned long long)after.blocks,
		     (unsigned long long)after.runs,
		     (unsigned long long)after.reserved,
		     (unsigned long long)before->held,
		     (unsigned long long)before->held_peak,
		     (unsigned long long)before->used,
		     (unsigned long long)before->blocks,
		     (unsigned long long)before->runs,
		     (unsigned long long)before->reserved);
	return same;
}

/* Is each byte of the memory this one? */
static inline int is_full_of(const void *memory, int byte, size_t size)
{
	const unsigned char *bytes = memory;

	return size == 0 || (bytes[0] == (unsigned char)byte &&
			     memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* Does the memory lie at a multiple of `alignment`? */
static inline int is_aligned(const void *memory, size_t alignment)
{
	return ((uintptr_t)memory & (alignment - 1)) == 0;
}

#endif
