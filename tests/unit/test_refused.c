/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: "no" takes as long as "yes": a step that is refused takes all of its time before its `otherwise` steps begin,
 * or the listener throws, wherever in it the server looked. Method: one order for more than there is, one step that
 * takes time. And a write that is to be tried again gives its rows back when it has heard that it is: three
 * threads that want one row. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "models/invariant.h"
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

static void test_the_listener_throws_at_the_end_of_the_step(void **state)
{
    static const char *const write[] = {
        "{ \"write\": \"stock\", \"effect\": \"reserve\", \"time\": \"20ms\", \"at\": 0.25 }",
        "{ \"write\": \"stock\", \"effect\": \"reserve\", \"time\": \"20ms\", \"style\": \"version\" }"
    };
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        const struct study_edit edits[] = { { "/stages/serve/steps/2", write[i] },
                                            { "/groups/servers/deliveries", "1" } };
        struct trial trial;
        trial_open(&trial, SHOP, edits, 2);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->group[0].skipped, 1);
        assert_int_equal((int64_t)facts->group[0].busy_ns, 20 * SIM_MS);
        trial_close(&trial);
    }
}

/* Three threads read version 0, 1 ms apart, and write. The first has the row from 0 to its commit at 40 ms and ends at
 * 60. The second gets it at 40, finds version 1, hears of it at 60, and only then gives the row to the third, which
 * hears at 80. The second waits for it, writes at 80, commits at 120 and ends at 140; the third waits once more, hears
 * at 140, writes, and ends at 200. Were the row given back before the answer, the second would end at 120. */
static void test_a_write_is_tried_again_when_it_has_heard(void **state)
{
    const struct study_edit edits[] = {
        { "/orders/at_most", "3" }, { "/orders/quantity", "1" }, { "/tables/stock/quantity", "10" },
        { "/kafka", "{ \"partitions\": 3, \"append\": \"0s\", \"fetch\": \"0s\", \"commit\": \"0s\" }" },
        { "/groups/servers/consumers", "3" }, { "/load/scenarios/orders/rate", "1000" },
        { "/topics/created", "{ \"key\": \"id_modulo\" }" }, { "/processes/shop/api/threads", "3" },
        { "/stages/serve/steps/2", "{ \"write\": \"stock\", \"effect\": \"reserve\", \"time\": \"20ms\","
                                   " \"at\": 0, \"style\": \"version\", \"tries\": 3, \"backoff\": \"0s\" }" }
    };
    struct trial trial;
    (void)state;
    trial_open(&trial, SHOP, edits, sizeof edits / sizeof *edits);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    trial_expect_invariants(facts);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 3);
    assert_int_equal(facts->table[1].retries, 3);
    assert_int_equal((int64_t)facts->group[0].service.min_ns, 60 * SIM_MS);
    assert_int_equal((int64_t)facts->group[0].service.max_ns, (200 - 2) * SIM_MS);
    assert_int_equal((int64_t)facts->group[0].service.sum_ns, (60 + 140 - 1 + 200 - 2) * SIM_MS);
    trial_close(&trial);
}

/* The wait of a tryLock runs from the call, also while its first command queues at a Redis that serves one at a time.
 * Another command is there until 5 s. The first order's tryLock of 1 ms comes at 0.001 s and has the lock at 5.001 s;
 * the second one's comes at 1.001 s, is refused at 5.002 s, and has no time left. */
static void test_a_wait_counts_from_the_call(void **state)
{
    static const struct study_edit edits[] = {
        { "/orders/at_most", "2" },
        { "/kafka", "{ \"partitions\": 4, \"append\": \"0s\", \"fetch\": \"0s\", \"commit\": \"0s\" }" },
        { "/stores", "{ \"redis\": { \"capacity\": 1 } }" },
        { "/locks", "{ \"item\": { \"key\": \"item\", \"wait\": \"1s\", \"lease\": \"60s\", \"store\": \"redis\" },"
                    "  \"own\": { \"key\": \"order_id\", \"wait\": \"1s\", \"lease\": \"60s\", \"store\": \"redis\" } }" },
        { "/groups", "{ \"busy\": { \"consumers\": 1, \"reads\": { \"created\": \"keep\" } },"
                     "  \"servers\": { \"consumers\": 4, \"reads\": { \"created\": \"serve\" } } }" },
        { "/stages/keep", "{ \"steps\": [ { \"lock\": \"own\", \"time\": \"5s\" }, { \"unlock\": \"own\" } ] }" },
        { "/stages/serve/steps",
          "[ { \"work\": \"first\", \"time\": \"1ms\" },"
          "  { \"lock\": \"item\", \"time\": \"1ms\", \"otherwise\": [ { \"status\": \"FAILED\" } ] },"
          "  { \"work\": \"it\", \"time\": \"30s\" }, { \"unlock\": \"item\" }, { \"status\": \"PAID\" } ]" },
    };
    struct trial trial;
    (void)state;
    trial_open(&trial, SHOP, edits, sizeof edits / sizeof *edits);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    trial_expect_invariants(facts);
    assert_int_equal(facts->orders.by_status[ORDER_FAILED], 1);
    assert_int_equal((int64_t)facts->group[1].service.min_ns, (5002 - 1000) * SIM_MS);
    trial_close(&trial);
}

struct of_two { uint64_t paid, writes, lost, told; /* lost, with a cause */ };

