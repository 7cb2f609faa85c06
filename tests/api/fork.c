/* fork() while other threads allocate: both processes go on. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mems.h>

#include "api/space.h"
#include "child.h"
#include "random.h"
#include "tap.h"

#define THREADS 3
#define SPACES 4

static mems_space *spaces[SPACES];
static volatile int done;

static void *keep_allocating(void *arg)
{
	struct rng rng = rng_make((uintptr_t)arg, 1);
	mems_va held[32] = { 0 };
	mems_space *space = spaces[(uintptr_t)arg % SPACES];
	mems_space *short_lived;
	uintptr_t wrong = 0;

	while (!__atomic_load_n(&done, __ATOMIC_RELAXED)) {
		size_t i = (size_t)rng_below(&rng, 32);

		wrong += mems_space_free(space, held[i]) != 0;
		held[i] = mems_space_alloc(space, 1 + (size_t)
					   rng_below(&rng, 5000));
		wrong += held[i] == MEMS_VA_NONE;
		if (held[i] != MEMS_VA_NONE)
			memset(mems_space_get(space, held[i]), 1, 1);
		mems_free(mems_malloc(100));
		if (i == 0) {
			short_lived = space_make(1 << 20);
			wrong += mems_space_destroy(short_lived) != 0;
		}
	}
	for (size_t i = 0; i < 32; i++)
		wrong += mems_space_free(space, held[i]) != 0;
	return (void *)wrong;
}

/* What a child does: everything, and no more than a second or two. */
static int use_all(int value)
{
	for (int i = 0; i < SPACES; i++) {
		int *kept = mems_space_get(spaces[i], MEMS_VA_FIRST);
		mems_va va = mems_space_alloc(spaces[i], 10000);

		if (*kept != value || va == MEMS_VA_NONE)
			return 1;
		memset(mems_space_get(spaces[i], va), 'c', 10000);
		if (mems_space_free(spaces[i], va) != 0)
			return 2;
		if (mems_space_verify(spaces[i], NULL, 0) != 0)
			return 3;
		*kept = -1;
	}
	if (mems_get(mems_malloc(10)) == NULL)
		return 4;
	if (mems_space_destroy(space_make(1 << 20)) != 0)
		return 5;
	return mems_space_destroy(spaces[0]) == 0 ? 0 : 6;
}

static void both_sides_go_on(int forks)
{
	pthread_t threads[THREADS];
	uintptr_t wrong = 0;
	int right = 0;

	for (int i = 0; i < SPACES; i++) {
		spaces[i] = space_make(16 << 20);
		if (mems_space_alloc(spaces[i], 100) != MEMS_VA_FIRST)
			wrong++;
	}
	mems_init();
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, keep_allocating, (void *)i);
	for (int n = 0; n < forks; n++) {
		pid_t child;
		int status;

		for (int i = 0; i < SPACES; i++)
			*(int *)mems_space_get(spaces[i], MEMS_VA_FIRST) = n;
		child = fork();
		if (child == 0)
			_exit(use_all(n));
		status = wait_for(child);
		if (status != 0) {
			diag("child %d: status %#x", n, (unsigned)status);
			break;
		}
		right++;
		for (int i = 0; i < SPACES; i++)
			wrong += *(int *)mems_space_get(spaces[i],
							MEMS_VA_FIRST) != n;
	}
	__atomic_store_n(&done, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < THREADS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		wrong += (uintptr_t)result;
	}
	is(right, forks, "%d children allocate, free and verify", forks);
	is(wrong, 0, "the parent's threads go on, and its blocks are its own");
	for (int i = 0; i < SPACES; i++) {
		ok(space_is_sound(spaces[i]), "space %d is sound", i);
		is(space_stats(spaces[i]).blocks, 1, "and has its one block");
		mems_space_destroy(spaces[i]);
	}
	mems_finish();
}

