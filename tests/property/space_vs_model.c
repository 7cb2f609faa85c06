/*
 * Long random sequences of calls on a space and on the model beside it, for
 * every policy, granule and growth: no address, segment, printed byte or count
 * may differ, and no block may lose its contents.
 *
 * First fit must give the address that the model gives. Good fit is free to
 * choose: the model asks that the address lay in a hole large enough, and
 * follows.
 *
 * Without arguments: the test. With a number: that many operations at least
 * (1e9 is a soak of some twenty minutes; see `make soak`).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mems.h>

#include "pages.h"
#include "property/compare.h"
#include "property/model.h"
#include "random.h"
#include "tap.h"

#define FREED 16		/* addresses remembered to be freed twice */

struct config {
	enum mems_policy policy;
	uint32_t granule;
	uint64_t growth;
	uint64_t maximum;
	bool borrowed;
};

/* One sequence of operations. */
struct run {
	const struct config *config;
	mems_space *space;
	struct model *model;
	struct rng rng;
	uint64_t slack;			/* of the end after a trim, at most */
	size_t target;			/* blocks that the run tends to */
	mems_va freed[FREED];
	const char *wrong;		/* the first difference, or NULL */

	/* The operation under way, for the report. */
	const char *call;
	mems_va va;
	uint64_t size;
	uint64_t alignment;
};

static bool differ(struct run *run, const char *wrong)
{
	if (run->wrong == NULL)
		run->wrong = wrong;
	return false;
}

/*
 * Contents. Each block is filled with words made from its tag, whole to the
 * last byte that it really has.
 */

static void fill(unsigned char *memory, uint64_t size, uint64_t tag)
{
	uint64_t at, word = tag;

	for (at = 0; size - at >= sizeof(word); at += sizeof(word)) {
		word = tag + at;
		memcpy(memory + at, &word, sizeof(word));
	}
	memset(memory + at, (int)(tag & 255), size - at);
}

static bool is_filled(const unsigned char *memory, uint64_t size,
		      uint64_t tag, uint64_t filled)
{
	uint64_t at, word, wrong = 0;

	for (at = 0; filled - at >= sizeof(word); at += sizeof(word)) {
		if (size - at < sizeof(word)) {
			uint64_t want = tag + at;

			return wrong == 0 &&
			       memcmp(memory + at, &want, size - at) == 0;
		}
		memcpy(&word, memory + at, sizeof(word));
		wrong |= word ^ (tag + at);
	}
	for (; at < size; at++)
		wrong |= memory[at] ^ (tag & 255);
	return wrong == 0;
}

static bool is_zero(const unsigned char *memory, uint64_t size)
{
	return memory[0] == 0 && memcmp(memory, memory + 1, size - 1) == 0;
}

static void fill_block(struct run *run, struct model_segment *block)
{
	block->tag = rng_next(&run->rng);
	fill(mems_space_get(run->space, block->va), block->size, block->tag);
}

/*
 * Following the space. Its break, which any caller can read, tells how much it
 * has grown or given back.
 */

/* With growth the space may give back what lies behind its last block. */
static bool follow_shrinking(struct run *run)
{
	uint64_t mapped = run->space->limit;

	if (mapped == run->model->mapped)
		return true;
	if (mapped > run->model->mapped)
		return differ(run, "the space grew");
	if (run->config->growth == 0 || !model_give_back(run->model, mapped))
		return differ(run, "the space gave back what it must keep");
	return true;
}

/*
 * The space has grown, or not, for `size` bytes at a place of its choice, and
 * up to `spare` bytes more for an alignment.
 */
static bool follow_growing(struct run *run, uint64_t size, uint64_t spare)
{
	struct model *model = run->model;
	uint64_t bytes = run->space->limit - model->mapped;
	uint64_t pages = (size + spare) / MEMS_PAGE_SIZE + 1;
	uint64_t most = pages * MEMS_PAGE_SIZE;

	if (bytes == 0)
		return true;
	if (run->space->limit < model->mapped)
		return differ(run, "an allocation made the space shorter");
	if (run->space->limit > model->maximum)
		return differ(run, "the space grew beyond its maximum");
	if (model_first_hole(model, 2 * (size + spare)) != NULL)
		return differ(run, "the space grew, though a hole is twice as "
				   "large as needed");
	if (most < model->growth)
		most = model->growth;
	if (spare == 0 ? bytes != model_growth(model, size) :
	    bytes % MEMS_PAGE_SIZE != 0 || bytes > most)
		return differ(run, "the space grew by a wrong length");
	model_extend(model, bytes);
	return true;
}

