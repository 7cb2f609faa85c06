/* Which hole to use: the space's policy, behind one face. */
#ifndef MEMS_SPACE_HOLES_H
#define MEMS_SPACE_HOLES_H

#include "space/space.h"

/* A hole of at least `need`; it stays one until its front is taken. */
static inline bool mems__holes_find(struct space *space, uint64_t need,
				    struct hole *hole)
{
	if (space->policy == MEMS_GOOD_FIT)
		return mems__good_fit_find(space, need, hole);
	return mems__first_fit_find(space, need, hole);
}

/* The same, however long it takes: the space cannot grow. */
static inline bool mems__holes_search(struct space *space, uint64_t need,
				      struct hole *hole)
{
	return space->policy == MEMS_GOOD_FIT &&
	       mems__good_fit_search(space, need, hole);
}

/* A hole of this length is at `at` now, new or longer than before. */
static inline void mems__holes_add(struct space *space, uint64_t at,
				   uint64_t length)
{
	if (space->policy == MEMS_GOOD_FIT)
		mems__good_fit_add(space, at, length);
	else
		mems__first_fit_add(space, at, length);
}

/* The hole that was at `at` is gone or shorter; the bits say so already. */
static inline void mems__holes_remove(struct space *space, uint64_t at,
				      uint64_t length)
{
	if (space->policy == MEMS_FIRST_FIT)
		mems__first_fit_remove(space, at, length);
}

#endif
