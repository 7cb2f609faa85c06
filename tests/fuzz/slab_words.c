/*
 * Slab caches and depots whose words are written over: those of the store, its
 * magazines and table, of slabs and large blocks.
 */
#include <config.h>

#include "slab/handle.h"

#include "either.h"
#include "fuzz/words.h"

#define BLOCKS 64
#define HANDLES 3

const char fuzz_name[] = "slab_words";

static struct input in;
static mems_space *space;
static struct store *store;
static void *handles[HANDLES];		/* NULL: none, but for the first */
static void *blocks[BLOCKS];

static bool begin(void)
{
	struct mems_slab_options options = MEMS_SLAB_OPTIONS;
	uint8_t flags = take_byte(&in);

	memset(handles, 0, sizeof(handles));
	memset(blocks, 0, sizeof(blocks));
	space = words_space(flags & 1);
	is_cache = flags & 2;
	if (is_cache) {
		slot_size = take_size(&in) % 5000 + 1;
		options.space = space;
		options.slot_size = slot_size;
		options.cap = flags & 4 ? take_byte(&in) : 0;
		handles[0] = mems_slab_create(&options);
	} else {
		handles[0] = mems_depot_create(space);
	}
	must(handles[0] != NULL || errno == ENOMEM);
	if (handles[0] == NULL)
		return false;
	store = store_unwatch(handles[0]);
	return true;
}

/* ------------------------------------------------------------------- handles */

static void *share(void *handle, bool by_address)
{
	mems_va va = address_of(handle);

	return by_address ? attach(space, va) : another(handle);
}

/* ------------------------------------------------------------------- words */

/* A structure of the store's, or a block, in its space. */
static void *some_structure(void)
{
	uint8_t byte = take_byte(&in), which = byte / 8;
	const struct owner *owner = handles[which % HANDLES];
	void *memory = NULL;

	switch (byte % 8) {
	case 0:
		memory = store->words;
		break;
	case 1:
		memory = store->common.words;
		break;
	case 2:
		memory = owner == NULL ? NULL : owner->words;
		break;
	case 3:
		memory = store->table;
		break;
	case 4: case 5:
		/* A slab or large block. */
		if (which < store->room)
			memory = words_at(space, store->table[which].unit);
		break;
	case 6:
		memory = blocks[which];
		if (memory != NULL && store->shift < 20)
			memory = mems__slab_around(store, memory);
		break;
	default:
		memory = blocks[which];
		break;
	}
	return memory != NULL && words_are_in(space, memory, 4) ? memory :
	       store->words;
}

/* ------------------------------------------------------------------- calls */

static void *some_handle(void)
{
	void *handle = handles[take_byte(&in) % HANDLES];

	return handle != NULL ? handle : handles[0];
}

static void allocate(unsigned i, size_t size)
{
	blocks[i] = get(some_handle(), size);
	if (blocks[i] == NULL) {
		must(size == 0 ? errno == EINVAL : errno == ENOMEM);
		return;
	}
	must(size > 0 && words_are_in(space, blocks[i], size));
	memset(blocks[i], (int)i, size);
}

static void free_block(unsigned i)
{
	size_t size = usable(some_handle(), blocks[i]);
	int rc;

	if (size > 0) {
		must(words_are_in(space, blocks[i], size));
		memset(blocks[i], (int)i, size);
	}
	rc = put(some_handle(), blocks[i]);
	must(rc == 0 || rc == -EINVAL);
	blocks[i] = NULL;
}

static void allocate_or_free_many(void)
{
	uint8_t byte = take_byte(&in), first = take_byte(&in);
	size_t size = is_cache ? slot_size : take_size(&in);

	for (unsigned i = 0; i < (byte & 127u); i++) {
		if (byte & 128)
			free_block((first + i) % BLOCKS);
		else
			allocate((first + i) % BLOCKS, size);
	}
}

static int tell(void *block, size_t size, void *arg)
{
	unsigned *told = arg;

	must(words_are_in(space, block, size));
	return ++*told > 100000;
}

static void look(void)
{
	struct mems_slab_stats stats = { .size = sizeof(stats) };
	void *handle = some_handle();
	char report[60];
	unsigned told = 0;
	int rc;

	rc = is_cache ? mems_slab_verify(handle, report, sizeof(report)) :
	     mems_depot_verify(handle, report, sizeof(report));
	must(rc == 0 || rc == -EBADMSG);
	must((is_cache ? mems_slab_walk(handle, tell, &told) :
	      mems_depot_walk(handle, tell, &told)) == 0);
	must((is_cache ? mems_slab_stats(handle, &stats) :
	      mems_depot_stats(handle, &stats)) == 0);
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
		must(handles[n] != NULL || errno == ENOMEM ||
		     errno == EINVAL || errno == EPROTO);
	} else {
		must(detach(handles[n]) == 0);
		handles[n] = NULL;
	}
}

static void step(void)
{
	const void *memory;

	switch (take_byte(&in) % 16) {
	case 0: case 1: case 2: case 3: case 4:
		memory = some_structure();
		words_scribble(&in, space, memory, some_structure());
		break;
	case 5: case 6:
		allocate_or_free_many();
		break;
	case 7: case 8:
		allocate(take_byte(&in) % BLOCKS,
			 is_cache ? slot_size : take_size(&in));
		break;
	case 9: case 10:
		free_block(take_byte(&in) % BLOCKS);
		break;
	case 11:
		(void)put(some_handle(), (char *)some_structure() +
			  take_number(&in, 2));
		break;
	case 12:
		change_handles();
		break;
	case 13:
		must((is_cache ? mems_slab_shrink(some_handle(), NULL) :
		      mems_depot_shrink(some_handle(), NULL)) == 0);
		must(mems_space_trim(space, NULL) == 0);
		break;
	case 14:
		(void)(is_cache ? mems_slab_magazine(some_handle()) :
		       mems_depot_magazine(some_handle()));
		break;
	default:
		look();
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	in = (struct input){ data, size };
	if (begin()) {
		while (in.left > 0)
			step();
		for (unsigned n = 1; size % 2 && n < HANDLES; n++)
			if (handles[n] != NULL) {
				must(detach(handles[n]) == 0);
				handles[n] = NULL;
			}
		must((is_cache ? mems_slab_destroy(handles[0]) :
		      mems_depot_destroy(handles[0])) == 0);
		for (unsigned n = 1; n < HANDLES; n++)
			if (handles[n] != NULL)
				(void)detach(handles[n]);
	}
	must(mems_space_verify(space, NULL, 0) == 0);
	must(mems_space_destroy(space) == 0);
	return 0;
}
