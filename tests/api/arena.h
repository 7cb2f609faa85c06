/* What the tests of arenas share. */
#ifndef TEST_API_ARENA_H
#define TEST_API_ARENA_H

#include "api/heap.h"
#include "api/space.h"

#define LIFETIMES 3

static const char *const lifetime_names[LIFETIMES] = {
	"transient", "intermediate", "persistent",
};

/* Everywhere that an arena can lie. */
#define PLACES 5

struct place {
	const char *name;
	mems_space *space;
	mems_heap *heap;	/* both NULL: the default heap */
};

static inline void places_make(struct place *places)
{
	struct mems_space_options fine = MEMS_SPACE_OPTIONS;
	struct mems_space_options classic = MEMS_SPACE_CLASSIC;

	fine.maximum = classic.maximum = (uint64_t)256 << 20;
	fine.granule = 1;
	places[0] = (struct place){ "default heap", NULL, NULL };
	places[1] = (struct place){ "a heap", NULL, heap_make() };
	places[2] = (struct place){ "a space",
				    space_make((uint64_t)256 << 20), NULL };
	places[3] = (struct place){ "a space of bytes",
				    mems_space_create(&fine), NULL };
	places[4] = (struct place){ "a classic space",
				    mems_space_create(&classic), NULL };
	if (places[3].space == NULL || places[4].space == NULL) {
		printf("Bail out! mems_space_create: %s\n", strerror(errno));
		exit(99);
	}
}

/* Bytes in blocks there, the arenas' own state included. */
static inline uint64_t place_used(const struct place *place)
{
	return place->space != NULL ? space_stats(place->space).used :
				      heap_stats(place->heap).used;
}

static inline int place_is_sound(const struct place *place)
{
	return place->space != NULL ? space_is_sound(place->space) :
				      heap_is_sound(place->heap);
}

static inline void places_end(struct place *places)
{
	for (int i = 0; i < PLACES; i++) {
		if (places[i].space != NULL)
			mems_space_destroy(places[i].space);
		else if (places[i].heap != NULL)
			mems_heap_destroy(places[i].heap);
	}
}

static inline struct mems_arena_options options_of(const struct place *place,
						   int lifetime)
{
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;

	options.lifetime = (uint32_t)lifetime;
	if (place != NULL) {
		options.space = place->space;
		options.heap = place->heap;
	}
	return options;
}

/* An arena with these options; the test ends if there is none. */
static inline mems_arena *arena_make(const struct mems_arena_options *options)
{
	mems_arena *arena = mems_arena_create(options);

	if (arena == NULL) {
		printf("Bail out! mems_arena_create: %s\n", strerror(errno));
		exit(99);
	}
	return arena;
}

/* NULL: in the default heap. */
static inline mems_arena *arena_in(const struct place *place, int lifetime)
{
	struct mems_arena_options options = options_of(place, lifetime);

	return arena_make(&options);
}

static inline struct mems_arena_stats arena_stats(const mems_arena *arena)
{
	struct mems_arena_stats stats = { .size = sizeof(stats) };

	if (mems_arena_stats(arena, &stats) != 0)
		stats.held = UINT64_MAX;
	return stats;
}

/* Verify, and say in the log what is broken. */
static inline int arena_is_sound(const mems_arena *arena)
{
	char report[200] = "";
	int rc = mems_arena_verify(arena, report, sizeof(report));

	if (rc != 0)
		diag("mems_arena_verify: %d: %s", rc, report);
	return rc == 0;
}

/* Have two looks at an arena seen the same? */
static inline int arena_is_as_before(const mems_arena *arena,
				     const struct mems_arena_stats *before)
{
	struct mems_arena_stats after = arena_stats(arena);
	int same = after.held == before->held && after.used == before->used &&
		   after.chunks == before->chunks &&
		   after.blocks == before->blocks &&
		   after.frees == before->frees &&
		   after.generation == before->generation;

	if (!same)
		diag("held %llu used %llu chunks %llu blocks %llu, were "
		     "%llu %llu %llu %llu",
		     (unsigned long long)after.held,
		     (unsigned long long)after.used,
		     (unsigned long long)after.chunks,
		     (unsigned long long)after.blocks,
		     (unsigned long long)before->held,
		     (unsigned long long)before->used,
		     (unsigned long long)before->chunks,
		     (unsigned long long)before->blocks);
	return same;
}

/* Was a call that gives a pointer answered by this error? Set errno to 0
   before it. */
static inline int is_refused(const void *block, int error)
{
	return block == NULL && errno == error;
}

#endif
