/*
 * ns per operation over the number of live blocks, as an SVG document: both
 * scales logarithmic, one line for each peer with its name at the end.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results.h"

#define WIDTH 960
#define HEIGHT 600
#define LEFT 72
#define RIGHT 230		/* room for the names */
#define TOP 84
#define BOTTOM 62
#define LABEL_STEP 17		/* least distance between two names */

struct line {
	const struct peer *peer;
	int points;
	double x[POINTS_MAX], y[POINTS_MAX];	/* pixels */
	double low[POINTS_MAX], high[POINTS_MAX];
	double label_y;
};

struct plot {
	const struct results *results;
	double x_from, x_to, y_from, y_to;	/* decimal logarithms */
	int rounds;
	int count;
	struct line lines[PEERS_MAX];
};

/* Ours in strong colours, others in quiet ones; told apart in grey as well. */
static const struct style {
	const struct peer *peer;
	const char *colour;
	const char *dash;
} styles[] = {
	{ &peer_good_8, "#0b5cad", "" },
	{ &peer_good_16, "#3f97e0", "7 3" },
	{ &peer_first_classic, "#c2410c", "" },
	{ &peer_first_1m, "#f08a3c", "7 3" },
	{ &peer_boost, "#7a3e9d", "" },
	{ &peer_libc, "#2f7d4f", "" },
	{ &peer_list, "#8a2432", "" },
};

/* NULL: not plotted. The cost of the replay alone is in the table. */
static const struct style *style_of(const struct peer *peer)
{
	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++)
		if (styles[i].peer == peer)
			return &styles[i];
	return NULL;
}

/* The times of a row at a point; NULL if they are not in this picture. */
static const struct sample *plotted(const struct point *point, int row)
{
	const struct sample *ns = &point->cells[row].ns;

	if (!point->touch || strcmp(point->mix->key, "pareto") != 0 ||
	    ns->count == 0 || style_of(peers[row]) == NULL)
		return NULL;
	return ns;
}

static double x_pixel(const struct plot *plot, double blocks)
{
	return LEFT + (log10(blocks) - plot->x_from) /
	       (plot->x_to - plot->x_from) * (WIDTH - LEFT - RIGHT);
}

static double y_pixel(const struct plot *plot, double ns)
{
	return HEIGHT - BOTTOM - (log10(ns) - plot->y_from) /
	       (plot->y_to - plot->y_from) * (HEIGHT - TOP - BOTTOM);
}

/* The next of 1, 2 and 5 times a power of ten below a number, or above. */
static double round_number(double number, bool above)
{
	double power = pow(10, floor(log10(number)));
	double digit = number / power;

	if (above)
		digit = digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10;
	else
		digit = digit < 2 ? 1 : digit < 5 ? 2 : 5;
	return digit * power;
}

static bool find_ranges(struct plot *plot)
{
	double x_from = INFINITY, x_to = 0, y_from = INFINITY, y_to = 0;

	for (int i = 0; i < plot->results->point_count; i++) {
		const struct point *point = &plot->results->points[i];

		for (int row = 0; row < peer_count; row++) {
			const struct sample *ns = plotted(point, row);

			if (ns == NULL)
				continue;
			if (ns->count > plot->rounds)
				plot->rounds = ns->count;
			x_from = fmin(x_from, point->blocks);
			x_to = fmax(x_to, point->blocks);
			y_from = fmin(y_from, sample_lowest(ns));
			y_to = fmax(y_to, sample_highest(ns));
		}
	}
	if (x_to == 0)
		return false;
	plot->x_from = log10(x_from);
	plot->x_to = fmax(log10(x_to), plot->x_from + 1);
	plot->y_from = log10(round_number(y_from, false));
	plot->y_to = fmax(log10(round_number(y_to, true)), plot->y_from + 0.3);
	return true;
}

static void find_lines(struct plot *plot)
{
	for (int row = 0; row < peer_count; row++) {
		struct line *line = &plot->lines[plot->count];

		*line = (struct line){ .peer = peers[row] };
		for (int i = 0; i < plot->results->point_count; i++) {
			const struct point *point = &plot->results->points[i];
			const struct sample *ns = plotted(point, row);
			int n = line->points;

			if (ns == NULL)
				continue;
			line->x[n] = x_pixel(plot, point->blocks);
			line->y[n] = y_pixel(plot, sample_median(ns));
			line->low[n] = y_pixel(plot, sample_lowest(ns));
			line->high[n] = y_pixel(plot, sample_highest(ns));
			line->points++;
		}
		if (line->points == 0)
			continue;
		line->label_y = line->y[line->points - 1];
		plot->count++;
	}
}

static int by_end(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	double ends[2][2] = {
		{ x->x[x->points - 1], x->label_y },
		{ y->x[y->points - 1], y->label_y },
	};
	int column = ends[0][0] == ends[1][0];

	return (ends[0][column] > ends[1][column]) -
	       (ends[0][column] < ends[1][column]);
}

/* Names stand where their lines end; push those apart that would overlap. */
static void place_labels(struct plot *plot)
{
	qsort(plot->lines, plot->count, sizeof(plot->lines[0]), by_end);
	for (int pass = 0; pass < 200; pass++) {
		for (int i = 1; i < plot->count; i++) {
			struct line *a = &plot->lines[i - 1];
			struct line *b = &plot->lines[i];
			double missing = LABEL_STEP - (b->label_y - a->label_y);

			if (a->x[a->points - 1] != b->x[b->points - 1] ||
			    missing <= 0)
				continue;
			a->label_y -= missing / 2;
			b->label_y += missing / 2;
		}
	}
}

