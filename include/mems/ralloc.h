/*
 * The names of r_alloc, for programs that were written for it.
 *
 * They are what they were: a heap to be started, blocks of multiples of 8
 * bytes, and a call that joins free neighbours. Everything is the default heap
 * of <mems/heap.h>, so there is no pool that could be full, any thread may
 * call, and blocks are aligned to 16. Nothing here is exported by the library.
 *
 * r_alloc() takes a size, or a size and the number of a call site, which is
 * counted when mems_site_watch() has been asked for that.
 */
#ifndef MEMS_RALLOC_H
#define MEMS_RALLOC_H

#include <mems/heap.h>

/* There is nothing to start; programs call it, though. */
static inline void init_heap(void)
{
}

/* A block of at least `size` bytes, or NULL with errno ENOMEM. */
static inline void *r_alloc(size_t size)
{
	return mems_site_alloc(size, MEMS_SITE_NONE);
}

/* Free a block that r_alloc() gave; NULL does nothing. */
static inline void r_free(void *block)
{
	mems_site_free(block);
}

/*
 * Join all free neighbours and give what is empty back to the system. Returns
 * the bytes that went back.
 */
static inline size_t r_defrag(void)
{
	uint64_t returned = 0;

	return mems_heap_trim(NULL, &returned) == 0 ? (size_t)returned : 0;
}

#ifdef __cplusplus
static inline void *r_alloc(size_t size, uint32_t site)
{
	return mems_site_alloc(size, site);
}
#else
#define MEMS_R_ALLOC(size, site, ...) mems_site_alloc(size, site)
#define r_alloc(...) MEMS_R_ALLOC(__VA_ARGS__, MEMS_SITE_NONE, 0)
#endif

#endif
