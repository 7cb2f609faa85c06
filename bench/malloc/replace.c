/*
 * A steady state: many live blocks, of which a random one is replaced.
 */
#include "block.h"
#include "loads.h"
#include "sizes.h"

static const struct sizes *sizes;

static void replace(struct worker *worker)
{
	uint64_t live = worker->workload->live;
	void **blocks = table_make(live * sizeof(*blocks));
	uint32_t at = random_below(&worker->random, SIZES_COUNT);

	for (uint64_t i = 0; i < live; i++)
		blocks[i] = block_new(sizes_next(sizes, &at));
	for (uint64_t i = 0; i < worker->count; i++) {
		void **slot = &blocks[random_below(&worker->random, live)];

		worker->check += block_free(*slot);
		*slot = block_new(sizes_next(sizes, &at));
	}
	worker_meet(worker);
	for (uint64_t i = 0; i < live; i++)
		worker->check += block_free(blocks[i]);
	worker->ops += 2 * (live + worker->count);
}

void run_replace(struct job *job)
{
	sizes = sizes_pareto();
	job_in_threads(job, replace);
}
