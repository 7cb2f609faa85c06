/*
 * Inside the heap: what the files of this layer share.
 *
 * A heap is spans of blocks and the lists of its classes; each thread that
 * allocates from it has a cache, with a span at hand for each class. A thread's
 * cache for the default heap is in a variable of the thread; those for other
 * heaps hang on it.
 */
#ifndef MEMS_HEAP_HEAP_H
#define MEMS_HEAP_HEAP_H

#include <mems/heap.h>

#include "base/assert.h"
#include "base/bits.h"
#include "heap/harden.h"
#include "heap/span.h"
#include "os/lock.h"
#include "os/thread.h"

#include <stdbool.h>

#define likely(condition) __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

#define NOINLINE __attribute__((noinline))

/* ------------------------------------------------------- caches and heaps */

struct bin {
	struct span *current;	/* blocks are taken from this one */
	struct span_list partial;	/* further spans with free blocks */
	int32_t adopted;	/* spans taken in less those let go of */
};

#define DIRECT (DIRECT_MOST / 16 + 1)

/* A thread's part of a heap. Only that thread uses it, but for what is under
   the lock of all heaps. */
struct cache {
	struct span *direct[DIRECT];	/* the current spans, by size / 16 */
	struct bin bins[CLASSES];
	struct heap *heap;	/* NULL: not made yet, or its heap has ended */
	struct cache *thread;	/* the cache that tells threads apart: of this
				   thread, for the default heap */
	struct cache *others;	/* the thread's next cache */
	struct cache *next, *previous;	/* of the heap; under LOCK_HEAPS */
};

struct heap {
	uint32_t alive;			/* HEAP_ALIVE until destroyed */
	struct lock lock;
	struct span_list listed[CLASSES];	/* under the lock */
	size_t held;			/* bytes in spans; this and the next
					   two are atomic */
	size_t held_peak;
	size_t check;			/* held above this: a limit matters */
	uint64_t soft_limit, hard_limit;	/* under the lock */
	bool soft_told;
	mems_heap_limit_fn *on_soft_limit;
	void *arg;
	struct cache *caches;		/* under LOCK_HEAPS, as the next */
	struct heap *next, *previous;
};

#define HEAP_ALIVE 0x5041454du

extern struct heap mems__default_heap;

/* What a thread that has no cache yet, or none any more, has in its place. */
extern struct cache mems__no_cache, mems__late_cache;
extern struct span mems__no_span;

/* The thread's cache for the default heap, or one of the two above. */
extern THREAD_LOCAL struct cache *mems__this_cache;
#define mems__cache MINE(mems__this_cache)

/* The heap behind a handle (NULL is the default heap), or NULL and EINVAL. */
struct heap *mems__heap_of(mems_heap *handle);

/* threads.c: set up the hooks of heaps and spaces for fork, if they are not.
   Layers above do so before they set up theirs. */
void mems__heaps_start(void);
/* A new heap, all zeros; its end. */
struct heap *mems__heap_add(void);
void mems__heap_remove(struct heap *heap);
/* Before its spans are released: no cache has any of them any more. */
void mems__heap_forget(struct heap *heap);

/* The cache of this thread for a heap, made if need be; NULL: there
   is none to be had. */
struct cache *mems__cache_make(struct heap *heap);
/* The same, not made. */
struct cache *mems__cache_find(const struct heap *heap);
/* Give up what the caches of threads that have ended still hold. */
void mems__caches_unpark(void);
/* For those who cannot have a cache: one for all of them, locked. */
struct cache *mems__shared_take(void);
void mems__shared_drop(void);
/* For each cache of the heap, under the lock of all heaps. */
void mems__caches_visit(struct heap *heap,
			void (*visit)(struct cache *cache, void *arg),
			void *arg);

/* ------------------------------------------------------------------- blocks */

/* span.c: a span of new slices, in nobody's hands yet; NULL: no memory. */
struct span *mems__span_make(struct heap *heap, unsigned class);
/* It is empty, or its heap ends, and it is in no bin and no list. */
void mems__span_release(struct span *span);

/* cache.c: a block of this class; NULL: no memory. *zeroed is set if it is
   known to hold only 0; NULL if nobody cares. */
