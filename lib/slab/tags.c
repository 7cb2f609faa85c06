/*
 * Tags: for each place where a slab may be, whether there is one and of which
 * class. So a free need not read the front of a slab to know that it is one.
 * They take addresses for all places, and memory by the page.
 */
#include <config.h>

#include "slab/store.h"

#include "base/align.h"
#include "os/pages.h"

#include <errno.h>
#include <string.h>

/* A store that is no lasting one has them from so many slabs on. */
#define SLABS_LEAST 8

/* Make the tag of this slab one that can be set. */
static bool reserve(struct store *store, const void *slab)
{
	size_t page = mems__place_number(store, slab) / store->tags_page;
	uint64_t *usable = &store->tags_usable[page / 64];
	uint64_t bit = (uint64_t)1 << page % 64;

	if ((*usable & bit) == 0 &&
	    mems__pages_commit(store->tags + page * store->tags_page,
			       store->tags_page))
		*usable |= bit;
	return (*usable & bit) != 0;
}

static bool tag_all(struct store *store)
{
	for (uint32_t i = 1; i < store->count; i++) {
		struct mems_slab_words *slab;

		slab = mems__slab_find(store, store->table[i].unit);
		if (slab != NULL && !reserve(store, slab))
			return false;
		if (slab != NULL)
			mems__tag_set(store, slab, slab->size_class + 1);
	}
	return true;
}

static void make(struct store *store)
{
	uint64_t reach = mems__source_reach(&store->source);
	size_t count = (size_t)(reach >> store->shift) + 1;
	size_t page = mems__page_size();

	store->tags_tried = true;
	while (count / page >= TAGS_PAGES)
		page *= 2;
	store->tags_page = page;
	store->tags_bytes = (size_t)mems__round_up(count, page);
	store->tags = mems__pages_reserve(store->tags_bytes);
	if (store->tags == NULL)
		return;
	/* The count last: until then nobody looks at them. */
	if (mems__pages_show(store->tags, store->tags_bytes) &&
	    tag_all(store))
		__atomic_store_n(&store->tags_count, count, __ATOMIC_RELEASE);
	else
		mems__tags_end(store);
}

bool mems__tags_reserve(struct store *store, const void *slab)
{
	bool reserved = true;
	int saved = errno;

	mems__lock_take(&store->lock);
	if (!store->tags_tried &&
	    (store->lasting || store->slabs + 1 >= SLABS_LEAST))
		make(store);
	if (store->tags_count > 0)
		reserved = reserve(store, slab);
	mems__lock_drop(&store->lock);
	errno = reserved ? saved : ENOMEM;
	return reserved;
}

void mems__tag_set(struct store *store, const void *slab, uint32_t tag)
{
	if (store->tags != NULL)
		WORD_STORE(store->tags[mems__place_number(store, slab)],
			   (uint8_t)tag);
}

void mems__tags_end(struct store *store)
{
	if (store->tags != NULL)
		mems__pages_release(store->tags, store->tags_bytes);
	store->tags = NULL;
	store->tags_count = 0;
	memset(store->tags_usable, 0, sizeof(store->tags_usable));
}
