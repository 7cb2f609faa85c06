/*
 * Medians, means and ranges of a few numbers; each is 0 of no numbers.
 */
#ifndef BENCH_STATS_H
#define BENCH_STATS_H

/* As many as there are repetitions of anything, at most. */
#define SAMPLE_MAX 25

struct sample {
	int count;
	double values[SAMPLE_MAX];
};

/* The value is dropped when the sample is full. */
void sample_add(struct sample *sample, double value);

double sample_median(const struct sample *sample);
double sample_mean(const struct sample *sample);
double sample_lowest(const struct sample *sample);
double sample_highest(const struct sample *sample);

#endif
