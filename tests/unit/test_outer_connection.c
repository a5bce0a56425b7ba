/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: a transaction around a stage holds a connection while the stage's own waits for a second one (REQUIRES_NEW inside of
 * @Transactional): as many threads as connections stand still until a time-out breaks the circle; one connection more,
 * and nobody waits for long; a pool of one can never do it. Method: two consumers get a record each at one instant, all
 * times are constant, so every figure is known to the ns (semantics 2). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/trial.h"

static const char scenario[] = TRIAL_JSON({
    "run": { "at_most": "1h" },
    "load": { "scenarios": { "orders": { "executor": "bursts", "size": 2, "every": "1h", "duration": "1h" } } },
    "kafka": { "partitions": 2, "fetch_order": "arrival", "linger": "0s", "append": "0s", "fetch": "0s", "commit": "0s" },
    "topics": { "created": { "key": "id_modulo" } },
    "tables": { "orders": { "key": "order_id" }, "stock": { "key": "item", "rows": 100, "quantity": 100 } },
    "orders": { "item": { "uniform": [1, 100] } },
    "processes": {
        "shop": { "api": { "threads": 10, "stage": "accept" } },
        "worker": { "connections": 2, "connection_timeout": "30s", "groups": ["stock"] }
    },
    "groups": { "stock": { "consumers": 2, "reads": { "created": "reserve" } } },
    "stages": {
        "accept": { "time": "1ms", "steps": [ { "insert": "orders", "share": 1 }, { "publish": "created" }, { "reply": 202 } ] },
        "reserve": {
            "steps": [
                { "connection": "outer" }, { "work": "lock helper", "time": "10ms" }, { "begin": "stock" },
                { "write": "stock", "style": "conditional", "effect": "reserve", "time": "2ms" },
                { "status": "PAID", "time": "1ms" }, { "commit": "stock", "time": "3ms" }
            ]
        }
    }
});

/* The scenario with a pool of so many, and what its worker process saw. work: of the helper before the transaction. */
static const struct process_facts *run(struct trial *trial, const char *connections, const char *work,
                                       const struct run_facts **facts)
{
    const struct study_edit edit[] = { { "/processes/worker/connections", connections },
                                       { "/stages/reserve/steps/1/time", work } };
    trial_open(trial, scenario, edit, 2);
    *facts = trial_run(trial, 0, NULL);
    return &(*facts)->process[1];
}

/* Both hold one and wait from one instant on. The time-out of the first frees what the second waits for, at the very
 * instant at which that would have given up as well. */
static void test_in_step(void **state)
{
    (void)state;
    struct trial trial;
    const struct run_facts *facts;
    const struct process_facts *worker = run(&trial, "2", "10ms", &facts);
    assert_int_equal(worker->connections_timed_out, 1);
    assert_int_equal(facts->group[0].skipped, 0);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 2);
    /* the second ends 6 ms after the time-out; the first comes again after a poll, and waits for no one for long */
    assert_true(facts->end_ns > 30 * SIM_S && facts->end_ns < 31 * SIM_S);
    trial_close(&trial);
}

/* The one that came first gives up after 30 s, the other goes on, and then the first. */
static void test_not_quite_in_step(void **state)
{
    (void)state;
    struct trial trial;
    const struct run_facts *facts;
    const struct process_facts *worker = run(&trial, "2", "{\"uniform\": [\"10ms\", \"12ms\"]}", &facts);
    assert_int_equal(worker->connections_timed_out, 1);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 2);
    assert_true(facts->end_ns > 30 * SIM_S && facts->end_ns < 31 * SIM_S);
    trial_expect_sound(&trial, facts);
    trial_close(&trial);
}

static void test_one_more(void **state)
{
    (void)state;
    struct trial trial;
    const struct run_facts *facts;
    const struct process_facts *worker = run(&trial, "3", "10ms", &facts);
    assert_int_equal(worker->connections_timed_out, 0);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 2);
    assert_int_equal(facts->end_ns, (1 + 10 + 6 + 6) * SIM_MS); /* the second transaction waits for the first */
    trial_expect_sound(&trial, facts);
    trial_close(&trial);
}

static void test_two_each(void **state)
{
    (void)state;
    struct trial trial;
    const struct run_facts *facts;
    run(&trial, "4", "10ms", &facts);
    assert_int_equal(facts->end_ns, 17 * SIM_MS); /* nobody waits */
    trial_close(&trial);
}

/* Who holds the only connection waits for itself, and the other one for it: each attempt of either ends after 30 s,
 * with one exception wherever it waits, and the tenth is the last. */
static void test_pool_of_one(void **state)
{
    (void)state;
    struct trial trial;
    const struct run_facts *facts;
    const struct process_facts *worker = run(&trial, "1", "10ms", &facts);
    assert_int_equal(worker->connections_timed_out, 20);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 0);
    assert_int_equal(facts->group[0].skipped, 2);
    trial_close(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_step), cmocka_unit_test(test_not_quite_in_step), cmocka_unit_test(test_one_more),
        cmocka_unit_test(test_two_each), cmocka_unit_test(test_pool_of_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
