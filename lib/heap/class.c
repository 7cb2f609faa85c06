/* The table of size classes, worked out by the compiler. */
#include <config.h>

#include "heap/class.h"

/* The size of class n: up to 128, up to 8 KiB, above. */
#define BY_16(n) (16u * ((n) + 1))
#define BY_EIGHTHS(n) ((9u + (n) % 8) << ((n) / 8 + 3))
#define BY_HALVES(n) ((3u + (n) % 2) << ((n) / 2 - 16))

/* Slices for four blocks or more. */
#define SLICES(size) ((size) <= 16384 ? 1 : 2)

#define CLASS(size)                                                        \
	{ (size), (uint32_t)((((uint64_t)1 << 35) + (size) - 1) / (size)), \
	  (uint16_t)(SLICES(size) * SLICE / (size)), SLICES(size) }

#define FOUR(by, n)                                                        \
	CLASS(by(n)), CLASS(by((n) + 1)), CLASS(by((n) + 2)),              \
	CLASS(by((n) + 3))
#define EIGHT(by, n) FOUR(by, n), FOUR(by, (n) + 4)

const struct class mems__classes[CLASSES] = {
	EIGHT(BY_16, 0),
	EIGHT(BY_EIGHTHS, 8), EIGHT(BY_EIGHTHS, 16), EIGHT(BY_EIGHTHS, 24),
	EIGHT(BY_EIGHTHS, 32), EIGHT(BY_EIGHTHS, 40), EIGHT(BY_EIGHTHS, 48),
	FOUR(BY_HALVES, 56),
};
