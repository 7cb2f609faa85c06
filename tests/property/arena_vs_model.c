/*
 * Arenas beside a model, in long random runs.
 *
 * Arenas of all lifetimes, in heaps and in spaces, with and without a cap, are
 * made and ended, with children; all calls are made of them. The model is the
 * list of live blocks with what they hold, of marks, and of what is to be
 * called. No two blocks meet, none loses a byte, each is found by its
 * reference and none by that of one that has ended, cleanups are called in
 * their order, and at the end no memory is missing.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>

#include "api/arena.h"
#include "random.h"
#include "tap.h"

#define ARENAS 24
#define LIVE 400	/* blocks of one arena */
#define MARKS 8
#define CLEANUPS 40

struct block {
	unsigned char *memory;
	size_t size;
	uint64_t id;
	mems_arena_ref ref;
};

struct mark {
	mems_arena_mark mark;
	size_t blocks;		/* how many there were */
	uint64_t born;
};

struct arena {
	mems_arena *arena;	/* NULL: there is none */
	const struct place *place;
	struct arena *parent;
	int lifetime;
	bool shared;
	uint64_t cap, born;
	struct block blocks[LIVE];	/* bumped: oldest first */
	size_t count;
	struct mark marks[MARKS];
	size_t mark_count;
	uint64_t cleanups[CLEANUPS];	/* their numbers */
	size_t cleanup_count;
	mems_arena_ref stale[4];	/* of blocks that have ended */
	size_t stale_count;
};

static struct arena arenas[ARENAS];
static struct place places[PLACES];
static uint64_t births;		/* of arenas, marks: each has a number */

/* ----------------------------------------------------------------- cleanups */

/* What should be called next, as numbers; what is called is compared. */
static uint64_t expected[ARENAS * (CLEANUPS + 1)], numbers;
static size_t expected_count, called;
static bool called_wrong;

static void call(void *arg)
{
	const uint64_t *number = arg;

	if (called >= expected_count || expected[called] != *number)
		called_wrong = true;
	called++;
}

static bool calls_were_right(void)
{
	bool right = !called_wrong && called == expected_count;

	if (!right)
		diag("%d of %d cleanups were called%s", (int)called,
		     (int)expected_count, called_wrong ? ", others" : "");
	expected_count = called = 0;
	called_wrong = false;
	return right;
}

/* --------------------------------------------------- what the model forgets */

static void end_in_model(struct arena *arena);

/* Children and cleanups are one list: what is younger goes first. */
static void end_since(struct arena *arena, uint64_t born)
{
	for (;;) {
		struct arena *child = NULL;
		uint64_t cleanup = 0;

		for (int i = 0; i < ARENAS; i++)
			if (arenas[i].arena != NULL &&
			    arenas[i].parent == arena &&
			    arenas[i].born > born &&
			    (child == NULL || arenas[i].born > child->born))
				child = &arenas[i];
		if (arena->cleanup_count > 0)
			cleanup = arena->cleanups[arena->cleanup_count - 1];
		if (cleanup > born &&
		    (child == NULL || cleanup > child->born)) {
			expected[expected_count++] = cleanup;
			arena->cleanup_count--;
		} else if (child != NULL) {
			end_in_model(child);
		} else {
			return;
		}
	}
}

static void end_in_model(struct arena *arena)
{
	end_since(arena, 0);
	arena->arena = NULL;
}

static void forget_block(struct arena *arena, size_t i)
{
	arena->stale[arena->stale_count++ % 4] = arena->blocks[i].ref;
}

/* ----------------------------------------------------------------- contents */

static unsigned char byte_of(uint64_t id, size_t i)
{
	return (unsigned char)((id + i / 8) * UINT64_C(0x9e3779b97f4a7c15) >>
			       (i % 8 * 8));
}

static void fill(const struct block *block)
{
	for (size_t i = 0; i < block->size; i++)
		block->memory[i] = byte_of(block->id, i);
}

static bool holds(const struct block *block)
{
	for (size_t i = 0; i < block->size; i++)
		if (block->memory[i] != byte_of(block->id, i))
			return false;
	return true;
}

/* --------------------------------------------------------------- operations */

static size_t random_size(struct rng *rng)
{
	if (rng_below(rng, 100) == 0)
		return (size_t)rng_size(rng, 1000, 60000);
	return (size_t)rng_size(rng, 1, 700);
}

