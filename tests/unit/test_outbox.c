/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: a record that is sent before its commit is seen too early, or stands for something that never was; one that is
 * sent after it is lost with its process; one that goes by an outbox is neither, comes later by what the relay takes,
 * and may come twice (semantics 9.7). Method: constant times, a crash between the two steps, a relay whose looks and
 * sends can be added up. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/invariant.h"
#include "tests/support/trial.h"

/* clang-format off */
static const char SHOP[] = TRIAL_JSON({
    "name": "outbox",
    "load": { "scenarios": { "orders": { "executor": "constant-arrival-rate", "rate": 1, "duration": "100s" } } },
    "orders": { "item": 1, "quantity": 1 },
    "kafka": { "partitions": 1 },
    "topics": { "created": {}, "reserved": {} },
    "tables": { "orders": { "key": "order_id" }, "stock": { "key": "item", "rows": 1, "quantity": 1000 } },
    "processes": {
        "front": { "connections": 2, "api": { "threads": 4, "stage": "accept" },
                   "outbox": { "poll": "100ms", "batch": 10, "time": "1ms" } },
        "back": { "connections": 2, "groups": ["stock"], "outbox": { "poll": "100ms", "batch": 10, "time": "1ms" } },
        "office": { "connections": 0, "groups": ["office"] }
    },
    "groups": { "stock": { "consumers": 1, "reads": { "created": "reserve" } },
                "office": { "consumers": 1, "reads": { "reserved": "end" } } },
    "stages": {
        "accept": { "steps": [
            { "begin": "orders" }, { "insert": "orders", "time": "2ms" },
            { "commit": "orders", "time": "4ms" },
            { "publish": "created" }, { "reply": 202 } ] },
        "reserve": { "steps": [
            { "begin": "stock" }, { "once": "order_id" }, { "write": "stock", "effect": "reserve", "time": "2ms" },
            { "commit": "stock", "time": "4ms" }, { "publish": "reserved" } ] },
        "end": { "steps": [ { "status": "PAID" } ] }
    }
});

#define ACCEPT "/stages/accept/steps"
static const char SENT_BEFORE[] = TRIAL_JSON([
    { "begin": "orders" }, { "insert": "orders", "time": "2ms" }, { "publish": "created" },
    { "commit": "orders", "time": "4ms" }, { "reply": 202 } ]);
static const char OUTBOX[] = TRIAL_JSON([
    { "begin": "orders" }, { "insert": "orders", "time": "2ms" }, { "publish": "created", "via": "outbox" },
    { "commit": "orders", "time": "4ms" }, { "reply": 202 } ]);
static const char SENT_AFTER[] = TRIAL_JSON([
    { "begin": "orders" }, { "insert": "orders", "time": "2ms" }, { "commit": "orders", "time": "4ms" },
    { "publish": "created" }, { "reply": 202 } ]);
/* clang-format on */

enum { ORDERS = 100, STOCK = 1 };

#define FIVE_AT_ONCE \
    { "/load/scenarios/orders", \
      "{\"executor\": \"bursts\", \"size\": 5, \"every\": \"1h\", \"duration\": \"1h\"}" }, \
    { "/processes/front/api/threads", "5" }, { "/processes/front/connections", "5" }

static uint64_t violations(const struct run_facts *facts, enum invariant_id id) { return facts->invariant[id].violations; }

/* The API's process dies as the fifth request has come to one of its steps. */
static void test_a_crash_in_between(void **state)
{
    static const struct { const char *what, *steps, *step; uint64_t created, paid, taken; } table[] = {
        { "after the commit, before the send: the order hangs", SENT_AFTER, "publish", ORDERS, ORDERS - 1, ORDERS - 1 },
        { "before the commit: there never was an order", SENT_AFTER, "commit", ORDERS - 1, ORDERS - 1, ORDERS - 1 },
        { "sent, and then not committed: stock for nobody", SENT_BEFORE, "commit", ORDERS - 1, ORDERS - 1, ORDERS },
        { "outbox, before the commit: neither order nor record", OUTBOX, "commit", ORDERS - 1, ORDERS - 1, ORDERS - 1 },
        { "outbox, after the commit: the relay sends it", OUTBOX, "reply", ORDERS, ORDERS, ORDERS },
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct trial trial;
        char fault[200];
        snprintf(fault, sizeof fault, "{\"x\": {\"crash\": \"front\", \"back_after\": \"100ms\", \"when\": {\"stage\": "
                 "\"accept\", \"step\": \"%s\", \"phase\": \"before\", \"nth\": 5}}}", table[i].step);
        const struct study_edit edit[] = { { "/faults", fault }, { ACCEPT, table[i].steps } };
        trial_open(&trial, SHOP, edit, 2);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        print_message("%s\n", table[i].what);
        assert_int_equal(facts->fault[0].happened, 1);
        assert_int_equal(facts->orders.created, table[i].created);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], table[i].paid);
        assert_int_equal(facts->table[STOCK].writes, table[i].taken);
        assert_int_equal(violations(facts, INVARIANT_O2), table[i].created - table[i].paid);
        assert_int_equal(violations(facts, INVARIANT_S5) > 0, table[i].taken > table[i].paid);
        trial_close(&trial);
    }
}

