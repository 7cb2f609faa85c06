/*
 * All samples as JSON, for whoever compares two runs.
 */
#include <stdio.h>

#include "programs.h"
#include "results.h"

static void put_string(FILE *file, const char *text)
{
	fputc('"', file);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', file);
		if ((unsigned char)*text >= ' ')
			fputc(*text, file);
	}
	fputc('"', file);
}

/* Nothing before the first member, a comma before each other. */
static const char *comma(bool *first)
{
	const char *text = *first ? "" : ",";

	*first = false;
	return text;
}

static void put_sample(FILE *file, const char *name,
		       const struct sample *sample)
{
	if (sample->count == 0)
		return;
	fprintf(file, ", \"%s\": [", name);
	for (int i = 0; i < sample->count; i++)
		fprintf(file, "%s%.6g", i > 0 ? ", " : "", sample->values[i]);
	fprintf(file, "]");
}

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
			comma(&first), allocators[i].key, cell->failures);
		put_sample(file, "ms", &cell->ms);
		put_sample(file, "cpu_ms", &cell->cpu_ms);
		put_sample(file, "peak_kib", &cell->peak);
		put_sample(file, "resident_kib", &cell->held);
		put_sample(file, "final_kib", &cell->final);
		for (int j = 0; j < cell->measure_count; j++)
			put_sample(file, cell->measures[j].name,
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
		fprintf(file, "%s\n  \"%s\": {", comma(&first),
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
			comma(&first), allocators[i].key, idle->peak,
			idle->after, idle->idle);
	}
	fprintf(file, "},\n");
}

static void put_targets(FILE *file)
{
	static struct target targets[TARGETS_MAX];
	int count = targets_judge(targets);
	bool first = true;

	fprintf(file, " \"targets\": [");
	for (int i = 0; i < count; i++) {
		const struct target *target = &targets[i];

		if (!target->known)
			continue;
		fprintf(file, "%s\n  {\"target\": ", comma(&first));
		put_string(file, target->text);
		fprintf(file, ", \"%s\": %g, \"value\": %.6g, \"holds\": %s, "
			"\"note\": ", target->at_least ? "at_least" : "at_most",
			target->limit, target->value,
			target_holds(target) ? "true" : "false");
		put_string(file, target->note);
		fprintf(file, "}");
	}
	fprintf(file, "]\n");
}

bool json_write(const char *path)
{
	FILE *file = fopen(path, "w");
	bool first = true, written;

	if (file == NULL)
		return false;
	fprintf(file, "{\"format\": 1, \"seed\": %llu, \"rounds\": %d, "
		"\"scale\": %g,\n \"machine\": {",
		(unsigned long long)results.seed, results.rounds,
		results.scale);
	for (const struct fact *f = facts(); f->name != NULL; f++) {
		fprintf(file, "%s\n  \"%s\": ", comma(&first), f->name);
		put_string(file, f->value);
	}
	fprintf(file, "},\n \"rows\": [");
	first = true;
	for (int i = 0; i < results.row_count; i++) {
		fprintf(file, "%s", comma(&first));
		put_row(file, &results.rows[i]);
	}
	fprintf(file, "],\n");
	put_means(file, "time_of_glibc", pick_time);
	put_means(file, "peak_of_glibc", pick_peak);
	put_idle(file);
	put_targets(file);
	fprintf(file, "}\n");
	written = !ferror(file);
	return fclose(file) == 0 && written;
}
