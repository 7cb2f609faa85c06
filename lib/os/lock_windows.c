/* Waiting for a lock where its word is. */
#include <config.h>

#include "os/lock.h"

#include <windows.h>

/* As in lock_linux.c. */
#define SPINS 100

void mems__lock_wait(uint32_t *word)
{
	uint32_t held = 2;

	for (int i = 0; i < SPINS; i++) {
		uint32_t free = 0;

		if (__atomic_load_n(word, __ATOMIC_RELAXED) == 0 &&
		    __atomic_compare_exchange_n(word, &free, 1, 0,
						__ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return;
		YieldProcessor();
	}
	/* Once we have slept we cannot know whether others still do. */
	while (__atomic_exchange_n(word, 2, __ATOMIC_ACQUIRE) != 0)
		(void)WaitOnAddress(word, &held, sizeof(held), INFINITE);
}

void mems__lock_wake(uint32_t *word)
{
	WakeByAddressSingle(word);
}

void mems__lock_after_fork(void)
{
}
