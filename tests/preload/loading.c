/* The library loaded in unusual ways, named by the argument. */
#include "family.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#ifdef __linux__
#include <sys/auxv.h>
#endif

typedef void *alloc_fn(size_t size);
typedef void *realloc_fn(void *block, size_t size);
typedef void free_fn(void *block);

static alloc_fn *its_malloc;
static realloc_fn *its_realloc;
static free_fn *its_free;

static void *use_copy(void *left)
{
	void **blocks = left;

	for (size_t i = 0; i < 500; i++) {
		char *block = its_malloc(i * i);

		if (block == NULL)
			return NULL;
		memset(block, 1, i * i);
		block = its_realloc(block, i * 20 + 1);
		free(malloc(i));
		if (i % 2 == 0)
			its_free(block);
		else
			blocks[i] = block;
	}
	return left;
}

/* A second malloc beside the one that the program has. */
static void copy(const char *path)
{
	static void *left[9][500];
	pthread_t threads[8];
	bool good = true;
	void *object;

	for (int i = 0; i < 30; i++) {
		object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		if (object == NULL)
			break;
		its_malloc = (alloc_fn *)dlsym(object, "malloc");
		its_realloc = (realloc_fn *)dlsym(object, "realloc");
		its_free = (free_fn *)dlsym(object, "free");
		its_free(its_malloc(100));
		if (i < 29)
			dlclose(object);
	}
	if (!ok(object != NULL, "the library loads again and again")) {
		diag("%s", dlerror());
		return;
	}
	for (int i = 0; i < 8; i++)
		if (pthread_create(&threads[i], NULL, use_copy, left[i]) != 0)
			abort();
	good = use_copy(left[8]) != NULL;
	for (int i = 0; i < 8; i++) {
		void *result;

		pthread_join(threads[i], &result);
		good = good && result == left[i];
	}
	for (int i = 0; i < 9; i++)
		for (int j = 0; j < 500; j++)
			its_free(left[i][j]);
	ok(good, "its malloc works in threads");
	is(dlclose(object), 0, "it may be closed");
}

/* C++ comes with an object and is seen by nobody else. */
static void throwing(const char *path)
{
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	int (*catches)(void) = NULL;

	if (object != NULL)
		catches = (int (*)(void))dlsym(object, "catches");
	if (catches == NULL) {
		diag("%s", dlerror());
		ok(false, "the object loads");
		return;
	}
	ok(malloc_is_ours(), "malloc is that of libmems");
	is(catches(), 3, "operator new throws what the object can catch");
}

static void leave(int signal)
{
	(void)signal;
	_exit(7);
}

/* C++ is nowhere, but its operator is called. */
static void lost(void)
{
	alloc_fn *new = (alloc_fn *)dlsym(RTLD_DEFAULT, "_Znwm");

	if (new == NULL)
		new = (alloc_fn *)dlsym(RTLD_DEFAULT, "_Znwj");
	if (!ok(new != NULL, "there is an operator new"))
		return;
	ok(hide(new(100)) != NULL, "which gives memory");
	signal(SIGABRT, leave);
	(void)hide(new(PTRDIFF_MAX / 2 + 1));
	ok(false, "it is back without any");
}

/* A program with rights that its user has not. */
static void secure(void)
{
#if defined __linux__ && defined AT_SECURE
	if (getauxval(AT_SECURE) == 0) {
		skip("this process is not special");
		return;
	}
	ok(malloc_is_ours(), "malloc is that of libmems");
	free(hide(malloc(100)));
#else
	skip("nobody knows");
#endif
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";

	if (strcmp(way, "copy") == 0 && argc == 3)
		copy(argv[2]);
	else if (strcmp(way, "throwing") == 0 && argc == 3)
		throwing(argv[2]);
	else if (strcmp(way, "lost") == 0)
		lost();
	else if (strcmp(way, "secure") == 0)
		secure();
	else
		ok(false, "there is a way %s", way);
	return done_testing();
}
