/* Ends: resets, marks, cleanups and children. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>

#include "api/arena.h"
#include "tap.h"

static struct place place;
static int lifetime;
static char which[100];

static mems_arena *arena_here(uint32_t flags)
{
	struct mems_arena_options options = options_of(&place, lifetime);

	options.flags = flags;
	return arena_make(&options);
}

static mems_arena *child_of(mems_arena *parent, int its_lifetime)
{
	struct mems_arena_options options = options_of(NULL, its_lifetime);

	options.parent = parent;
	return arena_make(&options);
}

/* Blocks of many sizes, over many chunks or slabs. */
static int use(mems_arena *arena, int count)
{
	int wrong = 0;

	for (int i = 0; i < count; i++) {
		size_t size = (size_t)(1 + i * 37 % 3000);
		void *block = mems_arena_alloc(arena, size);

		wrong += block == NULL;
		if (block != NULL)
			memset(block, 'u', size);
	}
	return wrong == 0;
}

/* ------------------------------------------------------------------- resets */

static void a_reset_ends_all_blocks(uint32_t flags)
{
	const char *shared = flags != 0 ? ", shared" : "";
	mems_arena *arena = arena_here(flags);
	uint64_t first_used, generation;
	void *first, *later;
	int same = 1, right = 1;

	first = mems_arena_alloc(arena, 100);
	first_used = place_used(&place);
	generation = arena_stats(arena).generation;
	for (int i = 1; i <= 5; i++) {
		right &= use(arena, 500);
		later = mems_arena_alloc(arena, 5000);
		right &= mems_arena_reset(arena) == 0;
		right &= arena_stats(arena).used == 0 &&
			 arena_stats(arena).blocks == 0 &&
			 arena_stats(arena).chunks == 1 &&
			 arena_stats(arena).generation == generation +
							  (unsigned)i;
		right &= arena_is_sound(arena);
		right &= mems_arena_contains(arena, first) == 0 &&
			 mems_arena_contains(arena, later) == 0;
		right &= mems_arena_free(arena, first) == -EINVAL &&
			 mems_arena_free(arena, later) == -EINVAL;
		same &= mems_arena_alloc(arena, 100) == first;
		right &= arena_is_sound(arena);
	}
	ok(right, "%s%s: a reset ends all blocks", which, shared);
	ok(same, "%s%s: the next block lies where the first one did", which,
	   shared);
	/* An intermediate one keeps its table of slabs, which has grown. */
	ok(place_used(&place) <= first_used +
	   (lifetime == MEMS_INTERMEDIATE ? 20000 : 0),
	   "%s%s: what is not at hand is given back", which, shared);
	mems_arena_destroy(arena);
}

/* What was freed before must not come back twice after it. */
static void a_reset_forgets_what_was_freed(void)
{
	enum { COUNT = 1000 };
	static unsigned char *blocks[COUNT];
	mems_arena *arena = arena_here(0);
	int wrong = 0;

	for (int i = 0; i < COUNT; i++)
		blocks[i] = mems_arena_alloc(arena, 48);
	for (int i = 0; i < COUNT; i += 3)
		wrong += mems_arena_free(arena, blocks[i]) != 0;
	wrong += mems_arena_reset(arena) != 0;
	for (int i = 0; i < COUNT; i++)
		wrong += mems_arena_contains(arena, blocks[i]) != 0 ||
			 mems_arena_free(arena, blocks[i]) != -EINVAL;
	for (int i = 0; i < COUNT; i++) {
		blocks[i] = mems_arena_alloc(arena, (size_t)(48 + i % 100));
		memset(blocks[i], i, (size_t)(48 + i % 100));
	}
	for (int i = 0; i < COUNT; i++)
		wrong += !is_full_of(blocks[i], i, (size_t)(48 + i % 100));
	is(wrong, 0, "%s: what was freed before a reset is not had twice",
	   which);
	ok(arena_is_sound(arena), "%s: the arena is sound", which);
	mems_arena_destroy(arena);
}

