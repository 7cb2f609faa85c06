/*
 * Slices: taken from spaces, kept while they are warm, given back when cold.
 *
 * A span of few slices that is given back goes to a stack by its length, and
 * the next of that length comes from there: from the stack of the processor
 * that asks, since its caches have what is in these, or else of another. When
 * all of a length are empty all stacks go to the spaces, where neighbours join,
 * before more is asked of these.
 */
#include <config.h>

#include "heap/slices.h"

#include "base/align.h"
#include "os/pages.h"
#include "os/thread.h"
#include "os/watch.h"
#include "space/space.h"

#include <errno.h>

/* Spans up to so many slices are stacked: 1 MiB. */
#define STACKED_MOST 16

/* Processors are taken together if there are more. */
#define LANES 16

/* The structs of spans get memory for so many at a time. */
#define SPANS_STEP 1024

/* Until there is one, no pointer is in it, NULL neither, whichever of its
   words another thread sees first. */
struct first_range mems__first_range = { .base = ~(UINTPTR_MAX >> 1) };
struct range mems__ranges[RANGES_MOST];
unsigned mems__range_count;
struct lock mems__slices_lock = LOCK_INIT(LOCK_SLICES);

/* Under the lock. */
static struct lane {
	_Alignas(64) struct span *stacks[STACKED_MOST + 1];
} lanes[LANES];
static bool stacked;			/* one of them has something */
static uint64_t taken, given_back;
static size_t dirty_slices;		/* atomic */

/* ------------------------------------------------------------------ ranges */

static bool make_spans(struct range *range)
{
	uint64_t page = mems__page_size();
	uint64_t count = range->size >> SLICE_SHIFT;
	uint64_t spans = mems__round_up(count * sizeof(struct span), page);
	uint64_t bits = mems__round_up((count + 63) / 64 * 8, 64);
	uint64_t both = mems__round_up(2 * bits, page);
	char *memory = mems__pages_reserve((size_t)(both + spans));

	if (memory == NULL)
		return false;
	mems__pages_sparse(memory, (size_t)(both + spans));
	if (!mems__pages_commit(memory, (size_t)both)) {
		mems__pages_release(memory, (size_t)(both + spans));
		return false;
	}
	range->dirty = (void *)memory;
	range->aged = (void *)(memory + bits);
	range->spans = (void *)(memory + both);
	return true;
}

/* A space for `least` bytes or more, if it can be twice as large as the last
   one. */
static mems_space *make_space(uint64_t least)
{
	struct mems_space_options options = MEMS_SPACE_OPTIONS;
	mems_space *space;

	options.granule = MEMS_PAGE_SIZE;
	options.growth = SLICE;
	options.policy = MEMS_FIRST_FIT;
	if (mems__range_count == 0) {
		/* What is sensible here, unless that is too small. */
		space = mems_space_create(&options);
		if (space == NULL ||
		    ((struct space *)space)->region->maximum >= least)
			return space;
		(void)mems_space_destroy(space);
		options.maximum = least;
	} else {
		options.maximum = 2 *
			(uint64_t)mems__ranges[mems__range_count - 1].size;
	}
	options.maximum = mems__max(options.maximum, least);
	for (;;) {
		space = mems_space_create(&options);
		if (space != NULL || options.maximum / 2 < least)
			return space;
		options.maximum = mems__round_up(options.maximum / 2, SLICE);
	}
}

/* A further range, for a span of `bytes` at the least. */
static bool add_range(uint64_t bytes)
{
	struct range *range = &mems__ranges[mems__range_count];
	struct space *space;
	size_t skip;

	if (mems__range_count == RANGES_MOST)
		return false;
	space = (struct space *)make_space(bytes + SLICE);
	if (space == NULL)
		return false;
	/* What goes back to the system, and when, is decided here. */
	space->returns = false;
	space->kept = true;
	range->space = &space->face;
	/* The space begins at a page; what is before the first slice is not for
	   use, and the first that the space hands out. */
	skip = (size_t)(0 - (uintptr_t)space->data) % SLICE;
	range->base = (char *)space->data + skip;
	range->size = (size_t)mems__round_down(space->region->maximum - skip,
					       SLICE);
	if (range->size < bytes ||
	    (skip > 0 &&
	     mems_space_alloc(&space->face, skip) == MEMS_VA_NONE) ||
	    !make_spans(range)) {
		(void)mems_space_destroy(&space->face);
		return false;
	}
	/* The size last: until then no pointer is in it, and not NULL. */
	if (mems__range_count == 0) {
		__atomic_store_n(&mems__first_range.spans, range->spans,
				 __ATOMIC_RELAXED);
		__atomic_store_n(&mems__first_range.base,
				 (uintptr_t)range->base, __ATOMIC_RELAXED);
		__atomic_store_n(&mems__first_range.size, range->size,
				 __ATOMIC_RELEASE);
	}
	__atomic_store_n(&mems__range_count, mems__range_count + 1,
			 __ATOMIC_RELEASE);
	return true;
}

