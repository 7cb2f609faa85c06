/*
 * Every call to the system fails in turn: the n-th, for every n, once alone
 * and once with all that follow. Whatever the library was doing then must
 * answer ENOMEM or do without, and leave the space sound and usable.
 */
#include <config.h>

#include "os/pages.h"

#include "tap.h"

#include <mems.h>

#include <errno.h>

#define BLOCKS 40

static long calls, fail_from, fail_to;

static bool may(void)
{
	calls++;
	return calls < fail_from || calls > fail_to;
}

static struct mems_space_options variant(int number)
{
	struct mems_space_options options =
		number & 1 ? (struct mems_space_options)MEMS_SPACE_CLASSIC :
			     (struct mems_space_options)MEMS_SPACE_OPTIONS;

	if (number & 2)
		options.growth = 1 << 20;
	if (number & 4)
		options.policy = 1 - options.policy;
	options.maximum = (uint64_t)512 << 20;
	return options;
}

/* True if the space is sound; says so if it is not. */
static bool is_sound(mems_space *space)
{
	char report[100] = "";

	if (mems_space_verify(space, report, sizeof(report)) == 0)
		return true;
	diag("failing %ld to %ld of %ld: %s", fail_from, fail_to, calls,
	     report);
	return false;
}

/* Work that grows, shrinks, moves and gives back. False: something broke. */
static bool work(mems_space *space)
{
	mems_va blocks[BLOCKS];
	struct mems_space_stats before = { .size = sizeof(before) };
	struct mems_space_stats after = { .size = sizeof(after) };

	for (int i = 0; i < BLOCKS; i++) {
		size_t size = (size_t)1000 << i % 12;

		mems_space_stats(space, &before);
		errno = 0;
		blocks[i] = i % 3 == 0 ? mems_space_calloc(space, 1, size) :
					 mems_space_alloc(space, size);
		mems_space_stats(space, &after);
		if (blocks[i] == MEMS_VA_NONE &&
		    (errno != ENOMEM || after.used != before.used ||
		     after.mapped != before.mapped)) {
			diag("a refused request changed something");
			return false;
		}
		if (blocks[i] != MEMS_VA_NONE)
			memset(mems_space_get(space, blocks[i]), 1, 100);
	}
	for (int i = 0; i < BLOCKS; i += 2) {
		mems_va moved;

		if (blocks[i] == MEMS_VA_NONE)
			continue;
		moved = mems_space_resize(space, blocks[i], 1 << 20);
		if (moved != MEMS_VA_NONE)
			blocks[i] = moved;
		if (*(char *)mems_space_get(space, blocks[i]) != 1) {
			diag("a block lost its content");
			return false;
		}
	}
	if (!is_sound(space))
		return false;
	for (int i = 0; i < BLOCKS; i++)
		mems_space_free(space, blocks[i]);
	mems_space_trim(space, NULL);
	mems_space_defrag(space, NULL);
	return is_sound(space);
}

/* One run with those calls failing; false if something broke. */
static bool run(int number)
{
	struct mems_space_options options = variant(number);
	mems_space *space;
	bool sound;

	calls = 0;
	errno = 0;
	mems__pages_may = may;
	space = mems_space_create(&options);
	if (space == NULL) {
		mems__pages_may = NULL;
		return errno == ENOMEM;
	}
	sound = work(space);
	/* The system recovers: everything must be possible again. */
	mems__pages_may = NULL;
	if (sound) {
		mems_va va = mems_space_calloc(space, 1, 3 << 20);

		sound = va != MEMS_VA_NONE && is_sound(space) &&
			*(char *)mems_space_get(space, va + (2 << 20)) == 0;
	}
	mems_space_destroy(space);
	return sound;
}

int main(void)
{
	for (int number = 0; number < 8; number++) {
		long most;

		fail_from = fail_to = 0;
		ok(run(number), "variant %d: works when nothing fails", number);
		most = calls;
		ok(most > 5, "and asks the system %ld times", most);
		for (int lasting = 0; lasting <= 1; lasting++) {
			long broken = 0;

			for (long i = 1; i <= most; i++) {
				fail_from = i;
				fail_to = lasting ? most * 2 : i;
				broken += !run(number);
			}
			is(broken, 0, "variant %d: survives %s", number,
			   lasting ? "all from the n-th on failing" :
				     "the n-th failing");
		}
	}
	return done_testing();
}