static bool broken(const struct arena *arena, const char *what)
{
	diag("arena %d, %s in %s%s%s: %s", (int)(arena - arenas),
	     lifetime_names[arena->lifetime], arena->place->name,
	     arena->shared ? ", shared" : "", arena->cap > 0 ? ", capped" : "",
	     what);
	return false;
}

static bool make_arena(struct arena *arena, struct rng *rng)
{
	struct mems_arena_options options;
	struct arena *parent = &arenas[rng_below(rng, ARENAS)];

	arena->place = &places[rng_below(rng, PLACES)];
	arena->lifetime = (int)rng_below(rng, LIFETIMES);
	options = options_of(arena->place, arena->lifetime);
	arena->shared = rng_below(rng, 4) == 0;
	options.flags = arena->shared ? MEMS_ARENA_SHARED : 0;
	arena->cap = rng_below(rng, 3) == 0 ? rng_size(rng, 100, 100000) : 0;
	options.cap = arena->cap;
	if (arena->lifetime != MEMS_INTERMEDIATE && rng_below(rng, 2) == 0)
		options.first = (uint32_t)(arena->cap > 0 ?
				rng_below(rng, arena->cap + 1) :
				rng_size(rng, 1, 20000));
	arena->parent = NULL;
	if (parent->arena != NULL && parent != arena &&
	    rng_below(rng, 2) == 0) {
		arena->parent = parent;
		options.parent = parent->arena;
		/* A child that says nothing else lies beside its parent. */
		if (options.space == NULL && options.heap == NULL)
			arena->place = parent->place;
	}
	arena->arena = mems_arena_create(&options);
	arena->born = ++births;
	arena->count = arena->mark_count = arena->cleanup_count = 0;
	arena->stale_count = 0;
	return arena->arena != NULL || broken(arena, "it is not made");
}

/* A new block, by any of the calls that make one. */
static bool make_block(struct arena *arena, struct rng *rng)
{
	struct block *block = &arena->blocks[arena->count];
	size_t size = random_size(rng), align = 16;
	char *text;

	errno = 0;
	block->id = rng_next(rng);
	switch (rng_below(rng, 6)) {
	case 0:
		block->memory = mems_arena_calloc(arena->arena, 1, size);
		if (block->memory != NULL &&
		    !is_full_of(block->memory, 0, size))
			return broken(arena, "calloc gives no zeros");
		break;
	case 1:
		align = (size_t)1 << rng_below(rng, 17);
		block->memory = mems_arena_aligned_alloc(arena->arena, align,
							 size);
		break;
	case 2:
		block->memory = mems_arena_alloc_inline(arena->arena, size);
		break;
	case 3:
		text = mems_arena_printf(arena->arena, "%*d", (int)size, 7);
		if (text != NULL && (strlen(text) != size ||
				     text[size - 1] != '7'))
			return broken(arena, "another text is printed");
		block->memory = (unsigned char *)text;
		size++;
		break;
	default:
		block->memory = mems_arena_alloc(arena->arena, size);
		break;
	}
	if (block->memory == NULL)
		return (errno == ENOMEM && arena->cap > 0) ||
		       broken(arena, "there is no block");
	if (!is_aligned(block->memory, 16) || !is_aligned(block->memory, align))
		return broken(arena, "a block is not aligned");
	block->size = size;
	block->ref = mems_arena_refer(arena->arena, block->memory);
	fill(block);
	arena->count++;
	return true;
}

/* What is freed of a bumped arena stays where it is, but for the last. */
static bool free_block(struct arena *arena, struct rng *rng)
{
	size_t i = (size_t)rng_below(rng, arena->count);
	struct block *block = &arena->blocks[i];
	bool told = rng_below(rng, 2) == 0;

	if (!holds(block))
		return broken(arena, "a block lost its bytes");
	/* Then it may be the last one, which marks could lie behind. */
	if (told && arena->lifetime == MEMS_TRANSIENT) {
		if (arena->mark_count > 0)
			told = false;
		else
			i = arena->count - 1, block = &arena->blocks[i];
	}
	if ((told ? mems_arena_free_sized(arena->arena, block->memory,
					  block->size) :
		    mems_arena_free(arena->arena, block->memory)) != 0)
		return broken(arena, "a block is not freed");
	if (arena->lifetime != MEMS_INTERMEDIATE) {
		/* It is a block no more, whether or not its place is free. */
		memmove(block, block + 1,
			(arena->count - i - 1) * sizeof(*block));
		for (size_t n = 0; n < arena->mark_count; n++)
			if (arena->marks[n].blocks > i)
				arena->marks[n].blocks--;
		arena->count--;
		return true;
	}
	if (mems_arena_free(arena->arena, block->memory) != -EINVAL)
		return broken(arena, "a block is freed twice");
	if (mems_arena_find(arena->arena, block->ref) != NULL)
		return broken(arena, "a freed block is found");
	*block = arena->blocks[--arena->count];
	return true;
}

