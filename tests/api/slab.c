/* Slab caches: slots of every shape, constructors, and every wrong call. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>
#include <mems/layout.h>

#include "api/slab.h"
#include "random.h"
#include "tap.h"

/* Where the caches of a run lie. */
static mems_space *space;
static mems_heap *heap;
static const char *which;

static mems_slab *make(size_t size, size_t alignment)
{
	return slab_make(space, heap, size, alignment);
}

/* ---------------------------------------------------------------- creation */

static int is_refused(const struct mems_slab_options *options)
{
	errno = 0;
	return mems_slab_create(options) == NULL && errno == EINVAL;
}

static void wrong_options_are_refused(void)
{
	struct mems_slab_options right = MEMS_SLAB_OPTIONS, wrong;
	uint64_t used = space_stats(space).used;
	mems_space *ended = space_make(1 << 20);
	mems_heap *ended_heap = heap_make();
	mems_heap *other = heap_make();
	mems_slab *slab;

	right.space = space;
	right.slot_size = 32;
	ok(is_refused(NULL), "NULL is no options");
	wrong = right;
	wrong.size--;
	ok(is_refused(&wrong), "nor is a struct of another size");
	wrong = right;
	wrong.size = 0;
	ok(is_refused(&wrong), "nor one of none");
	wrong = right;
	wrong.slot_size = 0;
	ok(is_refused(&wrong), "slots have a size");
	wrong.slot_size = ((size_t)64 << 20) + 1;
	ok(is_refused(&wrong), "of at most 64 MiB");
	wrong.slot_size = SIZE_MAX;
	ok(is_refused(&wrong), "not of SIZE_MAX bytes");
	wrong.slot_size = SIZE_MAX - 15;
	ok(is_refused(&wrong), "nor of somewhat less");
	for (size_t i = 0; i < 5; i++) {
		static const size_t alignments[] = { 3, 24, 4095, 8192,
			SIZE_MAX / 2 + 1 };

		wrong = right;
		wrong.alignment = alignments[i];
		ok(is_refused(&wrong), "%zu is no alignment of slots",
		   alignments[i]);
	}
	wrong = right;
	wrong.flags = 1;
	ok(is_refused(&wrong), "there is no flag");
	wrong = right;
	wrong.reserved = 1;
	ok(is_refused(&wrong), "what is reserved is 0");
	wrong = right;
	wrong.heap = other;
	ok(is_refused(&wrong), "a space and a heap contradict each other");
	wrong = right;
	wrong.cap = UINT64_MAX;
	ok(is_refused(&wrong), "a cap in bytes is a 64-bit number");
	mems_space_destroy(ended);
	wrong = right;
	wrong.space = ended;
	ok(is_refused(&wrong), "a space that has ended has no caches");
	mems_heap_destroy(ended_heap);
	wrong = right;
	wrong.space = NULL;
	wrong.heap = ended_heap;
	ok(is_refused(&wrong), "nor a heap that has");
	is(space_stats(space).used, used, "and nothing was taken");
	slab = mems_slab_create(&right);
	ok(slab != NULL, "the same options without a fault are right");
	mems_slab_destroy(slab);
	mems_heap_destroy(other);
}

static void a_space_that_is_full_refuses(void)
{
	mems_space *small = space_make(1 << 20);
	struct mems_slab_options options = MEMS_SLAB_OPTIONS;
	uint64_t count = 0;
	mems_slab *slab;
	void *slot;

	slab = slab_make(small, NULL, 1000, 0);
	errno = 0;
	while ((slot = mems_slab_alloc(slab)) != NULL)
		count++;
	is(errno, ENOMEM, "a full space gives no slot");
	ok(count > 500, "but gave %d", (int)count);
	is(slab_stats(slab).blocks, count, "which are counted");
	ok(slab_is_sound(slab), "the cache is sound");
	while (mems_space_alloc(small, 16) != MEMS_VA_NONE)
		;
	options.space = small;
	options.slot_size = 8;
	errno = 0;
	ok(mems_slab_create(&options) == NULL && errno == ENOMEM,
	   "nor has it room for one more cache");
	errno = 0;
	ok(mems_slab_share(slab) == NULL && errno == ENOMEM,
	   "nor for one more handle");
	ok(slab_is_sound(slab), "the cache is still sound");
	is(mems_slab_destroy(slab), 0, "and ends");
	ok(space_is_sound(small), "the space is sound");
	mems_space_destroy(small);
}

/* ------------------------------------------------------------------- shapes */

/* How many slots are enough to fill more than one slab. */
static size_t enough(size_t size)
{
	size_t slots = 40000 / size + 3;

	return slots < 2500 ? slots : 2500;
}

static int slots_work(size_t size, size_t alignment)
{
	static unsigned char *slots[2500];
	mems_slab *slab = make(size, alignment);
	size_t count = enough(size), wrong = 0;
	size_t step = alignment == 0 ? size < 16 ? 1 : 16 : alignment;

	for (size_t i = 0; i < count; i++) {
		slots[i] = mems_slab_alloc(slab);
		if (slots[i] == NULL)
			return 0;
		wrong += !is_aligned(slots[i], step);
		memset(slots[i], (int)i, size);
	}
	for (size_t i = 0; i < count; i++)
		wrong += !is_full_of(slots[i], (int)i, size) ||
			 mems_slab_contains(slab, slots[i]) != 1;
	/* Others in place of half of them. */
	for (size_t i = 0; i < count; i += 2)
		wrong += mems_slab_free(slab, slots[i]) != 0;
	for (size_t i = 0; i < count; i += 2) {
		slots[i] = mems_slab_alloc(slab);
		if (slots[i] == NULL)
			return 0;
		memset(slots[i], (int)i, size);
	}
	for (size_t i = 0; i < count; i++)
		wrong += !is_full_of(slots[i], (int)i, size);
	wrong += slab_stats(slab).blocks != count;
	wrong += slab_stats(slab).slot_size < size;
	wrong += !slab_is_sound(slab);
	wrong += !none_meet(slots, count, slab_stats(slab).slot_size);
	for (size_t i = 0; i < count; i++)
		wrong += mems_slab_free(slab, slots[i]) != 0;
	wrong += slab_stats(slab).blocks != 0 || !slab_is_sound(slab);
	wrong += mems_slab_destroy(slab) != 0;
	if (wrong > 0)
		diag("size %zu, alignment %zu: %zu wrong", size, alignment,
		     wrong);
	return wrong == 0;
}

