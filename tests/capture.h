/* Text that the library writes, kept for a test to look at. */
#ifndef TEST_CAPTURE_H
#define TEST_CAPTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#define pipe(ends) _pipe(ends, 65536, _O_BINARY)
#endif

struct text {
	char *bytes;	/* ends with NUL */
	size_t length;
	size_t room;
};

/* A mems_write_fn that appends to the struct text at `arg`. */
static inline int text_append(void *arg, const char *bytes, size_t length)
{
	struct text *text = arg;

	if (text->length + length >= text->room) {
		size_t room = 2 * (text->length + length) + 64;
		char *more = realloc(text->bytes, room);

		if (more == NULL)
			return -1;
		text->bytes = more;
		text->room = room;
	}
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
	return 0;
}

static inline void text_free(struct text *text)
{
	free(text->bytes);
	*text = (struct text){ 0 };
}

/* What `function` sends to stdout, which is a file meanwhile. */
static inline struct text capture_stdout(void (*function)(void))
{
	struct text text = { 0 };
	FILE *file = tmpfile();
	char piece[4096];
	size_t length;
	int saved;

	text_append(&text, "", 0);
	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	if (file == NULL || saved < 0 ||
	    dup2(fileno(file), STDOUT_FILENO) < 0) {
		perror("capture_stdout");
		exit(99);
	}
	function();
	fflush(stdout);
	if (dup2(saved, STDOUT_FILENO) < 0)
		exit(99);
	close(saved);
	rewind(file);
	while ((length = fread(piece, 1, sizeof(piece), file)) > 0)
		text_append(&text, piece, length);
	fclose(file);
	return text;
}

#endif
