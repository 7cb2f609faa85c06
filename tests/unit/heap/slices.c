/* Slices: what is taken, given, made longer and given back to the system. */
#include <config.h>

#include "heap/slices.h"
#include "os/pages.h"
#include "os/thread.h"
#include "os/watch.h"

#include "random.h"
#include "tap.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

static struct slices_stats stats(void)
{
	struct slices_stats now;

	mems__slices_stats(&now);
	return now;
}

/* Taken spans say what kind they are; else nobody would find them. */
static struct span *take(size_t count, size_t alignment)
{
	struct span *span = mems__slices_take(count, alignment);

	if (span != NULL)
		span->kind = SPAN_LARGE;
	return span;
}

static bool is_zero(const struct span *span)
{
	size_t size = (size_t)span->slices << SLICE_SHIFT;

	return span->memory[0] == 0 &&
	       memcmp(span->memory, span->memory + 1, size - 1) == 0;
}

static void fill(struct span *span, int byte)
{
	memset(span->memory, byte, (size_t)span->slices << SLICE_SHIFT);
}

static void new_slices_are_zero_and_aligned(void)
{
	for (size_t count = 1; count <= 40; count += 3) {
		struct span *span = take(count, SLICE);

		ok(span != NULL && (uintptr_t)span->memory % SLICE == 0 &&
		   span->slices == count, "%d slices are taken", (int)count);
		ok(mems__watched() || span->zeroed, "and known to be zero");
		ok(is_zero(span), "which they are");
		ok(mems__slice_at(span->memory) == span &&
		   mems__slice_at(span->memory + SLICE - 1) == span,
		   "their span is found from a pointer");
		ok(mems__slice_at(span->memory + (count << SLICE_SHIFT) - 1) ==
		   span + count - 1, "each slice has its own");
		/* Left there: the next ones are new as well. */
	}
}

static void what_is_given_is_dirty_until_it_is_returned(void)
{
	uint64_t left = 1, returned, dirty = stats().dirty;

	for (size_t count = 1; count <= 33; count += 4) {
		struct span *span = take(count, SLICE);
		struct span *wall = take(1, SLICE);
		char *memory = span->memory;

		fill(span, 'd');
		mems__slices_give(span);
		ok(span->kind == SPAN_NONE, "%d slices are given",
		   (int)count);
		ok(stats().dirty > dirty, "they are dirty");
		span = take(count, SLICE);
		ok(span->memory == memory, "and taken again");
		ok(!span->zeroed, "and not zero");
		mems__slices_give(span);
		returned = mems__slices_return(true, &left);
		ok(returned >= count << SLICE_SHIFT, "they are given back");
		is(left, 0, "nothing is left to give");
		is(stats().dirty, 0, "nothing is dirty");
		span = take(count, SLICE);
		ok(is_zero(span), "they are zero then");
		ok(mems__watched() || span->zeroed, "and known to be");
		mems__slices_give(span);
		mems__slices_give(wall);
		(void)mems__slices_return(true, NULL);
		dirty = stats().dirty;
	}
	is(mems__slices_return(true, &left), 0, "nothing is given back twice");
}

static void what_is_used_again_does_not_age(void)
{
	struct span *a = take(4, SLICE), *b = take(4, SLICE);
	uint64_t left;

	fill(a, 'a');
	fill(b, 'b');
	(void)mems__slices_return(true, NULL);
	mems__slices_give(a);
	mems__slices_give(b);
	is(mems__slices_return(false, &left), 0, "the first look takes none");
	is(left, 8 * SLICE, "all wait");
	a = take(4, SLICE);
	fill(a, 'a');
	mems__slices_give(a);
	is(mems__slices_return(false, &left), 4 * SLICE,
	   "the next one takes what was not used");
	is(left, 4 * SLICE, "the rest waits");
	is(mems__slices_return(false, &left), 4 * SLICE, "for the one after");
	is(left, 0, "nothing waits then");
}

static void alignments_are_kept(void)
{
	for (size_t align = SLICE; align <= (size_t)64 << 20; align *= 2) {
		int wrong = 0;

		for (size_t count = 1; count <= 20; count += 6) {
			struct span *spans[3];

			for (int i = 0; i < 3; i++) {
				spans[i] = take(count, align);
				wrong += spans[i] == NULL;
				wrong += (uintptr_t)spans[i]->memory % align !=
					 0;
				fill(spans[i], i + 1);
			}
			for (int i = 0; i < 3; i++) {
				wrong += spans[i]->memory[0] != i + 1;
				mems__slices_give(spans[i]);
			}
		}
		is(wrong, 0, "slices at multiples of %zu", align);
	}
}

