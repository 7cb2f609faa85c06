/*
 * Stores as they are without a memory checker, also under one: with it no
 * owner has slabs of its own, and what is free may not be looked at.
 */
#ifndef TEST_UNIT_SLAB_UNWATCHED_H
#define TEST_UNIT_SLAB_UNWATCHED_H

#include "os/watch.h"
#include "slab/handle.h"
#include "space/space.h"

/* Before anything is taken from it. */
static inline void space_unwatch(mems_space *handle, void *memory, size_t size)
{
	struct space *space = (struct space *)handle;

	if (space->watched && memory != NULL)
		mems__watch_keep(memory, size);
	space->watched = false;
}

/* Its first handle is adopted by this thread. */
static inline struct store *store_unwatch(void *handle)
{
	struct owner *owner = handle;

	owner->store->watched = false;
	owner->most = HELD_MOST;
	(void)mems__handle_adopt(handle, owner->kind);
	return owner->store;
}

#endif
