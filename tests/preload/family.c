/* Every call of the malloc family, used rightly and wrongly. */
#include "family.h"

#include <errno.h>
#include <stdbool.h>

/* Old or new: not every C library declares them. */
void cfree(void *block) __attribute__((weak));
void free_sized(void *block, size_t size) __attribute__((weak));
void free_aligned_sized(void *block, size_t alignment, size_t size)
	__attribute__((weak));

static const size_t huge[] = { SIZE_MAX, SIZE_MAX - 15, SIZE_MAX - 4096,
			       (size_t)PTRDIFF_MAX + 1, SIZE_MAX / 2 + 4096 };
#define HUGES (sizeof(huge) / sizeof(huge[0]))

/* The compiler would warn of what it knows. */
static size_t unknown(size_t size)
{
	return (size_t)hide(size);
}

static bool holds(const unsigned char *bytes, size_t size, int value)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

/* A block that can be used from end to end, at a multiple of `alignment`. */
static bool is_good(void *block, size_t alignment, size_t size)
{
	size_t usable = malloc_usable_size(block);

	if (block == NULL || (uintptr_t)block % alignment != 0 || usable < size)
		return false;
	memset(block, 0xa5, usable);
	return holds(block, usable, 0xa5);
}

static bool failed_with(void *block, int error)
{
	return block == NULL && errno == error;
}

static void malloc_gives_blocks_of_all_sizes(void)
{
	bool good = true;

	for (size_t size = 0; size < 300000; size += 1 + size / 7) {
		void *block = hide(malloc(size)), *other = hide(malloc(size));

		good = good && is_good(block, 16, size) &&
		       is_good(other, 16, size) && block != other;
		free(block);
		free(other);
	}
	ok(good, "blocks of 0 to 300000 bytes are whole, aligned and apart");
	errno = 77;
	free(hide(malloc(100)));
	free(hide(malloc(1000000)));
	free(NULL);
	is(errno, 77, "malloc that works and free leave errno");
}

static void sizes_that_cannot_be_are_refused(void)
{
	void *block = hide(malloc(100));
	void *kept = hide(block);
	bool refused = true;

	memset(block, 1, 100);
	for (size_t i = 0; i < HUGES; i++) {
		size_t size = unknown(huge[i]);
		int error;

		errno = 0;
		refused = refused && failed_with(malloc(size), ENOMEM);
		errno = 0;
		refused = refused && failed_with(calloc(size, 1), ENOMEM);
		errno = 0;
		refused = refused && failed_with(calloc(1, size), ENOMEM);
		errno = 0;
		refused = refused && failed_with(realloc(block, size), ENOMEM);
		errno = 0;
		refused = refused && failed_with(realloc(NULL, size), ENOMEM);
		errno = 0;
		refused = refused && failed_with(memalign(64, size), ENOMEM);
		errno = 0;
		refused = refused &&
			  failed_with(aligned_alloc(64, size), ENOMEM);
		errno = 0;
		refused = refused && failed_with(valloc(size), ENOMEM);
		errno = 0;
		refused = refused && failed_with(pvalloc(size), ENOMEM);
		errno = 77;
		error = posix_memalign(&kept, 64, size);
		refused = refused && error == ENOMEM && errno == 77 &&
			  kept == block;
		if (!refused)
			diag("size %zx is not refused", size);
	}
	ok(refused, "sizes above PTRDIFF_MAX fail with ENOMEM");
	ok(holds(kept, 100, 1), "a block whose realloc failed is as before");
	errno = 0;
	ok(failed_with(calloc(unknown(SIZE_MAX / 2), 3), ENOMEM),
	   "calloc overflows");
	errno = 0;
	ok(failed_with(calloc(unknown((size_t)1 << (sizeof(size_t) * 4)),
			      (size_t)1 << (sizeof(size_t) * 4)), ENOMEM),
	   "also to exactly 0");
	errno = 0;
	ok(failed_with(reallocarray(block, unknown(SIZE_MAX / 2), 3), ENOMEM),
	   "reallocarray overflows");
	ok(holds(kept, 100, 1), "and its block is as before");
	free(kept);
}

static void calloc_gives_zeros(void)
{
	bool good = true;

	for (int round = 0; round < 4; round++) {
		for (size_t size = 1; size < 3000000; size = size * 3 + 1) {
			unsigned char *block = hide(calloc(size, 1));

			good = good && block != NULL && holds(block, size, 0);
			memset(block, 0xff, malloc_usable_size(block));
			free(block);
		}
	}
	ok(good, "calloc gives zeros where others have been");
	free(hide(calloc(0, 5)));
	free(hide(calloc(5, 0)));
}

