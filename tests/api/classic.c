/* The six classic calls, as their users know them. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <mems.h>

#include "capture.h"
#include "child.h"
#include "tap.h"

#define VA(number) ((void *)(uintptr_t)(number))

/* Whether mems_malloc() refuses that size with that error. */
static int refuses(size_t size, int error)
{
	errno = 0;
	return mems_malloc(size) == NULL && errno == error;
}

static int get_fails(uintptr_t va, int error)
{
	errno = 0;
	return mems_get(VA(va)) == NULL && errno == error;
}

static int free_fails(uintptr_t va, int error)
{
	errno = 0;
	mems_free(VA(va));
	return errno == error;
}

static uintptr_t allocate(size_t size)
{
	return (uintptr_t)mems_malloc(size);
}

static void a_heap_that_is_not_started_answers_einval(const char *when)
{
	struct text text;

	ok(refuses(8, EINVAL), "%s mems_malloc answers EINVAL", when);
	ok(refuses(0, EINVAL), "%s mems_malloc(0) too", when);
	ok(free_fails(1000, EINVAL), "%s mems_free answers EINVAL", when);
	ok(get_fails(1000, EINVAL), "%s mems_get answers EINVAL", when);
	errno = 0;
	text = capture_stdout(mems_print_stats);
	ok(errno == EINVAL, "%s mems_print_stats answers EINVAL", when);
	is_str(text.bytes, "", "%s it prints nothing", when);
	text_free(&text);
	errno = 0;
	mems_finish();
	ok(errno == EINVAL, "%s mems_finish answers EINVAL", when);
}

static void an_empty_heap_prints_empty_chains(void)
{
	struct text text = capture_stdout(mems_print_stats);

	is_str(text.bytes,
	       "Page used: 0\nSpace unused: 0\nMain Chain Length: 0\n"
	       "Sub-chain Length array: []\n", "a new heap has no nodes");
	text_free(&text);
}

static void ten_blocks_lie_where_the_reference_has_them(void)
{
	static const uintptr_t want[10] = {
		1000, 2000, 3000, 4000, 5096, 6096, 7096, 8096, 9192, 10192
	};
	int *block[10];

	for (int i = 0; i < 10; i++) {
		block[i] = mems_malloc(250 * sizeof(int));
		is((uintptr_t)block[i], want[i], "block %d", i);
	}
	for (int i = 0; i < 10; i++)
		for (int j = 0; j < 250; j++)
			*(int *)mems_get(&block[i][j]) = 1000 * i + j;
	is(*(int *)mems_get(&block[0][1]), 1, "an inner address reaches its "
	   "element");
	is((char *)mems_get(&block[7][249]) - (char *)mems_get(block[7]),
	   (int)(249 * sizeof(int)), "a block is one piece of memory");
	is(*(int *)mems_get(&block[9][249]), 9249, "the last element holds");
	is(*(int *)mems_get(&block[0][0]), 0, "so does the first");
}

static void a_second_start_leaves_the_heap_alone(void)
{
	int *first = mems_get(VA(1000));

	errno = 0;
	mems_init();
	ok(errno == EALREADY, "mems_init answers EALREADY");
	ok(mems_get(VA(1000)) == first && first[249] == 249,
	   "the blocks stay as they are");
}

static void wrong_addresses_change_nothing(void)
{
	struct text before = capture_stdout(mems_print_stats);
	struct text after;

	ok(free_fails(11192, EINVAL), "freeing a hole");
	ok(free_fails(11200, EINVAL), "freeing inside a hole");
	ok(free_fails(1004, EINVAL), "freeing an inner address");
	ok(free_fails(1008, EINVAL), "freeing an inner multiple of 8");
	ok(free_fails(1001, EINVAL), "freeing an odd inner address");
	ok(free_fails(1, EINVAL), "freeing below 1000");
	ok(free_fails(999, EINVAL), "freeing just below 1000");
	ok(free_fails(13288, EINVAL), "freeing past the last node");
	ok(free_fails(UINTPTR_MAX, EINVAL), "freeing the last address of all");
	ok(get_fails(5000, EFAULT), "a hole has no memory");
	ok(get_fails(5095, EFAULT), "nor has its last byte");
	ok(get_fails(999, EFAULT), "nor has what is below 1000");
	ok(get_fails(0, EFAULT), "nor has NULL");
	ok(get_fails(13287, EFAULT), "nor has the last byte of the last node");
	ok(get_fails(13288, EFAULT), "nor has what is past the last node");
	ok(get_fails(UINTPTR_MAX, EFAULT), "nor has the last address of all");
	ok(mems_get(VA(4999)) != NULL, "the last byte of a block has memory");
	errno = 0;
	mems_free(NULL);
	ok(errno == 0, "freeing NULL does nothing");
	after = capture_stdout(mems_print_stats);
	is_str(after.bytes, before.bytes, "the heap is as before");
	text_free(&before);
	text_free(&after);
}

