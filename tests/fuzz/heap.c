/*
 * Calls on a heap of plain pointers: no two blocks meet, none loses a byte, and
 * walk and counts tell of the live ones.
 */
#include <errno.h>

#include <mems.h>

#include "fuzz/fuzz.h"

#define LIVE 64
#define BATCH 12
#define MOST ((size_t)16 << 20)		/* bytes live, or this takes long */

const char fuzz_name[] = "heap";

static struct input in;
static mems_heap *heap;
static uint64_t hard_limit, soft_limit;
static struct block {
	unsigned char *memory;		/* NULL: none */
	size_t size;			/* asked for */
	uint64_t tag;
} live[LIVE];
static size_t bytes;
static uint64_t tags;

static void on_soft_limit(mems_heap *which, uint64_t held, void *arg)
{
	must(which == heap && arg == &heap);
	must(held > soft_limit);
	must(mems_heap_verify(heap, NULL, 0) == 0);
}

static bool begin(void)
{
	struct mems_heap_options options = MEMS_HEAP_OPTIONS;

	hard_limit = (uint64_t)take_byte(&in) << 15;
	soft_limit = hard_limit / 2;
	options.hard_limit = hard_limit;
	options.soft_limit = soft_limit;
	options.on_soft_limit = on_soft_limit;
	options.arg = &heap;
	heap = mems_heap_create(&options);
	memset(live, 0, sizeof(live));
	bytes = 0;
	tags = 0;
	return heap != NULL;
}

static struct block *some_block(void)
{
	return &live[take_byte(&in) % LIVE];
}

static size_t some_size(void)
{
	size_t size = take_size(&in);

	return bytes + size > MOST ? 1 : size;
}

/* What is there is freed before. */
static struct block *some_place(void);

static void put(struct block *block, void *memory, size_t size,
		size_t alignment)
{
	size_t usable = mems_heap_usable_size(memory);

	if (memory == NULL) {
		must(errno == ENOMEM && hard_limit > 0);
		return;
	}
	must((uintptr_t)memory % alignment == 0 && usable >= size);
	for (unsigned i = 0; i < LIVE; i++) {
		const unsigned char *other = live[i].memory;

		must(other == NULL || other + live[i].size <=
		     (unsigned char *)memory ||
		     other >= (unsigned char *)memory + usable);
	}
	*block = (struct block){ memory, size, ++tags };
	bytes += size;
	fuzz_fill(memory, size, tags);
}

static void *pick(struct block *block)
{
	void *memory = block->memory;

	if (memory == NULL)
		return NULL;
	must(fuzz_holds(memory, block->size, block->tag));
	bytes -= block->size;
	block->memory = NULL;
	return memory;
}

static struct block *some_place(void)
{
	struct block *block = some_block();

	mems_heap_free(pick(block));
	return block;
}

static void allocate(void)
{
	struct block *block = some_place();
	size_t size = some_size();
	void *memory = mems_heap_alloc(heap, size);

	must(memory == NULL || mems_heap_good_size(size) ==
	     mems_heap_usable_size(memory));
	put(block, memory, size, 16);
}

static void allocate_huge(void)
{
	size_t size = SIZE_MAX - take_byte(&in);

	must(mems_heap_alloc(heap, size) == NULL && errno == ENOMEM);
	must(mems_heap_calloc(heap, size / 2, 3) == NULL && errno == ENOMEM);
	must(mems_heap_aligned_alloc(heap, 4096, size) == NULL &&
	     errno == ENOMEM);
	must(mems_heap_good_size(size) == 0);
}

static void allocate_zeroed(void)
{
	struct block *block = some_place();
	size_t count = take_byte(&in) % 8, size = some_size();
	void *memory = mems_heap_calloc(heap, count, size);

	size *= count;
	must(memory == NULL || fuzz_is_full_of(memory, size, 0));
	put(block, memory, size, 16);
}

static void allocate_aligned(void)
{
	struct block *block = some_place();
	uint8_t byte = take_byte(&in);
	size_t alignment = byte < 128 ? (size_t)1 << byte % 21 : byte;
	size_t size = some_size();
	void *memory = mems_heap_aligned_alloc(heap, alignment, size);

	if ((alignment & (alignment - 1)) != 0)
		must(memory == NULL && errno == EINVAL);
	else
		put(block, memory, size, alignment > 16 ? alignment : 16);
}

