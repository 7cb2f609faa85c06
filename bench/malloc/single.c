/*
 * `load pair`: a loop to count instructions of, and `load which`: where malloc
 * comes from.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "block.h"
#include "loads.h"

/* As little around the two calls as there can be. */
int pair_main(uint64_t size, uint64_t count)
{
	for (; count > 0; count--) {
		char *memory = malloc(size);

		keep(memory);
		free(memory);
	}
	return 0;
}

/* &malloc could be an address in this program; what the linker finds is not. */
int which_main(void)
{
	void *found = dlsym(RTLD_DEFAULT, "malloc");
	Dl_info info;

	if (found == NULL || dladdr(found, &info) == 0 ||
	    info.dli_fname == NULL)
		return 1;
	printf("%s\n", info.dli_fname);
	return 0;
}
