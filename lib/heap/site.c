/* Blocks whose callers number their sites. */
#include <config.h>

#include "heap/site.h"

#include "heap/alloc.h"
#include "os/clock.h"

struct book mems__site_book = BOOK_INIT;

static int watching;	/* atomic */

static bool is_watching(void)
{
	return unlikely(__atomic_load_n(&watching, __ATOMIC_RELAXED));
}

void mems_site_watch(int on)
{
	if (on != 0)
		mems__book_clear(&mems__site_book);
	__atomic_store_n(&watching, on != 0, __ATOMIC_RELEASE);
}

void *mems_site_alloc(size_t size, uint32_t site)
{
	void *block = mems__alloc_fast(size);

	if (is_watching() && block != NULL && site != MEMS_SITE_NONE)
		mems__book_enter(&mems__site_book, block, size,
				 &(uintptr_t){ site }, 1, mems__clock_exact());
	return block;
}

void mems_site_free(void *block)
{
	if (is_watching() && block != NULL)
		(void)mems__book_leave(&mems__site_book, block,
				       mems__clock_exact());
	mems__free_fast(block);
}
