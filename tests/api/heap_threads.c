/* Threads that share a heap, and threads that end. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>

#include "api/heap.h"
#include "random.h"
#include "tap.h"

#define THREADS 4

/* ------------------------------------------------- blocks handed to others */

/* A ring through which one thread hands blocks to the next. */
#define RING 256

static void *rings[THREADS][RING];

struct worker {
	pthread_t thread;
	mems_heap *heap;
	struct rng rng;
	int number;
	uint64_t rounds, wrong;
};

/* The first word tells the size, and all else follows from it. */
static void *make_block(struct worker *worker)
{
	size_t size = (size_t)rng_size(&worker->rng, 8, 2000);
	size_t *block;

	if (rng_below(&worker->rng, 200) == 0)
		size = 50000;
	block = mems_heap_alloc(worker->heap, size);
	if (block == NULL)
		return NULL;
	memset(block, (int)(size % 251), size);
	*block = size;
	return block;
}

static int is_whole(size_t *block)
{
	size_t size = *block;

	return size >= 8 && size <= 50000 &&
	       mems_heap_usable_size(block) >= size &&
	       is_full_of(block + 1, (int)(size % 251), size - 8);
}

static void *hand_on(void *arg)
{
	struct worker *worker = arg;

	for (uint64_t i = 0; i < worker->rounds; i++) {
		void **slot = &rings[rng_below(&worker->rng, THREADS)]
				    [rng_below(&worker->rng, RING)];
		void *block = make_block(worker);

		if (block == NULL) {
			worker->wrong++;
			continue;
		}
		block = __atomic_exchange_n(slot, block, __ATOMIC_ACQ_REL);
		if (block == NULL)
			continue;
		worker->wrong += !is_whole(block);
		mems_heap_free(block);
	}
	return NULL;
}

static void blocks_go_from_thread_to_thread(mems_heap *heap,
					    const char *which, uint64_t seed)
{
	struct worker workers[THREADS];
	uint64_t wrong = 0, before;

	before = heap_stats(heap).blocks;
	memset(rings, 0, sizeof(rings));
	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .heap = heap, .number = i,
			.rng = rng_make(seed, (uint64_t)i),
			.rounds = test_scaled(100000) };
		pthread_create(&workers[i].thread, NULL, hand_on, &workers[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		wrong += workers[i].wrong;
	}
	is(wrong, 0, "%s: %d threads free what others made", which, THREADS);
	ok(heap_is_sound(heap), "%s: the heap is sound", which);
	for (int i = 0; i < THREADS; i++) {
		for (int n = 0; n < RING; n++) {
			if (rings[i][n] == NULL)
				continue;
			wrong += !is_whole(rings[i][n]);
			mems_heap_free(rings[i][n]);
		}
	}
	is(wrong, 0, "%s: what they left is whole", which);
	is(heap_stats(heap).blocks, before, "%s: nothing else is", which);
	mems_heap_collect(heap);
	ok(heap_is_sound(heap), "%s: the heap is sound", which);
}

/* ------------------------------------------------ one makes, another frees */

#define BATCH 1000

static void *batch[BATCH];
static pthread_barrier_t barrier;

static void *only_free(void *arg)
{
	uint64_t rounds = *(uint64_t *)arg;

	for (uint64_t i = 0; i < rounds; i++) {
		pthread_barrier_wait(&barrier);
		mems_heap_free_batch(batch, BATCH);
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

static void what_another_frees_is_used_again(size_t size)
{
	mems_heap *heap = heap_make();
	uint64_t rounds = test_scaled(200), made = 0, held = 0;
	pthread_t thread;

	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, only_free, &rounds);
	for (uint64_t i = 0; i < rounds; i++) {
		made += mems_heap_alloc_batch(heap, size, BATCH, batch);
		for (int n = 0; n < BATCH; n++)
			memset(batch[n], n, size);
		if (i < 3)
			held = heap_stats(heap).held;
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
	}
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&barrier);
	is(made, rounds * BATCH, "size %d: one thread makes, another frees",
	   (int)size);
	ok(heap_stats(heap).held_peak <= 2 * held + 4 * RUN,
	   "size %d: the heap does not grow for it", (int)size);
	is(heap_stats(heap).blocks, 0, "size %d: nothing is left", (int)size);
	ok(heap_is_sound(heap), "size %d: the heap is sound", (int)size);
	mems_heap_collect(heap);
	ok(heap_stats(heap).held <= 2 * RUN * 4,
	   "size %d: and little is held", (int)size);
	mems_heap_destroy(heap);
}

