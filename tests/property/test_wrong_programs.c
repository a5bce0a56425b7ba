/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: an invariant that cannot be broken proves nothing. Every accident that programs of steps can cause is seen, and
 * called by its right name. Method: one small pipeline that breaks nothing; each case makes one of its programs wrong,
 * as it is done in life, and says which invariants must be broken, and that the others hold. Each case is run twice:
 * groups that commit each batch, and groups whose last records are never committed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "models/invariant.h"
#include "tests/support/trial.h"

static const char RIGHT[] = TRIAL_JSON({
    "name": "right", "run": { "at_most": "100h" },
    "load": { "scenarios": { "orders": { "executor": "constant-arrival-rate", "rate": 100, "duration": "2s" } } },
    "orders": { "user": { "uniform": [1, 3] }, "item": { "uniform": [1, 2] }, "quantity": { "uniform": [1, 3] },
                "amount": { "uniform": [1, 9] }, "coupon": { "uniform": [1, 1000000] } },
    "kafka": { "partitions": 4, "append": { "mean": "1ms", "cv": 0.3 }, "fetch": { "mean": "1ms", "cv": 0.3 },
               "commit": { "mean": "2ms", "cv": 0.3 }, "commit_count": 1000000 },
    "topics": { "created": {}, "reserved": {}, "sold-out": {}, "restore-stock": {}, "used": {}, "invalid": {},
                "restore-coupon": {}, "pay": {}, "paid": {}, "declined": {}, "stray": {} },
    "tables": { "stock": { "key": "item", "rows": 2, "quantity": 1000 },
                "points": { "key": "user", "rows": 3, "quantity": 100000 },
                "coupons": { "key": "coupon", "rows": 1000000 }, "orders": { "key": "order_id" } },
    "locks": { "item": { "key": "item", "wait": "1h", "lease": "1h" },
               "user": { "key": "user", "wait": "1h", "lease": "1h" } },
    "processes": { "shop": { "instances": 2, "connections": 50, "groups": "all",
                             "api": { "threads": 20, "stage": "accept" } } },
    "groups": {
        "stock": { "consumers": 4, "reads": { "created": "reserve", "restore-stock": "restore" } },
        "coupon": { "consumers": 4, "reads": { "created": "use", "restore-coupon": "give-back" } },
        "flow": { "consumers": 4, "reads": { "reserved": "decide", "sold-out": "decide", "used": "decide",
                                             "invalid": "decide", "paid": "decide", "declined": "decide" } },
        "payment": { "consumers": 4, "reads": { "pay": "charge" } },
        "after": { "consumers": 4, "reads": { "paid": "archive", "stray": "look" } }
    },
    "flow": { "then": { "publish": "pay", "ok": "paid", "failed": "declined" },
              "legs": { "stock": { "ok": "reserved", "failed": "sold-out", "undo": "restore-stock" },
                        "coupon": { "ok": "used", "failed": "invalid", "undo": "restore-coupon" } } },
    "stages": {
        "accept": { "time": { "mean": "5ms", "cv": 0.3 },
                    "steps": [ { "insert": "orders", "share": 1 }, { "publish": "created" }, { "reply": 202 } ] },
        "reserve": { "time": { "mean": "9ms", "cv": 0.5 }, "steps": [
            { "lock": "item", "share": 0.1 }, { "begin": "stock" }, { "read": "stock", "share": 0.2 },
            { "write": "stock", "style": "absolute", "effect": "reserve", "share": 0.3,
              "otherwise": [ { "rollback": "stock" }, { "unlock": "item" }, { "publish": "sold-out" } ] },
            { "commit": "stock", "share": 0.3 }, { "unlock": "item", "share": 0.1 }, { "publish": "reserved" } ] },
        "restore": { "time": { "mean": "9ms", "cv": 0.5 }, "steps": [
            { "lock": "item", "share": 0.2 }, { "begin": "stock" },
            { "write": "stock", "style": "absolute", "effect": "restore", "share": 0.4 },
            { "commit": "stock", "share": 0.2 }, { "unlock": "item", "share": 0.2 } ] },
        "use": { "time": { "mean": "6ms", "cv": 0.5 }, "steps": [
            { "begin": "coupons" },
            { "write": "coupons", "style": "conditional", "effect": "use", "share": 0.6, "refuse": 0.2,
              "otherwise": [ { "rollback": "coupons" }, { "publish": "invalid" } ] },
            { "commit": "coupons", "share": 0.4 }, { "publish": "used" } ] },
        "give-back": { "time": { "mean": "4ms", "cv": 0.5 }, "steps": [
            { "begin": "coupons" }, { "write": "coupons", "effect": "restore", "share": 0.5 },
            { "commit": "coupons", "share": 0.5 } ] },
        "decide": { "time": { "mean": "2ms", "cv": 0.5 }, "steps": [ { "join": "order", "share": 1 } ] },
        "charge": { "time": { "mean": "6ms", "cv": 0.5 }, "steps": [
            { "lock": "user", "share": 0.2 }, { "begin": "points" }, { "read": "points", "share": 0.2 },
            { "write": "points", "style": "absolute", "effect": "debit", "share": 0.2, "refuse": 0.2,
              "otherwise": [ { "rollback": "points" }, { "unlock": "user" }, { "publish": "declined" } ] },
            { "commit": "points", "share": 0.2 }, { "unlock": "user", "share": 0.2 }, { "publish": "paid" } ] },
        "archive": { "time": { "mean": "1ms", "cv": 0.5 },
                     "steps": [ { "work": "archive", "share": 1 }, { "publish": "stray" } ] },
        "look": { "time": { "mean": "1ms", "cv": 0.5 }, "steps": [ { "work": "look", "share": 1 } ] }
    }
});