static void every_shape_works(void)
{
	static const size_t sizes[] = { 1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 17,
		24, 31, 32, 33, 48, 63, 64, 65, 100, 127, 128, 129, 255, 256,
		257, 500, 1000, 1024, 1025, 2000, 2020, 2047, 2048, 2049, 4095,
		4096, 4097, 8191, 8192, 10000, 16384, 30000, 65536, 100000,
		131072, 262144, 524288, 1048575, 1048576 };
	size_t step = test_scaled(100) < 100 ? 5 : 1, right, tried;

	for (size_t alignment = 0; alignment <= 4096;
	     alignment = alignment == 0 ? 1 : 2 * alignment) {
		right = tried = 0;
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]);
		     i += step, tried++)
			right += (size_t)slots_work(sizes[i], alignment);
		is(right, tried, "%s: slots at multiples of %zu", which,
		   alignment);
	}
	right = tried = 0;
	for (size_t size = 1; size <= 1200; size += 7 * step, tried++)
		right += (size_t)slots_work(size, 0);
	is(right, tried, "%s: slots of every size", which);
}

static void a_slot_may_be_very_large(void)
{
	struct mems_slab_options options = MEMS_SLAB_OPTIONS;
	size_t size = (size_t)64 << 20;
	unsigned char *slot;
	mems_slab *slab;

	if (sizeof(size_t) < 8) {
		skip("%s: there is not so much room", which);
		return;
	}
	options.space = space;
	options.heap = heap;
	options.slot_size = size;
	slab = mems_slab_create(&options);
	slot = mems_slab_alloc(slab);
	if (slot != NULL) {
		slot[0] = 1;
		slot[size - 1] = 2;
	}
	ok(slot != NULL && is_aligned(slot, 16) && slab_is_sound(slab),
	   "%s: a slot has 64 MiB", which);
	is(mems_slab_free(slab, slot), 0, "%s: and is freed", which);
	mems_slab_destroy(slab);
}

/* --------------------------------------------------------------------- caps */

static void a_cap_is_kept(void)
{
	struct mems_slab_options options = MEMS_SLAB_OPTIONS;
	enum { CAP = 700 };
	static void *slots[CAP];
	mems_slab *slab, *other;
	int wrong = 0;

	options.space = space;
	options.heap = heap;
	options.slot_size = 40;
	options.cap = CAP;
	slab = mems_slab_create(&options);
	other = mems_slab_share(slab);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < CAP; i++) {
			slots[i] = mems_slab_alloc(i % 2 ? slab : other);
			wrong += slots[i] == NULL;
		}
		for (int i = 0; i < 5; i++) {
			errno = 0;
			wrong += mems_slab_alloc(slab) != NULL ||
				 errno != ENOMEM;
			errno = 0;
			wrong += mems_slab_alloc(other) != NULL ||
				 errno != ENOMEM;
			wrong += mems_slab_free(other, slots[i]) != 0;
			wrong += mems_slab_free(slab, slots[i]) != -EINVAL;
			slots[i] = mems_slab_alloc(slab);
			wrong += slots[i] == NULL;
		}
		wrong += slab_stats(slab).blocks != CAP;
		for (int i = 0; i < CAP; i++)
			wrong += mems_slab_free(slab, slots[i]) != 0;
	}
	is(wrong, 0, "%s: a cache with a cap has so many slots, and no more",
	   which);
	is(slab_stats(slab).cap, CAP, "%s: the cap is told", which);
	ok(slab_is_sound(slab), "%s: the cache is sound", which);
	is(mems_slab_detach(other), 0, "%s: a handle goes", which);
	is(mems_slab_destroy(slab), 0, "%s: and the cache", which);
}

/* ------------------------------------------------------------- constructors */

/* The slots that were made and not taken down, by address. */
#define MADE 65536
static void *made[MADE];
static uint64_t made_count, constructed, destructed, misused;
static uint64_t refuse_at;	/* the constructor's call that is refused */
static uint64_t state_lost;

struct made_slot {
	struct made_slot *self;
	uint64_t stamp;
};

static size_t find_made(const void *slot)
{
	size_t i = (size_t)((uintptr_t)slot / 16 * 0x9e3779b1u) % MADE;

	while (made[i] != NULL && made[i] != slot)
		i = (i + 1) % MADE;
	return i;
}

static int construct(void *slot, void *arg)
{
	struct made_slot *words = slot;
	size_t i = find_made(slot);

	misused += arg != (void *)&constructed || made[i] != NULL;
	if (++constructed == refuse_at) {
		constructed--;
		return 1;
	}
	made[i] = slot;
	made_count++;
	words->self = words;
	words->stamp = 1;
	return 0;
}

/* Nothing is moved: the set is emptied as a whole between two tests. */
#define GONE ((void *)(uintptr_t)1)

static void destruct(void *slot, void *arg)
{
	struct made_slot *words = slot;
	size_t i = find_made(slot);

	misused += arg != (void *)&constructed || made[i] != slot;
	state_lost += words->self != words;
	words->self = NULL;
	made[i] = GONE;
	made_count--;
	destructed++;
}

