/* Objects of one size from pages of the system. */
#include <config.h>

#include "os/pool.h"

#include "base/align.h"
#include "os/pages.h"

/* Pages taken at a time: enough for some dozens of spaces. */
#define STEP 65536

static void **link_of(const struct pool *pool, void *object)
{
	return (void **)(void *)((char *)object + pool->link);
}

void *mems__pool_take(struct pool *pool)
{
	void *object = pool->free;

	if (object != NULL) {
		pool->free = *link_of(pool, object);
		return object;
	}
	if ((size_t)(pool->end - pool->fresh) < pool->size) {
		size_t size = (size_t)mems__round_up(STEP, mems__page_size());
		char *pages = mems__pages_reserve(size);

		if (pages == NULL)
			return NULL;
		if (!mems__pages_commit(pages, size)) {
			mems__pages_release(pages, size);
			return NULL;
		}
		pool->fresh = pages;
		pool->end = pages + size;
	}
	object = pool->fresh;
	pool->fresh += pool->size;
	return object;
}

void mems__pool_give(struct pool *pool, void *object)
{
	*link_of(pool, object) = pool->free;
	pool->free = object;
}
