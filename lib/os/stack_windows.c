/* Walking the stack by the system's own tables. */
#include <config.h>

#include "os/stack.h"

#include "os/linker.h"

#include <windows.h>

/* Calls inside the library before that of the program. */
#define OURS 8

unsigned mems__stack(uintptr_t *frames, unsigned most)
{
	void *found[64];
	unsigned limit = most + OURS < 64 ? most + OURS : 64, count = 0;
	unsigned length = CaptureStackBackTrace(0, limit, found, NULL);

	/* The last may be no address. */
	for (unsigned i = 0; i < length && count < most && found[i]; i++)
		if (count > 0 || !mems__is_ours(found[i]))
			frames[count++] = (uintptr_t)found[i];
	return count;
}

/* Names are in files of their own here, which debuggers read. */
struct symbol mems__symbol_at(uintptr_t address)
{
	(void)address;
	return (struct symbol){ NULL, NULL, 0, 0 };
}
