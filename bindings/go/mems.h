/*
 * libmems 0.1.0, all its headers but <mems/ralloc.h>.
 * Made by bindings/amalgamate: change the sources, not this.
 *
 * Copyright (c) 2026 the libmems authors
 *
 * Permission to use, copy, modify, and/or distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

/* In a binding only the binding calls the library. */
#if !defined MEMS_API && !defined MEMS_API_EXPORT && !defined _WIN32
#define MEMS_API __attribute__((visibility("hidden")))
#endif

/* -------------------------------------------------- include/mems/version.h */

/* The version these headers belong to; mems_version() tells the library's. */
#ifndef MEMS_VERSION_H
#define MEMS_VERSION_H

#define MEMS_VERSION_MAJOR 0
#define MEMS_VERSION_MINOR 1
#define MEMS_VERSION_PATCH 0
#define MEMS_VERSION "0.1.0"

#endif

/* ----------------------------------------------------- include/mems/base.h */

/*
 * What every libmems header needs: the marks on declarations and the address.
 */
#ifndef MEMS_BASE_H
#define MEMS_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define MEMS_BEGIN_DECLS extern "C" {
#define MEMS_END_DECLS }
#else
#define MEMS_BEGIN_DECLS
#define MEMS_END_DECLS
#endif

#ifndef MEMS_API
#if defined _WIN32
#define MEMS_API
#else
#define MEMS_API __attribute__((visibility("default")))
#endif
#endif

#if defined __GNUC__
#define MEMS_NODISCARD __attribute__((warn_unused_result))
#define MEMS_LOAD_WORD(word) __atomic_load_n(&(word), __ATOMIC_RELAXED)
#define MEMS_ASSUME(condition) ((condition) ? (void)0 : __builtin_unreachable())
/* As C has it since 1999, and not as old libraries of Windows do. */
#if defined _WIN32
#define MEMS_PRINTF(string, first)                                            \
	__attribute__((format(gnu_printf, string, first)))
#else
#define MEMS_PRINTF(string, first)                                            \
	__attribute__((format(printf, string, first)))
#endif
#else
#define MEMS_ASSUME(condition) ((void)0)
#define MEMS_NODISCARD
#define MEMS_PRINTF(string, first)
#define MEMS_LOAD_WORD(word) (*(const volatile size_t *)&(word))
#endif

MEMS_BEGIN_DECLS

/*
 * A MeMS virtual address: where a byte lies in a space, the same number in
 * every process and language. The first byte of every space is MEMS_VA_FIRST;
 * no address is MEMS_VA_NONE.
 */
typedef uint64_t mems_va;

#define MEMS_VA_NONE ((mems_va)0)
#define MEMS_VA_FIRST ((mems_va)1000)

/* Nodes, growth and printed pages count in this, whatever the system's page. */
#define MEMS_PAGE_SIZE 4096

/*
 * Where the printing calls send their text: called with one piece after the
 * other, no lock held. A return other than 0 stops the printing call, which
 * hands that number on.
 */
typedef int mems_write_fn(void *arg, const char *text, size_t length);

/*
 * A mems_write_fn that writes to the file descriptor at which `fd_pointer`, an
 * int *, points. Returns 0 or the negative errno of write(2), -EINVAL if the
 * pointer is NULL; an interrupted or short write is carried on.
 */
MEMS_API int mems_write_fd(void *fd_pointer, const char *text, size_t length);

/* The version of the library that runs, as "major.minor.patch". */
MEMS_API const char *mems_version(void);

MEMS_END_DECLS

#endif

/* ----------------------------------------------------- include/mems/heap.h */

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

/* ---------------------------------------------------- include/mems/space.h */

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

/* ---------------------------------------------------- include/mems/arena.h */

/*
 * Arenas: memory by lifetime, given up all at once.
 *
 * An arena takes chunks from a space or from a heap and hands out blocks that
 * are aligned to 16 bytes. Its lifetime says how:
 *
 *   transient     each block lies behind the last one; a reset ends them all
 *                 without looking at any
 *   intermediate  blocks lie in slabs by their size; each can be freed
 *   persistent    as transient, for what stays: a single free is counted, and
 *                 its memory comes back with the arena's
 *
 * An arena grows, each chunk twice as large as the last, up to its cap if it
 * has one. One that is full gives NULL with errno ENOMEM and stays usable.
 *
 * Errors. A call that returns an int gives 0 or a negative errno; one that
 * returns a pointer gives NULL and sets errno. A call that fails changes
 * nothing. A wrong pointer is an error, never fatal. EINVAL stands also for an
 * arena that is NULL or was destroyed.
 *
 * Threads. One thread at a time uses an arena, and nothing is locked. With
 * MEMS_ARENA_SHARED any thread may allocate from it at any time, and make all
 * calls but mems_arena_reset(), _rewind(), _destroy() and _detach(), during
 * which no other may be under way.
 */
