/* What Linux does for pages beyond POSIX. */
#include <config.h>

#include "os/pages.h"

#include "base/align.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24		/* since Linux 5.18 */
#endif

bool mems__pages_decommit(void *pages, size_t size)
{
	if (mems__pages_may != NULL && !mems__pages_may())
		return false;
	/* Locked pages (mlockall) refuse the plain form. */
	return madvise(pages, size, MADV_DONTNEED) == 0 ||
	       madvise(pages, size, MADV_DONTNEED_LOCKED) == 0;
}

void mems__pages_sparse(void *pages, size_t size)
{
	/* A wish: a kernel without huge pages refuses, and that is as well. */
	(void)madvise(pages, size, MADV_NOHUGEPAGE);
}

bool mems__pages_move(void *to, void *from, size_t size)
{
#if defined MREMAP_FIXED && defined MREMAP_DONTUNMAP
	/* It takes one mapping; where there are several, we copy. */
	if (mremap(from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED |
		   MREMAP_DONTUNMAP, to) != to)
		return false;
	/* Changes nothing, but for qemu, which believes the first unmapped. */
	(void)mprotect(from, size, PROT_READ | PROT_WRITE);
	return true;
#else
	(void)to;
	(void)from;
	(void)size;
	return false;
#endif
}

/* The first number in /proc/self/statm: pages of address space in use. */
static uint64_t pages_in_use(void)
{
	char text[64];
	ssize_t length, i;
	uint64_t pages = 0;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	length = read(fd, text, sizeof(text));
	close(fd);
	for (i = 0; i < length && text[i] >= '0' && text[i] <= '9'; i++)
		pages = pages * 10 + (uint64_t)(text[i] - '0');
	return pages;
}

uint64_t mems__address_limit_left(void)
{
	struct rlimit limit;
	uint64_t used;

	if (getrlimit(RLIMIT_AS, &limit) != 0 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	used = pages_in_use() * mems__page_size();
	return limit.rlim_cur - mems__min(used, limit.rlim_cur);
}
