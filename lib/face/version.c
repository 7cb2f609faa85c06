/*
 * The version of the library that runs.
 */
#include <config.h>

#include <mems/base.h>

const char *mems_version(void)
{
	return MEMS_VERSION;
}
