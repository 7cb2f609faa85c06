/*
 * An owner that is lost: its sequence of stores, in the order that
 * <mems/layout.h> tells, ends between any two of them. What it was handed out
 * stays handed out, what was free can be had, and everything is counted.
 */
#include <config.h>

#include "slab/handle.h"

#include "tap.h"
#include "unit/slab/unwatched.h"

#include <mems.h>

#include <string.h>

#define SIZE 200
#define CLASS mems_small_class(SIZE)

static mems_space *space;
static mems_depot *depot, *lost;	/* this one's owner is */
static struct store *store;
static struct owner *owner;
static uint32_t slots;			/* of a slab */

/* What is in use, as whoever allocates knows. */
#define LIVE_MOST 600
static void *live[LIVE_MOST];
static uint32_t live_count;

/* ------------------------------------------------------- the owner's stores */

static int left;		/* so many are done before it is lost */
static bool handed;		/* the bit of a slot was changed */

static void put(uint32_t *word, uint32_t value)
{
	if (left-- > 0)
		*word = value;
}

static void put_bit(uint32_t *word, uint32_t value)
{
	handed = left > 0;
	put(word, value);
}

static struct mems_slab_words *slab_at(uint32_t unit)
{
	return unit == MEMS_UNIT_NONE ? NULL : mems__slab_at(store, unit);
}

static uint32_t unit_of(const void *memory)
{
	return mems__unit_of(&store->source, memory);
}

/* A slot of the current slab. NULL: there is none. */
static void *take_by_words(void)
{
	struct mems_rounds *rounds = &owner->words->rounds[CLASS];
	struct mems_slab_words *slab = slab_at(rounds->current);
	uint32_t *bits = mems_slab_bits(slab), word = slab->hint, slot;

	if (bits[word] == 0) {
		for (word = 0; word < slab->words && bits[word] == 0; word++)
			;
		if (word == slab->words)
			return NULL;
		put(&slab->hint, word);
	}
	slot = word * 32 + (uint32_t)__builtin_ctz(bits[word]);
	put_bit(&bits[word], bits[word] & (bits[word] - 1));
	return mems__slab_start(store, slab) + slab->first +
	       (size_t)slot * slab->size;
}

static struct mems_slab_words *slab_of(const void *block)
{
	return mems__slab_around(store, block);
}

static void free_by_words(void *block)
{
	struct mems_rounds *rounds = &owner->words->rounds[CLASS];
	struct mems_slab_words *slab = slab_of(block);
	uint32_t offset = (uint32_t)((char *)block -
				     mems__slab_start(store, block)) -
			  slab->first;
	uint32_t slot = offset / slab->size;
	uint32_t *word = mems_slab_bits(slab) + slot / 32;

	put_bit(word, *word | (uint32_t)1 << slot % 32);
	if (slab->place != MEMS_SLAB_FULL)
		return;
	put(&slab->next, MEMS_UNIT_NONE);
	put(&slab->previous, rounds->last);
	if (rounds->last != MEMS_UNIT_NONE)
		put(&slab_at(rounds->last)->next, unit_of(slab));
	else
		put(&rounds->first, unit_of(slab));
	put(&rounds->last, unit_of(slab));
	put(&slab->place, MEMS_SLAB_PARTIAL);
}

/* --------------------------------------------------------------- the scenes */

static void *take(mems_depot *handle)
{
	void *block = mems_depot_alloc(handle, SIZE);

	memset(block, 'u', SIZE);
	live[live_count++] = block;
	return block;
}

static void give(mems_depot *handle, uint32_t index)
{
	if (mems_depot_free(handle, live[index]) != 0)
		diag("a block is not freed");
	live[index] = live[--live_count];
}

static void begin(void)
{
	space = mems_space_create(NULL);
	space_unwatch(space, NULL, 0);
	depot = mems_depot_create(space);
	store = store_unwatch(depot);
	lost = mems_depot_share(depot);
	owner = (struct owner *)lost;
	/* As one does who is going to use its words. */
	(void)mems_depot_magazine(lost);
	slots = store->shapes[CLASS].slots;
	live_count = 0;
}

/* Its only slot in use is the one to free. */
static void *in_a_new_slab(void)
{
	begin();
	(void)take(lost);
	return live[0];
}

/* The current slab has free slots. */
static void *in_a_current_slab(void)
{
	begin();
	for (int i = 0; i < 5; i++)
		(void)take(lost);
	return live[2];
}

