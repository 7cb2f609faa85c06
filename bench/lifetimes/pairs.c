/*
 * malloc and free back to back.
 */
#include <stdlib.h>

#include "lane.h"
#include "malloc/block.h"
#include "pair.h"

static void pair(void *state, uint64_t count)
{
	size_t size = *(const size_t *)state;

	for (uint64_t i = 0; i < count; i++) {
		char *memory = malloc(size);

		if (memory == NULL)
			die("pairs: malloc failed");
		*memory = (char)i;
		keep(memory);
		free(memory);
	}
}

void run_malloc_pairs(const struct lane *lane)
{
	size_t size = lane->number;

	lane_time(pair, &size, lane_scaled(lane, PAIR_COUNT));
}
