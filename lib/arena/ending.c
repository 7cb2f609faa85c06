/* What is called when an arena is reset or ends, and its children. */
#include <config.h>

#include "arena/arena.h"

#include <mems/heap.h>

#include <errno.h>

/* Tell who writes words whether a reset is its own. */
static void set_flag(struct arena *arena)
{
	if (arena->endings != NULL || arena->watched)
		arena->words->flags |= MEMS_ARENA_CALLS;
	else
		arena->words->flags &= ~MEMS_ARENA_CALLS;
}

static void append(struct arena *arena, struct ending *ending)
{
	mems__arena_lock(arena);
	ending->number = ++arena->numbers;
	ending->newer = NULL;
	ending->older = arena->endings;
	if (arena->endings != NULL)
		arena->endings->newer = ending;
	arena->endings = ending;
	set_flag(arena);
	mems__arena_drop(arena);
}

void mems__ending_remove(struct arena *arena, struct ending *ending)
{
	mems__arena_lock(arena);
	if (ending->older != NULL)
		ending->older->newer = ending->newer;
	if (ending->newer != NULL)
		ending->newer->older = ending->older;
	else
		arena->endings = ending->older;
	set_flag(arena);
	mems__arena_drop(arena);
}

bool mems__ending_add(struct arena *arena, mems_arena_cleanup_fn *callback,
		      void *arg)
{
	struct ending *ending = mems_heap_alloc(NULL, sizeof(*ending));

	if (ending == NULL)
		return false;
	ending->callback = callback;
	ending->arg = arg;
	append(arena, ending);
	return true;
}

void mems__ending_add_child(struct arena *parent, struct arena *child)
{
	child->parent = parent;
	child->in_parent.callback = NULL;
	child->in_parent.arg = child;
	append(parent, &child->in_parent);
}

void mems__endings_call(struct arena *arena, uint64_t last)
{
	struct ending *ending;

	while ((ending = arena->endings) != NULL && ending->number > last) {
		mems_arena_cleanup_fn *callback = ending->callback;
		void *arg = ending->arg;

		if (callback == NULL) {
			/* It takes itself out of the list. */
			mems__arena_end(arg);
			continue;
		}
		mems__ending_remove(arena, ending);
		mems_heap_free(ending);
		callback(arg);
	}
}
