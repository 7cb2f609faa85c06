/* The public calls on heaps. */
#include <config.h>

#include "heap/alloc.h"

#include "base/align.h"

#include <errno.h>

mems_heap *mems_heap_create(const struct mems_heap_options *options)
{
	static const struct mems_heap_options defaults = MEMS_HEAP_OPTIONS;
	struct heap *heap;

	if (options == NULL)
		options = &defaults;
	if (options->size != sizeof(*options) || options->flags != 0 ||
	    options->reserved != 0 || (options->hard_limit != 0 &&
	    options->soft_limit > options->hard_limit)) {
		errno = EINVAL;
		return NULL;
	}
	heap = mems__heap_add();
	if (heap == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	heap->alive = HEAP_ALIVE;
	(void)mems_heap_limit((mems_heap *)heap, options->soft_limit,
			      options->hard_limit, options->on_soft_limit,
			      options->arg);
	return (mems_heap *)heap;
}

int mems_heap_destroy(mems_heap *handle)
{
	struct heap *heap = mems__heap_of(handle);
	struct slices_cursor cursor = { 0, 0 };
	struct span *span;

	if (heap == NULL || heap == &mems__default_heap)
		return -EINVAL;
	heap->alive = 0;
	mems__heap_forget(heap);
	while ((span = mems__slices_next(&cursor)) != NULL)
		if (__atomic_load_n(&span->heap, __ATOMIC_RELAXED) == heap)
			mems__span_release(span);
	mems__heap_remove(heap);
	mems__decay_ask();
	return 0;
}

/* This thread's cache for the heap. Without one it is the default heap's
   affair, whose calls know what to do then. */
static ALWAYS_INLINE struct cache *cache_for(mems_heap *handle)
{
	struct heap *heap;
	struct cache *cache;

	if (likely(handle == NULL))
		return mems__cache;
	heap = mems__heap_of(handle);
	if (heap == NULL)
		return NULL;
	cache = mems__cache_make(heap);
	if (cache == NULL)
		errno = ENOMEM;
	return cache;
}

void *mems_heap_alloc(mems_heap *heap, size_t size)
{
	struct cache *cache;

	if (likely(heap == NULL))
		return mems__alloc_fast(size);
	cache = cache_for(heap);
	return cache == NULL ? NULL : mems__alloc(cache, size);
}

void *mems_heap_calloc(mems_heap *heap, size_t count, size_t size)
{
	struct cache *cache = cache_for(heap);
	size_t bytes;

	if (cache == NULL)
		return NULL;
	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return mems__alloc_zeroed(cache, bytes);
}

void *mems_heap_aligned_alloc(mems_heap *heap, size_t alignment, size_t size)
{
	struct cache *cache = cache_for(heap);

	if (cache == NULL)
		return NULL;
	if (!mems__is_power_of_2(alignment)) {
		errno = EINVAL;
		return NULL;
	}
	return mems__alloc_aligned(cache, alignment, size);
}

void *mems_heap_realloc(mems_heap *heap, void *block, size_t size)
{
	struct cache *cache = cache_for(heap);

	return cache == NULL ? NULL : mems__realloc(cache, block, size);
}

void mems_heap_free(void *block)
{
	mems__free_fast(block);
}

void mems_heap_free_sized(void *block, size_t size)
{
	(void)size;
	mems__free_fast(block);
}

size_t mems_heap_usable_size(const void *block)
{
	return block == NULL ? 0 : mems__usable_size(block);
}

size_t mems_heap_good_size(size_t size)
{
	if (size <= BLOCK_MOST)
		return mems__classes[mems__class_of(size > 0 ? size : 1)].size;
	if (size > SIZE_MAX / 4)
		return 0;
	return (size_t)mems__round_up(size, MEMS_PAGE_SIZE);
}

size_t mems_heap_alloc_batch(mems_heap *heap, size_t size, size_t count,
			     void **blocks)
{
	size_t done;

	for (done = 0; done < count; done++) {
		blocks[done] = mems_heap_alloc(heap, size);
		if (blocks[done] == NULL)
			break;
	}
	return done;
}

void mems_heap_free_batch(void **blocks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		mems__free_fast(blocks[i]);
}

int mems_heap_collect(mems_heap *handle)
{
	struct heap *heap = mems__heap_of(handle);
	struct cache *cache;

	if (heap == NULL)
		return -EINVAL;
	cache = mems__cache_find(heap);
	if (cache != NULL)
		mems__cache_collect(cache);
	mems__decay_ask();
	return 0;
}

int mems_heap_trim(mems_heap *heap, uint64_t *returned)
{
	int error = mems_heap_collect(heap);
	uint64_t bytes;

	if (error != 0)
		return error;
	mems__caches_unpark();
	bytes = mems__slices_return(true, NULL);
	if (returned != NULL)
		*returned = bytes;
	return 0;
}
