/* Threads that share slab caches and depots, threads that end, and fork(). */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <mems.h>

#include "api/slab.h"
#include "child.h"
#include "random.h"
#include "tap.h"

#define THREADS 4

/* ------------------------------------------------- blocks handed to others */

/* One handle of a cache, or of a depot. */
struct handle {
	mems_slab *slab;
	mems_depot *depot;
};

#define SLOT 48

static struct handle begin_cache(mems_space *space, mems_heap *heap,
				 uint64_t cap)
{
	struct mems_slab_options options = MEMS_SLAB_OPTIONS;

	options.space = space;
	options.heap = heap;
	options.slot_size = SLOT;
	options.cap = cap;
	return (struct handle){ .slab = mems_slab_create(&options) };
}

static void *get(struct handle handle, size_t size)
{
	return handle.slab != NULL ? mems_slab_alloc(handle.slab) :
	       mems_depot_alloc(handle.depot, size);
}

static int put(struct handle handle, void *block)
{
	return handle.slab != NULL ? mems_slab_free(handle.slab, block) :
	       mems_depot_free(handle.depot, block);
}

static struct handle share(struct handle handle)
{
	if (handle.slab != NULL)
		handle.slab = mems_slab_share(handle.slab);
	else
		handle.depot = mems_depot_share(handle.depot);
	return handle;
}

static int detach(struct handle handle)
{
	return handle.slab != NULL ? mems_slab_detach(handle.slab) :
	       mems_depot_detach(handle.depot);
}

static int adopt(struct handle handle)
{
	return handle.slab != NULL ? mems_slab_adopt(handle.slab) :
	       mems_depot_adopt(handle.depot);
}

static int shrink(struct handle handle)
{
	return handle.slab != NULL ? mems_slab_shrink(handle.slab, NULL) :
	       mems_depot_shrink(handle.depot, NULL);
}

static int is_sound(struct handle handle)
{
	return handle.slab != NULL ? slab_is_sound(handle.slab) :
	       depot_is_sound(handle.depot);
}

static struct mems_slab_stats stats_of(struct handle handle)
{
	return handle.slab != NULL ? slab_stats(handle.slab) :
	       depot_stats(handle.depot);
}

/* A place through which threads hand blocks to each other. */
#define RING 256

static void *rings[THREADS][RING];

struct worker {
	pthread_t thread;
	struct handle handle;
	struct rng rng;
	uint64_t rounds, wrong;
	int own;		/* takes a handle of its own, */
	int leaves;		/* and ends without a detach */
};

/* The first word tells the size, and all else follows from it. */
static void *make_block(struct worker *worker)
{
	size_t size = (size_t)rng_size(&worker->rng, 8, 1200), *block;

	if (worker->handle.slab != NULL)
		size = SLOT;
	else if (rng_below(&worker->rng, 200) == 0)
		size = 50000;
	block = get(worker->handle, size);
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
	       is_full_of(block + 1, (int)(size % 251), size - 8);
}

static void *hand_on(void *arg)
{
	struct worker *worker = arg;

	if (worker->own)
		worker->handle = share(worker->handle);
	for (uint64_t i = 0; i < worker->rounds; i++) {
		void **slot = &rings[rng_below(&worker->rng, THREADS)]
				    [rng_below(&worker->rng, RING)];
		void *block = make_block(worker);

		if (block == NULL) {
			worker->wrong++;
			continue;
		}
		if (i % 5000 == 4999)
			worker->wrong += shrink(worker->handle) != 0;
		block = __atomic_exchange_n(slot, block, __ATOMIC_ACQ_REL);
		if (block == NULL)
			continue;
		worker->wrong += !is_whole(block);
		worker->wrong += put(worker->handle, block) != 0;
	}
	if (worker->own && !worker->leaves)
		worker->wrong += detach(worker->handle) != 0;
	return NULL;
}

