/* Blocks of a space: alloc, aligned_alloc, calloc, resize, free. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>

#include "api/space.h"
#include "tap.h"

static mems_space *space;

/* Whether a call that gave `va` failed so; evaluated right after it. */
#define FAILS(call, error, ...)                                             \
	do {                                                                \
		errno = 0;                                                  \
		ok((call) == MEMS_VA_NONE && errno == (error), __VA_ARGS__);\
	} while (0)

static unsigned char *memory_of(mems_va va)
{
	return mems_space_get(space, va);
}

static int holds(mems_va va, int byte, size_t size)
{
	unsigned char *memory = memory_of(va);

	return memory != NULL && memory[0] == byte &&
	       memcmp(memory, memory + 1, size - 1) == 0;
}

static void blocks_are_multiples_of_the_granule(void)
{
	mems_va a = mems_space_alloc(space, 1);
	mems_va b = mems_space_alloc(space, 17);
	mems_va c = mems_space_alloc(space, 16);

	is(a, 1000, "the first block is at 1000");
	is(b, 1016, "1 byte takes 16");
	is(c, 1048, "17 bytes take 32");
	is(mems_space_usable_size(space, a), 16, "all of which can be used");
	is(mems_space_usable_size(space, b), 32, "here too");
	is((uintptr_t)memory_of(a) % 16, 0, "memory is 16-aligned");
	is((uintptr_t)memory_of(c) % 16, 0, "everywhere");
	is(mems_space_free(space, b), 0, "the middle one is freed");
	is(mems_space_alloc(space, 32), b, "and fits again");
	mems_space_free(space, a);
	mems_space_free(space, b);
	mems_space_free(space, c);
}

static void sizes_that_cannot_be_are_refused(void)
{
	uint64_t before = space_stats(space).allocations;

	FAILS(mems_space_alloc(space, 0), EINVAL, "0 bytes");
	FAILS(mems_space_alloc(space, SIZE_MAX), ENOMEM, "SIZE_MAX bytes");
	FAILS(mems_space_alloc(space, SIZE_MAX - 15), ENOMEM,
	      "the largest multiple of 16");
	FAILS(mems_space_alloc(space, SIZE_MAX / 2 + 1), ENOMEM,
	      "half of all bytes");
	FAILS(mems_space_alloc(space, (size_t)space_stats(space).maximum + 1),
	      ENOMEM, "one byte more than the maximum");
	FAILS(mems_space_calloc(space, 0, 16), EINVAL, "calloc of 0 things");
	FAILS(mems_space_calloc(space, 16, 0), EINVAL, "calloc of no size");
	FAILS(mems_space_calloc(space, SIZE_MAX / 2, 3), ENOMEM,
	      "a product that overflows");
	FAILS(mems_space_calloc(space, SIZE_MAX / 16 + 2, 16), ENOMEM,
	      "a product that overflows to a small number");
	FAILS(mems_space_calloc(space, SIZE_MAX, 1), ENOMEM,
	      "a product of SIZE_MAX");
	FAILS(mems_space_aligned_alloc(space, 64, 0), EINVAL,
	      "0 aligned bytes");
	FAILS(mems_space_aligned_alloc(space, 64, SIZE_MAX), ENOMEM,
	      "SIZE_MAX aligned bytes");
	FAILS(mems_space_aligned_alloc(space, SIZE_MAX / 2 + 1,
				       SIZE_MAX / 2 + 1), ENOMEM,
	      "half of all bytes at half of all addresses");
	is(space_stats(space).allocations, before, "no block was made");
	ok(space_is_sound(space), "the space is sound");
}

