/*
 * What is compared and what was measured: rows of workloads and programs,
 * columns of allocators.
 */
#ifndef BENCH_MALLOC_RESULTS_H
#define BENCH_MALLOC_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "allocators.h"
#include "facts.h"
#include "stats.h"
#include "target.h"
#include "workload.h"

#define ROWS_MAX 96

struct program;

struct measure {
	char name[24];
	struct sample sample;
};

struct cell {
	struct sample ms;	/* of the work, or of the program */
	struct sample cpu_ms;
	struct sample peak;	/* KiB, the most that was ever resident */
	struct sample held;	/* KiB, before the final free; workloads only */
	struct sample final;	/* KiB, at the end; workloads only */
	struct measure *measures;
	int measure_count;
	int failures;
};

enum group {
	ONE_THREAD, TWO_THREADS, FOUR_THREADS, PROGRAMS, GROUPS
};

struct row {
	const struct workload *workload;	/* one of the two is set */
	const struct program *program;
	int threads;
	enum group group;
	bool timed;		/* long enough for a time to mean something */
	uint64_t checks[SAMPLE_MAX];	/* of each round; 0: not yet known */
	struct cell cells[ALLOCATORS];
};

struct idle {
	double peak, after, idle;	/* KiB; peak 0: not measured */
};

struct results {
	int rounds;
	double scale;
	uint64_t seed;
	struct row rows[ROWS_MAX];
	int row_count;
	struct idle idle[ALLOCATORS];
	bool failed;
};

extern struct results results;

const char *row_name(const struct row *row);
const char *group_name(enum group group);

/* NULL if the cell has no such measure. */
const struct sample *cell_measure(const struct cell *cell, const char *name);

/* Mean of the medians of a measure over the seven sizes; 0 if not there. */
double seven_mean(const struct cell *cell, const char *prefix);

/* Which sample of a cell: its time, its peak, ... */
typedef const struct sample *pick_fn(const struct cell *cell);

const struct sample *pick_time(const struct cell *cell);
const struct sample *pick_peak(const struct cell *cell);
const struct sample *pick_held(const struct cell *cell);
const struct sample *pick_final(const struct cell *cell);

/*
 * Geometric mean of the ratios of medians of two columns, over the rows of a
 * group that both have; GROUPS means all. Times leave out rows too short.
 */
double mean_ratio(pick_fn *pick, int above, int below, enum group group);

/* The peer with the lowest value in a row, or over all rows; -1 if none. */
int best_of_row(const struct row *row, pick_fn *pick);
int best_peer(pick_fn *pick);

/* Hold what was measured against what the project wants. */
void targets_judge(struct targets *targets);

/* How the time of two threads compares: throughput of 2 over that of 1. */
double scaling_of(const struct workload *workload, int column);
double scaling_mean(int column, int other);

void tables_print(void);
bool json_write(const char *path);
bool svg_write(const char *path);

#endif
