/*
 * Many blocks of one size, allocated in a row and freed in three orders; both
 * halves are timed apart.
 */
#include <stdlib.h>

#include "block.h"
#include "loads.h"
#include "timing.h"

#define ROUNDS 61

static const uint32_t sizes[SEVEN] = SEVEN_SIZES;

enum order { LIFO, FIFO, RANDOM };

struct batch {
	enum order order;
	uint64_t count;
	void **blocks;
	uint32_t *turn;		/* which is freed when */
};

static void find_turns(struct batch *batch, struct random *random)
{
	uint64_t count = batch->count;

	for (uint64_t i = 0; i < count; i++)
		batch->turn[i] = (uint32_t)(batch->order == LIFO ?
					    count - 1 - i : i);
	if (batch->order != RANDOM)
		return;
	for (uint64_t i = count - 1; i > 0; i--) {
		uint32_t other = random_below(random, i + 1);
		uint32_t turn = batch->turn[i];

		batch->turn[i] = batch->turn[other];
		batch->turn[other] = turn;
	}
}

static void allocate_all(struct batch *batch, size_t size)
{
	for (uint64_t i = 0; i < batch->count; i++) {
		uint64_t *memory = malloc(size);

		if (memory == NULL)
			die("load: malloc failed");
		*memory = i;
		batch->blocks[i] = memory;
	}
}

static uint64_t check_all(const struct batch *batch)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < batch->count; i++) {
		const uint64_t *memory = batch->blocks[i];

		if (*memory != i)
			die("load: a block has changed");
		sum += *memory;
	}
	return sum;
}

static void free_all(struct batch *batch)
{
	for (uint64_t i = 0; i < batch->count; i++)
		free(batch->blocks[batch->turn[i]]);
}

static void batches(struct worker *worker, enum order order)
{
	struct times made[SEVEN] = { { 0 } }, freed[SEVEN] = { { 0 } };
	struct batch batch = { .order = order, .count = worker->count };
	uint64_t from, between, resumed, to;

	batch.blocks = table_make(batch.count * sizeof(*batch.blocks));
	batch.turn = table_make(batch.count * sizeof(*batch.turn));
	find_turns(&batch, &worker->random);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < SEVEN; i++) {
			from = now_ns();
			allocate_all(&batch, sizes[i]);
			between = now_ns();
			worker->check += check_all(&batch);
			resumed = now_ns();
			free_all(&batch);
			to = now_ns();
			times_add(&made[i], between - from, batch.count);
			times_add(&freed[i], to - resumed, batch.count);
			worker->ops += 2 * batch.count;
		}
	}
	for (int i = 0; i < SEVEN; i++) {
		times_report(&made[i], worker, "malloc", sizes[i]);
		times_report(&freed[i], worker, "free", sizes[i]);
	}
}

static void lifo(struct worker *worker)
{
	batches(worker, LIFO);
}

static void fifo(struct worker *worker)
{
	batches(worker, FIFO);
}

static void shuffled(struct worker *worker)
{
	batches(worker, RANDOM);
}

void run_batch_lifo(struct job *job)
{
	job_in_threads(job, lifo);
}

void run_batch_fifo(struct job *job)
{
	job_in_threads(job, fifo);
}

void run_batch_random(struct job *job)
{
	job_in_threads(job, shuffled);
}
