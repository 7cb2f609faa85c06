/* A thread whose handle nobody keeps. */
#include <config.h>

#include "os/helper.h"

#include <windows.h>

/* It needs a page or two. */
#define STACK 131072

static DWORD WINAPI run(void *arg)
{
	void (**help)(void) = arg;

	(*help)();
	return 0;
}

bool mems__helper_start(void (*help)(void))
{
	static void (*what)(void);
	HANDLE thread;

	what = help;
	thread = CreateThread(NULL, STACK, run, &what,
			      STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
	if (thread != NULL)
		CloseHandle(thread);
	return thread != NULL;
}

bool mems__helper_forbidden(const void *caller)
{
	(void)caller;
	return false;
}
