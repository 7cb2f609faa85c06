/* Looking at a store: where a block is, all blocks, and whether all is well. */
#include <config.h>

#include "slab/store.h"

#include "base/align.h"
#include "heap/class.h"

/* Slots of the smallest size in a slab of the least shift a cache has. */
#define WORDS_MOST 512

/* The bits of slots in use, as far as one can see. Under the lock. */
static void live_bits(const struct store *store, struct mems_slab_words *slab,
		      uint32_t *live)
{
	const struct shape *shape = &store->shapes[slab->size_class];
	const uint32_t *bits = mems_slab_bits(slab);
	const uint32_t *freed = bits + shape->words;

	for (uint32_t i = 0; i < shape->words; i++)
		live[i] = ~(__atomic_load_n(&bits[i], __ATOMIC_RELAXED) |
			    __atomic_load_n(&freed[i], __ATOMIC_RELAXED));
	if (shape->slots % 32 != 0)
		live[shape->words - 1] &=
			((uint32_t)1 << shape->slots % 32) - 1;
	mems__held_clear(store, slab, live);
}

static size_t size_of(const struct store *store, const void *block)
{
	struct place place = mems__place_of(store, block);
	const struct mems_large_words *large;

	if (place.slab != NULL)
		return place.slot == place.shape->slots ||
		       mems__is_free(&place) || mems__is_held(store, &place) ?
		       0 : place.shape->size;
	large = mems__large_at(store, block);
	return large == NULL ? 0 : (size_t)mems__large_size(large);
}

size_t mems__store_size(struct store *store, const void *block)
{
	size_t size;

	mems__lock_take(&store->lock);
	size = size_of(store, block);
	mems__lock_drop(&store->lock);
	return size;
}

uint64_t mems__store_room(uint64_t size)
{
	if (size <= MEMS_SMALL_MOST)
		return mems__classes[mems__class_of(size)].size;
	return size > UINT64_MAX - 15 ? size : mems__round_up(size, 16);
}

/* What the table has under this number, while the lock is held. */
struct entry {
	char *block;		/* the first of a slab's, or a large one */
	uint64_t size;
	uint32_t slots;
	uint32_t live[WORDS_MOST];
};

static bool read_entry(struct store *store, uint32_t number,
		       struct entry *entry)
{
	struct mems_slab_words *slab;
	uint32_t unit;

	entry->slots = 0;
	if (number >= store->room)
		return false;
	unit = store->table[number].unit;
	if (unit == MEMS_UNIT_NONE)
		return true;
	slab = mems__slab_find(store, unit);
	if (slab != NULL) {
		const struct shape *shape = &store->shapes[slab->size_class];

		entry->block = mems__slot_at(store, shape, slab, 0);
		entry->size = shape->size;
		entry->slots = shape->slots;
		live_bits(store, slab, entry->live);
	} else {
		struct mems_large_words *large;

		entry->block = (char *)mems__at_unit(&store->source, unit) +
			       sizeof(*large);
		large = mems__large_at(store, entry->block);
		if (large != NULL) {
			entry->size = mems__large_size(large);
			entry->slots = 1;
			entry->live[0] = 1;
		}
	}
	return true;
}

int mems__store_walk(struct store *store, store_visit_fn *visit, void *arg)
{
	struct entry entry;
	int result = 0;

	for (uint32_t number = 1; result == 0; number++) {
		bool more;

		mems__lock_take(&store->lock);
		more = number < store->count &&
		       read_entry(store, number, &entry);
		mems__lock_drop(&store->lock);
		if (!more)
			break;
		for (uint32_t i = 0; i < entry.slots && result == 0; i++)
			if ((entry.live[i / 32] >> i % 32 & 1) != 0)
				result = visit(entry.block +
					       (size_t)(i * entry.size),
					       (size_t)entry.size, arg);
	}
	return result;
}

/* --------------------------------------------------------------- invariants */

