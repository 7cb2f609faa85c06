/*
 * Hops and calls to be counted by an instruction counter: see get_count.sh.
 *
 *   get_count raw|space N          N hops of a chain, by pointer, by address
 *   get_count none|start|inner N   N passes over addresses of blocks: without
 *                                  a call, mems_get() of starts, of insides
 */
#include <mems.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"
#include "peer.h"

#define CELLS 512
#define BLOCKS 4096
#define BLOCK_SIZE 1000

static void *address[BLOCKS];

static int chain(const char *way, uint64_t count)
{
	mems_space *space = mems_space_create(NULL);
	mems_va va;

	if (space == NULL || (va = chain_make(space, CELLS)) == MEMS_VA_NONE)
		return 1;
	if (strcmp(way, "raw") == 0) {
		keep(chain_hop_raw(mems_space_get(space, va), count));
	} else {
		if (!chain_hop_space(space, &va, count))
			return 1;
		keep(&va);
	}
	return 0;
}

static int classic(const char *way, uint64_t count)
{
	struct random random = { 1 };

	mems_init();
	for (int i = 0; i < BLOCKS; i++) {
		address[i] = mems_malloc(BLOCK_SIZE);
		if (address[i] == NULL)
			return 1;
		if (strcmp(way, "inner") == 0)
			address[i] = (char *)address[i] +
				     random_below(&random, BLOCK_SIZE);
	}
	if (strcmp(way, "none") == 0) {
		for (uint64_t i = 0; i < count; i++) {
			void *memory = address[i % BLOCKS];

			keep(memory);
			if (memory == NULL)
				return 1;
		}
		return 0;
	}
	for (uint64_t i = 0; i < count; i++) {
		void *memory = mems_get(address[i % BLOCKS]);

		keep(memory);
		if (memory == NULL)
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t count = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;

	if (count == 0) {
		fprintf(stderr, "usage: get_count WAY COUNT\n");
		return 2;
	}
	if (strcmp(argv[1], "raw") == 0 || strcmp(argv[1], "space") == 0)
		return chain(argv[1], count);
	return classic(argv[1], count);
}