/* The space refused. Was there really no room? */
static bool follow_refusal(struct run *run, int error, uint64_t size,
			   uint64_t spare)
{
	struct model *model = run->model;

	if (error != ENOMEM)
		return differ(run, "errno is not ENOMEM");
	if (model_first_hole(model, size + spare) != NULL)
		return differ(run, "ENOMEM, though a hole is large enough");
	if (model_growth(model, size + spare) != 0)
		return differ(run, "ENOMEM, though the space can grow");
	return follow_shrinking(run);
}

/*
 * The operations
 */

/* The space gave `va` for `size` bytes, or NONE; do the same to the model. */
static struct model_segment *follow_allocation(struct run *run, mems_va va,
					       int error, uint64_t size,
					       uint64_t spare)
{
	struct model *model = run->model;
	struct model_segment *block;

	if (va == MEMS_VA_NONE) {
		follow_refusal(run, error, size, spare);
		return NULL;
	}
	if (run->config->policy == MEMS_FIRST_FIT && spare == 0) {
		block = model_alloc(model, size);
		if (block == NULL)
			differ(run, "an address, though there is no room");
		else if (block->va != va)
			differ(run, "not the address of first fit");
		else if (run->space->limit != model->mapped)
			differ(run, "the space grew by a wrong length");
	} else {
		if (!follow_growing(run, size, spare))
			return NULL;
		block = model_place(model, va, size);
		if (block == NULL)
			differ(run, "an address that was not free");
		else if (spare == 0 && block->previous != NULL &&
			 !block->previous->process)
			differ(run, "not the front of a hole");
		else if ((va - MEMS_VA_FIRST) % run->config->granule != 0)
			differ(run, "not an address of this granule");
	}
	return run->wrong == NULL ? block : NULL;
}

static uint64_t random_size(struct run *run)
{
	if (rng_below(&run->rng, 1000) == 0)
		return rng_size(&run->rng, 4096, 400000);
	if (run->config->granule == 4096)
		return rng_size(&run->rng, 1, 12000);
	return rng_size(&run->rng, 1, 2000);
}

static void allocate(struct run *run)
{
	struct model_segment *block;

	run->call = "alloc";
	run->size = random_size(run);
	run->va = mems_space_alloc(run->space, (size_t)run->size);
	block = follow_allocation(run, run->va, errno,
				  model_round(run->model, run->size), 0);
	if (block != NULL)
		fill_block(run, block);
}

static void allocate_zeroed(struct run *run)
{
	uint64_t count = 1 + rng_below(&run->rng, 20);
	struct model_segment *block;

	run->call = "calloc";
	run->size = count * (1 + random_size(run) / count);
	run->va = mems_space_calloc(run->space, (size_t)count,
				    (size_t)(run->size / count));
	block = follow_allocation(run, run->va, errno,
				  model_round(run->model, run->size), 0);
	if (block == NULL)
		return;
	if (!is_zero(mems_space_get(run->space, run->va), run->size))
		differ(run, "not all bytes are 0");
	fill_block(run, block);
}

static void allocate_aligned(struct run *run)
{
	uint64_t alignment = UINT64_C(1) << rng_below(&run->rng, 14);
	uint64_t granule = run->config->granule;
	/* Up to here every address is aligned, wherever the memory lies. */
	uint64_t given = granule < 16 ? granule : 16;
	struct model_segment *block;

	run->call = "aligned_alloc";
	run->size = random_size(run);
	run->alignment = alignment;
	run->va = mems_space_aligned_alloc(run->space, (size_t)alignment,
					   (size_t)run->size);
	block = follow_allocation(run, run->va, errno,
				  model_round(run->model, run->size),
				  alignment > given ? alignment : 0);
	if (block == NULL)
		return;
	if ((uintptr_t)mems_space_get(run->space, run->va) % alignment != 0)
		differ(run, "the memory is not aligned");
	if ((run->va - MEMS_VA_FIRST) % granule != 0)
		differ(run, "not an address of this granule");
	fill_block(run, block);
}