#ifndef MEMS_ARENA_H
#define MEMS_ARENA_H

#include <stdarg.h>

/* Windows knows it as an error of its sockets only, by this number. */
#ifdef _WIN32
#include <errno.h>
#ifndef ESTALE
#define ESTALE 10070
#endif
#endif

MEMS_BEGIN_DECLS

enum mems_lifetime {
	MEMS_TRANSIENT = 0,
	MEMS_INTERMEDIATE = 1,
	MEMS_PERSISTENT = 2
};

/* The words of an arena that every block moves; see <mems/layout.h>. */
struct mems_arena_head {
	uint32_t chunk;		/* where it begins, in units of 16 bytes */
	uint32_t top;		/* bytes of it that are in use */
	uint32_t end;		/* bytes of it that may be */
	uint32_t generation;	/* another one when all blocks have ended */
};

/*
 * What mems_arena_alloc_inline() reads; the rest of an arena is private. Both
 * are the library's to write.
 */
typedef struct mems_arena {
	struct mems_arena_head *head;
	uintptr_t origin;	/* where unit 0 would be */
} mems_arena;

/* Bits of mems_arena_options.flags. */
#define MEMS_ARENA_SHARED 1u	/* any thread allocates, at any time */

/* What an arena is made with. Begin from MEMS_ARENA_OPTIONS. */
struct mems_arena_options {
	size_t size;		/* sizeof(struct mems_arena_options) */
	mems_space *space;	/* where it lies; NULL: in a heap */
	mems_heap *heap;	/* that heap; NULL: where the parent lies, or
				   the default heap */
	mems_arena *parent;	/* whose end is also the end of this one, and
				   its reset; NULL: none */
	uint64_t cap;		/* most bytes that chunks have for blocks;
				   intermediate: of blocks; rounded up as one
				   block would be; 0: no limit */
	uint32_t first;		/* bytes for blocks in the first chunk, 1 GiB at
				   most; 0: those of a page, or the cap if that
				   is less; intermediate: 0 */
	uint32_t lifetime;	/* an enum mems_lifetime */
	uint32_t flags;		/* MEMS_ARENA_ bits */
	uint32_t reserved;	/* 0 */
};

#define MEMS_ARENA_OPTIONS                                                    \
	{ sizeof(struct mems_arena_options), NULL, NULL, NULL, 0, 0,          \
	  MEMS_TRANSIENT, 0, 0 }

/*
 * Make an arena. `options` may be NULL for MEMS_ARENA_OPTIONS.
 *
 * Returns NULL with errno set:
 *   EINVAL  an option is unknown or contradicts another; options.size is not
 *           that of a known version; the space, heap or parent was destroyed
 *   ENOMEM  there is no memory for it
 */
MEMS_API MEMS_NODISCARD
mems_arena *mems_arena_create(const struct mems_arena_options *options);

/*
 * End an arena, its blocks and its children, and give its memory back; first
 * cleanups are called and children end, the newest first. Do so before its
 * space or heap ends.
 */
MEMS_API int mems_arena_destroy(mems_arena *arena);

/*
 * End all blocks and children, after calling the cleanups. What the first chunk
 * has stays at hand: the next block lies where the first one did.
 */
MEMS_API int mems_arena_reset(mems_arena *arena);

/*
 * A block of at least `size` bytes.
 *
 * Returns NULL with errno set:
 *   EINVAL  size is 0
 *   ENOMEM  the cap would be exceeded, or there is no memory
 */
MEMS_API MEMS_NODISCARD void *mems_arena_alloc(mems_arena *arena, size_t size);

/*
 * The same for `count` times `size` bytes, all 0.
 *   ENOMEM  also: the product is more than a size_t holds
 */
MEMS_API MEMS_NODISCARD
void *mems_arena_calloc(mems_arena *arena, size_t count, size_t size);

/*
 * The same as mems_arena_alloc(), at a multiple of `alignment` bytes.
 *   EINVAL  also: alignment is not a power of two, or more than 65536
 */
MEMS_API MEMS_NODISCARD
void *mems_arena_aligned_alloc(mems_arena *arena, size_t alignment,
			       size_t size);

