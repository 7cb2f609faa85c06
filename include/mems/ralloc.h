/*
 * The names of r_alloc, for programs that were written for it.
 *
 * They are what they were: a heap to be started, blocks of multiples of 8
 * bytes, a call that joins free neighbours, and arenas by lifetime. The heap is
 * the default heap of <mems/heap.h>, so there is no pool that could be full,
 * any thread may call, and blocks are aligned to 16; the arenas are those of
 * <mems/arena.h>. Nothing here is exported by the library.
 *
 * r_alloc() takes a size, or a size and the number of a call site, which is
 * counted when mems_site_watch() has been asked for that.
 */
#ifndef MEMS_RALLOC_H
#define MEMS_RALLOC_H

#include <mems/arena.h>
#include <mems/heap.h>
#include <mems/slab.h>

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

/* ------------------------------------------------------------------ arenas */

typedef mems_arena arena_t;
typedef enum mems_lifetime lifetime_t;
#define LIFETIME_TRANSIENT MEMS_TRANSIENT
#define LIFETIME_INTERMEDIATE MEMS_INTERMEDIATE
#define LIFETIME_PERSISTENT MEMS_PERSISTENT

/* Equal slots, and what a free one was. */
typedef mems_slab slab_cache;
typedef struct slab_slot {
	struct slab_slot *next;
} slab_slot;

/* Make the three arenas of the process, if they are not there. They grow. */
static inline void init_arenas(void)
{
	(void)mems_arena_common(MEMS_TRANSIENT);
	(void)mems_arena_common(MEMS_INTERMEDIATE);
	(void)mems_arena_common(MEMS_PERSISTENT);
}

/* An arena for `size` bytes and no more; NULL with errno EINVAL or ENOMEM. */
static inline arena_t *create_arena(size_t size, int lifetime)
{
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;

	options.lifetime = (uint32_t)lifetime;
	/* 0 is no cap, but no arena either. */
	options.cap = size;
	options.flags = size == 0 ? UINT32_MAX : 0;
	if (lifetime != MEMS_INTERMEDIATE)
		options.first = size <= 1 << 30 ? (uint32_t)size : 1 << 30;
	return mems_arena_create(&options);
}

static inline void r_destroy(arena_t *arena)
{
	(void)mems_arena_destroy(arena);
}

/* Free one block of `size` bytes of an intermediate arena. */
static inline void r_arena_free(arena_t *arena, void *block, size_t size)
{
	(void)mems_arena_free_sized(arena, block, size);
}

static inline void *mems__r_arena(arena_t *arena, size_t size)
{
	return mems_arena_alloc(arena, size);
}

static inline void *mems__r_lifetime(size_t size, int lifetime)
{
	return mems_arena_alloc(mems_arena_common(lifetime), size);
}

static inline void mems__r_reset_arena(arena_t *arena)
{
	(void)mems_arena_reset(arena);
}

static inline void mems__r_reset_lifetime(int lifetime)
{
	(void)mems_arena_reset(mems_arena_common(lifetime));
}

/*
 * r_arena(size, lifetime) and r_arena(arena, size): a block, or NULL with
 * errno. r_reset(lifetime) and r_reset(arena): all blocks end. A literal 0
 * where both could be meant is a size or a lifetime.
 */
#ifdef __cplusplus
static inline void *r_alloc(size_t size, uint32_t site)
{
	return mems_site_alloc(size, site);
}

static inline void *r_arena(arena_t *arena, size_t size)
{
	return mems__r_arena(arena, size);
}

static inline void *r_arena(size_t size, lifetime_t lifetime)
{
	return mems__r_lifetime(size, lifetime);
}

static inline void *r_arena(size_t size, int lifetime)
{
	return mems__r_lifetime(size, lifetime);
}

static inline void r_reset(arena_t *arena)
{
	mems__r_reset_arena(arena);
}

static inline void r_reset(lifetime_t lifetime)
{
	mems__r_reset_lifetime(lifetime);
}

static inline void r_reset(int lifetime)
{
	mems__r_reset_lifetime(lifetime);
}
#else
#define MEMS_R_ALLOC(size, site, ...) mems_site_alloc(size, site)
#define r_alloc(...) MEMS_R_ALLOC(__VA_ARGS__, MEMS_SITE_NONE, 0)

#define r_arena(first, second)                                                \
	_Generic((first), arena_t *: mems__r_arena, void *: mems__r_arena,    \
		 default: mems__r_lifetime)(first, second)
#define r_reset(what)                                                         \
	_Generic((what), arena_t *: mems__r_reset_arena,                      \
		 void *: mems__r_reset_arena,                                 \
		 default: mems__r_reset_lifetime)(what)
#endif

#endif
