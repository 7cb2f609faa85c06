/*
 * The words of <mems/layout.h>, used as another language would: by code that
 * knows nothing but what is written there, beside calls on the same arenas,
 * caches and depots. Neither hands out what the other did, and all is sound.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include <mems.h>
#include <mems/layout.h>

#include "api/slab.h"
#include "random.h"
#include "tap.h"

static mems_space *space;
static unsigned char *data;	/* where unit 0 is */

static void *at(uint32_t unit)
{
	return data + ((size_t)unit << MEMS_UNIT_SHIFT);
}

static uint32_t unit_of(const void *memory)
{
	return (uint32_t)((size_t)((const unsigned char *)memory - data) >>
			  MEMS_UNIT_SHIFT);
}

/* ------------------------------------------------------------------ arenas */

static struct mems_arena_words *words_of(mems_arena *arena)
{
	return mems_space_get(space, mems_arena_address(arena));
}

static void *bump(struct mems_arena_words *words, uint32_t size)
{
	uint32_t room = (size + 15) & ~(uint32_t)15, top = words->head.top;

	if (words->head.end - top < room)
		return NULL;
	words->head.top = top + room;
	return (unsigned char *)at(words->head.chunk) + top;
}

static void *bump_shared(struct mems_arena_words *words, uint32_t size)
{
	uint32_t room = (size + 15) & ~(uint32_t)15, top;
	struct mems_chunk_words *chunk =
		at(__atomic_load_n(&words->head.chunk, __ATOMIC_ACQUIRE));

	top = __atomic_load_n(&chunk->top, __ATOMIC_RELAXED);
	do
		if (chunk->end - top < room)
			return NULL;
	while (!__atomic_compare_exchange_n(&chunk->top, &top, top + room, 1,
					    __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED));
	return (unsigned char *)chunk + top;
}

static void count_up(uint32_t *number)
{
	if (++*number == 0)
		*number = 1;
}

/* 0: a call is needed. */
static int reset(struct mems_arena_words *words)
{
	if (words->lifetime != MEMS_TRANSIENT || words->chunks != 1 ||
	    words->flags != 0)
		return 0;
	count_up(&words->head.generation);
	count_up(&words->resets);
	words->head.top = MEMS_ARENA_FRONT;
	return 1;
}

static int rewind_to(struct mems_arena_words *words, uint32_t resets,
		     uint32_t chunk, uint32_t top)
{
	if (words->flags != 0 || words->resets != resets ||
	    words->head.chunk != chunk || words->head.top < top)
		return 0;
	count_up(&words->head.generation);
	words->head.top = top;
	return 1;
}

/* A memory checker has each block asked for: nothing is left to bump. */
static int is_watched(void)
{
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;
	mems_arena *arena;
	int watched;

	options.space = space;
	arena = mems_arena_create(&options);
	watched = mems_arena_alloc(arena, 16) == NULL ||
		  bump(words_of(arena), 16) == NULL;
	mems_arena_destroy(arena);
	return watched;
}

static mems_arena *make_arena(uint32_t lifetime, uint32_t flags)
{
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;

	options.space = space;
	options.lifetime = lifetime;
	options.flags = flags;
	return mems_arena_create(&options);
}

static int is_sound_arena(mems_arena *arena)
{
	char report[100] = "";
	int rc = mems_arena_verify(arena, report, sizeof(report));

	if (rc != 0)
		diag("mems_arena_verify: %d: %s", rc, report);
	return rc == 0;
}

enum { BUMPED = 4000 };

struct bumped {
	unsigned char *blocks[BUMPED];
	uint32_t sizes[BUMPED];
};

static int bumped_are_whole(const struct bumped *all, int count)
{
	for (int i = 0; i < count; i++)
		if (!is_full_of(all->blocks[i], i, all->sizes[i]))
			return 0;
	return 1;
}

