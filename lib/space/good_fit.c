/*
 * Good fit: stacks of hints find a hole of the right size.
 *
 * Lengths below 16 granules have a class each, longer ones eight classes per
 * power of two. When a hole comes about, its position is pushed on the stack
 * of its class, and never taken out when the hole goes: it is a hint, checked
 * against the bits when it is popped. So a free touches one line of bits and
 * the top of one stack, and no wrong hint can do harm.
 *
 * What holds: every hole whose class is `floor` or above has a hint in the
 * stack of its class; only the hole at the break of a space that joins has
 * none (it is used last, and seen without). The blocks of the stacks come from
 * a pool that is smaller than the worst case. When it is full, or when most
 * hints must be stale, the stacks are built anew from the bits; if then the
 * holes are too many, the smallest classes are left out and `floor` rises.
 * They are looked for again when all larger holes are used up, so each such
 * search is paid for by many requests that took a hole.
 */
#include <config.h>

#include "space/good_fit.h"
#include "space/segment.h"

#include "base/align.h"
#include "os/pages.h"

#include <string.h>

#define EXACT 16		/* classes of one length each */
#define CLASSES 256		/* of lengths up to 2^32, rounded up */
#define HINTS (HINT_BLOCK - 1)
#define TRIES 8			/* holes looked at in the class of a request */

struct stack {
	uint32_t block;		/* the top block, from 1; 0: none */
	uint32_t count;		/* hints in it; HINTS if there is none */
};

struct index {
	uint64_t filled[(CLASSES + 63) / 64];	/* stacks that are not empty */
	uint32_t floor;
	uint32_t free;		/* blocks given back, linked; 0: none */
	uint32_t cut;		/* blocks cut from the pool */
	uint32_t extent;	/* the most that were, since they were trimmed */
	uint32_t blocks;	/* in the stacks */
	struct stack stack[CLASSES];
};

size_t mems__index_size(void)
{
	return sizeof(struct index);
}

/* An index of no holes, from zeros. */
void mems__index_start(struct index *index)
{
	for (int i = 0; i < CLASSES; i++)
		index->stack[i].count = HINTS;
}

uint64_t mems__index_extent(const struct index *index)
{
	return (uint64_t)index->extent * HINT_BLOCK * sizeof(uint32_t);
}

void mems__index_trim(struct index *index, uint64_t page, uint64_t *keep,
		      uint64_t *end)
{
	*keep = (uint64_t)index->cut * HINT_BLOCK * sizeof(uint32_t);
	*keep = mems__round_up(*keep, page);
	*end = mems__index_extent(index);
	index->extent = index->cut;
}

/*
 * The class is made of the four highest bits of a length, 8 to 15, and of how
 * far down they are, eight steps for each bit. Below 16 it is the length.
 */
static ALWAYS_INLINE unsigned class_of(uint64_t length)
{
	unsigned shift = mems__high_bit(length | 8) - 3;

	return shift * 8 + (unsigned)(length >> shift);
}

static ALWAYS_INLINE uint32_t *block_at(const struct space *space,
					uint32_t block)
{
	return space->hints + (size_t)(block - 1) * HINT_BLOCK;
}

static uint32_t blocks_in_all(const struct space *space)
{
	const struct area *area = &space->area[AREA_HOLES];
	uint64_t size = area->size;

	if (space->ours && !area->small)
		size = mems__min(size, area->committed);
	return (uint32_t)(size / (HINT_BLOCK * sizeof(uint32_t)));
}

/*
 * Are many hints stale? Some blocks are filled a little only, and a small
 * space shall not churn. Few hints go stale at all: a request looks at 1.04 to
 * 1.16 of them.
 */
static bool is_stale(const struct space *space)
{
	uint64_t holes = space->region->holes;
	uint64_t likely = holes + holes / 4 + (space->top >> 9);

	return space->index->blocks > likely / HINTS + CLASSES;
}

