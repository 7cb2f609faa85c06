/* Arenas: made with options, everywhere, and ended. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>

#include "api/arena.h"
#include "tap.h"

static void refused(const struct mems_arena_options *options, const char *what)
{
	errno = 0;
	ok(is_refused(mems_arena_create(options), EINVAL), "%s: EINVAL", what);
}

static void options_are_checked(void)
{
	static const struct mems_arena_options defaults = MEMS_ARENA_OPTIONS;
	struct mems_arena_options options = defaults;
	uint64_t before = heap_stats(NULL).used;

	options.size = 0;
	refused(&options, "a size of 0");
	options.size = sizeof(options) - 1;
	refused(&options, "a size that is too small");
	options.size = sizeof(options) + 8;
	refused(&options, "a size of a version to come");
	options = defaults;
	options.lifetime = MEMS_PERSISTENT + 1;
	refused(&options, "a lifetime that there is not");
	options.lifetime = UINT32_MAX;
	refused(&options, "lifetime -1");
	options = defaults;
	options.flags = MEMS_ARENA_SHARED << 1;
	refused(&options, "an unknown flag");
	options.flags = UINT32_MAX;
	refused(&options, "unknown flags beside a known one");
	options = defaults;
	options.reserved = 1;
	refused(&options, "what is reserved");
	options = defaults;
	options.cap = 1000;
	options.first = 1001;
	refused(&options, "a first chunk above the cap");
	options = defaults;
	options.lifetime = MEMS_INTERMEDIATE;
	options.first = 1000;
	refused(&options, "a first chunk of an intermediate arena");
	is(heap_stats(NULL).used, before, "nothing is left of what was "
	   "refused");
}

static void what_was_destroyed_is_refused(void)
{
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;
	mems_space *space = space_make(1 << 20);
	mems_heap *heap = heap_make();
	mems_arena *parent = arena_in(NULL, MEMS_TRANSIENT);

	options.space = space;
	options.heap = heap;
	refused(&options, "both a space and a heap");
	is(space_stats(space).used, 0, "the space is as it was");
	mems_space_destroy(space);
	mems_heap_destroy(heap);
	mems_arena_destroy(parent);
	options.heap = NULL;
	refused(&options, "a space that was destroyed");
	options.space = NULL;
	options.heap = heap;
	refused(&options, "a heap that was destroyed");
	options.heap = NULL;
	options.parent = parent;
	refused(&options, "a parent that was destroyed");
}

static void no_options_are_the_defaults(void)
{
	mems_arena *arena = mems_arena_create(NULL);
	struct mems_arena_stats stats = arena_stats(arena);

	ok(arena != NULL, "NULL for the options makes an arena");
	is(stats.lifetime, MEMS_TRANSIENT, "which is transient");
	is(stats.cap, 0, "and has no cap");
	errno = 0;
	ok(mems_arena_address(arena) == MEMS_VA_NONE && errno == ENOTSUP,
	   "and lies in a heap");
	is(mems_arena_destroy(arena), 0, "it can be ended");
}

/* Blocks of many sizes, all kept until the last one is there. */
static int holds_blocks(mems_arena *arena)
{
	enum { BLOCKS = 300 };
	unsigned char *blocks[BLOCKS];
	int right = 1;

	for (int i = 0; i < BLOCKS; i++) {
		size_t size = (size_t)(1 + i * i % 3000);

		blocks[i] = mems_arena_alloc(arena, size);
		if (blocks[i] == NULL)
			return 0;
		right &= is_aligned(blocks[i], 16);
		memset(blocks[i], i, size);
	}
	for (int i = 0; i < BLOCKS; i++)
		right &= is_full_of(blocks[i], i,
				    (size_t)(1 + i * i % 3000));
	return right && arena_is_sound(arena);
}

