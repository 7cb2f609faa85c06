/* The addon: what a thread gets when it loads it, and gives back at its end. */
#include "addon.h"

#include <stdlib.h>

/* Also when a worker is terminated: no JavaScript runs any more. */
static void at_end(void *arg)
{
	struct thread *thread = arg;

	thread_release_all(thread);
	free(thread);
}

static bool define(napi_env env, napi_value exports, const struct call *calls)
{
	for (; calls->name != NULL; calls++) {
		napi_value function;

		if (napi_create_function(env, calls->name, NAPI_AUTO_LENGTH,
					 calls->function, NULL, &function) !=
			    napi_ok ||
		    napi_set_named_property(env, exports, calls->name,
					    function) != napi_ok)
			return false;
	}
	return true;
}

static const struct call *const calls[] = {
	space_calls, block_calls, look_calls, limit_calls, root_calls,
	arena_calls, store_calls, bulk_calls,
};

NAPI_MODULE_INIT()
{
	struct thread *thread = calloc(1, sizeof(*thread));

	if (thread == NULL)
		return throw_wrong(env, WRONG_MEMORY,
				   "there is no memory for the addon");
	thread->env = env;
	if (napi_set_instance_data(env, thread, NULL, NULL) != napi_ok ||
	    napi_add_env_cleanup_hook(env, at_end, thread) != napi_ok) {
		free(thread);
		return NULL;
	}
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!define(env, exports, calls[i]))
			return NULL;
	if (napi_set_named_property(env, exports, "layout",
				    make_layout(env)) != napi_ok)
		return NULL;
	return exports;
}
