/*
 * Sizes drawn ahead, so that drawing one costs a load from a small table.
 */
#ifndef BENCH_MALLOC_SIZES_H
#define BENCH_MALLOC_SIZES_H

#include <stdint.h>

#include "random.h"

#define SIZES_COUNT 32768

struct sizes {
	uint32_t values[SIZES_COUNT];
};

/*
 * From mmap. The sizes are always the same: a seed chooses where a thread
 * begins in them and which blocks it replaces, not how much it needs in all.
 */
const struct sizes *sizes_pareto(void);
const struct sizes *sizes_uniform(uint32_t low, uint32_t high);
const struct sizes *sizes_logarithm(uint32_t low, uint32_t high);

static inline uint32_t sizes_next(const struct sizes *sizes, uint32_t *at)
{
	return sizes->values[(*at)++ % SIZES_COUNT];
}

#endif
