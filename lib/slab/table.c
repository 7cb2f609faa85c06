/*
 * The table of what a store has: whatever calls itself a slab or a large block
 * must be in it. It is read without the lock, so a table that was outgrown
 * stays where it is until the store ends; each is twice the last. Which there
 * are is not among the words, since it says what goes back then.
 */
#include <config.h>

#include "slab/store.h"

#include <errno.h>
#include <string.h>

#define LEAST 32
_Static_assert((uint64_t)LEAST << TABLES_MOST > UINT32_MAX /
	       sizeof(struct mems_table_entry), "no store has more tables");

/* The first unused number is looked at: it may have been written to. */
static bool has_unused(const struct store *store)
{
	return store->unused > 0 && store->unused < store->room &&
	       store->table[store->unused].unit == MEMS_UNIT_NONE;
}

static bool is_full(const struct store *store)
{
	return !has_unused(store) && store->count >= store->room;
}

/* Under the lock: `table` takes the place of the last one. */
static void install(struct store *store, struct mems_table_entry *table,
		    uint32_t room)
{
	struct mems_table_entry *old = store->table;

	memset(table, 0xff, room * sizeof(*table));
	if (old != NULL)
		memcpy(table, old, store->room * sizeof(*table));
	store->tables[store->tables_count++] = table;
	__atomic_store_n(&store->table, table, __ATOMIC_RELEASE);
	__atomic_store_n(&store->room, room, __ATOMIC_RELEASE);
	store->words->table = mems__unit_of(&store->source, table);
	store->words->room = room;
}

bool mems__table_reserve(struct store *store)
{
	struct mems_table_entry *table;
	uint32_t room;
	bool full;

	mems__lock_take(&store->lock);
	room = store->room == 0 ? LEAST : store->room * 2;
	full = is_full(store);
	mems__lock_drop(&store->lock);
	if (!full)
		return true;
	if (room > UINT32_MAX / sizeof(*table)) {
		errno = ENOMEM;
		return false;
	}
	table = mems__source_take(&store->source, room * sizeof(*table), 16);
	if (table == NULL)
		return false;
	mems__lock_take(&store->lock);
	if (store->room < room) {
		install(store, table, room);
		table = NULL;
	}
	mems__lock_drop(&store->lock);
	/* Another thread was faster. */
	if (table != NULL)
		(void)mems__source_give(&store->source, table);
	return true;
}

bool mems__table_add(struct store *store, const void *words, uint32_t *number)
{
	if (is_full(store))
		return false;
	if (has_unused(store)) {
		*number = store->unused;
		store->unused = store->table[*number].next;
	} else {
		store->unused = MEMS_UNIT_NONE;
		*number = store->count++;
	}
	store->words->unused = store->unused;
	store->words->count = store->count;
	/* The words say the number, then the table says the words. */
	__atomic_store_n(&store->table[*number].unit,
			 mems__unit_of(&store->source, words),
			 __ATOMIC_RELEASE);
	return true;
}

void mems__table_remove(struct store *store, uint32_t number)
{
	/* What is no number of an entry was written by somebody. */
	if (number == 0 || number >= store->room)
		return;
	store->table[number].next = store->unused;
	__atomic_store_n(&store->table[number].unit, MEMS_UNIT_NONE,
			 __ATOMIC_RELAXED);
	store->words->unused = store->unused = number;
}

void mems__table_clear(struct store *store)
{
	store->words->count = store->count = 1;
	store->words->unused = store->unused = MEMS_UNIT_NONE;
	if (store->table != NULL)
		memset(store->table + 1, 0xff,
		       (store->room - 1) * sizeof(*store->table));
}

void mems__table_end(struct store *store)
{
	while (store->tables_count > 0)
		(void)mems__source_give(&store->source,
				store->tables[--store->tables_count]);
	store->table = NULL;
	store->room = 0;
}
