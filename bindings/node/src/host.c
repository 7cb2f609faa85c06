/*
 * Windows: Node's calls, found by name in the program that loaded the addon. A
 * list of imports would ask for them of node.exe, and the program may be called
 * electron.exe or otherwise. build.js writes the list.
 */
#ifdef _WIN32
#include <windows.h>

#include "host.h"

#ifndef __x86_64__
#error "Not known how to jump on this processor."
#endif

/* Each call is a jump to where its pointer says. */
#define JUMP(call)                                                         \
	static __attribute__((used)) FARPROC node_##call                   \
		__asm__("node_" #call);                                    \
	__asm__(".text\n.globl " #call "\n" #call ": jmp *node_" #call     \
		"(%rip)\n");
NODE_CALLS(JUMP)

#define PLACE(call) { &node_##call, #call },
static const struct {
	FARPROC *pointer;
	const char *name;
} places[] = { NODE_CALLS(PLACE) };

/* Before anything of ours: old headers have a constructor that makes a call. */
__attribute__((constructor(101)))
static void find_calls(void)
{
	HMODULE host = GetModuleHandleW(L"libnode.dll"), addon;

	if (host == NULL)
		host = GetModuleHandleW(NULL);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		*places[i].pointer = GetProcAddress(host, places[i].name);
	/* As -z nodelete elsewhere. */
	(void)GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
				 GET_MODULE_HANDLE_EX_FLAG_PIN,
				 (void *)&places, &addon);
}
#else
typedef int nothing;	/* a file of C has something in it */
#endif
