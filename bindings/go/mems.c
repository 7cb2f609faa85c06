//go:build cgo && !mems_system

/*
 * libmems 0.1.0, all of it but libmems-malloc in one source.
 * Made by bindings/amalgamate: change the sources, not this.
 *
 * Copyright (c) 2026 the libmems authors
 *
 * Permission to use, copy, modify, and/or distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

/*
 * Compiled alone, as gnu11 or later, with -pthread, or for Windows by a GCC or
 * Clang of MinGW with -lsynchronization. What it is linked into must stay mapped
 * (-Wl,-z,nodelete; on Windows it does): handlers for forks and ends of threads
 * do.
 *
 * What follows is what configure would find out. These change it:
 *
 *   MEMS_API_EXPORT   export the public calls
 *   MEMS_CHECKS       check invariants and the order of locks
 *   MEMS_NO_HELPER    never start a thread that gives memory back
 *   MEMS_OS_POSIX     make only the calls of POSIX, on Linux too
 *   MEMS_VALGRIND     tell valgrind what is in use; needs its headers
 */
#if defined MEMS_MALLOC || defined MEMS_HARDENED
#error "The malloc family is not in here: see libmems-malloc."
#endif

#ifndef _ALL_SOURCE
#define _ALL_SOURCE 1
#endif
#ifndef _DARWIN_C_SOURCE
#define _DARWIN_C_SOURCE 1
#endif
#ifndef __EXTENSIONS__
#define __EXTENSIONS__ 1
#endif
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#ifndef _NETBSD_SOURCE
#define _NETBSD_SOURCE 1
#endif
#ifndef _OPENBSD_SOURCE
#define _OPENBSD_SOURCE 1
#endif
#ifndef _POSIX_PTHREAD_SEMANTICS
#define _POSIX_PTHREAD_SEMANTICS 1
#endif
#if defined __linux__ && !defined _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif

#if defined _WIN32
#define MEMS_OS_WINDOWS 1
#undef MEMS_OS_POSIX
#elif defined MEMS_OS_POSIX
#undef MEMS_OS_POSIX
#define MEMS_OS_POSIX 1
#elif defined __linux__
#define MEMS_OS_LINUX 1
#else
#define MEMS_OS_POSIX 1
#endif

#ifdef _WIN32
#undef _WIN32_WINNT
#define _WIN32_WINNT 0x0602
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN 1
#endif
#endif

#ifdef __has_include
#if __has_include(<execinfo.h>)
#define HAVE_EXECINFO_H 1
#endif
#if __has_include(<sys/single_threaded.h>)
#define HAVE_SYS_SINGLE_THREADED_H 1
#endif
#endif
#if defined __linux__ || defined __APPLE__ || defined __FreeBSD__ ||           \
    defined __NetBSD__ || defined __DragonFly__
#define HAVE_MINCORE 1
#endif
#ifdef __linux__
#define HAVE_SCHED_GETCPU 1
#endif
#ifdef MEMS_VALGRIND
#define HAVE_VALGRIND_MEMCHECK_H 1
#endif

#undef PACKAGE_VERSION
#define PACKAGE_VERSION "0.1.0"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <stddef.h>
#include <errno.h>
#include <stdio.h>
#ifdef HAVE_SYS_SINGLE_THREADED_H
#include <sys/single_threaded.h>
#endif
#ifdef HAVE_VALGRIND_MEMCHECK_H
#include <valgrind/memcheck.h>
#endif
#ifdef MEMS_OS_LINUX
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#endif
#ifdef MEMS_OS_POSIX
#include <sys/mman.h>
#include <sys/resource.h>
#include <pthread.h>
#endif
#ifdef MEMS_OS_WINDOWS
#include <windows.h>
#include <psapi.h>
#endif
#ifdef MEMS_OS_WINDOWS
#else
#include <time.h>
#include <pthread.h>
#include <sys/mman.h>
#include <signal.h>
#include <fcntl.h>
#include <dlfcn.h>
#include <sched.h>
#endif
#ifdef MEMS_OS_WINDOWS
#else
#ifdef HAVE_EXECINFO_H
#include <execinfo.h>
#endif
#endif

#include "mems.h"

/* Nothing is exported but what is marked. */
#pragma GCC visibility push(hidden)

/* --------------------------------------------------------- lib/base/bits.h */

/*
 * Bits in 64-bit words that one thread changes, under a lock, while others
 * read them without: each bit is right at any time, a word as a whole need not
 * be.
 */
#ifndef MEMS_BASE_BITS_H
#define MEMS_BASE_BITS_H

/* For the few functions that every allocation passes through. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

/* The number of the lowest and the highest bit that is set; word is not 0. */
static inline unsigned mems__low_bit(uint64_t word)
{
	return (unsigned)__builtin_ctzll(word);
}

static inline unsigned mems__high_bit(uint64_t word)
{
	return 63 - (unsigned)__builtin_clzll(word);
}

#if __SIZEOF_POINTER__ >= 8
static inline uint64_t mems__load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline void mems__store(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}
#else
/* Two halves: a 64-bit atomic might need a library of its own here. */
typedef uint32_t __attribute__((may_alias)) mems__half;

static inline uint64_t mems__load(const uint64_t *word)
{
	const mems__half *half = (const mems__half *)word;
	union { uint32_t half[2]; uint64_t word; } both;

	both.half[0] = __atomic_load_n(&half[0], __ATOMIC_RELAXED);
	both.half[1] = __atomic_load_n(&half[1], __ATOMIC_RELAXED);
	return both.word;
}

static inline void mems__store(uint64_t *word, uint64_t value)
{
	mems__half *half = (mems__half *)word;
	union { uint64_t word; uint32_t half[2]; } both = { value };

	__atomic_store_n(&half[0], both.half[0], __ATOMIC_RELAXED);
	__atomic_store_n(&half[1], both.half[1], __ATOMIC_RELAXED);
}
#endif

#endif

/* ------------------------------------------------------- lib/base/bitset.h */

/*
 * A set of small numbers that finds its next and previous member fast.
 *
 * Level 0 has a bit for each number; each higher level has a bit for each word
 * below it that is not 0, up to a level of one word. The words lie in memory
 * that the caller gives, zeroed, so an empty set costs nothing.
 *
 * One thread at a time may change a set; others may search it meanwhile and
 * then find every member that stays, whatever else comes and goes.
 */
#ifndef MEMS_BASE_BITSET_H
#define MEMS_BASE_BITSET_H

/* 64^6 numbers: more than any space has words. */
#define MEMS__BITSET_LEVELS 6
#define MEMS__BITSET_NONE UINT64_MAX

struct bitset {
	uint64_t *level[MEMS__BITSET_LEVELS];
	unsigned levels;
};

/*
 * How many words level `level` of a set of `numbers` numbers has; 0: no such
 * level. One of them is spare, so that a search may look one past the end.
 */
uint64_t mems__bitset_words(uint64_t numbers, unsigned level);

/* The first member from `from` up, or the last one down from `from`. */
uint64_t mems__bitset_next(const struct bitset *set, uint64_t from);
uint64_t mems__bitset_previous(const struct bitset *set, uint64_t from);

static inline bool mems__bitset_has(const struct bitset *set, uint64_t number)
{
	return mems__load(&set->level[0][number >> 6]) >> (number & 63) & 1;
}

static inline void mems__bitset_add(struct bitset *set, uint64_t number)
{
	for (unsigned i = 0; i < set->levels; i++) {
		uint64_t *word = &set->level[i][number >> 6];
		uint64_t old = mems__load(word);

		mems__store(word, old | (uint64_t)1 << (number & 63));
		if (old != 0)
			break;
		number >>= 6;
	}
}

static inline void mems__bitset_remove(struct bitset *set, uint64_t number)
{
	for (unsigned i = 0; i < set->levels; i++) {
		uint64_t *word = &set->level[i][number >> 6];
		uint64_t left = mems__load(word) &
				~((uint64_t)1 << (number & 63));

		mems__store(word, left);
		if (left != 0)
			break;
		number >>= 6;
	}
}

#endif

/* ------------------------------------------------------- lib/base/bitset.c */

/* Searching a set: up until a word has a member, then down to it. */

uint64_t mems__bitset_words(uint64_t numbers, unsigned level)
{
	uint64_t words = (numbers + 63) / 64;

	for (; level > 0; level--) {
		if (words <= 1)
			return 0;
		words = (words + 63) / 64;
	}
	return words + 1;
}

uint64_t mems__bitset_next(const struct bitset *set, uint64_t from)
{
	for (unsigned i = 0; i < set->levels; i++) {
		uint64_t word = mems__load(&set->level[i][from >> 6]);

		word &= ~(uint64_t)0 << (from & 63);
		if (word != 0) {
			from = (from & ~(uint64_t)63) | mems__low_bit(word);
			while (i-- > 0) {
				word = mems__load(&set->level[i][from]);
				if (word == 0)	/* gone since we looked above */
					return MEMS__BITSET_NONE;
				from = from << 6 | mems__low_bit(word);
			}
			return from;
		}
		from = (from >> 6) + 1;
	}
	return MEMS__BITSET_NONE;
}

uint64_t mems__bitset_previous(const struct bitset *set, uint64_t from)
{
	for (unsigned i = 0; i < set->levels; i++) {
		uint64_t word = mems__load(&set->level[i][from >> 6]);

		word &= ~(uint64_t)0 >> (63 - (from & 63));
		if (word != 0) {
			from = (from & ~(uint64_t)63) | mems__high_bit(word);
			while (i-- > 0) {
				word = mems__load(&set->level[i][from]);
				if (word == 0)
					return MEMS__BITSET_NONE;
				from = from << 6 | mems__high_bit(word);
			}
			return from;
		}
		from >>= 6;
		if (from == 0)
			break;
		from--;
	}
	return MEMS__BITSET_NONE;
}

/* ------------------------------------------------------- lib/base/assert.h */

/*
 * Invariants. A build with --enable-checks tests them; one that is broken
 * stops the process with one line, since going on would spread the damage.
 */
#ifndef MEMS_BASE_ASSERT_H
#define MEMS_BASE_ASSERT_H

void mems__broken(const char *file, int line, const char *what)
	__attribute__((noreturn, cold));

#ifdef MEMS_CHECKS
#define MEMS_ASSERT(condition)                                          \
	((condition) ? (void)0 : mems__broken(__FILE__, __LINE__, #condition))
#else
#define MEMS_ASSERT(condition) ((void)sizeof(condition))
#endif

#endif

/* -------------------------------------------------------- lib/base/fatal.c */

/* The end of a process whose invariants do not hold: one line, no malloc. */

static char *base_fatal__append(char *at, const char *end, const char *text)
{
	while (*text != '\0' && at < end)
		*at++ = *text++;
	return at;
}

void mems__broken(const char *file, int line, const char *what)
{
	char text[256], digits[12];
	char *digit = digits + sizeof(digits) - 1;
	const char *end = text + sizeof(text) - 1;
	char *at = text;

	*digit = '\0';
	do {
		*--digit = (char)('0' + line % 10);
		line /= 10;
	} while (line > 0);
	at = base_fatal__append(at, end, "libmems: broken invariant at ");
	at = base_fatal__append(at, end, file);
	at = base_fatal__append(at, end, ":");
	at = base_fatal__append(at, end, digit);
	at = base_fatal__append(at, end, ": ");
	at = base_fatal__append(at, end, what);
	*at++ = '\n';
	if (write(STDERR_FILENO, text, (size_t)(at - text)) < 0) {
		/* There is nobody left to tell. */
	}
	abort();
}

/* --------------------------------------------------------- lib/base/text.h */

/*
 * Text without malloc and stdio: a small buffer in front of a mems_write_fn.
 *
 * The first answer of `write` that is not 0 sticks: nothing is written after
 * it, so a caller asks for it once, at the end. It may look at `error` earlier
 * to leave a long loop.
 */
#ifndef MEMS_BASE_TEXT_H
#define MEMS_BASE_TEXT_H

struct text {
	mems_write_fn *write;
	void *arg;
	int error;		/* 0, or the first other answer */
	size_t length;		/* bytes waiting in the buffer */
	char buffer[4096];
};

void mems__text_begin(struct text *text, mems_write_fn *write, void *arg);

/* Write what waits. Returns 0 or the error that stuck. */
int mems__text_end(struct text *text);

/* Make `error` the one that sticks, unless it is 0 or there is one. */
void mems__text_fail(struct text *text, int error);

void mems__text_bytes(struct text *text, const char *bytes, size_t length);
void mems__text_string(struct text *text, const char *string);
void mems__text_decimal(struct text *text, uint64_t number);

/* Put one line into a caller's buffer of `length` bytes, as much as fits. */
void mems__text_report(char *report, size_t length, const char *line);

/* In base 16, with 0x. */
void mems__text_hex(struct text *text, uint64_t number);

/* A count of tenths as a decimal fraction, the shortest way: 12.3, 12, 0.3 */
void mems__text_tenths(struct text *text, uint64_t tenths);

/*
 * The template with each $ replaced by the next number, and each ~ by the next
 * number taken as tenths. An array keeps the types right where a list of
 * variable arguments could not:
 *
 *   mems__text_fill(text, "[$:$]", (uint64_t[]){ first, last });
 */
void mems__text_fill(struct text *text, const char *template,
		     const uint64_t *numbers);

#endif

/* --------------------------------------------------------- lib/base/text.c */

/*
 * A writer of text that needs no memory but its own small buffer.
 */

void mems__text_begin(struct text *text, mems_write_fn *write, void *arg)
{
	text->write = write;
	text->arg = arg;
	text->error = 0;
	text->length = 0;
}

int mems__text_end(struct text *text)
{
	if (text->error == 0 && text->length > 0)
		text->error = text->write(text->arg, text->buffer,
					  text->length);
	text->length = 0;
	return text->error;
}

void mems__text_fail(struct text *text, int error)
{
	if (text->error == 0)
		text->error = error;
}

void mems__text_bytes(struct text *text, const char *bytes, size_t length)
{
	while (length > 0 && text->error == 0) {
		size_t room = sizeof(text->buffer) - text->length;
		size_t piece = length < room ? length : room;

		memcpy(text->buffer + text->length, bytes, piece);
		text->length += piece;
		bytes += piece;
		length -= piece;
		if (text->length == sizeof(text->buffer))
			mems__text_end(text);
	}
}

void mems__text_string(struct text *text, const char *string)
{
	mems__text_bytes(text, string, strlen(string));
}

void mems__text_decimal(struct text *text, uint64_t number)
{
	char digits[20];	/* 2^64 has 20 */
	size_t first = sizeof(digits);

	do
		digits[--first] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	mems__text_bytes(text, digits + first, sizeof(digits) - first);
}

void mems__text_hex(struct text *text, uint64_t number)
{
	char digits[18];	/* 0x and 16 */
	size_t first = sizeof(digits);

	do
		digits[--first] = "0123456789abcdef"[number & 15];
	while ((number >>= 4) > 0);
	digits[--first] = 'x';
	digits[--first] = '0';
	mems__text_bytes(text, digits + first, sizeof(digits) - first);
}

void mems__text_tenths(struct text *text, uint64_t tenths)
{
	mems__text_decimal(text, tenths / 10);
	if (tenths % 10 != 0) {
		mems__text_bytes(text, ".", 1);
		mems__text_decimal(text, tenths % 10);
	}
}

void mems__text_fill(struct text *text, const char *template,
		     const uint64_t *numbers)
{
	for (;;) {
		size_t plain = strcspn(template, "$~");

		mems__text_bytes(text, template, plain);
		template += plain;
		if (*template == '\0')
			return;
		if (*template++ == '$')
			mems__text_decimal(text, *numbers++);
		else
			mems__text_tenths(text, *numbers++);
	}
}

void mems__text_report(char *report, size_t length, const char *line)
{
	size_t size = strlen(line);

	if (report == NULL || length == 0)
		return;
	size = size < length - 1 ? size : length - 1;
	memcpy(report, line, size);
	report[size] = '\0';
}

/* ----------------------------------------------------------- lib/os/lock.h */

/*
 * A lock of one word, and the order in which locks are taken.
 *
 * The word is 0 free, 1 held, 2 held and waited for. A process that never made
 * a thread pays two plain stores.
 */
#ifndef MEMS_OS_LOCK_H
#define MEMS_OS_LOCK_H

#ifdef HAVE_SYS_SINGLE_THREADED_H
#define MEMS__SINGLE_THREADED (__libc_single_threaded)
#else
#define MEMS__SINGLE_THREADED 0
#endif

/* A thread takes locks in rising order; a build with checks sees to it. */
enum lock_rank {
	LOCK_ARENAS = 1,	/* the list of all arenas */
	LOCK_ARENA,		/* one arena: one at a time */
	LOCK_HANDLES,		/* what users hold of stores */
	LOCK_STORES,		/* the list of all stores of slabs */
	LOCK_STORE,		/* one store: one at a time */
	LOCK_SITES,		/* the counts per call site */
	LOCK_HEAPS,		/* the list of all heaps and their caches */
	LOCK_SHARED,		/* the cache of threads that have none */
	LOCK_HEAP,		/* one heap: one at a time */
	LOCK_SLICES,		/* the slices that heaps are made of */
	LOCK_REGISTRY,		/* the list of all spaces */
	LOCK_SPACE,		/* one space: one at a time */
};

struct lock {
	uint32_t word;
	uint32_t rank;		/* an enum lock_rank */
};

#define LOCK_INIT(rank) { 0, rank }

/* For each system: wait until the word was 0 and is 2; wake who waits. */
void mems__lock_wait(uint32_t *word);
void mems__lock_wake(uint32_t *word);

/* After fork, in the child: forget who waited in the parent. */
void mems__lock_after_fork(void);

#ifdef MEMS_CHECKS
void mems__lock_check_take(uint32_t rank);
void mems__lock_check_drop(uint32_t rank);
#else
#define mems__lock_check_take(rank) ((void)(rank))
#define mems__lock_check_drop(rank) ((void)(rank))
#endif

/* Without the check of ranks: fork takes the locks of all spaces. */
static inline void mems__lock_take_unranked(struct lock *lock)
{
	uint32_t free = 0;

	if (MEMS__SINGLE_THREADED)
		__atomic_store_n(&lock->word, 1, __ATOMIC_RELAXED);
	else if (!__atomic_compare_exchange_n(&lock->word, &free, 1, 0,
					      __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED))
		mems__lock_wait(&lock->word);
}

static inline void mems__lock_drop_unranked(struct lock *lock)
{
	if (MEMS__SINGLE_THREADED)
		__atomic_store_n(&lock->word, 0, __ATOMIC_RELAXED);
	else if (__atomic_exchange_n(&lock->word, 0, __ATOMIC_RELEASE) == 2)
		mems__lock_wake(&lock->word);
}

static inline void mems__lock_take(struct lock *lock)
{
	mems__lock_check_take(lock->rank);
	mems__lock_take_unranked(lock);
}

static inline void mems__lock_drop(struct lock *lock)
{
	mems__lock_check_drop(lock->rank);
	mems__lock_drop_unranked(lock);
}

#endif

/* --------------------------------------------------------- lib/os/thread.h */

/* Which thread this is, what it has, and what is to happen when it ends. */
#ifndef MEMS_OS_THREAD_H
#define MEMS_OS_THREAD_H

#ifdef _WIN32

/* The system's block of this thread; its first words are always the same. */
static inline void **mems__thread_block(void)
{
	void **block;

#if defined __x86_64__
	__asm__("movq %%gs:0x30, %0" : "=r"(block));
#elif defined __i386__
	__asm__("movl %%fs:0x18, %0" : "=r"(block));
#elif defined __aarch64__
	__asm__("mov %0, x18" : "=r"(block));
#else
#error "Not known where Windows keeps a thread's block here."
#endif
	return block;
}

/*
 * Variables of threads lie in .tls, of which the loader makes each thread a
 * copy. What GCC does for _Thread_local calls malloc, and in some builds of it
 * a library of POSIX threads.
 */
#pragma GCC visibility pop
extern unsigned long _tls_index;
extern char _tls_start;
#pragma GCC visibility push(hidden)

static inline void *mems__thread_copy(const void *variable)
{
	char **copies = mems__thread_block()[11];

	return copies[_tls_index] + ((const char *)variable - &_tls_start);
}

#define THREAD_LOCAL __attribute__((section(".tls$MEMS")))
#define MINE(variable) \
	(*(__typeof__(&(variable)))mems__thread_copy(&(variable)))

#else

/* A variable that each thread has one of, and that of this thread. */
#define THREAD_LOCAL _Thread_local
#define MINE(variable) (variable)

#endif

/* Where the compiler knows the thread pointer; gcc says that it has the builtin
   on others, too, and then refuses it. */
#if defined __has_builtin && (defined __x86_64__ || defined __i386__ || \
	defined __aarch64__ || defined __arm__ || defined __riscv || \
	defined __s390__)
#if __has_builtin(__builtin_thread_pointer)
#define MEMS__THREAD_POINTER
#endif
#endif

#if !defined _WIN32 && !defined MEMS__THREAD_POINTER
extern THREAD_LOCAL char mems__thread_mark;
#endif

/*
 * A pointer that no other thread has while this one lives. The thread pointer
 * of the machine is one, and costs nothing.
 */
static inline const void *mems__thread_self(void)
{
#if defined _WIN32
	return mems__thread_block();
#elif defined MEMS__THREAD_POINTER
	return __builtin_thread_pointer();
#else
	return &mems__thread_mark;
#endif
}

/* The number of the processor it runs on, for now; where the system does not
   tell, 0. */
unsigned mems__thread_processor(void);

/* Once, before any thread asks: `end` is what is called. */
void mems__thread_start(void (*end)(void *arg));

/* Have it called with `arg`, not NULL, when this thread ends. False: the system
   has no room for it. This may allocate by malloc. */
bool mems__thread_at_end(void *arg);

#endif

/* ----------------------------------------------------------- lib/os/lock.c */

/* The order of locks, checked: each thread knows the ranks it holds. */

#ifdef MEMS_CHECKS

static THREAD_LOCAL uint32_t os_lock__held_ranks;

void mems__lock_check_take(uint32_t rank)
{
	MEMS_ASSERT(MINE(os_lock__held_ranks) >> rank == 0);
	MINE(os_lock__held_ranks) |= 1u << rank;
}

void mems__lock_check_drop(uint32_t rank)
{
	MEMS_ASSERT(MINE(os_lock__held_ranks) >> rank == 1);
	MINE(os_lock__held_ranks) &= ~(1u << rank);
}

#endif

/* ----------------------------------------------------------- lib/os/pool.h */

/*
 * Objects of one size, cut straight from pages: what a process needs to
 * remember of its spaces. Pages stay taken; objects are used again, and always
 * for the same purpose, so a stale pointer to one can be looked at.
 *
 * The caller keeps threads apart.
 */
#ifndef MEMS_OS_POOL_H
#define MEMS_OS_POOL_H

struct pool {
	size_t size;		/* of an object; a multiple of 16 */
	void *free;		/* objects given back, linked by `link` */
	size_t link;		/* where in a free object the link is */
	char *fresh, *end;	/* pages not cut yet */
};

/* An object, zeroed when it is new, or NULL. */
void *mems__pool_take(struct pool *pool);

void mems__pool_give(struct pool *pool, void *object);

#endif

/* -------------------------------------------------------- lib/base/align.h */

/* Rounding and checked sums. */
#ifndef MEMS_BASE_ALIGN_H
#define MEMS_BASE_ALIGN_H

static inline bool mems__is_power_of_2(uint64_t number)
{
	return number != 0 && (number & (number - 1)) == 0;
}

/* `step` is a power of two. */
static inline uint64_t mems__round_down(uint64_t number, uint64_t step)
{
	return number & ~(step - 1);
}

/* The caller knows that the sum does not overflow. */
static inline uint64_t mems__round_up(uint64_t number, uint64_t step)
{
	return (number + step - 1) & ~(step - 1);
}

static inline uint64_t mems__min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t mems__max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

#endif

/* ---------------------------------------------------------- lib/os/pages.h */

/*
 * Pages of the system: addresses are reserved first and memory is asked for
 * later, in place. Nothing above this layer knows the system.
 *
 * Every address and size is a multiple of mems__page_size(). Sizes are not 0.
 */
#ifndef MEMS_OS_PAGES_H
#define MEMS_OS_PAGES_H

size_t mems__page_size(void);

/* Addresses without memory, or NULL. The library's budget counts them. */
void *mems__pages_reserve(size_t size);

/* Give back what reserve gave, and the memory in it. */
void mems__pages_release(void *pages, size_t size);

/*
 * Make a part of a reserved range usable; it reads as 0 where it was not
 * usable before. Returns false, with nothing changed, if the system refuses.
 */
bool mems__pages_commit(void *pages, size_t size);

/* Make it readable; it is 0, and takes no memory, or on Windows only where it is
   read. May be made usable later. */
bool mems__pages_show(void *pages, size_t size);

/* Take it away again: touching these pages ends the process. */
bool mems__pages_forbid(void *pages, size_t size);

/*
 * Give the memory of committed pages back; they can be touched all the time, and
 * read as 0 then. Returns false if the system refuses; they read as 0 or as
 * before.
 */
bool mems__pages_decommit(void *pages, size_t size);

/*
 * Move the memory of committed pages to others, whose own is lost; the first
 * read as 0 then. False, with nothing changed, if the system cannot.
 */
bool mems__pages_move(void *to, void *from, size_t size);

/* How many bytes of committed pages have memory; `size` if nobody knows. */
size_t mems__pages_resident(void *pages, size_t size);

/* Ask for no huge pages in this range: it will be touched here and there. */
void mems__pages_sparse(void *pages, size_t size);

/*
 * The most that a range of default size should reserve: a share of what the
 * library may still take of the address space and of the process's own limit.
 */
uint64_t mems__pages_sensible(void);

/*
 * For tests: asked before each call to the system, which fails as if for lack
 * of memory when the answer is no.
 */
extern bool (*mems__pages_may)(void);

/* For POSIX: what is left of the limit on addresses (RLIMIT_AS). */
uint64_t mems__address_limit_left(void);

#endif

/* ----------------------------------------------------------- lib/os/pool.c */

/* Objects of one size from pages of the system. */

/* Pages taken at a time: enough for some dozens of spaces. */
#define STEP 65536

static void **os_pool__link_of(const struct pool *pool, void *object)
{
	return (void **)(void *)((char *)object + pool->link);
}

void *mems__pool_take(struct pool *pool)
{
	void *object = pool->free;

	if (object != NULL) {
		pool->free = *os_pool__link_of(pool, object);
		return object;
	}
	if ((size_t)(pool->end - pool->fresh) < pool->size) {
		size_t size = (size_t)mems__round_up(STEP, mems__page_size());
		char *pages = mems__pages_reserve(size);

		if (pages == NULL)
			return NULL;
		if (!mems__pages_commit(pages, size)) {
			mems__pages_release(pages, size);
			return NULL;
		}
		pool->fresh = pages;
		pool->end = pages + size;
	}
	object = pool->fresh;
	pool->fresh += pool->size;
	return object;
}

void mems__pool_give(struct pool *pool, void *object)
{
	*os_pool__link_of(pool, object) = pool->free;
	pool->free = object;
}

#undef STEP

/* ---------------------------------------------------------- lib/os/watch.h */

/*
 * Memory checkers that watch this process: valgrind, and AddressSanitizer in
 * the program, whether or not the library was built with it. They are told
 * which bytes of a space are live, and so see a use after free inside it.
 */
#ifndef MEMS_OS_WATCH_H
#define MEMS_OS_WATCH_H

/* For a function that looks at what others change, and knows what it does. */
#ifdef __SANITIZE_THREAD__
#define MEMS_UNWATCHED __attribute__((no_sanitize_thread))
#elif defined __has_feature
#if __has_feature(thread_sanitizer)
#define MEMS_UNWATCHED __attribute__((no_sanitize("thread")))
#endif
#endif
#ifndef MEMS_UNWATCHED
#define MEMS_UNWATCHED
#endif

/*
 * Is anybody watching? If not, the calls below need not be made; if so, they
 * cost time and memory for each byte, also of what was never touched.
 */
bool mems__watched(void);

/* May not be touched; may be, holding nothing; may be, holding what it does. */
void mems__watch_forbid(void *memory, size_t size);
void mems__watch_allow(void *memory, size_t size);
void mems__watch_keep(void *memory, size_t size);

/*
 * May these bytes, 64 at most, be touched, and was each written to? Who looks
 * for something by a pointer that may be wrong asks this before.
 */
bool mems__watch_holds(const void *memory, size_t size);

#endif

/* ---------------------------------------------------------- lib/os/watch.c */

#pragma push_macro("RUNNING_ON_VALGRIND")
#pragma push_macro("VALGRIND_MAKE_MEM_NOACCESS")
#pragma push_macro("VALGRIND_MAKE_MEM_UNDEFINED")
#pragma push_macro("VALGRIND_MAKE_MEM_DEFINED")
#pragma push_macro("VALGRIND_GET_VBITS")
/* Client requests to valgrind; AddressSanitizer's own calls, where present. */

#ifdef HAVE_VALGRIND_MEMCHECK_H
#else
#define RUNNING_ON_VALGRIND 0
#define VALGRIND_MAKE_MEM_NOACCESS(at, size) ((void)0)
#define VALGRIND_MAKE_MEM_UNDEFINED(at, size) ((void)0)
#define VALGRIND_MAKE_MEM_DEFINED(at, size) ((void)0)
#define VALGRIND_GET_VBITS(at, bits, size) 0
#endif

/* Weak: there only in a program that was built with the sanitizer. */
#pragma GCC visibility pop
void __asan_poison_memory_region(void const volatile *, size_t)
	__attribute__((weak));
void __asan_unpoison_memory_region(void const volatile *, size_t)
	__attribute__((weak));
void *__asan_region_is_poisoned(void *, size_t) __attribute__((weak));
#pragma GCC visibility push(hidden)

bool mems__watched(void)
{
	return RUNNING_ON_VALGRIND || __asan_poison_memory_region != NULL;
}

void mems__watch_forbid(void *memory, size_t size)
{
	if (__asan_poison_memory_region != NULL)
		__asan_poison_memory_region(memory, size);
	VALGRIND_MAKE_MEM_NOACCESS(memory, size);
}

static void os_watch__unpoison(void *memory, size_t size)
{
	if (__asan_unpoison_memory_region != NULL)
		__asan_unpoison_memory_region(memory, size);
}

void mems__watch_allow(void *memory, size_t size)
{
	os_watch__unpoison(memory, size);
	VALGRIND_MAKE_MEM_UNDEFINED(memory, size);
}

void mems__watch_keep(void *memory, size_t size)
{
	os_watch__unpoison(memory, size);
	VALGRIND_MAKE_MEM_DEFINED(memory, size);
}

bool mems__watch_holds(const void *memory, size_t size)
{
	unsigned char unknown[64] = { 0 };

	if (__asan_region_is_poisoned != NULL &&
	    __asan_region_is_poisoned((void *)(uintptr_t)memory, size) != NULL)
		return false;
	/* 3: some of it may not be touched. */
	if (size > sizeof(unknown) ||
	    VALGRIND_GET_VBITS(memory, unknown, size) == 3)
		return false;
	for (size_t i = 0; i < size; i++)
		if (unknown[i] != 0)
			return false;
	return true;
}

#pragma pop_macro("RUNNING_ON_VALGRIND")
#pragma pop_macro("VALGRIND_MAKE_MEM_NOACCESS")
#pragma pop_macro("VALGRIND_MAKE_MEM_UNDEFINED")
#pragma pop_macro("VALGRIND_MAKE_MEM_DEFINED")
#pragma pop_macro("VALGRIND_GET_VBITS")

/* ---------------------------------------------------------- lib/os/clock.h */

/* Time, as coarse as it is cheap. */
#ifndef MEMS_OS_CLOCK_H
#define MEMS_OS_CLOCK_H

/* Milliseconds since some moment; off by some of them. */
uint64_t mems__clock(void);

/* Nanoseconds since some moment, exact. */
uint64_t mems__clock_exact(void);

/* Sleep for this many milliseconds. */
void mems__sleep(uint64_t milliseconds);

#endif

/* ----------------------------------------------------------- lib/os/fork.h */

/* What is to happen around a fork of this process. */
#ifndef MEMS_OS_FORK_H
#define MEMS_OS_FORK_H

/*
 * Have these called before a fork, and after it in the parent and in the
 * child. They stay for the life of the process. False: no memory for it.
 *
 * Some C libraries allocate for it, and malloc may be this library's: no lock
 * that malloc takes may be held.
 */
bool mems__fork_hooks(void (*before)(void), void (*in_parent)(void),
		      void (*in_child)(void));

/* In a child: did this memory come along? Its owner may have had it left out,
   as with MADV_DONTFORK. */
bool mems__fork_brought(const void *memory);

#endif

/* --------------------------------------------------------- lib/os/helper.h */

/* A thread of the library's own, for work that no call can do. */
#ifndef MEMS_OS_HELPER_H
#define MEMS_OS_HELPER_H

/*
 * Run `help` in a thread that takes no signals and that nobody waits for.
 * False: the system refuses. It may allocate by malloc and take locks of the
 * system's library.
 */
bool mems__helper_start(void (*help)(void));

/*
 * May this caller, if it is known, hold a lock that making a thread takes? The
 * C library's dynamic linker is the one that may.
 */
bool mems__helper_forbidden(const void *caller);

#endif

/* --------------------------------------------------------- lib/os/linker.h */

/* Whose code is at an address? */
#ifndef MEMS_OS_LINKER_H
#define MEMS_OS_LINKER_H

/* The dynamic linker's; true as well where nobody can tell. */
bool mems__is_linker(const void *address);

/* This library's own; a guess of no where nobody tells. */
bool mems__is_ours(const void *address);

#endif

/* --------------------------------------------------------- lib/os/secret.h */

/* A number that nobody can guess. */
#ifndef MEMS_OS_SECRET_H
#define MEMS_OS_SECRET_H

uintptr_t mems__random(void);

#endif

/* ---------------------------------------------------------- lib/os/stack.h */

/* The addresses that the calls on this thread's stack return to, by name. */
#ifndef MEMS_OS_STACK_H
#define MEMS_OS_STACK_H

/*
 * At most `most` of them, the latest first, without those of the library
 * itself; how many: none where the C library cannot tell. May allocate by
 * malloc the first time.
 */
unsigned mems__stack(uintptr_t *frames, unsigned most);

/* What lies at an address of code: NULL and 0 what nobody tells. */
struct symbol {
	const char *name, *file;
	uintptr_t start, file_start;
};

struct symbol mems__symbol_at(uintptr_t address);

#endif

#ifdef MEMS_OS_WINDOWS

/* -------------------------------------------------- lib/os/clock_windows.c */

/* Time by the tick of the system, and by its counter. */

uint64_t mems__clock(void)
{
	return GetTickCount64();
}

uint64_t mems__clock_exact(void)
{
	LARGE_INTEGER count, second;
	uint64_t ticks, rate;

	QueryPerformanceCounter(&count);
	QueryPerformanceFrequency(&second);
	ticks = (uint64_t)count.QuadPart;
	rate = (uint64_t)second.QuadPart;
	/* In two steps: the product of all ticks would not fit for long. */
	return ticks / rate * 1000000000 + ticks % rate * 1000000000 / rate;
}

void mems__sleep(uint64_t milliseconds)
{
	Sleep(milliseconds < INFINITE ? (DWORD)milliseconds : INFINITE);
}

/* --------------------------------------------------- lib/os/fork_windows.c */

/* Processes are not copied here. */

bool mems__fork_hooks(void (*before)(void), void (*in_parent)(void),
		      void (*in_child)(void))
{
	(void)before;
	(void)in_parent;
	(void)in_child;
	return true;
}

bool mems__fork_brought(const void *memory)
{
	(void)memory;
	return true;
}

/* ------------------------------------------------- lib/os/helper_windows.c */

/* A thread whose handle nobody keeps. */

/* It needs a page or two. */
#define STACK 131072

static DWORD WINAPI os_helper_windows__run(void *arg)
{
	void (**help)(void) = arg;

	(*help)();
	return 0;
}

bool mems__helper_start(void (*help)(void))
{
	static void (*what)(void);
	HANDLE thread;

	what = help;
	thread = CreateThread(NULL, STACK, os_helper_windows__run, &what,
			      STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
	if (thread != NULL)
		CloseHandle(thread);
	return thread != NULL;
}

bool mems__helper_forbidden(const void *caller)
{
	(void)caller;
	return false;
}

#undef STACK

/* ------------------------------------------------- lib/os/linker_windows.c */

/* A file that was loaded is one allocation of addresses. */

bool mems__is_linker(const void *address)
{
	(void)address;
	return false;
}

static const void *os_linker_windows__file_of(const void *address)
{
	MEMORY_BASIC_INFORMATION part;

	return VirtualQuery(address, &part, sizeof(part)) == 0 ? NULL :
							 part.AllocationBase;
}

bool mems__is_ours(const void *address)
{
	static const char here;

	return os_linker_windows__file_of(address) == os_linker_windows__file_of(&here);
}

/* --------------------------------------------------- lib/os/lock_windows.c */

/* Waiting for a lock where its word is. */

/* As in lock_linux.c. */
#define SPINS 100

void mems__lock_wait(uint32_t *word)
{
	uint32_t held = 2;

	for (int i = 0; i < SPINS; i++) {
		uint32_t free = 0;

		if (__atomic_load_n(word, __ATOMIC_RELAXED) == 0 &&
		    __atomic_compare_exchange_n(word, &free, 1, 0,
						__ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return;
		YieldProcessor();
	}
	/* Once we have slept we cannot know whether others still do. */
	while (__atomic_exchange_n(word, 2, __ATOMIC_ACQUIRE) != 0)
		(void)WaitOnAddress(word, &held, sizeof(held), INFINITE);
}

void mems__lock_wake(uint32_t *word)
{
	WakeByAddressSingle(word);
}

void mems__lock_after_fork(void)
{
}

#undef SPINS

/* -------------------------------------------------- lib/os/pages_windows.c */

/* Reserve, commit and release by VirtualAlloc; the library's budget. */

bool (*mems__pages_may)(void);

static size_t os_pages_windows__reserved;		/* bytes, changed atomically */

static bool os_pages_windows__may(void)
{
	return mems__pages_may == NULL || mems__pages_may();
}

static SYSTEM_INFO os_pages_windows__system_info(void)
{
	SYSTEM_INFO info;

	GetSystemInfo(&info);
	return info;
}

size_t mems__page_size(void)
{
	static size_t page_size;
	size_t size = __atomic_load_n(&page_size, __ATOMIC_RELAXED);

	if (size == 0) {
		size = os_pages_windows__system_info().dwPageSize;
		__atomic_store_n(&page_size, size, __ATOMIC_RELAXED);
	}
	return size;
}

void *mems__pages_reserve(size_t size)
{
	void *pages;

	if (!os_pages_windows__may())
		return NULL;
	pages = VirtualAlloc(NULL, size, MEM_RESERVE, PAGE_NOACCESS);
	if (pages != NULL)
		__atomic_fetch_add(&os_pages_windows__reserved, size, __ATOMIC_RELAXED);
	return pages;
}

void mems__pages_release(void *pages, size_t size)
{
	/* The system knows how long it is. */
	if (VirtualFree(pages, 0, MEM_RELEASE))
		__atomic_fetch_sub(&os_pages_windows__reserved, size, __ATOMIC_RELAXED);
}

/* What is committed already keeps its content. */
static bool os_pages_windows__commit(void *pages, size_t size, DWORD protection)
{
	return os_pages_windows__may() &&
	       VirtualAlloc(pages, size, MEM_COMMIT, protection) != NULL;
}

bool mems__pages_commit(void *pages, size_t size)
{
	return os_pages_windows__commit(pages, size, PAGE_READWRITE);
}

bool mems__pages_show(void *pages, size_t size)
{
	return os_pages_windows__commit(pages, size, PAGE_READONLY);
}

bool mems__pages_forbid(void *pages, size_t size)
{
	return os_pages_windows__may() && VirtualFree(pages, size, MEM_DECOMMIT);
}

/*
 * Pages that are decommitted cannot be touched until they are committed again,
 * and the system may refuse that. Pages that are reset are always there, and
 * hold what they did or 0: the same, if that was 0. What was never touched gets
 * memory for a moment, so this goes by pieces.
 */
bool mems__pages_decommit(void *pages, size_t size)
{
	char *at = pages, *end = at + size;

	if (!os_pages_windows__may())
		return false;
	while (at < end) {
		size_t piece = (size_t)mems__min((size_t)(end - at), 1 << 20);

		memset(at, 0, piece);
		if (VirtualAlloc(at, piece, MEM_RESET, PAGE_READWRITE) == NULL)
			return false;
		/* They are not locked: this takes them from the process. */
		(void)VirtualUnlock(at, piece);
		at += piece;
	}
	return true;
}

bool mems__pages_move(void *to, void *from, size_t size)
{
	(void)to;
	(void)from;
	(void)size;
	return false;
}

/* Asked page by page: it is not worth it for more than this. */
#define LOOK_MOST ((size_t)16 << 20)

size_t mems__pages_resident(void *pages, size_t size)
{
	PSAPI_WORKING_SET_EX_INFORMATION found[256];
	size_t page = mems__page_size(), resident = 0;
	char *at = pages, *end = at + size;

	if (size > LOOK_MOST)
		return size;
	while (at < end) {
		DWORD count = 0;

		for (; count < 256 && at < end; at += page)
			found[count++].VirtualAddress = at;
		if (!K32QueryWorkingSetEx(GetCurrentProcess(), found,
					  count * (DWORD)sizeof(found[0])))
			return size;
		while (count-- > 0)
			resident += found[count].VirtualAttributes.Valid;
	}
	return resident * page;
}

void mems__pages_sparse(void *pages, size_t size)
{
	(void)pages;
	(void)size;
}

uint64_t mems__pages_sensible(void)
{
	uint64_t budget = (uintptr_t)os_pages_windows__system_info().lpMaximumApplicationAddress;
	uint64_t taken = __atomic_load_n(&os_pages_windows__reserved, __ATOMIC_RELAXED);

	if (sizeof(void *) < 8)
		return (uint64_t)256 << 20;
	budget = budget / 2 - mems__min(taken, budget / 2);
	return mems__min((uint64_t)64 << 30, budget / 64);
}

#undef LOOK_MOST

/* ------------------------------------------------- lib/os/secret_windows.c */

/* From the system's source of chance; without one, from what differs. */

/* RtlGenRandom, whose header wants more than it is worth. */
#pragma GCC visibility pop
BOOLEAN NTAPI SystemFunction036(void *bytes, ULONG length);
#pragma GCC visibility push(hidden)

uintptr_t mems__random(void)
{
	uintptr_t secret = 0;

	if (!SystemFunction036(&secret, sizeof(secret)))
		secret = (uintptr_t)mems__clock_exact() *
			 (uintptr_t)0x9e3779b97f4a7c15u ^
			 (uintptr_t)&secret ^ (uintptr_t)&mems__random;
	return secret | 1;
}

/* -------------------------------------------------- lib/os/stack_windows.c */

/* Walking the stack by the system's own tables. */

/* Calls inside the library before that of the program. */
#define OURS 8

unsigned mems__stack(uintptr_t *frames, unsigned most)
{
	void *found[64];
	unsigned limit = most + OURS < 64 ? most + OURS : 64, count = 0;
	unsigned length = CaptureStackBackTrace(0, limit, found, NULL);

	/* The last may be no address. */
	for (unsigned i = 0; i < length && count < most && found[i]; i++)
		if (count > 0 || !mems__is_ours(found[i]))
			frames[count++] = (uintptr_t)found[i];
	return count;
}

/* Names are in files of their own here, which debuggers read. */
struct symbol mems__symbol_at(uintptr_t address)
{
	(void)address;
	return (struct symbol){ NULL, NULL, 0, 0 };
}

#undef OURS

/* ------------------------------------------------- lib/os/thread_windows.c */

/*
 * The end of a thread as the loader tells of it: it calls what is in .CRT$XL of
 * each file, whoever made the thread, and never for a fiber.
 */

static void (*os_thread_windows__end_thread)(void *arg);
static THREAD_LOCAL void *os_thread_windows__at_end;

static void NTAPI os_thread_windows__notice(void *file, DWORD reason, void *reserved)
{
	void *arg;

	(void)file;
	(void)reserved;
	if (reason != DLL_THREAD_DETACH)
		return;
	arg = MINE(os_thread_windows__at_end);
	if (arg != NULL) {
		MINE(os_thread_windows__at_end) = NULL;
		os_thread_windows__end_thread(arg);
	}
}

__attribute__((section(".CRT$XLM"), used))
static const PIMAGE_TLS_CALLBACK os_thread_windows__to_notice = os_thread_windows__notice;

unsigned mems__thread_processor(void)
{
	return GetCurrentProcessorNumber();
}

void mems__thread_start(void (*end)(void *arg))
{
	HMODULE file;

	/* A file that is closed is not told, and its helper has no code. */
	(void)GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
				 GET_MODULE_HANDLE_EX_FLAG_PIN,
				 (void *)&os_thread_windows__to_notice, &file);
	os_thread_windows__end_thread = end;
}

bool mems__thread_at_end(void *arg)
{
	MINE(os_thread_windows__at_end) = arg;
	return true;
}

#else

/* ---------------------------------------------------- lib/os/clock_posix.c */

#pragma push_macro("CLOCK_MONOTONIC_COARSE")
/* Time by the clocks of POSIX; Linux has one that takes no system call. */

#ifndef CLOCK_MONOTONIC_COARSE
#define CLOCK_MONOTONIC_COARSE CLOCK_MONOTONIC
#endif

uint64_t mems__clock(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

uint64_t mems__clock_exact(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

void mems__sleep(uint64_t milliseconds)
{
	struct timespec time = {
		.tv_sec = (time_t)(milliseconds / 1000),
		.tv_nsec = (long)(milliseconds % 1000) * 1000000,
	};

	nanosleep(&time, NULL);
}

#pragma pop_macro("CLOCK_MONOTONIC_COARSE")

/* ----------------------------------------------------- lib/os/fork_posix.c */

/* Fork hooks by pthread_atfork. */

bool mems__fork_hooks(void (*before)(void), void (*in_parent)(void),
		      void (*in_child)(void))
{
	return pthread_atfork(before, in_parent, in_child) == 0;
}

bool mems__fork_brought(const void *memory)
{
	size_t page = mems__page_size();
	char *start = (char *)memory - (uintptr_t)memory % page;

	/* It has nothing to write, and fails where nothing is mapped. */
	return msync(start, page, MS_ASYNC) == 0;
}

/* --------------------------------------------------- lib/os/helper_posix.c */

/* A detached thread with all signals blocked. */

/* It needs a page or two; the system adds what thread variables take. */
#define STACK 131072

static void *os_helper_posix__run(void *arg)
{
	void (**help)(void) = arg;

	(*help)();
	return NULL;
}

bool mems__helper_start(void (*help)(void))
{
	static void (*what)(void);
	pthread_attr_t attributes;
	sigset_t all, old;
	pthread_t thread;
	int saved = errno, error;

	what = help;
	if (pthread_attr_init(&attributes) != 0)
		return false;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&thread, &attributes, os_helper_posix__run, &what);
	/* Where thread variables are large, that stack is too small. */
	if (error == EINVAL) {
		pthread_attr_destroy(&attributes);
		pthread_attr_init(&attributes);
		pthread_attr_setdetachstate(&attributes,
					    PTHREAD_CREATE_DETACHED);
		error = pthread_create(&thread, &attributes, os_helper_posix__run, &what);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attributes);
	errno = saved;
	return error == 0;
}

bool mems__helper_forbidden(const void *caller)
{
	return caller != NULL && mems__is_linker(caller);
}

#undef STACK

/* ---------------------------------------------------- lib/os/pages_posix.c */

#pragma push_macro("MAP_ANONYMOUS")
#pragma push_macro("MAP_NORESERVE")
/* Reserve, commit and release by mmap and mprotect; the library's budget. */

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif
#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

bool (*mems__pages_may)(void);

static size_t os_pages_posix__reserved;		/* bytes, changed atomically */

static bool os_pages_posix__may(void)
{
	return mems__pages_may == NULL || mems__pages_may();
}

size_t mems__page_size(void)
{
	static size_t page_size;
	size_t size = __atomic_load_n(&page_size, __ATOMIC_RELAXED);

	if (size == 0) {
		size = (size_t)sysconf(_SC_PAGESIZE);
		__atomic_store_n(&page_size, size, __ATOMIC_RELAXED);
	}
	return size;
}

void *mems__pages_reserve(size_t size)
{
	void *pages;

	if (!os_pages_posix__may())
		return NULL;
	pages = mmap(NULL, size, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (pages == MAP_FAILED)
		return NULL;
	__atomic_fetch_add(&os_pages_posix__reserved, size, __ATOMIC_RELAXED);
	return pages;
}

void mems__pages_release(void *pages, size_t size)
{
	/* It can fail only for want of map entries; the addresses then stay
	   reserved, and counted. */
	if (munmap(pages, size) == 0)
		__atomic_fetch_sub(&os_pages_posix__reserved, size, __ATOMIC_RELAXED);
}

bool mems__pages_commit(void *pages, size_t size)
{
	return os_pages_posix__may() && mprotect(pages, size, PROT_READ | PROT_WRITE) == 0;
}

bool mems__pages_show(void *pages, size_t size)
{
	return os_pages_posix__may() && mprotect(pages, size, PROT_READ) == 0;
}

bool mems__pages_forbid(void *pages, size_t size)
{
	return os_pages_posix__may() && mprotect(pages, size, PROT_NONE) == 0;
}

size_t mems__pages_resident(void *pages, size_t size)
{
#ifdef HAVE_MINCORE
	/* A byte per page; of 4 KiB even where an emulator says otherwise. */
	unsigned char vector[4096];
	size_t page = mems__page_size(), resident = 0;
	size_t most = sizeof(vector) * 4096 / page;
	char *at = pages, *end = at + size;

	while (at < end) {
		size_t count = (size_t)(end - at) / page;

		count = count < most ? count : most;
		if (mincore(at, count * page, (void *)vector) != 0)
			return size;
		for (size_t i = 0; i < count; i++)
			resident += vector[i] & 1;
		at += count * page;
	}
	return resident * page;
#else
	(void)pages;
	return size;
#endif
}

/*
 * Some 64-bit systems have 39 bits of addresses, some 57. A stack lies near
 * the top of what this process can use.
 */
static uint64_t os_pages_posix__address_space(void)
{
	char here;

	return (uint64_t)1 << mems__high_bit((uintptr_t)&here) << 1;
}

uint64_t mems__pages_sensible(void)
{
	uint64_t taken = __atomic_load_n(&os_pages_posix__reserved, __ATOMIC_RELAXED);
	uint64_t limit = mems__address_limit_left() / 8;
	uint64_t budget, most = (uint64_t)64 << 30;

	if (sizeof(void *) < 8)
		return mems__min((uint64_t)256 << 20, limit);
	budget = os_pages_posix__address_space() / 2;
	budget -= mems__min(taken, budget);
	return mems__min(most, mems__min(budget / 64, limit));
}

#pragma pop_macro("MAP_ANONYMOUS")
#pragma pop_macro("MAP_NORESERVE")

/* --------------------------------------------------- lib/os/secret_posix.c */

/* From the system's source of chance; without one, from what differs. */

uintptr_t mems__random(void)
{
	uintptr_t secret = 0;
	int saved = errno, fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (read(fd, &secret, sizeof(secret)) != sizeof(secret))
			secret = 0;
		close(fd);
	}
	if (secret == 0)
		secret = (uintptr_t)mems__clock_exact() *
			 (uintptr_t)0x9e3779b97f4a7c15u ^
			 (uintptr_t)&secret ^ (uintptr_t)&mems__random;
	errno = saved;
	return secret | 1;
}

/* ---------------------------------------------------- lib/os/stack_posix.c */

/* Walking the stack, where the C library knows how. */

#ifdef HAVE_EXECINFO_H
#endif

/* Calls inside the library before that of the program. */
#define OURS 8

unsigned mems__stack(uintptr_t *frames, unsigned most)
{
#ifdef HAVE_EXECINFO_H
	void *found[64];
	unsigned limit = most + OURS < 64 ? most + OURS : 64, count = 0;
	int length = backtrace(found, (int)limit);

	for (int i = 0; i < length && count < most; i++)
		if (count > 0 || !mems__is_ours(found[i]))
			frames[count++] = (uintptr_t)found[i];
	return count;
#else
	(void)frames;
	(void)most;
	return 0;
#endif
}

struct symbol mems__symbol_at(uintptr_t address)
{
	Dl_info info;

	if (dladdr((void *)address, &info) == 0)
		return (struct symbol){ NULL, NULL, 0, 0 };
	return (struct symbol){ info.dli_sname, info.dli_fname,
				(uintptr_t)info.dli_saddr,
				(uintptr_t)info.dli_fbase };
}

#undef OURS

/* --------------------------------------------------- lib/os/thread_posix.c */

/* The end of a thread by a key of pthreads. */

#ifndef MEMS__THREAD_POINTER
/* One for all files, or a thread would be another in each. */
THREAD_LOCAL char mems__thread_mark;
#endif

static pthread_key_t os_thread_posix__key;
static bool os_thread_posix__have_key;

unsigned mems__thread_processor(void)
{
#ifdef HAVE_SCHED_GETCPU
	int processor = sched_getcpu();

	return processor < 0 ? 0 : (unsigned)processor;
#else
	return 0;
#endif
}

void mems__thread_start(void (*end)(void *arg))
{
	os_thread_posix__have_key = pthread_key_create(&os_thread_posix__key, end) == 0;
}

bool mems__thread_at_end(void *arg)
{
	return os_thread_posix__have_key && pthread_setspecific(os_thread_posix__key, arg) == 0;
}

#endif

#ifdef MEMS_OS_LINUX

/* --------------------------------------------------- lib/os/advice_linux.c */

#pragma push_macro("MADV_DONTNEED_LOCKED")
/* What Linux does for pages beyond POSIX. */

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24		/* since Linux 5.18 */
#endif

bool mems__pages_decommit(void *pages, size_t size)
{
	if (mems__pages_may != NULL && !mems__pages_may())
		return false;
	/* Locked pages (mlockall) refuse the plain form. */
	return madvise(pages, size, MADV_DONTNEED) == 0 ||
	       madvise(pages, size, MADV_DONTNEED_LOCKED) == 0;
}

void mems__pages_sparse(void *pages, size_t size)
{
	/* A wish: a kernel without huge pages refuses, and that is as well. */
	(void)madvise(pages, size, MADV_NOHUGEPAGE);
}

bool mems__pages_move(void *to, void *from, size_t size)
{
#if defined MREMAP_FIXED && defined MREMAP_DONTUNMAP
	/* It takes one mapping; where there are several, we copy. */
	if (mremap(from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED |
		   MREMAP_DONTUNMAP, to) != to)
		return false;
	/* Changes nothing, but for qemu, which believes the first unmapped. */
	(void)mprotect(from, size, PROT_READ | PROT_WRITE);
	return true;
#else
	(void)to;
	(void)from;
	(void)size;
	return false;
#endif
}

/* The first number in /proc/self/statm: pages of address space in use. */
static uint64_t os_advice_linux__pages_in_use(void)
{
	char text[64];
	ssize_t length, i;
	uint64_t pages = 0;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	length = read(fd, text, sizeof(text));
	close(fd);
	for (i = 0; i < length && text[i] >= '0' && text[i] <= '9'; i++)
		pages = pages * 10 + (uint64_t)(text[i] - '0');
	return pages;
}

uint64_t mems__address_limit_left(void)
{
	struct rlimit limit;
	uint64_t used;

	if (getrlimit(RLIMIT_AS, &limit) != 0 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	used = os_advice_linux__pages_in_use() * mems__page_size();
	return limit.rlim_cur - mems__min(used, limit.rlim_cur);
}

#pragma pop_macro("MADV_DONTNEED_LOCKED")

/* --------------------------------------------------- lib/os/linker_linux.c */

/* The kernel tells where it put the linker; its headers tell how long it is. */

/* Is `offset` in one of the parts of a file that were loaded? */
static bool os_linker_linux__is_in(const ElfW(Phdr) *part, int count, uintptr_t offset)
{
	for (; count > 0; part++, count--)
		if (part->p_type == PT_LOAD &&
		    offset - part->p_vaddr < part->p_memsz)
			return true;
	return false;
}

bool mems__is_linker(const void *address)
{
	uintptr_t base = (uintptr_t)getauxval(AT_BASE);
	const ElfW(Ehdr) *header = (const void *)base;

	/* A static program has none, or all of it is: nobody can tell. */
	return base == 0 ||
	       os_linker_linux__is_in((const void *)(base + header->e_phoff), header->e_phnum,
		     (uintptr_t)address - base);
}

/* The borders of the part that holds this very function. */
static int os_linker_linux__find_ours(struct dl_phdr_info *info, size_t size, void *arg)
{
	uintptr_t *border = arg;
	uintptr_t here = (uintptr_t)&mems__is_ours - info->dlpi_addr;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];

		if (part->p_type == PT_LOAD &&
		    here - part->p_vaddr < part->p_memsz) {
			border[0] = info->dlpi_addr + part->p_vaddr;
			border[1] = border[0] + part->p_memsz;
			return 1;
		}
	}
	return 0;
}

bool mems__is_ours(const void *address)
{
	static uintptr_t border[2];

	if (border[1] == 0)
		dl_iterate_phdr(os_linker_linux__find_ours, border);
	return (uintptr_t)address >= border[0] &&
	       (uintptr_t)address < border[1];
}

/* ----------------------------------------------------- lib/os/lock_linux.c */

#pragma push_macro("SYS_futex")
/* Waiting for a lock by futex, after a short spin. */

/* The longest that a space is held is a few microseconds, bar long walks. */
#define SPINS 100

/* As <linux/futex.h> has them, which a libc need not bring. */
#define FUTEX_WAIT_PRIVATE 128
#define FUTEX_WAKE_PRIVATE 129

#if !defined SYS_futex && defined SYS_futex_time64
#define SYS_futex SYS_futex_time64
#endif

static inline void os_lock_linux__relax(void)
{
#if defined __x86_64__ || defined __i386__
	__builtin_ia32_pause();
#elif defined __aarch64__ || defined __arm__
	__asm__ volatile("yield");
#endif
}

static void os_lock_linux__futex(uint32_t *word, int operation, uint32_t value)
{
	int saved = errno;

	syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
	errno = saved;
}

void mems__lock_wait(uint32_t *word)
{
	for (int i = 0; i < SPINS; i++) {
		uint32_t free = 0;

		if (__atomic_load_n(word, __ATOMIC_RELAXED) == 0 &&
		    __atomic_compare_exchange_n(word, &free, 1, 0,
						__ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return;
		os_lock_linux__relax();
	}
	/* Once we have slept we cannot know whether others still do. */
	while (__atomic_exchange_n(word, 2, __ATOMIC_ACQUIRE) != 0)
		os_lock_linux__futex(word, FUTEX_WAIT_PRIVATE, 2);
}

void mems__lock_wake(uint32_t *word)
{
	os_lock_linux__futex(word, FUTEX_WAKE_PRIVATE, 1);
}

void mems__lock_after_fork(void)
{
}

#undef SPINS
#undef FUTEX_WAIT_PRIVATE
#undef FUTEX_WAKE_PRIVATE
#pragma pop_macro("SYS_futex")

#endif

#ifdef MEMS_OS_POSIX

/* --------------------------------------------------- lib/os/advice_posix.c */

#pragma push_macro("MAP_ANONYMOUS")
/* The same with nothing but POSIX: slower, never wrong. */

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif

bool mems__pages_decommit(void *pages, size_t size)
{
	if (mems__pages_may != NULL && !mems__pages_may())
		return false;
	/* posix_madvise need not drop anything; a new mapping does. */
	return mmap(pages, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == pages;
}

void mems__pages_sparse(void *pages, size_t size)
{
	(void)pages;
	(void)size;
}

bool mems__pages_move(void *to, void *from, size_t size)
{
	(void)to;
	(void)from;
	(void)size;
	return false;
}

uint64_t mems__address_limit_left(void)
{
	struct rlimit limit;

	/* What of it is used already, POSIX does not tell. */
	if (getrlimit(RLIMIT_AS, &limit) != 0 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return limit.rlim_cur;
}

#pragma pop_macro("MAP_ANONYMOUS")

/* --------------------------------------------------- lib/os/linker_posix.c */

/* Nobody tells. */

bool mems__is_linker(const void *address)
{
	(void)address;
	return false;
}

bool mems__is_ours(const void *address)
{
	(void)address;
	return false;
}

/* ----------------------------------------------------- lib/os/lock_posix.c */

/*
 * Waiting for a lock with nothing but POSIX: threads that wait sleep in one of
 * a few places, chosen by the address of the word.
 */

#define PLACES 16

static struct os_lock_posix__place {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
} os_lock_posix__places[PLACES] = {
#define PLACE { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER }
	PLACE, PLACE, PLACE, PLACE, PLACE, PLACE, PLACE, PLACE,
	PLACE, PLACE, PLACE, PLACE, PLACE, PLACE, PLACE, PLACE,
#undef PLACE
};

static struct os_lock_posix__place *os_lock_posix__place_of(const uint32_t *word)
{
	return &os_lock_posix__places[((uintptr_t)word >> 6) % PLACES];
}

void mems__lock_wait(uint32_t *word)
{
	struct os_lock_posix__place *place = os_lock_posix__place_of(word);

	pthread_mutex_lock(&place->mutex);
	while (__atomic_exchange_n(word, 2, __ATOMIC_ACQUIRE) != 0)
		pthread_cond_wait(&place->changed, &place->mutex);
	pthread_mutex_unlock(&place->mutex);
}

void mems__lock_wake(uint32_t *word)
{
	struct os_lock_posix__place *place = os_lock_posix__place_of(word);

	/* All: who sleeps here may wait for another word. */
	pthread_mutex_lock(&place->mutex);
	pthread_cond_broadcast(&place->changed);
	pthread_mutex_unlock(&place->mutex);
}

void mems__lock_after_fork(void)
{
	for (int i = 0; i < PLACES; i++) {
		pthread_mutex_init(&os_lock_posix__places[i].mutex, NULL);
		pthread_cond_init(&os_lock_posix__places[i].changed, NULL);
	}
}

#undef PLACES
#undef PLACE

#endif

/* ------------------------------------------------------- lib/space/space.h */

/*
 * Inside a space: what the files of this layer share, and what the layers
 * above it may use.
 *
 * Positions and lengths are counted in granules from the start of the data,
 * unless a name says bytes.
 *
 * Truth and derived. What is in use is told by three things alone: the bits of
 * `pairs`, the marks of `nodes`, and the break. All else (the summary, the
 * index of holes, the counts, the tracts) is derived and can be built anew.
 */
#ifndef MEMS_SPACE_SPACE_H
#define MEMS_SPACE_SPACE_H

#define NOWHERE UINT64_MAX	/* no position */

/* ------------------------------------------------------------- the region */

#define REGION_MAGIC "MEMS\r\n\032\n"
#define REGION_VERSION 1
#define REGION_BYTE_ORDER 0x01020304u

/* Good fit keeps positions in 32 bits; the tree of first fit ends here. */
#define GRANULES_MAX_GOOD ((uint64_t)1 << 32)
#define GRANULES_MAX ((uint64_t)1 << 38)

/* A freed tract of this many bytes goes back to the system. */
#define TRACT 65536

/* The parts of a region. What is per break grows with it. */
enum area_name {
	AREA_ROOTS,		/* struct root[] */
	AREA_INDEX,		/* struct index: good fit's stacks */
	AREA_PAIRS,		/* struct pair[]: the segments; behind what is
				   always in use, so [-1] may be read */
	AREA_NODES,		/* a bit per page: a node begins here */
	AREA_STARTS,		/* levels of the set of pairs with a start */
	AREA_HOLES = AREA_STARTS + MEMS__BITSET_LEVELS,	/* index of holes */
	AREA_TRACTS = AREA_HOLES + 9,	/* what is in use in each tract */
	AREA_IDLE,		/* levels of the set of tracts to give back */
	AREA_DATA = AREA_IDLE + MEMS__BITSET_LEVELS,
	AREAS
};

/* A segment starts here; the segment that starts here is PROCESS. */
struct pair {
	uint64_t start, used;
};

struct root {
	uint64_t va;
	char name[MEMS_ROOT_NAME_MAX + 1];	/* "": free */
};

/*
 * The head of a region. Guarded by the lock of the space, but for the words
 * above `brk`, which never change, and the limits' callback, which is not here.
 */
struct region {
	char magic[8];
	uint32_t version;
	uint32_t byte_order;
	uint64_t first_va;
	uint64_t maximum;	/* bytes of data */
	uint64_t reach;		/* of them, those that there is memory for */
	uint64_t wanted;	/* bytes of data asked for */
	uint64_t growth;	/* bytes */
	uint32_t granule;	/* bytes */
	uint32_t policy;
	uint64_t area[AREAS];	/* offsets from here; 0: none */

	/* Truth, beside the areas of pairs, nodes and roots. */
	uint64_t brk;		/* bytes in nodes */
	uint64_t soft_limit, hard_limit;

	/* Derived. */
	uint64_t used;		/* granules */
	uint64_t holes, nodes;
	uint64_t extent;	/* highest brk since metadata was given back */

	/* Blocks are what was allocated less what was freed. */
	uint64_t allocations, frees, used_peak, returned;
};

/* Where one area lies and how it grows: one item per `unit` bytes of data. */
struct area {
	uint64_t size;
	uint64_t unit;
	uint32_t item;
	bool small;		/* in use as a whole from the start */
	uint64_t committed;
};

/*
 * The space as this process knows it. Guarded by `lock`, but for what creation
 * sets and nobody changes.
 */
struct space {
	struct mems_space face;		/* first: what users hold */
	uint32_t alive;			/* SPACE_ALIVE until destroyed */
	struct lock lock;
	uint8_t shift;			/* log2 of the granule */
	uint8_t tract_shift;		/* log2 of a tract, in granules */
	uint8_t policy;
	bool joins;			/* growth > 0: one node that gets longer */
	bool ours;			/* the region is from the system */
	bool extends;			/* the caller's memory gets usable */
	bool returns;			/* pages may be given back */
	bool kept;			/* not by itself: the layer above does */
	bool watched;			/* a memory checker wants to know */
	bool soft_told;			/* of use above the soft limit */
	unsigned char *data;		/* the memory behind MEMS_VA_FIRST */
	uint64_t top;			/* position of the break */
	uint64_t touched;		/* positions below may not hold 0 */

	struct region *region;
	struct pair *pairs;
	uint32_t *tracts;		/* granules in use in each */
	uint64_t idle_count;
	uint64_t check_used;		/* granules in use at which a limit is
					   to be looked at */
	struct index *index;		/* good fit: the heads of its stacks */
	uint32_t *hints;		/* good fit: their blocks */
	struct bitset starts;		/* over the pairs */
	struct bitset idle;		/* over the tracts: given back soon */
	uint64_t *nodes;
	int32_t *tree[9];		/* first fit */
	unsigned tree_levels;		/* of them, as far as the break needs */

	mems_limit_fn *on_soft_limit;
	void *arg;
	uint64_t committed;		/* bytes of data with all that they need */
	struct area area[AREAS];
	void *mapping;			/* the region and what is before it */
	size_t mapping_size;
	struct space *next, *previous;	/* in the registry, under its lock */
};

#define SPACE_ALIVE 0x53454d4du

/* region.c: where everything lies. */
struct region_plan {
	struct area area[AREAS];
	uint64_t offset[AREAS];
	uint64_t fixed;			/* bytes at the front used from the start */
	uint64_t size;			/* of it all */
};
void mems__region_plan(struct region_plan *plan, uint64_t maximum,
		       const struct mems_space_options *options,
		       uintptr_t address, uint64_t align);
void mems__region_bind(struct space *space, const struct region_plan *plan,
		       void *memory);
bool mems__region_commit(struct space *space, uint64_t brk);
void mems__region_shrink(struct space *space);
uint64_t mems__region_metadata(const struct space *space);

/* registry.c: all spaces of this process, and fork. */
struct space *mems__registry_add(void);
/* Set up the hooks of fork, if they are not. A layer above does so before it
   sets up its own, which then run first and take its locks first. */
bool mems__registry_start(void);
void mems__registry_remove(struct space *space);

/* ------------------------------------------------------- the index of holes */

/* The space's policy behind one face; see first_fit.c and good_fit.c. */
struct hole {
	uint64_t at, length;
};

void mems__holes_rebuild(struct space *space);
uint64_t mems__holes_largest(struct space *space);
bool mems__holes_check(struct space *space, const char **wrong);
uint64_t mems__next_hole(const struct space *space, uint64_t from);

bool mems__first_fit_find(struct space *space, uint64_t need,
			  struct hole *hole);
void mems__first_fit_add(struct space *space, uint64_t at, uint64_t length);
void mems__first_fit_remove(struct space *space, uint64_t at,
			    uint64_t length);
void mems__first_fit_resize(struct space *space);
void mems__first_fit_rebuild(struct space *space);
uint64_t mems__first_fit_largest(struct space *space);
bool mems__first_fit_check(struct space *space, const char **wrong);

bool mems__good_fit_find(struct space *space, uint64_t need,
			 struct hole *hole);
bool mems__good_fit_search(struct space *space, uint64_t need,
			   struct hole *hole);
void mems__good_fit_add(struct space *space, uint64_t at, uint64_t length);
void mems__good_fit_rebuild(struct space *space);
uint64_t mems__good_fit_largest(struct space *space);
bool mems__good_fit_check(struct space *space, const char **wrong);

/* ---------------------------------------------------------------- the chain */

uint64_t mems__tail(const struct space *space);
bool mems__chain_grow(struct space *space, uint64_t need, struct hole *hole);
void mems__chain_shrink(struct space *space);

/* --------------------------------------------------------- for other layers */

/* mems_space_resize() in place only: false, with nothing changed, if not. */
bool mems__space_resize_here(mems_space *handle, mems_va va, size_t size);

/*
 * The word at an address that may be wrong, if it lies in a live block and no
 * memory checker has forbidden it.
 */
bool mems__space_peek(const mems_space *handle, mems_va va, uint32_t *word);

/* The space behind a handle, or NULL with errno EINVAL. */
static inline struct space *mems__space_of(const mems_space *handle)
{
	struct space *space = (struct space *)handle;

	if (space != NULL && space->alive == SPACE_ALIVE)
		return space;
	errno = EINVAL;
	return NULL;
}

#endif

/* ------------------------------------------------------- lib/space/holes.h */

/* Which hole to use: the space's policy, behind one face. */
#ifndef MEMS_SPACE_HOLES_H
#define MEMS_SPACE_HOLES_H

/* A hole of at least `need`; it stays one until its front is taken. */
static inline bool mems__holes_find(struct space *space, uint64_t need,
				    struct hole *hole)
{
	if (space->policy == MEMS_GOOD_FIT)
		return mems__good_fit_find(space, need, hole);
	return mems__first_fit_find(space, need, hole);
}

/* The same, however long it takes: the space cannot grow. */
static inline bool mems__holes_search(struct space *space, uint64_t need,
				      struct hole *hole)
{
	return space->policy == MEMS_GOOD_FIT &&
	       mems__good_fit_search(space, need, hole);
}

/* A hole of this length is at `at` now, new or longer than before. */
static inline void mems__holes_add(struct space *space, uint64_t at,
				   uint64_t length)
{
	if (space->policy == MEMS_GOOD_FIT)
		mems__good_fit_add(space, at, length);
	else
		mems__first_fit_add(space, at, length);
}

/* The hole that was at `at` is gone or shorter; the bits say so already. */
static inline void mems__holes_remove(struct space *space, uint64_t at,
				      uint64_t length)
{
	if (space->policy == MEMS_FIRST_FIT)
		mems__first_fit_remove(space, at, length);
}

#endif

/* ------------------------------------------------------ lib/space/tracts.h */

/*
 * Memory goes back: the data is counted in tracts of 64 KiB, and a tract in
 * which nothing is left is given back to the system.
 *
 * Not at once, or a block that comes and goes would cost a system call and new
 * pages each time: empty tracts wait until they are more than an eighth of
 * what is in use, and more than a program would miss.
 */
#ifndef MEMS_SPACE_TRACTS_H
#define MEMS_SPACE_TRACTS_H

/* Empty tracts that may wait however little is in use. */
#define TRACTS_WAITING 2

void mems__tracts_take_far(struct space *space, uint64_t at, uint64_t end);
void mems__tracts_give_far(struct space *space, uint64_t at, uint64_t end);

/* What lies from `at` to `end` is in use now. */
static ALWAYS_INLINE void mems__tracts_take(struct space *space, uint64_t at,
					    uint64_t end)
{
	uint64_t first = at >> space->tract_shift;
	uint64_t last = (end - 1) >> space->tract_shift;

	if (space->touched < end)
		space->touched = end;
	if (first == last && space->tracts[first] != 0)
		space->tracts[first] += (uint32_t)(end - at);
	else if (space->returns)
		mems__tracts_take_far(space, at, end);
}

/* It is not any more. */
static ALWAYS_INLINE void mems__tracts_give(struct space *space, uint64_t at,
					    uint64_t end)
{
	uint64_t first = at >> space->tract_shift;
	uint64_t last = (end - 1) >> space->tract_shift;

	if (first == last && space->tracts[first] > end - at)
		space->tracts[first] -= (uint32_t)(end - at);
	else if (space->returns)
		mems__tracts_give_far(space, at, end);
}

/* Give back the tracts that wait, and the end of the space. */
void mems__tracts_return(struct space *space);

void mems__tracts_settle_far(struct space *space, const struct hole *hole);

/* After `hole` came about by a free: is it time? */
static ALWAYS_INLINE void mems__tracts_settle(struct space *space,
					      const struct hole *hole)
{
	if (space->idle_count > TRACTS_WAITING ||
	    hole->at + hole->length == space->top)
		mems__tracts_settle_far(space, hole);
}

/* Give back the whole pages in these bytes of the data, which hold nothing. */
void mems__return_bytes(struct space *space, uint64_t from, uint64_t to);

bool mems__tracts_check(const struct space *space, const char **wrong);

#endif

/* ----------------------------------------------------- lib/space/segment.h */

/*
 * One sub-chain as bits: take the front of a hole, give a block back, join
 * neighbours. A segment ends where the next one starts; at the break stands a
 * mark that looks like a block, so that no search runs past it and no hole
 * joins it.
 *
 * Bits are changed first and the index of holes is told after, so that it may
 * look at them. All that changes is under the lock; the searches are not.
 */
#ifndef MEMS_SPACE_SEGMENT_H
#define MEMS_SPACE_SEGMENT_H

static inline bool mems__is_start(const struct space *space, uint64_t at)
{
	return mems__load(&space->pairs[at >> 6].start) >> (at & 63) & 1;
}

static inline bool mems__is_used(const struct space *space, uint64_t at)
{
	return mems__load(&space->pairs[at >> 6].used) >> (at & 63) & 1;
}

/* segment.c */
uint64_t mems__next_start_far(const struct space *space, uint64_t pair);
uint64_t mems__last_start_far(const struct space *space, uint64_t pair);

/*
 * The first start after `at`; there always is one up to the break. Two words
 * are looked at as one: a branch for the end of the first is often taken
 * wrongly.
 */
static ALWAYS_INLINE uint64_t mems__next_start(const struct space *space,
					       uint64_t at)
{
	const struct pair *pair;
	uint64_t bits;

	at++;
	pair = &space->pairs[at >> 6];
	bits = mems__load(&pair->start) >> (at & 63) |
	       mems__load(&pair[1].start) << 1 << (~at & 63);
	if (bits != 0)
		return at + mems__low_bit(bits);
	return mems__next_start_far(space, (at >> 6) + 1);
}

/* The last start not after `at`: of the segment in which it lies. */
static inline uint64_t mems__last_start(const struct space *space, uint64_t at)
{
	uint64_t bits = mems__load(&space->pairs[at >> 6].start);

	bits <<= ~at & 63;
	if (bits != 0)
		return at - (63 - mems__high_bit(bits));
	return mems__last_start_far(space, at >> 6);
}

static inline void mems__set_start(struct space *space, uint64_t at)
{
	uint64_t *word = &space->pairs[at >> 6].start;
	uint64_t old = mems__load(word);

	mems__store(word, old | (uint64_t)1 << (at & 63));
	if (old == 0)
		mems__bitset_add(&space->starts, at >> 6);
}

static inline void mems__clear_start(struct space *space, uint64_t at)
{
	uint64_t *word = &space->pairs[at >> 6].start;
	uint64_t left = mems__load(word) & ~((uint64_t)1 << (at & 63));

	mems__store(word, left);
	if (left == 0)
		mems__bitset_remove(&space->starts, at >> 6);
}

static inline void mems__set_used(struct space *space, uint64_t at)
{
	uint64_t *word = &space->pairs[at >> 6].used;

	mems__store(word, mems__load(word) | (uint64_t)1 << (at & 63));
}

static inline void mems__clear_used(struct space *space, uint64_t at)
{
	uint64_t *word = &space->pairs[at >> 6].used;

	mems__store(word, mems__load(word) & ~((uint64_t)1 << (at & 63)));
}

/* Does a node that joins none begin here? Then no segment crosses `at`. */
static inline bool mems__is_border(const struct space *space, uint64_t at)
{
	uint64_t bytes = at << space->shift;

	if (space->joins || (bytes & (MEMS_PAGE_SIZE - 1)) != 0)
		return false;
	bytes /= MEMS_PAGE_SIZE;
	return space->nodes[bytes >> 6] >> (bytes & 63) & 1;
}

uint64_t mems__node_end(const struct space *space, uint64_t at);

/* Turn the front of the hole at `at`, `need` of its `length`, into a block. */
static ALWAYS_INLINE void mems__segment_take(struct space *space, uint64_t at,
					     uint64_t length, uint64_t need)
{
	MEMS_ASSERT(need > 0 && need <= length);
	MEMS_ASSERT(mems__is_start(space, at) && !mems__is_used(space, at));
	MEMS_ASSERT(mems__next_start(space, at) == at + length);

	mems__set_used(space, at);
	if (need < length) {
		mems__set_start(space, at + need);
		mems__holes_add(space, at + need, length - need);
	} else {
		space->region->holes--;
	}
	mems__holes_remove(space, at, length);
	mems__tracts_take(space, at, at + need);
	space->region->used += need;
}

/*
 * Turn what lies from `at` to `end`, a block or the rear of one whose start is
 * set, into a hole and join it with the holes beside it in its node. Returns
 * the hole that this gives.
 */
static ALWAYS_INLINE struct hole mems__segment_give(struct space *space,
						    uint64_t at, uint64_t end)
{
	uint64_t first = at, last = end, joined = 0;

	mems__clear_used(space, at);
	mems__tracts_give(space, at, end);
	space->region->used -= end - at;
	if (!mems__is_used(space, end) && !mems__is_border(space, end)) {
		last = mems__next_start(space, end);
		mems__clear_start(space, end);
		joined++;
	}
	if (at > 0 && !mems__is_border(space, at)) {
		uint64_t before = mems__last_start(space, at - 1);

		if (!mems__is_used(space, before)) {
			first = before;
			mems__clear_start(space, at);
			joined++;
		}
	}
	space->region->holes += 1 - joined;
	mems__holes_add(space, first, last - first);
	if (last != end)
		mems__holes_remove(space, end, last - end);
	return (struct hole){ first, last - first };
}

/* The first position of the live block that begins at `va`, or NOWHERE. */
static ALWAYS_INLINE uint64_t mems__block_at(const struct space *space,
					     mems_va va)
{
	uint64_t offset = va - MEMS_VA_FIRST;
	uint64_t at = offset >> space->shift;

	if (offset >= MEMS_LOAD_WORD(space->face.limit) ||
	    (at << space->shift) != offset ||
	    !mems__is_start(space, at) || !mems__is_used(space, at))
		return NOWHERE;
	return at;
}

#endif

/* ------------------------------------------------------ lib/space/access.c */

/*
 * Looking at blocks without the lock. The bits of a live block stay as they
 * are, whatever happens around it, so for who owns one the answers are right.
 */

/* Is the address in a live block? */
static bool space_access__is_live(const struct space *space, mems_va va)
{
	uint64_t offset = va - MEMS_VA_FIRST, at;

	if (offset >= MEMS_LOAD_WORD(space->face.limit))
		return false;
	at = mems__last_start(space, offset >> space->shift);
	return at != NOWHERE && mems__is_used(space, at);
}

/* The memory of `length` bytes at `va`, all in one live block; or NULL. */
static unsigned char *space_access__live_bytes(const struct space *space, mems_va va,
				 size_t length)
{
	uint64_t offset = va - MEMS_VA_FIRST, end;

	if (!space_access__is_live(space, va))
		return NULL;
	end = mems__next_start(space, offset >> space->shift);
	if (end == NOWHERE || length > (end << space->shift) - offset)
		return NULL;
	return space->data + offset;
}

mems_va mems_space_va(const mems_space *handle, const void *memory)
{
	const struct space *space = mems__space_of(handle);
	uintptr_t offset;

	if (space == NULL)
		return MEMS_VA_NONE;
	offset = (uintptr_t)memory - (uintptr_t)space->data;
	if (offset >= MEMS_LOAD_WORD(space->face.limit)) {
		errno = EFAULT;
		return MEMS_VA_NONE;
	}
	return MEMS_VA_FIRST + offset;
}

int mems_space_read(const mems_space *handle, mems_va va, void *to,
		    size_t length)
{
	const struct space *space = mems__space_of(handle);
	const unsigned char *bytes;

	if (space == NULL || (to == NULL && length > 0))
		return -EINVAL;
	bytes = space_access__live_bytes(space, va, length);
	if (bytes == NULL)
		return -EFAULT;
	if (length > 0)
		memcpy(to, bytes, length);
	return 0;
}

bool mems__space_peek(const mems_space *handle, mems_va va, uint32_t *word)
{
	const struct space *space = mems__space_of(handle);
	const unsigned char *bytes;

	if (space == NULL)
		return false;
	bytes = space_access__live_bytes(space, va, sizeof(*word));
	if (bytes == NULL ||
	    (mems__watched() && !mems__watch_holds(bytes, sizeof(*word))))
		return false;
	memcpy(word, bytes, sizeof(*word));
	return true;
}

int mems_space_write(mems_space *handle, mems_va va, const void *from,
		     size_t length)
{
	const struct space *space = mems__space_of(handle);
	unsigned char *bytes;

	if (space == NULL || (from == NULL && length > 0))
		return -EINVAL;
	bytes = space_access__live_bytes(space, va, length);
	if (bytes == NULL)
		return -EFAULT;
	if (length > 0)
		memcpy(bytes, from, length);
	return 0;
}

int mems_space_fill(mems_space *handle, mems_va va, int byte, size_t length)
{
	const struct space *space = mems__space_of(handle);
	unsigned char *bytes;

	if (space == NULL)
		return -EINVAL;
	bytes = space_access__live_bytes(space, va, length);
	if (bytes == NULL)
		return -EFAULT;
	memset(bytes, byte, length);
	return 0;
}

int mems_space_copy(mems_space *handle, mems_va to, mems_va from,
		    size_t length)
{
	const struct space *space = mems__space_of(handle);
	unsigned char *target, *source;

	if (space == NULL)
		return -EINVAL;
	target = space_access__live_bytes(space, to, length);
	source = space_access__live_bytes(space, from, length);
	if (target == NULL || source == NULL)
		return -EFAULT;
	memmove(target, source, length);
	return 0;
}

size_t mems_space_usable_size(const mems_space *handle, mems_va va)
{
	const struct space *space = mems__space_of(handle);
	uint64_t at, end;

	if (space == NULL)
		return 0;
	at = mems__block_at(space, va);
	end = at == NOWHERE ? NOWHERE : mems__next_start(space, at);
	if (end == NOWHERE) {
		errno = EINVAL;
		return 0;
	}
	return (size_t)((end - at) << space->shift);
}

int mems_space_contains(const mems_space *handle, mems_va va)
{
	const struct space *space = mems__space_of(handle);

	if (space == NULL)
		return -EINVAL;
	return space_access__is_live(space, va);
}

/* ------------------------------------------------------- lib/space/alloc.c */

/* The calls that change what is in use: each takes the lock once. */

static mems_va space_alloc__va_of(const struct space *space, uint64_t at)
{
	return MEMS_VA_FIRST + (at << space->shift);
}

static void *space_alloc__memory_at(const struct space *space, uint64_t at)
{
	return space->data + (at << space->shift);
}

static uint64_t space_alloc__granules_of(const struct space *space, size_t size)
{
	return ((uint64_t)size + ((uint64_t)1 << space->shift) - 1) >>
	       space->shift;
}

/* -------------------------------------------------------------- the limits */

/* From how many granules in use on must a limit be looked at? */
static void space_alloc__set_check(struct space *space)
{
	const struct region *region = space->region;
	uint64_t least = UINT64_MAX;

	if (region->hard_limit != 0)
		least = region->hard_limit >> space->shift;
	if (region->soft_limit != 0 && !space->soft_told)
		least = mems__min(least, region->soft_limit >> space->shift);
	space->check_used = least;
}

static bool space_alloc__is_refused(const struct space *space, uint64_t used)
{
	return space->region->hard_limit != 0 &&
	       used << space->shift > space->region->hard_limit;
}

/* Is it the moment to tell of the soft limit? */
static bool space_alloc__crosses_soft(struct space *space)
{
	uint64_t used = space->region->used << space->shift;

	if (space->soft_told || space->region->soft_limit == 0 ||
	    used <= space->region->soft_limit)
		return false;
	space->soft_told = true;
	space_alloc__set_check(space);
	return true;
}

static void space_alloc__rearm_soft(struct space *space)
{
	if (space->soft_told && space->region->used << space->shift <=
				space->region->soft_limit) {
		space->soft_told = false;
		space_alloc__set_check(space);
	}
}

int mems_space_limit(mems_space *handle, uint64_t soft, uint64_t hard,
		     mems_limit_fn *on_soft_limit, void *arg)
{
	struct space *space = mems__space_of(handle);

	if (space == NULL || (hard != 0 && soft > hard))
		return -EINVAL;
	mems__lock_take(&space->lock);
	space->region->soft_limit = soft;
	space->region->hard_limit = hard;
	space->on_soft_limit = on_soft_limit;
	space->arg = arg;
	space->soft_told = soft != 0 &&
			   space->region->used << space->shift > soft;
	space_alloc__set_check(space);
	mems__lock_drop(&space->lock);
	return 0;
}

/* --------------------------------------------------------------- the blocks */

/* Note what is in use now; true if the soft limit is to be told of. */
static ALWAYS_INLINE bool space_alloc__note_use(struct space *space)
{
	struct region *region = space->region;

	if (region->used > region->used_peak)
		region->used_peak = region->used;
	return region->used > space->check_used && space_alloc__crosses_soft(space);
}

/* Drop the lock, and tell of the soft limit if so. */
static ALWAYS_INLINE void space_alloc__drop_lock(struct space *space, bool tell)
{
	mems_limit_fn *on_soft_limit = space->on_soft_limit;
	void *arg = space->arg;
	uint64_t used = space->region->used << space->shift;

	mems__lock_drop(&space->lock);
	if (tell && on_soft_limit != NULL)
		on_soft_limit(&space->face, used, arg);
}

/* Leave `front` granules of a hole as a hole of their own. */
static void space_alloc__leave_front(struct space *space, struct hole *hole, uint64_t front)
{
	mems__set_start(space, hole->at + front);
	space->region->holes++;
	mems__holes_add(space, hole->at, front);
	mems__holes_remove(space, hole->at, hole->length);
	hole->at += front;
	hole->length -= front;
}

/*
 * Make a block of `need` granules at a multiple of `alignment` bytes; its
 * position, or NOWHERE. The lock is held.
 */
static ALWAYS_INLINE uint64_t space_alloc__take(struct space *space, uint64_t need,
				   uint64_t alignment, bool *tell)
{
	uint64_t granule = (uint64_t)1 << space->shift, slack = 0;
	struct hole hole;

	if (alignment > granule)
		slack = (alignment >> space->shift) - 1;
	if (space->region->used + need > space->check_used &&
	    space_alloc__is_refused(space, space->region->used + need))
		return NOWHERE;
	if (!mems__holes_find(space, need + slack, &hole) &&
	    !mems__chain_grow(space, need + slack, &hole) &&
	    !mems__holes_search(space, need + slack, &hole))
		return NOWHERE;
	/* Who asks for memory writes to it soon. */
	__builtin_prefetch(space_alloc__memory_at(space, hole.at), 1);
	if (slack > 0) {
		uintptr_t memory = (uintptr_t)space_alloc__memory_at(space, hole.at);
		uint64_t front = mems__round_up(memory, alignment) - memory;

		if (front > 0)
			space_alloc__leave_front(space, &hole, front >> space->shift);
	}
	mems__segment_take(space, hole.at, hole.length, need);
	space->region->allocations++;
	if (space->watched)
		mems__watch_allow(space_alloc__memory_at(space, hole.at),
				  (size_t)(need << space->shift));
	*tell = space_alloc__note_use(space);
	return hole.at;
}

/*
 * The part that all allocating calls share. `touched` may take from which
 * position on the memory has never been written to.
 */
static ALWAYS_INLINE mems_va space_alloc__allocate(mems_space *handle, uint64_t alignment,
				      size_t size, uint64_t *touched)
{
	struct space *space = mems__space_of(handle);
	uint64_t at = NOWHERE;
	bool tell = false;

	if (space == NULL)
		return MEMS_VA_NONE;
	if (size == 0) {
		errno = EINVAL;
		return MEMS_VA_NONE;
	}
	mems__lock_take(&space->lock);
	if (touched != NULL)
		*touched = space->touched;
	if (size <= space->region->maximum &&
	    alignment <= space->region->maximum)
		at = space_alloc__take(space, space_alloc__granules_of(space, size), alignment, &tell);
	space_alloc__drop_lock(space, tell);
	if (at == NOWHERE) {
		errno = ENOMEM;
		return MEMS_VA_NONE;
	}
	return space_alloc__va_of(space, at);
}

mems_va mems_space_alloc(mems_space *handle, size_t size)
{
	return space_alloc__allocate(handle, 1, size, NULL);
}

mems_va mems_space_aligned_alloc(mems_space *handle, size_t alignment,
				 size_t size)
{
	if (!mems__is_power_of_2(alignment)) {
		errno = EINVAL;
		return MEMS_VA_NONE;
	}
	return space_alloc__allocate(handle, alignment, size, NULL);
}

mems_va mems_space_calloc(mems_space *handle, size_t count, size_t size)
{
	const struct space *space = mems__space_of(handle);
	uint64_t touched, at;
	size_t bytes;
	mems_va va;

	if (space == NULL)
		return MEMS_VA_NONE;
	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return MEMS_VA_NONE;
	}
	va = space_alloc__allocate(handle, 1, bytes, &touched);
	if (va == MEMS_VA_NONE)
		return MEMS_VA_NONE;
	/* What was never written to is 0; but a checker cannot know. */
	at = (va - MEMS_VA_FIRST) >> space->shift;
	touched -= mems__min(touched, at);
	if (touched < space_alloc__granules_of(space, bytes) && !space->watched)
		memset(space_alloc__memory_at(space, at), 0,
		       (size_t)(touched << space->shift));
	else
		memset(space_alloc__memory_at(space, at), 0, bytes);
	return va;
}

int mems_space_free(mems_space *handle, mems_va va)
{
	struct space *space = mems__space_of(handle);
	struct hole hole;
	uint64_t at, end;

	if (space == NULL)
		return -EINVAL;
	if (va == MEMS_VA_NONE)
		return 0;
	mems__lock_take(&space->lock);
	at = mems__block_at(space, va);
	if (at == NOWHERE) {
		mems__lock_drop(&space->lock);
		return -EINVAL;
	}
	end = mems__next_start(space, at);
	if (space->watched)
		mems__watch_forbid(space_alloc__memory_at(space, at),
				   (size_t)((end - at) << space->shift));
	space->region->frees++;
	hole = mems__segment_give(space, at, end);
	space_alloc__rearm_soft(space);
	mems__tracts_settle(space, &hole);
	mems__lock_drop(&space->lock);
	return 0;
}

/* ------------------------------------------------------------------ resize */

/*
 * Lengthen the block [at, end) to `need` granules with the hole behind it, or
 * what the system adds there. False, with nothing changed, if that cannot be.
 */
static bool space_alloc__lengthen(struct space *space, uint64_t at, uint64_t end,
		     uint64_t need, bool *tell)
{
	uint64_t more = need - (end - at), length = 0;
	uint64_t brk = space->top;
	struct hole hole;

	if (space->region->used + more > space->check_used &&
	    space_alloc__is_refused(space, space->region->used + more))
		return false;
	if (!mems__is_used(space, end) && !mems__is_border(space, end))
		length = mems__next_start(space, end) - end;
	if (length < more) {
		if (!space->joins || end + length != brk ||
		    !mems__chain_grow(space, more, &hole))
			return false;
		length = hole.length;
	}
	/* Take the front of the hole, then forget where it began. */
	mems__segment_take(space, end, length, more);
	mems__clear_start(space, end);
	mems__clear_used(space, end);
	if (space->watched)
		mems__watch_allow(space_alloc__memory_at(space, end),
				  (size_t)(more << space->shift));
	*tell = space_alloc__note_use(space);
	return true;
}

/* Change the block in place, if that can be. The lock is held. */
static bool space_alloc__resize_here(struct space *space, uint64_t at, uint64_t end,
			uint64_t need, bool *tell)
{
	if (need > end - at)
		return space_alloc__lengthen(space, at, end, need, tell);
	if (need < end - at) {
		struct hole hole;

		if (space->watched)
			mems__watch_forbid(space_alloc__memory_at(space, at + need),
					   (size_t)((end - at - need) <<
						    space->shift));
		mems__set_start(space, at + need);
		hole = mems__segment_give(space, at + need, end);
		space_alloc__rearm_soft(space);
		mems__tracts_settle(space, &hole);
	}
	return true;
}

/*
 * Find the block at `va` and change it in place, if that can be. Returns 0, or
 * EINVAL, or ENOMEM and the bytes of the block, which is as before.
 */
static int space_alloc__find_and_resize(struct space *space, mems_va va, size_t size,
			   uint64_t *bytes)
{
	bool done = false, tell = false;
	uint64_t at, end;

	mems__lock_take(&space->lock);
	at = mems__block_at(space, va);
	if (at == NOWHERE || size == 0) {
		mems__lock_drop(&space->lock);
		return EINVAL;
	}
	end = mems__next_start(space, at);
	*bytes = (end - at) << space->shift;
	if (size <= space->region->maximum)
		done = space_alloc__resize_here(space, at, end, space_alloc__granules_of(space, size),
				   &tell);
	space_alloc__drop_lock(space, tell);
	return done ? 0 : ENOMEM;
}

bool mems__space_resize_here(mems_space *handle, mems_va va, size_t size)
{
	uint64_t bytes;

	return space_alloc__find_and_resize((struct space *)handle, va, size, &bytes) == 0;
}

mems_va mems_space_resize(mems_space *handle, mems_va va, size_t size)
{
	struct space *space = mems__space_of(handle);
	uint64_t bytes;
	mems_va moved;
	int error;

	if (space == NULL)
		return MEMS_VA_NONE;
	if (va == MEMS_VA_NONE)
		return mems_space_alloc(handle, size);
	error = space_alloc__find_and_resize(space, va, size, &bytes);
	if (error == 0)
		return va;
	if (error == EINVAL) {
		errno = EINVAL;
		return MEMS_VA_NONE;
	}
	moved = mems_space_alloc(handle, size);
	if (moved == MEMS_VA_NONE)
		return MEMS_VA_NONE;
	memcpy(mems_space_get(handle, moved), mems_space_get(handle, va),
	       (size_t)mems__min(size, bytes));
	(void)mems_space_free(handle, va);
	return moved;
}

/* ------------------------------------------------------- lib/space/chain.c */

/*
 * The main chain: nodes of whole MeMS pages, one after the other from address
 * 1000 to the break.
 *
 * With growth 0 each request that no hole can take gets a node of its own, and
 * nodes stay, as in the MeMS of old. With growth above 0 the steps join: there
 * is one node, which gets longer, and shorter again when its end holds nothing.
 */

/* The hole at the break of a space that joins, or NOWHERE. */
uint64_t mems__tail(const struct space *space)
{
	uint64_t end = space->top, at;

	if (!space->joins || end == 0)
		return NOWHERE;
	at = mems__last_start(space, end - 1);
	return mems__is_used(space, at) ? NOWHERE : at;
}

static void space_chain__set_break(struct space *space, uint64_t brk)
{
	struct region *region = space->region;

	region->brk = brk;
	space->top = brk >> space->shift;
	region->extent = mems__max(region->extent, brk);
	if (space->joins)
		region->nodes = brk > 0;
	if (space->policy == MEMS_FIRST_FIT)
		mems__first_fit_resize(space);
	__atomic_store_n(&space->face.limit, (size_t)brk, __ATOMIC_RELAXED);
}

/*
 * The bytes to add so that a hole of `need` granules ends at the break: the
 * growth step if that is more and fits, else just enough pages; 0 if there is
 * no room.
 */
static uint64_t space_chain__step_for(struct space *space, uint64_t need)
{
	const struct region *region = space->region;
	uint64_t room = region->reach - region->brk;
	uint64_t step = mems__round_up(need << space->shift, MEMS_PAGE_SIZE);

	if (step > room)
		return 0;
	if (step < region->growth && region->growth <= room &&
	    mems__region_commit(space, region->brk + region->growth))
		return region->growth;
	return mems__region_commit(space, region->brk + step) ? step : 0;
}

/*
 * Get a hole of at least `need` granules from the system. False, with nothing
 * changed, if it cannot be had.
 */
bool mems__chain_grow(struct space *space, uint64_t need, struct hole *hole)
{
	struct region *region = space->region;
	uint64_t end = space->top;
	uint64_t tail = mems__tail(space);
	uint64_t have = tail == NOWHERE ? 0 : end - tail;
	uint64_t step = space_chain__step_for(space, need - have);
	uint64_t top;

	if (step == 0)
		return false;
	top = (region->brk + step) >> space->shift;
	mems__set_start(space, top);
	mems__set_used(space, top);
	if (tail != NOWHERE) {
		mems__clear_start(space, end);
		*hole = (struct hole){ tail, top - tail };
	} else {
		mems__set_start(space, end);
		region->holes++;
		*hole = (struct hole){ end, top - end };
	}
	mems__clear_used(space, end);
	if (!space->joins) {
		uint64_t page = region->brk / MEMS_PAGE_SIZE;

		space->nodes[page >> 6] |= (uint64_t)1 << (page & 63);
		region->nodes++;
	}
	if (space->watched)
		mems__watch_forbid(space->data + region->brk,
				   (size_t)step);
	space_chain__set_break(space, region->brk + step);
	mems__holes_add(space, hole->at, hole->length);
	return true;
}

/* Give up the whole pages at the end that hold nothing. */
void mems__chain_shrink(struct space *space)
{
	struct region *region = space->region;
	uint64_t end = space->top;
	uint64_t tail = mems__tail(space);
	uint64_t brk, top, old = region->brk;

	if (tail == NOWHERE)
		return;
	brk = mems__round_up(tail << space->shift, MEMS_PAGE_SIZE);
	if (brk == old)
		return;
	top = brk >> space->shift;
	mems__clear_start(space, end);
	mems__clear_used(space, end);
	if (top > 0) {
		mems__set_start(space, top);
		mems__set_used(space, top);
	} else {
		mems__clear_start(space, 0);
	}
	if (top == tail)
		region->holes--;
	mems__holes_remove(space, tail, end - tail);
	space_chain__set_break(space, brk);
	/* Behind the break there was nothing: its page goes as a whole. */
	mems__return_bytes(space, tail << space->shift,
			   mems__min(old + mems__page_size() - 1,
				     region->reach));
	if (brk < region->extent / 2)
		mems__region_shrink(space);
}

/* --------------------------------------------------- lib/space/first_fit.c */

/*
 * First fit: a tree finds the hole with the lowest address.
 *
 * Each unit of 128 granules has a cell, the length of the longest hole that
 * starts in it; above, each cell has the most of the 16 below it. To look for
 * a hole is to go down from the top, in each line of 16 to the first cell that
 * is large enough; a line is 64 bytes, and its cells are compared at once.
 *
 * Lengths over LONGEST count as LONGEST. A space has few of those: a request
 * that long looks at each such unit until one will do.
 */

#define UNIT_SHIFT 7
#define LINE 16
#define LONGEST INT32_MAX

static uint64_t space_first_fit__units_in_use(const struct space *space)
{
	return (space->top >> UNIT_SHIFT) + 1;
}

static int32_t space_first_fit__cell_of(uint64_t length)
{
	return (int32_t)mems__min(length, LONGEST);
}

/* Bit i is set if cell i of the line is at least `need`. */
static unsigned space_first_fit__cells_with(const int32_t *line, int32_t need)
{
	static const int32_t bit[LINE] = {
		1, 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5, 1 << 6, 1 << 7,
		1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12, 1 << 13, 1 << 14,
		1 << 15,
	};
	int32_t found = 0;

	for (int i = 0; i < LINE; i++)
		found |= line[i] >= need ? bit[i] : 0;
	return (unsigned)found;
}

static int32_t space_first_fit__most_of(const int32_t *line)
{
	int32_t most = 0;

	for (int i = 0; i < LINE; i++)
		most = line[i] > most ? line[i] : most;
	return most;
}

/* The longest hole that starts in a unit, from the bits. */
static uint64_t space_first_fit__longest_in(const struct space *space, uint64_t unit)
{
	uint64_t longest = 0;

	for (uint64_t pair = unit * 2; pair < unit * 2 + 2; pair++) {
		uint64_t holes = space->pairs[pair].start &
				 ~space->pairs[pair].used;

		for (; holes != 0; holes &= holes - 1) {
			uint64_t at = pair << 6 | mems__low_bit(holes);
			uint64_t end = mems__next_start(space, at);

			longest = mems__max(longest, end - at);
		}
	}
	return longest;
}

/* The first hole of at least `need` that starts in a unit, or none. */
static bool space_first_fit__find_in(const struct space *space, uint64_t unit, uint64_t need,
		    struct hole *hole)
{
	for (uint64_t pair = unit * 2; pair < unit * 2 + 2; pair++) {
		uint64_t holes = space->pairs[pair].start &
				 ~space->pairs[pair].used;

		for (; holes != 0; holes &= holes - 1) {
			uint64_t at = pair << 6 | mems__low_bit(holes);
			uint64_t end = mems__next_start(space, at);

			if (end - at >= need) {
				*hole = (struct hole){ at, end - at };
				return true;
			}
		}
	}
	return false;
}

/* Set the cell of a unit and what depends on it. */
static void space_first_fit__set_cell(struct space *space, uint64_t unit, int32_t value)
{
	int32_t *cell = &space->tree[0][unit];
	int32_t old = *cell;

	*cell = value;
	for (unsigned level = 1; level < space->tree_levels; level++) {
		const int32_t *line = cell - unit % LINE;
		int32_t above;

		unit /= LINE;
		cell = &space->tree[level][unit];
		above = *cell;
		if (value >= above)
			*cell = value;
		else if (old == above)
			*cell = value = space_first_fit__most_of(line);
		else
			break;
		if (*cell == above)
			break;
		old = above;
	}
}

/*
 * The break has changed: use as many levels as make a tree of it, with one
 * line at the top. A level that was not in use has nothing but its first cell
 * to be set; those of units past the break are 0.
 */
void mems__first_fit_resize(struct space *space)
{
	uint64_t cells = space_first_fit__units_in_use(space);
	unsigned levels = 1;

	for (; cells > LINE; levels++)
		cells = (cells + LINE - 1) / LINE;
	for (unsigned i = space->tree_levels; i < levels; i++)
		space->tree[i][0] = i > 0 ? space_first_fit__most_of(space->tree[i - 1]) : 0;
	space->tree_levels = levels;
}

void mems__first_fit_add(struct space *space, uint64_t at, uint64_t length)
{
	uint64_t unit = at >> UNIT_SHIFT;
	int32_t value = space_first_fit__cell_of(length);

	if (value > space->tree[0][unit])
		space_first_fit__set_cell(space, unit, value);
}

void mems__first_fit_remove(struct space *space, uint64_t at, uint64_t length)
{
	uint64_t unit = at >> UNIT_SHIFT;

	if (space->tree[0][unit] == space_first_fit__cell_of(length))
		space_first_fit__set_cell(space, unit, space_first_fit__cell_of(space_first_fit__longest_in(space, unit)));
}

/* The first unit from `unit` up whose cell is at least `need`, or NOWHERE. */
static uint64_t space_first_fit__unit_with(const struct space *space, uint64_t unit,
			  int32_t need)
{
	unsigned level = 0, top = space->tree_levels - 1;
	unsigned found;

	if (unit == 0)
		level = top;
	for (;;) {
		const int32_t *line = &space->tree[level][unit - unit % LINE];

		found = space_first_fit__cells_with(line, need) & ~0u << unit % LINE;
		if (found != 0)
			break;
		if (level == top)
			return NOWHERE;
		level++;
		unit = unit / LINE + 1;
		/* Past the last cell of the line above: go on higher up. */
		while (unit % LINE == 0) {
			if (level == top)
				return NOWHERE;
			level++;
			unit /= LINE;
		}
	}
	unit = unit - unit % LINE + (unsigned)__builtin_ctz(found);
	while (level-- > 0) {
		found = space_first_fit__cells_with(&space->tree[level][unit * LINE], need);
		MEMS_ASSERT(found != 0);
		unit = unit * LINE + (unsigned)__builtin_ctz(found);
	}
	return unit;
}

bool mems__first_fit_find(struct space *space, uint64_t need,
			  struct hole *hole)
{
	uint64_t unit = 0;

	if (space->top == 0)
		return false;
	for (;;) {
		unit = space_first_fit__unit_with(space, unit, space_first_fit__cell_of(need));
		if (unit == NOWHERE)
			return false;
		if (space_first_fit__find_in(space, unit, need, hole))
			return true;
		unit++;
	}
}

uint64_t mems__first_fit_largest(struct space *space)
{
	uint64_t largest = 0, unit = 0;
	int32_t most;

	if (space->top == 0)
		return 0;
	most = space_first_fit__most_of(space->tree[space->tree_levels - 1]);
	if (most < LONGEST)
		return (uint64_t)most;
	while ((unit = space_first_fit__unit_with(space, unit, LONGEST)) != NOWHERE) {
		largest = mems__max(largest, space_first_fit__longest_in(space, unit));
		unit++;
	}
	return largest;
}

void mems__first_fit_rebuild(struct space *space)
{
	if (space->top == 0)
		return;
	for (uint64_t unit = 0; unit < space_first_fit__units_in_use(space); unit++) {
		int32_t value = space_first_fit__cell_of(space_first_fit__longest_in(space, unit));

		if (space->tree[0][unit] != value)
			space_first_fit__set_cell(space, unit, value);
	}
}

bool mems__first_fit_check(struct space *space, const char **wrong)
{
	uint64_t cells;

	if (space->top == 0)
		return true;
	cells = space_first_fit__units_in_use(space);
	for (uint64_t unit = 0; unit < cells; unit++) {
		if (space->tree[0][unit] != space_first_fit__cell_of(space_first_fit__longest_in(space, unit))) {
			*wrong = "a unit's longest hole is not the one noted";
			return false;
		}
	}
	for (unsigned level = 1; level < space->tree_levels; level++) {
		cells = (cells + LINE - 1) / LINE;
		for (uint64_t i = 0; i < cells; i++) {
			if (space->tree[level][i] !=
			    space_first_fit__most_of(&space->tree[level - 1][i * LINE])) {
				*wrong = "a cell is not the most of those below";
				return false;
			}
		}
	}
	return true;
}

#undef UNIT_SHIFT
#undef LINE
#undef LONGEST

/* ---------------------------------------------------- lib/space/good_fit.h */

/* What the region must know of good fit's index: how large its parts are. */
#ifndef MEMS_SPACE_GOOD_FIT_H
#define MEMS_SPACE_GOOD_FIT_H

/*
 * A block of hints: a cache line of words, the first of which names the block
 * below.
 */
#define HINT_BLOCK 16

/* So many blocks there are at least. */
#define HINT_BLOCKS_LEAST 32

struct index;

size_t mems__index_size(void);

/* Make an index of no holes, from zeros. */
void mems__index_start(struct index *index);

/* Bytes of blocks that were written to. */
uint64_t mems__index_extent(const struct index *index);

/*
 * The bytes from `keep` to `end` hold no blocks now; forget that they did.
 */
void mems__index_trim(struct index *index, uint64_t page, uint64_t *keep,
		      uint64_t *end);

#endif

/* ---------------------------------------------------- lib/space/good_fit.c */

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

#define EXACT 16		/* classes of one length each */
#define CLASSES 256		/* of lengths up to 2^32, rounded up */
#define HINTS (HINT_BLOCK - 1)
#define TRIES 8			/* holes looked at in the class of a request */

struct space_good_fit__stack {
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
	struct space_good_fit__stack stack[CLASSES];
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
static ALWAYS_INLINE unsigned space_good_fit__class_of(uint64_t length)
{
	unsigned shift = mems__high_bit(length | 8) - 3;

	return shift * 8 + (unsigned)(length >> shift);
}

static ALWAYS_INLINE uint32_t *space_good_fit__block_at(const struct space *space,
					uint32_t block)
{
	return space->hints + (size_t)(block - 1) * HINT_BLOCK;
}

static uint32_t space_good_fit__blocks_in_all(const struct space *space)
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
static bool space_good_fit__is_stale(const struct space *space)
{
	uint64_t holes = space->region->holes;
	uint64_t likely = holes + holes / 4 + (space->top >> 9);

	return space->index->blocks > likely / HINTS + CLASSES;
}

/* Put an empty block on a stack; NULL if the pool has none. */
static __attribute__((noinline))
uint32_t *space_good_fit__new_block(struct space *space, unsigned class)
{
	struct index *index = space->index;
	struct space_good_fit__stack *stack = &index->stack[class];
	uint32_t block = index->free;
	uint32_t *words;

	if (block != 0) {
		index->free = *space_good_fit__block_at(space, block);
	} else {
		if (index->cut == space_good_fit__blocks_in_all(space))
			return NULL;
		block = ++index->cut;
		if (index->extent < block)
			index->extent = block;
	}
	index->blocks++;
	index->filled[class >> 6] |= (uint64_t)1 << (class & 63);
	words = space_good_fit__block_at(space, block);
	words[0] = stack->block;
	stack->block = block;
	stack->count = 0;
	return words;
}

/* Push a hint; false if there is no block for it. */
static ALWAYS_INLINE bool space_good_fit__push(struct space *space, unsigned class,
			       uint64_t at)
{
	struct space_good_fit__stack *stack = &space->index->stack[class];
	uint32_t hint = (uint32_t)at;
	uint32_t count = stack->count;
	uint32_t *words;

	/* An empty stack has a count of HINTS, like a full block. */
	if (count < HINTS) {
		words = space_good_fit__block_at(space, stack->block);
	} else {
		words = space_good_fit__new_block(space, class);
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
void space_good_fit__drop_block(struct space *space, unsigned class)
{
	struct index *index = space->index;
	struct space_good_fit__stack *stack = &index->stack[class];
	uint32_t *words = space_good_fit__block_at(space, stack->block);
	uint32_t below = words[0];

	words[0] = index->free;
	index->free = stack->block;
	index->blocks--;
	stack->block = below;
	stack->count = HINTS;
	if (below == 0)
		index->filled[class >> 6] &= ~((uint64_t)1 << (class & 63));
}

static ALWAYS_INLINE bool space_good_fit__is_tail(const struct space *space, uint64_t end)
{
	return end == space->top && space->joins;
}

/* The hole that the hint tells of, if there is one and it is not the tail. */
static ALWAYS_INLINE bool space_good_fit__look(const struct space *space, uint32_t hint,
			       struct hole *hole)
{
	const struct pair *pair = &space->pairs[hint >> 6];
	uint64_t end;

	if (((pair->start & ~pair->used) >> (hint & 63) & 1) == 0)
		return false;
	end = mems__next_start(space, hint);
	hole->at = hint;
	hole->length = end - hint;
	return !space_good_fit__is_tail(space, end);
}

/* A hole of just this length, below EXACT. */
static ALWAYS_INLINE bool space_good_fit__find_exact(struct space *space, uint64_t need,
				     struct hole *hole)
{
	struct space_good_fit__stack *stack = &space->index->stack[need];

	while (stack->block != 0) {
		uint32_t *words = space_good_fit__block_at(space, stack->block);
		uint32_t count = stack->count;

		stack->count = count - 1;
		if (count == 1)
			space_good_fit__drop_block(space, (unsigned)need);
		if (space_good_fit__look(space, words[count], hole) && hole->length == need)
			return true;
	}
	return false;
}

/* A hole of the request's own class, which may have shorter ones too. */
static bool space_good_fit__find_in_class(struct space *space, unsigned class, uint64_t need,
			  struct hole *hole)
{
	struct space_good_fit__stack *stack = &space->index->stack[class];
	uint32_t kept = 0;

	for (int i = 0; i < TRIES && stack->block != 0; i++) {
		uint32_t *words = space_good_fit__block_at(space, stack->block);
		uint32_t count = stack->count, slot = count - kept;
		bool fits = false;

		if (slot == 0)
			return false;
		if (space_good_fit__look(space, words[slot], hole) &&
		    space_good_fit__class_of(hole->length) == class) {
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
			space_good_fit__drop_block(space, class);
		if (fits)
			return true;
	}
	return false;
}

/* A hole of the lowest class from `class` up, all of which are large enough. */
static ALWAYS_INLINE bool space_good_fit__find_above(struct space *space, unsigned class,
				     struct hole *hole)
{
	struct index *index = space->index;
	unsigned word = class >> 6;
	uint64_t filled = index->filled[word] >> (class & 63) << (class & 63);

	for (;;) {
		struct space_good_fit__stack *stack;

		while (filled == 0) {
			if (++word == sizeof(index->filled) / 8)
				return false;
			filled = index->filled[word];
		}
		class = word << 6 | mems__low_bit(filled);
		stack = &index->stack[class];
		while (stack->block != 0) {
			uint32_t *words = space_good_fit__block_at(space, stack->block);
			uint32_t count = stack->count;

			stack->count = count - 1;
			if (count == 1)
				space_good_fit__drop_block(space, class);
			if (space_good_fit__look(space, words[count], hole) &&
			    space_good_fit__class_of(hole->length) == class)
				return true;
		}
		filled &= filled - 1;
	}
}

static ALWAYS_INLINE bool space_good_fit__find(struct space *space, uint64_t need,
			       struct hole *hole)
{
	unsigned class = space_good_fit__class_of(need);

	if (need < EXACT ? space_good_fit__find_exact(space, need, hole) :
			   space_good_fit__find_in_class(space, class, need, hole))
		return true;
	if (space_good_fit__find_above(space, class + 1, hole))
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
	if (space_good_fit__find(space, need, hole))
		return true;
	if (space_good_fit__class_of(need) >= space->index->floor)
		return false;
	mems__good_fit_rebuild(space);
	return space_good_fit__find(space, need, hole);
}

/*
 * Nothing was found and the system gives no more: look at every hole of the
 * request's class, not at TRIES of them, or by the bits if not all are in the
 * index. The hint of what is found stays behind, stale.
 */
bool mems__good_fit_search(struct space *space, uint64_t need,
			   struct hole *hole)
{
	unsigned class = space_good_fit__class_of(need);
	const struct space_good_fit__stack *stack = &space->index->stack[class];
	uint32_t block = stack->block, count = stack->count;

	if (need < EXACT)
		return false;
	for (; block != 0; count = HINTS) {
		const uint32_t *words = space_good_fit__block_at(space, block);

		for (uint32_t i = 1; i <= count; i++) {
			if (space_good_fit__look(space, words[i], hole) &&
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
	unsigned class = space_good_fit__class_of(length);

	if (class < space->index->floor || space_good_fit__is_tail(space, at + length))
		return;
	if ((space->index->stack[class].count == HINTS && space_good_fit__is_stale(space)) ||
	    !space_good_fit__push(space, class, at))
		mems__good_fit_rebuild(space);
}

/*
 * Call `note` for each hole but the one at the break, from the highest address
 * down: pushed in this order, the lowest is popped first.
 */
static void space_good_fit__each_hole(struct space *space, void *arg,
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

static void space_good_fit__count_class(struct space *space, void *counts, uint64_t at,
			uint64_t length)
{
	(void)space;
	(void)at;
	((uint64_t *)counts)[space_good_fit__class_of(length)]++;
}

static void space_good_fit__push_hole(struct space *space, void *blocks, uint64_t at,
		      uint64_t length)
{
	struct index *index = space->index;
	unsigned class = space_good_fit__class_of(length);

	if (class >= index->floor) {
		(void)space_good_fit__push(space, class, at);
		return;
	}
	/* What else there is room for: some of the next class. */
	if (class + 1 == index->floor && index->cut < *(uint32_t *)blocks)
		(void)space_good_fit__push(space, class, at);
}

void mems__good_fit_rebuild(struct space *space)
{
	struct index *index = space->index;
	uint32_t extent = index->extent;
	uint32_t blocks = space_good_fit__blocks_in_all(space) / 2;
	uint64_t counts[CLASSES] = { 0 };
	uint64_t wanted = 0;
	unsigned class;

	memset(index, 0, sizeof(*index));
	mems__index_start(index);
	index->extent = extent;
	if (space->region->brk == 0)
		return;
	space_good_fit__each_hole(space, counts, space_good_fit__count_class);
	/* Fill at most half the pool, that it be a while to the next time. */
	for (class = CLASSES; class > 0; class--) {
		wanted += (counts[class - 1] + HINTS - 1) / HINTS;
		if (wanted > blocks)
			break;
	}
	index->floor = class;
	space_good_fit__each_hole(space, &blocks, space_good_fit__push_hole);
}

/* Call `note` for each hint that tells the truth. */
static void space_good_fit__each_hint(struct space *space, unsigned class, void *arg,
		      void (*note)(void *arg, const struct hole *hole))
{
	const struct space_good_fit__stack *stack = &space->index->stack[class];
	uint32_t block = stack->block, count = stack->count;

	while (block != 0) {
		const uint32_t *words = space_good_fit__block_at(space, block);
		struct hole hole;

		for (uint32_t i = 1; i <= count; i++) {
			if (space_good_fit__look(space, words[i], &hole) &&
			    space_good_fit__class_of(hole.length) == class)
				note(arg, &hole);
		}
		block = words[0];
		count = HINTS;
	}
}

static void space_good_fit__note_length(void *largest, const struct hole *hole)
{
	uint64_t *length = largest;

	*length = mems__max(*length, hole->length);
}

uint64_t mems__good_fit_largest(struct space *space)
{
	uint64_t largest = 0, at = mems__tail(space);

	for (unsigned class = CLASSES; class > 0 && largest == 0; class--)
		space_good_fit__each_hint(space, class - 1, &largest, space_good_fit__note_length);
	if (largest == 0 && space->index->floor > 0) {
		mems__good_fit_rebuild(space);
		for (unsigned class = CLASSES; class > 0 && largest == 0;
		     class--)
			space_good_fit__each_hint(space, class - 1, &largest, space_good_fit__note_length);
	}
	if (at != NOWHERE)
		largest = mems__max(largest, space->top - at);
	return largest;
}

/* A bit for each position at which some hint tells of a hole. */
struct space_good_fit__seen {
	struct space *space;
	uint64_t *bits;
	bool complete;
};

static void space_good_fit__mark_hole(void *arg, const struct hole *hole)
{
	struct space_good_fit__seen *seen = arg;

	seen->bits[hole->at >> 6] |= (uint64_t)1 << (hole->at & 63);
}

static void space_good_fit__check_hole(struct space *space, void *arg, uint64_t at,
		       uint64_t length)
{
	struct space_good_fit__seen *seen = arg;

	if (space_good_fit__class_of(length) >= space->index->floor &&
	    (seen->bits[at >> 6] >> (at & 63) & 1) == 0)
		seen->complete = false;
}

bool mems__good_fit_check(struct space *space, const char **wrong)
{
	uint64_t size = (space->top >> 6) * 8 + 8;
	struct space_good_fit__seen seen = { .space = space, .complete = true };

	size = mems__round_up(size, mems__page_size());
	seen.bits = mems__pages_reserve(size);
	if (seen.bits == NULL)
		return true;	/* no memory to find out */
	if (mems__pages_commit(seen.bits, size)) {
		for (unsigned class = 0; class < CLASSES; class++)
			space_good_fit__each_hint(space, class, &seen, space_good_fit__mark_hole);
		space_good_fit__each_hole(space, &seen, space_good_fit__check_hole);
	}
	mems__pages_release(seen.bits, size);
	if (!seen.complete)
		*wrong = "a hole is not in the index";
	return seen.complete;
}

#undef EXACT
#undef CLASSES
#undef HINTS
#undef TRIES

/* ------------------------------------------------------- lib/space/holes.c */

/* What both policies share beside the hot path. */

void mems__holes_rebuild(struct space *space)
{
	if (space->policy == MEMS_GOOD_FIT)
		mems__good_fit_rebuild(space);
	else
		mems__first_fit_rebuild(space);
}

uint64_t mems__holes_largest(struct space *space)
{
	if (space->policy == MEMS_GOOD_FIT)
		return mems__good_fit_largest(space);
	return mems__first_fit_largest(space);
}

bool mems__holes_check(struct space *space, const char **wrong)
{
	if (space->policy == MEMS_GOOD_FIT)
		return mems__good_fit_check(space, wrong);
	return mems__first_fit_check(space, wrong);
}

/* The first hole at `from` or later, from the bits alone; or NOWHERE. */
uint64_t mems__next_hole(const struct space *space, uint64_t from)
{
	uint64_t pair = from >> 6;
	uint64_t mask = ~(uint64_t)0 << (from & 63);

	if (from >= space->top)
		return NOWHERE;
	while (pair != MEMS__BITSET_NONE) {
		uint64_t holes = space->pairs[pair].start &
				 ~space->pairs[pair].used & mask;

		if (holes != 0)
			return pair << 6 | mems__low_bit(holes);
		mask = ~(uint64_t)0;
		pair = mems__bitset_next(&space->starts, pair + 1);
	}
	return NOWHERE;
}

/* ------------------------------------------------------ lib/space/region.c */

/*
 * The region: where its parts lie, and which of them have memory.
 *
 * The head and the small parts come first and are used as a whole; each large
 * part has addresses for the largest break and gets memory as the break rises.
 */

/* A part up to this size is not worth a border in the memory map. */
#define SMALL 65536

/* Memory is asked for in multiples of this. */
#define STEP 65536

/* What an area needs while the break is at `brk`. Two items are spare: the
   unit that the break lies in, and one that searches may look at. */
static uint64_t space_region__need_of(const struct area *area, uint64_t brk)
{
	uint64_t items;

	if (area->unit == 0)
		return area->size;
	items = brk / area->unit + 2;
	return mems__min(area->size, mems__round_up(items * area->item, 64));
}

static void space_region__plan_area(struct region_plan *plan, int name, uint64_t maximum,
		      uint64_t unit, uint32_t item)
{
	struct area *area = &plan->area[name];

	area->unit = unit;
	area->item = item;
	area->size = mems__round_up((maximum / unit + 2) * item, 64);
}

static void space_region__plan_bitset(struct region_plan *plan, int name, uint64_t maximum,
			uint64_t unit)
{
	uint64_t numbers = maximum / unit + 1;

	for (unsigned i = 0; mems__bitset_words(numbers, i) > 0; i++) {
		unit *= 64;
		space_region__plan_area(plan, name + (int)i, maximum, unit, 8);
	}
}

static void space_region__plan_holes(struct region_plan *plan, uint64_t maximum,
		       const struct mems_space_options *options)
{
	uint64_t unit = (uint64_t)options->granule * 128;

	if (options->policy == MEMS_GOOD_FIT) {
		plan->area[AREA_INDEX].size = mems__index_size();
		space_region__plan_area(plan, AREA_HOLES, maximum,
			  unit * (options->memory == NULL ? 2 : 8),
			  HINT_BLOCK * sizeof(uint32_t));
		/* A small space has as many size classes as a large one. */
		plan->area[AREA_HOLES].size +=
			HINT_BLOCKS_LEAST * HINT_BLOCK * sizeof(uint32_t);
		return;
	}
	for (int i = AREA_HOLES; i < AREA_TRACTS; i++) {
		space_region__plan_area(plan, i, maximum, unit, sizeof(int32_t));
		unit *= 16;
		if (plan->area[i].size <= 16 * sizeof(int32_t))
			break;
	}
}

void mems__region_plan(struct region_plan *plan, uint64_t maximum,
		       const struct mems_space_options *options,
		       uintptr_t address, uint64_t align)
{
	uint64_t unit = (uint64_t)options->granule * 64;
	uint64_t at = mems__round_up(sizeof(struct region), 64);

	memset(plan, 0, sizeof(*plan));
	plan->area[AREA_ROOTS].size = MEMS_ROOTS_MAX * sizeof(struct root);
	if (options->growth == 0)
		space_region__plan_area(plan, AREA_NODES, maximum, MEMS_PAGE_SIZE * 64, 8);
	space_region__plan_area(plan, AREA_PAIRS, maximum, unit, sizeof(struct pair));
	space_region__plan_bitset(plan, AREA_STARTS, maximum, unit);
	space_region__plan_holes(plan, maximum, options);
	space_region__plan_area(plan, AREA_TRACTS, maximum, TRACT, sizeof(uint32_t));
	space_region__plan_bitset(plan, AREA_IDLE, maximum, TRACT);
	plan->area[AREA_DATA] = (struct area){ .size = maximum, .unit = 1,
					       .item = 1 };

	for (int i = 0; i < AREA_DATA; i++) {
		struct area *area = &plan->area[i];

		area->small = area->size <= SMALL;
		if (!area->small || area->size == 0)
			continue;
		plan->offset[i] = at;
		at += mems__round_up(area->size, 64);
	}
	at = mems__round_up(at, align);
	plan->fixed = at;
	for (int i = 0; i < AREA_DATA; i++) {
		struct area *area = &plan->area[i];

		if (area->small)
			continue;
		plan->offset[i] = at;
		at += mems__round_up(area->size, align);
	}
	/* The data begins where the memory is a multiple of the granule. */
	at = mems__round_up(address + at, mems__max(align, options->granule)) -
	     address;
	plan->offset[AREA_DATA] = at;
	plan->size = at + mems__round_up(maximum, align);
}

static void space_region__bind_bitset(struct bitset *set, const struct region_plan *plan,
			int name, char *base)
{
	for (unsigned i = 0; i < MEMS__BITSET_LEVELS; i++) {
		if (plan->offset[name + (int)i] == 0)
			break;
		set->level[i] = (uint64_t *)(void *)
			(base + plan->offset[name + (int)i]);
		set->levels = i + 1;
	}
}

/* Point into the region at `memory`, which has memory for its fixed part. */
void mems__region_bind(struct space *space, const struct region_plan *plan,
		       void *memory)
{
	char *base = memory;

	space->region = memory;
	memcpy(space->area, plan->area, sizeof(space->area));
	memcpy(space->region->area, plan->offset, sizeof(plan->offset));
	space->pairs = (void *)(base + plan->offset[AREA_PAIRS]);
	space->nodes = (void *)(base + plan->offset[AREA_NODES]);
	space->tracts = (void *)(base + plan->offset[AREA_TRACTS]);
	space_region__bind_bitset(&space->starts, plan, AREA_STARTS, base);
	space_region__bind_bitset(&space->idle, plan, AREA_IDLE, base);
	if (space->policy == MEMS_GOOD_FIT) {
		space->index = (void *)(base + plan->offset[AREA_INDEX]);
		space->hints = (void *)(base + plan->offset[AREA_HOLES]);
		mems__index_start(space->index);
	} else {
		for (int i = AREA_HOLES; i < AREA_TRACTS; i++) {
			if (plan->offset[i] == 0)
				break;
			space->tree[i - AREA_HOLES] =
				(void *)(base + plan->offset[i]);
		}
	}
	space->data = (unsigned char *)base + plan->offset[AREA_DATA];
	space->face.origin = (uintptr_t)space->data - MEMS_VA_FIRST;
}

static char *space_region__memory_of(const struct space *space, int name)
{
	return (char *)space->region + space->region->area[name];
}

static bool space_region__commit_for(struct space *space, uint64_t brk)
{
	uint64_t page = mems__page_size();

	for (int i = 0; i < AREAS; i++) {
		struct area *area = &space->area[i];
		uint64_t want;

		if (area->small || area->size == 0)
			continue;
		want = mems__round_up(space_region__need_of(area, brk), mems__max(STEP, page));
		want = mems__min(want, mems__round_up(area->size, page));
		if (want <= area->committed)
			continue;
		if (!mems__pages_commit(space_region__memory_of(space, i) + area->committed,
					want - area->committed))
			return false;
		area->committed = want;
	}
	space->committed = brk;
	return true;
}

/*
 * Have memory for a break at `brk`, and for some more while we ask: a step of
 * a page is then rarely a system call. False when the system has no more.
 */
bool mems__region_commit(struct space *space, uint64_t brk)
{
	uint64_t ahead;

	if (brk <= space->committed || !space->ours)
		return true;
	ahead = brk + mems__max(STEP, brk / 8);
	ahead = mems__min(ahead, space->region->maximum);
	return space_region__commit_for(space, ahead) || space_region__commit_for(space, brk);
}

/* Metadata above the break holds only zeros: give it back. */
void mems__region_shrink(struct space *space)
{
	uint64_t page = mems__page_size();

	if (!space->ours)
		return;
	mems__holes_rebuild(space);
	for (int i = 0; i < AREA_DATA; i++) {
		const struct area *area = &space->area[i];
		uint64_t keep, end;

		if (area->small || area->size == 0)
			continue;
		if (space->index != NULL && i == AREA_HOLES) {
			mems__index_trim(space->index, page, &keep, &end);
		} else {
			keep = space_region__need_of(area, space->region->brk);
			end = space_region__need_of(area, space->region->extent);
		}
		keep = mems__round_up(keep, page);
		end = mems__min(mems__round_up(end, page), area->committed);
		if (keep < end)
			(void)mems__pages_decommit(space_region__memory_of(space, i) + keep,
						   end - keep);
	}
	space->region->extent = space->region->brk;
}

/* Bytes of metadata that were written to and not given back. */
uint64_t mems__region_metadata(const struct space *space)
{
	uint64_t sum = mems__round_up(sizeof(struct region), 64);

	for (int i = 0; i < AREA_DATA; i++) {
		if (space->index != NULL && i == AREA_HOLES)
			sum += mems__index_extent(space->index);
		else if (space->area[i].size > 0)
			sum += space_region__need_of(&space->area[i], space->region->extent);
	}
	return sum;
}

#undef SMALL
#undef STEP

/* ---------------------------------------------------- lib/space/registry.c */

/*
 * All spaces of this process, and what fork does to them: their locks are
 * taken in the order of the list, so that the child gets every space at rest.
 */

static struct lock space_registry__registry_lock = LOCK_INIT(LOCK_REGISTRY);
static struct space *space_registry__first;
static unsigned space_registry__hooked;
static struct pool space_registry__objects = {
	.size = (sizeof(struct space) + 63) & ~(size_t)63,
	.link = offsetof(struct space, next),
};

static void space_registry__before_fork(void)
{
	mems__lock_take_unranked(&space_registry__registry_lock);
	for (struct space *space = space_registry__first; space != NULL; space = space->next)
		mems__lock_take_unranked(&space->lock);
}

static void space_registry__in_parent(void)
{
	for (struct space *space = space_registry__first; space != NULL; space = space->next)
		mems__lock_drop_unranked(&space->lock);
	mems__lock_drop_unranked(&space_registry__registry_lock);
}

/* Who waited is not here any more: the locks begin anew. A space in memory that
   its owner did not let come along has ended. */
static void space_registry__in_child(void)
{
	mems__lock_after_fork();
	for (struct space *space = space_registry__first; space != NULL; space = space->next) {
		space->lock.word = 0;
		if (!space->ours && !mems__fork_brought(space->region))
			space->alive = space->face.limit = 0;
	}
	space_registry__registry_lock.word = 0;
}

bool mems__registry_start(void)
{
	if (__atomic_exchange_n(&space_registry__hooked, 1, __ATOMIC_RELAXED))
		return true;
	if (mems__fork_hooks(space_registry__before_fork, space_registry__in_parent, space_registry__in_child))
		return true;
	__atomic_store_n(&space_registry__hooked, 0, __ATOMIC_RELAXED);
	return false;
}

/* A new space, all zeros but its lock, in the list; NULL without memory. */
struct space *mems__registry_add(void)
{
	struct space *space;

	if (!mems__registry_start())
		return NULL;
	mems__lock_take(&space_registry__registry_lock);
	space = mems__pool_take(&space_registry__objects);
	if (space != NULL) {
		memset(space, 0, sizeof(*space));
		space->lock = (struct lock)LOCK_INIT(LOCK_SPACE);
		space->next = space_registry__first;
		if (space_registry__first != NULL)
			space_registry__first->previous = space;
		space_registry__first = space;
	}
	mems__lock_drop(&space_registry__registry_lock);
	return space;
}

void mems__registry_remove(struct space *space)
{
	mems__lock_take(&space_registry__registry_lock);
	if (space->next != NULL)
		space->next->previous = space->previous;
	if (space->previous != NULL)
		space->previous->next = space->next;
	else
		space_registry__first = space->next;
	mems__pool_give(&space_registry__objects, space);
	mems__lock_drop(&space_registry__registry_lock);
}

/* ------------------------------------------------------- lib/space/roots.c */

/* Named roots: a small table in the region. */

static struct root *space_roots__table(const struct space *space)
{
	return (struct root *)(void *)((char *)space->region +
				       space->region->area[AREA_ROOTS]);
}

static bool space_roots__is_name(const char *name)
{
	return name != NULL && name[0] != '\0' &&
	       memchr(name, '\0', MEMS_ROOT_NAME_MAX + 1) != NULL;
}

/* The entry of that name, "" being the first free one; or NULL. */
static struct root *space_roots__lookup(const struct space *space, const char *name)
{
	struct root *roots = space_roots__table(space);

	for (int i = 0; i < MEMS_ROOTS_MAX; i++) {
		if (strcmp(roots[i].name, name) == 0)
			return &roots[i];
	}
	return NULL;
}

int mems_space_root_set(mems_space *handle, const char *name, mems_va va)
{
	struct space *space = mems__space_of(handle);
	struct root *root;

	if (space == NULL || !space_roots__is_name(name))
		return -EINVAL;
	mems__lock_take(&space->lock);
	root = space_roots__lookup(space, name);
	if (root == NULL) {
		root = space_roots__lookup(space, "");
		if (root != NULL)
			memcpy(root->name, name, strlen(name) + 1);
	}
	if (root != NULL)
		root->va = va;
	mems__lock_drop(&space->lock);
	return root != NULL ? 0 : -ENOSPC;
}

int mems_space_root_remove(mems_space *handle, const char *name)
{
	struct space *space = mems__space_of(handle);
	struct root *root;

	if (space == NULL || !space_roots__is_name(name))
		return -EINVAL;
	mems__lock_take(&space->lock);
	root = space_roots__lookup(space, name);
	if (root != NULL)
		memset(root, 0, sizeof(*root));
	mems__lock_drop(&space->lock);
	return root != NULL ? 0 : -ENOENT;
}

mems_va mems_space_root_get(mems_space *handle, const char *name)
{
	struct space *space = mems__space_of(handle);
	mems_va va = MEMS_VA_NONE;
	const struct root *root;

	if (space == NULL)
		return MEMS_VA_NONE;
	if (!space_roots__is_name(name)) {
		errno = EINVAL;
		return MEMS_VA_NONE;
	}
	mems__lock_take(&space->lock);
	root = space_roots__lookup(space, name);
	if (root != NULL)
		va = root->va;
	mems__lock_drop(&space->lock);
	if (root == NULL)
		errno = ENOENT;
	return va;
}

/* ----------------------------------------------------- lib/space/segment.c */

/* Segments: the searches that leave a pair of words, and the ends of nodes. */

/* The first start in pair `pair` or later. */
uint64_t mems__next_start_far(const struct space *space, uint64_t pair)
{
	uint64_t bits = mems__load(&space->pairs[pair].start);

	if (bits == 0) {
		pair = mems__bitset_next(&space->starts, pair);
		if (pair == MEMS__BITSET_NONE)
			return NOWHERE;
		bits = mems__load(&space->pairs[pair].start);
		if (bits == 0)
			return NOWHERE;
	}
	return pair << 6 | mems__low_bit(bits);
}

/* The last start in a pair below `pair`. */
uint64_t mems__last_start_far(const struct space *space, uint64_t pair)
{
	uint64_t bits;

	if (pair == 0)
		return NOWHERE;
	bits = mems__load(&space->pairs[--pair].start);
	if (bits == 0) {
		pair = mems__bitset_previous(&space->starts, pair);
		if (pair == MEMS__BITSET_NONE)
			return NOWHERE;
		bits = mems__load(&space->pairs[pair].start);
		if (bits == 0)
			return NOWHERE;
	}
	return pair << 6 | mems__high_bit(bits);
}

/* Where the node ends that begins at `at`, or that holds it if nodes join. */
uint64_t mems__node_end(const struct space *space, uint64_t at)
{
	uint64_t pages = space->region->brk / MEMS_PAGE_SIZE;
	uint64_t page = (at << space->shift) / MEMS_PAGE_SIZE + 1;
	uint64_t bits;

	if (space->joins || page >= pages)
		return space->top;
	bits = space->nodes[page >> 6] >> (page & 63);
	if (bits == 0) {
		page = (page | 63) + 1;
		while (page < pages && space->nodes[page >> 6] == 0)
			page += 64;
		if (page >= pages)
			return space->top;
		bits = space->nodes[page >> 6];
	}
	return ((page + mems__low_bit(bits)) * MEMS_PAGE_SIZE) >> space->shift;
}

/* ------------------------------------------------------- lib/space/space.c */

/* Making a space, in pages of the system or in the caller's memory; its end. */

/* Less than this is not worth having when nobody asked for a size. */
#define MAXIMUM_LEAST ((uint64_t)1 << 20)

/* A memory checker keeps books on every byte of a node. */
#define MAXIMUM_WATCHED ((uint64_t)1 << 30)

/* The most bytes of data that such a space can have. */
static uint64_t space_space__bytes_at_most(const struct mems_space_options *options)
{
	return (options->policy == MEMS_GOOD_FIT ? GRANULES_MAX_GOOD :
						   GRANULES_MAX) *
	       options->granule;
}

static bool space_space__is_sound(const struct mems_space_options *options)
{
	uint64_t most = space_space__bytes_at_most(options);

	if (options->size != sizeof(*options) || options->reserved != 0)
		return false;
	if (!mems__is_power_of_2(options->granule) ||
	    options->granule > MEMS_PAGE_SIZE)
		return false;
	if (options->policy > MEMS_GOOD_FIT ||
	    (options->flags & ~(MEMS_MEMORY_PRIVATE | MEMS_MEMORY_ZEROED)) != 0)
		return false;
	if (options->maximum > most || options->growth > most)
		return false;
	if (options->hard_limit != 0 &&
	    options->soft_limit > options->hard_limit)
		return false;
	if (options->memory == NULL)
		return options->memory_size == 0 && options->flags == 0 &&
		       options->memory_usable == 0;
	return (uintptr_t)options->memory % 16 == 0 &&
	       options->memory_size <=
		       UINTPTR_MAX - (uintptr_t)options->memory &&
	       options->memory_usable <= options->memory_size;
}

/* What a space gets that was not told how large it may become. */
static uint64_t space_space__wanted_by_default(const struct mems_space_options *options)
{
	uint64_t most = space_space__bytes_at_most(options);

	if (sizeof(void *) < 8)
		return (uint64_t)256 << 20;
	return mems__min(most, (uint64_t)64 << 30);
}

/* Try to have this much of the system. */
static bool space_space__reserve(struct space *space, uint64_t maximum,
		    const struct mems_space_options *options)
{
	uint64_t align = mems__max(mems__page_size(), TRACT);
	struct region_plan plan;
	char *memory;

	mems__region_plan(&plan, maximum, options, 0, align);
	if (plan.size > SIZE_MAX / 2)
		return false;
	memory = mems__pages_reserve((size_t)plan.size);
	if (memory == NULL)
		return false;
	mems__pages_sparse(memory, (size_t)plan.offset[AREA_DATA]);
	if (!mems__pages_commit(memory, (size_t)plan.fixed)) {
		mems__pages_release(memory, (size_t)plan.size);
		return false;
	}
	space->ours = true;
	space->returns = true;
	space->mapping = memory;
	space->mapping_size = (size_t)plan.size;
	mems__region_bind(space, &plan, memory);
	space->region->maximum = maximum;
	space->region->reach = maximum;
	return true;
}

static bool space_space__reserve_by_size(struct space *space,
			    const struct mems_space_options *options)
{
	uint64_t maximum = mems__round_up(options->maximum, MEMS_PAGE_SIZE);
	uint64_t wanted = maximum;

	if (maximum == 0) {
		wanted = space_space__wanted_by_default(options);
		maximum = mems__min(wanted, mems__pages_sensible());
		if (mems__watched())
			maximum = mems__min(maximum, MAXIMUM_WATCHED);
		maximum = mems__round_down(maximum, MEMS_PAGE_SIZE);
		maximum = mems__max(maximum, MAXIMUM_LEAST);
	}
	while (!space_space__reserve(space, maximum, options)) {
		if (options->maximum != 0 || maximum / 2 < MAXIMUM_LEAST)
			return false;
		maximum = mems__round_down(maximum / 2, MEMS_PAGE_SIZE);
	}
	space->region->wanted = wanted;
	return true;
}

/* The bytes of data that have memory when the first `usable` bytes have. */
static uint64_t space_space__reach_of(const struct space *space, uint64_t usable)
{
	uint64_t front = (uintptr_t)space->data - (uintptr_t)space->mapping;

	if (usable < front)
		return 0;
	return mems__min(mems__round_down(usable - front, MEMS_PAGE_SIZE),
			 space->region->maximum);
}

/* Lay the region out in the caller's memory, as much data as goes in. */
static bool space_space__borrow(struct space *space,
		   const struct mems_space_options *options)
{
	uintptr_t start = (uintptr_t)options->memory;
	uintptr_t base = (uintptr_t)mems__round_up(start, 64);
	uint64_t room = options->memory_size;
	uint64_t usable = options->memory_usable;
	uint64_t fits = 0, pages;
	struct region_plan plan;

	space->extends = usable > 0;
	if (usable == 0)
		usable = room;
	if (room < base - start)
		return false;
	room -= base - start;
	pages = room / MEMS_PAGE_SIZE + 1;
	if (options->maximum != 0)
		pages = mems__min(pages, (options->maximum - 1) /
					 MEMS_PAGE_SIZE + 2);
	pages = mems__min(pages, space_space__bytes_at_most(options) / MEMS_PAGE_SIZE + 1);
	/* The most pages that go in lie from `fits` up to below `pages`. */
	while (pages - fits > 1) {
		uint64_t middle = fits + (pages - fits) / 2;

		mems__region_plan(&plan, middle * MEMS_PAGE_SIZE, options,
				  base, 64);
		if (plan.size <= room)
			fits = middle;
		else
			pages = middle;
	}
	if (fits == 0)
		return false;
	mems__region_plan(&plan, fits * MEMS_PAGE_SIZE, options, base, 64);
	if (usable < base - start + plan.offset[AREA_DATA] + MEMS_PAGE_SIZE)
		return false;
	if ((options->flags & MEMS_MEMORY_ZEROED) == 0) {
		memset((void *)base, 0, (size_t)plan.offset[AREA_DATA]);
		space->touched = NOWHERE;
	}
	space->returns = (options->flags & MEMS_MEMORY_PRIVATE) != 0;
	space->mapping = options->memory;
	mems__region_bind(space, &plan, (void *)base);
	space->region->maximum = fits * MEMS_PAGE_SIZE;
	space->region->wanted = options->maximum != 0 ?
		mems__round_up(options->maximum, MEMS_PAGE_SIZE) :
		fits * MEMS_PAGE_SIZE;
	space->region->reach = space_space__reach_of(space, usable);
	return true;
}

static void space_space__set_up(struct space *space,
		   const struct mems_space_options *options)
{
	struct region *region = space->region;

	memcpy(region->magic, REGION_MAGIC, sizeof(region->magic));
	region->version = REGION_VERSION;
	region->byte_order = REGION_BYTE_ORDER;
	region->first_va = MEMS_VA_FIRST;
	region->growth = mems__round_up(options->growth, MEMS_PAGE_SIZE);
	region->granule = options->granule;
	region->policy = options->policy;
	space->watched = mems__watched();
	if (space->watched && !space->ours)
		mems__watch_forbid(space->data, (size_t)region->reach);
	space->alive = SPACE_ALIVE;
	mems_space_limit(&space->face, options->soft_limit,
			 options->hard_limit, options->on_soft_limit,
			 options->arg);
}

mems_space *mems_space_create(const struct mems_space_options *options)
{
	static const struct mems_space_options defaults = MEMS_SPACE_OPTIONS;
	struct space *space;

	if (options == NULL)
		options = &defaults;
	if (!space_space__is_sound(options)) {
		errno = EINVAL;
		return NULL;
	}
	space = mems__registry_add();
	if (space == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	space->shift = (uint8_t)mems__low_bit(options->granule);
	space->tract_shift = (uint8_t)(mems__low_bit(TRACT) - space->shift);
	space->policy = (uint8_t)options->policy;
	space->joins = options->growth > 0;
	if (options->memory != NULL ? !space_space__borrow(space, options) :
				      !space_space__reserve_by_size(space, options)) {
		mems__registry_remove(space);
		errno = ENOMEM;
		return NULL;
	}
	space_space__set_up(space, options);
	return &space->face;
}

int mems_space_extend(mems_space *handle, size_t usable)
{
	struct space *space = mems__space_of(handle);
	uint64_t reach, before;

	if (space == NULL || !space->extends)
		return -EINVAL;
	reach = space_space__reach_of(space, usable);
	mems__lock_take(&space->lock);
	before = space->region->reach;
	if (reach > before) {
		if (space->watched)
			mems__watch_forbid(space->data + before,
					   (size_t)(reach - before));
		space->region->reach = reach;
	}
	mems__lock_drop(&space->lock);
	return 0;
}

int mems_space_destroy(mems_space *handle)
{
	struct space *space = mems__space_of(handle);

	if (space == NULL)
		return -EINVAL;
	space->alive = 0;
	space->face.limit = 0;
	if (space->watched)
		mems__watch_keep(space->data, (size_t)
				 (space->ours ?
				  space->area[AREA_DATA].committed :
				  space->region->reach));
	memset(space->region->magic, 0, sizeof(space->region->magic));
	if (space->ours)
		mems__pages_release(space->mapping, space->mapping_size);
	mems__registry_remove(space);
	return 0;
}

#undef MAXIMUM_LEAST
#undef MAXIMUM_WATCHED

/* ------------------------------------------------------ lib/space/tracts.c */

/* Counting what lies in each tract, and giving back what holds nothing. */

/* How much of [at, end) lies in tract `tract`. */
static uint32_t space_tracts__overlap(const struct space *space, uint64_t at, uint64_t end,
			uint64_t tract)
{
	at = mems__max(at, tract << space->tract_shift);
	end = mems__min(end, (tract + 1) << space->tract_shift);
	return (uint32_t)(end - at);
}

/* The same for what may lie in many tracts, or is the first in one. */
void mems__tracts_take_far(struct space *space, uint64_t at, uint64_t end)
{
	for (uint64_t i = at >> space->tract_shift;
	     i << space->tract_shift < end; i++) {
		if (space->tracts[i] == 0 &&
		    mems__bitset_has(&space->idle, i)) {
			mems__bitset_remove(&space->idle, i);
			space->idle_count--;
		}
		space->tracts[i] += space_tracts__overlap(space, at, end, i);
	}
}

void mems__tracts_give_far(struct space *space, uint64_t at, uint64_t end)
{
	for (uint64_t i = at >> space->tract_shift;
	     i << space->tract_shift < end; i++) {
		uint32_t length = space_tracts__overlap(space, at, end, i);

		MEMS_ASSERT(space->tracts[i] >= length);
		space->tracts[i] -= length;
		if (space->tracts[i] == 0) {
			mems__bitset_add(&space->idle, i);
			space->idle_count++;
		}
	}
}

/* Give back the whole pages in these bytes of the data, which hold nothing. */
void mems__return_bytes(struct space *space, uint64_t from, uint64_t to)
{
	uintptr_t page = mems__page_size();
	uintptr_t base = (uintptr_t)space->data;
	uintptr_t first = (uintptr_t)mems__round_up(base + from, page);
	uintptr_t end = (uintptr_t)mems__round_down(base + to, page);
	size_t resident;

	if (!space->returns || first >= end)
		return;
	resident = mems__pages_resident((void *)first, end - first);
	if (resident > 0 && mems__pages_decommit((void *)first, end - first))
		space->region->returned += resident;
}

/* Give back the tracts that wait, and the end of the space. */
void mems__tracts_return(struct space *space)
{
	uint64_t brk = space->region->brk;
	uint64_t from = 0;

	while (space->idle_count > 0) {
		uint64_t to;

		from = mems__bitset_next(&space->idle, from);
		MEMS_ASSERT(from != MEMS__BITSET_NONE);
		for (to = from; to * TRACT < brk &&
				mems__bitset_has(&space->idle, to); to++) {
			mems__bitset_remove(&space->idle, to);
			space->idle_count--;
		}
		mems__return_bytes(space, from * TRACT,
				   mems__min(to * TRACT, brk));
		from = to;
	}
	mems__chain_shrink(space);
}

/*
 * Is what waits, or the hole at the end of a space that joins, more than an
 * eighth of all?
 */
void mems__tracts_settle_far(struct space *space, const struct hole *hole)
{
	uint64_t waiting = space->idle_count << space->tract_shift;
	uint64_t least = (uint64_t)TRACTS_WAITING << space->tract_shift;
	bool tail = space->joins && hole->at + hole->length == space->top;

	if (space->kept)
		return;
	if ((waiting > least && waiting > space->region->used / 8) ||
	    (tail && hole->length > least && hole->length > space->top / 8))
		mems__tracts_return(space);
}

bool mems__tracts_check(const struct space *space, const char **wrong)
{
	uint64_t idle = 0;

	if (!space->returns)
		return true;
	for (uint64_t tract = 0; tract << space->tract_shift < space->top;
	     tract++) {
		uint64_t end = (tract + 1) << space->tract_shift;
		uint64_t length = 0, next;
		uint64_t at = mems__last_start(space,
					       tract << space->tract_shift);

		for (; at < mems__min(end, space->top); at = next) {
			next = mems__next_start(space, at);
			if (mems__is_used(space, at))
				length += space_tracts__overlap(space, at, next, tract);
		}
		if (space->tracts[tract] != length) {
			*wrong = "the count of a tract is wrong";
			return false;
		}
		if (mems__bitset_has(&space->idle, tract)) {
			if (length > 0) {
				*wrong = "a tract in use waits to go";
				return false;
			}
			idle++;
		}
	}
	if (idle != space->idle_count) {
		*wrong = "the number of tracts that wait is wrong";
		return false;
	}
	return true;
}

/* -------------------------------------------------------- lib/space/trim.c */

/* Giving back all that can be given back, on request. */

/*
 * Give back the pages inside each run of holes; runs cross the borders of
 * nodes. Pages that have no memory cost little: the system is asked first.
 */
static void space_trim__return_holes(struct space *space)
{
	uint64_t at = mems__next_hole(space, 0);

	while (at != NOWHERE) {
		uint64_t brk = space->top;
		uint64_t end = mems__next_start(space, at);

		while (end < brk && !mems__is_used(space, end))
			end = mems__next_start(space, end);
		mems__return_bytes(space, at << space->shift,
				   end << space->shift);
		at = mems__next_hole(space, end);
	}
}

static int space_trim__trim(mems_space *handle, uint64_t *returned, bool rebuild)
{
	struct space *space = mems__space_of(handle);
	uint64_t before;

	if (space == NULL)
		return -EINVAL;
	mems__lock_take(&space->lock);
	before = space->region->returned;
	if (rebuild)
		mems__holes_rebuild(space);
	mems__tracts_return(space);
	space_trim__return_holes(space);
	if (returned != NULL)
		*returned = space->region->returned - before;
	mems__lock_drop(&space->lock);
	return 0;
}

int mems_space_trim(mems_space *handle, uint64_t *returned)
{
	return space_trim__trim(handle, returned, false);
}

int mems_space_defrag(mems_space *handle, uint64_t *returned)
{
	return space_trim__trim(handle, returned, true);
}

/* ------------------------------------------------------ lib/space/verify.c */

/* Checking every invariant, the truth first and then what is derived of it. */

static bool space_verify__check_head(const struct space *space, const char **wrong)
{
	const struct region *region = space->region;

	if (memcmp(region->magic, REGION_MAGIC, sizeof(region->magic)) != 0 ||
	    region->version != REGION_VERSION ||
	    region->byte_order != REGION_BYTE_ORDER ||
	    region->granule != (uint32_t)1 << space->shift)
		*wrong = "the head of the region is damaged";
	else if (region->brk > region->reach ||
		 region->reach > region->maximum ||
		 region->brk % MEMS_PAGE_SIZE != 0 ||
		 region->brk != space->face.limit ||
		 region->brk != space->top << space->shift)
		*wrong = "the break is out of place";
	else
		return true;
	return false;
}

/* The bits: a mark at the break, no two holes side by side; the counts. */
static bool space_verify__check_segments(const struct space *space, const char **wrong)
{
	const struct region *region = space->region;
	uint64_t brk = space->top;
	uint64_t blocks = 0, holes = 0, used = 0, next;
	bool after_hole = false;

	if (!mems__is_start(space, brk) || !mems__is_used(space, brk)) {
		*wrong = "the mark at the break is missing";
		return false;
	}
	if (!mems__is_start(space, 0)) {
		*wrong = "no segment begins at the first address";
		return false;
	}
	for (uint64_t at = 0; at < brk; at = next) {
		bool hole = !mems__is_used(space, at);

		next = mems__next_start(space, at);
		if (next > brk) {
			*wrong = "a segment runs past the break";
			return false;
		}
		if (hole && after_hole && !mems__is_border(space, at)) {
			*wrong = "two holes of a node are neighbours";
			return false;
		}
		after_hole = hole;
		holes += hole;
		blocks += !hole;
		used += hole ? 0 : next - at;
	}
	if (blocks != region->allocations - region->frees || holes != region->holes ||
	    used != region->used) {
		*wrong = "the counts do not agree with the segments";
		return false;
	}
	return true;
}

static bool space_verify__check_nodes(const struct space *space, const char **wrong)
{
	uint64_t brk = space->top, nodes = 0;

	for (uint64_t at = 0; at < brk; at = mems__node_end(space, at)) {
		nodes++;
		if (!mems__is_start(space, at)) {
			*wrong = "a segment crosses the border of a node";
			return false;
		}
	}
	if (nodes != space->region->nodes) {
		*wrong = "the number of nodes is wrong";
		return false;
	}
	return true;
}

/* Bits that tell of a block where no segment starts; the summary. */
static bool space_verify__check_summary(const struct space *space, const char **wrong)
{
	uint64_t pairs = (space->top >> 6) + 1;

	for (uint64_t i = 0; i < pairs; i++) {
		const struct pair *pair = &space->pairs[i];

		if ((pair->used & ~pair->start) != 0) {
			*wrong = "a block begins where no segment does";
			return false;
		}
		if (mems__bitset_has(&space->starts, i) != (pair->start != 0)) {
			*wrong = "the summary of starts is wrong";
			return false;
		}
	}
	for (unsigned level = 1; level < space->starts.levels; level++) {
		uint64_t words = (pairs + 63) / 64;

		for (uint64_t i = 0; i < words; i++) {
			bool above = space->starts.level[level][i >> 6] >>
				     (i & 63) & 1;

			if (above != (space->starts.level[level - 1][i] != 0)) {
				*wrong = "the summary's levels disagree";
				return false;
			}
		}
		pairs = words;
	}
	return true;
}

static bool space_verify__check_all(struct space *space, const char **wrong)
{
	if (!space_verify__check_head(space, wrong))
		return false;
	if (space->region->brk == 0) {
		*wrong = "an empty space has counts";
		return space->region->allocations == space->region->frees &&
		       space->region->holes == 0 &&
		       space->region->used == 0 && space->region->nodes == 0;
	}
	return space_verify__check_summary(space, wrong) && space_verify__check_segments(space, wrong) &&
	       space_verify__check_nodes(space, wrong) && mems__holes_check(space, wrong) &&
	       mems__tracts_check(space, wrong);
}

int mems_space_verify(mems_space *handle, char *report, size_t length)
{
	struct space *space = mems__space_of(handle);
	const char *wrong = "";
	bool sound;

	if (space == NULL)
		return -EINVAL;
	mems__lock_take(&space->lock);
	sound = space_verify__check_all(space, &wrong);
	mems__lock_drop(&space->lock);
	if (sound)
		return 0;
	mems__text_report(report, length, wrong);
	return -EBADMSG;
}

/* -------------------------------------------------------- lib/space/walk.c */

/* Telling of every node and segment, a batch at a time. */

#define BATCH 64

/* Where a walk is: what comes next, and the node that it is in. */
struct space_walk__cursor {
	uint64_t at;
	uint64_t node_end;	/* 0: a node comes next */
	uint64_t nodes;
};

/* Fill `batch` from the cursor on; how many there are. The lock is held. */
static int space_walk__next_batch(const struct space *space, struct space_walk__cursor *cursor,
		      struct mems_segment *batch)
{
	uint64_t brk = space->top;
	int count = 0;

	/* What was here may have been joined meanwhile: go on behind it. */
	if (cursor->at < brk && !mems__is_start(space, cursor->at))
		cursor->at = mems__next_start(space, cursor->at);
	while (cursor->at < brk && count < BATCH) {
		struct mems_segment *entry = &batch[count++];
		uint64_t end;

		entry->va = MEMS_VA_FIRST + (cursor->at << space->shift);
		if (cursor->at >= cursor->node_end) {
			end = mems__node_end(space, cursor->at);
			cursor->node_end = space->joins ? NOWHERE : end;
			cursor->nodes++;
			entry->kind = MEMS_NODE;
		} else {
			end = mems__next_start(space, cursor->at);
			entry->kind = mems__is_used(space, cursor->at) ?
				      MEMS_PROCESS : MEMS_HOLE;
		}
		entry->node = cursor->nodes - 1;
		entry->size = (MEMS_VA_FIRST + (end << space->shift)) -
			      entry->va;
		if (entry->kind != MEMS_NODE)
			cursor->at = end;
	}
	return count;
}

int mems_space_walk(mems_space *handle, mems_walk_fn *callback, void *arg)
{
	struct space *space = mems__space_of(handle);
	struct space_walk__cursor cursor = { 0, 0, 0 };
	struct mems_segment batch[BATCH];
	int count, result = 0;

	if (space == NULL || callback == NULL)
		return -EINVAL;
	do {
		mems__lock_take(&space->lock);
		count = space_walk__next_batch(space, &cursor, batch);
		mems__lock_drop(&space->lock);
		for (int i = 0; i < count && result == 0; i++)
			result = callback(handle, &batch[i], arg);
	} while (count > 0 && result == 0);
	return result;
}

#undef BATCH

/* ------------------------------------------------------- lib/heap/harden.h */

/*
 * The hardened build: what is done to each block beyond the plain one.
 *
 * A block is made larger than asked for by a mark at its end. The mark tells,
 * in a code that changes with the process and the block, whether the block is
 * live and what size was asked for; the bytes between are filled. Both are
 * looked at when the block is freed, so that a write past the end is found,
 * by one byte too, and so is a second free, and the free of what was never
 * allocated. Behind each span lies a slice that may not be touched.
 *
 * In the plain build all this is nothing.
 */
#ifndef MEMS_HEAP_HARDEN_H
#define MEMS_HEAP_HARDEN_H

struct span;

#ifdef MEMS_HARDENED

#define MARK_SIZE sizeof(uint64_t)
#define GUARD_SLICES 1

extern uintptr_t mems__secret;
extern bool mems__zero_on_free;

/* Before the first block: find a secret. */
void mems__harden_start(void);

/* The block is live from now on, `size` bytes of it. */
void *mems__harden_mark(const struct span *span, void *block, size_t size);

/* Its size, or the end of the process if the block is not as it should be. */
size_t mems__harden_check(const struct span *span, const void *block);

/* The same, and it is not live any more. */
void mems__harden_free(const struct span *span, void *block);

/* The last slice of a span is out of bounds. */
void mems__harden_guard(const struct span *span);
/* It is memory again; false: the system refuses. */
bool mems__harden_unguard(const struct span *span);

#else

#define MARK_SIZE 0
#define GUARD_SLICES 0
#define mems__harden_start() ((void)0)
#define mems__harden_mark(span, block, size) \
	((void)(span), (void)(size), (block))
#define mems__harden_free(span, block) ((void)0)
#define mems__harden_guard(span) ((void)0)
#define mems__harden_unguard(span) (true)

#endif

#endif

/* -------------------------------------------------------- lib/heap/class.h */

/*
 * Size classes: 16 bytes apart up to 128, then eight to each doubling up to
 * 8 KiB, where at most 1/9 of a block is wasted; then two to each doubling up
 * to 32 KiB, since of blocks of whole pages what is not asked for is not
 * touched, and fewer classes share more. What is larger gets slices of its own.
 *
 * Each class has a number, which everything else about it is looked up by.
 */
#ifndef MEMS_HEAP_CLASS_H
#define MEMS_HEAP_CLASS_H

#define BLOCK_LEAST 16
#define DIRECT_MOST 1024	/* sizes that a table of bins is indexed by */
#define BLOCK_MOST 32768
#define CLASSES 60

#define SLICE_SHIFT 16
#define SLICE ((size_t)1 << SLICE_SHIFT)

struct class {
	uint32_t size;		/* bytes of a block */
	uint32_t inverse;	/* 2^35 / size, rounded up */
	uint16_t count;		/* blocks of a span */
	uint8_t slices;		/* of a span */
};

extern const struct class mems__classes[CLASSES];

/* The class of blocks of at least `size` bytes, 1 to BLOCK_MOST. */
static inline unsigned mems__class_of(size_t size)
{
	unsigned top = mems__high_bit((size - 1) | 255);

	if (size > 8192)
		return 56 + (top - 13) * 2 +
		       ((unsigned)((size - 1) >> (top - 1)) & 1);
	return (top - 7) * 8 + (unsigned)((size - 1) >> (top - 3));
}

/* Which block of a span of this class has byte `offset` of it? */
static inline uint32_t mems__block_number(unsigned class, size_t offset)
{
	return (uint32_t)((uint64_t)offset * mems__classes[class].inverse >>
			  35);
}

#endif

/* --------------------------------------------------------- lib/heap/span.h */

/*
 * A span: one or more slices of 64 KiB, cut into equal blocks, or one large
 * block. Each slice of a range has a struct span, found from a pointer by a
 * subtraction and a shift; that of a span's first slice tells of all of it.
 *
 * Who may do what. A span belongs to a thread's cache, to the heap's list of
 * its class, or, when all of its blocks are handed out, to nobody. Only the
 * cache's thread touches `free` and `used` of its spans, without atomics; the
 * heap's list is under the heap's lock. Everybody else gives a block back by
 * one atomic push into `remote`, which tells in one word
 *
 *	the first block of a list linked through the blocks,
 *	REMOTE_OWNED: somebody is going to look at them,
 *	REMOTE_LISTED: nobody does, the span is in the heap's list, and
 *	a count: of the blocks in the list, or while the span is listed, of
 *	those that are still out.
 *
 * Blocks in that list still count as used. A span that belongs to nobody has
 * remote == 0, and whoever first frees one of its blocks makes it his by
 * changing that to REMOTE_OWNED. So no block waits for a thread that sleeps
 * because its span once came from there. And whoever brings the count of a
 * listed span to 0 has it alone from then on: who takes spans from the list
 * passes over such a one.
 */
#ifndef MEMS_HEAP_SPAN_H
#define MEMS_HEAP_SPAN_H

enum span_kind {
	SPAN_NONE = 0,		/* not handed out: free, or never used */
	SPAN_INSIDE,		/* not the first slice of its span */
	SPAN_BLOCKS,		/* belongs to a cache, or to nobody */
	SPAN_LISTED,		/* in the heap's list of its class */
	SPAN_LARGE		/* one large block */
};

struct span {
	/* What its thread writes to at each allocation and free. */
	union {
		void *free;	/* blocks to hand out, linked */
		size_t bytes;	/* SPAN_LARGE: those that may be used */
	};
	uint32_t used;		/* blocks handed out; one more while it is the
				   one that its cache takes blocks from */
	uint16_t fresh : 15;	/* blocks from this one on were never cut */
	uint16_t zeroed : 1;	/* they hold only 0 */
	struct span *next, *previous;

	/* In a line of its own: what others look at and write to. */
	_Alignas(64) struct cache *owner;	/* the cache it belongs to, or
						   NULL */
	uint32_t remote;	/* see above */
	uint32_t slices;	/* of it; SPAN_INSIDE: back to the first */
	char *memory;		/* its first byte */
	struct heap *heap;
	uint8_t class;
	uint8_t kind;
};

#define REMOTE_OWNED 0x80000000u
#define REMOTE_LISTED 0x40000000u
#define REMOTE_FIRST 0x1fffu		/* number of the block + 1; 0: none */
#define REMOTE_COUNT_SHIFT 13

static inline uint32_t mems__remote_count(uint32_t remote)
{
	return remote >> REMOTE_COUNT_SHIFT & REMOTE_FIRST;
}

static inline const struct class *mems__class_info(const struct span *span)
{
	return &mems__classes[span->class];
}

static inline char *mems__span_block(const struct span *span, uint32_t number)
{
	return span->memory + (size_t)number * mems__class_info(span)->size;
}

static inline uint32_t mems__span_number(const struct span *span,
					 const void *block)
{
	return mems__block_number(span->class, (size_t)((const char *)block -
							span->memory));
}

/* A list of spans, linked both ways. */
struct span_list {
	struct span *first, *last;
};

static inline void mems__span_append(struct span_list *list, struct span *span)
{
	span->next = NULL;
	span->previous = list->last;
	if (list->last != NULL)
		list->last->next = span;
	else	/* may be looked at without a lock: is there one? */
		__atomic_store_n(&list->first, span, __ATOMIC_RELAXED);
	list->last = span;
}

static inline void mems__span_unlink(struct span_list *list, struct span *span)
{
	if (span->next != NULL)
		span->next->previous = span->previous;
	else
		list->last = span->previous;
	if (span->previous != NULL)
		span->previous->next = span->next;
	else
		__atomic_store_n(&list->first, span->next, __ATOMIC_RELAXED);
}

#endif

/* --------------------------------------------------------- lib/heap/heap.h */

/*
 * Inside the heap: what the files of this layer share.
 *
 * A heap is spans of blocks and the lists of its classes; each thread that
 * allocates from it has a cache, with a span at hand for each class. A thread's
 * cache for the default heap is in a variable of the thread; those for other
 * heaps hang on it.
 */
#ifndef MEMS_HEAP_HEAP_H
#define MEMS_HEAP_HEAP_H

#define likely(condition) __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

#define NOINLINE __attribute__((noinline))

/* ------------------------------------------------------- caches and heaps */

struct bin {
	struct span *current;	/* blocks are taken from this one */
	struct span_list partial;	/* further spans with free blocks */
	int32_t adopted;	/* spans taken in less those let go of */
};

#define DIRECT (DIRECT_MOST / 16 + 1)

/* A thread's part of a heap. Only that thread uses it, but for what is under
   the lock of all heaps. */
struct cache {
	struct span *direct[DIRECT];	/* the current spans, by size / 16 */
	struct bin bins[CLASSES];
	struct heap *heap;	/* NULL: not made yet, or its heap has ended */
	struct cache *thread;	/* the cache that tells threads apart: of this
				   thread, for the default heap */
	struct cache *others;	/* the thread's next cache */
	struct cache *next, *previous;	/* of the heap; under LOCK_HEAPS */
};

struct heap {
	uint32_t alive;			/* HEAP_ALIVE until destroyed */
	struct lock lock;
	struct span_list listed[CLASSES];	/* under the lock */
	size_t held;			/* bytes in spans; this and the next
					   two are atomic */
	size_t held_peak;
	size_t check;			/* held above this: a limit matters */
	uint64_t soft_limit, hard_limit;	/* under the lock */
	bool soft_told;
	mems_heap_limit_fn *on_soft_limit;
	void *arg;
	struct cache *caches;		/* under LOCK_HEAPS, as the next */
	struct heap *next, *previous;
};

#define HEAP_ALIVE 0x5041454du

extern struct heap mems__default_heap;

/* What a thread that has no cache yet, or none any more, has in its place. */
extern struct cache mems__no_cache, mems__late_cache;
extern struct span mems__no_span;

/* The thread's cache for the default heap, or one of the two above. */
extern THREAD_LOCAL struct cache *mems__this_cache;
#define mems__cache MINE(mems__this_cache)

/* The heap behind a handle (NULL is the default heap), or NULL and EINVAL. */
struct heap *mems__heap_of(mems_heap *handle);

/* threads.c: set up the hooks of heaps and spaces for fork, if they are not.
   Layers above do so before they set up theirs. */
void mems__heaps_start(void);
/* A new heap, all zeros; its end. */
struct heap *mems__heap_add(void);
void mems__heap_remove(struct heap *heap);
/* Before its spans are released: no cache has any of them any more. */
void mems__heap_forget(struct heap *heap);

/* The cache of this thread for a heap, made if need be; NULL: there
   is none to be had. */
struct cache *mems__cache_make(struct heap *heap);
/* The same, not made. */
struct cache *mems__cache_find(const struct heap *heap);
/* Give up what the caches of threads that have ended still hold. */
void mems__caches_unpark(void);
/* For those who cannot have a cache: one for all of them, locked. */
struct cache *mems__shared_take(void);
void mems__shared_drop(void);
/* For each cache of the heap, under the lock of all heaps. */
void mems__caches_visit(struct heap *heap,
			void (*visit)(struct cache *cache, void *arg),
			void *arg);

/* ------------------------------------------------------------------- blocks */

/* span.c: a span of new slices, in nobody's hands yet; NULL: no memory. */
struct span *mems__span_make(struct heap *heap, unsigned class);
/* It is empty, or its heap ends, and it is in no bin and no list. */
void mems__span_release(struct span *span);

/* cache.c: a block of this class; NULL: no memory. *zeroed is set if it is
   known to hold only 0; NULL if nobody cares. */
void *mems__cache_alloc(struct cache *cache, unsigned class, bool *zeroed);
/* Give up what the cache holds: its empty spans, or all. */
void mems__cache_collect(struct cache *cache);
void mems__cache_flush(struct cache *cache);
/* Give up all but empty spans, of which `most` bytes were in use at some time:
   the next thread is likely to want the same. */
void mems__cache_pare(struct cache *cache, size_t most);
void mems__cache_init(struct cache *cache, struct heap *heap);
/* Have each call on it pass by mems__alloc(). */
void mems__cache_close(struct cache *cache);
/* Take a span that this cache's thread alone can reach into its bin. */
void mems__cache_adopt(struct cache *cache, struct span *span);
/* A span of a bin, not its current one, is empty: give it back. */
void mems__cache_emptied(struct span *span);

/* list.c: a span goes to the heap's list of its class, or comes from there. */
void mems__list_put(struct span *span);
struct span *mems__list_take(struct heap *heap, unsigned class);
/* The last block of a span in a list was freed. */
void mems__list_emptied(struct span *span);

/* remote.c: the block `number` of a span that is not this thread's. */
void mems__remote_free(struct span *span, void *block, uint32_t number);
/* Move the blocks in `remote` to `free`; the span is the caller's. How many. */
uint32_t mems__remote_collect(struct span *span);
/* The span is full: let go of it. False: it is not, after all. */
bool mems__remote_let_go(struct span *span);
/* It goes to its heap's list; false: blocks have come, look at them first. */
bool mems__remote_list(struct span *span);
/* It comes from there; false: it is who freed its last block that has it. */
bool mems__remote_unlist(struct span *span);

/* large.c */
void *mems__large_alloc(struct heap *heap, size_t size, size_t alignment,
			bool *zeroed);
bool mems__large_resize(struct span *span, size_t size);
/* A larger block with what this one has in it, and room to grow; NULL: there is
   no memory. What this one then holds is anybody's guess. */
void *mems__large_move(struct span *span, size_t size);

/* limits.c: count a span in or out; false: the hard limit would be exceeded. */
bool mems__heap_hold(struct heap *heap, size_t bytes);
/* What was counted in was had as well: see to the peak. */
void mems__heap_held(struct heap *heap);
void mems__heap_release(struct heap *heap, size_t bytes);
void mems__limits_tell(struct heap *heap);

/*
 * decay.c: after slices were taken or given, and no lock of a heap is held:
 * is it time to give memory back? Then, at the end of a call from outside:
 * does it take the helper? `caller` is who called.
 */
void mems__decay_look(void);
void mems__decay_help(const void *caller);
extern bool mems__decay_wanted;		/* mems__decay_help() is to be called */
static inline void mems__decay_ask(void)
{
	if (unlikely(__atomic_load_n(&mems__decay_wanted, __ATOMIC_RELAXED)))
		mems__decay_help(NULL);
}
void mems__decay_after_fork(void);

/* Milliseconds that free slices keep their memory; negative: for ever. */
extern int mems__decay_time;
/* May there be a helper thread? */
extern bool mems__decay_helper;

/* alloc.c: all sizes, any alignment; errno is set when there is no memory. */
void *mems__alloc(struct cache *cache, size_t size);
void *mems__alloc_zeroed(struct cache *cache, size_t size);
void *mems__alloc_aligned(struct cache *cache, size_t alignment, size_t size);
void mems__free_any(void *block);
void mems__free_emptied(struct span *span);
void *mems__realloc(struct cache *cache, void *block, size_t size);
size_t mems__usable_size(const void *block);

/* walk.c: the bits of a span's live blocks, for as many as a span can have;
   how many there are. Of a span that a thread uses meanwhile it is a guess. */
#define SPAN_WORDS 64
uint32_t mems__span_live(const struct span *span, uint64_t live[SPAN_WORDS]);

/* What there is to tell of a span, whoever uses it. */
struct span_view {
	char *memory;
	size_t held;		/* bytes of its slices */
	size_t size;		/* of each block: what may be used of it */
	unsigned class;		/* CLASSES: one large block */
	uint32_t blocks;	/* in use */
	uint64_t live[SPAN_WORDS];	/* the bits of these */
};
/* False: it is none of this heap, or not any more. */
bool mems__span_view(const struct span *span, const struct heap *heap,
		     struct span_view *view);

/* misuse.c: one line, and the end of the process. */
void mems__misuse(const char *what, const void *block)
	__attribute__((noreturn, cold));

#endif

/* --------------------------------------------------------- lib/heap/link.h */

/*
 * The word of a free block that tells of the next one in its list.
 *
 * In the hardened build it is written in a code that changes with the process
 * and the block, and what it says is looked at: a program that writes to a
 * block that it has freed is stopped when the list is followed.
 */
#ifndef MEMS_HEAP_LINK_H
#define MEMS_HEAP_LINK_H

#ifdef MEMS_HARDENED

/* What `word`, the first of a block, says, believed. */
static inline void *mems__decode(uintptr_t word, const void *block)
{
	return (void *)(word ^ mems__secret ^ (uintptr_t)block << 8);
}

static inline void *mems__next(const void *block)
{
	void *next = mems__decode(*(const uintptr_t *)block, block);
	uintptr_t reach = 4 * SLICE;	/* no span has more slices */

	if (next != NULL &&
	    ((uintptr_t)next - (uintptr_t)block + reach >= 2 * reach ||
	     (uintptr_t)next % BLOCK_LEAST != 0))
		mems__misuse("write to a freed block", block);
	return next;
}

static inline void mems__set_next(void *block, const void *next)
{
	*(uintptr_t *)block = (uintptr_t)next ^ mems__secret ^
			      (uintptr_t)block << 8;
}

#else

static inline void *mems__next(const void *block)
{
	return *(void *const *)block;
}

#define mems__decode(word, block) ((void *)(word))

static inline void mems__set_next(void *block, const void *next)
{
	*(const void **)block = next;
}

#endif

#endif

/* ------------------------------------------------------- lib/heap/slices.h */

/*
 * The slices of 64 KiB that spans are made of, for all heaps of the process.
 *
 * They come from spaces, one after the other, each with addresses for twice as
 * much as the last, so the system is the only limit. Slices that are free keep
 * their memory for a while (slices.c counts them as dirty), since they are
 * soon wanted again; decay.c sees to it that it goes back.
 */
#ifndef MEMS_HEAP_SLICES_H
#define MEMS_HEAP_SLICES_H

/* The slices of one space. What is set when it is made never changes. */
struct range {
	char *base;
	size_t size;
	struct span *spans;	/* one for each slice */
	mems_space *space;
	uint64_t *dirty;	/* bits: free, and may hold something */
	uint64_t *aged;		/* bits: dirty, and was at the last look */
	size_t committed;	/* of spans, in bytes */
	size_t extent;		/* slices that were ever in use */
};

/* The first range again, in the form that every free looks at. It has a line of
   its own: what others write must not take it out of a processor's cache. */
struct first_range {
	_Alignas(64) uintptr_t base;
	size_t size;
	struct span *spans;
};
extern struct first_range mems__first_range;

/*
 * Set once, when a pointer that is in it cannot yet be anywhere: a plain read
 * will do, and takes fewer instructions. ThreadSanitizer cannot know.
 */
#if defined __SANITIZE_THREAD__
#define FIRST_RANGE(word)                                                  \
	__atomic_load_n(&mems__first_range.word, __ATOMIC_ACQUIRE)
#else
#define FIRST_RANGE(word) (mems__first_range.word)
#endif

/* 256 MiB as the first of them are more than any system has addresses for. */
#define RANGES_MOST 40

extern struct range mems__ranges[RANGES_MOST];
extern unsigned mems__range_count;	/* grows, under the lock */

extern struct lock mems__slices_lock;

/* The span of the slice in which this byte lies, or NULL: not one of ours. */
static inline struct span *mems__slice_at(const void *memory)
{
	uintptr_t offset = (uintptr_t)memory - FIRST_RANGE(base);
	unsigned count;

	if (offset < FIRST_RANGE(size))
		return &FIRST_RANGE(spans)[offset >> SLICE_SHIFT];
	count = __atomic_load_n(&mems__range_count, __ATOMIC_ACQUIRE);
	for (unsigned i = 0; i < count; i++) {
		offset = (uintptr_t)memory - (uintptr_t)mems__ranges[i].base;
		if (offset < mems__ranges[i].size)
			return &mems__ranges[i].spans[offset >> SLICE_SHIFT];
	}
	return NULL;
}

/*
 * Take `count` slices, the first of them at a multiple of `alignment` bytes.
 * The span that is returned has memory, slices and zeroed set; all its bytes
 * are 0 if zeroed is. NULL: the system has no more.
 */
struct span *mems__slices_take(size_t count, size_t alignment);

/* Give back what take gave. */
void mems__slices_give(struct span *span);

/* Make a span longer where it lies, to `count` slices, or shorter. */
bool mems__slices_resize(struct span *span, size_t count);

/*
 * Give memory of free slices back to the system: all, or what was free at the
 * last look already. Returns the bytes; `left` is how many bytes still wait,
 * or LEFT_REFUSED: the system does not take them.
 */
#define LEFT_REFUSED UINT64_MAX
uint64_t mems__slices_return(bool all, uint64_t *left);

/* Bytes of free slices that may hold memory. */
uint64_t mems__slices_dirty(void);

struct slices_stats {
	uint64_t reserved;	/* bytes of addresses */
	uint64_t taken;		/* bytes in spans */
	uint64_t dirty;		/* bytes */
	uint64_t returned;	/* bytes, so far */
};
void mems__slices_stats(struct slices_stats *stats);

/*
 * All spans, one after the other, NULL at the end; a cursor begins as zeros.
 * What others take or give meanwhile is seen or not.
 */
struct slices_cursor {
	unsigned range;
	size_t index;
};
struct span *mems__slices_next(struct slices_cursor *cursor);

#endif

/* --------------------------------------------------------- lib/heap/book.h */

/*
 * A book: what became of blocks, by where they were allocated. A place is a
 * few words, the number of a call site or the addresses of a stack; for each
 * there is a tally, and for each live block a record that names the tally.
 *
 * All of it lies in pages of its own. Calls take the book's lock.
 */
#ifndef MEMS_HEAP_BOOK_H
#define MEMS_HEAP_BOOK_H

#define PLACE_WORDS 24

struct tally {
	uint64_t allocations, frees;
	uint64_t bytes, freed_bytes;
	uint64_t life_sum, life_least, life_most;	/* nanoseconds, of
							   freed blocks */
	uint32_t words;
	uint32_t hash;
	uintptr_t place[PLACE_WORDS];
};

struct record {
	uintptr_t block;	/* 0: free; 1: was in use */
	size_t size;
	uint64_t born;		/* nanoseconds */
	uint64_t tally;
};

/* An array that grows, and moves when it does. */
struct shelf {
	char *items;
	size_t bytes;		/* that there is memory for */
};

struct book {
	struct lock lock;
	struct shelf records;	/* a hash table */
	size_t records_used;	/* not free, of any kind */
	size_t live;
	struct shelf tallies;
	size_t tally_count;
	struct shelf index;	/* uint32_t: a hash table of tallies */
	bool full;		/* the system gave no memory: something was
				   not written down */
};

#define BOOK_INIT { .lock = LOCK_INIT(LOCK_SITES) }

/* A block was allocated there; the book's owner decides what goes in. */
void mems__book_enter(struct book *book, const void *block, size_t size,
		      const uintptr_t *place, unsigned words, uint64_t now);

/* It was freed. False: the book does not know it. */
bool mems__book_leave(struct book *book, const void *block, uint64_t now);

/* Copy the tally that is `number`th out; false: there is none. */
bool mems__book_tally(struct book *book, size_t number, struct tally *tally);

/* Forget it all. */
void mems__book_clear(struct book *book);

#endif

/* -------------------------------------------------------- lib/heap/trace.h */

/*
 * Following blocks from their allocation to their end, for those who ask:
 * leaks and samples of a whole process. While that goes on no block is taken or
 * given on the fast path, which therefore need not ask.
 */
#ifndef MEMS_HEAP_TRACE_H
#define MEMS_HEAP_TRACE_H

/* Set once, early in the process. */
extern bool mems__tracing;

/* From now on, about one in `period` bytes is told of; 1: each block. */
void mems__trace_start(size_t period);

void mems__trace_alloc(const void *block, size_t size);
void mems__trace_free(const void *block);
void mems__trace_resize(const void *block, size_t size);

/* What it has found; the period is 0 before it began. */
extern struct book mems__trace_book;
extern size_t mems__trace_period;

#endif

/* -------------------------------------------------------- lib/heap/alloc.c */

/* Blocks of any size, alignment and owner: what is not on the fast path. */

/* More than this no block can have; sums of such sizes do not overflow. */
#define SIZE_MOST (SIZE_MAX / 4)

/* --------------------------------------------------------------- allocation */

/* A block without a cache of this thread's own. */
static NOINLINE void *heap_alloc__take_shared(unsigned class, bool *zeroed)
{
	void *block = mems__cache_alloc(mems__shared_take(), class, zeroed);

	mems__shared_drop();
	return block;
}

/* See mems__cache: a thread may have no cache, and may get one. */
static bool heap_alloc__is_cache(struct cache **cache)
{
	if (*cache == &mems__no_cache)
		*cache = mems__cache_make(&mems__default_heap);
	return *cache != NULL && *cache != &mems__late_cache;
}

/* A block of `size` bytes and a mark, or NULL. */
static ALWAYS_INLINE void *heap_alloc__take(struct cache *cache, size_t size,
				size_t alignment, bool *zeroed)
{
	bool have = heap_alloc__is_cache(&cache);
	struct heap *heap = have ? cache->heap : &mems__default_heap;
	size_t whole = size + MARK_SIZE;

	if (whole > BLOCK_MOST || alignment > SLICE) {
		if (whole <= BLOCK_MOST)
			whole = BLOCK_MOST + 1;
		return mems__large_alloc(heap, whole, alignment, zeroed);
	}
	if (MARK_SIZE == 0 && whole == 0)
		whole = 1;
	if (!have)
		return heap_alloc__take_shared(mems__class_of(whole), zeroed);
	return mems__cache_alloc(cache, mems__class_of(whole), zeroed);
}

/* There is none: what is at hand for this thread, and for those to come, may
   be what is missing. */
static NOINLINE void *heap_alloc__take_again(struct cache *cache, size_t size,
				 size_t alignment, bool *zeroed)
{
	void *block = NULL;

	if (size <= SIZE_MOST && heap_alloc__is_cache(&cache)) {
		mems__cache_collect(cache);
		mems__caches_unpark();
		block = heap_alloc__take(cache, size, alignment, zeroed);
	}
	if (block == NULL)
		errno = ENOMEM;
	return block;
}

static struct span *heap_alloc__span_holding(const void *block);

static ALWAYS_INLINE void *heap_alloc__alloc(struct cache *cache, size_t size,
				 size_t alignment, bool *zeroed)
{
	void *block = NULL;

	if (likely(size <= SIZE_MOST && alignment <= SIZE_MOST))
		block = heap_alloc__take(cache, size, alignment, zeroed);
	if (unlikely(block == NULL)) {
		block = heap_alloc__take_again(cache, size, alignment, zeroed);
		if (block == NULL)
			return NULL;
	}
	mems__decay_ask();
	if (cache->heap != NULL)
		mems__limits_tell(cache->heap);
	else
		mems__limits_tell(&mems__default_heap);
	if (unlikely(mems__tracing))
		mems__trace_alloc(block, size);
	return block;
}

/* Set the mark of a new block; without marks, do not even look for its span. */
static ALWAYS_INLINE void *heap_alloc__mark(void *block, size_t size)
{
	if (MARK_SIZE == 0)
		return block;
	return mems__harden_mark(heap_alloc__span_holding(block), block, size);
}

/* All that was not known to be 0 made so, and the mark set. */
static ALWAYS_INLINE void *heap_alloc__finish(void *block, size_t size, bool zero)
{
	if (block == NULL)
		return NULL;
	if (zero)
		memset(block, 0, size);
	return heap_alloc__mark(block, size);
}

NOINLINE void *mems__alloc(struct cache *cache, size_t size)
{
	return heap_alloc__finish(heap_alloc__alloc(cache, size, SLICE, NULL), size, false);
}

void *mems__alloc_zeroed(struct cache *cache, size_t size)
{
	bool zeroed = false;
	void *block = heap_alloc__alloc(cache, size, SLICE, &zeroed);

	return heap_alloc__finish(block, size, !zeroed);
}

/*
 * Blocks of a class are aligned to what divides its size, since spans begin at
 * slices; the class to use is never far. Large blocks begin at slices.
 */
void *mems__alloc_aligned(struct cache *cache, size_t alignment, size_t size)
{
	size_t whole = size + MARK_SIZE;

	if (alignment <= BLOCK_LEAST || size > SIZE_MOST)
		return mems__alloc(cache, size);
	if (alignment <= BLOCK_MOST && whole <= BLOCK_MOST) {
		unsigned class = mems__class_of(whole > 0 ? whole : 1);

		while (class < CLASSES &&
		       mems__classes[class].size % alignment != 0)
			class++;
		if (class < CLASSES) {
			void *block = heap_alloc__alloc(cache, mems__classes[class].size -
					    MARK_SIZE, SLICE, NULL);

			return heap_alloc__finish(block, size, false);
		}
	}
	/* Not where a block of a class would be. */
	if (alignment <= SLICE)
		alignment = SLICE;
	if (size <= BLOCK_MOST)
		return heap_alloc__finish(heap_alloc__alloc(cache, BLOCK_MOST + 1, alignment, NULL),
			      size, false);
	return heap_alloc__finish(heap_alloc__alloc(cache, size, alignment, NULL), size, false);
}

/* ------------------------------------------------------------ of a pointer */

/* Another thread may put the span into a list, or take it out. */
static ALWAYS_INLINE uint8_t heap_alloc__kind_of(const struct span *span)
{
	return __atomic_load_n(&span->kind, __ATOMIC_RELAXED);
}

/* The span in which `block` lies, which it is known to. */
static struct span *heap_alloc__span_holding(const void *block)
{
	struct span *span = mems__slice_at(block);

	return heap_alloc__kind_of(span) == SPAN_INSIDE ? span - span->slices : span;
}

/* The span of which `block` is block `number`, or the end: there is none. */
static ALWAYS_INLINE struct span *heap_alloc__span_of(const void *block, const char *doing,
					  uint32_t *number)
{
	struct span *span = mems__slice_at(block);
	const char *start;
	uint8_t kind;

	if (unlikely(span == NULL))
		mems__misuse(doing, block);
	kind = heap_alloc__kind_of(span);
	if (unlikely(kind == SPAN_INSIDE)) {
		span -= span->slices;
		kind = heap_alloc__kind_of(span);
	}
	if (unlikely(kind == SPAN_NONE))
		mems__misuse(doing, block);
	start = span->memory;
	if (kind != SPAN_LARGE) {
		*number = mems__span_number(span, block);
		start = mems__span_block(span, *number);
	}
	if (unlikely(block != start))
		mems__misuse("pointer into a block", block);
	return span;
}

static ALWAYS_INLINE void heap_alloc__give(struct span *span, void *block, uint32_t number)
{
	struct cache *owner;

	if (heap_alloc__kind_of(span) == SPAN_LARGE) {
		mems__span_release(span);
		return;
	}
	owner = __atomic_load_n(&span->owner, __ATOMIC_RELAXED);
	if (owner == NULL || __atomic_load_n(&owner->thread, __ATOMIC_RELAXED)
	    != mems__cache) {
		mems__remote_free(span, block, number);
		return;
	}
	mems__set_next(block, span->free);
	span->free = block;
	if (--span->used == 0)
		mems__cache_emptied(span);
}

/*
 * The next two are what free() jumps to at its end, so their return address is
 * that of its caller.
 */
NOINLINE void mems__free_emptied(struct span *span)
{
	mems__cache_emptied(span);
	if (unlikely(__atomic_load_n(&mems__decay_wanted, __ATOMIC_RELAXED)))
		mems__decay_help(__builtin_return_address(0));
}

NOINLINE void mems__free_any(void *block)
{
	struct span *span;
	uint32_t number = 0;

	if (block == NULL)
		return;
	span = heap_alloc__span_of(block, "free of a pointer that is not allocated",
		       &number);
	if (unlikely(mems__tracing))
		mems__trace_free(block);
	mems__harden_free(span, block);
	heap_alloc__give(span, block, number);
	if (unlikely(__atomic_load_n(&mems__decay_wanted, __ATOMIC_RELAXED)))
		mems__decay_help(__builtin_return_address(0));
}

/* What the program may use of a block. */
static size_t heap_alloc__size_of(const struct span *span, const void *block)
{
#ifdef MEMS_HARDENED
	return mems__harden_check(span, block);
#else
	(void)block;
	return heap_alloc__kind_of(span) == SPAN_LARGE ? span->bytes :
					     mems__class_info(span)->size;
#endif
}

size_t mems__usable_size(const void *block)
{
	uint32_t number;

	return heap_alloc__size_of(heap_alloc__span_of(block, "size of a pointer that is not "
			       "allocated", &number), block);
}

/*
 * Can the block become one of `size` bytes where it lies? One of a class must
 * not waste more than half of it.
 */
static bool heap_alloc__resize_here(struct span *span, size_t size)
{
	size_t whole = size + MARK_SIZE, have;

	if (heap_alloc__kind_of(span) == SPAN_LARGE)
		return whole > BLOCK_MOST && mems__large_resize(span, whole);
	have = mems__class_info(span)->size;
	return whole <= have && (whole >= have / 2 || have == BLOCK_LEAST);
}

/* Move a large block to where it is larger. */
static void *heap_alloc__grow(struct span *span, void *block, size_t size)
{
	struct heap *heap = span->heap;
	void *moved = mems__large_move(span, size + MARK_SIZE);

	if (moved == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	if (unlikely(mems__tracing)) {
		mems__trace_free(block);
		mems__trace_alloc(moved, size);
	}
	mems__span_release(span);
	mems__decay_ask();
	mems__limits_tell(heap);
	return heap_alloc__mark(moved, size);
}

void *mems__realloc(struct cache *cache, void *block, size_t size)
{
	struct span *span;
	uint32_t number;
	size_t have;
	void *moved;

	if (block == NULL)
		return mems__alloc(cache, size);
	span = heap_alloc__span_of(block, "realloc of a pointer that is not allocated",
		       &number);
	have = heap_alloc__size_of(span, block);
	if (size <= SIZE_MOST && heap_alloc__resize_here(span, size)) {
		if (unlikely(mems__tracing))
			mems__trace_resize(block, size);
		mems__decay_ask();
		mems__limits_tell(span->heap);
		return mems__harden_mark(span, block, size);
	}
	if (heap_alloc__kind_of(span) == SPAN_LARGE && size > have && size <= SIZE_MOST)
		return heap_alloc__grow(span, block, size);
	moved = mems__alloc(cache, size);
	if (moved == NULL)
		return NULL;
	memcpy(moved, block, size < have ? size : have);
	mems__free_any(block);
	return moved;
}

#undef SIZE_MOST

/* --------------------------------------------------------- lib/heap/book.c */

/* Hash tables in pages: blocks to tallies, places to tallies. */

#define RECORDS_LEAST 4096
#define TALLIES_LEAST 256

enum { heap_book__FREE = 0, heap_book__GONE = 1 };

static bool heap_book__get_pages(struct shelf *shelf, size_t bytes)
{
	size_t size = (size_t)mems__round_up(bytes, mems__page_size());
	char *pages = mems__pages_reserve(size);

	if (pages == NULL)
		return false;
	if (!mems__pages_commit(pages, size)) {
		mems__pages_release(pages, size);
		return false;
	}
	shelf->items = pages;
	shelf->bytes = size;
	return true;
}

static void heap_book__drop_pages(struct shelf *shelf)
{
	if (shelf->items != NULL)
		mems__pages_release(shelf->items, shelf->bytes);
	*shelf = (struct shelf){ NULL, 0 };
}

static uint32_t heap_book__hash_words(const uintptr_t *words, unsigned count)
{
	uint64_t hash = count;

	for (unsigned i = 0; i < count; i++)
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15u ^ hash >> 29;
	return (uint32_t)(hash >> 32);
}

/* ----------------------------------------------------------------- tallies */

static struct tally *heap_book__tally_at(const struct book *book, size_t number)
{
	return (struct tally *)(void *)book->tallies.items + number;
}

static uint32_t *heap_book__slot_of(const struct shelf *index, uint32_t hash)
{
	return (uint32_t *)(void *)index->items +
	       (hash & (index->bytes / sizeof(uint32_t) - 1));
}

static uint32_t *heap_book__next_slot(const struct shelf *index, uint32_t *slot)
{
	uint32_t *first = (uint32_t *)(void *)index->items;

	slot++;
	return slot == first + index->bytes / sizeof(uint32_t) ? first : slot;
}

/* Twice the room for tallies, and four slots of the index for each. */
static bool heap_book__more_tallies(struct book *book)
{
	size_t most = book->tallies.bytes / sizeof(struct tally) * 2;
	struct shelf tallies, index;

	most = most < TALLIES_LEAST ? TALLIES_LEAST : most;
	if (!heap_book__get_pages(&tallies, most * sizeof(struct tally)))
		return false;
	/* A power of two, as pages are. */
	for (most = TALLIES_LEAST; most < tallies.bytes / sizeof(struct tally);)
		most *= 2;
	if (!heap_book__get_pages(&index, most * 4 * sizeof(uint32_t))) {
		heap_book__drop_pages(&tallies);
		return false;
	}
	if (book->tally_count > 0)
		memcpy(tallies.items, book->tallies.items,
		       book->tally_count * sizeof(struct tally));
	heap_book__drop_pages(&book->tallies);
	heap_book__drop_pages(&book->index);
	book->tallies = tallies;
	book->index = index;
	for (size_t i = 0; i < book->tally_count; i++) {
		uint32_t *slot = heap_book__slot_of(&index, heap_book__tally_at(book, i)->hash);

		while (*slot != 0)
			slot = heap_book__next_slot(&index, slot);
		*slot = (uint32_t)i + 1;
	}
	return true;
}

static bool heap_book__find_tally(struct book *book, const uintptr_t *place,
		       unsigned words, size_t *number)
{
	uint32_t hash = heap_book__hash_words(place, words), *slot;
	struct tally *tally;

	if ((book->tally_count + 1) * sizeof(*tally) > book->tallies.bytes &&
	    !heap_book__more_tallies(book))
		return false;
	slot = heap_book__slot_of(&book->index, hash);
	for (; *slot != 0; slot = heap_book__next_slot(&book->index, slot)) {
		*number = *slot - 1;
		tally = heap_book__tally_at(book, *number);
		if (tally->hash == hash && tally->words == words &&
		    memcmp(tally->place, place, words * sizeof(*place)) == 0)
			return true;
	}
	*number = book->tally_count++;
	*slot = (uint32_t)*number + 1;
	tally = heap_book__tally_at(book, *number);
	memset(tally, 0, sizeof(*tally));
	tally->hash = hash;
	tally->words = words;
	memcpy(tally->place, place, words * sizeof(*place));
	return true;
}

bool mems__book_tally(struct book *book, size_t number, struct tally *tally)
{
	bool there;

	mems__lock_take(&book->lock);
	there = number < book->tally_count;
	if (there)
		*tally = *heap_book__tally_at(book, number);
	mems__lock_drop(&book->lock);
	return there;
}

/* ----------------------------------------------------------------- records */

static size_t heap_book__record_room(const struct shelf *records)
{
	return records->bytes / sizeof(struct record);
}

/* The record of a block, or the free one where it would be. */
static struct record *heap_book__find_record(const struct shelf *records, uintptr_t block)
{
	struct record *first = (struct record *)(void *)records->items;
	size_t room = heap_book__record_room(records);
	size_t at = heap_book__hash_words(&block, 1) % room;

	while (first[at].block != heap_book__FREE && first[at].block != block)
		at = at + 1 < room ? at + 1 : 0;
	return &first[at];
}

static bool heap_book__more_records(struct book *book)
{
	size_t room = heap_book__record_room(&book->records);
	const struct record *old = (void *)book->records.items;
	struct shelf records;
	size_t most = book->live * 4;

	most = most < RECORDS_LEAST ? RECORDS_LEAST : most;
	if (!heap_book__get_pages(&records, most * sizeof(struct record)))
		return false;
	for (size_t i = 0; i < room; i++)
		if (old[i].block > heap_book__GONE)
			*heap_book__find_record(&records, old[i].block) = old[i];
	heap_book__drop_pages(&book->records);
	book->records = records;
	book->records_used = book->live;
	return true;
}

static void heap_book__leave(struct book *book, struct record *record, uint64_t now)
{
	struct tally *tally = heap_book__tally_at(book, (size_t)record->tally);
	uint64_t life = now - record->born;

	if (tally->frees == 0 || life < tally->life_least)
		tally->life_least = life;
	if (life > tally->life_most)
		tally->life_most = life;
	tally->life_sum += life;
	tally->frees++;
	tally->freed_bytes += record->size;
	record->block = heap_book__GONE;
	book->live--;
}

void mems__book_enter(struct book *book, const void *block, size_t size,
		      const uintptr_t *place, unsigned words, uint64_t now)
{
	struct record *record;
	struct tally *tally;
	size_t number;

	mems__lock_take(&book->lock);
	if ((book->records_used + 1) * 2 > heap_book__record_room(&book->records) &&
	    !heap_book__more_records(book))
		goto full;
	if (!heap_book__find_tally(book, place, words, &number))
		goto full;
	record = heap_book__find_record(&book->records, (uintptr_t)block);
	/* Its end was not told: it ended by now at the latest. */
	if (record->block != heap_book__FREE)
		heap_book__leave(book, record, now);
	else
		book->records_used++;
	*record = (struct record){ (uintptr_t)block, size, now, number };
	book->live++;
	tally = heap_book__tally_at(book, number);
	tally->allocations++;
	tally->bytes += size;
	mems__lock_drop(&book->lock);
	return;
full:
	book->full = true;
	mems__lock_drop(&book->lock);
}

bool mems__book_leave(struct book *book, const void *block, uint64_t now)
{
	struct record *record = NULL;
	bool known = false;

	mems__lock_take(&book->lock);
	if (book->live > 0) {
		record = heap_book__find_record(&book->records, (uintptr_t)block);
		known = record->block != heap_book__FREE;
	}
	if (known)
		heap_book__leave(book, record, now);
	mems__lock_drop(&book->lock);
	return known;
}

void mems__book_clear(struct book *book)
{
	mems__lock_take(&book->lock);
	heap_book__drop_pages(&book->records);
	heap_book__drop_pages(&book->tallies);
	heap_book__drop_pages(&book->index);
	book->records_used = 0;
	book->live = 0;
	book->tally_count = 0;
	book->full = false;
	mems__lock_drop(&book->lock);
}

#undef RECORDS_LEAST
#undef TALLIES_LEAST

/* -------------------------------------------------------- lib/heap/cache.c */

/*
 * A thread's cache: where the next block of a class comes from.
 *
 * First what other threads freed of the current span, then what was never cut
 * of it, then the bin's other spans, then the heap's, then new slices. A span
 * with no block left is let go of.
 */

/* As many bytes are cut into blocks at a time as were before, from the least
   to the most: cutting writes, and a short thread needs few. */
#define CUT_LEAST 4096
#define CUT_MOST 16384

/* So many spans more than a bin has let go of may it take in: a thread that
   frees what others allocate must not keep what they could use. */
#define ADOPTED_MOST 2
/* The same for a bin that never needed a span. */
#define FREEING_MOST 1

/* -------------------------------------------------------------- the bins */

/* Make `span` the one that blocks of this class come from. */
static void heap_cache__set_current(struct cache *cache, unsigned class, struct span *span)
{
	size_t size = mems__classes[class].size;
	size_t first, last = size / 16;

	cache->bins[class].current = span;
	if (size > DIRECT_MOST || unlikely(mems__tracing))
		return;
	first = class == 0 ? 0 : mems__classes[class - 1].size / 16 + 1;
	for (size_t i = first; i <= last; i++)
		cache->direct[i] = span;
}

void mems__cache_close(struct cache *cache)
{
	for (size_t i = 0; i < DIRECT; i++)
		cache->direct[i] = &mems__no_span;
}

void mems__cache_init(struct cache *cache, struct heap *heap)
{
	memset(cache->bins, 0, sizeof(cache->bins));
	mems__cache_close(cache);
	for (unsigned i = 0; i < CLASSES; i++)
		heap_cache__set_current(cache, i, &mems__no_span);
	cache->heap = heap;
}

void mems__cache_emptied(struct span *span)
{
	struct bin *bin = &span->owner->bins[span->class];

	if (bin->adopted > 0)
		bin->adopted--;
	mems__span_unlink(&bin->partial, span);
	mems__span_release(span);
}

void mems__cache_adopt(struct cache *cache, struct span *span)
{
	struct bin *bin = &cache->bins[span->class];
	int32_t most;

	if (span->used == 0) {
		mems__span_release(span);
		return;
	}
	__atomic_store_n(&span->owner, cache, __ATOMIC_RELAXED);
	mems__span_append(&bin->partial, span);
	most = bin->current == &mems__no_span ? FREEING_MOST : ADOPTED_MOST;
	if (++bin->adopted > most) {
		bin->adopted--;
		span = bin->partial.first;
		mems__span_unlink(&bin->partial, span);
		mems__list_put(span);
	}
}

/* ------------------------------------------------------------------ cutting */

/* Cut some fresh blocks of a span that has no others. */
static void heap_cache__cut(struct span *span)
{
	const struct class *info = mems__class_info(span);
	size_t size = info->size, done = span->fresh * size;
	size_t bytes = done < CUT_LEAST ? CUT_LEAST :
		       done > CUT_MOST ? CUT_MOST : done;
	uint32_t count = (uint32_t)(bytes / size);
	char *block = mems__span_block(span, span->fresh), *next, *first;
	uint32_t fresh;

	if (count == 0)
		count = 1;
	if (count > (uint32_t)(info->count - span->fresh))
		count = info->count - span->fresh;
	first = block;
	fresh = span->fresh + count;
	for (; --count > 0; block = next) {
		next = block + size;
		mems__set_next(block, next);
	}
	mems__set_next(block, NULL);
	/* In this order, for a child that another thread forks meanwhile: the
	   list leads nowhere else, and what is in it has been cut. */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	span->fresh = fresh & 0x7fff;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	span->free = first;
}

/* ----------------------------------------------------------------- a block */

/* Let a span that has no more blocks go. False: it has. */
static bool heap_cache__leave(struct span *span)
{
	span->used--;
	if (mems__remote_let_go(span))
		return true;
	span->used++;
	return false;
}

/*
 * See to it that the current span of this class has a free or a fresh block.
 * False: there is no memory.
 */
static bool heap_cache__refill(struct cache *cache, unsigned class)
{
	struct bin *bin = &cache->bins[class];
	struct span *span = bin->current;

	if (span != &mems__no_span) {
		if (mems__remote_collect(span) > 0 ||
		    span->fresh < mems__class_info(span)->count)
			return true;
		if (!heap_cache__leave(span))
			return true;
		bin->adopted--;
		heap_cache__set_current(cache, class, &mems__no_span);
	}
	span = bin->partial.first;
	if (span != NULL) {
		mems__span_unlink(&bin->partial, span);
	} else {
		span = mems__list_take(cache->heap, class);
		if (span == NULL)
			span = mems__span_make(cache->heap, class);
		if (span == NULL)
			return false;
		__atomic_store_n(&span->owner, cache, __ATOMIC_RELAXED);
	}
	span->used++;
	heap_cache__set_current(cache, class, span);
	mems__decay_look();
	return true;
}

void *mems__cache_alloc(struct cache *cache, unsigned class, bool *zeroed)
{
	struct span *span = cache->bins[class].current;

	while (unlikely(span->free == NULL)) {
		if (span == &mems__no_span ||
		    span->fresh == mems__class_info(span)->count ||
		    (__atomic_load_n(&span->remote, __ATOMIC_RELAXED) &
		     ~REMOTE_OWNED) != 0) {
			if (!heap_cache__refill(cache, class))
				return NULL;
			span = cache->bins[class].current;
		} else if (zeroed != NULL && span->zeroed) {
			span->used++;
			*zeroed = true;
			return mems__span_block(span, span->fresh++);
		} else {
			heap_cache__cut(span);
		}
	}
	{
		void *block = span->free;

		span->free = mems__next(block);
		span->used++;
		return block;
	}
}

/* -------------------------------------------------------------- giving up */

void mems__cache_collect(struct cache *cache)
{
	for (unsigned class = 0; class < CLASSES; class++) {
		struct bin *bin = &cache->bins[class];
		struct span *span, *next;

		for (span = bin->partial.first; span != NULL; span = next) {
			next = span->next;
			if (mems__remote_collect(span) > 0 && span->used == 0)
				mems__cache_emptied(span);
		}
		span = bin->current;
		if (span == &mems__no_span)
			continue;
		mems__remote_collect(span);
		if (span->used == 1) {
			heap_cache__set_current(cache, class, &mems__no_span);
			mems__span_release(span);
		}
	}
}

/* Give up what a bin has: all of it goes to the heap. */
static void heap_cache__flush_bin(struct cache *cache, unsigned class)
{
	struct bin *bin = &cache->bins[class];
	struct span *span = bin->current;

	if (span != &mems__no_span) {
		heap_cache__set_current(cache, class, &mems__no_span);
		if (span->free != NULL ||
		    span->fresh < mems__class_info(span)->count ||
		    !heap_cache__leave(span)) {
			span->used--;
			mems__list_put(span);
		}
	}
	while ((span = bin->partial.first) != NULL) {
		mems__span_unlink(&bin->partial, span);
		mems__list_put(span);
	}
}

void mems__cache_flush(struct cache *cache)
{
	mems__cache_collect(cache);
	for (unsigned class = 0; class < CLASSES; class++)
		heap_cache__flush_bin(cache, class);
}

void mems__cache_pare(struct cache *cache, size_t most)
{
	size_t kept = 0;

	for (unsigned class = 0; class < CLASSES; class++) {
		struct bin *bin = &cache->bins[class];
		struct span *span = bin->current;
		size_t bytes;

		if (span == &mems__no_span && bin->partial.first == NULL)
			continue;
		bytes = (size_t)span->fresh * mems__classes[class].size;
		if (span == &mems__no_span || span->used != 1 ||
		    bin->partial.first != NULL || kept + bytes > most)
			heap_cache__flush_bin(cache, class);
		else
			kept += bytes;
		bin->adopted = 0;
	}
}

#undef CUT_LEAST
#undef CUT_MOST
#undef ADOPTED_MOST
#undef FREEING_MOST

/* -------------------------------------------------------- lib/heap/class.c */

/* The table of size classes, worked out by the compiler. */

/* The size of class n: up to 128, up to 8 KiB, above. */
#define BY_16(n) (16u * ((n) + 1))
#define BY_EIGHTHS(n) ((9u + (n) % 8) << ((n) / 8 + 3))
#define BY_HALVES(n) ((3u + (n) % 2) << ((n) / 2 - 16))

/* Slices for four blocks or more. */
#define SLICES(size) ((size) <= 16384 ? 1 : 2)

#define CLASS(size)                                                        \
	{ (size), (uint32_t)((((uint64_t)1 << 35) + (size) - 1) / (size)), \
	  (uint16_t)(SLICES(size) * SLICE / (size)), SLICES(size) }

#define FOUR(by, n)                                                        \
	CLASS(by(n)), CLASS(by((n) + 1)), CLASS(by((n) + 2)),              \
	CLASS(by((n) + 3))
#define EIGHT(by, n) FOUR(by, n), FOUR(by, (n) + 4)

const struct class mems__classes[CLASSES] = {
	EIGHT(BY_16, 0),
	EIGHT(BY_EIGHTHS, 8), EIGHT(BY_EIGHTHS, 16), EIGHT(BY_EIGHTHS, 24),
	EIGHT(BY_EIGHTHS, 32), EIGHT(BY_EIGHTHS, 40), EIGHT(BY_EIGHTHS, 48),
	FOUR(BY_HALVES, 56),
};

#undef BY_16
#undef BY_EIGHTHS
#undef BY_HALVES
#undef SLICES
#undef CLASS
#undef FOUR
#undef EIGHT

/* -------------------------------------------------------- lib/heap/decay.c */

/*
 * When memory of free slices goes back to the system.
 *
 * Time is counted in ticks of half the decay time; slices that were free at
 * one tick and still are at the next go. Calls that take or give slices look
 * at the clock now and then. When a lot waits, a helper thread is made that
 * does the same without a call, until nothing waits: after the last call
 * nobody else could.
 */

/* A thread looks at the clock once in so many calls. */
#define LOOKS 16

/* A helper is worth its while for this much. */
#define HELPER_LEAST ((uint64_t)16 << 20)

int mems__decay_time = 1000;
#ifdef MEMS_NO_HELPER
bool mems__decay_helper = false;
#else
bool mems__decay_helper = true;
#endif

bool mems__decay_wanted;

/*
 * Is there a helper? It, and the count of what waits, change in one order for
 * all threads. So who has just given slices back and finds a helper will be
 * seen by it: having said that it ends, it looks at the count once more.
 */
static uint32_t heap_decay__helping;
static uint64_t heap_decay__last_tick;	/* milliseconds */

static uint64_t heap_decay__tick_time(void)
{
	return (uint64_t)(mems__decay_time + 1) / 2;
}

void mems__decay_look(void)
{
	static THREAD_LOCAL uint32_t looks;
	uint64_t now, dirty = mems__slices_dirty();

	if (dirty == 0 || mems__decay_time < 0)
		return;
	if (mems__decay_time == 0) {
		(void)mems__slices_return(true, NULL);
		return;
	}
	if (__atomic_load_n(&heap_decay__helping, __ATOMIC_SEQ_CST) != 0)
		return;
	if (mems__decay_helper && dirty > HELPER_LEAST)
		__atomic_store_n(&mems__decay_wanted, true, __ATOMIC_RELAXED);
	if (++MINE(looks) % LOOKS != 0)
		return;
	now = mems__clock();
	if (now - mems__load(&heap_decay__last_tick) < heap_decay__tick_time())
		return;
	mems__store(&heap_decay__last_tick, now);
	(void)mems__slices_return(false, NULL);
}

static void heap_decay__help(void)
{
	uint64_t left;

	for (;;) {
		uint32_t none = 0;

		do {
			mems__sleep(heap_decay__tick_time());
			mems__caches_unpark();
			(void)mems__slices_return(false, &left);
		} while (left > 0 && left != LEFT_REFUSED &&
			 mems__decay_time > 0);
		if (left == LEFT_REFUSED)
			mems__decay_helper = false;
		__atomic_store_n(&heap_decay__helping, 0, __ATOMIC_SEQ_CST);
		if (mems__decay_time <= 0 || !mems__decay_helper ||
		    mems__slices_dirty() <= HELPER_LEAST ||
		    !__atomic_compare_exchange_n(&heap_decay__helping, &none, 1, false,
						 __ATOMIC_SEQ_CST,
						 __ATOMIC_RELAXED))
			return;
	}
}

void mems__decay_help(const void *caller)
{
	uint32_t none = 0;

#ifdef MEMS_MALLOC
	/* The dynamic linker frees what it has for a thread under a lock that
	   making a thread takes. There will be another call. */
	if (mems__helper_forbidden(caller))
		return;
#else
	(void)caller;
#endif
	__atomic_store_n(&mems__decay_wanted, false, __ATOMIC_RELAXED);
	if (!__atomic_compare_exchange_n(&heap_decay__helping, &none, 1, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		return;
	/* Without one, calls go on to do its work. */
	if (!mems__helper_start(heap_decay__help)) {
		mems__decay_helper = false;
		__atomic_store_n(&heap_decay__helping, 0, __ATOMIC_RELAXED);
	}
}

/* The helper stayed with the parent. */
void mems__decay_after_fork(void)
{
	if (!__atomic_load_n(&heap_decay__helping, __ATOMIC_RELAXED))
		return;
	__atomic_store_n(&heap_decay__helping, 0, __ATOMIC_RELAXED);
	mems__decay_wanted = true;
}

#undef LOOKS
#undef HELPER_LEAST

/* ------------------------------------------------------- lib/heap/harden.c */

#pragma push_macro("FILL")
#pragma push_macro("SIZE_BITS")
#pragma push_macro("TAG_LIVE")
#pragma push_macro("TAG_FREE")
#pragma push_macro("TAG_MASK")
/* Marks at the end of blocks, and slices that may not be touched. */

#ifdef MEMS_HARDENED

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
static uint64_t heap_harden__code_of(const void *block)
{
	uint64_t code = ((uint64_t)mems__secret ^ (uintptr_t)block) *
			0x9e3779b97f4a7c15u;

	return code ^ code >> 32;
}

/* The bytes of a block, its mark included. */
static size_t heap_harden__whole_size(const struct span *span)
{
	return span->kind == SPAN_LARGE ? span->bytes :
					  mems__class_info(span)->size;
}

static uint64_t *heap_harden__mark_of(const struct span *span, const void *block)
{
	return (uint64_t *)(void *)((char *)block + heap_harden__whole_size(span) -
				    MARK_SIZE);
}

void *mems__harden_mark(const struct span *span, void *block, size_t size)
{
	uint64_t *mark = heap_harden__mark_of(span, block);

	memset((char *)block + size, FILL,
	       (size_t)((char *)mark - (char *)block) - size);
	__atomic_store_n(mark, (TAG_LIVE | size) ^ heap_harden__code_of(block),
			 __ATOMIC_RELAXED);
	return block;
}

/* Up to a multiple of 8 byte by byte, then in words; `end` is one. */
static bool heap_harden__is_filled(const char *at, const char *end)
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

static __attribute__((noreturn, cold)) void heap_harden__damaged(const void *block)
{
	mems__misuse("block written past its end, or never allocated", block);
}

size_t mems__harden_check(const struct span *span, const void *block)
{
	const uint64_t *mark = heap_harden__mark_of(span, block);
	uint64_t told = __atomic_load_n(mark, __ATOMIC_RELAXED) ^
			heap_harden__code_of(block);
	uint64_t size = told & ~TAG_MASK;
	const char *end = (const char *)mark;

	if (size > (uint64_t)(end - (const char *)block) ||
	    ((told & TAG_MASK) != TAG_LIVE && (told & TAG_MASK) != TAG_FREE))
		heap_harden__damaged(block);
	if ((told & TAG_MASK) == TAG_FREE)
		mems__misuse("double free", block);
	if (!heap_harden__is_filled((const char *)block + size, end))
		heap_harden__damaged(block);
	return (size_t)size;
}

void mems__harden_free(const struct span *span, void *block)
{
	size_t size = mems__harden_check(span, block);
	uint64_t code = heap_harden__code_of(block), live = (TAG_LIVE | size) ^ code;
	uint64_t *mark = heap_harden__mark_of(span, block);

	/* Two threads may be at it at once. */
	if (MEMS__SINGLE_THREADED)
		*mark = (TAG_FREE | size) ^ code;
	else if (!__atomic_compare_exchange_n(mark, &live,
					      (TAG_FREE | size) ^ code, false,
					      __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED))
		mems__misuse("double free", block);
	if (mems__zero_on_free)
		memset(block, 0, heap_harden__whole_size(span) - MARK_SIZE);
}

static char *heap_harden__guard_of(const struct span *span)
{
	return span->memory + ((size_t)(span->slices - 1) << SLICE_SHIFT);
}

/* A wish: a process may have only so many mappings. */
void mems__harden_guard(const struct span *span)
{
	(void)mems__pages_forbid(heap_harden__guard_of(span), SLICE);
}

bool mems__harden_unguard(const struct span *span)
{
	return mems__pages_commit(heap_harden__guard_of(span), SLICE);
}

#else

typedef int heap_harden__nothing;	/* a file of C has something in it */

#endif

#pragma pop_macro("FILL")
#pragma pop_macro("SIZE_BITS")
#pragma pop_macro("TAG_LIVE")
#pragma pop_macro("TAG_FREE")
#pragma pop_macro("TAG_MASK")

/* -------------------------------------------------------- lib/heap/alloc.h */

/*
 * The fast path: a block from a list, and back. Written to be inlined where
 * malloc and free are defined; all that is not usual is one call away.
 */
#ifndef MEMS_HEAP_ALLOC_H
#define MEMS_HEAP_ALLOC_H

#ifdef MEMS_HARDENED

static inline void *mems__alloc_fast(size_t size)
{
	return mems__alloc(mems__cache, size);
}

static inline void mems__free_fast(void *block)
{
	mems__free_any(block);
}

#else

static ALWAYS_INLINE void *mems__alloc_fast(size_t size)
{
	struct cache *cache = mems__cache;

	if (likely(size <= DIRECT_MOST)) {
		struct span *span = cache->direct[(size + 15) / 16];
		void *block = span->free;

		if (likely(block != NULL)) {
			span->free = *(void **)block;
			span->used++;
			return block;
		}
	}
	return mems__alloc(cache, size);
}

static ALWAYS_INLINE void mems__free_fast(void *block)
{
	uintptr_t offset = (uintptr_t)block - FIRST_RANGE(base);

	if (likely(offset < FIRST_RANGE(size))) {
		struct span *span = &FIRST_RANGE(spans)[offset >> SLICE_SHIFT];

		if (likely(__atomic_load_n(&span->owner, __ATOMIC_RELAXED) ==
			   mems__cache)) {
			if (unlikely(block == span->free))
				mems__misuse("double free", block);
			*(void **)block = span->free;
			span->free = block;
			if (unlikely(--span->used == 0))
				mems__free_emptied(span);
			return;
		}
	}
	mems__free_any(block);
}

#endif

#endif

/* --------------------------------------------------------- lib/heap/heap.c */

/* The public calls on heaps. */

mems_heap *mems_heap_create(const struct mems_heap_options *options)
{
	static const struct mems_heap_options defaults = MEMS_HEAP_OPTIONS;
	struct heap *heap;

	if (options == NULL)
		options = &defaults;
	if (options->size != sizeof(*options) || options->flags != 0 ||
	    options->reserved != 0 || (options->hard_limit != 0 &&
	    options->soft_limit > options->hard_limit)) {
		errno = EINVAL;
		return NULL;
	}
	heap = mems__heap_add();
	if (heap == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	heap->alive = HEAP_ALIVE;
	(void)mems_heap_limit((mems_heap *)heap, options->soft_limit,
			      options->hard_limit, options->on_soft_limit,
			      options->arg);
	return (mems_heap *)heap;
}

int mems_heap_destroy(mems_heap *handle)
{
	struct heap *heap = mems__heap_of(handle);
	struct slices_cursor cursor = { 0, 0 };
	struct span *span;

	if (heap == NULL || heap == &mems__default_heap)
		return -EINVAL;
	heap->alive = 0;
	mems__heap_forget(heap);
	while ((span = mems__slices_next(&cursor)) != NULL)
		if (__atomic_load_n(&span->heap, __ATOMIC_RELAXED) == heap)
			mems__span_release(span);
	mems__heap_remove(heap);
	mems__decay_ask();
	return 0;
}

/* This thread's cache for the heap. Without one it is the default heap's
   affair, whose calls know what to do then. */
static ALWAYS_INLINE struct cache *heap_heap__cache_for(mems_heap *handle)
{
	struct heap *heap;
	struct cache *cache;

	if (likely(handle == NULL))
		return mems__cache;
	heap = mems__heap_of(handle);
	if (heap == NULL)
		return NULL;
	cache = mems__cache_make(heap);
	if (cache == NULL)
		errno = ENOMEM;
	return cache;
}

void *mems_heap_alloc(mems_heap *heap, size_t size)
{
	struct cache *cache;

	if (likely(heap == NULL))
		return mems__alloc_fast(size);
	cache = heap_heap__cache_for(heap);
	return cache == NULL ? NULL : mems__alloc(cache, size);
}

void *mems_heap_calloc(mems_heap *heap, size_t count, size_t size)
{
	struct cache *cache = heap_heap__cache_for(heap);
	size_t bytes;

	if (cache == NULL)
		return NULL;
	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return mems__alloc_zeroed(cache, bytes);
}

void *mems_heap_aligned_alloc(mems_heap *heap, size_t alignment, size_t size)
{
	struct cache *cache = heap_heap__cache_for(heap);

	if (cache == NULL)
		return NULL;
	if (!mems__is_power_of_2(alignment)) {
		errno = EINVAL;
		return NULL;
	}
	return mems__alloc_aligned(cache, alignment, size);
}

void *mems_heap_realloc(mems_heap *heap, void *block, size_t size)
{
	struct cache *cache = heap_heap__cache_for(heap);

	return cache == NULL ? NULL : mems__realloc(cache, block, size);
}

void mems_heap_free(void *block)
{
	mems__free_fast(block);
}

void mems_heap_free_sized(void *block, size_t size)
{
	(void)size;
	mems__free_fast(block);
}

size_t mems_heap_usable_size(const void *block)
{
	return block == NULL ? 0 : mems__usable_size(block);
}

size_t mems_heap_good_size(size_t size)
{
	if (size <= BLOCK_MOST)
		return mems__classes[mems__class_of(size > 0 ? size : 1)].size;
	if (size > SIZE_MAX / 4)
		return 0;
	return (size_t)mems__round_up(size, MEMS_PAGE_SIZE);
}

size_t mems_heap_alloc_batch(mems_heap *heap, size_t size, size_t count,
			     void **blocks)
{
	size_t done;

	for (done = 0; done < count; done++) {
		blocks[done] = mems_heap_alloc(heap, size);
		if (blocks[done] == NULL)
			break;
	}
	return done;
}

void mems_heap_free_batch(void **blocks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		mems__free_fast(blocks[i]);
}

int mems_heap_collect(mems_heap *handle)
{
	struct heap *heap = mems__heap_of(handle);
	struct cache *cache;

	if (heap == NULL)
		return -EINVAL;
	cache = mems__cache_find(heap);
	if (cache != NULL)
		mems__cache_collect(cache);
	mems__decay_ask();
	return 0;
}

int mems_heap_trim(mems_heap *heap, uint64_t *returned)
{
	int error = mems_heap_collect(heap);
	uint64_t bytes;

	if (error != 0)
		return error;
	mems__caches_unpark();
	bytes = mems__slices_return(true, NULL);
	if (returned != NULL)
		*returned = bytes;
	return 0;
}

/* -------------------------------------------------------- lib/heap/large.c */

/*
 * Large blocks: each a span of its own, in whole pages. They grow where they
 * lie when the slices behind are free, and one that had to move gets room to
 * grow, which costs addresses but no memory until it is touched.
 */

/* Pages of larger blocks are moved, not copied; each move may split a mapping
   of the system, of which there are only so many. */
#define MOVE_LEAST ((size_t)4 << 20)

/* What a block of this many bytes may use: whole pages of 4096. */
static size_t heap_large__bytes_for(size_t size)
{
	return (size_t)mems__round_up(size, MEMS_PAGE_SIZE);
}

static size_t heap_large__slices_for(size_t bytes)
{
	return (bytes + SLICE - 1) >> SLICE_SHIFT;
}

/* A span of `slices` for a block of `bytes`, or NULL. */
static struct span *heap_large__make_large(struct heap *heap, size_t bytes, size_t slices,
			       size_t alignment)
{
	struct span *span;

	if (!mems__heap_hold(heap, slices << SLICE_SHIFT))
		return NULL;
	span = mems__slices_take(slices + GUARD_SLICES, alignment);
	if (span == NULL) {
		mems__heap_release(heap, slices << SLICE_SHIFT);
		return NULL;
	}
	mems__heap_held(heap);
	mems__harden_guard(span);
	__atomic_store_n(&span->heap, heap, __ATOMIC_RELAXED);
	span->bytes = bytes;
	__atomic_store_n(&span->kind, SPAN_LARGE, __ATOMIC_RELEASE);
	mems__decay_look();
	return span;
}

void *mems__large_alloc(struct heap *heap, size_t size, size_t alignment,
			bool *zeroed)
{
	size_t bytes = heap_large__bytes_for(size);
	struct span *span = heap_large__make_large(heap, bytes, heap_large__slices_for(bytes),
				       alignment);

	if (span == NULL)
		return NULL;
	if (zeroed != NULL)
		*zeroed = span->zeroed;
	return span->memory;
}

/* Change the slices of a span and what its heap holds; false: it cannot be. */
static bool heap_large__change_slices(struct span *span, size_t slices)
{
	size_t old = span->slices - GUARD_SLICES;

	if (GUARD_SLICES > 0)
		return false;
	if (slices > old && !mems__heap_hold(span->heap,
					     (slices - old) << SLICE_SHIFT))
		return false;
	if (!mems__slices_resize(span, slices)) {
		if (slices > old)
			mems__heap_release(span->heap,
					   (slices - old) << SLICE_SHIFT);
		return false;
	}
	mems__heap_held(span->heap);
	if (slices < old)
		mems__heap_release(span->heap, (old - slices) << SLICE_SHIFT);
	return true;
}

bool mems__large_resize(struct span *span, size_t size)
{
	size_t bytes = heap_large__bytes_for(size), slices = heap_large__slices_for(bytes);
	size_t old = span->slices - GUARD_SLICES;

	if (slices > old && !heap_large__change_slices(span, slices))
		return false;
	/* What is too much is given up, but for room that is grown into. */
	if (slices < old && bytes < span->bytes)
		(void)heap_large__change_slices(span, slices);
	span->bytes = bytes;
	return true;
}

void *mems__large_move(struct span *span, size_t size)
{
	size_t bytes = heap_large__bytes_for(size), slices = heap_large__slices_for(bytes);
	size_t have = span->bytes;
	struct span *moved;

	moved = heap_large__make_large(span->heap, bytes, slices + slices / 2, SLICE);
	if (moved == NULL)
		moved = heap_large__make_large(span->heap, bytes, slices, SLICE);
	if (moved == NULL)
		return NULL;
	if (have < MOVE_LEAST || mems__watched() ||
	    !mems__pages_move(moved->memory, span->memory,
			      (size_t)mems__round_up(have,
						     mems__page_size())))
		memcpy(moved->memory, span->memory, have);
	return moved->memory;
}

#undef MOVE_LEAST

/* ------------------------------------------------------- lib/heap/limits.c */

/* The bytes that a heap holds in spans, and the limits on them. */

static size_t heap_limits__load(const size_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* From how many bytes held on must a limit be looked at? The lock is held. */
static void heap_limits__set_check(struct heap *heap)
{
	uint64_t check = SIZE_MAX;

	if (heap->hard_limit != 0)
		check = mems__min(check, heap->hard_limit);
	if (heap->soft_limit != 0 && !heap->soft_told)
		check = mems__min(check, heap->soft_limit);
	__atomic_store_n(&heap->check, (size_t)check, __ATOMIC_RELAXED);
}

/* The heap is about to hold this much: may it? */
static bool heap_limits__is_allowed(struct heap *heap, size_t held)
{
	bool allowed;

	mems__lock_take(&heap->lock);
	allowed = heap->hard_limit == 0 || held <= heap->hard_limit;
	mems__lock_drop(&heap->lock);
	return allowed;
}

bool mems__heap_hold(struct heap *heap, size_t bytes)
{
	size_t held = heap_limits__load(&heap->held);

	/* What is refused is never counted: others would be refused for it. */
	do {
		if (held + bytes > heap_limits__load(&heap->check) &&
		    !heap_limits__is_allowed(heap, held + bytes))
			return false;
	} while (!__atomic_compare_exchange_n(&heap->held, &held, held + bytes,
					      true, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return true;
}

void mems__heap_held(struct heap *heap)
{
	size_t held = heap_limits__load(&heap->held);

	if (held > heap_limits__load(&heap->held_peak))
		__atomic_store_n(&heap->held_peak, held, __ATOMIC_RELAXED);
}

void mems__heap_release(struct heap *heap, size_t bytes)
{
	size_t held = __atomic_sub_fetch(&heap->held, bytes,
					   __ATOMIC_RELAXED);

	if (unlikely(__atomic_load_n(&heap->soft_told, __ATOMIC_RELAXED)) &&
	    held <= mems__load(&heap->soft_limit)) {
		mems__lock_take(&heap->lock);
		__atomic_store_n(&heap->soft_told, false, __ATOMIC_RELAXED);
		heap_limits__set_check(heap);
		mems__lock_drop(&heap->lock);
	}
}

/* After an allocation that took slices: is the soft limit to be told of? */
void mems__limits_tell(struct heap *heap)
{
	size_t held = heap_limits__load(&heap->held);
	mems_heap_limit_fn *on_soft_limit = NULL;
	void *arg = NULL;

	if (held <= heap_limits__load(&heap->check))
		return;
	mems__lock_take(&heap->lock);
	if (heap->soft_limit != 0 && !heap->soft_told &&
	    held > heap->soft_limit) {
		__atomic_store_n(&heap->soft_told, true, __ATOMIC_RELAXED);
		on_soft_limit = heap->on_soft_limit;
		arg = heap->arg;
		heap_limits__set_check(heap);
	}
	mems__lock_drop(&heap->lock);
	if (on_soft_limit != NULL)
		on_soft_limit((mems_heap *)heap, held, arg);
}

int mems_heap_limit(mems_heap *handle, uint64_t soft, uint64_t hard,
		    mems_heap_limit_fn *on_soft_limit, void *arg)
{
	struct heap *heap = mems__heap_of(handle);

	if (heap == NULL || (hard != 0 && soft > hard))
		return -EINVAL;
	mems__lock_take(&heap->lock);
	mems__store(&heap->soft_limit, soft);
	heap->hard_limit = hard;
	heap->on_soft_limit = on_soft_limit;
	heap->arg = arg;
	__atomic_store_n(&heap->soft_told, soft != 0 &&
			 heap_limits__load(&heap->held) > soft, __ATOMIC_RELAXED);
	heap_limits__set_check(heap);
	mems__lock_drop(&heap->lock);
	return 0;
}

/* --------------------------------------------------------- lib/heap/list.c */

/*
 * The lists of a heap: for each class the spans with free blocks that no
 * thread has. Whoever frees the last block of one of them takes it out.
 */

/* Take the span out of its list; the lock is held. */
static void heap_list__take_out(struct heap *heap, struct span *span)
{
	mems__span_unlink(&heap->listed[span->class], span);
	__atomic_store_n(&span->kind, SPAN_BLOCKS, __ATOMIC_RELAXED);
}

void mems__list_put(struct span *span)
{
	struct heap *heap = span->heap;
	bool listed = false;

	__atomic_store_n(&span->owner, NULL, __ATOMIC_RELAXED);
	do {
		(void)mems__remote_collect(span);
		if (span->used == 0) {
			mems__span_release(span);
			return;
		}
		mems__lock_take(&heap->lock);
		listed = mems__remote_list(span);
		if (listed) {
			mems__span_append(&heap->listed[span->class], span);
			__atomic_store_n(&span->kind, SPAN_LISTED,
					 __ATOMIC_RELAXED);
		}
		mems__lock_drop(&heap->lock);
	} while (!listed);
}

struct span *mems__list_take(struct heap *heap, unsigned class)
{
	struct span_list *list = &heap->listed[class];
	struct span *span;

	if (__atomic_load_n(&list->first, __ATOMIC_RELAXED) == NULL)
		return NULL;
	mems__lock_take(&heap->lock);
	span = list->first;
	/* Who freed the last block of one waits for the lock. */
	while (span != NULL && !mems__remote_unlist(span))
		span = span->next;
	if (span != NULL)
		heap_list__take_out(heap, span);
	mems__lock_drop(&heap->lock);
	return span;
}

void mems__list_emptied(struct span *span)
{
	struct heap *heap = span->heap;

	mems__lock_take(&heap->lock);
	heap_list__take_out(heap, span);
	mems__lock_drop(&heap->lock);
	mems__span_release(span);
}

/* ------------------------------------------------------- lib/heap/misuse.c */

/* A broken caller: one line that says what, and the end of the process. */

void mems__misuse(const char *what, const void *block)
{
	static const char digits[] = "0123456789abcdef";
	uintptr_t address = (uintptr_t)block;
	char text[160], hex[2 * sizeof(address)];
	size_t length = 0, first = sizeof(hex);

	do
		hex[--first] = digits[address & 15];
	while ((address >>= 4) > 0);
	memcpy(text, "libmems: ", 9);
	length = 9;
	memcpy(text + length, what, strnlen(what, 100));
	length += strnlen(what, 100);
	memcpy(text + length, ": 0x", 4);
	length += 4;
	memcpy(text + length, hex + first, sizeof(hex) - first);
	length += sizeof(hex) - first;
	text[length++] = '\n';
	if (write(STDERR_FILENO, text, length) < 0) {
		/* There is nobody left to tell. */
	}
	abort();
}

/* ------------------------------------------------------- lib/heap/remote.c */

/*
 * Blocks freed by a thread that their span does not belong to, and spans that
 * belong to nobody: all that may be done to `remote`, each by one atomic step.
 * See span.h for what the word says, and tests/model for the proof.
 */

/* A process that never made a thread needs no bus lock. */
static bool heap_remote__change(uint32_t *word, uint32_t *old, uint32_t new)
{
	if (MEMS__SINGLE_THREADED) {
		*word = new;
		return true;
	}
	return __atomic_compare_exchange_n(word, old, new, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static uint32_t heap_remote__load(const struct span *span)
{
	return __atomic_load_n(&span->remote, __ATOMIC_ACQUIRE);
}

static void *heap_remote__first_of(const struct span *span, uint32_t remote)
{
	uint32_t first = remote & REMOTE_FIRST;

	return first == 0 ? NULL : mems__span_block(span, first - 1);
}

/* Put the list that was in `remote` behind the span's own, which is nearer. */
static void heap_remote__attach(struct span *span, uint32_t remote)
{
	void *block = heap_remote__first_of(span, remote), *last = span->free;

	if (block == NULL)
		return;
	if (last == NULL) {
		span->free = block;
		return;
	}
	while (mems__next(last) != NULL)
		last = mems__next(last);
	mems__set_next(last, block);
}

/* This thread now has the full span that was nobody's, and its first block. */
static void heap_remote__make_mine(struct span *span, void *block)
{
	struct cache *cache = mems__cache_find(span->heap);

	mems__set_next(block, NULL);
	span->free = block;
	span->used--;
	if (cache != NULL)
		mems__cache_adopt(cache, span);
	else
		mems__list_put(span);
}

void mems__remote_free(struct span *span, void *block, uint32_t number)
{
	uint32_t old = heap_remote__load(span), new;

	for (;;) {
		if (old == 0) {
			if (!heap_remote__change(&span->remote, &old, REMOTE_OWNED))
				continue;
			heap_remote__make_mine(span, block);
			return;
		}
		mems__set_next(block, heap_remote__first_of(span, old));
		new = (old & ~REMOTE_FIRST) | (number + 1);
		if ((old & REMOTE_LISTED) != 0)
			new -= 1u << REMOTE_COUNT_SHIFT;
		else
			new += 1u << REMOTE_COUNT_SHIFT;
		if (heap_remote__change(&span->remote, &old, new))
			break;
	}
	if ((new & REMOTE_LISTED) != 0 && mems__remote_count(new) == 0)
		mems__list_emptied(span);
}

uint32_t mems__remote_collect(struct span *span)
{
	uint32_t old = heap_remote__load(span);

	if (old == REMOTE_OWNED)
		return 0;
	while (!heap_remote__change(&span->remote, &old, REMOTE_OWNED))
		;
	heap_remote__attach(span, old);
	span->used -= mems__remote_count(old);
	return mems__remote_count(old);
}

bool mems__remote_let_go(struct span *span)
{
	struct cache *owner = span->owner;
	uint32_t old = REMOTE_OWNED;

	/* Before the step: after it the span may be another thread's. */
	__atomic_store_n(&span->owner, NULL, __ATOMIC_RELAXED);
	if (heap_remote__load(span) == old && heap_remote__change(&span->remote, &old, 0))
		return true;
	__atomic_store_n(&span->owner, owner, __ATOMIC_RELAXED);
	(void)mems__remote_collect(span);
	return false;
}

bool mems__remote_list(struct span *span)
{
	uint32_t old = REMOTE_OWNED;

	return heap_remote__load(span) == old &&
	       heap_remote__change(&span->remote, &old,
		      REMOTE_OWNED | REMOTE_LISTED |
		      span->used << REMOTE_COUNT_SHIFT);
}

bool mems__remote_unlist(struct span *span)
{
	uint32_t old = heap_remote__load(span);

	do {
		if (mems__remote_count(old) == 0)
			return false;
	} while (!heap_remote__change(&span->remote, &old, REMOTE_OWNED));
	heap_remote__attach(span, old);
	span->used = mems__remote_count(old);
	return true;
}

/* --------------------------------------------------------- lib/heap/site.h */

/* The book of call sites. */
#ifndef MEMS_HEAP_SITE_H
#define MEMS_HEAP_SITE_H

extern struct book mems__site_book;

#endif

/* --------------------------------------------------------- lib/heap/site.c */

/* Blocks whose callers number their sites. */

struct book mems__site_book = BOOK_INIT;

static int heap_site__watching;	/* atomic */

static bool heap_site__is_watching(void)
{
	return unlikely(__atomic_load_n(&heap_site__watching, __ATOMIC_RELAXED));
}

void mems_site_watch(int on)
{
	if (on != 0)
		mems__book_clear(&mems__site_book);
	__atomic_store_n(&heap_site__watching, on != 0, __ATOMIC_RELEASE);
}

void *mems_site_alloc(size_t size, uint32_t site)
{
	void *block = mems__alloc_fast(size);

	if (heap_site__is_watching() && block != NULL && site != MEMS_SITE_NONE)
		mems__book_enter(&mems__site_book, block, size,
				 &(uintptr_t){ site }, 1, mems__clock_exact());
	return block;
}

void mems_site_free(void *block)
{
	if (heap_site__is_watching() && block != NULL)
		(void)mems__book_leave(&mems__site_book, block,
				       mems__clock_exact());
	mems__free_fast(block);
}

/* ------------------------------------------------------- lib/heap/slices.c */

/*
 * Slices: taken from spaces, kept while they are warm, given back when cold.
 *
 * A span of few slices that is given back goes to a stack by its length, and
 * the next of that length comes from there: from the stack of the processor
 * that asks, since its caches have what is in these, or else of another. When
 * all of a length are empty all stacks go to the spaces, where neighbours join,
 * before more is asked of these.
 */

/* Spans up to so many slices are stacked: 1 MiB. */
#define STACKED_MOST 16

/* Processors are taken together if there are more. */
#define LANES 16

/* The structs of spans get memory for so many at a time. */
#define SPANS_STEP 1024

/* Until there is one, no pointer is in it, NULL neither, whichever of its
   words another thread sees first. */
struct first_range mems__first_range = { .base = ~(UINTPTR_MAX >> 1) };
struct range mems__ranges[RANGES_MOST];
unsigned mems__range_count;
struct lock mems__slices_lock = LOCK_INIT(LOCK_SLICES);

/* Under the lock. */
static struct heap_slices__lane {
	_Alignas(64) struct span *stacks[STACKED_MOST + 1];
} heap_slices__lanes[LANES];
static bool heap_slices__stacked;			/* one of them has something */
static uint64_t heap_slices__taken, heap_slices__given_back;
static size_t heap_slices__dirty_slices;		/* atomic */

/* ------------------------------------------------------------------ ranges */

static bool heap_slices__make_spans(struct range *range)
{
	uint64_t page = mems__page_size();
	uint64_t count = range->size >> SLICE_SHIFT;
	uint64_t spans = mems__round_up(count * sizeof(struct span), page);
	uint64_t bits = mems__round_up((count + 63) / 64 * 8, 64);
	uint64_t both = mems__round_up(2 * bits, page);
	char *memory = mems__pages_reserve((size_t)(both + spans));

	if (memory == NULL)
		return false;
	mems__pages_sparse(memory, (size_t)(both + spans));
	if (!mems__pages_commit(memory, (size_t)both)) {
		mems__pages_release(memory, (size_t)(both + spans));
		return false;
	}
	range->dirty = (void *)memory;
	range->aged = (void *)(memory + bits);
	range->spans = (void *)(memory + both);
	return true;
}

/* A space for `least` bytes or more, if it can be twice as large as the last
   one. */
static mems_space *heap_slices__make_space(uint64_t least)
{
	struct mems_space_options options = MEMS_SPACE_OPTIONS;
	mems_space *space;

	options.granule = MEMS_PAGE_SIZE;
	options.growth = SLICE;
	options.policy = MEMS_FIRST_FIT;
	if (mems__range_count == 0) {
		/* What is sensible here, unless that is too small. */
		space = mems_space_create(&options);
		if (space == NULL ||
		    ((struct space *)space)->region->maximum >= least)
			return space;
		(void)mems_space_destroy(space);
		options.maximum = least;
	} else {
		options.maximum = 2 *
			(uint64_t)mems__ranges[mems__range_count - 1].size;
	}
	options.maximum = mems__max(options.maximum, least);
	for (;;) {
		space = mems_space_create(&options);
		if (space != NULL || options.maximum / 2 < least)
			return space;
		options.maximum = mems__round_up(options.maximum / 2, SLICE);
	}
}

/* A further range, for a span of `bytes` at the least. */
static bool heap_slices__add_range(uint64_t bytes)
{
	struct range *range = &mems__ranges[mems__range_count];
	struct space *space;
	size_t skip;

	if (mems__range_count == RANGES_MOST)
		return false;
	space = (struct space *)heap_slices__make_space(bytes + SLICE);
	if (space == NULL)
		return false;
	/* What goes back to the system, and when, is decided here. */
	space->returns = false;
	space->kept = true;
	range->space = &space->face;
	/* The space begins at a page; what is before the first slice is not for
	   use, and the first that the space hands out. */
	skip = (size_t)(0 - (uintptr_t)space->data) % SLICE;
	range->base = (char *)space->data + skip;
	range->size = (size_t)mems__round_down(space->region->maximum - skip,
					       SLICE);
	if (range->size < bytes ||
	    (skip > 0 &&
	     mems_space_alloc(&space->face, skip) == MEMS_VA_NONE) ||
	    !heap_slices__make_spans(range)) {
		(void)mems_space_destroy(&space->face);
		return false;
	}
	/* The size last: until then no pointer is in it, and not NULL. */
	if (mems__range_count == 0) {
		__atomic_store_n(&mems__first_range.spans, range->spans,
				 __ATOMIC_RELAXED);
		__atomic_store_n(&mems__first_range.base,
				 (uintptr_t)range->base, __ATOMIC_RELAXED);
		__atomic_store_n(&mems__first_range.size, range->size,
				 __ATOMIC_RELEASE);
	}
	__atomic_store_n(&mems__range_count, mems__range_count + 1,
			 __ATOMIC_RELEASE);
	return true;
}

static struct range *heap_slices__range_of(const struct span *span)
{
	struct range *range = mems__ranges;

	while ((size_t)(span->memory - range->base) >= range->size)
		range++;
	return range;
}

static size_t heap_slices__index_of(const struct range *range, const struct span *span)
{
	return (size_t)(span->memory - range->base) >> SLICE_SHIFT;
}

/* The struct for the slice at `index`, if there is memory for it. */
static struct span *heap_slices__span_at(struct range *range, size_t index, size_t count)
{
	uint64_t page = mems__page_size();
	uint64_t want = mems__round_up((index + count) * sizeof(struct span),
				       SPANS_STEP * sizeof(struct span));

	want = mems__min(want, mems__round_up((range->size >> SLICE_SHIFT) *
					      sizeof(struct span), page));
	want = mems__round_up(want, page);
	if (want > range->committed) {
		if (!mems__pages_commit((char *)range->spans + range->committed,
					(size_t)(want - range->committed)))
			return NULL;
		range->committed = (size_t)want;
	}
	if (range->extent < index + count)
		__atomic_store_n(&range->extent, index + count,
				 __ATOMIC_RELEASE);
	return &range->spans[index];
}

/* ---------------------------------------------------------- which are dirty */

static uint64_t heap_slices__bits_of_word(size_t word, size_t first, size_t end)
{
	uint64_t bits = ~(uint64_t)0;

	if (word == first >> 6)
		bits &= ~(uint64_t)0 << (first & 63);
	if (word == (end - 1) >> 6)
		bits &= ~(uint64_t)0 >> (63 - ((end - 1) & 63));
	return bits;
}

/* In one order for all threads, with decay.c's word of whether there is a
   helper. */
static void heap_slices__count_dirty(size_t more)
{
	__atomic_store_n(&heap_slices__dirty_slices, heap_slices__dirty_slices + more, __ATOMIC_SEQ_CST);
}

static void heap_slices__set_dirty(struct range *range, size_t first, size_t count)
{
	size_t end = first + count;

	for (size_t word = first >> 6; word <= (end - 1) >> 6; word++)
		range->dirty[word] |= heap_slices__bits_of_word(word, first, end);
	heap_slices__count_dirty(count);
}

/* Were any of these dirty? They are not any more. */
static bool heap_slices__clear_dirty(struct range *range, size_t first, size_t count)
{
	size_t end = first + count;
	size_t cleared = 0;

	for (size_t word = first >> 6; word <= (end - 1) >> 6; word++) {
		uint64_t bits = range->dirty[word] &
				heap_slices__bits_of_word(word, first, end);

		if (bits == 0)
			continue;
		range->dirty[word] ^= bits;
		if ((range->aged[word] & bits) != 0)
			range->aged[word] &= ~bits;
		cleared += (size_t)__builtin_popcountll(bits);
	}
	heap_slices__count_dirty(0 - cleared);
	return cleared > 0;
}

/* ------------------------------------------------------------ take and give */

static mems_va heap_slices__va_of(const struct range *range, const struct span *span)
{
	return (uintptr_t)span->memory - range->space->origin;
}

static struct span **heap_slices__stack_here(size_t count)
{
	return &heap_slices__lanes[mems__thread_processor() % LANES].stacks[count];
}

static void heap_slices__stack(struct span *span)
{
	struct span **top = heap_slices__stack_here(span->slices);

	span->next = *top;
	*top = span;
	heap_slices__stacked = true;
}

static struct span *heap_slices__take_stacked(size_t count)
{
	struct span **top = heap_slices__stack_here(count), *span;

	for (int i = 0; *top == NULL && i < LANES; i++)
		top = &heap_slices__lanes[i].stacks[count];
	span = *top;
	if (span != NULL)
		*top = span->next;
	return span;
}

/* Hand the stacks to the spaces. */
static void heap_slices__unstack(void)
{
	struct span *span;

	if (!heap_slices__stacked)
		return;
	for (int i = 0; i < LANES * (STACKED_MOST + 1); i++) {
		struct span **top = &heap_slices__lanes[i % LANES].stacks[i / LANES];

		for (span = *top; span != NULL; span = span->next) {
			struct range *range = heap_slices__range_of(span);

			(void)mems_space_free(range->space, heap_slices__va_of(range, span));
		}
		*top = NULL;
	}
	heap_slices__stacked = false;
}

static struct span *heap_slices__take_from(struct range *range, size_t count,
			      size_t alignment)
{
	struct span *span;
	size_t index;
	mems_va va;

	if (alignment > SLICE)
		va = mems_space_aligned_alloc(range->space, alignment,
					      count << SLICE_SHIFT);
	else
		va = mems_space_alloc(range->space, count << SLICE_SHIFT);
	if (va == MEMS_VA_NONE)
		return NULL;
	index = (size_t)(va + range->space->origin - (uintptr_t)range->base) >>
		SLICE_SHIFT;
	span = heap_slices__span_at(range, index, count);
	if (span == NULL) {
		(void)mems_space_free(range->space, va);
		return NULL;
	}
	span->memory = range->base + (index << SLICE_SHIFT);
	return span;
}

/* Are there addresses behind all that was ever used of a range? */
static bool heap_slices__has_addresses(const struct range *range, uint64_t bytes)
{
	const struct space *space = (const struct space *)range->space;

	return space->region->maximum - range->space->limit >= bytes;
}

static struct span *heap_slices__take_from_any(size_t count, size_t alignment)
{
	uint64_t bytes = ((uint64_t)count << SLICE_SHIFT) +
			 (alignment > SLICE ? alignment : 0);
	struct span *span = NULL;
	bool refused = false;
	unsigned i = 0;

	heap_slices__unstack();
	do {
		/* What lacks memory is not helped by more addresses. */
		if (i == mems__range_count && (refused || !heap_slices__add_range(bytes)))
			return NULL;
		span = heap_slices__take_from(&mems__ranges[i], count, alignment);
		refused = refused || (span == NULL &&
				      heap_slices__has_addresses(&mems__ranges[i], bytes));
	} while (span == NULL && ++i <= mems__range_count);
	return span;
}

struct span *mems__slices_take(size_t count, size_t alignment)
{
	struct span *span = NULL;
	int saved = errno;

	if (count > SIZE_MAX >> (SLICE_SHIFT + 2) ||
	    alignment > SIZE_MAX / 4)
		return NULL;
	mems__lock_take(&mems__slices_lock);
	if (count <= STACKED_MOST && alignment <= SLICE)
		span = heap_slices__take_stacked(count);
	if (span == NULL)
		span = heap_slices__take_from_any(count, alignment);
	if (span != NULL) {
		struct range *range = heap_slices__range_of(span);

		span->slices = (uint32_t)count;
		/* A memory checker cannot know that it is 0. */
		span->zeroed = !heap_slices__clear_dirty(range, heap_slices__index_of(range, span),
					    count) && !mems__watched();
		heap_slices__taken += count;
	}
	mems__lock_drop(&mems__slices_lock);
	errno = saved;
	return span;
}

void mems__slices_give(struct span *span)
{
	struct range *range = heap_slices__range_of(span);
	size_t count = span->slices;
	int saved = errno;

	__atomic_store_n(&span->owner, NULL, __ATOMIC_RELAXED);
	__atomic_store_n(&span->kind, SPAN_NONE, __ATOMIC_RELAXED);
	__atomic_store_n(&span->remote, 0, __ATOMIC_RELAXED);
	mems__lock_take(&mems__slices_lock);
	heap_slices__taken -= count;
	heap_slices__set_dirty(range, heap_slices__index_of(range, span), count);
	if (count <= STACKED_MOST)
		heap_slices__stack(span);
	else
		(void)mems_space_free(range->space, heap_slices__va_of(range, span));
	mems__lock_drop(&mems__slices_lock);
	errno = saved;
}

bool mems__slices_resize(struct span *span, size_t count)
{
	struct range *range = heap_slices__range_of(span);
	size_t index = heap_slices__index_of(range, span);
	size_t old = span->slices;
	int saved = errno;
	bool done;

	if (count > SIZE_MAX >> (SLICE_SHIFT + 2))
		return false;
	mems__lock_take(&mems__slices_lock);
	if (count > old)
		heap_slices__unstack();
	done = mems__space_resize_here(range->space, heap_slices__va_of(range, span),
				       count << SLICE_SHIFT);
	if (done && count < old) {
		heap_slices__set_dirty(range, index + count, old - count);
	} else if (done && count > old) {
		/* Frees look at the structs of all slices. */
		done = heap_slices__span_at(range, index, count) != NULL;
		if (done)
			(void)heap_slices__clear_dirty(range, index + old, count - old);
		else
			(void)mems__space_resize_here(range->space,
						      heap_slices__va_of(range, span),
						      old << SLICE_SHIFT);
	}
	if (done) {
		/* The difference may be negative, and a size_t too short. */
		heap_slices__taken += (uint64_t)count - old;
		span->slices = (uint32_t)count;
	}
	mems__lock_drop(&mems__slices_lock);
	errno = saved;
	return done;
}

/* ------------------------------------------------------------- giving back */

/*
 * Give back the memory of the slices in `bits` of one word. False: the system
 * refused. Under the lock, so that nobody takes them meanwhile; 4 MiB at most.
 */
static bool heap_slices__return_word(struct range *range, size_t word, uint64_t bits,
			uint64_t *returned)
{
	while (bits != 0) {
		unsigned first = mems__low_bit(bits);
		uint64_t above = ~(bits >> first);
		unsigned count = above == 0 ? 64 : mems__low_bit(above);
		uint64_t these = (count == 64 ? ~(uint64_t)0 :
				  ((uint64_t)1 << count) - 1) << first;
		char *memory = range->base +
			       ((word * 64 + first) << SLICE_SHIFT);
		size_t size = (size_t)count << SLICE_SHIFT;
		size_t resident = mems__pages_resident(memory, size);

		if (!mems__pages_decommit(memory, size))
			return false;
		*returned += resident;
		range->dirty[word] &= ~these;
		range->aged[word] &= ~these;
		heap_slices__count_dirty(0 - (size_t)count);
		bits &= ~these;
	}
	return true;
}

uint64_t mems__slices_dirty(void)
{
	return (uint64_t)__atomic_load_n(&heap_slices__dirty_slices, __ATOMIC_SEQ_CST) <<
	       SLICE_SHIFT;
}

uint64_t mems__slices_return(bool all, uint64_t *left)
{
	uint64_t returned = 0;
	int saved = errno;
	bool works = true;

	mems__lock_take(&mems__slices_lock);
	heap_slices__unstack();
	for (unsigned i = 0; works && i < mems__range_count; i++) {
		struct range *range = &mems__ranges[i];

		for (size_t word = 0; works && word * 64 < range->extent;
		     word++) {
			uint64_t bits = range->dirty[word];

			if (!all)
				bits &= range->aged[word];
			if (bits != 0)
				works = heap_slices__return_word(range, word, bits,
						    &returned);
			range->aged[word] = range->dirty[word];
			if (bits == 0)
				continue;
			/* Let others have a turn. */
			mems__lock_drop(&mems__slices_lock);
			mems__lock_take(&mems__slices_lock);
		}
	}
	heap_slices__given_back += returned;
	if (left != NULL)
		*left = works ? mems__slices_dirty() : LEFT_REFUSED;
	mems__lock_drop(&mems__slices_lock);
	errno = saved;
	return returned;
}

void mems__slices_stats(struct slices_stats *stats)
{
	mems__lock_take(&mems__slices_lock);
	stats->reserved = 0;
	for (unsigned i = 0; i < mems__range_count; i++)
		stats->reserved += mems__ranges[i].size;
	stats->taken = heap_slices__taken << SLICE_SHIFT;
	stats->dirty = mems__slices_dirty();
	stats->returned = heap_slices__given_back;
	mems__lock_drop(&mems__slices_lock);
}

struct span *mems__slices_next(struct slices_cursor *cursor)
{
	for (; cursor->range < mems__range_count;
	     cursor->range++, cursor->index = 0) {
		const struct range *range = &mems__ranges[cursor->range];

		while (cursor->index < __atomic_load_n(&range->extent,
						       __ATOMIC_ACQUIRE)) {
			struct span *span = &range->spans[cursor->index];
			uint8_t kind = __atomic_load_n(&span->kind,
						       __ATOMIC_ACQUIRE);

			/* One by one: what it is made of may change. */
			cursor->index++;
			if (kind != SPAN_NONE && kind != SPAN_INSIDE)
				return span;
		}
	}
	return NULL;
}

#undef STACKED_MOST
#undef LANES
#undef SPANS_STEP

/* --------------------------------------------------------- lib/heap/span.c */

/* Spans of blocks: made of new slices, and given up. */

struct span mems__no_span;

struct span *mems__span_make(struct heap *heap, unsigned class)
{
	size_t slices = mems__classes[class].slices;
	struct span *span;

	if (!mems__heap_hold(heap, slices << SLICE_SHIFT))
		return NULL;
	span = mems__slices_take(slices + GUARD_SLICES, SLICE);
	if (span == NULL) {
		mems__heap_release(heap, slices << SLICE_SHIFT);
		return NULL;
	}
	mems__heap_held(heap);
	for (size_t i = 1; i < slices; i++) {
		span[i].slices = (uint32_t)i;
		__atomic_store_n(&span[i].kind, SPAN_INSIDE, __ATOMIC_RELAXED);
	}
	mems__harden_guard(span);
	span->class = (uint8_t)class;
	__atomic_store_n(&span->heap, heap, __ATOMIC_RELAXED);
	span->free = NULL;
	span->used = 0;
	span->fresh = 0;
	__atomic_store_n(&span->remote, REMOTE_OWNED, __ATOMIC_RELAXED);
	__atomic_store_n(&span->kind, SPAN_BLOCKS, __ATOMIC_RELEASE);
	return span;
}

/* A slice of it may still not be touched: who got that next would end. So
   nobody gets any of them, and only their memory goes back. */
static void heap_span__lose(struct span *span)
{
	__atomic_store_n(&span->owner, NULL, __ATOMIC_RELAXED);
	__atomic_store_n(&span->kind, SPAN_NONE, __ATOMIC_RELAXED);
	__atomic_store_n(&span->remote, 0, __ATOMIC_RELAXED);
	(void)mems__pages_decommit(span->memory,
				   (size_t)span->slices << SLICE_SHIFT);
}

void mems__span_release(struct span *span)
{
	struct heap *heap = span->heap;
	int saved = errno;
	size_t slices = span->slices - GUARD_SLICES;

	if (span->kind != SPAN_LARGE)
		for (size_t i = 1; i < slices; i++)
			__atomic_store_n(&span[i].kind, SPAN_NONE,
					 __ATOMIC_RELAXED);
	if (mems__harden_unguard(span))
		mems__slices_give(span);
	else
		heap_span__lose(span);
	errno = saved;
	mems__heap_release(heap, slices << SLICE_SHIFT);
	mems__decay_look();
}

/* ------------------------------------------------------ lib/heap/threads.c */

/*
 * The caches of threads: made at a thread's first allocation, given up at its
 * end, and found again in the child of a fork.
 */

#define TEN(span) span, span, span, span, span, span, span, span, span, span
#define NO_SPANS { TEN(&mems__no_span), TEN(&mems__no_span),               \
		   TEN(&mems__no_span), TEN(&mems__no_span),               \
		   TEN(&mems__no_span), TEN(&mems__no_span),               \
		   &mems__no_span, &mems__no_span, &mems__no_span,         \
		   &mems__no_span, &mems__no_span }

struct cache mems__no_cache = { .direct = NO_SPANS };
struct cache mems__late_cache = { .direct = NO_SPANS };

THREAD_LOCAL struct cache *mems__this_cache = &mems__no_cache;

struct heap mems__default_heap = {
	.alive = HEAP_ALIVE,
	.lock = LOCK_INIT(LOCK_HEAP),
	.check = SIZE_MAX,
};

/* Taken before all other locks of heaps. */
static struct lock heap_threads__heaps_lock = LOCK_INIT(LOCK_HEAPS);
static struct heap *heap_threads__heaps = &mems__default_heap;
static struct pool heap_threads__cache_pool = {
	.size = (sizeof(struct cache) + 63) & ~(size_t)63,
	.link = offsetof(struct cache, others),
};
static struct pool heap_threads__heap_pool = {
	.size = (sizeof(struct heap) + 63) & ~(size_t)63,
	.link = offsetof(struct heap, next),
};

static struct lock heap_threads__shared_lock = LOCK_INIT(LOCK_SHARED);
static struct cache heap_threads__shared;

/* ------------------------------------------------------------------- heaps */

struct heap *mems__heap_of(mems_heap *handle)
{
	struct heap *heap = (struct heap *)handle;

	if (heap == NULL)
		return &mems__default_heap;
	if (heap->alive == HEAP_ALIVE)
		return heap;
	errno = EINVAL;
	return NULL;
}

struct heap *mems__heap_add(void)
{
	struct heap *heap;

	mems__lock_take(&heap_threads__heaps_lock);
	heap = mems__pool_take(&heap_threads__heap_pool);
	if (heap != NULL) {
		memset(heap, 0, sizeof(*heap));
		heap->lock = (struct lock)LOCK_INIT(LOCK_HEAP);
		heap->check = SIZE_MAX;
		heap->next = heap_threads__heaps;
		heap_threads__heaps->previous = heap;
		heap_threads__heaps = heap;
	}
	mems__lock_drop(&heap_threads__heaps_lock);
	return heap;
}

static void heap_threads__forget_cache(struct cache *cache)
{
	struct heap *heap = cache->heap;

	if (cache->next != NULL)
		cache->next->previous = cache->previous;
	if (cache->previous != NULL)
		cache->previous->next = cache->next;
	else
		heap->caches = cache->next;
	__atomic_store_n(&cache->heap, NULL, __ATOMIC_RELEASE);
}

void mems__heap_forget(struct heap *heap)
{
	mems__lock_take(&heap_threads__heaps_lock);
	while (heap->caches != NULL)
		heap_threads__forget_cache(heap->caches);
	mems__lock_drop(&heap_threads__heaps_lock);
}

/* The default heap is never removed, so it is always the last. */
void mems__heap_remove(struct heap *heap)
{
	mems__lock_take(&heap_threads__heaps_lock);
	heap->next->previous = heap->previous;
	if (heap->previous != NULL)
		heap->previous->next = heap->next;
	else
		heap_threads__heaps = heap->next;
	mems__pool_give(&heap_threads__heap_pool, heap);
	mems__lock_drop(&heap_threads__heaps_lock);
}

void mems__caches_visit(struct heap *heap,
			void (*visit)(struct cache *cache, void *arg),
			void *arg)
{
	mems__lock_take(&heap_threads__heaps_lock);
	for (struct cache *cache = heap->caches; cache != NULL;
	     cache = cache->next)
		visit(cache, arg);
	mems__lock_drop(&heap_threads__heaps_lock);
}

/* ------------------------------------------------------------------ caches */

/* The caches of this many threads that have ended wait for threads that begin,
   each with empty spans of so many bytes. Under the lock of all heaps. */
#define PARKED_MOST 4
#define PARKED_BYTES 262144
static struct cache *heap_threads__parked;
static unsigned heap_threads__parked_count;

static struct cache *heap_threads__add_cache(struct heap *heap)
{
	struct cache *cache;

	mems__lock_take(&heap_threads__heaps_lock);
	if (heap == &mems__default_heap && heap_threads__parked != NULL) {
		cache = heap_threads__parked;
		heap_threads__parked = cache->others;
		heap_threads__parked_count--;
		cache->others = NULL;
		mems__lock_drop(&heap_threads__heaps_lock);
		return cache;
	}
	cache = mems__pool_take(&heap_threads__cache_pool);
	if (cache != NULL) {
		mems__cache_init(cache, heap);
		cache->others = NULL;
		cache->previous = NULL;
		cache->next = heap->caches;
		if (heap->caches != NULL)
			heap->caches->previous = cache;
		heap->caches = cache;
	}
	mems__lock_drop(&heap_threads__heaps_lock);
	return cache;
}

/* Its thread has no more use for it. What it has is given up under the lock,
   since the heap may end at the same time, and that with it; but the default
   heap never ends, and threads that do should not wait for each other. */
static void heap_threads__drop_cache(struct cache *cache)
{
	bool lasting = __atomic_load_n(&cache->heap, __ATOMIC_RELAXED) ==
		       &mems__default_heap;

	if (lasting)
		mems__cache_flush(cache);
	mems__lock_take(&heap_threads__heaps_lock);
	if (cache->heap != NULL) {
		if (!lasting)
			mems__cache_flush(cache);
		heap_threads__forget_cache(cache);
	}
	__atomic_store_n(&cache->thread, NULL, __ATOMIC_RELAXED);
	mems__pool_give(&heap_threads__cache_pool, cache);
	mems__lock_drop(&heap_threads__heaps_lock);
}

/* Keep a thread's cache for the default heap for the next thread. */
static void heap_threads__park_cache(struct cache *cache)
{
	mems__cache_pare(cache, PARKED_BYTES);
	mems__lock_take(&heap_threads__heaps_lock);
	if (heap_threads__parked_count < PARKED_MOST && mems__decay_time != 0) {
		__atomic_store_n(&cache->thread, NULL, __ATOMIC_RELAXED);
		cache->others = heap_threads__parked;
		heap_threads__parked = cache;
		heap_threads__parked_count++;
		cache = NULL;
	}
	mems__lock_drop(&heap_threads__heaps_lock);
	if (cache != NULL)
		heap_threads__drop_cache(cache);
}

void mems__caches_unpark(void)
{
	struct cache *cache, *next;

	mems__lock_take(&heap_threads__heaps_lock);
	cache = heap_threads__parked;
	heap_threads__parked = NULL;
	heap_threads__parked_count = 0;
	mems__lock_drop(&heap_threads__heaps_lock);
	for (; cache != NULL; cache = next) {
		next = cache->others;
		heap_threads__drop_cache(cache);
	}
}

/* The end of a thread, or of one that never began. */
static void heap_threads__end_thread(void *arg)
{
	struct cache *first = arg, *cache, *next;

	/* What is still to be freed or allocated does without. */
	mems__cache = &mems__late_cache;
	for (cache = first->others; cache != NULL; cache = next) {
		next = cache->others;
		heap_threads__drop_cache(cache);
	}
	/* The last, since it tells whose the others are. */
	heap_threads__park_cache(first);
	mems__decay_ask();
}

struct cache *mems__cache_find(const struct heap *heap)
{
	struct cache *first = mems__cache, *cache, **link;

	if (first->heap == NULL)
		return NULL;
	if (heap == &mems__default_heap)
		return first;
	link = &first->others;
	while ((cache = *link) != NULL) {
		struct heap *its = __atomic_load_n(&cache->heap,
						   __ATOMIC_ACQUIRE);

		if (its == heap) {
			/* To the front: it will be asked for again. */
			*link = cache->others;
			cache->others = first->others;
			first->others = cache;
			return cache;
		}
		if (its == NULL) {
			*link = cache->others;
			heap_threads__drop_cache(cache);
		} else {
			link = &cache->others;
		}
	}
	return NULL;
}

static struct cache *heap_threads__make_first(void)
{
	struct cache *cache;

	if (mems__cache == &mems__late_cache)
		return NULL;
	mems__heaps_start();
	/* Hooking into fork may have allocated, and so have come here. */
	if (mems__cache->heap != NULL)
		return mems__cache;
	cache = heap_threads__add_cache(&mems__default_heap);
	if (cache == NULL)
		return NULL;
	__atomic_store_n(&cache->thread, cache, __ATOMIC_RELAXED);
	/* Before the next call, which may allocate. */
	mems__cache = cache;
	if (!mems__thread_at_end(cache)) {
		heap_threads__end_thread(cache);
		return NULL;
	}
	return cache;
}

struct cache *mems__cache_make(struct heap *heap)
{
	struct cache *first = mems__cache, *cache;

	if (first->heap == NULL) {
		first = heap_threads__make_first();
		if (first == NULL)
			return NULL;
	}
	cache = mems__cache_find(heap);
	if (cache == NULL) {
		cache = heap_threads__add_cache(heap);
		if (cache == NULL)
			return NULL;
		__atomic_store_n(&cache->thread, first, __ATOMIC_RELAXED);
		cache->others = first->others;
		first->others = cache;
	}
	return cache;
}

struct cache *mems__shared_take(void)
{
	mems__lock_take(&heap_threads__shared_lock);
	if (heap_threads__shared.heap == NULL)
		mems__cache_init(&heap_threads__shared, &mems__default_heap);
	return &heap_threads__shared;
}

void mems__shared_drop(void)
{
	mems__lock_drop(&heap_threads__shared_lock);
}

/* -------------------------------------------------------------------- fork */

static bool heap_threads__threaded;	/* at the last fork */

static void heap_threads__before_fork(void)
{
	heap_threads__threaded = !MEMS__SINGLE_THREADED;
	mems__lock_take_unranked(&mems__site_book.lock);
	mems__lock_take_unranked(&mems__trace_book.lock);
	mems__lock_take_unranked(&heap_threads__heaps_lock);
	mems__lock_take_unranked(&heap_threads__shared_lock);
	for (struct heap *heap = heap_threads__heaps; heap != NULL; heap = heap->next)
		mems__lock_take_unranked(&heap->lock);
	mems__lock_take_unranked(&mems__slices_lock);
}

static void heap_threads__in_parent(void)
{
	mems__lock_drop_unranked(&mems__slices_lock);
	for (struct heap *heap = heap_threads__heaps; heap != NULL; heap = heap->next)
		mems__lock_drop_unranked(&heap->lock);
	mems__lock_drop_unranked(&heap_threads__shared_lock);
	mems__lock_drop_unranked(&heap_threads__heaps_lock);
	mems__lock_drop_unranked(&mems__trace_book.lock);
	mems__lock_drop_unranked(&mems__site_book.lock);
}

static bool heap_threads__is_mine(const struct cache *cache)
{
	return cache == &heap_threads__shared || cache->thread == mems__cache;
}

/*
 * A thread that is not here any more may have been between any two stores of
 * its fast path. Its lists hold together at each; its count may not. A block
 * that it was about to give back is lost to the child.
 */
static void heap_threads__recount(struct span *span)
{
	const struct class *info = mems__class_info(span);
	uint32_t free = 0;

	for (void *block = span->free; block != NULL && free < info->count;
	     block = mems__decode(*(uintptr_t *)block, block))
		free++;
	span->used = span->fresh - free;
	/* It may have begun to cut what still counts as fresh. */
	span->zeroed = 0;
}

/* Bytes that a thread had counted in or out, but for no span, are no more. */
static void heap_threads__recount_held(void)
{
	struct slices_cursor cursor = { 0, 0 };
	struct span *span;

	for (struct heap *heap = heap_threads__heaps; heap != NULL; heap = heap->next)
		heap->held = 0;
	while ((span = mems__slices_next(&cursor)) != NULL)
		span->heap->held += (size_t)(span->slices - GUARD_SLICES) <<
				    SLICE_SHIFT;
}

/*
 * Spans of threads that did not come along go to the lists of their heaps,
 * also those that were on their way from one place to another.
 */
static void heap_threads__take_over(void)
{
	struct slices_cursor cursor = { 0, 0 };
	struct span *span;

	while ((span = mems__slices_next(&cursor)) != NULL) {
		uint32_t remote = span->remote;

		if (span->kind == SPAN_LARGE || remote == 0 ||
		    (span->owner != NULL && heap_threads__is_mine(span->owner)))
			continue;
		if ((remote & REMOTE_LISTED) == 0) {
			heap_threads__recount(span);
			mems__list_put(span);
		} else if (mems__remote_count(remote) == 0) {
			/* Its last freer was about to release it. */
			if (span->kind == SPAN_LISTED)
				mems__list_emptied(span);
			else
				mems__span_release(span);
		}
	}
}

static void heap_threads__in_child(void)
{
	mems__lock_after_fork();
	mems__slices_lock.word = 0;
	heap_threads__shared_lock.word = 0;
	heap_threads__heaps_lock.word = 0;
	mems__site_book.lock.word = 0;
	mems__trace_book.lock.word = 0;
	for (struct heap *heap = heap_threads__heaps; heap != NULL; heap = heap->next)
		heap->lock.word = 0;
	for (struct heap *heap = heap_threads__heaps; heap != NULL; heap = heap->next) {
		struct cache *cache = heap->caches, *next;

		for (; cache != NULL; cache = next) {
			next = cache->next;
			if (heap_threads__is_mine(cache))
				continue;
			heap_threads__forget_cache(cache);
			mems__pool_give(&heap_threads__cache_pool, cache);
		}
	}
	/* They were among those. */
	heap_threads__parked = NULL;
	heap_threads__parked_count = 0;
	mems__decay_after_fork();
	if (heap_threads__threaded) {
		heap_threads__recount_held();
		heap_threads__take_over();
	}
}

/* Once in a process, before its first span: after the hooks of spaces, so that
   the locks of heaps are taken before theirs. */
void mems__heaps_start(void)
{
	static bool started;
	bool first;

	if (__atomic_load_n(&started, __ATOMIC_ACQUIRE))
		return;
	mems__lock_take(&heap_threads__heaps_lock);
	first = !started;
	if (first) {
		mems__harden_start();
		mems__thread_start(heap_threads__end_thread);
		__atomic_store_n(&started, true, __ATOMIC_RELEASE);
	}
	mems__lock_drop(&heap_threads__heaps_lock);
	if (first) {
		(void)mems__registry_start();
		(void)mems__fork_hooks(heap_threads__before_fork, heap_threads__in_parent, heap_threads__in_child);
	}
}

#undef TEN
#undef NO_SPANS
#undef PARKED_MOST
#undef PARKED_BYTES

/* -------------------------------------------------------- lib/heap/trace.c */

/*
 * Blocks of the whole process, each or a sample of them, and the stacks that
 * allocated them.
 */

bool mems__tracing;
struct book mems__trace_book = BOOK_INIT;
size_t mems__trace_period;

static uint64_t heap_trace__chance;			/* state of the random numbers */
static int64_t heap_trace__until_next;		/* bytes to the next sample */

/* A bit for each block in the book, and for others: most frees need not ask. */
static uint64_t heap_trace__filter[1024];

/* What tracing allocates is not traced. */
static THREAD_LOCAL bool heap_trace__inside;

static uint64_t heap_trace__next_random(void)
{
	uint64_t number = __atomic_add_fetch(&heap_trace__chance, 0x9e3779b97f4a7c15u,
					     __ATOMIC_RELAXED);

	number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9u;
	number = (number ^ number >> 27) * 0x94d049bb133111ebu;
	return number ^ number >> 31;
}

/*
 * How far to the next sample, `period` on the average: exponential, as those
 * who read profiles count on. -ln of a fraction of 2^32, whose logarithm to
 * base 2 is read off its highest bits.
 */
static int64_t heap_trace__next_distance(void)
{
	uint32_t number = (uint32_t)(heap_trace__next_random() >> 32) | 1;
	unsigned top = mems__high_bit(number);
	uint64_t rest = ((uint64_t)number << 16 >> top) - 65536;
	uint64_t log = ((uint64_t)32 << 16) - (((uint64_t)top << 16) + rest);

	/* log is -log2 in 1/65536; ln 2 is 45426/65536. */
	return (int64_t)((log * 45426 >> 16) * mems__trace_period >> 16) + 1;
}

void mems__trace_start(size_t period)
{
	uintptr_t frames[PLACE_WORDS];

	MINE(heap_trace__inside) = true;
	(void)mems__stack(frames, PLACE_WORDS);	/* it may have to get ready */
	MINE(heap_trace__inside) = false;
	heap_trace__chance = mems__random();
	mems__trace_period = period;
	heap_trace__until_next = period > 1 ? heap_trace__next_distance() : 0;
	mems__tracing = true;
	/* The fast path finds nothing any more, here and in new caches. */
	mems__cache_close(mems__cache);
	mems__first_range.size = 0;
}

static bool heap_trace__is_sampled(size_t size)
{
	if (mems__trace_period <= 1)
		return true;
	if (__atomic_sub_fetch(&heap_trace__until_next, (int64_t)size, __ATOMIC_RELAXED) >
	    0)
		return false;
	__atomic_store_n(&heap_trace__until_next, heap_trace__next_distance(), __ATOMIC_RELAXED);
	return true;
}

static unsigned heap_trace__bit_of(const void *block)
{
	return (unsigned)((uint64_t)(uintptr_t)block * 0x9e3779b97f4a7c15u >>
			  48);
}

NOINLINE void mems__trace_alloc(const void *block, size_t size)
{
	uintptr_t frames[PLACE_WORDS];
	unsigned count, bit = heap_trace__bit_of(block);

	if (MINE(heap_trace__inside) || !heap_trace__is_sampled(size))
		return;
	MINE(heap_trace__inside) = true;
	count = mems__stack(frames, PLACE_WORDS);
	__atomic_fetch_or(&heap_trace__filter[bit >> 6], (uint64_t)1 << (bit & 63),
			  __ATOMIC_RELAXED);
	mems__book_enter(&mems__trace_book, block, size, frames, count,
			 mems__clock_exact());
	MINE(heap_trace__inside) = false;
}

void mems__trace_free(const void *block)
{
	unsigned bit = heap_trace__bit_of(block);

	if ((mems__load(&heap_trace__filter[bit >> 6]) >> (bit & 63) & 1) != 0)
		(void)mems__book_leave(&mems__trace_book, block,
				       mems__clock_exact());
}

/* One block ends, another begins. */
void mems__trace_resize(const void *block, size_t size)
{
	mems__trace_free(block);
	mems__trace_alloc(block, size);
}

/* ------------------------------------------------------- lib/heap/verify.c */

/* Checking every invariant of a heap at rest. */

struct heap_verify__verifying {
	struct heap *heap;
	const char *wrong;	/* NULL: nothing yet */
	uint64_t held;
	uint64_t in_bins;	/* spans that a bin or a list has */
	uint64_t owned;		/* spans that say so */
};

static bool heap_verify__is_current(const struct span *span)
{
	return span->owner != NULL &&
	       span->owner->bins[span->class].current == span;
}

static const char *heap_verify__check_counts(const struct span *span)
{
	const struct class *info = mems__class_info(span);
	uint32_t remote = span->remote, count = mems__remote_count(remote);
	uint64_t live[SPAN_WORDS];
	uint32_t used = span->used - (heap_verify__is_current(span) ? 1 : 0);
	bool listed = (remote & REMOTE_LISTED) != 0;

	if (span->fresh > info->count)
		return "a span was cut into more blocks than it has";
	if (listed != (span->kind == SPAN_LISTED))
		return "a span does not know whether it is in a list";
	if (mems__span_live(span, live) != (listed ? count : used - count))
		return "the blocks in use of a span are not as many as it says";
	if (remote == 0 && (span->free != NULL || used != info->count))
		return "a span that nobody has is not full";
	if (remote != 0 && (remote & REMOTE_OWNED) == 0)
		return "a span has blocks that nobody will look at";
	if (!listed && (count == 0) != ((remote & REMOTE_FIRST) == 0))
		return "the count of blocks that others freed is wrong";
	return NULL;
}

static void heap_verify__check_span(struct heap_verify__verifying *verifying, const struct span *span)
{
	verifying->held += (uint64_t)span->slices << SLICE_SHIFT;
	if (span->kind == SPAN_LARGE) {
		if (span->bytes > (size_t)span->slices << SLICE_SHIFT)
			verifying->wrong = "a large block leaves its run";
		return;
	}
	for (uint32_t i = 1; i < span->slices; i++)
		if (span[i].kind != SPAN_INSIDE || span[i].slices != i)
			verifying->wrong = "a slice does not know its span";
	if (verifying->wrong == NULL)
		verifying->wrong = heap_verify__check_counts(span);
	if (span->owner != NULL || span->kind == SPAN_LISTED)
		verifying->owned++;
	if (span->owner != NULL && span->owner->heap != verifying->heap)
		verifying->wrong = "a span is in a cache of another heap";
}

static void heap_verify__count_list(struct heap_verify__verifying *verifying,
		       const struct span_list *list, unsigned class,
		       const struct cache *owner)
{
	const struct span *before = NULL;

	for (const struct span *span = list->first; span != NULL;
	     span = span->next) {
		if (span->previous != before || span->class != class ||
		    span->owner != owner ||
		    span->heap != verifying->heap) {
			verifying->wrong = "a list of spans is broken";
			return;
		}
		before = span;
		verifying->in_bins++;
	}
	if (list->last != before)
		verifying->wrong = "a list of spans has another end";
}

static void heap_verify__check_cache(struct cache *cache, void *arg)
{
	struct heap_verify__verifying *verifying = arg;

	for (unsigned class = 0; class < CLASSES; class++) {
		struct bin *bin = &cache->bins[class];

		heap_verify__count_list(verifying, &bin->partial, class, cache);
		if (bin->current != &mems__no_span)
			verifying->in_bins++;
		if (bin->current != &mems__no_span &&
		    (bin->current->owner != cache ||
		     bin->current->class != class))
			verifying->wrong = "a bin has a span that is not its";
	}
	for (size_t i = 0; i < DIRECT; i++) {
		unsigned class = mems__class_of(i > 0 ? 16 * i : 1);

		if (cache->direct[i] != &mems__no_span &&
		    cache->direct[i] != cache->bins[class].current)
			verifying->wrong = "a size goes to the wrong span";
	}
}

static const char *heap_verify__check(struct heap *heap)
{
	struct heap_verify__verifying verifying = { .heap = heap };
	struct slices_cursor cursor = { 0, 0 };
	struct span *span;

	while ((span = mems__slices_next(&cursor)) != NULL)
		if (span->heap == heap && verifying.wrong == NULL)
			heap_verify__check_span(&verifying, span);
	mems__caches_visit(heap, heap_verify__check_cache, &verifying);
	if (heap == &mems__default_heap) {
		heap_verify__check_cache(mems__shared_take(), &verifying);
		mems__shared_drop();
	}
	for (unsigned class = 0; class < CLASSES; class++)
		heap_verify__count_list(&verifying, &heap->listed[class], class, NULL);
	if (verifying.wrong == NULL && verifying.in_bins != verifying.owned)
		verifying.wrong = "a span is in no bin and no list, or in two";
	if (verifying.wrong == NULL && verifying.held != heap->held)
		verifying.wrong = "the bytes held are not those of the runs";
	return verifying.wrong;
}

int mems_heap_verify(mems_heap *handle, char *report, size_t length)
{
	struct heap *heap = mems__heap_of(handle);
	const char *wrong;

	if (heap == NULL)
		return -EINVAL;
	wrong = heap_verify__check(heap);
	if (wrong == NULL)
		return 0;
	mems__text_report(report, length, wrong);
	return -EBADMSG;
}

/* --------------------------------------------------------- lib/heap/walk.c */

/*
 * Telling of every live block. What is live is known from what is not: the
 * blocks in the lists of a span, and those never cut.
 *
 * Other threads may use the span meanwhile. Under the lock of all slices it
 * stays the span that it is, since a span that is given back waits for that;
 * but a list may change while it is followed, so every link is looked at
 * before it is believed, and the worst is a wrong picture.
 */

/* Take the blocks of a list out of `live`, as far as it is one. */
MEMS_UNWATCHED
static uint32_t heap_walk__strike(const struct span *span, const void *block,
		       uint64_t *live)
{
	const struct class *info = mems__class_info(span);
	size_t bytes = (size_t)info->count * info->size;
	uint32_t struck = 0;

	while (block != NULL) {
		size_t offset = (size_t)((const char *)block - span->memory);
		uint32_t number;
		uint64_t bit;

		if (offset >= bytes)
			break;
		number = mems__block_number(span->class, offset);
		bit = (uint64_t)1 << (number & 63);
		if ((size_t)number * info->size != offset ||
		    (live[number >> 6] & bit) == 0)
			break;
		live[number >> 6] &= ~bit;
		struck++;
		block = mems__decode(*(const uintptr_t *)block, block);
	}
	return struck;
}

MEMS_UNWATCHED
uint32_t mems__span_live(const struct span *span, uint64_t live[SPAN_WORDS])
{
	uint32_t fresh = span->fresh, remote = span->remote, free;

	memset(live, 0, SPAN_WORDS * sizeof(*live));
	for (uint32_t i = 0; i < fresh / 64; i++)
		live[i] = ~(uint64_t)0;
	if (fresh % 64 != 0)
		live[fresh / 64] = ((uint64_t)1 << fresh % 64) - 1;
	free = heap_walk__strike(span, span->free, live);
	if ((remote & REMOTE_FIRST) != 0)
		free += heap_walk__strike(span, mems__span_block(span, (remote &
				REMOTE_FIRST) - 1), live);
	return fresh - free;
}

MEMS_UNWATCHED
bool mems__span_view(const struct span *span, const struct heap *heap,
		     struct span_view *view)
{
	uint8_t kind;

	mems__lock_take(&mems__slices_lock);
	kind = __atomic_load_n(&span->kind, __ATOMIC_ACQUIRE);
	if (kind == SPAN_NONE || kind == SPAN_INSIDE || span->heap != heap) {
		mems__lock_drop(&mems__slices_lock);
		return false;
	}
	view->memory = span->memory;
	view->held = (size_t)span->slices << SLICE_SHIFT;
	if (kind == SPAN_LARGE) {
		view->class = CLASSES;
		view->size = span->bytes;
		view->blocks = 1;
		memset(view->live, 0, sizeof(view->live));
		view->live[0] = 1;
	} else {
		view->class = span->class;
		view->size = mems__class_info(span)->size;
		view->blocks = mems__span_live(span, view->live);
	}
	mems__lock_drop(&mems__slices_lock);
	return true;
}

static int heap_walk__walk_view(struct span_view *view, mems_heap_walk_fn *callback,
		     void *arg)
{
	int result = 0;

	for (uint32_t i = 0; i < SPAN_WORDS && result == 0; i++) {
		uint64_t live = view->live[i];

		for (; live != 0 && result == 0; live &= live - 1) {
			size_t number = i * 64 + mems__low_bit(live);

			result = callback(view->memory + number * view->size,
					  view->size, arg);
		}
	}
	return result;
}

int mems_heap_walk(mems_heap *handle, mems_heap_walk_fn *callback, void *arg)
{
	struct heap *heap = mems__heap_of(handle);
	struct slices_cursor cursor = { 0, 0 };
	struct span_view view;
	struct span *span;
	int result = 0;

	if (heap == NULL || callback == NULL)
		return -EINVAL;
	while (result == 0 && (span = mems__slices_next(&cursor)) != NULL)
		if (mems__span_view(span, heap, &view))
			result = heap_walk__walk_view(&view, callback, arg);
	return result;
}

/* -------------------------------------------------- lib/stats/heap_stats.c */

/* The counts of a heap, and as text and JSON: a line for each size class. */

/* What the first version of the struct had; it only grows. */
#define HEAP_STATS_LEAST sizeof(struct mems_heap_stats)

/* What a heap has of one class; in the last, of large blocks. */
struct stats_heap_stats__share {
	uint64_t spans, blocks, used, held;
};

struct stats_heap_stats__census {
	struct mems_heap_stats stats;
	struct stats_heap_stats__share shares[CLASSES + 1];
};

static void stats_heap_stats__count_cache(struct cache *cache, void *arg)
{
	uint64_t *caches = arg;

	/* One without a thread waits for the next. */
	if (__atomic_load_n(&cache->thread, __ATOMIC_RELAXED) != NULL)
		++*caches;
}

static void stats_heap_stats__count_span(struct stats_heap_stats__census *census, const struct span_view *view)
{
	struct mems_heap_stats *stats = &census->stats;
	struct stats_heap_stats__share *share = &census->shares[view->class];
	uint64_t used = view->blocks * (uint64_t)view->size;

	if (view->class == CLASSES) {
		stats->large_blocks++;
		stats->large_used += used;
	}
	share->spans++;
	share->blocks += view->blocks;
	share->used += used;
	share->held += view->held;
	stats->runs++;
	stats->blocks += view->blocks;
	stats->used += used;
}

static int stats_heap_stats__take_census(mems_heap *handle, struct stats_heap_stats__census *census)
{
	struct heap *heap = mems__heap_of(handle);
	struct mems_heap_stats *stats = &census->stats;
	struct slices_stats slices;
	struct slices_cursor cursor = { 0, 0 };
	struct span_view view;
	struct span *span;

	if (heap == NULL)
		return -EINVAL;
	memset(census, 0, sizeof(*census));
	stats->size = sizeof(*stats);
	mems__lock_take(&heap->lock);
	stats->soft_limit = heap->soft_limit;
	stats->hard_limit = heap->hard_limit;
	mems__lock_drop(&heap->lock);
	stats->held = __atomic_load_n(&heap->held, __ATOMIC_RELAXED);
	stats->held_peak = __atomic_load_n(&heap->held_peak,
					   __ATOMIC_RELAXED);
	mems__slices_stats(&slices);
	stats->waiting = slices.dirty;
	stats->returned = slices.returned;
	stats->reserved = slices.reserved;
	mems__caches_visit(heap, stats_heap_stats__count_cache, &stats->caches);
	while ((span = mems__slices_next(&cursor)) != NULL)
		if (mems__span_view(span, heap, &view))
			stats_heap_stats__count_span(census, &view);
	return 0;
}

int mems_heap_stats(mems_heap *heap, struct mems_heap_stats *stats)
{
	struct stats_heap_stats__census census;
	size_t size;
	int error;

	if (stats == NULL || stats->size < HEAP_STATS_LEAST)
		return -EINVAL;
	error = stats_heap_stats__take_census(heap, &census);
	if (error != 0)
		return error;
	size = stats->size;
	memcpy(stats, &census.stats, mems__min(size, sizeof(census.stats)));
	stats->size = size;
	return 0;
}

int mems_heap_print(mems_heap *heap, mems_write_fn *write, void *arg)
{
	struct stats_heap_stats__census census;
	const struct mems_heap_stats *stats = &census.stats;
	struct text text;
	int error;

	if (write == NULL)
		return -EINVAL;
	error = stats_heap_stats__take_census(heap, &census);
	if (error != 0)
		return error;
	mems__text_begin(&text, write, arg);
	mems__text_fill(&text,
			"Held: $ in $ runs, at most $\n"
			"Used: $ in $ blocks\n"
			"Waiting: $\n"
			"Returned: $\n",
			(uint64_t[]){ stats->held, stats->runs,
				      stats->held_peak, stats->used,
				      stats->blocks, stats->waiting,
				      stats->returned });
	for (unsigned i = 0; i <= CLASSES; i++) {
		const struct stats_heap_stats__share *share = &census.shares[i];

		if (share->spans == 0)
			continue;
		if (i < CLASSES)
			mems__text_fill(&text, "  $: ", (uint64_t[]){
					mems__classes[i].size });
		else
			mems__text_string(&text, "  large: ");
		mems__text_fill(&text, "$ blocks, $ bytes of $\n",
				(uint64_t[]){ share->blocks, share->used,
					      share->held });
	}
	return mems__text_end(&text);
}

int mems_heap_json(mems_heap *heap, mems_write_fn *write, void *arg)
{
	struct stats_heap_stats__census census;
	const struct mems_heap_stats *stats = &census.stats;
	const char *between = "\n";
	struct text text;
	int error;

	if (write == NULL)
		return -EINVAL;
	error = stats_heap_stats__take_census(heap, &census);
	if (error != 0)
		return error;
	mems__text_begin(&text, write, arg);
	mems__text_fill(&text,
			"{\"heap\": {\"held\": $, \"held_peak\": $, "
			"\"used\": $, \"blocks\": $, \"runs\": $, "
			"\"large_blocks\": $, \"large_used\": $, "
			"\"caches\": $, \"soft_limit\": $, "
			"\"hard_limit\": $, \"waiting\": $, "
			"\"returned\": $, \"reserved\": $},\n\"classes\": [",
			(uint64_t[]){ stats->held, stats->held_peak,
				      stats->used, stats->blocks, stats->runs,
				      stats->large_blocks, stats->large_used,
				      stats->caches, stats->soft_limit,
				      stats->hard_limit, stats->waiting,
				      stats->returned, stats->reserved });
	for (unsigned i = 0; i < CLASSES; i++) {
		const struct stats_heap_stats__share *share = &census.shares[i];

		if (share->spans == 0)
			continue;
		mems__text_string(&text, between);
		between = ",\n";
		mems__text_fill(&text, "{\"size\": $, \"blocks\": $, "
				"\"used\": $, \"held\": $}",
				(uint64_t[]){ mems__classes[i].size,
					      share->blocks, share->used,
					      share->held });
	}
	mems__text_string(&text, "]}\n");
	return mems__text_end(&text);
}

#undef HEAP_STATS_LEAST

/* ------------------------------------------------------- lib/stats/trace.h */

/* What tracing found, as text. */
#ifndef MEMS_STATS_TRACE_H
#define MEMS_STATS_TRACE_H

/* The places that are named, those with most bytes first. */
#define MEMS_LEAKS_MOST 40

int mems__leaks_print(mems_write_fn *write, void *arg);

/* All but the list of what is mapped where, which ends such a profile. */
int mems__profile_print(mems_write_fn *write, void *arg);

#endif

/* ------------------------------------------------------- lib/stats/trace.c */

/*
 * What tracing found: the blocks that are live, by the stacks that allocated
 * them, for people; and the same for pprof, in the text form of its legacy
 * heap profiles.
 */

struct stats_trace__totals {
	uint64_t live, live_bytes, allocations, bytes;
};

static struct stats_trace__totals stats_trace__add_up(void)
{
	struct stats_trace__totals totals = { 0, 0, 0, 0 };
	struct tally tally = { 0 };

	for (size_t i = 0; mems__book_tally(&mems__trace_book, i, &tally);
	     i++) {
		totals.live += tally.allocations - tally.frees;
		totals.live_bytes += tally.bytes - tally.freed_bytes;
		totals.allocations += tally.allocations;
		totals.bytes += tally.bytes;
	}
	return totals;
}

/* ------------------------------------------------------------------- leaks */

/* The tally with most live bytes among those with less than `below`, or the
   next with as many; false: there is no more. */
static bool stats_trace__next_largest(uint64_t below, size_t after, struct tally *largest,
			 size_t *number)
{
	struct tally tally;
	bool found = false;

	for (size_t i = 0; mems__book_tally(&mems__trace_book, i, &tally);
	     i++) {
		uint64_t live = tally.bytes - tally.freed_bytes;

		if (tally.allocations == tally.frees || live > below ||
		    (live == below && i <= after))
			continue;
		if (found && live <= largest->bytes - largest->freed_bytes)
			continue;
		*largest = tally;
		*number = i;
		found = true;
	}
	return found;
}

static void stats_trace__print_frame(struct text *text, uintptr_t frame)
{
	struct symbol symbol = mems__symbol_at(frame);

	mems__text_string(text, "    ");
	mems__text_hex(text, frame);
	if (symbol.name != NULL) {
		mems__text_string(text, " ");
		mems__text_string(text, symbol.name);
		mems__text_string(text, "+");
		mems__text_hex(text, frame - symbol.start);
	}
	if (symbol.file != NULL) {
		mems__text_string(text, " (");
		mems__text_string(text, symbol.file);
		mems__text_string(text, "+");
		mems__text_hex(text, frame - symbol.file_start);
		mems__text_string(text, ")");
	}
	mems__text_string(text, "\n");
}

int mems__leaks_print(mems_write_fn *write, void *arg)
{
	struct stats_trace__totals totals = stats_trace__add_up();
	uint64_t below = UINT64_MAX;
	size_t after = 0;
	struct tally tally = { 0 };
	struct text text;

	mems__text_begin(&text, write, arg);
	mems__text_fill(&text, "$ bytes in $ blocks were not freed\n",
			(uint64_t[]){ totals.live_bytes, totals.live });
	for (int i = 0; i < MEMS_LEAKS_MOST; i++) {
		if (!stats_trace__next_largest(below, after, &tally, &after))
			break;
		below = tally.bytes - tally.freed_bytes;
		mems__text_fill(&text, "  $ bytes in $ blocks",
				(uint64_t[]){ below, tally.allocations -
						     tally.frees });
		mems__text_string(&text, tally.words > 0 ? ", allocated at\n" :
							   "\n");
		for (uint32_t j = 0; j < tally.words; j++)
			stats_trace__print_frame(&text, tally.place[j]);
	}
	if (mems__trace_book.full)
		mems__text_string(&text, "  and some that there was no memory "
				  "to write down\n");
	return mems__text_end(&text);
}

/* ----------------------------------------------------------------- profile */

static void stats_trace__print_counts(struct text *text, const struct stats_trace__totals *totals)
{
	mems__text_fill(text, "$: $ [$: $] @",
			(uint64_t[]){ totals->live, totals->live_bytes,
				      totals->allocations, totals->bytes });
}

int mems__profile_print(mems_write_fn *write, void *arg)
{
	struct stats_trace__totals totals = stats_trace__add_up();
	struct tally tally = { 0 };
	struct text text;

	mems__text_begin(&text, write, arg);
	mems__text_string(&text, "heap profile: ");
	stats_trace__print_counts(&text, &totals);
	mems__text_fill(&text, " heap_v2/$\n",
			(uint64_t[]){ mems__trace_period });
	for (size_t i = 0; mems__book_tally(&mems__trace_book, i, &tally);
	     i++) {
		const struct stats_trace__totals counts = {
			tally.allocations - tally.frees,
			tally.bytes - tally.freed_bytes,
			tally.allocations, tally.bytes,
		};

		stats_trace__print_counts(&text, &counts);
		for (uint32_t j = 0; j < tally.words; j++) {
			mems__text_string(&text, " ");
			mems__text_hex(&text, tally.place[j]);
		}
		mems__text_string(&text, "\n");
	}
	mems__text_string(&text, "\nMAPPED_LIBRARIES:\n");
	return mems__text_end(&text);
}

/* ------------------------------------------------------- lib/slab/source.h */

/*
 * Where arenas and slabs take their memory: a space, or a heap. Either way a
 * place has a unit, counted in 16 bytes from the source's origin; of a heap,
 * 64 GiB around the first memory taken can be told so.
 */
#ifndef MEMS_SLAB_SOURCE_H
#define MEMS_SLAB_SOURCE_H

struct source {
	mems_space *space;	/* NULL: the heap */
	mems_heap *heap;
	uintptr_t origin;	/* of unit 0; a heap's is set by the first
				   memory taken */
	bool aligned;		/* the space's granule is a unit or more */
};

/* Both NULL: the default heap. False, with errno EINVAL: one was destroyed. */
bool mems__source_begin(struct source *source, mems_space *space,
			mems_heap *heap);

/* False after a fork that left out the memory of its space. */
bool mems__source_came_along(const struct source *source);

/* How many bytes from the origin on can be told. */
uint64_t mems__source_reach(const struct source *source);

/* Memory at a multiple of `alignment`, which is 16 at least. NULL with errno:
   there is none. */
void *mems__source_take(struct source *source, size_t size, size_t alignment);

/* Give it back. False: it is none, which a space tells. */
bool mems__source_give(const struct source *source, void *memory);

static inline uint32_t mems__unit_of(const struct source *source,
				     const void *memory)
{
	return (uint32_t)(((uintptr_t)memory - source->origin) >>
			  MEMS_UNIT_SHIFT);
}

static inline void *mems__at_unit(const struct source *source, uint32_t unit)
{
	return (void *)(source->origin +
			((uintptr_t)unit << MEMS_UNIT_SHIFT));
}

/* The slice with this byte, or NULL: nobody ever used it, and there may be no
   struct for it. */
static inline const struct span *mems__used_slice(const void *memory)
{
	unsigned count = __atomic_load_n(&mems__range_count, __ATOMIC_ACQUIRE);

	for (unsigned i = 0; i < count; i++) {
		const struct range *range = &mems__ranges[i];
		uintptr_t offset = (uintptr_t)memory - (uintptr_t)range->base;

		if (offset < range->size)
			return offset >> SLICE_SHIFT <
			       __atomic_load_n(&range->extent,
					       __ATOMIC_ACQUIRE) ?
			       &range->spans[offset >> SLICE_SHIFT] : NULL;
	}
	return NULL;
}

/* Is the memory in a heap, with `size` bytes from there on? */
static inline bool mems__heap_has(const void *memory, size_t size)
{
	const struct span *span = mems__used_slice(memory);
	uint8_t kind;

	if (span == NULL)
		return false;
	kind = __atomic_load_n(&span->kind, __ATOMIC_RELAXED);
	if (kind == SPAN_INSIDE) {
		span -= span->slices;
		kind = __atomic_load_n(&span->kind, __ATOMIC_RELAXED);
	}
	return kind != SPAN_NONE && kind != SPAN_INSIDE &&
	       size <= ((size_t)span->slices << SLICE_SHIFT) -
		       (size_t)((const char *)memory - span->memory);
}

/* May these bytes be read, whoever wrote the pointer? */
static inline bool mems__source_has(const struct source *source,
				    const void *memory, size_t size)
{
	size_t offset = (uintptr_t)memory - source->origin, limit;

	if (source->space == NULL)
		return mems__heap_has(memory, size);
	limit = MEMS_LOAD_WORD(source->space->limit);
	return offset < limit && size <= limit - offset;
}

#endif

/* -------------------------------------------------------- lib/slab/store.h */

/*
 * A store: slabs of one size class or of many, and large blocks. Slab caches,
 * depots and intermediate arenas are faces of it.
 *
 * What is true lies in the words of <mems/layout.h>; here is how this process
 * sees them. Each slab belongs to a magazine. A magazine's owner takes and
 * frees its slots without a lock; the store's first magazine, the common one,
 * belongs to whoever holds the store's lock, and has what was given up by
 * owners that went. Who frees a slot of another owner's slab notes it, under
 * the lock, in the slab's second set of bits and puts the slab into the inbox
 * of its magazine; the owner looks there when it has no slot left.
 *
 * Numbers read from the words are looked at before they are used: a slab is one
 * if the table says so, and its shape is told by its class alone.
 */
#ifndef MEMS_SLAB_STORE_H
#define MEMS_SLAB_STORE_H

/* Slots of a class that an owner has at hand: two lines with the rest. */
#define HELD_MOST 12

/*
 * What slabs of one class look like; never read from the region. A slot's size
 * is `odd` times a power of two, and `inverse` times `odd` is 1 in 32 bits: so a
 * multiplication and a rotation divide, and what is no multiple of the size
 * comes out as more than any slot's number.
 */
struct shape {
	uint32_t size;		/* from slot to slot */
	uint32_t inverse;
	uint32_t twos;		/* the power of two */
	uint32_t first, slots, words;
	uint32_t bytes;		/* of all slots */
	uint32_t unused;	/* so that an index is a shift */
};

/*
 * Who has a magazine, and in which thread; what users hold of a cache or depot
 * is one. Which slab is the current one of a class is also told by the
 * magazine's words, for other languages; C does not read it from there.
 */
struct owner {
	uint32_t kind;		/* an enum owner_kind; 0: its store has ended */
	uint32_t unit;		/* of its words */
	const void *thread;	/* NULL: none, each call takes the lock */
	struct store *store;
	size_t most;		/* slots to have at hand: HELD_MOST, or 0 while
				   others read or write its words */
	/* A slab of its own, in which it freed a slot before. */
	struct recent {
		char *first;		/* slot 0 */
		const struct shape *shape;	/* with no bytes: of none */
		struct mems_slab_words *slab;
		struct held *held;
	} recent;
	struct mems_magazine_words *words;
	struct owner *next, *previous;	/* of the store; under its lock */
	/*
	 * Slots of each class that can be had next. By their bits they are in
	 * use: so a pair of calls writes to no slab. Who looks at blocks takes
	 * them for free ones (held.c).
	 */
	struct held {
		_Alignas(64) size_t count;
		uint64_t marks;		/* a bit of its own for each */
		void *slots[HELD_MOST];
		uint8_t mark[HELD_MOST];	/* which bit */
	} held[MEMS_SMALL_CLASSES];
	struct mems_slab_words *current[MEMS_SMALL_CLASSES];
};

/* For words that one thread at a time writes, while others read them: bits of
   slots, and whose a slab or an owner is. */
#define WORD_LOAD(word) __atomic_load_n(&(word), __ATOMIC_RELAXED)
#define WORD_STORE(word, value)                                               \
	__atomic_store_n(&(word), value, __ATOMIC_RELAXED)

enum owner_kind {
	OWNER_SLAB = 0x42414c53,
	OWNER_DEPOT = 0x54504544,
	OWNER_COMMON = 0x4d4d4f43	/* not held by users */
};

/* Most tables, each twice the last. */
#define TABLES_MOST 24

/* Most pages of tags. */
#define TAGS_PAGES 4096

struct store {
	/* What a free looks at. */
	uint32_t shift;			/* of a slab's size, */
	uint32_t colors;		/* see <mems/layout.h> */
	uintptr_t mask;			/* 1 less than it */
	uintptr_t first_place;		/* where a slab may be */
	const struct shape *shapes;	/* of each class */
	uint8_t *tags;			/* for each place the class + 1 of the
					   slab there, */
	size_t tags_count;		/* if there are any; atomic */

	uint32_t alive;			/* STORE_ALIVE until its end */
	struct lock lock;
	struct source source;
	struct mems_store_words *words;
	struct mems_table_entry *table;	/* atomic, as the next: another one when
					   it grows */
	uint32_t room;			/* entries of the table */
	uint32_t tables_count;
	void *tables[TABLES_MOST];	/* it and those that it outgrew */
	uint32_t count, unused;		/* the first that was never used, and
					   one that is not any more */
	uint32_t classes;
	bool capped, watched;		/* by a memory checker: with either no
					   owner has a thread */
	uint64_t cap, used;		/* capped: bytes in blocks */
	uint64_t slabs, large, large_bytes;	/* under the lock */
	size_t tags_bytes, tags_page;
	uint64_t tags_usable[TAGS_PAGES / 64];	/* bits: pages */
	bool tags_tried, lasting;
	struct mems_slab_words *spare;	/* an empty slab, kept by a reset */
	struct owner common;		/* of whoever holds the lock */
	struct owner *owners;		/* the others; under the lock */
	uint32_t handles;		/* under that of all stores, as next */
	struct store *next, *previous;
	mems_slab_construct_fn *construct;
	mems_slab_destruct_fn *destruct;
	void *arg;
	struct shape shape;		/* of a cache's only one */
};

#define STORE_ALIVE 0x524f5453u

static inline void mems__mark_clear(struct held *held, uint32_t mark)
{
	held->marks &= ~((uint64_t)1 << mark % 64);
}

/* One of those at hand, if there are any. */
static inline void *mems__held_take(struct held *held)
{
	size_t count = held->count - 1;

	WORD_STORE(held->count, count);
	mems__mark_clear(held, held->mark[count]);
	return held->slots[count];
}

/*
 * Have this one at hand, for which there is room; `number` is its own in its
 * slab. False: it is at hand already, or one is that looks like it. To look at
 * the marks is quicker than to look at all.
 */
static inline bool mems__held_give(struct held *held, void *slot,
				   uint32_t number)
{
	uint64_t mark = (uint64_t)1 << number % 64;
	size_t count = held->count;

	if ((held->marks & mark) != 0)
		return false;
	held->marks |= mark;
	held->mark[count] = (uint8_t)number;
	WORD_STORE(held->slots[count], slot);
	WORD_STORE(held->count, count + 1);
	return true;
}

/* The thread of an owner whose callers see to it that there is one at a time:
   the common one, of a store that no other thread uses. */
extern const char mems__any_thread;

/* No byte is in a slab of it. */
extern const struct shape mems__no_shape;

static inline bool mems__owner_is_here(const struct owner *owner)
{
	const void *thread = WORD_LOAD(owner->thread);

	return thread == mems__thread_self() || thread == &mems__any_thread;
}

/* Fronts of slabs in caches and depots lie in so many ways, less 1. */
#define SLAB_COLORS 15

struct place;

struct store_plan {
	struct source source;
	size_t size, alignment;	/* of a cache's slots; size 0: all classes */
	unsigned shift;		/* of slabs with all classes */
	uint64_t cap;
	uint32_t colors;	/* of slabs, less 1; see <mems/layout.h> */
	bool lasting;		/* speed matters more than a quick end */
	mems_slab_construct_fn *construct;
	mems_slab_destruct_fn *destruct;
	void *arg;
};

/* Of what users hold of stores; see handle.c. */
extern struct lock mems__handles_lock;

/* Set up the hooks for fork, if they are not; see mems__heaps_start(). */
bool mems__stores_start(void);

/* store.c: NULL with errno: there is no memory, or the plan is wrong. */
struct store *mems__store_create(struct store_plan *plan);
/* The one whose words lie there, for one more handle; NULL with errno. */
struct store *mems__store_find(mems_space *space, mems_va va);
/* One more handle; one less, and with the last the store ends. */
void mems__store_hold(struct store *store);
uint32_t mems__store_handles(const struct store *store);
void mems__store_drop(struct store *store);
/* End all blocks and give all memory back. */
void mems__store_end(struct store *store);
/* End all blocks; a slab is kept for the next ones. */
void mems__store_reset(struct store *store);

/* owner.c: only this thread, or any one, is going to use it. */
void mems__owner_settle(struct owner *owner, const void *thread);
/* One with a magazine for this thread; false: no memory. */
bool mems__owner_begin(struct owner *owner, struct store *store,
		       enum owner_kind kind);
/* Give it up: what it has is the store's. */
void mems__owner_end(struct owner *owner);

/* take.c: a slot, wherever it comes from; fast.h has what it mostly takes. NULL
   with errno. */
void *mems__take_any(struct owner *owner, unsigned class);

/* give.c: the same for what may be a slot of a slab that the owner has, and for
   any block: free it, or give -EINVAL. */
int mems__give_own(struct owner *owner, void *block);
int mems__give_any(struct owner *owner, void *block);
/* By tag, or any; the slab is the recent one. */
int mems__give_far(struct owner *owner, void *block);
/* Give memory of empty slabs back; how many bytes. */
uint64_t mems__store_shrink(struct owner *owner);

/*
 * magazine.c: what is done with the slabs of one owner, by it, or under the
 * lock with those of the common one.
 */
void mems__owner_clear(struct owner *owner);
/* The slab with this unit, or NULL: none, or none of the store. */
struct mems_slab_words *mems__slab_find(const struct store *store,
					uint32_t unit);
void mems__partial_add(const struct owner *owner,
		       struct mems_slab_words *slab);
void mems__partial_remove(const struct owner *owner,
			  struct mems_slab_words *slab);
/* Make it the slab that slots come from; NULL: there is none. */
void mems__current_set(struct owner *owner, unsigned class,
		       struct mems_slab_words *slab);
/* Under the lock: what others freed can be had again. */
void mems__owner_collect(const struct owner *owner);
/* Is no slot of this slab of the owner's in use? */
bool mems__slab_is_empty(const struct owner *owner, const struct shape *shape,
			 struct mems_slab_words *slab);
/* Under the lock: all its slabs become those of the common one. */
void mems__owner_empty(struct owner *owner);

/* slab.c: a new slab, constructed, in no list and no table; NULL with errno. */
struct mems_slab_words *mems__slab_make(struct store *store, unsigned class);
/* All slots free, whatever they were. */
void mems__slab_clear(const struct store *store, struct mems_slab_words *slab,
		      unsigned class);
/* Tell a memory checker that slots may be touched, or not. What a constructor
   made stays. */
void mems__slab_watch(const struct store *store, void *slots, size_t size,
		      bool allowed);
/* It is in no list and no table any more; without the lock. */
void mems__slab_end(struct store *store, struct mems_slab_words *slab);
/* False: too few slots would fit. */
bool mems__shape_set(struct shape *shape, unsigned shift, uint32_t colors,
		     size_t size, size_t alignment);

/* table.c: see to room for one more, without the lock; false with errno. */
bool mems__table_reserve(struct store *store);
/* The others under the lock. False: there is no room any more. */
bool mems__table_add(struct store *store, const void *words,
		     uint32_t *number);
void mems__table_remove(struct store *store, uint32_t number);
void mems__table_clear(struct store *store);
void mems__table_end(struct store *store);

/* tags.c: see to it that this slab, which is not yet in the table, can have a
   tag; without the lock. False with errno. */
bool mems__tags_reserve(struct store *store, const void *slab);
/* Under the lock: its class + 1, or 0: it is no slab any more. */
void mems__tag_set(struct store *store, const void *slab, uint32_t tag);
void mems__tags_end(struct store *store);

/* large.c: blocks that are no slots; they take the lock. */
void *mems__large_make(struct store *store, size_t size, size_t alignment);
/* The front of a large block, or NULL: it is none. */
struct mems_large_words *mems__large_at(const struct store *store,
					const void *block);
uint64_t mems__large_size(const struct mems_large_words *large);
int mems__large_free(struct store *store, void *block);
/* It is in no table any more. */
void mems__large_end(const struct store *store,
		     struct mems_large_words *large);

/*
 * held.c: is this slot, by its bit in use, at hand of the slab's owner? Under
 * the lock, or in the thread of that owner.
 */
bool mems__is_held(const struct store *store, const struct place *place);
/* Clear the bits of slots of a slab that are at hand. Under the lock. */
void mems__held_clear(const struct store *store,
		      struct mems_slab_words *slab, uint32_t *live);
/*
 * Does another owner than this one take slots of the slab, or have some at hand?
 * None does, unless words were written to; such a slab stays. Under the lock.
 */
bool mems__is_anothers(const struct owner *owner,
		       const struct mems_slab_words *slab);
/* It has no slot of this slab at hand any more. */
void mems__held_forget(struct owner *owner,
		       const struct mems_slab_words *slab);
/* All that it has at hand is free by its bits; its thread, or under the lock
   when that is gone. */
void mems__held_drop(struct owner *owner);
/* Others are going to use its words. In its thread. */
void mems__held_none(struct owner *owner);

/* look.c */
/* What a block of `size` bytes may use. */
uint64_t mems__store_room(uint64_t size);
/* What this one may use; 0: no block in use begins there. */
size_t mems__store_size(struct store *store, const void *block);
typedef int store_visit_fn(void *block, size_t size, void *arg);
int mems__store_walk(struct store *store, store_visit_fn *visit, void *arg);
const char *mems__store_check(struct store *store);

static inline struct mems_slab_words *mems__slab_at(const struct store *store,
						    uint32_t unit)
{
	return mems__at_unit(&store->source, unit);
}

/* Does the table say that these words are what they say? If they are none, they
   may be another thread's block, which it writes to. */
MEMS_UNWATCHED
static inline bool mems__table_has(const struct store *store,
				   const void *words, uint32_t kind,
				   uint32_t number)
{
	/* In this order: no table has less room than an earlier one. */
	uint32_t room = __atomic_load_n(&store->room, __ATOMIC_ACQUIRE);
	const struct mems_table_entry *table =
		__atomic_load_n(&store->table, __ATOMIC_ACQUIRE);
	const uint32_t *first = words;

	return WORD_LOAD(*first) == kind && number > 0 && number < room &&
	       __atomic_load_n(&table[number].unit, __ATOMIC_RELAXED) ==
	       mems__unit_of(&store->source, words);
}

/* In which place for a slab is a byte? */
static inline size_t mems__place_number(const struct store *store,
					const void *memory)
{
	return ((uintptr_t)memory >> store->shift) - store->first_place;
}

/* The start of a slab, by its front or a byte behind. */
static inline char *mems__slab_start(const struct store *store,
				     const void *memory)
{
	return (char *)((uintptr_t)memory & ~store->mask);
}

/* The front of the slab in which a byte is, in the place of this number. */
static inline struct mems_slab_words *mems__front(const struct store *store,
						  const void *memory,
						  size_t number)
{
	/* As a number: any pointer is asked about, and this may be one to
	   nothing. */
	return (void *)(((uintptr_t)memory & ~store->mask) +
			(number & store->colors) *
			sizeof(struct mems_slab_words));
}

/* The front of the slab in which a byte would be, if there were one. */
static inline struct mems_slab_words *mems__slab_around(
	const struct store *store, const void *memory)
{
	return mems__front(store, memory, mems__place_number(store, memory));
}

/* False: what is there is surely no slab, and may be what another thread is
   writing to. */
static inline bool mems__has_tag(const struct store *store, const void *memory)
{
	size_t number = mems__place_number(store, memory);
	size_t count = __atomic_load_n(&store->tags_count, __ATOMIC_ACQUIRE);

	return count == 0 ||
	       (number < count && WORD_LOAD(store->tags[number]) != 0);
}

/* The front of a slab of this store is at the pointer. */
MEMS_UNWATCHED
static inline bool mems__is_slab(const struct store *store,
				 const struct mems_slab_words *slab)
{
	return slab == mems__slab_around(store, slab) &&
	       mems__source_has(&store->source, mems__slab_start(store, slab),
				(size_t)1 << store->shift) &&
	       mems__has_tag(store, slab) &&
	       (!store->watched || mems__watch_holds(slab, sizeof(*slab))) &&
	       mems__table_has(store, slab, MEMS_WORDS_SLAB,
			       WORD_LOAD(slab->number)) &&
	       WORD_LOAD(slab->size_class) < store->classes;
}

/* Which slot, in use or not, begins at a block? */
struct place {
	struct mems_slab_words *slab;	/* NULL: it is in no slab */
	const struct shape *shape;
	uint32_t slot;			/* shape->slots: none begins there */
};

/* The number of the slot at so many bytes behind the first, or a number that no
   slot has. */
static inline uint32_t mems__slot_number(const struct shape *shape,
					 uint32_t offset)
{
	uint32_t times = offset * shape->inverse;

	return times >> shape->twos | times << (-shape->twos & 31);
}

/* The slot of a slab, which is one. */
static inline struct place mems__place_in(const struct store *store,
					  struct mems_slab_words *slab,
					  unsigned class, const void *block)
{
	const struct shape *shape = &store->shapes[class];
	uint32_t slot = mems__slot_number(shape,
			(uint32_t)((uintptr_t)block & store->mask) -
			shape->first);

	return (struct place){ slab, shape, slot < shape->slots ? slot :
					    shape->slots };
}

static inline struct place mems__place_of(const struct store *store,
					  const void *block)
{
	struct mems_slab_words *slab = mems__slab_around(store, block);

	if (!mems__is_slab(store, slab))
		return (struct place){ NULL, NULL, 0 };
	return mems__place_in(store, slab, slab->size_class, block);
}

static inline uint32_t mems__bit_of(const struct place *place)
{
	return (uint32_t)1 << place->slot % 32;
}

/* The word with the slot's bit. */
static inline uint32_t *mems__word_of(const struct place *place)
{
	return mems_slab_bits(place->slab) + place->slot / 32;
}

/* Is the slot free, as its owner or somebody else knows? */
static inline bool mems__is_free(const struct place *place)
{
	const uint32_t *word = mems__word_of(place);
	uint32_t bits = WORD_LOAD(*word);

	if (unlikely(WORD_LOAD(place->slab->told) != 0))
		bits |= WORD_LOAD(word[place->shape->words]);
	return (bits >> place->slot % 32 & 1) != 0;
}

/* It is, from now on. */
static inline void mems__give_slot(const struct place *place)
{
	uint32_t *word = mems__word_of(place);

	WORD_STORE(*word, *word | mems__bit_of(place));
	place->slab->used--;
}

static inline void *mems__slot_at(const struct store *store,
				  const struct shape *shape,
				  const struct mems_slab_words *slab,
				  uint32_t slot)
{
	return mems__slab_start(store, slab) + shape->first +
	       (size_t)slot * shape->size;
}

#endif

/* --------------------------------------------------------- lib/slab/fast.h */

/* What programs do most with a store: a slot at hand is taken, or becomes one. */
#ifndef MEMS_SLAB_FAST_H
#define MEMS_SLAB_FAST_H

/* The address once and for all: compilers like to work it out in parts, each
   time anew. */
static ALWAYS_INLINE struct held *mems__held_of(struct owner *owner,
						unsigned class)
{
	struct held *held = &owner->held[class];

	__asm__("" : "+r"(held));
	return held;
}

/* A slot of this class. NULL with errno. */
static ALWAYS_INLINE void *mems__store_take(struct owner *owner,
					    unsigned class)
{
	struct held *held = mems__held_of(owner, class);

	if (likely(WORD_LOAD(owner->thread) == mems__thread_self() &&
		   held->count > 0))
		return mems__held_take(held);
	return mems__take_any(owner, class);
}

/* A block of `size` bytes. NULL with errno. */
static ALWAYS_INLINE void *mems__store_alloc(struct owner *owner, size_t size)
{
	if (likely(size - 1 < MEMS_SMALL_MOST))
		return mems__store_take(owner, mems__class_of(size));
	if (size == 0) {
		errno = EINVAL;
		return NULL;
	}
	return mems__large_make(owner->store, size, 16);
}

/* It becomes one that is at hand, if it is a slot in use and there is room. */
static ALWAYS_INLINE bool mems__keep(const struct owner *owner,
				     struct held *held,
				     const struct place *place, void *block)
{
	return likely(place->slot < place->shape->slots &&
		      held->count < owner->most && !mems__is_free(place) &&
		      mems__held_give(held, block, place->slot));
}

/* Is there, by its tag, a slab of this owner's? */
static ALWAYS_INLINE bool mems__has_own(const struct owner *owner,
					const void *block,
					struct mems_slab_words **slab,
					unsigned *class)
{
	const struct store *store = owner->store;
	size_t number = mems__place_number(store, block);

	if (unlikely(WORD_LOAD(owner->thread) != mems__thread_self() ||
		     number >= __atomic_load_n(&store->tags_count,
					       __ATOMIC_ACQUIRE)))
		return false;
	/* Wraps round if there is none. */
	*class = WORD_LOAD(store->tags[number]) - 1u;
	*slab = mems__front(store, block, number);
	return likely(*class < MEMS_SMALL_CLASSES &&
		      WORD_LOAD((*slab)->magazine) == owner->unit);
}

/* What may be a slot of such a slab. */
static ALWAYS_INLINE int mems__give_in(struct owner *owner,
				       struct mems_slab_words *slab,
				       unsigned class, void *block)
{
	const struct store *store = owner->store;
	struct place place = { .slab = slab, .shape = &store->shapes[class] };

	place.slot = mems__slot_number(place.shape,
		(uint32_t)((uintptr_t)block & store->mask) -
		place.shape->first);
	if (mems__keep(owner, mems__held_of(owner, class), &place, block))
		return 0;
	return mems__give_own(owner, block);
}

/* Free a block, or give -EINVAL. */
static ALWAYS_INLINE int mems__store_free(struct owner *owner, void *block)
{
	struct mems_slab_words *slab;
	unsigned class;

	if (mems__has_own(owner, block, &slab, &class))
		return mems__give_in(owner, slab, class, block);
	return mems__give_any(owner, block);
}

/* The same, where the next block is likely to be in the last one's slab. */
static ALWAYS_INLINE int mems__store_free_near(struct owner *owner,
					       void *block)
{
	const struct recent *recent = &owner->recent;
	size_t offset = (size_t)((char *)block - recent->first);
	struct place place;

	if (WORD_LOAD(owner->thread) != mems__thread_self() ||
	    offset >= recent->shape->bytes)
		return mems__give_far(owner, block);
	place.slab = recent->slab;
	place.shape = recent->shape;
	place.slot = mems__slot_number(place.shape, (uint32_t)offset);
	if (mems__keep(owner, recent->held, &place, block))
		return 0;
	return mems__give_far(owner, block);
}

#endif

/* ------------------------------------------------------- lib/slab/handle.h */

/* What users hold of a store: a cache or a depot, as one thread sees it. */
#ifndef MEMS_SLAB_HANDLE_H
#define MEMS_SLAB_HANDLE_H

/* The owner behind a pointer, or NULL with errno EINVAL. */
static inline struct owner *mems__handle_of(const void *pointer,
					    enum owner_kind kind)
{
	struct owner *owner = (struct owner *)(uintptr_t)pointer;

	if (__builtin_expect(owner != NULL && owner->kind == kind, 1))
		return owner;
	errno = EINVAL;
	return NULL;
}

/* A handle for this thread to a store that was held for it, or dropped again,
   with errno. NULL stays NULL. */
struct owner *mems__handle_make(struct store *store, enum owner_kind kind);
/* End it; with the last one, or if `all`, also the store. */
int mems__handle_end(const void *pointer, enum owner_kind kind, bool all);

/* What both faces have. */
struct owner *mems__handle_share(const void *pointer, enum owner_kind kind);
struct owner *mems__handle_attach(mems_space *space, mems_va va,
				   enum owner_kind kind);
int mems__handle_adopt(const void *pointer, enum owner_kind kind);
int mems__handle_shrink(const void *pointer, enum owner_kind kind,
			uint64_t *returned);
int mems__handle_walk(const void *pointer, enum owner_kind kind,
		      mems_slab_walk_fn *callback, void *arg);
int mems__handle_verify(const void *pointer, enum owner_kind kind,
			char *report, size_t length);
mems_va mems__handle_address(const void *pointer, enum owner_kind kind);
mems_va mems__handle_magazine(const void *pointer, enum owner_kind kind);

#endif

/* -------------------------------------------------------- lib/slab/cache.c */

/* Slab caches, as users see them. */

/* So much at the least is in a slab. */
#define SHIFT_LEAST 14

#define SLOT_MOST ((size_t)64 << 20)
#define ALIGNMENT_MOST 4096

/* What a slot of this size is aligned to if nobody says. */
static size_t slab_cache__natural_alignment(size_t size)
{
	size_t alignment = 16;

	while (size % alignment != 0 && size < 16)
		alignment /= 2;
	return alignment;
}

static bool slab_cache__plan_cache(const struct mems_slab_options *options,
		       struct store_plan *plan)
{
	size_t size, alignment;

	if (options == NULL || options->size != sizeof(*options) ||
	    options->slot_size == 0 || options->slot_size > SLOT_MOST ||
	    options->alignment > ALIGNMENT_MOST || options->flags != 0 ||
	    options->reserved != 0)
		return false;
	size = options->slot_size;
	alignment = options->alignment != 0 ? options->alignment :
		    slab_cache__natural_alignment(size);
	if (!mems__is_power_of_2(alignment))
		return false;
	size = (size_t)mems__round_up(size, alignment);
	if (options->cap > UINT64_MAX / size)
		return false;
	*plan = (struct store_plan){
		.size = size, .alignment = alignment, .shift = SHIFT_LEAST,
		.colors = SLAB_COLORS, .lasting = true,
		.cap = options->cap * size,
		.construct = options->construct,
		.destruct = options->destruct,
		.arg = options->arg,
	};
	return mems__source_begin(&plan->source, options->space,
				  options->heap);
}

mems_slab *mems_slab_create(const struct mems_slab_options *options)
{
	struct store_plan plan;

	if (!slab_cache__plan_cache(options, &plan)) {
		errno = EINVAL;
		return NULL;
	}
	return (mems_slab *)mems__handle_make(mems__store_create(&plan),
					      OWNER_SLAB);
}

int mems_slab_destroy(mems_slab *slab)
{
	return mems__handle_end(slab, OWNER_SLAB, true);
}

void *mems_slab_alloc(mems_slab *slab)
{
	struct owner *owner = mems__handle_of(slab, OWNER_SLAB);

	return unlikely(owner == NULL) ? NULL : mems__store_take(owner, 0);
}

int mems_slab_free(mems_slab *slab, void *slot)
{
	struct owner *owner = mems__handle_of(slab, OWNER_SLAB);

	return unlikely(owner == NULL) ? -EINVAL :
					 mems__store_free_near(owner, slot);
}

int mems_slab_contains(const mems_slab *slab, const void *slot)
{
	const struct owner *owner = mems__handle_of(slab, OWNER_SLAB);

	return owner == NULL ? -EINVAL :
				mems__store_size(owner->store, slot) > 0;
}

int mems_slab_walk(mems_slab *slab, mems_slab_walk_fn *callback, void *arg)
{
	return mems__handle_walk(slab, OWNER_SLAB, callback, arg);
}

int mems_slab_shrink(mems_slab *slab, uint64_t *returned)
{
	return mems__handle_shrink(slab, OWNER_SLAB, returned);
}

mems_slab *mems_slab_share(mems_slab *slab)
{
	return (mems_slab *)mems__handle_share(slab, OWNER_SLAB);
}

int mems_slab_detach(mems_slab *slab)
{
	return mems__handle_end(slab, OWNER_SLAB, false);
}

int mems_slab_adopt(mems_slab *slab)
{
	return mems__handle_adopt(slab, OWNER_SLAB);
}

mems_va mems_slab_address(const mems_slab *slab)
{
	return mems__handle_address(slab, OWNER_SLAB);
}

mems_va mems_slab_magazine(const mems_slab *slab)
{
	return mems__handle_magazine(slab, OWNER_SLAB);
}

mems_slab *mems_slab_attach(mems_space *space, mems_va va)
{
	return (mems_slab *)mems__handle_attach(space, va, OWNER_SLAB);
}

int mems_slab_verify(mems_slab *slab, char *report, size_t length)
{
	return mems__handle_verify(slab, OWNER_SLAB, report, length);
}

#undef SHIFT_LEAST
#undef SLOT_MOST
#undef ALIGNMENT_MOST

/* -------------------------------------------------------- lib/slab/depot.c */

/* Depots, as users see them: blocks of any size in a space. */

/* Slabs of 16 KiB: with 4 KiB there are too few slots of the larger classes,
   with 64 too much waits in classes of which a program has few blocks. */
#define SHIFT 14

mems_depot *mems_depot_create(mems_space *space)
{
	struct store_plan plan = { .shift = SHIFT, .colors = SLAB_COLORS,
				   .lasting = true };

	if (space == NULL || !mems__source_begin(&plan.source, space, NULL)) {
		errno = EINVAL;
		return NULL;
	}
	return (mems_depot *)mems__handle_make(mems__store_create(&plan),
					       OWNER_DEPOT);
}

int mems_depot_destroy(mems_depot *depot)
{
	return mems__handle_end(depot, OWNER_DEPOT, true);
}

void *mems_depot_alloc(mems_depot *depot, size_t size)
{
	struct owner *owner = mems__handle_of(depot, OWNER_DEPOT);

	if (unlikely(owner == NULL))
		return NULL;
	return mems__store_alloc(owner, size);
}

int mems_depot_free(mems_depot *depot, void *block)
{
	struct owner *owner = mems__handle_of(depot, OWNER_DEPOT);

	return unlikely(owner == NULL) ? -EINVAL :
					 mems__store_free(owner, block);
}

size_t mems_depot_usable_size(const mems_depot *depot, const void *block)
{
	const struct owner *owner = mems__handle_of(depot, OWNER_DEPOT);
	size_t size = 0;

	if (owner != NULL)
		size = mems__store_size(owner->store, block);
	if (size == 0)
		errno = EINVAL;
	return size;
}

int mems_depot_walk(mems_depot *depot, mems_slab_walk_fn *callback, void *arg)
{
	return mems__handle_walk(depot, OWNER_DEPOT, callback, arg);
}

int mems_depot_shrink(mems_depot *depot, uint64_t *returned)
{
	return mems__handle_shrink(depot, OWNER_DEPOT, returned);
}

mems_depot *mems_depot_share(mems_depot *depot)
{
	return (mems_depot *)mems__handle_share(depot, OWNER_DEPOT);
}

int mems_depot_detach(mems_depot *depot)
{
	return mems__handle_end(depot, OWNER_DEPOT, false);
}

int mems_depot_adopt(mems_depot *depot)
{
	return mems__handle_adopt(depot, OWNER_DEPOT);
}

mems_va mems_depot_address(const mems_depot *depot)
{
	return mems__handle_address(depot, OWNER_DEPOT);
}

mems_va mems_depot_magazine(const mems_depot *depot)
{
	return mems__handle_magazine(depot, OWNER_DEPOT);
}

mems_depot *mems_depot_attach(mems_space *space, mems_va va)
{
	return (mems_depot *)mems__handle_attach(space, va, OWNER_DEPOT);
}

int mems_depot_verify(mems_depot *depot, char *report, size_t length)
{
	return mems__handle_verify(depot, OWNER_DEPOT, report, length);
}

#undef SHIFT

/* --------------------------------------------------------- lib/slab/give.c */

/* Freeing a slot: into its magazine, or by a note to its owner. */

/* An empty slab is given up, unless it is all that can be had next. */
static inline bool slab_give__is_too_much(const struct owner *owner,
			       const struct shape *shape,
			       struct mems_slab_words *slab)
{
	return slab->place == MEMS_SLAB_PARTIAL &&
	       (slab->previous != MEMS_UNIT_NONE ||
		slab->next != MEMS_UNIT_NONE) &&
	       mems__slab_is_empty(owner, shape, slab);
}

/* Under the lock. */
static void slab_give__remove_slab(struct owner *owner, struct mems_slab_words *slab)
{
	struct store *store = owner->store;

	mems__tag_set(store, slab, 0);
	mems__held_forget(owner, slab);
	if (owner->recent.slab == slab) {
		owner->recent.shape = &mems__no_shape;
		WORD_STORE(owner->recent.slab, NULL);
	}
	mems__partial_remove(owner, slab);
	/* It is not in a list, unless its words were written to. */
	for (unsigned i = 0; i < store->classes; i++)
		if (owner->current[i] == slab)
			mems__current_set(owner, i, NULL);
	mems__table_remove(store, slab->number);
	store->slabs--;
}

/* Under the lock: the slab is another owner's. */
static void slab_give__tell_owner(const struct store *store, const struct place *place)
{
	struct mems_slab_words *slab = place->slab;
	uint32_t *freed = mems__word_of(place) + place->shape->words;
	struct mems_magazine_words *words;

	__atomic_store_n(freed, *freed | mems__bit_of(place), __ATOMIC_RELAXED);
	if (slab->told)
		return;
	words = mems__at_unit(&store->source, slab->magazine);
	if (!mems__source_has(&store->source, words, sizeof(*words)) ||
	    words->kind != MEMS_WORDS_MAGAZINE ||
	    words->store != store->common.words->store)
		return;
	WORD_STORE(slab->told, 1);
	slab->inbox = words->inbox;
	words->inbox = mems__unit_of(&store->source, slab);
}

static NOINLINE int slab_give__give_locked(struct owner *owner, const void *block)
{
	struct store *store = owner->store;
	struct mems_slab_words *slab;
	struct owner *its = NULL;
	struct place place;
	bool remove = false;

	mems__lock_take(&store->lock);
	/* Again: another thread may have freed it, and the slab with it. */
	place = mems__place_of(store, block);
	slab = place.slab;
	if (slab == NULL || place.slot == place.shape->slots ||
	    mems__is_free(&place) || mems__is_held(store, &place)) {
		mems__lock_drop(&store->lock);
		return -EINVAL;
	}
	if (slab->magazine == store->common.unit)
		its = &store->common;
	else if (mems__owner_is_here(owner) && slab->magazine == owner->unit)
		its = owner;
	if (its != NULL) {
		mems__give_slot(&place);
		if (slab->place == MEMS_SLAB_FULL)
			mems__partial_add(its, slab);
		remove = slab_give__is_too_much(its, place.shape, slab);
	} else {
		slab_give__tell_owner(store, &place);
	}
	remove = remove && !mems__is_anothers(its, slab);
	if (remove)
		slab_give__remove_slab(its, slab);
	if (store->capped)
		store->used -= place.shape->size;
	if (store->watched)
		mems__slab_watch(store, (void *)(uintptr_t)block,
				 place.shape->size, false);
	mems__lock_drop(&store->lock);
	if (remove)
		mems__slab_end(store, slab);
	return 0;
}

/* A slab that was full is so no more, or one of a list may be empty. */
static NOINLINE void slab_give__move_slab(struct owner *owner, const struct shape *shape,
			       struct mems_slab_words *slab)
{
	struct store *store = owner->store;
	bool remove;

	if (slab->place == MEMS_SLAB_FULL)
		mems__partial_add(owner, slab);
	if (!slab_give__is_too_much(owner, shape, slab))
		return;
	mems__lock_take(&store->lock);
	remove = mems__is_slab(store, slab) && !mems__is_anothers(owner, slab);
	if (remove)
		slab_give__remove_slab(owner, slab);
	mems__lock_drop(&store->lock);
	if (remove)
		mems__slab_end(store, slab);
}

static void slab_give__give_bit(struct owner *owner, const struct place *place)
{
	mems__give_slot(place);
	if (place->slab->place == MEMS_SLAB_FULL ||
	    (place->slab->place == MEMS_SLAB_PARTIAL &&
	     mems__slab_is_empty(owner, place->shape, place->slab)))
		slab_give__move_slab(owner, place->shape, place->slab);
}

/* Half of what is at hand goes back, what came first. */
static void slab_give__spill(struct owner *owner, unsigned class, struct held *held)
{
	struct store *store = owner->store;
	size_t half = held->count / 2, left = held->count - half;
	void *slots[HELD_MOST];

	memcpy(slots, held->slots, half * sizeof(*slots));
	for (size_t i = 0; i < half; i++)
		mems__mark_clear(held, held->mark[i]);
	for (size_t i = 0; i < left; i++) {
		WORD_STORE(held->slots[i], held->slots[i + half]);
		held->mark[i] = held->mark[i + half];
	}
	WORD_STORE(held->count, left);
	for (size_t i = 0; i < half; i++) {
		struct place place = mems__place_in(store,
			mems__slab_around(store, slots[i]), class, slots[i]);

		if (place.slot < place.shape->slots)
			slab_give__give_bit(owner, &place);
	}
}

/* A slot of the owner's that is not free by its bits; there is no room at hand,
   or it may be there already. */
static NOINLINE int slab_give__give_full(struct owner *owner, const struct place *place,
			      void *block)
{
	unsigned class = (unsigned)(place->shape - owner->store->shapes);
	struct held *held = &owner->held[class];

	for (size_t i = 0; i < held->count; i++)
		if (held->slots[i] == block)
			return -EINVAL;
	if (owner->most > 0 && held->count == owner->most)
		slab_give__spill(owner, class, held);
	if (held->count < owner->most &&
	    mems__held_give(held, block, place->slot))
		return 0;
	slab_give__give_bit(owner, place);
	return 0;
}

int mems__give_own(struct owner *owner, void *block)
{
	struct place place = mems__place_of(owner->store, block);

	/* Its words may have been written to. */
	if (place.slab == NULL || place.slot == place.shape->slots ||
	    mems__is_free(&place))
		return -EINVAL;
	return slab_give__give_full(owner, &place, block);
}

int mems__give_any(struct owner *owner, void *block)
{
	struct store *store = owner->store;
	struct mems_slab_words *slab = mems__slab_around(store, block);
	uint32_t class;

	if (!mems__is_slab(store, slab))
		return mems__large_free(store, block);
	/* Once: it may be written to meanwhile. */
	class = WORD_LOAD(slab->size_class);
	if (!mems__owner_is_here(owner) || class >= store->classes ||
	    WORD_LOAD(slab->magazine) != owner->unit)
		return slab_give__give_locked(owner, block);
	return mems__give_in(owner, slab, class, block);
}

int mems__give_far(struct owner *owner, void *block)
{
	struct store *store = owner->store;
	const struct shape *shape;
	struct mems_slab_words *slab;
	unsigned class;

	if (!mems__has_own(owner, block, &slab, &class))
		return mems__give_any(owner, block);
	shape = &store->shapes[class];
	owner->recent.first = mems__slab_start(store, block) + shape->first;
	owner->recent.shape = shape;
	WORD_STORE(owner->recent.slab, slab);
	owner->recent.held = &owner->held[class];
	return mems__give_in(owner, slab, class, block);
}

/* Under the lock: the empty slabs of one class, linked by `inbox`. */
static void slab_give__remove_empty(struct owner *owner, unsigned class,
			 struct mems_slab_words **list)
{
	struct store *store = owner->store;
	struct mems_slab_words *slab = owner->current[class], *next;
	const struct shape *shape = &store->shapes[class];
	uint64_t left = store->slabs;	/* whatever the list says */

	if (slab != NULL && mems__is_slab(store, slab) &&
	    mems__slab_is_empty(owner, shape, slab)) {
		mems__current_set(owner, class, NULL);
		mems__partial_add(owner, slab);
	}
	slab = mems__slab_find(store, owner->words->rounds[class].first);
	for (; slab != NULL && left-- > 0; slab = next) {
		uint32_t unit = slab->next;

		next = mems__slab_find(store, unit);
		if (!mems__slab_is_empty(owner, shape, slab) ||
		    mems__is_anothers(owner, slab))
			continue;
		slab_give__remove_slab(owner, slab);
		/* A list may come back to where it was. */
		next = mems__slab_find(store, unit);
		slab->inbox = *list == NULL ? MEMS_UNIT_NONE :
			      mems__unit_of(&store->source, *list);
		*list = slab;
	}
}

uint64_t mems__store_shrink(struct owner *owner)
{
	struct store *store = owner->store;
	struct mems_slab_words *list = NULL, *next;
	uint64_t bytes = 0;

	mems__lock_take(&store->lock);
	if (mems__owner_is_here(owner)) {
		mems__held_drop(owner);
		mems__owner_collect(owner);
	}
	for (unsigned i = 0; i < store->classes; i++) {
		if (mems__owner_is_here(owner) && owner != &store->common)
			slab_give__remove_empty(owner, i, &list);
		slab_give__remove_empty(&store->common, i, &list);
	}
	if (store->spare != NULL) {
		mems__tag_set(store, store->spare, 0);
		mems__table_remove(store, store->spare->number);
		store->slabs--;
		store->spare->inbox = list == NULL ? MEMS_UNIT_NONE :
				      mems__unit_of(&store->source, list);
		list = store->spare;
		store->spare = NULL;
	}
	mems__lock_drop(&store->lock);
	for (; list != NULL; list = next) {
		next = list->inbox == MEMS_UNIT_NONE ? NULL :
		       mems__slab_at(store, list->inbox);
		bytes += (uint64_t)1 << store->shift;
		mems__slab_end(store, list);
	}
	return bytes;
}

/* ------------------------------------------------------- lib/slab/handle.c */

/* Handles to stores, and what slab caches and depots have in common. */

/* The kind of what is held by nobody. */
#define GIVEN 1

struct lock mems__handles_lock = LOCK_INIT(LOCK_HANDLES);
static struct pool slab_handle__pool = {
	.size = (sizeof(struct owner) + 63) & ~(size_t)63,
	.link = offsetof(struct owner, next),
};

static struct owner *slab_handle__take(void)
{
	struct owner *owner;

	mems__lock_take(&mems__handles_lock);
	owner = mems__pool_take(&slab_handle__pool);
	mems__lock_drop(&mems__handles_lock);
	if (owner == NULL)
		errno = ENOMEM;
	return owner;
}

static void slab_handle__give(struct owner *owner)
{
	mems__lock_take(&mems__handles_lock);
	owner->kind = GIVEN;
	mems__pool_give(&slab_handle__pool, owner);
	mems__lock_drop(&mems__handles_lock);
}

struct owner *mems__handle_make(struct store *store, enum owner_kind kind)
{
	struct owner *owner;

	if (store == NULL)
		return NULL;
	owner = slab_handle__take();
	if (owner != NULL && mems__owner_begin(owner, store, kind))
		return owner;
	if (owner != NULL)
		slab_handle__give(owner);
	mems__store_drop(store);
	return NULL;
}

int mems__handle_end(const void *pointer, enum owner_kind kind, bool all)
{
	struct owner *owner = (struct owner *)(uintptr_t)pointer;
	struct store *store;

	/* Detached may also be one whose store has ended. */
	if (owner == NULL ||
	    (owner->kind != (uint32_t)kind && (all || owner->kind != 0)))
		return -EINVAL;
	store = owner->store;
	if (owner->kind != 0 && all)
		mems__store_end(store);
	else if (owner->kind != 0)
		mems__owner_end(owner);
	slab_handle__give(owner);
	mems__store_drop(store);
	return 0;
}

struct owner *mems__handle_share(const void *pointer, enum owner_kind kind)
{
	struct owner *owner = mems__handle_of(pointer, kind);

	if (owner == NULL)
		return NULL;
	mems__store_hold(owner->store);
	return mems__handle_make(owner->store, kind);
}

struct owner *mems__handle_attach(mems_space *space, mems_va va,
				   enum owner_kind kind)
{
	struct store *store = mems__store_find(space, va);

	if (store != NULL && (store->classes == 1) != (kind == OWNER_SLAB)) {
		mems__store_drop(store);
		errno = EINVAL;
		return NULL;
	}
	return mems__handle_make(store, kind);
}

int mems__handle_adopt(const void *pointer, enum owner_kind kind)
{
	struct owner *owner = mems__handle_of(pointer, kind);

	if (owner == NULL)
		return -EINVAL;
	mems__lock_take(&owner->store->lock);
	if (owner->words != NULL && !owner->store->watched)
		WORD_STORE(owner->thread, mems__thread_self());
	mems__lock_drop(&owner->store->lock);
	return 0;
}

int mems__handle_shrink(const void *pointer, enum owner_kind kind,
			uint64_t *returned)
{
	struct owner *owner = mems__handle_of(pointer, kind);
	uint64_t bytes;

	if (owner == NULL)
		return -EINVAL;
	bytes = mems__store_shrink(owner);
	if (returned != NULL)
		*returned = bytes;
	return 0;
}

int mems__handle_walk(const void *pointer, enum owner_kind kind,
		      mems_slab_walk_fn *callback, void *arg)
{
	struct owner *owner = mems__handle_of(pointer, kind);

	if (owner == NULL || callback == NULL)
		return -EINVAL;
	return mems__store_walk(owner->store, callback, arg);
}

int mems__handle_verify(const void *pointer, enum owner_kind kind,
			char *report, size_t length)
{
	struct owner *owner = mems__handle_of(pointer, kind);
	const char *wrong;

	if (owner == NULL)
		return -EINVAL;
	wrong = mems__store_check(owner->store);
	if (wrong == NULL)
		return 0;
	mems__text_report(report, length, wrong);
	return -EBADMSG;
}

/* The address of words in the owner's space. */
static mems_va slab_handle__address_of(const struct owner *owner, const void *words)
{
	if (words != NULL && owner->store->source.space != NULL)
		return mems_space_va(owner->store->source.space, words);
	errno = ENOTSUP;
	return MEMS_VA_NONE;
}

mems_va mems__handle_address(const void *pointer, enum owner_kind kind)
{
	const struct owner *owner = mems__handle_of(pointer, kind);

	return owner == NULL ? MEMS_VA_NONE :
			       slab_handle__address_of(owner, owner->store->words);
}

mems_va mems__handle_magazine(const void *pointer, enum owner_kind kind)
{
	struct owner *owner = mems__handle_of(pointer, kind);

	if (owner == NULL)
		return MEMS_VA_NONE;
	if (owner->most > 0 && !mems__owner_is_here(owner)) {
		errno = EPERM;
		return MEMS_VA_NONE;
	}
	mems__held_none(owner);
	return slab_handle__address_of(owner, owner->words);
}

#undef GIVEN

/* --------------------------------------------------------- lib/slab/held.c */

/*
 * Slots that an owner has at hand: free, though their bits say that they are in
 * use. Its thread alone puts them there and takes them; others look, under the
 * lock, when they must know whether a slot is in use.
 */

/* The owner with this magazine, or NULL: none. Under the lock. */
static struct owner *slab_held__owner_of(const struct store *store, uint32_t magazine)
{
	struct owner *owner;

	if (magazine == store->common.unit)
		return (struct owner *)(uintptr_t)&store->common;
	for (owner = store->owners; owner != NULL; owner = owner->next)
		if (owner->unit == magazine)
			break;
	return owner;
}

static struct held *slab_held__held_of(const struct store *store,
			    const struct mems_slab_words *slab)
{
	struct owner *owner = slab_held__owner_of(store, WORD_LOAD(slab->magazine));

	return owner == NULL ? NULL : &owner->held[slab->size_class];
}

bool mems__is_held(const struct store *store, const struct place *place)
{
	const struct held *held = slab_held__held_of(store, place->slab);
	const void *slot = mems__slot_at(store, place->shape, place->slab,
					 place->slot);
	uint32_t count = held == NULL ? 0 : WORD_LOAD(held->count);

	for (uint32_t i = 0; i < count && i < HELD_MOST; i++)
		if (WORD_LOAD(held->slots[i]) == slot)
			return true;
	return false;
}

void mems__held_clear(const struct store *store,
		      struct mems_slab_words *slab, uint32_t *live)
{
	const struct held *held = slab_held__held_of(store, slab);
	uint32_t count = held == NULL ? 0 : WORD_LOAD(held->count);

	for (uint32_t i = 0; i < count && i < HELD_MOST; i++) {
		const void *slot = WORD_LOAD(held->slots[i]);
		struct place place;

		if (mems__slab_around(store, slot) != slab)
			continue;
		place = mems__place_in(store, slab, slab->size_class, slot);
		if (place.slot < place.shape->slots)
			live[place.slot / 32] &= ~mems__bit_of(&place);
	}
}

/* There is none, unless words were written to: it counts as in use. */
void mems__held_forget(struct owner *owner, const struct mems_slab_words *slab)
{
	for (unsigned class = 0; class < owner->store->classes; class++) {
		struct held *held = &owner->held[class], old;

		if (held->count == 0)
			continue;
		old = *held;
		held->marks = 0;
		WORD_STORE(held->count, 0);
		for (size_t i = 0; i < old.count; i++)
			if (mems__slab_around(owner->store, old.slots[i]) !=
			    slab)
				(void)mems__held_give(held, old.slots[i],
						      old.mark[i]);
	}
}

/* By what only its thread, or who has the lock, writes. */
static bool slab_held__stands_on(const struct owner *owner,
		      const struct mems_slab_words *slab)
{
	const struct store *store = owner->store;

	if (WORD_LOAD(owner->recent.slab) == slab)
		return true;
	for (unsigned class = 0; class < store->classes; class++) {
		const struct held *held = &owner->held[class];
		size_t count = WORD_LOAD(held->count);

		if (owner->current[class] == slab)
			return true;
		for (size_t i = 0; i < count && i < HELD_MOST; i++)
			if (mems__slab_around(store,
					      WORD_LOAD(held->slots[i])) == slab)
				return true;
	}
	return false;
}

bool mems__is_anothers(const struct owner *owner,
		       const struct mems_slab_words *slab)
{
	const struct store *store = owner->store;
	const struct owner *other;

	for (other = store->owners; other != NULL; other = other->next)
		if (other != owner && slab_held__stands_on(other, slab))
			return true;
	return false;
}

void mems__held_drop(struct owner *owner)
{
	const struct store *store = owner->store;

	for (unsigned class = 0; class < store->classes; class++) {
		struct held *held = &owner->held[class];

		while (held->count > 0) {
			struct place place = mems__place_of(store,
					mems__held_take(held));

			/* Its words may have been written to. */
			if (place.slab == NULL ||
			    place.slot == place.shape->slots ||
			    place.slab->magazine != owner->unit ||
			    mems__is_free(&place))
				continue;
			mems__give_slot(&place);
			if (place.slab->place == MEMS_SLAB_FULL)
				mems__partial_add(owner, place.slab);
		}
	}
}

void mems__held_none(struct owner *owner)
{
	if (owner->most == 0)
		return;
	owner->most = 0;
	mems__held_drop(owner);
}

/* -------------------------------------------------------- lib/slab/large.c */

/* Blocks that are too large for a slab: memory of their own. */

static bool slab_large__hold(struct store *store, uint64_t size)
{
	bool allowed = true;

	if (!store->capped)
		return true;
	mems__lock_take(&store->lock);
	allowed = store->used <= store->cap &&
		  size <= store->cap - store->used;
	if (allowed)
		store->used += size;
	mems__lock_drop(&store->lock);
	if (!allowed)
		errno = ENOMEM;
	return allowed;
}

static void slab_large__release(struct store *store, uint64_t size)
{
	if (!store->capped)
		return;
	mems__lock_take(&store->lock);
	store->used -= size;
	mems__lock_drop(&store->lock);
}

/* The words right before the block. */
static struct mems_large_words *slab_large__place_block(const struct store *store,
					    char *memory, size_t size,
					    size_t alignment)
{
	uintptr_t block = (uintptr_t)memory + sizeof(struct mems_large_words);
	struct mems_large_words *large;

	block = (block + alignment - 1) & ~(uintptr_t)(alignment - 1);
	large = (struct mems_large_words *)block - 1;
	*large = (struct mems_large_words){
		.kind = MEMS_WORDS_LARGE,
		.store = mems__unit_of(&store->source, store->words),
		.size = { (uint32_t)size, (uint32_t)((uint64_t)size >> 32) },
		.start = mems__unit_of(&store->source, memory),
	};
	return large;
}

void *mems__large_make(struct store *store, size_t size, size_t alignment)
{
	struct mems_large_words *large;
	char *memory;
	bool added = false;

	if (size > SIZE_MAX / 4) {
		errno = ENOMEM;
		return NULL;
	}
	size = (size_t)mems__round_up(size, 16);
	if (!slab_large__hold(store, size))
		return NULL;
	memory = mems__source_take(&store->source, size + sizeof(*large) +
				   (alignment - 16), 16);
	if (memory == NULL) {
		slab_large__release(store, size);
		return NULL;
	}
	large = slab_large__place_block(store, memory, size, alignment);
	while (!added && mems__table_reserve(store)) {
		mems__lock_take(&store->lock);
		added = mems__table_add(store, large, &large->number);
		if (added) {
			store->large++;
			store->large_bytes += size;
		}
		mems__lock_drop(&store->lock);
	}
	if (added)
		return large + 1;
	(void)mems__source_give(&store->source, memory);
	slab_large__release(store, size);
	return NULL;
}

MEMS_UNWATCHED
struct mems_large_words *mems__large_at(const struct store *store,
					const void *block)
{
	struct mems_large_words *large;

	if ((uintptr_t)block % 16 != 0)
		return NULL;
	large = (struct mems_large_words *)((uintptr_t)block - sizeof(*large));
	if (!mems__source_has(&store->source, large, sizeof(*large)) ||
	    (store->watched && !mems__watch_holds(large, sizeof(*large))) ||
	    !mems__table_has(store, large, MEMS_WORDS_LARGE, large->number) ||
	    mems__large_size(large) > SIZE_MAX / 2 ||
	    /* From the words on: a heap knows a run by its first slice, where
	       they are, and the block may not be. */
	    !mems__source_has(&store->source, large, sizeof(*large) +
			      (size_t)mems__large_size(large)))
		return NULL;
	return large;
}

uint64_t mems__large_size(const struct mems_large_words *large)
{
	return large->size[0] | (uint64_t)large->size[1] << 32;
}

void mems__large_end(const struct store *store, struct mems_large_words *large)
{
	void *memory = mems__at_unit(&store->source, large->start);

	large->kind = 0;
	/* It never begins in a slab, whatever its words say. */
	if (!mems__is_slab(store, mems__slab_around(store, memory)))
		(void)mems__source_give(&store->source, memory);
}

int mems__large_free(struct store *store, void *block)
{
	struct mems_large_words *large;
	uint64_t size;

	mems__lock_take(&store->lock);
	large = mems__large_at(store, block);
	if (large == NULL) {
		mems__lock_drop(&store->lock);
		return -EINVAL;
	}
	size = mems__large_size(large);
	mems__table_remove(store, large->number);
	store->large--;
	store->large_bytes -= size;
	if (store->capped)
		store->used -= size;
	mems__lock_drop(&store->lock);
	mems__large_end(store, large);
	return 0;
}

/* --------------------------------------------------------- lib/slab/look.c */

/* Looking at a store: where a block is, all blocks, and whether all is well. */

/* Slots of the smallest size in a slab of the least shift a cache has. */
#define WORDS_MOST 512

/* The bits of slots in use, as far as one can see. Under the lock. */
static void slab_look__live_bits(const struct store *store, struct mems_slab_words *slab,
		      uint32_t *live)
{
	const struct shape *shape = &store->shapes[slab->size_class];
	const uint32_t *bits = mems_slab_bits(slab);
	const uint32_t *freed = bits + shape->words;

	for (uint32_t i = 0; i < shape->words; i++)
		live[i] = ~(__atomic_load_n(&bits[i], __ATOMIC_RELAXED) |
			    __atomic_load_n(&freed[i], __ATOMIC_RELAXED));
	if (shape->slots % 32 != 0)
		live[shape->words - 1] &=
			((uint32_t)1 << shape->slots % 32) - 1;
	mems__held_clear(store, slab, live);
}

static size_t slab_look__size_of(const struct store *store, const void *block)
{
	struct place place = mems__place_of(store, block);
	const struct mems_large_words *large;

	if (place.slab != NULL)
		return place.slot == place.shape->slots ||
		       mems__is_free(&place) || mems__is_held(store, &place) ?
		       0 : place.shape->size;
	large = mems__large_at(store, block);
	return large == NULL ? 0 : (size_t)mems__large_size(large);
}

size_t mems__store_size(struct store *store, const void *block)
{
	size_t size;

	mems__lock_take(&store->lock);
	size = slab_look__size_of(store, block);
	mems__lock_drop(&store->lock);
	return size;
}

uint64_t mems__store_room(uint64_t size)
{
	if (size <= MEMS_SMALL_MOST)
		return mems__classes[mems__class_of(size)].size;
	return size > UINT64_MAX - 15 ? size : mems__round_up(size, 16);
}

/* What the table has under this number, while the lock is held. */
struct slab_look__entry {
	char *block;		/* the first of a slab's, or a large one */
	uint64_t size;
	uint32_t slots;
	uint32_t live[WORDS_MOST];
};

static bool slab_look__read_entry(struct store *store, uint32_t number,
		       struct slab_look__entry *entry)
{
	struct mems_slab_words *slab;
	uint32_t unit;

	entry->slots = 0;
	if (number >= store->room)
		return false;
	unit = store->table[number].unit;
	if (unit == MEMS_UNIT_NONE)
		return true;
	slab = mems__slab_find(store, unit);
	if (slab != NULL) {
		const struct shape *shape = &store->shapes[slab->size_class];

		entry->block = mems__slot_at(store, shape, slab, 0);
		entry->size = shape->size;
		entry->slots = shape->slots;
		slab_look__live_bits(store, slab, entry->live);
	} else {
		struct mems_large_words *large;

		entry->block = (char *)mems__at_unit(&store->source, unit) +
			       sizeof(*large);
		large = mems__large_at(store, entry->block);
		if (large != NULL) {
			entry->size = mems__large_size(large);
			entry->slots = 1;
			entry->live[0] = 1;
		}
	}
	return true;
}

int mems__store_walk(struct store *store, store_visit_fn *visit, void *arg)
{
	struct slab_look__entry entry;
	int result = 0;

	for (uint32_t number = 1; result == 0; number++) {
		bool more;

		mems__lock_take(&store->lock);
		more = number < store->count &&
		       slab_look__read_entry(store, number, &entry);
		mems__lock_drop(&store->lock);
		if (!more)
			break;
		for (uint32_t i = 0; i < entry.slots && result == 0; i++)
			if ((entry.live[i / 32] >> i % 32 & 1) != 0)
				result = visit(entry.block +
					       (size_t)(i * entry.size),
					       (size_t)entry.size, arg);
	}
	return result;
}

/* --------------------------------------------------------------- invariants */

/* Does somebody who does not count write its bits? */
static bool slab_look__is_uncounted(const struct store *store,
			 const struct mems_slab_words *slab)
{
	const struct owner *owner = store->owners;

	if (store->watched)
		return false;
	if (slab->magazine == store->common.unit)
		return store->common.most == 0;
	while (owner != NULL && owner->unit != slab->magazine)
		owner = owner->next;
	return owner != NULL && owner->most == 0;
}

static const char *slab_look__check_slab(const struct store *store,
			      struct mems_slab_words *slab)
{
	const struct shape *shape = &store->shapes[slab->size_class];
	const uint32_t *bits = mems_slab_bits(slab);
	const uint32_t *freed = bits + shape->words;
	uint32_t free = 0, noted = 0;

	for (uint32_t i = 0; i < shape->words; i++) {
		if ((bits[i] & freed[i]) != 0)
			return "a slot is free twice";
		free += (uint32_t)__builtin_popcount(bits[i]);
		noted += (uint32_t)__builtin_popcount(freed[i]);
	}
	if (shape->slots % 32 != 0 && bits[shape->words - 1] >>
	    shape->slots % 32 != 0)
		return "a slab has bits for no slots";
	if (slab->used != shape->slots - free && !slab_look__is_uncounted(store, slab))
		return "a slab does not know how many slots are in use";
	if (slab->place > MEMS_SLAB_PARTIAL)
		return "a slab is nowhere";
	if (noted > 0 && slab->told == 0)
		return "nobody was told of slots that others freed";
	if (slab->place == MEMS_SLAB_FULL && free != 0 &&
	    slab != store->spare)
		return "a slab with free slots is in no list";
	return NULL;
}

/* The slabs that an owner's lists have; more than there are: a broken list. */
static uint64_t slab_look__count_owned(const struct owner *owner)
{
	const struct store *store = owner->store;
	uint64_t count = 0;

	if (owner->words == NULL)
		return 0;
	for (unsigned i = 0; i < store->classes; i++) {
		const struct mems_rounds *rounds = &owner->words->rounds[i];
		uint32_t unit = rounds->first, before = MEMS_UNIT_NONE;
		struct mems_slab_words *slab;

		count += owner->current[i] != NULL;
		while ((slab = mems__slab_find(store, unit)) != NULL &&
		       count <= store->slabs) {
			if (slab->previous != before ||
			    slab->place != MEMS_SLAB_PARTIAL)
				return UINT64_MAX;
			before = unit;
			unit = slab->next;
			count++;
		}
		if (unit != MEMS_UNIT_NONE || rounds->last != before)
			return UINT64_MAX;
	}
	return count;
}

static const char *slab_look__check(struct store *store)
{
	uint64_t slabs = 0, large = 0, listed = 0, count;
	const char *wrong = NULL;

	if (store->words->count != store->count ||
	    store->words->room != store->room)
		return "the words do not know the table";
	for (uint32_t i = 1; i < store->count && wrong == NULL; i++) {
		struct mems_slab_words *slab;

		if (store->table[i].unit == MEMS_UNIT_NONE)
			continue;
		slab = mems__slab_find(store, store->table[i].unit);
		if (slab != NULL) {
			wrong = slab_look__check_slab(store, slab);
			slabs++;
			listed += slab->place != MEMS_SLAB_FULL;
		} else if (mems__large_at(store, (char *)mems__at_unit(
				&store->source, store->table[i].unit) +
				sizeof(struct mems_large_words)) != NULL) {
			large++;
		} else {
			wrong = "the table has what is no slab and no block";
		}
	}
	if (wrong != NULL)
		return wrong;
	if (slabs != store->slabs || large != store->large)
		return "the table has more or less than was counted";
	count = slab_look__count_owned(&store->common);
	for (struct owner *owner = store->owners; owner != NULL;
	     owner = owner->next) {
		uint64_t owned = slab_look__count_owned(owner);

		count = owned == UINT64_MAX ? owned : count + owned;
	}
	if (count != listed)
		return "a list of slabs is broken";
	return NULL;
}

const char *mems__store_check(struct store *store)
{
	const char *wrong;

	mems__lock_take(&store->lock);
	wrong = slab_look__check(store);
	mems__lock_drop(&store->lock);
	return wrong;
}

#undef WORDS_MOST

/* ----------------------------------------------------- lib/slab/magazine.c */

/* The slabs of one magazine. */

const char mems__any_thread;
const struct shape mems__no_shape;

void mems__owner_clear(struct owner *owner)
{
	size_t classes = owner->store->classes;

	/* No unit is all ones. */
	owner->words->inbox = MEMS_UNIT_NONE;
	memset(owner->words->rounds, 0xff,
	       classes * sizeof(*owner->words->rounds));
	memset(owner->current, 0, classes * sizeof(*owner->current));
	memset(owner->held, 0, classes * sizeof(*owner->held));
	owner->recent.shape = &mems__no_shape;
	WORD_STORE(owner->recent.slab, NULL);
}

struct mems_slab_words *mems__slab_find(const struct store *store,
					uint32_t unit)
{
	struct mems_slab_words *slab;

	if (unit == MEMS_UNIT_NONE)
		return NULL;
	slab = mems__slab_at(store, unit);
	return mems__is_slab(store, slab) ? slab : NULL;
}

/* At the end: the longer a slab waits, the more of its slots are free. */
void mems__partial_add(const struct owner *owner, struct mems_slab_words *slab)
{
	const struct store *store = owner->store;
	uint32_t unit = mems__unit_of(&store->source, slab);
	uint32_t class = slab->size_class;
	struct mems_slab_words *last;
	struct mems_rounds *rounds;

	/* An owner has not looked whether it was written to. */
	if (class >= store->classes)
		return;
	rounds = &owner->words->rounds[class];
	last = mems__slab_find(store, rounds->last);
	slab->next = MEMS_UNIT_NONE;
	slab->previous = rounds->last;
	if (last != NULL)
		last->next = unit;
	else
		rounds->first = unit;
	rounds->last = unit;
	slab->place = MEMS_SLAB_PARTIAL;
}

void mems__partial_remove(const struct owner *owner,
			  struct mems_slab_words *slab)
{
	const struct store *store = owner->store;
	struct mems_rounds *rounds = &owner->words->rounds[slab->size_class];
	struct mems_slab_words *next = mems__slab_find(store, slab->next);
	struct mems_slab_words *previous;

	previous = mems__slab_find(store, slab->previous);
	if (next != NULL)
		next->previous = slab->previous;
	else
		rounds->last = slab->previous;
	if (previous != NULL)
		previous->next = slab->next;
	else
		rounds->first = slab->next;
	slab->next = slab->previous = MEMS_UNIT_NONE;
	slab->place = MEMS_SLAB_FULL;
}

void mems__current_set(struct owner *owner, unsigned class,
		       struct mems_slab_words *slab)
{
	uint32_t unit = MEMS_UNIT_NONE;

	if (slab != NULL) {
		unit = mems__unit_of(&owner->store->source, slab);
		WORD_STORE(slab->magazine, owner->unit);
		slab->place = MEMS_SLAB_CURRENT;
	}
	owner->current[class] = slab;
	owner->words->rounds[class].current = unit;
}

/* The slots of a slab that others freed are free; how many they were. */
static uint32_t slab_magazine__settle(const struct shape *shape, struct mems_slab_words *slab)
{
	uint32_t *bits = mems_slab_bits(slab), *freed = bits + shape->words;
	uint32_t count = 0;

	for (uint32_t i = 0; i < shape->words; i++) {
		if (freed[i] == 0)
			continue;
		count += (uint32_t)__builtin_popcount(freed[i]);
		WORD_STORE(bits[i], bits[i] | freed[i]);
		WORD_STORE(freed[i], 0);
	}
	slab->used -= count;
	WORD_STORE(slab->told, 0);
	return count;
}

void mems__owner_collect(const struct owner *owner)
{
	const struct store *store = owner->store;
	uint32_t unit = owner->words->inbox;
	struct mems_slab_words *slab;

	owner->words->inbox = MEMS_UNIT_NONE;
	while ((slab = mems__slab_find(store, unit)) != NULL && slab->told) {
		unit = slab->inbox;
		if (slab_magazine__settle(&store->shapes[slab->size_class], slab) > 0 &&
		    slab->place == MEMS_SLAB_FULL)
			mems__partial_add(owner, slab);
	}
}

static uint32_t slab_magazine__count_free(const struct shape *shape,
			   struct mems_slab_words *slab)
{
	const uint32_t *bits = mems_slab_bits(slab);
	uint32_t free = 0;

	for (uint32_t i = 0; i < shape->words; i++)
		free += (uint32_t)__builtin_popcount(WORD_LOAD(bits[i]));
	return free;
}

bool mems__slab_is_empty(const struct owner *owner, const struct shape *shape,
			 struct mems_slab_words *slab)
{
	/* Others, who write its bits, do not count. */
	if (owner->most == 0)
		slab->used = shape->slots - slab_magazine__count_free(shape, slab);
	return slab->used == 0;
}

/* What it may have left half done is counted and listed anew. */
void mems__owner_empty(struct owner *owner)
{
	struct store *store = owner->store;

	mems__held_drop(owner);
	for (uint32_t i = 1; i < store->count; i++) {
		struct mems_slab_words *slab;
		const struct shape *shape;
		uint32_t free;

		slab = mems__slab_find(store, store->table[i].unit);
		if (slab == NULL || slab->magazine != owner->unit)
			continue;
		shape = &store->shapes[slab->size_class];
		(void)slab_magazine__settle(shape, slab);
		free = slab_magazine__count_free(shape, slab);
		slab->used = shape->slots - free;
		slab->place = MEMS_SLAB_FULL;
		WORD_STORE(slab->magazine, store->common.unit);
		if (free > 0)
			mems__partial_add(&store->common, slab);
	}
	mems__owner_clear(owner);
}

/* -------------------------------------------------------- lib/slab/owner.c */

/* Who has a magazine of its own. */

static size_t slab_owner__magazine_size(const struct store *store)
{
	return offsetof(struct mems_magazine_words, rounds) +
	       store->classes * sizeof(struct mems_rounds);
}

static bool slab_owner__make_words(struct owner *owner)
{
	struct store *store = owner->store;

	owner->words = mems__source_take(&store->source, slab_owner__magazine_size(store),
					 16);
	if (owner->words == NULL)
		return false;
	owner->unit = mems__unit_of(&store->source, owner->words);
	owner->words->kind = MEMS_WORDS_MAGAZINE;
	owner->words->store = store->common.words->store;
	mems__owner_clear(owner);
	if (!store->watched)
		mems__owner_settle(owner, mems__thread_self());
	return true;
}

void mems__owner_settle(struct owner *owner, const void *thread)
{
	owner->most = HELD_MOST;
	WORD_STORE(owner->thread, thread);
}

bool mems__owner_begin(struct owner *owner, struct store *store,
		       enum owner_kind kind)
{
	*owner = (struct owner){ .store = store, .unit = MEMS_UNIT_NONE,
				  .recent.shape = &mems__no_shape };
	/* With a cap all calls take the lock anyway. */
	if (!store->capped && !slab_owner__make_words(owner))
		return false;
	owner->kind = kind;
	mems__lock_take(&store->lock);
	owner->next = store->owners;
	if (store->owners != NULL)
		store->owners->previous = owner;
	store->owners = owner;
	mems__lock_drop(&store->lock);
	return true;
}

void mems__owner_end(struct owner *owner)
{
	struct store *store = owner->store;
	struct mems_magazine_words *words = owner->words;

	mems__lock_take(&store->lock);
	if (words != NULL)
		mems__owner_empty(owner);
	if (owner->next != NULL)
		owner->next->previous = owner->previous;
	if (owner->previous != NULL)
		owner->previous->next = owner->next;
	else
		store->owners = owner->next;
	owner->thread = NULL;
	mems__lock_drop(&store->lock);
	if (words == NULL)
		return;
	words->kind = 0;
	(void)mems__source_give(&store->source, words);
}

/* --------------------------------------------------------- lib/slab/slab.c */

/* One slab: its shape, its making and its end. */

/* Slabs of a cache have so many slots at the least, as far as they are no
   larger than this. */
#define SLOTS_LEAST 8
#define SHIFT_MOST 20

/* Of an odd number, in 32 bits: each step doubles the bits that are right, and
   three are to begin with. */
static uint32_t slab_slab__inverse_of(uint32_t odd)
{
	uint32_t inverse = odd;

	for (int bits = 3; bits < 32; bits *= 2)
		inverse *= 2 - odd * inverse;
	return inverse;
}

bool mems__shape_set(struct shape *shape, unsigned shift, uint32_t colors,
		     size_t size, size_t alignment)
{
	uint64_t bytes = (uint64_t)1 << shift;
	uint64_t front = (colors + 1) * sizeof(struct mems_slab_words);
	uint64_t slots = (bytes - front) / size + 1;
	uint64_t first, words;
	uint32_t twos = mems__low_bit(size);

	/* Bits for fewer slots leave room for more of them. */
	do {
		slots--;
		words = (slots + 31) / 32;
		first = mems__round_up(front + 2 * words * sizeof(uint32_t),
				       alignment);
	} while (slots > 0 && first + slots * size > bytes);
	*shape = (struct shape){ .size = (uint32_t)size, .twos = twos,
		.inverse = slab_slab__inverse_of((uint32_t)(size >> twos)),
		.first = (uint32_t)first, .slots = (uint32_t)slots,
		.words = (uint32_t)words, .bytes = (uint32_t)(slots * size) };
	return slots >= (shift < SHIFT_MOST ? SLOTS_LEAST : 1);
}

/* Take the first `count` slots down. */
static void slab_slab__destruct(const struct store *store, const struct shape *shape,
		     struct mems_slab_words *slab, uint32_t count)
{
	if (store->destruct != NULL)
		while (count-- > 0)
			store->destruct(mems__slot_at(store, shape, slab,
						      count), store->arg);
}

/* False, with nothing left of it: one of the slots refused. */
static bool slab_slab__construct(const struct store *store, const struct shape *shape,
		      struct mems_slab_words *slab)
{
	for (uint32_t i = 0; store->construct != NULL && i < shape->slots;
	     i++) {
		if (store->construct(mems__slot_at(store, shape, slab, i),
				     store->arg) == 0)
			continue;
		slab_slab__destruct(store, shape, slab, i);
		return false;
	}
	return true;
}

void mems__slab_watch(const struct store *store, void *slots, size_t size,
		      bool allowed)
{
	if (!allowed)
		mems__watch_forbid(slots, size);
	else if (store->construct != NULL)
		mems__watch_keep(slots, size);
	else
		mems__watch_allow(slots, size);
}

/* What is the same for a new slab and for one that is used again. */
void mems__slab_clear(const struct store *store, struct mems_slab_words *slab,
		      unsigned class)
{
	const struct shape *shape = &store->shapes[class];
	uint32_t *bits = mems_slab_bits(slab);

	slab->size_class = class;
	slab->place = MEMS_SLAB_FULL;
	slab->used = 0;
	slab->hint = 0;
	slab->next = slab->previous = MEMS_UNIT_NONE;
	slab->first = shape->first;
	slab->size = shape->size;
	slab->slots = shape->slots;
	slab->words = shape->words;
	slab->told = 0;
	slab->inbox = MEMS_UNIT_NONE;
	memset(bits, 0xff, shape->words * sizeof(*bits));
	if (shape->slots % 32 != 0)
		bits[shape->words - 1] = ((uint32_t)1 << shape->slots % 32) - 1;
	memset(bits + shape->words, 0, shape->words * sizeof(*bits));
	if (store->watched)
		mems__slab_watch(store, mems__slot_at(store, shape, slab, 0),
				 (size_t)shape->slots * shape->size, false);
}

struct mems_slab_words *mems__slab_make(struct store *store, unsigned class)
{
	size_t size = (size_t)1 << store->shift;
	struct mems_slab_words *slab;
	void *memory = mems__source_take(&store->source, size, size);

	if (memory == NULL)
		return NULL;
	slab = mems__slab_around(store, memory);
	slab->kind = MEMS_WORDS_SLAB;
	slab->store = mems__unit_of(&store->source, store->words);
	slab->number = 0;
	slab->magazine = store->common.unit;
	if (!slab_slab__construct(store, &store->shapes[class], slab)) {
		slab->kind = 0;
		(void)mems__source_give(&store->source, memory);
		errno = ENOMEM;
		return NULL;
	}
	mems__slab_clear(store, slab, class);
	return slab;
}

void mems__slab_end(struct store *store, struct mems_slab_words *slab)
{
	const struct shape *shape;

	if (slab->size_class >= store->classes)
		return;
	shape = &store->shapes[slab->size_class];
	if (store->watched)
		mems__watch_keep(mems__slab_start(store, slab),
				 (size_t)1 << store->shift);
	slab_slab__destruct(store, shape, slab, shape->slots);
	slab->kind = 0;
	(void)mems__source_give(&store->source, mems__slab_start(store, slab));
}

#undef SLOTS_LEAST
#undef SHIFT_MOST

/* ------------------------------------------------------- lib/slab/source.c */

/* Memory of a space or a heap, told by units. */

/* Units reach this far. */
#define REACH ((uint64_t)1 << (32 + MEMS_UNIT_SHIFT))
#define WINDOW ((uint64_t)1 << 32)

bool mems__source_begin(struct source *source, mems_space *space,
			mems_heap *heap)
{
	if (space != NULL && heap != NULL) {
		errno = EINVAL;
		return false;
	}
	*source = (struct source){ .space = space, .heap = heap };
	if (space == NULL)
		return mems__heap_of(heap) != NULL;
	if (mems__space_of(space) == NULL)
		return false;
	source->origin = (uintptr_t)mems__space_of(space)->data;
	source->aligned = mems__space_of(space)->shift >= MEMS_UNIT_SHIFT;
	return true;
}

bool mems__source_came_along(const struct source *source)
{
	return source->space == NULL ||
	       ((const struct space *)source->space)->alive == SPACE_ALIVE;
}

uint64_t mems__source_reach(const struct source *source)
{
	uint64_t most = mems__min(REACH, UINTPTR_MAX - source->origin);

	if (source->space == NULL)
		return most;
	return mems__min(most,
			 mems__space_of(source->space)->region->maximum);
}

/* The bytes from the origin to behind `size` at `memory` can be told, and no
   window's end is among the latter. */
static bool slab_source__is_in_reach(const struct source *source, const void *memory,
			size_t size)
{
	uint64_t first = (uintptr_t)memory - source->origin;
	uint64_t last = first + size - 1;

	return last < REACH && first <= last &&
	       (source->space == NULL || first / WINDOW == last / WINDOW);
}

static void *slab_source__take(const struct source *source, size_t size, size_t alignment)
{
	mems_va va;

	if (source->space == NULL && alignment == 16)
		return mems_heap_alloc(source->heap, size);
	if (source->space == NULL)
		return mems_heap_aligned_alloc(source->heap, alignment, size);
	if (alignment == 16 && source->aligned)
		va = mems_space_alloc(source->space, size);
	else
		va = mems_space_aligned_alloc(source->space, alignment, size);
	return va == MEMS_VA_NONE ? NULL : mems_space_get(source->space, va);
}

/* What crosses the end of a window is held while other memory is looked for, so
   there are as many tries as there are such ends. */
static void *slab_source__take_whole(const struct source *source, size_t size,
			size_t alignment, unsigned tries)
{
	void *memory = slab_source__take(source, size, alignment), *other;

	if (memory == NULL || slab_source__is_in_reach(source, memory, size))
		return memory;
	other = tries == 0 ? NULL :
			     slab_source__take_whole(source, size, alignment, tries - 1);
	(void)mems__source_give(source, memory);
	if (other == NULL)
		errno = ENOMEM;
	return other;
}

void *mems__source_take(struct source *source, size_t size, size_t alignment)
{
	uint64_t address;	/* 64 bits, also where pointers have 32 */
	void *memory;

	if (source->space != NULL)
		return slab_source__take_whole(source, size, alignment, REACH / WINDOW);
	memory = slab_source__take(source, size, alignment);
	if (memory == NULL)
		return NULL;
	address = (uintptr_t)memory;
	if (source->origin == 0 && address > REACH / 2)
		source->origin = (uintptr_t)((address & ~(uint64_t)0xffff) -
					     REACH / 2);
	if (slab_source__is_in_reach(source, memory, size))
		return memory;
	(void)mems__source_give(source, memory);
	errno = ENOMEM;
	return NULL;
}

bool mems__source_give(const struct source *source, void *memory)
{
	if (source->space == NULL) {
		mems_heap_free(memory);
		return true;
	}
	return mems_space_free(source->space,
			       mems_space_va(source->space, memory)) == 0;
}

#undef REACH
#undef WINDOW

/* -------------------------------------------------------- lib/slab/store.c */

/* Stores: made, found, ended; and what fork does to them. */

/* Slabs with all classes are of these sizes. */
#define ALL_SHIFT_LEAST 13
#define ALL_SHIFTS 2

static struct lock slab_store__stores_lock = LOCK_INIT(LOCK_STORES);
static struct store *slab_store__stores;
static struct pool slab_store__pool = {
	.size = (sizeof(struct store) + 63) & ~(size_t)63,
	.link = offsetof(struct store, next),
};

/* -------------------------------------------------------------------- fork */

static void slab_store__before_fork(void)
{
	mems__lock_take_unranked(&mems__handles_lock);
	mems__lock_take_unranked(&slab_store__stores_lock);
	for (struct store *store = slab_store__stores; store != NULL; store = store->next)
		mems__lock_take_unranked(&store->lock);
}

static void slab_store__in_parent(void)
{
	for (struct store *store = slab_store__stores; store != NULL; store = store->next)
		mems__lock_drop_unranked(&store->lock);
	mems__lock_drop_unranked(&slab_store__stores_lock);
	mems__lock_drop_unranked(&mems__handles_lock);
}

/* What is known of a store without its memory: there is none. */
static void slab_store__forget(struct store *store)
{
	for (struct owner *owner = store->owners; owner != NULL;
	     owner = owner->next)
		owner->kind = 0;
	store->common.kind = 0;
	store->alive = 0;
}

/* Owners that did not come along may have been between any two stores. */
static void slab_store__in_child(void)
{
	slab_store__stores_lock.word = 0;
	mems__handles_lock.word = 0;
	for (struct store *store = slab_store__stores; store != NULL; store = store->next) {
		store->lock.word = 0;
		if (!mems__source_came_along(&store->source)) {
			slab_store__forget(store);
			continue;
		}
		for (struct owner *owner = store->owners; owner != NULL;
		     owner = owner->next) {
			if (owner->thread == NULL || mems__owner_is_here(owner))
				continue;
			mems__owner_empty(owner);
			owner->thread = NULL;
		}
	}
}

/* The hooks of heaps and spaces first: so theirs are run later, and their locks
   taken later. */
static bool slab_store__start(void)
{
	static bool hooked;

	if (!hooked)
		mems__heaps_start();
	hooked = hooked || mems__fork_hooks(slab_store__before_fork, slab_store__in_parent, slab_store__in_child);
	return hooked;
}

bool mems__stores_start(void)
{
	bool started;

	mems__lock_take(&slab_store__stores_lock);
	started = slab_store__start();
	mems__lock_drop(&slab_store__stores_lock);
	return started;
}

/* ---------------------------------------------------------------- creation */

static struct store *slab_store__add(void)
{
	struct store *store = NULL;

	mems__lock_take(&slab_store__stores_lock);
	if (slab_store__start())
		store = mems__pool_take(&slab_store__pool);
	if (store != NULL) {
		memset(store, 0, sizeof(*store));
		store->lock = (struct lock)LOCK_INIT(LOCK_STORE);
		store->handles = 1;
		store->next = slab_store__stores;
		if (slab_store__stores != NULL)
			slab_store__stores->previous = store;
		slab_store__stores = store;
	} else {
		errno = ENOMEM;
	}
	mems__lock_drop(&slab_store__stores_lock);
	return store;
}

/* Shapes of all classes, for slabs of this size; made once, since each size is
   of one kind of store. */
static const struct shape *slab_store__all_shapes(unsigned shift, uint32_t colors)
{
	static struct shape shapes[ALL_SHIFTS][MEMS_SMALL_CLASSES];
	struct shape *these = shapes[shift - ALL_SHIFT_LEAST];
	static bool made[ALL_SHIFTS];

	mems__lock_take(&slab_store__stores_lock);
	for (unsigned i = 0; !made[shift - ALL_SHIFT_LEAST] &&
	     i < MEMS_SMALL_CLASSES; i++)
		(void)mems__shape_set(&these[i], shift, colors,
				      mems__classes[i].size, 16);
	made[shift - ALL_SHIFT_LEAST] = true;
	mems__lock_drop(&slab_store__stores_lock);
	return these;
}

static bool slab_store__set_shapes(struct store *store, const struct store_plan *plan)
{
	bool enough;

	store->shift = plan->shift;
	store->colors = plan->colors;
	if (plan->size == 0) {
		store->classes = MEMS_SMALL_CLASSES;
		store->shapes = slab_store__all_shapes(plan->shift, plan->colors);
		return true;
	}
	store->classes = 1;
	store->shapes = &store->shape;
	do
		enough = mems__shape_set(&store->shape, store->shift,
					 plan->colors, plan->size,
					 plan->alignment);
	while (!enough && ++store->shift < 31);
	return enough;
}

/* The words of the store, those of the common magazine behind them. */
static bool slab_store__make_words(struct store *store)
{
	struct mems_store_words *words;
	uint32_t unit;

	words = mems__source_take(&store->source, sizeof(*words) +
				  sizeof(*store->common.words), 16);
	if (words == NULL)
		return false;
	unit = mems__unit_of(&store->source, words);
	*words = (struct mems_store_words){
		.kind = MEMS_WORDS_STORE,
		.classes = store->classes,
		.shift = store->shift,
		.skew = (uint32_t)(0 - store->source.origin) &
			(((uint32_t)1 << store->shift) - 1),
		.size = store->classes == 1 ? store->shapes[0].size : 0,
		.first = store->classes == 1 ? store->shapes[0].first : 0,
		.table = MEMS_UNIT_NONE,
		.cap = { (uint32_t)store->cap, (uint32_t)(store->cap >> 32) },
		.colors = store->colors,
	};
	store->mask = ((uintptr_t)1 << store->shift) - 1;
	store->first_place = (store->source.origin + store->mask) >>
			     store->shift;
	store->words = words;
	store->common.words = (struct mems_magazine_words *)(words + 1);
	store->common.kind = OWNER_COMMON;
	store->common.unit = mems__unit_of(&store->source,
					   store->common.words);
	store->common.words->kind = MEMS_WORDS_MAGAZINE;
	store->common.words->store = unit;
	mems__owner_clear(&store->common);
	mems__table_clear(store);
	return true;
}

struct store *mems__store_create(struct store_plan *plan)
{
	struct store *store = slab_store__add();

	if (store == NULL)
		return NULL;
	store->source = plan->source;
	store->common.store = store;
	store->cap = plan->cap;
	store->capped = plan->cap > 0;
	store->construct = plan->construct;
	store->destruct = plan->destruct;
	store->arg = plan->arg;
	store->watched = mems__watched();
	store->lasting = plan->lasting;
	if (!slab_store__set_shapes(store, plan)) {
		errno = EINVAL;
	} else if (slab_store__make_words(store)) {
		store->alive = STORE_ALIVE;
		return store;
	}
	mems__store_drop(store);
	return NULL;
}

struct store *mems__store_find(mems_space *space, mems_va va)
{
	struct store *store;
	uint32_t kind = 0;

	if (!mems__space_peek(space, va, &kind) ||
	    (kind ^ MEMS_WORDS_STORE) >> 16 != 0) {
		errno = EINVAL;
		return NULL;
	}
	if (kind != MEMS_WORDS_STORE) {
		errno = EPROTO;
		return NULL;
	}
	mems__lock_take(&slab_store__stores_lock);
	for (store = slab_store__stores; store != NULL; store = store->next)
		if (store->alive == STORE_ALIVE && store->handles > 0 &&
		    store->source.space == space &&
		    (const void *)store->words == mems_space_get(space, va))
			break;
	if (store != NULL)
		store->handles++;
	mems__lock_drop(&slab_store__stores_lock);
	if (store == NULL)
		errno = EINVAL;
	return store;
}

void mems__store_hold(struct store *store)
{
	mems__lock_take(&slab_store__stores_lock);
	store->handles++;
	mems__lock_drop(&slab_store__stores_lock);
}

uint32_t mems__store_handles(const struct store *store)
{
	uint32_t handles;

	mems__lock_take(&slab_store__stores_lock);
	handles = store->handles;
	mems__lock_drop(&slab_store__stores_lock);
	return handles;
}

/* --------------------------------------------------------------------- ends */

/* End what the table has; `keep`: but for the first slab. */
static struct mems_slab_words *slab_store__end_all(struct store *store, bool keep)
{
	struct mems_slab_words *kept = NULL;

	for (uint32_t i = 1; i < store->count; i++) {
		uint32_t unit = store->table[i].unit;
		struct mems_slab_words *slab = mems__slab_find(store, unit);
		struct mems_large_words *large;

		if (slab != NULL) {
			/* Once more in the table, if that was written to. */
			if (slab == kept)
				continue;
			if (keep && kept == NULL) {
				kept = slab;
			} else {
				mems__tag_set(store, slab, 0);
				mems__slab_end(store, slab);
			}
		} else if (unit != MEMS_UNIT_NONE) {
			large = mems__at_unit(&store->source, unit);
			large = mems__large_at(store, large + 1);
			if (large != NULL)
				mems__large_end(store, large);
		}
	}
	return kept;
}

void mems__store_end(struct store *store)
{
	struct mems_store_words *words = store->words;

	/* Nobody finds it by its address any more. */
	mems__lock_take(&slab_store__stores_lock);
	store->alive = 0;
	mems__lock_drop(&slab_store__stores_lock);
	(void)slab_store__end_all(store, false);
	for (struct owner *owner = store->owners; owner != NULL;
	     owner = owner->next) {
		if (owner->words != NULL)
			(void)mems__source_give(&store->source, owner->words);
		owner->kind = 0;
	}
	store->owners = NULL;
	mems__table_end(store);
	mems__tags_end(store);
	words->kind = 0;
	(void)mems__source_give(&store->source, words);
	store->words = NULL;
}

void mems__store_reset(struct store *store)
{
	struct mems_slab_words *slab = slab_store__end_all(store, true);

	mems__owner_clear(&store->common);
	store->spare = slab;
	store->used = 0;
	store->large = store->large_bytes = 0;
	store->slabs = slab != NULL;
	mems__table_clear(store);
	if (slab == NULL)
		return;
	/* So that a block of before is known to be free. */
	mems__slab_clear(store, slab, slab->size_class);
	(void)mems__table_add(store, slab, &slab->number);
}

void mems__store_drop(struct store *store)
{
	bool last;

	mems__lock_take(&slab_store__stores_lock);
	last = --store->handles == 0;
	mems__lock_drop(&slab_store__stores_lock);
	if (!last)
		return;
	if (store->alive == STORE_ALIVE)
		mems__store_end(store);
	mems__lock_take(&slab_store__stores_lock);
	if (store->next != NULL)
		store->next->previous = store->previous;
	if (store->previous != NULL)
		store->previous->next = store->next;
	else
		slab_store__stores = store->next;
	mems__pool_give(&slab_store__pool, store);
	mems__lock_drop(&slab_store__stores_lock);
}

#undef ALL_SHIFT_LEAST
#undef ALL_SHIFTS

/* -------------------------------------------------------- lib/slab/table.c */

/*
 * The table of what a store has: whatever calls itself a slab or a large block
 * must be in it. It is read without the lock, so a table that was outgrown
 * stays where it is until the store ends; each is twice the last. Which there
 * are is not among the words, since it says what goes back then.
 */

#define LEAST 32
_Static_assert((uint64_t)LEAST << TABLES_MOST > UINT32_MAX /
	       sizeof(struct mems_table_entry), "no store has more tables");

/* The first unused number is looked at: it may have been written to. */
static bool slab_table__has_unused(const struct store *store)
{
	return store->unused > 0 && store->unused < store->room &&
	       store->table[store->unused].unit == MEMS_UNIT_NONE;
}

static bool slab_table__is_full(const struct store *store)
{
	return !slab_table__has_unused(store) && store->count >= store->room;
}

/* Under the lock: `table` takes the place of the last one. */
static void slab_table__install(struct store *store, struct mems_table_entry *table,
		    uint32_t room)
{
	struct mems_table_entry *old = store->table;

	memset(table, 0xff, room * sizeof(*table));
	if (old != NULL)
		memcpy(table, old, store->room * sizeof(*table));
	store->tables[store->tables_count++] = table;
	__atomic_store_n(&store->table, table, __ATOMIC_RELEASE);
	__atomic_store_n(&store->room, room, __ATOMIC_RELEASE);
	store->words->table = mems__unit_of(&store->source, table);
	store->words->room = room;
}

bool mems__table_reserve(struct store *store)
{
	struct mems_table_entry *table;
	uint32_t room;
	bool full;

	mems__lock_take(&store->lock);
	room = store->room == 0 ? LEAST : store->room * 2;
	full = slab_table__is_full(store);
	mems__lock_drop(&store->lock);
	if (!full)
		return true;
	if (room > UINT32_MAX / sizeof(*table)) {
		errno = ENOMEM;
		return false;
	}
	table = mems__source_take(&store->source, room * sizeof(*table), 16);
	if (table == NULL)
		return false;
	mems__lock_take(&store->lock);
	if (store->room < room) {
		slab_table__install(store, table, room);
		table = NULL;
	}
	mems__lock_drop(&store->lock);
	/* Another thread was faster. */
	if (table != NULL)
		(void)mems__source_give(&store->source, table);
	return true;
}

bool mems__table_add(struct store *store, const void *words, uint32_t *number)
{
	if (slab_table__is_full(store))
		return false;
	if (slab_table__has_unused(store)) {
		*number = store->unused;
		store->unused = store->table[*number].next;
	} else {
		store->unused = MEMS_UNIT_NONE;
		*number = store->count++;
	}
	store->words->unused = store->unused;
	store->words->count = store->count;
	/* The words say the number, then the table says the words. */
	__atomic_store_n(&store->table[*number].unit,
			 mems__unit_of(&store->source, words),
			 __ATOMIC_RELEASE);
	return true;
}

void mems__table_remove(struct store *store, uint32_t number)
{
	/* What is no number of an entry was written by somebody. */
	if (number == 0 || number >= store->room)
		return;
	store->table[number].next = store->unused;
	__atomic_store_n(&store->table[number].unit, MEMS_UNIT_NONE,
			 __ATOMIC_RELAXED);
	store->words->unused = store->unused = number;
}

void mems__table_clear(struct store *store)
{
	store->words->count = store->count = 1;
	store->words->unused = store->unused = MEMS_UNIT_NONE;
	if (store->table != NULL)
		memset(store->table + 1, 0xff,
		       (store->room - 1) * sizeof(*store->table));
}

void mems__table_end(struct store *store)
{
	while (store->tables_count > 0)
		(void)mems__source_give(&store->source,
				store->tables[--store->tables_count]);
	store->table = NULL;
	store->room = 0;
}

#undef LEAST

/* --------------------------------------------------------- lib/slab/tags.c */

/*
 * Tags: for each place where a slab may be, whether there is one and of which
 * class. So a free need not read the front of a slab to know that it is one.
 * They take addresses for all places, and memory by the page.
 */

/* A store that is no lasting one has them from so many slabs on. */
#define SLABS_LEAST 8

/* Make the tag of this slab one that can be set. */
static bool slab_tags__reserve(struct store *store, const void *slab)
{
	size_t page = mems__place_number(store, slab) / store->tags_page;
	uint64_t *usable = &store->tags_usable[page / 64];
	uint64_t bit = (uint64_t)1 << page % 64;

	if ((*usable & bit) == 0 &&
	    mems__pages_commit(store->tags + page * store->tags_page,
			       store->tags_page))
		*usable |= bit;
	return (*usable & bit) != 0;
}

static bool slab_tags__tag_all(struct store *store)
{
	for (uint32_t i = 1; i < store->count; i++) {
		struct mems_slab_words *slab;

		slab = mems__slab_find(store, store->table[i].unit);
		if (slab != NULL && !slab_tags__reserve(store, slab))
			return false;
		if (slab != NULL)
			mems__tag_set(store, slab, slab->size_class + 1);
	}
	return true;
}

static void slab_tags__make(struct store *store)
{
	uint64_t reach = mems__source_reach(&store->source);
	size_t count = (size_t)(reach >> store->shift) + 1;
	size_t page = mems__page_size();

	store->tags_tried = true;
	while (count / page >= TAGS_PAGES)
		page *= 2;
	store->tags_page = page;
	store->tags_bytes = (size_t)mems__round_up(count, page);
	store->tags = mems__pages_reserve(store->tags_bytes);
	if (store->tags == NULL)
		return;
	/* The count last: until then nobody looks at them. */
	if (mems__pages_show(store->tags, store->tags_bytes) &&
	    slab_tags__tag_all(store))
		__atomic_store_n(&store->tags_count, count, __ATOMIC_RELEASE);
	else
		mems__tags_end(store);
}

bool mems__tags_reserve(struct store *store, const void *slab)
{
	bool reserved = true;
	int saved = errno;

	mems__lock_take(&store->lock);
	if (!store->tags_tried &&
	    (store->lasting || store->slabs + 1 >= SLABS_LEAST))
		slab_tags__make(store);
	if (store->tags_count > 0)
		reserved = slab_tags__reserve(store, slab);
	mems__lock_drop(&store->lock);
	errno = reserved ? saved : ENOMEM;
	return reserved;
}

void mems__tag_set(struct store *store, const void *slab, uint32_t tag)
{
	if (store->tags != NULL)
		WORD_STORE(store->tags[mems__place_number(store, slab)],
			   (uint8_t)tag);
}

void mems__tags_end(struct store *store)
{
	if (store->tags != NULL)
		mems__pages_release(store->tags, store->tags_bytes);
	store->tags = NULL;
	store->tags_count = 0;
	memset(store->tags_usable, 0, sizeof(store->tags_usable));
}

#undef SLABS_LEAST

/* --------------------------------------------------------- lib/slab/take.c */

/* Taking a slot: from a magazine, or from what fills it. */

/* A word of the slab's bits that is not 0, or NULL. */
static uint32_t *slab_take__free_word(const struct shape *shape,
			   struct mems_slab_words *slab)
{
	uint32_t *bits = mems_slab_bits(slab), word = slab->hint;

	if (word < shape->words && bits[word] != 0)
		return &bits[word];
	for (word = 0; word < shape->words; word++) {
		if (bits[word] == 0)
			continue;
		slab->hint = word;
		return &bits[word];
	}
	return NULL;
}

/* A slot of the current slab, or NULL. Half as many as may be at hand are so
   then, if they are in the same word; none was before. */
static void *slab_take__take_current(struct owner *owner, unsigned class)
{
	const struct shape *shape = &owner->store->shapes[class];
	struct mems_slab_words *slab = owner->current[class];
	struct held *held = &owner->held[class];
	uint32_t *word, bits, first, count = 0, numbers[HELD_MOST / 2 + 1];
	char *slots;

	if (slab == NULL)
		return NULL;
	word = slab_take__free_word(shape, slab);
	if (word == NULL)
		return NULL;
	first = (uint32_t)(word - mems_slab_bits(slab)) * 32;
	slots = mems__slab_start(owner->store, slab) + shape->first;
	for (bits = *word; bits != 0 && count <= owner->most / 2;
	     bits &= bits - 1) {
		numbers[count] = first + mems__low_bit(bits);
		if (numbers[count] >= shape->slots)	/* C never sets it */
			break;
		count++;
	}
	if (count == 0)
		return NULL;
	WORD_STORE(*word, bits);
	slab->used += count;
	/* Numbers of one word all have marks of their own. */
	while (count-- > 1)
		(void)mems__held_give(held, slots + (size_t)numbers[count] *
				      shape->size, numbers[count]);
	return slots + (size_t)numbers[0] * shape->size;
}

/* The first slab of a list; one of another class is none. */
static struct mems_slab_words *slab_take__first_of(const struct owner *owner,
					unsigned class)
{
	struct mems_slab_words *slab = mems__slab_find(owner->store,
				owner->words->rounds[class].first);

	return slab != NULL && slab->size_class == class ? slab : NULL;
}

/* The current slab is used up: is there another one at hand? Under the lock. */
static bool slab_take__refill(struct owner *owner, unsigned class)
{
	struct store *store = owner->store;
	struct owner *common = &store->common;
	struct mems_slab_words *slab = owner->current[class];

	mems__current_set(owner, class, NULL);
	if (slab != NULL)
		slab->place = MEMS_SLAB_FULL;
	mems__owner_collect(owner);
	slab = slab_take__first_of(owner, class);
	if (slab != NULL) {
		mems__partial_remove(owner, slab);
	} else if ((slab = slab_take__first_of(common, class)) != NULL) {
		mems__partial_remove(common, slab);
	} else if (store->spare != NULL) {
		slab = store->spare;
		store->spare = NULL;
		if (store->watched)
			mems__watch_keep(mems__slab_start(store, slab),
					 (size_t)1 << store->shift);
		mems__slab_clear(store, slab, class);
		mems__tag_set(store, slab, class + 1);
	} else {
		return false;
	}
	mems__current_set(owner, class, slab);
	return true;
}

/* A new slab for this owner, who may have got a current one meanwhile. */
static bool slab_take__add_slab(struct owner *owner, struct mems_slab_words *slab)
{
	struct store *store = owner->store;

	if (!mems__table_add(store, slab, &slab->number))
		return false;
	store->slabs++;
	mems__tag_set(store, slab, slab->size_class + 1);
	WORD_STORE(slab->magazine, owner->unit);
	if (owner->current[slab->size_class] == NULL)
		mems__current_set(owner, slab->size_class, slab);
	else
		mems__partial_add(owner, slab);
	return true;
}

static bool slab_take__is_allowed(const struct store *store, uint64_t size)
{
	if (!store->capped ||
	    (store->used <= store->cap && size <= store->cap - store->used))
		return true;
	errno = ENOMEM;
	return false;
}

/* Give the owner a new slab of this class; false with errno. */
static bool slab_take__make_slab(struct owner *owner, unsigned class)
{
	struct store *store = owner->store;
	struct mems_slab_words *slab = mems__slab_make(store, class);
	bool added = false;

	while (slab != NULL && !added && mems__table_reserve(store) &&
	       mems__tags_reserve(store, slab)) {
		mems__lock_take(&store->lock);
		added = slab_take__add_slab(owner, slab);
		mems__lock_drop(&store->lock);
	}
	if (slab != NULL && !added)
		mems__slab_end(store, slab);
	return added;
}

/* From the magazine of an owner that is here, or the common one. */
static NOINLINE void *slab_take__take_locked(struct owner *owner, unsigned class)
{
	struct store *store = owner->store;
	size_t size = store->shapes[class].size;
	void *slot = NULL;
	bool allowed;

	do {
		mems__lock_take(&store->lock);
		allowed = slab_take__is_allowed(store, size);
		while (allowed) {
			slot = slab_take__take_current(owner, class);
			if (slot != NULL || !slab_take__refill(owner, class))
				break;
		}
		if (slot != NULL && store->capped)
			store->used += size;
		mems__lock_drop(&store->lock);
		/* Without the lock: it calls the constructor. */
	} while (allowed && slot == NULL && slab_take__make_slab(owner, class));
	if (slot != NULL && store->watched)
		mems__slab_watch(store, slot, size, true);
	return slot;
}

void *mems__take_any(struct owner *owner, unsigned class)
{
	void *slot;

	if (!mems__owner_is_here(owner))
		return slab_take__take_locked(&owner->store->common, class);
	if (owner->held[class].count > 0)
		return mems__held_take(&owner->held[class]);
	slot = slab_take__take_current(owner, class);
	return slot != NULL ? slot : slab_take__take_locked(owner, class);
}

/* ------------------------------------------------------- lib/arena/arena.h */

/*
 * Inside an arena: what the files of this layer share.
 *
 * An arena is a chain of chunks, the newest first; the words of the arena lie
 * in the oldest. An intermediate arena has one chunk, with nothing but the
 * words, and a store of slabs. What the words cannot tell, since it means
 * something in this process only, is here: who is to be called at the end.
 */
#ifndef MEMS_ARENA_ARENA_H
#define MEMS_ARENA_ARENA_H

/* What is to happen when the arena is reset or ends: a call, or the end of a
   child. */
struct ending {
	struct ending *older, *newer;
	uint64_t number;	/* they rise; see mems_arena_mark */
	mems_arena_cleanup_fn *callback;	/* NULL: a child */
	void *arg;
};

struct arena {
	struct mems_arena face;	/* first: what users hold */
	uint32_t alive;		/* ARENA_ALIVE until its end */
	uint32_t lifetime;
	uint32_t handles;	/* under the lock of all arenas */
	bool shared;
	bool watched;		/* a memory checker wants to know each block */
	bool lasting;		/* of the process: it is not to be destroyed */
	struct source source;
	struct mems_arena_words *words;
	uint64_t cap;
	uint64_t room;		/* bytes for blocks in all chunks */
	uint64_t frees;		/* persistent */
	uint64_t numbers;	/* of endings so far */
	uint32_t chunks;
	struct store *store;	/* intermediate */
	struct ending *endings;	/* the newest */
	struct arena *parent;
	struct ending in_parent;

	/* What stays for the next one when it has ended. */
	struct lock lock;	/* shared: of new chunks and endings */
	struct arena *next;	/* of all arenas; under the lock of all */
	struct arena *unused;	/* of those that ended; likewise */
};

#define ARENA_ALIVE 0x4e455241u

/* A chain cannot be longer, whatever the words say: chunks double, but for
   those of which there was less. */
#define CHAIN_MOST 4096

#define FRONT MEMS_ARENA_FRONT

static inline struct arena *mems__arena_of(const mems_arena *handle)
{
	struct arena *arena = (struct arena *)(uintptr_t)handle;

	if (arena != NULL && arena->alive == ARENA_ALIVE)
		return arena;
	errno = EINVAL;
	return NULL;
}

/* One thread at a time uses an arena that is not shared. */
static inline void mems__arena_lock(struct arena *arena)
{
	if (arena->shared)
		mems__lock_take(&arena->lock);
}

static inline void mems__arena_drop(struct arena *arena)
{
	if (arena->shared)
		mems__lock_drop(&arena->lock);
}

/* chunk.c: the first chunk, with `bytes` for blocks; NULL with errno. */
struct mems_chunk_words *mems__chunk_first(struct arena *arena,
					   uint32_t bytes);
/* One more, for a block of `size` at a multiple of `alignment` that is not in
   `full`, or there is another one by now; false with errno. */
bool mems__chunk_add(struct arena *arena, const struct mems_chunk_words *full,
		     size_t size, size_t alignment);
/* Make `top` of this chunk the arena's place, and give up newer ones. */
void mems__chunk_return(struct arena *arena, uint32_t chunk, uint32_t top);
/* It is no more. */
bool mems__chunk_give(const struct arena *arena,
		      struct mems_chunk_words *chunk);
/* The chunk with this unit, or NULL. */
struct mems_chunk_words *mems__chunk_at(const struct arena *arena,
					uint32_t unit);
/* The current one, and how far it is used. */
struct mems_chunk_words *mems__chunk_current(const struct arena *arena);
uint32_t mems__chunk_top(const struct arena *arena,
			 const struct mems_chunk_words *chunk);
/* Where its first block lies. */
uint32_t mems__chunk_start(const struct arena *arena,
			   const struct mems_chunk_words *chunk);

/* bump.c: a block behind the last one. */
void *mems__bump(struct arena *arena, size_t size, size_t alignment);

/* ending.c */
bool mems__ending_add(struct arena *arena, mems_arena_cleanup_fn *callback,
		      void *arg);
void mems__ending_add_child(struct arena *parent, struct arena *child);
void mems__ending_remove(struct arena *parent, struct ending *ending);
/* Call those with numbers above `last`, the newest first. */
void mems__endings_call(struct arena *arena, uint64_t last);

/* arena.c: without asking whether it may be. */
void mems__arena_end(struct arena *arena);

#endif

/* ------------------------------------------------------- lib/arena/arena.c */

/* Arenas, as users see them. */

/* Bytes of blocks in the first chunk; with its words a page. */
#define FIRST (4096 - FRONT)
#define ALIGNMENT_MOST 65536

/* Slabs of intermediate arenas: 8 KiB, since there may be many of these. */
#define SLAB_SHIFT 13

static struct lock arena_arena__arenas_lock = LOCK_INIT(LOCK_ARENAS);
static struct arena *arena_arena__arenas;	/* all that there ever were */
static struct arena *arena_arena__unused;	/* those of them that ended, */
static struct arena *arena_arena__spare;	/* and one that is had without the lock */
static struct pool arena_arena__pool = {
	.size = (sizeof(struct arena) + 63) & ~(size_t)63,
	.link = offsetof(struct arena, unused),
};

/* -------------------------------------------------------------------- fork */

static void arena_arena__before_fork(void)
{
	mems__lock_take_unranked(&arena_arena__arenas_lock);
	for (struct arena *arena = arena_arena__arenas; arena != NULL; arena = arena->next)
		mems__lock_take_unranked(&arena->lock);
}

static void arena_arena__in_parent(void)
{
	for (struct arena *arena = arena_arena__arenas; arena != NULL; arena = arena->next)
		mems__lock_drop_unranked(&arena->lock);
	mems__lock_drop_unranked(&arena_arena__arenas_lock);
}

static void arena_arena__in_child(void)
{
	arena_arena__arenas_lock.word = 0;
	for (struct arena *arena = arena_arena__arenas; arena != NULL; arena = arena->next) {
		arena->lock.word = 0;
		if (arena->alive == ARENA_ALIVE &&
		    !mems__source_came_along(&arena->source))
			arena->alive = 0;
	}
}

/* After the hooks of the layers below, whose locks are taken later. */
static bool arena_arena__start(void)
{
	static bool hooked;

	hooked = hooked || (mems__stores_start() &&
			    mems__fork_hooks(arena_arena__before_fork, arena_arena__in_parent, arena_arena__in_child));
	return hooked;
}

/* ---------------------------------------------------------------- creation */

static bool arena_arena__is_right(const struct mems_arena_options *options)
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
static bool arena_arena__find_source(const struct mems_arena_options *options,
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
static struct arena *arena_arena__take_locked(void)
{
	struct arena *arena = NULL;

	mems__lock_take(&arena_arena__arenas_lock);
	if (arena_arena__unused != NULL) {
		arena = arena_arena__unused;
		arena_arena__unused = arena->unused;
	} else if (arena_arena__start() && (arena = mems__pool_take(&arena_arena__pool)) != NULL) {
		arena->lock = (struct lock)LOCK_INIT(LOCK_ARENA);
		arena->next = arena_arena__arenas;
		arena_arena__arenas = arena;
	}
	mems__lock_drop(&arena_arena__arenas_lock);
	return arena;
}

static struct arena *arena_arena__take(void)
{
	struct arena *arena = __atomic_exchange_n(&arena_arena__spare, NULL,
						  __ATOMIC_ACQUIRE);

	if (arena == NULL)
		arena = arena_arena__take_locked();
	if (arena == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	memset(&arena->lifetime, 0, offsetof(struct arena, lock) -
				    offsetof(struct arena, lifetime));
	return arena;
}

static void arena_arena__give(struct arena *arena)
{
	arena = __atomic_exchange_n(&arena_arena__spare, arena, __ATOMIC_ACQ_REL);
	if (arena == NULL)
		return;
	mems__lock_take(&arena_arena__arenas_lock);
	arena->unused = arena_arena__unused;
	arena_arena__unused = arena;
	mems__lock_drop(&arena_arena__arenas_lock);
}

static bool arena_arena__make_store(struct arena *arena)
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

static bool arena_arena__build(struct arena *arena, const struct mems_arena_options *options)
{
	uint32_t first = options->first;
	struct mems_chunk_words *chunk;

	if (arena->lifetime == MEMS_INTERMEDIATE) {
		chunk = mems__chunk_first(arena, 0);
		if (chunk == NULL)
			return false;
		if (arena_arena__make_store(arena))
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
	if (!arena_arena__is_right(options) || !arena_arena__find_source(options, &source)) {
		errno = EINVAL;
		return NULL;
	}
	arena = arena_arena__take();
	if (arena == NULL)
		return NULL;
	arena->source = source;
	arena->lifetime = options->lifetime;
	arena->cap = options->cap;
	arena->handles = 1;
	arena->shared = (options->flags & MEMS_ARENA_SHARED) != 0;
	arena->watched = mems__watched();
	if (!arena_arena__build(arena, options)) {
		arena_arena__give(arena);
		return NULL;
	}
	if (options->parent != NULL)
		mems__ending_add_child(mems__arena_of(options->parent), arena);
	/* Whoever attaches may look at it from now on. */
	__atomic_store_n(&arena->alive, ARENA_ALIVE, __ATOMIC_RELEASE);
	return &arena->face;
}

/* --------------------------------------------------------------- the blocks */

static void *arena_arena__take_block(struct arena *arena, size_t size, size_t alignment)
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
static bool arena_arena__may_be(const struct arena *arena, const void *block, size_t size)
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
		return arena_arena__take_block(arena, size, 16);
	block = (char *)mems__at_unit(&arena->source, head->chunk) + top;
	if (unlikely(!arena_arena__may_be(arena, block, size)))
		return arena_arena__take_block(arena, size, 16);
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
	return arena_arena__take_block(arena, size, alignment < 16 ? 16 : alignment);
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
static struct mems_chunk_words *arena_arena__chunk_of(const struct arena *arena,
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
static void arena_arena__take_back(struct arena *arena, struct mems_chunk_words *chunk,
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
static int arena_arena__free_block(struct arena *arena, void *block, size_t size)
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
	chunk = arena_arena__chunk_of(arena, block);
	if (chunk == NULL || (uintptr_t)block % 16 != 0)
		return -EINVAL;
	if (size > mems__chunk_top(arena, chunk) -
	    (size_t)((char *)block - (char *)chunk))
		return -EINVAL;
	if (arena->lifetime == MEMS_PERSISTENT) {
		__atomic_fetch_add(&arena->frees, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&arena->words->frees, 1, __ATOMIC_RELAXED);
	} else if (size > 0) {
		arena_arena__take_back(arena, chunk, block, size);
	}
	return 0;
}

int mems_arena_free(mems_arena *handle, void *block)
{
	struct arena *arena = mems__arena_of(handle);

	return arena == NULL ? -EINVAL : arena_arena__free_block(arena, block, 0);
}

int mems_arena_free_sized(mems_arena *handle, void *block, size_t size)
{
	struct arena *arena = mems__arena_of(handle);

	return arena == NULL || size == 0 ? -EINVAL :
					    arena_arena__free_block(arena, block, size);
}

int mems_arena_contains(const mems_arena *handle, const void *memory)
{
	struct arena *arena = mems__arena_of(handle);

	if (arena == NULL)
		return -EINVAL;
	if (arena->lifetime == MEMS_INTERMEDIATE)
		return mems__store_size(arena->store, memory) > 0;
	return arena_arena__chunk_of(arena, memory) != NULL;
}

/* ----------------------------------------------------------- marks and ends */

static void arena_arena__advance(uint32_t *number)
{
	uint32_t next = *number + 1;

	*number = next != 0 ? next : 1;
}

static void arena_arena__next_generation(struct arena *arena)
{
	arena_arena__advance(&arena->face.head->generation);
}

int mems_arena_reset(mems_arena *handle)
{
	struct arena *arena = mems__arena_of(handle);

	if (arena == NULL)
		return -EINVAL;
	if (unlikely(arena->endings != NULL))
		mems__endings_call(arena, 0);
	arena_arena__next_generation(arena);
	arena_arena__advance(&arena->words->resets);
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
	arena_arena__next_generation(arena);
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
	arena_arena__next_generation(arena);
	arena->words->kind = 0;
	(void)mems__chunk_give(arena, first);
	arena_arena__give(arena);
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
	mems__lock_take(&arena_arena__arenas_lock);
	for (arena = arena_arena__arenas; arena != NULL; arena = arena->next)
		if (__atomic_load_n(&arena->alive, __ATOMIC_ACQUIRE) ==
			    ARENA_ALIVE &&
		    arena->source.space == space &&
		    (const void *)arena->words == mems_space_get(space, va))
			break;
	if (arena != NULL)
		arena->handles++;
	mems__lock_drop(&arena_arena__arenas_lock);
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
	mems__lock_take(&arena_arena__arenas_lock);
	last = --arena->handles == 0;
	mems__lock_drop(&arena_arena__arenas_lock);
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

static const char *arena_arena__check_chunks(const struct arena *arena)
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
		uint32_t arena_arena__start = mems__chunk_start(arena, chunk);
		uint32_t top = mems__chunk_top(arena, chunk);

		if (++chunks > arena->chunks)
			return "there are more chunks than were counted";
		if (top < arena_arena__start || top % 16 != 0 || chunk->end % 16 != 0)
			return "a chunk has a wrong top";
		room += chunk->end - arena_arena__start;
		if (arena_arena__start == FRONT && chunk->before != MEMS_UNIT_NONE)
			return "there is a chunk before the first";
	}
	if (chunks != arena->chunks || arena->words->chunks != chunks)
		return "there are fewer chunks than were counted";
	if (room != arena->room)
		return "the chunks have not the room that was counted";
	return NULL;
}

static const char *arena_arena__check(const struct arena *arena)
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
	wrong = arena_arena__check_chunks(arena);
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
	wrong = arena_arena__check(arena);
	mems__arena_drop(arena);
	if (wrong == NULL)
		return 0;
	mems__text_report(report, length, wrong);
	return -EBADMSG;
}

#undef FIRST
#undef ALIGNMENT_MOST
#undef SLAB_SHIFT

/* -------------------------------------------------------- lib/arena/bump.c */

/* Blocks that lie one behind the other. */

/* Where a block would begin in the chunk, and where it would end; false: not
   in this one. */
static bool arena_bump__place_block(const struct mems_chunk_words *chunk, uint32_t top,
			size_t size, size_t alignment, uint64_t *first,
			uint64_t *end)
{
	uint64_t past = ((uintptr_t)chunk + top) % alignment;

	*first = top + (past == 0 ? 0 : alignment - past);
	*end = *first + mems__round_up((uint64_t)size, 16);
	return *end <= chunk->end;
}

static void *arena_bump__bump_alone(struct arena *arena, struct mems_chunk_words *chunk,
			size_t size, size_t alignment)
{
	struct mems_arena_head *head = arena->face.head;
	uint64_t first, end;

	if (chunk == NULL || !arena_bump__place_block(chunk, mems__chunk_top(arena, chunk),
					  size, alignment, &first, &end))
		return NULL;
	if (arena->watched) {
		mems__watch_allow((char *)chunk + first, size);
		/* The next one must ask again. */
		head->end = (uint32_t)end;
	}
	head->top = (uint32_t)end;
	return (char *)chunk + first;
}

/* Each chunk has its own top, so a thread that still sees the last chunk does
   not take from this one. */
static void *arena_bump__bump_shared(struct arena *arena, struct mems_chunk_words *chunk,
			 size_t size, size_t alignment)
{
	uint32_t top;
	uint64_t first, end;

	if (chunk == NULL)
		return NULL;
	top = __atomic_load_n(&chunk->top, __ATOMIC_RELAXED);
	do
		if (!arena_bump__place_block(chunk, top, size, alignment, &first, &end))
			return NULL;
	while (!__atomic_compare_exchange_n(&chunk->top, &top, (uint32_t)end,
					    true, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED));
	if (arena->watched)
		mems__watch_allow((char *)chunk + first, size);
	return (char *)chunk + first;
}

void *mems__bump(struct arena *arena, size_t size, size_t alignment)
{
	struct mems_chunk_words *chunk;
	void *block;

	if (size > SIZE_MAX / 4) {
		errno = ENOMEM;
		return NULL;
	}
	do {
		chunk = mems__chunk_current(arena);
		block = arena->shared ?
			arena_bump__bump_shared(arena, chunk, size, alignment) :
			arena_bump__bump_alone(arena, chunk, size, alignment);
	} while (block == NULL &&
		 mems__chunk_add(arena, chunk, size, alignment));
	return block;
}

/* ------------------------------------------------------- lib/arena/chunk.c */

/*
 * The chunks of an arena. Each is twice as large as the last, so there are few,
 * and giving them up does not depend on the number of blocks.
 *
 * Their words lie in the region: what they say is looked at.
 */

/* Top and end have 32 bits, and a chunk is in one window of 4 GiB. */
#define CHUNK_MOST ((uint64_t)1 << 31)

struct mems_chunk_words *mems__chunk_at(const struct arena *arena,
					uint32_t unit)
{
	struct mems_chunk_words *chunk;

	if (unit == MEMS_UNIT_NONE)
		return NULL;
	chunk = mems__at_unit(&arena->source, unit);
	if (!mems__source_has(&arena->source, chunk, sizeof(*chunk)) ||
	    (arena->watched && !mems__watch_holds(chunk, sizeof(*chunk))) ||
	    chunk->kind != MEMS_WORDS_CHUNK ||
	    !mems__source_has(&arena->source, chunk, chunk->end))
		return NULL;
	return chunk;
}

struct mems_chunk_words *mems__chunk_current(const struct arena *arena)
{
	return mems__chunk_at(arena, __atomic_load_n(&arena->face.head->chunk,
						     __ATOMIC_ACQUIRE));
}

uint32_t mems__chunk_start(const struct arena *arena,
			   const struct mems_chunk_words *chunk)
{
	return (const void *)arena->words == (const void *)(chunk + 1) ?
	       FRONT : sizeof(*chunk);
}

uint32_t mems__chunk_top(const struct arena *arena,
			 const struct mems_chunk_words *chunk)
{
	const struct mems_arena_head *head = arena->face.head;
	uint32_t top = __atomic_load_n(&chunk->top, __ATOMIC_RELAXED);

	if (!arena->shared &&
	    head->chunk == mems__unit_of(&arena->source, chunk))
		top = head->top;
	return top < chunk->end ? top : chunk->end;
}

/* Who watches is told of each block, so none may be had without a call. */
static void arena_chunk__set_head(struct arena *arena, struct mems_chunk_words *chunk,
		     uint32_t top)
{
	struct mems_arena_head *head = arena->face.head;

	chunk->top = top;
	if (arena->shared) {
		/* Top and end stay 0. */
		__atomic_store_n(&head->chunk, mems__unit_of(&arena->source,
							     chunk),
				 __ATOMIC_RELEASE);
		return;
	}
	head->end = 0;
	head->top = top;
	head->chunk = mems__unit_of(&arena->source, chunk);
	head->end = arena->watched ? top : chunk->end;
}

static void arena_chunk__set_room(struct arena *arena, uint64_t room)
{
	arena->room = room;
	arena->words->room[0] = (uint32_t)room;
	arena->words->room[1] = (uint32_t)(room >> 32);
	arena->words->chunks = arena->chunks;
}

static struct mems_chunk_words *arena_chunk__take(struct arena *arena, uint64_t size)
{
	struct mems_chunk_words *chunk = NULL;

	if (size <= CHUNK_MOST)
		chunk = mems__source_take(&arena->source, (size_t)size, 16);
	else
		errno = ENOMEM;
	if (chunk == NULL)
		return NULL;
	if (arena->watched)
		mems__watch_allow(chunk, (size_t)size);
	chunk->kind = MEMS_WORDS_CHUNK;
	chunk->before = MEMS_UNIT_NONE;
	chunk->end = (uint32_t)size;
	return chunk;
}

static void arena_chunk__forbid(const struct arena *arena, struct mems_chunk_words *chunk,
		   uint32_t top)
{
	if (arena->watched && top < chunk->end)
		mems__watch_forbid((char *)chunk + top, chunk->end - top);
}

struct mems_chunk_words *mems__chunk_first(struct arena *arena, uint32_t bytes)
{
	struct mems_chunk_words *chunk;

	chunk = arena_chunk__take(arena, FRONT + mems__round_up(bytes, 16));
	if (chunk == NULL)
		return NULL;
	arena->words = (struct mems_arena_words *)(chunk + 1);
	*arena->words = (struct mems_arena_words){
		.kind = MEMS_WORDS_ARENA,
		.lifetime = arena->lifetime,
		.flags = (arena->shared ? MEMS_ARENA_SHARED : 0) |
			 (arena->watched ? MEMS_ARENA_CALLS : 0),
		.resets = 1,
		.first = mems__unit_of(&arena->source, chunk),
		.store = MEMS_UNIT_NONE,
		.cap = { (uint32_t)arena->cap, (uint32_t)(arena->cap >> 32) },
	};
	arena->face.head = &arena->words->head;
	arena->face.origin = arena->source.origin;
	arena->face.head->generation = 1;
	arena->chunks = 1;
	arena_chunk__set_room(arena, chunk->end - FRONT);
	arena_chunk__set_head(arena, chunk, FRONT);
	arena_chunk__forbid(arena, chunk, FRONT);
	return chunk;
}

/* The bytes that a new chunk has for blocks, at least `need`; 0: the cap. */
static uint64_t arena_chunk__next_room(const struct arena *arena,
			  const struct mems_chunk_words *current,
			  uint64_t need)
{
	uint64_t room = mems__max(2 * (uint64_t)current->end, need);

	room = mems__min(room, CHUNK_MOST - sizeof(*current));
	if (arena->cap != 0) {
		uint64_t left = arena->cap - mems__min(arena->cap,
						       arena->room);

		room = mems__min(room, mems__round_down(left, 16));
	}
	return room < need ? 0 : room;
}

/* Make `chunk` the current one; false: `current` is not any more. */
static bool arena_chunk__append(struct arena *arena, struct mems_chunk_words *chunk,
		   struct mems_chunk_words *current)
{
	bool right;

	chunk->before = mems__unit_of(&arena->source, current);
	arena_chunk__forbid(arena, chunk, sizeof(*chunk));
	mems__arena_lock(arena);
	right = mems__chunk_current(arena) == current;
	if (right) {
		if (!arena->shared)
			current->top = arena->face.head->top;
		arena->chunks++;
		arena_chunk__set_room(arena, arena->room + chunk->end - sizeof(*chunk));
		arena_chunk__set_head(arena, chunk, sizeof(*chunk));
	}
	mems__arena_drop(arena);
	return right;
}

bool mems__chunk_add(struct arena *arena, const struct mems_chunk_words *full,
		     size_t size, size_t alignment)
{
	uint64_t need = mems__round_up((uint64_t)size, 16) + alignment - 16;
	struct mems_chunk_words *current, *chunk = NULL;
	uint64_t room = 0;

	mems__arena_lock(arena);
	current = mems__chunk_current(arena);
	if (current == full && current != NULL && arena->chunks < CHAIN_MOST)
		room = arena_chunk__next_room(arena, current, need);
	mems__arena_drop(arena);
	/* Another thread has added one, which may have all the room wanted. */
	if (current != full)
		return true;
	errno = ENOMEM;
	if (room == 0)
		return false;
	/* Without the lock: this may call a limit's callback. */
	chunk = arena_chunk__take(arena, sizeof(*chunk) + room);
	if (chunk == NULL && room > need)
		chunk = arena_chunk__take(arena, sizeof(*chunk) + need);
	/* Another thread may have been faster. */
	if (chunk == NULL)
		return mems__chunk_current(arena) != current;
	if (!arena_chunk__append(arena, chunk, current))
		(void)mems__chunk_give(arena, chunk);
	return true;
}

bool mems__chunk_give(const struct arena *arena, struct mems_chunk_words *chunk)
{
	chunk->kind = 0;
	if (arena->watched)
		mems__watch_allow(chunk, chunk->end);
	return mems__source_give(&arena->source, chunk);
}

void mems__chunk_return(struct arena *arena, uint32_t unit, uint32_t top)
{
	struct mems_chunk_words *chunk = mems__chunk_current(arena);
	struct mems_chunk_words *target = mems__chunk_at(arena, unit);
	uint64_t room = arena->room;

	if (target == NULL)
		return;
	/* First the place, then what lies behind it: who is lost between the
	   two leaves chunks, but no pointer to them. */
	arena_chunk__set_head(arena, target, top);
	arena_chunk__forbid(arena, target, top);
	for (unsigned i = 0; chunk != NULL && chunk != target &&
	     i < CHAIN_MOST; i++) {
		struct mems_chunk_words *before;

		before = mems__chunk_at(arena, chunk->before);
		room -= mems__min(room, chunk->end - sizeof(*chunk));
		arena->chunks--;
		if (!mems__chunk_give(arena, chunk))
			break;
		chunk = before;
	}
	arena_chunk__set_room(arena, room);
}

#undef CHUNK_MOST

/* ------------------------------------------------------ lib/arena/ending.c */

/* What is called when an arena is reset or ends, and its children. */

/* Tell who writes words whether a reset is its own. */
static void arena_ending__set_flag(struct arena *arena)
{
	if (arena->endings != NULL || arena->watched)
		arena->words->flags |= MEMS_ARENA_CALLS;
	else
		arena->words->flags &= ~MEMS_ARENA_CALLS;
}

static void arena_ending__append(struct arena *arena, struct ending *ending)
{
	mems__arena_lock(arena);
	ending->number = ++arena->numbers;
	ending->newer = NULL;
	ending->older = arena->endings;
	if (arena->endings != NULL)
		arena->endings->newer = ending;
	arena->endings = ending;
	arena_ending__set_flag(arena);
	mems__arena_drop(arena);
}

void mems__ending_remove(struct arena *arena, struct ending *ending)
{
	mems__arena_lock(arena);
	if (ending->older != NULL)
		ending->older->newer = ending->newer;
	if (ending->newer != NULL)
		ending->newer->older = ending->older;
	else
		arena->endings = ending->older;
	arena_ending__set_flag(arena);
	mems__arena_drop(arena);
}

bool mems__ending_add(struct arena *arena, mems_arena_cleanup_fn *callback,
		      void *arg)
{
	struct ending *ending = mems_heap_alloc(NULL, sizeof(*ending));

	if (ending == NULL)
		return false;
	ending->callback = callback;
	ending->arg = arg;
	arena_ending__append(arena, ending);
	return true;
}

void mems__ending_add_child(struct arena *parent, struct arena *child)
{
	child->parent = parent;
	child->in_parent.callback = NULL;
	child->in_parent.arg = child;
	arena_ending__append(parent, &child->in_parent);
}

void mems__endings_call(struct arena *arena, uint64_t last)
{
	struct ending *ending;

	while ((ending = arena->endings) != NULL && ending->number > last) {
		mems_arena_cleanup_fn *callback = ending->callback;
		void *arg = ending->arg;

		if (callback == NULL) {
			/* It takes itself out of the list. */
			mems__arena_end(arg);
			continue;
		}
		mems__ending_remove(arena, ending);
		mems_heap_free(ending);
		callback(arg);
	}
}

/* ------------------------------------------------- lib/stats/arena_stats.c */

/* The counts of arenas, slab caches and depots. */

/* What the first versions of the structs had; they only grow. */
#define ARENA_STATS_LEAST sizeof(struct mems_arena_stats)
#define SLAB_STATS_LEAST sizeof(struct mems_slab_stats)

static int stats_arena_stats__count_block(void *block, size_t size, void *arg)
{
	struct mems_slab_stats *stats = arg;

	(void)block;
	stats->blocks++;
	stats->used += size;
	return 0;
}

static void stats_arena_stats__count_store(struct store *store, struct mems_slab_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	(void)mems__store_walk(store, stats_arena_stats__count_block, stats);
	mems__lock_take(&store->lock);
	stats->slabs = store->slabs;
	stats->large_blocks = store->large;
	stats->large_used = store->large_bytes;
	mems__lock_drop(&store->lock);
	stats->handles = mems__store_handles(store);
	stats->held = (stats->slabs << store->shift) + stats->large_used;
	stats->slab_size = (uint32_t)1 << store->shift;
	if (store->classes > 1)
		return;
	stats->slot_size = store->shapes[0].size;
	stats->cap = store->cap / stats->slot_size;
}

static void stats_arena_stats__fill(void *stats, size_t size, const void *from, size_t whole)
{
	memcpy(stats, from, mems__min(size, whole));
	*(size_t *)stats = size;
}

static void stats_arena_stats__count_chunks(const struct arena *arena,
			 struct mems_arena_stats *stats)
{
	struct mems_chunk_words *chunk = mems__chunk_current(arena);

	for (unsigned i = 0; chunk != NULL && i < CHAIN_MOST; i++) {
		stats->chunks++;
		stats->held += chunk->end;
		stats->used += mems__chunk_top(arena, chunk) -
			       mems__chunk_start(arena, chunk);
		chunk = mems__chunk_at(arena, chunk->before);
	}
}

int mems_arena_stats(const mems_arena *handle, struct mems_arena_stats *stats)
{
	const struct arena *arena = mems__arena_of(handle);
	struct mems_arena_stats counts = { 0 };
	struct mems_slab_stats slabs;

	if (arena == NULL || stats == NULL || stats->size < ARENA_STATS_LEAST)
		return -EINVAL;
	stats_arena_stats__count_chunks(arena, &counts);
	counts.cap = arena->cap;
	counts.frees = __atomic_load_n(&arena->frees, __ATOMIC_RELAXED);
	counts.generation = arena->face.head->generation;
	counts.lifetime = arena->lifetime;
	if (arena->store != NULL) {
		stats_arena_stats__count_store(arena->store, &slabs);
		counts.held += slabs.held;
		counts.used = slabs.used;
		counts.chunks = slabs.slabs + slabs.large_blocks;
		counts.blocks = slabs.blocks;
	}
	stats_arena_stats__fill(stats, stats->size, &counts, sizeof(counts));
	return 0;
}

static int stats_arena_stats__handle_stats(const void *pointer, enum owner_kind kind,
			struct mems_slab_stats *stats)
{
	const struct owner *owner = mems__handle_of(pointer, kind);
	struct mems_slab_stats counts;

	if (owner == NULL || stats == NULL || stats->size < SLAB_STATS_LEAST)
		return -EINVAL;
	stats_arena_stats__count_store(owner->store, &counts);
	stats_arena_stats__fill(stats, stats->size, &counts, sizeof(counts));
	return 0;
}

int mems_slab_stats(mems_slab *slab, struct mems_slab_stats *stats)
{
	return stats_arena_stats__handle_stats(slab, OWNER_SLAB, stats);
}

int mems_depot_stats(mems_depot *depot, struct mems_slab_stats *stats)
{
	return stats_arena_stats__handle_stats(depot, OWNER_DEPOT, stats);
}

#undef ARENA_STATS_LEAST
#undef SLAB_STATS_LEAST

/* ----------------------------------------------------- lib/stats/collect.c */

/* The counts of a space, in the form that users get. */

/* What the first version of the struct had; it only grows. */
#define STATS_SIZE_LEAST sizeof(struct mems_space_stats)

static void stats_collect__collect(struct space *space, struct mems_space_stats *stats)
{
	const struct region *region = space->region;

	stats->maximum = region->maximum;
	stats->wanted = region->wanted;
	stats->mapped = region->brk;
	stats->used = region->used << space->shift;
	stats->used_peak = region->used_peak << space->shift;
	stats->unused = stats->mapped - stats->used;
	stats->largest_hole = mems__holes_largest(space) << space->shift;
	stats->pages = region->brk / MEMS_PAGE_SIZE;
	stats->nodes = region->nodes;
	stats->blocks = region->allocations - region->frees;
	stats->holes = region->holes;
	stats->allocations = region->allocations;
	stats->frees = region->frees;
	stats->metadata = mems__region_metadata(space);
	stats->returned = region->returned;
	stats->growth = region->growth;
	stats->soft_limit = region->soft_limit;
	stats->hard_limit = region->hard_limit;
	stats->granule = region->granule;
	stats->policy = region->policy;
}

int mems_space_stats(mems_space *handle, struct mems_space_stats *stats)
{
	struct space *space = mems__space_of(handle);
	struct mems_space_stats all = { .size = sizeof(all) };
	size_t size;

	if (space == NULL || stats == NULL || stats->size < STATS_SIZE_LEAST)
		return -EINVAL;
	mems__lock_take(&space->lock);
	stats_collect__collect(space, &all);
	mems__lock_drop(&space->lock);
	/* A newer caller's further fields stay as they are. */
	size = stats->size;
	memcpy(stats, &all, mems__min(size, sizeof(all)));
	stats->size = size;
	return 0;
}

#undef STATS_SIZE_LEAST

/* -------------------------------------------------------- lib/stats/draw.h */

/*
 * What the parts of a picture of a space share: see draw.c.
 *
 * Lengths along x are in tenths of a pixel, those along y in pixels.
 */
#ifndef MEMS_STATS_DRAW_H
#define MEMS_STATS_DRAW_H

/*
 * Up to so many nodes and segments, each is shown; more would be neither
 * legible nor a small file. The text of one segment is at most about 280 bytes.
 */
#define DRAW_ROWS 40
#define DRAW_SEGMENTS 1000

#define DRAW_TOP 124		/* y of what follows head and legend */
#define DRAW_LEGEND 91		/* y of the middle of the legend's signs */

/* The chains: a row or more for each node. */
void mems__draw_rows(struct text *text, mems_space *space,
		     const struct mems_space_stats *stats);

/* The addresses as a map of cells, each as dark as its part is full. */
void mems__draw_map(struct text *text, mems_space *space,
		    const struct mems_space_stats *stats);

/* Open the document: its size, style, title and counts. */
void mems__draw_head(struct text *text, const struct mems_space_stats *stats,
		     uint64_t height);

/* Say, at the foot, that there was more to show than was counted before. */
void mems__draw_cut(struct text *text, uint64_t height);

/* A number of bytes for people: 4096 bytes, 12.5 MiB. */
void mems__draw_bytes(struct text *text, uint64_t bytes);

/* `n blocks`, or `1 block`, for the noun `block`. */
void mems__draw_count(struct text *text, uint64_t n, const char *noun);

/* Decimal digits of a number. */
unsigned mems__draw_digits(uint64_t n);

/* part / whole of `of`, rounded down; 0 if whole is 0. */
uint64_t mems__draw_share(uint64_t part, uint64_t whole, uint64_t of);

#endif

/* -------------------------------------------------------- lib/stats/draw.c */

/*
 * A space as one SVG document.
 *
 * A small space is shown segment by segment, a large one as a map. The form is
 * chosen from the statistics, and so are the size of the page and the number of
 * rows; when the space grows while it is drawn, the picture stops at its foot
 * and says so. So the document stays below 300 KB whatever the space holds.
 *
 * Everything is told apart by lightness, so it survives grey printers and any
 * eye. Class names hold only inside `.mems`, and there are no ids, so several
 * pictures can stand in one HTML page.
 */

static const char stats_draw__draw_style[] =
	"<style>"
	".mems .t{font-size:19px;font-weight:bold}"
	".mems .q{fill:#57606a;font-size:12px}"
	".mems .g{fill:#57606a}"
	".mems .e{text-anchor:end}"
	".mems .m{text-anchor:middle}"
	".mems .w{fill:#fff;text-anchor:middle}"
	".mems .a{fill:#57606a;font-size:10px}"
	".mems .p,.mems .f5{fill:#2f659b}"
	".mems .h{fill:#f4f6f8;stroke:#8c959f}"
	".mems .n{fill:#e4e8ec}"
	".mems .l{fill:none;stroke:#24292f}"
	".mems .f1{fill:#d6e3f0}"
	".mems .f2{fill:#acc6e0}"
	".mems .f3{fill:#7fa6cd}"
	".mems .f4{fill:#5586b5}"
	"</style>\n";

uint64_t mems__draw_share(uint64_t part, uint64_t whole, uint64_t of)
{
	/* Low bits that would overflow the product do not show. */
	while (part > UINT64_MAX / of) {
		part >>= 1;
		whole >>= 1;
	}
	return whole == 0 ? 0 : part * of / whole;
}

unsigned mems__draw_digits(uint64_t n)
{
	unsigned digits = 1;

	while (n >= 10) {
		n /= 10;
		digits++;
	}
	return digits;
}

void mems__draw_bytes(struct text *text, uint64_t bytes)
{
	static const char *const units[] = {
		" KiB", " MiB", " GiB", " TiB", " PiB", " EiB"
	};
	unsigned unit = 0;

	if (bytes < 16384) {	/* exact while that is short */
		mems__text_decimal(text, bytes);
		mems__text_string(text, bytes == 1 ? " byte" : " bytes");
		return;
	}
	while (unit < 5 && bytes >> (10 * (unit + 2)) > 0)
		unit++;
	mems__text_tenths(text, mems__draw_share(bytes,
			  (uint64_t)1 << (10 * (unit + 1)), 10));
	mems__text_string(text, units[unit]);
}

void mems__draw_count(struct text *text, uint64_t n, const char *noun)
{
	uint64_t group = 1;

	while (n / group >= 1000)
		group *= 1000;
	mems__text_decimal(text, n / group);
	while (group > 1) {
		uint64_t rest = n % group;

		group /= 1000;
		rest /= group;
		mems__text_fill(text, ",$$$", (uint64_t[]){
				rest / 100, rest / 10 % 10, rest % 10 });
	}
	mems__text_string(text, " ");
	mems__text_string(text, noun);
	if (n != 1)
		mems__text_string(text, "s");
}

/* What is in use and what is free: the line that says most. */
static void stats_draw__draw_use(struct text *text, const struct mems_space_stats *stats)
{
	mems__draw_bytes(text, stats->used);
	mems__text_string(text, " used in ");
	mems__draw_count(text, stats->blocks, "block");
	mems__text_string(text, ", ");
	mems__draw_bytes(text, stats->unused);
	mems__text_string(text, " free in ");
	mems__draw_count(text, stats->holes, "hole");
}

void mems__draw_head(struct text *text, const struct mems_space_stats *stats,
		     uint64_t height)
{
	mems__text_fill(text, "<svg xmlns=\"http://www.w3.org/2000/svg\" "
			"class=\"mems\" role=\"img\" width=\"1000\" "
			"height=\"$\" viewBox=\"0 0 1000 $\" "
			"font-family=\"'Helvetica Neue',Helvetica,Arial,"
			"'Liberation Sans','DejaVu Sans',sans-serif\" "
			"font-size=\"11\" fill=\"#24292f\">\n<title>",
			(uint64_t[]){ height, height });
	stats_draw__draw_use(text, stats);
	mems__text_string(text, "</title>\n");
	mems__text_string(text, stats_draw__draw_style);
	mems__text_fill(text, "<rect width=\"1000\" height=\"$\" "
			"fill=\"#fff\"/>\n"
			"<text class=\"t\" x=\"24\" y=\"36\">",
			(uint64_t[]){ height });
	stats_draw__draw_use(text, stats);

	mems__text_string(text, "</text>\n"
			  "<text class=\"q\" x=\"24\" y=\"58\">");
	mems__draw_count(text, stats->pages, "page");
	mems__text_string(text, " in ");
	mems__draw_count(text, stats->nodes, "node");
	mems__text_fill(text, ", $ % used; largest hole ",
			(uint64_t[]){ mems__draw_share(stats->used,
						       stats->mapped, 100) });
	mems__draw_bytes(text, stats->largest_hole);
	mems__text_string(text, stats->policy == MEMS_GOOD_FIT ?
			  "; good fit" : "; first fit");
	mems__text_string(text, ", granule ");
	mems__draw_bytes(text, stats->granule);
	mems__text_string(text, ", at most ");
	mems__draw_bytes(text, stats->maximum);
	mems__text_string(text, "</text>\n");
}

void mems__draw_cut(struct text *text, uint64_t height)
{
	mems__text_fill(text, "<text class=\"q\" x=\"24\" y=\"$\">"
			"The space grew while it was drawn; the picture stops "
			"here.</text>\n", (uint64_t[]){ height - 6 });
}

static void stats_draw__draw_empty(struct text *text, const struct mems_space_stats *stats)
{
	mems__draw_head(text, stats, 140);
	mems__text_string(text,
			  "<rect class=\"l\" x=\"24.5\" y=\"80.5\" "
			  "width=\"951\" height=\"35\" "
			  "stroke-dasharray=\"4 4\"/>\n"
			  "<text class=\"g m\" x=\"500\" y=\"102\">"
			  "The main chain is empty; the first node will begin "
			  "at 1000.</text>\n");
}

int mems_space_draw(mems_space *space, mems_write_fn *write, void *arg)
{
	struct mems_space_stats stats = { .size = sizeof(stats) };
	struct text text;
	int error;

	if (write == NULL)
		return -EINVAL;
	error = mems_space_stats(space, &stats);
	if (error != 0)
		return error;
	mems__text_begin(&text, write, arg);
	if (stats.nodes == 0)
		stats_draw__draw_empty(&text, &stats);
	else if (stats.nodes <= DRAW_ROWS &&
		 stats.blocks + stats.holes <= DRAW_SEGMENTS)
		mems__draw_rows(&text, space, &stats);
	else
		mems__draw_map(&text, space, &stats);
	mems__text_string(&text, "</svg>\n");
	return mems__text_end(&text);
}

/* ---------------------------------------------------- lib/stats/draw_map.c */

/*
 * The picture of a large space: a map of equal cells, row by row in the order
 * of addresses, each as dark as its part is full.
 *
 * The walk goes up the addresses, so one row at a time is all that is kept.
 */

#define COLUMNS 64
#define CELLS (COLUMNS * 64)
#define CELL_MIN 16		/* bytes; smaller ones are a block or a hole */
#define MAP_LEFT 126
#define CELL_PITCH 13
#define SHADES 6		/* empty, and five of a fifth each */

struct stats_draw_map__map {
	struct text *text;
	uint64_t per_cell;	/* bytes */
	uint64_t cells;		/* that the page has room for */
	uint64_t cell;		/* the one at hand */
	uint64_t used, held;	/* bytes of it in blocks, and at all */
	uint64_t row_used, row_held;	/* the same of the row, cells before */
	bool mark_nodes;
	uint64_t nodes;		/* a bit for each cell of the row in which a
				   node begins */
	unsigned char shade[COLUMNS];
};

static void stats_draw_map__map_legend(struct text *text, const struct stats_draw_map__map *map)
{
	mems__text_fill(text, "<text class=\"e\" x=\"60\" y=\"$\">empty</text>"
			"<path class=\"h\" d=\"M66.5 ~h11v11h-11z\"/>\n",
			(uint64_t[]){ DRAW_LEGEND + 4, DRAW_LEGEND * 10 - 55 });
	for (uint64_t shade = 1; shade < SHADES; shade++)
		mems__text_fill(text, "<path class=\"f$\" d=\"M$ $h12v12"
				"h-12z\"/>\n",
				(uint64_t[]){ shade, 66 + shade * CELL_PITCH,
					      DRAW_LEGEND - 6 });
	mems__text_fill(text, "<text x=\"150\" y=\"$\">full, in fifths</text>\n"
			"<text x=\"240\" y=\"$\">a cell is ",
			(uint64_t[]){ DRAW_LEGEND + 4, DRAW_LEGEND + 4 });
	mems__draw_bytes(text, map->per_cell);
	mems__text_string(text, ", a row ");
	mems__draw_bytes(text, map->per_cell * COLUMNS);
	mems__text_string(text, "</text>\n");
	if (map->mark_nodes)
		mems__text_fill(text, "<path class=\"l\" stroke-width=\"2\" "
				"d=\"M560 $v12\"/><text x=\"568\" y=\"$\">"
				"a node begins</text>\n",
				(uint64_t[]){ DRAW_LEGEND - 6,
					      DRAW_LEGEND + 4 });
}

static void stats_draw_map__draw_shade(const struct stats_draw_map__map *map, uint64_t columns, unsigned shade,
		       uint64_t y)
{
	bool begun = false;

	for (uint64_t i = 0; i < columns; i++) {
		uint64_t x = MAP_LEFT + i * CELL_PITCH;

		if (map->shade[i] != shade)
			continue;
		if (!begun && shade == 0)
			mems__text_string(map->text, "<path class=\"h\" d=\"");
		else if (!begun)
			mems__text_fill(map->text, "<path class=\"f$\" d=\"",
					(uint64_t[]){ shade });
		begun = true;
		/* An outline lies on the border, half of it outside. */
		if (shade == 0)
			mems__text_fill(map->text, "M~ ~h11v11h-11z",
					(uint64_t[]){ x * 10 + 5, y * 10 + 5 });
		else
			mems__text_fill(map->text, "M$ $h12v12h-12z",
					(uint64_t[]){ x, y });
	}
	if (begun)
		mems__text_string(map->text, "\"/>\n");
}

/* Write the row that ends before the cell at hand. */
static void stats_draw_map__draw_row(struct stats_draw_map__map *map)
{
	uint64_t columns = (map->cell - 1) % COLUMNS + 1;
	uint64_t begin = map->cell - columns;
	uint64_t y = DRAW_TOP + begin / COLUMNS * CELL_PITCH;
	mems_va va = MEMS_VA_FIRST + begin * map->per_cell;
	uint64_t percent = mems__draw_share(map->row_used, map->row_held, 100);

	mems__text_fill(map->text, "<g><title>[$:$] $ % used</title>"
			"<text class=\"a e\" x=\"118\" y=\"$\">$</text>"
			"<text class=\"a e\" x=\"994\" y=\"$\">$ %</text>\n",
			(uint64_t[]){ va, va + map->row_held - 1, percent,
				      y + 10, va, y + 10, percent });
	for (unsigned shade = 0; shade < SHADES; shade++)
		stats_draw_map__draw_shade(map, columns, shade, y);
	if (map->mark_nodes && map->nodes != 0) {
		mems__text_string(map->text, "<path class=\"l\" "
				  "stroke-width=\"2\" d=\"");
		for (uint64_t i = 0; i < columns; i++)
			if (map->nodes >> i & 1)
				mems__text_fill(map->text, "M$ $v12",
						(uint64_t[]){ MAP_LEFT +
						i * CELL_PITCH, y });
		mems__text_string(map->text, "\"/>\n");
	}
	mems__text_string(map->text, "</g>\n");
	map->row_used = 0;
	map->row_held = 0;
	map->nodes = 0;
}

/* Settle the shade of the cell at hand and go to the next. */
static void stats_draw_map__end_cell(struct stats_draw_map__map *map)
{
	unsigned fifths = (unsigned)mems__draw_share(map->used, map->held, 5);

	/* Rounded up: only a cell without any block counts as empty. */
	if (map->used > 0 && map->used < map->held)
		fifths++;
	map->shade[map->cell % COLUMNS] = (unsigned char)fifths;
	map->row_used += map->used;
	map->row_held += map->held;
	map->used = 0;
	map->held = 0;
	if (++map->cell % COLUMNS == 0)
		stats_draw_map__draw_row(map);
}

static int stats_draw_map__draw_in_map(mems_space *space, const struct mems_segment *segment,
		       void *arg)
{
	struct stats_draw_map__map *map = arg;
	uint64_t offset = segment->va - MEMS_VA_FIRST, left = segment->size;

	(void)space;
	while (left > 0) {
		uint64_t part = map->per_cell - offset % map->per_cell;

		while (map->cell < offset / map->per_cell &&
		       map->cell < map->cells)
			stats_draw_map__end_cell(map);
		if (map->cell == map->cells)
			return 1;
		if (segment->kind == MEMS_NODE) {
			map->nodes |= (uint64_t)1 << map->cell % COLUMNS;
			break;
		}
		if (part > left)
			part = left;
		map->held += part;
		if (segment->kind == MEMS_PROCESS)
			map->used += part;
		offset += part;
		left -= part;
	}
	return map->text->error;
}

void mems__draw_map(struct text *text, mems_space *space,
		    const struct mems_space_stats *stats)
{
	struct stats_draw_map__map map = { .text = text, .per_cell = CELL_MIN };
	uint64_t height;
	int error;

	/* By doubling, so that pages and rows begin together. */
	while ((stats->mapped - 1) / CELLS >= map.per_cell)
		map.per_cell *= 2;
	map.cells = (stats->mapped - 1) / map.per_cell + 1;
	/* Marks for every cell would hide what the cells show. */
	map.mark_nodes = stats->nodes > 1 && stats->nodes <= map.cells / 4;
	height = DRAW_TOP + ((map.cells - 1) / COLUMNS + 1) * CELL_PITCH + 24;
	mems__draw_head(text, stats, height);
	stats_draw_map__map_legend(text, &map);
	error = mems_space_walk(space, stats_draw_map__draw_in_map, &map);
	if (map.held > 0)
		stats_draw_map__end_cell(&map);
	if (map.cell % COLUMNS != 0)
		stats_draw_map__draw_row(&map);
	if (error > 0 && text->error == 0)
		mems__draw_cut(text, height);
	else
		mems__text_fail(text, error);
}

#undef COLUMNS
#undef CELLS
#undef CELL_MIN
#undef MAP_LEFT
#undef CELL_PITCH
#undef SHADES

/* --------------------------------------------------- lib/stats/draw_rows.c */

/*
 * The picture of a small space: the main chain downwards, each node's
 * sub-chain to the right, to scale, going on in further rows when it is long.
 */

#define BAR_LEFT 620		/* tenths */
#define BAR_WIDTH 9140		/* tenths */
#define BAR_HEIGHT 26
#define BAR_PITCH 46		/* from one row of a node to its next */
#define NODE_HEAD 24		/* the line above a node */
#define LABEL_END 9940		/* tenths; no label goes further right */
#define DIGIT 65		/* tenths; of the widest likely font */

struct stats_draw_rows__rows {
	struct text *text;
	uint64_t scale;		/* bytes of a full row */
	uint64_t per_row;	/* the same in the node at hand */
	uint64_t rows;		/* that the page has room for */
	uint64_t pieces;	/* that may still be drawn */
	uint64_t height;	/* of the page */
	uint64_t y;		/* top of the row at hand */
	uint64_t label_end;	/* tenths; where the row's last label ends */
	uint64_t node_y;	/* top of the node's first row; 0: no node */
	mems_va first;		/* of the node at hand */
	uint64_t size;		/* of the node at hand */
	uint64_t row;		/* of the node */
	uint64_t segments;	/* of the node, so far */
	bool open;		/* there is more to say of the node */
	bool cut;		/* the page was too short */
};

struct stats_draw_rows__node_sizes {
	size_t count;
	uint64_t size[DRAW_ROWS];
};

static int stats_draw_rows__note_node_size(mems_space *space, const struct mems_segment *segment,
			  void *arg)
{
	struct stats_draw_rows__node_sizes *sizes = arg;

	(void)space;
	if (segment->kind == MEMS_NODE) {
		if (sizes->count == DRAW_ROWS)
			return 1;
		sizes->size[sizes->count++] = segment->size;
	}
	return 0;
}

static uint64_t stats_draw_rows__rows_for(const struct stats_draw_rows__node_sizes *sizes, uint64_t scale)
{
	uint64_t rows = 0;

	for (size_t i = 0; i < sizes->count; i++)
		rows += (sizes->size[i] - 1) / scale + 1;
	return rows;
}

/*
 * The bytes of a full row: as few as let six or so segments share a row, within
 * the rows of a page. Half as many rows again as nodes are always allowed, so
 * that one long node does not make the others narrow. Of 16, 20, 24, 28, 32,
 * 40 and so on, four to each doubling: few pages then fill whole rows.
 */
static uint64_t stats_draw_rows__choose_scale(const struct stats_draw_rows__node_sizes *sizes, uint64_t segments)
{
	uint64_t wanted = segments / 6, scale = 16, step = 4;

	if (wanted < sizes->count + sizes->count / 2)
		wanted = sizes->count + sizes->count / 2;
	if (wanted > DRAW_ROWS)
		wanted = DRAW_ROWS;
	while (stats_draw_rows__rows_for(sizes, scale) > wanted && scale >> 62 == 0) {
		scale += step;
		if (scale == 8 * step)
			step *= 2;
	}
	return scale;
}

static void stats_draw_rows__rows_legend(struct text *text, uint64_t per_row)
{
	uint64_t bytes = 1, width;

	while (bytes <= per_row / 12)
		bytes *= 2;
	width = mems__draw_share(bytes, per_row, BAR_WIDTH);
	mems__text_fill(text,
			"<path class=\"p\" d=\"M24 $h26v12h-26z\"/>"
			"<text x=\"57\" y=\"$\">PROCESS: in use</text>\n"
			"<path class=\"h\" d=\"M168.5 ~h25v11h-25z\"/>"
			"<text x=\"201\" y=\"$\">HOLE: free</text>\n"
			"<path class=\"l\" d=\"M284.5 $v12m-3-5l3 5l3-5\"/>"
			"<text x=\"294\" y=\"$\">next node of the main chain"
			"</text>\n",
			(uint64_t[]){ DRAW_LEGEND - 6, DRAW_LEGEND + 4,
				      DRAW_LEGEND * 10 - 55, DRAW_LEGEND + 4,
				      DRAW_LEGEND - 6, DRAW_LEGEND + 4 });
	mems__text_fill(text,
			"<path class=\"l\" d=\"M480.5 $v8m0-4h~m0-4v8\"/>"
			"<text x=\"~\" y=\"$\">",
			(uint64_t[]){ DRAW_LEGEND - 4, width, 4885 + width,
				      DRAW_LEGEND + 4 });
	mems__draw_bytes(text, bytes);
	mems__text_string(text, "; a full row is ");
	mems__draw_bytes(text, per_row);
	mems__text_string(text, "</text>\n");
}

/* The address under a border at x, unless the one before is in its way. */
static void stats_draw_rows__border_label(struct stats_draw_rows__rows *rows, uint64_t x, mems_va va)
{
	uint64_t width = mems__draw_digits(va) * DIGIT;

	if (x < rows->label_end || x + width > LABEL_END)
		return;
	mems__text_fill(rows->text, "<text class=\"a\" x=\"~\" y=\"$\">$"
			"</text>\n",
			(uint64_t[]){ x, rows->y + BAR_HEIGHT + 12, va });
	rows->label_end = x + width + DIGIT;
}

/* Begin a row at `y`; false if the page has no room for it. */
static bool stats_draw_rows__begin_row(struct stats_draw_rows__rows *rows, uint64_t y)
{
	if (rows->rows == 0) {
		rows->cut = true;
		return false;
	}
	rows->rows--;
	rows->y = y;
	rows->label_end = 0;
	return true;
}

/* What can be said of a node only when its last segment is known. */
static void stats_draw_rows__draw_heading(struct stats_draw_rows__rows *rows)
{
	mems_va last = rows->first + rows->size - 1;
	uint64_t width = mems__draw_digits(last) * DIGIT;
	uint64_t in_row, x;

	if (!rows->open)
		return;
	rows->open = false;
	in_row = (rows->size - 1) % rows->per_row + 1;
	x = BAR_LEFT + mems__draw_share(in_row, rows->per_row, BAR_WIDTH);
	mems__text_fill(rows->text,
			"<text x=\"~\" y=\"$\">MAIN[$:$]"
			"<tspan class=\"g\" dx=\"10\">",
			(uint64_t[]){ BAR_LEFT, rows->node_y - 6,
				      rows->first, last });
	mems__draw_bytes(rows->text, rows->size);
	mems__text_string(rows->text, ", ");
	mems__draw_count(rows->text, rows->segments, "segment");
	if (rows->per_row < rows->scale)
		mems__text_fill(rows->text, ", shown $ times wider",
				(uint64_t[]){ rows->scale / rows->per_row });
	mems__text_string(rows->text, "</tspan></text>\n");
	if (rows->label_end + width <= x)
		mems__text_fill(rows->text, "<text class=\"a e\" x=\"~\" "
				"y=\"$\">$</text>\n",
				(uint64_t[]){ x, rows->y + BAR_HEIGHT + 12,
					      last });
}

/*
 * The bytes of a row in a node of this size. Beside a large node a small one
 * would be a line; it is shown wider, by a power of two, and its heading says
 * so.
 */
static uint64_t stats_draw_rows__node_scale(uint64_t scale, uint64_t size)
{
	if (size <= scale / 16)
		while (size < scale / 4)
			scale /= 2;
	return scale;
}

/* The sign of a node in the main chain, and the arrow that leads to it. */
static bool stats_draw_rows__draw_node(struct stats_draw_rows__rows *rows, const struct mems_segment *segment)
{
	uint64_t from = rows->node_y + BAR_HEIGHT, y = DRAW_TOP + NODE_HEAD;

	stats_draw_rows__draw_heading(rows);
	if (rows->node_y > 0)
		y = rows->y + BAR_PITCH + NODE_HEAD;
	if (!stats_draw_rows__begin_row(rows, y))
		return false;
	if (rows->node_y > 0)
		mems__text_fill(rows->text, "<path class=\"l\" d=\""
				"M37.5 $V$m-3-5l3 5l3-5\"/>\n",
				(uint64_t[]){ from, y - 1 });
	mems__text_fill(rows->text,
			"<path class=\"l\" d=\"M24.5 ~h26v25h-26zm26 12.5"
			"h~\"/><text class=\"m\" x=\"37.5\" y=\"$\">$</text>\n",
			(uint64_t[]){ y * 10 + 5, BAR_LEFT - 505, y + 17,
				      segment->node + 1 });
	rows->open = true;
	rows->node_y = y;
	rows->first = segment->va;
	rows->size = segment->size;
	rows->per_row = stats_draw_rows__node_scale(rows->scale, segment->size);
	rows->row = 0;
	rows->segments = 0;
	return true;
}

/*
 * The part of a segment from x to end. Wide ones keep a small distance, and
 * holes have an outline; in narrow ones that would be all there is to see. A
 * segment that goes on in the next row points there.
 */
static void stats_draw_rows__draw_piece(struct stats_draw_rows__rows *rows, const struct mems_segment *segment,
		       uint64_t x, uint64_t end, bool goes_on)
{
	bool process = segment->kind == MEMS_PROCESS;
	uint64_t width = end - x > 5 ? end - x : 5, y = rows->y * 10;
	uint64_t height = BAR_HEIGHT * 10;
	const char *kind = process ? "p" : "n";

	if (width >= 40 && process) {
		width -= 10;
		x += 5;
	} else if (width >= 40) {
		kind = "h";
		width -= 20;
		x += 10;
		height -= 10;
		y += 5;
	}
	mems__text_string(rows->text, "<path class=\"");
	mems__text_string(rows->text, kind);
	mems__text_fill(rows->text, goes_on ? "\" d=\"M~ ~h~l6 ~l-6 ~h-~z" :
			"\" d=\"M~ ~h~v~v~h-~z", (uint64_t[]){
			x, y, width, height / 2, height / 2, width });
	mems__text_string(rows->text, process ? "\"><title>PROCESS" :
			  "\"><title>HOLE");
	mems__text_fill(rows->text, " [$:$] ", (uint64_t[]){ segment->va,
			segment->va + segment->size - 1 });
	mems__draw_bytes(rows->text, segment->size);
	mems__text_string(rows->text, "</title></path>\n");
}

/* The segment's size in the middle of a piece, if it fits. */
static bool stats_draw_rows__size_label(struct stats_draw_rows__rows *rows, const struct mems_segment *segment,
		       uint64_t x, uint64_t end)
{
	uint64_t longest = segment->size < 16384 ?
			   mems__draw_digits(segment->size) + 6 : 10;
	uint64_t width = longest * DIGIT;
	bool units = end - x > width + 60;

	if (!units && segment->size < 16384)
		width -= 6 * DIGIT;
	if (end - x < width + 60)
		return false;
	mems__text_fill(rows->text, segment->kind == MEMS_PROCESS ?
			"<text class=\"w\" x=\"~\" y=\"$\">" :
			"<text class=\"g m\" x=\"~\" y=\"$\">",
			(uint64_t[]){ (x + end) / 2, rows->y + 17 });
	if (units)
		mems__draw_bytes(rows->text, segment->size);
	else
		mems__text_decimal(rows->text, segment->size);
	mems__text_string(rows->text, "</text>\n");
	return true;
}

static bool stats_draw_rows__draw_segment(struct stats_draw_rows__rows *rows, const struct mems_segment *segment)
{
	uint64_t offset = segment->va - rows->first, left = segment->size;
	bool labelled = false;

	rows->segments++;
	while (left > 0) {
		uint64_t in_row = offset % rows->per_row;
		uint64_t part = rows->per_row - in_row;
		uint64_t x, end;

		if (part > left)
			part = left;
		for (; rows->row < offset / rows->per_row; rows->row++)
			if (!stats_draw_rows__begin_row(rows, rows->y + BAR_PITCH))
				return false;
		if (rows->pieces == 0) {
			rows->cut = true;
			return false;
		}
		rows->pieces--;
		x = BAR_LEFT + mems__draw_share(in_row, rows->per_row,
						BAR_WIDTH);
		end = BAR_LEFT + mems__draw_share(in_row + part, rows->per_row,
						  BAR_WIDTH);
		stats_draw_rows__draw_piece(rows, segment, x, end, part < left);
		stats_draw_rows__border_label(rows, x, rows->first + offset);
		if (!labelled)
			labelled = stats_draw_rows__size_label(rows, segment, x, end);
		offset += part;
		left -= part;
	}
	return true;
}

static int stats_draw_rows__draw_in_rows(mems_space *space, const struct mems_segment *segment,
			void *arg)
{
	struct stats_draw_rows__rows *rows = arg;
	bool drawn;

	(void)space;
	if (segment->kind == MEMS_NODE)
		drawn = stats_draw_rows__draw_node(rows, segment);
	else
		drawn = stats_draw_rows__draw_segment(rows, segment);
	return drawn ? rows->text->error : 1;
}

void mems__draw_rows(struct text *text, mems_space *space,
		     const struct mems_space_stats *stats)
{
	struct stats_draw_rows__node_sizes sizes = { .count = 0 };
	struct stats_draw_rows__rows rows = { .text = text };
	int error = mems_space_walk(space, stats_draw_rows__note_node_size, &sizes);

	if (error < 0)
		mems__text_fail(text, error);
	rows.scale = stats_draw_rows__choose_scale(&sizes, stats->blocks + stats->holes);
	rows.rows = stats_draw_rows__rows_for(&sizes, rows.scale);
	rows.pieces = DRAW_SEGMENTS + rows.rows;
	rows.height = DRAW_TOP + rows.rows * BAR_PITCH +
		      sizes.count * NODE_HEAD + 20;
	mems__draw_head(text, stats, rows.height);
	stats_draw_rows__rows_legend(text, rows.scale);
	error = mems_space_walk(space, stats_draw_rows__draw_in_rows, &rows);
	if (rows.cut)
		mems__draw_cut(text, rows.height);
	else
		mems__text_fail(text, error);
	stats_draw_rows__draw_heading(&rows);
}

#undef BAR_LEFT
#undef BAR_WIDTH
#undef BAR_HEIGHT
#undef BAR_PITCH
#undef NODE_HEAD
#undef LABEL_END
#undef DIGIT

/* -------------------------------------------------------- lib/stats/json.c */

/*
 * The statistics and the chains as one JSON object, a line for each node.
 *
 * Numbers are written in full; a reader that keeps them as doubles loses the
 * last bits of those above 2^53.
 */

struct stats_json__json {
	struct text text;
	uint64_t nodes;
	uint64_t length;	/* segments of the node at hand */
};

static const struct {
	const char *name;
	size_t offset;
} stats_json__json_counts[] = {
#define COUNT(field) { #field, offsetof(struct mems_space_stats, field) }
	COUNT(maximum),
	COUNT(wanted),
	COUNT(mapped),
	COUNT(used),
	COUNT(used_peak),
	COUNT(unused),
	COUNT(largest_hole),
	COUNT(pages),
	COUNT(nodes),
	COUNT(blocks),
	COUNT(holes),
	COUNT(allocations),
	COUNT(frees),
	COUNT(metadata),
	COUNT(returned),
	COUNT(growth),
	COUNT(soft_limit),
	COUNT(hard_limit),
#undef COUNT
};

static void stats_json__json_stats(struct text *text, const struct mems_space_stats *stats)
{
	size_t i;

	for (i = 0; i < sizeof(stats_json__json_counts) / sizeof(stats_json__json_counts[0]); i++) {
		const void *count = (const char *)stats + stats_json__json_counts[i].offset;

		mems__text_string(text, "\"");
		mems__text_string(text, stats_json__json_counts[i].name);
		mems__text_fill(text, "\": $, ", count);
	}
	mems__text_fill(text, "\"granule\": $, \"policy\": ",
			(uint64_t[]){ stats->granule });
	mems__text_string(text, stats->policy == MEMS_GOOD_FIT ?
			  "\"good fit\"" : "\"first fit\"");
}

static int stats_json__json_segment(mems_space *space, const struct mems_segment *segment,
			void *arg)
{
	const uint64_t range[] = { segment->va,
				   segment->va + segment->size - 1 };
	struct stats_json__json *json = arg;
	struct text *text = &json->text;

	(void)space;
	if (segment->kind == MEMS_NODE) {
		mems__text_string(text, json->nodes++ > 0 ? "]},\n" : "\n");
		mems__text_fill(text, "{\"first\": $, \"last\": $, "
				"\"segments\": [", range);
		json->length = 0;
	} else {
		if (json->length++ > 0)
			mems__text_string(text, ", ");
		mems__text_fill(text, segment->kind == MEMS_PROCESS ?
				"[\"P\", $, $]" : "[\"H\", $, $]", range);
	}
	return text->error;
}

int mems_space_json(mems_space *space, mems_write_fn *write, void *arg)
{
	struct mems_space_stats stats = { .size = sizeof(stats) };
	struct stats_json__json json = { .nodes = 0 };
	struct text *text = &json.text;
	int error;

	if (write == NULL)
		return -EINVAL;
	error = mems_space_stats(space, &stats);
	if (error != 0)
		return error;
	mems__text_begin(text, write, arg);
	mems__text_string(text, "{\"space\": {");
	stats_json__json_stats(text, &stats);
	mems__text_string(text, "},\n\"chain\": [");
	mems__text_fail(text, mems_space_walk(space, stats_json__json_segment, &json));
	mems__text_string(text, json.nodes > 0 ? "]}\n]}\n" : "]}\n");
	return mems__text_end(text);
}

#undef COUNT

/* ------------------------------------------------------- lib/stats/print.c */

/*
 * The chains and the counts as lines of text.
 *
 * The counts are those of the chains printed. The lengths of the sub-chains
 * come last and may be many, so they are counted on a second walk.
 */

struct stats_print__printing {
	struct text text;
	uint64_t nodes;
	uint64_t mapped;	/* bytes in nodes */
	uint64_t unused;	/* bytes in holes */
	uint64_t length;	/* segments of the node at hand */
};

static int stats_print__print_segment(mems_space *space, const struct mems_segment *segment,
			 void *arg)
{
	const uint64_t range[] = { segment->va,
				   segment->va + segment->size - 1 };
	struct stats_print__printing *printing = arg;
	struct text *text = &printing->text;

	(void)space;
	switch (segment->kind) {
	case MEMS_NODE:
		if (printing->nodes++ > 0)
			mems__text_string(text, "NULL\n");
		printing->mapped += segment->size;
		mems__text_fill(text, "MAIN[$:$] -> ", range);
		break;
	case MEMS_PROCESS:
		mems__text_fill(text, "P[$:$] <-> ", range);
		break;
	case MEMS_HOLE:
		printing->unused += segment->size;
		mems__text_fill(text, "H[$:$] <-> ", range);
		break;
	}
	return text->error;
}

static int stats_print__print_length(mems_space *space, const struct mems_segment *segment,
			void *arg)
{
	struct stats_print__printing *printing = arg;
	struct text *text = &printing->text;

	(void)space;
	if (segment->kind != MEMS_NODE) {
		printing->length++;
		return 0;
	}
	if (printing->nodes++ > 0)
		mems__text_fill(text, "$, ", &printing->length);
	printing->length = 0;
	return text->error;
}

int mems_space_print(mems_space *space, mems_write_fn *write, void *arg)
{
	struct stats_print__printing printing = { .nodes = 0 };
	struct text *text = &printing.text;

	if (write == NULL)
		return -EINVAL;
	mems__text_begin(text, write, arg);
	mems__text_fail(text, mems_space_walk(space, stats_print__print_segment, &printing));
	if (printing.nodes > 0)
		mems__text_string(text, "NULL\n");
	mems__text_fill(text,
			"Page used: $\n"
			"Space unused: $\n"
			"Main Chain Length: $\n"
			"Sub-chain Length array: [",
			(uint64_t[]){ printing.mapped / MEMS_PAGE_SIZE,
				      printing.unused, printing.nodes });
	printing.nodes = 0;
	mems__text_fail(text, mems_space_walk(space, stats_print__print_length, &printing));
	if (printing.nodes > 0)
		mems__text_decimal(text, printing.length);
	mems__text_string(text, "]\n");
	return mems__text_end(text);
}

/* ------------------------------------------------------- lib/stats/sites.c */

/* The counts of call sites, as CSV and JSON. */

static const char *const stats_sites__site_counts[] = {
	"site", "allocations", "frees", "bytes", "live_blocks", "live_bytes",
	"lifetime_min_ns", "lifetime_mean_ns", "lifetime_max_ns",
};

#define COUNTS (sizeof(stats_sites__site_counts) / sizeof(stats_sites__site_counts[0]))

static bool stats_sites__get_counts(size_t number, uint64_t counts[COUNTS])
{
	struct tally tally;

	if (!mems__book_tally(&mems__site_book, number, &tally))
		return false;
	counts[0] = tally.place[0];
	counts[1] = tally.allocations;
	counts[2] = tally.frees;
	counts[3] = tally.bytes;
	counts[4] = tally.allocations - tally.frees;
	counts[5] = tally.bytes - tally.freed_bytes;
	counts[6] = tally.life_least;
	counts[7] = tally.frees > 0 ? tally.life_sum / tally.frees : 0;
	counts[8] = tally.life_most;
	return true;
}

int mems_site_csv(mems_write_fn *write, void *arg)
{
	uint64_t counts[COUNTS];
	struct text text;

	if (write == NULL)
		return -EINVAL;
	mems__text_begin(&text, write, arg);
	for (size_t i = 0; i < COUNTS; i++) {
		mems__text_string(&text, stats_sites__site_counts[i]);
		mems__text_string(&text, i + 1 < COUNTS ? "," : "\n");
	}
	for (size_t i = 0; stats_sites__get_counts(i, counts); i++)
		mems__text_fill(&text, "$,$,$,$,$,$,$,$,$\n", counts);
	return mems__text_end(&text);
}

int mems_site_json(mems_write_fn *write, void *arg)
{
	uint64_t counts[COUNTS];
	struct text text;

	if (write == NULL)
		return -EINVAL;
	mems__text_begin(&text, write, arg);
	mems__text_string(&text, "[");
	for (size_t i = 0; stats_sites__get_counts(i, counts); i++) {
		for (size_t j = 0; j < COUNTS; j++) {
			mems__text_string(&text, j > 0 ? ", \"" :
					  i > 0 ? ",\n{\"" : "\n{\"");
			mems__text_string(&text, stats_sites__site_counts[j]);
			mems__text_fill(&text, "\": $", &counts[j]);
		}
		mems__text_string(&text, "}");
	}
	mems__text_string(&text, "]\n");
	return mems__text_end(&text);
}

#undef COUNTS

/* ------------------------------------------------- lib/face/arena_printf.c */

/* Printing into an arena: the one call of arenas that needs stdio. */

char *mems_arena_vprintf(mems_arena *arena, const char *format, va_list values)
{
	va_list again;
	char *text;
	int length;

	if (arena == NULL || format == NULL) {
		errno = EINVAL;
		return NULL;
	}
	va_copy(again, values);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0) {
		errno = EINVAL;
		return NULL;
	}
	text = mems_arena_alloc(arena, (size_t)length + 1);
	if (text != NULL)
		(void)vsnprintf(text, (size_t)length + 1, format, values);
	return text;
}

char *mems_arena_printf(mems_arena *arena, const char *format, ...)
{
	va_list values;
	char *text;

	va_start(values, format);
	text = mems_arena_vprintf(arena, format, values);
	va_end(values);
	return text;
}

/* ------------------------------------------------------ lib/face/classic.c */

/* The six classic calls, over one space of the whole process. */

/* What MEMS_SPACE_CLASSIC says. */
#define CLASSIC_GRANULE 8

/* The heap that is not started: every call on it is EINVAL. */
static struct space face_classic__none;

static struct space *face_classic__heap = &face_classic__none;	/* changed in one step */

static mems_space *face_classic__current(void)
{
	return &__atomic_load_n(&face_classic__heap, __ATOMIC_ACQUIRE)->face;
}

void mems_init(void)
{
	static const struct mems_space_options classic = MEMS_SPACE_CLASSIC;
	struct space *expected = &face_classic__none, *space;

	if (face_classic__current() != &face_classic__none.face) {
		errno = EALREADY;
		return;
	}
	space = (struct space *)mems_space_create(&classic);
	/* Another thread may have been faster. */
	if (space != NULL &&
	    !__atomic_compare_exchange_n(&face_classic__heap, &expected, space, 0,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		(void)mems_space_destroy(&space->face);
		errno = EALREADY;
	}
}

void mems_finish(void)
{
	struct space *space = __atomic_exchange_n(&face_classic__heap, &face_classic__none,
						  __ATOMIC_ACQ_REL);

	if (mems_space_destroy(&space->face) != 0)
		errno = EINVAL;
}

void *mems_malloc(size_t size)
{
	return (void *)(uintptr_t)mems_space_alloc(face_classic__current(), size);
}

void mems_free(void *address)
{
	if (mems_space_free(face_classic__current(), (uintptr_t)address) != 0)
		errno = EINVAL;
}

/* NULL and an errno, out of the way of what goes well. */
static __attribute__((noinline, cold))
void *face_classic__refuse(const struct space *space)
{
	errno = space == &face_classic__none ? EINVAL : EFAULT;
	return NULL;
}

/* The memory at an offset, if the block around it begins far before. */
static __attribute__((noinline))
void *face_classic__get_far(const struct space *space, uint64_t offset)
{
	uint64_t at = mems__last_start(space, offset / CLASSIC_GRANULE);

	if (at == NOWHERE || !mems__is_used(space, at))
		return face_classic__refuse(space);
	return space->data + offset;
}

/*
 * Old programs call this for every access, so the search for the start of the
 * block is written out for the nearest pairs; nothing is called. There always
 * is something to read before the first pair: the fixed part of the region.
 */
void *mems_get(void *address)
{
	const struct space *space = __atomic_load_n(&face_classic__heap, __ATOMIC_ACQUIRE);
	uint64_t offset = (uintptr_t)address - MEMS_VA_FIRST;
	uint64_t at = offset / CLASSIC_GRANULE, starts;
	const struct pair *pair;

	if (offset >= MEMS_LOAD_WORD(space->face.limit))
		return face_classic__refuse(space);
	pair = &space->pairs[at >> 6];
	starts = mems__load(&pair->start) & (((uint64_t)2 << (at & 63)) - 1);
	if (starts == 0) {
		starts = mems__load(&(--pair)->start);
		if (starts == 0) {
			starts = mems__load(&(--pair)->start);
			if (starts == 0)
				return face_classic__get_far(space, offset);
		}
	}
	if ((mems__load(&pair->used) >> mems__high_bit(starts) & 1) == 0)
		return face_classic__refuse(space);
	return space->data + offset;
}

static int face_classic__write_stdout(void *arg, const char *text, size_t length)
{
	(void)arg;
	return fwrite(text, 1, length, stdout) == length ? 0 : -EIO;
}

void mems_print_stats(void)
{
	int result = mems_space_print(face_classic__current(), face_classic__write_stdout, NULL);

	if (result == -EINVAL)
		errno = EINVAL;
}

#undef CLASSIC_GRANULE

/* ------------------------------------------------------ lib/face/version.c */

/*
 * The version of the library that runs.
 */

const char *mems_version(void)
{
	return MEMS_VERSION;
}

/* -------------------------------------------------------- lib/face/write.c */

/*
 * The text of the printing calls, sent to a file descriptor.
 */

/* Some systems refuse, or cut to an int, the length of one larger write. */
#define WRITE_MOST ((size_t)1 << 30)

int mems_write_fd(void *fd_pointer, const char *text, size_t length)
{
	if (fd_pointer == NULL)
		return -EINVAL;
	while (length > 0) {
		size_t piece = length < WRITE_MOST ? length : WRITE_MOST;
		ssize_t done = write(*(int *)fd_pointer, text, piece);

		if (done > 0) {
			text += done;
			length -= (size_t)done;
		} else if (done == 0) {
			return -EIO;	/* it would go on for ever */
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

#undef WRITE_MOST

#pragma GCC visibility pop
