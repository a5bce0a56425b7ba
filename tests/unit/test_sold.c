/* SPDX-License-Identifier: GPL-3.0-or-later
 * What is oversold: what paid orders bought, beyond what there was. Reservations are something else: they may be given
 * back twice, lost in one another, or stay with orders that failed. Paid orders are counted one by one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/support/trial.h"

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof *(array))

enum { TABLE_STOCK = 1 };

/* clang-format off */
static const char SALE[] = TRIAL_JSON({
    "name": "sale",
    "run": { "ends": "quiescent", "at_most": "10m" },
    "load": { "scenarios": { "sale": { "executor": "poisson", "rate": 200, "duration": "5s" } } },
    "orders": { "item": 1, "quantity": 1 },
    "kafka": { "partitions": 4 },
    "topics": { "orders": { "key": "order_id" } },
    "tables": { "orders": { "key": "order_id" }, "stock": { "key": "item", "rows": 1, "quantity": 20 } },
    "processes": { "shop": { "connections": 0, "api": { "threads": 4, "stage": "accept" }, "groups": "all" } },
    "groups": { "servers": { "consumers": 4, "reads": { "orders": "serve" } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "orders" }, { "reply": 202 } ] },
        "serve": { "steps": [
            { "begin": "stock" },
            { "write": "stock", "style": "conditional", "effect": "reserve", "time": "1ms",
              "otherwise": [ { "rollback": "stock" }, { "status": "FAILED" } ] },
            { "commit": "stock", "time": "4ms" },
            { "work": "pay", "time": "1ms", "refuse": 0.5, "otherwise": [ { "status": "FAILED" } ] },
            { "status": "PAID" } ] }
    }
});
/* clang-format on */

#define STYLE    "/stages/serve/steps/1/style"
#define REFUSED  "/stages/serve/steps/3/otherwise"
#define QUANTITY "/tables/stock/quantity"
/* clang-format off */
#define UNDO \
    "{\"begin\": \"stock\"}, {\"write\": \"stock\", \"effect\": \"restore\", \"unknown\": \"blind\", " \
    "\"time\": \"600us\"}, {\"commit\": \"stock\"}"
/* clang-format on */

static void count_paid(void *context, const struct order_fact *order)
{
    *(uint64_t *)context += order->status == ORDER_PAID;
}

static const char *first_of(const struct run_facts *facts, const char *invariant)
{
    for (uint32_t i = 0; i < facts->n_invariants; i++)
        if (strcmp(facts->invariant[i].name, invariant) == 0) return facts->invariant[i].first_what;
    return "";
}

/* Runs, and compares what is oversold with the orders that are paid. */
static const struct run_facts *sale(struct trial *trial, const struct study_edit *edit, uint32_t n, uint64_t quantity)
{
    uint64_t paid = 0;
    const struct observer observer = { .context = &paid, .on_order = count_paid };
    trial_open(trial, SALE, edit, n);
    const struct run_facts *facts = trial_run(trial, 0, &observer);
    assert_false(facts->cut);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], paid);
    assert_int_equal(facts->orders.oversold, paid > quantity ? paid - quantity : 0);
    assert_int_equal(facts->table[TABLE_STOCK].oversold, facts->orders.oversold);
    return facts;
}

/* Of 20 units; each refused order gives back two for one. The account of reservations says less than 20. */
static void test_inflation(void **state)
{
    const struct study_edit edits[] = { { REFUSED, "[" UNDO "," UNDO ", {\"status\": \"FAILED\"}]" } };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = sale(&trial, edits, COUNT(edits), 20);
    assert_true(facts->orders.oversold > 100);
    assert_non_null(strstr(first_of(facts, "S5"), " reservations given back that were never taken"));
    trial_close(&trial);
}

/* Two orders take a unit each of 20, and give two back: the second one of the first order makes it 20, and the first
 * one of the second order 21. That one is right; the chain says which was not. */
static void test_whose_inflation_it_is(void **state)
{
    const struct study_edit edits[] = { { "/load/scenarios/sale/executor", "constant-arrival-rate" },
                                        { "/load/scenarios/sale/rate", "1000" },
                                        { "/orders/at_most", "2" },
                                        { "/stages/serve/steps/3/refuse", "1" },
                                        { REFUSED, "[" UNDO "," UNDO ", {\"status\": \"FAILED\"}]" } };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = sale(&trial, edits, COUNT(edits), 20);
    const struct chain *chain = facts->chain;
    assert_string_equal(first_of(facts, "S2"), "table stock, row 1, commit: 21, allowed 0 to 20");
    while (strcmp(facts->invariant[chain->invariant].name, "S2") != 0 && chain < facts->chain + facts->n_chains - 1)
        chain++;
    assert_string_equal(facts->invariant[chain->invariant].name, "S2");
    assert_int_equal(facts->invariant[chain->invariant].first_order_id, 2);
    assert_int_equal(chain->n_links, 1);
    assert_int_equal(chain->link[0].mishap, MISHAP_UNDO_BLIND);
    assert_int_equal(chain->link[0].order_id, 1);
    assert_false(chain->of_order);
    trial_close(&trial);
}

