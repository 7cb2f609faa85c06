/*
 * The linked-list MeMS as a peer.
 */
#include "peer.h"

#include "list_mems.h"

static void *open_list(const struct peer *peer, uint64_t bytes)
{
	(void)peer;
	(void)bytes;
	return list_mems_create();
}

static inline handle list_alloc(void *heap, size_t size)
{
	return list_mems_alloc(heap, size);
}

static inline void list_free(void *heap, handle block)
{
	list_mems_free(heap, block);
}

static inline void *list_get(void *heap, handle block)
{
	return list_mems_get(heap, block);
}

PEER_REPLAY(replay_list, list_alloc, list_free, list_get)

static void look_list(void *heap, struct footprint *footprint)
{
	list_mems_count(heap, &footprint->metadata, &footprint->mapped,
			&footprint->blocks);
}

const struct peer peer_list = {
	"list", "linked-list MeMS", 10000, NULL, open_list, replay_list,
	look_list
};
