/* Memory of a space or a heap, told by units. */
#include <config.h>

#include "slab/source.h"

#include "base/align.h"
#include "heap/heap.h"
#include "space/space.h"

#include <errno.h>

/* Units reach this far. */
#define REACH ((uint64_t)1 << (32 + MEMS_UNIT_SHIFT))
#define WINDOW ((uint64_t)1 << 32)

bool mems__source_begin(struct source *source, mems_space *space,
			mems_heap *heap)
{
	if (space != NULL && heap != NULL) {
		errno = EINVAL;
		return false;
	}
	*source = (struct source){ .space = space, .heap = heap };
	if (space == NULL)
		return mems__heap_of(heap) != NULL;
	if (mems__space_of(space) == NULL)
		return false;
	source->origin = (uintptr_t)mems__space_of(space)->data;
	source->aligned = mems__space_of(space)->shift >= MEMS_UNIT_SHIFT;
	return true;
}

bool mems__source_came_along(const struct source *source)
{
	return source->space == NULL ||
	       ((const struct space *)source->space)->alive == SPACE_ALIVE;
}

uint64_t mems__source_reach(const struct source *source)
{
	uint64_t most = mems__min(REACH, UINTPTR_MAX - source->origin);

	if (source->space == NULL)
		return most;
	return mems__min(most,
			 mems__space_of(source->space)->region->maximum);
}

/* The bytes from the origin to behind `size` at `memory` can be told, and no
   window's end is among the latter. */
static bool is_in_reach(const struct source *source, const void *memory,
			size_t size)
{
	uint64_t first = (uintptr_t)memory - source->origin;
	uint64_t last = first + size - 1;

	return last < REACH && first <= last &&
	       (source->space == NULL || first / WINDOW == last / WINDOW);
}

static void *take(const struct source *source, size_t size, size_t alignment)
{
	mems_va va;

	if (source->space == NULL && alignment == 16)
		return mems_heap_alloc(source->heap, size);
	if (source->space == NULL)
		return mems_heap_aligned_alloc(source->heap, alignment, size);
	if (alignment == 16 && source->aligned)
		va = mems_space_alloc(source->space, size);
	else
		va = mems_space_aligned_alloc(source->space, alignment, size);
	return va == MEMS_VA_NONE ? NULL : mems_space_get(source->space, va);
}

/* What crosses the end of a window is held while other memory is looked for, so
   there are as many tries as there are such ends. */
static void *take_whole(const struct source *source, size_t size,
			size_t alignment, unsigned tries)
{
	void *memory = take(source, size, alignment), *other;

	if (memory == NULL || is_in_reach(source, memory, size))
		return memory;
	other = tries == 0 ? NULL :
			     take_whole(source, size, alignment, tries - 1);
	(void)mems__source_give(source, memory);
	if (other == NULL)
		errno = ENOMEM;
	return other;
}

void *mems__source_take(struct source *source, size_t size, size_t alignment)
{
	uint64_t address;	/* 64 bits, also where pointers have 32 */
	void *memory;

	if (source->space != NULL)
		return take_whole(source, size, alignment, REACH / WINDOW);
	memory = take(source, size, alignment);
	if (memory == NULL)
		return NULL;
	address = (uintptr_t)memory;
	if (source->origin == 0 && address > REACH / 2)
		source->origin = (uintptr_t)((address & ~(uint64_t)0xffff) -
					     REACH / 2);
	if (is_in_reach(source, memory, size))
		return memory;
	(void)mems__source_give(source, memory);
	errno = ENOMEM;
	return NULL;
}

bool mems__source_give(const struct source *source, void *memory)
{
	if (source->space == NULL) {
		mems_heap_free(memory);
		return true;
	}
	return mems_space_free(source->space,
			       mems_space_va(source->space, memory)) == 0;
}
