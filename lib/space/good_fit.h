/* What the region must know of good fit's index: how large its parts are. */
#ifndef MEMS_SPACE_GOOD_FIT_H
#define MEMS_SPACE_GOOD_FIT_H

#include <stddef.h>
#include <stdint.h>

/*
 * A block of hints: a cache line of words, the first of which names the block
 * below.
 */
#define HINT_BLOCK 16

/* So many blocks there are at least. */
#define HINT_BLOCKS_LEAST 32

struct index;

size_t mems__index_size(void);

/* Make an index of no holes, from zeros. */
void mems__index_start(struct index *index);

/* Bytes of blocks that were written to. */
uint64_t mems__index_extent(const struct index *index);

/*
 * The bytes from `keep` to `end` hold no blocks now; forget that they did.
 */
void mems__index_trim(struct index *index, uint64_t page, uint64_t *keep,
		      uint64_t *end);

#endif
