/* Blocks of any size, alignment and owner: what is not on the fast path. */
#include <config.h>

#include "heap/heap.h"
#include "heap/link.h"
#include "heap/slices.h"
#include "heap/trace.h"

#include "base/align.h"

#include <errno.h>
#include <string.h>

/* More than this no block can have; sums of such sizes do not overflow. */
#define SIZE_MOST (SIZE_MAX / 4)

/* --------------------------------------------------------------- allocation */

/* A block without a cache of this thread's own. */
static NOINLINE void *take_shared(unsigned class, bool *zeroed)
{
	void *block = mems__cache_alloc(mems__shared_take(), class, zeroed);

	mems__shared_drop();
	return block;
}

/* See mems__cache: a thread may have no cache, and may get one. */
static bool is_cache(struct cache **cache)
{
	if (*cache == &mems__no_cache)
		*cache = mems__cache_make(&mems__default_heap);
	return *cache != NULL && *cache != &mems__late_cache;
}

/* A block of `size` bytes and a mark, or NULL. */
static ALWAYS_INLINE void *take(struct cache *cache, size_t size,
				size_t alignment, bool *zeroed)
{
	bool have = is_cache(&cache);
	struct heap *heap = have ? cache->heap : &mems__default_heap;
	size_t whole = size + MARK_SIZE;

	if (whole > BLOCK_MOST || alignment > SLICE) {
		if (whole <= BLOCK_MOST)
			whole = BLOCK_MOST + 1;
		return mems__large_alloc(heap, whole, alignment, zeroed);
	}
	if (MARK_SIZE == 0 && whole == 0)
		whole = 1;
	if (!have)
		return take_shared(mems__class_of(whole), zeroed);
	return mems__cache_alloc(cache, mems__class_of(whole), zeroed);
}

/* There is none: what is at hand for this thread, and for those to come, may
   be what is missing. */
static NOINLINE void *take_again(struct cache *cache, size_t size,
				 size_t alignment, bool *zeroed)
{
	void *block = NULL;

	if (size <= SIZE_MOST && is_cache(&cache)) {
		mems__cache_collect(cache);
		mems__caches_unpark();
		block = take(cache, size, alignment, zeroed);
	}
	if (block == NULL)
		errno = ENOMEM;
	return block;
}

static struct span *span_holding(const void *block);

static ALWAYS_INLINE void *alloc(struct cache *cache, size_t size,
				 size_t alignment, bool *zeroed)
{
	void *block = NULL;

	if (likely(size <= SIZE_MOST && alignment <= SIZE_MOST))
		block = take(cache, size, alignment, zeroed);
	if (unlikely(block == NULL)) {
		block = take_again(cache, size, alignment, zeroed);
		if (block == NULL)
			return NULL;
	}
	mems__decay_ask();
	if (cache->heap != NULL)
		mems__limits_tell(cache->heap);
	else
		mems__limits_tell(&mems__default_heap);
	if (unlikely(mems__tracing))
		mems__trace_alloc(block, size);
	return block;
}

/* Set the mark of a new block; without marks, do not even look for its span. */
static ALWAYS_INLINE void *mark(void *block, size_t size)
{
	if (MARK_SIZE == 0)
		return block;
	return mems__harden_mark(span_holding(block), block, size);
}

/* All that was not known to be 0 made so, and the mark set. */
static ALWAYS_INLINE void *finish(void *block, size_t size, bool zero)
{
	if (block == NULL)
		return NULL;
	if (zero)
		memset(block, 0, size);
	return mark(block, size);
}

NOINLINE void *mems__alloc(struct cache *cache, size_t size)
{
	return finish(alloc(cache, size, SLICE, NULL), size, false);
}

void *mems__alloc_zeroed(struct cache *cache, size_t size)
{
	bool zeroed = false;
	void *block = alloc(cache, size, SLICE, &zeroed);

	return finish(block, size, !zeroed);
}

/*
 * Blocks of a class are aligned to what divides its size, since spans begin at
 * slices; the class to use is never far. Large blocks begin at slices.
 */
void *mems__alloc_aligned(struct cache *cache, size_t alignment, size_t size)
{
	size_t whole = size + MARK_SIZE;

	if (alignment <= BLOCK_LEAST || size > SIZE_MOST)
		return mems__alloc(cache, size);
	if (alignment <= BLOCK_MOST && whole <= BLOCK_MOST) {
		unsigned class = mems__class_of(whole > 0 ? whole : 1);

		while (class < CLASSES &&
		       mems__classes[class].size % alignment != 0)
			class++;
		if (class < CLASSES) {
			void *block = alloc(cache, mems__classes[class].size -
					    MARK_SIZE, SLICE, NULL);

			return finish(block, size, false);
		}
	}
	/* Not where a block of a class would be. */
	if (alignment <= SLICE)
		alignment = SLICE;
	if (size <= BLOCK_MOST)
		return finish(alloc(cache, BLOCK_MOST + 1, alignment, NULL),
			      size, false);
	return finish(alloc(cache, size, alignment, NULL), size, false);
}

/* ------------------------------------------------------------ of a pointer */

