/* The six classic calls, over one space of the whole process. */
#include <config.h>

#include "space/segment.h"

#include <mems.h>

#include <errno.h>
#include <stdio.h>

/* What MEMS_SPACE_CLASSIC says. */
#define CLASSIC_GRANULE 8

/* The heap that is not started: every call on it is EINVAL. */
static struct space none;

static struct space *heap = &none;	/* changed in one step */

static mems_space *current(void)
{
	return &__atomic_load_n(&heap, __ATOMIC_ACQUIRE)->face;
}

void mems_init(void)
{
	static const struct mems_space_options classic = MEMS_SPACE_CLASSIC;
	struct space *expected = &none, *space;

	if (current() != &none.face) {
		errno = EALREADY;
		return;
	}
	space = (struct space *)mems_space_create(&classic);
	/* Another thread may have been faster. */
	if (space != NULL &&
	    !__atomic_compare_exchange_n(&heap, &expected, space, 0,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		(void)mems_space_destroy(&space->face);
		errno = EALREADY;
	}
}

void mems_finish(void)
{
	struct space *space = __atomic_exchange_n(&heap, &none,
						  __ATOMIC_ACQ_REL);

	if (mems_space_destroy(&space->face) != 0)
		errno = EINVAL;
}

void *mems_malloc(size_t size)
{
	return (void *)(uintptr_t)mems_space_alloc(current(), size);
}

void mems_free(void *address)
{
	if (mems_space_free(current(), (uintptr_t)address) != 0)
		errno = EINVAL;
}

/* NULL and an errno, out of the way of what goes well. */
static __attribute__((noinline, cold))
void *refuse(const struct space *space)
{
	errno = space == &none ? EINVAL : EFAULT;
	return NULL;
}

/* The memory at an offset, if the block around it begins far before. */
static __attribute__((noinline))
void *get_far(const struct space *space, uint64_t offset)
{
	uint64_t at = mems__last_start(space, offset / CLASSIC_GRANULE);

	if (at == NOWHERE || !mems__is_used(space, at))
		return refuse(space);
	return space->data + offset;
}

/*
 * Old programs call this for every access, so the search for the start of the
 * block is written out for the nearest pairs; nothing is called. There always
 * is something to read before the first pair: the fixed part of the region.
 */
void *mems_get(void *address)
{
	const struct space *space = __atomic_load_n(&heap, __ATOMIC_ACQUIRE);
	uint64_t offset = (uintptr_t)address - MEMS_VA_FIRST;
	uint64_t at = offset / CLASSIC_GRANULE, starts;
	const struct pair *pair;

	if (offset >= MEMS_LOAD_WORD(space->face.limit))
		return refuse(space);
	pair = &space->pairs[at >> 6];
	starts = mems__load(&pair->start) & (((uint64_t)2 << (at & 63)) - 1);
	if (starts == 0) {
		starts = mems__load(&(--pair)->start);
		if (starts == 0) {
			starts = mems__load(&(--pair)->start);
			if (starts == 0)
				return get_far(space, offset);
		}
	}
	if ((mems__load(&pair->used) >> mems__high_bit(starts) & 1) == 0)
		return refuse(space);
	return space->data + offset;
}

static int write_stdout(void *arg, const char *text, size_t length)
{
	(void)arg;
	return fwrite(text, 1, length, stdout) == length ? 0 : -EIO;
}

void mems_print_stats(void)
{
	int result = mems_space_print(current(), write_stdout, NULL);

	if (result == -EINVAL)
		errno = EINVAL;
}
