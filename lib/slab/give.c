/* Freeing a slot: into its magazine, or by a note to its owner. */
#include <config.h>

#include "slab/fast.h"

#include <errno.h>
#include <string.h>

/* An empty slab is given up, unless it is all that can be had next. */
static inline bool is_too_much(const struct owner *owner,
			       const struct shape *shape,
			       struct mems_slab_words *slab)
{
	return slab->place == MEMS_SLAB_PARTIAL &&
	       (slab->previous != MEMS_UNIT_NONE ||
		slab->next != MEMS_UNIT_NONE) &&
	       mems__slab_is_empty(owner, shape, slab);
}

/* Under the lock. */
static void remove_slab(struct owner *owner, struct mems_slab_words *slab)
{
	struct store *store = owner->store;

	mems__tag_set(store, slab, 0);
	mems__held_forget(owner, slab);
	if (owner->recent.slab == slab) {
		owner->recent.shape = &mems__no_shape;
		WORD_STORE(owner->recent.slab, NULL);
	}
	mems__partial_remove(owner, slab);
	/* It is not in a list, unless its words were written to. */
	for (unsigned i = 0; i < store->classes; i++)
		if (owner->current[i] == slab)
			mems__current_set(owner, i, NULL);
	mems__table_remove(store, slab->number);
	store->slabs--;
}

/* Under the lock: the slab is another owner's. */
static void tell_owner(const struct store *store, const struct place *place)
{
	struct mems_slab_words *slab = place->slab;
	uint32_t *freed = mems__word_of(place) + place->shape->words;
	struct mems_magazine_words *words;

	__atomic_store_n(freed, *freed | mems__bit_of(place), __ATOMIC_RELAXED);
	if (slab->told)
		return;
	words = mems__at_unit(&store->source, slab->magazine);
	if (!mems__source_has(&store->source, words, sizeof(*words)) ||
	    words->kind != MEMS_WORDS_MAGAZINE ||
	    words->store != store->common.words->store)
		return;
	WORD_STORE(slab->told, 1);
	slab->inbox = words->inbox;
	words->inbox = mems__unit_of(&store->source, slab);
}

static NOINLINE int give_locked(struct owner *owner, const void *block)
{
	struct store *store = owner->store;
	struct mems_slab_words *slab;
	struct owner *its = NULL;
	struct place place;
	bool remove = false;

	mems__lock_take(&store->lock);
	/* Again: another thread may have freed it, and the slab with it. */
	place = mems__place_of(store, block);
	slab = place.slab;
	if (slab == NULL || place.slot == place.shape->slots ||
	    mems__is_free(&place) || mems__is_held(store, &place)) {
		mems__lock_drop(&store->lock);
		return -EINVAL;
	}
	if (slab->magazine == store->common.unit)
		its = &store->common;
	else if (mems__owner_is_here(owner) && slab->magazine == owner->unit)
		its = owner;
	if (its != NULL) {
		mems__give_slot(&place);
		if (slab->place == MEMS_SLAB_FULL)
			mems__partial_add(its, slab);
		remove = is_too_much(its, place.shape, slab);
	} else {
		tell_owner(store, &place);
	}
	remove = remove && !mems__is_anothers(its, slab);
	if (remove)
		remove_slab(its, slab);
	if (store->capped)
		store->used -= place.shape->size;
	if (store->watched)
		mems__slab_watch(store, (void *)(uintptr_t)block,
				 place.shape->size, false);
	mems__lock_drop(&store->lock);
	if (remove)
		mems__slab_end(store, slab);
	return 0;
}

/* A slab that was full is so no more, or one of a list may be empty. */
static NOINLINE void move_slab(struct owner *owner, const struct shape *shape,
			       struct mems_slab_words *slab)
{
	struct store *store = owner->store;
	bool remove;

	if (slab->place == MEMS_SLAB_FULL)
		mems__partial_add(owner, slab);
	if (!is_too_much(owner, shape, slab))
		return;
	mems__lock_take(&store->lock);
	remove = mems__is_slab(store, slab) && !mems__is_anothers(owner, slab);
	if (remove)
		remove_slab(owner, slab);
	mems__lock_drop(&store->lock);
	if (remove)
		mems__slab_end(store, slab);
}

static void give_bit(struct owner *owner, const struct place *place)
{
	mems__give_slot(place);
	if (place->slab->place == MEMS_SLAB_FULL ||
	    (place->slab->place == MEMS_SLAB_PARTIAL &&
	     mems__slab_is_empty(owner, place->shape, place->slab)))
		move_slab(owner, place->shape, place->slab);
}

