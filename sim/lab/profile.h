/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which places of one free value the observations accept: those at which the distance, least over all other values, is
 * above its least by no more than a bound. The bound is not taken from a table: observations of one run are not
 * independent of one another, and clocks err for several at once. Instead the model at a place, its best one or a
 * limit, is made to observe itself: figures that vary together as those of its runs do, with clocks and counts that
 * err as theirs are said to. The bound is what holds the true value in the asked share of such draws; it is never
 * below that of the table (chi-squared of one degree). */
#ifndef SIM_LAB_PROFILE_H
#define SIM_LAB_PROFILE_H

#include "sim/engine/arena.h"
#include "sim/lab/distance.h"

enum { PROFILE_STEPS = 50, PROFILE_DRAWS = 200 };

/* Runs of the model at one place, for what might have been observed. */
struct spread {
    uint32_t n_runs;
    const double *off; /* [run][figure] from the mean over the runs */
    uint32_t n_clocks;
    uint64_t seed;
};

struct profile {
    double least;      /* distance at the best place */
    double bound;      /* of what is accepted above it */
    double low, high;  /* the outermost places accepted */
    bool open_low, open_high; /* accepted up to the end of the line */
    double at_low[MINIMUM_MOST], at_high[MINIMUM_MOST]; /* all values, with this one just beyond low, high */
};

/* Bounds on the distance, by value, if the truth lay at the place. */
void profile_bounds(const struct question *question, const double *truth, const struct spread *spread,
                    double confidence, double *bound, struct arena *arena);
void profile_make(struct profile *out, const struct question *question, uint32_t value, const double *best,
                  double bound);

#endif
