/*
 * Slab caches: equal slots, had and freed in a few nanoseconds; and depots:
 * blocks of many sizes in a space, made of such slots.
 *
 * Slots lie in slabs of some KiB, which come from a space or a heap and go back
 * when they are empty. What is free is told by bits outside the slots, so a
 * slot keeps what its constructor made, and a wrong pointer is found out.
 *
 * Errors. A call that returns an int gives 0 or a negative errno; one that
 * returns a pointer gives NULL and sets errno. A call that fails changes
 * nothing. A wrong pointer is an error, never fatal. EINVAL stands also for a
 * cache or depot that is NULL or was destroyed.
 *
 * Threads. Any thread may make any call on any handle at any time, but
 * _destroy() and _detach(), which must be the last. The thread that made a
 * handle takes and frees slots without a lock; others take the lock. A thread
 * that wants to be as fast takes a handle of its own by _share(), or makes a
 * handle its own by _adopt().
 */
#ifndef MEMS_SLAB_H
#define MEMS_SLAB_H

#include <mems/base.h>
#include <mems/heap.h>
#include <mems/space.h>

MEMS_BEGIN_DECLS

typedef struct mems_slab mems_slab;

/*
 * Called for each slot of a new slab, and of one that goes back. It may use
 * anything but the cache. A constructor that returns other than 0 refuses: the
 * slots made before it are taken down, and the allocation fails with ENOMEM.
 */
typedef int mems_slab_construct_fn(void *slot, void *arg);
typedef void mems_slab_destruct_fn(void *slot, void *arg);

/* What a cache is made with. Begin from MEMS_SLAB_OPTIONS. */
struct mems_slab_options {
	size_t size;		/* sizeof(struct mems_slab_options) */
	mems_space *space;	/* where it lies; NULL: in a heap */
	mems_heap *heap;	/* that heap; NULL: the default heap */
	size_t slot_size;	/* bytes, 1 to 64 MiB; must be set; rounded up
				   to the alignment */
	size_t alignment;	/* of a slot: a power of two up to 4096; 0: 16,
				   or less for what is smaller */
	uint64_t cap;		/* most slots in use; 0: no limit */
	mems_slab_construct_fn *construct;
	mems_slab_destruct_fn *destruct;
	void *arg;		/* handed to both */
	uint32_t flags;		/* 0 */
	uint32_t reserved;	/* 0 */
};

#define MEMS_SLAB_OPTIONS                                                     \
	{ sizeof(struct mems_slab_options), NULL, NULL, 0, 0, 0, NULL, NULL,  \
	  NULL, 0, 0 }

/*
 * Make a cache. Returns NULL with errno set:
 *   EINVAL  options is NULL; an option is out of its range, unknown or
 *           contradicts another; the space or heap was destroyed
 *   ENOMEM  there is no memory for it
 */
MEMS_API MEMS_NODISCARD
mems_slab *mems_slab_create(const struct mems_slab_options *options);

/*
 * End a cache, and with it all its slots, which are taken down first. Other
 * handles to it are then good for mems_slab_detach() only. Do so before its
 * space or heap ends.
 */
MEMS_API int mems_slab_destroy(mems_slab *slab);

/*
 * A slot, as its constructor or its last user left it (without either it holds
 * no promised value).
 *
 * Returns NULL with errno set:
 *   ENOMEM  the cap is reached, there is no memory, or the constructor refused
 */
MEMS_API MEMS_NODISCARD void *mems_slab_alloc(mems_slab *slab);

/*
 * Give a slot back.
 *   -EINVAL  it is NULL, of another cache, the inside of a slot, or free
 */
MEMS_API int mems_slab_free(mems_slab *slab, void *slot);

/* 1 if this is the first byte of a slot in use, else 0. */
MEMS_API int mems_slab_contains(const mems_slab *slab, const void *slot);

/* Called for each slot in use. A return other than 0 ends the walk. */
typedef int mems_slab_walk_fn(void *slot, size_t size, void *arg);

/*
 * Tell of every slot in use. No lock is held while the callback runs: it may
 * call the cache, also to free the slot told of. What changes meanwhile may be
 * told of or not.
 *
 * Returns 0, what the callback returned, or
 *   -EINVAL  callback is NULL
 */
MEMS_API int mems_slab_walk(mems_slab *slab, mems_slab_walk_fn *callback,
			    void *arg);

/*
 * Give the memory of empty slabs back, of the caller's and of those that no
 * thread has; the bytes are counted in `returned`, which may be NULL. A slab
 * that becomes empty goes back by itself, unless it is the only one with free
 * slots beside the one they are taken from.
 */
MEMS_API int mems_slab_shrink(mems_slab *slab, uint64_t *returned);

