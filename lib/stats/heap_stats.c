/* The counts of a heap, and as text and JSON: a line for each size class. */
#include <config.h>

#include "heap/heap.h"
#include "heap/slices.h"

#include "base/align.h"
#include "base/text.h"

#include <mems/stats.h>

#include <errno.h>
#include <string.h>

/* What the first version of the struct had; it only grows. */
#define HEAP_STATS_LEAST sizeof(struct mems_heap_stats)

/* What a heap has of one class; in the last, of large blocks. */
struct share {
	uint64_t spans, blocks, used, held;
};

struct census {
	struct mems_heap_stats stats;
	struct share shares[CLASSES + 1];
};

static void count_cache(struct cache *cache, void *arg)
{
	uint64_t *caches = arg;

	/* One without a thread waits for the next. */
	if (__atomic_load_n(&cache->thread, __ATOMIC_RELAXED) != NULL)
		++*caches;
}

static void count_span(struct census *census, const struct span_view *view)
{
	struct mems_heap_stats *stats = &census->stats;
	struct share *share = &census->shares[view->class];
	uint64_t used = view->blocks * (uint64_t)view->size;

	if (view->class == CLASSES) {
		stats->large_blocks++;
		stats->large_used += used;
	}
	share->spans++;
	share->blocks += view->blocks;
	share->used += used;
	share->held += view->held;
	stats->runs++;
	stats->blocks += view->blocks;
	stats->used += used;
}

static int take_census(mems_heap *handle, struct census *census)
{
	struct heap *heap = mems__heap_of(handle);
	struct mems_heap_stats *stats = &census->stats;
	struct slices_stats slices;
	struct slices_cursor cursor = { 0, 0 };
	struct span_view view;
	struct span *span;

	if (heap == NULL)
		return -EINVAL;
	memset(census, 0, sizeof(*census));
	stats->size = sizeof(*stats);
	mems__lock_take(&heap->lock);
	stats->soft_limit = heap->soft_limit;
	stats->hard_limit = heap->hard_limit;
	mems__lock_drop(&heap->lock);
	stats->held = __atomic_load_n(&heap->held, __ATOMIC_RELAXED);
	stats->held_peak = __atomic_load_n(&heap->held_peak,
					   __ATOMIC_RELAXED);
	mems__slices_stats(&slices);
	stats->waiting = slices.dirty;
	stats->returned = slices.returned;
	stats->reserved = slices.reserved;
	mems__caches_visit(heap, count_cache, &stats->caches);
	while ((span = mems__slices_next(&cursor)) != NULL)
		if (mems__span_view(span, heap, &view))
			count_span(census, &view);
	return 0;
}

int mems_heap_stats(mems_heap *heap, struct mems_heap_stats *stats)
{
	struct census census;
	size_t size;
	int error;

	if (stats == NULL || stats->size < HEAP_STATS_LEAST)
		return -EINVAL;
	error = take_census(heap, &census);
	if (error != 0)
		return error;
	size = stats->size;
	memcpy(stats, &census.stats, mems__min(size, sizeof(census.stats)));
	stats->size = size;
	return 0;
}

int mems_heap_print(mems_heap *heap, mems_write_fn *write, void *arg)
{
	struct census census;
	const struct mems_heap_stats *stats = &census.stats;
	struct text text;
	int error;

	if (write == NULL)
		return -EINVAL;
	error = take_census(heap, &census);
	if (error != 0)
		return error;
	mems__text_begin(&text, write, arg);
	mems__text_fill(&text,
			"Held: $ in $ runs, at most $\n"
			"Used: $ in $ blocks\n"
			"Waiting: $\n"
			"Returned: $\n",
			(uint64_t[]){ stats->held, stats->runs,
				      stats->held_peak, stats->used,
				      stats->blocks, stats->waiting,
				      stats->returned });
	for (unsigned i = 0; i <= CLASSES; i++) {
		const struct share *share = &census.shares[i];

		if (share->spans == 0)
			continue;
		if (i < CLASSES)
			mems__text_fill(&text, "  $: ", (uint64_t[]){
					mems__classes[i].size });
		else
			mems__text_string(&text, "  large: ");
		mems__text_fill(&text, "$ blocks, $ bytes of $\n",
				(uint64_t[]){ share->blocks, share->used,
					      share->held });
	}
	return mems__text_end(&text);
}

int mems_heap_json(mems_heap *heap, mems_write_fn *write, void *arg)
{
	struct census census;
	const struct mems_heap_stats *stats = &census.stats;
	const char *between = "\n";
	struct text text;
	int error;

	if (write == NULL)
		return -EINVAL;
	error = take_census(heap, &census);
	if (error != 0)
		return error;
	mems__text_begin(&text, write, arg);
	mems__text_fill(&text,
			"{\"heap\": {\"held\": $, \"held_peak\": $, "
			"\"used\": $, \"blocks\": $, \"runs\": $, "
			"\"large_blocks\": $, \"large_used\": $, "
			"\"caches\": $, \"soft_limit\": $, "
			"\"hard_limit\": $, \"waiting\": $, "
			"\"returned\": $, \"reserved\": $},\n\"classes\": [",
			(uint64_t[]){ stats->held, stats->held_peak,
				      stats->used, stats->blocks, stats->runs,
				      stats->large_blocks, stats->large_used,
				      stats->caches, stats->soft_limit,
				      stats->hard_limit, stats->waiting,
				      stats->returned, stats->reserved });
	for (unsigned i = 0; i < CLASSES; i++) {
		const struct share *share = &census.shares[i];

		if (share->spans == 0)
			continue;
		mems__text_string(&text, between);
		between = ",\n";
		mems__text_fill(&text, "{\"size\": $, \"blocks\": $, "
				"\"used\": $, \"held\": $}",
				(uint64_t[]){ mems__classes[i].size,
					      share->blocks, share->used,
					      share->held });
	}
	mems__text_string(&text, "]}\n");
	return mems__text_end(&text);
}
