/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: the sweeper of stuck orders kills what is late and not stuck where it is too eager, races with the join where
 * it is not guarded, and holds a system down that would have recovered (semantics 9.6). Method: constant times; who is
 * late, and which load a compensation adds, is arithmetic. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "models/invariant.h"
#include "tests/support/trial.h"

/* clang-format off */

/* One leg, one payment. An order is 10 ms old when its leg answers, 12 ms when it is PAYING, 22 ms when payment
 * answers, 23 ms when it is PAID. */
static const char SAGA[] = TRIAL_JSON({
    "name": "sweeper",
    "load": { "scenarios": { "orders": { "executor": "constant-arrival-rate", "rate": 10, "duration": "10s" } } },
    "orders": { "item": 1, "quantity": 1, "user": { "uniform": [1, 1000] }, "amount": 1 },
    "kafka": { "partitions": 1 },
    "topics": { "created": {}, "reserved": {}, "undo": {}, "pay": {}, "paid": {}, "refund": {} },
    "tables": { "orders": { "key": "order_id" }, "stock": { "key": "item", "rows": 1, "quantity": 1000000 },
                "points": { "key": "user", "rows": 1000, "quantity": 1000000 } },
    "processes": {
        "shop": { "connections": 0, "api": { "threads": 100, "stage": "accept" }, "groups": ["stock", "payment"] },
        "manager": { "connections": 0, "groups": ["manager"] }
    },
    "groups": {
        "stock": { "consumers": 1, "reads": { "created": "reserve", "undo": "restore" } },
        "manager": { "consumers": 1, "reads": { "reserved": "decide", "paid": "decide" } },
        "payment": { "consumers": 1, "reads": { "pay": "charge", "refund": "refund" } }
    },
    "flow": { "then": { "publish": "pay", "ok": "paid", "undo": "refund" },
              "legs": { "stock": { "ok": "reserved", "undo": "undo" } },
              "sweeper": { "every": "10ms", "older_than": "1m", "time": "0s" } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "created" }, { "reply": 202 } ] },
        "reserve": { "steps": [ { "begin": "stock" }, { "write": "stock", "effect": "reserve", "time": "8ms" },
                                { "commit": "stock", "time": "2ms" }, { "publish": "reserved" } ] },
        "restore": { "steps": [ { "begin": "stock" }, { "write": "stock", "effect": "restore", "time": "1ms" },
                                { "commit": "stock", "time": "1ms" } ] },
        "decide": { "steps": [ { "join": "order", "time": "2ms" } ] },
        "charge": { "steps": [ { "begin": "points" }, { "write": "points", "effect": "debit", "time": "8ms" },
                               { "commit": "points", "time": "2ms" }, { "publish": "paid" } ] },
        "refund": { "steps": [ { "begin": "points" }, { "write": "points", "effect": "restore", "time": "1ms" },
                               { "commit": "points", "time": "1ms" } ] }
    }
});
/* clang-format on */

enum { ORDERS = 100 };

static uint64_t violations(const struct run_facts *facts, enum invariant_id id) { return facts->invariant[id].violations; }

/* Every order is PENDING for 11 ms (half of the join's 2 ms) and PAYING for 12 ms more; the sweeper looks every 10 ms,
 * as orders come: at 10 ms, 20 ms of each one's age, and takes what is older than its limit. */
