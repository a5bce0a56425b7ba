/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: a value that was read outside of a transaction is in the code's hands to the end of its record: it can be
 * carried into a transaction, is read anew by whoever reads anew, and is not there any more for the next record.
 * Method: two consumers get an order of one item each at one instant, or many in turn, all times are constant; what is
 * lost is counted by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/trial.h"

/* clang-format off */
static const char SHOP[] = TRIAL_JSON({
    "name": "reads",
    "run": { "at_most": "1h" },
    "load": { "scenarios": { "orders": { "executor": "bursts", "size": 2, "every": "1h", "duration": "1h" } } },
    "kafka": { "partitions": 2, "fetch_order": "arrival", "linger": "0s", "append": "0s", "fetch": "0s",
               "commit": "0s" },
    "topics": { "created": { "key": "id_modulo" } },
    "orders": { "item": 1, "quantity": 1 },
    "stores": { "redis": {} },
    "locks": { "item": { "key": "item", "kind": "fenced", "wait": "30s", "lease": "30s", "store": "redis" } },
    "tables": { "orders": { "key": "order_id" }, "stock": { "key": "item", "rows": 100, "quantity": 1000 } },
    "processes": { "shop": { "api": { "threads": 10, "stage": "accept" } },
                   "worker": { "groups": ["stock"] } },
    "groups": { "stock": { "consumers": 2, "reads": { "created": "reserve" } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "created" }, { "reply": 202 } ] },
        "reserve": { "steps": [ { "status": "PAID" } ] }
    }
});
/* clang-format on */

#define STEPS  "/stages/reserve/steps"
#define READ   "{\"read\": \"stock\", \"time\": \"2ms\"}, "
#define LOCK   "{\"lock\": \"item\"}, "
#define UNLOCK "{\"unlock\": \"item\"}, "
#define BEGIN  "{\"begin\": \"stock\"}, "
#define PAID   "{\"status\": \"PAID\"}]"
#define WRITE(style) \
    "{\"write\": \"stock\", \"effect\": \"reserve\", \"style\": \"" style "\", \"time\": \"2ms\"}, " \
    "{\"commit\": \"stock\", \"time\": \"2ms\"}, "
#define OUTER "{\"connection\": \"outer\"}, "

enum { STOCK = 1, MANY = 500 };

/* Both read at one instant, before one of them gets the lock. */
static void test_two_at_once(void **state)
{
    static const struct { const char *what, *steps; uint64_t lost; } table[] = {
        { "carried into the transaction", "[" READ LOCK BEGIN WRITE("absolute") UNLOCK PAID, 1 },
        { "read anew under the lock", "[" READ LOCK READ BEGIN WRITE("absolute") UNLOCK PAID, 0 },
        { "read anew in the transaction", "[" READ LOCK BEGIN READ WRITE("absolute") UNLOCK PAID, 0 },
        { "but once in one transaction", "[" BEGIN READ LOCK READ WRITE("absolute") UNLOCK PAID, 1 },
        { "locked by the read of the transaction", "[" READ BEGIN WRITE("for-update") PAID, 0 },
        { "one entity manager around it all", "[" OUTER READ LOCK READ BEGIN WRITE("absolute") UNLOCK PAID, 1 },
        { "and one of the transaction's own", "[" OUTER READ LOCK BEGIN READ WRITE("absolute") UNLOCK PAID, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct trial trial;
        const struct study_edit edit[] = { { STEPS, table[i].steps } };
        trial_open(&trial, SHOP, edit, 1);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        if (facts->table[STOCK].lost_updates != table[i].lost)
            fail_msg("%s: %llu lost", table[i].what, (unsigned long long)facts->table[STOCK].lost_updates);
        assert_int_equal(facts->table[STOCK].writes, 2);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], 2);
        if (table[i].lost == 0) trial_expect_sound(&trial, facts);
        trial_close(&trial);
    }
}

#define DECLINED \
    "{\"work\": \"asks\", \"refuse\": 0.3, \"otherwise\": [{\"unlock\": \"item\"}, {\"status\": \"FAILED\"}]}, "

static const struct study_edit LOAD = {
    "/load/scenarios/orders",
    TRIAL_JSON({ "executor": "constant-arrival-rate", "rate": 100, "duration": "5s" })
};

/* Who was declined has read as well, and holds the lock from the read to its end: nobody loses anything, and no version
 * has changed. */
