/* What verify says of a cache in which one word is wrong. */
#include <config.h>

#include "slab/handle.h"

#include "../spoil.h"
#include "unit/slab/unwatched.h"

#include <mems.h>

#define SLOTS 1000

static mems_slab *slab;
static struct store *store;
static struct owner *owner;
static void *slots[SLOTS];
static struct mems_slab_words *partial;

#define TOLD(words) TELLS(mems_slab_verify, slab, words)

/* Slabs that are full, one in the list, and one at hand. */
static void begin(void)
{
	struct mems_slab_options options = MEMS_SLAB_OPTIONS;

	options.slot_size = 200;
	slab = mems_slab_create(&options);
	store = store_unwatch(slab);
	owner = (struct owner *)slab;
	for (int i = 0; i < SLOTS; i++)
		slots[i] = mems_slab_alloc(slab);
	/* More than may be at hand, and of no slab all. */
	for (int i = 0; i < SLOTS / 2; i += 2)
		mems_slab_free(slab, slots[i]);
	partial = mems__place_of(store, slots[1]).slab;
	is(mems_slab_verify(slab, NULL, 0), 0, "a sound cache");
	ok(store->slabs > 2 && partial->place == MEMS_SLAB_PARTIAL,
	   "with a slab in a list");
}

static void of_the_table(void)
{
	static const char counted[] =
		"the table has more or less than was counted";
	struct mems_store_words *words = store->words;

	SPOIL(words->count, words->count + 1);
	TOLD("the words do not know the table");
	SPOIL(words->room, words->room * 2);
	TOLD("the words do not know the table");
	SPOIL(store->table[1].unit, mems__unit_of(&store->source, words));
	TOLD("the table has what is no slab and no block");
	SPOIL(store->slabs, store->slabs + 1);
	TOLD(counted);
	SPOIL(store->large, 1);
	TOLD(counted);
	SPOIL(store->table[2].unit, MEMS_UNIT_NONE);
	TOLD(counted);
}

static void of_a_slab(void)
{
	const struct shape *shape = &store->shapes[partial->size_class];
	uint32_t *bits = mems_slab_bits(partial);
	uint32_t last = shape->words - 1, word = 0;
	uint32_t used = mems__place_of(store, slots[1]).slot;

	while (bits[word] == 0)
		word++;
	SPOIL(bits[word + shape->words], bits[word]);
	TOLD("a slot is free twice");
	ok(shape->slots % 32 != 0, "the last word has bits for no slot");
	SPOIL(bits[last], bits[last] | 0x80000000u);
	TOLD("a slab has bits for no slots");
	SPOIL(partial->used, partial->used + 1);
	TOLD("a slab does not know how many slots are in use");
	SPOIL(partial->place, MEMS_SLAB_PARTIAL + 1);
	TOLD("a slab is nowhere");
	SPOIL(bits[used / 32 + shape->words], (uint32_t)1 << used % 32);
	TOLD("nobody was told of slots that others freed");
	SPOIL(partial->place, MEMS_SLAB_FULL);
	TOLD("a slab with free slots is in no list");
}

static void of_the_lists(void)
{
	static const char broken[] = "a list of slabs is broken";
	struct mems_rounds *rounds =
		&owner->words->rounds[partial->size_class];

	SPOIL(rounds->first, MEMS_UNIT_NONE);
	TOLD(broken);
	SPOIL(rounds->last, MEMS_UNIT_NONE);
	TOLD(broken);
	SPOIL(partial->previous, partial->number);
	TOLD(broken);
	SPOIL(partial->next, mems__unit_of(&store->source, partial));
	TOLD(broken);
}

int main(void)
{
	begin();
	of_the_table();
	of_a_slab();
	of_the_lists();
	is(mems_slab_destroy(slab), 0, "the cache ends");
	return done_testing();
}
