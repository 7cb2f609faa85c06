/* What the programs of this folder share. */
#ifndef FAMILY_H
#define FAMILY_H

#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

/* The compiler must not know what it points to. */
#define hide(pointer) hide_pointer((void *)(uintptr_t)(pointer))

static inline void *hide_pointer(void *pointer)
{
	__asm__ volatile("" : "+r"(pointer) : : "memory");
	return pointer;
}

/* Is malloc that of libmems? The C library's answer tells of its arenas. */
static inline int malloc_is_ours(void)
{
	char text[4096] = "";
	FILE *stream = fmemopen(text, sizeof(text) - 1, "w");
#ifdef __GLIBC__
	int error = malloc_info(0, stream);
#else
	/* Other C libraries have none that could be linked. */
	int (*info)(int, FILE *) =
		(int (*)(int, FILE *))dlsym(RTLD_DEFAULT, "malloc_info");
	int error = info == NULL ? -1 : info(0, stream);
#endif

	fclose(stream);
	return error == 0 && strstr(text, "<malloc ") != NULL &&
	       strstr(text, "<heap ") == NULL;
}

static inline void sleep_ms(long milliseconds)
{
	struct timespec time = { milliseconds / 1000,
				 milliseconds % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

/* Bytes of this process in memory; it takes no malloc to know. */
static inline size_t resident(void)
{
	char text[200] = "", *rest;
	int fd = open("/proc/self/statm", O_RDONLY);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return 0;
	close(fd);
	(void)strtoul(text, &rest, 10);
	return strtoul(rest, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

#endif