static struct model_segment *any_block(struct run *run)
{
	struct model *model = run->model;

	return model->live[rng_below(&run->rng, model->blocks)];
}

static void free_block(struct run *run)
{
	struct model_segment *block = any_block(run);

	run->call = "free";
	run->va = block->va;
	run->size = block->size;
	if (!is_filled(mems_space_get(run->space, block->va), block->size,
		       block->tag, block->size))
		differ(run, "the block has lost its contents");
	if (mems_space_free(run->space, block->va) != 0)
		differ(run, "a live block cannot be freed");
	run->freed[rng_below(&run->rng, FREED)] = block->va;
	model_free(run->model, block);
	follow_shrinking(run);
}

/*
 * Grown in place by making the space longer: open to a block at the end of a
 * space with growth.
 */
static bool follow_longer_end(struct run *run, struct model_segment *block,
			      uint64_t size)
{
	struct model *model = run->model;
	uint64_t tail = model_tail(model);
	uint64_t bytes = run->space->limit - model->mapped;

	if (run->config->growth == 0 ||
	    block->va + block->size + tail != MEMS_VA_FIRST + model->mapped ||
	    run->space->limit < model->mapped ||
	    bytes != model_growth(model, size - block->size))
		return differ(run, "in place, though there is no room");
	model_extend(model, bytes);
	model_resize_in_place(model, block, size);
	return true;
}

/*
 * A block moved: a new one was made, then the old one freed. What the first
 * made longer the second may have made shorter, so the break tells no more
 * where the new one was made.
 */
static void follow_move(struct run *run, struct model_segment *block,
			uint64_t size)
{
	struct model *model = run->model;
	struct model_segment *moved, *hole = model_at(model, run->va);

	if (run->config->policy == MEMS_FIRST_FIT) {
		moved = model_alloc(model, size);
	} else {
		if (hole == NULL || hole->va + hole->size - run->va < size)
			model_extend(model, model_growth(model, size));
		moved = model_place(model, run->va, size);
	}
	if (moved == NULL || moved->va != run->va) {
		differ(run, "moved to an address that is not right");
		return;
	}
	moved->tag = block->tag;
	model_free(model, block);
	follow_shrinking(run);
}

static void resize_block(struct run *run)
{
	struct model_segment *block = any_block(run);
	uint64_t old_size = block->size, tag = block->tag;
	uint64_t asked, size;
	mems_va va;

	/* Often a size near the old one, so that in place is likely. */
	asked = rng_below(&run->rng, 2) ? random_size(run) :
		1 + rng_below(&run->rng, 2 * old_size);
	size = model_round(run->model, asked);
	run->call = "resize";
	run->va = block->va;
	run->size = asked;
	va = mems_space_resize(run->space, block->va, (size_t)asked);
	if (model_fits_in_place(block, size)) {
		if (va != block->va) {
			differ(run, "not in place, though there is room");
			return;
		}
		model_resize_in_place(run->model, block, size);
		follow_shrinking(run);
	} else if (va == block->va) {
		if (!follow_longer_end(run, block, size))
			return;
	} else if (va == MEMS_VA_NONE) {
		follow_refusal(run, errno, size, 0);
		return;
	} else {
		run->va = va;
		follow_move(run, block, size);
	}
	if (run->wrong != NULL)
		return;
	block = model_at(run->model, va);
	if (!is_filled(mems_space_get(run->space, va),
		       old_size < size ? old_size : size, tag, old_size))
		differ(run, "the block has lost its contents");
	fill_block(run, block);
}

