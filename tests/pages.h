/* Pages of the system, for tests of what libmems does with them. */
#ifndef TEST_PAGES_H
#define TEST_PAGES_H

#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32

#include <windows.h>
#include <psapi.h>

static inline size_t page_size(void)
{
	SYSTEM_INFO info;

	GetSystemInfo(&info);
	return info.dwPageSize;
}

/* Bytes of zeros, or NULL. */
static inline void *pages_map(size_t size)
{
	return VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT,
			    PAGE_READWRITE);
}

static inline void pages_unmap(void *pages, size_t size)
{
	(void)size;
	VirtualFree(pages, 0, MEM_RELEASE);
}

/* Give their memory back; 0 if that cannot be. */
static inline int pages_drop(void *pages, size_t size)
{
	if (VirtualAlloc(pages, size, MEM_RESET, PAGE_READWRITE) == NULL)
		return 0;
	(void)VirtualUnlock(pages, size);
	return 1;
}

/* Is this page resident? -1: nobody tells. */
static inline int page_is_resident(const void *page)
{
	PSAPI_WORKING_SET_EX_INFORMATION found = {
		.VirtualAddress = (void *)(uintptr_t)page,
	};

	if (!K32QueryWorkingSetEx(GetCurrentProcess(), &found, sizeof(found)))
		return -1;
	return found.VirtualAttributes.Valid != 0;
}

static inline int pages_are_counted(const void *page)
{
	(void)page;
	return 1;
}

#else

#include <sys/mman.h>
#include <unistd.h>

static inline size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* Bytes of zeros, or NULL. */
static inline void *pages_map(size_t size)
{
	void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return pages == MAP_FAILED ? NULL : pages;
}

static inline void pages_unmap(void *pages, size_t size)
{
	munmap(pages, size);
}

/* Give their memory back; 0 if that cannot be. */
static inline int pages_drop(void *pages, size_t size)
{
	return madvise(pages, size, MADV_DONTNEED) == 0;
}

/* Is this page resident? -1: nobody tells. */
static inline int page_is_resident(const void *page)
{
	unsigned char state[64];	/* some count smaller pages */

	if (mincore((void *)(uintptr_t)page, page_size(), (void *)state) != 0)
		return -1;
	return state[0] & 1;
}

/* Are resident pages counted as large as they are said to be? qemu does not:
   of pages of 64 KiB it tells about the first sixteenth. */
static inline int pages_are_counted(const void *page)
{
	unsigned char state[64];

	state[1] = 2;
	return mincore((void *)(uintptr_t)page, page_size(),
		       (void *)state) == 0 && state[1] == 2;
}

#endif

#endif
