/*
 * The backend on arenas: each kind of data in one of its lifetime.
 */
#include <mems.h>

#include "requests.h"

struct memory {
	struct mems_arena_options options;	/* of a request's arena */
	mems_arena *request;	/* transient */
	mems_arena *settings;	/* persistent */
	mems_arena *sessions;	/* intermediate; or */
	mems_slab *slab;	/* a cache of them */
};

static char *setting(struct backend *backend, const char *text)
{
	struct memory *memory = backend->memory;

	return mems_arena_strdup(memory->settings, text);
}

static struct session *login_slab(struct backend *backend, uint32_t user)
{
	struct memory *memory = backend->memory;

	(void)user;
	return mems_slab_alloc(memory->slab);
}

static void logout_slab(struct backend *backend, struct session *session)
{
	struct memory *memory = backend->memory;

	if (mems_slab_free(memory->slab, session) != 0)
		die("requests: free failed");
}

static struct session *login_arena(struct backend *backend, uint32_t user)
{
	struct memory *memory = backend->memory;

	(void)user;
	return mems_arena_alloc(memory->sessions, sizeof(struct session));
}

static void logout_arena(struct backend *backend, struct session *session)
{
	struct memory *memory = backend->memory;

	if (mems_arena_free(memory->sessions, session) != 0)
		die("requests: free failed");
}

static void begin_none(struct backend *backend)
{
	(void)backend;
}

static void begin_create(struct backend *backend)
{
	struct memory *memory = backend->memory;

	memory->request = mems_arena_create(&memory->options);
	if (memory->request == NULL)
		die("requests: no arena");
}

static void *block(struct backend *backend, uint32_t i, size_t size)
{
	struct memory *memory = backend->memory;

	(void)i;
	return mems_arena_alloc_inline(memory->request, size);
}

static void end_reset(struct backend *backend, void **blocks)
{
	struct memory *memory = backend->memory;

	(void)blocks;
	if (mems_arena_reset(memory->request) != 0)
		die("requests: no reset");
}

static void end_destroy(struct backend *backend, void **blocks)
{
	struct memory *memory = backend->memory;

	(void)blocks;
	if (mems_arena_destroy(memory->request) != 0)
		die("requests: destroy failed");
	memory->request = NULL;
}

static void end_arena(mems_arena *arena)
{
	if (arena != NULL && (mems_arena_verify(arena, NULL, 0) != 0 ||
			      mems_arena_destroy(arena) != 0))
		die("requests: an arena is broken");
}

static void stop(struct backend *backend)
{
	struct memory *memory = backend->memory;

	end_arena(memory->request);
	end_arena(memory->settings);
	end_arena(memory->sessions);
	if (memory->slab != NULL && (mems_slab_verify(memory->slab, NULL, 0) ||
				     mems_slab_destroy(memory->slab) != 0))
		die("requests: the cache is broken");
}

static mems_arena *new_arena(const struct lane *lane, uint32_t lifetime)
{
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;
	mems_arena *arena;

	options.space = lane_space(lane);
	options.lifetime = lifetime;
	arena = mems_arena_create(&options);
	if (arena == NULL)
		die("requests: no arena");
	return arena;
}

static mems_slab *new_slab(const struct lane *lane)
{
	struct mems_slab_options options = MEMS_SLAB_OPTIONS;
	mems_slab *slab;

	options.space = lane_space(lane);
	options.slot_size = sizeof(struct session);
	slab = mems_slab_create(&options);
	if (slab == NULL)
		die("requests: no cache");
	return slab;
}

void run_requests(const struct lane *lane)
{
	static const struct backend_calls calls = {
		setting, login_slab, logout_slab, begin_none, block, end_reset,
		stop, false
	};
	struct memory memory = {
		.request = new_arena(lane, MEMS_TRANSIENT),
		.settings = new_arena(lane, MEMS_PERSISTENT),
		.slab = new_slab(lane),
	};
	struct backend backend = { .memory = &memory };

	backend_run(lane, &backend, &calls);
}

void run_requests_arena(const struct lane *lane)
{
	static const struct backend_calls calls = {
		setting, login_arena, logout_arena, begin_none, block,
		end_reset, stop, false
	};
	struct memory memory = {
		.request = new_arena(lane, MEMS_TRANSIENT),
		.settings = new_arena(lane, MEMS_PERSISTENT),
		.sessions = new_arena(lane, MEMS_INTERMEDIATE),
	};
	struct backend backend = { .memory = &memory };

	backend_run(lane, &backend, &calls);
}

void run_requests_create(const struct lane *lane)
{
	static const struct backend_calls calls = {
		setting, login_slab, logout_slab, begin_create, block,
		end_destroy, stop, false
	};
	struct memory memory = {
		.options = MEMS_ARENA_OPTIONS,
		.settings = new_arena(lane, MEMS_PERSISTENT),
		.slab = new_slab(lane),
	};
	struct backend backend = { .memory = &memory };

	memory.options.space = lane_space(lane);
	backend_run(lane, &backend, &calls);
}
