/*
 * What the project says of itself, held against what was measured.
 *
 * All ratios are of medians of one run, on the Pareto trace with the first
 * word of each new block written.
 */
#include "results.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct judge {
	const struct results *results;
	struct claim *claims;
	int count;
};

static struct claim *new_claim(struct judge *judge, double limit, bool at_least,
			       const char *unit, const char *format, ...)
{
	struct claim *claim = &judge->claims[judge->count++];
	va_list args;

	*claim = (struct claim){ .limit = limit, .at_least = at_least,
				 .unit = unit };
	va_start(args, format);
	vsnprintf(claim->text, sizeof(claim->text), format, args);
	va_end(args);
	return claim;
}

static void add_value(struct claim *claim, const char *at, double value)
{
	int i = claim->count++;

	snprintf(claim->values[i].at, sizeof(claim->values[i].at), "%s", at);
	claim->values[i].value = value;
}

const char *short_number(uint64_t number, char text[24])
{
	uint64_t rest = number;
	int zeros = 0;

	while (rest >= 10 && rest % 10 == 0) {
		rest /= 10;
		zeros++;
	}
	if (zeros >= 3)
		snprintf(text, 24, "%de%d", (int)rest, zeros);
	else
		snprintf(text, 24, "%llu", (unsigned long long)number);
	return text;
}

static const struct cell *find_cell(const struct results *results,
				    const char *mix, uint64_t blocks,
				    const struct peer *peer)
{
	int row = peer_find(peer->key);

	for (int i = 0; row >= 0 && i < results->point_count; i++) {
		const struct point *point = &results->points[i];

		if (point->touch && point->blocks == blocks &&
		    strcmp(point->mix->key, mix) == 0)
			return &point->cells[row];
	}
	return NULL;
}

static double time_of(const struct judge *judge, uint64_t blocks,
		      const struct peer *peer)
{
	const struct cell *cell = find_cell(judge->results, "pareto", blocks,
					    peer);

	return cell != NULL ? sample_median(&cell->ns) : 0;
}

/* time(above) / time(below), for each number of blocks from one to another. */
static void judge_ratio(struct judge *judge, const struct peer *above,
			const struct peer *below, uint64_t from, uint64_t to,
			double limit, bool at_least)
{
	const struct peer *ours = at_least ? below : above;
	const struct peer *other = at_least ? above : below;
	struct claim *claim = new_claim(judge, limit, at_least, "x",
		"%s: %s %s", ours->name, at_least ? "faster than" : "time of",
		other->name);
	char at[24];

	for (uint64_t blocks = from; blocks <= to; blocks *= 10) {
		double a = time_of(judge, blocks, above);
		double b = time_of(judge, blocks, below);

		if (a > 0 && b > 0)
			add_value(claim, short_number(blocks, at), a / b);
	}
}

static void judge_growth(struct judge *judge, const struct peer *peer)
{
	struct claim *claim = new_claim(judge, 2, false, "x",
		"%s: time at 1e5 over 1e3", peer->name);
	double few = time_of(judge, 1000, peer);
	double many = time_of(judge, 100000, peer);

	if (few > 0 && many > 0)
		add_value(claim, "", many / few);
}

static void judge_span(struct judge *judge, const char *mix, double limit)
{
	const struct cell *cell = find_cell(judge->results, mix, 100000,
					    &peer_good_8);
	struct claim *claim = new_claim(judge, limit, false, "",
		"%s: span/live, %s, mean of %d", peer_good_8.name, mix,
		cell != NULL ? cell->span.count : 0);

	if (cell != NULL && cell->span.count > 0)
		add_value(claim, "1e5", sample_mean(&cell->span));
}

static void judge_shift(struct judge *judge)
{
	struct claim *claim = new_claim(judge, 1.25, false, "",
		"%s: shift test, 4th mix", peer_good_8.name);
	const struct sample *span =
		&judge->results->shift[peer_find(peer_good_8.key)][3];

	if (span->count > 0)
		add_value(claim, "", sample_mean(span));
}

static void judge_metadata(struct judge *judge, const struct peer *peer,
			   double limit)
{
	struct claim *claim = new_claim(judge, limit, false, " %",
		"%s: metadata of the range", peer->name);
	static const char *const others[] = { "uniform", "exponential",
					      "fixed" };
	char at[24];

	for (uint64_t blocks = 100000; blocks <= 10000000; blocks *= 10) {
		const struct cell *cell = find_cell(judge->results, "pareto",
						    blocks, peer);

		if (cell != NULL && cell->metadata_share.count > 0)
			add_value(claim, short_number(blocks, at),
				  100 * sample_median(&cell->metadata_share));
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		const struct cell *cell = find_cell(judge->results, others[i],
						    100000, peer);

		if (cell != NULL && cell->metadata_share.count > 0)
			add_value(claim, others[i],
				  100 * sample_median(&cell->metadata_share));
	}
}

