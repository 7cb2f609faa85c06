/* Stores: made, found, ended; and what fork does to them. */
#include <config.h>

#include "slab/store.h"

#include "base/align.h"
#include "heap/class.h"
#include "heap/heap.h"
#include "os/fork.h"
#include "os/pool.h"
#include "os/watch.h"
#include "space/space.h"

#include <errno.h>
#include <string.h>

/* Slabs with all classes are of these sizes. */
#define ALL_SHIFT_LEAST 13
#define ALL_SHIFTS 2

static struct lock stores_lock = LOCK_INIT(LOCK_STORES);
static struct store *stores;
static struct pool pool = {
	.size = (sizeof(struct store) + 63) & ~(size_t)63,
	.link = offsetof(struct store, next),
};

/* -------------------------------------------------------------------- fork */

static void before_fork(void)
{
	mems__lock_take_unranked(&mems__handles_lock);
	mems__lock_take_unranked(&stores_lock);
	for (struct store *store = stores; store != NULL; store = store->next)
		mems__lock_take_unranked(&store->lock);
}

static void in_parent(void)
{
	for (struct store *store = stores; store != NULL; store = store->next)
		mems__lock_drop_unranked(&store->lock);
	mems__lock_drop_unranked(&stores_lock);
	mems__lock_drop_unranked(&mems__handles_lock);
}

/* What is known of a store without its memory: there is none. */
static void forget(struct store *store)
{
	for (struct owner *owner = store->owners; owner != NULL;
	     owner = owner->next)
		owner->kind = 0;
	store->common.kind = 0;
	store->alive = 0;
}

/* Owners that did not come along may have been between any two stores. */
static void in_child(void)
{
	stores_lock.word = 0;
	mems__handles_lock.word = 0;
	for (struct store *store = stores; store != NULL; store = store->next) {
		store->lock.word = 0;
		if (!mems__source_came_along(&store->source)) {
			forget(store);
			continue;
		}
		for (struct owner *owner = store->owners; owner != NULL;
		     owner = owner->next) {
			if (owner->thread == NULL || mems__owner_is_here(owner))
				continue;
			mems__owner_empty(owner);
			owner->thread = NULL;
		}
	}
}

/* The hooks of heaps and spaces first: so theirs are run later, and their locks
   taken later. */
static bool start(void)
{
	static bool hooked;

	if (!hooked)
		mems__heaps_start();
	hooked = hooked || mems__fork_hooks(before_fork, in_parent, in_child);
	return hooked;
}

bool mems__stores_start(void)
{
	bool started;

	mems__lock_take(&stores_lock);
	started = start();
	mems__lock_drop(&stores_lock);
	return started;
}

/* ---------------------------------------------------------------- creation */

static struct store *add(void)
{
	struct store *store = NULL;

	mems__lock_take(&stores_lock);
	if (start())
		store = mems__pool_take(&pool);
	if (store != NULL) {
		memset(store, 0, sizeof(*store));
		store->lock = (struct lock)LOCK_INIT(LOCK_STORE);
		store->handles = 1;
		store->next = stores;
		if (stores != NULL)
			stores->previous = store;
		stores = store;
	} else {
		errno = ENOMEM;
	}
	mems__lock_drop(&stores_lock);
	return store;
}

/* Shapes of all classes, for slabs of this size; made once, since each size is
   of one kind of store. */
static const struct shape *all_shapes(unsigned shift, uint32_t colors)
{
	static struct shape shapes[ALL_SHIFTS][MEMS_SMALL_CLASSES];
	struct shape *these = shapes[shift - ALL_SHIFT_LEAST];
	static bool made[ALL_SHIFTS];

	mems__lock_take(&stores_lock);
	for (unsigned i = 0; !made[shift - ALL_SHIFT_LEAST] &&
	     i < MEMS_SMALL_CLASSES; i++)
		(void)mems__shape_set(&these[i], shift, colors,
				      mems__classes[i].size, 16);
	made[shift - ALL_SHIFT_LEAST] = true;
	mems__lock_drop(&stores_lock);
	return these;
}

static bool set_shapes(struct store *store, const struct store_plan *plan)
{
	bool enough;

	store->shift = plan->shift;
	store->colors = plan->colors;
	if (plan->size == 0) {
		store->classes = MEMS_SMALL_CLASSES;
		store->shapes = all_shapes(plan->shift, plan->colors);
		return true;
	}
	store->classes = 1;
	store->shapes = &store->shape;
	do
		enough = mems__shape_set(&store->shape, store->shift,
					 plan->colors, plan->size,
					 plan->alignment);
	while (!enough && ++store->shift < 31);
	return enough;
}