/*
 * mems_arena_alloc(), with no call while the chunk has room. `arena` must be
 * a live one.
 */
static inline void *mems_arena_alloc_inline(mems_arena *arena, size_t size)
{
	struct mems_arena_head *head = arena->head;
	uint32_t top = head->top;
	void *block;

	/* Both are multiples of 16: what fits does so rounded up. */
	if (size - 1 >= head->end - top)
		return mems_arena_alloc(arena, size);
	head->top = top + (((uint32_t)size + 15) & ~(uint32_t)15);
	block = (void *)(arena->origin + ((uintptr_t)head->chunk << 4) + top);
	MEMS_ASSUME(block != NULL);
	return block;
}

/*
 * A copy of a string; of its first `length` bytes at most, with a NUL behind
 * them; what printf(3) makes of its arguments.
 *   EINVAL  the string or format is NULL, or cannot be printed
 *   ENOMEM  as for mems_arena_alloc()
 */
MEMS_API MEMS_NODISCARD
char *mems_arena_strdup(mems_arena *arena, const char *text);
MEMS_API MEMS_NODISCARD
char *mems_arena_strndup(mems_arena *arena, const char *text, size_t length);
MEMS_API MEMS_NODISCARD MEMS_PRINTF(2, 3)
char *mems_arena_printf(mems_arena *arena, const char *format, ...);
MEMS_API MEMS_NODISCARD MEMS_PRINTF(2, 0)
char *mems_arena_vprintf(mems_arena *arena, const char *format, va_list values);

/*
 * Free one block. In an intermediate arena it can be had again. In a transient
 * or persistent one its memory comes back with all the rest; only the last
 * block of a transient arena comes back at once, if its size is told. What is
 * freed in a persistent arena is counted.
 *   -EINVAL  block is NULL or of another arena; intermediate: it is the inside
 *            of a block, or free; size is 0, or more than the block can have
 *            (intermediate: not what it was allocated with, which else is not
 *            seen)
 */
MEMS_API int mems_arena_free(mems_arena *arena, void *block);
MEMS_API int mems_arena_free_sized(mems_arena *arena, void *block,
				   size_t size);

/* Where an arena stands; the words are the library's. */
typedef struct mems_arena_mark {
	uint32_t generation, chunk, top, reserved;
	uint64_t cleanups;
} mems_arena_mark;

/*
 * Remember where a transient or persistent arena stands, and go back there:
 * blocks and children made since end, cleanups set since are called.
 *   EINVAL   (rewind: -EINVAL) the arena is intermediate or shared
 *   -ESTALE  the arena was reset since, or stands before the mark (which is
 *            not seen any more when it has grown past it again)
 */
MEMS_API mems_arena_mark mems_arena_save(mems_arena *arena);
MEMS_API int mems_arena_rewind(mems_arena *arena, mems_arena_mark mark);

/*
 * Have `callback` called once, with `arg`, when what is now in the arena ends,
 * at its reset, rewind or end; the last that was set is the first called. It
 * may read the blocks, and must not change the arena.
 *   -EINVAL  callback is NULL
 *   -ENOMEM  there is no memory to remember it
 */
typedef void mems_arena_cleanup_fn(void *arg);
MEMS_API int mems_arena_cleanup(mems_arena *arena,
				mems_arena_cleanup_fn *callback, void *arg);

/*
 * 1 if the byte lies in what the arena has handed out (intermediate: if it is
 * the first of a live block), else 0.
 */
MEMS_API int mems_arena_contains(const mems_arena *arena, const void *memory);

/*
 * A reference to a block, for what may outlive it; and the block again. A
 * reference of one generation finds nothing in the next. {0, 0} refers to
 * nothing.
 *   EINVAL  (refer: {0, 0}) the byte is not in what was handed out
 *   ESTALE  (find: NULL) the arena was reset or rewound since, or
 *           (intermediate) the block is free
 */
typedef struct mems_arena_ref {
	uint32_t generation, unit;
} mems_arena_ref;
MEMS_API mems_arena_ref mems_arena_refer(const mems_arena *arena,
					 const void *block);
MEMS_API void *mems_arena_find(const mems_arena *arena, mems_arena_ref ref);

/*
 * Check every invariant of the arena's state, without changing it.
 *
 * Returns 0, or -EBADMSG when something is broken; then `report`, if not NULL,
 * takes one line of at most `length` bytes, NUL included, that says what.
 */
MEMS_API int mems_arena_verify(const mems_arena *arena, char *report,
			       size_t length);

