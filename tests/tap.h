/*
 * All that a test in C or C++ needs: checks that print TAP, the Test Anything
 * Protocol, which Automake's driver reads.
 *
 *	ok(list_is_empty(&list), "a new list is empty");
 *	is(list_length(&list), 0, "and has length 0");
 *	return done_testing();
 *
 * The name of a check says what holds; it is a format, for names in loops. A
 * check evaluates its arguments once and gives 1 if it passed, else 0. One
 * thread at a time may check. Each line is flushed, so that nothing is lost in
 * a crash or printed twice after a fork.
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ok(condition, ...) \
	tap_ok(!!(condition), __FILE__, __LINE__, __VA_ARGS__)

/* Are two integers equal? */
#define is(got, want, ...) \
	tap_is((long long)(got), (long long)(want), __FILE__, __LINE__, \
	       __VA_ARGS__)

/* Are two strings equal? NULL equals NULL only. */
#define is_str(got, want, ...) \
	tap_is_str(got, want, __FILE__, __LINE__, __VA_ARGS__)

/* MinGW has two kinds of printf. */
#ifdef __MINGW_PRINTF_FORMAT
#define TAP_PRINTF(format, first) \
	__attribute__((__format__(__MINGW_PRINTF_FORMAT, format, first)))
#else
#define TAP_PRINTF(format, first) \
	__attribute__((__format__(__printf__, format, first)))
#endif

static int tap_checks, tap_failures;

TAP_PRINTF(2, 0)
static inline void tap_print(const char *prefix, const char *format,
			     va_list args)
{
	fputs(prefix, stdout);
	vprintf(format, args);
	putchar('\n');
	fflush(stdout);
}

/* Say something to whoever reads the log. */
TAP_PRINTF(1, 2)
static inline void diag(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tap_print("# ", format, args);
	va_end(args);
}

TAP_PRINTF(4, 0)
static inline int tap_check(int passed, const char *file, int line,
			    const char *format, va_list args)
{
	printf("%s %d", passed ? "ok" : "not ok", ++tap_checks);
	tap_print(" - ", format, args);
	if (!passed) {
		tap_failures++;
		diag("at %s:%d", file, line);
	}
	return passed;
}

TAP_PRINTF(4, 5)
static inline int tap_ok(int passed, const char *file, int line,
			 const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tap_check(passed, file, line, format, args);
	va_end(args);
	return passed;
}

TAP_PRINTF(5, 6)
static inline int tap_is(long long got, long long want, const char *file,
			 int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (!tap_check(got == want, file, line, format, args))
		diag("got %lld, want %lld", got, want);
	va_end(args);
	return got == want;
}

static inline void tap_diag_string(const char *label, const char *text)
{
	printf("# %s ", label);
	for (; text && *text; text++) {
		putchar(*text);
		if (*text == '\n')
			fputs("#      ", stdout);
	}
	puts(text ? "|" : "NULL");
}

TAP_PRINTF(5, 6)
static inline int tap_is_str(const char *got, const char *want,
			     const char *file, int line,
			     const char *format, ...)
{
	int same = got && want ? strcmp(got, want) == 0 : got == want;
	va_list args;

	va_start(args, format);
	if (!tap_check(same, file, line, format, args)) {
		tap_diag_string("got ", got);
		tap_diag_string("want", want);
	}
	va_end(args);
	return same;
}

/* Count one check as skipped, and say why. */
TAP_PRINTF(1, 2)
static inline void skip(const char *format, ...)
{
	va_list args;

	printf("ok %d", ++tap_checks);
	va_start(args, format);
	tap_print(" # SKIP ", format, args);
	va_end(args);
}

/* Print the plan. Gives the status for main() to return. */
static inline int done_testing(void)
{
	printf("1..%d\n", tap_checks);
	return tap_failures || !tap_checks ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
