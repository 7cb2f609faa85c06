/*
 * Seeded random numbers: a counter through a mixing function (SplitMix64).
 * The same seed gives the same trace on every machine.
 */
#ifndef BENCH_RANDOM_H
#define BENCH_RANDOM_H

#include <stdint.h>

struct random {
	uint64_t counter;
};

static inline uint64_t random_next(struct random *random)
{
	uint64_t x = random->counter += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* A number below `bound`, at most 2^32. */
static inline uint32_t random_below(struct random *random, uint64_t bound)
{
	return (uint32_t)(((random_next(random) >> 32) * bound) >> 32);
}

/* A number from 0 to below 1. */
static inline double random_unit(struct random *random)
{
	return (double)(random_next(random) >> 11) * 0x1p-53;
}

#endif
