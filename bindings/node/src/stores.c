/* Calls on slab caches and depots; to JavaScript a depot is a heap. */
#include "addon.h"

#include <errno.h>
#include <stdlib.h>

/* What both have, by the same name. */
struct verbs {
	int (*detach)(void *store);
	mems_va (*address)(const void *store);
	mems_va (*magazine)(const void *store);
	int (*free)(void *store, void *block);
	int (*walk)(void *store, mems_slab_walk_fn *callback, void *arg);
	int (*shrink)(void *store, uint64_t *returned);
	int (*verify)(void *store, char *report, size_t length);
	int (*stats)(void *store, struct mems_slab_stats *stats);
};

/* Functions of the right type, which a cast would not make. */
#define VERBS(type)                                                           \
	static int type##_detach(void *store)                                 \
	{                                                                     \
		return mems_##type##_detach(store);                           \
	}                                                                     \
	static mems_va type##_address(const void *store)                      \
	{                                                                     \
		return mems_##type##_address(store);                          \
	}                                                                     \
	static mems_va type##_magazine(const void *store)                     \
	{                                                                     \
		return mems_##type##_magazine(store);                         \
	}                                                                     \
	static int type##_free(void *store, void *block)                      \
	{                                                                     \
		return mems_##type##_free(store, block);                      \
	}                                                                     \
	static int type##_walk(void *store, mems_slab_walk_fn *callback,      \
			       void *arg)                                     \
	{                                                                     \
		return mems_##type##_walk(store, callback, arg);              \
	}                                                                     \
	static int type##_shrink(void *store, uint64_t *returned)             \
	{                                                                     \
		return mems_##type##_shrink(store, returned);                 \
	}                                                                     \
	static int type##_verify(void *store, char *report, size_t length)    \
	{                                                                     \
		return mems_##type##_verify(store, report, length);           \
	}                                                                     \
	static int type##_stats(void *store, struct mems_slab_stats *stats)   \
	{                                                                     \
		return mems_##type##_stats(store, stats);                     \
	}                                                                     \
	static const struct verbs type##_verbs = {                            \
		type##_detach, type##_address, type##_magazine, type##_free,  \
		type##_walk, type##_shrink, type##_verify, type##_stats,      \
	}

VERBS(slab);
VERBS(depot);

static const struct verbs *verbs_of(enum kind kind)
{
	return kind == KIND_SLAB ? &slab_verbs : &depot_verbs;
}

/* The first argument of most calls is a slab or a heap: which, the number
   tells, but what JavaScript believes is asked. */
static struct entry *find(struct thread *thread, const napi_value *arguments)
{
	bool is_slab;

	if (!get_flag(thread->env, arguments[1], "isSlab", &is_slab))
		return NULL;
	return thread_find(thread, arguments[0],
			   is_slab ? KIND_SLAB : KIND_HEAP);
}

static mems_va address_of(const struct entry *entry)
{
	return verbs_of(entry->kind)->address(entry->object);
}

int store_give(const struct thread *thread, const struct entry *entry,
	       mems_va va)
{
	const mems_space *space = region_of(thread, entry)->space;
	void *block = mems_space_get(space, va);

	if (block == NULL || !states_claim(space, address_of(entry), va))
		return -EINVAL;
	return verbs_of(entry->kind)->free(entry->object, block);
}

void store_end(struct entry *entry)
{
	const struct verbs *verbs = verbs_of(entry->kind);

	states_drop(entry->object, verbs->free);
	(void)verbs->detach(entry->object);
}

static void *memory_at(const struct thread *thread, const struct entry *entry,
		       uint64_t va)
{
	return mems_space_get(region_of(thread, entry)->space, va);
}

