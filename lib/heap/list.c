/*
 * The lists of a heap: for each class the spans with free blocks that no
 * thread has. Whoever frees the last block of one of them takes it out.
 */
#include <config.h>

#include "heap/heap.h"

/* Take the span out of its list; the lock is held. */
static void take_out(struct heap *heap, struct span *span)
{
	mems__span_unlink(&heap->listed[span->class], span);
	__atomic_store_n(&span->kind, SPAN_BLOCKS, __ATOMIC_RELAXED);
}

void mems__list_put(struct span *span)
{
	struct heap *heap = span->heap;
	bool listed = false;

	__atomic_store_n(&span->owner, NULL, __ATOMIC_RELAXED);
	do {
		(void)mems__remote_collect(span);
		if (span->used == 0) {
			mems__span_release(span);
			return;
		}
		mems__lock_take(&heap->lock);
		listed = mems__remote_list(span);
		if (listed) {
			mems__span_append(&heap->listed[span->class], span);
			__atomic_store_n(&span->kind, SPAN_LISTED,
					 __ATOMIC_RELAXED);
		}
		mems__lock_drop(&heap->lock);
	} while (!listed);
}

struct span *mems__list_take(struct heap *heap, unsigned class)
{
	struct span_list *list = &heap->listed[class];
	struct span *span;

	if (__atomic_load_n(&list->first, __ATOMIC_RELAXED) == NULL)
		return NULL;
	mems__lock_take(&heap->lock);
	span = list->first;
	/* Who freed the last block of one waits for the lock. */
	while (span != NULL && !mems__remote_unlist(span))
		span = span->next;
	if (span != NULL)
		take_out(heap, span);
	mems__lock_drop(&heap->lock);
	return span;
}

void mems__list_emptied(struct span *span)
{
	struct heap *heap = span->heap;

	mems__lock_take(&heap->lock);
	take_out(heap, span);
	mems__lock_drop(&heap->lock);
	mems__span_release(span);
}
