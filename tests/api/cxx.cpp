// The headers from C++: they compile, and what they declare links.
#include <mems.h>
#include <mems/arena.h>
#include <mems/base.h>
#include <mems/heap.h>
#include <mems/layout.h>
#include <mems/ralloc.h>
#include <mems/space.h>
#include <mems/stats.h>

#include <cerrno>
#include <cstring>

#include "tap.h"

static int count_bytes(void *arg, const char *, size_t length)
{
	*static_cast<size_t *>(arg) += length;
	return 0;
}

static int count_segments(mems_space *, const mems_segment *segment, void *arg)
{
	*static_cast<int *>(arg) += segment->kind != MEMS_NODE;
	return 0;
}

static void the_classic_calls()
{
	mems_init();
	int *numbers = static_cast<int *>(mems_malloc(10 * sizeof(int)));

	*static_cast<int *>(mems_get(numbers + 3)) = 42;
	is(*static_cast<int *>(mems_get(numbers + 3)), 42, "the classic calls");
	mems_free(numbers);
	mems_finish();
}

static void a_space()
{
	mems_space_options options = MEMS_SPACE_OPTIONS;
	options.maximum = 1 << 20;
	options.granule = 32;
	mems_space *space = mems_space_create(&options);
	mems_va va = mems_space_alloc(space, 100);
	struct mems_space_stats stats = {};
	size_t bytes = 0;
	int segments = 0;

	is(va, MEMS_VA_FIRST, "a space gives an address");
	std::strcpy(static_cast<char *>(mems_space_get(space, va)), "C++");
	is_str(static_cast<char *>(mems_space_get(space, va)), "C++",
	       "with memory behind it");
	ok(mems_space_get(space, MEMS_VA_NONE) == nullptr,
	   "and none behind no address");
	stats.size = sizeof(stats);
	is(::mems_space_stats(space, &stats), 0, "a struct and a call of one "
	   "name");
	is(stats.granule, 32, "the struct is filled");
	is(mems_space_walk(space, count_segments, &segments), 0, "a walk");
	is(segments, 2, "tells of two segments");
	is(mems_space_print(space, count_bytes, &bytes), 0, "a writer");
	ok(bytes > 0, "takes text");
	is(mems_space_free(space, va), 0, "the address is freed");
	is(mems_space_destroy(space), 0, "the space ends");
}

static void a_heap()
{
	mems_heap_options options = MEMS_HEAP_OPTIONS;
	options.hard_limit = 16 << 20;
	mems_heap *heap = mems_heap_create(&options);
	struct mems_heap_stats stats = {};
	void *block = mems_heap_alloc(heap, 100);

	stats.size = sizeof(stats);
	is(::mems_heap_stats(heap, &stats), 0, "a heap tells its counts");
	is(stats.blocks, 1, "of a block");
	mems_heap_free(block);
	is(mems_heap_destroy(heap), 0, "and ends");
}

static void the_names_of_r_alloc()
{
	init_heap();
	void *block = r_alloc(10), *counted = r_alloc(10, 3);

	ok(block != nullptr && counted != nullptr, "r_alloc with and without "
	   "a site");
	r_free(block);
	r_free(counted);
}

static void an_arena()
{
	mems_arena_options options = MEMS_ARENA_OPTIONS;
	options.cap = 1 << 20;
	mems_arena *arena = mems_arena_create(&options);
	struct mems_arena_stats stats = {};
	mems_arena_mark mark = mems_arena_save(arena);
	char *text = mems_arena_printf(arena, "C%s", "++");
	int *number = static_cast<int *>(
		mems_arena_alloc_inline(arena, sizeof(int)));

	*number = 1;
	is_str(text, "C++", "an arena prints");
	mems_arena_ref ref = mems_arena_refer(arena, number);
	ok(mems_arena_find(arena, ref) == number, "it refers and finds");
	stats.size = sizeof(stats);
	is(::mems_arena_stats(arena, &stats), 0, "it tells its counts");
	is(stats.used, 32, "of two blocks");
	is(mems_arena_rewind(arena, mark), 0, "it goes back");
	is(mems_arena_destroy(arena), 0, "and ends");
}

// 0 is a size, a lifetime and a null pointer.
static void the_names_of_r_alloc_for_arenas()
{
	init_arenas();
	arena_t *transient = mems_arena_common(LIFETIME_TRANSIENT);
	arena_t *intermediate = mems_arena_common(LIFETIME_INTERMEDIATE);
	arena_t *arena = create_arena(64, LIFETIME_TRANSIENT);
	const size_t size = 100;

	is(mems_arena_contains(transient, r_arena(100, LIFETIME_TRANSIENT)), 1,
	   "a size and a lifetime");
	is(mems_arena_contains(transient, r_arena(100, 0)), 1,
	   "a size and a literal 0");
	is(mems_arena_contains(transient, r_arena(size, 0)), 1,
	   "also a size_t");
	is(mems_arena_contains(intermediate, r_arena(size, 1)), 1,
	   "a size and a number");
	is(mems_arena_contains(arena, r_arena(arena, 10)), 1,
	   "an arena and a size");
	is(mems_arena_contains(arena, r_arena(arena, size / 10)), 1,
	   "also a size_t");
	errno = 0;
	ok(r_arena(0, LIFETIME_TRANSIENT) == nullptr && errno == EINVAL,
	   "a literal 0 is a size");
	errno = 0;
	ok(r_arena(arena, 0) == nullptr && errno == EINVAL,
	   "of an arena, too");
	errno = 0;
	ok(r_arena(static_cast<arena_t *>(nullptr), 10) == nullptr &&
	   errno == EINVAL, "no arena is none");
	r_reset(0);
	struct mems_arena_stats stats = {};
	stats.size = sizeof(stats);
	::mems_arena_stats(transient, &stats);
	is(stats.used, 0, "a literal 0 is a lifetime to be reset");
	r_reset(LIFETIME_INTERMEDIATE);
	::mems_arena_stats(intermediate, &stats);
	is(stats.used, 0, "as is a name");
	r_reset(arena);
	::mems_arena_stats(arena, &stats);
	is(stats.used, 0, "or an arena");
	void *block = r_arena(10, LIFETIME_INTERMEDIATE);
	r_arena_free(intermediate, block, 10);
	is(mems_arena_contains(intermediate, block), 0, "a block is freed");
	r_destroy(arena);
	is(mems_arena_reset(arena), -EINVAL, "an arena is destroyed");
}

int main()
{
	const mems_space_options classic = MEMS_SPACE_CLASSIC;

	is(classic.granule, 8, "options are initialised");
	the_classic_calls();
	a_space();
	is_str(mems_version(), MEMS_VERSION, "the version");
	a_heap();
	the_names_of_r_alloc();
	an_arena();
	the_names_of_r_alloc_for_arenas();
	return done_testing();
}
