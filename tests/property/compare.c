/* The chains, the printed text and the counts of a space beside the model's. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "capture.h"
#include "property/compare.h"

static char complaint[400];

static const char *complain(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(complaint, sizeof(complaint), format, arguments);
	va_end(arguments);
	return complaint;
}

/* What the walk has to tell of next. */
struct cursor {
	const struct model_node *node;
	const struct model_segment *segment;	/* NULL: the node itself */
	uint64_t number;
	const char *wrong;
};

static int compare_segment(mems_space *space, const struct mems_segment *told,
			   void *arg)
{
	struct cursor *cursor = arg;
	const struct model_segment *segment = cursor->segment;
	struct mems_segment want;

	(void)space;
	if (cursor->node == NULL) {
		cursor->wrong = complain("the walk goes on at %" PRIu64
			", where the model ends", told->va);
		return 1;
	}
	want.node = cursor->number;
	if (segment == NULL) {
		want.va = cursor->node->va;
		want.size = cursor->node->size;
		want.kind = MEMS_NODE;
		cursor->segment = cursor->node->first;
	} else {
		want.va = segment->va;
		want.size = segment->size;
		want.kind = segment->process ? MEMS_PROCESS : MEMS_HOLE;
		cursor->segment = segment->next;
	}
	if (cursor->segment == NULL) {
		cursor->node = cursor->node->next;
		cursor->number++;
	}
	if (told->va == want.va && told->size == want.size &&
	    told->node == want.node && told->kind == want.kind)
		return 0;
	cursor->wrong = complain("the walk tells of %" PRIu64 "+%" PRIu64
		" (node %" PRIu64 ", kind %d), the model has %" PRIu64
		"+%" PRIu64 " (node %" PRIu64 ", kind %d)", told->va,
		told->size, told->node, (int)told->kind, want.va, want.size,
		want.node, (int)want.kind);
	return 1;
}

const char *compare_chains(mems_space *space, const struct model *model)
{
	struct cursor cursor = { .node = model->first };
	int rc = mems_space_walk(space, compare_segment, &cursor);

	if (cursor.wrong != NULL)
		return cursor.wrong;
	if (rc != 0)
		return complain("the walk returns %d", rc);
	if (cursor.node != NULL)
		return complain("the walk ends before node %" PRIu64
				" of the model does", cursor.number);
	return NULL;
}

static void add(struct text *text, const char *format, ...)
{
	char piece[128];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(piece, sizeof(piece), format, arguments);
	va_end(arguments);
	text_append(text, piece, (size_t)length);
}

/* What mems_space_print() should write. */
static struct text model_print(const struct model *model)
{
	struct text text = { 0 };
	const char *comma = "";

	for (struct model_node *n = model->first; n != NULL; n = n->next) {
		add(&text, "MAIN[%" PRIu64 ":%" PRIu64 "] -> ", n->va,
		    n->va + n->size - 1);
		for (struct model_segment *s = n->first; s != NULL; s = s->next)
			add(&text, "%c[%" PRIu64 ":%" PRIu64 "] <-> ",
			    s->process ? 'P' : 'H', s->va,
			    s->va + s->size - 1);
		add(&text, "NULL\n");
	}
	add(&text, "Page used: %" PRIu64 "\n", model->mapped / MEMS_PAGE_SIZE);
	add(&text, "Space unused: %" PRIu64 "\n", model->mapped - model->used);
	add(&text, "Main Chain Length: %" PRIu64 "\n", model->nodes);
	add(&text, "Sub-chain Length array: [");
	for (struct model_node *n = model->first; n != NULL; n = n->next) {
		add(&text, "%s%" PRIu64, comma, n->segments);
		comma = ", ";
	}
	add(&text, "]\n");
	return text;
}

const char *compare_print(mems_space *space, const struct model *model)
{
	struct text want = model_print(model);
	struct text got = { 0 };
	int rc = mems_space_print(space, text_append, &got);
	const char *wrong = NULL;

	if (rc != 0) {
		wrong = complain("mems_space_print() returns %d", rc);
	} else if (got.length != want.length ||
		   memcmp(got.bytes, want.bytes, want.length) != 0) {
		size_t at = 0;

		while (at < got.length && got.bytes[at] == want.bytes[at])
			at++;
		wrong = complain("the printed text differs at byte %zu: "
				 "\"%.40s\" and not \"%.40s\"", at,
				 got.bytes == NULL ? "" : got.bytes + at,
				 want.bytes + at);
	}
	text_free(&got);
	text_free(&want);
	return wrong;
}

const char *compare_stats(mems_space *space, const struct model *model)
{
	struct mems_space_stats stats = { .size = sizeof(stats) };
	int rc = mems_space_stats(space, &stats);
	const struct {
		const char *name;
		uint64_t got, want;
	} fields[] = {
		{ "granule", stats.granule, model->granule },
		{ "growth", stats.growth, model->growth },
		{ "maximum", stats.maximum, model->maximum },
		{ "mapped", stats.mapped, model->mapped },
		{ "used", stats.used, model->used },
		{ "used_peak", stats.used_peak, model->peak },
		{ "unused", stats.unused, model->mapped - model->used },
		{ "largest_hole", stats.largest_hole,
		  model_largest_hole(model) },
		{ "pages", stats.pages, model->mapped / MEMS_PAGE_SIZE },
		{ "nodes", stats.nodes, model->nodes },
		{ "blocks", stats.blocks, model->blocks },
		{ "holes", stats.holes, model_holes(model) },
		{ "allocations", stats.allocations, model->allocations },
		{ "frees", stats.frees, model->frees },
	};

	if (rc != 0)
		return complain("mems_space_stats() returns %d", rc);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].got != fields[i].want)
			return complain("stats.%s is %" PRIu64
					" and not %" PRIu64, fields[i].name,
					fields[i].got, fields[i].want);
	return NULL;
}

const char *compare_all(mems_space *space, const struct model *model)
{
	char report[200] = "";
	const char *wrong;
	int rc = mems_space_verify(space, report, sizeof(report));

	if (rc != 0)
		return complain("mems_space_verify() returns %d: %s", rc,
				report);
	wrong = compare_chains(space, model);
	if (wrong == NULL)
		wrong = compare_print(space, model);
	if (wrong == NULL)
		wrong = compare_stats(space, model);
	return wrong;
}