static void a_span_changes_its_length_where_it_is(void)
{
	struct span *span = take(200, SLICE), *wall;
	uint64_t taken = stats().taken;

	fill(span, 's');
	wall = take(1, SLICE);
	ok(!mems__slices_resize(span, 201) || wall->memory !=
	   span->memory + 200 * SLICE, "not into another");
	ok(mems__slices_resize(span, 50), "it gets shorter");
	is(span->slices, 50, "and says so");
	is(stats().taken, taken - 149 * SLICE, "the rest is free");
	ok(stats().dirty >= 150 * SLICE, "and dirty");
	ok(mems__slices_resize(span, 150), "it gets longer");
	is(span->slices, 150, "and says so");
	is(stats().taken, taken - 49 * SLICE, "all is counted");
	ok(span->memory[0] == 's' && span->memory[50 * SLICE - 1] == 's',
	   "what it had it has");
	ok(mems__slices_resize(span, 150), "the same length is no change");
	ok(!mems__slices_resize(span, SIZE_MAX >> SLICE_SHIFT),
	   "too much is refused");
	is(span->slices, 150, "and changes nothing");
	(void)mems__slices_return(true, NULL);
	ok(mems__slices_resize(span, 200), "it gets longer into what went");
	is(span->memory[199 * SLICE], 0, "which is zero");
	mems__slices_give(span);
	mems__slices_give(wall);
}

/* Run on this processor from here on, or wherever for -1. */
static bool move_to(int processor)
{
#ifdef CPU_SET
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (processor < 0 || i == processor)
			CPU_SET(i, &set);
	return sched_setaffinity(0, sizeof(set), &set) == 0;
#else
	(void)processor;
	return false;
#endif
}

static void a_processor_gets_its_own_first(void)
{
	struct span *a, *b;

	if (!move_to(0) || mems__thread_processor() != 0 || !move_to(1) ||
	    mems__thread_processor() != 1) {
		skip("there is one processor only, or none can be had");
		return;
	}
	a = take(13, SLICE);
	b = take(13, SLICE);
	mems__slices_give(a);
	(void)move_to(0);
	mems__slices_give(b);
	(void)move_to(1);
	ok(take(13, SLICE) == a, "what was given here is taken first");
	ok(take(13, SLICE) == b, "then what was given elsewhere");
	mems__slices_give(a);
	mems__slices_give(b);
	(void)move_to(-1);
}

static void too_much_is_refused(void)
{
	struct slices_stats before = stats(), after;

	errno = 4711;
	ok(mems__slices_take(SIZE_MAX >> SLICE_SHIFT, SLICE) == NULL,
	   "more slices than there can be");
#if SIZE_MAX > UINT32_MAX
	ok(mems__slices_take(SIZE_MAX >> (SLICE_SHIFT + 3), SLICE) == NULL,
	   "fewer, but too many");
#else
	skip("512 MiB may be there");
#endif
	ok(mems__slices_take(1, SIZE_MAX / 2 + 1) == NULL,
	   "an alignment that is too large");
	is(errno, 4711, "errno is left alone");
	after = stats();
	is(after.taken, before.taken, "nothing is taken for them");
	is(after.reserved, before.reserved, "nor reserved");
}

