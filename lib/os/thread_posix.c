/* The end of a thread by a key of pthreads. */
#include <config.h>

#include "os/thread.h"

#include <pthread.h>

static pthread_key_t key;
static bool have_key;

void mems__thread_start(void (*end)(void *arg))
{
	have_key = pthread_key_create(&key, end) == 0;
}

bool mems__thread_at_end(void *arg)
{
	return have_key && pthread_setspecific(key, arg) == 0;
}
