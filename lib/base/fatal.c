/* The end of a process whose invariants do not hold: one line, no malloc. */
#include <config.h>

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *append(char *at, const char *end, const char *text)
{
	while (*text != '\0' && at < end)
		*at++ = *text++;
	return at;
}

void mems__broken(const char *file, int line, const char *what)
{
	char text[256], digits[12];
	char *digit = digits + sizeof(digits) - 1;
	const char *end = text + sizeof(text) - 1;
	char *at = text;

	*digit = '\0';
	do {
		*--digit = (char)('0' + line % 10);
		line /= 10;
	} while (line > 0);
	at = append(at, end, "libmems: broken invariant at ");
	at = append(at, end, file);
	at = append(at, end, ":");
	at = append(at, end, digit);
	at = append(at, end, ": ");
	at = append(at, end, what);
	*at++ = '\n';
	if (write(STDERR_FILENO, text, (size_t)(at - text)) < 0) {
		/* There is nobody left to tell. */
	}
	abort();
}
