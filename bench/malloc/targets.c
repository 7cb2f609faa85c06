/*
 * What the project wants of its malloc, held against one run. They were set
 * before there was one.
 */
#include <stdio.h>
#include <string.h>

#include "programs.h"
#include "results.h"

static struct targets *list;

static void judge_means(void)
{
	int single = best_peer(pick_time);
	struct target *target = target_add(list, 0.98, false,
		"time: geometric mean, of the best single peer's");

	if (single >= 0) {
		target_set(target, mean_ratio(pick_time, MEMS, single, GROUPS));
		snprintf(target->note, sizeof(target->note), "of %s",
			 allocators[single].key);
	}
	target_set(target_add(list, 0.92, false,
			      "peak memory: geometric mean, of jemalloc's"),
		   mean_ratio(pick_peak, MEMS, JEMALLOC, GROUPS));
	target_set(target_add(list, 1.12, false,
			      "peak memory: geometric mean, of glibc's"),
		   mean_ratio(pick_peak, MEMS, GLIBC, GROUPS));
}

static void judge_worst(void)
{
	struct target *target = target_add(list, 1.2, false,
		"time: the worst row, of the best peer's on it");

	for (int i = 0; i < results.row_count; i++) {
		const struct row *row = &results.rows[i];
		int best = best_of_row(row, pick_time);
		double ratio;

		if (!row->timed || best < 0)
			continue;
		ratio = sample_median(&row->cells[MEMS].ms) /
			sample_median(&row->cells[best].ms);
		if (ratio <= target->value)
			continue;
		target_set(target, ratio);
		snprintf(target->note, sizeof(target->note), "%s, %s",
			 row_name(row), allocators[best].key);
	}
}

static const struct row *find_program(const char *name)
{
	for (int i = 0; i < results.row_count; i++)
		if (results.rows[i].program != NULL &&
		    strcmp(results.rows[i].program->name, name) == 0)
			return &results.rows[i];
	return NULL;
}

static void judge_small(const char *name)
{
	const struct row *row = find_program(name);
	struct target *target = target_add(list, 400, false,
		"peak memory of %s, KiB more than glibc's", name);
	const struct sample *a, *b;

	if (row == NULL)
		return;
	a = &row->cells[MEMS].peak;
	b = &row->cells[GLIBC].peak;
	if (a->count == 0 || b->count == 0)
		return;
	target->value = sample_median(a) - sample_median(b);
	target->known = true;
}

/* Of the means over the sizes, at one thread. */
static void judge_sizes(const char *workload, const char *prefix, int other,
			double limit)
{
	struct target *target = target_add(list, limit, false,
		"%s: time of %s, mean of the sizes, of %s's", workload, prefix,
		allocators[other].key);

	for (int i = 0; i < results.row_count; i++) {
		const struct row *row = &results.rows[i];
		double above, below;

		if (row->workload == NULL || row->threads != 1 ||
		    strcmp(row->workload->name, workload) != 0)
			continue;
		above = seven_mean(&row->cells[MEMS], prefix);
		below = seven_mean(&row->cells[other], prefix);
		if (above > 0 && below > 0)
			target_set(target, above / below);
	}
}

static void judge_idle(void)
{
	const struct idle *idle = &results.idle[MEMS];
	struct target *target = target_add(list, 5, false,
		"idle: resident 10 s after freeing all, %% of the peak");

	if (idle->peak > 0)
		target_set(target, 100 * idle->idle / idle->peak);
}

static void judge_scaling(void)
{
	struct target *target = target_add(list, 0.95, true,
		"scaling, 2 threads over 1: geometric mean, of the best's");
	double best = 0;

	for (int i = 0; i < ALLOCATORS; i++) {
		double value = scaling_mean(i, MEMS);

		if (!allocators[i].peer || value <= best)
			continue;
		best = value;
		snprintf(target->note, sizeof(target->note), "of %s",
			 allocators[i].key);
	}
	if (best > 0)
		target_set(target, scaling_mean(MEMS, MEMS) / best);
}

/* A row that failed has no ratio, so it is held against mems by itself. */
static void judge_failures(void)
{
	struct target *target = target_add(list, 0, false, "runs that failed");

	target->known = allocators[MEMS].chosen;
	for (int i = 0; i < results.row_count; i++)
		target->value += results.rows[i].cells[MEMS].failures;
}

void targets_judge(struct targets *targets)
{
	static const char *const batches[] = {
		"batch-lifo", "batch-fifo", "batch-random"
	};

	list = targets;
	list->count = 0;
	judge_failures();
	judge_means();
	judge_worst();
	judge_small("hello");
	judge_small("sort");
	judge_sizes("pairs", "pair", TCMALLOC, 1.10);
	for (int i = 0; i < 3; i++) {
		judge_sizes(batches[i], "malloc", MIMALLOC, 1.05);
		judge_sizes(batches[i], "free", MIMALLOC, 1.05);
	}
	judge_idle();
	judge_scaling();
}
