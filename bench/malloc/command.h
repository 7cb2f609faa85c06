/*
 * Run a program: its malloc preloaded, its output in a file, its time and its
 * memory measured. All happens in a temporary directory of this run.
 */
#ifndef BENCH_MALLOC_COMMAND_H
#define BENCH_MALLOC_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct command {
	const char *const *argv;
	const char *input;	/* a file in the directory; or NULL */
	const char *output;	/* likewise; NULL: "output" */
	const char *preload;	/* NULL or "": nothing */
	const char *const *environment;	/* more of NAME=VALUE; or NULL */
	int limit;		/* seconds */
	bool exact;		/* see command_run_exact() */
};

struct outcome {
	double ms, cpu_ms;
	double peak;		/* KiB */
	char why[160];		/* it failed, if so */
};

/* Makes the directory and removes it. */
bool place_make(void);
void place_drop(void);
const char *place(void);

/* The directory in which this program lies. */
const char *bench_directory(void);

/* False if the program could not be run, failed, or took too long. */
bool command_run(const struct command *command, struct outcome *outcome);

/*
 * The same, but what is resident is summed up as the program ends, since the
 * highest mark that the system keeps is a few hundred KiB out: it begins with
 * what the parent had, and its counters lag. Only for one process that holds
 * its most memory at its end.
 */
bool command_run_exact(const struct command *command, struct outcome *outcome);

/* Start it; it is the caller's to end. -1 if that failed. */
pid_t command_start(const struct command *command, bool traced);

/* End all that runs, as this process itself is about to. */
void command_end_all(void);

/* The first part of what the last run printed. */
void command_output(const struct command *command, char *text, size_t size);

/* The number of `key=number` in a line of it; 0 if not there. */
double command_value(const char *line, const char *key);

/* Wait; kills the process and its group after `limit` seconds. */
struct rusage;
bool command_wait(pid_t pid, int limit, int *status, struct rusage *usage);

/* A reason in words when the status is not success; false then. */
bool command_succeeded(int status, bool late, char *why, size_t size);

double now_ms(void);

#endif