/* ------------------------------------------------------- threads that end */

static void *be_short(void *arg)
{
	mems_heap *heap = arg;
	uintptr_t wrong = 0;
	void *blocks[20];

	for (size_t i = 0; i < 20; i++) {
		blocks[i] = mems_heap_alloc(heap, 1 + i * 50);
		wrong += blocks[i] == NULL;
	}
	for (size_t i = 0; i < 20; i++)
		mems_heap_free(blocks[i]);
	blocks[0] = mems_heap_alloc(NULL, 100000);
	wrong += blocks[0] == NULL;
	mems_heap_free(blocks[0]);
	return (void *)wrong;
}

static void many_short_threads_leave_nothing(void)
{
	enum { AT_ONCE = 8 };
	mems_heap *heap = heap_make();
	uint64_t rounds = test_scaled(10000) / AT_ONCE + 1, caches;
	uintptr_t wrong = 0;

	be_short(heap);
	for (uint64_t i = 0; i < rounds; i++) {
		pthread_t threads[AT_ONCE];

		for (int n = 0; n < AT_ONCE; n++)
			pthread_create(&threads[n], NULL, be_short, heap);
		for (int n = 0; n < AT_ONCE; n++) {
			void *result;

			pthread_join(threads[n], &result);
			wrong += (uintptr_t)result;
		}
	}
	is(wrong, 0, "%d threads come and go", (int)rounds * AT_ONCE);
	caches = heap_stats(heap).caches;
	is(caches, 1, "their caches are gone");
	ok(heap_stats(heap).held_peak <= (AT_ONCE + 2) * 20 * RUN,
	   "a heap holds no more for it");
	ok(heap_stats(NULL).held_peak <= (AT_ONCE + 2) * 20 * RUN,
	   "nor does the default heap");
	ok(heap_is_sound(heap) && heap_is_sound(NULL), "both are sound");
	mems_heap_collect(heap);
	is(heap_stats(heap).held, 0, "and the heap can be emptied");
	mems_heap_destroy(heap);
}

static void *leave_blocks(void *arg)
{
	void **list = arg;

	for (int i = 0; i < 100; i++) {
		list[i] = mems_heap_alloc(NULL, 200);
		memset(list[i], 'k', 200);
	}
	return NULL;
}

static void blocks_outlive_their_thread(void)
{
	enum { ROUNDS = 50 };
	static void *lists[ROUNDS][100];
	uint64_t held = 0, before = heap_stats(NULL).blocks;
	int wrong = 0;

	for (int i = 0; i < ROUNDS; i++) {
		pthread_t thread;

		pthread_create(&thread, NULL, leave_blocks, lists[i]);
		pthread_join(thread, NULL);
		if (i == 0)
			held = heap_stats(NULL).held;
	}
	for (int i = 0; i < ROUNDS; i++)
		for (int n = 0; n < 100; n++)
			wrong += !is_full_of(lists[i][n], 'k', 200);
	is(wrong, 0, "blocks are whole when their thread has ended");
	is(heap_stats(NULL).blocks, before + ROUNDS * 100, "and counted");
	ok(heap_stats(NULL).held <= held + ROUNDS * 100 * 208 + 4 * RUN,
	   "what a thread leaves the next one uses");
	for (int i = 0; i < ROUNDS; i++)
		mems_heap_free_batch(lists[i], 100);
	ok(heap_is_sound(NULL), "anybody can free them");
	is(heap_stats(NULL).blocks, before, "all of them");
}

