/*
 * A store: slabs of one size class or of many, and large blocks. Slab caches,
 * depots and intermediate arenas are faces of it.
 *
 * What is true lies in the words of <mems/layout.h>; here is how this process
 * sees them. Each slab belongs to a magazine. A magazine's owner takes and
 * frees its slots without a lock; the store's first magazine, the common one,
 * belongs to whoever holds the store's lock, and has what was given up by
 * owners that went. Who frees a slot of another owner's slab notes it, under
 * the lock, in the slab's second set of bits and puts the slab into the inbox
 * of its magazine; the owner looks there when it has no slot left.
 *
 * Numbers read from the words are looked at before they are used: a slab is one
 * if the table says so, and its shape is told by its class alone.
 */
#ifndef MEMS_SLAB_STORE_H
#define MEMS_SLAB_STORE_H

#include <mems/layout.h>

#include "heap/heap.h"
#include "os/lock.h"
#include "os/thread.h"
#include "os/watch.h"
#include "slab/source.h"

#include <stdbool.h>

/* Slots of a class that an owner has at hand: two lines with the rest. */
#define HELD_MOST 12

/*
 * What slabs of one class look like; never read from the region. A slot's size
 * is `odd` times a power of two, and `inverse` times `odd` is 1 in 32 bits: so a
 * multiplication and a rotation divide, and what is no multiple of the size
 * comes out as more than any slot's number.
 */
struct shape {
	uint32_t size;		/* from slot to slot */
	uint32_t inverse;
	uint32_t twos;		/* the power of two */
	uint32_t first, slots, words;
	uint32_t bytes;		/* of all slots */
	uint32_t unused;	/* so that an index is a shift */
};

/*
 * Who has a magazine, and in which thread; what users hold of a cache or depot
 * is one. Which slab is the current one of a class is also told by the
 * magazine's words, for other languages; C does not read it from there.
 */
struct owner {
	uint32_t kind;		/* an enum owner_kind; 0: its store has ended */
	uint32_t unit;		/* of its words */
	const void *thread;	/* NULL: none, each call takes the lock */
	struct store *store;
	size_t most;		/* slots to have at hand: HELD_MOST, or 0 while
				   others read or write its words */
	/* A slab of its own, in which it freed a slot before. */
	struct recent {
		char *first;		/* slot 0 */
		const struct shape *shape;	/* with no bytes: of none */
		struct mems_slab_words *slab;
		struct held *held;
	} recent;
	struct mems_magazine_words *words;
	struct owner *next, *previous;	/* of the store; under its lock */
	/*
	 * Slots of each class that can be had next. By their bits they are in
	 * use: so a pair of calls writes to no slab. Who looks at blocks takes
	 * them for free ones (held.c).
	 */
	struct held {
		_Alignas(64) size_t count;
		uint64_t marks;		/* a bit of its own for each */
		void *slots[HELD_MOST];
		uint8_t mark[HELD_MOST];	/* which bit */
	} held[MEMS_SMALL_CLASSES];
	struct mems_slab_words *current[MEMS_SMALL_CLASSES];
};

/* For words that one thread at a time writes, while others read them: bits of
   slots, and whose a slab or an owner is. */
#define WORD_LOAD(word) __atomic_load_n(&(word), __ATOMIC_RELAXED)
#define WORD_STORE(word, value)                                               \
	__atomic_store_n(&(word), value, __ATOMIC_RELAXED)

enum owner_kind {
	OWNER_SLAB = 0x42414c53,
	OWNER_DEPOT = 0x54504544,
	OWNER_COMMON = 0x4d4d4f43	/* not held by users */
};

/* Most tables, each twice the last. */
#define TABLES_MOST 24

/* Most pages of tags. */
#define TAGS_PAGES 4096

struct store {
	/* What a free looks at. */
	uint32_t shift;			/* of a slab's size, */
	uint32_t colors;		/* see <mems/layout.h> */
	uintptr_t mask;			/* 1 less than it */
	uintptr_t first_place;		/* where a slab may be */
	const struct shape *shapes;	/* of each class */
	uint8_t *tags;			/* for each place the class + 1 of the
					   slab there, */
	size_t tags_count;		/* if there are any; atomic */

