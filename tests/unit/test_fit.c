/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: the family that made a sample is found again, with its mean, CV and shift, and the distances say how far it is.
 * Method: samples as the exact quantiles of GSL's inverse distribution functions, so that nothing is random; figures of
 * a small sample by hand; order statistics of series with a known autocorrelation and drift. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include <gsl/gsl_cdf.h>

#include "sim/engine/fit.h"
#include "tests/support/own_arena.h"

enum { N = 100000 };
/* mean, cv, shift in seconds */
static double quantile(enum fit_family family, double p, double mean, double cv)
{
    const double sigma = sqrt(log1p(cv * cv));
    if (family == FIT_GAMMA) return gsl_cdf_gamma_Pinv(p, 1 / (cv * cv), mean * cv * cv);
    if (family == FIT_WEIBULL) return gsl_cdf_weibull_Pinv(p, mean / tgamma(1.5), 2); /* shape 2: CV 0.5227 */
    return gsl_cdf_lognormal_Pinv(p, log(mean) - sigma * sigma / 2, sigma);
}

static void find(enum fit_family made, enum fit_family want, double cv, double shift_s)
{
    double *value = arena_array(&arena, double, N);
    struct fit fit[FIT_FAMILIES];
    for (uint32_t i = 0; i < N; i++) value[i] = shift_s + quantile(made, (i + 0.5) / N, 0.020, cv);
    const enum fit_family best = fit_all(fit, value, N, &arena);
    const struct fit *one = &fit[want];
    assert_true(one->ok);
    assert_true(best == want || fit[best].ks < 0.002); /* a family with one more parameter may do as well */
    assert_true(fabs(one->part[0].mean_s + one->shift_s - 0.020 - shift_s) < 0.02 * (0.020 + shift_s));
    assert_true(fabs(one->part[0].cv - cv) < 0.05 * cv);
    assert_true(fabs(one->shift_s - shift_s) < 0.05 * shift_s + 1e-9);
    assert_true(one->ks < 0.01);
    for (double p = 0.05; p < 1; p += 0.05) assert_true(fabs(fit_probability(one, fit_quantile(one, p)) - p) < 1e-6);
}

static void finds_the_family_again(void **state)
{
    (void)state;
    find(FIT_LOGNORMAL, FIT_LOGNORMAL, 0.5, 0);
    find(FIT_GAMMA, FIT_GAMMA, 0.4, 0);
    find(FIT_WEIBULL, FIT_WEIBULL, 0.5227232, 0);
    find(FIT_GAMMA, FIT_SHIFTED_GAMMA, 0.5, 0.010);
    find(FIT_LOGNORMAL, FIT_SHIFTED_LOGNORMAL, 0.8, 0.005);
}

/* One in twenty takes ten times as long. */
static void finds_a_rare_stall(void **state)
{
    (void)state;
    double *value = arena_array(&arena, double, N);
    struct fit fit[FIT_FAMILIES];
    const uint32_t usual = N - N / 20;
    for (uint32_t i = 0; i < N; i++)
        value[i] = i < usual ? quantile(FIT_LOGNORMAL, (i + 0.5) / usual, 0.010, 0.2)
                             : quantile(FIT_LOGNORMAL, (i - usual + 0.5) / (N - usual), 0.200, 0.2);
    assert_int_equal(fit_all(fit, value, N, &arena), FIT_MIXTURE);
    assert_true(fabs(fit[FIT_MIXTURE].part[1].weight - 0.05) < 0.005);
    assert_true(fabs(fit[FIT_MIXTURE].part[1].mean_s - 0.200) < 0.01);
    assert_true(fabs(fit[FIT_MIXTURE].part[0].mean_s - 0.010) < 0.0005);
}

static void equal_durations_have_no_family(void **state)
{
    (void)state;
    double value[20];
    struct fit fit[FIT_FAMILIES];
    for (uint32_t i = 0; i < 20; i++) value[i] = 0.005;
    assert_int_equal(fit_all(fit, value, 20, &arena), FIT_FAMILIES);
}

static void order_is_seen(void **state)
{
    (void)state;
    enum { M = 4000 };
    double swing[M], rise[M];
    for (uint32_t i = 0; i < M; i++) {
        swing[i] = i % 2 ? 1 : 3;
        rise[i] = 1 + (double)i / M;
    }
    assert_true(fit_order(swing, M).lag1 < -0.99);
    assert_true(fabs(fit_order(swing, M).drift - 1) < 1e-12);
    assert_true(fit_order(rise, M).lag1 > 0.99);
    assert_true(fabs(fit_order(rise, M).drift - 1.875 / 1.125) < 1e-3);
    assert_true(fabs(fit_order(rise, M).lag1_bound - 1.96 / sqrt(M)) < 1e-12);
    assert_true(isnan(fit_correlation((const double[]){ 1, 1, 1 }, (const double[]){ 1, 2, 3 }, 3)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_family_again),
        cmocka_unit_test(finds_a_rare_stall),
        cmocka_unit_test(equal_durations_have_no_family),
        cmocka_unit_test(order_is_seen),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
