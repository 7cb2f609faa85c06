/* Slab caches, as users see them. */
#include <config.h>

#include "slab/fast.h"
#include "slab/handle.h"

#include "base/align.h"

#include <errno.h>

/* So much at the least is in a slab. */
#define SHIFT_LEAST 14

#define SLOT_MOST ((size_t)64 << 20)
#define ALIGNMENT_MOST 4096

/* What a slot of this size is aligned to if nobody says. */
static size_t natural_alignment(size_t size)
{
	size_t alignment = 16;

	while (size % alignment != 0 && size < 16)
		alignment /= 2;
	return alignment;
}

static bool plan_cache(const struct mems_slab_options *options,
		       struct store_plan *plan)
{
	size_t size, alignment;

	if (options == NULL || options->size != sizeof(*options) ||
	    options->slot_size == 0 || options->slot_size > SLOT_MOST ||
	    options->alignment > ALIGNMENT_MOST || options->flags != 0 ||
	    options->reserved != 0)
		return false;
	size = options->slot_size;
	alignment = options->alignment != 0 ? options->alignment :
		    natural_alignment(size);
	if (!mems__is_power_of_2(alignment))
		return false;
	size = (size_t)mems__round_up(size, alignment);
	if (options->cap > UINT64_MAX / size)
		return false;
	*plan = (struct store_plan){
		.size = size, .alignment = alignment, .shift = SHIFT_LEAST,
		.colors = SLAB_COLORS, .lasting = true,
		.cap = options->cap * size,
		.construct = options->construct,
		.destruct = options->destruct,
		.arg = options->arg,
	};
	return mems__source_begin(&plan->source, options->space,
				  options->heap);
}

mems_slab *mems_slab_create(const struct mems_slab_options *options)
{
	struct store_plan plan;

	if (!plan_cache(options, &plan)) {
		errno = EINVAL;
		return NULL;
	}
	return (mems_slab *)mems__handle_make(mems__store_create(&plan),
					      OWNER_SLAB);
}

int mems_slab_destroy(mems_slab *slab)
{
	return mems__handle_end(slab, OWNER_SLAB, true);
}

void *mems_slab_alloc(mems_slab *slab)
{
	struct owner *owner = mems__handle_of(slab, OWNER_SLAB);

	return unlikely(owner == NULL) ? NULL : mems__store_take(owner, 0);
}

int mems_slab_free(mems_slab *slab, void *slot)
{
	struct owner *owner = mems__handle_of(slab, OWNER_SLAB);

	return unlikely(owner == NULL) ? -EINVAL :
					 mems__store_free_near(owner, slot);
}

int mems_slab_contains(const mems_slab *slab, const void *slot)
{
	const struct owner *owner = mems__handle_of(slab, OWNER_SLAB);

	return owner == NULL ? -EINVAL :
				mems__store_size(owner->store, slot) > 0;
}

int mems_slab_walk(mems_slab *slab, mems_slab_walk_fn *callback, void *arg)
{
	return mems__handle_walk(slab, OWNER_SLAB, callback, arg);
}

int mems_slab_shrink(mems_slab *slab, uint64_t *returned)
{
	return mems__handle_shrink(slab, OWNER_SLAB, returned);
}

mems_slab *mems_slab_share(mems_slab *slab)
{
	return (mems_slab *)mems__handle_share(slab, OWNER_SLAB);
}

int mems_slab_detach(mems_slab *slab)
{
	return mems__handle_end(slab, OWNER_SLAB, false);
}

int mems_slab_adopt(mems_slab *slab)
{
	return mems__handle_adopt(slab, OWNER_SLAB);
}

mems_va mems_slab_address(const mems_slab *slab)
{
	return mems__handle_address(slab, OWNER_SLAB);
}

mems_va mems_slab_magazine(const mems_slab *slab)
{
	return mems__handle_magazine(slab, OWNER_SLAB);
}

mems_slab *mems_slab_attach(mems_space *space, mems_va va)
{
	return (mems_slab *)mems__handle_attach(space, va, OWNER_SLAB);
}

int mems_slab_verify(mems_slab *slab, char *report, size_t length)
{
	return mems__handle_verify(slab, OWNER_SLAB, report, length);
}
