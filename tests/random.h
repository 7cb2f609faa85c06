/*
 * Numbers for the tests: seeded, so that a failure can be run again, and
 * scaled, so that slow machines and sanitizers finish in time.
 *
 *   MEMS_TEST_SEED   the seed (a number); each test prints the one it used
 *   MEMS_TEST_SCALE  what the sizes of runs are multiplied by, 1 by default
 */
#ifndef TEST_RANDOM_H
#define TEST_RANDOM_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct rng {
	uint64_t state;
};

/* The seed of this run, printed once as a TAP comment. */
static inline uint64_t test_seed(void)
{
	const char *text = getenv("MEMS_TEST_SEED");
	uint64_t seed = 20261120;

	if (text != NULL && *text != '\0')
		seed = strtoull(text, NULL, 0);
	printf("# MEMS_TEST_SEED=%" PRIu64 "\n", seed);
	return seed;
}

/* `count` times the scale, at least 1. */
static inline uint64_t test_scaled(uint64_t count)
{
	const char *text = getenv("MEMS_TEST_SCALE");
	double scale = text != NULL && *text != '\0' ? strtod(text, NULL) : 1;
	double scaled = (double)count * scale;

	return scaled < 1 ? 1 : (uint64_t)scaled;
}

/* A generator whose stream depends on the seed and on `stream` alone. */
static inline struct rng rng_make(uint64_t seed, uint64_t stream)
{
	return (struct rng){ seed ^ stream * UINT64_C(0xd1342543de82ef95) };
}

/* The next 64 bits (splitmix64). */
static inline uint64_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* A number from 0 to limit - 1. */
static inline uint64_t rng_below(struct rng *rng, uint64_t limit)
{
	return rng_next(rng) % limit;
}

/* A number from `low` to `high`, each power of two as likely as the next. */
static inline uint64_t rng_size(struct rng *rng, uint64_t low, uint64_t high)
{
	uint64_t octaves = 1, top;

	while (octaves < 63 && low << octaves <= high)
		octaves++;
	top = low << rng_below(rng, octaves);
	top += rng_below(rng, top);
	return top > high ? high : top;
}

#endif
