/* Depots: blocks of every size in a space, beside the space's own. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>
#include <mems/layout.h>

#include "api/slab.h"
#include "random.h"
#include "tap.h"

static mems_space *space;

/* ----------------------------------------------------------- creation, ends */

static void a_depot_needs_a_space(void)
{
	mems_space *ended = space_make(1 << 20);
	mems_space *full = space_make(1 << 20);

	errno = 0;
	ok(mems_depot_create(NULL) == NULL && errno == EINVAL,
	   "a depot needs a space");
	mems_space_destroy(ended);
	errno = 0;
	ok(mems_depot_create(ended) == NULL && errno == EINVAL,
	   "one that has not ended");
	while (mems_space_alloc(full, 16) != MEMS_VA_NONE)
		;
	errno = 0;
	ok(mems_depot_create(full) == NULL && errno == ENOMEM,
	   "and that has room");
	ok(space_is_sound(full), "it stays sound");
	mems_space_destroy(full);
}

static int all_is_refused(mems_depot *depot)
{
	struct mems_slab_stats stats = { .size = sizeof(stats) };
	uint64_t number = 5;
	int wrong = 0;

	errno = 0;
	wrong += mems_depot_alloc(depot, 10) != NULL || errno != EINVAL;
	wrong += mems_depot_free(depot, &number) != -EINVAL;
	wrong += mems_depot_free(depot, NULL) != -EINVAL;
	errno = 0;
	wrong += mems_depot_usable_size(depot, &number) != 0 ||
		 errno != EINVAL;
	wrong += mems_depot_walk(depot, count_told, &number) != -EINVAL;
	wrong += mems_depot_shrink(depot, &number) != -EINVAL;
	errno = 0;
	wrong += mems_depot_share(depot) != NULL || errno != EINVAL;
	wrong += mems_depot_detach(depot) != -EINVAL;
	wrong += mems_depot_adopt(depot) != -EINVAL;
	errno = 0;
	wrong += mems_depot_address(depot) != MEMS_VA_NONE || errno != EINVAL;
	wrong += mems_depot_verify(depot, NULL, 0) != -EINVAL;
	wrong += mems_depot_stats(depot, &stats) != -EINVAL;
	wrong += mems_depot_destroy(depot) != -EINVAL;
	return wrong == 0 && number == 5;
}

static void a_handle_that_ended_is_refused(void)
{
	mems_depot *depot = depot_make(space), *detached = depot_make(space);
	mems_depot *kept = mems_depot_share(detached);
	mems_slab *slab = slab_make(space, NULL, 32, 0);

	ok(all_is_refused(NULL), "NULL is no depot");
	ok(all_is_refused((mems_depot *)slab), "nor is a slab cache");
	ok(slab_is_sound(slab), "which does not suffer");
	mems_slab_destroy(slab);
	mems_depot_destroy(depot);
	ok(all_is_refused(depot), "nor is one that was destroyed");
	mems_depot_detach(detached);
	ok(all_is_refused(detached), "nor a handle that was detached");
	mems_depot_destroy(kept);
}

/* -------------------------------------------------------------------- sizes */

static int size_works(mems_depot *depot, size_t size)
{
	enum { COUNT = 5 };
	unsigned char *blocks[COUNT];
	size_t usable = 0, wrong = 0;

	for (int i = 0; i < COUNT; i++) {
		blocks[i] = mems_depot_alloc(depot, size);
		if (blocks[i] == NULL)
			return 0;
		usable = mems_depot_usable_size(depot, blocks[i]);
		wrong += usable < size || !is_aligned(blocks[i], 16);
		memset(blocks[i], i + 1, usable);
	}
	for (int i = 0; i < COUNT; i++)
		wrong += !is_full_of(blocks[i], i + 1, usable);
	wrong += !none_meet(blocks, COUNT, usable);
	for (int i = 0; i < COUNT; i++) {
		wrong += mems_depot_free(depot, blocks[i]) != 0;
		wrong += mems_depot_usable_size(depot, blocks[i]) != 0;
	}
	return wrong == 0;
}

