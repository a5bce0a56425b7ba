/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: what several consumers do to one hot item is what arithmetic says. A lock passes one order in a hold and a
 * hand-off; losers of an optimistic write come back and lose again; a lock given back before the commit guards nothing,
 * unless the write itself does.
 * Method: all times are constant, so that every instant can be added up by hand and is compared to the ns, every count
 * to the unit. What is right of 2,999 hand-offs is right of the loop that makes them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>

#include "models/invariant.h"
#include "tests/support/trial.h"

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof *(array))

/* clang-format off */

/* One item for all; orders are dealt evenly to the consumers, one partition each. What is done with an order is up to
 * each test. */
static const char HOT_ITEM[] = TRIAL_JSON({
    "name": "hot",
    "load": { "scenarios": { "orders": { "executor": "bursts", "size": 3000, "every": "1h", "duration": "1h" } } },
    "orders": { "item": 1 },
    "kafka": { "partitions": 3, "fetch_order": "arrival" },
    "topics": { "orders": { "key": "id_modulo" } },
    "tables": { "stock": { "key": "item", "rows": 1, "quantity": 1000000 }, "orders": { "key": "order_id" } },
    "locks": { "item": { "key": "item", "wait": "1m", "lease": "10m", "push": "0.5ms" } },
    "processes": { "shop": { "connections": 0, "api": { "threads": 10000, "stage": "accept" }, "groups": "all" } },
    "groups": { "stock": { "consumers": 3, "reads": { "orders": "reserve" } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "orders" }, { "reply": 202 } ] },
        "reserve": { "steps": [ { "status": "PAID" } ] }
    }
});

static const char COMMIT_THEN_UNLOCK[] = TRIAL_JSON([
    { "lock": "item", "time": "0.2ms" },
    { "begin": "stock" },
    { "read": "stock", "time": "0.4ms" },
    { "write": "stock", "effect": "reserve", "time": "0.5ms",
      "otherwise": [ { "rollback": "stock" }, { "unlock": "item" }, { "status": "FAILED" } ] },
    { "commit": "stock", "time": "2ms" },
    { "unlock": "item", "time": "0.6ms" },
    { "work": "tell", "time": "1ms" },
    { "status": "PAID" }
]);

/* What a transaction around a method that locks and unlocks inside comes to. */
static const char UNLOCK_THEN_COMMIT[] = TRIAL_JSON([
    { "begin": "stock" },
    { "lock": "item", "time": "0.2ms" },
    { "read": "stock", "time": "0.4ms" },
    { "write": "stock", "effect": "reserve", "time": "0.5ms",
      "otherwise": [ { "unlock": "item" }, { "rollback": "stock" }, { "status": "FAILED" } ] },
    { "unlock": "item", "time": "0.6ms" },
    { "commit": "stock", "time": "2ms" },
    { "work": "tell", "time": "1ms" },
    { "status": "PAID" }
]);

static const char OPTIMISTIC[] = TRIAL_JSON([
    { "begin": "stock" },
    { "read": "stock", "time": "0.4ms" },
    { "write": "stock", "style": "version", "tries": 8, "backoff": "5ms", "effect": "reserve", "time": "0.5ms",
      "otherwise": [ { "rollback": "stock" }, { "status": "FAILED" } ] },
    { "commit": "stock", "time": "2ms" },
    { "status": "PAID" }
]);

/* clang-format on */

#define STEPS "/stages/reserve/steps"

enum { ORDERS = 3000, CONSUMERS = 3 };

/* ---- a lock ---- */

#define HALF_LOCK_NS   (100 * SIM_US) /* the answer of the lock server; the way there is as long */
#define HALF_UNLOCK_NS (300 * SIM_US)
#define PUSH_NS        (500 * SIM_US)
#define HOLD_NS        (HALF_LOCK_NS + 400 * SIM_US + 500 * SIM_US + 2 * SIM_MS + HALF_UNLOCK_NS)

/* Whom the lock passes to: who waits is told by the server and asks; who has just given it back asks when it has told
 * others and taken its next record. Whose question comes first has it. With 1 ms for telling the consumers take turns,
 * without it each goes on until its partition is empty, and only then passes it on. */
