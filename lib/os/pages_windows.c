/* Reserve, commit and release by VirtualAlloc; the library's budget. */
#include <config.h>

#include "os/pages.h"

#include "base/align.h"

#include <string.h>
#include <windows.h>
#include <psapi.h>

bool (*mems__pages_may)(void);

static size_t reserved;		/* bytes, changed atomically */

static bool may(void)
{
	return mems__pages_may == NULL || mems__pages_may();
}

static SYSTEM_INFO system_info(void)
{
	SYSTEM_INFO info;

	GetSystemInfo(&info);
	return info;
}

size_t mems__page_size(void)
{
	static size_t page_size;
	size_t size = __atomic_load_n(&page_size, __ATOMIC_RELAXED);

	if (size == 0) {
		size = system_info().dwPageSize;
		__atomic_store_n(&page_size, size, __ATOMIC_RELAXED);
	}
	return size;
}

void *mems__pages_reserve(size_t size)
{
	void *pages;

	if (!may())
		return NULL;
	pages = VirtualAlloc(NULL, size, MEM_RESERVE, PAGE_NOACCESS);
	if (pages != NULL)
		__atomic_fetch_add(&reserved, size, __ATOMIC_RELAXED);
	return pages;
}

void mems__pages_release(void *pages, size_t size)
{
	/* The system knows how long it is. */
	if (VirtualFree(pages, 0, MEM_RELEASE))
		__atomic_fetch_sub(&reserved, size, __ATOMIC_RELAXED);
}

/* What is committed already keeps its content. */
static bool commit(void *pages, size_t size, DWORD protection)
{
	return may() &&
	       VirtualAlloc(pages, size, MEM_COMMIT, protection) != NULL;
}

bool mems__pages_commit(void *pages, size_t size)
{
	return commit(pages, size, PAGE_READWRITE);
}

bool mems__pages_show(void *pages, size_t size)
{
	return commit(pages, size, PAGE_READONLY);
}

bool mems__pages_forbid(void *pages, size_t size)
{
	return may() && VirtualFree(pages, size, MEM_DECOMMIT);
}

/*
 * Pages that are decommitted cannot be touched until they are committed again,
 * and the system may refuse that. Pages that are reset are always there, and
 * hold what they did or 0: the same, if that was 0. What was never touched gets
 * memory for a moment, so this goes by pieces.
 */
bool mems__pages_decommit(void *pages, size_t size)
{
	char *at = pages, *end = at + size;

	if (!may())
		return false;
	while (at < end) {
		size_t piece = (size_t)mems__min((size_t)(end - at), 1 << 20);

		memset(at, 0, piece);
		if (VirtualAlloc(at, piece, MEM_RESET, PAGE_READWRITE) == NULL)
			return false;
		/* They are not locked: this takes them from the process. */
		(void)VirtualUnlock(at, piece);
		at += piece;
	}
	return true;
}

bool mems__pages_move(void *to, void *from, size_t size)
{
	(void)to;
	(void)from;
	(void)size;
	return false;
}

/* Asked page by page: it is not worth it for more than this. */
#define LOOK_MOST ((size_t)16 << 20)

size_t mems__pages_resident(void *pages, size_t size)
{
	PSAPI_WORKING_SET_EX_INFORMATION found[256];
	size_t page = mems__page_size(), resident = 0;
	char *at = pages, *end = at + size;

	if (size > LOOK_MOST)
		return size;
	while (at < end) {
		DWORD count = 0;

		for (; count < 256 && at < end; at += page)
			found[count++].VirtualAddress = at;
		if (!K32QueryWorkingSetEx(GetCurrentProcess(), found,
					  count * (DWORD)sizeof(found[0])))
			return size;
		while (count-- > 0)
			resident += found[count].VirtualAttributes.Valid;
	}
	return resident * page;
}

void mems__pages_sparse(void *pages, size_t size)
{
	(void)pages;
	(void)size;
}

uint64_t mems__pages_sensible(void)
{
	uint64_t budget = (uintptr_t)system_info().lpMaximumApplicationAddress;
	uint64_t taken = __atomic_load_n(&reserved, __ATOMIC_RELAXED);

	if (sizeof(void *) < 8)
		return (uint64_t)256 << 20;
	budget = budget / 2 - mems__min(taken, budget / 2);
	return mems__min((uint64_t)64 << 30, budget / 64);
}
