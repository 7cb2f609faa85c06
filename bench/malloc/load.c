/*
 * One workload on whatever malloc the process has.
 *
 * Prints one line of key=value: what it did, the time it took, and how much
 * memory was resident before the final free and at the end.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loads.h"

static const struct {
	const char *name;
	job_fn *run;
} runs[] = {
	{ "pairs", run_pairs },
	{ "batch-lifo", run_batch_lifo },
	{ "batch-fifo", run_batch_fifo },
	{ "batch-random", run_batch_random },
	{ "replace-1e4", run_replace },
	{ "replace-1e6", run_replace },
	{ "larson", run_larson },
	{ "producer-consumer", run_messages },
	{ "cache-scratch", run_cache_scratch },
	{ "cache-thrash", run_cache_thrash },
	{ "thread-churn", run_churn },
	{ "realloc-grow", run_grow },
	{ "large-blocks", run_large },
	{ "leak-and-exit", run_leak },
	{ "fragment-shrink", run_fragment },
	{ "calloc-pages", run_calloc },
	{ "mixed-phases", run_phases },
	{ "asym", run_asym },
	{ "idle", run_idle },
};

static const char usage[] =
"Usage: load WORKLOAD [--threads N] [--scale X] [--seed N]\n"
"       load pair SIZE COUNT\n"
"       load which\n"
"       load --list\n"
"Run a workload on the malloc of this process, which LD_PRELOAD may change.\n";

static _Noreturn void wrong(void)
{
	fputs(usage, stderr);
	exit(2);
}

static double number(const char *text, double least, double most)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end != '\0' || !(value >= least && value <= most))
		wrong();
	return value;
}

static void take_options(int argc, char **argv, struct job *job)
{
	static const struct option known[] = {
		{ "threads", required_argument, NULL, 't' },
		{ "scale", required_argument, NULL, 'x' },
		{ "seed", required_argument, NULL, 's' },
		{ "list", no_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	double scale = 1;
	int option;

	job->threads = 1;
	job->seed = 1;
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 't':
			job->threads = (int)number(optarg, 1, THREADS_MAX);
			break;
		case 'x': scale = number(optarg, 0.0001, 1000); break;
		case 's': job->seed = (uint64_t)number(optarg, 0, 1e15); break;
		case 'l':
			workload_list();
			exit(0);
		default: wrong();
		}
	}
	if (optind != argc - 1 ||
	    (job->workload = workload_find(argv[optind])) == NULL)
		wrong();
	job->count = (uint64_t)((double)job->workload->count * scale);
	if (job->count == 0)
		job->count = 1;
}

static void report(const struct job *job, int64_t final)
{
	printf("workload=%s threads=%d ops=%llu ns=%llu cpu_ns=%llu "
	       "resident_kib=%lld final_kib=%lld check=%llu",
	       job->workload->name, job->threads, (unsigned long long)job->ops,
	       (unsigned long long)job->ns, (unsigned long long)job->cpu_ns,
	       (long long)(job->resident >= 0 ? job->resident : final),
	       (long long)final, (unsigned long long)job->check);
	for (int i = 0; i < job->figure_count; i++)
		printf(" %s=%.4g", job->figures[i].name,
		       job->figures[i].value);
	printf("\n");
}

int main(int argc, char **argv)
{
	static struct job job = { .resident = -1 };

	if (argc == 4 && strcmp(argv[1], "pair") == 0)
		return pair_main((uint64_t)number(argv[2], 0, 1e9),
				 (uint64_t)number(argv[3], 0, 1e15));
	if (argc == 2 && strcmp(argv[1], "which") == 0)
		return which_main();
	take_options(argc, argv, &job);
	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++)
		if (strcmp(runs[i].name, job.workload->name) == 0)
			runs[i].run(&job);
	report(&job, resident_now());
	return fflush(stdout) != 0;
}
