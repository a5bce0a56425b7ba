/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: the scenario of the load test of 2025-12-24 gives what was counted in that test, and the answers to its
 * question that the counts allow: how far two and three stock consumers come.
 * Method: scenarios/report-2025-12-24.json as users run it, with its own seed; each figure under its path in
 * summary.json. 20 replications to the end; for the spread of the partitions' lags, which is chance, 200 up to the
 * instant of the offsets table; 5 for each of the answers. The bounds are what the report's own uncertainty leaves. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "tests/support/reruns.h"

#define SCENARIO "scenarios/report-2025-12-24.json"
#define STOCK "stock-service-group"
#define OFFSETS "checkpoints.offsets.groups."

enum { PARTITIONS = 3, ORDERS = 40730 };

static void report_run(struct reruns *runs, const char *replications, const char *pointer, const char *value)
{
    const struct study_edit edit[] = { { "run.replications", replications }, { pointer, value } };
    reruns_open(runs, SCENARIO, edit, pointer ? 2 : 1);
}

static void expect_always(const struct reruns *runs, const char *path, double wanted)
{
    const double *value = reruns_values(runs, path);
    for (uint32_t i = 0; i < runs->outcome->n; i++)
        if (value[i] != wanted) fail_msg("%s is %g in replication %u, not %g", path, value[i], i, wanted);
    print_message("%s: %g in every replication\n", path, wanted);
}

static double greatest(const struct reruns *runs, const char *path)
{
    const double *value = reruns_values(runs, path);
    double most = value[0];
    for (uint32_t i = 1; i < runs->outcome->n; i++)
        if (!(value[i] <= most)) most = value[i];
    return most;
}

/* A row of the offsets table: partitions of the group's topics, one topic after the other. */
static const char *row_path(char path[160], const char *group, uint32_t row, const char *figure)
{
    snprintf(path, 160, OFFSETS "%s.partitions.%u.%s", group, row, figure);
    return path;
}

static void expect_log_ends(const struct reruns *runs)
{
    static const double counted[PARTITIONS] = { 13628, 13523, 13579 };
    char path[160];
    for (uint32_t p = 0; p < PARTITIONS; p++)
        expect_always(runs, row_path(path, STOCK, p, "log_end_offset"), counted[p]);
}

static void expect_small_lags(const struct reruns *runs, const char *group, uint32_t n_topics)
{
    char path[160];
    double most = 0;
    for (uint32_t row = 0; row < n_topics * PARTITIONS; row++)
        most = fmax(most, greatest(runs, row_path(path, group, row, "lag")));
    print_message("%s at 908 s: at most %g a partition of 10 allowed; counted 2 and 3\n", group, most);
    assert_true(most <= 10);
}

static void test_baseline(void **state)
{
    struct reruns runs;
    (void)state;
    report_run(&runs, "20", NULL, NULL);
    expect_log_ends(&runs);
    reruns_expect_near(&runs, "checkpoints.load_end_30s.paid", 23797, 0.02);
    reruns_expect_near(&runs, "checkpoints.pending_count.pending", 16646, 0.02);
    reruns_expect_near(&runs, OFFSETS STOCK ".lag", 4775, 0.10);
    reruns_expect_near(&runs, "groups." STOCK ".peak_partition_lag", 7180, 0.10);
    expect_always(&runs, OFFSETS "coupon-service-group.lag", 0);
    expect_small_lags(&runs, "payment-service-group", 1);
    expect_small_lags(&runs, "order-flow-manager-group", 6);
    double gone_s = greatest(&runs, "groups." STOCK ".drained_at_s");
    print_message("backlog gone by %g s at the latest, of 1035 s allowed\n", gone_s);
    assert_true(gone_s <= 1035);
    expect_always(&runs, "orders.created", ORDERS);
    expect_always(&runs, "orders.paid", ORDERS);
    reruns_expect_sound(&runs, false);
    assert_int_equal(outcome_exit(runs.outcome), 99);
    reruns_close(&runs);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The partitions drain by turns of a whole fetch: which one is behind, and how far, is chance. */
static void test_spread_of_lags(void **state)
{
    enum { N = 200, OUTSIDE = 5 /* of 200, on either side of the middle 95 % */ };
    struct reruns runs;
    char path[160];
    const double *lag[PARTITIONS];
    double spread[N];
    (void)state;
    report_run(&runs, "200", "run.ends", "908s");
    for (uint32_t p = 0; p < PARTITIONS; p++) lag[p] = reruns_values(&runs, row_path(path, STOCK, p, "lag"));
    for (uint32_t i = 0; i < N; i++)
        spread[i] = fmax(fmax(lag[0][i], lag[1][i]), lag[2][i]) - fmin(fmin(lag[0][i], lag[1][i]), lag[2][i]);
    qsort(spread, N, sizeof *spread, compare);
    double low = spread[OUTSIDE], high = spread[N - 1 - OUTSIDE];
    print_message("spread at 908 s: %g to %g, median %g; counted 1776\n", low, high, spread[N / 2]);
    assert_true(low < 1776 && 1776 < high);
    reruns_expect_near(&runs, OFFSETS STOCK ".lag", 4775, 0.10);
    reruns_expect_sound(&runs, true);
    reruns_close(&runs);
}

static void test_three_consumers(void **state)
{
    struct reruns runs;
    (void)state;
    report_run(&runs, "5", STOCK ".consumers", "3");
    assert_int_equal(runs.outcome->n_thresholds, 5);
    for (uint32_t i = 0; i < runs.outcome->n_thresholds; i++) {
        const struct outcome_threshold *threshold = &runs.outcome->threshold[i];
        print_message("%s: %g, %s\n", threshold->spec->metric, threshold->value, threshold->spec->expression);
        assert_true(threshold->passed);
        assert_true(threshold->passed_share == 1);
    }
    expect_log_ends(&runs);
    expect_always(&runs, "orders.paid", ORDERS);
    reruns_expect_sound(&runs, false);
    assert_int_equal(outcome_exit(runs.outcome), 0);
    reruns_close(&runs);
}

/* One of the two owns two partitions: a pooled calculation promises 100 %. */
static void test_two_consumers(void **state)
{
    struct reruns runs;
    (void)state;
    report_run(&runs, "5", STOCK ".consumers", "2");
    double ratio = reruns_mean(&runs, "checkpoints.load_end_30s.paid_ratio");
    print_message("two consumers: %.1f %% paid at 630 s; about 88 %%\n", 100 * ratio);
    assert_true(ratio > 0.87 && ratio < 0.89);
    reruns_expect_sound(&runs, false);
    reruns_close(&runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_baseline), cmocka_unit_test(test_spread_of_lags), cmocka_unit_test(test_three_consumers),
        cmocka_unit_test(test_two_consumers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
