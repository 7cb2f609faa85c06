/* The stack of this program, and what lies at an address. */
#include <config.h>

#include "os/stack.h"

#include "tap.h"

#define MOST 20

static uintptr_t frames[MOST + 1];
static unsigned count;

/* The C library calls it: there is a frame that is not the library's own,
   though that is in this program. */
static int look(const void *a, const void *b)
{
	(void)a;
	(void)b;
	count = mems__stack(frames, *(const unsigned *)a);
	return 0;
}

static void of_at_most(unsigned most)
{
	unsigned numbers[2] = { most, most };
	unsigned zeros = 0;

	memset(frames, 0, sizeof(frames));
	qsort(numbers, 2, sizeof(*numbers), look);
	ok(count <= most, "at most %u are told", most);
	for (unsigned i = 0; i < count; i++)
		zeros += frames[i] == 0;
	is(zeros, 0, "each is an address");
	for (unsigned i = count; i <= MOST; i++)
		zeros += frames[i] == 0;
	is(zeros, MOST + 1 - count, "and nothing else is written");
}

static void of_an_address(void)
{
	uintptr_t here = (uintptr_t)&done_testing;
	struct symbol symbol = mems__symbol_at(here);

	ok(symbol.file_start <= here && symbol.start <= here,
	   "what an address is in begins before it");
	symbol = mems__symbol_at(1);
	ok(symbol.name == NULL && symbol.file == NULL && symbol.start == 0 &&
	   symbol.file_start == 0, "of what is nowhere nothing is told");
}

int main(void)
{
	of_at_most(1);
	of_at_most(5);
	of_at_most(MOST);
	of_an_address();
	return done_testing();
}
