/* Which thread this is, what it has, and what is to happen when it ends. */
#ifndef MEMS_OS_THREAD_H
#define MEMS_OS_THREAD_H

#include <stdbool.h>
#include <stddef.h>

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
extern unsigned long _tls_index;
extern char _tls_start;

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
