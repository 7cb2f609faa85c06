#include "lane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "malloc/timing.h"

#define PARTS 15

static const char *const places[] = { "heap", "space", "floor", "malloc" };

void tell(const char *name, double value)
{
	printf(" %s=%.10g", name, value);
}

uint64_t lane_scaled(const struct lane *lane, uint64_t count)
{
	uint64_t scaled = (uint64_t)((double)count * lane->scale);

	return scaled > 0 ? scaled : 1;
}

void lane_time(part_fn *work, void *state, uint64_t count)
{
	struct times times = { 0 };

	work(state, count / PARTS + 1);	/* warm */
	for (int i = 0; i < PARTS; i++) {
		double from = now();

		work(state, count);
		times_add(&times, (uint64_t)(now() - from), count);
	}
	tell("ns", times_at(&times, 0.25));
}

static double number(const char *text, double least, double most)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end != '\0' || !(value >= least && value <= most))
		die("lane: not such a number");
	return value;
}

static enum place place_of(const char *name)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (strcmp(places[i], name) == 0)
			return (enum place)i;
	die("lane: no such place");
}

int lane_main(int argc, char **argv, const struct lane_entry *entries,
	      size_t count)
{
	struct lane lane;

	if (argc != 5)
		die("usage: NAME heap|space|floor|malloc SCALE SEED");
	lane.place = place_of(argv[2]);
	lane.scale = number(argv[3], 0.0001, 1000);
	lane.seed = (uint64_t)number(argv[4], 0, 1e15);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(entries[i].name, argv[1]) != 0)
			continue;
		lane.number = entries[i].number;
		entries[i].run(&lane);
		printf("\n");
		return fflush(stdout) != 0;
	}
	die("lane: none of that name");
}