/* All threads with handles of their own, or all with the same one. */
static void blocks_go_from_thread_to_thread(struct handle handle, int own,
					    int leave, const char *which,
					    uint64_t seed)
{
	struct worker workers[THREADS];
	uint64_t wrong = 0, left = 0;

	memset(rings, 0, sizeof(rings));
	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .handle = handle, .own = own,
			.leaves = leave && i % 2 == 0,
			.rng = rng_make(seed, (uint64_t)i),
			.rounds = test_scaled(50000) };
		pthread_create(&workers[i].thread, NULL, hand_on, &workers[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		wrong += workers[i].wrong;
	}
	is(wrong, 0, "%s: %d threads free what others made", which, THREADS);
	ok(is_sound(handle), "%s: it is sound", which);
	for (int i = 0; i < THREADS; i++)
		for (int n = 0; n < RING; n++)
			left += rings[i][n] != NULL;
	is(stats_of(handle).blocks, left, "%s: what they left is counted",
	   which);
	for (int i = 0; i < THREADS; i++) {
		for (int n = 0; n < RING; n++) {
			if (rings[i][n] == NULL)
				continue;
			wrong += !is_whole(rings[i][n]);
			wrong += put(handle, rings[i][n]) != 0;
			wrong += put(handle, rings[i][n]) != -EINVAL;
		}
	}
	is(wrong, 0, "%s: and whole, and freed once", which);
	is(stats_of(handle).blocks, 0, "%s: nothing else is left", which);
	/* Who left a handle behind had slabs, which it can still have. */
	for (int i = 0; i < THREADS; i++) {
		if (!workers[i].leaves)
			continue;
		wrong += adopt(workers[i].handle) != 0 ||
			 shrink(workers[i].handle) != 0 ||
			 detach(workers[i].handle) != 0;
	}
	is(wrong, 0, "%s: a thread's handle is there when it has ended",
	   which);
	wrong += shrink(handle) != 0;
	is(stats_of(handle).held, 0, "%s: in the end nothing is held", which);
	ok(is_sound(handle), "%s: it is sound", which);
}

static void all_ways_of_sharing(struct handle handle, const char *which,
				uint64_t seed)
{
	char name[80];

	snprintf(name, sizeof(name), "%s, one handle", which);
	blocks_go_from_thread_to_thread(handle, 0, 0, name, seed);
	snprintf(name, sizeof(name), "%s, own handles", which);
	blocks_go_from_thread_to_thread(handle, 1, 0, name, seed + 1);
	snprintf(name, sizeof(name), "%s, handles left", which);
	blocks_go_from_thread_to_thread(handle, 1, 1, name, seed + 2);
	is(detach(handle), 0, "%s: ends", which);
}

/* ------------------------------------------------ one makes, another frees */

#define BATCH 1000

static void *batch[BATCH];
static pthread_barrier_t barrier;

static void *only_free(void *arg)
{
	struct worker *worker = arg;
	struct handle own = share(worker->handle);

	for (uint64_t i = 0; i < worker->rounds; i++) {
		pthread_barrier_wait(&barrier);
		/* By a handle of its own, and by one of another thread. */
		for (int n = 0; n < BATCH; n++)
			worker->wrong += put(i % 2 ? own : worker->handle,
					     batch[n]) != 0;
		pthread_barrier_wait(&barrier);
	}
	worker->wrong += detach(own) != 0;
	return NULL;
}

static void what_another_frees_is_used_again(struct handle handle,
					     const char *which)
{
	struct worker worker = { .handle = handle,
		.rounds = test_scaled(200) };
	uint64_t wrong = 0, held = 0, most = 0;

	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&worker.thread, NULL, only_free, &worker);
	for (uint64_t i = 0; i < worker.rounds; i++) {
		for (int n = 0; n < BATCH; n++) {
			batch[n] = get(handle, SLOT);
			wrong += batch[n] == NULL;
			memset(batch[n], n, SLOT);
		}
		for (int n = 0; n < BATCH; n++)
			wrong += !is_full_of(batch[n], n, SLOT);
		if (i < 2)
			held = stats_of(handle).held;
		most = stats_of(handle).held > most ? stats_of(handle).held :
		       most;
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
	}
	pthread_join(worker.thread, NULL);
	pthread_barrier_destroy(&barrier);
	is(wrong + worker.wrong, 0, "%s: one thread makes, another frees",
	   which);
	ok(most <= held + stats_of(handle).slab_size,
	   "%s: it does not grow for it", which);
	is(stats_of(handle).blocks, 0, "%s: nothing is left", which);
	shrink(handle);
	is(stats_of(handle).held, 0, "%s: or held", which);
	ok(is_sound(handle), "%s: it is sound", which);
	is(detach(handle), 0, "%s: it ends", which);
}

/* ------------------------------------------------------- threads that come */

static void *be_short(void *arg)
{
	struct handle handle = share(*(struct handle *)arg);
	uintptr_t wrong = 0;
	void *blocks[40];

	for (size_t i = 0; i < 40; i++) {
		blocks[i] = get(handle, 1 + i * 30);
		wrong += blocks[i] == NULL;
		memset(blocks[i], (int)i, 8);
	}
	for (size_t i = 0; i < 40; i++)
		wrong += !is_full_of(blocks[i], (int)i, 8) ||
			 put(handle, blocks[i]) != 0;
	wrong += detach(handle) != 0;
	return (void *)wrong;
}

