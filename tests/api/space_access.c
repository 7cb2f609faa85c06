/* Reaching the bytes: get, va, read, write, fill, copy, contains. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>

#include "api/space.h"
#include "tap.h"

#define SIZE 160

static mems_space *space;
static mems_va block, wall, hole;	/* in this order, each SIZE bytes */

static void get_and_va_are_each_others_way_back(void)
{
	mems_va end = MEMS_VA_FIRST + space->limit;
	unsigned char *first = mems_space_get(space, MEMS_VA_FIRST);
	unsigned char *last = mems_space_get(space, end - 1);
	int local;

	ok(first != NULL, "the first address has memory");
	ok(mems_space_get(space, MEMS_VA_FIRST - 1) == NULL,
	   "the one before has none");
	ok(last == first + space->limit - 1, "the last before the break has");
	ok(mems_space_get(space, end) == NULL, "the break has none");
	ok(mems_space_get(space, MEMS_VA_NONE) == NULL, "no address has none");
	ok(mems_space_get(space, UINT64_MAX) == NULL, "nor has the last");
	ok(mems_space_get(space, MEMS_VA_FIRST + (UINT64_C(1) << 32)) == NULL,
	   "nor has what is 4 GiB away");
	is(mems_space_va(space, first), MEMS_VA_FIRST, "the first byte");
	is(mems_space_va(space, first + 37), MEMS_VA_FIRST + 37, "another");
	is(mems_space_va(space, last), end - 1, "the last byte");
	errno = 0;
	ok(mems_space_va(space, last + 1) == MEMS_VA_NONE && errno == EFAULT,
	   "the byte at the break has no address");
	errno = 0;
	ok(mems_space_va(space, (void *)((uintptr_t)first - 1)) ==
	   MEMS_VA_NONE && errno == EFAULT, "nor has the byte before all");
	errno = 0;
	ok(mems_space_va(space, &local) == MEMS_VA_NONE && errno == EFAULT,
	   "nor has a local variable");
	errno = 0;
	ok(mems_space_va(space, NULL) == MEMS_VA_NONE && errno == EFAULT,
	   "nor has NULL");
}

static void contains_tells_blocks_from_holes(void)
{
	is(mems_space_contains(space, block), 1, "the start of a block");
	is(mems_space_contains(space, block + 1), 1, "its second byte");
	is(mems_space_contains(space, block + SIZE - 1), 1, "its last byte");
	is(mems_space_contains(space, hole), 0, "the start of a hole");
	is(mems_space_contains(space, hole + SIZE - 1), 0, "inside a hole");
	is(mems_space_contains(space, MEMS_VA_FIRST + space->limit - 1), 0,
	   "the last byte before the break");
	is(mems_space_contains(space, MEMS_VA_FIRST + space->limit), 0,
	   "the break");
	is(mems_space_contains(space, MEMS_VA_FIRST - 1), 0, "below 1000");
	is(mems_space_contains(space, MEMS_VA_NONE), 0, "no address");
	is(mems_space_contains(space, UINT64_MAX), 0, "the last of all");
}

static void usable_size_is_of_live_blocks_only(void)
{
	static const struct {
		const char *name;
		int64_t offset;
	} wrong[] = {
		{ "an inner address", 16 }, { "an odd address", 1 },
		{ "a hole", 2 * SIZE }, { "past the break", 1 << 26 },
		{ "no address", -1000 }, { "below 1000", -1 },
	};

	is(mems_space_usable_size(space, block), SIZE, "a block has its size");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		errno = 0;
		ok(mems_space_usable_size(space, MEMS_VA_FIRST +
					  (mems_va)wrong[i].offset) == 0 &&
		   errno == EINVAL, "%s has no size", wrong[i].name);
	}
}

static void bytes_go_in_and_come_out(void)
{
	unsigned char in[SIZE], out[SIZE];

	for (int i = 0; i < SIZE; i++)
		in[i] = (unsigned char)(i * 7 + 3);
	is(mems_space_write(space, block, in, SIZE), 0, "a whole block is "
	   "written");
	memset(out, 0, SIZE);
	is(mems_space_read(space, block, out, SIZE), 0, "and read");
	ok(memcmp(in, out, SIZE) == 0, "the bytes are the same");
	ok(memcmp(mems_space_get(space, block), in, SIZE) == 0,
	   "they are in memory");
	memset(out, 0, SIZE);
	is(mems_space_read(space, block + 100, out, 60), 0, "its end is read");
	ok(memcmp(in + 100, out, 60) == 0 && out[60] == 0, "and no more");
	is(mems_space_write(space, block + SIZE - 1, "x", 1), 0,
	   "its last byte is written");
	is(*(char *)mems_space_get(space, block + SIZE - 1), 'x', "there");
	is(mems_space_fill(space, block, 0x1ff, SIZE), 0, "it is filled");
	mems_space_read(space, block, out, SIZE);
	ok(out[0] == 0xff && memcmp(out, out + 1, SIZE - 1) == 0,
	   "with the low byte of the number");
}

