#include "allocators.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

struct allocator allocators[ALLOCATORS] = {
	[GLIBC] = { "glibc", NULL, "#6b7280", true, true, false, "" },
	[JEMALLOC] = { "jemalloc", "libjemalloc.so.2", "#c2410c", true, true,
		       false, "" },
	[TCMALLOC] = { "tcmalloc", "libtcmalloc_minimal.so.4", "#2f7d4f", true,
		       true, false, "" },
	[MIMALLOC] = { "mimalloc", "libmimalloc.so.2", "#7a3e9d", true, true,
		       false, "" },
	[MEMS] = { "mems", NULL, "#0b5cad", false, true, false, "" },
	[MEMS_HARDENED] = { "mems-hardened", NULL, "#3f97e0", false, false,
			    false, "" },
};

/* Where the C library is, from which malloc comes if nothing is preloaded. */
static char libc[512];

int allocator_find(const char *key)
{
	for (int i = 0; i < ALLOCATORS; i++)
		if (strcmp(allocators[i].key, key) == 0)
			return i;
	return -1;
}

const char *allocators_choose(char *list)
{
	for (int i = 0; i < ALLOCATORS; i++)
		if (allocators[i].peer)
			allocators[i].chosen = false;
	for (char *key = strtok(list, ","); key; key = strtok(NULL, ",")) {
		int i = allocator_find(key);

		if (i < 0 || !allocators[i].peer)
			return key;
		allocators[i].chosen = true;
	}
	return NULL;
}

/* What `load which` says, run with this allocator. */
static bool ask_which(const char *load, const char *path, char *answer,
		      size_t size)
{
	const char *argv[] = { load, "which", NULL };
	struct command command = { .argv = argv, .preload = path,
				   .limit = 20 };
	struct outcome outcome;

	if (!command_run(&command, &outcome)) {
		snprintf(answer, size, "%s", outcome.why);
		return false;
	}
	command_output(&command, answer, size);
	answer[strcspn(answer, "\n")] = '\0';
	return true;
}

const char *libc_path(void)
{
	return libc;
}

static void leave_out(struct allocator *allocator, const char *why)
{
	printf("%s: %s, so it has no column\n", allocator->key, why);
	allocator->chosen = false;
}

/* The linker finds a peer by its name, and goes on without it if it cannot. */
static void find_peer(struct allocator *allocator, const char *load)
{
	char answer[512];

	if (allocator->soname == NULL)
		return;
	if (!ask_which(load, allocator->soname, answer, sizeof(answer)))
		leave_out(allocator, answer);
	else if (strcmp(answer, libc) == 0)
		leave_out(allocator, "its library is not installed");
	else
		memcpy(allocator->path, answer, sizeof(answer));
}

static void find_ours(struct allocator *allocator, const char *load)
{
	char answer[512], *whole = realpath(allocator->path, NULL);

	if (whole == NULL || strlen(whole) >= sizeof(allocator->path))
		leave_out(allocator, "its library is not built");
	else if (!ask_which(load, whole, answer, sizeof(answer)))
		leave_out(allocator, answer);
	else if (strcmp(answer, whole) != 0)
		leave_out(allocator, "malloc does not come from it");
	else
		memcpy(allocator->path, answer, sizeof(answer));
	free(whole);
}

bool allocators_ready(const char *load)
{
	int left = 0;

	if (!ask_which(load, NULL, libc, sizeof(libc))) {
		printf("load: %s\n", libc);
		return false;
	}
	for (int i = 0; i < ALLOCATORS; i++) {
		if (!allocators[i].chosen)
			continue;
		if (allocators[i].peer)
			find_peer(&allocators[i], load);
		else
			find_ours(&allocators[i], load);
		left += allocators[i].chosen;
	}
	return left > 0;
}
