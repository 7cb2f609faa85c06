/*
 * The heap: plain pointers, as fast as the best mallocs.
 *
 * There is a default heap, which NULL stands for, and any number of others. A
 * thread allocates from a span of its own, without a lock; any thread may free
 * any block. Blocks are aligned to 16 bytes. A heap is private to the process;
 * its memory comes from spaces that the library keeps, in runs of 64 KiB.
 *
 * Errors. A call that returns a pointer gives NULL and sets errno; one that
 * returns an int gives 0 or a negative errno. A call that fails changes
 * nothing. EINVAL stands also for a heap that was destroyed. A pointer that no
 * heap gave, or that was freed before, cannot be answered by an error: when the
 * library notices, it writes one line that begins with "libmems: " to standard
 * error and aborts the process.
 *
 * Threads. Any thread may make any call on any heap at any time, but
 * mems_heap_destroy(), which must be the last. No callback runs with a lock
 * held. After fork() both processes go on, each with its own copy.
 */
#ifndef MEMS_HEAP_H
#define MEMS_HEAP_H

#include <mems/base.h>

MEMS_BEGIN_DECLS

typedef struct mems_heap mems_heap;

/*
 * Called when an allocation takes the bytes that the heap holds above the soft
 * limit; once, until they have fallen to the limit again. The allocation has
 * been made and no lock is held.
 */
typedef void mems_heap_limit_fn(mems_heap *heap, uint64_t held, void *arg);

/*
 * What a heap is made with. Begin from MEMS_HEAP_OPTIONS and change what you
 * need.
 */
struct mems_heap_options {
	size_t size;		/* sizeof(struct mems_heap_options) */
	uint64_t soft_limit;	/* bytes held that on_soft_limit hears of; 0:
				   none */
	uint64_t hard_limit;	/* bytes held that no call exceeds; 0: none */
	mems_heap_limit_fn *on_soft_limit;
	void *arg;		/* handed to on_soft_limit */
	uint32_t flags;		/* 0 */
	uint32_t reserved;	/* 0 */
};

#define MEMS_HEAP_OPTIONS                                                     \
	{ sizeof(struct mems_heap_options), 0, 0, NULL, NULL, 0, 0 }

/*
 * Make a heap. `options` may be NULL for MEMS_HEAP_OPTIONS.
 *
 * Returns NULL with errno set:
 *   EINVAL  an option is unknown, or the soft limit is above the hard one;
 *           options.size is not that of a known version
 *   ENOMEM  the system gave no memory
 */
MEMS_API MEMS_NODISCARD
mems_heap *mems_heap_create(const struct mems_heap_options *options);

/*
 * End a heap and free all that is in it at once. No other call on the heap or
 * its blocks may be under way or follow.
 *   -EINVAL  heap is the default heap, or was destroyed
 */
MEMS_API int mems_heap_destroy(mems_heap *heap);

/*
 * A block of at least `size` bytes. One of size 0 is a block of its own.
 *
 * Returns NULL with errno set:
 *   EINVAL  the heap was destroyed
 *   ENOMEM  the system gave no more memory, or the hard limit would be exceeded
 */
MEMS_API MEMS_NODISCARD void *mems_heap_alloc(mems_heap *heap, size_t size);

/*
 * The same for `count` times `size` bytes, all 0.
 *   ENOMEM  also: the product is more than a size_t holds
 */
MEMS_API MEMS_NODISCARD
void *mems_heap_calloc(mems_heap *heap, size_t count, size_t size);

/*
 * The same as mems_heap_alloc(), at a multiple of `alignment` bytes.
 *   EINVAL  also: alignment is not a power of two
 */
MEMS_API MEMS_NODISCARD
void *mems_heap_aligned_alloc(mems_heap *heap, size_t alignment, size_t size);

/*
 * Change the size of a block, in place where that can be, else by moving it;
 * its bytes are kept up to the smaller size. NULL is mems_heap_alloc(). Size 0
 * is a size like others: the block is not freed. An alignment above 16 is kept
 * only while the block does not move.
 *
 * Returns the block, or NULL with errno set and the block as before:
 *   EINVAL, ENOMEM  as for mems_heap_alloc()
 */
