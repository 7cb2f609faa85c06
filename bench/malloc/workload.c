#include "workload.h"

#include <stdio.h>
#include <string.h>

#define SEVEN "16, 32, 64, 128, 256, 512, 1024 in turn"
#define PARETO "bounded Pareto 16 B..8 KiB, 0.1 % up to 256 KiB"
#define EVENLY "uniform"
#define LOGARITHM "logarithm uniform"

const struct workload workloads[] = {
	{ .name = "pairs",
	  .about = "malloc, first byte written, free; 15 rounds of each size",
	  .most_threads = 4, .independent = true,
	  .count = 150000, .count_of = "pairs of a size in a round",
	  .low = 16, .high = 1024, .sizes = SEVEN },
	{ .name = "batch-lifo",
	  .about = "allocate a batch of one size, first word written; free "
		   "the last first; 61 rounds of each size",
	  .most_threads = 4, .independent = true,
	  .count = 10000, .count_of = "blocks of a batch",
	  .low = 16, .high = 1024, .sizes = SEVEN },
	{ .name = "batch-fifo",
	  .about = "allocate a batch of one size, first word written; free "
		   "the first first; 61 rounds of each size",
	  .most_threads = 4, .independent = true,
	  .count = 10000, .count_of = "blocks of a batch",
	  .low = 16, .high = 1024, .sizes = SEVEN },
	{ .name = "batch-random",
	  .about = "allocate a batch of one size, first word written; free "
		   "in random order; 61 rounds of each size",
	  .most_threads = 4, .independent = true,
	  .count = 10000, .count_of = "blocks of a batch",
	  .low = 16, .high = 1024, .sizes = SEVEN },
	{ .name = "replace-1e4",
	  .about = "free a random block, allocate another, every line written",
	  .most_threads = 4, .independent = true,
	  .count = 5000000, .count_of = "replacements",
	  .live = 10000, .live_of = "blocks",
	  .low = 16, .high = 262144, .sizes = PARETO },
	{ .name = "replace-1e6",
	  .about = "free a random block, allocate another, every line written",
	  .most_threads = 4, .independent = true,
	  .count = 500000, .count_of = "replacements",
	  .live = 1000000, .live_of = "blocks",
	  .low = 16, .high = 262144, .sizes = PARETO },
	{ .name = "larson",
	  .about = "a server: a thread replaces random blocks of its array; "
		   "after 100000 its successor inherits the array",
	  .most_threads = 4,
	  .count = 40, .count_of = "threads one after another",
	  .live = 2000, .live_of = "blocks",
	  .low = 16, .high = 1000, .sizes = EVENLY },
	{ .name = "producer-consumer",
	  .about = "N producers write messages, N consumers read and free "
		   "them; N bounded queues, 32 messages at a time",
	  .most_threads = 4,
	  .count = 500000, .count_of = "messages of a producer",
	  .live = 1024, .live_of = "messages in a queue at most",
	  .low = 16, .high = 2048, .sizes = LOGARITHM },
	{ .name = "cache-scratch",
	  .about = "false sharing handed on: blocks made by one thread, one "
		   "freed by each; then each allocates, writes it 200 times, "
		   "frees",
	  .most_threads = 4,
	  .count = 200000, .count_of = "blocks", .low = 8, .high = 8,
	  .sizes = "one size" },
	{ .name = "cache-thrash",
	  .about = "false sharing: each thread allocates, writes it 200 times,"
		   " frees",
	  .most_threads = 4, .independent = true,
	  .count = 200000, .count_of = "blocks", .low = 8, .high = 8,
	  .sizes = "one size" },
	{ .name = "thread-churn",
	  .about = "short threads, N at a time, each allocates and frees 100 "
		   "blocks",
	  .most_threads = 4,
	  .count = 10000, .count_of = "threads one after another",
	  .live = 100, .live_of = "blocks of a thread",
	  .low = 16, .high = 1024, .sizes = LOGARITHM },
	{ .name = "realloc-grow",
	  .about = "64 vectors growing by 1/2 from 16 B to 2 MiB, each count "
		   "a growth of a random one; 10000 strings to 400 B by "
		   "appends of 1..32 B, 300 appends for each count; at the "
		   "end one block from 4 KiB to 64 MiB by 1/8",
	  .most_threads = 4, .independent = true,
	  .count = 4000, .count_of = "growths of a vector" },
	{ .name = "large-blocks",
	  .about = "free a random block, allocate another, one byte of each "
		   "page written",
	  .most_threads = 4, .independent = true,
	  .count = 10000, .count_of = "replacements",
	  .live = 64, .live_of = "blocks",
	  .low = 32768, .high = 4194304, .sizes = LOGARITHM },
	{ .name = "leak-and-exit",
	  .about = "allocate 200 MB in all, every line written, free nothing",
	  .most_threads = 1,
	  .count = 200, .count_of = "megabytes",
	  .low = 16, .high = 256, .sizes = LOGARITHM },
	{ .name = "fragment-shrink",
	  .about = "8 phases of one size each (24, 40, 64, 104, 160, 256, 400,"
		   " 640); 95 % freed at random; then a quarter as many bytes "
		   "of 1200 B",
	  .most_threads = 1,
	  .count = 6, .count_of = "MiB of a phase" },
	{ .name = "calloc-pages",
	  .about = "replace random blocks by calloc; of four one is left "
		   "alone, one read by the page, two written by the line; "
		   "with each, eight of 16..512 B, read and freed",
	  .most_threads = 4, .independent = true,
	  .count = 100000, .count_of = "replacements",
	  .live = 256, .live_of = "blocks",
	  .low = 4096, .high = 65536, .sizes = LOGARITHM },
	{ .name = "mixed-phases",
	  .about = "as a compiler: a stack of nodes of 24..120 B, strings of "
		   "5..60 B in a growing hash table, scratch of 1..16 KiB; "
		   "30000 steps, then all freed",
	  .most_threads = 4, .independent = true,
	  .count = 90, .count_of = "phases" },
	{ .name = "asym",
	  .about = "N pairs of threads: one allocates a batch, the other "
		   "frees it, in turn",
	  .most_threads = 4,
	  .count = 20, .count_of = "batches",
	  .live = 100000, .live_of = "blocks",
	  .low = 16, .high = 512, .sizes = LOGARITHM },
	{ .name = "idle",
	  .about = "allocate 1 GiB, free all, sleep 10 s without a call",
	  .most_threads = 0,
	  .count = 1024, .count_of = "MiB",
	  .low = 16, .high = 262144, .sizes = PARETO },
};

const int workload_count = sizeof(workloads) / sizeof(workloads[0]);

const struct workload *workload_find(const char *name)
{
	for (int i = 0; i < workload_count; i++)
		if (strcmp(workloads[i].name, name) == 0)
			return &workloads[i];
	return NULL;
}

void workload_list(void)
{
	for (int i = 0; i < workload_count; i++) {
		const struct workload *w = &workloads[i];

		printf("%-18s %s\n%-18s %llu %s", w->name, w->about, "",
		       (unsigned long long)w->count, w->count_of);
		if (w->live != 0)
			printf("; %llu %s", (unsigned long long)w->live,
			       w->live_of);
		if (w->sizes != NULL)
			printf("; %u..%u B, %s", w->low, w->high, w->sizes);
		printf("\n%-18s threads: %s%s\n", "",
		       w->most_threads >= 4 ? "1, 2, 4" :
		       w->most_threads == 2 ? "1, 2" : "1",
		       w->independent ? ", each its own share" : "");
	}
}
