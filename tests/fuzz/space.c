/*
 * Calls on a space, and on the model beside it: no address, segment, printed
 * byte or count may differ, and no block may lose its contents.
 */
#include <errno.h>

#include <mems.h>

#include "fuzz/fuzz.h"
#include "property/compare.h"
#include "property/model.h"

#define ROOTS 8

const char fuzz_name[] = "space";

static struct input in;
static struct mems_space_options options;
static mems_space *space;
static struct model *model;
static mems_va freed;			/* the last one */
static struct {
	bool set;
	mems_va va;
} roots[ROOTS];

static void on_soft_limit(mems_space *which, uint64_t used, void *arg)
{
	struct mems_space_stats stats = { .size = sizeof(stats) };

	must(which == space && arg == &space);
	must(used > options.soft_limit);
	must(mems_space_stats(space, &stats) == 0 && stats.used == used);
}

static bool begin(void)
{
	struct mems_space_stats stats = { .size = sizeof(stats) };
	uint8_t flags = take_byte(&in);

	options = (struct mems_space_options)MEMS_SPACE_OPTIONS;
	options.policy = flags & 1 ? MEMS_GOOD_FIT : MEMS_FIRST_FIT;
	options.growth = flags & 2 ? 0 :
			 (uint64_t)(take_byte(&in) % 64) * MEMS_PAGE_SIZE;
	options.granule = UINT32_C(1) << take_byte(&in) % 13;
	options.maximum = (uint64_t)(take_byte(&in) % 64 + 1) * MEMS_PAGE_SIZE;
	if (flags & 4) {
		options.hard_limit = (uint64_t)take_byte(&in) << 9;
		options.soft_limit = options.hard_limit / 2;
		options.on_soft_limit = on_soft_limit;
		options.arg = &space;
	}
	if (flags & 8) {
		options.memory = fuzz_region();
		options.memory_size = FUZZ_REGION;
		options.flags = flags & 16 ? MEMS_MEMORY_ZEROED : 0;
	}
	space = mems_space_create(&options);
	if (space == NULL) {
		must(errno == ENOMEM);
		return false;
	}
	must(mems_space_stats(space, &stats) == 0);
	model = model_create(options.granule, options.growth, stats.maximum);
	memset(roots, 0, sizeof(roots));
	freed = 1;
	return true;
}

/* ---------------------------------------------------- following the space */

static void *at(mems_va va)
{
	return mems_space_get(space, va);
}

static void fill(struct model_segment *block)
{
	block->tag = model->allocations;
	fuzz_fill(at(block->va), (size_t)block->size, block->tag);
}

static bool holds(const struct model_segment *block)
{
	return fuzz_holds(at(block->va), (size_t)block->size, block->tag);
}

/* With growth the space may give back what lies behind its last block. */
static void follow_break(void)
{
	if (space->limit == model->mapped)
		return;
	must(options.growth > 0 && space->limit < model->mapped);
	must(model_give_back(model, space->limit));
}

static bool is_above_limit(uint64_t size)
{
	return options.hard_limit > 0 &&
	       model->used + size > options.hard_limit;
}

/* Was it right to refuse? `size` is rounded; 0: more than there can be. */
static void follow_refusal(uint64_t size, uint64_t spare)
{
	must(errno == ENOMEM);
	must(size == 0 || is_above_limit(size) ||
	     (model_first_hole(model, size + spare) == NULL &&
	      model_growth(model, size + spare) == 0));
	follow_break();
}

/* `spare` bytes more may have been looked for, for an alignment. */
static struct model_segment *follow(mems_va va, uint64_t size, uint64_t spare)
{
	struct model_segment *block;

	if (va == MEMS_VA_NONE) {
		follow_refusal(size, spare);
		return NULL;
	}
	must(size > 0 && !is_above_limit(size));
	if (options.policy == MEMS_FIRST_FIT && spare == 0) {
		block = model_alloc(model, size);
	} else {
		if (space->limit > model->mapped)
			model_extend(model, space->limit - model->mapped);
		block = model_place(model, va, size);
	}
	must(block != NULL && block->va == va);
	must(space->limit == model->mapped && model->mapped <= model->maximum);
	return block;
}

/* -------------------------------------------------------------- the calls */

static struct model_segment *some_block(void)
{
	return model->blocks == 0 ? NULL :
	       model->live[take_byte(&in) % model->blocks];
}

static void allocate(void)
{
	size_t size = take_size(&in);
	struct model_segment *block;
	mems_va va = mems_space_alloc(space, size);

	if (size == 0) {
		must(va == MEMS_VA_NONE && errno == EINVAL);
		return;
	}
	block = follow(va, model_round(model, size), 0);
	if (block != NULL)
		fill(block);
}

