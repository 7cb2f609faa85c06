/*
 * Inside a space: what the files of this layer share, and what the layers
 * above it may use.
 *
 * Positions and lengths are counted in granules from the start of the data,
 * unless a name says bytes.
 *
 * Truth and derived. What is in use is told by three things alone: the bits of
 * `pairs`, the marks of `nodes`, and the break. All else (the summary, the
 * index of holes, the counts, the tracts) is derived and can be built anew.
 */
#ifndef MEMS_SPACE_SPACE_H
#define MEMS_SPACE_SPACE_H

#include <mems/space.h>
#include <mems/stats.h>

#include "base/assert.h"
#include "base/bits.h"
#include "base/bitset.h"
#include "os/lock.h"

#include <errno.h>
#include <stdbool.h>

#define NOWHERE UINT64_MAX	/* no position */

/* ------------------------------------------------------------- the region */

#define REGION_MAGIC "MEMS\r\n\032\n"
#define REGION_VERSION 1
#define REGION_BYTE_ORDER 0x01020304u

/* Good fit keeps positions in 32 bits; the tree of first fit ends here. */
#define GRANULES_MAX_GOOD ((uint64_t)1 << 32)
#define GRANULES_MAX ((uint64_t)1 << 38)

/* A freed tract of this many bytes goes back to the system. */
#define TRACT 65536

/* The parts of a region. What is per break grows with it. */
enum area_name {
	AREA_ROOTS,		/* struct root[] */
	AREA_INDEX,		/* struct index: good fit's stacks */
	AREA_PAIRS,		/* struct pair[]: the segments; behind what is
				   always in use, so [-1] may be read */
	AREA_NODES,		/* a bit per page: a node begins here */
	AREA_STARTS,		/* levels of the set of pairs with a start */
	AREA_HOLES = AREA_STARTS + MEMS__BITSET_LEVELS,	/* index of holes */
	AREA_TRACTS = AREA_HOLES + 9,	/* what is in use in each tract */
	AREA_IDLE,		/* levels of the set of tracts to give back */
	AREA_DATA = AREA_IDLE + MEMS__BITSET_LEVELS,
	AREAS
};

/* A segment starts here; the segment that starts here is PROCESS. */
struct pair {
	uint64_t start, used;
};

struct root {
	uint64_t va;
	char name[MEMS_ROOT_NAME_MAX + 1];	/* "": free */
};

/*
 * The head of a region. Guarded by the lock of the space, but for the words
 * above `brk`, which never change, and the limits' callback, which is not here.
 */
struct region {
	char magic[8];
	uint32_t version;
	uint32_t byte_order;
	uint64_t first_va;
	uint64_t maximum;	/* bytes of data */
	uint64_t reach;		/* of them, those that there is memory for */
	uint64_t wanted;	/* bytes of data asked for */
	uint64_t growth;	/* bytes */
	uint32_t granule;	/* bytes */
	uint32_t policy;
	uint64_t area[AREAS];	/* offsets from here; 0: none */

	/* Truth, beside the areas of pairs, nodes and roots. */
	uint64_t brk;		/* bytes in nodes */
	uint64_t soft_limit, hard_limit;

	/* Derived. */
	uint64_t used;		/* granules */
	uint64_t holes, nodes;
	uint64_t extent;	/* highest brk since metadata was given back */

	/* Blocks are what was allocated less what was freed. */
	uint64_t allocations, frees, used_peak, returned;
};

/* Where one area lies and how it grows: one item per `unit` bytes of data. */
struct area {
	uint64_t size;
	uint64_t unit;
	uint32_t item;
	bool small;		/* in use as a whole from the start */
	uint64_t committed;
};

/*
 * The space as this process knows it. Guarded by `lock`, but for what creation
 * sets and nobody changes.
 */
struct space {
	struct mems_space face;		/* first: what users hold */
	uint32_t alive;			/* SPACE_ALIVE until destroyed */
	struct lock lock;
	uint8_t shift;			/* log2 of the granule */
	uint8_t tract_shift;		/* log2 of a tract, in granules */
	uint8_t policy;
	bool joins;			/* growth > 0: one node that gets longer */
	bool ours;			/* the region is from the system */
	bool extends;			/* the caller's memory gets usable */
	bool returns;			/* pages may be given back */
	bool kept;			/* not by itself: the layer above does */
	bool watched;			/* a memory checker wants to know */
	bool soft_told;			/* of use above the soft limit */
	unsigned char *data;		/* the memory behind MEMS_VA_FIRST */
	uint64_t top;			/* position of the break */
	uint64_t touched;		/* positions below may not hold 0 */

