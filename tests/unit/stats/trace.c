/* What tracing found, as text: leaks by size, and the profile for pprof. */
#include <config.h>

#include "stats/trace.h"

#include "heap/trace.h"

#include "tap.h"

#include <errno.h>

static char said[65536];
static size_t length;

static int take(void *arg, const char *bytes, size_t size)
{
	if (arg != NULL || size > sizeof(said) - 1 - length)
		return -ENOSPC;
	memcpy(said + length, bytes, size);
	length += size;
	said[length] = '\0';
	return 0;
}

static const char *leaks(void)
{
	length = 0;
	said[0] = '\0';
	return mems__leaks_print(take, NULL) == 0 ? said : "an error";
}

static void enter(uintptr_t block, size_t size, uintptr_t place)
{
	const uintptr_t places[] = { place, 2 };

	mems__book_enter(&mems__trace_book, (const void *)block, size, places,
			 2, 0);
}

static void leave(uintptr_t block)
{
	(void)mems__book_leave(&mems__trace_book, (const void *)block, 0);
}

int main(void)
{
	/* No code is there, so no place has a name. */
	is_str(leaks(), "0 bytes in 0 blocks were not freed\n", "no leaks");
	enter(1000, 10, 5);
	enter(2000, 70, 6);
	enter(3000, 20, 5);
	enter(4000, 5, 7);
	enter(5000, 70, 8);
	enter(6000, 99, 9);
	leave(6000);
	is_str(leaks(), "175 bytes in 5 blocks were not freed\n"
	       "  70 bytes in 1 blocks, allocated at\n    0x6\n    0x2\n"
	       "  70 bytes in 1 blocks, allocated at\n    0x8\n    0x2\n"
	       "  30 bytes in 2 blocks, allocated at\n    0x5\n    0x2\n"
	       "  5 bytes in 1 blocks, allocated at\n    0x7\n    0x2\n",
	       "the largest first, each once, what was freed not");
	length = 0;
	is(mems__profile_print(take, NULL), 0, "a profile");
	is_str(said, "heap profile: 5: 175 [6: 274] @ heap_v2/0\n"
	       "2: 30 [2: 30] @ 0x5 0x2\n1: 70 [1: 70] @ 0x6 0x2\n"
	       "1: 5 [1: 5] @ 0x7 0x2\n1: 70 [1: 70] @ 0x8 0x2\n"
	       "0: 0 [1: 99] @ 0x9 0x2\n\nMAPPED_LIBRARIES:\n",
	       "has what is live and what there was");
	mems__trace_book.full = true;
	leaks();
	ok(strstr(said, "\n  and some that there was no memory to write "
		  "down\n") != NULL, "what could not be written down is told");
	is(mems__leaks_print(take, said), -ENOSPC, "an error of the writer");
	is(mems__profile_print(take, said), -ENOSPC, "is that of the call");
	for (uintptr_t i = 0; i < 100; i++)
		enter(10000 + i, 1, 100 + i);
	leaks();
	length = 0;
	for (const char *at = said; (at = strstr(at, "allocated at")) != NULL;
	     at++)
		length++;
	is(length, MEMS_LEAKS_MOST, "no more than some are named");
	return done_testing();
}
