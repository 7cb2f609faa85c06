/* One space, many threads. What they share here is only the space. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>

#include "api/space.h"
#include "random.h"
#include "tap.h"

#define THREADS 6
#define LIVE 200

struct worker {
	pthread_t thread;
	mems_space *space;
	struct rng rng;
	uint64_t rounds;
	uint64_t wrong;
	mems_va va[LIVE];
	size_t size[LIVE];
	unsigned char tag[LIVE];
};

static struct worker workers[THREADS];

/* Set to end the threads that only look. */
static volatile int done;

static void look(struct worker *worker, size_t i)
{
	const unsigned char *memory = mems_space_get(worker->space,
						     worker->va[i]);

	if (memory == NULL || memory[0] != worker->tag[i] ||
	    memcmp(memory, memory + 1, worker->size[i] - 1) != 0)
		worker->wrong++;
}

static void fill(struct worker *worker, size_t i)
{
	worker->tag[i] = (unsigned char)rng_next(&worker->rng);
	memset(mems_space_get(worker->space, worker->va[i]), worker->tag[i],
	       worker->size[i]);
}

/* One random step of a thread with its own blocks. */
static void step(struct worker *worker)
{
	size_t i = (size_t)rng_below(&worker->rng, LIVE);
	size_t size = (size_t)rng_size(&worker->rng, 1, 3000);
	mems_va va;

	if (worker->va[i] == MEMS_VA_NONE) {
		worker->va[i] = mems_space_alloc(worker->space, size);
		worker->size[i] = size;
		if (worker->va[i] == MEMS_VA_NONE)
			worker->wrong++;
		else
			fill(worker, i);
		return;
	}
	look(worker, i);
	switch (rng_below(&worker->rng, 8)) {
	case 0:
		va = mems_space_resize(worker->space, worker->va[i], size);
		if (va == MEMS_VA_NONE) {
			worker->wrong++;
			break;
		}
		worker->va[i] = va;
		if (size < worker->size[i])
			worker->size[i] = size;
		look(worker, i);
		worker->size[i] = size;
		fill(worker, i);
		break;
	case 1:
		if (mems_space_contains(worker->space, worker->va[i]) != 1 ||
		    mems_space_usable_size(worker->space, worker->va[i]) <
		    worker->size[i])
			worker->wrong++;
		break;
	case 2:
		if (mems_space_write(worker->space, worker->va[i],
				     &worker->tag[i], 1) != 0)
			worker->wrong++;
		break;
	default:
		if (mems_space_free(worker->space, worker->va[i]) != 0)
			worker->wrong++;
		worker->va[i] = MEMS_VA_NONE;
		break;
	}
}

static void *work(void *arg)
{
	struct worker *worker = arg;

	for (uint64_t i = 0; i < worker->rounds; i++)
		step(worker);
	for (size_t i = 0; i < LIVE; i++) {
		if (worker->va[i] == MEMS_VA_NONE)
			continue;
		look(worker, i);
		if (mems_space_free(worker->space, worker->va[i]) != 0)
			worker->wrong++;
		worker->va[i] = MEMS_VA_NONE;
	}
	return NULL;
}

static int count_segments(mems_space *space,
			  const struct mems_segment *segment, void *arg)
{
	uint64_t *count = arg;

	(void)space;
	*count += segment->size != 0;
	return 0;
}

static int count_bytes(void *arg, const char *text, size_t length)
{
	uint64_t *count = arg;

	*count += text[0] != '\0' ? length : 0;
	return 0;
}

