/*
 * The same targets under AFL++: one process runs many inputs, which it is
 * handed in memory.
 */
#include <unistd.h>

#include "fuzz/fuzz.h"

__AFL_FUZZ_INIT();

int main(void)
{
	const uint8_t *data = __AFL_FUZZ_TESTCASE_BUF;

	while (__AFL_LOOP(100000))
		LLVMFuzzerTestOneInput(data, (size_t)__AFL_FUZZ_TESTCASE_LEN);
	return 0;
}
