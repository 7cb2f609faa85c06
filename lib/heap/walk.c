/*
 * Telling of every live block. What is live is known from what is not: the
 * blocks in the lists of a span, and those never cut.
 *
 * Other threads may use the span meanwhile. Under the lock of all slices it
 * stays the span that it is, since a span that is given back waits for that;
 * but a list may change while it is followed, so every link is looked at
 * before it is believed, and the worst is a wrong picture.
 */
#include <config.h>

#include "heap/heap.h"
#include "heap/link.h"
#include "heap/slices.h"
#include "os/watch.h"

#include <errno.h>
#include <string.h>

/* Take the blocks of a list out of `live`, as far as it is one. */
MEMS_UNWATCHED
static uint32_t strike(const struct span *span, const void *block,
		       uint64_t *live)
{
	const struct class *info = mems__class_info(span);
	size_t bytes = (size_t)info->count * info->size;
	uint32_t struck = 0;

	while (block != NULL) {
		size_t offset = (size_t)((const char *)block - span->memory);
		uint32_t number;
		uint64_t bit;

		if (offset >= bytes)
			break;
		number = mems__block_number(span->class, offset);
		bit = (uint64_t)1 << (number & 63);
		if ((size_t)number * info->size != offset ||
		    (live[number >> 6] & bit) == 0)
			break;
		live[number >> 6] &= ~bit;
		struck++;
		block = mems__decode(*(const uintptr_t *)block, block);
	}
	return struck;
}

MEMS_UNWATCHED
uint32_t mems__span_live(const struct span *span, uint64_t live[SPAN_WORDS])
{
	uint32_t fresh = span->fresh, remote = span->remote, free;

	memset(live, 0, SPAN_WORDS * sizeof(*live));
	for (uint32_t i = 0; i < fresh / 64; i++)
		live[i] = ~(uint64_t)0;
	if (fresh % 64 != 0)
		live[fresh / 64] = ((uint64_t)1 << fresh % 64) - 1;
	free = strike(span, span->free, live);
	if ((remote & REMOTE_FIRST) != 0)
		free += strike(span, mems__span_block(span, (remote &
				REMOTE_FIRST) - 1), live);
	return fresh - free;
}

MEMS_UNWATCHED
bool mems__span_view(const struct span *span, const struct heap *heap,
		     struct span_view *view)
{
	uint8_t kind;

	mems__lock_take(&mems__slices_lock);
	kind = __atomic_load_n(&span->kind, __ATOMIC_ACQUIRE);
	if (kind == SPAN_NONE || kind == SPAN_INSIDE || span->heap != heap) {
		mems__lock_drop(&mems__slices_lock);
		return false;
	}
	view->memory = span->memory;
	view->held = (size_t)span->slices << SLICE_SHIFT;
	if (kind == SPAN_LARGE) {
		view->class = CLASSES;
		view->size = span->bytes;
		view->blocks = 1;
		memset(view->live, 0, sizeof(view->live));
		view->live[0] = 1;
	} else {
		view->class = span->class;
		view->size = mems__class_info(span)->size;
		view->blocks = mems__span_live(span, view->live);
	}
	mems__lock_drop(&mems__slices_lock);
	return true;
}

static int walk_view(struct span_view *view, mems_heap_walk_fn *callback,
		     void *arg)
{
	int result = 0;

	for (uint32_t i = 0; i < SPAN_WORDS && result == 0; i++) {
		uint64_t live = view->live[i];

		for (; live != 0 && result == 0; live &= live - 1) {
			size_t number = i * 64 + mems__low_bit(live);

			result = callback(view->memory + number * view->size,
					  view->size, arg);
		}
	}
	return result;
}

int mems_heap_walk(mems_heap *handle, mems_heap_walk_fn *callback, void *arg)
{
	struct heap *heap = mems__heap_of(handle);
	struct slices_cursor cursor = { 0, 0 };
	struct span_view view;
	struct span *span;
	int result = 0;

	if (heap == NULL || callback == NULL)
		return -EINVAL;
	while (result == 0 && (span = mems__slices_next(&cursor)) != NULL)
		if (mems__span_view(span, heap, &view))
			result = walk_view(&view, callback, arg);
	return result;
}
