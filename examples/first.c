#include <stdio.h>
#include <mems.h>

int main(void)
{
	int *small, *other, *large, *element;

	mems_init();
	small = mems_malloc(250 * sizeof(int));
	other = mems_malloc(250 * sizeof(int));
	large = mems_malloc(1024 * sizeof(int));
	printf("%zu %zu %zu\n", (size_t)small, (size_t)other, (size_t)large);

	element = mems_get(&other[1]);	/* an address becomes memory */
	*element = 42;
	mems_free(small);
	mems_print_stats();
	mems_finish();
	return 0;
}
