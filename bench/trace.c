/*
 * Steps are drawn in batches that fit the first-level cache, outside the
 * clock, so that drawing a size costs no peer anything.
 */
#include "trace.h"

#include <stdlib.h>

#include "child.h"
#include "stats.h"

#define BATCH 1024
#define LOOKS 64	/* how often a peer is asked for its extent */
#define SHIFT_BYTES (20 << 20)

static struct step batch[BATCH];

static uint64_t block_end(const struct step *step, handle block)
{
	return block + step->size;
}

void run_enter(struct run *run, const struct step *step, handle block,
	       void *memory)
{
	if (memory != NULL)
		((uint64_t *)memory)[step->size / 8 - 1] = block;
	run->sizes[step->slot] = step->size;
	run->live += step->size;
	if (run->live > run->live_peak)
		run->live_peak = run->live;
	if (run->first == 0 || block < run->first)
		run->first = block;
	if (block_end(step, block) > run->top)
		run->top = block_end(step, block);
}

bool run_leave(struct run *run, uint32_t slot, const void *memory)
{
	const uint64_t *words = memory;
	uint32_t size = run->sizes[slot];

	run->live -= size;
	return words == NULL || (words[0] == run->handles[slot] &&
				 words[size / 8 - 1] == run->handles[slot]);
}

static bool run_open(struct run *run, const struct peer *peer, uint64_t slots,
		     uint64_t bytes)
{
	*run = (struct run){
		.heap = peer->open(peer, bytes),
		.handles = pages(slots * sizeof(*run->handles)),
		.sizes = pages(slots * sizeof(*run->sizes)),
	};
	return run->heap != NULL;
}

static void look(const struct peer *peer, const struct run *run,
		 struct footprint *footprint)
{
	*footprint = (struct footprint){ 0 };
	if (peer->look != NULL)
		peer->look(run->heap, footprint);
}

/* Bytes from the first block to the highest end so far. */
static uint64_t span(const struct peer *peer, const struct run *run,
		     uint64_t *extent_peak)
{
	struct footprint footprint;

	look(peer, run, &footprint);
	if (footprint.extent > *extent_peak)
		*extent_peak = footprint.extent;
	return *extent_peak > 0 ? *extent_peak : run->top - run->first;
}

static bool fill(const struct trace *trace, struct run *run,
		 struct random *random, enum replay_mode mode)
{
	for (uint64_t slot = 0; slot < trace->blocks;) {
		size_t count = 0;

		for (; count < BATCH && slot < trace->blocks; count++)
			batch[count] = (struct step){ slot++,
				mix_draw(trace->mix, random) };
		if (!trace->peer->replay(run, batch, count, mode))
			return false;
	}
	return true;
}

/* Replace random blocks; the nanoseconds that it took, or -1. */
static double replace(const struct trace *trace, struct run *run,
		      struct random *random, uint64_t pairs,
		      enum replay_mode mode)
{
	double ns = 0;

	while (pairs > 0) {
		size_t count = pairs < BATCH ? pairs : BATCH;
		double start;

		for (size_t i = 0; i < count; i++)
			batch[i] = (struct step){
				random_below(random, trace->blocks),
				mix_draw(trace->mix, random) };
		start = now();
		if (!trace->peer->replay(run, batch, count, mode))
			return -1;
		ns += now() - start;
		pairs -= count;
	}
	return ns;
}

static bool warm_up(const struct trace *trace, struct run *run,
		    struct random *random, struct trace_result *result)
{
	enum replay_mode mode = trace->touch ? REPLAY_TRACKED : REPLAY_COUNTED;
	struct footprint footprint;
	uint64_t extent = 0, highest = 0;

	if (!fill(trace, run, random, mode))
		return false;
	for (int i = 0; i < LOOKS; i++) {
		highest = span(trace->peer, run, &extent);
		if (replace(trace, run, random, trace->warm_pairs / LOOKS,
			    mode) < 0)
			return false;
	}
	look(trace->peer, run, &footprint);
	if (run->live_peak > 0) {
		highest = span(trace->peer, run, &extent);
		result->span = (double)highest / run->live_peak;
	}
	if (footprint.mapped > 0) {
		result->metadata_block =
			(double)footprint.metadata / footprint.blocks;
		result->metadata_share =
			(double)footprint.metadata / footprint.mapped;
	}
	return true;
}

bool trace_run(const void *task, void *out)
{
	const struct trace *trace = task;
	struct trace_result *result = out;
	enum replay_mode mode = trace->touch ? REPLAY_TOUCHED :
					       REPLAY_UNTOUCHED;
	struct random random = { trace->seed };
	struct sample ns = { 0 };
	struct run run;

	*result = (struct trace_result){ 0 };
	if (!run_open(&run, trace->peer, trace->blocks,
		      trace->blocks * trace->mix->mean) ||
	    !warm_up(trace, &run, &random, result))
		return false;
	if (trace->timed_pairs == 0)
		return true;
	for (int i = 0; i < SEGMENTS; i++) {
		double took = replace(trace, &run, &random, trace->timed_pairs,
				      mode);

		if (took < 0)
			return false;
		sample_add(&ns, took / (2.0 * trace->timed_pairs));
	}
	result->ns = sample_median(&ns);
	return true;
}

/* Put the slots in random order; what is in them goes along. */
static void shuffle(struct run *run, uint32_t count, struct random *random)
{
	for (uint32_t i = count; i > 1; i--) {
		uint32_t j = random_below(random, i);
		handle block = run->handles[i - 1];
		uint32_t size = run->sizes[i - 1];

		run->handles[i - 1] = run->handles[j];
		run->sizes[i - 1] = run->sizes[j];
		run->handles[j] = block;
		run->sizes[j] = size;
	}
}

bool shift_run(const void *task, void *out)
{
	const struct shift *shift = task;
	struct shift_result *result = out;
	struct random random = { shift->seed };
	uint64_t extent = 0;
	uint32_t count = 0;
	struct run run;

	if (!run_open(&run, shift->peer, SHIFT_BYTES / 8, SHIFT_BYTES))
		return false;
	for (int i = 0; i < SHIFT_STEPS; i++) {
		uint32_t kept = count / 5;
		struct step step;

		shuffle(&run, count, &random);
		while (count > kept) {
			step = (struct step){ --count, 0 };
			if (!shift->peer->replay(&run, &step, 1,
						 REPLAY_TRACKED))
				return false;
		}
		while (run.live < SHIFT_BYTES) {
			step = (struct step){ count++,
				mix_draw(shift_mixes[i], &random) };
			if (!shift->peer->replay(&run, &step, 1,
						 REPLAY_TRACKED))
				return false;
		}
		result->span[i] = (double)span(shift->peer, &run, &extent) /
				  SHIFT_BYTES;
	}
	return true;
}
