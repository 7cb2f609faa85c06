/*
 * Objects of one size, cut straight from pages: what a process needs to
 * remember of its spaces. Pages stay taken; objects are used again, and always
 * for the same purpose, so a stale pointer to one can be looked at.
 *
 * The caller keeps threads apart.
 */
#ifndef MEMS_OS_POOL_H
#define MEMS_OS_POOL_H

#include <stddef.h>

struct pool {
	size_t size;		/* of an object; a multiple of 16 */
	void *free;		/* objects given back, linked by `link` */
	size_t link;		/* where in a free object the link is */
	char *fresh, *end;	/* pages not cut yet */
};

/* An object, zeroed when it is new, or NULL. */
void *mems__pool_take(struct pool *pool);

void mems__pool_give(struct pool *pool, void *object);

#endif
