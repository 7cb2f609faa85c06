/* The counts of call sites, as CSV and JSON. */
#include <config.h>

#include "heap/site.h"

#include "base/text.h"

#include <mems/stats.h>

#include <errno.h>

static const char *const site_counts[] = {
	"site", "allocations", "frees", "bytes", "live_blocks", "live_bytes",
	"lifetime_min_ns", "lifetime_mean_ns", "lifetime_max_ns",
};

#define COUNTS (sizeof(site_counts) / sizeof(site_counts[0]))

static bool get_counts(size_t number, uint64_t counts[COUNTS])
{
	struct tally tally;

	if (!mems__book_tally(&mems__site_book, number, &tally))
		return false;
	counts[0] = tally.place[0];
	counts[1] = tally.allocations;
	counts[2] = tally.frees;
	counts[3] = tally.bytes;
	counts[4] = tally.allocations - tally.frees;
	counts[5] = tally.bytes - tally.freed_bytes;
	counts[6] = tally.life_least;
	counts[7] = tally.frees > 0 ? tally.life_sum / tally.frees : 0;
	counts[8] = tally.life_most;
	return true;
}

int mems_site_csv(mems_write_fn *write, void *arg)
{
	uint64_t counts[COUNTS];
	struct text text;

	if (write == NULL)
		return -EINVAL;
	mems__text_begin(&text, write, arg);
	for (size_t i = 0; i < COUNTS; i++) {
		mems__text_string(&text, site_counts[i]);
		mems__text_string(&text, i + 1 < COUNTS ? "," : "\n");
	}
	for (size_t i = 0; get_counts(i, counts); i++)
		mems__text_fill(&text, "$,$,$,$,$,$,$,$,$\n", counts);
	return mems__text_end(&text);
}

int mems_site_json(mems_write_fn *write, void *arg)
{
	uint64_t counts[COUNTS];
	struct text text;

	if (write == NULL)
		return -EINVAL;
	mems__text_begin(&text, write, arg);
	mems__text_string(&text, "[");
	for (size_t i = 0; get_counts(i, counts); i++) {
		for (size_t j = 0; j < COUNTS; j++) {
			mems__text_string(&text, j > 0 ? ", \"" :
					  i > 0 ? ",\n{\"" : "\n{\"");
			mems__text_string(&text, site_counts[j]);
			mems__text_fill(&text, "\": $", &counts[j]);
		}
		mems__text_string(&text, "}");
	}
	mems__text_string(&text, "]\n");
	return mems__text_end(&text);
}
