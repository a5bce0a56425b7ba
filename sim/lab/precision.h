/* SPDX-License-Identifier: GPL-3.0-or-later
 * When are there enough replications? When the interval of each figure asked for is narrow enough, and stays so for a
 * while (Hoad, Robinson and Davies 2010): an interval that is narrow by luck after a few runs soon widens again.
 *
 *   relative goal g     half-width <= g / (1 + g) of the mean, so that the error is at most g of the true value
 *   figure with the unit "ratio"  half-width <= g itself: a share near 0 or 1 has no use for a relative width
 *
 * The rule is asked after every replication, in their order, from PRECISION_LEAST on; it stops at the first number n at
 * which it holds and has held after each of the PRECISION_LOOK_AHEAD replications before, or n / 20 of them where that
 * is more. So where it stops depends on scenario and seed only. What is left of the bias of stopping when it looks good
 * is measured in tests/theory/test_coverage.c. */
#ifndef SIM_LAB_PRECISION_H
#define SIM_LAB_PRECISION_H

#include "sim/results/result.h"

enum { PRECISION_LEAST = 10, PRECISION_LOOK_AHEAD = 5, PRECISION_MOST = 400 };

struct precision_goal {
    const char *metric; /* path in summary.json; NULL: each figure of a threshold */
    double width;
};

struct precision_aim {
    const char *path; /* of the figure, in summary.json */
    bool is_share;
    double width; /* NaN: watched only */
    uint64_t n;   /* finite values so far; their mean and sum of squared deviations */
    double mean, squares;
};

struct precision {
    double confidence;
    uint32_t least; /* replications that are made in any case */
    uint32_t n, held_for;
    uint32_t n_aims;
    struct precision_aim *aim;
};

/* False with err (SIM_EUSAGE) for a metric that there is not, or for goals on thresholds where there are none. Of two
 * goals for one figure the last counts; one by its name goes before one by a threshold. Without goals it watches the
 * figure of the first threshold and never has enough. */
bool precision_init(struct precision *precision, const struct precision_goal *goal, uint32_t n_goals, uint32_t least,
                    double confidence, const struct study *study, const struct layout *layout, struct arena *arena,
                    struct sim_err *err);
/* The next result in order, or its value of each aim. Of a figure that it lacks there is no value. */
void precision_take(struct precision *precision, const struct layout *layout, const struct result *result);
void precision_take_values(struct precision *precision, const double *value);
bool precision_enough(const struct precision *precision);
/* Replications that it will probably take, by the widths so far; 0 when nobody knows. */
double precision_expected(const struct precision *precision);

/* The aim farthest from its goal (or the one watched) with its half-width so far, and what is asked of it:
 * "orders.paid_ratio +-0.012 (0.01 asked)"; "" when nothing is known. Returns out. */
char *precision_line(const struct precision *precision, char *out, size_t size);

#endif
