/*
 * Every call to the system fails in turn: the n-th, for every n, once alone
 * and once with all that follow. A heap that cannot grow then answers ENOMEM,
 * loses nothing, and goes on when the system does.
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

#define BLOCKS 45

static bool is_sound(mems_heap *heap)
{
	char report[100] = "";

	if (mems_heap_verify(heap, report, sizeof(report)) == 0)
		return true;
	return broken(report);
}

static struct mems_heap_stats stats_of(mems_heap *heap)
{
	struct mems_heap_stats stats = { .size = sizeof(stats) };

	mems_heap_stats(heap, &stats);
	return stats;
}

static bool is_full_of(const unsigned char *block, int byte, size_t size)
{
	return block[0] == (unsigned char)byte &&
	       memcmp(block, block + 1, size - 1) == 0;
}

/* A block by one of all the ways there are. */
static unsigned char *make(mems_heap *heap, int way, size_t size)
{
	switch (way % 4) {
	case 0:
		return mems_heap_alloc(heap, size);
	case 1:
		return mems_heap_calloc(heap, size, 1);
	case 2:
		return mems_heap_aligned_alloc(heap, (size_t)16 << way % 14,
					       size);
	default:
		return mems_heap_realloc(heap, NULL, size);
	}
}

static bool work(mems_heap *heap)
{
	unsigned char *blocks[BLOCKS];
	size_t sizes[BLOCKS];

	for (int i = 0; i < BLOCKS; i++) {
		struct mems_heap_stats before = stats_of(heap), after;

		sizes[i] = (size_t)10 << i % 15;
		errno = 0;
		blocks[i] = make(heap, i, sizes[i]);
		if (blocks[i] != NULL) {
			if (i % 4 == 1 && !is_full_of(blocks[i], 0, sizes[i]))
				return broken("calloc is not zero");
			memset(blocks[i], i, sizes[i]);
			continue;
		}
		after = stats_of(heap);
		if (errno != ENOMEM)
			return broken("another error than ENOMEM");
		if (after.blocks != before.blocks ||
		    after.used != before.used || after.held > before.held)
			return broken("a refused request changed something");
	}
	for (int i = 0; i < BLOCKS; i += 2) {
		size_t size = (size_t)10 << (i + 7) % 16;
		unsigned char *moved;

		if (blocks[i] == NULL)
			continue;
		errno = 0;
		moved = mems_heap_realloc(heap, blocks[i], size);
		if (moved == NULL) {
			if (errno != ENOMEM)
				return broken("another error of realloc");
			moved = blocks[i];
			size = sizes[i];
		}
		if (!is_full_of(moved, i, size < sizes[i] ? size : sizes[i]))
			return broken("a block lost its bytes");
		memset(moved, i, size);
		blocks[i] = moved;
		sizes[i] = size;
	}
	if (!is_sound(heap))
		return false;
	for (int i = 0; i < BLOCKS; i++) {
		if (blocks[i] == NULL)
			continue;
		if (!is_full_of(blocks[i], i, sizes[i]))
			return broken("a block was overwritten");
		mems_heap_free(blocks[i]);
	}
	mems_heap_trim(heap, NULL);
	return is_sound(heap);
}

/* One run with those calls failing; false if something broke. */
static bool run(bool own)
{
	mems_heap *heap = NULL;
	void *block;
	bool right;

	calls = 0;
	mems__pages_may = may;
	if (own) {
		errno = 0;
		heap = mems_heap_create(NULL);
		if (heap == NULL)
			return errno == ENOMEM || broken("create: no ENOMEM");
	}
	right = work(heap);
	/* The system recovers: everything must be possible again. */
	mems__pages_may = NULL;
	if (!right)
		return false;
	block = mems_heap_calloc(heap, 1, 1 << 20);
	if (block == NULL || !is_full_of(block, 0, 1 << 20))
		return broken("it does not recover");
	mems_heap_free(block);
	right = work(heap) && stats_of(heap).blocks == 0;
	if (!right)
		return broken("it does not work as before");
	return !own || mems_heap_destroy(heap) == 0;
}

/* In a process that never used a heap, so that every growth is a first. */
static int in_a_child(bool own, long *asked)
{
	int ends[2], status = -1;
	pid_t child;

	fflush(stdout);
	if (pipe(ends) != 0)
		return -1;
	child = fork();
	if (child == 0) {
		bool right = run(own);

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
	for (int own = 0; own <= 1; own++) {
		const char *which = own ? "a heap" : "default heap";
		long most = 0, step;

		fail_from = fail_to = 0;
		is(in_a_child(own, &most), 0, "%s: works when nothing fails",
		   which);
		ok(most > 5, "%s: and asks the system %ld times", which, most);
		step = test_scaled(100) < 100 ? most / 10 + 1 : 1;
		for (int lasting = 0; lasting <= 1; lasting++) {
			long wrong = 0, asked;

			for (long i = 1; i <= most; i += step) {
				fail_from = i;
				fail_to = lasting ? most * 1000 : i;
				wrong += in_a_child(own, &asked) != 0;
			}
			is(wrong, 0, "%s: survives %s", which,
			   lasting ? "all from the n-th on failing" :
				     "the n-th failing");
		}
	}
	return done_testing();
}
