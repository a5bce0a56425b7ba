/* SPDX-License-Identifier: GPL-3.0-or-later
 * Families of distributions fitted to measured durations by maximum likelihood (GSL's simplex on the logarithms of the
 * parameters), and how far each is from the data. Durations in seconds. A shift moves a family to the right: X = shift
 * + Y. A mixture is of two lognormals: a usual time and a rare stall. */
#ifndef SIM_ENGINE_FIT_H
#define SIM_ENGINE_FIT_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine/arena.h"

enum fit_family {
    FIT_LOGNORMAL,
    FIT_GAMMA,
    FIT_WEIBULL,
    FIT_SHIFTED_LOGNORMAL,
    FIT_SHIFTED_GAMMA,
    FIT_SHIFTED_WEIBULL,
    FIT_MIXTURE,
    FIT_FAMILIES
};
const char *fit_name(enum fit_family family);

/* A component, by its mean (without the shift) and CV. */
struct fit_part {
    double weight, mean_s, cv;
};

struct fit {
    enum fit_family family;
    bool ok;          /* false: the likelihood has no maximum here; the rest is 0 */
    uint32_t n_parts; /* 1, or 2 of the mixture */
    struct fit_part part[2];
    double shift_s;
    uint32_t n_parameters;
    double log_likelihood, aic;
    double ks, ad; /* Kolmogorov-Smirnov's D, Anderson-Darling's A^2 */
};

/* Ascending positive durations, n >= 3. Long samples are thinned to FIT_SAMPLE evenly spaced quantiles for the search;
 * likelihood and distances are of all of them. Returns the index of the least AIC in out[FIT_FAMILIES]; FIT_FAMILIES
 * when none could be fitted (all durations equal). */
enum { FIT_SAMPLE = 2000 };
enum fit_family fit_all(struct fit out[FIT_FAMILIES], const double *sorted_s, uint32_t n, struct arena *arena);

/* P(X <= x) of a fit, and the x of a probability. */
double fit_probability(const struct fit *fit, double x_s);
double fit_quantile(const struct fit *fit, double p);

/* How much a sample in the order it was taken is not independent draws. */
struct fit_order {
    double lag1;       /* autocorrelation of neighbours */
    double lag1_bound; /* beyond it, it is none of chance (95 %): 1.96 / sqrt n */
    double drift;      /* mean of the last quarter over that of the first */
};
struct fit_order fit_order(const double *value, uint32_t n);
/* Pearson's correlation of two samples; NaN when one is constant. */
double fit_correlation(const double *x, const double *y, uint32_t n);

#endif
