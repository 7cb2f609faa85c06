/*
 * Both chains run over the same cells, in turn, so both find them in the same
 * cache and at the same speed of the processor.
 */
#include "get.h"

#include <stddef.h>

#include "chain.h"
#include "child.h"
#include "peer.h"
#include "stats.h"

#define REPEATS 21
#define HOPS 1000000

static bool time_hops(uint32_t cells, struct hop_times *times)
{
	mems_space *space = mems_space_create(NULL);
	struct sample raw = { 0 }, through = { 0 };
	const struct cell *cell;
	mems_va va;

	if (space == NULL || (va = chain_make(space, cells)) == MEMS_VA_NONE)
		return false;
	cell = mems_space_get(space, va);
	for (int i = 0; i < REPEATS; i++) {
		double start = now();

		cell = chain_hop_raw(cell, HOPS);
		keep(cell);
		sample_add(&raw, (now() - start) / HOPS);

		start = now();
		if (!chain_hop_space(space, &va, HOPS))
			return false;
		keep(&va);
		sample_add(&through, (now() - start) / HOPS);
	}
	times->raw_ns = sample_median(&raw);
	times->space_ns = sample_median(&through);
	return true;
}

bool get_run(const void *task, void *out)
{
	struct get_result *result = out;

	(void)task;
	return time_hops(512, &result->near) &&
	       time_hops(CHAIN_MOST, &result->far);
}
