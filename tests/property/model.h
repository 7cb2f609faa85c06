/*
 * MeMS as a book would tell it: a main chain of nodes, each with a sub-chain
 * of segments, all of them doubly linked lists that are searched from the
 * front. It has no memory behind its addresses and shares nothing with the
 * library; the tests ask both the same and compare.
 *
 * With growth 0 a request that no hole can hold makes a new node of exactly
 * the pages it needs. With growth above 0 there is one node, which is made
 * longer. Segments never join across nodes.
 */
#ifndef TEST_MODEL_H
#define TEST_MODEL_H

#include <stdbool.h>
#include <stdint.h>

struct model_segment {
	uint64_t va;
	uint64_t size;
	bool process;
	uint64_t tag;			/* the user's; kept through a resize */
	size_t place;			/* index in model.live, when process */
	struct model_node *node;
	struct model_segment *previous;	/* in the same node, NULL at its ends */
	struct model_segment *next;
};

struct model_node {
	uint64_t va;
	uint64_t size;
	uint64_t segments;
	struct model_segment *first;
	struct model_segment *last;
	struct model_node *previous;
	struct model_node *next;
};

struct model {
	uint64_t granule;
	uint64_t growth;
	uint64_t maximum;

	struct model_node *first;
	struct model_node *last;
	uint64_t nodes;
	uint64_t mapped;		/* bytes in nodes */
	uint64_t used;			/* bytes in PROCESS segments */
	uint64_t peak;			/* the most that `used` has been */
	uint64_t allocations;
	uint64_t frees;

	struct model_segment **live;	/* the PROCESS segments, in no order */
	size_t blocks;
	size_t live_room;
};

struct model *model_create(uint64_t granule, uint64_t growth,
			   uint64_t maximum);
void model_destroy(struct model *model);

/* `size` as a block has it: a multiple of the granule; 0 if there is none. */
uint64_t model_round(const struct model *model, uint64_t size);

/* The first hole of at least `size` bytes, or NULL. */
struct model_segment *model_first_hole(const struct model *model,
				       uint64_t size);

/*
 * How many bytes the model grows by for a block of `size` bytes that no hole
 * can hold; 0 if the maximum forbids it.
 */
uint64_t model_growth(const struct model *model, uint64_t size);

/* Allocate by first fit. NULL, and nothing changed, if there is no room. */
struct model_segment *model_alloc(struct model *model, uint64_t size);

/* More bytes at the end: a new node, or with growth the node made longer. */
void model_extend(struct model *model, uint64_t bytes);

/*
 * Allocate at an address that somebody else chose. NULL, and nothing changed,
 * if those bytes are not all in one hole.
 */
struct model_segment *model_place(struct model *model, uint64_t va,
				  uint64_t size);

void model_free(struct model *model, struct model_segment *block);

/*
 * Whether the block can have that size where it is, and make it so: it
 * shrinks, or takes the front of the hole behind it.
 */
bool model_fits_in_place(const struct model_segment *block, uint64_t size);
void model_resize_in_place(struct model *model, struct model_segment *block,
			   uint64_t size);

/* The size of the hole at the end of a space with growth: what can grow. */
uint64_t model_tail(const struct model *model);

/*
 * Give the end back so that `mapped` bytes stay. False, and nothing changed,
 * if that is no whole page or a block lies there.
 */
bool model_give_back(struct model *model, uint64_t mapped);

/* The segment that covers an address, or NULL. */
struct model_segment *model_at(const struct model *model, uint64_t va);

uint64_t model_largest_hole(const struct model *model);
uint64_t model_holes(const struct model *model);

#endif
