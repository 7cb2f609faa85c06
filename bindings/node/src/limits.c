/* Limits of spaces, and who hears of the soft one. */
#include "addon.h"

#include <stdlib.h>

static napi_value space_limit(napi_env env, napi_callback_info info)
{
	napi_value arguments[3];
	struct thread *thread;
	struct region *region;
	uint64_t soft, hard;

	if (!begin(env, info, &thread, arguments, 3))
		return NULL;
	region = find_space(thread, arguments[0]);
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
	region = find_space(thread, arguments[0]);
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

const struct call limit_calls[] = {
	{ "spaceLimit", space_limit },
	{ "spaceListen", space_listen },
	{ NULL, NULL },
};
