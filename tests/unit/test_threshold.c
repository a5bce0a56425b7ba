/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: k6's expressions find their figures, and pass when the mean does. Method: thresholds written by hand on the
 * study of tests/support. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/results/layout.h"
#include "sim/results/threshold.h"
#include "tests/support/small_study.h"

static struct arena arena;

static int open_arena(void **state) { (void)state; arena_init(&arena); return 0; }
static int close_arena(void **state) { (void)state; arena_fini(&arena); return 0; }

static void k6_names_find_figures(void **state)
{
    (void)state;
    static const struct { const char *metric, *figure, *path; } cases[] = {
        { "orders.failed_ratio", NULL, "orders.failed_ratio" },
        { "orders.failed_ratio", "value", "orders.failed_ratio" },
        { "orders.failed_ratio", "rate", "orders.failed_ratio" },
        { "orders.paid", "count", "orders.paid" },
        { "completion_s", "avg", "completion_s.mean" },
        { "completion_s", "med", "completion_s.p50" },
        { "completion_s", "min", "completion_s.min" },
        { "completion_s", "max", "completion_s.max" },
        { "completion_s", "p(95)", "completion_s.p95" },
        { "completion_s", "p(99.9)", "completion_s.p99_9" },
        { "groups." SMALL_PAY ".wait_s", "p(99)", "groups." SMALL_PAY ".wait_s.p99" }
    };
    const struct layout *layout = layout_make(small_study(&arena), &arena);

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct threshold_spec spec = { cases[i].metric, "", cases[i].figure, OP_LT, 1 };
        const uint32_t figure = threshold_figure(layout, &spec, NULL);
        assert_int_not_equal(figure, NONE);
        assert_string_equal(layout_path(layout, figure), cases[i].path);
    }
}

static void an_unknown_figure_is_an_error_of_the_scenario(void **state)
{
    (void)state;
    static const struct threshold_spec wrong[] = { { "groups.stock.v2-groop.peak_lag", "value<1", "value", OP_LT, 1 } };
    struct study study = *small_study(&arena);
    struct sim_err err = { 0 };
    study.n_thresholds = 1;
    study.threshold = wrong;

    assert_false(layout_has_threshold(layout_make(&study, &arena), 0, &err));
    assert_int_equal(err.code, SIM_ESCENARIO);
    assert_non_null(strstr(err.text, "groups.stock.v2-groop.peak_lag"));
    assert_non_null(strstr(err.text, "the nearest is groups." SMALL_STOCK ".peak_lag"));

    const struct study *right = small_study(&arena);
    for (uint32_t i = 0; i < right->n_thresholds; i++)
        assert_true(layout_has_threshold(layout_make(right, &arena), i, &err));
}

static void percentiles_that_are_not_kept_are_unknown(void **state)
{
    (void)state;
    const struct layout *layout = layout_make(small_study(&arena), &arena);
    const struct threshold_spec spec = { "completion_s", "p(42)<1", "p(42)", OP_LT, 1 };
    struct sim_err err = { 0 };

    assert_int_equal(threshold_figure(layout, &spec, &err), NONE);
    assert_non_null(strstr(err.text, "p(99) and p(99.9)"));
}

/* orders a second are no count of orders, nor is a count a rate. */
static void a_count_is_no_rate(void **state)
{
    (void)state;
    const struct layout *layout = layout_make(small_study(&arena), &arena);
    static const struct threshold_spec wrong[] = {
        { "orders.paid", "rate<1", "rate", OP_LT, 1 }, { "orders.failed_ratio", "count<1", "count", OP_LT, 1 }
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(threshold_figure(layout, &wrong[i], NULL), NONE);
}

static void every_comparison(void **state)
{
    (void)state;
    static const struct { enum compare_op op; bool below, equal, above; } cases[] = {
        { OP_LT, true, false, false }, { OP_LE, true, true, false }, { OP_GT, false, false, true },
        { OP_GE, false, true, true },  { OP_EQ, false, true, false }, { OP_NE, true, false, true }
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct threshold_spec spec = { "", "", NULL, cases[i].op, 0.95 };
        assert_int_equal(threshold_holds(&spec, 0.949999), cases[i].below);
        assert_int_equal(threshold_holds(&spec, 0.95), cases[i].equal);
        assert_int_equal(threshold_holds(&spec, 0.950001), cases[i].above);
        assert_false(threshold_holds(&spec, (double)NAN));
    }
}

/* Rounded it would meet what it misses, or miss what it meets. */
static void room_is_on_the_side_that_holds(void **state)
{
    (void)state;
    static const struct { enum compare_op op; double bound, value, room; } cases[] = {
        { OP_LT, 0.5, 0.25, 0.25 }, { OP_LE, 0.5, 0.75, -0.25 }, { OP_GT, 0.5, 0.75, 0.25 },
        { OP_GE, 0.5, 0.25, -0.25 }, { OP_EQ, 2, 2, 0 }, { OP_EQ, 2, 5, -3 }, { OP_NE, 2, 5, 3 },
        { OP_GE, 0, (double)NAN, -(double)INFINITY }
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct threshold_spec spec = { "", "", NULL, cases[i].op, cases[i].bound };
        const double room = threshold_room(&spec, cases[i].value);
        assert_true(room <= cases[i].room && room >= cases[i].room);
    }
}

static void digits_show_the_verdict(void **state)
{
    (void)state;
    static const struct { const char *metric; enum compare_op op; double bound, value; const char *shown; } cases[] = {
        { "a.paid_ratio", OP_GE, 1, 0.99962, "99.96%" },            /* not 100.0% */
        { "a.paid_ratio", OP_GE, 1, 1, "100.0%" },
        { "a.paid_ratio", OP_GE, 0.95, 0.95, "95.0%" },
        { "a.paid_ratio", OP_GE, 0.29, 0.29, "29.0%" },             /* 0.29 * 100 is 28.999999999999996 */
        { "a.pending_ratio", OP_EQ, 0, 0.000375, "0.04%" },
        { "a.pending_ratio", OP_EQ, 0, 0, "0.0%" },
        { "completion_s", OP_LT, 0.0662, 0.06624, "66.24 ms" },
        { "completion_s", OP_LT, 0.0662, 0.0662, "66.2 ms" },
        { "completion_s", OP_LT, 600, 600.0004, "600.0004 s" },
        { "completion_s", OP_LT, 600, 600, "600 s" },
        { "completion_s", OP_GT, 600, 600.0004, "600.0004 s" },
        { "completion_s", OP_GE, 600, 600.0004, "600 s" },
        { "completion_s", OP_LE, 600, 600.0004, "600.0004 s" },
        { "groups.g.peak_lag", OP_GE, 4800, 4799.6, "4,799.6" },
        { "groups.g.peak_lag", OP_GE, 4800.4, 4800, "4,800" },
        { "groups.g.peak_lag", OP_LE, 0.3, 0.1 + 0.2, "0.30000000000000004" },
        { "groups.g.peak_lag", OP_LT, 1, (double)NAN, "-" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct threshold_spec spec = { cases[i].metric, "", NULL, cases[i].op, cases[i].bound };
        assert_string_equal(threshold_shown(&spec, cases[i].value).s, cases[i].shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(k6_names_find_figures, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(an_unknown_figure_is_an_error_of_the_scenario, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(percentiles_that_are_not_kept_are_unknown, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_count_is_no_rate, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(every_comparison, open_arena, close_arena),
        cmocka_unit_test(room_is_on_the_side_that_holds), cmocka_unit_test(digits_show_the_verdict)
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
