/* SPDX-License-Identifier: GPL-3.0-or-later
 * Rows that are inserted and rows of orders that change: an order is created once, by the API, whatever else is
 * inserted; `writes` of a table counts committed row changes, inserts among them. Every figure is counted by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "tests/support/trial.h"

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof *(array))

enum { ORDERS = 100, TABLE_ORDERS = 0, TABLE_AUDIT };

#define LOAD                                                                                                           \
    { "/load/scenarios/orders",                                                                                        \
      TRIAL_JSON({ "executor" : "constant-arrival-rate", "rate" : 10, "duration" : "10s" }) },                         \
    {                                                                                                                  \
        "/tables/audit", TRIAL_JSON({ "key" : "order_id" })                                                            \
    }

struct seen {
    uint32_t n;
};

static void note_order(void *context, const struct order_fact *order)
{
    struct seen *seen = context;
    assert_int_equal(order->status, ORDER_PAID);
    seen->n++;
}

static void expect(const struct study_edit *edit, uint32_t n_edits, uint64_t orders_writes, uint64_t audit_writes)
{
    struct trial trial;
    struct seen seen = { 0 };
    const struct observer observer = { .context = &seen, .on_order = note_order };
    trial_open(&trial, QUEUE_SCENARIO, edit, n_edits);
    assert_string_equal(trial.study.scenario.table[TABLE_AUDIT].name, "audit");
    const struct run_facts *facts = trial_run(&trial, 0, &observer);
    trial_expect_sound(&trial, facts);
    assert_int_equal(facts->orders.created, ORDERS);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], ORDERS);
    assert_int_equal(facts->orders.by_status[ORDER_PENDING], 0);
    assert_int_equal(seen.n, ORDERS);
    assert_int_equal(facts->table[TABLE_ORDERS].writes, orders_writes);
    assert_int_equal(facts->table[TABLE_AUDIT].writes, audit_writes);
    trial_close(&trial);
}

/* The insert, and the status from PENDING to PAID. */
static void test_an_order_and_its_status(void **state)
{
    const struct study_edit edits[] = { LOAD };
    (void)state;
    expect(edits, COUNT(edits), 2 * ORDERS, 0);
}

static void test_other_rows_are_no_orders(void **state)
{
    const struct study_edit edits[] = {
        LOAD,
        { "/stages/accept/steps",
          TRIAL_JSON(
              [ { "insert" : "orders" }, { "insert" : "audit" }, { "publish" : "orders" }, { "reply" : 202 } ]) },
        { "/stages/serve/steps",
          TRIAL_JSON([ { "work" : "serve", "share" : 1 }, { "insert" : "audit" }, { "status" : "PAID" } ]) }
    };
    (void)state;
    expect(edits, COUNT(edits), 2 * ORDERS, 2 * ORDERS);
}

/* A status that is what it was changes no row. */
static void test_no_change_no_write(void **state)
{
    const struct study_edit edits[] = { LOAD, { "/stages/serve/steps", TRIAL_JSON([
                                                    { "work" : "serve", "share" : 1 }, { "status" : "PAYING" },
                                                    { "status" : "PAID" }, { "status" : "PAID" }
                                                ]) } };
    (void)state;
    expect(edits, COUNT(edits), 3 * ORDERS, 0);
}

/* The answer may be there before the row: the order counts as what it has become. */
static void test_published_before_inserted(void **state)
{
    const struct study_edit edits[] = {
        LOAD,
        { "/stages/accept/steps",
          TRIAL_JSON([ { "publish" : "orders" }, { "insert" : "orders", "time" : "50ms" }, { "reply" : 202 } ]) }
    };
    (void)state;
    expect(edits, COUNT(edits), 2 * ORDERS, 0);
}

/* A record of the order comes before the request's commit, and whoever reads it inserts the order as well: neither sees
 * the other's row. There is one row of a key, and one order. */
