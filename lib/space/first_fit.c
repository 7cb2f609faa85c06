/*
 * First fit: a tree finds the hole with the lowest address.
 *
 * Each unit of 128 granules has a cell, the length of the longest hole that
 * starts in it; above, each cell has the most of the 16 below it. To look for
 * a hole is to go down from the top, in each line of 16 to the first cell that
 * is large enough; a line is 64 bytes, and its cells are compared at once.
 *
 * Lengths over LONGEST count as LONGEST. A space has few of those: a request
 * that long looks at each such unit until one will do.
 */
#include <config.h>

#include "space/segment.h"

#include "base/align.h"

#define UNIT_SHIFT 7
#define LINE 16
#define LONGEST INT32_MAX

static uint64_t units_in_use(const struct space *space)
{
	return (space->top >> UNIT_SHIFT) + 1;
}

static int32_t cell_of(uint64_t length)
{
	return (int32_t)mems__min(length, LONGEST);
}

/* Bit i is set if cell i of the line is at least `need`. */
static unsigned cells_with(const int32_t *line, int32_t need)
{
	static const int32_t bit[LINE] = {
		1, 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5, 1 << 6, 1 << 7,
		1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12, 1 << 13, 1 << 14,
		1 << 15,
	};
	int32_t found = 0;

	for (int i = 0; i < LINE; i++)
		found |= line[i] >= need ? bit[i] : 0;
	return (unsigned)found;
}

static int32_t most_of(const int32_t *line)
{
	int32_t most = 0;

	for (int i = 0; i < LINE; i++)
		most = line[i] > most ? line[i] : most;
	return most;
}

/* The longest hole that starts in a unit, from the bits. */
static uint64_t longest_in(const struct space *space, uint64_t unit)
{
	uint64_t longest = 0;

	for (uint64_t pair = unit * 2; pair < unit * 2 + 2; pair++) {
		uint64_t holes = space->pairs[pair].start &
				 ~space->pairs[pair].used;

		for (; holes != 0; holes &= holes - 1) {
			uint64_t at = pair << 6 | mems__low_bit(holes);
			uint64_t end = mems__next_start(space, at);

			longest = mems__max(longest, end - at);
		}
	}
	return longest;
}

/* The first hole of at least `need` that starts in a unit, or none. */
static bool find_in(const struct space *space, uint64_t unit, uint64_t need,
		    struct hole *hole)
{
	for (uint64_t pair = unit * 2; pair < unit * 2 + 2; pair++) {
		uint64_t holes = space->pairs[pair].start &
				 ~space->pairs[pair].used;

		for (; holes != 0; holes &= holes - 1) {
			uint64_t at = pair << 6 | mems__low_bit(holes);
			uint64_t end = mems__next_start(space, at);

			if (end - at >= need) {
				*hole = (struct hole){ at, end - at };
				return true;
			}
		}
	}
	return false;
}

/* Set the cell of a unit and what depends on it. */
static void set_cell(struct space *space, uint64_t unit, int32_t value)
{
	int32_t *cell = &space->tree[0][unit];
	int32_t old = *cell;

	*cell = value;
	for (unsigned level = 1; level < space->tree_levels; level++) {
		const int32_t *line = cell - unit % LINE;
		int32_t above;

		unit /= LINE;
		cell = &space->tree[level][unit];
		above = *cell;
		if (value >= above)
			*cell = value;
		else if (old == above)
			*cell = value = most_of(line);
		else
			break;
		if (*cell == above)
			break;
		old = above;
	}
}

/*
 * The break has changed: use as many levels as make a tree of it, with one
 * line at the top. A level that was not in use has nothing but its first cell
 * to be set; those of units past the break are 0.
 */
void mems__first_fit_resize(struct space *space)
{
	uint64_t cells = units_in_use(space);
	unsigned levels = 1;

	for (; cells > LINE; levels++)
		cells = (cells + LINE - 1) / LINE;
	for (unsigned i = space->tree_levels; i < levels; i++)
		space->tree[i][0] = i > 0 ? most_of(space->tree[i - 1]) : 0;
	space->tree_levels = levels;
}

void mems__first_fit_add(struct space *space, uint64_t at, uint64_t length)
{
	uint64_t unit = at >> UNIT_SHIFT;
	int32_t value = cell_of(length);

	if (value > space->tree[0][unit])
		set_cell(space, unit, value);
}

void mems__first_fit_remove(struct space *space, uint64_t at, uint64_t length)
{
	uint64_t unit = at >> UNIT_SHIFT;

	if (space->tree[0][unit] == cell_of(length))
		set_cell(space, unit, cell_of(longest_in(space, unit)));
}

/* The first unit from `unit` up whose cell is at least `need`, or NOWHERE. */
static uint64_t unit_with(const struct space *space, uint64_t unit,
			  int32_t need)
{
	unsigned level = 0, top = space->tree_levels - 1;
	unsigned found;

	if (unit == 0)
		level = top;
	for (;;) {
		const int32_t *line = &space->tree[level][unit - unit % LINE];

		found = cells_with(line, need) & ~0u << unit % LINE;
		if (found != 0)
			break;
		if (level == top)
			return NOWHERE;
		level++;
		unit = unit / LINE + 1;
		/* Past the last cell of the line above: go on higher up. */
		while (unit % LINE == 0) {
			if (level == top)
				return NOWHERE;
			level++;
			unit /= LINE;
		}
	}
	unit = unit - unit % LINE + (unsigned)__builtin_ctz(found);
	while (level-- > 0) {
		found = cells_with(&space->tree[level][unit * LINE], need);
		MEMS_ASSERT(found != 0);
		unit = unit * LINE + (unsigned)__builtin_ctz(found);
	}
	return unit;
}

bool mems__first_fit_find(struct space *space, uint64_t need,
			  struct hole *hole)
{
	uint64_t unit = 0;

	if (space->top == 0)
		return false;
	for (;;) {
		unit = unit_with(space, unit, cell_of(need));
		if (unit == NOWHERE)
			return false;
		if (find_in(space, unit, need, hole))
			return true;
		unit++;
	}
}

uint64_t mems__first_fit_largest(struct space *space)
{
	uint64_t largest = 0, unit = 0;
	int32_t most;

	if (space->top == 0)
		return 0;
	most = most_of(space->tree[space->tree_levels - 1]);
	if (most < LONGEST)
		return (uint64_t)most;
	while ((unit = unit_with(space, unit, LONGEST)) != NOWHERE) {
		largest = mems__max(largest, longest_in(space, unit));
		unit++;
	}
	return largest;
}

void mems__first_fit_rebuild(struct space *space)
{
	if (space->top == 0)
		return;
	for (uint64_t unit = 0; unit < units_in_use(space); unit++) {
		int32_t value = cell_of(longest_in(space, unit));

		if (space->tree[0][unit] != value)
			set_cell(space, unit, value);
	}
}

bool mems__first_fit_check(struct space *space, const char **wrong)
{
	uint64_t cells;

	if (space->top == 0)
		return true;
	cells = units_in_use(space);
	for (uint64_t unit = 0; unit < cells; unit++) {
		if (space->tree[0][unit] != cell_of(longest_in(space, unit))) {
			*wrong = "a unit's longest hole is not the one noted";
			return false;
		}
	}
	for (unsigned level = 1; level < space->tree_levels; level++) {
		cells = (cells + LINE - 1) / LINE;
		for (uint64_t i = 0; i < cells; i++) {
			if (space->tree[level][i] !=
			    most_of(&space->tree[level - 1][i * LINE])) {
				*wrong = "a cell is not the most of those below";
				return false;
			}
		}
	}
	return true;
}
