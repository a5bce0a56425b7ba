/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: figures of a steady state are those of the closed form, whatever the run began with. Method: M/M/1 at load 0.8
 * behind 400 orders that wait at t = 0: without a warm-up its mean time in the system is far off, with the one that
 * MSER-5 finds the closed form 1 / (1 - 0.8) service times lies inside the 99.9 % interval. The work left out is no
 * work lost: counts before and after the warm-up add up. Seeds are fixed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "sim/engine/infer.h"
#include "sim/lab/steady.h"
#include "tests/support/trial.h"

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof *(array))

enum { RUNS = 30 };

static void open_queue(struct trial *trial, const char *rate, const char *warm_up)
{
    const struct study_edit edits[] = {
        { "/load/scenarios/orders", TRIAL_JSON({ "executor" : "poisson", "rate" : 80, "duration" : "1000s" }) },
        { "/load/scenarios/orders/rate", rate },
        { "/stages/serve/time", TRIAL_JSON({ "family" : "exponential", "mean" : "10ms" }) },
        { "/groups/servers/backlog", TRIAL_JSON({ "orders" : [400] }) },
        { "/run/ends", "1000s" },
        { "/run/warm_up", warm_up },
    };
    trial_open(trial, QUEUE_SCENARIO, edits, COUNT(edits));
}

static struct infer_mean sojourn(struct trial *trial)
{
    double value[RUNS];
    for (uint32_t r = 0; r < RUNS; r++) {
        const struct run_facts *facts = trial_run(trial, r, NULL);
        const struct group_facts *group = &facts->group[0];
        if (trial->study.scenario.warm_up_ns == 0) trial_expect_sound(trial, facts); /* sums of the whole run */
        assert_int_equal(group->wait.n, group->processed);
        assert_true(group->wait.min_ns >= 0 && group->wait.min_ns <= group->wait.max_ns);
        value[r] = (tally_mean_s(&group->wait) + tally_mean_s(&group->service)) / 0.01;
    }
    return infer_mean(value, RUNS, 0.999);
}

static void test_found_warm_up(void **state)
{
    struct trial trial;
    (void)state;
    open_queue(&trial, "80", "auto");
    struct infer_mean whole = sojourn(&trial);
    assert_true(steady_settle(&trial.study, trial.plan, &trial.shared, NULL));
    struct infer_mean steady = sojourn(&trial);
    print_message("M/M/1 behind 400: %.3f +- %.3f; after %.0f s of warm-up %.3f +- %.3f; expected 5\n", whole.mean,
                  whole.half_width, ns_to_s(trial.study.scenario.warm_up_ns), steady.mean, steady.half_width);
    assert_true(whole.mean - whole.half_width > 5.5);
    assert_true(fabs(steady.mean - 5) <= steady.half_width && steady.half_width < 0.15);
    trial_close(&trial);
}

static void test_no_steady_state(void **state)
{
    struct sim_err err = { 0 };
    struct trial trial;
    (void)state;
    open_queue(&trial, "101", "auto");
    assert_false(steady_settle(&trial.study, trial.plan, &trial.shared, &err));
    assert_true(err.code == SIM_EIMPRECISE && strstr(err.text, "no steady state"));
    trial_close(&trial);
}

/* What a run of 500 s has done, and what one of 1000 s does after 500 s. */
static void test_counts_add_up(void **state)
{
    struct trial whole, late;
    (void)state;
    open_queue(&whole, "80", "0s");
    open_queue(&late, "80", "500s");
    const struct run_facts *facts = trial_run(&whole, 3, NULL);
    const uint64_t processed = facts->group[0].processed, paid = facts->completion.n, commits = facts->group[0].commits;
    const __int128 busy_ns = facts->group[0].busy_ns;
    whole.study.scenario.end_ns = 500 * SIM_S;
    const struct run_facts *early = trial_run(&whole, 3, NULL), *rest = trial_run(&late, 3, NULL);
    assert_int_equal(early->group[0].processed + rest->group[0].processed, processed);
    assert_int_equal(early->group[0].commits + rest->group[0].commits, commits);
    assert_int_equal(early->completion.n + rest->completion.n, paid);
    assert_true(early->group[0].busy_ns + rest->group[0].busy_ns == busy_ns);
    assert_true(rest->group[0].processed > 30000 && rest->completion.n > 30000);
    trial_close(&whole);
    trial_close(&late);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found_warm_up),
        cmocka_unit_test(test_no_steady_state),
        cmocka_unit_test(test_counts_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
