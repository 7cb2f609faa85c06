/* From JavaScript's values to C's, and back. */
#include "addon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ errors */

static const struct {
	const char *code;
	napi_status (*create)(napi_env env, napi_value code, napi_value text,
			      napi_value *error);
} wrongs[] = {
	[WRONG_TYPE] = { "ERR_MEMS_TYPE", napi_create_type_error },
	[WRONG_RANGE] = { "ERR_MEMS_RANGE", napi_create_range_error },
	[WRONG_ADDRESS] = { "ERR_MEMS_ADDRESS", napi_create_range_error },
	[WRONG_MEMORY] = { "ERR_MEMS_NO_MEMORY", napi_create_error },
	[WRONG_CLOSED] = { "ERR_MEMS_CLOSED", napi_create_error },
	[WRONG_STALE] = { "ERR_MEMS_STALE", napi_create_error },
	[WRONG_FULL] = { "ERR_MEMS_FULL", napi_create_error },
	[WRONG_LAYOUT] = { "ERR_MEMS_LAYOUT", napi_create_error },
	[WRONG_STATE] = { "ERR_MEMS_BROKEN", napi_create_error },
	[WRONG_SUPPORT] = { "ERR_MEMS_NOT_SUPPORTED", napi_create_error },
	[WRONG_BUFFERS] = { "ERR_MEMS_NO_EXTERNAL_BUFFERS",
			    napi_create_error },
};

napi_value throw_wrong(napi_env env, enum wrong wrong, const char *text)
{
	const char *name = wrongs[wrong].code;
	napi_value code, message, error;

	if (napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &code) ==
		    napi_ok &&
	    napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &message) ==
		    napi_ok &&
	    wrongs[wrong].create(env, code, message, &error) == napi_ok)
		(void)napi_throw(env, error);
	return NULL;
}

napi_value throw_errno(napi_env env, int error, enum wrong invalid,
		       const char *text)
{
	switch (error < 0 ? -error : error) {
	case ENOMEM:
		return throw_wrong(env, WRONG_MEMORY, "there is no room for it");
	case ESTALE:
		return throw_wrong(env, WRONG_STALE,
				   "what this refers to has ended");
	case ENOSPC:
		return throw_wrong(env, WRONG_FULL, "all names are taken");
	case EPROTO:
		return throw_wrong(env, WRONG_LAYOUT,
				   "the words there have another layout");
	case EBADMSG:
		return throw_wrong(env, WRONG_STATE, text);
	case ENOTSUP:
	case EPERM:
		return throw_wrong(env, WRONG_SUPPORT, text);
	case EFAULT:
		return throw_wrong(env, WRONG_ADDRESS, text);
	default:
		return throw_wrong(env, invalid, text);
	}
}

static bool refuse(napi_env env, enum wrong wrong, const char *name,
		   const char *what)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "%s must be %s", name, what);
	(void)throw_wrong(env, wrong, text);
	return false;
}

/* --------------------------------------------------------------- arguments */

/* What is missing is undefined. */
bool begin(napi_env env, napi_callback_info info, struct thread **thread,
	   napi_value *arguments, size_t count)
{
	void *data = NULL;

	if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) !=
		    napi_ok ||
	    napi_get_instance_data(env, &data) != napi_ok || data == NULL)
		return false;
	*thread = data;
	return true;
}

bool get_number_to(napi_env env, napi_value value, const char *name,
		   uint64_t most, uint64_t *number)
{
	double given;

	if (napi_get_value_double(env, value, &given) != napi_ok)
		return refuse(env, WRONG_TYPE, name, "a number");
	if (!(given >= 0 && given <= (double)most) ||
	    (double)(uint64_t)given != given)
		return refuse(env, WRONG_RANGE, name,
			      "a whole number that is not too large");
	*number = (uint64_t)given;
	return true;
}

bool get_number(napi_env env, napi_value value, const char *name,
		uint64_t *number)
{
	return get_number_to(env, value, name, (uint64_t)1 << 53, number);
}

