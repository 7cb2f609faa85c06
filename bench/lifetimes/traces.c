#include "traces.h"

#include <stdio.h>

#include "malloc/job.h"
#include "trace.h"

#define WARM_PAIRS 1000000
#define TIMED_PAIRS 200000

static double draw_64(const struct mix *mix, struct random *random)
{
	(void)random;
	return mix->mean;
}

static const struct mix mix_64 = { "64", "64 B", 64, 64, 64, draw_64 };

/* As much work as in the space bench. */
static void replace(const struct lane *lane, const struct peer *peer,
		    const struct mix *mix)
{
	struct trace trace = {
		.peer = peer, .mix = mix, .blocks = lane->number,
		.warm_pairs = lane_scaled(lane, WARM_PAIRS),
		.timed_pairs = lane_scaled(lane, TIMED_PAIRS),
		.touch = true, .seed = lane->seed,
	};
	struct trace_result result;

	if (trace.warm_pairs < 2 * trace.blocks)
		trace.warm_pairs = 2 * trace.blocks;
	if (!trace_run(&trace, &result))
		die("traces: a call failed, or a block has changed");
	tell("ns", result.ns);
	tell("span", result.span);
}

void trace_pareto(const struct lane *lane, const struct peer *peer)
{
	replace(lane, peer, mix_find("pareto"));
}

void trace_64(const struct lane *lane, const struct peer *peer)
{
	replace(lane, peer, &mix_64);
}

void trace_shift(const struct lane *lane, const struct peer *peer)
{
	struct shift shift = { peer, lane->seed };
	struct shift_result result;

	if (!shift_run(&shift, &result))
		die("traces: a call failed, or a block has changed");
	for (int i = 0; i < SHIFT_STEPS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "shift%d", i);
		tell(name, result.span[i]);
	}
}
