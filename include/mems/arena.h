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

#include <mems/base.h>
#include <mems/heap.h>
#include <mems/space.h>

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
