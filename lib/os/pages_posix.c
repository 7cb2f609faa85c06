/* Reserve, commit and release by mmap and mprotect; the library's budget. */
#include <config.h>

#include "os/pages.h"

#include "base/align.h"
#include "base/bits.h"

#include <sys/mman.h>
#include <unistd.h>

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif
#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

bool (*mems__pages_may)(void);

static size_t reserved;		/* bytes, changed atomically */

static bool may(void)
{
	return mems__pages_may == NULL || mems__pages_may();
}

size_t mems__page_size(void)
{
	static size_t page_size;
	size_t size = __atomic_load_n(&page_size, __ATOMIC_RELAXED);

	if (size == 0) {
		size = (size_t)sysconf(_SC_PAGESIZE);
		__atomic_store_n(&page_size, size, __ATOMIC_RELAXED);
	}
	return size;
}

void *mems__pages_reserve(size_t size)
{
	void *pages;

	if (!may())
		return NULL;
	pages = mmap(NULL, size, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (pages == MAP_FAILED)
		return NULL;
	__atomic_fetch_add(&reserved, size, __ATOMIC_RELAXED);
	return pages;
}

void mems__pages_release(void *pages, size_t size)
{
	/* It can fail only for want of map entries; the addresses then stay
	   reserved, and counted. */
	if (munmap(pages, size) == 0)
		__atomic_fetch_sub(&reserved, size, __ATOMIC_RELAXED);
}

bool mems__pages_commit(void *pages, size_t size)
{
	return may() && mprotect(pages, size, PROT_READ | PROT_WRITE) == 0;
}

bool mems__pages_show(void *pages, size_t size)
{
	return may() && mprotect(pages, size, PROT_READ) == 0;
}

bool mems__pages_forbid(void *pages, size_t size)
{
	return may() && mprotect(pages, size, PROT_NONE) == 0;
}

size_t mems__pages_resident(void *pages, size_t size)
{
#ifdef HAVE_MINCORE
	/* A byte per page; of 4 KiB even where an emulator says otherwise. */
	unsigned char vector[4096];
	size_t page = mems__page_size(), resident = 0;
	size_t most = sizeof(vector) * 4096 / page;
	char *at = pages, *end = at + size;

	while (at < end) {
		size_t count = (size_t)(end - at) / page;

		count = count < most ? count : most;
		if (mincore(at, count * page, (void *)vector) != 0)
			return size;
		for (size_t i = 0; i < count; i++)
			resident += vector[i] & 1;
		at += count * page;
	}
	return resident * page;
#else
	(void)pages;
	return size;
#endif
}

/*
 * Some 64-bit systems have 39 bits of addresses, some 57. A stack lies near
 * the top of what this process can use.
 */
static uint64_t address_space(void)
{
	char here;

	return (uint64_t)1 << mems__high_bit((uintptr_t)&here) << 1;
}

uint64_t mems__pages_sensible(void)
{
	uint64_t taken = __atomic_load_n(&reserved, __ATOMIC_RELAXED);
	uint64_t limit = mems__address_limit_left() / 8;
	uint64_t budget, most = (uint64_t)64 << 30;

	if (sizeof(void *) < 8)
		return mems__min((uint64_t)256 << 20, limit);
	budget = address_space() / 2;
	budget -= mems__min(taken, budget);
	return mems__min(most, mems__min(budget / 64, limit));
}
