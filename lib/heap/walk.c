/*
 * Telling of every live block. What is live is known from what is not: the
 * blocks in the lists of a span, and those never cut.
 *
 * Another thread may change a list while it is followed; so every link is
 * looked at before it is believed, and the worst is a wrong picture.
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
static int walk_span(const struct span *span, mems_heap_walk_fn *callback,
		     void *arg)
{
	uint64_t live[SPAN_WORDS];
	size_t size;
	int result = 0;

	if (span->kind == SPAN_LARGE) {
		size = span->bytes;
		/* It may have become something else meanwhile. */
		return span->kind != SPAN_LARGE ? 0 :
		       callback(span->memory, size, arg);
	}
	size = mems__class_info(span)->size;
	(void)mems__span_live(span, live);
	for (uint32_t i = 0; i < SPAN_WORDS && result == 0; i++) {
		for (; live[i] != 0 && result == 0; live[i] &= live[i] - 1)
			result = callback(mems__span_block(span, i * 64 +
					  mems__low_bit(live[i])), size, arg);
	}
	return result;
}

MEMS_UNWATCHED
int mems_heap_walk(mems_heap *handle, mems_heap_walk_fn *callback, void *arg)
{
	struct heap *heap = mems__heap_of(handle);
	struct slices_cursor cursor = { 0, 0 };
	struct span *span;
	int result = 0;

	if (heap == NULL || callback == NULL)
		return -EINVAL;
	while (result == 0 && (span = mems__slices_next(&cursor)) != NULL)
		if (span->heap == heap)
			result = walk_span(span, callback, arg);
	return result;
}
