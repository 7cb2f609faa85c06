/*
 * The figures as text.
 */
#include <stdio.h>
#include <string.h>

#include "programs.h"
#include "results.h"

#define NAME 22		/* width of a row's name */
#define COLUMN 15

static void print_heads(const char *first, const char *last)
{
	printf("%-*s", NAME, first);
	for (int i = 0; i < ALLOCATORS; i++)
		if (allocators[i].chosen)
			printf("%*s", COLUMN, allocators[i].key);
	printf("%s\n", last);
}

/* Half of the range from lowest to highest, in percent of the median. */
static double spread(const struct sample *sample)
{
	double median = sample_median(sample);

	return median > 0 ? 50 * (sample_highest(sample) -
				  sample_lowest(sample)) / median : 0;
}

static void print_cell(const struct cell *cell, const struct sample *sample,
		       double unit)
{
	char text[40] = "-";
	double value = sample_median(sample) / unit;

	if (sample->count > 0)
		snprintf(text, sizeof(text), "%.*f ~%2.0f%%",
			 value < 10 ? 2 : 1, value, spread(sample));
	else if (cell->failures > 0)
		snprintf(text, sizeof(text), "failed");
	printf("%*s", COLUMN, text);
}

/* The first of ours that is there; -1 if none. */
static int ours(void)
{
	return allocators[MEMS].chosen ? MEMS :
	       allocators[MEMS_HARDENED].chosen ? MEMS_HARDENED : -1;
}

static void print_ratio(const struct row *row, pick_fn *pick, int other)
{
	double a = ours() >= 0 ? sample_median(pick(&row->cells[ours()])) : 0;
	double b = other >= 0 ? sample_median(pick(&row->cells[other])) : 0;

	if (a > 0 && b > 0)
		printf("%8.2f", a / b);
	else
		printf("%8s", "-");
}

/* How ours compares with the best of the peers over all and on this row. */
static void print_rows(const char *title, pick_fn *pick, double unit)
{
	int single = best_peer(pick);
	char last[80] = "    best peer";
	int samples = 0;

	for (int i = 0; i < results.row_count; i++)
		for (int j = 0; j < ALLOCATORS; j++)
			samples += pick(&results.rows[i].cells[j])->count;
	if (samples == 0)
		return;
	printf("== %s\n", title);
	if (ours() >= 0 && single >= 0)
		snprintf(last, sizeof(last), "    x/%-8.8s x/best   best peer",
			 allocators[single].key);
	print_heads("", last);
	for (int i = 0; i < results.row_count; i++) {
		const struct row *row = &results.rows[i];
		int best = best_of_row(row, pick);
		bool any = false;

		for (int j = 0; j < ALLOCATORS; j++)
			any |= pick(&row->cells[j])->count > 0 ||
			       row->cells[j].failures > 0;
		if (!any || (pick == pick_time && !row->timed))
			continue;
		printf("%-*s", NAME, row_name(row));
		for (int j = 0; j < ALLOCATORS; j++)
			if (allocators[j].chosen)
				print_cell(&row->cells[j],
					   pick(&row->cells[j]), unit);
		if (ours() >= 0) {
			print_ratio(row, pick, single);
			printf("    ");
			print_ratio(row, pick, best);
			printf(" ");
		} else {
			printf("  ");
		}
		printf("  %s\n", best >= 0 ? allocators[best].key : "-");
	}
	printf("\n");
}

static void print_means(const char *title, pick_fn *pick)
{
	int base = GLIBC;

	while (base < ALLOCATORS && !allocators[base].chosen)
		base++;
	printf("== %s, geometric mean of the ratios to %s\n", title,
	       allocators[base].key);
	print_heads("", "");
	for (enum group group = 0; group <= GROUPS; group++) {
		printf("%-*s", NAME, group_name(group));
		for (int i = 0; i < ALLOCATORS; i++) {
			double ratio = mean_ratio(pick, i, base, group);

			if (!allocators[i].chosen)
				continue;
			if (ratio > 0)
				printf("%*.3f", COLUMN, ratio);
			else
				printf("%*s", COLUMN, "-");
		}
		printf("\n");
	}
	printf("\n");
}

static double row_ratio(const struct row *row)
{
	int best = best_of_row(row, pick_time);

	if (!row->timed || best < 0 || ours() < 0)
		return 0;
	return sample_median(&row->cells[ours()].ms) /
	       sample_median(&row->cells[best].ms);
}

