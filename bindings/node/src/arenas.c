/* Calls on arenas: what JavaScript cannot do by their words alone. */
#include "addon.h"

#include <errno.h>

static struct entry *find(struct thread *thread, napi_value number)
{
	return thread_find(thread, number, KIND_ARENA);
}

static napi_value address_of(const struct thread *thread,
			     const struct entry *entry, const void *block)
{
	const struct region *region = region_of(thread, entry);

	return make_number(thread->env, (double)mems_space_va(region->space,
							      block));
}

static void *memory_at(const struct thread *thread, const struct entry *entry,
		       uint64_t va)
{
	return mems_space_get(region_of(thread, entry)->space, va);
}

/* Its number and where its words lie. */
static napi_value made(struct thread *thread, mems_arena *arena,
		       const struct entry *space)
{
	mems_va va = mems_arena_address(arena);
	double number = thread_add(thread, KIND_ARENA, arena, space);

	if (number == 0) {
		(void)mems_arena_detach(arena);
		return NULL;
	}
	account(thread);
	return make_numbers(thread->env, (const double[]){ number, (double)va },
			    2);
}

/* space, lifetime, first, cap, shared */
static napi_value arena_create(napi_env env, napi_callback_info info)
{
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;
	uint64_t lifetime, first;
	napi_value arguments[5];
	struct thread *thread;
	struct entry *space;
	mems_arena *arena;
	bool shared;

	if (!begin(env, info, &thread, arguments, 5))
		return NULL;
	space = thread_find(thread, arguments[0], KIND_SPACE);
	if (space == NULL ||
	    !get_number_to(env, arguments[1], "lifetime", 2, &lifetime) ||
	    !get_number_to(env, arguments[2], "first", 1u << 30, &first) ||
	    !get_number(env, arguments[3], "cap", &options.cap) ||
	    !get_flag(env, arguments[4], "shared", &shared))
		return NULL;
	options.space = region_of(thread, space)->space;
	options.lifetime = (uint32_t)lifetime;
	options.first = (uint32_t)first;
	options.flags = shared ? MEMS_ARENA_SHARED : 0;
	arena = mems_arena_create(&options);
	if (arena == NULL)
		return throw_errno(env, errno, WRONG_RANGE,
				   "an option contradicts another");
	return made(thread, arena, space);
}

static napi_value arena_attach(napi_env env, napi_callback_info info)
{
	napi_value arguments[2];
	struct thread *thread;
	struct entry *space;
	mems_arena *arena;
	uint64_t va;

	if (!begin(env, info, &thread, arguments, 2))
		return NULL;
	space = thread_find(thread, arguments[0], KIND_SPACE);
	if (space == NULL || !get_number(env, arguments[1], "address", &va))
		return NULL;
	arena = mems_arena_attach(region_of(thread, space)->space, va);
	if (arena == NULL)
		return throw_errno(env, errno, WRONG_ADDRESS,
				   "there is no arena there");
	return made(thread, arena, space);
}

/* arena, size, alignment */
static napi_value arena_alloc(napi_env env, napi_callback_info info)
{
	uint64_t size, alignment;
	napi_value arguments[3];
	struct thread *thread;
	struct entry *entry;
	void *block;

	if (!begin(env, info, &thread, arguments, 3))
		return NULL;
	entry = find(thread, arguments[0]);
	if (entry == NULL || !get_number(env, arguments[1], "size", &size) ||
	    !get_number(env, arguments[2], "alignment", &alignment))
		return NULL;
	block = mems_arena_aligned_alloc(entry->object, (size_t)alignment,
					 (size_t)size);
	if (block == NULL)
		return throw_errno(env, errno, WRONG_RANGE, size == 0 ?
				   "the size must not be 0" :
				   "the alignment must be a power of two");
	account(thread);
	return address_of(thread, entry, block);
}

/* arena, address, size or 0 */
static napi_value arena_free(napi_env env, napi_callback_info info)
{
	napi_value arguments[3];
	struct thread *thread;
	struct entry *entry;
	uint64_t va, size;
	void *block;
	int status;

	if (!begin(env, info, &thread, arguments, 3))
		return NULL;
	entry = find(thread, arguments[0]);
	if (entry == NULL || !get_number(env, arguments[1], "address", &va) ||
	    !get_number(env, arguments[2], "size", &size))
		return NULL;
	block = memory_at(thread, entry, va);
	if (size == 0)
		status = mems_arena_free(entry->object, block);
	else
		status = mems_arena_free_sized(entry->object, block,
					       (size_t)size);
	if (status != 0)
		return throw_errno(env, status, WRONG_ADDRESS,
				   "no live block begins there");
	return NULL;
}

