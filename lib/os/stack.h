/* The addresses that the calls on this thread's stack return to, by name. */
#ifndef MEMS_OS_STACK_H
#define MEMS_OS_STACK_H

#include <stdint.h>

/*
 * At most `most` of them, the latest first, without those of the library
 * itself; how many: none where the C library cannot tell. May allocate by
 * malloc the first time.
 */
unsigned mems__stack(uintptr_t *frames, unsigned most);

/* What lies at an address of code: NULL and 0 what nobody tells. */
struct symbol {
	const char *name, *file;
	uintptr_t start, file_start;
};

struct symbol mems__symbol_at(uintptr_t address);

#endif