static void an_empty_arena_can_be_reset(void)
{
	mems_arena *arena = arena_here(0);
	void *block;

	is(mems_arena_reset(arena), 0, "%s: an empty arena is reset", which);
	is(mems_arena_reset(arena), 0, "%s: and again", which);
	block = mems_arena_alloc(arena, 10);
	ok(block != NULL && arena_is_sound(arena), "%s: then it is used",
	   which);
	mems_arena_destroy(arena);
}

/* -------------------------------------------------------------------- marks */

static void a_rewind_ends_what_came_after_the_mark(void)
{
	mems_arena *arena = arena_here(0);
	unsigned char *kept = mems_arena_alloc(arena, 1000), *after;
	struct mems_arena_stats before;
	mems_arena_mark mark;
	uint64_t used;

	memset(kept, 'k', 1000);
	mark = mems_arena_save(arena);
	before = arena_stats(arena);
	used = place_used(&place);
	after = mems_arena_alloc(arena, 50);
	ok(use(arena, 500), "%s: there is a mark, and blocks behind it",
	   which);
	is(mems_arena_rewind(arena, mark), 0, "%s: it can be gone back to",
	   which);
	is(arena_stats(arena).used, before.used, "%s: no block behind it is "
	   "left", which);
	is(arena_stats(arena).chunks, before.chunks, "%s: nor a chunk", which);
	is(place_used(&place), used, "%s: nor their memory", which);
	ok(arena_is_sound(arena), "%s: the arena is sound", which);
	ok(is_full_of(kept, 'k', 1000), "%s: what was there before it is "
	   "whole", which);
	is(mems_arena_contains(arena, kept), 1, "%s: and still the arena's",
	   which);
	is(mems_arena_contains(arena, after), 0, "%s: what came after is not",
	   which);
	ok(mems_arena_alloc(arena, 50) == after, "%s: its place is had again",
	   which);
	use(arena, 100);
	is(mems_arena_rewind(arena, mark), 0, "%s: a mark is good for more "
	   "than once", which);
	is(arena_stats(arena).used, before.used, "%s: with the same effect",
	   which);
	is(mems_arena_rewind(arena, mark), 0, "%s: also when nothing came "
	   "after", which);
	mems_arena_destroy(arena);
}

static void marks_can_be_nested(void)
{
	enum { MARKS = 30 };
	mems_arena *arena = arena_here(0);
	mems_arena_mark marks[MARKS];
	void *next[MARKS];
	int wrong = 0;

	for (int i = 0; i < MARKS; i++) {
		marks[i] = mems_arena_save(arena);
		next[i] = mems_arena_alloc(arena, 500);
		use(arena, 10 * i);
	}
	for (int i = MARKS - 1; i >= 0; i -= 3) {
		wrong += mems_arena_rewind(arena, marks[i]) != 0;
		wrong += mems_arena_alloc(arena, 500) != next[i];
		/* Those above it were gone back behind. */
		for (int n = i + 1; n < MARKS; n++)
			wrong += mems_arena_rewind(arena, marks[n]) != -ESTALE;
	}
	is(wrong, 0, "%s: of nested marks the outer ones stay", which);
	ok(arena_is_sound(arena), "%s: the arena is sound", which);
	mems_arena_destroy(arena);
}

static void a_mark_of_the_empty_arena_is_one(void)
{
	mems_arena *arena = arena_here(0);
	mems_arena_mark mark = mems_arena_save(arena);
	void *first = mems_arena_alloc(arena, 10);

	use(arena, 300);
	is(mems_arena_rewind(arena, mark), 0, "%s: one can go back to the "
	   "beginning", which);
	is(arena_stats(arena).used, 0, "%s: where there is nothing", which);
	ok(mems_arena_alloc(arena, 10) == first, "%s: and begin anew", which);
	mems_arena_destroy(arena);
}

