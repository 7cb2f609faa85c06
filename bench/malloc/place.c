/*
 * Where the bench lies, and the temporary directory, which is removed at the
 * end, and also when the bench is interrupted.
 */
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "command.h"

static char directory[256];
static pid_t owner;

const char *place(void)
{
	return directory;
}

static int drop_one(const char *path, const struct stat *about, int kind,
		    struct FTW *at)
{
	(void)about;
	(void)kind;
	(void)at;
	return remove(path) != 0 && errno != ENOENT;
}

void place_drop(void)
{
	if (directory[0] == '\0' || getpid() != owner)
		return;
	nftw(directory, drop_one, 16, FTW_DEPTH | FTW_PHYS);
	directory[0] = '\0';
}

static void on_signal(int number)
{
	command_end_all();
	place_drop();
	signal(number, SIG_DFL);
	raise(number);
}

bool place_make(void)
{
	const char *above = getenv("TMPDIR");

	snprintf(directory, sizeof(directory), "%s/mems-bench-XXXXXX",
		 above != NULL && above[0] == '/' ? above : "/tmp");
	if (mkdtemp(directory) == NULL) {
		perror(directory);
		directory[0] = '\0';
		return false;
	}
	owner = getpid();
	atexit(place_drop);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGHUP, on_signal);
	return true;
}

const char *bench_directory(void)
{
	static char path[512];
	ssize_t n;

	if (path[0] != '\0')
		return path;
	n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	if (strrchr(path, '/') != NULL)
		*strrchr(path, '/') = '\0';
	return path;
}
