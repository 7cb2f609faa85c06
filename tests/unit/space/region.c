/* Plans of regions: parts that do not overlap, and fit what they are for. */
#include <config.h>

#include "space/space.h"

#include "tap.h"

static bool parts_lie_apart(const struct region_plan *plan)
{
	for (int i = 0; i < AREAS; i++) {
		uint64_t from = plan->offset[i];
		uint64_t to = from + plan->area[i].size;

		if (plan->area[i].size == 0)
			continue;
		if (from < sizeof(struct region) || to > plan->size)
			return false;
		for (int j = 0; j < AREAS; j++) {
			uint64_t other = plan->offset[j];
			uint64_t end = other + plan->area[j].size;

			if (j != i && plan->area[j].size > 0 &&
			    from < end && other < to)
				return false;
		}
	}
	return true;
}

/* The parts are as many words as the largest break needs. */
static bool parts_suffice(const struct region_plan *plan, uint64_t maximum,
			  const struct mems_space_options *options)
{
	uint64_t granules = maximum / options->granule;

	if (plan->area[AREA_PAIRS].size < (granules / 64 + 1) * 16 ||
	    plan->area[AREA_STARTS].size < (granules / 64 / 64 + 1) * 8 ||
	    plan->area[AREA_TRACTS].size < (maximum + TRACT - 1) / TRACT * 4 ||
	    plan->area[AREA_DATA].size != maximum)
		return false;
	if (options->growth == 0 &&
	    plan->area[AREA_NODES].size < maximum / MEMS_PAGE_SIZE / 8)
		return false;
	return options->policy == MEMS_GOOD_FIT ||
	       plan->area[AREA_HOLES].size >= (granules / 128 + 1) * 4;
}

static void a_plan_is_sound(uint64_t maximum,
			    const struct mems_space_options *options)
{
	static const uintptr_t bases[] = { 0, 64, 4096 + 192 };

	for (size_t i = 0; i < sizeof(bases) / sizeof(*bases); i++) {
		struct region_plan plan;
		uint64_t align = bases[i] == 0 ? 65536 : 64;
		uint64_t data;

		mems__region_plan(&plan, maximum, options, bases[i], align);
		data = bases[i] + plan.offset[AREA_DATA];
		ok(parts_lie_apart(&plan) &&
		   parts_suffice(&plan, maximum, options) &&
		   data % options->granule == 0 && data % align == 0,
		   "maximum %llu, granule %u, policy %u, growth %llu, base %llu",
		   (unsigned long long)maximum, options->granule,
		   options->policy, (unsigned long long)options->growth,
		   (unsigned long long)bases[i]);
	}
}

int main(void)
{
	static const uint64_t maxima[] = { 4096, 12288, 1 << 20, 100003 * 4096,
		(uint64_t)1 << 32, (uint64_t)64 << 30 };

	for (size_t i = 0; i < sizeof(maxima) / sizeof(*maxima); i++) {
		for (uint32_t granule = 1; granule <= 4096; granule *= 8) {
			for (uint32_t policy = 0; policy <= 1; policy++) {
				struct mems_space_options options =
					MEMS_SPACE_OPTIONS;

				options.granule = granule;
				options.policy = policy;
				a_plan_is_sound(maxima[i], &options);
				options.growth = 0;
				a_plan_is_sound(maxima[i], &options);
			}
		}
	}
	return done_testing();
}