static void test_a_record_begins_with_nothing(void **state)
{
    static const char *const steps[] = { "[" LOCK READ DECLINED BEGIN WRITE("absolute") UNLOCK PAID,
                                         "[" LOCK READ DECLINED BEGIN WRITE("version") UNLOCK PAID };
    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct trial trial;
        const struct study_edit edit[] = { LOAD, { STEPS, steps[i] } };
        trial_open(&trial, SHOP, edit, 2);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        const uint64_t n_paid = facts->orders.by_status[ORDER_PAID];
        assert_true(n_paid > 0 && n_paid < MANY);
        assert_int_equal(facts->orders.by_status[ORDER_FAILED], MANY - n_paid);
        assert_int_equal(facts->table[STOCK].writes, n_paid);
        assert_int_equal(facts->table[STOCK].lost_updates, 0);
        assert_int_equal(facts->table[STOCK].conflicts, 0);
        trial_expect_sound(&trial, facts);
        trial_close(&trial);
    }
}

/* Half of the orders go without the lock, and their updates are lost or lose others. None of them is put down to the
 * order of lock and transaction, though the thread had the lock of the same row for the record before. */
static void test_the_lock_of_a_record_before_is_no_cause(void **state)
{
    static const char steps[] = "[{\"work\": \"asks\", \"refuse\": 0.5, \"otherwise\": ["
                                BEGIN READ WRITE("absolute") PAID "}, "
                                LOCK BEGIN READ WRITE("absolute") UNLOCK PAID;
    struct trial trial;
    const struct study_edit edit[] = {
        { "/load/scenarios/orders",
          TRIAL_JSON({ "executor": "constant-arrival-rate", "rate": 500, "duration": "1s" }) },
        { STEPS, steps }
    };
    (void)state;
    trial_open(&trial, SHOP, edit, 2);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], MANY);
    assert_true(facts->table[STOCK].lost_updates > 20);
    assert_int_equal(facts->by_cause[ACCIDENT_LOST_UPDATE][LOSS_NO_LOCK], facts->table[STOCK].lost_updates);
    trial_close(&trial);
}

/* However many rows the records of a thread have come to. */
static void test_rows_do_not_add_up(void **state)
{
    static const char *const steps[] = {
        "[" LOCK "{\"read\": \"stock\", \"fence\": \"item\"}, " UNLOCK PAID,
        "[" LOCK READ DECLINED BEGIN WRITE("absolute") UNLOCK PAID
    };
    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct trial trial;
        const struct study_edit edit[] = { LOAD, { "/orders/item", "{\"uniform\": [1, 100]}" }, { STEPS, steps[i] } };
        trial_open(&trial, SHOP, edit, 3);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->orders.by_status[ORDER_PAID] + facts->orders.by_status[ORDER_FAILED], MANY);
        assert_int_equal(facts->table[STOCK].lost_updates, 0);
        trial_close(&trial);
    }
}

/* A compensation of 100 ms that begins 3 ms after its order, when nothing is reserved yet; the reservation commits
 * before it gives back. It has read the row as it began: the unit of the reservation is lost, and no more. */
static void test_a_compensation_reads_as_it_begins(void **state)
{
    static const struct study_edit edit[] = {
        { "/load/scenarios/orders/size", "1" },
        { "/topics/undo", "{}" },
        { "/groups/undo", TRIAL_JSON({ "consumers": 1, "reads": { "undo": "undo" } }) },
        { "/processes/worker/groups", "[\"stock\", \"undo\"]" },
        { "/stages/accept/steps",
          TRIAL_JSON([ { "insert": "orders" }, { "publish": "created" }, { "publish": "undo" }, { "reply": 202 } ]) },
        { STEPS, TRIAL_JSON([ { "begin": "stock" }, { "write": "stock", "effect": "reserve", "time": "10ms" },
                              { "commit": "stock", "time": "10ms" }, { "status": "PAID" } ]) },
        { "/stages/undo", TRIAL_JSON({ "steps": [
            { "work": "wait", "time": "3ms" }, { "begin": "stock" },
            { "write": "stock", "effect": "restore", "style": "absolute", "time": "100ms" },
            { "commit": "stock", "time": "2ms" } ] }) }
    };
    (void)state;
    struct trial trial;
    trial_open(&trial, SHOP, edit, sizeof edit / sizeof *edit);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    assert_int_equal(facts->table[STOCK].writes, 2);
    assert_int_equal(facts->table[STOCK].lost_updates, 1);
    assert_int_equal(facts->n_accidents, 1);
    assert_int_equal(facts->accident[0].other_committed_ns - facts->accident[0].read_ns, 12 * SIM_MS);
    trial_close(&trial);
}