/*
 * Where the words of the arena lie in its space, for another language;
 * MEMS_VA_NONE with errno ENOTSUP for one in a heap. mems_arena_attach() gives
 * the arena whose words lie there to one more holder, and mems_arena_detach()
 * is said by each holder, whoever made it included: with the last one the arena
 * ends.
 *   EINVAL   (attach: NULL) this process knows no arena there
 *   EPROTO   its words have another layout than this library's
 */
MEMS_API mems_va mems_arena_address(const mems_arena *arena);
MEMS_API MEMS_NODISCARD
mems_arena *mems_arena_attach(mems_space *space, mems_va va);
MEMS_API int mems_arena_detach(mems_arena *arena);

/*
 * The three arenas of the process, one for each lifetime, in the default heap,
 * shared (the intermediate one, too, is safe from any thread); made at the
 * first call. They can be reset, and not destroyed.
 *   EINVAL  there is no such lifetime
 *   ENOMEM  it could not be made
 */
MEMS_API mems_arena *mems_arena_common(int lifetime);

MEMS_END_DECLS

#endif

/* ----------------------------------------------------- include/mems/slab.h */

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

/* ---------------------------------------------------- include/mems/stats.h */

/*
 * What can be known of a space: counts, the chains as text, the same as JSON,
 * and a picture; of a heap: counts, a table of its size classes, the same as
 * JSON; of arenas, slab caches and depots: counts.
 *
 * The printing calls write to any mems_write_fn; mems_write_fd() is one. They
 * hold no lock while they write. When other threads change the object meanwhile,
 * each piece is right for the moment at which it was read.
 */
#ifndef MEMS_STATS_H
#define MEMS_STATS_H

MEMS_BEGIN_DECLS

struct mems_space_stats {
	size_t size;		/* set by the caller: sizeof of this struct */
	uint64_t maximum;	/* most bytes of data this space can have */
	uint64_t wanted;	/* the maximum asked for, 64 GiB by default;
				   more than `maximum` where addresses are
				   short */
	uint64_t mapped;	/* bytes in nodes, from 1000 to the break */
	uint64_t used;		/* bytes in blocks */
	uint64_t used_peak;	/* the most that `used` has been */
	uint64_t unused;	/* bytes in holes: mapped - used */
	uint64_t largest_hole;	/* bytes */
	uint64_t pages;		/* mapped, in pages of 4096 */
	uint64_t nodes;		/* main chain length */
	uint64_t blocks;	/* PROCESS segments */
	uint64_t holes;		/* HOLE segments */
	uint64_t allocations;	/* blocks ever made */
	uint64_t frees;		/* blocks ever freed */
	uint64_t metadata;	/* bytes of state that pages were taken for,
				   the index of holes included */
	uint64_t returned;	/* bytes given back to the system so far */
	uint64_t growth;
	uint64_t soft_limit;
	uint64_t hard_limit;
	uint32_t granule;
	uint32_t policy;	/* an enum mems_policy */
};

/*
 * Fill `stats`, as much of it as stats->size says (a caller built against an
 * older header gets the part it knows).
 *   -EINVAL  stats is NULL, or stats->size is less than that of the first
 *            version
 */
MEMS_API int mems_space_stats(mems_space *space,
			      struct mems_space_stats *stats);

/*
 * The chains and the counts, in the form of mems_print_stats():
 *
 *   MAIN[1000:5095] -> P[1000:1999] <-> H[2000:5095] <-> NULL
 *
 * Returns 0, what `write` returned when it was not 0, or
 *   -EINVAL  write is NULL
 */
MEMS_API int mems_space_print(mems_space *space, mems_write_fn *write,
			      void *arg);

/*
 * The statistics and the chains as one JSON object; see mems_space_json(3).
 * Returns as mems_space_print().
 */
MEMS_API int mems_space_json(mems_space *space, mems_write_fn *write,
			     void *arg);

/*
 * The chains as a picture, one SVG document: nodes, segments to scale, holes,
 * a legend. A large space is summarised, each cell then showing how full its
 * part is. Returns as mems_space_print().
 */
MEMS_API int mems_space_draw(mems_space *space, mems_write_fn *write,
			     void *arg);

