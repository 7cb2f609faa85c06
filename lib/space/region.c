/*
 * The region: where its parts lie, and which of them have memory.
 *
 * The head and the small parts come first and are used as a whole; each large
 * part has addresses for the largest break and gets memory as the break rises.
 */
#include <config.h>

#include "space/space.h"

#include "base/align.h"
#include "os/pages.h"
#include "space/good_fit.h"

#include <string.h>

/* A part up to this size is not worth a border in the memory map. */
#define SMALL 65536

/* Memory is asked for in multiples of this. */
#define STEP 65536

/* What an area needs while the break is at `brk`. Two items are spare: the
   unit that the break lies in, and one that searches may look at. */
static uint64_t need_of(const struct area *area, uint64_t brk)
{
	uint64_t items;

	if (area->unit == 0)
		return area->size;
	items = brk / area->unit + 2;
	return mems__min(area->size, mems__round_up(items * area->item, 64));
}

static void plan_area(struct region_plan *plan, int name, uint64_t maximum,
		      uint64_t unit, uint32_t item)
{
	struct area *area = &plan->area[name];

	area->unit = unit;
	area->item = item;
	area->size = mems__round_up((maximum / unit + 2) * item, 64);
}

static void plan_bitset(struct region_plan *plan, int name, uint64_t maximum,
			uint64_t unit)
{
	uint64_t numbers = maximum / unit + 1;

	for (unsigned i = 0; mems__bitset_words(numbers, i) > 0; i++) {
		unit *= 64;
		plan_area(plan, name + (int)i, maximum, unit, 8);
	}
}

static void plan_holes(struct region_plan *plan, uint64_t maximum,
		       const struct mems_space_options *options)
{
	uint64_t unit = (uint64_t)options->granule * 128;

	if (options->policy == MEMS_GOOD_FIT) {
		plan->area[AREA_INDEX].size = mems__index_size();
		plan_area(plan, AREA_HOLES, maximum,
			  unit * (options->memory == NULL ? 2 : 8),
			  HINT_BLOCK * sizeof(uint32_t));
		/* A small space has as many size classes as a large one. */
		plan->area[AREA_HOLES].size +=
			HINT_BLOCKS_LEAST * HINT_BLOCK * sizeof(uint32_t);
		return;
	}
	for (int i = AREA_HOLES; i < AREA_TRACTS; i++) {
		plan_area(plan, i, maximum, unit, sizeof(int32_t));
		unit *= 16;
		if (plan->area[i].size <= 16 * sizeof(int32_t))
			break;
	}
}

void mems__region_plan(struct region_plan *plan, uint64_t maximum,
		       const struct mems_space_options *options,
		       uintptr_t address, uint64_t align)
{
	uint64_t unit = (uint64_t)options->granule * 64;
	uint64_t at = mems__round_up(sizeof(struct region), 64);

	memset(plan, 0, sizeof(*plan));
	plan->area[AREA_ROOTS].size = MEMS_ROOTS_MAX * sizeof(struct root);
	if (options->growth == 0)
		plan_area(plan, AREA_NODES, maximum, MEMS_PAGE_SIZE * 64, 8);
	plan_area(plan, AREA_PAIRS, maximum, unit, sizeof(struct pair));
	plan_bitset(plan, AREA_STARTS, maximum, unit);
	plan_holes(plan, maximum, options);
	plan_area(plan, AREA_TRACTS, maximum, TRACT, sizeof(uint32_t));
	plan_bitset(plan, AREA_IDLE, maximum, TRACT);
	plan->area[AREA_DATA] = (struct area){ .size = maximum, .unit = 1,
					       .item = 1 };

	for (int i = 0; i < AREA_DATA; i++) {
		struct area *area = &plan->area[i];

		area->small = area->size <= SMALL;
		if (!area->small || area->size == 0)
			continue;
		plan->offset[i] = at;
		at += mems__round_up(area->size, 64);
	}
	at = mems__round_up(at, align);
	plan->fixed = at;
	for (int i = 0; i < AREA_DATA; i++) {
		struct area *area = &plan->area[i];

		if (area->small)
			continue;
		plan->offset[i] = at;
		at += mems__round_up(area->size, align);
	}
	/* The data begins where the memory is a multiple of the granule. */
	at = mems__round_up(address + at, mems__max(align, options->granule)) -
	     address;
	plan->offset[AREA_DATA] = at;
	plan->size = at + mems__round_up(maximum, align);
}

