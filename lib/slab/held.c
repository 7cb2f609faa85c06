/*
 * Slots that an owner has at hand: free, though their bits say that they are in
 * use. Its thread alone puts them there and takes them; others look, under the
 * lock, when they must know whether a slot is in use.
 */
#include <config.h>

#include "slab/store.h"

/* The owner with this magazine, or NULL: none. Under the lock. */
static struct owner *owner_of(const struct store *store, uint32_t magazine)
{
	struct owner *owner;

	if (magazine == store->common.unit)
		return (struct owner *)(uintptr_t)&store->common;
	for (owner = store->owners; owner != NULL; owner = owner->next)
		if (owner->unit == magazine)
			break;
	return owner;
}

static struct held *held_of(const struct store *store,
			    const struct mems_slab_words *slab)
{
	struct owner *owner = owner_of(store, WORD_LOAD(slab->magazine));

	return owner == NULL ? NULL : &owner->held[slab->size_class];
}

bool mems__is_held(const struct store *store, const struct place *place)
{
	const struct held *held = held_of(store, place->slab);
	const void *slot = mems__slot_at(store, place->shape, place->slab,
					 place->slot);
	uint32_t count = held == NULL ? 0 : WORD_LOAD(held->count);

	for (uint32_t i = 0; i < count && i < HELD_MOST; i++)
		if (WORD_LOAD(held->slots[i]) == slot)
			return true;
	return false;
}

void mems__held_clear(const struct store *store,
		      struct mems_slab_words *slab, uint32_t *live)
{
	const struct held *held = held_of(store, slab);
	uint32_t count = held == NULL ? 0 : WORD_LOAD(held->count);

	for (uint32_t i = 0; i < count && i < HELD_MOST; i++) {
		const void *slot = WORD_LOAD(held->slots[i]);
		struct place place;

		if (mems__slab_around(store, slot) != slab)
			continue;
		place = mems__place_in(store, slab, slab->size_class, slot);
		if (place.slot < place.shape->slots)
			live[place.slot / 32] &= ~mems__bit_of(&place);
	}
}

/* There is none, unless words were written to: it counts as in use. */
void mems__held_forget(struct owner *owner, const struct mems_slab_words *slab)
{
	for (unsigned class = 0; class < owner->store->classes; class++) {
		struct held *held = &owner->held[class], old;

		if (held->count == 0)
			continue;
		old = *held;
		held->marks = 0;
		WORD_STORE(held->count, 0);
		for (size_t i = 0; i < old.count; i++)
			if (mems__slab_around(owner->store, old.slots[i]) !=
			    slab)
				(void)mems__held_give(held, old.slots[i],
						      old.mark[i]);
	}
}

/* By what only its thread, or who has the lock, writes. */
static bool stands_on(const struct owner *owner,
		      const struct mems_slab_words *slab)
{
	const struct store *store = owner->store;

	if (WORD_LOAD(owner->recent.slab) == slab)
		return true;
	for (unsigned class = 0; class < store->classes; class++) {
		const struct held *held = &owner->held[class];
		size_t count = WORD_LOAD(held->count);

		if (owner->current[class] == slab)
			return true;
		for (size_t i = 0; i < count && i < HELD_MOST; i++)
			if (mems__slab_around(store,
					      WORD_LOAD(held->slots[i])) == slab)
				return true;
	}
	return false;
}

bool mems__is_anothers(const struct owner *owner,
		       const struct mems_slab_words *slab)
{
	const struct store *store = owner->store;
	const struct owner *other;

	for (other = store->owners; other != NULL; other = other->next)
		if (other != owner && stands_on(other, slab))
			return true;
	return false;
}

void mems__held_drop(struct owner *owner)
{
	const struct store *store = owner->store;

	for (unsigned class = 0; class < store->classes; class++) {
		struct held *held = &owner->held[class];

		while (held->count > 0) {
			struct place place = mems__place_of(store,
					mems__held_take(held));

			/* Its words may have been written to. */
			if (place.slab == NULL ||
			    place.slot == place.shape->slots ||
			    place.slab->magazine != owner->unit ||
			    mems__is_free(&place))
				continue;
			mems__give_slot(&place);
			if (place.slab->place == MEMS_SLAB_FULL)
				mems__partial_add(owner, place.slab);
		}
	}
}

void mems__held_none(struct owner *owner)
{
	if (owner->most == 0)
		return;
	owner->most = 0;
	mems__held_drop(owner);
}
