/* Making and ending spaces: options, limits of size, borrowed memory, many. */
#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mems.h>

#include "api/space.h"
#include "random.h"
#include "tap.h"

/* ThreadSanitizer leaves few of the addresses to the program, and 32 bits have
   few. */
#if defined __SANITIZE_THREAD__ || UINTPTR_MAX <= UINT32_MAX
#define LARGE_SPACES 100
#elif defined __has_feature
#if __has_feature(thread_sanitizer)
#define LARGE_SPACES 100
#endif
#endif
#ifndef LARGE_SPACES
#define LARGE_SPACES 300
#endif

static const struct mems_space_options defaults = MEMS_SPACE_OPTIONS;
static const struct mems_space_options classic = MEMS_SPACE_CLASSIC;

/* The errno of a space made with these options; 0 if there is one. */
static int create_errno(const struct mems_space_options *options)
{
	mems_space *space;

	errno = 0;
	space = mems_space_create(options);
	if (space == NULL)
		return errno;
	return mems_space_destroy(space);
}

static void without_options_a_space_has_the_defaults(void)
{
	mems_space *space = mems_space_create(NULL);
	struct mems_space_stats stats;

	if (!ok(space != NULL, "NULL options make a space"))
		return;
	stats = space_stats(space);
	is(stats.granule, 16, "its granule is 16");
	is(stats.policy, MEMS_GOOD_FIT, "its policy is good fit");
	is(stats.growth, 65536, "its growth is 64 KiB");
	is(stats.soft_limit, 0, "it has no soft limit");
	is(stats.hard_limit, 0, "it has no hard limit");
	ok(stats.maximum >= 1 << 20, "its maximum is at least 1 MiB");
	ok(stats.wanted >= stats.maximum, "it wanted no less than it has");
	is(stats.mapped, 0, "nothing is mapped");
	ok(mems_space_get(space, MEMS_VA_FIRST) == NULL, "no address is valid");
	is(mems_space_alloc(space, 1), 1000, "the first address is 1000");
	is(mems_space_destroy(space), 0, "it can be destroyed");
}

static void the_classic_options_make_the_classic_layout(void)
{
	mems_space *space = mems_space_create(&classic);
	struct mems_space_stats stats = space_stats(space);

	is(stats.granule, 8, "classic: the granule is 8");
	is(stats.policy, MEMS_FIRST_FIT, "classic: first fit");
	is(stats.growth, 0, "classic: a node for each request");
	is(mems_space_alloc(space, 4000), 1000, "classic: the first block");
	is(mems_space_alloc(space, 4000), 5096, "classic: the second node");
	mems_space_destroy(space);
}

