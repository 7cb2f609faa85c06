/* Whose code is at an address: this program's, which has the library in it, the
   C library's, or the dynamic linker's. */
#include <config.h>

#include "os/linker.h"

#include "tap.h"

#include <stdint.h>
#ifdef __linux__
#include <sys/auxv.h>
#endif

int main(void)
{
	const char *linker = NULL;

#ifdef __linux__
	linker = (const char *)(uintptr_t)getauxval(AT_BASE);
#endif
	if (mems__is_ours((const void *)(uintptr_t)&mems__is_ours)) {
		ok(!mems__is_ours(NULL), "what is nowhere is not ours");
		ok(!mems__is_ours(&linker), "nor is the stack");
	} else {
		skip("nobody tells what is ours");
	}
	if (linker != NULL && mems__is_linker(linker)) {
		ok(!mems__is_linker((const void *)(uintptr_t)&main),
		   "the program is not the linker");
		ok(!mems__is_linker(NULL) && !mems__is_linker(&linker),
		   "nor what is nowhere, nor the stack");
		ok(!mems__is_linker(linker - 1), "nor what is before it");
	} else {
		skip("nobody tells what is the linker's");
	}
	return done_testing();
}
