/* Checking every invariant of a heap at rest. */
#include <config.h>

#include "heap/heap.h"
#include "heap/slices.h"

#include "base/text.h"

#include <errno.h>
#include <string.h>

struct verifying {
	struct heap *heap;
	const char *wrong;	/* NULL: nothing yet */
	uint64_t held;
	uint64_t in_bins;	/* spans that a bin or a list has */
	uint64_t owned;		/* spans that say so */
};

static bool is_current(const struct span *span)
{
	return span->owner != NULL &&
	       span->owner->bins[span->class].current == span;
}

static const char *check_counts(const struct span *span)
{
	const struct class *info = mems__class_info(span);
	uint32_t remote = span->remote, count = mems__remote_count(remote);
	uint64_t live[SPAN_WORDS];
	uint32_t used = span->used - (is_current(span) ? 1 : 0);
	bool listed = (remote & REMOTE_LISTED) != 0;

	if (span->fresh > info->count)
		return "a span was cut into more blocks than it has";
	if (listed != (span->kind == SPAN_LISTED))
		return "a span does not know whether it is in a list";
	if (mems__span_live(span, live) != (listed ? count : used - count))
		return "the blocks in use of a span are not as many as it says";
	if (remote == 0 && (span->free != NULL || used != info->count))
		return "a span that nobody has is not full";
	if (remote != 0 && (remote & REMOTE_OWNED) == 0)
		return "a span has blocks that nobody will look at";
	if (!listed && (count == 0) != ((remote & REMOTE_FIRST) == 0))
		return "the count of blocks that others freed is wrong";
	return NULL;
}

static void check_span(struct verifying *verifying, const struct span *span)
{
	verifying->held += (uint64_t)span->slices << SLICE_SHIFT;
	if (span->kind == SPAN_LARGE) {
		if (span->bytes > (size_t)span->slices << SLICE_SHIFT)
			verifying->wrong = "a large block leaves its run";
		return;
	}
	for (uint32_t i = 1; i < span->slices; i++)
		if (span[i].kind != SPAN_INSIDE || span[i].slices != i)
			verifying->wrong = "a slice does not know its span";
	if (verifying->wrong == NULL)
		verifying->wrong = check_counts(span);
	if (span->owner != NULL || span->kind == SPAN_LISTED)
		verifying->owned++;
	if (span->owner != NULL && span->owner->heap != verifying->heap)
		verifying->wrong = "a span is in a cache of another heap";
}

static void count_list(struct verifying *verifying,
		       const struct span_list *list, unsigned class,
		       const struct cache *owner)
{
	const struct span *before = NULL;

	for (const struct span *span = list->first; span != NULL;
	     span = span->next) {
		if (span->previous != before || span->class != class ||
		    span->owner != owner ||
		    span->heap != verifying->heap) {
			verifying->wrong = "a list of spans is broken";
			return;
		}
		before = span;
		verifying->in_bins++;
	}
	if (list->last != before)
		verifying->wrong = "a list of spans has another end";
}

static void check_cache(struct cache *cache, void *arg)
{
	struct verifying *verifying = arg;

	for (unsigned class = 0; class < CLASSES; class++) {
		struct bin *bin = &cache->bins[class];

		count_list(verifying, &bin->partial, class, cache);
		if (bin->current != &mems__no_span)
			verifying->in_bins++;
		if (bin->current != &mems__no_span &&
		    (bin->current->owner != cache ||
		     bin->current->class != class))
			verifying->wrong = "a bin has a span that is not its";
	}
	for (size_t i = 0; i < DIRECT; i++) {
		unsigned class = mems__class_of(i > 0 ? 16 * i : 1);

		if (cache->direct[i] != &mems__no_span &&
		    cache->direct[i] != cache->bins[class].current)
			verifying->wrong = "a size goes to the wrong span";
	}
}

static const char *check(struct heap *heap)
{
	struct verifying verifying = { .heap = heap };
	struct slices_cursor cursor = { 0, 0 };
	struct span *span;

	while ((span = mems__slices_next(&cursor)) != NULL)
		if (span->heap == heap && verifying.wrong == NULL)
			check_span(&verifying, span);
	mems__caches_visit(heap, check_cache, &verifying);
	if (heap == &mems__default_heap) {
		check_cache(mems__shared_take(), &verifying);
		mems__shared_drop();
	}
	for (unsigned class = 0; class < CLASSES; class++)
		count_list(&verifying, &heap->listed[class], class, NULL);
	if (verifying.wrong == NULL && verifying.in_bins != verifying.owned)
		verifying.wrong = "a span is in no bin and no list, or in two";
	if (verifying.wrong == NULL && verifying.held != heap->held)
		verifying.wrong = "the bytes held are not those of the runs";
	return verifying.wrong;
}

int mems_heap_verify(mems_heap *handle, char *report, size_t length)
{
	struct heap *heap = mems__heap_of(handle);
	const char *wrong;

	if (heap == NULL)
		return -EINVAL;
	wrong = check(heap);
	if (wrong == NULL)
		return 0;
	mems__text_report(report, length, wrong);
	return -EBADMSG;
}
