/*
 * Text without malloc and stdio: a small buffer in front of a mems_write_fn.
 *
 * The first answer of `write` that is not 0 sticks: nothing is written after
 * it, so a caller asks for it once, at the end. It may look at `error` earlier
 * to leave a long loop.
 */
#ifndef MEMS_BASE_TEXT_H
#define MEMS_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include <mems/base.h>

struct text {
	mems_write_fn *write;
	void *arg;
	int error;		/* 0, or the first other answer */
	size_t length;		/* bytes waiting in the buffer */
	char buffer[4096];
};

void mems__text_begin(struct text *text, mems_write_fn *write, void *arg);

/* Write what waits. Returns 0 or the error that stuck. */
int mems__text_end(struct text *text);

/* Make `error` the one that sticks, unless it is 0 or there is one. */
void mems__text_fail(struct text *text, int error);

void mems__text_bytes(struct text *text, const char *bytes, size_t length);
void mems__text_string(struct text *text, const char *string);
void mems__text_decimal(struct text *text, uint64_t number);

/* Put one line into a caller's buffer of `length` bytes, as much as fits. */
void mems__text_report(char *report, size_t length, const char *line);

/* In base 16, with 0x. */
void mems__text_hex(struct text *text, uint64_t number);

/* A count of tenths as a decimal fraction, the shortest way: 12.3, 12, 0.3 */
void mems__text_tenths(struct text *text, uint64_t tenths);

/*
 * The template with each $ replaced by the next number, and each ~ by the next
 * number taken as tenths. An array keeps the types right where a list of
 * variable arguments could not:
 *
 *   mems__text_fill(text, "[$:$]", (uint64_t[]){ first, last });
 */
void mems__text_fill(struct text *text, const char *template,
		     const uint64_t *numbers);

#endif
