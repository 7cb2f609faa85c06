/* Counting what lies in each tract, and giving back what holds nothing. */
#include <config.h>

#include "space/tracts.h"

#include "base/align.h"
#include "os/pages.h"
#include "space/segment.h"

/* How much of [at, end) lies in tract `tract`. */
static uint32_t overlap(const struct space *space, uint64_t at, uint64_t end,
			uint64_t tract)
{
	at = mems__max(at, tract << space->tract_shift);
	end = mems__min(end, (tract + 1) << space->tract_shift);
	return (uint32_t)(end - at);
}

/* The same for what may lie in many tracts, or is the first in one. */
void mems__tracts_take_far(struct space *space, uint64_t at, uint64_t end)
{
	for (uint64_t i = at >> space->tract_shift;
	     i << space->tract_shift < end; i++) {
		if (space->tracts[i] == 0 &&
		    mems__bitset_has(&space->idle, i)) {
			mems__bitset_remove(&space->idle, i);
			space->idle_count--;
		}
		space->tracts[i] += overlap(space, at, end, i);
	}
}

void mems__tracts_give_far(struct space *space, uint64_t at, uint64_t end)
{
	for (uint64_t i = at >> space->tract_shift;
	     i << space->tract_shift < end; i++) {
		uint32_t length = overlap(space, at, end, i);

		MEMS_ASSERT(space->tracts[i] >= length);
		space->tracts[i] -= length;
		if (space->tracts[i] == 0) {
			mems__bitset_add(&space->idle, i);
			space->idle_count++;
		}
	}
}

/* Give back the whole pages in these bytes of the data, which hold nothing. */
void mems__return_bytes(struct space *space, uint64_t from, uint64_t to)
{
	uintptr_t page = mems__page_size();
	uintptr_t base = (uintptr_t)space->data;
	uintptr_t first = (uintptr_t)mems__round_up(base + from, page);
	uintptr_t end = (uintptr_t)mems__round_down(base + to, page);
	size_t resident;

	if (!space->returns || first >= end)
		return;
	resident = mems__pages_resident((void *)first, end - first);
	if (resident > 0 && mems__pages_decommit((void *)first, end - first))
		space->region->returned += resident;
}

/* Give back the tracts that wait, and the end of the space. */
void mems__tracts_return(struct space *space)
{
	uint64_t brk = space->region->brk;
	uint64_t from = 0;

	while (space->idle_count > 0) {
		uint64_t to;

		from = mems__bitset_next(&space->idle, from);
		MEMS_ASSERT(from != MEMS__BITSET_NONE);
		for (to = from; to * TRACT < brk &&
				mems__bitset_has(&space->idle, to); to++) {
			mems__bitset_remove(&space->idle, to);
			space->idle_count--;
		}
		mems__return_bytes(space, from * TRACT,
				   mems__min(to * TRACT, brk));
		from = to;
	}
	mems__chain_shrink(space);
}

/*
 * Is what waits, or the hole at the end of a space that joins, more than an
 * eighth of all?
 */
void mems__tracts_settle_far(struct space *space, const struct hole *hole)
{
	uint64_t waiting = space->idle_count << space->tract_shift;
	uint64_t least = (uint64_t)TRACTS_WAITING << space->tract_shift;
	bool tail = space->joins && hole->at + hole->length == space->top;

	if (space->kept)
		return;
	if ((waiting > least && waiting > space->region->used / 8) ||
	    (tail && hole->length > least && hole->length > space->top / 8))
		mems__tracts_return(space);
}

bool mems__tracts_check(const struct space *space, const char **wrong)
{
	uint64_t idle = 0;

	if (!space->returns)
		return true;
	for (uint64_t tract = 0; tract << space->tract_shift < space->top;
	     tract++) {
		uint64_t end = (tract + 1) << space->tract_shift;
		uint64_t length = 0, next;
		uint64_t at = mems__last_start(space,
					       tract << space->tract_shift);

		for (; at < mems__min(end, space->top); at = next) {
			next = mems__next_start(space, at);
			if (mems__is_used(space, at))
				length += overlap(space, at, next, tract);
		}
		if (space->tracts[tract] != length) {
			*wrong = "the count of a tract is wrong";
			return false;
		}
		if (mems__bitset_has(&space->idle, tract)) {
			if (length > 0) {
				*wrong = "a tract in use waits to go";
				return false;
			}
			idle++;
		}
	}
	if (idle != space->idle_count) {
		*wrong = "the number of tracts that wait is wrong";
		return false;
	}
	return true;
}
