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

struct go_core {
	mems_space *space;
	mems_depot *depot;	/* or NULL as yet */
	unsigned char *base;	/* of the data: unit 0 */
	uint32_t crossed;	/* the soft limit was, since somebody looked */
	int foreign;		/* the space is another's */
};

struct go_options {
	uint64_t growth, soft, hard;
	uint32_t granule;
};

struct go_stats {
	uint64_t maximum, mapped, used, used_peak, largest_hole, nodes, blocks,
		holes, metadata, returned, soft, hard, wanted, allocations,
		frees, growth, granule, first_fit;
	uint64_t held, slots_used, slots, slabs;
};

struct go_segment {
	uint64_t va, size, node, kind;
};

int go_open(void *memory, size_t size, const struct go_options *options,
	    struct go_core **core);
int go_adopt(void *space, uint64_t depot, struct go_core **core);
void go_close(struct go_core *core);

uint64_t go_alloc(struct go_core *core, size_t size, size_t alignment,
		  int *error);
uint64_t go_resize(struct go_core *core, uint64_t va, size_t size, int *error);
int go_free(struct go_core *core, uint64_t va);
uint64_t go_usable(struct go_core *core, uint64_t va);
int go_contains(struct go_core *core, uint64_t va);
int go_read(struct go_core *core, uint64_t va, void *to, size_t length);
int go_write(struct go_core *core, uint64_t va, const void *from,
	     size_t length);

/* Blocks of the depot, by units. */
uint32_t go_take(struct go_core *core, size_t size, uint32_t *units,
		 uint32_t count);
int go_give(struct go_core *core, const uint32_t *units, uint32_t count);
uint64_t go_block_size(struct go_core *core, uint32_t unit);
uint64_t go_depot(struct go_core *core);

int go_limit(struct go_core *core, uint64_t soft, uint64_t hard);
int go_crossed(struct go_core *core);
uint64_t go_trim(struct go_core *core);
int go_verify(struct go_core *core, char *report, size_t length);
void go_stats(struct go_core *core, struct go_stats *stats);
uint64_t go_used(struct go_core *core);
size_t go_walk(struct go_core *core, struct go_segment *segments, size_t room);
int go_root_set(struct go_core *core, const char *name, uint64_t va);
int go_root_get(struct go_core *core, const char *name, uint64_t *va);
int go_root_remove(struct go_core *core, const char *name);

#endif
