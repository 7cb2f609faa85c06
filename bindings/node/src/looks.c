/* What a space tells of itself, and gives back to the system. */
#include "addon.h"

#include <errno.h>
#include <stdlib.h>

static bool begin_space(napi_env env, napi_callback_info info,
			struct thread **thread, struct region **region)
{
	napi_value argument;

	if (!begin(env, info, thread, &argument, 1))
		return false;
	*region = find_space(*thread, argument);
	return *region != NULL;
}

static napi_value space_stats(napi_env env, napi_callback_info info)
{
	struct mems_space_stats stats = { .size = sizeof(stats) };
	struct thread *thread;
	struct region *region;
	int status;

	if (!begin_space(env, info, &thread, &region))
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

	if (!begin_space(env, info, &thread, &region))
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

	if (!begin_space(env, info, &thread, &region))
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

	if (!begin_space(env, info, &thread, &region))
		return NULL;
	status = mems_space_verify(region->space, report, sizeof(report));
	if (status != 0)
		return throw_errno(env, status, WRONG_CLOSED, report);
	return NULL;
}

static napi_value back(napi_env env, napi_callback_info info,
		       int (*call)(mems_space *space, uint64_t *returned))
{
	struct thread *thread;
	struct region *region;
	uint64_t returned = 0;
	int status;

	if (!begin_space(env, info, &thread, &region))
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

const struct call look_calls[] = {
	{ "spaceStats", space_stats },
	{ "spacePrint", space_print },
	{ "spaceJson", space_json },
	{ "spaceDraw", space_draw },
	{ "spaceWalk", space_walk },
	{ "spaceVerify", space_verify },
	{ "spaceTrim", space_trim },
	{ "spaceDefrag", space_defrag },
	{ NULL, NULL },
};
