/* SPDX-License-Identifier: GPL-3.0-or-later
 * The mathematics behind dist.h: quantiles, probabilities and moments of a specification, exact (GSL) and slow. Used
 * when tables are built and by tests; a run never comes here. Seconds throughout.
 * Both tails are exact: `upper` says that p is counted from above, P(X > x) = p, so that 2^-33 is not lost beside 1. */
#ifndef SIM_ENGINE_SHAPE_H
#define SIM_ENGINE_SHAPE_H

#include <stdbool.h>

#include "sim/engine/arena.h"
#include "sim/engine/dist.h"
#include "sim/engine/error.h"

struct shape {
    const struct dist_spec *spec;
    double a, b;               /* lognormal: mu, sigma; gamma, Erlang, Weibull: shape, scale */
    const double *score;       /* percentiles: normal score of each point */
    const struct shape *part;  /* mixture */
};

/* Checks the ranges of spec and derives the parameters. spec must outlive the shape. Turns GSL's error handler off. */
bool shape_make(struct shape *out, const struct dist_spec *spec, struct arena *arena, struct sim_err *err);

/* Least x with P(X <= x) >= p, or >= 1 - p when upper. 0 < p <= 0.5. NaN where GSL fails. */
double shape_quantile(const struct shape *shape, double p, bool upper);

/* P(X <= x), or P(X > x) when upper. */
double shape_probability(const struct shape *shape, double x, bool upper);

/* First and second moment about 0. */
void shape_moments(const struct dist_spec *spec, double *first, double *second);

#endif
