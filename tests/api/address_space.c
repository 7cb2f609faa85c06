/*
 * Where the system gives little: few addresses, little data, locked memory,
 * no overcommitment. Each case is a child process, with a limit of its own.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mems.h>

#include "api/space.h"
#include "tap.h"

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SANITIZED 1
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define MIB (UINT64_C(1) << 20)

/* A child ends with one of these, or with the line of what went wrong. */
enum { PASSED = 0, CANNOT = 255 };

#define EXPECT(condition)                                                   \
	do {                                                                \
		if (!(condition)) {                                         \
			diag("not so: %s (%s)", #condition, strerror(errno)); \
			_exit(1);                                           \
		}                                                           \
	} while (0)

static void in_a_child(void (*function)(void), const char *name)
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		function();
		_exit(PASSED);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		ok(false, "%s: a child can be made", name);
	else if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT)
		skip("%s: cannot be had here", name);
	else
		ok(status == 0, "%s", name);
}

/* Bytes of address space in use, as the system counts them. */
static uint64_t addresses_in_use(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long long pages = 0;

	if (file == NULL || fscanf(file, "%llu", &pages) != 1)
		_exit(CANNOT);
	fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Leave so many bytes of addresses; emulators may not obey. */
static void leave_addresses(uint64_t bytes)
{
	struct rlimit limit;
	void *more;

	if (SANITIZED)
		_exit(CANNOT);
	limit.rlim_cur = limit.rlim_max = (rlim_t)(addresses_in_use() + bytes);
	if (setrlimit(RLIMIT_AS, &limit) != 0)
		_exit(CANNOT);
	more = mmap(NULL, (size_t)bytes + 65536, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (more != MAP_FAILED)
		_exit(CANNOT);
}

/* Fill it to the brim, see that it says so, and that it is as good after. */
static void use_up(mems_space *space)
{
	mems_va last = MEMS_VA_NONE, va;
	uint64_t blocks = 0;

	while ((va = mems_space_alloc(space, 40000)) != MEMS_VA_NONE) {
		memset(mems_space_get(space, va), 'u', 40000);
		last = va;
		blocks++;
	}
	EXPECT(errno == ENOMEM);
	EXPECT(blocks > 0);
	EXPECT(mems_space_verify(space, NULL, 0) == 0);
	EXPECT(mems_space_free(space, last) == 0);
	EXPECT(mems_space_alloc(space, 40000) != MEMS_VA_NONE);
	EXPECT(mems_space_verify(space, NULL, 0) == 0);
}

static void few_addresses(void)
{
	mems_space *space;
	struct mems_space_stats stats;

	leave_addresses(400 * MIB);
	space = mems_space_create(NULL);
	EXPECT(space != NULL);
	stats = space_stats(space);
	EXPECT(stats.maximum >= MIB && stats.maximum <= 400 * MIB);
	EXPECT(stats.wanted >= stats.maximum);
	use_up(space);
	EXPECT(mems_space_destroy(space) == 0);
	mems_init();
	EXPECT((uintptr_t)mems_malloc(1000) == 1000);
	mems_finish();
}

/* What was asked for is refused, what is sensible is less each time. */
static void spaces_until_no_addresses_are_left(void)
{
	struct mems_space_options options = MEMS_SPACE_OPTIONS;
	mems_space *spaces[2000];
	int count = 0;

	leave_addresses(100 * MIB);
	options.maximum = 200 * MIB;
	errno = 0;
	EXPECT(mems_space_create(&options) == NULL && errno == ENOMEM);
	options.maximum = 0;
	while (count < 2000 &&
	       (spaces[count] = mems_space_create(&options)) != NULL) {
		struct mems_space_stats stats = space_stats(spaces[count]);

		EXPECT(stats.maximum >= MIB);
		EXPECT(stats.wanted >= stats.maximum);
		EXPECT(mems_space_alloc(spaces[count], 1000) == 1000);
		count++;
	}
	EXPECT(errno == ENOMEM);
	EXPECT(count >= 8 && count < 200);
	mems_init();
	EXPECT(errno == ENOMEM && mems_malloc(8) == NULL);
	for (int i = 0; i < count; i++)
		EXPECT(mems_space_destroy(spaces[i]) == 0);
	EXPECT(mems_space_create(&options) != NULL);
}

/* Addresses enough, but the pages behind them are refused. */
static void little_data(void)
{
	struct rlimit limit = { 32 * MIB, 32 * MIB };
	struct mems_space_options options = MEMS_SPACE_OPTIONS;
	void *more;

	if (SANITIZED || setrlimit(RLIMIT_DATA, &limit) != 0)
		_exit(CANNOT);
	more = mmap(NULL, 64 * MIB, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (more != MAP_FAILED)
		_exit(CANNOT);
	options.maximum = 128 * MIB;
	for (int i = 0; i < 3; i++) {
		mems_space *space = mems_space_create(&options);
		struct mems_space_stats stats;

		EXPECT(space != NULL);
		use_up(space);
		stats = space_stats(space);
		EXPECT(stats.mapped < 64 * MIB);
		EXPECT(stats.mapped > 16 * MIB);
		EXPECT(mems_space_destroy(space) == 0);
	}
}

static void locked_memory(void)
{
	struct mems_space_options options = MEMS_SPACE_OPTIONS;
	mems_space *space;
	mems_va large, small;
	unsigned char *memory;

	if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
		_exit(CANNOT);
	space = mems_space_create(NULL);
	EXPECT(space != NULL);
	EXPECT(mems_space_alloc(space, 1000) == 1000);
	EXPECT(mems_space_destroy(space) == 0);

	options.maximum = 64 * MIB;
	space = mems_space_create(&options);
	EXPECT(space != NULL);
	large = mems_space_alloc(space, 8 * MIB);
	small = mems_space_alloc(space, 1000);
	EXPECT(large != MEMS_VA_NONE && small != MEMS_VA_NONE);
	memset(mems_space_get(space, large), 'l', 8 * MIB);
	memset(mems_space_get(space, small), 's', 1000);
	EXPECT(mems_space_free(space, large) == 0);
	EXPECT(mems_space_trim(space, NULL) == 0);
	large = mems_space_calloc(space, 8, MIB);
	memory = mems_space_get(space, large);
	EXPECT(memory != NULL && memory[0] == 0 &&
	       memcmp(memory, memory + 1, 8 * MIB - 1) == 0);
	memory = mems_space_get(space, small);
	EXPECT(memory[0] == 's' && memory[999] == 's');
	EXPECT(mems_space_verify(space, NULL, 0) == 0);
	EXPECT(mems_space_destroy(space) == 0);
}

static void no_overcommitment(void)
{
	FILE *file = fopen("/proc/sys/vm/overcommit_memory", "r");
	int mode = 0;
	mems_space *space;

	if (file == NULL || fscanf(file, "%d", &mode) != 1 || mode != 2)
		_exit(CANNOT);
	fclose(file);
	space = mems_space_create(NULL);
	EXPECT(space != NULL);
	EXPECT(space_stats(space).maximum >= MIB);
	EXPECT(mems_space_alloc(space, 1000) == 1000);
	memset(mems_space_get(space, 1000), 1, 1000);
	EXPECT(mems_space_destroy(space) == 0);
}

/* The first block of all is larger than what the heap would begin with. */
static void a_large_first_block(void)
{
	char *block;

	leave_addresses(400 * MIB);
	block = mems_heap_alloc(NULL, 150 * MIB);
	EXPECT(block != NULL);
	block[0] = block[150 * MIB - 1] = 1;
	EXPECT(mems_heap_verify(NULL, NULL, 0) == 0);
	mems_heap_free(block);
	EXPECT(mems_heap_alloc(NULL, 1000) != NULL);
	EXPECT(mems_heap_alloc(NULL, 500 * MIB) == NULL && errno == ENOMEM);
}

int main(void)
{
	in_a_child(few_addresses, "a space with few addresses left");
	in_a_child(spaces_until_no_addresses_are_left,
		   "spaces until no addresses are left");
	in_a_child(a_large_first_block, "a heap with few addresses left");
	in_a_child(little_data, "a space when pages are refused");
	in_a_child(locked_memory, "a space when all memory is locked");
	in_a_child(no_overcommitment, "a space without overcommitment");
	return done_testing();
}
