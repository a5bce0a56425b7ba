/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: the backlog of an overloaded consumer on real servers is predicted from the durations of its steps alone.
 * Method: that scenario is that pipeline, with measured durations as the distributions of its steps; the
 * mean of 20 replications is laid over data/single_lag.csv, what was counted once a second. Nothing was fitted to the
 * curve. A repeat of the measurement with another seed differed by 0.2 % in the peak and by 2 s in its end. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "tests/support/reruns.h"

#define SCENARIO "scenarios/measured-pipeline.json"

enum { SECONDS = 210, REPLICATIONS = 20 };

struct curve { double backlog[SECONDS]; };

static void curve_read(struct curve *out)
{
    char line[64];
    uint32_t n = 0;
    FILE *file = fopen("tests/measured/data/single_lag.csv", "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file)); /* header */
    while (fgets(line, sizeof line, file)) {
        char *rest;
        assert_true(n < SECONDS);
        assert_int_equal(strtoul(line, &rest, 10), n);
        out->backlog[n++] = strtod(rest + 1, NULL);
    }
    fclose(file);
    assert_int_equal(n, SECONDS);
}

/* Adds one run's backlog of the stock group, the first one of the scenario. */
static void on_sample(void *context, const struct run_levels *levels)
{
    struct curve *sum = context;
    sim_ns second = levels->at_ns / SIM_S;
    for (uint32_t i = 0; i < levels->n_partitions && second < SECONDS; i++)
        if (levels->partition[i].group == 0) sum->backlog[second] += (double)levels->partition[i].backlog;
}

static void curve_predict(struct curve *out)
{
    struct findings findings = { 0 };
    struct sim_err err = { 0 };
    struct arena shared, own;
    struct study study;
    *out = (struct curve){ 0 };
    arena_init(&shared);
    arena_init(&own);
    assert_true(study_read(&study, SCENARIO, NULL, 0, &findings, &shared, &err));
    const struct plan *plan = plan_make(&study.scenario, &shared, &err);
    assert_non_null(plan);
    const struct observer observer = { .context = out, .on_sample = on_sample };
    const struct run_options options = { .observer = &observer };
    for (uint32_t i = 0; i < REPLICATIONS; i++) {
        arena_reset(&own);
        assert_non_null(pipeline_run(plan, study.scenario.seed, i, &options, &own, &err));
    }
    for (uint32_t second = 0; second < SECONDS; second++) out->backlog[second] /= REPLICATIONS;
    arena_fini(&own);
    arena_fini(&shared);
}

static void test_curve(void **state)
{
    struct curve counted, predicted;
    double peak = 0, most = 0;
    uint32_t at = 0;
    (void)state;
    curve_read(&counted);
    curve_predict(&predicted);
    for (uint32_t second = 0; second < SECONDS; second++) {
        double off = fabs(predicted.backlog[second] - counted.backlog[second]);
        peak = fmax(peak, counted.backlog[second]);
        if (off > most) {
            most = off;
            at = second;
        }
    }
    print_message("farthest from the curve at %u s: %.1f waiting, counted %.0f; %.2f %% of the peak of %.0f\n", at,
                  predicted.backlog[at], counted.backlog[at], 100 * most / peak, peak);
    assert_true(peak == 3699);
    assert_true(most <= 0.02 * peak);
}

static void test_figures(void **state)
{
    struct reruns runs;
    (void)state;
    reruns_open(&runs, SCENARIO, NULL, 0);
    assert_int_equal(runs.outcome->n, REPLICATIONS);
    reruns_expect_near(&runs, "groups.stock.sampled_peak_backlog", 3699, 0.02);
    reruns_expect_near(&runs, "groups.stock.sampled_peak_lag", 4042, 0.02);
    reruns_expect_near(&runs, "groups.stock.drained_at_s", 203, 0.02);
    reruns_expect_near(&runs, "checkpoints.load_end_30s.paid_ratio", 0.618, 0.02);
    reruns_expect_near(&runs, "completion_s.mean", 47.3, 0.02);
    reruns_expect_near(&runs, "completion_s.p50", 46.3, 0.05);
    reruns_expect_near(&runs, "completion_s.p95", 102.1, 0.02);
    reruns_expect_near(&runs, "completion_s.p99", 105.1, 0.02);
    reruns_expect_sound(&runs, false);
    reruns_close(&runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_curve), cmocka_unit_test(test_figures) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
