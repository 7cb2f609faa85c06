/*
 * No allocator at all: what a replay itself costs.
 */
#include "peer.h"

static uint64_t word;

static void *open_null(const struct peer *peer, uint64_t bytes)
{
	(void)peer;
	(void)bytes;
	return &word;
}

static inline handle null_alloc(void *heap, size_t size)
{
	(void)size;
	return (handle)(uintptr_t)heap;
}

static inline void null_free(void *heap, handle block)
{
	(void)heap;
	keep((void *)(uintptr_t)block);
}

static inline void *null_get(void *heap, handle block)
{
	(void)heap;
	return (void *)(uintptr_t)block;
}

PEER_REPLAY(replay_word, null_alloc, null_free, null_get)

/* All blocks are one word, so there is nothing to check or account for. */
static bool replay_null(struct run *run, const struct step *steps,
			size_t count, enum replay_mode mode)
{
	bool touch = mode == REPLAY_TOUCHED || mode == REPLAY_TRACKED;

	return replay_word(run, steps, count,
			   touch ? REPLAY_TOUCHED : REPLAY_UNTOUCHED);
}

const struct peer peer_null = {
	"null", "(no allocator)", 0, NULL, open_null, replay_null, NULL
};
