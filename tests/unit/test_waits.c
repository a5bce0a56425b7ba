/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: what the records of a group are said to wait for is something that its own stages use, and a mean that others
 * have a part in is said to be one.
 * Oracle: small scenarios, with means as told. Tolerance: none. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/results/layout.h"
#include "sim/results/waits.h"
#include "tests/support/own_arena.h"
#include "tests/support/small_study.h"

static const struct step_spec works[] = { { .kind = STEP_WORK }, { .kind = STEP_PUBLISH } };
static const struct step_spec locks_and_works[] = { { .kind = STEP_LOCK }, { .kind = STEP_WORK },
                                                    { .kind = STEP_UNLOCK } };
static const struct step_spec locks_and_writes[] = { { .kind = STEP_LOCK }, { .kind = STEP_BEGIN },
                                                     { .kind = STEP_WRITE }, { .kind = STEP_COMMIT },
                                                     { .kind = STEP_UNLOCK } };
static const struct step_spec works_or_writes[] = { { .kind = STEP_WORK, .refuse = 0.5, .n_otherwise = 5,
                                                      .otherwise = locks_and_writes } };
static const struct step_spec tells[] = { { .kind = STEP_STATUS } };
static const struct store_spec stores[] = { { .name = "spare", .capacity = 2 }, { .name = "db", .capacity = 4 } };

#define STEPS(of) (struct stage_spec){ .name = #of, .n_steps = sizeof(of) / sizeof *(of), .step = (of) }

/* Two groups in one process, whose pool has ten connections. */
struct made {
    struct study study;
    struct process_spec process;
    struct table_spec table;
    struct stage_spec stage[2];
    struct outcome outcome;
    struct infer_mean *mean;
};

static struct made *made_of(struct stage_spec stock, struct stage_spec pay)
{
    struct made *made = arena_new(&arena, struct made);
    made->study = *small_study(&arena);
    made->process = made->study.scenario.process[0];
    made->process.connections = 10;
    made->table = made->study.scenario.table[0];
    made->stage[0] = stock;
    made->stage[1] = pay;
    made->study.scenario.process = &made->process;
    made->study.scenario.table = &made->table;
    made->study.scenario.stage = made->stage;
    made->outcome = small_outcome(&made->study, 1, &arena);
    made->mean = arena_array(&arena, struct infer_mean, layout_count(made->outcome.layout));
    memcpy(made->mean, made->outcome.mean, layout_count(made->outcome.layout) * sizeof *made->mean);
    made->outcome.mean = made->mean;
    return made;
}

static void tell(struct made *made, const char *path, double mean_s)
{
    const uint32_t figure = layout_find(made->outcome.layout, path, NULL);
    assert_int_not_equal(figure, NONE);
    made->mean[figure].mean = mean_s;
}

static void tell_all(struct made *made, double lock_s, double table_s, double pool_s)
{
    tell(made, "locks.item.wait_s.mean", lock_s);
    tell(made, "tables.stock.wait_s.mean", table_s);
    tell(made, "processes.shop.connection_wait_s.mean", pool_s);
}

/* The pool makes others wait, and the group takes no connection; nor does a stage of work wait for anybody. */
static void what_it_does_not_use(void **state)
{
    (void)state;
    struct made *made = made_of(STEPS(locks_and_works), STEPS(locks_and_writes));
    tell_all(made, 0.004, 0.05, 0.02);
    const struct waits waits = waits_mostly_for(&made->outcome, 0, 0.004);
    assert_int_equal(waits.kind, SHARED_LOCK);
    assert_string_equal(waits.name, "item");
    assert_true(waits.of_all);
    assert_true(waits_can(&made->study.scenario, 0));

    made = made_of(STEPS(works), STEPS(locks_and_writes));
    tell_all(made, 0.004, 0.05, 0.02);
    assert_int_equal(waits_mostly_for(&made->outcome, 0, 0.004).kind, SHARED_NOTHING);
    assert_false(waits_can(&made->study.scenario, 0));
}

/* Its own mean explains half of it; else the greater one does, which is everybody's. */
static void its_own_and_those_of_all(void **state)
{
    (void)state;
    struct made *made = made_of(STEPS(locks_and_writes), STEPS(tells));
    tell_all(made, 0.004, 0, 0.02);
    struct waits waits = waits_mostly_for(&made->outcome, 0, 0.007);
    assert_int_equal(waits.kind, SHARED_LOCK);
    assert_false(waits.of_all);
    waits = waits_mostly_for(&made->outcome, 0, 0.009);
    assert_int_equal(waits.kind, SHARED_POOL);
    assert_string_equal(waits.name, "shop");
    assert_true(waits.of_all);
    tell_all(made, 0.004, 0.03, 0.02);
    waits = waits_mostly_for(&made->outcome, 0, 0.009);
    assert_int_equal(waits.kind, SHARED_ROW);
    assert_false(waits.of_all);
}

/* So does a pool that the API takes connections of. */
static void the_api_counts(void **state)
{
    (void)state;
    struct made *made = made_of(STEPS(tells), STEPS(works));
    tell_all(made, 0, 0, 0.02);
    assert_false(waits_mostly_for(&made->outcome, 0, 0.02).of_all);
    made->process.api_threads = 1;
    made->process.api_stage = 0;
    assert_true(waits_mostly_for(&made->outcome, 0, 0.02).of_all);
    made->process.connections = 0;
    assert_false(waits_can(&made->study.scenario, 0));
}

static void steps_after_a_refusal_count(void **state)
{
    (void)state;
    struct made *made = made_of(STEPS(works_or_writes), STEPS(works));
    tell_all(made, 0.004, 0, 0);
    assert_int_equal(waits_mostly_for(&made->outcome, 0, 0.007).kind, SHARED_LOCK);
    assert_true(waits_can(&made->study.scenario, 0));
}

/* Where nothing else explains it, commands queue at the store that it uses: unless a fault may be what it was. */
static void a_store_is_what_is_left(void **state)
{
    static const struct fault_spec fault = { .name = "gc" };
    (void)state;
    struct made *made = made_of(STEPS(locks_and_writes), STEPS(works));
    tell_all(made, 0.001, 0, 0);
    made->study.scenario.store = stores;
    made->study.scenario.n_stores = 2;
    made->table.store = 1;
    const struct waits waits = waits_mostly_for(&made->outcome, 0, 0.007);
    assert_int_equal(waits.kind, SHARED_STORE);
    assert_string_equal(waits.name, "db");
    made->study.scenario.fault = &fault;
    made->study.scenario.n_faults = 1;
    assert_int_equal(waits_mostly_for(&made->outcome, 0, 0.007).kind, SHARED_NOTHING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_does_not_use),
        cmocka_unit_test(its_own_and_those_of_all),
        cmocka_unit_test(the_api_counts),
        cmocka_unit_test(steps_after_a_refusal_count),
        cmocka_unit_test(a_store_is_what_is_left),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
