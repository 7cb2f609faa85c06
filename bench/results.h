/*
 * Everything that one run of the bench has measured.
 */
#ifndef BENCH_RESULTS_H
#define BENCH_RESULTS_H

#include "footprint.h"
#include "get.h"
#include "mix.h"
#include "peer.h"
#include "stats.h"
#include "trace.h"

#define POINTS_MAX 64
#define PEERS_MAX 12
#define CLAIMS_MAX 40

/* A peer on one trace: a value for each round that did not fail. */
struct cell {
	struct sample ns;
	struct sample span;
	struct sample metadata_block;
	struct sample metadata_share;
};

/* All peers on one trace. */
struct point {
	const struct mix *mix;
	uint64_t blocks;
	bool touch;
	struct cell cells[PEERS_MAX];
};

struct results {
	uint64_t seed;
	int rounds;
	bool chosen[PEERS_MAX];
	int point_count;
	struct point points[POINTS_MAX];
	struct sample shift[PEERS_MAX][SHIFT_STEPS];
	double first_16_share;		/* metadata, first fit, granule 16 */
	struct empty_result empty;
	struct drain_result drain[DRAINS];	/* as drain_peers[] */
	struct get_result get;
	bool have_empty, have_drain[DRAINS], have_get;
};

/* The machine and the libraries, a name and a value each; NULL ends. */
struct fact {
	const char *name;
	char value[256];
};

const struct fact *machine_facts(void);

/* What the project claims, held against the results. */
struct claim {
	char text[80];
	const char *unit;
	double limit;
	bool at_least;		/* the limit is the least, not the most */
	int count;		/* 0: not measured in this run */
	struct {
		char at[12];
		double value;
	} values[8];
};

int claims_judge(const struct results *results, struct claim *claims);
bool claim_holds(const struct claim *claim);

/* "1e5" for 100000, plain digits for what is no power of ten. */
const char *short_number(uint64_t number, char text[24]);

/* The outputs. The last two return false, errno set, if the file failed. */
void report_print(const struct results *results);
bool json_write(const struct results *results, const char *path);
bool plot_write(const struct results *results, const char *path);

#endif
