/* One slab: its shape, its making and its end. */
#include <config.h>

#include "slab/store.h"

#include "base/align.h"
#include "base/bits.h"
#include "os/watch.h"

#include <errno.h>
#include <string.h>

/* Slabs of a cache have so many slots at the least, as far as they are no
   larger than this. */
#define SLOTS_LEAST 8
#define SHIFT_MOST 20

/* Of an odd number, in 32 bits: each step doubles the bits that are right, and
   three are to begin with. */
static uint32_t inverse_of(uint32_t odd)
{
	uint32_t inverse = odd;

	for (int bits = 3; bits < 32; bits *= 2)
		inverse *= 2 - odd * inverse;
	return inverse;
}

bool mems__shape_set(struct shape *shape, unsigned shift, uint32_t colors,
		     size_t size, size_t alignment)
{
	uint64_t bytes = (uint64_t)1 << shift;
	uint64_t front = (colors + 1) * sizeof(struct mems_slab_words);
	uint64_t slots = (bytes - front) / size + 1;
	uint64_t first, words;
	uint32_t twos = mems__low_bit(size);

	/* Bits for fewer slots leave room for more of them. */
	do {
		slots--;
		words = (slots + 31) / 32;
		first = mems__round_up(front + 2 * words * sizeof(uint32_t),
				       alignment);
	} while (slots > 0 && first + slots * size > bytes);
	*shape = (struct shape){ .size = (uint32_t)size, .twos = twos,
		.inverse = inverse_of((uint32_t)(size >> twos)),
		.first = (uint32_t)first, .slots = (uint32_t)slots,
		.words = (uint32_t)words, .bytes = (uint32_t)(slots * size) };
	return slots >= (shift < SHIFT_MOST ? SLOTS_LEAST : 1);
}

/* Take the first `count` slots down. */
static void destruct(const struct store *store, const struct shape *shape,
		     struct mems_slab_words *slab, uint32_t count)
{
	if (store->destruct != NULL)
		while (count-- > 0)
			store->destruct(mems__slot_at(store, shape, slab,
						      count), store->arg);
}

/* False, with nothing left of it: one of the slots refused. */
static bool construct(const struct store *store, const struct shape *shape,
		      struct mems_slab_words *slab)
{
	for (uint32_t i = 0; store->construct != NULL && i < shape->slots;
	     i++) {
		if (store->construct(mems__slot_at(store, shape, slab, i),
				     store->arg) == 0)
			continue;
		destruct(store, shape, slab, i);
		return false;
	}
	return true;
}

void mems__slab_watch(const struct store *store, void *slots, size_t size,
		      bool allowed)
{
	if (!allowed)
		mems__watch_forbid(slots, size);
	else if (store->construct != NULL)
		mems__watch_keep(slots, size);
	else
		mems__watch_allow(slots, size);
}

/* What is the same for a new slab and for one that is used again. */
void mems__slab_clear(const struct store *store, struct mems_slab_words *slab,
		      unsigned class)
{
	const struct shape *shape = &store->shapes[class];
	uint32_t *bits = mems_slab_bits(slab);

	slab->size_class = class;
	slab->place = MEMS_SLAB_FULL;
	slab->used = 0;
	slab->hint = 0;
	slab->next = slab->previous = MEMS_UNIT_NONE;
	slab->first = shape->first;
	slab->size = shape->size;
	slab->slots = shape->slots;
	slab->words = shape->words;
	slab->told = 0;
	slab->inbox = MEMS_UNIT_NONE;
	memset(bits, 0xff, shape->words * sizeof(*bits));
	if (shape->slots % 32 != 0)
		bits[shape->words - 1] = ((uint32_t)1 << shape->slots % 32) - 1;
	memset(bits + shape->words, 0, shape->words * sizeof(*bits));
	if (store->watched)
		mems__slab_watch(store, mems__slot_at(store, shape, slab, 0),
				 (size_t)shape->slots * shape->size, false);
}

struct mems_slab_words *mems__slab_make(struct store *store, unsigned class)
{
	size_t size = (size_t)1 << store->shift;
	struct mems_slab_words *slab;
	void *memory = mems__source_take(&store->source, size, size);

	if (memory == NULL)
		return NULL;
	slab = mems__slab_around(store, memory);
	slab->kind = MEMS_WORDS_SLAB;
	slab->store = mems__unit_of(&store->source, store->words);
	slab->number = 0;
	slab->magazine = store->common.unit;
	if (!construct(store, &store->shapes[class], slab)) {
		slab->kind = 0;
		(void)mems__source_give(&store->source, memory);
		errno = ENOMEM;
		return NULL;
	}
	mems__slab_clear(store, slab, class);
	return slab;
}

void mems__slab_end(struct store *store, struct mems_slab_words *slab)
{
	const struct shape *shape;

	if (slab->size_class >= store->classes)
		return;
	shape = &store->shapes[slab->size_class];
	if (store->watched)
		mems__watch_keep(mems__slab_start(store, slab),
				 (size_t)1 << store->shift);
	destruct(store, shape, slab, shape->slots);
	slab->kind = 0;
	(void)mems__source_give(&store->source, mems__slab_start(store, slab));
}
