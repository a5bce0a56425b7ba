/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: several runs put together give means, half-widths, verdicts and a bottleneck that can be checked by hand, and
 * summary.json holds every key of the contract, reads back to the same doubles and is the same text each time.
 * Method: three runs of the study of tests/support, which differ by one order at every moment. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "sim/results/api_limit.h"
#include "sim/results/bottleneck.h"
#include "sim/results/layout.h"
#include "sim/results/more_consumers.h"
#include "sim/results/number.h"
#include "sim/results/outbox_limit.h"
#include "tests/support/small_study.h"
#include "tests/support/trial_outcome.h"

static const double student_t = 4.302652729911275; /* two-sided 95 %, 2 degrees of freedom */

static struct arena arena;

static int open_arena(void **state) { (void)state; arena_init(&arena); return 0; }
static int close_arena(void **state) { (void)state; arena_fini(&arena); return 0; }

/* ---- outcome ---- */

static void means_and_half_widths(void **state)
{
    (void)state;
    const struct outcome outcome = small_outcome(small_study(&arena), 3, &arena);

    /* 40, 39, 38 paid: mean 39, standard deviation 1 */
    assert_close(outcome_mean(&outcome, "checkpoints.half.way.paid"), 39, 1e-12);
    assert_close(outcome_half_width(&outcome, "checkpoints.half.way.paid"), student_t / sqrt(3), 1e-9);
    assert_close(outcome_mean(&outcome, "sim.events"), 1001, 1e-12);
    assert_int_equal(outcome.events, 1000 + 1001 + 1002);
    assert_true(isnan(outcome_mean(&outcome, "locks.item.wait_s.mean")));
    assert_true(isnan(outcome_mean(&outcome, "no.such.path")));
}

static void nulls_leave_the_mean(void **state)
{
    (void)state;
    const struct study *study = small_study(&arena);
    const struct layout *layout = layout_make(study, &arena);
    struct result *result[] = { small_run(layout, 0, 0, NULL, &arena), small_run(layout, 1, 25, NULL, &arena),
                                small_run(layout, 2, 0, NULL, &arena) };
    struct outcome outcome;

    assert_true(outcome_make(&outcome, study, layout, result, 3, 0.95, 7, &arena, NULL));
    assert_true(outcome.cut);
    /* the cut run never saw t = 30 s: 120 and 118 paid are left */
    const uint32_t figure = layout_find(layout, "checkpoints.late.paid", NULL);
    assert_int_equal(outcome.mean[figure].n, 2);
    assert_close(outcome.mean[figure].mean, 119, 1e-12);
}

static void thresholds_by_the_mean_and_by_runs(void **state)
{
    (void)state;
    const struct outcome outcome = small_outcome(small_study(&arena), 3, &arena);

    assert_int_equal(outcome.n_thresholds, 4);
    assert_false(outcome.threshold[0].passed);
    assert_close(outcome.threshold[0].value, 0.595, 1e-12);
    assert_close(outcome.threshold[0].passed_share, 0, 0);
    assert_true(outcome.threshold[2].passed);
    /* sampled peaks 120, 121, 122 against 121 */
    assert_true(outcome.threshold[3].passed);
    assert_close(outcome.threshold[3].passed_share, 2.0 / 3, 1e-15);
}

static void invariants_over_runs(void **state)
{
    (void)state;
    const struct outcome outcome = small_outcome(small_study(&arena), 3, &arena);

    assert_int_equal(outcome.n_invariants, 3);
    assert_int_equal(outcome.invariant[0].verdict, VERDICT_HOLDS);
    assert_null(outcome.invariant[0].first);
    assert_int_equal(outcome.invariant[2].verdict, VERDICT_BROKEN);
    assert_int_equal(outcome.invariant[2].violations, 5);
    assert_int_equal(outcome.invariant[2].first_replication, 2);
    assert_int_equal(outcome.invariant[2].first->first_order_id, 42);
}

/* Two safety invariants, the second broken in one of three runs; one liveness invariant that is never broken. */
static void safety_and_liveness_apart(void **state)
{
    (void)state;
    const struct outcome outcome = small_outcome(small_study(&arena), 3, &arena);

    assert_int_equal(outcome.safety.verdict, VERDICT_BROKEN);
    assert_int_equal(outcome.safety.invariants, 2);
    assert_int_equal(outcome.safety.broken, 1);
    assert_int_equal(outcome.safety.runs_broken, 1);
    /* 1 of 3: the p with (1 - p)^3 + 3 p (1 - p)^2 = 0.05 */
    const double p = outcome.safety.upper_limit_95;
    assert_close(pow(1 - p, 3) + 3 * p * pow(1 - p, 2), 0.05, 1e-12);
    assert_int_equal(outcome.liveness.verdict, VERDICT_HOLDS);
    assert_int_equal(outcome.liveness.invariants, 1);
    assert_int_equal(outcome.liveness.runs_broken, 0);
    assert_close(outcome.liveness.upper_limit_95, 1 - pow(0.05, 1.0 / 3), 1e-12);
    assert_int_equal(outcome.all.invariants, 3);
    assert_int_equal(outcome.all.runs_broken, 1);
    assert_close(outcome.all.upper_limit_95, p, 0);
}

static void exit_codes(void **state)
{
    (void)state;
    const struct outcome broken = small_outcome(small_study(&arena), 3, &arena);
    const struct outcome missed = small_outcome(small_study(&arena), 2, &arena);
    struct outcome met = missed;
    met.n_thresholds = 0;

    assert_int_equal(outcome_exit(&broken), 4);
    assert_int_equal(outcome_exit(&missed), 99);
    assert_int_equal(outcome_exit(&met), 0);
}

static void fingerprint_hangs_on_order(void **state)
{
    (void)state;
    const struct study *study = small_study(&arena);
    const struct layout *layout = layout_make(study, &arena);
    struct result *a = small_run(layout, 0, 0, NULL, &arena), *b = small_run(layout, 1, 0, NULL, &arena);
    struct result *forth[] = { a, b }, *back[] = { b, a };
    struct outcome one, two, three;

    assert_true(outcome_make(&one, study, layout, forth, 1, 0.95, 7, &arena, NULL));
    assert_int_equal(one.fingerprint, a->fingerprint);
    assert_true(outcome_make(&two, study, layout, forth, 2, 0.95, 7, &arena, NULL));
    assert_true(outcome_make(&three, study, layout, back, 2, 0.95, 7, &arena, NULL));
    assert_int_not_equal(two.fingerprint, three.fingerprint);
}

static void bottleneck_with_figures(void **state)
{
    (void)state;
    const struct outcome outcome = small_outcome(small_study(&arena), 3, &arena);
    const struct group_demand *first = &outcome.demand[0], *next = &outcome.demand[1];

    assert_string_equal(outcome.bottleneck_group, SMALL_STOCK);
    assert_close(first->offered_per_s, 10, 1e-9);
    assert_close(first->capacity_per_s, 200 / 51.0, 1e-9); /* busy for 51 s with 200 records */
    assert_close(first->pressure, 2.55, 1e-9);
    assert_non_null(strstr(outcome.bottleneck_reason, "1 consumer does 3.9 records/s"));
    assert_non_null(strstr(outcome.bottleneck_reason, "up to 121 records wait (at 20.0 s)"));
    assert_int_equal(next->working, 1);
    assert_close(next->pressure, 0.00255, 1e-9);
}

/* ---- observations ---- */

static struct comparison comparison_of(const struct outcome *outcome, enum predicted_kind kind, uint32_t item)
{
    for (uint32_t i = 0; i < outcome->layout->n_predictions; i++)
        if (outcome->layout->prediction[i].kind == kind && outcome->layout->prediction[i].item == item)
            return comparison_make(outcome, i);
    fail_msg("no prediction of kind %d for item %u", (int)kind, (unsigned)item);
    return (struct comparison){ 0 };
}

/* clang-format off */
static const char ONE_CONSUMER[] = TRIAL_JSON({
    "load": { "scenarios": { "orders": { "executor": "constant-arrival-rate", "rate": 10, "duration": "2m" } } },
    "orders": { "item": 1, "quantity": 1 },
    "kafka": { "partitions": 1 },
    "topics": { "orders": {} },
    "tables": { "orders": { "key": "order_id" } },
    "processes": {
        "front": { "connections": 0, "api": { "threads": 4, "stage": "accept" } },
        "back": { "connections": 0, "groups": "all" }
    },
    "groups": { "servers": { "consumers": 1, "reads": { "orders": "serve" } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "orders" }, { "reply": 202 } ] },
        "serve": { "steps": [ { "work": "look", "time": "10ms" }, { "status": "PAID" } ] }
    }
});
/* clang-format on */

static struct trial opened;

/* Of a run of ONE_CONSUMER with some edits. The trial stays open. */
static struct outcome outcome_open(const struct study_edit *edits, uint32_t n_edits, struct group_facts *group)
{
    trial_open(&opened, ONE_CONSUMER, edits, n_edits);
    return trial_outcome(&opened, group, &arena);
}

/* group: of its first group. Its study is gone. */
static struct outcome outcome_seen(const struct study_edit *edits, uint32_t n_edits, struct group_facts *group)
{
    struct outcome outcome = outcome_open(edits, n_edits, group);
    for (uint32_t i = 0; i < outcome.n_demands; i++)
        ((struct group_demand *)outcome.demand)[i].name = arena_strdup(&arena, outcome.demand[i].name);
    trial_close(&opened);
    return outcome;
}

static double capacity_seen(const struct study_edit *edits, uint32_t n_edits, struct group_facts *group)
{
    return outcome_seen(edits, n_edits, group).demand[0].capacity_per_s;
}

static void expect_capacity(const char *faults, const char *sample_every, double per_s)
{
    const struct study_edit edits[] = { { "/faults", faults }, { "/run/sample_every", sample_every } };
    struct group_facts group;
    assert_close(capacity_seen(edits, 2, &group), per_s, 0.02 * per_s);
    assert_true(group.peak_backlog > 300);
}

/* A record takes 10 ms: one consumer does 100 a second while it is there, however long a fault keeps it away with
 * records waiting, and however often somebody looks. A crash is noticed when the session of 45 s has ended. */
static void who_is_away_does_not_count_as_slow(void **state)
{
    static const char crash[] = "{\"fault\": {\"crash\": \"back\", \"at\": \"10.005s\", \"back_after\": \"1s\"}}";
    (void)state;
    expect_capacity(crash, "100ms", 100);
    expect_capacity(crash, "1s", 100);
    expect_capacity(crash, "10s", 100);
    expect_capacity("{\"fault\": {\"pause\": \"back\", \"at\": \"10s\", \"for\": \"40s\"}}", "100ms", 100);
    expect_capacity("{\"fault\": {\"outage\": \"kafka\", \"at\": \"10s\", \"for\": \"40s\"}}", "100ms", 100);
    expect_capacity("{\"fault\": {\"restart\": \"back\", \"at\": \"10s\", \"back_after\": \"40s\"}}", "1s", 100);
}

/* Seven of six hundred records sleep for 29 s each, and hundreds wait for them: what few are done meanwhile is chance.
 * A fault that slows nothing down, or takes 20 ms of half a minute, has not made the others slow. */
static void a_fault_adds_what_it_can(void **state)
{
    static const char steps[] = "[{\"work\": \"look\", \"time\": {\"mean\": \"50ms\", \"cv\": 1}, "
                                "\"refuse\": 0.01}, "
                                "{\"status\": \"PAID\"}]";
    static const char *const faults[] = {
        "{}", "{\"f\": {\"slow\": \"kafka\", \"at\": \"1s\", \"for\": \"1ms\", \"factor\": 1}}",
        "{\"f\": {\"slow\": \"kafka\", \"at\": \"1s\", \"for\": \"1h\", \"factor\": 1}}",
        "{\"f\": {\"pause\": \"back\", \"at\": \"1s\", \"for\": \"20ms\"}}",
        "{\"f\": {\"outage\": \"kafka\", \"at\": \"30s\", \"for\": \"1ms\"}}",
        "{\"f\": {\"crash\": \"front\", \"at\": \"59.99s\", \"back_after\": \"1ms\"}}" };
    static const char *const backoff[] = { "1s", "0s" };
    (void)state;
    for (uint32_t b = 0; b < 2; b++) {
        double without = 0;
        for (uint32_t i = 0; i < 6; i++) {
            const struct study_edit edits[] = {
                { "/run/seed", "78" }, { "/stages/serve/steps", steps }, { "/load/scenarios/orders/duration", "1m" },
                { "/load/scenarios/orders/rate", "10" }, { "/kafka/partitions", "3" },
                { "/groups/servers/consumers", "3" }, { "/groups/servers/deliveries", "30" },
                { "/groups/servers/backoff", backoff[b] }, { "/faults", faults[i] } };
            struct group_facts group;
            const double per_s = capacity_seen(edits, 9, &group);
            if (i == 0) without = per_s;
            assert_close(per_s, without, 0.02 * without);
        }
    }
}

