/*
 * Looking at blocks without the lock. The bits of a live block stay as they
 * are, whatever happens around it, so for who owns one the answers are right.
 */
#include <config.h>

#include "os/watch.h"
#include "space/segment.h"

#include <errno.h>
#include <string.h>

/* Is the address in a live block? */
static bool is_live(const struct space *space, mems_va va)
{
	uint64_t offset = va - MEMS_VA_FIRST, at;

	if (offset >= MEMS_LOAD_WORD(space->face.limit))
		return false;
	at = mems__last_start(space, offset >> space->shift);
	return at != NOWHERE && mems__is_used(space, at);
}

/* The memory of `length` bytes at `va`, all in one live block; or NULL. */
static unsigned char *live_bytes(const struct space *space, mems_va va,
				 size_t length)
{
	uint64_t offset = va - MEMS_VA_FIRST, end;

	if (!is_live(space, va))
		return NULL;
	end = mems__next_start(space, offset >> space->shift);
	if (end == NOWHERE || length > (end << space->shift) - offset)
		return NULL;
	return space->data + offset;
}

mems_va mems_space_va(const mems_space *handle, const void *memory)
{
	const struct space *space = mems__space_of(handle);
	uintptr_t offset;

	if (space == NULL)
		return MEMS_VA_NONE;
	offset = (uintptr_t)memory - (uintptr_t)space->data;
	if (offset >= MEMS_LOAD_WORD(space->face.limit)) {
		errno = EFAULT;
		return MEMS_VA_NONE;
	}
	return MEMS_VA_FIRST + offset;
}

int mems_space_read(const mems_space *handle, mems_va va, void *to,
		    size_t length)
{
	const struct space *space = mems__space_of(handle);
	const unsigned char *bytes;

	if (space == NULL || (to == NULL && length > 0))
		return -EINVAL;
	bytes = live_bytes(space, va, length);
	if (bytes == NULL)
		return -EFAULT;
	if (length > 0)
		memcpy(to, bytes, length);
	return 0;
}

bool mems__space_peek(const mems_space *handle, mems_va va, uint32_t *word)
{
	const struct space *space = mems__space_of(handle);
	const unsigned char *bytes;

	if (space == NULL)
		return false;
	bytes = live_bytes(space, va, sizeof(*word));
	if (bytes == NULL ||
	    (mems__watched() && !mems__watch_holds(bytes, sizeof(*word))))
		return false;
	memcpy(word, bytes, sizeof(*word));
	return true;
}

int mems_space_write(mems_space *handle, mems_va va, const void *from,
		     size_t length)
{
	const struct space *space = mems__space_of(handle);
	unsigned char *bytes;

	if (space == NULL || (from == NULL && length > 0))
		return -EINVAL;
	bytes = live_bytes(space, va, length);
	if (bytes == NULL)
		return -EFAULT;
	if (length > 0)
		memcpy(bytes, from, length);
	return 0;
}

int mems_space_fill(mems_space *handle, mems_va va, int byte, size_t length)
{
	const struct space *space = mems__space_of(handle);
	unsigned char *bytes;

	if (space == NULL)
		return -EINVAL;
	bytes = live_bytes(space, va, length);
	if (bytes == NULL)
		return -EFAULT;
	memset(bytes, byte, length);
	return 0;
}

int mems_space_copy(mems_space *handle, mems_va to, mems_va from,
		    size_t length)
{
	const struct space *space = mems__space_of(handle);
	unsigned char *target, *source;

	if (space == NULL)
		return -EINVAL;
	target = live_bytes(space, to, length);
	source = live_bytes(space, from, length);
	if (target == NULL || source == NULL)
		return -EFAULT;
	memmove(target, source, length);
	return 0;
}

size_t mems_space_usable_size(const mems_space *handle, mems_va va)
{
	const struct space *space = mems__space_of(handle);
	uint64_t at, end;

	if (space == NULL)
		return 0;
	at = mems__block_at(space, va);
	end = at == NOWHERE ? NOWHERE : mems__next_start(space, at);
	if (end == NOWHERE) {
		errno = EINVAL;
		return 0;
	}
	return (size_t)((end - at) << space->shift);
}

int mems_space_contains(const mems_space *handle, mems_va va)
{
	const struct space *space = mems__space_of(handle);

	if (space == NULL)
		return -EINVAL;
	return is_live(space, va);
}
