/* Calls to the system that fail, from one to another, for tests of what comes
   of it: mems__pages_may is may() then. */
#ifndef UNIT_REFUSALS_H
#define UNIT_REFUSALS_H

#include <stdbool.h>

#include "tap.h"

static long calls, fail_from, fail_to;

static inline bool may(void)
{
	calls++;
	return calls < fail_from || calls > fail_to;
}

static inline bool broken(const char *what)
{
	diag("failing %ld to %ld of %ld: %s", fail_from, fail_to, calls, what);
	return false;
}

#endif
