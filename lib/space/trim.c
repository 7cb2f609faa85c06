/* Giving back all that can be given back, on request. */
#include <config.h>

#include "space/segment.h"

#include <errno.h>

/*
 * Give back the pages inside each run of holes; runs cross the borders of
 * nodes. Pages that have no memory cost little: the system is asked first.
 */
static void return_holes(struct space *space)
{
	uint64_t at = mems__next_hole(space, 0);

	while (at != NOWHERE) {
		uint64_t brk = space->top;
		uint64_t end = mems__next_start(space, at);

		while (end < brk && !mems__is_used(space, end))
			end = mems__next_start(space, end);
		mems__return_bytes(space, at << space->shift,
				   end << space->shift);
		at = mems__next_hole(space, end);
	}
}

static int trim(mems_space *handle, uint64_t *returned, bool rebuild)
{
	struct space *space = mems__space_of(handle);
	uint64_t before;

	if (space == NULL)
		return -EINVAL;
	mems__lock_take(&space->lock);
	before = space->region->returned;
	if (rebuild)
		mems__holes_rebuild(space);
	mems__tracts_return(space);
	return_holes(space);
	if (returned != NULL)
		*returned = space->region->returned - before;
	mems__lock_drop(&space->lock);
	return 0;
}

int mems_space_trim(mems_space *handle, uint64_t *returned)
{
	return trim(handle, returned, false);
}

int mems_space_defrag(mems_space *handle, uint64_t *returned)
{
	return trim(handle, returned, true);
}
