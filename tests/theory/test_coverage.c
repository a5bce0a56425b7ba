/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: a 95 % interval covers the truth in 95 % of all studies: replications are independent, and Student's t fits
 * their means. Stopping when the interval is narrow enough (--precision) costs little of that.
 * Method: M/M/1 at load 0.5, begun in its stationary law (N orders wait at t = 0 with probability 2^-(N+1); a service
 * under way is as long as a new one), so that the mean number in the system is 1 at every instant and its average over
 * 10 s has the mean 1, with no start to forgive. 20,000 replications are 1,000 studies of 20; of 1,000 right
 * intervals 935 to 965 cover the 1 (two standard deviations). The same replications, taken one by one until --precision
 * has enough, are studies of unequal size. Seeds are fixed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>

#include "sim/engine/infer.h"
#include "sim/engine/random.h"
#include "sim/lab/precision.h"
#include "tests/support/trial.h"

#define TRUTH        1.0
#define RUN_S        10.0
#define LENGTH       "10s"
#define COUNT(array) (uint32_t)(sizeof(array) / sizeof *(array))

enum { STUDIES = 1000, RUNS = 20, N_RUNS = STUDIES * RUNS, N_STARTS = 32 };

struct fixture {
    struct trial start[N_STARTS]; /* by the number that waits at t = 0 */
    double value[N_RUNS];         /* average number in the system, by replication */
};

static void open_start(struct trial *trial, uint32_t n_waiting)
{
    char backlog[64];
    snprintf(backlog, sizeof backlog, "{ \"orders\": [ %u ] }", n_waiting);
    const struct study_edit edits[] = {
        { "/load/scenarios/orders", TRIAL_JSON({ "executor" : "poisson", "rate" : 50, "duration" : "11s" }) },
        { "/stages/serve/time", TRIAL_JSON({ "family" : "exponential", "mean" : "10ms" }) },
        { "/run/ends", LENGTH },
        { "/groups/servers/backlog", backlog },
    };
    trial_open(trial, QUEUE_SCENARIO, edits, COUNT(edits));
}

/* How many wait at the start of a replication: heads before the first tail, by a key that no run uses. */
static uint32_t n_at_start(uint32_t replication)
{
    uint32_t word = random_block(random_key(1, replication), 1u << 20, 0, 0).word[0];
    return (uint32_t)__builtin_clz(word | 1);
}

static int open_fixture(void **state)
{
    static struct fixture fixture;
    for (uint32_t i = 0; i < N_STARTS; i++) open_start(&fixture.start[i], i);
    for (uint32_t r = 0; r < N_RUNS; r++) {
        const struct run_facts *facts = trial_run(&fixture.start[n_at_start(r)], r, NULL);
        fixture.value[r] = (double)facts->group[0].backlog_area * 1e-9 / RUN_S;
    }
    *state = &fixture;
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *fixture = *state;
    for (uint32_t i = 0; i < N_STARTS; i++) trial_close(&fixture->start[i]);
    return 0;
}

static void test_studies_of_equal_size(void **state)
{
    struct fixture *fixture = *state;
    struct infer_mean all = infer_mean(fixture->value, N_RUNS, 0.999);
    uint32_t covered = 0;
    for (uint32_t i = 0; i < STUDIES; i++) {
        struct infer_mean mean = infer_mean(fixture->value + i * RUNS, RUNS, 0.95);
        covered += fabs(mean.mean - TRUTH) <= mean.half_width;
    }
    print_message("M/M/1, mean number %.4f +- %.4f; %u of %u intervals cover 1\n", all.mean, all.half_width, covered,
                  STUDIES);
    assert_true(fabs(all.mean - TRUTH) <= all.half_width);
    assert_in_range(covered, 935, 965);
}

/* Replications in order, each used once, until the rule has enough; again from the next one on. */
static void test_studies_stopped_by_precision(void **state)
{
    struct fixture *fixture = *state;
    struct trial *trial = &fixture->start[0];
    const struct layout *layout = layout_make(&trial->study, &trial->shared);
    const uint32_t figure = layout_find(layout, "groups.servers.peak_backlog", NULL);
    const struct precision_goal goal = { "groups.servers.peak_backlog", 0.06 };
    double *value = arena_array(&trial->shared, double, layout_count(layout));
    uint32_t covered = 0, studies = 0, first = 0;
    struct precision precision;
    for (uint32_t r = 0; r < N_RUNS; r++) {
        if (r == first)
            assert_true(precision_init(&precision, &goal, 1, 1, 0.95, &trial->study, layout, &trial->shared, NULL));
        value[figure] = fixture->value[r]; /* stands for any figure with a true mean */
        precision_take(&precision, layout, &(struct result){ .value = value });
        if (!precision_enough(&precision)) continue;
        struct infer_mean mean = infer_mean(fixture->value + first, r + 1 - first, 0.95);
        assert_true(mean.half_width <= 0.06 / 1.06 * mean.mean);
        covered += fabs(mean.mean - TRUTH) <= mean.half_width;
        studies++;
        first = r + 1;
    }
    print_message("%u studies of %.1f replications, stopped when within 6 %%: %u cover 1 (%.1f %%)\n", studies,
                  (double)first / studies, covered, 100.0 * covered / studies);
    assert_true(studies > 300);
    assert_true(covered >= 0.92 * studies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_studies_of_equal_size),
        cmocka_unit_test(test_studies_stopped_by_precision),
    };
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
