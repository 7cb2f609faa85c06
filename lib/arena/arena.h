/*
 * Inside an arena: what the files of this layer share.
 *
 * An arena is a chain of chunks, the newest first; the words of the arena lie
 * in the oldest. An intermediate arena has one chunk, with nothing but the
 * words, and a store of slabs. What the words cannot tell, since it means
 * something in this process only, is here: who is to be called at the end.
 */
#ifndef MEMS_ARENA_ARENA_H
#define MEMS_ARENA_ARENA_H

#include <mems/layout.h>

#include "os/lock.h"
#include "slab/source.h"
#include "slab/store.h"

#include <errno.h>

/* What is to happen when the arena is reset or ends: a call, or the end of a
   child. */
struct ending {
	struct ending *older, *newer;
	uint64_t number;	/* they rise; see mems_arena_mark */
	mems_arena_cleanup_fn *callback;	/* NULL: a child */
	void *arg;
};

struct arena {
	struct mems_arena face;	/* first: what users hold */
	uint32_t alive;		/* ARENA_ALIVE until its end */
	uint32_t lifetime;
	uint32_t handles;	/* under the lock of all arenas */
	bool shared;
	bool watched;		/* a memory checker wants to know each block */
	bool lasting;		/* of the process: it is not to be destroyed */
	struct source source;
	struct mems_arena_words *words;
	uint64_t cap;
	uint64_t room;		/* bytes for blocks in all chunks */
	uint64_t frees;		/* persistent */
	uint64_t numbers;	/* of endings so far */
	uint32_t chunks;
	struct store *store;	/* intermediate */
	struct ending *endings;	/* the newest */
	struct arena *parent;
	struct ending in_parent;

	/* What stays for the next one when it has ended. */
	struct lock lock;	/* shared: of new chunks and endings */
	struct arena *next;	/* of all arenas; under the lock of all */
	struct arena *unused;	/* of those that ended; likewise */
};

#define ARENA_ALIVE 0x4e455241u

/* A chain cannot be longer, whatever the words say: chunks double, but for
   those of which there was less. */
#define CHAIN_MOST 4096

#define FRONT MEMS_ARENA_FRONT

static inline struct arena *mems__arena_of(const mems_arena *handle)
{
	struct arena *arena = (struct arena *)(uintptr_t)handle;

	if (arena != NULL && arena->alive == ARENA_ALIVE)
		return arena;
	errno = EINVAL;
	return NULL;
}

/* One thread at a time uses an arena that is not shared. */
static inline void mems__arena_lock(struct arena *arena)
{
	if (arena->shared)
		mems__lock_take(&arena->lock);
}

static inline void mems__arena_drop(struct arena *arena)
{
	if (arena->shared)
		mems__lock_drop(&arena->lock);
}

/* chunk.c: the first chunk, with `bytes` for blocks; NULL with errno. */
struct mems_chunk_words *mems__chunk_first(struct arena *arena,
					   uint32_t bytes);
/* One more, for a block of `size` at a multiple of `alignment` that is not in
   `full`, or there is another one by now; false with errno. */
bool mems__chunk_add(struct arena *arena, const struct mems_chunk_words *full,
		     size_t size, size_t alignment);
/* Make `top` of this chunk the arena's place, and give up newer ones. */
void mems__chunk_return(struct arena *arena, uint32_t chunk, uint32_t top);
/* It is no more. */
bool mems__chunk_give(const struct arena *arena,
		      struct mems_chunk_words *chunk);
/* The chunk with this unit, or NULL. */
struct mems_chunk_words *mems__chunk_at(const struct arena *arena,
					uint32_t unit);
/* The current one, and how far it is used. */
struct mems_chunk_words *mems__chunk_current(const struct arena *arena);
uint32_t mems__chunk_top(const struct arena *arena,
			 const struct mems_chunk_words *chunk);
/* Where its first block lies. */
uint32_t mems__chunk_start(const struct arena *arena,
			   const struct mems_chunk_words *chunk);

/* bump.c: a block behind the last one. */
void *mems__bump(struct arena *arena, size_t size, size_t alignment);

/* ending.c */
bool mems__ending_add(struct arena *arena, mems_arena_cleanup_fn *callback,
		      void *arg);
void mems__ending_add_child(struct arena *parent, struct arena *child);
void mems__ending_remove(struct arena *parent, struct ending *ending);
/* Call those with numbers above `last`, the newest first. */
void mems__endings_call(struct arena *arena, uint64_t last);

/* arena.c: without asking whether it may be. */
void mems__arena_end(struct arena *arena);

#endif
