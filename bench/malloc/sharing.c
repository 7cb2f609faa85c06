/*
 * Small blocks written again and again: slow where blocks of two threads share
 * a line, because the allocator cut them from one line (thrash), or because a
 * thread freed a block that lay beside another's and got it again (scratch).
 */
#include <stdlib.h>

#include "block.h"
#include "loads.h"

#define WRITES 200

static char *handed[THREADS_MAX];

static char *small_new(size_t size)
{
	char *memory = malloc(size);

	if (memory == NULL)
		die("load: malloc failed");
	return memory;
}

static void thrash(struct worker *worker)
{
	size_t size = worker->workload->low;

	for (uint64_t i = 0; i < worker->count; i++) {
		volatile char *memory = small_new(size);

		for (size_t j = 0; j < size; j++)
			memory[j] = (char)j;
		for (int j = 0; j < WRITES; j++)
			memory[(size_t)j % size]++;
		worker->check += (unsigned char)memory[0];
		free((void *)memory);
	}
	worker->ops += 2 * worker->count;
}

static void scratch(struct worker *worker)
{
	free(handed[worker->index]);
	worker->ops += 2;
	thrash(worker);
}

void run_cache_thrash(struct job *job)
{
	job_in_threads(job, thrash);
}

void run_cache_scratch(struct job *job)
{
	for (int i = 0; i < job->threads; i++) {
		handed[i] = small_new(job->workload->low);
		handed[i][0] = 1;
	}
	job_in_threads(job, scratch);
}
