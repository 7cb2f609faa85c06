/* The counts of arenas, slab caches and depots. */
#include <config.h>

#include "arena/arena.h"
#include "base/align.h"
#include "slab/handle.h"

#include <mems/stats.h>

#include <errno.h>
#include <string.h>

/* What the first versions of the structs had; they only grow. */
#define ARENA_STATS_LEAST sizeof(struct mems_arena_stats)
#define SLAB_STATS_LEAST sizeof(struct mems_slab_stats)

static int count_block(void *block, size_t size, void *arg)
{
	struct mems_slab_stats *stats = arg;

	(void)block;
	stats->blocks++;
	stats->used += size;
	return 0;
}

static void count_store(struct store *store, struct mems_slab_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	(void)mems__store_walk(store, count_block, stats);
	mems__lock_take(&store->lock);
	stats->slabs = store->slabs;
	stats->large_blocks = store->large;
	stats->large_used = store->large_bytes;
	mems__lock_drop(&store->lock);
	stats->handles = mems__store_handles(store);
	stats->held = (stats->slabs << store->shift) + stats->large_used;
	stats->slab_size = (uint32_t)1 << store->shift;
	if (store->classes > 1)
		return;
	stats->slot_size = store->shapes[0].size;
	stats->cap = store->cap / stats->slot_size;
}

static void fill(void *stats, size_t size, const void *from, size_t whole)
{
	memcpy(stats, from, mems__min(size, whole));
	*(size_t *)stats = size;
}

static void count_chunks(const struct arena *arena,
			 struct mems_arena_stats *stats)
{
	struct mems_chunk_words *chunk = mems__chunk_current(arena);

	for (unsigned i = 0; chunk != NULL && i < CHAIN_MOST; i++) {
		stats->chunks++;
		stats->held += chunk->end;
		stats->used += mems__chunk_top(arena, chunk) -
			       mems__chunk_start(arena, chunk);
		chunk = mems__chunk_at(arena, chunk->before);
	}
}

int mems_arena_stats(const mems_arena *handle, struct mems_arena_stats *stats)
{
	const struct arena *arena = mems__arena_of(handle);
	struct mems_arena_stats counts = { 0 };
	struct mems_slab_stats slabs;

	if (arena == NULL || stats == NULL || stats->size < ARENA_STATS_LEAST)
		return -EINVAL;
	count_chunks(arena, &counts);
	counts.cap = arena->cap;
	counts.frees = __atomic_load_n(&arena->frees, __ATOMIC_RELAXED);
	counts.generation = arena->face.head->generation;
	counts.lifetime = arena->lifetime;
	if (arena->store != NULL) {
		count_store(arena->store, &slabs);
		counts.held += slabs.held;
		counts.used = slabs.used;
		counts.chunks = slabs.slabs + slabs.large_blocks;
		counts.blocks = slabs.blocks;
	}
	fill(stats, stats->size, &counts, sizeof(counts));
	return 0;
}

static int handle_stats(const void *pointer, enum owner_kind kind,
			struct mems_slab_stats *stats)
{
	const struct owner *owner = mems__handle_of(pointer, kind);
	struct mems_slab_stats counts;

	if (owner == NULL || stats == NULL || stats->size < SLAB_STATS_LEAST)
		return -EINVAL;
	count_store(owner->store, &counts);
	fill(stats, stats->size, &counts, sizeof(counts));
	return 0;
}

int mems_slab_stats(mems_slab *slab, struct mems_slab_stats *stats)
{
	return handle_stats(slab, OWNER_SLAB, stats);
}

int mems_depot_stats(mems_depot *depot, struct mems_slab_stats *stats)
{
	return handle_stats(depot, OWNER_DEPOT, stats);
}
