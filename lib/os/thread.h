/* What is to happen when a thread ends. */
#ifndef MEMS_OS_THREAD_H
#define MEMS_OS_THREAD_H

#include <stdbool.h>

/* Once, before any thread asks: `end` is what is called. */
void mems__thread_start(void (*end)(void *arg));

/* Have it called with `arg`, not NULL, when this thread ends. False: the system
   has no room for it. This may allocate by malloc. */
bool mems__thread_at_end(void *arg);

#endif
