/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: a violation is put down to what led to it, and to nothing else. Method: small shops whose every time is
 * constant, so that each link of a chain and its instant can be counted by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "models/invariant.h"
#include "tests/support/trial.h"

/* Two orders of one item, 5 ms apart, in two partitions, each to an instance of its own
 * (order 1 to instance 1, order 2 to instance 0). A record takes 60 ms: 10 ms to
 * the lock, 10 ms to read, 10 ms to write, 20 ms to commit, 10 ms to unlock, each taking effect half-way. */
/* clang-format off */
static const char SHOP[] = TRIAL_JSON({
    "name": "chain",
    "load": { "scenarios": { "orders": { "executor": "constant-arrival-rate", "rate": 200, "duration": "9ms", "startTime": "100ms" } } },
    "orders": { "item": 1, "quantity": 1 },
    "kafka": { "partitions": 2 },
    "topics": { "orders": { "key": "id_modulo" } },
    "tables": { "orders": { "key": "order_id" }, "stock": { "key": "item", "rows": 1, "quantity": 100 } },
    "locks": { "item": { "key": "item", "wait": "10s", "lease": "10s" } },
    "processes": {
        "front": { "connections": 0, "api": { "threads": 4, "stage": "accept" } },
        "back": { "instances": 2, "connections": 0, "groups": "all" }
    },
    "groups": { "servers": { "consumers": 2, "reads": { "orders": "serve" } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "orders" }, { "reply": 202 } ] },
        "serve": { "steps": [
            { "lock": "item", "time": "10ms" },
            { "begin": "stock" },
            { "read": "stock", "time": "10ms" },
            { "write": "stock", "effect": "reserve", "style": "absolute", "time": "10ms" },
            { "commit": "stock", "time": "20ms" },
            { "unlock": "item", "time": "10ms" },
            { "status": "PAID" } ] }
    }
});
/* clang-format on */

static const struct chain *chain_of(const struct run_facts *facts, enum invariant_id invariant)
{
    for (uint32_t i = 0; i < facts->n_chains; i++)
        if (facts->chain[i].invariant == (uint32_t)invariant) return &facts->chain[i];
    return NULL;
}

struct expected { enum link_kind kind; double at_ms; uint64_t order_id; };

static void expect_links(const struct chain *chain, const struct expected *expected, uint32_t n)
{
    assert_non_null(chain);
    for (uint32_t i = 0; i < chain->n_links && i < n; i++)
        if (chain->link[i].kind != expected[i].kind || chain->link[i].order_id != expected[i].order_id ||
            chain->link[i].at_ns != (sim_ns)(expected[i].at_ms * (double)SIM_MS))
            fail_msg("link %u: kind %d of order %d at %.6f ms", i, (int)chain->link[i].kind, (int)chain->link[i].order_id,
                     ns_to_s(chain->link[i].at_ns) * 1e3);
    assert_int_equal(chain->n_links, n);
}

#define EXPECT_LINKS(chain, ...)                                                                                       \
    expect_links(chain, (const struct expected[]){ __VA_ARGS__ },                                                      \
                 sizeof((const struct expected[]){ __VA_ARGS__ }) / sizeof(struct expected))

/* One waits for the other: nothing breaks, and nothing has a cause. */
static void test_nothing_broken(void **state)
{
    struct trial trial;
    (void)state;
    trial_open(&trial, SHOP, NULL, 0);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 2);
    assert_int_equal(facts->n_chains, 0);
    trial_close(&trial);
}

/* Order 1 gets the lock at 105 ms and reads at 115 ms; its process stands still from 118 ms to 1.118 s, and its lease of
 * 200 ms ends at 305 ms. Order 2 has the lock then, reads, and commits. What order 1 sends when it wakes is a stale value.
 * Pauses of another instance, and before the lock was got, have no part in it. */
