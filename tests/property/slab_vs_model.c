/*
 * Slab caches and depots beside a model, in long random runs: the model is the
 * set of live blocks. No two meet, the walk tells of exactly these, the counts
 * are theirs, and what a block holds follows from its number. Handles come and
 * go, each may free what another gave, and wrong frees are mixed in.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>

#include "api/slab.h"
#include "random.h"
#include "tap.h"

#define LIVE 1200
#define HANDLES 5

struct block {
	unsigned char *memory;	/* NULL: none */
	size_t size;		/* asked for */
	uint64_t id;
};

/* A cache or a depot, and what the model knows of it. */
struct subject {
	const char *name;
	mems_space *space;	/* NULL: in a heap */
	size_t slot_size;	/* 0: a depot */
	uint64_t cap;
	mems_slab *slabs[HANDLES];	/* NULL: none; of a cache */
	mems_depot *depots[HANDLES];
	struct block live[LIVE];
	uint64_t count;
	uint64_t constructed, destructed;
};

static struct subject subject;

/* ----------------------------------------------------- either of both kinds */

static bool is_there(unsigned handle)
{
	return subject.slabs[handle] != NULL || subject.depots[handle] != NULL;
}

static unsigned some_handle(struct rng *rng)
{
	unsigned handle = (unsigned)rng_below(rng, HANDLES);

	while (!is_there(handle))
		handle = (handle + 1) % HANDLES;
	return handle;
}

static void *get(unsigned handle, size_t size)
{
	return subject.slot_size > 0 ? mems_slab_alloc(subject.slabs[handle]) :
	       mems_depot_alloc(subject.depots[handle], size);
}

static int put(unsigned handle, void *block)
{
	return subject.slot_size > 0 ?
	       mems_slab_free(subject.slabs[handle], block) :
	       mems_depot_free(subject.depots[handle], block);
}

static size_t usable(unsigned handle, const void *block)
{
	if (subject.slot_size == 0)
		return mems_depot_usable_size(subject.depots[handle], block);
	return mems_slab_contains(subject.slabs[handle], block) == 1 ?
	       subject.slot_size : 0;
}

static bool share(unsigned handle, unsigned other)
{
	mems_space *space = subject.space;

	/* By address, now and then. */
	if (subject.slot_size > 0 && space != NULL && other == 1)
		subject.slabs[other] = mems_slab_attach(space,
			mems_slab_address(subject.slabs[handle]));
	else if (subject.slot_size > 0)
		subject.slabs[other] = mems_slab_share(subject.slabs[handle]);
	else if (other == 1)
		subject.depots[other] = mems_depot_attach(space,
			mems_depot_address(subject.depots[handle]));
	else
		subject.depots[other] =
			mems_depot_share(subject.depots[handle]);
	return is_there(other);
}

static bool detach(unsigned handle)
{
	int rc = subject.slot_size > 0 ?
		 mems_slab_detach(subject.slabs[handle]) :
		 mems_depot_detach(subject.depots[handle]);

	subject.slabs[handle] = NULL;
	subject.depots[handle] = NULL;
	return rc == 0;
}

static bool shrink(unsigned handle)
{
	uint64_t held, returned = 0;

	if (subject.slot_size > 0) {
		held = slab_stats(subject.slabs[handle]).held;
		mems_slab_shrink(subject.slabs[handle], &returned);
		held -= slab_stats(subject.slabs[handle]).held;
	} else {
		held = depot_stats(subject.depots[handle]).held;
		mems_depot_shrink(subject.depots[handle], &returned);
		held -= depot_stats(subject.depots[handle]).held;
	}
	return held == returned;
}

/* ----------------------------------------------------------- what they hold */

static uint64_t word_of(uint64_t id, size_t i)
{
	return (id + i) * UINT64_C(0x9e3779b97f4a7c15);
}

static void fill(const struct block *block)
{
	for (size_t i = 0; i < block->size; i++)
		block->memory[i] = (unsigned char)(word_of(block->id, i / 8) >>
						   i % 8 * 8);
}

static bool holds(const struct block *block)
{
	for (size_t i = 0; i < block->size; i++)
		if (block->memory[i] != (unsigned char)
		    (word_of(block->id, i / 8) >> i % 8 * 8))
			return false;
	return true;
}