static bool reset(struct arena *arena)
{
	for (size_t i = 0; i < arena->count; i++)
		forget_block(arena, i);
	end_since(arena, 0);
	arena->count = arena->mark_count = 0;
	if (mems_arena_reset(arena->arena) != 0 || !calls_were_right())
		return broken(arena, "the reset");
	if (arena_stats(arena->arena).used != 0)
		return broken(arena, "something is in use after a reset");
	return true;
}

static bool save(struct arena *arena)
{
	mems_arena_mark mark = mems_arena_save(arena->arena);

	if (arena->shared || arena->lifetime == MEMS_INTERMEDIATE)
		return mark.generation == 0 || broken(arena, "it has marks");
	if (arena->mark_count < MARKS)
		arena->marks[arena->mark_count++] = (struct mark){
			mark, arena->count, ++births };
	return true;
}

static bool rewind_to(struct arena *arena, struct rng *rng)
{
	struct mark *mark;
	size_t i;

	if (arena->mark_count == 0)
		return true;
	i = (size_t)rng_below(rng, arena->mark_count);
	mark = &arena->marks[i];
	for (size_t n = mark->blocks; n < arena->count; n++)
		forget_block(arena, n);
	end_since(arena, mark->born);
	if (mems_arena_rewind(arena->arena, mark->mark) != 0 ||
	    !calls_were_right())
		return broken(arena, "the rewind");
	arena->count = mark->blocks;
	/* A reference is good until the next rewind. */
	for (size_t n = 0; n < arena->count; n++)
		arena->blocks[n].ref = mems_arena_refer(arena->arena,
				arena->blocks[n].memory);
	arena->mark_count = i + 1;
	return true;
}

/* The number is in a block of the arena, which is there when it is called. */
static bool set_cleanup(struct arena *arena)
{
	uint64_t *number;

	if (arena->cleanup_count == CLEANUPS)
		return true;
	number = mems_arena_alloc(arena->arena, sizeof(*number));
	if (number == NULL)
		return arena->cap > 0 || broken(arena, "there is no block");
	*number = ++births;
	numbers++;
	if (mems_arena_cleanup(arena->arena, call, number) != 0)
		return broken(arena, "a cleanup is not set");
	arena->cleanups[arena->cleanup_count++] = *number;
	return true;
}

static bool destroy(struct arena *arena)
{
	mems_arena *handle = arena->arena;

	end_in_model(arena);
	if (mems_arena_destroy(handle) != 0 || !calls_were_right())
		return broken(arena, "the end");
	return true;
}

static bool attach(struct arena *arena)
{
	mems_va va = mems_arena_address(arena->arena);
	mems_arena *again;

	if (arena->place->space == NULL)
		return va == MEMS_VA_NONE || broken(arena, "an address");
	again = mems_arena_attach(arena->place->space, va);
	return (mems_arena_address(again) == va &&
		mems_arena_detach(again) == 0) ||
	       broken(arena, "it is not attached");
}

/* ---------------------------------------------------------------- comparing */

static int by_address(const void *a, const void *b)
{
	const struct block *x = *(const struct block *const *)a;
	const struct block *y = *(const struct block *const *)b;

	return x->memory < y->memory ? -1 : x->memory > y->memory;
}

/* All live blocks, of all arenas. */
static bool none_meet(void)
{
	static const struct block *all[ARENAS * LIVE];
	size_t count = 0;

	for (int i = 0; i < ARENAS; i++)
		for (size_t n = 0; arenas[i].arena != NULL &&
		     n < arenas[i].count; n++)
			all[count++] = &arenas[i].blocks[n];
	qsort(all, count, sizeof(*all), by_address);
	for (size_t i = 0; i < count; i++) {
		if (!holds(all[i])) {
			diag("a block lost its bytes");
			return false;
		}
		if (i + 1 < count && all[i]->memory + all[i]->size >
		    all[i + 1]->memory) {
			diag("two blocks meet");
			return false;
		}
	}
	return true;
}