static mems_slab *make_constructing(size_t size, uint64_t cap)
{
	struct mems_slab_options options = MEMS_SLAB_OPTIONS;

	memset(made, 0, sizeof(made));
	made_count = constructed = destructed = misused = state_lost = 0;
	refuse_at = 0;
	options.space = space;
	options.heap = heap;
	options.slot_size = size;
	options.cap = cap;
	options.construct = construct;
	options.destruct = destruct;
	options.arg = &constructed;
	return mems_slab_create(&options);
}

static void each_slot_is_made_and_taken_down_once(uint64_t cap)
{
	enum { COUNT = 3000 };
	static struct made_slot *slots[COUNT];
	mems_slab *slab = make_constructing(48, cap);
	uint64_t slabs, per_slab, wrong = 0;

	is(constructed, 0, "%s: no slot is made before it is wanted", which);
	slots[0] = mems_slab_alloc(slab);
	per_slab = constructed;
	ok(per_slab >= 8, "%s: then those of a slab are, %d", which,
	   (int)per_slab);
	for (int i = 1; i < COUNT; i++)
		slots[i] = mems_slab_alloc(slab);
	slabs = slab_stats(slab).slabs;
	is(constructed, slabs * per_slab, "%s: each slot once", which);
	for (int i = 0; i < COUNT; i++) {
		wrong += slots[i]->self != slots[i] || slots[i]->stamp != 1;
		slots[i]->stamp = 2;
	}
	is(wrong, 0, "%s: slots are as their constructor left them", which);
	/* A third stays, so that no slab is given up. */
	for (int round = 0; round < 20; round++) {
		for (int i = 1 + round % 2; i < COUNT; i += 3)
			wrong += mems_slab_free(slab, slots[i]) != 0;
		for (int i = 1 + round % 2; i < COUNT; i += 3) {
			slots[i] = mems_slab_alloc(slab);
			wrong += slots[i]->self != slots[i] ||
				 slots[i]->stamp == 0;
		}
	}
	is(wrong, 0, "%s: and then as their last user did", which);
	is(constructed, slabs * per_slab,
	   "%s: nothing is made anew while its slab stays", which);
	is(destructed, 0, "%s: nor taken down", which);
	for (int i = 0; i < COUNT; i++)
		wrong += mems_slab_free(slab, slots[i]) != 0;
	is(destructed, constructed - slab_stats(slab).slabs * per_slab,
	   "%s: the slots of slabs that went are taken down", which);
	mems_slab_shrink(slab, NULL);
	is(slab_stats(slab).slabs, 0, "%s: after a shrink no slab is left",
	   which);
	is(made_count, 0, "%s: and no slot made", which);
	for (int i = 0; i < 200; i++)
		slots[i] = mems_slab_alloc(slab);
	mems_slab_destroy(slab);
	is(made_count, 0, "%s: the end takes slots in use down", which);
	is(constructed, destructed, "%s: all that were made", which);
	is(misused + state_lost + wrong, 0,
	   "%s: each once, with the argument, as it was", which);
}

static void a_constructor_may_refuse(void)
{
	mems_slab *slab = make_constructing(100, 0);
	uint64_t per_slab, wrong = 0, used;
	void *slots[400];

	slots[0] = mems_slab_alloc(slab);
	per_slab = constructed;
	used = space == NULL ? 0 : space_stats(space).used;
	for (uint64_t i = 1; i < per_slab; i++)
		slots[i] = mems_slab_alloc(slab);
	for (uint64_t i = 1; i <= per_slab; i++) {
		refuse_at = constructed + i;
		errno = 0;
		wrong += mems_slab_alloc(slab) != NULL || errno != ENOMEM;
		wrong += made_count != per_slab;
		constructed -= i - 1;
		destructed -= i - 1;
		wrong += destructed != 0;
	}
	is(wrong, 0, "%s: a slot that is refused ends the others of its slab",
	   which);
	is(misused + state_lost, 0, "%s: which were made, and no others",
	   which);
	if (space != NULL)
		is(space_stats(space).used, used, "%s: the memory is back",
		   which);
	is(slab_stats(slab).slabs, 1, "%s: nothing was added", which);
	refuse_at = 0;
	slots[per_slab] = mems_slab_alloc(slab);
	ok(slots[per_slab] != NULL, "%s: the next slab may be made", which);
	ok(slab_is_sound(slab), "%s: the cache is sound", which);
	mems_slab_destroy(slab);
	is(made_count, 0, "%s: all ends", which);
}

/* The callbacks may use anything but the cache: also other caches. */
static int construct_with_memory(void *slot, void *arg)
{
	*(void **)slot = mems_slab_alloc(arg);
	return *(void **)slot == NULL;
}

static void destruct_with_memory(void *slot, void *arg)
{
	misused += mems_slab_free(arg, *(void **)slot) != 0;
}

static void constructors_may_use_other_caches(void)
{
	struct mems_slab_options options = MEMS_SLAB_OPTIONS;
	mems_slab *inner = make(64, 0), *outer;
	int wrong = 0;

	options.space = space;
	options.heap = heap;
	options.slot_size = 16;
	options.construct = construct_with_memory;
	options.destruct = destruct_with_memory;
	options.arg = inner;
	misused = 0;
	outer = mems_slab_create(&options);
	for (int i = 0; i < 3000; i++) {
		void **slot = mems_slab_alloc(outer);

		wrong += slot == NULL || mems_slab_contains(inner, *slot) != 1;
	}
	is(wrong, 0, "%s: a constructor takes slots of another cache", which);
	is(mems_slab_destroy(outer), 0, "%s: its cache ends", which);
	is(misused, 0, "%s: and its destructor frees them", which);
	is(slab_stats(inner).blocks, 0, "%s: all of them", which);
	mems_slab_destroy(inner);
}

