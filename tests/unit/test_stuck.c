/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: a group that delivers the same records again and again, and comes no further, is told so, with what would end
 * it, and however long the run is looked at; what only takes long is not.
 * Oracle: by hand: a record takes 100 ms, five come a second; and each run once more step by step, which tells the
 * same. Tolerance: 1 %, the client's work. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sim/results/bottleneck.h"
#include "sim/results/layout.h"
#include "sim/results/more_consumers.h"
#include "sim/results/stuck.h"
#include "tests/support/own_arena.h"
#include "tests/support/small_study.h"
#include "tests/support/trial.h"

/* clang-format off */
static const char ONE_CONSUMER[] = TRIAL_JSON({
    "run": { "at_most": "40m" },
    "load": { "scenarios": { "orders": { "executor": "constant-arrival-rate", "rate": 5, "duration": "400s" } } },
    "orders": { "item": 1, "quantity": 1 },
    "kafka": { "partitions": 1, "static_members": true },
    "topics": { "orders": {} },
    "stores": { "db": {} },
    "tables": { "orders": { "key": "order_id" },
                "stock": { "key": "item", "rows": 1, "quantity": 1000000, "store": "db" } },
    "processes": {
        "front": { "connections": 0, "api": { "threads": 4, "stage": "accept" } },
        "back": { "connections": 0, "groups": "all" }
    },
    "groups": { "servers": { "consumers": 1, "reads": { "orders": "serve" } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "orders" }, { "reply": 202 } ] },
        "serve": { "steps": [ { "work": "look", "time": "100ms" }, { "status": "PAID" } ] }
    }
});
/* clang-format on */

static struct trial trial;

static struct result *result_of(const struct layout *layout, bool step_by_step)
{
    struct recorder *recorder = recorder_open(layout, 0, NULL, &arena);
    const struct run_options options = { .observer = recorder_observer(recorder), .step_by_step = step_by_step };
    struct sim_err err = { 0 };
    arena_reset(&trial.own);
    const struct run_facts *facts =
        pipeline_run(trial.plan, trial.study.scenario.seed, 0, &options, &trial.own, &err);
    if (!facts) fail_msg("%s", err.text);
    return recorder_close(recorder, facts, &arena);
}

/* The trial stays open until it is asked no more. */
static struct outcome run_with(const struct study_edit *edit, uint32_t n_edits)
{
    struct outcome outcome;
    trial_open(&trial, ONE_CONSUMER, edit, n_edits);
    const struct layout *layout = layout_make(&trial.study, &arena);
    struct result *result[] = { result_of(layout, false) };
    const struct result *stepped = result_of(layout, true);
    for (uint32_t i = 0; i < stepped->n; i++)
        if (!isnan(result[0]->value[i])) assert_close(stepped->value[i], result[0]->value[i], 0);
    assert_true(outcome_make(&outcome, &trial.study, layout, result, 1, 0.95, 1, &arena, NULL));
    return outcome;
}

static void expect_text(const struct outcome *outcome, const char *en, const char *ko)
{
    char text[1024];
    if (!strstr(more_consumers_text(outcome, LANG_EN, text, sizeof text), en)) fail_msg("%s is not in: %s", en, text);
    if (!strstr(more_consumers_text(outcome, LANG_KO, text, sizeof text), ko)) fail_msg("%s is not in: %s", ko, text);
}