/* A thousand records wait when the group starts, and are done at its pace: 100 a second of one consumer; 150 of two of
 * which one has two of three partitions. A cold group is there when its members are: after the initial delay. */
static void time_before_the_start_does_not_count(void **state)
{
    static const struct { const char *start, *consumers, *partitions; bool cold; double per_s; } of[] = {
        { "100s", "1", "1", false, 100 }, { "100s", "2", "3", false, 150 }, { "1s", "1", "1", true, 100 } };
    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        const struct study_edit edits[] = { { "/groups/servers/start", of[i].start },
                                            { "/groups/servers/consumers", of[i].consumers },
                                            { "/kafka/partitions", of[i].partitions },
                                            { "/groups/servers/cold", of[i].cold ? "true" : "false" },
                                            { "/groups/servers/reset", "earliest" },
                                            { "/kafka/rebalance_delay", "99s" } };
        struct group_facts group;
        assert_close(capacity_seen(edits, 6, &group), of[i].per_s, 0.02 * of[i].per_s);
        assert_true(group.peak_backlog >= 1000);
    }
}

/* Kept busy for four fifths of the time by records of very different length (cv 2), a consumer has now and then many
 * waiting; it is always a long record that has made them wait. Two hours of 16 records a second: the mean of 115,000
 * times of 50 ms has a standard error of 0.6 %. */
static void long_records_do_not_count_twice(void **state)
{
    static const char load[] = "{\"orders\": {\"executor\": \"poisson\", \"rate\": 16, \"duration\": \"2h\"}}";
    static const char steps[] = "[{\"work\": \"look\", \"time\": {\"mean\": \"50ms\", \"cv\": 2}}, {\"status\": \"PAID\"}]";
    static const char *const every[] = { "100ms", "1s", "10s" };
    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        const struct study_edit edits[] = { { "/load/scenarios", load }, { "/stages/serve/steps", steps },
                                            { "/run/sample_every", every[i] } };
        struct group_facts group;
        assert_close(capacity_seen(edits, 3, &group), 20, 0.03 * 20);
        assert_true(group.peak_backlog > 100);
    }
}

/* Sixty orders come at once every second, for ten minutes. A hundred of them get a thing and take 100 ms; all others
 * are refused after 1 ms, and sixty that wait are then no work for a second. In the mean 100 ms x 100 and 1 ms x 35,900
 * over 36,000. */
static void what_is_refused_is_soon_done(void **state)
{
    static const char load[] = "{\"orders\": {\"executor\": \"bursts\", \"size\": 60, \"every\": \"1s\", "
                               "\"duration\": \"10m\"}}";
    static const char steps[] = "[{\"begin\": \"stock\"}, {\"write\": \"stock\", \"style\": \"conditional\", "
                                "\"effect\": \"reserve\", \"time\": \"1ms\", \"otherwise\": "
                                "[{\"rollback\": \"stock\"}, {\"status\": \"FAILED\"}]}, {\"commit\": \"stock\"}, "
                                "{\"work\": \"ship\", \"time\": \"99ms\"}, {\"status\": \"PAID\"}]";
    static const char tables[] = "{\"orders\": {\"key\": \"order_id\"}, "
                                 "\"stock\": {\"key\": \"item\", \"rows\": 1, \"quantity\": 100}}";
    const struct study_edit edits[] = { { "/load/scenarios", load }, { "/tables", tables },
                                        { "/stages/serve/steps", steps }, { "/kafka/append", "0s" } };
    const double takes_s = (0.1 * 100 + 0.001 * 35900) / 36000;
    struct group_facts group;
    (void)state;
    const double per_s = capacity_seen(edits, 4, &group);
    assert_close(tally_mean_s(&group.service), takes_s, 1e-9);
    assert_close(per_s, 1 / takes_s, 0.02 / takes_s);
}

/* A hundred and fifty orders a second for two minutes, of which one consumer does some hundred: it is behind until long
 * after the load. What it is said to do is the same, to the last bit, however often somebody wants rows of lag.csv. */
static void how_often_rows_are_wanted_changes_nothing(void **state)
{
    static const char steps[] = "[{\"work\": \"look\", \"time\": {\"mean\": \"10ms\", \"cv\": 0.5}}, "
                                "{\"status\": \"PAID\"}]";
    static const char *const every[] = { "1s", "100ms", "250ms", "5s", "20s" };
    double first = 0;
    (void)state;
    for (uint32_t i = 0; i < 5; i++) {
        const struct study_edit edits[] = { { "/load/scenarios/orders/rate", "150" }, { "/stages/serve/steps", steps },
                                            { "/run/sample_every", every[i] } };
        struct group_facts group;
        const double seen = capacity_seen(edits, 3, &group);
        if (i == 0) first = seen;
        assert_true(isfinite(seen) && seen == first);
    }
}

/* A run of which nobody wants anything has the same events and facts. */
static void looking_is_no_event(void **state)
{
    struct trial trial;
    (void)state;
    trial_open(&trial, ONE_CONSUMER, NULL, 0);
    struct recorder *recorder = recorder_open(layout_make(&trial.study, &arena), 0, NULL, &arena);
    const struct run_facts *unseen = trial_run(&trial, 0, NULL);
    const uint64_t events = unseen->events, fingerprint = unseen->fingerprint;
    const struct run_facts *seen = trial_run(&trial, 0, recorder_observer(recorder));
    assert_int_equal(seen->events, events);
    assert_int_equal(seen->fingerprint, fingerprint);
    trial_close(&trial);
}

/* One record in five is given up after its second delivery: 10 ms, 100 ms of sleep, and 10 ms again. 32 ms a record in
 * the mean, at a tenth of the load that this allows and at four fifths of it. */
static void what_is_tried_again_takes_time(void **state)
{
    static const char steps[] = "[{\"work\": \"look\", \"time\": \"10ms\", \"refuse\": 0.2}, {\"status\": \"PAID\"}]";
    static const char *const rate[] = { "3", "25" };
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        const struct study_edit edits[] = {
            { "/stages/serve/steps", steps }, { "/load/scenarios/orders/rate", rate[i] },
            { "/load/scenarios/orders/duration", "\"1h\"" }, { "/groups/servers/backoff", "\"100ms\"" },
            { "/groups/servers/deliveries", "2" } };
        struct group_facts group;
        assert_close(capacity_seen(edits, 5, &group), 1 / 0.032, 0.03 / 0.032);
        assert_true(group.skipped > 1800);
    }
}

/* Commits of 50 ms where 11 records are due, in polls of 10: at the end of every second one, 5 + 50/20 ms a record. And
 * of 200 ms once a second, at the end of a poll of 10 x 5 ms: the second holds the commit and 16 polls, 5 + 200/160 ms.
 * With little to do and with too much. */
static void commits_fall_at_the_end_of_polls(void **state)
{
    static const char steps[] = "[{\"work\": \"look\", \"time\": \"5ms\"}, {\"status\": \"PAID\"}]";
    static const struct { const char *mode, *commit; double per_s; } of[] = { { "count", "50ms", 1 / 0.0075 },
                                                                           { "time", "200ms", 1 / 0.00625 } };
    static const char *const rate[] = { "20", "100", "200" };
    (void)state;
    for (uint32_t i = 0; i < 6; i++) {
        const struct study_edit edits[] = {
            { "/stages/serve/steps", steps }, { "/load/scenarios/orders/rate", rate[i % 3] },
            { "/load/scenarios/orders/duration", "3m" }, { "/kafka/commit", of[i / 3].commit },
            { "/kafka/commit_mode", of[i / 3].mode }, { "/kafka/commit_count", "11" }, { "/kafka/commit_time", "1s" },
            { "/kafka/max_poll_records", "10" } };
        struct group_facts group;
        assert_close(capacity_seen(edits, 8, &group), of[i / 3].per_s, 0.01 * of[i / 3].per_s);
        assert_int_equal(group.peak_backlog > 5000, i % 3 == 2);
    }
}

/* A failure ends its poll. One record in twenty fails five times: 0.95 x 10 + 0.05 x 5 x 10 ms of work. Polls of ten
 * end after 1 - 0.95^10 = 0.401 / 0.05 = 8.03 records, and four more for each that fails, of 1 ms. What was done before
 * one that fails is committed, unless it is the first of its poll, and what is given up once more: 0.95 / 8.03 + 0.05
 * commits of 20 ms. Four fetches of 10 ms for each: 17.7 ms a record. With few records the polls are shorter, and what
 * it would do is the same. */
static void a_failure_ends_its_poll(void **state)
{
    static const char steps[] = "[{\"work\": \"look\", \"time\": \"10ms\", \"refuse\": 0.05}, {\"status\": \"PAID\"}]";
    static const char *const rate[] = { "5", "30", "45", "53", "70" };
    (void)state;
    for (uint32_t i = 0; i < 5; i++) {
        const struct study_edit edits[] = {
            { "/stages/serve/steps", steps }, { "/load/scenarios/orders/rate", rate[i] },
            { "/load/scenarios/orders/duration", "20m" }, { "/kafka/commit", "20ms" }, { "/kafka/fetch", "10ms" },
            { "/kafka/poll", "1ms" }, { "/kafka/fetch_order", "arrival" }, { "/kafka/max_poll_records", "10" },
            { "/groups/servers/deliveries", "5" } };
        struct group_facts group;
        assert_close(capacity_seen(edits, 9, &group), 1 / 0.0177, 0.03 / 0.0177);
        assert_int_equal(group.peak_backlog > 1000, i == 4);
    }
}

/* Ten records of 2 ms to a block; each poll ends with a commit of 3 ms. Alone, a partition is asked for again when its
 * block is used up. Ten records in polls of three: four polls, 32 ms, and of a fetch of 20 ms the last record and its
 * commit take 5: 47 ms. Of four: 29 ms and all but 7 of the fetch, 42 ms. A last poll that the block's end fills counts
 * as unread until the next one: of five, 26 + 20; of ten, 23 + 20; of one, 50 + 20. One that could hold more leaves 23
 * ms of work beside the fetch.
 *
 * Two partitions, of which one is worked off while the other is fetched: a block takes 26 ms, or a fetch. Where a poll
 * holds all there is, 43 ms of work or a fetch of 45 bring 20 records, 63 of work bring 30; and where work is short
 * beside them, two fetches bring one block and the two others, whichever it is: 200 ms for 30. Between these, fetches
 * wait for polls and polls for fetches; what a consumer does is what it is said to do when it has little to do. */
static void some_fetches_are_waited_for(void **state)
{
    static const char steps[] = "[{\"work\": \"look\", \"time\": \"2ms\"}, {\"status\": \"PAID\"}]";
    static const struct { const char *partitions, *poll, *fetch; double per_s; } of[] = {
        { "1", "3", "20ms", 10 / 0.047 },   { "1", "4", "20ms", 10 / 0.042 },  { "1", "5", "20ms", 10 / 0.046 },
        { "1", "10", "20ms", 10 / 0.043 },  { "1", "1", "20ms", 10 / 0.07 },   { "1", "500", "20ms", 10 / 0.023 },
        { "2", "5", "30ms", 10 / 0.03 },    { "2", "5", "20ms", 10 / 0.026 },  { "2", "500", "45ms", 20 / 0.045 },
        { "3", "500", "45ms", 30 / 0.063 }, { "3", "10", "100ms", 30 / 0.2 },  { "3", "10", "30ms", 0 },
        { "3", "5", "45ms", 0 },            { "3", "15", "45ms", 0 },          { "5", "5", "100ms", 0 } };
    (void)state;
    for (uint32_t i = 0; i < sizeof of / sizeof *of; i++) {
        double per_s[2];
        for (uint32_t busy = 0; busy < 2; busy++) {
            const struct study_edit edits[] = {
                { "/stages/serve/steps", steps }, { "/load/scenarios/orders/rate", busy ? "1000" : "20" },
                { "/load/scenarios/orders/duration", "30s" }, { "/kafka/commit", "3ms" },
                { "/kafka/record_bytes", "100000" }, { "/kafka/partitions", of[i].partitions },
                { "/kafka/max_poll_records", of[i].poll }, { "/kafka/fetch", of[i].fetch } };
            struct group_facts group;
            per_s[busy] = capacity_seen(edits, 8, &group);
            if (of[i].per_s > 0) assert_close(per_s[busy], of[i].per_s, 0.005 * of[i].per_s);
            assert_int_equal(group.peak_backlog > 5000, busy);
        }
        assert_close(per_s[0], per_s[1], 0.01 * per_s[1]);
    }
}

/* The same records in polls of three, and fetches of 30 ms. Who has three partitions does ten in 10 x 2 + 10 / 3 x 3 =
 * 30 ms, always with a block at hand. With two, one block is worked off while the other is fetched, and 32 ms go by
 * from one to the next, for a poll ends where nothing is left. Two consumers, one of whom has two of the partitions, do
 * ten in 32 ms over two thirds. */
