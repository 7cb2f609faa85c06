/*
 * mems(1): run a program on libmems-malloc, and ask it for what it can tell.
 */
#include <config.h>

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mems/version.h>

/* What the shell says when a command was not found, or could not be run. */
#define EXIT_NOT_RUN 126
#define EXIT_NOT_FOUND 127

static const char usage[] =
"Usage: mems run [OPTION]... PROGRAM [ARGUMENT]...\n"
"       mems --help | --version\n"
"Run PROGRAM with libmems-malloc in the place of its malloc.\n"
"\n"
"  --limit=BYTES     let allocations fail beyond this; K, M or G may follow\n"
"  --stats           print what the heap holds at the program's end\n"
"  --leaks           print which blocks were not freed, and who made them\n"
"  --profile=FILE    write a sampled heap profile that pprof reads\n"
"  --hardened        stop the program at double frees and overflows\n"
"  --zero            with --hardened: clear each block when it is freed\n"
"  --decay=MS        give unused memory back after this many milliseconds\n"
"                    [1000]; -1: never\n"
"  --no-helper       make no thread for that\n"
"  --library=FILE    use this libmems-malloc\n"
"\n"
"See mems(1).\n";

enum { OPTIONS_MOST = 2048 };

struct request {
	char options[OPTIONS_MOST];	/* for MEMS_OPTIONS */
	const char *library;
	bool hardened;
};

static void refuse(const char *what, const char *which)
{
	fprintf(stderr, "mems: %s%s%s\n", what, which ? ": " : "",
		which ? which : "");
	fputs("Try 'mems --help'.\n", stderr);
	exit(2);
}

static void add(struct request *request, const char *name, const char *value)
{
	size_t length = strlen(request->options);
	int more;

	if (strchr(value, ',') != NULL)
		refuse("no comma may be in", value);
	more = snprintf(request->options + length, OPTIONS_MOST - length,
			"%s%s=%s", length > 0 ? "," : "", name, value);
	if (more < 0 || (size_t)more >= OPTIONS_MOST - length)
		refuse("too long", value);
}

/* Digits, with a letter behind them for sizes, or a minus before for times. */
static void check_number(const char *value, bool is_size)
{
	const char *at = value + (!is_size && *value == '-');
	size_t digits = strspn(at, "0123456789");

	at += digits;
	if (is_size && digits > 0 && *at != '\0' && strchr("KMG", *at) != NULL)
		at++;
	if (digits == 0 || digits > 18 || *at != '\0')
		refuse("not a number", value);
}

static void take_options(int argc, char **argv, struct request *request)
{
	static const struct option known[] = {
		{ "limit", required_argument, NULL, 'l' },
		{ "stats", no_argument, NULL, 's' },
		{ "leaks", no_argument, NULL, 'k' },
		{ "profile", required_argument, NULL, 'p' },
		{ "hardened", no_argument, NULL, 'h' },
		{ "zero", no_argument, NULL, 'z' },
		{ "decay", required_argument, NULL, 'd' },
		{ "no-helper", no_argument, NULL, 'n' },
		{ "library", required_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "+", known, NULL)) != -1) {
		switch (option) {
		case 'l':
			check_number(optarg, true);
			add(request, "limit", optarg);
			break;
		case 's': add(request, "stats", "1"); break;
		case 'k': add(request, "leaks", "1"); break;
		case 'p': add(request, "profile", optarg); break;
		case 'h': request->hardened = true; break;
		case 'z': add(request, "zero", "1"); break;
		case 'd':
			check_number(optarg, false);
			add(request, "decay", optarg);
			break;
		case 'n': add(request, "helper", "0"); break;
		case 'f': request->library = optarg; break;
		default: refuse("wrong option", NULL);
		}
	}
}

#ifdef _WIN32

static int run(int argc, char **argv)
{
	struct request request = { .library = NULL };

	take_options(argc, argv, &request);
	fputs("mems: Windows puts nothing in the place of a malloc\n", stderr);
	return EXIT_NOT_RUN;
}

#else

static void set(const char *name, const char *first, const char *between,
		const char *rest)
{
	size_t length = strlen(first) + strlen(between) + strlen(rest) + 1;
	char *value = malloc(length);

	if (value == NULL) {
		perror("mems");
		exit(EXIT_NOT_RUN);
	}
	snprintf(value, length, "%s%s%s", first, between, rest);
	if (setenv(name, value, 1) != 0) {
		perror("mems");
		exit(EXIT_NOT_RUN);
	}
	free(value);
}

static void set_more(const char *name, const char *first, const char *between)
{
	const char *rest = getenv(name);

	if (rest == NULL || *rest == '\0')
		set(name, first, "", "");
	else
		set(name, first, between, rest);
}

static int run(int argc, char **argv)
{
	struct request request = { .library = NULL };

	take_options(argc, argv, &request);
	if (optind >= argc)
		refuse("no program", NULL);
	if (request.library == NULL)
		request.library = request.hardened ?
			MEMS_LIBDIR "/libmems-malloc-hardened.so" :
			MEMS_LIBDIR "/libmems-malloc.so";
	/* The dynamic linker would only warn, and the program run without. */
	if (access(request.library, R_OK) != 0) {
		fprintf(stderr, "mems: %s: %s\n", request.library,
			strerror(errno));
		return EXIT_NOT_RUN;
	}
	set_more("LD_PRELOAD", request.library, " ");
	if (request.options[0] != '\0')
		set_more("MEMS_OPTIONS", request.options, ",");
	execvp(argv[optind], argv + optind);
	fprintf(stderr, "mems: %s: %s\n", argv[optind], strerror(errno));
	return errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUN;
}

#endif

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("mems " MEMS_VERSION);
		return 0;
	}
	if (argc < 2 || strcmp(argv[1], "run") != 0)
		refuse("what to do?", argc > 1 ? argv[1] : NULL);
	return run(argc - 1, argv + 1);
}
