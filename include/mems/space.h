/*
 * A space: a heap with its own virtual addresses, from 1000 up.
 *
 * All its state lies in one region that never moves, as offsets, so an address
 * means the same in every thread and language, and later in every process.
 * The memory behind address `va` is `base + (va - 1000)`.
 *
 * The region's main chain is what the system gave; each node's sub-chain is
 * PROCESS segments (handed out) and HOLE segments, in address order, and no
 * two holes of a node are neighbours.
 *
 * Errors. A call that returns an int gives 0 or a negative errno; one that
 * returns an address, a size or a pointer gives MEMS_VA_NONE, 0 or NULL and
 * sets errno. A call that fails changes nothing. A wrong address is an error,
 * never fatal. EINVAL stands also for a space that is NULL or was destroyed.
 *
 * Threads. Any thread may make any call on any space at any time, but
 * mems_space_destroy(), which must be the last. Each call takes the space's
 * lock at most for one step; mems_space_get, _va, _read, _write, _fill, _copy,
 * _usable_size and _contains take no lock. No callback runs with a lock held.
 * After fork() both processes go on, each with its own copy.
 */
#ifndef MEMS_SPACE_H
#define MEMS_SPACE_H

#include <mems/base.h>

MEMS_BEGIN_DECLS

/*
 * The two words that mems_space_get() reads; the rest of a space is private.
 * Both are the library's to write.
 */
typedef struct mems_space {
	uintptr_t origin;	/* where address 0 would be: add a mems_va */
	size_t limit;		/* bytes from MEMS_VA_FIRST to the break */
} mems_space;

/* Which hole a request takes. */
enum mems_policy {
	MEMS_FIRST_FIT = 0,	/* the one with the lowest address */
	MEMS_GOOD_FIT = 1	/* one of the smallest size class that fits:
				   faster, and wastes less */
};

/*
 * Called when an allocation takes the bytes in use above the soft limit; once,
 * until use has fallen to the limit again. The allocation has been made and no
 * lock is held, so the callback may call the space.
 */
typedef void mems_limit_fn(mems_space *space, uint64_t used, void *arg);

/* Bits of mems_space_options.flags. */
#define MEMS_MEMORY_PRIVATE 1u	/* `memory` is private and anonymous: its pages
				   may be given back to the system while they
				   hold nothing (they then read as 0) */
#define MEMS_MEMORY_ZEROED 2u	/* all bytes of `memory` are 0: none is written
				   to before there is use for it */

/*
 * What a space is made with. Begin from MEMS_SPACE_OPTIONS, the default, or
 * MEMS_SPACE_CLASSIC, the layout of mems_init(), and change what you need:
 *
 *   struct mems_space_options options = MEMS_SPACE_OPTIONS;
 *   options.hard_limit = 64 << 20;
 */
struct mems_space_options {
	size_t size;		/* sizeof(struct mems_space_options) */
	uint64_t maximum;	/* most bytes of data; 0: as much as is sensible
				   here (see mems_space_create(3)) */
	uint64_t growth;	/* least bytes asked of the system at a time,
				   all joined to one node; 0: a node of its own
				   for each request, with exactly the pages it
				   needs */
	uint32_t granule;	/* sizes and addresses are multiples of this:
				   a power of two from 1 to 4096 */
	uint32_t policy;	/* an enum mems_policy */
	uint64_t soft_limit;	/* bytes in use that on_soft_limit hears of;
				   0: none */
	uint64_t hard_limit;	/* bytes in use that no call exceeds; 0: none */
	mems_limit_fn *on_soft_limit;
	void *arg;		/* handed to on_soft_limit */
	void *memory;		/* the caller's memory to build the space in, a
				   multiple of 16; NULL: the system's */
	size_t memory_size;
	size_t memory_usable;	/* of these, the first that may be touched so
				   far, see mems_space_extend(); 0: all */
	uint32_t flags;		/* MEMS_MEMORY_ bits */
	uint32_t reserved;	/* 0 */
};

#define MEMS_SPACE_OPTIONS                                                    \
	{ sizeof(struct mems_space_options), 0, 65536, 16, MEMS_GOOD_FIT,     \
	  0, 0, NULL, NULL, NULL, 0, 0, 0, 0 }
#define MEMS_SPACE_CLASSIC                                                    \
	{ sizeof(struct mems_space_options), 0, 0, 8, MEMS_FIRST_FIT,         \
	  0, 0, NULL, NULL, NULL, 0, 0, 0, 0 }

