/* The order of locks, checked: each thread knows the ranks it holds. */
#include <config.h>

#include "os/lock.h"

#ifdef MEMS_CHECKS

#include "base/assert.h"
#include "os/thread.h"

static THREAD_LOCAL uint32_t held_ranks;

void mems__lock_check_take(uint32_t rank)
{
	MEMS_ASSERT(MINE(held_ranks) >> rank == 0);
	MINE(held_ranks) |= 1u << rank;
}

void mems__lock_check_drop(uint32_t rank)
{
	MEMS_ASSERT(MINE(held_ranks) >> rank == 1);
	MINE(held_ranks) &= ~(1u << rank);
}

#endif
