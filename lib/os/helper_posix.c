/* A detached thread with all signals blocked. */
#include <config.h>

#include "os/helper.h"

#include "os/linker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

/* It needs a page or two; the system adds what thread variables take. */
#define STACK 131072

static void *run(void *arg)
{
	void (**help)(void) = arg;

	(*help)();
	return NULL;
}

bool mems__helper_start(void (*help)(void))
{
	static void (*what)(void);
	pthread_attr_t attributes;
	sigset_t all, old;
	pthread_t thread;
	int saved = errno, error;

	what = help;
	if (pthread_attr_init(&attributes) != 0)
		return false;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&thread, &attributes, run, &what);
	/* Where thread variables are large, that stack is too small. */
	if (error == EINVAL) {
		pthread_attr_destroy(&attributes);
		pthread_attr_init(&attributes);
		pthread_attr_setdetachstate(&attributes,
					    PTHREAD_CREATE_DETACHED);
		error = pthread_create(&thread, &attributes, run, &what);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attributes);
	errno = saved;
	return error == 0;
}

bool mems__helper_forbidden(const void *caller)
{
	return caller != NULL && mems__is_linker(caller);
}
