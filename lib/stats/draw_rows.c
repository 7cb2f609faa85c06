/*
 * The picture of a small space: the main chain downwards, each node's
 * sub-chain to the right, to scale, going on in further rows when it is long.
 */
#include <config.h>

#include <stdbool.h>

#include "stats/draw.h"

#define BAR_LEFT 620		/* tenths */
#define BAR_WIDTH 9140		/* tenths */
#define BAR_HEIGHT 26
#define BAR_PITCH 46		/* from one row of a node to its next */
#define NODE_HEAD 24		/* the line above a node */
#define LABEL_END 9940		/* tenths; no label goes further right */
#define DIGIT 65		/* tenths; of the widest likely font */

struct rows {
	struct text *text;
	uint64_t scale;		/* bytes of a full row */
	uint64_t per_row;	/* the same in the node at hand */
	uint64_t rows;		/* that the page has room for */
	uint64_t pieces;	/* that may still be drawn */
	uint64_t height;	/* of the page */
	uint64_t y;		/* top of the row at hand */
	uint64_t label_end;	/* tenths; where the row's last label ends */
	uint64_t node_y;	/* top of the node's first row; 0: no node */
	mems_va first;		/* of the node at hand */
	uint64_t size;		/* of the node at hand */
	uint64_t row;		/* of the node */
	uint64_t segments;	/* of the node, so far */
	bool open;		/* there is more to say of the node */
	bool cut;		/* the page was too short */
};

struct node_sizes {
	size_t count;
	uint64_t size[DRAW_ROWS];
};

static int note_node_size(mems_space *space, const struct mems_segment *segment,
			  void *arg)
{
	struct node_sizes *sizes = arg;

	(void)space;
	if (segment->kind == MEMS_NODE) {
		if (sizes->count == DRAW_ROWS)
			return 1;
		sizes->size[sizes->count++] = segment->size;
	}
	return 0;
}

static uint64_t rows_for(const struct node_sizes *sizes, uint64_t scale)
{
	uint64_t rows = 0;

	for (size_t i = 0; i < sizes->count; i++)
		rows += (sizes->size[i] - 1) / scale + 1;
	return rows;
}

/*
 * The bytes of a full row: as few as let six or so segments share a row, within
 * the rows of a page. Half as many rows again as nodes are always allowed, so
 * that one long node does not make the others narrow. Of 16, 20, 24, 28, 32,
 * 40 and so on, four to each doubling: few pages then fill whole rows.
 */
static uint64_t choose_scale(const struct node_sizes *sizes, uint64_t segments)
{
	uint64_t wanted = segments / 6, scale = 16, step = 4;

	if (wanted < sizes->count + sizes->count / 2)
		wanted = sizes->count + sizes->count / 2;
	if (wanted > DRAW_ROWS)
		wanted = DRAW_ROWS;
	while (rows_for(sizes, scale) > wanted && scale >> 62 == 0) {
		scale += step;
		if (scale == 8 * step)
			step *= 2;
	}
	return scale;
}

static void rows_legend(struct text *text, uint64_t per_row)
{
	uint64_t bytes = 1, width;

	while (bytes <= per_row / 12)
		bytes *= 2;
	width = mems__draw_share(bytes, per_row, BAR_WIDTH);
	mems__text_fill(text,
			"<path class=\"p\" d=\"M24 $h26v12h-26z\"/>"
			"<text x=\"57\" y=\"$\">PROCESS: in use</text>\n"
			"<path class=\"h\" d=\"M168.5 ~h25v11h-25z\"/>"
			"<text x=\"201\" y=\"$\">HOLE: free</text>\n"
			"<path class=\"l\" d=\"M284.5 $v12m-3-5l3 5l3-5\"/>"
			"<text x=\"294\" y=\"$\">next node of the main chain"
			"</text>\n",
			(uint64_t[]){ DRAW_LEGEND - 6, DRAW_LEGEND + 4,
				      DRAW_LEGEND * 10 - 55, DRAW_LEGEND + 4,
				      DRAW_LEGEND - 6, DRAW_LEGEND + 4 });
	mems__text_fill(text,
			"<path class=\"l\" d=\"M480.5 $v8m0-4h~m0-4v8\"/>"
			"<text x=\"~\" y=\"$\">",
			(uint64_t[]){ DRAW_LEGEND - 4, width, 4885 + width,
				      DRAW_LEGEND + 4 });
	mems__draw_bytes(text, bytes);
	mems__text_string(text, "; a full row is ");
	mems__draw_bytes(text, per_row);
	mems__text_string(text, "</text>\n");
}

