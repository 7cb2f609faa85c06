/* Blocks of arenas: their sizes, what is in them, where they begin. */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include <mems.h>

#include "api/arena.h"
#include "random.h"
#include "tap.h"

/* What each check runs in, and what it says. */
static struct place place;
static int lifetime;
static char which[100];

static mems_arena *arena_here(void)
{
	return arena_in(&place, lifetime);
}

/* -------------------------------------------------------------------- sizes */

#define SIZES 3000

/* All of them at once; each keeps a byte that tells it from its neighbours. */
static int all_sizes_are_whole(void *(*alloc)(mems_arena *, size_t))
{
	static unsigned char *blocks[SIZES];
	mems_arena *arena = arena_here();
	size_t step = test_scaled(100) < 100 ? 17 : 1;
	int right = 1;

	for (size_t size = 1; size < SIZES; size += step) {
		blocks[size] = alloc(arena, size);
		if (blocks[size] == NULL)
			return 0;
		right &= is_aligned(blocks[size], 16);
		memset(blocks[size], (int)(size % 251), size);
	}
	for (size_t size = 1; size < SIZES; size += step)
		right &= is_full_of(blocks[size], (int)(size % 251), size);
	right &= arena_is_sound(arena);
	mems_arena_destroy(arena);
	return right;
}

static void every_size_works(void)
{
	ok(all_sizes_are_whole(mems_arena_alloc),
	   "%s: blocks of all sizes lie apart", which);
	ok(all_sizes_are_whole(mems_arena_alloc_inline),
	   "%s: also with no call", which);
}

static void large_blocks_work(void)
{
	static unsigned char *blocks[40];
	mems_arena *arena = arena_here();
	size_t size = 1000;
	int wrong = 0;

	for (int i = 0; i < 40; i++, size += size / 5) {
		blocks[i] = mems_arena_alloc(arena, size);
		if (blocks[i] == NULL) {
			wrong = 1000;
			break;
		}
		memset(blocks[i], i, size);
	}
	size = 1000;
	for (int i = 0; wrong < 1000 && i < 40; i++, size += size / 5)
		wrong += !is_full_of(blocks[i], i, size);
	is(wrong, 0, "%s: so do large ones", which);
	ok(arena_is_sound(arena), "%s: in an arena that is sound", which);
	mems_arena_destroy(arena);
}

static void no_bytes_are_refused(void)
{
	mems_arena *arena = arena_here();
	void *block = mems_arena_alloc(arena, 10);
	struct mems_arena_stats before = arena_stats(arena);

	errno = 0;
	ok(is_refused(mems_arena_alloc(arena, 0), EINVAL),
	   "%s: alloc of 0 bytes: EINVAL", which);
	errno = 0;
	ok(is_refused(mems_arena_alloc_inline(arena, 0), EINVAL),
	   "%s: with no call: EINVAL", which);
	errno = 0;
	ok(is_refused(mems_arena_calloc(arena, 0, 5), EINVAL),
	   "%s: calloc of 0 times 5: EINVAL", which);
	errno = 0;
	ok(is_refused(mems_arena_calloc(arena, 5, 0), EINVAL),
	   "%s: calloc of 5 times 0: EINVAL", which);
	errno = 0;
	ok(is_refused(mems_arena_aligned_alloc(arena, 64, 0), EINVAL),
	   "%s: aligned_alloc of 0 bytes: EINVAL", which);
	is(mems_arena_free_sized(arena, block, 0), -EINVAL,
	   "%s: free_sized of 0 bytes: EINVAL", which);
	ok(arena_is_as_before(arena, &before), "%s: nothing changed", which);
	mems_arena_destroy(arena);
}

