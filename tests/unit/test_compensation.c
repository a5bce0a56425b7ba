/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: a compensation that comes before its action, late, twice, or not at all leaves in the stock what it leaves in
 * the real system (semantics 9.4, 4 to 8). Method: one order, whose coupon is refused; all times are constant, so that
 * what overtakes what is known. Writes of the stock's row are counted, and the broken invariants named. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "models/invariant.h"
#include "tests/support/trial.h"

/* clang-format off */
static const char SAGA[] = TRIAL_JSON({
    "name": "compensation",
    "load": { "scenarios": { "orders": { "executor": "constant-arrival-rate", "rate": 1, "duration": "2s" } } },
    "orders": { "at_most": 1, "item": 1, "quantity": 1, "coupon": 1 },
    "kafka": { "partitions": 1 },
    "topics": { "created": {}, "reserved": {}, "sold-out": {}, "used": {}, "invalid": {}, "undo-stock": {},
                "undo-coupon": {}, "pay": {}, "paid": {}, "dead": {} },
    "stores": { "db": {}, "coupon-db": {} },
    "tables": { "orders": { "key": "order_id" },
                "stock": { "key": "item", "rows": 1, "quantity": 10, "store": "db" },
                "coupons": { "key": "coupon", "rows": 1, "store": "coupon-db" } },
    "processes": { "shop": { "connections": 0, "api": { "threads": 1, "stage": "accept" }, "groups": "all" } },
    "groups": {
        "stock": { "consumers": 2, "assignor": "round-robin", "deliveries": 10,
                   "reads": { "created": "reserve", "undo-stock": "restore" } },
        "coupon": { "consumers": 1, "reads": { "created": "use", "undo-coupon": "give-back" } },
        "manager": { "consumers": 1, "reads": { "reserved": "decide", "sold-out": "decide", "used": "decide",
                                                "invalid": "decide", "paid": "decide" } },
        "payment": { "consumers": 1, "reads": { "pay": "charge" } }
    },
    "flow": { "undo": "answered", "then": { "publish": "pay", "ok": "paid" },
              "legs": { "stock": { "ok": "reserved", "failed": "sold-out", "undo": "undo-stock" },
                        "coupon": { "ok": "used", "failed": "invalid", "undo": "undo-coupon" } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "created" }, { "reply": 202 } ] },
        "reserve": { "steps": [
            { "work": "queue", "time": "100ms" }, { "begin": "stock" },
            { "write": "stock", "effect": "reserve", "time": "1ms",
              "otherwise": [ { "rollback": "stock" }, { "publish": "sold-out" } ] },
            { "commit": "stock", "time": "1ms" }, { "publish": "reserved" } ] },
        "restore": { "steps": [
            { "begin": "stock" }, { "once": "order_id", "form": "none" },
            { "write": "stock", "effect": "restore", "unknown": "skip", "time": "1ms" },
            { "commit": "stock", "time": "1ms" } ] },
        "use": { "steps": [
            { "begin": "coupons" },
            { "write": "coupons", "effect": "use", "time": "5ms", "refuse": 1,
              "otherwise": [ { "rollback": "coupons" }, { "publish": "invalid" } ] },
            { "commit": "coupons", "time": "1ms" }, { "publish": "used" } ] },
        "give-back": { "steps": [
            { "begin": "coupons" }, { "write": "coupons", "effect": "restore" }, { "commit": "coupons" } ] },
        "decide": { "steps": [ { "join": "order", "time": "1ms" } ] },
        "charge": { "steps": [ { "publish": "paid" } ] }
    }
});
/* clang-format on */

enum { STOCK = 1 };

struct expected {
    const char *what;
    struct study_edit edit[4];
    uint64_t writes, undo_first, undo_blind, tombstones, late;
    const char *broken; /* names, with a blank after each */
};

static void name_broken(const struct run_facts *facts, char *out, size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < facts->n_invariants; i++)
        if (facts->invariant[i].violations > 0)
            n += (size_t)snprintf(out + n, size - n, "%s ", facts->invariant[i].name);
}

