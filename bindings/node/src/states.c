/* Slots that JavaScript has at hand, known to all threads of the process. */
#include "addon.h"
#include "lock.h"

#include <stdlib.h>

/* Those of one handle. */
struct states {
	const void *store;	/* the handle */
	const mems_space *space;
	mems_va address;	/* of the store: that of all its handles */
	struct states_memory memory;
	struct states *next;
};

static struct node_lock lock = NODE_LOCK_INIT;
static struct states *all;

bool states_set(const void *store, const mems_space *space, mems_va address,
		const struct states_memory *memory)
{
	struct states *states = malloc(sizeof(*states));

	if (states == NULL)
		return false;
	states->store = store;
	states->space = space;
	states->address = address;
	states->memory = *memory;
	node_lock_take(&lock);
	states->next = all;
	all = states;
	node_lock_drop(&lock);
	return true;
}

/* The slots of one stack; not by the states, of which most pages were never
   looked at. */
static void give_stack(const struct states *states, const int32_t *stack,
		       void *store, int (*give)(void *store, void *block))
{
	for (size_t i = 1; i <= (size_t)stack[0] && i < states->memory.stack;
	     i++)
		(void)give(store, mems_space_get(states->space,
						 (uint32_t)stack[i]));
}

void states_drop(void *store, int (*give)(void *store, void *block))
{
	struct states **place = &all, *states;

	node_lock_take(&lock);
	while (*place != NULL && (*place)->store != store)
		place = &(*place)->next;
	states = *place;
	if (states != NULL)
		*place = states->next;
	node_lock_drop(&lock);
	if (states == NULL)
		return;
	for (size_t i = STATE_LIVE; i < states->memory.states; i++)
		give_stack(states, &states->memory.stacks[
			   i * states->memory.stack], store, give);
	free(states);
}

/* The byte of a block in the states of one handle, or NULL. */
static uint8_t *byte_of(const struct states *states, const mems_space *space,
			mems_va address, mems_va block)
{
	uint64_t number = (block - MEMS_VA_FIRST) / 16;

	if (states->space != space || states->address != address ||
	    number >= states->memory.length)
		return NULL;
	return &states->memory.bytes[number];
}

bool states_claim(const mems_space *space, mems_va address, mems_va block)
{
	bool right = true;

	node_lock_take(&lock);
	for (struct states *states = all; states != NULL && right;
	     states = states->next) {
		uint8_t *byte = byte_of(states, space, address, block);
		uint8_t state;

		if (byte == NULL)
			continue;
		state = __atomic_load_n(byte, __ATOMIC_RELAXED);
		if (state >= STATE_LIVE)
			/* If its owner is faster, it has been freed twice. */
			right = __atomic_compare_exchange_n(byte, &state,
				STATE_NONE, false, __ATOMIC_RELAXED,
				__ATOMIC_RELAXED);
		else
			right = state == STATE_NONE;
	}
	node_lock_drop(&lock);
	return right;
}

uint64_t states_count(const mems_space *space, mems_va address, size_t state)
{
	uint64_t count = 0;

	node_lock_take(&lock);
	for (const struct states *states = all; states != NULL;
	     states = states->next) {
		const struct states_memory *memory = &states->memory;

		if (states->space == space && states->address == address &&
		    state < memory->states)
			count += (uint64_t)__atomic_load_n(
				&memory->stacks[state * memory->stack],
				__ATOMIC_RELAXED);
	}
	node_lock_drop(&lock);
	return count;
}

bool states_at_hand(const mems_space *space, mems_va address, mems_va block)
{
	bool at_hand = false;

	node_lock_take(&lock);
	for (struct states *states = all; states != NULL && !at_hand;
	     states = states->next) {
		const uint8_t *byte = byte_of(states, space, address, block);

		at_hand = byte != NULL && __atomic_load_n(byte,
			__ATOMIC_RELAXED) == STATE_AT_HAND;
	}
	node_lock_drop(&lock);
	return at_hand;
}