static void allocate_huge(void)
{
	size_t size = take_huge(&in);

	must(mems_space_alloc(space, size) == MEMS_VA_NONE &&
	     errno == ENOMEM);
	must(mems_space_calloc(space, size, 32) == MEMS_VA_NONE &&
	     errno == ENOMEM);
	follow_break();
}

static void allocate_zeroed(void)
{
	size_t count = take_byte(&in) % 32, size = take_size(&in);
	struct model_segment *block;
	mems_va va = mems_space_calloc(space, count, size);

	size *= count;
	if (size == 0) {
		must(va == MEMS_VA_NONE && errno == EINVAL);
		return;
	}
	block = follow(va, model_round(model, size), 0);
	if (block == NULL)
		return;
	must(fuzz_is_full_of(at(va), size, 0));
	fill(block);
}

static void allocate_aligned(void)
{
	uint8_t byte = take_byte(&in);
	size_t alignment = byte < 128 ? (size_t)1 << byte % 18 : byte;
	size_t size = take_size(&in);
	/* Up to here every address is aligned, wherever the memory lies. */
	size_t given = options.granule < 16 ? options.granule : 16;
	struct model_segment *block;
	mems_va va = mems_space_aligned_alloc(space, alignment, size);

	if (size == 0 || (alignment & (alignment - 1)) != 0) {
		must(va == MEMS_VA_NONE && errno == EINVAL);
		return;
	}
	block = follow(va, model_round(model, size),
		       alignment > given ? alignment : 0);
	if (block == NULL)
		return;
	must((uintptr_t)at(va) % alignment == 0);
	fill(block);
}

static void free_block(void)
{
	struct model_segment *block = some_block();

	if (block == NULL)
		return;
	must(holds(block));
	freed = block->va;
	must(mems_space_free(space, freed) == 0);
	model_free(model, block);
	follow_break();
	must(mems_space_free(space, freed) == -EINVAL);
}

/* A new one was made, then the old one freed: the break tells no more. */
static void follow_move(struct model_segment *block, mems_va va, uint64_t size)
{
	struct model_segment *moved, *hole = model_at(model, va);

	if (options.policy == MEMS_FIRST_FIT) {
		moved = model_alloc(model, size);
	} else {
		if (hole == NULL || hole->va + hole->size - va < size)
			model_extend(model, model_growth(model, size));
		moved = model_place(model, va, size);
	}
	must(moved != NULL && moved->va == va);
	moved->tag = block->tag;
	model_free(model, block);
}

static void resize(void)
{
	struct model_segment *block = some_block();
	size_t asked = take_size(&in), old_size, least;
	uint64_t tag, size;
	mems_va va;

	if (block == NULL)
		return;
	must(holds(block));
	old_size = (size_t)block->size;
	tag = block->tag;
	va = mems_space_resize(space, block->va, asked);
	if (asked == 0) {
		must(va == MEMS_VA_NONE && errno == EINVAL);
		return;
	}
	size = model_round(model, asked);
	if (va == MEMS_VA_NONE) {
		must(size > block->size);
		must(is_above_limit(size - block->size) ||
		     !model_fits_in_place(block, size));
		follow_refusal(size, 0);
		return;
	}
	if (va == block->va) {
		if (!model_fits_in_place(block, size)) {
			must(options.growth > 0 &&
			     space->limit > model->mapped);
			model_extend(model, space->limit - model->mapped);
			must(model_fits_in_place(block, size));
		}
		model_resize_in_place(model, block, size);
	} else {
		must(!model_fits_in_place(block, size));
		follow_move(block, va, size);
	}
	follow_break();
	must(options.hard_limit == 0 || size <= old_size ||
	     model->used <= options.hard_limit);
	block = model_at(model, va);
	least = old_size < size ? old_size : (size_t)size;
	must(fuzz_is_full_of(at(va), least < FUZZ_EDGE ? least : FUZZ_EDGE,
			     (int)(tag & 255)));
	fill(block);
}

static mems_va some_address(void)
{
	uint8_t byte = take_byte(&in);
	const struct model_segment *block;

	if (byte < 64)
		return freed;
	if (byte < 128)
		return take_number(&in, 8);
	if (byte < 192)
		return MEMS_VA_FIRST + take_number(&in, 3);
	block = some_block();
	return block == NULL ? 0 : block->va + take_number(&in, 2);
}

static struct model_segment *live_at(mems_va va)
{
	struct model_segment *segment = model_at(model, va);

	return segment != NULL && segment->process ? segment : NULL;
}

