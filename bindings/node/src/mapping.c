/*
 * Memory of the system for a space whose bytes JavaScript sees. A space that
 * takes memory itself leaves what it does not use without access, and a look
 * there would end the process.
 */
#include "addon.h"

#ifdef _WIN32
#include <windows.h>

void *mapping_take(uint64_t size)
{
	return VirtualAlloc(NULL, (SIZE_T)size, MEM_RESERVE | MEM_COMMIT,
			    PAGE_READWRITE);
}

void mapping_give(void *mapping, uint64_t size)
{
	(void)size;
	(void)VirtualFree(mapping, 0, MEM_RELEASE);
}
#else
#include <sys/mman.h>

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif
#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

void *mapping_take(uint64_t size)
{
	void *mapping;

	if (size > SIZE_MAX)
		return NULL;
	mapping = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return mapping == MAP_FAILED ? NULL : mapping;
}

void mapping_give(void *mapping, uint64_t size)
{
	(void)munmap(mapping, (size_t)size);
}
#endif
