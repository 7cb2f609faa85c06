/* A file that was loaded is one allocation of addresses. */
#include <config.h>

#include "os/linker.h"

#include <windows.h>

bool mems__is_linker(const void *address)
{
	(void)address;
	return false;
}

static const void *file_of(const void *address)
{
	MEMORY_BASIC_INFORMATION part;

	return VirtualQuery(address, &part, sizeof(part)) == 0 ? NULL :
							 part.AllocationBase;
}

bool mems__is_ours(const void *address)
{
	static const char here;

	return file_of(address) == file_of(&here);
}
