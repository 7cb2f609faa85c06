/* Walking the chains, also while they change. */
#include <errno.h>
#include <string.h>

#include <mems.h>

#include "api/space.h"
#include "tap.h"

/* What a walk has told of. */
struct seen {
	struct mems_segment told[16];
	size_t count;
	int stop_at;		/* the walk ends at this one, with 77 */
	int wrong;
	mems_va end;		/* of the last segment or node's start */
	uint64_t blocks, holes, nodes;
	enum mems_segment_kind last;
};

static int look(mems_space *space, const struct mems_segment *segment,
		void *arg)
{
	struct seen *seen = arg;

	(void)space;
	if (seen->count < 16)
		seen->told[seen->count] = *segment;
	seen->count++;
	return seen->stop_at != 0 && seen->count == (size_t)seen->stop_at ?
	       77 : 0;
}

static void is_told(const struct seen *seen, size_t index, mems_va va,
		    uint64_t size, uint64_t node, enum mems_segment_kind kind)
{
	const struct mems_segment *told = &seen->told[index];

	ok(index < seen->count && told->va == va && told->size == size &&
	   told->node == node && told->kind == kind,
	   "number %d is kind %d at %d, %d bytes, in node %d", (int)index,
	   (int)kind, (int)va, (int)size, (int)node);
}

static mems_space *classic_space(void)
{
	struct mems_space_options options = MEMS_SPACE_CLASSIC;

	options.maximum = 16 << 20;
	return mems_space_create(&options);
}

static void nodes_come_before_their_segments(void)
{
	mems_space *space = classic_space();
	struct seen seen = { 0 };
	mems_va a, b, c;

	is(mems_space_walk(space, look, &seen), 0, "an empty space is walked");
	is(seen.count, 0, "it has nothing to tell");
	a = mems_space_alloc(space, 1000);
	b = mems_space_alloc(space, 1000);
	c = mems_space_alloc(space, 8000);
	mems_space_free(space, a);
	is(mems_space_walk(space, look, &seen), 0, "two nodes are walked");
	is(seen.count, 7, "and told of with their five segments");
	is_told(&seen, 0, 1000, 4096, 0, MEMS_NODE);
	is_told(&seen, 1, a, 1000, 0, MEMS_HOLE);
	is_told(&seen, 2, b, 1000, 0, MEMS_PROCESS);
	is_told(&seen, 3, 3000, 2096, 0, MEMS_HOLE);
	is_told(&seen, 4, 5096, 8192, 1, MEMS_NODE);
	is_told(&seen, 5, c, 8000, 1, MEMS_PROCESS);
	is_told(&seen, 6, 13096, 192, 1, MEMS_HOLE);
	mems_space_destroy(space);
}

static void the_callback_can_end_it(void)
{
	mems_space *space = classic_space();
	int right = 0;

	for (int i = 0; i < 4; i++)
		right += mems_space_alloc(space, 4096) != MEMS_VA_NONE;
	for (int stop = 1; stop <= 8; stop++) {
		struct seen seen = { .stop_at = stop };

		right += mems_space_walk(space, look, &seen) == 77 &&
			 seen.count == (size_t)stop;
	}
	is(right, 12, "at each place its number is handed on");
	is(mems_space_walk(space, NULL, NULL), -EINVAL,
	   "without a callback there is no walk");
	mems_space_destroy(space);
}

/* Segments must lie end to end in order, nodes too, each told of once. */
static void check_order(struct seen *seen, const struct mems_segment *segment)
{
	if (segment->va < seen->end || segment->size == 0)
		seen->wrong++;
	if (segment->kind == MEMS_NODE) {
		seen->nodes++;
		seen->end = segment->va;
	} else {
		seen->blocks += segment->kind == MEMS_PROCESS;
		seen->holes += segment->kind == MEMS_HOLE;
		seen->end = segment->va + segment->size;
	}
	seen->count++;
}

static int free_what_is_told(mems_space *space,
			     const struct mems_segment *segment, void *arg)
{
	struct seen *seen = arg;

	check_order(seen, segment);
	if (segment->kind == MEMS_PROCESS &&
	    mems_space_free(space, segment->va) != 0)
		seen->wrong++;
	return 0;
}

static int allocate_at_each(mems_space *space,
			    const struct mems_segment *segment, void *arg)
{
	struct seen *seen = arg;

	check_order(seen, segment);
	if (seen->count < 5000 && mems_space_alloc(space, 64) == MEMS_VA_NONE)
		seen->wrong++;
	return 0;
}

static int walk_again(mems_space *space, const struct mems_segment *segment,
		      void *arg)
{
	struct seen inner = { 0 };

	check_order(arg, segment);
	return mems_space_walk(space, look, &inner) != 0 || inner.count == 0;
}

static int grow_the_space(mems_space *space,
			  const struct mems_segment *segment, void *arg)
{
	struct seen *seen = arg;

	check_order(seen, segment);
	if (seen->count < 100 &&
	    mems_space_alloc(space, 9000) == MEMS_VA_NONE)
		seen->wrong++;
	return 0;
}

static void the_callback_may_change_the_space(mems_space *space,
					      const char *layout)
{
	struct seen seen = { 0 };
	uint64_t made = 0;

	for (int i = 0; i < 3000; i++)
		made += mems_space_alloc(space, 48) != MEMS_VA_NONE;
	for (mems_va va = 1000; va < 1000 + 3000 * 48; va += 96)
		made += mems_space_free(space, va) == 0;
	is(mems_space_walk(space, walk_again, &seen), 0,
	   "%s: a walk can be walked in", layout);
	is(seen.wrong, 0, "%s: nothing is told of twice", layout);

	seen = (struct seen){ 0 };
	is(mems_space_walk(space, allocate_at_each, &seen), 0,
	   "%s: blocks are made during the walk", layout);
	is(seen.wrong, 0, "%s: nothing is told of twice", layout);
	ok(seen.blocks >= 1500, "%s: and what lived all the time is told of",
	   layout);

	seen = (struct seen){ 0 };
	is(mems_space_walk(space, grow_the_space, &seen), 0,
	   "%s: the space grows during the walk", layout);
	is(seen.wrong, 0, "%s: nothing is told of twice", layout);

	made = space_stats(space).blocks;
	seen = (struct seen){ 0 };
	is(mems_space_walk(space, free_what_is_told, &seen), 0,
	   "%s: each block is freed when it is told of", layout);
	is(seen.wrong, 0, "%s: nothing is told of twice", layout);
	is(seen.blocks, made, "%s: all were told of", layout);
	is(space_stats(space).blocks, 0, "%s: none is left", layout);
	ok(space_is_sound(space), "%s: the space is sound", layout);
}

int main(void)
{
	mems_space *space;

	nodes_come_before_their_segments();
	the_callback_can_end_it();
	space = classic_space();
	the_callback_may_change_the_space(space, "classic");
	mems_space_destroy(space);
	space = space_make(16 << 20);
	the_callback_may_change_the_space(space, "default");
	mems_space_destroy(space);
	return done_testing();
}
