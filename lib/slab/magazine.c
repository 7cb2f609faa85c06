/* The slabs of one magazine. */
#include <config.h>

#include "slab/store.h"

#include <string.h>

const char mems__any_thread;
const struct shape mems__no_shape;

void mems__owner_clear(struct owner *owner)
{
	size_t classes = owner->store->classes;

	/* No unit is all ones. */
	owner->words->inbox = MEMS_UNIT_NONE;
	memset(owner->words->rounds, 0xff,
	       classes * sizeof(*owner->words->rounds));
	memset(owner->current, 0, classes * sizeof(*owner->current));
	memset(owner->held, 0, classes * sizeof(*owner->held));
	owner->recent.shape = &mems__no_shape;
	WORD_STORE(owner->recent.slab, NULL);
}

struct mems_slab_words *mems__slab_find(const struct store *store,
					uint32_t unit)
{
	struct mems_slab_words *slab;

	if (unit == MEMS_UNIT_NONE)
		return NULL;
	slab = mems__slab_at(store, unit);
	return mems__is_slab(store, slab) ? slab : NULL;
}

/* At the end: the longer a slab waits, the more of its slots are free. */
void mems__partial_add(const struct owner *owner, struct mems_slab_words *slab)
{
	const struct store *store = owner->store;
	uint32_t unit = mems__unit_of(&store->source, slab);
	uint32_t class = slab->size_class;
	struct mems_slab_words *last;
	struct mems_rounds *rounds;

	/* An owner has not looked whether it was written to. */
	if (class >= store->classes)
		return;
	rounds = &owner->words->rounds[class];
	last = mems__slab_find(store, rounds->last);
	slab->next = MEMS_UNIT_NONE;
	slab->previous = rounds->last;
	if (last != NULL)
		last->next = unit;
	else
		rounds->first = unit;
	rounds->last = unit;
	slab->place = MEMS_SLAB_PARTIAL;
}

void mems__partial_remove(const struct owner *owner,
			  struct mems_slab_words *slab)
{
	const struct store *store = owner->store;
	struct mems_rounds *rounds = &owner->words->rounds[slab->size_class];
	struct mems_slab_words *next = mems__slab_find(store, slab->next);
	struct mems_slab_words *previous;

	previous = mems__slab_find(store, slab->previous);
	if (next != NULL)
		next->previous = slab->previous;
	else
		rounds->last = slab->previous;
	if (previous != NULL)
		previous->next = slab->next;
	else
		rounds->first = slab->next;
	slab->next = slab->previous = MEMS_UNIT_NONE;
	slab->place = MEMS_SLAB_FULL;
}

void mems__current_set(struct owner *owner, unsigned class,
		       struct mems_slab_words *slab)
{
	uint32_t unit = MEMS_UNIT_NONE;

	if (slab != NULL) {
		unit = mems__unit_of(&owner->store->source, slab);
		WORD_STORE(slab->magazine, owner->unit);
		slab->place = MEMS_SLAB_CURRENT;
	}
	owner->current[class] = slab;
	owner->words->rounds[class].current = unit;
}

/* The slots of a slab that others freed are free; how many they were. */
static uint32_t settle(const struct shape *shape, struct mems_slab_words *slab)
{
	uint32_t *bits = mems_slab_bits(slab), *freed = bits + shape->words;
	uint32_t count = 0;

	for (uint32_t i = 0; i < shape->words; i++) {
		if (freed[i] == 0)
			continue;
		count += (uint32_t)__builtin_popcount(freed[i]);
		WORD_STORE(bits[i], bits[i] | freed[i]);
		WORD_STORE(freed[i], 0);
	}
	slab->used -= count;
	WORD_STORE(slab->told, 0);
	return count;
}

void mems__owner_collect(const struct owner *owner)
{
	const struct store *store = owner->store;
	uint32_t unit = owner->words->inbox;
	struct mems_slab_words *slab;

	owner->words->inbox = MEMS_UNIT_NONE;
	while ((slab = mems__slab_find(store, unit)) != NULL && slab->told) {
		unit = slab->inbox;
		if (settle(&store->shapes[slab->size_class], slab) > 0 &&
		    slab->place == MEMS_SLAB_FULL)
			mems__partial_add(owner, slab);
	}
}

static uint32_t count_free(const struct shape *shape,
			   struct mems_slab_words *slab)
{
	const uint32_t *bits = mems_slab_bits(slab);
	uint32_t free = 0;

	for (uint32_t i = 0; i < shape->words; i++)
		free += (uint32_t)__builtin_popcount(WORD_LOAD(bits[i]));
	return free;
}

bool mems__slab_is_empty(const struct owner *owner, const struct shape *shape,
			 struct mems_slab_words *slab)
{
	/* Others, who write its bits, do not count. */
	if (owner->most == 0)
		slab->used = shape->slots - count_free(shape, slab);
	return slab->used == 0;
}

/* What it may have left half done is counted and listed anew. */
void mems__owner_empty(struct owner *owner)
{
	struct store *store = owner->store;

	mems__held_drop(owner);
	for (uint32_t i = 1; i < store->count; i++) {
		struct mems_slab_words *slab;
		const struct shape *shape;
		uint32_t free;

		slab = mems__slab_find(store, store->table[i].unit);
		if (slab == NULL || slab->magazine != owner->unit)
			continue;
		shape = &store->shapes[slab->size_class];
		(void)settle(shape, slab);
		free = count_free(shape, slab);
		slab->used = shape->slots - free;
		slab->place = MEMS_SLAB_FULL;
		WORD_STORE(slab->magazine, store->common.unit);
		if (free > 0)
			mems__partial_add(&store->common, slab);
	}
	mems__owner_clear(owner);
}
