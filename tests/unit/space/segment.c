/* Searches of starts, also when what they look for goes meanwhile. */
#include <config.h>

#include "space/segment.h"

#include "../spoil.h"

#include <mems.h>

int main(void)
{
	struct mems_space_options options = MEMS_SPACE_OPTIONS;
	struct space *space;
	uint64_t wide = 64 * 64 * 64 * 3, wall, pair;

	/* A block so long that words and words above them are empty. */
	options.granule = 16;
	options.maximum = (uint64_t)64 << 20;
	space = (struct space *)mems_space_create(&options);
	(void)!mems_space_alloc(&space->face, (size_t)wide * 16);
	wall = (mems_space_alloc(&space->face, 16) - MEMS_VA_FIRST) / 16;
	pair = wall >> 6;
	is(wall, wide, "a block begins behind a long one");
	is(mems__next_start_far(space, 1), wide, "it is found from afar");
	is(mems__next_start_far(space, pair), wide, "and from its word");
	is(mems__last_start_far(space, pair), 0, "so is the long one");
	ok(mems__last_start_far(space, 0) == NOWHERE, "before it is nothing");

	SPOIL(space->pairs[pair].start, 0);
	ok(mems__next_start_far(space, 1) == NOWHERE,
	   "one that goes while it is looked for is not found");
	spoil_undo();
	SPOIL(space->pairs[0].start, 0);
	ok(mems__last_start_far(space, pair) == NOWHERE, "nor backwards");
	spoil_undo();
	for (unsigned i = 0; i < space->starts.levels; i++)
		SPOIL(space->starts.level[i][0], 0);
	ok(mems__last_start_far(space, pair) == NOWHERE,
	   "nor one that has gone");
	SPOIL(space->starts.level[0][pair >> 6], 0);
	SPOIL(space->starts.level[1][pair >> 12], 0);
	ok(mems__next_start_far(space, 1) == NOWHERE, "in either direction");
	spoil_undo();
	is(mems_space_verify(&space->face, NULL, 0), 0, "the space is sound");
	mems_space_destroy(&space->face);
	return done_testing();
}
