/*
 * realloc as programs use it: vectors that grow by half, strings that grow by
 * appends, and one block that grows large by small steps.
 */
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "loads.h"

#define VECTORS 64
#define VECTOR_FIRST 16
#define VECTOR_LAST (2 << 20)
#define STRINGS 10000
#define STRING_LAST 400
#define APPENDS 300		/* for each growth of a vector */
#define BIG_FIRST 4096
#define BIG_LAST (64 << 20)

struct text {
	char *bytes;
	size_t size;
};

/* Write one word in each line from an old size to a new one. */
static void write_new(char *bytes, size_t from, size_t to)
{
	for (size_t at = from; at + 8 <= to; at += 64)
		memcpy(bytes + at, &at, 8);
}

static char *grown(char *bytes, size_t size)
{
	bytes = realloc(bytes, size);
	if (bytes == NULL)
		die("load: realloc failed");
	return bytes;
}

static void grow_vector(struct worker *worker, struct text *vector)
{
	size_t size = vector->size;

	worker->ops++;
	if (size >= VECTOR_LAST) {
		worker->check += size;
		free(vector->bytes);
		*vector = (struct text){ NULL, 0 };
		return;
	}
	size = size == 0 ? VECTOR_FIRST : (size + size / 2 + 7) & ~(size_t)7;
	vector->bytes = grown(vector->bytes, size);
	write_new(vector->bytes, vector->size, size);
	vector->size = size;
}

static void append(struct worker *worker, struct text *text)
{
	size_t more = 1 + random_below(&worker->random, 32);

	worker->ops++;
	if (text->size + more > STRING_LAST) {
		if (text->bytes[0] != 'a' ||
		    text->bytes[text->size - 1] != 'a')
			die("load: a string has changed");
		worker->check += text->size;
		free(text->bytes);
		*text = (struct text){ NULL, 0 };
	}
	text->bytes = grown(text->bytes, text->size + more + 1);
	memset(text->bytes + text->size, 'a', more);
	text->size += more;
	text->bytes[text->size] = '\0';
}

static void grow_big(struct worker *worker)
{
	size_t size = BIG_FIRST, before = 0;
	char *bytes = NULL;

	while (before < BIG_LAST) {
		bytes = grown(bytes, size);
		write_new(bytes, before, size);
		before = size;
		size = (size + size / 8 + 7) & ~(size_t)7;
		worker->ops++;
	}
	worker->check += before;
	free(bytes);
}

static void grow(struct worker *worker)
{
	struct text *vectors = table_make(VECTORS * sizeof(*vectors));
	struct text *strings = table_make(STRINGS * sizeof(*strings));

	for (uint64_t i = 0; i < worker->count; i++) {
		grow_vector(worker, &vectors[random_below(&worker->random,
							  VECTORS)]);
		for (int j = 0; j < APPENDS; j++)
			append(worker, &strings[random_below(&worker->random,
							     STRINGS)]);
	}
	worker_meet(worker);
	for (int i = 0; i < VECTORS; i++)
		free(vectors[i].bytes);
	for (int i = 0; i < STRINGS; i++)
		free(strings[i].bytes);
	grow_big(worker);
}

void run_grow(struct job *job)
{
	job_in_threads(job, grow);
}
