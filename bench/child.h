/*
 * Measurements have a process each, so that each begins with clean heaps and
 * caches, and a peer that breaks takes only its own row with it.
 */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include <stdbool.h>
#include <stddef.h>

/* Fill `result`; false: the measurement could not be made. */
typedef bool child_fn(const void *task, void *result);

/*
 * Run a job in a child process and bring its result home. False, after a line
 * on stderr that begins with `what`, if it failed, died or took ten minutes.
 */
bool in_child(const char *what, child_fn *job, const void *task, void *result,
	      size_t size);

/* Zeroed pages, present from the start; the process ends if there are none. */
void *pages(size_t size);

/* Nanoseconds of processor time of this process: what else the machine does
   shows in the caches only. */
double now(void);

#endif