static void fewer_partitions_have_less_at_hand(void **state)
{
    static const char steps[] = "[{\"work\": \"look\", \"time\": \"2ms\"}, {\"status\": \"PAID\"}]";
    const struct study_edit edits[] = {
        { "/stages/serve/steps", steps }, { "/load/scenarios/orders/rate", "20" },
        { "/load/scenarios/orders/duration", "30s" }, { "/kafka/commit", "3ms" }, { "/kafka/record_bytes", "100000" },
        { "/kafka/partitions", "3" }, { "/kafka/max_poll_records", "3" }, { "/kafka/fetch", "30ms" } };
    struct group_facts group;
    (void)state;
    const struct outcome outcome = outcome_open(edits, 8, &group);
    assert_close(outcome.demand[0].capacity_per_s, 10 / 0.03, 1);
    assert_int_equal(outcome.demand[0].next, 2);
    assert_close(more_consumers(&outcome, 0).next_per_s, 10 / 0.032 * 3 / 2, 2);
    trial_close(&opened);
}

/* What a failure sends back is fetched again, of all partitions whose records were in that poll; those of the others
 * are at hand, as long as they last. One record in ten and one in three fail, with little to do and with too much. */
static void what_is_sought_back_to_is_fetched(void **state)
{
    static const struct { const char *refuse, *deliveries, *poll, *fetch; } of[] = {
        { "0.1", "2", "500", "20ms" }, { "0.3", "2", "10", "20ms" }, { "0.1", "4", "50", "60ms" } };
    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        char steps[120];
        double per_s[2];
        snprintf(steps, sizeof steps, "[{\"work\": \"look\", \"time\": \"5ms\", \"refuse\": %s}, "
                 "{\"status\": \"PAID\"}]", of[i].refuse);
        for (uint32_t busy = 0; busy < 2; busy++) {
            const struct study_edit edits[] = {
                { "/stages/serve/steps", steps }, { "/load/scenarios/orders/rate", busy ? "300" : "10" },
                { "/load/scenarios/orders/duration", busy ? "3m" : "30m" }, { "/kafka/commit", "3ms" },
                { "/kafka/partitions", "3" }, { "/kafka/max_poll_records", of[i].poll },
                { "/kafka/fetch", of[i].fetch }, { "/groups/servers/deliveries", of[i].deliveries },
                { "/groups/servers/backoff", "10ms" } };
            struct group_facts group;
            per_s[busy] = capacity_seen(edits, 9, &group);
            assert_int_equal(group.peak_backlog > 5000, busy);
        }
        assert_close(per_s[0], per_s[1], 0.03 * per_s[1]);
    }
}

/* The same where a second topic is read, to which nothing comes, or of one record in ten another group's answer. Three
 * partitions each: without it one consumer does 47 a second, and three do 140. What they do in truth is 60,000 records
 * until the last is done; that is told of few records, too, and of one consumer less. Of the last partition's records
 * more have failed by chance, one in twenty, and what is parked takes most of their time: so many hundredths. */
static void a_quiet_topic_parks_the_fetch(void **state)
{
    static const char *const answered[] = { "1e-9", "0.1" };
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        double few_per_s[4], less_per_s[5], true_per_s[4];
        char stages[800];
        snprintf(stages, sizeof stages,
                 "{\"accept\": {\"steps\": [{\"insert\": \"orders\"}, {\"publish\": \"orders\"}, {\"reply\": 202}]}, "
                 "\"serve\": {\"steps\": [{\"work\": \"look\", \"time\": {\"mean\": \"20ms\", \"cv\": 0.3}, "
                 "\"refuse\": 0.05}, {\"status\": \"PAID\"}, {\"publish\": \"done\"}]}, "
                 "\"answer\": {\"steps\": [{\"work\": \"look\", \"time\": \"1ms\", \"refuse\": %s, "
                 "\"otherwise\": [{\"publish\": \"spare\"}]}]}, \"again\": {\"steps\": [{\"work\": \"look\", "
                 "\"time\": {\"mean\": \"20ms\", \"cv\": 0.3}}]}}", answered[i]);
        for (uint32_t n = 0; n < 6; n++) {
            const uint32_t consumers = n / 2 + 1;
            const bool busy = n % 2;
            char groups[300];
            snprintf(groups, sizeof groups,
                     "{\"servers\": {\"consumers\": %u, \"deliveries\": 2, \"reads\": {\"orders\": \"serve\", "
                     "\"spare\": \"again\"}}, \"others\": {\"consumers\": 1, \"reads\": {\"done\": \"answer\"}}}",
                     (unsigned)consumers);
            const struct study_edit edits[] = {
                { "/stages", stages }, { "/load/scenarios/orders/rate", busy ? "1200" : "10" },
                { "/load/scenarios/orders/duration", busy ? "50s" : "30m" }, { "/kafka/partitions", "3" },
                { "/kafka/commit", "3ms" }, { "/kafka/fetch", "1ms" }, { "/groups", groups },
                { "/topics", "{\"orders\": {}, \"spare\": {}, \"done\": {}}" } };
            struct group_facts group;
            const struct outcome outcome = outcome_open(edits, 8, &group);
            const double all = outcome_mean(&outcome, "groups.servers.processed") +
                               outcome_mean(&outcome, "groups.servers.skipped");
            if (!busy) few_per_s[consumers] = outcome_mean(&outcome, "groups.servers.capacity_per_s");
            if (busy) less_per_s[consumers + 1] = more_consumers(&outcome, 0).next_per_s;
            if (busy) true_per_s[consumers] = all / outcome_mean(&outcome, "groups.servers.drained_at_s");
            trial_close(&opened);
        }
        for (uint32_t n = 1; n <= 3; n++) {
            assert_close(few_per_s[n], true_per_s[n], 0.14 * true_per_s[n]);
            if (n > 1) assert_close(less_per_s[n], true_per_s[n], 0.14 * true_per_s[n]);
        }
    }
}

/* Two consumers and four of another group read 100 orders a second, each with a command at a store that does one at a
 * time. Who has 2 ms of 10 there where the others have 12 waits for them, and four do more than two: 71 and 50 a second.
 * Who has 19 of 20 where the others have a half waits for the other one: alone they would do 5 % more, no tenth. */
static void who_waits_for_whom(void **state)
{
    static const struct { const char *own, *rest, *others; enum more_limit limit; } of[] = {
        { "2ms", "8ms", "12ms", MORE_SPLIT }, { "19ms", "1ms", "0.5ms", MORE_SHARED } };
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        char stages[600];
        struct group_facts group;
        snprintf(stages, sizeof stages,
                 "{\"accept\": {\"steps\": [{\"insert\": \"orders\"}, {\"publish\": \"orders\"}, {\"reply\": 202}]}, "
                 "\"serve\": {\"steps\": [{\"read\": \"points\", \"time\": \"%s\"}, {\"work\": \"look\", \"time\": "
                 "\"%s\"}, {\"status\": \"PAID\"}]}, \"fill\": {\"steps\": [{\"read\": \"points\", \"time\": "
                 "\"%s\"}]}}", of[i].own, of[i].rest, of[i].others);
        const struct study_edit edits[] = {
            { "/stages", stages }, { "/load/scenarios/orders/rate", "100" },
            { "/load/scenarios/orders/duration", "60s" }, { "/kafka/partitions", "4" },
            { "/stores", "{\"db\": {\"capacity\": 1}}" }, { "/orders/user", "{\"uniform\": [1, 100000]}" },
            { "/tables/points", "{\"key\": \"user\", \"rows\": 100000, \"quantity\": 10, \"store\": \"db\"}" },
            { "/groups/servers/consumers", "2" },
            { "/groups/others", "{\"consumers\": 4, \"reads\": {\"orders\": \"fill\"}}" } };
        const struct outcome outcome = outcome_open(edits, 9, &group);
        const struct more_consumers more = more_consumers(&outcome, 0);
        assert_string_equal(outcome.demand[0].name, "servers");
        assert_int_equal(more.limit, of[i].limit);
        assert_true(more.next_at_most);
        trial_close(&opened);
    }
}

/* A thousand orders a second for two seconds: as many arrive whenever that begins, and whatever ends it. So is
 * what is seen to come. */
static void when_a_load_begins_changes_nothing(void **state)
{
    static const char *const load[] = { "\"startTime\": \"0s\", \"duration\": \"2s\"",
                                        "\"startTime\": \"100s\", \"duration\": \"2s\"",
                                        "\"startTime\": \"100s\", \"duration\": \"10m\"",
                                        "\"startTime\": \"100s\", \"duration\": \"10m\"" };
    static const char *const run[] = { "{}", "{}", "{\"ends\": \"102s\"}", "{}" };
    double came_per_s = 0;
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        char text[200];
        struct group_facts group;
        snprintf(text, sizeof text, "{\"a\": {\"executor\": \"constant-arrival-rate\", \"rate\": 1000, %s}}", load[i]);
        const struct study_edit edits[] = { { "/load/scenarios", text }, { "/run", run[i] },
                                            { "/orders/at_most", "2000" } };
        const struct outcome outcome = outcome_seen(edits, i == 3 ? 3 : 2, &group);
        const double came = outcome_mean(&outcome, "groups.servers.peak_rate_per_s");
        assert_close(outcome.demand[0].offered_per_s, 1000, 1);
        if (i == 0) came_per_s = came;
        assert_close(came, came_per_s, 0.02 * came_per_s); /* the last look is up to 25 ms late */
    }
}

/* Of 10 requests a second two connections, each held for 500 ms, take 4; the others wait for 30 s and fail. A record
 * takes 160 ms: one consumer does 6.25 of them. */
static void what_has_failed_did_not_arrive(void **state)
{
    static const char stages[] = "{\"accept\": {\"steps\": [{\"begin\": \"orders\"}, {\"insert\": \"orders\", "
                                 "\"time\": \"400ms\"}, {\"commit\": \"orders\", \"time\": \"100ms\"}, "
                                 "{\"publish\": \"orders\"}, {\"reply\": 202}]}, \"serve\": {\"steps\": "
                                 "[{\"work\": \"look\", \"time\": \"160ms\"}, {\"status\": \"PAID\"}]}}";
    const struct study_edit edits[] = { { "/stages", stages }, { "/load/scenarios/orders/rate", "10" },
                                        { "/load/scenarios/orders/duration", "300s" },
                                        { "/processes/front/connections", "2" },
                                        { "/processes/front/api/threads", "1000" } };
    struct group_facts group;
    (void)state;
    const struct outcome outcome = outcome_seen(edits, 5, &group);
    assert_close(outcome.demand[0].offered_per_s, 4, 0.1);
    assert_close(outcome.demand[0].pressure, 4 * 0.16, 0.03);
}

/* A request takes 500 ms, all of it with a connection, or with a thread: two of either take 4 a second of the 10 that
 * come, whether the others fail, wait, or find no VU; ten connections take 20. More VUs would bring nothing. */
static void the_api_may_be_what_limits(void **state)
{
    static const char stages[] = "{\"accept\": {\"steps\": [{\"begin\": \"orders\"}, {\"insert\": \"orders\", "
                                 "\"time\": \"400ms\"}, {\"commit\": \"orders\", \"time\": \"100ms\"}, "
                                 "{\"publish\": \"orders\"}, {\"reply\": 202}]}, \"serve\": {\"steps\": "
                                 "[{\"work\": \"look\", \"time\": \"10ms\"}, {\"status\": \"PAID\"}]}}";
    static const struct { const char *connections, *threads, *vus; enum api_limit_kind kind; const char *en, *ko; }
    of[] = {
        { "2", "1000", "1000", API_LIMIT_POOL,
          "the API of front takes 4.0 requests/s at most (2 connections in its pool, which a request has for 500 ms), "
          "and the load would bring up to 10.0/s (250.0%); 1,",
          "front의 API는 많아야 초당 4.0건 (커넥션 풀의 커넥션 2개, 요청당 500 ms 점유), 부하는 최대 초당 10.0건 (250.0%); 실패한 요청 1," },
        { "2", "1000", "20", API_LIMIT_POOL, "starts found no free VU", "가용 VU가 없어 누락된 시작" },
        { "0", "2", "1000", API_LIMIT_THREADS, "(2 threads, which a request has for 500 ms)", "(스레드 2개" },
        { "10", "1000", "1000", API_LIMIT_NONE, "", "" },
        { "0", "1000", "1000", API_LIMIT_NONE, "", "" } };
    (void)state;
    for (uint32_t i = 0; i < sizeof of / sizeof *of; i++) {
        const struct study_edit edits[] = {
            { "/stages", stages }, { "/load/scenarios/orders/duration", "300s" },
            { "/load/scenarios/orders/preAllocatedVUs", of[i].vus }, { "/load/scenarios/orders/maxVUs", of[i].vus },
            { "/processes/front/connections", of[i].connections },
            { "/processes/front/api/threads", of[i].threads } };
        struct group_facts group;
        const struct outcome outcome = outcome_open(edits, 6, &group);
        const struct api_limit limit = api_limit_of(&outcome);
        char text[1024];
        assert_int_equal(limit.kind, of[i].kind);
        if (limit.kind != API_LIMIT_NONE) assert_close(limit.most_per_s, 4, 1e-9);
        assert_non_null(strstr(api_limit_text(&outcome, LANG_EN, text, sizeof text), of[i].en));
        assert_non_null(strstr(api_limit_text(&outcome, LANG_KO, text, sizeof text), of[i].ko));
        assert_int_equal(*text == '\0', limit.kind == API_LIMIT_NONE);
        assert_int_equal(strstr(outcome.bottleneck_reason, "the API takes no more") != NULL, i == 1 || i == 2);
        if (limit.kind != API_LIMIT_NONE) assert_close(outcome.demand[0].offered_per_s, 4, 0.1);
        more_consumers_text(&outcome, LANG_EN, text, sizeof text);
        assert_int_equal(strstr(text, "what limits is the API") != NULL, limit.kind != API_LIMIT_NONE);
        trial_close(&opened);
    }
}

