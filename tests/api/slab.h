/* What the tests of slab caches and depots share. */
#ifndef TEST_API_SLAB_H
#define TEST_API_SLAB_H

#include "api/heap.h"
#include "api/space.h"

#include <mems/layout.h>

/* A cache of slots of this size, in a space, a heap (NULL: the default one). */
static inline mems_slab *slab_make(mems_space *space, mems_heap *heap,
				   size_t size, size_t alignment)
{
	struct mems_slab_options options = MEMS_SLAB_OPTIONS;
	mems_slab *slab;

	options.space = space;
	options.heap = heap;
	options.slot_size = size;
	options.alignment = alignment;
	slab = mems_slab_create(&options);
	if (slab == NULL) {
		printf("Bail out! mems_slab_create: %s\n", strerror(errno));
		exit(99);
	}
	return slab;
}

static inline mems_depot *depot_make(mems_space *space)
{
	mems_depot *depot = mems_depot_create(space);

	if (depot == NULL) {
		printf("Bail out! mems_depot_create: %s\n", strerror(errno));
		exit(99);
	}
	return depot;
}

static inline struct mems_slab_stats slab_stats(mems_slab *slab)
{
	struct mems_slab_stats stats = { .size = sizeof(stats) };

	if (mems_slab_stats(slab, &stats) != 0)
		stats.held = UINT64_MAX;
	return stats;
}

static inline struct mems_slab_stats depot_stats(mems_depot *depot)
{
	struct mems_slab_stats stats = { .size = sizeof(stats) };

	if (mems_depot_stats(depot, &stats) != 0)
		stats.held = UINT64_MAX;
	return stats;
}

/* The front of the slab that a slot is in, of the store whose words lie at
   `address`: as <mems/layout.h> tells. */
static inline struct mems_slab_words *front_of(mems_space *space,
					       mems_va address,
					       const void *slot)
{
	const struct mems_store_words *store = mems_space_get(space, address);
	mems_va offset = mems_space_va(space, slot) - MEMS_VA_FIRST -
			 store->skew;
	mems_va place = offset >> store->shift;

	return mems_space_get(space, MEMS_VA_FIRST + store->skew +
			      (place << store->shift) +
			      (place & store->colors) * 64);
}

/* Verify, and say in the log what is broken. */
static inline int slab_is_sound(mems_slab *slab)
{
	char report[200] = "";
	int rc = mems_slab_verify(slab, report, sizeof(report));

	if (rc != 0)
		diag("mems_slab_verify: %d: %s", rc, report);
	return rc == 0;
}

static inline int depot_is_sound(mems_depot *depot)
{
	char report[200] = "";
	int rc = mems_depot_verify(depot, report, sizeof(report));

	if (rc != 0)
		diag("mems_depot_verify: %d: %s", rc, report);
	return rc == 0;
}

/* Are these counts the same? */
static inline int counts_are_as_before(struct mems_slab_stats after,
				       const struct mems_slab_stats *before)
{
	return after.held == before->held && after.used == before->used &&
	       after.blocks == before->blocks &&
	       after.slabs == before->slabs &&
	       after.large_blocks == before->large_blocks &&
	       after.large_used == before->large_used &&
	       after.handles == before->handles;
}

static inline int by_address(const void *a, const void *b)
{
	const unsigned char *x = *(unsigned char *const *)a;
	const unsigned char *y = *(unsigned char *const *)b;

	return x < y ? -1 : x > y;
}

/* Do no two of these blocks, `size` bytes each, meet? They are sorted. */
static inline int none_meet(unsigned char **blocks, size_t count, size_t size)
{
	qsort(blocks, count, sizeof(*blocks), by_address);
	for (size_t i = 1; i < count; i++)
		if (blocks[i] < blocks[i - 1] + size)
			return 0;
	return 1;
}

/* A mems_slab_walk_fn: one more. */
static inline int count_told(void *block, size_t size, void *arg)
{
	(void)size;
	*(uint64_t *)arg += block != NULL;
	return 0;
}

#endif
