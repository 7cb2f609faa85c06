/*
 * Every search is a walk from the first node on, as the old design had it.
 */
#include "list_mems.h"

#include <stdbool.h>
#include <sys/mman.h>

#define PAGE 4096
#define FIRST_VA 1000
#define POOL_BYTES (64 * 1024)

struct segment {
	struct segment *next, *prev;
	uint64_t va;
	size_t size;
	bool hole;
};

struct node {
	struct node *next, *prev;
	struct segment *first;
	unsigned char *memory;
	uint64_t va;
	size_t size;
};

/* Segments and nodes are cut from the same pool of equal headers. */
union header {
	union header *next_free;
	struct segment segment;
	struct node node;
};

struct list_mems {
	struct node *first, *last;
	union header *free_headers;
	uint64_t headers, blocks;
	uint64_t end;			/* the next node's address */
};

static void *map_pages(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static void put_header(struct list_mems *mems, void *header)
{
	union header *h = header;

	h->next_free = mems->free_headers;
	mems->free_headers = h;
	mems->headers--;
}

static void *get_header(struct list_mems *mems)
{
	union header *h = mems->free_headers;

	if (h == NULL) {
		size_t count = POOL_BYTES / sizeof(*h);
		union header *pool = map_pages(POOL_BYTES);

		if (pool == NULL)
			return NULL;
		mems->headers += count;
		while (count-- > 0)
			put_header(mems, &pool[count]);
		h = mems->free_headers;
	}
	mems->free_headers = h->next_free;
	mems->headers++;
	return h;
}

static struct node *add_node(struct list_mems *mems, size_t size)
{
	struct node *node = get_header(mems);
	struct segment *hole = get_header(mems);
	unsigned char *memory = map_pages(size);

	if (node == NULL || hole == NULL || memory == NULL) {
		if (node != NULL)
			put_header(mems, node);
		if (hole != NULL)
			put_header(mems, hole);
		if (memory != NULL)
			munmap(memory, size);
		return NULL;
	}
	*hole = (struct segment){ .va = mems->end, .size = size, .hole = true };
	*node = (struct node){ .prev = mems->last, .first = hole,
		.memory = memory, .va = mems->end, .size = size };
	if (mems->last != NULL)
		mems->last->next = node;
	else
		mems->first = node;
	mems->last = node;
	mems->end += size;
	return node;
}

/* Turn the front of a hole into a block; what is left stays a hole. */
static bool take(struct list_mems *mems, struct segment *hole, size_t size)
{
	if (size < hole->size) {
		struct segment *rest = get_header(mems);

		if (rest == NULL)
			return false;
		*rest = (struct segment){ .next = hole->next, .prev = hole,
			.va = hole->va + size, .size = hole->size - size,
			.hole = true };
		if (rest->next != NULL)
			rest->next->prev = rest;
		hole->next = rest;
		hole->size = size;
	}
	hole->hole = false;
	mems->blocks++;
	return true;
}

static void join_next(struct list_mems *mems, struct segment *hole)
{
	struct segment *next = hole->next;

	if (next == NULL || !next->hole)
		return;
	hole->size += next->size;
	hole->next = next->next;
	if (hole->next != NULL)
		hole->next->prev = hole;
	put_header(mems, next);
}

static struct node *find_node(const struct list_mems *mems, uint64_t va)
{
	for (struct node *node = mems->first; node != NULL; node = node->next)
		if (va - node->va < node->size)
			return node;
	return NULL;
}

static struct segment *find_hole(const struct list_mems *mems, size_t size)
{
	for (struct node *node = mems->first; node != NULL; node = node->next)
		for (struct segment *s = node->first; s != NULL; s = s->next)
			if (s->hole && s->size >= size)
				return s;
	return NULL;
}

struct list_mems *list_mems_create(void)
{
	struct list_mems *mems = map_pages(sizeof(*mems));

	if (mems != NULL)
		mems->end = FIRST_VA;
	return mems;
}

uint64_t list_mems_alloc(struct list_mems *mems, size_t size)
{
	struct segment *hole = find_hole(mems, size);

	if (hole == NULL) {
		size_t pages = (size + PAGE - 1) / PAGE;
		struct node *node = add_node(mems, pages * PAGE);

		if (node == NULL)
			return 0;
		hole = node->first;
	}
	return take(mems, hole, size) ? hole->va : 0;
}

int list_mems_free(struct list_mems *mems, uint64_t va)
{
	struct node *node = find_node(mems, va);
	struct segment *s = node != NULL ? node->first : NULL;

	while (s != NULL && s->va != va)
		s = s->next;
	if (s == NULL || s->hole)
		return -1;
	s->hole = true;
	mems->blocks--;
	join_next(mems, s);
	if (s->prev != NULL && s->prev->hole)
		join_next(mems, s->prev);
	return 0;
}

void *list_mems_get(struct list_mems *mems, uint64_t va)
{
	struct node *node = find_node(mems, va);

	return node != NULL ? node->memory + (va - node->va) : NULL;
}

void list_mems_count(const struct list_mems *mems, uint64_t *headers,
		     uint64_t *mapped, uint64_t *blocks)
{
	*headers = mems->headers * sizeof(union header);
	*mapped = mems->end - FIRST_VA;
	*blocks = mems->blocks;
}
