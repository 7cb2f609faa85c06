/* What both policies share beside the hot path. */
#include <config.h>

#include "space/holes.h"

void mems__holes_rebuild(struct space *space)
{
	if (space->policy == MEMS_GOOD_FIT)
		mems__good_fit_rebuild(space);
	else
		mems__first_fit_rebuild(space);
}

uint64_t mems__holes_largest(struct space *space)
{
	if (space->policy == MEMS_GOOD_FIT)
		return mems__good_fit_largest(space);
	return mems__first_fit_largest(space);
}

bool mems__holes_check(struct space *space, const char **wrong)
{
	if (space->policy == MEMS_GOOD_FIT)
		return mems__good_fit_check(space, wrong);
	return mems__first_fit_check(space, wrong);
}

/* The first hole at `from` or later, from the bits alone; or NOWHERE. */
uint64_t mems__next_hole(const struct space *space, uint64_t from)
{
	uint64_t pair = from >> 6;
	uint64_t mask = ~(uint64_t)0 << (from & 63);

	if (from >= space->top)
		return NOWHERE;
	while (pair != MEMS__BITSET_NONE) {
		uint64_t holes = space->pairs[pair].start &
				 ~space->pairs[pair].used & mask;

		if (holes != 0)
			return pair << 6 | mems__low_bit(holes);
		mask = ~(uint64_t)0;
		pair = mems__bitset_next(&space->starts, pair + 1);
	}
	return NOWHERE;
}
