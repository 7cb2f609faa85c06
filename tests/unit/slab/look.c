/*
 * Hostile words: whatever the words of a store in a space hold, every call
 * ends, nothing outside the region is touched, and the space stays sound.
 *
 * The region is memory of the test's between pages that nobody may touch, or
 * the system's, where it is so, too: what leaves it ends the test.
 */
#include <config.h>

#include "os/pages.h"
#include "slab/handle.h"

#include "either.h"
#include "random.h"
#include "tap.h"
#include "unit/slab/unwatched.h"

#include <mems.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define REGION ((size_t)1 << 20)
#define GUARD ((size_t)1 << 20)
#define HANDLES 3
#define BLOCKS 300

static char *region;
static mems_space *space;
static struct store *store;
static void *handles[HANDLES];
static void *blocks[BLOCKS];
static struct rng rng;

static uint64_t below(uint64_t limit)
{
	return rng_below(&rng, limit);
}

/* ---------------------------------------------------------------- the words */

/* A word of the store's, of any kind. */
static uint32_t *some_word(void)
{
	uint32_t number = 1 + (uint32_t)below((uint64_t)store->room + 1);
	struct owner *owner = handles[below(HANDLES)];
	uint32_t *words;

	switch (below(8)) {
	case 0:
		return (uint32_t *)store->words +
		       below(sizeof(*store->words) / 4);
	case 1:
		return (uint32_t *)store->common.words +
		       below(4 + 4 * store->classes);
	case 2:
		if (owner == NULL || owner->words == NULL)
			return NULL;
		return (uint32_t *)owner->words +
		       below(4 + 4 * store->classes);
	case 3:
		return store->room == 0 ? NULL :
		       (uint32_t *)store->table + below(2 * store->room);
	default:
		break;
	}
	/* A slab or a large block, and its bits. */
	if (number >= store->room ||
	    store->table[number].unit == MEMS_UNIT_NONE)
		return NULL;
	words = mems__at_unit(&store->source, store->table[number].unit);
	if (!mems__source_has(&store->source, words, 4096))
		return NULL;
	return words + below(below(3) == 0 ? 64 : 16);
}

/* What another language's mistake, or malice, might write. */
static uint32_t some_value(const uint32_t *word)
{
	const uint32_t *other = some_word();
	uint32_t unit = MEMS_UNIT_NONE;

	if (store->room > 0)
		unit = store->table[below(store->room)].unit;
	switch (below(14)) {
	case 0:
		return 0;
	case 1:
		return UINT32_MAX;
	case 2:
		return UINT32_MAX - (uint32_t)below(100);
	case 3:
		return (uint32_t)below(below(2) == 0 ? 3 : 64);
	case 4:
		return *word + 1;
	case 5:
		return *word - 1;
	case 6:
		return *word ^ (uint32_t)1 << below(32);
	case 7:
	case 8:
		return unit;
	case 9:
		/* The last slab's place of the region, or what is behind. */
		return (uint32_t)(below(2 * REGION) >> 14 << 10);
	case 10:
		return unit + (uint32_t)1024;
	case 11:
	case 12:
		return other != NULL ? *other : 7;
	default:
		return (uint32_t)rng_next(&rng);
	}
}

static void scribble(unsigned words)
{
	while (words-- > 0) {
		uint32_t *word = some_word();

		if (word != NULL)
			*word = some_value(word);
	}
}

/* -------------------------------------------------------------------- calls */

/* What is handed out lies in the space, with all its bytes. */
static bool is_in_space(const void *block, size_t size)
{
	const char *first = block;

	return mems_space_va(space, first) != MEMS_VA_NONE &&
	       (size == 0 ||
		mems_space_va(space, first + size - 1) ==
		mems_space_va(space, first) + size - 1);
}

/* It may be written to. */
static bool is_good(void *block, size_t size)
{
	if (!is_in_space(block, size))
		return false;
	memset(block, (int)below(256), size);
	return true;
}

static int nothing(void *block, size_t size, void *arg)
{
	uint64_t *told = arg;

	(void)block;
	(void)size;
	return ++*told > 1000000;
}

