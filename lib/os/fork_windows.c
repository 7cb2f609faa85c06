/* Processes are not copied here. */
#include <config.h>

#include "os/fork.h"

bool mems__fork_hooks(void (*before)(void), void (*in_parent)(void),
		      void (*in_child)(void))
{
	(void)before;
	(void)in_parent;
	(void)in_child;
	return true;
}

bool mems__fork_brought(const void *memory)
{
	(void)memory;
	return true;
}
