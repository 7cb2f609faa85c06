/* Is a space what the model says it is? */
#ifndef TEST_COMPARE_H
#define TEST_COMPARE_H

#include <mems.h>

#include "property/model.h"

/*
 * Each returns NULL, or a line that says where space and model differ (valid
 * until the next call). compare_all() does the other three, and asks the space
 * to verify itself.
 */
const char *compare_chains(mems_space *space, const struct model *model);
const char *compare_print(mems_space *space, const struct model *model);
const char *compare_stats(mems_space *space, const struct model *model);
const char *compare_all(mems_space *space, const struct model *model);

#endif