static void each_lifetime_works_in(const struct place *place)
{
	uint64_t before = place_used(place);

	for (int i = 0; i < 2 * LIFETIMES; i++) {
		struct mems_arena_options options;
		const char *name = lifetime_names[i / 2];
		const char *shared = i % 2 == 0 ? "" : ", shared";
		mems_arena *arena;

		options = options_of(place, i / 2);
		options.flags = i % 2 == 0 ? 0 : MEMS_ARENA_SHARED;
		arena = mems_arena_create(&options);
		ok(arena != NULL && holds_blocks(arena), "%s in %s%s: blocks "
		   "keep what they hold", name, place->name, shared);
		is(arena_stats(arena).lifetime, i / 2, "%s in %s%s: it knows "
		   "its lifetime", name, place->name, shared);
		ok(place_used(place) > before, "%s in %s%s: its memory is "
		   "from there", name, place->name, shared);
		is(mems_arena_destroy(arena), 0, "%s in %s%s: it ends", name,
		   place->name, shared);
		is(place_used(place), before, "%s in %s%s: and all its memory "
		   "is given back", name, place->name, shared);
		ok(place_is_sound(place), "%s in %s%s: what it lay in is "
		   "sound", name, place->name, shared);
	}
}

static void one_ends_and_others_stay(const struct place *place)
{
	enum { ARENAS = 3 * LIFETIMES, BLOCKS = 100 };
	static unsigned char *blocks[ARENAS][BLOCKS];
	mems_arena *arenas[ARENAS];
	uint64_t before = place_used(place), all;
	int whole = 1, sound = 1;

	for (int i = 0; i < ARENAS; i++)
		arenas[i] = arena_in(place, i % LIFETIMES);
	/* In turns, so that they lie among each other. */
	for (int n = 0; n < BLOCKS; n++) {
		for (int i = 0; i < ARENAS; i++) {
			blocks[i][n] = mems_arena_alloc(arenas[i], 700);
			memset(blocks[i][n], i * BLOCKS + n, 700);
		}
	}
	all = place_used(place);
	for (int i = 0; i < ARENAS; i += 2)
		mems_arena_destroy(arenas[i]);
	ok(place_used(place) < all, "%s: memory of what ended comes back",
	   place->name);
	for (int i = 1; i < ARENAS; i += 2) {
		for (int n = 0; n < BLOCKS; n++)
			whole &= is_full_of(blocks[i][n], i * BLOCKS + n, 700);
		sound &= arena_is_sound(arenas[i]);
	}
	ok(whole, "%s: blocks of the others are whole", place->name);
	ok(sound, "%s: and the others sound", place->name);
	for (int i = 0; i < ARENAS; i += 2) {
		arenas[i] = arena_in(place, i % LIFETIMES);
		for (int n = 0; n < BLOCKS; n++)
			memset(mems_arena_alloc(arenas[i], 700), 0xff, 700);
	}
	is(place_used(place), all, "%s: new ones take as much as the old ones "
	   "had", place->name);
	for (int i = 1; i < ARENAS; i += 2)
		for (int n = 0; n < BLOCKS; n++)
			whole &= is_full_of(blocks[i][n], i * BLOCKS + n, 700);
	ok(whole, "%s: none of it was the others'", place->name);
	for (int i = 0; i < ARENAS; i++)
		mems_arena_destroy(arenas[i]);
	is(place_used(place), before, "%s: nothing is left of any",
	   place->name);
	ok(place_is_sound(place), "%s: which is sound", place->name);
}

static void memory_is_used_again(void)
{
	struct place place = { "a space", space_make(64 << 20), NULL };
	uint64_t mapped = 0;
	int wrong = 0;

	for (int i = 0; i < 200; i++) {
		mems_arena *arena = arena_in(&place, i % LIFETIMES);

		for (int n = 0; n < 500; n++)
			wrong += mems_arena_alloc(arena, 1000) == NULL;
		if (i < 2 * LIFETIMES && space_stats(place.space).mapped >
		    mapped)
			mapped = space_stats(place.space).mapped;
		wrong += space_stats(place.space).mapped > mapped;
		wrong += mems_arena_destroy(arena) != 0;
	}
	is(wrong, 0, "arenas come and go in the same memory");
	is(space_stats(place.space).used, 0, "and leave none in use");
	mems_space_destroy(place.space);
}

static void ignore(void *arg)
{
	(void)arg;
}

