/* Giving memory back: by itself, by trim, by defrag; never what is in use. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>

#include "api/space.h"
#include "pages.h"
#include "tap.h"

#define LARGE (1 << 20)

static size_t page;

/* How many pages inside these bytes are resident; SIZE_MAX: no idea. */
static size_t resident(const void *memory, size_t size)
{
	uintptr_t first = ((uintptr_t)memory + page - 1) / page * page;
	uintptr_t end = ((uintptr_t)memory + size) / page * page;
	size_t count = 0;

	for (uintptr_t at = first; at < end; at += page) {
		int is = page_is_resident((void *)at);

		if (is < 0)
			return SIZE_MAX;
		count += (size_t)is;
	}
	return count;
}

/* Are pages seen to come and go? Emulators may not see it. */
static int residency_can_be_seen(void)
{
	unsigned char *memory = pages_map(4 * page);
	int seen;

	if (memory == NULL)
		return 0;
	seen = resident(memory, 4 * page) == 0;
	memset(memory, 1, 4 * page);
	seen = seen && resident(memory, 4 * page) == 4;
	seen = seen && pages_drop(memory, 4 * page) &&
	       resident(memory, 4 * page) == 0;
	pages_unmap(memory, 4 * page);
	return seen;
}

/* At most `most` of these bytes, by whole pages, are resident. */
static void is_resident(const void *memory, size_t size, size_t most,
			const char *name)
{
	if (!residency_can_be_seen())
		skip("residency cannot be seen here");
	else
		ok(resident(memory, size) * page <= most,
		   "%s: at most %zu bytes of %zu are resident", name, most,
		   size);
}

static mems_space *make(const struct mems_space_options *base)
{
	struct mems_space_options options = *base;

	options.maximum = 64 << 20;
	return mems_space_create(&options);
}

static int holds(mems_space *space, mems_va va, int byte, size_t size)
{
	unsigned char *memory = mems_space_get(space, va);

	return memory != NULL && memory[0] == byte &&
	       memcmp(memory, memory + 1, size - 1) == 0;
}

static mems_va filled(mems_space *space, size_t size, int byte)
{
	mems_va va = mems_space_alloc(space, size);

	if (va != MEMS_VA_NONE)
		memset(mems_space_get(space, va), byte, size);
	return va;
}

static void large_blocks_go_back_when_freed(mems_space *space,
					    const char *layout)
{
	mems_va left = filled(space, 5000, 'l');
	mems_va large = filled(space, LARGE, 'x');
	mems_va right = filled(space, 5000, 'r');
	unsigned char *memory = mems_space_get(space, large);
	uint64_t before = space_stats(space).returned;

	is(mems_space_free(space, large), 0, "%s: a large block is freed",
	   layout);
	/* In runs of 64 KiB, so that some may stay at either end. */
	ok(space_stats(space).returned >= before + LARGE - 2 * 65536,
	   "%s: its pages went back", layout);
	is_resident(memory, LARGE, 2 * 65536, layout);
	is(mems_space_trim(space, NULL), 0, "%s: with trim", layout);
	is_resident(memory, LARGE, 0, layout);
	ok(holds(space, left, 'l', 5000) && holds(space, right, 'r', 5000),
	   "%s: the blocks beside it are as they were", layout);
	large = mems_space_calloc(space, LARGE, 1);
	ok(holds(space, large, 0, LARGE), "%s: calloc over it is 0", layout);
	memset(mems_space_get(space, large), 'y', LARGE);
	ok(holds(space, left, 'l', 5000) && holds(space, right, 'r', 5000),
	   "%s: and is its own memory", layout);
	mems_space_free(space, left);
	mems_space_free(space, large);
	mems_space_free(space, right);
	ok(space_is_sound(space), "%s: the space is sound", layout);
}

#define SMALL 3000
#define BLOCKS 2000

