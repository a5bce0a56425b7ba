/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: the sale of one item in the wrong and in the right order of lock and transaction comes out as in an independent
 * small program of the same steps: orders a second, the share that is sold without being there, how often the thread
 * that has just unlocked gets the lock again, and the longest wait.
 * Method: three consumers in three processes, an endless backlog, log-normal times with sigma 0.2: one way to Redis
 * 0.1 ms, read 0.4 ms (its value is what stands there as it ends), think 0.1 ms, flush and commit 3 ms or 1 ms with the
 * row locked throughout, message and thread wake 0.2 ms. The program's figures stand in the table below; rates must
 * come out within 3 %, shares within 2 points. Its longest waits are single draws of a maximum: what must come out is
 * the order of magnitude, and which of the two is the longer. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "tests/support/trial.h"

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof *(array))

enum { ORDERS = 20000 };

/* clang-format off */

/* exp(N(0, 0.2)) has the mean 1.0202 and the coefficient of variation 0.2020; a message is the sum of two such, so its
 * is 0.143. Of a round trip both ways are of one draw here: each way varies as it should, and only one counts. */
static const char SALE[] = TRIAL_JSON({
    "name": "sale",
    "load": { "scenarios": { "orders": { "executor": "bursts", "size": 20000, "every": "1h", "duration": "1h" } } },
    "orders": { "item": 1 },
    "kafka": { "partitions": 3, "fetch_order": "arrival" },
    "topics": { "orders": { "key": "id_modulo" } },
    "tables": { "stock": { "key": "item", "rows": 1, "quantity": 1000000 }, "orders": { "key": "order_id" } },
    "locks": { "item": { "key": "item", "wait": "10m", "lease": "10m",
                         "push": { "mean": "204040ns", "cv": 0.143 } } },
    "processes": { "shop": { "instances": 3, "connections": 0, "api": { "threads": 20000, "stage": "accept" },
                             "groups": "all" } },
    "groups": { "stock": { "consumers": 3, "reads": { "orders": "reserve" } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "orders" }, { "reply": 202 } ] },
        "reserve": { "steps": [ { "status": "PAID" } ] }
    }
});

#define LOCK   { "lock": "item", "time": { "mean": "204040ns", "cv": 0.202 } }
#define READ   { "read": "stock", "time": { "mean": "408081ns", "cv": 0.202 }, "at": 1 }
#define UNLOCK { "unlock": "item", "time": { "mean": "204040ns", "cv": 0.202 } }
#define WRITE  { "write": "stock", "style": "absolute", "effect": "reserve", \
                 "time": { "mean": "102020ns", "cv": 0.202 } }
#define FLUSH  { "flush": "stock", "time": { "mean": "1ms", "cv": 0.202 }, "at": 0 }
#define COMMIT { "commit": "stock", "time": { "mean": "2ms", "cv": 0.202 }, "at": 1 }
#define OTHER  { "lock": "user", "time": { "mean": "204040ns", "cv": 0.202 } }
#define NEXT   { "work": "next", "time": { "mean": "1ms", "cv": 0.202 } }

#define STEPS_OF(...) #__VA_ARGS__
#define STEPS(...) STEPS_OF(__VA_ARGS__)
static const char WRONG[] = STEPS([ { "begin": "stock" }, LOCK, READ, WRITE, UNLOCK, FLUSH, COMMIT, NEXT,
                                    { "status": "PAID" } ]);
static const char RIGHT[] = STEPS([ LOCK, { "begin": "stock" }, READ, WRITE, FLUSH, COMMIT, UNLOCK, NEXT,
                                    { "status": "PAID" } ]);
/* clang-format on */

struct sale { const char *steps, *flush, *commit, *gap; double rate_per_s, oversold, kept; sim_ns longest_ns; };