static void wrong_options_are_refused(void)
{
	static unsigned char memory[8192];
	struct mems_space_options o;

	o = defaults;
	is(create_errno(&o), 0, "the defaults are right");
#define REFUSED(field, value)                                               \
	do {                                                                \
		o = defaults;                                               \
		o.field = (value);                                          \
		is(create_errno(&o), EINVAL, #field " = " #value);          \
	} while (0)
	REFUSED(size, 0);
	REFUSED(size, sizeof(o) - 1);
	REFUSED(size, sizeof(o) + 8);
	REFUSED(size, SIZE_MAX);
	REFUSED(granule, 0);
	REFUSED(granule, 3);
	REFUSED(granule, 4095);
	REFUSED(granule, 8192);
	REFUSED(granule, 0x80000000);
	REFUSED(granule, UINT32_MAX);
	REFUSED(policy, 2);
	REFUSED(policy, UINT32_MAX);
	REFUSED(flags, 4);
	REFUSED(flags, 0x80000000);
	REFUSED(reserved, 1);
	REFUSED(memory_size, 8192);
	REFUSED(memory_usable, 8192);
	REFUSED(flags, MEMS_MEMORY_PRIVATE);
	REFUSED(flags, MEMS_MEMORY_ZEROED);
#undef REFUSED
	o = defaults;
	o.soft_limit = 1001;
	o.hard_limit = 1000;
	is(create_errno(&o), EINVAL, "a soft limit above the hard one");
	o = defaults;
	o.memory = memory + (17 - (uintptr_t)memory % 16);
	o.memory_size = 4096;
	is(create_errno(&o), EINVAL, "memory at no multiple of 16");
	o = defaults;
	o.memory = memory + (16 - (uintptr_t)memory % 16);
	o.memory_size = 0;
	is(create_errno(&o), ENOMEM, "no bytes of memory");
	o.memory_size = 1024;
	is(create_errno(&o), ENOMEM, "memory of less than a page");
	o.memory_size = SIZE_MAX;
	is(create_errno(&o), EINVAL, "memory beyond the last address");
	o.memory_size = 4096;
	o.memory_usable = 4097;
	is(create_errno(&o), EINVAL, "more usable than there is");
}

static void a_granule_is_any_power_of_two(void)
{
	for (uint32_t granule = 1; granule <= 4096; granule *= 2) {
		struct mems_space_options o = defaults;
		mems_space *space;
		mems_va first;

		o.granule = granule;
		o.maximum = 1 << 20;
		space = mems_space_create(&o);
		first = mems_space_alloc(space, 1);
		ok(space != NULL && first == MEMS_VA_FIRST &&
		   mems_space_usable_size(space, first) == granule &&
		   space_is_sound(space), "granule %u", (unsigned)granule);
		mems_space_destroy(space);
	}
}

/* Fill a space with blocks of a page; returns how many there were. */
static uint64_t fill_with_pages(mems_space *space)
{
	uint64_t pages = 0;
	mems_va va;

	while ((va = mems_space_alloc(space, MEMS_PAGE_SIZE)) != MEMS_VA_NONE) {
		memset(mems_space_get(space, va), (int)(pages & 255),
		       MEMS_PAGE_SIZE);
		pages++;
	}
	return errno == ENOMEM ? pages : UINT64_MAX;
}

static void the_maximum_is_kept(const struct mems_space_options *base,
				const char *layout)
{
	static const uint64_t pages[] = { 1, 2, 15, 16, 17, 31, 256, 1000 };

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		struct mems_space_options o = *base;
		mems_space *space;

		o.maximum = pages[i] * MEMS_PAGE_SIZE;
		space = mems_space_create(&o);
		if (!ok(space != NULL, "%s: a maximum of %d pages", layout,
			(int)pages[i]))
			continue;
		is(space_stats(space).maximum, o.maximum,
		   "%s: the statistics tell it", layout);
		is(space_stats(space).wanted, o.maximum,
		   "%s: and that it was wanted", layout);
		is(fill_with_pages(space), pages[i],
		   "%s: so many pages can be had", layout);
		is(space_stats(space).mapped, o.maximum,
		   "%s: then all is mapped", layout);
		ok(space_is_sound(space), "%s: the space is sound", layout);
		mems_space_destroy(space);
	}
}

static void more_than_the_system_has_is_refused(void)
{
	struct mems_space_options o = defaults;
	int error;

	o.maximum = UINT64_C(1) << 62;
	error = create_errno(&o);
	ok(error == ENOMEM || error == EINVAL, "a maximum of 2^62 bytes");
	o.maximum = UINT64_MAX;
	error = create_errno(&o);
	ok(error == ENOMEM || error == EINVAL, "a maximum of UINT64_MAX");
	o = defaults;
	o.growth = UINT64_MAX;
	o.maximum = 1 << 20;
	error = create_errno(&o);
	ok(error == 0 || error == EINVAL, "a growth of UINT64_MAX");
}

/* Memory with a canary of 4096 bytes on either side. */
#define CANARY 4096

static int canaries_live(const unsigned char *memory, size_t size)
{
	for (size_t i = 0; i < CANARY; i++)
		if (memory[i] != 0xa5 || memory[CANARY + size + i] != 0xa5)
			return 0;
	return 1;
}

/*
 * Use a space in `size` bytes that begin `shift` bytes behind a page. Returns
 * 1 if there was one, 0 if there was no room, -1 on any wrong answer.
 */