/*
 * Make a space. `options` may be NULL for MEMS_SPACE_OPTIONS.
 *
 * Addresses for `maximum` are reserved at once and memory is used as the space
 * grows. With maximum 0 the space takes what it can get, down to 1 MiB; the
 * statistics tell how much that is. A space in the caller's memory never
 * grows out of it and never protects, remaps or releases it.
 *
 * Returns NULL with errno set:
 *   EINVAL  an option is out of its range, unknown or contradicts another;
 *           options.size is not that of a known version; memory is not a
 *           multiple of 16
 *   ENOMEM  the addresses could not be reserved, or memory_size or
 *           memory_usable is too small for a space of one page
 */
MEMS_API MEMS_NODISCARD
mems_space *mems_space_create(const struct mems_space_options *options);

/*
 * Tell a space made with memory_usable that now the first `usable` bytes of its
 * memory may be touched. Fewer than it knows of already change nothing, so that
 * several threads may tell it in any order.
 *   -EINVAL  the space was made without; space is NULL or was destroyed
 */
MEMS_API int mems_space_extend(mems_space *space, size_t usable);

/*
 * End a space and give its memory back (the caller's memory is the caller's
 * again). No other call on the space may be under way or follow.
 *   -EINVAL  space is NULL or was destroyed
 */
MEMS_API int mems_space_destroy(mems_space *space);

/*
 * Reserve a run of `size` bytes, rounded up to the granule.
 *
 * Returns its first address, or MEMS_VA_NONE with errno set:
 *   EINVAL  size is 0
 *   ENOMEM  no hole is large enough and the space cannot grow, or the hard
 *           limit would be exceeded
 *
 * The run keeps its address until it is freed. Its bytes hold no promised
 * value.
 */
MEMS_API MEMS_NODISCARD
mems_va mems_space_alloc(mems_space *space, size_t size);

/*
 * The same, the memory behind the address being a multiple of `alignment`.
 *   EINVAL  also: alignment is not a power of two
 */
MEMS_API MEMS_NODISCARD
mems_va mems_space_aligned_alloc(mems_space *space, size_t alignment,
				 size_t size);

/*
 * The same as mems_space_alloc() for `count` times `size` bytes, all 0.
 *   ENOMEM  also: the product is more than a size_t holds
 */
MEMS_API MEMS_NODISCARD
mems_va mems_space_calloc(mems_space *space, size_t count, size_t size);

/*
 * Change the size of the block at `va`, in place when the segment behind it
 * allows, else by moving it; its bytes are kept up to the smaller size. With
 * MEMS_VA_NONE it is mems_space_alloc().
 *
 * Returns the address, or MEMS_VA_NONE with errno set and the block as before:
 *   EINVAL  size is 0, or no live block begins at va
 *   ENOMEM  as for mems_space_alloc(); while a block moves, the old and the new
 *           one count, also against the hard limit
 */
MEMS_API MEMS_NODISCARD
mems_va mems_space_resize(mems_space *space, mems_va va, size_t size);

/*
 * Give back the block at `va`. MEMS_VA_NONE is allowed and does nothing.
 *   -EINVAL  no live block begins at va: a hole, the inside of a block, an
 *            address never given, a second free
 */
MEMS_API int mems_space_free(mems_space *space, mems_va va);

/*
 * The memory behind an address: one compare and one add. NULL when the address
 * is not between 1000 and the break (errno is left alone). Whether a block is
 * live there is not asked; mems_space_contains() does.
 */
static inline void *mems_space_get(const mems_space *space, mems_va va)
{
	uintptr_t origin = space->origin;
	void *memory;

	if (va - MEMS_VA_FIRST >= MEMS_LOAD_WORD(space->limit))
		return NULL;
	memory = (void *)(origin + (uintptr_t)va);
	MEMS_ASSUME(memory != NULL);
	return memory;
}

/*
 * The address of the byte at `memory`.
 *   EFAULT  it is not between the first byte of the space and the break
 */
MEMS_API mems_va mems_space_va(const mems_space *space, const void *memory);

/*
 * Copy `length` bytes out of, into, or within live blocks, or set them all to
 * `byte`. The bytes at each address must lie in one live block; they need not
 * be its first. mems_space_copy() allows both ranges to overlap. A length of 0
 * asks only that the address is in a live block.
 *   -EFAULT  an address is in no live block, or the range leaves its block;
 *            nothing was copied
 *   -EINVAL  also: the buffer is NULL and length is not 0
 */