static void test_two_open_inserts_of_one_order(void **state)
{
    const struct study_edit edits[] = {
        LOAD,
        { "/stages/accept/steps",
          TRIAL_JSON([ { "begin" : "orders" }, { "insert" : "orders", "time" : "1ms" }, { "publish" : "orders" },
                       { "commit" : "orders", "time" : "20ms" }, { "reply" : 202 } ]) },
        { "/stages/serve",
          TRIAL_JSON({ "steps" : [ { "begin" : "orders" }, { "insert" : "orders", "time" : "1ms" },
                                   { "commit" : "orders", "time" : "30ms" }, { "status" : "PAID" } ] }) }
    };
    (void)state;
    expect(edits, COUNT(edits), 2 * ORDERS, 0);
}

/* A fault that never happens: every step gets an event. */
#define NEVER { "/faults", TRIAL_JSON({ "never" : { "pause" : "shop", "at" : "9h", "for" : "1s" } }) }

/* Every order is PAID so long after it has arrived, however the run is played. */
static void expect_paid_after(const struct study_edit *edit, uint32_t n_edits, sim_ns paid_ns, uint64_t timeouts,
                              uint32_t asked)
{
    for (uint32_t by_step = 0; by_step < 2; by_step++) {
        struct trial trial;
        trial_open(&trial, QUEUE_SCENARIO, edit, n_edits - 1 + by_step); /* NEVER is the last */
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        trial_expect_sound(&trial, facts);
        assert_int_equal(facts->orders.created, ORDERS);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], ORDERS);
        assert_int_equal(facts->completion.min_ns, paid_ns);
        assert_int_equal(facts->completion.max_ns, paid_ns);
        assert_int_equal(facts->table[TABLE_ORDERS].lock_timeouts, timeouts);
        assert_int_equal(facts->table[TABLE_ORDERS].wait.n, asked * ORDERS); /* each statement once, however long */
        trial_close(&trial);
    }
}

#define INSERTS_AS_WELL                                                                                                \
    { "/stages/serve",                                                                                                 \
      TRIAL_JSON({ "steps" : [ { "begin" : "orders" }, { "insert" : "orders", "time" : "1ms" },                        \
                               { "commit" : "orders", "time" : "30ms" }, { "status" : "PAID" } ] }) }

/* The record is there after 1 ms, and inserts half a millisecond later. The request's commit is at 11 ms: until then
 * the second insert waits. Its answer takes half a millisecond and its commit, of nothing, 30 ms. */
static void test_a_second_insert_waits_for_the_first(void **state)
{
    const struct study_edit edits[] = {
        LOAD,
        { "/stages/accept/steps",
          TRIAL_JSON([ { "begin" : "orders" }, { "insert" : "orders", "time" : "1ms" }, { "publish" : "orders" },
                       { "commit" : "orders", "time" : "20ms" }, { "reply" : 202 } ]) },
        INSERTS_AS_WELL,
        NEVER
    };
    (void)state;
    expect_paid_after(edits, COUNT(edits), 41500 * SIM_US, 0, 3);
}

/* One that is sent before that commit and comes to the server behind it, 20 ms after the record, waits for nobody. */
static void test_a_second_insert_that_comes_later(void **state)
{
    const struct study_edit edits[] = {
        LOAD,
        { "/stages/accept/steps",
          TRIAL_JSON([ { "begin" : "orders" }, { "insert" : "orders", "time" : "1ms" }, { "publish" : "orders" },
                       { "commit" : "orders", "time" : "20ms" }, { "reply" : 202 } ]) },
        INSERTS_AS_WELL,
        { "/stages/serve/steps/1/time", "40ms" },
        NEVER
    };
    (void)state;
    expect_paid_after(edits, COUNT(edits), 71 * SIM_MS, 0, 3);
}

/* The same where the first one comes to nothing: the second is the order's row. */
static void test_a_second_insert_after_a_rollback(void **state)
{
    const struct study_edit edits[] = {
        LOAD,
        { "/stages/accept/steps",
          TRIAL_JSON([ { "begin" : "orders" }, { "insert" : "orders", "time" : "1ms" }, { "publish" : "orders" },
                       { "work" : "check", "time" : "10ms", "refuse" : 1,
                         "otherwise" : [ { "rollback" : "orders" }, { "reply" : 409 } ] },
                       { "commit" : "orders" }, { "reply" : 202 } ]) },
        INSERTS_AS_WELL,
        NEVER
    };
    (void)state;
    expect_paid_after(edits, COUNT(edits), 41500 * SIM_US, 0, 3);
}

