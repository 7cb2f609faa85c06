/* A book of blocks beside plain counts; and when there is no memory for it. */
#include <config.h>

#include "heap/book.h"

#include "os/pages.h"
#include "random.h"
#include "tap.h"

#define PLACES 2000
#define BLOCKS 20000

static struct book book = BOOK_INIT;

static struct {
	uint64_t allocations, frees, bytes, freed_bytes;
} counts[PLACES];

static struct {
	unsigned place;
	size_t size;		/* 0: not live */
} blocks[BLOCKS];

static long calls, fail_at;

static bool may(void)
{
	return ++calls != fail_at;
}

/* Places of one to three words, all of them different. */
static unsigned words_of(unsigned place, uintptr_t *words)
{
	words[0] = place % 7;
	words[1] = place;
	words[2] = place / 2;
	return place == 0 ? 1 : 2 + place % 2;
}

static const void *block_of(unsigned block)
{
	return (const void *)(uintptr_t)(16 * block + 4096);
}

static void count_end(unsigned block)
{
	counts[blocks[block].place].frees++;
	counts[blocks[block].place].freed_bytes += blocks[block].size;
	blocks[block].size = 0;
}

static void enter(unsigned block, unsigned place, size_t size)
{
	uintptr_t words[3];

	mems__book_enter(&book, block_of(block), size, words,
			 words_of(place, words), 1000);
	if (blocks[block].size > 0)
		count_end(block);
	blocks[block].place = place;
	blocks[block].size = size;
	counts[place].allocations++;
	counts[place].bytes += size;
}

/* Is each place's tally what was counted? */
static bool is_right(void)
{
	struct tally tally;
	size_t number = 0;

	for (; mems__book_tally(&book, number, &tally); number++) {
		unsigned place = tally.words == 1 ? 0 :
				 (unsigned)tally.place[1];

		if (tally.allocations != counts[place].allocations ||
		    tally.frees != counts[place].frees ||
		    tally.bytes != counts[place].bytes ||
		    tally.freed_bytes != counts[place].freed_bytes)
			return false;
	}
	for (unsigned i = 0; i < PLACES; i++)
		number -= counts[i].allocations > 0;
	return number == 0;
}

static void work(struct rng *rng, uint64_t steps)
{
	uint64_t wrong = 0;

	for (; steps > 0; steps--) {
		unsigned block = (unsigned)rng_below(rng, BLOCKS);
		bool live = blocks[block].size > 0;

		if (rng_below(rng, 3) > 0) {
			/* Of some the end is never told. */
			if (live && rng_below(rng, 2) > 0)
				continue;
			enter(block, (unsigned)rng_below(rng, PLACES),
			      (size_t)rng_below(rng, 1000) + 1);
			continue;
		}
		wrong += mems__book_leave(&book, block_of(block), 1000) !=
			 live;
		if (live)
			count_end(block);
	}
	is(wrong, 0, "it knows which blocks are live");
	ok(is_right(), "and each place's tally is right");
}

static void clear(void)
{
	mems__book_clear(&book);
	memset(counts, 0, sizeof(counts));
	memset(blocks, 0, sizeof(blocks));
}

static void a_book_counts_by_place(struct rng *rng)
{
	struct tally tally;

	ok(!mems__book_leave(&book, block_of(1), 5), "an empty book knows none");
	work(rng, test_scaled(200000));
	ok(!book.full, "all is written down");
	clear();
	ok(!mems__book_tally(&book, 0, &tally), "cleared, it is empty");
	ok(!mems__book_leave(&book, block_of(1), 5), "and knows no block");
}

static void it_knows_how_long_blocks_live(void)
{
	static const uint64_t lives[] = { 50, 7, 900, 8 };
	uintptr_t place = 3;
	struct tally tally;

	for (unsigned i = 0; i < 4; i++) {
		mems__book_enter(&book, block_of(i), 10, &place, 1, 100);
		mems__book_leave(&book, block_of(i), 100 + lives[i]);
	}
	mems__book_tally(&book, 0, &tally);
	ok(tally.life_least == 7 && tally.life_most == 900 &&
	   tally.life_sum == 965, "the shortest, the longest and the sum");
	clear();
}

/* The system refuses one call, each of those that a first block makes. */
static void what_cannot_be_written_down_is_told(void)
{
	uintptr_t place = 3;
	struct tally tally = { 0 };
	long most;

	calls = fail_at = 0;
	mems__pages_may = may;
	enter(1, 1, 10);
	most = calls;
	ok(most >= 3 && !book.full, "a first block takes %ld calls", most);
	for (fail_at = 1; fail_at <= most; fail_at++) {
		clear();
		calls = 0;
		mems__book_enter(&book, block_of(1), 10, &place, 1, 5);
		ok(book.full, "call %ld refused: the book says so", fail_at);
		ok(!mems__book_leave(&book, block_of(1), 5),
		   "and does not know the block");
		mems__book_enter(&book, block_of(1), 10, &place, 1, 5);
		ok(mems__book_tally(&book, 0, &tally) &&
		   tally.allocations == 1 && tally.words == 1,
		   "but the next one it does");
	}
	mems__pages_may = NULL;
	clear();
}

/* The same when it is to grow: what it has it keeps. */
static void a_book_that_cannot_grow_keeps_what_it_has(struct rng *rng)
{
	unsigned full = 0;

	for (fail_at = 1; fail_at < 40; fail_at++) {
		uintptr_t words[3];
		unsigned block = 0;

		clear();
		calls = 0;
		mems__pages_may = may;
		while (!book.full && block < 5000) {
			enter(block, block % PLACES, 10);
			block++;
		}
		mems__pages_may = NULL;
		if (!book.full)
			break;
		/* The last one was not written down. */
		block--;
		counts[block % PLACES].allocations--;
		counts[block % PLACES].bytes -= 10;
		blocks[block].size = 0;
		full++;
		if (!is_right() || words_of(1, words) == 0)
			ok(0, "call %ld refused: a tally is lost", fail_at);
		book.full = false;
	}
	ok(full > 4, "of the calls that it grows by each was refused");
	clear();
	work(rng, 5000);
	clear();
}

int main(void)
{
	struct rng rng = rng_make(test_seed(), 1);

	a_book_counts_by_place(&rng);
	it_knows_how_long_blocks_live();
	what_cannot_be_written_down_is_told();
	a_book_that_cannot_grow_keeps_what_it_has(&rng);
	return done_testing();
}
