/* fork() while threads use heaps: both processes go on. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <mems.h>

#include "api/heap.h"
#include "child.h"
#include "random.h"
#include "tap.h"

#define THREADS 3
#define INHERITED 300

static mems_heap *own;
static volatile int done;

/* What children find: blocks of the main thread and of others. */
static unsigned char *inherited[INHERITED];
static size_t inherited_size[INHERITED];

static mems_heap *heap_for(uint64_t number)
{
	return number % 2 == 0 ? NULL : own;
}

static void *keep_allocating(void *arg)
{
	enum { HELD = 64 };
	struct rng rng = rng_make((uintptr_t)arg, 1);
	unsigned char *held[HELD] = { NULL };
	uintptr_t wrong = 0;

	while (!__atomic_load_n(&done, __ATOMIC_RELAXED)) {
		size_t i = (size_t)rng_below(&rng, HELD);
		size_t size = (size_t)rng_size(&rng, 1, 5000);

		if (i == 0)
			size = 100000;
		wrong += held[i] != NULL && *held[i] != (unsigned char)i;
		mems_heap_free(held[i]);
		held[i] = mems_heap_alloc(heap_for(i), size);
		wrong += held[i] == NULL;
		/* Full, so that what is free later looks like anything. */
		if (held[i] != NULL)
			memset(held[i], (int)i, size);
		if (rng_below(&rng, 1000) == 0) {
			mems_heap *brief = mems_heap_create(NULL);

			wrong += mems_heap_alloc(brief, 100) == NULL;
			wrong += mems_heap_destroy(brief) != 0;
		}
	}
	for (size_t i = 0; i < HELD; i++)
		mems_heap_free(held[i]);
	return (void *)wrong;
}

static void *make_some(void *arg)
{
	size_t first = (size_t)(uintptr_t)arg;

	for (size_t i = first; i < INHERITED; i += 2) {
		inherited_size[i] = 1 + i * i;
		inherited[i] = mems_heap_alloc(heap_for(i / 2),
					       inherited_size[i]);
		memset(inherited[i], (int)i, inherited_size[i]);
	}
	return NULL;
}

static int inherited_are_whole(void)
{
	for (size_t i = 0; i < INHERITED; i++)
		if (!is_full_of(inherited[i], (int)i, inherited_size[i]))
			return 0;
	return 1;
}

/* Say what is wrong, in a child, and end it. */
static int wrong(const char *what, mems_heap *heap)
{
	char report[200] = "";

	mems_heap_verify(heap, report, sizeof(report));
	fprintf(stderr, "# in a child: %s %s\n", what, report);
	return 1;
}

/* What a child does: everything, and no more than a second or two. */
static int use_all(void)
{
	void *blocks[500];

	if (mems_heap_verify(NULL, NULL, 0) != 0)
		return wrong("default heap at the start:", NULL);
	if (mems_heap_verify(own, NULL, 0) != 0)
		return wrong("heap at the start:", own);
	if (!inherited_are_whole())
		return wrong("a block is not whole", NULL);
	for (size_t i = 0; i < 500; i++) {
		size_t size = i % 50 == 0 ? 200000 : i * i % 4000;

		blocks[i] = mems_heap_calloc(heap_for(i), 1, size);
		if (blocks[i] == NULL || !is_full_of(blocks[i], 0, size))
			return wrong("no block", NULL);
		memset(blocks[i], 'c', size);
	}
	if (!inherited_are_whole())
		return wrong("a block was overwritten", NULL);
	for (size_t i = 0; i < INHERITED; i++)
		mems_heap_free(inherited[i]);
	mems_heap_free_batch(blocks, 500);
	if (mems_heap_collect(NULL) != 0 || mems_heap_trim(own, NULL) != 0)
		return wrong("no trim", NULL);
	if (mems_heap_verify(NULL, NULL, 0) != 0)
		return wrong("default heap at the end:", NULL);
	if (mems_heap_verify(own, NULL, 0) != 0)
		return wrong("heap at the end:", own);
	if (mems_heap_destroy(own) != 0)
		return wrong("the heap does not end", NULL);
	return 0;
}

static uintptr_t stop(pthread_t *threads)
{
	uintptr_t found = 0;

	__atomic_store_n(&done, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < THREADS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		found += (uintptr_t)result;
	}
	return found;
}

static void both_sides_go_on(int forks)
{
	pthread_t threads[THREADS], maker;
	int right = 0;

	own = heap_make();
	make_some((void *)0);
	pthread_create(&maker, NULL, make_some, (void *)1);
	pthread_join(maker, NULL);
	done = 0;
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, keep_allocating, (void *)i);
	for (int n = 0; n < forks; n++) {
		pid_t child = fork();
		int status;

		if (child == 0)
			_exit(use_all());
		status = wait_for(child);
		if (status != 0) {
			diag("child %d: status %#x", n, (unsigned)status);
			continue;
		}
		right++;
	}
	is(right, forks, "%d children allocate, free and verify", forks);
	is(stop(threads), 0, "the parent's threads go on");
	ok(inherited_are_whole(), "its blocks are its own");
	for (size_t i = 0; i < INHERITED; i++)
		mems_heap_free(inherited[i]);
	is(heap_stats(own).blocks, 0, "nothing is left in a heap");
	is(heap_stats(NULL).blocks, 0, "nor in the default one");
	ok(heap_is_sound(own) && heap_is_sound(NULL), "both are sound");
	mems_heap_destroy(own);
}

/* A thread that forks is the only one that its child has. */
static void *fork_here(void *arg)
{
	uintptr_t right = 0;

	make_some((void *)1);
	for (int i = 0; i < *(int *)arg; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(use_all());
		right += wait_for(child) == 0;
	}
	return (void *)right;
}

static void any_thread_may_fork(int forks)
{
	pthread_t threads[THREADS], forker;
	void *result;
	uintptr_t right;

	own = heap_make();
	make_some((void *)0);
	done = 0;
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, keep_allocating, (void *)i);
	pthread_create(&forker, NULL, fork_here, &forks);
	pthread_join(forker, &result);
	right = (uintptr_t)result;
	is(right, forks, "%d children of a thread are right", forks);
	is(stop(threads), 0, "the others go on");
	for (size_t i = 0; i < INHERITED; i++)
		mems_heap_free(inherited[i]);
	ok(heap_is_sound(own) && heap_is_sound(NULL), "both heaps are sound");
	mems_heap_destroy(own);
}

/* A child may fork again, and start threads of its own. */
static void a_child_is_a_process_like_any(void)
{
	pid_t child;

	own = heap_make();
	child = fork();
	if (child == 0) {
		pthread_t threads[THREADS];
		pid_t grandchild;

		done = 0;
		for (uintptr_t i = 0; i < THREADS; i++)
			pthread_create(&threads[i], NULL, keep_allocating,
				       (void *)i);
		grandchild = fork();
		if (grandchild == 0)
			_exit(mems_heap_alloc(own, 10) == NULL ||
			      mems_heap_verify(own, NULL, 0) != 0);
		if (wait_for(grandchild) != 0)
			_exit(1);
		_exit(stop(threads) != 0 || !heap_is_sound(own));
	}
	is(wait_for(child), 0, "a child starts threads and forks again");
	mems_heap_destroy(own);
}

int main(void)
{
	if (!children_make_threads()) {
		puts("1..0 # SKIP a child cannot make threads here");
		return 0;
	}
	test_seed();
	both_sides_go_on((int)test_scaled(120));
	any_thread_may_fork((int)test_scaled(60));
	a_child_is_a_process_like_any();
	return done_testing();
}
