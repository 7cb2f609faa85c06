/*
 * The operators new and delete of C++ over the default heap, without C++ and
 * its library.
 *
 * When there is no memory, new calls the program's handler again and again, and
 * throws std::bad_alloc when it has none. Both are in the C++ library, which
 * the program brings along.
 *
 * The forms that do not throw must not let pass what a handler throws, and C
 * cannot catch. So when there is a handler they hand over to the C++ library's
 * own, which calls new and catches; in a static program, which has only one of
 * each, they give NULL and the handler does not hear of it.
 */
#include <config.h>

#include "heap/alloc.h"

#include "base/align.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* How the names of these functions spell size_t. */
#if SIZE_MAX > 0xffffffff || defined __s390__
#define SIZED(before, after) before##m##after
#else
#define SIZED(before, after) before##j##after
#endif
#define TEXT(name) TEXT_OF(name)
#define TEXT_OF(name) #name

/* C++ declares them by itself. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wmissing-declarations"

/* ------------------------------------------------------- of the C++ library */

typedef void handler(void);
typedef handler *get_handler(void);
typedef void throw_bad_alloc(void);

get_handler _ZSt15get_new_handlerv;
throw_bad_alloc _ZSt17__throw_bad_allocv;

#pragma weak dlsym

#ifdef PIC

#pragma weak _ZSt15get_new_handlerv
#pragma weak _ZSt17__throw_bad_allocv
#pragma weak dladdr
#pragma weak dlclose
#pragma weak dlopen

/*
 * A program in C may have loaded C++ for itself alone, which the linker then
 * does not show us: look with the eyes of the caller.
 */
static void *seen_by(const void *caller, const char *name)
{
	void *object, *symbol;
	Dl_info info;

	if (dladdr == NULL || dlopen == NULL || dlsym == NULL ||
	    dlclose == NULL || dladdr(caller, &info) == 0)
		return NULL;
	object = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
	if (object == NULL)
		return NULL;
	symbol = dlsym(object, name);
	dlclose(object);
	return symbol;
}

static handler *current_handler(const void *caller)
{
	get_handler *get = _ZSt15get_new_handlerv;

	if (get == NULL)
		get = (get_handler *)seen_by(caller, "_ZSt15get_new_handlerv");
	return get == NULL ? NULL : get();
}

static throw_bad_alloc *thrower(const void *caller)
{
	throw_bad_alloc *give = _ZSt17__throw_bad_allocv;

	return give != NULL ? give : (throw_bad_alloc *)
		seen_by(caller, "_ZSt17__throw_bad_allocv");
}

#else

/* What is not asked for would not be there. */
static handler *current_handler(const void *caller)
{
	(void)caller;
	return _ZSt15get_new_handlerv();
}

static throw_bad_alloc *thrower(const void *caller)
{
	(void)caller;
	return _ZSt17__throw_bad_allocv;
}

#endif

/* --------------------------------------------------------------- no memory */

static __attribute__((noreturn)) void give_up(const void *caller)
{
	static const char text[] = "libmems: operator new has no memory, and "
				   "no C++ library to say so\n";
	throw_bad_alloc *give = thrower(caller);

	if (give != NULL)
		give();
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0) {
		/* There is nobody left to tell. */
	}
	abort();
}

static NOINLINE void *try_again(size_t alignment, size_t size,
				const void *caller)
{
	handler *handle;
	void *block;

	do {
		handle = current_handler(caller);
		if (handle == NULL)
			give_up(caller);
		handle();
		block = mems__alloc_aligned(mems__cache, alignment, size);
	} while (block == NULL);
	return block;
}

static ALWAYS_INLINE void *make(size_t size, const void *caller)
{
	void *block = mems__alloc_fast(size);

	return likely(block != NULL) ? block :
				       try_again(BLOCK_LEAST, size, caller);
}

