/*
 * What every libmems header needs: the marks on declarations and the address.
 */
#ifndef MEMS_BASE_H
#define MEMS_BASE_H

#include <stddef.h>
#include <stdint.h>

#include <mems/version.h>

#ifdef __cplusplus
#define MEMS_BEGIN_DECLS extern "C" {
#define MEMS_END_DECLS }
#else
#define MEMS_BEGIN_DECLS
#define MEMS_END_DECLS
#endif

#ifndef MEMS_API
#if defined _WIN32
#define MEMS_API
#else
#define MEMS_API __attribute__((visibility("default")))
#endif
#endif

#if defined __GNUC__
#define MEMS_NODISCARD __attribute__((warn_unused_result))
#define MEMS_LOAD_WORD(word) __atomic_load_n(&(word), __ATOMIC_RELAXED)
#define MEMS_ASSUME(condition) ((condition) ? (void)0 : __builtin_unreachable())
/* As C has it since 1999, and not as old libraries of Windows do. */
#if defined _WIN32
#define MEMS_PRINTF(string, first)                                            \
	__attribute__((format(gnu_printf, string, first)))
#else
#define MEMS_PRINTF(string, first)                                            \
	__attribute__((format(printf, string, first)))
#endif
#else
#define MEMS_ASSUME(condition) ((void)0)
#define MEMS_NODISCARD
#define MEMS_PRINTF(string, first)
#define MEMS_LOAD_WORD(word) (*(const volatile size_t *)&(word))
#endif

MEMS_BEGIN_DECLS

/*
 * A MeMS virtual address: where a byte lies in a space, the same number in
 * every process and language. The first byte of every space is MEMS_VA_FIRST;
 * no address is MEMS_VA_NONE.
 */
typedef uint64_t mems_va;

#define MEMS_VA_NONE ((mems_va)0)
#define MEMS_VA_FIRST ((mems_va)1000)

/* Nodes, growth and printed pages count in this, whatever the system's page. */
#define MEMS_PAGE_SIZE 4096

/*
 * Where the printing calls send their text: called with one piece after the
 * other, no lock held. A return other than 0 stops the printing call, which
 * hands that number on.
 */
typedef int mems_write_fn(void *arg, const char *text, size_t length);

/*
 * A mems_write_fn that writes to the file descriptor at which `fd_pointer`, an
 * int *, points. Returns 0 or the negative errno of write(2), -EINVAL if the
 * pointer is NULL; an interrupted or short write is carried on.
 */
MEMS_API int mems_write_fd(void *fd_pointer, const char *text, size_t length);

/* The version of the library that runs, as "major.minor.patch". */
MEMS_API const char *mems_version(void);

MEMS_END_DECLS

#endif