static void every_size_works(void)
{
	static const size_t large[] = { 5000, 8192, 10000, 16000, 16384,
		20000, 32768, 65535, 65536, 100000, 262144, 524289, 1048575,
		1048576 };
	mems_depot *depot = depot_make(space);
	size_t wrong = 0, wasted = 0;
	void *block;

	for (size_t size = 1; size <= 4096; size++)
		wrong += !size_works(depot, size);
	is(wrong, 0, "every size up to 4096 gives blocks that hold it");
	for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++)
		wrong += !size_works(depot, large[i]);
	is(wrong, 0, "and large ones do up to 1 MiB");
	for (size_t size = 1; size <= 4096; size++) {
		size_t usable;

		block = mems_depot_alloc(depot, size);
		usable = mems_depot_usable_size(depot, block);
		wasted += usable - size >= 16 && (usable - size) * 8 > size;
		mems_depot_free(depot, block);
	}
	is(wasted, 0, "none wastes more than an eighth");
	errno = 0;
	ok(mems_depot_alloc(depot, 0) == NULL && errno == EINVAL,
	   "a block has a size");
	for (size_t i = 0; i < IMPOSSIBLE; i++) {
		errno = 0;
		wrong += mems_depot_alloc(depot, impossible[i]) != NULL ||
			 errno != ENOMEM;
	}
	is(wrong, 0, "nobody gives impossible sizes");
	is(depot_stats(depot).blocks, 0, "nothing is left");
	ok(depot_is_sound(depot), "the depot is sound");
	mems_depot_destroy(depot);
}

/* The classes of <mems/layout.h> are those of the depot. */
static void sizes_have_the_classes_of_the_layout(void)
{
	mems_depot *depot = depot_make(space);
	size_t usable[MEMS_SMALL_CLASSES] = { 0 };
	int wrong = 0, last = -1;

	for (uint32_t size = 1; size <= MEMS_SMALL_MOST; size++) {
		void *block = mems_depot_alloc(depot, size);
		size_t its = mems_depot_usable_size(depot, block);
		uint32_t class = mems_small_class(size);
		struct mems_slab_words *slab =
			front_of(space, mems_depot_address(depot), block);

		if (class >= MEMS_SMALL_CLASSES) {
			wrong++;
			continue;
		}
		wrong += slab->kind != MEMS_WORDS_SLAB ||
			 slab->size_class != class || slab->size != its;
		wrong += usable[class] != 0 && usable[class] != its;
		wrong += (int)class < last || (int)class > last + 1;
		/* The next class begins where this one is full. */
		wrong += (int)class > last && last >= 0 &&
			 usable[last] != size - 1;
		usable[class] = its;
		last = (int)class;
		mems_depot_free(depot, block);
	}
	is(wrong, 0, "mems_small_class() tells the class of every size");
	is(last, MEMS_SMALL_CLASSES - 1, "all classes");
	is(usable[MEMS_SMALL_CLASSES - 1], MEMS_SMALL_MOST,
	   "the last one is for the largest of the small");
	mems_depot_destroy(depot);
}

/* --------------------------------------------------------- beside the space */

enum { LIVE = 1500 };

struct crowd {
	mems_depot *depot;
	unsigned char *blocks[LIVE];
	size_t sizes[LIVE];
	struct mems_slab_stats stats;
};

static void crowd_fill(struct crowd *crowd, uint64_t stream)
{
	struct rng rng = rng_make(stream, 3);

	crowd->depot = depot_make(space);
	for (int i = 0; i < LIVE; i++) {
		crowd->sizes[i] = (size_t)rng_size(&rng, 1, 1100);
		if (i % 20 == 0)
			crowd->sizes[i] = (size_t)rng_size(&rng, 1025, 40000);
		crowd->blocks[i] = mems_depot_alloc(crowd->depot,
						    crowd->sizes[i]);
		memset(crowd->blocks[i], i, crowd->sizes[i]);
	}
	crowd->stats = depot_stats(crowd->depot);
}

