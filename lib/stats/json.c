/*
 * The statistics and the chains as one JSON object, a line for each node.
 *
 * Numbers are written in full; a reader that keeps them as doubles loses the
 * last bits of those above 2^53.
 */
#include <config.h>

#include <errno.h>

#include <mems/stats.h>

#include "base/text.h"

struct json {
	struct text text;
	uint64_t nodes;
	uint64_t length;	/* segments of the node at hand */
};

static const struct {
	const char *name;
	size_t offset;
} json_counts[] = {
#define COUNT(field) { #field, offsetof(struct mems_space_stats, field) }
	COUNT(maximum),
	COUNT(wanted),
	COUNT(mapped),
	COUNT(used),
	COUNT(used_peak),
	COUNT(unused),
	COUNT(largest_hole),
	COUNT(pages),
	COUNT(nodes),
	COUNT(blocks),
	COUNT(holes),
	COUNT(allocations),
	COUNT(frees),
	COUNT(metadata),
	COUNT(returned),
	COUNT(growth),
	COUNT(soft_limit),
	COUNT(hard_limit),
#undef COUNT
};

static void json_stats(struct text *text, const struct mems_space_stats *stats)
{
	size_t i;

	for (i = 0; i < sizeof(json_counts) / sizeof(json_counts[0]); i++) {
		const void *count = (const char *)stats + json_counts[i].offset;

		mems__text_string(text, "\"");
		mems__text_string(text, json_counts[i].name);
		mems__text_fill(text, "\": $, ", count);
	}
	mems__text_fill(text, "\"granule\": $, \"policy\": ",
			(uint64_t[]){ stats->granule });
	mems__text_string(text, stats->policy == MEMS_GOOD_FIT ?
			  "\"good fit\"" : "\"first fit\"");
}

static int json_segment(mems_space *space, const struct mems_segment *segment,
			void *arg)
{
	const uint64_t range[] = { segment->va,
				   segment->va + segment->size - 1 };
	struct json *json = arg;
	struct text *text = &json->text;

	(void)space;
	if (segment->kind == MEMS_NODE) {
		mems__text_string(text, json->nodes++ > 0 ? "]},\n" : "\n");
		mems__text_fill(text, "{\"first\": $, \"last\": $, "
				"\"segments\": [", range);
		json->length = 0;
	} else {
		if (json->length++ > 0)
			mems__text_string(text, ", ");
		mems__text_fill(text, segment->kind == MEMS_PROCESS ?
				"[\"P\", $, $]" : "[\"H\", $, $]", range);
	}
	return text->error;
}

int mems_space_json(mems_space *space, mems_write_fn *write, void *arg)
{
	struct mems_space_stats stats = { .size = sizeof(stats) };
	struct json json = { .nodes = 0 };
	struct text *text = &json.text;
	int error;

	if (write == NULL)
		return -EINVAL;
	error = mems_space_stats(space, &stats);
	if (error != 0)
		return error;
	mems__text_begin(text, write, arg);
	mems__text_string(text, "{\"space\": {");
	json_stats(text, &stats);
	mems__text_string(text, "},\n\"chain\": [");
	mems__text_fail(text, mems_space_walk(space, json_segment, &json));
	mems__text_string(text, json.nodes > 0 ? "]}\n]}\n" : "]}\n");
	return mems__text_end(text);
}
