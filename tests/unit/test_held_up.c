/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: what a fault held up and let through at once is told as that, and the rate that is asked of a group is the
 * load's.
 * Oracle: by hand: 60 a second, 10 ms each by one consumer, so 60 %; held up for 30 s, 1,800 come at once. Tolerance:
 * 2 %. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "models/scenario.h"
#include "sim/results/bottleneck.h"
#include "sim/results/held_up.h"
#include "sim/results/more_consumers.h"
#include "tests/support/own_arena.h"
#include "tests/support/small_study.h"
#include "tests/support/trial_outcome.h"

/* ---- the account ---- */

static const struct held_up_by nobody = { NONE, 0 };

static bool look(struct held_up *held, double records, double orders)
{
    return held_up_look(held, (struct held_up_at){ records, orders }, nobody);
}

static bool begins(struct held_up *held, double records, double orders, uint32_t fault)
{
    return held_up_look(held, (struct held_up_at){ records, orders }, (struct held_up_by){ fault, 7 });
}

/* Two records an order; nothing comes for 50 orders, then all. */
static void until_all_have_come(void **state)
{
    struct held_up held = held_up_none();
    (void)state;
    assert_false(look(&held, 100, 50));
    assert_false(look(&held, 100, 60)); /* no fault has anything to do with it */
    assert_false(look(&held, 200, 100));
    assert_true(begins(&held, 200, 110, 3));
    assert_true(look(&held, 200, 150));
    assert_true(look(&held, 299, 150));
    assert_false(look(&held, 300, 150));
    assert_int_equal(held.fault.index, 3);
    assert_int_equal(held.fault.at_ns, 7);
}

/* One that begins while another holds records up is told where most was held up since. */
static void of_two_the_one_that_holds_up_most(void **state)
{
    struct held_up held = held_up_none();
    (void)state;
    assert_false(look(&held, 100, 100));
    assert_true(begins(&held, 100, 110, 0));
    assert_true(look(&held, 100, 120)); /* 20 */
    assert_true(begins(&held, 120, 130, 1));
    assert_true(look(&held, 120, 150)); /* 30 */
    assert_int_equal(held.fault.index, 0);
    assert_true(look(&held, 120, 161)); /* 41 */
    assert_int_equal(held.fault.index, 1);
    assert_false(look(&held, 161, 161));
}

/* Before an order was due nobody knows what each brings. */
static void from_the_beginning(void **state)
{
    struct held_up held = held_up_none();
    (void)state;
    assert_false(begins(&held, 0, 0, 0));
    assert_true(look(&held, 10, 10));
    assert_true(look(&held, 1000, 20));
}

/* ---- of a run ---- */

/* clang-format off */
static const char ONE[] = TRIAL_JSON({
    "load": { "scenarios": { "orders": { "executor": "constant-arrival-rate", "rate": 60, "duration": "300s" } } },
    "orders": { "item": 1, "quantity": 1 },
    "kafka": { "partitions": 3, "append": "1ms", "fetch": "1ms", "commit": "1ms" },
    "topics": { "orders": {}, "paid": {} },
    "tables": { "orders": { "key": "order_id" } },
    "processes": {
        "front": { "connections": 0, "api": { "threads": 3000, "stage": "accept" } },
        "back": { "connections": 0, "groups": ["servers"] },
        "rear": { "connections": 0, "groups": ["senders"] }
    },
    "groups": { "servers": { "consumers": 3, "reads": { "orders": "serve" } },
                "senders": { "consumers": 1, "reads": { "paid": "send" } } },
    "stages": {
        "accept": { "steps": [ { "work": "think", "time": "4ms" }, { "insert": "orders" }, { "publish": "orders" },
                               { "reply": 202 } ] },
        "serve": { "steps": [ { "work": "look", "time": "1ms" }, { "status": "PAID" }, { "publish": "paid" } ] },
        "send": { "steps": [ { "work": "look", "time": "10ms" } ] }
    }
});
/* clang-format on */