/* -------------------------------------------------------------- wrong frees */

enum { LIVE = 1000 };

struct crowd {
	mems_slab *slab;
	unsigned char *slots[LIVE];
	struct mems_slab_stats stats;
};

static void crowd_fill(struct crowd *crowd, size_t size)
{
	crowd->slab = make(size, 0);
	for (int i = 0; i < LIVE; i++) {
		crowd->slots[i] = mems_slab_alloc(crowd->slab);
		memset(crowd->slots[i], i, size);
	}
	crowd->stats = slab_stats(crowd->slab);
}

static int crowd_is_as_before(const struct crowd *crowd, size_t size)
{
	uint64_t told = 0;
	int wrong = 0;

	for (int i = 0; i < LIVE; i++)
		wrong += !is_full_of(crowd->slots[i], i, size) ||
			 mems_slab_contains(crowd->slab, crowd->slots[i]) != 1;
	wrong += mems_slab_walk(crowd->slab, count_told, &told) != 0 ||
		 told != LIVE;
	wrong += !counts_are_as_before(slab_stats(crowd->slab),
				       &crowd->stats);
	return wrong == 0 && slab_is_sound(crowd->slab);
}

static int is_wrong(mems_slab *slab, const void *pointer)
{
	return mems_slab_free(slab, (void *)(uintptr_t)pointer) == -EINVAL &&
	       mems_slab_contains(slab, pointer) == 0;
}

static void a_wrong_free_is_found_out(size_t size)
{
	static struct crowd crowd, others;
	void *foreign = malloc(5000), *block = NULL, *own = NULL;
	char here[64];
	mems_va va = MEMS_VA_NONE;
	uintptr_t mask, wrong = 0;

	crowd_fill(&crowd, size);
	crowd_fill(&others, size);
	mask = ~((uintptr_t)crowd.stats.slab_size - 1);
	ok(is_wrong(crowd.slab, NULL), "%s: NULL is no slot", which);
	for (int i = 0; i < LIVE; i++) {
		size_t odd = 1 + (size_t)i % (size > 1 ? size - 1 : 1);

		wrong += size > 1 && !is_wrong(crowd.slab,
					       crowd.slots[i] + odd);
		wrong += !is_wrong(crowd.slab, others.slots[i]);
	}
	is(wrong, 0, "%s: nor the inside of one, nor another cache's", which);
	for (int i = 0; i < LIVE; i += 50) {
		unsigned char *slab = (unsigned char *)
			((uintptr_t)crowd.slots[i] & mask);

		/* Slots begin behind the words and the bits. */
		for (size_t at = 0; at < sizeof(struct mems_slab_words) + 8;
		     at++)
			wrong += !is_wrong(crowd.slab, slab + at);
		/* The last byte may be a slot's, but none begins there. */
		wrong += size > 1 &&
			 !is_wrong(crowd.slab,
				   slab + crowd.stats.slab_size - 1);
	}
	is(wrong, 0, "%s: nor what is before the first or behind the last",
	   which);
	if (space != NULL) {
		va = mems_space_alloc(space, 40000);
		block = mems_space_get(space, va);
		memset(block, 0xff, 40000);
	}
	own = mems_heap_alloc(heap, 40000);
	memset(own, 0xff, 40000);
	for (size_t at = 0; at < 40000; at += 8) {
		wrong += block != NULL &&
			 !is_wrong(crowd.slab, (char *)block + at);
		wrong += !is_wrong(crowd.slab, (char *)own + at);
	}
	is(wrong, 0, "%s: nor blocks of a space or a heap", which);
	ok(is_wrong(crowd.slab, here) && is_wrong(crowd.slab, foreign) &&
	   is_wrong(crowd.slab, (char *)foreign + 16) &&
	   is_wrong(crowd.slab, &crowd) && is_wrong(crowd.slab, crowd.slab) &&
	   is_wrong(crowd.slab, "text"),
	   "%s: nor the stack, malloc's, static memory, the handle", which);
	for (uintptr_t at = 0; at < 0x20000; at += 0x100) {
		wrong += !is_wrong(crowd.slab, (void *)at);
		wrong += !is_wrong(crowd.slab, (void *)(0 - at));
		wrong += !is_wrong(crowd.slab, (void *)(0 - at - 16));
		wrong += !is_wrong(crowd.slab, (void *)(UINTPTR_MAX / 2 + at));
	}
	/* Far enough to be in none of the slabs. */
	for (unsigned bit = 26; bit < 8 * sizeof(void *); bit++)
		wrong += !is_wrong(crowd.slab, (void *)((uintptr_t)
				crowd.slots[0] ^ (uintptr_t)1 << bit));
	is(wrong, 0, "%s: nor any odd address", which);
	ok(crowd_is_as_before(&crowd, size), "%s: nothing changed", which);
	ok(crowd_is_as_before(&others, size), "%s: in either", which);
	if (space != NULL)
		mems_space_free(space, va);
	mems_heap_free(own);
	free(foreign);
	mems_slab_destroy(crowd.slab);
	mems_slab_destroy(others.slab);
}

