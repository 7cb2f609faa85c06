/* Heaps: made with options, ended with all that is in them. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>

#include "api/heap.h"
#include "random.h"
#include "tap.h"

static void options_are_checked(void)
{
	static const struct mems_heap_options defaults = MEMS_HEAP_OPTIONS;
	struct mems_heap_options options = defaults;
	mems_heap *heap;

	heap = mems_heap_create(&options);
	ok(heap != NULL, "the default options make a heap");
	is(mems_heap_destroy(heap), 0, "which can be ended");
	heap = mems_heap_create(NULL);
	ok(heap != NULL, "NULL does the same");
	is(mems_heap_destroy(heap), 0, "which can be ended");

	options.size = 0;
	errno = 0;
	ok(mems_heap_create(&options) == NULL && errno == EINVAL,
	   "a size of 0 is refused");
	options.size = sizeof(options) - 1;
	errno = 0;
	ok(mems_heap_create(&options) == NULL && errno == EINVAL,
	   "one that is too small too");
	options.size = sizeof(options) + 8;
	errno = 0;
	ok(mems_heap_create(&options) == NULL && errno == EINVAL,
	   "and one of a version to come");
	options = defaults;
	options.flags = 1;
	errno = 0;
	ok(mems_heap_create(&options) == NULL && errno == EINVAL,
	   "unknown flags are refused");
	options = defaults;
	options.reserved = 1;
	errno = 0;
	ok(mems_heap_create(&options) == NULL && errno == EINVAL,
	   "so is what is reserved");
	options = defaults;
	options.soft_limit = 2 << 20;
	options.hard_limit = 1 << 20;
	errno = 0;
	ok(mems_heap_create(&options) == NULL && errno == EINVAL,
	   "a soft limit above the hard one is refused");
	options.hard_limit = 2 << 20;
	heap = mems_heap_create(&options);
	ok(heap != NULL, "limits may be equal");
	is(heap_stats(heap).soft_limit, 2 << 20, "the soft one is told");
	is(heap_stats(heap).hard_limit, 2 << 20, "and the hard one");
	mems_heap_destroy(heap);
}

static int count(void *block, size_t size, void *arg)
{
	(void)block;
	(void)size;
	(void)arg;
	return 1;
}

static int discard(void *arg, const char *text, size_t length)
{
	(void)arg;
	(void)text;
	(void)length;
	return 0;
}

static int is_invalid(void *block)
{
	return block == NULL && errno == EINVAL;
}

static void a_destroyed_heap_answers_einval(void)
{
	struct mems_heap_stats stats = { .size = sizeof(stats) };
	mems_heap *heap = heap_make();
	void *kept = mems_heap_alloc(NULL, 10), *list[2];
	uint64_t returned = 77;

	is(mems_heap_destroy(NULL), -EINVAL, "the default heap has no end");
	is(mems_heap_destroy(heap), 0, "another has");
	is(mems_heap_destroy(heap), -EINVAL, "but one only");
	errno = 0;
	ok(is_invalid(mems_heap_alloc(heap, 10)), "alloc: EINVAL");
	errno = 0;
	ok(is_invalid(mems_heap_alloc(heap, 100000)), "alloc: of large ones");
	errno = 0;
	ok(is_invalid(mems_heap_calloc(heap, 10, 1)), "calloc: EINVAL");
	errno = 0;
	ok(is_invalid(mems_heap_aligned_alloc(heap, 64, 1)),
	   "aligned_alloc: EINVAL");
	errno = 0;
	ok(is_invalid(mems_heap_realloc(heap, NULL, 10)), "realloc: EINVAL");
	errno = 0;
	ok(is_invalid(mems_heap_realloc(heap, kept, 1000)),
	   "realloc: of a live block too");
	errno = 0;
	is(mems_heap_alloc_batch(heap, 10, 2, list), 0, "alloc_batch: none");
	is(errno, EINVAL, "and EINVAL");
	is(mems_heap_collect(heap), -EINVAL, "collect: EINVAL");
	is(mems_heap_trim(heap, &returned), -EINVAL, "trim: EINVAL");
	is(returned, 77, "and nothing is counted");
	is(mems_heap_limit(heap, 0, 0, NULL, NULL), -EINVAL, "limit: EINVAL");
	is(mems_heap_walk(heap, count, NULL), -EINVAL, "walk: EINVAL");
	is(mems_heap_verify(heap, NULL, 0), -EINVAL, "verify: EINVAL");
	is(mems_heap_stats(heap, &stats), -EINVAL, "stats: EINVAL");
	is(mems_heap_print(heap, discard, NULL), -EINVAL, "print: EINVAL");
	is(mems_heap_json(heap, discard, NULL), -EINVAL, "json: EINVAL");
	mems_heap_free(kept);
}

/* Blocks of all sizes in one heap, and the same in another that stays. */
#define BLOCKS 100000
#define THREADS 4

