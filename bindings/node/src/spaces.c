/* Spaces: how they are made, attached to, seen and ended. */
#include "addon.h"

#include <errno.h>
#include <stdlib.h>

/* V8 is told of changes of this size. */
#define ACCOUNT_STEP ((uint64_t)1 << 20)

/*
 * Of what lies in a SharedArrayBuffer V8's collector knows nothing, so it is
 * told what is in use. Views of mapped memory it counts itself.
 */
void account(struct thread *thread)
{
	uint64_t sum = 0;
	int64_t ignored;

	for (uint32_t i = 0; i < thread->count; i++) {
		const struct entry *entry = &thread->entries[i];

		if (entry->kind == KIND_SPACE && entry->memory[0] != NULL)
			sum += ((const struct region *)entry->object)->
				       space->limit;
	}
	if (sum < thread->accounted + ACCOUNT_STEP &&
	    sum + ACCOUNT_STEP > thread->accounted)
		return;
	(void)napi_adjust_external_memory(thread->env, (int64_t)sum -
					  (int64_t)thread->accounted,
					  &ignored);
	thread->accounted = sum;
}

struct region *find_space(struct thread *thread, napi_value number)
{
	struct entry *entry = thread_find(thread, number, KIND_SPACE);

	return entry == NULL ? NULL : entry->object;
}

/* What JavaScript needs to know of a space that it has now. */
static napi_value made(struct thread *thread, struct region *region,
		       napi_value memory)
{
	double number = thread_add(thread, KIND_SPACE, region, NULL);
	struct entry *entry;
	uint64_t front = 0;

	if (number == 0) {
		region_drop(region);
		return NULL;
	}
	entry = thread_entry(thread, number);
	if (memory != NULL &&
	    napi_create_reference(thread->env, memory, 1, &entry->memory[0]) !=
		    napi_ok) {
		entry->memory[0] = NULL;
		thread_release(thread, entry);
		return throw_wrong(thread->env, WRONG_MEMORY,
				   "the memory cannot be referred to");
	}
	if (region->memory != NULL)
		front = (uint64_t)(region->data - region->memory);
	account(thread);
	return make_numbers(thread->env, (const double[]){
		number, region->number, (double)region->maximum,
		(double)front }, 4);
}

/* maximum, growth, granule, policy, soft, hard */
static bool get_options(napi_env env, const napi_value *values,
			struct mems_space_options *options)
{
	uint64_t granule, policy;

	if (!get_number(env, values[0], "maximum", &options->maximum) ||
	    !get_number(env, values[1], "growth", &options->growth) ||
	    !get_number_to(env, values[2], "granule", 4096, &granule) ||
	    !get_number_to(env, values[3], "policy", 1, &policy) ||
	    !get_number(env, values[4], "softLimit", &options->soft_limit) ||
	    !get_number(env, values[5], "hardLimit", &options->hard_limit))
		return false;
	options->granule = (uint32_t)granule;
	options->policy = (uint32_t)policy;
	return true;
}

/* That of the space which was made last. */
static struct region *newest_region(const struct thread *thread)
{
	return thread->entries[thread->newest].object;
}

/* `memory` is the array that was adopted; NULL: none was. */
static napi_value make(struct thread *thread,
		       const struct mems_space_options *options,
		       napi_value memory)
{
	struct mems_space_stats stats = { .size = sizeof(stats) };
	mems_space *space = mems_space_create(options);
	struct region *region;

	if (space == NULL)
		return throw_errno(thread->env, errno, WRONG_RANGE,
				   "an option is out of its range");
	(void)mems_space_stats(space, &stats);
	region = region_add(space, memory == NULL ? NULL : options->memory,
			    options->memory_size, stats.maximum);
	if (region == NULL) {
		(void)mems_space_destroy(space);
		return throw_wrong(thread->env, WRONG_MEMORY,
				   "there is no memory for the space");
	}
	(void)mems_space_limit(space, options->soft_limit, options->hard_limit,
			       region_on_limit, region);
	return made(thread, region, memory);
}

/* In memory that V8 allocated: a Uint8Array over what is usable of it, the
   options, whether all of it is fresh, that is 0 and of pages of its own, and
   how long it may get; 0: it stays as it is. */
