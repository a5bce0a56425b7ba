/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: what a group can do is told of its consumers at work, and not of the time in which a fault slowed them; and of
 * all records that came, not of those that are done when a run is cut.
 * Oracle: by hand: a record takes 50 ms, so six consumers do 120 a second, and 60 come; stages of 20 and 5 ms.
 * Tolerance: 2 %, the client's work and the looks. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "sim/results/capacity.h"
#include "sim/results/layout.h"
#include "sim/results/result.h"
#include "tests/support/own_arena.h"
#include "tests/support/small_study.h"
#include "tests/support/trial.h"

/* clang-format off */
static const char SIX_CONSUMERS[] = TRIAL_JSON({
    "load": { "scenarios": { "orders": { "executor": "constant-arrival-rate", "rate": 60, "duration": "400s" } } },
    "orders": { "item": 1, "quantity": 1 },
    "kafka": { "partitions": 12, "append": "1ms", "fetch": "1ms", "commit": "2ms" },
    "topics": { "orders": {} },
    "stores": { "db": {}, "other": {} },
    "tables": { "orders": { "key": "order_id", "store": "other" },
                "stock": { "key": "item", "rows": 1, "quantity": 1000000, "store": "db" } },
    "processes": {
        "front": { "connections": 0, "api": { "threads": 200, "stage": "accept" } },
        "back": { "connections": 0, "groups": "all" }
    },
    "groups": { "servers": { "consumers": 6, "reads": { "orders": "serve" } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "orders" }, { "reply": 202 } ] },
        "serve": { "steps": [ { "read": "stock", "time": "50ms" }, { "status": "PAID" } ] }
    }
});
/* clang-format on */

static double capacity_of(const struct trial *trial, const struct layout *layout, bool step_by_step)
{
    struct recorder *recorder = recorder_open(layout, 0, NULL, &arena);
    const struct run_options options = { .observer = recorder_observer(recorder), .step_by_step = step_by_step };
    struct arena own;
    struct outcome outcome;
    struct sim_err err = { 0 };

    arena_init(&own);
    const struct run_facts *facts = pipeline_run(trial->plan, 1, 0, &options, &own, &err);
    if (!facts) fail_msg("%s", err.text);
    struct result *result[] = { recorder_close(recorder, facts, &arena) };
    arena_fini(&own);
    assert_true(outcome_make(&outcome, &trial->study, layout, result, 1, 0.95, 1, &arena, NULL));
    return outcome.demand[0].capacity_per_s;
}

/* Told the same, whether others are simulated ahead or step by step. */
static double capacity_with(const char *json, const struct study_edit *edit, uint32_t n_edits)
{
    struct trial trial;
    trial_open(&trial, json, edit, n_edits);
    const struct layout *layout = layout_make(&trial.study, &arena);
    const double capacity_per_s = capacity_of(&trial, layout, false);
    assert_close(capacity_of(&trial, layout, true), capacity_per_s, 0);
    trial_close(&trial);
    return capacity_per_s;
}

/* While the fault lasts they do 30 a second of the 60 that come, and many wait: that is no measure of what they can
 * do. What is left then they work off at their own pace. */
static void a_fault_that_slows_is_no_measure(void **state)
{
    static const char *const faults[] = {
        "{\"f\": {\"slow\": \"serve\", \"factor\": 4, \"at\": \"100s\", \"for\": \"60s\"}}",
        "{\"f\": {\"slow\": \"db\", \"factor\": 4, \"at\": \"100s\", \"for\": \"60s\"}}",
        "{\"f\": {\"slow\": \"serve\", \"factor\": 4, \"at\": \"100s\", \"for\": \"20s\"}}",
        "{\"f\": {\"slow\": \"serve\", \"factor\": 4, \"every\": \"100s\", \"for\": \"20s\"}}"
    };
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        const struct study_edit edit[] = { { "/faults", faults[i] } };
        assert_close(capacity_with(SIX_CONSUMERS, edit, 1), 120, 2.4);
    }
}

/* One consumer that commits each record takes 12 ms for one, and 30 ms while the broker is ten times as slow. */
static void nor_is_a_slow_broker(void **state)
{
    const struct study_edit edit[] = {
        { "/faults", "{\"f\": {\"slow\": \"kafka\", \"factor\": 10, \"at\": \"100s\", \"for\": \"60s\"}}" },
        { "/kafka/partitions", "1" },
        { "/groups/servers/consumers", "1" },
        { "/groups/servers/commit_mode", "\"record\"" },
        { "/stages/serve/steps/0/time", "\"10ms\"" }
    };
    (void)state;
    assert_close(capacity_with(SIX_CONSUMERS, edit, 5), 1 / 0.012, 0.02 / 0.012);
}

