/*
 * The least that bumping can be: a top and an end in memory.
 */
#include "bump.h"
#include "lane.h"
#include "malloc/block.h"

struct bare {
	char *memory;
	size_t top, end;
};

static inline void *bare_alloc(struct bare *bare, size_t size)
{
	size_t top = bare->top;

	if (size > bare->end - top)
		return NULL;
	bare->top = top + size;
	return bare->memory + top;
}

static void bump(void *state, uint64_t count)
{
	struct bare *bare = state;

	while (count > 0) {
		uint64_t part = count < BUMP_BLOCKS ? count : BUMP_BLOCKS;

		for (uint64_t i = 0; i < part; i++) {
			char *block = bare_alloc(bare, BUMP_SIZE);

			if (block == NULL)
				die("bare: full");
			*block = (char)i;
			keep(block);
		}
		if (bare->top != part * BUMP_SIZE)
			die("bare: not where it should be");
		bare->top = 0;
		count -= part;
	}
}

void run_bare(const struct lane *lane)
{
	struct bare bare = { .end = BUMP_BYTES };

	bare.memory = table_make(BUMP_BYTES);
	keep(&bare);
	lane_time(bump, &bare, lane_scaled(lane, BUMP_COUNT));
}
