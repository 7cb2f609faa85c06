/*
 * Pointers that no heap gave, or that were freed before: a child process that
 * hands one over ends by SIGABRT, and says one line.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mems.h>

#include "tap.h"

/* The pointer that the next child misuses. */
static void *bad;

static char static_data[64];

/* Calls that take a block. What they give back must not be optimised away. */

static void *volatile sink;
static volatile size_t sink_size;

static void do_free(void)
{
	mems_heap_free(bad);
}

static void do_free_sized(void)
{
	mems_heap_free_sized(bad, 10);
}

static void do_free_batch(void)
{
	void *blocks[3] = { NULL, bad, NULL };

	mems_heap_free_batch(blocks, 3);
}

static void do_realloc(void)
{
	sink = mems_heap_realloc(NULL, bad, 100);
}

static void do_realloc_large(void)
{
	sink = mems_heap_realloc(NULL, bad, 1000000);
}

static void do_usable_size(void)
{
	sink_size = mems_heap_usable_size(bad);
}

static const struct {
	const char *name;
	void (*call)(void);
	const char *doing;	/* what a line about it begins with */
} calls[] = {
	{ "free", do_free, "free" },
	{ "free_sized", do_free_sized, "free" },
	{ "free_batch", do_free_batch, "free" },
	{ "realloc", do_realloc, "realloc" },
	{ "realloc to a large size", do_realloc_large, "realloc" },
	{ "usable_size", do_usable_size, "size" },
};

#define CALLS (sizeof(calls) / sizeof(calls[0]))
#define FREES 3		/* the first of them free */

/* What a child writes to stderr, and how it ends. */
static int in_a_child(void (*call)(void), char *said, size_t room)
{
	size_t length = 0;
	int ends[2], status = -1;
	char *emulator;
	pid_t child;
	ssize_t n;

	fflush(stdout);
	if (pipe(ends) != 0)
		return -1;
	child = fork();
	if (child == 0) {
		const struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		/* The end is that of the library, not of a sanitizer. */
		signal(SIGABRT, SIG_DFL);
		call();
		_exit(0);
	}
	close(ends[1]);
	while (length < room - 1 &&
	       (n = read(ends[0], said + length, room - 1 - length)) > 0)
		length += (size_t)n;
	said[length] = '\0';
	/* An emulator tells of the end as well. */
	emulator = strstr(said, "qemu: ");
	if (emulator != NULL)
		*emulator = '\0';
	close(ends[0]);
	waitpid(child, &status, 0);
	return status;
}

static void dies(void (*call)(void), const char *what, const char *line)
{
	char said[4000];
	int status = in_a_child(call, said, sizeof(said));

	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
	   "%s ends the process", what);
	is_str(said, line, "%s says why", what);
}

/* Each call of `bad`, which is not allocated. */
static void is_not_allocated(void *pointer, const char *what)
{
	bad = pointer;
	for (size_t i = 0; i < CALLS; i++) {
		char name[100], line[200];

		snprintf(name, sizeof(name), "%s of %s", calls[i].name, what);
		snprintf(line, sizeof(line), "libmems: %s of a pointer that "
			 "is not allocated: 0x%llx\n", calls[i].doing,
			 (unsigned long long)(uintptr_t)pointer);
		dies(calls[i].call, name, line);
	}
}

static void is_inside(void *pointer, const char *what)
{
	bad = pointer;
	for (size_t i = 0; i < CALLS; i++) {
		char name[100], line[200];

		snprintf(name, sizeof(name), "%s of %s", calls[i].name, what);
		snprintf(line, sizeof(line), "libmems: pointer into a block: "
			 "0x%llx\n", (unsigned long long)(uintptr_t)pointer);
		dies(calls[i].call, name, line);
	}
}

static void a_foreign_pointer_is_noticed(void)
{
	char on_stack[64];
	void *of_libc = malloc(100);

	/* Before and after the first block of the process. */
	is_not_allocated(static_data, "static data, before any block");
	mems_heap_free(mems_heap_alloc(NULL, 1));
	is_not_allocated(static_data, "static data");
	is_not_allocated(on_stack + 16, "a pointer to the stack");
	is_not_allocated(of_libc, "a block of another malloc");
	is_not_allocated((void *)(uintptr_t)0x10, "the address 0x10");
	is_not_allocated((void *)UINTPTR_MAX, "the last address");
	is_not_allocated((void *)(uintptr_t)&free, "a function");
	free(of_libc);
}