static void print_worst(void)
{
	bool shown[ROWS_MAX] = { false };

	printf("== The three worst rows of %s\n", allocators[ours()].key);
	for (int n = 0; n < 3; n++) {
		int worst = -1, best;

		for (int i = 0; i < results.row_count; i++)
			if (!shown[i] && row_ratio(&results.rows[i]) > 0 &&
			    (worst < 0 || row_ratio(&results.rows[i]) >
					  row_ratio(&results.rows[worst])))
				worst = i;
		if (worst < 0)
			break;
		shown[worst] = true;
		best = best_of_row(&results.rows[worst], pick_time);
		printf("%-*s %.2f times %s", NAME,
		       row_name(&results.rows[worst]),
		       row_ratio(&results.rows[worst]), allocators[best].key);
		for (int i = 0; i < 2; i++) {
			int column = i == 0 ? ours() : best;
			const struct sample *ms =
				&results.rows[worst].cells[column].ms;

			printf("; %s %.1f ms (%.1f-%.1f)",
			       allocators[column].key, sample_median(ms),
			       sample_lowest(ms), sample_highest(ms));
		}
		printf("\n");
	}
	printf("\n");
}

static void print_sizes(void)
{
	static const char *const prefixes[] = { "pair", "malloc", "free" };
	bool headed = false;

	for (int i = 0; i < results.row_count; i++) {
		const struct row *row = &results.rows[i];

		for (int p = 0; p < 3; p++) {
			bool any = false;

			for (int j = 0; j < ALLOCATORS; j++)
				any |= seven_mean(&row->cells[j],
						  prefixes[p]) > 0;
			if (!any)
				continue;
			if (!headed) {
				printf("== ns of one pair, malloc or free, "
				       "mean over 16..1024 B (lower quartile "
				       "of the inner rounds)\n");
				print_heads("", "");
				headed = true;
			}
			printf("%-*.*s %-6s", NAME - 7, NAME - 7,
			       row_name(row), prefixes[p]);
			for (int j = 0; j < ALLOCATORS; j++)
				if (allocators[j].chosen)
					printf("%*.2f", COLUMN, seven_mean(
					       &row->cells[j], prefixes[p]));
			printf("\n");
		}
	}
	if (headed)
		printf("\n");
}

static void print_scaling(void)
{
	bool any = false;

	for (int w = 0; w < workload_count; w++) {
		double found = 0;

		for (int i = 0; i < ALLOCATORS; i++)
			found += scaling_of(&workloads[w], i);
		if (!workloads[w].independent || found <= 0)
			continue;
		if (!any) {
			printf("== Throughput of 2 threads over that of 1, "
			       "work that shares nothing\n");
			print_heads("", "");
		}
		any = true;
		printf("%-*s", NAME, workloads[w].name);
		for (int i = 0; i < ALLOCATORS; i++)
			if (allocators[i].chosen)
				printf("%*.2f", COLUMN,
				       scaling_of(&workloads[w], i));
		printf("\n");
	}
	if (!any)
		return;
	printf("%-*s", NAME, "geometric mean");
	for (int i = 0; i < ALLOCATORS; i++)
		if (allocators[i].chosen)
			printf("%*.2f", COLUMN, scaling_mean(i, i));
	printf("\n\n");
}

static void print_idle(void)
{
	double measured = 0;

	for (int i = 0; i < ALLOCATORS; i++)
		measured += results.idle[i].peak;
	if (measured <= 0)
		return;
	printf("== MiB resident: 1 GiB of mixed blocks%s, all freed, 10 s "
	       "later\n%-*s%12s%12s%12s%12s\n",
	       results.scale < 1 ? " (times the scale)" : "", NAME, "",
	       "peak", "freed", "10 s later", "% of peak");
	for (int i = 0; i < ALLOCATORS; i++) {
		const struct idle *idle = &results.idle[i];

		if (idle->peak > 0)
			printf("%-*s%12.1f%12.1f%12.1f%12.1f\n", NAME,
			       allocators[i].key, idle->peak / 1024,
			       idle->after / 1024, idle->idle / 1024,
			       100 * idle->idle / idle->peak);
	}
	printf("\n");
}

void tables_print(void)
{
	static struct targets targets;
	int failures = 0;

	for (const struct fact *f = facts(); f->name != NULL; f++)
		printf("%-12s%s\n", f->name, f->value);
	printf("%-12s%d, allocators in turn, a process each; median, ~ half "
	       "the range\n%-12s%g, seed %llu and the next for each round\n\n",
	       "rounds", results.rounds, "scale", results.scale,
	       (unsigned long long)results.seed);
	print_rows("Time in ms", pick_time, 1);
	print_rows("Peak of resident memory in MiB", pick_peak, 1024);
	print_rows("Resident before the final free, in MiB", pick_held, 1024);
	print_rows("Resident at the end, in MiB", pick_final, 1024);
	print_sizes();
	print_scaling();
	print_idle();
	print_means("Time", pick_time);
	print_means("Peak of resident memory", pick_peak);
	if (ours() >= 0)
		print_worst();
	for (int i = 0; i < results.row_count; i++)
		for (int j = 0; j < ALLOCATORS; j++)
			failures += results.rows[i].cells[j].failures;
	if (failures > 0)
		printf("%d runs failed\n\n", failures);
	printf("== Targets of mems\n");
	targets_judge(&targets);
	targets_print(&targets);
}