static bool find_one(napi_env env, napi_callback_info info,
		     struct thread **thread, struct entry **entry)
{
	napi_value argument;

	if (!begin(env, info, thread, &argument, 1))
		return false;
	*entry = find(*thread, argument);
	return *entry != NULL;
}

static napi_value arena_reset(napi_env env, napi_callback_info info)
{
	struct thread *thread;
	struct entry *entry;

	if (!find_one(env, info, &thread, &entry))
		return NULL;
	(void)mems_arena_reset(entry->object);
	account(thread);
	return NULL;
}

static napi_value arena_save(napi_env env, napi_callback_info info)
{
	struct thread *thread;
	struct entry *entry;
	mems_arena_mark mark;

	if (!find_one(env, info, &thread, &entry))
		return NULL;
	mark = mems_arena_save(entry->object);
	if (mark.generation == 0)
		return throw_wrong(env, WRONG_SUPPORT,
				   "an intermediate or shared arena has no "
				   "marks");
	return make_numbers(env, (const double[]){
		mark.generation, mark.chunk, mark.top }, 3);
}

/* arena, then what arena_save() gave */
static napi_value arena_rewind(napi_env env, napi_callback_info info)
{
	uint64_t generation, chunk, top;
	napi_value arguments[4];
	struct thread *thread;
	struct entry *entry;
	mems_arena_mark mark;
	int status;

	if (!begin(env, info, &thread, arguments, 4))
		return NULL;
	entry = find(thread, arguments[0]);
	if (entry == NULL ||
	    !get_number_to(env, arguments[1], "a mark", UINT32_MAX,
			   &generation) ||
	    !get_number_to(env, arguments[2], "a mark", UINT32_MAX, &chunk) ||
	    !get_number_to(env, arguments[3], "a mark", UINT32_MAX, &top))
		return NULL;
	mark = (mems_arena_mark){ (uint32_t)generation, (uint32_t)chunk,
				  (uint32_t)top, 0, 0 };
	status = mems_arena_rewind(entry->object, mark);
	if (status != 0)
		return throw_errno(env, status, WRONG_RANGE,
				   "this is no mark of the arena");
	account(thread);
	return NULL;
}

static napi_value arena_contains(napi_env env, napi_callback_info info)
{
	napi_value arguments[2];
	struct thread *thread;
	struct entry *entry;
	uint64_t va;

	if (!begin(env, info, &thread, arguments, 2))
		return NULL;
	entry = find(thread, arguments[0]);
	if (entry == NULL || !get_number(env, arguments[1], "address", &va))
		return NULL;
	return make_flag(env, mems_arena_contains(entry->object,
				memory_at(thread, entry, va)) == 1);
}

static napi_value arena_stats(napi_env env, napi_callback_info info)
{
	struct mems_arena_stats stats = { .size = sizeof(stats) };
	struct thread *thread;
	struct entry *entry;
	int status;

	if (!find_one(env, info, &thread, &entry))
		return NULL;
	status = mems_arena_stats(entry->object, &stats);
	if (status != 0)
		return throw_errno(env, status, WRONG_CLOSED,
				   "the arena has ended");
	return make_numbers(env, (const double[]){
		(double)stats.held, (double)stats.used, (double)stats.chunks,
		(double)stats.blocks, (double)stats.frees, (double)stats.cap,
		(double)stats.generation, (double)stats.lifetime }, 8);
}

static napi_value arena_verify(napi_env env, napi_callback_info info)
{
	struct thread *thread;
	struct entry *entry;
	char report[256];
	int status;

	if (!find_one(env, info, &thread, &entry))
		return NULL;
	status = mems_arena_verify(entry->object, report, sizeof(report));
	if (status != 0)
		return throw_errno(env, status, WRONG_CLOSED, report);
	return NULL;
}

const struct call arena_calls[] = {
	{ "arenaCreate", arena_create },
	{ "arenaAttach", arena_attach },
	{ "arenaAlloc", arena_alloc },
	{ "arenaFree", arena_free },
	{ "arenaReset", arena_reset },
	{ "arenaSave", arena_save },
	{ "arenaRewind", arena_rewind },
	{ "arenaContains", arena_contains },
	{ "arenaStats", arena_stats },
	{ "arenaVerify", arena_verify },
	{ NULL, NULL },
};
