/*
 * What carries out each workload, by file.
 */
#ifndef BENCH_MALLOC_LOADS_H
#define BENCH_MALLOC_LOADS_H

#include "job.h"

job_fn run_pairs;				/* pairs.c */
job_fn run_batch_lifo, run_batch_fifo, run_batch_random;	/* batch.c */
job_fn run_replace;				/* replace.c */
job_fn run_larson;				/* larson.c */
job_fn run_messages;				/* messages.c */
job_fn run_cache_scratch, run_cache_thrash;	/* sharing.c */
job_fn run_churn;				/* churn.c */
job_fn run_grow;				/* grow.c */
job_fn run_large, run_calloc;			/* large.c */
job_fn run_leak, run_fragment;			/* fragment.c */
job_fn run_phases;				/* phases.c */
job_fn run_asym;				/* asym.c */
job_fn run_idle;				/* idle.c */

/* `load pair SIZE COUNT` and `load which`; each the whole program. */
int pair_main(uint64_t size, uint64_t count);	/* single.c */
int which_main(void);

#endif
