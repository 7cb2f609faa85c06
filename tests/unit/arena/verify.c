/* What verify says of an arena in which one word is wrong. */
#include <config.h>

#include "arena/arena.h"

#include "../spoil.h"

#include <mems.h>

static struct arena *arena;

#define TOLD(words) TELLS(mems_arena_verify, &arena->face, words)

static void nothing(void *arg)
{
	(void)arg;
}

/* Three chunks, two cleanups. */
static void begin(uint32_t flags)
{
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;

	options.flags = flags;
	arena = (struct arena *)mems_arena_create(&options);
	while (arena->chunks < 3)
		(void)!mems_arena_alloc(&arena->face, 1000);
	mems_arena_cleanup(&arena->face, nothing, NULL);
	mems_arena_cleanup(&arena->face, nothing, NULL);
	is(mems_arena_verify(&arena->face, NULL, 0), 0, "a sound arena");
}

static void of_its_words(void)
{
	static const char others[] =
		"the words are not those of this arena";

	SPOIL(arena->words->kind, 0);
	TOLD(others);
	SPOIL(arena->words->lifetime, arena->lifetime + 1);
	TOLD(others);
	SPOIL(arena->face.head->generation, 0);
	TOLD(others);
}

static void of_the_place(void)
{
	static const char place[] =
		"the arena's place is not in its chunk";
	struct mems_arena_head *head = arena->face.head;

	SPOIL(head->chunk, MEMS_UNIT_NONE);
	TOLD("the arena is in no chunk");
	SPOIL(head->top, head->top + head->end);
	TOLD(place);
	SPOIL(head->end, head->end + 65536);
	TOLD(place);
}

static void of_the_chunks(void)
{
	static const char fewer[] = "there are fewer chunks than were counted";
	static const char top[] = "a chunk has a wrong top";
	struct mems_chunk_words *chunk = mems__chunk_current(arena);
	struct mems_chunk_words *before = mems__chunk_at(arena, chunk->before);
	struct mems_chunk_words *first = mems__chunk_at(arena, before->before);

	SPOIL(before->top, before->top + 1);
	TOLD(top);
	SPOIL(before->top, 0);
	TOLD(top);
	SPOIL(chunk->before, MEMS_UNIT_NONE);
	TOLD(fewer);
	SPOIL(arena->words->chunks, 2);
	TOLD(fewer);
	SPOIL(arena->chunks, 2);
	TOLD("there are more chunks than were counted");
	SPOIL(arena->room, arena->room + 16);
	TOLD("the chunks have not the room that was counted");
	SPOIL(first->before, arena->face.head->chunk);
	TOLD("there is a chunk before the first");
}

static void of_the_cleanups(void)
{
	static const char broken[] = "the list of cleanups is broken";
	struct ending *newer = arena->endings, *older = newer->older;

	SPOIL(older->newer, NULL);
	TOLD(broken);
	SPOIL(newer->newer, older);
	TOLD(broken);
	SPOIL(older->number, newer->number);
	TOLD(broken);
}

static void of_one_that_is_shared(void)
{
	struct mems_arena_head *head = arena->face.head;

	SPOIL(head->top, 16);
	TOLD("the arena's place is not in its chunk");
	SPOIL(head->end, 16);
	TOLD("the arena's place is not in its chunk");
}

int main(void)
{
	begin(0);
	of_its_words();
	of_the_place();
	of_the_chunks();
	of_the_cleanups();
	is(mems_arena_destroy(&arena->face), 0, "the arena ends");
	begin(MEMS_ARENA_SHARED);
	of_one_that_is_shared();
	of_the_chunks();
	is(mems_arena_destroy(&arena->face), 0, "a shared one too");
	return done_testing();
}