	struct region *region;
	struct pair *pairs;
	uint32_t *tracts;		/* granules in use in each */
	uint64_t idle_count;
	uint64_t check_used;		/* granules in use at which a limit is
					   to be looked at */
	struct index *index;		/* good fit: the heads of its stacks */
	uint32_t *hints;		/* good fit: their blocks */
	struct bitset starts;		/* over the pairs */
	struct bitset idle;		/* over the tracts: given back soon */
	uint64_t *nodes;
	int32_t *tree[9];		/* first fit */
	unsigned tree_levels;		/* of them, as far as the break needs */

	mems_limit_fn *on_soft_limit;
	void *arg;
	uint64_t committed;		/* bytes of data with all that they need */
	struct area area[AREAS];
	void *mapping;			/* the region and what is before it */
	size_t mapping_size;
	struct space *next, *previous;	/* in the registry, under its lock */
};

#define SPACE_ALIVE 0x53454d4du

/* region.c: where everything lies. */
struct region_plan {
	struct area area[AREAS];
	uint64_t offset[AREAS];
	uint64_t fixed;			/* bytes at the front used from the start */
	uint64_t size;			/* of it all */
};
void mems__region_plan(struct region_plan *plan, uint64_t maximum,
		       const struct mems_space_options *options,
		       uintptr_t address, uint64_t align);
void mems__region_bind(struct space *space, const struct region_plan *plan,
		       void *memory);
bool mems__region_commit(struct space *space, uint64_t brk);
void mems__region_shrink(struct space *space);
uint64_t mems__region_metadata(const struct space *space);

/* registry.c: all spaces of this process, and fork. */
struct space *mems__registry_add(void);
/* Set up the hooks of fork, if they are not. A layer above does so before it
   sets up its own, which then run first and take its locks first. */
bool mems__registry_start(void);
void mems__registry_remove(struct space *space);

/* ------------------------------------------------------- the index of holes */

/* The space's policy behind one face; see first_fit.c and good_fit.c. */
struct hole {
	uint64_t at, length;
};

void mems__holes_rebuild(struct space *space);
uint64_t mems__holes_largest(struct space *space);
bool mems__holes_check(struct space *space, const char **wrong);
uint64_t mems__next_hole(const struct space *space, uint64_t from);

bool mems__first_fit_find(struct space *space, uint64_t need,
			  struct hole *hole);
void mems__first_fit_add(struct space *space, uint64_t at, uint64_t length);
void mems__first_fit_remove(struct space *space, uint64_t at,
			    uint64_t length);
void mems__first_fit_resize(struct space *space);
void mems__first_fit_rebuild(struct space *space);
uint64_t mems__first_fit_largest(struct space *space);
bool mems__first_fit_check(struct space *space, const char **wrong);

bool mems__good_fit_find(struct space *space, uint64_t need,
			 struct hole *hole);
bool mems__good_fit_search(struct space *space, uint64_t need,
			   struct hole *hole);
void mems__good_fit_add(struct space *space, uint64_t at, uint64_t length);
void mems__good_fit_rebuild(struct space *space);
uint64_t mems__good_fit_largest(struct space *space);
bool mems__good_fit_check(struct space *space, const char **wrong);

/* ---------------------------------------------------------------- the chain */

uint64_t mems__tail(const struct space *space);
bool mems__chain_grow(struct space *space, uint64_t need, struct hole *hole);
void mems__chain_shrink(struct space *space);

/* --------------------------------------------------------- for other layers */

/* mems_space_resize() in place only: false, with nothing changed, if not. */
bool mems__space_resize_here(mems_space *handle, mems_va va, size_t size);

/*
 * The word at an address that may be wrong, if it lies in a live block and no
 * memory checker has forbidden it.
 */
bool mems__space_peek(const mems_space *handle, mems_va va, uint32_t *word);

/* The space behind a handle, or NULL with errno EINVAL. */
static inline struct space *mems__space_of(const mems_space *handle)
{
	struct space *space = (struct space *)handle;

	if (space != NULL && space->alive == SPACE_ALIVE)
		return space;
	errno = EINVAL;
	return NULL;
}

#endif
