/* A lock for what all threads of the process share. */
#ifndef MEMS_NODE_LOCK_H
#define MEMS_NODE_LOCK_H

#ifdef _WIN32
#include <windows.h>

struct node_lock {
	SRWLOCK lock;
};
#define NODE_LOCK_INIT { SRWLOCK_INIT }

static inline void node_lock_take(struct node_lock *lock)
{
	AcquireSRWLockExclusive(&lock->lock);
}

static inline void node_lock_drop(struct node_lock *lock)
{
	ReleaseSRWLockExclusive(&lock->lock);
}
#else
#include <pthread.h>

struct node_lock {
	pthread_mutex_t mutex;
};
#define NODE_LOCK_INIT { PTHREAD_MUTEX_INITIALIZER }

static inline void node_lock_take(struct node_lock *lock)
{
	(void)pthread_mutex_lock(&lock->mutex);
}

static inline void node_lock_drop(struct node_lock *lock)
{
	(void)pthread_mutex_unlock(&lock->mutex);
}
#endif

#endif
