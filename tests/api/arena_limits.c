/*
 * No more memory: where an arena lies there is a hard limit, and it is tried
 * with every value up to what all of the work needs. So each thing that an
 * arena takes memory for is refused once. Then the call tells ENOMEM, nothing
 * has changed, and when there is memory again the arena goes on.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>

#include "api/arena.h"
#include "random.h"
#include "tap.h"

#define BLOCKS 30

static struct place place;
static char which[100];

static void limit(uint64_t most)
{
	if (place.space != NULL)
		mems_space_limit(place.space, 0, most, NULL, NULL);
	else
		mems_heap_limit(place.heap, 0, most, NULL, NULL);
}

static size_t size_of(int i)
{
	return (size_t)(8 << i % 10) + (size_t)i;
}

static void *make(mems_arena *arena, int i)
{
	switch (i % 4) {
	case 1:
		return mems_arena_calloc(arena, size_of(i), 1);
	case 2:
		return mems_arena_aligned_alloc(arena, (size_t)1 << i % 12,
						size_of(i));
	default:
		return mems_arena_alloc(arena, size_of(i));
	}
}

static int broken(const char *what, uint64_t most)
{
	diag("%s: limit %llu: %s", which, (unsigned long long)most, what);
	return 0;
}

/* Every block that can be had, and what there is when one cannot. */
static int fill(mems_arena *arena, unsigned char **blocks, uint64_t most,
		int *refused)
{
	for (int i = 0; i < BLOCKS; i++) {
		struct mems_arena_stats before = arena_stats(arena);
		uint64_t used = place_used(&place);

		errno = 0;
		blocks[i] = make(arena, i);
		if (blocks[i] != NULL) {
			memset(blocks[i], i + 1, size_of(i));
			continue;
		}
		++*refused;
		if (errno != ENOMEM)
			return broken("another error than ENOMEM", most);
		if (!arena_is_as_before(arena, &before))
			return broken("the arena changed", most);
		/* A table that was grown for a slab may stay. */
		if (arena_stats(arena).lifetime != MEMS_INTERMEDIATE &&
		    place_used(&place) != used)
			return broken("something was taken", most);
	}
	if (!arena_is_sound(arena))
		return broken("the arena is not sound", most);
	for (int i = 0; i < BLOCKS; i++)
		if (blocks[i] != NULL &&
		    !is_full_of(blocks[i], i + 1, size_of(i)))
			return broken("a block was overwritten", most);
	return 1;
}

static int run(const struct mems_arena_options *options, uint64_t most,
	       int *refused)
{
	unsigned char *blocks[BLOCKS];
	uint64_t before = place_used(&place);
	mems_arena *arena;
	int none = 0;

	/* What a heap keeps at hand would be had without growth. */
	if (place.heap != NULL)
		mems_heap_collect(place.heap);
	limit(most);
	errno = 0;
	arena = mems_arena_create(options);
	if (arena == NULL) {
		++*refused;
		if (errno != ENOMEM)
			return broken("create: another error", most);
		if (place_used(&place) != before)
			return broken("create: something is left", most);
		return 1;
	}
	if (!fill(arena, blocks, most, refused))
		return 0;
	limit(0);
	/* What was refused is had now, beside what there was. */
	for (int i = 0; i < BLOCKS; i++) {
		if (blocks[i] == NULL)
			blocks[i] = make(arena, i);
		if (blocks[i] == NULL)
			return broken("it does not recover", most);
		memset(blocks[i], i + 1, size_of(i));
	}
	for (int i = 0; i < BLOCKS; i++)
		if (!is_full_of(blocks[i], i + 1, size_of(i)))
			return broken("a block was overwritten later", most);
	if (!arena_is_sound(arena))
		return broken("it is not sound when it has recovered", most);
	mems_arena_reset(arena);
	if (!fill(arena, blocks, most, &none) || none > 0)
		return broken("it does not work after a reset", most);
	mems_arena_destroy(arena);
	if (place_used(&place) != before)
		return broken("something is left at the end", most);
	return 1;
}

