/*
 * Inside the addon: what its files share.
 *
 * JavaScript holds numbers, never pointers. A number names an entry in a table
 * of its thread, and is looked up at each call: one that was forged, or whose
 * object has ended, is an exception. Addresses are checked by the library.
 */
#ifndef MEMS_NODE_ADDON_H
#define MEMS_NODE_ADDON_H

#ifndef NAPI_VERSION
#define NAPI_VERSION 8
#endif
#include <node_api.h>

#include <mems.h>
#ifndef MEMS_LAYOUT_H		/* it is part of mems.h where that is one file */
#include <mems/layout.h>
#endif

#include <stdbool.h>

/* ----------------------------------------------------------------- threads */

enum kind {
	KIND_NONE,
	KIND_SPACE,
	KIND_ARENA,
	KIND_SLAB,
	KIND_HEAP
};

/* An object as one thread has it. */
struct entry {
	enum kind kind;
	uint32_t generation;	/* how often the entry was used before */
	uint32_t space;		/* index of the entry it lies in; of itself */
	uint32_t next;		/* unused: the next that is */
	void *object;		/* space: its struct region */
	napi_ref memory[2];	/* space: keeps adopted memory; slab and heap:
				   that of its states; else NULL */
};

/* What the addon knows of one thread: one environment. */
struct thread {
	napi_env env;
	struct entry *entries;
	uint32_t count, room;
	uint32_t unused;	/* the first that is; `count`: none */
	uint32_t newest;	/* index of the one that was made last */
	uint64_t accounted;	/* bytes of spaces that V8 was told of */
	napi_threadsafe_function events;	/* NULL: nobody listens */
};

/* entries.c: a number for the object; 0 with an exception pending. */
double thread_add(struct thread *thread, enum kind kind, void *object,
		  const struct entry *space);
/* The entry with that number; NULL with an exception pending. */
struct entry *thread_find(struct thread *thread, napi_value number,
			  enum kind kind);
/* The same of one that is known to be there. */
struct entry *thread_entry(struct thread *thread, double number);
/* Its space's region. */
struct region *region_of(const struct thread *thread,
			 const struct entry *entry);
/* End the entry, and all that lies in it. */
void thread_release(struct thread *thread, struct entry *entry);
void thread_release_all(struct thread *thread);

/* ----------------------------------------------------------------- regions */

/* A space, as all threads of the process have it. */
struct region {
	mems_space *space;
	double number;		/* by which other threads ask for it */
	unsigned char *data;	/* the byte at MEMS_VA_FIRST */
	uint64_t maximum;
	const unsigned char *memory;	/* adopted; NULL: the system's */
	uint64_t memory_size;
	void *mapping;		/* what space_map() took for it, or NULL */
	uint64_t mapping_size;
	unsigned holders;	/* threads that have it, and views of it */
	struct listener *listeners;
	struct region *next;
};

/* regions.c: is some of this memory a space's already? */
bool region_overlaps(const void *memory, uint64_t size);
/* Make a space known, with one holder; NULL: no memory. */
struct region *region_add(mems_space *space, const void *memory,
			  uint64_t memory_size, uint64_t maximum);
/* One more holder of the region with this number, or NULL. */
struct region *region_hold(double number);
/* One holder less: the last ends the space. */
void region_drop(struct region *region);
/* Tell those who listen that use is above the soft limit. */
void region_on_limit(mems_space *space, uint64_t used, void *region);
/* The space with this handle wants to hear of the region's soft limit; or no
   longer. */
bool region_listen(struct region *region, double handle,
		   napi_threadsafe_function events);
void region_unlisten(struct region *region, double handle);

/* What is sent to a thread that listens. */
struct event {
	double handle;
	double used;
};

/* mapping.c: fresh memory, all of which may be read and written; NULL: none. */
void *mapping_take(uint64_t size);
void mapping_give(void *mapping, uint64_t size);

/* ------------------------------------------------------------------ states */

/*
 * What JavaScript knows of the slots that it hands out without a call: a byte
 * for each 16 bytes of the space. Any other thread that frees such a slot by a
 * call must look there, since to C a slot at hand is one in use.
 */
enum state {
	STATE_NONE,
	STATE_AT_HAND,
	STATE_LIVE		/* and above: by class */
};

