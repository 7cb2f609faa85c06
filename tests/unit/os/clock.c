/* Clocks that go forward, and a sleep in which they do. */
#include <config.h>

#include "os/clock.h"

#include "tap.h"

#include <stdbool.h>

int main(void)
{
	uint64_t coarse = mems__clock(), exact = mems__clock_exact();
	uint64_t first = coarse, first_exact = exact;
	bool back = false;
	int sleeps = 0;

	for (int i = 0; i < 100000; i++) {
		uint64_t now = mems__clock(), exactly = mems__clock_exact();

		back = back || now < coarse || exactly < exact;
		coarse = now;
		exact = exactly;
	}
	ok(!back, "no clock goes back");
	while (mems__clock() == first && sleeps < 10000) {
		mems__sleep(1);
		sleeps++;
	}
	ok(mems__clock() > first, "the coarse one goes on");
	ok(mems__clock_exact() > first_exact, "the exact one too");
	first_exact = mems__clock_exact();
	mems__sleep(1001);
	ok((mems__clock_exact() - first_exact) / 1000000 > 900,
	   "a sleep of a second and a bit is one");
	return done_testing();
}
