/*
 * Resident memory of this process, read without malloc or stdio. The sum over
 * the page tables is exact; the counters of statm lag on newer kernels.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "job.h"

static bool read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t n = -1;

	if (fd < 0)
		return false;
	while (length < size - 1 &&
	       (n = read(fd, text + length, size - 1 - length)) > 0)
		length += (size_t)n;
	close(fd);
	text[length] = '\0';
	return length > 0 && n >= 0;
}

static int64_t number_at(const char *text)
{
	int64_t number = 0;

	while (*text == ' ' || *text == '\t')
		text++;
	if (*text < '0' || *text > '9')
		return -1;
	for (; *text >= '0' && *text <= '9'; text++)
		number = number * 10 + (*text - '0');
	return number;
}

int64_t resident_now(void)
{
	char text[2048], *at;

	if (read_text("/proc/self/smaps_rollup", text, sizeof(text)) &&
	    (at = strstr(text, "\nRss:")) != NULL)
		return number_at(at + 5);
	if (read_text("/proc/self/statm", text, sizeof(text)) &&
	    (at = strchr(text, ' ')) != NULL && number_at(at) >= 0)
		return number_at(at) * (sysconf(_SC_PAGESIZE) / 1024);
	return -1;
}
