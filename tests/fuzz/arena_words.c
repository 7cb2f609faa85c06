/* Arenas whose words, and those of their chunks and slabs, are written over. */
#include <config.h>

#include "arena/arena.h"

#include "fuzz/words.h"

#define BLOCKS 12
#define ARENAS 2

const char fuzz_name[] = "arena_words";

static struct input in;
static mems_space *space;
static mems_arena *arenas[ARENAS];	/* the second is a child, or NULL */
static uint32_t *words[ARENAS];		/* where theirs were */
static struct block {
	void *memory;
	mems_arena_ref ref;
} blocks[BLOCKS];
static mems_arena_mark mark;

/* As if it had been made with no memory checker about. */
static void unwatch(mems_arena *handle)
{
	struct arena *arena = (struct arena *)handle;
	struct mems_chunk_words *chunk = mems__chunk_current(arena);

	if (!arena->watched)
		return;
	arena->watched = false;
	mems__watch_keep(chunk, chunk->end);
	arena->words->flags &= ~MEMS_ARENA_CALLS;
	if (arena->store != NULL) {
		arena->store->watched = false;
		if (!arena->shared && arena->cap == 0)
			mems__owner_settle(&arena->store->common,
					   &mems__any_thread);
	} else if (!arena->shared) {
		arena->words->head.end = chunk->end;
	}
}

static bool create(unsigned n, uint8_t flags)
{
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;

	options.space = space;
	options.parent = n > 0 ? arenas[0] : NULL;
	options.lifetime = flags % 3;
	options.flags = flags & 4 ? MEMS_ARENA_SHARED : 0;
	options.cap = flags & 8 ? take_size(&in) : 0;
	arenas[n] = mems_arena_create(&options);
	must(arenas[n] != NULL || errno == ENOMEM);
	if (arenas[n] == NULL)
		return false;
	unwatch(arenas[n]);
	words[n] = mems_space_get(space, mems_arena_address(arenas[n]));
	return true;
}

/* ------------------------------------------------------------------- words */

/* A structure of theirs, or a block. */
static void *some_structure(void)
{
	uint8_t byte = take_byte(&in);
	const struct mems_arena_words *arena = (void *)words[byte & 1];
	const struct mems_store_words *store;
	uint32_t unit = MEMS_UNIT_NONE;
	void *memory;

	switch (byte / 2 % 8) {
	case 0: case 1:
		/* With the front of the first chunk, before it. */
		return words[byte & 1] - 4;
	case 2:
		unit = arena->head.chunk;
		break;
	case 3:
		unit = arena->store;
		break;
	case 4:
		store = (void *)words_at(space, arena->store);
		if (store != NULL && words_are_in(space, store, sizeof(*store)))
			unit = store->table;
		break;
	case 5:
		/* A slab's front, if it is in one. */
		memory = blocks[byte / 16 % BLOCKS].memory;
		if (memory != NULL)
			unit = words_unit(space, memory) & ~UINT32_C(511);
		break;
	default:
		memory = blocks[byte / 16 % BLOCKS].memory;
		if (memory != NULL)
			return memory;
		break;
	}
	memory = words_at(space, unit);
	return memory != NULL ? memory : (void *)words[0];
}

/* ------------------------------------------------------------------- calls */

static void allocate(mems_arena *arena)
{
	struct block *block = &blocks[take_byte(&in) % BLOCKS];
	uint8_t how = take_byte(&in);
	size_t size = take_size(&in);

	errno = 0;
	switch (how % 4) {
	case 0:
		block->memory = mems_arena_calloc(arena, 1, size);
		break;
	case 1:
		block->memory = mems_arena_aligned_alloc(arena,
				(size_t)1 << how % 17, size);
		break;
	case 2:
		block->memory = mems_arena_printf(arena, "%*d",
						  (int)(size % 5000), 7);
		size = 1;
		break;
	default:
		block->memory = mems_arena_alloc(arena, size);
		break;
	}
	if (block->memory == NULL) {
		must(size == 0 ? errno == EINVAL : errno == ENOMEM);
		return;
	}
	must(size > 0 && words_are_in(space, block->memory, size));
	memset(block->memory, how, size);
	block->ref = mems_arena_refer(arena, block->memory);
}

