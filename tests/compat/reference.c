/*
 * A program as MeMS users write it, with int pointers for addresses, and what
 * it must print to the last byte: ten blocks, the fourth freed and taken again.
 */
#include <stdio.h>
#include "mems.h"

#include "capture.h"
#include "tap.h"

static int program(void)
{
	int *ptr[10];
	int *element;

	mems_init();
	for (int i = 0; i < 10; i++) {
		ptr[i] = (int *)mems_malloc(sizeof(int) * 250);
		printf("Virtual address: %lu\n", (unsigned long)(uintptr_t)ptr[i]);
	}
	element = (int *)mems_get(&ptr[0][1]);
	element[0] = 200;
	element = (int *)mems_get(&ptr[0][0]);
	printf("Value written: %d\n", element[1]);
	mems_print_stats();

	printf("Freed %lu\n", (unsigned long)(uintptr_t)ptr[3]);
	mems_free(ptr[3]);
	mems_print_stats();

	ptr[3] = (int *)mems_malloc(sizeof(int) * 250);
	printf("Allocated %lu\n", (unsigned long)(uintptr_t)ptr[3]);
	mems_print_stats();
	mems_finish();
	return 0;
}

static const char expected[] =
"Virtual address: 1000\n"
"Virtual address: 2000\n"
"Virtual address: 3000\n"
"Virtual address: 4000\n"
"Virtual address: 5096\n"
"Virtual address: 6096\n"
"Virtual address: 7096\n"
"Virtual address: 8096\n"
"Virtual address: 9192\n"
"Virtual address: 10192\n"
"Value written: 200\n"
"MAIN[1000:5095] -> P[1000:1999] <-> P[2000:2999] <-> P[3000:3999] <-> "
"P[4000:4999] <-> H[5000:5095] <-> NULL\n"
"MAIN[5096:9191] -> P[5096:6095] <-> P[6096:7095] <-> P[7096:8095] <-> "
"P[8096:9095] <-> H[9096:9191] <-> NULL\n"
"MAIN[9192:13287] -> P[9192:10191] <-> P[10192:11191] <-> H[11192:13287] "
"<-> NULL\n"
"Page used: 3\n"
"Space unused: 2288\n"
"Main Chain Length: 3\n"
"Sub-chain Length array: [5, 5, 3]\n"
"Freed 4000\n"
"MAIN[1000:5095] -> P[1000:1999] <-> P[2000:2999] <-> P[3000:3999] <-> "
"H[4000:5095] <-> NULL\n"
"MAIN[5096:9191] -> P[5096:6095] <-> P[6096:7095] <-> P[7096:8095] <-> "
"P[8096:9095] <-> H[9096:9191] <-> NULL\n"
"MAIN[9192:13287] -> P[9192:10191] <-> P[10192:11191] <-> H[11192:13287] "
"<-> NULL\n"
"Page used: 3\n"
"Space unused: 3288\n"
"Main Chain Length: 3\n"
"Sub-chain Length array: [4, 5, 3]\n"
"Allocated 4000\n"
"MAIN[1000:5095] -> P[1000:1999] <-> P[2000:2999] <-> P[3000:3999] <-> "
"P[4000:4999] <-> H[5000:5095] <-> NULL\n"
"MAIN[5096:9191] -> P[5096:6095] <-> P[6096:7095] <-> P[7096:8095] <-> "
"P[8096:9095] <-> H[9096:9191] <-> NULL\n"
"MAIN[9192:13287] -> P[9192:10191] <-> P[10192:11191] <-> H[11192:13287] "
"<-> NULL\n"
"Page used: 3\n"
"Space unused: 2288\n"
"Main Chain Length: 3\n"
"Sub-chain Length array: [5, 5, 3]\n";

static int status;

static void run(void)
{
	status = program();
}

int main(void)
{
	for (int i = 1; i <= 2; i++) {
		struct text text = capture_stdout(run);

		is(status, 0, "run %d of the program succeeds", i);
		is_str(text.bytes, expected, "and prints what it always has");
		text_free(&text);
	}
	return done_testing();
}