/* A cap is rounded up as one block of its size would be. */
static uint64_t rounded_cap(const struct arena *arena)
{
	uint64_t step = 16;

	if (arena->lifetime == MEMS_INTERMEDIATE && arena->cap <= 1024)
		while (arena->cap > 16 * step)
			step *= 2;
	return (arena->cap + step - 1) / step * step;
}

static bool is_as_the_model(const struct arena *arena)
{
	struct mems_arena_stats stats = arena_stats(arena->arena);
	uint64_t bytes = 0, blocks = arena->count + arena->cleanup_count;

	for (size_t i = 0; i < arena->count; i++) {
		const struct block *block = &arena->blocks[i];

		bytes += block->size;
		if (mems_arena_contains(arena->arena, block->memory) != 1)
			return broken(arena, "it does not know a block");
		if (mems_arena_find(arena->arena, block->ref) != block->memory)
			return broken(arena, "a reference is not found");
	}
	for (size_t i = 0; i < 4 && i < arena->stale_count; i++)
		if (mems_arena_find(arena->arena, arena->stale[i]) != NULL)
			return broken(arena, "a stale reference is found");
	if (stats.used < bytes || stats.held < stats.used ||
	    stats.lifetime != (uint32_t)arena->lifetime ||
	    stats.cap != arena->cap)
		return broken(arena, "the counts are wrong");
	if (arena->lifetime == MEMS_INTERMEDIATE && stats.blocks != blocks)
		return broken(arena, "it has more or fewer blocks");
	if (arena->cap > 0 && stats.used > rounded_cap(arena))
		return broken(arena, "it is above its cap");
	return arena_is_sound(arena->arena);
}

static bool all_is_as_the_model(void)
{
	for (int i = 0; i < ARENAS; i++)
		if (arenas[i].arena != NULL && !is_as_the_model(&arenas[i]))
			return false;
	for (int i = 0; i < PLACES; i++)
		if (!place_is_sound(&places[i]))
			return false;
	return none_meet();
}

static bool step(struct rng *rng)
{
	struct arena *arena = &arenas[rng_below(rng, ARENAS)];

	if (arena->arena == NULL)
		return make_arena(arena, rng);
	switch (rng_below(rng, 1000)) {
	case 0: case 1:
		return destroy(arena);
	case 2: case 3: case 4:
		return reset(arena);
	case 5: case 6: case 7: case 8: case 9:
		return rewind_to(arena, rng);
	default:
		break;
	}
	switch (rng_below(rng, 60)) {
	case 0:
		return save(arena);
	case 1:
		return set_cleanup(arena);
	case 2:
		return attach(arena);
	default:
		break;
	}
	if (arena->count > 0 && (arena->count == LIVE ||
				 rng_below(rng, 100) < 40))
		return free_block(arena, rng);
	return make_block(arena, rng);
}

int main(void)
{
	uint64_t seed = test_seed(), rounds = test_scaled(2000000), round;
	struct rng rng = rng_make(seed, 0);
	uint64_t before[PLACES];
	bool right = true;

	places_make(places);
	for (int i = 0; i < PLACES; i++)
		before[i] = place_used(&places[i]);
	for (round = 0; right && round < rounds; round++) {
		right = step(&rng);
		if (round % 997 == 0)
			right = right && all_is_as_the_model();
	}
	ok(right && all_is_as_the_model(), "%d arenas: all as the model "
	   "(round %d)", ARENAS, (int)round);
	ok(rounds < 10000 || numbers > 1000, "%d cleanups were set",
	   (int)numbers);
	for (int i = 0; i < ARENAS; i++)
		if (arenas[i].arena != NULL)
			right = destroy(&arenas[i]) && right;
	ok(right, "all end, and clean up in order");
	for (int i = 0; i < PLACES; i++) {
		is(place_used(&places[i]), before[i], "%s: nothing is left",
		   places[i].name);
		ok(place_is_sound(&places[i]), "%s: and it is sound",
		   places[i].name);
	}
	places_end(places);
	return done_testing();
}
