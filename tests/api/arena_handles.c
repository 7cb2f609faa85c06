/* Arenas that others find, those of the process, and what is told of them. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>
#include <mems/layout.h>

#include "api/arena.h"
#include "tap.h"

/* ------------------------------------------------------- address and attach */

static void an_arena_is_found_by_its_address(int lifetime)
{
	const char *name = lifetime_names[lifetime];
	struct place place = { "a space", space_make(1 << 20), NULL };
	mems_arena *arena = arena_in(&place, lifetime), *again, *third;
	mems_va va = mems_arena_address(arena);
	unsigned char *a = mems_arena_alloc(arena, 100), *b;

	ok(va != MEMS_VA_NONE, "%s: its words have an address", name);
	memset(a, 'a', 100);
	again = mems_arena_attach(place.space, va);
	third = mems_arena_attach(place.space, va);
	ok(again != NULL && third != NULL, "%s: which gives more handles",
	   name);
	is(mems_arena_address(again), va, "%s: with the same address", name);
	is(mems_arena_contains(again, a), 1, "%s: they see its blocks", name);
	b = mems_arena_alloc(again, 100);
	memset(b, 'b', 100);
	is(mems_arena_contains(arena, b), 1, "%s: and make its blocks", name);
	is(mems_arena_detach(again), 0, "%s: one can be given up", name);
	ok(mems_arena_alloc(third, 10) != NULL &&
	   mems_arena_alloc(arena, 10) != NULL && arena_is_sound(arena),
	   "%s: and the others go on", name);
	is(mems_arena_detach(third), 0, "%s: another", name);
	ok(mems_arena_alloc(arena, 10) != NULL, "%s: and the last goes on",
	   name);
	ok(is_full_of(a, 'a', 100) && is_full_of(b, 'b', 100),
	   "%s: blocks are whole", name);
	is(mems_arena_detach(arena), 0, "%s: the last one is given up", name);
	is(space_stats(place.space).used, 0, "%s: with the last the arena "
	   "ends", name);
	errno = 0;
	ok(is_refused(mems_arena_attach(place.space, va), EINVAL),
	   "%s: then no arena is there: EINVAL", name);
	mems_space_destroy(place.space);
}

static void destroy_ends_it_for_all(void)
{
	struct place place = { "a space", space_make(1 << 20), NULL };
	mems_arena *arena = arena_in(&place, MEMS_TRANSIENT), *again;

	again = mems_arena_attach(place.space, mems_arena_address(arena));
	ok(again != NULL, "there are two handles");
	is(mems_arena_destroy(arena), 0, "one destroys the arena");
	errno = 0;
	ok(is_refused(mems_arena_alloc(again, 10), EINVAL),
	   "the other one answers EINVAL");
	is(space_stats(place.space).used, 0, "nothing is left");
	mems_space_destroy(place.space);
}

static int finds_none(mems_space *space, mems_va va, int error)
{
	errno = 0;
	return is_refused(mems_arena_attach(space, va), error);
}

static void wrong_addresses_are_refused(void)
{
	struct place place = { "a space", space_make(1 << 20), NULL };
	mems_space *empty = space_make(1 << 20);
	mems_arena *arena = arena_in(&place, MEMS_TRANSIENT);
	mems_arena *in_heap = arena_in(NULL, MEMS_TRANSIENT);
	mems_va va = mems_arena_address(arena), free_va;
	mems_va block = mems_space_calloc(place.space, 1, 100);
	uint32_t word = MEMS_WORDS_ARENA;

	errno = 0;
	ok(mems_arena_address(in_heap) == MEMS_VA_NONE && errno == ENOTSUP,
	   "one in a heap has no address: ENOTSUP");
	ok(finds_none(NULL, va, EINVAL), "no space: EINVAL");
	ok(finds_none(place.space, MEMS_VA_NONE, EINVAL), "no address: EINVAL");
	ok(finds_none(place.space, UINT64_MAX, EINVAL),
	   "the last address: EINVAL");
	ok(finds_none(place.space, 999, EINVAL), "the one before the first: "
	   "EINVAL");
	ok(finds_none(place.space, va + 4, EINVAL), "4 bytes behind the words: "
	   "EINVAL");
	ok(finds_none(place.space, block, EINVAL), "another block: EINVAL");
	ok(finds_none(empty, va, EINVAL), "another space: EINVAL");
	/* Words that only look like those of an arena. */
	is(mems_space_write(place.space, block, &word, sizeof(word)), 0,
	   "somebody writes an arena's first word");
	ok(finds_none(place.space, block, EINVAL), "no arena is there: EINVAL");
	free_va = block;
	mems_space_free(place.space, block);
	ok(finds_none(place.space, free_va, EINVAL), "a hole: EINVAL");
	mems_space_destroy(empty);
	ok(finds_none(empty, va, EINVAL), "a space that was destroyed: EINVAL");
	ok(arena_is_sound(arena), "the arena is sound");
	mems_arena_destroy(arena);
	mems_arena_destroy(in_heap);
	mems_space_destroy(place.space);
}