/* Put an empty block on a stack; NULL if the pool has none. */
static __attribute__((noinline))
uint32_t *new_block(struct space *space, unsigned class)
{
	struct index *index = space->index;
	struct stack *stack = &index->stack[class];
	uint32_t block = index->free;
	uint32_t *words;

	if (block != 0) {
		index->free = *block_at(space, block);
	} else {
		if (index->cut == blocks_in_all(space))
			return NULL;
		block = ++index->cut;
		if (index->extent < block)
			index->extent = block;
	}
	index->blocks++;
	index->filled[class >> 6] |= (uint64_t)1 << (class & 63);
	words = block_at(space, block);
	words[0] = stack->block;
	stack->block = block;
	stack->count = 0;
	return words;
}

/* Push a hint; false if there is no block for it. */
static ALWAYS_INLINE bool push(struct space *space, unsigned class,
			       uint64_t at)
{
	struct stack *stack = &space->index->stack[class];
	uint32_t hint = (uint32_t)at;
	uint32_t count = stack->count;
	uint32_t *words;

	/* An empty stack has a count of HINTS, like a full block. */
	if (count < HINTS) {
		words = block_at(space, stack->block);
	} else {
		words = new_block(space, class);
		if (words == NULL)
			return false;
		count = 0;
	}
	if (words[count] == hint && count > 0)
		return true;
	words[count + 1] = hint;
	stack->count = count + 1;
	return true;
}

/* The top block of a stack is empty: back to the pool with it. */
static __attribute__((noinline))
void drop_block(struct space *space, unsigned class)
{
	struct index *index = space->index;
	struct stack *stack = &index->stack[class];
	uint32_t *words = block_at(space, stack->block);
	uint32_t below = words[0];

	words[0] = index->free;
	index->free = stack->block;
	index->blocks--;
	stack->block = below;
	stack->count = HINTS;
	if (below == 0)
		index->filled[class >> 6] &= ~((uint64_t)1 << (class & 63));
}

static ALWAYS_INLINE bool is_tail(const struct space *space, uint64_t end)
{
	return end == space->top && space->joins;
}

/* The hole that the hint tells of, if there is one and it is not the tail. */
static ALWAYS_INLINE bool look(const struct space *space, uint32_t hint,
			       struct hole *hole)
{
	const struct pair *pair = &space->pairs[hint >> 6];
	uint64_t end;

	if (((pair->start & ~pair->used) >> (hint & 63) & 1) == 0)
		return false;
	end = mems__next_start(space, hint);
	hole->at = hint;
	hole->length = end - hint;
	return !is_tail(space, end);
}

/* A hole of just this length, below EXACT. */
static ALWAYS_INLINE bool find_exact(struct space *space, uint64_t need,
				     struct hole *hole)
{
	struct stack *stack = &space->index->stack[need];

	while (stack->block != 0) {
		uint32_t *words = block_at(space, stack->block);
		uint32_t count = stack->count;

		stack->count = count - 1;
		if (count == 1)
			drop_block(space, (unsigned)need);
		if (look(space, words[count], hole) && hole->length == need)
			return true;
	}
	return false;
}

/* A hole of the request's own class, which may have shorter ones too. */
static bool find_in_class(struct space *space, unsigned class, uint64_t need,
			  struct hole *hole)
{
	struct stack *stack = &space->index->stack[class];
	uint32_t kept = 0;

	for (int i = 0; i < TRIES && stack->block != 0; i++) {
		uint32_t *words = block_at(space, stack->block);
		uint32_t count = stack->count, slot = count - kept;
		bool fits = false;

		if (slot == 0)
			return false;
		if (look(space, words[slot], hole) &&
		    class_of(hole->length) == class) {
			fits = hole->length >= need;
			if (!fits) {
				kept++;
				continue;
			}
		}
		/* Used or stale: the last hint takes its place. */
		words[slot] = words[count];
		stack->count = count - 1;
		if (count == 1)
			drop_block(space, class);
		if (fits)
			return true;
	}
	return false;
}

