/*
 * The lanes that call libmems.
 */
#include <mems.h>

#include "lane.h"
#include "malloc/job.h"

struct mems_space *lane_space(const struct lane *lane)
{
	static mems_space *space;

	if (lane->place == PLACE_HEAP)
		return NULL;
	if (space == NULL)
		space = mems_space_create(NULL);
	if (space == NULL)
		die("ours: no space");
	return space;
}

static const struct lane_entry entries[] = {
	{ "bump-inline", run_bump_inline, 0 },
	{ "bump-call", run_bump_call, 0 },
	{ "create", run_create, 0 },
	{ "reset-1e1", run_reset, 10 },
	{ "reset-1e3", run_reset, 1000 },
	{ "reset-1e5", run_reset, 100000 },
	{ "reset-1e5-whole", run_reset_whole, 100000 },
	{ "pair-64", run_slots, 64 },
	{ "pair-256", run_slots, 256 },
	{ "replace-1e6", run_replace_64, 1000000 },
	{ "pareto-1e4", run_pareto, 10000 },
	{ "pareto-1e5", run_pareto, 100000 },
	{ "pareto-1e6", run_pareto, 1000000 },
	{ "fit-1e4", run_fit, 10000 },
	{ "fit-1e5", run_fit, 100000 },
	{ "fit-1e6", run_fit, 1000000 },
	{ "shift", run_shift, 0 },
	{ "shift-fit", run_shift_fit, 0 },
	{ "requests-1e5", run_requests, 100000 },
	{ "requests-1e7", run_requests, 10000000 },
	{ "arena-1e5", run_requests_arena, 100000 },
	{ "arena-1e7", run_requests_arena, 10000000 },
	{ "create-1e5", run_requests_create, 100000 },
	{ "create-1e7", run_requests_create, 10000000 },
};

int main(int argc, char **argv)
{
	return lane_main(argc, argv, entries,
			 sizeof(entries) / sizeof(*entries));
}