static void *with_the_last_slot(void)
{
	begin();
	for (uint32_t i = 0; i + 1 < slots; i++)
		(void)take(lost);
	return live[1];
}

/* Three slabs are full, a fourth one is current; no list has anything. */
static void *with_full_slabs(void)
{
	begin();
	for (uint32_t i = 0; i < 3 * slots + 2; i++)
		(void)take(lost);
	return live[slots + 1];
}

/* The list has one slab. */
static void *with_a_slab_in_the_list(void)
{
	(void)with_full_slabs();
	give(lost, 0);
	return live[slots + 1];
}

/* The list has two slabs, and the slot is in the first of them. */
static void *in_a_slab_in_the_list(void)
{
	(void)with_full_slabs();
	give(lost, 2 * slots + 1);
	give(lost, 0);
	give(lost, 1);
	return live[2];
}

/* Others have freed slots of the same slab meanwhile. */
static void *with_slots_freed_by_others(void)
{
	void *block = with_full_slabs();

	for (uint32_t i = 2 * slots - 1; i > slots + 3; i -= 2)
		give(depot, i);
	give(depot, live_count - 1);
	return block;
}

/* The word to look at first has nothing left. */
static void *with_a_hint_behind(void)
{
	struct mems_slab_words *slab;

	begin();
	(void)take(lost);
	slab = slab_of(live[0]);
	slab->hint = slab->words - 1;
	mems_slab_bits(slab)[slab->hint] = 0;
	for (uint32_t i = slab->hint * 32; i < slots; i++)
		live[live_count++] = mems__slab_start(store, slab) +
				     slab->first + i * slab->size;
	return live[0];
}

static const struct {
	const char *name;
	void *(*begin)(void);	/* gives a block to free */
} scenes[] = {
	{ "in a new slab", in_a_new_slab },
	{ "in a current slab", in_a_current_slab },
	{ "with the last slot", with_the_last_slot },
	{ "with full slabs", with_full_slabs },
	{ "with a slab in the list", with_a_slab_in_the_list },
	{ "in a slab in the list", in_a_slab_in_the_list },
	{ "with slots freed by others", with_slots_freed_by_others },
	{ "with a hint behind", with_a_hint_behind },
};

/* -------------------------------------------------------------- the outcome */

static bool is_live(const void *block)
{
	for (uint32_t i = 0; i < live_count; i++)
		if (live[i] == block)
			return true;
	return false;
}

static struct mems_slab_stats stats(void)
{
	struct mems_slab_stats now = { .size = sizeof(now) };

	mems_depot_stats(depot, &now);
	return now;
}

static int is_sound(void)
{
	char report[100] = "";

	if (mems_depot_verify(depot, report, sizeof(report)) == 0)
		return 1;
	diag("verify: %s", report);
	return 0;
}

/* As fork does with owners that did not come along; or as at a detach. */
static void lose(bool at_fork)
{
	if (!at_fork) {
		mems_depot_detach(lost);
		return;
	}
	mems__lock_take(&store->lock);
	mems__owner_empty(owner);
	owner->thread = NULL;
	mems__lock_drop(&store->lock);
}

/* How many things are not as they should be. */
static int find_wrong(void)
{
	uint64_t slabs = stats().slabs, free = slabs * slots - live_count;
	uint32_t known = live_count;
	int wrong = !is_sound();

	wrong += stats().blocks != live_count;
	for (uint32_t i = 0; i < known; i++)
		wrong += mems_depot_usable_size(depot, live[i]) < SIZE;
	/* All that is free can be had, before a slab is added. */
	for (uint64_t i = 0; i < free && live_count < LIVE_MOST; i++) {
		void *block = mems_depot_alloc(depot, SIZE);

		wrong += block == NULL || is_live(block);
		live[live_count++] = block;
	}
	wrong += stats().slabs != slabs || !is_sound();
	wrong += stats().blocks != live_count;
	for (uint32_t i = 0; i < live_count; i++)
		wrong += mems_depot_free(depot, live[i]) != 0;
	mems_depot_shrink(depot, NULL);
	wrong += stats().held != 0 || !is_sound();
	return wrong;
}

/* Lost after `done` stores of a take. False: it has fewer. */
static bool lose_a_take(unsigned scene, int done, bool at_fork, int *wrong)
{
	void *block;

	(void)scenes[scene].begin();
	left = done;
	handed = false;
	block = take_by_words();
	if (block != NULL && handed)
		live[live_count++] = block;
	lose(at_fork);
	*wrong += find_wrong();
	mems_depot_destroy(depot);
	mems_space_destroy(space);
	return left < 0;
}