struct wrong {
    const char *what;
    struct study_edit edit[3];
    const char *broken; /* names, with blanks around each */
};

#define RESERVE "/stages/reserve/steps"
#define CHARGE "/stages/charge/steps"

static const struct wrong cases[] = {
    { "nothing wrong", { { NULL, NULL } }, "" },
    { "sold out, nothing wrong", { { "/tables/stock/quantity", "40" } }, "" },
    { "a third of the orders costs nothing", { { "/orders/amount", TRIAL_JSON({ "uniform": [0, 2] }) } }, "" },
    { "the lock is given back before the commit",
      { { "/tables/stock/quantity", "40" },
        { RESERVE, TRIAL_JSON([ { "begin": "stock" }, { "lock": "item", "share": 0.1 },
            { "read": "stock", "share": 0.2 },
            { "write": "stock", "style": "absolute", "effect": "reserve", "share": 0.3,
              "otherwise": [ { "unlock": "item" }, { "rollback": "stock" }, { "publish": "sold-out" } ] },
            { "unlock": "item", "share": 0.1 }, { "commit": "stock", "share": 0.3 }, { "publish": "reserved" } ]) } },
      " S1 S3 S5 " },
    { "no lock at all",
      { { RESERVE, TRIAL_JSON([ { "begin": "stock" }, { "read": "stock", "share": 0.3 },
            { "write": "stock", "style": "absolute", "effect": "reserve", "share": 0.4,
              "otherwise": [ { "rollback": "stock" }, { "publish": "sold-out" } ] },
            { "commit": "stock", "share": 0.3 }, { "publish": "reserved" } ]) } },
      " S1 S3 S5 " },
    { "the row is read before the lock is there",
      { { RESERVE, TRIAL_JSON([ { "begin": "stock" }, { "read": "stock", "share": 0.2 },
            { "lock": "item", "share": 0.1 },
            { "write": "stock", "style": "absolute", "effect": "reserve", "share": 0.3,
              "otherwise": [ { "rollback": "stock" }, { "unlock": "item" }, { "publish": "sold-out" } ] },
            { "commit": "stock", "share": 0.3 }, { "unlock": "item", "share": 0.1 }, { "publish": "reserved" } ]) } },
      " S1 S3 S5 " },
    { "the row is read before it is locked for update",
      { { RESERVE, TRIAL_JSON([ { "begin": "stock" }, { "read": "stock", "share": 0.4 },
            { "write": "stock", "style": "for-update", "effect": "reserve", "share": 0.3,
              "otherwise": [ { "rollback": "stock" }, { "publish": "sold-out" } ] },
            { "commit": "stock", "share": 0.3 }, { "publish": "reserved" } ]) } },
      " S1 S3 S5 " },
    { "the writer of the compensation does not take the lock",
      { { "/stages/restore/steps", TRIAL_JSON([ { "begin": "stock" },
            { "write": "stock", "style": "absolute", "effect": "restore", "share": 0.6 },
            { "commit": "stock", "share": 0.4 } ]) } },
      " S1 S3 S5 " },
    { "points without a lock",
      { { CHARGE, TRIAL_JSON([ { "begin": "points" }, { "read": "points", "share": 0.4 },
            { "write": "points", "style": "absolute", "effect": "debit", "share": 0.3,
              "otherwise": [ { "rollback": "points" }, { "publish": "declined" } ] },
            { "commit": "points", "share": 0.3 }, { "publish": "paid" } ]) } },
      " S3 P2 " },
    { "a shared coupon without a guard",
      { { "/orders/coupon", TRIAL_JSON({ "uniform": [1, 20] }) },
        { "/load/scenarios/orders",
          TRIAL_JSON({ "executor": "bursts", "size": 100, "every": "1s", "duration": "2s" }) },
        { "/stages/use/steps", TRIAL_JSON([ { "begin": "coupons" },
            { "write": "coupons", "style": "absolute", "effect": "use", "share": 0.6,
              "otherwise": [ { "rollback": "coupons" }, { "publish": "invalid" } ] },
            { "commit": "coupons", "share": 0.4 }, { "publish": "used" } ]) } },
      " S3 C1 C2 C5 " },
    { "a compensation that does nothing",
      { { "/stages/restore/steps", TRIAL_JSON([ { "work": "log", "share": 1 } ]) } },
      " S5 O4 " },
    { "a coupon that is not given back",
      { { "/stages/give-back/steps", TRIAL_JSON([ { "work": "log", "share": 1 } ]) } },
      " C2 C3 O4 " },
    { "two groups reserve",
      { { "/groups/after/reads", TRIAL_JSON({ "paid": "archive", "stray": "look", "created": "reserve" }) } },
      " S4 S5 " },
    { "two groups restore, the second one under the lock of the first: it finds nothing to give back",
      { { "/groups/after/reads", TRIAL_JSON({ "paid": "archive", "stray": "look", "restore-stock": "restore" }) } },
      "" },
    { "two groups restore, without a lock",
      { { "/groups/after/reads", TRIAL_JSON({ "paid": "archive", "stray": "look", "restore-stock": "restore" }) },
        { "/stages/restore/steps", TRIAL_JSON([ { "begin": "stock" },
            { "write": "stock", "style": "absolute", "effect": "restore", "share": 0.6 },
            { "commit": "stock", "share": 0.4 } ]) } },
      " S1 S3 S4 S5 " },
    { "two groups charge",
      { { "/groups/after/reads", TRIAL_JSON({ "paid": "archive", "stray": "look", "pay": "charge" }) } },
      " P3 O5 " },
    { "charged as soon as the order is there",
      { { "/groups/after/reads", TRIAL_JSON({ "paid": "archive", "stray": "look", "created": "charge" }) } },
      " P3 P4 P5 O4 O5 " },
    { "charged, and then declined",
      { { CHARGE, TRIAL_JSON([ { "begin": "points" }, { "write": "points", "effect": "debit", "share": 0.5 },
            { "commit": "points", "share": 0.4 },
            { "work": "call the bank", "share": 0.1, "refuse": 0.3, "otherwise": [ { "publish": "declined" } ] },
            { "publish": "paid" } ]) } },
      " P4 O4 " },
    { "charged, and then not a word",
      { { CHARGE, TRIAL_JSON([ { "begin": "points" }, { "write": "points", "effect": "debit", "share": 0.5 },
            { "commit": "points", "share": 0.4 },
            { "work": "forget", "share": 0.1, "refuse": 0.3, "otherwise": [ { "work": "rest" } ] },
            { "publish": "paid" } ]) } },
      " S5 C2 P4 O2 " },
    { "paid without being charged",
      { { CHARGE, TRIAL_JSON([
            { "work": "think", "share": 1, "refuse": 0.2, "otherwise": [ { "publish": "declined" } ] },
                               { "publish": "paid" } ]) },
        { "/stages/look/steps", TRIAL_JSON([ { "begin": "points" },
            { "write": "points", "effect": "debit", "share": 1, "refuse": 0.5,
              "otherwise": [ { "rollback": "points" } ] },
            { "commit": "points" } ]) } },
      " P4 " },
    { "an order that was paid is set to failed",
      { { "/stages/look/steps",
          TRIAL_JSON([ { "work": "wait", "time": "1s" }, { "status": "FAILED", "share": 1 } ]) } },
      " O1 " },
    { "an order whose payment is under way is set to failed, now and then",
      { { "/stages/look/steps", TRIAL_JSON([ { "status": "FAILED", "share": 1 } ]) } },
      " S5 C2 C3 P4 O1 O4 " },
    { "an order that was paid is compensated",
      { { "/groups/after/reads", TRIAL_JSON({ "paid": "restore", "stray": "look" }) },
        { "/groups/stock/reads",
          TRIAL_JSON({ "created": "reserve", "restore-stock": "restore", "stray": "archive" }) } },
      " S5 O3 " },
    { "a group that starts late sees nothing of what came before",
      { { "/groups/coupon/cold", "true" }, { "/groups/coupon/reset", "latest" },
        { "/groups/coupon/rebalance_delay", "500ms" } },
      " S5 O2 " },
};

