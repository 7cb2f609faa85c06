/*
 * What the benches have in common where they read their options.
 */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdint.h>
#include <stdio.h>

/* Each bench says what it is called and how it is used. */
extern const char bench_name[];
void print_usage(FILE *file);

/* Say what is wrong with an option, and end with 2. */
_Noreturn void wrong(const char *what, const char *value);

/* A number from 1 to `most`; else `what` is wrong. */
uint64_t number(const char *what, const char *text, double most);

#endif