static napi_value space_adopt(napi_env env, napi_callback_info info)
{
	struct mems_space_options options = MEMS_SPACE_OPTIONS;
	napi_value arguments[9];
	struct thread *thread;
	uint64_t whole;
	size_t length;
	void *memory;
	bool fresh;

	if (!begin(env, info, &thread, arguments, 9) ||
	    !get_options(env, arguments + 1, &options) ||
	    !get_flag(env, arguments[7], "fresh", &fresh) ||
	    !get_array(env, arguments[0], napi_uint8_array,
		       "memory must be a Uint8Array", &length, &memory) ||
	    !get_number(env, arguments[8], "maximum", &whole))
		return NULL;
	if (length == 0)
		return throw_wrong(env, WRONG_MEMORY,
				   "memory of no bytes holds no space");
	if (whole != 0 && whole < length)
		return throw_wrong(env, WRONG_RANGE,
				   "the memory is longer than it may get");
	if (region_overlaps(memory, whole == 0 ? length : whole))
		return throw_wrong(env, WRONG_RANGE,
				   "the memory is another space's: attach to it");
	options.memory = memory;
	options.memory_size = whole == 0 ? length : (size_t)whole;
	options.memory_usable = whole == 0 ? 0 : length;
	options.flags = fresh ? MEMS_MEMORY_PRIVATE | MEMS_MEMORY_ZEROED : 0;
	return make(thread, &options, arguments[0]);
}

/* In memory of the system. */
static napi_value space_map(napi_env env, napi_callback_info info)
{
	struct mems_space_options options = MEMS_SPACE_OPTIONS;
	struct region *region;
	napi_value arguments[6], numbers;
	struct thread *thread;
	uint64_t size;
	void *mapping;

	if (!begin(env, info, &thread, arguments, 6) ||
	    !get_options(env, arguments, &options))
		return NULL;
	size = options.maximum;
	mapping = size == 0 ? NULL : mapping_take(size);
	if (size > 0 && mapping == NULL)
		return throw_wrong(env, WRONG_MEMORY,
				   "there are no addresses for so much");
	options.maximum = 0;
	options.memory = mapping;
	options.memory_size = (size_t)size;
	options.flags = mapping == NULL ? 0 :
			MEMS_MEMORY_PRIVATE | MEMS_MEMORY_ZEROED;
	numbers = make(thread, &options, NULL);
	if (mapping == NULL)
		return numbers;
	region = numbers == NULL ? NULL : newest_region(thread);
	if (region == NULL) {
		mapping_give(mapping, size);
		return NULL;
	}
	region->mapping = mapping;
	region->mapping_size = size;
	return numbers;
}

/* The bytes of a Uint8Array, which must be over the region's memory. */
static bool get_memory_of(napi_env env, const struct region *region,
			  napi_value array, size_t *length)
{
	static const char other[] = "this is not the space's memory";
	void *data;

	if (!get_array(env, array, napi_uint8_array, other, length, &data))
		return false;
	if (data == region->memory)
		return true;
	(void)throw_wrong(env, WRONG_TYPE, other);
	return false;
}

/* More of the memory is usable: a Uint8Array over all of that. */
static napi_value space_extend(napi_env env, napi_callback_info info)
{
	const struct region *region;
	napi_value arguments[2];
	struct thread *thread;
	size_t length;

	if (!begin(env, info, &thread, arguments, 2))
		return NULL;
	region = find_space(thread, arguments[0]);
	if (region == NULL ||
	    !get_memory_of(env, region, arguments[1], &length))
		return NULL;
	if (mems_space_extend(region->space, length) != 0)
		return throw_wrong(env, WRONG_SUPPORT,
				   "the memory is one that does not grow");
	return NULL;
}

/* One that another thread has, by its number; and the memory if it was
   adopted. */
static napi_value space_attach(napi_env env, napi_callback_info info)
{
	napi_value arguments[2], memory = NULL;
	struct region *region;
	struct thread *thread;
	uint64_t number;
	size_t length;

	if (!begin(env, info, &thread, arguments, 2) ||
	    !get_number(env, arguments[0], "the number of a space", &number))
		return NULL;
	region = region_hold((double)number);
	if (region == NULL)
		return throw_wrong(env, WRONG_CLOSED,
				   "no thread has this space any more");
	if (region->memory != NULL) {
		memory = arguments[1];
		if (!get_memory_of(env, region, memory, &length)) {
			region_drop(region);
			return NULL;
		}
	}
	return made(thread, region, memory);
}