static void trim_gives_back_what_small_frees_left(mems_space *space,
						  const char *layout)
{
	static mems_va blocks[BLOCKS];
	uint64_t returned = 0, again = 1, mapped;
	unsigned char *memory;
	int right = 0;

	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = filled(space, SMALL, i & 127);
	memory = mems_space_get(space, blocks[0]);
	/* All but every 40th: runs of some 117,000 bytes. */
	for (int i = 0; i < BLOCKS; i++)
		if (i % 40 != 0)
			mems_space_free(space, blocks[i]);
	is(mems_space_trim(space, &returned), 0, "%s: trim", layout);
	is(mems_space_trim(space, &again), 0, "%s: trim again", layout);
	is(again, 0, "%s: has nothing more to give back", layout);
	mapped = space->limit;
	/* A block lies on two pages at most. */
	is_resident(memory, mapped - MEMS_PAGE_SIZE,
		    (BLOCKS / 40 * 2 + 1) * page, layout);
	for (int i = 0; i < BLOCKS; i += 40)
		right += holds(space, blocks[i], i & 127, SMALL);
	is(right, BLOCKS / 40, "%s: blocks keep their bytes", layout);
	for (int i = 0; i < BLOCKS; i++) {
		if (i % 40 == 0)
			continue;
		blocks[i] = mems_space_calloc(space, 1, SMALL);
		right += holds(space, blocks[i], 0, SMALL);
		memset(mems_space_get(space, blocks[i]), i & 127, SMALL);
	}
	is(right, BLOCKS, "%s: new ones are 0 over pages given back and not",
	   layout);
	for (int i = 0; i < BLOCKS; i++) {
		right -= holds(space, blocks[i], i & 127, SMALL);
		mems_space_free(space, blocks[i]);
	}
	is(right, 0, "%s: no two share a byte", layout);
	is(mems_space_defrag(space, &returned), 0, "%s: defrag", layout);
	is(mems_space_trim(space, &again), 0, "%s: trim", layout);
	is(again, 0, "%s: has nothing to give back after it", layout);
	ok(space_is_sound(space), "%s: the space is sound", layout);
}

static void the_end_goes_back(void)
{
	mems_space *space = mems_space_create(NULL);
	mems_va a = filled(space, 100, 'a');
	mems_va b = filled(space, LARGE, 'b');
	mems_va c = filled(space, 100, 'c');
	unsigned char *memory = mems_space_get(space, b);

	mems_space_free(space, c);
	mems_space_free(space, b);
	is(mems_space_trim(space, NULL), 0, "trim");
	is_resident(memory, LARGE, 0, "behind the last block");
	ok(space->limit >= 112 && space->limit <= 112 + page + MEMS_PAGE_SIZE,
	   "the end of the space is near its last block");
	ok(mems_space_get(space, c) == NULL, "a freed block lies beyond");
	ok(holds(space, a, 'a', 100), "the last block keeps its bytes");
	mems_space_free(space, a);
	mems_space_trim(space, NULL);
	is(space->limit, 0, "nothing stays when there is no block");
	is(space_stats(space).nodes, 0, "not even a node");
	is(mems_space_alloc(space, 100), 1000, "the next block is the first");
	ok(space_is_sound(space), "the space is sound");
	mems_space_destroy(space);
}

/* The end may shrink by a little only; that goes back too. */
static void a_small_end_goes_back(void)
{
	mems_space *space = mems_space_create(NULL);
	mems_va a = filled(space, 110000, 'a');
	mems_va b = filled(space, 90000, 'b');
	unsigned char *memory = mems_space_get(space, b);

	mems_space_free(space, b);
	mems_space_trim(space, NULL);
	is_resident(memory, 90000, 0, "a small end");
	ok(holds(space, a, 'a', 110000), "the other block keeps its bytes");
	mems_space_destroy(space);
}

