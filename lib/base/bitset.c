/* Searching a set: up until a word has a member, then down to it. */
#include <config.h>

#include "base/bitset.h"

uint64_t mems__bitset_words(uint64_t numbers, unsigned level)
{
	uint64_t words = (numbers + 63) / 64;

	for (; level > 0; level--) {
		if (words <= 1)
			return 0;
		words = (words + 63) / 64;
	}
	return words + 1;
}

uint64_t mems__bitset_next(const struct bitset *set, uint64_t from)
{
	for (unsigned i = 0; i < set->levels; i++) {
		uint64_t word = mems__load(&set->level[i][from >> 6]);

		word &= ~(uint64_t)0 << (from & 63);
		if (word != 0) {
			from = (from & ~(uint64_t)63) | mems__low_bit(word);
			while (i-- > 0) {
				word = mems__load(&set->level[i][from]);
				if (word == 0)	/* gone since we looked above */
					return MEMS__BITSET_NONE;
				from = from << 6 | mems__low_bit(word);
			}
			return from;
		}
		from = (from >> 6) + 1;
	}
	return MEMS__BITSET_NONE;
}

uint64_t mems__bitset_previous(const struct bitset *set, uint64_t from)
{
	for (unsigned i = 0; i < set->levels; i++) {
		uint64_t word = mems__load(&set->level[i][from >> 6]);

		word &= ~(uint64_t)0 >> (63 - (from & 63));
		if (word != 0) {
			from = (from & ~(uint64_t)63) | mems__high_bit(word);
			while (i-- > 0) {
				word = mems__load(&set->level[i][from]);
				if (word == 0)
					return MEMS__BITSET_NONE;
				from = from << 6 | mems__high_bit(word);
			}
			return from;
		}
		from >>= 6;
		if (from == 0)
			break;
		from--;
	}
	return MEMS__BITSET_NONE;
}