static void impossible_sizes_change_nothing(void)
{
	mems_arena *arena = arena_here();
	unsigned char *small = mems_arena_alloc(arena, 100);
	struct mems_arena_stats before = arena_stats(arena);
	uint64_t used = place_used(&place);
	int wrong = 0;

	memset(small, 's', 100);
	for (size_t i = 0; i < IMPOSSIBLE; i++) {
		size_t size = impossible[i];

		errno = 0;
		wrong += !is_refused(mems_arena_alloc(arena, size), ENOMEM);
		errno = 0;
		wrong += !is_refused(mems_arena_alloc_inline(arena, size),
				     ENOMEM);
		errno = 0;
		wrong += !is_refused(mems_arena_calloc(arena, size, 1), ENOMEM);
		errno = 0;
		wrong += !is_refused(mems_arena_calloc(arena, 16, size),
				     ENOMEM);
		errno = 0;
		wrong += !is_refused(mems_arena_aligned_alloc(arena, 65536,
							      size), ENOMEM);
		if (wrong > 0)
			diag("size %#llx", (unsigned long long)size);
	}
	is(wrong, 0, "%s: sizes that no machine has: ENOMEM", which);
	ok(arena_is_as_before(arena, &before), "%s: nothing is held for them",
	   which);
	is(place_used(&place), used, "%s: and nothing was taken", which);
	ok(is_full_of(small, 's', 100), "%s: what there was is whole", which);
	ok(mems_arena_alloc(arena, 100000) != NULL && arena_is_sound(arena),
	   "%s: the arena goes on", which);
	mems_arena_destroy(arena);
}

/* More than one chunk can have, of what 32 bits of sizes could wrap around. */
static void sizes_beyond_32_bits_are_not_cut_off(void)
{
	mems_arena *arena = arena_here();
	size_t sizes[] = { UINT32_MAX - 15, UINT32_MAX, (size_t)1 << 31 };
	int wrong = 0;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		unsigned char *block;

		/* What there is room for must be there to its last byte. */
		block = mems_arena_alloc(arena, sizes[i]);
		if (block != NULL)
			block[sizes[i] - 1] = 'z';
		wrong += block == NULL && errno != ENOMEM;
		block = mems_arena_aligned_alloc(arena, 4096, sizes[i]);
		if (block != NULL)
			block[sizes[i] - 1] = 'z';
		wrong += block == NULL && errno != ENOMEM;
	}
	is(wrong, 0, "%s: 4 GiB are had or refused", which);
	ok(arena_is_sound(arena), "%s: and the arena is sound", which);
	mems_arena_destroy(arena);
}

/* --------------------------------------------------------------- alignments */

static void alignments_are_kept(void)
{
	static const size_t sizes[] = { 1, 15, 16, 17, 100, 260, 1000, 5000 };
	enum { COUNT = sizeof(sizes) / sizeof(*sizes) };
	static unsigned char *blocks[17][COUNT][2];
	mems_arena *arena = arena_here();
	int wrong = 0;

	for (int i = 0; i <= 16; i++) {
		for (int n = 0; n < 2 * COUNT; n++) {
			unsigned char *block;

			block = mems_arena_aligned_alloc(arena,
					(size_t)1 << i, sizes[n / 2]);
			blocks[i][n / 2][n % 2] = block;
			if (block == NULL || !is_aligned(block, 16) ||
			    !is_aligned(block, (size_t)1 << i)) {
				wrong++;
				continue;
			}
			memset(block, i * COUNT + n, sizes[n / 2]);
		}
	}
	is(wrong, 0, "%s: all alignments up to 65536 are kept", which);
	for (int i = 0; wrong == 0 && i <= 16; i++)
		for (int n = 0; n < 2 * COUNT; n++)
			wrong += !is_full_of(blocks[i][n / 2][n % 2],
					     i * COUNT + n, sizes[n / 2]);
	is(wrong, 0, "%s: and no two such blocks meet", which);
	ok(arena_is_sound(arena), "%s: and the arena is sound", which);
	mems_arena_destroy(arena);
}

static void wrong_alignments_are_refused(void)
{
	static const size_t alignments[] = {
		0, 3, 24, 48, 65535, 65537, 131072, SIZE_MAX, SIZE_MAX / 2 + 1,
	};
	mems_arena *arena = arena_here();
	struct mems_arena_stats before = arena_stats(arena);

	for (size_t i = 0; i < sizeof(alignments) / sizeof(*alignments); i++) {
		errno = 0;
		ok(is_refused(mems_arena_aligned_alloc(arena, alignments[i],
						       100), EINVAL),
		   "%s: alignment %#llx: EINVAL", which,
		   (unsigned long long)alignments[i]);
	}
	ok(arena_is_as_before(arena, &before), "%s: nothing changed", which);
	mems_arena_destroy(arena);
}

/* ------------------------------------------------------------ what is in it */

