/*
 * A redis server under load. It links an allocator of its own, so its plain
 * run preloads the C library. The server is measured, not the client.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "allocators.h"
#include "programs.h"

#define LIMIT 60
#define SOCKET "redis.socket"

static bool connects(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool connected;

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return false;
	memcpy(address.sun_path, path, strlen(path));
	connected = connect(fd, (struct sockaddr *)&address,
			    sizeof(address)) == 0;
	close(fd);
	return connected;
}

static bool await_server(pid_t pid, const char *path)
{
	struct timespec pause = { .tv_nsec = 5000000 };

	for (int i = 0; i < 2000; i++) {
		siginfo_t info = { 0 };

		if (connects(path))
			return true;
		if (waitid(P_PID, (id_t)pid, &info,
			   WEXITED | WNOHANG | WNOWAIT) != 0 ||
		    info.si_pid == pid)
			return false;
		nanosleep(&pause, NULL);
	}
	return false;
}

static double highest_resident(pid_t pid)
{
	char path[64], line[256];
	double found = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "r");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "VmHWM: %lf", &found) == 1)
			break;
	if (file != NULL)
		fclose(file);
	return found;
}

/* 70000 requests of each kind; lists and sets grow, keys repeat. */
static bool run_client(const char *path, struct outcome *outcome)
{
	char tool[512];
	const char *const argv[] = {
		tool, "-s", path, "-q", "-n", "70000", "-c", "16", "-P", "16",
		"-r", "20000", "-d", "200", "-t",
		"set,get,incr,lpush,rpop,sadd,hset,zadd", NULL
	};
	struct command command = { .argv = argv, .output = "requests",
				   .limit = LIMIT };

	if (tool_find("redis-benchmark", tool, sizeof(tool)))
		return command_run(&command, outcome);
	snprintf(outcome->why, sizeof(outcome->why), "no redis-benchmark");
	return false;
}

bool redis_run(const char *tool, const char *preload, struct outcome *outcome)
{
	const char *const argv[] = {
		tool, "--port", "0", "--unixsocket", SOCKET, "--save", "",
		"--appendonly", "no", "--daemonize", "no", NULL
	};
	struct command command = {
		.argv = argv, .output = "server", .limit = LIMIT,
		.preload = preload != NULL && preload[0] != '\0' ? preload :
			   libc_path(),
	};
	struct rusage usage;
	char path[512];
	bool done = false, late;
	int status = 0;
	pid_t pid;

	*outcome = (struct outcome){ 0 };
	snprintf(path, sizeof(path), "%s/" SOCKET, place());
	unlink(path);
	pid = command_start(&command, false);
	if (pid < 0) {
		snprintf(outcome->why, sizeof(outcome->why), "fork: %s",
			 strerror(errno));
		return false;
	}
	if (await_server(pid, path))
		done = run_client(path, outcome);
	else
		snprintf(outcome->why, sizeof(outcome->why),
			 "the server did not answer");
	outcome->peak = highest_resident(pid);
	kill(pid, SIGTERM);
	late = !command_wait(pid, LIMIT, &status, &usage);
	outcome->cpu_ms =
		(double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
		(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) /
		1e3;
	if (!done)
		return false;
	return command_succeeded(status, late, outcome->why,
				 sizeof(outcome->why));
}
