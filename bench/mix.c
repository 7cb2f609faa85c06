/*
 * The size mixes. Sizes are rounded up to 8, so that no peer is measured by
 * how it rounds odd sizes.
 */
#include "mix.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define RARE 0.001
#define RARE_LARGEST 262144.0

/*
 * A bounded Pareto distribution with exponent 1: half of the blocks are below
 * 32 bytes, a few are kilobytes. One in a thousand is larger still, its
 * logarithm uniform.
 */
static double draw_pareto(const struct mix *mix, struct random *random)
{
	double u = random_unit(random);

	if (u < RARE)
		return mix->high * pow(RARE_LARGEST / mix->high, u / RARE);
	u = (u - RARE) / (1 - RARE);
	return mix->low / (1 - u * (1 - (double)mix->low / mix->high));
}

static double draw_uniform(const struct mix *mix, struct random *random)
{
	return mix->low + random_below(random, mix->high - mix->low + 1);
}

static double draw_exponential(const struct mix *mix, struct random *random)
{
	double size = -mix->mean * log(1 - random_unit(random));

	return size < mix->low ? mix->low : size;
}

static double draw_fixed(const struct mix *mix, struct random *random)
{
	static const uint16_t sizes[8] = {
		16, 32, 48, 64, 128, 256, 1024, 4096
	};

	(void)mix;
	return sizes[random_below(random, 8)];
}

const struct mix mixes[] = {
	{ "pareto", "bounded Pareto 16 B..8 KiB, 0.1 % up to 256 KiB", 172,
	  16, 8192, draw_pareto },
	{ "uniform", "uniform 16..4096 B", 2056, 16, 4096, draw_uniform },
	{ "exponential", "exponential, mean 256 B", 256, 16, 0,
	  draw_exponential },
	{ "fixed", "eight fixed sizes, 16 B..4 KiB", 708, 16, 4096,
	  draw_fixed },
};

const int mix_count = sizeof(mixes) / sizeof(mixes[0]);

static const struct mix tiny = { "16-64", "16..64 B", 40, 16, 64,
				 draw_uniform };
static const struct mix small = { "72-128", "72..128 B", 100, 72, 128,
				  draw_uniform };
static const struct mix middle = { "256-1024", "256..1024 B", 640, 256, 1024,
				   draw_uniform };

const struct mix *const shift_mixes[SHIFT_STEPS] = {
	&tiny, &small, &middle, &tiny, &mixes[0]
};

const struct mix *mix_find(const char *key)
{
	for (int i = 0; i < mix_count; i++)
		if (strcmp(mixes[i].key, key) == 0)
			return &mixes[i];
	return NULL;
}

uint32_t mix_draw(const struct mix *mix, struct random *random)
{
	return ((uint32_t)mix->draw(mix, random) + 7) & ~UINT32_C(7);
}