static void test_hand_off(void **state)
{
    static const struct {
        const char *tell;
        sim_ns tell_ns, own_ns;
        uint64_t n_passed;
    } table[] = { { "1ms", SIM_MS, HALF_UNLOCK_NS + SIM_MS + HALF_LOCK_NS, ORDERS - 1 },
                  { "0s", 0, HALF_UNLOCK_NS + HALF_LOCK_NS, CONSUMERS - 1 } };
    const sim_ns pass_ns = PUSH_NS + HALF_LOCK_NS;
    (void)state;
    for (uint32_t i = 0; i < COUNT(table); i++) {
        const struct study_edit edits[] = { { STEPS, COMMIT_THEN_UNLOCK }, { STEPS "/6/time", table[i].tell } };
        const sim_ns passed = (sim_ns)table[i].n_passed, kept = ORDERS - 1 - passed;
        const sim_ns end_ns = HALF_LOCK_NS + ORDERS * HOLD_NS + passed * pass_ns + kept * table[i].own_ns +
                              HALF_UNLOCK_NS + table[i].tell_ns;
        struct trial trial;
        trial_open(&trial, HOT_ITEM, edits, COUNT(edits));
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        const struct lock_facts *lock = &facts->lock[0];
        print_message("telling takes %s: %d orders in %.4f s, expected %.4f s: %.2f/s\n", table[i].tell, ORDERS,
                      ns_to_s(facts->end_ns), ns_to_s(end_ns), ORDERS / ns_to_s(facts->end_ns));
        assert_int_equal(facts->end_ns, end_ns);
        assert_int_equal(lock->hold.min_ns, HOLD_NS);
        assert_int_equal(lock->hold.max_ns, HOLD_NS);
        assert_int_equal(lock->acquired, ORDERS);
        assert_int_equal(lock->contended, table[i].n_passed);
        assert_int_equal(lock->overlaps, 0);
        assert_int_equal(lock->timed_out, 0);
        trial_expect_sound(&trial, facts);
        trial_close(&trial);
    }
}

/* A commit of 10 ms: 1 / (hold 11.3 ms + hand-off 0.6 ms) = 84.03/s, whatever three consumers could do with three
 * items. At 80/s nothing piles up; at 100/s what is above it does, to the record. */
static void test_capacity(void **state)
{
    const double capacity_per_s = 1 / ns_to_s(HOLD_NS + 8 * SIM_MS + PUSH_NS + HALF_LOCK_NS);
    static const struct {
        const char *load;
        int64_t rate_per_s;
    } table[] = { { TRIAL_JSON({ "executor" : "constant-arrival-rate", "rate" : 80, "duration" : "100s" }), 80 },
                  { TRIAL_JSON({ "executor" : "constant-arrival-rate", "rate" : 100, "duration" : "100s" }), 100 } };
    (void)state;
    for (uint32_t i = 0; i < COUNT(table); i++) {
        const struct study_edit edits[] = { { "/load/scenarios/orders", table[i].load },
                                            { STEPS, COMMIT_THEN_UNLOCK },
                                            { STEPS "/4/time", "10ms" } };
        double above = 100 * ((double)table[i].rate_per_s - capacity_per_s);
        struct trial trial;
        trial_open(&trial, HOT_ITEM, edits, COUNT(edits));
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        print_message("%lld/s against %.2f/s: peak backlog %lld, at %.1f s\n", (long long)table[i].rate_per_s,
                      capacity_per_s, (long long)facts->group[0].peak_backlog,
                      ns_to_s(facts->group[0].peak_backlog_at_ns));
        if (above < 0) assert_in_range(facts->group[0].peak_backlog, 1, CONSUMERS);
        else assert_true(fabs((double)facts->group[0].peak_backlog - above) < CONSUMERS);
        trial_expect_sound(&trial, facts);
        trial_close(&trial);
    }
}

/* ---- an optimistic write ---- */