static void test_too_eager(void **state)
{
    static const struct { const char *older_than, *paying; uint64_t paid, swept, late_answers, late_payments, healthy; } table[] = {
        { "11ms", "false", ORDERS, 0, 0, 0, 0 },            /* PENDING is over before it looks again */
        { "9ms", "false", 0, ORDERS, ORDERS, 0, ORDERS },   /* healthy orders, killed at 10 ms; compensated */
        { "9ms", "true", 0, ORDERS, ORDERS, 0, ORDERS },
        { "11ms", "true", 0, ORDERS, 0, ORDERS, ORDERS },   /* killed while payment is at work; refunded */
        { "20ms", "true", ORDERS, 0, 0, 0, 0 },             /* 20 ms is not older than 20 ms; at 30 ms it is PAID */
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct trial trial;
        const struct study_edit edit[] = { { "/flow/sweeper/older_than", table[i].older_than },
                                           { "/flow/sweeper/paying", table[i].paying } };
        trial_open(&trial, SAGA, edit, 2);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        print_message("older than %s, paying %s\n", table[i].older_than, table[i].paying);
        assert_int_equal(facts->orders.created, ORDERS);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], table[i].paid);
        assert_int_equal(facts->orders.by_status[ORDER_CANCELLED], ORDERS - table[i].paid);
        assert_int_equal(facts->mishaps[MISHAP_SWEPT], table[i].swept);
        /* PENDING; then PAYING and PAID, or CANCELLED, from PAYING at times */
        assert_int_equal(facts->table[0].writes,
                         ORDERS + 2 * table[i].paid + table[i].swept + table[i].late_payments);
        assert_int_equal(facts->table[0].wait.n, ORDERS + table[i].paid + table[i].late_payments + table[i].swept);
        assert_int_equal(facts->table[0].wait.max_ns, 0); /* joins and the sweeper's, all of a free row */
        assert_int_equal(facts->mishaps[MISHAP_LATE_ANSWER], table[i].late_answers);
        assert_int_equal(facts->mishaps[MISHAP_LATE_PAYMENT], table[i].late_payments);
        assert_int_equal(violations(facts, INVARIANT_O7), table[i].healthy);
        assert_int_equal(violations(facts, INVARIANT_O1), table[i].late_payments); /* PAYING may not be cancelled */
        for (uint32_t k = 0; k < facts->n_invariants; k++) /* whatever it kills is compensated, refunds included */
            if (k != INVARIANT_O7 && k != INVARIANT_O1) assert_int_equal(facts->invariant[k].violations, 0);
        trial_close(&trial);
    }
}

/* Two joins of each order ask for its row, whatever guards them: under row-lock the read does, and not the write too. */
static void test_a_join_asks_once(void **state)
{
    static const char *const guard[] = { "compare-and-set", "row-lock", "none", "whole-row" };
    (void)state;
    for (size_t i = 0; i < sizeof guard / sizeof *guard; i++) {
        struct trial trial;
        const struct study_edit edit = { "/flow/guard", guard[i] };
        trial_open(&trial, SAGA, &edit, 1);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], ORDERS);
        assert_int_equal(facts->table[0].wait.n, 2 * ORDERS);
        assert_int_equal(facts->table[0].wait.max_ns, 0);
        trial_close(&trial);
    }
}

/* The request waits for the database: the order is PENDING from 50 ms after its arrival on, when its row is there, to 111
 * ms, when it is PAYING. The sweeper looks at 100 and 110 ms: it is 50 and 60 ms old then. */
static void test_age_counts_from_the_commit(void **state)
{
    static const struct { const char *older_than; uint64_t swept; } table[] = { { "59999us", ORDERS }, { "60ms", 0 } };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct trial trial;
        const struct study_edit edit[] = { { "/flow/sweeper/older_than", table[i].older_than },
                                           { "/stages/accept/steps/0/time", "100ms" } };
        trial_open(&trial, SAGA, edit, 2);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->mishaps[MISHAP_SWEPT], table[i].swept);
        assert_int_equal(facts->orders.by_status[ORDER_CANCELLED], table[i].swept);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], ORDERS - table[i].swept);
        trial_close(&trial);
    }
}

/* It has read PENDING at an age of 10 ms, and writes 4 ms later, when the join has been there: guarded, it sees that
 * and leaves the order alone; without a guard PAYING becomes CANCELLED behind the manager's back. */
