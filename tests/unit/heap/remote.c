/*
 * What is done to the word through which other threads give blocks back: by
 * hand, one step after the other, each in the order that a race could bring.
 */
#include <config.h>

#include "heap/heap.h"
#include "heap/slices.h"

#include "tap.h"

#include <pthread.h>

#define CLASS 20

static struct heap *heap;
static struct cache *cache;	/* this thread's */

/* A full span of a cache: all blocks are handed out. */
static struct span *full_span(struct cache *owner, void **blocks)
{
	unsigned count = mems__classes[CLASS].count;
	struct span *span;

	for (unsigned i = 0; i < count; i++)
		blocks[i] = mems__cache_alloc(owner, CLASS, NULL);
	span = owner->bins[CLASS].current;
	for (unsigned i = 0; i < count; i++)
		if (mems__slice_at(blocks[i]) != span)
			return NULL;
	return span;
}

static void *blocks[4096];

static unsigned count(void)
{
	return mems__classes[CLASS].count;
}

static bool is_sound(void)
{
	char report[100] = "";

	if (mems_heap_verify((mems_heap *)heap, report, sizeof(report)) == 0)
		return true;
	diag("verify: %s", report);
	return false;
}

/* As a thread frees a block of a span that is not its own. */
static void push(struct span *span, void *block)
{
	mems__remote_free(span, block, mems__span_number(span, block));
}

static void begin(void)
{
	heap = (struct heap *)mems_heap_create(NULL);
	cache = mems__cache_make(heap);
}

static void end(void)
{
	ok(is_sound(), "the heap is sound");
	is(mems_heap_destroy((mems_heap *)heap), 0, "and ends");
}

/* Drop the current one: the next block makes the span let go of. */
static void *next_span(void)
{
	return mems__cache_alloc(cache, CLASS, NULL);
}

static void a_full_span_is_let_go_of(void)
{
	struct span *span;
	void *more;

	begin();
	span = full_span(cache, blocks);
	ok(span != NULL, "a span is full");
	is(span->remote, REMOTE_OWNED, "its cache will look at it");
	ok(span->owner == cache, "which it belongs to");
	is(span->used, count() + 1, "one more is used: it is current");
	more = next_span();
	is(span->remote, 0, "it is let go of: nobody will look");
	ok(span->owner == NULL, "it belongs to nobody");
	is(span->used, count(), "all its blocks are handed out");
	ok(is_sound(), "the heap is sound");
	mems_heap_free(more);
	end();
}

static void who_frees_the_first_block_takes_it(void)
{
	struct span *span;

	begin();
	span = full_span(cache, blocks);
	(void)next_span();
	mems_heap_free(blocks[7]);
	is(span->remote, REMOTE_OWNED, "somebody looks again");
	ok(span->owner == cache, "the cache of this thread");
	ok(span->free == blocks[7], "the block is free");
	is(span->used, count() - 1, "and not used any more");
	ok(cache->bins[CLASS].partial.first == span, "the span is in its bin");
	mems_heap_free(blocks[8]);
	ok(span->free == blocks[8], "the next block goes without an atomic");
	is(span->used, count() - 2, "and is counted");
	ok(is_sound(), "the heap is sound");
	end();
}

static void others_push(void)
{
	struct span *span;

	begin();
	span = full_span(cache, blocks);
	for (unsigned i = 0; i < 5; i++)
		push(span, blocks[i]);
	is(mems__remote_count(span->remote), 5, "five blocks wait");
	is(span->remote & REMOTE_FIRST, mems__span_number(span, blocks[4]) + 1,
	   "the last is first");
	ok((span->remote & REMOTE_OWNED) != 0, "somebody will look");
	is(span->used, count() + 1, "they count as used");
	ok(span->free == NULL, "and are not free yet");
	ok(is_sound(), "the heap is sound");
	is(mems__remote_collect(span), 5, "the owner takes them in");
	is(span->remote, REMOTE_OWNED, "none waits then");
	is(span->used, count() - 4, "they are not used");
	ok(span->free == blocks[4], "but free");
	is(mems__remote_collect(span), 0, "once");
	push(span, blocks[10]);
	is(mems__remote_collect(span), 1, "another one");
	ok(span->free == blocks[4], "goes behind those that are free");
	ok(is_sound(), "the heap is sound");
	for (unsigned i = 0; i < 6; i++)
		ok(mems__cache_alloc(cache, CLASS, NULL) ==
		   blocks[i < 5 ? 4 - i : 10], "block %u is handed out", i);
	end();
}

static void letting_go_fails_when_a_block_came(void)
{
	struct span *span;

	begin();
	span = full_span(cache, blocks);
	/* As if another thread had done it in the middle of refill. */
	push(span, blocks[3]);
	span->used--;
	ok(!mems__remote_let_go(span), "it is not let go of");
	span->used++;
	ok(span->owner == cache, "it stays where it is");
	is(span->remote, REMOTE_OWNED, "and is looked at");
	ok(span->free == blocks[3], "the block is free");
	ok(mems__cache_alloc(cache, CLASS, NULL) == blocks[3],
	   "and the next one");
	end();
}

