/*
 * A server's backend whose memory goes by lifetime: the configuration stays, a
 * session lasts from login to logout, and what a request makes ends with it.
 * Nothing of a request is freed one by one, and nothing of it is left.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <mems/arena.h>
#include <mems/stats.h>

#define REQUESTS 100000
#define USERS 500
#define PARTS 11		/* of an answer: a greeting, ten blocks */

struct session {
	uint32_t user;
	uint32_t requests;
	char name[56];
};

static mems_arena *config;	/* persistent */
static mems_arena *sessions;	/* intermediate: each block ends by itself */
static mems_arena *request;	/* transient: reset after each request */

static const char *greeting;
static mems_arena_ref online[USERS];	/* {0, 0}: nobody */
static unsigned logins, logouts, wrong;

/* The same numbers in each run. */
static uint32_t random_below(uint32_t bound)
{
	static uint64_t state = 1;

	state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)((state >> 32) * bound >> 32);
}

/* Returns 0 or a negative errno, as the other steps do. */
static int begin(void)
{
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;

	request = mems_arena_create(&options);
	options.lifetime = MEMS_PERSISTENT;
	config = mems_arena_create(&options);
	options.lifetime = MEMS_INTERMEDIATE;
	sessions = mems_arena_create(&options);
	if (request == NULL || config == NULL || sessions == NULL)
		return -errno;
	greeting = mems_arena_strdup(config, "Good day");
	return greeting != NULL ? 0 : -errno;
}

/* Log the user in, or out. */
static int change(uint32_t user)
{
	struct session *session = mems_arena_find(sessions, online[user]);
	mems_arena_ref old = online[user];

	if (session == NULL) {
		session = mems_arena_alloc(sessions, sizeof(*session));
		if (session == NULL)
			return -errno;
		session->user = user;
		session->requests = 0;
		snprintf(session->name, sizeof(session->name), "user %" PRIu32,
			 user);
		online[user] = mems_arena_refer(sessions, session);
		logins++;
		return 0;
	}
	wrong += session->user != user;
	logouts++;
	online[user] = (mems_arena_ref){ 0, 0 };
	if (mems_arena_free(sessions, session) != 0)
		return -EINVAL;
	/* What has ended is not found again. */
	wrong += mems_arena_find(sessions, old) != NULL;
	return 0;
}

/* Make an answer of its parts, look at all of them, and let them go. */
static int answer(uint32_t user)
{
	struct session *session = mems_arena_find(sessions, online[user]);
	const char *name = session != NULL ? session->name : "guest";
	char *parts[PARTS];

	parts[0] = mems_arena_printf(request, "%s, %s.", greeting, name);
	if (parts[0] == NULL)
		return -errno;
	for (int i = 1; i < PARTS; i++) {
		size_t size = 80 + random_below(41);

		/* A few instructions, while the arena's chunk has room. */
		parts[i] = mems_arena_alloc_inline(request, size);
		if (parts[i] == NULL)
			return -errno;
		memset(parts[i], 'a' + i, size);
	}
	wrong += strncmp(parts[0], "Good day, ", 10) != 0;
	for (int i = 1; i < PARTS; i++)
		wrong += parts[i][0] != 'a' + i || parts[i][79] != 'a' + i;
	if (session != NULL)
		session->requests++;
	return mems_arena_reset(request);
}

/* Returns whether the three arenas hold what they should. */
static int is_right(void)
{
	struct mems_arena_stats now = { .size = sizeof(now) };
	struct mems_arena_stats live = { .size = sizeof(live) };
	char report[160];

	if (mems_arena_stats(request, &now) != 0 || now.used != 0 ||
	    mems_arena_stats(sessions, &live) != 0 ||
	    live.blocks != logins - logouts)
		return 0;
	return mems_arena_verify(config, report, sizeof(report)) == 0 &&
	       mems_arena_verify(sessions, report, sizeof(report)) == 0 &&
	       mems_arena_verify(request, report, sizeof(report)) == 0;
}

int main(void)
{
	int error = begin();

	for (int i = 0; i < REQUESTS && error == 0; i++) {
		uint32_t user = random_below(USERS);

		if (random_below(10) == 0)
			error = change(user);
		if (error == 0)
			error = answer(user);
	}
	if (error != 0) {
		fprintf(stderr, "backend: %s\n", strerror(-error));
		return 1;
	}
	printf("%d requests, %u logins, %u logouts, %u users online\n",
	       REQUESTS, logins, logouts, logins - logouts);
	printf("%s\n", wrong == 0 && is_right() ? "all was right" :
						  "something was wrong");
	/* Each of them, whatever the others say. */
	wrong += mems_arena_destroy(request) != 0;
	wrong += mems_arena_destroy(sessions) != 0;
	wrong += mems_arena_destroy(config) != 0;
	return wrong != 0;
}