/* Another thread may put the span into a list, or take it out. */
static ALWAYS_INLINE uint8_t kind_of(const struct span *span)
{
	return __atomic_load_n(&span->kind, __ATOMIC_RELAXED);
}

/* The span in which `block` lies, which it is known to. */
static struct span *span_holding(const void *block)
{
	struct span *span = mems__slice_at(block);

	return kind_of(span) == SPAN_INSIDE ? span - span->slices : span;
}

/* The span of which `block` is block `number`, or the end: there is none. */
static ALWAYS_INLINE struct span *span_of(const void *block, const char *doing,
					  uint32_t *number)
{
	struct span *span = mems__slice_at(block);
	const char *start;
	uint8_t kind;

	if (unlikely(span == NULL))
		mems__misuse(doing, block);
	kind = kind_of(span);
	if (unlikely(kind == SPAN_INSIDE)) {
		span -= span->slices;
		kind = kind_of(span);
	}
	if (unlikely(kind == SPAN_NONE))
		mems__misuse(doing, block);
	start = span->memory;
	if (kind != SPAN_LARGE) {
		*number = mems__span_number(span, block);
		start = mems__span_block(span, *number);
	}
	if (unlikely(block != start))
		mems__misuse("pointer into a block", block);
	return span;
}

static ALWAYS_INLINE void give(struct span *span, void *block, uint32_t number)
{
	struct cache *owner;

	if (kind_of(span) == SPAN_LARGE) {
		mems__span_release(span);
		return;
	}
	owner = __atomic_load_n(&span->owner, __ATOMIC_RELAXED);
	if (owner == NULL || __atomic_load_n(&owner->thread, __ATOMIC_RELAXED)
	    != mems__cache) {
		mems__remote_free(span, block, number);
		return;
	}
	mems__set_next(block, span->free);
	span->free = block;
	if (--span->used == 0)
		mems__cache_emptied(span);
}

/*
 * The next two are what free() jumps to at its end, so their return address is
 * that of its caller.
 */
NOINLINE void mems__free_emptied(struct span *span)
{
	mems__cache_emptied(span);
	if (unlikely(__atomic_load_n(&mems__decay_wanted, __ATOMIC_RELAXED)))
		mems__decay_help(__builtin_return_address(0));
}

NOINLINE void mems__free_any(void *block)
{
	struct span *span;
	uint32_t number = 0;

	if (block == NULL)
		return;
	span = span_of(block, "free of a pointer that is not allocated",
		       &number);
	if (unlikely(mems__tracing))
		mems__trace_free(block);
	mems__harden_free(span, block);
	give(span, block, number);
	if (unlikely(__atomic_load_n(&mems__decay_wanted, __ATOMIC_RELAXED)))
		mems__decay_help(__builtin_return_address(0));
}

/* What the program may use of a block. */
static size_t size_of(const struct span *span, const void *block)
{
#ifdef MEMS_HARDENED
	return mems__harden_check(span, block);
#else
	(void)block;
	return kind_of(span) == SPAN_LARGE ? span->bytes :
					     mems__class_info(span)->size;
#endif
}

size_t mems__usable_size(const void *block)
{
	uint32_t number;

	return size_of(span_of(block, "size of a pointer that is not "
			       "allocated", &number), block);
}

/*
 * Can the block become one of `size` bytes where it lies? One of a class must
 * not waste more than half of it.
 */
static bool resize_here(struct span *span, size_t size)
{
	size_t whole = size + MARK_SIZE, have;

	if (kind_of(span) == SPAN_LARGE)
		return whole > BLOCK_MOST && mems__large_resize(span, whole);
	have = mems__class_info(span)->size;
	return whole <= have && (whole >= have / 2 || have == BLOCK_LEAST);
}

/* Move a large block to where it is larger. */
static void *grow(struct span *span, void *block, size_t size)
{
	struct heap *heap = span->heap;
	void *moved = mems__large_move(span, size + MARK_SIZE);

	if (moved == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	if (unlikely(mems__tracing)) {
		mems__trace_free(block);
		mems__trace_alloc(moved, size);
	}
	mems__span_release(span);
	mems__decay_ask();
	mems__limits_tell(heap);
	return mark(moved, size);
}

void *mems__realloc(struct cache *cache, void *block, size_t size)
{
	struct span *span;
	uint32_t number;
	size_t have;
	void *moved;

	if (block == NULL)
		return mems__alloc(cache, size);
	span = span_of(block, "realloc of a pointer that is not allocated",
		       &number);
	have = size_of(span, block);
	if (size <= SIZE_MOST && resize_here(span, size)) {
		if (unlikely(mems__tracing))
			mems__trace_resize(block, size);
		mems__decay_ask();
		mems__limits_tell(span->heap);
		return mems__harden_mark(span, block, size);
	}
	if (kind_of(span) == SPAN_LARGE && size > have && size <= SIZE_MOST)
		return grow(span, block, size);
	moved = mems__alloc(cache, size);
	if (moved == NULL)
		return NULL;
	memcpy(moved, block, size < have ? size : have);
	mems__free_any(block);
	return moved;
}