static void resize(void)
{
	struct block *block = some_block();
	size_t old_size = block->memory == NULL ? 0 : block->size;
	size_t size = some_size(), least = old_size < size ? old_size : size;
	unsigned char *memory = mems_heap_realloc(heap, block->memory, size);
	uint64_t tag = block->tag;

	if (memory == NULL) {
		must(errno == ENOMEM && hard_limit > 0);
		return;
	}
	must(fuzz_is_full_of(memory, least < FUZZ_EDGE ? least : FUZZ_EDGE,
			     (int)(tag & 255)) || old_size == 0);
	bytes -= old_size;
	block->memory = NULL;
	put(block, memory, size, 16);
}

static void free_one(void)
{
	struct block *block = some_block();
	size_t size = block->memory == NULL ? 0 : block->size;
	void *memory = pick(block);

	switch (take_byte(&in) % 3) {
	case 0:
		mems_heap_free(memory);
		break;
	case 1:
		mems_heap_free_sized(memory, size);
		break;
	default:
		mems_heap_free_sized(memory, mems_heap_usable_size(memory));
		break;
	}
}

static void allocate_batch(void)
{
	size_t count = take_byte(&in) % BATCH, size = take_size(&in) % 4096;
	void *blocks[BATCH];
	size_t made = mems_heap_alloc_batch(heap, size, count, blocks);

	must(made == count || (made < count && errno == ENOMEM &&
			       hard_limit > 0));
	for (size_t i = 0; i < made; i++)
		put(some_place(), blocks[i], size, 16);
}

static void free_batch(void)
{
	size_t count = take_byte(&in) % BATCH;
	void *blocks[BATCH];

	for (size_t i = 0; i < count; i++)
		blocks[i] = pick(some_block());
	mems_heap_free_batch(blocks, count);
}

static void limit(void)
{
	uint64_t soft = (uint64_t)take_byte(&in) << 14;
	uint64_t hard = (uint64_t)take_byte(&in) << 14;
	int rc = mems_heap_limit(heap, soft, hard, on_soft_limit, &heap);

	must(rc == (hard > 0 && soft > hard ? -EINVAL : 0));
	if (rc != 0)
		return;
	soft_limit = soft;
	hard_limit = hard;
}

/* ---------------------------------------------------------------- looking */

static uint64_t told;

static int tell(void *memory, size_t usable, void *arg)
{
	(void)arg;
	told++;
	for (unsigned i = 0; i < LIVE; i++)
		if (live[i].memory == memory)
			return usable < live[i].size;
	return 1;
}

static void look(void)
{
	struct mems_heap_stats stats = { .size = sizeof(stats) };
	uint64_t count = 0, used = 0;

	for (unsigned i = 0; i < LIVE; i++) {
		if (live[i].memory == NULL)
			continue;
		must(fuzz_holds(live[i].memory, live[i].size, live[i].tag));
		count++;
		used += mems_heap_usable_size(live[i].memory);
	}
	told = 0;
	must(mems_heap_walk(heap, tell, NULL) == 0 && told == count);
	must(mems_heap_stats(heap, &stats) == 0);
	must(stats.blocks == count && stats.used == used &&
	     stats.held >= used && stats.held_peak >= stats.held);
	must(mems_heap_verify(heap, NULL, 0) == 0);
}

static void step(void)
{
	uint64_t returned;

	switch (take_byte(&in) % 24) {
	case 0: case 1: case 2: case 3: case 4: case 5:
		allocate();
		break;
	case 6: case 7: case 8: case 9: case 10:
		free_one();
		break;
	case 11: case 12: case 13:
		resize();
		break;
	case 14: case 15:
		allocate_aligned();
		break;
	case 16:
		allocate_zeroed();
		break;
	case 17:
		allocate_batch();
		break;
	case 18:
		free_batch();
		break;
	case 19:
		allocate_huge();
		break;
	case 20:
		limit();
		break;
	case 21:
		must(mems_heap_collect(heap) == 0);
		break;
	case 22:
		must(mems_heap_trim(heap, &returned) == 0);
		break;
	default:
		look();
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	in = (struct input){ data, size };
	if (!begin())
		return 0;
	while (in.left > 0)
		step();
	look();
	must(mems_heap_print(heap, fuzz_swallow, NULL) == 0);
	must(mems_heap_json(heap, fuzz_swallow, NULL) == 0);
	/* With what is live. */
	must(mems_heap_destroy(heap) == 0);
	return 0;
}
