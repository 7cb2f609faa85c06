/*
 * Waiting for a lock with nothing but POSIX: threads that wait sleep in one of
 * a few places, chosen by the address of the word.
 */
#include <config.h>

#include "os/lock.h"

#include <pthread.h>

#define PLACES 16

static struct place {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
} places[PLACES] = {
#define PLACE { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER }
	PLACE, PLACE, PLACE, PLACE, PLACE, PLACE, PLACE, PLACE,
	PLACE, PLACE, PLACE, PLACE, PLACE, PLACE, PLACE, PLACE,
#undef PLACE
};

static struct place *place_of(const uint32_t *word)
{
	return &places[((uintptr_t)word >> 6) % PLACES];
}

void mems__lock_wait(uint32_t *word)
{
	struct place *place = place_of(word);

	pthread_mutex_lock(&place->mutex);
	while (__atomic_exchange_n(word, 2, __ATOMIC_ACQUIRE) != 0)
		pthread_cond_wait(&place->changed, &place->mutex);
	pthread_mutex_unlock(&place->mutex);
}

void mems__lock_wake(uint32_t *word)
{
	struct place *place = place_of(word);

	/* All: who sleeps here may wait for another word. */
	pthread_mutex_lock(&place->mutex);
	pthread_cond_broadcast(&place->changed);
	pthread_mutex_unlock(&place->mutex);
}

void mems__lock_after_fork(void)
{
	for (int i = 0; i < PLACES; i++) {
		pthread_mutex_init(&places[i].mutex, NULL);
		pthread_cond_init(&places[i].changed, NULL);
	}
}