/* Two connections, each held for a minute, take one request in 30 s of the three that come; what has waited for half a
 * minute fails. */
static void a_slow_api_takes_more_than_nothing(void **state)
{
    static const char stages[] = "{\"accept\": {\"steps\": [{\"insert\": \"orders\", \"time\": \"60s\"}, "
                                 "{\"publish\": \"orders\"}, {\"reply\": 202}]}, \"serve\": {\"steps\": "
                                 "[{\"work\": \"look\", \"time\": \"10ms\"}, {\"status\": \"PAID\"}]}}";
    const struct study_edit edits[] = {
        { "/stages", stages }, { "/load/scenarios/orders/rate", "6" }, { "/load/scenarios/orders/timeUnit", "1m" },
        { "/load/scenarios/orders/duration", "30m" }, { "/processes/front/connections", "2" },
        { "/processes/front/api/threads", "1000" } };
    struct group_facts group;
    char text[1024];
    (void)state;
    const struct outcome outcome = outcome_open(edits, 6, &group);
    api_limit_text(&outcome, LANG_EN, text, sizeof text);
    assert_non_null(strstr(text, " takes 0.033 requests/s at most (2 connections "));
    assert_non_null(strstr(text, " would bring up to 0.10/s (300.0%)"));
    api_limit_text(&outcome, LANG_KO, text, sizeof text);
    assert_non_null(strstr(text, "많아야 초당 0.033건"));
    assert_non_null(strstr(text, "최대 초당 0.10건 (300.0%)"));
    trial_close(&opened);
}

/* Eight connections take 16 requests a second of 500 ms. A VU makes 2 of them: seven make 14 and wait for nothing,
 * eight as many as the API takes. One that is answered before the commit's 100 ms is free after 400 ms: 2.5 a second,
 * 15 from six and 17.5 from seven. Of a burst a VU serves one, every two seconds: 20 make 10 a second, 32 make 16.
 * Loads add up only where they come at the same time. */
static void the_vus_may_be_what_limits(void **state)
{
    static const char stages[] = "{\"accept\": {\"steps\": [{\"begin\": \"orders\"}, {\"insert\": \"orders\", "
                                 "\"time\": \"400ms\"}, %s{\"commit\": \"orders\", \"time\": \"100ms\"}, "
                                 "{\"publish\": \"orders\"}%s]}, \"serve\": {\"steps\": "
                                 "[{\"work\": \"look\", \"time\": \"10ms\"}, {\"status\": \"PAID\"}]}}";
    static const char steady[] = "{\"a\": {\"executor\": \"constant-arrival-rate\", \"rate\": 100, "
                                 "\"duration\": \"100s\", \"preAllocatedVUs\": %u, \"maxVUs\": %u}}";
    static const char bursts[] = "{\"a\": {\"executor\": \"bursts\", \"size\": 100, \"every\": \"2s\", "
                                 "\"duration\": \"100s\", \"preAllocatedVUs\": %u, \"maxVUs\": %u}}";
    static const char later[] = "{\"a\": {\"executor\": \"constant-arrival-rate\", \"rate\": 100, \"duration\": "
                                "\"100s\", \"preAllocatedVUs\": %u, \"maxVUs\": %u}, \"b\": {\"executor\": "
                                "\"constant-arrival-rate\", \"rate\": 12, \"duration\": \"100s\", \"startTime\": "
                                "\"200s\"}}";
    static const char beside[] = "{\"a\": {\"executor\": \"constant-arrival-rate\", \"rate\": 100, \"duration\": "
                                 "\"100s\", \"preAllocatedVUs\": %u, \"maxVUs\": %u}, \"b\": {\"executor\": "
                                 "\"constant-arrival-rate\", \"rate\": 12, \"duration\": \"100s\"}}";
    static const struct { const char *load; unsigned vus; bool early, by_api; } of[] = {
        { steady, 1, false, false }, { steady, 7, false, false }, { steady, 8, false, true },
        { steady, 6, true, false }, { steady, 7, true, true }, { bursts, 20, false, false },
        { bursts, 32, false, true }, { later, 3, false, false }, { beside, 3, false, true } };
    (void)state;
    for (uint32_t i = 0; i < sizeof of / sizeof *of; i++) {
        char steps[400], load[400], text[1024];
        snprintf(steps, sizeof steps, stages, of[i].early ? "{\"reply\": 202}, " : "",
                 of[i].early ? "" : ", {\"reply\": 202}");
        snprintf(load, sizeof load, of[i].load, of[i].vus, of[i].vus);
        const struct study_edit edits[] = {
            { "/stages", steps }, { "/load/scenarios", load }, { "/processes/front/connections", "8" },
            { "/processes/front/api/threads", "1000" } };
        struct group_facts group;
        const struct outcome outcome = outcome_open(edits, 4, &group);
        assert_true(outcome_mean(&outcome, "orders.dropped") > 0);
        assert_int_equal(api_limit_of(&outcome).kind, of[i].by_api ? API_LIMIT_POOL : API_LIMIT_NONE);
        assert_int_equal(strstr(outcome.bottleneck_reason, "; the API takes no more") != NULL, of[i].by_api);
        assert_int_equal(strstr(outcome.bottleneck_reason, "with more VUs, if the API can") != NULL, !of[i].by_api);
        bottleneck_reason(&outcome.demand[0], LANG_KO, text, sizeof text);
        assert_int_equal(strstr(text, "API가 더 받지 못함") != NULL, of[i].by_api);
        assert_int_equal(strstr(text, "VU가 충분하고 API가 감당하면") != NULL, !of[i].by_api);
        more_consumers_text(&outcome, LANG_EN, text, sizeof text);
        assert_int_equal(strstr(text, "what limits are the load's VUs") != NULL, !of[i].by_api);
        trial_close(&opened);
    }
}

/* Eight connections take 16 requests a second of 500 ms, and eight VUs bring as much; but one is there at first, and
 * the others start one after another. In the last ten seconds of a hundred all are there where each takes 12.8 s (7 of them
 * 89.6 s); where each takes 40 s there are 1 + 95 / 40 in the mean, which bring 6.75 a second. Of at most 300 orders,
 * 100 a second, the last second counts: seven start in 1.96 s (280 ms each), or there are 1 + 2.5 (1 s each), which
 * bring 7. Of the starts of a burst, every two seconds, that find none one VU starts: 32 are there after 62 s, and
 * bring 16 a second; in the last four seconds of forty there are 20, which bring 10. */
static void the_vus_may_start_too_late(void **state)
{
    static const char stages[] = "{\"accept\": {\"steps\": [{\"begin\": \"orders\"}, {\"insert\": \"orders\", "
                                 "\"time\": \"400ms\"}, {\"commit\": \"orders\", \"time\": \"100ms\"}, "
                                 "{\"publish\": \"orders\"}, {\"reply\": 202}]}, \"serve\": {\"steps\": "
                                 "[{\"work\": \"look\", \"time\": \"10ms\"}, {\"status\": \"PAID\"}]}}";
    static const char steady[] = "{\"a\": {\"executor\": \"constant-arrival-rate\", \"rate\": 100, "
                                 "\"duration\": \"100s\", \"preAllocatedVUs\": 1, \"maxVUs\": 8, \"vuInit\": \"%s\"}}";
    static const char bursts[] = "{\"a\": {\"executor\": \"bursts\", \"size\": 100, \"every\": \"2s\", "
                                 "\"duration\": \"%s\", \"preAllocatedVUs\": 1, \"maxVUs\": 32}}";
    static const struct { const char *load, *how, *at_most; bool by_api; } of[] = {
        { steady, "12.8s", "100000", true }, { steady, "40s", "100000", false },
        { steady, "280ms", "300", true }, { steady, "1s", "300", false },
        { bursts, "100s", "100000", true }, { bursts, "40s", "100000", false } };
    (void)state;
    for (uint32_t i = 0; i < sizeof of / sizeof *of; i++) {
        char load[400];
        snprintf(load, sizeof load, of[i].load, of[i].how);
        const struct study_edit edits[] = {
            { "/stages", stages }, { "/load/scenarios", load }, { "/processes/front/connections", "8" },
            { "/processes/front/api/threads", "1000" }, { "/orders/at_most", of[i].at_most } };
        struct group_facts group;
        const struct outcome outcome = outcome_open(edits, 5, &group);
        assert_true(outcome_mean(&outcome, "orders.dropped") > 0);
        if ((api_limit_of(&outcome).kind == API_LIMIT_POOL) != of[i].by_api) fail_msg("%u: %s", i, of[i].how);
        assert_int_equal(strstr(outcome.bottleneck_reason, "; the API takes no more") != NULL, of[i].by_api);
        trial_close(&opened);
    }
}

/* Of 500 orders a second for twenty seconds ten connections, each held for 40 ms, let 250 through; the others wait for
 * their turn. Each is one record for the first group, which does 333 a second, and two for the one behind it, which
 * does 1,000. Where the first is quick, but comes only after fifteen seconds, it sends on a thousand a second. */
static void what_the_api_lets_through_arrives(void **state)
{
    static const char groups[] = "{\"servers\": {\"consumers\": 1, \"reads\": {\"orders\": \"serve\"}%s}, "
                                 "\"behind\": {\"consumers\": 1, \"reads\": {\"second\": \"pay\"}}}";
    static const char stages[] = "{\"accept\": {\"steps\": [{\"insert\": \"orders\", \"time\": \"40ms\"}, "
                                 "{\"publish\": \"orders\"}, {\"reply\": 202}]}, \"serve\": {\"steps\": "
                                 "[{\"work\": \"look\", \"time\": \"%s\"}, {\"publish\": \"second\"}%s]}, "
                                 "\"pay\": {\"steps\": [{\"work\": \"look\", \"time\": \"1ms\"}, "
                                 "{\"status\": \"PAID\"}]}}";
    (void)state;
    for (uint32_t late = 0; late < 2; late++) {
        char group_text[300], stage_text[500], text[1024];
        snprintf(group_text, sizeof group_text, groups, late ? ", \"start\": \"15s\"" : "");
        snprintf(stage_text, sizeof stage_text, stages, late ? "1ms" : "3ms",
                 late ? "" : ", {\"publish\": \"second\"}");
        const struct study_edit edits[] = {
            { "/topics/second", "{}" }, { "/groups", group_text }, { "/stages", stage_text },
            { "/load/scenarios/orders/rate", "500" }, { "/load/scenarios/orders/duration", "20s" },
            { "/processes/front/connections", "10" }, { "/processes/front/api/threads", "1000" } };
        struct group_facts group;
        const struct outcome outcome = outcome_open(edits, 7, &group);
        const uint32_t servers = outcome.demand[0].group == 1, behind = !servers;
        assert_int_equal(api_limit_of(&outcome).kind, API_LIMIT_POOL);
        assert_close(outcome.demand[servers].offered_per_s, 250, 1e-6);
        if (late) assert_in_range((uint64_t)outcome.demand[behind].offered_per_s, 800, 1000);
        else assert_close(outcome.demand[behind].offered_per_s, 500, 1e-6);
        if (!late) {
            assert_non_null(strstr(outcome.bottleneck_reason, "it keeps up"));
            more_consumers_text(&outcome, LANG_EN, text, sizeof text);
            assert_string_equal(text, "nothing changes, it keeps up as it is: what limits is the API");
        }
        trial_close(&opened);
    }
}

/* Two groups of which each gets every order: one needs 60 ms for a record, the other 10 ms. */
static const char two_groups[] = "{\"slow\": {\"consumers\": 1, \"reads\": {\"orders\": \"note\"}%s}, "
                                 "\"servers\": {\"consumers\": 1, \"reset\": \"earliest\", "
                                 "\"reads\": {\"orders\": \"serve\"}%s}}";
static const char two_stages[] = "{\"accept\": {\"steps\": [{\"insert\": \"orders\"}, {\"publish\": \"orders\"}, "
                                 "{\"reply\": 202}]}, \"serve\": {\"steps\": [{\"work\": \"look\", "
                                 "\"time\": \"10ms\"}, {\"status\": \"PAID\"}]}, \"note\": {\"steps\": "
                                 "[{\"work\": \"write\", \"time\": \"60ms\"}]}}";
