/*
 * A ring of cells in random order, each holding the next one twice: as a
 * pointer and as an address. To find a cell, the one before must be read, so
 * the time of a hop is the whole latency of a translation and a load.
 */
#ifndef BENCH_CHAIN_H
#define BENCH_CHAIN_H

#include <mems.h>
#include <stdbool.h>

#include "random.h"

#define CHAIN_MOST (1 << 14)

struct cell {
	struct cell *pointer;
	mems_va va;
};

/* A ring of so many cells in a space; the address of one, or MEMS_VA_NONE. */
static inline mems_va chain_make(mems_space *space, uint32_t cells)
{
	static mems_va order[CHAIN_MOST];
	struct random random = { cells };

	for (uint32_t i = 0; i < cells; i++) {
		uint32_t j = random_below(&random, i + 1);
		mems_va va = mems_space_alloc(space, sizeof(struct cell));

		if (va == MEMS_VA_NONE)
			return MEMS_VA_NONE;
		order[i] = order[j];
		order[j] = va;
	}
	for (uint32_t i = 0; i < cells; i++) {
		struct cell *cell = mems_space_get(space, order[i]);

		cell->va = order[(i + 1) % cells];
		cell->pointer = mems_space_get(space, cell->va);
	}
	return order[0];
}

static inline const struct cell *chain_hop_raw(const struct cell *cell,
					       uint64_t hops)
{
	while (hops-- > 0)
		cell = cell->pointer;
	return cell;
}

/*
 * False if an address was refused. The answer is checked at each hop, as a
 * program does that does not trust its data.
 */
static inline bool chain_hop_space(const mems_space *space, mems_va *at,
				   uint64_t hops)
{
	mems_va va = *at;

	while (hops-- > 0) {
		const struct cell *cell = mems_space_get(space, va);

		if (cell == NULL)
			return false;
		va = cell->va;
	}
	*at = va;
	return true;
}

#endif