/* One that waits for 5 ms fails at 6.5 ms; the record comes again at once, inserts at 7 ms, and waits up to 11 ms. */
static void test_a_second_insert_is_out_of_patience(void **state)
{
    const struct study_edit edits[] = {
        LOAD,
        { "/stages/accept/steps",
          TRIAL_JSON([ { "begin" : "orders" }, { "insert" : "orders", "time" : "1ms" }, { "publish" : "orders" },
                       { "commit" : "orders", "time" : "20ms" }, { "reply" : 202 } ]) },
        INSERTS_AS_WELL,
        { "/tables/orders/lock_timeout", "5ms" },
        NEVER
    };
    (void)state;
    expect_paid_after(edits, COUNT(edits), 41500 * SIM_US, ORDERS, 4);
}

/* One that commits by itself waits as well, and so does a third one: both are told at 11 ms. Paid by the first of them
 * half a millisecond later. */
static void test_inserts_that_commit_by_themselves_wait(void **state)
{
    const struct study_edit edits[] = {
        LOAD,
        { "/stages/accept/steps",
          TRIAL_JSON([ { "begin" : "orders" }, { "insert" : "orders", "time" : "1ms" }, { "publish" : "orders" },
                       { "commit" : "orders", "time" : "20ms" }, { "reply" : 202 } ]) },
        { "/stages/serve",
          TRIAL_JSON({ "steps" : [ { "insert" : "orders", "time" : "1ms" }, { "status" : "PAID" } ] }) },
        { "/groups/others", TRIAL_JSON({ "consumers" : 1, "reads" : { "orders" : "serve" } }) },
        NEVER
    };
    (void)state;
    expect_paid_after(edits, COUNT(edits), 11500 * SIM_US, 0, 5);
}

/* ---- the row of an order between a status and its commit ---- */

/* Two groups read each order. The first one's status is sent at once, in a transaction that commits at 20 ms; the
 * second one sends its own at 5 ms, and waits for that: PAID is what PAYING becomes, and not the other way round. */
#define PAYING_FOR_20_MS                                                                                         \
    { "/stages/serve",                                                                                                 \
      TRIAL_JSON({ "steps" : [ { "begin" : "orders" }, { "status" : "PAYING" },                                        \
                               { "commit" : "orders", "time" : "40ms" } ] }) },                                        \
        { "/groups/others", TRIAL_JSON({ "consumers" : 1, "reads" : { "orders" : "pay" } }) }

static void test_a_status_waits_for_a_commit(void **state)
{
    const struct study_edit edits[] = {
        LOAD,
        PAYING_FOR_20_MS,
        { "/stages/pay",
          TRIAL_JSON({ "steps" : [ { "work" : "ask", "time" : "4ms" }, { "status" : "PAID", "time" : "2ms" } ] }) },
        NEVER
    };
    (void)state;
    expect_paid_after(edits, COUNT(edits), 20 * SIM_MS, 0, 2);
}

/* As the table tells it: from 5 to 20 ms; or up to the time-out at 14 ms, and once more from 19 to 20 ms. The
 * transaction that has the row meanwhile found it free: 0, as of any other row. */
