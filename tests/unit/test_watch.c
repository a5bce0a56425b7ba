/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: what stands beside an observation is what the run shows at its instant, however seldom it is sampled; and where
 * only a window is known, all that runs show in it.
 * Method: orders that come twice as fast as they are done, so that every instant has counts of its own that are known
 * beforehand; and checkpoints of the same instants. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/results/layout.h"
#include "tests/support/own_arena.h"
#include "tests/support/small_study.h"
#include "tests/support/trial.h"

/* Ten orders a second for two minutes, of which five a second are done: gone at 240 s. */
/* clang-format off */
static const char TWICE_TOO_MANY[] = TRIAL_JSON({
    "load": { "scenarios": { "orders": { "executor": "constant-arrival-rate", "rate": 10, "duration": "2m" } } },
    "orders": { "item": 1, "quantity": 1 },
    "checkpoints": { "seen": "50.05s" },
    "kafka": { "partitions": 1 },
    "topics": { "orders": {} },
    "tables": { "orders": { "key": "order_id" } },
    "processes": {
        "front": { "connections": 0, "api": { "threads": 4, "stage": "accept" } },
        "back": { "connections": 0, "groups": "all" }
    },
    "groups": { "servers": { "consumers": 1, "max_poll_records": 10, "reads": { "orders": "serve" } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "orders" }, { "reply": 202 } ] },
        "serve": { "steps": [ { "work": "look", "time": "200ms" }, { "status": "PAID" } ] }
    }
});
/* clang-format on */

enum { SEEN, AT_END, AFTER, LAST, STATUSES };

static const struct observed_status status[STATUSES] = {
    [SEEN] = { .label = "", .t_s = 50.05, .from_s = (double)NAN, .to_s = (double)NAN, .paid = 1, .pending = 1,
               .failed = -1 },
    [AT_END] = { .label = "", .t_s = 60, .from_s = (double)NAN, .to_s = (double)NAN, .paid = 1, .pending = -1,
                 .failed = -1 },
    [AFTER] = { .label = "", .t_s = 1000, .from_s = (double)NAN, .to_s = (double)NAN, .paid = 1, .pending = 1,
                .failed = -1 },
    [LAST] = { .label = "", .t_s = (double)NAN, .from_s = (double)NAN, .to_s = (double)NAN, .paid = 1, .pending = -1,
               .failed = -1 } };
static const struct observed_offset offset[] = { { "servers", "orders", 0, 1, 1, 0 } };
static const struct observations seen = { .n_statuses = STATUSES, .status = status, .offsets_t_s = 50.05,
                                          .n_offsets = 1, .offset = offset };

/* One run, with the observations or without, its result in `arena`. */
static const struct result *run_once(const struct observations *observations, const struct study_edit *edits,
                                     uint32_t n_edits, const struct layout **layout)
{
    struct trial trial;
    trial_open(&trial, TWICE_TOO_MANY, edits, n_edits);
    trial.study.observations = observations;
    *layout = layout_make(&trial.study, &arena);
    struct recorder *recorder = recorder_open(*layout, 0, NULL, &arena);
    const struct run_facts *facts = trial_run(&trial, 0, recorder_observer(recorder));
    const struct result *result = recorder_close(recorder, facts, &arena);
    trial_close(&trial);
    return result;
}

static double watched(const struct layout *layout, const struct result *result, enum predicted_kind kind, uint32_t item,
                      uint32_t which)
{
    for (uint32_t i = 0; i < layout->n_predictions; i++)
        if (layout->prediction[i].kind == kind && layout->prediction[i].item == item)
            return result->value[layout_watched(layout, i) + which];
    fail_msg("no prediction of kind %d for item %u", (int)kind, (unsigned)item);
    return (double)NAN;
}

static double figure(const struct layout *layout, const struct result *result, const char *path)
{
    const uint32_t index = layout_find(layout, path, NULL);
    assert_int_not_equal(index, NONE);
    return result->value[index];
}

/* ---- instants ---- */

static const char *const sample_every[] = { "100ms", "1s", "7s", "1m", "1h" };
enum { WAYS_TO_SAMPLE = sizeof sample_every / sizeof *sample_every };

/* At 50.05 s 501 orders have come, and one is done every 200 ms. */
static void an_instant_is_not_the_sample_before_it(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < WAYS_TO_SAMPLE; i++) {
        const struct study_edit edit = { "/run/sample_every", sample_every[i] };
        const struct layout *layout;
        const struct result *result = run_once(&seen, &edit, 1, &layout);
        const double paid = watched(layout, result, PREDICT_PAID, SEEN, WATCH_AT);
        assert_close(paid, 250, 1);
        assert_close(paid, figure(layout, result, "checkpoints.seen.paid"), 0);
        assert_close(watched(layout, result, PREDICT_PENDING, SEEN, WATCH_AT), 501 - paid, 0);
        assert_close(watched(layout, result, PREDICT_LOG_END, 0, WATCH_AT), 501, 0);
        assert_close(watched(layout, result, PREDICT_LAG, 0, WATCH_AT),
                     figure(layout, result, "checkpoints.seen.groups.servers.lag"), 0);
    }
}

