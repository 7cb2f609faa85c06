/* Random sizes, counts and alignments, up to the largest there are. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include <mems.h>

#include "api/space.h"
#include "random.h"
#include "tap.h"

static struct rng rng;

/* Any power of two, a little more or less; small numbers; anything. */
static size_t random_size(void)
{
	size_t size = (size_t)1 << rng_below(&rng, 8 * sizeof(size));

	switch (rng_below(&rng, 4)) {
	case 0:
		return size + (size_t)rng_below(&rng, 33) - 16;
	case 1:
		return 0 - size + (size_t)rng_below(&rng, 33) - 16;
	case 2:
		return (size_t)rng_below(&rng, 100);
	default:
		return (size_t)rng_next(&rng);
	}
}

static bool is_power_of_two(size_t n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

/*
 * What a call gave for `count` times `size` bytes: a block that is really so
 * large, or the error that fits.
 */
static bool is_right(mems_space *space, mems_va va, size_t count, size_t size,
		     size_t alignment, uint64_t maximum)
{
	bool wrong = count == 0 || size == 0 || !is_power_of_two(alignment);

	if (va == MEMS_VA_NONE)
		return errno == (wrong ? EINVAL : ENOMEM);
	return !wrong && count <= maximum / size &&
	       mems_space_usable_size(space, va) >= count * size &&
	       mems_space_get(space, va + count * size - 1) != NULL &&
	       (uintptr_t)mems_space_get(space, va) % alignment == 0;
}

static bool try(mems_space *space, uint64_t maximum)
{
	size_t size = random_size(), count = random_size();
	size_t alignment = random_size();
	mems_va va, moved;

	if (rng_below(&rng, 2) == 0)
		alignment = (size_t)1 << rng_below(&rng, 8 * sizeof(size));
	errno = 0;
	va = mems_space_alloc(space, size);
	if (!is_right(space, va, 1, size, 1, maximum))
		return false;
	errno = 0;
	moved = mems_space_resize(space, va, count);
	if (!is_right(space, moved, 1, count, 1, maximum))
		return false;
	if (mems_space_free(space, moved != MEMS_VA_NONE ? moved : va) != 0)
		return false;
	errno = 0;
	va = mems_space_calloc(space, count, size);
	if (!is_right(space, va, count, size, 1, maximum) ||
	    mems_space_free(space, va) != 0)
		return false;
	errno = 0;
	va = mems_space_aligned_alloc(space, alignment, size);
	return is_right(space, va, 1, size, alignment, maximum) &&
	       mems_space_free(space, va) == 0;
}

static void no_size_does_harm(const struct mems_space_options *base,
			      uint32_t granule, uint64_t hard)
{
	struct mems_space_options options = *base;
	uint64_t rounds = test_scaled(20000), round = 0;
	mems_space *space;
	bool right = true;

	options.maximum = 1 << 20;
	options.granule = granule;
	options.hard_limit = hard;
	space = mems_space_create(&options);
	while (right && round < rounds) {
		right = try(space, options.maximum);
		if (++round % 1000 == 0)
			right = right && space_is_sound(space);
	}
	ok(right, "granule %u, growth %d, hard limit %d: every answer is "
	   "right (round %d)", (unsigned)granule, (int)options.growth,
	   (int)hard, (int)round);
	is(space_stats(space).used, 0, "nothing is left");
	ok(space_is_sound(space), "the space is sound");
	mems_space_destroy(space);
}

int main(void)
{
	static const struct mems_space_options defaults = MEMS_SPACE_OPTIONS;
	static const struct mems_space_options classic = MEMS_SPACE_CLASSIC;

	rng = rng_make(test_seed(), 0);
	no_size_does_harm(&defaults, 16, 0);
	no_size_does_harm(&defaults, 1, 10000);
	no_size_does_harm(&defaults, 4096, 0);
	no_size_does_harm(&classic, 8, 0);
	no_size_does_harm(&classic, 1, 0);
	return done_testing();
}