/* The address under a border at x, unless the one before is in its way. */
static void border_label(struct rows *rows, uint64_t x, mems_va va)
{
	uint64_t width = mems__draw_digits(va) * DIGIT;

	if (x < rows->label_end || x + width > LABEL_END)
		return;
	mems__text_fill(rows->text, "<text class=\"a\" x=\"~\" y=\"$\">$"
			"</text>\n",
			(uint64_t[]){ x, rows->y + BAR_HEIGHT + 12, va });
	rows->label_end = x + width + DIGIT;
}

/* Begin a row at `y`; false if the page has no room for it. */
static bool begin_row(struct rows *rows, uint64_t y)
{
	if (rows->rows == 0) {
		rows->cut = true;
		return false;
	}
	rows->rows--;
	rows->y = y;
	rows->label_end = 0;
	return true;
}

/* What can be said of a node only when its last segment is known. */
static void draw_heading(struct rows *rows)
{
	mems_va last = rows->first + rows->size - 1;
	uint64_t width = mems__draw_digits(last) * DIGIT;
	uint64_t in_row, x;

	if (!rows->open)
		return;
	rows->open = false;
	in_row = (rows->size - 1) % rows->per_row + 1;
	x = BAR_LEFT + mems__draw_share(in_row, rows->per_row, BAR_WIDTH);
	mems__text_fill(rows->text,
			"<text x=\"~\" y=\"$\">MAIN[$:$]"
			"<tspan class=\"g\" dx=\"10\">",
			(uint64_t[]){ BAR_LEFT, rows->node_y - 6,
				      rows->first, last });
	mems__draw_bytes(rows->text, rows->size);
	mems__text_string(rows->text, ", ");
	mems__draw_count(rows->text, rows->segments, "segment");
	if (rows->per_row < rows->scale)
		mems__text_fill(rows->text, ", shown $ times wider",
				(uint64_t[]){ rows->scale / rows->per_row });
	mems__text_string(rows->text, "</tspan></text>\n");
	if (rows->label_end + width <= x)
		mems__text_fill(rows->text, "<text class=\"a e\" x=\"~\" "
				"y=\"$\">$</text>\n",
				(uint64_t[]){ x, rows->y + BAR_HEIGHT + 12,
					      last });
}

/*
 * The bytes of a row in a node of this size. Beside a large node a small one
 * would be a line; it is shown wider, by a power of two, and its heading says
 * so.
 */
static uint64_t node_scale(uint64_t scale, uint64_t size)
{
	if (size <= scale / 16)
		while (size < scale / 4)
			scale /= 2;
	return scale;
}

/* The sign of a node in the main chain, and the arrow that leads to it. */
static bool draw_node(struct rows *rows, const struct mems_segment *segment)
{
	uint64_t from = rows->node_y + BAR_HEIGHT, y = DRAW_TOP + NODE_HEAD;

	draw_heading(rows);
	if (rows->node_y > 0)
		y = rows->y + BAR_PITCH + NODE_HEAD;
	if (!begin_row(rows, y))
		return false;
	if (rows->node_y > 0)
		mems__text_fill(rows->text, "<path class=\"l\" d=\""
				"M37.5 $V$m-3-5l3 5l3-5\"/>\n",
				(uint64_t[]){ from, y - 1 });
	mems__text_fill(rows->text,
			"<path class=\"l\" d=\"M24.5 ~h26v25h-26zm26 12.5"
			"h~\"/><text class=\"m\" x=\"37.5\" y=\"$\">$</text>\n",
			(uint64_t[]){ y * 10 + 5, BAR_LEFT - 505, y + 17,
				      segment->node + 1 });
	rows->open = true;
	rows->node_y = y;
	rows->first = segment->va;
	rows->size = segment->size;
	rows->per_row = node_scale(rows->scale, segment->size);
	rows->row = 0;
	rows->segments = 0;
	return true;
}

/*
 * The part of a segment from x to end. Wide ones keep a small distance, and
 * holes have an outline; in narrow ones that would be all there is to see. A
 * segment that goes on in the next row points there.
 */