static void another_version_is_refused(void)
{
	struct place place = { "a space", space_make(1 << 20), NULL };
	mems_arena *arena = arena_in(&place, MEMS_PERSISTENT), *again;
	mems_va va = mems_arena_address(arena);
	uint32_t was = 0, word = MEMS_WORDS_ARENA + 1;

	mems_space_read(place.space, va, &was, sizeof(was));
	is(was, MEMS_WORDS_ARENA, "the first word tells kind and version");
	mems_space_write(place.space, va, &word, sizeof(word));
	ok(finds_none(place.space, va, EPROTO), "another version: EPROTO");
	word = MEMS_WORDS_ARENA & 0xffff0000u;
	mems_space_write(place.space, va, &word, sizeof(word));
	ok(finds_none(place.space, va, EPROTO), "no version: EPROTO");
	word = MEMS_WORDS_STORE;
	mems_space_write(place.space, va, &word, sizeof(word));
	ok(finds_none(place.space, va, EINVAL), "another kind: EINVAL");
	is(mems_arena_verify(arena, NULL, 0), -EBADMSG, "verify sees it, too");
	mems_space_write(place.space, va, &was, sizeof(was));
	again = mems_arena_attach(place.space, va);
	ok(again != NULL, "as it was it is found");
	is(mems_arena_detach(again), 0, "and left again");
	is(mems_arena_destroy(arena), 0, "it ends");
	mems_space_destroy(place.space);
}

/* ------------------------------------------------ the arenas of the process */

static void ignore(void *arg)
{
	++*(int *)arg;
}

static void the_process_has_three(void)
{
	mems_arena *common[LIFETIMES];
	unsigned char *blocks[LIFETIMES];
	int calls = 0;

	errno = 0;
	ok(is_refused(mems_arena_common(-1), EINVAL), "there is no lifetime "
	   "-1: EINVAL");
	errno = 0;
	ok(is_refused(mems_arena_common(LIFETIMES), EINVAL), "nor %d: EINVAL",
	   LIFETIMES);
	for (int i = 0; i < LIFETIMES; i++) {
		common[i] = mems_arena_common(i);
		ok(common[i] != NULL && mems_arena_common(i) == common[i],
		   "%s: there is one for the process", lifetime_names[i]);
		is(arena_stats(common[i]).lifetime, i, "%s: of that lifetime",
		   lifetime_names[i]);
		blocks[i] = mems_arena_alloc(common[i], 1000);
		memset(blocks[i], i + 1, 1000);
	}
	ok(common[0] != common[1] && common[1] != common[2] &&
	   common[0] != common[2], "they are three");
	for (int i = 0; i < LIFETIMES; i++) {
		is(mems_arena_destroy(common[i]), -EINVAL, "%s: it is not "
		   "destroyed: EINVAL", lifetime_names[i]);
		is(mems_arena_detach(common[i]), -EINVAL, "%s: nor given up: "
		   "EINVAL", lifetime_names[i]);
		ok(is_full_of(blocks[i], i + 1, 1000) &&
		   mems_arena_contains(common[i], blocks[i]) == 1,
		   "%s: its blocks stay", lifetime_names[i]);
		mems_arena_cleanup(common[i], ignore, &calls);
		is(mems_arena_reset(common[i]), 0, "%s: but it can be reset",
		   lifetime_names[i]);
		is(calls, i + 1, "%s: with its cleanups", lifetime_names[i]);
		ok(mems_arena_alloc(common[i], 1000) == blocks[i],
		   "%s: and used again", lifetime_names[i]);
		ok(arena_is_sound(common[i]), "%s: it is sound",
		   lifetime_names[i]);
	}
}

static void they_may_have_children(void)
{
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;
	mems_arena *child;

	options.parent = mems_arena_common(MEMS_TRANSIENT);
	child = arena_make(&options);
	is(mems_arena_reset(options.parent), 0, "an arena of the process ends "
	   "its children");
	errno = 0;
	ok(is_refused(mems_arena_alloc(child, 10), EINVAL), "at its reset");
}