void *mems__cache_alloc(struct cache *cache, unsigned class, bool *zeroed);
/* Give up what the cache holds: its empty spans, or all. */
void mems__cache_collect(struct cache *cache);
void mems__cache_flush(struct cache *cache);
/* Give up all but empty spans, of which `most` bytes were in use at some time:
   the next thread is likely to want the same. */
void mems__cache_pare(struct cache *cache, size_t most);
void mems__cache_init(struct cache *cache, struct heap *heap);
/* Have each call on it pass by mems__alloc(). */
void mems__cache_close(struct cache *cache);
/* Take a span that this cache's thread alone can reach into its bin. */
void mems__cache_adopt(struct cache *cache, struct span *span);
/* A span of a bin, not its current one, is empty: give it back. */
void mems__cache_emptied(struct span *span);

/* list.c: a span goes to the heap's list of its class, or comes from there. */
void mems__list_put(struct span *span);
struct span *mems__list_take(struct heap *heap, unsigned class);
/* The last block of a span in a list was freed. */
void mems__list_emptied(struct span *span);

/* remote.c: the block `number` of a span that is not this thread's. */
void mems__remote_free(struct span *span, void *block, uint32_t number);
/* Move the blocks in `remote` to `free`; the span is the caller's. How many. */
uint32_t mems__remote_collect(struct span *span);
/* The span is full: let go of it. False: it is not, after all. */
bool mems__remote_let_go(struct span *span);
/* It goes to its heap's list; false: blocks have come, look at them first. */
bool mems__remote_list(struct span *span);
/* It comes from there; false: it is who freed its last block that has it. */
bool mems__remote_unlist(struct span *span);

/* large.c */
void *mems__large_alloc(struct heap *heap, size_t size, size_t alignment,
			bool *zeroed);
bool mems__large_resize(struct span *span, size_t size);
/* A larger block with what this one has in it, and room to grow; NULL: there is
   no memory. What this one then holds is anybody's guess. */
void *mems__large_move(struct span *span, size_t size);

/* limits.c: count a span in or out; false: the hard limit would be exceeded. */
bool mems__heap_hold(struct heap *heap, size_t bytes);
/* What was counted in was had as well: see to the peak. */
void mems__heap_held(struct heap *heap);
void mems__heap_release(struct heap *heap, size_t bytes);
void mems__limits_tell(struct heap *heap);

/*
 * decay.c: after slices were taken or given, and no lock of a heap is held:
 * is it time to give memory back? Then, at the end of a call from outside:
 * does it take the helper? `caller` is who called.
 */
void mems__decay_look(void);
void mems__decay_help(const void *caller);
extern bool mems__decay_wanted;		/* mems__decay_help() is to be called */
static inline void mems__decay_ask(void)
{
	if (unlikely(__atomic_load_n(&mems__decay_wanted, __ATOMIC_RELAXED)))
		mems__decay_help(NULL);
}
void mems__decay_after_fork(void);

/* Milliseconds that free slices keep their memory; negative: for ever. */
extern int mems__decay_time;
/* May there be a helper thread? */
extern bool mems__decay_helper;

/* alloc.c: all sizes, any alignment; errno is set when there is no memory. */
void *mems__alloc(struct cache *cache, size_t size);
void *mems__alloc_zeroed(struct cache *cache, size_t size);
void *mems__alloc_aligned(struct cache *cache, size_t alignment, size_t size);
void mems__free_any(void *block);
void mems__free_emptied(struct span *span);
void *mems__realloc(struct cache *cache, void *block, size_t size);
size_t mems__usable_size(const void *block);

/* walk.c: the bits of a span's live blocks, for as many as a span can have;
   how many there are. Of a span that a thread uses meanwhile it is a guess. */
#define SPAN_WORDS 64
uint32_t mems__span_live(const struct span *span, uint64_t live[SPAN_WORDS]);

/* What there is to tell of a span, whoever uses it. */
struct span_view {
	char *memory;
	size_t held;		/* bytes of its slices */
	size_t size;		/* of each block: what may be used of it */
	unsigned class;		/* CLASSES: one large block */
	uint32_t blocks;	/* in use */
	uint64_t live[SPAN_WORDS];	/* the bits of these */
};
/* False: it is none of this heap, or not any more. */
bool mems__span_view(const struct span *span, const struct heap *heap,
		     struct span_view *view);

/* misuse.c: one line, and the end of the process. */
void mems__misuse(const char *what, const void *block)
	__attribute__((noreturn, cold));

#endif