static struct trial trial;

static struct outcome run_with(const struct study_edit *edit, uint32_t n_edits)
{
    trial_open(&trial, ONE, edit, n_edits);
    return trial_outcome(&trial, NULL, &arena);
}

static void told_as_the_faults(const struct outcome *outcome)
{
    const struct group_demand *demand = &outcome->demand[0];
    char text[1024];

    assert_string_equal(demand->name, "senders");
    assert_close(demand->offered_per_s, 60, 1);
    assert_close(demand->pressure, 0.6, 0.01);
    assert_true(demand->surge_per_s > 100);
    assert_string_equal(demand->surge_fault->name, "f");
    assert_close(demand->surge_since_s, 100, 0);
    assert_int_equal(more_consumers(outcome, 0).limit, MORE_FAULT);
    assert_non_null(strstr(outcome->bottleneck_reason, "up to 60.0/s arrive (60.0%), and up to "));
    assert_non_null(strstr(outcome->bottleneck_reason, "/s after fault f had held them up"));
    more_consumers_text(outcome, LANG_EN, text, sizeof text);
    assert_non_null(strstr(text, "these would keep up, but from 100 s on fault f held records up, and then up to "));
    more_consumers_text(outcome, LANG_KO, text, sizeof text);
    assert_non_null(strstr(text, "100 s부터 장애 f로 밀린"));
}

/* A broker that is away; an API that takes 100 times as long, 3,000 at a time; a group before it that is away. */
static void what_a_fault_held_up_is_the_faults(void **state)
{
    static const char *const faults[] = {
        "{\"f\": {\"outage\": \"kafka\", \"at\": \"100s\", \"for\": \"30s\"}}",
        "{\"f\": {\"slow\": \"accept\", \"factor\": 10000, \"at\": \"100s\", \"for\": \"30s\"}}",
        "{\"f\": {\"pause\": \"back\", \"at\": \"100s\", \"for\": \"30s\"}}"
    };
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        const struct study_edit edit = { "/faults", faults[i] };
        const struct outcome outcome = run_with(&edit, 1);
        told_as_the_faults(&outcome);
        trial_close(&trial);
    }
}

/* Of a load that brings more for a while after the fault is over, and of a group before it that starts late, it is not;
 * nor where the fault is later than both. */
static void what_no_fault_held_up_is_not(void **state)
{
    static const char burst[] =
        "{\"orders\": {\"executor\": \"constant-arrival-rate\", \"rate\": 60, \"duration\": \"300s\"}, "
        "\"more\": {\"executor\": \"constant-arrival-rate\", \"rate\": 100, \"duration\": \"20s\", "
        "\"startTime\": \"200s\"}}";
    static const char outage[] = "{\"f\": {\"outage\": \"kafka\", \"at\": \"100s\", \"for\": \"10s\"}}";
    static const char later[] = "{\"f\": {\"outage\": \"kafka\", \"at\": \"299s\", \"for\": \"1s\"}}";
    const struct study_edit more[] = { { "/faults", outage }, { "/load/scenarios", burst } };
    const struct study_edit late[] = { { "/faults", later }, { "/groups/servers/start", "\"100s\"" } };
    (void)state;
    struct outcome outcome = run_with(more, 2);
    assert_close(outcome.demand[0].offered_per_s, 160, 3);
    assert_close(outcome.demand[0].surge_per_s, 0, 0);
    trial_close(&trial);
    outcome = run_with(late, 2);
    assert_true(outcome.demand[0].offered_per_s > 300);
    assert_close(outcome.demand[0].surge_per_s, 0, 0);
    trial_close(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(until_all_have_come),
        cmocka_unit_test(of_two_the_one_that_holds_up_most),
        cmocka_unit_test(from_the_beginning),
        cmocka_unit_test(what_a_fault_held_up_is_the_faults),
        cmocka_unit_test(what_no_fault_held_up_is_not),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