static int crowd_is_as_before(const struct crowd *crowd)
{
	uint64_t told = 0;
	int wrong = 0;

	for (int i = 0; i < LIVE; i++)
		wrong += !is_full_of(crowd->blocks[i], i, crowd->sizes[i]) ||
			 mems_depot_usable_size(crowd->depot,
						crowd->blocks[i]) <
			 crowd->sizes[i];
	wrong += mems_depot_walk(crowd->depot, count_told, &told) != 0 ||
		 told != LIVE;
	wrong += !counts_are_as_before(depot_stats(crowd->depot),
				       &crowd->stats);
	return wrong == 0 && depot_is_sound(crowd->depot);
}

static void a_block_of_a_depot_is_none_of_the_space(void)
{
	static struct crowd crowd;
	int wrong = 0;

	crowd_fill(&crowd, 1);
	for (int i = 0; i < LIVE; i++) {
		mems_va va = mems_space_va(space, crowd.blocks[i]);

		wrong += mems_space_free(space, va) != -EINVAL;
		wrong += mems_space_usable_size(space, va) != 0;
		wrong += mems_space_resize(space, va, 100) != MEMS_VA_NONE;
		wrong += mems_space_contains(space, va) != 1;
	}
	is(wrong, 0, "the space does not free a block of a depot");
	ok(crowd_is_as_before(&crowd), "and nothing changed");
	ok(space_is_sound(space), "in the space neither");
	mems_depot_destroy(crowd.depot);
}

static void a_space_has_both_kinds_of_blocks(void)
{
	enum { COUNT = 3000 };
	static unsigned char *blocks[COUNT];
	static mems_va vas[COUNT];
	static size_t sizes[COUNT];
	uint64_t used = space_stats(space).used;
	mems_depot *depot = depot_make(space);
	struct rng rng = rng_make(test_seed(), 1);
	int wrong = 0;

	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < COUNT; i++) {
			size_t size = (size_t)rng_size(&rng, 1, 2000);

			if (blocks[i] != NULL && rng_below(&rng, 2) == 0)
				continue;
			if (blocks[i] != NULL) {
				wrong += !is_full_of(blocks[i], i, sizes[i]);
				if (vas[i] == MEMS_VA_NONE)
					wrong += mems_depot_free(depot,
						blocks[i]) != 0;
				else
					wrong += mems_space_free(space,
						vas[i]) != 0;
			}
			vas[i] = MEMS_VA_NONE;
			if (i % 2 == 0) {
				blocks[i] = mems_depot_alloc(depot, size);
			} else {
				vas[i] = mems_space_alloc(space, size);
				blocks[i] = mems_space_get(space, vas[i]);
				/* To the depot that is no block. */
				wrong += mems_depot_free(depot, blocks[i]) !=
					 -EINVAL;
			}
			sizes[i] = size;
			memset(blocks[i], i, size);
		}
		wrong += !depot_is_sound(depot) || !space_is_sound(space);
	}
	for (int i = 0; i < COUNT; i++)
		wrong += !is_full_of(blocks[i], i, sizes[i]);
	is(wrong, 0, "blocks of a depot lie beside those of the space");
	is(mems_depot_destroy(depot), 0, "the depot ends");
	for (int i = 1; i < COUNT; i += 2)
		wrong += !is_full_of(blocks[i], i, sizes[i]) ||
			 mems_space_free(space, vas[i]) != 0;
	is(wrong, 0, "the blocks of the space stay");
	is(space_stats(space).used, used, "all of its own are back");
	ok(space_is_sound(space), "the space is sound");
}

