/* From the system's source of chance; without one, from what differs. */
#include <config.h>

#include "os/secret.h"

#include "os/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

uintptr_t mems__random(void)
{
	uintptr_t secret = 0;
	int saved = errno, fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (read(fd, &secret, sizeof(secret)) != sizeof(secret))
			secret = 0;
		close(fd);
	}
	if (secret == 0)
		secret = (uintptr_t)mems__clock_exact() *
			 (uintptr_t)0x9e3779b97f4a7c15u ^
			 (uintptr_t)&secret ^ (uintptr_t)&mems__random;
	errno = saved;
	return secret | 1;
}
