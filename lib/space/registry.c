/*
 * All spaces of this process, and what fork does to them: their locks are
 * taken in the order of the list, so that the child gets every space at rest.
 */
#include <config.h>

#include "space/space.h"

#include "base/align.h"
#include "os/fork.h"
#include "os/pool.h"

#include <stddef.h>
#include <string.h>

static struct lock registry_lock = LOCK_INIT(LOCK_REGISTRY);
static struct space *first;
static unsigned hooked;
static struct pool objects = {
	.size = (sizeof(struct space) + 63) & ~(size_t)63,
	.link = offsetof(struct space, next),
};

static void before_fork(void)
{
	mems__lock_take_unranked(&registry_lock);
	for (struct space *space = first; space != NULL; space = space->next)
		mems__lock_take_unranked(&space->lock);
}

static void in_parent(void)
{
	for (struct space *space = first; space != NULL; space = space->next)
		mems__lock_drop_unranked(&space->lock);
	mems__lock_drop_unranked(&registry_lock);
}

/* Who waited is not here any more: the locks begin anew. A space in memory that
   its owner did not let come along has ended. */
static void in_child(void)
{
	mems__lock_after_fork();
	for (struct space *space = first; space != NULL; space = space->next) {
		space->lock.word = 0;
		if (!space->ours && !mems__fork_brought(space->region))
			space->alive = space->face.limit = 0;
	}
	registry_lock.word = 0;
}

bool mems__registry_start(void)
{
	if (__atomic_exchange_n(&hooked, 1, __ATOMIC_RELAXED))
		return true;
	if (mems__fork_hooks(before_fork, in_parent, in_child))
		return true;
	__atomic_store_n(&hooked, 0, __ATOMIC_RELAXED);
	return false;
}

/* A new space, all zeros but its lock, in the list; NULL without memory. */
struct space *mems__registry_add(void)
{
	struct space *space;

	if (!mems__registry_start())
		return NULL;
	mems__lock_take(&registry_lock);
	space = mems__pool_take(&objects);
	if (space != NULL) {
		memset(space, 0, sizeof(*space));
		space->lock = (struct lock)LOCK_INIT(LOCK_SPACE);
		space->next = first;
		if (first != NULL)
			first->previous = space;
		first = space;
	}
	mems__lock_drop(&registry_lock);
	return space;
}

void mems__registry_remove(struct space *space)
{
	mems__lock_take(&registry_lock);
	if (space->next != NULL)
		space->next->previous = space->previous;
	if (space->previous != NULL)
		space->previous->next = space->next;
	else
		first = space->next;
	mems__pool_give(&objects, space);
	mems__lock_drop(&registry_lock);
}
