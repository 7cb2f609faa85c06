/* The counts of a space, in the form that users get. */
#include <config.h>

#include "space/space.h"

#include "base/align.h"

#include <errno.h>
#include <string.h>

/* What the first version of the struct had; it only grows. */
#define STATS_SIZE_LEAST sizeof(struct mems_space_stats)

static void collect(struct space *space, struct mems_space_stats *stats)
{
	const struct region *region = space->region;

	stats->maximum = region->maximum;
	stats->wanted = region->wanted;
	stats->mapped = region->brk;
	stats->used = region->used << space->shift;
	stats->used_peak = region->used_peak << space->shift;
	stats->unused = stats->mapped - stats->used;
	stats->largest_hole = mems__holes_largest(space) << space->shift;
	stats->pages = region->brk / MEMS_PAGE_SIZE;
	stats->nodes = region->nodes;
	stats->blocks = region->allocations - region->frees;
	stats->holes = region->holes;
	stats->allocations = region->allocations;
	stats->frees = region->frees;
	stats->metadata = mems__region_metadata(space);
	stats->returned = region->returned;
	stats->growth = region->growth;
	stats->soft_limit = region->soft_limit;
	stats->hard_limit = region->hard_limit;
	stats->granule = region->granule;
	stats->policy = region->policy;
}

int mems_space_stats(mems_space *handle, struct mems_space_stats *stats)
{
	struct space *space = mems__space_of(handle);
	struct mems_space_stats all = { .size = sizeof(all) };
	size_t size;

	if (space == NULL || stats == NULL || stats->size < STATS_SIZE_LEAST)
		return -EINVAL;
	mems__lock_take(&space->lock);
	collect(space, &all);
	mems__lock_drop(&space->lock);
	/* A newer caller's further fields stay as they are. */
	size = stats->size;
	memcpy(stats, &all, mems__min(size, sizeof(all)));
	stats->size = size;
	return 0;
}
