/* A broken caller: one line, and the end. */
#include <config.h>

#include "heap/heap.h"

#include "../aborts.h"

static const char *what;
static uintptr_t address;

static void be_wrong(void)
{
	mems__misuse(what, (const void *)address);
}

static void is_told(const char *text, uintptr_t number, const char *wanted)
{
	char said[1000];

	what = text;
	address = number;
	ok(aborts(be_wrong, said, sizeof(said)), "it ends the process");
	is_str(said, wanted, "and says what and where");
}

int main(void)
{
	static char endless[1000];
	char wanted[200] = "libmems: ";

	is_told("double free", 0x7f01, "libmems: double free: 0x7f01\n");
	is_told("pointer into a block", 0,
		"libmems: pointer into a block: 0x0\n");
	is_told("free", 0xfedcba98, "libmems: free: 0xfedcba98\n");
	memset(endless, 'x', sizeof(endless) - 1);
	memset(wanted + 9, 'x', 100);
	strcpy(wanted + 109, ": 0x10\n");
	is_told(endless, 16, wanted);
	ok(aborts(be_wrong, NULL, 0), "it ends also without stderr");
	return done_testing();
}