static void a_space_that_is_full_refuses(void)
{
	mems_space *small = space_make(1 << 20);
	uint64_t used = space_stats(small).used;
	mems_depot *depot = depot_make(small);
	static void *blocks[70000];
	uint64_t count = 0, wrong = 0;
	void *block;

	/* What is too large now fits behind no smaller one later. */
	for (size_t size = 100000; size > 0; size /= 2) {
		errno = 0;
		while ((block = mems_depot_alloc(depot, size)) != NULL)
			blocks[count++] = block;
		wrong += errno != ENOMEM;
	}
	is(wrong, 0, "a full space gives no block");
	ok(depot_is_sound(depot), "the depot is sound");
	ok(space_is_sound(small), "and the space");
	is(depot_stats(depot).blocks, count, "%d blocks were had", (int)count);
	for (uint64_t i = 0; i < count; i++)
		wrong += mems_depot_free(depot, blocks[i]) != 0;
	is(wrong, 0, "all are freed");
	ok(mems_depot_alloc(depot, 500000) != NULL, "then there is room");
	mems_depot_destroy(depot);
	is(space_stats(small).used, used, "the space has all back");
	mems_space_destroy(small);
}

/* -------------------------------------------------------------- wrong frees */

static int is_wrong(mems_depot *depot, const void *pointer)
{
	return mems_depot_free(depot, (void *)(uintptr_t)pointer) == -EINVAL &&
	       mems_depot_usable_size(depot, pointer) == 0;
}

static void a_wrong_free_is_found_out(void)
{
	static struct crowd crowd, others;
	char *foreign = malloc(5000), *block, here[64];
	mems_va va = mems_space_alloc(space, 70000);
	uintptr_t mask, wrong = 0;

	crowd_fill(&crowd, 1);
	crowd_fill(&others, 2);
	mask = ~((uintptr_t)crowd.stats.slab_size - 1);
	ok(is_wrong(crowd.depot, NULL), "NULL is no block");
	for (int i = 0; i < LIVE; i++) {
		size_t usable = mems_depot_usable_size(crowd.depot,
						       crowd.blocks[i]);

		wrong += !is_wrong(others.depot, crowd.blocks[i]);
		for (size_t at = 1; at < usable; at += at < 40 ? 1 : 24)
			wrong += !is_wrong(crowd.depot, crowd.blocks[i] + at);
		/* Before a large one are its words. */
		if (usable > MEMS_SMALL_MOST)
			for (size_t at = 1; at <= 32; at++)
				wrong += !is_wrong(crowd.depot,
						   crowd.blocks[i] - at);
	}
	is(wrong, 0, "nor is the inside of one, nor another depot's");
	for (int i = 0; i < LIVE; i += 20) {
		unsigned char *slab = (unsigned char *)
			((uintptr_t)crowd.blocks[i + 1] & mask);

		if (crowd.sizes[i + 1] > MEMS_SMALL_MOST)
			continue;
		for (size_t at = 0; at < sizeof(struct mems_slab_words); at++)
			wrong += !is_wrong(crowd.depot, slab + at);
	}
	is(wrong, 0, "nor are the words of a slab");
	block = mems_space_get(space, va);
	for (int byte = 0; byte < 256; byte += 255) {
		memset(block, byte, 70000);
		for (size_t at = 0; at < 70000; at += 16)
			wrong += !is_wrong(crowd.depot, block + at);
	}
	/* What a block holds may look like the words before a large one. */
	for (int i = 0; i < LIVE; i += 20)
		for (size_t at = 0; at + 64 <= 4096; at += 48) {
			memcpy(block + at, crowd.blocks[i] - 32, 32);
			wrong += !is_wrong(crowd.depot, block + at + 32);
		}
	is(wrong, 0, "nor a block of the space, whatever it holds");
	ok(is_wrong(crowd.depot, here) && is_wrong(crowd.depot, foreign) &&
	   is_wrong(crowd.depot, foreign + 16) &&
	   is_wrong(crowd.depot, &crowd) &&
	   is_wrong(crowd.depot, crowd.depot) && is_wrong(crowd.depot, "text"),
	   "nor the stack, malloc's, static memory, the handle");
	for (uintptr_t at = 0; at < 0x20000; at += 0x100) {
		wrong += !is_wrong(crowd.depot, (void *)at);
		wrong += !is_wrong(crowd.depot, (void *)(0 - at));
		wrong += !is_wrong(crowd.depot, (void *)(0 - at - 16));
	}
	is(wrong, 0, "nor any odd address");
	ok(crowd_is_as_before(&crowd), "nothing changed");
	ok(crowd_is_as_before(&others), "in either");
	ok(space_is_sound(space), "and the space is sound");
	for (int i = 0; i < LIVE; i += 2)
		wrong += mems_depot_free(crowd.depot, crowd.blocks[i]) != 0 ||
			 !is_wrong(crowd.depot, crowd.blocks[i]);
	for (int i = 0; i < LIVE; i += 2)
		wrong += !is_wrong(crowd.depot, crowd.blocks[i]);
	is(wrong, 0, "a block is freed once");
	ok(depot_is_sound(crowd.depot), "the depot is sound");
	mems_space_free(space, va);
	free(foreign);
	mems_depot_destroy(crowd.depot);
	mems_depot_destroy(others.depot);
}

