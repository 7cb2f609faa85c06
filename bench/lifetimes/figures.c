#include "figures.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "malloc/command.h"
#include "progress.h"

#define LIMIT 300	/* seconds for a lane */

struct figures figures;

#define ROW(KEY, NAME, IN, AGAINST, IS_SLOW)                                  \
	{ .key = KEY, .name = NAME, .columns = IN, .against = AGAINST,        \
	  .slow = IS_SLOW }
#define QUICK(KEY, NAME, IN, AGAINST) ROW(KEY, NAME, IN, AGAINST, false)
#define SLOW(KEY, NAME, IN, AGAINST) ROW(KEY, NAME, IN, AGAINST, true)

struct row rows[] = {
	QUICK("bump-inline", "alloc of 64 B, inline", F | H | S, "pair-64"),
	QUICK("bump-call", "alloc of 64 B, a call", H | S, "pair-64"),
	QUICK("create", "create and destroy", H | S, "pair-64"),
	QUICK("reset-1e1", "reset of 10 blocks", H | S, "pair-64"),
	QUICK("reset-1e3", "reset of 1e3 blocks", H | S, "pair-64"),
	QUICK("reset-1e5", "reset of 1e5 blocks", H | S, "pair-64"),
	QUICK("reset-1e5-whole", "the same, one chunk", H | S, "pair-64"),
	QUICK("pair-64", "pair of 64 B, slab", H | S | P, NULL),
	QUICK("pair-256", "pair of 256 B, slab", H | S | P, NULL),
	QUICK("replace-1e6", "replace in 1e6, slab", F | H | S | P, NULL),
	QUICK("pareto-1e4", "Pareto 1e4, depot", F | S | P, NULL),
	QUICK("pareto-1e5", "Pareto 1e5, depot", F | S | P, NULL),
	QUICK("pareto-1e6", "Pareto 1e6, depot", F | S | P, NULL),
	QUICK("fit-1e4", "Pareto 1e4, space", S, "pareto-1e4"),
	QUICK("fit-1e5", "Pareto 1e5, space", S, "pareto-1e5"),
	QUICK("fit-1e6", "Pareto 1e6, space", S, "pareto-1e6"),
	QUICK("shift", "depot", S | G, NULL),
	QUICK("shift-fit", "mems_space_alloc", S, NULL),
	QUICK("requests-1e5", "1e5 requests", F | H | S | P, NULL),
	QUICK("arena-1e5", "  sessions in an arena", H | S, "requests-1e5"),
	QUICK("create-1e5", "  arena made for each", H | S, "requests-1e5"),
	QUICK("written-1e5", "  no memory, written", F, NULL),
	SLOW("requests-1e7", "1e7 requests", F | H | S | P, NULL),
	SLOW("arena-1e7", "  sessions in an arena", H | S, "requests-1e7"),
	SLOW("create-1e7", "  arena made for each", H | S, "requests-1e7"),
	SLOW("written-1e7", "  no memory, written", F, NULL),
};

const int row_count = sizeof(rows) / sizeof(rows[0]);
_Static_assert(sizeof(rows) / sizeof(rows[0]) <= ROWS_MAX, "cells for all");

int row_find(const char *key)
{
	for (int i = 0; i < row_count; i++)
		if (strcmp(rows[i].key, key) == 0)
			return i;
	return -1;
}

bool column_chosen(int column)
{
	return column < PEER || allocators[column - PEER].chosen;
}

const char *column_name(int column)
{
	static const char *const names[] = { "floor", "heap", "space" };

	return column < PEER ? names[column] : allocators[column - PEER].key;
}

const struct sample *pick_ns(const struct cell *cell)
{
	return &cell->ns;
}

const struct sample *pick_span(const struct cell *cell)
{
	return &cell->span;
}

const struct sample *pick_peak(const struct cell *cell)
{
	return &cell->peak;
}

const struct sample *pick_final(const struct cell *cell)
{
	return &cell->final;
}