static void verify(void *handle)
{
	char report[60];

	if (is_cache)
		(void)mems_slab_verify(handle, report, sizeof(report));
	else
		(void)mems_depot_verify(handle, report, sizeof(report));
}

static void look(void *handle)
{
	struct mems_slab_stats stats = { .size = sizeof(stats) };
	uint64_t told = 0;

	if (is_cache) {
		(void)mems_slab_walk(handle, nothing, &told);
		(void)mems_slab_stats(handle, &stats);
	} else {
		(void)mems_depot_walk(handle, nothing, &told);
		(void)mems_depot_stats(handle, &stats);
	}
}

static void shrink(void *handle)
{
	if (is_cache)
		(void)mems_slab_shrink(handle, NULL);
	else
		(void)mems_depot_shrink(handle, NULL);
}

static void *share(void *handle)
{
	mems_va va = address_of(handle);

	return below(2) == 0 ? attach(space, va) : another(handle);
}

static void adopt(void *handle)
{
	if (is_cache)
		(void)mems_slab_adopt(handle);
	else
		(void)mems_depot_adopt(handle);
}

static size_t some_size(void)
{
	return is_cache ? slot_size : below(10) == 0 ? 1025 + below(5000) :
	       1 + below(1024);
}

/* One call of any kind. False: it gave what it must not. */
static bool call(void)
{
	unsigned i = (unsigned)below(BLOCKS), n = (unsigned)below(HANDLES);
	size_t size = some_size(), more;

	/* The first one stays. */
	if (handles[n] == NULL)
		handles[n] = share(handles[0]);
	if (handles[n] == NULL)
		n = 0;
	switch (below(25)) {
	case 6:
		(void)mems_space_trim(space, NULL);
		return true;
	case 0:
		verify(handles[n]);
		return true;
	case 1:
		look(handles[n]);
		return true;
	case 2:
		shrink(handles[n]);
		return true;
	case 3:
		if (n == 0)
			return true;
		(void)detach(handles[n]);
		handles[n] = NULL;
		return true;
	case 4:
		adopt(handles[n]);
		return true;
	case 5:
		(void)put(handles[n], (char *)store->words +
				      below(2 * REGION) - REGION);
		return true;
	default:
		break;
	}
	if (blocks[i] != NULL) {
		more = usable(handles[n], blocks[i]);
		if (more > 0 && !is_good(blocks[i], more))
			return false;
		(void)put(handles[n], blocks[i]);
		blocks[i] = NULL;
		return true;
	}
	blocks[i] = get(handles[n], size);
	if (blocks[i] == NULL)
		return errno == ENOMEM;
	return is_good(blocks[i], size);
}

static bool begin(void)
{
	static const size_t sizes[] = { 1, 16, 48, 100, 1000, 3000 };
	struct mems_space_options in_memory = MEMS_SPACE_OPTIONS;
	struct mems_slab_options options = MEMS_SLAB_OPTIONS;

	memset(handles, 0, sizeof(handles));
	memset(blocks, 0, sizeof(blocks));
	in_memory.memory = region;
	in_memory.memory_size = REGION;
	/* Or the system's, which goes back, and nobody may touch it then. */
	if (below(2) == 0) {
		space = mems_space_create(&in_memory);
		space_unwatch(space, region, REGION);
	} else {
		space = mems_space_create(NULL);
		space_unwatch(space, NULL, 0);
	}
	is_cache = below(2) == 0;
	slot_size = sizes[below(6)];
	options.space = space;
	options.slot_size = slot_size;
	options.cap = below(5) == 0 ? 200 : 0;
	handles[0] = is_cache ? (void *)mems_slab_create(&options) :
		     (void *)mems_depot_create(space);
	if (handles[0] == NULL)
		return false;
	store = store_unwatch(handles[0]);
	return true;
}

