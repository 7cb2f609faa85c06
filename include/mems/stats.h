/*
 * What can be known of a space: counts, the chains as text, the same as JSON,
 * and a picture; of a heap: counts, a table of its size classes, the same as
 * JSON; of arenas, slab caches and depots: counts.
 *
 * The printing calls write to any mems_write_fn; mems_write_fd() is one. They
 * hold no lock while they write. When other threads change the object meanwhile,
 * each piece is right for the moment at which it was read.
 */
#ifndef MEMS_STATS_H
#define MEMS_STATS_H

#include <mems/arena.h>
#include <mems/heap.h>
#include <mems/slab.h>
#include <mems/space.h>

MEMS_BEGIN_DECLS

struct mems_space_stats {
	size_t size;		/* set by the caller: sizeof of this struct */
	uint64_t maximum;	/* most bytes of data this space can have */
	uint64_t wanted;	/* the maximum asked for, 64 GiB by default;
				   more than `maximum` where addresses are
				   short */
	uint64_t mapped;	/* bytes in nodes, from 1000 to the break */
	uint64_t used;		/* bytes in blocks */
	uint64_t used_peak;	/* the most that `used` has been */
	uint64_t unused;	/* bytes in holes: mapped - used */
	uint64_t largest_hole;	/* bytes */
	uint64_t pages;		/* mapped, in pages of 4096 */
	uint64_t nodes;		/* main chain length */
	uint64_t blocks;	/* PROCESS segments */
	uint64_t holes;		/* HOLE segments */
	uint64_t allocations;	/* blocks ever made */
	uint64_t frees;		/* blocks ever freed */
	uint64_t metadata;	/* bytes of state that pages were taken for,
				   the index of holes included */
	uint64_t returned;	/* bytes given back to the system so far */
	uint64_t growth;
	uint64_t soft_limit;
	uint64_t hard_limit;
	uint32_t granule;
	uint32_t policy;	/* an enum mems_policy */
};

/*
 * Fill `stats`, as much of it as stats->size says (a caller built against an
 * older header gets the part it knows).
 *   -EINVAL  stats is NULL, or stats->size is less than that of the first
 *            version
 */
MEMS_API int mems_space_stats(mems_space *space,
			      struct mems_space_stats *stats);

/*
 * The chains and the counts, in the form of mems_print_stats():
 *
 *   MAIN[1000:5095] -> P[1000:1999] <-> H[2000:5095] <-> NULL
 *
 * Returns 0, what `write` returned when it was not 0, or
 *   -EINVAL  write is NULL
 */
MEMS_API int mems_space_print(mems_space *space, mems_write_fn *write,
			      void *arg);

/*
 * The statistics and the chains as one JSON object; see mems_space_json(3).
 * Returns as mems_space_print().
 */
MEMS_API int mems_space_json(mems_space *space, mems_write_fn *write,
			     void *arg);

/*
 * The chains as a picture, one SVG document: nodes, segments to scale, holes,
 * a legend. A large space is summarised, each cell then showing how full its
 * part is. Returns as mems_space_print().
 */
MEMS_API int mems_space_draw(mems_space *space, mems_write_fn *write,
			     void *arg);

struct mems_heap_stats {
	size_t size;		/* set by the caller: sizeof of this struct */
	uint64_t held;		/* bytes in the heap's runs */
	uint64_t held_peak;	/* the most that `held` has been */
	uint64_t used;		/* bytes in live blocks */
	uint64_t blocks;	/* live blocks */
	uint64_t runs;		/* runs of 64 KiB and more */
	uint64_t large_blocks;	/* live blocks that are a run of their own */
	uint64_t large_used;	/* bytes in these */
	uint64_t caches;	/* threads that allocated from the heap */
	uint64_t soft_limit;
	uint64_t hard_limit;
	uint64_t waiting;	/* all heaps: bytes of empty runs whose memory
				   was not given back yet */
	uint64_t returned;	/* all heaps: bytes given back to the system so
				   far */
	uint64_t reserved;	/* all heaps: bytes of addresses */
};

/*
 * Fill `stats`, as much of it as stats->size says. Blocks that other threads
 * allocate or free meanwhile are counted or not.
 *   -EINVAL  stats is NULL, or stats->size is less than that of the first
 *            version; the heap was destroyed
 */
MEMS_API int mems_heap_stats(mems_heap *heap, struct mems_heap_stats *stats);

/*
 * The counts, and a line for each size class in use. Returns 0, what `write`
 * returned when it was not 0, or
 *   -EINVAL  write is NULL; the heap was destroyed
 */
MEMS_API int mems_heap_print(mems_heap *heap, mems_write_fn *write, void *arg);

/*
 * The same as one JSON object; see mems_heap_json(3).
 * Returns as mems_heap_print().
 */
MEMS_API int mems_heap_json(mems_heap *heap, mems_write_fn *write, void *arg);

/*
 * What mems_site_watch() found, a line for each call site behind a line of
 * names, separated by commas; or as a JSON array. Returns 0, what `write`
 * returned when it was not 0, or
 *   -EINVAL  write is NULL
 */
MEMS_API int mems_site_csv(mems_write_fn *write, void *arg);
MEMS_API int mems_site_json(mems_write_fn *write, void *arg);

struct mems_arena_stats {
	size_t size;		/* set by the caller: sizeof of this struct */
	uint64_t held;		/* bytes of its chunks, or of its slabs and
				   large blocks */
	uint64_t used;		/* bytes handed out, those of blocks that were
				   freed but cannot be had again included */
	uint64_t chunks;	/* or slabs and large blocks */
	uint64_t blocks;	/* intermediate: in use */
	uint64_t frees;		/* persistent: single frees */
	uint64_t cap;
	uint32_t generation;
	uint32_t lifetime;	/* an enum mems_lifetime */
};

/*
 * Fill `stats`, as much of it as stats->size says. The cost of an intermediate
 * arena's grows with its blocks.
 *   -EINVAL  stats is NULL, or stats->size is less than that of the first
 *            version; there is no such arena
 */
MEMS_API int mems_arena_stats(const mems_arena *arena,
			      struct mems_arena_stats *stats);

struct mems_slab_stats {
	size_t size;		/* set by the caller: sizeof of this struct */
	uint64_t held;		/* bytes of slabs and large blocks */
	uint64_t used;		/* bytes of blocks in use */
	uint64_t blocks;	/* in use */
	uint64_t slabs;
	uint64_t large_blocks;	/* of a depot: in use, and no slots */
	uint64_t large_used;	/* bytes in these */
	uint64_t handles;	/* to the cache or depot */
	uint64_t cap;		/* of a cache: most slots; 0: no limit */
	uint32_t slot_size;	/* of a cache: bytes from slot to slot; 0: it is
				   a depot */
	uint32_t slab_size;	/* bytes */
};

/*
 * The same of a slab cache and of a depot; slots that other threads take or
 * free meanwhile are counted or not.
 */
MEMS_API int mems_slab_stats(mems_slab *slab, struct mems_slab_stats *stats);
MEMS_API int mems_depot_stats(mems_depot *depot,
			      struct mems_slab_stats *stats);

MEMS_END_DECLS

#endif
