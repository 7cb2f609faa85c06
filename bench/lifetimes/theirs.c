/*
 * The lanes on the malloc of this process, which LD_PRELOAD may change, and
 * those of nothing but the work around it. `theirs which` says where malloc
 * comes from.
 */
#include <string.h>

#include "lane.h"
#include "malloc/loads.h"

static const struct lane_entry entries[] = {
	{ "bump-inline", run_bare, 0 },
	{ "pair-64", run_malloc_pairs, 64 },
	{ "pair-256", run_malloc_pairs, 256 },
	{ "replace-1e6", run_replace_64, 1000000 },
	{ "pareto-1e4", run_pareto, 10000 },
	{ "pareto-1e5", run_pareto, 100000 },
	{ "pareto-1e6", run_pareto, 1000000 },
	{ "shift", run_shift, 0 },
	{ "requests-1e5", run_requests_malloc, 100000 },
	{ "requests-1e7", run_requests_malloc, 10000000 },
	{ "written-1e5", run_requests_written, 100000 },
	{ "written-1e7", run_requests_written, 10000000 },
};

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "which") == 0)
		return which_main();
	return lane_main(argc, argv, entries,
			 sizeof(entries) / sizeof(*entries));
}
