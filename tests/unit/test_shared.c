/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: what the consumers of a group share bounds them by what a record takes of it, and what cannot bind does not.
 * Oracle: by hand; sums over all ranks for Zipf. Tolerance: 1e-9 relative, 1e-6 for a sum cut at its head. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/results/layout.h"
#include "sim/results/shared.h"
#include "tests/support/own_arena.h"
#include "tests/support/small_study.h"

#define MS(ms) .share = 0, .has_time = true, .effect_at = 0.5, \
    .time = { .family = DIST_CONSTANT, .mean_s = (ms) * 1e-3 }

static const struct store_spec stores[] = { { .name = "db", .capacity = 4 } };

/* The small study, whose stock group plays these steps: its one lock and its one table go by the item, of which there
 * are four. */
struct made {
    struct scenario *scenario;
    struct process_spec process;
    struct lock_spec lock;
    struct table_spec table;
    struct stage_spec stage[2];
    struct study study;
};

static struct made *made_of(const struct step_spec *step, uint32_t n)
{
    struct made *made = arena_new(&arena, struct made);
    made->study = *small_study(&arena);
    made->scenario = &made->study.scenario;
    made->process = made->scenario->process[0];
    made->lock = made->scenario->lock[0];
    made->table = made->scenario->table[0];
    made->stage[0] = (struct stage_spec){ .name = "reserve", .n_steps = n, .step = step };
    made->stage[1] = made->scenario->stage[1];
    made->process.connection_timeout_ns = 30 * SIM_S;
    made->lock.wait_ns = 60 * SIM_S;
    made->table.lock_timeout_ns = 50 * SIM_S;
    made->scenario->process = &made->process;
    made->scenario->lock = &made->lock;
    made->scenario->table = &made->table;
    made->scenario->stage = made->stage;
    made->scenario->orders.item = (struct pick_spec){ .kind = PICK_UNIFORM, .low = 1, .high = 4, .given = 1 };
    return made;
}

/* 200 orders come to the group, a record of which takes as long as its steps do. */
static struct shared bound_of(const struct made *made, uint32_t consumers)
{
    const struct outcome outcome = small_outcome(&made->study, 2, &arena);
    const double came = 200;
    return shared_bound(&outcome, 0, &came, INFINITY, consumers);
}

static const struct step_spec in_transaction[] = {
    { .kind = STEP_WORK, MS(4) },
    { .kind = STEP_BEGIN, MS(1) },
    { .kind = STEP_WRITE, .style = STYLE_CONDITIONAL, .effect = EFFECT_RESERVE, MS(6) },
    { .kind = STEP_COMMIT, MS(2) },
    { .kind = STEP_STATUS, MS(1) },
};

/* Held from begin to the end of commit, 9 ms, and once more for 1 ms. */
static void a_pool(void **state)
{
    (void)state;
    struct made *made = made_of(in_transaction, 5);
    made->table.key = ROW_ORDER_ID;
    made->process.connections = 2;
    made->process.instances = 3;
    const struct shared by = bound_of(made, 7);
    assert_int_equal(by.kind, SHARED_POOL);
    assert_string_equal(by.name, "shop");
    assert_int_equal(by.places, 6);
    assert_close(by.most_per_s, 600, 1e-6);
    assert_int_equal(bound_of(made, 6).kind, SHARED_NOTHING); /* a connection for each */
}

/* Kept to the end, with a second one of the transaction outside: 2 + 3 + 5 ms, and 3 + 5 ms once more. */
static void a_pool_for_the_whole_stage(void **state)
{
    static const struct step_spec steps[] = {
        { .kind = STEP_CONNECTION, .outer = true, MS(2) },
        { .kind = STEP_CONNECTION, MS(3) },
        { .kind = STEP_WORK, MS(5) },
    };
    (void)state;
    struct made *made = made_of(steps, 3);
    made->process.connections = 9;
    assert_close(bound_of(made, 5).most_per_s, 9 / 0.018, 1e-6);
    assert_int_equal(bound_of(made, 4).kind, SHARED_NOTHING);
}

/* Four commands at a time, of a record that has 6 + 2 ms of them. */
static void a_store(void **state)
{
    (void)state;
    struct made *made = made_of(in_transaction, 5);
    made->table.key = ROW_ORDER_ID;
    made->scenario->store = stores;
    made->scenario->n_stores = 1;
    made->table.store = 0;
    const struct shared by = bound_of(made, 5);
    assert_int_equal(by.kind, SHARED_STORE);
    assert_close(by.most_per_s, 500, 1e-6);
    assert_int_equal(bound_of(made, 4).kind, SHARED_NOTHING);
}

/* From half of the write to half of the commit: 3 + 1 ms, of a quarter of the orders. */
static void a_row(void **state)
{
    (void)state;
    struct made *made = made_of(in_transaction, 5);
    const struct shared by = bound_of(made, 2);
    assert_int_equal(by.kind, SHARED_ROW);
    assert_close(by.key_share, 0.25, 1e-12);
    assert_close(by.most_per_s, 1 / 0.004 / 0.25, 1e-6);
    made->table.key = ROW_ORDER_ID; /* a row for each */
    assert_int_equal(bound_of(made, 2).kind, SHARED_NOTHING);
}

