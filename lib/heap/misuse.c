/* A broken caller: one line that says what, and the end of the process. */
#include <config.h>

#include "heap/heap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void mems__misuse(const char *what, const void *block)
{
	static const char digits[] = "0123456789abcdef";
	uintptr_t address = (uintptr_t)block;
	char text[160], hex[2 * sizeof(address)];
	size_t length = 0, first = sizeof(hex);

	do
		hex[--first] = digits[address & 15];
	while ((address >>= 4) > 0);
	memcpy(text, "libmems: ", 9);
	length = 9;
	memcpy(text + length, what, strnlen(what, 100));
	length += strnlen(what, 100);
	memcpy(text + length, ": 0x", 4);
	length += 4;
	memcpy(text + length, hex + first, sizeof(hex) - first);
	length += sizeof(hex) - first;
	text[length++] = '\n';
	if (write(STDERR_FILENO, text, length) < 0) {
		/* There is nobody left to tell. */
	}
	abort();
}
