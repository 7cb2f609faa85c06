/*
 * One sub-chain as bits: take the front of a hole, give a block back, join
 * neighbours. A segment ends where the next one starts; at the break stands a
 * mark that looks like a block, so that no search runs past it and no hole
 * joins it.
 *
 * Bits are changed first and the index of holes is told after, so that it may
 * look at them. All that changes is under the lock; the searches are not.
 */
#ifndef MEMS_SPACE_SEGMENT_H
#define MEMS_SPACE_SEGMENT_H

#include "space/holes.h"
#include "space/space.h"
#include "space/tracts.h"

static inline bool mems__is_start(const struct space *space, uint64_t at)
{
	return mems__load(&space->pairs[at >> 6].start) >> (at & 63) & 1;
}

static inline bool mems__is_used(const struct space *space, uint64_t at)
{
	return mems__load(&space->pairs[at >> 6].used) >> (at & 63) & 1;
}

/* segment.c */
uint64_t mems__next_start_far(const struct space *space, uint64_t pair);
uint64_t mems__last_start_far(const struct space *space, uint64_t pair);

/*
 * The first start after `at`; there always is one up to the break. Two words
 * are looked at as one: a branch for the end of the first is often taken
 * wrongly.
 */
static ALWAYS_INLINE uint64_t mems__next_start(const struct space *space,
					       uint64_t at)
{
	const struct pair *pair;
	uint64_t bits;

	at++;
	pair = &space->pairs[at >> 6];
	bits = mems__load(&pair->start) >> (at & 63) |
	       mems__load(&pair[1].start) << 1 << (~at & 63);
	if (bits != 0)
		return at + mems__low_bit(bits);
	return mems__next_start_far(space, (at >> 6) + 1);
}

/* The last start not after `at`: of the segment in which it lies. */
static inline uint64_t mems__last_start(const struct space *space, uint64_t at)
{
	uint64_t bits = mems__load(&space->pairs[at >> 6].start);

	bits <<= ~at & 63;
	if (bits != 0)
		return at - (63 - mems__high_bit(bits));
	return mems__last_start_far(space, at >> 6);
}

static inline void mems__set_start(struct space *space, uint64_t at)
{
	uint64_t *word = &space->pairs[at >> 6].start;
	uint64_t old = mems__load(word);

	mems__store(word, old | (uint64_t)1 << (at & 63));
	if (old == 0)
		mems__bitset_add(&space->starts, at >> 6);
}

static inline void mems__clear_start(struct space *space, uint64_t at)
{
	uint64_t *word = &space->pairs[at >> 6].start;
	uint64_t left = mems__load(word) & ~((uint64_t)1 << (at & 63));

	mems__store(word, left);
	if (left == 0)
		mems__bitset_remove(&space->starts, at >> 6);
}

static inline void mems__set_used(struct space *space, uint64_t at)
{
	uint64_t *word = &space->pairs[at >> 6].used;

	mems__store(word, mems__load(word) | (uint64_t)1 << (at & 63));
}

static inline void mems__clear_used(struct space *space, uint64_t at)
{
	uint64_t *word = &space->pairs[at >> 6].used;

	mems__store(word, mems__load(word) & ~((uint64_t)1 << (at & 63)));
}

/* Does a node that joins none begin here? Then no segment crosses `at`. */
static inline bool mems__is_border(const struct space *space, uint64_t at)
{
	uint64_t bytes = at << space->shift;

	if (space->joins || (bytes & (MEMS_PAGE_SIZE - 1)) != 0)
		return false;
	bytes /= MEMS_PAGE_SIZE;
	return space->nodes[bytes >> 6] >> (bytes & 63) & 1;
}

uint64_t mems__node_end(const struct space *space, uint64_t at);

/* Turn the front of the hole at `at`, `need` of its `length`, into a block. */
static ALWAYS_INLINE void mems__segment_take(struct space *space, uint64_t at,
					     uint64_t length, uint64_t need)
{
	MEMS_ASSERT(need > 0 && need <= length);
	MEMS_ASSERT(mems__is_start(space, at) && !mems__is_used(space, at));
	MEMS_ASSERT(mems__next_start(space, at) == at + length);

	mems__set_used(space, at);
	if (need < length) {
		mems__set_start(space, at + need);
		mems__holes_add(space, at + need, length - need);
	} else {
		space->region->holes--;
	}
	mems__holes_remove(space, at, length);
	mems__tracts_take(space, at, at + need);
	space->region->used += need;
}

/*
 * Turn what lies from `at` to `end`, a block or the rear of one whose start is
 * set, into a hole and join it with the holes beside it in its node. Returns
 * the hole that this gives.
 */
static ALWAYS_INLINE struct hole mems__segment_give(struct space *space,
						    uint64_t at, uint64_t end)
{
	uint64_t first = at, last = end, joined = 0;

	mems__clear_used(space, at);
	mems__tracts_give(space, at, end);
	space->region->used -= end - at;
	if (!mems__is_used(space, end) && !mems__is_border(space, end)) {
		last = mems__next_start(space, end);
		mems__clear_start(space, end);
		joined++;
	}
	if (at > 0 && !mems__is_border(space, at)) {
		uint64_t before = mems__last_start(space, at - 1);

		if (!mems__is_used(space, before)) {
			first = before;
			mems__clear_start(space, at);
			joined++;
		}
	}
	space->region->holes += 1 - joined;
	mems__holes_add(space, first, last - first);
	if (last != end)
		mems__holes_remove(space, end, last - end);
	return (struct hole){ first, last - first };
}

/* The first position of the live block that begins at `va`, or NOWHERE. */
static ALWAYS_INLINE uint64_t mems__block_at(const struct space *space,
					     mems_va va)
{
	uint64_t offset = va - MEMS_VA_FIRST;
	uint64_t at = offset >> space->shift;

	if (offset >= MEMS_LOAD_WORD(space->face.limit) ||
	    (at << space->shift) != offset ||
	    !mems__is_start(space, at) || !mems__is_used(space, at))
		return NOWHERE;
	return at;
}

#endif
