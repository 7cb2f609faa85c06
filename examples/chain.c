/*
 * The classic calls: ten blocks of 250 integers, one of them freed and taken
 * again, and what the chains look like after each step.
 */
#include <stdio.h>

#include <mems.h>

int main(void)
{
	int *ptr[10], *element;

	mems_init();
	for (int i = 0; i < 10; i++) {
		ptr[i] = mems_malloc(250 * sizeof(int));
		printf("block %d is at %zu\n", i, (size_t)ptr[i]);
	}

	/* The addresses are numbers; mems_get() gives the memory behind one. */
	element = mems_get(&ptr[0][1]);
	*element = 200;
	element = mems_get(ptr[0]);
	printf("element 1 of block 0 holds %d\n\n", element[1]);
	mems_print_stats();

	mems_free(ptr[3]);
	printf("\nwithout block 3:\n");
	mems_print_stats();

	ptr[3] = mems_malloc(250 * sizeof(int));
	printf("\nblock 3 is at %zu again:\n", (size_t)ptr[3]);
	mems_print_stats();

	mems_finish();
	return 0;
}
