/*
 * How blocks are bumped: 256 of 64 bytes, which fill one chunk that the first
 * level of cache holds, the first byte of each written; then all end.
 */
#ifndef BENCH_LIFETIMES_BUMP_H
#define BENCH_LIFETIMES_BUMP_H

#define BUMP_SIZE 64
#define BUMP_BLOCKS 256
#define BUMP_BYTES (BUMP_SIZE * BUMP_BLOCKS)
#define BUMP_COUNT 20000000	/* blocks of a part */

#endif
