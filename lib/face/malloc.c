/*
 * The malloc family over the default heap, for libmems-malloc: all of it in
 * one object, so that a static program gets all of it or nothing.
 *
 * It answers as the GNU C library does where the standards leave a choice,
 * since that is what programs are tried with.
 */
#include <config.h>

#include "heap/alloc.h"

#include "base/align.h"
#include "base/text.h"
#include "face/options.h"
#include "os/pages.h"

#include <mems/stats.h>

#include <errno.h>
#include <limits.h>
#ifdef HAVE_MALLOC_H
#include <malloc.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* Not every C library declares all of these. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wmissing-declarations"

/* An archive gives what somebody asks for: MEMS_OPTIONS is read in any case. */
__attribute__((used)) static const char *const with_options = &mems__options;

EXPORT void *malloc(size_t size)
{
	return mems__alloc_fast(size);
}

EXPORT void free(void *block)
{
	mems__free_fast(block);
}

static void *fail(int error)
{
	errno = error;
	return NULL;
}

EXPORT void *calloc(size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		return fail(ENOMEM);
	return mems__alloc_zeroed(mems__cache, bytes);
}

static ALWAYS_INLINE void *resize(void *block, size_t size)
{
	/* As the C library does, whose users rely on it. */
	if (size == 0 && block != NULL) {
		mems__free_fast(block);
		return NULL;
	}
	return mems__realloc(mems__cache, block, size);
}

EXPORT void *realloc(void *block, size_t size)
{
	return resize(block, size);
}

EXPORT void *reallocarray(void *block, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		return fail(ENOMEM);
	return resize(block, bytes);
}

/* ---------------------------------------------------------------- alignment */

/* Any alignment will do: the next power of two is taken. */
EXPORT void *memalign(size_t alignment, size_t size)
{
	size_t power = BLOCK_LEAST;

	if (alignment > SIZE_MAX / 2 + 1)
		return fail(EINVAL);
	while (power < alignment)
		power *= 2;
	return mems__alloc_aligned(mems__cache, power, size);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
	if (!mems__is_power_of_2(alignment))
		return fail(EINVAL);
	return mems__alloc_aligned(mems__cache, alignment, size);
}

EXPORT int posix_memalign(void **block, size_t alignment, size_t size)
{
	int saved = errno;
	void *memory;

	if (!mems__is_power_of_2(alignment) || alignment % sizeof(void *) != 0)
		return EINVAL;
	memory = mems__alloc_aligned(mems__cache, alignment, size);
	errno = saved;
	if (memory == NULL)
		return ENOMEM;
	*block = memory;
	return 0;
}

EXPORT void *valloc(size_t size)
{
	return mems__alloc_aligned(mems__cache, mems__page_size(), size);
}

/* Whole pages. */
EXPORT void *pvalloc(size_t size)
{
	size_t page = mems__page_size();

	if (size > PTRDIFF_MAX)
		return fail(ENOMEM);
	return mems__alloc_aligned(mems__cache, page,
				   (size_t)mems__round_up(size, page));
}

/* ----------------------------------------------------- further ways to free */

EXPORT void free_sized(void *block, size_t size)
{
	(void)size;
	mems__free_fast(block);
}

EXPORT void free_aligned_sized(void *block, size_t alignment, size_t size)
{
	(void)alignment;
	(void)size;
	mems__free_fast(block);
}

/* Old programs were linked with it. */
EXPORT void cfree(void *block)
{
	mems__free_fast(block);
}

/* ------------------------------------------------------------ what there is */

EXPORT size_t malloc_usable_size(void *block)
{
	return block == NULL ? 0 : mems__usable_size(block);
}

/* What is waiting to go back to the system counts, as there, as free. */
static struct mems_heap_stats census(void)
{
	struct mems_heap_stats stats = { .size = sizeof(stats) };

	(void)mems_heap_stats(NULL, &stats);
	return stats;
}

static uint64_t above(uint64_t number, uint64_t part)
{
	return number > part ? number - part : 0;
}

/* Bytes in runs that are not one large block each, and live ones of these. */
static uint64_t small_held(const struct mems_heap_stats *stats)
{
	return above(stats->held, stats->large_used) + stats->waiting;
}

