/* Names of a space. */
#include "addon.h"

#include <errno.h>
#include <string.h>

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
	region = find_space(thread, arguments[0]);
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
	region = find_space(thread, arguments[0]);
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
	region = find_space(thread, arguments[0]);
	if (region == NULL || !get_name(env, arguments[1], name, sizeof(name)))
		return NULL;
	status = mems_space_root_remove(region->space, name);
	if (status != 0 && status != -ENOENT)
		return throw_errno(env, status, WRONG_RANGE,
				   "a name has 1 to 55 bytes");
	return make_flag(env, status == 0);
}

const struct call root_calls[] = {
	{ "spaceRootGet", space_root_get },
	{ "spaceRootSet", space_root_set },
	{ "spaceRootRemove", space_root_remove },
	{ NULL, NULL },
};