static void check(const struct expected *expected)
{
    struct trial trial;
    char broken[200];
    uint32_t n = 0;
    while (n < 4 && expected->edit[n].pointer) n++;
    trial_open(&trial, SAGA, expected->edit, n);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    name_broken(facts, broken, sizeof broken);
    if (strcmp(broken, expected->broken) != 0) fail_msg("%s: broken are [%s]", expected->what, broken);
    const struct { const char *what; uint64_t is, should; } counts[] = {
        { "failed orders", facts->orders.by_status[ORDER_FAILED], 1 },
        { "writes", facts->table[STOCK].writes, expected->writes },
        { "compensations before their action", facts->mishaps[MISHAP_UNDO_FIRST], expected->undo_first },
        { "blind compensations", facts->mishaps[MISHAP_UNDO_BLIND], expected->undo_blind },
        { "tombstones met", facts->mishaps[MISHAP_TOMBSTONE], expected->tombstones },
        { "late answers", facts->mishaps[MISHAP_LATE_ANSWER], expected->late },
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (counts[i].is != counts[i].should)
            fail_msg("%s: %llu %s, not %llu", expected->what, (unsigned long long)counts[i].is, counts[i].what,
                     (unsigned long long)counts[i].should);
    trial_close(&trial);
}

#define UNDO     "/flow/undo"
#define UNKNOWN  "/stages/restore/steps/2/unknown"
#define QUEUE    "/stages/reserve/steps/0/time"
#define FORM     "/stages/restore/steps/1/form"
#define TWICE    { "/faults", "{\"x\": {\"duplicate\": \"undo-stock\", \"at\": \"0s\", \"for\": \"10s\"}}" }

/* The reservation is still queued when the order is decided by its coupon. */
static void test_overtaking(void **state)
{
    static const struct expected table[] = {
        { "compensated after the answer", { { UNDO, "answered" } }, 2, 0, 0, 0, 1, "" },
        { "what is not there is not given back: a leak", { { UNDO, "at-once" }, { UNKNOWN, "skip" } }, 1, 1, 0, 0, 1,
          "S5 O4 " },
        { "given back all the same: more than there ever was", { { UNDO, "at-once" }, { UNKNOWN, "blind" } }, 2, 1, 1,
          0, 1, "S2 S4 " },
        { "a tombstone stops the reservation", { { UNDO, "at-once" }, { UNKNOWN, "tombstone" } }, 0, 1, 0, 1, 0, "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) check(&table[i]);
}

/* The row that says that stock was reserved is inserted with the reservation, or in its place by the compensation (a
 * unique key in the transaction of the effect): whoever comes second waits for the end of the first. A reservation that
 * is written at 0.5 ms and committed at 21 ms is met by its compensation at 6.5 ms; a tombstone that is written at
 * 6.5 ms and committed at 157 ms, by the reservation at 100.5 ms. */
static void test_an_open_transaction_is_waited_for(void **state)
{
#define TOMBSTONE { UNDO, "at-once" }, { UNKNOWN, "tombstone" }
    static const struct expected table[] = {
        { "the reservation commits, and is given back",
          { TOMBSTONE, { QUEUE, "0s" }, { "/stages/reserve/steps/3/time", "40ms" } }, 2, 0, 0, 0, 1, "" },
        { "the tombstone commits, and the reservation is refused",
          { TOMBSTONE, { "/stages/restore/steps/3/time", "300ms" } }, 0, 1, 0, 1, 0, "" },
        { "the wait may end before that, and the record comes again",
          { TOMBSTONE, { "/stages/restore/steps/3/time", "300ms" }, { "/tables/stock/lock_timeout", "5ms" } },
          0, 1, 0, 1, 0, "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) check(&table[i]);
}

/* The action was there first: then all are alike. */
static void test_in_order(void **state)
{
    static const char *const undos[] = { "answered", "at-once" }, *const unknowns[] = { "skip", "blind", "tombstone" };
    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < 3; k++)
            check(&(struct expected){ unknowns[k], { { UNDO, undos[i] }, { UNKNOWN, unknowns[k] }, { QUEUE, "0s" } },
                                      2, 0, 0, 0, 0, "" });
}

static void test_twice(void **state)
{
    static const struct expected table[] = {
        { "the second finds nothing to give back", { { QUEUE, "0s" }, TWICE, { UNKNOWN, "skip" } }, 2, 0, 0, 0, 0, "" },
        { "it gives back once more", { { QUEUE, "0s" }, TWICE, { UNKNOWN, "blind" } }, 3, 0, 1, 0, 0, "S2 S4 S5 " },
        { "it has a mark of its own", { { QUEUE, "0s" }, TWICE, { UNKNOWN, "blind" }, { FORM, "same-transaction" } },
          2, 0, 0, 0, 0, "" },
        { "a tombstone is not needed for it", { { QUEUE, "0s" }, TWICE, { UNKNOWN, "tombstone" } }, 2, 0, 0, 0, 0, "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) check(&table[i]);
}

/* Two groups compensate at once, neither with a mark. The second one waits for the row, finds nothing left to give back
 * when it has it, and gives the row back with its commit. */
static void test_two_at_once(void **state)
{
    static const struct expected at_once = {
        "the second finds nothing to give back",
        { { QUEUE, "0s" }, { "/groups/second", "{\"consumers\": 1, \"reads\": {\"undo-stock\": \"restore\"}}" } },
        2, 0, 0, 0, 0, "" };
    (void)state;
    check(&at_once);
}

/* The database is away for 8 s. Ten attempts without a pause, each after the fetch that is parked at the broker (500 ms),
 * are over before, and nobody gives the stock back. Slower ones outlive it. A dead letter keeps the record, and not the stock. */
static void test_lost(void **state)
{
#define AWAY { "/faults", "{\"x\": {\"outage\": \"db\", \"at\": \"3ms\", \"for\": \"8s\"}}" }
    static const struct expected table[] = {
        { "skipped after ten attempts", { { QUEUE, "0s" }, AWAY }, 1, 0, 0, 0, 0, "S5 O4 " },
        { "kept as a dead letter", { { QUEUE, "0s" }, AWAY, { "/groups/stock/dead_letter", "dead" } }, 1, 0, 0, 0, 0,
          "S5 O4 " },
        { "tried again for long enough", { { QUEUE, "0s" }, AWAY, { "/groups/stock/backoff", "1s" } }, 2, 0, 0, 0,
          0, "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) check(&table[i]);
}

/* Half of twenty orders, a second apart, leave a tombstone before their reservation comes; for the others the same
 * thread commits something else at that time, which leaves none: they reserve. */
static void test_a_tombstone_is_of_one_order(void **state)
{
    static const struct study_edit edit[] = {
        { "/load/scenarios/orders/duration", "20s" }, { "/orders/at_most", "20" }, { UNDO, "at-once" },
        { "/tables/audit", TRIAL_JSON({ "key": "order_id" }) },
        { "/stages/restore/steps",
          TRIAL_JSON([ { "work": "asks", "refuse": 0.5,
                         "otherwise": [ { "begin": "stock" }, { "insert": "audit" }, { "commit": "stock" } ] },
                       { "begin": "stock" },
                       { "write": "stock", "effect": "restore", "unknown": "tombstone", "time": "1ms" },
                       { "commit": "stock", "time": "1ms" } ]) }
    };
    struct trial trial;
    (void)state;
    trial_open(&trial, SAGA, edit, sizeof edit / sizeof *edit);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    const uint64_t left = facts->mishaps[MISHAP_UNDO_FIRST];
    assert_in_range(left, 3, 17);
    assert_int_equal(facts->mishaps[MISHAP_TOMBSTONE], left);
    assert_int_equal(facts->table[STOCK].writes, 20 - left);
    trial_close(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overtaking),
        cmocka_unit_test(test_a_tombstone_is_of_one_order),
        cmocka_unit_test(test_an_open_transaction_is_waited_for),
        cmocka_unit_test(test_in_order),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_two_at_once),
        cmocka_unit_test(test_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
