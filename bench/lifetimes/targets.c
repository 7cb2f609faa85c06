/*
 * What the project wants of arenas, slab caches and depots, held against one
 * run. They were set before there was one.
 */
#include <stdio.h>

#include "figures.h"

static struct targets *list;

/* The time of one column, of another's, or of another row's. */
static void judge_ratio(struct target *target, const char *key, int column,
			const char *other_key, int other)
{
	double above = median_of(key, column, pick_ns);
	double below = other >= 0 ? median_of(other_key, other, pick_ns) : 0;

	if (above <= 0 || below <= 0)
		return;
	target_set(target, above / below);
	snprintf(target->note, sizeof(target->note), "%.3g of %.3g ns, %s",
		 above, below, column_name(other));
}

/* Of the fastest peer's time, in the heap and in the space. */
static void judge_best(const char *key, const char *peers, double limit,
		       const char *what, bool space)
{
	for (int column = HEAP; column <= (space ? SPACE : HEAP); column++)
		judge_ratio(target_add(list, limit, false,
				       "%s, %s: of the best peer's%s", what,
				       column_name(column),
				       peers == key ? "" : " pair"),
			    key, column, peers, best_peer(peers));
}

static void judge_bump(void)
{
	for (int column = HEAP; column <= SPACE; column++)
		judge_ratio(target_add(list, 1.5, false,
				       "alloc inline, %s: of a bare bump",
				       column_name(column)),
			    "bump-inline", column, "bump-inline", FLOOR);
	judge_best("bump-call", "pair-64", 0.7, "alloc by a call", true);
	judge_best("create", "pair-64", 10, "create and destroy", false);
}

static void judge_slab(void)
{
	static const char pair[] = "pair-64", replace[] = "replace-1e6";

	judge_best(pair, pair, 1, "slab, pair of 64 B", true);
	judge_best(replace, replace, 1, "slab, replace among 1e6", true);
}

static void judge_depot(void)
{
	static const char *const keys[] = {
		"pareto-1e4", "pareto-1e5", "pareto-1e6"
	};

	for (int i = 0; i < 3; i++)
		judge_ratio(target_add(list, 0.5, false,
				       "depot, %s: of glibc's time", keys[i]),
			    keys[i], SPACE, keys[i], PEER + GLIBC);
	for (int i = 1; i < 3; i++)
		judge_ratio(target_add(list, 1.5, false,
				       "depot, %s: of mimalloc's time",
				       keys[i]),
			    keys[i], SPACE, keys[i], PEER + MIMALLOC);
	target_set(target_add(list, 1.4, false, "depot, %s: span/live",
			      keys[1]),
		   median_of(keys[1], SPACE, pick_span));
}

/* `ours` is the lane that is judged, beside the peers of `key`. */
static void judge_requests(const char *key, const char *ours,
			   const char *sessions)
{
	const char *name = rows[row_find(key)].name;
	int best = best_peer(key);
	struct target *speed = target_add(list, 2.5, true,
		"%s, %s: rate of the best peer's, net of the floor", name,
		sessions);
	struct target *memory = target_add(list, 1, false,
		"%s, %s: peak memory of that peer's", name, sessions);
	double net = net_of(ours, HEAP, key);
	double theirs = best >= 0 ? net_of(key, best, key) : 0;
	double held = median_of(ours, HEAP, pick_peak);

	if (net <= 0 || theirs <= 0)
		return;
	target_set(speed, theirs / net);
	snprintf(speed->note, sizeof(speed->note),
		 "heap; %.3g against %.3g ns, %s", net, theirs,
		 column_name(best));
	target_set(memory, held / median_of(key, best, pick_peak));
	snprintf(memory->note, sizeof(memory->note), "heap; %.0f of %.0f KiB",
		 held, median_of(key, best, pick_peak));
}

/* What failed has no ratio, so it is told by itself. */
static void judge_failures(void)
{
	struct target *target = target_add(list, 0, false, "lanes that failed");

	target->known = true;
	for (int row = 0; row < row_count; row++)
		for (int column = 0; column < PEER; column++)
			target->value += figures.cells[row][column].failures;
}

void targets_judge(struct targets *targets)
{
	list = targets;
	list->count = 0;
	judge_failures();
	judge_bump();
	judge_slab();
	judge_depot();
	judge_requests("requests-1e5", "arena-1e5", "sessions in an arena");
	judge_requests("requests-1e5", "requests-1e5", "in a cache");
	judge_requests("requests-1e7", "arena-1e7", "sessions in an arena");
	judge_requests("requests-1e7", "requests-1e7", "in a cache");
}
