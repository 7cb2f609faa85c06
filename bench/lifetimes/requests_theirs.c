/*
 * The backend on malloc, and on no allocator at all: once with nothing written,
 * once with the same written to the same ten buffers.
 */
#include <stdlib.h>

#include "requests.h"

/* What stands in for memory on the floor. */
struct fixed {
	struct session sessions[USERS];
	char settings[SETTINGS][64];
	int setting_count;
	_Alignas(64) char blocks[BLOCKS][128];
};

static char *malloc_setting(struct backend *backend, const char *text)
{
	char *copy = malloc(strlen(text) + 1);

	(void)backend;
	return copy != NULL ? strcpy(copy, text) : NULL;
}

static struct session *malloc_login(struct backend *backend, uint32_t user)
{
	(void)backend;
	(void)user;
	return malloc(sizeof(struct session));
}

static void malloc_logout(struct backend *backend, struct session *session)
{
	(void)backend;
	free(session);
}

static void begin_none(struct backend *backend)
{
	(void)backend;
}

static void *malloc_block(struct backend *backend, uint32_t i, size_t size)
{
	(void)backend;
	(void)i;
	return malloc(size);
}

static void malloc_end(struct backend *backend, void **blocks)
{
	(void)backend;
	for (int i = 0; i < BLOCKS; i++)
		free(blocks[i]);
}

static void malloc_stop(struct backend *backend)
{
	for (int i = 0; i < SETTINGS; i++)
		free(backend->settings[i]);
}

static char *fixed_setting(struct backend *backend, const char *text)
{
	struct fixed *fixed = backend->memory;

	return strcpy(fixed->settings[fixed->setting_count++], text);
}

static struct session *fixed_login(struct backend *backend, uint32_t user)
{
	struct fixed *fixed = backend->memory;

	return &fixed->sessions[user];
}

static void fixed_logout(struct backend *backend, struct session *session)
{
	(void)backend;
	keep(session);
}

static void *fixed_block(struct backend *backend, uint32_t i, size_t size)
{
	struct fixed *fixed = backend->memory;

	(void)size;
	return fixed->blocks[i];
}

static void fixed_end(struct backend *backend, void **blocks)
{
	(void)backend;
	keep(blocks);
}

static void fixed_stop(struct backend *backend)
{
	(void)backend;
}

INLINE void run_fixed(const struct lane *lane,
		      const struct backend_calls *calls)
{
	struct backend backend = { .memory = table_make(sizeof(struct fixed)) };

	backend_run(lane, &backend, calls);
}

void run_requests_written(const struct lane *lane)
{
	static const struct backend_calls calls = {
		fixed_setting, fixed_login, fixed_logout, begin_none,
		fixed_block, fixed_end, fixed_stop, false
	};

	run_fixed(lane, &calls);
}

void run_requests_malloc(const struct lane *lane)
{
	static const struct backend_calls calls = {
		malloc_setting, malloc_login, malloc_logout, begin_none,
		malloc_block, malloc_end, malloc_stop, false
	};
	static const struct backend_calls blind = {
		fixed_setting, fixed_login, fixed_logout, begin_none,
		fixed_block, fixed_end, fixed_stop, true
	};
	struct backend backend = { .memory = NULL };

	if (lane->place == PLACE_FLOOR)
		run_fixed(lane, &blind);
	else
		backend_run(lane, &backend, &calls);
}
