/* What a thread leaves to the next, and to a child in which it is not. */
#include <config.h>

#include "heap/heap.h"
#include "heap/link.h"
#include "heap/slices.h"

#include "tap.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLASS 20

static mems_heap *heap;
static void *blocks[5000];
static pthread_barrier_t barrier;

/* Stops where a thread may be when another one forks. */
static void (*stop_there)(struct span *span);

static void *stop(void *arg)
{
	struct cache *cache = mems__cache_make((struct heap *)heap);
	void *block = mems__cache_alloc(cache, CLASS, NULL);
	struct span *span = mems__slice_at(block);
	void *free = span->free;
	uint32_t used = span->used;
	uint16_t fresh = span->fresh;

	stop_there(span);
	pthread_barrier_wait(&barrier);
	/* Here the parent forks. */
	pthread_barrier_wait(&barrier);
	/* Of what it began nothing is to be seen: the links are in blocks
	   that were never cut. */
	span->free = free;
	span->used = used;
	span->fresh = fresh & 0x7fff;
	span->zeroed = 0;
	mems_heap_free(block);
	return arg;
}

/* Of a child: is the heap sound, and what it gives out zero, and all of it? */
static int try_all(uint32_t expected)
{
	const struct class *info = &mems__classes[CLASS];
	uint32_t count = 0;
	size_t held;

	if (mems_heap_verify(heap, NULL, 0) != 0)
		return 1;
	held = ((struct heap *)heap)->held;
	while (((struct heap *)heap)->held == held) {
		unsigned char *block = mems_heap_calloc(heap, 1, info->size);

		for (size_t i = 0; i < info->size; i++)
			if (block[i] != 0)
				return 2;
		memset(block, 0xff, info->size);
		blocks[count++] = block;
	}
	if (mems_heap_verify(heap, NULL, 0) != 0)
		return 3;
	/* The last one came from a further span. */
	if (count - 1 != expected)
		return 4;
	mems_heap_free_batch(blocks, count);
	return mems_heap_verify(heap, NULL, 0) == 0 ? 0 : 5;
}

static void fork_while(const char *what, void (*there)(struct span *span),
		       uint32_t expected)
{
	pthread_t thread;
	int status = -1;
	pid_t child;

	/* So that the next span is known to be 0. */
	mems_heap_trim(NULL, NULL);
	heap = mems_heap_create(NULL);
	stop_there = there;
	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, stop, NULL);
	pthread_barrier_wait(&barrier);
	child = fork();
	if (child == 0)
		_exit(try_all(expected));
	waitpid(child, &status, 0);
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&barrier);
	is(status, 0, "a thread that %s harms no child", what);
	is(mems_heap_verify(heap, NULL, 0), 0, "nor the parent");
	mems_heap_destroy(heap);
}

static void rest(struct span *span)
{
	(void)span;
}

/* As cut() does, up to where it tells of it. */
static void begin_to_cut(struct span *span)
{
	for (uint32_t i = span->fresh; i + 1u < span->fresh + 3u; i++)
		mems__set_next(mems__span_block(span, i),
			       mems__span_block(span, i + 1));
}

static void cut_and_not_tell(struct span *span)
{
	begin_to_cut(span);
	mems__set_next(mems__span_block(span, span->fresh + 2), NULL);
	span->fresh = (span->fresh + 3) & 0x7fff;
}

/* Two stores of an allocation, in either order. */
static void count_and_not_take(struct span *span)
{
	span->used++;
}

static void take_and_not_count(struct span *span)
{
	span->free = mems__next(span->free);
}

/* ------------------------------------------------------------------ parking */

#define AT_ONCE 6	/* more than wait for a thread */

static struct cache *caches[AT_ONCE];

/* Use `size` bytes in blocks of a class, and be there until others were. */
static void *use_some(void *arg)
{
	struct cache **mine = arg;
	size_t size = mine == &caches[0] ? 1 << 20 : 10000;
	size_t count = size / mems__classes[CLASS].size;

	for (size_t i = 0; i < count; i++)
		blocks[i] = mems_heap_alloc(NULL, mems__classes[CLASS].size);
	*mine = mems__cache;
	mems_heap_free_batch(blocks, count);
	return NULL;
}

static void use_in_thread(struct cache **mine)
{
	pthread_t thread;

	pthread_create(&thread, NULL, use_some, mine);
	pthread_join(thread, NULL);
}

static void *wait_for_others(void *arg)
{
	struct cache **mine = arg;

	mems_heap_free(mems_heap_alloc(NULL, 100));
	*mine = mems__cache;
	pthread_barrier_wait(&barrier);
	return NULL;
}

static uint64_t waiting_caches(void)
{
	uint64_t all = 0;

	for (struct cache *cache = mems__default_heap.caches; cache != NULL;
	     cache = cache->next)
		all += cache->thread == NULL;
	return all;
}

static void a_cache_waits_for_the_next_thread(void)
{
	pthread_t threads[AT_ONCE];
	size_t held, before;

	/* What this thread frees must not be what is looked at. */
	mems_heap_trim(NULL, NULL);
	before = mems__default_heap.held;
	use_in_thread(&caches[1]);
	is(waiting_caches(), 1, "the cache of a thread waits");
	held = mems__default_heap.held;
	ok(held > before, "with what it has");
	use_in_thread(&caches[2]);
	ok(caches[2] == caches[1], "the next thread takes it");
	is(mems__default_heap.held, held, "and needs no more");
	is(mems_heap_verify(NULL, NULL, 0), 0, "the heap is sound");
	use_in_thread(&caches[0]);
	ok(mems__default_heap.held <= held, "what is too much is given up");
	mems_heap_trim(NULL, NULL);
	is(waiting_caches(), 0, "a trim leaves none");
	is(mems__default_heap.held, before, "nor what they had");

	pthread_barrier_init(&barrier, NULL, AT_ONCE);
	for (int i = 0; i < AT_ONCE; i++)
		pthread_create(&threads[i], NULL, wait_for_others, &caches[i]);
	for (int i = 0; i < AT_ONCE; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	is(waiting_caches(), 4, "no more than four wait");
	is(mems_heap_verify(NULL, NULL, 0), 0, "the heap is sound");
	mems_heap_trim(NULL, NULL);
	is(mems__default_heap.held, before, "nothing stays");
}

int main(void)
{
	uint32_t count = mems__classes[CLASS].count;

	a_cache_waits_for_the_next_thread();
	fork_while("does nothing", rest, count - 1);
	fork_while("has begun to cut", begin_to_cut, count - 1);
	fork_while("has cut and not told", cut_and_not_tell, count - 4);
	fork_while("counts before it takes", count_and_not_take, count - 1);
	fork_while("takes before it counts", take_and_not_count, count - 2);
	return done_testing();
}