static void many_short_threads_leave_nothing(struct handle handle,
					     const char *which)
{
	uint64_t rounds = test_scaled(1000) / THREADS + 1;
	uintptr_t wrong = 0;

	for (uint64_t i = 0; i < rounds; i++) {
		pthread_t threads[THREADS];

		for (int n = 0; n < THREADS; n++)
			pthread_create(&threads[n], NULL, be_short, &handle);
		for (int n = 0; n < THREADS; n++) {
			void *result;

			pthread_join(threads[n], &result);
			wrong += (uintptr_t)result;
		}
	}
	is(wrong, 0, "%s: %d threads come and go", which,
	   (int)rounds * THREADS);
	is(stats_of(handle).handles, 1, "%s: their handles are gone", which);
	/* A slab of each class for each of those at once, and the common. */
	ok(stats_of(handle).held <= (uint64_t)stats_of(handle).slab_size * 33 *
	   (THREADS + 1), "%s: no more is held for it", which);
	ok(is_sound(handle), "%s: it is sound", which);
	shrink(handle);
	is(stats_of(handle).held, 0, "%s: and can be emptied", which);
	is(detach(handle), 0, "%s: it ends", which);
}

/* A handle goes from thread to thread, each its owner for a while. */
struct relay {
	struct handle handle;
	void *blocks[500];
	uintptr_t wrong;
};

static void *run_a_leg(void *arg)
{
	struct relay *relay = arg;

	relay->wrong += adopt(relay->handle) != 0;
	for (int i = 0; i < 500; i++) {
		if (relay->blocks[i] != NULL && i % 3 != 0) {
			relay->wrong += !is_full_of(relay->blocks[i], i, SLOT);
			relay->wrong += put(relay->handle, relay->blocks[i]) !=
					0;
			relay->blocks[i] = NULL;
		}
		if (relay->blocks[i] != NULL)
			continue;
		relay->blocks[i] = get(relay->handle, SLOT);
		if (relay->blocks[i] != NULL)
			memset(relay->blocks[i], i, SLOT);
		else
			relay->wrong++;
	}
	return NULL;
}

static void a_handle_goes_from_thread_to_thread(struct handle handle,
						const char *which)
{
	static struct relay relay;

	relay = (struct relay){ .handle = handle };
	for (int i = 0; i < 50; i++) {
		pthread_t thread;

		pthread_create(&thread, NULL, run_a_leg, &relay);
		pthread_join(thread, NULL);
	}
	is(relay.wrong, 0, "%s: a handle has one owner after the other",
	   which);
	is(stats_of(handle).blocks, 500, "%s: no block is lost", which);
	ok(is_sound(handle), "%s: it is sound", which);
	is(detach(handle), 0, "%s: it ends", which);
}

/* ---------------------------------------------------------- walks meanwhile */

static volatile int done;

static void *keep_allocating(void *arg)
{
	enum { HELD = 64 };
	struct worker *worker = arg;
	struct handle handle = worker->handle;
	unsigned char *held[HELD] = { NULL };

	if (worker->own)
		handle = share(handle);
	while (!__atomic_load_n(&done, __ATOMIC_RELAXED)) {
		size_t i = (size_t)rng_below(&worker->rng, HELD);
		size_t size = (size_t)rng_size(&worker->rng, 1, 1500);

		if (worker->handle.slab != NULL)
			size = SLOT;
		worker->wrong += held[i] != NULL &&
				 *held[i] != (unsigned char)i;
		if (held[i] != NULL)
			worker->wrong += put(handle, held[i]) != 0;
		held[i] = get(handle, size);
		worker->wrong += held[i] == NULL;
		if (held[i] != NULL)
			memset(held[i], (int)i, size);
		if (rng_below(&worker->rng, 2000) == 0)
			worker->wrong += shrink(handle) != 0;
		if (rng_below(&worker->rng, 1000) == 0) {
			struct handle brief = share(handle);
			void *block = get(brief, SLOT);

			worker->wrong += block == NULL ||
					 put(handle, block) != 0;
			worker->wrong += detach(brief) != 0;
		}
	}
	for (size_t i = 0; i < HELD; i++)
		if (held[i] != NULL)
			worker->wrong += put(handle, held[i]) != 0;
	if (worker->own)
		worker->wrong += detach(handle) != 0;
	return NULL;
}

static struct worker keepers[THREADS];

