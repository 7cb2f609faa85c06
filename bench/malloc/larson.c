/*
 * A server whose threads come and go: a thread replaces random blocks of an
 * array, then starts a successor that inherits the array, so that blocks are
 * freed by other threads than those that allocated them.
 */
#include "block.h"
#include "loads.h"
#include "sizes.h"

#define REPLACEMENTS 100000	/* by one thread */

struct chain {
	struct worker worker;
	void **blocks;
	uint64_t left;		/* threads that are still to come */
};

static const struct sizes *sizes;

static void *serve(void *argument)
{
	struct chain *chain = argument;
	struct worker *worker = &chain->worker;
	uint64_t live = worker->workload->live;
	uint32_t at = random_below(&worker->random, SIZES_COUNT);

	if (chain->blocks[0] == NULL)
		for (uint64_t i = 0; i < live; i++)
			chain->blocks[i] = block_new(sizes_next(sizes, &at));
	for (int i = 0; i < REPLACEMENTS; i++) {
		void **slot = &chain->blocks[random_below(&worker->random,
							  live)];

		worker->check += block_free(*slot);
		*slot = block_new(sizes_next(sizes, &at));
	}
	worker->ops += 2 * REPLACEMENTS;
	return NULL;
}

/* Keeps one chain going: the next thread begins when the last has ended. */
static void *follow(void *argument)
{
	struct chain *chain = argument;
	pthread_t thread;

	for (; chain->left > 0; chain->left--) {
		start_thread(&thread, serve, chain);
		pthread_join(thread, NULL);
	}
	return NULL;
}

void run_larson(struct job *job)
{
	size_t size = (size_t)job->threads * sizeof(struct chain);
	struct chain *chains = table_make(size);
	uint64_t live = job->workload->live;
	pthread_t keepers[THREADS_MAX];

	sizes = sizes_uniform(job->workload->low,
			      job->workload->high);
	for (int i = 0; i < job->threads; i++) {
		worker_init(&chains[i].worker, job, i);
		chains[i].left = job->count;
		chains[i].blocks = table_make(live * sizeof(void *));
	}
	job_clock_start(job);
	for (int i = 0; i < job->threads; i++)
		start_thread(&keepers[i], follow, &chains[i]);
	for (int i = 0; i < job->threads; i++)
		pthread_join(keepers[i], NULL);
	job_clock_stop(job);
	job->resident = resident_now();
	job_clock_start(job);
	for (int i = 0; i < job->threads; i++)
		for (uint64_t j = 0; j < live; j++)
			chains[i].worker.check +=
				block_free(chains[i].blocks[j]);
	job_clock_stop(job);
	for (int i = 0; i < job->threads; i++) {
		chains[i].worker.ops += 2 * live;
		worker_add(&chains[i].worker);
	}
	table_drop(chains, size);
}
