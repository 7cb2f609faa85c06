/* The same with nothing but POSIX: slower, never wrong. */
#include <config.h>

#include "os/pages.h"

#include <sys/mman.h>
#include <sys/resource.h>

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif

bool mems__pages_decommit(void *pages, size_t size)
{
	if (mems__pages_may != NULL && !mems__pages_may())
		return false;
	/* posix_madvise need not drop anything; a new mapping does. */
	return mmap(pages, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == pages;
}

void mems__pages_sparse(void *pages, size_t size)
{
	(void)pages;
	(void)size;
}

bool mems__pages_move(void *to, void *from, size_t size)
{
	(void)to;
	(void)from;
	(void)size;
	return false;
}

uint64_t mems__address_limit_left(void)
{
	struct rlimit limit;

	/* What of it is used already, POSIX does not tell. */
	if (getrlimit(RLIMIT_AS, &limit) != 0 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return limit.rlim_cur;
}
