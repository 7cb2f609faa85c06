/* Numbers that nobody can guess, also when the system has none to give. */
#include <config.h>

#include "os/secret.h"

#include "tap.h"

#include <errno.h>

#ifndef _WIN32
#include <sys/resource.h>
#endif

#define COUNT 100

/* Odd numbers, each of the other bits 0 in some and 1 in others. */
static void numbers_of_chance(void)
{
	uintptr_t or = 0, and = UINTPTR_MAX;
	int odd = 0;

	for (int i = 0; i < COUNT; i++) {
		uintptr_t number = mems__random();

		odd += (int)(number & 1);
		or |= number;
		and &= number;
	}
	is(odd, COUNT, "they are odd, and so never 0");
	ok(or == UINTPTR_MAX && and == 1, "no other bit is always the same");
}

#ifdef _WIN32
static void without_the_system(void)
{
	skip("the system always has one");
}
#else
/* No file can be opened. */
static void without_the_system(void)
{
	struct rlimit saved, none;
	uintptr_t first;
	int odd = 0, other = 0;

	getrlimit(RLIMIT_NOFILE, &saved);
	none = saved;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	errno = EDOM;
	first = mems__random();
	is(errno, EDOM, "errno stays what it was");
	for (int i = 0; i < COUNT; i++) {
		uintptr_t number = mems__random();

		odd += (int)(number & 1);
		other += number != first;
	}
	setrlimit(RLIMIT_NOFILE, &saved);
	is(odd, COUNT, "without files they are odd as well");
	ok(other > 0, "and not always the same");
}
#endif

int main(void)
{
	numbers_of_chance();
	without_the_system();
	return done_testing();
}