static int try_borrowed(size_t size, size_t shift, unsigned char *buffer,
			const struct mems_space_options *base)
{
	unsigned char *start = buffer +
		(4096 - (uintptr_t)buffer % 4096) % 4096 + shift;
	struct mems_space_options o = *base;
	mems_space *space;
	int result = 1;

	memset(start, 0xa5, size + 2 * CANARY);
	o.memory = start + CANARY;
	o.memory_size = size;
	space = mems_space_create(&o);
	if (space == NULL) {
		result = errno == ENOMEM ? 0 : -1;
	} else {
		uint64_t pages = fill_with_pages(space);
		struct mems_space_stats stats = space_stats(space);

		if (pages == 0 || stats.mapped > size ||
		    stats.mapped > stats.maximum || stats.mapped != stats.used)
			result = -1;
		if (!space_is_sound(space))
			result = -1;
		for (uint64_t i = 0; i < pages; i++) {
			unsigned char *page = mems_space_get(space,
				MEMS_VA_FIRST + i * MEMS_PAGE_SIZE);

			if (page < start + CANARY ||
			    page + MEMS_PAGE_SIZE > start + CANARY + size)
				result = -1;
			else if (page[0] != (i & 255) ||
				 memcmp(page, page + 1, MEMS_PAGE_SIZE - 1))
				result = -1;
		}
		if (mems_space_trim(space, NULL) != 0 ||
		    mems_space_destroy(space) != 0)
			result = -1;
	}
	return canaries_live(start, size) ? result : -1;
}

static void borrowed_memory_is_used_and_not_left(void)
{
	static const size_t shifts[] = { 0, 16, 48, 2048, 4080 };
	const size_t largest = 600 << 10;
	unsigned char *buffer = malloc(largest + 2 * CANARY + 3 * 4096);
	const struct mems_space_options *bases[] = { &defaults, &classic };

	for (size_t b = 0; b < 2; b++) {
		for (size_t i = 0; i < 5; i++) {
			int before = 0, wrong = 0, shrinks = 0;
			size_t least = 0;

			for (size_t size = 0; size <= largest;
			     size += size < 65536 ? 112 : 9968) {
				int result = try_borrowed(size, shifts[i],
							  buffer, bases[b]);

				wrong += result < 0;
				shrinks += result < before;
				if (result > 0 && least == 0)
					least = size;
				before = result;
			}
			is(wrong, 0, "%s, memory %zu behind a page: no wrong "
			   "answer, no byte outside", b ? "classic" : "default",
			   shifts[i]);
			is(shrinks, 0, "what is enough stays enough");
			ok(least != 0, "memory of %zu bytes is enough", least);
		}
	}
	free(buffer);
}

static void borrowed_memory_needs_not_be_zero(void)
{
	static alignas(16) char memory[256 << 10];
	const size_t size = sizeof(memory);
	struct mems_space_options o = defaults;
	mems_space *space;
	mems_va va;
	unsigned char *bytes;

	memset(memory, 0xff, size);
	o.memory = memory;
	o.memory_size = size;
	space = mems_space_create(&o);
	if (!ok(space != NULL, "a space in memory full of ones"))
		return;
	va = mems_space_calloc(space, 100, 100);
	bytes = mems_space_get(space, va);
	ok(bytes[0] == 0 && memcmp(bytes, bytes + 1, 9999) == 0,
	   "calloc clears it");
	ok(space_is_sound(space), "the space is sound");
	is(mems_space_destroy(space), 0, "it ends");
	memset(memory, 0, size);
	ok(1, "the memory is the caller's again");
	space = mems_space_create(&o);
	is(mems_space_alloc(space, 10), 1000, "and can hold a new space");
	mems_space_destroy(space);
}

/*
 * A space in memory of which at first so many bytes are usable as it needs, and
 * `step` more each time that it is full. What is not usable yet is a canary.
 */
