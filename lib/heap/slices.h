/*
 * The slices of 64 KiB that spans are made of, for all heaps of the process.
 *
 * They come from spaces, one after the other, each with addresses for twice as
 * much as the last, so the system is the only limit. Slices that are free keep
 * their memory for a while (slices.c counts them as dirty), since they are
 * soon wanted again; decay.c sees to it that it goes back.
 */
#ifndef MEMS_HEAP_SLICES_H
#define MEMS_HEAP_SLICES_H

#include "base/bits.h"
#include "heap/span.h"
#include "os/lock.h"

#include <mems/space.h>

/* The slices of one space. What is set when it is made never changes. */
struct range {
	char *base;
	size_t size;
	struct span *spans;	/* one for each slice */
	mems_space *space;
	uint64_t *dirty;	/* bits: free, and may hold something */
	uint64_t *aged;		/* bits: dirty, and was at the last look */
	size_t committed;	/* of spans, in bytes */
	size_t extent;		/* slices that were ever in use */
};

/* The first range again, in the form that every free looks at. It has a line of
   its own: what others write must not take it out of a processor's cache. */
struct first_range {
	_Alignas(64) uintptr_t base;
	size_t size;
	struct span *spans;
};
extern struct first_range mems__first_range;

/*
 * Set once, when a pointer that is in it cannot yet be anywhere: a plain read
 * will do, and takes fewer instructions. ThreadSanitizer cannot know.
 */
#if defined __SANITIZE_THREAD__
#define FIRST_RANGE(word)                                                  \
	__atomic_load_n(&mems__first_range.word, __ATOMIC_ACQUIRE)
#else
#define FIRST_RANGE(word) (mems__first_range.word)
#endif

/* 256 MiB as the first of them are more than any system has addresses for. */
#define RANGES_MOST 40

extern struct range mems__ranges[RANGES_MOST];
extern unsigned mems__range_count;	/* grows, under the lock */

extern struct lock mems__slices_lock;

/* The span of the slice in which this byte lies, or NULL: not one of ours. */
static inline struct span *mems__slice_at(const void *memory)
{
	uintptr_t offset = (uintptr_t)memory - FIRST_RANGE(base);
	unsigned count;

	if (offset < FIRST_RANGE(size))
		return &FIRST_RANGE(spans)[offset >> SLICE_SHIFT];
	count = __atomic_load_n(&mems__range_count, __ATOMIC_ACQUIRE);
	for (unsigned i = 0; i < count; i++) {
		offset = (uintptr_t)memory - (uintptr_t)mems__ranges[i].base;
		if (offset < mems__ranges[i].size)
			return &mems__ranges[i].spans[offset >> SLICE_SHIFT];
	}
	return NULL;
}

/*
 * Take `count` slices, the first of them at a multiple of `alignment` bytes.
 * The span that is returned has memory, slices and zeroed set; all its bytes
 * are 0 if zeroed is. NULL: the system has no more.
 */
struct span *mems__slices_take(size_t count, size_t alignment);

/* Give back what take gave. */
void mems__slices_give(struct span *span);

/* Make a span longer where it lies, to `count` slices, or shorter. */
bool mems__slices_resize(struct span *span, size_t count);

/*
 * Give memory of free slices back to the system: all, or what was free at the
 * last look already. Returns the bytes; `left` is how many bytes still wait,
 * or LEFT_REFUSED: the system does not take them.
 */
#define LEFT_REFUSED UINT64_MAX
uint64_t mems__slices_return(bool all, uint64_t *left);

/* Bytes of free slices that may hold memory. */
uint64_t mems__slices_dirty(void);

struct slices_stats {
	uint64_t reserved;	/* bytes of addresses */
	uint64_t taken;		/* bytes in spans */
	uint64_t dirty;		/* bytes */
	uint64_t returned;	/* bytes, so far */
};
void mems__slices_stats(struct slices_stats *stats);

/*
 * All spans, one after the other, NULL at the end; a cursor begins as zeros.
 * What others take or give meanwhile is seen or not.
 */
struct slices_cursor {
	unsigned range;
	size_t index;
};
struct span *mems__slices_next(struct slices_cursor *cursor);

#endif
