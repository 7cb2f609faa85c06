/*
 * Where arenas and slabs take their memory: a space, or a heap. Either way a
 * place has a unit, counted in 16 bytes from the source's origin; of a heap,
 * 64 GiB around the first memory taken can be told so.
 */
#ifndef MEMS_SLAB_SOURCE_H
#define MEMS_SLAB_SOURCE_H

#include <mems/heap.h>
#include <mems/layout.h>
#include <mems/space.h>

#include "heap/slices.h"

#include <stdbool.h>

struct source {
	mems_space *space;	/* NULL: the heap */
	mems_heap *heap;
	uintptr_t origin;	/* of unit 0; a heap's is set by the first
				   memory taken */
	bool aligned;		/* the space's granule is a unit or more */
};

/* Both NULL: the default heap. False, with errno EINVAL: one was destroyed. */
bool mems__source_begin(struct source *source, mems_space *space,
			mems_heap *heap);

/* False after a fork that left out the memory of its space. */
bool mems__source_came_along(const struct source *source);

/* How many bytes from the origin on can be told. */
uint64_t mems__source_reach(const struct source *source);

/* Memory at a multiple of `alignment`, which is 16 at least. NULL with errno:
   there is none. */
void *mems__source_take(struct source *source, size_t size, size_t alignment);

/* Give it back. False: it is none, which a space tells. */
bool mems__source_give(const struct source *source, void *memory);

static inline uint32_t mems__unit_of(const struct source *source,
				     const void *memory)
{
	return (uint32_t)(((uintptr_t)memory - source->origin) >>
			  MEMS_UNIT_SHIFT);
}

static inline void *mems__at_unit(const struct source *source, uint32_t unit)
{
	return (void *)(source->origin +
			((uintptr_t)unit << MEMS_UNIT_SHIFT));
}

/* The slice with this byte, or NULL: nobody ever used it, and there may be no
   struct for it. */
static inline const struct span *mems__used_slice(const void *memory)
{
	unsigned count = __atomic_load_n(&mems__range_count, __ATOMIC_ACQUIRE);

	for (unsigned i = 0; i < count; i++) {
		const struct range *range = &mems__ranges[i];
		uintptr_t offset = (uintptr_t)memory - (uintptr_t)range->base;

		if (offset < range->size)
			return offset >> SLICE_SHIFT <
			       __atomic_load_n(&range->extent,
					       __ATOMIC_ACQUIRE) ?
			       &range->spans[offset >> SLICE_SHIFT] : NULL;
	}
	return NULL;
}

/* Is the memory in a heap, with `size` bytes from there on? */
static inline bool mems__heap_has(const void *memory, size_t size)
{
	const struct span *span = mems__used_slice(memory);
	uint8_t kind;

	if (span == NULL)
		return false;
	kind = __atomic_load_n(&span->kind, __ATOMIC_RELAXED);
	if (kind == SPAN_INSIDE) {
		span -= span->slices;
		kind = __atomic_load_n(&span->kind, __ATOMIC_RELAXED);
	}
	return kind != SPAN_NONE && kind != SPAN_INSIDE &&
	       size <= ((size_t)span->slices << SLICE_SHIFT) -
		       (size_t)((const char *)memory - span->memory);
}

/* May these bytes be read, whoever wrote the pointer? */
static inline bool mems__source_has(const struct source *source,
				    const void *memory, size_t size)
{
	size_t offset = (uintptr_t)memory - source->origin, limit;

	if (source->space == NULL)
		return mems__heap_has(memory, size);
	limit = MEMS_LOAD_WORD(source->space->limit);
	return offset < limit && size <= limit - offset;
}

#endif
