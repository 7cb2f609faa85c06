/* Telling of every node and segment, a batch at a time. */
#include <config.h>

#include "space/segment.h"

#include <errno.h>

#define BATCH 64

/* Where a walk is: what comes next, and the node that it is in. */
struct cursor {
	uint64_t at;
	uint64_t node_end;	/* 0: a node comes next */
	uint64_t nodes;
};

/* Fill `batch` from the cursor on; how many there are. The lock is held. */
static int next_batch(const struct space *space, struct cursor *cursor,
		      struct mems_segment *batch)
{
	uint64_t brk = space->top;
	int count = 0;

	/* What was here may have been joined meanwhile: go on behind it. */
	if (cursor->at < brk && !mems__is_start(space, cursor->at))
		cursor->at = mems__next_start(space, cursor->at);
	while (cursor->at < brk && count < BATCH) {
		struct mems_segment *entry = &batch[count++];
		uint64_t end;

		entry->va = MEMS_VA_FIRST + (cursor->at << space->shift);
		if (cursor->at >= cursor->node_end) {
			end = mems__node_end(space, cursor->at);
			cursor->node_end = space->joins ? NOWHERE : end;
			cursor->nodes++;
			entry->kind = MEMS_NODE;
		} else {
			end = mems__next_start(space, cursor->at);
			entry->kind = mems__is_used(space, cursor->at) ?
				      MEMS_PROCESS : MEMS_HOLE;
		}
		entry->node = cursor->nodes - 1;
		entry->size = (MEMS_VA_FIRST + (end << space->shift)) -
			      entry->va;
		if (entry->kind != MEMS_NODE)
			cursor->at = end;
	}
	return count;
}

int mems_space_walk(mems_space *handle, mems_walk_fn *callback, void *arg)
{
	struct space *space = mems__space_of(handle);
	struct cursor cursor = { 0, 0, 0 };
	struct mems_segment batch[BATCH];
	int count, result = 0;

	if (space == NULL || callback == NULL)
		return -EINVAL;
	do {
		mems__lock_take(&space->lock);
		count = next_batch(space, &cursor, batch);
		mems__lock_drop(&space->lock);
		for (int i = 0; i < count && result == 0; i++)
			result = callback(handle, &batch[i], arg);
	} while (count > 0 && result == 0);
	return result;
}
