/*
 * What the figures were measured on and with.
 */
#ifndef BENCH_MALLOC_FACTS_H
#define BENCH_MALLOC_FACTS_H

struct fact {
	const char *name;
	char value[200];
};

/* Ends with a fact without a name. */
const struct fact *facts(void);

#endif