static bool lose_a_free(unsigned scene, int done, bool at_fork, int *wrong)
{
	void *block = scenes[scene].begin();

	left = done;
	handed = false;
	free_by_words(block);
	for (uint32_t i = 0; handed && i < live_count; i++)
		if (live[i] == block)
			live[i--] = live[--live_count];
	lose(at_fork);
	*wrong += find_wrong();
	mems_depot_destroy(depot);
	mems_space_destroy(space);
	return left < 0;
}

static void an_owner_is_lost(unsigned scene, bool at_fork)
{
	const char *how = at_fork ? "at a fork" : "at its end";
	int done, wrong = 0;

	for (done = 0; lose_a_take(scene, done, at_fork, &wrong); done++)
		;
	is(wrong, 0, "lost %s after any of %d stores of a take %s", how, done,
	   scenes[scene].name);
	for (done = 0; lose_a_free(scene, done, at_fork, &wrong); done++)
		;
	is(wrong, 0, "lost %s after any of %d stores of a free %s", how, done,
	   scenes[scene].name);
}

/* ------------------------------------------------------------ other calls */

/* An owner without a thread is a handle like any. */
static void a_handle_goes_on_after_its_owner(void)
{
	int wrong = 0;

	(void)with_a_slab_in_the_list();
	lose(true);
	for (int i = 0; i < 20; i++)
		(void)take(lost);
	while (live_count > 20)
		give(lost, live_count - 1);
	ok(is_sound(), "a handle whose owner was lost can be used");
	is(mems_depot_adopt(lost), 0, "and adopted");
	for (int i = 0; i < 40; i++)
		(void)take(lost);
	while (live_count > 0)
		give(lost, 0);
	wrong += owner->words->rounds[CLASS].current == MEMS_UNIT_NONE;
	is(wrong, 0, "then it has slabs of its own");
	ok(is_sound(), "and all is sound");
	mems_depot_destroy(depot);
	mems_space_destroy(space);
}

/* The words tell other languages what C has. */
static void the_words_tell_the_current_slab(void)
{
	int wrong = 0;

	begin();
	for (int i = 0; i < 100; i++) {
		(void)take(lost);
		wrong += owner->words->rounds[CLASS].current !=
			 unit_of(owner->current[CLASS]);
		wrong += slab_of(live[i])->magazine != owner->unit;
	}
	is(wrong, 0, "the words tell which slab is the current one");
	mems_depot_shrink(lost, NULL);
	while (live_count > 0)
		give(lost, 0);
	mems_depot_shrink(lost, NULL);
	is(owner->words->rounds[CLASS].current, MEMS_UNIT_NONE,
	   "or that there is none");
	mems_depot_destroy(depot);
	mems_space_destroy(space);
}

static void notes_of_others_wait_in_the_inbox(void)
{
	struct mems_slab_words *slab;
	uint32_t *freed;
	void *block;

	begin();
	for (uint32_t i = 0; i < slots; i++)
		(void)take(lost);
	slab = slab_of(live[0]);
	freed = mems_slab_bits(slab) + slab->words;
	is(owner->words->inbox, MEMS_UNIT_NONE, "nobody told anything");
	block = live[3];
	give(depot, 3);
	is(owner->words->inbox, unit_of(slab), "a note is in the inbox");
	is(freed[0], 1u << 3, "it says which slot");
	is(slab->used, slots, "the owner does not know of it yet");
	give(depot, 5);
	is(slab->inbox, MEMS_UNIT_NONE, "the slab is there once");
	ok(is_sound(), "the depot is sound");
	ok(take(lost) == block, "the owner finds it when it has no other");
	is(owner->words->inbox, MEMS_UNIT_NONE, "and empties the inbox");
	ok(slab->told == 0 && freed[0] == 0 && slab->used == slots - 1,
	   "and all notes of the slab");
	ok(is_sound(), "the depot is sound");
	mems_depot_destroy(depot);
	mems_space_destroy(space);
}

int main(void)
{
	for (unsigned i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		an_owner_is_lost(i, true);
		an_owner_is_lost(i, false);
	}
	a_handle_goes_on_after_its_owner();
	the_words_tell_the_current_slab();
	notes_of_others_wait_in_the_inbox();
	return done_testing();
}
