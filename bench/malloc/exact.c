/*
 * What a small program holds at its end, to the page: it is stopped as it
 * exits, while its memory is still there, and its mappings are summed up.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "command.h"

static double resident_of(pid_t pid)
{
	char path[64], line[256];
	double found = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	file = fopen(path, "r");
	if (file == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "Rss: %lf", &found) == 1)
			break;
	fclose(file);
	return found;
}

bool command_run_exact(const struct command *command, struct outcome *outcome)
{
	struct rusage usage = { 0 };
	double from = now_ms();
	bool late = false, first = true;
	int status = 0;
	pid_t pid;

	*outcome = (struct outcome){ 0 };
	pid = command_start(command, true);
	while (pid > 0 && !late) {
		int signal = 0;

		late = !command_wait(pid, command->limit, &status, &usage);
		if (late || !WIFSTOPPED(status))
			break;
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8))
			outcome->peak = resident_of(pid);
		else if (WSTOPSIG(status) != SIGTRAP)
			signal = WSTOPSIG(status);
		if (first)
			ptrace(PTRACE_SETOPTIONS, pid, NULL,
			       PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
		first = false;
		ptrace(PTRACE_CONT, pid, NULL, (long)signal);
	}
	outcome->ms = now_ms() - from;
	if (pid < 0) {
		snprintf(outcome->why, sizeof(outcome->why), "fork: %s",
			 strerror(errno));
		return false;
	}
	if (outcome->peak == 0)
		outcome->peak = (double)usage.ru_maxrss;
	return command_succeeded(status, late, outcome->why,
				 sizeof(outcome->why));
}
