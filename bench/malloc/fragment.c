/*
 * Memory that stays: blocks never freed, and what is left resident when most
 * of the blocks are freed at random and the sizes change.
 */
#include "block.h"
#include "loads.h"
#include "sizes.h"

#define KEPT 20			/* one in so many survives */
#define LATE_SIZE 1200

static const struct sizes *sizes;

static void leak(struct worker *worker)
{
	uint32_t at = 0;

	for (uint64_t bytes = 0; bytes < worker->count * 1000000;
	     worker->ops++) {
		uint32_t size = sizes_next(sizes, &at);

		keep(block_new(size));
		bytes += size;
		worker->check += size;
	}
}

/* In `blocks`; how many. */
static uint64_t fill(void **blocks, uint64_t megabytes)
{
	static const uint32_t phases[] = {
		24, 40, 64, 104, 160, 256, 400, 640
	};
	uint64_t count = 0;

	for (size_t i = 0; i < sizeof(phases) / sizeof(*phases); i++)
		for (uint64_t j = 0; j < (megabytes << 20) / phases[i]; j++)
			blocks[count++] = block_new(phases[i]);
	return count;
}

static void fragment(struct worker *worker)
{
	size_t size = (worker->count << 20) / 4 * sizeof(void *);
	void **blocks = table_make(size);
	uint64_t filled = fill(blocks, worker->count), count = filled;
	uint64_t late = (worker->count << 20) * 2 / LATE_SIZE;

	while (count > filled / KEPT) {
		uint32_t i = random_below(&worker->random, count);

		worker->check += block_free(blocks[i]);
		blocks[i] = blocks[--count];
	}
	for (uint64_t i = 0; i < late; i++)
		blocks[count++] = block_new(LATE_SIZE);
	worker_meet(worker);
	while (count > 0)
		worker->check += block_free(blocks[--count]);
	worker->ops += 2 * (filled + late);
	table_drop(blocks, size);
}

void run_leak(struct job *job)
{
	sizes = sizes_logarithm(job->workload->low,
				job->workload->high);
	job_in_threads(job, leak);
}

void run_fragment(struct job *job)
{
	job_in_threads(job, fragment);
}