static void a_second_free_is_found_out(size_t size)
{
	static struct crowd crowd;
	uintptr_t wrong = 0;

	crowd_fill(&crowd, size);
	for (int i = 0; i < LIVE; i += 3) {
		wrong += mems_slab_free(crowd.slab, crowd.slots[i]) != 0;
		wrong += !is_wrong(crowd.slab, crowd.slots[i]);
	}
	is(wrong, 0, "%s: a slot of %zu is freed once", which, size);
	for (int i = 0; i < LIVE; i += 3)
		wrong += !is_wrong(crowd.slab, crowd.slots[i]);
	is(wrong, 0, "%s: also when others were freed since", which);
	is(slab_stats(crowd.slab).blocks, LIVE - (LIVE + 2) / 3,
	   "%s: and counted once", which);
	ok(slab_is_sound(crowd.slab), "%s: the cache is sound", which);
	for (int i = 0; i < LIVE; i++)
		wrong += mems_slab_free(crowd.slab, crowd.slots[i]) !=
			 (i % 3 == 0 ? -EINVAL : 0);
	for (int i = 0; i < LIVE; i++)
		wrong += !is_wrong(crowd.slab, crowd.slots[i]);
	is(wrong, 0, "%s: also when their slabs have gone", which);
	mems_slab_shrink(crowd.slab, NULL);
	for (int i = 0; i < LIVE; i++)
		wrong += !is_wrong(crowd.slab, crowd.slots[i]);
	is(wrong, 0, "%s: all of them", which);
	mems_slab_destroy(crowd.slab);
}

/* -------------------------------------------------------------------- walks */

struct tour {
	mems_slab *slab;
	uint64_t told, most, wrong;
	int frees, makes;
};

static int tell(void *slot, size_t size, void *arg)
{
	struct tour *tour = arg;

	tour->wrong += mems_slab_contains(tour->slab, slot) != 1 ||
		       size != slab_stats(tour->slab).slot_size;
	if (tour->frees)
		tour->wrong += mems_slab_free(tour->slab, slot) != 0;
	if (tour->makes && tour->told < 500)
		tour->wrong += mems_slab_alloc(tour->slab) == NULL;
	return ++tour->told == tour->most ? 7 : 0;
}

static void a_walk_tells_of_every_slot(void)
{
	static struct crowd crowd;
	struct tour tour = { 0 };
	int wrong = 0;

	crowd_fill(&crowd, 40);
	tour.slab = crowd.slab;
	is(mems_slab_walk(crowd.slab, tell, &tour), 0, "%s: a walk ends",
	   which);
	is(tour.told, LIVE, "%s: and tells of every slot", which);
	for (int i = 0; i < LIVE; i += 2)
		wrong += mems_slab_free(crowd.slab, crowd.slots[i]) != 0;
	tour.told = 0;
	mems_slab_walk(crowd.slab, tell, &tour);
	is(tour.told, LIVE / 2, "%s: but not of free ones", which);
	tour.told = 0;
	tour.most = 10;
	is(mems_slab_walk(crowd.slab, tell, &tour), 7,
	   "%s: the callback may end it", which);
	is(tour.told, 10, "%s: then and there", which);
	is(mems_slab_walk(crowd.slab, NULL, NULL), -EINVAL,
	   "%s: there must be one", which);
	tour.most = tour.told = 0;
	tour.makes = 1;
	is(mems_slab_walk(crowd.slab, tell, &tour), 0,
	   "%s: it may allocate", which);
	is(slab_stats(crowd.slab).blocks, LIVE / 2 + 500,
	   "%s: which is not lost", which);
	tour.makes = 0;
	tour.frees = 1;
	tour.told = 0;
	is(mems_slab_walk(crowd.slab, tell, &tour), 0,
	   "%s: and free what it is told of", which);
	is(tour.told, LIVE / 2 + 500, "%s: all of it", which);
	is(slab_stats(crowd.slab).blocks, 0, "%s: until nothing is left",
	   which);
	is(tour.wrong + (uint64_t)wrong, 0, "%s: each time it was a slot",
	   which);
	ok(slab_is_sound(crowd.slab), "%s: the cache is sound", which);
	mems_slab_destroy(crowd.slab);
}

/* ------------------------------------------------------------------ shrinks */

static void memory_of_empty_slabs_goes_back(void)
{
	enum { COUNT = 3000 };
	static void *slots[COUNT];
	mems_slab *slab = make(100, 0);
	struct mems_slab_stats stats;
	uint64_t returned = 1, used = 0;
	int wrong = 0;

	is(mems_slab_shrink(slab, &returned), 0, "%s: a new cache shrinks",
	   which);
	is(returned, 0, "%s: by nothing", which);
	/* From here on the table of slabs is there. */
	slots[0] = mems_slab_alloc(slab);
	mems_slab_free(slab, slots[0]);
	mems_slab_shrink(slab, &returned);
	is(returned, slab_stats(slab).slab_size,
	   "%s: one with an empty slab by that", which);
	if (space != NULL)
		used = space_stats(space).used;
	for (int i = 0; i < COUNT; i++)
		slots[i] = mems_slab_alloc(slab);
	stats = slab_stats(slab);
	is(mems_slab_shrink(slab, &returned), 0, "%s: full slabs stay", which);
	is(returned, 0, "%s: all of them", which);
	ok(counts_are_as_before(slab_stats(slab), &stats),
	   "%s: so nothing changed", which);
	for (int i = 0; i < COUNT; i++)
		wrong += i % 500 != 0 && mems_slab_free(slab, slots[i]) != 0;
	stats = slab_stats(slab);
	ok(stats.slabs <= 6 + 2, "%s: empty slabs went by themselves", which);
	mems_slab_shrink(slab, &returned);
	is(stats.held - slab_stats(slab).held, returned,
	   "%s: a shrink tells what else did", which);
	for (int i = 0; i < COUNT; i += 500)
		wrong += mems_slab_free(slab, slots[i]) != 0;
	is(wrong, 0, "%s: what was in use is", which);
	mems_slab_shrink(slab, NULL);
	is(slab_stats(slab).held, 0, "%s: at last nothing is held", which);
	if (space != NULL)
		is(space_stats(space).used, used, "%s: the space has it",
		   which);
	ok(slab_is_sound(slab), "%s: the cache is sound", which);
	slots[0] = mems_slab_alloc(slab);
	ok(slots[0] != NULL, "%s: and goes on", which);
	mems_slab_destroy(slab);
}

