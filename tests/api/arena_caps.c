/* Arenas with a cap: how much they hold, and what they do when full. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>

#include "api/arena.h"
#include "tap.h"

#define BLOCKS 70000

static unsigned char *blocks[BLOCKS];

static struct place place;
static int lifetime;
static char which[100];

static struct mems_arena_options capped(uint64_t cap)
{
	struct mems_arena_options options = options_of(&place, lifetime);

	options.cap = cap;
	return options;
}

/* Blocks of this size until there are no more; how many. */
static size_t fill(mems_arena *arena, size_t size)
{
	size_t count = 0;

	errno = 0;
	while (count < BLOCKS &&
	       (blocks[count] = mems_arena_alloc(arena, size)) != NULL) {
		memset(blocks[count], (int)(count % 251), size);
		count++;
	}
	return count;
}

static int are_whole(size_t count, size_t size)
{
	for (size_t i = 0; i < count; i++)
		if (!is_full_of(blocks[i], (int)(i % 251), size))
			return 0;
	return 1;
}

/* These sizes are also those of a class, so no byte is lost. */
static void a_cap_is_exact(uint64_t cap, size_t size)
{
	struct mems_arena_options options = capped(cap);
	size_t most = (size_t)(cap / size), count;
	mems_arena *arena;
	int error;

	if (lifetime != MEMS_INTERMEDIATE)
		options.first = (uint32_t)cap;
	arena = arena_make(&options);
	count = fill(arena, size);
	error = errno;
	is(count, most, "%s: %d bytes are as many blocks of %d as fit", which,
	   (int)cap, (int)size);
	is(error, ENOMEM, "%s: then it is full: ENOMEM", which);
	is(arena_stats(arena).used, most * size, "%s: all of it is in use",
	   which);
	is(arena_stats(arena).cap, cap, "%s: the cap can be seen", which);
	ok(are_whole(count, size), "%s: the blocks are whole", which);
	ok(arena_is_sound(arena), "%s: the arena is sound", which);
	mems_arena_reset(arena);
	is(fill(arena, size), most, "%s: after a reset there is as much",
	   which);
	is(arena_stats(arena).used, most * size, "%s: and no more", which);
	mems_arena_destroy(arena);
}

/* One that does not take it all at once can hold no more, and of blocks of 16
   bytes not one less. */
static void a_cap_is_exact_for_one_that_grows(void)
{
	struct mems_arena_options options = capped(100000 / 16 * 16);
	mems_arena *arena;
	size_t count;

	if (lifetime != MEMS_INTERMEDIATE)
		options.first = 160;
	arena = arena_make(&options);
	count = fill(arena, 16);
	is(count, 100000 / 16, "%s: growth ends exactly at the cap", which);
	ok(are_whole(count, 16), "%s: the blocks are whole", which);
	mems_arena_destroy(arena);
	options.first = 0;
	arena = arena_make(&options);
	fill(arena, 1000);
	ok(arena_stats(arena).used <= options.cap, "%s: larger blocks do not "
	   "go beyond", which);
	fill(arena, 16);
	ok(arena_stats(arena).used <= options.cap, "%s: nor what fills the "
	   "rest", which);
	ok(arena_is_sound(arena), "%s: the arena is sound", which);
	mems_arena_destroy(arena);
}

static void a_full_arena_refuses_and_stays(void)
{
	struct mems_arena_options options = capped(32768);
	struct mems_arena_stats before;
	mems_arena *arena = arena_make(&options);
	size_t count = fill(arena, 16);
	uint64_t used = place_used(&place);

	before = arena_stats(arena);
	is(count, 2048, "%s: 32768 bytes hold 2048 blocks of 16", which);
	errno = 0;
	ok(is_refused(mems_arena_alloc(arena, 1), ENOMEM),
	   "%s: full: alloc: ENOMEM", which);
	errno = 0;
	ok(is_refused(mems_arena_alloc_inline(arena, 1), ENOMEM),
	   "%s: full: alloc_inline: ENOMEM", which);
	errno = 0;
	ok(is_refused(mems_arena_alloc(arena, 100000), ENOMEM),
	   "%s: full: a large block: ENOMEM", which);
	errno = 0;
	ok(is_refused(mems_arena_calloc(arena, 1, 1), ENOMEM),
	   "%s: full: calloc: ENOMEM", which);
	errno = 0;
	ok(is_refused(mems_arena_aligned_alloc(arena, 4096, 1), ENOMEM),
	   "%s: full: aligned_alloc: ENOMEM", which);
	errno = 0;
	ok(is_refused(mems_arena_strdup(arena, ""), ENOMEM),
	   "%s: full: strdup: ENOMEM", which);
	errno = 0;
	ok(is_refused(mems_arena_printf(arena, "%d", 1), ENOMEM),
	   "%s: full: printf: ENOMEM", which);
	ok(arena_is_as_before(arena, &before), "%s: full: nothing changed",
	   which);
	is(place_used(&place), used, "%s: full: nothing was taken", which);
	ok(are_whole(count, 16), "%s: full: the blocks are whole", which);
	ok(arena_is_sound(arena), "%s: full: the arena is sound", which);
	mems_arena_reset(arena);
	ok(mems_arena_alloc(arena, 16) != NULL, "%s: a reset makes room",
	   which);
	mems_arena_destroy(arena);
}

