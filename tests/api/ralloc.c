/* The names of r_alloc, and what is counted of call sites. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>
#include <mems/ralloc.h>

#include "capture.h"
#include "pages.h"
#include "tap.h"

#define SITES 5000

static int contains(int (*write_sites)(mems_write_fn *, void *),
		    const char *what)
{
	struct text text = { 0 };
	int found;

	text_append(&text, "", 0);
	found = write_sites(text_append, &text) == 0 &&
		strstr(text.bytes, what) != NULL;
	if (!found)
		diag("not in: %.400s", text.bytes);
	text_free(&text);
	return found;
}

static void blocks_are_aligned_and_apart(void)
{
	char *blocks[200];
	int aligned = 1, apart = 1;

	init_heap();
	init_heap();
	for (int i = 0; i < 200; i++) {
		blocks[i] = r_alloc((size_t)i);
		aligned &= blocks[i] != NULL && (uintptr_t)blocks[i] % 16 == 0;
		aligned &= mems_heap_usable_size(blocks[i]) >=
			   (size_t)(i + 7) / 8 * 8;
		memset(blocks[i], i, (size_t)i);
	}
	for (int i = 0; i < 200; i++)
		for (int j = 0; j < i; j++)
			apart &= (unsigned char)blocks[i][j] == i;
	ok(aligned, "blocks are aligned to 16 and have multiples of 8 bytes");
	ok(apart, "they do not overlap");
	for (int i = 0; i < 200; i++)
		r_free(blocks[i]);
	r_free(NULL);
	ok(mems_heap_verify(NULL, NULL, 0) == 0, "all is well after r_free");
}

static void too_much_is_answered(void)
{
	errno = 0;
	ok(r_alloc(SIZE_MAX) == NULL && errno == ENOMEM,
	   "too large a block is NULL with ENOMEM");
	errno = 0;
	ok(r_alloc(SIZE_MAX / 2, 7) == NULL && errno == ENOMEM,
	   "also for a call site");
}

static void r_alloc_can_be_pointed_to(void)
{
	void *(*alloc)(size_t) = r_alloc;
	void *block = alloc(10);

	ok(block != NULL, "r_alloc is a function as well");
	r_free(block);
}

static void r_defrag_gives_back_what_is_empty(void)
{
	static char *blocks[64];
	uintptr_t page_of = (uintptr_t)blocks & ~(page_size() - 1);
	size_t returned;

	for (int i = 0; i < 64; i++) {
		blocks[i] = r_alloc(100000);
		memset(blocks[i], 1, 100000);
	}
	for (int i = 0; i < 64; i++)
		r_free(blocks[i]);
	returned = r_defrag();
	if (pages_are_counted((void *)page_of))
		ok(returned >= 64 * 100000,
		   "r_defrag tells of the bytes returned");
	else
		skip("the system does not count them well");
	is(r_defrag(), 0, "and then there is nothing more");
	blocks[0] = r_alloc(64 * 100000);
	ok(blocks[0] != NULL, "the neighbours are one hole");
	r_free(blocks[0]);
}

static void nothing_is_counted_unless_asked_for(void)
{
	r_free(r_alloc(10, 77));
	mems_site_watch(1);
	mems_site_watch(0);
	r_free(r_alloc(10, 77));
	ok(contains(mems_site_csv, "site,allocations,frees,bytes,"
		    "live_blocks,live_bytes,lifetime_min_ns,"
		    "lifetime_mean_ns,lifetime_max_ns\n"),
	   "the counts have names");
	is(contains(mems_site_json, "[]"), 1, "nothing was counted");
}

static void sites_are_counted(void)
{
	void *early = r_alloc(500, 4), *blocks[3];

	mems_site_watch(1);
	for (int i = 0; i < 3; i++)
		blocks[i] = r_alloc((size_t)(100 + i), 4);
	blocks[0] = (r_free(blocks[0]), r_alloc(1000, 5));
	r_free(r_alloc(64));
	r_free(early);
	ok(contains(mems_site_csv, "\n4,3,1,303,2,203,"),
	   "allocations, frees, bytes, and what is live");
	ok(contains(mems_site_csv, "\n5,1,0,1000,1,1000,0,0,0\n"),
	   "each site by itself; no lifetime of what lives");
	ok(contains(mems_site_json, "{\"site\": 4, \"allocations\": 3, "
		    "\"frees\": 1, \"bytes\": 303, \"live_blocks\": 2, "
		    "\"live_bytes\": 203, \"lifetime_min_ns\": "),
	   "the same as JSON");
	ok(!contains(mems_site_csv, "\n4294967295,"),
	   "who names no site is not counted");
	mems_site_watch(0);
	r_free(blocks[1]);
	ok(contains(mems_site_csv, "\n4,3,1,303,2,203,"),
	   "the counts stay when the watch has ended");
	r_free(blocks[2]);
	r_free(blocks[0]);
}

/* More sites and blocks than the first tables have room for. */
static void many_sites_are_counted(void)
{
	static void *blocks[4 * SITES];
	struct text text = { 0 };
	int lines = 0, right = 1;
	char *line;

	mems_site_watch(1);
	for (uint32_t i = 0; i < 4 * SITES; i++)
		blocks[i] = r_alloc(i % 7 + 1, i % SITES);
	for (uint32_t i = 0; i < 2 * SITES; i++)
		r_free(blocks[i]);
	text_append(&text, "", 0);
	is(mems_site_csv(text_append, &text), 0, "many sites are told of");
	for (line = strchr(text.bytes, '\n'); line != NULL && line[1] != '\0';
	     line = strchr(line + 1, '\n')) {
		unsigned site, allocations, frees;

		lines++;
		right &= sscanf(line + 1, "%u,%u,%u", &site, &allocations,
				&frees) == 3 &&
			 site < SITES && allocations == 4 && frees == 2;
	}
	is(lines, SITES, "a line for each");
	ok(right, "with its counts");
	text_free(&text);
	for (uint32_t i = 2 * SITES; i < 4 * SITES; i++)
		r_free(blocks[i]);
	mems_site_watch(0);
}

static int refuse(void *arg, const char *text, size_t length)
{
	(void)arg;
	(void)text;
	(void)length;
	return -ENOSPC;
}

static void wrong_writers_are_answered(void)
{
	is(mems_site_csv(NULL, NULL), -EINVAL, "CSV to nowhere is refused");
	is(mems_site_json(NULL, NULL), -EINVAL, "JSON too");
	is(mems_site_csv(refuse, NULL), -ENOSPC, "a writer's no is handed on");
	is(mems_site_json(refuse, NULL), -ENOSPC, "by both");
}

int main(void)
{
	blocks_are_aligned_and_apart();
	too_much_is_answered();
	r_alloc_can_be_pointed_to();
	r_defrag_gives_back_what_is_empty();
	nothing_is_counted_unless_asked_for();
	sites_are_counted();
	many_sites_are_counted();
	wrong_writers_are_answered();
	return done_testing();
}
