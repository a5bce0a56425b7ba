/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: searches find the least value of functions whose least value is known, in one dimension and in several, smooth
 * and bent, in the box and at its edge; spread points fill the box evenly. Method: functions with a known minimum; the
 * share of points in each half and quarter against the share of its area. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "sim/engine/minimum.h"

static const struct box unit[3] = { { 0, 1 }, { 0, 1 }, { 0, 1 } };

static void expect(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance)) fail_msg("%.10g instead of %.10g", value, expected);
}

static double parabola(void *context, const double *at)
{
    const double off = *at - *(const double *)context;
    return 2 + off * off;
}

/* Narrow, and far from anywhere: a search that only goes down from where it is would stay in the broad valley. */
static double two_valleys(void *context, const double *at)
{
    (void)context;
    return fmin(0.5 + fabs(*at - 0.2), 20 * fabs(*at - 0.87));
}

static double bent(void *context, const double *at) /* Rosenbrock's, least at (0.5, 0.25) */
{
    (void)context;
    const double x = 2 * at[0], y = 4 * at[1];
    return (1 - x) * (1 - x) + 10 * (y - x * x) * (y - x * x);
}

static double slope(void *context, const double *at)
{
    (void)context;
    return at[0] - 2 * at[1] + fabs(at[2] - 0.3);
}

static double nothing(void *context, const double *at)
{
    (void)at;
    return *(const double *)context;
}

static void a_line_finds_the_floor(void **state)
{
    (void)state;
    for (double floor = 0.05; floor < 1; floor += 0.093) {
        double at = 0.5;
        expect(minimum_near(parabola, &floor, &at, unit, 1), 2, 1e-9);
        expect(at, floor, 1e-4);
    }
    double at = 0.2;
    expect(minimum_near(two_valleys, NULL, &at, unit, 1), 0, 0.01);
    expect(at, 0.87, 1e-3);
}

static void an_edge_is_an_answer(void **state)
{
    (void)state;
    double outside = -0.4, at = 0.7;
    minimum_near(parabola, &outside, &at, unit, 1);
    expect(at, 0, 1e-9);
    double corner[3] = { 0.5, 0.5, 0.9 };
    expect(minimum_near(slope, NULL, corner, unit, 3), -2, 1e-3);
    expect(corner[1], 1, 1e-3);
    expect(corner[2], 0.3, 1e-3);
    const struct box narrow = { 0.4, 0.4 };
    double one = 0.4, floor = 0.9;
    expect(minimum_near(parabola, &floor, &one, &narrow, 1), 2.25, 1e-9);
}

static void several_find_the_floor(void **state)
{
    (void)state;
    double at[2] = { 0.05, 0.9 };
    expect(minimum_near(bent, NULL, at, unit, 2), 0, 1e-6);
    expect(at[0], 0.5, 1e-3);
    expect(at[1], 0.25, 1e-3);
    double constant = 7; /* of no number at all */
    expect(minimum_near(nothing, &constant, at, unit, 0), 7, 0);
    expect(at[0], 0.5, 1e-3);
}

static void spread_points_fill_the_box(void **state)
{
    enum { N = 512 };
    uint32_t left = 0, quarter = 0;
    (void)state;
    for (uint32_t i = 0; i < N; i++) {
        double at[3], again[3];
        minimum_spread(at, 3, i);
        minimum_spread(again, 3, i);
        for (int k = 0; k < 3; k++) assert_true(at[k] > 0 && at[k] < 1 && !(fabs(at[k] - again[k]) > 0));
        left += at[0] < 0.5;
        quarter += at[1] < 0.5 && at[2] < 0.5;
    }
    expect(left, N / 2.0, 2);
    expect(quarter, N / 4.0, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_finds_the_floor),
        cmocka_unit_test(an_edge_is_an_answer),
        cmocka_unit_test(several_find_the_floor),
        cmocka_unit_test(spread_points_fill_the_box),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
