/*
 * The traces on slab caches, depots and plain spaces.
 */
#include <mems.h>

#include "traces.h"

static mems_space *new_space(void)
{
	return mems_space_create(NULL);
}

/* Both have pointers. */
static inline void *same(void *heap, handle block)
{
	(void)heap;
	return (void *)(uintptr_t)block;
}

static void *open_depot(const struct peer *peer, uint64_t bytes)
{
	(void)peer;
	(void)bytes;
	return mems_depot_create(new_space());
}

static inline handle depot_alloc(void *heap, size_t size)
{
	return (handle)(uintptr_t)mems_depot_alloc(heap, size);
}

static inline void depot_free(void *heap, handle block)
{
	mems_depot_free(heap, (void *)(uintptr_t)block);
}

PEER_REPLAY(replay_depot, depot_alloc, depot_free, same)

static void *open_slab(const struct peer *peer, uint64_t bytes)
{
	struct mems_slab_options options = MEMS_SLAB_OPTIONS;

	(void)bytes;
	if (peer == &peer_slab_space)
		options.space = new_space();
	options.slot_size = 64;
	return mems_slab_create(&options);
}

static inline handle slab_alloc(void *heap, size_t size)
{
	(void)size;
	return (handle)(uintptr_t)mems_slab_alloc(heap);
}

static inline void slab_free(void *heap, handle block)
{
	mems_slab_free(heap, (void *)(uintptr_t)block);
}

PEER_REPLAY(replay_slab, slab_alloc, slab_free, same)

const struct peer peer_depot = {
	"depot", "mems depot", 0, NULL, open_depot, replay_depot, NULL
};
const struct peer peer_slab_heap = {
	"slab-heap", "mems slab, heap", 0, NULL, open_slab, replay_slab, NULL
};
const struct peer peer_slab_space = {
	"slab-space", "mems slab, space", 0, NULL, open_slab, replay_slab, NULL
};

void run_replace_64(const struct lane *lane)
{
	trace_64(lane, lane->place == PLACE_HEAP ? &peer_slab_heap :
						   &peer_slab_space);
}

void run_pareto(const struct lane *lane)
{
	trace_pareto(lane, &peer_depot);
}

void run_fit(const struct lane *lane)
{
	trace_pareto(lane, &peer_good_16);
}

void run_shift(const struct lane *lane)
{
	trace_shift(lane, &peer_depot);
}

void run_shift_fit(const struct lane *lane)
{
	trace_shift(lane, &peer_good_16);
}
