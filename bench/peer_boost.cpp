/*
 * Boost.Interprocess: its best-fit red-black tree over a plain buffer, without
 * a mutex. Blocks are handed about as raw pointers, the fastest way it has.
 */
#include "peer.h"

#include <sys/mman.h>

#include <new>

#include <boost/interprocess/indexes/iset_index.hpp>
#include <boost/interprocess/managed_external_buffer.hpp>
#include <boost/interprocess/mem_algo/rbtree_best_fit.hpp>
#include <boost/interprocess/sync/mutex_family.hpp>
#include <boost/version.hpp>

namespace {

namespace bi = boost::interprocess;

typedef bi::basic_managed_external_buffer<
	char, bi::rbtree_best_fit<bi::null_mutex_family>, bi::iset_index>
	buffer;

void *open_boost(const struct peer *, uint64_t bytes)
{
	/* More than it can need; pages it does not touch cost nothing. */
	size_t size = (size_t)(bytes * 2 + (256 << 20));
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	return new buffer(bi::create_only, memory, size);
}

inline handle boost_alloc(void *heap, size_t size)
{
	buffer *b = static_cast<buffer *>(heap);

	return (handle)(uintptr_t)b->allocate(size, std::nothrow);
}

inline void boost_free(void *heap, handle block)
{
	static_cast<buffer *>(heap)->deallocate((void *)(uintptr_t)block);
}

inline void *boost_get(void *, handle block)
{
	return (void *)(uintptr_t)block;
}

PEER_REPLAY(replay_boost, boost_alloc, boost_free, boost_get)

}

const char *boost_version(void)
{
	return BOOST_LIB_VERSION;
}

extern "C" const struct peer peer_boost = {
	"boost", "Boost.Interprocess", 0, NULL, open_boost, replay_boost, NULL
};