/* More than the first range has: another, twice as large, is added. */
static void further_ranges_are_found(void)
{
	enum { MOST = 4 };
	struct span *spans[MOST];
	size_t count = (mems__ranges[0].size >> SLICE_SHIFT) / 4 * 3;
	size_t size = count << SLICE_SHIFT;
	unsigned before = mems__range_count;
	int made = 0;

	for (int i = 0; i < MOST; i++) {
		spans[i] = take(count, SLICE);
		if (spans[i] == NULL)
			break;
		made++;
		spans[i]->memory[0] = 'f';
		spans[i]->memory[size - 1] = 'l';
	}
	if (made < 2) {
		skip("the system has addresses for %d", made);
	} else {
		int wrong = 0;

		ok(mems__range_count > before, "there are %u ranges",
		   mems__range_count);
		for (int i = 0; i < made; i++) {
			char *end = spans[i]->memory + size - 1;

			wrong += mems__slice_at(spans[i]->memory) != spans[i];
			wrong += mems__slice_at(end) !=
				 spans[i] + spans[i]->slices - 1;
			wrong += *spans[i]->memory != 'f' || *end != 'l';
			wrong += (uintptr_t)spans[i]->memory % SLICE != 0;
		}
		is(wrong, 0, "spans of all of them are found");
		for (unsigned i = 0; i < mems__range_count; i++)
			ok((uintptr_t)mems__ranges[i].base % SLICE == 0 &&
			   mems__ranges[i].size % SLICE == 0,
			   "range %u is of whole slices", i);
	}
	while (made > 0)
		mems__slices_give(spans[--made]);
	ok(mems__slices_return(true, NULL) < (uint64_t)1 << 30,
	   "what was never touched is not counted as given back");
}

/* Random takes and gives beside a plain list of what is taken. */
static void taken_slices_never_meet(void)
{
	enum { LIVE = 100 };
	struct rng rng = rng_make(test_seed(), 0);
	uint64_t rounds = test_scaled(20000), expected = stats().taken;
	struct span *live[LIVE] = { NULL };
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < rounds; i++) {
		size_t n = (size_t)rng_below(&rng, LIVE);
		size_t count = (size_t)rng_size(&rng, 1, 60);

		if (live[n] == NULL) {
			live[n] = take(count, SLICE << rng_below(&rng, 4));
			if (live[n] == NULL) {
				wrong++;
				continue;
			}
			expected += count << SLICE_SHIFT;
			if (live[n]->zeroed && i % 50 == 0)
				wrong += !is_zero(live[n]);
		} else if (rng_below(&rng, 3) == 0) {
			size_t old = live[n]->slices;

			wrong += live[n]->memory[0] != (char)(n + 1);
			if (mems__slices_resize(live[n], count)) {
				expected += ((uint64_t)count - old) << SLICE_SHIFT;
				wrong += live[n]->memory[0] != (char)(n + 1);
			}
		} else {
			expected -= (uint64_t)live[n]->slices << SLICE_SHIFT;
			for (size_t k = 0; k < live[n]->slices; k++)
				wrong += live[n]->memory[k << SLICE_SHIFT] !=
					 (char)(n + 1);
			mems__slices_give(live[n]);
			live[n] = NULL;
			if (i % 100 == 0)
				(void)mems__slices_return(i % 200 == 0, NULL);
			continue;
		}
		for (size_t k = 0; k < live[n]->slices; k++)
			live[n]->memory[k << SLICE_SHIFT] = (char)(n + 1);
	}
	is(wrong, 0, "no two spans meet in %d rounds", (int)rounds);
	is(stats().taken, expected, "all that is taken is counted");
	for (size_t n = 0; n < LIVE; n++)
		if (live[n] != NULL)
			mems__slices_give(live[n]);
}

static int calls, refused;

static bool may(void)
{
	return ++calls != refused;
}

/* Longer by so much that its structs and bits need memory as well. */
static void without_memory_a_span_keeps_its_length(void)
{
	enum { SHORT = 100, LONG = 2500 };
	struct span *span = take(SHORT, SLICE);
	uint64_t before = stats().taken;
	bool done = false;
	int wrong = 0;

	mems__pages_may = may;
	for (refused = 1; refused < 20; refused++) {
		calls = 0;
		done = mems__slices_resize(span, LONG);
		if (calls < refused)
			break;
		wrong += span->slices != (done ? LONG : SHORT) ||
			 (!done && stats().taken != before);
		if (done)
			wrong += !mems__slices_resize(span, SHORT);
	}
	mems__pages_may = NULL;
	is(wrong, 0, "refused call by call it is as it was, or longer");
	ok(refused > 1 && done, "and longer when nothing is refused");
	mems__slices_give(span);
	(void)mems__slices_return(true, NULL);
}

int main(void)
{
	without_memory_a_span_keeps_its_length();
	new_slices_are_zero_and_aligned();
	what_is_given_is_dirty_until_it_is_returned();
	what_is_used_again_does_not_age();
	alignments_are_kept();
	a_span_changes_its_length_where_it_is();
	a_processor_gets_its_own_first();
	too_much_is_refused();
	taken_slices_never_meet();
	further_ranges_are_found();
	return done_testing();
}