static void a_part_of_a_large_block_is_noticed(void)
{
	char *block = mems_heap_alloc(NULL, 1 << 20);

	memset(block, 1, 1 << 20);
	is_inside(block + 1, "the second byte of a large block");
	is_inside(block + 16, "the next 16 bytes of it");
	is_inside(block + 40000, "the middle of its first slice");
	is_not_allocated(block + 65536, "its second slice");
	is_not_allocated(block + (1 << 20) - 16, "its last bytes");
	mems_heap_free(block);
}

static void a_large_block_is_freed_once(void)
{
	char *block = mems_heap_alloc(NULL, 300000);

	memset(block, 1, 300000);
	mems_heap_free(block);
	is_not_allocated(block, "a large block that was freed");
	is_not_allocated(block + 16, "its inside");
	block = mems_heap_alloc(NULL, 5 << 20);
	mems_heap_free(block);
	is_not_allocated(block, "a very large block that was freed");
	block = mems_heap_alloc(NULL, 300000);
	block = mems_heap_realloc(NULL, block, 100000);
	is_not_allocated(block + 131072, "what a block gave back");
	mems_heap_free(block);
}

static void a_slice_that_nobody_has_is_noticed(void)
{
	char *block = mems_heap_alloc(NULL, 1 << 20);

	/* The library has addresses there, but never handed them out. */
	is_not_allocated(block + (32 << 20), "memory not handed out yet");
	mems_heap_free(block);
}

/* A thread looks closer at what it frees of others than at its own blocks. */
static void *call_in_a_thread(void *call)
{
	calls[*(size_t *)call].call();
	return NULL;
}

static size_t which_call;

static void in_a_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, call_in_a_thread, &which_call);
	pthread_join(thread, NULL);
}

static void a_part_of_a_small_block_is_noticed(void)
{
	char *small = mems_heap_alloc(NULL, 100);
	char *middle = mems_heap_alloc(NULL, 5000);

	for (size_t i = 0; i < CALLS; i++) {
		char name[100], line[200];

		for (int part = 0; part < 3; part++) {
			bad = part == 0 ? small + 16 : part == 1 ? small + 1 :
			      middle + 4096;
			snprintf(name, sizeof(name), "%s of a part of a "
				 "block, by another thread", calls[i].name);
			snprintf(line, sizeof(line), "libmems: pointer into a "
				 "block: 0x%llx\n",
				 (unsigned long long)(uintptr_t)bad);
			which_call = i;
			dies(in_a_thread, name, line);
			/* What is no free is looked at in any thread. */
			if (i >= FREES)
				dies(calls[i].call, calls[i].name, line);
		}
	}
	mems_heap_free(small);
	mems_heap_free(middle);
}

static void free_twice(void)
{
	mems_heap_free(bad);
	mems_heap_free(bad);
}

static void a_small_block_freed_twice_at_once_is_noticed(void)
{
	void *other = mems_heap_alloc(NULL, 100);
	char line[100];

	bad = mems_heap_alloc(NULL, 100);
	snprintf(line, sizeof(line), "libmems: double free: 0x%llx\n",
		 (unsigned long long)(uintptr_t)bad);
	dies(free_twice, "freeing a small block twice in a row", line);
	mems_heap_free(bad);
	mems_heap_free(other);
}

/* The other calls of this file are right: nobody is told. */
static void right_calls(void)
{
	void *block = mems_heap_alloc(NULL, 100);

	block = mems_heap_realloc(NULL, block, 100000);
	sink_size = mems_heap_usable_size(block);
	mems_heap_free(block);
	mems_heap_free(NULL);
}

static void nothing_is_said_of_what_is_right(void)
{
	char said[1000];

	is(in_a_child(right_calls, said, sizeof(said)), 0,
	   "a child that does no wrong ends well");
	is_str(said, "", "and says nothing");
}

int main(void)
{
	a_foreign_pointer_is_noticed();
	a_part_of_a_large_block_is_noticed();
	a_large_block_is_freed_once();
	a_slice_that_nobody_has_is_noticed();
	a_part_of_a_small_block_is_noticed();
	a_small_block_freed_twice_at_once_is_noticed();
	nothing_is_said_of_what_is_right();
	return done_testing();
}
