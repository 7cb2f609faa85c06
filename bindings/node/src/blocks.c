/* Blocks of spaces. */
#include "addon.h"

#include <errno.h>

static napi_value address(struct thread *thread, mems_va va)
{
	if (va == MEMS_VA_NONE)
		return throw_errno(thread->env, errno, WRONG_RANGE,
				   "the size must not be 0");
	account(thread);
	return make_number(thread->env, (double)va);
}

static napi_value space_alloc(napi_env env, napi_callback_info info)
{
	napi_value arguments[2];
	struct thread *thread;
	struct region *region;
	uint64_t size;

	if (!begin(env, info, &thread, arguments, 2))
		return NULL;
	region = find_space(thread, arguments[0]);
	if (region == NULL || !get_number(env, arguments[1], "size", &size))
		return NULL;
	return address(thread, mems_space_alloc(region->space, (size_t)size));
}

static napi_value space_aligned(napi_env env, napi_callback_info info)
{
	napi_value arguments[3];
	uint64_t alignment, size;
	struct thread *thread;
	struct region *region;
	mems_va va;

	if (!begin(env, info, &thread, arguments, 3))
		return NULL;
	region = find_space(thread, arguments[0]);
	if (region == NULL ||
	    !get_number(env, arguments[1], "alignment", &alignment) ||
	    !get_number(env, arguments[2], "size", &size))
		return NULL;
	va = mems_space_aligned_alloc(region->space, (size_t)alignment,
				      (size_t)size);
	if (va == MEMS_VA_NONE && errno == EINVAL && size > 0)
		return throw_wrong(env, WRONG_RANGE,
				   "the alignment must be a power of two");
	return address(thread, va);
}

static napi_value space_calloc(napi_env env, napi_callback_info info)
{
	napi_value arguments[2];
	struct thread *thread;
	struct region *region;
	uint64_t size;

	if (!begin(env, info, &thread, arguments, 2))
		return NULL;
	region = find_space(thread, arguments[0]);
	if (region == NULL || !get_number(env, arguments[1], "size", &size))
		return NULL;
	return address(thread, mems_space_calloc(region->space, 1,
						 (size_t)size));
}

static napi_value space_resize(napi_env env, napi_callback_info info)
{
	napi_value arguments[3];
	struct thread *thread;
	struct region *region;
	uint64_t va, size;
	mems_va moved;

	if (!begin(env, info, &thread, arguments, 3))
		return NULL;
	region = find_space(thread, arguments[0]);
	if (region == NULL || !get_number(env, arguments[1], "address", &va) ||
	    !get_number(env, arguments[2], "size", &size))
		return NULL;
	moved = mems_space_resize(region->space, va, (size_t)size);
	if (moved == MEMS_VA_NONE && errno == EINVAL && size > 0)
		return throw_wrong(env, WRONG_ADDRESS,
				   "no live block begins there");
	return address(thread, moved);
}

/* The calls with an address and nothing else. */
static bool at(napi_env env, napi_callback_info info, struct thread **thread,
	       struct region **region, uint64_t *va)
{
	napi_value arguments[2];

	if (!begin(env, info, thread, arguments, 2))
		return false;
	*region = find_space(*thread, arguments[0]);
	return *region != NULL &&
	       get_number(env, arguments[1], "address", va);
}

static napi_value space_free(napi_env env, napi_callback_info info)
{
	struct thread *thread;
	struct region *region;
	uint64_t va;

	if (!at(env, info, &thread, &region, &va))
		return NULL;
	/* In C 0 is nothing to free; here it is a mistake. */
	if (va == MEMS_VA_NONE || mems_space_free(region->space, va) != 0)
		return throw_wrong(env, WRONG_ADDRESS,
				   "no live block begins there");
	account(thread);
	return NULL;
}

static napi_value space_usable(napi_env env, napi_callback_info info)
{
	struct thread *thread;
	struct region *region;
	size_t size;
	uint64_t va;

	if (!at(env, info, &thread, &region, &va))
		return NULL;
	size = mems_space_usable_size(region->space, va);
	if (size == 0)
		return throw_wrong(env, WRONG_ADDRESS,
				   "no live block begins there");
	return make_number(env, (double)size);
}

static napi_value space_contains(napi_env env, napi_callback_info info)
{
	struct thread *thread;
	struct region *region;
	uint64_t va;

	if (!at(env, info, &thread, &region, &va))
		return NULL;
	return make_flag(env, mems_space_contains(region->space, va) == 1);
}

/* The memory behind an address in a live block, as a BigInt. */
static napi_value space_pointer(napi_env env, napi_callback_info info)
{
	struct thread *thread;
	struct region *region;
	napi_value pointer;
	uint64_t va;

	if (!at(env, info, &thread, &region, &va))
		return NULL;
	if (mems_space_contains(region->space, va) != 1)
		return throw_wrong(env, WRONG_ADDRESS,
				   "the address is in no live block");
	if (napi_create_bigint_uint64(env, (uint64_t)(uintptr_t)
				      mems_space_get(region->space, va),
				      &pointer) != napi_ok)
		return NULL;
	return pointer;
}

/* The space as native code of the same copy of the library has it. */
static napi_value space_native(napi_env env, napi_callback_info info)
{
	struct thread *thread;
	struct entry *entry;
	napi_value argument, pointer;

	if (!begin(env, info, &thread, &argument, 1))
		return NULL;
	entry = thread_find(thread, argument, KIND_SPACE);
	if (entry == NULL ||
	    napi_create_bigint_uint64(env, (uint64_t)(uintptr_t)
				      region_of(thread, entry)->space,
				      &pointer) != napi_ok)
		return NULL;
	return pointer;
}

const struct call block_calls[] = {
	{ "spaceAlloc", space_alloc },
	{ "spaceAlignedAlloc", space_aligned },
	{ "spaceCalloc", space_calloc },
	{ "spaceResize", space_resize },
	{ "spaceFree", space_free },
	{ "spaceUsableSize", space_usable },
	{ "spaceContains", space_contains },
	{ "spacePointer", space_pointer },
	{ "spaceNative", space_native },
	{ NULL, NULL },
};
