/*
 * The system refuses memory or addresses: a heap says so, keeps what it has,
 * and goes on. In children, whose limits are their own.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mems.h>

#include "api/heap.h"
#include "tap.h"

#define MIB ((size_t)1 << 20)

#if defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* What a child ends with: it was right, or which step was not. */
enum { RIGHT, NO_LIMIT = 77 };

static int limit(int resource, rlim_t most)
{
	const struct rlimit new = { most, most };

	return setrlimit(resource, &new);
}

/* A block that is too large is refused, without a trace. */
static int too_large(mems_heap *heap)
{
	unsigned char *kept = mems_heap_alloc(heap, 1000);
	struct mems_heap_stats before;

	memset(kept, 'k', 1000);
	mems_heap_collect(heap);
	before = heap_stats(heap);
	for (int i = 0; i < 20; i++) {
		errno = 0;
		if (mems_heap_alloc(heap, 1024 * MIB) != NULL)
			return NO_LIMIT;
		if (errno != ENOMEM)
			return 1;
		errno = 0;
		if (mems_heap_realloc(heap, kept, 1024 * MIB) != NULL ||
		    errno != ENOMEM)
			return 2;
	}
	if (!heap_is_as_before(heap, &before))
		return 3;
	if (!is_full_of(kept, 'k', 1000))
		return 4;
	return heap_is_sound(heap) ? RIGHT : 5;
}

/* All that there is, in blocks of a size; then it is freed and had again. */
static int all_there_is(mems_heap *heap, size_t size)
{
	static void *blocks[200000];
	const size_t most = sizeof(blocks) / sizeof(*blocks);
	size_t count = 0, again = 0;

	while (count < most &&
	       (blocks[count] = mems_heap_alloc(heap, size)) != NULL) {
		memset(blocks[count], (int)count, size < 64 ? size : 64);
		count++;
	}
	if (count == most)
		return NO_LIMIT;
	if (errno != ENOMEM)
		return 1;
	if (count * size < 10 * MIB || !heap_is_sound(heap))
		return 2;
	for (size_t i = 0; i < count; i++)
		if (!is_full_of(blocks[i], (int)i, size < 64 ? size : 64))
			return 3;
	mems_heap_free_batch(blocks, count);
	if (!heap_is_sound(heap) || heap_stats(heap).blocks != 0)
		return 4;
	while (again < count &&
	       (blocks[again] = mems_heap_alloc(heap, size)) != NULL)
		again++;
	if (again < count - count / 50)
		return 5;
	return heap_is_sound(heap) ? RIGHT : 6;
}

static int by_addresses(void)
{
	if (limit(RLIMIT_AS, 400 * MIB) != 0)
		return NO_LIMIT;
	return too_large(NULL);
}

static int by_data(void)
{
	/* The first range is there before. */
	mems_heap_free(mems_heap_alloc(NULL, 1));
	if (limit(RLIMIT_DATA, 100 * MIB) != 0)
		return NO_LIMIT;
	return too_large(NULL);
}

static int all_addresses(void)
{
	if (limit(RLIMIT_AS, 200 * MIB) != 0)
		return NO_LIMIT;
	return all_there_is(NULL, 5000);
}

static int all_data(void)
{
	if (limit(RLIMIT_DATA, 50 * MIB) != 0)
		return NO_LIMIT;
	return all_there_is(NULL, 5000);
}

static int all_data_large(void)
{
	if (limit(RLIMIT_DATA, 50 * MIB) != 0)
		return NO_LIMIT;
	return all_there_is(heap_make(), 300000);
}

static void in_a_child(int (*work)(void), const char *what)
{
	int status = -1;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0)
		_exit(work());
	waitpid(child, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_LIMIT)
		skip("%s: the system does not refuse", what);
	else
		is(WIFEXITED(status) ? WEXITSTATUS(status) : -status, RIGHT,
		   "%s", what);
}

int main(void)
{
	const char *preloaded = getenv("LD_PRELOAD");

	if (SANITIZED) {
		puts("1..0 # SKIP a sanitizer needs all addresses");
		return 0;
	}
	in_a_child(by_addresses, "few addresses: a large block is refused");
	in_a_child(by_data, "little memory: a large block is refused");
	/* Which ends the process when it finds none for itself. */
	if (strstr(preloaded == NULL ? "" : preloaded, "vgpreload") != NULL)
		skip("few addresses: valgrind needs some, too");
	else
		in_a_child(all_addresses,
			   "few addresses: all of them can be used");
	in_a_child(all_data, "little memory: all of it can be used");
	in_a_child(all_data_large, "little memory: by large blocks too");
	return done_testing();
}
