/* A broken invariant: one line, and the end. */
#include <config.h>

#include "base/assert.h"

#include "../aborts.h"

static const char *what;
static int line;

static void be_broken(void)
{
	mems__broken("lib/some/file.c", line, what);
}

static void is_told(int number, const char *condition, const char *wanted)
{
	char said[1000];

	line = number;
	what = condition;
	ok(aborts(be_broken, said, sizeof(said)), "it ends the process");
	is_str(said, wanted, "and says where and what");
}

int main(void)
{
	static char endless[1000];
	char said[1000];

	is_told(1, "a == b", "libmems: broken invariant at "
		"lib/some/file.c:1: a == b\n");
	is_told(20260, "", "libmems: broken invariant at "
		"lib/some/file.c:20260: \n");
	memset(endless, 'x', sizeof(endless) - 1);
	what = endless;
	ok(aborts(be_broken, said, sizeof(said)), "what is endless ends it");
	is(strlen(said), 256, "and is cut");
	is(said[255], '\n', "to one line");
	ok(aborts(be_broken, NULL, 0), "it ends also without stderr");
	return done_testing();
}
