/*
 * The columns: which allocators there are, where, and how they are put into a
 * process.
 */
#ifndef BENCH_MALLOC_ALLOCATORS_H
#define BENCH_MALLOC_ALLOCATORS_H

#include <stdbool.h>

enum { GLIBC, JEMALLOC, TCMALLOC, MIMALLOC, MEMS, MEMS_HARDENED, ALLOCATORS };

struct allocator {
	const char *key;
	const char *soname;	/* NULL: given by its path */
	const char *colour;
	bool peer;
	bool chosen;
	bool given;		/* the user named its file */
	char path[512];		/* empty: nothing is preloaded */
};

extern struct allocator allocators[ALLOCATORS];

int allocator_find(const char *key);

/* Only the peers of a list of keys between commas, which is taken apart; gives
   what is none of them, or NULL. */
const char *allocators_choose(char *list);

/*
 * Find the file of each chosen allocator and see that a process really has its
 * malloc; whichever is not there is said so and left out. False if nothing is
 * left.
 */
bool allocators_ready(const char *load);

/* The file of the C library itself, for programs that link another malloc. */
const char *libc_path(void);

#endif
