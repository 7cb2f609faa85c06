/* Handles to stores, and what slab caches and depots have in common. */
#include <config.h>

#include "slab/handle.h"

#include "base/text.h"
#include "os/pool.h"

#include <string.h>

/* The kind of what is held by nobody. */
#define GIVEN 1

struct lock mems__handles_lock = LOCK_INIT(LOCK_HANDLES);
static struct pool pool = {
	.size = (sizeof(struct owner) + 63) & ~(size_t)63,
	.link = offsetof(struct owner, next),
};

static struct owner *take(void)
{
	struct owner *owner;

	mems__lock_take(&mems__handles_lock);
	owner = mems__pool_take(&pool);
	mems__lock_drop(&mems__handles_lock);
	if (owner == NULL)
		errno = ENOMEM;
	return owner;
}

static void give(struct owner *owner)
{
	mems__lock_take(&mems__handles_lock);
	owner->kind = GIVEN;
	mems__pool_give(&pool, owner);
	mems__lock_drop(&mems__handles_lock);
}

struct owner *mems__handle_make(struct store *store, enum owner_kind kind)
{
	struct owner *owner;

	if (store == NULL)
		return NULL;
	owner = take();
	if (owner != NULL && mems__owner_begin(owner, store, kind))
		return owner;
	if (owner != NULL)
		give(owner);
	mems__store_drop(store);
	return NULL;
}

int mems__handle_end(const void *pointer, enum owner_kind kind, bool all)
{
	struct owner *owner = (struct owner *)(uintptr_t)pointer;
	struct store *store;

	/* Detached may also be one whose store has ended. */
	if (owner == NULL ||
	    (owner->kind != (uint32_t)kind && (all || owner->kind != 0)))
		return -EINVAL;
	store = owner->store;
	if (owner->kind != 0 && all)
		mems__store_end(store);
	else if (owner->kind != 0)
		mems__owner_end(owner);
	give(owner);
	mems__store_drop(store);
	return 0;
}

struct owner *mems__handle_share(const void *pointer, enum owner_kind kind)
{
	struct owner *owner = mems__handle_of(pointer, kind);

	if (owner == NULL)
		return NULL;
	mems__store_hold(owner->store);
	return mems__handle_make(owner->store, kind);
}

struct owner *mems__handle_attach(mems_space *space, mems_va va,
				   enum owner_kind kind)
{
	struct store *store = mems__store_find(space, va);

	if (store != NULL && (store->classes == 1) != (kind == OWNER_SLAB)) {
		mems__store_drop(store);
		errno = EINVAL;
		return NULL;
	}
	return mems__handle_make(store, kind);
}

int mems__handle_adopt(const void *pointer, enum owner_kind kind)
{
	struct owner *owner = mems__handle_of(pointer, kind);

	if (owner == NULL)
		return -EINVAL;
	mems__lock_take(&owner->store->lock);
	if (owner->words != NULL && !owner->store->watched)
		WORD_STORE(owner->thread, mems__thread_self());
	mems__lock_drop(&owner->store->lock);
	return 0;
}

int mems__handle_shrink(const void *pointer, enum owner_kind kind,
			uint64_t *returned)
{
	struct owner *owner = mems__handle_of(pointer, kind);
	uint64_t bytes;

	if (owner == NULL)
		return -EINVAL;
	bytes = mems__store_shrink(owner);
	if (returned != NULL)
		*returned = bytes;
	return 0;
}

int mems__handle_walk(const void *pointer, enum owner_kind kind,
		      mems_slab_walk_fn *callback, void *arg)
{
	struct owner *owner = mems__handle_of(pointer, kind);

	if (owner == NULL || callback == NULL)
		return -EINVAL;
	return mems__store_walk(owner->store, callback, arg);
}

int mems__handle_verify(const void *pointer, enum owner_kind kind,
			char *report, size_t length)
{
	struct owner *owner = mems__handle_of(pointer, kind);
	const char *wrong;

	if (owner == NULL)
		return -EINVAL;
	wrong = mems__store_check(owner->store);
	if (wrong == NULL)
		return 0;
	mems__text_report(report, length, wrong);
	return -EBADMSG;
}

/* The address of words in the owner's space. */
static mems_va address_of(const struct owner *owner, const void *words)
{
	if (words != NULL && owner->store->source.space != NULL)
		return mems_space_va(owner->store->source.space, words);
	errno = ENOTSUP;
	return MEMS_VA_NONE;
}

mems_va mems__handle_address(const void *pointer, enum owner_kind kind)
{
	const struct owner *owner = mems__handle_of(pointer, kind);

	return owner == NULL ? MEMS_VA_NONE :
			       address_of(owner, owner->store->words);
}

mems_va mems__handle_magazine(const void *pointer, enum owner_kind kind)
{
	struct owner *owner = mems__handle_of(pointer, kind);

	if (owner == NULL)
		return MEMS_VA_NONE;
	if (owner->most > 0 && !mems__owner_is_here(owner)) {
		errno = EPERM;
		return MEMS_VA_NONE;
	}
	mems__held_none(owner);
	return address_of(owner, owner->words);
}
