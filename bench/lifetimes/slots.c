/*
 * A slot taken from a slab cache and freed, back to back.
 */
#include "pair.h"

#include <mems.h>

#include "lane.h"
#include "malloc/block.h"

static void pair(void *state, uint64_t count)
{
	mems_slab *slab = state;

	for (uint64_t i = 0; i < count; i++) {
		char *memory = mems_slab_alloc(slab);

		if (memory == NULL)
			die("slots: no memory");
		*memory = (char)i;
		keep(memory);
		if (mems_slab_free(slab, memory) != 0)
			die("slots: free failed");
	}
}

void run_slots(const struct lane *lane)
{
	struct mems_slab_options options = MEMS_SLAB_OPTIONS;
	mems_slab *slab;

	options.space = lane_space(lane);
	options.slot_size = lane->number;
	slab = mems_slab_create(&options);
	if (slab == NULL)
		die("slots: no cache");
	lane_time(pair, slab, lane_scaled(lane, PAIR_COUNT));
	if (mems_slab_verify(slab, NULL, 0) != 0 ||
	    mems_slab_destroy(slab) != 0)
		die("slots: the cache is broken");
}