static bool end(void)
{
	bool right;
	int rc;

	/* All handles, or the store under the feet of the others. */
	if (below(2) == 0)
		for (unsigned n = HANDLES; n-- > 1;)
			if (handles[n] != NULL)
				(void)detach(handles[n]);
	rc = is_cache ? mems_slab_destroy(handles[0]) :
	     mems_depot_destroy(handles[0]);
	for (unsigned n = 1; n < HANDLES; n++)
		if (handles[n] != NULL)
			(void)detach(handles[n]);
	right = rc == 0 && mems_space_verify(space, NULL, 0) == 0;
	return mems_space_destroy(space) == 0 && right;
}

static volatile uint64_t the_round;	/* for whoever looks with a debugger */

static bool survives(uint64_t round, uint64_t seed)
{
	bool right = true;

	the_round = round;
	rng = rng_make(seed, round);
	if (!begin())
		return false;
	for (uint64_t calls = below(400); calls > 0; calls--)
		right = call() && right;
	for (uint64_t times = 1 + below(4); times > 0; times--) {
		scribble(1 + (unsigned)below(8));
		for (uint64_t calls = below(100); calls > 0; calls--)
			right = call() && right;
	}
	/* In any order, also right after the last of it. */
	if (below(2) == 0)
		scribble(4);
	right = end() && right;
	if (!right)
		diag("round %llu", (unsigned long long)round);
	return right;
}

/* Without scribbling, the same calls are all right. */
static void calls_work_while_nobody_writes(uint64_t seed)
{
	uint64_t rounds = test_scaled(100), wrong = 0;

	for (uint64_t round = 0; round < rounds; round++) {
		rng = rng_make(seed, round);
		wrong += !begin();
		for (int calls = 0; calls < 500; calls++)
			wrong += !call();
		wrong += (is_cache ? mems_slab_verify(handles[0], NULL, 0) :
			  mems_depot_verify(handles[0], NULL, 0)) != 0;
		wrong += !end();
	}
	is(wrong, 0, "%d stores work in memory with borders", (int)rounds);
}

/*
 * The current slab of an owner, said to be in a list and whose ever: when it is
 * empty it goes back, and its memory to the system. The next slot is another's.
 */
static void a_current_slab_is_not_what_it_says(void)
{
	for (int i = 0; i < 8; i++) {
		struct mems_slab_words *slab;
		mems_depot *other;
		uint64_t returned;
		void *block;

		space = mems_space_create(NULL);
		space_unwatch(space, NULL, 0);
		handles[0] = mems_depot_create(space);
		store = store_unwatch(handles[0]);
		other = mems_depot_share(handles[0]);
		block = mems_depot_alloc(handles[0], 100);
		slab = mems__slab_around(store, block);
		slab->place = MEMS_SLAB_PARTIAL;
		slab->next = i % 2 ? 5 : mems__unit_of(&store->source, slab);
		if ((i & 2) != 0)
			slab->magazine = store->common.unit;
		if ((i & 4) != 0)
			slab->size_class--;
		(void)mems_depot_free(i % 2 ? other : handles[0], block);
		(void)mems_depot_shrink(other, &returned);
		(void)mems_space_trim(space, NULL);
		block = mems_depot_alloc(handles[0], 100);
		ok(block == NULL || is_good(block, 100),
		   "a current slab is not what it says (%d)", i);
		(void)mems_depot_free(handles[0], block);
		(void)mems_depot_destroy(handles[0]);
		mems_depot_detach(other);
		mems_space_destroy(space);
	}
}

int main(int argc, char **argv)
{
	uint64_t seed = test_seed(), rounds = test_scaled(10000), wrong = 0;
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
	char *pages = mems__pages_reserve(REGION + 2 * GUARD);

	if (pages == NULL || !mems__pages_commit(pages + GUARD, REGION)) {
		printf("Bail out! no memory\n");
		return 99;
	}
	region = pages + GUARD;
#ifndef _WIN32
	/* What hangs is ended, and fails. */
	alarm(600);
#endif
	calls_work_while_nobody_writes(seed);
	a_current_slab_is_not_what_it_says();
	for (uint64_t round = first; round < rounds; round++)
		wrong += !survives(round, seed);
	is(wrong, 0, "%d times hostile words: no call leaves the region",
	   (int)(rounds - first));
	mems__pages_release(pages, REGION + 2 * GUARD);
	return done_testing();
}