/* ----------------------------------------------------------- walks, shrinks */

struct tour {
	const struct crowd *crowd;
	uint64_t told, most, bytes, wrong;
	int frees;
};

static int tell(void *block, size_t size, void *arg)
{
	struct tour *tour = arg;
	mems_depot *depot = tour->crowd->depot;

	tour->wrong += mems_depot_usable_size(depot, block) != size;
	tour->bytes += size;
	if (tour->frees)
		tour->wrong += mems_depot_free(depot, block) != 0;
	return ++tour->told == tour->most ? 7 : 0;
}

static void a_walk_tells_of_every_block(void)
{
	static struct crowd crowd;
	struct tour tour = { .crowd = &crowd };
	uint64_t used = space_stats(space).used, returned;

	crowd_fill(&crowd, 5);
	is(mems_depot_walk(crowd.depot, tell, &tour), 0, "a walk ends");
	is(tour.told, LIVE, "and tells of every block");
	is(tour.bytes, crowd.stats.used, "and of all bytes");
	tour.told = 0;
	tour.most = 10;
	is(mems_depot_walk(crowd.depot, tell, &tour), 7, "or is ended");
	is(tour.told, 10, "then and there");
	is(mems_depot_walk(crowd.depot, NULL, NULL), -EINVAL,
	   "there must be a callback");
	tour.most = tour.told = 0;
	tour.frees = 1;
	is(mems_depot_walk(crowd.depot, tell, &tour), 0,
	   "it may free what it is told of");
	is(tour.told, LIVE, "all of it");
	is(tour.wrong, 0, "each was a block");
	is(depot_stats(crowd.depot).blocks, 0, "nothing is left");
	is(depot_stats(crowd.depot).large_blocks, 0, "nor large ones");
	crowd.stats = depot_stats(crowd.depot);
	is(mems_depot_shrink(crowd.depot, &returned), 0, "it is shrunk");
	is(returned, crowd.stats.held, "what was held is told");
	is(depot_stats(crowd.depot).held, 0, "and back");
	ok(depot_is_sound(crowd.depot), "the depot is sound");
	ok(mems_depot_alloc(crowd.depot, 20) != NULL, "and goes on");
	mems_depot_destroy(crowd.depot);
	is(space_stats(space).used, used, "the space has all back");
}

static void stats_tell_what_there_is(void)
{
	mems_depot *depot = depot_make(space);
	struct mems_slab_stats stats = depot_stats(depot);
	void *small, *large;

	ok(stats.held == 0 && stats.blocks == 0 && stats.slot_size == 0 &&
	   stats.handles == 1, "a new depot has nothing");
	small = mems_depot_alloc(depot, 100);
	stats = depot_stats(depot);
	ok(stats.blocks == 1 && stats.used == 112 && stats.slabs == 1 &&
	   stats.held == stats.slab_size, "then a slab with a block");
	large = mems_depot_alloc(depot, 5000);
	stats = depot_stats(depot);
	ok(stats.blocks == 2 && stats.large_blocks == 1 &&
	   stats.large_used == 5008 && stats.used == 5120, "and a large one");
	mems_depot_free(depot, small);
	mems_depot_free(depot, large);
	stats = depot_stats(depot);
	ok(stats.blocks == 0 && stats.used == 0 && stats.large_used == 0,
	   "until they are freed");
	is(mems_depot_stats(depot, NULL), -EINVAL, "NULL is no stats");
	mems_depot_destroy(depot);
}

