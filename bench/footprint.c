/*
 * Residency is what the system says, not what the library counts.
 */
#include "footprint.h"

#include <mems.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "mix.h"
#include "resident.h"
#include "stats.h"

#define REPEATS 21
#define CYCLES 200

const struct peer *const drain_peers[DRAINS] = {
	&peer_first_classic, &peer_first_1m, &peer_good_16
};

/* Microseconds matter here, so both kinds of cycle alternate. */
static double cycle_spaces(void)
{
	double start = now();

	for (int i = 0; i < CYCLES; i++) {
		mems_space *space = mems_space_create(NULL);

		if (space == NULL || mems_space_destroy(space) != 0)
			return -1;
	}
	return now() - start;
}

static double cycle_maps(size_t page)
{
	double start = now();

	for (int i = 0; i < CYCLES; i++) {
		char *memory = mmap(NULL, page, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED)
			return -1;
		*(volatile char *)memory = 1;
		munmap(memory, page);
	}
	return now() - start;
}

bool empty_run(const void *task, void *out)
{
	struct empty_result *result = out;
	struct sample spaces = { 0 }, maps = { 0 };
	int64_t total[3];

	(void)task;
	resident_total();	/* its buffer becomes resident */
	total[0] = resident_total();
	if (total[0] < 0 || mems_space_create(NULL) == NULL)
		return false;
	total[1] = resident_total();
	if (mems_space_create(NULL) == NULL)
		return false;
	total[2] = resident_total();
	result->first_pages = (total[1] - total[0]) / 4096.0;
	result->next_pages = (total[2] - total[1]) / 4096.0;

	for (int i = 0; i < REPEATS; i++) {
		sample_add(&spaces, cycle_spaces());
		sample_add(&maps, cycle_maps(sysconf(_SC_PAGESIZE)));
	}
	if (sample_lowest(&spaces) <= 0 || sample_lowest(&maps) <= 0)
		return false;
	result->cycle_pairs = sample_median(&spaces) / sample_median(&maps);
	return true;
}

static void shuffle(uint64_t *blocks, uint32_t count, struct random *random)
{
	for (uint32_t i = count; i > 1; i--) {
		uint32_t j = random_below(random, i);
		uint64_t block = blocks[i - 1];

		blocks[i - 1] = blocks[j];
		blocks[j] = block;
	}
}

bool drain_run(const void *task, void *out)
{
	const struct drain *drain = task;
	struct drain_result *result = out;
	struct random random = { drain->seed };
	const struct mix *mix = mix_find("pareto");
	mems_va *blocks = pages(DRAIN_BLOCKS * sizeof(*blocks));
	mems_space *space;
	void *data;
	int64_t before, after;
	uint64_t bytes, end;

	resident_total();
	before = resident_total();
	space = drain->peer->open(drain->peer, 0);
	if (before < 0 || space == NULL)
		return false;
	for (uint32_t i = 0; i < DRAIN_BLOCKS; i++) {
		size_t size = mix_draw(mix, &random);
		char *memory;

		blocks[i] = mems_space_alloc(space, size);
		memory = mems_space_get(space, blocks[i]);
		if (memory == NULL)
			return false;
		for (size_t at = 0; at < size; at += 4096)
			memory[at] = 1;
	}
	result->break_peak = space->limit;
	data = mems_space_get(space, MEMS_VA_FIRST);
	shuffle(blocks, DRAIN_BLOCKS, &random);
	for (uint32_t i = 0; i < DRAIN_BLOCKS; i++)
		if (mems_space_free(space, blocks[i]) != 0)
			return false;
	after = resident_total();
	if (!resident_range(data, result->break_peak, &bytes, &end))
		return false;
	result->data_bytes = bytes;
	result->data_end = end;
	result->metadata_bytes = after - before - (double)bytes;
	result->break_bytes = space->limit;
	return true;
}
