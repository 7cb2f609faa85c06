/* The addresses that the calls on this thread's stack return to. */
#ifndef MEMS_OS_STACK_H
#define MEMS_OS_STACK_H

#include <stdint.h>

/*
 * At most `most` of them, the latest first, without those of the library
 * itself; how many. May allocate by malloc the first time.
 */
unsigned mems__stack(uintptr_t *frames, unsigned most);

#endif