MEMS_API MEMS_NODISCARD
void *mems_heap_realloc(mems_heap *heap, void *block, size_t size);

/*
 * Free a block of any heap; NULL does nothing. `size` is what the block was
 * asked for, or anything up to its usable size; errno is left alone.
 */
MEMS_API void mems_heap_free(void *block);
MEMS_API void mems_heap_free_sized(void *block, size_t size);

/* The bytes that a block really has, at least those asked for; 0 for NULL. */
MEMS_API size_t mems_heap_usable_size(const void *block);

/*
 * The bytes that a block of `size` would really have; 0 if no block can have
 * that many.
 */
MEMS_API size_t mems_heap_good_size(size_t size);

/*
 * Fill `blocks` with `count` blocks of `size` bytes. Returns how many there
 * are, fewer than `count` with errno set:
 *   EINVAL, ENOMEM  as for mems_heap_alloc()
 */
MEMS_API MEMS_NODISCARD
size_t mems_heap_alloc_batch(mems_heap *heap, size_t size, size_t count,
			     void **blocks);

/* Free `count` blocks; those that are NULL are passed over. */
MEMS_API void mems_heap_free_batch(void **blocks, size_t count);

/*
 * Give up what the calling thread keeps at hand of this heap and needs not:
 * empty runs, and blocks that others freed.
 *   -EINVAL  the heap was destroyed
 */
MEMS_API int mems_heap_collect(mems_heap *heap);

/*
 * mems_heap_collect(), and give the memory of all empty runs, of every heap,
 * back to the system at once. The bytes are counted in `returned`, which may be
 * NULL. Without this call they go back when they were not used for a second.
 *   -EINVAL  the heap was destroyed
 */
MEMS_API int mems_heap_trim(mems_heap *heap, uint64_t *returned);

/*
 * Set the limits on the bytes that the heap holds in runs of 64 KiB, 0 for
 * none; see mems_heap_limit_fn. They may be below what it holds now: then only
 * growth is refused.
 *   -EINVAL  the soft limit is above the hard one; the heap was destroyed
 */
MEMS_API int mems_heap_limit(mems_heap *heap, uint64_t soft, uint64_t hard,
			     mems_heap_limit_fn *on_soft_limit, void *arg);

/* Called for each live block. A return other than 0 ends the walk. */
typedef int mems_heap_walk_fn(void *block, size_t usable_size, void *arg);

/*
 * Tell of every live block of the heap, those of other threads too, run by run
 * and within a run in address order. No lock is held while the callback runs:
 * it may call the heap, also to free the block told of. What other threads or
 * the callback change meanwhile may be told of or not.
 *
 * Returns 0, what the callback returned, or
 *   -EINVAL  callback is NULL; the heap was destroyed
 */
MEMS_API int mems_heap_walk(mems_heap *heap, mems_heap_walk_fn *callback,
			    void *arg);

/*
 * Check every invariant of the heap's state, without changing it. Other threads
 * must not use the heap meanwhile.
 *
 * Returns 0, -EINVAL if the heap was destroyed, or -EBADMSG when something is
 * broken; then `report`, if not NULL, takes one line of at most `length` bytes,
 * NUL included, that says what.
 */
MEMS_API int mems_heap_verify(mems_heap *heap, char *report, size_t length);

/* The site of a block whose caller names none: it is not counted. */
#define MEMS_SITE_NONE UINT32_MAX

/*
 * mems_heap_alloc() from the default heap, and mems_heap_free(), for programs
 * that number their call sites. When the sites are watched, the allocations,
 * bytes and lifetimes of each are counted; else this costs one look at a word.
 *   ENOMEM  as for mems_heap_alloc()
 */
MEMS_API MEMS_NODISCARD void *mems_site_alloc(size_t size, uint32_t site);
MEMS_API void mems_site_free(void *block);

/*
 * Begin to watch sites (on is not 0), with all counts at 0, or end it (0); the
 * counts can still be read then. Of blocks that were allocated while nobody
 * watched nothing is known.
 */
MEMS_API void mems_site_watch(int on);

MEMS_END_DECLS

#endif