struct seen { uint64_t n, early; sim_ns least_ns, most_ns; };

static void on_order(void *context, const struct order_fact *order)
{
    struct seen *seen = context;
    const sim_ns took_ns = order->ended_ns - order->created_ns;
    seen->n++;
    if (took_ns < seen->least_ns || seen->n == 1) seen->least_ns = took_ns;
    if (took_ns > seen->most_ns) seen->most_ns = took_ns;
}

/* A record that is sent 4 ms before its commit is done with 2 ms before it, when the group takes 1 ms: whoever asked for
 * the order's row would not find it. */
static void test_sent_before_the_commit_is_seen_before_it(void **state)
{
    static const struct { const char *steps; bool early; } table[] = { { SENT_BEFORE, true }, { SENT_AFTER, false }, { OUTBOX, false } };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct trial trial;
        struct seen seen = { 0 };
        const struct observer observer = { .context = &seen, .on_order = on_order };
        const struct study_edit edit[] = { { ACCEPT, table[i].steps },
                                           { "/stages/reserve/steps", "[{\"publish\": \"reserved\"}]" },
                                           { "/tables/stock", "{\"key\": \"user\", \"rows\": 1}" },
                                           { "/orders/user", "1" } };
        trial_open(&trial, SHOP, edit, 4);
        const struct run_facts *facts = trial_run(&trial, 0, &observer);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], ORDERS);
        /* the commit takes effect half-way, at 4 ms */
        if (table[i].early) assert_true(seen.most_ns < 4 * SIM_MS);
        else assert_true(seen.least_ns > 4 * SIM_MS);
        trial_close(&trial);
    }
}

/* Orders come every 37 ms, so that they fall evenly on the relay's interval of 100 ms: a row waits for half of it, for
 * those of its batch before it, and 1 ms for itself. */
static void test_what_the_relay_costs(void **state)
{
    enum { EVERY_MS = 37, N = 100 * 37 };
    double mean_ms[2];
    sim_ns most_ns[2];
    static const char *const ways[2] = { SENT_AFTER, OUTBOX };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct trial trial;
        const struct study_edit edit[] = { { "/load/scenarios/orders/timeUnit", "37ms" },
                                           { "/load/scenarios/orders/duration", "136900ms" },
                                           { "/tables/stock/quantity", "10000" }, { ACCEPT, ways[i] },
                                           { ACCEPT "/1/time", "2.5ms" } };
        trial_open(&trial, SHOP, edit, 5);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        trial_expect_sound(&trial, facts);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], N);
        mean_ms[i] = (double)facts->completion.sum_ns / N / SIM_MS;
        most_ns[i] = facts->completion.max_ns;
        trial_close(&trial);
    }
    /* In 3.7 s there are 100 rows and 37 looks. Rows are there at 4.5 ms + 37 i, so that every distance from the next
     * look is met once, 0.5 to 99.5 ms: 50 on average. 26 looks find three rows, 11 find two: each row waits for the 1 ms
     * of those before it and then, at the stock's consumer, for the rest of their 6 ms. Sent after the commit a record
     * leaves 2 ms after its effect. */
    const double together = (26 * (6 + 12) + 11 * 6) / 100.0;
    const double exact_ms = 50 + 1 + together - 2;
    print_message("by the outbox %.4f ms later on average (%.4f), at most %.3f ms in all\n", mean_ms[1] - mean_ms[0],
                  exact_ms, 1e3 * ns_to_s(most_ns[1]));
    assert_true(fabs(mean_ms[1] - mean_ms[0] - exact_ms) < 1e-6);
}

/* The relay dies with its process after it has sent a row and before it has marked the batch: the row is sent again,
 * and the mark of the reservation stops it. Without a mark it is taken twice. */