static void blocks_of_an_arena_lie_one_behind_the_other(uint32_t lifetime,
							const char *which)
{
	static struct bumped all;
	mems_arena *arena = make_arena(lifetime, 0);
	struct mems_arena_words *words = words_of(arena);
	struct rng rng = rng_make(test_seed(), lifetime);
	int wrong = 0, by_words = 0;

	is(words->kind, MEMS_WORDS_ARENA, "%s: its words say what it is",
	   which);
	is(words->lifetime, lifetime, "%s: and how long it lives", which);
	for (int i = 0; i < BUMPED; i++) {
		uint32_t size = (uint32_t)rng_size(&rng, 1, 300);
		unsigned char *block = NULL;

		if (rng_below(&rng, 3) > 0)
			block = bump(words, size);
		by_words += block != NULL;
		if (block == NULL)
			block = mems_arena_alloc(arena, size);
		wrong += !is_aligned(block, 16) ||
			 mems_arena_contains(arena, block) != 1 ||
			 mems_arena_contains(arena, block + size - 1) != 1;
		memset(block, i, size);
		all.blocks[i] = block;
		all.sizes[i] = size;
		if (i % 500 == 0)
			wrong += !is_sound_arena(arena);
	}
	ok(by_words > BUMPED / 2, "%s: %d blocks are had by a store", which,
	   by_words);
	is(wrong, 0, "%s: each lies where it should", which);
	ok(bumped_are_whole(&all, BUMPED), "%s: and is its own", which);
	ok(is_sound_arena(arena), "%s: the arena is sound", which);
	mems_arena_reset(arena);
	ok(bump(words, 1) == all.blocks[0],
	   "%s: after a reset the first block lies where it did", which);
	ok(is_sound_arena(arena), "%s: the arena is sound", which);
	mems_arena_destroy(arena);
}

static void nothing(void *arg)
{
	(void)arg;
}

static void an_arena_is_reset_by_words(void)
{
	mems_arena *arena = make_arena(MEMS_TRANSIENT, 0);
	struct mems_arena_words *words = words_of(arena);
	void *first = bump(words, 100), *second;
	mems_arena_ref ref = mems_arena_refer(arena, first);
	mems_arena_mark mark = mems_arena_save(arena);
	uint32_t top = words->head.top;

	second = bump(words, 16);
	ok(rewind_to(words, words->resets, words->head.chunk, top),
	   "an arena is rewound by words");
	ok(mems_arena_find(arena, ref) == NULL,
	   "references from before find nothing");
	ok(bump(words, 16) == second, "the next block lies where one ended");
	is(mems_arena_rewind(arena, mark), 0, "a mark of C's is still good");
	ok(reset(words), "an arena is reset by words");
	ok(bump(words, 100) == first,
	   "the first block lies where the first one did");
	is(mems_arena_rewind(arena, mark), -ESTALE,
	   "a mark of C's is known to be from before");
	ok(is_sound_arena(arena), "the arena is sound");

	mems_arena_cleanup(arena, nothing, NULL);
	ok(!reset(words), "with a cleanup set it takes a call");
	mems_arena_reset(arena);
	ok(reset(words), "and after that no more");
	ok(mems_arena_alloc(arena, 1 << 20) != NULL && !reset(words),
	   "with a second chunk it takes a call");
	ok(is_sound_arena(arena), "the arena is sound");
	mems_arena_destroy(arena);
}

struct bumper {
	pthread_t thread;
	mems_arena *arena;
	struct bumped all;
	uint64_t wrong, by_words;
	int number;
};

static void *bump_along(void *arg)
{
	struct bumper *bumper = arg;
	struct mems_arena_words *words = words_of(bumper->arena);
	struct rng rng = rng_make(5, (uint64_t)bumper->number);

	for (int i = 0; i < BUMPED; i++) {
		uint32_t size = (uint32_t)rng_size(&rng, 1, 300);
		unsigned char *block = NULL;

		/* Two of them know the words, the others do not. */
		if (bumper->number % 2 == 0)
			block = bump_shared(words, size);
		bumper->by_words += block != NULL;
		if (block == NULL)
			block = mems_arena_alloc(bumper->arena, size);
		bumper->wrong += block == NULL;
		memset(block, i, size);
		bumper->all.blocks[i] = block;
		bumper->all.sizes[i] = size;
	}
	return NULL;
}

