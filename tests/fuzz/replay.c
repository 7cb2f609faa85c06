/*
 * Run the stored corpus of a fuzz target: each file is a test. An input that
 * found a fault once stays here, and so it is not made again.
 *
 *   PROGRAM [FOLDER]     the target's own folder by default
 */
#include <config.h>

#include <dirent.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "tap.h"

/* Exactly as long as the file, so that a checker sees who reads on. */
static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	long length;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0 ||
	    (length = ftell(file)) < 0) {
		printf("Bail out! %s cannot be read\n", path);
		exit(99);
	}
	rewind(file);
	*size = (size_t)length;
	data = malloc(*size > 0 ? *size : 1);
	if (data == NULL || fread(data, 1, *size, file) != *size)
		exit(99);
	fclose(file);
	return data;
}

int main(int argc, char **argv)
{
	const char *top = getenv("top_srcdir");
	char folder[1024], path[2048];
	struct dirent *entry;
	DIR *stream;

	if (argc > 1)
		snprintf(folder, sizeof(folder), "%s", argv[1]);
	else
		snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s",
			 top != NULL ? top : ".", fuzz_name);
	stream = opendir(folder);
	if (stream == NULL) {
		printf("Bail out! %s cannot be read\n", folder);
		return 99;
	}
#ifndef _WIN32
	/* What hangs is ended, and fails. */
	alarm(600);
#endif
	while ((entry = readdir(stream)) != NULL) {
		uint8_t *data;
		size_t size;

		if (entry->d_name[0] == '.')
			continue;
		/* Whose name is the last one said is the one that failed. */
		diag("%s", entry->d_name);
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		data = read_file(path, &size);
		ok(LLVMFuzzerTestOneInput(data, size) == 0, "%s: %s",
		   fuzz_name, entry->d_name);
		free(data);
	}
	closedir(stream);
	return done_testing();
}
