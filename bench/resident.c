#include "resident.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define STRIDE 1024	/* pages asked about in one mincore() */

/*
 * Read without stdio, whose buffer would itself come and go. The text is far
 * below the size of this buffer; it is a static one so that it is counted both
 * before and after whatever is measured.
 */
static char text[1 << 20];

static size_t read_file(const char *path)
{
	size_t length = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	memset(text, 0, sizeof(text));
	while (length < sizeof(text) - 1 &&
	       (n = read(fd, text + length, sizeof(text) - 1 - length)) > 0)
		length += n;
	close(fd);
	text[length] = '\0';
	return length;
}

/* Does this line of smaps open a mapping, and is that one of memory only? */
static bool opens_mapping(const char *line, bool *memory)
{
	unsigned long from, to, offset, inode;
	char access[8], device[16];
	int path = 0;

	if (sscanf(line, "%lx-%lx %7s %lx %15s %lu %n", &from, &to, access,
		   &offset, device, &inode, &path) != 6)
		return false;
	line += path;
	*memory = inode == 0 || strncmp(line, "/memfd:", 7) == 0 ||
		  strncmp(line, "/dev/", 5) == 0 ||
		  strncmp(line, "/SYSV", 5) == 0;
	return true;
}

int64_t resident_total(void)
{
	int64_t total = 0;
	bool memory = false;
	char *line, *next;
	long kilobytes;

	if (read_file("/proc/self/smaps") == 0)
		return -1;
	for (line = text; *line != '\0'; line = next) {
		next = line + strcspn(line, "\n");
		if (*next == '\n')
			*next++ = '\0';
		if (opens_mapping(line, &memory))
			continue;
		if (memory && sscanf(line, "Rss: %ld kB", &kilobytes) == 1)
			total += kilobytes * 1024;
	}
	return total;
}

bool resident_range(const void *start, size_t length, uint64_t *bytes,
		    uint64_t *end)
{
	size_t page = sysconf(_SC_PAGESIZE);
	uintptr_t from = (uintptr_t)start & ~(uintptr_t)(page - 1);
	uintptr_t to = (uintptr_t)start + length;
	unsigned char present[STRIDE];

	*bytes = *end = 0;
	for (uintptr_t at = from; at < to; at += STRIDE * page) {
		size_t count = (to - at + page - 1) / page;

		if (count > STRIDE)
			count = STRIDE;
		if (mincore((void *)at, count * page, present) != 0)
			return false;
		for (size_t i = 0; i < count; i++) {
			if (!(present[i] & 1))
				continue;
			*bytes += page;
			*end = at + (i + 1) * page - (uintptr_t)start;
		}
	}
	return true;
}

const char *huge_pages(void)
{
	char *name;

	if (read_file("/sys/kernel/mm/transparent_hugepage/enabled") == 0 ||
	    (name = strchr(text, '[')) == NULL)
		return "unknown";
	name++;
	name[strcspn(name, "]")] = '\0';
	return name;
}
