/*
 * Memory fails at every step. First the system: the n-th call to it, for every
 * n, once alone and once with all that follow. Then a space: it has room for
 * less and less. A call is refused with ENOMEM, nothing is lost, and it goes on
 * when there is memory again.
 */
#include <config.h>

#include "os/pages.h"

#include "random.h"
#include "tap.h"
#include "unit/refusals.h"

#include <mems.h>

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCKS 400

enum where { IN_SPACE, IN_HEAP, IN_DEPOT };

static const char *const names[] = { "a cache in a space",
	"a cache in a heap", "a depot" };

/* --------------------------------------------------------- either of both */

struct subject {
	mems_slab *slab;
	mems_depot *depot;
};

static bool begin(struct subject *subject, enum where where,
		  mems_space *space, mems_heap *heap)
{
	struct mems_slab_options options = MEMS_SLAB_OPTIONS;

	*subject = (struct subject){ NULL, NULL };
	options.space = space;
	options.heap = heap;
	options.slot_size = 200;
	if (where == IN_DEPOT)
		subject->depot = mems_depot_create(space);
	else
		subject->slab = mems_slab_create(&options);
	return subject->slab != NULL || subject->depot != NULL;
}

static bool share(const struct subject *subject, struct subject *other)
{
	*other = (struct subject){ NULL, NULL };
	if (subject->depot != NULL)
		other->depot = mems_depot_share(subject->depot);
	else
		other->slab = mems_slab_share(subject->slab);
	return other->slab != NULL || other->depot != NULL;
}

static bool detach(const struct subject *subject)
{
	return (subject->depot != NULL ? mems_depot_detach(subject->depot) :
		mems_slab_detach(subject->slab)) == 0;
}

static void *get(const struct subject *subject, size_t size)
{
	return subject->depot != NULL ? mems_depot_alloc(subject->depot, size) :
	       mems_slab_alloc(subject->slab);
}

static bool put(const struct subject *subject, void *block)
{
	return (subject->depot != NULL ? mems_depot_free(subject->depot,
							 block) :
		mems_slab_free(subject->slab, block)) == 0;
}

static bool is_sound(const struct subject *subject)
{
	char report[100] = "";
	int rc = subject->depot != NULL ?
		 mems_depot_verify(subject->depot, report, sizeof(report)) :
		 mems_slab_verify(subject->slab, report, sizeof(report));

	return rc == 0 || broken(report);
}

static struct mems_slab_stats stats_of(const struct subject *subject)
{
	struct mems_slab_stats stats = { .size = sizeof(stats) };

	if (subject->depot != NULL)
		mems_depot_stats(subject->depot, &stats);
	else
		mems_slab_stats(subject->slab, &stats);
	return stats;
}

static size_t size_of(int i)
{
	return i % 10 == 0 ? 1500 + (size_t)i * 40 : 1 + (size_t)i % 200;
}

static bool is_full_of(const unsigned char *block, int byte, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (block[i] != (unsigned char)byte)
			return false;
	return true;
}

/* How much of a block is its own: those of a cache are all the same. */
static size_t bytes_of(const struct subject *subject, int i)
{
	return subject->depot != NULL ? size_of(i) : 200;
}

/* Fill and empty it, by two handles if there is memory for them. */
static bool work(const struct subject *subject)
{
	static unsigned char *blocks[BLOCKS];
	struct subject other;
	uint64_t count = 0;

	errno = 0;
	if (!share(subject, &other) && errno != ENOMEM)
		return broken("another error of share");
	if (other.slab == NULL && other.depot == NULL &&
	    stats_of(subject).handles != 1)
		return broken("a handle that was not had is counted");
	for (int i = 0; i < BLOCKS; i++) {
		const struct subject *by = i % 2 && (other.slab != NULL ||
				other.depot != NULL) ? &other : subject;
		struct mems_slab_stats before = stats_of(subject), after;

		errno = 0;
		blocks[i] = get(by, size_of(i));
		if (blocks[i] != NULL) {
			memset(blocks[i], i, bytes_of(subject, i));
			count++;
			continue;
		}
		after = stats_of(subject);
		if (errno != ENOMEM)
			return broken("another error than ENOMEM");
		if (after.blocks != before.blocks ||
		    after.used != before.used || after.held != before.held)
			return broken("a refused request changed something");
	}
	if (stats_of(subject).blocks != count || !is_sound(subject))
		return broken("not as many blocks as were had");
	for (int i = 0; i < BLOCKS; i++) {
		if (blocks[i] == NULL)
			continue;
		if (!is_full_of(blocks[i], i, bytes_of(subject, i)))
			return broken("a block was overwritten");
		if (!put(subject, blocks[i]))
			return broken("a block is not freed");
	}
	if ((other.slab != NULL || other.depot != NULL) && !detach(&other))
		return broken("a handle is not detached");
	return stats_of(subject).blocks == 0 && is_sound(subject);
}