static void memory_gets_usable(const struct mems_space_options *base,
			       const char *layout, uint32_t flags, size_t step)
{
	const size_t whole = 2 << 20, page = MEMS_PAGE_SIZE;
	unsigned char *buffer = calloc(1, whole + step + 16);
	unsigned char *memory = buffer + 16 - (uintptr_t)buffer % 16;
	struct mems_space_options o = *base;
	size_t refused = 0, reach = 0, outside = 0, unsound = 0;
	mems_space *space = NULL;
	uint64_t pages = 0;

	o.memory = memory;
	o.memory_size = whole;
	o.flags = flags;
	while (space == NULL && o.memory_usable < whole) {
		o.memory_usable += step;
		space = mems_space_create(&o);
	}
	if (!ok(space != NULL, "%s: a space with %zu usable bytes", layout,
		o.memory_usable))
		return;
	ok(space_stats(space).maximum > whole * 9 / 10, "%s: its maximum",
	   layout);
	for (size_t size = o.memory_usable; size <= whole; size += step) {
		uint64_t more;

		memset(memory + size, 0xa5, step);
		refused += mems_space_extend(space, size) != 0 ||
			   mems_space_extend(space, size / 2) != 0;
		more = fill_with_pages(space);
		reach += more > step / page + 1;
		pages += more;
		for (size_t i = 0; i < step; i++)
			outside += memory[size + i] != 0xa5;
		unsound += !space_is_sound(space);
		memset(memory + size, 0, step);
	}
	is(refused, 0, "%s: it is extended, and never less", layout);
	is(outside, 0, "%s: no byte behind was touched", layout);
	is(reach, 0, "%s: no step gave more than it has", layout);
	is(unsound, 0, "%s: it is sound after each", layout);
	is(pages, space_stats(space).maximum / page, "%s: at last it has all",
	   layout);
	is(mems_space_extend(space, SIZE_MAX), 0, "%s: more than there is",
	   layout);
	is(fill_with_pages(space), 0, "%s: is not taken", layout);
	for (uint64_t i = 0; i < pages; i++)
		mems_space_free(space, MEMS_VA_FIRST + i * page);
	is(mems_space_trim(space, NULL), 0, "%s: it is trimmed", layout);
	is(fill_with_pages(space), pages, "%s: and filled again", layout);
	ok(space_is_sound(space), "%s: it is sound", layout);
	is(mems_space_destroy(space), 0, "%s: it ends", layout);
	free(buffer);
}

static void all_usable_memory_is_not_extended(void)
{
	static _Alignas(16) unsigned char memory[65536];
	struct mems_space_options o = defaults;
	mems_space *space = mems_space_create(NULL);

	is(mems_space_extend(space, 1 << 30), -EINVAL, "the system's memory");
	mems_space_destroy(space);
	o.memory = memory;
	o.memory_size = sizeof(memory) / 2;
	space = mems_space_create(&o);
	is(mems_space_extend(space, sizeof(memory)), -EINVAL,
	   "memory that is usable");
	mems_space_destroy(space);
}

static void there_can_be_thousands(uint64_t maximum, size_t count)
{
	mems_space **spaces = calloc(count, sizeof(*spaces));
	struct mems_space_options o = defaults;
	size_t made = 0, right = 0, destroyed = 0;

	o.maximum = maximum;
	for (size_t i = 0; i < count; i++) {
		spaces[i] = mems_space_create(&o);
		if (spaces[i] == NULL) {
			diag("space %zu: %s", i, strerror(errno));
			break;
		}
		made++;
	}
	is(made, count, "%zu spaces at once", count);
	for (size_t i = 0; i < made; i++) {
		mems_va va = mems_space_alloc(spaces[i], 100 + i % 50);

		if (va == MEMS_VA_FIRST)
			memset(mems_space_get(spaces[i], va), (int)(i & 255),
			       100);
	}
	for (size_t i = 0; i < made; i++) {
		unsigned char *byte = mems_space_get(spaces[i], MEMS_VA_FIRST);

		right += byte != NULL && byte[0] == (i & 255) &&
			 byte[99] == (i & 255);
	}
	is(right, count, "each keeps its own bytes");
	for (size_t i = 0; i < made; i++)
		destroyed += mems_space_destroy(spaces[i]) == 0;
	is(destroyed, count, "all can be destroyed");
	free(spaces);
}

static int no_callback(mems_space *space, const struct mems_segment *segment,
		       void *arg)
{
	(void)space;
	(void)segment;
	(void)arg;
	return 1;
}

static int no_text(void *arg, const char *text, size_t length)
{
	(void)arg;
	(void)text;
	(void)length;
	return 1;
}

#define SETS_EINVAL(call, nothing)                                          \
	do {                                                                \
		errno = 0;                                                  \
		ok((call) == (nothing) && errno == EINVAL, "%s: " #call,    \
		   when);                                                   \
	} while (0)

