/* Slots at hand: free for whoever asks, in use by their bits. */
#include <config.h>

#include "slab/handle.h"

#include "tap.h"
#include "unit/slab/unwatched.h"

#include <mems.h>

#include <errno.h>
#include <pthread.h>

#define SIZE 64
#define CLASS mems_small_class(SIZE)

static mems_space *space;
static mems_depot *depot, *other;
static struct store *store;
static struct owner *owner;

static void begin(void)
{
	space = mems_space_create(NULL);
	space_unwatch(space, NULL, 0);
	depot = mems_depot_create(space);
	store = store_unwatch(depot);
	other = mems_depot_share(depot);
	owner = (struct owner *)depot;
}

static void end(void)
{
	is(mems_depot_verify(depot, NULL, 0), 0, "the depot is sound");
	mems_space_destroy(space);
}

static struct held *held(void)
{
	return &owner->held[CLASS];
}

static bool has_bit(const void *block)
{
	struct place place = mems__place_of(store, block);

	return mems__is_free(&place);
}

static int count_one(void *block, size_t size, void *arg)
{
	(void)block;
	(void)size;
	++*(int *)arg;
	return 0;
}

static int walked(void)
{
	int count = 0;

	mems_depot_walk(depot, count_one, &count);
	return count;
}

static void what_is_at_hand_is_free_for_all(void)
{
	void *block, *next;

	begin();
	block = mems_depot_alloc(depot, SIZE);
	is(held()->count, HELD_MOST / 2, "the first slot brings more");
	is(walked(), 1, "which a walk does not tell of");
	is(mems_depot_free(depot, block), 0, "it is freed");
	ok(!has_bit(block), "its bit does not say so");
	is(walked(), 0, "but a walk does");
	is(mems_depot_usable_size(other, block), 0, "and another handle");
	is(mems_depot_free(depot, block), -EINVAL, "it is not freed twice");
	is(mems_depot_free(other, block), -EINVAL, "nor by another handle");
	next = mems_depot_alloc(depot, SIZE);
	ok(next == block, "it is what comes next");
	is(mems_depot_free(other, next), 0, "then another handle frees it");
	is(mems_depot_free(depot, next), -EINVAL, "and its own does not");
	end();
}

static void some_go_back_when_there_are_too_many(void)
{
	void *blocks[3 * HELD_MOST];
	int free = 0, wrong = 0;

	begin();
	for (int i = 0; i < 3 * HELD_MOST; i++)
		blocks[i] = mems_depot_alloc(depot, SIZE);
	for (int i = 0; i < 3 * HELD_MOST; i++) {
		wrong += mems_depot_free(depot, blocks[i]) != 0;
		wrong += mems_depot_free(depot, blocks[i]) != -EINVAL;
		wrong += held()->count > HELD_MOST;
	}
	for (int i = 0; i < 3 * HELD_MOST; i++)
		free += has_bit(blocks[i]);
	is(wrong, 0, "each is freed once");
	ok(free >= HELD_MOST, "%d are free by their bits", free);
	is(walked(), 0, "all are");
	is(mems_depot_shrink(depot, NULL), 0, "a shrink");
	is(held()->count, 0, "leaves none at hand");
	is(store->slabs, 0, "and no slab");
	end();
}

/* Two slots whose numbers have the same mark, in a row. */
static void marks_may_meet(void)
{
	void *blocks[130], *a = NULL, *b = NULL;

	begin();
	for (int i = 0; i < 130; i++)
		blocks[i] = mems_depot_alloc(depot, SIZE);
	for (int i = 0; i < 130; i++) {
		struct place place = mems__place_of(store, blocks[i]);

		a = place.slot == 3 ? blocks[i] : a;
		b = place.slot == 67 ? blocks[i] : b;
	}
	is(mems_depot_free(depot, a), 0, "one is freed");
	is(mems_depot_free(depot, b), 0, "and one that looks like it");
	is(mems_depot_free(depot, a), -EINVAL, "the one not twice");
	is(mems_depot_free(depot, b), -EINVAL, "nor the other");
	is(walked(), 128, "both are free");
	end();
}

static void *ask(void *arg)
{
	(void)arg;
	errno = 0;
	is(mems_depot_magazine(depot), MEMS_VA_NONE,
	   "another thread does not get the address of the words");
	is(errno, EPERM, "and is told why");
	return NULL;
}

