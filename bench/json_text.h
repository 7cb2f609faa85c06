/*
 * The pieces of which all JSON files of the benches are written.
 */
#ifndef BENCH_JSON_TEXT_H
#define BENCH_JSON_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "stats.h"

void json_string(FILE *file, const char *text);

/* Nothing before the first member, a comma before each other. */
const char *json_comma(bool *first);

/* All values of a sample as one more member; nothing if there are none. */
void json_values(FILE *file, const char *name, const struct sample *sample);

#endif