static void judge_first_16(struct judge *judge)
{
	struct claim *claim = new_claim(judge, 3, false, " %",
		"%s: metadata of the range", peer_first_16.name);

	if (judge->results->first_16_share > 0)
		add_value(claim, "1e5", 100 * judge->results->first_16_share);
}

static void judge_empty(struct judge *judge)
{
	const struct empty_result *empty = &judge->results->empty;
	double pages = sysconf(_SC_PAGESIZE) > 4096 ? 128 : 16;
	struct claim *resident = new_claim(judge, pages, false, "",
		"an empty space: resident pages of 4 KiB");
	struct claim *cycle = new_claim(judge, 10, false, "x",
		"create and destroy, in mmap, touch, munmap");

	if (!judge->results->have_empty)
		return;
	add_value(resident, "first", empty->first_pages);
	add_value(resident, "next", empty->next_pages);
	add_value(cycle, "", empty->cycle_pairs);
}

static void judge_drain(struct judge *judge, int i)
{
	const struct drain_result *drain = &judge->results->drain[i];
	const struct peer *peer = drain_peers[i];
	bool classic = peer == &peer_first_classic;
	struct claim *data = new_claim(judge, 256, false, " KiB",
		"%s: data kept after 1e6 frees", peer->name);
	struct claim *metadata = new_claim(judge, classic ? 4 : 256, false,
		classic ? " % of the break" : " KiB",
		"%s: metadata kept after 1e6 frees", peer->name);

	if (!judge->results->have_drain[i])
		return;
	add_value(data, "", drain->data_bytes / 1024);
	if (classic)
		add_value(metadata, "", 100 * drain->metadata_bytes /
					drain->break_bytes);
	else
		add_value(metadata, "", drain->metadata_bytes / 1024);
}

static void judge_get(struct judge *judge)
{
	const struct get_result *get = &judge->results->get;
	struct claim *near = new_claim(judge, 1.10, false, "x",
		"mems_space_get: time of a raw pointer's hop in L1");
	struct claim *far = new_claim(judge, 1.10, false, "x",
		"mems_space_get: time of a raw pointer's hop in L2");

	if (!judge->results->have_get)
		return;
	add_value(near, "8 KiB", get->near.space_ns / get->near.raw_ns);
	add_value(far, "256 KiB", get->far.space_ns / get->far.raw_ns);
}

int claims_judge(const struct results *results, struct claim *claims)
{
	static const struct peer *const first[] = {
		&peer_first_classic, &peer_first_1m
	};
	static const struct peer *const good[] = {
		&peer_good_8, &peer_good_16
	};
	struct judge judge = { results, claims, 0 };

	for (int i = 0; i < 2; i++)
		judge_ratio(&judge, &peer_boost, first[i], 1000, 1000000, 1.5,
			    true);
	for (int i = 0; i < 2; i++) {
		judge_ratio(&judge, &peer_list, first[i], 1000, 1000, 10, true);
		judge_ratio(&judge, &peer_list, first[i], 10000, 10000, 100,
			    true);
	}
	for (int i = 0; i < 2; i++)
		judge_growth(&judge, first[i]);
	for (int i = 0; i < 2; i++)
		judge_ratio(&judge, &peer_boost, good[i], 10000, 1000000, 4.5,
			    true);
	for (int i = 0; i < 2; i++)
		judge_ratio(&judge, good[i], &peer_libc, 100000, 1000000, 1.25,
			    false);
	judge_span(&judge, "uniform", 1.04);
	judge_span(&judge, "exponential", 1.04);
	judge_span(&judge, "pareto", 1.25);
	judge_shift(&judge);
	judge_metadata(&judge, &peer_good_8, 4);
	judge_metadata(&judge, &peer_good_16, 2);
	judge_metadata(&judge, &peer_first_classic, 6);
	judge_metadata(&judge, &peer_first_1m, 6);
	judge_first_16(&judge);
	judge_empty(&judge);
	for (int i = 0; i < DRAINS; i++)
		judge_drain(&judge, i);
	judge_get(&judge);
	return judge.count;
}

bool claim_holds(const struct claim *claim)
{
	for (int i = 0; i < claim->count; i++) {
		double value = claim->values[i].value;

		if (claim->at_least ? value < claim->limit :
				      value > claim->limit)
			return false;
	}
	return true;
}
