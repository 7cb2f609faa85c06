/* Slabs: their shapes, and which slot a byte of one belongs to. */
#include <config.h>

#include "heap/class.h"
#include "slab/handle.h"

#include "random.h"
#include "tap.h"

#include <mems.h>

#include <string.h>

/* The slots lie behind the words, wherever these are, and the bits, as many as
   there is room for. */
static bool is_right(const struct shape *shape, unsigned shift, uint32_t colors,
		     size_t size, size_t alignment)
{
	uint64_t front = (colors + 1) * sizeof(struct mems_slab_words);
	uint64_t bytes = (uint64_t)1 << shift;
	uint64_t more = shape->slots + 1, words = (more + 31) / 32;
	uint64_t first = front + 8 * words;

	first = (first + alignment - 1) / alignment * alignment;
	return shape->size == size &&
	       shape->words == (shape->slots + 31) / 32 &&
	       shape->first >= front + 2 * shape->words * sizeof(uint32_t) &&
	       shape->first % alignment == 0 &&
	       shape->first + (uint64_t)shape->slots * size <= bytes &&
	       first + more * size > bytes;
}

/* Multiples of the size have the number of their slot, and nothing else has the
   number of any, bytes before the first slot neither. */
static bool divides(const struct shape *shape, unsigned shift)
{
	int64_t bytes = (int64_t)1 << shift, size = shape->size;
	int64_t step = 1 + size / 16;

	for (int64_t offset = -bytes; offset < bytes; offset += step) {
		uint32_t slot = mems__slot_number(shape, (uint32_t)offset);

		if ((slot < shape->slots) !=
		    (offset >= 0 && offset % size == 0 &&
		     offset / size < shape->slots))
			return false;
	}
	for (int64_t slot = 0; slot < shape->slots; slot++)
		if (mems__slot_number(shape, (uint32_t)(slot * size)) != slot)
			return false;
	return true;
}

static void every_shape_has_room_for_its_slots(void)
{
	for (unsigned shift = 13; shift <= 27; shift++) {
		size_t wrong = 0, few = 0, odd = 0, step = 1;

		/* Larger slabs than the least are for larger slots. */
		for (size_t size = (size_t)1 << (shift < 15 ? 0 : shift - 8);
		     size <= (size_t)1 << shift; size += step) {
			struct shape shape;

			step = size < 600 && shift < 15 ? 1 : 1 + size / 7;
			for (size_t alignment = 1; alignment <= 4096;
			     alignment *= alignment < 16 ? 16 : 256) {
				size_t whole = (size + alignment - 1) /
					       alignment * alignment;
				uint32_t colors = (uint32_t)(size % 4) * 5;
				bool enough = mems__shape_set(&shape, shift,
					colors, whole, alignment);

				wrong += !is_right(&shape, shift, colors, whole,
						   alignment);
				few += enough != (shape.slots >=
						  (shift < 20 ? 8 : 1));
				odd += !divides(&shape, shift);
			}
		}
		is(wrong, 0, "slabs of 2^%u: slots behind the bits", shift);
		is(few, 0, "slabs of 2^%u: too few slots are told", shift);
		is(odd, 0, "slabs of 2^%u: slots are found", shift);
	}
}

static struct store *store_of(void *handle)
{
	return ((struct owner *)handle)->store;
}

static void caches_have_slabs_with_enough_slots(void)
{
	mems_space *space = mems_space_create(NULL);
	size_t wrong = 0, wasted = 0, count = 0;

	for (size_t size = 1; size <= (size_t)64 << 20; size += 1 + size / 9) {
		struct mems_slab_options options = MEMS_SLAB_OPTIONS;
		const struct store *store;
		mems_slab *slab;

		options.space = space;
		options.slot_size = size;
		slab = mems_slab_create(&options);
		if (slab == NULL) {
			wrong++;
			continue;
		}
		store = store_of(slab);
		wrong += store->shift < 14 || store->shapes[0].slots == 0;
		wrong += store->shift < 20 && store->shapes[0].slots < 8;
		wrong += store->shift > 20 && store->shapes[0].slots > 1;
		/* One size of slab less would not have done. */
		if (store->shift > 14) {
			struct shape shape;

			wrong += mems__shape_set(&shape, store->shift - 1,
						 store->colors,
						 store->shapes[0].size, 16);
		}
		wasted += size <= 64 && store->shapes[0].first > 4400;
		mems_slab_destroy(slab);
		count++;
	}
	is(wrong, 0, "%d caches: 8 slots in slabs up to 1 MiB", (int)count);
	is(wasted, 0, "the bits take no more room than they need");
	mems_space_destroy(space);
}

