/* SPDX-License-Identifier: GPL-3.0-or-later
 * How long until a backlog is gone, against closed forms. Fetches and commits take no time.
 *
 * Without arrivals B records of S each take B S, to the nanosecond. With Poisson arrivals of rate a the time until a
 * partition is empty is B busy periods of M/D/1 one after another: mean B S / (1 - a S), which is backlog / (throughput -
 * arrivals), variance B a S^3 / (1 - a S)^3. Consumers that are added at the start begin after the first one's batch. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "tests/support/trial.h"

/* clang-format off */
static const char PIPELINE[] = TRIAL_JSON({
    "run": { "ends": "10m" },
    "load": { "scenarios": {} },
    "kafka": { "partitions": 1, "key": "id_modulo" },
    "topics": { "orders": {} },
    "tables": { "orders": { "key": "order_id" } },
    "processes": {
        "front": { "connections": 0, "api": { "threads": 10000, "stage": "accept" } },
        "back": { "connections": 0, "groups": "all" }
    },
    "groups": { "servers": { "consumers": 1, "reads": { "orders": "serve" }, "backlog": { "orders": [1000] } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "orders" }, { "reply": 202 } ] },
        "serve": { "steps": [ { "work": "serve", "time": "20ms" }, { "status": "PAID" } ] }
    }
});
/* clang-format on */

#define N(edits) (sizeof(edits) / sizeof(edits)[0])

static sim_ns caught_up(const struct study_edit *edit, uint32_t n, uint32_t replication)
{
    struct trial trial;
    trial_open(&trial, PIPELINE, edit, n);
    const sim_ns at_ns = trial_run(&trial, replication, NULL)->group[0].caught_up_ns;
    trial_close(&trial);
    return at_ns;
}

static void test_without_arrivals(void **state)
{
    (void)state;
    assert_true(caught_up(NULL, 0, 0) == 1000 * 20 * SIM_MS);
}

/* Nothing waited: there is nothing to tell. */
static void test_without_a_backlog(void **state)
{
    static const struct study_edit none[] = {
        { "/groups/servers/backlog/orders", "[0]" },
        { "/load/scenarios", "{\"orders\": {\"executor\": \"poisson\", \"rate\": 10, \"duration\": \"1m\"}}" },
    };
    (void)state;
    assert_true(caught_up(none, N(none), 0) == SIM_NEVER);
}

/* Not gone when the run ends. */
static void test_not_yet(void **state)
{
    static const struct study_edit more[] = { { "/groups/servers/backlog/orders", "[30001]" } };
    (void)state;
    assert_true(caught_up(more, N(more), 0) == SIM_NEVER);
}

enum { RUNS = 400 };

static void expect_first_passage(double rate_per_s, const char *rate)
{
    const double service_s = 0.02, backlog = 1000, rho = rate_per_s * service_s;
    const double mean_s = backlog * service_s / (1 - rho);
    const double variance = backlog * rate_per_s * pow(service_s, 3) / pow(1 - rho, 3);
    const struct study_edit edits[] = {
        { "/load/scenarios", "{\"orders\": {\"executor\": \"poisson\", \"rate\": 1, \"duration\": \"10m\"}}" },
        { "/load/scenarios/orders/rate", rate },
    };
    double sum = 0, squares = 0;
    for (uint32_t r = 0; r < RUNS; r++) {
        const double at_s = (double)caught_up(edits, N(edits), r) * 1e-9;
        sum += at_s;
        squares += (at_s - mean_s) * (at_s - mean_s);
    }
    /* Four standard errors of either. */
    if (!(fabs(sum / RUNS - mean_s) < 4 * sqrt(variance / RUNS)))
        fail_msg("at %s/s: %.3f s, not %.3f s", rate, sum / RUNS, mean_s);
    if (!(fabs(squares / RUNS / variance - 1) < 4 * sqrt(2.0 / RUNS)))
        fail_msg("at %s/s: a variance of %.4f, not %.4f", rate, squares / RUNS, variance);
}

static void test_against_arrivals(void **state)
{
    (void)state;
    expect_first_passage(10, "10");
    expect_first_passage(25, "25");
    expect_first_passage(40, "40");
}

/* One consumer has fetched 500 records of one partition when two more ask to join, at 0 s. It finishes them, 10 s; a
 * heartbeat has told it by then. Then each has a partition, and the fullest takes 1000 records, 20 s. */
static void test_consumers_that_are_added_wait_for_the_batch(void **state)
{
    static const struct study_edit edits[] = {
        { "/kafka/partitions", "3" }, { "/groups/servers/backlog/orders", "[1000, 1000, 1000]" },
        { "/faults", "{\"more\": {\"scale\": \"servers\", \"to\": 3, \"at\": \"0s\"}}" },
    };
    static const struct study_edit alone[] = {
        { "/kafka/partitions", "3" }, { "/groups/servers/backlog/orders", "[1000, 1000, 1000]" },
    };
    (void)state;
    assert_true(caught_up(alone, N(alone), 0) == 60 * SIM_S);
    assert_true(caught_up(edits, N(edits), 0) == 30 * SIM_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_arrivals),
        cmocka_unit_test(test_without_a_backlog),
        cmocka_unit_test(test_not_yet),
        cmocka_unit_test(test_against_arrivals),
        cmocka_unit_test(test_consumers_that_are_added_wait_for_the_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