static void refused_sizes_change_nothing(void)
{
	struct text before = capture_stdout(mems_print_stats);
	struct text after;

	ok(refuses(0, EINVAL), "no block of 0 bytes");
	ok(refuses(SIZE_MAX, ENOMEM), "no block of SIZE_MAX bytes");
	ok(refuses(SIZE_MAX - 7, ENOMEM), "nor of the last multiple of 8");
	ok(refuses(SIZE_MAX - 4096, ENOMEM), "nor of a page less");
	ok(refuses(SIZE_MAX / 2, ENOMEM), "nor of half of it");
	after = capture_stdout(mems_print_stats);
	is_str(after.bytes, before.bytes, "the heap is as before");
	text_free(&before);
	text_free(&after);
}

static void freed_blocks_join_both_neighbours(void)
{
	mems_free(VA(1000));
	ok(get_fails(1000, EFAULT), "a freed block has no memory");
	ok(free_fails(1000, EINVAL), "a second free answers EINVAL");
	mems_free(VA(3000));
	mems_free(VA(2000));
	is(allocate(3000), 1000, "three neighbours became one hole");
	mems_free(VA(1000));
	is(allocate(8), 1000, "first fit takes the lowest hole");
	is(allocate(8), 1008, "and cuts it from the front");
	is(allocate(2992), 13288, "a block that no hole can hold is in a new "
	   "node");
	is(allocate(2000), 1016, "and the holes are still there");
	mems_free(VA(1016));
}

static void sizes_are_rounded_to_eight(void)
{
	uintptr_t first = allocate(1), second = allocate(9);

	is(second - first, 8, "1 byte takes 8");
	is(allocate(8) - second, 16, "9 bytes take 16");
	is((uintptr_t)mems_get(VA(first)) % 8, 0, "memory is 8-aligned");
	is((uintptr_t)mems_get(VA(second)) % 8, 0, "every block's");
}

static void a_new_start_begins_at_1000(void)
{
	struct text text;

	mems_finish();
	a_heap_that_is_not_started_answers_einval("after mems_finish");
	for (int i = 0; i < 20; i++) {
		mems_init();
		if (allocate(100) != 1000)
			break;
		mems_finish();
		if (i == 19)
			ok(1, "20 new starts begin at 1000");
	}
	mems_init();
	is(allocate(20000), 1000, "a block of five pages begins at 1000");
	text = capture_stdout(mems_print_stats);
	is_str(text.bytes,
	       "MAIN[1000:21479] -> P[1000:20999] <-> H[21000:21479] <-> NULL\n"
	       "Page used: 5\nSpace unused: 480\nMain Chain Length: 1\n"
	       "Sub-chain Length array: [2]\n", "in a node of its own");
	text_free(&text);
}

static void print_between_own_lines(void)
{
	printf("before\n");
	mems_print_stats();
	printf("after\n");
}

static void printing_keeps_its_place(void)
{
	struct text text = capture_stdout(print_between_own_lines);

	is_str(text.bytes, "before\n"
	       "MAIN[1000:21479] -> P[1000:20999] <-> H[21000:21479] <-> NULL\n"
	       "Page used: 5\nSpace unused: 480\nMain Chain Length: 1\n"
	       "Sub-chain Length array: [2]\nafter\n",
	       "the text is in order with printf");
	text_free(&text);
}

/* In a child, whose stdout is unbuffered and full. */
static void printing_to_a_full_stdout_fails(void)
{
	int full = open("/dev/full", O_WRONLY), status;
	pid_t child;

	if (full < 0 || !CAN_FORK) {
		skip("there is no /dev/full, or no fork()");
		return;
	}
	fflush(stdout);
	child = fork();
	if (child == 0) {
		setvbuf(stdout, NULL, _IONBF, 0);
		dup2(full, STDOUT_FILENO);
		errno = 0;
		mems_print_stats();
		_exit(errno == 0 ? 1 : 0);
	}
	close(full);
	status = wait_for(child);
	ok(status == 0, "a full stdout is an error, and not the end");
}

int main(void)
{
	a_heap_that_is_not_started_answers_einval("before mems_init");
	mems_init();
	an_empty_heap_prints_empty_chains();
	ten_blocks_lie_where_the_reference_has_them();
	a_second_start_leaves_the_heap_alone();
	wrong_addresses_change_nothing();
	refused_sizes_change_nothing();
	freed_blocks_join_both_neighbours();
	sizes_are_rounded_to_eight();
	a_new_start_begins_at_1000();
	printing_keeps_its_place();
	printing_to_a_full_stdout_fails();
	mems_finish();
	return done_testing();
}
