/*
 * Memory that was freed goes back to the system: with a trim at once, else by
 * itself. What is resident is asked of the system, page by page.
 */
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <mems.h>

#include "api/heap.h"
#include "pages.h"
#include "tap.h"

#define TOTAL ((size_t)64 << 20)
#define MOST (TOTAL / 4096)

/* How long to wait for what takes a second or two. */
#define PATIENCE 20

static void *blocks[MOST];
static uintptr_t pages[MOST + 1];	/* of the blocks, at run's distance */
static size_t page_count;

/* Resident bytes of the blocks; their memory stays mapped when they go. */
static size_t resident(void)
{
	size_t page = page_size(), bytes = 0;

	for (size_t i = 0; i < page_count; i++)
		for (size_t n = 0; n < RUN; n += page) {
			int is = page_is_resident((void *)(pages[i] + n));

			if (is < 0)
				return SIZE_MAX;
			bytes += (size_t)is * page;
		}
	return bytes;
}

static int by_value(const void *a, const void *b)
{
	uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;

	return x < y ? -1 : x > y;
}

/* Make blocks of `size` until there are 64 MiB, all touched. How many. */
static size_t make(mems_heap *heap, size_t size)
{
	size_t count = TOTAL / size, runs = 0;

	for (size_t i = 0; i < count; i++) {
		blocks[i] = mems_heap_alloc(heap, size);
		if (blocks[i] == NULL)
			return 0;
		memset(blocks[i], 1, size);
	}
	page_count = 0;
	if (size >= RUN) {
		for (size_t i = 0; i < count; i++)
			for (size_t at = 0; at < size; at += RUN)
				pages[page_count++] = (uintptr_t)blocks[i] +
						      at;
		return count;
	}
	for (size_t i = 0; i < count; i++)
		pages[i] = (uintptr_t)blocks[i] / RUN * RUN;
	qsort(pages, count, sizeof(*pages), by_value);
	for (size_t i = 0; i < count; i++)
		if (runs == 0 || pages[runs - 1] != pages[i])
			pages[runs++] = pages[i];
	page_count = runs;
	return count;
}

/* Wait until no more than `most` bytes are resident. */
static int falls_to(size_t most)
{
	const struct timespec tick = { .tv_nsec = 50000000 };
	time_t start = time(NULL);

	while (resident() > most) {
		if (time(NULL) - start > PATIENCE) {
			diag("%zu bytes are resident, %zu would do",
			     resident(), most);
			return 0;
		}
		nanosleep(&tick, NULL);
	}
	return 1;
}

static void a_trim_gives_memory_back(size_t size)
{
	mems_heap *heap = heap_make();
	size_t count = make(heap, size);
	uint64_t returned = 0;

	ok(resident() >= TOTAL - RUN, "size %zu: 64 MiB are resident", size);
	mems_heap_free_batch(blocks, count);
	is(mems_heap_trim(heap, &returned), 0, "size %zu: a trim", size);
	ok(resident() <= RUN, "size %zu: gives them back", size);
	is(heap_stats(heap).held, 0, "size %zu: the heap holds nothing", size);
	ok(heap_stats(heap).waiting <= RUN, "size %zu: nothing waits", size);
	mems_heap_destroy(heap);
}

static void memory_goes_back_without_a_call(size_t size)
{
	size_t count = make(NULL, size);

	mems_heap_free_batch(blocks, count);
	ok(falls_to(TOTAL / 8), "size %zu: freed memory goes back", size);
}

static void *free_all(void *arg)
{
	mems_heap_free_batch(blocks, *(size_t *)arg);
	return NULL;
}

static void what_another_thread_freed_goes_back(size_t size)
{
	size_t count = make(NULL, size);
	pthread_t thread;

	/* A thread that never allocates. */
	pthread_create(&thread, NULL, free_all, &count);
	pthread_join(thread, NULL);
	ok(falls_to(TOTAL / 8),
	   "size %zu: so does what a thread freed that makes nothing", size);
}

static void *make_all(void *arg)
{
	size_t *size = arg;

	*size = make(NULL, *size);
	return NULL;
}

static void what_an_ended_thread_made_goes_back(size_t size)
{
	size_t count = size;
	pthread_t thread;

	pthread_create(&thread, NULL, make_all, &count);
	pthread_join(thread, NULL);
	mems_heap_free_batch(blocks, count);
	ok(falls_to(TOTAL / 8),
	   "size %zu: so does what a thread made that has ended", size);
}

static pthread_barrier_t barrier;

static void *make_and_sleep(void *arg)
{
	make_all(arg);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void what_a_sleeping_thread_made_goes_back(size_t size)
{
	size_t count = size;
	pthread_t thread;

	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, make_and_sleep, &count);
	pthread_barrier_wait(&barrier);
	mems_heap_free_batch(blocks, count);
	ok(falls_to(TOTAL / 8),
	   "size %zu: so does what a thread made that sleeps", size);
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&barrier);
}

static void what_a_heap_had_goes_back_when_it_ends(size_t size)
{
	mems_heap *heap = heap_make();

	make(heap, size);
	mems_heap_destroy(heap);
	ok(falls_to(TOTAL / 8),
	   "size %zu: so does what a heap had that was ended", size);
}

int main(void)
{
	static const size_t sizes[] = { 4096, 20000, 1 << 20, TOTAL };

#if !defined __linux__ && !defined _WIN32
	puts("1..0 # SKIP no way to ask what is resident is known here");
	return 0;
#endif
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		a_trim_gives_memory_back(sizes[i]);
	memory_goes_back_without_a_call(4096);
	memory_goes_back_without_a_call(TOTAL);
	what_another_thread_freed_goes_back(4096);
	what_an_ended_thread_made_goes_back(4096);
	what_a_sleeping_thread_made_goes_back(4096);
	what_a_heap_had_goes_back_when_it_ends(4096);
	is(heap_stats(NULL).blocks, 0, "nothing is left");
	ok(heap_is_sound(NULL), "the heap is sound");
	return done_testing();
}
