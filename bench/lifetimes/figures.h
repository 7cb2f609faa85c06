/*
 * What there is to measure and what was: rows of work, columns of memory.
 */
#ifndef BENCH_LIFETIMES_FIGURES_H
#define BENCH_LIFETIMES_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

#include "malloc/allocators.h"
#include "malloc/target.h"
#include "mix.h"
#include "stats.h"

enum { FLOOR, HEAP, SPACE, PEER };	/* a peer's: PEER + its allocator */
#define PEERS MEMS			/* allocators before it */
#define COLUMNS (PEER + PEERS)

/* The columns of a row, as bits. */
#define F (1u << FLOOR)
#define H (1u << HEAP)
#define S (1u << SPACE)
#define G (1u << (PEER + GLIBC))
#define P (((1u << PEERS) - 1) << PEER)

struct row {
	const char *key;	/* of the lanes, as the programs know them */
	const char *name;
	unsigned columns;
	const char *against;	/* whose peers it is held against; NULL: its */
	bool slow;		/* not with --quick */
	bool chosen;
};

extern struct row rows[];
extern const int row_count;

#define ROWS_MAX 32

struct cell {
	struct sample ns;
	struct sample span;		/* highest end / live bytes */
	struct sample shift[SHIFT_STEPS];
	struct sample peak, final;	/* KiB resident */
	int failures;
};

struct figures {
	int rounds;
	double scale;
	uint64_t seed;
	struct cell cells[ROWS_MAX][COLUMNS];
	uint64_t checks[ROWS_MAX][SAMPLE_MAX];	/* of rounds; 0: not known */
	bool failed;
};

extern struct figures figures;

/* The row of that key, or -1. */
int row_find(const char *key);

bool column_chosen(int column);
const char *column_name(int column);

/* Each row in each of its columns, another one first in each round. */
void measure_rounds(void);

/* Which sample of a cell. */
typedef const struct sample *pick_fn(const struct cell *cell);
const struct sample *pick_ns(const struct cell *cell);
const struct sample *pick_span(const struct cell *cell);
const struct sample *pick_peak(const struct cell *cell);
const struct sample *pick_final(const struct cell *cell);

/* The median there; 0 if it was not measured. */
double median_of(const char *key, int column, pick_fn *pick);

/* The fastest peer of a row, as a column; -1 if none was measured. */
int best_peer(const char *key);

/* Nanoseconds of one request above those of a row that is the floor. */
double net_of(const char *key, int column, const char *floor);

void tables_print(void);
bool json_write(const char *path);

/* Hold what was measured against what the project wants. */
void targets_judge(struct targets *targets);

#endif