static void test_a_lease_and_a_pause(void **state)
{
    static const struct study_edit edits[] = {
        { "/locks/item/lease", "200ms" },
        { "/processes/front/instances", "2" },
        { "/faults", "{\"other\": {\"pause\": \"back\", \"instance\": 0, \"for\": \"1ms\", \"at\": \"150ms\"}, "
                     "\"front\": {\"pause\": \"front\", \"instance\": 1, \"for\": \"1ms\", \"at\": \"130ms\"}, "
                     "\"early\": {\"pause\": \"back\", \"instance\": 1, \"for\": \"1ms\", \"at\": \"20ms\"}, "
                     "\"gc\": {\"pause\": \"back\", \"instance\": 1, \"for\": \"1s\", \"at\": \"118ms\"}}" },
    };
    struct trial trial;
    (void)state;
    trial_open(&trial, SHOP, edits, 3);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    const struct chain *chain = chain_of(facts, INVARIANT_S3);
    assert_non_null(chain);
    assert_int_equal(chain->cause, LOSS_PAUSE_LEASE);
    assert_true(chain->of_order);
    assert_int_equal(chain->n_links, 6);
    EXPECT_LINKS(chain, { LINK_LOCKED, 105, 1 }, { LINK_READ, 115, 1 }, { LINK_FAULT, 118, 0 }, { LINK_LOST, 305, 1 },
                 { LINK_COMMITTED, ns_to_s(chain->link[4].at_ns) * 1e3, 2 },
                 { LINK_OVERWROTE, ns_to_s(chain->link[5].at_ns) * 1e3, 1 });
    assert_string_equal(trial.study.scenario.fault[chain->link[2].fault].name, "gc");
    assert_int_equal(chain->link[0].by.instance, 1);
    assert_int_equal(chain->link[4].by.instance, 0);
    assert_in_range(chain->link[4].at_ns, 305 * SIM_MS, 500 * SIM_MS);
    assert_in_range(chain->link[5].at_ns, 1118 * SIM_MS, 1200 * SIM_MS);
    EXPECT_LINKS(chain_of(facts, INVARIANT_S5), { LINK_LOCKED, 105, 1 }, { LINK_READ, 115, 1 }, { LINK_FAULT, 118, 0 },
                 { LINK_LOST, 305, 1 }, { LINK_COMMITTED, ns_to_s(chain->link[4].at_ns) * 1e3, 2 },
                 { LINK_OVERWROTE, ns_to_s(chain->link[5].at_ns) * 1e3, 1 });
    assert_false(chain_of(facts, INVARIANT_S5)->of_order); /* S5 names no order */
    trial_close(&trial);
}

/* Without a lock: L9, and no link of a lock. Both read at 105 and 110 ms; order 1 writes at commit, 125 ms (half of 20 ms
 * after 115), and holds the row to the end of it. */
static void test_no_lock(void **state)
{
    static const struct study_edit edits[] = {
        { "/stages/serve/steps", "[ {\"begin\": \"stock\"}, {\"read\": \"stock\", \"time\": \"10ms\"}, "
                                 "{\"write\": \"stock\", \"effect\": \"reserve\", \"style\": \"absolute\", \"time\": "
                                 "\"10ms\"}, {\"commit\": \"stock\", \"time\": \"20ms\"}, {\"status\": \"PAID\"} ]" },
    };
    struct trial trial;
    (void)state;
    trial_open(&trial, SHOP, edits, 1);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    const struct chain *chain = chain_of(facts, INVARIANT_S3);
    assert_non_null(chain);
    assert_int_equal(chain->cause, LOSS_NO_LOCK);
    EXPECT_LINKS(chain, { LINK_READ, 110, 2 }, { LINK_COMMITTED, ns_to_s(chain->link[1].at_ns) * 1e3, 1 },
                 { LINK_OVERWROTE, ns_to_s(chain->link[2].at_ns) * 1e3, 2 });
    trial_close(&trial);
}

/* A record that is sent twice and has no mark: the fault, and the effect that came again. */
static void test_a_duplicate(void **state)
{
    static const struct study_edit edits[] = {
        { "/faults", "{\"twice\": {\"duplicate\": \"orders\", \"share\": 1, \"for\": \"10ms\", \"at\": \"96ms\"}, "
                     "\"later\": {\"duplicate\": \"orders\", \"share\": 1, \"for\": \"10ms\", \"at\": \"280ms\"}}" },
    };
    struct trial trial;
    (void)state;
    trial_open(&trial, SHOP, edits, 1);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    const struct chain *chain = chain_of(facts, INVARIANT_S4);
    assert_non_null(chain);
    assert_int_equal(chain->cause, LOSS_NONE);
    assert_int_equal(chain->n_links, 2);
    EXPECT_LINKS(chain, { LINK_FAULT, 96, 0 }, { LINK_MISHAP, ns_to_s(chain->link[1].at_ns) * 1e3, 1 });
    assert_int_equal(chain->link[1].mishap, MISHAP_REPEATED_EFFECT);
    assert_int_equal(facts->fault[1].happened, 1);
    assert_true(chain->link[1].at_ns < facts->fault[1].first_at_ns);
    assert_string_equal(trial.study.scenario.fault[chain->link[0].fault].name, "twice");
    trial_close(&trial);
}

