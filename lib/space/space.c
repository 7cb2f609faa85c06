/* Making a space, in pages of the system or in the caller's memory; its end. */
#include <config.h>

#include "space/space.h"

#include "base/align.h"
#include "os/pages.h"
#include "os/watch.h"

#include <errno.h>
#include <string.h>

/* Less than this is not worth having when nobody asked for a size. */
#define MAXIMUM_LEAST ((uint64_t)1 << 20)

/* A memory checker keeps books on every byte of a node. */
#define MAXIMUM_WATCHED ((uint64_t)1 << 30)

/* The most bytes of data that such a space can have. */
static uint64_t bytes_at_most(const struct mems_space_options *options)
{
	return (options->policy == MEMS_GOOD_FIT ? GRANULES_MAX_GOOD :
						   GRANULES_MAX) *
	       options->granule;
}

static bool is_sound(const struct mems_space_options *options)
{
	uint64_t most = bytes_at_most(options);

	if (options->size != sizeof(*options) || options->reserved != 0)
		return false;
	if (!mems__is_power_of_2(options->granule) ||
	    options->granule > MEMS_PAGE_SIZE)
		return false;
	if (options->policy > MEMS_GOOD_FIT ||
	    (options->flags & ~(MEMS_MEMORY_PRIVATE | MEMS_MEMORY_ZEROED)) != 0)
		return false;
	if (options->maximum > most || options->growth > most)
		return false;
	if (options->hard_limit != 0 &&
	    options->soft_limit > options->hard_limit)
		return false;
	if (options->memory == NULL)
		return options->memory_size == 0 && options->flags == 0 &&
		       options->memory_usable == 0;
	return (uintptr_t)options->memory % 16 == 0 &&
	       options->memory_size <=
		       UINTPTR_MAX - (uintptr_t)options->memory &&
	       options->memory_usable <= options->memory_size;
}

/* What a space gets that was not told how large it may become. */
static uint64_t wanted_by_default(const struct mems_space_options *options)
{
	uint64_t most = bytes_at_most(options);

	if (sizeof(void *) < 8)
		return (uint64_t)256 << 20;
	return mems__min(most, (uint64_t)64 << 30);
}

/* Try to have this much of the system. */
static bool reserve(struct space *space, uint64_t maximum,
		    const struct mems_space_options *options)
{
	uint64_t align = mems__max(mems__page_size(), TRACT);
	struct region_plan plan;
	char *memory;

	mems__region_plan(&plan, maximum, options, 0, align);
	if (plan.size > SIZE_MAX / 2)
		return false;
	memory = mems__pages_reserve((size_t)plan.size);
	if (memory == NULL)
		return false;
	mems__pages_sparse(memory, (size_t)plan.offset[AREA_DATA]);
	if (!mems__pages_commit(memory, (size_t)plan.fixed)) {
		mems__pages_release(memory, (size_t)plan.size);
		return false;
	}
	space->ours = true;
	space->returns = true;
	space->mapping = memory;
	space->mapping_size = (size_t)plan.size;
	mems__region_bind(space, &plan, memory);
	space->region->maximum = maximum;
	space->region->reach = maximum;
	return true;
}

static bool reserve_by_size(struct space *space,
			    const struct mems_space_options *options)
{
	uint64_t maximum = mems__round_up(options->maximum, MEMS_PAGE_SIZE);
	uint64_t wanted = maximum;

	if (maximum == 0) {
		wanted = wanted_by_default(options);
		maximum = mems__min(wanted, mems__pages_sensible());
		if (mems__watched())
			maximum = mems__min(maximum, MAXIMUM_WATCHED);
		maximum = mems__round_down(maximum, MEMS_PAGE_SIZE);
		maximum = mems__max(maximum, MAXIMUM_LEAST);
	}
	while (!reserve(space, maximum, options)) {
		if (options->maximum != 0 || maximum / 2 < MAXIMUM_LEAST)
			return false;
		maximum = mems__round_down(maximum / 2, MEMS_PAGE_SIZE);
	}
	space->region->wanted = wanted;
	return true;
}

/* The bytes of data that have memory when the first `usable` bytes have. */
static uint64_t reach_of(const struct space *space, uint64_t usable)
{
	uint64_t front = (uintptr_t)space->data - (uintptr_t)space->mapping;

	if (usable < front)
		return 0;
	return mems__min(mems__round_down(usable - front, MEMS_PAGE_SIZE),
			 space->region->maximum);
}