	uint32_t alive;			/* STORE_ALIVE until its end */
	struct lock lock;
	struct source source;
	struct mems_store_words *words;
	struct mems_table_entry *table;	/* atomic, as the next: another one when
					   it grows */
	uint32_t room;			/* entries of the table */
	uint32_t tables_count;
	void *tables[TABLES_MOST];	/* it and those that it outgrew */
	uint32_t count, unused;		/* the first that was never used, and
					   one that is not any more */
	uint32_t classes;
	bool capped, watched;		/* by a memory checker: with either no
					   owner has a thread */
	uint64_t cap, used;		/* capped: bytes in blocks */
	uint64_t slabs, large, large_bytes;	/* under the lock */
	size_t tags_bytes, tags_page;
	uint64_t tags_usable[TAGS_PAGES / 64];	/* bits: pages */
	bool tags_tried, lasting;
	struct mems_slab_words *spare;	/* an empty slab, kept by a reset */
	struct owner common;		/* of whoever holds the lock */
	struct owner *owners;		/* the others; under the lock */
	uint32_t handles;		/* under that of all stores, as next */
	struct store *next, *previous;
	mems_slab_construct_fn *construct;
	mems_slab_destruct_fn *destruct;
	void *arg;
	struct shape shape;		/* of a cache's only one */
};

#define STORE_ALIVE 0x524f5453u

static inline void mems__mark_clear(struct held *held, uint32_t mark)
{
	held->marks &= ~((uint64_t)1 << mark % 64);
}

/* One of those at hand, if there are any. */
static inline void *mems__held_take(struct held *held)
{
	size_t count = held->count - 1;

	WORD_STORE(held->count, count);
	mems__mark_clear(held, held->mark[count]);
	return held->slots[count];
}

/*
 * Have this one at hand, for which there is room; `number` is its own in its
 * slab. False: it is at hand already, or one is that looks like it. To look at
 * the marks is quicker than to look at all.
 */
static inline bool mems__held_give(struct held *held, void *slot,
				   uint32_t number)
{
	uint64_t mark = (uint64_t)1 << number % 64;
	size_t count = held->count;

	if ((held->marks & mark) != 0)
		return false;
	held->marks |= mark;
	held->mark[count] = (uint8_t)number;
	WORD_STORE(held->slots[count], slot);
	WORD_STORE(held->count, count + 1);
	return true;
}

/* The thread of an owner whose callers see to it that there is one at a time:
   the common one, of a store that no other thread uses. */
extern const char mems__any_thread;

/* No byte is in a slab of it. */
extern const struct shape mems__no_shape;

static inline bool mems__owner_is_here(const struct owner *owner)
{
	const void *thread = WORD_LOAD(owner->thread);

	return thread == mems__thread_self() || thread == &mems__any_thread;
}

/* Fronts of slabs in caches and depots lie in so many ways, less 1. */
#define SLAB_COLORS 15

struct place;

struct store_plan {
	struct source source;
	size_t size, alignment;	/* of a cache's slots; size 0: all classes */
	unsigned shift;		/* of slabs with all classes */
	uint64_t cap;
	uint32_t colors;	/* of slabs, less 1; see <mems/layout.h> */
	bool lasting;		/* speed matters more than a quick end */
	mems_slab_construct_fn *construct;
	mems_slab_destruct_fn *destruct;
	void *arg;
};

/* Of what users hold of stores; see handle.c. */
extern struct lock mems__handles_lock;

/* Set up the hooks for fork, if they are not; see mems__heaps_start(). */
bool mems__stores_start(void);

/* store.c: NULL with errno: there is no memory, or the plan is wrong. */
struct store *mems__store_create(struct store_plan *plan);
/* The one whose words lie there, for one more handle; NULL with errno. */
struct store *mems__store_find(mems_space *space, mems_va va);
/* One more handle; one less, and with the last the store ends. */
void mems__store_hold(struct store *store);
uint32_t mems__store_handles(const struct store *store);
void mems__store_drop(struct store *store);
/* End all blocks and give all memory back. */
void mems__store_end(struct store *store);
/* End all blocks; a slab is kept for the next ones. */
void mems__store_reset(struct store *store);

/* owner.c: only this thread, or any one, is going to use it. */
void mems__owner_settle(struct owner *owner, const void *thread);
/* One with a magazine for this thread; false: no memory. */
bool mems__owner_begin(struct owner *owner, struct store *store,
		       enum owner_kind kind);
/* Give it up: what it has is the store's. */
void mems__owner_end(struct owner *owner);

/* take.c: a slot, wherever it comes from; fast.h has what it mostly takes. NULL
   with errno. */
void *mems__take_any(struct owner *owner, unsigned class);

/* give.c: the same for what may be a slot of a slab that the owner has, and for
   any block: free it, or give -EINVAL. */
int mems__give_own(struct owner *owner, void *block);
int mems__give_any(struct owner *owner, void *block);
/* By tag, or any; the slab is the recent one. */
int mems__give_far(struct owner *owner, void *block);
/* Give memory of empty slabs back; how many bytes. */
uint64_t mems__store_shrink(struct owner *owner);

/*
 * magazine.c: what is done with the slabs of one owner, by it, or under the
 * lock with those of the common one.
 */
void mems__owner_clear(struct owner *owner);
/* The slab with this unit, or NULL: none, or none of the store. */
struct mems_slab_words *mems__slab_find(const struct store *store,
					uint32_t unit);
