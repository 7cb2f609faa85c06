/* What mems.test runs by mems(1): linked with nothing of ours. */
#include "../preload/family.h"

#include <sys/wait.h>

__attribute__((noinline)) void leak_here(void);
__attribute__((noinline)) void resize_here(void);
__attribute__((noinline)) void sample_here(void);

void leak_here(void)
{
	for (int i = 0; i < 777; i++)
		((char *)hide(malloc(100)))[0] = 1;
}

/* Blocks that are longer in the end, where they are or elsewhere. */
void resize_here(void)
{
	for (int i = 0; i < 11; i++) {
		char *block = hide(malloc(100));

		((char *)hide(realloc(block, 110)))[0] = 1;
	}
	for (int i = 0; i < 5; i++) {
		char *block = hide(malloc(200000));
		char *wall = hide(malloc(200000));

		((char *)hide(realloc(block, 3000000)))[0] = 1;
		free(wall);
	}
}

/* 400 MiB in all, of which nothing stays. */
void sample_here(void)
{
	for (int i = 0; i < 400 * 64; i++)
		free(hide(malloc(16384)));
}

static void fill(void)
{
	size_t bytes = 0;

	while (hide(malloc(10000)) != NULL && bytes < (size_t)256 << 20)
		bytes += 10000;
	if (bytes < (size_t)64 << 20 && bytes > (size_t)32 << 20)
		puts("refused at less than 64 MiB");
	else
		printf("got %zu bytes\n", bytes);
}

static void fork_one(void)
{
	pid_t child = fork();

	if (child == 0) {
		sample_here();
		exit(0);
	}
	waitpid(child, NULL, 0);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "whose") == 0)
		puts(malloc_is_ours() ? "malloc is ours" : "malloc is not");
	else if (strcmp(what, "fill") == 0)
		fill();
	else if (strcmp(what, "leak") == 0)
		leak_here();
	else if (strcmp(what, "resize") == 0)
		resize_here();
	else if (strcmp(what, "sample") == 0)
		sample_here();
	else if (strcmp(what, "fork") == 0)
		fork_one();
	else if (strcmp(what, "nothing") == 0)
		return 0;
	else if (strcmp(what, "seven") == 0)
		return 7;
	else if (strcmp(what, "close") == 0)
		return close(STDOUT_FILENO) | close(STDERR_FILENO);
	else
		return 3;
	return 0;
}