static struct range *range_of(const struct span *span)
{
	struct range *range = mems__ranges;

	while ((size_t)(span->memory - range->base) >= range->size)
		range++;
	return range;
}

static size_t index_of(const struct range *range, const struct span *span)
{
	return (size_t)(span->memory - range->base) >> SLICE_SHIFT;
}

/* The struct for the slice at `index`, if there is memory for it. */
static struct span *span_at(struct range *range, size_t index, size_t count)
{
	uint64_t page = mems__page_size();
	uint64_t want = mems__round_up((index + count) * sizeof(struct span),
				       SPANS_STEP * sizeof(struct span));

	want = mems__min(want, mems__round_up((range->size >> SLICE_SHIFT) *
					      sizeof(struct span), page));
	want = mems__round_up(want, page);
	if (want > range->committed) {
		if (!mems__pages_commit((char *)range->spans + range->committed,
					(size_t)(want - range->committed)))
			return NULL;
		range->committed = (size_t)want;
	}
	if (range->extent < index + count)
		__atomic_store_n(&range->extent, index + count,
				 __ATOMIC_RELEASE);
	return &range->spans[index];
}

/* ---------------------------------------------------------- which are dirty */

static uint64_t bits_of_word(size_t word, size_t first, size_t end)
{
	uint64_t bits = ~(uint64_t)0;

	if (word == first >> 6)
		bits &= ~(uint64_t)0 << (first & 63);
	if (word == (end - 1) >> 6)
		bits &= ~(uint64_t)0 >> (63 - ((end - 1) & 63));
	return bits;
}

/* In one order for all threads, with decay.c's word of whether there is a
   helper. */
static void count_dirty(size_t more)
{
	__atomic_store_n(&dirty_slices, dirty_slices + more, __ATOMIC_SEQ_CST);
}

static void set_dirty(struct range *range, size_t first, size_t count)
{
	size_t end = first + count;

	for (size_t word = first >> 6; word <= (end - 1) >> 6; word++)
		range->dirty[word] |= bits_of_word(word, first, end);
	count_dirty(count);
}

/* Were any of these dirty? They are not any more. */
static bool clear_dirty(struct range *range, size_t first, size_t count)
{
	size_t end = first + count;
	size_t cleared = 0;

	for (size_t word = first >> 6; word <= (end - 1) >> 6; word++) {
		uint64_t bits = range->dirty[word] &
				bits_of_word(word, first, end);

		if (bits == 0)
			continue;
		range->dirty[word] ^= bits;
		if ((range->aged[word] & bits) != 0)
			range->aged[word] &= ~bits;
		cleared += (size_t)__builtin_popcountll(bits);
	}
	count_dirty(0 - cleared);
	return cleared > 0;
}

/* ------------------------------------------------------------ take and give */

static mems_va va_of(const struct range *range, const struct span *span)
{
	return (uintptr_t)span->memory - range->space->origin;
}

static struct span **stack_here(size_t count)
{
	return &lanes[mems__thread_processor() % LANES].stacks[count];
}

static void stack(struct span *span)
{
	struct span **top = stack_here(span->slices);

	span->next = *top;
	*top = span;
	stacked = true;
}

static struct span *take_stacked(size_t count)
{
	struct span **top = stack_here(count), *span;

	for (int i = 0; *top == NULL && i < LANES; i++)
		top = &lanes[i].stacks[count];
	span = *top;
	if (span != NULL)
		*top = span->next;
	return span;
}

