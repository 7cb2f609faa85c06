/* Blocks that are too large for a slab: memory of their own. */
#include <config.h>

#include "slab/store.h"

#include "base/align.h"

#include <errno.h>

static bool hold(struct store *store, uint64_t size)
{
	bool allowed = true;

	if (!store->capped)
		return true;
	mems__lock_take(&store->lock);
	allowed = store->used <= store->cap &&
		  size <= store->cap - store->used;
	if (allowed)
		store->used += size;
	mems__lock_drop(&store->lock);
	if (!allowed)
		errno = ENOMEM;
	return allowed;
}

static void release(struct store *store, uint64_t size)
{
	if (!store->capped)
		return;
	mems__lock_take(&store->lock);
	store->used -= size;
	mems__lock_drop(&store->lock);
}

/* The words right before the block. */
static struct mems_large_words *place_block(const struct store *store,
					    char *memory, size_t size,
					    size_t alignment)
{
	uintptr_t block = (uintptr_t)memory + sizeof(struct mems_large_words);
	struct mems_large_words *large;

	block = (block + alignment - 1) & ~(uintptr_t)(alignment - 1);
	large = (struct mems_large_words *)block - 1;
	*large = (struct mems_large_words){
		.kind = MEMS_WORDS_LARGE,
		.store = mems__unit_of(&store->source, store->words),
		.size = { (uint32_t)size, (uint32_t)((uint64_t)size >> 32) },
		.start = mems__unit_of(&store->source, memory),
	};
	return large;
}

void *mems__large_make(struct store *store, size_t size, size_t alignment)
{
	struct mems_large_words *large;
	char *memory;
	bool added = false;

	if (size > SIZE_MAX / 4) {
		errno = ENOMEM;
		return NULL;
	}
	size = (size_t)mems__round_up(size, 16);
	if (!hold(store, size))
		return NULL;
	memory = mems__source_take(&store->source, size + sizeof(*large) +
				   (alignment - 16), 16);
	if (memory == NULL) {
		release(store, size);
		return NULL;
	}
	large = place_block(store, memory, size, alignment);
	while (!added && mems__table_reserve(store)) {
		mems__lock_take(&store->lock);
		added = mems__table_add(store, large, &large->number);
		if (added) {
			store->large++;
			store->large_bytes += size;
		}
		mems__lock_drop(&store->lock);
	}
	if (added)
		return large + 1;
	(void)mems__source_give(&store->source, memory);
	release(store, size);
	return NULL;
}

MEMS_UNWATCHED
struct mems_large_words *mems__large_at(const struct store *store,
					const void *block)
{
	struct mems_large_words *large;

	if ((uintptr_t)block % 16 != 0)
		return NULL;
	large = (struct mems_large_words *)((uintptr_t)block - sizeof(*large));
	if (!mems__source_has(&store->source, large, sizeof(*large)) ||
	    (store->watched && !mems__watch_holds(large, sizeof(*large))) ||
	    !mems__table_has(store, large, MEMS_WORDS_LARGE, large->number) ||
	    mems__large_size(large) > SIZE_MAX / 2 ||
	    /* From the words on: a heap knows a run by its first slice, where
	       they are, and the block may not be. */
	    !mems__source_has(&store->source, large, sizeof(*large) +
			      (size_t)mems__large_size(large)))
		return NULL;
	return large;
}

uint64_t mems__large_size(const struct mems_large_words *large)
{
	return large->size[0] | (uint64_t)large->size[1] << 32;
}

void mems__large_end(const struct store *store, struct mems_large_words *large)
{
	void *memory = mems__at_unit(&store->source, large->start);

	large->kind = 0;
	/* It never begins in a slab, whatever its words say. */
	if (!mems__is_slab(store, mems__slab_around(store, memory)))
		(void)mems__source_give(&store->source, memory);
}

int mems__large_free(struct store *store, void *block)
{
	struct mems_large_words *large;
	uint64_t size;

	mems__lock_take(&store->lock);
	large = mems__large_at(store, block);
	if (large == NULL) {
		mems__lock_drop(&store->lock);
		return -EINVAL;
	}
	size = mems__large_size(large);
	mems__table_remove(store, large->number);
	store->large--;
	store->large_bytes -= size;
	if (store->capped)
		store->used -= size;
	mems__lock_drop(&store->lock);
	mems__large_end(store, large);
	return 0;
}
