/*
 * Memory that is in no live block must not be used, and AddressSanitizer and
 * valgrind can tell, though they know nothing of spaces by themselves.
 *
 * Without arguments, in a build with AddressSanitizer: each wrong use ends a
 * child process. With the name of a use: do it, for valgrind.test to look on.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mems.h>

#include "api/space.h"
#include "tap.h"

#if defined __SANITIZE_ADDRESS__
#define SANITIZED 1
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static mems_space *space;
static mems_va block, wall;

/* The use must not be optimised away. */
static void use(mems_va va)
{
	volatile unsigned char *memory = mems_space_get(space, va);

	memory[0] = (unsigned char)(memory[0] + 1);
}

static void freed(void)
{
	mems_space_free(space, block);
	use(block + 100);
}

static void joined(void)
{
	mems_space_free(space, wall);
	mems_space_free(space, block);
	use(wall);
}

static void shrunk(void)
{
	if (mems_space_resize(space, block, 160) == block)
		use(block + 160);
}

static void moved(void)
{
	if (mems_space_resize(space, block, 5000) != block)
		use(block);
}

static void behind(void)
{
	use(wall + 320);
}

static void classic_freed(void)
{
	volatile unsigned char *memory;
	void *va;

	mems_init();
	va = mems_malloc(100);
	memory = mems_get(va);
	mems_free(va);
	memory[0] = (unsigned char)(memory[0] + 1);
}

/* Every right use of memory there is. */
static void live(void)
{
	mems_va va;

	memset(mems_space_get(space, block), 1, 320);
	use(block + 319);
	block = mems_space_resize(space, block, 160);
	use(block + 159);
	va = mems_space_alloc(space, 100);
	memset(mems_space_get(space, va), 1, mems_space_usable_size(space, va));
	mems_space_free(space, va);
	block = mems_space_resize(space, block, 320);
	mems_space_fill(space, block + 160, 2, 160);
	use(block + 319);
	block = mems_space_resize(space, block, 20000);
	mems_space_fill(space, block + 320, 3, 20000 - 320);
	use(block + 19999);
	va = mems_space_aligned_alloc(space, 4096, 10000);
	memset(mems_space_get(space, va), 1, 10000);
	mems_space_copy(space, va, block, 10000);
	mems_space_free(space, va);
	va = mems_space_calloc(space, 10, 1000);
	use(va + 9999);
	mems_space_free(space, va);
	mems_space_trim(space, NULL);
	mems_space_defrag(space, NULL);
	va = mems_space_calloc(space, 300, 1000);
	use(va + 299999);
	mems_space_free(space, va);
	mems_space_verify(space, NULL, 0);
}

static const struct {
	const char *name;
	void (*use)(void);
	const char *wrong;	/* NULL: a right use */
} uses[] = {
	{ "freed", freed, "a freed block" },
	{ "joined", joined, "a freed block inside a larger hole" },
	{ "shrunk", shrunk, "what a block gave back" },
	{ "moved", moved, "the old place of a block that moved" },
	{ "behind", behind, "what lies behind the last block" },
	{ "classic", classic_freed, "a freed block of the classic heap" },
	{ "live", live, NULL },
};

#define USES (sizeof(uses) / sizeof(uses[0]))

static void begin(void)
{
	space = space_make(4 << 20);
	block = mems_space_alloc(space, 320);
	wall = mems_space_alloc(space, 320);
	mems_space_fill(space, block, 0, 320);
	mems_space_fill(space, wall, 0, 320);
}

static void each_in_a_child(void)
{
	for (size_t i = 0; i < USES; i++) {
		int status = 0;
		pid_t child;

		fflush(stdout);
		child = fork();
		if (child == 0) {
			if (uses[i].wrong != NULL &&
			    freopen("/dev/null", "w", stderr) == NULL)
				_exit(0);
			begin();
			uses[i].use();
			_exit(0);
		}
		waitpid(child, &status, 0);
		if (uses[i].wrong != NULL)
			ok(status != 0, "AddressSanitizer finds a use of %s",
			   uses[i].wrong);
		else
			ok(status == 0, "and nothing wrong with live blocks");
	}
}

int main(int argc, char **argv)
{
	if (argc < 2 && !SANITIZED) {
		puts("1..0 # SKIP this build has no AddressSanitizer");
		return 0;
	}
	if (argc < 2) {
		each_in_a_child();
		return done_testing();
	}
	begin();
	for (size_t i = 0; i < USES; i++) {
		if (strcmp(argv[1], uses[i].name) == 0) {
			uses[i].use();
			mems_space_destroy(space);
			return 0;
		}
	}
	fprintf(stderr, "%s: no such use: %s\n", argv[0], argv[1]);
	return 2;
}
