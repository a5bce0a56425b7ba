/* SPDX-License-Identifier: GPL-3.0-or-later
 * When there are enough replications. Goal: the rule stops where its contract says, for relative and for absolute
 * goals, for several at once, and not at a number that the threads decide. Method: results made by hand over the small
 * study, whose widths are known. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "sim/lab/precision.h"
#include "tests/support/small_study.h"

struct desk {
    struct arena arena;
    const struct study *study;
    const struct layout *layout;
    struct precision precision;
    double *value;
};

static bool open_desk(struct desk *desk, const struct precision_goal *goal, uint32_t n_goals, uint32_t least,
                      struct sim_err *err)
{
    arena_init(&desk->arena);
    desk->study = small_study(&desk->arena);
    desk->layout = layout_make(desk->study, &desk->arena);
    desk->value = arena_array(&desk->arena, double, layout_count(desk->layout));
    return precision_init(&desk->precision, goal, n_goals, least, 0.95, desk->study, desk->layout, &desk->arena, err);
}

/* A replication in which the figure at path has this value. */
static void tell(struct desk *desk, const char *path, double value)
{
    desk->value[layout_find(desk->layout, path, NULL)] = value;
    precision_take(&desk->precision, desk->layout, &(struct result){ .value = desk->value });
}

/* Values mean +- spread by turns: after an even number n the variance is spread^2 n / (n - 1). Returns where it stops;
 * 0: not up to most. */
static uint32_t stop_at(struct desk *desk, const char *path, double mean, double spread, uint32_t most)
{
    for (uint32_t n = 1; n <= most; n++) {
        tell(desk, path, n % 2 ? mean + spread : mean - spread);
        if (precision_enough(&desk->precision)) return n;
    }
    return 0;
}

/* The rule as its header has it, computed anew for every n. */
static uint32_t by_the_book(double mean, double spread, double allowed_share, uint32_t most)
{
    double value[1000];
    uint32_t held = 0;
    for (uint32_t n = 1; n <= most; n++) {
        value[n - 1] = n % 2 ? mean + spread : mean - spread;
        struct infer_mean seen = infer_mean(value, n, 0.95);
        uint32_t ahead = n / 20 > PRECISION_LOOK_AHEAD ? n / 20 : PRECISION_LOOK_AHEAD;
        bool holds = n >= PRECISION_LEAST && seen.half_width <= allowed_share * seen.mean;
        held = holds ? held + 1 : 0;
        if (held > ahead) return n;
    }
    return 0;
}

static void a_relative_goal_stops_by_the_book(void **state)
{
    static const double spreads[] = { 0, 1, 5, 10, 20, 40 };
    (void)state;
    for (size_t i = 0; i < sizeof spreads / sizeof *spreads; i++) {
        const struct precision_goal goal = { "completion_s.p95", 0.1 };
        struct desk desk;
        assert_true(open_desk(&desk, &goal, 1, 1, NULL));
        uint32_t want = by_the_book(100, spreads[i], 0.1 / 1.1, 600);
        assert_true(want > 0);
        assert_int_equal(stop_at(&desk, "completion_s.p95", 100, spreads[i], 600), want);
        arena_fini(&desk.arena);
    }
}

static void a_share_is_held_to_points(void **state)
{
    const struct precision_goal goal = { "orders.failed_ratio", 0.01 };
    struct desk desk;
    (void)state;
    /* Half-width 2.145 * 0.01 * sqrt(1 / 14) = 0.0057 after 15: far from 1 % of the mean, within one point. */
    assert_true(open_desk(&desk, &goal, 1, 1, NULL));
    assert_int_equal(stop_at(&desk, "orders.failed_ratio", 0.02, 0.01, 100), PRECISION_LEAST + PRECISION_LOOK_AHEAD);
    arena_fini(&desk.arena);
}

static void the_least_number_is_made(void **state)
{
    const struct precision_goal goal = { "orders.paid", 0.5 };
    struct desk desk;
    (void)state;
    assert_true(open_desk(&desk, &goal, 1, 40, NULL));
    assert_int_equal(stop_at(&desk, "orders.paid", 100, 1, 100), 40);
    arena_fini(&desk.arena);
}

static void all_goals_must_hold(void **state)
{
    const struct precision_goal goals[] = { { "orders.paid", 0.5 }, { "completion_s.mean", 0.01 } };
    struct desk desk;
    (void)state;
    assert_true(open_desk(&desk, goals, 2, 1, NULL));
    for (uint32_t n = 1; n <= 60; n++) {
        desk.value[layout_find(desk.layout, "orders.paid", NULL)] = 100;
        tell(&desk, "completion_s.mean", n % 2 ? 1 : 2);
        assert_false(precision_enough(&desk.precision));
    }
    char line[160];
    assert_non_null(strstr(precision_line(&desk.precision, line, sizeof line), "completion_s.mean 1.5 +-"));
    assert_true(precision_expected(&desk.precision) > 1000);
    arena_fini(&desk.arena);
}

/* A figure that is null nearly always has no interval, and is never precise enough. */
static void null_is_never_precise(void **state)
{
    const struct precision_goal goal = { "completion_s.p99", 0.5 };
    struct desk desk;
    char line[160];
    (void)state;
    assert_true(open_desk(&desk, &goal, 1, 1, NULL));
    tell(&desk, "completion_s.p99", 3);
    for (uint32_t n = 0; n < 50; n++) tell(&desk, "completion_s.p99", (double)NAN);
    assert_false(precision_enough(&desk.precision));
    assert_string_equal(precision_line(&desk.precision, line, sizeof line), "");
    assert_true(precision_expected(&desk.precision) < 1);
    arena_fini(&desk.arena);
}

static void a_width_alone_means_the_thresholds(void **state)
{
    const struct precision_goal goal = { NULL, 0.02 }, named = { "orders.piad", 0.02 };
    struct sim_err err = { 0 };
    struct desk desk;
    (void)state;
    bool ok = open_desk(&desk, &goal, 1, 1, &err);
    assert_true(ok && desk.precision.n_aims > 0);
    struct study bare = *desk.study;
    bare.n_thresholds = 0;
    assert_false(precision_init(&desk.precision, &goal, 1, 1, 0.95, &bare, desk.layout, &desk.arena, &err));
    assert_true(err.code == SIM_EUSAGE && strstr(err.text, "name a figure"));
    arena_fini(&desk.arena);
    err = (struct sim_err){ 0 };
    assert_false(open_desk(&desk, &named, 1, 1, &err));
    assert_true(err.code == SIM_EUSAGE && strstr(err.text, "nearest is orders.paid"));
    arena_fini(&desk.arena);
}

static void without_goals_it_watches_and_goes_on(void **state)
{
    struct desk desk;
    (void)state;
    assert_true(open_desk(&desk, NULL, 0, 1, NULL));
    assert_int_equal(desk.precision.n_aims, 1);
    assert_int_equal(stop_at(&desk, "orders.paid", 100, 0, 200), 0);
    arena_fini(&desk.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_relative_goal_stops_by_the_book),
        cmocka_unit_test(a_share_is_held_to_points),
        cmocka_unit_test(the_least_number_is_made),
        cmocka_unit_test(all_goals_must_hold),
        cmocka_unit_test(null_is_never_precise),
        cmocka_unit_test(a_width_alone_means_the_thresholds),
        cmocka_unit_test(without_goals_it_watches_and_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