/* Every call that looks at the whole, while the others change it. */
static void *inspect(void *arg)
{
	struct worker *worker = arg;
	mems_space *space = worker->space;

	do {
		struct mems_space_stats stats = { .size = sizeof(stats) };
		uint64_t count = 0;

		worker->wrong += mems_space_verify(space, NULL, 0) != 0;
		worker->wrong += mems_space_stats(space, &stats) != 0;
		worker->wrong += stats.used + stats.unused != stats.mapped;
		worker->wrong += mems_space_walk(space, count_segments,
						 &count) != 0;
		worker->wrong += mems_space_print(space, count_bytes,
						  &count) != 0;
		worker->wrong += mems_space_json(space, count_bytes,
						 &count) != 0;
		worker->wrong += mems_space_draw(space, count_bytes,
						 &count) != 0;
		worker->wrong += mems_space_root_set(space, "name", count) != 0;
		worker->wrong += mems_space_trim(space, NULL) != 0;
		worker->wrong += mems_space_defrag(space, NULL) != 0;
		worker->wrong += mems_space_limit(space, 0, 1 << 30, NULL,
						  NULL) != 0;
		worker->rounds++;
	} while (!__atomic_load_n(&done, __ATOMIC_RELAXED));
	return NULL;
}

static void threads_keep_their_own_blocks(const struct mems_space_options *base,
					  const char *layout, uint64_t seed)
{
	struct mems_space_options options = *base;
	struct worker inspector = { 0 };
	uint64_t wrong = 0;
	mems_space *space;

	options.maximum = 64 << 20;
	space = mems_space_create(&options);
	inspector.space = space;
	done = 0;
	for (int i = 0; i < THREADS; i++) {
		memset(&workers[i], 0, sizeof(workers[i]));
		workers[i].space = space;
		workers[i].rng = rng_make(seed, (uint64_t)i);
		workers[i].rounds = test_scaled(30000);
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	}
	pthread_create(&inspector.thread, NULL, inspect, &inspector);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		wrong += workers[i].wrong;
	}
	__atomic_store_n(&done, 1, __ATOMIC_RELAXED);
	pthread_join(inspector.thread, NULL);
	is(wrong, 0, "%s: %d threads found nothing wrong", layout, THREADS);
	is(inspector.wrong, 0, "%s: nor did one that looked at the whole %d "
	   "times", layout, (int)inspector.rounds);
	is(space_stats(space).used, 0, "%s: nothing is left", layout);
	is(space_stats(space).allocations, space_stats(space).frees,
	   "%s: as much was freed as allocated", layout);
	ok(space_is_sound(space), "%s: the space is sound", layout);
	mems_space_destroy(space);
}

/*
 * One thread makes blocks, and others read them through the calls that take no
 * lock: what was published stays readable while the space grows.
 */
#define SHARED 20000

static mems_va shared[SHARED];
static uint64_t published;

static void *read_what_is_published(void *arg)
{
	struct worker *worker = arg;

	while (__atomic_load_n(&published, __ATOMIC_ACQUIRE) == 0)
		;
	for (uint64_t i = 0; i < worker->rounds; i++) {
		uint64_t count = __atomic_load_n(&published, __ATOMIC_ACQUIRE);
		uint64_t n = rng_below(&worker->rng, count);
		uint64_t word = 0, *memory;

		memory = mems_space_get(worker->space, shared[n]);
		worker->wrong += memory == NULL || *memory != n;
		worker->wrong += mems_space_read(worker->space, shared[n],
						 &word, sizeof(word)) != 0;
		worker->wrong += word != n;
		worker->wrong += mems_space_contains(worker->space,
						     shared[n] + 8) != 1;
		worker->wrong += mems_space_usable_size(worker->space,
							shared[n]) < 64;
		worker->wrong += mems_space_va(worker->space, memory) !=
				 shared[n];
	}
	return NULL;
}

