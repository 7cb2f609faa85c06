/*
 * Heaps beside a model, in long random runs.
 *
 * One thread: the model is the set of live blocks as intervals. No two meet,
 * the walk tells of exactly these, and the counts are theirs; meanwhile heaps
 * are made and ended.
 *
 * Many threads: they share slots, and each may free what another made. What a
 * block holds follows from its number, so a byte that another block's owner
 * wrote, or one that was lost, is seen.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>

#include "api/heap.h"
#include "random.h"
#include "tap.h"

/* ----------------------------------------------------------- what they hold */

struct block {
	unsigned char *memory;	/* NULL: none */
	size_t size;
	uint64_t id;
	int heap;
};

static uint64_t word_of(uint64_t id, size_t i)
{
	return (id + i) * UINT64_C(0x9e3779b97f4a7c15);
}

static void fill(const struct block *block)
{
	size_t i;

	for (i = 0; i + 8 <= block->size; i += 8) {
		uint64_t word = word_of(block->id, i);

		memcpy(block->memory + i, &word, 8);
	}
	for (; i < block->size; i++)
		block->memory[i] = (unsigned char)word_of(block->id, i);
}

/* Are the first `size` bytes those of this block? */
static bool holds(const struct block *block, size_t size)
{
	size_t i;

	for (i = 0; i + 8 <= size; i += 8) {
		uint64_t word = word_of(block->id, i);

		if (memcmp(block->memory + i, &word, 8) != 0)
			return false;
	}
	/* What is left is not a whole word of the larger block, perhaps. */
	if (size == block->size) {
		for (; i < size; i++)
			if (block->memory[i] !=
			    (unsigned char)word_of(block->id, i))
				return false;
	}
	return true;
}

/* Small ones mostly, large ones now and then. */
static size_t random_size(struct rng *rng)
{
	if (rng_below(rng, 300) == 0)
		return (size_t)rng_size(rng, 30000, 2000000);
	if (rng_below(rng, 30) == 0)
		return (size_t)rng_size(rng, 1000, 70000);
	if (rng_below(rng, 50) == 0)
		return 0;
	return (size_t)rng_size(rng, 1, 1500);
}

/* A new block by any of the calls that make one. False: it is not right. */
static bool make(mems_heap *heap, struct block *block, struct rng *rng)
{
	size_t align = 16;
	void *memory;

	block->size = random_size(rng);
	block->id = rng_next(rng);
	switch (rng_below(rng, 6)) {
	case 0:
		memory = mems_heap_calloc(heap, 1, block->size);
		if (memory != NULL && !is_full_of(memory, 0, block->size))
			return false;
		break;
	case 1:
		align = (size_t)1 << rng_below(rng, 17);
		memory = mems_heap_aligned_alloc(heap, align, block->size);
		break;
	case 2:
		if (mems_heap_alloc_batch(heap, block->size, 1, &memory) != 1)
			return false;
		break;
	case 3:
		memory = mems_heap_realloc(heap, NULL, block->size);
		break;
	default:
		memory = mems_heap_alloc(heap, block->size);
		break;
	}
	block->memory = memory;
	if (memory == NULL || !is_aligned(memory, align) ||
	    !is_aligned(memory, 16) ||
	    mems_heap_usable_size(memory) < block->size)
		return false;
	fill(block);
	return true;
}

static bool resize(mems_heap *heap, struct block *block, struct rng *rng)
{
	size_t size = random_size(rng);
	size_t least = size < block->size ? size : block->size;
	unsigned char *moved = mems_heap_realloc(heap, block->memory, size);

	if (moved == NULL)
		return false;
	block->memory = moved;
	if (!holds(block, least))
		return false;
	block->size = size;
	block->id = rng_next(rng);
	fill(block);
	return mems_heap_usable_size(moved) >= size;
}

static void drop(struct block *block, struct rng *rng)
{
	void *memory = block->memory;

	if (rng_below(rng, 3) == 0)
		mems_heap_free_sized(memory, block->size);
	else if (rng_below(rng, 3) == 0)
		mems_heap_free_batch(&memory, 1);
	else
		mems_heap_free(memory);
	block->memory = NULL;
}

/* --------------------------------------------------------------- one thread */

#define LIVE 1500
#define HEAPS 4		/* the first is the default heap */

static struct block live[LIVE];
static mems_heap *heaps[HEAPS];

