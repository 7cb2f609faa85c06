/* First fit where lengths do not fit in a cell of its tree: 2^31 granules. */
#include <config.h>

#include "tap.h"

#include <mems.h>

#define GIB ((uint64_t)1 << 30)

static mems_space *huge_space(void)
{
	struct mems_space_options options = MEMS_SPACE_CLASSIC;

	if (sizeof(void *) < 8)
		return NULL;
	options.granule = 1;
	options.growth = 4096;
	options.maximum = 32 * GIB;
	return mems_space_create(&options);
}

/* The first begins behind so many bytes. */
static void the_first_long_hole_that_fits_is_taken(mems_space *space,
						   size_t pad)
{
	mems_va before = mems_space_alloc(space, pad);
	mems_va first = mems_space_alloc(space, (size_t)(5 * GIB / 2));
	mems_va wall = mems_space_alloc(space, 1);
	mems_va second = mems_space_alloc(space, (size_t)(7 * GIB / 2));
	mems_va wall2 = mems_space_alloc(space, 1);
	mems_va third = mems_space_alloc(space, (size_t)(3 * GIB));
	mems_va wall3 = mems_space_alloc(space, 1);
	struct mems_space_stats stats = { .size = sizeof(stats) };
	char report[80] = "sound";

	if (wall3 == MEMS_VA_NONE) {
		skip("the system does not lend 9 GiB");
		return;
	}
	(void)before;
	(void)wall;
	(void)wall2;
	mems_space_free(space, first);
	mems_space_free(space, second);
	mems_space_free(space, third);
	mems_space_stats(space, &stats);
	ok(stats.largest_hole == 7 * GIB / 2, "the largest hole is known");
	mems_space_verify(space, report, sizeof(report));
	is_str(report, "sound", "three holes of over 2^31 granules: sound");
	ok(mems_space_alloc(space, (size_t)(11 * GIB / 4)) == second,
	   "2.75 GiB: the first is too short, the second will do");
	ok(mems_space_alloc(space, (size_t)(9 * GIB / 4)) == first,
	   "2.25 GiB: the first will do");
	ok(mems_space_alloc(space, (size_t)(5 * GIB / 2)) == third,
	   "2.5 GiB: what is left of the first and second is too short");
	mems_space_verify(space, report, sizeof(report));
	is_str(report, "sound", "and sound it is still");
}

int main(void)
{
	/* The second: in the last line of cells below one of the next level. */
	static const size_t pads[] = { 16, 240 * 128 };

	for (int i = 0; i < 2; i++) {
		mems_space *space = huge_space();

		if (space != NULL)
			the_first_long_hole_that_fits_is_taken(space, pads[i]);
		else
			skip("no room for 32 GiB of addresses");
		mems_space_destroy(space);
	}
	return done_testing();
}