/* --------------------------------------------------------------- statistics */

static void statistics_tell_what_there_is(int lifetime)
{
	const char *name = lifetime_names[lifetime];
	struct mems_arena_options options = options_of(NULL, lifetime);
	struct mems_arena_stats stats;
	mems_arena *arena;
	void *block;

	options.cap = 1 << 20;
	arena = arena_make(&options);
	stats = arena_stats(arena);
	is(stats.size, sizeof(stats), "%s: statistics tell their size", name);
	is(stats.used, 0, "%s: nothing is in use", name);
	is(stats.blocks, 0, "%s: by no block", name);
	is(stats.frees, 0, "%s: none was freed", name);
	is(stats.cap, 1 << 20, "%s: the cap", name);
	is(stats.lifetime, lifetime, "%s: the lifetime", name);
	ok(stats.generation > 0, "%s: the generation is none that refers to "
	   "nothing", name);
	block = mems_arena_alloc(arena, 100);
	is(arena_stats(arena).used, 112, "%s: 100 bytes use 112", name);
	is(arena_stats(arena).chunks, 1, "%s: of one chunk", name);
	ok(arena_stats(arena).held >= 112, "%s: that is held", name);
	(void)!mems_arena_alloc(arena, 10000);
	is(arena_stats(arena).used, 112 + 10000, "%s: a large block's", name);
	is(arena_stats(arena).chunks, 2, "%s: are in a second one", name);
	ok(arena_stats(arena).held >= stats.held + 10000, "%s: more is held",
	   name);
	is(arena_stats(arena).blocks, lifetime == MEMS_INTERMEDIATE ? 2 : 0,
	   "%s: blocks are counted if they can be freed", name);
	mems_arena_free(arena, block);
	is(arena_stats(arena).used,
	   lifetime == MEMS_INTERMEDIATE ? 10000 : 10112,
	   "%s: a freed block is not in use if it can be had again", name);
	is(arena_stats(arena).frees, lifetime == MEMS_PERSISTENT,
	   "%s: single frees are counted if they are nothing else", name);
	mems_arena_destroy(arena);
}

static void statistics_are_as_long_as_asked_for(void)
{
	struct {
		struct mems_arena_stats stats;
		unsigned char more[64];
	} filled;
	mems_arena *arena = arena_in(NULL, MEMS_TRANSIENT);

	is(mems_arena_stats(arena, NULL), -EINVAL, "statistics to nowhere: "
	   "EINVAL");
	memset(&filled, 0xaa, sizeof(filled));
	filled.stats.size = sizeof(filled.stats) - 1;
	is(mems_arena_stats(arena, &filled.stats), -EINVAL, "into less than "
	   "the first version: EINVAL");
	is(filled.stats.lifetime, 0xaaaaaaaa, "nothing is written then");
	filled.stats.size = sizeof(filled);
	is(mems_arena_stats(arena, &filled.stats), 0, "into more than this "
	   "version");
	is(filled.stats.lifetime, MEMS_TRANSIENT, "what is known is filled");
	is(filled.stats.size, sizeof(filled), "and the size is kept");
	ok(is_full_of(filled.more, 0xaa, sizeof(filled.more)),
	   "the rest is left");
	mems_arena_destroy(arena);
}

/* ------------------------------------------------------------------- verify */

