/* Walking the stack, where the C library knows how. */
#include <config.h>

#include "os/stack.h"

#include "os/linker.h"

#include <dlfcn.h>
#include <stddef.h>
#ifdef HAVE_EXECINFO_H
#include <execinfo.h>
#endif

/* Calls inside the library before that of the program. */
#define OURS 8

unsigned mems__stack(uintptr_t *frames, unsigned most)
{
#ifdef HAVE_EXECINFO_H
	void *found[64];
	unsigned limit = most + OURS < 64 ? most + OURS : 64, count = 0;
	int length = backtrace(found, (int)limit);

	for (int i = 0; i < length && count < most; i++)
		if (count > 0 || !mems__is_ours(found[i]))
			frames[count++] = (uintptr_t)found[i];
	return count;
#else
	(void)frames;
	(void)most;
	return 0;
#endif
}

struct symbol mems__symbol_at(uintptr_t address)
{
	Dl_info info;

	if (dladdr((void *)address, &info) == 0)
		return (struct symbol){ NULL, NULL, 0, 0 };
	return (struct symbol){ info.dli_sname, info.dli_fname,
				(uintptr_t)info.dli_saddr,
				(uintptr_t)info.dli_fbase };
}
