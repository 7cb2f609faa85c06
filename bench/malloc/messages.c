/*
 * Messages that one thread allocates and another frees. Each consumer has a
 * bounded queue; producers hand out bundles to the queues in turn, so that the
 * lock of a queue costs little of each message.
 */
#include <stdbool.h>

#include "block.h"
#include "loads.h"
#include "sizes.h"

#define BUNDLE 32
#define QUEUE 1024	/* messages at most; a multiple of BUNDLE */

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t put, taken;	/* messages so far */
	int producers;		/* that may still put */
	void *ring[QUEUE];
};

struct end {
	struct worker worker;
	struct queue *queues;
	bool produces;
	pthread_t thread;
};

static const struct sizes *sizes;

static void queue_put(struct queue *queue, void **bundle)
{
	pthread_mutex_lock(&queue->lock);
	while (queue->put - queue->taken == QUEUE)
		pthread_cond_wait(&queue->changed, &queue->lock);
	for (int i = 0; i < BUNDLE; i++)
		queue->ring[queue->put++ % QUEUE] = bundle[i];
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}

static void queue_close(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->producers--;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}

/* False when there will be no more. */
static bool queue_take(struct queue *queue, void **bundle)
{
	bool some;

	pthread_mutex_lock(&queue->lock);
	while (queue->put == queue->taken && queue->producers > 0)
		pthread_cond_wait(&queue->changed, &queue->lock);
	some = queue->put != queue->taken;
	for (int i = 0; some && i < BUNDLE; i++)
		bundle[i] = queue->ring[queue->taken++ % QUEUE];
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
	return some;
}

static void produce(struct end *end)
{
	struct worker *worker = &end->worker;
	uint32_t at = random_below(&worker->random, SIZES_COUNT);
	int threads = worker->job->threads;
	int next = worker->index;
	void *bundle[BUNDLE];

	for (uint64_t i = 0; i < worker->count / BUNDLE; i++) {
		for (int j = 0; j < BUNDLE; j++)
			bundle[j] = block_new(sizes_next(sizes, &at));
		queue_put(&end->queues[next++ % threads], bundle);
		worker->ops += BUNDLE;
	}
	for (int i = 0; i < threads; i++)
		queue_close(&end->queues[i]);
}

static void consume(struct end *end)
{
	struct worker *worker = &end->worker;
	struct queue *queue = &end->queues[worker->index];
	void *bundle[BUNDLE];

	while (queue_take(queue, bundle)) {
		for (int i = 0; i < BUNDLE; i++)
			worker->check += block_free(bundle[i]);
		worker->ops += BUNDLE;
	}
}

static void *run_end(void *argument)
{
	struct end *end = argument;

	if (end->produces)
		produce(end);
	else
		consume(end);
	return NULL;
}

void run_messages(struct job *job)
{
	size_t count = 2 * (size_t)job->threads;
	struct end *ends = table_make(count * sizeof(*ends));
	struct queue *queues = table_make((size_t)job->threads *
					  sizeof(*queues));

	sizes = sizes_logarithm(job->workload->low,
				job->workload->high);
	for (int i = 0; i < job->threads; i++) {
		pthread_mutex_init(&queues[i].lock, NULL);
		pthread_cond_init(&queues[i].changed, NULL);
		queues[i].producers = job->threads;
	}
	job_clock_start(job);
	for (size_t i = 0; i < count; i++) {
		worker_init(&ends[i].worker, job, (int)(i / 2));
		ends[i].queues = queues;
		ends[i].produces = i % 2 == 0;
		start_thread(&ends[i].thread, run_end, &ends[i]);
	}
	for (size_t i = 0; i < count; i++)
		pthread_join(ends[i].thread, NULL);
	job_clock_stop(job);
	for (size_t i = 0; i < count; i++)
		worker_add(&ends[i].worker);
}
