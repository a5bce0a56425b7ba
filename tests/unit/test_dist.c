/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: a draw is the exact quantile of its word within DIST_TABLE_ERROR, so that means, spreads and tails are those of
 * the specification. Method: draws at many random and at the outermost words against GSL's inverse distribution
 * functions called directly (mixtures: against the mixed CDF), stratified sums against closed forms, monotony, jumps,
 * empirical data by hand, and a list of specifications that must be refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>

#include "sim/engine/dist.h"
#include "sim/engine/random.h"
#include "sim/engine/shape.h"

static struct arena arena;
static struct dist_cache *cache;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    cache = dist_cache_open(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static struct dist make(const struct dist_spec *spec)
{
    struct dist dist;
    struct sim_err err = {0};
    if (!dist_make(&dist, spec, cache, &arena, &err)) fail_msg("refused: %s", err.text);
    return dist;
}

/* A mean of a day keeps the rounding to whole ns, 6e-15, out of the comparison. */
#define DAY 86400.0

/* ---- quantiles against GSL ---- */

typedef double exact_fn(double p, bool upper, double parameter);

static double exact_exponential(double p, bool upper, double unused)
{
    (void)unused;
    return upper ? gsl_cdf_exponential_Qinv(p, DAY) : gsl_cdf_exponential_Pinv(p, DAY);
}

static double exact_lognormal(double p, bool upper, double cv)
{
    double sigma = sqrt(log(1 + cv * cv)), zeta = log(DAY) - sigma * sigma / 2;
    return upper ? gsl_cdf_lognormal_Qinv(p, zeta, sigma) : gsl_cdf_lognormal_Pinv(p, zeta, sigma);
}

static double exact_gamma(double p, bool upper, double cv)
{
    double a = 1 / (cv * cv);
    return upper ? gsl_cdf_gamma_Qinv(p, a, DAY / a) : gsl_cdf_gamma_Pinv(p, a, DAY / a);
}

static double exact_uniform(double p, bool upper, double low)
{
    return upper ? gsl_cdf_flat_Qinv(p, low, 2 * DAY - low) : gsl_cdf_flat_Pinv(p, low, 2 * DAY - low);
}

/* By shape k; the scale follows from the mean. */
static double exact_weibull(double p, bool upper, double k)
{
    double scale = DAY / tgamma(1 + 1 / k);
    return upper ? gsl_cdf_weibull_Qinv(p, scale, k) : gsl_cdf_weibull_Pinv(p, scale, k);
}

static double weibull_cv(double k) { return sqrt(tgamma(1 + 2 / k) / (tgamma(1 + 1 / k) * tgamma(1 + 1 / k)) - 1); }

/* Error of one word by the measure of DIST_TABLE_ERROR. */
static double error_at(const struct dist *dist, uint32_t word, exact_fn *exact, double parameter)
{
    bool upper = word >= 0x80000000;
    double p = random_unit(upper ? ~word : word), expected = exact(p, upper, parameter);
    return fabs(ns_to_s(dist_draw(dist, word)) - expected) / fmax(expected, DAY / 64);
}

static uint32_t nth_word(uint32_t i)
{
    uint32_t random = random_block((struct random_key){{1, 2}}, 0, 0, i).word[0];
    if (i % 4 == 0) random >>= i / 4 % 32;  /* deep tails */
    return i % 8 == 4 ? ~random : random;
}

static void expect_quantiles(const char *name, const struct dist_spec *spec, exact_fn *exact, double parameter)
{
    struct dist dist = make(spec);
    double greatest = fmax(error_at(&dist, 0, exact, parameter), error_at(&dist, UINT32_MAX, exact, parameter));
    for (uint32_t i = 0; i < 20000; i++) greatest = fmax(greatest, error_at(&dist, nth_word(i), exact, parameter));
    print_message("%s %g: greatest error of a quantile %.2e (%u cells)\n", name, parameter, greatest,
                  1u << dist.cell_bits);
    if (!(greatest <= DIST_TABLE_ERROR)) fail_msg("%s %g: %.3e", name, parameter, greatest);
}

static void test_quantiles(void **state)
{
    static const double cvs[] = {0.001, 0.05, 0.3, 0.5, 1, 2, 3, 5, 10};
    static const double gamma_cvs[] = {0.05, 0.3, 0.5, 1, 1.5, 2, 2.5};
    static const double ks[] = {0.3, 0.5, 0.8, 1, 1.5, 3.6, 20, 1000};
    (void)state;
    expect_quantiles("exponential", &(struct dist_spec){.family = DIST_EXPONENTIAL, .mean_s = DAY}, exact_exponential,
                     0);
    expect_quantiles("Erlang", &(struct dist_spec){.family = DIST_ERLANG, .mean_s = DAY, .stages = 4}, exact_gamma,
                     0.5);
    expect_quantiles("uniform", &(struct dist_spec){.family = DIST_UNIFORM, .low_s = 10, .high_s = 2 * DAY - 10},
                     exact_uniform, 10);
    for (size_t i = 0; i < sizeof cvs / sizeof cvs[0]; i++)
        expect_quantiles("lognormal", &(struct dist_spec){.family = DIST_LOGNORMAL, .mean_s = DAY, .cv = cvs[i]},
                         exact_lognormal, cvs[i]);
    for (size_t i = 0; i < sizeof gamma_cvs / sizeof gamma_cvs[0]; i++)
        expect_quantiles("gamma", &(struct dist_spec){.family = DIST_GAMMA, .mean_s = DAY, .cv = gamma_cvs[i]},
                         exact_gamma, gamma_cvs[i]);
    for (size_t i = 0; i < sizeof ks / sizeof ks[0]; i++)
        expect_quantiles("Weibull", &(struct dist_spec){.family = DIST_WEIBULL, .mean_s = DAY, .cv = weibull_cv(ks[i])},
                         exact_weibull, ks[i]);
}

/* Where GSL has no inverse: a step of 1e-8 to either side of the exact quantile, its CDF is past the probability. */
static void expect_inverse(const struct dist_spec *spec)
{
    struct shape shape;
    struct sim_err err = {0};
    if (!shape_make(&shape, spec, &arena, &err)) fail_msg("%s", err.text);
    for (int e = 1; e <= 33; e++) {
        for (int upper = 0; upper < 2; upper++) {
            double p = ldexp(1, -e), x = shape_quantile(&shape, p, upper);
            if (x < 1e-9 * spec->mean_s) continue;
            double left = shape_probability(&shape, x * (1 - 1e-8), upper),
                   right = shape_probability(&shape, x * (1 + 1e-8), upper);
            if (!(fmin(left, right) <= p && p <= fmax(left, right)))
                fail_msg("family %d cv %g p 2^-%d: %.15g %.15g", spec->family, spec->cv, e, left / p, right / p);
        }
    }
}

static void test_inverse_everywhere(void **state)
{
    static const double cvs[] = {0.001, 0.01, 0.03, 0.1, 0.3, 1, 2, 3, 5, 10};
    static const struct dist_point point[] = {{0.5, 0.02}, {0.95, 0.05}, {0.99, 0.2}};
    const struct dist_spec part[] = {
        {.family = DIST_LOGNORMAL, .mean_s = 0.02, .cv = 0.3}, {.family = DIST_GAMMA, .mean_s = 1, .cv = 0.5}};
    const double weight[] = {0.98, 0.02};
    (void)state;
    for (size_t i = 0; i < sizeof cvs / sizeof cvs[0]; i++) {
        expect_inverse(&(struct dist_spec){.family = DIST_LOGNORMAL, .mean_s = 2, .cv = cvs[i]});
        expect_inverse(&(struct dist_spec){.family = DIST_GAMMA, .mean_s = 2, .cv = cvs[i]});
        expect_inverse(&(struct dist_spec){.family = DIST_WEIBULL, .mean_s = 2, .cv = cvs[i]});
    }
    expect_inverse(&(struct dist_spec){.family = DIST_ERLANG, .mean_s = 2, .stages = DIST_STAGES_MAX});
    expect_inverse(&(struct dist_spec){.family = DIST_PERCENTILES, .mean_s = 1, .n_points = 3, .point = point});
    expect_inverse(
        &(struct dist_spec){.family = DIST_MIXTURE, .mean_s = 1, .n_parts = 2, .part = part, .weight = weight});
}

/* ---- means, spreads, order ---- */

struct sums { double mean, cv; };

/* Every 2^14th word: the strata of a quarter of a million draws. */
static struct sums sums_of(const struct dist *dist)
{
    enum { STRATA = 1 << 18 };
    double sum = 0, squares = 0;
    sim_ns last = 0;
    for (uint32_t i = 0; i < STRATA; i++) {
        sim_ns ns = dist_draw(dist, (i << 14) + (1 << 13));
        assert_true(ns >= last);
        last = ns;
        sum += (double)ns / STRATA;
        squares += (double)ns * (double)ns / STRATA;
    }
    return (struct sums){sum * 1e-9, sqrt(squares - sum * sum) / sum};
}

static void expect_sums(const struct dist_spec *spec, double mean_s, double cv, double mean_tolerance,
                        double cv_tolerance)
{
    struct dist dist = make(spec);
    struct sums sums = sums_of(&dist);
    if (!(fabs(dist.mean_s / mean_s - 1) < 1e-12 && fabs(dist.cv - cv) < 1e-9 * cv + 1e-12))
        fail_msg("family %d: stated mean %.15g cv %.15g", spec->family, dist.mean_s, dist.cv);
    if (!(fabs(sums.mean / mean_s - 1) < mean_tolerance && fabs(sums.cv / cv - 1) < cv_tolerance))
        fail_msg("family %d cv %g: mean off by %.2e, cv by %.2e", spec->family, cv, sums.mean / mean_s - 1,
                 sums.cv / cv - 1);
}

static void test_moments(void **state)
{
    (void)state;
    expect_sums(&(struct dist_spec){.family = DIST_EXPONENTIAL, .mean_s = 0.001}, 0.001, 1, 1e-5, 1e-4);
    expect_sums(&(struct dist_spec){.family = DIST_LOGNORMAL, .mean_s = 0.02325, .cv = 0.3}, 0.02325, 0.3, 1e-6, 1e-4);
    expect_sums(&(struct dist_spec){.family = DIST_LOGNORMAL, .mean_s = 1, .cv = 2}, 1, 2, 1e-4, 1e-2);
    expect_sums(&(struct dist_spec){.family = DIST_GAMMA, .mean_s = 0.01, .cv = 0.7}, 0.01, 0.7, 1e-5, 1e-4);
    expect_sums(&(struct dist_spec){.family = DIST_GAMMA, .mean_s = 0.01, .cv = 5}, 0.01, 5, 1e-4, 1e-3);
    expect_sums(&(struct dist_spec){.family = DIST_WEIBULL, .mean_s = 0.01, .cv = 0.5}, 0.01, 0.5, 1e-5, 1e-4);
    expect_sums(&(struct dist_spec){.family = DIST_ERLANG, .mean_s = 0.01, .stages = 9}, 0.01, 1.0 / 3, 1e-5, 1e-4);
    expect_sums(&(struct dist_spec){.family = DIST_UNIFORM, .low_s = 0.02, .high_s = 0.05}, 0.035,
                0.03 / sqrt(12) / 0.035, 1e-7, 1e-6);
}

/* One table serves all means of a shape: draws scale. */
static void test_scaling(void **state)
{
    struct dist a = make(&(struct dist_spec){.family = DIST_LOGNORMAL, .mean_s = 0.001, .cv = 0.4});
    struct dist b = make(&(struct dist_spec){.family = DIST_LOGNORMAL, .mean_s = 1, .cv = 0.4});
    struct dist c = make(&(struct dist_spec){.family = DIST_LOGNORMAL, .mean_s = 1, .cv = 0.5});
    (void)state;
    assert_ptr_equal(a.side[0], b.side[0]);
    assert_ptr_not_equal(a.side[0], c.side[0]);
    for (uint32_t i = 0; i < 1000; i++)
        assert_true(llabs(dist_draw(&a, nth_word(i)) * 1000 - dist_draw(&b, nth_word(i))) <= 501);
}

/* Neighbouring words everywhere, the borders of octaves and the median among them. */
static void test_monotone(void **state)
{
    struct dist dist = make(&(struct dist_spec){.family = DIST_LOGNORMAL, .mean_s = 1e6, .cv = 2});
    (void)state;
    for (uint32_t octave = 0; octave < 32; octave++) {
        for (uint32_t side = 0; side < 2; side++) {
            uint32_t centre = side ? ~(1u << octave) : 1u << octave;
            uint32_t from = centre > 100 ? centre - 100 : 0, to = centre < UINT32_MAX - 100 ? centre + 100 : UINT32_MAX;
            for (uint32_t word = from; word < to; word++)
                assert_true(dist_draw(&dist, word) <= dist_draw(&dist, word + 1));
        }
    }
}

/* ---- what scenarios give in other forms ---- */

static void test_constant(void **state)
{
    struct dist dist = make(&(struct dist_spec){.family = DIST_CONSTANT, .mean_s = 0.02325});
    (void)state;
    assert_int_equal(dist_draw(&dist, 0), 23250000);
    assert_int_equal(dist_draw(&dist, UINT32_MAX), 23250000);
    dist = make(&(struct dist_spec){.family = DIST_LOGNORMAL, .mean_s = 0.005, .cv = 0});
    assert_int_equal(dist_draw(&dist, 12345), 5000000);
    dist = make(&(struct dist_spec){.family = DIST_EXPONENTIAL, .mean_s = 0});
    assert_int_equal(dist_draw(&dist, 12345), 0);
    dist = make(&(struct dist_spec){.family = DIST_UNIFORM, .low_s = 0.003, .high_s = 0.003});
    assert_int_equal(dist_draw(&dist, 12345), 3000000);
}

static uint32_t word_at(double u) { return (uint32_t)(u * 0x1p32); }

static void test_values(void **state)
{
    static const double value[] = {0.001, 0.002, 0.002, 0.010};
    struct dist dist = make(&(struct dist_spec){.family = DIST_EMPIRICAL, .n_values = 4, .value_s = value});
    (void)state;
    assert_int_equal(dist_draw(&dist, 0), 1000000);
    assert_int_equal(dist_draw(&dist, word_at(0.25) - 1), 1000000);
    assert_int_equal(dist_draw(&dist, word_at(0.25)), 2000000);
    assert_int_equal(dist_draw(&dist, word_at(0.75) - 1), 2000000);
    assert_int_equal(dist_draw(&dist, word_at(0.75)), 10000000);
    assert_int_equal(dist_draw(&dist, UINT32_MAX), 10000000);
    assert_true(fabs(dist.mean_s - 0.00375) < 1e-15);
    struct sums sums = sums_of(&dist);
    assert_true(fabs(sums.mean - 0.00375) < 1e-12 && fabs(sums.cv - dist.cv) < 1e-9);
}

static void test_histogram(void **state)
{
    static const struct dist_point point[] = {{0.1, 0.010}, {0.5, 0.020}, {0.9, 0.040}, {1, 0.100}};
    struct dist dist = make(&(struct dist_spec){.family = DIST_EMPIRICAL, .n_points = 4, .point = point});
    static const struct {
        double u, s;
    } expected[] = {{0.05, 0.010}, {0.3, 0.015}, {0.5, 0.020}, {0.7, 0.030}, {0.95, 0.070}, {0.999, 0.0994}};
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_true(fabs(ns_to_s(dist_draw(&dist, word_at(expected[i].u))) / expected[i].s - 1) < DIST_CORNER_ERROR);
    assert_true(fabs(dist.mean_s - (0.1 * 0.010 + 0.4 * 0.015 + 0.4 * 0.030 + 0.1 * 0.070)) < 1e-15);
    struct sums sums = sums_of(&dist);
    assert_true(fabs(sums.mean / dist.mean_s - 1) < 1e-5 && fabs(sums.cv / dist.cv - 1) < 1e-4);
}

/* The percentiles given come back; two of them are a lognormal, whose moments are known. */
static void test_percentiles(void **state)
{
    static const struct dist_point three[] = {{0.5, 0.020}, {0.95, 0.050}, {0.99, 0.080}};
    struct dist dist = make(&(struct dist_spec){.family = DIST_PERCENTILES, .n_points = 3, .point = three});
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_true(fabs(ns_to_s(dist_draw(&dist, word_at(three[i].p))) / three[i].s - 1) < DIST_CORNER_ERROR);
    struct sums sums = sums_of(&dist);
    assert_true(fabs(sums.mean / dist.mean_s - 1) < 1e-3 && fabs(sums.cv / dist.cv - 1) < 5e-3);

    double sigma = sqrt(log(1.25)), mu = log(0.01) - sigma * sigma / 2;
    const struct dist_point two[] = {{0.5, exp(mu)}, {0.99, exp(mu + sigma * gsl_cdf_ugaussian_Pinv(0.99))}};
    dist = make(&(struct dist_spec){.family = DIST_PERCENTILES, .n_points = 2, .point = two});
    assert_true(fabs(dist.mean_s / 0.01 - 1) < 1e-12 && fabs(dist.cv / 0.5 - 1) < 1e-9);
    struct dist same = make(&(struct dist_spec){.family = DIST_LOGNORMAL, .mean_s = 0.01, .cv = 0.5});
    for (uint32_t i = 0; i < 1000; i++)
        assert_true(fabs((double)dist_draw(&dist, nth_word(i)) / (double)dist_draw(&same, nth_word(i)) - 1) < 1e-6);
}

/* A rare stall. Away from the jumps the mixed CDF gives back the word; the share of stalls is right. */
static void test_mixture(void **state)
{
    const struct dist_spec part[] = {
        {.family = DIST_LOGNORMAL, .mean_s = 0.02, .cv = 0.3}, {.family = DIST_CONSTANT, .mean_s = 0.5},
        {.family = DIST_UNIFORM, .low_s = 1, .high_s = 3}};
    static const double weight[] = {0.985, 0.01, 0.005};
    const struct dist_spec spec = {.family = DIST_MIXTURE, .n_parts = 3, .part = part, .weight = weight};
    struct dist dist = make(&spec);
    struct shape shape;
    struct sim_err err = {0};
    (void)state;
    assert_true(shape_make(&shape, &spec, &arena, &err));
    for (uint32_t i = 0; i < 20000; i++) {
        uint32_t word = nth_word(i);
        double above = random_unit(~word), x = ns_to_s(dist_draw(&dist, word));
        bool at_jump = fabs(above / 0.015 - 1) < 0.01 || fabs(above / 0.005 - 1) < 0.01;
        if (above > 0.015 && !at_jump && !(fabs(shape_probability(&shape, x, true) - above) < 2e-4))
            fail_msg("%g at %g", x, above);
        if (above < 0.015 && above > 0.005 && !at_jump) assert_true(fabs(x - 0.5) < 1e-3);
        if (above < 0.005 && !at_jump) assert_true(fabs(x - (3 - 2 * above / 0.005)) < 1e-3);
    }
    assert_true(fabs(dist.mean_s - (0.985 * 0.02 + 0.01 * 0.5 + 0.005 * 2)) < 1e-15);
    struct sums sums = sums_of(&dist);
    assert_true(fabs(sums.mean / dist.mean_s - 1) < 1e-3 && fabs(sums.cv / dist.cv - 1) < 2e-3);
}

/* Nothing but constants: each draw is one of them, but for the words of the two cells that the step is spread over. Its
 * share is right to the word, so the mean is: summed over all words, the two constants word by word near the step. */
static void expect_constants(double rare, double short_s, double long_s)
{
    const struct dist_spec part[] = { { .family = DIST_CONSTANT, .mean_s = short_s },
                                      { .family = DIST_CONSTANT, .mean_s = long_s } };
    const double weight[] = { 1 - rare, rare };
    struct dist dist =
        make(&(struct dist_spec){ .family = DIST_MIXTURE, .n_parts = 2, .part = part, .weight = weight });
    const sim_ns short_ns = llround(short_s * 1e9), long_ns = llround(long_s * 1e9);
    const double step = (1 - rare) * 0x1p32;
    const uint32_t margin = (uint32_t)(fmin(rare, 1 - rare) * 0x1p32 / 50);
    const uint32_t from = (uint32_t)step - margin, to = (uint32_t)step + margin;
    double sum = (double)short_ns * from + (double)long_ns * (0x1p32 - to);
    uint32_t n_between = 0;
    for (uint32_t word = from; word < to; word++) {
        const sim_ns ns = dist_draw(&dist, word);
        assert_in_range(ns, short_ns, long_ns);
        n_between += ns > short_ns && ns < long_ns;
        sum += (double)ns;
    }
    for (uint32_t i = 0; i < 20000; i++) {
        const uint32_t word = nth_word(i);
        if (word < from) assert_int_equal(dist_draw(&dist, word), short_ns);
        if (word >= to) assert_int_equal(dist_draw(&dist, word), long_ns);
    }
    assert_true(n_between <= fmin(rare, 1 - rare) * 0x1p32 / 128 + 2);
    const double off = sum / 0x1p32 / 1e9 / ((1 - rare) * short_s + rare * long_s) - 1;
    if (!(fabs(off) < 1e-8)) fail_msg("%g of %g s: the mean is off by %.2e", rare, long_s, off);
}

static void test_mixture_of_constants(void **state)
{
    (void)state;
    expect_constants(0.01, 0.005, 2);
    expect_constants(0.0001, 0.005, 90);
    expect_constants(0.3, 0.001, 0.5);
    expect_constants(0.99, 0, 0.02); /* a step near the lower end */
}

/* The other parts keep their quantiles, and the constant is itself, whatever the step loses. */
static void test_quantiles_beside_a_jump(void **state)
{
    const struct dist_spec part[] = { { .family = DIST_UNIFORM, .low_s = DAY / 4, .high_s = DAY },
                                      { .family = DIST_CONSTANT, .mean_s = 100 * DAY } };
    static const double weight[] = { 0.99, 0.01 };
    struct dist dist =
        make(&(struct dist_spec){ .family = DIST_MIXTURE, .n_parts = 2, .part = part, .weight = weight });
    (void)state;
    for (uint32_t i = 0; i < 20000; i++) {
        const uint32_t word = nth_word(i);
        const double p = random_unit(word), s = ns_to_s(dist_draw(&dist, word));
        if (fabs((1 - p) / 0.01 - 1) < 0.01) continue;
        const double exact = p < 0.99 ? DAY / 4 + 0.75 * DAY * p / 0.99 : 100 * DAY;
        if (!(fabs(s - exact) <= DIST_TABLE_ERROR * exact)) fail_msg("%.9g, not %.9g, at %g", s, exact, p);
        assert_true(s <= 100 * DAY);
    }
}

/* ---- refusals ---- */

static void test_refusals(void **state)
{
    static const double descending[] = {0.2, 0.1}, negative[] = {-1}, halves[] = {0.5, 0.4}, none[] = {1, 0};
    static const struct dist_point flat[] = {{0.5, 0.1}, {0.5, 0.2}}, back[] = {{0.5, 0.2}, {0.9, 0.1}},
                                   whole[] = {{0.5, 0.1}, {1, 0.2}}, short_of[] = {{0, 0.1}, {0.9, 0.2}},
                                   zero[] = {{0.5, 0}, {0.9, 0.1}};
    static const struct dist_spec bad_part[] = {{.family = DIST_CONSTANT, .mean_s = 1},
                                                {.family = DIST_GAMMA, .mean_s = 1, .cv = -1}};
    static const struct dist_spec good_part[] = {{.family = DIST_CONSTANT, .mean_s = 1},
                                                 {.family = DIST_CONSTANT, .mean_s = 2}};
    static const double even[] = {0.5, 0.5};
    const struct dist_spec specs[] = {
        {.family = DIST_CONSTANT, .mean_s = -1},
        {.family = DIST_CONSTANT, .mean_s = (double)NAN},
        {.family = DIST_CONSTANT, .mean_s = HUGE_VAL},
        {.family = DIST_CONSTANT, .mean_s = 1e10},
        {.family = DIST_EXPONENTIAL, .mean_s = 1e9},
        {.family = DIST_UNIFORM, .low_s = 2, .high_s = 1},
        {.family = DIST_UNIFORM, .low_s = -1, .high_s = 1},
        {.family = DIST_LOGNORMAL, .mean_s = 1, .cv = 11},
        {.family = DIST_LOGNORMAL, .mean_s = 1, .cv = (double)NAN},
        {.family = DIST_GAMMA, .mean_s = 1, .cv = 1e-4},
        {.family = DIST_WEIBULL, .mean_s = 1, .cv = 1e-4},
        {.family = DIST_ERLANG, .mean_s = 1, .stages = 0},
        {.family = DIST_EMPIRICAL},
        {.family = DIST_EMPIRICAL, .n_values = 2, .value_s = descending},
        {.family = DIST_EMPIRICAL, .n_values = 1, .value_s = negative},
        {.family = DIST_EMPIRICAL, .n_points = 2, .point = short_of},
        {.family = DIST_PERCENTILES, .n_points = 1, .point = zero},
        {.family = DIST_PERCENTILES, .n_points = 2, .point = flat},
        {.family = DIST_PERCENTILES, .n_points = 2, .point = back},
        {.family = DIST_PERCENTILES, .n_points = 2, .point = whole},
        {.family = DIST_PERCENTILES, .n_points = 2, .point = zero},
        {.family = DIST_MIXTURE},
        {.family = DIST_MIXTURE, .n_parts = 2, .part = good_part, .weight = halves},
        {.family = DIST_MIXTURE, .n_parts = 2, .part = good_part, .weight = none},
        {.family = DIST_MIXTURE, .n_parts = 2, .part = bad_part, .weight = even},
    };
    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        struct dist dist;
        struct sim_err err = {0};
        if (dist_make(&dist, &specs[i], cache, &arena, &err)) fail_msg("specification %zu was accepted", i);
        assert_int_equal(err.code, SIM_ESCENARIO);
        assert_true(err.text[0] != '\0');
    }
}