/* From half of lock to half of unlock: 1 + 20 + 1 ms. Who waits for less than all others have it goes on without. */
static void a_lock(void **state)
{
    static const struct step_spec steps[] = {
        { .kind = STEP_LOCK, .wait_ns = -1, .lease_ns = -1, MS(2) },
        { .kind = STEP_WORK, MS(20) },
        { .kind = STEP_UNLOCK, MS(2) },
        { .kind = STEP_WORK, MS(5) },
    };
    (void)state;
    struct made *made = made_of(steps, 4);
    const struct shared by = bound_of(made, 3);
    assert_int_equal(by.kind, SHARED_LOCK);
    assert_string_equal(by.name, "item");
    assert_close(by.most_per_s, 1 / 0.022 / 0.25, 1e-6);
    made->lock.wait_ns = 66 * SIM_MS;
    assert_int_equal(bound_of(made, 3).kind, SHARED_LOCK);
    assert_int_equal(bound_of(made, 4).kind, SHARED_NOTHING);
}

/* One whose lease has ended is free before its time: how soon, nobody knows. */
static void a_lock_that_is_lost(void **state)
{
    static const struct step_spec steps[] = {
        { .kind = STEP_LOCK, .wait_ns = -1, .lease_ns = -1, MS(2) },
        { .kind = STEP_WORK, MS(20) },
        { .kind = STEP_UNLOCK, MS(2) },
    };
    (void)state;
    struct made *made = made_of(steps, 3);
    struct outcome outcome = small_outcome(&made->study, 2, &arena);
    const uint32_t expired = layout_find(outcome.layout, "locks.item.expired_while_held", NULL);
    struct infer_mean *mean = arena_array(&arena, struct infer_mean, outcome.layout->n_figures);
    const double came = 200;
    memcpy(mean, outcome.mean, outcome.layout->n_figures * sizeof *mean);
    outcome.mean = mean;
    mean[expired].mean = 0;
    assert_int_equal(shared_bound(&outcome, 0, &came, INFINITY, 3).kind, SHARED_LOCK);
    mean[expired].mean = 0.5;
    assert_int_equal(shared_bound(&outcome, 0, &came, INFINITY, 3).kind, SHARED_NOTHING);
}

/* Records that are refused on their way have less of it; and a group that does not get every order may not get those of
 * the most popular key. */
static void what_is_not_known_well(void **state)
{
    (void)state;
    struct made *made = made_of(in_transaction, 5);
    const struct outcome outcome = small_outcome(&made->study, 2, &arena);
    const double all = 200, half = 100;
    assert_close(shared_bound(&outcome, 0, &all, 0.0135, 2).most_per_s, 1 / 0.0035 / 0.25, 1e-6);
    assert_int_equal(shared_bound(&outcome, 0, &half, 0.014, 2).kind, SHARED_NOTHING);
}

static double zipf_by_sum(uint64_t low, uint64_t high, double exponent)
{
    double sum = 0;
    for (uint64_t rank = low; rank <= high; rank++) sum += pow((double)rank, -exponent);
    return pow((double)low, -exponent) / sum;
}

static void the_most_popular_key(void **state)
{
    static const uint64_t hot[] = { 7, 1000 };
    struct pick_spec pick = { .kind = PICK_UNIFORM, .low = 11, .high = 20, .given = 0.5 };
    (void)state;
    assert_close(shared_key_share(&pick), 0.05, 1e-12);
    pick.kind = PICK_CONSTANT;
    assert_close(shared_key_share(&pick), 0.5, 1e-12);
    pick.kind = PICK_NOTHING;
    assert_close(shared_key_share(&pick), 0, 0);
    pick = (struct pick_spec){ .kind = PICK_ZIPF, .low = 1, .high = 3, .exponent = 1, .given = 1 };
    assert_close(shared_key_share(&pick), 6.0 / 11, 1e-12);
    for (double s = 0; s <= 2; s += 0.5) {
        pick.high = 100000;
        pick.exponent = s;
        assert_close(shared_key_share(&pick) / zipf_by_sum(1, 100000, s), 1, 1e-6);
    }
    pick = (struct pick_spec){ .kind = PICK_HOT, .low = 1, .high = 100, .given = 1, .share = 0.4, .n_hot = 2,
                               .hot = hot };
    assert_close(shared_key_share(&pick), 0.2 + 0.006, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pool),
        cmocka_unit_test(a_pool_for_the_whole_stage),
        cmocka_unit_test(a_store),
        cmocka_unit_test(a_row),
        cmocka_unit_test(a_lock),
        cmocka_unit_test(a_lock_that_is_lost),
        cmocka_unit_test(what_is_not_known_well),
        cmocka_unit_test(the_most_popular_key),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
