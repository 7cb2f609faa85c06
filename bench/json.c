/*
 * The same figures as JSON, for whoever compares two runs.
 */
#include <errno.h>
#include <stdio.h>

#include "json_text.h"
#include "results.h"

static void put_sample(FILE *file, const char *name,
		       const struct sample *sample)
{
	if (sample_highest(sample) <= 0)
		return;
	fprintf(file, ",\n     \"%s\": {\"median\": %.6g, \"mean\": %.6g, "
		"\"min\": %.6g, \"max\": %.6g}", name, sample_median(sample),
		sample_mean(sample), sample_lowest(sample),
		sample_highest(sample));
}

static void put_point(FILE *file, const struct results *results,
		      const struct point *point)
{
	bool first = true;

	fprintf(file, "\n  {\"mix\": \"%s\", \"touched\": %s, \"blocks\": %llu,"
		" \"peers\": [", point->mix->key, point->touch ? "true" :
		"false", (unsigned long long)point->blocks);
	for (int row = 0; row < peer_count; row++) {
		const struct cell *cell = &point->cells[row];

		if (!results->chosen[row] || cell->ns.count == 0)
			continue;
		fprintf(file, "%s\n    {\"peer\": \"%s\", \"rounds\": %d",
			json_comma(&first), peers[row]->key, cell->ns.count);
		put_sample(file, "ns", &cell->ns);
		put_sample(file, "span_over_live", &cell->span);
		put_sample(file, "metadata_bytes_per_block",
			   &cell->metadata_block);
		put_sample(file, "metadata_share", &cell->metadata_share);
		fprintf(file, "}");
	}
	fprintf(file, "]}");
}

static void put_shift(FILE *file, const struct results *results)
{
	bool first = true;

	fprintf(file, " \"shift\": {");
	for (int row = 0; row < peer_count; row++) {
		if (results->shift[row][0].count == 0)
			continue;
		fprintf(file, "%s\n  \"%s\": [", json_comma(&first),
			peers[row]->key);
		for (int i = 0; i < SHIFT_STEPS; i++)
			fprintf(file, "%s%.4f", i > 0 ? ", " : "",
				sample_mean(&results->shift[row][i]));
		fprintf(file, "]");
	}
	fprintf(file, "},\n");
}

static void put_footprint(FILE *file, const struct results *results)
{
	bool first = true;

	if (results->have_empty)
		fprintf(file, " \"empty_space\": {\"first_pages\": %.0f, "
			"\"next_pages\": %.0f, \"cycle_over_map\": %.3f},\n",
			results->empty.first_pages, results->empty.next_pages,
			results->empty.cycle_pairs);
	fprintf(file, " \"after_free\": {");
	for (int i = 0; i < DRAINS; i++) {
		const struct drain_result *drain = &results->drain[i];

		if (!results->have_drain[i])
			continue;
		fprintf(file, "%s\n  \"%s\": {\"break_peak\": %.0f, "
			"\"break\": %.0f, \"data_end\": %.0f, \"data\": %.0f, "
			"\"metadata\": %.0f}", json_comma(&first),
			drain_peers[i]->key, drain->break_peak,
			drain->break_bytes, drain->data_end, drain->data_bytes,
			drain->metadata_bytes);
	}
	fprintf(file, "},\n");
	if (results->have_get)
		fprintf(file, " \"get\": {\"raw_ns\": [%.4f, %.4f], "
			"\"space_ns\": [%.4f, %.4f]},\n",
			results->get.near.raw_ns, results->get.far.raw_ns,
			results->get.near.space_ns, results->get.far.space_ns);
}

static void put_claims(FILE *file, const struct results *results)
{
	static struct claim claims[CLAIMS_MAX];
	int count = claims_judge(results, claims);
	bool first = true;

	fprintf(file, " \"claims\": [");
	for (int i = 0; i < count; i++) {
		const struct claim *claim = &claims[i];

		if (claim->count == 0)
			continue;
		fprintf(file, "%s\n  {\"claim\": ", json_comma(&first));
		json_string(file, claim->text);
		fprintf(file, ", \"%s\": %g, \"holds\": %s, \"values\": {",
			claim->at_least ? "at_least" : "at_most", claim->limit,
			claim_holds(claim) ? "true" : "false");
		for (int j = 0; j < claim->count; j++)
			fprintf(file, "%s\"%s\": %.6g", j > 0 ? ", " : "",
				claim->values[j].at, claim->values[j].value);
		fprintf(file, "}}");
	}
	fprintf(file, "]\n");
}

bool json_write(const struct results *results, const char *path)
{
	FILE *file = fopen(path, "w");
	bool first = true, written;

	if (file == NULL)
		return false;
	fprintf(file, "{\"format\": 1, \"seed\": %llu, \"rounds\": %d,\n"
		" \"machine\": {", (unsigned long long)results->seed,
		results->rounds);
	for (const struct fact *f = machine_facts(); f->name != NULL; f++) {
		fprintf(file, "%s\n  \"%s\": ", json_comma(&first), f->name);
		json_string(file, f->value);
	}
	fprintf(file, "},\n \"peers\": {");
	first = true;
	for (int row = 0; row < peer_count; row++)
		fprintf(file, "%s\n  \"%s\": \"%s\"", json_comma(&first),
			peers[row]->key, peers[row]->name);
	fprintf(file, "},\n \"traces\": [");
	first = true;
	for (int i = 0; i < results->point_count; i++) {
		fprintf(file, "%s", json_comma(&first));
		put_point(file, results, &results->points[i]);
	}
	fprintf(file, "],\n");
	put_shift(file, results);
	put_footprint(file, results);
	put_claims(file, results);
	fprintf(file, "}\n");
	written = !ferror(file);
	return fclose(file) == 0 && written;
}
