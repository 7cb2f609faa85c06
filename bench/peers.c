/*
 * The rows of the tables, in their order.
 */
#include "peer.h"

#include <string.h>

const struct peer *const peers[] = {
	&peer_good_8,
	&peer_good_16,
	&peer_first_classic,
	&peer_first_1m,
#if BENCH_BOOST
	&peer_boost,
#endif
	&peer_libc,
	&peer_list,
	&peer_null,
};

const int peer_count = sizeof(peers) / sizeof(peers[0]);

#if !BENCH_BOOST
/* In no row; for those who compare with it. */
const struct peer peer_boost = { .key = "boost", .name = "Boost.Interprocess" };

const char *boost_version(void)
{
	return NULL;
}
#endif

int peer_find(const char *key)
{
	for (int i = 0; i < peer_count; i++)
		if (strcmp(peers[i]->key, key) == 0)
			return i;
	return -1;
}
