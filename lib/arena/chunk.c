/*
 * The chunks of an arena. Each is twice as large as the last, so there are few,
 * and giving them up does not depend on the number of blocks.
 *
 * Their words lie in the region: what they say is looked at.
 */
#include <config.h>

#include "arena/arena.h"

#include "base/align.h"
#include "os/watch.h"

#include <errno.h>

/* Top and end have 32 bits, and a chunk is in one window of 4 GiB. */
#define CHUNK_MOST ((uint64_t)1 << 31)

struct mems_chunk_words *mems__chunk_at(const struct arena *arena,
					uint32_t unit)
{
	struct mems_chunk_words *chunk;

	if (unit == MEMS_UNIT_NONE)
		return NULL;
	chunk = mems__at_unit(&arena->source, unit);
	if (!mems__source_has(&arena->source, chunk, sizeof(*chunk)) ||
	    (arena->watched && !mems__watch_holds(chunk, sizeof(*chunk))) ||
	    chunk->kind != MEMS_WORDS_CHUNK ||
	    !mems__source_has(&arena->source, chunk, chunk->end))
		return NULL;
	return chunk;
}

struct mems_chunk_words *mems__chunk_current(const struct arena *arena)
{
	return mems__chunk_at(arena, __atomic_load_n(&arena->face.head->chunk,
						     __ATOMIC_ACQUIRE));
}

uint32_t mems__chunk_start(const struct arena *arena,
			   const struct mems_chunk_words *chunk)
{
	return (const void *)arena->words == (const void *)(chunk + 1) ?
	       FRONT : sizeof(*chunk);
}

uint32_t mems__chunk_top(const struct arena *arena,
			 const struct mems_chunk_words *chunk)
{
	const struct mems_arena_head *head = arena->face.head;
	uint32_t top = __atomic_load_n(&chunk->top, __ATOMIC_RELAXED);

	if (!arena->shared &&
	    head->chunk == mems__unit_of(&arena->source, chunk))
		top = head->top;
	return top < chunk->end ? top : chunk->end;
}

/* Who watches is told of each block, so none may be had without a call. */
static void set_head(struct arena *arena, struct mems_chunk_words *chunk,
		     uint32_t top)
{
	struct mems_arena_head *head = arena->face.head;

	chunk->top = top;
	if (arena->shared) {
		/* Top and end stay 0. */
		__atomic_store_n(&head->chunk, mems__unit_of(&arena->source,
							     chunk),
				 __ATOMIC_RELEASE);
		return;
	}
	head->end = 0;
	head->top = top;
	head->chunk = mems__unit_of(&arena->source, chunk);
	head->end = arena->watched ? top : chunk->end;
}

static void set_room(struct arena *arena, uint64_t room)
{
	arena->room = room;
	arena->words->room[0] = (uint32_t)room;
	arena->words->room[1] = (uint32_t)(room >> 32);
	arena->words->chunks = arena->chunks;
}

static struct mems_chunk_words *take(struct arena *arena, uint64_t size)
{
	struct mems_chunk_words *chunk = NULL;

	if (size <= CHUNK_MOST)
		chunk = mems__source_take(&arena->source, (size_t)size, 16);
	else
		errno = ENOMEM;
	if (chunk == NULL)
		return NULL;
	if (arena->watched)
		mems__watch_allow(chunk, (size_t)size);
	chunk->kind = MEMS_WORDS_CHUNK;
	chunk->before = MEMS_UNIT_NONE;
	chunk->end = (uint32_t)size;
	return chunk;
}

static void forbid(const struct arena *arena, struct mems_chunk_words *chunk,
		   uint32_t top)
{
	if (arena->watched && top < chunk->end)
		mems__watch_forbid((char *)chunk + top, chunk->end - top);
}

struct mems_chunk_words *mems__chunk_first(struct arena *arena, uint32_t bytes)
{
	struct mems_chunk_words *chunk;

