//go:build cgo

/* The calls of core.h. */
#include "core.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void cross(mems_space *space, uint64_t used, void *arg)
{
	struct mems_go_core *core = arg;

	(void)space;
	(void)used;
	__atomic_store_n(&core->crossed, 1, __ATOMIC_RELAXED);
}

int mems_go_crossed(struct mems_go_core *core)
{
	return (int)__atomic_exchange_n(&core->crossed, 0, __ATOMIC_RELAXED);
}

int mems_go_open(void *memory, size_t size,
		 const struct mems_go_options *wanted,
	    struct mems_go_core **made)
{
	struct mems_space_options options = MEMS_SPACE_OPTIONS;
	struct mems_go_core *core = calloc(1, sizeof(*core));
	int error;

	if (core == NULL)
		return -ENOMEM;
	options.growth = wanted->growth;
	options.granule = wanted->granule;
	options.soft_limit = wanted->soft;
	options.hard_limit = wanted->hard;
	options.on_soft_limit = cross;
	options.arg = core;
	options.memory = memory;
	options.memory_size = size;
	options.flags = MEMS_MEMORY_PRIVATE | MEMS_MEMORY_ZEROED;
	core->space = mems_space_create(&options);
	if (core->space == NULL) {
		error = errno;
		free(core);
		return -error;
	}
	core->base = (unsigned char *)(core->space->origin + MEMS_VA_FIRST);
	*made = core;
	return 0;
}

/* A space that somebody else of this process made, by this copy of the
   library; and its depot, if there is one. */
int mems_go_adopt(void *space, uint64_t depot, struct mems_go_core **made)
{
	struct mems_go_core *core = calloc(1, sizeof(*core));
	int error;

	if (core == NULL)
		return -ENOMEM;
	core->foreign = 1;
	core->space = space;
	if (depot != 0)
		core->depot = mems_depot_attach(space, depot);
	if (depot != 0 && core->depot == NULL) {
		error = errno;
		free(core);
		return -error;
	}
	core->base = (unsigned char *)(core->space->origin + MEMS_VA_FIRST);
	*made = core;
	return 0;
}

void mems_go_close(struct mems_go_core *core)
{
	if (core->depot != NULL)
		(void)mems_depot_detach(core->depot);
	if (!core->foreign)
		(void)mems_space_destroy(core->space);
	free(core);
}

uint64_t mems_go_alloc(struct mems_go_core *core, size_t size, size_t alignment,
		  int *error)
{
	mems_va va = mems_space_aligned_alloc(core->space, alignment, size);

	*error = va == MEMS_VA_NONE ? -errno : 0;
	return va;
}

uint64_t mems_go_resize(struct mems_go_core *core, uint64_t va, size_t size,
			int *error)
{
	mems_va moved = mems_space_resize(core->space, va, size);

	*error = moved == MEMS_VA_NONE ? -errno : 0;
	return moved;
}

int mems_go_free(struct mems_go_core *core, uint64_t va)
{
	return mems_space_free(core->space, va);
}

uint64_t mems_go_usable(struct mems_go_core *core, uint64_t va)
{
	return mems_space_usable_size(core->space, va);
}

int mems_go_contains(struct mems_go_core *core, uint64_t va)
{
	return mems_space_contains(core->space, va);
}

int mems_go_read(struct mems_go_core *core, uint64_t va, void *to,
		 size_t length)
{
	return mems_space_read(core->space, va, to, length);
}

int mems_go_write(struct mems_go_core *core, uint64_t va, const void *from,
		  size_t length)
{
	return mems_space_write(core->space, va, from, length);
}

/* The depot is made when somebody wants it: a space may have blocks alone. */
static mems_depot *depot_of(struct mems_go_core *core)
{
	if (core->depot == NULL)
		core->depot = mems_depot_create(core->space);
	return core->depot;
}

/* Goroutines come on any thread, one at a time: whoever calls is the owner. */
uint32_t mems_go_take(struct mems_go_core *core, size_t size, uint32_t *units,
		 uint32_t count)
{
	uint32_t n = 0;

	if (depot_of(core) == NULL)
		return 0;
	(void)mems_depot_adopt(core->depot);
	while (n < count) {
		unsigned char *block = mems_depot_alloc(core->depot, size);

		if (block == NULL)
			break;
		units[n++] = (uint32_t)((size_t)(block - core->base) >> 4);
	}
	return n;
}

