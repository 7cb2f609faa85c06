/* What the tests of fork() share. */
#ifndef TEST_CHILD_H
#define TEST_CHILD_H

#include <sys/types.h>

#ifdef _WIN32

/* There is none: who asks gets an error, and should have asked this before. */
#define CAN_FORK 0
#define fork() (-1)

static inline int wait_for(pid_t child)
{
	(void)child;
	return -1;
}

#else

#define CAN_FORK 1

#include <signal.h>
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

#endif

#endif