/* Its number, where its words lie, and where those of its magazine do. */
static napi_value made(struct thread *thread, enum kind kind, void *store,
		       const struct entry *space)
{
	const struct verbs *verbs = verbs_of(kind);
	double number = thread_add(thread, kind, store, space);

	if (number == 0) {
		(void)verbs->detach(store);
		return NULL;
	}
	account(thread);
	return make_numbers(thread->env, (const double[]){
		number, (double)verbs->address(store),
		(double)verbs->magazine(store) }, 3);
}

/* space, slot size, alignment, cap */
static napi_value slab_create(napi_env env, napi_callback_info info)
{
	struct mems_slab_options options = MEMS_SLAB_OPTIONS;
	uint64_t size, alignment;
	napi_value arguments[4];
	struct thread *thread;
	struct entry *space;
	mems_slab *slab;

	if (!begin(env, info, &thread, arguments, 4))
		return NULL;
	space = thread_find(thread, arguments[0], KIND_SPACE);
	if (space == NULL ||
	    !get_number(env, arguments[1], "slotSize", &size) ||
	    !get_number(env, arguments[2], "alignment", &alignment) ||
	    !get_number(env, arguments[3], "cap", &options.cap))
		return NULL;
	options.space = region_of(thread, space)->space;
	options.slot_size = (size_t)size;
	options.alignment = (size_t)alignment;
	slab = mems_slab_create(&options);
	if (slab == NULL)
		return throw_errno(env, errno, WRONG_RANGE,
				   "the size or the alignment is out of its "
				   "range");
	return made(thread, KIND_SLAB, slab, space);
}

static napi_value heap_create(napi_env env, napi_callback_info info)
{
	struct thread *thread;
	struct entry *space;
	mems_depot *depot;
	napi_value number;

	if (!begin(env, info, &thread, &number, 1))
		return NULL;
	space = thread_find(thread, number, KIND_SPACE);
	if (space == NULL)
		return NULL;
	depot = mems_depot_create(region_of(thread, space)->space);
	if (depot == NULL)
		return throw_errno(env, errno, WRONG_CLOSED,
				   "the space has ended");
	return made(thread, KIND_HEAP, depot, space);
}

/* space, is it a slab, address */
static napi_value store_attach(napi_env env, napi_callback_info info)
{
	napi_value arguments[3];
	struct thread *thread;
	struct entry *space;
	mems_space *there;
	bool is_slab;
	void *store;
	uint64_t va;

	if (!begin(env, info, &thread, arguments, 3))
		return NULL;
	space = thread_find(thread, arguments[0], KIND_SPACE);
	if (space == NULL ||
	    !get_flag(env, arguments[1], "isSlab", &is_slab) ||
	    !get_number(env, arguments[2], "address", &va))
		return NULL;
	there = region_of(thread, space)->space;
	if (is_slab)
		store = mems_slab_attach(there, va);
	else
		store = mems_depot_attach(there, va);
	if (store == NULL)
		return throw_errno(env, errno, WRONG_ADDRESS,
				   "there is nothing of the kind there");
	return made(thread, is_slab ? KIND_SLAB : KIND_HEAP, store, space);
}

/* store, is it a slab, size */
static napi_value store_alloc(napi_env env, napi_callback_info info)
{
	napi_value arguments[3];
	struct thread *thread;
	struct entry *entry;
	uint64_t size;
	void *block;

	if (!begin(env, info, &thread, arguments, 3))
		return NULL;
	entry = find(thread, arguments);
	if (entry == NULL || !get_number(env, arguments[2], "size", &size))
		return NULL;
	if (entry->kind == KIND_SLAB)
		block = mems_slab_alloc(entry->object);
	else
		block = mems_depot_alloc(entry->object, (size_t)size);
	if (block == NULL)
		return throw_errno(env, errno, WRONG_RANGE,
				   "the size must not be 0");
	account(thread);
	return make_number(env, (double)mems_space_va(
		region_of(thread, entry)->space, block));
}

/* store, is it a slab, address */
static bool at(napi_env env, napi_callback_info info, struct thread **thread,
	       struct entry **entry, uint64_t *va)
{
	napi_value arguments[3];