void mems__partial_add(const struct owner *owner,
		       struct mems_slab_words *slab);
void mems__partial_remove(const struct owner *owner,
			  struct mems_slab_words *slab);
/* Make it the slab that slots come from; NULL: there is none. */
void mems__current_set(struct owner *owner, unsigned class,
		       struct mems_slab_words *slab);
/* Under the lock: what others freed can be had again. */
void mems__owner_collect(const struct owner *owner);
/* Is no slot of this slab of the owner's in use? */
bool mems__slab_is_empty(const struct owner *owner, const struct shape *shape,
			 struct mems_slab_words *slab);
/* Under the lock: all its slabs become those of the common one. */
void mems__owner_empty(struct owner *owner);

/* slab.c: a new slab, constructed, in no list and no table; NULL with errno. */
struct mems_slab_words *mems__slab_make(struct store *store, unsigned class);
/* All slots free, whatever they were. */
void mems__slab_clear(const struct store *store, struct mems_slab_words *slab,
		      unsigned class);
/* Tell a memory checker that slots may be touched, or not. What a constructor
   made stays. */
void mems__slab_watch(const struct store *store, void *slots, size_t size,
		      bool allowed);
/* It is in no list and no table any more; without the lock. */
void mems__slab_end(struct store *store, struct mems_slab_words *slab);
/* False: too few slots would fit. */
bool mems__shape_set(struct shape *shape, unsigned shift, uint32_t colors,
		     size_t size, size_t alignment);

/* table.c: see to room for one more, without the lock; false with errno. */
bool mems__table_reserve(struct store *store);
/* The others under the lock. False: there is no room any more. */
bool mems__table_add(struct store *store, const void *words,
		     uint32_t *number);
void mems__table_remove(struct store *store, uint32_t number);
void mems__table_clear(struct store *store);
void mems__table_end(struct store *store);

/* tags.c: see to it that this slab, which is not yet in the table, can have a
   tag; without the lock. False with errno. */
bool mems__tags_reserve(struct store *store, const void *slab);
/* Under the lock: its class + 1, or 0: it is no slab any more. */
void mems__tag_set(struct store *store, const void *slab, uint32_t tag);
void mems__tags_end(struct store *store);

/* large.c: blocks that are no slots; they take the lock. */
void *mems__large_make(struct store *store, size_t size, size_t alignment);
/* The front of a large block, or NULL: it is none. */
struct mems_large_words *mems__large_at(const struct store *store,
					const void *block);
uint64_t mems__large_size(const struct mems_large_words *large);
int mems__large_free(struct store *store, void *block);
/* It is in no table any more. */
void mems__large_end(const struct store *store,
		     struct mems_large_words *large);

/*
 * held.c: is this slot, by its bit in use, at hand of the slab's owner? Under
 * the lock, or in the thread of that owner.
 */
bool mems__is_held(const struct store *store, const struct place *place);
/* Clear the bits of slots of a slab that are at hand. Under the lock. */
void mems__held_clear(const struct store *store,
		      struct mems_slab_words *slab, uint32_t *live);
/*
 * Does another owner than this one take slots of the slab, or have some at hand?
 * None does, unless words were written to; such a slab stays. Under the lock.
 */
bool mems__is_anothers(const struct owner *owner,
		       const struct mems_slab_words *slab);
/* It has no slot of this slab at hand any more. */
void mems__held_forget(struct owner *owner,
		       const struct mems_slab_words *slab);
/* All that it has at hand is free by its bits; its thread, or under the lock
   when that is gone. */
void mems__held_drop(struct owner *owner);
/* Others are going to use its words. In its thread. */
void mems__held_none(struct owner *owner);

/* look.c */
/* What a block of `size` bytes may use. */
uint64_t mems__store_room(uint64_t size);
/* What this one may use; 0: no block in use begins there. */
size_t mems__store_size(struct store *store, const void *block);
typedef int store_visit_fn(void *block, size_t size, void *arg);
int mems__store_walk(struct store *store, store_visit_fn *visit, void *arg);
const char *mems__store_check(struct store *store);

static inline struct mems_slab_words *mems__slab_at(const struct store *store,
						    uint32_t unit)
{
	return mems__at_unit(&store->source, unit);
}

/* Does the table say that these words are what they say? If they are none, they
   may be another thread's block, which it writes to. */
MEMS_UNWATCHED
static inline bool mems__table_has(const struct store *store,
				   const void *words, uint32_t kind,
				   uint32_t number)
{
	/* In this order: no table has less room than an earlier one. */
	uint32_t room = __atomic_load_n(&store->room, __ATOMIC_ACQUIRE);
	const struct mems_table_entry *table =
		__atomic_load_n(&store->table, __ATOMIC_ACQUIRE);
	const uint32_t *first = words;

	return WORD_LOAD(*first) == kind && number > 0 && number < room &&
	       __atomic_load_n(&table[number].unit, __ATOMIC_RELAXED) ==
	       mems__unit_of(&store->source, words);
}

