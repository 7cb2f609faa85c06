/*
 * Crimes against the heap, one for each number, for hardened.test: linked with
 * nothing of ours, run with libmems-malloc-hardened in the place of malloc.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* The compiler must not know what it points to. */
static void *hide(void *pointer)
{
	__asm__ volatile("" : "+r"(pointer) : : "memory");
	return pointer;
}

static void *free_it(void *block)
{
	free(hide(block));
	return NULL;
}

static void elsewhere(void *block)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, free_it, block) == 0)
		pthread_join(thread, NULL);
}

static char *block_of(size_t size)
{
	return hide(malloc(size));
}

/* Blocks of a class are taken until a freed one comes back. */
static void use_up(size_t size)
{
	for (int i = 0; i < 10000; i++)
		(void)block_of(size);
}

static void double_free(void)
{
	char *block = block_of(100), *other = block_of(100);

	free(block);
	free(other);
	free(hide(block));
}

static void double_free_elsewhere(void)
{
	char *block = block_of(100);

	elsewhere(block);
	free(hide(block));
}

static void double_free_large(void)
{
	char *block = block_of(1000000);

	free(block);
	free(hide(block));
}

static void free_inside(void)
{
	free(hide(block_of(100) + 16));
}

static void free_unallocated(void)
{
	/* The next block of the same run was not handed out yet. */
	free(hide(block_of(1000) + 1024));
}

static void free_stack(void)
{
	char here[64];

	free(hide(here));
}

static void overflow_by_one(void)
{
	char *block = block_of(100);

	block[100] = 1;
	free(block);
}

static void overflow_by_one_of_full_class(void)
{
	char *block = block_of(120);	/* 8 bytes of 128 are the mark */

	block[120] = 1;
	free(block);
}

static void overflow_large(void)
{
	char *block = block_of(1000000);

	block[1000000] = 1;
	free(block);
}

static void overflow_found_by_realloc(void)
{
	char *block = block_of(100);

	block[100] = 1;
	block = realloc(hide(block), 5000);
	free(block);
}

static void overflow_after_realloc(void)
{
	char *block = realloc(block_of(100), 90);

	((char *)hide(block))[90] = 1;
	free(block);
}

static void write_after_free(void)
{
	char *block = block_of(200);

	free(block);
	memset(hide(block), 0x41, 8);
	use_up(200);
}

static void run_into_guard(void)
{
	char *block = block_of(1000000);

	memset(hide(block), 1, 1100000);
}

/* What is right goes on: 0 and nothing said. */
static void no_crime(void)
{
	char *blocks[200];

	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < 200; i++) {
			size_t size = (size_t)(i * i * (round + 1) / 7);

			blocks[i] = block_of(size);
			if (malloc_usable_size(blocks[i]) != size)
				exit(2);
			memset(blocks[i], i, size);
		}
		for (int i = 0; i < 200; i += 2)
			blocks[i] = realloc(blocks[i], (size_t)(i * 50));
		for (int i = 0; i < 200; i++)
			free(blocks[i]);
	}
}

/* With the option zero=1, a block that was freed holds nothing behind the word
   of its list; without, it holds what it held. */
static void look_at_freed(void)
{
	char *block = block_of(200);

	memset(block, 'x', 200);
	free(block);
	puts(((char *)hide(block))[100] == 'x' ? "kept" : "cleared");
}

/* The system refuses to make memory of what no one may touch, for a while. */
static void free_under_a_limit(void)
{
	struct rlimit allowed, limit;
	char *blocks[100];

	for (int i = 0; i < 100; i++)
		memset(blocks[i] = block_of(150000), 1, 150000);
	getrlimit(RLIMIT_DATA, &allowed);
	limit = allowed;
	limit.rlim_cur = 4096;
	setrlimit(RLIMIT_DATA, &limit);
	for (int i = 0; i < 100; i++)
		free(blocks[i]);
	setrlimit(RLIMIT_DATA, &allowed);
	for (size_t size = 100000; size < 10000000; size += size / 2)
		memset(block_of(size), 1, size);
}

static const struct {
	const char *name;
	void (*commit)(void);
} crimes[] = {
#define CRIME(name) { #name, name }
	CRIME(double_free),
	CRIME(double_free_elsewhere),
	CRIME(double_free_large),
	CRIME(free_inside),
	CRIME(free_unallocated),
	CRIME(free_stack),
	CRIME(overflow_by_one),
	CRIME(overflow_by_one_of_full_class),
	CRIME(overflow_large),
	CRIME(overflow_found_by_realloc),
	CRIME(overflow_after_realloc),
	CRIME(write_after_free),
	CRIME(run_into_guard),
	CRIME(no_crime),
	CRIME(free_under_a_limit),
	CRIME(look_at_freed),
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(crimes) / sizeof(*crimes);
	     i++) {
		if (strcmp(argv[1], crimes[i].name) == 0) {
			crimes[i].commit();
			return 0;
		}
	}
	return 3;
}
