/*
 * A peer: an allocator under test, behind one set of calls.
 *
 * What is timed is a peer's replay of a list of steps. Each peer compiles its
 * own copy of that loop (PEER_REPLAY), so no call in it is indirect and an
 * inline translation stays inline; the null peer shows what the loop costs.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What stands for a block: a MeMS address or a pointer; 0 is none. */
typedef uint64_t handle;

/* Free what is in the slot, if anything; then fill it, unless size is 0. */
struct step {
	uint32_t slot;
	uint32_t size;
};

/* A heap at work, and what was seen of it. */
struct run {
	void *heap;
	handle *handles;	/* one for each slot */
	uint32_t *sizes;	/* the same; kept by tracked replays only */
	handle first;		/* lowest address of a block so far */
	handle top;		/* highest end of one */
	uint64_t live;		/* bytes asked for, now and at most */
	uint64_t live_peak;
};

enum replay_mode {
	REPLAY_UNTOUCHED,	/* timed: blocks are only taken and freed */
	REPLAY_TOUCHED,		/* timed: each block's first word is written */
	REPLAY_TRACKED,		/* both ends of each block are written, checked
				   before it is freed, and accounted for */
	REPLAY_COUNTED		/* the same without touching the blocks */
};

/* False: a call failed, or a block did not hold what was written to it. */
typedef bool replay_fn(struct run *run, const struct step *steps, size_t count,
		       enum replay_mode mode);

/* What a peer knows about itself; 0 is unknown. */
struct footprint {
	uint64_t metadata;	/* bytes beside the data */
	uint64_t mapped;	/* bytes the data lies in */
	uint64_t blocks;
	uint64_t extent;	/* bytes from the system, where the addresses
				   of blocks do not tell */
};

struct peer {
	const char *key;	/* as on the command line and in the JSON */
	const char *name;	/* as in the tables */
	uint64_t most_blocks;	/* more would take too long; 0: any number */
	const void *setting;	/* the peer's own */
	/* A new heap for about `bytes` of live data, or NULL. It is never
	   closed: each measurement has a process of its own. */
	void *(*open)(const struct peer *peer, uint64_t bytes);
	replay_fn *replay;
	void (*look)(void *heap, struct footprint *footprint);
};

extern const struct peer peer_null;
extern const struct peer peer_libc;
extern const struct peer peer_list;
extern const struct peer peer_boost;
extern const struct peer peer_first_classic;
extern const struct peer peer_first_1m;
extern const struct peer peer_first_16;
extern const struct peer peer_good_8;
extern const struct peer peer_good_16;

/* The rows of the tables. */
extern const struct peer *const peers[];
extern const int peer_count;

/* The row of that key, or -1. */
int peer_find(const char *key);

/* The version of Boost, NULL if the bench was built without it. */
const char *boost_version(void);

/* Account for a block in a tracked replay; `memory` is NULL if untouched. */
void run_enter(struct run *run, const struct step *step, handle block,
	       void *memory);
bool run_leave(struct run *run, uint32_t slot, const void *memory);

/* Make the compiler believe that `memory` is read: no store is dropped. */
static inline void keep(const void *memory)
{
	__asm__ volatile("" : : "r"(memory) : "memory");
}

typedef handle peer_alloc_fn(void *heap, size_t size);
typedef void peer_free_fn(void *heap, handle block);
typedef void *peer_get_fn(void *heap, handle block);

static inline __attribute__((always_inline)) bool
replay_steps(struct run *run, const struct step *steps, size_t count,
	     bool touch, bool track, peer_alloc_fn *alloc,
	     peer_free_fn *release, peer_get_fn *get)
{
	for (size_t i = 0; i < count; i++) {
		const struct step *step = &steps[i];
		handle block = run->handles[step->slot];
		void *memory = NULL;

		if (block != 0) {
			if (track && touch)
				memory = get(run->heap, block);
			if (track && !run_leave(run, step->slot, memory))
				return false;
			release(run->heap, block);
		}
		block = step->size == 0 ? 0 : alloc(run->heap, step->size);
		run->handles[step->slot] = block;
		if (block == 0) {
			if (step->size != 0)
				return false;
			continue;
		}
		if (touch) {
			memory = get(run->heap, block);
			if (memory == NULL)
				return false;
			*(uint64_t *)memory = block;
			keep(memory);
		}
		if (track)
			run_enter(run, step, block, touch ? memory : NULL);
	}
	return true;
}

/* Define a replay_fn of that name over a peer's three calls. */
#define PEER_REPLAY(name, alloc, release, get)                                \
	static bool name(struct run *run, const struct step *steps,           \
			 size_t count, enum replay_mode mode)                 \
	{                                                                     \
		switch (mode) {                                               \
		case REPLAY_UNTOUCHED:                                        \
			return replay_steps(run, steps, count, false, false,  \
					    alloc, release, get);             \
		case REPLAY_TOUCHED:                                          \
			return replay_steps(run, steps, count, true, false,   \
					    alloc, release, get);             \
		case REPLAY_TRACKED:                                          \
			return replay_steps(run, steps, count, true, true,    \
					    alloc, release, get);             \
		case REPLAY_COUNTED:                                          \
			return replay_steps(run, steps, count, false, true,   \
					    alloc, release, get);             \
		}                                                             \
		return false;                                                 \
	}

#ifdef __cplusplus
}
#endif

#endif