static void test_without_a_guard(void **state)
{
    static const struct { const char *guard; uint64_t overwritten; } table[] = { { "compare-and-set", 0 }, { "none", ORDERS } };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct trial trial;
        const struct study_edit edit[] = { { "/flow/sweeper/older_than", "9ms" }, { "/flow/sweeper/time", "4ms" },
                                           { "/flow/sweeper/guard", table[i].guard } };
        trial_open(&trial, SAGA, edit, 3);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->mishaps[MISHAP_SWEPT], table[i].overwritten);
        assert_int_equal(facts->mishaps[MISHAP_STATUS_OVERWRITTEN], table[i].overwritten);
        assert_int_equal(violations(facts, INVARIANT_O1), table[i].overwritten);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], ORDERS - table[i].overwritten);
        assert_int_equal(facts->mishaps[MISHAP_LATE_PAYMENT], table[i].overwritten); /* and is refunded */
        assert_int_equal(violations(facts, INVARIANT_O4), 0);
        trial_close(&trial);
    }
}

/* ---- the metastable failure ---- */

struct recovery { uint64_t paid_last; };

static void on_order(void *context, const struct order_fact *order)
{
    struct recovery *recovery = context;
    if (order->created_ns >= 400 * SIM_S && order->status == ORDER_PAID) recovery->paid_last++;
}

/* 80 orders/s, a reservation takes 10 ms: four fifths of the consumer. For 5 s it takes ten times as long, and 4 s of
 * backlog are there, more than the sweeper's 2 s. From then on each order is cancelled while it waits, reserved all
 * the same, and then given back, in the same group. The consumer's load is 80 * (10 ms + the restore): with 2 ms it is
 * 0.96 and the backlog goes away, with 4 ms it is 1.12 and stays for as long as the orders keep coming, although what
 * has caused it was over long ago. */
static void test_metastable(void **state)
{
    static const struct { const char *older_than, *restore; bool recovers; } table[] = {
        { "10m", "2ms", true }, { "2s", "1ms", true }, { "2s", "3ms", false },
    };
    enum { LAST = 200 * 80 };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct trial trial;
        struct recovery recovery = { 0 };
        const struct observer observer = { .context = &recovery, .on_order = on_order };
        const struct study_edit edit[] = {
            { "/load/scenarios/orders/rate", "80" },
            { "/load/scenarios/orders/duration", "600s" },
            { "/flow/sweeper/every", "100ms" },
            { "/flow/sweeper/older_than", table[i].older_than },
            { "/stages/restore/steps/1/time", table[i].restore },
            { "/faults", "{\"stall\": {\"slow\": \"reserve\", \"factor\": 10, \"at\": \"20s\", \"for\": \"5s\"}}" },
        };
        trial_open(&trial, SAGA, edit, sizeof edit / sizeof *edit);
        const struct run_facts *facts = trial_run(&trial, 0, &observer);
        print_message("older than %s, restore %s + 1 ms: of the last 200 s %llu of %d orders are paid, %llu were cancelled\n",
                      table[i].older_than, table[i].restore, (unsigned long long)recovery.paid_last, LAST,
                      (unsigned long long)facts->mishaps[MISHAP_SWEPT]);
        assert_int_equal(facts->orders.created, 600 * 80);
        if (table[i].recovers) assert_int_equal(recovery.paid_last, LAST);
        else assert_in_range(recovery.paid_last, 0, LAST / 100);
        if (i == 0) assert_int_equal(facts->mishaps[MISHAP_SWEPT], 0);
        else assert_true(facts->mishaps[MISHAP_SWEPT] > 100);
        trial_close(&trial);
    }
}

/* ---- what is really stuck ---- */

/* Without a guard the join loses orders when both legs answer at once; the sweeper ends them. What is known of their
 * legs decides what is given back: after `none` both, after `whole-row`, which has overwritten one, the other stays
 * taken for good. */
