/*
 * Calls on arenas of all lifetimes, with children, marks and cleanups: blocks
 * do not meet and lose no byte, each is found by its reference and none by that
 * of one that has ended, and cleanups are called in their order.
 */
#include <errno.h>

#include <mems.h>

#include "fuzz/fuzz.h"

#define ARENAS 4
#define LIVE 48
#define MARKS 4
#define CLEANUPS 8

const char fuzz_name[] = "arena";

struct block {
	unsigned char *memory;
	size_t size;
	uint64_t tag;
	mems_arena_ref ref;
};

struct arena {
	mems_arena *arena;		/* NULL: there is none */
	struct arena *parent;
	uint32_t lifetime;
	bool shared, in_space;
	uint64_t cap, born;
	struct block blocks[LIVE];	/* the oldest first */
	unsigned count;
	struct {
		mems_arena_mark mark;
		unsigned blocks;
		uint64_t born;
	} marks[MARKS];
	unsigned mark_count;
	uint64_t cleanups[CLEANUPS];	/* when they were set */
	unsigned cleanup_count;
	mems_arena_ref stale;
};

static struct input in;
static mems_space *space;
static mems_heap *heap;
static struct arena arenas[ARENAS];
static uint64_t births;			/* each mark, block, ... has a number */

/* What should be called next, and how many were. */
static uint64_t expected[ARENAS * CLEANUPS];
static unsigned expected_count, called;

static void call(void *arg)
{
	must(called < expected_count);
	must(expected[called++] == (uintptr_t)arg);
}

static void calls_were_right(void)
{
	must(called == expected_count);
	called = expected_count = 0;
}

/* Children and cleanups are one list: what is younger goes first. */
static void end_since(struct arena *arena, uint64_t born)
{
	for (;;) {
		struct arena *child = NULL;
		uint64_t cleanup = arena->cleanup_count == 0 ? 0 :
			arena->cleanups[arena->cleanup_count - 1];

		for (unsigned i = 0; i < ARENAS; i++)
			if (arenas[i].arena != NULL &&
			    arenas[i].parent == arena &&
			    arenas[i].born > born &&
			    (child == NULL || arenas[i].born > child->born))
				child = &arenas[i];
		if (cleanup > born &&
		    (child == NULL || cleanup > child->born)) {
			expected[expected_count++] = cleanup;
			arena->cleanup_count--;
		} else if (child != NULL) {
			end_since(child, 0);
			child->arena = NULL;
		} else {
			return;
		}
	}
}

static void create(struct arena *arena)
{
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;
	struct arena *parent = &arenas[take_byte(&in) % ARENAS];
	uint8_t flags = take_byte(&in);

	memset(arena, 0, sizeof(*arena));
	arena->lifetime = flags % 3;
	arena->shared = flags & 4;
	arena->in_space = flags & 8;
	options.lifetime = arena->lifetime;
	options.flags = arena->shared ? MEMS_ARENA_SHARED : 0;
	options.space = arena->in_space ? space : NULL;
	options.heap = arena->in_space ? NULL : heap;
	if (flags & 16)
		options.cap = arena->cap = take_size(&in);
	if ((flags & 32) && arena->lifetime != MEMS_INTERMEDIATE)
		options.first = (uint32_t)take_size(&in);
	if ((flags & 64) && parent->arena != NULL && parent != arena) {
		arena->parent = parent;
		options.parent = parent->arena;
		if (flags & 128) {
			options.space = NULL;
			options.heap = NULL;
			arena->in_space = parent->in_space;
		}
	}
	arena->arena = mems_arena_create(&options);
	if (arena->cap > 0 && options.first > arena->cap)
		must(arena->arena == NULL && errno == EINVAL);
	else if (arena->arena == NULL)
		must(errno == ENOMEM && arena->in_space);
	arena->born = ++births;
}

/* --------------------------------------------------------------- the blocks */