	if (!begin(env, info, thread, arguments, 3))
		return false;
	*entry = find(*thread, arguments);
	return *entry != NULL && get_number(env, arguments[2], "address", va);
}

static napi_value store_free(napi_env env, napi_callback_info info)
{
	struct thread *thread;
	struct entry *entry;
	uint64_t va;

	if (!at(env, info, &thread, &entry, &va))
		return NULL;
	if (store_give(thread, entry, va) != 0)
		return throw_wrong(env, WRONG_ADDRESS,
				   "no live block begins there");
	return NULL;
}

/* 0 if no live block begins there. */
static napi_value store_usable(napi_env env, napi_callback_info info)
{
	struct mems_slab_stats stats = { .size = sizeof(stats) };
	struct thread *thread;
	struct entry *entry;
	double size = 0;
	uint64_t va;
	void *block;

	if (!at(env, info, &thread, &entry, &va))
		return NULL;
	block = memory_at(thread, entry, va);
	if (block == NULL || states_at_hand(region_of(thread, entry)->space,
					    address_of(entry), va))
		return make_number(env, 0);
	if (entry->kind == KIND_HEAP)
		size = (double)mems_depot_usable_size(entry->object, block);
	else if (mems_slab_contains(entry->object, block) == 1 &&
		 mems_slab_stats(entry->object, &stats) == 0)
		size = stats.slot_size;
	return make_number(env, size);
}

static bool find_one(napi_env env, napi_callback_info info,
		     struct thread **thread, struct entry **entry)
{
	napi_value arguments[2];

	if (!begin(env, info, thread, arguments, 2))
		return false;
	*entry = find(*thread, arguments);
	return *entry != NULL;
}

/* To C what is at hand in JavaScript is in use. */
static void take_off(const mems_space *space, mems_va address,
		     struct mems_slab_stats *stats)
{
	uint32_t class = UINT32_MAX;

	for (uint32_t size = 16; size <= MEMS_SMALL_MOST; size += 16) {
		uint32_t bytes = stats->slot_size;
		uint64_t count;

		if (stats->slot_size == 0) {
			/* The largest size of a class is that of its slots. */
			class = mems_small_class(size);
			if (size < MEMS_SMALL_MOST &&
			    mems_small_class(size + 16) == class)
				continue;
			bytes = size;
		} else if (++class > 0) {
			break;
		}
		count = states_count(space, address, STATE_LIVE + class);
		stats->blocks -= count;
		stats->used -= count * bytes;
	}
}

static napi_value store_stats(napi_env env, napi_callback_info info)
{
	struct mems_slab_stats stats = { .size = sizeof(stats) };
	struct thread *thread;
	struct entry *entry;
	int status;

	if (!find_one(env, info, &thread, &entry))
		return NULL;
	status = verbs_of(entry->kind)->stats(entry->object, &stats);
	if (status != 0)
		return throw_errno(env, status, WRONG_CLOSED, "it has ended");
	take_off(region_of(thread, entry)->space, address_of(entry), &stats);
	return make_numbers(env, (const double[]){
		(double)stats.held, (double)stats.used, (double)stats.blocks,
		(double)stats.slabs, (double)stats.large_blocks,
		(double)stats.large_used, (double)stats.handles,
		(double)stats.cap, (double)stats.slot_size,
		(double)stats.slab_size }, 10);
}

/* store, is it a slab, the states of its slots, the stacks of those at hand,
   how long each is */
