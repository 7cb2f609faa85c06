/* The table of size classes, for every size and every byte of a span. */
#include <config.h>

#include "heap/class.h"

#include "tap.h"

static void every_size_has_the_least_class_that_holds_it(void)
{
	int wrong = 0;

	for (size_t size = 1; size <= BLOCK_MOST; size++) {
		unsigned class = mems__class_of(size);

		if (class >= CLASSES || mems__classes[class].size < size ||
		    (class > 0 && mems__classes[class - 1].size >= size))
			wrong++;
	}
	is(wrong, 0, "every size from 1 to %d has its class", BLOCK_MOST);
	is(mems__class_of(1), 0, "the first class begins with 1");
	is(mems__class_of(BLOCK_MOST), CLASSES - 1,
	   "the last one has the most");
	is(mems__classes[CLASSES - 1].size, BLOCK_MOST, "and no more");
}

static void classes_are_as_spans_need_them(void)
{
	for (unsigned i = 0; i < CLASSES; i++) {
		const struct class *class = &mems__classes[i];
		size_t bytes = (size_t)class->slices << SLICE_SHIFT;

		ok(class->size % BLOCK_LEAST == 0 &&
		   (i == 0 || class->size > class[-1].size),
		   "class %u: %u bytes, more than the one before", i,
		   (unsigned)class->size);
		ok(class->slices >= 1 && class->count >= 2 &&
		   class->count == bytes / class->size,
		   "class %u: a span has as many as fit", i);
		ok(class->count < 1 << 13,
		   "class %u: their number fits where it is kept", i);
		is(mems__class_of(class->size), i,
		   "class %u: its size is its own", i);
		ok(i == 0 || mems__class_of(class[-1].size + 1) == i,
		   "class %u: and the one above the last's", i);
		if (class->size > 8192)
			ok(class->size % 4096 == 0 &&
			   (class->count - 1) * class->size < bytes,
			   "class %u: is of whole pages", i);
	}
}

static void every_byte_of_a_span_has_its_block(void)
{
	for (unsigned i = 0; i < CLASSES; i++) {
		const struct class *class = &mems__classes[i];
		size_t bytes = (size_t)class->slices << SLICE_SHIFT;
		size_t wrong = 0;

		for (size_t offset = 0; offset < bytes; offset++)
			wrong += mems__block_number(i, offset) !=
				 offset / class->size;
		is(wrong, 0, "class %u: every byte of %zu has its block", i,
		   bytes);
	}
}

/* Sizes that are multiples of an alignment have classes that are. */
static void alignments_have_classes(void)
{
	for (size_t align = 16; align <= BLOCK_MOST; align *= 2) {
		int wrong = 0;

		for (size_t size = align; size <= BLOCK_MOST; size += align) {
			unsigned class = mems__class_of(size);

			while (class < CLASSES &&
			       mems__classes[class].size % align != 0)
				class++;
			if (class == CLASSES ||
			    mems__classes[class].size > 2 * size)
				wrong++;
		}
		is(wrong, 0, "a class for each multiple of %zu, not far",
		   align);
	}
}

int main(void)
{
	every_size_has_the_least_class_that_holds_it();
	classes_are_as_spans_need_them();
	every_byte_of_a_span_has_its_block();
	alignments_have_classes();
	return done_testing();
}
