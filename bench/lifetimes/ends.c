/*
 * What an arena's beginning and end take, and what a reset takes by itself.
 */
#include <mems.h>

#include "child.h"
#include "lane.h"
#include "malloc/block.h"
#include "malloc/timing.h"

#define CYCLES 200000
#define SIZE 64
#define ARENAS 4		/* reset between two looks at the clock */
#define ALLOCATIONS 4000000	/* between resets, in all */
#define VALUES 31

static void cycle(void *state, uint64_t count)
{
	for (; count > 0; count--) {
		mems_arena *arena = mems_arena_create(state);

		keep(arena);
		if (arena == NULL || mems_arena_destroy(arena) != 0)
			die("ends: create or destroy failed");
	}
}

void run_create(const struct lane *lane)
{
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;

	options.space = lane_space(lane);
	lane_time(cycle, &options, lane_scaled(lane, CYCLES));
}

static void fill(mems_arena *arena, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		char *block = mems_arena_alloc_inline(arena, SIZE);

		if (block == NULL)
			die("ends: no memory");
		*block = (char)i;
		keep(block);
	}
}

/* Nanoseconds that the two looks at the clock take themselves. */
static double clock_alone(void)
{
	struct times times = { 0 };

	while (times.count < TIMES_MAX) {
		uint64_t from = now_ns();

		times_add(&times, now_ns() - from, 1);
	}
	return times_at(&times, 0.5);
}

/* A look at the clock takes longer than a small reset, so that several are
   timed at once; the wall clock, since that of the process takes a call. */
static double reset_all(mems_arena **arenas, uint64_t count, double alone)
{
	uint64_t from;
	double ns;

	for (int i = 0; i < ARENAS; i++)
		fill(arenas[i], count);
	from = now_ns();
	for (int i = 0; i < ARENAS; i++)
		if (mems_arena_reset(arenas[i]) != 0)
			die("ends: no reset");
	ns = (double)(now_ns() - from) - alone;
	return ns > 0 ? ns / ARENAS : 0;
}

static void time_reset(const struct lane *lane, uint32_t first)
{
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;
	uint64_t repeats = lane_scaled(lane, ALLOCATIONS) /
			   (lane->number * ARENAS * VALUES) + 1;
	mems_arena *arenas[ARENAS];
	struct times times = { 0 };
	double alone = clock_alone();

	options.space = lane_space(lane);
	options.first = first;
	for (int i = 0; i < ARENAS; i++) {
		arenas[i] = mems_arena_create(&options);
		if (arenas[i] == NULL)
			die("ends: no arena");
	}
	reset_all(arenas, lane->number, alone);	/* warm */
	while (times.count < VALUES) {
		double sum = 0;

		for (uint64_t i = 0; i < repeats; i++)
			sum += reset_all(arenas, lane->number, alone);
		times.values[times.count++] = sum / (double)repeats;
	}
	tell("ns", times_at(&times, 0.25));
	for (int i = 0; i < ARENAS; i++)
		if (mems_arena_verify(arenas[i], NULL, 0) != 0 ||
		    mems_arena_destroy(arenas[i]) != 0)
			die("ends: an arena is broken");
}

/* Chunks grow, and all but the first go back at the reset. */
void run_reset(const struct lane *lane)
{
	time_reset(lane, 0);
}

/* The first chunk takes all. */
void run_reset_whole(const struct lane *lane)
{
	time_reset(lane, (uint32_t)lane->number * SIZE);
}