static void test_waits_are_told_by_the_table(void **state)
{
    static const struct { const char *timeout; sim_ns wait_ns, sum_ns; uint32_t n; } table[] = {
        { "50s", 15 * SIM_MS, 15 * SIM_MS, 2 }, { "9ms", 9 * SIM_MS, 10 * SIM_MS, 3 } };
    (void)state;
    for (uint32_t i = 0; i < COUNT(table); i++) {
        const struct study_edit edits[] = {
            LOAD,
            PAYING_FOR_20_MS,
            { "/stages/pay",
              TRIAL_JSON({ "steps" : [ { "work" : "ask", "time" : "4ms" }, { "status" : "PAID", "time" : "2ms" } ] }) },
            { "/tables/orders/lock_timeout", table[i].timeout },
        };
        struct trial trial;
        trial_open(&trial, QUEUE_SCENARIO, edits, COUNT(edits));
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->table[TABLE_ORDERS].wait.max_ns, table[i].wait_ns);
        assert_int_equal(facts->table[TABLE_ORDERS].wait.min_ns, 0);
        assert_int_equal(facts->table[TABLE_ORDERS].wait.n, table[i].n * ORDERS);
        assert_true(facts->table[TABLE_ORDERS].wait.sum_ns == table[i].sum_ns * ORDERS);
        trial_close(&trial);
    }
}

/* In a transaction of its own, which takes 5 ms from its statement's effect at 20 ms on to its commit's. */
static void test_statuses_of_two_transactions(void **state)
{
    const struct study_edit edits[] = {
        LOAD,
        PAYING_FOR_20_MS,
        { "/stages/pay",
          TRIAL_JSON({ "steps" : [ { "work" : "ask", "time" : "4ms" }, { "begin" : "orders" },
                                   { "status" : "PAID", "time" : "2ms" },
                                   { "commit" : "orders", "time" : "8ms" } ] }) },
        NEVER
    };
    (void)state;
    expect_paid_after(edits, COUNT(edits), 25 * SIM_MS, 0, 2);
}

/* A status that the order has by then is not sent: the transaction that gives it does not have the row for 20 ms, and
 * PAID waits for nobody. */
static void test_a_status_of_no_change_holds_no_row(void **state)
{
    const struct study_edit edits[] = {
        LOAD,
        PAYING_FOR_20_MS,
        { "/stages/serve/steps", TRIAL_JSON([ { "status" : "PAYING" }, { "begin" : "orders" }, { "status" : "PAYING" },
                                              { "work" : "think", "time" : "20ms" }, { "commit" : "orders" } ]) },
        { "/stages/pay",
          TRIAL_JSON({ "steps" : [ { "work" : "ask", "time" : "4ms" }, { "status" : "PAID", "time" : "2ms" } ] }) },
        NEVER
    };
    (void)state;
    expect_paid_after(edits, COUNT(edits), 5 * SIM_MS, 0, 2);
}

/* One has the order's row and comes to the stock at 10 ms; the other one has that, and comes to the order at 20 ms: the
 * lighter one of the two is rolled back, and among equals the one that comes. The first one has changed its row once
 * with PAYING, and twice with PAYING and PAID, however often it says so; the second one has locked and changed the
 * stock, and in the other case inserted a row besides. */
static void test_a_status_weighs_once(void **state)
{
    static const struct { const char *statuses, *insert; } table[] = {
        { TRIAL_JSON({ "status": "PAYING" }, { "status": "PAYING" }), "" },
        { TRIAL_JSON({ "status": "PAYING" }, { "status": "PAID" }, { "status": "PAID" }),
          TRIAL_JSON({ "insert": "audit" }, ) } };
    (void)state;
    for (uint32_t i = 0; i < COUNT(table); i++) {
        char serve[512], pay[512];
        struct trial trial;
        snprintf(serve, sizeof serve, "[{\"begin\": \"stock\"}, %s, {\"work\": \"think\", \"time\": \"10ms\"}, "
                 "{\"write\": \"stock\", \"effect\": \"reserve\"}, {\"commit\": \"stock\"}]", table[i].statuses);
        snprintf(pay, sizeof pay, "{\"steps\": [{\"begin\": \"stock\"}, %s {\"write\": \"stock\", \"effect\": "
                 "\"reserve\"}, {\"work\": \"think\", \"time\": \"20ms\"}, {\"status\": \"PAID\"}, "
                 "{\"commit\": \"stock\"}]}", table[i].insert);
        const struct study_edit edits[] = {
            LOAD,
            PAYING_FOR_20_MS,
            { "/orders", TRIAL_JSON({ "item" : 1, "quantity" : 1, "at_most" : 1 }) },
            { "/tables/stock", TRIAL_JSON({ "key" : "item", "rows" : 1, "quantity" : 100 }) },
            { "/stages/serve/steps", serve },
            { "/stages/pay", pay },
        };
        trial_open(&trial, QUEUE_SCENARIO, edits, COUNT(edits));
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->table[TABLE_ORDERS].deadlocks, 1);
        assert_int_equal(facts->group[0].retries, 1);
        assert_int_equal(facts->group[1].retries, 0);
        trial_close(&trial);
    }
}

