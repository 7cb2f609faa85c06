/*
 * A lock of one word, and the order in which locks are taken.
 *
 * The word is 0 free, 1 held, 2 held and waited for. A process that never made
 * a thread pays two plain stores.
 */
#ifndef MEMS_OS_LOCK_H
#define MEMS_OS_LOCK_H

#include <stdint.h>

#ifdef HAVE_SYS_SINGLE_THREADED_H
#include <sys/single_threaded.h>
#define MEMS__SINGLE_THREADED (__libc_single_threaded)
#else
#define MEMS__SINGLE_THREADED 0
#endif

/* A thread takes locks in rising order; a build with checks sees to it. */
enum lock_rank {
	LOCK_ARENAS = 1,	/* the list of all arenas */
	LOCK_ARENA,		/* one arena: one at a time */
	LOCK_HANDLES,		/* what users hold of stores */
	LOCK_STORES,		/* the list of all stores of slabs */
	LOCK_STORE,		/* one store: one at a time */
	LOCK_SITES,		/* the counts per call site */
	LOCK_HEAPS,		/* the list of all heaps and their caches */
	LOCK_SHARED,		/* the cache of threads that have none */
	LOCK_HEAP,		/* one heap: one at a time */
	LOCK_SLICES,		/* the slices that heaps are made of */
	LOCK_REGISTRY,		/* the list of all spaces */
	LOCK_SPACE,		/* one space: one at a time */
};

struct lock {
	uint32_t word;
	uint32_t rank;		/* an enum lock_rank */
};

#define LOCK_INIT(rank) { 0, rank }

/* For each system: wait until the word was 0 and is 2; wake who waits. */
void mems__lock_wait(uint32_t *word);
void mems__lock_wake(uint32_t *word);

/* After fork, in the child: forget who waited in the parent. */
void mems__lock_after_fork(void);

#ifdef MEMS_CHECKS
void mems__lock_check_take(uint32_t rank);
void mems__lock_check_drop(uint32_t rank);
#else
#define mems__lock_check_take(rank) ((void)(rank))
#define mems__lock_check_drop(rank) ((void)(rank))
#endif

/* Without the check of ranks: fork takes the locks of all spaces. */
static inline void mems__lock_take_unranked(struct lock *lock)
{
	uint32_t free = 0;

	if (MEMS__SINGLE_THREADED)
		__atomic_store_n(&lock->word, 1, __ATOMIC_RELAXED);
	else if (!__atomic_compare_exchange_n(&lock->word, &free, 1, 0,
					      __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED))
		mems__lock_wait(&lock->word);
}

static inline void mems__lock_drop_unranked(struct lock *lock)
{
	if (MEMS__SINGLE_THREADED)
		__atomic_store_n(&lock->word, 0, __ATOMIC_RELAXED);
	else if (__atomic_exchange_n(&lock->word, 0, __ATOMIC_RELEASE) == 2)
		mems__lock_wake(&lock->word);
}

static inline void mems__lock_take(struct lock *lock)
{
	mems__lock_check_take(lock->rank);
	mems__lock_take_unranked(lock);
}

static inline void mems__lock_drop(struct lock *lock)
{
	mems__lock_check_drop(lock->rank);
	mems__lock_drop_unranked(lock);
}

#endif