static void test_stuck_orders(void **state)
{
    static const struct { const char *guard; uint64_t restored, leaks; } table[] = {
        { "none", 2 * ORDERS, 0 }, { "whole-row", ORDERS, ORDERS }
    };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct trial trial;
        const struct study_edit edit[] = {
            { "/topics/points-taken", "{}" },
            { "/topics/give-points", "{}" },
            { "/groups/points", "{\"consumers\": 1, \"reads\": {\"created\": \"take\", \"give-points\": \"refund\"}}" },
            { "/groups/manager/reads", "{\"reserved\": \"decide\", \"points-taken\": \"decide\", \"paid\": \"decide\"}" },
            { "/groups/manager/consumers", "2" },
            { "/groups/manager/assignor", "round-robin" },
            { "/groups/payment/reads", "{\"pay\": \"charge\"}" },
            { "/processes/shop/groups", "[\"stock\", \"payment\", \"points\"]" },
            { "/flow/legs/points", "{\"ok\": \"points-taken\", \"undo\": \"give-points\"}" },
            { "/flow/then", "{\"publish\": \"pay\", \"ok\": \"paid\"}" },
            { "/stages/take", "{\"steps\": [{\"begin\": \"points\"}, {\"write\": \"points\", \"effect\": \"debit\", "
                              "\"time\": \"8ms\"}, {\"commit\": \"points\", \"time\": \"2.5ms\"}, "
                              "{\"publish\": \"points-taken\"}]}" },
            { "/stages/charge", "{\"steps\": [{\"publish\": \"paid\"}]}" },
            { "/flow/sweeper/older_than", "50ms" },
            { "/flow/guard", table[i].guard },
        };
        trial_open(&trial, SAGA, edit, sizeof edit / sizeof *edit);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        const uint64_t taken = 2 * ORDERS;
        assert_int_equal(facts->mishaps[MISHAP_JOIN_RACE], ORDERS);
        assert_int_equal(facts->mishaps[MISHAP_SWEPT], ORDERS);
        assert_int_equal(facts->orders.by_status[ORDER_CANCELLED], ORDERS);
        assert_int_equal(facts->table[1].writes + facts->table[2].writes, taken + table[i].restored);
        assert_int_equal(violations(facts, INVARIANT_O4), table[i].leaks);
        assert_int_equal(violations(facts, INVARIANT_O7) > 0, table[i].leaks == 0);
        assert_int_equal(violations(facts, INVARIANT_P5), 0); /* points are a leg here, and not what payment takes */
        trial_close(&trial);
    }
}

/* ---- how many, and which first ---- */

enum { MANY = 4000 };

struct swept { uint32_t n; struct { sim_ns created_ns, ended_ns; } of[MANY]; };

static void on_swept(void *context, const struct order_fact *order)
{
    struct swept *swept = context;
    if (order->status != ORDER_CANCELLED) return;
    swept->of[swept->n].created_ns = order->created_ns;
    swept->of[swept->n++].ended_ns = order->ended_ns;
}

/* Half of the reservations end without an answer. Those orders hang; the others are paid and leave, and younger orders
 * take their room. All of 50 s are older than 5 s when the sweeper looks at 1m for the first time: it finds every one
 * of them, and cancels the oldest first, one each 1 ms, whoever looks at the logs meanwhile. */
static void test_one_look_finds_all_and_begins_with_the_oldest(void **state)
{
    static struct swept swept;
    static const char *const sample_every[] = { "1s", "7s" };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct trial trial;
        const struct observer observer = { .context = &swept, .on_order = on_swept };
        const struct study_edit edit[] = {
            { "/load/scenarios/orders/rate", "80" },
            { "/load/scenarios/orders/duration", "50s" },
            { "/run/sample_every", sample_every[i] },
            { "/flow/sweeper", "{\"every\": \"1m\", \"older_than\": \"5s\", \"time\": \"1ms\"}" },
            { "/stages/reserve/steps/1/refuse", "0.5" },
            { "/stages/reserve/steps/1/otherwise", "[{\"rollback\": \"stock\"}]" },
        };
        swept.n = 0;
        trial_open(&trial, SAGA, edit, sizeof edit / sizeof *edit);
        const struct run_facts *facts = trial_run(&trial, 0, &observer);
        assert_int_equal(facts->orders.created, MANY);
        assert_in_range(swept.n, MANY / 2 - 200, MANY / 2 + 200); /* six standard deviations */
        assert_int_equal(facts->mishaps[MISHAP_SWEPT], swept.n);
        for (uint32_t k = 0; k < swept.n; k++) {
            uint32_t older = 0;
            for (uint32_t j = 0; j < swept.n; j++) older += swept.of[j].created_ns < swept.of[k].created_ns;
            assert_int_equal(swept.of[k].ended_ns, 60 * SIM_S + (older + 1) * SIM_MS);
        }
        trial_close(&trial);
    }
}

