/*
 * Medians, ratios and their geometric means over rows and columns.
 */
#include "results.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "programs.h"

struct results results;

const char *row_name(const struct row *row)
{
	static char names[4][48];
	static int next;
	char *name = names[next++ % 4];

	if (row->program != NULL)
		return row->program->name;
	snprintf(name, sizeof(names[0]), "%s %d", row->workload->name,
		 row->threads);
	return name;
}

const char *group_name(enum group group)
{
	static const char *const names[] = {
		"1 thread", "2 threads", "4 threads", "programs", "all"
	};

	return names[group];
}

const struct sample *cell_measure(const struct cell *cell, const char *name)
{
	for (int i = 0; i < cell->measure_count; i++)
		if (strcmp(cell->measures[i].name, name) == 0)
			return &cell->measures[i].sample;
	return NULL;
}

double seven_mean(const struct cell *cell, const char *prefix)
{
	double sum = 0;

	for (int size = 16; size <= 1024; size *= 2) {
		const struct sample *sample;
		char name[24];

		snprintf(name, sizeof(name), "%s_%d", prefix, size);
		sample = cell_measure(cell, name);
		if (sample == NULL || sample->count == 0)
			return 0;
		sum += sample_median(sample);
	}
	return sum / 7;
}

const struct sample *pick_time(const struct cell *cell)
{
	return &cell->ms;
}

const struct sample *pick_peak(const struct cell *cell)
{
	return &cell->peak;
}

const struct sample *pick_held(const struct cell *cell)
{
	return &cell->held;
}

const struct sample *pick_final(const struct cell *cell)
{
	return &cell->final;
}

/* 0 if this row says nothing of it. */
static double median_of(const struct row *row, pick_fn *pick, int column)
{
	if (pick == pick_time && !row->timed)
		return 0;
	return sample_median(pick(&row->cells[column]));
}

double mean_ratio(pick_fn *pick, int above, int below, enum group group)
{
	double sum = 0;
	int count = 0;

	for (int i = 0; i < results.row_count; i++) {
		const struct row *row = &results.rows[i];
		double a = median_of(row, pick, above);
		double b = median_of(row, pick, below);

		if ((group != GROUPS && row->group != group) || a <= 0 ||
		    b <= 0)
			continue;
		sum += log(a / b);
		count++;
	}
	return count > 0 ? exp(sum / count) : 0;
}

int best_of_row(const struct row *row, pick_fn *pick)
{
	int best = -1;

	for (int i = 0; i < ALLOCATORS; i++) {
		double value = median_of(row, pick, i);

		if (!allocators[i].peer || value <= 0)
			continue;
		if (best < 0 || value < median_of(row, pick, best))
			best = i;
	}
	return best;
}

/* All are held against glibc, or against the first there is. */
int best_peer(pick_fn *pick)
{
	int best = -1, base = -1;
	double lowest = 0;

	for (int i = 0; i < ALLOCATORS; i++) {
		double ratio;

		if (!allocators[i].peer || !allocators[i].chosen)
			continue;
		if (base < 0)
			base = i;
		ratio = mean_ratio(pick, i, base, GROUPS);
		if (ratio > 0 && (best < 0 || ratio < lowest)) {
			best = i;
			lowest = ratio;
		}
	}
	return best;
}

static const struct row *find_row(const struct workload *workload, int threads)
{
	for (int i = 0; i < results.row_count; i++)
		if (results.rows[i].workload == workload &&
		    results.rows[i].threads == threads)
			return &results.rows[i];
	return NULL;
}

double scaling_of(const struct workload *workload, int column)
{
	const struct row *one = find_row(workload, 1);
	const struct row *two = find_row(workload, 2);
	double a = one != NULL ? median_of(one, pick_time, column) : 0;
	double b = two != NULL ? median_of(two, pick_time, column) : 0;

	return a > 0 && b > 0 ? 2 * a / b : 0;
}

/* Geometric mean, over independent work that `other` has as well. */
double scaling_mean(int column, int other)
{
	double sum = 0;
	int count = 0;

	for (int i = 0; i < workload_count; i++) {
		double value = scaling_of(&workloads[i], column);

		if (!workloads[i].independent || value <= 0 ||
		    scaling_of(&workloads[i], other) <= 0)
			continue;
		sum += log(value);
		count++;
	}
	return count > 0 ? exp(sum / count) : 0;
}
