/*
 * The hardened build: what is done to each block beyond the plain one.
 *
 * A block is made larger than asked for by a mark at its end. The mark tells,
 * in a code that changes with the process and the block, whether the block is
 * live and what size was asked for; the bytes between are filled. Both are
 * looked at when the block is freed, so that a write past the end is found,
 * by one byte too, and so is a second free, and the free of what was never
 * allocated. Behind each span lies a slice that may not be touched.
 *
 * In the plain build all this is nothing.
 */
#ifndef MEMS_HEAP_HARDEN_H
#define MEMS_HEAP_HARDEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span;

#ifdef MEMS_HARDENED

#define MARK_SIZE sizeof(uint64_t)
#define GUARD_SLICES 1

extern uintptr_t mems__secret;
extern bool mems__zero_on_free;

/* Before the first block: find a secret. */
void mems__harden_start(void);

/* The block is live from now on, `size` bytes of it. */
void *mems__harden_mark(const struct span *span, void *block, size_t size);

/* Its size, or the end of the process if the block is not as it should be. */
size_t mems__harden_check(const struct span *span, const void *block);

/* The same, and it is not live any more. */
void mems__harden_free(const struct span *span, void *block);

/* The last slice of a span is out of bounds. */
void mems__harden_guard(const struct span *span);
/* It is memory again; false: the system refuses. */
bool mems__harden_unguard(const struct span *span);

#else

#define MARK_SIZE 0
#define GUARD_SLICES 0
#define mems__harden_start() ((void)0)
#define mems__harden_mark(span, block, size) \
	((void)(span), (void)(size), (block))
#define mems__harden_free(span, block) ((void)0)
#define mems__harden_guard(span) ((void)0)
#define mems__harden_unguard(span) (true)

#endif

#endif
