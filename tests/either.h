/* A slab cache or a depot, for tests of both: the calls that they have alike. */
#ifndef TEST_EITHER_H
#define TEST_EITHER_H

#include <mems.h>

#include <stdbool.h>

static bool is_cache;
static size_t slot_size;	/* of a cache */

static inline void *get(void *handle, size_t size)
{
	return is_cache ? mems_slab_alloc(handle) :
	       mems_depot_alloc(handle, size);
}

static inline int put(void *handle, void *block)
{
	return is_cache ? mems_slab_free(handle, block) :
	       mems_depot_free(handle, block);
}

static inline size_t usable(void *handle, const void *block)
{
	if (!is_cache)
		return mems_depot_usable_size(handle, block);
	return mems_slab_contains(handle, block) == 1 ? slot_size : 0;
}

static inline mems_va address_of(void *handle)
{
	return is_cache ? mems_slab_address(handle) :
	       mems_depot_address(handle);
}

static inline void *attach(mems_space *space, mems_va va)
{
	return is_cache ? (void *)mems_slab_attach(space, va) :
	       (void *)mems_depot_attach(space, va);
}

static inline void *another(void *handle)
{
	return is_cache ? (void *)mems_slab_share(handle) :
	       (void *)mems_depot_share(handle);
}

static inline int detach(void *handle)
{
	return is_cache ? mems_slab_detach(handle) :
	       mems_depot_detach(handle);
}

#endif
