/* SPDX-License-Identifier: GPL-3.0-or-later
 * While what a plan holds: how much longer each stage's work may take, how much more load there may be. Everything is
 * asked of the same few replications, so that answers differ by what is changed and not by chance: all of HOLDS_LEAST
 * meet the thresholds, or, where only some do, the share asked for of HOLDS_MOST does. More misses than that allows in
 * the first HOLDS_GLANCE say no. */
#ifndef SIM_LAB_CONDITIONS_H
#define SIM_LAB_CONDITIONS_H

#include "sim/lab/judge.h"

enum { HOLDS_GLANCE = 2, HOLDS_LEAST = 6, HOLDS_MOST = 20 };
#define FACTOR_MOST 8.0 /* nobody asks further */

struct conditions {
    struct point point;
    double confidence; /* share of the replications */
    struct crew crew;
    bool hold; /* at the point itself */
};

/* Fills *out. False with err, or, without err, when interrupted. */
bool conditions_make(struct conditions *out, const struct point *point, double confidence, const struct crew *crew,
                     struct sim_err *err);

/* False with err, or, without err, when interrupted. */
bool conditions_hold(const struct conditions *conditions, const struct point *point, bool *holds, struct sim_err *err);

/* The greatest factor, of at most `most` (in 1 .. FACTOR_MOST), at which they still hold, found by halving to within a
 * 128th of the way, on a scale of ratios: `most` when they hold there; NaN when they do not hold as it is. */
bool conditions_of_load(const struct conditions *conditions, double most, double *factor, struct sim_err *err);
bool conditions_of_stage(const struct conditions *conditions, uint32_t stage, double most, double *factor,
                         struct sim_err *err);

/* How far of the way from where the point has it, a share `from` of its range, to an end of it they hold: with `up`, to
 * the high one. 1 when all along; NaN when not even at the beginning. The others are as the point has them. */
bool conditions_of_unknown(const struct conditions *conditions, const struct unknown *unknown, double from, bool up,
                           double *way, struct sim_err *err);
static inline double share_along(double from, bool up, double way)
{
    return up ? from + way * (1 - from) : from * (1 - way);
}

#endif
