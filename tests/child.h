/* What the tests of fork() share. */
#ifndef TEST_CHILD_H
#define TEST_CHILD_H

#include <sys/types.h>

#ifdef _WIN32

/* There is none: who asks gets an error, and should have asked this before. */
#define CAN_FORK 0
#define fork() (-1)

static inline int children_make_threads(void)
{
	return 0;
}

static inline int wait_for(pid_t child)
{
	(void)child;
	return -1;
}

#else

#define CAN_FORK 1

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* To ThreadSanitizer: children of a process with threads make threads of their
   own here. */
__attribute__((visibility("default")))
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "die_after_fork=0";
}

/* The status of a child, which is killed when it hangs; -1 then. */
static inline int wait_for(pid_t child)
{
	const struct timespec tick = { .tv_nsec = 1000000 };
	time_t start = time(NULL);
	int status;

	while (waitpid(child, &status, WNOHANG) == 0) {
		if (time(NULL) - start > 60) {
			kill(child, SIGKILL);
			waitpid(child, &status, 0);
			return -1;
		}
		nanosleep(&tick, NULL);
	}
	return status;
}

static inline void *take_and_drop(void *lock)
{
	pthread_mutex_lock(lock);
	pthread_mutex_unlock(lock);
	return NULL;
}

/*
 * May the child of a process with threads make one? Of qemu 7.2 it may not: it
 * ends by an assertion of qemu's. The library's own helper is such a thread. To
 * be asked before the library is used, so that this is about the system alone.
 */
static inline int children_make_threads(void)
{
	pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
	pthread_t thread;
	int status;
	pid_t child;

	pthread_mutex_lock(&held);
	pthread_create(&thread, NULL, take_and_drop, &held);
	child = fork();
	if (child == 0) {
		pthread_mutex_t free = PTHREAD_MUTEX_INITIALIZER;
		int nowhere = open("/dev/null", O_WRONLY);

		dup2(nowhere, STDOUT_FILENO);
		dup2(nowhere, STDERR_FILENO);
		_exit(pthread_create(&thread, NULL, take_and_drop, &free) ||
		      pthread_join(thread, NULL));
	}
	status = wait_for(child);
	pthread_mutex_unlock(&held);
	pthread_join(thread, NULL);
	return status == 0;
}

#endif

#endif
