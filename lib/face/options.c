/*
 * MEMS_OPTIONS: what a process that runs on libmems-malloc is told from
 * outside, and what it tells at its end. mems(1) sets it.
 *
 * The program's own malloc is ours, so nothing here may call stdio; and the
 * program may have closed stderr by its end, so a copy is kept.
 */
#include <config.h>

#include "face/options.h"

#include "heap/heap.h"
#include "heap/trace.h"
#include "stats/trace.h"

#include <mems/stats.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One block in so many bytes is in a profile. */
#define PROFILE_PERIOD 524288

const char mems__options;

static struct {
	bool stats, leaks;
	char profile[512];	/* "": none */
	pid_t process;		/* that was told */
	int fd;			/* a copy of stderr */
} asked = { .fd = STDERR_FILENO };

static void complain(const char *what, size_t length)
{
	static const char prefix[] = "libmems: MEMS_OPTIONS: not known: ";
	int fd = STDERR_FILENO;

	(void)mems_write_fd(&fd, prefix, sizeof(prefix) - 1);
	(void)mems_write_fd(&fd, what, length);
	(void)mems_write_fd(&fd, "\n", 1);
}

/* A number, with K, M or G behind it; false: it is none. */
static bool number_of(const char *text, size_t length, int64_t *number)
{
	bool negative = length > 0 && *text == '-';
	uint64_t value = 0;
	size_t i = negative;
	unsigned shift;

	if (i == length || text[i] < '0' || text[i] > '9')
		return false;
	for (; i < length && text[i] >= '0' && text[i] <= '9'; i++) {
		if (value > INT64_MAX / 16)
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	if (i + 1 == length) {
		shift = text[i] == 'K' ? 10 : text[i] == 'M' ? 20 :
			text[i] == 'G' ? 30 : 0;
		if (shift == 0 || value > (uint64_t)INT64_MAX >> shift)
			return false;
		value <<= shift;
		i++;
	}
	*number = negative ? -(int64_t)value : (int64_t)value;
	return i == length;
}

static bool is(const char *name, size_t length, const char *word)
{
	return strlen(word) == length && memcmp(name, word, length) == 0;
}

static bool take_option(const char *name, size_t name_length,
			const char *value, size_t length)
{
	int64_t number = 0;

	if (is(name, name_length, "profile")) {
		if (length == 0 || length >= sizeof(asked.profile))
			return false;
		memcpy(asked.profile, value, length);
		asked.profile[length] = '\0';
		return true;
	}
	if (!number_of(value, length, &number))
		return false;
	if (is(name, name_length, "decay") && number <= 1 << 30)
		mems__decay_time = (int)number;
	else if (is(name, name_length, "helper") && number >= 0)
		mems__decay_helper = number != 0 && mems__decay_helper;
	else if (is(name, name_length, "limit") && number >= 0)
		return mems_heap_limit(NULL, 0, (uint64_t)number, NULL,
				       NULL) == 0;
	else if (is(name, name_length, "stats") && number >= 0)
		asked.stats = number != 0;
	else if (is(name, name_length, "leaks") && number >= 0)
		asked.leaks = number != 0;
#ifdef MEMS_HARDENED
	else if (is(name, name_length, "zero") && number >= 0)
		mems__zero_on_free = number != 0;
#else
	else if (is(name, name_length, "zero") && number >= 0)
		return true;	/* for the hardened build */
#endif
	else
		return false;
	return true;
}

static void take_options(const char *text)
{
	while (*text != '\0') {
		size_t length = strcspn(text, ","), name;

		name = strcspn(text, "=,");
		if (length > 0 &&
		    (name == length ||
		     !take_option(text, name, text + name + 1,
				  length - name - 1)))
			complain(text, length);
		text += length;
		if (*text == ',')
			text++;
	}
}

/* Not for a program that runs with more rights than its caller has. */
static __attribute__((constructor)) void begin(void)
{
	const char *options = secure_getenv("MEMS_OPTIONS");

	if (options == NULL)
		return;
	take_options(options);
	asked.process = getpid();
	if (asked.stats || asked.leaks) {
		int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 200);

		if (fd >= 0)
			asked.fd = fd;
	}
	if (asked.leaks)
		mems__trace_start(1);
	else if (asked.profile[0] != '\0')
		mems__trace_start(PROFILE_PERIOD);
}

/* --------------------------------------------------------------- at the end */

static void say(const char *what)
{
	(void)mems_write_fd(&asked.fd, what, strlen(what));
}

/* The name of the profile, with the number of a process that was forked. */
static int open_profile(void)
{
	char path[sizeof(asked.profile) + 16];
	size_t length = strlen(asked.profile);
	pid_t process = getpid();

	memcpy(path, asked.profile, length + 1);
	if (process != asked.process) {
		char digits[12];
		size_t first = sizeof(digits);

		do
			digits[--first] = (char)('0' + process % 10);
		while ((process /= 10) > 0);
		path[length++] = '.';
		memcpy(path + length, digits + first, sizeof(digits) - first);
		path[length + sizeof(digits) - first] = '\0';
	}
	return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
}

static void write_profile(void)
{
	char buffer[4096];
	int maps, fd = open_profile();
	ssize_t length;

	if (fd < 0) {
		say("libmems: the profile could not be written\n");
		return;
	}
	(void)mems__profile_print(mems_write_fd, &fd);
	maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	if (maps >= 0) {
		while ((length = read(maps, buffer, sizeof(buffer))) > 0)
			(void)mems_write_fd(&fd, buffer, (size_t)length);
		close(maps);
	}
	close(fd);
}

static __attribute__((destructor)) void end(void)
{
	int saved = errno;

	if (asked.stats) {
		say("libmems: statistics\n");
		(void)mems_heap_print(NULL, mems_write_fd, &asked.fd);
	}
	if (asked.leaks) {
		say("libmems: ");
		(void)mems__leaks_print(mems_write_fd, &asked.fd);
	}
	if (asked.profile[0] != '\0')
		write_profile();
	errno = saved;
}
