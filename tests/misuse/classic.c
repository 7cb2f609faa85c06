/*
 * The classic calls in any order, with any address: each has one answer, and
 * the test knows which.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>

#include "random.h"
#include "tap.h"

#define BLOCKS 50

static struct rng rng;
static bool started;

static struct {
	uintptr_t va;		/* 0: none */
	size_t size;
} blocks[BLOCKS];

static int block_at(uintptr_t va)
{
	for (int i = 0; i < BLOCKS; i++)
		if (blocks[i].va != 0 && va - blocks[i].va < blocks[i].size)
			return i;
	return -1;
}

static uintptr_t random_address(void)
{
	size_t i = (size_t)rng_below(&rng, BLOCKS);

	switch (rng_below(&rng, 4)) {
	case 0:
		return (uintptr_t)rng_next(&rng);
	case 1:
		return (uintptr_t)rng_below(&rng, 100000);
	default:
		return blocks[i].va + (uintptr_t)rng_below(&rng, 3) * 4;
	}
}

static bool try_start_or_end(void)
{
	errno = 0;
	if (rng_below(&rng, 2)) {
		mems_init();
		if (errno != (started ? EALREADY : 0))
			return false;
		started = true;
	} else {
		mems_finish();
		if (errno != (started ? 0 : EINVAL))
			return false;
		started = false;
		memset(blocks, 0, sizeof(blocks));
	}
	return true;
}

static bool try_malloc(void)
{
	size_t i = (size_t)rng_below(&rng, BLOCKS);
	size_t size = (size_t)rng_below(&rng, 3000);
	bool possible = started && size != 0;
	uintptr_t va;

	if (blocks[i].va != 0)
		return true;
	if (rng_below(&rng, 10) == 0) {
		size = SIZE_MAX - (size_t)rng_below(&rng, 5000);
		possible = false;
	}
	errno = 0;
	va = (uintptr_t)mems_malloc(size);
	if (!possible)
		return va == 0 &&
		       errno == (started && size != 0 ? ENOMEM : EINVAL);
	if (va < 1000 || va % 8 != 0)
		return false;
	for (size_t at = 0; at < size; at += 8)
		if (block_at(va + at) >= 0)
			return false;
	blocks[i].va = va;
	blocks[i].size = (size + 7) / 8 * 8;
	memset(mems_get((void *)va), (int)i, size);
	return true;
}

static bool try_free(void)
{
	uintptr_t va = random_address();
	int i = block_at(va);
	bool right = i >= 0 && blocks[i].va == va;

	if (va == 0)
		return true;
	errno = 0;
	mems_free((void *)va);
	if (right)
		blocks[i].va = 0;
	return errno == (right ? 0 : EINVAL);
}

static bool try_get(void)
{
	uintptr_t va = random_address();
	int i = block_at(va);
	unsigned char *memory;

	errno = 0;
	memory = mems_get((void *)va);
	if (i < 0)
		return memory == NULL && errno == (started ? EFAULT : EINVAL);
	return memory != NULL && (va != blocks[i].va || *memory == i);
}

int main(void)
{
	uint64_t rounds = test_scaled(200000), round;
	bool right = true;

	rng = rng_make(test_seed(), 0);
	for (round = 0; right && round < rounds; round++) {
		if (rng_below(&rng, 200) == 0)
			right = try_start_or_end();
		else
			right = try_malloc() && try_free() && try_get();
	}
	ok(right, "every answer is right (round %d)", (int)round);
	return done_testing();
}
