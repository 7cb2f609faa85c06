/* Arenas, as users see them. */
#include <config.h>

#include "arena/arena.h"

#include "base/align.h"
#include "base/text.h"
#include "os/fork.h"
#include "os/pool.h"
#include "os/watch.h"
#include "slab/fast.h"
#include "space/space.h"

#include <errno.h>
#include <string.h>

/* Bytes of blocks in the first chunk; with its words a page. */
#define FIRST (4096 - FRONT)
#define ALIGNMENT_MOST 65536

/* Slabs of intermediate arenas: 8 KiB, since there may be many of these. */
#define SLAB_SHIFT 13

static struct lock arenas_lock = LOCK_INIT(LOCK_ARENAS);
static struct arena *arenas;	/* all that there ever were */
static struct arena *unused;	/* those of them that ended, */
static struct arena *spare;	/* and one that is had without the lock */
static struct pool pool = {
	.size = (sizeof(struct arena) + 63) & ~(size_t)63,
	.link = offsetof(struct arena, unused),
};

/* -------------------------------------------------------------------- fork */

static void before_fork(void)
{
	mems__lock_take_unranked(&arenas_lock);
	for (struct arena *arena = arenas; arena != NULL; arena = arena->next)
		mems__lock_take_unranked(&arena->lock);
}

static void in_parent(void)
{
	for (struct arena *arena = arenas; arena != NULL; arena = arena->next)
		mems__lock_drop_unranked(&arena->lock);
	mems__lock_drop_unranked(&arenas_lock);
}

static void in_child(void)
{
	arenas_lock.word = 0;
	for (struct arena *arena = arenas; arena != NULL; arena = arena->next) {
		arena->lock.word = 0;
		if (arena->alive == ARENA_ALIVE &&
		    !mems__source_came_along(&arena->source))
			arena->alive = 0;
	}
}

/* After the hooks of the layers below, whose locks are taken later. */
static bool start(void)
{
	static bool hooked;

	hooked = hooked || (mems__stores_start() &&
			    mems__fork_hooks(before_fork, in_parent, in_child));
	return hooked;
}

/* ---------------------------------------------------------------- creation */

static bool is_right(const struct mems_arena_options *options)
{
	bool bumps = options->lifetime != MEMS_INTERMEDIATE;

	return options->size == sizeof(*options) &&
	       options->lifetime <= MEMS_PERSISTENT &&
	       (options->flags & ~MEMS_ARENA_SHARED) == 0 &&
	       options->reserved == 0 && options->first <= 1u << 30 &&
	       (bumps || options->first == 0) &&
	       (options->cap == 0 || !bumps ||
		options->first <= options->cap);
}

/* A child lies where its parent does, unless it says otherwise. */
static bool find_source(const struct mems_arena_options *options,
			struct source *source)
{
	struct arena *parent = NULL;

	if (options->parent != NULL) {
		parent = mems__arena_of(options->parent);
		if (parent == NULL)
			return false;
	}
	if (parent != NULL && options->space == NULL && options->heap == NULL)
		return mems__source_begin(source, parent->source.space,
					  parent->source.heap);
	return mems__source_begin(source, options->space, options->heap);
}

/* One that ended, or a new one, which stays in the list of all for good. */
static struct arena *take_locked(void)
{
	struct arena *arena = NULL;

	mems__lock_take(&arenas_lock);
	if (unused != NULL) {
		arena = unused;
		unused = arena->unused;
	} else if (start() && (arena = mems__pool_take(&pool)) != NULL) {
		arena->lock = (struct lock)LOCK_INIT(LOCK_ARENA);
		arena->next = arenas;
		arenas = arena;
	}
	mems__lock_drop(&arenas_lock);
	return arena;
}

static struct arena *take(void)
{
	struct arena *arena = __atomic_exchange_n(&spare, NULL,
						  __ATOMIC_ACQUIRE);

