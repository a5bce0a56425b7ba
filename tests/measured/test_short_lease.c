/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: in the measured pipeline with pauses that outlast the lease, as many leases end early as there are pauses, and
 * what they cost depends on the write alone. Method: pauses are drawn one record in a hundred, a binomial count; each
 * overlap of two holders loses an update when the write is absolute, and none when it has its condition. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "tests/support/reruns.h"

#define SCENARIO "scenarios/measured-short-lease.json"

static void test_leases_end_in_pauses(void **state)
{
    const double pauses = 6799 * 0.01;
    struct reruns runs;
    (void)state;
    reruns_open(&runs, SCENARIO, NULL, 0);
    const double expired = reruns_mean(&runs, "locks.item.expired_while_held");
    const double tolerance = 4 * sqrt(pauses * 0.99 / runs.outcome->n);
    if (fabs(expired - pauses) > tolerance) fail_msg("%g leases ended, %g +- %g expected", expired, pauses, tolerance);
    assert_true(reruns_mean(&runs, "locks.item.overlaps") > 1);
    assert_true(reruns_mean(&runs, "locks.item.not_owner") == 0);
    assert_true(reruns_mean(&runs, "tables.stock.lost_updates") == 0);
    assert_true(reruns_mean(&runs, "groups.stock.duplicates") == 0);
    reruns_expect_sound(&runs, false);
    reruns_close(&runs);
}

static void test_an_absolute_write_loses(void **state)
{
    const struct study_edit edit = { "/stages/stock/steps/4/style", "\"absolute\"" };
    struct reruns runs;
    (void)state;
    reruns_open(&runs, SCENARIO, &edit, 1);
    const double *lost = reruns_values(&runs, "tables.stock.lost_updates");
    const double *overlaps = reruns_values(&runs, "locks.item.overlaps");
    for (uint32_t i = 0; i < runs.outcome->n; i++) assert_true(lost[i] > 0 && lost[i] <= overlaps[i]);
    reruns_close(&runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_leases_end_in_pauses),
                                        cmocka_unit_test(test_an_absolute_write_loses) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
