/*
 * A program that needed much memory once and then waits: what an allocator
 * gives back without being called. Blocks are linked through themselves, in
 * lists that each thread the whole heap, so freeing goes back and forth.
 */
#include <errno.h>
#include <time.h>

#include "block.h"
#include "loads.h"
#include "sizes.h"

#define LISTS 256
#define SECONDS 10

struct link {
	struct link *next;
};

static void fill(struct worker *worker, struct link **lists,
		 const struct sizes *sizes)
{
	uint32_t at = 0;

	for (uint64_t bytes = 0; bytes < worker->count << 20; worker->ops++) {
		uint32_t size = sizes_next(sizes, &at);
		uint32_t list = random_below(&worker->random, LISTS);
		struct link *link = block_new(size);

		link->next = lists[list];
		lists[list] = link;
		bytes += size;
		worker->check += size;
	}
}

static void drain(struct worker *worker, struct link **lists)
{
	for (int i = 0; i < LISTS; i++) {
		while (lists[i] != NULL) {
			struct link *link = lists[i];

			lists[i] = link->next;
			free(link);
			worker->ops++;
		}
	}
}

static void sleep_for(time_t seconds)
{
	struct timespec left = { .tv_sec = seconds };

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

static const struct sizes *sizes;

static void idle(struct worker *worker)
{
	static struct link *lists[LISTS];
	struct job *job = worker->job;
	int64_t directly;

	fill(worker, lists, sizes);
	worker_meet(worker);
	drain(worker, lists);
	job_clock_stop(job);
	directly = resident_now();
	sleep_for(SECONDS);
	job_add_figure(job, "after_kib", (double)directly);
	job_add_figure(job, "idle_kib", (double)resident_now());
	job_clock_start(job);
}

void run_idle(struct job *job)
{
	sizes = sizes_pareto();
	job_in_threads(job, idle);
}
