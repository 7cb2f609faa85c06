/* The names of r_alloc for arenas. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>
#include <mems/ralloc.h>

#include "tap.h"

static const int lifetimes[] = {
	LIFETIME_TRANSIENT, LIFETIME_INTERMEDIATE, LIFETIME_PERSISTENT,
};

static uint64_t used_by(const arena_t *arena)
{
	struct mems_arena_stats stats = { .size = sizeof(stats) };

	return mems_arena_stats(arena, &stats) == 0 ? stats.used : UINT64_MAX;
}

/* Blocks of this size until it is full. */
static size_t fill(arena_t *arena, size_t size)
{
	size_t count = 0;
	void *block;

	errno = 0;
	while (count < 100000 && (block = r_arena(arena, size)) != NULL) {
		memset(block, 'f', size);
		count++;
	}
	return count;
}

static void an_arena_holds_what_it_was_made_for(int lifetime)
{
	arena_t *arena = create_arena(65536, lifetime);

	ok(arena != NULL, "lifetime %d: create_arena makes an arena", lifetime);
	is(fill(arena, 64), 1024, "lifetime %d: of exactly its size",
	   lifetime);
	is(errno, ENOMEM, "lifetime %d: then it is full: ENOMEM", lifetime);
	is(used_by(arena), 65536, "lifetime %d: with all of it in use",
	   lifetime);
	r_reset(arena);
	is(used_by(arena), 0, "lifetime %d: r_reset empties it", lifetime);
	is(fill(arena, 4096), 16, "lifetime %d: for other sizes, too",
	   lifetime);
	r_destroy(arena);
	is(mems_arena_contains(arena, arena), -EINVAL, "lifetime %d: r_destroy "
	   "ends it", lifetime);
}

static void the_least_arena_holds_one_block(int lifetime)
{
	arena_t *arena = create_arena(16, lifetime);
	void *block = r_arena(arena, 16);

	ok(block != NULL, "lifetime %d: 16 bytes are a block", lifetime);
	errno = 0;
	ok(r_arena(arena, 1) == NULL && errno == ENOMEM,
	   "lifetime %d: and no more", lifetime);
	r_reset(arena);
	ok(r_arena(arena, 16) == block, "lifetime %d: which is had again",
	   lifetime);
	r_destroy(arena);
}

static void wrong_arenas_are_answered(void)
{
	errno = 0;
	ok(create_arena(0, LIFETIME_TRANSIENT) == NULL && errno == EINVAL,
	   "an arena of 0 bytes: EINVAL");
	errno = 0;
	ok(create_arena(0, LIFETIME_INTERMEDIATE) == NULL && errno == EINVAL,
	   "an intermediate one, too");
	errno = 0;
	ok(create_arena(100, 3) == NULL && errno == EINVAL,
	   "a lifetime that there is not: EINVAL");
	errno = 0;
	ok(create_arena(100, -1) == NULL && errno == EINVAL,
	   "lifetime -1: EINVAL");
	r_destroy(NULL);
	errno = 0;
	ok(r_arena((arena_t *)NULL, 10) == NULL && errno == EINVAL,
	   "a block of no arena: EINVAL");
	errno = 0;
	ok(r_arena(NULL, 10) == NULL && errno == EINVAL,
	   "also if NULL is not told to be one");
	r_reset((arena_t *)NULL);
	r_reset(NULL);
	errno = 0;
	ok(r_arena(10, 3) == NULL && errno == EINVAL,
	   "a block of a lifetime that there is not: EINVAL");
	errno = 0;
	ok(r_arena(10, -1) == NULL && errno == EINVAL, "or of -1");
	r_reset(3);
}

