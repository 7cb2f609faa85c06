/* Client requests to valgrind; AddressSanitizer's own calls, where present. */
#include <config.h>

#include "os/watch.h"

#include <stdint.h>

#ifdef HAVE_VALGRIND_MEMCHECK_H
#include <valgrind/memcheck.h>
#else
#define RUNNING_ON_VALGRIND 0
#define VALGRIND_MAKE_MEM_NOACCESS(at, size) ((void)0)
#define VALGRIND_MAKE_MEM_UNDEFINED(at, size) ((void)0)
#define VALGRIND_MAKE_MEM_DEFINED(at, size) ((void)0)
#define VALGRIND_GET_VBITS(at, bits, size) 0
#endif

/* Weak: there only in a program that was built with the sanitizer. */
void __asan_poison_memory_region(void const volatile *, size_t)
	__attribute__((weak));
void __asan_unpoison_memory_region(void const volatile *, size_t)
	__attribute__((weak));
void *__asan_region_is_poisoned(void *, size_t) __attribute__((weak));

bool mems__watched(void)
{
	return RUNNING_ON_VALGRIND || __asan_poison_memory_region != NULL;
}

void mems__watch_forbid(void *memory, size_t size)
{
	if (__asan_poison_memory_region != NULL)
		__asan_poison_memory_region(memory, size);
	VALGRIND_MAKE_MEM_NOACCESS(memory, size);
}

static void unpoison(void *memory, size_t size)
{
	if (__asan_unpoison_memory_region != NULL)
		__asan_unpoison_memory_region(memory, size);
}

void mems__watch_allow(void *memory, size_t size)
{
	unpoison(memory, size);
	VALGRIND_MAKE_MEM_UNDEFINED(memory, size);
}

void mems__watch_keep(void *memory, size_t size)
{
	unpoison(memory, size);
	VALGRIND_MAKE_MEM_DEFINED(memory, size);
}

bool mems__watch_holds(const void *memory, size_t size)
{
	unsigned char unknown[64] = { 0 };

	if (__asan_region_is_poisoned != NULL &&
	    __asan_region_is_poisoned((void *)(uintptr_t)memory, size) != NULL)
		return false;
	/* 3: some of it may not be touched. */
	if (size > sizeof(unknown) ||
	    VALGRIND_GET_VBITS(memory, unknown, size) == 3)
		return false;
	for (size_t i = 0; i < size; i++)
		if (unknown[i] != 0)
			return false;
	return true;
}
