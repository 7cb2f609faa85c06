/* The bytes that a heap holds in spans, and the limits on them. */
#include <config.h>

#include "heap/heap.h"

#include "base/align.h"

#include <errno.h>

static size_t load(const size_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* From how many bytes held on must a limit be looked at? The lock is held. */
static void set_check(struct heap *heap)
{
	uint64_t check = SIZE_MAX;

	if (heap->hard_limit != 0)
		check = mems__min(check, heap->hard_limit);
	if (heap->soft_limit != 0 && !heap->soft_told)
		check = mems__min(check, heap->soft_limit);
	__atomic_store_n(&heap->check, (size_t)check, __ATOMIC_RELAXED);
}

/* The heap is about to hold this much: may it? */
static bool is_allowed(struct heap *heap, size_t held)
{
	bool allowed;

	mems__lock_take(&heap->lock);
	allowed = heap->hard_limit == 0 || held <= heap->hard_limit;
	mems__lock_drop(&heap->lock);
	return allowed;
}

bool mems__heap_hold(struct heap *heap, size_t bytes)
{
	size_t held = load(&heap->held);

	/* What is refused is never counted: others would be refused for it. */
	do {
		if (held + bytes > load(&heap->check) &&
		    !is_allowed(heap, held + bytes))
			return false;
	} while (!__atomic_compare_exchange_n(&heap->held, &held, held + bytes,
					      true, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return true;
}

void mems__heap_held(struct heap *heap)
{
	size_t held = load(&heap->held);

	if (held > load(&heap->held_peak))
		__atomic_store_n(&heap->held_peak, held, __ATOMIC_RELAXED);
}

void mems__heap_release(struct heap *heap, size_t bytes)
{
	size_t held = __atomic_sub_fetch(&heap->held, bytes,
					   __ATOMIC_RELAXED);

	if (unlikely(__atomic_load_n(&heap->soft_told, __ATOMIC_RELAXED)) &&
	    held <= mems__load(&heap->soft_limit)) {
		mems__lock_take(&heap->lock);
		__atomic_store_n(&heap->soft_told, false, __ATOMIC_RELAXED);
		set_check(heap);
		mems__lock_drop(&heap->lock);
	}
}

/* After an allocation that took slices: is the soft limit to be told of? */
void mems__limits_tell(struct heap *heap)
{
	size_t held = load(&heap->held);
	mems_heap_limit_fn *on_soft_limit = NULL;
	void *arg = NULL;

	if (held <= load(&heap->check))
		return;
	mems__lock_take(&heap->lock);
	if (heap->soft_limit != 0 && !heap->soft_told &&
	    held > heap->soft_limit) {
		__atomic_store_n(&heap->soft_told, true, __ATOMIC_RELAXED);
		on_soft_limit = heap->on_soft_limit;
		arg = heap->arg;
		set_check(heap);
	}
	mems__lock_drop(&heap->lock);
	if (on_soft_limit != NULL)
		on_soft_limit((mems_heap *)heap, held, arg);
}

int mems_heap_limit(mems_heap *handle, uint64_t soft, uint64_t hard,
		    mems_heap_limit_fn *on_soft_limit, void *arg)
{
	struct heap *heap = mems__heap_of(handle);

	if (heap == NULL || (hard != 0 && soft > hard))
		return -EINVAL;
	mems__lock_take(&heap->lock);
	mems__store(&heap->soft_limit, soft);
	heap->hard_limit = hard;
	heap->on_soft_limit = on_soft_limit;
	heap->arg = arg;
	__atomic_store_n(&heap->soft_told, soft != 0 &&
			 load(&heap->held) > soft, __ATOMIC_RELAXED);
	set_check(heap);
	mems__lock_drop(&heap->lock);
	return 0;
}
