/*
 * What translating an address costs, beside a raw pointer.
 */
#ifndef BENCH_GET_H
#define BENCH_GET_H

#include <stdbool.h>

/* A hop of a chain of cells, by pointer and through mems_space_get(). */
struct hop_times {
	double raw_ns;
	double space_ns;
};

struct get_result {
	struct hop_times near;	/* 8 KiB of cells: first-level cache */
	struct hop_times far;	/* 256 KiB of cells: second-level cache */
};

/* A child_fn: no task, the result a struct get_result. */
bool get_run(const void *task, void *result);

#endif