/* Only here does a free make room. */
static void freed_blocks_make_room(void)
{
	struct mems_arena_options options = capped(32768);
	mems_arena *arena = arena_make(&options);
	size_t count = fill(arena, 1024);
	void *large;

	is(count, 32, "%s: 32768 bytes are 32 blocks of 1024", which);
	mems_arena_free(arena, blocks[7]);
	mems_arena_free(arena, blocks[9]);
	errno = 0;
	ok(is_refused(mems_arena_alloc(arena, 2064), ENOMEM),
	   "%s: two freed ones are no room for more", which);
	large = mems_arena_alloc(arena, 2048);
	ok(large != NULL, "%s: but for as much, wherever it lay", which);
	errno = 0;
	ok(is_refused(mems_arena_alloc(arena, 1), ENOMEM),
	   "%s: and no byte more", which);
	is(mems_arena_free(arena, large), 0, "%s: the large one is freed",
	   which);
	large = mems_arena_aligned_alloc(arena, 4096, 1024);
	ok(large != NULL, "%s: aligned blocks count with their size", which);
	ok(mems_arena_alloc(arena, 1024) != NULL &&
	   mems_arena_alloc(arena, 1) == NULL, "%s: with no more than that",
	   which);
	is(arena_stats(arena).used, 32768, "%s: the cap is in use", which);
	mems_arena_destroy(arena);
}

static void the_padding_of_alignments_counts(void)
{
	struct mems_arena_options options = capped(300000);
	mems_arena *arena = arena_make(&options);
	int count = 0;

	while (count < 1000 &&
	       mems_arena_aligned_alloc(arena, 65536, 16) != NULL)
		count++;
	ok(count >= 2 && count <= 5, "%s: the gaps between aligned blocks "
	   "count", which);
	ok(arena_stats(arena).used <= 300000, "%s: so the cap is kept", which);
	fill(arena, 16);
	ok(arena_stats(arena).used <= 300000 && arena_is_sound(arena),
	   "%s: also when small ones fill up", which);
	mems_arena_destroy(arena);
}

static void a_block_may_be_as_large_as_the_cap(void)
{
	struct mems_arena_options options = capped(1 << 20);
	mems_arena *arena = arena_make(&options);

	errno = 0;
	ok(is_refused(mems_arena_alloc(arena, (1 << 20) + 1), ENOMEM),
	   "%s: a byte above the cap is refused", which);
	if (lifetime == MEMS_INTERMEDIATE) {
		ok(mems_arena_alloc(arena, 1 << 20) != NULL,
		   "%s: all of it can be one block", which);
	} else {
		/* The first chunk is there, and is smaller. */
		ok(mems_arena_alloc(arena, (1 << 20) - 4096) != NULL,
		   "%s: what is not in the first chunk can be one block",
		   which);
	}
	ok(arena_stats(arena).used <= 1 << 20, "%s: the cap is kept", which);
	mems_arena_destroy(arena);
}

/* Also of a size that no block has. */
static void one_block_of_the_cap_fits(size_t size)
{
	struct mems_arena_options options = capped(size);
	mems_arena *arena = arena_make(&options);

	is(fill(arena, size), 1, "%s: a cap of %d holds one block of it", which,
	   (int)size);
	mems_arena_destroy(arena);
}

int main(void)
{
	struct place places[PLACES];

	places_make(places);
	for (int i = 0; i < PLACES * LIFETIMES; i++) {
		place = places[i / LIFETIMES];
		lifetime = i % LIFETIMES;
		snprintf(which, sizeof(which), "%s in %s",
			 lifetime_names[lifetime], place.name);
		a_cap_is_exact(16, 16);
		a_cap_is_exact(1024, 64);
		a_cap_is_exact(65536, 1024);
		a_cap_is_exact(1 << 20, 16);
		a_cap_is_exact(1 << 20, 4096);
		a_cap_is_exact_for_one_that_grows();
		a_full_arena_refuses_and_stays();
		a_block_may_be_as_large_as_the_cap();
		one_block_of_the_cap_fits(100);
		one_block_of_the_cap_fits(1000);
		one_block_of_the_cap_fits(1025);
		if (lifetime == MEMS_INTERMEDIATE)
			freed_blocks_make_room();
		else
			the_padding_of_alignments_counts();
	}
	places_end(places);
	return done_testing();
}