static void classic_nodes_stay(void)
{
	static const struct mems_space_options classic = MEMS_SPACE_CLASSIC;
	mems_space *space = make(&classic);
	mems_va a = filled(space, LARGE, 'a');
	mems_va b = filled(space, LARGE, 'b');

	mems_space_free(space, a);
	mems_space_free(space, b);
	is(mems_space_trim(space, NULL), 0, "trim of the classic layout");
	is(space_stats(space).nodes, 2, "keeps the nodes");
	is(space->limit, 2 * LARGE, "and the break");
	is(mems_space_alloc(space, LARGE), a, "which are used again");
	mems_space_destroy(space);
}

/* Whole pages of private memory are given back and read as 0. */
static void borrowed_memory_goes_back_if_it_may(uint32_t flags)
{
	const size_t size = 4 << 20;
	unsigned char *memory = pages_map(size);
	struct mems_space_options options = MEMS_SPACE_OPTIONS;
	const char *name = flags ? "private" : "shared";
	mems_space *space;
	unsigned char *inside;
	mems_va keep, large;

	options.memory = memory + 16;
	options.memory_size = size - 32;
	options.flags = flags;
	memset(memory, 0xee, size);
	space = mems_space_create(&options);
	keep = filled(space, 100, 'k');
	large = filled(space, LARGE, 'x');
	inside = mems_space_get(space, large);
	mems_space_free(space, large);
	mems_space_trim(space, NULL);
	is_resident(inside, LARGE, flags != 0 ? 0 : LARGE, name);
	is(space_stats(space).returned != 0, flags != 0,
	   "%s memory: bytes were given back or not", name);
	ok(holds(space, keep, 'k', 100), "%s memory: blocks keep their bytes",
	   name);
	large = mems_space_calloc(space, 1, LARGE);
	ok(holds(space, large, 0, LARGE), "%s memory: calloc is 0", name);
	ok(space_is_sound(space), "%s memory: the space is sound", name);
	mems_space_destroy(space);
	memset(memory, 0, size);
	ok(memory[0] == 0 && memory[size - 1] == 0,
	   "%s memory: is the caller's in the end", name);
	pages_unmap(memory, size);
}

/* Memory that holds only zeros is not written to before it is used. */
static void zeroed_memory_is_left_alone(void)
{
	const size_t size = 64 << 20;
	unsigned char *memory = pages_map(size);
	struct mems_space_options options = MEMS_SPACE_OPTIONS;
	mems_space *space;
	mems_va first, va;

	options.memory = memory;
	options.memory_size = size;
	options.flags = MEMS_MEMORY_ZEROED;
	space = mems_space_create(&options);
	first = mems_space_calloc(space, 1, 1000);
	is_resident(memory, size, 16 * page + 65536, "zeroed memory");
	ok(holds(space, first, 0, 1000), "zeroed memory: calloc is 0");
	memset(mems_space_get(space, first), 'x', 1000);
	va = filled(space, LARGE, 'y');
	mems_space_free(space, first);
	mems_space_free(space, va);
	va = mems_space_calloc(space, 1, LARGE);
	ok(holds(space, va, 0, LARGE), "zeroed memory: also when used before");
	ok(space_is_sound(space), "zeroed memory: the space is sound");
	mems_space_destroy(space);
	pages_unmap(memory, size);
}

int main(void)
{
	static const struct mems_space_options defaults = MEMS_SPACE_OPTIONS;
	static const struct mems_space_options classic = MEMS_SPACE_CLASSIC;
	mems_space *space;

	page = page_size();
	space = make(&defaults);
	large_blocks_go_back_when_freed(space, "default");
	trim_gives_back_what_small_frees_left(space, "default");
	mems_space_destroy(space);
	space = make(&classic);
	large_blocks_go_back_when_freed(space, "classic");
	trim_gives_back_what_small_frees_left(space, "classic");
	mems_space_destroy(space);
	the_end_goes_back();
	a_small_end_goes_back();
	classic_nodes_stay();
	borrowed_memory_goes_back_if_it_may(MEMS_MEMORY_PRIVATE);
	borrowed_memory_goes_back_if_it_may(0);
	zeroed_memory_is_left_alone();
	return done_testing();
}