/* A store that is away makes each record come ten times, and be given up. */
static void nor_is_a_store_that_is_away(void **state)
{
    const struct study_edit edit[] = {
        { "/faults", "{\"f\": {\"outage\": \"db\", \"at\": \"100s\", \"for\": \"30s\"}}" },
        { "/kafka/partitions", "1" },
        { "/groups/servers/consumers", "1" },
        { "/groups/servers/backoff", "\"0s\"" },
        { "/stages/serve/steps/0/time", "\"10ms\"" }
    };
    (void)state;
    assert_close(capacity_with(SIX_CONSUMERS, edit, 5), 100, 2);
}

/* What slows others is none of the group's business: with 240 of the 120 it can do, it is seen at work all the time. */
static void a_fault_of_others_is(void **state)
{
    const struct study_edit edit[] = {
        { "/faults", "{\"f\": {\"slow\": \"other\", \"factor\": 4, \"at\": \"0s\", \"for\": \"400s\"}}" },
        { "/load/scenarios/orders/rate", "240" }
    };
    (void)state;
    assert_close(capacity_with(SIX_CONSUMERS, edit, 2), 120, 2.4);
}

/* Of 20 s a pause takes some. A record takes 10 ms whatever it takes, and whether so many wait in between that the
 * group is seen at work: with 8 s it just keeps up, and never has enough. */
static void nor_is_a_pause(void **state)
{
    static const char *const lasts[] = { "2s", "7s", "7900ms", "8s", "8100ms", "8500ms", "11s" };
    (void)state;
    for (size_t i = 0; i < sizeof lasts / sizeof *lasts; i++) {
        char fault[100];
        snprintf(fault, sizeof fault, "{\"f\": {\"pause\": \"back\", \"every\": \"20s\", \"for\": \"%s\"}}", lasts[i]);
        const struct study_edit edit[] = { { "/faults", fault }, { "/kafka/partitions", "3" },
                                           { "/groups/servers/consumers", "1" },
                                           { "/stages/serve/steps/0/time", "\"10ms\"" } };
        assert_close(capacity_with(SIX_CONSUMERS, edit, 4), 100, 2);
    }
}

/* Nor what of it falls on records: those of 50 ms that a pause of 30 ms meets go on at its end, and only those that
 * would have before are later for it; and one that lasts as long as the run ends with it. */
static void a_pause_counts_as_far_as_it_keeps_records(void **state)
{
    static const char short_ones[] = "{\"f\": {\"pause\": \"back\", \"every\": \"200ms\", \"for\": \"30ms\"}}";
    static const char long_one[] = "{\"f\": {\"pause\": \"back\", \"at\": \"50s\", \"for\": \"1h\"}}";
    const struct study_edit often = { "/faults", short_ones };
    const struct study_edit cut[] = { { "/faults", long_one }, { "/run/ends", "\"100s\"" } };
    (void)state;
    assert_close(capacity_with(SIX_CONSUMERS, &often, 1), 120, 2.4);
    assert_close(capacity_with(SIX_CONSUMERS, cut, 2), 120, 2.4);
}

/* clang-format off */
static const char LONG_AND_SHORT[] = TRIAL_JSON({
    "load": { "scenarios": { "orders": { "executor": "constant-arrival-rate", "rate": 100, "duration": "100s" } } },
    "orders": { "item": 1, "quantity": 1 },
    "kafka": { "partitions": 1, "append": "0s", "fetch": "0s", "commit": "0s", "poll": "0s" },
    "topics": { "long": {}, "short": { "partitions": 3 } },
    "tables": { "orders": { "key": "order_id" } },
    "processes": {
        "front": { "connections": 0, "api": { "threads": 200, "stage": "accept" } },
        "back": { "connections": 0, "groups": "all" }
    },
    "groups": { "servers": { "consumers": 4, "assignor": "round-robin",
                             "reads": { "long": "take", "short": "glance" } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "long" }, { "publish": "short" },
                               { "reply": 202 } ] },
        "take": { "steps": [ { "work": "look", "time": "20ms" }, { "status": "PAID" } ] },
        "glance": { "steps": [ { "work": "look", "time": "5ms" } ] }
    }
});
/* clang-format on */

/* Whoever has the long ones does 50 orders a second, so all do 100 records. When the run is cut half of the long ones
 * are done, and all of the short ones. */
