/*
 * The figures as text.
 */
#include <stdio.h>
#include <string.h>

#include "figures.h"
#include "malloc/facts.h"

#define NAME 28		/* width of a row's name */
#define COLUMN 14

static void print_heads(const char *title, const char *last)
{
	printf("== %s\n%-*s", title, NAME, "");
	for (int i = 0; i < COLUMNS; i++)
		if (column_chosen(i))
			printf("%*s", COLUMN, column_name(i));
	printf("%s\n", last);
}

/* Half of the range from lowest to highest, in percent of the median. */
static double spread(const struct sample *sample)
{
	return 50 * (sample_highest(sample) - sample_lowest(sample)) /
	       sample_median(sample);
}

static void print_cell(const struct cell *cell, const struct sample *sample,
		       int digits)
{
	char text[40] = "-";
	double value = sample_median(sample);

	if (sample->count > 0)
		snprintf(text, sizeof(text), "%.*f ~%2.0f%%",
			 value < 100 ? digits : value < 1000 && digits > 0,
			 value, spread(sample));
	else if (cell->failures > 0)
		snprintf(text, sizeof(text), "failed");
	printf("%*s", COLUMN, text);
}

static const char *peers_of(const struct row *row)
{
	return row->against != NULL ? row->against : row->key;
}

/* The time in a column, of the fastest peer's. */
static void print_ratio(const struct row *row, int column, int best)
{
	double above = median_of(row->key, column, pick_ns);
	double below = best >= 0 ? median_of(peers_of(row), best, pick_ns) : 0;

	if (above > 0 && below > 0)
		printf("%11.2f", above / below);
	else
		printf("%11s", "-");
}

static bool has(const struct row *row, pick_fn *pick)
{
	bool any = false;

	for (int i = 0; i < COLUMNS; i++)
		any |= pick(&figures.cells[row - rows][i])->count > 0 ||
		       figures.cells[row - rows][i].failures > 0;
	return row->chosen && any;
}

static bool has_any(pick_fn *pick)
{
	for (int i = 0; i < row_count; i++)
		if (has(&rows[i], pick))
			return true;
	return false;
}

static void print_rows(const char *title, pick_fn *pick, int digits)
{
	bool times = pick == pick_ns;

	if (!has_any(pick))
		return;
	print_heads(title, times ? "  heap/best space/best  best peer" : "");
	for (int i = 0; i < row_count; i++) {
		const struct row *row = &rows[i];
		int best = best_peer(peers_of(row));

		if (!has(row, pick))
			continue;
		printf("%-*s", NAME, row->name);
		for (int j = 0; j < COLUMNS; j++)
			if (column_chosen(j))
				print_cell(&figures.cells[i][j],
					   pick(&figures.cells[i][j]), digits);
		if (times) {
			print_ratio(row, HEAP, best);
			print_ratio(row, SPACE, best);
			printf("  %s", best >= 0 ? column_name(best) : "-");
		}
		printf("\n");
	}
	printf("\n");
}

/* Millions of requests in a second, net of the floor, for each column that has
   its figures in this row. */
static void print_rate(const struct row *row, const char *floor,
		       const char *what)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%s", row->name, what);
	printf("%-*s", NAME, name);
	for (int i = 0; i < COLUMNS; i++) {
		double ns = i == FLOOR ? 0 : floor != NULL ?
			    net_of(row->key, i, floor) :
			    median_of(row->key, i, pick_ns);

		if (!column_chosen(i))
			continue;
		if (ns > 0)
			printf("%*.2f", COLUMN, 1000 / ns);
		else
			printf("%*s", COLUMN, "-");
	}
	printf("\n");
}

static void print_rates(const char *count)
{
	static const char *const kinds[] = { "requests", "arena", "create" };
	char floor[32], written[32];

	snprintf(floor, sizeof(floor), "requests-%s", count);
	snprintf(written, sizeof(written), "written-%s", count);
	if (!has(&rows[row_find(floor)], pick_ns))
		return;
	print_heads("Millions of requests in a second: as they are; net of the "
		    "floor; net of it and of what is written", "");
	for (int i = 0; i < 3; i++) {
		const struct row *row;
		char key[32];

		snprintf(key, sizeof(key), "%s-%s", kinds[i], count);
		row = &rows[row_find(key)];
		if (!has(row, pick_ns))
			continue;
		print_rate(row, NULL, "");
		print_rate(row, floor, ", net");
		print_rate(row, written, ", all");
	}
	printf("\n");
}

static void print_shift(void)
{
	bool headed = false;

	for (int i = 0; i < row_count; i++) {
		for (int j = 0; j < COLUMNS; j++) {
			const struct sample *shift = figures.cells[i][j].shift;
			char name[64];

			if (shift[0].count == 0)
				continue;
			if (!headed) {
				printf("== Shift test: highest end / 20 MiB, "
				       "after each mix\n%-*s", NAME, "");
				for (int s = 0; s < SHIFT_STEPS; s++)
					printf("%10s", shift_mixes[s]->key);
				printf("\n");
				headed = true;
			}
			snprintf(name, sizeof(name), "%s",
				 j < PEER ? rows[i].name : column_name(j));
			printf("%-*s", NAME, name);
			for (int s = 0; s < SHIFT_STEPS; s++)
				printf("%10.2f", sample_mean(&shift[s]));
			printf("\n");
		}
	}
	if (headed)
		printf("\n");
}

void tables_print(void)
{
	static struct targets targets;

	for (const struct fact *f = facts(); f->name != NULL; f++)
		printf("%-12s%s\n", f->name, f->value);
	printf("%-12s%d, lanes in turn, a process each; median, ~ half the "
	       "range\n%-12s%g, seed %llu and the next for each round\n\n",
	       "rounds", figures.rounds, "scale", figures.scale,
	       (unsigned long long)figures.seed);
	print_rows("ns of one operation, of one alloc or free of a trace, or "
		   "of one request", pick_ns, 2);
	print_rates("1e5");
	print_rates("1e7");
	print_rows("Highest resident memory in KiB", pick_peak, 0);
	print_rows("Resident memory at the end, in KiB", pick_final, 0);
	print_rows("Highest address used / bytes live, peak", pick_span, 3);
	print_shift();
	printf("== Targets\n");
	targets_judge(&targets);
	targets_print(&targets);
}
