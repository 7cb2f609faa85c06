/*
 * The malloc of the C library, as a program finds it.
 */
#include "peer.h"

#include <malloc.h>
#include <stdlib.h>

#if defined __GLIBC__
#define HAVE_MALLINFO2 __GLIBC_PREREQ(2, 33)
#else
#define HAVE_MALLINFO2 0
#endif

static void *open_libc(const struct peer *peer, uint64_t bytes)
{
	static char heap;

	(void)peer;
	(void)bytes;
	return &heap;
}

static inline handle libc_alloc(void *heap, size_t size)
{
	(void)heap;
	return (handle)(uintptr_t)malloc(size);
}

static inline void libc_free(void *heap, handle block)
{
	(void)heap;
	free((void *)(uintptr_t)block);
}

static inline void *libc_get(void *heap, handle block)
{
	(void)heap;
	return (void *)(uintptr_t)block;
}

PEER_REPLAY(replay_libc, libc_alloc, libc_free, libc_get)

/*
 * Its blocks lie in several mappings, so their addresses tell no span; glibc
 * says how much it has from the system.
 */
#if HAVE_MALLINFO2
static void look_libc(void *heap, struct footprint *footprint)
{
	struct mallinfo2 info = mallinfo2();

	(void)heap;
	footprint->extent = info.arena + info.hblkhd;
}
#else
#define look_libc NULL
#endif

const struct peer peer_libc = {
	"libc", "libc malloc", 0, NULL, open_libc, replay_libc, look_libc
};
