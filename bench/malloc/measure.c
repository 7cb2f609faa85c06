#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "progress.h"

#define LIMIT 60	/* seconds for a workload; most take less than one */

void add_workload_row(const struct workload *workload, int threads)
{
	if (results.row_count == ROWS_MAX)
		return;
	results.rows[results.row_count++] = (struct row){
		.workload = workload, .threads = threads, .timed = true,
		.group = threads == 1 ? ONE_THREAD :
			 threads == 2 ? TWO_THREADS : FOUR_THREADS,
	};
}

void add_program_row(const struct program *program)
{
	if (results.row_count == ROWS_MAX || !program_ready(program))
		return;
	results.rows[results.row_count++] = (struct row){
		.program = program, .threads = 1, .group = PROGRAMS,
		.timed = !program->small,
	};
}

static void add_measure(struct cell *cell, const char *name, double value)
{
	struct measure *grown;

	for (int i = 0; i < cell->measure_count; i++) {
		if (strcmp(cell->measures[i].name, name) == 0) {
			sample_add(&cell->measures[i].sample, value);
			return;
		}
	}
	grown = realloc(cell->measures,
			((size_t)cell->measure_count + 1) * sizeof(*grown));
	if (grown == NULL)
		return;
	cell->measures = grown;
	grown += cell->measure_count++;
	*grown = (struct measure){ .sample.count = 0 };
	snprintf(grown->name, sizeof(grown->name), "%s", name);
	sample_add(&grown->sample, value);
}

/* All that comes after the check are measures of the workload's own. */
static void take_measures(struct cell *cell, const char *line)
{
	const char *at = strstr(line, " check=");
	char name[24], value[32];
	int length;

	if (at == NULL)
		return;
	at += strcspn(at + 1, " ") + 1;
	while (sscanf(at, " %23[^=]=%31[^ \n]%n", name, value, &length) == 2) {
		add_measure(cell, name, strtod(value, NULL));
		at += length;
	}
}

static bool run_load(const char *load, const struct workload *workload,
		     int threads, double scale, uint64_t seed, int column,
		     char *line, size_t size, struct outcome *outcome)
{
	char words[3][32];
	const char *const argv[] = {
		load, workload->name, "--threads", words[0], "--scale",
		words[1], "--seed", words[2], NULL
	};
	struct command command = { .argv = argv, .limit = LIMIT,
				   .preload = allocators[column].path };

	snprintf(words[0], sizeof(words[0]), "%d", threads);
	snprintf(words[1], sizeof(words[1]), "%g", scale);
	snprintf(words[2], sizeof(words[2]), "%llu", (unsigned long long)seed);
	if (!command_run(&command, outcome))
		return false;
	command_output(&command, line, size);
	if (command_value(line, "ops") > 0)
		return true;
	snprintf(outcome->why, sizeof(outcome->why), "printed no figures");
	return false;
}

static bool measure_workload(const char *load, struct row *row, int column,
			     int round, struct outcome *outcome)
{
	struct cell *cell = &row->cells[column];
	char line[4096];
	uint64_t check;

	if (!run_load(load, row->workload, row->threads, results.scale,
		      results.seed + (uint64_t)round, column, line,
		      sizeof(line), outcome))
		return false;
	check = (uint64_t)command_value(line, "check");
	if (row->checks[round] == 0)
		row->checks[round] = check;
	if (row->checks[round] != check) {
		snprintf(outcome->why, sizeof(outcome->why),
			 "its checksum differs from the others'");
		return false;
	}
	sample_add(&cell->ms, command_value(line, "ns") / 1e6);
	sample_add(&cell->cpu_ms, command_value(line, "cpu_ns") / 1e6);
	sample_add(&cell->peak, outcome->peak);
	sample_add(&cell->held, command_value(line, "resident_kib"));
	sample_add(&cell->final, command_value(line, "final_kib"));
	take_measures(cell, line);
	return true;
}

static bool measure_program(struct row *row, int column,
			    struct outcome *outcome)
{
	struct cell *cell = &row->cells[column];

	if (!program_run(row->program, allocators[column].path, outcome))
		return false;
	sample_add(&cell->ms, outcome->ms);
	sample_add(&cell->cpu_ms, outcome->cpu_ms);
	sample_add(&cell->peak, outcome->peak);
	return true;
}

static void measure_cell(const char *load, struct row *row, int column,
			 int round)
{
	struct outcome outcome = { 0 };
	bool done;

	progress("round %d: %s, %s", round + 1, row_name(row),
		 allocators[column].key);
	done = row->workload != NULL ?
	       measure_workload(load, row, column, round, &outcome) :
	       measure_program(row, column, &outcome);
	if (done)
		return;
	row->cells[column].failures++;
	results.failed = true;
	fprintf(stderr, "%s%s with %s: %s\n",
		isatty(STDERR_FILENO) ? "\r\033[K" : "", row_name(row),
		allocators[column].key, outcome.why);
}

/* A tenth of each workload, uncounted; programs have been run already. */
static void warm_up(const char *load)
{
	struct outcome outcome;
	char line[4096];

	for (int i = 0; i < results.row_count; i++)
		if (results.rows[i].workload != NULL)
			run_load(load, results.rows[i].workload,
				 results.rows[i].threads, results.scale / 10,
				 results.seed, GLIBC, line, sizeof(line),
				 &outcome);
}

void measure_rounds(const char *load, bool warm)
{
	if (warm)
		warm_up(load);
	for (int round = 0; round < results.rounds; round++) {
		for (int i = 0; i < results.row_count; i++) {
			for (int j = 0; j < ALLOCATORS; j++) {
				int column = (j + round + i) % ALLOCATORS;

				if (allocators[column].chosen)
					measure_cell(load, &results.rows[i],
						     column, round);
			}
		}
	}
	progress("%s", "");
}

void measure_idle(const char *load)
{
	const struct workload *workload = workload_find("idle");
	struct outcome outcome;
	char line[4096];

	for (int i = 0; i < ALLOCATORS; i++) {
		struct idle *idle = &results.idle[i];

		if (!allocators[i].chosen)
			continue;
		progress("idle, %s", allocators[i].key);
		if (!run_load(load, workload, 1, results.scale, results.seed,
			      i, line, sizeof(line), &outcome)) {
			fprintf(stderr, "idle with %s: %s\n",
				allocators[i].key, outcome.why);
			results.failed = true;
			continue;
		}
		idle->peak = command_value(line, "resident_kib");
		idle->after = command_value(line, "after_kib");
		idle->idle = command_value(line, "idle_kib");
	}
	progress("%s", "");
}