/* The lease ends long before the commit: the second holder waits for the row all the same, which a read with the lock's
 * token has not let go of. */
static void test_a_fenced_read_keeps_the_row_of_its_transaction(void **state)
{
    static const struct study_edit edit[] = {
        { "/locks/item/lease", "\"5ms\"" },
        { STEPS, TRIAL_JSON([ { "lock": "item" }, { "begin": "stock" },
                              { "write": "stock", "effect": "reserve", "time": "1ms" },
                              { "read": "stock", "fence": "item", "time": "1ms" }, { "work": "asks", "time": "20ms" },
                              { "commit": "stock", "time": "1ms" }, { "unlock": "item", "guard": true },
                              { "status": "PAID" } ]) }
    };
    (void)state;
    struct trial trial;
    trial_open(&trial, SHOP, edit, sizeof edit / sizeof *edit);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    trial_expect_sound(&trial, facts);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 2);
    /* written at 0.5 ms and committed at 22.5; waited for from 5.5 on */
    assert_int_equal(facts->table[STOCK].wait.max_ns, 17 * SIM_MS);
    trial_close(&trial);
}

/* The lock of the first ends at 5 ms, long before it writes at 21.5 ms; the second has read with a newer token at
 * 5.5 ms, and so the row knows it: the first one's write finds 0 rows, and the second, which writes at 26.5 ms from
 * what it read, overwrites nothing. */
static void test_a_fenced_read_lets_the_row_know(void **state)
{
    static const struct study_edit edit[] = {
        { "/locks/item/lease", "\"5ms\"" }, { "/groups/stock/deliveries", "1" },
        { STEPS, TRIAL_JSON([ { "lock": "item" }, { "begin": "stock" },
                              { "read": "stock", "fence": "item", "time": "1ms" }, { "work": "asks", "time": "20ms" },
                              { "write": "stock", "style": "absolute", "effect": "reserve", "fence": "item",
                                "time": "1ms" },
                              { "commit": "stock", "time": "1ms" }, { "unlock": "item", "guard": true },
                              { "status": "PAID" } ]) }
    };
    (void)state;
    struct trial trial;
    trial_open(&trial, SHOP, edit, sizeof edit / sizeof *edit);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    assert_int_equal(facts->table[STOCK].conflicts, 1);
    assert_int_equal(facts->table[STOCK].lost_updates, 0);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 1);
    assert_int_equal(facts->group[0].skipped, 1);
    trial_close(&trial);
}

/* The first one writes at 1.5 ms and commits at 22.5; the second and the third get the lock after 5 and 10 ms, and wait
 * with their reads from 5.5 and 10.5 on. The second lets go of a row that it waited for as of one that was free, so
 * that both have read at 23 ms; and of their writes at 23.5 one waits for the other's commit, at 44.5. */
static void test_a_fenced_read_that_has_waited_keeps_nothing(void **state)
{
    static const struct study_edit edit[] = {
        { "/load/scenarios/orders/size", "3" }, { "/kafka/partitions", "3" }, { "/groups/stock/consumers", "3" },
        { "/locks/item/lease", "\"5ms\"" },
        { STEPS, TRIAL_JSON([ { "lock": "item" }, { "begin": "stock" },
                              { "read": "stock", "fence": "item", "time": "1ms" },
                              { "write": "stock", "effect": "reserve", "time": "1ms" },
                              { "work": "asks", "time": "20ms" }, { "commit": "stock", "time": "1ms" },
                              { "unlock": "item", "guard": true }, { "status": "PAID" } ]) }
    };
    (void)state;
    struct trial trial;
    trial_open(&trial, SHOP, edit, sizeof edit / sizeof *edit);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 3);
    assert_int_equal(facts->table[STOCK].wait.max_ns, 21 * SIM_MS);
    trial_close(&trial);
}

/* A row that is written against another one: 2 and 2, and whoever closes the circle is the victim, which is the first
 * one at 10 ms. With anything inserted it weighs 3, and the other one is. The order is inserted here where no other
 * stage has done so yet. */