/* It has read PENDING at 10 ms, and writes at 14 ms, without a guard; at 10.5 ms somebody else has cancelled the order.
 * Its UPDATE changes nothing: the row is written once when it comes and once when it is cancelled. */
static void test_cancelled_already(void **state)
{
    static const char MARK[] = TRIAL_JSON({ "steps": [ { "work": "think", "time": "10500us" },
                                                       { "status": "CANCELLED" } ] });
    const struct study_edit edit[] = {
        { "/flow/sweeper/older_than", "9ms" }, { "/flow/sweeper/guard", "none" }, { "/flow/sweeper/time", "4ms" },
        { "/stages/mark", MARK },
        { "/groups/markers", TRIAL_JSON({ "consumers": 1, "reads": { "created": "mark" } }) },
        { "/processes/manager/groups", TRIAL_JSON([ "manager", "markers" ]) } };
    struct trial trial;
    (void)state;
    trial_open(&trial, SAGA, edit, 6);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    assert_int_equal(facts->mishaps[MISHAP_SWEPT], ORDERS);
    assert_int_equal(facts->mishaps[MISHAP_STATUS_OVERWRITTEN], 0);
    assert_int_equal(facts->orders.by_status[ORDER_CANCELLED], ORDERS);
    assert_int_equal(facts->table[0].writes, 2 * ORDERS);
    trial_close(&trial);
}

/* Somebody else makes the order FAILED as soon as it comes, in a transaction that commits when it is 20 ms old. The
 * sweeper, which finds it 10 ms old, waits for that, and so does the join at 11 ms: guarded, the sweeper sees a status
 * that is not the one that it found, and the join undoes its leg for an order that is over. */
static void test_waits_for_the_row(void **state)
{
    static const char MARK[] = TRIAL_JSON({ "steps": [ { "begin": "orders" }, { "status": "FAILED" },
                                                       { "commit": "orders", "time": "40ms" } ] });
    static const struct { const char *guard, *timeout; uint64_t swept, timeouts; } table[] = {
        { "compare-and-set", "50s", 0, 0 },
        { "none", "50s", ORDERS, 0 },          /* waits, and overwrites FAILED */
        { "compare-and-set", "15ms", 0, 0 },
        { "none", "9500us", 0, ORDERS },       /* out of patience at 19.5 ms; at 20 ms it is FAILED */
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct trial trial;
        const struct study_edit edit[] = {
            { "/flow/sweeper/older_than", "9ms" }, { "/flow/sweeper/guard", table[i].guard },
            { "/tables/orders/lock_timeout", table[i].timeout }, { "/stages/mark", MARK },
            { "/groups/markers", TRIAL_JSON({ "consumers": 1, "reads": { "created": "mark" } }) },
            { "/processes/manager/groups", TRIAL_JSON([ "manager", "markers" ]) } };
        trial_open(&trial, SAGA, edit, 6);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        print_message("guard %s, %s\n", table[i].guard, table[i].timeout);
        assert_int_equal(facts->mishaps[MISHAP_SWEPT], table[i].swept);
        assert_int_equal(facts->mishaps[MISHAP_STATUS_OVERWRITTEN], table[i].swept);
        assert_int_equal(facts->orders.by_status[ORDER_FAILED], ORDERS - table[i].swept);
        assert_int_equal(facts->mishaps[MISHAP_LATE_ANSWER], ORDERS);
        assert_int_equal(facts->table[0].lock_timeouts, table[i].timeouts);
        const sim_ns swept_ns = table[i].timeouts ? 9500 * SIM_US : 10 * SIM_MS;
        assert_int_equal(facts->table[0].wait.n, 3 * ORDERS); /* somebody else's, the sweeper's, the join's */
        assert_int_equal(facts->table[0].wait.min_ns, 0);
        assert_int_equal(facts->table[0].wait.max_ns, swept_ns);
        assert_true(facts->table[0].wait.sum_ns == (swept_ns + 9 * SIM_MS) * ORDERS);
        assert_int_equal(violations(facts, INVARIANT_O1), table[i].swept);
        assert_int_equal(violations(facts, INVARIANT_O4), 0); /* the leg is undone */
        trial_close(&trial);
    }
}