static void each_lifetime_has_an_arena(void)
{
	char *block;

	init_arenas();
	init_arenas();
	for (int i = 0; i < 3; i++) {
		arena_t *common = mems_arena_common(lifetimes[i]);
		uint64_t before = used_by(common);

		block = r_arena(100, lifetimes[i]);
		ok(block != NULL, "lifetime %d: there is an arena for it", i);
		is(mems_arena_contains(common, block), 1, "lifetime %d: it is "
		   "the one of the process", i);
		is(used_by(common), before + 112, "lifetime %d: the block is "
		   "in use", i);
		memset(block, 'b', 100);
		r_destroy(common);
		is(used_by(common), before + 112, "lifetime %d: it is not "
		   "destroyed", i);
		r_reset(lifetimes[i]);
		is(used_by(common), 0, "lifetime %d: and can be reset", i);
	}
	ok(r_arena(100, LIFETIME_TRANSIENT) != NULL &&
	   r_arena(100, LIFETIME_INTERMEDIATE) != NULL &&
	   r_arena(100, LIFETIME_PERSISTENT) != NULL, "lifetimes have names");
	r_reset(LIFETIME_TRANSIENT);
	r_reset(LIFETIME_INTERMEDIATE);
	r_reset(LIFETIME_PERSISTENT);
}

/* 0 is a size, a lifetime and a null pointer. */
static void a_literal_0_is_a_number(void)
{
	arena_t *transient = mems_arena_common(LIFETIME_TRANSIENT);
	lifetime_t lifetime = LIFETIME_TRANSIENT;
	void *block;

	block = r_arena(100, 0);
	is(mems_arena_contains(transient, block), 1, "lifetime 0 is the "
	   "transient one");
	r_reset(0);
	is(used_by(transient), 0, "and can be reset as 0");
	errno = 0;
	ok(r_arena(0, LIFETIME_TRANSIENT) == NULL && errno == EINVAL,
	   "a block of 0 bytes: EINVAL");
	errno = 0;
	ok(r_arena(transient, 0) == NULL && errno == EINVAL,
	   "of an arena, too");
	errno = 0;
	ok(r_arena(0, 0) == NULL && errno == EINVAL, "or of lifetime 0");
	block = r_arena(100, lifetime);
	is(mems_arena_contains(transient, block), 1, "a lifetime may be a "
	   "variable");
	block = r_arena((size_t)100, 0);
	is(mems_arena_contains(transient, block), 1, "and a size a size_t");
	r_reset(lifetime);
	is(used_by(transient), 0, "both can be reset");
}

static void blocks_of_an_intermediate_arena_are_freed(void)
{
	arena_t *arena = create_arena(2048, LIFETIME_INTERMEDIATE);
	arena_t *common = mems_arena_common(LIFETIME_INTERMEDIATE);
	void *a = r_arena(arena, 1024), *b = r_arena(arena, 1024);

	ok(a != NULL && b != NULL && r_arena(arena, 1) == NULL,
	   "two blocks fill an arena");
	r_arena_free(arena, a, 1024);
	is(used_by(arena), 1024, "r_arena_free frees one");
	r_arena_free(arena, a, 1024);
	is(used_by(arena), 1024, "once");
	r_arena_free(arena, b, 100);
	is(used_by(arena), 1024, "and not with another size");
	a = r_arena(arena, 1000);
	ok(a != NULL, "its memory is had again");
	r_arena_free(arena, NULL, 10);
	r_arena_free(NULL, a, 1000);
	is(used_by(arena), 2048, "nothing is freed by NULL");
	r_destroy(arena);
	a = r_arena(100, LIFETIME_INTERMEDIATE);
	r_arena_free(common, a, 100);
	is(used_by(common), 0, "those of the process are freed as well");
}

static void r_alloc_takes_a_site_or_not(void)
{
	void *plain = r_alloc(100), *counted = r_alloc(100, 7);

	ok(plain != NULL && counted != NULL, "r_alloc takes one argument or "
	   "two");
	memset(plain, 1, 100);
	memset(counted, 2, 100);
	r_free(plain);
	r_free(counted);
}

int main(void)
{
	r_alloc_takes_a_site_or_not();
	for (int i = 0; i < 3; i++) {
		an_arena_holds_what_it_was_made_for(lifetimes[i]);
		the_least_arena_holds_one_block(lifetimes[i]);
	}
	wrong_arenas_are_answered();
	each_lifetime_has_an_arena();
	a_literal_0_is_a_number();
	blocks_of_an_intermediate_arena_are_freed();
	return done_testing();
}
