/*
 * One run of a workload: its threads, its clock, and what it reports.
 *
 * Nothing here calls malloc: tables come from mmap, memory of the process is
 * read without stdio, so the bookkeeping is the same for every allocator.
 */
#ifndef BENCH_MALLOC_JOB_H
#define BENCH_MALLOC_JOB_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "random.h"
#include "workload.h"

#define THREADS_MAX 64
#define FIGURES_MAX 32

struct figure {
	char name[24];
	double value;
};

struct job {
	const struct workload *workload;
	int threads;
	uint64_t count;			/* the workload's, scaled */
	uint64_t seed;
	uint64_t ops;			/* calls that allocate or free */
	uint64_t check;
	uint64_t ns, cpu_ns;
	int64_t resident;		/* KiB before the final free; or -1 */
	struct figure figures[FIGURES_MAX];
	int figure_count;
	pthread_barrier_t meeting;
};

struct worker {
	struct job *job;
	const struct workload *workload;
	uint64_t count;
	int index;
	struct random random;
	uint64_t ops, check;
	struct figure figures[FIGURES_MAX];
	int figure_count;
};

typedef void work_fn(struct worker *worker);
typedef void job_fn(struct job *job);

void job_clock_start(struct job *job);
void job_clock_stop(struct job *job);
void job_add_figure(struct job *job, const char *name, double value);

/*
 * Run `work` in each thread, on the clock; in the main thread alone if there
 * is one. Adds up ops and checks, and takes the mean of figures.
 */
void job_in_threads(struct job *job, work_fn *work);

/* A worker for threads that a workload makes itself, and its sums. */
void worker_init(struct worker *worker, struct job *job, int index);
void worker_add(struct worker *worker);

/* Before the final free: all threads meet, memory is read off the clock. */
void worker_meet(struct worker *worker);

void worker_figure(struct worker *worker, const char *prefix, uint32_t size,
		   const char *suffix, double value);

void start_thread(pthread_t *thread, void *(*run)(void *), void *argument);

/* Zeroed memory of our own, resident from the start; dies without it. */
void *table_make(size_t size);
void table_drop(void *table, size_t size);

uint64_t now_ns(void);

/* Resident memory of this process in KiB, exact; -1 if not known. */
int64_t resident_now(void);

_Noreturn void die(const char *what);

#endif