/* Hand the stacks to the spaces. */
static void unstack(void)
{
	struct span *span;

	if (!stacked)
		return;
	for (int i = 0; i < LANES * (STACKED_MOST + 1); i++) {
		struct span **top = &lanes[i % LANES].stacks[i / LANES];

		for (span = *top; span != NULL; span = span->next) {
			struct range *range = range_of(span);

			(void)mems_space_free(range->space, va_of(range, span));
		}
		*top = NULL;
	}
	stacked = false;
}

static struct span *take_from(struct range *range, size_t count,
			      size_t alignment)
{
	struct span *span;
	size_t index;
	mems_va va;

	if (alignment > SLICE)
		va = mems_space_aligned_alloc(range->space, alignment,
					      count << SLICE_SHIFT);
	else
		va = mems_space_alloc(range->space, count << SLICE_SHIFT);
	if (va == MEMS_VA_NONE)
		return NULL;
	index = (size_t)(va + range->space->origin - (uintptr_t)range->base) >>
		SLICE_SHIFT;
	span = span_at(range, index, count);
	if (span == NULL) {
		(void)mems_space_free(range->space, va);
		return NULL;
	}
	span->memory = range->base + (index << SLICE_SHIFT);
	return span;
}

/* Are there addresses behind all that was ever used of a range? */
static bool has_addresses(const struct range *range, uint64_t bytes)
{
	const struct space *space = (const struct space *)range->space;

	return space->region->maximum - range->space->limit >= bytes;
}

static struct span *take_from_any(size_t count, size_t alignment)
{
	uint64_t bytes = ((uint64_t)count << SLICE_SHIFT) +
			 (alignment > SLICE ? alignment : 0);
	struct span *span = NULL;
	bool refused = false;
	unsigned i = 0;

	unstack();
	do {
		/* What lacks memory is not helped by more addresses. */
		if (i == mems__range_count && (refused || !add_range(bytes)))
			return NULL;
		span = take_from(&mems__ranges[i], count, alignment);
		refused = refused || (span == NULL &&
				      has_addresses(&mems__ranges[i], bytes));
	} while (span == NULL && ++i <= mems__range_count);
	return span;
}

struct span *mems__slices_take(size_t count, size_t alignment)
{
	struct span *span = NULL;
	int saved = errno;

	if (count > SIZE_MAX >> (SLICE_SHIFT + 2) ||
	    alignment > SIZE_MAX / 4)
		return NULL;
	mems__lock_take(&mems__slices_lock);
	if (count <= STACKED_MOST && alignment <= SLICE)
		span = take_stacked(count);
	if (span == NULL)
		span = take_from_any(count, alignment);
	if (span != NULL) {
		struct range *range = range_of(span);

		span->slices = (uint32_t)count;
		/* A memory checker cannot know that it is 0. */
		span->zeroed = !clear_dirty(range, index_of(range, span),
					    count) && !mems__watched();
		taken += count;
	}
	mems__lock_drop(&mems__slices_lock);
	errno = saved;
	return span;
}

void mems__slices_give(struct span *span)
{
	struct range *range = range_of(span);
	size_t count = span->slices;
	int saved = errno;

	__atomic_store_n(&span->owner, NULL, __ATOMIC_RELAXED);
	__atomic_store_n(&span->kind, SPAN_NONE, __ATOMIC_RELAXED);
	__atomic_store_n(&span->remote, 0, __ATOMIC_RELAXED);
	mems__lock_take(&mems__slices_lock);
	taken -= count;
	set_dirty(range, index_of(range, span), count);
	if (count <= STACKED_MOST)
		stack(span);
	else
		(void)mems_space_free(range->space, va_of(range, span));
	mems__lock_drop(&mems__slices_lock);
	errno = saved;
}

