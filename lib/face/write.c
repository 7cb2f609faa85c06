/*
 * The text of the printing calls, sent to a file descriptor.
 */
#include <config.h>

#include <errno.h>
#include <unistd.h>

#include <mems/base.h>

/* Some systems refuse, or cut to an int, the length of one larger write. */
#define WRITE_MOST ((size_t)1 << 30)

int mems_write_fd(void *fd_pointer, const char *text, size_t length)
{
	if (fd_pointer == NULL)
		return -EINVAL;
	while (length > 0) {
		size_t piece = length < WRITE_MOST ? length : WRITE_MOST;
		ssize_t done = write(*(int *)fd_pointer, text, piece);

		if (done > 0) {
			text += done;
			length -= (size_t)done;
		} else if (done == 0) {
			return -EIO;	/* it would go on for ever */
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}
