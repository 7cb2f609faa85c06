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