/* Two records of each order come to the one that has its row up to 10 ms. Whoever has waited since 5 ms comes before
 * the second of them, which is there at the same instant: its FAILED is too late for what is PAID. */
static void test_who_waits_comes_first(void **state)
{
    const struct study_edit edits[] = {
        LOAD,
        { "/topics/again", "{}" },
        { "/stages/accept/steps", TRIAL_JSON([ { "insert" : "orders" }, { "publish" : "orders" },
                                               { "publish" : "again" }, { "reply" : 202 } ]) },
        { "/stages/serve", TRIAL_JSON({ "steps" : [ { "begin" : "orders" }, { "status" : "PAYING" },
                                                    { "commit" : "orders", "time" : "10ms", "at" : 1 } ] }) },
        { "/stages/give-up", TRIAL_JSON({ "steps" : [ { "begin" : "orders" }, { "status" : "FAILED" },
                                                      { "commit" : "orders", "time" : "10ms", "at" : 1 } ] }) },
        { "/stages/pay",
          TRIAL_JSON({ "steps" : [ { "work" : "ask", "time" : "4ms" }, { "status" : "PAID", "time" : "2ms" } ] }) },
        { "/groups/servers/reads/again", "give-up" },
        { "/groups/others", TRIAL_JSON({ "consumers" : 1, "reads" : { "orders" : "pay" } }) },
        NEVER
    };
    (void)state;
    for (uint32_t by_step = 0; by_step < 2; by_step++) {
        struct trial trial;
        trial_open(&trial, QUEUE_SCENARIO, edits, COUNT(edits) - 1 + by_step);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], ORDERS);
        assert_int_equal(facts->completion.max_ns, 10 * SIM_MS);
        trial_close(&trial);
    }
}

#define PAYS_DIES_FOR(back_after)                                                                                  \
    TRIAL_JSON({ "it": { "crash": "pays", "at": "110ms", "back_after": back_after } })
#define PAY_BY_ITSELF                                                                                                  \
    TRIAL_JSON({ "steps" : [ { "work" : "ask", "time" : "4ms" }, { "status" : "PAID", "time" : "2ms" } ] })
#define PAY_IN_ONE                                                                                                     \
    TRIAL_JSON({ "steps" : [ { "work" : "ask", "time" : "4ms" }, { "begin" : "orders" },                             \
                             { "status" : "PAID", "time" : "2ms" }, { "commit" : "orders" } ] })

/* One order, at 100 ms. A process dies when it is 10 ms old. The waiting one's: its statement is at the server, gets
 * the row at 20 ms and takes place, whether its process is back by then or not, unless the time-out of the row is over
 * before: then the record has to come again to whoever is there after the session of 45 s, as where the statement was
 * in a transaction. The process that has the row, and has not sent its commit: the row is free at once. */
