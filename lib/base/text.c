/*
 * A writer of text that needs no memory but its own small buffer.
 */
#include <config.h>

#include "base/text.h"

#include <string.h>

void mems__text_begin(struct text *text, mems_write_fn *write, void *arg)
{
	text->write = write;
	text->arg = arg;
	text->error = 0;
	text->length = 0;
}

int mems__text_end(struct text *text)
{
	if (text->error == 0 && text->length > 0)
		text->error = text->write(text->arg, text->buffer,
					  text->length);
	text->length = 0;
	return text->error;
}

void mems__text_fail(struct text *text, int error)
{
	if (text->error == 0)
		text->error = error;
}

void mems__text_bytes(struct text *text, const char *bytes, size_t length)
{
	while (length > 0 && text->error == 0) {
		size_t room = sizeof(text->buffer) - text->length;
		size_t piece = length < room ? length : room;

		memcpy(text->buffer + text->length, bytes, piece);
		text->length += piece;
		bytes += piece;
		length -= piece;
		if (text->length == sizeof(text->buffer))
			mems__text_end(text);
	}
}

void mems__text_string(struct text *text, const char *string)
{
	mems__text_bytes(text, string, strlen(string));
}

void mems__text_decimal(struct text *text, uint64_t number)
{
	char digits[20];	/* 2^64 has 20 */
	size_t first = sizeof(digits);

	do
		digits[--first] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	mems__text_bytes(text, digits + first, sizeof(digits) - first);
}

void mems__text_hex(struct text *text, uint64_t number)
{
	char digits[18];	/* 0x and 16 */
	size_t first = sizeof(digits);

	do
		digits[--first] = "0123456789abcdef"[number & 15];
	while ((number >>= 4) > 0);
	digits[--first] = 'x';
	digits[--first] = '0';
	mems__text_bytes(text, digits + first, sizeof(digits) - first);
}

void mems__text_tenths(struct text *text, uint64_t tenths)
{
	mems__text_decimal(text, tenths / 10);
	if (tenths % 10 != 0) {
		mems__text_bytes(text, ".", 1);
		mems__text_decimal(text, tenths % 10);
	}
}

void mems__text_fill(struct text *text, const char *template,
		     const uint64_t *numbers)
{
	for (;;) {
		size_t plain = strcspn(template, "$~");

		mems__text_bytes(text, template, plain);
		template += plain;
		if (*template == '\0')
			return;
		if (*template++ == '$')
			mems__text_decimal(text, *numbers++);
		else
			mems__text_tenths(text, *numbers++);
	}
}

void mems__text_report(char *report, size_t length, const char *line)
{
	size_t size = strlen(line);

	if (report == NULL || length == 0)
		return;
	size = size < length - 1 ? size : length - 1;
	memcpy(report, line, size);
	report[size] = '\0';
}
