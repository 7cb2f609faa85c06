/*
 * Hostile words: who shares a space writes what it likes over the words of
 * <mems/layout.h>. The calls may then be refused or give what they should not,
 * but they end, with an error that is documented, nothing outside the space is
 * touched, and the space stays sound.
 *
 * A memory checker sees no word of it: the library would be careful with what
 * the checker forbids, and here it is to be seen as it is.
 */
#ifndef FUZZ_WORDS_H
#define FUZZ_WORDS_H

#include <errno.h>

#include "fuzz/fuzz.h"
#include "unit/slab/unwatched.h"

#include <mems.h>

/* In memory with borders, or in the system's, which goes back. */
static inline mems_space *words_space(bool borrowed)
{
	struct mems_space_options options = MEMS_SPACE_OPTIONS;
	mems_space *space;

	options.maximum = FUZZ_REGION;
	if (borrowed) {
		options.maximum = 0;
		options.memory = fuzz_region();
		options.memory_size = FUZZ_REGION;
	}
	space = mems_space_create(&options);
	must(space != NULL);
	space_unwatch(space, options.memory, options.memory_size);
	return space;
}

static inline bool words_are_in(const mems_space *space, const void *memory,
				size_t size)
{
	mems_va va = mems_space_va(space, memory);

	return va != MEMS_VA_NONE &&
	       size <= space->limit - (va - MEMS_VA_FIRST);
}

/* Where a structure, or any word of the space, may be. */
static inline uint32_t *words_at(const mems_space *space, uint32_t unit)
{
	mems_va va = MEMS_VA_FIRST + ((mems_va)unit << MEMS_UNIT_SHIFT);

	return mems_space_get(space, va);
}

static inline uint32_t words_unit(const mems_space *space, const void *memory)
{
	return (uint32_t)((mems_space_va(space, memory) - MEMS_VA_FIRST) >>
			  MEMS_UNIT_SHIFT);
}

static inline uint32_t words_value(struct input *in, uint32_t old,
				   uint32_t unit)
{
	static const uint32_t known[] = {
		0, 1, 2, 3, MEMS_UNIT_NONE, UINT32_MAX - 15, 1u << 31,
		MEMS_ARENA_FRONT, MEMS_ARENA_CALLS,
		MEMS_WORDS_CHUNK, MEMS_WORDS_ARENA, MEMS_WORDS_STORE,
		MEMS_WORDS_MAGAZINE, MEMS_WORDS_SLAB, MEMS_WORDS_LARGE,
		MEMS_WORDS_ARENA + 1,
	};
	uint8_t how = take_byte(in);

	switch (how >> 4) {
	case 0: case 1:
		return known[how % 16];
	case 2: case 3: case 4:
		return unit + (how & 15);
	case 5: case 6:
		return unit - (how & 15);
	case 7: case 8:
		return old + (how & 15) + 1;
	case 9: case 10:
		return old - (how & 15) - 1;
	case 11: case 12:
		return old ^ UINT32_C(1) << (how & 31);
	case 13:
		return (uint32_t)take_number(in, 2) << 4;
	default:
		return (uint32_t)take_number(in, 4);
	}
}

/*
 * Write one word near `memory`, perhaps where `other` lies. It may be any word
 * of a block of the space: what is in no block has been given back.
 */
static inline void words_scribble(struct input *in, mems_space *space,
				  const void *memory, const void *other)
{
	mems_va va = mems_space_va(space, memory);
	uint32_t unit = words_unit(space, other), word = 0;

	va += 4 * (mems_va)take_byte(in);
	if (mems_space_read(space, va, &word, sizeof(word)) != 0)
		return;
	word = words_value(in, word, unit);
	must(mems_space_write(space, va, &word, sizeof(word)) == 0);
}

#endif
