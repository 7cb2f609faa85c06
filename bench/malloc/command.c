#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ERRORS "errors"

/* What runs, each the leader of its group: a server, say, and its client. */
static volatile pid_t running[4];

double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static const char *output_of(const struct command *command)
{
	return command->output != NULL ? command->output : "output";
}

static void redirect(int fd, const char *path, int flags)
{
	int file = open(path, flags | O_CLOEXEC, 0600);

	if (file < 0 || dup2(file, fd) < 0)
		_exit(126);
}

/* Settings of allocators and of languages are not the bench's. */
static void clean_environment(void)
{
	static const char *const gone[] = {
		"MALLOC_ARENA_MAX", "MALLOC_CONF", "MALLOC_CHECK_",
		"MALLOC_PERTURB_", "MALLOC_TOP_PAD_", "MALLOC_TRIM_THRESHOLD_",
		"MALLOC_MMAP_THRESHOLD_", "MALLOC_MMAP_MAX_",
		"GLIBC_TUNABLES", "LD_PRELOAD", "PYTHONPATH", "PYTHONHOME",
		"PYTHONSTARTUP", "PERL5LIB", "PERL5OPT", "LUA_INIT",
		"NODE_OPTIONS", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE",
		"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "CFLAGS",
	};

	for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++)
		unsetenv(gone[i]);
	setenv("LC_ALL", "C", 1);
	setenv("TZ", "UTC", 1);
	setenv("HOME", place(), 1);
	setenv("TMPDIR", place(), 1);
}

static _Noreturn void become(const struct command *command, bool traced)
{
	sigset_t none;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (chdir(place()) != 0)
		_exit(126);
	redirect(STDIN_FILENO, command->input != NULL ? command->input :
		 "/dev/null", O_RDONLY);
	redirect(STDOUT_FILENO, output_of(command),
		 O_WRONLY | O_CREAT | O_TRUNC);
	redirect(STDERR_FILENO, ERRORS, O_WRONLY | O_CREAT | O_TRUNC);
	clean_environment();
	for (const char *const *set = command->environment;
	     set != NULL && *set != NULL; set++)
		putenv((char *)*set);
	if (command->preload != NULL && command->preload[0] != '\0')
		setenv("LD_PRELOAD", command->preload, 1);
	if (traced && ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
		_exit(125);
	execv(command->argv[0], (char *const *)command->argv);
	_exit(127);
}

static void replace_running(pid_t old, pid_t new)
{
	for (size_t i = 0; i < sizeof(running) / sizeof(*running); i++) {
		if (running[i] == old) {
			running[i] = new;
			return;
		}
	}
}

void command_end_all(void)
{
	for (size_t i = 0; i < sizeof(running) / sizeof(*running); i++)
		if (running[i] > 0)
			kill(-running[i], SIGKILL);
}

pid_t command_start(const struct command *command, bool traced)
{
	sigset_t child;
	pid_t pid;

	/* Blocked from before the first fork, so that none is missed. */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		become(command, traced);
	if (pid > 0) {
		setpgid(pid, pid);
		replace_running(0, pid);
	}
	return pid;
}

bool command_wait(pid_t pid, int limit, int *status, struct rusage *usage)
{
	double end = now_ms() + limit * 1e3;
	bool late = false;
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while (wait4(pid, status, late ? 0 : WNOHANG, usage) != pid) {
		double left = end - now_ms();
		struct timespec t = { .tv_sec = (time_t)(left / 1e3) };

		if (left <= 0) {
			late = true;
			kill(-pid, SIGKILL);
			continue;
		}
		t.tv_nsec = (long)((left - (double)t.tv_sec * 1e3) * 1e6);
		sigtimedwait(&child, NULL, &t);
	}
	if (!WIFSTOPPED(*status))
		replace_running(pid, 0);
	return !late;
}

static void first_error(char *text, size_t size)
{
	char path[512];
	FILE *file;

	text[0] = '\0';
	snprintf(path, sizeof(path), "%s/%s", place(), ERRORS);
	file = fopen(path, "r");
	if (file == NULL)
		return;
	if (fgets(text, (int)size, file) == NULL)
		text[0] = '\0';
	fclose(file);
	text[strcspn(text, "\n")] = '\0';
}

bool command_succeeded(int status, bool late, char *why, size_t size)
{
	char text[100];

	why[0] = '\0';
	if (late)
		snprintf(why, size, "took too long");
	else if (WIFSIGNALED(status))
		snprintf(why, size, "ended by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (status != 0)
		snprintf(why, size, "ended with status %d",
			 WEXITSTATUS(status));
	if (why[0] == '\0')
		return true;
	first_error(text, sizeof(text));
	if (text[0] != '\0')
		snprintf(why + strlen(why), size - strlen(why), ": %s", text);
	return false;
}

static double cpu_of(const struct rusage *usage)
{
	return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1e3 +
	       (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) /
	       1e3;
}

bool command_run(const struct command *command, struct outcome *outcome)
{
	struct rusage usage = { 0 };
	double from = now_ms();
	int status = 0;
	bool late;
	pid_t pid;

	if (command->exact)
		return command_run_exact(command, outcome);
	*outcome = (struct outcome){ 0 };
	pid = command_start(command, false);
	if (pid < 0) {
		snprintf(outcome->why, sizeof(outcome->why), "fork: %s",
			 strerror(errno));
		return false;
	}
	late = !command_wait(pid, command->limit, &status, &usage);
	outcome->ms = now_ms() - from;
	outcome->cpu_ms = cpu_of(&usage);
	outcome->peak = (double)usage.ru_maxrss;
	return command_succeeded(status, late, outcome->why,
				 sizeof(outcome->why));
}

void command_output(const struct command *command, char *text, size_t size)
{
	char path[512];
	size_t n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", place(), output_of(command));
	file = fopen(path, "r");
	if (file != NULL) {
		n = fread(text, 1, size - 1, file);
		fclose(file);
	}
	text[n] = '\0';
}

double command_value(const char *line, const char *key)
{
	size_t length = strlen(key);

	for (const char *at = line; (at = strstr(at, key)) != NULL; at++)
		if ((at == line || at[-1] == ' ') && at[length] == '=')
			return strtod(at + length + 1, NULL);
	return 0;
}
