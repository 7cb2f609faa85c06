/* The soft limit, which tells, and the hard limit, which refuses. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>

#include "api/space.h"
#include "tap.h"

/* What the callback was told. */
static struct {
	int calls;
	mems_space *space;
	uint64_t used;
	uint64_t blocks;	/* as the statistics told it */
	mems_va made;		/* a block that the callback made */
} heard;

static int context;

/* Calls the space as much as a callback might. */
static void hear(mems_space *space, uint64_t used, void *arg)
{
	struct mems_space_stats stats = { .size = sizeof(stats) };

	heard.calls++;
	heard.space = arg == &context ? space : NULL;
	heard.used = used;
	if (mems_space_stats(space, &stats) == 0)
		heard.blocks = stats.blocks;
	heard.made = mems_space_alloc(space, 16);
	if (heard.made != MEMS_VA_NONE &&
	    mems_space_free(space, heard.made) != 0)
		heard.made = MEMS_VA_NONE;
}

static mems_space *limited(uint64_t soft, uint64_t hard)
{
	struct mems_space_options options = MEMS_SPACE_OPTIONS;

	memset(&heard, 0, sizeof(heard));
	options.maximum = 1 << 20;
	options.soft_limit = soft;
	options.hard_limit = hard;
	options.on_soft_limit = hear;
	options.arg = &context;
	return mems_space_create(&options);
}

static void the_soft_limit_is_told_of_once(void)
{
	mems_space *space = limited(1600, 0);
	mems_va a = mems_space_alloc(space, 800);
	mems_va b = mems_space_alloc(space, 800);
	mems_va c;

	is(space_stats(space).soft_limit, 1600, "statistics tell the limit");
	is(heard.calls, 0, "use may reach the limit");
	c = mems_space_alloc(space, 1);
	is(heard.calls, 1, "the first byte above it is told of");
	ok(heard.space == space, "with the space and the argument");
	is(heard.used, 1616, "and the bytes in use");
	is(heard.blocks, 3, "the block has been made then");
	ok(heard.made != MEMS_VA_NONE, "the callback can call the space");
	mems_space_free(space, mems_space_alloc(space, 800));
	is(heard.calls, 1, "it is not told of again");
	mems_space_free(space, c);
	c = mems_space_alloc(space, 16);
	is(heard.calls, 2, "until use has fallen to the limit");
	mems_space_free(space, c);
	c = mems_space_calloc(space, 2, 100);
	is(heard.calls, 3, "calloc tells");
	mems_space_free(space, c);
	c = mems_space_aligned_alloc(space, 256, 100);
	is(heard.calls, 4, "aligned_alloc tells");
	mems_space_free(space, c);
	b = mems_space_resize(space, b, 1000);
	is(heard.calls, 5, "resize tells");
	is(mems_space_usable_size(space, b), 1008, "and is done");
	a = mems_space_resize(space, a, 16);
	a = mems_space_resize(space, a, 900);
	is(heard.calls, 6, "again after it made use fall");
	ok(space_is_sound(space), "the space is sound");
	mems_space_destroy(space);
}

static void the_hard_limit_is_exact(void)
{
	mems_space *space = limited(0, 1600);
	mems_va a = mems_space_alloc(space, 800);
	mems_va b;

	is(space_stats(space).hard_limit, 1600, "statistics tell the limit");
	errno = 0;
	ok(mems_space_alloc(space, 801) == MEMS_VA_NONE && errno == ENOMEM,
	   "a byte too many is refused");
	is(space_stats(space).used, 800, "nothing is used for it");
	b = mems_space_alloc(space, 800);
	ok(b != MEMS_VA_NONE, "the last byte is not");
	errno = 0;
	ok(mems_space_alloc(space, 1) == MEMS_VA_NONE && errno == ENOMEM,
	   "then alloc is refused");
	errno = 0;
	ok(mems_space_calloc(space, 1, 1) == MEMS_VA_NONE && errno == ENOMEM,
	   "calloc too");
	errno = 0;
	ok(mems_space_aligned_alloc(space, 64, 1) == MEMS_VA_NONE &&
	   errno == ENOMEM, "aligned_alloc too");
	errno = 0;
	ok(mems_space_resize(space, b, 801) == MEMS_VA_NONE && errno == ENOMEM,
	   "resize in place too");
	errno = 0;
	ok(mems_space_resize(space, a, 801) == MEMS_VA_NONE && errno == ENOMEM,
	   "resize by a move too");
	is(mems_space_resize(space, b, 784), b, "a block can shrink");
	ok(mems_space_alloc(space, 16) != MEMS_VA_NONE, "and leave room");
	is(mems_space_free(space, a), 0, "a block can be freed");
	ok(mems_space_alloc(space, 800) != MEMS_VA_NONE, "and taken again");
	is(heard.calls, 0, "the hard limit is told of to nobody");
	is(space_stats(space).used_peak, 1600, "use was never above it");
	ok(space_is_sound(space), "the space is sound");
	mems_space_destroy(space);
}