static void stale_marks_are_refused(void)
{
	mems_arena *arena = arena_here(0), *other = arena_here(0);
	mems_arena_mark early = mems_arena_save(arena), late, large;
	struct mems_arena_stats before;

	use(arena, 10);
	late = mems_arena_save(arena);
	(void)!mems_arena_alloc(arena, 100000);
	large = mems_arena_save(arena);
	is(mems_arena_rewind(arena, early), 0, "%s: back to an early mark",
	   which);
	before = arena_stats(arena);
	is(mems_arena_rewind(arena, late), -ESTALE, "%s: a mark that was gone "
	   "back behind: ESTALE", which);
	is(mems_arena_rewind(arena, large), -ESTALE, "%s: also one in a chunk "
	   "that is gone", which);
	ok(arena_is_as_before(arena, &before), "%s: nothing changed", which);
	mems_arena_reset(arena);
	is(mems_arena_rewind(arena, early), -ESTALE, "%s: a mark of before a "
	   "reset: ESTALE", which);
	use(arena, 20);
	before = arena_stats(arena);
	is(mems_arena_rewind(arena, early), -ESTALE, "%s: also when there is "
	   "something again", which);
	use(other, 1);
	is(mems_arena_rewind(arena, mems_arena_save(other)), -ESTALE,
	   "%s: a mark of another arena: ESTALE", which);
	ok(arena_is_as_before(arena, &before), "%s: nothing changed", which);
	ok(arena_is_sound(arena), "%s: the arena is sound", which);
	mems_arena_destroy(arena);
	mems_arena_destroy(other);
}

/* As when a program keeps one too long, or writes over it. */
static void wrong_marks_are_refused(void)
{
	mems_arena *arena = arena_here(0);
	mems_arena_mark none = { .generation = 0 }, mark;
	struct mems_arena_stats before;
	int wrong = 0;

	use(arena, 100);
	before = arena_stats(arena);
	is(mems_arena_rewind(arena, none), -EINVAL, "%s: no mark: EINVAL",
	   which);
	mark = mems_arena_save(arena);
	mark.top += 16;
	wrong += mems_arena_rewind(arena, mark) != -ESTALE;
	mark = mems_arena_save(arena);
	mark.top -= 8;
	wrong += mems_arena_rewind(arena, mark) != -ESTALE;
	mark.top = 0;
	wrong += mems_arena_rewind(arena, mark) != -ESTALE;
	mark = mems_arena_save(arena);
	mark.chunk++;
	wrong += mems_arena_rewind(arena, mark) != -ESTALE;
	mark.chunk = UINT32_MAX;
	wrong += mems_arena_rewind(arena, mark) != -ESTALE;
	mark = mems_arena_save(arena);
	mark.cleanups++;
	wrong += mems_arena_rewind(arena, mark) != -ESTALE;
	is(wrong, 0, "%s: marks with other words: ESTALE", which);
	ok(arena_is_as_before(arena, &before), "%s: nothing changed", which);
	mems_arena_destroy(arena);
}

static void some_arenas_have_no_marks(void)
{
	int owned = lifetime != MEMS_INTERMEDIATE;
	mems_arena *arena = arena_here(owned ? MEMS_ARENA_SHARED : 0);
	mems_arena_mark mark = { .generation = 1, .top = 96 };
	struct mems_arena_stats before;

	use(arena, 10);
	before = arena_stats(arena);
	errno = 0;
	is(mems_arena_save(arena).generation, 0, "%s%s: has no marks", which,
	   owned ? ", shared" : "");
	is(errno, EINVAL, "%s: EINVAL", which);
	is(mems_arena_rewind(arena, mark), -EINVAL, "%s: nor can it be "
	   "rewound", which);
	ok(arena_is_as_before(arena, &before), "%s: nothing changed", which);
	mems_arena_destroy(arena);
}

/* ----------------------------------------------------------------- cleanups */

/* The numbers of what was called, in order. */
static int heard[100], calls;

static void hear(void *arg)
{
	if (calls < 100)
		heard[calls] = *(const int *)arg;
	calls++;
}

