/* The table of what a thread has: numbers to objects. */
#include "addon.h"

#include <stdlib.h>

/* A number is generation * ENTRIES_MOST + index, exact in a double. */
#define ENTRIES_MOST ((uint32_t)1 << 20)

static double number_of(const struct thread *thread, const struct entry *entry)
{
	return (double)entry->generation * ENTRIES_MOST +
	       (double)(entry - thread->entries);
}

static bool grow(struct thread *thread)
{
	uint32_t room = thread->room == 0 ? 16 : 2 * thread->room;
	struct entry *entries;

	if (room > ENTRIES_MOST)
		return false;
	entries = realloc(thread->entries, room * sizeof(*entries));
	if (entries == NULL)
		return false;
	thread->entries = entries;
	thread->room = room;
	return true;
}

double thread_add(struct thread *thread, enum kind kind, void *object,
		  const struct entry *space)
{
	/* The table may move. */
	uint32_t in = space == NULL ? 0 : (uint32_t)(space - thread->entries);
	struct entry *entry;
	uint32_t index = thread->unused;

	if (index == thread->count) {
		if (thread->count == thread->room && !grow(thread)) {
			(void)throw_wrong(thread->env, WRONG_MEMORY,
					  "there is no memory for a handle");
			return 0;
		}
		thread->entries[index].generation = 0;
		thread->entries[index].next = ++thread->count;
	}
	entry = &thread->entries[index];
	thread->unused = entry->next;
	entry->kind = kind;
	entry->generation++;
	entry->space = space == NULL ? index : in;
	entry->object = object;
	entry->memory[0] = entry->memory[1] = NULL;
	thread->newest = index;
	return number_of(thread, entry);
}

struct entry *thread_entry(struct thread *thread, double number)
{
	return &thread->entries[(uint64_t)number % ENTRIES_MOST];
}

struct entry *thread_find(struct thread *thread, napi_value value,
			  enum kind kind)
{
	double number = 0;
	struct entry *entry;
	uint32_t index;

	if (napi_get_value_double(thread->env, value, &number) != napi_ok ||
	    !(number >= 0 && number <= 9007199254740992.0)) {
		(void)throw_wrong(thread->env, WRONG_TYPE,
				  "this is no handle of the addon");
		return NULL;
	}
	index = (uint32_t)((uint64_t)number % ENTRIES_MOST);
	entry = index < thread->count ? &thread->entries[index] : NULL;
	if (entry != NULL && entry->kind == kind &&
	    number_of(thread, entry) == number)
		return entry;
	(void)throw_wrong(thread->env, WRONG_CLOSED,
			  "the object was destroyed, or its space was");
	return NULL;
}

struct region *region_of(const struct thread *thread, const struct entry *entry)
{
	return thread->entries[entry->space].object;
}

static void end(struct thread *thread, struct entry *entry)
{
	switch (entry->kind) {
	case KIND_ARENA:
		(void)mems_arena_detach(entry->object);
		break;
	case KIND_SLAB:
	case KIND_HEAP:
		store_end(entry);
		break;
	case KIND_SPACE:
		region_unlisten(entry->object, number_of(thread, entry));
		region_drop(entry->object);
		break;
	case KIND_NONE:
		break;
	}
	for (int i = 0; i < 2; i++)
		if (entry->memory[i] != NULL)
			(void)napi_delete_reference(thread->env,
						    entry->memory[i]);
	entry->kind = KIND_NONE;
	entry->object = NULL;
	entry->next = thread->unused;
	thread->unused = (uint32_t)(entry - thread->entries);
}

void thread_release(struct thread *thread, struct entry *entry)
{
	uint32_t index = (uint32_t)(entry - thread->entries);

	for (uint32_t i = 0; entry->kind == KIND_SPACE && i < thread->count;
	     i++)
		if (i != index && thread->entries[i].kind != KIND_NONE &&
		    thread->entries[i].space == index)
			end(thread, &thread->entries[i]);
	end(thread, entry);
}

void thread_release_all(struct thread *thread)
{
	for (uint32_t i = 0; i < thread->count; i++)
		if (thread->entries[i].kind == KIND_SPACE)
			thread_release(thread, &thread->entries[i]);
	free(thread->entries);
	thread->entries = NULL;
	thread->count = thread->room = thread->unused = 0;
}
