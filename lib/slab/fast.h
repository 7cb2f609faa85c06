/* What programs do most with a store: a slot at hand is taken, or becomes one. */
#ifndef MEMS_SLAB_FAST_H
#define MEMS_SLAB_FAST_H

#include "slab/store.h"

#include "base/bits.h"
#include "heap/class.h"

#include <errno.h>

/* The address once and for all: compilers like to work it out in parts, each
   time anew. */
static ALWAYS_INLINE struct held *mems__held_of(struct owner *owner,
						unsigned class)
{
	struct held *held = &owner->held[class];

	__asm__("" : "+r"(held));
	return held;
}

/* A slot of this class. NULL with errno. */
static ALWAYS_INLINE void *mems__store_take(struct owner *owner,
					    unsigned class)
{
	struct held *held = mems__held_of(owner, class);

	if (likely(WORD_LOAD(owner->thread) == mems__thread_self() &&
		   held->count > 0))
		return mems__held_take(held);
	return mems__take_any(owner, class);
}

/* A block of `size` bytes. NULL with errno. */
static ALWAYS_INLINE void *mems__store_alloc(struct owner *owner, size_t size)
{
	if (likely(size - 1 < MEMS_SMALL_MOST))
		return mems__store_take(owner, mems__class_of(size));
	if (size == 0) {
		errno = EINVAL;
		return NULL;
	}
	return mems__large_make(owner->store, size, 16);
}

/* It becomes one that is at hand, if it is a slot in use and there is room. */
static ALWAYS_INLINE bool mems__keep(const struct owner *owner,
				     struct held *held,
				     const struct place *place, void *block)
{
	return likely(place->slot < place->shape->slots &&
		      held->count < owner->most && !mems__is_free(place) &&
		      mems__held_give(held, block, place->slot));
}

/* Is there, by its tag, a slab of this owner's? */
static ALWAYS_INLINE bool mems__has_own(const struct owner *owner,
					const void *block,
					struct mems_slab_words **slab,
					unsigned *class)
{
	const struct store *store = owner->store;
	size_t number = mems__place_number(store, block);

	if (unlikely(WORD_LOAD(owner->thread) != mems__thread_self() ||
		     number >= __atomic_load_n(&store->tags_count,
					       __ATOMIC_ACQUIRE)))
		return false;
	/* Wraps round if there is none. */
	*class = WORD_LOAD(store->tags[number]) - 1u;
	*slab = mems__front(store, block, number);
	return likely(*class < MEMS_SMALL_CLASSES &&
		      WORD_LOAD((*slab)->magazine) == owner->unit);
}

/* What may be a slot of such a slab. */
static ALWAYS_INLINE int mems__give_in(struct owner *owner,
				       struct mems_slab_words *slab,
				       unsigned class, void *block)
{
	const struct store *store = owner->store;
	struct place place = { .slab = slab, .shape = &store->shapes[class] };

	place.slot = mems__slot_number(place.shape,
		(uint32_t)((uintptr_t)block & store->mask) -
		place.shape->first);
	if (mems__keep(owner, mems__held_of(owner, class), &place, block))
		return 0;
	return mems__give_own(owner, block);
}

/* Free a block, or give -EINVAL. */
static ALWAYS_INLINE int mems__store_free(struct owner *owner, void *block)
{
	struct mems_slab_words *slab;
	unsigned class;

	if (mems__has_own(owner, block, &slab, &class))
		return mems__give_in(owner, slab, class, block);
	return mems__give_any(owner, block);
}

/* The same, where the next block is likely to be in the last one's slab. */
static ALWAYS_INLINE int mems__store_free_near(struct owner *owner,
					       void *block)
{
	const struct recent *recent = &owner->recent;
	size_t offset = (size_t)((char *)block - recent->first);
	struct place place;

	if (WORD_LOAD(owner->thread) != mems__thread_self() ||
	    offset >= recent->shape->bytes)
		return mems__give_far(owner, block);
	place.slab = recent->slab;
	place.shape = recent->shape;
	place.slot = mems__slot_number(place.shape, (uint32_t)offset);
	if (mems__keep(owner, recent->held, &place, block))
		return 0;
	return mems__give_far(owner, block);
}

#endif