/* Where they are, and the stacks of slots at hand: for each state a count and
   `stack` - 1 addresses of 32 bits. */
struct states_memory {
	uint8_t *bytes;
	size_t length;
	const int32_t *stacks;
	size_t states, stack;
};

/* states.c: from now on these are the states of the store's handle. */
bool states_set(const void *store, const mems_space *space, mems_va address,
		const struct states_memory *memory);
/* No longer: what was at hand is freed by `give`. */
void states_drop(void *store, int (*give)(void *store, void *block));
/* The block is about to be freed by a call; false: it is free already. */
bool states_claim(const mems_space *space, mems_va address, mems_va block);
/* How many slots of this state all handles of the store have at hand. */
uint64_t states_count(const mems_space *space, mems_va address, size_t state);
/* Is it at hand somewhere? */
bool states_at_hand(const mems_space *space, mems_va address, mems_va block);

/* stores.c: free a block of a slab or heap by its address, or -EINVAL. */
int store_give(const struct thread *thread, const struct entry *entry,
	       mems_va va);
/* The entry's handle ends. */
void store_end(struct entry *entry);

/* ------------------------------------------------------------------ values */

/* What errors are called. */
enum wrong {
	WRONG_TYPE,
	WRONG_RANGE,
	WRONG_ADDRESS,
	WRONG_MEMORY,
	WRONG_CLOSED,
	WRONG_STALE,
	WRONG_FULL,
	WRONG_LAYOUT,
	WRONG_STATE,
	WRONG_SUPPORT,
	WRONG_BUFFERS
};

/* values.c: have an exception pending; NULL. */
napi_value throw_wrong(napi_env env, enum wrong wrong, const char *text);
/* The same by an errno, positive or negative, of a call in which EINVAL means
   `invalid`. */
napi_value throw_errno(napi_env env, int error, enum wrong invalid,
		       const char *text);

/* The arguments of a call and its thread; false with an exception pending. */
bool begin(napi_env env, napi_callback_info info, struct thread **thread,
	   napi_value *arguments, size_t count);

/* A whole number from 0 to 2^53; false with an exception pending. */
bool get_number(napi_env env, napi_value value, const char *name,
		uint64_t *number);
/* At most `most`. */
bool get_number_to(napi_env env, napi_value value, const char *name,
		   uint64_t most, uint64_t *number);
bool get_flag(napi_env env, napi_value value, const char *name, bool *flag);

/* A typed array of this type; false with an exception pending, of this text. */
bool get_array(napi_env env, napi_value value, napi_typedarray_type wanted,
	       const char *text, size_t *length, void **data);

napi_value make_number(napi_env env, double number);
napi_value make_flag(napi_env env, bool flag);
/* An array of numbers. */
napi_value make_numbers(napi_env env, const double *numbers, size_t count);

/* Text that grows, for the calls that print. */
struct text {
	char *bytes;
	size_t length, room;
};

int text_add(void *text, const char *bytes, size_t length);
/* The text as a string, or an exception if `status` tells of an error; either
   way the text is freed. */
napi_value make_text(napi_env env, struct text *text, int status);

/* A typed array of numbers; false with an exception pending. */
struct numbers {
	napi_typedarray_type type;
	void *data;
	size_t length;
};

bool get_numbers(napi_env env, napi_value value, const char *name,
		 struct numbers *numbers);
double numbers_at(const struct numbers *numbers, size_t i);
void numbers_set(const struct numbers *numbers, size_t i, double value);
/* The largest that an element holds exactly. */
double numbers_most(const struct numbers *numbers);

/* -------------------------------------------------------------------- calls */

struct call {
	const char *name;
	napi_callback function;
};

/* Each ends with a name that is NULL. */
extern const struct call space_calls[];
extern const struct call block_calls[];
extern const struct call look_calls[];
extern const struct call limit_calls[];
extern const struct call root_calls[];
extern const struct call arena_calls[];
extern const struct call store_calls[];
extern const struct call bulk_calls[];

/* layout.c: the numbers of <mems/layout.h>, as an object. */
napi_value make_layout(napi_env env);

/* spaces.c: the region of the space with that number; NULL with an exception
   pending. */
struct region *find_space(struct thread *thread, napi_value number);
/* Tell V8 how much memory the thread's spaces really have. */
void account(struct thread *thread);

#endif
