/*
 * One child at a time; its result comes back through a pipe.
 */
#include "child.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 600

static bool read_all(int fd, void *to, size_t size)
{
	while (size > 0) {
		ssize_t n = read(fd, to, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		to = (char *)to + n;
		size -= n;
	}
	return true;
}

/* A result is smaller than PIPE_BUF, so one write carries it whole. */
static void run_job(int fd, child_fn *job, const void *task, void *result,
		    size_t size)
{
	alarm(PATIENCE);
	if (!job(task, result))
		_exit(1);
	_exit(write(fd, result, size) == (ssize_t)size ? 0 : 1);
}

bool in_child(const char *what, child_fn *job, const void *task, void *result,
	      size_t size)
{
	int ends[2], status = 0;
	bool got;
	pid_t pid;

	fflush(NULL);
	if (pipe(ends) != 0 || (pid = fork()) < 0) {
		fprintf(stderr, "%s: %s\n", what, strerror(errno));
		exit(2);
	}
	if (pid == 0) {
		close(ends[0]);
		run_job(ends[1], job, task, result, size);
	}
	close(ends[1]);
	got = read_all(ends[0], result, size);
	close(ends[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (got && status == 0)
		return true;
	if (WIFSIGNALED(status))
		fprintf(stderr, "%s: ended by signal %d (%s)\n", what,
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		fprintf(stderr, "%s: failed\n", what);
	return false;
}

void *pages(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	memset(memory, 0, size);
	return memory;
}

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}
