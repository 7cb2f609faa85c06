/*
 * Bits in 64-bit words that one thread changes, under a lock, while others
 * read them without: each bit is right at any time, a word as a whole need not
 * be.
 */
#ifndef MEMS_BASE_BITS_H
#define MEMS_BASE_BITS_H

#include <stdint.h>

/* For the few functions that every allocation passes through. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

/* The number of the lowest and the highest bit that is set; word is not 0. */
static inline unsigned mems__low_bit(uint64_t word)
{
	return (unsigned)__builtin_ctzll(word);
}

static inline unsigned mems__high_bit(uint64_t word)
{
	return 63 - (unsigned)__builtin_clzll(word);
}

#if __SIZEOF_POINTER__ >= 8
static inline uint64_t mems__load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline void mems__store(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}
#else
/* Two halves: a 64-bit atomic might need a library of its own here. */
typedef uint32_t __attribute__((may_alias)) mems__half;

static inline uint64_t mems__load(const uint64_t *word)
{
	const mems__half *half = (const mems__half *)word;
	union { uint32_t half[2]; uint64_t word; } both;

	both.half[0] = __atomic_load_n(&half[0], __ATOMIC_RELAXED);
	both.half[1] = __atomic_load_n(&half[1], __ATOMIC_RELAXED);
	return both.word;
}

static inline void mems__store(uint64_t *word, uint64_t value)
{
	mems__half *half = (mems__half *)word;
	union { uint64_t word; uint32_t half[2]; } both = { value };

	__atomic_store_n(&half[0], both.half[0], __ATOMIC_RELAXED);
	__atomic_store_n(&half[1], both.half[1], __ATOMIC_RELAXED);
}
#endif

#endif
