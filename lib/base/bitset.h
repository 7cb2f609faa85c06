/*
 * A set of small numbers that finds its next and previous member fast.
 *
 * Level 0 has a bit for each number; each higher level has a bit for each word
 * below it that is not 0, up to a level of one word. The words lie in memory
 * that the caller gives, zeroed, so an empty set costs nothing.
 *
 * One thread at a time may change a set; others may search it meanwhile and
 * then find every member that stays, whatever else comes and goes.
 */
#ifndef MEMS_BASE_BITSET_H
#define MEMS_BASE_BITSET_H

#include "base/bits.h"

#include <stdbool.h>

/* 64^6 numbers: more than any space has words. */
#define MEMS__BITSET_LEVELS 6
#define MEMS__BITSET_NONE UINT64_MAX

struct bitset {
	uint64_t *level[MEMS__BITSET_LEVELS];
	unsigned levels;
};

/*
 * How many words level `level` of a set of `numbers` numbers has; 0: no such
 * level. One of them is spare, so that a search may look one past the end.
 */
uint64_t mems__bitset_words(uint64_t numbers, unsigned level);

/* The first member from `from` up, or the last one down from `from`. */
uint64_t mems__bitset_next(const struct bitset *set, uint64_t from);
uint64_t mems__bitset_previous(const struct bitset *set, uint64_t from);

static inline bool mems__bitset_has(const struct bitset *set, uint64_t number)
{
	return mems__load(&set->level[0][number >> 6]) >> (number & 63) & 1;
}

static inline void mems__bitset_add(struct bitset *set, uint64_t number)
{
	for (unsigned i = 0; i < set->levels; i++) {
		uint64_t *word = &set->level[i][number >> 6];
		uint64_t old = mems__load(word);

		mems__store(word, old | (uint64_t)1 << (number & 63));
		if (old != 0)
			break;
		number >>= 6;
	}
}

static inline void mems__bitset_remove(struct bitset *set, uint64_t number)
{
	for (unsigned i = 0; i < set->levels; i++) {
		uint64_t *word = &set->level[i][number >> 6];
		uint64_t left = mems__load(word) &
				~((uint64_t)1 << (number & 63));

		mems__store(word, left);
		if (left != 0)
			break;
		number >>= 6;
	}
}

#endif
