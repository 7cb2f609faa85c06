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

#include <mems/arena.h>
#include <mems/slab.h>

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