static void put_text(FILE *file, double x, double y, const char *anchor,
		     const char *class, const char *text)
{
	fprintf(file, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" "
		"class=\"%s\">%s</text>\n", x, y, anchor, class, text);
}

static void put_rule(FILE *file, double x1, double y1, double x2, double y2,
		     const char *class)
{
	fprintf(file, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
		"class=\"%s\"/>\n", x1, y1, x2, y2, class);
}

static void put_grid(FILE *file, const struct plot *plot)
{
	double bottom = HEIGHT - BOTTOM, right = WIDTH - RIGHT;
	char text[32];

	for (int decade = floor(plot->y_from); decade <= plot->y_to; decade++) {
		for (int k = 1; k < 10; k++) {
			double ns = k * pow(10, decade), y = y_pixel(plot, ns);

			if (y > bottom + 0.5 || y < TOP - 0.5)
				continue;
			put_rule(file, LEFT, y, right, y,
				 k == 1 ? "grid" : "faint");
			if (k != 1 && k != 2 && k != 5)
				continue;
			snprintf(text, sizeof(text), "%g", ns);
			put_text(file, LEFT - 10, y + 4, "end", "tick", text);
		}
	}
	for (int decade = ceil(plot->x_from); decade <= plot->x_to; decade++) {
		double x = x_pixel(plot, pow(10, decade));

		put_rule(file, x, TOP, x, bottom, "grid");
		fprintf(file, "<text x=\"%.1f\" y=\"%.1f\" text-anchor="
			"\"middle\" class=\"tick\">10<tspan dy=\"-6\" "
			"class=\"power\">%d</tspan></text>\n", x, bottom + 22,
			decade);
	}
	put_text(file, (LEFT + right) / 2, HEIGHT - 14, "middle", "axis",
		 "live blocks");
	fprintf(file, "<text transform=\"translate(22 %.1f) rotate(-90)\" "
		"text-anchor=\"middle\" class=\"axis\">ns per operation</text>"
		"\n", (TOP + bottom) / 2);
}

static void put_line(FILE *file, const struct line *line)
{
	const struct style *style = style_of(line->peer);
	int last = line->points - 1;

	fprintf(file, "<g stroke=\"%s\" fill=\"%s\">\n", style->colour,
		style->colour);
	for (int i = 0; i <= last; i++)
		put_rule(file, line->x[i], line->low[i], line->x[i],
			 line->high[i], "range");
	fprintf(file, "<polyline class=\"line\" stroke-dasharray=\"%s\" "
		"points=\"", style->dash[0] != '\0' ? style->dash : "none");
	for (int i = 0; i <= last; i++)
		fprintf(file, "%.1f,%.1f ", line->x[i], line->y[i]);
	fprintf(file, "\"/>\n");
	for (int i = 0; i <= last; i++)
		fprintf(file, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.2\"/>\n",
			line->x[i], line->y[i]);
	put_rule(file, line->x[last] + 5, line->y[last], line->x[last] + 16,
		 line->label_y, "leader");
	put_text(file, line->x[last] + 20, line->label_y + 4, "start", "name",
		 line->peer->name);
	fprintf(file, "</g>\n");
}

bool plot_write(const struct results *results, const char *path)
{
	static struct plot plot;
	FILE *file = fopen(path, "w");
	char text[160];
	bool written;

	if (file == NULL)
		return false;
	fprintf(file, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
		"height=\"%d\" viewBox=\"0 0 %d %d\">\n"
		"<style>\n"
		"text { font-family: sans-serif; fill: #333 }\n"
		".title { font-size: 19px; font-weight: bold; fill: #111 }\n"
		".note, .tick, .axis { font-size: 13px } .note { fill: #555 }\n"
		".power { font-size: 9px }\n"
		".name { font-size: 13px; fill: inherit; stroke: none }\n"
		".grid { stroke: #d4d4d4 } .faint { stroke: #f1f1f1 }\n"
		".line { fill: none; stroke-width: 2.2 }\n"
		".range { stroke-width: 1.2; opacity: 0.55 }\n"
		".leader { stroke-width: 0.8; opacity: 0.6 }\n"
		"</style>\n"
		"<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n",
		WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT);
	plot = (struct plot){ .results = results };
	put_text(file, LEFT, 34, "start", "title",
		 "Time of one alloc or free");
	if (find_ranges(&plot)) {
		find_lines(&plot);
		place_labels(&plot);
		snprintf(text, sizeof(text), "Random blocks replaced, sizes "
			 "bounded Pareto, first word of each new block "
			 "written; median, lowest and highest of %d",
			 plot.rounds);
		put_text(file, LEFT, 58, "start", "note", text);
		put_grid(file, &plot);
		for (int i = 0; i < plot.count; i++)
			put_line(file, &plot.lines[i]);
	} else {
		put_text(file, LEFT, 58, "start", "note",
			 "The Pareto trace was not run.");
	}
	fprintf(file, "</svg>\n");
	written = !ferror(file);
	return fclose(file) == 0 && written;
}