static void allocate(struct arena *arena)
{
	uint8_t how = take_byte(&in);
	size_t size = take_size(&in), alignment = 16;
	struct block *block = &arena->blocks[arena->count];
	char *text;
	void *memory;

	if (arena->count == LIVE)
		return;
	switch (how % 6) {
	case 0:
		memory = mems_arena_calloc(arena->arena, size, 3);
		size *= 3;
		must(memory == NULL || fuzz_is_full_of(memory, size, 0));
		break;
	case 1:
		alignment = how < 128 ? (size_t)1 << how % 18 : how;
		memory = mems_arena_aligned_alloc(arena->arena, alignment,
						  size);
		if ((alignment & (alignment - 1)) != 0 || alignment > 65536) {
			must(memory == NULL && errno == EINVAL);
			return;
		}
		break;
	case 2:
		memory = mems_arena_alloc_inline(arena->arena, size);
		break;
	case 3:
		memory = text = mems_arena_printf(arena->arena, "%*d",
						  (int)(size % 5000), 7);
		must(text == NULL || text[strlen(text) - 1] == '7');
		size = text == NULL ? 1 : strlen(text) + 1;
		break;
	case 4:
		memory = text = mems_arena_strndup(arena->arena, "abc", size);
		size = size < 3 ? size + 1 : 4;
		must(text == NULL || strlen(text) == size - 1);
		break;
	default:
		memory = mems_arena_alloc(arena->arena, size);
		break;
	}
	if (memory == NULL) {
		must(size == 0 ? errno == EINVAL : errno == ENOMEM &&
		     (arena->cap > 0 || arena->in_space));
		return;
	}
	must(size > 0 && (uintptr_t)memory % 16 == 0 &&
	     (uintptr_t)memory % alignment == 0);
	*block = (struct block){ memory, size, ++births,
		mems_arena_refer(arena->arena, memory) };
	arena->count++;
	fuzz_fill(memory, size, block->tag);
}

static void allocate_huge(struct arena *arena)
{
	size_t size = take_huge(&in);

	must(mems_arena_alloc(arena->arena, size) == NULL && errno == ENOMEM);
	must(mems_arena_calloc(arena->arena, size, 300) == NULL &&
	     errno == ENOMEM);
	must(mems_arena_aligned_alloc(arena->arena, 4096, size) == NULL &&
	     errno == ENOMEM);
}

/* Told its size, the last block of a transient arena comes back at once; a mark
   behind it would then be stale, or not. */
static void free_block(struct arena *arena)
{
	uint8_t byte = take_byte(&in);
	struct block *block;
	unsigned i;

	if (arena->count == 0)
		return;
	i = byte / 2 % arena->count;
	block = &arena->blocks[i];
	must(fuzz_holds(block->memory, block->size, block->tag));
	if ((byte & 1) && arena->mark_count == 0)
		must(mems_arena_free_sized(arena->arena, block->memory,
					   block->size) == 0);
	else
		must(mems_arena_free(arena->arena, block->memory) == 0);
	if (arena->lifetime == MEMS_INTERMEDIATE) {
		must(mems_arena_free(arena->arena, block->memory) == -EINVAL);
		must(mems_arena_find(arena->arena, block->ref) == NULL &&
		     errno == ESTALE);
	}
	memmove(block, block + 1, (--arena->count - i) * sizeof(*block));
	for (unsigned n = 0; n < arena->mark_count; n++)
		if (arena->marks[n].blocks > i)
			arena->marks[n].blocks--;
}

/* Any pointer may be asked about. */
static void use_wrong_pointer(struct arena *arena)
{
	void *memory = (void *)(uintptr_t)take_number(&in, 8);
	mems_arena_ref ref = { (uint32_t)births, (uint32_t)(uintptr_t)memory };

	/* No block of 8 bytes more than a multiple of 16. */
	memory = (void *)((uintptr_t)memory | 8);
	must(mems_arena_free(arena->arena, memory) == -EINVAL);
	must(mems_arena_free(arena->arena, NULL) == -EINVAL);
	must(mems_arena_refer(arena->arena, memory).unit == 0);
	(void)mems_arena_find(arena->arena, ref);
	(void)mems_arena_contains(arena->arena, memory);
}

/* -------------------------------------------------------------- their ends */

static void forget(struct arena *arena, unsigned kept)
{
	if (arena->count > kept)
		arena->stale = arena->blocks[kept].ref;
	arena->count = kept;
}

static void reset(struct arena *arena)
{
	end_since(arena, 0);
	forget(arena, 0);
	arena->mark_count = 0;
	must(mems_arena_reset(arena->arena) == 0);
	calls_were_right();
}

static void destroy(struct arena *arena)
{
	end_since(arena, 0);
	must(mems_arena_destroy(arena->arena) == 0);
	calls_were_right();
	arena->arena = NULL;
}

static void save(struct arena *arena)
{
	mems_arena_mark mark = mems_arena_save(arena->arena);

	if (arena->shared || arena->lifetime == MEMS_INTERMEDIATE) {
		must(mark.generation == 0);
		must(mems_arena_rewind(arena->arena, mark) == -EINVAL);
	} else if (arena->mark_count < MARKS) {
		unsigned n = arena->mark_count++;

		arena->marks[n].mark = mark;
		arena->marks[n].blocks = arena->count;
		arena->marks[n].born = ++births;
	}
}

