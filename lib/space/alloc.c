/* The calls that change what is in use: each takes the lock once. */
#include <config.h>

#include "space/segment.h"

#include "base/align.h"
#include "os/watch.h"

#include <errno.h>
#include <string.h>

static mems_va va_of(const struct space *space, uint64_t at)
{
	return MEMS_VA_FIRST + (at << space->shift);
}

static void *memory_at(const struct space *space, uint64_t at)
{
	return space->data + (at << space->shift);
}

static uint64_t granules_of(const struct space *space, size_t size)
{
	return ((uint64_t)size + ((uint64_t)1 << space->shift) - 1) >>
	       space->shift;
}

/* -------------------------------------------------------------- the limits */

/* From how many granules in use on must a limit be looked at? */
static void set_check(struct space *space)
{
	const struct region *region = space->region;
	uint64_t least = UINT64_MAX;

	if (region->hard_limit != 0)
		least = region->hard_limit >> space->shift;
	if (region->soft_limit != 0 && !space->soft_told)
		least = mems__min(least, region->soft_limit >> space->shift);
	space->check_used = least;
}

static bool is_refused(const struct space *space, uint64_t used)
{
	return space->region->hard_limit != 0 &&
	       used << space->shift > space->region->hard_limit;
}

/* Is it the moment to tell of the soft limit? */
static bool crosses_soft(struct space *space)
{
	uint64_t used = space->region->used << space->shift;

	if (space->soft_told || space->region->soft_limit == 0 ||
	    used <= space->region->soft_limit)
		return false;
	space->soft_told = true;
	set_check(space);
	return true;
}

static void rearm_soft(struct space *space)
{
	if (space->soft_told && space->region->used << space->shift <=
				space->region->soft_limit) {
		space->soft_told = false;
		set_check(space);
	}
}

int mems_space_limit(mems_space *handle, uint64_t soft, uint64_t hard,
		     mems_limit_fn *on_soft_limit, void *arg)
{
	struct space *space = mems__space_of(handle);

	if (space == NULL || (hard != 0 && soft > hard))
		return -EINVAL;
	mems__lock_take(&space->lock);
	space->region->soft_limit = soft;
	space->region->hard_limit = hard;
	space->on_soft_limit = on_soft_limit;
	space->arg = arg;
	space->soft_told = soft != 0 &&
			   space->region->used << space->shift > soft;
	set_check(space);
	mems__lock_drop(&space->lock);
	return 0;
}

/* --------------------------------------------------------------- the blocks */

/* Note what is in use now; true if the soft limit is to be told of. */
static ALWAYS_INLINE bool note_use(struct space *space)
{
	struct region *region = space->region;

	if (region->used > region->used_peak)
		region->used_peak = region->used;
	return region->used > space->check_used && crosses_soft(space);
}

/* Drop the lock, and tell of the soft limit if so. */
static ALWAYS_INLINE void drop_lock(struct space *space, bool tell)
{
	mems_limit_fn *on_soft_limit = space->on_soft_limit;
	void *arg = space->arg;
	uint64_t used = space->region->used << space->shift;

	mems__lock_drop(&space->lock);
	if (tell && on_soft_limit != NULL)
		on_soft_limit(&space->face, used, arg);
}

/* Leave `front` granules of a hole as a hole of their own. */
static void leave_front(struct space *space, struct hole *hole, uint64_t front)
{
	mems__set_start(space, hole->at + front);
	space->region->holes++;
	mems__holes_add(space, hole->at, front);
	mems__holes_remove(space, hole->at, hole->length);
	hole->at += front;
	hole->length -= front;
}

/*
 * Make a block of `need` granules at a multiple of `alignment` bytes; its
 * position, or NOWHERE. The lock is held.
 */
