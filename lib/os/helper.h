/* A thread of the library's own, for work that no call can do. */
#ifndef MEMS_OS_HELPER_H
#define MEMS_OS_HELPER_H

#include <stdbool.h>

/*
 * Run `help` in a thread that takes no signals and that nobody waits for.
 * False: the system refuses. It may allocate by malloc and take locks of the
 * system's library.
 */
bool mems__helper_start(void (*help)(void));

/*
 * May this caller, if it is known, hold a lock that making a thread takes? The
 * C library's dynamic linker is the one that may.
 */
bool mems__helper_forbidden(const void *caller);

#endif
