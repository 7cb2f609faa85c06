/*
 * Every call to the system fails in turn: the n-th, for every n, once alone
 * and once with all that follow. An arena that cannot be had or cannot grow is
 * an ENOMEM, loses nothing, and goes on when the system does.
 */
#include <config.h>

#include "os/pages.h"

#include "random.h"
#include "tap.h"
#include "unit/refusals.h"

#include <mems.h>

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCKS 60

static int cleanups;

static void count_cleanup(void *arg)
{
	(void)arg;
	cleanups++;
}

/* True if there is one, or there is no memory for it. */
static bool is_right(const void *block)
{
	return block != NULL || errno == ENOMEM || broken("no ENOMEM");
}

static bool fill(mems_arena *arena)
{
	static char *blocks[BLOCKS];
	static char text[3000];
	size_t size;
	int set = 0;

	memset(text, 'x', sizeof(text) - 1);
	for (int i = 0; i < BLOCKS; i++) {
		size = (size_t)20 << i % 14;
		errno = 0;
		switch (i % 4) {
		case 0:
			blocks[i] = mems_arena_alloc(arena, size);
			break;
		case 1:
			blocks[i] = mems_arena_calloc(arena, 1, size);
			break;
		case 2:
			size = sizeof(text);
			blocks[i] = mems_arena_strdup(arena, text);
			break;
		default:
			size = sizeof(text);
			blocks[i] = mems_arena_printf(arena, "%s", text);
			break;
		}
		if (!is_right(blocks[i]))
			return false;
		if (blocks[i] != NULL)
			memset(blocks[i], i, size);
		set += mems_arena_cleanup(arena, count_cleanup, NULL) == 0;
	}
	for (int i = 0; i < BLOCKS; i++) {
		size = i % 4 < 2 ? (size_t)20 << i % 14 : sizeof(text);
		if (blocks[i] != NULL && (blocks[i][0] != i ||
		    memcmp(blocks[i], blocks[i] + 1, size - 1) != 0))
			return broken("a block was overwritten");
	}
	if (mems_arena_verify(arena, NULL, 0) != 0)
		return broken("verify");
	cleanups = 0;
	if (mems_arena_reset(arena) != 0 || cleanups != set)
		return broken("not every cleanup was called");
	return mems_arena_verify(arena, NULL, 0) == 0 || broken("verify");
}

/* All kinds of arenas, and a child of each. */
static bool work(void)
{
	for (uint32_t kind = 0; kind < 6; kind++) {
		struct mems_arena_options options = MEMS_ARENA_OPTIONS;
		mems_arena *arena, *child;

		options.lifetime = kind % 3;
		options.flags = kind < 3 ? 0 : MEMS_ARENA_SHARED;
		errno = 0;
		arena = mems_arena_create(&options);
		if (!is_right(arena))
			return false;
		if (arena == NULL)
			continue;
		options.parent = arena;
		errno = 0;
		child = mems_arena_create(&options);
		if (!is_right(child) || (child != NULL && !fill(child)) ||
		    !fill(arena))
			return false;
		if (mems_arena_destroy(arena) != 0)
			return broken("it does not end");
	}
	for (int lifetime = 0; lifetime < 3; lifetime++) {
		errno = 0;
		if (!is_right(mems_arena_common(lifetime)))
			return false;
	}
	return true;
}

static bool run(void)
{
	bool right;

	calls = 0;
	mems__pages_may = may;
	right = work();
	mems__pages_may = NULL;
	/* The system recovers. */
	if (!right || !work())
		return false;
	for (int lifetime = 0; lifetime < 3; lifetime++)
		if (mems_arena_common(lifetime) == NULL)
			return broken("it does not recover");
	return mems_heap_verify(NULL, NULL, 0) == 0;
}

/* In a process that never had an arena, so that every growth is a first. */
static int in_a_child(long *asked)
{
	int ends[2], status = -1;
	pid_t child;

	fflush(stdout);
	if (pipe(ends) != 0)
		return -1;
	child = fork();
	if (child == 0) {
		bool right = run();

		if (write(ends[1], &calls, sizeof(calls)) < 0)
			_exit(2);
		_exit(right ? 0 : 1);
	}
	close(ends[1]);
	if (read(ends[0], asked, sizeof(*asked)) < 0)
		*asked = 0;
	close(ends[0]);
	waitpid(child, &status, 0);
	return status;
}

int main(void)
{
	long most = 0, step;

	fail_from = fail_to = 0;
	is(in_a_child(&most), 0, "it works when nothing fails");
	ok(most > 5, "and asks the system %ld times", most);
	step = test_scaled(100) < 100 ? most / 10 + 1 : 1;
	for (int lasting = 0; lasting <= 1; lasting++) {
		long wrong = 0, asked;

		for (long i = 1; i <= most; i += step) {
			fail_from = i;
			fail_to = lasting ? most * 1000 : i;
			wrong += in_a_child(&asked) != 0;
		}
		is(wrong, 0, "it survives %s", lasting ?
		   "all from the n-th on failing" : "the n-th failing");
	}
	return done_testing();
}