static void calloc_gives_zeros(void)
{
	mems_arena *arena = arena_here();
	int wrong = 0;

	for (int round = 0; round < 3; round++) {
		for (size_t size = 1; size < 6000; size += 1 + size / 3) {
			unsigned char *block;

			block = mems_arena_calloc(arena, size, 3);
			wrong += block == NULL ||
				 !is_full_of(block, 0, 3 * size);
			if (block != NULL)
				memset(block, 0xa5, 3 * size);
		}
		/* Then it is the same memory, with what was in it. */
		mems_arena_reset(arena);
	}
	is(wrong, 0, "%s: calloc gives zeros, also where something was",
	   which);
	errno = 0;
	ok(is_refused(mems_arena_calloc(arena, SIZE_MAX / 2 + 1, 2), ENOMEM),
	   "%s: a product that is 0 in a size_t: ENOMEM", which);
	errno = 0;
	ok(is_refused(mems_arena_calloc(arena, SIZE_MAX / 16 + 2, 16),
		      ENOMEM),
	   "%s: one that is 16: ENOMEM", which);
	mems_arena_destroy(arena);
}

static void strings_are_copied(void)
{
	mems_arena *arena = arena_here();
	char text[] = "some text", *copy, *empty, *none;
	/* Where no NUL is, no more than the length may be read. */
	char bytes[] = { 'a', 'b', 'c' };
	const char *nowhere = NULL;
	size_t length = SIZE_MAX;

	copy = mems_arena_strdup(arena, text);
	empty = mems_arena_strdup(arena, "");
	text[0] = 'X';
	is_str(copy, "some text", "%s: strdup copies", which);
	is_str(empty, "", "%s: also an empty string", which);
	is_str(mems_arena_strndup(arena, bytes, 3), "abc",
	   "%s: strndup copies what has no end", which);
	is_str(mems_arena_strndup(arena, bytes, 2), "ab",
	   "%s: no more than asked for", which);
	is_str(mems_arena_strndup(arena, "ab", 1000), "ab",
	   "%s: and not beyond the end", which);
	is_str(mems_arena_strndup(arena, text + 1, length), "ome text",
	   "%s: even if there is no limit", which);
	none = mems_arena_strndup(arena, bytes, 0);
	is_str(none, "", "%s: of no bytes it makes an empty string", which);
	errno = 0;
	ok(is_refused(mems_arena_strdup(arena, nowhere), EINVAL),
	   "%s: strdup of NULL: EINVAL", which);
	errno = 0;
	ok(is_refused(mems_arena_strndup(arena, nowhere, 3), EINVAL),
	   "%s: strndup of NULL: EINVAL", which);
	errno = 0;
	ok(is_refused(mems_arena_strndup(arena, nowhere, 0), EINVAL),
	   "%s: even of no bytes of it", which);
	is_str(copy, "some text", "%s: none took another's place", which);
	mems_arena_destroy(arena);
}

MEMS_PRINTF(2, 3)
static char *print(mems_arena *arena, const char *format, ...)
{
	va_list values;
	char *text;

	va_start(values, format);
	text = mems_arena_vprintf(arena, format, values);
	va_end(values);
	return text;
}

static void text_is_printed(void)
{
	static const wchar_t unprintable[] = { 0x4e2d, 0 };
	static char expected[20001];
	mems_arena *arena = arena_here();
	const char *nothing = NULL;
	char *text = mems_arena_printf(arena, "%s-%d-%c", "a", 42, 'z');
	struct mems_arena_stats before;

	is_str(text, "a-42-z", "%s: printf prints", which);
	is_str(print(arena, "%5.2f|%-4s|", 1.5, "b"), " 1.50|b   |",
	       "%s: vprintf too", which);
	is_str(print(arena, "%s", ""), "", "%s: nothing is text, too", which);
	memset(expected, ' ', 20000);
	expected[19999] = '7';
	is_str(mems_arena_printf(arena, "%20000d", 7), expected,
	       "%s: also what is long", which);
	before = arena_stats(arena);
	errno = 0;
	ok(is_refused(print(arena, nothing, 1), EINVAL),
	   "%s: no format: EINVAL", which);
#ifdef _WIN32
	(void)unprintable;
	skip("Windows prints all characters somehow");
#else
	errno = 0;
	ok(is_refused(mems_arena_printf(arena, "%ls", unprintable), EINVAL),
	   "%s: what cannot be printed: EINVAL", which);
#endif
	ok(arena_is_as_before(arena, &before), "%s: nothing changed", which);
	is_str(text, "a-42-z", "%s: the first text is whole", which);
	mems_arena_destroy(arena);
}

/* ------------------------------------------------------------------- growth */