/* A view that V8 refuses may have been dropped by then, or not. */
struct view {
	struct region *region;	/* NULL: it was dropped */
	bool is_made;
};

static void drop_view(napi_env env, void *data, void *hint)
{
	struct view *view = hint;

	(void)env;
	(void)data;
	region_drop(view->region);
	view->region = NULL;
	if (view->is_made)
		free(view);
}

static napi_value refuse_view(napi_env env, struct view *view,
			      napi_status status)
{
	if (view->region != NULL)
		region_drop(view->region);
	free(view);
	/* Node throws an error of its own. */
	if (status == napi_pending_exception) {
		napi_value ignored;

		(void)napi_get_and_clear_last_exception(env, &ignored);
	}
	/* napi_no_external_buffers_allowed, which old headers do not name. */
	if ((int)status == 22)
		return throw_wrong(env, WRONG_BUFFERS,
				   "this runtime allows no external buffers");
	return throw_wrong(env, WRONG_MEMORY, "there is no room for a view");
}

/* Memory of the system as an ArrayBuffer: `length` bytes from `offset` on. */
static napi_value space_view(napi_env env, napi_callback_info info)
{
	napi_value arguments[3], buffer;
	struct thread *thread;
	struct region *region;
	uint64_t offset, length;
	struct view *view;
	napi_status status;

	if (!begin(env, info, &thread, arguments, 3))
		return NULL;
	region = find_space(thread, arguments[0]);
	if (region == NULL ||
	    !get_number_to(env, arguments[1], "offset", region->maximum,
			   &offset) ||
	    !get_number_to(env, arguments[2], "length",
			   region->maximum - offset, &length))
		return NULL;
	if (region->memory != NULL)
		return throw_wrong(env, WRONG_SUPPORT,
				   "the memory is JavaScript's already");
	view = malloc(sizeof(*view));
	if (view == NULL)
		return throw_wrong(env, WRONG_MEMORY,
				   "there is no memory for a view");
	*view = (struct view){ region_hold(region->number), false };
	status = napi_create_external_arraybuffer(env, region->data + offset,
						  (size_t)length, drop_view,
						  view, &buffer);
	if (status != napi_ok)
		return refuse_view(env, view, status);
	view->is_made = true;
	return buffer;
}

/* Detach an ArrayBuffer of mapped memory: its views have length 0 then. */
static napi_value detach(napi_env env, napi_callback_info info)
{
	struct thread *thread;
	napi_value buffer;
	bool is = false;

	if (!begin(env, info, &thread, &buffer, 1))
		return NULL;
	if (napi_is_arraybuffer(env, buffer, &is) != napi_ok || !is ||
	    napi_detach_arraybuffer(env, buffer) != napi_ok)
		return throw_wrong(env, WRONG_TYPE, "it cannot be detached");
	return NULL;
}

/* End any object of this thread. */
static napi_value release(napi_env env, napi_callback_info info)
{
	static const enum kind kinds[] = { KIND_SPACE, KIND_ARENA, KIND_SLAB,
					   KIND_HEAP };
	napi_value arguments[2];
	struct thread *thread;
	struct entry *entry;
	uint64_t kind;

	if (!begin(env, info, &thread, arguments, 2) ||
	    !get_number_to(env, arguments[1], "kind", 3, &kind))
		return NULL;
	entry = thread_find(thread, arguments[0], kinds[kind]);
	if (entry == NULL)
		return NULL;
	thread_release(thread, entry);
	account(thread);
	return NULL;
}

static napi_value version(napi_env env, napi_callback_info info)
{
	napi_value text;

	(void)info;
	if (napi_create_string_utf8(env, mems_version(), NAPI_AUTO_LENGTH,
				    &text) != napi_ok)
		return NULL;
	return text;
}

const struct call space_calls[] = {
	{ "spaceAdopt", space_adopt },
	{ "spaceExtend", space_extend },
	{ "spaceMap", space_map },
	{ "spaceAttach", space_attach },
	{ "spaceView", space_view },
	{ "detach", detach },
	{ "release", release },
	{ "version", version },
	{ NULL, NULL },
};