/* A child may fork again, and start threads of its own. */
static void a_child_is_a_process_like_any(void)
{
	pid_t child;

	spaces[0] = space_make(16 << 20);
	child = fork();
	if (child == 0) {
		pthread_t thread;
		void *result;
		pid_t grandchild;

		for (int i = 1; i < SPACES; i++)
			spaces[i] = spaces[0];
		done = 0;
		pthread_create(&thread, NULL, keep_allocating, NULL);
		grandchild = fork();
		if (grandchild == 0)
			_exit(mems_space_alloc(spaces[0], 10) ==
			      MEMS_VA_NONE);
		if (wait_for(grandchild) != 0)
			_exit(1);
		__atomic_store_n(&done, 1, __ATOMIC_RELAXED);
		pthread_join(thread, &result);
		_exit(result != NULL);
	}
	is(wait_for(child), 0, "a child starts threads and forks again");
	mems_space_destroy(spaces[0]);
}

#ifdef MADV_DONTFORK

#define LEFT_OUT ((size_t)4 << 20)
#define NOT_LEFT_OUT 77

/* An owner of slots in another thread, at any point when the fork comes. */
static void *keep_owning(void *arg)
{
	mems_depot *depot = arg;
	void *block = mems_depot_alloc(depot, 40);

	__atomic_store_n(&done, 2, __ATOMIC_RELEASE);
	while (__atomic_load_n(&done, __ATOMIC_RELAXED) != 1) {
		mems_depot_free(depot, block);
		block = mems_depot_alloc(depot, 40);
	}
	return block;
}

static int refuses(const void *answer)
{
	return answer == NULL && errno == EINVAL;
}

/* Its memory is not in the child: what lay there has ended, and no more. */
static void a_space_may_be_left_out(void)
{
	void *memory = mmap(NULL, LEFT_OUT, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct mems_space_options options = MEMS_SPACE_OPTIONS;
	struct mems_arena_options where = MEMS_ARENA_OPTIONS;
	mems_space *space, *other = space_make(1 << 20);
	mems_depot *depot, *theirs;
	mems_arena *arena;
	pthread_t thread;
	pid_t child;
	void *block;
	int status;

	options.memory = memory;
	options.memory_size = LEFT_OUT;
	space = mems_space_create(&options);
	where.space = space;
	arena = mems_arena_create(&where);
	depot = mems_depot_create(space);
	theirs = mems_depot_share(depot);
	done = 0;
	pthread_create(&thread, NULL, keep_owning, theirs);
	while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) != 2)
		continue;
	madvise(memory, LEFT_OUT, MADV_DONTFORK);
	child = fork();
	if (child == 0 && msync(memory, 1, MS_ASYNC) == 0)
		_exit(NOT_LEFT_OUT);
	if (child == 0)
		_exit(mems_space_alloc(space, 1) != MEMS_VA_NONE ||
		      mems_space_get(space, MEMS_VA_FIRST) != NULL ||
		      !refuses(mems_depot_alloc(depot, 40)) ||
		      !refuses(mems_depot_alloc(theirs, 40)) ||
		      !refuses(mems_arena_alloc(arena, 40)) ||
		      mems_space_alloc(other, 1) != MEMS_VA_FIRST);
	status = wait_for(child);
	if (status >= 0 && WIFEXITED(status) &&
	    WEXITSTATUS(status) == NOT_LEFT_OUT)
		skip("this system, or what takes its place, leaves nothing out");
	else
		is(status, 0, "a child without the memory of a space");
	__atomic_store_n(&done, 1, __ATOMIC_RELAXED);
	pthread_join(thread, &block);
	ok(block != NULL && mems_arena_alloc(arena, 40) != NULL &&
	   space_is_sound(space), "does its parent no harm");
	mems_space_destroy(other);
	mems_space_destroy(space);
	munmap(memory, LEFT_OUT);
}

#endif

int main(void)
{
	test_seed();
	both_sides_go_on((int)test_scaled(200));
	a_child_is_a_process_like_any();
#ifdef MADV_DONTFORK
	a_space_may_be_left_out();
#endif
	return done_testing();
}
