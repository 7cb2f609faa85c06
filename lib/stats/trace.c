/*
 * What tracing found: the blocks that are live, by the stacks that allocated
 * them, for people; and the same for pprof, in the text form of its legacy
 * heap profiles.
 */
#include <config.h>

#include "stats/trace.h"

#include "base/text.h"
#include "heap/book.h"
#include "heap/trace.h"
#include "os/stack.h"

struct totals {
	uint64_t live, live_bytes, allocations, bytes;
};

static struct totals add_up(void)
{
	struct totals totals = { 0, 0, 0, 0 };
	struct tally tally = { 0 };

	for (size_t i = 0; mems__book_tally(&mems__trace_book, i, &tally);
	     i++) {
		totals.live += tally.allocations - tally.frees;
		totals.live_bytes += tally.bytes - tally.freed_bytes;
		totals.allocations += tally.allocations;
		totals.bytes += tally.bytes;
	}
	return totals;
}

/* ------------------------------------------------------------------- leaks */

/* The tally with most live bytes among those with less than `below`, or the
   next with as many; false: there is no more. */
static bool next_largest(uint64_t below, size_t after, struct tally *largest,
			 size_t *number)
{
	struct tally tally;
	bool found = false;

	for (size_t i = 0; mems__book_tally(&mems__trace_book, i, &tally);
	     i++) {
		uint64_t live = tally.bytes - tally.freed_bytes;

		if (tally.allocations == tally.frees || live > below ||
		    (live == below && i <= after))
			continue;
		if (found && live <= largest->bytes - largest->freed_bytes)
			continue;
		*largest = tally;
		*number = i;
		found = true;
	}
	return found;
}

static void print_frame(struct text *text, uintptr_t frame)
{
	struct symbol symbol = mems__symbol_at(frame);

	mems__text_string(text, "    ");
	mems__text_hex(text, frame);
	if (symbol.name != NULL) {
		mems__text_string(text, " ");
		mems__text_string(text, symbol.name);
		mems__text_string(text, "+");
		mems__text_hex(text, frame - symbol.start);
	}
	if (symbol.file != NULL) {
		mems__text_string(text, " (");
		mems__text_string(text, symbol.file);
		mems__text_string(text, "+");
		mems__text_hex(text, frame - symbol.file_start);
		mems__text_string(text, ")");
	}
	mems__text_string(text, "\n");
}

int mems__leaks_print(mems_write_fn *write, void *arg)
{
	struct totals totals = add_up();
	uint64_t below = UINT64_MAX;
	size_t after = 0;
	struct tally tally = { 0 };
	struct text text;

	mems__text_begin(&text, write, arg);
	mems__text_fill(&text, "$ bytes in $ blocks were not freed\n",
			(uint64_t[]){ totals.live_bytes, totals.live });
	for (int i = 0; i < MEMS_LEAKS_MOST; i++) {
		if (!next_largest(below, after, &tally, &after))
			break;
		below = tally.bytes - tally.freed_bytes;
		mems__text_fill(&text, "  $ bytes in $ blocks",
				(uint64_t[]){ below, tally.allocations -
						     tally.frees });
		mems__text_string(&text, tally.words > 0 ? ", allocated at\n" :
							   "\n");
		for (uint32_t j = 0; j < tally.words; j++)
			print_frame(&text, tally.place[j]);
	}
	if (mems__trace_book.full)
		mems__text_string(&text, "  and some that there was no memory "
				  "to write down\n");
	return mems__text_end(&text);
}

/* ----------------------------------------------------------------- profile */

static void print_counts(struct text *text, const struct totals *totals)
{
	mems__text_fill(text, "$: $ [$: $] @",
			(uint64_t[]){ totals->live, totals->live_bytes,
				      totals->allocations, totals->bytes });
}

int mems__profile_print(mems_write_fn *write, void *arg)
{
	struct totals totals = add_up();
	struct tally tally = { 0 };
	struct text text;

	mems__text_begin(&text, write, arg);
	mems__text_string(&text, "heap profile: ");
	print_counts(&text, &totals);
	mems__text_fill(&text, " heap_v2/$\n",
			(uint64_t[]){ mems__trace_period });
	for (size_t i = 0; mems__book_tally(&mems__trace_book, i, &tally);
	     i++) {
		const struct totals counts = {
			tally.allocations - tally.frees,
			tally.bytes - tally.freed_bytes,
			tally.allocations, tally.bytes,
		};

		print_counts(&text, &counts);
		for (uint32_t j = 0; j < tally.words; j++) {
			mems__text_string(&text, " ");
			mems__text_hex(&text, tally.place[j]);
		}
		mems__text_string(&text, "\n");
	}
	mems__text_string(&text, "\nMAPPED_LIBRARIES:\n");
	return mems__text_end(&text);
}
