/* The contract of pages: what is reserved, usable, given back. */
#include <config.h>

#include "os/pages.h"

#include "tap.h"

#ifndef _WIN32
#include <sys/resource.h>
#endif

/* Only where it fits; else any number will do. */
#define TIB ((size_t)1 << (sizeof(size_t) > 4 ? 40 : 20))

static size_t page;

static bool all_zero(const char *memory, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (memory[i] != 0)
			return false;
	}
	return true;
}

static bool refuse(void)
{
	return false;
}

static void pages_read_as_zero_when_committed_again(void)
{
	size_t size = 64 * page;
	char *memory = mems__pages_reserve(size);

	ok(memory != NULL, "addresses are reserved");
	ok(mems__pages_commit(memory, size / 2), "half of them get memory");
	ok(all_zero(memory, size / 2), "which reads as 0");
	memset(memory, 7, size / 2);
	ok(mems__pages_commit(memory + size / 2, size / 2), "the rest too");
	ok(memory[0] == 7 && memory[size / 2 - 1] == 7,
	   "and the first half keeps its content");
	ok(mems__pages_resident(memory, size) >= size / 2,
	   "what was written to is resident");
	ok(mems__pages_decommit(memory, 4 * page), "some pages are given back");
	ok(all_zero(memory, 4 * page), "and read as 0");
	ok(memory[4 * page] == 7, "the next one is untouched");
	mems__pages_release(memory, size);
}

static void refused_calls_change_nothing(void)
{
	char *memory = mems__pages_reserve(4 * page);

	ok(mems__pages_commit(memory, 2 * page), "committed");
	memory[0] = 1;
	mems__pages_may = refuse;
	ok(mems__pages_reserve(page) == NULL, "a refused reserve gives NULL");
	ok(!mems__pages_commit(memory + 2 * page, page),
	   "a refused commit says so");
	ok(!mems__pages_decommit(memory, page), "a refused decommit too");
	mems__pages_may = NULL;
	is(memory[0], 1, "and what was there is there");
	mems__pages_release(memory, 4 * page);
}

static void a_sensible_size_shrinks_as_addresses_go(void)
{
	const char *emulator = getenv("EMULATOR");
	uint64_t before = mems__pages_sensible();
	void *pages[64];
	int count = 0;

	ok(before >= (uint64_t)1 << 20, "there is room for a space");
	if (sizeof(void *) < 8) {
		ok(before <= (uint64_t)256 << 20, "of 256 MiB at most");
		return;
	}
	ok(before <= (uint64_t)64 << 30, "of 64 GiB at most");
	/* An emulator may keep books on every page of 64 TiB. */
	if (emulator != NULL && *emulator != '\0') {
		skip("not under an emulator");
		return;
	}
	/* Take the budget nearly all: 64 times 1 TiB, if the system lets us. */
	while (count < 64) {
		pages[count] = mems__pages_reserve(TIB);
		if (pages[count] == NULL)
			break;
		count++;
	}
	if (count == 64)
		ok(mems__pages_sensible() < before,
		   "with 64 TiB gone a sensible size is smaller");
	else
		skip("the system has less than 64 TiB of addresses");
	while (count-- > 0)
		mems__pages_release(pages[count], TIB);
	ok(mems__pages_sensible() == before, "and as before when they are back");
}

#ifndef _WIN32
/* Limits on addresses, and no file that tells how much of them is used. */
static void a_limit_on_addresses_is_known(void)
{
	rlim_t some = (rlim_t)1 << (sizeof(void *) > 4 ? 46 : 31);
	struct rlimit addresses, files, limit;
	uint64_t left, at_most;

	getrlimit(RLIMIT_AS, &addresses);
	getrlimit(RLIMIT_NOFILE, &files);
	limit = addresses;
	limit.rlim_cur = some;
	if (addresses.rlim_cur != RLIM_INFINITY ||
	    setrlimit(RLIMIT_AS, &limit) != 0 ||
	    getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur != some) {
		skip("there is a limit already, or none is kept");
		return;
	}
	left = mems__address_limit_left();
	limit = files;
	limit.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &limit);
	at_most = mems__address_limit_left();
	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_AS, &addresses);
	ok(left > 0 && left <= some, "what is left of a limit");
	ok(at_most == some, "is at most all, when nobody tells what is used");
	ok(mems__address_limit_left() == UINT64_MAX, "without one there is none");
}
#else
static void a_limit_on_addresses_is_known(void)
{
	skip("Windows has no such limit");
}
#endif

int main(void)
{
	page = mems__page_size();
	ok(page >= 4096 && (page & (page - 1)) == 0, "pages are a power of two");
	pages_read_as_zero_when_committed_again();
	refused_calls_change_nothing();
	a_sensible_size_shrinks_as_addresses_go();
	a_limit_on_addresses_is_known();
	return done_testing();
}