/* Lay the region out in the caller's memory, as much data as goes in. */
static bool borrow(struct space *space,
		   const struct mems_space_options *options)
{
	uintptr_t start = (uintptr_t)options->memory;
	uintptr_t base = (uintptr_t)mems__round_up(start, 64);
	uint64_t room = options->memory_size;
	uint64_t usable = options->memory_usable;
	uint64_t fits = 0, pages;
	struct region_plan plan;

	space->extends = usable > 0;
	if (usable == 0)
		usable = room;
	if (room < base - start)
		return false;
	room -= base - start;
	pages = room / MEMS_PAGE_SIZE + 1;
	if (options->maximum != 0)
		pages = mems__min(pages, (options->maximum - 1) /
					 MEMS_PAGE_SIZE + 2);
	pages = mems__min(pages, bytes_at_most(options) / MEMS_PAGE_SIZE + 1);
	/* The most pages that go in lie from `fits` up to below `pages`. */
	while (pages - fits > 1) {
		uint64_t middle = fits + (pages - fits) / 2;

		mems__region_plan(&plan, middle * MEMS_PAGE_SIZE, options,
				  base, 64);
		if (plan.size <= room)
			fits = middle;
		else
			pages = middle;
	}
	if (fits == 0)
		return false;
	mems__region_plan(&plan, fits * MEMS_PAGE_SIZE, options, base, 64);
	if (usable < base - start + plan.offset[AREA_DATA] + MEMS_PAGE_SIZE)
		return false;
	if ((options->flags & MEMS_MEMORY_ZEROED) == 0) {
		memset((void *)base, 0, (size_t)plan.offset[AREA_DATA]);
		space->touched = NOWHERE;
	}
	space->returns = (options->flags & MEMS_MEMORY_PRIVATE) != 0;
	space->mapping = options->memory;
	mems__region_bind(space, &plan, (void *)base);
	space->region->maximum = fits * MEMS_PAGE_SIZE;
	space->region->wanted = options->maximum != 0 ?
		mems__round_up(options->maximum, MEMS_PAGE_SIZE) :
		fits * MEMS_PAGE_SIZE;
	space->region->reach = reach_of(space, usable);
	return true;
}

static void set_up(struct space *space,
		   const struct mems_space_options *options)
{
	struct region *region = space->region;

	memcpy(region->magic, REGION_MAGIC, sizeof(region->magic));
	region->version = REGION_VERSION;
	region->byte_order = REGION_BYTE_ORDER;
	region->first_va = MEMS_VA_FIRST;
	region->growth = mems__round_up(options->growth, MEMS_PAGE_SIZE);
	region->granule = options->granule;
	region->policy = options->policy;
	space->watched = mems__watched();
	if (space->watched && !space->ours)
		mems__watch_forbid(space->data, (size_t)region->reach);
	space->alive = SPACE_ALIVE;
	mems_space_limit(&space->face, options->soft_limit,
			 options->hard_limit, options->on_soft_limit,
			 options->arg);
}

mems_space *mems_space_create(const struct mems_space_options *options)
{
	static const struct mems_space_options defaults = MEMS_SPACE_OPTIONS;
	struct space *space;

	if (options == NULL)
		options = &defaults;
	if (!is_sound(options)) {
		errno = EINVAL;
		return NULL;
	}
	space = mems__registry_add();
	if (space == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	space->shift = (uint8_t)mems__low_bit(options->granule);
	space->tract_shift = (uint8_t)(mems__low_bit(TRACT) - space->shift);
	space->policy = (uint8_t)options->policy;
	space->joins = options->growth > 0;
	if (options->memory != NULL ? !borrow(space, options) :
				      !reserve_by_size(space, options)) {
		mems__registry_remove(space);
		errno = ENOMEM;
		return NULL;
	}
	set_up(space, options);
	return &space->face;
}

int mems_space_extend(mems_space *handle, size_t usable)
{
	struct space *space = mems__space_of(handle);
	uint64_t reach, before;

	if (space == NULL || !space->extends)
		return -EINVAL;
	reach = reach_of(space, usable);
	mems__lock_take(&space->lock);
	before = space->region->reach;
	if (reach > before) {
		if (space->watched)
			mems__watch_forbid(space->data + before,
					   (size_t)(reach - before));
		space->region->reach = reach;
	}
	mems__lock_drop(&space->lock);
	return 0;
}

int mems_space_destroy(mems_space *handle)
{
	struct space *space = mems__space_of(handle);

	if (space == NULL)
		return -EINVAL;
	space->alive = 0;
	space->face.limit = 0;
	if (space->watched)
		mems__watch_keep(space->data, (size_t)
				 (space->ours ?
				  space->area[AREA_DATA].committed :
				  space->region->reach));
	memset(space->region->magic, 0, sizeof(space->region->magic));
	if (space->ours)
		mems__pages_release(space->mapping, space->mapping_size);
	mems__registry_remove(space);
	return 0;
}