static void long_ones_that_are_left_count(void **state)
{
    const struct study_edit cut = { "/run", "{ \"at_most\": \"100s\" }" };
    (void)state;
    assert_close(capacity_with(LONG_AND_SHORT, NULL, 0), 100, 1);
    assert_close(capacity_with(LONG_AND_SHORT, &cut, 1), 100, 1);
}

/* A consumer alone, 10 ms a record, stood still for 2 s once. A hundred records were done, and of fifty of them, too
 * few to go by, it was seen how fast. */
struct hundred { double busy_s, seen_s, served_s; int64_t retries, repeats; uint32_t pauses; };

static double one_takes_s(const struct hundred *hundred)
{
    static const struct step_spec work = { .kind = STEP_WORK, .share = 1 };
    static const struct stage_spec stage = { .name = "serve", .has_time = true, .n_steps = 1, .step = &work,
                                             .time = { .family = DIST_CONSTANT, .mean_s = 0.01 } };
    static const struct topic_spec topic = { .partitions = 1, .record_bytes = 512 };
    static const struct group_read read;
    static const struct group_spec group = { .consumers = 1, .n_reads = 1, .read = &read, .max_poll_records = 500,
                                             .max_partition_fetch_bytes = 1 << 20 };
    static const struct process_spec process = { .instances = 1 };
    static const struct fault_spec fault = { .kind = FAULT_PAUSE, .on = ON_PROCESS, .when = WHEN_AT,
                                             .lasts = { .family = DIST_CONSTANT, .mean_s = 2 } };
    static const struct scenario scenario = { .n_topics = 1, .topic = &topic, .n_groups = 1, .group = &group,
                                              .n_stages = 1, .stage = &stage, .n_processes = 1, .process = &process,
                                              .n_faults = 1, .fault = &fault };
    struct group_facts facts = { .busy_ns = (sim_ns)(hundred->busy_s * SIM_S), .retries = hundred->retries,
                                 .duplicates = (uint64_t)(hundred->retries + hundred->repeats), .processed = 100 };
    const struct fault_facts happened = { .happened = hundred->pauses };
    const struct run_facts run = { .n_groups = 1, .group = &facts, .n_faults = 1, .fault = &happened };
    const struct group_samples samples = { .done = 50, .done_ns = (sim_ns)(50 * hundred->seen_s * SIM_S),
                                           .split = { .owners = 1, .fed = 1, .share = 1, .most = 1, .fetched = 1 },
                                           .longer = 1 };
    tally_init(&facts.service, &arena, 0);
    for (uint32_t i = 0; i < 100; i++) tally_add(&facts.service, (sim_ns)(hundred->served_s * SIM_S));
    return 1 / capacity_per_s(&scenario, &run, &samples, 0);
}

/* What was seen counts as far as the pause can have added the rest: no more than it lasted, nor than what records took
 * beyond their 10 ms a delivery. Records that come once more because somebody was away are added, too. */
static void what_a_fault_can_have_added(void **state)
{
    static const struct { struct hundred of; double takes_s; } table[] = {
        { { 3.0, 0.012, 0.030, 0, 0, 1 }, 0.012 },  /* 30 ms of which 20 were added: what was seen lies in that */
        { { 6.0, 0.020, 0.060, 0, 0, 1 }, 0.040 },  /* 5 s beyond their stage, of which the pause was 2 s */
        { { 1.5, 0.005, 0.015, 0, 0, 1 }, 0.010 },  /* half a second of it fell on records, and 5 ms is chance */
        { { 0.8, 0.004, 0.008, 0, 0, 1 }, 0.008 },  /* none of it did */
        { { 2.5, 0.005, 0.025, 100, 0, 1 }, 0.020 }, /* each delivered twice: 2 s are their stage's */
        { { 2.0, 0.012, 0.010, 0, 20, 0 }, 0.018 },  /* no pause, but twenty of 10 ms came again */
    };
    (void)state;
    for (uint32_t i = 0; i < sizeof table / sizeof *table; i++) {
        const double takes_s = one_takes_s(&table[i].of);
        if (fabs(takes_s - table[i].takes_s) > 1e-6) fail_msg("%u: %.9g, not %.9g", i, takes_s, table[i].takes_s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_that_slows_is_no_measure),
        cmocka_unit_test(nor_is_a_slow_broker),
        cmocka_unit_test(nor_is_a_store_that_is_away),
        cmocka_unit_test(a_fault_of_others_is),
        cmocka_unit_test(nor_is_a_pause),
        cmocka_unit_test(a_pause_counts_as_far_as_it_keeps_records),
        cmocka_unit_test(long_ones_that_are_left_count),
        cmocka_unit_test(what_a_fault_can_have_added)
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
