/*
 * The workloads as data: what each does and how much of it. This table is the
 * one place for their parameters; `load --list` prints it.
 */
#ifndef BENCH_MALLOC_WORKLOAD_H
#define BENCH_MALLOC_WORKLOAD_H

#include <stdbool.h>
#include <stdint.h>

struct workload {
	const char *name;
	const char *about;
	int most_threads;	/* run with 1, 2, 4 up to this */
	bool independent;	/* threads share nothing of the program's */
	uint64_t count;		/* in each thread; --scale multiplies it */
	const char *count_of;
	uint64_t live;		/* in each thread; 0: see `about` */
	const char *live_of;
	uint32_t low, high;	/* sizes in bytes; 0: see `about` */
	const char *sizes;	/* how sizes are drawn */
};

extern const struct workload workloads[];
extern const int workload_count;

/* NULL if there is none of that name. */
const struct workload *workload_find(const char *name);

void workload_list(void);

#endif
