/*
 * The bench: options, which measurements to make, and making them in turn.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "options.h"
#include "progress.h"
#include "results.h"

#define SIZES_MAX 16

static struct results results;

static struct {
	uint64_t sizes[SIZES_MAX];
	int size_count;
	const struct mix *mixes[SIZES_MAX];
	int mix_count;
	bool quick, full, untouched;
	bool all;		/* each mix at each size */
	const char *json, *svg;
} options;

static bool failed;

static const char usage[] =
"Usage: bench [OPTION]...\n"
"Time allocators on a seeded trace: fill N blocks, then replace random ones.\n"
"\n"
"  --peers LIST   only these: %s\n"
"  --sizes LIST   numbers of live blocks, such as 1e3,1e5 [1e3,1e4,1e5,1e6]\n"
"  --mix LIST     only these mixes of sizes: %s\n"
"  --rounds N     measure each N times, at most %d [5; 3 with --quick]\n"
"  --seed N       seed of the first round [1]\n"
"  --untouched    do not write to new blocks\n"
"  --quick        shorter traces, sizes up to 1e5\n"
"  --full         every mix at every size up to 1e7, touched and untouched\n"
"  --json FILE    write the figures as JSON\n"
"  --svg FILE     write a plot of the Pareto trace\n"
"  --help         this text\n"
"\n"
"Without --mix, --sizes and --full, mixes other than pareto run at 1e5 only.\n"
"The exit status is 0 if all was measured, whether or not the claims hold,\n"
"1 if a measurement failed, and 2 for a wrong option.\n";

const char bench_name[] = "bench";

void print_usage(FILE *file)
{
	char keys[2][256] = { "", "" };

	for (int i = 0; i < peer_count; i++)
		snprintf(keys[0] + strlen(keys[0]),
			 sizeof(keys[0]) - strlen(keys[0]), "%s%s",
			 i > 0 ? "," : "", peers[i]->key);
	for (int i = 0; i < mix_count; i++)
		snprintf(keys[1] + strlen(keys[1]),
			 sizeof(keys[1]) - strlen(keys[1]), "%s%s",
			 i > 0 ? "," : "", mixes[i].key);
	fprintf(file, usage, keys[0], keys[1], SAMPLE_MAX);
}

static void take_peers(char *list)
{
	memset(results.chosen, 0, sizeof(results.chosen));
	for (char *key = strtok(list, ","); key; key = strtok(NULL, ",")) {
		int row = peer_find(key);

		if (row < 0)
			wrong("no such peer", key);
		results.chosen[row] = true;
	}
}

static void take_sizes(char *list)
{
	options.size_count = 0;
	options.all = true;
	for (char *text = strtok(list, ","); text; text = strtok(NULL, ",")) {
		if (options.size_count == SIZES_MAX)
			wrong("too many sizes", text);
		options.sizes[options.size_count++] =
			number("not a number of blocks", text, 1e9);
	}
}

static void take_mixes(char *list)
{
	options.mix_count = 0;
	options.all = true;
	for (char *key = strtok(list, ","); key; key = strtok(NULL, ",")) {
		const struct mix *mix = mix_find(key);

		if (mix == NULL || options.mix_count == SIZES_MAX)
			wrong("no such mix", key);
		options.mixes[options.mix_count++] = mix;
	}
}

static void take_defaults(void)
{
	uint64_t last = options.full ? 10000000 : options.quick ? 100000 :
								  1000000;

	if (options.size_count == 0)
		for (uint64_t size = 1000; size <= last; size *= 10)
			options.sizes[options.size_count++] = size;
	if (options.mix_count == 0)
		for (int i = 0; i < mix_count; i++)
			options.mixes[options.mix_count++] = &mixes[i];
	if (results.rounds == 0)
		results.rounds = options.quick ? 3 : 5;
}

