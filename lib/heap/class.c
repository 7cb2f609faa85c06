/* The table of size classes, worked out by the compiler. */
#include <config.h>

#include "heap/class.h"

#define SIZE(n) \
	((n) < 8 ? 16u * ((n) + 1) :                                       \
	 (n) < 56 ? (9u + (n) % 8) << ((n) / 8 + 3) :                      \
	 (3u + (n) % 2) << ((n) / 2 - 16))

/* Slices for four blocks or more. */
#define SLICES(size) ((size) <= 16384 ? 1 : 2)

#define CLASS(n)                                                           \
	{ SIZE(n), (uint32_t)((((uint64_t)1 << 35) + SIZE(n) - 1) / SIZE(n)), \
	  (uint16_t)(SLICES(SIZE(n)) * SLICE / SIZE(n)), SLICES(SIZE(n)) }

#define EIGHT(n)                                                           \
	CLASS(n), CLASS((n) + 1), CLASS((n) + 2), CLASS((n) + 3),          \
	CLASS((n) + 4), CLASS((n) + 5), CLASS((n) + 6), CLASS((n) + 7)

const struct class mems__classes[CLASSES] = {
	EIGHT(0), EIGHT(8), EIGHT(16), EIGHT(24), EIGHT(32), EIGHT(40),
	EIGHT(48), CLASS(56), CLASS(57), CLASS(58), CLASS(59),
};
