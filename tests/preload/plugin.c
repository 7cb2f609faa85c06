/* An object that a program loads, and that uses a heap of libmems.so. */
#include <string.h>

#include <mems.h>

__attribute__((visibility("default"))) int use_heap(size_t size);

int use_heap(size_t size)
{
	mems_heap *heap = mems_heap_create(NULL);
	char *block = mems_heap_alloc(heap, size);

	if (block == NULL)
		return -1;
	memset(block, 1, size);
	mems_heap_free(block);
	block = mems_heap_alloc(NULL, size);
	if (block == NULL)
		return -1;
	memset(block, 1, size);
	mems_heap_free(block);
	return mems_heap_destroy(heap);
}