static int construct(void *slot, void *arg)
{
	(void)slot;
	((struct subject *)arg)->constructed++;
	return 0;
}

static void destruct(void *slot, void *arg)
{
	(void)slot;
	((struct subject *)arg)->destructed++;
}

/* ------------------------------------------------------------------- checks */

static int by_memory(const void *a, const void *b)
{
	const struct block *x = *(const struct block *const *)a;
	const struct block *y = *(const struct block *const *)b;

	return x->memory < y->memory ? -1 : x->memory > y->memory;
}

static const struct block *sorted[LIVE];
static uint64_t told[LIVE];	/* how often the walk told of each */

static int tell(void *memory, size_t size, void *arg)
{
	const struct block wanted = { .memory = memory }, *key = &wanted;
	const struct block **found = bsearch(&key, sorted, subject.count,
					     sizeof(*sorted), by_memory);

	(void)arg;
	if (found == NULL || size < (*found)->size)
		return 1;
	return ++told[found - sorted] > 1;
}

static bool is_as_the_model(unsigned handle)
{
	struct mems_slab_stats stats;
	size_t count = 0, bytes = 0;
	int rc;

	for (size_t i = 0; i < LIVE; i++)
		if (subject.live[i].memory != NULL)
			sorted[count++] = &subject.live[i];
	qsort(sorted, count, sizeof(*sorted), by_memory);
	memset(told, 0, sizeof(told));
	for (size_t i = 0; i < count; i++) {
		size_t size = usable(handle, sorted[i]->memory);

		bytes += size;
		if (size < sorted[i]->size || !holds(sorted[i]) ||
		    (i + 1 < count &&
		     sorted[i]->memory + size > sorted[i + 1]->memory)) {
			diag("block %d is not whole", (int)i);
			return false;
		}
	}
	rc = subject.slot_size > 0 ?
	     mems_slab_walk(subject.slabs[handle], tell, NULL) :
	     mems_depot_walk(subject.depots[handle], tell, NULL);
	for (size_t i = 0; i < count; i++)
		rc |= told[i] != 1;
	if (rc != 0) {
		diag("the walk tells something else");
		return false;
	}
	stats = subject.slot_size > 0 ? slab_stats(subject.slabs[handle]) :
		depot_stats(subject.depots[handle]);
	if (count != subject.count || stats.blocks != count ||
	    stats.used != bytes || stats.held < bytes) {
		diag("the counts are wrong");
		return false;
	}
	return subject.slot_size > 0 ? slab_is_sound(subject.slabs[handle]) :
	       depot_is_sound(subject.depots[handle]);
}

/* -------------------------------------------------------------------- steps */

static size_t random_size(struct rng *rng)
{
	if (subject.slot_size > 0)
		return subject.slot_size;
	if (rng_below(rng, 30) == 0)
		return (size_t)rng_size(rng, 1025, 100000);
	return (size_t)rng_size(rng, 1, 1024);
}

static bool make(struct block *block, struct rng *rng)
{
	bool full = subject.cap > 0 && subject.count == subject.cap;

	block->size = random_size(rng);
	block->id = rng_next(rng);
	errno = 0;
	block->memory = get(some_handle(rng), block->size);
	if (full)
		return block->memory == NULL && errno == ENOMEM;
	if (block->memory == NULL)
		return false;
	fill(block);
	subject.count++;
	return true;
}

static bool end(struct block *block, struct rng *rng)
{
	unsigned handle = some_handle(rng);
	unsigned char *memory = block->memory;
	bool right = holds(block) && usable(handle, memory) >= block->size;

	right = right && put(handle, memory) == 0;
	block->memory = NULL;
	subject.count--;
	/* It is free, whoever asks. */
	handle = some_handle(rng);
	return right && put(handle, memory) == -EINVAL &&
	       usable(handle, memory) == 0;
}

/* The inside of a live block. */
static bool is_refused(const struct block *block, struct rng *rng)
{
	unsigned handle = some_handle(rng);
	unsigned char *inside;

	if (block->memory == NULL || block->size < 2)
		return true;
	inside = block->memory + 1 + rng_below(rng, block->size - 1);
	return put(handle, inside) == -EINVAL && usable(handle, inside) == 0;
}