struct mems_heap_stats {
	size_t size;		/* set by the caller: sizeof of this struct */
	uint64_t held;		/* bytes in the heap's runs */
	uint64_t held_peak;	/* the most that `held` has been */
	uint64_t used;		/* bytes in live blocks */
	uint64_t blocks;	/* live blocks */
	uint64_t runs;		/* runs of 64 KiB and more */
	uint64_t large_blocks;	/* live blocks that are a run of their own */
	uint64_t large_used;	/* bytes in these */
	uint64_t caches;	/* threads that allocated from the heap */
	uint64_t soft_limit;
	uint64_t hard_limit;
	uint64_t waiting;	/* all heaps: bytes of empty runs whose memory
				   was not given back yet */
	uint64_t returned;	/* all heaps: bytes given back to the system so
				   far */
	uint64_t reserved;	/* all heaps: bytes of addresses */
};

/*
 * Fill `stats`, as much of it as stats->size says. Blocks that other threads
 * allocate or free meanwhile are counted or not.
 *   -EINVAL  stats is NULL, or stats->size is less than that of the first
 *            version; the heap was destroyed
 */
MEMS_API int mems_heap_stats(mems_heap *heap, struct mems_heap_stats *stats);

/*
 * The counts, and a line for each size class in use. Returns 0, what `write`
 * returned when it was not 0, or
 *   -EINVAL  write is NULL; the heap was destroyed
 */
MEMS_API int mems_heap_print(mems_heap *heap, mems_write_fn *write, void *arg);

/*
 * The same as one JSON object; see mems_heap_json(3).
 * Returns as mems_heap_print().
 */
MEMS_API int mems_heap_json(mems_heap *heap, mems_write_fn *write, void *arg);

/*
 * What mems_site_watch() found, a line for each call site behind a line of
 * names, separated by commas; or as a JSON array. Returns 0, what `write`
 * returned when it was not 0, or
 *   -EINVAL  write is NULL
 */
MEMS_API int mems_site_csv(mems_write_fn *write, void *arg);
MEMS_API int mems_site_json(mems_write_fn *write, void *arg);

struct mems_arena_stats {
	size_t size;		/* set by the caller: sizeof of this struct */
	uint64_t held;		/* bytes of its chunks, or of its slabs and
				   large blocks */
	uint64_t used;		/* bytes handed out, those of blocks that were
				   freed but cannot be had again included */
	uint64_t chunks;	/* or slabs and large blocks */
	uint64_t blocks;	/* intermediate: in use */
	uint64_t frees;		/* persistent: single frees */
	uint64_t cap;
	uint32_t generation;
	uint32_t lifetime;	/* an enum mems_lifetime */
};

/*
 * Fill `stats`, as much of it as stats->size says. The cost of an intermediate
 * arena's grows with its blocks.
 *   -EINVAL  stats is NULL, or stats->size is less than that of the first
 *            version; there is no such arena
 */
MEMS_API int mems_arena_stats(const mems_arena *arena,
			      struct mems_arena_stats *stats);

struct mems_slab_stats {
	size_t size;		/* set by the caller: sizeof of this struct */
	uint64_t held;		/* bytes of slabs and large blocks */
	uint64_t used;		/* bytes of blocks in use */
	uint64_t blocks;	/* in use */
	uint64_t slabs;
	uint64_t large_blocks;	/* of a depot: in use, and no slots */
	uint64_t large_used;	/* bytes in these */
	uint64_t handles;	/* to the cache or depot */
	uint64_t cap;		/* of a cache: most slots; 0: no limit */
	uint32_t slot_size;	/* of a cache: bytes from slot to slot; 0: it is
				   a depot */
	uint32_t slab_size;	/* bytes */
};

/*
 * The same of a slab cache and of a depot; slots that other threads take or
 * free meanwhile are counted or not.
 */
MEMS_API int mems_slab_stats(mems_slab *slab, struct mems_slab_stats *stats);
MEMS_API int mems_depot_stats(mems_depot *depot,
			      struct mems_slab_stats *stats);

MEMS_END_DECLS

#endif

/* ---------------------------------------------------------- include/mems.h */

/*
 * libmems: memory you can name.
 *
 * This header brings the six classic MeMS calls, which work on one heap of the
 * whole process, and everything else but the old names and the layout of words.
 *
 * The classic heap hands out *MeMS virtual addresses*: the first byte is 1000,
 * and mems_get() turns an address into the memory behind it. The heap is a
 * main chain of nodes, one for each time that the system was asked for pages,
 * and each node has a sub-chain of segments, PROCESS or HOLE. A request takes
 * the front of the first hole that is large enough; a freed segment joins the
 * holes beside it. Blocks are multiples of 8 bytes, and an address is as
 * aligned as the memory behind it: to 8 bytes.
 *
 * No call exits, prints (but mems_print_stats) or obeys a wrong address. Every
 * call may be made from any thread; only mems_finish() must be the last one.
 */
