/* Freeing a slot: into its magazine, or by a note to its owner. */
#include <config.h>

#include "slab/store.h"

#include <errno.h>

/* Is the slot free, as its owner or somebody else knows? */
static inline bool is_free(const struct place *place)
{
	const uint32_t *word = mems__word_of(place);
	uint32_t bits = __atomic_load_n(word, __ATOMIC_RELAXED);

	if (__atomic_load_n(&place->slab->told, __ATOMIC_RELAXED))
		bits |= __atomic_load_n(word + place->shape->words,
					__ATOMIC_RELAXED);
	return (bits & mems__bit_of(place)) != 0;
}

static inline void give_slot(const struct place *place)
{
	uint32_t *word = mems__word_of(place);

	WORD_STORE(*word, *word | mems__bit_of(place));
	place->slab->used--;
}

/* An empty slab is given up, unless it is all that can be had next. */
static inline bool is_too_much(const struct mems_slab_words *slab)
{
	return slab->used == 0 && slab->place == MEMS_SLAB_PARTIAL &&
	       (slab->previous != MEMS_UNIT_NONE ||
		slab->next != MEMS_UNIT_NONE);
}

/* Under the lock. */
static void remove_slab(struct owner *owner, struct mems_slab_words *slab)
{
	struct store *store = owner->store;
	struct last *last = &owner->last[slab->size_class];
	uint32_t kept = 0;

	if (last->newest.slab == slab)
		last->newest.slot = NULL;
	for (uint32_t i = 0; i < last->count; i++)
		if (last->older[i].slab != slab)
			last->older[kept++] = last->older[i];
	last->count = kept;
	if (store->tags != NULL)
		WORD_STORE(store->tags[mems__tag_index(store, slab)], 0);
	if (owner->recent == slab)
		owner->recent = NO_SLAB;
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
	    is_free(&place)) {
		mems__lock_drop(&store->lock);
		return -EINVAL;
	}
	if (slab->magazine == store->common.unit)
		its = &store->common;
	else if (mems__owner_is_here(owner) && slab->magazine == owner->unit)
		its = owner;
	if (its != NULL) {
		give_slot(&place);
		if (slab->place == MEMS_SLAB_FULL)
			mems__partial_add(its, slab);
		remove = is_too_much(slab);
	} else {
		tell_owner(store, &place);
	}
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
static NOINLINE int move_slab(struct owner *owner,
			      struct mems_slab_words *slab)
{
	struct store *store = owner->store;

	if (slab->place == MEMS_SLAB_FULL)
		mems__partial_add(owner, slab);
	if (!is_too_much(slab))
		return 0;
	mems__lock_take(&store->lock);
	if (!mems__is_slab(store, slab)) {
		mems__lock_drop(&store->lock);
		return 0;
	}
	remove_slab(owner, slab);
	mems__lock_drop(&store->lock);
	mems__slab_end(store, slab);
	return 0;
}

/* A slot of this owner's. */
static inline int give_own(struct owner *owner, struct mems_slab_words *slab,
			   unsigned class, void *block)
{
	struct place place = mems__place_in(owner->store, slab, class, block);
	struct last *last = &owner->last[class];

	if (place.slot == place.shape->slots || is_free(&place))
		return -EINVAL;
	give_slot(&place);
	if (last->newest.slot != NULL && last->count < OLDER_MOST)
		last->older[last->count++] = last->newest;
	last->newest = (struct last_slot){ block, slab,
		mems__word_of(&place), mems__bit_of(&place) };
	if (slab->place == MEMS_SLAB_FULL ||
	    (slab->used == 0 && slab->place == MEMS_SLAB_PARTIAL))
		return move_slab(owner, slab);
	return 0;
}

/* Any slot, or what is none. */
static NOINLINE int give_any(struct owner *owner, void *block)
{
	struct store *store = owner->store;
	struct mems_slab_words *slab = mems__slab_around(store, block);

	if (!mems__is_slab(store, slab))
		return mems__large_free(store, block);
	if (!mems__owner_is_here(owner) ||
	    WORD_LOAD(slab->magazine) != owner->unit)
		return give_locked(owner, block);
	owner->recent = slab;
	return give_own(owner, slab, slab->size_class, block);
}

int mems__store_free(struct owner *owner, void *block)
{
	struct store *store = owner->store;
	struct mems_slab_words *slab = mems__slab_around(store, block);
	uint8_t tag;
	size_t index;

	if (!mems__owner_is_here(owner))
		return give_any(owner, block);
	if (store->tags == NULL)
		/* Is it a slab that was looked at before? */
		return slab == owner->recent &&
		       slab->size_class < store->classes ?
		       give_own(owner, slab, slab->size_class, block) :
		       give_any(owner, block);
	index = mems__tag_index(store, block);
	if (index >= store->tags_count)
		return give_any(owner, block);
	tag = WORD_LOAD(store->tags[index]);
	if (tag == 0 || WORD_LOAD(slab->magazine) != owner->unit)
		return give_any(owner, block);
	return give_own(owner, slab, tag - 1u, block);
}

/* Under the lock: the empty slabs of one class, linked by `inbox`. */
static void remove_empty(struct owner *owner, unsigned class,
			 struct mems_slab_words **list)
{
	struct store *store = owner->store;
	struct mems_slab_words *slab = owner->current[class], *next;
	uint64_t left = store->slabs;	/* whatever the list says */

	if (slab != NULL && slab->used == 0 && mems__is_slab(store, slab)) {
		mems__current_set(owner, class, NULL);
		mems__partial_add(owner, slab);
	}
	slab = mems__slab_find(store, owner->words->rounds[class].first);
	for (; slab != NULL && left-- > 0; slab = next) {
		uint32_t unit = slab->next;

		next = mems__slab_find(store, unit);
		if (slab->used != 0)
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
	if (mems__owner_is_here(owner))
		mems__owner_collect(owner);
	for (unsigned i = 0; i < store->classes; i++) {
		if (mems__owner_is_here(owner) && owner != &store->common)
			remove_empty(owner, i, &list);
		remove_empty(&store->common, i, &list);
	}
	if (store->spare != NULL) {
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