/* Each call, of an arena that is NULL or was destroyed. */
static void answers_einval(mems_arena *arena, const char *which)
{
	struct mems_arena_stats stats = { .size = sizeof(stats) };
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;
	mems_arena_mark mark = { .generation = 1, .top = 96 };
	mems_arena_ref ref = { 1, 1 };
	char text[16] = "text";

	errno = 0;
	ok(is_refused(mems_arena_alloc(arena, 10), EINVAL),
	   "%s: alloc: EINVAL", which);
	errno = 0;
	ok(is_refused(mems_arena_alloc(arena, 100000), EINVAL),
	   "%s: alloc of a large block: EINVAL", which);
	errno = 0;
	ok(is_refused(mems_arena_calloc(arena, 10, 10), EINVAL),
	   "%s: calloc: EINVAL", which);
	errno = 0;
	ok(is_refused(mems_arena_aligned_alloc(arena, 64, 10), EINVAL),
	   "%s: aligned_alloc: EINVAL", which);
	errno = 0;
	ok(is_refused(mems_arena_strdup(arena, text), EINVAL),
	   "%s: strdup: EINVAL", which);
	errno = 0;
	ok(is_refused(mems_arena_strndup(arena, text, 2), EINVAL),
	   "%s: strndup: EINVAL", which);
	errno = 0;
	ok(is_refused(mems_arena_printf(arena, "%d", 1), EINVAL),
	   "%s: printf: EINVAL", which);
	is(mems_arena_free(arena, text), -EINVAL, "%s: free: EINVAL", which);
	is(mems_arena_free_sized(arena, text, 10), -EINVAL,
	   "%s: free_sized: EINVAL", which);
	errno = 0;
	is(mems_arena_save(arena).generation, 0, "%s: save: no mark", which);
	is(errno, EINVAL, "%s: save: EINVAL", which);
	is(mems_arena_rewind(arena, mark), -EINVAL, "%s: rewind: EINVAL",
	   which);
	is(mems_arena_reset(arena), -EINVAL, "%s: reset: EINVAL", which);
	is(mems_arena_cleanup(arena, ignore, NULL), -EINVAL,
	   "%s: cleanup: EINVAL", which);
	is(mems_arena_contains(arena, text), -EINVAL, "%s: contains: EINVAL",
	   which);
	errno = 0;
	is(mems_arena_refer(arena, text).generation, 0, "%s: refer: nothing",
	   which);
	is(errno, EINVAL, "%s: refer: EINVAL", which);
	errno = 0;
	ok(is_refused(mems_arena_find(arena, ref), EINVAL),
	   "%s: find: EINVAL", which);
	is(mems_arena_verify(arena, text, sizeof(text)), -EINVAL,
	   "%s: verify: EINVAL", which);
	is_str(text, "text", "%s: and no report", which);
	errno = 0;
	ok(mems_arena_address(arena) == MEMS_VA_NONE && errno == EINVAL,
	   "%s: address: EINVAL", which);
	is(mems_arena_stats(arena, &stats), -EINVAL, "%s: stats: EINVAL",
	   which);
	is(mems_arena_detach(arena), -EINVAL, "%s: detach: EINVAL", which);
	is(mems_arena_destroy(arena), -EINVAL, "%s: destroy: EINVAL", which);
	if (arena == NULL)
		return;
	options.parent = arena;
	errno = 0;
	ok(is_refused(mems_arena_create(&options), EINVAL),
	   "%s: as a parent: EINVAL", which);
}

static void what_has_ended_answers_einval(void)
{
	answers_einval(NULL, "NULL");
	for (int i = 0; i < LIFETIMES; i++) {
		mems_arena *arena = arena_in(NULL, i);

		(void)!mems_arena_alloc(arena, 100);
		is(mems_arena_destroy(arena), 0, "%s: destroyed",
		   lifetime_names[i]);
		answers_einval(arena, lifetime_names[i]);
	}
}

int main(void)
{
	struct place places[PLACES];

	options_are_checked();
	what_was_destroyed_is_refused();
	no_options_are_the_defaults();
	places_make(places);
	for (int i = 0; i < PLACES; i++) {
		each_lifetime_works_in(&places[i]);
		one_ends_and_others_stay(&places[i]);
	}
	places_end(places);
	memory_is_used_again();
	what_has_ended_answers_einval();
	return done_testing();
}
