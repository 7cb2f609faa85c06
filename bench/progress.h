/*
 * What a bench is at, on stderr, if that is a terminal; no text clears it.
 */
#ifndef BENCH_PROGRESS_H
#define BENCH_PROGRESS_H

void progress(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#endif
