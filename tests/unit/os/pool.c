/* Objects of one size: apart from each other, and used again. */
#include <config.h>

#include "os/pool.h"

#include "os/pages.h"
#include "tap.h"

#define OBJECTS 3000

static bool refuse(void)
{
	return false;
}

int main(void)
{
	struct pool pool = { .size = 208, .link = 64 };
	static char *objects[OBJECTS];
	int zeroed = 0, apart = 0, kept = 0;
	char *again;

	mems__pages_may = refuse;
	ok(mems__pool_take(&pool) == NULL, "without pages there is no object");
	mems__pages_may = NULL;
	for (int i = 0; i < OBJECTS; i++) {
		objects[i] = mems__pool_take(&pool);
		zeroed += objects[i][0] == 0 && objects[i][207] == 0;
		memset(objects[i], 1 + i % 100, 208);
	}
	is(zeroed, OBJECTS, "new objects are zeroed");
	for (int i = 0; i < OBJECTS; i++) {
		apart += objects[i][0] == 1 + i % 100 &&
			 objects[i][207] == 1 + i % 100;
	}
	is(apart, OBJECTS, "and do not overlap");
	mems__pool_give(&pool, objects[5]);
	mems__pool_give(&pool, objects[9]);
	for (int i = 0; i < 64; i++)
		kept += objects[5][i] == 6;
	is(kept, 64, "an object given back keeps what lies before its link");
	again = mems__pool_take(&pool);
	ok(again == objects[9], "the last one given back is taken first");
	ok(mems__pool_take(&pool) == objects[5], "then the one before");
	return done_testing();
}