/* While a block moves, both places are in use. */
static void a_move_needs_room_for_both(void)
{
	mems_space *space = limited(0, 1600);
	mems_va a = mems_space_alloc(space, 800);
	mems_va wall = mems_space_alloc(space, 16);
	mems_va moved;

	errno = 0;
	ok(mems_space_resize(space, a, 816) == MEMS_VA_NONE &&
	   errno == ENOMEM, "a move above the limit is refused");
	is(mems_space_usable_size(space, a), 800, "the block is as before");
	is(mems_space_limit(space, 0, 1632, NULL, NULL), 0,
	   "a limit for both places");
	moved = mems_space_resize(space, a, 816);
	ok(moved > wall, "lets it move");
	is(space_stats(space).used, 832, "and one is left");
	is(space_stats(space).used_peak, 1632, "both were in use");
	mems_space_destroy(space);
}

static void limits_can_be_changed(void)
{
	mems_space *space = limited(0, 0);
	mems_va a = mems_space_alloc(space, 3200);
	mems_va b = mems_space_alloc(space, 3200);

	is(mems_space_limit(space, 1001, 1000, hear, &context), -EINVAL,
	   "the soft limit is not above the hard one");
	is(space_stats(space).soft_limit, 0, "that changed nothing");
	is(mems_space_limit(space, 1600, 3200, hear, &context), 0,
	   "limits are set below what is in use");
	is(heard.calls, 0, "which is told of to nobody");
	errno = 0;
	ok(mems_space_alloc(space, 1) == MEMS_VA_NONE && errno == ENOMEM,
	   "growth is refused");
	errno = 0;
	ok(mems_space_resize(space, b, 3201) == MEMS_VA_NONE &&
	   errno == ENOMEM, "in a block too");
	is(mems_space_resize(space, b, 16), b, "a block can shrink");
	ok(mems_space_contains(space, a), "nothing is lost");
	is(mems_space_free(space, a), 0, "it can be freed");
	a = mems_space_alloc(space, 3184);
	ok(a != MEMS_VA_NONE, "below the limit there is room again");
	is(heard.calls, 1, "the soft limit was crossed upwards");
	is(mems_space_limit(space, 0, 0, NULL, NULL), 0, "no limits");
	ok(mems_space_alloc(space, 100000) != MEMS_VA_NONE,
	   "then nothing is refused");
	is(heard.calls, 1, "or told of");
	is(mems_space_limit(space, 2000, 0, NULL, NULL), 0,
	   "a soft limit without a callback");
	mems_space_free(space, mems_space_alloc(space, 100000));
	ok(space_is_sound(space), "is crossed in silence");
	is(mems_space_limit(space, UINT64_MAX, UINT64_MAX, hear, &context), 0,
	   "the largest limits");
	ok(mems_space_alloc(space, 100) != MEMS_VA_NONE, "limit nothing");
	mems_space_destroy(space);
}

int main(void)
{
	the_soft_limit_is_told_of_once();
	the_hard_limit_is_exact();
	a_move_needs_room_for_both();
	limits_can_be_changed();
	return done_testing();
}
