/*
 * Real programs: how each is run, and what must come out of it.
 */
#ifndef BENCH_MALLOC_PROGRAMS_H
#define BENCH_MALLOC_PROGRAMS_H

#include <stdbool.h>

#include "command.h"

#define ARGUMENTS_MAX 24

struct program {
	const char *name;
	const char *about;
	const char *tool;	/* found in PATH; NULL: one of the bench's */
	const char *own;	/* its name beside the bench, then */
	const char *const *arguments;
	const char *input;
	const char *const *environment;
	const char *compared;	/* the file that must not differ */
	bool (*prepare)(void);	/* makes its input; or NULL */
	bool small;		/* too short to time: memory only */
	/* Where malloc is another's: how it is run instead. */
	bool (*run)(const char *tool, const char *preload,
		    struct outcome *outcome);
};

extern const struct program programs[];
extern const int program_count;

const struct program *program_find(const char *name);

/* Find the tool, make the input, run it plain; false, and said, if not. */
bool program_ready(const struct program *program);

/* False if it failed, or if its output is not that of the plain run. */
bool program_run(const struct program *program, const char *preload,
		 struct outcome *outcome);

/* The full name of what is called so in PATH; false if there is none. */
bool tool_find(const char *name, char *path, size_t size);

/* inputs.c */
bool prepare_gcc(void);
bool prepare_make(void);
bool prepare_git(void);
bool prepare_sort(void);

/* redis.c */
bool redis_run(const char *tool, const char *preload, struct outcome *outcome);

#endif
