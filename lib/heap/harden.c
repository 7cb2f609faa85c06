/* Marks at the end of blocks, and slices that may not be touched. */
#include <config.h>

#include "heap/heap.h"

#ifdef MEMS_HARDENED

#include "heap/harden.h"
#include "os/pages.h"
#include "os/secret.h"

#include <string.h>

#define FILL 0xdb
#define SIZE_BITS 48
#define TAG_LIVE ((uint64_t)0x6c76 << SIZE_BITS)
#define TAG_FREE ((uint64_t)0xf4ee << SIZE_BITS)
#define TAG_MASK ((uint64_t)0xffff << SIZE_BITS)

uintptr_t mems__secret;
bool mems__zero_on_free;

void mems__harden_start(void)
{
	if (mems__secret == 0)
		mems__secret = mems__random();
}

/* What the mark of this block is written with. */
static uint64_t code_of(const void *block)
{
	uint64_t code = ((uint64_t)mems__secret ^ (uintptr_t)block) *
			0x9e3779b97f4a7c15u;

	return code ^ code >> 32;
}

/* The bytes of a block, its mark included. */
static size_t whole_size(const struct span *span)
{
	return span->kind == SPAN_LARGE ? span->bytes :
					  mems__class_info(span)->size;
}

static uint64_t *mark_of(const struct span *span, const void *block)
{
	return (uint64_t *)(void *)((char *)block + whole_size(span) -
				    MARK_SIZE);
}

void *mems__harden_mark(const struct span *span, void *block, size_t size)
{
	uint64_t *mark = mark_of(span, block);

	memset((char *)block + size, FILL,
	       (size_t)((char *)mark - (char *)block) - size);
	__atomic_store_n(mark, (TAG_LIVE | size) ^ code_of(block),
			 __ATOMIC_RELAXED);
	return block;
}

/* Up to a multiple of 8 byte by byte, then in words; `end` is one. */
static bool is_filled(const char *at, const char *end)
{
	const uint64_t filled = FILL * (uint64_t)0x0101010101010101;

	for (; at < end && (uintptr_t)at % 8 != 0; at++)
		if (*at != (char)FILL)
			return false;
	for (; at < end; at += 8)
		if (memcmp(at, &filled, 8) != 0)
			return false;
	return true;
}

static __attribute__((noreturn, cold)) void damaged(const void *block)
{
	mems__misuse("block written past its end, or never allocated", block);
}

size_t mems__harden_check(const struct span *span, const void *block)
{
	const uint64_t *mark = mark_of(span, block);
	uint64_t told = __atomic_load_n(mark, __ATOMIC_RELAXED) ^
			code_of(block);
	uint64_t size = told & ~TAG_MASK;
	const char *end = (const char *)mark;

	if (size > (uint64_t)(end - (const char *)block) ||
	    ((told & TAG_MASK) != TAG_LIVE && (told & TAG_MASK) != TAG_FREE))
		damaged(block);
	if ((told & TAG_MASK) == TAG_FREE)
		mems__misuse("double free", block);
	if (!is_filled((const char *)block + size, end))
		damaged(block);
	return (size_t)size;
}

void mems__harden_free(const struct span *span, void *block)
{
	size_t size = mems__harden_check(span, block);
	uint64_t code = code_of(block), live = (TAG_LIVE | size) ^ code;
	uint64_t *mark = mark_of(span, block);

	/* Two threads may be at it at once. */
	if (MEMS__SINGLE_THREADED)
		*mark = (TAG_FREE | size) ^ code;
	else if (!__atomic_compare_exchange_n(mark, &live,
					      (TAG_FREE | size) ^ code, false,
					      __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED))
		mems__misuse("double free", block);
	if (mems__zero_on_free)
		memset(block, 0, whole_size(span) - MARK_SIZE);
}

static char *guard_of(const struct span *span)
{
	return span->memory + ((size_t)(span->slices - 1) << SLICE_SHIFT);
}

/* A wish: a process may have only so many mappings. */
void mems__harden_guard(const struct span *span)
{
	(void)mems__pages_forbid(guard_of(span), SLICE);
}

bool mems__harden_unguard(const struct span *span)
{
	return mems__pages_commit(guard_of(span), SLICE);
}

#else

typedef int nothing;	/* a file of C has something in it */

#endif
