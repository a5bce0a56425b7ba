/* SPDX-License-Identifier: GPL-3.0-or-later
 * How far a model is from what was observed. Each observation counts in units of its own noise: the variance of one run
 * of the model, of the mean over the runs it was estimated from, of its clock, and of the count itself. Squares beyond
 * a few of these units count by their logarithm (Cauchy's loss at its usual scale, 2.385, which keeps 95 % of the
 * precision where there is nothing to be robust against), so that some figures that no model explains do not pull the
 * others away from theirs. */
#ifndef SIM_LAB_DISTANCE_H
#define SIM_LAB_DISTANCE_H

#include <stdbool.h>

#include "sim/lab/response.h"

enum target_use {
    TARGET_DECIDES,
    TARGET_REPEATS,   /* says again what others say: a sum and its parts are one observation */
    TARGET_HELD_OUT,
    TARGET_CONTRADICTS, /* no value of the free values explains it beside the others */
    TARGET_UNSEEN     /* not in this scenario */
};

struct target {
    const char *name;
    double observed, sd;  /* sd: of the count itself */
    uint32_t clock;       /* observations of one instant have one error of the clock */
    enum target_use use;
    uint32_t whole; /* the target that this one is a part of, printed in one row; NONE: it stands alone */
};

struct question {
    const struct response *response;
    const struct target *target;  /* by figure */
    const double *observed;       /* by figure: the observations, or what might have been observed */
    uint32_t runs;                /* behind the means */
    double coarse; /* a share of a figure that the model is not yet expected to hit: far from the answer */
};

/* The standard deviation of an observation of this figure about the model's mean. */
double sight_noise(const struct question *question, const struct target *target, const struct sight *sight,
                   double observed);
/* What one figure adds to the distance; 0 for one that does not decide. */
double distance_part(const struct question *question, uint32_t figure, const struct sight *sight);
double distance_at(const struct question *question, const double *place);

/* The least distance that a search from `place` finds, left there. held[k]: value k stays where it is; NULL: all are
 * free. */
double distance_least(const struct question *question, double *place, const bool *held);

#endif