static uint64_t small_used(const struct mems_heap_stats *stats)
{
	return above(stats->used, stats->large_used);
}

#ifdef HAVE_MALLINFO2
EXPORT struct mallinfo2 mallinfo2(void)
{
	struct mems_heap_stats stats = census();

	return (struct mallinfo2){
		.arena = (size_t)small_held(&stats),
		.hblks = (size_t)stats.large_blocks,
		.hblkhd = (size_t)stats.large_used,
		.uordblks = (size_t)small_used(&stats),
		.fordblks = (size_t)above(small_held(&stats),
					  small_used(&stats)),
		.keepcost = (size_t)stats.waiting,
	};
}
#endif

#ifdef HAVE_MALLINFO
static int clamped(uint64_t number)
{
	return number < INT_MAX ? (int)number : INT_MAX;
}

EXPORT struct mallinfo mallinfo(void)
{
	struct mems_heap_stats stats = census();

	return (struct mallinfo){
		.arena = clamped(small_held(&stats)),
		.hblks = clamped(stats.large_blocks),
		.hblkhd = clamped(stats.large_used),
		.uordblks = clamped(small_used(&stats)),
		.fordblks = clamped(above(small_held(&stats),
					  small_used(&stats))),
		.keepcost = clamped(stats.waiting),
	};
}
#endif

EXPORT void malloc_stats(void)
{
	int fd = STDERR_FILENO, saved = errno;

	(void)mems_heap_print(NULL, mems_write_fd, &fd);
	errno = saved;
}

static int write_stream(void *stream, const char *text, size_t length)
{
	return fwrite(text, 1, length, stream) == length ? 0 : -EIO;
}

/* The elements that readers of the C library's answer look for. The stream may
   allocate: the counts are taken before. */
EXPORT int malloc_info(int options, FILE *stream)
{
	struct mems_heap_stats stats;
	struct text text;

	if (options != 0) {
		errno = EINVAL;
		return -1;
	}
	stats = census();
	mems__text_begin(&text, write_stream, stream);
	mems__text_fill(&text,
			"<malloc version=\"1\">\n"
			"<total type=\"fast\" count=\"0\" size=\"0\"/>\n"
			"<total type=\"rest\" count=\"$\" size=\"$\"/>\n"
			"<total type=\"mmap\" count=\"$\" size=\"$\"/>\n"
			"<system type=\"current\" size=\"$\"/>\n"
			"<system type=\"max\" size=\"$\"/>\n"
			"<aspace type=\"total\" size=\"$\"/>\n"
			"</malloc>\n",
			(uint64_t[]){ above(stats.runs, stats.large_blocks),
				      above(small_held(&stats),
					    small_used(&stats)),
				      stats.large_blocks, stats.large_used,
				      stats.held + stats.waiting,
				      stats.held_peak, stats.reserved });
	return mems__text_end(&text) == 0 ? 0 : -1;
}

/* ------------------------------------------------------------ what is asked */

/* Everything goes, whatever `keep` says: there is no top to keep. */
EXPORT int malloc_trim(size_t keep)
{
	uint64_t returned = 0;

	(void)keep;
	(void)mems_heap_trim(NULL, &returned);
	return returned > 0;
}

#ifdef M_TRIM_THRESHOLD
/*
 * M_TRIM_THRESHOLD of -1 keeps free memory for ever, and of 0 has it go back at
 * once. Its other values, and the other parameters, tune what is not here; a
 * program that asks for them is told that all is well.
 */
EXPORT int mallopt(int parameter, int value)
{
	static const int known[] = {
		M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD, M_MMAP_MAX,
		M_MXFAST, M_NLBLKS, M_GRAIN, M_KEEP,
#ifdef M_CHECK_ACTION
		M_CHECK_ACTION,
#endif
#ifdef M_PERTURB
		M_PERTURB,
#endif
#ifdef M_ARENA_MAX
		M_ARENA_TEST, M_ARENA_MAX,
#endif
	};

	if (parameter == M_TRIM_THRESHOLD && (value == -1 || value == 0))
		__atomic_store_n(&mems__decay_time, value, __ATOMIC_RELAXED);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (parameter == known[i])
			return 1;
	return 0;
}
#endif
