/*
 * Calls on a slab cache or depot, by several handles: blocks do not meet and
 * lose no byte, any wrong pointer is refused, and walk and counts tell of the
 * live ones.
 */
#include <errno.h>

#include <mems.h>

#include "either.h"
#include "fuzz/fuzz.h"

#define LIVE 128
#define HANDLES 4

const char fuzz_name[] = "slab";

static struct input in;
static mems_space *space;		/* NULL: in a heap */
static mems_heap *heap;
static uint64_t cap, tags;
static void *handles[HANDLES];		/* NULL: none, but for the first */
static struct block {
	unsigned char *memory;		/* NULL: none */
	size_t size;
	uint64_t tag;
} live[LIVE];
static unsigned count;
static int64_t constructed;
static bool refuses;

static int construct(void *slot, void *arg)
{
	must(arg == &live && slot != NULL);
	if (refuses && constructed % 7 == 6)
		return 1;
	constructed++;
	return 0;
}

static void destruct(void *slot, void *arg)
{
	must(arg == &live && slot != NULL);
	constructed--;
}

static bool make_cache(void)
{
	struct mems_slab_options options = MEMS_SLAB_OPTIONS;
	uint8_t flags = take_byte(&in);

	slot_size = take_size(&in) % 20000 + 1;
	options.space = space;
	options.heap = heap;
	options.slot_size = slot_size;
	options.alignment = flags & 1 ? (size_t)1 << take_byte(&in) % 13 : 0;
	options.cap = cap = flags & 2 ? take_byte(&in) : 0;
	if (flags & 4) {
		options.construct = construct;
		options.destruct = destruct;
		options.arg = &live;
	}
	refuses = (flags & 12) == 12;
	handles[0] = mems_slab_create(&options);
	must(handles[0] != NULL || (errno == ENOMEM && space != NULL));
	return handles[0] != NULL;
}

static bool begin(void)
{
	struct mems_space_options in_memory = MEMS_SPACE_OPTIONS;
	uint8_t flags = take_byte(&in);

	memset(handles, 0, sizeof(handles));
	memset(live, 0, sizeof(live));
	count = 0;
	tags = cap = 0;
	constructed = 0;
	refuses = false;
	space = NULL;
	heap = NULL;
	is_cache = flags & 1;
	if (!is_cache || (flags & 2) != 0) {
		in_memory.memory = fuzz_region();
		in_memory.memory_size = FUZZ_REGION;
		in_memory.granule = UINT32_C(1) << (flags >> 4) % 13;
		space = mems_space_create(&in_memory);
		must(space != NULL);
	} else {
		heap = mems_heap_create(NULL);
		must(heap != NULL);
	}
	if (is_cache)
		return make_cache();
	handles[0] = mems_depot_create(space);
	must(handles[0] != NULL);
	return true;
}

/* ------------------------------------------------------------------- handles */

static void *share(void *handle, bool by_address)
{
	mems_va va;

	if (!by_address || space == NULL)
		return another(handle);
	va = address_of(handle);
	must(va != MEMS_VA_NONE);
	return attach(space, va);
}

/* -------------------------------------------------------------------- steps */

static size_t some_size(void)
{
	return is_cache ? slot_size : take_size(&in);
}

static void *some_handle(void)
{
	void *handle = handles[take_byte(&in) % HANDLES];

	return handle != NULL ? handle : handles[0];
}

static void free_one(struct block *block)
{
	unsigned char *memory = block->memory;

	if (memory == NULL)
		return;
	must(fuzz_holds(memory, block->size, block->tag));
	must(usable(some_handle(), memory) >= block->size);
	must(put(some_handle(), memory) == 0);
	block->memory = NULL;
	count--;
	must(put(some_handle(), memory) == -EINVAL);
	must(usable(some_handle(), memory) == 0);
}

static void allocate(struct block *block, size_t size)
{
	unsigned char *memory;

	if (block->memory != NULL)
		return;
	memory = get(some_handle(), size);
	if (size == 0) {
		must(memory == NULL && errno == EINVAL);
		return;
	}
	if (memory == NULL) {
		must(errno == ENOMEM);
		must((cap > 0 && count == cap) || space != NULL || refuses);
		return;
	}
	must(cap == 0 || count < cap);
	for (unsigned i = 0; i < LIVE; i++) {
		const unsigned char *other = live[i].memory;

		must(other == NULL || other + live[i].size <= memory ||
		     other >= memory + size);
	}
	*block = (struct block){ memory, size, ++tags };
	count++;
	fuzz_fill(memory, size, tags);
}

/* Many of both, as a slab has. */
static void allocate_or_free_many(void)
{
	uint8_t byte = take_byte(&in), first = take_byte(&in);
	size_t size = some_size();

	for (unsigned i = 0; i < (byte & 127u); i++) {
		struct block *block = &live[(first + i) % LIVE];

		if (byte & 128)
			free_one(block);
		else
			allocate(block, size);
	}
}

