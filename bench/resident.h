/*
 * What of this process is really in memory, as the system tells it.
 */
#ifndef BENCH_RESIDENT_H
#define BENCH_RESIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Bytes present in all mappings that are not files: the heap, the stack,
 * anonymous and shared memory. -1 where /proc/self/smaps cannot be read.
 */
int64_t resident_total(void);

/*
 * Bytes present in a range of addresses, from a page's first byte on, and
 * where the last such page ends, counted from the start of the range.
 */
bool resident_range(const void *start, size_t length, uint64_t *bytes,
		    uint64_t *end);

/* The system's setting for transparent huge pages, such as "madvise". */
const char *huge_pages(void);

#endif