static void an_arena_grows_over_many_chunks(void)
{
	enum { BLOCKS = 20000 };
	static struct { unsigned char *memory; size_t size; } blocks[BLOCKS];
	struct mems_arena_options options = options_of(&place, lifetime);
	struct rng rng = rng_make(1, (uint64_t)lifetime);
	int count = (int)test_scaled(BLOCKS), wrong = 0;
	uint64_t bytes = 0, before = place_used(&place);
	mems_arena *arena;

	if (count > BLOCKS)
		count = BLOCKS;
	if (lifetime != MEMS_INTERMEDIATE)
		options.first = 16;
	arena = arena_make(&options);
	for (int i = 0; i < count; i++) {
		size_t size = (size_t)rng_size(&rng, 1, 5000);

		blocks[i].memory = mems_arena_alloc(arena, size);
		blocks[i].size = size;
		if (blocks[i].memory == NULL) {
			wrong++;
			continue;
		}
		memset(blocks[i].memory, i % 253, size);
		bytes += size;
	}
	is(wrong, 0, "%s: %d blocks are had", which, count);
	for (int i = 0; wrong == 0 && i < count; i++)
		wrong += !is_full_of(blocks[i].memory, i % 253,
				     blocks[i].size);
	is(wrong, 0, "%s: and keep what they hold", which);
	ok(arena_stats(arena).chunks > 3, "%s: in many chunks", which);
	ok(arena_stats(arena).used >= bytes &&
	   arena_stats(arena).used <= bytes + 300 * (uint64_t)count,
	   "%s: which are counted", which);
	ok(arena_stats(arena).held >= arena_stats(arena).used,
	   "%s: no more is in use than is held", which);
	ok(arena_is_sound(arena), "%s: the arena is sound", which);
	mems_arena_destroy(arena);
	is(place_used(&place), before, "%s: all of it is given back", which);
}

static void the_first_chunk_is_as_large_as_asked_for(void)
{
	struct mems_arena_options options = options_of(&place, lifetime);
	mems_arena *arena;
	int wrong = 0;

	options.first = 1600000;
	arena = arena_make(&options);
	for (int i = 0; i < 1000; i++)
		wrong += mems_arena_alloc(arena, 1600) == NULL;
	is(wrong, 0, "%s: a first chunk takes what was asked for", which);
	is(arena_stats(arena).chunks, 1, "%s: without another", which);
	is(arena_stats(arena).used, 1600000, "%s: all of it is in use", which);
	ok(mems_arena_alloc(arena, 1) != NULL, "%s: one byte more", which);
	is(arena_stats(arena).chunks, 2, "%s: lies in the second chunk",
	   which);
	mems_arena_destroy(arena);
	arena = arena_here();
	for (int i = 0; i < 250; i++)
		wrong += mems_arena_alloc(arena, 16) == NULL;
	is(arena_stats(arena).chunks, 1, "%s: 4000 bytes fit if none was asked "
	   "for", which);
	mems_arena_destroy(arena);
}

/* Blocks of a transient arena lie behind each other. */
static void blocks_lie_in_a_row(void)
{
	mems_arena *arena = arena_here();
	char *last = mems_arena_alloc(arena, 1), *block;
	int wrong = 0;

	for (int i = 0; i < 100; i++, last = block) {
		block = i % 2 == 0 ? mems_arena_alloc(arena, 16) :
				     mems_arena_alloc_inline(arena, 3);
		wrong += block != last + 16;
	}
	is(wrong, 0, "%s: each block lies behind the last one", which);
	mems_arena_destroy(arena);
}

int main(void)
{
	struct place places[PLACES];

	test_seed();
	places_make(places);
	for (int i = 0; i < PLACES * LIFETIMES; i++) {
		place = places[i / LIFETIMES];
		lifetime = i % LIFETIMES;
		snprintf(which, sizeof(which), "%s in %s",
			 lifetime_names[lifetime], place.name);
		every_size_works();
		large_blocks_work();
		no_bytes_are_refused();
		impossible_sizes_change_nothing();
		alignments_are_kept();
		wrong_alignments_are_refused();
		calloc_gives_zeros();
		strings_are_copied();
		text_is_printed();
		an_arena_grows_over_many_chunks();
		if (lifetime != MEMS_INTERMEDIATE) {
			the_first_chunk_is_as_large_as_asked_for();
			blocks_lie_in_a_row();
		}
		if (place.heap != NULL)
			sizes_beyond_32_bits_are_not_cut_off();
	}
	places_end(places);
	return done_testing();
}
