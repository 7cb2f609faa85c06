/* Fork hooks by pthread_atfork. */
#include <config.h>

#include "os/fork.h"

#include "os/pages.h"

#include <pthread.h>
#include <sys/mman.h>

bool mems__fork_hooks(void (*before)(void), void (*in_parent)(void),
		      void (*in_child)(void))
{
	return pthread_atfork(before, in_parent, in_child) == 0;
}

bool mems__fork_brought(const void *memory)
{
	size_t page = mems__page_size();
	char *start = (char *)memory - (uintptr_t)memory % page;

	/* It has nothing to write, and fails where nothing is mapped. */
	return msync(start, page, MS_ASYNC) == 0;
}