/* One in a thousand always fails; it is tried again each second. Nothing behind it in its partition is ever done. */
static void a_record_that_always_fails(void **state)
{
    static const char *const at_most[] = { "\"20m\"", "\"40m\"" };
    (void)state;
    for (size_t i = 0; i < sizeof at_most / sizeof *at_most; i++) {
        const struct study_edit edit[] = {
            { "/run/at_most", at_most[i] },
            { "/groups/servers/deliveries", "1000000" },
            { "/groups/servers/backoff", "\"1s\"" },
            { "/stages/serve/steps/0/refuse", "0.002" }
        };
        const struct outcome outcome = run_with(edit, 4);
        const struct stuck *stuck = &outcome.demand[0].stuck;
        assert_int_equal(stuck->runs, 1);
        assert_int_equal(stuck_by(stuck), STUCK_BY_RETRIES);
        assert_close(stuck->deliveries, stuck->retries, 0);
        assert_close(stuck->records, 2000 - outcome.demand[0].records, 1); /* and it itself */
        assert_close(stuck->deliveries, (1200.0 * (double)(i + 1) - stuck->since_s) / 1.1, 5);
        assert_close(outcome.demand[0].capacity_per_s, 10, 0.1);
        assert_int_equal(more_consumers(&outcome, 0).limit, MORE_REPEATS);
        expect_text(&outcome, "no help: records that fail are delivered again and again (", "실패한 이벤트가 계속 재전달되어");
        expect_text(&outcome, "with fewer deliveries (1,000,000) they are given up and the rest is done; a "
                              "dead_letter topic keeps them", "deliveries(1,000,000)를 줄여야");
        trial_close(&trial);
    }
}

/* One that is given up after ten goes on; and so does a run that only waits for a store that is away. */
static void what_comes_to_an_end(void **state)
{
    const struct study_edit given_up[] = { { "/groups/servers/backoff", "\"1s\"" },
                                           { "/stages/serve/steps/0/refuse", "0.002" } };
    const struct study_edit away[] = { { "/groups/servers/deliveries", "1000000" },
                                       { "/groups/servers/backoff", "\"1s\"" },
                                       { "/stages/serve/steps/0", "{ \"read\": \"stock\", \"time\": \"100ms\" }" },
                                       { "/faults", "{ \"f\": { \"outage\": \"db\", \"at\": \"100s\", "
                                                    "\"for\": \"1h\" } }" } };
    (void)state;
    struct outcome outcome = run_with(given_up, 2);
    assert_int_equal(outcome.demand[0].stuck.runs, 0);
    trial_close(&trial);
    outcome = run_with(away, 4);
    assert_int_equal(outcome.demand[0].left_in, 1);
    assert_int_equal(outcome.demand[0].stuck.runs, 0);
    trial_close(&trial);
}

/* One in fifty fails 40 times, a second apart: after 43 s it is given up, and the next has its turn. Wherever the run
 * is cut, that is part of a record: 0.98 x 0.1 s + 0.02 x 43 s are 1 s in the mean, as far as so few failures tell, also
 * where the run is over before the first is given up, and the group is stuck as far as it goes. Ten
 * deliveries with longer and longer sleeps take 152 s, fifteen 303 s; a hundred outlast a run of 400 s. */
static void what_is_given_up_in_time(void **state)
{
    static const char *const at_most[] = { "\"35s\"", "\"42s\"", "\"70s\"", "\"80s\"",
                                           "\"95s\"", "\"110s\"", "\"125s\"", "\"400s\"" };
    static const struct { const char *deliveries; uint32_t stuck; } fails[] = {
        { "10", 0 }, { "15", 0 }, { "100", 1 }
    };
    struct outcome outcome;
    (void)state;
    for (size_t i = 0; i < sizeof at_most / sizeof *at_most; i++) {
        const struct study_edit edit[] = {
            { "/run/at_most", at_most[i] },
            { "/groups/servers/max_poll_records", "1" },
            { "/groups/servers/fetch_order", "\"arrival\"" },
            { "/groups/servers/deliveries", "40" },
            { "/groups/servers/backoff", "\"1s\"" },
            { "/stages/serve/steps/0/refuse", "0.02" }
        };
        outcome = run_with(edit, 6);
        assert_int_equal(outcome.demand[0].stuck.runs, i < 2);
        assert_true(outcome.demand[0].capacity_per_s < 3);
        assert_int_equal(more_consumers(&outcome, 0).limit, i < 2 ? MORE_REPEATS : MORE_PARTITIONS);
        trial_close(&trial);
    }
    for (size_t i = 0; i < sizeof fails / sizeof *fails; i++) {
        const struct study_edit edit[] = {
            { "/run/at_most", "\"400s\"" },
            { "/groups/servers/max_poll_records", "1" },
            { "/groups/servers/fetch_order", "\"arrival\"" },
            { "/groups/servers/deliveries", fails[i].deliveries },
            { "/groups/servers/backoff", "\"1s\"" },
            { "/groups/servers/backoff_multiplier", "2" },
            { "/stages/serve/steps/0/refuse", "0.02" }
        };
        outcome = run_with(edit, 7);
        assert_int_equal(outcome.demand[0].stuck.runs, fails[i].stuck);
        trial_close(&trial);
    }
}

