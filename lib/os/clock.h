/* Time, as coarse as it is cheap. */
#ifndef MEMS_OS_CLOCK_H
#define MEMS_OS_CLOCK_H

#include <stdint.h>

/* Milliseconds since some moment; off by some of them. */
uint64_t mems__clock(void);

/* Nanoseconds since some moment, exact. */
uint64_t mems__clock_exact(void);

/* Sleep for this many milliseconds. */
void mems__sleep(uint64_t milliseconds);

#endif
