/* Threads that share arenas, and fork() while they do. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <mems.h>

#include "api/arena.h"
#include "child.h"
#include "random.h"
#include "tap.h"

#define THREADS 4
#define KEPT 4000

struct block {
	unsigned char *memory;
	size_t size;
};

struct worker {
	pthread_t thread;
	mems_arena *arena;
	struct rng rng;
	uint64_t rounds, wrong;
	int number, lifetime;
	size_t count;
	struct block blocks[KEPT];
};

static struct worker workers[THREADS];

/* What a block holds tells whose it is. */
static int byte_of(const struct worker *worker, size_t i)
{
	return worker->number * 61 + (int)(i % 61);
}

static void start(mems_arena *arena, int lifetime, uint64_t rounds,
		  void *(*work)(void *), uint64_t seed)
{
	for (int i = 0; i < THREADS; i++) {
		struct worker *worker = &workers[i];

		worker->arena = arena;
		worker->rng = rng_make(seed, (uint64_t)i);
		worker->rounds = rounds;
		worker->wrong = 0;
		worker->number = i;
		worker->lifetime = lifetime;
		worker->count = 0;
		pthread_create(&worker->thread, NULL, work, worker);
	}
}

static uint64_t finish(void)
{
	uint64_t wrong = 0;

	for (int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		wrong += workers[i].wrong;
	}
	return wrong;
}

static int is_whole(const struct worker *worker, size_t i)
{
	return is_full_of(worker->blocks[i].memory, byte_of(worker, i),
			  worker->blocks[i].size);
}

/* A block by one of the calls that make one. */
static int make(struct worker *worker, size_t i)
{
	size_t size = (size_t)rng_size(&worker->rng, 1, 600), align = 16;
	unsigned char *block;

	if (rng_below(&worker->rng, 100) == 0)
		size = (size_t)rng_size(&worker->rng, 1000, 20000);
	switch (rng_below(&worker->rng, 5)) {
	case 0:
		block = mems_arena_calloc(worker->arena, 1, size);
		if (block != NULL && !is_full_of(block, 0, size))
			return 0;
		break;
	case 1:
		align = (size_t)1 << rng_below(&worker->rng, 10);
		block = mems_arena_aligned_alloc(worker->arena, align, size);
		break;
	case 2:
		block = mems_arena_alloc_inline(worker->arena, size);
		break;
	default:
		block = mems_arena_alloc(worker->arena, size);
		break;
	}
	if (block == NULL || !is_aligned(block, align))
		return 0;
	memset(block, byte_of(worker, i), size);
	worker->blocks[i] = (struct block){ block, size };
	return 1;
}

/* All calls that may be made while others make them. */
static void look(struct worker *worker, size_t i)
{
	struct mems_arena_stats stats = { .size = sizeof(stats) };
	unsigned char *block = worker->blocks[i].memory;
	mems_arena_ref ref = mems_arena_refer(worker->arena, block);

	worker->wrong += mems_arena_find(worker->arena, ref) != block;
	worker->wrong += mems_arena_contains(worker->arena, block) != 1;
	worker->wrong += mems_arena_contains(worker->arena, worker) != 0;
	if (rng_below(&worker->rng, 200) > 0)
		return;
	worker->wrong += mems_arena_stats(worker->arena, &stats) != 0 ||
			 stats.chunks == 0;
	worker->wrong += !arena_is_sound(worker->arena);
}

static void *allocate(void *arg)
{
	struct worker *worker = arg;

	for (uint64_t round = 0; round < worker->rounds; round++) {
		size_t i = (size_t)round % KEPT;

		if (worker->count == KEPT) {
			worker->wrong += !is_whole(worker, i);
			if (worker->lifetime != MEMS_TRANSIENT)
				worker->wrong += mems_arena_free(worker->arena,
						worker->blocks[i].memory) != 0;
		}
		if (!make(worker, i)) {
			worker->wrong++;
			break;
		}
		if (worker->count < KEPT)
			worker->count++;
		if (rng_below(&worker->rng, 50) == 0)
			look(worker, i);
	}
	return NULL;
}

static void *only_allocate(void *arg)
{
	struct worker *worker = arg;

	for (uint64_t i = 0; i < worker->rounds && i < KEPT; i++) {
		if (!make(worker, (size_t)i)) {
			worker->wrong++;
			break;
		}
		worker->count++;
	}
	return NULL;
}

