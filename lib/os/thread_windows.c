/*
 * The end of a thread as the loader tells of it: it calls what is in .CRT$XL of
 * each file, whoever made the thread, and never for a fiber.
 */
#include <config.h>

#include "os/thread.h"

#include <windows.h>

static void (*end_thread)(void *arg);
static THREAD_LOCAL void *at_end;

static void NTAPI notice(void *file, DWORD reason, void *reserved)
{
	void *arg;

	(void)file;
	(void)reserved;
	if (reason != DLL_THREAD_DETACH)
		return;
	arg = MINE(at_end);
	if (arg != NULL) {
		MINE(at_end) = NULL;
		end_thread(arg);
	}
}

__attribute__((section(".CRT$XLM"), used))
static const PIMAGE_TLS_CALLBACK to_notice = notice;

unsigned mems__thread_processor(void)
{
	return GetCurrentProcessorNumber();
}

void mems__thread_start(void (*end)(void *arg))
{
	HMODULE file;

	/* A file that is closed is not told, and its helper has no code. */
	(void)GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
				 GET_MODULE_HANDLE_EX_FLAG_PIN,
				 (void *)&to_notice, &file);
	end_thread = end;
}

bool mems__thread_at_end(void *arg)
{
	MINE(at_end) = arg;
	return true;
}
