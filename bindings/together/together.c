/*
 * An addon for together.js: what C does in the heap, and the way to what Go
 * does. A list is a block of addresses, 64 bits each, of which both are told the
 * place; a record has its number, whose it is, and twice its number.
 */
#include "libtogether.h"

#include <mems/slab.h>
#include <mems/space.h>

#define NAPI_VERSION 8
#include <node_api.h>

#include <stdint.h>

struct record {
	uint32_t number, owner;
	double twice;
	uint64_t unused[4];
};

enum { OWNER_C = 2 };

static mems_space *space;
static mems_depot *depot;

static int c_open(void *at, uint64_t heap)
{
	space = at;
	depot = mems_depot_attach(space, heap);
	return depot != NULL ? 0 : -1;
}

static int c_fill(uint64_t list, uint32_t from, uint32_t to)
{
	uint64_t *places = mems_space_get(space, list);

	for (uint32_t i = from; i < to; i++) {
		struct record *record = mems_depot_alloc(depot, sizeof(*record));

		if (record == NULL)
			return -1;
		*record = (struct record){ i, OWNER_C, 2.0 * i, { 0 } };
		places[i] = mems_space_va(space, record);
	}
	return 0;
}

/* The sum of numbers, owners and doubles of all records. */
static double c_sum(uint64_t list, uint32_t count)
{
	const uint64_t *places = mems_space_get(space, list);
	double sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct record *record = mems_space_get(space, places[i]);

		sum += record->number + record->owner + record->twice;
	}
	return sum;
}

static int c_free(uint64_t list, uint32_t from, uint32_t to)
{
	const uint64_t *places = mems_space_get(space, list);

	for (uint32_t i = from; i < to; i++)
		if (mems_depot_free(depot, mems_space_get(space, places[i])) !=
		    0)
			return -1;
	return 0;
}

static int c_close(void)
{
	return mems_depot_detach(depot);
}

/* ------------------------------------------------------------ to JavaScript */

/* which('c' or 'go', verb, three numbers): what the verb gives. */
static napi_value call(napi_env env, napi_callback_info info)
{
	napi_value arguments[5], result;
	size_t count = 5;
	uint64_t at = 0;
	double numbers[3] = { 0, 0, 0 }, given = -1;
	int32_t go = 0, verb = 0;
	bool lossless;

	if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) !=
		    napi_ok ||
	    napi_get_value_int32(env, arguments[0], &go) != napi_ok ||
	    napi_get_value_int32(env, arguments[1], &verb) != napi_ok)
		return NULL;
	if (napi_get_value_bigint_uint64(env, arguments[2], &at, &lossless) !=
	    napi_ok)
		(void)napi_get_value_double(env, arguments[2], &numbers[0]);
	(void)napi_get_value_double(env, arguments[3], &numbers[1]);
	(void)napi_get_value_double(env, arguments[4], &numbers[2]);

	uint64_t list = (uint64_t)numbers[0];
	uint32_t from = (uint32_t)numbers[1], to = (uint32_t)numbers[2];

	switch (verb) {
	case 0:
		given = go ? go_open((uintptr_t)at, (uint64_t)numbers[1]) :
			     c_open((void *)(uintptr_t)at,
				    (uint64_t)numbers[1]);
		break;
	case 1:
		given = go ? go_fill(list, from, to) : c_fill(list, from, to);
		break;
	case 2:
		given = go ? go_sum(list, from) : c_sum(list, from);
		break;
	case 3:
		given = go ? go_free(list, from, to) : c_free(list, from, to);
		break;
	case 4:
		given = go ? go_close() : c_close();
		break;
	}
	return napi_create_double(env, given, &result) == napi_ok ? result :
								   NULL;
}

NAPI_MODULE_INIT()
{
	napi_value function;

	(void)exports;
	if (napi_create_function(env, "call", NAPI_AUTO_LENGTH, call, NULL,
				 &function) != napi_ok)
		return NULL;
	return function;
}
