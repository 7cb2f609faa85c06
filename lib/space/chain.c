/*
 * The main chain: nodes of whole MeMS pages, one after the other from address
 * 1000 to the break.
 *
 * With growth 0 each request that no hole can take gets a node of its own, and
 * nodes stay, as in the MeMS of old. With growth above 0 the steps join: there
 * is one node, which gets longer, and shorter again when its end holds nothing.
 */
#include <config.h>

#include "space/segment.h"

#include "base/align.h"
#include "os/pages.h"
#include "os/watch.h"

/* The hole at the break of a space that joins, or NOWHERE. */
uint64_t mems__tail(const struct space *space)
{
	uint64_t end = space->top, at;

	if (!space->joins || end == 0)
		return NOWHERE;
	at = mems__last_start(space, end - 1);
	return mems__is_used(space, at) ? NOWHERE : at;
}

static void set_break(struct space *space, uint64_t brk)
{
	struct region *region = space->region;

	region->brk = brk;
	space->top = brk >> space->shift;
	region->extent = mems__max(region->extent, brk);
	if (space->joins)
		region->nodes = brk > 0;
	if (space->policy == MEMS_FIRST_FIT)
		mems__first_fit_resize(space);
	__atomic_store_n(&space->face.limit, (size_t)brk, __ATOMIC_RELAXED);
}

/*
 * The bytes to add so that a hole of `need` granules ends at the break: the
 * growth step if that is more and fits, else just enough pages; 0 if there is
 * no room.
 */
static uint64_t step_for(struct space *space, uint64_t need)
{
	const struct region *region = space->region;
	uint64_t room = region->reach - region->brk;
	uint64_t step = mems__round_up(need << space->shift, MEMS_PAGE_SIZE);

	if (step > room)
		return 0;
	if (step < region->growth && region->growth <= room &&
	    mems__region_commit(space, region->brk + region->growth))
		return region->growth;
	return mems__region_commit(space, region->brk + step) ? step : 0;
}

/*
 * Get a hole of at least `need` granules from the system. False, with nothing
 * changed, if it cannot be had.
 */
bool mems__chain_grow(struct space *space, uint64_t need, struct hole *hole)
{
	struct region *region = space->region;
	uint64_t end = space->top;
	uint64_t tail = mems__tail(space);
	uint64_t have = tail == NOWHERE ? 0 : end - tail;
	uint64_t step = step_for(space, need - have);
	uint64_t top;

	if (step == 0)
		return false;
	top = (region->brk + step) >> space->shift;
	mems__set_start(space, top);
	mems__set_used(space, top);
	if (tail != NOWHERE) {
		mems__clear_start(space, end);
		*hole = (struct hole){ tail, top - tail };
	} else {
		mems__set_start(space, end);
		region->holes++;
		*hole = (struct hole){ end, top - end };
	}
	mems__clear_used(space, end);
	if (!space->joins) {
		uint64_t page = region->brk / MEMS_PAGE_SIZE;

		space->nodes[page >> 6] |= (uint64_t)1 << (page & 63);
		region->nodes++;
	}
	if (space->watched)
		mems__watch_forbid(space->data + region->brk,
				   (size_t)step);
	set_break(space, region->brk + step);
	mems__holes_add(space, hole->at, hole->length);
	return true;
}

/* Give up the whole pages at the end that hold nothing. */
void mems__chain_shrink(struct space *space)
{
	struct region *region = space->region;
	uint64_t end = space->top;
	uint64_t tail = mems__tail(space);
	uint64_t brk, top, old = region->brk;

	if (tail == NOWHERE)
		return;
	brk = mems__round_up(tail << space->shift, MEMS_PAGE_SIZE);
	if (brk == old)
		return;
	top = brk >> space->shift;
	mems__clear_start(space, end);
	mems__clear_used(space, end);
	if (top > 0) {
		mems__set_start(space, top);
		mems__set_used(space, top);
	} else {
		mems__clear_start(space, 0);
	}
	if (top == tail)
		region->holes--;
	mems__holes_remove(space, tail, end - tail);
	set_break(space, brk);
	/* Behind the break there was nothing: its page goes as a whole. */
	mems__return_bytes(space, tail << space->shift,
			   mems__min(old + mems__page_size() - 1,
				     region->reach));
	if (brk < region->extent / 2)
		mems__region_shrink(space);
}