/* ------------------------------------------------------------------ handles */

static void *use_adopted(void *arg)
{
	mems_depot *depot = arg;
	uintptr_t wrong = 0;
	void *blocks[500];

	/* First as a guest, then as the owner. */
	for (int adopted = 0; adopted < 2; adopted++) {
		for (size_t i = 0; i < 500; i++) {
			blocks[i] = mems_depot_alloc(depot, 1 + 3 * i);
			memset(blocks[i], (int)i, 1 + 3 * i);
		}
		for (size_t i = 0; i < 500; i++) {
			wrong += !is_full_of(blocks[i], (int)i, 1 + 3 * i);
			wrong += mems_depot_free(depot, blocks[i]) != 0;
			wrong += mems_depot_free(depot, blocks[i]) != -EINVAL;
		}
		if (!adopted)
			wrong += mems_depot_adopt(depot) != 0;
	}
	return (void *)wrong;
}

static void handles_share_a_depot(void)
{
	enum { COUNT = 1000 };
	static unsigned char *blocks[COUNT];
	uint64_t used = space_stats(space).used;
	mems_depot *first = depot_make(space);
	mems_depot *handles[3] = { first, mems_depot_share(first),
		mems_depot_attach(space, mems_depot_address(first)) };
	pthread_t thread;
	void *result;
	int wrong = 0;

	is(depot_stats(first).handles, 3, "a depot has handles");
	for (size_t i = 0; i < COUNT; i++) {
		blocks[i] = mems_depot_alloc(handles[i % 3], 1 + 2 * i);
		memset(blocks[i], (int)i, 1 + 2 * i);
	}
	for (size_t i = 0; i < COUNT; i += 2) {
		wrong += !is_full_of(blocks[i], (int)i, 1 + 2 * i);
		wrong += mems_depot_free(handles[(i + 1) % 3], blocks[i]) != 0;
		wrong += mems_depot_free(handles[i % 3], blocks[i]) != -EINVAL;
	}
	is(wrong, 0, "each frees blocks of the others, once");
	ok(depot_is_sound(first), "the depot is sound");
	is(mems_depot_detach(first), 0, "the first handle may go");
	pthread_create(&thread, NULL, use_adopted, handles[1]);
	pthread_join(thread, &result);
	is((uintptr_t)result, 0, "a thread makes another its own");
	for (size_t i = 1; i < COUNT; i += 2)
		wrong += !is_full_of(blocks[i], (int)i, 1 + 2 * i) ||
			 mems_depot_free(handles[1 + i / 2 % 2],
					 blocks[i]) != 0;
	is(wrong, 0, "what they gave stays, and can be freed");
	is(depot_stats(handles[2]).blocks, 0, "all of it");
	ok(depot_is_sound(handles[2]), "the depot is sound");
	mems_depot_detach(handles[2]);
	is(mems_depot_detach(handles[1]), 0, "the last one ends it");
	is(space_stats(space).used, used, "the space has all back");
}

static int is_no_depot(mems_va va, int error)
{
	errno = 0;
	return mems_depot_attach(space, va) == NULL && errno == error;
}