/* What lies behind the end of a run that ended by itself is as it is in the end. */
static void behind_the_end_all_is_done(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < WAYS_TO_SAMPLE; i++) {
        const struct study_edit edit = { "/run/sample_every", sample_every[i] };
        const struct layout *layout;
        const struct result *result = run_once(&seen, &edit, 1, &layout);
        assert_close(watched(layout, result, PREDICT_PAID, AFTER, WATCH_AT), 1200, 0);
        assert_close(watched(layout, result, PREDICT_PENDING, AFTER, WATCH_AT), 0, 0);
        assert_close(watched(layout, result, PREDICT_PAID, LAST, WATCH_AT), 1200, 0);
    }
}

/* A run that was cut at 60 s has seen 60 s, and nothing later. */
static void behind_a_cut_nothing_is_known(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < WAYS_TO_SAMPLE; i++) {
        const struct study_edit edits[] = { { "/run/sample_every", sample_every[i] }, { "/run/ends", "60s" } };
        const struct layout *layout;
        const struct result *result = run_once(&seen, edits, 2, &layout);
        assert_true(result->cut);
        assert_close(watched(layout, result, PREDICT_PAID, AT_END, WATCH_AT), 300, 1);
        assert_true(isnan(watched(layout, result, PREDICT_PAID, AFTER, WATCH_AT)));
        assert_true(isnan(watched(layout, result, PREDICT_PAID, LAST, WATCH_AT)));
    }
}

/* One item is one key, and one key goes to one of three partitions: the other two are empty, and what lags there is all
 * that lags. */
static void empty_partitions_are_rows_of_the_table(void **state)
{
    static const struct observed_offset rows[] = { { "servers", "orders", 0, 1, 1, 0 },
                                                   { "servers", "orders", 1, 0, 0, 0 },
                                                   { "servers", "orders", 2, 0, 0, 0 } };
    static const struct observations table = { .offsets_t_s = 50.05, .n_offsets = 3, .offset = rows };
    const struct study_edit edits[] = { { "/kafka/partitions", "3" }, { "/topics/orders/key", "item" } };
    const struct layout *layout;
    (void)state;
    const struct result *result = run_once(&table, edits, 2, &layout);
    const double lag = figure(layout, result, "checkpoints.seen.groups.servers.lag");
    assert_close(lag, 251, 10); /* a batch of ten at most is not committed */
    assert_close(watched(layout, result, PREDICT_TOTAL_LAG, 2, WATCH_AT), lag, 0);
    assert_close(watched(layout, result, PREDICT_LAG_SPREAD, 2, WATCH_AT), lag, 0);
}

/* ---- windows ---- */

/* Ten a second come until 120 s, five a second are done: 550 wait at 110 s, 600 at 120 s, 500 in the middle, at 140 s,
 * and 350 at 170 s. Between two looks, 0.6 s, three come or go. */
static void a_run_tells_the_least_and_the_most_in_a_window(void **state)
{
    static const struct observed_status window = { .label = "", .t_s = (double)NAN, .from_s = 110, .to_s = 170,
                                                   .paid = -1, .pending = 400, .failed = -1 };
    static const struct observations windowed = { .n_statuses = 1, .status = &window };
    (void)state;
    for (uint32_t i = 0; i < WAYS_TO_SAMPLE; i++) {
        const struct study_edit edit = { "/run/sample_every", sample_every[i] };
        const struct layout *layout;
        const struct result *result = run_once(&windowed, &edit, 1, &layout);
        assert_close(watched(layout, result, PREDICT_PENDING, 0, WATCH_FROM), 550, 5);
        assert_close(watched(layout, result, PREDICT_PENDING, 0, WATCH_AT), 500, 5);
        assert_close(watched(layout, result, PREDICT_PENDING, 0, WATCH_TO), 350, 5);
        assert_close(watched(layout, result, PREDICT_PENDING, 0, WATCH_MOST), 600, 5);
        assert_close(watched(layout, result, PREDICT_PENDING, 0, WATCH_LEAST),
                     watched(layout, result, PREDICT_PENDING, 0, WATCH_TO), 0);
    }
}