	if (arena == NULL)
		arena = take_locked();
	if (arena == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	memset(&arena->lifetime, 0, offsetof(struct arena, lock) -
				    offsetof(struct arena, lifetime));
	return arena;
}

static void give(struct arena *arena)
{
	arena = __atomic_exchange_n(&spare, arena, __ATOMIC_ACQ_REL);
	if (arena == NULL)
		return;
	mems__lock_take(&arenas_lock);
	arena->unused = unused;
	unused = arena;
	mems__lock_drop(&arenas_lock);
}

static bool make_store(struct arena *arena)
{
	struct store_plan plan = {
		.source = arena->source,
		.shift = SLAB_SHIFT,
		/* One block of so many bytes must fit. */
		.cap = arena->cap == 0 ? 0 : mems__store_room(arena->cap),
	};

	arena->store = mems__store_create(&plan);
	if (arena->store == NULL)
		return false;
	if (!arena->shared && arena->cap == 0 && !arena->watched)
		mems__owner_settle(&arena->store->common, &mems__any_thread);
	arena->words->store = mems__unit_of(&arena->source,
					    arena->store->words);
	return true;
}

static bool build(struct arena *arena, const struct mems_arena_options *options)
{
	uint32_t first = options->first;
	struct mems_chunk_words *chunk;

	if (arena->lifetime == MEMS_INTERMEDIATE) {
		chunk = mems__chunk_first(arena, 0);
		if (chunk == NULL)
			return false;
		if (make_store(arena))
			return true;
		(void)mems__chunk_give(arena, chunk);
		return false;
	}
	if (first == 0)
		first = (uint32_t)(arena->cap != 0 ?
				   mems__min(arena->cap, FIRST) : FIRST);
	return mems__chunk_first(arena, first) != NULL;
}

mems_arena *mems_arena_create(const struct mems_arena_options *options)
{
	static const struct mems_arena_options defaults = MEMS_ARENA_OPTIONS;
	struct source source;
	struct arena *arena;

	if (options == NULL)
		options = &defaults;
	if (!is_right(options) || !find_source(options, &source)) {
		errno = EINVAL;
		return NULL;
	}
	arena = take();
	if (arena == NULL)
		return NULL;
	arena->source = source;
	arena->lifetime = options->lifetime;
	arena->cap = options->cap;
	arena->handles = 1;
	arena->shared = (options->flags & MEMS_ARENA_SHARED) != 0;
	arena->watched = mems__watched();
	if (!build(arena, options)) {
		give(arena);
		return NULL;
	}
	if (options->parent != NULL)
		mems__ending_add_child(mems__arena_of(options->parent), arena);
	/* Whoever attaches may look at it from now on. */
	__atomic_store_n(&arena->alive, ARENA_ALIVE, __ATOMIC_RELEASE);
	return &arena->face;
}

/* --------------------------------------------------------------- the blocks */

static void *take_block(struct arena *arena, size_t size, size_t alignment)
{
	if (size == 0) {
		errno = EINVAL;
		return NULL;
	}
	if (arena->lifetime != MEMS_INTERMEDIATE)
		return mems__bump(arena, size, alignment);
	/* With the size of a slot, so that it is freed as one would be. */
	if (alignment > 16 && size <= MEMS_SMALL_MOST)
		size = mems__store_room(size);
	if (alignment > 16)
		return mems__large_make(arena->store, size, alignment);
	return mems__store_alloc(&arena->store->common, size);
}

/* Others may have written the words of an arena in a space. */
static bool may_be(const struct arena *arena, const void *block, size_t size)
{
	return arena->source.space == NULL ||
	       mems__source_has(&arena->source, block, size);
}

void *mems_arena_alloc(mems_arena *handle, size_t size)
{
	struct arena *arena = mems__arena_of(handle);
	struct mems_arena_head *head;
	uint32_t top;
	char *block;

	if (arena == NULL)
		return NULL;
	head = handle->head;
	top = head->top;
	if (size - 1 >= head->end - top)
		return take_block(arena, size, 16);
	block = (char *)mems__at_unit(&arena->source, head->chunk) + top;
	if (unlikely(!may_be(arena, block, size)))
		return take_block(arena, size, 16);
	head->top = top + (((uint32_t)size + 15) & ~(uint32_t)15);
	return block;
}

void *mems_arena_aligned_alloc(mems_arena *handle, size_t alignment,
			       size_t size)
{
	struct arena *arena = mems__arena_of(handle);

	if (arena == NULL)
		return NULL;
	if (!mems__is_power_of_2(alignment) || alignment > ALIGNMENT_MOST) {
		errno = EINVAL;
		return NULL;
	}
	return take_block(arena, size, alignment < 16 ? 16 : alignment);
}

void *mems_arena_calloc(mems_arena *handle, size_t count, size_t size)
{
	size_t bytes;
	void *block;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	block = mems_arena_alloc(handle, bytes);
	if (block != NULL)
		memset(block, 0, bytes);
	return block;
}

char *mems_arena_strndup(mems_arena *handle, const char *text, size_t length)
{
	const char *end;
	char *copy;

	if (text == NULL) {
		errno = EINVAL;
		return NULL;
	}
	end = memchr(text, '\0', length);
	if (end != NULL)
		length = (size_t)(end - text);
	if (length == SIZE_MAX) {
		errno = ENOMEM;
		return NULL;
	}
	copy = mems_arena_alloc(handle, length + 1);
	if (copy == NULL)
		return NULL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *mems_arena_strdup(mems_arena *handle, const char *text)
{
	return mems_arena_strndup(handle, text,
				  text == NULL ? 0 : strlen(text));
}

/* The chunk that has handed this byte out, or NULL. */
static struct mems_chunk_words *chunk_of(const struct arena *arena,
					 const void *memory)
{
	struct mems_chunk_words *chunk = mems__chunk_current(arena);

	for (unsigned i = 0; chunk != NULL && i < CHAIN_MOST; i++) {
		size_t offset = (size_t)((const char *)memory -
					 (const char *)chunk);

		if (offset < mems__chunk_top(arena, chunk))
			return offset < mems__chunk_start(arena, chunk) ?
			       NULL : chunk;
		chunk = mems__chunk_at(arena, chunk->before);
	}
	return NULL;
}

/* Does `size` bring what is freed back? The last block of the last chunk. */
static void take_back(struct arena *arena, struct mems_chunk_words *chunk,
		      void *block, size_t size)
{
	uint32_t first = (uint32_t)((char *)block - (char *)chunk);
	uint64_t end = first + mems__round_up((uint64_t)size, 16);

	if (arena->shared || arena->lifetime != MEMS_TRANSIENT ||
	    chunk != mems__chunk_current(arena) ||
	    end != arena->face.head->top)
		return;
	if (arena->watched) {
		mems__watch_forbid(block, (size_t)(end - first));
		arena->face.head->end = first;
	}
	arena->face.head->top = first;
}

/* `size` 0: it is not known. */
static int free_block(struct arena *arena, void *block, size_t size)
{
	struct mems_chunk_words *chunk;
	size_t room;

	if (block == NULL)
		return -EINVAL;
	if (arena->lifetime == MEMS_INTERMEDIATE) {
		room = size == 0 ? 0 : mems__store_size(arena->store, block);
		if (size > room || (size > 0 && room != mems__store_room(size)))
			return -EINVAL;
		return mems__store_free(&arena->store->common, block);
	}
	chunk = chunk_of(arena, block);
	if (chunk == NULL || (uintptr_t)block % 16 != 0)
		return -EINVAL;
	if (size > mems__chunk_top(arena, chunk) -
	    (size_t)((char *)block - (char *)chunk))
		return -EINVAL;
	if (arena->lifetime == MEMS_PERSISTENT) {
		__atomic_fetch_add(&arena->frees, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&arena->words->frees, 1, __ATOMIC_RELAXED);
	} else if (size > 0) {
		take_back(arena, chunk, block, size);
	}
	return 0;
}

int mems_arena_free(mems_arena *handle, void *block)
{
	struct arena *arena = mems__arena_of(handle);

	return arena == NULL ? -EINVAL : free_block(arena, block, 0);
}

int mems_arena_free_sized(mems_arena *handle, void *block, size_t size)
{
	struct arena *arena = mems__arena_of(handle);

	return arena == NULL || size == 0 ? -EINVAL :
					    free_block(arena, block, size);
}

int mems_arena_contains(const mems_arena *handle, const void *memory)
{
	struct arena *arena = mems__arena_of(handle);

	if (arena == NULL)
		return -EINVAL;
	if (arena->lifetime == MEMS_INTERMEDIATE)
		return mems__store_size(arena->store, memory) > 0;
	return chunk_of(arena, memory) != NULL;
}

/* ----------------------------------------------------------- marks and ends */

static void advance(uint32_t *number)
{
	uint32_t next = *number + 1;

	*number = next != 0 ? next : 1;
}

static void next_generation(struct arena *arena)
{
	advance(&arena->face.head->generation);
}

int mems_arena_reset(mems_arena *handle)
{
	struct arena *arena = mems__arena_of(handle);

	if (arena == NULL)
		return -EINVAL;
	if (unlikely(arena->endings != NULL))
		mems__endings_call(arena, 0);
	next_generation(arena);
	advance(&arena->words->resets);
	/* Most often there is nothing else to do. */
	if (arena->chunks == 1 && arena->lifetime == MEMS_TRANSIENT &&
	    !arena->shared && !arena->watched) {
		arena->face.head->top = FRONT;
		return 0;
	}
	arena->frees = arena->words->frees = 0;
	if (arena->lifetime == MEMS_INTERMEDIATE)
		mems__store_reset(arena->store);
	else
		mems__chunk_return(arena, mems__unit_of(&arena->source,
				   (struct mems_chunk_words *)
				   (void *)arena->words - 1), FRONT);
	return 0;
}

mems_arena_mark mems_arena_save(mems_arena *handle)
{
	struct arena *arena = mems__arena_of(handle);
	mems_arena_mark mark = { 0, 0, 0, 0, 0 };

	if (arena == NULL)
		return mark;
	if (arena->shared || arena->lifetime == MEMS_INTERMEDIATE) {
		errno = EINVAL;
		return mark;
	}
	mark.generation = arena->words->resets;
	mark.chunk = arena->face.head->chunk;
	mark.top = arena->face.head->top;
	mark.cleanups = arena->numbers;
	return mark;
}

int mems_arena_rewind(mems_arena *handle, mems_arena_mark mark)
{
	struct arena *arena = mems__arena_of(handle);
	struct mems_chunk_words *chunk;
	unsigned i = 0;

	if (arena == NULL || arena->shared || mark.generation == 0 ||
	    arena->lifetime == MEMS_INTERMEDIATE)
		return -EINVAL;
	if (mark.generation != arena->words->resets ||
	    mark.cleanups > arena->numbers)
		return -ESTALE;
	chunk = mems__chunk_current(arena);
	while (chunk != NULL && i++ < CHAIN_MOST &&
	       mems__unit_of(&arena->source, chunk) != mark.chunk)
		chunk = mems__chunk_at(arena, chunk->before);
	if (chunk == NULL ||
	    mems__unit_of(&arena->source, chunk) != mark.chunk ||
	    mark.top > mems__chunk_top(arena, chunk) ||
	    mark.top < mems__chunk_start(arena, chunk) || mark.top % 16 != 0)
		return -ESTALE;
	mems__endings_call(arena, mark.cleanups);
	/* References to what ends here must not find what comes there next. */
	next_generation(arena);
	mems__chunk_return(arena, mark.chunk, mark.top);
	return 0;
}

void mems__arena_end(struct arena *arena)
{
	struct mems_chunk_words *first = (struct mems_chunk_words *)
					 (void *)arena->words - 1;

	mems__endings_call(arena, 0);
	if (arena->parent != NULL)
		mems__ending_remove(arena->parent, &arena->in_parent);
	__atomic_store_n(&arena->alive, 0, __ATOMIC_RELAXED);
	if (arena->store != NULL) {
		mems__store_end(arena->store);
		mems__store_drop(arena->store);
	} else if (arena->chunks > 1) {
		mems__chunk_return(arena, mems__unit_of(&arena->source, first),
				   FRONT);
	}
	next_generation(arena);
	arena->words->kind = 0;
	(void)mems__chunk_give(arena, first);
	give(arena);
}

int mems_arena_destroy(mems_arena *handle)
{
	struct arena *arena = mems__arena_of(handle);

	if (arena == NULL || arena->lasting)
		return -EINVAL;
	mems__arena_end(arena);
	return 0;
}

int mems_arena_cleanup(mems_arena *handle, mems_arena_cleanup_fn *callback,
		       void *arg)
{
	struct arena *arena = mems__arena_of(handle);

	if (arena == NULL || callback == NULL)
		return -EINVAL;
	return mems__ending_add(arena, callback, arg) ? 0 : -ENOMEM;
}

/* -------------------------------------------------------------- references */

mems_arena_ref mems_arena_refer(const mems_arena *handle, const void *block)
{
	const struct arena *arena = mems__arena_of(handle);
	mems_arena_ref ref = { 0, 0 };

	if (arena == NULL)
		return ref;
	if (mems_arena_contains(handle, block) != 1 ||
	    (uintptr_t)block % 16 != 0) {
		errno = EINVAL;
		return ref;
	}
	ref.generation = arena->face.head->generation;
	ref.unit = mems__unit_of(&arena->source, block);
	return ref;
}

void *mems_arena_find(const mems_arena *handle, mems_arena_ref ref)
{
	const struct arena *arena = mems__arena_of(handle);
	void *block;

	if (arena == NULL)
		return NULL;
	block = mems__at_unit(&arena->source, ref.unit);
	if (ref.generation == arena->face.head->generation &&
	    mems_arena_contains(handle, block) == 1)
		return block;
	errno = ESTALE;
	return NULL;
}

/* ------------------------------------------------------- for others to find */

mems_va mems_arena_address(const mems_arena *handle)
{
	const struct arena *arena = mems__arena_of(handle);

	if (arena == NULL)
		return MEMS_VA_NONE;
	if (arena->source.space != NULL) {
		if (arena->store != NULL)
			mems__held_none(&arena->store->common);
		return mems_space_va(arena->source.space, arena->words);
	}
	errno = ENOTSUP;
	return MEMS_VA_NONE;
}

mems_arena *mems_arena_attach(mems_space *space, mems_va va)
{
	uint32_t kind = 0;
	struct arena *arena;

	if (!mems__space_peek(space, va, &kind) ||
	    (kind ^ MEMS_WORDS_ARENA) >> 16 != 0) {
		errno = EINVAL;
		return NULL;
	}
	if (kind != MEMS_WORDS_ARENA) {
		errno = EPROTO;
		return NULL;
	}
	mems__lock_take(&arenas_lock);
	for (arena = arenas; arena != NULL; arena = arena->next)
		if (__atomic_load_n(&arena->alive, __ATOMIC_ACQUIRE) ==
			    ARENA_ALIVE &&
		    arena->source.space == space &&
		    (const void *)arena->words == mems_space_get(space, va))
			break;
	if (arena != NULL)
		arena->handles++;
	mems__lock_drop(&arenas_lock);
	if (arena != NULL)
		return &arena->face;
	errno = EINVAL;
	return NULL;
}

int mems_arena_detach(mems_arena *handle)
{
	struct arena *arena = mems__arena_of(handle);
	bool last;

	if (arena == NULL || arena->lasting)
		return -EINVAL;
	mems__lock_take(&arenas_lock);
	last = --arena->handles == 0;
	mems__lock_drop(&arenas_lock);
	if (last)
		mems__arena_end(arena);
	return 0;
}

mems_arena *mems_arena_common(int lifetime)
{
	static mems_arena *common[3];
	struct mems_arena_options options = MEMS_ARENA_OPTIONS;
	mems_arena *arena, *there = NULL;

	if (lifetime < MEMS_TRANSIENT || lifetime > MEMS_PERSISTENT) {
		errno = EINVAL;
		return NULL;
	}
	arena = __atomic_load_n(&common[lifetime], __ATOMIC_ACQUIRE);
	if (arena != NULL)
		return arena;
	options.lifetime = (uint32_t)lifetime;
	options.flags = MEMS_ARENA_SHARED;
	/* Without a lock: this may call a limit's callback. */
	arena = mems_arena_create(&options);
	if (arena == NULL)
		return NULL;
	mems__arena_of(arena)->lasting = true;
	if (__atomic_compare_exchange_n(&common[lifetime], &there, arena,
					false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return arena;
	mems__arena_end(mems__arena_of(arena));
	return there;
}

/* --------------------------------------------------------------- invariants */

static const char *check_chunks(const struct arena *arena)
{
	const struct mems_arena_head *head = arena->face.head;
	struct mems_chunk_words *chunk = mems__chunk_current(arena);
	uint32_t chunks = 0;
	uint64_t room = 0;

	if (chunk == NULL)
		return "the arena is in no chunk";
	if (arena->shared ? head->top != 0 || head->end != 0 :
	    head->top > head->end || head->end > chunk->end)
		return "the arena's place is not in its chunk";
	for (; chunk != NULL; chunk = mems__chunk_at(arena, chunk->before)) {
		uint32_t start = mems__chunk_start(arena, chunk);
		uint32_t top = mems__chunk_top(arena, chunk);

		if (++chunks > arena->chunks)
			return "there are more chunks than were counted";
		if (top < start || top % 16 != 0 || chunk->end % 16 != 0)
			return "a chunk has a wrong top";
		room += chunk->end - start;
		if (start == FRONT && chunk->before != MEMS_UNIT_NONE)
			return "there is a chunk before the first";
	}
	if (chunks != arena->chunks || arena->words->chunks != chunks)
		return "there are fewer chunks than were counted";
	if (room != arena->room)
		return "the chunks have not the room that was counted";
	return NULL;
}

static const char *check(const struct arena *arena)
{
	const struct ending *newer = NULL;
	const char *wrong;

	if (arena->words->kind != MEMS_WORDS_ARENA ||
	    arena->words->lifetime != arena->lifetime ||
	    arena->face.head->generation == 0)
		return "the words are not those of this arena";
	for (const struct ending *ending = arena->endings; ending != NULL;
	     ending = ending->older) {
		if (ending->newer != newer ||
		    (newer != NULL && ending->number >= newer->number))
			return "the list of cleanups is broken";
		newer = ending;
	}
	wrong = check_chunks(arena);
	if (wrong == NULL && arena->store != NULL)
		wrong = mems__store_check(arena->store);
	return wrong;
}

int mems_arena_verify(const mems_arena *handle, char *report, size_t length)
{
	struct arena *arena = mems__arena_of(handle);
	const char *wrong;

	if (arena == NULL)
		return -EINVAL;
	mems__arena_lock(arena);
	wrong = check(arena);
	mems__arena_drop(arena);
	if (wrong == NULL)
		return 0;
	mems__text_report(report, length, wrong);
	return -EBADMSG;
}