/* What a thread does at its very end, after its cache may have gone. */
static pthread_key_t key;
static uint32_t ended;

static void at_end(void *arg)
{
	void **block = mems_heap_alloc(NULL, 300);

	if (block != NULL && arg != NULL && is_full_of(arg, 'e', 100)) {
		memset(block, 'x', 300);
		arg = mems_heap_realloc(NULL, arg, 5000);
		mems_heap_free(arg);
		mems_heap_free(block);
		block = mems_heap_calloc(NULL, 1, 100);
		if (is_full_of(block, 0, 100))
			__atomic_add_fetch(&ended, 1, __ATOMIC_RELAXED);
	}
	/* Once more, in the next round of destructors. */
	if (arg != NULL && ended % 2 == 1) {
		memset(block, 'e', 100);
		pthread_setspecific(key, block);
	} else {
		mems_heap_free(block);
	}
}

static void *end_with_blocks(void *arg)
{
	void *block = mems_heap_alloc(NULL, 100);

	(void)arg;
	memset(block, 'e', 100);
	pthread_setspecific(key, block);
	return NULL;
}

static void a_thread_may_use_the_heap_at_its_end(void)
{
	enum { ENDS = 20 };
	uint64_t before = heap_stats(NULL).blocks;

	pthread_key_create(&key, at_end);
	for (int i = 0; i < ENDS; i++) {
		pthread_t thread;

		pthread_create(&thread, NULL, end_with_blocks, NULL);
		pthread_join(thread, NULL);
	}
	pthread_key_delete(key);
	ok(ended >= ENDS, "destructors of threads allocate and free");
	is(heap_stats(NULL).blocks, before, "and leave nothing");
	ok(heap_is_sound(NULL), "the heap is sound");
}

/* ------------------------------------------------------- the end of a heap */

static sem_t finished;

static void *use_and_tell(void *arg)
{
	mems_heap *heap = arg;
	void *blocks[50];

	for (size_t i = 0; i < 50; i++)
		blocks[i] = mems_heap_alloc(heap, 1 + i * 20);
	for (size_t i = 0; i < 50; i += 2)
		mems_heap_free(blocks[i]);
	sem_post(&finished);
	/* From here on it makes no call; it ends while the heap does. */
	return NULL;
}

static void a_heap_ends_while_its_threads_do(void)
{
	uint64_t rounds = test_scaled(500);
	int wrong = 0;

	sem_init(&finished, 0, 0);
	for (uint64_t i = 0; i < rounds; i++) {
		mems_heap *heap = heap_make();
		pthread_t threads[THREADS];

		for (int n = 0; n < THREADS; n++)
			pthread_create(&threads[n], NULL, use_and_tell, heap);
		for (int n = 0; n < THREADS; n++)
			while (sem_wait(&finished) != 0)
				;
		wrong += mems_heap_destroy(heap) != 0;
		for (int n = 0; n < THREADS; n++)
			pthread_join(threads[n], NULL);
		wrong += !heap_is_sound(NULL);
	}
	sem_destroy(&finished);
	is(wrong, 0, "%d heaps end while threads that used them do",
	   (int)rounds);
	ok(heap_is_sound(NULL), "the default heap is sound");
}

int main(void)
{
	uint64_t seed = test_seed();
	mems_heap *heap = heap_make();

	blocks_go_from_thread_to_thread(NULL, "default heap", seed);
	blocks_go_from_thread_to_thread(heap, "a heap", seed + 1);
	mems_heap_destroy(heap);
	what_another_frees_is_used_again(48);
	what_another_frees_is_used_again(1000);
	what_another_frees_is_used_again(10000);
	what_another_frees_is_used_again(40000);
	many_short_threads_leave_nothing();
	blocks_outlive_their_thread();
	a_thread_may_use_the_heap_at_its_end();
	a_heap_ends_while_its_threads_do();
	return done_testing();
}