bool mems__slices_resize(struct span *span, size_t count)
{
	struct range *range = range_of(span);
	size_t index = index_of(range, span);
	size_t old = span->slices;
	int saved = errno;
	bool done;

	if (count > SIZE_MAX >> (SLICE_SHIFT + 2))
		return false;
	mems__lock_take(&mems__slices_lock);
	if (count > old)
		unstack();
	done = mems__space_resize_here(range->space, va_of(range, span),
				       count << SLICE_SHIFT);
	if (done && count < old) {
		set_dirty(range, index + count, old - count);
	} else if (done && count > old) {
		/* Frees look at the structs of all slices. */
		done = span_at(range, index, count) != NULL;
		if (done)
			(void)clear_dirty(range, index + old, count - old);
		else
			(void)mems__space_resize_here(range->space,
						      va_of(range, span),
						      old << SLICE_SHIFT);
	}
	if (done) {
		/* The difference may be negative, and a size_t too short. */
		taken += (uint64_t)count - old;
		span->slices = (uint32_t)count;
	}
	mems__lock_drop(&mems__slices_lock);
	errno = saved;
	return done;
}

/* ------------------------------------------------------------- giving back */

/*
 * Give back the memory of the slices in `bits` of one word. False: the system
 * refused. Under the lock, so that nobody takes them meanwhile; 4 MiB at most.
 */
static bool return_word(struct range *range, size_t word, uint64_t bits,
			uint64_t *returned)
{
	while (bits != 0) {
		unsigned first = mems__low_bit(bits);
		uint64_t above = ~(bits >> first);
		unsigned count = above == 0 ? 64 : mems__low_bit(above);
		uint64_t these = (count == 64 ? ~(uint64_t)0 :
				  ((uint64_t)1 << count) - 1) << first;
		char *memory = range->base +
			       ((word * 64 + first) << SLICE_SHIFT);
		size_t size = (size_t)count << SLICE_SHIFT;
		size_t resident = mems__pages_resident(memory, size);

		if (!mems__pages_decommit(memory, size))
			return false;
		*returned += resident;
		range->dirty[word] &= ~these;
		range->aged[word] &= ~these;
		count_dirty(0 - (size_t)count);
		bits &= ~these;
	}
	return true;
}

uint64_t mems__slices_dirty(void)
{
	return (uint64_t)__atomic_load_n(&dirty_slices, __ATOMIC_SEQ_CST) <<
	       SLICE_SHIFT;
}

uint64_t mems__slices_return(bool all, uint64_t *left)
{
	uint64_t returned = 0;
	int saved = errno;
	bool works = true;

	mems__lock_take(&mems__slices_lock);
	unstack();
	for (unsigned i = 0; works && i < mems__range_count; i++) {
		struct range *range = &mems__ranges[i];

		for (size_t word = 0; works && word * 64 < range->extent;
		     word++) {
			uint64_t bits = range->dirty[word];

			if (!all)
				bits &= range->aged[word];
			if (bits != 0)
				works = return_word(range, word, bits,
						    &returned);
			range->aged[word] = range->dirty[word];
			if (bits == 0)
				continue;
			/* Let others have a turn. */
			mems__lock_drop(&mems__slices_lock);
			mems__lock_take(&mems__slices_lock);
		}
	}
	given_back += returned;
	if (left != NULL)
		*left = works ? mems__slices_dirty() : LEFT_REFUSED;
	mems__lock_drop(&mems__slices_lock);
	errno = saved;
	return returned;
}

void mems__slices_stats(struct slices_stats *stats)
{
	mems__lock_take(&mems__slices_lock);
	stats->reserved = 0;
	for (unsigned i = 0; i < mems__range_count; i++)
		stats->reserved += mems__ranges[i].size;
	stats->taken = taken << SLICE_SHIFT;
	stats->dirty = mems__slices_dirty();
	stats->returned = given_back;
	mems__lock_drop(&mems__slices_lock);
}

struct span *mems__slices_next(struct slices_cursor *cursor)
{
	for (; cursor->range < mems__range_count;
	     cursor->range++, cursor->index = 0) {
		const struct range *range = &mems__ranges[cursor->range];

		while (cursor->index < __atomic_load_n(&range->extent,
						       __ATOMIC_ACQUIRE)) {
			struct span *span = &range->spans[cursor->index];
			uint8_t kind = __atomic_load_n(&span->kind,
						       __ATOMIC_ACQUIRE);

			/* One by one: what it is made of may change. */
			cursor->index++;
			if (kind != SPAN_NONE && kind != SPAN_INSIDE)
				return span;
		}
	}
	return NULL;
}
