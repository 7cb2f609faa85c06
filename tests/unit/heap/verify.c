/* What verify says of a heap in which one word is wrong. */
#include <config.h>

#include "heap/heap.h"
#include "heap/slices.h"

#include "../spoil.h"

#define CLASS 10	/* its spans have one slice */

static struct heap *heap;
static struct cache *cache;
static void *blocks[20000];
static struct span *full, *partial, *current;

#define TOLD(words) TELLS(mems_heap_verify, (mems_heap *)heap, words)

/* Of one class a span that nobody has, one with free blocks, and one at hand. */
static void begin(void)
{
	unsigned count = mems__classes[CLASS].count;

	heap = (struct heap *)mems_heap_create(NULL);
	cache = mems__cache_make(heap);
	for (unsigned i = 0; i < 2 * count + 3; i++)
		blocks[i] = mems__cache_alloc(cache, CLASS, NULL);
	full = mems__slice_at(blocks[0]);
	partial = mems__slice_at(blocks[count]);
	current = mems__slice_at(blocks[2 * count]);
	mems_heap_free(blocks[count + 5]);
	is(mems_heap_verify((mems_heap *)heap, NULL, 0), 0, "a sound heap");
	ok(full->owner == NULL && partial->owner == cache &&
	   cache->bins[CLASS].partial.first == partial &&
	   cache->bins[CLASS].current == current,
	   "with a span that nobody has, one in a bin, and one at hand");
}

static void of_the_counts_of_a_span(void)
{
	static const char used[] =
		"the blocks in use of a span are not as many as it says";

	spoil_keep(current, sizeof(*current));
	current->fresh = (mems__class_info(current)->count + 1) & 0x7fff;
	TOLD("a span was cut into more blocks than it has");
	SPOIL(current->used, current->used + 1);
	TOLD(used);
	SPOIL(full->used, full->used - 1);
	TOLD(used);
	SPOIL(current->remote, 0);
	TOLD("a span that nobody has is not full");
	SPOIL(partial->remote, 1u << 26);
	TOLD("a span has blocks that nobody will look at");
	SPOIL(current->remote, REMOTE_OWNED | 1u << REMOTE_COUNT_SHIFT);
	SPOIL(current->used, current->used + 1);
	TOLD("the count of blocks that others freed is wrong");
	SPOIL(full->kind, SPAN_LISTED);
	TOLD("a span does not know whether it is in a list");
}

static void of_who_has_a_span(void)
{
	static const char broken[] = "a list of spans is broken";
	static const char not_its[] = "a bin has a span that is not its";
	struct bin *bin = &cache->bins[CLASS];

	SPOIL(full->owner, mems__cache_make(&mems__default_heap));
	TOLD("a span is in a cache of another heap");
	SPOIL(partial->previous, full);
	TOLD(broken);
	SPOIL(partial->class, CLASS + 1);
	TOLD(broken);
	SPOIL(partial->owner, NULL);
	TOLD(broken);
	SPOIL(partial->heap, &mems__default_heap);
	TOLD(broken);
	SPOIL(bin->partial.last, NULL);
	TOLD("a list of spans has another end");
	SPOIL(current->owner, NULL);
	TOLD(not_its);
	SPOIL(current->class, CLASS - 1);
	TOLD(not_its);
	SPOIL(bin->partial.first, NULL);
	SPOIL(bin->partial.last, NULL);
	TOLD("a span is in no bin and no list, or in two");
}

static void of_the_direct_way(void)
{
	size_t i = mems__classes[CLASS].size / 16;

	ok(cache->direct[i] == current, "a size goes to the span at hand");
	SPOIL(cache->direct[i], partial);
	TOLD("a size goes to the wrong span");
}

static void of_slices(void)
{
	unsigned class = 0;
	struct span *span;

	while (mems__classes[class].slices < 2)
		class++;
	span = mems__slice_at(mems__cache_alloc(cache, class, NULL));
	SPOIL(span[1].slices, 5);
	TOLD("a slice does not know its span");
	SPOIL(span[1].kind, SPAN_NONE);
	TOLD("a slice does not know its span");
	span = mems__slice_at(mems_heap_alloc((mems_heap *)heap, 1 << 20));
	SPOIL(span->bytes, ((size_t)span->slices << SLICE_SHIFT) + 1);
	TOLD("a large block leaves its run");
	SPOIL(heap->held, heap->held + SLICE);
	TOLD("the bytes held are not those of the runs");
}

int main(void)
{
	begin();
	of_the_counts_of_a_span();
	of_who_has_a_span();
	of_the_direct_way();
	of_slices();
	is(mems_heap_destroy((mems_heap *)heap), 0, "the heap ends");
	return done_testing();
}
