/* Calls on spaces. */
#include "addon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static struct region *find(struct thread *thread, napi_value number)
{
	struct entry *entry = thread_find(thread, number, KIND_SPACE);

	return entry == NULL ? NULL : entry->object;
}

/* ---------------------------------------------------------------- creation */

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

/* In memory that V8 allocated: a Uint8Array over it, the options, and whether
   all of it is fresh, that is 0 and of pages of its own. */
static napi_value space_adopt(napi_env env, napi_callback_info info)
{
	struct mems_space_options options = MEMS_SPACE_OPTIONS;
	napi_value arguments[8];
	struct thread *thread;
	size_t length;
	void *memory;
	bool fresh;

	if (!begin(env, info, &thread, arguments, 8) ||
	    !get_options(env, arguments + 1, &options) ||
	    !get_flag(env, arguments[7], "fresh", &fresh) ||
	    !get_array(env, arguments[0], napi_uint8_array,
		       "memory must be a Uint8Array", &length, &memory))
		return NULL;
	if (region_overlaps(memory, length))
		return throw_wrong(env, WRONG_RANGE,
				   "the memory is another space's: attach to it");
	options.memory = memory;
	options.memory_size = length;
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

/* One that another thread has, by its number; and the memory if it was
   adopted. */
static napi_value space_attach(napi_env env, napi_callback_info info)
{
	static const char other[] = "this is not the space's memory";
	napi_value arguments[2], memory = NULL;
	struct region *region;
	struct thread *thread;
	uint64_t number;
	size_t length;
	void *data;

	if (!begin(env, info, &thread, arguments, 2) ||
	    !get_number(env, arguments[0], "the number of a space", &number))
		return NULL;
	region = region_hold((double)number);
	if (region == NULL)
		return throw_wrong(env, WRONG_CLOSED,
				   "no thread has this space any more");
	if (region->memory != NULL) {
		memory = arguments[1];
		if (!get_array(env, memory, napi_uint8_array, other, &length,
			       &data)) {
			region_drop(region);
			return NULL;
		}
		if (data != region->memory) {
			region_drop(region);
			return throw_wrong(env, WRONG_TYPE, other);
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
	region = find(thread, arguments[0]);
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

/* ------------------------------------------------------------------ blocks */

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
	region = find(thread, arguments[0]);
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
	region = find(thread, arguments[0]);
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
	region = find(thread, arguments[0]);
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
	region = find(thread, arguments[0]);
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
	*region = find(*thread, arguments[0]);
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

/* Do `length` bytes from there on lie in one live block? */
static napi_value space_check(napi_env env, napi_callback_info info)
{
	napi_value arguments[3];
	struct thread *thread;
	struct region *region;
	uint64_t va, length;

	if (!begin(env, info, &thread, arguments, 3))
		return NULL;
	region = find(thread, arguments[0]);
	if (region == NULL || !get_number(env, arguments[1], "address", &va) ||
	    !get_number(env, arguments[2], "length", &length))
		return NULL;
	/* A copy onto itself changes nothing, and is checked. */
	if (mems_space_copy(region->space, va, va, 0) != 0 ||
	    (length > 0 && (mems_space_contains(region->space,
						va + length - 1) != 1)))
		return throw_wrong(env, WRONG_ADDRESS,
				   "these bytes lie in no live block");
	return NULL;
}

/* ------------------------------------------------------------ what it tells */

static bool find_one(napi_env env, napi_callback_info info,
		     struct thread **thread, struct region **region)
{
	napi_value argument;

	if (!begin(env, info, thread, &argument, 1))
		return false;
	*region = find(*thread, argument);
	return *region != NULL;
}

static napi_value space_stats(napi_env env, napi_callback_info info)
{
	struct mems_space_stats stats = { .size = sizeof(stats) };
	struct thread *thread;
	struct region *region;
	int status;

	if (!find_one(env, info, &thread, &region))
		return NULL;
	status = mems_space_stats(region->space, &stats);
	if (status != 0)
		return throw_errno(env, status, WRONG_CLOSED,
				   "the space has ended");
	return make_numbers(env, (const double[]){
		(double)stats.maximum, (double)stats.mapped,
		(double)stats.used, (double)stats.used_peak,
		(double)stats.unused, (double)stats.largest_hole,
		(double)stats.pages, (double)stats.nodes,
		(double)stats.blocks, (double)stats.holes,
		(double)stats.allocations, (double)stats.frees,
		(double)stats.metadata, (double)stats.returned,
		(double)stats.growth, (double)stats.soft_limit,
		(double)stats.hard_limit, (double)stats.granule,
		(double)stats.policy }, 19);
}

typedef int print_fn(mems_space *space, mems_write_fn *write, void *arg);

static napi_value print(napi_env env, napi_callback_info info, print_fn *call)
{
	struct text text = { NULL, 0, 0 };
	struct thread *thread;
	struct region *region;

	if (!find_one(env, info, &thread, &region))
		return NULL;
	return make_text(env, &text, call(region->space, text_add, &text));
}

static napi_value space_print(napi_env env, napi_callback_info info)
{
	return print(env, info, mems_space_print);
}

static napi_value space_json(napi_env env, napi_callback_info info)
{
	return print(env, info, mems_space_json);
}

static napi_value space_draw(napi_env env, napi_callback_info info)
{
	return print(env, info, mems_space_draw);
}

/* Nodes and segments: kind, address, size, kind, address, ... */
struct walk {
	double *numbers;
	size_t count, room;
};

static int note(mems_space *space, const struct mems_segment *segment,
		void *arg)
{
	struct walk *walk = arg;

	(void)space;
	if (walk->room - walk->count < 3) {
		size_t room = 2 * walk->room + 48;
		double *more = realloc(walk->numbers, room * sizeof(*more));

		if (more == NULL)
			return -ENOMEM;
		walk->numbers = more;
		walk->room = room;
	}
	walk->numbers[walk->count++] = (double)segment->kind;
	walk->numbers[walk->count++] = (double)segment->va;
	walk->numbers[walk->count++] = (double)segment->size;
	return 0;
}

static napi_value space_walk(napi_env env, napi_callback_info info)
{
	struct walk walk = { NULL, 0, 0 };
	napi_value array = NULL;
	struct thread *thread;
	struct region *region;
	int status;

	if (!find_one(env, info, &thread, &region))
		return NULL;
	status = mems_space_walk(region->space, note, &walk);
	if (status != 0)
		(void)throw_errno(env, status, WRONG_CLOSED,
				  "the space has ended");
	else
		array = make_numbers(env, walk.numbers, walk.count);
	free(walk.numbers);
	return array;
}

static napi_value space_verify(napi_env env, napi_callback_info info)
{
	struct thread *thread;
	struct region *region;
	char report[256];
	int status;

	if (!find_one(env, info, &thread, &region))
		return NULL;
	status = mems_space_verify(region->space, report, sizeof(report));
	if (status != 0)
		return throw_errno(env, status, WRONG_CLOSED, report);
	return NULL;
}

/* -------------------------------------------------------------- the system */

static napi_value back(napi_env env, napi_callback_info info,
		       int (*call)(mems_space *space, uint64_t *returned))
{
	struct thread *thread;
	struct region *region;
	uint64_t returned = 0;
	int status;

	if (!find_one(env, info, &thread, &region))
		return NULL;
	status = call(region->space, &returned);
	if (status != 0)
		return throw_errno(env, status, WRONG_CLOSED,
				   "the space has ended");
	account(thread);
	return make_number(env, (double)returned);
}

static napi_value space_trim(napi_env env, napi_callback_info info)
{
	return back(env, info, mems_space_trim);
}

static napi_value space_defrag(napi_env env, napi_callback_info info)
{
	return back(env, info, mems_space_defrag);
}

/* ------------------------------------------------------------------ limits */

static napi_value space_limit(napi_env env, napi_callback_info info)
{
	napi_value arguments[3];
	struct thread *thread;
	struct region *region;
	uint64_t soft, hard;

	if (!begin(env, info, &thread, arguments, 3))
		return NULL;
	region = find(thread, arguments[0]);
	if (region == NULL ||
	    !get_number(env, arguments[1], "softLimit", &soft) ||
	    !get_number(env, arguments[2], "hardLimit", &hard))
		return NULL;
	if (mems_space_limit(region->space, soft, hard, region_on_limit,
			     region) != 0)
		return throw_wrong(env, WRONG_RANGE,
				   "the soft limit is above the hard one");
	return NULL;
}

/* As of an exception in any other event. */
static void raise(napi_env env)
{
	napi_value exception;

	if (napi_get_and_clear_last_exception(env, &exception) == napi_ok)
		(void)napi_fatal_exception(env, exception);
}

/* In the thread that listens; at its end there is no function any more. */
static void tell(napi_env env, napi_value function, void *context, void *data)
{
	struct event *event = data;
	napi_value undefined, arguments[2];

	(void)context;
	if (env != NULL && function != NULL &&
	    napi_get_undefined(env, &undefined) == napi_ok) {
		arguments[0] = make_number(env, event->handle);
		arguments[1] = make_number(env, event->used);
		if (napi_call_function(env, undefined, function, 2, arguments,
				       NULL) == napi_pending_exception)
			raise(env);
	}
	free(event);
}

/* The function that hears of all soft limits; it keeps no process alive. */
static bool start_events(struct thread *thread, napi_value function)
{
	napi_env env = thread->env;
	napi_value name;

	if (thread->events != NULL)
		return true;
	return napi_create_string_utf8(env, "mems", NAPI_AUTO_LENGTH, &name) ==
		       napi_ok &&
	       napi_create_threadsafe_function(env, function, NULL, name, 0, 1,
					       NULL, NULL, NULL, tell,
					       &thread->events) == napi_ok &&
	       napi_unref_threadsafe_function(env, thread->events) == napi_ok;
}

static napi_value space_listen(napi_env env, napi_callback_info info)
{
	napi_value arguments[2];
	struct thread *thread;
	struct region *region;
	napi_valuetype type;
	double handle = 0;

	if (!begin(env, info, &thread, arguments, 2))
		return NULL;
	region = find(thread, arguments[0]);
	if (region == NULL)
		return NULL;
	if (napi_typeof(env, arguments[1], &type) != napi_ok ||
	    type != napi_function)
		return throw_wrong(env, WRONG_TYPE,
				   "the listener must be a function");
	(void)napi_get_value_double(env, arguments[0], &handle);
	if (!start_events(thread, arguments[1]) ||
	    !region_listen(region, handle, thread->events))
		return throw_wrong(env, WRONG_MEMORY,
				   "there is no memory to listen");
	return NULL;
}

/* ------------------------------------------------------------------- roots */

static bool get_name(napi_env env, napi_value value, char *name, size_t room)
{
	size_t length;

	if (napi_get_value_string_utf8(env, value, name, room, &length) !=
	    napi_ok) {
		(void)throw_wrong(env, WRONG_TYPE, "the name must be a string");
		return false;
	}
	if (strlen(name) == length)
		return true;
	(void)throw_wrong(env, WRONG_RANGE, "a name has no NUL in it");
	return false;
}

/* Longer than any root's name may be, so that the library sees it. */
#define NAME_ROOM (MEMS_ROOT_NAME_MAX + 8)

static napi_value space_root_get(napi_env env, napi_callback_info info)
{
	napi_value arguments[2];
	char name[NAME_ROOM];
	struct thread *thread;
	struct region *region;
	mems_va va;

	if (!begin(env, info, &thread, arguments, 2))
		return NULL;
	region = find(thread, arguments[0]);
	if (region == NULL || !get_name(env, arguments[1], name, sizeof(name)))
		return NULL;
	errno = 0;
	va = mems_space_root_get(region->space, name);
	if (va == MEMS_VA_NONE && errno != 0 && errno != ENOENT)
		return throw_errno(env, errno, WRONG_RANGE,
				   "a name has 1 to 55 bytes");
	if (va == MEMS_VA_NONE && errno == ENOENT)
		return NULL;
	return make_number(env, (double)va);
}

static napi_value space_root_set(napi_env env, napi_callback_info info)
{
	napi_value arguments[3];
	char name[NAME_ROOM];
	struct thread *thread;
	struct region *region;
	uint64_t va;
	int status;

	if (!begin(env, info, &thread, arguments, 3))
		return NULL;
	region = find(thread, arguments[0]);
	if (region == NULL || !get_name(env, arguments[1], name,
					sizeof(name)) ||
	    !get_number(env, arguments[2], "address", &va))
		return NULL;
	status = mems_space_root_set(region->space, name, va);
	if (status != 0)
		return throw_errno(env, status, WRONG_RANGE,
				   "a name has 1 to 55 bytes");
	return NULL;
}

static napi_value space_root_remove(napi_env env, napi_callback_info info)
{
	napi_value arguments[2];
	char name[NAME_ROOM];
	struct thread *thread;
	struct region *region;
	int status;

	if (!begin(env, info, &thread, arguments, 2))
		return NULL;
	region = find(thread, arguments[0]);
	if (region == NULL || !get_name(env, arguments[1], name, sizeof(name)))
		return NULL;
	status = mems_space_root_remove(region->space, name);
	if (status != 0 && status != -ENOENT)
		return throw_errno(env, status, WRONG_RANGE,
				   "a name has 1 to 55 bytes");
	return make_flag(env, status == 0);
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
	{ "spaceMap", space_map },
	{ "spaceAttach", space_attach },
	{ "spaceView", space_view },
	{ "detach", detach },
	{ "release", release },
	{ "spaceAlloc", space_alloc },
	{ "spaceAlignedAlloc", space_aligned },
	{ "spaceCalloc", space_calloc },
	{ "spaceResize", space_resize },
	{ "spaceFree", space_free },
	{ "spaceUsableSize", space_usable },
	{ "spaceContains", space_contains },
	{ "spacePointer", space_pointer },
	{ "spaceCheck", space_check },
	{ "spaceStats", space_stats },
	{ "spacePrint", space_print },
	{ "spaceJson", space_json },
	{ "spaceDraw", space_draw },
	{ "spaceWalk", space_walk },
	{ "spaceVerify", space_verify },
	{ "spaceTrim", space_trim },
	{ "spaceDefrag", space_defrag },
	{ "spaceLimit", space_limit },
	{ "spaceListen", space_listen },
	{ "spaceRootGet", space_root_get },
	{ "spaceRootSet", space_root_set },
	{ "spaceRootRemove", space_root_remove },
	{ "version", version },
	{ NULL, NULL },
};