/* An address at which no live block begins. */
static mems_va wrong_address(struct run *run)
{
	struct model *model = run->model;
	struct model_segment *segment;
	mems_va va;

	switch (rng_below(&run->rng, 6)) {
	case 0:	/* never given: below the space, or anywhere */
		va = 1 + rng_below(&run->rng, MEMS_VA_FIRST - 1);
		break;
	case 1:	/* past the break */
		va = MEMS_VA_FIRST + model->mapped +
		     rng_below(&run->rng, 100000);
		break;
	case 2:
		va = rng_next(&run->rng);
		break;
	case 3:	/* freed already */
		va = run->freed[rng_below(&run->rng, FREED)];
		break;
	case 4:	/* the inside of a block, or of a hole */
		va = MEMS_VA_FIRST + rng_below(&run->rng, model->mapped + 1);
		break;
	default: /* the start of a hole */
		segment = model_first_hole(model, random_size(run));
		va = segment != NULL ? segment->va : 1;
		break;
	}
	segment = model_at(model, va);
	if (segment != NULL && segment->process && segment->va == va)
		va = segment->size > 1 ? va + 1 : 1;
	return va != MEMS_VA_NONE ? va : 1;
}

static void use_wrong_address(struct run *run)
{
	mems_va va = wrong_address(run);

	run->call = "a call with a wrong address";
	run->va = va;
	if (mems_space_free(run->space, va) != -EINVAL)
		differ(run, "free does not answer EINVAL");
	errno = 0;
	if (mems_space_resize(run->space, va, 100) != MEMS_VA_NONE ||
	    errno != EINVAL)
		differ(run, "resize does not answer EINVAL");
	errno = 0;
	if (mems_space_usable_size(run->space, va) != 0 || errno != EINVAL)
		differ(run, "usable_size does not answer EINVAL");
	if (run->space->limit != run->model->mapped)
		differ(run, "the break has moved");
}

static void use_right_address(struct run *run)
{
	struct model_segment *block = any_block(run);
	uint64_t at = rng_below(&run->rng, block->size);

	run->call = "usable_size, contains and va";
	run->va = block->va;
	run->size = block->size;
	if (mems_space_usable_size(run->space, block->va) != block->size)
		differ(run, "not the usable size");
	if (mems_space_contains(run->space, block->va + at) != 1)
		differ(run, "the space does not contain its block");
	if (mems_space_va(run->space,
			  mems_space_get(run->space, block->va + at)) !=
	    block->va + at)
		differ(run, "va does not lead back");
}

static void trim(struct run *run, bool defrag)
{
	uint64_t returned = UINT64_MAX;
	int rc;

	run->call = defrag ? "defrag" : "trim";
	rc = defrag ? mems_space_defrag(run->space, &returned) :
		      mems_space_trim(run->space, &returned);
	if (rc != 0)
		differ(run, "it does not return 0");
	if (returned > run->model->maximum)
		differ(run, "it returned more than there is");
	follow_shrinking(run);
	if (model_tail(run->model) >= run->slack)
		differ(run, "it kept the end of the space");
}

static void operate(struct run *run)
{
	uint64_t dice = rng_below(&run->rng, 1000);
	size_t blocks = run->model->blocks;

	run->va = run->size = run->alignment = 0;
	if (dice == 0)
		trim(run, false);
	else if (dice == 1)
		trim(run, true);
	else if (dice < 15)
		use_wrong_address(run);
	else if (dice < 35)
		allocate_aligned(run);
	else if (dice < 55)
		allocate_zeroed(run);
	else if (dice < 115 && blocks != 0)
		resize_block(run);
	else if (dice < 130 && blocks != 0)
		use_right_address(run);
	else if (blocks != 0 &&
		 rng_below(&run->rng, 4) < (blocks > run->target ? 3 : 1))
		free_block(run);
	else
		allocate(run);
}

/* Free all that is left: nothing may stay used. */
static void drain(struct run *run)
{
	while (run->wrong == NULL && run->model->blocks != 0)
		free_block(run);
	if (run->wrong == NULL) {
		run->call = "the end";
		run->wrong = compare_all(run->space, run->model);
	}
}

static mems_space *create(const struct config *config, void **memory)
{
	struct mems_space_options options = MEMS_SPACE_OPTIONS;

	options.policy = config->policy;
	options.granule = config->granule;
	options.growth = config->growth;
	options.maximum = config->maximum;
	*memory = NULL;
	if (config->borrowed) {
		/* Somewhere inside, to be no page's neighbour by chance. */
		*memory = malloc(2 * config->maximum);
		options.memory = (void *)(((uintptr_t)*memory + 31) / 16 * 16);
		options.memory_size = 2 * config->maximum - 32;
	}
	return mems_space_create(&options);
}

