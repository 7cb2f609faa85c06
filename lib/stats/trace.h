/* What tracing found, as text. */
#ifndef MEMS_STATS_TRACE_H
#define MEMS_STATS_TRACE_H

#include <mems/base.h>

/* The places that are named, those with most bytes first. */
#define MEMS_LEAKS_MOST 40

int mems__leaks_print(mems_write_fn *write, void *arg);

/* All but the list of what is mapped where, which ends such a profile. */
int mems__profile_print(mems_write_fn *write, void *arg);

#endif