/* ------------------------------------------------------------------ handles */

static void handles_share_a_cache(void)
{
	enum { COUNT = 1000 };
	static unsigned char *slots[COUNT];
	mems_slab *first = make(64, 0);
	mems_slab *handles[4] = { first, mems_slab_share(first), NULL, NULL };
	int wrong = 0;

	handles[2] = mems_slab_share(handles[1]);
	handles[3] = mems_slab_share(first);
	ok(handles[1] != NULL && handles[2] != NULL && handles[3] != NULL,
	   "%s: a cache has handles", which);
	is(slab_stats(first).handles, 4, "%s: which are counted", which);
	for (int i = 0; i < COUNT; i++) {
		slots[i] = mems_slab_alloc(handles[i % 4]);
		memset(slots[i], i, 64);
	}
	for (int i = 0; i < COUNT; i++)
		wrong += !is_full_of(slots[i], i, 64) ||
			 mems_slab_contains(handles[(i + 1) % 4], slots[i]) !=
			 1;
	is(wrong, 0, "%s: each gives slots of its own", which);
	for (int i = 0; i < COUNT; i += 2) {
		wrong += mems_slab_free(handles[(i + 1) % 4], slots[i]) != 0;
		wrong += mems_slab_free(handles[i % 4], slots[i]) != -EINVAL;
	}
	is(wrong, 0, "%s: and frees those of others, once", which);
	is(slab_stats(first).blocks, COUNT / 2, "%s: all know", which);
	ok(slab_is_sound(first), "%s: the cache is sound", which);
	is(mems_slab_detach(first), 0, "%s: the first handle may go", which);
	is(mems_slab_detach(handles[2]), 0, "%s: or another", which);
	ok(slab_is_sound(handles[1]), "%s: the cache stays sound", which);
	for (int i = 1; i < COUNT; i += 2)
		wrong += !is_full_of(slots[i], i, 64) ||
			 mems_slab_free(handles[i % 4 == 1 ? 3 : 1],
					slots[i]) != 0;
	is(wrong, 0, "%s: what they gave stays, and can be freed", which);
	is(slab_stats(handles[3]).handles, 2, "%s: two are left", which);
	mems_slab_shrink(handles[1], NULL);
	mems_slab_shrink(handles[3], NULL);
	is(slab_stats(handles[3]).blocks, 0, "%s: nothing is in use", which);
	ok(slab_is_sound(handles[3]), "%s: and the cache sound", which);
	is(mems_slab_destroy(handles[3]), 0, "%s: one ends the cache", which);
	ok(mems_slab_alloc(handles[1]) == NULL && errno == EINVAL,
	   "%s: for the others, too", which);
	is(mems_slab_destroy(handles[1]), -EINVAL,
	   "%s: who cannot do it again", which);
	is(mems_slab_detach(handles[1]), 0, "%s: and can only go", which);
	is(mems_slab_detach(handles[1]), -EINVAL, "%s: once", which);
}

static void slots_of_a_handle_that_went_are_used_again(void)
{
	mems_slab *slab = make(64, 0), *other = mems_slab_share(slab);
	struct mems_slab_stats stats;
	void *slots[600];
	int wrong = 0;

	for (int i = 0; i < 600; i++)
		slots[i] = mems_slab_alloc(other);
	for (int i = 0; i < 600; i += 2)
		mems_slab_free(i % 4 ? slab : other, slots[i]);
	mems_slab_detach(other);
	stats = slab_stats(slab);
	for (int i = 0; i < 300; i++)
		wrong += mems_slab_alloc(slab) == NULL;
	is(slab_stats(slab).slabs, stats.slabs,
	   "%s: what a handle left is used before more is taken", which);
	is(wrong, 0, "%s: all of it", which);
	ok(slab_is_sound(slab), "%s: the cache is sound", which);
	mems_slab_destroy(slab);
}

static void the_last_handle_ends_the_cache(void)
{
	uint64_t used = space == NULL ? 0 : space_stats(space).used;
	mems_slab *slab = make_constructing(40, 0);
	mems_slab *other = mems_slab_share(slab);

	ok(mems_slab_alloc(slab) != NULL && mems_slab_alloc(other) != NULL,
	   "%s: two handles give slots", which);
	mems_slab_detach(slab);
	ok(made_count > 0, "%s: one goes, and the slots stay", which);
	mems_slab_detach(other);
	is(made_count, 0, "%s: both go, and the slots with them", which);
	is(misused + state_lost, 0, "%s: taken down", which);
	if (space != NULL)
		is(space_stats(space).used, used, "%s: the space has all back",
		   which);
}

static void *use_adopted(void *arg)
{
	mems_slab *slab = arg;
	uintptr_t wrong = 0;
	void *slots[500];

	/* First as a guest, then as the owner. */
	for (int adopted = 0; adopted < 2; adopted++) {
		for (int i = 0; i < 500; i++) {
			slots[i] = mems_slab_alloc(slab);
			memset(slots[i], i, 24);
		}
		for (int i = 0; i < 500; i++) {
			wrong += !is_full_of(slots[i], i, 24);
			wrong += mems_slab_free(slab, slots[i]) != 0;
			wrong += mems_slab_free(slab, slots[i]) != -EINVAL;
		}
		if (!adopted)
			wrong += mems_slab_adopt(slab) != 0;
	}
	return (void *)wrong;
}