int mems_go_give(struct mems_go_core *core, const uint32_t *units,
		 uint32_t count)
{
	int result = 0;

	if (core->depot == NULL)
		return -EINVAL;
	(void)mems_depot_adopt(core->depot);
	for (uint32_t i = 0; i < count; i++) {
		unsigned char *block = core->base + ((size_t)units[i] << 4);
		int error = mems_depot_free(core->depot, block);

		if (error != 0)
			result = error;
	}
	return result;
}

uint64_t mems_go_block_size(struct mems_go_core *core, uint32_t unit)
{
	return core->depot == NULL ? 0 : mems_depot_usable_size(core->depot,
					core->base + ((size_t)unit << 4));
}

uint64_t mems_go_depot(struct mems_go_core *core)
{
	return depot_of(core) == NULL ? MEMS_VA_NONE :
					mems_depot_address(core->depot);
}

int mems_go_limit(struct mems_go_core *core, uint64_t soft, uint64_t hard)
{
	return mems_space_limit(core->space, soft, hard, cross, core);
}

uint64_t mems_go_trim(struct mems_go_core *core)
{
	uint64_t slabs = 0, pages = 0;

	if (core->depot != NULL)
		(void)mems_depot_shrink(core->depot, &slabs);
	(void)mems_space_trim(core->space, &pages);
	return pages;
}

int mems_go_verify(struct mems_go_core *core, char *report, size_t length)
{
	int error = mems_space_verify(core->space, report, length);

	if (error == 0 && core->depot != NULL)
		error = mems_depot_verify(core->depot, report, length);
	return error;
}

uint64_t mems_go_used(struct mems_go_core *core)
{
	struct mems_space_stats space = { .size = sizeof(space) };

	return mems_space_stats(core->space, &space) == 0 ? space.used : 0;
}

void mems_go_stats(struct mems_go_core *core, struct mems_go_stats *stats)
{
	struct mems_space_stats space = { .size = sizeof(space) };
	struct mems_slab_stats depot = { .size = sizeof(depot) };

	(void)mems_space_stats(core->space, &space);
	if (core->depot != NULL)
		(void)mems_depot_stats(core->depot, &depot);
	*stats = (struct mems_go_stats){
		.maximum = space.maximum, .mapped = space.mapped,
		.used = space.used, .used_peak = space.used_peak,
		.largest_hole = space.largest_hole, .nodes = space.nodes,
		.blocks = space.blocks, .holes = space.holes,
		.metadata = space.metadata, .returned = space.returned,
		.soft = space.soft_limit, .hard = space.hard_limit,
		.wanted = space.wanted, .allocations = space.allocations,
		.frees = space.frees, .growth = space.growth,
		.granule = space.granule,
		.first_fit = space.policy == MEMS_FIRST_FIT,
		.held = depot.held, .slots_used = depot.used,
		.slots = depot.blocks, .slabs = depot.slabs,
	};
}

struct walk {
	struct mems_go_segment *segments;
	size_t room, count;
};

static int note(mems_space *space, const struct mems_segment *segment,
		void *arg)
{
	struct walk *walk = arg;

	(void)space;
	if (walk->count < walk->room)
		walk->segments[walk->count] = (struct mems_go_segment){
			segment->va, segment->size, segment->node,
			(uint64_t)segment->kind };
	walk->count++;
	return 0;
}

/* How many segments there are, of which the first `room` are told. */
size_t mems_go_walk(struct mems_go_core *core,
		    struct mems_go_segment *segments, size_t room)
{
	struct walk walk = { segments, room, 0 };

	(void)mems_space_walk(core->space, note, &walk);
	return walk.count;
}

int mems_go_root_set(struct mems_go_core *core, const char *name, uint64_t va)
{
	return mems_space_root_set(core->space, name, va);
}

int mems_go_root_get(struct mems_go_core *core, const char *name, uint64_t *va)
{
	errno = 0;
	*va = mems_space_root_get(core->space, name);
	return -errno;
}

int mems_go_root_remove(struct mems_go_core *core, const char *name)
{
	return mems_space_root_remove(core->space, name);
}