struct filler {
	pthread_t thread;
	mems_heap *heap;
	struct rng rng;
	uint64_t count, wrong;
	void *first;
};

static void *fill(void *arg)
{
	struct filler *filler = arg;

	for (uint64_t i = 0; i < filler->count; i++) {
		size_t size = (size_t)rng_size(&filler->rng, 1, 3000);
		void **block;

		if (i % 1000 == 0)
			size = 100000;
		size += sizeof(void *);
		block = mems_heap_alloc(filler->heap, size);
		if (block == NULL) {
			filler->wrong++;
			continue;
		}
		memset(block, (int)i, size);
		/* A chain through all of them, to look at them later. */
		*block = filler->first;
		filler->first = block;
		/* Now and then one goes, so that there are holes. */
		if (i % 3 == 2) {
			filler->first = *block;
			mems_heap_free(block);
		}
	}
	return NULL;
}

static uint64_t length_of(void **block)
{
	uint64_t length = 0;

	for (; block != NULL; block = *block)
		length++;
	return length;
}

static void all_that_is_in_it_goes_at_once(uint64_t seed)
{
	static struct filler fillers[2 * THREADS];
	mems_heap *doomed = heap_make(), *stays = heap_make();
	uint64_t each = test_scaled(BLOCKS) / THREADS, wrong = 0, kept = 0;
	struct mems_heap_stats stats;
	void *ours = mems_heap_alloc(NULL, 1000);

	memset(ours, 'o', 1000);
	for (int i = 0; i < 2 * THREADS; i++) {
		fillers[i].heap = i < THREADS ? doomed : stays;
		fillers[i].rng = rng_make(seed, (uint64_t)i);
		fillers[i].count = each;
	}
	/* One of them is this thread, the others have ended by then. */
	for (int i = 1; i < 2 * THREADS; i++)
		pthread_create(&fillers[i].thread, NULL, fill, &fillers[i]);
	fill(&fillers[0]);
	for (int i = 1; i < 2 * THREADS; i++)
		pthread_join(fillers[i].thread, NULL);
	for (int i = 0; i < 2 * THREADS; i++)
		wrong += fillers[i].wrong;
	for (int i = THREADS; i < 2 * THREADS; i++)
		kept += length_of(fillers[i].first);
	is(wrong, 0, "two heaps are filled by %d threads", 2 * THREADS);
	ok(heap_is_sound(doomed), "the first is sound");
	stats = heap_stats(stays);
	is(mems_heap_destroy(doomed), 0, "it is ended");
	ok(heap_is_as_before(stays, &stats), "the other is as before");
	is(heap_stats(stays).blocks, kept, "all of its blocks are there");
	for (int i = THREADS; i < 2 * THREADS; i++)
		wrong += length_of(fillers[i].first) == 0;
	is(wrong, 0, "and whole");
	ok(is_full_of(ours, 'o', 1000), "so are those of the default heap");
	ok(heap_is_sound(stays), "the other is sound");
	ok(heap_is_sound(NULL), "the default heap is sound");

	/* What went can be used again at once. */
	doomed = heap_make();
	is(heap_stats(doomed).held, 0, "a new heap holds nothing");
	fillers[0].heap = doomed;
	fillers[0].first = NULL;
	fillers[0].wrong = 0;
	fill(&fillers[0]);
	is(fillers[0].wrong, 0, "and can be filled");
	ok(heap_is_sound(doomed), "and is sound");
	mems_heap_free(ours);
	mems_heap_destroy(doomed);
	mems_heap_destroy(stays);
}

static void many_heaps_live_at_once(void)
{
	enum { HEAPS = 500 };
	static mems_heap *heaps[HEAPS];
	static unsigned char *blocks[HEAPS];
	uint64_t before = heap_stats(NULL).blocks;
	int wrong = 0;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < HEAPS; i++) {
			heaps[i] = heap_make();
			blocks[i] = mems_heap_alloc(heaps[i], 200);
			memset(blocks[i], i, 200);
		}
		for (int i = 0; i < HEAPS; i++) {
			wrong += !is_full_of(blocks[i], i, 200);
			wrong += heap_stats(heaps[i]).blocks != 1;
		}
		/* Every other one first. */
		for (int i = 0; i < HEAPS; i += 2)
			wrong += mems_heap_destroy(heaps[i]) != 0;
		for (int i = 1; i < HEAPS; i += 2) {
			wrong += !is_full_of(blocks[i], i, 200);
			wrong += !heap_is_sound(heaps[i]);
			wrong += mems_heap_destroy(heaps[i]) != 0;
		}
	}
	is(wrong, 0, "%d heaps keep apart", HEAPS);
	is(heap_stats(NULL).blocks, before, "from the default heap too");
}

int main(void)
{
	options_are_checked();
	a_destroyed_heap_answers_einval();
	all_that_is_in_it_goes_at_once(test_seed());
	many_heaps_live_at_once();
	return done_testing();
}
