/* The counts of a heap, its table and its JSON. */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>

#include "api/heap.h"
#include "capture.h"
#include "random.h"
#include "tap.h"

static void wrong_calls_are_refused(void)
{
	struct mems_heap_stats stats = { .size = sizeof(stats) };

	is(mems_heap_stats(NULL, NULL), -EINVAL, "no place for them");
	stats.size = 0;
	is(mems_heap_stats(NULL, &stats), -EINVAL, "one of size 0");
	stats.size = sizeof(stats) - 8;
	is(mems_heap_stats(NULL, &stats), -EINVAL, "one that is too small");
	is(mems_heap_print(NULL, NULL, NULL), -EINVAL, "nobody who writes");
	is(mems_heap_json(NULL, NULL, NULL), -EINVAL, "nor JSON");
}

static void a_newer_caller_gets_what_there_is(void)
{
	struct {
		struct mems_heap_stats stats;
		unsigned char more[64];
	} newer;

	memset(&newer, 0x5a, sizeof(newer));
	newer.stats.size = sizeof(newer);
	is(mems_heap_stats(NULL, &newer.stats), 0, "a larger struct is taken");
	is(newer.stats.size, sizeof(newer), "its size is left alone");
	ok(is_full_of(newer.more, 0x5a, sizeof(newer.more)),
	   "so is what is not known");
}

static uint64_t round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

static void an_empty_heap_has_nothing(void)
{
	mems_heap *heap = heap_make();
	struct mems_heap_stats stats = heap_stats(heap);

	is(stats.held, 0, "held: nothing");
	is(stats.held_peak, 0, "nor ever");
	is(stats.used, 0, "used: nothing");
	is(stats.blocks, 0, "no blocks");
	is(stats.runs, 0, "no runs");
	is(stats.large_blocks, 0, "no large blocks");
	is(stats.large_used, 0, "nor their bytes");
	is(stats.caches, 0, "no thread allocated");
	is(stats.soft_limit, 0, "no soft limit");
	is(stats.hard_limit, 0, "no hard one");
	mems_heap_destroy(heap);
}

static void counts_are_those_by_hand(void)
{
	enum { LIVE = 500 };
	struct rng rng = rng_make(test_seed(), 0);
	mems_heap *heap = heap_make();
	uint64_t rounds = test_scaled(20000);
	static void *blocks[LIVE];
	static size_t sizes[LIVE];
	struct mems_heap_stats stats = heap_stats(heap);
	uint64_t used = 0, large_used = 0, peak = 0, wrong = 0;
	uint64_t live = 0, large = 0, large_held = 0;

	for (uint64_t i = 0; i < rounds; i++) {
		size_t n = (size_t)rng_below(&rng, LIVE);
		size_t size = (size_t)rng_size(&rng, 1, 300000);
		int sign = blocks[n] == NULL ? 1 : -1;

		if (blocks[n] != NULL) {
			size = sizes[n];
			mems_heap_free(blocks[n]);
			blocks[n] = NULL;
		} else {
			blocks[n] = mems_heap_alloc(heap, size);
			sizes[n] = size;
			wrong += blocks[n] == NULL;
		}
		live += (uint64_t)sign;
		used += (uint64_t)sign * mems_heap_good_size(size);
		if (size > SMALL_MOST) {
			large += (uint64_t)sign;
			large_used += (uint64_t)sign *
				      mems_heap_good_size(size);
			large_held += (uint64_t)sign * round_up(size, RUN);
		}
		if (i % 100 != 0)
			continue;
		stats = heap_stats(heap);
		wrong += stats.blocks != live || stats.used != used ||
			 stats.large_blocks != large ||
			 stats.large_used != large_used;
		wrong += stats.held < stats.used ||
			 stats.held < large_held || stats.held % RUN != 0 ||
			 stats.held > stats.held_peak ||
			 stats.held_peak < peak || stats.caches != 1 ||
			 stats.runs < large ||
			 stats.runs * RUN > stats.held;
		peak = stats.held_peak;
	}
	is(wrong, 0, "counts are right in %d steps", (int)rounds);
	ok(stats.reserved >= stats.held, "addresses are for all that is held");
	peak = heap_stats(heap).held_peak;
	for (size_t n = 0; n < LIVE; n++)
		mems_heap_free(blocks[n]);
	mems_heap_collect(heap);
	stats = heap_stats(heap);
	is(stats.blocks + stats.used + stats.held + stats.runs, 0,
	   "nothing is left");
	is(stats.held_peak, peak, "but the peak");
	mems_heap_destroy(heap);
}

