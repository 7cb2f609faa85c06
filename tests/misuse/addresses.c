/*
 * Random addresses and lengths to every call that takes them. Some are right
 * by chance: the test knows the live blocks, and each answer must be the one
 * that follows from them.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>

#include "api/space.h"
#include "random.h"
#include "tap.h"

#define BLOCKS 64

static mems_space *space;
static struct rng rng;

static struct {
	mems_va va;		/* MEMS_VA_NONE: no block */
	uint64_t size;
	unsigned char byte;	/* what it is full of */
} blocks[BLOCKS];

/* Which block covers the address; -1 for none. */
static int block_at(mems_va va)
{
	for (int i = 0; i < BLOCKS; i++)
		if (blocks[i].va != MEMS_VA_NONE && va >= blocks[i].va &&
		    va - blocks[i].va < blocks[i].size)
			return i;
	return -1;
}

static mems_va random_address(void)
{
	size_t i = (size_t)rng_below(&rng, BLOCKS);

	switch (rng_below(&rng, 8)) {
	case 0:
		return rng_next(&rng);
	case 1:
		return rng_below(&rng, 2000);
	case 2:
		return UINT64_C(1) << rng_below(&rng, 64);
	case 3:
		return UINT64_MAX - rng_below(&rng, 5000);
	case 4:	/* right but for high bits */
		return blocks[i].va + (rng_below(&rng, 4) << 32);
	case 5:
		return blocks[i].va;
	case 6:	/* just beside an end */
		return blocks[i].va + blocks[i].size + rng_below(&rng, 3) - 1;
	default:
		return MEMS_VA_FIRST + rng_below(&rng, space->limit + 4096);
	}
}

static size_t random_length(void)
{
	switch (rng_below(&rng, 6)) {
	case 0:
		return (size_t)rng_next(&rng);
	case 1:
		return SIZE_MAX - (size_t)rng_below(&rng, 5000);
	case 2:
		return 0;
	default:
		return (size_t)rng_size(&rng, 1, 1000);
	}
}

/* Whether the bytes lie in one live block, and which. */
static bool is_range(mems_va va, size_t length, int *block)
{
	*block = block_at(va);
	return *block >= 0 &&
	       length <= blocks[*block].size - (va - blocks[*block].va);
}

static bool check_block(int i)
{
	const unsigned char *memory = mems_space_get(space, blocks[i].va);

	return memory != NULL && memory[0] == blocks[i].byte &&
	       memcmp(memory, memory + 1, (size_t)blocks[i].size - 1) == 0;
}

static bool new_block(int i)
{
	size_t size = (size_t)rng_size(&rng, 1, 3000);

	blocks[i].va = mems_space_alloc(space, size);
	if (blocks[i].va == MEMS_VA_NONE)
		return false;
	blocks[i].size = mems_space_usable_size(space, blocks[i].va);
	blocks[i].byte = (unsigned char)rng_next(&rng);
	return mems_space_fill(space, blocks[i].va, blocks[i].byte,
			       (size_t)blocks[i].size) == 0;
}

static bool try_free(mems_va va)
{
	int i = block_at(va);
	bool right = va == MEMS_VA_NONE || (i >= 0 && blocks[i].va == va);

	if (i >= 0 && !check_block(i))
		return false;
	if (mems_space_free(space, va) != (right ? 0 : -EINVAL))
		return false;
	if (!right || va == MEMS_VA_NONE)
		return true;
	blocks[i].va = MEMS_VA_NONE;
	return new_block(i);
}

static bool try_resize(mems_va va, size_t size)
{
	int i = block_at(va);
	mems_va moved;

	if (va == MEMS_VA_NONE || (i >= 0 && blocks[i].va == va))
		size = SIZE_MAX - size % 5000;	/* which must fail */
	errno = 0;
	moved = mems_space_resize(space, va, size);
	return moved == MEMS_VA_NONE && (errno == EINVAL || errno == ENOMEM);
}

static bool try_bytes(mems_va va, size_t length)
{
	static unsigned char buffer[4096];
	int i;
	bool right = is_range(va, length, &i);
	int want = right ? 0 : -EFAULT;

	/* A range that is too long is refused before the buffer is touched. */
	memset(buffer, right ? blocks[i].byte : 0, sizeof(buffer));
	if (mems_space_write(space, va, buffer, length) != want ||
	    mems_space_fill(space, va, buffer[0], length) != want ||
	    mems_space_copy(space, va, va, length) != want ||
	    mems_space_read(space, va, buffer, length) != want)
		return false;
	return !right || buffer[0] == blocks[i].byte;
}

static bool try_copy(mems_va to, mems_va from, size_t length)
{
	int block;
	bool right = is_range(to, length, &block) &&
		     is_range(from, length, &block);

	/* What is right is made to leave its bytes as they are. */
	if (right)
		from = to;
	return mems_space_copy(space, to, from, length) ==
	       (right ? 0 : -EFAULT);
}

static bool try_questions(mems_va va)
{
	int i = block_at(va);
	bool starts = i >= 0 && blocks[i].va == va;
	unsigned char *memory = mems_space_get(space, va);
	bool mapped = va >= MEMS_VA_FIRST && va - MEMS_VA_FIRST < space->limit;

	if (mems_space_contains(space, va) != (i >= 0))
		return false;
	if (mems_space_usable_size(space, va) != (starts ? blocks[i].size : 0))
		return false;
	if ((memory != NULL) != mapped)
		return false;
	return mems_space_va(space, memory) == (mapped ? va : MEMS_VA_NONE);
}

static bool try_pointer(void)
{
	uintptr_t memory = (uintptr_t)rng_next(&rng);
	mems_va va = mems_space_va(space, (void *)memory);

	return va == MEMS_VA_NONE ||
	       (uintptr_t)mems_space_get(space, va) == memory;
}

static void answers_follow_from_the_blocks(enum mems_policy policy,
					   uint32_t granule)
{
	struct mems_space_options options = MEMS_SPACE_OPTIONS;
	uint64_t rounds = test_scaled(60000), round = 0;
	bool right = true;

	options.maximum = 1 << 20;
	options.policy = policy;
	options.granule = granule;
	space = mems_space_create(&options);
	for (int i = 0; i < BLOCKS; i++)
		right = right && new_block(i);
	while (right && round < rounds) {
		mems_va va = random_address();

		right = try_free(va) && try_resize(va, random_length()) &&
			try_bytes(random_address(), random_length()) &&
			try_copy(random_address(), random_address(),
				 random_length()) &&
			try_questions(random_address()) && try_pointer();
		if (++round % 1000 == 0)
			right = right && space_is_sound(space);
	}
	for (int i = 0; i < BLOCKS; i++)
		right = right && check_block(i);
	ok(right, "policy %d, granule %u: every answer is right (round %d)",
	   (int)policy, (unsigned)granule, (int)round);
	ok(space_is_sound(space), "the space is sound");
	mems_space_destroy(space);
}

int main(void)
{
	rng = rng_make(test_seed(), 0);
	answers_follow_from_the_blocks(MEMS_GOOD_FIT, 16);
	answers_follow_from_the_blocks(MEMS_FIRST_FIT, 8);
	answers_follow_from_the_blocks(MEMS_FIRST_FIT, 1);
	return done_testing();
}