/* A hole of the lowest class from `class` up, all of which are large enough. */
static ALWAYS_INLINE bool find_above(struct space *space, unsigned class,
				     struct hole *hole)
{
	struct index *index = space->index;
	unsigned word = class >> 6;
	uint64_t filled = index->filled[word] >> (class & 63) << (class & 63);

	for (;;) {
		struct stack *stack;

		while (filled == 0) {
			if (++word == sizeof(index->filled) / 8)
				return false;
			filled = index->filled[word];
		}
		class = word << 6 | mems__low_bit(filled);
		stack = &index->stack[class];
		while (stack->block != 0) {
			uint32_t *words = block_at(space, stack->block);
			uint32_t count = stack->count;

			stack->count = count - 1;
			if (count == 1)
				drop_block(space, class);
			if (look(space, words[count], hole) &&
			    class_of(hole->length) == class)
				return true;
		}
		filled &= filled - 1;
	}
}

static ALWAYS_INLINE bool find(struct space *space, uint64_t need,
			       struct hole *hole)
{
	unsigned class = class_of(need);

	if (need < EXACT ? find_exact(space, need, hole) :
			   find_in_class(space, class, need, hole))
		return true;
	if (find_above(space, class + 1, hole))
		return true;
	hole->at = mems__tail(space);
	if (hole->at == NOWHERE)
		return false;
	hole->length = space->top - hole->at;
	return hole->length >= need;
}

bool mems__good_fit_find(struct space *space, uint64_t need,
			 struct hole *hole)
{
	if (find(space, need, hole))
		return true;
	if (class_of(need) >= space->index->floor)
		return false;
	mems__good_fit_rebuild(space);
	return find(space, need, hole);
}

/*
 * Nothing was found and the system gives no more: look at every hole of the
 * request's class, not at TRIES of them, or by the bits if not all are in the
 * index. The hint of what is found stays behind, stale.
 */
bool mems__good_fit_search(struct space *space, uint64_t need,
			   struct hole *hole)
{
	unsigned class = class_of(need);
	const struct stack *stack = &space->index->stack[class];
	uint32_t block = stack->block, count = stack->count;

	if (need < EXACT)
		return false;
	for (; block != 0; count = HINTS) {
		const uint32_t *words = block_at(space, block);

		for (uint32_t i = 1; i <= count; i++) {
			if (look(space, words[i], hole) &&
			    hole->length >= need)
				return true;
		}
		block = words[0];
	}
	if (class >= space->index->floor)
		return false;
	for (hole->at = mems__next_hole(space, 0); hole->at != NOWHERE;
	     hole->at = mems__next_hole(space, hole->at + hole->length)) {
		hole->length = mems__next_start(space, hole->at) - hole->at;
		if (hole->length >= need)
			return true;
	}
	return false;
}

void mems__good_fit_add(struct space *space, uint64_t at, uint64_t length)
{
	unsigned class = class_of(length);

	if (class < space->index->floor || is_tail(space, at + length))
		return;
	if ((space->index->stack[class].count == HINTS && is_stale(space)) ||
	    !push(space, class, at))
		mems__good_fit_rebuild(space);
}

/*
 * Call `note` for each hole but the one at the break, from the highest address
 * down: pushed in this order, the lowest is popped first.
 */
static void each_hole(struct space *space, void *arg,
		      void (*note)(struct space *space, void *arg,
				   uint64_t at, uint64_t length))
{
	uint64_t end = space->top;
	uint64_t pair = end >> 6;
	bool tail = space->joins;

	while (pair != MEMS__BITSET_NONE) {
		uint64_t starts = space->pairs[pair].start;

		while (starts != 0) {
			unsigned bit = mems__high_bit(starts);
			uint64_t at = pair << 6 | bit;

			starts &= ~((uint64_t)1 << bit);
			if (at == space->top)
				continue;
			if (!mems__is_used(space, at) && !tail)
				note(space, arg, at, end - at);
			tail = false;
			end = at;
		}
		if (pair == 0)
			break;
		pair = mems__bitset_previous(&space->starts, pair - 1);
	}
}

