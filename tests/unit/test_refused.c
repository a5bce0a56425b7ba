/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: "no" takes as long as "yes": a step that is refused takes all of its time before its `otherwise` steps begin,
 * wherever in it the server looked. Method: one order for more than there is, one step that takes time. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/trial.h"

/* clang-format off */
static const char SHOP[] = TRIAL_JSON({
    "name": "refused",
    "load": { "scenarios": { "orders": { "executor": "constant-arrival-rate", "rate": 1, "duration": "2s" } } },
    "orders": { "at_most": 1, "item": 1, "quantity": 2 },
    "kafka": { "partitions": 1 },
    "topics": { "created": {} },
    "tables": { "orders": { "key": "order_id" }, "stock": { "key": "item", "rows": 1, "quantity": 1 } },
    "processes": { "shop": { "connections": 0, "api": { "threads": 1, "stage": "accept" }, "groups": "all" } },
    "groups": { "servers": { "consumers": 1, "reads": { "created": "serve" } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "created" }, { "reply": 202 } ] },
        "serve": { "steps": [
            { "begin": "stock" },
            { "read": "stock" },
            { "write": "stock", "effect": "reserve", "time": "20ms",
              "otherwise": [ { "rollback": "stock", "time": "5ms" }, { "status": "FAILED" } ] },
            { "commit": "stock", "time": "40ms" },
            { "status": "PAID" } ] }
    }
});
/* clang-format on */

static void test_no_takes_as_long_as_yes(void **state)
{
    static const char *const at[] = { "0", "0.25", "0.5", "1" }, *const style[] = { "\"conditional\"", "\"version\"" };
    (void)state;
    for (uint32_t i = 0; i < 4; i++)
        for (uint32_t s = 0; s < 2; s++) {
            const struct study_edit edits[] = { { "/stages/serve/steps/2/at", at[i] },
                                                { "/stages/serve/steps/2/style", style[s] } };
            struct trial trial;
            trial_open(&trial, SHOP, edits, 2);
            const struct run_facts *facts = trial_run(&trial, 0, NULL);
            trial_expect_invariants(facts);
            assert_int_equal(facts->orders.by_status[ORDER_FAILED], 1);
            assert_int_equal((int64_t)facts->group[0].service.sum_ns, 25 * SIM_MS);
            trial_close(&trial);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_no_takes_as_long_as_yes) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
