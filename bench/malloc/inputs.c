/*
 * Inputs that are generated: the same bytes on every machine.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "programs.h"
#include "random.h"

#define FUNCTIONS 160
#define PARTS 12
#define PART_FUNCTIONS 10
#define COMMITS 240
#define FILES 24
#define LINES 250

static FILE *create(const char *format, ...)
{
	char path[512];
	int length = snprintf(path, sizeof(path), "%s/", place());
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(path + length, sizeof(path) - (size_t)length, format,
		  arguments);
	va_end(arguments);
	return fopen(path, "w");
}

static bool finish(FILE *file)
{
	bool written = file != NULL && !ferror(file);

	return file != NULL && fclose(file) == 0 && written;
}

/* A function as people write them: a loop, a switch, a little arithmetic. */
static void put_function(FILE *file, struct random *random, int part,
			 int number)
{
	fprintf(file, "struct item%d_%d { int key; long sum; char name[%u]; "
		"struct item%d_%d *next; };\n", part, number,
		8 + random_below(random, 40), part, number);
	fprintf(file, "long work%d_%d(struct item%d_%d *list, int limit)\n{\n"
		"\tlong total = %u;\n\tfor (struct item%d_%d *i = list; i && "
		"limit-- > 0; i = i->next) {\n\t\tswitch (i->key %% 8) {\n",
		part, number, part, number, random_below(random, 1000), part,
		number);
	for (int i = 0; i < 7; i++)
		fprintf(file, "\t\tcase %d: total %s (i->sum %s %u) * i->name"
			"[%u]; break;\n", i, i % 2 ? "+=" : "^=",
			i % 3 ? "+" : ">>", 1 + random_below(random, 15),
			random_below(random, 8));
	fprintf(file, "\t\tdefault: total -= i->key;\n\t\t}\n"
		"\t\tif (total > %u)\n\t\t\ttotal /= (i->key | 1) + %u;\n"
		"\t}\n\treturn total;\n}\n\n",
		100000 + random_below(random, 100000),
		random_below(random, 9));
}

bool prepare_gcc(void)
{
	struct random random = { 1 };
	FILE *file = create("large.c");

	for (int i = 0; file != NULL && i < FUNCTIONS; i++)
		put_function(file, &random, 0, i);
	return finish(file);
}

static bool put_part(int part)
{
	struct random random = { 100 + (uint64_t)part };
	FILE *file = create("parts/part%d.c", part);

	if (file == NULL)
		return false;
	fprintf(file, "#include <stdio.h>\n#include <stdlib.h>\n"
		"#include <string.h>\n\n");
	for (int i = 0; i < PART_FUNCTIONS; i++)
		put_function(file, &random, part, i);
	if (part == 0)
		fprintf(file, "int main(void)\n{\n\treturn "
			"(int)work0_0(NULL, 0) & 0;\n}\n");
	return finish(file);
}

bool prepare_make(void)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/parts", place());
	if (mkdir(path, 0700) != 0)
		return false;
	for (int i = 0; i < PARTS; i++)
		if (!put_part(i))
			return false;
	file = create("parts/Makefile");
	if (file == NULL)
		return false;
	fprintf(file, "CC = gcc\nobjects =");
	for (int i = 0; i < PARTS; i++)
		fprintf(file, " part%d.o", i);
	fprintf(file, "\nwhole: $(objects)\n\t$(CC) -o $@ $(objects)\n"
		"%%.o: %%.c\n\t$(CC) -O1 -c -o $@ $<\n");
	return finish(file);
}

static void put_line(FILE *file, uint32_t seed, int name, int line)
{
	static const char *const words[16] = {
		"list", "node", "size", "count", "block", "page", "first",
		"last", "table", "entry", "value", "index", "length", "begin",
		"end", "next"
	};
	struct random random = { seed * 100000 + (uint64_t)name * 1000 +
				 (uint64_t)line };

	fprintf(file, "\t%s->%s_%u = %s(%s, %u);\n",
		words[random_below(&random, 16)],
		words[random_below(&random, 16)], random_below(&random, 100),
		words[random_below(&random, 16)],
		words[random_below(&random, 16)],
		random_below(&random, 100000));
}

/* Which commit last changed each line of each file. */
static uint32_t changed[FILES][LINES];

static size_t put_file(FILE *file, int name)
{
	long from = ftell(file);

	for (int line = 0; line < LINES; line++)
		put_line(file, changed[name][line], name, line);
	return (size_t)(ftell(file) - from);
}

static void put_commit(FILE *stream, FILE *spare, uint32_t number,
		       struct random *random)
{
	fprintf(stream, "commit refs/heads/main\n"
		"committer A <a@example.org> %u +0000\ndata 11\nCommit %03u\n"
		"\n", 1000000000 + number * 3600, number);
	for (int name = 0; name < FILES; name++) {
		size_t length;

		if (number > 0 && random_below(random, 4) != 0)
			continue;
		for (int i = 0; number > 0 && i < 12; i++)
			changed[name][random_below(random, LINES)] = number;
		rewind(spare);
		length = put_file(spare, name);
		fprintf(stream, "M 100644 inline file%d.c\ndata %zu\n", name,
			length);
		put_file(stream, name);
		fprintf(stream, "\n");
	}
}

static bool put_stream(void)
{
	FILE *stream = create("stream"), *spare = create("spare");
	struct random random = { 7 };

	if (stream == NULL || spare == NULL)
		return false;
	memset(changed, 0, sizeof(changed));
	for (uint32_t i = 0; i < COMMITS; i++)
		put_commit(stream, spare, i, &random);
	fclose(spare);
	return finish(stream);
}

static bool run_plain(const char *const *argv, const char *input)
{
	static const char *const environment[] = {
		"GIT_CONFIG_NOSYSTEM=1", NULL
	};
	struct command command = { .argv = argv, .input = input, .limit = 60,
				   .environment = environment };
	struct outcome outcome;

	if (command_run(&command, &outcome))
		return true;
	fprintf(stderr, "%s: %s\n", argv[0], outcome.why);
	return false;
}

/* Both rows of git ask for the repository; it is made once. */
bool prepare_git(void)
{
	static bool made;
	char git[512];
	const char *const init[] = { git, "init", "-q", "repository", NULL };
	const char *const import[] = { git, "-C", "repository", "fast-import",
				       "--quiet", NULL };

	if (!made)
		made = tool_find("git", git, sizeof(git)) && put_stream() &&
		       run_plain(init, NULL) && run_plain(import, "stream");
	return made;
}

bool prepare_sort(void)
{
	FILE *file = create("lines");

	for (int i = 0; file != NULL && i < 10; i++)
		fprintf(file, "%d line\n", i * 7 % 10);
	return finish(file);
}