static void start_keepers(const struct handle *handles, unsigned count)
{
	__atomic_store_n(&done, 0, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < THREADS; i++) {
		keepers[i] = (struct worker){ .handle = handles[i % count],
			.own = i % 4 < 2, .rng = rng_make(7, i) };
		pthread_create(&keepers[i].thread, NULL, keep_allocating,
			       &keepers[i]);
	}
}

static uint64_t stop_keepers(void)
{
	uint64_t wrong = 0;

	__atomic_store_n(&done, 1, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(keepers[i].thread, NULL);
		wrong += keepers[i].wrong;
	}
	return wrong;
}

struct tour {
	char *steady[100];
	int told[100];
	uint64_t others;
};

static int tell_of(void *block, size_t size, void *arg)
{
	struct tour *tour = arg;

	for (int i = 0; i < 100; i++) {
		if (tour->steady[i] == block) {
			tour->told[i]++;
			return size < SLOT;
		}
	}
	tour->others++;
	return 0;
}

static void a_walk_tells_of_what_stays(struct handle handle, const char *which)
{
	static struct tour tour;
	int wrong = 0;

	for (int i = 0; i < 100; i++) {
		tour.steady[i] = get(handle, SLOT);
		memset(tour.steady[i], 's', SLOT);
	}
	start_keepers(&handle, 1);
	for (uint64_t round = test_scaled(200); round > 0; round--) {
		memset(tour.told, 0, sizeof(tour.told));
		wrong += (handle.slab != NULL ?
			  mems_slab_walk(handle.slab, tell_of, &tour) :
			  mems_depot_walk(handle.depot, tell_of, &tour)) != 0;
		for (int i = 0; i < 100; i++)
			wrong += tour.told[i] != 1;
		wrong += stats_of(handle).blocks < 100;
	}
	is(wrong, 0, "%s: a walk tells once of what stays", which);
	is(stop_keepers(), 0, "%s: while others come and go", which);
	for (int i = 0; i < 100; i++)
		wrong += !is_full_of(tour.steady[i], 's', SLOT) ||
			 put(handle, tour.steady[i]) != 0;
	is(wrong, 0, "%s: what stays is whole", which);
	is(stats_of(handle).blocks, 0, "%s: nothing is left", which);
	ok(is_sound(handle), "%s: it is sound", which);
	is(detach(handle), 0, "%s: it ends", which);
}

/* --------------------------------------------------------------------- fork */

#define INHERITED 200
#define KINDS 3

static struct handle kinds[KINDS];
static mems_space *space;
static unsigned char *inherited[INHERITED];

static void *inherit_some(void *arg)
{
	size_t first = (size_t)(uintptr_t)arg;

	for (size_t i = first; i < INHERITED; i += 2) {
		inherited[i] = get(kinds[i % KINDS], SLOT);
		memset(inherited[i], (int)i, SLOT);
	}
	return NULL;
}

static int inherited_are_whole(void)
{
	for (size_t i = 0; i < INHERITED; i++)
		if (!is_full_of(inherited[i], (int)i, SLOT))
			return 0;
	return 1;
}

/* Say what is wrong, in a child, and end it. */
static int wrong_here(const char *what)
{
	fprintf(stderr, "# in a child: %s\n", what);
	return 1;
}

/* What a child does: everything, and no more than a second or two. */
static int use_all(void)
{
	static void *blocks[900];

	for (int i = 0; i < KINDS; i++)
		if (!is_sound(kinds[i]))
			return wrong_here("not sound at the start");
	if (!inherited_are_whole())
		return wrong_here("a block is not whole");
	for (size_t i = 0; i < 900; i++) {
		blocks[i] = get(kinds[i % KINDS], 1 + i);
		if (blocks[i] == NULL)
			return wrong_here("no block");
		memset(blocks[i], 'c', i % KINDS == 2 ? 1 + i : SLOT);
	}
	if (!inherited_are_whole())
		return wrong_here("a block was overwritten");
	for (size_t i = 0; i < 900; i++)
		if (put(kinds[i % KINDS], blocks[i]) != 0)
			return wrong_here("a block of its own is not freed");
	for (size_t i = 0; i < INHERITED; i++)
		if (put(kinds[i % KINDS], inherited[i]) != 0 ||
		    put(kinds[i % KINDS], inherited[i]) != -EINVAL)
			return wrong_here("a block is not freed once");
	for (int i = 0; i < KINDS; i++) {
		struct handle other = share(kinds[i]);

		if (get(other, 100) == NULL || adopt(other) != 0 ||
		    detach(other) != 0 || shrink(kinds[i]) != 0)
			return wrong_here("a handle does not work");
		if (!is_sound(kinds[i]))
			return wrong_here("not sound at the end");
	}
	if (mems_slab_destroy(kinds[0].slab) != 0 ||
	    mems_slab_destroy(kinds[1].slab) != 0 ||
	    mems_depot_destroy(kinds[2].depot) != 0)
		return wrong_here("they do not end");
	if (mems_space_verify(space, NULL, 0) != 0)
		return wrong_here("the space is not sound");
	return 0;
}

