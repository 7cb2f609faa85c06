/*
 * What a space costs while it is empty, and what it keeps after a load.
 */
#ifndef BENCH_FOOTPRINT_H
#define BENCH_FOOTPRINT_H

#include <stdbool.h>
#include <stdint.h>

#include "peer.h"

struct empty_result {
	double first_pages;	/* resident pages of 4 KiB of the first space
				   of a process, the library's own included */
	double next_pages;	/* of a further one */
	double cycle_pairs;	/* create + destroy, in mmap + touch + munmap */
};

/* A child_fn: no task, the result a struct empty_result. */
bool empty_run(const void *task, void *result);

#define DRAIN_BLOCKS 1000000
#define DRAINS 3

/* The spaces that are filled and drained. */
extern const struct peer *const drain_peers[DRAINS];

struct drain_result {
	double data_end;	/* last resident page of data: bytes from the
				   start to its end */
	double data_bytes;	/* resident data */
	double metadata_bytes;	/* resident otherwise because of the space */
	double break_bytes;	/* data mapped after the last free */
	double break_peak;	/* before the first one */
};

struct drain {
	const struct peer *peer;	/* one whose heap is a mems_space */
	uint64_t seed;
};

/* A child_fn: the task is a struct drain, the result a struct drain_result. */
bool drain_run(const void *task, void *result);

#endif