#ifndef MEMS_H
#define MEMS_H

MEMS_BEGIN_DECLS

/*
 * Start the heap, empty, its first address 1000.
 *
 * On failure errno is set and the heap is as before:
 *   EALREADY  the heap is started already; it and its blocks stay as they are
 *   ENOMEM    not even a small range of addresses could be reserved
 */
MEMS_API void mems_init(void);

/*
 * End the heap and give all its memory back. The next mems_init() starts at
 * 1000 again. No other call on the heap may run at the same time.
 *
 *   EINVAL    the heap is not started; nothing was done
 */
MEMS_API void mems_finish(void);

/*
 * Reserve `size` bytes, rounded up to a multiple of 8.
 *
 * Returns their first address (a number, not a pointer to memory), or NULL
 * with errno set and the heap unchanged:
 *   EINVAL    size is 0, or the heap is not started
 *   ENOMEM    no hole is large enough and the system gave no more pages
 */
MEMS_API MEMS_NODISCARD void *mems_malloc(size_t size);

/*
 * Give back the block that mems_malloc() gave at `address`. NULL is allowed
 * and does nothing.
 *
 * On failure errno is set and the heap is unchanged:
 *   EINVAL    no live block begins at this address (a hole, the inside of a
 *             block, an address never given, a second free), or the heap is
 *             not started
 */
MEMS_API void mems_free(void *address);

/*
 * The memory behind an address, which may lie inside a block.
 *
 * Returns NULL with errno set:
 *   EFAULT    the address is in no live block: in a hole, below 1000 or past
 *             the last node
 *   EINVAL    the heap is not started
 *
 * Takes no lock.
 */
MEMS_API void *mems_get(void *address);

/*
 * Print the chains and the counts to stdout, through stdio, in order with the
 * program's own output:
 *
 *   MAIN[1000:5095] -> P[1000:1999] <-> H[2000:5095] <-> NULL
 *   Page used: 1
 *   Space unused: 3096
 *   Main Chain Length: 1
 *   Sub-chain Length array: [2]
 *
 * On failure errno is set:
 *   EINVAL    the heap is not started; nothing was printed
 *   EIO       stdout took no more (errno is then what stdio left)
 */
MEMS_API void mems_print_stats(void);

MEMS_END_DECLS

#endif

/* --------------------------------------------------- include/mems/layout.h */

/*
 * The words that another language reads and writes instead of calling C.
 *
 * All of them lie in the region of a space, are 32 bits wide and in the byte
 * order of the machine. A place is told by a *unit*: how many times 16 bytes
 * lie between the first byte of the space's data (address MEMS_VA_FIRST) and
 * it; 32 bits of units reach 64 GiB. Nothing that has a unit crosses a multiple
 * of 4 GiB, so within a window of that size a place is a 32-bit offset.
 *
 * Who may write. An arena has one owner, and a magazine has one; no word of
 * theirs needs an atomic, with the exceptions named below. Each sequence of
 * stores is written so that the owner may be lost between any two: what it was
 * handed out stays handed out, and C can set the rest right. Whatever the words
 * hold, C checks it before it follows it and never leaves the region.
 *
 * Everything else (new chunks, new slabs, slots of other owners, sizes above
 * MEMS_SMALL_MOST) is a call to C. Calls take locks; who writes words takes
 * none and needs none.
 *
 * A structure's first word tells what it is and in which version of this
 * layout; mems_arena_attach() and its like answer EPROTO to another one.
 */
#ifndef MEMS_LAYOUT_H
#define MEMS_LAYOUT_H

#define MEMS_LAYOUT_VERSION 1u

#define MEMS_UNIT_SHIFT 4
#define MEMS_UNIT_NONE UINT32_MAX

/* First words: what, in the upper half, and MEMS_LAYOUT_VERSION. */
#define MEMS_WORDS_CHUNK (0x43480000u | MEMS_LAYOUT_VERSION)
#define MEMS_WORDS_ARENA (0x41520000u | MEMS_LAYOUT_VERSION)
#define MEMS_WORDS_STORE (0x53540000u | MEMS_LAYOUT_VERSION)
#define MEMS_WORDS_MAGAZINE (0x4d410000u | MEMS_LAYOUT_VERSION)
#define MEMS_WORDS_SLAB (0x534c0000u | MEMS_LAYOUT_VERSION)
#define MEMS_WORDS_LARGE (0x4c410000u | MEMS_LAYOUT_VERSION)

