/*
 * The peers that libmems is: both policies, in the layouts people use.
 */
#include "peer.h"

#include <mems.h>

static void *open_space(const struct peer *peer, uint64_t bytes)
{
	(void)bytes;
	return mems_space_create(peer->setting);
}

static inline handle space_alloc(void *heap, size_t size)
{
	return mems_space_alloc(heap, size);
}

static inline void space_free(void *heap, handle block)
{
	mems_space_free(heap, block);
}

static inline void *space_get(void *heap, handle block)
{
	return mems_space_get(heap, block);
}

PEER_REPLAY(replay_space, space_alloc, space_free, space_get)

static void look_space(void *heap, struct footprint *footprint)
{
	struct mems_space_stats stats = { .size = sizeof(stats) };

	if (mems_space_stats(heap, &stats) != 0)
		return;
	footprint->metadata = stats.metadata;
	footprint->mapped = stats.mapped;
	footprint->blocks = stats.blocks;
}

#define OPTIONS(GROWTH, GRANULE, POLICY)                                      \
	&(const struct mems_space_options){                                   \
		.size = sizeof(struct mems_space_options),                    \
		.growth = (GROWTH), .granule = (GRANULE), .policy = (POLICY) }

#define SPACE(KEY, NAME, GROWTH, GRANULE, POLICY)                             \
	{ KEY, NAME, 0, OPTIONS(GROWTH, GRANULE, POLICY), open_space,         \
	  replay_space, look_space }

const struct peer peer_first_classic =
	SPACE("first", "mems first fit, classic", 0, 8, MEMS_FIRST_FIT);
const struct peer peer_first_1m =
	SPACE("first-1m", "mems first fit, 1 MiB", 1 << 20, 8, MEMS_FIRST_FIT);
const struct peer peer_first_16 =
	SPACE("first-16", "mems first fit, granule 16", 1 << 20, 16,
	      MEMS_FIRST_FIT);
const struct peer peer_good_8 =
	SPACE("good-8", "mems good fit, granule 8", 1 << 16, 8, MEMS_GOOD_FIT);
const struct peer peer_good_16 =
	SPACE("good-16", "mems good fit, granule 16", 1 << 16, 16,
	      MEMS_GOOD_FIT);