static void test_crashes_around_a_row(void **state)
{
    static const struct { const char *crash, *pay, *timeout; sim_ns least_ns, most_ns; uint64_t timeouts; } table[] = {
        { PAYS_DIES_FOR("1s"), PAY_BY_ITSELF, "50s", 20 * SIM_MS, 20 * SIM_MS, 0 },
        { PAYS_DIES_FOR("2ms"), PAY_BY_ITSELF, "50s", 20 * SIM_MS, 20 * SIM_MS, 0 },
        { PAYS_DIES_FOR("1s"), PAY_BY_ITSELF, "14ms", 20 * SIM_S, 100 * SIM_S, 1 },
        { PAYS_DIES_FOR("1s"), PAY_IN_ONE, "50s", 20 * SIM_S, 100 * SIM_S, 0 },
        { TRIAL_JSON({ "it": { "crash": "shop", "at": "110ms", "back_after": "1s" } }), PAY_BY_ITSELF, "50s",
          10 * SIM_MS, 10 * SIM_MS, 0 },
    };
    (void)state;
    for (uint32_t i = 0; i < COUNT(table); i++) {
        const struct study_edit edits[] = {
            LOAD,
            PAYING_FOR_20_MS,
            { "/stages/serve/steps",
              TRIAL_JSON([ { "begin" : "orders" }, { "status" : "PAYING" }, { "work" : "think", "time" : "20ms" },
                           { "commit" : "orders" } ]) },
            { "/load/scenarios/orders", TRIAL_JSON({ "executor" : "constant-arrival-rate", "rate" : 1,
                                                     "duration" : "500ms", "startTime" : "100ms" }) },
            { "/stages/pay", table[i].pay },
            { "/tables/orders/lock_timeout", table[i].timeout },
            { "/processes/shop/groups", TRIAL_JSON([ "servers" ]) },
            { "/processes/pays", TRIAL_JSON({ "connections" : 0, "groups" : [ "others" ] }) },
            { "/faults", table[i].crash },
        };
        struct trial trial;
        trial_open(&trial, QUEUE_SCENARIO, edits, COUNT(edits));
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->orders.created, 1);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], 1);
        assert_in_range(facts->completion.min_ns, table[i].least_ns, table[i].most_ns);
        assert_int_equal(facts->table[TABLE_ORDERS].lock_timeouts, table[i].timeouts);
        trial_close(&trial);
    }
}

/* One order, whose row somebody has for 195 s. The only thread of those who wait for it dies every 20 s, is back a
 * second later, and gets the record again when the session of the dead one is over. Nine statements of it have outlived
 * it, and the tenth thread waits yet, when the first one takes place; the others find the order as they would have
 * it. */
static void test_one_thread_dies_again_and_again(void **state)
{
    const struct study_edit edits[] = {
        LOAD,
        { "/load/scenarios/orders", TRIAL_JSON({ "executor" : "constant-arrival-rate", "rate" : 1,
                                                 "duration" : "500ms" }) },
        { "/stages/serve", TRIAL_JSON({ "steps" : [ { "begin" : "orders" }, { "status" : "PAYING" },
                                                    { "work" : "think", "time" : "195s" },
                                                    { "commit" : "orders" } ] }) },
        { "/stages/pay", PAY_BY_ITSELF },
        { "/groups/others", TRIAL_JSON({ "consumers" : 1, "reads" : { "orders" : "pay" },
                                         "session_timeout" : "6s" }) },
        { "/tables/orders/lock_timeout", "10m" },
        { "/processes/shop/groups", TRIAL_JSON([ "servers" ]) },
        { "/processes/pays", TRIAL_JSON({ "connections" : 0, "groups" : [ "others" ] }) },
        { "/faults", TRIAL_JSON({ "it": { "crash": "pays", "every": "20s", "back_after": "1s" } }) },
    };
    struct trial trial;
    (void)state;
    trial_open(&trial, QUEUE_SCENARIO, edits, COUNT(edits));
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 1);
    assert_int_equal(facts->completion.max_ns, 195 * SIM_S);
    assert_int_equal(facts->table[TABLE_ORDERS].wait.n, 11); /* and PAYING, at once */
    assert_int_equal(facts->table[TABLE_ORDERS].writes, 3); /* the insert, PAYING and PAID */
    trial_close(&trial);
}

/* begin, two inserts, two statuses, `then`, commit. */
/* clang-format off */
#define IN_ONE_TRANSACTION(then) \
    "{\"steps\": [{\"work\": \"serve\", \"time\": \"2ms\"}, {\"begin\": \"audit\"}, " \
    "{\"insert\": \"audit\"}, {\"insert\": \"audit\"}, {\"status\": \"PAYING\"}, {\"status\": \"PAID\"}, " \
    "{\"status\": \"PAID\"}, " then "{\"commit\": \"audit\", \"time\": \"10ms\"}]}"
