/*
 * What a memory checker is told: this program has the calls of
 * AddressSanitizer, and keeps a byte for each byte of a piece of memory.
 */
#include <config.h>

#include "os/watch.h"

#include "tap.h"

#include <mems.h>

#include <errno.h>

#if defined __SANITIZE_ADDRESS__
#define HAVE_ASAN
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define HAVE_ASAN
#endif
#endif

#ifdef HAVE_ASAN

int main(void)
{
	skip("AddressSanitizer is here itself");
	return done_testing();
}

#else

#define SIZE ((size_t)1 << 20)

static char *memory;
static char forbidden[SIZE];

void __asan_poison_memory_region(void const volatile *at, size_t size);
void __asan_unpoison_memory_region(void const volatile *at, size_t size);
void *__asan_region_is_poisoned(void *at, size_t size);

static void mark(void const volatile *at, size_t size, char how)
{
	size_t first = (size_t)((char const volatile *)at - memory);

	for (size_t i = 0; i < size; i++)
		if (first + i < SIZE)
			forbidden[first + i] = how;
}

void __asan_poison_memory_region(void const volatile *at, size_t size)
{
	mark(at, size, 1);
}

void __asan_unpoison_memory_region(void const volatile *at, size_t size)
{
	mark(at, size, 0);
}

void *__asan_region_is_poisoned(void *at, size_t size)
{
	size_t first = (size_t)((char *)at - memory);

	for (size_t i = 0; i < size; i++)
		if (first + i < SIZE && forbidden[first + i])
			return (char *)at + i;
	return NULL;
}

/* How many bytes of these may be touched. */
static size_t allowed(const void *at, size_t size)
{
	size_t first = (size_t)((const char *)at - memory), sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += !forbidden[first + i];
	return sum;
}

/* ------------------------------------------------------------------- itself */

static void a_checker_is_asked_and_told(void)
{
	ok(mems__watched(), "it is known that somebody watches");
	mems__watch_forbid(memory + 100, 50);
	is(allowed(memory, 200), 150, "what is forbidden is told");
	ok(!mems__watch_holds(memory + 140, 20) &&
	   mems__watch_holds(memory + 150, 20), "and asked for");
	ok(!mems__watch_holds(memory, 65), "of no more than 64 bytes");
	mems__watch_allow(memory + 100, 20);
	is(allowed(memory + 100, 50), 20, "what is allowed is told");
	mems__watch_keep(memory + 120, 30);
	is(allowed(memory + 100, 50), 50, "and what is kept");
}

/* ------------------------------------------------------------------ a space */

static mems_space *begin(void)
{
	struct mems_space_options options = MEMS_SPACE_OPTIONS;

	memset(forbidden, 0, sizeof(forbidden));
	options.memory = memory;
	options.memory_size = SIZE;
	options.granule = 16;
	return mems_space_create(&options);
}

static void blocks_of_a_space(void)
{
	mems_space *space = begin();
	mems_va va = mems_space_alloc(space, 1000);
	mems_va wall = mems_space_alloc(space, 16);
	char *block = mems_space_get(space, va);
	size_t before = allowed(memory, SIZE);

	is(allowed(block, 1008), 1008, "a block may be touched");
	ok(before < SIZE / 2, "most of an empty space not");
	va = mems_space_resize(space, va, 500);
	is(allowed(block, 1008), 512, "nor what a block gave back");
	va = mems_space_resize(space, va, 900);
	is(allowed(block, 1008), 912, "but what it got");
	mems_space_free(space, va);
	is(allowed(block, 1008), 0, "nor one that was freed");
	is(mems_space_verify(space, NULL, 0), 0, "the space is sound");
	mems_space_free(space, wall);
	mems_space_destroy(space);
	is(allowed(memory, SIZE), SIZE, "all may be when the space has ended");
}

/* A space of its own is not as large as it could be: a checker's books are. */
static void a_space_of_a_sensible_size(void)
{
	mems_space *space = mems_space_create(NULL);
	struct mems_space_stats stats = { .size = sizeof(stats) };
	mems_va va = mems_space_alloc(space, 100);

	mems_space_stats(space, &stats);
	ok(stats.maximum <= (uint64_t)1 << 30, "a space of 1 GiB at most");
	mems_space_free(space, va);
	is(mems_space_verify(space, NULL, 0), 0, "is sound");
	mems_space_destroy(space);
}

/* -------------------------------------------------------------------- slabs */

static int constructed;

static int construct(void *slot, void *arg)
{
	(void)arg;
	memset(slot, 7, 200);
	constructed++;
	return 0;
}

