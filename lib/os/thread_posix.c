/* The end of a thread by a key of pthreads. */
#include <config.h>

#include "os/thread.h"

#include <pthread.h>
#include <sched.h>

#ifndef MEMS__THREAD_POINTER
/* One for all files, or a thread would be another in each. */
THREAD_LOCAL char mems__thread_mark;
#endif

static pthread_key_t key;
static bool have_key;

unsigned mems__thread_processor(void)
{
#ifdef HAVE_SCHED_GETCPU
	int processor = sched_getcpu();

	return processor < 0 ? 0 : (unsigned)processor;
#else
	return 0;
#endif
}

void mems__thread_start(void (*end)(void *arg))
{
	have_key = pthread_key_create(&key, end) == 0;
}

bool mems__thread_at_end(void *arg)
{
	return have_key && pthread_setspecific(key, arg) == 0;
}
