#include "json_text.h"

void json_string(FILE *file, const char *text)
{
	fputc('"', file);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', file);
		if ((unsigned char)*text >= ' ')
			fputc(*text, file);
	}
	fputc('"', file);
}

const char *json_comma(bool *first)
{
	const char *text = *first ? "" : ",";

	*first = false;
	return text;
}

void json_values(FILE *file, const char *name, const struct sample *sample)
{
	if (sample->count == 0)
		return;
	fprintf(file, ", \"%s\": [", name);
	for (int i = 0; i < sample->count; i++)
		fprintf(file, "%s%.6g", i > 0 ? ", " : "", sample->values[i]);
	fprintf(file, "]");
}