static const char two_processes[] = "{\"front\": {\"connections\": 0, \"api\": {\"threads\": 4, "
                                    "\"stage\": \"accept\"}}, \"back\": {\"connections\": 0, "
                                    "\"groups\": [\"servers\"]}, \"other\": {\"connections\": 0, "
                                    "\"groups\": [\"slow\"]}}";

/* Ten orders a second for two minutes; one group needs 10 ms for each, the other 60 ms and keeps up all the time. The
 * quick one has 600 waiting, 6 s of its work, when it starts late, had them at the beginning, or was paused: it holds
 * the orders back. With half of that (behind for less than 5 s) the more pressed one is the limit. */
static void who_fell_behind_comes_before_who_keeps_up(void **state)
{
    static const struct { const char *group, *faults; bool behind; } of[] = {
        { ", \"start\": \"60s\"", "{}", true },
        { ", \"start\": \"30s\"", "{}", false },
        { ", \"backlog\": {\"orders\": [600]}", "{}", true },
        { ", \"backlog\": {\"orders\": [300]}", "{}", false },
        { "", "{\"f\": {\"pause\": \"back\", \"at\": \"20s\", \"for\": \"60s\"}}", true } };
    (void)state;
    for (uint32_t i = 0; i < 5; i++) {
        char text[500];
        struct group_facts group;
        snprintf(text, sizeof text, two_groups, "", of[i].group);
        const struct study_edit edits[] = { { "/groups", text }, { "/stages", two_stages },
                                            { "/processes", two_processes }, { "/faults", of[i].faults } };
        const struct outcome outcome = outcome_seen(edits, 4, &group);
        assert_string_equal(outcome.demand[0].name, of[i].behind ? "servers" : "slow");
        assert_int_equal(strstr(outcome.bottleneck_reason, "it keeps up") == NULL, of[i].behind);
    }
}

/* 600 wait, 10 a second come, 100 are done: worked off after 600 / 90 s. The last order comes after two minutes. */
static void worked_off_before_the_last_one(void **state)
{
    static const char groups[] = "{\"servers\": {\"consumers\": 1, \"reads\": {\"orders\": \"serve\"}, "
                                 "\"backlog\": {\"orders\": [600]}}}";
    static const char stages[] = "{\"accept\": {\"steps\": [{\"insert\": \"orders\"}, {\"publish\": \"orders\"}, "
                                 "{\"reply\": 202}]}, \"serve\": {\"steps\": [{\"work\": \"look\", "
                                 "\"time\": \"10ms\"}, {\"status\": \"PAID\"}]}}";
    const struct study_edit edits[] = { { "/groups", groups }, { "/stages", stages } };
    struct group_facts group;
    (void)state;
    const struct outcome outcome = outcome_seen(edits, 2, &group);
    assert_close(ns_to_s(group.worked_off_ns), 600.0 / 90, 0.15);
    assert_close(ns_to_s(group.drained_at_ns), 120, 1);
    assert_non_null(strstr(outcome.bottleneck_reason, "worked off by 6."));
}

/* Records that are due a minute later, and are done at 20 a second: 400 of them may wait for nobody, or 200 for 10 s. */
static void not_due_is_not_behind(void **state)
{
    struct group_demand demand = { .capacity_per_s = 20, .due_after_s = 60, .peak_backlog = 400, .overdue_s = 4.9 };
    (void)state;
    assert_false(bottleneck_fell_behind(&demand));
    demand.peak_backlog = 200;
    demand.overdue_s = 10;
    assert_true(bottleneck_fell_behind(&demand));
    demand = (struct group_demand){ .capacity_per_s = 20, .peak_backlog = 101 };
    assert_true(bottleneck_fell_behind(&demand));
    demand.peak_backlog = 99;
    assert_false(bottleneck_fell_behind(&demand));
}

/* 600 records are 6 s of work for the quick one, 200 are 12 s for the slow one, and 1,200 are 12 s again: of two that
 * fell behind for a time, each with much in reserve, the one that was so for longer comes first. One that does nothing
 * comes before any. */
static void who_was_behind_for_longer_comes_first(void **state)
{
    static const struct { const char *slow, *quick, *faults, *first; } of[] = {
        { "[200]", "[600]", "{}", "slow" },
        { "[100]", "[1200]", "{}", "servers" },
        { "[200]", "[600]", "{\"f\": {\"crash\": \"back\", \"at\": \"0s\"}}", "servers" } };
    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        char text[500], slow[80], quick[80];
        struct group_facts group;
        snprintf(slow, sizeof slow, ", \"backlog\": {\"orders\": %s}", of[i].slow);
        snprintf(quick, sizeof quick, ", \"backlog\": {\"orders\": %s}", of[i].quick);
        snprintf(text, sizeof text, two_groups, slow, quick);
        const struct study_edit edits[] = { { "/groups", text }, { "/stages", two_stages },
                                            { "/processes", two_processes }, { "/faults", of[i].faults },
                                            { "/run/ends", "150s" } };
        const struct outcome outcome = outcome_seen(edits, 5, &group);
        assert_string_equal(outcome.demand[0].name, of[i].first);
    }
}

/* Ten VUs of whom each is held for 102 ms start 98 orders a second of the 500 that are wanted. A record takes 7 ms:
 * one consumer does 142.9 of them. A thousand VUs would do. */
static void what_was_dropped_did_not_arrive(void **state)
{
    static const char stages[] = "{\"accept\": {\"steps\": [{\"insert\": \"orders\", \"time\": \"100ms\"}, "
                                 "{\"publish\": \"orders\"}, {\"reply\": 202}]}, \"serve\": {\"steps\": "
                                 "[{\"work\": \"look\", \"time\": \"7ms\"}, {\"status\": \"PAID\"}]}}";
    static const struct { const char *vus; double per_s; } of[] = { { "10", 10 / 0.102 }, { "1000", 500 } };
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        const struct study_edit edits[] = { { "/stages", stages }, { "/load/scenarios/orders/rate", "500" },
                                            { "/load/scenarios/orders/preAllocatedVUs", of[i].vus },
                                            { "/load/scenarios/orders/maxVUs", of[i].vus },
                                            { "/processes/front/api/threads", "1000" } };
        struct group_facts group;
        const struct outcome outcome = outcome_seen(edits, 5, &group);
        assert_close(outcome.demand[0].offered_per_s, of[i].per_s, 0.01 * of[i].per_s);
        assert_close(outcome.demand[0].asked_per_s, i == 0 ? 500 : 0, 1e-9);
        assert_int_equal(bottleneck_lacks_vus(&outcome.demand[0]), i == 0);
        assert_int_equal(strstr(outcome.bottleneck_reason, "with more VUs, if the API can take them") &&
                             strstr(outcome.bottleneck_reason, "it keeps up"), i == 0);
    }
}

/* The same within one second of 1,000 starts, and of ten bursts of 500, of which ten each find a VU: a hundred come, and
 * what was dropped counts to the last start, whenever somebody looked. */
static void what_was_dropped_at_the_end_did_not_arrive(void **state)
{
    static const char *const loads[] = {
        "{\"a\": {\"executor\": \"constant-arrival-rate\", \"rate\": 1000, \"duration\": \"1s\", "
        "\"preAllocatedVUs\": 10, \"maxVUs\": 10}}",
        "{\"a\": {\"executor\": \"bursts\", \"size\": 500, \"every\": \"100ms\", \"duration\": \"1s\", "
        "\"startTime\": \"20s\", \"preAllocatedVUs\": 10, \"maxVUs\": 10}}" };
    static const char *const takes[] = { "\"100ms\"", "\"5ms\"" };
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        const struct study_edit edits[] = { { "/load/scenarios", loads[i] },
                                            { "/stages/accept/steps/0/time", takes[i] },
                                            { "/stages/serve/steps/0/time", "\"1ms\"" },
                                            { "/processes/front/api/threads", "1000" } };
        struct group_facts group;
        const struct outcome outcome = outcome_seen(edits, 4, &group);
        assert_close(outcome_mean(&outcome, "orders.created"), 100, 1);
        assert_close(outcome_mean(&outcome, "orders.peak_rate_per_s"), 100, 10);
        assert_close(outcome_mean(&outcome, "groups.servers.peak_rate_per_s"), 100, 10);
    }
}

/* Ten VUs bring 98 of 300 orders a second for twenty seconds, and fifty all of 150 for as long after it, by the clock or
 * drawn: no window of these has a drop, and a consumer that does 145 a second falls behind. */
static void what_others_dropped_takes_nothing(void **state)
{
    static const char stages[] = "{\"accept\": {\"steps\": [{\"insert\": \"orders\", \"time\": \"100ms\"}, "
                                 "{\"publish\": \"orders\"}, {\"reply\": 202}]}, \"serve\": {\"steps\": "
                                 "[{\"work\": \"look\", \"time\": \"6.9ms\"}, {\"status\": \"PAID\"}]}}";
    static const char *const second[] = { "constant-arrival-rate", "poisson" };
    static const char *const vus[] = { ", \"preAllocatedVUs\": 50, \"maxVUs\": 50", "" };
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        char load[500];
        struct group_facts group;
        snprintf(load, sizeof load,
                 "{\"a\": {\"executor\": \"constant-arrival-rate\", \"rate\": 300, \"duration\": \"20s\", "
                 "\"preAllocatedVUs\": 10, \"maxVUs\": 10}, \"b\": {\"executor\": \"%s\", \"rate\": 150, "
                 "\"startTime\": \"20s\", \"duration\": \"20s\"%s}}", second[i], vus[i]);
        const struct study_edit edits[] = { { "/stages", stages }, { "/load/scenarios", load },
                                            { "/processes/front/api/threads", "1000" } };
        const struct outcome outcome = outcome_seen(edits, 3, &group);
        assert_true(outcome_mean(&outcome, "orders.dropped") > 1000);
        assert_close(outcome_mean(&outcome, "orders.peak_rate_per_s"), 150, 1.5);
        assert_true(outcome.demand[0].pressure > 1.02);
    }
}

/* Of 600 records in half a minute a few are given up after ten deliveries and 51.1 s of sleep, and hundreds wait for
 * them. A record takes 5 ms, its part of those sleeps, and a fetch and a commit now and then. */
static void a_long_sleep_is_shared_by_all(void **state)
{
    static const char steps[] = "[{\"work\": \"look\", \"time\": \"5ms\", \"refuse\": 0.005}, {\"status\": \"PAID\"}]";
    uint32_t n = 0;
    (void)state;
    for (uint32_t seed = 1; seed <= 20; seed++) {
        char text[16];
        snprintf(text, sizeof text, "%u", (unsigned)seed);
        const struct study_edit edits[] = {
            { "/run/seed", text }, { "/stages/serve/steps", steps }, { "/load/scenarios/orders/rate", "20" },
            { "/load/scenarios/orders/duration", "30s" }, { "/groups/servers/backoff", "100ms" },
            { "/groups/servers/backoff_multiplier", "2" }, { "/groups/servers/deliveries", "10" } };
        struct group_facts group;
        const double per_s = capacity_seen(edits, 7, &group);
        const double takes_s = 0.005 + (double)group.skipped * (51.1 + 9 * 0.005) / 600;
        assert_int_equal(group.processed + group.skipped, 600);
        if (group.skipped == 0) continue;
        n++;
        assert_close(per_s, 1 / takes_s, 0.05 / takes_s);
    }
    assert_true(n > 10);
}

/* 100 records of 800 ms are more than a poll may take: two consumers hand the same batches to one another, and hardly
 * a record is new. What is done is never less than nothing, and such a group is what limits, not one behind it. */
static void what_comes_again_is_no_negative_work(void **state)
{
    static const char stages[] = "{\"accept\": {\"steps\": [{\"insert\": \"orders\"}, {\"publish\": \"orders\"}, "
                                 "{\"reply\": 202}]}, \"serve\": {\"steps\": [{\"work\": \"look\", "
                                 "\"time\": \"800ms\"}, {\"status\": \"PAID\"}]}}";
    const struct study_edit edits[] = { { "/stages", stages }, { "/load/scenarios/orders/rate", "3" },
                                        { "/load/scenarios/orders/duration", "10m" },
                                        { "/run", "{\"at_most\": \"3h\"}" }, { "/kafka/partitions", "3" },
                                        { "/groups/servers/consumers", "2" },
                                        { "/groups/servers/max_poll_records", "100" },
                                        { "/groups/servers/max_poll_interval", "60s" } };
    struct group_facts group;
    (void)state;
    const double per_s = capacity_seen(edits, 8, &group);
    assert_true(group.duplicates > group.processed);
    assert_true(per_s >= 0 && per_s < 0.1);
}

/* One record in twenty is delivered thirty times, and one hangs for 40 s, which is longer than a poll may take: the
 * group is put out once. The retries are the error handler's all the same: 29 for each that is given up. */