/* Mean and CV of any shape: the one is multiplied, the other stays. */
static void test_longer(void **state)
{
    (void)state;
    static const double value_s[] = { 0.001, 0.002, 0.009 };
    static const struct dist_point percentile[] = { { 0.5, 0.01 }, { 0.95, 0.03 }, { 0.99, 0.1 } };
    static const struct dist_spec part[] = { { .family = DIST_LOGNORMAL, .mean_s = 0.01, .cv = 0.3 },
                                             { .family = DIST_UNIFORM, .low_s = 1, .high_s = 3 } };
    static const double weight[] = { 0.99, 0.01 };
    static const struct dist_spec spec[] = {
        { .family = DIST_CONSTANT, .mean_s = 0.02 }, { .family = DIST_UNIFORM, .low_s = 0.01, .high_s = 0.05 },
        { .family = DIST_ERLANG, .mean_s = 0.02, .stages = 3 }, { .family = DIST_GAMMA, .mean_s = 0.02, .cv = 2 },
        { .family = DIST_MIXTURE, .n_parts = 2, .part = part, .weight = weight },
        { .family = DIST_EMPIRICAL, .n_values = 3, .value_s = value_s },
        { .family = DIST_PERCENTILES, .n_points = 3, .point = percentile },
    };
    struct arena own;
    arena_init(&own);
    for (size_t i = 0; i < sizeof spec / sizeof *spec; i++) {
        const struct dist_spec longer = dist_scaled(&spec[i], 2.5, &own);
        double mean_s, cv, longer_mean_s, longer_cv;
        dist_moments(&spec[i], &mean_s, &cv);
        dist_moments(&longer, &longer_mean_s, &longer_cv);
        assert_true(fabs(longer_mean_s / mean_s - 2.5) < 1e-9);
        assert_true(fabs(longer_cv - cv) < 1e-9);
    }
    arena_fini(&own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantiles), cmocka_unit_test(test_inverse_everywhere), cmocka_unit_test(test_moments),
        cmocka_unit_test(test_scaling), cmocka_unit_test(test_monotone), cmocka_unit_test(test_constant),
        cmocka_unit_test(test_values), cmocka_unit_test(test_histogram), cmocka_unit_test(test_percentiles),
        cmocka_unit_test(test_mixture), cmocka_unit_test(test_mixture_of_constants),
        cmocka_unit_test(test_quantiles_beside_a_jump), cmocka_unit_test(test_refusals), cmocka_unit_test(test_longer),
    };
    gsl_set_error_handler_off();
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