static void test_a_relay_that_dies(void **state)
{
    static const struct { const char *form; uint64_t taken; } table[] = { { "same-transaction", 5 }, { "none", 7 } };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct trial trial;
        const struct study_edit edit[] = {
            /* five rows at 4 ms, a look at 100 ms, 20 ms for each row: two are sent at 140 ms, the third is not */
            FIVE_AT_ONCE,
            { "/processes/front/outbox/time", "20ms" },
            { "/faults", "{\"x\": {\"crash\": \"front\", \"at\": \"150ms\", \"back_after\": \"10ms\"}}" },
            { ACCEPT, OUTBOX }, { "/stages/reserve/steps/1/form", table[i].form },
        };
        trial_open(&trial, SHOP, edit, sizeof edit / sizeof *edit);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->mishaps[MISHAP_SENT_TWICE], 2);
        assert_int_equal(facts->table[STOCK].writes, table[i].taken);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], 5);
        assert_int_equal(violations(facts, INVARIANT_S4), table[i].taken - 5);
        trial_close(&trial);
    }
}

/* The broker is away from 90 to 590 ms, and the relay waits with the first row in hand: a crash at 300 ms takes nothing
 * along, as it would from a producer that had been told to send. */
static void test_a_relay_that_dies_in_an_outage(void **state)
{
    struct trial trial;
    const struct study_edit edit[] = {
        FIVE_AT_ONCE,
        { "/faults", "{\"out\": {\"outage\": \"kafka\", \"at\": \"90ms\", \"for\": \"500ms\"}, "
                     "\"x\": {\"crash\": \"front\", \"at\": \"300ms\", \"back_after\": \"10ms\"}}" },
        { ACCEPT, OUTBOX },
    };
    (void)state;
    trial_open(&trial, SHOP, edit, sizeof edit / sizeof *edit);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    assert_int_equal(facts->orders.records_lost, 0);
    assert_int_equal(facts->mishaps[MISHAP_SENT_TWICE], 0);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 5);
    trial_close(&trial);
}

/* Each row takes 20 ms, and none leaves while the broker is away: the first goes at 590 ms, the fifth 80 ms later. */
static void test_a_relay_waits_for_the_broker(void **state)
{
    struct trial trial;
    const struct study_edit edit[] = {
        FIVE_AT_ONCE, { "/processes/front/outbox/time", "\"20ms\"" },
        { "/faults", "{\"out\": {\"outage\": \"kafka\", \"at\": \"90ms\", \"for\": \"500ms\"}}" }, { ACCEPT, OUTBOX },
    };
    (void)state;
    trial_open(&trial, SHOP, edit, sizeof edit / sizeof *edit);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    trial_expect_sound(&trial, facts);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 5);
    assert_in_range(facts->completion.min_ns, 590 * SIM_MS, 609 * SIM_MS);
    assert_in_range(facts->completion.max_ns, 670 * SIM_MS, 689 * SIM_MS);
    trial_close(&trial);
}

/* Five rows are sent by 105 ms, and marked; 50 ms later they would be in the log, but the broker is away from 120 to
 * 620 ms. With the crash at 300 ms the records die, and the relay has not been told that they are there: it has the rows
 * yet, and what comes back sends them. */
static void test_rows_on_their_way_into_an_outage(void **state)
{
    static const char *const linger[] = { "0s", "20ms" };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct trial trial;
        const struct study_edit edit[] = {
            FIVE_AT_ONCE,
            { "/kafka/append", "\"50ms\"" }, { "/kafka/linger", linger[i] },
            { "/faults", "{\"out\": {\"outage\": \"kafka\", \"at\": \"120ms\", \"for\": \"500ms\"}, "
                         "\"x\": {\"crash\": \"front\", \"at\": \"300ms\", \"back_after\": \"10ms\"}}" },
            { ACCEPT, OUTBOX },
        };
        trial_open(&trial, SHOP, edit, sizeof edit / sizeof *edit);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        trial_expect_sound(&trial, facts);
        assert_int_equal(facts->orders.records_lost, 0);
        assert_int_equal(facts->mishaps[MISHAP_SENT_TWICE], 0);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], 5);
        assert_int_equal(facts->table[STOCK].writes, 5);
        trial_close(&trial);
    }
}

/* One order with several rows for one topic, of which a batch of the relay takes some: from the look at 100 ms on one
 * leaves every ms, until the broker goes away. What left would be in the log 50 ms later, and dies with the JVM at 300
 * ms instead: each row is sent once more, the marked ones as the one in hand. */