	chunk = take(arena, FRONT + mems__round_up(bytes, 16));
	if (chunk == NULL)
		return NULL;
	arena->words = (struct mems_arena_words *)(chunk + 1);
	*arena->words = (struct mems_arena_words){
		.kind = MEMS_WORDS_ARENA,
		.lifetime = arena->lifetime,
		.flags = (arena->shared ? MEMS_ARENA_SHARED : 0) |
			 (arena->watched ? MEMS_ARENA_CALLS : 0),
		.resets = 1,
		.first = mems__unit_of(&arena->source, chunk),
		.store = MEMS_UNIT_NONE,
		.cap = { (uint32_t)arena->cap, (uint32_t)(arena->cap >> 32) },
	};
	arena->face.head = &arena->words->head;
	arena->face.origin = arena->source.origin;
	arena->face.head->generation = 1;
	arena->chunks = 1;
	set_room(arena, chunk->end - FRONT);
	set_head(arena, chunk, FRONT);
	forbid(arena, chunk, FRONT);
	return chunk;
}

/* The bytes that a new chunk has for blocks, at least `need`; 0: the cap. */
static uint64_t next_room(const struct arena *arena,
			  const struct mems_chunk_words *current,
			  uint64_t need)
{
	uint64_t room = mems__max(2 * (uint64_t)current->end, need);

	room = mems__min(room, CHUNK_MOST - sizeof(*current));
	if (arena->cap != 0) {
		uint64_t left = arena->cap - mems__min(arena->cap,
						       arena->room);

		room = mems__min(room, mems__round_down(left, 16));
	}
	return room < need ? 0 : room;
}

/* Make `chunk` the current one; false: `current` is not any more. */
static bool append(struct arena *arena, struct mems_chunk_words *chunk,
		   struct mems_chunk_words *current)
{
	bool right;

	chunk->before = mems__unit_of(&arena->source, current);
	forbid(arena, chunk, sizeof(*chunk));
	mems__arena_lock(arena);
	right = mems__chunk_current(arena) == current;
	if (right) {
		if (!arena->shared)
			current->top = arena->face.head->top;
		arena->chunks++;
		set_room(arena, arena->room + chunk->end - sizeof(*chunk));
		set_head(arena, chunk, sizeof(*chunk));
	}
	mems__arena_drop(arena);
	return right;
}

bool mems__chunk_add(struct arena *arena, const struct mems_chunk_words *full,
		     size_t size, size_t alignment)
{
	uint64_t need = mems__round_up((uint64_t)size, 16) + alignment - 16;
	struct mems_chunk_words *current, *chunk = NULL;
	uint64_t room = 0;

	mems__arena_lock(arena);
	current = mems__chunk_current(arena);
	if (current == full && current != NULL && arena->chunks < CHAIN_MOST)
		room = next_room(arena, current, need);
	mems__arena_drop(arena);
	/* Another thread has added one, which may have all the room wanted. */
	if (current != full)
		return true;
	errno = ENOMEM;
	if (room == 0)
		return false;
	/* Without the lock: this may call a limit's callback. */
	chunk = take(arena, sizeof(*chunk) + room);
	if (chunk == NULL && room > need)
		chunk = take(arena, sizeof(*chunk) + need);
	/* Another thread may have been faster. */
	if (chunk == NULL)
		return mems__chunk_current(arena) != current;
	if (!append(arena, chunk, current))
		(void)mems__chunk_give(arena, chunk);
	return true;
}

bool mems__chunk_give(const struct arena *arena, struct mems_chunk_words *chunk)
{
	chunk->kind = 0;
	if (arena->watched)
		mems__watch_allow(chunk, chunk->end);
	return mems__source_give(&arena->source, chunk);
}

void mems__chunk_return(struct arena *arena, uint32_t unit, uint32_t top)
{
	struct mems_chunk_words *chunk = mems__chunk_current(arena);
	struct mems_chunk_words *target = mems__chunk_at(arena, unit);
	uint64_t room = arena->room;

	if (target == NULL)
		return;
	/* First the place, then what lies behind it: who is lost between the
	   two leaves chunks, but no pointer to them. */
	set_head(arena, target, top);
	forbid(arena, target, top);
	for (unsigned i = 0; chunk != NULL && chunk != target &&
	     i < CHAIN_MOST; i++) {
		struct mems_chunk_words *before;

		before = mems__chunk_at(arena, chunk->before);
		room -= mems__min(room, chunk->end - sizeof(*chunk));
		arena->chunks--;
		if (!mems__chunk_give(arena, chunk))
			break;
		chunk = before;
	}
	set_room(arena, room);
}
