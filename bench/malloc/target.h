/*
 * What the project wants, each held against one measured value.
 */
#ifndef BENCH_MALLOC_TARGET_H
#define BENCH_MALLOC_TARGET_H

#include <stdbool.h>
#include <stdio.h>

struct target {
	char text[96];
	double limit, value;
	bool at_least;
	bool known;
	char note[96];
};

#define TARGETS_MAX 40

struct targets {
	struct target list[TARGETS_MAX];
	int count;
};

struct target *target_add(struct targets *targets, double limit, bool at_least,
			  const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* 0 stands for not measured. */
void target_set(struct target *target, double value);

bool target_holds(const struct target *target);

/* Lines of a table, and a member of a JSON object. */
void targets_print(const struct targets *targets);
void targets_write(const struct targets *targets, FILE *file);

#endif
