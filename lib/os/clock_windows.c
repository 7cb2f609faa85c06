/* Time by the tick of the system, and by its counter. */
#include <config.h>

#include "os/clock.h"

#include <windows.h>

uint64_t mems__clock(void)
{
	return GetTickCount64();
}

uint64_t mems__clock_exact(void)
{
	LARGE_INTEGER count, second;
	uint64_t ticks, rate;

	QueryPerformanceCounter(&count);
	QueryPerformanceFrequency(&second);
	ticks = (uint64_t)count.QuadPart;
	rate = (uint64_t)second.QuadPart;
	/* In two steps: the product of all ticks would not fit for long. */
	return ticks / rate * 1000000000 + ticks % rate * 1000000000 / rate;
}

void mems__sleep(uint64_t milliseconds)
{
	Sleep(milliseconds < INFINITE ? (DWORD)milliseconds : INFINITE);
}