static void expect_conflicts(uint64_t writers, uint64_t tries)
{
    const uint64_t winners = writers < tries ? writers : tries;
    char m[8], t[8];
    uint64_t conflicts = 0;
    struct trial trial;
    for (uint64_t round = 0; round < winners; round++) conflicts += writers - 1 - round;
    snprintf(m, sizeof m, "%u", (unsigned)writers);
    snprintf(t, sizeof t, "%u", (unsigned)tries);
    const struct study_edit edits[] = { { STEPS, OPTIMISTIC },
                                        { STEPS "/2/tries", t },
                                        { "/load/scenarios/orders/size", m },
                                        { "/kafka/partitions", m },
                                        { "/groups/stock/consumers", m } };
    trial_open(&trial, HOT_ITEM, edits, COUNT(edits));
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    const struct table_facts *stock = &facts->table[0];
    assert_int_equal(stock->conflicts, conflicts);
    assert_int_equal(stock->retries, conflicts - (writers - winners));
    assert_int_equal(stock->writes, winners);
    assert_int_equal(stock->lost_updates, 0);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], winners);
    assert_int_equal(facts->orders.by_status[ORDER_FAILED], writers - winners);
    trial_expect_sound(&trial, facts);
    trial_close(&trial);
}

/* All read one row at once. One wins; the others wait for its commit, find another version, and come back together
 * after the same pause: m (m - 1) / 2 conflicts until all have won. With fewer tries than writers, each round has its
 * winner and the last one's losers are refused. */
static void test_conflicts(void **state)
{
    (void)state;
    for (uint64_t writers = 2; writers <= 6; writers++) {
        expect_conflicts(writers, 8);
        expect_conflicts(writers, 3);
    }
}

/* ---- the order of unlock and commit ---- */

/* Orders for 3000 units, of which there are 1000. */
static const struct run_facts *sell_out(struct trial *trial, const char *steps, const char *style)
{
    const struct study_edit edits[] = { { "/tables/stock/quantity", "1000" },
                                        { STEPS, steps },
                                        { STEPS "/3/style", style } };
    trial_open(trial, HOT_ITEM, edits, COUNT(edits));
    const struct run_facts *facts = trial_run(trial, 0, NULL);
    print_message("%s, %s: %llu of 1000 sold, %llu updates lost, %.2f s\n",
                  steps == UNLOCK_THEN_COMMIT ? "unlock, then commit" : "commit, then unlock", style,
                  (unsigned long long)facts->orders.by_status[ORDER_PAID],
                  (unsigned long long)facts->table[0].lost_updates, ns_to_s(facts->end_ns));
    return facts;
}

/* Sold to the last unit and no further, all invariants hold. */
static void expect_exact(const char *steps, const char *style)
{
    struct trial trial;
    const struct run_facts *facts = sell_out(&trial, steps, style);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 1000);
    assert_int_equal(facts->orders.oversold, 0);
    assert_int_equal(facts->table[0].lost_updates, 0);
    trial_expect_sound(&trial, facts);
    trial_close(&trial);
}

static void test_guards(void **state)
{
    (void)state;
    expect_exact(COMMIT_THEN_UNLOCK, "absolute");
    expect_exact(COMMIT_THEN_UNLOCK, "conditional");
    expect_exact(UNLOCK_THEN_COMMIT, "conditional");
}

/* An order reads 0.9 ms after the one before it gave the lock back, but that one's commit comes 0.4 ms later still:
 * both start from one value, and the second commit takes nothing more off. Of each two updates one is lost: all but the
 * first thousand of the units sold were not there. */
static void test_unlock_then_commit(void **state)
{
    struct trial trial;
    (void)state;
    const struct run_facts *facts = sell_out(&trial, UNLOCK_THEN_COMMIT, "absolute");
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 2000);
    assert_int_equal(facts->orders.oversold, 1000);
    assert_int_equal(facts->table[0].writes, 2000);
    assert_int_equal(facts->table[0].lost_updates, 1000);
    assert_int_equal(facts->invariant[INVARIANT_S3].violations, 1000);
    assert_int_equal(facts->invariant[INVARIANT_S3].verdict, VERDICT_BROKEN);
    assert_int_equal(facts->invariant[INVARIANT_S5].verdict, VERDICT_BROKEN);
    assert_int_equal(facts->invariant[INVARIANT_S2].verdict, VERDICT_HOLDS); /* never below zero: it looks healthy */
    assert_int_equal(facts->invariant[INVARIANT_O2].verdict, VERDICT_HOLDS); /* and every order ends */
    assert_int_equal(facts->lock[0].overlaps, 0);                            /* the lock did what it is for */
    trial_close(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_hand_off), cmocka_unit_test(test_capacity),
                                        cmocka_unit_test(test_conflicts), cmocka_unit_test(test_guards),
                                        cmocka_unit_test(test_unlock_then_commit) };
    return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
