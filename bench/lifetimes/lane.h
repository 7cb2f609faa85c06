/*
 * A lane: one piece of work on one kind of memory, in a process of its own,
 * which prints what it took. `ours` has those that call libmems; `theirs`,
 * linked with libc only, those that call malloc and those that call nothing.
 */
#ifndef BENCH_LIFETIMES_LANE_H
#define BENCH_LIFETIMES_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum place {
	PLACE_HEAP, PLACE_SPACE,	/* ours */
	PLACE_FLOOR, PLACE_MALLOC	/* theirs; floor: nothing allocates */
};

struct lane {
	enum place place;
	uint64_t number;	/* from the table of lanes: a size, a count */
	double scale;		/* how much of the work to do */
	uint64_t seed;
};

/* Carry it out, and tell what was found. */
typedef void lane_fn(const struct lane *lane);

struct lane_entry {
	const char *name;
	lane_fn *run;
	uint64_t number;
};

int lane_main(int argc, char **argv, const struct lane_entry *entries,
	      size_t count);

/* Print a figure. After the work: stdio allocates. */
void tell(const char *name, double value);

/* What a share of `count` the scale leaves, at least 1. */
uint64_t lane_scaled(const struct lane *lane, uint64_t count);

/*
 * Do the work in 15 parts and tell "ns", what one of `count` takes: the lower
 * quartile of the parts.
 */
typedef void part_fn(void *state, uint64_t count);
void lane_time(part_fn *work, void *state, uint64_t count);

/* ours.c: the space of this process, NULL in a heap. */
struct mems_space;
struct mems_space *lane_space(const struct lane *lane);

/* bump.c */
lane_fn run_bump_inline, run_bump_call;
/* bare.c */
lane_fn run_bare;
/* ends.c */
lane_fn run_create, run_reset, run_reset_whole;
/* slots.c */
lane_fn run_slots;
/* pairs.c */
lane_fn run_malloc_pairs;
/* traces.c */
lane_fn run_replace_64, run_pareto, run_fit, run_shift, run_shift_fit;
/* requests_*.c; the lane's number says how many */
lane_fn run_requests, run_requests_arena, run_requests_create;
lane_fn run_requests_malloc, run_requests_written;

#endif
