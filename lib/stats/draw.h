/*
 * What the parts of a picture of a space share: see draw.c.
 *
 * Lengths along x are in tenths of a pixel, those along y in pixels.
 */
#ifndef MEMS_STATS_DRAW_H
#define MEMS_STATS_DRAW_H

#include <mems/stats.h>

#include "base/text.h"

/*
 * Up to so many nodes and segments, each is shown; more would be neither
 * legible nor a small file. The text of one segment is at most about 280 bytes.
 */
#define DRAW_ROWS 40
#define DRAW_SEGMENTS 1000

#define DRAW_TOP 124		/* y of what follows head and legend */
#define DRAW_LEGEND 91		/* y of the middle of the legend's signs */

/* The chains: a row or more for each node. */
void mems__draw_rows(struct text *text, mems_space *space,
		     const struct mems_space_stats *stats);

/* The addresses as a map of cells, each as dark as its part is full. */
void mems__draw_map(struct text *text, mems_space *space,
		    const struct mems_space_stats *stats);

/* Open the document: its size, style, title and counts. */
void mems__draw_head(struct text *text, const struct mems_space_stats *stats,
		     uint64_t height);

/* Say, at the foot, that there was more to show than was counted before. */
void mems__draw_cut(struct text *text, uint64_t height);

/* A number of bytes for people: 4096 bytes, 12.5 MiB. */
void mems__draw_bytes(struct text *text, uint64_t bytes);

/* `n blocks`, or `1 block`, for the noun `block`. */
void mems__draw_count(struct text *text, uint64_t n, const char *noun);

/* Decimal digits of a number. */
unsigned mems__draw_digits(uint64_t n);

/* part / whole of `of`, rounded down; 0 if whole is 0. */
uint64_t mems__draw_share(uint64_t part, uint64_t whole, uint64_t of);

#endif
