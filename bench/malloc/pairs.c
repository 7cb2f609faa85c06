/*
 * malloc and free back to back: the shortest way through an allocator.
 */
#include <stdlib.h>

#include "block.h"
#include "loads.h"
#include "timing.h"

#define ROUNDS 15

static const uint32_t sizes[SEVEN] = SEVEN_SIZES;

static void pair_many(size_t size, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		char *memory = malloc(size);

		if (memory == NULL)
			die("load: malloc failed");
		*memory = (char)i;
		keep(memory);
		free(memory);
	}
}

static void pairs(struct worker *worker)
{
	struct times times[SEVEN] = { { 0 } };

	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < SEVEN; i++) {
			uint64_t from = now_ns();

			pair_many(sizes[i], worker->count);
			times_add(&times[i], now_ns() - from, worker->count);
			worker->ops += 2 * worker->count;
			worker->check += worker->count * sizes[i];
		}
	}
	for (int i = 0; i < SEVEN; i++)
		times_report(&times[i], worker, "pair", sizes[i]);
}

void run_pairs(struct job *job)
{
	job_in_threads(job, pairs);
}
