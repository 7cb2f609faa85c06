/*
 * The work of a server's backend, whatever its memory comes from.
 *
 * Of its requests a tenth logs a user in or out, which makes or ends a session
 * of 64 bytes. Each makes ten blocks of 80 to 120 bytes and writes every line
 * of them, reads them again for its answer, and ends them. It also reads one of
 * the settings, which are there from the beginning to the end.
 *
 * Each kind of memory compiles its own copy of this, so no call is indirect.
 */
#ifndef BENCH_LIFETIMES_REQUESTS_H
#define BENCH_LIFETIMES_REQUESTS_H

#include <stdio.h>
#include <string.h>

#include "child.h"
#include "lane.h"
#include "malloc/block.h"
#include "random.h"

#define USERS 10000
#define SETTINGS 64
#define BLOCKS 10		/* of a request */
#define LOOKS 16		/* at the memory, in a run */

struct session {
	uint64_t user, token;
	uint64_t since, last;	/* requests */
	uint64_t requests, bytes;
	uint64_t spare[2];
};

struct backend {
	void *memory;		/* what the calls below are for */
	struct session **online;	/* by user */
	char *settings[SETTINGS];
	struct random random;
	uint64_t now;		/* requests so far */
	uint64_t logins, logouts;
	uint64_t check;
};

struct backend_calls {
	char *(*setting)(struct backend *backend, const char *text);
	struct session *(*login)(struct backend *backend, uint32_t user);
	void (*logout)(struct backend *backend, struct session *session);
	void (*begin)(struct backend *backend);
	void *(*block)(struct backend *backend, uint32_t i, size_t size);
	/* All blocks of the request. */
	void (*end)(struct backend *backend, void **blocks);
	/* All that is left, sessions apart. */
	void (*stop)(struct backend *backend);
	bool blind;		/* blocks are not memory: nothing is written */
};

#define INLINE static inline __attribute__((always_inline))

INLINE void backend_log(struct backend *backend, uint32_t user,
			const struct backend_calls *calls)
{
	struct session *session = backend->online[user];

	if (session != NULL) {
		if (session->user != user)
			die("requests: a session has changed");
		backend->check += session->requests + session->bytes;
		backend->online[user] = NULL;
		backend->logouts++;
		calls->logout(backend, session);
		return;
	}
	session = calls->login(backend, user);
	if (session == NULL)
		die("requests: no memory");
	*session = (struct session){
		.user = user, .token = backend->now * 31 + user,
		.since = backend->now, .last = backend->now,
	};
	backend->online[user] = session;
	backend->logins++;
}

INLINE void backend_request(struct backend *backend,
			    const struct backend_calls *calls)
{
	uint64_t draw = random_next(&backend->random);
	uint64_t sizes[2] = { random_next(&backend->random), draw };
	uint32_t user = (uint32_t)(((draw >> 32) * USERS) >> 32);
	const uint8_t *bytes = (const uint8_t *)sizes;
	struct session *session;
	void *blocks[BLOCKS];
	uint64_t sum = 0;

	if ((uint32_t)draw % 10 == 0)
		backend_log(backend, user, calls);
	session = backend->online[user];
	calls->begin(backend);
	for (uint32_t i = 0; i < BLOCKS; i++) {
		size_t size = 80 + ((bytes[i] * 41u) >> 8);

		sum += size;
		blocks[i] = calls->block(backend, i, size);
		if (calls->blind)
			continue;
		if (blocks[i] == NULL)
			die("requests: no memory");
		block_write(blocks[i], size);
		keep(blocks[i]);
	}
	for (uint32_t i = 0; !calls->blind && i < BLOCKS; i++)
		sum -= block_check(blocks[i]);
	calls->end(backend, blocks);
	if (session != NULL) {
		session->requests++;
		session->bytes += sum + BLOCKS;
		session->last = backend->now;
	}
	backend->check += sum +
		(uint64_t)backend->settings[draw % SETTINGS][8];
	backend->now++;
}

static inline void backend_look(int64_t *most)
{
	int64_t now = resident_now();

	if (now > *most)
		*most = now;
}

INLINE void backend_run(const struct lane *lane, struct backend *backend,
			const struct backend_calls *calls)
{
	int64_t most = 0, last;
	double ns = 0;

	backend->online = table_make(USERS * sizeof(*backend->online));
	backend->random.counter = lane->seed;
	for (int i = 0; i < SETTINGS; i++) {
		char text[64];

		snprintf(text, sizeof(text), "setting=%c, and so on up to %d",
			 'a' + i % 26, i);
		backend->settings[i] = calls->setting(backend, text);
		if (backend->settings[i] == NULL)
			die("requests: no memory");
	}
	for (int look = 1; look <= LOOKS; look++) {
		uint64_t until = lane->number * (uint64_t)look / LOOKS;
		double from = now();

		while (backend->now < until)
			backend_request(backend, calls);
		ns += now() - from;
		backend_look(&most);
	}
	for (uint32_t user = 0; user < USERS; user++)
		if (backend->online[user] != NULL)
			backend_log(backend, user, calls);
	if (backend->logins != backend->logouts)
		die("requests: sessions were lost");
	calls->stop(backend);
	last = resident_now();
	tell("ns", ns / (double)lane->number);
	tell("peak_kib", (double)most);
	tell("final_kib", (double)last);
	/* A double holds 32 bits of it. */
	tell("check", calls->blind ? 0 : (double)(uint32_t)backend->check);
}

#endif