static bool is_live(const void *memory)
{
	for (unsigned i = 0; i < LIVE; i++)
		if (live[i].memory == memory && memory != NULL)
			return true;
	return false;
}

/* Any pointer may be asked about. */
static void use_wrong_pointer(void)
{
	const struct block *block = &live[take_byte(&in) % LIVE];
	uintptr_t place = (uintptr_t)take_number(&in, 8);
	void *memory;

	if (block->memory != NULL)
		place = (uintptr_t)block->memory + (uintptr_t)(int16_t)place;
	memory = (void *)place;
	if (is_live(memory))
		return;
	must(put(some_handle(), memory) == -EINVAL);
	must(usable(some_handle(), memory) == 0);
	must(space == NULL || put(some_handle(), mems_space_get(space,
			MEMS_VA_FIRST)) == -EINVAL ||
	     mems_space_get(space, MEMS_VA_FIRST) == NULL);
}

static void change_handles(void)
{
	unsigned n = take_byte(&in) % HANDLES;
	uint8_t how = take_byte(&in);

	if (n == 0 || (how & 3) == 0) {
		must((is_cache ? mems_slab_adopt(some_handle()) :
		      mems_depot_adopt(some_handle())) == 0);
	} else if (handles[n] == NULL) {
		handles[n] = share(some_handle(), how & 4);
		must(handles[n] != NULL || (errno == ENOMEM && space != NULL));
	} else {
		must(detach(handles[n]) == 0);
		handles[n] = NULL;
	}
}

/* -------------------------------------------------------------------- looks */

static unsigned told;

static int tell(void *memory, size_t size, void *arg)
{
	(void)arg;
	told++;
	must(is_live(memory) && size > 0);
	return 0;
}

static void look(void)
{
	struct mems_slab_stats stats = { .size = sizeof(stats) };
	void *handle = some_handle();

	for (unsigned i = 0; i < LIVE; i++)
		if (live[i].memory != NULL)
			must(fuzz_holds(live[i].memory, live[i].size,
					live[i].tag));
	told = 0;
	must((is_cache ? mems_slab_walk(handle, tell, NULL) :
	      mems_depot_walk(handle, tell, NULL)) == 0);
	must(told == count);
	must((is_cache ? mems_slab_stats(handle, &stats) :
	      mems_depot_stats(handle, &stats)) == 0);
	must(stats.blocks == count && stats.held >= stats.used);
	must((is_cache ? mems_slab_verify(handle, NULL, 0) :
	      mems_depot_verify(handle, NULL, 0)) == 0);
	must(space == NULL || mems_space_verify(space, NULL, 0) == 0);
}

static void step(void)
{
	uint8_t byte = take_byte(&in);

	switch (byte % 16) {
	case 0: case 1: case 2: case 3:
		allocate(&live[take_byte(&in) % LIVE], some_size());
		break;
	case 4: case 5: case 6: case 7:
		free_one(&live[take_byte(&in) % LIVE]);
		break;
	case 8: case 9: case 10:
		allocate_or_free_many();
		break;
	case 11:
		use_wrong_pointer();
		break;
	case 12:
		change_handles();
		break;
	case 13:
		must((is_cache ? mems_slab_shrink(some_handle(), NULL) :
		      mems_depot_shrink(some_handle(), NULL)) == 0);
		break;
	case 14:
		/* From now on the words are read as they are. */
		(void)(is_cache ? mems_slab_magazine(some_handle()) :
		       mems_depot_magazine(some_handle()));
		break;
	default:
		look();
		break;
	}
}

static void end(bool one_by_one)
{
	if (one_by_one) {
		for (unsigned n = 1; n < HANDLES; n++)
			if (handles[n] != NULL)
				must(detach(handles[n]) == 0);
		must(detach(handles[0]) == 0);
	} else {
		must((is_cache ? mems_slab_destroy(handles[0]) :
		      mems_depot_destroy(handles[0])) == 0);
		for (unsigned n = 1; n < HANDLES; n++)
			if (handles[n] != NULL)
				(void)detach(handles[n]);
	}
	must(constructed == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mems_space_stats stats = { .size = sizeof(stats) };

	in = (struct input){ data, size };
	if (begin()) {
		while (in.left > 0)
			step();
		look();
		end(size % 2);
	}
	if (space != NULL) {
		must(mems_space_stats(space, &stats) == 0 && stats.used == 0);
		must(mems_space_verify(space, NULL, 0) == 0);
		must(mems_space_destroy(space) == 0);
	} else {
		must(mems_heap_verify(heap, NULL, 0) == 0);
		must(mems_heap_destroy(heap) == 0);
	}
	return 0;
}