static void list_broken(const struct run_facts *facts, char *out, size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < facts->n_invariants; i++)
        if (facts->invariant[i].verdict == VERDICT_BROKEN && n + 4 < size)
            n += (size_t)snprintf(out + n, size - n, n ? "%s " : " %s ", facts->invariant[i].name);
}

static void check(const struct wrong *wrong, const char *commit_mode)
{
    struct trial trial;
    struct study_edit edit[4];
    uint32_t n = 0;
    char broken[256];
    for (; n < 3 && wrong->edit[n].pointer; n++) edit[n] = wrong->edit[n];
    edit[n++] = (struct study_edit){ "/kafka/commit_mode", commit_mode };
    trial_open(&trial, RIGHT, edit, n);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    list_broken(facts, broken, sizeof broken);
    if (strcmp(broken, wrong->broken) != 0)
        fail_msg("%s, commits by %s: broken are [%s], expected [%s]", wrong->what, commit_mode, broken, wrong->broken);
    for (uint32_t i = 0; i < facts->n_invariants; i++) {
        const struct invariant_facts *fact = &facts->invariant[i];
        if (fact->verdict != VERDICT_BROKEN) continue;
        assert_true(fact->violations > 0 && fact->first_at_ns >= 0 && fact->first_at_ns <= facts->end_ns);
        assert_true(fact->first_what[0] != '\0' && fact->first_order_id <= facts->orders.created);
    }
    trial_close(&trial);
}

static void test_each_accident(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check(&cases[i], "batch");
        check(&cases[i], "count");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_each_accident) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
