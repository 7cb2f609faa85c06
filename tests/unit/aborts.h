/* What a call says that ends the process. */
#ifndef TEST_UNIT_ABORTS_H
#define TEST_UNIT_ABORTS_H

#include "tap.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define ABORTED 77

/* So that the child leaves what it counted, when it counts its lines. */
static inline void aborts_leave(int signal)
{
	(void)signal;
	_exit(ABORTED);
}

/* In a child: does this abort? What it writes to stderr is in `said`, or it has
   no stderr if that is NULL. */
static inline int aborts(void (*call)(void), char *said, size_t room)
{
	int ends[2], status = -1;
	size_t length = 0;
	ssize_t n;
	pid_t child;

	fflush(stdout);
	if (pipe(ends) != 0)
		return 0;
	child = fork();
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		if (said == NULL)
			close(STDERR_FILENO);
		signal(SIGABRT, aborts_leave);
		call();
		_exit(0);
	}
	close(ends[1]);
	while (said != NULL && length < room - 1 &&
	       (n = read(ends[0], said + length, room - 1 - length)) > 0)
		length += (size_t)n;
	if (said != NULL)
		said[length] = '\0';
	close(ends[0]);
	waitpid(child, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == ABORTED;
}

#endif
