/*
 * Short threads: what a thread's first blocks and its end cost.
 */
#include "block.h"
#include "loads.h"
#include "sizes.h"

static const struct sizes *sizes;

#define BLOCKS_MAX 256

static void *live_shortly(void *argument)
{
	struct worker *worker = argument;
	uint32_t at = random_below(&worker->random, SIZES_COUNT);
	uint64_t live = worker->workload->live;
	void *blocks[BLOCKS_MAX];

	for (uint64_t i = 0; i < live; i++)
		blocks[i] = block_new(sizes_next(sizes, &at));
	for (uint64_t i = 0; i < live; i++)
		worker->check += block_free(blocks[i]);
	worker->ops += 2 * live;
	return NULL;
}

static void churn(struct worker *worker)
{
	for (uint64_t i = 0; i < worker->count; i++) {
		pthread_t thread;

		start_thread(&thread, live_shortly, worker);
		pthread_join(thread, NULL);
	}
}

void run_churn(struct job *job)
{
	sizes = sizes_logarithm(job->workload->low,
				job->workload->high);
	job_in_threads(job, churn);
}
