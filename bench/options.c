#include "options.h"

#include <stdlib.h>

void wrong(const char *what, const char *value)
{
	fprintf(stderr, "%s: %s: %s\n", bench_name, what, value);
	print_usage(stderr);
	exit(2);
}

uint64_t number(const char *what, const char *text, double most)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end != '\0' || !(value >= 1 && value <= most))
		wrong(what, text);
	return (uint64_t)value;
}
