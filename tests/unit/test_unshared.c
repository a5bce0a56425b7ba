/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: only what a thread has to itself is done ahead of its time. Method: one pipeline, and changes to it that each
 * let somebody else come to one of its steps. (That it changes nothing but the number of events, in runs to the end and
 * in runs that are cut anywhere: tests/property/test_random_scenarios.c.) */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "models/plan.h"
#include "tests/support/trial.h"

/* clang-format off */
static const char SHOP[] = TRIAL_JSON({
    "name": "unshared",
    "load": { "scenarios": { "orders": { "executor": "constant-arrival-rate", "rate": 20, "duration": "2s" } } },
    "orders": { "item": 7, "user": 7, "amount": 1, "quantity": 1 },
    "kafka": { "partitions": 2 },
    "topics": { "created": {}, "reserved": {}, "pay": {}, "paid": {} },
    "flow": { "legs": { "stock": { "ok": "reserved" } }, "then": { "publish": "pay", "ok": "paid" } },
    "stores": { "database": {} },
    "locks": { "item": { "key": "item", "wait": "5s", "lease": "10s" } },
    "tables": { "orders": { "key": "order_id" },
                "stock": { "key": "item", "rows": 9, "quantity": 1000, "store": "database" },
                "quota": { "key": "item", "rows": 9, "quantity": 1000 },
                "points": { "key": "user", "rows": 9, "quantity": 1000 } },
    "processes": { "shop": { "connections": 0, "api": { "threads": 9, "stage": "accept" }, "groups": "all" } },
    "groups": { "stock": { "consumers": 1, "reads": { "created": "reserve" } },
                "flow": { "consumers": 1, "reads": { "reserved": "decide", "paid": "decide" } },
                "payment": { "consumers": 1, "reads": { "pay": "settle" } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders", "time": "4ms" }, { "publish": "created" }, { "reply": 202 } ] },
        "reserve": { "time": { "mean": "20ms" }, "steps": [
            { "lock": "item", "share": 0.2 },
            { "begin": "stock" },
            { "write": "stock", "effect": "reserve", "share": 0.3 },
            { "commit": "stock", "share": 0.3 },
            { "unlock": "item", "share": 0.2 },
            { "publish": "reserved" } ] },
        "decide": { "time": { "mean": "2ms" }, "steps": [ { "join": "order", "share": 1 } ] },
        "settle": { "time": { "mean": "5ms" }, "steps": [ { "work": "bank", "share": 1 }, { "publish": "paid" } ] }
    }
});
/* clang-format on */

static const char DEBITS[] = "[ { \"begin\": \"points\" },"
                             " { \"write\": \"points\", \"effect\": \"debit\", \"share\": 1 },"
                             " { \"commit\": \"points\" }, { \"publish\": \"paid\" } ]";
static const char RESTORES[] = "[ { \"begin\": \"quota\" },"
                               " { \"write\": \"quota\", \"effect\": \"restore\", \"share\": 1 },"
                               " { \"commit\": \"quota\" }, { \"publish\": \"paid\" } ]";

/* Steps of accept (a), reserve (l w c u) and decide (j) that are a thread's own. */
static void own_steps(const struct plan *plan, char *out)
{
    static const char letter[STEP_KINDS] = { [STEP_INSERT] = 'a', [STEP_LOCK] = 'l', [STEP_WRITE] = 'w',
                                             [STEP_COMMIT] = 'c', [STEP_UNLOCK] = 'u', [STEP_JOIN] = 'j' };
    for (uint32_t i = 0; i < plan->n_ops; i++)
        if (plan->op[i].unshared && letter[plan->op[i].kind]) *out++ = letter[plan->op[i].kind];
    *out = '\0';
}

static void test_whose_steps_they_are(void **state)
{
    static const struct { struct study_edit edit; const char *own; } cases[] = {
        { { "/name", "\"as it is\"" }, "alwcuj" },
        { { "/groups/stock/consumers", "2" }, "aj" },
        { { "/groups/flow/consumers", "2" }, "alwcu" },
        { { "/groups/payment/reads/created", "\"reserve\"" }, "aj" },
        { { "/locks/item/lease", "\"watchdog\"" }, "awcj" },
        { { "/locks/item/kind", "\"fair\"" }, "awcj" },
        { { "/stores/database/capacity", "4" }, "aluj" },
        { { "/stages/reserve/steps/2/style", "\"for-update\"" }, "" },
        { { "/stages/settle/steps", "[ { \"lock\": \"item\" }, { \"unlock\": \"item\", \"share\": 1 },"
                                    " { \"publish\": \"paid\" } ]" }, "awcj" },
        { { "/stages/settle/steps/1", "{ \"status\": \"PAID\" }" }, "alwcu" },
        { { "/flow/guard", "\"row-lock\"" }, "alwcu" },
        { { "/stages/accept/steps", "[ { \"publish\": \"created\" }, { \"insert\": \"orders\" },"
                                    " { \"reply\": 202 } ]" }, "lwcuj" },
        { { "/stages/settle/steps", RESTORES }, "aluj" }, /* what an order remembers is by kind of row, not by table */
        { { "/stages/settle/steps", DEBITS }, "alwcujwc" },
        { { "/faults", "{ \"stop\": { \"pause\": \"shop\", \"at\": \"1s\", \"for\": \"1s\" } }" }, "" }
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trial trial;
        char own[64];
        trial_open(&trial, SHOP, &cases[i].edit, 1);
        own_steps(trial.plan, own);
        if (strcmp(own, cases[i].own) != 0) fail_msg("%s: %s, not %s", cases[i].edit.pointer, own, cases[i].own);
        trial_close(&trial);
    }
}

/* A debit that does not wait for the join looks at whether payment was asked for. */
static void test_a_debit_sees_the_join(void **state)
{
    const struct study_edit edits[] = { { "/stages/settle/steps", DEBITS },
                                        { "/groups/payment/reads/created", "\"settle\"" } };
    struct trial trial;
    char own[64];
    (void)state;
    trial_open(&trial, SHOP, edits, 2);
    own_steps(trial.plan, own);
    assert_string_equal(own, "alwcuwc");
    trial_close(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_whose_steps_they_are),
                                        cmocka_unit_test(test_a_debit_sees_the_join) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
