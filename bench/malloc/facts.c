#include "facts.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#if defined __GLIBC__
#include <gnu/libc-version.h>
#endif

#include "allocators.h"

/* The value after `key` in a file, up to the end of the line. */
static void find_line(const char *path, const char *key, char *to, size_t size)
{
	FILE *file = fopen(path, "r");
	char line[512];

	snprintf(to, size, "unknown");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		char *value = line;

		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		if (key[0] != '\0')
			value += strcspn(value, ":");
		value += strspn(value, ": \t");
		value[strcspn(value, "\n")] = '\0';
		snprintf(to, size, "%s", value);
		break;
	}
	if (file != NULL)
		fclose(file);
}

static void name_columns(char *to, size_t size)
{
	to[0] = '\0';
	for (int i = 0; i < ALLOCATORS; i++) {
		const char *file = strrchr(allocators[i].path, '/');
		size_t length = strlen(to);

		if (!allocators[i].chosen)
			continue;
		snprintf(to + length, size - length, "%s%s%s%s",
			 length > 0 ? ", " : "", allocators[i].key,
			 file != NULL ? " " : "", file != NULL ? file + 1 : "");
	}
}

const struct fact *facts(void)
{
	static struct fact facts[] = {
		{ .name = "processor" }, { .name = "processors" },
		{ .name = "memory" }, { .name = "system" }, { .name = "page" },
		{ .name = "huge_pages" }, { .name = "libc" },
		{ .name = "load" },
		{ .name = "allocators" }, { .name = NULL },
	};
	struct utsname system = { 0 };
	struct fact *fact = facts;
	const size_t size = sizeof(fact->value);

	uname(&system);
	find_line("/proc/cpuinfo", "model name", fact++->value, size);
	snprintf(fact++->value, size, "%ld", sysconf(_SC_NPROCESSORS_ONLN));
	find_line("/proc/meminfo", "MemTotal", fact++->value, size);
	snprintf(fact++->value, size, "%s %.99s %s", system.sysname,
		 system.release, system.machine);
	snprintf(fact++->value, size, "%ld", sysconf(_SC_PAGESIZE));
	find_line("/sys/kernel/mm/transparent_hugepage/enabled", "",
		  fact++->value, size);
#if defined __GLIBC__
	snprintf(fact++->value, size, "glibc %s", gnu_get_libc_version());
#else
	snprintf(fact++->value, size, "not glibc");
#endif
	find_line("/proc/loadavg", "", fact++->value, size);
	name_columns(fact++->value, size);
	return facts;
}
