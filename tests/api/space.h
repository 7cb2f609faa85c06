/* What the tests of spaces share. */
#ifndef TEST_API_SPACE_H
#define TEST_API_SPACE_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mems.h>

#include "tap.h"

/* A default space with that maximum; the test ends if there is none. */
static inline mems_space *space_make(uint64_t maximum)
{
	struct mems_space_options options = MEMS_SPACE_OPTIONS;
	mems_space *space;

	options.maximum = maximum;
	space = mems_space_create(&options);
	if (space == NULL) {
		printf("Bail out! mems_space_create: %s\n", strerror(errno));
		exit(99);
	}
	return space;
}

static inline struct mems_space_stats space_stats(mems_space *space)
{
	struct mems_space_stats stats = { .size = sizeof(stats) };

	if (mems_space_stats(space, &stats) != 0)
		stats.mapped = UINT64_MAX;
	return stats;
}

/* Verify, and say in the log what is broken. */
static inline int space_is_sound(mems_space *space)
{
	char report[200] = "";
	int rc = mems_space_verify(space, report, sizeof(report));

	if (rc != 0)
		diag("mems_space_verify: %d: %s", rc, report);
	return rc == 0;
}

#endif
