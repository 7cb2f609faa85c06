/* Calls that look at a whole heap, while others change it. */
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>

#include "api/heap.h"
#include "random.h"
#include "tap.h"

#define THREADS 3
#define LIVE 200

static volatile int done;

struct worker {
	pthread_t thread;
	mems_heap *heap;
	struct rng rng;
	uint64_t rounds, wrong;
	const char *first_wrong;
};

static void expect(struct worker *worker, int right, const char *what)
{
	if (right)
		return;
	if (worker->wrong++ == 0)
		worker->first_wrong = what;
}

static void *change(void *arg)
{
	struct worker *worker = arg;
	void *blocks[LIVE] = { NULL };

	for (uint64_t i = 0; i < worker->rounds; i++) {
		size_t n = (size_t)rng_below(&worker->rng, LIVE);
		size_t size = (size_t)rng_size(&worker->rng, 1, 100000);

		mems_heap_free(blocks[n]);
		blocks[n] = mems_heap_alloc(worker->heap, size);
		worker->wrong += blocks[n] == NULL;
		if (blocks[n] != NULL)
			memset(blocks[n], 0xff, size < 100 ? size : 100);
	}
	mems_heap_free_batch(blocks, LIVE);
	return NULL;
}

static int count_blocks(void *block, size_t size, void *arg)
{
	uint64_t *count = arg;

	/* A block that is told of was one at some time. */
	if (block == NULL || size == 0 || size > 200000)
		return 1;
	++*count;
	return 0;
}

static int count_bytes(void *arg, const char *text, size_t length)
{
	uint64_t *count = arg;

	*count += text[0] != '\0' ? length : 0;
	return 0;
}

static void *look(void *arg)
{
	struct worker *worker = arg;
	mems_heap *heap = worker->heap;

	do {
		struct mems_heap_stats stats = { .size = sizeof(stats) };
		uint64_t count = 0;

		expect(worker, mems_heap_stats(heap, &stats) == 0, "stats");
		expect(worker, stats.held % RUN == 0, "what is held");
		expect(worker, stats.used <= (uint64_t)1 << 40,
		       "what is used");
		expect(worker, mems_heap_walk(heap, count_blocks, &count) == 0,
		       "a block");
		expect(worker, mems_heap_print(heap, count_bytes, &count) == 0,
		       "print");
		expect(worker, mems_heap_json(heap, count_bytes, &count) == 0,
		       "json");
		expect(worker, mems_heap_limit(heap, 0, 1 << 30, NULL, NULL)
		       == 0, "limit");
		expect(worker, mems_heap_collect(heap) == 0, "collect");
		expect(worker, mems_heap_trim(heap, &count) == 0, "trim");
		worker->rounds++;
	} while (!__atomic_load_n(&done, __ATOMIC_RELAXED));
	return NULL;
}

static void looking_does_no_harm(mems_heap *heap, const char *which,
				 uint64_t seed)
{
	struct worker workers[THREADS];
	struct worker looker = { .heap = heap };
	uint64_t wrong = 0, before = heap_stats(heap).blocks;

	done = 0;
	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .heap = heap,
			.rng = rng_make(seed, (uint64_t)i),
			.rounds = test_scaled(200000) };
		pthread_create(&workers[i].thread, NULL, change, &workers[i]);
	}
	pthread_create(&looker.thread, NULL, look, &looker);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		wrong += workers[i].wrong;
	}
	__atomic_store_n(&done, 1, __ATOMIC_RELAXED);
	pthread_join(looker.thread, NULL);
	is(wrong, 0, "%s: %d threads found nothing wrong", which, THREADS);
	is(looker.wrong, 0, "%s: nor did one that looked at it %d times",
	   which, (int)looker.rounds);
	if (looker.wrong > 0)
		diag("wrong was first: %s", looker.first_wrong);
	is(heap_stats(heap).blocks, before, "%s: nothing is left", which);
	ok(heap_is_sound(heap), "%s: the heap is sound", which);
}

int main(void)
{
	uint64_t seed = test_seed();
	mems_heap *heap = heap_make();

	looking_does_no_harm(heap, "a heap", seed);
	mems_heap_destroy(heap);
	looking_does_no_harm(NULL, "default heap", seed);
	return done_testing();
}
