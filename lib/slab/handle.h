/* What users hold of a store: a cache or a depot, as one thread sees it. */
#ifndef MEMS_SLAB_HANDLE_H
#define MEMS_SLAB_HANDLE_H

#include "slab/store.h"

#include <errno.h>

/* The owner behind a pointer, or NULL with errno EINVAL. */
static inline struct owner *mems__handle_of(const void *pointer,
					    enum owner_kind kind)
{
	struct owner *owner = (struct owner *)(uintptr_t)pointer;

	if (__builtin_expect(owner != NULL && owner->kind == kind, 1))
		return owner;
	errno = EINVAL;
	return NULL;
}

/* A handle for this thread to a store that was held for it, or dropped again,
   with errno. NULL stays NULL. */
struct owner *mems__handle_make(struct store *store, enum owner_kind kind);
/* End it; with the last one, or if `all`, also the store. */
int mems__handle_end(const void *pointer, enum owner_kind kind, bool all);

/* What both faces have. */
struct owner *mems__handle_share(const void *pointer, enum owner_kind kind);
struct owner *mems__handle_attach(mems_space *space, mems_va va,
				   enum owner_kind kind);
int mems__handle_adopt(const void *pointer, enum owner_kind kind);
int mems__handle_shrink(const void *pointer, enum owner_kind kind,
			uint64_t *returned);
int mems__handle_walk(const void *pointer, enum owner_kind kind,
		      mems_slab_walk_fn *callback, void *arg);
int mems__handle_verify(const void *pointer, enum owner_kind kind,
			char *report, size_t length);
mems_va mems__handle_address(const void *pointer, enum owner_kind kind);
mems_va mems__handle_magazine(const void *pointer, enum owner_kind kind);

#endif
