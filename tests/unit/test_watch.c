/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: what stands beside an observation is what the run shows at its instant, however seldom it is sampled.
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
        cmocka_unit_test(a_run_does_not_know_that_it_is_watched)
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