static ALWAYS_INLINE void *make_aligned(size_t size, size_t alignment,
					const void *caller)
{
	void *block;

	if (!mems__is_power_of_2(alignment))
		give_up(caller);
	block = mems__alloc_aligned(mems__cache, alignment, size);
	return likely(block != NULL) ? block :
				       try_again(alignment, size, caller);
}

/* The C++ library's own form of this name, if there is a handler to call. */
static NOINLINE void *the_other(const char *name, const void *caller)
{
	void *other = NULL;

	if (dlsym != NULL && current_handler(caller) != NULL)
		other = dlsym(RTLD_NEXT, name);
	return other;
}

typedef void *new_nothrow(size_t size, const void *nothrow);
typedef void *new_aligned_nothrow(size_t size, size_t alignment,
				  const void *nothrow);

static ALWAYS_INLINE void *try_make(size_t size, const void *nothrow,
				    const char *name, const void *caller)
{
	void *block = mems__alloc_fast(size);
	new_nothrow *other;

	if (likely(block != NULL))
		return block;
	other = (new_nothrow *)the_other(name, caller);
	return other == NULL ? NULL : other(size, nothrow);
}

static ALWAYS_INLINE void *try_make_aligned(size_t size, size_t alignment,
					    const void *nothrow,
					    const char *name,
					    const void *caller)
{
	new_aligned_nothrow *other;
	void *block;

	if (!mems__is_power_of_2(alignment))
		return NULL;
	block = mems__alloc_aligned(mems__cache, alignment, size);
	if (likely(block != NULL))
		return block;
	other = (new_aligned_nothrow *)the_other(name, caller);
	return other == NULL ? NULL : other(size, alignment, nothrow);
}

/* --------------------------------------------------------------- the forms */

#define CALLER __builtin_return_address(0)

#define NEW(name)                                                             \
	EXPORT void *name(size_t size)                                        \
	{                                                                     \
		return make(size, CALLER);                                    \
	}
#define NEW_NOTHROW(name)                                                     \
	EXPORT void *name(size_t size, const void *nothrow)                   \
	{                                                                     \
		return try_make(size, nothrow, TEXT(name), CALLER);           \
	}
#define NEW_ALIGNED(name)                                                     \
	EXPORT void *name(size_t size, size_t alignment)                      \
	{                                                                     \
		return make_aligned(size, alignment, CALLER);                 \
	}
#define NEW_ALIGNED_NOTHROW(name)                                             \
	EXPORT void *name(size_t size, size_t alignment, const void *nothrow) \
	{                                                                     \
		return try_make_aligned(size, alignment, nothrow, TEXT(name), \
					CALLER);                              \
	}

/* Size, alignment and nothrow come behind the block; nobody looks at them. */
#define DELETE(name)                                                          \
	EXPORT void name(void *block)                                         \
	{                                                                     \
		mems__free_fast(block);                                       \
	}

NEW(SIZED(_Znw, ))
NEW(SIZED(_Zna, ))
NEW_NOTHROW(SIZED(_Znw, RKSt9nothrow_t))
NEW_NOTHROW(SIZED(_Zna, RKSt9nothrow_t))
NEW_ALIGNED(SIZED(_Znw, St11align_val_t))
NEW_ALIGNED(SIZED(_Zna, St11align_val_t))
NEW_ALIGNED_NOTHROW(SIZED(_Znw, St11align_val_tRKSt9nothrow_t))
NEW_ALIGNED_NOTHROW(SIZED(_Zna, St11align_val_tRKSt9nothrow_t))

DELETE(_ZdlPv)
DELETE(_ZdaPv)
DELETE(SIZED(_ZdlPv, ))
DELETE(SIZED(_ZdaPv, ))
DELETE(_ZdlPvRKSt9nothrow_t)
DELETE(_ZdaPvRKSt9nothrow_t)
DELETE(_ZdlPvSt11align_val_t)
DELETE(_ZdaPvSt11align_val_t)
DELETE(SIZED(_ZdlPv, St11align_val_t))
DELETE(SIZED(_ZdaPv, St11align_val_t))
DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t)
DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t)