static void retries_are_no_repeats(void **state)
{
    static const char steps[] = "[{\"work\": \"look\", \"time\": \"10ms\", \"refuse\": 0.05}, {\"status\": \"PAID\"}]";
    static const char hang[] = "{\"f\": {\"slow\": \"serve\", \"at\": \"30s\", \"for\": \"100ms\", \"factor\": 4000}}";
    const struct study_edit edits[] = {
        { "/stages/serve/steps", steps }, { "/load/scenarios/orders/duration", "3m" }, { "/faults", hang },
        { "/groups/servers/deliveries", "30" }, { "/groups/servers/backoff", "100ms" },
        { "/groups/servers/max_poll_interval", "30s" } };
    struct group_facts group;
    (void)state;
    const struct outcome outcome = outcome_seen(edits, 6, &group);
    assert_int_equal(group.evictions, 1);
    assert_true(group.duplicates > group.processed);
    assert_int_equal(group.retries, 29 * group.skipped);
    assert_close(outcome.demand[0].repeats, (double)group.duplicates - (double)group.retries, 1e-9);
    assert_true(outcome.demand[0].repeats < 20);
    assert_false(bottleneck_goes_round(&outcome.demand[0]));
    assert_null(strstr(outcome.bottleneck_reason, " new "));
}

static void who_does_nothing_comes_first(void **state)
{
    (void)state;
    const struct study *study = small_study(&arena);
    const struct layout *layout = layout_make(study, &arena);
    struct result *result = small_run(layout, 0, 0, NULL, &arena);
    double *value = (double *)result->value;
    value[layout_find(layout, "groups." SMALL_PAY ".capacity_per_s", NULL)] = 0;
    value[layout_find(layout, "groups." SMALL_PAY ".peak_backlog", NULL)] = 10;
    struct outcome outcome;
    assert_true(outcome_make(&outcome, study, layout, &result, 1, 0.95, 7, &arena, NULL));
    assert_string_equal(outcome.demand[0].name, SMALL_PAY);
}

/* Sixty orders a second, of which the first group does 40, and the group behind it would do 50: whether the run ends
 * while most of them wait, or counts from a minute on, they bring the second one a record each. */
static void what_waits_upstream_is_asked_for(void **state)
{
    static const char groups[] = "{\"servers\": {\"consumers\": 1, \"reads\": {\"orders\": \"serve\"}}, "
                                 "\"behind\": {\"consumers\": 1, \"reads\": {\"second\": \"pay\"}}}";
    static const char stages[] = "{\"accept\": {\"steps\": [{\"insert\": \"orders\"}, {\"publish\": \"orders\"}, "
                                 "{\"reply\": 202}]}, \"serve\": {\"steps\": [{\"work\": \"look\", "
                                 "\"time\": \"25ms\"}, {\"publish\": \"second\"}]}, \"pay\": {\"steps\": "
                                 "[{\"work\": \"look\", \"time\": \"20ms\"}, {\"status\": \"PAID\"}]}}";
    static const char *const run[] = { "{\"seed\": 1}", "{\"ends\": \"100s\"}",
                                       "{\"ends\": \"100s\", \"warm_up\": \"60s\"}" };
    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        const struct study_edit edits[] = { { "/topics/second", "{}" }, { "/groups", groups }, { "/stages", stages },
                                            { "/load/scenarios/orders/rate", "60" }, { "/run", run[i] } };
        struct group_facts group;
        const struct outcome outcome = outcome_seen(edits, 5, &group);
        assert_string_equal(outcome.demand[0].name, "servers");
        assert_close(outcome.demand[0].pressure, 1.5, 0.02);
        assert_close(outcome.demand[1].pressure, 1.2, 0.02);
    }
}

/* The same batches over and over, each sent on whenever it is done again: a group in front that did its work would bring
 * the one behind it 3 records a second, 3 % of what it can do. */
static void what_is_sent_again_is_not_asked_for(void **state)
{
    static const char groups[] = "{\"servers\": {\"consumers\": 2, \"reads\": {\"orders\": \"serve\"}, "
                                 "\"max_poll_records\": 100, \"max_poll_interval\": \"60s\"}, "
                                 "\"behind\": {\"consumers\": 1, \"reads\": {\"second\": \"pay\"}}}";
    static const char stages[] = "{\"accept\": {\"steps\": [{\"insert\": \"orders\"}, {\"publish\": \"orders\"}, "
                                 "{\"reply\": 202}]}, \"serve\": {\"steps\": [{\"work\": \"look\", "
                                 "\"time\": \"800ms\"}, {\"publish\": \"second\"}]}, \"pay\": {\"steps\": "
                                 "[{\"work\": \"look\", \"time\": \"10ms\"}, {\"status\": \"PAID\"}]}}";
    const struct study_edit edits[] = { { "/topics/second", "{}" }, { "/groups", groups }, { "/stages", stages },
                                        { "/load/scenarios/orders/rate", "3" },
                                        { "/load/scenarios/orders/duration", "10m" },
                                        { "/run", "{\"at_most\": \"3h\"}" }, { "/kafka/partitions", "3" } };
    struct group_facts group;
    (void)state;
    const struct outcome outcome = outcome_seen(edits, 7, &group);
    assert_true(group.duplicates > group.processed);
    assert_string_equal(outcome.demand[0].name, "servers");
    assert_close(outcome.demand[1].offered_per_s, 3, 0.01);
    assert_close(outcome.demand[1].pressure, 0.03, 0.01);
}

/* 20 orders a second, and 300 more for 30 s in mid-run: 320/s are more than the 100/s that one consumer does, however
 * long the load is. Orders that come by chance, 80/s, are no more than that, although some 10 s have 92/s and more. */
static void a_short_spike_is_seen_and_chance_is_not(void **state)
{
    static const char spike[] = "{\"base\": {\"executor\": \"constant-arrival-rate\", \"rate\": 20, "
                                "\"duration\": \"20m\"}, \"spike\": {\"executor\": \"constant-arrival-rate\", "
                                "\"rate\": 300, \"duration\": \"30s\", \"startTime\": \"305s\"}}";
    static const char chance[] = "{\"base\": {\"executor\": \"poisson\", \"rate\": 80, \"duration\": \"1h\"}}";
    const struct study_edit spiked = { "/load/scenarios", spike }, by_chance = { "/load/scenarios", chance };
    struct group_facts group;
    (void)state;
    assert_close(outcome_seen(&spiked, 1, &group).demand[0].pressure, 3.2, 0.03);
    assert_true(group.peak_backlog > 6000);
    const struct outcome outcome = outcome_seen(&by_chance, 1, &group);
    assert_close(outcome.demand[0].pressure, 0.8, 0.01);
}

/* A pause holds 50 orders a second back for a minute, and then 3,000 come at once to the group behind. */
static void a_flood_from_upstream_is_seen(void **state)
{
    static const char groups[] = "{\"servers\": {\"consumers\": 1, \"reads\": {\"orders\": \"serve\"}}, "
                                 "\"behind\": {\"consumers\": 1, \"reads\": {\"second\": \"pay\"}}}";
    static const char stages[] = "{\"accept\": {\"steps\": [{\"insert\": \"orders\"}, {\"publish\": \"orders\"}, "
                                 "{\"reply\": 202}]}, \"serve\": {\"steps\": [{\"work\": \"look\", "
                                 "\"time\": \"5ms\"}, {\"publish\": \"second\"}]}, \"pay\": {\"steps\": "
                                 "[{\"work\": \"look\", \"time\": \"10ms\"}, {\"status\": \"PAID\"}]}}";
    const struct study_edit edits[] = {
        { "/topics/second", "{}" }, { "/groups", groups }, { "/stages", stages },
        { "/load/scenarios/orders/rate", "50" }, { "/load/scenarios/orders/duration", "10m" },
        { "/groups/servers/start", "60s" } };
    struct group_facts group;
    (void)state;
    const struct outcome outcome = outcome_seen(edits, 6, &group);
    for (uint32_t i = 0; i < 2; i++)
        if (outcome.demand[i].group == 1) assert_close(outcome.demand[i].offered_per_s, 200, 0.07 * 200);
}

/* One connection, which each of 100 orders a second has for 8 ms in the API, and each record of the first group for 4:
 * what the API leaves is a fifth, 50 records a second. When the load is over that group does 250 a second, which the
 * one behind it, who had 50 of the 125 that it can do, cannot keep up with: it holds nobody back. */
static void who_is_held_up_by_a_pool_comes_first(void **state)
{
    static const char groups[] = "{\"servers\": {\"consumers\": 1, \"reads\": {\"orders\": \"serve\"}}, "
                                 "\"behind\": {\"consumers\": 1, \"reads\": {\"second\": \"pay\"}}}";
    static const char stages[] = "{\"accept\": {\"steps\": [{\"insert\": \"orders\", \"time\": \"8ms\"}, "
                                 "{\"publish\": \"orders\"}, {\"reply\": 202}]}, \"serve\": {\"steps\": "
                                 "[{\"begin\": \"orders\"}, {\"commit\": \"orders\", \"time\": \"4ms\"}, "
                                 "{\"publish\": \"second\"}]}, \"pay\": {\"steps\": "
                                 "[{\"work\": \"look\", \"time\": \"8ms\"}, {\"status\": \"PAID\"}]}}";
    static const char processes[] = "{\"front\": {\"connections\": 1, \"groups\": [\"servers\"], "
                                    "\"api\": {\"threads\": 4, \"stage\": \"accept\"}}, "
                                    "\"back\": {\"connections\": 0, \"groups\": [\"behind\"]}}";
    const struct study_edit edits[] = {
        { "/topics/second", "{}" }, { "/groups", groups }, { "/stages", stages }, { "/processes", processes },
        { "/load/scenarios/orders/rate", "100" }, { "/load/scenarios/orders/duration", "5m" } };
    struct group_facts group;
    (void)state;
    const struct outcome outcome = outcome_seen(edits, 6, &group);
    assert_string_equal(outcome.demand[0].name, "servers");
    assert_close(outcome.demand[0].capacity_per_s, 50, 1);
    assert_close(outcome.demand[0].pressure, 2, 0.04);
    assert_close(outcome.demand[1].pressure, 0.8, 0.01);
    assert_close(outcome.demand[1].rush_per_s, 250, 10); /* less what may be chance */
    char text[1024];
    assert_non_null(strstr(bottleneck_reason(&outcome.demand[1], LANG_EN, text, sizeof text),
                           "/s of what others had held back when the load was past its height"));
}

/* A relay takes 15 ms for a row, 66.7 a second of the 100 that are written for two minutes: 4,000 wait at the end, and
 * the ten before its first look and the 100 of the batch that is not marked yet, and the last of 12,000 leaves at
 * 180 s. With 5 ms it keeps up: half of its time is its own, and nothing is said. */
static void the_relay_of_an_outbox_may_be_what_limits(void **state)
{
    static const char stages[] = "{\"accept\": {\"steps\": [{\"begin\": \"orders\"}, {\"insert\": \"orders\"}, "
                                 "{\"publish\": \"orders\", \"via\": \"outbox\"}, {\"commit\": \"orders\"}, "
                                 "{\"reply\": 202}]}, \"serve\": {\"steps\": [{\"work\": \"look\", "
                                 "\"time\": \"5ms\"}, {\"status\": \"PAID\"}]}}";
    static const char *const outbox[] = { "{\"poll\": \"100ms\", \"batch\": 100, \"time\": \"15ms\"}",
                                          "{\"poll\": \"100ms\", \"batch\": 100, \"time\": \"5ms\"}" };
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        const struct study_edit edits[] = { { "/stages", stages }, { "/load/scenarios/orders/rate", "100" },
                                            { "/processes/front/outbox", outbox[i] } };
        struct group_facts group;
        char text[1024];
        const struct outcome outcome = outcome_open(edits, 3, &group);
        const struct outbox_limit limit = outbox_limit_of(&outcome);
        const double waits_s = outcome_mean(&outcome, "order_time.p95.outbox_s");
        outbox_limit_text(&outcome, LANG_EN, text, sizeof text);
        assert_int_equal(limit.process != NULL, i == 0);
        assert_int_equal(*text == '\0', i == 1);
        assert_close(outcome_mean(&outcome, "order_time.p95.completion_s"), waits_s + 0.005, 0.02);
        if (i == 0) {
            assert_string_equal(limit.process, "front");
            assert_close(limit.most_per_s, 1 / 0.015, 1e-9);
            assert_close(limit.asked_per_s, 100, 0.1);
            assert_in_range((uint64_t)limit.peak, 4010, 4110);
            assert_close(limit.gone_at_s, 180, 0.5); /* it has looked at nothing first, and a few */
            assert_close(waits_s, 0.95 * 60, 1); /* the last one waits from 120 s to 180 s */
            assert_non_null(strstr(text, "its relay sends 66.7 rows/s at most (15.0 ms a row, one after the other), "
                                         "and up to 100.0/s are written (150.0%)"));
            outbox_limit_text(&outcome, LANG_KO, text, sizeof text);
            assert_non_null(strstr(text, "릴레이는 많아야 초당 66.7행"));
            more_consumers_text(&outcome, LANG_EN, text, sizeof text);
            assert_string_equal(text, "nothing changes, it keeps up as it is: what limits is the relay of the outbox "
                                      "of front");
        }
        trial_close(&opened);
    }
}