double median_of(const char *key, int column, pick_fn *pick)
{
	return sample_median(pick(&figures.cells[row_find(key)][column]));
}

int best_peer(const char *key)
{
	int best = -1;

	for (int i = PEER; i < COLUMNS; i++) {
		double ns = median_of(key, i, pick_ns);

		if (ns > 0 && (best < 0 || ns < median_of(key, best, pick_ns)))
			best = i;
	}
	return best;
}

double net_of(const char *key, int column, const char *floor)
{
	double gross = median_of(key, column, pick_ns);
	double least = median_of(floor, FLOOR, pick_ns);

	return gross > 0 && least > 0 && gross > least ? gross - least : 0;
}

static bool run_lane(const struct row *row, int column, int round, char *line,
		     size_t size, struct outcome *outcome)
{
	static const char *const places[] = { "floor", "heap", "space" };
	bool ours = column == HEAP || column == SPACE;
	char program[600], words[2][32];
	const char *const argv[] = {
		program, row->key, column < PEER ? places[column] : "malloc",
		words[0], words[1], NULL
	};
	struct command command = { .argv = argv, .limit = LIMIT };

	if (column >= PEER)
		command.preload = allocators[column - PEER].path;
	snprintf(program, sizeof(program), "%s/%s", bench_directory(),
		 ours ? "ours" : "theirs");
	snprintf(words[0], sizeof(words[0]), "%g", figures.scale);
	snprintf(words[1], sizeof(words[1]), "%llu",
		 (unsigned long long)figures.seed + (unsigned)round);
	if (!command_run(&command, outcome))
		return false;
	command_output(&command, line, size);
	if (strchr(line, '=') != NULL)
		return true;
	snprintf(outcome->why, sizeof(outcome->why), "printed no figures");
	return false;
}

/* All that do the same work must have come to the same sum. */
static bool same_check(int row, int round, uint64_t check)
{
	uint64_t *known = &figures.checks[row][round];

	if (*known == 0)
		*known = check;
	return check == 0 || *known == check;
}

static void take(struct sample *sample, const char *line, const char *key)
{
	double value = command_value(line, key);

	if (value > 0)
		sample_add(sample, value);
}

static void measure(int row, int column, int round)
{
	struct cell *cell = &figures.cells[row][column];
	struct outcome outcome = { 0 };
	char line[1024];

	progress("round %d: %s, %s", round + 1, rows[row].key,
		 column_name(column));
	if (!run_lane(&rows[row], column, round, line, sizeof(line),
		      &outcome)) {
		cell->failures++;
	} else if (!same_check(row, round,
			       (uint64_t)command_value(line, "check"))) {
		cell->failures++;
		snprintf(outcome.why, sizeof(outcome.why),
			 "its checksum differs from the others'");
	} else {
		take(&cell->ns, line, "ns");
		take(&cell->peak, line, "peak_kib");
		take(&cell->final, line, "final_kib");
		/* Of the others' blocks no one knows where they may lie. */
		if (column > PEER + GLIBC)
			return;
		take(&cell->span, line, "span");
		for (int i = 0; i < SHIFT_STEPS; i++) {
			char key[16];

			snprintf(key, sizeof(key), "shift%d", i);
			take(&cell->shift[i], line, key);
		}
		return;
	}
	figures.failed = true;
	progress("%s", "");
	fprintf(stderr, "%s, %s: %s\n", rows[row].key, column_name(column),
		outcome.why);
}

void measure_rounds(void)
{
	for (int round = 0; round < figures.rounds; round++) {
		for (int row = 0; row < row_count; row++) {
			for (int i = 0; i < COLUMNS; i++) {
				int column = (i + round + row) % COLUMNS;

				if (rows[row].chosen &&
				    (rows[row].columns >> column & 1) &&
				    column_chosen(column))
					measure(row, column, round);
			}
		}
	}
	progress("%s", "");
}