/* Two orders for one item, 1 ms apart, each with a thread of its own. */
static struct of_two run_two(const char *steps)
{
    const struct study_edit edits[] = {
        { "/orders/at_most", "2" }, { "/orders/quantity", "1" }, { "/tables/stock/quantity", "10" },
        { "/kafka", "{ \"partitions\": 2, \"append\": \"0s\", \"fetch\": \"0s\", \"commit\": \"0s\" }" },
        { "/groups/servers/consumers", "2" }, { "/load/scenarios/orders/rate", "1000" },
        { "/topics/created", "{ \"key\": \"id_modulo\" }" }, { "/processes/shop/api/threads", "2" },
        { "/stores", "{ \"redis\": {} }" }, { "/stages/serve/steps", steps },
        { "/locks", "{ \"item\": { \"key\": \"item\", \"wait\": \"1s\", \"lease\": \"9s\","
                    "              \"store\": \"redis\" } }" },
    };
    struct trial trial;
    trial_open(&trial, SHOP, edits, sizeof edits / sizeof *edits);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    struct of_two two = { .paid = facts->orders.by_status[ORDER_PAID], .writes = facts->table[1].writes,
                          .lost = facts->table[1].lost_updates };
    for (int i = 0; i < LOSS_CAUSES; i++) two.told += facts->by_cause[ACCIDENT_LOST_UPDATE][i];
    assert_int_equal(facts->invariant[INVARIANT_S3].violations, two.lost);
    trial_close(&trial);
    return two;
}

static uint64_t lost_of_two(const char *steps)
{
    const struct of_two two = run_two(steps);
    assert_int_equal(two.paid, 2);
    assert_int_equal(two.writes, 2);
    assert_int_equal(two.told, two.lost);
    return two.lost;
}

#define DICE(...) "{ \"work\": \"dice\", \"refuse\": 1, \"otherwise\": [ " __VA_ARGS__ " ] }"
#define REST      ", { \"commit\": \"stock\" }, { \"status\": \"PAID\" } ]"
#define BEGIN     "[ { \"begin\": \"stock\" }, "
#define READ      "{ \"read\": \"stock\" }, { \"work\": \"price\", \"time\": \"5ms\" }, "
#define SET       "{ \"write\": \"stock\", \"effect\": \"reserve\", \"style\": \"absolute\" },"
#define WRITE     SET "{ \"commit\": \"stock\", \"time\": \"0.5ms\", \"at\": 1 }, { \"status\": \"PAID\" }"

/* They read at 0 and 1 ms and write at 5 and 6; the first commits at 5.5, behind the second one's read. */
static void test_what_was_read_is_written_by_another_path(void **state)
{
    (void)state;
    assert_int_equal(lost_of_two(BEGIN READ WRITE "]"), 1);
    assert_int_equal(lost_of_two(BEGIN READ DICE(WRITE) REST), 1);
    assert_int_equal(lost_of_two(BEGIN READ DICE(DICE(WRITE) "," WRITE) REST), 1);
}

/* Where the first path reads again in a new transaction there is nothing left of what it saw. */
static void test_a_rollback_forgets_what_was_read(void **state)
{
    static const char again[] =
        BEGIN READ DICE("{ \"rollback\": \"stock\" }, { \"begin\": \"stock\" }," WRITE) REST;
    (void)state;
    assert_int_equal(lost_of_two(again), 0);
}

/* Both send what they write, at 5 and 6 ms, the second over a value that it has not read; then they ask for a lock that
 * the first one keeps for 30 ms. Who waits for it commits, and the first one's update is lost; who does not rolls back,
 * and it is not. */
static void test_what_is_rolled_back_is_not_lost(void **state)
{
    static const char STEPS[] = BEGIN READ SET "{ \"flush\": \"stock\" }, { \"lock\": \"item\", \"wait\": \"%s\","
        "  \"otherwise\": [ { \"rollback\": \"stock\" }, { \"status\": \"FAILED\" } ] }, { \"commit\": \"stock\" },"
        "  { \"work\": \"more\", \"time\": \"30ms\" }, { \"unlock\": \"item\" }, { \"status\": \"PAID\" } ]";
    static const struct { const char *wait; struct of_two of; } table[] = { { "1s", { 2, 2, 1, 1 } },
                                                                            { "0s", { 1, 1, 0, 0 } } };
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        char steps[sizeof STEPS + 8];
        snprintf(steps, sizeof steps, STEPS, table[i].wait);
        const struct of_two two = run_two(steps);
        assert_memory_equal(&two, &table[i].of, sizeof two);
    }
}

#define LOOK   "{ \"read\": \"orders\" }, "
#define LOCKED "{ \"lock\": \"item\" }, { \"read\": \"stock\" }, " WRITE ", { \"unlock\": \"item\" }"
#define SLOW   "{ \"work\": \"think\", \"time\": \"2ms\" }, "

/* Their transactions see what was there at 0 and 1 ms, whichever path has read first, and whichever reads under the
 * lock; the first commits at 2.5, the second has the lock at 3. */
static void test_a_view_goes_on_on_another_path(void **state)
{
    (void)state;
    assert_int_equal(lost_of_two(BEGIN LOOK SLOW LOCKED "]"), 1);
    assert_int_equal(lost_of_two(BEGIN DICE(LOOK SLOW LOCKED) REST), 1);
    assert_int_equal(lost_of_two(BEGIN LOOK DICE(SLOW LOCKED) REST), 1);
    assert_int_equal(lost_of_two(BEGIN DICE(SLOW LOCKED) REST), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_no_takes_as_long_as_yes),
                                        cmocka_unit_test(test_a_wait_counts_from_the_call),
                                        cmocka_unit_test(test_the_listener_throws_at_the_end_of_the_step),
                                        cmocka_unit_test(test_a_write_is_tried_again_when_it_has_heard),
                                        cmocka_unit_test(test_what_was_read_is_written_by_another_path),
                                        cmocka_unit_test(test_a_rollback_forgets_what_was_read),
                                        cmocka_unit_test(test_what_is_rolled_back_is_not_lost),
                                        cmocka_unit_test(test_a_view_goes_on_on_another_path) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
