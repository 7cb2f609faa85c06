/* Printing into an arena: the one call of arenas that needs stdio. */
#include <config.h>

#include <mems/arena.h>

#include <errno.h>
#include <stdio.h>

char *mems_arena_vprintf(mems_arena *arena, const char *format, va_list values)
{
	va_list again;
	char *text;
	int length;

	if (arena == NULL || format == NULL) {
		errno = EINVAL;
		return NULL;
	}
	va_copy(again, values);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0) {
		errno = EINVAL;
		return NULL;
	}
	text = mems_arena_alloc(arena, (size_t)length + 1);
	if (text != NULL)
		(void)vsnprintf(text, (size_t)length + 1, format, values);
	return text;
}

char *mems_arena_printf(mems_arena *arena, const char *format, ...)
{
	va_list values;
	char *text;

	va_start(values, format);
	text = mems_arena_vprintf(arena, format, values);
	va_end(values);
	return text;
}