static napi_value store_states(napi_env env, napi_callback_info info)
{
	struct states_memory memory;
	napi_value arguments[5];
	struct thread *thread;
	struct entry *entry;
	uint64_t stack;
	void *bytes, *stacks;

	if (!begin(env, info, &thread, arguments, 5))
		return NULL;
	entry = find(thread, arguments);
	if (entry == NULL ||
	    !get_array(env, arguments[2], napi_uint8_array,
		       "the states must be a Uint8Array", &memory.length,
		       &bytes) ||
	    !get_array(env, arguments[3], napi_int32_array,
		       "the stacks must be an Int32Array", &memory.states,
		       &stacks) ||
	    !get_number_to(env, arguments[4], "stack", UINT32_MAX, &stack))
		return NULL;
	if (entry->memory[0] != NULL || stack == 0)
		return throw_wrong(env, WRONG_RANGE, "it has states already");
	memory.bytes = bytes;
	memory.stacks = stacks;
	memory.stack = (size_t)stack;
	memory.states /= memory.stack;
	if (napi_create_reference(env, arguments[2], 1, &entry->memory[0]) !=
		    napi_ok ||
	    napi_create_reference(env, arguments[3], 1, &entry->memory[1]) !=
		    napi_ok ||
	    !states_set(entry->object, region_of(thread, entry)->space,
			address_of(entry), &memory))
		return throw_wrong(env, WRONG_MEMORY,
				   "there is no memory for the states");
	return NULL;
}

static napi_value store_shrink(napi_env env, napi_callback_info info)
{
	struct thread *thread;
	struct entry *entry;
	uint64_t returned = 0;
	int status;

	if (!find_one(env, info, &thread, &entry))
		return NULL;
	status = verbs_of(entry->kind)->shrink(entry->object, &returned);
	if (status != 0)
		return throw_errno(env, status, WRONG_CLOSED, "it has ended");
	account(thread);
	return make_number(env, (double)returned);
}

static napi_value store_verify(napi_env env, napi_callback_info info)
{
	struct thread *thread;
	struct entry *entry;
	char report[256];
	int status;

	if (!find_one(env, info, &thread, &entry))
		return NULL;
	status = verbs_of(entry->kind)->verify(entry->object, report,
					       sizeof(report));
	if (status != 0)
		return throw_errno(env, status, WRONG_CLOSED, report);
	return NULL;
}

/* Addresses and sizes of all blocks in use. */
struct walk {
	const mems_space *space;
	mems_va address;	/* of the store */
	double *numbers;
	size_t count, room;
};

static int note(void *block, size_t size, void *arg)
{
	struct walk *walk = arg;
	mems_va va = mems_space_va(walk->space, block);

	if (states_at_hand(walk->space, walk->address, va))
		return 0;
	if (walk->room - walk->count < 2) {
		size_t room = 2 * walk->room + 32;
		double *more = realloc(walk->numbers, room * sizeof(*more));

		if (more == NULL)
			return -ENOMEM;
		walk->numbers = more;
		walk->room = room;
	}
	walk->numbers[walk->count++] = (double)va;
	walk->numbers[walk->count++] = (double)size;
	return 0;
}

static napi_value store_walk(napi_env env, napi_callback_info info)
{
	struct walk walk = { NULL, 0, NULL, 0, 0 };
	napi_value array = NULL;
	struct thread *thread;
	struct entry *entry;
	int status;

	if (!find_one(env, info, &thread, &entry))
		return NULL;
	walk.space = region_of(thread, entry)->space;
	walk.address = address_of(entry);
	status = verbs_of(entry->kind)->walk(entry->object, note, &walk);
	if (status != 0)
		(void)throw_errno(env, status, WRONG_CLOSED, "it has ended");
	else
		array = make_numbers(env, walk.numbers, walk.count);
	free(walk.numbers);
	return array;
}

const struct call store_calls[] = {
	{ "slabCreate", slab_create },
	{ "heapCreate", heap_create },
	{ "storeAttach", store_attach },
	{ "storeAlloc", store_alloc },
	{ "storeFree", store_free },
	{ "storeUsableSize", store_usable },
	{ "storeStats", store_stats },
	{ "storeStates", store_states },
	{ "storeShrink", store_shrink },
	{ "storeVerify", store_verify },
	{ "storeWalk", store_walk },
	{ NULL, NULL },
};
