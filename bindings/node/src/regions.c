/*
 * The spaces of the process. A worker attaches to one by its number. It ends
 * when no thread has it any more, and no view of its memory is left.
 */
#include "addon.h"
#include "lock.h"

#include <stdlib.h>

struct listener {
	double handle;
	napi_threadsafe_function events;
	struct listener *next;
};

static struct node_lock lock = NODE_LOCK_INIT;
static struct region *regions;
static double last_number;

bool region_overlaps(const void *memory, uint64_t size)
{
	uintptr_t first = (uintptr_t)memory;
	const struct region *region;

	node_lock_take(&lock);
	for (region = regions; region != NULL; region = region->next) {
		uintptr_t other = (uintptr_t)region->memory;

		if (other != 0 && first < other + region->memory_size &&
		    other < first + size)
			break;
	}
	node_lock_drop(&lock);
	return region != NULL;
}

struct region *region_add(mems_space *space, const void *memory,
			  uint64_t memory_size, uint64_t maximum)
{
	struct region *region = calloc(1, sizeof(*region));

	if (region == NULL)
		return NULL;
	region->space = space;
	/* The two words of a space are public. */
	region->data = (unsigned char *)(space->origin +
					 (uintptr_t)MEMS_VA_FIRST);
	region->memory = memory;
	region->memory_size = memory_size;
	region->maximum = maximum;
	region->holders = 1;
	node_lock_take(&lock);
	region->number = ++last_number;
	region->next = regions;
	regions = region;
	node_lock_drop(&lock);
	return region;
}

struct region *region_hold(double number)
{
	struct region *region;

	node_lock_take(&lock);
	region = regions;
	while (region != NULL && region->number != number)
		region = region->next;
	if (region != NULL)
		region->holders++;
	node_lock_drop(&lock);
	return region;
}

void region_drop(struct region *region)
{
	struct region **place = &regions;
	bool last;

	node_lock_take(&lock);
	last = --region->holders == 0;
	if (last) {
		while (*place != region)
			place = &(*place)->next;
		*place = region->next;
	}
	node_lock_drop(&lock);
	if (!last)
		return;
	(void)mems_space_destroy(region->space);
	if (region->mapping != NULL)
		mapping_give(region->mapping, region->mapping_size);
	free(region);
}

void region_on_limit(mems_space *space, uint64_t used, void *arg)
{
	const struct region *region = arg;

	(void)space;
	node_lock_take(&lock);
	for (struct listener *listener = region->listeners; listener != NULL;
	     listener = listener->next) {
		struct event *event = malloc(sizeof(*event));

		if (event == NULL)
			continue;
		event->handle = listener->handle;
		event->used = (double)used;
		if (napi_call_threadsafe_function(listener->events, event,
						  napi_tsfn_nonblocking) !=
		    napi_ok)
			free(event);
	}
	node_lock_drop(&lock);
}

bool region_listen(struct region *region, double handle,
		   napi_threadsafe_function events)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	if (listener == NULL)
		return false;
	listener->handle = handle;
	listener->events = events;
	region_unlisten(region, handle);
	node_lock_take(&lock);
	listener->next = region->listeners;
	region->listeners = listener;
	node_lock_drop(&lock);
	return true;
}

void region_unlisten(struct region *region, double handle)
{
	struct listener **place = &region->listeners, *listener;

	node_lock_take(&lock);
	while (*place != NULL && (*place)->handle != handle)
		place = &(*place)->next;
	listener = *place;
	if (listener != NULL)
		*place = listener->next;
	node_lock_drop(&lock);
	free(listener);
}