/* Each call with a range that is not in one live block. */
static void a_range_must_be_in_one_block(mems_va va, size_t length,
					 const char *name)
{
	unsigned char buffer[4 * SIZE], same[4 * SIZE], before[2 * SIZE];

	memset(buffer, 0x5a, sizeof(buffer));
	memcpy(same, buffer, sizeof(same));
	memcpy(before, mems_space_get(space, block), sizeof(before));
	is(mems_space_read(space, va, buffer, length), -EFAULT, "read %s",
	   name);
	ok(memcmp(buffer, same, sizeof(buffer)) == 0, "nothing was read");
	is(mems_space_write(space, va, buffer, length), -EFAULT, "write %s",
	   name);
	is(mems_space_fill(space, va, 1, length), -EFAULT, "fill %s", name);
	is(mems_space_copy(space, va, block, length), -EFAULT, "copy to %s",
	   name);
	is(mems_space_copy(space, block, va, length), -EFAULT, "copy from %s",
	   name);
	ok(memcmp(mems_space_get(space, block), before, sizeof(before)) == 0,
	   "nothing was written");
}

static void ranges_that_leave_their_block_are_refused(void)
{
	mems_va end = MEMS_VA_FIRST + space->limit;

	a_range_must_be_in_one_block(block, SIZE + 1, "one byte too many");
	a_range_must_be_in_one_block(block + SIZE - 1, 2, "across two blocks");
	a_range_must_be_in_one_block(wall, SIZE + 1, "from block to hole");
	a_range_must_be_in_one_block(hole, 1, "a hole");
	a_range_must_be_in_one_block(hole, 0, "no bytes of a hole");
	a_range_must_be_in_one_block(end - 1, 1, "before the break");
	a_range_must_be_in_one_block(end, 0, "no bytes at the break");
	a_range_must_be_in_one_block(end, 1, "at the break");
	a_range_must_be_in_one_block(MEMS_VA_FIRST - 1, 2, "from below 1000");
	a_range_must_be_in_one_block(MEMS_VA_NONE, 1, "no address");
	a_range_must_be_in_one_block(UINT64_MAX, 2, "around the last address");
	a_range_must_be_in_one_block(block + 8, SIZE_MAX - 7, "around to 0");
	a_range_must_be_in_one_block(block, SIZE_MAX, "SIZE_MAX bytes");
	is(mems_space_read(space, block + SIZE - 1, NULL, 0), 0,
	   "no bytes of a block can be read, even to NULL");
	is(mems_space_write(space, block, NULL, 0), 0, "or written");
	is(mems_space_fill(space, block, 1, 0), 0, "or filled");
	is(mems_space_copy(space, block, wall, 0), 0, "or copied");
	is(mems_space_read(space, block, NULL, 1), -EINVAL,
	   "but a byte is not read to NULL");
	is(mems_space_write(space, block, NULL, 1), -EINVAL, "nor written");
}

static void copies_may_overlap(void)
{
	unsigned char want[SIZE], *memory = mems_space_get(space, block);

	for (int i = 0; i < SIZE; i++)
		memory[i] = want[i] = (unsigned char)i;
	memmove(want + 5, want, 100);
	is(mems_space_copy(space, block + 5, block, 100), 0, "a copy upwards");
	ok(memcmp(memory, want, SIZE) == 0, "over itself");
	memmove(want, want + 5, 100);
	is(mems_space_copy(space, block, block + 5, 100), 0, "one downwards");
	ok(memcmp(memory, want, SIZE) == 0, "over itself");
	is(mems_space_copy(space, wall, block, SIZE), 0, "a copy to a block");
	ok(memcmp(mems_space_get(space, wall), want, SIZE) == 0,
	   "brings all bytes");
}

static void a_large_block_is_one_range(void)
{
	const size_t size = 3 << 20;
	mems_va large = mems_space_alloc(space, size);
	unsigned char byte = 1;

	is(mems_space_fill(space, large, 'l', size), 0, "3 MiB are filled");
	is(mems_space_read(space, large + size - 1, &byte, 1), 0,
	   "the last byte is read");
	is(byte, 'l', "it was filled");
	is(mems_space_contains(space, large + size / 2), 1,
	   "the middle is in the block");
	is(mems_space_write(space, large + size / 2, &byte, size / 2 + 1),
	   -EFAULT, "its end is known in the middle");
	is(mems_space_free(space, large), 0, "it is freed");
	is(mems_space_contains(space, large + size / 2), 0,
	   "then the middle is in none");
}

int main(void)
{
	space = space_make(16 << 20);
	block = mems_space_alloc(space, SIZE);
	wall = mems_space_alloc(space, SIZE);
	hole = mems_space_alloc(space, SIZE);
	mems_space_free(space, hole);
	mems_space_fill(space, block, 0, SIZE);
	mems_space_fill(space, wall, 0, SIZE);

	get_and_va_are_each_others_way_back();
	contains_tells_blocks_from_holes();
	usable_size_is_of_live_blocks_only();
	bytes_go_in_and_come_out();
	ranges_that_leave_their_block_are_refused();
	copies_may_overlap();
	a_large_block_is_one_range();
	ok(space_is_sound(space), "the space is sound");
	mems_space_destroy(space);
	return done_testing();
}