bool get_flag(napi_env env, napi_value value, const char *name, bool *flag)
{
	if (napi_get_value_bool(env, value, flag) == napi_ok)
		return true;
	return refuse(env, WRONG_TYPE, name, "true or false");
}

bool get_array(napi_env env, napi_value value, napi_typedarray_type wanted,
	       const char *text, size_t *length, void **data)
{
	napi_typedarray_type type;
	bool is_array = false;

	if (napi_is_typedarray(env, value, &is_array) == napi_ok && is_array &&
	    napi_get_typedarray_info(env, value, &type, length, data, NULL,
				     NULL) == napi_ok && type == wanted)
		return true;
	(void)throw_wrong(env, WRONG_TYPE, text);
	return false;
}

static const uint8_t element_sizes[] = {
	[napi_int32_array] = 4,
	[napi_uint32_array] = 4,
	[napi_float64_array] = 8,
};

bool get_numbers(napi_env env, napi_value value, const char *name,
		 struct numbers *numbers)
{
	bool is_array = false;

	if (napi_is_typedarray(env, value, &is_array) != napi_ok || !is_array ||
	    napi_get_typedarray_info(env, value, &numbers->type,
				     &numbers->length, &numbers->data, NULL,
				     NULL) != napi_ok ||
	    numbers->type >= sizeof(element_sizes) ||
	    element_sizes[numbers->type] == 0)
		return refuse(env, WRONG_TYPE, name, "an Int32Array, a "
			      "Uint32Array or a Float64Array");
	return true;
}

double numbers_at(const struct numbers *numbers, size_t i)
{
	switch (numbers->type) {
	case napi_int32_array:
		return ((const int32_t *)numbers->data)[i];
	case napi_uint32_array:
		return ((const uint32_t *)numbers->data)[i];
	default:
		return ((const double *)numbers->data)[i];
	}
}

void numbers_set(const struct numbers *numbers, size_t i, double value)
{
	switch (numbers->type) {
	case napi_int32_array:
		((int32_t *)numbers->data)[i] = (int32_t)value;
		break;
	case napi_uint32_array:
		((uint32_t *)numbers->data)[i] = (uint32_t)value;
		break;
	default:
		((double *)numbers->data)[i] = value;
		break;
	}
}

double numbers_most(const struct numbers *numbers)
{
	switch (numbers->type) {
	case napi_int32_array:
		return INT32_MAX;
	case napi_uint32_array:
		return UINT32_MAX;
	default:
		return 9007199254740992.0;
	}
}

/* ----------------------------------------------------------------- results */

napi_value make_number(napi_env env, double number)
{
	napi_value value = NULL;

	(void)napi_create_double(env, number, &value);
	return value;
}

napi_value make_flag(napi_env env, bool flag)
{
	napi_value value = NULL;

	(void)napi_get_boolean(env, flag, &value);
	return value;
}

napi_value make_numbers(napi_env env, const double *numbers, size_t count)
{
	napi_value array = NULL;

	if (napi_create_array_with_length(env, count, &array) != napi_ok)
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (napi_set_element(env, array, (uint32_t)i,
				     make_number(env, numbers[i])) != napi_ok)
			return NULL;
	return array;
}

int text_add(void *arg, const char *bytes, size_t length)
{
	struct text *text = arg;

	if (text->room - text->length < length) {
		size_t room = 2 * text->room + length + 256;
		char *more = realloc(text->bytes, room);

		if (more == NULL)
			return -ENOMEM;
		text->bytes = more;
		text->room = room;
	}
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	return 0;
}

napi_value make_text(napi_env env, struct text *text, int status)
{
	napi_value string = NULL;

	if (status != 0)
		(void)throw_errno(env, status, WRONG_CLOSED,
				  "the object has ended");
	else if (napi_create_string_utf8(env, text->length == 0 ? "" :
					 text->bytes, text->length, &string) !=
		 napi_ok)
		(void)throw_wrong(env, WRONG_MEMORY, "the text is too long");
	free(text->bytes);
	return string;
}