static void use_any_address(void)
{
	mems_va va = some_address();
	struct model_segment *block = live_at(va);

	must(mems_space_contains(space, va) == (block != NULL));
	if (va - MEMS_VA_FIRST < model->mapped)
		must(mems_space_va(space, at(va)) == va);
	else
		must(at(va) == NULL);
	if (block != NULL && block->va == va) {
		must(mems_space_usable_size(space, va) == block->size);
		return;
	}
	must(mems_space_usable_size(space, va) == 0 && errno == EINVAL);
	must(va == MEMS_VA_NONE || mems_space_free(space, va) == -EINVAL);
	must(va == MEMS_VA_NONE ||
	     (mems_space_resize(space, va, 100) == MEMS_VA_NONE &&
	      errno == EINVAL));
}

static bool has(const struct model_segment *block, mems_va va, size_t length)
{
	return block != NULL && length <= block->size - (va - block->va);
}

/* The bytes may be those of a block whole or in part: it is filled anew. */
static void touch(void)
{
	static unsigned char buffer[65536];
	mems_va va = some_address(), to = some_address();
	size_t length = (size_t)take_number(&in, 2);
	struct model_segment *block = live_at(va), *other = live_at(to);
	int right = has(block, va, length) ? 0 : -EFAULT;

	must(mems_space_read(space, va, buffer, length) == right);
	must(right != 0 || memcmp(buffer, at(va), length) == 0);
	must(mems_space_write(space, va, buffer, length) == right);
	must(mems_space_fill(space, va, 7, length) == right);
	must(right != 0 || fuzz_is_full_of(at(va), length, 7));
	must(mems_space_copy(space, to, va, length) ==
	     (has(other, to, length) ? right : -EFAULT));
	must(mems_space_read(space, va, NULL, length) ==
	     (length > 0 ? -EINVAL : right));
	if (block != NULL)
		fill(block);
	if (other != NULL)
		fill(other);
}

static void name(void)
{
	uint8_t byte = take_byte(&in), i = byte % ROOTS;
	char text[60] = "a";
	mems_va va;

	text[0] = (char)(text[0] + i);
	errno = 0;
	va = mems_space_root_get(space, text);
	must(va == (roots[i].set ? roots[i].va : MEMS_VA_NONE));
	must(roots[i].set || errno == ENOENT);
	if (byte & 64) {
		must(mems_space_root_remove(space, text) ==
		     (roots[i].set ? 0 : -ENOENT));
		roots[i].set = false;
	} else {
		roots[i].va = take_number(&in, 2);
		roots[i].set = true;
		must(mems_space_root_set(space, text, roots[i].va) == 0);
	}
	memset(text, 'x', MEMS_ROOT_NAME_MAX + 1);
	text[0] = byte & 128 ? '\0' : 'x';
	must(mems_space_root_set(space, text, 1) == -EINVAL);
}

static void trim(bool defrag)
{
	uint64_t returned = 0;

	must((defrag ? mems_space_defrag(space, &returned) :
	      mems_space_trim(space, &returned)) == 0);
	follow_break();
}

static void limit(void)
{
	uint64_t soft = (uint64_t)take_byte(&in) << 9;
	uint64_t hard = (uint64_t)take_byte(&in) << 9;
	int rc = mems_space_limit(space, soft, hard, on_soft_limit, &space);

	must(rc == (hard > 0 && soft > hard ? -EINVAL : 0));
	if (rc != 0)
		return;
	options.soft_limit = soft;
	options.hard_limit = hard;
}

static void look(void)
{
	const char *wrong = compare_all(space, model);

	if (wrong != NULL)
		fuzz_fail(wrong, __FILE__, __LINE__);
	must(mems_space_json(space, fuzz_swallow, NULL) == 0);
	must(mems_space_draw(space, fuzz_swallow, NULL) == 0);
}

static void step(void)
{
	switch (take_byte(&in) % 20) {
	case 0: case 1: case 2: case 3: case 4:
		allocate();
		break;
	case 5: case 6: case 7: case 8:
		free_block();
		break;
	case 9: case 10: case 11:
		resize();
		break;
	case 12:
		allocate_aligned();
		break;
	case 13:
		allocate_zeroed();
		break;
	case 14:
		use_any_address();
		break;
	case 15:
		touch();
		break;
	case 16:
		name();
		break;
	case 17:
		trim(take_byte(&in) & 1);
		break;
	case 18:
		limit();
		break;
	default:
		allocate_huge();
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	in = (struct input){ data, size };
	if (!begin())
		return 0;
	while (in.left > 0)
		step();
	look();
	while (model->blocks > 0) {
		struct model_segment *block = model->live[0];

		must(holds(block));
		must(mems_space_free(space, block->va) == 0);
		model_free(model, block);
		follow_break();
	}
	must(mems_space_verify(space, NULL, 0) == 0);
	must(mems_space_destroy(space) == 0);
	model_destroy(model);
	return 0;
}