/* Were they called, exactly these, in this order? Then forget them. */
static int were_called(int count, const int *numbers)
{
	int right = calls == count;

	for (int i = 0; right && i < count; i++)
		right = heard[i] == numbers[i];
	for (int i = 0; !right && i < calls && i < 100; i++)
		diag("call %d of %d: %d", i, calls, heard[i]);
	calls = 0;
	return right;
}

/* The number is in a block of the arena, so it is there when it is called. */
static int set(mems_arena *arena, int number)
{
	int *block = mems_arena_alloc(arena, sizeof(*block));

	*block = number;
	return mems_arena_cleanup(arena, hear, block);
}

static void cleanups_are_called_once(void)
{
	mems_arena *arena = arena_here(0);
	uint64_t before = heap_stats(NULL).blocks;
	mems_arena *kept = child_of(arena, lifetime);
	int wrong = 0;

	for (int i = 1; i <= 5; i++)
		wrong += set(arena, i) != 0;
	is(wrong, 0, "%s: cleanups are set", which);
	ok(were_called(0, NULL), "%s: and not called yet", which);
	ok(arena_is_sound(arena), "%s: the arena with cleanups is sound",
	   which);
	mems_arena_reset(arena);
	ok(were_called(5, (const int[]){ 5, 4, 3, 2, 1 }),
	   "%s: a reset calls them, the last one first", which);
	ok(mems_arena_alloc(kept, 1) == NULL, "%s: and ends children", which);
	mems_arena_reset(arena);
	ok(were_called(0, NULL), "%s: the next one does not", which);
	set(arena, 6);
	set(arena, 7);
	is(mems_arena_cleanup(arena, NULL, NULL), -EINVAL,
	   "%s: nothing cannot be called: EINVAL", which);
	mems_arena_destroy(arena);
	ok(were_called(2, (const int[]){ 7, 6 }), "%s: the end calls those "
	   "that were set since", which);
	ok(heap_stats(NULL).blocks <= before, "%s: nothing is left of them",
	   which);
}

static void one_may_be_set_twice(void)
{
	mems_arena *arena = arena_here(MEMS_ARENA_SHARED);
	int number = 3;

	mems_arena_cleanup(arena, hear, &number);
	mems_arena_cleanup(arena, hear, &number);
	mems_arena_destroy(arena);
	ok(were_called(2, (const int[]){ 3, 3 }), "%s: what is set twice is "
	   "called twice", which);
}

static void a_rewind_calls_what_was_set_since(void)
{
	mems_arena *arena = arena_here(0);
	mems_arena_mark mark, inner;

	set(arena, 1);
	set(arena, 2);
	mark = mems_arena_save(arena);
	set(arena, 3);
	use(arena, 200);
	inner = mems_arena_save(arena);
	set(arena, 4);
	set(arena, 5);
	mems_arena_rewind(arena, inner);
	ok(were_called(2, (const int[]){ 5, 4 }), "%s: a rewind calls what "
	   "was set since its mark", which);
	set(arena, 6);
	mems_arena_rewind(arena, mark);
	ok(were_called(2, (const int[]){ 6, 3 }), "%s: also of more than one "
	   "mark", which);
	mems_arena_rewind(arena, mark);
	ok(were_called(0, NULL), "%s: once", which);
	ok(arena_is_sound(arena), "%s: the arena is sound", which);
	mems_arena_destroy(arena);
	ok(were_called(2, (const int[]){ 2, 1 }), "%s: the others are called "
	   "at the end", which);
}

static int sum;

static void add_up(void *arg)
{
	sum += *(int *)arg;
}

static void there_may_be_many(void)
{
	enum { MANY = 10000 };
	uint64_t before = heap_stats(NULL).blocks;
	mems_arena *arena = arena_here(0);
	int wrong = 0;

	sum = 0;
	for (int i = 0; i < MANY; i++) {
		int *one = mems_arena_alloc(arena, sizeof(*one));

		*one = i;
		wrong += mems_arena_cleanup(arena, add_up, one) != 0;
	}
	ok(arena_is_sound(arena), "%s: an arena with many is sound", which);
	mems_arena_destroy(arena);
	is(wrong, 0, "%s: many can be set", which);
	is(sum, MANY / 2 * (MANY - 1), "%s: and all are called", which);
	is(heap_stats(NULL).blocks, before, "%s: nothing is left of them",
	   which);
}

