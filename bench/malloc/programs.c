#include "programs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIMIT 120	/* seconds */

/* The scripts lie beside this file. */
#define SCRIPT(name) BENCH_SOURCE "/" name
#define LIST(...) (const char *const[]){ __VA_ARGS__, NULL }
#define NONE (const char *const[]){ NULL }

const struct program programs[] = {
	{ .name = "sqlite3", .tool = "sqlite3",
	  .about = "a database in memory: rows, indices, joins, updates",
	  .arguments = LIST(":memory:"), .input = SCRIPT("records.sql") },
	{ .name = "redis", .tool = "redis-server",
	  .about = "a server on a local socket, time of redis-benchmark",
	  .arguments = NONE, .run = redis_run },
	{ .name = "python3", .tool = "python3",
	  .about = "objects, dicts, strings, JSON; PYTHONMALLOC=malloc",
	  .arguments = LIST("-S", SCRIPT("objects.py")),
	  .environment = LIST("PYTHONMALLOC=malloc", "PYTHONHASHSEED=0",
			      "PYTHONDONTWRITEBYTECODE=1") },
	{ .name = "perl", .tool = "perl",
	  .about = "hashes, strings, regular expressions",
	  .arguments = LIST(SCRIPT("words.pl")),
	  .environment = LIST("PERL_HASH_SEED=0", "PERL_PERTURB_KEYS=0") },
	{ .name = "lua5.4", .tool = "lua5.4",
	  .about = "tables, strings, closures",
	  .arguments = LIST(SCRIPT("tables.lua")) },
	{ .name = "node", .tool = "node",
	  .about = "objects, buffers, maps",
	  .arguments = LIST(SCRIPT("buffers.js")) },
	{ .name = "git-log", .tool = "git",
	  .about = "log -p of a generated repository",
	  .arguments = LIST("--no-pager", "-C", "repository", "log", "-p",
			    "-M", "--all"),
	  .environment = LIST("GIT_CONFIG_NOSYSTEM=1"),
	  .prepare = prepare_git },
	{ .name = "git-pack", .tool = "git",
	  .about = "all of the repository packed anew, by one thread",
	  .arguments = LIST("-C", "repository", "pack-objects", "--all",
			    "--stdout", "-q", "--no-reuse-object",
			    "--threads=1", "--window=5"),
	  .environment = LIST("GIT_CONFIG_NOSYSTEM=1"),
	  .prepare = prepare_git },
	{ .name = "gcc", .tool = "gcc",
	  .about = "a generated file of 160 functions, -O1",
	  .arguments = LIST("-O1", "-c", "large.c", "-o", "large.o"),
	  .compared = "large.o", .prepare = prepare_gcc },
	{ .name = "c++", .own = "containers",
	  .about = "std::map, string, vector, shared_ptr",
	  .arguments = NONE },
	{ .name = "make", .tool = "make",
	  .about = "-j2, 12 generated files compiled and linked",
	  .arguments = LIST("-B", "-s", "-j2", "-C", "parts"),
	  .compared = "parts/whole", .prepare = prepare_make },
	{ .name = "hello", .own = "hello",
	  .about = "printf alone: memory", .arguments = NONE, .small = true },
	{ .name = "sort", .tool = "sort",
	  .about = "ten lines: memory", .arguments = NONE, .input = "lines",
	  .prepare = prepare_sort, .small = true },
};

const int program_count = sizeof(programs) / sizeof(programs[0]);

static char tools[sizeof(programs) / sizeof(programs[0])][512];

const struct program *program_find(const char *name)
{
	for (int i = 0; i < program_count; i++)
		if (strcmp(programs[i].name, name) == 0)
			return &programs[i];
	return NULL;
}

/* What lies in PATH may be a script that picks a version; ask for the real. */
static void find_python(char *path, size_t size)
{
	FILE *pipe = popen("python3 -c 'import sys; print(sys.executable)' "
			   "2>/dev/null", "r");
	char line[512] = "";

	if (pipe == NULL)
		return;
	if (fgets(line, sizeof(line), pipe) != NULL && line[0] == '/') {
		line[strcspn(line, "\n")] = '\0';
		snprintf(path, size, "%s", line);
	}
	pclose(pipe);
}

bool tool_find(const char *name, char *path, size_t size)
{
	const char *at = getenv("PATH");

	while (at != NULL && *at != '\0') {
		size_t length = strcspn(at, ":");

		snprintf(path, size, "%.*s/%s", (int)length, at, name);
		if (at[0] == '/' && access(path, X_OK) == 0) {
			if (strcmp(name, "python3") == 0)
				find_python(path, size);
			return true;
		}
		at += length + (at[length] == ':');
	}
	return false;
}

static bool find_program(const struct program *program, char *path,
			 size_t size)
{
	if (program->tool != NULL)
		return tool_find(program->tool, path, size);
	snprintf(path, size, "%.400s/%s", bench_directory(), program->own);
	return access(path, X_OK) == 0;
}

static bool run(const struct program *program, const char *preload,
		struct outcome *outcome)
{
	const char *tool = tools[program - programs];
	const char *argv[ARGUMENTS_MAX] = { tool };
	struct command command = {
		.argv = argv, .input = program->input, .preload = preload,
		.environment = program->environment, .limit = LIMIT,
		.exact = program->small,
	};

	if (program->run != NULL)
		return program->run(tool, preload, outcome);
	for (int i = 0; program->arguments[i] != NULL; i++)
		argv[i + 1] = program->arguments[i];
	return command_run(&command, outcome);
}

static const char *compared(const struct program *program)
{
	return program->compared != NULL ? program->compared : "output";
}

static void full_name(char *path, size_t size, const char *name,
		      const char *suffix)
{
	snprintf(path, size, "%s/%s%s", place(), name, suffix);
}

bool program_ready(const struct program *program)
{
	char made[512], kept[512];
	struct outcome outcome;

	if (!find_program(program, tools[program - programs],
			  sizeof(tools[0]))) {
		printf("%s: not here, so it has no row\n", program->name);
		return false;
	}
	if (program->prepare != NULL && !program->prepare()) {
		printf("%s: its input cannot be made, so it has no row\n",
		       program->name);
		return false;
	}
	if (!run(program, NULL, &outcome)) {
		printf("%s: %s, so it has no row\n", program->name,
		       outcome.why);
		return false;
	}
	if (program->run != NULL)
		return true;
	full_name(made, sizeof(made), compared(program), "");
	full_name(kept, sizeof(kept), program->name, ".expected");
	if (rename(made, kept) != 0) {
		perror(kept);
		return false;
	}
	return true;
}

static bool same_bytes(const char *one, const char *other)
{
	FILE *a = fopen(one, "rb"), *b = fopen(other, "rb");
	static char x[65536], y[65536];
	bool same = a != NULL && b != NULL;

	while (same) {
		size_t n = fread(x, 1, sizeof(x), a);

		same = fread(y, 1, sizeof(y), b) == n && memcmp(x, y, n) == 0;
		if (n == 0)
			break;
	}
	if (a != NULL)
		fclose(a);
	if (b != NULL)
		fclose(b);
	return same;
}

bool program_run(const struct program *program, const char *preload,
		 struct outcome *outcome)
{
	char made[512], kept[512];

	full_name(made, sizeof(made), compared(program), "");
	full_name(kept, sizeof(kept), program->name, ".expected");
	if (program->compared != NULL)
		remove(made);
	if (!run(program, preload, outcome))
		return false;
	if (program->run != NULL || same_bytes(made, kept))
		return true;
	snprintf(outcome->why, sizeof(outcome->why),
		 "what came out is not what the plain run gave");
	return false;
}
