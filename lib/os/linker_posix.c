/* Nobody tells. */
#include <config.h>

#include "os/linker.h"

bool mems__is_linker(const void *address)
{
	(void)address;
	return false;
}

bool mems__is_ours(const void *address)
{
	(void)address;
	return false;
}