static void realloc_keeps_bytes(void)
{
	unsigned char *block = hide(realloc(NULL, 1));
	size_t size = 1;
	bool good = block != NULL;

	*block = 7;
	for (int i = 0; i < 400; i++) {
		size_t old = size;

		size = i % 3 == 2 ? size / 2 + 1 : size * 2 - size / 3 + i;
		if (size > 5000000)
			size = 3;
		block = hide(realloc(block, size));
		good = good && block != NULL &&
		       holds(block, old < size ? old : size, 7);
		memset(block, 7, size);
	}
	ok(good, "realloc keeps the bytes that both sizes have");
	errno = 77;
	ok(realloc(block, 0) == NULL && errno == 77,
	   "realloc to 0 frees and gives NULL, which is no error");
	block = hide(realloc(NULL, 0));
	ok(block != NULL, "realloc of NULL to 0 gives a block");
	block = hide(reallocarray(block, 10, 10));
	ok(is_good(block, 16, 100), "reallocarray multiplies");
	ok(reallocarray(block, 0, 10) == NULL, "reallocarray to 0 frees");
}

static void alignments_are_kept(void)
{
	bool good = true;
	void *block;

	for (size_t alignment = 1; alignment <= (size_t)4 << 20;
	     alignment *= 2) {
		for (size_t size = 0; size < 200000; size = size * 5 + 1) {
			block = hide(aligned_alloc(alignment, size));
			good = good && is_good(block, alignment, size);
			free(block);
			block = hide(memalign(alignment, size));
			good = good && is_good(block, alignment, size);
			block = hide(realloc(block, size + 5000));
			good = good && holds(block, size, 0xa5);
			free(block);
			block = NULL;
			if (alignment < sizeof(void *))
				continue;
			good = good && posix_memalign(&block, alignment,
						      size) == 0 &&
			       is_good(hide(block), alignment, size);
			free(block);
		}
		if (!good)
			diag("alignment %zu", alignment);
	}
	ok(good, "blocks are at multiples of 1 to 4 MiB");
	block = hide(memalign(unknown(48), 100));
	ok(is_good(block, 64, 100), "memalign takes the next power of two");
	free(block);
	block = hide(memalign(unknown(0), 100));
	ok(is_good(block, 16, 100), "memalign takes 0 for any");
	free(block);
	errno = 0;
	ok(failed_with(memalign(unknown(SIZE_MAX / 2 + 2), 1), EINVAL),
	   "no power of two is that large");
	errno = 0;
	ok(failed_with(memalign(unknown(SIZE_MAX / 2 + 1), 1), ENOMEM),
	   "the largest has no place");
	errno = 0;
	ok(failed_with(aligned_alloc(unknown(48), 100), EINVAL),
	   "aligned_alloc takes powers of two only");
	errno = 0;
	ok(failed_with(aligned_alloc(unknown(0), 100), EINVAL),
	   "0 is none");
}

static void posix_memalign_leaves_all_alone(void)
{
	static const size_t wrong[] = { 0, 1, 2, 4, 3, 12, 24, 48, 4095 };
	int mark, error;
	void *block = &mark;
	bool right = true;

	errno = 77;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (wrong[i] == sizeof(void *))
			continue;
		error = posix_memalign(&block, wrong[i], 10);
		right = right && error == EINVAL && block == &mark;
	}
	ok(right, "wrong alignments are EINVAL and change no pointer");
	error = posix_memalign(&block, 64, 10);
	ok(error == 0 && block != &mark, "a right one gives a block");
	free(block);
	is(errno, 77, "errno is left alone");
}

static void pages_are_aligned(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *block = hide(valloc(100));

	ok(is_good(block, page, 100), "valloc gives a page");
	free(block);
	block = hide(valloc(0));
	ok(is_good(block, page, 0), "also for 0 bytes");
	free(block);
	block = hide(pvalloc(page + 1));
	ok(is_good(block, page, 2 * page), "pvalloc gives whole pages");
	free(block);
	block = hide(pvalloc(0));
	ok(is_good(block, page, 0), "also for 0 bytes");
	free(block);
}

static void there_are_further_ways_to_free(void)
{
	if (cfree != NULL)
		cfree(hide(malloc(10)));
	if (free_sized == NULL || free_aligned_sized == NULL) {
		skip("the sized ways to free are there");
		return;
	}
	errno = 77;
	free_sized(hide(malloc(10)), 10);
	free_sized(NULL, 0);
	free_aligned_sized(hide(aligned_alloc(64, 128)), 64, 128);
	free_aligned_sized(NULL, 64, 0);
	is(errno, 77, "the sized ways to free leave errno");
}

static void usable_size_is_all_usable(void)
{
	char *block = hide(malloc(1));

	is(malloc_usable_size(NULL), 0, "NULL has no bytes");
	ok(malloc_usable_size(block) >= 1, "a block has");
	free(block);
}