static void test_inserted_rows_weigh(void **state)
{
    static const struct { const char *what, *accept, *insert; bool weighs; } table[] = {
#define ACCEPT "{\"publish\": \"created\"}, {\"publish\": \"second\"}, "
        { "nothing", "[{\"insert\": \"orders\"}, " ACCEPT "{\"reply\": 202}]", "", false },
        { "a row", "[{\"insert\": \"orders\"}, " ACCEPT "{\"reply\": 202}]", "{\"insert\": \"audit\"}, ", true },
        { "a mark", "[{\"insert\": \"orders\"}, " ACCEPT "{\"reply\": 202}]", "{\"once\": \"order_id\"}, ", true },
        { "a status", "[{\"insert\": \"orders\"}, " ACCEPT "{\"reply\": 202}]", "{\"status\": \"PAYING\"}, ", true },
        { "a row of the outbox", "[{\"insert\": \"orders\"}, " ACCEPT "{\"reply\": 202}]",
          "{\"publish\": \"third\", \"via\": \"outbox\"}, ", true },
        { "an order that is there", "[{\"insert\": \"orders\"}, " ACCEPT "{\"reply\": 202}]",
          "{\"insert\": \"orders\"}, ", false },
        { "the order", "[" ACCEPT "{\"work\": \"w\", \"time\": \"1s\"}, {\"insert\": \"orders\"}, {\"reply\": 202}]",
          "{\"insert\": \"orders\"}, ", true },
#undef ACCEPT
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char steps[1024];
        snprintf(steps, sizeof steps,
                 "[{\"begin\": \"stock\"}, %s{\"write\": \"stock\", \"effect\": \"reserve\", \"time\": \"2ms\"},"
                 " {\"work\": \"asks\", \"time\": \"8ms\"},"
                 " {\"write\": \"points\", \"effect\": \"debit\", \"time\": \"2ms\"},"
                 " {\"commit\": \"stock\", \"time\": \"1ms\"}, {\"status\": \"PAID\"}]", table[i].insert);
        const struct study_edit edit[] = {
            { "/load/scenarios/orders/size", "1" },
            { "/orders/user", "1" }, { "/orders/amount", "1" },
            { "/topics/second", "{}" }, { "/topics/third", "{}" },
            { "/tables/points", TRIAL_JSON({ "key": "user", "rows": 10, "quantity": 1000 }) },
            { "/tables/audit", TRIAL_JSON({ "key": "order_id" }) },
            { "/groups/other", TRIAL_JSON({ "consumers": 1, "reads": { "second": "other" } }) },
            { "/processes/worker/groups", "[\"stock\", \"other\"]" },
            { "/processes/worker/outbox", "{\"poll\": \"100ms\", \"batch\": 10, \"time\": \"1ms\"}" },
            { "/stages/accept/steps", table[i].accept }, { STEPS, steps },
            { "/stages/other", TRIAL_JSON({ "steps": [
                { "begin": "stock" }, { "write": "points", "effect": "restore", "unknown": "blind", "time": "2ms" },
                { "write": "stock", "effect": "restore", "unknown": "blind", "time": "8ms" },
                { "commit": "stock", "time": "1ms" } ] }) }
        };
        struct trial trial;
        trial_open(&trial, SHOP, edit, sizeof edit / sizeof *edit);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->table[STOCK].deadlocks + facts->table[STOCK + 1].deadlocks, 1);
        if (facts->group[table[i].weighs].failed != 1 || facts->group[!table[i].weighs].failed != 0)
            fail_msg("%s: %u and %u failed", table[i].what, (unsigned)facts->group[0].failed,
                     (unsigned)facts->group[1].failed);
        trial_close(&trial);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_two_at_once),
                                        cmocka_unit_test(test_a_record_begins_with_nothing),
                                        cmocka_unit_test(test_the_lock_of_a_record_before_is_no_cause),
                                        cmocka_unit_test(test_rows_do_not_add_up),
                                        cmocka_unit_test(test_a_compensation_reads_as_it_begins),
                                        cmocka_unit_test(test_a_fenced_read_keeps_the_row_of_its_transaction),
                                        cmocka_unit_test(test_a_fenced_read_lets_the_row_know),
                                        cmocka_unit_test(test_a_fenced_read_that_has_waited_keeps_nothing),
                                        cmocka_unit_test(test_inserted_rows_weigh) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
