/*
 * What objects are made with: any bytes in the fields of the options, but for
 * pointers, are an error that is documented, or make an object that works.
 */
#include <errno.h>

#include <mems.h>

#include "fuzz/fuzz.h"

const char fuzz_name[] = "options";

static struct input in;
static mems_space *space;

/* Fields that the input does not name keep their default. */
static uint64_t field(uint64_t old)
{
	uint8_t how = take_byte(&in);

	switch (how % 8) {
	case 0:
		return take_size(&in);
	case 1:
		return UINT64_C(1) << (how >> 3);
	case 2:
		return (UINT64_C(1) << (how >> 3)) - 1;
	case 3:
		return take_number(&in, 8);
	case 4:
		return UINT64_MAX - (how >> 3);
	default:
		return old;
	}
}

static mems_space *some_space(void)
{
	return take_byte(&in) & 1 ? space : NULL;
}

static void on_space_limit(mems_space *which, uint64_t used, void *arg)
{
	must(which != NULL && used > 0 && arg == NULL);
}

static void on_heap_limit(mems_heap *which, uint64_t held, void *arg)
{
	must(which != NULL && held > 0 && arg == NULL);
}

static void refused(const void *made)
{
	must(made != NULL || errno == EINVAL || errno == ENOMEM);
}

static void make_space(void)
{
	struct mems_space_options options = MEMS_SPACE_OPTIONS;
	mems_space *made;
	uint8_t byte;
	mems_va va;

	options.size = (size_t)field(options.size);
	options.maximum = field(FUZZ_REGION);
	/* To reserve gigabytes takes an emulator seconds. */
	if (options.maximum >> 60 == 0)
		options.maximum &= (1 << 28) - 1;
	if (options.maximum == 0)
		options.maximum = FUZZ_REGION;
	options.growth = field(options.growth);
	options.granule = (uint32_t)field(options.granule);
	options.policy = (uint32_t)field(options.policy);
	options.soft_limit = field(options.soft_limit);
	options.hard_limit = field(options.hard_limit);
	options.on_soft_limit = on_space_limit;
	options.flags = (uint32_t)field(options.flags);
	options.reserved = (uint32_t)field(options.reserved);
	byte = take_byte(&in);
	if (byte & 1) {
		options.memory = (char *)fuzz_region() + (byte >> 1);
		options.memory_size = (size_t)take_number(&in, 3) %
				      (FUZZ_REGION - 127);
	}
	made = mems_space_create(&options);
	refused(made);
	if (made == NULL)
		return;
	must(options.size == sizeof(options) && options.policy <= 1 &&
	     options.granule > 0 && options.granule <= 4096 &&
	     (options.granule & (options.granule - 1)) == 0 &&
	     options.reserved == 0 && (uintptr_t)options.memory % 16 == 0);
	va = mems_space_alloc(made, 100);
	must(va != MEMS_VA_NONE || errno == ENOMEM);
	if (va != MEMS_VA_NONE)
		fuzz_fill(mems_space_get(made, va), 100, 1);
	/* With growth by gigabytes that takes long. */
	must(made->limit > 1 << 20 || mems_space_verify(made, NULL, 0) == 0);
	must(mems_space_destroy(made) == 0);
}

static void make_heap(void)
{
	struct mems_heap_options options = MEMS_HEAP_OPTIONS;
	mems_heap *made;
	void *block;

	options.size = (size_t)field(options.size);
	options.soft_limit = field(options.soft_limit);
	options.hard_limit = field(options.hard_limit);
	options.on_soft_limit = on_heap_limit;
	options.flags = (uint32_t)field(options.flags);
	options.reserved = (uint32_t)field(options.reserved);
	made = mems_heap_create(&options);
	refused(made);
	if (made == NULL)
		return;
	must(options.size == sizeof(options) && options.flags == 0 &&
	     options.reserved == 0);
	block = mems_heap_alloc(made, 100);
	must(block != NULL || (errno == ENOMEM && options.hard_limit > 0));
	must(mems_heap_verify(made, NULL, 0) == 0);
	must(mems_heap_destroy(made) == 0);
}

static void make_arena(void)
{
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;
	mems_arena *made;
	void *block;

	options.size = (size_t)field(options.size);
	options.space = some_space();
	options.cap = field(options.cap);
	options.first = (uint32_t)field(options.first);
	options.lifetime = (uint32_t)field(options.lifetime);
	options.flags = (uint32_t)field(options.flags);
	options.reserved = (uint32_t)field(options.reserved);
	/* Of a gigabyte each, and in a heap. */
	if (options.space == NULL && options.first > 1u << 20 &&
	    options.first <= 1u << 30)
		return;
	made = mems_arena_create(&options);
	refused(made);
	if (made == NULL)
		return;
	must(options.size == sizeof(options) && options.lifetime <= 2 &&
	     options.flags <= 1 && options.reserved == 0);
	block = mems_arena_calloc(made, 1, 100);
	must(block != NULL || errno == ENOMEM);
	must(mems_arena_verify(made, NULL, 0) == 0);
	must(mems_arena_destroy(made) == 0);
}

static void make_slab(void)
{
	struct mems_slab_options options = MEMS_SLAB_OPTIONS;
	mems_slab *made;
	void *slot;

	options.size = (size_t)field(options.size);
	options.space = some_space();
	options.slot_size = (size_t)field(16);
	options.alignment = (size_t)field(options.alignment);
	options.cap = field(options.cap);
	options.flags = (uint32_t)field(options.flags);
	options.reserved = (uint32_t)field(options.reserved);
	made = mems_slab_create(&options);
	refused(made);
	if (made == NULL)
		return;
	must(options.size == sizeof(options) && options.slot_size > 0 &&
	     options.slot_size <= 64 << 20 && options.alignment <= 4096 &&
	     options.flags == 0 && options.reserved == 0);
	slot = mems_slab_alloc(made);
	must(slot != NULL || errno == ENOMEM);
	must(slot == NULL || options.alignment == 0 ||
	     (uintptr_t)slot % options.alignment == 0);
	if (slot != NULL)
		fuzz_fill(slot, options.slot_size, 1);
	must(mems_slab_verify(made, NULL, 0) == 0);
	must(mems_slab_destroy(made) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	in = (struct input){ data, size };
	if (space == NULL) {
		struct mems_space_options options = MEMS_SPACE_OPTIONS;

		options.maximum = 4 << 20;
		space = mems_space_create(&options);
		must(space != NULL);
	}
	switch (take_byte(&in) % 4) {
	case 0:
		make_space();
		break;
	case 1:
		make_heap();
		break;
	case 2:
		make_arena();
		break;
	default:
		make_slab();
		break;
	}
	return 0;
}
