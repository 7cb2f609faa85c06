/* What verify says of a space in which one word is wrong. */
#include <config.h>

#include "space/good_fit.h"
#include "space/segment.h"

#include "../spoil.h"

#include <mems.h>

static struct space *space;
static mems_va blocks[40];

#define TOLD(words) TELLS(mems_space_verify, &space->face, words)

static uint64_t at(mems_va va)
{
	return (va - MEMS_VA_FIRST) >> space->shift;
}

/* Blocks of 1008 and 16 in turn; some of them are free again. */
static void begin(struct mems_space_options options)
{
	options.maximum = (uint64_t)16 << 20;
	space = (struct space *)mems_space_create(&options);
	for (int i = 0; i < 40; i++)
		blocks[i] = mems_space_alloc(&space->face,
					     i % 2 ? 1008 : 16);
	for (int i = 4; i < 32; i += 4)
		mems_space_free(&space->face, blocks[i]);
	for (int i = 3; i < 20; i += 8)
		mems_space_free(&space->face, blocks[i]);
	is(mems_space_verify(&space->face, NULL, 0), 0, "a sound space");
}

static void end(void)
{
	mems_space_destroy(&space->face);
}

static uint64_t *word_of(uint64_t position, bool used)
{
	struct pair *pair = &space->pairs[position >> 6];

	return used ? &pair->used : &pair->start;
}

static uint64_t bit_of(uint64_t position)
{
	return (uint64_t)1 << (position & 63);
}

static void of_the_head(void)
{
	static const char damaged[] = "the head of the region is damaged";
	static const char out[] = "the break is out of place";
	struct region *region = space->region;

	SPOIL(region->magic[0], 'm');
	TOLD(damaged);
	SPOIL(region->version, REGION_VERSION + 1);
	TOLD(damaged);
	SPOIL(region->byte_order, 0x04030201);
	TOLD(damaged);
	SPOIL(region->granule, region->granule * 2);
	TOLD(damaged);
	SPOIL(region->maximum, region->brk - 4096);
	TOLD(out);
	SPOIL(region->brk, region->brk - 16);
	TOLD(out);
	SPOIL(region->brk, region->brk + 4096);
	TOLD(out);
	SPOIL(space->face.limit, space->face.limit + 4096);
	TOLD(out);
	SPOIL(space->top, space->top - 1);
	TOLD(out);
}

static void of_the_segments(void)
{
	static const char counts[] =
		"the counts do not agree with the segments";
	struct region *region = space->region;
	uint64_t *word = word_of(space->top, true);

	SPOIL(*word, *word & ~bit_of(space->top));
	TOLD("the mark at the break is missing");
	SPOIL(space->pairs[0].used, space->pairs[0].used & ~(uint64_t)1);
	SPOIL(space->pairs[0].start, space->pairs[0].start & ~(uint64_t)1);
	TOLD("no segment begins at the first address");
	word = word_of(at(blocks[5]), true);
	SPOIL(*word, *word & ~bit_of(at(blocks[5])));
	TOLD("two holes of a node are neighbours");
	SPOIL(region->holes, region->holes + 1);
	TOLD(counts);
	SPOIL(region->used, region->used - 1);
	TOLD(counts);
	SPOIL(region->frees, region->frees + 1);
	TOLD(counts);
	word = word_of(at(blocks[5]) + 3, true);
	SPOIL(*word, *word | bit_of(at(blocks[5]) + 3));
	TOLD("a block begins where no segment does");
}

static void of_the_summary(void)
{
	uint64_t *level = space->starts.level[0];

	SPOIL(level[0], level[0] & ~(uint64_t)1);
	TOLD("the summary of starts is wrong");
	level = space->starts.level[1];
	SPOIL(level[0], 0);
	TOLD("the summary's levels disagree");
}

static void of_the_tracts(void)
{
	uint64_t *level = space->idle.level[0];

	SPOIL(space->tracts[0], space->tracts[0] + 1);
	TOLD("the count of a tract is wrong");
	SPOIL(level[0], level[0] | 1);
	TOLD("a tract in use waits to go");
	SPOIL(space->idle_count, space->idle_count + 1);
	TOLD("the number of tracts that wait is wrong");
}

static void of_nodes(void)
{
	uint64_t page;

	ok(!space->joins && space->region->nodes > 1, "there are nodes");
	SPOIL(space->region->nodes, space->region->nodes + 1);
	TOLD("the number of nodes is wrong");
	/* A node of three pages, one block in it. */
	page = (mems_space_alloc(&space->face, 3 * MEMS_PAGE_SIZE) -
		MEMS_VA_FIRST) / MEMS_PAGE_SIZE + 1;
	SPOIL(space->nodes[page >> 6],
	      space->nodes[page >> 6] | (uint64_t)1 << (page & 63));
	TOLD("a segment crosses the border of a node");
}

static void of_first_fits_tree(void)
{
	ok(space->tree_levels > 1, "the tree has levels");
	SPOIL(space->tree[0][0], space->tree[0][0] + 1);
	TOLD("a unit's longest hole is not the one noted");
	SPOIL(space->tree[1][0], space->tree[1][0] + 1);
	TOLD("a cell is not the most of those below");
}

static void of_good_fits_hints(void)
{
	uint32_t hole = (uint32_t)at(blocks[3]);	/* and the next */
	uint32_t *hint = space->hints;

	for (size_t i = 0; i < HINT_BLOCK * HINT_BLOCKS_LEAST; i++) {
		if (hint[i] == hole && spoilt_count < 8)
			SPOIL(hint[i], 0);
	}
	ok(spoilt_count > 0, "there is a hint of the hole");
	TOLD("a hole is not in the index");
}

static void of_an_empty_space(void)
{
	static const char counts[] = "an empty space has counts";
	struct region *region;

	space = (struct space *)mems_space_create(NULL);
	region = space->region;
	SPOIL(region->holes, 1);
	TOLD(counts);
	SPOIL(region->used, 1);
	TOLD(counts);
	SPOIL(region->nodes, 1);
	TOLD(counts);
	SPOIL(region->allocations, 1);
	TOLD(counts);
	end();
}

int main(void)
{
	struct mems_space_options options = MEMS_SPACE_OPTIONS;

	options.granule = 16;
	begin(options);
	of_the_head();
	of_the_segments();
	of_the_summary();
	of_the_tracts();
	of_good_fits_hints();
	end();

	options.policy = MEMS_FIRST_FIT;
	options.growth = 65536;
	begin(options);
	of_first_fits_tree();
	end();

	options.growth = 0;
	begin(options);
	of_nodes();
	of_the_segments();
	end();

	of_an_empty_space();
	return done_testing();
}