/* ----------------------------------------------------------------- children */

static int has_ended(mems_arena *arena)
{
	errno = 0;
	return mems_arena_alloc(arena, 1) == NULL && errno == EINVAL;
}

static void children_end_with_their_parent(void)
{
	uint64_t before = place_used(&place);
	mems_arena *parent = arena_here(0), *children[LIFETIMES];
	int ended = 1;

	for (int i = 0; i < LIFETIMES; i++) {
		uint64_t used = place_used(&place);

		children[i] = child_of(parent, i);
		ok(use(children[i], 100), "%s: a %s child is used", which,
		   lifetime_names[i]);
		ok(place_used(&place) > used, "%s: it lies where its parent "
		   "does", which);
		set(children[i], i + 1);
	}
	ok(arena_is_sound(parent), "%s: a parent is sound", which);
	is(mems_arena_destroy(parent), 0, "%s: it ends", which);
	for (int i = 0; i < LIFETIMES; i++)
		ended &= has_ended(children[i]);
	ok(ended, "%s: and its children with it", which);
	ok(were_called(3, (const int[]){ 3, 2, 1 }), "%s: each was cleaned up",
	   which);
	is(place_used(&place), before, "%s: nothing is left of them", which);
	ok(place_is_sound(&place), "%s: what they lay in is sound", which);
}

static void children_end_at_a_reset(void)
{
	mems_arena *parent = arena_here(0), *child, *grandchild;

	for (int i = 0; i < 3; i++) {
		uint64_t used;

		mems_arena_reset(parent);
		used = place_used(&place);
		child = child_of(parent, (lifetime + i) % LIFETIMES);
		set(child, 1);
		grandchild = child_of(child, lifetime);
		set(grandchild, 2);
		mems_arena_reset(child);
		ok(has_ended(grandchild) && !has_ended(child),
		   "%s: a reset ends children", which);
		grandchild = child_of(child, lifetime);
		set(grandchild, 3);
		use(grandchild, 100);
		mems_arena_reset(parent);
		ok(has_ended(child) && has_ended(grandchild),
		   "%s: and theirs", which);
		ok(were_called(3, (const int[]){ 2, 1, 3 }),
		   "%s: after they were cleaned up", which);
		is(place_used(&place), used, "%s: nothing is left of them",
		   which);
	}
	ok(!has_ended(parent) && arena_is_sound(parent),
	   "%s: the parent goes on", which);
	mems_arena_destroy(parent);
}

static void a_rewind_ends_children_made_since(void)
{
	mems_arena *parent = arena_here(0), *early, *late, *later;
	mems_arena_mark mark;

	early = child_of(parent, MEMS_TRANSIENT);
	set(early, 1);
	mark = mems_arena_save(parent);
	late = child_of(parent, MEMS_INTERMEDIATE);
	set(late, 2);
	later = child_of(parent, MEMS_PERSISTENT);
	set(later, 3);
	set(parent, 4);
	is(mems_arena_rewind(parent, mark), 0, "%s: a parent is rewound",
	   which);
	ok(has_ended(late) && has_ended(later), "%s: children made since end",
	   which);
	ok(!has_ended(early), "%s: one made before does not", which);
	ok(were_called(3, (const int[]){ 4, 3, 2 }), "%s: in the order of "
	   "cleanups, the last one first", which);
	ok(arena_is_sound(parent) && arena_is_sound(early),
	   "%s: both are sound", which);
	mems_arena_destroy(parent);
	ok(were_called(1, (const int[]){ 1 }), "%s: it ends at the end",
	   which);
}

