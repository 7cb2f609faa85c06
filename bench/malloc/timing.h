/*
 * Times of the inner rounds of one thread, of one size.
 */
#ifndef BENCH_MALLOC_TIMING_H
#define BENCH_MALLOC_TIMING_H

#include "job.h"

#define SEVEN_SIZES { 16, 32, 64, 128, 256, 512, 1024 }
#define SEVEN 7
#define TIMES_MAX 61

struct times {
	int count;
	double values[TIMES_MAX];
};

static inline void times_add(struct times *times, uint64_t ns, uint64_t count)
{
	times->values[times->count++] = (double)ns / (double)count;
}

/* Sorts; qsort would call malloc in some libraries. */
static inline double times_at(struct times *times, double share)
{
	for (int i = 1; i < times->count; i++) {
		double value = times->values[i];
		int at = i;

		for (; at > 0 && times->values[at - 1] > value; at--)
			times->values[at] = times->values[at - 1];
		times->values[at] = value;
	}
	return times->values[(int)(share * (times->count - 1))];
}

/* The lower quartile under the plain name, and the median beside it. */
static inline void times_report(struct times *times, struct worker *worker,
				const char *name, uint32_t size)
{
	worker_figure(worker, name, size, "", times_at(times, 0.25));
	worker_figure(worker, name, size, "_median", times_at(times, 0.5));
}

#endif
