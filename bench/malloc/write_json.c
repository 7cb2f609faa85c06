/*
 * All samples as JSON, for whoever compares two runs.
 */
#include <stdio.h>

#include "json_text.h"
#include "programs.h"
#include "results.h"

static void put_row(FILE *file, const struct row *row)
{
	bool first = true;

	fprintf(file, "\n  {\"name\": \"%s\", \"kind\": \"%s\", \"threads\": "
		"%d, \"timed\": %s, \"allocators\": [",
		row->workload != NULL ? row->workload->name :
		row->program->name, row->workload != NULL ? "workload" :
		"program", row->threads, row->timed ? "true" : "false");
	for (int i = 0; i < ALLOCATORS; i++) {
		const struct cell *cell = &row->cells[i];

		if (!allocators[i].chosen)
			continue;
		fprintf(file, "%s\n    {\"name\": \"%s\", \"failures\": %d",
			json_comma(&first), allocators[i].key, cell->failures);
		json_values(file, "ms", &cell->ms);
		json_values(file, "cpu_ms", &cell->cpu_ms);
		json_values(file, "peak_kib", &cell->peak);
		json_values(file, "resident_kib", &cell->held);
		json_values(file, "final_kib", &cell->final);
		for (int j = 0; j < cell->measure_count; j++)
			json_values(file, cell->measures[j].name,
				    &cell->measures[j].sample);
		fprintf(file, "}");
	}
	fprintf(file, "]}");
}

static void put_means(FILE *file, const char *name, pick_fn *pick)
{
	bool first = true;

	fprintf(file, " \"%s\": {", name);
	for (int i = 0; i < ALLOCATORS; i++) {
		bool first_group = true;

		if (!allocators[i].chosen)
			continue;
		fprintf(file, "%s\n  \"%s\": {", json_comma(&first),
			allocators[i].key);
		for (enum group group = 0; group <= GROUPS; group++) {
			double ratio = mean_ratio(pick, i, GLIBC, group);

			if (ratio > 0)
				fprintf(file, "%s\"%s\": %.4f",
					first_group ? "" : ", ",
					group_name(group), ratio);
			first_group &= ratio <= 0;
		}
		fprintf(file, "}");
	}
	fprintf(file, "},\n");
}

static void put_idle(FILE *file)
{
	bool first = true;

	fprintf(file, " \"idle\": {");
	for (int i = 0; i < ALLOCATORS; i++) {
		const struct idle *idle = &results.idle[i];

		if (idle->peak <= 0)
			continue;
		fprintf(file, "%s\n  \"%s\": {\"peak_kib\": %.0f, "
			"\"freed_kib\": %.0f, \"later_kib\": %.0f}",
			json_comma(&first), allocators[i].key, idle->peak,
			idle->after, idle->idle);
	}
	fprintf(file, "},\n");
}

bool json_write(const char *path)
{
	static struct targets targets;
	FILE *file = fopen(path, "w");
	bool first = true, written;

	if (file == NULL)
		return false;
	fprintf(file, "{\"format\": 1, \"seed\": %llu, \"rounds\": %d, "
		"\"scale\": %g,\n \"machine\": {",
		(unsigned long long)results.seed, results.rounds,
		results.scale);
	for (const struct fact *f = facts(); f->name != NULL; f++) {
		fprintf(file, "%s\n  \"%s\": ", json_comma(&first), f->name);
		json_string(file, f->value);
	}
	fprintf(file, "},\n \"rows\": [");
	first = true;
	for (int i = 0; i < results.row_count; i++) {
		fprintf(file, "%s", json_comma(&first));
		put_row(file, &results.rows[i]);
	}
	fprintf(file, "],\n");
	put_means(file, "time_of_glibc", pick_time);
	put_means(file, "peak_of_glibc", pick_peak);
	put_idle(file);
	targets_judge(&targets);
	targets_write(&targets, file);
	fprintf(file, "}\n");
	written = !ferror(file);
	return fclose(file) == 0 && written;
}