static void readers_need_no_lock(const struct mems_space_options *base,
				 const char *layout, uint64_t seed)
{
	struct mems_space_options options = *base;
	const uint64_t count = test_scaled(SHARED) < SHARED ?
			       test_scaled(SHARED) : SHARED;
	uint64_t wrong = 0;
	mems_space *space;

	options.maximum = 64 << 20;
	space = mems_space_create(&options);
	published = 0;
	for (int i = 0; i < THREADS; i++) {
		memset(&workers[i], 0, sizeof(workers[i]));
		workers[i].space = space;
		workers[i].rng = rng_make(seed, 100 + (uint64_t)i);
		workers[i].rounds = test_scaled(30000);
		pthread_create(&workers[i].thread, NULL,
			       read_what_is_published, &workers[i]);
	}
	for (uint64_t i = 0; i < count; i++) {
		uint64_t *memory;
		mems_va other;

		shared[i] = mems_space_alloc(space, 64);
		memory = mems_space_get(space, shared[i]);
		if (memory == NULL) {
			wrong++;
			break;
		}
		*memory = i;
		__atomic_store_n(&published, i + 1, __ATOMIC_RELEASE);
		other = mems_space_alloc(space, 1000);
		wrong += mems_space_free(space, other) != 0;
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		wrong += workers[i].wrong;
	}
	is(wrong, 0, "%s: readers saw every published block", layout);
	mems_space_destroy(space);
}

static void *make_and_end(void *arg)
{
	struct worker *worker = arg;

	for (uint64_t i = 0; i < worker->rounds; i++) {
		struct mems_space_options options = MEMS_SPACE_OPTIONS;
		mems_space *space;

		options.maximum = 1 << 20;
		space = mems_space_create(&options);
		if (space == NULL ||
		    mems_space_alloc(space, 100) != MEMS_VA_FIRST ||
		    mems_space_destroy(space) != 0)
			worker->wrong++;
	}
	return NULL;
}

static void spaces_are_made_and_ended_at_once(void)
{
	uint64_t wrong = 0;

	for (int i = 0; i < THREADS; i++) {
		memset(&workers[i], 0, sizeof(workers[i]));
		workers[i].rounds = test_scaled(300);
		pthread_create(&workers[i].thread, NULL, make_and_end,
			       &workers[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		wrong += workers[i].wrong;
	}
	is(wrong, 0, "threads make and end their own spaces");
}

/* The classic heap is one for all threads; so is its start. */

static int started;

static void *use_the_classic_heap(void *arg)
{
	struct worker *worker = arg;

	errno = 0;
	mems_init();
	if (errno == 0)
		__atomic_add_fetch(&started, 1, __ATOMIC_RELAXED);
	else
		worker->wrong += errno != EALREADY;
	for (uint64_t i = 0; i < worker->rounds; i++) {
		unsigned char tag = (unsigned char)i, *memory;
		void *va = mems_malloc(40 + i % 100);

		memory = mems_get(va);
		if (memory == NULL) {
			worker->wrong++;
			continue;
		}
		memset(memory, tag, 40);
		worker->wrong += memory[0] != tag || memory[39] != tag;
		errno = 0;
		mems_free(va);
		worker->wrong += errno != 0;
	}
	return NULL;
}

static void the_classic_heap_is_one_for_all(void)
{
	uint64_t wrong = 0;

	for (int i = 0; i < THREADS; i++) {
		memset(&workers[i], 0, sizeof(workers[i]));
		workers[i].rounds = test_scaled(20000);
		pthread_create(&workers[i].thread, NULL, use_the_classic_heap,
			       &workers[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		wrong += workers[i].wrong;
	}
	is(started, 1, "one mems_init of many starts the heap");
	is(wrong, 0, "all threads use it");
	is((uintptr_t)mems_malloc(8), 1000, "nothing is left");
	mems_finish();
}

int main(void)
{
	static const struct mems_space_options defaults = MEMS_SPACE_OPTIONS;
	static const struct mems_space_options classic = MEMS_SPACE_CLASSIC;
	uint64_t seed = test_seed();

	threads_keep_their_own_blocks(&defaults, "default", seed);
	threads_keep_their_own_blocks(&classic, "classic", seed);
	readers_need_no_lock(&defaults, "default", seed);
	readers_need_no_lock(&classic, "classic", seed);
	spaces_are_made_and_ended_at_once();
	the_classic_heap_is_one_for_all();
	return done_testing();
}