static void a_handle_may_be_adopted(void)
{
	mems_slab *slab = make(24, 0);
	unsigned char *slots[300];
	pthread_t thread;
	void *result;
	int wrong = 0;

	for (int i = 0; i < 300; i++) {
		slots[i] = mems_slab_alloc(slab);
		memset(slots[i], i, 24);
	}
	pthread_create(&thread, NULL, use_adopted, slab);
	pthread_join(thread, &result);
	is((uintptr_t)result, 0, "%s: a thread makes a handle its own", which);
	for (int i = 0; i < 300; i++)
		wrong += !is_full_of(slots[i], i, 24) ||
			 mems_slab_free(slab, slots[i]) != 0;
	is(wrong, 0, "%s: the one it had belonged to uses it still", which);
	is(mems_slab_adopt(slab), 0, "%s: and takes it back", which);
	is(mems_slab_adopt(slab), 0, "%s: also twice", which);
	ok(slab_is_sound(slab), "%s: the cache is sound", which);
	is(slab_stats(slab).blocks, 0, "%s: nothing is left", which);
	mems_slab_shrink(slab, NULL);
	is(slab_stats(slab).held, 0, "%s: or held", which);
	mems_slab_destroy(slab);
}

/* ---------------------------------------------------------------- addresses */

static int is_no_cache(mems_va va, int error)
{
	errno = 0;
	return mems_slab_attach(space, va) == NULL && errno == error;
}

static void a_cache_in_a_space_has_an_address(void)
{
	mems_slab *slab = make(32, 0), *other;
	mems_depot *depot = depot_make(space);
	mems_va va = mems_slab_address(slab), block;
	mems_space *elsewhere = space_make(1 << 20);
	uint32_t kind = 0, strange;
	void *slot;

	is(mems_space_contains(space, va), 1, "a cache has an address");
	mems_space_read(space, va, &kind, sizeof(kind));
	is(kind, MEMS_WORDS_STORE, "where its words are");
	other = mems_slab_attach(space, va);
	ok(other != NULL && other != slab, "it gives another handle");
	is(mems_slab_address(other), va, "to the same cache");
	is(slab_stats(slab).handles, 2, "which counts it");
	slot = mems_slab_alloc(other);
	is(mems_slab_contains(slab, slot), 1, "their slots are the same");
	is(mems_slab_free(slab, slot), 0, "and freed by either");
	ok(is_no_cache(MEMS_VA_NONE, EINVAL), "nowhere is no cache");
	ok(is_no_cache(va + 16, EINVAL), "nor within its words");
	ok(is_no_cache(va + 1, EINVAL), "nor at an odd address");
	ok(is_no_cache(UINT64_MAX, EINVAL), "nor at the end");
	ok(is_no_cache(mems_depot_address(depot), EINVAL),
	   "a depot is no cache");
	block = mems_space_calloc(space, 1, 200);
	ok(is_no_cache(block, EINVAL), "nor is a block");
	mems_space_write(space, block, &kind, sizeof(kind));
	ok(is_no_cache(block, EINVAL), "even if it looks like one");
	strange = kind + 1;
	mems_space_write(space, block, &strange, sizeof(strange));
	ok(is_no_cache(block, EPROTO), "EPROTO for another layout");
	strange = kind & 0xffff0000u;
	mems_space_write(space, va, &strange, sizeof(strange));
	ok(is_no_cache(va, EPROTO), "also where a cache is");
	mems_space_write(space, va, &kind, sizeof(kind));
	errno = 0;
	ok(mems_slab_attach(NULL, va) == NULL && errno == EINVAL,
	   "there must be a space");
	ok(mems_slab_attach(elsewhere, va) == NULL && errno == EINVAL,
	   "and the right one");
	is(slab_stats(slab).handles, 2, "and no handle was made");
	mems_space_free(space, block);
	mems_slab_detach(slab);
	ok(mems_slab_alloc(other) != NULL, "one by address is as good");
	mems_slab_destroy(other);
	ok(is_no_cache(va, EINVAL), "after the end there is none");
	mems_depot_destroy(depot);
	mems_space_destroy(elsewhere);
}

static void a_cache_in_a_heap_has_none(void)
{
	mems_slab *slab = make(32, 0);

	errno = 0;
	ok(mems_slab_address(slab) == MEMS_VA_NONE && errno == ENOTSUP,
	   "%s: there is no address", which);
	mems_slab_destroy(slab);
}

/* ------------------------------------------------------------------- others */

static int all_is_refused(mems_slab *slab)
{
	struct mems_slab_stats stats = { .size = sizeof(stats) };
	uint64_t number = 5;
	int wrong = 0;

	errno = 0;
	wrong += mems_slab_alloc(slab) != NULL || errno != EINVAL;
	wrong += mems_slab_free(slab, &number) != -EINVAL;
	wrong += mems_slab_free(slab, NULL) != -EINVAL;
	wrong += mems_slab_contains(slab, &number) != -EINVAL;
	wrong += mems_slab_walk(slab, count_told, &number) != -EINVAL;
	wrong += mems_slab_shrink(slab, &number) != -EINVAL;
	errno = 0;
	wrong += mems_slab_share(slab) != NULL || errno != EINVAL;
	wrong += mems_slab_detach(slab) != -EINVAL;
	wrong += mems_slab_adopt(slab) != -EINVAL;
	errno = 0;
	wrong += mems_slab_address(slab) != MEMS_VA_NONE || errno != EINVAL;
	wrong += mems_slab_verify(slab, NULL, 0) != -EINVAL;
	wrong += mems_slab_stats(slab, &stats) != -EINVAL;
	wrong += mems_slab_destroy(slab) != -EINVAL;
	return wrong == 0 && number == 5;
}