static int by_address(const void *a, const void *b)
{
	const struct block *x = a, *y = b;

	return x->memory < y->memory ? -1 : x->memory > y->memory;
}

/* What all threads still have: whole, and no two meet. */
static int blocks_lie_apart(void)
{
	static struct block all[THREADS * KEPT];
	size_t count = 0;

	for (int i = 0; i < THREADS; i++) {
		for (size_t n = 0; n < workers[i].count; n++) {
			if (!is_whole(&workers[i], n))
				return 0;
			all[count++] = workers[i].blocks[n];
		}
	}
	qsort(all, count, sizeof(*all), by_address);
	for (size_t i = 1; i < count; i++)
		if (all[i - 1].memory + all[i - 1].size > all[i].memory)
			return 0;
	return count > 0;
}

static void threads_share_an_arena(const struct place *place, int lifetime,
				   uint64_t seed)
{
	struct mems_arena_options options = options_of(place, lifetime);
	const char *name = lifetime_names[lifetime];
	uint64_t before = place_used(place);
	mems_arena *arena;

	options.flags = MEMS_ARENA_SHARED;
	arena = arena_make(&options);
	start(arena, lifetime, test_scaled(10000), allocate, seed);
	is(finish(), 0, "%s in %s: %d threads get what they ask for", name,
	   place->name, THREADS);
	ok(blocks_lie_apart(), "%s in %s: no two blocks meet", name,
	   place->name);
	ok(arena_is_sound(arena), "%s in %s: the arena is sound", name,
	   place->name);
	is(mems_arena_reset(arena), 0, "%s in %s: when they are done it is "
	   "reset", name, place->name);
	is(arena_stats(arena).used, 0, "%s in %s: and empty", name,
	   place->name);
	start(arena, lifetime, test_scaled(1000), only_allocate, seed + 1);
	is(finish(), 0, "%s in %s: and used again", name, place->name);
	ok(blocks_lie_apart(), "%s in %s: by blocks that lie apart", name,
	   place->name);
	mems_arena_destroy(arena);
	is(place_used(place), before, "%s in %s: nothing is left", name,
	   place->name);
	ok(place_is_sound(place), "%s in %s: which is sound", name,
	   place->name);
}

/* --------------------------------------------------------------------- caps */

static void *fill_up(void *arg)
{
	struct worker *worker = arg;
	void *block;

	errno = 0;
	while ((block = mems_arena_alloc(worker->arena, 16)) != NULL) {
		memset(block, worker->number, 16);
		worker->count++;
	}
	worker->wrong += errno != ENOMEM;
	return NULL;
}

static void threads_share_a_cap(const struct place *place, int lifetime)
{
	struct mems_arena_options options = options_of(place, lifetime);
	const char *name = lifetime_names[lifetime];
	mems_arena *arena;
	size_t count = 0;

	options.flags = MEMS_ARENA_SHARED;
	options.cap = 1 << 20;
	arena = arena_make(&options);
	start(arena, lifetime, 0, fill_up, 0);
	is(finish(), 0, "%s in %s: threads fill an arena with a cap", name,
	   place->name);
	for (int i = 0; i < THREADS; i++)
		count += workers[i].count;
	is(count, (1 << 20) / 16, "%s in %s: together they have all of it",
	   name, place->name);
	ok(arena_is_sound(arena), "%s in %s: the full arena is sound", name,
	   place->name);
	mems_arena_destroy(arena);
}

/* ---------------------------------------------------- cleanups and children */

static uint32_t called;

static void count_call(void *arg)
{
	(void)arg;
	__atomic_add_fetch(&called, 1, __ATOMIC_RELAXED);
}

static void *set_and_make(void *arg)
{
	struct worker *worker = arg;
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;

	options.parent = worker->arena;
	for (uint64_t i = 0; i < worker->rounds; i++) {
		mems_arena *child;

		options.lifetime = (uint32_t)(i % LIFETIMES);
		worker->wrong += mems_arena_cleanup(worker->arena, count_call,
						    NULL) != 0;
		child = mems_arena_create(&options);
		worker->wrong += child == NULL ||
				 mems_arena_alloc(child, 100) == NULL ||
				 mems_arena_cleanup(child, count_call,
						    NULL) != 0;
		/* Others stay, until their parent ends. */
		if (i % 2 == 0)
			worker->wrong += mems_arena_destroy(child) != 0;
	}
	return NULL;
}