static ALWAYS_INLINE uint64_t take(struct space *space, uint64_t need,
				   uint64_t alignment, bool *tell)
{
	uint64_t granule = (uint64_t)1 << space->shift, slack = 0;
	struct hole hole;

	if (alignment > granule)
		slack = (alignment >> space->shift) - 1;
	if (space->region->used + need > space->check_used &&
	    is_refused(space, space->region->used + need))
		return NOWHERE;
	if (!mems__holes_find(space, need + slack, &hole) &&
	    !mems__chain_grow(space, need + slack, &hole) &&
	    !mems__holes_search(space, need + slack, &hole))
		return NOWHERE;
	/* Who asks for memory writes to it soon. */
	__builtin_prefetch(memory_at(space, hole.at), 1);
	if (slack > 0) {
		uintptr_t memory = (uintptr_t)memory_at(space, hole.at);
		uint64_t front = mems__round_up(memory, alignment) - memory;

		if (front > 0)
			leave_front(space, &hole, front >> space->shift);
	}
	mems__segment_take(space, hole.at, hole.length, need);
	space->region->allocations++;
	if (space->watched)
		mems__watch_allow(memory_at(space, hole.at),
				  (size_t)(need << space->shift));
	*tell = note_use(space);
	return hole.at;
}

/*
 * The part that all allocating calls share. `touched` may take from which
 * position on the memory has never been written to.
 */
static ALWAYS_INLINE mems_va allocate(mems_space *handle, uint64_t alignment,
				      size_t size, uint64_t *touched)
{
	struct space *space = mems__space_of(handle);
	uint64_t at = NOWHERE;
	bool tell = false;

	if (space == NULL)
		return MEMS_VA_NONE;
	if (size == 0) {
		errno = EINVAL;
		return MEMS_VA_NONE;
	}
	mems__lock_take(&space->lock);
	if (touched != NULL)
		*touched = space->touched;
	if (size <= space->region->maximum &&
	    alignment <= space->region->maximum)
		at = take(space, granules_of(space, size), alignment, &tell);
	drop_lock(space, tell);
	if (at == NOWHERE) {
		errno = ENOMEM;
		return MEMS_VA_NONE;
	}
	return va_of(space, at);
}

mems_va mems_space_alloc(mems_space *handle, size_t size)
{
	return allocate(handle, 1, size, NULL);
}

mems_va mems_space_aligned_alloc(mems_space *handle, size_t alignment,
				 size_t size)
{
	if (!mems__is_power_of_2(alignment)) {
		errno = EINVAL;
		return MEMS_VA_NONE;
	}
	return allocate(handle, alignment, size, NULL);
}

mems_va mems_space_calloc(mems_space *handle, size_t count, size_t size)
{
	const struct space *space = mems__space_of(handle);
	uint64_t touched, at;
	size_t bytes;
	mems_va va;

	if (space == NULL)
		return MEMS_VA_NONE;
	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return MEMS_VA_NONE;
	}
	va = allocate(handle, 1, bytes, &touched);
	if (va == MEMS_VA_NONE)
		return MEMS_VA_NONE;
	/* What was never written to is 0; but a checker cannot know. */
	at = (va - MEMS_VA_FIRST) >> space->shift;
	touched -= mems__min(touched, at);
	if (touched < granules_of(space, bytes) && !space->watched)
		memset(memory_at(space, at), 0,
		       (size_t)(touched << space->shift));
	else
		memset(memory_at(space, at), 0, bytes);
	return va;
}

int mems_space_free(mems_space *handle, mems_va va)
{
	struct space *space = mems__space_of(handle);
	struct hole hole;
	uint64_t at, end;

	if (space == NULL)
		return -EINVAL;
	if (va == MEMS_VA_NONE)
		return 0;
	mems__lock_take(&space->lock);
	at = mems__block_at(space, va);
	if (at == NOWHERE) {
		mems__lock_drop(&space->lock);
		return -EINVAL;
	}
	end = mems__next_start(space, at);
	if (space->watched)
		mems__watch_forbid(memory_at(space, at),
				   (size_t)((end - at) << space->shift));
	space->region->frees++;
	hole = mems__segment_give(space, at, end);
	rearm_soft(space);
	mems__tracts_settle(space, &hole);
	mems__lock_drop(&space->lock);
	return 0;
}

