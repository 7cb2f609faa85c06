/*
 * A book: what became of blocks, by where they were allocated. A place is a
 * few words, the number of a call site or the addresses of a stack; for each
 * there is a tally, and for each live block a record that names the tally.
 *
 * All of it lies in pages of its own. Calls take the book's lock.
 */
#ifndef MEMS_HEAP_BOOK_H
#define MEMS_HEAP_BOOK_H

#include "os/lock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLACE_WORDS 24

struct tally {
	uint64_t allocations, frees;
	uint64_t bytes, freed_bytes;
	uint64_t life_sum, life_least, life_most;	/* nanoseconds, of
							   freed blocks */
	uint32_t words;
	uint32_t hash;
	uintptr_t place[PLACE_WORDS];
};

struct record {
	uintptr_t block;	/* 0: free; 1: was in use */
	size_t size;
	uint64_t born;		/* nanoseconds */
	uint64_t tally;
};

/* An array that grows, and moves when it does. */
struct shelf {
	char *items;
	size_t bytes;		/* that there is memory for */
};

struct book {
	struct lock lock;
	struct shelf records;	/* a hash table */
	size_t records_used;	/* not free, of any kind */
	size_t live;
	struct shelf tallies;
	size_t tally_count;
	struct shelf index;	/* uint32_t: a hash table of tallies */
	bool full;		/* the system gave no memory: something was
				   not written down */
};

#define BOOK_INIT { .lock = LOCK_INIT(LOCK_SITES) }

/* A block was allocated there; the book's owner decides what goes in. */
void mems__book_enter(struct book *book, const void *block, size_t size,
		      const uintptr_t *place, unsigned words, uint64_t now);

/* It was freed. False: the book does not know it. */
bool mems__book_leave(struct book *book, const void *block, uint64_t now);

/* Copy the tally that is `number`th out; false: there is none. */
bool mems__book_tally(struct book *book, size_t number, struct tally *tally);

/* Forget it all. */
void mems__book_clear(struct book *book);

#endif