static void what_waits_goes_back_with_a_trim(void)
{
	mems_heap *heap = heap_make();
	struct mems_heap_stats before, after;
	uint64_t returned = 0;
	char *block;

	mems_heap_trim(heap, NULL);
	before = heap_stats(heap);
	is(before.waiting, 0, "nothing waits after a trim");
	block = mems_heap_alloc(heap, 5 << 20);
	memset(block, 1, 5 << 20);
	mems_heap_free(block);
	is(heap_stats(heap).waiting, 5 << 20, "what is freed waits");
	is(mems_heap_trim(heap, &returned), 0, "a trim");
	is(returned, 5 << 20, "gives it back");
	after = heap_stats(heap);
	is(after.waiting, 0, "nothing waits then");
	is(after.returned - before.returned, 5 << 20, "and it is counted");
	is(mems_heap_trim(heap, &returned), 0, "another one");
	is(returned, 0, "has nothing to do");
	mems_heap_destroy(heap);
}

/* ---------------------------------------------------------------- as text */

static mems_heap *mixed(void)
{
	mems_heap *heap = heap_make();

	for (size_t size = 1; size < 300000; size += 1 + size / 3)
		for (int i = 0; i < 3; i++)
			memset(mems_heap_alloc(heap, size), 1, size);
	return heap;
}

static void the_table_has_the_counts(void)
{
	mems_heap *heap = mixed();
	struct mems_heap_stats stats = heap_stats(heap);
	struct text text = { 0 };
	unsigned long long held, runs, peak, used, blocks, size, n, bytes, of;
	unsigned long long sum_blocks = 0, sum_used = 0, sum_held = 0;
	const char *line;
	int lines = 0;

	text_append(&text, "", 0);
	is(mems_heap_print(heap, text_append, &text), 0, "a heap is printed");
	ok(sscanf(text.bytes, "Held: %llu in %llu runs, at most %llu\n"
		  "Used: %llu in %llu blocks\n", &held, &runs, &peak, &used,
		  &blocks) == 5 && held == stats.held && runs == stats.runs &&
	   peak == stats.held_peak && used == stats.used &&
	   blocks == stats.blocks, "its counts are first");
	for (line = strstr(text.bytes, "\n  "); line != NULL;
	     line = strstr(line + 1, "\n  ")) {
		if (sscanf(line, "\n  %llu: %llu blocks, %llu bytes of %llu\n",
			   &size, &n, &bytes, &of) == 4) {
			if (n * size != bytes ||
			    mems_heap_good_size((size_t)size) != size)
				break;
		} else if (sscanf(line, "\n  large: %llu blocks, %llu bytes "
				  "of %llu\n", &n, &bytes, &of) != 3) {
			break;
		}
		lines++;
		sum_blocks += n;
		sum_used += bytes;
		sum_held += of;
	}
	ok(line == NULL && lines > 10, "then %d classes, each a line", lines);
	is(sum_blocks, stats.blocks, "their blocks are all blocks");
	is(sum_used, stats.used, "their bytes are all bytes");
	is(sum_held, stats.held, "and their runs all runs");
	text_free(&text);
	mems_heap_destroy(heap);
}

/*
 * Just enough of JSON to tell whether it is: each gives what lies behind the
 * value at `at`, or NULL.
 */
static const char *value(const char *at);

static const char *space(const char *at)
{
	while (*at == ' ' || *at == '\n' || *at == '\t')
		at++;
	return at;
}

static const char *string(const char *at)
{
	if (*at++ != '"')
		return NULL;
	while (*at != '"' && *at != '\0')
		at++;
	return *at == '"' ? at + 1 : NULL;
}

/* The members of an object, or the elements of an array. */
static const char *members(const char *at, char end)
{
	at = space(at + 1);
	if (*at == end)
		return at + 1;
	for (;;) {
		if (end == '}') {
			at = string(space(at));
			if (at == NULL || *space(at) != ':')
				return NULL;
			at = space(at) + 1;
		}
		at = value(at);
		if (at == NULL)
			return NULL;
		at = space(at);
		if (*at == end)
			return at + 1;
		if (*at++ != ',')
			return NULL;
	}
}