static void draw_piece(struct rows *rows, const struct mems_segment *segment,
		       uint64_t x, uint64_t end, bool goes_on)
{
	bool process = segment->kind == MEMS_PROCESS;
	uint64_t width = end - x > 5 ? end - x : 5, y = rows->y * 10;
	uint64_t height = BAR_HEIGHT * 10;
	const char *kind = process ? "p" : "n";

	if (width >= 40 && process) {
		width -= 10;
		x += 5;
	} else if (width >= 40) {
		kind = "h";
		width -= 20;
		x += 10;
		height -= 10;
		y += 5;
	}
	mems__text_string(rows->text, "<path class=\"");
	mems__text_string(rows->text, kind);
	mems__text_fill(rows->text, goes_on ? "\" d=\"M~ ~h~l6 ~l-6 ~h-~z" :
			"\" d=\"M~ ~h~v~v~h-~z", (uint64_t[]){
			x, y, width, height / 2, height / 2, width });
	mems__text_string(rows->text, process ? "\"><title>PROCESS" :
			  "\"><title>HOLE");
	mems__text_fill(rows->text, " [$:$] ", (uint64_t[]){ segment->va,
			segment->va + segment->size - 1 });
	mems__draw_bytes(rows->text, segment->size);
	mems__text_string(rows->text, "</title></path>\n");
}

/* The segment's size in the middle of a piece, if it fits. */
static bool size_label(struct rows *rows, const struct mems_segment *segment,
		       uint64_t x, uint64_t end)
{
	uint64_t longest = segment->size < 16384 ?
			   mems__draw_digits(segment->size) + 6 : 10;
	uint64_t width = longest * DIGIT;
	bool units = end - x > width + 60;

	if (!units && segment->size < 16384)
		width -= 6 * DIGIT;
	if (end - x < width + 60)
		return false;
	mems__text_fill(rows->text, segment->kind == MEMS_PROCESS ?
			"<text class=\"w\" x=\"~\" y=\"$\">" :
			"<text class=\"g m\" x=\"~\" y=\"$\">",
			(uint64_t[]){ (x + end) / 2, rows->y + 17 });
	if (units)
		mems__draw_bytes(rows->text, segment->size);
	else
		mems__text_decimal(rows->text, segment->size);
	mems__text_string(rows->text, "</text>\n");
	return true;
}

static bool draw_segment(struct rows *rows, const struct mems_segment *segment)
{
	uint64_t offset = segment->va - rows->first, left = segment->size;
	bool labelled = false;

	rows->segments++;
	while (left > 0) {
		uint64_t in_row = offset % rows->per_row;
		uint64_t part = rows->per_row - in_row;
		uint64_t x, end;

		if (part > left)
			part = left;
		for (; rows->row < offset / rows->per_row; rows->row++)
			if (!begin_row(rows, rows->y + BAR_PITCH))
				return false;
		if (rows->pieces == 0) {
			rows->cut = true;
			return false;
		}
		rows->pieces--;
		x = BAR_LEFT + mems__draw_share(in_row, rows->per_row,
						BAR_WIDTH);
		end = BAR_LEFT + mems__draw_share(in_row + part, rows->per_row,
						  BAR_WIDTH);
		draw_piece(rows, segment, x, end, part < left);
		border_label(rows, x, rows->first + offset);
		if (!labelled)
			labelled = size_label(rows, segment, x, end);
		offset += part;
		left -= part;
	}
	return true;
}

static int draw_in_rows(mems_space *space, const struct mems_segment *segment,
			void *arg)
{
	struct rows *rows = arg;
	bool drawn;

	(void)space;
	if (segment->kind == MEMS_NODE)
		drawn = draw_node(rows, segment);
	else
		drawn = draw_segment(rows, segment);
	return drawn ? rows->text->error : 1;
}

void mems__draw_rows(struct text *text, mems_space *space,
		     const struct mems_space_stats *stats)
{
	struct node_sizes sizes = { .count = 0 };
	struct rows rows = { .text = text };
	int error = mems_space_walk(space, note_node_size, &sizes);

	if (error < 0)
		mems__text_fail(text, error);
	rows.scale = choose_scale(&sizes, stats->blocks + stats->holes);
	rows.rows = rows_for(&sizes, rows.scale);
	rows.pieces = DRAW_SEGMENTS + rows.rows;
	rows.height = DRAW_TOP + rows.rows * BAR_PITCH +
		      sizes.count * NODE_HEAD + 20;
	mems__draw_head(text, stats, rows.height);
	rows_legend(text, rows.scale);
	error = mems_space_walk(space, draw_in_rows, &rows);
	if (rows.cut)
		mems__draw_cut(text, rows.height);
	else
		mems__text_fail(text, error);
	draw_heading(&rows);
}
