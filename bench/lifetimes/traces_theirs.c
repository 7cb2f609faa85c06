/*
 * The traces on malloc, and on nothing.
 */
#include "traces.h"

static const struct peer *peer_of(const struct lane *lane)
{
	return lane->place == PLACE_FLOOR ? &peer_null : &peer_libc;
}

void run_replace_64(const struct lane *lane)
{
	trace_64(lane, peer_of(lane));
}

void run_pareto(const struct lane *lane)
{
	trace_pareto(lane, peer_of(lane));
}

void run_shift(const struct lane *lane)
{
	trace_shift(lane, peer_of(lane));
}
