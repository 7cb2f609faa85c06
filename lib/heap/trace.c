/*
 * Blocks of the whole process, each or a sample of them, and the stacks that
 * allocated them.
 */
#include <config.h>

#include "heap/trace.h"

#include "heap/book.h"
#include "heap/heap.h"
#include "heap/slices.h"
#include "os/clock.h"
#include "os/secret.h"
#include "os/stack.h"
#include "os/thread.h"

bool mems__tracing;
struct book mems__trace_book = BOOK_INIT;
size_t mems__trace_period;

static uint64_t chance;			/* state of the random numbers */
static int64_t until_next;		/* bytes to the next sample */

/* A bit for each block in the book, and for others: most frees need not ask. */
static uint64_t filter[1024];


/* What tracing allocates is not traced. */
static THREAD_LOCAL bool inside;

static uint64_t next_random(void)
{
	uint64_t number = __atomic_add_fetch(&chance, 0x9e3779b97f4a7c15u,
					     __ATOMIC_RELAXED);

	number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9u;
	number = (number ^ number >> 27) * 0x94d049bb133111ebu;
	return number ^ number >> 31;
}

/*
 * How far to the next sample, `period` on the average: exponential, as those
 * who read profiles count on. -ln of a fraction of 2^32, whose logarithm to
 * base 2 is read off its highest bits.
 */
static int64_t next_distance(void)
{
	uint32_t number = (uint32_t)(next_random() >> 32) | 1;
	unsigned top = mems__high_bit(number);
	uint64_t rest = ((uint64_t)number << 16 >> top) - 65536;
	uint64_t log = ((uint64_t)32 << 16) - (((uint64_t)top << 16) + rest);

	/* log is -log2 in 1/65536; ln 2 is 45426/65536. */
	return (int64_t)((log * 45426 >> 16) * mems__trace_period >> 16) + 1;
}

void mems__trace_start(size_t period)
{
	uintptr_t frames[PLACE_WORDS];

	MINE(inside) = true;
	(void)mems__stack(frames, PLACE_WORDS);	/* it may have to get ready */
	MINE(inside) = false;
	chance = mems__random();
	mems__trace_period = period;
	until_next = period > 1 ? next_distance() : 0;
	mems__tracing = true;
	/* The fast path finds nothing any more, here and in new caches. */
	mems__cache_close(mems__cache);
	mems__first_range.size = 0;
}

static bool is_sampled(size_t size)
{
	if (mems__trace_period <= 1)
		return true;
	if (__atomic_sub_fetch(&until_next, (int64_t)size, __ATOMIC_RELAXED) >
	    0)
		return false;
	__atomic_store_n(&until_next, next_distance(), __ATOMIC_RELAXED);
	return true;
}

static unsigned bit_of(const void *block)
{
	return (unsigned)((uint64_t)(uintptr_t)block * 0x9e3779b97f4a7c15u >>
			  48);
}

NOINLINE void mems__trace_alloc(const void *block, size_t size)
{
	uintptr_t frames[PLACE_WORDS];
	unsigned count, bit = bit_of(block);

	if (MINE(inside) || !is_sampled(size))
		return;
	MINE(inside) = true;
	count = mems__stack(frames, PLACE_WORDS);
	__atomic_fetch_or(&filter[bit >> 6], (uint64_t)1 << (bit & 63),
			  __ATOMIC_RELAXED);
	mems__book_enter(&mems__trace_book, block, size, frames, count,
			 mems__clock_exact());
	MINE(inside) = false;
}

void mems__trace_free(const void *block)
{
	unsigned bit = bit_of(block);

	if ((mems__load(&filter[bit >> 6]) >> (bit & 63) & 1) != 0)
		(void)mems__book_leave(&mems__trace_book, block,
				       mems__clock_exact());
}

/* One block ends, another begins. */
void mems__trace_resize(const void *block, size_t size)
{
	mems__trace_free(block);
	mems__trace_alloc(block, size);
}
