/*
 * Size mixes: how large the blocks of a trace are.
 */
#ifndef BENCH_MIX_H
#define BENCH_MIX_H

#include "random.h"

struct mix {
	const char *key;	/* as on the command line and in the JSON */
	const char *name;	/* as in the tables */
	double mean;		/* bytes, about: for planning memory only */
	uint32_t low, high;
	double (*draw)(const struct mix *mix, struct random *random);
};

extern const struct mix mixes[];
extern const int mix_count;

/* The mixes of the shift test, in their order. */
#define SHIFT_STEPS 5
extern const struct mix *const shift_mixes[SHIFT_STEPS];

/* The mix of that key, or NULL. */
const struct mix *mix_find(const char *key);

/* A size: a multiple of 8, at least 16. */
uint32_t mix_draw(const struct mix *mix, struct random *random);

#endif