MEMS_API int mems_space_read(const mems_space *space, mems_va va, void *to,
			     size_t length);
MEMS_API int mems_space_write(mems_space *space, mems_va va, const void *from,
			      size_t length);
MEMS_API int mems_space_fill(mems_space *space, mems_va va, int byte,
			     size_t length);
MEMS_API int mems_space_copy(mems_space *space, mems_va to, mems_va from,
			     size_t length);

/*
 * The bytes that the block at `va` really has, at least those asked for.
 *   EINVAL  (returns 0) no live block begins at va
 */
MEMS_API size_t mems_space_usable_size(const mems_space *space, mems_va va);

/*
 * 1 if the address lies in a live block, at its start or inside; else 0.
 * -EINVAL if the space is NULL or was destroyed.
 */
MEMS_API int mems_space_contains(const mems_space *space, mems_va va);

/* What mems_space_walk() tells of: main nodes, and the segments in them. */
enum mems_segment_kind {
	MEMS_NODE,		/* a node of the main chain; its segments follow */
	MEMS_PROCESS,		/* a live block */
	MEMS_HOLE		/* free */
};

struct mems_segment {
	mems_va va;
	uint64_t size;		/* bytes */
	uint64_t node;		/* number of the node, from 0 */
	enum mems_segment_kind kind;
};

/*
 * Called for each node and each segment. A return other than 0 ends the walk.
 */
typedef int mems_walk_fn(mems_space *space, const struct mems_segment *segment,
			 void *arg);

/*
 * Tell of every node and segment in address order. No lock is held while the
 * callback runs: it may call the space, and other threads may too. What changes
 * meanwhile is told of as it was or as it has become, never twice.
 *
 * Returns 0, what the callback returned, or
 *   -EINVAL  callback is NULL
 */
MEMS_API int mems_space_walk(mems_space *space, mems_walk_fn *callback,
			     void *arg);

/* A space has this many named roots, with names this long at most. */
#define MEMS_ROOTS_MAX 63
#define MEMS_ROOT_NAME_MAX 55

/*
 * Name an address, so that whoever knows the space finds what lies in it.
 * The address may be any, also MEMS_VA_NONE; a name that exists takes the new
 * address. mems_space_root_remove() forgets a name.
 *   -EINVAL  the name is NULL, empty or longer than MEMS_ROOT_NAME_MAX bytes
 *   -ENOSPC  (set) all MEMS_ROOTS_MAX names are taken
 *   -ENOENT  (remove) there is no such name
 */
MEMS_API int mems_space_root_set(mems_space *space, const char *name,
				 mems_va va);
MEMS_API int mems_space_root_remove(mems_space *space, const char *name);

/*
 * The address of that name, or MEMS_VA_NONE with errno set:
 *   EINVAL  as above
 *   ENOENT  there is no such name
 */
MEMS_API mems_va mems_space_root_get(mems_space *space, const char *name);

/*
 * Set the limits on the bytes in use, 0 for none; see mems_limit_fn. They may
 * be below what is in use: then nothing is lost, and only growth is refused or
 * (soft) told of when use next crosses the limit upwards.
 *   -EINVAL  the soft limit is above the hard one
 */
MEMS_API int mems_space_limit(mems_space *space, uint64_t soft, uint64_t hard,
			      mems_limit_fn *on_soft_limit, void *arg);

/*
 * Give every whole page that holds nothing back to the system; with growth
 * above 0 also the end of the space behind its last block. Bytes that were
 * given back are counted in `returned`, which may be NULL. The space does this
 * by itself while blocks are freed, for runs of 64 KiB and for its end, when
 * they are an eighth of what is in use, or of all.
 */
MEMS_API int mems_space_trim(mems_space *space, uint64_t *returned);

/*
 * mems_space_trim(), after the index of holes was built anew and without
 * waste. Neighbouring holes are always joined, so there is no more to do.
 */
MEMS_API int mems_space_defrag(mems_space *space, uint64_t *returned);

/*
 * Check every invariant of the space's state, without changing it.
 *
 * Returns 0, or -EBADMSG when something is broken; then `report`, if not NULL,
 * takes one line of at most `length` bytes, NUL included, that says what.
 */
MEMS_API int mems_space_verify(mems_space *space, char *report, size_t length);

MEMS_END_DECLS

#endif