/* In which place for a slab is a byte? */
static inline size_t mems__place_number(const struct store *store,
					const void *memory)
{
	return ((uintptr_t)memory >> store->shift) - store->first_place;
}

/* The start of a slab, by its front or a byte behind. */
static inline char *mems__slab_start(const struct store *store,
				     const void *memory)
{
	return (char *)((uintptr_t)memory & ~store->mask);
}

/* The front of the slab in which a byte is, in the place of this number. */
static inline struct mems_slab_words *mems__front(const struct store *store,
						  const void *memory,
						  size_t number)
{
	/* As a number: any pointer is asked about, and this may be one to
	   nothing. */
	return (void *)(((uintptr_t)memory & ~store->mask) +
			(number & store->colors) *
			sizeof(struct mems_slab_words));
}

/* The front of the slab in which a byte would be, if there were one. */
static inline struct mems_slab_words *mems__slab_around(
	const struct store *store, const void *memory)
{
	return mems__front(store, memory, mems__place_number(store, memory));
}

/* False: what is there is surely no slab, and may be what another thread is
   writing to. */
static inline bool mems__has_tag(const struct store *store, const void *memory)
{
	size_t number = mems__place_number(store, memory);
	size_t count = __atomic_load_n(&store->tags_count, __ATOMIC_ACQUIRE);

	return count == 0 ||
	       (number < count && WORD_LOAD(store->tags[number]) != 0);
}

/* The front of a slab of this store is at the pointer. */
MEMS_UNWATCHED
static inline bool mems__is_slab(const struct store *store,
				 const struct mems_slab_words *slab)
{
	return slab == mems__slab_around(store, slab) &&
	       mems__source_has(&store->source, mems__slab_start(store, slab),
				(size_t)1 << store->shift) &&
	       mems__has_tag(store, slab) &&
	       (!store->watched || mems__watch_holds(slab, sizeof(*slab))) &&
	       mems__table_has(store, slab, MEMS_WORDS_SLAB,
			       WORD_LOAD(slab->number)) &&
	       WORD_LOAD(slab->size_class) < store->classes;
}

/* Which slot, in use or not, begins at a block? */
struct place {
	struct mems_slab_words *slab;	/* NULL: it is in no slab */
	const struct shape *shape;
	uint32_t slot;			/* shape->slots: none begins there */
};

/* The number of the slot at so many bytes behind the first, or a number that no
   slot has. */
static inline uint32_t mems__slot_number(const struct shape *shape,
					 uint32_t offset)
{
	uint32_t times = offset * shape->inverse;

	return times >> shape->twos | times << (-shape->twos & 31);
}

/* The slot of a slab, which is one. */
static inline struct place mems__place_in(const struct store *store,
					  struct mems_slab_words *slab,
					  unsigned class, const void *block)
{
	const struct shape *shape = &store->shapes[class];
	uint32_t slot = mems__slot_number(shape,
			(uint32_t)((uintptr_t)block & store->mask) -
			shape->first);

	return (struct place){ slab, shape, slot < shape->slots ? slot :
					    shape->slots };
}

static inline struct place mems__place_of(const struct store *store,
					  const void *block)
{
	struct mems_slab_words *slab = mems__slab_around(store, block);

	if (!mems__is_slab(store, slab))
		return (struct place){ NULL, NULL, 0 };
	return mems__place_in(store, slab, slab->size_class, block);
}

static inline uint32_t mems__bit_of(const struct place *place)
{
	return (uint32_t)1 << place->slot % 32;
}

/* The word with the slot's bit. */
static inline uint32_t *mems__word_of(const struct place *place)
{
	return mems_slab_bits(place->slab) + place->slot / 32;
}

/* Is the slot free, as its owner or somebody else knows? */
static inline bool mems__is_free(const struct place *place)
{
	const uint32_t *word = mems__word_of(place);
	uint32_t bits = WORD_LOAD(*word);

	if (unlikely(WORD_LOAD(place->slab->told) != 0))
		bits |= WORD_LOAD(word[place->shape->words]);
	return (bits >> place->slot % 32 & 1) != 0;
}

/* It is, from now on. */
static inline void mems__give_slot(const struct place *place)
{
	uint32_t *word = mems__word_of(place);

	WORD_STORE(*word, *word | mems__bit_of(place));
	place->slab->used--;
}

static inline void *mems__slot_at(const struct store *store,
				  const struct shape *shape,
				  const struct mems_slab_words *slab,
				  uint32_t slot)
{
	return mems__slab_start(store, slab) + shape->first +
	       (size_t)slot * shape->size;
}

#endif
