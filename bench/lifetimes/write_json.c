/*
 * All samples as JSON, for whoever compares two runs.
 */
#include <stdio.h>

#include "figures.h"
#include "json_text.h"
#include "malloc/facts.h"

static bool measured(const struct cell *cell)
{
	return cell->ns.count > 0 || cell->shift[0].count > 0 ||
	       cell->failures > 0;
}

static void put_cell(FILE *file, int column, const struct cell *cell)
{
	fprintf(file, "\n    {\"memory\": \"%s\", \"failures\": %d",
		column_name(column), cell->failures);
	json_values(file, "ns", &cell->ns);
	json_values(file, "span_over_live", &cell->span);
	json_values(file, "peak_kib", &cell->peak);
	json_values(file, "final_kib", &cell->final);
	for (int i = 0; i < SHIFT_STEPS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "shift_%d_%s", i,
			 shift_mixes[i]->key);
		json_values(file, name, &cell->shift[i]);
	}
	fprintf(file, "}");
}

static void put_row(FILE *file, int row)
{
	bool first = true;

	fprintf(file, "\n  {\"name\": \"%s\", \"lanes\": [", rows[row].key);
	for (int i = 0; i < COLUMNS; i++) {
		if (!measured(&figures.cells[row][i]))
			continue;
		fprintf(file, "%s", json_comma(&first));
		put_cell(file, i, &figures.cells[row][i]);
	}
	fprintf(file, "]}");
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
		(unsigned long long)figures.seed, figures.rounds,
		figures.scale);
	for (const struct fact *f = facts(); f->name != NULL; f++) {
		fprintf(file, "%s\n  \"%s\": ", json_comma(&first), f->name);
		json_string(file, f->value);
	}
	fprintf(file, "},\n \"rows\": [");
	first = true;
	for (int i = 0; i < row_count; i++) {
		if (!rows[i].chosen)
			continue;
		fprintf(file, "%s", json_comma(&first));
		put_row(file, i);
	}
	fprintf(file, "],\n");
	targets_judge(&targets);
	targets_write(&targets, file);
	fprintf(file, "}\n");
	written = !ferror(file);
	return fclose(file) == 0 && written;
}
