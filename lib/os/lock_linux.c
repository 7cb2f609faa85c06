/* Waiting for a lock by futex, after a short spin. */
#include <config.h>

#include "os/lock.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The longest that a space is held is a few microseconds, bar long walks. */
#define SPINS 100

/* As <linux/futex.h> has them, which a libc need not bring. */
#define FUTEX_WAIT_PRIVATE 128
#define FUTEX_WAKE_PRIVATE 129

#if !defined SYS_futex && defined SYS_futex_time64
#define SYS_futex SYS_futex_time64
#endif

static inline void relax(void)
{
#if defined __x86_64__ || defined __i386__
	__builtin_ia32_pause();
#elif defined __aarch64__ || defined __arm__
	__asm__ volatile("yield");
#endif
}

static void futex(uint32_t *word, int operation, uint32_t value)
{
	int saved = errno;

	syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
	errno = saved;
}

void mems__lock_wait(uint32_t *word)
{
	for (int i = 0; i < SPINS; i++) {
		uint32_t free = 0;

		if (__atomic_load_n(word, __ATOMIC_RELAXED) == 0 &&
		    __atomic_compare_exchange_n(word, &free, 1, 0,
						__ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return;
		relax();
	}
	/* Once we have slept we cannot know whether others still do. */
	while (__atomic_exchange_n(word, 2, __ATOMIC_ACQUIRE) != 0)
		futex(word, FUTEX_WAIT_PRIVATE, 2);
}

void mems__lock_wake(uint32_t *word)
{
	futex(word, FUTEX_WAKE_PRIVATE, 1);
}

void mems__lock_after_fork(void)
{
}
