/* What the Go package asks of the C library, in calls made for it. */
#ifndef MEMS_GO_CORE_H
#define MEMS_GO_CORE_H

/* The local mems.h must not stand for the installed one. */
#ifdef MEMS_GO_SYSTEM
#include <mems/slab.h>
#include <mems/space.h>
#include <mems/stats.h>
#else
#include "mems.h"
#endif

struct mems_go_core {
	mems_space *space;
	mems_depot *depot;	/* or NULL as yet */
	unsigned char *base;	/* of the data: unit 0 */
	uint32_t crossed;	/* the soft limit was, since somebody looked */
	int foreign;		/* the space is another's */
};

struct mems_go_options {
	uint64_t growth, soft, hard;
	uint32_t granule;
};

struct mems_go_stats {
	uint64_t maximum, mapped, used, used_peak, largest_hole, nodes, blocks,
		holes, metadata, returned, soft, hard, wanted, allocations,
		frees, growth, granule, first_fit;
	uint64_t held, slots_used, slots, slabs;
};

struct mems_go_segment {
	uint64_t va, size, node, kind;
};

int mems_go_open(void *memory, size_t size,
		 const struct mems_go_options *options,
	    struct mems_go_core **core);
int mems_go_adopt(void *space, uint64_t depot, struct mems_go_core **core);
void mems_go_close(struct mems_go_core *core);

uint64_t mems_go_alloc(struct mems_go_core *core, size_t size, size_t alignment,
		  int *error);
uint64_t mems_go_resize(struct mems_go_core *core, uint64_t va, size_t size,
			int *error);
int mems_go_free(struct mems_go_core *core, uint64_t va);
uint64_t mems_go_usable(struct mems_go_core *core, uint64_t va);
int mems_go_contains(struct mems_go_core *core, uint64_t va);
int mems_go_read(struct mems_go_core *core, uint64_t va, void *to,
		 size_t length);
int mems_go_write(struct mems_go_core *core, uint64_t va, const void *from,
	     size_t length);

/* Blocks of the depot, by units. */
uint32_t mems_go_take(struct mems_go_core *core, size_t size, uint32_t *units,
		 uint32_t count);
int mems_go_give(struct mems_go_core *core, const uint32_t *units,
		 uint32_t count);
uint64_t mems_go_block_size(struct mems_go_core *core, uint32_t unit);
uint64_t mems_go_depot(struct mems_go_core *core);

int mems_go_limit(struct mems_go_core *core, uint64_t soft, uint64_t hard);
int mems_go_crossed(struct mems_go_core *core);
uint64_t mems_go_trim(struct mems_go_core *core);
int mems_go_verify(struct mems_go_core *core, char *report, size_t length);
void mems_go_stats(struct mems_go_core *core, struct mems_go_stats *stats);
uint64_t mems_go_used(struct mems_go_core *core);
size_t mems_go_walk(struct mems_go_core *core,
		    struct mems_go_segment *segments, size_t room);
int mems_go_root_set(struct mems_go_core *core, const char *name, uint64_t va);
int mems_go_root_get(struct mems_go_core *core, const char *name, uint64_t *va);
int mems_go_root_remove(struct mems_go_core *core, const char *name);

#endif