static void threads_set_cleanups_and_make_children(const struct place *place)
{
	struct mems_arena_options options = options_of(place, MEMS_TRANSIENT);
	uint64_t before = place_used(place), rounds = test_scaled(300);
	mems_arena *arena;

	options.flags = MEMS_ARENA_SHARED;
	arena = arena_make(&options);
	called = 0;
	start(arena, MEMS_TRANSIENT, rounds, set_and_make, 0);
	is(finish(), 0, "%s: threads set cleanups and make children",
	   place->name);
	ok(arena_is_sound(arena), "%s: their parent is sound", place->name);
	mems_arena_destroy(arena);
	is(called, THREADS * rounds * 2, "%s: each is called once",
	   place->name);
	is(place_used(place), before, "%s: nothing is left", place->name);
}

/* ------------------------------------------------ the arenas of the process */

static pthread_barrier_t barrier;
static mems_arena *seen[THREADS][LIFETIMES];

static void *ask_for_common(void *arg)
{
	int number = (int)(uintptr_t)arg;

	pthread_barrier_wait(&barrier);
	for (int i = 0; i < LIFETIMES; i++)
		seen[number][i] = mems_arena_common(i);
	return NULL;
}

/* Run first: later they are there already. */
static void all_threads_get_the_same(void)
{
	pthread_t threads[THREADS];
	int same = 1;

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, ask_for_common, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	for (int i = 0; i < THREADS * LIFETIMES; i++)
		same &= seen[i / LIFETIMES][i % LIFETIMES] != NULL &&
			seen[i / LIFETIMES][i % LIFETIMES] ==
			seen[0][i % LIFETIMES];
	ok(same, "threads that ask at once get the same common arenas");
}

static void the_common_ones_are_shared(uint64_t seed)
{
	for (int i = 0; i < LIFETIMES; i++) {
		mems_arena *arena = mems_arena_common(i);

		start(arena, i, test_scaled(6000), allocate, seed);
		is(finish(), 0, "the common %s arena: any thread uses it",
		   lifetime_names[i]);
		ok(blocks_lie_apart() && arena_is_sound(arena),
		   "the common %s arena: no two blocks meet",
		   lifetime_names[i]);
		mems_arena_reset(arena);
		is(arena_stats(arena).used, 0, "the common %s arena: it can be "
		   "emptied", lifetime_names[i]);
	}
}

/* --------------------------------------------------------------------- fork */

#define SHARED (2 * LIFETIMES)
#define INHERITED 100
#define UNFREED 100000

static mems_arena *shared[SHARED];
static unsigned char *inherited[SHARED][INHERITED];
static struct place in_space;
static int done;

/* Blocks, arenas, cleanups: every lock is held now and then. */
static void *keep_allocating(void *arg)
{
	struct rng rng = rng_make((uintptr_t)arg, 1);
	uintptr_t wrong = 0;
	uint64_t unfreed = 0;

	while (!__atomic_load_n(&done, __ATOMIC_RELAXED)) {
		int n = (int)rng_below(&rng, SHARED);
		size_t size = (size_t)rng_size(&rng, 1, 300);
		unsigned char *block;

		/* Where nothing is freed there is an end to it. */
		if (n % LIFETIMES != MEMS_INTERMEDIATE && unfreed++ >= UNFREED)
			n += MEMS_INTERMEDIATE - n % LIFETIMES;
		block = mems_arena_alloc(shared[n], size);
		wrong += block == NULL;
		if (block == NULL)
			break;
		memset(block, n, size);
		if (n % LIFETIMES == MEMS_INTERMEDIATE)
			wrong += mems_arena_free(shared[n], block) != 0;
		if (rng_below(&rng, 100) == 0) {
			struct mems_arena_options options;
			mems_arena *brief;

			options = options_of(n < LIFETIMES ? NULL : &in_space,
					     n % LIFETIMES);
			brief = mems_arena_create(&options);
			wrong += mems_arena_alloc(brief, 100) == NULL ||
				 mems_arena_cleanup(brief, count_call,
						    NULL) != 0 ||
				 mems_arena_destroy(brief) != 0;
		}
	}
	return (void *)wrong;
}

static int inherited_are_whole(void)
{
	for (int n = 0; n < SHARED; n++)
		for (size_t i = 0; i < INHERITED; i++)
			if (!is_full_of(inherited[n][i], n * 40 + (int)i,
					1 + i * 20))
				return 0;
	return 1;
}