/* clang-format on */

static const struct run_facts *run_serve(struct trial *trial, const char *serve)
{
    const struct study_edit edits[] = { LOAD, { "/stages/serve", serve } };
    trial_open(trial, QUEUE_SCENARIO, edits, COUNT(edits));
    const struct run_facts *facts = trial_run(trial, 0, NULL);
    trial_expect_sound(trial, facts);
    return facts;
}

/* From the commit on, which takes effect half-way: 2 + 5 ms after the order. */
static void test_a_transaction_shows_at_its_commit(void **state)
{
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_serve(&trial, IN_ONE_TRANSACTION(""));
    assert_int_equal(facts->orders.by_status[ORDER_PAID], ORDERS);
    assert_true(facts->completion.min_ns == 7 * SIM_MS && facts->completion.max_ns == 7 * SIM_MS);
    assert_int_equal(facts->table[TABLE_ORDERS].writes, 3 * ORDERS);
    assert_int_equal(facts->table[TABLE_AUDIT].writes, 2 * ORDERS);
    trial_close(&trial);
}

/* What is rolled back was never there: no row, and an order that is PENDING still. */
static void test_a_rollback_leaves_nothing(void **state)
{
    struct trial trial;
    (void)state;
    const struct run_facts *facts =
        run_serve(&trial, IN_ONE_TRANSACTION("{\"work\": \"check\", \"refuse\": 1, \"otherwise\": ["
                                             "{\"rollback\": \"audit\"}, {\"status\": \"FAILED\"}]},"));
    assert_int_equal(facts->orders.by_status[ORDER_FAILED], ORDERS);
    assert_int_equal(facts->completion.n, 0);
    assert_int_equal(facts->table[TABLE_ORDERS].writes, 2 * ORDERS);
    assert_int_equal(facts->table[TABLE_AUDIT].writes, 0);
    trial_close(&trial);
}

/* A transaction of which nothing is left but the status of its order. */
static void test_a_refusal_before_the_commit(void **state)
{
    struct trial trial;
    (void)state;
    const struct run_facts *facts =
        run_serve(&trial, IN_ONE_TRANSACTION("{\"work\": \"check\", \"refuse\": 1, \"otherwise\": ["
                                             "{\"rollback\": \"audit\"}, {\"begin\": \"audit\"},"
                                             "{\"status\": \"CANCELLED\"}, {\"commit\": \"audit\"}]},"));
    assert_int_equal(facts->orders.by_status[ORDER_CANCELLED], ORDERS);
    assert_int_equal(facts->table[TABLE_ORDERS].writes, 2 * ORDERS);
    assert_int_equal(facts->table[TABLE_AUDIT].writes, 0);
    trial_close(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_order_and_its_status),
        cmocka_unit_test(test_other_rows_are_no_orders),
        cmocka_unit_test(test_no_change_no_write),
        cmocka_unit_test(test_published_before_inserted),
        cmocka_unit_test(test_two_open_inserts_of_one_order),
        cmocka_unit_test(test_a_second_insert_waits_for_the_first),
        cmocka_unit_test(test_a_second_insert_that_comes_later),
        cmocka_unit_test(test_a_second_insert_after_a_rollback),
        cmocka_unit_test(test_a_second_insert_is_out_of_patience),
        cmocka_unit_test(test_inserts_that_commit_by_themselves_wait),
        cmocka_unit_test(test_a_status_waits_for_a_commit),
        cmocka_unit_test(test_waits_are_told_by_the_table),
        cmocka_unit_test(test_statuses_of_two_transactions),
        cmocka_unit_test(test_a_status_of_no_change_holds_no_row),
        cmocka_unit_test(test_a_status_weighs_once),
        cmocka_unit_test(test_who_waits_comes_first),
        cmocka_unit_test(test_crashes_around_a_row),
        cmocka_unit_test(test_one_thread_dies_again_and_again),
        cmocka_unit_test(test_a_transaction_shows_at_its_commit),
        cmocka_unit_test(test_a_rollback_leaves_nothing),
        cmocka_unit_test(test_a_refusal_before_the_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