static void count_class(struct space *space, void *counts, uint64_t at,
			uint64_t length)
{
	(void)space;
	(void)at;
	((uint64_t *)counts)[class_of(length)]++;
}

static void push_hole(struct space *space, void *blocks, uint64_t at,
		      uint64_t length)
{
	struct index *index = space->index;
	unsigned class = class_of(length);

	if (class >= index->floor) {
		(void)push(space, class, at);
		return;
	}
	/* What else there is room for: some of the next class. */
	if (class + 1 == index->floor && index->cut < *(uint32_t *)blocks)
		(void)push(space, class, at);
}

void mems__good_fit_rebuild(struct space *space)
{
	struct index *index = space->index;
	uint32_t extent = index->extent;
	uint32_t blocks = blocks_in_all(space) / 2;
	uint64_t counts[CLASSES] = { 0 };
	uint64_t wanted = 0;
	unsigned class;

	memset(index, 0, sizeof(*index));
	mems__index_start(index);
	index->extent = extent;
	if (space->region->brk == 0)
		return;
	each_hole(space, counts, count_class);
	/* Fill at most half the pool, that it be a while to the next time. */
	for (class = CLASSES; class > 0; class--) {
		wanted += (counts[class - 1] + HINTS - 1) / HINTS;
		if (wanted > blocks)
			break;
	}
	index->floor = class;
	each_hole(space, &blocks, push_hole);
}

/* Call `note` for each hint that tells the truth. */
static void each_hint(struct space *space, unsigned class, void *arg,
		      void (*note)(void *arg, const struct hole *hole))
{
	const struct stack *stack = &space->index->stack[class];
	uint32_t block = stack->block, count = stack->count;

	while (block != 0) {
		const uint32_t *words = block_at(space, block);
		struct hole hole;

		for (uint32_t i = 1; i <= count; i++) {
			if (look(space, words[i], &hole) &&
			    class_of(hole.length) == class)
				note(arg, &hole);
		}
		block = words[0];
		count = HINTS;
	}
}

static void note_length(void *largest, const struct hole *hole)
{
	uint64_t *length = largest;

	*length = mems__max(*length, hole->length);
}

uint64_t mems__good_fit_largest(struct space *space)
{
	uint64_t largest = 0, at = mems__tail(space);

	for (unsigned class = CLASSES; class > 0 && largest == 0; class--)
		each_hint(space, class - 1, &largest, note_length);
	if (largest == 0 && space->index->floor > 0) {
		mems__good_fit_rebuild(space);
		for (unsigned class = CLASSES; class > 0 && largest == 0;
		     class--)
			each_hint(space, class - 1, &largest, note_length);
	}
	if (at != NOWHERE)
		largest = mems__max(largest, space->top - at);
	return largest;
}

/* A bit for each position at which some hint tells of a hole. */
struct seen {
	struct space *space;
	uint64_t *bits;
	bool complete;
};

static void mark_hole(void *arg, const struct hole *hole)
{
	struct seen *seen = arg;

	seen->bits[hole->at >> 6] |= (uint64_t)1 << (hole->at & 63);
}

static void check_hole(struct space *space, void *arg, uint64_t at,
		       uint64_t length)
{
	struct seen *seen = arg;

	if (class_of(length) >= space->index->floor &&
	    (seen->bits[at >> 6] >> (at & 63) & 1) == 0)
		seen->complete = false;
}

bool mems__good_fit_check(struct space *space, const char **wrong)
{
	uint64_t size = (space->top >> 6) * 8 + 8;
	struct seen seen = { .space = space, .complete = true };

	size = mems__round_up(size, mems__page_size());
	seen.bits = mems__pages_reserve(size);
	if (seen.bits == NULL)
		return true;	/* no memory to find out */
	if (mems__pages_commit(seen.bits, size)) {
		for (unsigned class = 0; class < CLASSES; class++)
			each_hint(space, class, &seen, mark_hole);
		each_hole(space, &seen, check_hole);
	}
	mems__pages_release(seen.bits, size);
	if (!seen.complete)
		*wrong = "a hole is not in the index";
	return seen.complete;
}
