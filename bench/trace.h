/*
 * The traces: fill with blocks, then replace random ones; and the shift test.
 */
#ifndef BENCH_TRACE_H
#define BENCH_TRACE_H

#include "mix.h"
#include "peer.h"

#define SEGMENTS 5

/* A trace: fill N, warm up by replacing random blocks, then time the same. */
struct trace {
	const struct peer *peer;
	const struct mix *mix;
	uint64_t blocks;
	uint64_t warm_pairs;
	uint64_t timed_pairs;	/* in each of the segments; may be 0 */
	bool touch;		/* write the first word of each new block */
	uint64_t seed;
};

struct trace_result {
	double ns;		/* an alloc or a free: median of the segments */
	double span;		/* highest end / most live bytes; 0 unknown */
	double metadata_block;	/* bytes a block */
	double metadata_share;	/* of the bytes that the data lies in */
};

/* A child_fn: the task is a struct trace, the result a struct trace_result. */
bool trace_run(const void *task, void *result);

/*
 * Fill to 20 MiB, drop a random 80 %, refill with the next mix, and so on.
 * The highest end so far, over 20 MiB, after each mix.
 */
struct shift {
	const struct peer *peer;
	uint64_t seed;
};

struct shift_result {
	double span[SHIFT_STEPS];
};

/* A child_fn: the task is a struct shift, the result a struct shift_result. */
bool shift_run(const void *task, void *result);

#endif
