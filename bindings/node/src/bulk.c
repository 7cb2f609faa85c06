/* Many blocks by one call, into and from typed arrays. */
#include "addon.h"

#include <errno.h>
#include <stdio.h>

/* What blocks are had from. */
struct source {
	enum kind kind;
	void *object;
	mems_space *space;
	const struct thread *thread;
	const struct entry *entry;
};

static const enum kind kinds[] = { KIND_SPACE, KIND_ARENA, KIND_SLAB,
				   KIND_HEAP };

/* The first two arguments: a handle, and of which kind. */
static bool get_source(struct thread *thread, const napi_value *arguments,
		       struct source *source)
{
	struct entry *entry;
	uint64_t kind;

	if (!get_number_to(thread->env, arguments[1], "kind", 3, &kind))
		return false;
	entry = thread_find(thread, arguments[0], kinds[kind]);
	if (entry == NULL)
		return false;
	source->kind = entry->kind;
	source->object = entry->object;
	source->space = region_of(thread, entry)->space;
	source->thread = thread;
	source->entry = entry;
	return true;
}

static mems_va take(const struct source *source, size_t size)
{
	void *block = NULL;

	switch (source->kind) {
	case KIND_SPACE:
		return mems_space_alloc(source->space, size);
	case KIND_ARENA:
		block = mems_arena_alloc(source->object, size);
		break;
	case KIND_SLAB:
		block = mems_slab_alloc(source->object);
		break;
	case KIND_HEAP:
		block = mems_depot_alloc(source->object, size);
		break;
	case KIND_NONE:
		break;
	}
	return block == NULL ? MEMS_VA_NONE :
			       mems_space_va(source->space, block);
}

static int give(const struct source *source, mems_va va)
{
	switch (source->kind) {
	case KIND_SPACE:
		return mems_space_free(source->space, va);
	case KIND_ARENA:
		return mems_arena_free(source->object,
				       mems_space_get(source->space, va));
	default:
		return store_give(source->thread, source->entry, va);
	}
}

/* All or nothing: of arenas but those with marks, as far as they can. */
static void take_back(const struct source *source,
		      const struct numbers *addresses, size_t count,
		      mems_arena_mark mark)
{
	if (source->kind == KIND_ARENA &&
	    mems_arena_rewind(source->object, mark) == 0)
		return;
	while (count-- > 0)
		(void)give(source, (mems_va)numbers_at(addresses, count));
}

/* source, kind, sizes (a number or an array as long), addresses out */
static napi_value alloc_bulk(napi_env env, napi_callback_info info)
{
	struct numbers sizes = { .length = 0 }, addresses;
	napi_value arguments[4];
	struct thread *thread;
	struct source source;
	napi_valuetype type;
	uint64_t size = 0;
	mems_arena_mark mark = { 0, 0, 0, 0, 0 };
	size_t done = 0;
	int error = 0;

	if (!begin(env, info, &thread, arguments, 4) ||
	    !get_source(thread, arguments, &source) ||
	    !get_numbers(env, arguments[3], "addresses", &addresses) ||
	    napi_typeof(env, arguments[2], &type) != napi_ok)
		return NULL;
	if (type == napi_number ?
	    !get_number(env, arguments[2], "size", &size) :
	    !get_numbers(env, arguments[2], "sizes", &sizes))
		return NULL;
	if (type != napi_number && sizes.length != addresses.length)
		return throw_wrong(env, WRONG_RANGE, "there must be as many "
				   "sizes as addresses");
	if (source.kind == KIND_ARENA)
		mark = mems_arena_save(source.object);
	for (; done < addresses.length; done++) {
		double wanted = type == napi_number ? (double)size :
						      numbers_at(&sizes, done);
		mems_va va = MEMS_VA_NONE;

		errno = EINVAL;
		if (wanted >= 0 && wanted <= 9007199254740992.0 &&
		    wanted == (double)(uint64_t)wanted)
			va = take(&source, (size_t)wanted);
		error = errno;
		if (va == MEMS_VA_NONE)
			break;
		if ((double)va > numbers_most(&addresses)) {
			if (source.kind != KIND_ARENA)
				(void)give(&source, va);
			error = EINVAL;
			break;
		}
		numbers_set(&addresses, done, (double)va);
	}
	if (done < addresses.length) {
		take_back(&source, &addresses, done, mark);
		return throw_errno(env, error, WRONG_RANGE, "a size is out of "
				   "its range, or an address too large for the "
				   "array");
	}
	account(thread);
	return NULL;
}

/* source, kind, addresses: those before a wrong one are freed. */
static napi_value free_bulk(napi_env env, napi_callback_info info)
{
	struct numbers addresses;
	napi_value arguments[3];
	struct thread *thread;
	struct source source;

	if (!begin(env, info, &thread, arguments, 3) ||
	    !get_source(thread, arguments, &source) ||
	    !get_numbers(env, arguments[2], "addresses", &addresses))
		return NULL;
	for (size_t i = 0; i < addresses.length; i++) {
		double va = numbers_at(&addresses, i);
		char text[96];

		if (va >= 1 && va <= 9007199254740992.0 &&
		    va == (double)(uint64_t)va &&
		    give(&source, (mems_va)va) == 0)
			continue;
		(void)snprintf(text, sizeof(text), "no live block begins at "
			       "addresses[%zu]; those before it are freed", i);
		return throw_wrong(env, WRONG_ADDRESS, text);
	}
	account(thread);
	return NULL;
}

const struct call bulk_calls[] = {
	{ "allocBulk", alloc_bulk },
	{ "freeBulk", free_bulk },
	{ NULL, NULL },
};
