/* SPDX-License-Identifier: GPL-3.0-or-later
 * Intervals from replications. Values come in replication order: sums are the same for any number of threads. */
#ifndef SIM_ENGINE_INFER_H
#define SIM_ENGINE_INFER_H

#include <stdint.h>

struct infer_mean {
    uint64_t n;          /* finite values; NaN ("null") values are left out and counted by the caller */
    double mean, sd;     /* NaN when n is 0; sd 0 when n is 1 */
    double half_width;   /* Student t, two-sided at the confidence asked; NaN when n < 2 */
};

/* Quantile of Student's t for a two-sided interval of the mean of n >= 2 values. */
double infer_t(double confidence, uint64_t n);

/* Quantile of chi-squared with one degree of freedom. */
double infer_chi_squared(double confidence);

struct infer_mean infer_mean(const double *value, uint64_t n, double confidence);
/* Interval in which one further value falls with the given probability: mean -+ t sd sqrt(1 + 1/n). */
void infer_prediction(const double *value, uint64_t n, double confidence, double *lo, double *hi);
/* Clopper-Pearson limits of a share, k of n, each one-sided at the given confidence. n 0: 0 and 1. The upper limit of 0
 * of n is that of infer_zero_upper. */
double infer_share_lower(uint64_t k, uint64_t n, double confidence);
double infer_share_upper(uint64_t k, uint64_t n, double confidence);
/* Upper limit of a rate after n runs without an event: 1 - (1 - confidence)^(1/n). */
double infer_zero_upper(uint64_t n, double confidence);
/* The chance that of n runs just k are such as a share of all is. */
double infer_binomial(uint32_t k, uint32_t n, double share);

#endif
