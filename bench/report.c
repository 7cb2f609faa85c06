/*
 * The tables on stdout.
 */
#include <stdio.h>
#include <string.h>

#include "results.h"

#define NAME_WIDTH 26
#define COLUMN_WIDTH 20

/* The points of one table: the same mix, touched or not, by size. */
struct table {
	const struct results *results;
	int from, to;
};

typedef void cell_fn(const struct cell *cell, char *text, size_t size);

static void time_cell(const struct cell *cell, char *text, size_t size)
{
	const struct sample *ns = &cell->ns;

	if (ns->count > 0)
		snprintf(text, size, "%.0f (%.0f-%.0f)", sample_median(ns),
			 sample_lowest(ns), sample_highest(ns));
}

static void span_cell(const struct cell *cell, char *text, size_t size)
{
	const struct sample *span = &cell->span;

	if (sample_highest(span) > 0)
		snprintf(text, size, "%.3f (%.2f-%.2f)", sample_mean(span),
			 sample_lowest(span), sample_highest(span));
}

static void metadata_cell(const struct cell *cell, char *text, size_t size)
{
	if (sample_highest(&cell->metadata_share) > 0)
		snprintf(text, size, "%.1f, %.2f %%",
			 sample_median(&cell->metadata_block),
			 100 * sample_median(&cell->metadata_share));
}

static void print_rows(const struct table *table, const char *title,
		       cell_fn *format)
{
	printf("%-*s", NAME_WIDTH, title);
	for (int i = table->from; i < table->to; i++) {
		char number[24];

		printf("%*s", COLUMN_WIDTH,
		       short_number(table->results->points[i].blocks, number));
	}
	printf("\n");
	for (int row = 0; row < peer_count; row++) {
		bool known = false;
		char line[512] = "";
		size_t length = 0;

		if (!table->results->chosen[row])
			continue;
		for (int i = table->from; i < table->to; i++) {
			char text[32] = "-";

			format(&table->results->points[i].cells[row], text,
			       sizeof(text));
			known |= strcmp(text, "-") != 0;
			length += snprintf(line + length, sizeof(line) - length,
					   "%*s", COLUMN_WIDTH, text);
		}
		if (known)
			printf("%-*s%s\n", NAME_WIDTH, peers[row]->name, line);
	}
	printf("\n");
}

static void print_traces(const struct results *results)
{
	struct table table = { results, 0, 0 };

	for (; table.from < results->point_count; table.from = table.to) {
		const struct point *first = &results->points[table.from];

		while (table.to < results->point_count &&
		       results->points[table.to].mix == first->mix &&
		       results->points[table.to].touch == first->touch)
			table.to++;
		printf("== Sizes: %s; new blocks are %s\n", first->mix->name,
		       first->touch ? "written to" : "left untouched");
		print_rows(&table, "ns per operation", time_cell);
		print_rows(&table, "span/live, peak", span_cell);
		print_rows(&table, "metadata: B/block, share", metadata_cell);
	}
}

static void print_shift(const struct results *results)
{
	bool any = false;

	for (int row = 0; row < peer_count; row++)
		any |= results->shift[row][0].count > 0;
	if (!any)
		return;
	printf("== Shift test: highest end / 20 MiB, after each mix\n%-*s",
	       NAME_WIDTH, "");
	for (int i = 0; i < SHIFT_STEPS; i++)
		printf("%10s", shift_mixes[i]->key);
	printf("\n");
	for (int row = 0; row < peer_count; row++) {
		if (results->shift[row][0].count == 0)
			continue;
		printf("%-*s", NAME_WIDTH, peers[row]->name);
		for (int i = 0; i < SHIFT_STEPS; i++)
			printf("%10.2f", sample_mean(&results->shift[row][i]));
		printf("\n");
	}
	printf("\n");
}

static void print_drain(const struct results *results)
{
	printf("%-*s%12s%12s%12s%12s%12s\n", NAME_WIDTH, "KiB", "break was",
	       "break is", "data ends", "data", "metadata");
	for (int i = 0; i < DRAINS; i++) {
		const struct drain_result *drain = &results->drain[i];

		if (results->have_drain[i])
			printf("%-*s%12.0f%12.0f%12.0f%12.0f%12.0f\n",
			       NAME_WIDTH, drain_peers[i]->name,
			       drain->break_peak / 1024,
			       drain->break_bytes / 1024,
			       drain->data_end / 1024, drain->data_bytes / 1024,
			       drain->metadata_bytes / 1024);
	}
	printf("\n");
}

static void print_value(double value, const char *at, const char *before)
{
	printf("%s %.*f%s%s", before, value < 10 ? 2 : value < 100 ? 1 : 0,
	       value, at[0] != '\0' ? " at " : "", at);
}

static void print_claims(const struct results *results)
{
	static struct claim claims[CLAIMS_MAX];
	int count = claims_judge(results, claims);

	printf("== Claims\n");
	for (int i = 0; i < count; i++) {
		const struct claim *claim = &claims[i];

		printf("%-6s%-60s %s %g%s:", claim->count == 0 ? "-" :
		       claim_holds(claim) ? "pass" : "SHORT", claim->text,
		       claim->at_least ? ">=" : "<=", claim->limit,
		       claim->unit);
		for (int j = 0; j < claim->count; j++)
			print_value(claim->values[j].value,
				    claim->values[j].at, j > 0 ? "," : "");
		printf("%s\n", claim->count == 0 ? " not measured" : "");
	}
}

void report_print(const struct results *results)
{
	for (const struct fact *f = machine_facts(); f->name != NULL; f++)
		printf("%-12s%s\n", f->name, f->value);
	printf("%-12s%llu (and the next for each round)\n", "seed",
	       (unsigned long long)results->seed);
	printf("%-12s%d, peers in turn, a process each; median (lowest-highest)"
	       "\n\n", "rounds", results->rounds);
	print_traces(results);
	print_shift(results);
	if (results->have_empty)
		printf("== Empty space: %.0f resident pages of 4 KiB for the "
		       "first, %.0f for the next;\n   create and destroy: %.2f "
		       "times mmap, touch, munmap\n\n",
		       results->empty.first_pages, results->empty.next_pages,
		       results->empty.cycle_pairs);
	if (results->have_drain[0]) {
		printf("== After freeing %d blocks: what is resident\n",
		       DRAIN_BLOCKS);
		print_drain(results);
	}
	if (results->have_get)
		printf("== A hop of a chain: %.2f ns by pointer, %.2f by "
		       "mems_space_get (8 KiB of cells);\n   %.2f and %.2f "
		       "(256 KiB of cells)\n\n",
		       results->get.near.raw_ns, results->get.near.space_ns,
		       results->get.far.raw_ns, results->get.far.space_ns);
	print_claims(results);
}
