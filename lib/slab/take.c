/* Taking a slot: from a magazine, or from what fills it. */
#include <config.h>

#include "slab/store.h"

#include "base/bits.h"
#include "heap/class.h"
#include "os/watch.h"

#include <errno.h>

/* A free slot of the slab, or NULL. */
static inline void *take_slot(const struct shape *shape,
			      struct mems_slab_words *slab)
{
	uint32_t *bits = mems_slab_bits(slab), word = slab->hint, slot;

	if (word >= shape->words || bits[word] == 0) {
		for (word = 0; word < shape->words && bits[word] == 0; word++)
			;
		if (word == shape->words)
			return NULL;
		slab->hint = word;
	}
	slot = word * 32 + mems__low_bit(bits[word]);
	if (slot >= shape->slots)	/* a bit that C never sets */
		return NULL;
	WORD_STORE(bits[word], bits[word] & (bits[word] - 1));
	slab->used++;
	return (char *)slab + shape->first + (size_t)slot * shape->size;
}

static inline void *take_current(const struct owner *owner, unsigned class)
{
	struct mems_slab_words *slab = owner->current[class];

	if (slab == NULL)
		return NULL;
	return take_slot(&owner->store->shapes[class], slab);
}

/* The first slab of a list; one of another class is none. */
static struct mems_slab_words *first_of(const struct owner *owner,
					unsigned class)
{
	struct mems_slab_words *slab = mems__slab_find(owner->store,
				owner->words->rounds[class].first);

	return slab != NULL && slab->size_class == class ? slab : NULL;
}

/* The current slab is used up: is there another one at hand? Under the lock. */
static bool refill(struct owner *owner, unsigned class)
{
	struct store *store = owner->store;
	struct owner *common = &store->common;
	struct mems_slab_words *slab = owner->current[class];

	mems__current_set(owner, class, NULL);
	if (slab != NULL)
		slab->place = MEMS_SLAB_FULL;
	mems__owner_collect(owner);
	slab = first_of(owner, class);
	if (slab != NULL) {
		mems__partial_remove(owner, slab);
	} else if ((slab = first_of(common, class)) != NULL) {
		mems__partial_remove(common, slab);
	} else if (store->spare != NULL) {
		slab = store->spare;
		store->spare = NULL;
		if (store->watched)
			mems__watch_keep(slab, (size_t)1 << store->shift);
		mems__slab_clear(store, slab, class);
	} else {
		return false;
	}
	mems__current_set(owner, class, slab);
	return true;
}

/* A new slab for this owner, who may have got a current one meanwhile. */
static bool add_slab(struct owner *owner, struct mems_slab_words *slab)
{
	struct store *store = owner->store;

	if (!mems__table_add(store, slab, &slab->number))
		return false;
	store->slabs++;
	if (store->tags != NULL)
		WORD_STORE(store->tags[mems__tag_index(store, slab)],
			   (uint8_t)(slab->size_class + 1));
	WORD_STORE(slab->magazine, owner->unit);
	if (owner->current[slab->size_class] == NULL)
		mems__current_set(owner, slab->size_class, slab);
	else
		mems__partial_add(owner, slab);
	return true;
}

static bool is_allowed(const struct store *store, uint64_t size)
{
	if (!store->capped ||
	    (store->used <= store->cap && size <= store->cap - store->used))
		return true;
	errno = ENOMEM;
	return false;
}

/* Give the owner a new slab of this class; false with errno. */
static bool make_slab(struct owner *owner, unsigned class)
{
	struct store *store = owner->store;
	struct mems_slab_words *slab = mems__slab_make(store, class);
	bool added = false;

	while (slab != NULL && !added && mems__table_reserve(store)) {
		mems__lock_take(&store->lock);
		added = add_slab(owner, slab);
		mems__lock_drop(&store->lock);
	}
	if (slab != NULL && !added)
		mems__slab_end(store, slab);
	return added;
}

/* From the magazine of an owner that is here, or the common one. */
static NOINLINE void *take_locked(struct owner *owner, unsigned class)
{
	struct store *store = owner->store;
	size_t size = store->shapes[class].size;
	void *slot = NULL;
	bool allowed;

	do {
		mems__lock_take(&store->lock);
		allowed = is_allowed(store, size);
		while (allowed) {
			slot = take_current(owner, class);
			if (slot != NULL || !refill(owner, class))
				break;
		}
		if (slot != NULL && store->capped)
			store->used += size;
		mems__lock_drop(&store->lock);
		/* Without the lock: it calls the constructor. */
	} while (allowed && slot == NULL && make_slab(owner, class));
	if (slot != NULL && store->watched)
		mems__slab_watch(store, slot, size, true);
	return slot;
}

/* It was freed lately, and nobody has taken it by its bit meanwhile. */
static inline bool take_known(const struct last_slot *last)
{
	if ((*last->word & last->bit) == 0)
		return false;
	WORD_STORE(*last->word, *last->word & ~last->bit);
	last->slab->used++;
	return true;
}

static inline void *take_last(struct owner *owner, unsigned class)
{
	struct last *last = &owner->last[class];
	void *slot = last->newest.slot;

	if (slot != NULL) {
		last->newest.slot = NULL;
		if (take_known(&last->newest))
			return slot;
	}
	while (last->count > 0)
		if (take_known(&last->older[--last->count]))
			return last->older[last->count].slot;
	return NULL;
}

void *mems__store_take(struct owner *owner, unsigned class)
{
	void *slot;

	if (!mems__owner_is_here(owner))
		return take_locked(&owner->store->common, class);
	slot = take_last(owner, class);
	if (slot == NULL)
		slot = take_current(owner, class);
	return slot != NULL ? slot : take_locked(owner, class);
}

void *mems__store_alloc(struct owner *owner, size_t size)
{
	if (size == 0) {
		errno = EINVAL;
		return NULL;
	}
	if (size <= MEMS_SMALL_MOST)
		return mems__store_take(owner, mems__class_of(size));
	return mems__large_make(owner->store, size, 16);
}
