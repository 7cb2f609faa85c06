/* Words that are changed to see that verify tells of it, and changed back. */
#ifndef TEST_UNIT_SPOIL_H
#define TEST_UNIT_SPOIL_H

#include "tap.h"

#include <errno.h>

static struct {
	void *at;
	size_t size;
	unsigned char bytes[256];
} spoilt[8];
static int spoilt_count;

static inline void spoil_keep(void *at, size_t size)
{
	memcpy(spoilt[spoilt_count].bytes, at, size);
	spoilt[spoilt_count].at = at;
	spoilt[spoilt_count++].size = size;
}

/* Set a variable or a member until spoil_undo(). */
#define SPOIL(place, value) \
	(spoil_keep(&(place), sizeof(place)), (void)((place) = (value)))

static inline void spoil_undo(void)
{
	while (spoilt_count > 0) {
		spoilt_count--;
		memcpy(spoilt[spoilt_count].at, spoilt[spoilt_count].bytes,
		       spoilt[spoilt_count].size);
	}
}

/* Something is spoilt: verify says so in these words, and not when it is undone. */
#define TELLS(verify, object, words)                                       \
	do {                                                               \
		char report_[100] = "nothing";                             \
		int rc_ = verify(object, report_, sizeof(report_));        \
									   \
		is_str(report_, words, "told: %s", words);                 \
		is(rc_, -EBADMSG, "as an error");                          \
		spoil_undo();                                              \
		is(verify(object, NULL, 0), 0, "undone, it is sound");     \
	} while (0)

#endif
