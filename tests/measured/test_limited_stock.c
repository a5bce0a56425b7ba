/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: the measured pipeline with short stock refuses as many orders as the stock cannot serve, and differs in nothing
 * else. Method: how many orders are refused is a recursion over the units that an item has left, whoever serves them and
 * when; with ample stock the scenario must be the measured pipeline itself, to the last digit; and all that was refused
 * gives its coupon back, by one record each. Tolerance of a count: four standard errors of the mean of the runs. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "tests/support/reruns.h"

#define SCENARIO "scenarios/measured-limited-stock.json"
#define AMPLE    "scenarios/measured-pipeline.json"

enum { ORDERS = 6799, ITEMS = 1000, UNITS = 10, MOST = 3 };

/* An order is of this item with 1/ITEMS, wants 1 .. MOST units alike, and gets all of them or none. */
static double expected_refusals(void)
{
    double left[UNITS + 1] = { [UNITS] = 1 }, refused = 0;
    for (int n = 0; n < ORDERS; n++)
        for (int units = 0; units <= UNITS; units++) { /* upwards: what moves down is not moved again */
            const double asked = left[units] / ITEMS / MOST;
            for (int wanted = 1; wanted <= MOST; wanted++) {
                if (wanted > units) refused += asked;
                else left[units - wanted] += asked, left[units] -= asked;
            }
        }
    return refused * ITEMS;
}

static void test_refusals(void **state)
{
    struct reruns runs;
    (void)state;
    reruns_open(&runs, SCENARIO, NULL, 0);
    const double refused = expected_refusals(), failed = reruns_mean(&runs, "orders.failed");
    /* refusals vary less than independent ones would: the sum over items is bounded by their demand */
    const double tolerance = 4 * sqrt(refused / runs.outcome->n);
    if (fabs(failed - refused) > tolerance) fail_msg("%g failed, %g +- %g expected", failed, refused, tolerance);
    assert_true(reruns_mean(&runs, "orders.paid") + failed == ORDERS);
    assert_true(reruns_mean(&runs, "orders.oversold") == 0);
    assert_true(reruns_mean(&runs, "groups.coupon.processed") == ORDERS + failed);
    assert_true(reruns_mean(&runs, "groups.post.processed") == ORDERS);
    assert_true(reruns_mean(&runs, "groups.payment.processed") == ORDERS - failed);
    reruns_expect_sound(&runs, false);
    reruns_close(&runs);
}

static void test_ample_stock(void **state)
{
    static const char *const figure[] = { "groups.stock.peak_backlog", "groups.stock.peak_lag",
                                          "groups.stock.drained_at_s", "groups.stock.service_s.mean",
                                          "checkpoints.load_end_30s.paid" };
    const struct study_edit edit = { "/tables/stock/quantity", "100000" };
    struct reruns runs, ample;
    (void)state;
    reruns_open(&runs, SCENARIO, &edit, 1);
    reruns_open(&ample, AMPLE, NULL, 0);
    assert_true(reruns_mean(&runs, "orders.failed") == 0);
    for (size_t i = 0; i < sizeof figure / sizeof *figure; i++)
        if (reruns_mean(&runs, figure[i]) != reruns_mean(&ample, figure[i]))
            fail_msg("%s: %g, not %g", figure[i], reruns_mean(&runs, figure[i]), reruns_mean(&ample, figure[i]));
    reruns_close(&ample);
    reruns_close(&runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_refusals), cmocka_unit_test(test_ample_stock) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