/* Returns the operations done; the result is one check if `quiet` is false. */
static void play(const struct config *config, struct rng rng,
		 uint64_t operations, uint64_t every, bool *passed)
{
	size_t page = page_size();
	struct run run = { .config = config, .rng = rng };
	uint64_t done = 0;
	void *memory;

	run.slack = page > MEMS_PAGE_SIZE ? page : MEMS_PAGE_SIZE;
	run.space = create(config, &memory);
	if (run.space == NULL) {
		diag("mems_space_create: %s", strerror(errno));
		free(memory);
		*passed = false;
		return;
	}
	run.model = model_create(config->granule, config->growth,
				 config->maximum);
	while (run.wrong == NULL && done < operations) {
		if (done % 4096 == 0)
			run.target = rng_below(&run.rng, 400);
		operate(&run);
		done++;
		if (run.wrong == NULL && done % every == 0)
			run.wrong = compare_all(run.space, run.model);
	}
	if (run.wrong == NULL)
		drain(&run);
	*passed = run.wrong == NULL;
	if (!*passed)
		diag("operation %" PRIu64 ", %s (address %" PRIu64 ", size %"
		     PRIu64 ", alignment %" PRIu64 "): %s", done, run.call,
		     run.va, run.size, run.alignment, run.wrong);
	model_destroy(run.model);
	if (mems_space_destroy(run.space) != 0)
		*passed = false;
	free(memory);
}

static const uint32_t granules[] = { 1, 8, 16, 4096 };
static const uint64_t growths[] = { 0, 65536, 1 << 20 };
/* The first is soon full, and is no multiple of the growth. */
static const uint64_t maxima[] = { 40 * MEMS_PAGE_SIZE, 16 << 20 };

#define CONFIGS (2 * 4 * 3 * 2)

/* Configuration `number`; every third one lives in borrowed memory. */
static struct config config_make(uint64_t number)
{
	struct config config = { .borrowed = number % 3 == 2 };

	number %= CONFIGS;
	config.policy = number % 2 ? MEMS_GOOD_FIT : MEMS_FIRST_FIT;
	config.granule = granules[number / 2 % 4];
	config.growth = growths[number / 8 % 3];
	config.maximum = maxima[number / 24];
	return config;
}

static bool play_number(uint64_t seed, uint64_t number, uint64_t operations,
			uint64_t every)
{
	struct config config = config_make(number);
	bool passed;

	play(&config, rng_make(seed, number), operations, every, &passed);
	return passed;
}

static void test(uint64_t seed)
{
	uint64_t operations = test_scaled(100000);

	for (uint64_t number = 0; number < CONFIGS; number++) {
		struct config config = config_make(number);

		ok(play_number(seed, number, operations, 1000),
		   "%s fit, granule %" PRIu32 ", growth %" PRIu64
		   ", maximum %" PRIu64 "%s: the model agrees for %" PRIu64
		   " operations",
		   config.policy == MEMS_FIRST_FIT ? "first" : "good",
		   config.granule, config.growth, config.maximum,
		   config.borrowed ? ", borrowed memory" : "", operations);
	}
}

static void soak(uint64_t seed, uint64_t operations)
{
	const uint64_t each = 1000000;
	time_t start = time(NULL), told = start;
	bool passed = true;
	uint64_t done = 0;

	for (uint64_t number = 0; passed && done < operations; number++) {
		passed = play_number(seed, number, each, 20000);
		done += each;
		if (time(NULL) - told >= 60) {
			told = time(NULL);
			diag("%.3g operations in %ld s", (double)done,
			     (long)(told - start));
		}
	}
	ok(passed, "the model agrees for %.4g operations in %ld s",
	   (double)done, (long)(time(NULL) - start));
}

int main(int argc, char **argv)
{
	uint64_t seed = test_seed();

	if (argc > 1)
		soak(seed, (uint64_t)strtod(argv[1], NULL));
	else
		test(seed);
	return done_testing();
}
