#include "sizes.h"

#include <math.h>

#include "job.h"
#include "mix.h"

const struct sizes *sizes_pareto(void)
{
	struct sizes *sizes = table_make(sizeof(*sizes));
	struct random random = { 1 };

	for (int i = 0; i < SIZES_COUNT; i++)
		sizes->values[i] = mix_draw(mix_find("pareto"), &random);
	return sizes;
}

const struct sizes *sizes_uniform(uint32_t low, uint32_t high)
{
	struct sizes *sizes = table_make(sizeof(*sizes));
	struct random random = { 1 };

	for (int i = 0; i < SIZES_COUNT; i++)
		sizes->values[i] = low + random_below(&random, high - low + 1);
	return sizes;
}

const struct sizes *sizes_logarithm(uint32_t low, uint32_t high)
{
	struct sizes *sizes = table_make(sizeof(*sizes));
	struct random random = { 1 };

	for (int i = 0; i < SIZES_COUNT; i++)
		sizes->values[i] = (uint32_t)(low * pow((double)high / low,
							random_unit(&random)));
	return sizes;
}
