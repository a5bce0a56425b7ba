/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: the fit of a model that is known is the textbook's: the place of the least distance, its interval, and that of
 * observations with a common error; a limit on one side only is open on the other; a figure far from any model does not
 * pull the others away. Method: models that are linear in their values, where least squares can be done by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "sim/engine/random.h"
#include "sim/lab/profile.h"
#include "tests/support/own_arena.h"

enum { FIGURES = 4, KNOTS = 21, RUNS = 400 };

/* Figure f at value x is base + slope x, of one run with a standard deviation. */
struct model {
    double base[FIGURES], slope[2][FIGURES], sd[FIGURES];
    double common; /* of the noise: what all figures share, the rest is their own */
};

struct bench {
    struct response response;
    struct question question;
    struct target target[FIGURES];
    double observed[FIGURES];
    struct spread spread;
};

static void expect(const char *what, double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance)) fail_msg("%s: %.10g instead of %.10g", what, value, expected);
}

static double normal(uint32_t purpose, uint32_t entity)
{
    const struct random_words words = random_block(random_key(7, 0), purpose, entity, 0);
    return sqrt(-2 * log(random_unit(words.word[0]))) * cos(6.283185307179586 * random_unit(words.word[1]));
}

static struct sight *sights(const struct model *model, const double *x)
{
    struct sight *sight = arena_array(&arena, struct sight, FIGURES);
    for (int f = 0; f < FIGURES; f++)
        sight[f] = (struct sight){ model->base[f] + model->slope[0][f] * x[0] + model->slope[1][f] * x[1],
                                   model->sd[f] * model->sd[f], 0, 0 };
    return sight;
}

static void make_spread(struct bench *bench, const struct model *model)
{
    double *off = arena_array(&arena, double, RUNS *FIGURES);
    for (uint32_t r = 0; r < RUNS; r++)
        for (uint32_t f = 0; f < FIGURES; f++)
            off[r * FIGURES + f] =
                model->sd[f] * (sqrt(model->common) * normal(99, r) + sqrt(1 - model->common) * normal(f, r));
    bench->spread = (struct spread){ RUNS, off, 1, 3 };
}

/* Lines of KNOTS places over [0, 1] through (0.5, 0.5). */
static void make(struct bench *bench, const struct model *model, uint32_t n_values)
{
    const double centre[2] = { 0.5, 0.5 };
    memset(bench, 0, sizeof *bench);
    bench->response = (struct response){ .n_values = n_values, .n_figures = FIGURES, .centre = { 0.5, 0.5 },
                                         .at_centre = sights(model, centre) };
    for (uint32_t k = 0; k < n_values; k++) {
        double *at = arena_array(&arena, double, KNOTS);
        struct sight **sight = arena_array(&arena, struct sight *, KNOTS);
        for (int i = 0; i < KNOTS; i++) {
            double x[2] = { 0.5, 0.5 };
            x[k] = at[i] = i / (KNOTS - 1.0);
            sight[i] = sights(model, x);
        }
        bench->response.line[k] = (struct response_line){ KNOTS, at, sight };
    }
    for (int f = 0; f < FIGURES; f++) bench->target[f] = (struct target){ .name = "f", .sd = 1e-3, .use = TARGET_DECIDES };
    make_spread(bench, model);
    bench->question = (struct question){ .response = &bench->response, .target = bench->target,
                                         .observed = bench->observed, .runs = RUNS };
}

static void observe(struct bench *bench, const struct model *model, double x, double y)
{
    for (int f = 0; f < FIGURES; f++)
        bench->observed[f] = model->base[f] + model->slope[0][f] * x + model->slope[1][f] * y;
}

static struct profile fit(struct bench *bench, double *best, uint32_t value, double *bound_out)
{
    struct profile profile;
    double bound[MINIMUM_MOST];
    best[0] = best[1] = 0.5;
    distance_least(&bench->question, best, NULL);
    profile_bounds(&bench->question, best, &bench->spread, 0.95, bound, &arena);
    profile_make(&profile, &bench->question, value, best, bound[value]);
    if (bound_out) *bound_out = bound[value];
    return profile;
}

/* Four figures of slope 100 and deviation 4: the value is known to 4 / 100 / sqrt 4 = 0.02, its interval is 1.96 of it
 * either way, a little wider by the loss. */
static void independent_figures(void **state)
{
    const struct model model = { .slope = { { 100, 100, 100, 100 } }, .sd = { 4, 4, 4, 4 } };
    struct bench bench;
    double best[2];
    (void)state;
    make(&bench, &model, 1);
    observe(&bench, &model, 0.37, 0);
    const struct profile profile = fit(&bench, best, 0, NULL);
    expect("value", best[0], 0.37, 1e-3);
    assert_false(profile.open_low || profile.open_high);
    expect("low", profile.low, 0.37 - 0.041, 0.004);
    expect("high", profile.high, 0.37 + 0.041, 0.004);
}

/* The same with one noise in common: four figures know no more than one, 0.04. */
static void figures_that_err_together(void **state)
{
    const struct model model = { .slope = { { 100, 100, 100, 100 } }, .sd = { 4, 4, 4, 4 }, .common = 1 };
    struct bench bench;
    double best[2], bound;
    (void)state;
    make(&bench, &model, 1);
    observe(&bench, &model, 0.5, 0);
    const struct profile profile = fit(&bench, best, 0, &bound);
    assert_true(bound > 10); /* four times that of one degree of freedom, less what the loss takes off */
    expect("width", profile.high - profile.low, 2 * 1.96 * 0.04, 0.03);
}

