/*
 * Arenas, slab caches and depots beside malloc: options, and what is done with
 * the figures.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "figures.h"
#include "malloc/command.h"
#include "options.h"

static struct {
	const char *json;
	bool quick;
} options;

const char bench_name[] = "lifetimes";

static const char usage[] =
"Usage: lifetimes [OPTION]...\n"
"Time arenas, slab caches and depots, and the malloc of several libraries.\n"
"\n"
"  --peers LIST   only these: glibc,jemalloc,tcmalloc,mimalloc\n"
"  --lanes LIST   only these\n"
"  --rounds N     measure each N times, at most %d [5]\n"
"  --seed N       seed of the first round [1]\n"
"  --quick        a fifth of the work, and no 10,000,000 requests\n"
"  --json FILE    write all samples as JSON\n"
"  --list         say which lanes there are\n"
"  --help         this text\n"
"\n"
"The exit status is 0 if all was measured, whether or not the targets are\n"
"met, 1 if a lane failed, and 2 for a wrong option.\n";

void print_usage(FILE *file)
{
	fprintf(file, usage, SAMPLE_MAX);
}

static void choose_all(void)
{
	for (int i = 0; i < row_count; i++)
		rows[i].chosen = true;
	for (int i = 0; i < ALLOCATORS; i++)
		allocators[i].chosen = allocators[i].peer;
}

static void take_peers(char *list)
{
	const char *wrong_key = allocators_choose(list);

	if (wrong_key != NULL)
		wrong("no such peer", wrong_key);
}

static void take_lanes(char *list)
{
	for (int i = 0; i < row_count; i++)
		rows[i].chosen = false;
	for (char *key = strtok(list, ","); key; key = strtok(NULL, ",")) {
		int row = row_find(key);

		if (row < 0)
			wrong("no such lane", key);
		rows[row].chosen = true;
	}
}

static void print_list(void)
{
	for (int i = 0; i < row_count; i++) {
		const char *name = rows[i].name;

		printf("%-18s %s:", rows[i].key, name + strspn(name, " "));
		for (int column = 0; column < COLUMNS; column++)
			if (rows[i].columns >> column & 1)
				printf(" %s", column_name(column));
		printf("\n");
	}
}

static void take_options(int argc, char **argv)
{
	static const struct option known[] = {
		{ "peers", required_argument, NULL, 'p' },
		{ "lanes", required_argument, NULL, 'w' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "seed", required_argument, NULL, 's' },
		{ "quick", no_argument, NULL, 'q' },
		{ "json", required_argument, NULL, 'j' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	figures.rounds = 5;
	figures.seed = 1;
	choose_all();
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 'p': take_peers(optarg); break;
		case 'w': take_lanes(optarg); break;
		case 'r':
			figures.rounds = (int)number("not a number of rounds",
						     optarg, SAMPLE_MAX);
			break;
		case 's':
			figures.seed = number("not a seed", optarg, 1e15);
			break;
		case 'q': options.quick = true; break;
		case 'j': options.json = optarg; break;
		case 'l':
			print_list();
			exit(0);
		case 'h':
			print_usage(stdout);
			exit(0);
		default:
			print_usage(stderr);
			exit(2);
		}
	}
	if (optind < argc)
		wrong("not an option", argv[optind]);
	figures.scale = options.quick ? 0.2 : 1;
	for (int i = 0; i < row_count; i++)
		if (options.quick && rows[i].slow)
			rows[i].chosen = false;
}

int main(int argc, char **argv)
{
	char theirs[600];

	take_options(argc, argv);
	snprintf(theirs, sizeof(theirs), "%s/theirs", bench_directory());
	if (access(theirs, X_OK) != 0) {
		perror(theirs);
		return 1;
	}
	if (!place_make() || !allocators_ready(theirs))
		return 1;
	measure_rounds();
	tables_print();
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("lifetimes: stdout");
		return 1;
	}
	if (options.json != NULL && !json_write(options.json)) {
		perror(options.json);
		return 1;
	}
	return figures.failed;
}
