/* Hash tables in pages: blocks to tallies, places to tallies. */
#include <config.h>

#include "heap/book.h"

#include "base/align.h"
#include "os/pages.h"

#include <string.h>

#define RECORDS_LEAST 4096
#define TALLIES_LEAST 256

enum { FREE = 0, GONE = 1 };

static bool get_pages(struct shelf *shelf, size_t bytes)
{
	size_t size = (size_t)mems__round_up(bytes, mems__page_size());
	char *pages = mems__pages_reserve(size);

	if (pages == NULL)
		return false;
	if (!mems__pages_commit(pages, size)) {
		mems__pages_release(pages, size);
		return false;
	}
	shelf->items = pages;
	shelf->bytes = size;
	return true;
}

static void drop_pages(struct shelf *shelf)
{
	if (shelf->items != NULL)
		mems__pages_release(shelf->items, shelf->bytes);
	*shelf = (struct shelf){ NULL, 0 };
}

static uint32_t hash_words(const uintptr_t *words, unsigned count)
{
	uint64_t hash = count;

	for (unsigned i = 0; i < count; i++)
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15u ^ hash >> 29;
	return (uint32_t)(hash >> 32);
}

/* ----------------------------------------------------------------- tallies */

static struct tally *tally_at(const struct book *book, size_t number)
{
	return (struct tally *)(void *)book->tallies.items + number;
}

static uint32_t *slot_of(const struct shelf *index, uint32_t hash)
{
	return (uint32_t *)(void *)index->items +
	       (hash & (index->bytes / sizeof(uint32_t) - 1));
}

static uint32_t *next_slot(const struct shelf *index, uint32_t *slot)
{
	uint32_t *first = (uint32_t *)(void *)index->items;

	slot++;
	return slot == first + index->bytes / sizeof(uint32_t) ? first : slot;
}

/* Twice the room for tallies, and four slots of the index for each. */
static bool more_tallies(struct book *book)
{
	size_t most = book->tallies.bytes / sizeof(struct tally) * 2;
	struct shelf tallies, index;

	most = most < TALLIES_LEAST ? TALLIES_LEAST : most;
	if (!get_pages(&tallies, most * sizeof(struct tally)))
		return false;
	/* A power of two, as pages are. */
	for (most = TALLIES_LEAST; most < tallies.bytes / sizeof(struct tally);)
		most *= 2;
	if (!get_pages(&index, most * 4 * sizeof(uint32_t))) {
		drop_pages(&tallies);
		return false;
	}
	if (book->tally_count > 0)
		memcpy(tallies.items, book->tallies.items,
		       book->tally_count * sizeof(struct tally));
	drop_pages(&book->tallies);
	drop_pages(&book->index);
	book->tallies = tallies;
	book->index = index;
	for (size_t i = 0; i < book->tally_count; i++) {
		uint32_t *slot = slot_of(&index, tally_at(book, i)->hash);

		while (*slot != 0)
			slot = next_slot(&index, slot);
		*slot = (uint32_t)i + 1;
	}
	return true;
}

static bool find_tally(struct book *book, const uintptr_t *place,
		       unsigned words, size_t *number)
{
	uint32_t hash = hash_words(place, words), *slot;
	struct tally *tally;

	if ((book->tally_count + 1) * sizeof(*tally) > book->tallies.bytes &&
	    !more_tallies(book))
		return false;
	slot = slot_of(&book->index, hash);
	for (; *slot != 0; slot = next_slot(&book->index, slot)) {
		*number = *slot - 1;
		tally = tally_at(book, *number);
		if (tally->hash == hash && tally->words == words &&
		    memcmp(tally->place, place, words * sizeof(*place)) == 0)
			return true;
	}
	*number = book->tally_count++;
	*slot = (uint32_t)*number + 1;
	tally = tally_at(book, *number);
	memset(tally, 0, sizeof(*tally));
	tally->hash = hash;
	tally->words = words;
	memcpy(tally->place, place, words * sizeof(*place));
	return true;
}

bool mems__book_tally(struct book *book, size_t number, struct tally *tally)
{
	bool there;

	mems__lock_take(&book->lock);
	there = number < book->tally_count;
	if (there)
		*tally = *tally_at(book, number);
	mems__lock_drop(&book->lock);
	return there;
}

/* ----------------------------------------------------------------- records */

static size_t record_room(const struct shelf *records)
{
	return records->bytes / sizeof(struct record);
}

/* The record of a block, or the free one where it would be. */
static struct record *find_record(const struct shelf *records, uintptr_t block)
{
	struct record *first = (struct record *)(void *)records->items;
	size_t room = record_room(records);
	size_t at = hash_words(&block, 1) % room;

	while (first[at].block != FREE && first[at].block != block)
		at = at + 1 < room ? at + 1 : 0;
	return &first[at];
}

static bool more_records(struct book *book)
{
	size_t room = record_room(&book->records);
	const struct record *old = (void *)book->records.items;
	struct shelf records;
	size_t most = book->live * 4;

	most = most < RECORDS_LEAST ? RECORDS_LEAST : most;
	if (!get_pages(&records, most * sizeof(struct record)))
		return false;
	for (size_t i = 0; i < room; i++)
		if (old[i].block > GONE)
			*find_record(&records, old[i].block) = old[i];
	drop_pages(&book->records);
	book->records = records;
	book->records_used = book->live;
	return true;
}

static void leave(struct book *book, struct record *record, uint64_t now)
{
	struct tally *tally = tally_at(book, (size_t)record->tally);
	uint64_t life = now - record->born;

	if (tally->frees == 0 || life < tally->life_least)
		tally->life_least = life;
	if (life > tally->life_most)
		tally->life_most = life;
	tally->life_sum += life;
	tally->frees++;
	tally->freed_bytes += record->size;
	record->block = GONE;
	book->live--;
}

void mems__book_enter(struct book *book, const void *block, size_t size,
		      const uintptr_t *place, unsigned words, uint64_t now)
{
	struct record *record;
	struct tally *tally;
	size_t number;

	mems__lock_take(&book->lock);
	if ((book->records_used + 1) * 2 > record_room(&book->records) &&
	    !more_records(book))
		goto full;
	if (!find_tally(book, place, words, &number))
		goto full;
	record = find_record(&book->records, (uintptr_t)block);
	/* Its end was not told: it ended by now at the latest. */
	if (record->block != FREE)
		leave(book, record, now);
	else
		book->records_used++;
	*record = (struct record){ (uintptr_t)block, size, now, number };
	book->live++;
	tally = tally_at(book, number);
	tally->allocations++;
	tally->bytes += size;
	mems__lock_drop(&book->lock);
	return;
full:
	book->full = true;
	mems__lock_drop(&book->lock);
}

bool mems__book_leave(struct book *book, const void *block, uint64_t now)
{
	struct record *record = NULL;
	bool known = false;

	mems__lock_take(&book->lock);
	if (book->live > 0) {
		record = find_record(&book->records, (uintptr_t)block);
		known = record->block != FREE;
	}
	if (known)
		leave(book, record, now);
	mems__lock_drop(&book->lock);
	return known;
}

void mems__book_clear(struct book *book)
{
	mems__lock_take(&book->lock);
	drop_pages(&book->records);
	drop_pages(&book->tallies);
	drop_pages(&book->index);
	book->records_used = 0;
	book->live = 0;
	book->tally_count = 0;
	book->full = false;
	mems__lock_drop(&book->lock);
}
