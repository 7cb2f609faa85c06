/* Which thread this is, and what is to happen when it ends. */
#ifndef MEMS_OS_THREAD_H
#define MEMS_OS_THREAD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A pointer that no other thread has while this one lives. The thread pointer
 * of the machine is one, and costs nothing.
 */
static inline const void *mems__thread_self(void)
{
#if defined __has_builtin
#if __has_builtin(__builtin_thread_pointer)
#define MEMS__THREAD_POINTER
	return __builtin_thread_pointer();
#endif
#endif
#ifndef MEMS__THREAD_POINTER
	static _Thread_local char self;

	return &self;
#endif
}

/* The number of the processor it runs on, for now; where the system does not
   tell, 0. */
unsigned mems__thread_processor(void);

/* Once, before any thread asks: `end` is what is called. */
void mems__thread_start(void (*end)(void *arg));

/* Have it called with `arg`, not NULL, when this thread ends. False: the system
   has no room for it. This may allocate by malloc. */
bool mems__thread_at_end(void *arg);

#endif
