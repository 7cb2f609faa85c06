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

#include "os/lock.h"
#include "os/thread.h"
#include "os/watch.h"
#include "slab/source.h"

#include <stdbool.h>

#define NOINLINE __attribute__((noinline))

/* Slots of a class that an owner remembers beside the newest. */
#define OLDER_MOST 6

/* What slabs of one class look like; never read from the region. */
struct shape {
	uint32_t size;		/* from slot to slot */
	uint32_t inverse;	/* 2^32 / size, rounded up; 0: divide */
	uint32_t first, slots, words;
};

/*
 * Who has a magazine, and in which thread; what users hold of a cache or depot
 * is one. Which slab is the current one of a class is also told by the
 * magazine's words, for other languages; C does not read it from there.
 */
struct owner {
	/* Slots of each class that were freed last: to look for a free one
	   takes longer than to remember some. Bits say whether they still are.
	   The newest has a place of its own, so that who frees and takes in
	   turn does not wait for the count. */
	struct last {
		struct last_slot {
			void *slot;		/* NULL: none */
			struct mems_slab_words *slab;
			uint32_t *word, bit;	/* that say that it is free */
		} newest;
		uint32_t count;
		struct last_slot older[OLDER_MOST];
	} last[MEMS_SMALL_CLASSES];
	struct mems_slab_words *recent;	/* a slab of its own, in which it freed
					   a slot before; or NO_SLAB */
	uint32_t kind;		/* an enum owner_kind; 0: its store has ended */
	uint32_t unit;		/* of its words */
	const void *thread;	/* NULL: none, each call takes the lock */
	struct store *store;
	struct mems_magazine_words *words;
	struct owner *next, *previous;	/* of the store; under its lock */
	struct mems_slab_words *current[MEMS_SMALL_CLASSES];
};

/* For words that one thread at a time writes, while others read them: bits of
   slots, and whose a slab or an owner is. */
#define WORD_LOAD(word) __atomic_load_n(&(word), __ATOMIC_RELAXED)
#define WORD_STORE(word, value)                                               \
	__atomic_store_n(&(word), value, __ATOMIC_RELAXED)

/* No pointer is in it. */
#define NO_SLAB ((struct mems_slab_words *)(uintptr_t)1)

enum owner_kind {
	OWNER_SLAB = 0x42414c53,
	OWNER_DEPOT = 0x54504544,
	OWNER_COMMON = 0x4d4d4f43	/* not held by users */
};

struct store {
	uint32_t alive;			/* STORE_ALIVE until its end */
	struct lock lock;
	struct source source;
	struct mems_store_words *words;
	struct mems_table_entry *table;	/* atomic, as the next: another one when
					   it grows */
	uint32_t room;			/* entries of the table */
	uint32_t count, unused;		/* the first that was never used, and
					   one that is not any more */
	uint32_t classes;
	uint32_t shift;			/* of a slab's size */
	bool capped, watched;		/* by a memory checker: with either no
					   owner has a thread */
	uint64_t cap, used;		/* capped: bytes in blocks */
	uint64_t slabs, large, large_bytes;	/* under the lock */
	uint8_t *tags;			/* of a depot: for each place of a slab
					   its class + 1; NULL: look at words */
	size_t tags_count, tags_bytes;
	uintptr_t tags_first;		/* the place before the first tag */
	struct mems_slab_words *spare;	/* an empty slab, kept by a reset */
	struct owner common;		/* of whoever holds the lock */
	struct owner *owners;		/* the others; under the lock */
	uint32_t handles;		/* under that of all stores, as next */
	struct store *next, *previous;
	mems_slab_construct_fn *construct;
	mems_slab_destruct_fn *destruct;
	void *arg;
	const struct shape *shapes;	/* of each class */
	struct shape shape;		/* of a cache's only one */
};

#define STORE_ALIVE 0x524f5453u

/* The thread of an owner whose callers see to it that there is one at a time:
   the common one, of a store that no other thread uses. */
extern const char mems__any_thread;

static inline bool mems__owner_is_here(const struct owner *owner)
{
	const void *thread = WORD_LOAD(owner->thread);

	return thread == mems__thread_self() || thread == &mems__any_thread;
}

struct store_plan {
	struct source source;
	size_t size, alignment;	/* of a cache's slots; size 0: all classes */
	unsigned shift;		/* of slabs with all classes */
	uint64_t cap;
	bool tags;		/* it lives long, and speed matters */
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

/* owner.c: one with a magazine for this thread; false: no memory. */
bool mems__owner_begin(struct owner *owner, struct store *store,
		       enum owner_kind kind);
/* Give it up: what it has is the store's. */
void mems__owner_end(struct owner *owner);

/* take.c: a block of `size` bytes; a slot. NULL with errno. */
void *mems__store_alloc(struct owner *owner, size_t size);
void *mems__store_take(struct owner *owner, unsigned class);

/* give.c: free a block, or give -EINVAL. */
int mems__store_free(struct owner *owner, void *block);
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
bool mems__shape_set(struct shape *shape, unsigned shift, size_t size,
		     size_t alignment);

/* table.c: see to room for one more, without the lock; false with errno. */
bool mems__table_reserve(struct store *store);
/* The others under the lock. False: there is no room any more. */
bool mems__table_add(struct store *store, const void *words,
		     uint32_t *number);
void mems__table_remove(struct store *store, uint32_t number);
void mems__table_clear(struct store *store);
void mems__table_end(struct store *store);

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

/* look.c */
/* What a block of `size` bytes may use. */
uint64_t mems__store_room(uint64_t size);
/* What this one may use; 0: no block in use begins there. */
size_t mems__store_size(const struct store *store, const void *block);
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
static inline size_t mems__tag_index(const struct store *store,
				     const void *memory)
{
	return ((uintptr_t)memory >> store->shift) - store->tags_first;
}

/* False: what is there is surely no slab, and may be what another thread is
   writing to. */
static inline bool mems__has_tag(const struct store *store, const void *memory)
{
	size_t index = mems__tag_index(store, memory);

	return store->tags == NULL ||
	       (index < store->tags_count && WORD_LOAD(store->tags[index]));
}

/* A slab of this store is at the pointer. */
MEMS_UNWATCHED
static inline bool mems__is_slab(const struct store *store,
				 const struct mems_slab_words *slab)
{
	return mems__source_has(&store->source, slab,
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

/* The slab in which a block would be, whether or not there is one. */
static inline struct mems_slab_words *mems__slab_around(
	const struct store *store, const void *block)
{
	return (void *)((uintptr_t)block &
			~(((uintptr_t)1 << store->shift) - 1));
}

/* The slot of a slab, which is one. */
static inline struct place mems__place_in(const struct store *store,
					  struct mems_slab_words *slab,
					  unsigned class, const void *block)
{
	const struct shape *shape = &store->shapes[class];
	/* What is before the first slot is beyond the last. */
	uint32_t offset = (uint32_t)((uintptr_t)block - (uintptr_t)slab) -
			  shape->first;
	uint32_t slot = shape->inverse != 0 ?
			(uint32_t)((uint64_t)offset * shape->inverse >> 32) :
			offset / shape->size;

	if (slot >= shape->slots || slot * shape->size != offset)
		slot = shape->slots;
	return (struct place){ slab, shape, slot };
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

#endif
