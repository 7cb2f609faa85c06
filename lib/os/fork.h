/* What is to happen around a fork of this process. */
#ifndef MEMS_OS_FORK_H
#define MEMS_OS_FORK_H

#include <stdbool.h>

/*
 * Have these called before a fork, and after it in the parent and in the
 * child. They stay for the life of the process. False: no memory for it.
 *
 * Some C libraries allocate for it, and malloc may be this library's: no lock
 * that malloc takes may be held.
 */
bool mems__fork_hooks(void (*before)(void), void (*in_parent)(void),
		      void (*in_child)(void));

/* In a child: did this memory come along? Its owner may have had it left out,
   as with MADV_DONTFORK. */
bool mems__fork_brought(const void *memory);

#endif