static void expect(const struct sale *sale)
{
    const bool wrong = sale->steps == WRONG;
    const struct study_edit edits[] = { { "/stages/reserve/steps", sale->steps },
                                        { wrong ? "/stages/reserve/steps/5/time/mean" :
                                                  "/stages/reserve/steps/4/time/mean", sale->flush },
                                        { wrong ? "/stages/reserve/steps/6/time/mean" :
                                                  "/stages/reserve/steps/5/time/mean", sale->commit },
                                        { "/stages/reserve/steps/7/time/mean", sale->gap } };
    struct trial trial;
    trial_open(&trial, SALE, edits, COUNT(edits));
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    const double rate_per_s = ORDERS / ns_to_s(facts->end_ns);
    const double oversold = (double)facts->table[0].lost_updates / ORDERS;
    const double kept = (double)facts->lock[0].kept / (double)facts->lock[0].hand_offs;
    print_message("%s order, %s + %s, gap %s: %.0f/s (%.0f), oversold %.1f %% (%.0f), kept %.1f %%, longest wait %.0f "
                  "ms\n", wrong ? "wrong" : "right", sale->flush, sale->commit, sale->gap, rate_per_s,
                  sale->rate_per_s, 100 * oversold, 100 * sale->oversold, 100 * kept,
                  1e3 * ns_to_s(facts->lock[0].wait.max_ns));
    assert_true(fabs(rate_per_s / sale->rate_per_s - 1) < 0.03);
    assert_true(fabs(oversold - sale->oversold) < 0.02);
    assert_int_equal(facts->lock[0].overlaps, 0); /* the lock does what it is for */
    if (wrong) assert_int_equal(facts->by_cause[ACCIDENT_LOST_UPDATE][LOSS_ORDER], facts->table[0].lost_updates);
    else trial_expect_sound(&trial, facts);
    if (sale->longest_ns > 0) {
        assert_true(fabs(kept - sale->kept) < 0.02);
        assert_in_range(facts->lock[0].wait.max_ns, sale->longest_ns / 2, sale->longest_ns * 2);
    }
    trial_close(&trial);
}

static void test_orders(void **state)
{
    static const struct sale table[] = {
        { WRONG, "1020200ns", "2040400ns", "306060ns", 326, 0.67, 0, 0 },
        { WRONG, "340060ns", "680140ns", "306060ns", 970, 0.62, 0, 0 },
        { RIGHT, "1020200ns", "2040400ns", "306060ns", 246, 0, 0, 53 * SIM_MS },
        { RIGHT, "340060ns", "680140ns", "306060ns", 495, 0, 0, 0 },
    };
    (void)state;
    for (uint32_t i = 0; i < COUNT(table); i++) expect(&table[i]);
}

/* The thread that has just unlocked asks again before the others are awake, and starves them. */
static void test_starvation(void **state)
{
    static const struct sale keeps = { RIGHT, "1020200ns", "2040400ns", "51010ns", 246, 0, 0.78, 270 * SIM_MS };
    (void)state;
    expect(&keeps);
}

/* A lock of something else, inside: each lost update is put down to the order of the item's own lock all the same. */
static void test_a_second_lock_hides_no_cause(void **state)
{
    static const char steps[] = STEPS([ { "begin": "stock" }, LOCK, OTHER, READ, WRITE, UNLOCK, FLUSH, COMMIT,
                                        { "unlock": "user" }, { "status": "PAID" } ]);
    static const char user[] = TRIAL_JSON({ "key": "user", "wait": "10m", "lease": "10m" });
    const struct study_edit edits[] = { { "/stages/reserve/steps", steps },
                                        { "/locks/user", user },
                                        { "/orders/user", "{\"uniform\": [1, 1000000]}" } };
    struct trial trial;
    (void)state;
    trial_open(&trial, SALE, edits, COUNT(edits));
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    assert_true(facts->table[0].lost_updates > 1000);
    assert_int_equal(facts->by_cause[ACCIDENT_LOST_UPDATE][LOSS_ORDER], facts->table[0].lost_updates);
    trial_close(&trial);
}

/* Two locks of the item, both given back before the commit: the first one of the scenario is named. */
static void test_of_two_locks_the_first_is_named(void **state)
{
    static const char steps[] = STEPS([ { "begin": "stock" }, LOCK, { "lock": "shelf" }, READ, WRITE,
                                        { "unlock": "shelf" }, UNLOCK, FLUSH, COMMIT, { "status": "PAID" } ]);
    const struct study_edit edits[] = { { "/stages/reserve/steps", steps },
                                        { "/locks/shelf", TRIAL_JSON({ "key": "item", "wait": "10m",
                                                                       "lease": "10m" }) },
                                        { "/load/scenarios/orders/size", "500" } };
    struct trial trial;
    (void)state;
    trial_open(&trial, SALE, edits, COUNT(edits));
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    assert_true(facts->n_accidents > 50);
    for (uint32_t i = 0; i < facts->n_accidents; i++) {
        assert_int_equal(facts->accident[i].cause, LOSS_ORDER);
        assert_int_equal(facts->accident[i].lock, 0);
    }
    trial_close(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_orders), cmocka_unit_test(test_starvation),
                                        cmocka_unit_test(test_a_second_lock_hides_no_cause),
                                        cmocka_unit_test(test_of_two_locks_the_first_is_named) };
    return cmocka_run_group_tests_name("lock order", tests, NULL, NULL);
}