/* Ten deliveries fail while the database is away, the record is skipped, and its order never ends. */
static void test_a_record_that_is_given_up(void **state)
{
    static const struct study_edit edits[] = {
        { "/stores", "{\"database\": {}}" },
        { "/tables/stock/store", "database" },
        { "/faults", "{\"away\": {\"outage\": \"database\", \"at\": \"104ms\", \"for\": \"20s\"}}" },
    };
    struct trial trial;
    (void)state;
    trial_open(&trial, SHOP, edits, 3);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    const struct chain *chain = chain_of(facts, INVARIANT_O2);
    assert_non_null(chain);
    assert_true(chain->of_order);
    assert_int_equal(chain->n_links, 2);
    EXPECT_LINKS(chain, { LINK_FAULT, 104, 0 }, { LINK_MISHAP, ns_to_s(chain->link[1].at_ns) * 1e3, 1 });
    assert_int_equal(chain->link[1].mishap, MISHAP_GIVEN_UP);
    assert_int_equal(chain->link[1].step_kind, STEP_READ); /* what threw */
    assert_int_equal(chain->link[1].target, 1);            /* at the second table */
    trial_close(&trial);
}

/* A new group waits 3 s for members, and 3 s more since the second one came; both orders were there by then, and it begins
 * with what comes after them. */
static void test_a_record_before_its_group(void **state)
{
    static const struct study_edit edits[] = { { "/groups/servers/cold", "true" },
                                               { "/kafka/rebalance_delay", "3s" } };
    struct trial trial;
    (void)state;
    trial_open(&trial, SHOP, edits, 2);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    const struct chain *chain = chain_of(facts, INVARIANT_O2);
    assert_int_equal(facts->orders.by_status[ORDER_PENDING], 2);
    EXPECT_LINKS(chain, { LINK_MISHAP, 6000, 1 });
    assert_int_equal(chain->link[0].mishap, MISHAP_MISSED);
    assert_true(chain->of_order);
    trial_close(&trial);
}

/* Both instances die before the orders come, and nobody starts them again. */
static void test_a_record_that_nobody_reads(void **state)
{
    static const struct study_edit edits[] = {
        { "/faults", "{\"one\": {\"crash\": \"back\", \"instance\": 0, \"at\": \"50ms\"}, "
                     "\"other\": {\"crash\": \"back\", \"instance\": 1, \"at\": \"60ms\"}}" },
    };
    struct trial trial;
    (void)state;
    trial_open(&trial, SHOP, edits, 1);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    const struct chain *chain = chain_of(facts, INVARIANT_O2);
    EXPECT_LINKS(chain, { LINK_FAULT, 60, 0 }, { LINK_MISHAP, ns_to_s(facts->end_ns) * 1e3, 1 });
    assert_int_equal(chain->link[1].mishap, MISHAP_UNREAD);
    assert_int_equal(facts->mishaps[MISHAP_UNREAD], 2); /* a partition each */
    trial_close(&trial);
}

/* So many overlaps that none more is kept do not crowd out the lost update of the one that slept. */
static void test_overlaps_do_not_crowd_out(void **state)
{
    static const struct study_edit edits[] = {
        { "/load/scenarios/orders", "{\"executor\": \"constant-arrival-rate\", \"rate\": 10, \"duration\": \"60s\"}" },
        { "/tables/stock/quantity", "1000" },
        { "/locks/item/lease", "200ms" },
        { "/kafka/partitions", "2" },
        { "/faults", "{\"gc\": {\"pause\": \"back\", \"instance\": 1, \"for\": \"50s\", \"at\": \"218ms\"}}" },
    };
    struct trial trial;
    (void)state;
    trial_open(&trial, SHOP, edits, 5);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    assert_true(facts->by_cause[ACCIDENT_OVERLAP][LOSS_PAUSE_LEASE] > ACCIDENTS_KEPT_OF_KIND);
    assert_non_null(chain_of(facts, INVARIANT_S3));
    assert_int_equal(chain_of(facts, INVARIANT_S3)->cause, LOSS_PAUSE_LEASE);
    trial_close(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_broken),
        cmocka_unit_test(test_a_lease_and_a_pause),
        cmocka_unit_test(test_no_lock),
        cmocka_unit_test(test_a_duplicate),
        cmocka_unit_test(test_a_record_that_is_given_up),
        cmocka_unit_test(test_a_record_before_its_group),
        cmocka_unit_test(test_a_record_that_nobody_reads),
        cmocka_unit_test(test_overlaps_do_not_crowd_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