/* A clock that all figures share errs for all of them: it widens the interval as a common noise does. */
static void a_clock_errs_for_all(void **state)
{
    const struct model model = { .slope = { { 100, 100, 100, 100 } }, .sd = { 1e-3, 1e-3, 1e-3, 1e-3 } };
    struct bench bench;
    double best[2];
    (void)state;
    make(&bench, &model, 1);
    for (int i = 0; i < KNOTS; i++)
        for (int f = 0; f < FIGURES; f++) bench.response.line[0].sight[i][f].clock = 4;
    for (int f = 0; f < FIGURES; f++) ((struct sight *)bench.response.at_centre)[f].clock = 4;
    observe(&bench, &model, 0.5, 0);
    const struct profile profile = fit(&bench, best, 0, NULL);
    expect("width", profile.high - profile.low, 2 * 1.96 * 0.04, 0.03);
}

static void far_figures_do_not_pull(void **state)
{
    const struct model model = { .slope = { { 100, 100, 100, 100 } }, .sd = { 4, 4, 4, 4 } };
    struct bench bench;
    double best[2] = { 0.9, 0 };
    (void)state;
    make(&bench, &model, 1);
    observe(&bench, &model, 0.3, 0);
    bench.observed[3] = 5000; /* 1200 noises */
    distance_least(&bench.question, best, NULL);
    expect("with it", best[0], 0.3, 2e-3);
    bench.target[3].use = TARGET_CONTRADICTS;
    distance_least(&bench.question, best, NULL);
    expect("without it", best[0], 0.3, 1e-4);
}

/* What a value does not move says nothing about it; what only one value moves is known whatever the other is. */
static void a_value_that_nothing_shows_is_open(void **state)
{
    const struct model model = { .slope = { { 100, 100, 0, 0 }, { 0, 0, 0, 0 } }, .sd = { 4, 4, 4, 4 } };
    struct bench bench;
    double best[2];
    (void)state;
    make(&bench, &model, 2);
    observe(&bench, &model, 0.6, 0.9);
    struct profile profile = fit(&bench, best, 1, NULL);
    assert_true(profile.open_low && profile.open_high);
    profile = fit(&bench, best, 0, NULL);
    assert_false(profile.open_low || profile.open_high);
    expect("value", best[0], 0.6, 2e-3);
}

/* Two values that only show as their sum: neither is known, though each would be if the other were fixed. */
static void values_that_make_up_for_each_other(void **state)
{
    const struct model model = { .slope = { { 100, 100, 100, 100 }, { 100, 100, 100, 100 } }, .sd = { 4, 4, 4, 4 } };
    struct bench bench;
    double best[2];
    (void)state;
    make(&bench, &model, 2);
    observe(&bench, &model, 0.5, 0.5);
    const struct profile profile = fit(&bench, best, 0, NULL);
    assert_true(profile.open_low && profile.open_high);
}

/* Nothing shows below 0.4, where the figure begins to rise: a limit above, none below. */
static void a_kink_limits_one_side(void **state)
{
    const struct model flat = { .sd = { 1, 1, 1, 1 } };
    struct bench bench;
    double best[2];
    (void)state;
    make(&bench, &flat, 1);
    for (int i = 0; i < KNOTS; i++) {
        const double at = i / (KNOTS - 1.0);
        for (int f = 0; f < FIGURES; f++) bench.response.line[0].sight[i][f].mean = 400 * fmax(at - 0.4, 0);
    }
    for (int f = 0; f < FIGURES; f++) ((struct sight *)bench.response.at_centre)[f].mean = 400 * 0.1;
    const struct profile profile = fit(&bench, best, 0, NULL);
    assert_true(profile.open_low);
    assert_false(profile.open_high);
    expect("limit", profile.high, 0.4, 0.02);
    assert_true(profile.at_high[0] > profile.high && profile.at_high[0] < profile.high + 0.05);
}

static void a_model_that_does_not_live_to_show_is_far(void **state)
{
    const struct model model = { .slope = { { 100, 100, 100, 100 } }, .sd = { 4, 4, 4, 4 } };
    struct bench bench;
    double place = 0.5;
    (void)state;
    make(&bench, &model, 1);
    observe(&bench, &model, 0.5, 0);
    const double near = distance_at(&bench.question, &place);
    ((struct sight *)bench.response.at_centre)[0].mean = (double)NAN;
    bench.response.line[0].n = 0;
    assert_true(distance_at(&bench.question, &place) > near + 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(independent_figures),
        cmocka_unit_test(figures_that_err_together),
        cmocka_unit_test(a_clock_errs_for_all),
        cmocka_unit_test(far_figures_do_not_pull),
        cmocka_unit_test(a_value_that_nothing_shows_is_open),
        cmocka_unit_test(values_that_make_up_for_each_other),
        cmocka_unit_test(a_kink_limits_one_side),
        cmocka_unit_test(a_model_that_does_not_live_to_show_is_far),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
