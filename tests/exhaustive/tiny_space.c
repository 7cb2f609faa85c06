/*
 * Every sequence of operations up to a small depth, on a space of two pages,
 * with the model beside it: what random sequences might miss, these cannot.
 *
 * An operation is: allocate 1, 2 or 3 granules, free any live block, or resize
 * any live block to 1, 2 or 3 granules. A sequence is a path of numbers, each
 * the choice made among those the model then allows; the paths are counted
 * through like an odometer, and each is played from a new space.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <mems.h>

#include "property/compare.h"
#include "property/model.h"
#include "random.h"
#include "tap.h"

#define MAXIMUM (2 * MEMS_PAGE_SIZE)
#define SIZES 3
#define DEPTH_MAX 8

struct config {
	enum mems_policy policy;
	uint32_t granule;
	uint64_t growth;
	unsigned depth;
};

/* The memory of the spaces: borrowed, so that making one costs little. */
static unsigned char memory[64 << 10];

static mems_space *space;
static struct model *model;
static const char *wrong;
static unsigned path[DEPTH_MAX];

static mems_space *create(const struct config *config)
{
	struct mems_space_options options = MEMS_SPACE_OPTIONS;

	options.policy = config->policy;
	options.granule = config->granule;
	options.growth = config->growth;
	options.maximum = MAXIMUM;
	options.memory = (void *)(((uintptr_t)memory + 15) / 16 * 16);
	options.memory_size = sizeof(memory) - 16;
	return mems_space_create(&options);
}

/* Each live block has 1 + SIZES choices, its free and its resizes. */
static unsigned choices(void)
{
	return SIZES + (unsigned)model->blocks * (1 + SIZES);
}

static void follow_shrinking(const struct config *config)
{
	if (space->limit == model->mapped)
		return;
	if (config->growth == 0 || space->limit > model->mapped ||
	    !model_give_back(model, space->limit))
		wrong = "the break is not where it should be";
}

/* The space answered an allocation with `va`; NULL if that was NONE. */
static struct model_segment *follow(const struct config *config, mems_va va,
				    uint64_t size)
{
	struct model_segment *hole = model_first_hole(model, size);
	struct model_segment *block;

	if (va == MEMS_VA_NONE) {
		if (errno != ENOMEM || hole != NULL ||
		    model_growth(model, size) != 0)
			wrong = "refused, though there is room";
		return NULL;
	}
	if (config->policy == MEMS_FIRST_FIT || hole == NULL) {
		block = model_alloc(model, size);
		if (block == NULL || block->va != va)
			wrong = "not the address of first fit";
		return block;
	}
	/* Good fit may take another hole, or the end. */
	if (space->limit > model->mapped)
		model_extend(model, space->limit - model->mapped);
	block = model_place(model, va, size);
	if (block == NULL)
		wrong = "an address that was not free";
	return block;
}

static void resize(const struct config *config, struct model_segment *block,
		   uint64_t size)
{
	mems_va va = mems_space_resize(space, block->va, (size_t)size);

	if (model_fits_in_place(block, size)) {
		if (va != block->va)
			wrong = "not in place, though there is room";
		else
			model_resize_in_place(model, block, size);
	} else if (va == block->va) {
		uint64_t bytes = space->limit - model->mapped;

		if (config->growth == 0 || space->limit < model->mapped ||
		    bytes != model_growth(model, size - block->size)) {
			wrong = "in place, though there is no room";
			return;
		}
		model_extend(model, bytes);
		if (!model_fits_in_place(block, size)) {
			wrong = "in place, though not at the end";
			return;
		}
		model_resize_in_place(model, block, size);
	} else if (follow(config, va, size) != NULL && wrong == NULL) {
		model_free(model, block);
	}
}

static void step(const struct config *config, unsigned choice)
{
	struct model_segment *block;
	uint64_t size;

	if (choice < SIZES) {
		size = (uint64_t)(choice + 1) * config->granule;
		follow(config, mems_space_alloc(space, (size_t)size), size);
	} else {
		block = model->live[(choice - SIZES) / (1 + SIZES)];
		size = (choice - SIZES) % (1 + SIZES) * config->granule;
		if (size != 0) {
			resize(config, block, size);
		} else {
			if (mems_space_free(space, block->va) != 0)
				wrong = "a live block cannot be freed";
			model_free(model, block);
		}
	}
	if (wrong == NULL)
		follow_shrinking(config);
}

static void tell_path(const struct config *config, unsigned depth)
{
	diag("%s", wrong);
	for (unsigned i = 0; i <= depth; i++)
		diag("  step %u: choice %u", i, path[i]);
	diag("(choice 0-%d: allocate 1-%d granules of %" PRIu32 "; then for "
	     "each block free, resize to 1-%d)", SIZES - 1, SIZES,
	     config->granule, SIZES);
}

/*
 * Play the path; what comes before `fresh` was compared when it was last the
 * end of another path. Fills in how many choices each step had.
 */
static bool play(const struct config *config, unsigned fresh,
		 unsigned counts[DEPTH_MAX])
{
	unsigned depth = 0;

	wrong = NULL;
	space = create(config);
	if (space == NULL) {
		diag("mems_space_create: %s", strerror(errno));
		return false;
	}
	model = model_create(config->granule, config->growth, MAXIMUM);
	for (; depth < config->depth; depth++) {
		counts[depth] = choices();
		step(config, path[depth]);
		if (wrong == NULL && depth >= fresh)
			wrong = compare_all(space, model);
		if (wrong != NULL)
			break;
	}
	if (wrong != NULL)
		tell_path(config, depth);
	model_destroy(model);
	return mems_space_destroy(space) == 0 && wrong == NULL;
}

static bool play_all(const struct config *config, uint64_t *paths)
{
	unsigned counts[DEPTH_MAX];
	unsigned fresh = 0;

	memset(path, 0, sizeof(path));
	for (*paths = 1; play(config, fresh, counts); ++*paths) {
		fresh = config->depth;
		while (fresh > 0 && path[fresh - 1] + 1 == counts[fresh - 1])
			path[--fresh] = 0;
		if (fresh == 0)
			return true;
		path[--fresh]++;
	}
	return false;
}

int main(void)
{
	static const struct config configs[] = {
		{ MEMS_FIRST_FIT, 1024, 0, 5 },
		{ MEMS_FIRST_FIT, 2048, 0, 5 },
		{ MEMS_FIRST_FIT, 4096, 0, 6 },
		{ MEMS_FIRST_FIT, 1024, MEMS_PAGE_SIZE, 5 },
		{ MEMS_FIRST_FIT, 2048, 2 * MEMS_PAGE_SIZE, 5 },
		{ MEMS_GOOD_FIT, 1024, 0, 5 },
		{ MEMS_GOOD_FIT, 2048, MEMS_PAGE_SIZE, 5 },
		{ MEMS_GOOD_FIT, 4096, MEMS_PAGE_SIZE, 6 },
	};

	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
		struct config config = configs[i];
		uint64_t paths;
		bool agreed;

		/* Slow machines go one level less deep. */
		config.depth -= test_scaled(10) < 10;
		agreed = play_all(&config, &paths);
		ok(agreed, "%s fit, granule %" PRIu32 ", growth %" PRIu64
		   ": the model agrees on all %" PRIu64 " sequences of %u",
		   config.policy == MEMS_FIRST_FIT ? "first" : "good",
		   config.granule, config.growth, paths, config.depth);
	}
	return done_testing();
}