static void counts_go_up_and_down(void)
{
	struct mallinfo2 before = mallinfo2(), now;
	struct mallinfo old;
	void *large, *small[1000];

	large = hide(malloc(1000000));
	for (int i = 0; i < 1000; i++)
		small[i] = hide(malloc(2000));
	now = mallinfo2();
	ok(now.hblkhd >= before.hblkhd + 1000000 &&
	   now.hblks == before.hblks + 1, "mallinfo2 counts a large block");
	ok(now.uordblks >= before.uordblks + 2000000,
	   "mallinfo2 counts small blocks");
	ok(now.arena >= now.uordblks &&
	   now.fordblks == now.arena - now.uordblks,
	   "what is not used is free");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	old = mallinfo();
#pragma GCC diagnostic pop
	ok(old.hblks == (int)now.hblks && old.uordblks == (int)now.uordblks,
	   "mallinfo counts the same");
	for (int i = 0; i < 1000; i++)
		free(small[i]);
	free(large);
	now = mallinfo2();
	ok(now.uordblks < before.uordblks + 100000 &&
	   now.hblks == before.hblks, "and all of them go down");
}

static void free_memory_can_be_trimmed(void)
{
	size_t size = (size_t)8 << 20;
	char *block = hide(malloc(size));

	memset(block, 1, size);
	free(hide(block));
	is(malloc_trim(0), 1, "malloc_trim gives memory back");
	is(malloc_trim(0), 0, "and then has none to give");
	is(mallinfo2().keepcost, 0, "none is waiting");
}

static void info_is_xml(void)
{
	char text[4096] = "";
	FILE *stream = fmemopen(text, sizeof(text) - 1, "w");
	const char *end = "</malloc>\n";

	is(malloc_info(0, stream), 0, "malloc_info writes");
	fclose(stream);
	ok(strncmp(text, "<malloc version=\"1\">\n", 21) == 0 &&
	   strcmp(text + strlen(text) - strlen(end), end) == 0,
	   "one element malloc");
	ok(strstr(text, "<system type=\"current\" size=\"") != NULL,
	   "with what is held");
	errno = 0;
	is(malloc_info(1, stdout), -1, "there are no options");
	is(errno, EINVAL, "which is EINVAL");
	stream = fopen("/dev/full", "w");
	if (stream == NULL) {
		skip("there is no /dev/full");
		return;
	}
	setvbuf(stream, NULL, _IONBF, 0);
	is(malloc_info(0, stream), -1, "a full file is an error");
	fclose(stream);
}

/* To a pipe in the place of standard error. */
static void stats_are_text(void)
{
	static char text[65536];
	int pipes[2], saved = dup(STDERR_FILENO);
	ssize_t length;

	if (pipe(pipes) != 0)
		abort();
	dup2(pipes[1], STDERR_FILENO);
	errno = 77;
	malloc_stats();
	is(errno, 77, "malloc_stats leaves errno");
	dup2(saved, STDERR_FILENO);
	close(pipes[1]);
	length = read(pipes[0], text, sizeof(text) - 1);
	ok(length > 0 && strstr(text, "Held: ") == text, "and writes counts");
	close(pipes[0]);
	close(saved);
}

static void options_are_known(void)
{
	static const int known[] = { M_MXFAST, M_NLBLKS, M_GRAIN, M_KEEP,
				     M_TOP_PAD, M_MMAP_THRESHOLD, M_MMAP_MAX,
				     M_CHECK_ACTION, M_PERTURB, M_ARENA_TEST,
				     M_ARENA_MAX };
	size_t size = (size_t)4 << 20;
	bool right = true;
	char *block;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		right = right && mallopt(known[i], 1) == 1;
	ok(right, "mallopt takes what others take");
	is(mallopt(12345, 1), 0, "and nothing else");
	is(mallopt(M_TRIM_THRESHOLD, 0), 1, "memory is to go back at once");
	block = hide(malloc(size));
	memset(block, 1, size);
	free(hide(block));
	is(mallinfo2().keepcost, 0, "and does");
	is(mallopt(M_TRIM_THRESHOLD, -1), 1, "never");
	block = hide(malloc(size));
	memset(block, 1, size);
	free(hide(block));
	sleep_ms(10);
	ok(mallinfo2().keepcost >= size, "and stays");
	is(mallopt(M_TRIM_THRESHOLD, 131072), 1, "others change nothing");
	free(hide(malloc(size)));
	ok(mallinfo2().keepcost >= size, "it stays");
}

int main(void)
{
	if (!ok(malloc_is_ours(), "malloc is that of libmems"))
		return done_testing();
	malloc_gives_blocks_of_all_sizes();
	sizes_that_cannot_be_are_refused();
	calloc_gives_zeros();
	realloc_keeps_bytes();
	alignments_are_kept();
	posix_memalign_leaves_all_alone();
	pages_are_aligned();
	there_are_further_ways_to_free();
	usable_size_is_all_usable();
	counts_go_up_and_down();
	free_memory_can_be_trimmed();
	info_is_xml();
	stats_are_text();
	options_are_known();
	return done_testing();
}