static void memory_is_aligned_as_asked(void)
{
	mems_va blocks[24];
	mems_va odd = mems_space_alloc(space, 48);
	int count = 0, aligned = 0;

	for (size_t alignment = 1; alignment <= 1 << 20; alignment *= 2) {
		mems_va va = mems_space_aligned_alloc(space, alignment, 100);

		aligned += va != MEMS_VA_NONE &&
			   (uintptr_t)memory_of(va) % alignment == 0;
		blocks[count++] = va;
		memset(memory_of(va), count, 100);
	}
	is(aligned, 21, "every alignment from 1 to 1 MiB");
	for (int i = 0; i < count; i++)
		aligned -= holds(blocks[i], i + 1, 100) &&
			   mems_space_free(space, blocks[i]) == 0;
	is(aligned, 0, "the blocks do not overlap and can be freed");
	FAILS(mems_space_aligned_alloc(space, 0, 8), EINVAL, "alignment 0");
	FAILS(mems_space_aligned_alloc(space, 3, 8), EINVAL, "alignment 3");
	FAILS(mems_space_aligned_alloc(space, 48, 8), EINVAL, "alignment 48");
	FAILS(mems_space_aligned_alloc(space, SIZE_MAX, 8), EINVAL,
	      "alignment SIZE_MAX");
	FAILS(mems_space_aligned_alloc(space, SIZE_MAX / 2 + 1, 8), ENOMEM,
	      "alignment of half of all addresses");
	mems_space_free(space, odd);
	is(space_stats(space).used, 0, "nothing is left");
}

static void calloc_clears_what_was_used(void)
{
	mems_va va = mems_space_alloc(space, 5000);

	memset(memory_of(va), 0xff, 5000);
	mems_space_free(space, va);
	va = mems_space_calloc(space, 50, 100);
	is(va, 1000, "the same bytes are given again");
	ok(holds(va, 0, 5000), "and are 0");
	mems_space_free(space, va);
}

static void a_block_is_resized_in_place_where_it_can_be(void)
{
	mems_va a = mems_space_alloc(space, 160);
	mems_va b = mems_space_alloc(space, 160);
	mems_va c = mems_space_alloc(space, 160);

	memset(memory_of(a), 'a', 160);
	memset(memory_of(c), 'c', 160);
	is(mems_space_resize(space, a, 80), a, "it shrinks in place");
	is(mems_space_usable_size(space, a), 80, "to the new size");
	is(mems_space_contains(space, a + 80), 0, "the rest is a hole");
	is(mems_space_resize(space, a, 160), a, "it grows into the hole");
	is(mems_space_resize(space, a, 155), a, "within the granule it stays");
	is(mems_space_usable_size(space, a), 160, "as it is");
	ok(holds(a, 'a', 80), "the first bytes are kept");
	mems_space_free(space, b);
	is(mems_space_resize(space, a, 320), a, "it grows to the next block");
	is(mems_space_contains(space, b), 1, "and takes the whole hole");
	ok(holds(a, 'a', 80), "the first bytes are kept");
	ok(holds(c, 'c', 160), "the next block is as it was");
	mems_space_free(space, a);
	mems_space_free(space, c);
}

static void else_it_moves(void)
{
	mems_va a = mems_space_alloc(space, 160);
	mems_va wall = mems_space_alloc(space, 16);
	mems_va moved;

	memset(memory_of(a), 'a', 160);
	moved = mems_space_resize(space, a, 10000);
	ok(moved != MEMS_VA_NONE && moved != a, "it moves when it must");
	ok(holds(moved, 'a', 160), "its bytes move with it");
	is(mems_space_contains(space, a), 0, "the old place is a hole");
	is(mems_space_free(space, a), -EINVAL, "it cannot be freed again");
	is(mems_space_free(space, moved), 0, "but the new one can");
	mems_space_free(space, wall);
}