/* Every call of space.h and stats.h but mems_space_get(). */
static void no_call_takes(mems_space *space, const char *when)
{
	struct mems_space_stats stats = { .size = sizeof(stats) };
	unsigned char byte = 0;
	uint64_t returned;
	char report[80];

	SETS_EINVAL(mems_space_alloc(space, 8), MEMS_VA_NONE);
	SETS_EINVAL(mems_space_aligned_alloc(space, 64, 8), MEMS_VA_NONE);
	SETS_EINVAL(mems_space_calloc(space, 1, 8), MEMS_VA_NONE);
	SETS_EINVAL(mems_space_resize(space, 1000, 8), MEMS_VA_NONE);
	SETS_EINVAL(mems_space_resize(space, MEMS_VA_NONE, 8), MEMS_VA_NONE);
	SETS_EINVAL(mems_space_usable_size(space, 1000), 0);
	SETS_EINVAL(mems_space_root_get(space, "name"), MEMS_VA_NONE);
	is(mems_space_free(space, 1000), -EINVAL, "%s: free", when);
	is(mems_space_read(space, 1000, &byte, 1), -EINVAL, "%s: read", when);
	is(mems_space_write(space, 1000, &byte, 1), -EINVAL, "%s: write", when);
	is(mems_space_fill(space, 1000, 0, 1), -EINVAL, "%s: fill", when);
	is(mems_space_copy(space, 1000, 1000, 1), -EINVAL, "%s: copy", when);
	is(mems_space_contains(space, 1000), -EINVAL, "%s: contains", when);
	is(mems_space_walk(space, no_callback, NULL), -EINVAL, "%s: walk",
	   when);
	is(mems_space_root_set(space, "name", 1), -EINVAL, "%s: root_set",
	   when);
	is(mems_space_root_remove(space, "name"), -EINVAL, "%s: root_remove",
	   when);
	is(mems_space_limit(space, 0, 0, NULL, NULL), -EINVAL, "%s: limit",
	   when);
	is(mems_space_extend(space, 1 << 20), -EINVAL, "%s: extend", when);
	is(mems_space_trim(space, &returned), -EINVAL, "%s: trim", when);
	is(mems_space_defrag(space, &returned), -EINVAL, "%s: defrag", when);
	is(mems_space_verify(space, report, sizeof(report)), -EINVAL,
	   "%s: verify", when);
	is(mems_space_stats(space, &stats), -EINVAL, "%s: stats", when);
	is(mems_space_print(space, no_text, NULL), -EINVAL, "%s: print", when);
	is(mems_space_json(space, no_text, NULL), -EINVAL, "%s: json", when);
	is(mems_space_draw(space, no_text, NULL), -EINVAL, "%s: draw", when);
	is(mems_space_destroy(space), -EINVAL, "%s: destroy", when);
}

static void a_space_that_is_none_is_refused(void)
{
	mems_space *space = space_make(1 << 20);
	mems_va va = mems_space_alloc(space, 100);
	void *memory = mems_space_get(space, va);

	no_call_takes(NULL, "NULL");
	is(mems_space_destroy(space), 0, "a space is destroyed");
	no_call_takes(space, "destroyed");
	ok(mems_space_get(space, va) == NULL, "destroyed: get gives NULL");
	is(mems_space_va(space, memory), MEMS_VA_NONE, "destroyed: va");
}

int main(void)
{
	without_options_a_space_has_the_defaults();
	the_classic_options_make_the_classic_layout();
	wrong_options_are_refused();
	a_granule_is_any_power_of_two();
	the_maximum_is_kept(&defaults, "default");
	the_maximum_is_kept(&classic, "classic");
	more_than_the_system_has_is_refused();
	borrowed_memory_is_used_and_not_left();
	borrowed_memory_needs_not_be_zero();
	memory_gets_usable(&defaults, "default", 0, 65536);
	memory_gets_usable(&defaults, "zeroed", MEMS_MEMORY_ZEROED, 131072);
	memory_gets_usable(&classic, "classic", 0, 65536);
	all_usable_memory_is_not_extended();
	there_can_be_thousands(64 << 10, test_scaled(5000));
	there_can_be_thousands(0, test_scaled(LARGE_SPACES));
	a_space_that_is_none_is_refused();
	return done_testing();
}
