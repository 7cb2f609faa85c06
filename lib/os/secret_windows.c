/* From the system's source of chance; without one, from what differs. */
#include <config.h>

#include "os/secret.h"

#include "os/clock.h"

#include <windows.h>

/* RtlGenRandom, whose header wants more than it is worth. */
BOOLEAN NTAPI SystemFunction036(void *bytes, ULONG length);

uintptr_t mems__random(void)
{
	uintptr_t secret = 0;

	if (!SystemFunction036(&secret, sizeof(secret)))
		secret = (uintptr_t)mems__clock_exact() *
			 (uintptr_t)0x9e3779b97f4a7c15u ^
			 (uintptr_t)&secret ^ (uintptr_t)&mems__random;
	return secret | 1;
}
