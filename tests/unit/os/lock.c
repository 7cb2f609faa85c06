/* A lock keeps threads apart, and wakes those that sleep. */
#include <config.h>

#include "os/lock.h"

#include "random.h"
#include "tap.h"

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#define THREADS 6

static struct lock lock = LOCK_INIT(LOCK_SPACE);
static uint64_t rounds;
static uint64_t counter;	/* plain: only the lock guards it */

static void *count(void *sleeps)
{
	const struct timespec moment = { 0, 200000 };

	for (uint64_t i = 0; i < rounds; i++) {
		mems__lock_take(&lock);
		counter++;
		/* Held for long now and then, so that others go to sleep. */
		if (sleeps != NULL && i % 1024 == 0)
			nanosleep(&moment, NULL);
		mems__lock_drop(&lock);
	}
	return NULL;
}

static void threads_do_not_lose_a_count(bool sleeping)
{
	pthread_t threads[THREADS];
	int made = 0;

	counter = 0;
	for (; made < THREADS; made++) {
		if (pthread_create(&threads[made], NULL, count,
				   sleeping ? &lock : NULL) != 0)
			break;
	}
	for (int i = 0; i < made; i++)
		pthread_join(threads[i], NULL);
	is(counter, (long long)rounds * made, "%d threads, %s: no count lost",
	   made, sleeping ? "some asleep" : "spinning");
	is(lock.word, 0, "and the lock is free at the end");
}

int main(void)
{
	mems__lock_take(&lock);
	ok(lock.word != 0, "a taken lock says so");
	mems__lock_drop(&lock);
	is(lock.word, 0, "a dropped one too");
	rounds = test_scaled(100000);
	threads_do_not_lose_a_count(false);
	rounds = test_scaled(20000);
	threads_do_not_lose_a_count(true);
	return done_testing();
}
