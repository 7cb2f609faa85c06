/* The plain linked-list MeMS of the tests. Nothing here is meant to be fast. */
#include <stdio.h>
#include <stdlib.h>

#include "property/model.h"

#define PAGE 4096
#define FIRST_VA 1000

static void *get_memory(size_t size)
{
	void *memory = calloc(1, size);

	if (memory == NULL) {
		fputs("the model has no memory\n", stderr);
		exit(99);
	}
	return memory;
}

static uint64_t whole_pages(uint64_t bytes)
{
	return bytes / PAGE * PAGE + (bytes % PAGE != 0 ? PAGE : 0);
}

struct model *model_create(uint64_t granule, uint64_t growth,
			   uint64_t maximum)
{
	struct model *model = get_memory(sizeof(*model));

	model->granule = granule;
	model->growth = growth;
	model->maximum = maximum;
	return model;
}

static void remove_node(struct model *model, struct model_node *node)
{
	struct model_segment *segment = node->first;

	while (segment != NULL) {
		struct model_segment *next = segment->next;

		free(segment);
		segment = next;
	}
	if (node->previous != NULL)
		node->previous->next = node->next;
	else
		model->first = node->next;
	if (node->next != NULL)
		node->next->previous = node->previous;
	else
		model->last = node->previous;
	model->nodes--;
	free(node);
}

void model_destroy(struct model *model)
{
	while (model->first != NULL)
		remove_node(model, model->first);
	free(model->live);
	free(model);
}

uint64_t model_round(const struct model *model, uint64_t size)
{
	uint64_t rest = size % model->granule;

	if (rest == 0)
		return size;
	if (size > UINT64_MAX - model->granule)
		return 0;
	return size - rest + model->granule;
}

struct model_segment *model_first_hole(const struct model *model,
				       uint64_t size)
{
	for (struct model_node *n = model->first; n != NULL; n = n->next)
		for (struct model_segment *s = n->first; s != NULL; s = s->next)
			if (!s->process && s->size >= size)
				return s;
	return NULL;
}

uint64_t model_tail(const struct model *model)
{
	if (model->growth == 0 || model->last == NULL ||
	    model->last->last->process)
		return 0;
	return model->last->last->size;
}

uint64_t model_growth(const struct model *model, uint64_t size)
{
	uint64_t left = model->maximum - model->mapped;
	uint64_t needed;
	uint64_t step = whole_pages(model->growth);

	if (size > model->maximum)
		return 0;
	needed = whole_pages(size - model_tail(model));
	if (needed > left)
		return 0;
	return step > needed && step <= left ? step : needed;
}

/* A new segment between `previous` and the one behind it. */
static struct model_segment *insert_after(struct model_node *node,
					  struct model_segment *previous,
					  uint64_t va, uint64_t size)
{
	struct model_segment *segment = get_memory(sizeof(*segment));

	segment->va = va;
	segment->size = size;
	segment->node = node;
	segment->previous = previous;
	segment->next = previous != NULL ? previous->next : node->first;
	if (previous != NULL)
		previous->next = segment;
	else
		node->first = segment;
	if (segment->next != NULL)
		segment->next->previous = segment;
	else
		node->last = segment;
	node->segments++;
	return segment;
}

static void remove_segment(struct model_segment *segment)
{
	struct model_node *node = segment->node;

	if (segment->previous != NULL)
		segment->previous->next = segment->next;
	else
		node->first = segment->next;
	if (segment->next != NULL)
		segment->next->previous = segment->previous;
	else
		node->last = segment->previous;
	node->segments--;
	free(segment);
}

void model_extend(struct model *model, uint64_t bytes)
{
	struct model_node *node = model->last;

	if (node == NULL || model->growth == 0) {
		node = get_memory(sizeof(*node));
		node->va = FIRST_VA + model->mapped;
		node->previous = model->last;
		if (model->last != NULL)
			model->last->next = node;
		else
			model->first = node;
		model->last = node;
		model->nodes++;
	}
	if (node->last != NULL && !node->last->process)
		node->last->size += bytes;
	else
		insert_after(node, node->last, node->va + node->size, bytes);
	node->size += bytes;
	model->mapped += bytes;
}