static const char *value(const char *at)
{
	at = space(at);
	if (*at == '{')
		return members(at, '}');
	if (*at == '[')
		return members(at, ']');
	if (*at == '"')
		return string(at);
	if (!isdigit((unsigned char)*at) ||
	    (at[0] == '0' && isdigit((unsigned char)at[1])))
		return NULL;
	while (isdigit((unsigned char)*at))
		at++;
	return at;
}

/* The number behind the first "name": there is. */
static uint64_t number(const char *json, const char *name)
{
	char key[50];
	const char *at;

	snprintf(key, sizeof(key), "\"%s\": ", name);
	at = strstr(json, key);
	return at == NULL ? UINT64_MAX : strtoull(at + strlen(key), NULL, 10);
}

static void the_json_is_json(mems_heap *heap, const char *which)
{
	struct mems_heap_stats stats;
	struct text text = { 0 };
	const char *end;

	text_append(&text, "", 0);
	is(mems_heap_json(heap, text_append, &text), 0, "%s: JSON", which);
	stats = heap_stats(heap);
	end = value(text.bytes);
	ok(end != NULL && *space(end) == '\0', "%s: is one value", which);
	is(number(text.bytes, "held"), stats.held, "%s: held", which);
	is(number(text.bytes, "held_peak"), stats.held_peak, "held_peak");
	is(number(text.bytes, "used"), stats.used, "used");
	is(number(text.bytes, "blocks"), stats.blocks, "blocks");
	is(number(text.bytes, "runs"), stats.runs, "runs");
	is(number(text.bytes, "large_blocks"), stats.large_blocks, "large");
	is(number(text.bytes, "large_used"), stats.large_used, "large_used");
	is(number(text.bytes, "caches"), stats.caches, "caches");
	is(number(text.bytes, "soft_limit"), stats.soft_limit, "soft_limit");
	is(number(text.bytes, "hard_limit"), stats.hard_limit, "hard_limit");
	is(number(text.bytes, "waiting"), stats.waiting, "waiting");
	is(number(text.bytes, "returned"), stats.returned, "returned");
	is(number(text.bytes, "reserved"), stats.reserved, "reserved");
	text_free(&text);
}

static int refuse(void *arg, const char *text, size_t length)
{
	int *after = arg;

	(void)text;
	(void)length;
	return --*after < 0 ? -1234 : 0;
}

static void errors_of_the_writer_are_handed_on(void)
{
	mems_heap *heap = mixed();
	int after = 0;

	is(mems_heap_print(heap, refuse, &after), -1234,
	   "print hands on what the first write returned");
	is(after, -1, "and does not go on");
	after = 0;
	is(mems_heap_json(heap, refuse, &after), -1234, "so does json");
	is(after, -1, "and does not go on");
	after = 1;
	ok(mems_heap_json(heap, refuse, &after) == -1234 || after == 0,
	   "a later write's too");
	mems_heap_destroy(heap);
}

/* Writing may use the heap: no lock is held. */
static int allocate(void *arg, const char *text, size_t length)
{
	char *copy = mems_heap_alloc(arg, length);

	if (copy == NULL)
		return -1;
	memcpy(copy, text, length);
	mems_heap_free(copy);
	return 0;
}

static void the_writer_may_call_the_heap(void)
{
	mems_heap *heap = mixed();

	is(mems_heap_print(heap, allocate, heap), 0, "print: it may");
	is(mems_heap_json(heap, allocate, heap), 0, "json: it may");
	ok(heap_is_sound(heap), "the heap is sound");
	mems_heap_destroy(heap);
}

int main(void)
{
	mems_heap *heap = heap_make();

	wrong_calls_are_refused();
	a_newer_caller_gets_what_there_is();
	an_empty_heap_has_nothing();
	counts_are_those_by_hand();
	what_waits_goes_back_with_a_trim();
	the_table_has_the_counts();
	the_json_is_json(heap, "an empty heap");
	mems_heap_destroy(heap);
	heap = mixed();
	the_json_is_json(heap, "a mixed heap");
	mems_heap_destroy(heap);
	the_json_is_json(NULL, "the default heap");
	errors_of_the_writer_are_handed_on();
	the_writer_may_call_the_heap();
	return done_testing();
}
