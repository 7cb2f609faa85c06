/* Who has a magazine of its own. */
#include <config.h>

#include "slab/store.h"

static size_t magazine_size(const struct store *store)
{
	return offsetof(struct mems_magazine_words, rounds) +
	       store->classes * sizeof(struct mems_rounds);
}

static bool make_words(struct owner *owner)
{
	struct store *store = owner->store;

	owner->words = mems__source_take(&store->source, magazine_size(store),
					 16);
	if (owner->words == NULL)
		return false;
	owner->unit = mems__unit_of(&store->source, owner->words);
	owner->words->kind = MEMS_WORDS_MAGAZINE;
	owner->words->store = store->common.words->store;
	mems__owner_clear(owner);
	if (!store->watched)
		mems__owner_settle(owner, mems__thread_self());
	return true;
}

void mems__owner_settle(struct owner *owner, const void *thread)
{
	owner->most = HELD_MOST;
	WORD_STORE(owner->thread, thread);
}

bool mems__owner_begin(struct owner *owner, struct store *store,
		       enum owner_kind kind)
{
	*owner = (struct owner){ .store = store, .unit = MEMS_UNIT_NONE,
				  .recent.shape = &mems__no_shape };
	/* With a cap all calls take the lock anyway. */
	if (!store->capped && !make_words(owner))
		return false;
	owner->kind = kind;
	mems__lock_take(&store->lock);
	owner->next = store->owners;
	if (store->owners != NULL)
		store->owners->previous = owner;
	store->owners = owner;
	mems__lock_drop(&store->lock);
	return true;
}

void mems__owner_end(struct owner *owner)
{
	struct store *store = owner->store;
	struct mems_magazine_words *words = owner->words;

	mems__lock_take(&store->lock);
	if (words != NULL)
		mems__owner_empty(owner);
	if (owner->next != NULL)
		owner->next->previous = owner->previous;
	if (owner->previous != NULL)
		owner->previous->next = owner->next;
	else
		store->owners = owner->next;
	owner->thread = NULL;
	mems__lock_drop(&store->lock);
	if (words == NULL)
		return;
	words->kind = 0;
	(void)mems__source_give(&store->source, words);
}
