#include "stats.h"

#include <stdlib.h>

void sample_add(struct sample *sample, double value)
{
	if (sample->count < SAMPLE_MAX)
		sample->values[sample->count++] = value;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double sample_median(const struct sample *sample)
{
	struct sample s = *sample;

	if (s.count == 0)
		return 0;
	qsort(s.values, s.count, sizeof(s.values[0]), by_size);
	return (s.values[(s.count - 1) / 2] + s.values[s.count / 2]) / 2;
}

double sample_mean(const struct sample *sample)
{
	double sum = 0;

	for (int i = 0; i < sample->count; i++)
		sum += sample->values[i];
	return sample->count > 0 ? sum / sample->count : 0;
}

double sample_lowest(const struct sample *sample)
{
	double found = sample->count > 0 ? sample->values[0] : 0;

	for (int i = 1; i < sample->count; i++)
		if (sample->values[i] < found)
			found = sample->values[i];
	return found;
}

double sample_highest(const struct sample *sample)
{
	double found = 0;

	for (int i = 0; i < sample->count; i++)
		if (sample->values[i] > found)
			found = sample->values[i];
	return found;
}
