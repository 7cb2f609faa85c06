/* Depots, as users see them: blocks of any size in a space. */
#include <config.h>

#include "slab/fast.h"
#include "slab/handle.h"

#include <errno.h>

/* Slabs of 16 KiB: with 4 KiB there are too few slots of the larger classes,
   with 64 too much waits in classes of which a program has few blocks. */
#define SHIFT 14

mems_depot *mems_depot_create(mems_space *space)
{
	struct store_plan plan = { .shift = SHIFT, .colors = SLAB_COLORS,
				   .lasting = true };

	if (space == NULL || !mems__source_begin(&plan.source, space, NULL)) {
		errno = EINVAL;
		return NULL;
	}
	return (mems_depot *)mems__handle_make(mems__store_create(&plan),
					       OWNER_DEPOT);
}

int mems_depot_destroy(mems_depot *depot)
{
	return mems__handle_end(depot, OWNER_DEPOT, true);
}

void *mems_depot_alloc(mems_depot *depot, size_t size)
{
	struct owner *owner = mems__handle_of(depot, OWNER_DEPOT);

	if (unlikely(owner == NULL))
		return NULL;
	return mems__store_alloc(owner, size);
}

int mems_depot_free(mems_depot *depot, void *block)
{
	struct owner *owner = mems__handle_of(depot, OWNER_DEPOT);

	return unlikely(owner == NULL) ? -EINVAL :
					 mems__store_free(owner, block);
}

size_t mems_depot_usable_size(const mems_depot *depot, const void *block)
{
	const struct owner *owner = mems__handle_of(depot, OWNER_DEPOT);
	size_t size = 0;

	if (owner != NULL)
		size = mems__store_size(owner->store, block);
	if (size == 0)
		errno = EINVAL;
	return size;
}

int mems_depot_walk(mems_depot *depot, mems_slab_walk_fn *callback, void *arg)
{
	return mems__handle_walk(depot, OWNER_DEPOT, callback, arg);
}

int mems_depot_shrink(mems_depot *depot, uint64_t *returned)
{
	return mems__handle_shrink(depot, OWNER_DEPOT, returned);
}

mems_depot *mems_depot_share(mems_depot *depot)
{
	return (mems_depot *)mems__handle_share(depot, OWNER_DEPOT);
}

int mems_depot_detach(mems_depot *depot)
{
	return mems__handle_end(depot, OWNER_DEPOT, false);
}

int mems_depot_adopt(mems_depot *depot)
{
	return mems__handle_adopt(depot, OWNER_DEPOT);
}

mems_va mems_depot_address(const mems_depot *depot)
{
	return mems__handle_address(depot, OWNER_DEPOT);
}

mems_va mems_depot_magazine(const mems_depot *depot)
{
	return mems__handle_magazine(depot, OWNER_DEPOT);
}

mems_depot *mems_depot_attach(mems_space *space, mems_va va)
{
	return (mems_depot *)mems__handle_attach(space, va, OWNER_DEPOT);
}

int mems_depot_verify(mems_depot *depot, char *report, size_t length)
{
	return mems__handle_verify(depot, OWNER_DEPOT, report, length);
}