static void a_depot_has_the_classes_of_the_heap(void)
{
	mems_space *space = mems_space_create(NULL);
	mems_depot *depot = mems_depot_create(space);
	const struct store *store = store_of(depot);
	int wrong = 0;

	is(store->classes, MEMS_SMALL_CLASSES, "a depot has all classes");
	for (unsigned i = 0; i < store->classes; i++) {
		const struct shape *shape = &store->shapes[i];

		wrong += !is_right(shape, store->shift, store->colors,
				   mems__classes[i].size,
				   16) || shape->slots < 8;
	}
	is(wrong, 0, "each with the shape of its size");
	for (uint32_t size = 1; size <= MEMS_SMALL_MOST; size++)
		wrong += mems_small_class(size) != mems__class_of(size) ||
			 mems__store_room(size) !=
			 store->shapes[mems_small_class(size)].size;
	is(wrong, 0, "each size in the class that the layout tells");
	mems_depot_destroy(depot);
	mems_space_destroy(space);
}

static void a_new_slab_has_all_slots_free(void)
{
	static const size_t sizes[] = { 1, 7, 16, 48, 100, 500, 2000, 30000 };
	mems_space *space = mems_space_create(NULL);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct mems_slab_options options = MEMS_SLAB_OPTIONS;
		struct mems_slab_words *words;
		const struct shape *shape;
		uint32_t free = 0, noted = 0;
		struct store *store;
		mems_slab *slab;

		options.space = space;
		options.slot_size = sizes[i];
		slab = mems_slab_create(&options);
		store = store_of(slab);
		shape = &store->shapes[0];
		words = mems__slab_make(store, 0);
		is((uintptr_t)words % ((uintptr_t)1 << store->shift),
		   (mems__place_number(store, words) & store->colors) *
		   sizeof(*words),
		   "slots of %zu: its front is where its color says",
		   sizes[i]);
		for (uint32_t n = 0; n < shape->words; n++) {
			free += (uint32_t)__builtin_popcount(
				mems_slab_bits(words)[n]);
			noted += mems_slab_bits(words)[shape->words + n];
		}
		is(free, shape->slots, "slots of %zu: all are free", sizes[i]);
		is(noted, 0, "slots of %zu: by nobody else", sizes[i]);
		ok(words->kind == MEMS_WORDS_SLAB &&
		   words->magazine == store->common.unit &&
		   words->first == shape->first &&
		   words->size == shape->size &&
		   words->slots == shape->slots &&
		   words->words == shape->words && words->used == 0 &&
		   words->place == MEMS_SLAB_FULL,
		   "slots of %zu: its words say so", sizes[i]);
		ok(mems__slab_find(store, mems__unit_of(&store->source,
							words)) == NULL,
		   "slots of %zu: it is none before it is in the table",
		   sizes[i]);
		mems__slab_end(store, words);
		mems_slab_destroy(slab);
	}
	is(mems_space_verify(space, NULL, 0), 0, "the space is sound");
	mems_space_destroy(space);
}

/* Every byte of a slab, and some before and behind it. */
static void each_byte_has_its_place(void)
{
	static const size_t sizes[] = { 1, 3, 16, 48, 208, 1008, 3001 };
	mems_space *space = mems_space_create(NULL);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct mems_slab_options options = MEMS_SLAB_OPTIONS;
		const struct shape *shape;
		struct store *store;
		mems_slab *slab;
		struct mems_slab_words *words;
		char *start;
		long wrong = 0;

		options.space = space;
		options.slot_size = sizes[i];
		options.alignment = 1;
		slab = mems_slab_create(&options);
		store = store_of(slab);
		shape = &store->shapes[0];
		words = mems__slab_around(store, mems_slab_alloc(slab));
		start = mems__slab_start(store, words);
		for (long at = 0; at < 1L << store->shift; at++) {
			struct place place = mems__place_of(store, start + at);
			long behind = at - (long)shape->first;
			bool begins = behind >= 0 &&
				      behind % (long)shape->size == 0 &&
				      behind / (long)shape->size <
				      (long)shape->slots;

			wrong += place.slab != words;
			wrong += begins ? (long)place.slot != behind /
					  (long)shape->size :
				 place.slot != shape->slots;
		}
		wrong += mems__place_of(store, start - 1).slab != NULL;
		wrong += mems__place_of(store, start + (1L << store->shift))
				.slab != NULL;
		is(wrong, 0, "slots of %zu: each byte has its place",
		   sizes[i]);
		mems_slab_destroy(slab);
	}
	mems_space_destroy(space);
}

int main(void)
{
	every_shape_has_room_for_its_slots();
	caches_have_slabs_with_enough_slots();
	a_depot_has_the_classes_of_the_heap();
	a_new_slab_has_all_slots_free();
	each_byte_has_its_place();
	return done_testing();
}