static bool change_handles(struct rng *rng)
{
	unsigned handle = (unsigned)rng_below(rng, HANDLES), others = 0;

	if (!is_there(handle))
		return share(some_handle(rng), handle);
	for (unsigned i = 0; i < HANDLES; i++)
		others += i != handle && is_there(i);
	return others == 0 || detach(handle);
}

/* Mostly one of both for a while, so that slabs fill and become empty. */
static bool step(struct rng *rng, bool grows)
{
	struct block *block = &subject.live[rng_below(rng, LIVE)];

	switch (rng_below(rng, 400)) {
	case 0:
		return change_handles(rng);
	case 1:
		return shrink(some_handle(rng));
	case 2:
	case 3:
		return is_refused(block, rng);
	default:
		break;
	}
	if (block->memory == NULL && (grows || rng_below(rng, 4) == 0))
		return make(block, rng);
	if (block->memory != NULL && (!grows || rng_below(rng, 4) == 0))
		return end(block, rng);
	return true;
}

static bool begin(void)
{
	struct mems_slab_options options = MEMS_SLAB_OPTIONS;

	if (subject.slot_size == 0) {
		subject.depots[0] = mems_depot_create(subject.space);
		return subject.depots[0] != NULL;
	}
	options.space = subject.space;
	options.slot_size = subject.slot_size;
	options.alignment = 1;
	options.cap = subject.cap;
	options.construct = construct;
	options.destruct = destruct;
	options.arg = &subject;
	subject.slabs[0] = mems_slab_create(&options);
	return subject.slabs[0] != NULL;
}

static void all_is_as_the_model(const char *name, mems_space *space,
				size_t slot_size, uint64_t cap, uint64_t seed)
{
	struct rng rng = rng_make(seed, slot_size + cap);
	uint64_t rounds = test_scaled(60000), round, used = 0;
	bool right, grows = true;

	subject = (struct subject){ .name = name, .space = space,
		.slot_size = slot_size, .cap = cap };
	if (space != NULL)
		used = space_stats(space).used;
	right = begin();
	for (round = 0; right && round < rounds; round++) {
		if (round % 3000 == 0)
			grows = rng_below(&rng, 2) == 0;
		right = step(&rng, grows);
		if (right && round % 1009 == 0)
			right = is_as_the_model(some_handle(&rng)) &&
				(space == NULL || space_is_sound(space));
	}
	ok(right, "%s: all as the model (round %d)", name, (int)round);
	for (size_t i = 0; right && i < LIVE; i++)
		if (subject.live[i].memory != NULL && i % 3 > 0)
			right = end(&subject.live[i], &rng);
	ok(right && is_as_the_model(some_handle(&rng)),
	   "%s: also when little is left", name);
	for (unsigned i = 0; i < HANDLES; i++)
		if (is_there(i))
			right = detach(i) && right;
	ok(right, "%s: all handles go", name);
	is(subject.constructed, subject.destructed,
	   "%s: what was made was taken down", name);
	if (space != NULL)
		is(space_stats(space).used, used, "%s: the space has all back",
		   name);
}

int main(void)
{
	uint64_t seed = test_seed();
	mems_space *space = space_make(0);

	all_is_as_the_model("slots of 1 byte", space, 1, 0, seed);
	all_is_as_the_model("slots of 24", space, 24, 0, seed);
	all_is_as_the_model("slots of 100 in a heap", NULL, 100, 0, seed);
	all_is_as_the_model("slots of 2000", space, 2000, 0, seed);
	all_is_as_the_model("slots of 5000 in a heap", NULL, 5000, 0, seed);
	all_is_as_the_model("300 slots of 64", space, 64, 300, seed);
	all_is_as_the_model("500 slots of 700 in a heap", NULL, 700, 500,
			    seed);
	all_is_as_the_model("a depot", space, 0, 0, seed);
	all_is_as_the_model("another depot", space, 0, 0, seed + 1);
	ok(space_is_sound(space), "the space is sound");
	is(heap_stats(NULL).blocks, 0, "the heap has all back");
	mems_space_destroy(space);
	return done_testing();
}
