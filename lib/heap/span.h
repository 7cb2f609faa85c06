/*
 * A span: one or more slices of 64 KiB, cut into equal blocks, or one large
 * block. Each slice of a range has a struct span, found from a pointer by a
 * subtraction and a shift; that of a span's first slice tells of all of it.
 *
 * Who may do what. A span belongs to a thread's cache, to the heap's list of
 * its class, or, when all of its blocks are handed out, to nobody. Only the
 * cache's thread touches `free` and `used` of its spans, without atomics; the
 * heap's list is under the heap's lock. Everybody else gives a block back by
 * one atomic push into `remote`, which tells in one word
 *
 *	the first block of a list linked through the blocks,
 *	REMOTE_OWNED: somebody is going to look at them,
 *	REMOTE_LISTED: nobody does, the span is in the heap's list, and
 *	a count: of the blocks in the list, or while the span is listed, of
 *	those that are still out.
 *
 * Blocks in that list still count as used. A span that belongs to nobody has
 * remote == 0, and whoever first frees one of its blocks makes it his by
 * changing that to REMOTE_OWNED. So no block waits for a thread that sleeps
 * because its span once came from there. And whoever brings the count of a
 * listed span to 0 has it alone from then on: who takes spans from the list
 * passes over such a one.
 */
#ifndef MEMS_HEAP_SPAN_H
#define MEMS_HEAP_SPAN_H

#include "heap/class.h"

#include <stdbool.h>

enum span_kind {
	SPAN_NONE = 0,		/* not handed out: free, or never used */
	SPAN_INSIDE,		/* not the first slice of its span */
	SPAN_BLOCKS,		/* belongs to a cache, or to nobody */
	SPAN_LISTED,		/* in the heap's list of its class */
	SPAN_LARGE		/* one large block */
};

struct span {
	/* What its thread writes to at each allocation and free. */
	union {
		void *free;	/* blocks to hand out, linked */
		size_t bytes;	/* SPAN_LARGE: those that may be used */
	};
	uint32_t used;		/* blocks handed out; one more while it is the
				   one that its cache takes blocks from */
	uint16_t fresh : 15;	/* blocks from this one on were never cut */
	uint16_t zeroed : 1;	/* they hold only 0 */
	struct span *next, *previous;

	/* In a line of its own: what others look at and write to. */
	_Alignas(64) struct cache *owner;	/* the cache it belongs to, or
						   NULL */
	uint32_t remote;	/* see above */
	uint32_t slices;	/* of it; SPAN_INSIDE: back to the first */
	char *memory;		/* its first byte */
	struct heap *heap;
	uint8_t class;
	uint8_t kind;
};

#define REMOTE_OWNED 0x80000000u
#define REMOTE_LISTED 0x40000000u
#define REMOTE_FIRST 0x1fffu		/* number of the block + 1; 0: none */
#define REMOTE_COUNT_SHIFT 13

static inline uint32_t mems__remote_count(uint32_t remote)
{
	return remote >> REMOTE_COUNT_SHIFT & REMOTE_FIRST;
}

static inline const struct class *mems__class_info(const struct span *span)
{
	return &mems__classes[span->class];
}

static inline char *mems__span_block(const struct span *span, uint32_t number)
{
	return span->memory + (size_t)number * mems__class_info(span)->size;
}

static inline uint32_t mems__span_number(const struct span *span,
					 const void *block)
{
	return mems__block_number(span->class, (size_t)((const char *)block -
							span->memory));
}

/* A list of spans, linked both ways. */
struct span_list {
	struct span *first, *last;
};

static inline void mems__span_append(struct span_list *list, struct span *span)
{
	span->next = NULL;
	span->previous = list->last;
	if (list->last != NULL)
		list->last->next = span;
	else	/* may be looked at without a lock: is there one? */
		__atomic_store_n(&list->first, span, __ATOMIC_RELAXED);
	list->last = span;
}

static inline void mems__span_unlink(struct span_list *list, struct span *span)
{
	if (span->next != NULL)
		span->next->previous = span->previous;
	else
		list->last = span->previous;
	if (span->previous != NULL)
		span->previous->next = span->next;
	else
		__atomic_store_n(&list->first, span->next, __ATOMIC_RELAXED);
}

#endif
