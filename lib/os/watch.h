/*
 * Memory checkers that watch this process: valgrind, and AddressSanitizer in
 * the program, whether or not the library was built with it. They are told
 * which bytes of a space are live, and so see a use after free inside it.
 */
#ifndef MEMS_OS_WATCH_H
#define MEMS_OS_WATCH_H

#include <stdbool.h>
#include <stddef.h>

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
