/*
 * As a compiler does it: nodes that are pushed and popped, strings that are
 * looked up in a hash table that grows, scratch buffers now and then; at the
 * end of a phase, of a function say, everything goes.
 */
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "loads.h"

#define STEPS 30000
#define NODE_LOW 24
#define NODE_HIGH 120
#define TABLE_FIRST 64
#define SCRATCH_STEPS 100	/* one scratch buffer in so many steps */

struct node {
	struct node *below;
	uint64_t size;
};

struct entry {
	struct entry *next;
	char *text;
	uint64_t hash;
};

struct phase {
	struct worker *worker;
	struct node *top;
	struct entry **table;
	uint64_t slots, entries;
};

static void *get(struct phase *phase, size_t size)
{
	void *memory = malloc(size);

	if (memory == NULL)
		die("load: malloc failed");
	phase->worker->ops++;
	return memory;
}

static void drop(struct phase *phase, void *memory)
{
	free(memory);
	phase->worker->ops++;
}

static struct entry **new_table(struct phase *phase, uint64_t slots)
{
	struct entry **table = calloc(slots, sizeof(struct entry *));

	if (table == NULL)
		die("load: calloc failed");
	phase->worker->ops++;
	return table;
}

static void push(struct phase *phase)
{
	struct random *random = &phase->worker->random;
	size_t size = NODE_LOW + 8 * random_below(random,
				(NODE_HIGH - NODE_LOW) / 8 + 1);
	struct node *node = get(phase, size);

	memset(node, 0, size);
	node->below = phase->top;
	node->size = size;
	phase->top = node;
}

static void pop(struct phase *phase)
{
	struct node *node = phase->top;

	if (node == NULL)
		return;
	phase->worker->check += node->size;
	phase->top = node->below;
	drop(phase, node);
}

static void rehash(struct phase *phase)
{
	uint64_t slots = 2 * phase->slots;
	struct entry **table = new_table(phase, slots), *next;

	for (uint64_t i = 0; i < phase->slots; i++) {
		for (struct entry *e = phase->table[i]; e; e = next) {
			next = e->next;
			e->next = table[e->hash % slots];
			table[e->hash % slots] = e;
		}
	}
	drop(phase, phase->table);
	phase->table = table;
	phase->slots = slots;
}

/* Half of the names are there already; then the new text is dropped. */
static void enter(struct phase *phase)
{
	uint64_t name = random_below(&phase->worker->random, STEPS / 4);
	uint64_t hash = name * UINT64_C(0x9e3779b97f4a7c15) >> 20;
	size_t length = 5 + hash % 56;
	char *text = get(phase, length + 1);
	struct entry *entry;

	memset(text, 'a' + (int)(hash % 26), length);
	text[length] = '\0';
	for (entry = phase->table[hash % phase->slots]; entry != NULL;
	     entry = entry->next) {
		if (entry->hash == hash && strcmp(entry->text, text) == 0) {
			drop(phase, text);
			return;
		}
	}
	entry = get(phase, sizeof(*entry));
	*entry = (struct entry){ phase->table[hash % phase->slots], text,
				 hash };
	phase->table[hash % phase->slots] = entry;
	if (++phase->entries > phase->slots)
		rehash(phase);
}

static void scratch(struct phase *phase)
{
	size_t size = 1024 + random_below(&phase->worker->random, 15 * 1024);
	char *bytes = get(phase, size);

	memset(bytes, 1, size);
	keep(bytes);
	drop(phase, bytes);
}

static void drop_all(struct phase *phase)
{
	while (phase->top != NULL)
		pop(phase);
	for (uint64_t i = 0; i < phase->slots; i++) {
		while (phase->table[i] != NULL) {
			struct entry *entry = phase->table[i];

			phase->worker->check += strlen(entry->text);
			phase->table[i] = entry->next;
			drop(phase, entry->text);
			drop(phase, entry);
		}
	}
	drop(phase, phase->table);
}

static void phases(struct worker *worker)
{
	for (uint64_t i = 0; i < worker->count; i++) {
		struct phase phase = { .worker = worker,
				       .slots = TABLE_FIRST };

		phase.table = new_table(&phase, TABLE_FIRST);
		for (int step = 0; step < STEPS; step++) {
			if (random_below(&worker->random, 8) < 5)
				push(&phase);
			else
				pop(&phase);
			if (step % 2 == 0)
				enter(&phase);
			if (step % SCRATCH_STEPS == 0)
				scratch(&phase);
		}
		if (i == worker->count - 1)
			worker_meet(worker);
		drop_all(&phase);
	}
}

void run_phases(struct job *job)
{
	job_in_threads(job, phases);
}
