/*
 * Pages of the system: addresses are reserved first and memory is asked for
 * later, in place. Nothing above this layer knows the system.
 *
 * Every address and size is a multiple of mems__page_size(). Sizes are not 0.
 */
#ifndef MEMS_OS_PAGES_H
#define MEMS_OS_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

size_t mems__page_size(void);

/* Addresses without memory, or NULL. The library's budget counts them. */
void *mems__pages_reserve(size_t size);

/* Give back what reserve gave, and the memory in it. */
void mems__pages_release(void *pages, size_t size);

/*
 * Make a part of a reserved range usable; it reads as 0 where it was not
 * usable before. Returns false, with nothing changed, if the system refuses.
 */
bool mems__pages_commit(void *pages, size_t size);

/* Make it readable; it is 0, and takes no memory, or on Windows only where it is
   read. May be made usable later. */
bool mems__pages_show(void *pages, size_t size);

/* Take it away again: touching these pages ends the process. */
bool mems__pages_forbid(void *pages, size_t size);

/*
 * Give the memory of committed pages back; they can be touched all the time, and
 * read as 0 then. Returns false if the system refuses; they read as 0 or as
 * before.
 */
bool mems__pages_decommit(void *pages, size_t size);

/*
 * Move the memory of committed pages to others, whose own is lost; the first
 * read as 0 then. False, with nothing changed, if the system cannot.
 */
bool mems__pages_move(void *to, void *from, size_t size);

/* How many bytes of committed pages have memory; `size` if nobody knows. */
size_t mems__pages_resident(void *pages, size_t size);

/* Ask for no huge pages in this range: it will be touched here and there. */
void mems__pages_sparse(void *pages, size_t size);

/*
 * The most that a range of default size should reserve: a share of what the
 * library may still take of the address space and of the process's own limit.
 */
uint64_t mems__pages_sensible(void);

/*
 * For tests: asked before each call to the system, which fails as if for lack
 * of memory when the answer is no.
 */
extern bool (*mems__pages_may)(void);

/* For POSIX: what is left of the limit on addresses (RLIMIT_AS). */
uint64_t mems__address_limit_left(void);

#endif