/* -------------------------------------------------------- the system fails */

static uint64_t used_in(mems_space *space)
{
	struct mems_space_stats stats = { .size = sizeof(stats) };

	mems_space_stats(space, &stats);
	return stats.used;
}

/* One run with those calls failing; false if something broke. */
static bool run(enum where where)
{
	mems_space *space = NULL;
	struct subject subject;
	bool right;

	if (where != IN_HEAP)
		space = mems_space_create(NULL);
	calls = 0;
	mems__pages_may = may;
	errno = 0;
	if (!begin(&subject, where, space, NULL)) {
		if (errno != ENOMEM)
			return broken("create: no ENOMEM");
		mems__pages_may = NULL;
		/* The system recovers. */
		if (!begin(&subject, where, space, NULL))
			return broken("it does not recover");
		mems__pages_may = may;
	}
	right = work(&subject);
	mems__pages_may = NULL;
	if (!right || !work(&subject))
		return broken("it does not work as before");
	if (!detach(&subject))
		return broken("it does not end");
	if (space == NULL)
		return mems_heap_verify(NULL, NULL, 0) == 0;
	if (used_in(space) != 0)
		return broken("something is left in the space");
	return mems_space_verify(space, NULL, 0) == 0 &&
	       mems_space_destroy(space) == 0;
}

/* In a process that never had a cache, so that every growth is a first. */
static int in_a_child(enum where where, long *asked)
{
	int ends[2], status = -1;
	pid_t child;

	fflush(stdout);
	if (pipe(ends) != 0)
		return -1;
	child = fork();
	if (child == 0) {
		bool right = run(where);

		if (write(ends[1], &calls, sizeof(calls)) < 0)
			_exit(2);
		_exit(right ? 0 : 1);
	}
	close(ends[1]);
	if (read(ends[0], asked, sizeof(*asked)) < 0)
		*asked = 0;
	close(ends[0]);
	waitpid(child, &status, 0);
	return status;
}

static void the_system_fails(enum where where)
{
	long most = 0, step;

	fail_from = fail_to = 0;
	is(in_a_child(where, &most), 0, "%s: works when nothing fails",
	   names[where]);
	ok(most > 3, "%s: and asks the system %ld times", names[where], most);
	step = test_scaled(100) < 100 ? most / 10 + 1 : 1;
	for (int lasting = 0; lasting <= 1; lasting++) {
		long wrong = 0, asked;

		for (long i = 1; i <= most; i += step) {
			fail_from = i;
			fail_to = lasting ? most * 1000 : i;
			wrong += in_a_child(where, &asked) != 0;
		}
		is(wrong, 0, "%s: survives %s", names[where], lasting ?
		   "all from the n-th on failing" : "the n-th failing");
	}
}

/* --------------------------------------------------------- a space is small */

/* A limit is reached after any number of bytes. */
static void a_space_has_no_room(enum where where)
{
	uint64_t step = test_scaled(100) < 100 ? 3008 : 112, created = 0;
	uint64_t most = 200000;
	long wrong = 0;

	for (uint64_t limit = 16; limit < most; limit += step) {
		mems_space *space = mems_space_create(NULL);
		struct subject subject;

		mems_space_limit(space, 0, limit, NULL, NULL);
		errno = 0;
		if (begin(&subject, where, space, NULL)) {
			created++;
			wrong += !work(&subject);
			mems_space_limit(space, 0, 0, NULL, NULL);
			wrong += !work(&subject);
			wrong += !detach(&subject);
		} else {
			wrong += errno != ENOMEM;
		}
		wrong += used_in(space) != 0;
		wrong += mems_space_verify(space, NULL, 0) != 0;
		mems_space_destroy(space);
		/* The first steps are the smallest. */
		if (limit > 8000)
			limit += step;
		if (limit > 60000)
			limit += 8 * step;
	}
	is(wrong, 0, "%s: a space may be too small by any number of bytes",
	   names[where]);
	ok(created > 3, "%s: it was created %d times", names[where],
	   (int)created);
}

int main(void)
{
	the_system_fails(IN_SPACE);
	the_system_fails(IN_HEAP);
	the_system_fails(IN_DEPOT);
	a_space_has_no_room(IN_SPACE);
	a_space_has_no_room(IN_DEPOT);
	return done_testing();
}
