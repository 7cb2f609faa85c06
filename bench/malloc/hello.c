/* The smallest program that uses malloc, through printf. */
#include <stdio.h>

int main(void)
{
	printf("Hello\n");
	return 0;
}