static void threads_bump_a_shared_arena(void)
{
	enum { THREADS = 4 };
	static struct bumper bumpers[THREADS];
	mems_arena *arena = make_arena(MEMS_TRANSIENT, MEMS_ARENA_SHARED);
	uint64_t wrong = 0, by_words = 0;

	is(words_of(arena)->head.end, words_of(arena)->head.top,
	   "a shared arena's head has no room");
	for (int i = 0; i < THREADS; i++) {
		bumpers[i].arena = arena;
		bumpers[i].number = i;
		pthread_create(&bumpers[i].thread, NULL, bump_along,
			       &bumpers[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(bumpers[i].thread, NULL);
		wrong += bumpers[i].wrong;
		by_words += bumpers[i].by_words;
	}
	for (int i = 0; i < THREADS; i++)
		wrong += !bumped_are_whole(&bumpers[i].all, BUMPED);
	is(wrong, 0, "%d threads move its top, by words and by calls",
	   THREADS);
	ok(by_words > BUMPED, "%d times by words", (int)by_words);
	ok(is_sound_arena(arena), "the arena is sound");
	mems_arena_destroy(arena);
}

/* ------------------------------------------------------------------- slabs */

/* What an owner in another language knows. */
struct owner {
	const struct mems_store_words *store;
	uint32_t store_unit;
	uint32_t magazine;	/* unit */
	uint64_t takes, frees;	/* by words */
};

/* The start of the slab in which a place would be, by offsets alone. */
static unsigned char *slab_start(const struct mems_store_words *store,
				 const void *block)
{
	size_t offset = (size_t)((const unsigned char *)block - data);
	size_t size = (size_t)1 << store->shift;

	return data + ((offset - store->skew) & ~(size - 1)) + store->skew;
}

/* And its front. */
static struct mems_slab_words *slab_around(const struct mems_store_words *store,
					   const void *block)
{
	unsigned char *start = slab_start(store, block);
	size_t place = ((size_t)(start - data) - store->skew) >> store->shift;

	return (void *)(start + (place & store->colors) * 64);
}

/* Is it a slab of this store? The table says so. */
static int is_slab(const struct owner *owner,
		   const struct mems_slab_words *slab)
{
	const struct mems_store_words *store = owner->store;
	const struct mems_table_entry *table;

	if (slab->kind != MEMS_WORDS_SLAB || slab->store != owner->store_unit ||
	    slab->number == 0 || slab->number >= store->count ||
	    store->table == MEMS_UNIT_NONE)
		return 0;
	table = at(store->table);
	return table[slab->number].unit == unit_of(slab);
}

static struct mems_rounds *rounds_of(const struct owner *owner, uint32_t class)
{
	struct mems_magazine_words *words = at(owner->magazine);

	return &words->rounds[class];
}

/* NULL: a call is needed. */
static void *take(struct owner *owner, uint32_t class)
{
	uint32_t unit = rounds_of(owner, class)->current, word, slot, *bits;
	struct mems_slab_words *slab;

	if (unit == MEMS_UNIT_NONE)
		return NULL;
	slab = at(unit);
	bits = mems_slab_bits(slab);
	word = slab->hint;
	if (word >= slab->words || bits[word] == 0) {
		for (word = 0; word < slab->words && bits[word] == 0; word++)
			;
		if (word == slab->words)
			return NULL;
		slab->hint = word;
	}
	slot = word * 32 + (uint32_t)__builtin_ctz(bits[word]);
	bits[word] &= bits[word] - 1;
	owner->takes++;
	return slab_start(owner->store, slab) + slab->first +
	       (size_t)slot * slab->size;
}

static void add_to_list(struct owner *owner, struct mems_slab_words *slab)
{
	struct mems_rounds *rounds = rounds_of(owner, slab->size_class);
	uint32_t unit = unit_of(slab);

	slab->next = MEMS_UNIT_NONE;
	slab->previous = rounds->last;
	if (rounds->last == MEMS_UNIT_NONE)
		rounds->first = unit;
	else
		((struct mems_slab_words *)at(rounds->last))->next = unit;
	rounds->last = unit;
	slab->place = MEMS_SLAB_PARTIAL;
}

/* Is no other slot in use? */
static int is_last(struct mems_slab_words *slab, uint32_t slot)
{
	const uint32_t *bits = mems_slab_bits(slab);

	for (uint32_t i = 0; i < slab->slots; i++)
		if (i != slot && (bits[i / 32] >> i % 32 & 1) == 0)
			return 0;
	return 1;
}

/* 1: a call is needed; else 0 or -EINVAL. */
static int give(struct owner *owner, void *block)
{
	struct mems_slab_words *slab = slab_around(owner->store, block);
	size_t offset = (size_t)((unsigned char *)block -
				 slab_start(owner->store, block));
	uint32_t slot, bit, *word;

	if (!is_slab(owner, slab) || slab->magazine != owner->magazine)
		return 1;
	if (offset < slab->first || (offset - slab->first) % slab->size != 0)
		return -EINVAL;
	slot = (uint32_t)((offset - slab->first) / slab->size);
	if (slot >= slab->slots)
		return -EINVAL;
	word = mems_slab_bits(slab) + slot / 32;
	bit = (uint32_t)1 << slot % 32;
	if (((word[0] | word[slab->words]) & bit) != 0)
		return -EINVAL;
	if (slab->place == MEMS_SLAB_PARTIAL && is_last(slab, slot))
		return 1;
	*word |= bit;
	if (slab->place == MEMS_SLAB_FULL)
		add_to_list(owner, slab);
	owner->frees++;
	return 0;
}

/* A cache, a depot or an arena, with handles of this thread. */
struct subject {
	const char *name;
	mems_slab *slabs[2];
	mems_depot *depots[2];
	mems_arena *arena;
	size_t slot_size;	/* of a cache */
};

static void *call_alloc(const struct subject *subject, int n, size_t size)
{
	if (subject->arena != NULL)
		return mems_arena_alloc(subject->arena, size);
	return subject->slot_size > 0 ? mems_slab_alloc(subject->slabs[n]) :
	       mems_depot_alloc(subject->depots[n], size);
}

static int call_free(const struct subject *subject, int n, void *block)
{
	if (subject->arena != NULL)
		return mems_arena_free(subject->arena, block);
	return subject->slot_size > 0 ?
	       mems_slab_free(subject->slabs[n], block) :
	       mems_depot_free(subject->depots[n], block);
}

static int is_in_use(const struct subject *subject, const void *block)
{
	if (subject->arena != NULL)
		return mems_arena_contains(subject->arena, block) == 1;
	return subject->slot_size > 0 ?
	       mems_slab_contains(subject->slabs[1], block) == 1 :
	       mems_depot_usable_size(subject->depots[1], block) > 0;
}

static int is_sound(const struct subject *subject)
{
	if (subject->arena != NULL)
		return is_sound_arena(subject->arena);
	return subject->slot_size > 0 ? slab_is_sound(subject->slabs[0]) :
	       depot_is_sound(subject->depots[0]);
}

static mems_va address_of(const struct subject *subject)
{
	if (subject->arena != NULL)
		return MEMS_VA_FIRST +
		       ((mems_va)words_of(subject->arena)->store <<
			MEMS_UNIT_SHIFT);
	return subject->slot_size > 0 ? mems_slab_address(subject->slabs[0]) :
	       mems_depot_address(subject->depots[0]);
}

/* Of an arena nobody tells; what a first call gave says whose it is. */
static mems_va magazine_of(const struct subject *subject, const void *block,
			   const struct mems_store_words *store)
{
	if (subject->arena != NULL)
		return MEMS_VA_FIRST +
		       ((mems_va)slab_around(store, block)->magazine <<
			MEMS_UNIT_SHIFT);
	return subject->slot_size > 0 ? mems_slab_magazine(subject->slabs[0]) :
	       mems_depot_magazine(subject->depots[0]);
}

static int learn(const struct subject *subject, struct owner *owner)
{
	void *block = call_alloc(subject, 0, 16);
	struct mems_magazine_words *words;
	struct mems_slab_words *slab;

	*owner = (struct owner){
		.store = mems_space_get(space, address_of(subject)) };
	owner->store_unit = unit_of(owner->store);
	slab = slab_around(owner->store, block);
	owner->magazine = unit_of(mems_space_get(space,
			magazine_of(subject, block, owner->store)));
	words = at(owner->magazine);
	return owner->store->kind == MEMS_WORDS_STORE &&
	       slab->magazine == owner->magazine &&
	       is_slab(owner, slab) && words->kind == MEMS_WORDS_MAGAZINE &&
	       words->store == owner->store_unit &&
	       call_free(subject, 0, block) == 0;
}

enum { LIVE = 1500 };

static unsigned char *live[LIVE];
static size_t sizes[LIVE];

static int fill_one(const struct subject *subject, struct owner *owner, int i,
		    struct rng *rng)
{
	size_t size = subject->slot_size > 0 ? subject->slot_size :
		      (size_t)rng_size(rng, 1, MEMS_SMALL_MOST);
	uint32_t class = subject->slot_size > 0 ? 0 :
			 mems_small_class((uint32_t)size);
	unsigned char *block = NULL;
	int by = (int)rng_below(rng, 4);

	if (by >= 2)
		block = take(owner, class);
	if (block == NULL)
		block = call_alloc(subject, by == 1, size);
	if (block == NULL || !is_in_use(subject, block))
		return 1;
	memset(block, i, size);
	live[i] = block;
	sizes[i] = size;
	return 0;
}

static int end_one(const struct subject *subject, struct owner *owner, int i,
		   struct rng *rng)
{
	unsigned char *block = live[i];
	int by = (int)rng_below(rng, 4), rc = 1;

	if (!is_full_of(block, i, sizes[i]))
		return 1;
	live[i] = NULL;
	if (by >= 2)
		rc = give(owner, block);
	if (rc == 1)
		rc = call_free(subject, by == 1, block);
	/* Free is free, for words and for calls. */
	return rc != 0 || is_in_use(subject, block) ||
	       give(owner, block) == 0 ||
	       call_free(subject, 0, block) != -EINVAL ||
	       call_free(subject, 1, block) != -EINVAL;
}

static void words_and_calls_agree(const struct subject *subject, uint64_t seed)
{
	struct rng rng = rng_make(seed, subject->slot_size);
	uint64_t rounds = test_scaled(100000), round;
	struct owner owner;
	int wrong = 0, grows = 1;

	memset(live, 0, sizeof(live));
	ok(learn(subject, &owner), "%s: a block leads to the owner's words",
	   subject->name);
	for (round = 0; wrong == 0 && round < rounds; round++) {
		int i = (int)rng_below(&rng, LIVE);

		if (round % 3000 == 0)
			grows = rng_below(&rng, 2) == 0;
		if (live[i] == NULL && (grows || rng_below(&rng, 4) == 0))
			wrong += fill_one(subject, &owner, i, &rng);
		else if (live[i] != NULL &&
			 (!grows || rng_below(&rng, 4) == 0))
			wrong += end_one(subject, &owner, i, &rng);
		if (round % 1009 == 0)
			wrong += !is_sound(subject);
	}
	is(wrong, 0, "%s: words and calls give and take (round %d)",
	   subject->name, (int)round);
	ok(owner.takes > rounds / 20 && owner.frees > rounds / 20,
	   "%s: %d times a slot was taken by words, %d times given",
	   subject->name, (int)owner.takes, (int)owner.frees);
	for (int i = 0; i < LIVE; i++)
		if (live[i] != NULL)
			wrong += !is_full_of(live[i], i, sizes[i]);
	is(wrong, 0, "%s: every block is whole", subject->name);
	for (int i = 0; i < LIVE; i++)
		if (live[i] != NULL)
			wrong += end_one(subject, &owner, i, &rng);
	is(wrong, 0, "%s: and can be freed", subject->name);
	ok(is_sound(subject), "%s: it is sound", subject->name);
}

static void a_cache_is_used_by_words(size_t slot_size, uint64_t seed)
{
	struct subject subject = { .name = "a cache",
		.slot_size = slot_size };
	const struct mems_store_words *store;

	subject.slabs[0] = slab_make(space, NULL, slot_size, 0);
	subject.slabs[1] = mems_slab_share(subject.slabs[0]);
	store = mems_space_get(space, mems_slab_address(subject.slabs[0]));
	is(store->classes, 1, "a cache has one class");
	is(store->size, slab_stats(subject.slabs[0]).slot_size,
	   "its words tell the size of a slot");
	words_and_calls_agree(&subject, seed);
	mems_slab_shrink(subject.slabs[1], NULL);
	mems_slab_shrink(subject.slabs[0], NULL);
	is(slab_stats(subject.slabs[0]).held, 0, "nothing is held");
	mems_slab_detach(subject.slabs[1]);
	mems_slab_detach(subject.slabs[0]);
}

static void a_depot_is_used_by_words(uint64_t seed)
{
	struct subject subject = { .name = "a depot" };
	const struct mems_store_words *store;

	subject.depots[0] = depot_make(space);
	subject.depots[1] = mems_depot_share(subject.depots[0]);
	store = mems_space_get(space, mems_depot_address(subject.depots[0]));
	is(store->classes, MEMS_SMALL_CLASSES, "a depot has all classes");
	words_and_calls_agree(&subject, seed);
	mems_depot_shrink(subject.depots[1], NULL);
	mems_depot_shrink(subject.depots[0], NULL);
	is(depot_stats(subject.depots[0]).held, 0, "nothing is held");
	mems_depot_detach(subject.depots[1]);
	mems_depot_detach(subject.depots[0]);
}

static void an_arena_is_used_by_words(uint64_t seed)
{
	struct subject subject = { .name = "an intermediate arena",
		.arena = make_arena(MEMS_INTERMEDIATE, 0) };

	is(words_of(subject.arena)->head.end,
	   words_of(subject.arena)->head.top,
	   "an intermediate arena's head has no room");
	words_and_calls_agree(&subject, seed);
	mems_arena_destroy(subject.arena);
}

/* The class of a size, told from what the comment says alone. */
static void classes_are_as_described(void)
{
	uint32_t wrong = 0, size = 1, class = 0, apart = 16;

	for (uint32_t most = 16; most <= MEMS_SMALL_MOST; most += apart) {
		for (; size <= most; size++)
			wrong += mems_small_class(size) != class;
		class++;
		/* Eight to each doubling. */
		if (most >= 128 && (most & (most - 1)) == 0)
			apart = most / 8;
	}
	is(wrong, 0, "mems_small_class() is as it is described");
	is(class, MEMS_SMALL_CLASSES, "there are so many classes");
}

int main(void)
{
	uint64_t seed = test_seed();

	space = space_make(0);
	data = mems_space_get(space, MEMS_VA_FIRST);
	if (data == NULL) {
		/* Nothing is there yet. */
		mems_va va = mems_space_alloc(space, 16);

		data = (unsigned char *)mems_space_get(space, va) -
		       (va - MEMS_VA_FIRST);
		mems_space_free(space, va);
	}
	classes_are_as_described();
	if (is_watched()) {
		skip("a memory checker wants to know of each block");
		return done_testing();
	}
	blocks_of_an_arena_lie_one_behind_the_other(MEMS_TRANSIENT,
						    "transient");
	blocks_of_an_arena_lie_one_behind_the_other(MEMS_PERSISTENT,
						    "persistent");
	an_arena_is_reset_by_words();
	threads_bump_a_shared_arena();
	a_cache_is_used_by_words(16, seed);
	a_cache_is_used_by_words(208, seed);
	a_cache_is_used_by_words(5000, seed);
	a_depot_is_used_by_words(seed);
	an_arena_is_used_by_words(seed);
	is(space_stats(space).used, 0, "the space has all back");
	ok(space_is_sound(space), "and is sound");
	mems_space_destroy(space);
	return done_testing();
}
