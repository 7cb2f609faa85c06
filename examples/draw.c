/*
 * Draw a heap: fill a space, free some of it, and write the picture, an SVG
 * document, to standard output.
 */
#include <stdio.h>
#include <unistd.h>

#include <mems/space.h>
#include <mems/stats.h>

int main(void)
{
	struct mems_space_options options = MEMS_SPACE_CLASSIC;
	int standard_output = STDOUT_FILENO;
	mems_va block[40];
	mems_space *space;

	space = mems_space_create(&options);
	if (space == NULL) {
		perror("draw");
		return 1;
	}
	for (int i = 0; i < 40; i++)
		block[i] = mems_space_alloc(space, 200 + 80 * (i % 7));
	for (int i = 0; i < 40; i++)
		if (i % 3 == 0 || i % 9 == 1)
			mems_space_free(space, block[i]);

	if (mems_space_draw(space, mems_write_fd, &standard_output) != 0) {
		fputs("draw: the picture could not be written\n", stderr);
		return 1;
	}
	return mems_space_destroy(space) != 0;
}
