/*
 * Pairs of threads, of which one only allocates and the other only frees; they
 * take turns, so that whatever is not handed back across piles up.
 */
#include <errno.h>
#include <semaphore.h>

#include "block.h"
#include "loads.h"
#include "sizes.h"

struct pair {
	struct worker worker;
	void **blocks;
	sem_t full, empty;
	uint64_t freed;		/* bytes, of the thread that frees */
	pthread_t threads[2];
};

static const struct sizes *sizes;

static void wait_for(sem_t *sem)
{
	while (sem_wait(sem) != 0 && errno == EINTR)
		;
}

static void *allocate(void *argument)
{
	struct pair *pair = argument;
	struct worker *worker = &pair->worker;
	uint32_t at = random_below(&worker->random, SIZES_COUNT);

	for (uint64_t batch = 0; batch < worker->count; batch++) {
		wait_for(&pair->empty);
		for (uint64_t i = 0; i < worker->workload->live; i++)
			pair->blocks[i] = block_new(sizes_next(sizes, &at));
		sem_post(&pair->full);
	}
	return NULL;
}

static void *release(void *argument)
{
	struct pair *pair = argument;
	struct worker *worker = &pair->worker;

	for (uint64_t batch = 0; batch < worker->count; batch++) {
		wait_for(&pair->full);
		for (uint64_t i = 0; i < worker->workload->live; i++)
			pair->freed += block_free(pair->blocks[i]);
		sem_post(&pair->empty);
	}
	return NULL;
}

void run_asym(struct job *job)
{
	size_t size = (size_t)job->threads * sizeof(struct pair);
	struct pair *pairs = table_make(size);
	uint64_t live = job->workload->live;

	sizes = sizes_logarithm(job->workload->low,
				job->workload->high);
	for (int i = 0; i < job->threads; i++) {
		worker_init(&pairs[i].worker, job, i);
		sem_init(&pairs[i].full, 0, 0);
		sem_init(&pairs[i].empty, 0, 1);
		pairs[i].blocks = table_make(live * sizeof(void *));
	}
	job_clock_start(job);
	for (int i = 0; i < job->threads; i++) {
		start_thread(&pairs[i].threads[0], allocate, &pairs[i]);
		start_thread(&pairs[i].threads[1], release, &pairs[i]);
	}
	for (int i = 0; i < job->threads; i++) {
		pthread_join(pairs[i].threads[0], NULL);
		pthread_join(pairs[i].threads[1], NULL);
	}
	job_clock_stop(job);
	for (int i = 0; i < job->threads; i++) {
		pairs[i].worker.check += pairs[i].freed;
		pairs[i].worker.ops += 2 * live * job->count;
		worker_add(&pairs[i].worker);
	}
}