/*
 * One more handle to the cache, which belongs to the calling thread; and the
 * end of a handle, which leaves the cache to the others: with the last the
 * cache ends as by mems_slab_destroy().
 *   ENOMEM  (share: NULL) there is no memory for it
 */
MEMS_API MEMS_NODISCARD mems_slab *mems_slab_share(mems_slab *slab);
MEMS_API int mems_slab_detach(mems_slab *slab);

/*
 * From now on the handle belongs to the calling thread. The one that it
 * belonged to must not be using it.
 */
MEMS_API int mems_slab_adopt(mems_slab *slab);

/*
 * Where the words of the cache lie in its space, MEMS_VA_NONE with errno
 * ENOTSUP for one in a heap; and mems_slab_share() by that address.
 *   EINVAL  (attach: NULL) this process knows no cache there
 *   EPROTO  its words have another layout than this library's
 *   ENOMEM  there is no memory for it
 */
MEMS_API mems_va mems_slab_address(const mems_slab *slab);
MEMS_API MEMS_NODISCARD
mems_slab *mems_slab_attach(mems_space *space, mems_va va);

/*
 * Where the words of the handle's magazine lie, for the thread that the handle
 * belongs to: it may take and free slots through them (see <mems/layout.h>).
 * MEMS_VA_NONE with errno ENOTSUP if there is none: the cache lies in a heap,
 * or has a cap; EPERM if the handle is another thread's.
 */
MEMS_API mems_va mems_slab_magazine(const mems_slab *slab);

/*
 * Check every invariant of the cache, without changing it. Other threads must
 * not use it meanwhile.
 *
 * Returns 0, or -EBADMSG when something is broken; then `report`, if not NULL,
 * takes one line of at most `length` bytes, NUL included, that says what.
 */
MEMS_API int mems_slab_verify(mems_slab *slab, char *report, size_t length);

/* ------------------------------------------------------------------ depots */

/*
 * A depot serves blocks of any size in a space: up to 1024 bytes from slabs of
 * their class, larger ones as blocks of their own. Small blocks cost
 * nanoseconds instead of a search; a slab holds one class only, so programs
 * whose sizes change over time need more memory than with mems_space_alloc().
 * To mems_space_free() a block of a depot is none: -EINVAL.
 */
typedef struct mems_depot mems_depot;

/*
 * Make a depot in a space. Returns NULL with errno set:
 *   EINVAL  the space is NULL or was destroyed
 *   ENOMEM  there is no memory for it
 */
MEMS_API MEMS_NODISCARD mems_depot *mems_depot_create(mems_space *space);

/* End a depot and its blocks; see mems_slab_destroy(). */
MEMS_API int mems_depot_destroy(mems_depot *depot);

/*
 * A block of at least `size` bytes, aligned to 16.
 *
 * Returns NULL with errno set:
 *   EINVAL  size is 0
 *   ENOMEM  there is no memory
 */
MEMS_API MEMS_NODISCARD
void *mems_depot_alloc(mems_depot *depot, size_t size);

/*
 * Free a block.
 *   -EINVAL  it is NULL, of another depot, the inside of a block, or free
 */
MEMS_API int mems_depot_free(mems_depot *depot, void *block);

/*
 * What a block may use, at least what was asked for.
 *   EINVAL  (0) no block of the depot begins there
 */
MEMS_API size_t mems_depot_usable_size(const mems_depot *depot,
				       const void *block);

/* As for caches. */
MEMS_API int mems_depot_walk(mems_depot *depot, mems_slab_walk_fn *callback,
			     void *arg);
MEMS_API int mems_depot_shrink(mems_depot *depot, uint64_t *returned);

/*
 * As for caches.
 *   -EBADMSG  something is broken
 */
MEMS_API int mems_depot_verify(mems_depot *depot, char *report,
			       size_t length);

/*
 * Handles, as those of caches.
 *   EINVAL  (attach: NULL) this process knows no depot there
 *   EPERM   (magazine: MEMS_VA_NONE) the handle is another thread's
 *   EPROTO  (attach: NULL) its words have another layout than this library's
 *   ENOMEM  (share, attach: NULL) there is no memory for it
 */
MEMS_API MEMS_NODISCARD mems_depot *mems_depot_share(mems_depot *depot);
MEMS_API int mems_depot_detach(mems_depot *depot);
MEMS_API int mems_depot_adopt(mems_depot *depot);
MEMS_API mems_va mems_depot_address(const mems_depot *depot);
MEMS_API mems_va mems_depot_magazine(const mems_depot *depot);
MEMS_API MEMS_NODISCARD
mems_depot *mems_depot_attach(mems_space *space, mems_va va);

MEMS_END_DECLS

#endif