static int by_address(const void *a, const void *b)
{
	const struct block *x = *(const struct block *const *)a;
	const struct block *y = *(const struct block *const *)b;

	return x->memory < y->memory ? -1 : x->memory > y->memory;
}

/* What the walk should tell, in order. */
static struct {
	const struct block *blocks[LIVE];
	size_t count, at;
} expected;

static int tell(void *memory, size_t size, void *arg)
{
	const struct block *block;

	(void)arg;
	if (expected.at == expected.count)
		return 1;
	block = expected.blocks[expected.at++];
	return memory != block->memory || size < block->size ||
	       size != mems_heap_usable_size(memory);
}

/* All live blocks, of all heaps: no two meet, all hold what they should. */
static bool none_meet(void)
{
	static const struct block *sorted[LIVE];
	size_t count = 0;

	for (size_t i = 0; i < LIVE; i++)
		if (live[i].memory != NULL)
			sorted[count++] = &live[i];
	qsort(sorted, count, sizeof(*sorted), by_address);
	for (size_t i = 0; i < count; i++) {
		size_t size = mems_heap_usable_size(sorted[i]->memory);

		if (!holds(sorted[i], sorted[i]->size) ||
		    (i + 1 < count &&
		     sorted[i]->memory + size > sorted[i + 1]->memory))
			return false;
	}
	return true;
}

static bool is_as_the_model(int n)
{
	struct mems_heap_stats stats = heap_stats(heaps[n]);
	uint64_t used = 0, large = 0;

	expected.count = expected.at = 0;
	for (size_t i = 0; i < LIVE; i++) {
		size_t size;

		if (live[i].memory == NULL || live[i].heap != n)
			continue;
		size = mems_heap_usable_size(live[i].memory);
		used += size;
		large += size > SMALL_MOST;
		expected.blocks[expected.count++] = &live[i];
	}
	qsort(expected.blocks, expected.count, sizeof(*expected.blocks),
	      by_address);
	if (mems_heap_walk(heaps[n], tell, NULL) != 0 ||
	    expected.at != expected.count) {
		diag("heap %d: the walk tells something else", n);
		return false;
	}
	if (stats.blocks != expected.count || stats.used != used ||
	    stats.large_blocks != large || stats.held < used ||
	    stats.held % RUN != 0) {
		diag("heap %d: the counts are wrong", n);
		return false;
	}
	return heap_is_sound(heaps[n]);
}

/* End a heap and begin another: its blocks are gone. */
static bool replace_heap(int n)
{
	if (mems_heap_destroy(heaps[n]) != 0)
		return false;
	for (size_t i = 0; i < LIVE; i++)
		if (live[i].heap == n)
			live[i].memory = NULL;
	heaps[n] = heap_make();
	return true;
}

static bool step(struct rng *rng)
{
	struct block *block = &live[rng_below(rng, LIVE)];
	int n = (int)rng_below(rng, HEAPS);

	if (block->memory == NULL) {
		block->heap = n;
		return make(heaps[n], block, rng);
	}
	if (!holds(block, block->size))
		return false;
	if (rng_below(rng, 4) == 0) {
		/* In its heap: one that does not move would stay there. */
		return resize(heaps[block->heap], block, rng);
	}
	drop(block, rng);
	return true;
}

static void one_thread_is_as_the_model(uint64_t seed)
{
	struct rng rng = rng_make(seed, 0);
	uint64_t rounds = test_scaled(100000), round;
	bool right = true;

	for (int n = 1; n < HEAPS; n++)
		heaps[n] = heap_make();
	for (round = 0; right && round < rounds; round++) {
		right = step(&rng);
		if (round % 1009 == 0) {
			right = right && none_meet();
			for (int n = 0; n < HEAPS; n++)
				right = right && is_as_the_model(n);
		}
		if (round % 10007 == 5000)
			right = right && replace_heap(1 + (int)
					rng_below(&rng, HEAPS - 1));
		if (round % 5003 == 2500)
			mems_heap_trim(heaps[rng_below(&rng, HEAPS)], NULL);
	}
	ok(right, "one thread, %d heaps: all as the model (round %d)", HEAPS,
	   (int)round);
	for (size_t i = 0; i < LIVE; i++)
		if (live[i].memory != NULL)
			drop(&live[i], &rng);
	for (int n = 0; n < HEAPS; n++)
		ok(is_as_the_model(n), "heap %d: nothing is left", n);
	for (int n = 1; n < HEAPS; n++)
		mems_heap_destroy(heaps[n]);
}

