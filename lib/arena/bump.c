/* Blocks that lie one behind the other. */
#include <config.h>

#include "arena/arena.h"

#include "base/align.h"
#include "os/watch.h"

#include <errno.h>

/* Where a block would begin in the chunk, and where it would end; false: not
   in this one. */
static bool place_block(const struct mems_chunk_words *chunk, uint32_t top,
			size_t size, size_t alignment, uint64_t *first,
			uint64_t *end)
{
	uint64_t past = ((uintptr_t)chunk + top) % alignment;

	*first = top + (past == 0 ? 0 : alignment - past);
	*end = *first + mems__round_up((uint64_t)size, 16);
	return *end <= chunk->end;
}

static void *bump_alone(struct arena *arena, struct mems_chunk_words *chunk,
			size_t size, size_t alignment)
{
	struct mems_arena_head *head = arena->face.head;
	uint64_t first, end;

	if (chunk == NULL || !place_block(chunk, mems__chunk_top(arena, chunk),
					  size, alignment, &first, &end))
		return NULL;
	if (arena->watched) {
		mems__watch_allow((char *)chunk + first, size);
		/* The next one must ask again. */
		head->end = (uint32_t)end;
	}
	head->top = (uint32_t)end;
	return (char *)chunk + first;
}

/* Each chunk has its own top, so a thread that still sees the last chunk does
   not take from this one. */
static void *bump_shared(struct arena *arena, struct mems_chunk_words *chunk,
			 size_t size, size_t alignment)
{
	uint32_t top;
	uint64_t first, end;

	if (chunk == NULL)
		return NULL;
	top = __atomic_load_n(&chunk->top, __ATOMIC_RELAXED);
	do
		if (!place_block(chunk, top, size, alignment, &first, &end))
			return NULL;
	while (!__atomic_compare_exchange_n(&chunk->top, &top, (uint32_t)end,
					    true, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED));
	if (arena->watched)
		mems__watch_allow((char *)chunk + first, size);
	return (char *)chunk + first;
}

void *mems__bump(struct arena *arena, size_t size, size_t alignment)
{
	struct mems_chunk_words *chunk;
	void *block;

	if (size > SIZE_MAX / 4) {
		errno = ENOMEM;
		return NULL;
	}
	do {
		chunk = mems__chunk_current(arena);
		block = arena->shared ?
			bump_shared(arena, chunk, size, alignment) :
			bump_alone(arena, chunk, size, alignment);
	} while (block == NULL &&
		 mems__chunk_add(arena, chunk, size, alignment));
	return block;
}