static void rewind_to(struct arena *arena)
{
	unsigned n = take_byte(&in);

	if (arena->mark_count == 0)
		return;
	n %= arena->mark_count;
	end_since(arena, arena->marks[n].born);
	forget(arena, arena->marks[n].blocks);
	must(mems_arena_rewind(arena->arena, arena->marks[n].mark) == 0);
	calls_were_right();
	arena->mark_count = n + 1;
	/* A reference is good until the next rewind. */
	for (unsigned i = 0; i < arena->count; i++)
		arena->blocks[i].ref = mems_arena_refer(arena->arena,
				arena->blocks[i].memory);
}

static void set_cleanup(struct arena *arena)
{
	if (arena->cleanup_count == CLEANUPS)
		return;
	arena->cleanups[arena->cleanup_count++] = ++births;
	must(mems_arena_cleanup(arena->arena, call,
				(void *)(uintptr_t)births) == 0);
}

static void attach(struct arena *arena)
{
	mems_va va = mems_arena_address(arena->arena);
	mems_arena *other;

	if (!arena->in_space) {
		must(va == MEMS_VA_NONE && errno == ENOTSUP);
		return;
	}
	must(mems_arena_attach(space, va) == arena->arena);
	must(mems_arena_detach(arena->arena) == 0);
	va += take_byte(&in);
	other = mems_arena_attach(space, va);
	if (other == NULL)
		must(errno == EINVAL || errno == EPROTO);
	else
		must(mems_arena_address(other) == va &&
		     mems_arena_detach(other) == 0);
}

/* -------------------------------------------------------------------- looks */

static void look(struct arena *arena)
{
	struct mems_arena_stats stats = { .size = sizeof(stats) };
	uint64_t bytes = 0;

	for (unsigned i = 0; i < arena->count; i++) {
		const struct block *block = &arena->blocks[i];

		must(fuzz_holds(block->memory, block->size, block->tag));
		must(mems_arena_contains(arena->arena, block->memory) == 1);
		must(mems_arena_find(arena->arena, block->ref) ==
		     block->memory);
		bytes += block->size;
	}
	must(arena->stale.generation == 0 ||
	     mems_arena_find(arena->arena, arena->stale) == NULL);
	must(mems_arena_stats(arena->arena, &stats) == 0);
	must(stats.used >= bytes && stats.held >= stats.used);
	must(stats.cap == arena->cap && stats.lifetime == arena->lifetime);
	must(arena->lifetime != MEMS_INTERMEDIATE ||
	     stats.blocks == arena->count);
	must(mems_arena_verify(arena->arena, NULL, 0) == 0);
}

static void step(void)
{
	uint8_t byte = take_byte(&in);
	struct arena *arena = &arenas[byte % ARENAS];

	if (arena->arena == NULL) {
		create(arena);
		return;
	}
	switch (byte / ARENAS % 20) {
	case 0:
		destroy(arena);
		break;
	case 1: case 2:
		reset(arena);
		break;
	case 3: case 4:
		save(arena);
		break;
	case 5: case 6:
		rewind_to(arena);
		break;
	case 7: case 8:
		set_cleanup(arena);
		break;
	case 9:
		attach(arena);
		break;
	case 10:
		allocate_huge(arena);
		break;
	case 11:
		use_wrong_pointer(arena);
		break;
	case 12: case 13: case 14:
		free_block(arena);
		break;
	case 15:
		look(arena);
		break;
	default:
		allocate(arena);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mems_space_options in_memory = MEMS_SPACE_OPTIONS;
	struct mems_space_stats stats = { .size = sizeof(stats) };

	in = (struct input){ data, size };
	in_memory.memory = fuzz_region();
	in_memory.memory_size = FUZZ_REGION;
	in_memory.granule = UINT32_C(1) << take_byte(&in) % 13;
	space = mems_space_create(&in_memory);
	heap = mems_heap_create(NULL);
	must(space != NULL && heap != NULL);
	memset(arenas, 0, sizeof(arenas));
	births = 0;
	while (in.left > 0)
		step();
	for (unsigned i = 0; i < ARENAS; i++)
		if (arenas[i].arena != NULL)
			look(&arenas[i]);
	for (unsigned i = 0; i < ARENAS; i++)
		if (arenas[i].arena != NULL)
			destroy(&arenas[i]);
	must(mems_space_stats(space, &stats) == 0 && stats.used == 0);
	must(mems_space_verify(space, NULL, 0) == 0);
	must(mems_space_destroy(space) == 0);
	must(mems_heap_verify(heap, NULL, 0) == 0);
	must(mems_heap_destroy(heap) == 0);
	return 0;
}