static void slots_of_a_slab(bool constructing)
{
	mems_space *space = begin();
	struct mems_slab_options options = MEMS_SLAB_OPTIONS;
	mems_slab *slab;
	char *slots[100];
	size_t some = 0, none = 0, full = 0;

	options.space = space;
	options.slot_size = 200;
	if (constructing)
		options.construct = construct;
	slab = mems_slab_create(&options);
	for (int i = 0; i < 100; i++) {
		slots[i] = mems_slab_alloc(slab);
		full += allowed(slots[i], 200) == 200;
		some += slots[i][100] == 7;
		memset(slots[i], 7, 200);
	}
	is(full, 100, "slots may be touched");
	if (constructing)
		is(some, 100, "and hold what the constructor wrote");
	for (int i = 0; i < 100; i++) {
		mems_slab_free(slab, slots[i]);
		none += allowed(slots[i], 200) == 0;
	}
	is(none, 100, "those that were freed not");
	is(mems_slab_free(slab, slots[99]), -EINVAL,
	   "and are known to be free");
	is(mems_slab_verify(slab, NULL, 0), 0, "the slabs are sound");
	is(mems_slab_destroy(slab), 0, "they end");
	is(mems_space_verify(space, NULL, 0), 0, "and leave a sound space");
	mems_space_destroy(space);
}

/* A slab that an arena keeps for the next round is as good as new. */
static void slots_of_an_arena(void)
{
	mems_space *space = begin();
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;
	mems_arena *arena;
	char *block = NULL;

	options.space = space;
	options.lifetime = MEMS_INTERMEDIATE;
	arena = mems_arena_create(&options);
	for (int round = 0; round < 3; round++) {
		block = mems_arena_alloc(arena, 100);
		is(allowed(block, 100), 100, "round %d: a block", round);
		is(mems_arena_free(arena, block), 0, "can be freed");
		is(allowed(block, 100), 0, "and is not touched then");
		block = mems_arena_alloc(arena, 100);
		is(mems_arena_reset(arena), 0, "the arena begins again");
		is(allowed(block, 100), 0, "nothing may be touched then");
	}
	is(mems_arena_verify(arena, NULL, 0), 0, "the arena is sound");
	is(mems_arena_destroy(arena), 0, "it ends");
	mems_space_destroy(space);
}

/* ------------------------------------------------------------------- arenas */

static void blocks_of_an_arena(uint32_t flags)
{
	mems_space *space = begin();
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;
	mems_arena *arena;
	char *first, *second;

	options.space = space;
	options.flags = flags;
	arena = mems_arena_create(&options);
	first = mems_arena_alloc(arena, 100);
	is(allowed(first, 200), 100, "what was asked for may be touched");
	second = mems_arena_alloc(arena, 50);
	is(allowed(second, 200), 50, "and no more");
	is(allowed(first, 100), 100, "as before");
	for (int i = 0; i < 20; i++)
		memset(mems_arena_alloc(arena, 1000), 1, 1000);
	is(mems_arena_verify(arena, NULL, 0), 0, "chunks are added");
	mems_arena_reset(arena);
	is(allowed(first, 200), 0, "after a reset nothing may be");
	first = mems_arena_alloc(arena, 100);
	is(allowed(first, 200), 100, "but what is asked for then");
	is(mems_arena_verify(arena, NULL, 0), 0, "the arena is sound");
	is(mems_arena_destroy(arena), 0, "it ends");
	is(mems_space_verify(space, NULL, 0), 0, "and leaves a sound space");
	mems_space_destroy(space);
}

static void the_last_block_of_an_arena(void)
{
	mems_space *space = begin();
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;
	mems_arena *arena;
	char *block;

	options.space = space;
	arena = mems_arena_create(&options);
	block = mems_arena_alloc(arena, 100);
	is(mems_arena_free_sized(arena, block, 100), 0, "freed by its size");
	is(allowed(block, 112), 0, "the last block, freed, is not touched");
	ok(mems_arena_alloc(arena, 60) == block, "and used again");
	is(allowed(block, 112), 60, "as far as it goes");
	is(mems_arena_destroy(arena), 0, "the arena ends");
	mems_space_destroy(space);
}

int main(void)
{
	memory = aligned_alloc(65536, SIZE);
	a_checker_is_asked_and_told();
	blocks_of_a_space();
	a_space_of_a_sensible_size();
	slots_of_a_slab(false);
	slots_of_a_slab(true);
	slots_of_an_arena();
	blocks_of_an_arena(0);
	blocks_of_an_arena(MEMS_ARENA_SHARED);
	the_last_block_of_an_arena();
	free(memory);
	return done_testing();
}

#endif
