/*
 * Lanes that are traces of the space bench, by whichever peer.
 */
#ifndef BENCH_LIFETIMES_TRACES_H
#define BENCH_LIFETIMES_TRACES_H

#include "lane.h"
#include "peer.h"

extern const struct peer peer_depot;
extern const struct peer peer_slab_heap, peer_slab_space;	/* of 64 B */

/* Fill as many as the lane's number says, replace random ones; tell "ns" and
   "span". */
void trace_pareto(const struct lane *lane, const struct peer *peer);
void trace_64(const struct lane *lane, const struct peer *peer);

/* Tell "shift0" to "shift4". */
void trace_shift(const struct lane *lane, const struct peer *peer);

#endif
