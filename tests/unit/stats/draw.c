/* Pictures of spaces that change meanwhile, and of what is hard to show. */
#include <config.h>

#include "stats/draw.h"

#include "tap.h"

#include <mems.h>

#include <errno.h>
#include <stdbool.h>

#define GREW "The space grew while it was drawn"

static mems_space *space;

static struct mems_space_stats stats_now(void)
{
	struct mems_space_stats stats = { .size = sizeof(stats) };

	mems_space_stats(space, &stats);
	return stats;
}

static void begin(uint64_t growth)
{
	struct mems_space_options options = MEMS_SPACE_OPTIONS;

	options.growth = growth;
	options.maximum = (uint64_t)64 << 20;
	space = mems_space_create(&options);
	(void)!mems_space_alloc(space, 16);
}

/* What was written; before the first piece the space is changed. */
static char picture[1 << 20];
static size_t written;
static void (*change)(void);

static int take(void *arg, const char *bytes, size_t length)
{
	void (*now)(void) = change;

	(void)arg;
	change = NULL;
	if (now != NULL)
		now();
	if (length > sizeof(picture) - 1 - written)
		return -ENOSPC;
	memcpy(picture + written, bytes, length);
	written += length;
	picture[written] = '\0';
	return 0;
}

static int draw(void)
{
	written = 0;
	return mems_space_draw(space, take, NULL);
}

static bool is_whole(void)
{
	return strncmp(picture, "<svg ", 5) == 0 &&
	       strcmp(picture + written - 7, "</svg>\n") == 0;
}

/* ------------------------------------------------------ it grows meanwhile */

static void add_nodes(void)
{
	for (int i = 0; i < 500; i++)
		(void)!mems_space_alloc(space, 65536);
}

static void add_segments(void)
{
	for (int i = 0; i < 3000; i++)
		(void)!mems_space_alloc(space, 16);
}

/* With so many blocks of this size the first piece comes before the end. */
static void one_that_grows(uint64_t growth, int blocks, size_t size,
			   void (*how)(void), const char *what)
{
	begin(growth);
	while (blocks-- > 0)
		(void)!mems_space_alloc(space, size);
	change = how;
	is(draw(), 0, "%s while it is drawn: a picture", what);
	ok(is_whole() && strstr(picture, GREW) != NULL,
	   "which is whole, and says so");
	is(draw(), 0, "the next picture");
	ok(is_whole() && strstr(picture, GREW) == NULL, "has it all");
	mems_space_destroy(space);
}

/* -------------------------------------------------- what was counted is old */

typedef void draw_fn(struct text *text, mems_space *space,
		     const struct mems_space_stats *stats);

static int draw_by(draw_fn *form, mems_space *of,
		   const struct mems_space_stats *stats)
{
	struct text text;

	written = 0;
	mems__text_begin(&text, take, NULL);
	form(&text, of, stats);
	return mems__text_end(&text);
}

static void one_that_has_grown(void)
{
	struct mems_space_stats before;

	begin(0);
	before = stats_now();
	add_nodes();
	is(draw_by(mems__draw_rows, space, &before), 0,
	   "more nodes than rows were counted");
	ok(strstr(picture, GREW) != NULL, "as many as there is room for");
	is(draw_by(mems__draw_map, space, &before), 0, "so in a map");
	ok(strstr(picture, GREW) != NULL, "that was made for less");
	mems_space_destroy(space);
}

static void one_that_is_gone(void)
{
	struct mems_space_stats stats;

	begin(0);
	stats = stats_now();
	mems_space_destroy(space);
	is(draw_by(mems__draw_rows, space, &stats), -EINVAL,
	   "chains of what is no space");
	is(draw_by(mems__draw_map, space, &stats), -EINVAL, "a map of it");
	is(draw(), -EINVAL, "any picture");
}

/* ------------------------------------------------------------- hard to show */

static void a_small_node_beside_a_large_one(void)
{
	begin(0);
	for (int i = 0; i < 3; i++)
		(void)!mems_space_alloc(space, 1 << 20);
	(void)!mems_space_alloc(space, MEMS_PAGE_SIZE);
	is(draw(), 0, "small nodes beside large ones");
	ok(strstr(picture, " times wider") != NULL && is_whole(),
	   "are shown wider, and it says so");
	mems_space_destroy(space);
}

static void numbers_of_any_size(void)
{
	is(mems__draw_share(1, 3, 100), 33, "a third of 100");
	is(mems__draw_share(1, 0, 100), 0, "of nothing there is none");
	ok(mems__draw_share(UINT64_MAX / 2, UINT64_MAX, 1000) - 499 <= 1,
	   "half of what is too large to be multiplied");
	is(mems__draw_share(UINT64_MAX, UINT64_MAX, 9140), 9140, "all of it");
	is(mems__draw_digits(0), 1, "0 has a digit");
	is(mems__draw_digits(UINT64_MAX), 20, "2^64 - 1 has 20");
}

static void bytes_for_people(void)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} table[] = {
		{ 0, "0 bytes" }, { 1, "1 byte" }, { 16383, "16383 bytes" },
		{ 16384, "16 KiB" }, { (uint64_t)25 << 19, "12.5 MiB" },
		{ (uint64_t)1 << 63, "8 EiB" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct text text;

		written = 0;
		mems__text_begin(&text, take, NULL);
		mems__draw_bytes(&text, table[i].bytes);
		mems__text_end(&text);
		is_str(picture, table[i].text, "%s", table[i].text);
	}
}

int main(void)
{
	one_that_grows(0, 30, 3000, add_nodes, "nodes are added");
	one_that_grows(65536, 500, 1000, add_segments, "segments are added");
	one_that_grows(65536, 3000, 1000, add_nodes, "a map grows");
	one_that_has_grown();
	one_that_is_gone();
	a_small_node_beside_a_large_one();
	numbers_of_any_size();
	bytes_for_people();
	return done_testing();
}