static void take_options(int argc, char **argv)
{
	static const struct option known[] = {
		{ "peers", required_argument, NULL, 'p' },
		{ "sizes", required_argument, NULL, 'n' },
		{ "mix", required_argument, NULL, 'm' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "seed", required_argument, NULL, 's' },
		{ "untouched", no_argument, NULL, 'u' },
		{ "quick", no_argument, NULL, 'q' },
		{ "full", no_argument, NULL, 'f' },
		{ "json", required_argument, NULL, 'j' },
		{ "svg", required_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	results.seed = 1;
	for (int row = 0; row < peer_count; row++)
		results.chosen[row] = true;
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 'p': take_peers(optarg); break;
		case 'n': take_sizes(optarg); break;
		case 'm': take_mixes(optarg); break;
		case 'r':
			results.rounds = number("not a number of rounds",
						optarg, SAMPLE_MAX);
			break;
		case 's':
			results.seed = number("not a seed", optarg, 1e15);
			break;
		case 'u': options.untouched = true; break;
		case 'q': options.quick = true; break;
		case 'f': options.full = options.all = true; break;
		case 'j': options.json = optarg; break;
		case 'v': options.svg = optarg; break;
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
	take_defaults();
}

/*
 * Peers whose cost grows with the number of blocks get two replacements of
 * every block; the others at least a million, so that holes are well mixed.
 */
static struct trace plan_trace(const struct peer *peer,
			       const struct point *point, int round)
{
	struct trace trace = {
		.peer = peer, .mix = point->mix, .blocks = point->blocks,
		.warm_pairs = options.quick ? 200000 : 1000000,
		.timed_pairs = options.quick ? 40000 : 200000,
		.touch = point->touch, .seed = results.seed + round,
	};

	if (peer->most_blocks != 0) {
		trace.warm_pairs = 0;
		trace.timed_pairs = point->blocks / 5 + 1000;
	}
	if (trace.warm_pairs < 2 * point->blocks)
		trace.warm_pairs = 2 * point->blocks;
	return trace;
}

static void measure(struct point *point, int row, int round)
{
	struct trace trace = plan_trace(peers[row], point, round);
	struct cell *cell = &point->cells[row];
	struct trace_result result;
	char what[160], text[24];

	if (trace.peer->most_blocks != 0 &&
	    point->blocks > trace.peer->most_blocks)
		return;
	snprintf(what, sizeof(what), "round %d: %s at %s, %s", round + 1,
		 point->mix->key, short_number(point->blocks, text),
		 trace.peer->name);
	progress("%s", what);
	if (!in_child(what, trace_run, &trace, &result, sizeof(result))) {
		failed = true;
		return;
	}
	sample_add(&cell->ns, result.ns);
	sample_add(&cell->span, result.span);
	sample_add(&cell->metadata_block, result.metadata_block);
	sample_add(&cell->metadata_share, result.metadata_share);
}

/* In each round another peer begins. */
static void measure_point(const struct mix *mix, uint64_t blocks, bool touch)
{
	double memory = (double)sysconf(_SC_PHYS_PAGES) *
			sysconf(_SC_PAGESIZE);
	struct point *point = &results.points[results.point_count];
	int rounds = results.rounds;

	if (results.point_count == POINTS_MAX)
		return;
	if (blocks * mix->mean > memory / 4) {
		fprintf(stderr, "bench: %s at %.0e: too much for this machine's"
			" memory\n", mix->key, (double)blocks);
		return;
	}
	if (blocks > 1000000 && rounds > 3)
		rounds = 3;
	results.point_count++;
	*point = (struct point){ .mix = mix, .blocks = blocks, .touch = touch };
	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < peer_count; i++) {
			int row = (i + round) % peer_count;

			if (results.chosen[row])
				measure(point, row, round);
		}
	}
}

static void measure_traces(bool touch)
{
	for (int m = 0; m < options.mix_count; m++) {
		const struct mix *mix = options.mixes[m];

		for (int n = 0; n < options.size_count; n++)
			if (options.all || mix == &mixes[0] ||
			    options.sizes[n] == 100000)
				measure_point(mix, options.sizes[n], touch);
	}
}

static void measure_shifts(void)
{
	for (int round = 0; round < results.rounds; round++) {
		for (int row = 0; row < peer_count; row++) {
			struct shift shift = { peers[row],
					       results.seed + round };
			struct shift_result result;

			if (!results.chosen[row] || peers[row] == &peer_null ||
			    peers[row]->most_blocks != 0)
				continue;
			progress("shift test");
			if (!in_child("shift test", shift_run, &shift, &result,
				      sizeof(result))) {
				failed = true;
				continue;
			}
			for (int i = 0; i < SHIFT_STEPS; i++)
				sample_add(&results.shift[row][i],
					   result.span[i]);
		}
	}
}

/* What there is to know of spaces beside the traces. */
static void measure_spaces(void)
{
	struct trace trace = { .peer = &peer_first_16, .mix = &mixes[0],
			       .blocks = 100000, .warm_pairs = 200000,
			       .touch = true, .seed = results.seed };
	struct trace_result first_16 = { 0 };

	progress("single figures");
	if (in_child("metadata", trace_run, &trace, &first_16,
		     sizeof(first_16)))
		results.first_16_share = first_16.metadata_share;
	results.have_empty = in_child("empty space", empty_run, NULL,
				      &results.empty, sizeof(results.empty));
	results.have_get = in_child("get", get_run, NULL, &results.get,
				    sizeof(results.get));
	for (int i = 0; i < DRAINS; i++) {
		struct drain drain = { drain_peers[i], results.seed };

		results.have_drain[i] =
			in_child("memory kept", drain_run, &drain,
				 &results.drain[i], sizeof(results.drain[i]));
		failed |= !results.have_drain[i];
	}
	failed |= !results.have_empty || !results.have_get ||
		  results.first_16_share == 0;
}

int main(int argc, char **argv)
{
	take_options(argc, argv);
	measure_traces(!options.untouched);
	if (options.full && !options.untouched)
		measure_traces(false);
	measure_shifts();
	measure_spaces();
	progress("%s", "");
	report_print(&results);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("bench: stdout");
		return 1;
	}
	if (options.json != NULL && !json_write(&results, options.json)) {
		perror(options.json);
		return 1;
	}
	if (options.svg != NULL && !plot_write(&results, options.svg)) {
		perror(options.svg);
		return 1;
	}
	return failed;
}