static void there_are_none_when_words_are_used(void)
{
	pthread_t thread;
	void *block;

	begin();
	block = mems_depot_alloc(depot, SIZE);
	pthread_create(&thread, NULL, ask, NULL);
	pthread_join(thread, NULL);
	ok(mems_depot_magazine(depot) != MEMS_VA_NONE, "its own does");
	is(held()->count, 0, "then nothing is at hand any more");
	is(mems_depot_free(depot, block), 0, "what is freed");
	ok(has_bit(block), "is so by its bit");
	is(held()->count, 0, "only");
	block = mems_depot_alloc(depot, SIZE);
	is(held()->count, 0, "what is taken brings no more");
	is(mems_depot_free(depot, block), 0, "and goes");
	end();
}

/* The slots of two slabs; then one of these is none any more. */
static void a_slab_that_goes_takes_its_slots_along(void)
{
	void *blocks[600], *kept[HELD_MOST];
	const struct mems_slab_words *slab;
	size_t left = 0, wrong = 0;

	begin();
	for (int i = 0; i < 600; i++)
		blocks[i] = mems_depot_alloc(depot, SIZE);
	slab = mems__slab_around(store, blocks[0]);
	mems_depot_shrink(depot, NULL);
	for (int i = 0; i < HELD_MOST / 2; i++)
		wrong += mems_depot_free(depot, blocks[i]) != 0 ||
			 mems_depot_free(depot, blocks[599 - i]) != 0;
	is(wrong, 0, "slots of two slabs are freed");
	is(held()->count, HELD_MOST / 2 * 2, "and at hand");
	mems__held_forget(owner, slab);
	is(held()->count, HELD_MOST / 2, "those of one are forgotten");
	while (held()->count > 0) {
		kept[left] = mems_depot_alloc(depot, SIZE);
		wrong += mems__slab_around(store, kept[left++]) == slab;
	}
	is(wrong, 0, "and not the other's");
	while (left > 0)
		wrong += mems_depot_free(depot, kept[--left]) != 0;
	is(wrong, 0, "whose marks are as they were");
	mems_space_destroy(space);
}

/* A slab that words say is another's, and empty. */
static void a_slab_with_slots_at_hand_stays(void)
{
	struct mems_slab_words *slab;
	struct mems_rounds *rounds;

	begin();
	slab = mems__slab_around(store, mems_depot_alloc(other, SIZE));
	rounds = &owner->words->rounds[CLASS];
	slab->magazine = owner->unit;
	slab->used = 0;
	slab->place = MEMS_SLAB_PARTIAL;
	slab->next = slab->previous = MEMS_UNIT_NONE;
	rounds->first = rounds->last = mems__unit_of(&store->source, slab);
	mems_depot_shrink(depot, NULL);
	ok(mems__is_slab(store, slab), "a slab stays that another stands on");
	mems__current_set((struct owner *)other, CLASS, NULL);
	mems_depot_shrink(depot, NULL);
	ok(mems__is_slab(store, slab), "or has slots of at hand");
	mems__held_forget((struct owner *)other, slab);
	((struct owner *)other)->recent.slab = slab;
	mems_depot_shrink(depot, NULL);
	ok(mems__is_slab(store, slab), "or has freed into");
	((struct owner *)other)->recent.slab = NULL;
	mems_depot_shrink(depot, NULL);
	ok(!mems__is_slab(store, slab), "and goes when none does");
	mems_space_destroy(space);
}

static bool is_there(const struct mems_slab_words *slab)
{
	return mems_space_contains(space, mems_space_va(space,
					mems__slab_start(store, slab)));
}

/* Words of a large block and of the table that say that a slab is theirs. */
static void a_slab_is_nothing_else(void)
{
	struct mems_slab_words *slab;
	struct mems_large_words *large;
	uint32_t unit;
	void *block;

	begin();
	slab = mems__slab_around(store, mems_depot_alloc(depot, SIZE));
	unit = mems__unit_of(&store->source, mems__slab_start(store, slab));
	block = mems_depot_alloc(depot, 100000);
	large = (struct mems_large_words *)block - 1;
	large->start = unit;
	is(mems_depot_free(depot, block), 0, "a large block is freed");
	ok(is_there(slab), "but no slab with it");

	block = mems_depot_alloc(depot, 100000);
	large = (struct mems_large_words *)block - 1;
	store->table[large->number].unit =
		mems__unit_of(&store->source, slab);
	mems__store_reset(store);
	ok(store->spare == slab, "one slab stays when all else ends");
	ok(is_there(slab), "also if it is in the table twice");
	mems_space_destroy(space);
}

int main(void)
{
	what_is_at_hand_is_free_for_all();
	some_go_back_when_there_are_too_many();
	marks_may_meet();
	there_are_none_when_words_are_used();
	a_slab_that_goes_takes_its_slots_along();
	a_slab_with_slots_at_hand_stays();
	a_slab_is_nothing_else();
	return done_testing();
}
