/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: steps that refuse by chance do so as often as the scenario says, each on its own: chances multiply, on the way
 * on and in the steps that replace the rest alike, and the luck is the order's, whoever serves it.
 * Method: the share of orders that pass is a closed form; with n orders it must lie within four standard deviations. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "tests/support/trial.h"

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof *(array))

enum { ORDERS = 20000 };

static const struct study_edit load = {
    "/load/scenarios/orders", TRIAL_JSON({ "executor" : "constant-arrival-rate", "rate" : 1000, "duration" : "20s" })
};

/* clang-format off */
/* Passes both checks, or fails the first and is let off by the second look: PAID. */
static const struct study_edit stage = { "/stages/serve", TRIAL_JSON({ "time": "1us", "steps": [
    { "work": "first check", "share": 0.5, "refuse": 0.4, "otherwise": [
        { "work": "second look", "refuse": 0.3, "otherwise": [ { "status": "FAILED" } ] },
        { "status": "PAID" } ] },
    { "work": "second check", "share": 0.5, "refuse": 0.4, "otherwise": [ { "status": "CANCELLED" } ] },
    { "status": "PAID" } ] }) };
/* clang-format on */

struct end {
    enum order_status status[ORDERS + 1];
};

static void note_end(void *context, const struct order_fact *order)
{
    struct end *end = context;
    if (order->order_id <= ORDERS) end->status[order->order_id] = order->status;
}

static void run(struct end *end, uint64_t by_status[ORDER_STATUSES], const char *consumers)
{
    const struct observer observer = { .context = end, .on_order = note_end };
    const struct study_edit edits[] = {
        load, stage, { "/groups/servers/consumers", consumers }, { "/kafka/partitions", "2" }
    };
    struct trial trial;
    trial_open(&trial, QUEUE_SCENARIO, edits, COUNT(edits));
    const struct run_facts *facts = trial_run(&trial, 0, &observer);
    trial_expect_sound(&trial, facts);
    for (uint32_t s = 0; s < ORDER_STATUSES; s++) by_status[s] = facts->orders.by_status[s];
    trial_close(&trial);
}

static void expect_share(uint64_t n, double share)
{
    double sd = sqrt(ORDERS * share * (1 - share));
    if (fabs((double)n - ORDERS * share) > 4 * sd)
        fail_msg("%llu of %d, not %.0f +- %.0f", (unsigned long long)n, ORDERS, ORDERS * share, sd);
}

static void test_chances_multiply(void **state)
{
    static struct end end;
    uint64_t by_status[ORDER_STATUSES];
    (void)state;
    run(&end, by_status, "1");
    expect_share(by_status[ORDER_FAILED], 0.4 * 0.3);
    expect_share(by_status[ORDER_CANCELLED], 0.6 * 0.4);
    expect_share(by_status[ORDER_PAID], 0.4 * 0.7 + 0.6 * 0.6);
}

static void test_luck_is_the_orders_own(void **state)
{
    static struct end one, two;
    uint64_t by_status[ORDER_STATUSES];
    (void)state;
    run(&one, by_status, "1");
    run(&two, by_status, "2");
    for (uint32_t i = 1; i <= ORDERS; i++) assert_int_equal(one.status[i], two.status[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_chances_multiply),
                                        cmocka_unit_test(test_luck_is_the_orders_own) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
