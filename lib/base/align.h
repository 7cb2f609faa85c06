/* Rounding and checked sums. */
#ifndef MEMS_BASE_ALIGN_H
#define MEMS_BASE_ALIGN_H

#include <stdbool.h>
#include <stdint.h>

static inline bool mems__is_power_of_2(uint64_t number)
{
	return number != 0 && (number & (number - 1)) == 0;
}

/* `step` is a power of two. */
static inline uint64_t mems__round_down(uint64_t number, uint64_t step)
{
	return number & ~(step - 1);
}

/* The caller knows that the sum does not overflow. */
static inline uint64_t mems__round_up(uint64_t number, uint64_t step)
{
	return (number + step - 1) & ~(step - 1);
}

static inline uint64_t mems__min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t mems__max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

#endif
