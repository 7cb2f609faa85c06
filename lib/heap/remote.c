/*
 * Blocks freed by a thread that their span does not belong to, and spans that
 * belong to nobody: all that may be done to `remote`, each by one atomic step.
 * See span.h for what the word says, and tests/model for the proof.
 */
#include <config.h>

#include "heap/heap.h"
#include "heap/link.h"

/* A process that never made a thread needs no bus lock. */
static bool change(uint32_t *word, uint32_t *old, uint32_t new)
{
	if (MEMS__SINGLE_THREADED) {
		*word = new;
		return true;
	}
	return __atomic_compare_exchange_n(word, old, new, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static uint32_t load(const struct span *span)
{
	return __atomic_load_n(&span->remote, __ATOMIC_ACQUIRE);
}

static void *first_of(const struct span *span, uint32_t remote)
{
	uint32_t first = remote & REMOTE_FIRST;

	return first == 0 ? NULL : mems__span_block(span, first - 1);
}

/* Put the list that was in `remote` behind the span's own, which is nearer. */
static void attach(struct span *span, uint32_t remote)
{
	void *block = first_of(span, remote), *last = span->free;

	if (block == NULL)
		return;
	if (last == NULL) {
		span->free = block;
		return;
	}
	while (mems__next(last) != NULL)
		last = mems__next(last);
	mems__set_next(last, block);
}

/* This thread now has the full span that was nobody's, and its first block. */
static void make_mine(struct span *span, void *block)
{
	struct cache *cache = mems__cache_find(span->heap);

	mems__set_next(block, NULL);
	span->free = block;
	span->used--;
	if (cache != NULL)
		mems__cache_adopt(cache, span);
	else
		mems__list_put(span);
}

void mems__remote_free(struct span *span, void *block, uint32_t number)
{
	uint32_t old = load(span), new;

	for (;;) {
		if (old == 0) {
			if (!change(&span->remote, &old, REMOTE_OWNED))
				continue;
			make_mine(span, block);
			return;
		}
		mems__set_next(block, first_of(span, old));
		new = (old & ~REMOTE_FIRST) | (number + 1);
		if ((old & REMOTE_LISTED) != 0)
			new -= 1u << REMOTE_COUNT_SHIFT;
		else
			new += 1u << REMOTE_COUNT_SHIFT;
		if (change(&span->remote, &old, new))
			break;
	}
	if ((new & REMOTE_LISTED) != 0 && mems__remote_count(new) == 0)
		mems__list_emptied(span);
}

uint32_t mems__remote_collect(struct span *span)
{
	uint32_t old = load(span);

	if (old == REMOTE_OWNED)
		return 0;
	while (!change(&span->remote, &old, REMOTE_OWNED))
		;
	attach(span, old);
	span->used -= mems__remote_count(old);
	return mems__remote_count(old);
}

bool mems__remote_let_go(struct span *span)
{
	struct cache *owner = span->owner;
	uint32_t old = REMOTE_OWNED;

	/* Before the step: after it the span may be another thread's. */
	__atomic_store_n(&span->owner, NULL, __ATOMIC_RELAXED);
	if (load(span) == old && change(&span->remote, &old, 0))
		return true;
	__atomic_store_n(&span->owner, owner, __ATOMIC_RELAXED);
	(void)mems__remote_collect(span);
	return false;
}

bool mems__remote_list(struct span *span)
{
	uint32_t old = REMOTE_OWNED;

	return load(span) == old &&
	       change(&span->remote, &old,
		      REMOTE_OWNED | REMOTE_LISTED |
		      span->used << REMOTE_COUNT_SHIFT);
}

bool mems__remote_unlist(struct span *span)
{
	uint32_t old = load(span);

	do {
		if (mems__remote_count(old) == 0)
			return false;
	} while (!change(&span->remote, &old, REMOTE_OWNED));
	attach(span, old);
	span->used = mems__remote_count(old);
	return true;
}