/* Say what is wrong, in a child, and end it. */
static int wrong(const char *what, int n)
{
	char report[200] = "";

	mems_arena_verify(shared[n], report, sizeof(report));
	fprintf(stderr, "# in a child: arena %d: %s %s\n", n, what, report);
	return 1;
}

static int use_all(void)
{
	for (int n = 0; n < SHARED; n++) {
		mems_arena *arena = shared[n];

		if (mems_arena_verify(arena, NULL, 0) != 0)
			return wrong("at the start:", n);
		for (size_t i = 0; i < 300; i++) {
			unsigned char *block = mems_arena_alloc(arena,
								1 + i * 10);

			if (block == NULL)
				return wrong("no block", n);
			memset(block, 'c', 1 + i * 10);
		}
		if (!inherited_are_whole())
			return wrong("a block is not whole", n);
		for (size_t i = 0; i < INHERITED; i += 2)
			if (mems_arena_free(arena, inherited[n][i]) != 0)
				return wrong("a block is not freed", n);
		if (mems_arena_verify(arena, NULL, 0) != 0)
			return wrong("at the end:", n);
		if (mems_arena_reset(arena) != 0 ||
		    arena_stats(arena).used != 0)
			return wrong("it is not reset", n);
		if (n >= LIFETIMES && mems_arena_destroy(arena) != 0)
			return wrong("it does not end", n);
		/* Its blocks are gone. */
		for (size_t i = 0; i < INHERITED; i++) {
			inherited[n][i] = (unsigned char *)malloc(1 + i * 20);
			memset(inherited[n][i], n * 40 + (int)i, 1 + i * 20);
		}
	}
	return 0;
}

static void make_shared(void)
{
	for (int n = 0; n < SHARED; n++) {
		struct mems_arena_options options;

		options = options_of(&in_space, n % LIFETIMES);
		options.flags = MEMS_ARENA_SHARED;
		shared[n] = n < LIFETIMES ? mems_arena_common(n) :
					    arena_make(&options);
		for (size_t i = 0; i < INHERITED; i++) {
			inherited[n][i] = mems_arena_alloc(shared[n],
							   1 + i * 20);
			memset(inherited[n][i], n * 40 + (int)i, 1 + i * 20);
		}
	}
}

static void both_sides_go_on(int forks)
{
	pthread_t threads[THREADS];
	uintptr_t found = 0;
	int right = 0, sound = 1;

	in_space = (struct place){ "a space", space_make((uint64_t)1 << 30),
				   NULL };
	make_shared();
	done = 0;
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, keep_allocating, (void *)i);
	for (int n = 0; n < forks; n++) {
		pid_t child = fork();
		int status;

		if (child == 0)
			_exit(use_all());
		status = wait_for(child);
		if (status != 0)
			diag("child %d: status %#x", n, (unsigned)status);
		right += status == 0;
	}
	__atomic_store_n(&done, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < THREADS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		found += (uintptr_t)result;
	}
	is(right, forks, "%d children use the arenas they inherit", forks);
	is(found, 0, "the parent's threads go on");
	ok(inherited_are_whole(), "its blocks are its own");
	for (int n = 0; n < SHARED; n++) {
		sound &= arena_is_sound(shared[n]);
		if (n < LIFETIMES)
			mems_arena_reset(shared[n]);
		else
			mems_arena_destroy(shared[n]);
	}
	ok(sound, "its arenas are sound");
	is(space_stats(in_space.space).used, 0, "and leave nothing");
	mems_space_destroy(in_space.space);
}

int main(void)
{
	int fork_is_sound = children_make_threads();
	uint64_t seed = test_seed();
	struct place places[PLACES];

	all_threads_get_the_same();
	places_make(places);
	for (int i = 0; i < PLACES; i++) {
		for (int n = 0; n < LIFETIMES; n++) {
			threads_share_an_arena(&places[i], n, seed);
			threads_share_a_cap(&places[i], n);
		}
		threads_set_cleanups_and_make_children(&places[i]);
	}
	places_end(places);
	the_common_ones_are_shared(seed);
	if (fork_is_sound)
		both_sides_go_on((int)test_scaled(60));
	else
		skip("there is no fork(), or a child cannot make threads");
	return done_testing();
}
