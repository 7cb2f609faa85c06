/* Fork hooks by pthread_atfork. */
#include <config.h>

#include "os/fork.h"

#include <pthread.h>

bool mems__fork_hooks(void (*before)(void), void (*in_parent)(void),
		      void (*in_child)(void))
{
	return pthread_atfork(before, in_parent, in_child) == 0;
}