/* What lies in a retry topic until its time has come is no work that is left undone. */
static void what_is_not_due_is_no_backlog(void **state)
{
    const struct study_edit edits[] = { { "/groups/servers/due_after", "\"10s\"" },
                                        { "/groups/servers/fetch_order", "\"arrival\"" } };
    struct group_facts group;
    (void)state;
    assert_close(capacity_seen(edits, 2, &group), 100, 2);
    assert_true(group.peak_backlog >= 100);
}

/* While both consumers are at work, the one with the short records does most of them: 100 ms and 10 ms, as many of each
 * come, and all are done only as fast as the long ones: 20 a second. */
static void long_and_short_records(void **state)
{
    static const char groups[] = "{\"servers\": {\"consumers\": 2, \"assignor\": \"round-robin\", "
                                 "\"reads\": {\"orders\": \"serve\", \"second\": \"slow\"}}}";
    static const char stages[] = "{\"accept\": {\"steps\": [{\"insert\": \"orders\"}, {\"publish\": \"orders\"}, "
                                 "{\"publish\": \"second\"}, {\"reply\": 202}]}, "
                                 "\"serve\": {\"steps\": [{\"work\": \"look\", \"time\": \"10ms\"}, {\"status\": \"PAID\"}]}, "
                                 "\"slow\": {\"steps\": [{\"work\": \"look\", \"time\": \"100ms\"}]}}";
    const struct study_edit edits[] = { { "/topics/second", "{}" }, { "/groups", groups }, { "/stages", stages },
                                        { "/load/scenarios/orders/rate", "150" } };
    struct group_facts group;
    (void)state;
    assert_close(capacity_seen(edits, 4, &group), 20, 0.02 * 20);
}

static void predictions_beside_observations(void **state)
{
    (void)state;
    const struct outcome outcome = small_outcome(small_study(&arena), 3, &arena);
    const struct comparison sure = comparison_of(&outcome, PREDICT_PAID, 1);
    const struct comparison unsure = comparison_of(&outcome, PREDICT_PAID, 0);

    /* at 30 s: 120, 119, 118; one further run within mean -+ t sd sqrt(1 + 1/3) = 4.97 */
    assert_close(sure.predicted, 119, 1e-12);
    assert_close(sure.lo, 114, 0);
    assert_close(sure.hi, 124, 0);
    assert_close(sure.residual, 381, 1e-12);
    assert_int_equal(sure.explained, EXPLAINED_NO);
    /* between 20 and 24 s: 87 in the middle, from 79 to 95 in the window, and 4.97 for one further run */
    assert_close(unsure.predicted, 87, 1e-12);
    assert_close(unsure.lo, 74, 0);
    assert_close(unsure.hi, 100, 0);
    assert_int_equal(unsure.explained, EXPLAINED_YES);
    /* neither a time nor an interval: the end */
    assert_close(comparison_of(&outcome, PREDICT_PAID, 2).predicted, 200, 0);
    assert_int_equal(comparison_of(&outcome, PREDICT_PAID, 2).explained, EXPLAINED_YES);
    /* of 80, 81 and 82 that lag, partitions 0 and 1 have 54, 54 and 55; the table does not list partition 2 */
    assert_close(comparison_of(&outcome, PREDICT_TOTAL_LAG, 1).predicted, 163 / 3.0, 1e-12);
    assert_close(comparison_of(&outcome, PREDICT_TOTAL_LAG, 1).prediction->observed, 50, 0);
    assert_close(comparison_of(&outcome, PREDICT_LAG_SPREAD, 1).predicted, 1 / 3.0, 1e-12);
    assert_close(comparison_of(&outcome, PREDICT_LAG_SPREAD, 1).prediction->observed, 10, 0);
    /* of partition 1, which is not the fullest */
    assert_close(comparison_of(&outcome, PREDICT_PEAK, 0).predicted, 38, 1e-12);
    assert_close(comparison_of(&outcome, PREDICT_TREND_TOTAL, 1).predicted, 101, 1e-12);
    assert_close(comparison_of(&outcome, PREDICT_TREND_ARRIVED, 1).predicted, 200, 0);
}

/* Tables at 0 s, 25 s and 30 s: the last is `offsets`, the first is where the run begins, that in between is compared
 * by its sums. At 25 s 200 have come and 100, 99, 98 are done, so that 100, 101, 102 lag. */
static void tables_before_the_last_are_compared(void **state)
{
    (void)state;
    static const struct observed_offset at_start[] = { { SMALL_STOCK, "order-created", 0, 0, 0, 0 } };
    static const struct observed_offset between[] = {
        { SMALL_STOCK, "order-created", 0, 47, 67, 20 },   { SMALL_STOCK, "order-created", 1, 37, 67, 30 },
        { SMALL_STOCK, "order-created", 2, 36, 66, 30 },   { SMALL_PAY, "pay", 0, 99, 99, 0 },
        { "nobody-group", "order-created", 0, 67, 67, 0 }, { "nobody-group", "elsewhere", 0, 1, 2, 1 }
    };
    struct study study = *small_study(&arena);
    struct observations seen = *study.observations;
    const struct observed_table table[] = {
        { .label = "", .t_s = 0, .sigma_t_s = (double)NAN, .n_rows = 1, .row = at_start },
        { .label = "", .t_s = 25, .sigma_t_s = (double)NAN, .n_rows = 6, .row = between },
        { .label = "", .t_s = 30, .sigma_t_s = (double)NAN, .n_rows = 4, .row = seen.offset }
    };
    seen.n_snapshots = 3;
    seen.snapshot = table;
    study.observations = &seen;
    const struct outcome outcome = small_outcome(&study, 3, &arena);
    const struct comparison lag = comparison_of(&outcome, PREDICT_TABLE_LAG, 0);
    const struct comparison arrived = comparison_of(&outcome, PREDICT_TABLE_LOG_END, 0);
    char name[128];

    assert_close(lag.prediction->observed, 80, 0);
    assert_close(lag.predicted, 101, 1e-12);
    assert_close(lag.lo, 95, 0); /* hypot(4.97, 2 sqrt(3)) = 6.06 either way */
    assert_close(lag.hi, 107, 0);
    assert_int_equal(lag.explained, EXPLAINED_NO);
    assert_string_equal(prediction_name(&seen, lag.prediction, name, sizeof name), SMALL_STOCK ", t = 25 s: total lag");
    assert_close(arrived.prediction->observed, 200, 0);
    assert_close(arrived.predicted, 200, 0);
    assert_int_equal(arrived.explained, EXPLAINED_YES);
    assert_string_equal(prediction_name(&seen, arrived.prediction, name, sizeof name),
                        "order-created, t = 25 s: log end");
    assert_close(comparison_of(&outcome, PREDICT_TABLE_LOG_END, 3).predicted, 99, 1e-12);
    assert_int_equal(outcome.layout->n_predictions, layout_make(small_study(&arena), &arena)->n_predictions + 4);
}

/* A table at 25 s that lists partitions 2 and 0 only: of the 100, 101 and 102 that lag, partition 1 has 34. The last
 * has a partition 3, which the scenario lacks: it splits the topic otherwise, and the whole stands beside the whole. */
static void sums_are_of_the_partitions_that_a_table_lists(void **state)
{
    (void)state;
    static const struct observed_offset between[] = { { SMALL_STOCK, "order-created", 2, 36, 66, 30 },
                                                      { SMALL_STOCK, "order-created", 0, 47, 67, 20 } };
    static const struct observed_offset last[] = { { SMALL_STOCK, "order-created", 0, 47, 67, 20 },
                                                   { SMALL_STOCK, "order-created", 3, 37, 67, 30 } };
    struct study study = *small_study(&arena);
    struct observations seen = *study.observations;
    const struct observed_table table[] = {
        { .label = "", .t_s = 25, .sigma_t_s = (double)NAN, .n_rows = 2, .row = between },
        { .label = "", .t_s = 30, .sigma_t_s = (double)NAN, .n_rows = 2, .row = last }
    };
    seen.n_snapshots = 2;
    seen.snapshot = table;
    seen.n_offsets = 2;
    seen.offset = last;
    study.observations = &seen;
    const struct outcome outcome = small_outcome(&study, 3, &arena);

    assert_close(comparison_of(&outcome, PREDICT_TABLE_LAG, 0).prediction->observed, 50, 0);
    assert_close(comparison_of(&outcome, PREDICT_TABLE_LAG, 0).predicted, 67, 1e-12);
    assert_true(isnan(comparison_of(&outcome, PREDICT_LAG, 1).predicted));
    assert_close(comparison_of(&outcome, PREDICT_TOTAL_LAG, 1).predicted, 81, 1e-12);
}

static void no_verdict_without_a_spread_or_a_group(void **state)
{
    (void)state;
    const struct outcome one = small_outcome(small_study(&arena), 1, &arena);
    const struct outcome three = small_outcome(small_study(&arena), 3, &arena);

    assert_int_equal(comparison_of(&one, PREDICT_PAID, 1).explained, EXPLAINED_UNKNOWN);
    assert_true(isnan(comparison_of(&one, PREDICT_PAID, 1).lo));
    assert_true(isnan(comparison_of(&three, PREDICT_LAG, 3).predicted));
    assert_int_equal(comparison_of(&three, PREDICT_LAG, 3).explained, EXPLAINED_UNKNOWN);
}

/* ---- summary.json ---- */

static char *summary_of(const struct outcome *outcome)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_true(summary_write(outcome, out));
    fclose(out);
    return text;
}

static const cJSON *at(const cJSON *object, const char *key)
{
    const cJSON *child = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!child)
        fail_msg("no key %s", key);
    return child;
}

/* The keys in this order, separated by blanks. */
static void has_keys(const cJSON *object, const char *keys)
{
    const cJSON *child = object->child;
    for (const char *key = keys; *key; key += strspn(key, " ")) {
        const size_t length = strcspn(key, " ");
        while (child && (strlen(child->string) != length || strncmp(child->string, key, length) != 0))
            child = child->next;
        if (!child)
            fail_msg("no key %.*s, or not in this place", (int)length, key);
        key += length;
    }
}

static void every_key_of_the_contract(void **state)
{
    (void)state;
    const struct outcome outcome = small_outcome(small_study(&arena), 3, &arena);
    char *text = summary_of(&outcome);
    cJSON *root = cJSON_Parse(text);
    assert_non_null(root);

    has_keys(root, "schema version scenario seed replications fingerprint sim orders checkpoints completion_s groups "
                   "locks tables invariants verdicts upper_limit_95 thresholds bottleneck ci95");
    has_keys(at(at(root, "verdicts"), "safety"), "judged passed invariants broken open runs_broken runs_judged upper_limit_95");
    has_keys(at(at(root, "verdicts"), "liveness"), "judged passed invariants broken open runs_broken runs_judged upper_limit_95");
    assert_true(cJSON_IsFalse(at(at(at(root, "verdicts"), "safety"), "passed")));
    assert_true(cJSON_IsTrue(at(at(at(root, "verdicts"), "liveness"), "passed")));
    has_keys(at(root, "scenario"), "name sha256 assumed");
    assert_int_equal(cJSON_GetArraySize(at(at(root, "scenario"), "assumed")), 3);
    has_keys(at(root, "sim"), "end_s events wall_s events_per_s peak_rss_bytes");
    has_keys(at(root, "orders"), "scheduled dropped created paid failed pending paid_ratio failed_ratio pending_ratio "
                                 "oversold");
    has_keys(at(at(root, "checkpoints"), "half.way"), "at_s created paid failed pending paid_ratio failed_ratio "
                                                      "pending_ratio groups");
    const cJSON *group = at(at(at(at(root, "checkpoints"), "half.way"), "groups"), SMALL_STOCK);
    has_keys(group, "lag backlog lag_s partitions");
    assert_int_equal(cJSON_GetArraySize(at(group, "partitions")), 3);
    const cJSON *partition = cJSON_GetArrayItem(at(group, "partitions"), 2);
    has_keys(partition, "topic partition log_end_offset committed_offset lag backlog");
    assert_string_equal(at(partition, "topic")->valuestring, "order-created");
    assert_close(at(partition, "partition")->valuedouble, 2, 0);
    has_keys(at(root, "completion_s"), "mean min p50 p90 p95 p99 p99_9 max");
    has_keys(at(at(root, "groups"), SMALL_PAY),
             "peak_lag peak_lag_at_s peak_backlog peak_backlog_at_s peak_partition_lag peak_lag_s sampled_peak_lag "
             "sampled_peak_backlog sampled_peak_partition_lag drained_at_s processed duplicates skipped utilisation "
             "throughput_per_s wait_s service_s");
    has_keys(at(at(root, "locks"), "item"), "acquired contended timed_out expired_while_held overlaps wait_s hold_s");
    has_keys(at(at(root, "tables"), "stock"), "writes conflicts retries rejected lost_updates deadlocks lock_timeouts "
                                              "oversold wait_s");
    has_keys(at(at(at(root, "tables"), "stock"), "wait_s"), "mean p50 p95 p99 max");
    assert_true(cJSON_IsNull(at(at(at(at(root, "tables"), "stock"), "wait_s"), "max")));
    has_keys(cJSON_GetArrayItem(at(root, "invariants"), 2), "name kind passed violations first");
    has_keys(at(cJSON_GetArrayItem(at(root, "invariants"), 2), "first"), "replication t_s order_id what cause");
    assert_true(cJSON_IsFalse(at(cJSON_GetArrayItem(at(root, "invariants"), 2), "passed")));
    assert_true(cJSON_IsNull(at(cJSON_GetArrayItem(at(root, "invariants"), 0), "first")));
    has_keys(cJSON_GetArrayItem(at(root, "thresholds"), 0), "metric expression value nulls passed passed_share");
    has_keys(at(root, "bottleneck"), "group reason");
    cJSON_Delete(root);
    free(text);
}