/* The words of the store, those of the common magazine behind them. */
static bool make_words(struct store *store)
{
	struct mems_store_words *words;
	uint32_t unit;

	words = mems__source_take(&store->source, sizeof(*words) +
				  sizeof(*store->common.words), 16);
	if (words == NULL)
		return false;
	unit = mems__unit_of(&store->source, words);
	*words = (struct mems_store_words){
		.kind = MEMS_WORDS_STORE,
		.classes = store->classes,
		.shift = store->shift,
		.skew = (uint32_t)(0 - store->source.origin) &
			(((uint32_t)1 << store->shift) - 1),
		.size = store->classes == 1 ? store->shapes[0].size : 0,
		.first = store->classes == 1 ? store->shapes[0].first : 0,
		.table = MEMS_UNIT_NONE,
		.cap = { (uint32_t)store->cap, (uint32_t)(store->cap >> 32) },
		.colors = store->colors,
	};
	store->mask = ((uintptr_t)1 << store->shift) - 1;
	store->first_place = (store->source.origin + store->mask) >>
			     store->shift;
	store->words = words;
	store->common.words = (struct mems_magazine_words *)(words + 1);
	store->common.kind = OWNER_COMMON;
	store->common.unit = mems__unit_of(&store->source,
					   store->common.words);
	store->common.words->kind = MEMS_WORDS_MAGAZINE;
	store->common.words->store = unit;
	mems__owner_clear(&store->common);
	mems__table_clear(store);
	return true;
}

struct store *mems__store_create(struct store_plan *plan)
{
	struct store *store = add();

	if (store == NULL)
		return NULL;
	store->source = plan->source;
	store->common.store = store;
	store->cap = plan->cap;
	store->capped = plan->cap > 0;
	store->construct = plan->construct;
	store->destruct = plan->destruct;
	store->arg = plan->arg;
	store->watched = mems__watched();
	store->lasting = plan->lasting;
	if (!set_shapes(store, plan)) {
		errno = EINVAL;
	} else if (make_words(store)) {
		store->alive = STORE_ALIVE;
		return store;
	}
	mems__store_drop(store);
	return NULL;
}

struct store *mems__store_find(mems_space *space, mems_va va)
{
	struct store *store;
	uint32_t kind = 0;

	if (!mems__space_peek(space, va, &kind) ||
	    (kind ^ MEMS_WORDS_STORE) >> 16 != 0) {
		errno = EINVAL;
		return NULL;
	}
	if (kind != MEMS_WORDS_STORE) {
		errno = EPROTO;
		return NULL;
	}
	mems__lock_take(&stores_lock);
	for (store = stores; store != NULL; store = store->next)
		if (store->alive == STORE_ALIVE && store->handles > 0 &&
		    store->source.space == space &&
		    (const void *)store->words == mems_space_get(space, va))
			break;
	if (store != NULL)
		store->handles++;
	mems__lock_drop(&stores_lock);
	if (store == NULL)
		errno = EINVAL;
	return store;
}

void mems__store_hold(struct store *store)
{
	mems__lock_take(&stores_lock);
	store->handles++;
	mems__lock_drop(&stores_lock);
}

uint32_t mems__store_handles(const struct store *store)
{
	uint32_t handles;

	mems__lock_take(&stores_lock);
	handles = store->handles;
	mems__lock_drop(&stores_lock);
	return handles;
}

/* --------------------------------------------------------------------- ends */

/* End what the table has; `keep`: but for the first slab. */
static struct mems_slab_words *end_all(struct store *store, bool keep)
{
	struct mems_slab_words *kept = NULL;

	for (uint32_t i = 1; i < store->count; i++) {
		uint32_t unit = store->table[i].unit;
		struct mems_slab_words *slab = mems__slab_find(store, unit);
		struct mems_large_words *large;

		if (slab != NULL) {
			/* Once more in the table, if that was written to. */
			if (slab == kept)
				continue;
			if (keep && kept == NULL) {
				kept = slab;
			} else {
				mems__tag_set(store, slab, 0);
				mems__slab_end(store, slab);
			}
		} else if (unit != MEMS_UNIT_NONE) {
			large = mems__at_unit(&store->source, unit);
			large = mems__large_at(store, large + 1);
			if (large != NULL)
				mems__large_end(store, large);
		}
	}
	return kept;
}

void mems__store_end(struct store *store)
{
	struct mems_store_words *words = store->words;

	/* Nobody finds it by its address any more. */
	mems__lock_take(&stores_lock);
	store->alive = 0;
	mems__lock_drop(&stores_lock);
	(void)end_all(store, false);
	for (struct owner *owner = store->owners; owner != NULL;
	     owner = owner->next) {
		if (owner->words != NULL)
			(void)mems__source_give(&store->source, owner->words);
		owner->kind = 0;
	}
	store->owners = NULL;
	mems__table_end(store);
	mems__tags_end(store);
	words->kind = 0;
	(void)mems__source_give(&store->source, words);
	store->words = NULL;
}

void mems__store_reset(struct store *store)
{
	struct mems_slab_words *slab = end_all(store, true);

	mems__owner_clear(&store->common);
	store->spare = slab;
	store->used = 0;
	store->large = store->large_bytes = 0;
	store->slabs = slab != NULL;
	mems__table_clear(store);
	if (slab == NULL)
		return;
	/* So that a block of before is known to be free. */
	mems__slab_clear(store, slab, slab->size_class);
	(void)mems__table_add(store, slab, &slab->number);
}

void mems__store_drop(struct store *store)
{
	bool last;

	mems__lock_take(&stores_lock);
	last = --store->handles == 0;
	mems__lock_drop(&stores_lock);
	if (!last)
		return;
	if (store->alive == STORE_ALIVE)
		mems__store_end(store);
	mems__lock_take(&stores_lock);
	if (store->next != NULL)
		store->next->previous = store->previous;
	if (store->previous != NULL)
		store->previous->next = store->next;
	else
		stores = store->next;
	mems__pool_give(&pool, store);
	mems__lock_drop(&stores_lock);
}