/* How much is used by all of the work, at the most. */
static uint64_t needed(const struct mems_arena_options *options)
{
	unsigned char *blocks[BLOCKS];
	mems_arena *arena = arena_make(options);
	uint64_t most;
	int refused = 0;

	fill(arena, blocks, 0, &refused);
	most = place.space != NULL ? space_stats(place.space).used :
				     heap_stats(place.heap).held;
	mems_arena_destroy(arena);
	return most;
}

static void every_limit_is_survived(int lifetime, uint32_t flags)
{
	struct mems_arena_options options = options_of(&place, lifetime);
	uint64_t most, step, limits = 0, wrong = 0;
	int refused = 0, last = 1;

	options.flags = flags;
	if (lifetime != MEMS_INTERMEDIATE)
		options.first = 64;
	snprintf(which, sizeof(which), "%s%s in %s", lifetime_names[lifetime],
		 flags != 0 ? ", shared," : "", place.name);
	limit(0);
	most = needed(&options);
	/* Sizes are multiples of 16; a heap holds runs. */
	step = place.space != NULL ? 16 : RUN;
	if (test_scaled(100) < 100 && place.space != NULL)
		step = most / 50 + 1;
	for (uint64_t i = 1; i <= most + step; i += step) {
		last = 0;
		wrong += !run(&options, i, &last);
		refused += last;
		limits++;
	}
	is(wrong, 0, "%s: %d limits are survived", which, (int)limits);
	ok(refused > (int)limits / 2, "%s: %d requests were refused", which,
	   refused);
	is(last, 0, "%s: none of them with enough memory", which);
	limit(0);
	ok(place_is_sound(&place), "%s: what it lay in is sound", which);
}

/* Cleanups are remembered in the default heap. */
static void a_cleanup_without_memory_is_refused(void)
{
	mems_arena *arena = arena_in(NULL, MEMS_TRANSIENT);
	int refused = 0, errors = 0, set = 0, called;
	uint64_t blocks;

	/* The first one takes a run, which has room for more. */
	set += mems_arena_cleanup(arena, mems_heap_free, NULL) == 0;
	mems_heap_limit(NULL, 0, heap_stats(NULL).held, NULL, NULL);
	for (int i = 0; i < 100000 && refused < 10; i++) {
		int rc = mems_arena_cleanup(arena, mems_heap_free, NULL);

		if (rc == 0) {
			set++;
			continue;
		}
		refused++;
		errors += rc != -ENOMEM;
	}
	blocks = heap_stats(NULL).blocks;
	is(refused, 10, "cleanups end when the heap does");
	is(errors, 0, "with ENOMEM");
	ok(set > 1, "some were set before");
	ok(arena_is_sound(arena), "the arena is sound");
	mems_heap_limit(NULL, 0, 0, NULL, NULL);
	is(mems_arena_cleanup(arena, mems_heap_free, NULL), 0, "with memory "
	   "there are more");
	mems_arena_reset(arena);
	called = (int)(blocks - heap_stats(NULL).blocks);
	is(called, set, "all that were set have gone");
	mems_arena_destroy(arena);
}

int main(void)
{
	place = (struct place){ "a space", space_make(64 << 20), NULL };
	for (int i = 0; i < LIFETIMES; i++) {
		every_limit_is_survived(i, 0);
		every_limit_is_survived(i, MEMS_ARENA_SHARED);
	}
	mems_space_destroy(place.space);
	place = (struct place){ "a heap", NULL, heap_make() };
	for (int i = 0; i < LIFETIMES; i++) {
		every_limit_is_survived(i, 0);
		every_limit_is_survived(i, MEMS_ARENA_SHARED);
	}
	mems_heap_destroy(place.heap);
	a_cleanup_without_memory_is_refused();
	return done_testing();
}