static void bind_bitset(struct bitset *set, const struct region_plan *plan,
			int name, char *base)
{
	for (unsigned i = 0; i < MEMS__BITSET_LEVELS; i++) {
		if (plan->offset[name + (int)i] == 0)
			break;
		set->level[i] = (uint64_t *)(void *)
			(base + plan->offset[name + (int)i]);
		set->levels = i + 1;
	}
}

/* Point into the region at `memory`, which has memory for its fixed part. */
void mems__region_bind(struct space *space, const struct region_plan *plan,
		       void *memory)
{
	char *base = memory;

	space->region = memory;
	memcpy(space->area, plan->area, sizeof(space->area));
	memcpy(space->region->area, plan->offset, sizeof(plan->offset));
	space->pairs = (void *)(base + plan->offset[AREA_PAIRS]);
	space->nodes = (void *)(base + plan->offset[AREA_NODES]);
	space->tracts = (void *)(base + plan->offset[AREA_TRACTS]);
	bind_bitset(&space->starts, plan, AREA_STARTS, base);
	bind_bitset(&space->idle, plan, AREA_IDLE, base);
	if (space->policy == MEMS_GOOD_FIT) {
		space->index = (void *)(base + plan->offset[AREA_INDEX]);
		space->hints = (void *)(base + plan->offset[AREA_HOLES]);
		mems__index_start(space->index);
	} else {
		for (int i = AREA_HOLES; i < AREA_TRACTS; i++) {
			if (plan->offset[i] == 0)
				break;
			space->tree[i - AREA_HOLES] =
				(void *)(base + plan->offset[i]);
		}
	}
	space->data = (unsigned char *)base + plan->offset[AREA_DATA];
	space->face.origin = (uintptr_t)space->data - MEMS_VA_FIRST;
}

static char *memory_of(const struct space *space, int name)
{
	return (char *)space->region + space->region->area[name];
}

static bool commit_for(struct space *space, uint64_t brk)
{
	uint64_t page = mems__page_size();

	for (int i = 0; i < AREAS; i++) {
		struct area *area = &space->area[i];
		uint64_t want;

		if (area->small || area->size == 0)
			continue;
		want = mems__round_up(need_of(area, brk), mems__max(STEP, page));
		want = mems__min(want, mems__round_up(area->size, page));
		if (want <= area->committed)
			continue;
		if (!mems__pages_commit(memory_of(space, i) + area->committed,
					want - area->committed))
			return false;
		area->committed = want;
	}
	space->committed = brk;
	return true;
}

/*
 * Have memory for a break at `brk`, and for some more while we ask: a step of
 * a page is then rarely a system call. False when the system has no more.
 */
bool mems__region_commit(struct space *space, uint64_t brk)
{
	uint64_t ahead;

	if (brk <= space->committed || !space->ours)
		return true;
	ahead = brk + mems__max(STEP, brk / 8);
	ahead = mems__min(ahead, space->region->maximum);
	return commit_for(space, ahead) || commit_for(space, brk);
}

/* Metadata above the break holds only zeros: give it back. */
void mems__region_shrink(struct space *space)
{
	uint64_t page = mems__page_size();

	if (!space->ours)
		return;
	mems__holes_rebuild(space);
	for (int i = 0; i < AREA_DATA; i++) {
		const struct area *area = &space->area[i];
		uint64_t keep, end;

		if (area->small || area->size == 0)
			continue;
		if (space->index != NULL && i == AREA_HOLES) {
			mems__index_trim(space->index, page, &keep, &end);
		} else {
			keep = need_of(area, space->region->brk);
			end = need_of(area, space->region->extent);
		}
		keep = mems__round_up(keep, page);
		end = mems__min(mems__round_up(end, page), area->committed);
		if (keep < end)
			(void)mems__pages_decommit(memory_of(space, i) + keep,
						   end - keep);
	}
	space->region->extent = space->region->brk;
}

/* Bytes of metadata that were written to and not given back. */
uint64_t mems__region_metadata(const struct space *space)
{
	uint64_t sum = mems__round_up(sizeof(struct region), 64);

	for (int i = 0; i < AREA_DATA; i++) {
		if (space->index != NULL && i == AREA_HOLES)
			sum += mems__index_extent(space->index);
		else if (space->area[i].size > 0)
			sum += need_of(&space->area[i], space->region->extent);
	}
	return sum;
}