static void a_handle_that_ended_is_refused(void)
{
	mems_slab *slab = make(32, 0), *detached = make(32, 0);
	mems_slab *kept = mems_slab_share(detached);

	ok(all_is_refused(NULL), "%s: NULL is no cache", which);
	mems_slab_destroy(slab);
	ok(all_is_refused(slab), "%s: nor is one that was destroyed", which);
	mems_slab_detach(detached);
	ok(all_is_refused(detached), "%s: nor a handle that was detached",
	   which);
	mems_slab_destroy(kept);
}

/* One kind of handle is not the other. */
static void a_depot_is_no_cache(void)
{
	mems_depot *depot = depot_make(space);

	ok(all_is_refused((mems_slab *)depot), "a depot is no cache");
	ok(depot_is_sound(depot), "and does not suffer");
	mems_depot_destroy(depot);
}

static void stats_tell_what_there_is(void)
{
	mems_slab *slab = make(50, 0);
	struct mems_slab_stats stats = slab_stats(slab), small;
	void *slot;

	ok(stats.held == 0 && stats.used == 0 && stats.blocks == 0 &&
	   stats.slabs == 0 && stats.large_blocks == 0 &&
	   stats.large_used == 0 && stats.cap == 0 && stats.handles == 1,
	   "%s: a new cache has nothing", which);
	is(stats.slot_size, 64, "%s: slots are multiples of the alignment",
	   which);
	slot = mems_slab_alloc(slab);
	stats = slab_stats(slab);
	is(stats.blocks, 1, "%s: a slot is counted", which);
	is(stats.used, 64, "%s: with its bytes", which);
	is(stats.slabs, 1, "%s: and its slab", which);
	is(stats.held, stats.slab_size, "%s: with those", which);
	mems_slab_free(slab, slot);
	is(slab_stats(slab).used, 0, "%s: until it is freed", which);
	is(mems_slab_stats(slab, NULL), -EINVAL, "%s: NULL is no stats",
	   which);
	small = (struct mems_slab_stats){ .size = sizeof(size_t) };
	is(mems_slab_stats(slab, &small), -EINVAL,
	   "%s: nor is what is too small", which);
	mems_slab_destroy(slab);
}

/* What is broken is told in one line. */
static void verify_finds_what_is_broken(void)
{
	struct mems_slab_words *words;
	uint32_t *first_bits;
	char report[100];
	mems_slab *slab;

	if (space == NULL) {
		skip("%s: nobody tells where words lie in a heap", which);
		return;
	}
	slab = make(64, 0);
	words = front_of(space, mems_slab_address(slab), mems_slab_alloc(slab));
	first_bits = mems_slab_bits(words);
	is(mems_slab_verify(slab, NULL, 0), 0, "%s: all is well", which);
	words->used++;
	is(mems_slab_verify(slab, report, sizeof(report)), -EBADMSG,
	   "%s: verify counts the slots in use", which);
	ok(strlen(report) > 10 && strchr(report, '\n') == NULL,
	   "%s: and says so", which);
	is(mems_slab_verify(slab, report, 8), -EBADMSG, "%s: also briefly",
	   which);
	is(strlen(report), 7, "%s: in what room there is", which);
	is(mems_slab_verify(slab, NULL, 0), -EBADMSG, "%s: or in none", which);
	words->used--;
	words->place = MEMS_SLAB_FULL;
	is(mems_slab_verify(slab, NULL, 0), -EBADMSG,
	   "%s: it finds a slab that is lost", which);
	words->place = MEMS_SLAB_CURRENT;
	first_bits[words->words] |= first_bits[0];
	is(mems_slab_verify(slab, NULL, 0), -EBADMSG,
	   "%s: and slots that are free twice", which);
	first_bits[words->words] = 0;
	words->number++;
	is(mems_slab_verify(slab, NULL, 0), -EBADMSG,
	   "%s: and a slab that is not in the table", which);
	words->number--;
	ok(slab_is_sound(slab), "%s: at last all is well again", which);
	mems_slab_destroy(slab);
}

static void all(void)
{
	every_shape_works();
	a_slot_may_be_very_large();
	a_cap_is_kept();
	each_slot_is_made_and_taken_down_once(0);
	each_slot_is_made_and_taken_down_once(1000000);
	a_constructor_may_refuse();
	constructors_may_use_other_caches();
	a_wrong_free_is_found_out(1);
	a_wrong_free_is_found_out(48);
	a_wrong_free_is_found_out(3000);
	a_second_free_is_found_out(8);
	a_second_free_is_found_out(48);
	a_second_free_is_found_out(3000);
	a_walk_tells_of_every_slot();
	memory_of_empty_slabs_goes_back();
	handles_share_a_cache();
	slots_of_a_handle_that_went_are_used_again();
	the_last_handle_ends_the_cache();
	a_handle_may_be_adopted();
	a_handle_that_ended_is_refused();
	stats_tell_what_there_is();
	verify_finds_what_is_broken();
}

int main(void)
{
	uint64_t used;

	space = space_make(0);
	used = space_stats(space).used;
	wrong_options_are_refused();
	a_space_that_is_full_refuses();
	which = "a space";
	all();
	a_cache_in_a_space_has_an_address();
	a_depot_is_no_cache();
	is(space_stats(space).used, used, "the space has all back");
	ok(space_is_sound(space), "and is sound");
	mems_space_destroy(space);
	space = NULL;
	which = "default heap";
	all();
	a_cache_in_a_heap_has_none();
	is(heap_stats(NULL).blocks, 0, "the default heap has all back");
	heap = heap_make();
	which = "a heap";
	all();
	a_cache_in_a_heap_has_none();
	is(heap_stats(heap).blocks, 0, "the heap has all back");
	ok(heap_is_sound(NULL) && heap_is_sound(heap), "heaps are sound");
	mems_heap_destroy(heap);
	return done_testing();
}