/* Updates of each other are lost, and half of the reservations stay with orders that failed: 300 are reserved more than
 * once over, and fewer are sold. */
static void test_reserved_is_not_sold(void **state)
{
    const struct study_edit edits[] = { { STYLE, "absolute" }, { QUANTITY, "300" } };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = sale(&trial, edits, COUNT(edits), 300);
    assert_true(facts->table[TABLE_STOCK].writes > 330 && facts->table[TABLE_STOCK].lost_updates > 30);
    assert_int_equal(facts->orders.oversold, 0);
    trial_close(&trial);
}

/* The same, and all are paid for: each reservation is sold. */
static void test_reserved_and_sold(void **state)
{
    const struct study_edit edits[] = { { STYLE, "absolute" },
                                        { QUANTITY, "300" },
                                        { REFUSED, "[{\"status\": \"PAID\"}]" } };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = sale(&trial, edits, COUNT(edits), 300);
    assert_int_equal(facts->orders.oversold, facts->table[TABLE_STOCK].writes - 300);
    assert_true(facts->orders.oversold > 30);
    trial_close(&trial);
}

/* Payment takes an hour, and the run is cut: what is reserved by then beyond the two that there are is promised twice.
 * When nothing is left to happen, and the orders are pending still, they have bought nothing. */
static void test_a_run_that_is_cut(void **state)
{
    const struct study_edit edits[] = { { STYLE, "absolute" },
                                        { QUANTITY, "2" },
                                        { "/stages/serve/steps/2/time", "400ms" },
                                        { "/stages/serve/steps/3", "{\"work\": \"pay\", \"time\": \"1h\"}" } };
    const struct study_edit stuck[] = { { STYLE, "absolute" },
                                        { QUANTITY, "2" },
                                        { "/stages/serve/steps/2/time", "400ms" },
                                        { "/stages/serve/steps/3/refuse", "1" },
                                        { REFUSED, "[{\"work\": \"nothing\"}]" } };
    struct trial trial;
    (void)state;
    trial_open(&trial, SALE, edits, COUNT(edits));
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    assert_true(facts->cut);
    assert_int_equal(facts->table[TABLE_STOCK].writes, 4);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 0);
    assert_int_equal(facts->orders.oversold, 2);
    trial_close(&trial);
    facts = sale(&trial, stuck, COUNT(stuck), 2);
    assert_true(facts->table[TABLE_STOCK].writes > 2);
    assert_true(facts->orders.by_status[ORDER_PENDING] > 0);
    trial_close(&trial);
}

/* Of 25 that are paid, and nothing is taken for them, 20 waited from before the run: what they bought was taken
 * then. */
static void test_orders_from_before_have_bought_before(void **state)
{
    static const char steps[] =
        "[{\"work\": \"asks\", \"refuse\": 1, \"otherwise\": [{\"status\": \"PAID\"}]}, {\"begin\": \"stock\"}, "
        "{\"write\": \"stock\", \"effect\": \"reserve\"}, {\"commit\": \"stock\"}, {\"status\": \"PAID\"}]";
    const struct study_edit edit[] = { { "/orders/at_most", "5" }, { QUANTITY, "10" },
                                       { "/groups/servers/backlog", "{\"orders\": [5, 5, 5, 5]}" },
                                       { "/stages/serve/steps", steps } };
    struct trial trial;
    (void)state;
    trial_open(&trial, SALE, edit, COUNT(edit));
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 25);
    assert_int_equal(facts->orders.oversold, 0);
    trial_close(&trial);
}

/* Half of the orders are told of before they are inserted, and then refused: what is paid of them is sold to nobody. */
static void test_orders_that_never_were(void **state)
{
    const struct study_edit edit[] = {
        { STYLE, "absolute" }, { QUANTITY, "300" }, { "/stages/serve/steps/3", "{\"work\": \"pay\"}" },
        { "/stages/accept/steps",
          TRIAL_JSON([ { "publish": "orders" }, { "work": "check", "refuse": 0.5, "otherwise": [ { "reply": 409 } ] },
                       { "insert": "orders" }, { "reply": 202 } ]) } };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = sale(&trial, edit, COUNT(edit), 300);
    assert_true(facts->orders.by_status[ORDER_PAID] > 100);
    assert_true(facts->table[TABLE_STOCK].writes > 300 + facts->orders.oversold + 100);
    trial_close(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inflation),
        cmocka_unit_test(test_whose_inflation_it_is),
        cmocka_unit_test(test_reserved_is_not_sold),
        cmocka_unit_test(test_reserved_and_sold),
        cmocka_unit_test(test_orders_from_before_have_bought_before),
        cmocka_unit_test(test_a_run_that_is_cut),
        cmocka_unit_test(test_orders_that_never_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
