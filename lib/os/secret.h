/* A number that nobody can guess. */
#ifndef MEMS_OS_SECRET_H
#define MEMS_OS_SECRET_H

#include <stdint.h>

uintptr_t mems__random(void);

#endif