static void children_may_end_before(void)
{
	enum { CHILDREN = 10 };
	uint64_t before = place_used(&place);
	mems_arena *parent = arena_here(0), *children[CHILDREN];
	int sound = 1;

	set(parent, 100);
	for (int i = 0; i < CHILDREN; i++) {
		children[i] = child_of(parent, i % LIFETIMES);
		set(children[i], i);
	}
	/* The first, the last and some between. */
	for (int i = 0; i < CHILDREN; i += 3) {
		is(mems_arena_destroy(children[i]), 0, "%s: child %d ends by "
		   "itself", which, i);
		sound &= arena_is_sound(parent);
	}
	ok(were_called(4, (const int[]){ 0, 3, 6, 9 }), "%s: it is cleaned up "
	   "then", which);
	ok(sound, "%s: its parent is sound", which);
	mems_arena_destroy(parent);
	ok(were_called(7, (const int[]){ 8, 7, 5, 4, 2, 1, 100 }),
	   "%s: with the parent only the others end", which);
	is(place_used(&place), before, "%s: nothing is left", which);
}

static void children_may_lie_elsewhere(void)
{
	mems_space *space = space_make(64 << 20);
	mems_heap *heap = heap_make();
	mems_arena *parent = arena_here(0), *in_space, *in_heap;
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;

	options.parent = parent;
	options.space = space;
	in_space = arena_make(&options);
	options.space = NULL;
	options.heap = heap;
	in_heap = arena_make(&options);
	ok(space_stats(space).used > 0 && heap_stats(heap).used > 0,
	   "%s: children lie where they were told to", which);
	ok(use(in_space, 100) && use(in_heap, 100), "%s: and are used", which);
	mems_arena_destroy(parent);
	ok(has_ended(in_space) && has_ended(in_heap), "%s: they end with "
	   "their parent", which);
	is(space_stats(space).used, 0, "%s: nothing is left in a space",
	   which);
	is(heap_stats(heap).used, 0, "%s: nor in a heap", which);
	mems_space_destroy(space);
	mems_heap_destroy(heap);
}

static void there_may_be_many_generations(void)
{
	enum { DEEP = 200 };
	static int numbers[DEEP];
	uint64_t before = place_used(&place);
	mems_arena *line[DEEP];
	int ended = 1;

	line[0] = arena_here(0);
	for (int i = 1; i < DEEP; i++) {
		line[i] = child_of(line[i - 1], (lifetime + i) % LIFETIMES);
		(void)!mems_arena_alloc(line[i], 100);
		numbers[i] = 1;
		mems_arena_cleanup(line[i], add_up, &numbers[i]);
	}
	sum = 0;
	mems_arena_destroy(line[DEEP / 2]);
	for (int i = DEEP / 2; i < DEEP; i++)
		ended &= has_ended(line[i]);
	ok(ended && !has_ended(line[DEEP / 2 - 1]), "%s: all below an arena "
	   "end with it, and none above", which);
	mems_arena_destroy(line[0]);
	is(sum, DEEP - 1, "%s: each was cleaned up once", which);
	is(place_used(&place), before, "%s: nothing is left", which);
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
		a_reset_ends_all_blocks(0);
		a_reset_ends_all_blocks(MEMS_ARENA_SHARED);
		an_empty_arena_can_be_reset();
		some_arenas_have_no_marks();
		cleanups_are_called_once();
		one_may_be_set_twice();
		there_may_be_many();
		children_end_with_their_parent();
		children_end_at_a_reset();
		children_may_end_before();
		children_may_lie_elsewhere();
		there_may_be_many_generations();
		if (lifetime == MEMS_INTERMEDIATE) {
			a_reset_forgets_what_was_freed();
			continue;
		}
		a_rewind_ends_what_came_after_the_mark();
		marks_can_be_nested();
		a_mark_of_the_empty_arena_is_one();
		stale_marks_are_refused();
		wrong_marks_are_refused();
		a_rewind_calls_what_was_set_since();
		a_rewind_ends_children_made_since();
	}
	places_end(places);
	return done_testing();
}
