/*
 * Following blocks from their allocation to their end, for those who ask:
 * leaks and samples of a whole process. While that goes on no block is taken or
 * given on the fast path, which therefore need not ask.
 */
#ifndef MEMS_HEAP_TRACE_H
#define MEMS_HEAP_TRACE_H

#include "heap/book.h"

#include <stdbool.h>
#include <stddef.h>

/* Set once, early in the process. */
extern bool mems__tracing;

/* From now on, about one in `period` bytes is told of; 1: each block. */
void mems__trace_start(size_t period);

void mems__trace_alloc(const void *block, size_t size);
void mems__trace_free(const void *block);
void mems__trace_resize(const void *block, size_t size);

/* What it has found; the period is 0 before it began. */
extern struct book mems__trace_book;
extern size_t mems__trace_period;

#endif
