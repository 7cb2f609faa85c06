/* The numbers of <mems/layout.h> for JavaScript, so that both sides agree. */
#include "addon.h"

#define SIZE_OF(name, type) { #name, sizeof(struct type) }
#define OFFSET(name, type, member) { #name, offsetof(struct type, member) }
#define HEAD(name, member)                                                    \
	{ #name, offsetof(struct mems_arena_words, head) +                    \
		 offsetof(struct mems_arena_head, member) }

static const struct {
	const char *name;
	uint32_t value;
} numbers[] = {
	{ "version", MEMS_LAYOUT_VERSION },

	OFFSET(chunkTop, mems_chunk_words, top),
	OFFSET(chunkEnd, mems_chunk_words, end),
	SIZE_OF(chunkFront, mems_chunk_words),

	SIZE_OF(arenaWords, mems_arena_words),
	HEAD(arenaChunk, chunk),
	HEAD(arenaTop, top),
	HEAD(arenaEnd, end),
	HEAD(arenaGeneration, generation),
	OFFSET(arenaLifetime, mems_arena_words, lifetime),
	OFFSET(arenaFlags, mems_arena_words, flags),
	OFFSET(arenaChunks, mems_arena_words, chunks),
	OFFSET(arenaResets, mems_arena_words, resets),
	{ "arenaFront", MEMS_ARENA_FRONT },
	{ "flagShared", MEMS_ARENA_SHARED },

	OFFSET(storeClasses, mems_store_words, classes),
	OFFSET(storeShift, mems_store_words, shift),
	OFFSET(storeSkew, mems_store_words, skew),
	OFFSET(storeTable, mems_store_words, table),
	OFFSET(storeCount, mems_store_words, count),
	OFFSET(storeColors, mems_store_words, colors),
	SIZE_OF(tableEntry, mems_table_entry),

	OFFSET(magazineRounds, mems_magazine_words, rounds),
	OFFSET(roundsCurrent, mems_rounds, current),
	OFFSET(roundsFirst, mems_rounds, first),
	OFFSET(roundsLast, mems_rounds, last),
	SIZE_OF(rounds, mems_rounds),

	{ "kindSlab", MEMS_WORDS_SLAB },
	OFFSET(slabKind, mems_slab_words, kind),
	OFFSET(slabNumber, mems_slab_words, number),
	OFFSET(slabMagazine, mems_slab_words, magazine),
	OFFSET(slabSizeClass, mems_slab_words, size_class),
	OFFSET(slabPlace, mems_slab_words, place),
	OFFSET(slabHint, mems_slab_words, hint),
	OFFSET(slabNext, mems_slab_words, next),
	OFFSET(slabPrevious, mems_slab_words, previous),
	OFFSET(slabFirst, mems_slab_words, first),
	OFFSET(slabSize, mems_slab_words, size),
	OFFSET(slabSlots, mems_slab_words, slots),
	OFFSET(slabWords, mems_slab_words, words),
	SIZE_OF(slabBits, mems_slab_words),
	{ "placeFull", MEMS_SLAB_FULL },
	{ "placeCurrent", MEMS_SLAB_CURRENT },
	{ "placePartial", MEMS_SLAB_PARTIAL },

	{ "smallMost", MEMS_SMALL_MOST },
};

/* The class of each multiple of 16. */
static napi_value make_classes(napi_env env)
{
	double classes[MEMS_SMALL_MOST / 16 + 1] = { 0 };

	for (uint32_t i = 1; i <= MEMS_SMALL_MOST / 16; i++)
		classes[i] = mems_small_class(i * 16);
	return make_numbers(env, classes, MEMS_SMALL_MOST / 16 + 1);
}

/* The bytes of each class's slots. */
static napi_value make_sizes(napi_env env)
{
	double sizes[MEMS_SMALL_CLASSES] = { 0 };

	for (uint32_t i = 1; i <= MEMS_SMALL_MOST / 16; i++)
		sizes[mems_small_class(i * 16)] = i * 16;
	return make_numbers(env, sizes, MEMS_SMALL_CLASSES);
}

napi_value make_layout(napi_env env)
{
	napi_value layout = NULL;

	if (napi_create_object(env, &layout) != napi_ok)
		return NULL;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (napi_set_named_property(env, layout, numbers[i].name,
				make_number(env, numbers[i].value)) != napi_ok)
			return NULL;
	if (napi_set_named_property(env, layout, "smallClasses",
				    make_classes(env)) != napi_ok ||
	    napi_set_named_property(env, layout, "smallSizes",
				    make_sizes(env)) != napi_ok)
		return NULL;
	return layout;
}
