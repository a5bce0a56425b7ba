/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/engine/infer.h"

#include <math.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_randist.h>

double infer_t(double confidence, uint64_t n)
{
    gsl_set_error_handler_off(); /* the default one ends the program */
    return gsl_cdf_tdist_Pinv(0.5 + 0.5 * confidence, (double)(n - 1));
}

double infer_chi_squared(double confidence)
{
    gsl_set_error_handler_off();
    return gsl_cdf_chisq_Pinv(confidence, 1);
}

/* Two passes, so that nearly equal values keep their digits. */
struct infer_mean infer_mean(const double *value, uint64_t n, double confidence)
{
    struct infer_mean out = {.mean = (double)NAN, .sd = (double)NAN, .half_width = (double)NAN};
    double sum = 0, squares = 0;
    for (uint64_t i = 0; i < n; i++)
        if (isfinite(value[i])) sum += value[i], out.n++;
    if (out.n == 0) return out;
    out.mean = sum / (double)out.n;
    out.sd = 0;
    if (out.n < 2) return out;
    for (uint64_t i = 0; i < n; i++)
        if (isfinite(value[i])) squares += (value[i] - out.mean) * (value[i] - out.mean);
    out.sd = sqrt(squares / (double)(out.n - 1));
    out.half_width = infer_t(confidence, out.n) * out.sd / sqrt((double)out.n);
    return out;
}

void infer_prediction(const double *value, uint64_t n, double confidence, double *lo, double *hi)
{
    struct infer_mean mean = infer_mean(value, n, confidence);
    double half = (double)NAN;
    if (mean.n >= 2) half = infer_t(confidence, mean.n) * mean.sd * sqrt(1 + 1 / (double)mean.n);
    *lo = mean.mean - half;
    *hi = mean.mean + half;
}

/* GSL's own inverse does not converge for some a and b (2.7.1: 0.95 of (501, 9500)); its CDF does. */
static double beta_quantile(double p, double a, double b)
{
    double low = 0, high = 1, middle = 0.5;
    gsl_set_error_handler_off();
    for (int i = 0; i < 200 && middle > low && middle < high; i++) {
        if (gsl_cdf_beta_P(middle, a, b) < p) low = middle;
        else high = middle;
        middle = 0.5 * (low + high);
    }
    return middle;
}

double infer_share_upper(uint64_t k, uint64_t n, double confidence)
{
    if (k == 0) return infer_zero_upper(n, confidence);
    return k >= n ? 1 : beta_quantile(confidence, (double)k + 1, (double)(n - k));
}

double infer_share_lower(uint64_t k, uint64_t n, double confidence)
{
    return k == 0 ? 0 : beta_quantile(1 - confidence, (double)k, (double)(n - k) + 1);
}

double infer_zero_upper(uint64_t n, double confidence)
{
    return n == 0 ? 1 : -expm1(log1p(-confidence) / (double)n);
}

double infer_binomial(uint32_t k, uint32_t n, double share) { return gsl_ran_binomial_pdf(k, share, n); }