static int fork_and_use(int forks)
{
	int right = 0;

	for (int n = 0; n < forks; n++) {
		pid_t child = fork();
		int status;

		if (child == 0)
			_exit(use_all());
		status = wait_for(child);
		if (status == 0)
			right++;
		else
			diag("child %d: status %#x", n, (unsigned)status);
	}
	return right;
}

static void *fork_here(void *arg)
{
	return (void *)(uintptr_t)fork_and_use(*(int *)arg);
}

static void both_sides_of_a_fork_go_on(int forks)
{
	pthread_t forker;
	uint64_t wrong = 0;
	void *right;

	space = space_make(0);
	kinds[0] = begin_cache(space, NULL, 0);
	kinds[1] = begin_cache(NULL, NULL, 0);
	kinds[2] = (struct handle){ .depot = depot_make(space) };
	inherit_some((void *)0);
	pthread_create(&forker, NULL, inherit_some, (void *)1);
	pthread_join(forker, NULL);
	start_keepers(kinds, KINDS);
	is(fork_and_use(forks), forks,
	   "%d children allocate, free and verify", forks);
	/* A thread that forks is the only one that its child has. */
	pthread_create(&forker, NULL, fork_here, &forks);
	pthread_join(forker, &right);
	is((uintptr_t)right, forks, "also those of another thread");
	is(stop_keepers(), 0, "the parent's threads go on");
	ok(inherited_are_whole(), "its blocks are its own");
	for (size_t i = 0; i < INHERITED; i++)
		wrong += put(kinds[i % KINDS], inherited[i]) != 0;
	for (int i = 0; i < KINDS; i++)
		wrong += stats_of(kinds[i]).blocks + !is_sound(kinds[i]) +
			 (uint64_t)(detach(kinds[i]) != 0);
	is(wrong, 0, "all is as if nothing had been");
	is(space_stats(space).used, 0, "and the space has all back");
	mems_space_destroy(space);
}

int main(void)
{
	uint64_t seed = test_seed();
	mems_space *own = space_make(0);
	mems_heap *heap = heap_make();

	all_ways_of_sharing(begin_cache(own, NULL, 0), "a cache in a space",
			    seed);
	all_ways_of_sharing(begin_cache(NULL, NULL, 0), "one in the heap",
			    seed + 10);
	all_ways_of_sharing(begin_cache(NULL, heap, 1000000),
			    "one in a heap with a cap", seed + 20);
	all_ways_of_sharing((struct handle){ .depot = depot_make(own) },
			    "a depot", seed + 30);
	what_another_frees_is_used_again(begin_cache(own, NULL, 0), "a cache");
	what_another_frees_is_used_again(begin_cache(NULL, heap, 0),
					 "one in a heap");
	what_another_frees_is_used_again(
		(struct handle){ .depot = depot_make(own) }, "a depot");
	many_short_threads_leave_nothing(begin_cache(own, NULL, 0), "a cache");
	many_short_threads_leave_nothing(
		(struct handle){ .depot = depot_make(own) }, "a depot");
	a_handle_goes_from_thread_to_thread(begin_cache(own, NULL, 0),
					    "a cache");
	a_handle_goes_from_thread_to_thread(
		(struct handle){ .depot = depot_make(own) }, "a depot");
	a_walk_tells_of_what_stays(begin_cache(own, NULL, 0), "a cache");
	a_walk_tells_of_what_stays(begin_cache(NULL, NULL, 100000),
				   "one with a cap");
	a_walk_tells_of_what_stays((struct handle){ .depot = depot_make(own) },
				   "a depot");
	is(space_stats(own).used, 0, "the space has all back");
	ok(space_is_sound(own), "and is sound");
	is(heap_stats(heap).blocks, 0, "as has the heap");
	mems_heap_destroy(heap);
	mems_space_destroy(own);
	if (CAN_FORK)
		both_sides_of_a_fork_go_on((int)test_scaled(60));
	else
		skip("there is no fork() here");
	return done_testing();
}
