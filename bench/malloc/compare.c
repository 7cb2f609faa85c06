/*
 * malloc implementations side by side, each put into the same programs by
 * LD_PRELOAD: options, rows, and what is done with the figures.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure.h"
#include "options.h"

static struct {
	const char *workloads, *threads, *programs;	/* NULL: all */
	const char *json, *svg;
	bool quick, cold, busy;
} options;

const char bench_name[] = "compare";

static const char usage[] =
"Usage: compare [OPTION]...\n"
"Run workloads and programs on the malloc of several libraries.\n"
"\n"
"  --peers LIST      only these beside mems: glibc,jemalloc,tcmalloc,mimalloc\n"
"  --mems FILE       the library of mems [lib/.libs/libmems-malloc.so]\n"
"  --hardened FILE   one more column: a hardened build of it\n"
"  --workloads LIST  only these; none for none\n"
"  --threads LIST    with so many threads, of 1,2,4 [all; 1,2 with --quick]\n"
"  --programs LIST   only these; yes for all, no for none\n"
"  --rounds N        measure each N times, at most %d [5; 3 with --quick]\n"
"  --seed N          seed of the first round [1]\n"
"  --quick           three tenths of each workload\n"
"  --no-warmup       do not begin with an uncounted tenth of each workload\n"
"  --no-idle         leave out the idle process, ten seconds a column\n"
"  --json FILE       write all samples as JSON\n"
"  --svg FILE        write a plot of the ratios\n"
"  --list            say what there is to run\n"
"  --help            this text\n"
"\n"
"The exit status is 0 if all was measured, whether or not the targets are\n"
"met, 1 if a run failed, and 2 for a wrong option.\n";

void print_usage(FILE *file)
{
	fprintf(file, usage, SAMPLE_MAX);
}

static void take_peers(char *list)
{
	const char *wrong_key = allocators_choose(list);

	if (wrong_key != NULL)
		wrong("no such peer", wrong_key);
}

static void take_file(int column, const char *path)
{
	struct allocator *allocator = &allocators[column];

	if (strlen(path) >= sizeof(allocator->path))
		wrong("too long a name", path);
	snprintf(allocator->path, sizeof(allocator->path), "%s", path);
	allocator->chosen = allocator->given = true;
}

/* Is it in the list of names between commas? */
static bool listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = list; (at = strstr(at, name)) != NULL; at++)
		if ((at == list || at[-1] == ',') &&
		    (at[length] == ',' || at[length] == '\0'))
			return true;
	return false;
}

static void check_list(const char *what, const char *list,
		       bool known(const char *name))
{
	char copy[1024];

	snprintf(copy, sizeof(copy), "%s", list);
	for (char *name = strtok(copy, ","); name; name = strtok(NULL, ","))
		if (!known(name))
			wrong(what, name);
}

static bool known_workload(const char *name)
{
	const struct workload *workload = workload_find(name);

	return strcmp(name, "none") == 0 ||
	       (workload != NULL && workload->most_threads > 0);
}

static bool known_program(const char *name)
{
	return strcmp(name, "yes") == 0 || strcmp(name, "no") == 0 ||
	       program_find(name) != NULL;
}

static bool known_threads(const char *name)
{
	return listed("1,2,4", name);
}

static void print_list(void)
{
	printf("Workloads\n");
	workload_list();
	printf("\nPrograms\n");
	for (int i = 0; i < program_count; i++)
		printf("%-18s %s\n", programs[i].name, programs[i].about);
}

static void take_options(int argc, char **argv)
{
	static const struct option known[] = {
		{ "peers", required_argument, NULL, 'p' },
		{ "mems", required_argument, NULL, 'm' },
		{ "hardened", required_argument, NULL, 'H' },
		{ "workloads", required_argument, NULL, 'w' },
		{ "threads", required_argument, NULL, 't' },
		{ "programs", required_argument, NULL, 'P' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "seed", required_argument, NULL, 's' },
		{ "quick", no_argument, NULL, 'q' },
		{ "no-warmup", no_argument, NULL, 'c' },
		{ "no-idle", no_argument, NULL, 'b' },
		{ "json", required_argument, NULL, 'j' },
		{ "svg", required_argument, NULL, 'v' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 'p': take_peers(optarg); break;
		case 'm': take_file(MEMS, optarg); break;
		case 'H': take_file(MEMS_HARDENED, optarg); break;
		case 'w': options.workloads = optarg; break;
		case 't': options.threads = optarg; break;
		case 'P': options.programs = optarg; break;
		case 'r':
			results.rounds = (int)number("not a number of rounds",
						     optarg, SAMPLE_MAX);
			break;
		case 's':
			results.seed = number("not a seed", optarg, 1e15);
			break;
		case 'q': options.quick = true; break;
		case 'c': options.cold = true; break;
		case 'b': options.busy = true; break;
		case 'j': options.json = optarg; break;
		case 'v': options.svg = optarg; break;
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
}

static void take_defaults(void)
{
	if (results.rounds == 0)
		results.rounds = options.quick ? 3 : 5;
	if (results.seed == 0)
		results.seed = 1;
	results.scale = options.quick ? 0.3 : 1;
	if (options.threads == NULL)
		options.threads = options.quick ? "1,2" : "1,2,4";
	check_list("not 1, 2 or 4 threads", options.threads, known_threads);
	if (options.workloads != NULL)
		check_list("no such workload", options.workloads,
			   known_workload);
	if (options.programs == NULL)
		options.programs = "yes";
	check_list("no such program", options.programs, known_program);
	if (!allocators[MEMS].given)
		snprintf(allocators[MEMS].path, sizeof(allocators[MEMS].path),
			 "%.400s/../../lib/.libs/libmems-malloc.so",
			 bench_directory());
}

static void add_rows(void)
{
	for (int i = 0; i < workload_count; i++) {
		const struct workload *workload = &workloads[i];

		if (options.workloads != NULL &&
		    !listed(options.workloads, workload->name))
			continue;
		for (int n = 1; n <= workload->most_threads; n *= 2)
			if (strchr(options.threads, '0' + n) != NULL)
				add_workload_row(workload, n);
	}
	for (int i = 0; i < program_count; i++)
		if (listed(options.programs, "yes") ||
		    listed(options.programs, programs[i].name))
			add_program_row(&programs[i]);
}

int main(int argc, char **argv)
{
	char load[600];

	take_options(argc, argv);
	take_defaults();
	snprintf(load, sizeof(load), "%s/load", bench_directory());
	if (access(load, X_OK) != 0) {
		perror(load);
		return 1;
	}
	if (!place_make() || !allocators_ready(load))
		return 1;
	add_rows();
	measure_rounds(load, !options.cold);
	if (!options.busy)
		measure_idle(load);
	tables_print();
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("compare: stdout");
		return 1;
	}
	if (options.json != NULL && !json_write(options.json)) {
		perror(options.json);
		return 1;
	}
	if (options.svg != NULL && !svg_write(options.svg)) {
		perror(options.svg);
		return 1;
	}
	return results.failed;
}