static void a_depot_has_an_address(void)
{
	mems_depot *depot = depot_make(space), *other;
	mems_slab *slab = slab_make(space, NULL, 16, 0);
	mems_va va = mems_depot_address(depot), block, slots[50];
	uint32_t kind = MEMS_WORDS_STORE + 1;
	int found = 0;

	other = mems_depot_attach(space, va);
	ok(other != NULL, "a depot has an address");
	is(mems_depot_free(depot, mems_depot_alloc(other, 5000)), 0,
	   "which gives another handle to it");
	ok(is_no_depot(mems_slab_address(slab), EINVAL),
	   "a slab cache is no depot");
	ok(is_no_depot(va + 16, EINVAL) && is_no_depot(MEMS_VA_NONE, EINVAL),
	   "nor is what is nothing");
	for (size_t i = 0; i < 50; i++)
		slots[i] = mems_space_va(space, mems_depot_alloc(depot, 48));
	for (size_t i = 0; i < 50; i++)
		mems_depot_free(depot, mems_space_get(space, slots[i]));
	for (size_t i = 0; i < 50; i++)
		found = found || !is_no_depot(slots[i], EINVAL);
	ok(!found, "nor is a slot that was freed, which a checker forbids");
	block = mems_space_calloc(space, 1, 200);
	mems_space_write(space, block, &kind, sizeof(kind));
	ok(is_no_depot(block, EPROTO), "EPROTO for another layout");
	mems_space_free(space, block);
	mems_slab_destroy(slab);
	mems_depot_destroy(depot);
	mems_depot_detach(other);
	ok(is_no_depot(va, EINVAL), "after the end there is none");
}

/* Without a granule, addresses are what they happen to be. */
static void any_space_may_have_depots(void)
{
	for (uint32_t granule = 1; granule <= 4096; granule *= 8) {
		struct mems_space_options options = MEMS_SPACE_CLASSIC;
		mems_space *odd;
		mems_depot *depot;
		size_t wrong = 0;

		options.maximum = 16 << 20;
		options.granule = granule;
		odd = mems_space_create(&options);
		depot = depot_make(odd);
		for (size_t size = 1; size < 20000; size += 1 + size / 3) {
			wrong += mems_space_alloc(odd, 1 + size % 100) ==
				 MEMS_VA_NONE;
			wrong += !size_works(depot, size);
		}
		is(wrong, 0, "a depot in a space of %u byte granules",
		   (unsigned)granule);
		ok(depot_is_sound(depot) && space_is_sound(odd),
		   "both are sound");
		mems_depot_destroy(depot);
		mems_space_destroy(odd);
	}
}

/* Memory of the caller: it begins where it likes, and cannot grow. */
static void memory_of_the_caller_may_have_depots(void)
{
	static char memory[(1 << 20) + 4096];

	for (size_t at = 0; at < 4096; at += 1008) {
		struct mems_space_options options = MEMS_SPACE_OPTIONS;
		size_t start = (size_t)(0 - (uintptr_t)memory) % 4096 + at;
		mems_space *own;
		mems_depot *depot;
		size_t wrong = 0;

		options.memory = memory + start;
		options.memory_size = (1 << 20) - start;
		own = mems_space_create(&options);
		depot = depot_make(own);
		for (size_t size = 1; size < 20000; size += 1 + size / 3)
			wrong += !size_works(depot, size);
		is(wrong, 0, "a depot in memory that begins at %zu", at);
		ok(depot_is_sound(depot) && space_is_sound(own),
		   "both are sound");
		mems_depot_destroy(depot);
		mems_space_destroy(own);
	}
}

int main(void)
{
	uint64_t used;

	space = space_make(0);
	used = space_stats(space).used;
	a_depot_needs_a_space();
	a_handle_that_ended_is_refused();
	every_size_works();
	sizes_have_the_classes_of_the_layout();
	a_block_of_a_depot_is_none_of_the_space();
	a_space_has_both_kinds_of_blocks();
	a_space_that_is_full_refuses();
	a_wrong_free_is_found_out();
	a_walk_tells_of_every_block();
	stats_tell_what_there_is();
	handles_share_a_depot();
	a_depot_has_an_address();
	any_space_may_have_depots();
	memory_of_the_caller_may_have_depots();
	is(space_stats(space).used, used, "the space has all back");
	ok(space_is_sound(space), "and is sound");
	mems_space_destroy(space);
	return done_testing();
}