/* Below "ci95" stand the same paths, numbers only. */
static void same_paths(const cJSON *figures, const cJSON *widths)
{
    for (const cJSON *child = widths->child, *twin; child; child = child->next) {
        if (cJSON_IsArray(widths)) {
            twin = figures->child;
            for (const cJSON *before = widths->child; before != child; before = before->next)
                twin = twin->next;
        } else {
            twin = at(figures, child->string);
        }
        if (cJSON_IsObject(child) || cJSON_IsArray(child))
            same_paths(twin, child);
        else
            assert_true(cJSON_IsNumber(child) || cJSON_IsNull(child));
    }
}

static void half_widths_under_the_same_paths(void **state)
{
    (void)state;
    const struct study *study = small_study(&arena);
    const struct outcome outcome = small_outcome(study, 3, &arena), one = small_outcome(study, 1, &arena);
    char *text = summary_of(&outcome), *text_of_one = summary_of(&one);
    cJSON *root = cJSON_Parse(text), *root_of_one = cJSON_Parse(text_of_one);
    const cJSON *widths = at(root, "ci95");

    same_paths(root, widths);
    assert_close(at(at(at(widths, "checkpoints"), "half.way"), "paid")->valuedouble, student_t / sqrt(3), 1e-9);
    assert_null(cJSON_GetObjectItemCaseSensitive(root_of_one, "ci95"));
    cJSON_Delete(root), cJSON_Delete(root_of_one);
    free(text), free(text_of_one);
}

static void open_invariants_and_counted_nulls(void **state)
{
    (void)state;
    const struct study *study = small_study(&arena);
    const struct layout *layout = layout_make(study, &arena);
    struct result *result[] = { small_run(layout, 0, 0, NULL, &arena), small_run(layout, 1, 25, NULL, &arena) };
    struct outcome outcome;
    assert_true(outcome_make(&outcome, study, layout, result, 2, 0.95, UINT64_MAX, &arena, NULL));
    char *text = summary_of(&outcome);
    cJSON *root = cJSON_Parse(text);

    assert_true(cJSON_IsNull(at(cJSON_GetArrayItem(at(root, "invariants"), 1), "passed")));
    assert_close(at(at(root, "nulls"), "checkpoints.late.paid")->valuedouble, 1, 0);
    /* nobody took the lock in either run: the mean is null, and both are counted */
    assert_true(cJSON_IsNull(at(at(at(at(root, "locks"), "item"), "wait_s"), "mean")));
    assert_close(at(at(root, "nulls"), "locks.item.wait_s.mean")->valuedouble, 2, 0);
    assert_string_equal(at(root, "seed")->valuestring, "18446744073709551615");
    cJSON_Delete(root);
    free(text);
}

static void same_bytes_twice(void **state)
{
    (void)state;
    const struct outcome outcome = small_outcome(small_study(&arena), 3, &arena);
    const struct outcome again = small_outcome(small_study(&arena), 3, &arena);
    char *a = summary_of(&outcome), *b = summary_of(&again);

    assert_string_equal(a, b);
    free(a), free(b);
}

static void a_full_disk_is_noticed(void **state)
{
    (void)state;
    const struct outcome outcome = small_outcome(small_study(&arena), 1, &arena);
    FILE *full = fopen("/dev/full", "w");
    assert_non_null(full);
    setvbuf(full, NULL, _IONBF, 0);
    assert_false(summary_write(&outcome, full));
    fclose(full);
}

/* ---- numbers ---- */

static void numbers_read_back(void **state)
{
    (void)state;
    const double value[] = { 0.1, 1.0 / 3, 2.0 / 3, 1e300, 5e-324, DBL_MAX, 0x1p53, 123456789.123456789, -1e-7 };

    for (size_t i = 0; i < sizeof value / sizeof *value; i++) {
        const double back = strtod(number_json(value[i]).s, NULL);
        assert_memory_equal(&back, &value[i], sizeof back);
    }
    assert_string_equal(number_json(0.1).s, "0.1");
    assert_string_equal(number_json(40730).s, "40730");
    assert_string_equal(number_json(-0.0).s, "0");
    assert_string_equal(number_json((double)NAN).s, "null");
    assert_string_equal(number_json((double)INFINITY).s, "null");
}

static void numbers_for_people(void **state)
{
    (void)state;
    assert_string_equal(number_count(40730).s, "40,730");
    assert_string_equal(number_count(-1234567.4).s, "-1,234,567");
    assert_string_equal(number_count(999).s, "999");
    assert_string_equal(number_count(-0.3).s, "0");
    /* one in twenty runs */
    assert_string_equal(number_times(1 / 20.0).s, "0.05");
    assert_string_equal(number_times(1 / 3.0).s, "0.33");
    assert_string_equal(number_times(0.5).s, "0.5");
    assert_string_equal(number_times(1 / 400.0).s, "0.0025");
    assert_string_equal(number_times(0.9999).s, "1");
    assert_string_equal(number_times(0).s, "0");
    assert_string_equal(number_times(1234.4).s, "1,234");
    assert_string_equal(number_times((double)NAN).s, "-");
    assert_string_equal(number_count((double)NAN).s, "-");
    assert_string_equal(number_fixed(1234.56, 1).s, "1,234.6");
    assert_string_equal(number_percent(0.58427).s, "58.4%");
    assert_string_equal(number_percent((double)NAN).s, "-");
    assert_string_equal(number_percent(0).s, "0.0%");
    assert_string_equal(number_percent(1).s, "100.0%");
    assert_string_equal(number_percent(0.9997).s, "99.97%"); /* what is neither all nor none is not shown so */
    assert_string_equal(number_percent(0.0003).s, "0.03%");
    assert_string_equal(number_percent(-0.0003).s, "-0.03%");
    assert_string_equal(number_percent(0.9999).s, "99.99%");
    assert_string_equal(number_percent(0.99951).s, "99.95%");
    assert_string_equal(number_percent(0.99949).s, "99.9%");
    assert_string_equal(number_percent(1.0004).s, "100.04%");
    assert_string_equal(number_percent(1 - 1e-9).s, "99.9999999%");
    assert_string_equal(number_percent(1 - 1e-15).s, "100.0%"); /* the last bits of a sum */
    assert_string_equal(number_percent(1e-17).s, "0.0%");
    assert_string_equal(number_of_metric("orders.failed_ratio", 0.0003).s, "0.03%");
    /* names that look like times are none */
    assert_string_equal(number_of_metric("checkpoints.after_30_s.paid", 1500).s, "1,500");
    assert_string_equal(number_of_metric("groups.pay_s.processed", 20).s, "20");
    assert_string_equal(number_of_metric("groups.pay_s.peak_rate_per_s", 20).s, "20");
    assert_string_equal(number_of_metric("groups.x_per_s.service_s.mean", 0.5).s, "500 ms");
    assert_string_equal(number_of_metric("completion_s.p99_9", 20).s, "20.0 s");
    assert_string_equal(number_of_metric("order_time.p95.log_wait_s.pay", 0.5).s, "500 ms");
    assert_string_equal(number_of_metric("groups.pay.drained_at_s", 20).s, "20.0 s");
    assert_string_equal(number_limit(0.95).s, "95.0%");
    assert_string_equal(number_limit(1).s, "100.0%");
    assert_string_equal(number_limit(1 - pow(0.05, 1.0 / 20)).s, "14.0%");     /* 13.91 */
    assert_string_equal(number_limit(1 - pow(0.05, 1.0 / 298)).s, "1.1%");     /* 1.0002 */
    assert_string_equal(number_limit(1 - pow(0.05, 1.0 / 2000)).s, "0.15%");   /* 0.1497 */
    assert_string_equal(number_limit(1 - pow(0.05, 1.0 / 100000)).s, "0.0030%"); /* 0.0029957 */
    assert_string_equal(number_rate(1234.56).s, "1,234.6");
    assert_string_equal(number_rate(0).s, "0.0");
    assert_string_equal(number_rate(1).s, "1.0");
    assert_string_equal(number_rate(0.996).s, "1.0");
    assert_string_equal(number_rate(0.994).s, "0.99");
    assert_string_equal(number_rate(0.0622).s, "0.062"); /* and not "0.1", of which 0.05 is 81 % */
    assert_string_equal(number_rate(0.0996).s, "0.10");
    assert_string_equal(number_rate(-0.00021).s, "-0.00021");
    assert_string_equal(number_rate(1e-17).s, "0.0");
    assert_string_equal(number_rate((double)NAN).s, "-");
    assert_string_equal(number_of_metric("groups.g.capacity_per_s", 0.00021).s, "0.00021");
    assert_string_equal(number_of_metric("groups.g.capacity_per_s", 0.5).s, "0.50");
    assert_string_equal(number_of_metric("groups.g.capacity_per_s", 1.5).s, "1.50");
    assert_string_equal(number_of_metric("groups.g.capacity_per_s", 0).s, "0");
    assert_string_equal(number_seconds(0).s, "0 s");
    assert_string_equal(number_seconds(0.02325).s, "23.2 ms");
    assert_string_equal(number_seconds(0.9999).s, "1.00 s");
    assert_string_equal(number_seconds(1018.6).s, "1,019 s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(means_and_half_widths, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(nulls_leave_the_mean, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(thresholds_by_the_mean_and_by_runs, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(invariants_over_runs, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(safety_and_liveness_apart, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(exit_codes, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(fingerprint_hangs_on_order, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(bottleneck_with_figures, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(who_is_away_does_not_count_as_slow, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_fault_adds_what_it_can, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(time_before_the_start_does_not_count, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(long_records_do_not_count_twice, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(what_is_refused_is_soon_done, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(how_often_rows_are_wanted_changes_nothing, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(looking_is_no_event, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(what_is_tried_again_takes_time, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(commits_fall_at_the_end_of_polls, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_failure_ends_its_poll, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(some_fetches_are_waited_for, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_quiet_topic_parks_the_fetch, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(who_waits_for_whom, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(fewer_partitions_have_less_at_hand, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(what_is_sought_back_to_is_fetched, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(when_a_load_begins_changes_nothing, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(what_has_failed_did_not_arrive, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(worked_off_before_the_last_one, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(not_due_is_not_behind, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(the_api_may_be_what_limits, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(the_vus_may_be_what_limits, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(the_vus_may_start_too_late, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_slow_api_takes_more_than_nothing, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(what_the_api_lets_through_arrives, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(who_fell_behind_comes_before_who_keeps_up, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(who_was_behind_for_longer_comes_first, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(what_was_dropped_did_not_arrive, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(what_was_dropped_at_the_end_did_not_arrive, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(what_others_dropped_takes_nothing, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_long_sleep_is_shared_by_all, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(what_comes_again_is_no_negative_work, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(retries_are_no_repeats, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(who_does_nothing_comes_first, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(what_waits_upstream_is_asked_for, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(what_is_sent_again_is_not_asked_for, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_short_spike_is_seen_and_chance_is_not, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_flood_from_upstream_is_seen, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(who_is_held_up_by_a_pool_comes_first, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(the_relay_of_an_outbox_may_be_what_limits, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(what_is_not_due_is_no_backlog, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(long_and_short_records, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(predictions_beside_observations, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(tables_before_the_last_are_compared, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(sums_are_of_the_partitions_that_a_table_lists, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(no_verdict_without_a_spread_or_a_group, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(every_key_of_the_contract, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(half_widths_under_the_same_paths, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(open_invariants_and_counted_nulls, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(same_bytes_twice, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(a_full_disk_is_noticed, open_arena, close_arena),
        cmocka_unit_test(numbers_read_back),
        cmocka_unit_test(numbers_for_people)
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
