/* Checking every invariant, the truth first and then what is derived of it. */
#include <config.h>

#include "space/segment.h"

#include "base/text.h"

#include <errno.h>
#include <string.h>

static bool check_head(const struct space *space, const char **wrong)
{
	const struct region *region = space->region;

	if (memcmp(region->magic, REGION_MAGIC, sizeof(region->magic)) != 0 ||
	    region->version != REGION_VERSION ||
	    region->byte_order != REGION_BYTE_ORDER ||
	    region->granule != (uint32_t)1 << space->shift)
		*wrong = "the head of the region is damaged";
	else if (region->brk > region->reach ||
		 region->reach > region->maximum ||
		 region->brk % MEMS_PAGE_SIZE != 0 ||
		 region->brk != space->face.limit ||
		 region->brk != space->top << space->shift)
		*wrong = "the break is out of place";
	else
		return true;
	return false;
}

/* The bits: a mark at the break, no two holes side by side; the counts. */
static bool check_segments(const struct space *space, const char **wrong)
{
	const struct region *region = space->region;
	uint64_t brk = space->top;
	uint64_t blocks = 0, holes = 0, used = 0, next;
	bool after_hole = false;

	if (!mems__is_start(space, brk) || !mems__is_used(space, brk)) {
		*wrong = "the mark at the break is missing";
		return false;
	}
	if (!mems__is_start(space, 0)) {
		*wrong = "no segment begins at the first address";
		return false;
	}
	for (uint64_t at = 0; at < brk; at = next) {
		bool hole = !mems__is_used(space, at);

		next = mems__next_start(space, at);
		if (next > brk) {
			*wrong = "a segment runs past the break";
			return false;
		}
		if (hole && after_hole && !mems__is_border(space, at)) {
			*wrong = "two holes of a node are neighbours";
			return false;
		}
		after_hole = hole;
		holes += hole;
		blocks += !hole;
		used += hole ? 0 : next - at;
	}
	if (blocks != region->allocations - region->frees || holes != region->holes ||
	    used != region->used) {
		*wrong = "the counts do not agree with the segments";
		return false;
	}
	return true;
}

static bool check_nodes(const struct space *space, const char **wrong)
{
	uint64_t brk = space->top, nodes = 0;

	for (uint64_t at = 0; at < brk; at = mems__node_end(space, at)) {
		nodes++;
		if (!mems__is_start(space, at)) {
			*wrong = "a segment crosses the border of a node";
			return false;
		}
	}
	if (nodes != space->region->nodes) {
		*wrong = "the number of nodes is wrong";
		return false;
	}
	return true;
}

/* Bits that tell of a block where no segment starts; the summary. */
static bool check_summary(const struct space *space, const char **wrong)
{
	uint64_t pairs = (space->top >> 6) + 1;

	for (uint64_t i = 0; i < pairs; i++) {
		const struct pair *pair = &space->pairs[i];

		if ((pair->used & ~pair->start) != 0) {
			*wrong = "a block begins where no segment does";
			return false;
		}
		if (mems__bitset_has(&space->starts, i) != (pair->start != 0)) {
			*wrong = "the summary of starts is wrong";
			return false;
		}
	}
	for (unsigned level = 1; level < space->starts.levels; level++) {
		uint64_t words = (pairs + 63) / 64;

		for (uint64_t i = 0; i < words; i++) {
			bool above = space->starts.level[level][i >> 6] >>
				     (i & 63) & 1;

			if (above != (space->starts.level[level - 1][i] != 0)) {
				*wrong = "the summary's levels disagree";
				return false;
			}
		}
		pairs = words;
	}
	return true;
}

static bool check_all(struct space *space, const char **wrong)
{
	if (!check_head(space, wrong))
		return false;
	if (space->region->brk == 0) {
		*wrong = "an empty space has counts";
		return space->region->allocations == space->region->frees &&
		       space->region->holes == 0 &&
		       space->region->used == 0 && space->region->nodes == 0;
	}
	return check_summary(space, wrong) && check_segments(space, wrong) &&
	       check_nodes(space, wrong) && mems__holes_check(space, wrong) &&
	       mems__tracts_check(space, wrong);
}

int mems_space_verify(mems_space *handle, char *report, size_t length)
{
	struct space *space = mems__space_of(handle);
	const char *wrong = "";
	bool sound;

	if (space == NULL)
		return -EINVAL;
	mems__lock_take(&space->lock);
	sound = check_all(space, &wrong);
	mems__lock_drop(&space->lock);
	if (sound)
		return 0;
	mems__text_report(report, length, wrong);
	return -EBADMSG;
}