static void a_listed_span_goes_with_its_last_block(void)
{
	unsigned live = count() / 2;
	struct span *span;

	begin();
	for (unsigned i = 0; i < live; i++)
		blocks[i] = mems__cache_alloc(cache, CLASS, NULL);
	span = cache->bins[CLASS].current;
	mems__cache_flush(cache);
	is(span->kind, SPAN_LISTED, "a thread that ends lists its spans");
	ok(heap->listed[CLASS].first == span, "in the list of the class");
	ok(span->owner == NULL, "they belong to nobody");
	is(span->used, live, "blocks are used");
	ok((span->remote & REMOTE_LISTED) != 0, "and its word says so");
	is(mems__remote_count(span->remote), live, "with the blocks out");
	ok(is_sound(), "the heap is sound");
	for (unsigned i = 0; i + 1 < live; i++)
		mems_heap_free(blocks[i]);
	is(span->kind, SPAN_LISTED, "it stays while a block is used");
	is(mems__remote_count(span->remote), 1, "and counts what is out");
	ok(is_sound(), "the heap is sound");
	mems_heap_free(blocks[live - 1]);
	is(span->kind, SPAN_NONE, "and goes with the last");
	ok(heap->listed[CLASS].first == NULL, "out of the list");
	is(heap->held, 0, "nothing is held");
	end();
}

static void a_listed_span_is_taken_again(void)
{
	unsigned live = count() / 2;
	struct span *span;
	void *block;

	begin();
	for (unsigned i = 0; i < live; i++)
		blocks[i] = mems__cache_alloc(cache, CLASS, NULL);
	span = cache->bins[CLASS].current;
	mems__cache_flush(cache);
	mems_heap_free(blocks[0]);
	mems_heap_free(blocks[1]);
	block = mems__cache_alloc(cache, CLASS, NULL);
	ok(mems__slice_at(block) == span, "the next block comes from it");
	ok(span->owner == cache, "it is this thread's");
	is(span->kind, SPAN_BLOCKS, "and not listed");
	is(span->remote, REMOTE_OWNED, "what waited was taken in");
	is(span->used, live - 2 + 1 + 1, "blocks are used, and it is current");
	ok(heap->listed[CLASS].first == NULL, "the list is empty");
	ok(mems__list_take(heap, CLASS) == NULL, "and gives none");
	end();
}

/* Each block of a full span freed by a thread without a cache of the heap. */
static void *free_blocks(void *arg)
{
	unsigned most = *(unsigned *)arg;

	for (unsigned i = 0; i < most; i++)
		mems_heap_free(blocks[i]);
	return NULL;
}

static void a_thread_without_a_cache_lists_it(void)
{
	unsigned most = count() - 1;
	struct span *span;
	pthread_t thread;

	begin();
	span = full_span(cache, blocks);
	(void)next_span();
	pthread_create(&thread, NULL, free_blocks, &most);
	pthread_join(thread, NULL);
	is(span->kind, SPAN_LISTED, "the span is in the list");
	is(mems__remote_count(span->remote), 1, "one block is out");
	ok(is_sound(), "the heap is sound");
	mems_heap_free(blocks[count() - 1]);
	is(span->kind, SPAN_NONE, "it goes with the last block");
	end();
}

static void a_thread_that_only_frees_keeps_few(void)
{
	enum { SPANS = 60 };
	static void *many[SPANS][4096];
	uint64_t in_bin = 0, listed = 0;

	begin();
	for (int i = 0; i < SPANS; i++)
		if (full_span(cache, many[i]) == NULL)
			ok(0, "a full span");
	(void)next_span();
	/* This thread let go of them all, so it may take them all back. */
	for (int i = 0; i < SPANS; i++)
		mems_heap_free(many[i][0]);
	for (struct span *span = cache->bins[CLASS].partial.first;
	     span != NULL; span = span->next)
		in_bin++;
	for (struct span *span = heap->listed[CLASS].first; span != NULL;
	     span = span->next)
		listed++;
	is(in_bin + listed, SPANS, "every span is in a bin or in the list");
	ok(is_sound(), "the heap is sound");
	end();
}

static void all(void)
{
	a_full_span_is_let_go_of();
	who_frees_the_first_block_takes_it();
	others_push();
	letting_go_fails_when_a_block_came();
	a_listed_span_goes_with_its_last_block();
	a_listed_span_is_taken_again();
}

static void *nothing(void *arg)
{
	return arg;
}

int main(void)
{
	pthread_t thread;

	diag("before the first thread");
	all();
	/* From now on every step is an atomic one. */
	pthread_create(&thread, NULL, nothing, NULL);
	pthread_join(thread, NULL);
	diag("after it");
	all();
	a_thread_without_a_cache_lists_it();
	a_thread_that_only_frees_keeps_few();
	return done_testing();
}
