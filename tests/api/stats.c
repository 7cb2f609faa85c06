/* Counts, text, JSON and picture of a space, and where they are written. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <mems.h>

#include "api/space.h"
#include "capture.h"
#include "tap.h"

/*
 * JSON, as RFC 8259 has it. Each function takes where a thing should begin and
 * returns where it ends, or NULL if it is not there.
 */

static const char *json_value(const char *at, int depth);

static const char *json_space(const char *at)
{
	return at == NULL ? NULL : at + strspn(at, " \t\r\n");
}

static const char *json_string(const char *at)
{
	if (*at++ != '"')
		return NULL;
	for (; *at != '"'; at++) {
		if ((unsigned char)*at < ' ')
			return NULL;
		if (*at == '\\' && strchr("\"\\/bfnrtu", *++at) == NULL)
			return NULL;
	}
	return at + 1;
}

static const char *json_digits(const char *at)
{
	return isdigit((unsigned char)*at) ? at + strspn(at, "0123456789") :
					     NULL;
}

static const char *json_number(const char *at)
{
	at += *at == '-';
	if (*at == '0' && isdigit((unsigned char)at[1]))
		return NULL;
	at = json_digits(at);
	if (at != NULL && *at == '.')
		at = json_digits(at + 1);
	return at;
}

/* A list in brackets or braces, of values or of names and values. */
static const char *json_list(const char *at, int depth)
{
	char end = *at == '{' ? '}' : ']';

	at = json_space(at + 1);
	if (*at == end)
		return at + 1;
	for (;;) {
		if (end == '}') {
			at = json_space(json_string(at));
			if (at == NULL || *at++ != ':')
				return NULL;
			at = json_space(at);
		}
		at = json_space(json_value(at, depth - 1));
		if (at == NULL)
			return NULL;
		if (*at == end)
			return at + 1;
		if (*at++ != ',')
			return NULL;
		at = json_space(at);
	}
}

static const char *json_value(const char *at, int depth)
{
	if (depth == 0)
		return NULL;
	switch (*at) {
	case '{':
	case '[':
		return json_list(at, depth);
	case '"':
		return json_string(at);
	case 't':
		return strncmp(at, "true", 4) == 0 ? at + 4 : NULL;
	case 'f':
		return strncmp(at, "false", 5) == 0 ? at + 5 : NULL;
	case 'n':
		return strncmp(at, "null", 4) == 0 ? at + 4 : NULL;
	default:
		return json_number(at);
	}
}

static bool is_json_object(const char *text)
{
	const char *end = json_space(json_value(json_space(text), 10));

	return *json_space(text) == '{' && end != NULL && *end == '\0';
}

/* The number that follows the first such name; UINT64_MAX if there is none. */
static uint64_t json_count(const char *text, const char *name)
{
	char quoted[64];
	const char *found;

	snprintf(quoted, sizeof(quoted), "\"%s\":", name);
	found = strstr(text, quoted);
	if (found == NULL)
		return UINT64_MAX;
	return strtoull(found + strlen(quoted), NULL, 10);
}

/*
 * XML, as far as a picture may use it: elements with quoted attributes, text,
 * the five entities; a declaration and comments at the top level.
 */

#define XML_DEPTH 16

struct xml {
	const char *at;
	char open[XML_DEPTH][32];
	int depth;
	int roots;
};