static void test_rows_of_one_order_die_one_by_one(void **state)
{
    static const struct { const char *what; uint64_t rows; const char *batch, *away_at; } table[] = {
        { "one marked, one not sent", 2, "1", "101500us" },
        { "both marked", 2, "1", "110ms" },
        { "two marked, one sent, one not", 4, "2", "103500us" },
        { "all sent, none marked but the first two", 3, "2", "110ms" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct trial trial;
        char faults[200], steps[500] = "[{\"begin\": \"orders\"}, {\"insert\": \"orders\", \"time\": \"2ms\"}, ";
        for (uint64_t row = 0; row < table[i].rows; row++)
            strcat(steps, "{\"publish\": \"created\", \"via\": \"outbox\"}, ");
        strcat(steps, "{\"commit\": \"orders\", \"time\": \"4ms\"}, {\"reply\": 202}]");
        snprintf(faults, sizeof faults, "{\"out\": {\"outage\": \"kafka\", \"at\": \"%s\", \"for\": \"500ms\"}, "
                 "\"x\": {\"crash\": \"front\", \"at\": \"300ms\", \"back_after\": \"10ms\"}}", table[i].away_at);
        const struct study_edit edit[] = {
            { "/orders/at_most", "1" }, { "/processes/front/outbox/batch", table[i].batch },
            { "/kafka/append", "\"50ms\"" }, { "/stages/reserve/steps/1/form", "none" },
            { "/faults", faults }, { ACCEPT, steps },
        };
        trial_open(&trial, SHOP, edit, sizeof edit / sizeof *edit);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        print_message("%s\n", table[i].what);
        assert_int_equal(facts->orders.records_lost, 0);
        assert_int_equal(facts->table[STOCK].writes, table[i].rows);
        trial_close(&trial);
    }
}

/* A consumer that dies between its commit and its answer gets the record again: only a mark that answers again closes
 * that gap, or an outbox, with which there is none. */
static void test_the_consumers_side(void **state)
{
    static const char by_outbox[] = "[{\"begin\": \"stock\"}, {\"once\": \"order_id\", \"otherwise\": [{\"rollback\": "
        "\"stock\"}]}, {\"write\": \"stock\", \"effect\": \"reserve\"}, {\"publish\": \"reserved\", \"via\": \"outbox\"}, "
        "{\"commit\": \"stock\", \"time\": \"4ms\"}, {\"work\": \"rest\", \"time\": \"1ms\"}]";
    static const char silent[] = "[{\"begin\": \"stock\"}, {\"once\": \"order_id\", \"otherwise\": [{\"rollback\": "
        "\"stock\"}]}, {\"write\": \"stock\", \"effect\": \"reserve\"}, {\"commit\": \"stock\", \"time\": \"4ms\"}, "
        "{\"work\": \"rest\", \"time\": \"1ms\"}, {\"publish\": \"reserved\"}]";
    static const char again[] = "[{\"begin\": \"stock\"}, {\"once\": \"order_id\"}, {\"write\": \"stock\", \"effect\": "
        "\"reserve\"}, {\"commit\": \"stock\", \"time\": \"4ms\"}, {\"work\": \"rest\", \"time\": \"1ms\"}, "
        "{\"publish\": \"reserved\"}]";
    static const struct { const char *steps; uint64_t hang; } table[] = { { silent, 1 }, { again, 0 }, { by_outbox, 0 } };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct trial trial;
        const struct study_edit edit[] = {
            { "/stages/reserve/steps", table[i].steps },
            { "/faults", "{\"x\": {\"crash\": \"back\", \"back_after\": \"1s\", \"when\": {\"stage\": \"reserve\", "
                         "\"step\": \"rest\", \"phase\": \"before\", \"nth\": 5}}}" },
        };
        trial_open(&trial, SHOP, edit, 2);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->fault[0].happened, 1);
        assert_int_equal(facts->table[STOCK].writes, ORDERS);
        assert_int_equal(violations(facts, INVARIANT_O2), table[i].hang);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], ORDERS - table[i].hang);
        trial_close(&trial);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_crash_in_between),
        cmocka_unit_test(test_sent_before_the_commit_is_seen_before_it),
        cmocka_unit_test(test_what_the_relay_costs),
        cmocka_unit_test(test_a_relay_that_dies),
        cmocka_unit_test(test_a_relay_waits_for_the_broker),
        cmocka_unit_test(test_a_relay_that_dies_in_an_outage),
        cmocka_unit_test(test_rows_on_their_way_into_an_outage),
        cmocka_unit_test(test_rows_of_one_order_die_one_by_one),
        cmocka_unit_test(test_the_consumers_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
