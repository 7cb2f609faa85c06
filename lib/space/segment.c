/* Segments: the searches that leave a pair of words, and the ends of nodes. */
#include <config.h>

#include "space/segment.h"

/* The first start in pair `pair` or later. */
uint64_t mems__next_start_far(const struct space *space, uint64_t pair)
{
	uint64_t bits = mems__load(&space->pairs[pair].start);

	if (bits == 0) {
		pair = mems__bitset_next(&space->starts, pair);
		if (pair == MEMS__BITSET_NONE)
			return NOWHERE;
		bits = mems__load(&space->pairs[pair].start);
		if (bits == 0)
			return NOWHERE;
	}
	return pair << 6 | mems__low_bit(bits);
}

/* The last start in a pair below `pair`. */
uint64_t mems__last_start_far(const struct space *space, uint64_t pair)
{
	uint64_t bits;

	if (pair == 0)
		return NOWHERE;
	bits = mems__load(&space->pairs[--pair].start);
	if (bits == 0) {
		pair = mems__bitset_previous(&space->starts, pair);
		if (pair == MEMS__BITSET_NONE)
			return NOWHERE;
		bits = mems__load(&space->pairs[pair].start);
		if (bits == 0)
			return NOWHERE;
	}
	return pair << 6 | mems__high_bit(bits);
}

/* Where the node ends that begins at `at`, or that holds it if nodes join. */
uint64_t mems__node_end(const struct space *space, uint64_t at)
{
	uint64_t pages = space->region->brk / MEMS_PAGE_SIZE;
	uint64_t page = (at << space->shift) / MEMS_PAGE_SIZE + 1;
	uint64_t bits;

	if (space->joins || page >= pages)
		return space->top;
	bits = space->nodes[page >> 6] >> (page & 63);
	if (bits == 0) {
		page = (page | 63) + 1;
		while (page < pages && space->nodes[page >> 6] == 0)
			page += 64;
		if (page >= pages)
			return space->top;
		bits = space->nodes[page >> 6];
	}
	return ((page + mems__low_bit(bits)) * MEMS_PAGE_SIZE) >> space->shift;
}
