/*
 * Time and peak memory of each row as bars, an SVG document: each bar reaches
 * from the figure of the first column, glibc, to that of another allocator, on
 * a logarithmic scale. To the left is less.
 */
#include <math.h>
#include <stdio.h>

#include "programs.h"
#include "results.h"

#define WIDTH 1180
#define LEFT 170		/* room for the names */
#define PANEL 470
#define GAP 40
#define TOP 112
#define BOTTOM 40
#define BAR 5
#define ROW_GAP 7
#define OCTAVES 3.0		/* from the middle to an edge */

struct panel {
	const char *title;
	pick_fn *pick;
	double x;
};

static const struct panel panels[2] = {
	{ "Time", pick_time, LEFT },
	{ "Peak of resident memory", pick_peak, LEFT + PANEL + GAP },
};

static int base_column(void)
{
	int base = GLIBC;

	while (base < ALLOCATORS - 1 && !allocators[base].chosen)
		base++;
	return base;
}

static int bar_count(void)
{
	int count = 0;

	for (int i = 0; i < ALLOCATORS; i++)
		count += allocators[i].chosen && i != base_column();
	return count;
}

static double row_height(void)
{
	return bar_count() * BAR + ROW_GAP;
}

static double x_of(const struct panel *panel, double ratio)
{
	double octaves = fmax(-OCTAVES, fmin(OCTAVES, log2(ratio)));

	return panel->x + PANEL * (0.5 + octaves / (2 * OCTAVES));
}

static void put_text(FILE *file, double x, double y, const char *anchor,
		     const char *class, const char *text)
{
	fprintf(file, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" "
		"class=\"%s\">%s</text>\n", x, y, anchor, class, text);
}

static void put_bar(FILE *file, const struct panel *panel, int column,
		    double ratio, double y)
{
	double from = x_of(panel, 1), to = x_of(panel, ratio);
	bool beyond = fabs(log2(ratio)) > OCTAVES;

	fprintf(file, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height="
		"\"%d\" fill=\"%s\"/>\n", fmin(from, to), y,
		fmax(fabs(to - from), 1), BAR - 1, allocators[column].colour);
	if (beyond)
		fprintf(file, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" "
			"class=\"beyond\">%.*f</text>\n",
			ratio > 1 ? to + 3 : to - 3, y + BAR,
			ratio > 1 ? "start" : "end", ratio > 1 ? 0 : 2, ratio);
}

static void put_bars(FILE *file, const struct panel *panel,
		     const struct row *row, double y)
{
	double base = sample_median(panel->pick(&row->cells[base_column()]));

	if (base <= 0 || (panel->pick == pick_time && !row->timed))
		return;
	for (int i = 0; i < ALLOCATORS; i++) {
		double value = sample_median(panel->pick(&row->cells[i]));

		if (!allocators[i].chosen || i == base_column())
			continue;
		if (value > 0)
			put_bar(file, panel, i, value / base, y);
		y += BAR;
	}
}

static void put_scale(FILE *file, const struct panel *panel, double bottom)
{
	static const char *const names[] = {
		"1/8", "1/4", "1/2", "1", "2", "4", "8"
	};

	put_text(file, panel->x + PANEL / 2.0, TOP - 28, "middle", "head",
		 panel->title);
	for (int i = 0; i < 7; i++) {
		double x = x_of(panel, exp2(i - 3));

		fprintf(file, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2="
			"\"%.1f\" class=\"%s\"/>\n", x, TOP - 6, x, bottom,
			i == 3 ? "middle" : "grid");
		put_text(file, x, TOP - 11, "middle", "tick", names[i]);
		put_text(file, x, bottom + 16, "middle", "tick", names[i]);
	}
}

static void put_legend(FILE *file)
{
	double x = LEFT;

	for (int i = 0; i < ALLOCATORS; i++) {
		if (!allocators[i].chosen || i == base_column())
			continue;
		fprintf(file, "<rect x=\"%.1f\" y=\"57\" width=\"22\" height="
			"\"9\" fill=\"%s\"/>\n", x, allocators[i].colour);
		put_text(file, x + 28, 66, "start", "tick", allocators[i].key);
		x += 126;
	}
}

static void put_rows(FILE *file)
{
	double y = TOP + ROW_GAP / 2.0;

	for (int i = 0; i < results.row_count; i++) {
		if (i % 2 == 0)
			fprintf(file, "<rect x=\"8\" y=\"%.1f\" width=\"%d\" "
				"height=\"%.1f\" class=\"band\"/>\n",
				y - ROW_GAP / 2.0, WIDTH - 16, row_height());
		y += row_height();
	}
	for (int p = 0; p < 2; p++)
		put_scale(file, &panels[p], y);
	y = TOP + ROW_GAP / 2.0;
	for (int i = 0; i < results.row_count; i++) {
		put_text(file, LEFT - 14, y + bar_count() * BAR / 2.0 + 4,
			 "end", "tick", row_name(&results.rows[i]));
		for (int p = 0; p < 2; p++)
			put_bars(file, &panels[p], &results.rows[i], y);
		y += row_height();
	}
}

bool svg_write(const char *path)
{
	FILE *file = fopen(path, "w");
	int height = (int)(TOP + ROW_GAP + results.row_count * row_height() +
			   BOTTOM);
	char text[160];
	bool written;

	if (file == NULL)
		return false;
	fprintf(file, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
		"height=\"%d\" viewBox=\"0 0 %d %d\">\n"
		"<style>\n"
		"text { font-family: sans-serif; fill: #333 }\n"
		".title { font-size: 19px; font-weight: bold; fill: #111 }\n"
		".head { font-size: 14px; font-weight: bold }\n"
		".tick { font-size: 12px } .note { font-size: 13px }\n"
		".beyond { font-size: 8px }\n"
		".grid { stroke: #ddd } .middle { stroke: #888 }\n"
		".band { fill: #f6f6f6 }\n"
		"</style>\n"
		"<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n",
		WIDTH, height, WIDTH, height, WIDTH, height);
	snprintf(text, sizeof(text), "Time and memory, relative to %s",
		 allocators[base_column()].key);
	put_text(file, LEFT, 28, "start", "title", text);
	snprintf(text, sizeof(text), "Ratios of medians of %d; left of 1 is "
		 "less. The number behind a workload is its threads.",
		 results.rounds);
	put_text(file, LEFT, 48, "start", "note", text);
	put_legend(file);
	put_rows(file);
	fprintf(file, "</svg>\n");
	written = !ferror(file);
	return fclose(file) == 0 && written;
}
