/*
 * MEMS_OPTIONS: any text is taken, or complained about, item by item. Nothing
 * of it is to be done in this process.
 */
#include <config.h>

#include "fuzz/fuzz.h"

#include <mems.h>

/* What it complains about must lie in the text. */
static const char *text_first, *text_end;
static bool complained;

static int text_write(void *fd, const char *text, size_t length)
{
	(void)fd;
	complained = true;
	must(length < 100 || (text >= text_first && length <=
			      (size_t)(text_end - text)));
	return 0;
}

#define mems_write_fd text_write
#include "face/options.c"
#undef mems_write_fd

const char fuzz_name[] = "text";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	must(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	text_first = text;
	text_end = text + size;
	complained = false;
	take_options(text);
	must(complained || strspn(text, ",") == strlen(text) ||
	     strchr(text, '=') != NULL);
	must(strlen(asked.profile) < sizeof(asked.profile));
	free(text);
	asked.stats = asked.leaks = false;
	asked.profile[0] = '\0';
	mems__decay_time = -1;
	must(mems_heap_limit(NULL, 0, 0, NULL, NULL) == 0);
	return 0;
}
