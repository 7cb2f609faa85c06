/*
 * Blocks from an arena, inline and by a call.
 */
#include "bump.h"

#include <mems.h>

#include "lane.h"
#include "malloc/block.h"

typedef void *alloc_fn(mems_arena *arena, size_t size);

static inline __attribute__((always_inline)) void
bump(mems_arena *arena, uint64_t count, alloc_fn *alloc)
{
	void *first = mems_arena_alloc(arena, BUMP_SIZE);

	while (count > 0) {
		uint64_t part = count < BUMP_BLOCKS ? count : BUMP_BLOCKS;
		char *block = NULL;

		if (mems_arena_reset(arena) != 0)
			die("bump: no reset");
		for (uint64_t i = 0; i < part; i++) {
			block = alloc(arena, BUMP_SIZE);
			if (block == NULL)
				die("bump: no memory");
			*block = (char)i;
			keep(block);
		}
		if (block != (char *)first + (part - 1) * BUMP_SIZE)
			die("bump: not where it should be");
		count -= part;
	}
	if (mems_arena_reset(arena) != 0)
		die("bump: no reset");
}

static void bump_inline(void *state, uint64_t count)
{
	bump(state, count, mems_arena_alloc_inline);
}

static void bump_call(void *state, uint64_t count)
{
	bump(state, count, mems_arena_alloc);
}

static void run_bump(const struct lane *lane, part_fn *work)
{
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;
	mems_arena *arena;

	options.space = lane_space(lane);
	options.first = BUMP_BYTES;
	arena = mems_arena_create(&options);
	if (arena == NULL)
		die("bump: no arena");
	lane_time(work, arena, lane_scaled(lane, BUMP_COUNT));
	if (mems_arena_verify(arena, NULL, 0) != 0 ||
	    mems_arena_destroy(arena) != 0)
		die("bump: the arena is broken");
}

void run_bump_inline(const struct lane *lane)
{
	run_bump(lane, bump_inline);
}

void run_bump_call(const struct lane *lane)
{
	run_bump(lane, bump_call);
}