/* Make `size` bytes of a hole, beginning at `va`, a block. */
static struct model_segment *cut(struct model *model,
				 struct model_segment *hole, uint64_t va,
				 uint64_t size)
{
	uint64_t before = va - hole->va;
	uint64_t behind = hole->size - before - size;

	if (before != 0) {
		hole->size = before;
		hole = insert_after(hole->node, hole, va, size);
	}
	hole->size = size;
	hole->process = true;
	if (behind != 0)
		insert_after(hole->node, hole, va + size, behind);

	if (model->blocks == model->live_room) {
		size_t room = 2 * model->live_room + 64;
		void *more = realloc(model->live, room * sizeof(*model->live));

		if (more == NULL)
			exit(99);
		model->live = more;
		model->live_room = room;
	}
	hole->place = model->blocks;
	model->live[model->blocks++] = hole;
	model->used += size;
	if (model->used > model->peak)
		model->peak = model->used;
	model->allocations++;
	return hole;
}

struct model_segment *model_alloc(struct model *model, uint64_t size)
{
	struct model_segment *hole = model_first_hole(model, size);

	if (hole == NULL) {
		uint64_t bytes = model_growth(model, size);

		if (bytes == 0)
			return NULL;
		model_extend(model, bytes);
		hole = model->last->last;
	}
	return cut(model, hole, hole->va, size);
}

struct model_segment *model_at(const struct model *model, uint64_t va)
{
	for (struct model_node *n = model->first; n != NULL; n = n->next)
		for (struct model_segment *s = n->first; s != NULL; s = s->next)
			if (va >= s->va && va - s->va < s->size)
				return s;
	return NULL;
}

struct model_segment *model_place(struct model *model, uint64_t va,
				  uint64_t size)
{
	struct model_segment *hole = model_at(model, va);

	if (hole == NULL || hole->process ||
	    hole->size - (va - hole->va) < size)
		return NULL;
	return cut(model, hole, va, size);
}

/* Join a hole with the hole behind it, if there is one. */
static void join_next(struct model_segment *hole)
{
	struct model_segment *next = hole->next;

	if (next != NULL && !next->process) {
		hole->size += next->size;
		remove_segment(next);
	}
}

void model_free(struct model *model, struct model_segment *block)
{
	struct model_segment *moved = model->live[--model->blocks];

	model->live[block->place] = moved;
	moved->place = block->place;
	model->used -= block->size;
	model->frees++;
	block->process = false;
	join_next(block);
	if (block->previous != NULL && !block->previous->process)
		join_next(block->previous);
}

bool model_fits_in_place(const struct model_segment *block, uint64_t size)
{
	if (size <= block->size)
		return true;
	return block->next != NULL && !block->next->process &&
	       size - block->size <= block->next->size;
}

void model_resize_in_place(struct model *model, struct model_segment *block,
			   uint64_t size)
{
	struct model_segment *next = block->next;

	if (size < block->size) {
		next = insert_after(block->node, block, block->va + size,
				    block->size - size);
		join_next(next);
	} else if (size > block->size) {
		uint64_t more = size - block->size;

		next->va += more;
		next->size -= more;
		if (next->size == 0)
			remove_segment(next);
	}
	model->used += size - block->size;
	if (model->used > model->peak)
		model->peak = model->used;
	block->size = size;
}

bool model_give_back(struct model *model, uint64_t mapped)
{
	struct model_node *node = model->last;
	uint64_t bytes = model->mapped - mapped;

	if (bytes == 0)
		return true;
	if (mapped > model->mapped || mapped % PAGE != 0 ||
	    bytes > model_tail(model))
		return false;
	node->last->size -= bytes;
	node->size -= bytes;
	model->mapped = mapped;
	if (node->last->size == 0)
		remove_segment(node->last);
	if (node->size == 0)
		remove_node(model, node);
	return true;
}

uint64_t model_largest_hole(const struct model *model)
{
	uint64_t largest = 0;

	for (struct model_node *n = model->first; n != NULL; n = n->next)
		for (struct model_segment *s = n->first; s != NULL; s = s->next)
			if (!s->process && s->size > largest)
				largest = s->size;
	return largest;
}

uint64_t model_holes(const struct model *model)
{
	uint64_t holes = 0;

	for (struct model_node *n = model->first; n != NULL; n = n->next)
		for (struct model_segment *s = n->first; s != NULL; s = s->next)
			holes += !s->process;
	return holes;
}