/* ------------------------------------------------------------- many threads */

#define THREADS 4
#define SLOTS 2000

struct slot {
	struct block block;
	uint32_t taken;		/* 1: some thread is at it */
};

static struct slot slots[SLOTS];

struct worker {
	pthread_t thread;
	struct rng rng;
	uint64_t rounds, wrong;
	bool churns;		/* makes and ends heaps of its own, too */
};

/* Each block of its own heap is freed with it. */
static bool own_heap(struct rng *rng)
{
	mems_heap *heap = mems_heap_create(NULL);
	struct block blocks[50];
	bool right = heap != NULL;

	for (int i = 0; right && i < 50; i++)
		right = make(heap, &blocks[i], rng);
	for (int i = 0; right && i < 50; i += 2) {
		right = holds(&blocks[i], blocks[i].size);
		drop(&blocks[i], rng);
	}
	for (int i = 1; right && i < 50; i += 2)
		right = holds(&blocks[i], blocks[i].size);
	return right && mems_heap_destroy(heap) == 0;
}

static void *exchange(void *arg)
{
	struct worker *worker = arg;
	struct rng *rng = &worker->rng;

	for (uint64_t i = 0; i < worker->rounds; i++) {
		struct slot *slot = &slots[rng_below(rng, SLOTS)];
		struct block *block = &slot->block;
		mems_heap *heap;

		if (__atomic_exchange_n(&slot->taken, 1, __ATOMIC_ACQUIRE))
			continue;
		if (block->memory == NULL) {
			block->heap = (int)rng_below(rng, HEAPS);
			worker->wrong += !make(heaps[block->heap], block, rng);
		} else if (!holds(block, block->size)) {
			worker->wrong++;
			block->memory = NULL;
		} else if (rng_below(rng, 5) == 0) {
			heap = heaps[block->heap];
			worker->wrong += !resize(heap, block, rng);
		} else {
			drop(block, rng);
		}
		__atomic_store_n(&slot->taken, 0, __ATOMIC_RELEASE);
		if (worker->churns && i % 500 == 0)
			worker->wrong += !own_heap(rng);
	}
	return NULL;
}

static void many_threads_lose_nothing(uint64_t seed)
{
	struct worker workers[THREADS];
	uint64_t phases = 5, wrong = 0, sound = 0, counts[HEAPS] = { 0 };
	struct rng rng = rng_make(seed, 1);

	for (int n = 1; n < HEAPS; n++)
		heaps[n] = heap_make();
	for (uint64_t phase = 0; phase < phases; phase++) {
		/* New threads each time: what the old ones had is left. */
		for (int i = 0; i < THREADS; i++) {
			workers[i] = (struct worker){
				.rng = rng_make(seed, 10 + phase * THREADS +
						(uint64_t)i),
				.rounds = test_scaled(20000),
				.churns = i == 0 };
			pthread_create(&workers[i].thread, NULL, exchange,
				       &workers[i]);
		}
		for (int i = 0; i < THREADS; i++) {
			pthread_join(workers[i].thread, NULL);
			wrong += workers[i].wrong;
		}
		for (int n = 0; n < HEAPS; n++)
			sound += (uint64_t)heap_is_sound(heaps[n]);
	}
	is(wrong, 0, "%d threads: no block was lost or overwritten", THREADS);
	is(sound, phases * HEAPS, "every heap is sound when they rest");
	for (int i = 0; i < SLOTS; i++) {
		struct block *block = &slots[i].block;

		if (block->memory == NULL)
			continue;
		wrong += !holds(block, block->size);
		counts[block->heap]++;
	}
	is(wrong, 0, "what they left is whole");
	for (int n = 0; n < HEAPS; n++)
		is(heap_stats(heaps[n]).blocks, counts[n],
		   "heap %d: and all that is there", n);
	for (int i = 0; i < SLOTS; i++)
		if (slots[i].block.memory != NULL)
			drop(&slots[i].block, &rng);
	for (int n = 0; n < HEAPS; n++) {
		is(heap_stats(heaps[n]).blocks, 0, "heap %d: can be emptied",
		   n);
		ok(heap_is_sound(heaps[n]), "heap %d: and is sound", n);
		if (n > 0)
			mems_heap_destroy(heaps[n]);
	}
}

int main(void)
{
	uint64_t seed = test_seed();

	one_thread_is_as_the_model(seed);
	many_threads_lose_nothing(seed);
	return done_testing();
}
