/*
 * Blocks of pages: large ones replaced at random, and zeroed ones, which an
 * allocator need not write if it knows them fresh.
 */
#include <stdlib.h>

#include "block.h"
#include "loads.h"
#include "sizes.h"

#define PAGE 4096
#define SMALL 8		/* small blocks with each large one */

static const struct sizes *sizes, *small_sizes;

static void *pages_new(size_t size)
{
	char *memory = malloc(size);

	if (memory == NULL)
		die("load: malloc failed");
	for (size_t at = 0; at < size; at += PAGE)
		memory[at] = (char)at;
	keep(memory);
	return memory;
}

static void large(struct worker *worker)
{
	uint64_t live = worker->workload->live;
	void **blocks = table_make(live * sizeof(*blocks));
	uint32_t at = random_below(&worker->random, SIZES_COUNT);

	for (uint64_t i = 0; i < worker->count; i++) {
		void **slot = &blocks[random_below(&worker->random, live)];
		uint32_t size = sizes_next(sizes, &at);

		free(*slot);
		*slot = pages_new(size);
		worker->check += size;
	}
	worker_meet(worker);
	for (uint64_t i = 0; i < live; i++)
		free(blocks[i]);
	worker->ops += 2 * worker->count;
}

/* One word in each `step` bytes, which must be zero. */
static uint64_t *zeroed(size_t size, size_t step)
{
	uint64_t *words = calloc(1, size), sum = 0;

	if (words == NULL)
		die("load: calloc failed");
	if (step > 0)
		for (size_t at = 0; at + 8 <= size; at += step)
			sum |= words[at / 8];
	if (sum != 0)
		die("load: calloc gave what is not zero");
	return words;
}

static void *use_zeroed(uint64_t turn, size_t size)
{
	switch (turn % 4) {
	case 0: return zeroed(size, 0);
	case 1: return zeroed(size, PAGE);
	default: {
		uint64_t *words = zeroed(size, 0);

		for (size_t at = 0; at + 8 <= size; at += 64) {
			if (words[at / 8] != 0)
				die("load: calloc gave what is not zero");
			words[at / 8] = at + 1;
		}
		return words;
	}
	}
}

static void callocs(struct worker *worker)
{
	uint64_t live = worker->workload->live;
	void **blocks = table_make(live * sizeof(*blocks));
	uint32_t at = random_below(&worker->random, SIZES_COUNT);
	uint64_t *small[SMALL];

	for (uint64_t i = 0; i < worker->count; i++) {
		void **slot = &blocks[random_below(&worker->random, live)];
		uint32_t size = sizes_next(sizes, &at);

		free(*slot);
		*slot = use_zeroed(i, size);
		worker->check += size;
		for (int j = 0; j < SMALL; j++) {
			small[j] = zeroed(sizes_next(small_sizes, &at), 8);
			*small[j] = i + 1;
		}
		for (int j = 0; j < SMALL; j++)
			free(small[j]);
	}
	worker_meet(worker);
	for (uint64_t i = 0; i < live; i++)
		free(blocks[i]);
	worker->ops += 2 * (1 + SMALL) * worker->count;
}

void run_large(struct job *job)
{
	sizes = sizes_logarithm(job->workload->low,
				job->workload->high);
	job_in_threads(job, large);
}

void run_calloc(struct job *job)
{
	sizes = sizes_logarithm(job->workload->low,
				job->workload->high);
	small_sizes = sizes_logarithm(16, 512);
	job_in_threads(job, callocs);
}
