/*
 * The picture of a large space: a map of equal cells, row by row in the order
 * of addresses, each as dark as its part is full.
 *
 * The walk goes up the addresses, so one row at a time is all that is kept.
 */
#include <config.h>

#include <stdbool.h>

#include "stats/draw.h"

#define COLUMNS 64
#define CELLS (COLUMNS * 64)
#define CELL_MIN 16		/* bytes; smaller ones are a block or a hole */
#define MAP_LEFT 126
#define CELL_PITCH 13
#define SHADES 6		/* empty, and five of a fifth each */

struct map {
	struct text *text;
	uint64_t per_cell;	/* bytes */
	uint64_t cells;		/* that the page has room for */
	uint64_t cell;		/* the one at hand */
	uint64_t used, held;	/* bytes of it in blocks, and at all */
	uint64_t row_used, row_held;	/* the same of the row, cells before */
	bool mark_nodes;
	uint64_t nodes;		/* a bit for each cell of the row in which a
				   node begins */
	unsigned char shade[COLUMNS];
};

static void map_legend(struct text *text, const struct map *map)
{
	mems__text_fill(text, "<text class=\"e\" x=\"60\" y=\"$\">empty</text>"
			"<path class=\"h\" d=\"M66.5 ~h11v11h-11z\"/>\n",
			(uint64_t[]){ DRAW_LEGEND + 4, DRAW_LEGEND * 10 - 55 });
	for (uint64_t shade = 1; shade < SHADES; shade++)
		mems__text_fill(text, "<path class=\"f$\" d=\"M$ $h12v12"
				"h-12z\"/>\n",
				(uint64_t[]){ shade, 66 + shade * CELL_PITCH,
					      DRAW_LEGEND - 6 });
	mems__text_fill(text, "<text x=\"150\" y=\"$\">full, in fifths</text>\n"
			"<text x=\"240\" y=\"$\">a cell is ",
			(uint64_t[]){ DRAW_LEGEND + 4, DRAW_LEGEND + 4 });
	mems__draw_bytes(text, map->per_cell);
	mems__text_string(text, ", a row ");
	mems__draw_bytes(text, map->per_cell * COLUMNS);
	mems__text_string(text, "</text>\n");
	if (map->mark_nodes)
		mems__text_fill(text, "<path class=\"l\" stroke-width=\"2\" "
				"d=\"M560 $v12\"/><text x=\"568\" y=\"$\">"
				"a node begins</text>\n",
				(uint64_t[]){ DRAW_LEGEND - 6,
					      DRAW_LEGEND + 4 });
}

static void draw_shade(const struct map *map, uint64_t columns, unsigned shade,
		       uint64_t y)
{
	bool begun = false;

	for (uint64_t i = 0; i < columns; i++) {
		uint64_t x = MAP_LEFT + i * CELL_PITCH;

		if (map->shade[i] != shade)
			continue;
		if (!begun && shade == 0)
			mems__text_string(map->text, "<path class=\"h\" d=\"");
		else if (!begun)
			mems__text_fill(map->text, "<path class=\"f$\" d=\"",
					(uint64_t[]){ shade });
		begun = true;
		/* An outline lies on the border, half of it outside. */
		if (shade == 0)
			mems__text_fill(map->text, "M~ ~h11v11h-11z",
					(uint64_t[]){ x * 10 + 5, y * 10 + 5 });
		else
			mems__text_fill(map->text, "M$ $h12v12h-12z",
					(uint64_t[]){ x, y });
	}
	if (begun)
		mems__text_string(map->text, "\"/>\n");
}

/* Write the row that ends before the cell at hand. */
static void draw_row(struct map *map)
{
	uint64_t columns = (map->cell - 1) % COLUMNS + 1;
	uint64_t begin = map->cell - columns;
	uint64_t y = DRAW_TOP + begin / COLUMNS * CELL_PITCH;
	mems_va va = MEMS_VA_FIRST + begin * map->per_cell;
	uint64_t percent = mems__draw_share(map->row_used, map->row_held, 100);

	mems__text_fill(map->text, "<g><title>[$:$] $ % used</title>"
			"<text class=\"a e\" x=\"118\" y=\"$\">$</text>"
			"<text class=\"a e\" x=\"994\" y=\"$\">$ %</text>\n",
			(uint64_t[]){ va, va + map->row_held - 1, percent,
				      y + 10, va, y + 10, percent });
	for (unsigned shade = 0; shade < SHADES; shade++)
		draw_shade(map, columns, shade, y);
	if (map->mark_nodes && map->nodes != 0) {
		mems__text_string(map->text, "<path class=\"l\" "
				  "stroke-width=\"2\" d=\"");
		for (uint64_t i = 0; i < columns; i++)
			if (map->nodes >> i & 1)
				mems__text_fill(map->text, "M$ $v12",
						(uint64_t[]){ MAP_LEFT +
						i * CELL_PITCH, y });
		mems__text_string(map->text, "\"/>\n");
	}
	mems__text_string(map->text, "</g>\n");
	map->row_used = 0;
	map->row_held = 0;
	map->nodes = 0;
}

/* Settle the shade of the cell at hand and go to the next. */
static void end_cell(struct map *map)
{
	unsigned fifths = (unsigned)mems__draw_share(map->used, map->held, 5);

	/* Rounded up: only a cell without any block counts as empty. */
	if (map->used > 0 && map->used < map->held)
		fifths++;
	map->shade[map->cell % COLUMNS] = (unsigned char)fifths;
	map->row_used += map->used;
	map->row_held += map->held;
	map->used = 0;
	map->held = 0;
	if (++map->cell % COLUMNS == 0)
		draw_row(map);
}

static int draw_in_map(mems_space *space, const struct mems_segment *segment,
		       void *arg)
{
	struct map *map = arg;
	uint64_t offset = segment->va - MEMS_VA_FIRST, left = segment->size;

	(void)space;
	while (left > 0) {
		uint64_t part = map->per_cell - offset % map->per_cell;

		while (map->cell < offset / map->per_cell &&
		       map->cell < map->cells)
			end_cell(map);
		if (map->cell == map->cells)
			return 1;
		if (segment->kind == MEMS_NODE) {
			map->nodes |= (uint64_t)1 << map->cell % COLUMNS;
			break;
		}
		if (part > left)
			part = left;
		map->held += part;
		if (segment->kind == MEMS_PROCESS)
			map->used += part;
		offset += part;
		left -= part;
	}
	return map->text->error;
}

void mems__draw_map(struct text *text, mems_space *space,
		    const struct mems_space_stats *stats)
{
	struct map map = { .text = text, .per_cell = CELL_MIN };
	uint64_t height;
	int error;

	/* By doubling, so that pages and rows begin together. */
	while ((stats->mapped - 1) / CELLS >= map.per_cell)
		map.per_cell *= 2;
	map.cells = (stats->mapped - 1) / map.per_cell + 1;
	/* Marks for every cell would hide what the cells show. */
	map.mark_nodes = stats->nodes > 1 && stats->nodes <= map.cells / 4;
	height = DRAW_TOP + ((map.cells - 1) / COLUMNS + 1) * CELL_PITCH + 24;
	mems__draw_head(text, stats, height);
	map_legend(text, &map);
	error = mems_space_walk(space, draw_in_map, &map);
	if (map.held > 0)
		end_cell(&map);
	if (map.cell % COLUMNS != 0)
		draw_row(&map);
	if (error > 0 && text->error == 0)
		mems__draw_cut(text, height);
	else
		mems__text_fail(text, error);
}