static bool xml_name(struct xml *xml, char *name, size_t room)
{
	size_t length = strspn(xml->at, "abcdefghijklmnopqrstuvwxyz"
			       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.");

	if (length == 0 || length >= room || isdigit((unsigned char)*xml->at))
		return false;
	memcpy(name, xml->at, length);
	name[length] = '\0';
	xml->at += length;
	return true;
}

/* Text or an attribute's value, up to a character of `end`. */
static bool xml_text(struct xml *xml, const char *end)
{
	while (*xml->at != '\0' && strchr(end, *xml->at) == NULL) {
		if (*xml->at == '<')
			return false;
		if (*xml->at == '&') {
			size_t length = strcspn(xml->at, ";");

			if (strncmp(xml->at, "&lt;", 4) != 0 &&
			    strncmp(xml->at, "&gt;", 4) != 0 &&
			    strncmp(xml->at, "&amp;", 5) != 0 &&
			    strncmp(xml->at, "&quot;", 6) != 0 &&
			    strncmp(xml->at, "&apos;", 6) != 0 &&
			    strncmp(xml->at, "&#", 2) != 0)
				return false;
			xml->at += length;
		}
		xml->at++;
	}
	return *xml->at != '\0';
}

static bool xml_tag(struct xml *xml)
{
	char name[32], attribute[32];

	if (xml->at[1] == '/') {
		xml->at += 2;
		if (!xml_name(xml, name, sizeof(name)) || xml->depth == 0 ||
		    strcmp(name, xml->open[--xml->depth]) != 0)
			return false;
		return *xml->at++ == '>';
	}
	xml->at++;
	if (!xml_name(xml, name, sizeof(name)) || xml->depth == XML_DEPTH)
		return false;
	if (xml->depth == 0 && (strcmp(name, "svg") != 0 || xml->roots++ != 0))
		return false;
	for (;;) {
		size_t space = strspn(xml->at, " \t\n");
		char quote;

		xml->at += space;
		if (*xml->at == '>') {
			xml->at++;
			strcpy(xml->open[xml->depth++], name);
			return true;
		}
		if (xml->at[0] == '/' && xml->at[1] == '>') {
			xml->at += 2;
			return true;
		}
		if (space == 0 ||
		    !xml_name(xml, attribute, sizeof(attribute)) ||
		    *xml->at++ != '=')
			return false;
		quote = *xml->at++;
		if ((quote != '"' && quote != '\'') ||
		    !xml_text(xml, quote == '"' ? "\"" : "'"))
			return false;
		xml->at++;
	}
}

static bool is_svg_document(const char *text)
{
	struct xml xml = { .at = text };

	if (strncmp(text, "<?xml ", 6) == 0) {
		xml.at = strstr(text, "?>");
		if (xml.at == NULL)
			return false;
		xml.at += 2;
	}
	while (*xml.at != '\0') {
		if (*xml.at == '<' ? !xml_tag(&xml) :
		    xml.depth == 0 ? !isspace((unsigned char)*xml.at++) :
		    !xml_text(&xml, "<")) {
			diag("no SVG here: %.60s", xml.at);
			return false;
		}
	}
	return xml.depth == 0 && xml.roots == 1 &&
	       strstr(text, "xmlns=\"http://www.w3.org/2000/svg\"") != NULL;
}

static unsigned count(const char *text, const char *word)
{
	unsigned found = 0;

	for (; (text = strstr(text, word)) != NULL; text += strlen(word))
		found++;
	return found;
}

typedef int telling_call(mems_space *space, mems_write_fn *write, void *arg);

static struct text told_by(telling_call *call, mems_space *space)
{
	struct text text = { 0 };

	text_append(&text, "", 0);
	if (call(space, text_append, &text) != 0)
		text_append(&text, "failed", 6);
	return text;
}

/* A space with three nodes, seven blocks and four holes. */
static mems_space *classic_space(void)
{
	struct mems_space_options options = MEMS_SPACE_CLASSIC;
	mems_space *space;
	mems_va first[8];

	options.maximum = 16 << 20;
	options.soft_limit = 1 << 20;
	options.hard_limit = 2 << 20;
	space = mems_space_create(&options);
	for (int i = 0; i < 8; i++)
		first[i] = mems_space_alloc(space, 1000);
	if (mems_space_alloc(space, 5000) == MEMS_VA_NONE ||
	    mems_space_free(space, first[1]) != 0 ||
	    mems_space_free(space, first[5]) != 0)
		diag("the space is not as it should be");
	return space;
}

static void the_struct_tells_all(mems_space *space)
{
	struct mems_space_stats stats = space_stats(space);

	is(stats.maximum, 16 << 20, "maximum");
	is(stats.wanted, 16 << 20, "wanted");
	is(stats.mapped, 4096 + 4096 + 8192, "mapped");
	is(stats.used, 6 * 1000 + 5000, "used");
	is(stats.used_peak, 8 * 1000 + 5000, "used_peak");
	is(stats.unused, stats.mapped - stats.used, "unused");
	is(stats.largest_hole, 8192 - 5000, "largest_hole");
	is(stats.pages, 4, "pages");
	is(stats.nodes, 3, "nodes");
	is(stats.blocks, 7, "blocks");
	is(stats.holes, 5, "holes");
	is(stats.allocations, 9, "allocations");
	is(stats.frees, 2, "frees");
	ok(stats.metadata > 0 && stats.metadata < 1 << 20, "metadata");
	is(stats.growth, 0, "growth");
	is(stats.soft_limit, 1 << 20, "soft_limit");
	is(stats.hard_limit, 2 << 20, "hard_limit");
	is(stats.granule, 8, "granule");
	is(stats.policy, MEMS_FIRST_FIT, "policy");
}

/* A newer program's struct is longer, and one of no version too short. */
static void the_struct_has_a_size(mems_space *space)
{
	struct {
		struct mems_space_stats stats;
		unsigned char newer[64];
	} longer;
	struct mems_space_stats stats;

	memset(&longer, 0xaa, sizeof(longer));
	longer.stats.size = sizeof(longer);
	is(mems_space_stats(space, &longer.stats), 0, "a longer struct");
	is(longer.stats.blocks, 7, "is filled as far as it is known");
	is(longer.stats.size, sizeof(longer), "its size stays");
	memset(&stats, 0xaa, sizeof(stats));
	stats.size = sizeof(stats) - 1;
	is(mems_space_stats(space, &stats), -EINVAL, "a shorter struct");
	is(stats.blocks, UINT64_C(0xaaaaaaaaaaaaaaaa), "is left alone");
	stats.size = 0;
	is(mems_space_stats(space, &stats), -EINVAL, "a struct of no size");
	is(mems_space_stats(space, NULL), -EINVAL, "no struct");
}

static void the_text_is_that_of_the_chains(mems_space *space)
{
	struct text text = told_by(mems_space_print, space);

	is_str(text.bytes,
	       "MAIN[1000:5095] -> P[1000:1999] <-> H[2000:2999] <-> "
	       "P[3000:3999] <-> P[4000:4999] <-> H[5000:5095] <-> NULL\n"
	       "MAIN[5096:9191] -> P[5096:6095] <-> H[6096:7095] <-> "
	       "P[7096:8095] <-> P[8096:9095] <-> H[9096:9191] <-> NULL\n"
	       "MAIN[9192:17383] -> P[9192:14191] <-> H[14192:17383] <-> "
	       "NULL\n"
	       "Page used: 4\nSpace unused: 5384\nMain Chain Length: 3\n"
	       "Sub-chain Length array: [5, 5, 2]\n", "the text");
	text_free(&text);
}

static void json_tells_the_same(mems_space *space)
{
	struct text text = told_by(mems_space_json, space);

	ok(is_json_object(text.bytes), "one JSON object");
	is(json_count(text.bytes, "maximum"), 16 << 20, "with maximum");
	is(json_count(text.bytes, "mapped"), 16384, "with mapped");
	is(json_count(text.bytes, "used"), 11000, "with used");
	is(json_count(text.bytes, "unused"), 5384, "with unused");
	is(json_count(text.bytes, "nodes"), 3, "with nodes");
	is(json_count(text.bytes, "blocks"), 7, "with blocks");
	is(json_count(text.bytes, "holes"), 5, "with holes");
	is(json_count(text.bytes, "granule"), 8, "with granule");
	is(count(text.bytes, "\"P\""), 7, "seven PROCESS segments");
	is(count(text.bytes, "\"H\""), 5, "five HOLE segments");
	is(count(text.bytes, "\"segments\""), 3, "in three nodes");
	ok(strstr(text.bytes, "14192") != NULL, "at their addresses");
	text_free(&text);
}

static void the_picture_is_svg(mems_space *space, const char *name)
{
	struct text text = told_by(mems_space_draw, space);

	ok(is_svg_document(text.bytes), "%s: an SVG document", name);
	ok(strstr(text.bytes, "nan") == NULL &&
	   strstr(text.bytes, "=\"-") == NULL, "%s: of sane lengths", name);
	ok(text.length < 512 << 10, "%s: of %zu bytes", name, text.length);
	text_free(&text);
}

static void a_large_space_can_be_told_too(void)
{
	mems_space *space = space_make(64 << 20);
	struct text text;
	uint64_t blocks;
	mems_va va = MEMS_VA_FIRST;

	for (int i = 0; i < 40000; i++) {
		va = mems_space_alloc(space, 16 + (size_t)i % 1000);
		if (i % 3 == 0)
			mems_space_free(space, va);
	}
	blocks = space_stats(space).blocks;
	text = told_by(mems_space_json, space);
	ok(is_json_object(text.bytes), "a large space: one JSON object");
	is(count(text.bytes, "\"P\""), blocks, "a large space: every block");
	text_free(&text);
	text = told_by(mems_space_print, space);
	is(count(text.bytes, "P[") - count(text.bytes, "SP["), blocks,
	   "a large space: every block as text");
	text_free(&text);
	the_picture_is_svg(space, "a large space");
	mems_space_destroy(space);
}

static void an_empty_space_can_be_told_too(void)
{
	mems_space *space = space_make(1 << 20);
	struct text text = told_by(mems_space_json, space);

	ok(is_json_object(text.bytes), "an empty space: one JSON object");
	text_free(&text);
	text = told_by(mems_space_print, space);
	is_str(text.bytes, "Page used: 0\nSpace unused: 0\n"
	       "Main Chain Length: 0\nSub-chain Length array: []\n",
	       "an empty space: the text");
	text_free(&text);
	the_picture_is_svg(space, "an empty space");
	mems_space_destroy(space);
}

/* Where writing stops. */
struct stopper {
	int pieces;	/* that are still taken */
	int calls;
	int number;	/* what is returned then */
};

static int stop(void *arg, const char *text, size_t length)
{
	struct stopper *stopper = arg;

	(void)text;
	(void)length;
	stopper->calls++;
	return stopper->pieces-- > 0 ? 0 : stopper->number;
}

static void a_writer_can_stop(telling_call *call, mems_space *space,
			      const char *name)
{
	struct stopper all = { .pieces = 1 << 30 };
	int right = 0;

	is(call(space, stop, &all), 0, "%s: a writer takes %d pieces", name,
	   all.calls);
	for (int i = 0; i < all.calls; i++) {
		struct stopper some = { .pieces = i, .number = -100 - i };

		right += call(space, stop, &some) == -100 - i &&
			 some.calls == i + 1;
	}
	is(right, all.calls, "%s: it can stop at each, with any number", name);
	is(call(space, NULL, NULL), -EINVAL, "%s: no writer", name);
}

/* A writer that calls the space: no lock may be held. */
static int write_and_allocate(void *arg, const char *text, size_t length)
{
	mems_space *space = arg;

	(void)text;
	(void)length;
	return mems_space_free(space, mems_space_alloc(space, 8));
}

static void a_writer_may_call_the_space(mems_space *space)
{
	is(mems_space_print(space, write_and_allocate, space), 0,
	   "a writer of text may call the space");
	is(mems_space_json(space, write_and_allocate, space), 0,
	   "a writer of JSON too");
	is(mems_space_draw(space, write_and_allocate, space), 0,
	   "a writer of pictures too");
	ok(space_is_sound(space), "the space is sound");
}

static void text_goes_to_a_file_descriptor(mems_space *space)
{
	struct text want = told_by(mems_space_print, space);
	struct text got = { 0 };
	int ends[2], closed = -1;
	char piece[256];
	ssize_t length;

	if (pipe(ends) != 0) {
		skip("no pipe");
		return;
	}
	is(mems_space_print(space, mems_write_fd, &ends[1]), 0,
	   "mems_write_fd is a writer");
	close(ends[1]);
	while ((length = read(ends[0], piece, sizeof(piece))) > 0)
		text_append(&got, piece, (size_t)length);
	is_str(got.bytes, want.bytes, "all text comes out of a pipe");
	close(ends[0]);
	is(mems_write_fd(NULL, "text", 4), -EINVAL, "no descriptor");
	is(mems_write_fd(&closed, "", 0), 0, "no text is no error");
	is(mems_write_fd(&closed, "text", 4), -EBADF,
	   "a descriptor that is not open");
	is(mems_space_print(space, mems_write_fd, &closed), -EBADF,
	   "is an error of the call");
	text_free(&want);
	text_free(&got);

	/* A pipe with nobody at its other end. */
#ifdef SIGPIPE
	signal(SIGPIPE, SIG_IGN);
	if (pipe(ends) != 0)
		return;
	close(ends[0]);
	is(mems_write_fd(&ends[1], "text", 4), -EPIPE, "so is a broken pipe");
	close(ends[1]);
#else
	skip("Windows has several errors for a broken pipe");
#endif
}

static void the_version_is_that_of_the_headers(void)
{
	char version[64];

	snprintf(version, sizeof(version), "%d.%d.%d", MEMS_VERSION_MAJOR,
		 MEMS_VERSION_MINOR, MEMS_VERSION_PATCH);
	is_str(mems_version(), MEMS_VERSION, "mems_version");
	ok(strncmp(MEMS_VERSION, version, strlen(version)) == 0,
	   "and its numbers");
}

int main(void)
{
	mems_space *space = classic_space();

	the_struct_tells_all(space);
	the_struct_has_a_size(space);
	the_text_is_that_of_the_chains(space);
	json_tells_the_same(space);
	the_picture_is_svg(space, "three nodes");
	a_writer_can_stop(mems_space_print, space, "text");
	a_writer_can_stop(mems_space_json, space, "JSON");
	a_writer_can_stop(mems_space_draw, space, "picture");
	text_goes_to_a_file_descriptor(space);
	a_writer_may_call_the_space(space);
	mems_space_destroy(space);
	a_large_space_can_be_told_too();
	an_empty_space_can_be_told_too();
	the_version_is_that_of_the_headers();
	return done_testing();
}
