#include "job.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

void die(const char *what)
{
	ssize_t n = write(STDERR_FILENO, what, strlen(what));

	n = write(STDERR_FILENO, "\n", 1);
	(void)n;
	_exit(3);
}

void *table_make(size_t size)
{
	void *table = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (table == MAP_FAILED)
		die("load: mmap failed");
	return table;
}

void table_drop(void *table, size_t size)
{
	munmap(table, size);
}

static uint64_t read_clock(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t now_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

/* Both count from an odd zero until the clock is stopped. */
void job_clock_start(struct job *job)
{
	job->cpu_ns -= read_clock(CLOCK_PROCESS_CPUTIME_ID);
	job->ns -= now_ns();
}

void job_clock_stop(struct job *job)
{
	job->ns += now_ns();
	job->cpu_ns += read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

void job_add_figure(struct job *job, const char *name, double value)
{
	struct figure *figure = job->figures;
	int i;

	for (i = 0; i < job->figure_count; i++, figure++)
		if (strcmp(figure->name, name) == 0)
			break;
	if (i == FIGURES_MAX)
		die("load: too many figures");
	if (i == job->figure_count) {
		job->figure_count++;
		strncpy(figure->name, name, sizeof(figure->name) - 1);
	}
	figure->value += value;
}

void worker_init(struct worker *worker, struct job *job, int index)
{
	*worker = (struct worker){
		.job = job, .workload = job->workload, .count = job->count,
		.index = index,
		.random = { job->seed * 1000003 + (uint64_t)index * 7919 },
	};
}

/* Only while no other thread does: from the main thread after joining. */
void worker_add(struct worker *worker)
{
	struct job *job = worker->job;

	job->ops += worker->ops;
	job->check += worker->check;
	for (int i = 0; i < worker->figure_count; i++)
		job_add_figure(job, worker->figures[i].name,
			       worker->figures[i].value / job->threads);
}

void worker_figure(struct worker *worker, const char *prefix, uint32_t size,
		   const char *suffix, double value)
{
	struct figure *figure = &worker->figures[worker->figure_count++];

	snprintf(figure->name, sizeof(figure->name), "%s_%u%s", prefix,
		 (unsigned)size, suffix);
	figure->value = value;
}

void start_thread(pthread_t *thread, void *(*run)(void *), void *argument)
{
	if (pthread_create(thread, NULL, run, argument) != 0)
		die("load: cannot create a thread");
}

static void meet(struct job *job)
{
	if (job->threads > 1)
		pthread_barrier_wait(&job->meeting);
}

void worker_meet(struct worker *worker)
{
	struct job *job = worker->job;

	meet(job);
	if (worker->index == 0) {
		job_clock_stop(job);
		job->resident = resident_now();
		job_clock_start(job);
	}
	meet(job);
}

struct thread {
	struct worker worker;
	work_fn *work;
	pthread_t id;
};

static void *run_thread(void *argument)
{
	struct thread *thread = argument;
	struct worker *worker = &thread->worker;

	meet(worker->job);
	if (worker->index == 0)
		job_clock_start(worker->job);
	meet(worker->job);
	thread->work(worker);
	meet(worker->job);
	if (worker->index == 0)
		job_clock_stop(worker->job);
	return NULL;
}

void job_in_threads(struct job *job, work_fn *work)
{
	size_t size = (size_t)job->threads * sizeof(struct thread);
	struct thread *threads = table_make(size);

	pthread_barrier_init(&job->meeting, NULL, (unsigned)job->threads);
	for (int i = 0; i < job->threads; i++) {
		threads[i].work = work;
		worker_init(&threads[i].worker, job, i);
		if (job->threads > 1)
			start_thread(&threads[i].id, run_thread, &threads[i]);
	}
	if (job->threads == 1)
		run_thread(&threads[0]);
	for (int i = 0; i < job->threads; i++) {
		if (job->threads > 1)
			pthread_join(threads[i].id, NULL);
		worker_add(&threads[i].worker);
	}
	pthread_barrier_destroy(&job->meeting);
	table_drop(threads, size);
}