/* ------------------------------------------------------------------ arenas */

/* The front of each chunk; blocks follow, and in the first chunk the arena's
   own words before them. */
struct mems_chunk_words {
	uint32_t kind;		/* MEMS_WORDS_CHUNK */
	uint32_t before;	/* unit of the chunk that was filled before it,
				   or MEMS_UNIT_NONE */
	uint32_t top;		/* bytes in use; that of the arena's current
				   chunk is in its head, unless it is shared:
				   then it is here, and changes atomically */
	uint32_t end;		/* bytes of the chunk */
};

/*
 * To allocate from a transient or persistent arena that is not shared: round
 * the size up to a multiple of 16; if head.end - head.top is as much or more,
 * the block is at head.top of head.chunk, and head.top moves behind it. One
 * store. Else call mems_arena_alloc().
 *
 * From a shared one: read head.chunk, then move `top` of that chunk by a
 * compare-and-swap, as far as its `end`. Else call.
 *
 * To reset a transient one of one chunk whose `flags` are 0: count up
 * head.generation and `resets`, both passing over 0, then set head.top to
 * MEMS_ARENA_FRONT. To rewind it to where `resets` and head.chunk were the
 * same and head.top was not larger: count up head.generation, then set head.top.
 * Else call.
 */
#define MEMS_ARENA_FRONT 80u	/* bytes of the first chunk before the blocks */
#define MEMS_ARENA_CALLS 0x100u	/* a bit of `flags`: a reset is C's, since there
				   are cleanups or children, or a memory
				   checker wants to know */

struct mems_arena_words {
	uint32_t kind;		/* MEMS_WORDS_ARENA */
	uint32_t lifetime;	/* an enum mems_lifetime */
	struct mems_arena_head head;	/* if shared or intermediate: top and
					   end are the same */
	uint32_t flags;		/* MEMS_ARENA_SHARED, MEMS_ARENA_CALLS */
	uint32_t first;		/* unit of the first chunk */
	uint32_t chunks;	/* how many there are */
	uint32_t frees;		/* persistent: single frees */
	uint32_t store;		/* intermediate: unit of its store; else
				   MEMS_UNIT_NONE */
	uint32_t resets;	/* and 1 */
	uint32_t cap[2];	/* low and high half; 0: none */
	uint32_t room[2];	/* bytes for blocks in all chunks */
};

/* ------------------------------------------------------------------- slabs */

/* Blocks up to this size lie in slabs of their class, in a depot or in an
   intermediate arena. */
#define MEMS_SMALL_MOST 1024
#define MEMS_SMALL_CLASSES 32

/* The class of a size, 1 to MEMS_SMALL_MOST: 16 bytes apart up to 128, then
   eight to each doubling. */
static inline uint32_t mems_small_class(uint32_t size)
{
	uint32_t octave = 3;

	if (size <= 128)
		return (size - 1) >> 4;
	while (size - 1 >= (uint32_t)32 << octave)
		octave++;
	return (octave - 3) * 8 + ((size - 1) >> (octave + 1));
}

/* What there is one of for each slab cache, depot and intermediate arena. */
struct mems_store_words {
	uint32_t kind;		/* MEMS_WORDS_STORE */
	uint32_t classes;	/* 1 in a slab cache, else MEMS_SMALL_CLASSES */
	uint32_t shift;		/* slabs are 1 << shift bytes, */
	uint32_t skew;		/* at multiples of that behind this many bytes
				   of the data */
	uint32_t size;		/* slab cache: bytes from slot to slot */
	uint32_t first;		/* slab cache: bytes before slot 0 */
	uint32_t table;		/* unit of the table of slabs */
	uint32_t count;		/* entries that the table has in use */
	uint32_t room;		/* and may have */
	uint32_t unused;	/* first number below `count` that is unused, or
				   MEMS_UNIT_NONE */
	uint32_t cap[2];	/* most bytes of blocks, low and high half */
	uint32_t colors;	/* the front of a slab lies (place & colors) * 64
				   bytes behind its start; `place` is how many
				   slabs' sizes it is behind the skew. So not
				   all fronts share a few lines of a cache */
	uint32_t reserved[3];
};

/* An entry of the table: a slab or large block is what it says it is if the
   entry of its number tells its unit. */
struct mems_table_entry {
	uint32_t unit;		/* MEMS_UNIT_NONE: unused */
	uint32_t next;		/* unused: the next number that is */
};