/* What some runs have alone is said so, few or most of them; of what all have it is not. */
static void in_some_runs(void **state)
{
    const struct study_edit edit[] = { { "/groups/servers/deliveries", "1000000" },
                                       { "/groups/servers/backoff", "\"1s\"" },
                                       { "/stages/serve/steps/0/refuse", "0.002" } };
    char text[1024];
    (void)state;
    struct outcome outcome = run_with(edit, 3);
    assert_null(strstr(more_consumers_text(&outcome, LANG_EN, text, sizeof text), " runs"));
    struct group_demand demand = outcome.demand[0];
    outcome.demand = &demand;
    demand.runs = 3;
    demand.stuck.runs = 2;
    expect_text(&outcome, "are given up and the rest is done; a dead_letter topic keeps them; in 2 of 3 runs the same "
                          "records come again", "실행 3회 중 2회에서는 같은 이벤트가");
    demand.stuck.runs = 1;
    expect_text(&outcome, "; in 1 of 3 runs the same records come again", "실행 3회 중 1회에서는 같은 이벤트가");
    trial_close(&trial);
}

/* What it can do is that of those runs that are as most are. */
static void of_two_kinds_of_runs(void **state)
{
    static const double capacity_per_s[] = { 4, 100, 4 }, stuck[][3] = { { 0, 7, 0 }, { 7, 0, 7 }, { 0, 0, 0 } },
                        told[] = { 4, 4, 36 };
    const struct outcome outcome = small_outcome(small_study(&arena), 3, &arena);
    const uint32_t figure = layout_find(outcome.layout, "groups." SMALL_STOCK ".capacity_per_s", NULL);
    double *records = (double *)outcome.value[layout_stuck(outcome.layout, 0, STUCK_RECORDS)];
    (void)state;
    memcpy((double *)outcome.value[figure], capacity_per_s, sizeof capacity_per_s);
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        memcpy(records, stuck[i], sizeof stuck[i]);
        const struct group_demand *demand = bottleneck_rank(&outcome, &arena);
        while (demand->group != 0) demand++;
        assert_close(demand->capacity_per_s, told[i], 1e-9);
    }
}

/* The process dies every 40 s and is back after 10 s: 300 records are done in between, and a poll has up to 500, which
 * wait at the start. In polls of 100 all is done. */
static void whoever_has_them_dies(void **state)
{
    const struct study_edit edit[] = {
        { "/faults", "{\"f\": {\"crash\": \"back\", \"every\": \"40s\", \"back_after\": \"10s\"}}" },
        { "/groups/servers/backlog", "{\"orders\": [600]}" },
        { "/groups/servers/max_poll_records", "100" }
    };
    (void)state;
    struct outcome outcome = run_with(edit, 2);
    assert_int_equal(outcome.demand[0].stuck.runs, 1);
    assert_int_equal(stuck_by(&outcome.demand[0].stuck), STUCK_BY_DEATHS);
    assert_close(outcome.demand[0].capacity_per_s, 10, 0.1);
    assert_int_equal(more_consumers(&outcome, 0).limit, MORE_REPEATS);
    expect_text(&outcome, "records were delivered again, for fault f comes (", "커밋 전에 장애 f가 일어나");
    expect_text(&outcome, "max.poll.records must stay under 300 (a consumer lives for 30.0 s, at 100 ms a record), or "
                          "commit_mode be record", "max.poll.records를 300 미만으로");
    trial_close(&trial);
    outcome = run_with(edit, 3);
    assert_int_equal(outcome.demand[0].stuck.runs, 0);
    assert_int_equal(outcome.demand[0].left_in, 0);
    trial_close(&trial);
}

