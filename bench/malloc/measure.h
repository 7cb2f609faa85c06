/*
 * Filling the rows: one workload or program, one allocator, one process.
 */
#ifndef BENCH_MALLOC_MEASURE_H
#define BENCH_MALLOC_MEASURE_H

#include "programs.h"
#include "results.h"

void add_workload_row(const struct workload *workload, int threads);

/* Looks for the program, makes its input and runs it plain; not if it fails. */
void add_program_row(const struct program *program);

/* Each row with each allocator, in another order in each round. */
void measure_rounds(const char *load, bool warm);

/* The memory of an idle process; once, since it takes its time. */
void measure_idle(const char *load);

#endif