/* One class of a magazine. */
struct mems_rounds {
	uint32_t current;	/* unit of the slab that slots come from */
	uint32_t first, last;	/* of others with free slots: a list */
	uint32_t reserved;
};

/* What an owner has of a store. */
struct mems_magazine_words {
	uint32_t kind;		/* MEMS_WORDS_MAGAZINE */
	uint32_t store;		/* unit */
	uint32_t inbox;		/* unit of the first slab with slots that others
				   freed; C's, under its lock */
	uint32_t reserved;
	struct mems_rounds rounds[MEMS_SMALL_CLASSES];	/* one in a cache */
};

/* Where a slab is. */
enum mems_slab_place {
	MEMS_SLAB_FULL = 0,	/* in no list: all slots were in use */
	MEMS_SLAB_CURRENT = 1,	/* the one that slots come from */
	MEMS_SLAB_PARTIAL = 2	/* in the list of others */
};

/*
 * The front of a slab. A set bit is a free slot; some slots without are free as
 * well: C has them at hand. It has none of a magazine's whose words are used by
 * others, that is, after mems_slab_magazine() or mems_depot_magazine() told of
 * it, nor of an arena's after mems_arena_address().
 *
 * To take a slot of a class, a magazine's owner looks at its current slab's
 * bits, first at the word `hint`, and clears a bit. When there is none: a call.
 *
 * To free one, it looks for the front of the slab at the multiple of the slab
 * size below, and sees that the slab's magazine is its own, that the place is a slot's, and
 * that its bit is set neither here nor in the words behind, of what others
 * freed. It sets the bit. If the slab was full, it goes to the end of the list of
 * others and is MEMS_SLAB_PARTIAL. If all bits would be set and the slab is in
 * that list, or the slot is not its own: a call to free instead.
 */
struct mems_slab_words {
	uint32_t kind;		/* MEMS_WORDS_SLAB */
	uint32_t store;		/* unit */
	uint32_t number;	/* in the table */
	uint32_t magazine;	/* unit of whose it is */
	uint32_t size_class;
	uint32_t place;		/* an enum mems_slab_place */
	uint32_t used;		/* slots in use; C's, who counts them anew where
				   others write bits */
	uint32_t hint;		/* the word of `bits` to look at first */
	uint32_t next, previous;	/* partial: units, or MEMS_UNIT_NONE */
	uint32_t first;		/* bytes from the slab's start to slot 0 */
	uint32_t size;		/* from slot to slot */
	uint32_t slots;		/* how many there are */
	uint32_t words;		/* of bits: (slots + 31) / 32 */
	uint32_t told;		/* it is in the owner's inbox; C's */
	uint32_t inbox;		/* the next there; C's */
};

/* `words` words of free slots, then as many of slots that others freed, which
   only C writes. */
static inline uint32_t *mems_slab_bits(struct mems_slab_words *slab)
{
	return (uint32_t *)(slab + 1);
}

/* The front of a block that is too large for a slab. */
struct mems_large_words {
	uint32_t kind;		/* MEMS_WORDS_LARGE */
	uint32_t store;		/* unit */
	uint32_t number;	/* in the table, as slabs have */
	uint32_t size[2];	/* bytes of the block, low and high half */
	uint32_t start;		/* unit of the memory that it is in */
	uint32_t reserved[2];
};

#if defined __STDC_VERSION__ && __STDC_VERSION__ >= 201112L ||                 \
    defined __cplusplus && __cplusplus >= 201103L
#ifdef __cplusplus
#define MEMS_LAYOUT_ASSERT(condition) static_assert(condition, #condition)
#else
#define MEMS_LAYOUT_ASSERT(condition) _Static_assert(condition, #condition)
#endif
MEMS_LAYOUT_ASSERT(sizeof(struct mems_chunk_words) == 16);
MEMS_LAYOUT_ASSERT(sizeof(struct mems_arena_words) == 64);
MEMS_LAYOUT_ASSERT(offsetof(struct mems_arena_words, head) == 8);
MEMS_LAYOUT_ASSERT(sizeof(struct mems_chunk_words) +
		   sizeof(struct mems_arena_words) == MEMS_ARENA_FRONT);
MEMS_LAYOUT_ASSERT(sizeof(struct mems_store_words) == 64);
MEMS_LAYOUT_ASSERT(offsetof(struct mems_magazine_words, rounds) == 16);
MEMS_LAYOUT_ASSERT(sizeof(struct mems_slab_words) == 64);
MEMS_LAYOUT_ASSERT(sizeof(struct mems_large_words) == 32);
#endif

#endif
