/*
 * What the fuzz targets share. A target is one function that is handed bytes,
 * decodes them into calls, and ends the process when an answer is wrong. Who
 * calls it: libFuzzer, afl.c, or replay.c with the stored corpus.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/pages.h"

/* Where the corpus of the target lies: corpus/NAME. */
extern const char fuzz_name[];
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition)                                                       \
	((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))

static inline void fuzz_fail(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
	abort();
}

/* What is left of the bytes; behind their end all are 0. */
struct input {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t take_byte(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

/* The lowest byte first, on every machine. */
static inline uint64_t take_number(struct input *in, unsigned bytes)
{
	uint64_t number = 0;

	for (unsigned i = 0; i < bytes; i++)
		number |= (uint64_t)take_byte(in) << 8 * i;
	return number;
}

/* Mostly in one byte: 0 to 31, then 16 to each doubling, up to 507904. */
static inline size_t take_size(struct input *in)
{
	unsigned byte = take_byte(in), low = byte & 15, high = byte >> 4;

	if (byte == 255)
		return (size_t)take_number(in, 2);
	return high == 0 ? low : (size_t)(16 | low) << (high - 1);
}

/* More than there can be of any memory. */
static inline size_t take_huge(struct input *in)
{
	uint8_t byte = take_byte(in);

	return (SIZE_MAX >> (byte & 1)) - (byte >> 1);
}

/* The ends of a block hold its tag; to write all of it would take long. */
#define FUZZ_EDGE 64

static inline void fuzz_fill(void *memory, size_t size, uint64_t tag)
{
	size_t edge = size < FUZZ_EDGE ? size : FUZZ_EDGE;

	memset(memory, (int)(tag & 255), edge);
	memset((char *)memory + size - edge, (int)(tag & 255), edge);
}

static inline bool fuzz_is_full_of(const void *memory, size_t size, int byte)
{
	const unsigned char *bytes = memory;

	return size == 0 || (bytes[0] == byte &&
			     memcmp(bytes, bytes + 1, size - 1) == 0);
}

static inline bool fuzz_holds(const void *memory, size_t size, uint64_t tag)
{
	size_t edge = size < FUZZ_EDGE ? size : FUZZ_EDGE;

	return fuzz_is_full_of(memory, edge, (int)(tag & 255)) &&
	       fuzz_is_full_of((const char *)memory + size - edge, edge,
			       (int)(tag & 255));
}

/*
 * Memory for spaces, all 0, between pages that nobody may touch. Behind it are
 * as many as a unit of <mems/layout.h> can reach, where that can be.
 */
#define FUZZ_REGION ((size_t)1 << 18)

static inline void *fuzz_region(void)
{
	static char *region;
	size_t behind = sizeof(size_t) > 4 ? (size_t)((uint64_t)72 << 30) :
		(size_t)1 << 22;
	uintptr_t pages, mask = FUZZ_REGION - 1;

	if (region != NULL)
		return memset(region, 0, FUZZ_REGION);
	pages = (uintptr_t)mems__pages_reserve(2 * FUZZ_REGION + behind);
	if (pages == 0)
		pages = (uintptr_t)mems__pages_reserve(4 * FUZZ_REGION);
	region = (char *)((pages + FUZZ_REGION) & ~mask);
	must(pages != 0 && mems__pages_commit(region, FUZZ_REGION));
	return region;
}

/* A mems_write_fn that takes all text. */
static inline int fuzz_swallow(void *arg, const char *text, size_t length)
{
	(void)arg;
	(void)text;
	(void)length;
	return 0;
}

#endif
