/* Random options: a space that works, or EINVAL or ENOMEM; never a crash. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>

#include "api/space.h"
#include "random.h"
#include "tap.h"

static struct rng rng;

static unsigned char memory[1 << 20];

static uint64_t random_number(void)
{
	uint64_t power = UINT64_C(1) << rng_below(&rng, 64);

	switch (rng_below(&rng, 5)) {
	case 0:
		return power + rng_below(&rng, 9) - 4;
	case 1:
		return 0 - power;
	case 2:
		return rng_next(&rng);
	case 3:
		return rng_below(&rng, 100000);
	default:
		return 0;
	}
}

static void no_callback(mems_space *space, uint64_t used, void *arg)
{
	(void)space;
	(void)used;
	(void)arg;
}

static struct mems_space_options random_options(void)
{
	struct mems_space_options options = MEMS_SPACE_OPTIONS;

	if (rng_below(&rng, 30) == 0)
		options.size = (size_t)random_number();
	options.maximum = random_number();
	if (rng_below(&rng, 2))
		options.growth = random_number();
	if (rng_below(&rng, 2))
		options.granule = UINT32_C(1) << rng_below(&rng, 13);
	if (rng_below(&rng, 10) == 0)
		options.granule = (uint32_t)random_number();
	options.policy = (uint32_t)rng_below(&rng, 2);
	if (rng_below(&rng, 30) == 0)
		options.policy = (uint32_t)random_number();
	if (rng_below(&rng, 3) == 0)
		options.hard_limit = random_number();
	if (rng_below(&rng, 3) == 0)
		options.soft_limit = random_number();
	if (rng_below(&rng, 2))
		options.on_soft_limit = no_callback;
	if (rng_below(&rng, 2)) {
		size_t at = (size_t)rng_below(&rng, sizeof(memory) / 16) * 16;

		at -= (uintptr_t)memory % 16;
		if (at >= sizeof(memory))
			at = 16 - (uintptr_t)memory % 16;
		options.memory = memory + at;
		options.memory_size = (size_t)rng_below(&rng,
							sizeof(memory) - at);
	}
	if (rng_below(&rng, 10) == 0)
		options.flags = (uint32_t)random_number();
	/* That it holds zeros is believed. */
	if ((options.flags & MEMS_MEMORY_ZEROED) != 0)
		memset(memory, 0, sizeof(memory));
	if (rng_below(&rng, 30) == 0)
		options.reserved = (uint32_t)random_number();
	return options;
}

/* A little of everything; refusals are right, disorder is not. */
static bool works(mems_space *space)
{
	mems_va va[4];

	for (int i = 0; i < 4; i++) {
		size_t size = (size_t)rng_size(&rng, 1, 5000);

		va[i] = mems_space_alloc(space, size);
		if (va[i] == MEMS_VA_NONE && errno != ENOMEM)
			return false;
		if (va[i] != MEMS_VA_NONE)
			memset(mems_space_get(space, va[i]), i, size);
	}
	if (!space_is_sound(space) || mems_space_trim(space, NULL) != 0)
		return false;
	for (int i = 0; i < 4; i++)
		if (mems_space_free(space, va[i]) != 0)
			return false;
	return space_is_sound(space) && space_stats(space).used == 0;
}

int main(void)
{
	uint64_t rounds = test_scaled(3000), round, made = 0;
	bool right = true;

	rng = rng_make(test_seed(), 0);
	for (round = 0; right && round < rounds; round++) {
		struct mems_space_options options = random_options();
		mems_space *space = mems_space_create(&options);

		if (space == NULL) {
			right = errno == EINVAL || errno == ENOMEM;
			continue;
		}
		made++;
		right = works(space) && mems_space_destroy(space) == 0;
	}
	ok(right, "every space works, every refusal has its error (round %d)",
	   (int)round);
	ok(made > rounds / 100, "%d spaces of %d were made", (int)made,
	   (int)rounds);
	return done_testing();
}
