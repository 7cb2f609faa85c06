/*
 * Malloc at moments when little else works: before constructors, at the end of
 * threads and of the process, between fork and exec, in the dynamic linker.
 */
#include "family.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/wait.h>

/* ------------------------------------------------------------- at the start */

static char *first, *second;

#ifndef __PIC__
#define PREINIT 1
#elif defined __PIE__
#define PREINIT 1
#else
#define PREINIT 0
#endif

static void before_constructors(void)
{
	first = hide(malloc(100));
	memset(first, 1, 100);
}

#if PREINIT
__attribute__((section(".preinit_array"), used))
static void (*preinit)(void) = before_constructors;
#endif

__attribute__((constructor(101)))
static void first_constructor(void)
{
	if (!PREINIT)
		before_constructors();
	second = hide(malloc(100000));
	memset(second, 2, 100000);
	free(hide(malloc(10)));
}

static void at_the_start(void)
{
	ok(first != NULL && first[99] == 1, "malloc works before constructors");
	ok(second != NULL && second[99999] == 2, "and in the first of them");
	free(first);
	free(second);
}

/* --------------------------------------------------------------- at the end */

static pthread_key_t keys[3];
static int rounds;		/* atomic */

/* The last words of a thread: again and again, as long as it is allowed. */
static void at_thread_end(void *arg)
{
	char *block = hide(realloc(arg, 5000));
	void *large = hide(malloc(300000));

	memset(block, 3, 5000);
	memset(large, 4, 300000);
	free(large);
	free(hide(calloc(10, 10)));
	if (__atomic_add_fetch(&rounds, 1, __ATOMIC_RELAXED) % 4 != 0)
		pthread_setspecific(keys[0], block);
	else
		free(block);
}

static void *short_thread(void *arg)
{
	void **blocks = arg;

	for (int i = 0; i < 3; i++)
		pthread_setspecific(keys[i], hide(malloc(10 + i * 1000)));
	for (int i = 0; i < 100; i++)
		blocks[i] = hide(malloc((size_t)i * 50));
	return hide(malloc(77));
}

static void at_the_end_of_threads(void)
{
	void *blocks[100], *result;
	pthread_t thread;
	bool good = true;

	for (int i = 0; i < 3; i++)
		pthread_key_create(&keys[i], at_thread_end);
	for (int i = 0; good && i < 300; i++) {
		good = pthread_create(&thread, NULL, short_thread, blocks) == 0;
		if (!good)
			break;
		pthread_join(thread, &result);
		for (int j = 0; j < 100; j++)
			free(blocks[j]);
		free(result);
	}
	ok(good, "threads allocate in destructors of their keys");
	for (int i = 0; i < 3; i++)
		pthread_key_delete(keys[i]);
}

static void at_exit(void)
{
	free(hide(malloc(100)));
	free(hide(malloc(1000000)));
}

/* -------------------------------------------------------------- in children */

static volatile bool stop;

static void *churn(void *arg)
{
	void *blocks[64] = { NULL };
	unsigned random = (unsigned)(uintptr_t)arg;

	while (!stop) {
		unsigned i = (random = random * 1664525 + 1013904223) >> 26;

		free(blocks[i]);
		blocks[i] = hide(malloc((random >> 8) % 3000 << i % 8));
	}
	for (int i = 0; i < 64; i++)
		free(blocks[i]);
	return NULL;
}

static bool ended_well(pid_t child)
{
	int status;

	return child > 0 && waitpid(child, &status, 0) == child &&
	       WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void in_child(void)
{
	void *blocks[200];
	pthread_t thread;

	alarm(60);
	for (int i = 0; i < 200; i++)
		blocks[i] = hide(malloc((size_t)i * i));
	for (int i = 0; i < 200; i++)
		free(blocks[i]);
	stop = true;
	if (pthread_create(&thread, NULL, churn, NULL) != 0)
		_exit(1);
	pthread_join(thread, NULL);
	_exit(malloc_trim(0) < 0);
}

/* Whose handlers of fork allocate: those of libmems must come last. */
static void in_fork(void)
{
	free(hide(malloc(50)));
	free(hide(malloc(50000)));
}

static void in_a_storm_of_forks(void)
{
	pthread_t threads[3];
	bool good = true;

	pthread_atfork(in_fork, in_fork, in_fork);
	stop = false;
	for (uintptr_t i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, churn, (void *)(i + 1));
	for (int i = 0; good && i < 60; i++) {
		pid_t child = fork();

		if (child == 0)
			in_child();
		good = ended_well(child);
	}
	ok(good, "children of a process with busy threads allocate");
	good = true;
	for (int i = 0; good && i < 30; i++) {
		pid_t child = vfork();

		if (child == 0) {
			execlp("true", "true", (char *)NULL);
			_exit(1);
		}
		good = ended_well(child);
		free(hide(malloc(1000)));
	}
	ok(good, "vfork and exec work");
	good = true;
	for (int i = 0; good && i < 20; i++) {
		FILE *stream = popen("echo word", "r");
		char *line = NULL;
		size_t size = 0;

		good = stream != NULL && getline(&line, &size, stream) == 5;
		good = stream != NULL && pclose(stream) == 0 && good;
		free(line);
	}
	ok(good, "popen and getline work");
	for (int i = 0; i < 200; i++) {
		struct mallinfo2 info = mallinfo2();

		good = good && info.arena >= info.uordblks;
		if (i % 20 == 0)
			(void)malloc_trim(0);
	}
	ok(good, "mallinfo2 and malloc_trim work while others allocate");
	stop = true;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

/* --------------------------------------------------- in the dynamic linker */

#ifndef STATIC

static void *load(void *name)
{
	for (int i = 0; i < 50; i++) {
		void *object = dlopen(name, RTLD_NOW);

		if (object == NULL)
			return NULL;
		if (dlsym(object, "no such name") != NULL)
			return NULL;
		(void)dlerror();
		dlclose(object);
		free(hide(malloc((size_t)i * 3000)));
	}
	return name;
}

static void in_the_linker(void)
{
	static char name[] = "libm.so.6", missing[] = "libnone.so.0";
	pthread_t threads[2];
	void *result[2];

	if (load(name) == NULL) {
		skip("dlopen of libm.so.6: %s", "there is none, or no dlopen");
		return;
	}
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, load, name);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], &result[i]);
	ok(result[0] == name && result[1] == name,
	   "objects come and go in two threads");
	ok(load(missing) == NULL && dlerror() != NULL, "what fails has a text");
}

#endif

int main(void)
{
	if (!ok(malloc_is_ours(), "malloc is that of libmems"))
		return done_testing();
	atexit(at_exit);
	at_the_start();
	at_the_end_of_threads();
	in_a_storm_of_forks();
#ifndef STATIC
	in_the_linker();
#endif
	return done_testing();
}
