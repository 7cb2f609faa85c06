/*
 * When memory of free slices goes back to the system.
 *
 * Time is counted in ticks of half the decay time; slices that were free at
 * one tick and still are at the next go. Calls that take or give slices look
 * at the clock now and then. When a lot waits, a helper thread is made that
 * does the same without a call, until nothing waits: after the last call
 * nobody else could.
 */
#include <config.h>

#include "heap/heap.h"
#include "heap/slices.h"

#include "os/clock.h"
#include "os/helper.h"
#include "os/thread.h"

/* A thread looks at the clock once in so many calls. */
#define LOOKS 16

/* A helper is worth its while for this much. */
#define HELPER_LEAST ((uint64_t)16 << 20)

int mems__decay_time = 1000;
#ifdef MEMS_NO_HELPER
bool mems__decay_helper = false;
#else
bool mems__decay_helper = true;
#endif

bool mems__decay_wanted;

/*
 * Is there a helper? It, and the count of what waits, change in one order for
 * all threads. So who has just given slices back and finds a helper will be
 * seen by it: having said that it ends, it looks at the count once more.
 */
static uint32_t helping;
static uint64_t last_tick;	/* milliseconds */

static uint64_t tick_time(void)
{
	return (uint64_t)(mems__decay_time + 1) / 2;
}

void mems__decay_look(void)
{
	static THREAD_LOCAL uint32_t looks;
	uint64_t now, dirty = mems__slices_dirty();

	if (dirty == 0 || mems__decay_time < 0)
		return;
	if (mems__decay_time == 0) {
		(void)mems__slices_return(true, NULL);
		return;
	}
	if (__atomic_load_n(&helping, __ATOMIC_SEQ_CST) != 0)
		return;
	if (mems__decay_helper && dirty > HELPER_LEAST)
		__atomic_store_n(&mems__decay_wanted, true, __ATOMIC_RELAXED);
	if (++MINE(looks) % LOOKS != 0)
		return;
	now = mems__clock();
	if (now - mems__load(&last_tick) < tick_time())
		return;
	mems__store(&last_tick, now);
	(void)mems__slices_return(false, NULL);
}

static void help(void)
{
	uint64_t left;

	for (;;) {
		uint32_t none = 0;

		do {
			mems__sleep(tick_time());
			mems__caches_unpark();
			(void)mems__slices_return(false, &left);
		} while (left > 0 && left != LEFT_REFUSED &&
			 mems__decay_time > 0);
		if (left == LEFT_REFUSED)
			mems__decay_helper = false;
		__atomic_store_n(&helping, 0, __ATOMIC_SEQ_CST);
		if (mems__decay_time <= 0 || !mems__decay_helper ||
		    mems__slices_dirty() <= HELPER_LEAST ||
		    !__atomic_compare_exchange_n(&helping, &none, 1, false,
						 __ATOMIC_SEQ_CST,
						 __ATOMIC_RELAXED))
			return;
	}
}

void mems__decay_help(const void *caller)
{
	uint32_t none = 0;

#ifdef MEMS_MALLOC
	/* The dynamic linker frees what it has for a thread under a lock that
	   making a thread takes. There will be another call. */
	if (mems__helper_forbidden(caller))
		return;
#else
	(void)caller;
#endif
	__atomic_store_n(&mems__decay_wanted, false, __ATOMIC_RELAXED);
	if (!__atomic_compare_exchange_n(&helping, &none, 1, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		return;
	/* Without one, calls go on to do its work. */
	if (!mems__helper_start(help)) {
		mems__decay_helper = false;
		__atomic_store_n(&helping, 0, __ATOMIC_RELAXED);
	}
}

/* The helper stayed with the parent. */
void mems__decay_after_fork(void)
{
	if (!__atomic_load_n(&helping, __ATOMIC_RELAXED))
		return;
	__atomic_store_n(&helping, 0, __ATOMIC_RELAXED);
	mems__decay_wanted = true;
}
