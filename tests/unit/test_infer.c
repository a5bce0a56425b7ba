/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: intervals are those of the textbooks and cover what they say. Method: tabulated values of Student's t and of
 * Clopper and Pearson, a check of the beta quantiles by binomial sums, and the share of covered truths over many
 * samples of normal data, within five standard deviations of the confidence. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include <gsl/gsl_cdf.h>

#include "sim/engine/infer.h"
#include "sim/engine/random.h"

static void expect(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance)) fail_msg("%.10g instead of %.10g", value, expected);
}

static void test_mean(void **state)
{
    static const double two[] = {1, 3}, eleven[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    struct infer_mean mean = infer_mean(two, 2, 0.95);
    (void)state;
    assert_int_equal(mean.n, 2);
    expect(mean.mean, 2, 0);
    expect(mean.sd, sqrt(2), 1e-15);
    expect(mean.half_width, 12.7062047364, 1e-9);           /* t(0.975; 1), sd / sqrt(n) = 1 */
    mean = infer_mean(eleven, 11, 0.95);
    expect(mean.half_width, 2.2281388520 * sqrt(11.0 / 11), 1e-9); /* t(0.975; 10), variance 11 */
    mean = infer_mean(eleven, 11, 0.99);
    expect(mean.half_width, 3.1692726726, 1e-9);
    mean = infer_mean((const double[]){1e9, 1e9 + 1}, 2, 0.95);
    expect(mean.sd, sqrt(0.5), 1e-7);
}

static void test_mean_of_few(void **state)
{
    const double values[] = {(double)NAN, 4, HUGE_VAL, 6};
    struct infer_mean mean = infer_mean(values, 0, 0.95);
    (void)state;
    assert_true(mean.n == 0 && isnan(mean.mean) && isnan(mean.sd) && isnan(mean.half_width));
    mean = infer_mean(values, 2, 0.95);
    assert_true(mean.n == 1 && mean.mean == 4 && mean.sd == 0 && isnan(mean.half_width));
    mean = infer_mean(values, 4, 0.95);
    assert_true(mean.n == 2 && mean.mean == 5);
}

static void test_prediction(void **state)
{
    static const double eleven[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    double lo, hi;
    (void)state;
    infer_prediction(eleven, 11, 0.95, &lo, &hi);
    expect(hi - 5, 2.2281388520 * sqrt(11) * sqrt(12.0 / 11), 1e-8);
    expect(lo, 10 - hi, 1e-12);
    infer_prediction(eleven, 1, 0.95, &lo, &hi);
    assert_true(isnan(lo) && isnan(hi));
}

static void test_share(void **state)
{
    static const struct { uint64_t k, n; double lo, hi; } two_sided[] = {
        {0, 10, 0, 0.3084971}, {10, 10, 0.6915029, 1}, {5, 10, 0.1870860, 0.8129140}, {1, 20, 0.0012651, 0.2487328},
        {2, 10, 0.0252107, 0.5560955}, {0, 0, 0, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof two_sided / sizeof two_sided[0]; i++) {
        expect(infer_share_lower(two_sided[i].k, two_sided[i].n, 0.975), two_sided[i].lo, 1e-6);
        expect(infer_share_upper(two_sided[i].k, two_sided[i].n, 0.975), two_sided[i].hi, 1e-6);
    }
    expect(infer_share_lower(60, 60, 0.95), pow(0.05, 1.0 / 60), 1e-12);
    expect(infer_share_lower(0, 60, 0.95), 0, 0);
    expect(infer_zero_upper(100, 0.95), 1 - pow(0.05, 0.01), 1e-12);
    expect(infer_zero_upper(0, 0.95), 1, 0);
    expect(infer_binomial(60, 60, 0.95), pow(0.95, 60), 1e-12);
    expect(infer_binomial(1, 3, 0.2), 3 * 0.2 * 0.8 * 0.8, 1e-12);
}

/* At its lower limit, k or more of n have probability 1 - confidence: for small and large n, GSL converges. */
static void test_share_by_binomial(void **state)
{
    static const unsigned ns[] = {1, 2, 30, 60, 400, 10000};
    (void)state;
    for (size_t i = 0; i < sizeof ns / sizeof ns[0]; i++) {
        for (unsigned step = 0; step <= 20; step++) {
            unsigned n = ns[i], k = n * step / 20;
            if (k == 0) continue;
            double limit = infer_share_lower(k, n, 0.95);
            expect(gsl_cdf_binomial_Q(k - 1, limit, n), 0.05, 1e-8);
        }
    }
}

/* The next normal value of a stream. */
static double normal(uint32_t i)
{
    return gsl_cdf_ugaussian_Pinv(random_unit(random_block(random_key(20, 0), 1, i, 0).word[0]));
}

static void test_coverage(void **state)
{
    enum { N = 5, SAMPLES = 20000 };
    static const double confidences[] = {0.5, 0.95, 0.999};
    (void)state;
    for (int c = 0; c < 3; c++) {
        unsigned mean_covered = 0, next_covered = 0;
        for (uint32_t s = 0; s < SAMPLES; s++) {
            double value[N + 1], lo, hi;
            for (uint32_t i = 0; i <= N; i++) value[i] = 3 + 2 * normal(s * (N + 1) + i);
            struct infer_mean mean = infer_mean(value, N, confidences[c]);
            mean_covered += fabs(mean.mean - 3) <= mean.half_width;
            infer_prediction(value, N, confidences[c], &lo, &hi);
            next_covered += lo <= value[N] && value[N] <= hi;
        }
        double tolerance = 5 * sqrt(confidences[c] * (1 - confidences[c]) / SAMPLES);
        expect((double)mean_covered / SAMPLES, confidences[c], tolerance);
        expect((double)next_covered / SAMPLES, confidences[c], tolerance);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mean), cmocka_unit_test(test_mean_of_few), cmocka_unit_test(test_prediction),
        cmocka_unit_test(test_share), cmocka_unit_test(test_share_by_binomial), cmocka_unit_test(test_coverage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