/* What is known of the rest of a window that a cut ran into? Nothing. */
static void a_window_is_seen_whole_or_not_at_all(void **state)
{
    static const struct observed_status window = { .label = "", .t_s = (double)NAN, .from_s = 50, .to_s = 61,
                                                   .paid = -1, .pending = 250, .failed = -1 };
    static const struct observations windowed = { .n_statuses = 1, .status = &window };
    const struct study_edit to_60 = { "/run/ends", "60s" }, to_61 = { "/run/ends", "61s" };
    const struct layout *layout;
    (void)state;
    const struct result *result = run_once(&windowed, &to_60, 1, &layout);
    assert_close(watched(layout, result, PREDICT_PENDING, 0, WATCH_AT), 277, 5);
    assert_true(isnan(watched(layout, result, PREDICT_PENDING, 0, WATCH_LEAST)));
    assert_true(isnan(watched(layout, result, PREDICT_PENDING, 0, WATCH_MOST)));
    result = run_once(&windowed, &to_61, 1, &layout);
    assert_close(watched(layout, result, PREDICT_PENDING, 0, WATCH_LEAST), 250, 5);
    assert_close(watched(layout, result, PREDICT_PENDING, 0, WATCH_MOST), 305, 5);
}

static struct comparison of_window(double from_s, double to_s, int64_t paid, int64_t pending)
{
    const struct observed_status window = { .label = "", .t_s = (double)NAN, .from_s = from_s, .to_s = to_s,
                                            .paid = paid, .pending = pending, .failed = -1 };
    const struct observations windowed = { .n_statuses = 1, .status = &window };
    struct study study = *small_study(&arena);
    study.observations = &windowed;
    const struct outcome outcome = small_outcome(&study, 3, &arena);
    return comparison_make(&outcome, 0);
}

/* Replication r of the small study is r orders late: 72 + r wait at 12 s, 120 + r at 20 s, 112 + r in the middle, at
 * 22 s, and 72 + r at 32 s. One further run lies within t sd sqrt(1 + 1/3) = 4.97 of the mean. */
static void the_interval_holds_what_lies_inside(void **state)
{
    const struct comparison peak = of_window(12, 32, -1, 90);
    (void)state;
    assert_close(peak.predicted, 113, 1e-12);
    assert_close(peak.lo, 68, 0);
    assert_close(peak.hi, 126, 0);
    assert_int_equal(peak.explained, EXPLAINED_YES);
    assert_int_equal(of_window(12, 32, -1, 67).explained, EXPLAINED_NO);
    assert_int_equal(of_window(12, 32, -1, 127).explained, EXPLAINED_NO);
}

/* What only rises is least at the beginning and most at the end, and nothing is added to that: 80 - r are paid at 20 s,
 * 96 - r at 24 s. */
static void what_rises_lies_between_its_ends(void **state)
{
    const struct comparison rising = of_window(20, 24, 84, -1);
    (void)state;
    assert_close(rising.predicted, 87, 1e-12);
    assert_close(rising.lo, 74, 0);
    assert_close(rising.hi, 100, 0);
}

/* ---- peaks ---- */

static double peak_of(uint32_t partition, bool of_all)
{
    const struct study_edit edits[] = { { "/kafka/partitions", "2" },
                                        { "/groups/servers/backlog", "{\"orders\": [3, 100]}" },
                                        { "/load/scenarios/orders/rate", "1" },
                                        { "/load/scenarios/orders/duration", "1s" } };
    const struct observations observations = { .has_peak = true, .peak_label = "", .peak_partition = partition,
                                               .peak_is_of_all = of_all, .peak_lag = 3 };
    const struct layout *layout;
    const struct result *result = run_once(&observations, edits, 4, &layout);
    return watched(layout, result, PREDICT_PEAK, 0, WATCH_AT);
}

/* 3 records wait in one partition and 100 in the other, and one more comes. */
static void a_peak_is_of_the_partition_that_was_named(void **state)
{
    (void)state;
    assert_close(peak_of(0, false), 3.5, 0.5);
    assert_close(peak_of(1, false), 100.5, 0.5);
    assert_close(peak_of(NONE, false), peak_of(1, false), 0);
    assert_close(peak_of(0, true), peak_of(1, false), 0);
    assert_true(isnan(peak_of(2, false)));
}

/* Who looks at a run does not change it. */
static void a_run_does_not_know_that_it_is_watched(void **state)
{
    const struct layout *layout;
    (void)state;
    const struct result *alone = run_once(NULL, NULL, 0, &layout);
    const struct result *watched_one = run_once(&seen, NULL, 0, &layout);
    assert_int_equal(alone->fingerprint, watched_one->fingerprint);
    assert_int_equal(alone->events, watched_one->events);
    assert_int_equal(alone->end_ns, watched_one->end_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_instant_is_not_the_sample_before_it),
        cmocka_unit_test(behind_the_end_all_is_done),
        cmocka_unit_test(behind_a_cut_nothing_is_known),
        cmocka_unit_test(empty_partitions_are_rows_of_the_table),
        cmocka_unit_test(a_run_tells_the_least_and_the_most_in_a_window),
        cmocka_unit_test(a_window_is_seen_whole_or_not_at_all),
        cmocka_unit_test(the_interval_holds_what_lies_inside),
        cmocka_unit_test(what_rises_lies_between_its_ends),
        cmocka_unit_test(a_peak_is_of_the_partition_that_was_named),
        cmocka_unit_test(a_run_does_not_know_that_it_is_watched)
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
