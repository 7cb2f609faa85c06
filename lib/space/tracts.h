/*
 * Memory goes back: the data is counted in tracts of 64 KiB, and a tract in
 * which nothing is left is given back to the system.
 *
 * Not at once, or a block that comes and goes would cost a system call and new
 * pages each time: empty tracts wait until they are more than an eighth of
 * what is in use, and more than a program would miss.
 */
#ifndef MEMS_SPACE_TRACTS_H
#define MEMS_SPACE_TRACTS_H

#include "base/bits.h"
#include "space/space.h"

/* Empty tracts that may wait however little is in use. */
#define TRACTS_WAITING 2

void mems__tracts_take_far(struct space *space, uint64_t at, uint64_t end);
void mems__tracts_give_far(struct space *space, uint64_t at, uint64_t end);

/* What lies from `at` to `end` is in use now. */
static ALWAYS_INLINE void mems__tracts_take(struct space *space, uint64_t at,
					    uint64_t end)
{
	uint64_t first = at >> space->tract_shift;
	uint64_t last = (end - 1) >> space->tract_shift;

	if (space->touched < end)
		space->touched = end;
	if (first == last && space->tracts[first] != 0)
		space->tracts[first] += (uint32_t)(end - at);
	else if (space->returns)
		mems__tracts_take_far(space, at, end);
}

/* It is not any more. */
static ALWAYS_INLINE void mems__tracts_give(struct space *space, uint64_t at,
					    uint64_t end)
{
	uint64_t first = at >> space->tract_shift;
	uint64_t last = (end - 1) >> space->tract_shift;

	if (first == last && space->tracts[first] > end - at)
		space->tracts[first] -= (uint32_t)(end - at);
	else if (space->returns)
		mems__tracts_give_far(space, at, end);
}

/* Give back the tracts that wait, and the end of the space. */
void mems__tracts_return(struct space *space);

void mems__tracts_settle_far(struct space *space, const struct hole *hole);

/* After `hole` came about by a free: is it time? */
static ALWAYS_INLINE void mems__tracts_settle(struct space *space,
					      const struct hole *hole)
{
	if (space->idle_count > TRACTS_WAITING ||
	    hole->at + hole->length == space->top)
		mems__tracts_settle_far(space, hole);
}

/* Give back the whole pages in these bytes of the data, which hold nothing. */
void mems__return_bytes(struct space *space, uint64_t from, uint64_t to);

bool mems__tracts_check(const struct space *space, const char **wrong);

#endif