/* Does somebody who does not count write its bits? */
static bool is_uncounted(const struct store *store,
			 const struct mems_slab_words *slab)
{
	const struct owner *owner = store->owners;

	if (store->watched)
		return false;
	if (slab->magazine == store->common.unit)
		return store->common.most == 0;
	while (owner != NULL && owner->unit != slab->magazine)
		owner = owner->next;
	return owner != NULL && owner->most == 0;
}

static const char *check_slab(const struct store *store,
			      struct mems_slab_words *slab)
{
	const struct shape *shape = &store->shapes[slab->size_class];
	const uint32_t *bits = mems_slab_bits(slab);
	const uint32_t *freed = bits + shape->words;
	uint32_t free = 0, noted = 0;

	for (uint32_t i = 0; i < shape->words; i++) {
		if ((bits[i] & freed[i]) != 0)
			return "a slot is free twice";
		free += (uint32_t)__builtin_popcount(bits[i]);
		noted += (uint32_t)__builtin_popcount(freed[i]);
	}
	if (shape->slots % 32 != 0 && bits[shape->words - 1] >>
	    shape->slots % 32 != 0)
		return "a slab has bits for no slots";
	if (slab->used != shape->slots - free && !is_uncounted(store, slab))
		return "a slab does not know how many slots are in use";
	if (slab->place > MEMS_SLAB_PARTIAL)
		return "a slab is nowhere";
	if (noted > 0 && slab->told == 0)
		return "nobody was told of slots that others freed";
	if (slab->place == MEMS_SLAB_FULL && free != 0 &&
	    slab != store->spare)
		return "a slab with free slots is in no list";
	return NULL;
}

/* The slabs that an owner's lists have; more than there are: a broken list. */
static uint64_t count_owned(const struct owner *owner)
{
	const struct store *store = owner->store;
	uint64_t count = 0;

	if (owner->words == NULL)
		return 0;
	for (unsigned i = 0; i < store->classes; i++) {
		const struct mems_rounds *rounds = &owner->words->rounds[i];
		uint32_t unit = rounds->first, before = MEMS_UNIT_NONE;
		struct mems_slab_words *slab;

		count += owner->current[i] != NULL;
		while ((slab = mems__slab_find(store, unit)) != NULL &&
		       count <= store->slabs) {
			if (slab->previous != before ||
			    slab->place != MEMS_SLAB_PARTIAL)
				return UINT64_MAX;
			before = unit;
			unit = slab->next;
			count++;
		}
		if (unit != MEMS_UNIT_NONE || rounds->last != before)
			return UINT64_MAX;
	}
	return count;
}

static const char *check(struct store *store)
{
	uint64_t slabs = 0, large = 0, listed = 0, count;
	const char *wrong = NULL;

	if (store->words->count != store->count ||
	    store->words->room != store->room)
		return "the words do not know the table";
	for (uint32_t i = 1; i < store->count && wrong == NULL; i++) {
		struct mems_slab_words *slab;

		if (store->table[i].unit == MEMS_UNIT_NONE)
			continue;
		slab = mems__slab_find(store, store->table[i].unit);
		if (slab != NULL) {
			wrong = check_slab(store, slab);
			slabs++;
			listed += slab->place != MEMS_SLAB_FULL;
		} else if (mems__large_at(store, (char *)mems__at_unit(
				&store->source, store->table[i].unit) +
				sizeof(struct mems_large_words)) != NULL) {
			large++;
		} else {
			wrong = "the table has what is no slab and no block";
		}
	}
	if (wrong != NULL)
		return wrong;
	if (slabs != store->slabs || large != store->large)
		return "the table has more or less than was counted";
	count = count_owned(&store->common);
	for (struct owner *owner = store->owners; owner != NULL;
	     owner = owner->next) {
		uint64_t owned = count_owned(owner);

		count = owned == UINT64_MAX ? owned : count + owned;
	}
	if (count != listed)
		return "a list of slabs is broken";
	return NULL;
}

const char *mems__store_check(struct store *store)
{
	const char *wrong;

	mems__lock_take(&store->lock);
	wrong = check(store);
	mems__lock_drop(&store->lock);
	return wrong;
}
