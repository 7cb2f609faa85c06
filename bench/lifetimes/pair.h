/*
 * Pairs: a block is taken, its first byte written, and freed again.
 */
#ifndef BENCH_LIFETIMES_PAIR_H
#define BENCH_LIFETIMES_PAIR_H

#define PAIR_COUNT 5000000	/* of a part */

#endif
