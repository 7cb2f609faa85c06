/* Whose code is at an address? */
#ifndef MEMS_OS_LINKER_H
#define MEMS_OS_LINKER_H

#include <stdbool.h>

/* The dynamic linker's; true as well where nobody can tell. */
bool mems__is_linker(const void *address);

/* This library's own; a guess of no where nobody tells. */
bool mems__is_ours(const void *address);

#endif