static void free_block(mems_arena *arena)
{
	uint8_t byte = take_byte(&in);
	void *memory = blocks[byte % BLOCKS].memory;
	int rc;

	if (memory == NULL)
		memory = some_structure();
	rc = byte & 64 ? mems_arena_free_sized(arena, memory,
					       take_size(&in)) :
	     mems_arena_free(arena, memory);
	must(rc == 0 || rc == -EINVAL);
}

static void find(mems_arena *arena)
{
	uint8_t byte = take_byte(&in);
	const struct block *block = &blocks[byte % BLOCKS];
	mems_arena_ref ref = block->ref;
	void *memory;
	int rc;

	if (byte & 64)
		ref.unit = (uint32_t)take_number(&in, 4);
	errno = 0;
	memory = mems_arena_find(arena, ref);
	must(memory != NULL ? words_are_in(space, memory, 1) :
	     errno == ESTALE);
	rc = mems_arena_contains(arena, block->memory);
	must(rc == 0 || rc == 1);
}

static void rewind_it(mems_arena *arena)
{
	int rc = mems_arena_rewind(arena, mark);

	must(rc == 0 || rc == -ESTALE || rc == -EINVAL);
	/* The mark may be another's, and of before there was a child. */
	if (arenas[1] != NULL && mems_arena_contains(arenas[1], NULL) < 0)
		arenas[1] = NULL;
}

static void look(mems_arena *arena)
{
	struct mems_arena_stats stats = { .size = sizeof(stats) };
	char report[60];
	int rc = mems_arena_verify(arena, report, sizeof(report));

	must(rc == 0 || rc == -EBADMSG);
	must(mems_arena_stats(arena, &stats) == 0);
}

static void attach(unsigned n)
{
	mems_va va = mems_space_va(space, words[n]) +
		     4 * (take_byte(&in) % 4u);
	mems_arena *arena = mems_arena_attach(space, va);

	if (arena == NULL)
		must(errno == EINVAL || errno == EPROTO);
	else
		must(arena == arenas[n] && mems_arena_detach(arena) == 0);
	/* Its blocks are had by words from now on. */
	must(mems_arena_address(arenas[n]) != MEMS_VA_NONE);
}

static void call_nothing(void *arg)
{
	must(arg == &space);
}

static void step(void)
{
	uint8_t byte = take_byte(&in);
	unsigned n = byte >> 7;
	const void *memory;

	if (arenas[n] == NULL)
		n = 0;
	switch (byte % 16) {
	case 0: case 1: case 2: case 3: case 4:
		memory = some_structure();
		words_scribble(&in, space, memory, some_structure());
		break;
	case 5: case 6: case 7: case 8:
		allocate(arenas[n]);
		break;
	case 9:
		free_block(arenas[n]);
		break;
	case 10:
		find(arenas[n]);
		break;
	case 11:
		rewind_it(arenas[n]);
		break;
	case 12:
		mark = mems_arena_save(arenas[n]);
		break;
	case 13:
		must(mems_arena_reset(arenas[n]) == 0);
		if (n == 0)
			arenas[1] = NULL;
		break;
	case 14:
		look(arenas[n]);
		must(mems_arena_cleanup(arenas[n], call_nothing, &space) == 0);
		break;
	default:
		attach(n);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t flags;

	in = (struct input){ data, size };
	memset(blocks, 0, sizeof(blocks));
	memset(arenas, 0, sizeof(arenas));
	memset(&mark, 0, sizeof(mark));
	flags = take_byte(&in);
	space = words_space(flags & 16);
	if (create(0, flags)) {
		words[1] = words[0];
		if (flags & 32)
			(void)create(1, take_byte(&in));
		while (in.left > 0)
			step();
		if (arenas[1] != NULL && (flags & 64) != 0)
			must(mems_arena_destroy(arenas[1]) == 0);
		must(mems_arena_destroy(arenas[0]) == 0);
	}
	must(mems_space_verify(space, NULL, 0) == 0);
	must(mems_space_destroy(space) == 0);
	return 0;
}