/* ------------------------------------------------------------------ resize */

/*
 * Lengthen the block [at, end) to `need` granules with the hole behind it, or
 * what the system adds there. False, with nothing changed, if that cannot be.
 */
static bool lengthen(struct space *space, uint64_t at, uint64_t end,
		     uint64_t need, bool *tell)
{
	uint64_t more = need - (end - at), length = 0;
	uint64_t brk = space->top;
	struct hole hole;

	if (space->region->used + more > space->check_used &&
	    is_refused(space, space->region->used + more))
		return false;
	if (!mems__is_used(space, end) && !mems__is_border(space, end))
		length = mems__next_start(space, end) - end;
	if (length < more) {
		if (!space->joins || end + length != brk ||
		    !mems__chain_grow(space, more, &hole))
			return false;
		length = hole.length;
	}
	/* Take the front of the hole, then forget where it began. */
	mems__segment_take(space, end, length, more);
	mems__clear_start(space, end);
	mems__clear_used(space, end);
	if (space->watched)
		mems__watch_allow(memory_at(space, end),
				  (size_t)(more << space->shift));
	*tell = note_use(space);
	return true;
}

/* Change the block in place, if that can be. The lock is held. */
static bool resize_here(struct space *space, uint64_t at, uint64_t end,
			uint64_t need, bool *tell)
{
	if (need > end - at)
		return lengthen(space, at, end, need, tell);
	if (need < end - at) {
		struct hole hole;

		if (space->watched)
			mems__watch_forbid(memory_at(space, at + need),
					   (size_t)((end - at - need) <<
						    space->shift));
		mems__set_start(space, at + need);
		hole = mems__segment_give(space, at + need, end);
		rearm_soft(space);
		mems__tracts_settle(space, &hole);
	}
	return true;
}

/*
 * Find the block at `va` and change it in place, if that can be. Returns 0, or
 * EINVAL, or ENOMEM and the bytes of the block, which is as before.
 */
static int find_and_resize(struct space *space, mems_va va, size_t size,
			   uint64_t *bytes)
{
	bool done = false, tell = false;
	uint64_t at, end;

	mems__lock_take(&space->lock);
	at = mems__block_at(space, va);
	if (at == NOWHERE || size == 0) {
		mems__lock_drop(&space->lock);
		return EINVAL;
	}
	end = mems__next_start(space, at);
	*bytes = (end - at) << space->shift;
	if (size <= space->region->maximum)
		done = resize_here(space, at, end, granules_of(space, size),
				   &tell);
	drop_lock(space, tell);
	return done ? 0 : ENOMEM;
}

bool mems__space_resize_here(mems_space *handle, mems_va va, size_t size)
{
	uint64_t bytes;

	return find_and_resize((struct space *)handle, va, size, &bytes) == 0;
}

mems_va mems_space_resize(mems_space *handle, mems_va va, size_t size)
{
	struct space *space = mems__space_of(handle);
	uint64_t bytes;
	mems_va moved;
	int error;

	if (space == NULL)
		return MEMS_VA_NONE;
	if (va == MEMS_VA_NONE)
		return mems_space_alloc(handle, size);
	error = find_and_resize(space, va, size, &bytes);
	if (error == 0)
		return va;
	if (error == EINVAL) {
		errno = EINVAL;
		return MEMS_VA_NONE;
	}
	moved = mems_space_alloc(handle, size);
	if (moved == MEMS_VA_NONE)
		return MEMS_VA_NONE;
	memcpy(mems_space_get(handle, moved), mems_space_get(handle, va),
	       (size_t)mems__min(size, bytes));
	(void)mems_space_free(handle, va);
	return moved;
}
