/*
 * The chains and the counts as lines of text.
 *
 * The counts are those of the chains printed. The lengths of the sub-chains
 * come last and may be many, so they are counted on a second walk.
 */
#include <config.h>

#include <errno.h>

#include <mems/stats.h>

#include "base/text.h"

struct printing {
	struct text text;
	uint64_t nodes;
	uint64_t mapped;	/* bytes in nodes */
	uint64_t unused;	/* bytes in holes */
	uint64_t length;	/* segments of the node at hand */
};

static int print_segment(mems_space *space, const struct mems_segment *segment,
			 void *arg)
{
	const uint64_t range[] = { segment->va,
				   segment->va + segment->size - 1 };
	struct printing *printing = arg;
	struct text *text = &printing->text;

	(void)space;
	switch (segment->kind) {
	case MEMS_NODE:
		if (printing->nodes++ > 0)
			mems__text_string(text, "NULL\n");
		printing->mapped += segment->size;
		mems__text_fill(text, "MAIN[$:$] -> ", range);
		break;
	case MEMS_PROCESS:
		mems__text_fill(text, "P[$:$] <-> ", range);
		break;
	case MEMS_HOLE:
		printing->unused += segment->size;
		mems__text_fill(text, "H[$:$] <-> ", range);
		break;
	}
	return text->error;
}

static int print_length(mems_space *space, const struct mems_segment *segment,
			void *arg)
{
	struct printing *printing = arg;
	struct text *text = &printing->text;

	(void)space;
	if (segment->kind != MEMS_NODE) {
		printing->length++;
		return 0;
	}
	if (printing->nodes++ > 0)
		mems__text_fill(text, "$, ", &printing->length);
	printing->length = 0;
	return text->error;
}

int mems_space_print(mems_space *space, mems_write_fn *write, void *arg)
{
	struct printing printing = { .nodes = 0 };
	struct text *text = &printing.text;

	if (write == NULL)
		return -EINVAL;
	mems__text_begin(text, write, arg);
	mems__text_fail(text, mems_space_walk(space, print_segment, &printing));
	if (printing.nodes > 0)
		mems__text_string(text, "NULL\n");
	mems__text_fill(text,
			"Page used: $\n"
			"Space unused: $\n"
			"Main Chain Length: $\n"
			"Sub-chain Length array: [",
			(uint64_t[]){ printing.mapped / MEMS_PAGE_SIZE,
				      printing.unused, printing.nodes });
	printing.nodes = 0;
	mems__text_fail(text, mems_space_walk(space, print_length, &printing));
	if (printing.nodes > 0)
		mems__text_decimal(text, printing.length);
	mems__text_string(text, "]\n");
	return mems__text_end(text);
}