static void on_ended(void *context, const struct order_fact *order) { *(sim_ns *)context = order->ended_ns; }

/* One order, at 100 ms, which somebody else has until 120 ms and leaves PENDING. The sweeper waits for its row from
 * 110 ms on. At 115 ms its process stands still, or dies: the statement is at the server, and takes place at 120 ms.
 * What undoes the leg is its process's to send, at 1.115 s or never. With an outbox its row goes with the statement,
 * and so does the commit behind both: at 1.115 s, or the database rolls back, and the next look is another one's. */
static void test_a_statement_is_the_servers(void **state)
{
    static const char MARK[] = TRIAL_JSON({ "steps": [ { "begin": "orders" }, { "status": "FAILED" },
                                                       { "work": "think", "time": "20ms" },
                                                       { "rollback": "orders" } ] });
    static const char PAUSE[] = TRIAL_JSON({ "it": { "pause": "sweep", "at": "115ms", "for": "1s" } });
    static const char CRASH[] = TRIAL_JSON({ "it": { "crash": "sweep", "at": "115ms", "back_after": "1s" } });
    static const struct { const char *fault, *ends, *sends; sim_ns ended_ns; uint64_t writes; } table[] = {
        { PAUSE, "1100ms", "after-commit", 120 * SIM_MS, 1 }, { PAUSE, "1200ms", "after-commit", 120 * SIM_MS, 2 },
        { CRASH, "3s", "after-commit", 120 * SIM_MS, 1 },
        { PAUSE, "3s", "outbox", 1115 * SIM_MS, 2 },     { CRASH, "3s", "outbox", 1120 * SIM_MS, 2 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct trial trial;
        sim_ns ended_ns = SIM_NEVER;
        const struct observer observer = { .context = &ended_ns, .on_order = on_ended };
        const struct study_edit edit[] = {
            { "/load/scenarios/orders", TRIAL_JSON({ "executor": "constant-arrival-rate", "rate": 1,
                                                     "duration": "500ms", "startTime": "100ms" }) },
            { "/run/ends", table[i].ends },
            { "/flow/sweeper/older_than", "9ms" }, { "/flow/sweeper/process", "sweep" },
            { "/flow/undo", "at-once" }, { "/flow/sends", table[i].sends },
            { "/stages/mark", MARK }, { "/stages/decide/steps/0/time", "1m" },
            { "/groups/markers", TRIAL_JSON({ "consumers": 1, "reads": { "created": "mark" } }) },
            { "/processes/manager/groups", TRIAL_JSON([ "manager", "markers" ]) },
            { "/processes/sweep", TRIAL_JSON({ "connections": 0, "groups": [], "outbox": { "poll": "1ms" } }) },
            { "/processes/manager/outbox", TRIAL_JSON({ "poll": "1ms" }) },
            { "/faults", table[i].fault } };
        trial_open(&trial, SAGA, edit, sizeof edit / sizeof *edit);
        const struct run_facts *facts = trial_run(&trial, 0, &observer);
        print_message("case %zu\n", i);
        assert_int_equal(facts->mishaps[MISHAP_SWEPT], 1);
        assert_int_equal(ended_ns, table[i].ended_ns);
        assert_int_equal(facts->table[1].writes, table[i].writes);
        trial_close(&trial);
    }
}

/* One order, at 100 ms, which somebody else has until 140 ms and leaves PENDING. The join of its leg's answer has
 * waited for its row since 111 ms. At 115 ms the manager dies, or stands still for a second: an UPDATE that commits by
 * itself is at the server, and the order is PAYING at 140 ms with nobody to ask for the payment, unless the time-out of
 * the row is over before. What is of one transaction with a read or with a row of the outbox has not sent its commit:
 * the order is PAYING when the pause is over, or when the record has come again. */
static void test_a_join_is_the_servers(void **state)
{
    static const char MARK[] = TRIAL_JSON({ "steps": [ { "begin": "orders" }, { "status": "FAILED" },
                                                       { "work": "think", "time": "40ms" },
                                                       { "rollback": "orders" } ] });
    static const char PAUSE[] = TRIAL_JSON({ "it": { "pause": "manager", "at": "115ms", "for": "1s" } });
    static const char CRASH[] = TRIAL_JSON({ "it": { "crash": "manager", "at": "115ms", "back_after": "1s" } });
    static const char QUICK[] = TRIAL_JSON({ "it": { "crash": "manager", "at": "115ms", "back_after": "2ms" } });
    static const struct { const char *fault, *guard, *sends, *timeout; bool stays; } table[] = {
        { CRASH, "compare-and-set", "after-commit", "50s", true },
        { QUICK, "compare-and-set", "after-commit", "50s", true },
        { CRASH, "compare-and-set", "after-commit", "28ms", false },
        { CRASH, "compare-and-set", "outbox", "50s", false },
        { CRASH, "none", "after-commit", "50s", false },
        { CRASH, "whole-row", "after-commit", "50s", false },
        { CRASH, "row-lock", "after-commit", "50s", false },
        { PAUSE, "compare-and-set", "after-commit", "50s", true },
        { PAUSE, "compare-and-set", "outbox", "50s", false },
        { PAUSE, "none", "after-commit", "50s", false },
        { PAUSE, "whole-row", "after-commit", "50s", false },
        { PAUSE, "row-lock", "after-commit", "50s", false },
    };
    static const char *const ends[] = { "139ms", "141ms", "1110ms", "1120ms" };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        for (size_t k = 0; k < 4; k++) {
            struct trial trial;
            const bool is_over = table[i].stays ? k >= 1 : table[i].fault == PAUSE && k == 3;
            const struct study_edit edit[] = {
                { "/load/scenarios/orders", TRIAL_JSON({ "executor": "constant-arrival-rate", "rate": 1,
                                                         "duration": "500ms", "startTime": "100ms" }) },
                { "/run/ends", ends[k] },
                { "/flow/guard", table[i].guard }, { "/flow/sends", table[i].sends },
                { "/tables/orders/lock_timeout", table[i].timeout },
                { "/stages/mark", MARK },
                { "/groups/markers", TRIAL_JSON({ "consumers": 1, "reads": { "created": "mark" } }) },
                { "/processes/shop/groups", TRIAL_JSON([ "stock", "payment", "markers" ]) },
                { "/processes/shop/outbox", TRIAL_JSON({ "poll": "1ms" }) },
                { "/processes/manager/outbox", TRIAL_JSON({ "poll": "1ms" }) },
                { "/faults", table[i].fault } };
            trial_open(&trial, SAGA, edit, sizeof edit / sizeof *edit);
            const struct run_facts *facts = trial_run(&trial, 0, NULL);
            print_message("case %zu, at %s\n", i, ends[k]);
            assert_int_equal(facts->orders.by_status[ORDER_PAYING], is_over);
            assert_int_equal(facts->orders.by_status[ORDER_PENDING], !is_over);
            trial_close(&trial);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_too_eager),
        cmocka_unit_test(test_a_join_asks_once),
        cmocka_unit_test(test_age_counts_from_the_commit),
        cmocka_unit_test(test_without_a_guard),
        cmocka_unit_test(test_cancelled_already),
        cmocka_unit_test(test_waits_for_the_row),
        cmocka_unit_test(test_a_statement_is_the_servers),
        cmocka_unit_test(test_a_join_is_the_servers),
        cmocka_unit_test(test_metastable),
        cmocka_unit_test(test_stuck_orders),
        cmocka_unit_test(test_one_look_finds_all_and_begins_with_the_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
