/*
 * What the figures were measured on and with.
 */
#include "results.h"

#include <mems.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#if defined __GLIBC__
#include <gnu/libc-version.h>
#endif

#include "resident.h"

static void find_processor(char *to, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "r");
	char line[256], *value;

	snprintf(to, size, "unknown");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, "model name", 10) != 0 ||
		    (value = strchr(line, ':')) == NULL)
			continue;
		value += strspn(value, ": \t");
		value[strcspn(value, "\n")] = '\0';
		snprintf(to, size, "%s", value);
		break;
	}
	if (file != NULL)
		fclose(file);
}

static const char *libc_version(void)
{
#if defined __GLIBC__
	return gnu_get_libc_version();
#else
	return "not glibc";
#endif
}

const struct fact *machine_facts(void)
{
	static struct fact facts[] = {
		{ .name = "processor" }, { .name = "processors" },
		{ .name = "system" }, { .name = "page" },
		{ .name = "huge_pages" }, { .name = "compiler" },
		{ .name = "libc" }, { .name = "boost" },
		{ .name = "libmems" }, { .name = NULL },
	};
	struct utsname system = { 0 };
	struct fact *fact = facts;
	const size_t size = sizeof(fact->value);

	uname(&system);
	find_processor(fact++->value, size);
	snprintf(fact++->value, size, "%ld", sysconf(_SC_NPROCESSORS_ONLN));
	snprintf(fact++->value, size, "%s %s %s", system.sysname,
		 system.release, system.machine);
	snprintf(fact++->value, size, "%ld", sysconf(_SC_PAGESIZE));
	snprintf(fact++->value, size, "%s", huge_pages());
	snprintf(fact++->value, size, "%s", __VERSION__);
	snprintf(fact++->value, size, "%s", libc_version());
	snprintf(fact++->value, size, "%s", boost_version() != NULL ?
		 boost_version() : "none, so it has no row");
	snprintf(fact++->value, size, "%s", mems_version());
	return facts;
}
