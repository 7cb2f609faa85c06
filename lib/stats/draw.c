/*
 * A space as one SVG document.
 *
 * A small space is shown segment by segment, a large one as a map. The form is
 * chosen from the statistics, and so are the size of the page and the number of
 * rows; when the space grows while it is drawn, the picture stops at its foot
 * and says so. So the document stays below 300 KB whatever the space holds.
 *
 * Everything is told apart by lightness, so it survives grey printers and any
 * eye. Class names hold only inside `.mems`, and there are no ids, so several
 * pictures can stand in one HTML page.
 */
#include <config.h>

#include "stats/draw.h"

#include <errno.h>

static const char draw_style[] =
	"<style>"
	".mems .t{font-size:19px;font-weight:bold}"
	".mems .q{fill:#57606a;font-size:12px}"
	".mems .g{fill:#57606a}"
	".mems .e{text-anchor:end}"
	".mems .m{text-anchor:middle}"
	".mems .w{fill:#fff;text-anchor:middle}"
	".mems .a{fill:#57606a;font-size:10px}"
	".mems .p,.mems .f5{fill:#2f659b}"
	".mems .h{fill:#f4f6f8;stroke:#8c959f}"
	".mems .n{fill:#e4e8ec}"
	".mems .l{fill:none;stroke:#24292f}"
	".mems .f1{fill:#d6e3f0}"
	".mems .f2{fill:#acc6e0}"
	".mems .f3{fill:#7fa6cd}"
	".mems .f4{fill:#5586b5}"
	"</style>\n";

uint64_t mems__draw_share(uint64_t part, uint64_t whole, uint64_t of)
{
	/* Low bits that would overflow the product do not show. */
	while (part > UINT64_MAX / of) {
		part >>= 1;
		whole >>= 1;
	}
	return whole == 0 ? 0 : part * of / whole;
}

unsigned mems__draw_digits(uint64_t n)
{
	unsigned digits = 1;

	while (n >= 10) {
		n /= 10;
		digits++;
	}
	return digits;
}

void mems__draw_bytes(struct text *text, uint64_t bytes)
{
	static const char *const units[] = {
		" KiB", " MiB", " GiB", " TiB", " PiB", " EiB"
	};
	unsigned unit = 0;

	if (bytes < 16384) {	/* exact while that is short */
		mems__text_decimal(text, bytes);
		mems__text_string(text, bytes == 1 ? " byte" : " bytes");
		return;
	}
	while (unit < 5 && bytes >> (10 * (unit + 2)) > 0)
		unit++;
	mems__text_tenths(text, mems__draw_share(bytes,
			  (uint64_t)1 << (10 * (unit + 1)), 10));
	mems__text_string(text, units[unit]);
}

void mems__draw_count(struct text *text, uint64_t n, const char *noun)
{
	uint64_t group = 1;

	while (n / group >= 1000)
		group *= 1000;
	mems__text_decimal(text, n / group);
	while (group > 1) {
		uint64_t rest = n % group;

		group /= 1000;
		rest /= group;
		mems__text_fill(text, ",$$$", (uint64_t[]){
				rest / 100, rest / 10 % 10, rest % 10 });
	}
	mems__text_string(text, " ");
	mems__text_string(text, noun);
	if (n != 1)
		mems__text_string(text, "s");
}

/* What is in use and what is free: the line that says most. */
static void draw_use(struct text *text, const struct mems_space_stats *stats)
{
	mems__draw_bytes(text, stats->used);
	mems__text_string(text, " used in ");
	mems__draw_count(text, stats->blocks, "block");
	mems__text_string(text, ", ");
	mems__draw_bytes(text, stats->unused);
	mems__text_string(text, " free in ");
	mems__draw_count(text, stats->holes, "hole");
}

void mems__draw_head(struct text *text, const struct mems_space_stats *stats,
		     uint64_t height)
{
	mems__text_fill(text, "<svg xmlns=\"http://www.w3.org/2000/svg\" "
			"class=\"mems\" role=\"img\" width=\"1000\" "
			"height=\"$\" viewBox=\"0 0 1000 $\" "
			"font-family=\"'Helvetica Neue',Helvetica,Arial,"
			"'Liberation Sans','DejaVu Sans',sans-serif\" "
			"font-size=\"11\" fill=\"#24292f\">\n<title>",
			(uint64_t[]){ height, height });
	draw_use(text, stats);
	mems__text_string(text, "</title>\n");
	mems__text_string(text, draw_style);
	mems__text_fill(text, "<rect width=\"1000\" height=\"$\" "
			"fill=\"#fff\"/>\n"
			"<text class=\"t\" x=\"24\" y=\"36\">",
			(uint64_t[]){ height });
	draw_use(text, stats);

	mems__text_string(text, "</text>\n"
			  "<text class=\"q\" x=\"24\" y=\"58\">");
	mems__draw_count(text, stats->pages, "page");
	mems__text_string(text, " in ");
	mems__draw_count(text, stats->nodes, "node");
	mems__text_fill(text, ", $ % used; largest hole ",
			(uint64_t[]){ mems__draw_share(stats->used,
						       stats->mapped, 100) });
	mems__draw_bytes(text, stats->largest_hole);
	mems__text_string(text, stats->policy == MEMS_GOOD_FIT ?
			  "; good fit" : "; first fit");
	mems__text_string(text, ", granule ");
	mems__draw_bytes(text, stats->granule);
	mems__text_string(text, ", at most ");
	mems__draw_bytes(text, stats->maximum);
	mems__text_string(text, "</text>\n");
}

void mems__draw_cut(struct text *text, uint64_t height)
{
	mems__text_fill(text, "<text class=\"q\" x=\"24\" y=\"$\">"
			"The space grew while it was drawn; the picture stops "
			"here.</text>\n", (uint64_t[]){ height - 6 });
}

static void draw_empty(struct text *text, const struct mems_space_stats *stats)
{
	mems__draw_head(text, stats, 140);
	mems__text_string(text,
			  "<rect class=\"l\" x=\"24.5\" y=\"80.5\" "
			  "width=\"951\" height=\"35\" "
			  "stroke-dasharray=\"4 4\"/>\n"
			  "<text class=\"g m\" x=\"500\" y=\"102\">"
			  "The main chain is empty; the first node will begin "
			  "at 1000.</text>\n");
}

int mems_space_draw(mems_space *space, mems_write_fn *write, void *arg)
{
	struct mems_space_stats stats = { .size = sizeof(stats) };
	struct text text;
	int error;

	if (write == NULL)
		return -EINVAL;
	error = mems_space_stats(space, &stats);
	if (error != 0)
		return error;
	mems__text_begin(&text, write, arg);
	if (stats.nodes == 0)
		draw_empty(&text, &stats);
	else if (stats.nodes <= DRAW_ROWS &&
		 stats.blocks + stats.holes <= DRAW_SEGMENTS)
		mems__draw_rows(&text, space, &stats);
	else
		mems__draw_map(&text, space, &stats);
	mems__text_string(&text, "</svg>\n");
	return mems__text_end(&text);
}