/* Any program can write to the words of an arena in a space. */
static void verify_sees_broken_words(void)
{
	static const struct {
		const char *what;
		size_t offset;
		uint32_t value;
	} breaks[] = {
		{ "the kind", offsetof(struct mems_arena_words, kind), 0 },
		{ "the lifetime", offsetof(struct mems_arena_words, lifetime),
		  MEMS_PERSISTENT },
		{ "the top above the end",
		  offsetof(struct mems_arena_words, head.top), 1u << 30 },
		{ "the end above the chunk's",
		  offsetof(struct mems_arena_words, head.end), 1u << 30 },
		{ "a top between units",
		  offsetof(struct mems_arena_words, head.top), 88 },
		{ "no chunk", offsetof(struct mems_arena_words, head.chunk),
		  UINT32_MAX },
		{ "a wrong chunk", offsetof(struct mems_arena_words,
					    head.chunk), 3 },
		{ "no generation", offsetof(struct mems_arena_words,
					    head.generation), 0 },
		{ "the number of chunks", offsetof(struct mems_arena_words,
						   chunks), 9 },
	};
	struct place place = { "a space", space_make(1 << 20), NULL };
	mems_arena *arena = arena_in(&place, MEMS_TRANSIENT);
	mems_va va = mems_arena_address(arena);
	char report[100], tiny[4] = "xyz";

	for (size_t i = 0; i < sizeof(breaks) / sizeof(*breaks); i++) {
		uint32_t was = 0;
		mems_va word = va + breaks[i].offset;

		mems_space_read(place.space, word, &was, sizeof(was));
		mems_space_write(place.space, word, &breaks[i].value,
				 sizeof(was));
		strcpy(report, "");
		is(mems_arena_verify(arena, report, sizeof(report)), -EBADMSG,
		   "verify sees that %s is wrong", breaks[i].what);
		ok(strlen(report) > 10, "and says: %s", report);
		is(mems_arena_verify(arena, NULL, 0), -EBADMSG,
		   "also to nobody");
		is(mems_arena_verify(arena, tiny, 0), -EBADMSG,
		   "and into no bytes");
		is(tiny[0], 'x', "of which it writes none");
		mems_space_write(place.space, word, &was, sizeof(was));
		ok(arena_is_sound(arena), "as it was all is sound");
	}
	is(mems_arena_verify(arena, tiny, 3), 0, "then nothing is reported");
	is_str(tiny, "xyz", "nor written");
	va = mems_arena_address(arena);
	mems_space_write(place.space, va, &(uint32_t){ 0 }, 4);
	mems_arena_verify(arena, tiny, 3);
	is(strlen(tiny), 2, "a report is cut to its room");
	mems_space_write(place.space, va, &(uint32_t){ MEMS_WORDS_ARENA }, 4);
	mems_arena_destroy(arena);
	mems_space_destroy(place.space);
}

/* A memory checker has each block asked for: nothing is left to bump. */
static int is_watched(void)
{
	struct place place = { "a space", space_make(1 << 20), NULL };
	mems_arena *arena = arena_in(&place, MEMS_TRANSIENT);
	int watched = mems_arena_alloc(arena, 16) == NULL ||
		      arena->head->top == arena->head->end;

	mems_space_destroy(place.space);
	return watched;
}

/* Whatever the words say, no call leaves the space; but a checker may have
   forbidden what it writes to. */
static void broken_words_are_not_followed(void)
{
	static const uint32_t values[] = {
		0, 1, 16, 88, 4096, 1u << 20, 1u << 31, UINT32_MAX,
	};
	enum { VALUES = sizeof(values) / sizeof(*values),
	       WORDS = sizeof(struct mems_arena_words) / 4 };
	int watched = is_watched(), runs = 0;

	for (int i = 0; i < LIFETIMES * WORDS * VALUES; i++) {
		struct place place = { "a space", space_make(1 << 20), NULL };
		mems_arena *arena = arena_in(&place, i % LIFETIMES);
		mems_va va = mems_arena_address(arena);
		mems_arena_mark mark = mems_arena_save(arena);
		char *block = mems_arena_alloc(arena, 100);
		void *first;

		(void)!mems_arena_alloc(arena, 10000);
		mems_space_write(place.space, va + 4 * (mems_va)(i /
				 LIFETIMES % WORDS),
				 &values[i / LIFETIMES / WORDS], 4);
		mems_arena_verify(arena, NULL, 0);
		if (!watched)
			(void)!mems_arena_calloc(arena, 1, 16);
		first = mems_arena_alloc(arena, 2000);
		mems_arena_contains(arena, block);
		mems_arena_free(arena, block);
		mems_arena_find(arena, mems_arena_refer(arena, first));
		arena_stats(arena);
		mems_arena_rewind(arena, mark);
		mems_arena_reset(arena);
		(void)!mems_arena_alloc(arena, 2000);
		runs += mems_arena_destroy(arena) == 0;
		mems_space_destroy(place.space);
	}
	is(runs, LIFETIMES * WORDS * VALUES, "%d arenas with a broken word "
	   "end", runs);
}

int main(void)
{
	for (int i = 0; i < LIFETIMES; i++)
		an_arena_is_found_by_its_address(i);
	destroy_ends_it_for_all();
	wrong_addresses_are_refused();
	another_version_is_refused();
	the_process_has_three();
	they_may_have_children();
	for (int i = 0; i < LIFETIMES; i++)
		statistics_tell_what_there_is(i);
	statistics_are_as_long_as_asked_for();
	verify_sees_broken_words();
	broken_words_are_not_followed();
	return done_testing();
}
