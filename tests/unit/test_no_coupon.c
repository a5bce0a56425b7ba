/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: a transaction that is begun with the table of coupons is there for an order without a coupon too, if it does
 * anything else: what it writes is taken back with it, and is seen with its commit. Method: half of the orders
 * have one, or hardly any; the same transaction begun with the stock must come to the same figures, counted by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/trial.h"

/* clang-format off */
static const char SHOP[] = TRIAL_JSON({
    "name": "no-coupon",
    "load": { "scenarios": { "orders": { "executor": "constant-arrival-rate", "rate": 50, "duration": "2s" } } },
    "orders": { "item": { "uniform": [1, 5] }, "quantity": 1, "coupon": { "given": 0.5, "uniform": [1, 100000] } },
    "kafka": { "partitions": 3 },
    "topics": { "created": {} },
    "stores": { "db": {} },
    "tables": { "orders": { "key": "order_id", "store": "db" },
                "stock": { "key": "item", "rows": 10, "quantity": 1000, "store": "db" },
                "coupons": { "key": "coupon", "rows": 100000, "quantity": 1, "store": "db" } },
    "processes": { "shop": { "connections": 0, "api": { "threads": 50, "stage": "accept" }, "groups": "all" } },
    "groups": { "servers": { "consumers": 3, "reads": { "created": "serve" } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "created" }, { "reply": 202 } ] },
        "serve": { "steps": [ { "status": "PAID" } ] }
    }
});
/* clang-format on */

enum { ORDERS = 100, TABLE_ORDERS = 0, STOCK, COUPONS };

#define IN_A_TRANSACTION(table, then) \
    "[{\"begin\": \"" table "\"}, {\"write\": \"coupons\", \"effect\": \"use\", \"time\": \"1ms\"}, " \
    "{\"write\": \"stock\", \"effect\": \"reserve\", \"time\": \"1ms\"}, " then \
    "{\"commit\": \"" table "\", \"time\": \"1ms\"}, {\"status\": \"PAID\"}]"
#define DECLINED(table) \
    "{\"work\": \"asks\", \"refuse\": 1, \"otherwise\": [{\"rollback\": \"" table "\"}, {\"status\": \"FAILED\"}]}, "

static const struct run_facts *run(struct trial *trial, const char *steps, const char *coupon)
{
    const struct study_edit edit[] = { { "/stages/serve/steps", steps }, { "/orders/coupon", coupon } };
    trial_open(trial, SHOP, edit, coupon ? 2 : 1);
    return trial_run(trial, 0, NULL);
}

static void test_what_else_it_writes(void **state)
{
    static const char *const steps[] = { IN_A_TRANSACTION("stock", ""), IN_A_TRANSACTION("coupons", "") };
    sim_ns end_ns[2];
    uint64_t used[2];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct trial trial;
        const struct run_facts *facts = run(&trial, steps[i], NULL);
        trial_expect_sound(&trial, facts);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], ORDERS);
        assert_int_equal(facts->table[STOCK].writes, ORDERS);
        assert_true(facts->table[COUPONS].writes > 0 && facts->table[COUPONS].writes < ORDERS);
        used[i] = facts->table[COUPONS].writes;
        end_ns[i] = facts->completion.max_ns;
        trial_close(&trial);
    }
    assert_int_equal(used[0], used[1]);
    assert_true(end_ns[0] == end_ns[1]);
}

/* Rolled back: nothing was written. */
static void test_what_is_taken_back(void **state)
{
    (void)state;
    struct trial trial;
    const struct run_facts *facts = run(&trial, IN_A_TRANSACTION("coupons", DECLINED("coupons")), NULL);
    trial_expect_sound(&trial, facts);
    assert_int_equal(facts->orders.by_status[ORDER_FAILED], ORDERS);
    assert_int_equal(facts->table[STOCK].writes, 0);
    assert_int_equal(facts->table[COUPONS].writes, 0);
    trial_close(&trial);
}

/* Also where only the path that leaves it touches anything else: that is taken back, or committed, with it. */
static void test_what_a_path_that_leaves_it_writes(void **state)
{
    static const struct { const char *end; uint64_t writes; } table[] = { { "rollback", 0 }, { "commit", ORDERS } };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char steps[400];
        snprintf(steps, sizeof steps,
                 "[{\"begin\": \"coupons\"}, {\"write\": \"coupons\", \"effect\": \"use\", \"time\": \"1ms\"}, "
                 "{\"work\": \"asks\", \"refuse\": 1, \"otherwise\": [{\"write\": \"stock\", \"effect\": \"reserve\"}, "
                 "{\"%s\": \"coupons\", \"time\": \"10ms\"}, {\"status\": \"PAID\"}]}, {\"commit\": \"coupons\"}]",
                 table[i].end);
        struct trial trial;
        const struct run_facts *facts = run(&trial, steps, NULL);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], ORDERS);
        assert_int_equal(facts->table[STOCK].writes, table[i].writes);
        assert_true(facts->completion.min_ns >= 10 * SIM_MS);
        trial_close(&trial);
    }
}

/* A row of an outbox is taken back with it. */
static void test_a_row_of_an_outbox_rides_on_it(void **state)
{
    static const struct { const char *end; uint64_t sent; } table[] = { { "rollback", 0 }, { "commit", ORDERS } };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char steps[300];
        snprintf(steps, sizeof steps,
                 "[{\"begin\": \"coupons\"}, {\"write\": \"coupons\", \"effect\": \"use\", \"time\": \"1ms\"}, "
                 "{\"publish\": \"more\", \"via\": \"outbox\"}, {\"%s\": \"coupons\"}, {\"status\": \"PAID\"}]",
                 table[i].end);
        const struct study_edit edit[] = {
            { "/stages/serve/steps", steps }, { "/topics/more", "{}" },
            { "/stages/note", TRIAL_JSON({ "steps": [ { "work": "note" } ] }) },
            { "/groups/more", TRIAL_JSON({ "consumers": 1, "reads": { "more": "note" } }) },
            { "/processes/shop/outbox", TRIAL_JSON({ "poll": "10ms", "batch": 10, "time": "1ms" }) }
        };
        struct trial trial;
        trial_open(&trial, SHOP, edit, sizeof edit / sizeof *edit);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], ORDERS);
        assert_int_equal(facts->group[1].processed, table[i].sent);
        trial_close(&trial);
    }
}

/* What rides on it: the order is paid half-way through a commit of 10 ms, behind a write of 1 ms that it lacks the row
 * for. */
static void test_a_status_shows_with_the_commit(void **state)
{
    (void)state;
    struct trial trial;
    const struct run_facts *facts = run(&trial, "[{\"begin\": \"coupons\"}, "
                                                "{\"write\": \"coupons\", \"effect\": \"use\", \"time\": \"1ms\"}, "
                                                "{\"status\": \"PAID\"}, "
                                                "{\"commit\": \"coupons\", \"time\": \"10ms\"}]",
                                        "{\"given\": 0.01, \"uniform\": [1, 100000]}");
    assert_true(facts->table[COUPONS].writes < 5);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], ORDERS);
    assert_true(facts->completion.min_ns >= 6 * SIM_MS);
    trial_close(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_what_else_it_writes),
                                        cmocka_unit_test(test_what_is_taken_back),
                                        cmocka_unit_test(test_what_a_path_that_leaves_it_writes),
                                        cmocka_unit_test(test_a_row_of_an_outbox_rides_on_it),
                                        cmocka_unit_test(test_a_status_shows_with_the_commit) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
