/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: what is noted of a broken invariant is its first occurrence and the number of all; a run that is cut leaves
 * what is eventual open, unless it is broken. Method: a few violations of two invariants, a look at all the others. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "models/invariant.h"

#define X(id, eventual, meaning) eventual,
static const bool is_eventual[INVARIANT_COUNT] = { INVARIANTS(X) };
#undef X

static void test_fresh(void **state)
{
    struct invariants invariants;
    (void)state;
    memset(&invariants, 0x5a, sizeof invariants);
    invariants_init(&invariants);
    for (int i = 0; i < INVARIANT_COUNT; i++) {
        const struct invariant_facts *fact = &invariants.fact[i];
        assert_int_equal(fact->verdict, VERDICT_HOLDS);
        assert_int_equal(fact->violations, 0);
        assert_true(fact->first_at_ns == SIM_NEVER);
        assert_int_equal(fact->first_order_id, 0);
        assert_string_equal(fact->first_what, "");
        assert_true(strlen(fact->name) == 2 && strlen(fact->meaning) > 10);
        for (int k = 0; k < i; k++) assert_string_not_equal(fact->name, invariants.fact[k].name);
    }
    assert_string_equal(invariants.fact[INVARIANT_S1].name, "S1");
    assert_string_equal(invariants.fact[INVARIANT_X4].name, "X4");
}

static void test_first_and_all(void **state)
{
    struct invariants invariants;
    (void)state;
    invariants_init(&invariants);
    invariant_broken(&invariants, INVARIANT_S2, 5 * SIM_S, 40, "told first");
    invariant_broken(&invariants, INVARIANT_S2, 3 * SIM_S, 43, "as early, of a later order");
    invariant_broken(&invariants, INVARIANT_S2, 3 * SIM_S, 41, "row %d holds %s", 7, "too much");
    invariant_broken(&invariants, INVARIANT_S2, 3 * SIM_S, 42, "as early, told later");
    invariant_broken(&invariants, INVARIANT_S2, 3 * SIM_S, 0, "as early, of no order");
    invariant_broken(&invariants, INVARIANT_S2, 4 * SIM_S, 43, "later");
    invariant_broken(&invariants, INVARIANT_O2, 9 * SIM_S, 0, "%0200d", 1);
    const struct invariant_facts *fact = &invariants.fact[INVARIANT_S2];
    assert_int_equal(fact->verdict, VERDICT_BROKEN);
    assert_int_equal(fact->violations, 6);
    assert_int_equal(fact->first_at_ns, 3 * SIM_S);
    assert_int_equal(fact->first_order_id, 41);
    assert_string_equal(fact->first_what, "row 7 holds too much");
    /* Cut, not overrun. */
    assert_int_equal(strlen(invariants.fact[INVARIANT_O2].first_what), sizeof fact->first_what - 1);
    for (int i = 0; i < INVARIANT_COUNT; i++)
        assert_int_equal(invariants.fact[i].verdict == VERDICT_BROKEN, i == INVARIANT_S2 || i == INVARIANT_O2);
}

static void test_cut(void **state)
{
    struct invariants invariants;
    (void)state;
    invariants_init(&invariants);
    invariant_broken(&invariants, INVARIANT_O4, 1, 1, "eventual, and broken all the same");
    invariant_broken(&invariants, INVARIANT_S1, 1, 1, "at a commit");
    invariants_cut(&invariants);
    for (int i = 0; i < INVARIANT_COUNT; i++) {
        bool broken = i == INVARIANT_O4 || i == INVARIANT_S1;
        enum verdict expected = broken ? VERDICT_BROKEN : is_eventual[i] ? VERDICT_OPEN : VERDICT_HOLDS;
        assert_int_equal(invariants.fact[i].verdict, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fresh), cmocka_unit_test(test_first_and_all), cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
