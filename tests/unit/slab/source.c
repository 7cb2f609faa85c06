/* Memory for slabs crosses no end of a window of 4 GiB. */
#include <config.h>

#include "slab/source.h"

#include "space/space.h"
#include "tap.h"

#include <mems.h>

#define GIB ((uint64_t)1 << 30)
#define SIZE ((size_t)65536)

static mems_space *space;
static struct source source;

static uint64_t used(void)
{
	struct mems_space_stats stats = { .size = sizeof(stats) };

	mems_space_stats(space, &stats);
	return stats.used;
}

/* Nearly all of the first window is in use; nothing is written to it. */
static bool begin(void)
{
	struct mems_space_options options = MEMS_SPACE_OPTIONS;
	mems_va filler = MEMS_VA_NONE;

	options.maximum = sizeof(void *) < 8 ? 1 << 20 : 9 * GIB;
	space = mems_space_create(&options);
	if (space != NULL && sizeof(void *) >= 8)
		filler = mems_space_alloc(space,
					  (size_t)(4 * GIB - SIZE / 2));
	return filler != MEMS_VA_NONE &&
	       mems__source_begin(&source, space, NULL);
}

int main(void)
{
	uint64_t before, offset;
	char *memory;

	if (!begin()) {
		skip("the system does not lend 4 GiB");
		mems_space_destroy(space);
		return done_testing();
	}
	before = used();
	mems_space_limit(space, 0, before + SIZE, NULL, NULL);
	errno = 0;
	ok(mems__source_take(&source, SIZE, 16) == NULL && errno == ENOMEM,
	   "where only the end of a window is left there is no memory");
	ok(used() == before, "and none is lost");
	mems_space_limit(space, 0, 0, NULL, NULL);
	memory = mems__source_take(&source, SIZE, 16);
	offset = (uint64_t)(uintptr_t)memory - source.origin;
	ok(memory != NULL && offset / (4 * GIB) ==
	   (offset + SIZE - 1) / (4 * GIB), "else it lies in one window");
	ok(used() == before + SIZE, "and nothing else is held");
	ok(mems__source_give(&source, memory) && used() == before,
	   "it can be given back");
	is(mems_space_verify(space, NULL, 0), 0, "the space is sound");
	mems_space_destroy(space);
	return done_testing();
}