/* By count, 250 and the rest of a poll of 100 may come to 349: too many for a life of 300. */
static void by_count(void **state)
{
    const struct study_edit edit[] = {
        { "/faults", "{\"f\": {\"crash\": \"back\", \"every\": \"40s\", \"back_after\": \"10s\"}}" },
        { "/groups/servers/backlog", "{\"orders\": [600]}" },
        { "/groups/servers/max_poll_records", "100" },
        { "/groups/servers/commit_mode", "\"count\"" },
        { "/groups/servers/commit_count", "350" }
    };
    (void)state;
    const struct outcome outcome = run_with(edit, 5);
    expect_text(&outcome, "max.poll.records and commit_count together must stay under 300", "commit_count의 합을 300 미만");
    trial_close(&trial);
}

/* One in a thousand takes 80 s, and a poll may take 60 s: whoever has it is put out, and so is the next. It is told so
 * before most of what the run has seen are repeats. */
static void a_poll_that_is_always_too_late(void **state)
{
    static const char *const at_most[] = { "\"40m\"", "\"2h\"" };
    char text[2][1024];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct study_edit edit[] = {
            { "/run/at_most", at_most[i] },
            { "/kafka/static_members", "false" },
            { "/groups/servers/max_poll_interval", "\"60s\"" },
            { "/groups/servers/max_poll_records", "100" },
            { "/stages/serve/steps/0/time", "{ \"mixture\": [ { \"weight\": 0.999, \"time\": \"100ms\" }, "
                                            "{ \"weight\": 0.001, \"time\": \"80s\" } ] }" }
        };
        const struct outcome outcome = run_with(edit, 5);
        assert_int_equal(outcome.demand[0].stuck.runs, 1);
        assert_int_equal(stuck_by(&outcome.demand[0].stuck), STUCK_BY_LATE_POLLS);
        assert_int_equal(more_consumers(&outcome, 0).limit, MORE_REPEATS);
        const char *all = more_consumers_text(&outcome, LANG_EN, text[i], sizeof text[i]);
        const char *reason = strstr(all, "were delivered again, for a poll takes longer than max.poll.interval");
        assert_non_null(reason);
        memmove(text[i], reason, strlen(reason) + 1);
        trial_close(&trial);
    }
    assert_string_equal(text[0], text[1]);
}

/* Too much for it: most partitions wait for their turn, some records fail, and come again up to nine times. */
static void a_long_way_to_go(void **state)
{
    const struct study_edit edit[] = {
        { "/kafka/partitions", "12" },
        { "/load/scenarios/orders/rate", "40" },
        { "/load/scenarios/orders/duration", "30m" },
        { "/groups/servers/backoff", "\"0s\"" },
        { "/run/at_most", "\"20m\"" },
        { "/stages/serve/steps/0/refuse", "0.01" }
    };
    (void)state;
    const struct outcome outcome = run_with(edit, 6);
    assert_int_equal(outcome.demand[0].left_in, 1);
    assert_true(outcome_mean(&outcome, "groups.servers.retries") > 100);
    assert_int_equal(outcome.demand[0].stuck.runs, 0);
    trial_close(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_that_always_fails),
        cmocka_unit_test(what_comes_to_an_end),
        cmocka_unit_test(what_is_given_up_in_time),
        cmocka_unit_test(in_some_runs),
        cmocka_unit_test(of_two_kinds_of_runs),
        cmocka_unit_test(whoever_has_them_dies),
        cmocka_unit_test(by_count),
        cmocka_unit_test(a_poll_that_is_always_too_late),
        cmocka_unit_test(a_long_way_to_go)
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