/* Half of what is at hand goes back, what came first. */
static void spill(struct owner *owner, unsigned class, struct held *held)
{
	struct store *store = owner->store;
	size_t half = held->count / 2, left = held->count - half;
	void *slots[HELD_MOST];

	memcpy(slots, held->slots, half * sizeof(*slots));
	for (size_t i = 0; i < half; i++)
		mems__mark_clear(held, held->mark[i]);
	for (size_t i = 0; i < left; i++) {
		WORD_STORE(held->slots[i], held->slots[i + half]);
		held->mark[i] = held->mark[i + half];
	}
	WORD_STORE(held->count, left);
	for (size_t i = 0; i < half; i++) {
		struct place place = mems__place_in(store,
			mems__slab_around(store, slots[i]), class, slots[i]);

		if (place.slot < place.shape->slots)
			give_bit(owner, &place);
	}
}

/* A slot of the owner's that is not free by its bits; there is no room at hand,
   or it may be there already. */
static NOINLINE int give_full(struct owner *owner, const struct place *place,
			      void *block)
{
	unsigned class = (unsigned)(place->shape - owner->store->shapes);
	struct held *held = &owner->held[class];

	for (size_t i = 0; i < held->count; i++)
		if (held->slots[i] == block)
			return -EINVAL;
	if (owner->most > 0 && held->count == owner->most)
		spill(owner, class, held);
	if (held->count < owner->most &&
	    mems__held_give(held, block, place->slot))
		return 0;
	give_bit(owner, place);
	return 0;
}

int mems__give_own(struct owner *owner, void *block)
{
	struct place place = mems__place_of(owner->store, block);

	/* Its words may have been written to. */
	if (place.slab == NULL || place.slot == place.shape->slots ||
	    mems__is_free(&place))
		return -EINVAL;
	return give_full(owner, &place, block);
}

int mems__give_any(struct owner *owner, void *block)
{
	struct store *store = owner->store;
	struct mems_slab_words *slab = mems__slab_around(store, block);
	uint32_t class;

	if (!mems__is_slab(store, slab))
		return mems__large_free(store, block);
	/* Once: it may be written to meanwhile. */
	class = WORD_LOAD(slab->size_class);
	if (!mems__owner_is_here(owner) || class >= store->classes ||
	    WORD_LOAD(slab->magazine) != owner->unit)
		return give_locked(owner, block);
	return mems__give_in(owner, slab, class, block);
}

int mems__give_far(struct owner *owner, void *block)
{
	struct store *store = owner->store;
	const struct shape *shape;
	struct mems_slab_words *slab;
	unsigned class;

	if (!mems__has_own(owner, block, &slab, &class))
		return mems__give_any(owner, block);
	shape = &store->shapes[class];
	owner->recent.first = mems__slab_start(store, block) + shape->first;
	owner->recent.shape = shape;
	WORD_STORE(owner->recent.slab, slab);
	owner->recent.held = &owner->held[class];
	return mems__give_in(owner, slab, class, block);
}

/* Under the lock: the empty slabs of one class, linked by `inbox`. */
static void remove_empty(struct owner *owner, unsigned class,
			 struct mems_slab_words **list)
{
	struct store *store = owner->store;
	struct mems_slab_words *slab = owner->current[class], *next;
	const struct shape *shape = &store->shapes[class];
	uint64_t left = store->slabs;	/* whatever the list says */

	if (slab != NULL && mems__is_slab(store, slab) &&
	    mems__slab_is_empty(owner, shape, slab)) {
		mems__current_set(owner, class, NULL);
		mems__partial_add(owner, slab);
	}
	slab = mems__slab_find(store, owner->words->rounds[class].first);
	for (; slab != NULL && left-- > 0; slab = next) {
		uint32_t unit = slab->next;

		next = mems__slab_find(store, unit);
		if (!mems__slab_is_empty(owner, shape, slab) ||
		    mems__is_anothers(owner, slab))
			continue;
		remove_slab(owner, slab);
		/* A list may come back to where it was. */
		next = mems__slab_find(store, unit);
		slab->inbox = *list == NULL ? MEMS_UNIT_NONE :
			      mems__unit_of(&store->source, *list);
		*list = slab;
	}
}

uint64_t mems__store_shrink(struct owner *owner)
{
	struct store *store = owner->store;
	struct mems_slab_words *list = NULL, *next;
	uint64_t bytes = 0;

	mems__lock_take(&store->lock);
	if (mems__owner_is_here(owner)) {
		mems__held_drop(owner);
		mems__owner_collect(owner);
	}
	for (unsigned i = 0; i < store->classes; i++) {
		if (mems__owner_is_here(owner) && owner != &store->common)
			remove_empty(owner, i, &list);
		remove_empty(&store->common, i, &list);
	}
	if (store->spare != NULL) {
		mems__tag_set(store, store->spare, 0);
		mems__table_remove(store, store->spare->number);
		store->slabs--;
		store->spare->inbox = list == NULL ? MEMS_UNIT_NONE :
				      mems__unit_of(&store->source, list);
		list = store->spare;
		store->spare = NULL;
	}
	mems__lock_drop(&store->lock);
	for (; list != NULL; list = next) {
		next = list->inbox == MEMS_UNIT_NONE ? NULL :
		       mems__slab_at(store, list->inbox);
		bytes += (uint64_t)1 << store->shift;
		mems__slab_end(store, list);
	}
	return bytes;
}
