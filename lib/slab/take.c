/* Taking a slot: from a magazine, or from what fills it. */
#include <config.h>

#include "slab/store.h"

#include "base/bits.h"
#include "os/watch.h"

#include <errno.h>

/* A word of the slab's bits that is not 0, or NULL. */
static uint32_t *free_word(const struct shape *shape,
			   struct mems_slab_words *slab)
{
	uint32_t *bits = mems_slab_bits(slab), word = slab->hint;

	if (word < shape->words && bits[word] != 0)
		return &bits[word];
	for (word = 0; word < shape->words; word++) {
		if (bits[word] == 0)
			continue;
		slab->hint = word;
		return &bits[word];
	}
	return NULL;
}

/* A slot of the current slab, or NULL. Half as many as may be at hand are so
   then, if they are in the same word; none was before. */
static void *take_current(struct owner *owner, unsigned class)
{
	const struct shape *shape = &owner->store->shapes[class];
	struct mems_slab_words *slab = owner->current[class];
	struct held *held = &owner->held[class];
	uint32_t *word, bits, first, count = 0, numbers[HELD_MOST / 2 + 1];
	char *slots;

	if (slab == NULL)
		return NULL;
	word = free_word(shape, slab);
	if (word == NULL)
		return NULL;
	first = (uint32_t)(word - mems_slab_bits(slab)) * 32;
	slots = mems__slab_start(owner->store, slab) + shape->first;
	for (bits = *word; bits != 0 && count <= owner->most / 2;
	     bits &= bits - 1) {
		numbers[count] = first + mems__low_bit(bits);
		if (numbers[count] >= shape->slots)	/* C never sets it */
			break;
		count++;
	}
	if (count == 0)
		return NULL;
	WORD_STORE(*word, bits);
	slab->used += count;
	/* Numbers of one word all have marks of their own. */
	while (count-- > 1)
		(void)mems__held_give(held, slots + (size_t)numbers[count] *
				      shape->size, numbers[count]);
	return slots + (size_t)numbers[0] * shape->size;
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
			mems__watch_keep(mems__slab_start(store, slab),
					 (size_t)1 << store->shift);
		mems__slab_clear(store, slab, class);
		mems__tag_set(store, slab, class + 1);
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
	mems__tag_set(store, slab, slab->size_class + 1);
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

	while (slab != NULL && !added && mems__table_reserve(store) &&
	       mems__tags_reserve(store, slab)) {
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

void *mems__take_any(struct owner *owner, unsigned class)
{
	void *slot;

	if (!mems__owner_is_here(owner))
		return take_locked(&owner->store->common, class);
	if (owner->held[class].count > 0)
		return mems__held_take(&owner->held[class]);
	slot = take_current(owner, class);
	return slot != NULL ? slot : take_locked(owner, class);
}