static void a_resize_that_fails_leaves_the_block(void)
{
	mems_va a = mems_space_alloc(space, 160);
	mems_va wall = mems_space_alloc(space, 16);

	memset(memory_of(a), 'a', 160);
	FAILS(mems_space_resize(space, a, 0), EINVAL, "resize to 0");
	FAILS(mems_space_resize(space, a, SIZE_MAX), ENOMEM,
	      "resize to SIZE_MAX");
	FAILS(mems_space_resize(space, a, 64 << 20), ENOMEM,
	      "resize beyond the maximum");
	FAILS(mems_space_resize(space, a + 16, 32), EINVAL,
	      "resize of an inner address");
	FAILS(mems_space_resize(space, 999, 32), EINVAL,
	      "resize of an address below 1000");
	FAILS(mems_space_resize(space, UINT64_MAX, 32), EINVAL,
	      "resize of the last address of all");
	is(mems_space_usable_size(space, a), 160, "the block has its size");
	ok(holds(a, 'a', 160), "and its bytes");
	mems_space_free(space, a);
	FAILS(mems_space_resize(space, a, 32), EINVAL,
	      "resize of a freed block");
	mems_space_free(space, wall);
	is(mems_space_resize(space, MEMS_VA_NONE, 10), 1000,
	   "resize of no block allocates");
	mems_space_free(space, 1000);
}

static void wrong_addresses_cannot_be_freed(void)
{
	mems_va a = mems_space_alloc(space, 160);
	mems_va b = mems_space_alloc(space, 160);
	mems_va end = MEMS_VA_FIRST + space->limit;

	is(mems_space_free(space, MEMS_VA_NONE), 0, "no address is no error");
	is(mems_space_free(space, a + 1), -EINVAL, "an inner address");
	is(mems_space_free(space, a + 16), -EINVAL, "an inner granule");
	is(mems_space_free(space, b + 160), -EINVAL, "a hole");
	is(mems_space_free(space, b + 176), -EINVAL, "inside a hole");
	is(mems_space_free(space, 1), -EINVAL, "below 1000");
	is(mems_space_free(space, 999), -EINVAL, "just below 1000");
	is(mems_space_free(space, end - 1), -EINVAL, "just below the break");
	is(mems_space_free(space, end), -EINVAL, "the break");
	is(mems_space_free(space, end + (1 << 30)), -EINVAL, "far beyond");
	is(mems_space_free(space, a + (UINT64_C(1) << 32)), -EINVAL,
	   "a block's address in another 4 GiB");
	is(mems_space_free(space, UINT64_MAX), -EINVAL, "the last of all");
	is(space_stats(space).blocks, 2, "both blocks live");
	is(mems_space_free(space, a), 0, "the right address can be freed");
	is(mems_space_free(space, a), -EINVAL, "but not twice");
	mems_space_free(space, b);
	is(mems_space_free(space, b), -EINVAL, "nor after joining a hole");
	ok(space_is_sound(space), "the space is sound");
}

static void alignment_follows_borrowed_memory(void)
{
	static unsigned char memory[512 << 10];
	struct mems_space_options options = MEMS_SPACE_OPTIONS;
	int aligned = 0, count = 0;

	/* A multiple of 16, and of nothing more. */
	options.memory = (void *)(((uintptr_t)memory / 32 + 1) * 32 + 16);
	options.memory_size = sizeof(memory) - 48;
	space = mems_space_create(&options);
	for (size_t alignment = 1; alignment <= 65536; alignment *= 2) {
		mems_va va = mems_space_aligned_alloc(space, alignment, 50);

		count++;
		aligned += va != MEMS_VA_NONE &&
			   (uintptr_t)memory_of(va) % alignment == 0;
	}
	is(aligned, count, "in borrowed memory it is the memory that is "
	   "aligned");
	ok(space_is_sound(space), "the space is sound");
	mems_space_destroy(space);
}

int main(void)
{
	space = space_make(16 << 20);
	blocks_are_multiples_of_the_granule();
	sizes_that_cannot_be_are_refused();
	memory_is_aligned_as_asked();
	calloc_clears_what_was_used();
	a_block_is_resized_in_place_where_it_can_be();
	else_it_moves();
	a_resize_that_fails_leaves_the_block();
	wrong_addresses_cannot_be_freed();
	ok(space_is_sound(space), "the space is sound in the end");
	mems_space_destroy(space);
	alignment_follows_borrowed_memory();
	return done_testing();
}
