/* Named roots: a small table in the region. */
#include <config.h>

#include "space/space.h"

#include <errno.h>
#include <string.h>

static struct root *table(const struct space *space)
{
	return (struct root *)(void *)((char *)space->region +
				       space->region->area[AREA_ROOTS]);
}

static bool is_name(const char *name)
{
	return name != NULL && name[0] != '\0' &&
	       memchr(name, '\0', MEMS_ROOT_NAME_MAX + 1) != NULL;
}

/* The entry of that name, "" being the first free one; or NULL. */
static struct root *lookup(const struct space *space, const char *name)
{
	struct root *roots = table(space);

	for (int i = 0; i < MEMS_ROOTS_MAX; i++) {
		if (strcmp(roots[i].name, name) == 0)
			return &roots[i];
	}
	return NULL;
}

int mems_space_root_set(mems_space *handle, const char *name, mems_va va)
{
	struct space *space = mems__space_of(handle);
	struct root *root;

	if (space == NULL || !is_name(name))
		return -EINVAL;
	mems__lock_take(&space->lock);
	root = lookup(space, name);
	if (root == NULL) {
		root = lookup(space, "");
		if (root != NULL)
			memcpy(root->name, name, strlen(name) + 1);
	}
	if (root != NULL)
		root->va = va;
	mems__lock_drop(&space->lock);
	return root != NULL ? 0 : -ENOSPC;
}

int mems_space_root_remove(mems_space *handle, const char *name)
{
	struct space *space = mems__space_of(handle);
	struct root *root;

	if (space == NULL || !is_name(name))
		return -EINVAL;
	mems__lock_take(&space->lock);
	root = lookup(space, name);
	if (root != NULL)
		memset(root, 0, sizeof(*root));
	mems__lock_drop(&space->lock);
	return root != NULL ? 0 : -ENOENT;
}

mems_va mems_space_root_get(mems_space *handle, const char *name)
{
	struct space *space = mems__space_of(handle);
	mems_va va = MEMS_VA_NONE;
	const struct root *root;

	if (space == NULL)
		return MEMS_VA_NONE;
	if (!is_name(name)) {
		errno = EINVAL;
		return MEMS_VA_NONE;
	}
	mems__lock_take(&space->lock);
	root = lookup(space, name);
	if (root != NULL)
		va = root->va;
	mems__lock_drop(&space->lock);
	if (root == NULL)
		errno = ENOENT;
	return va;
}
