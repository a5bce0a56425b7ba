/* SPDX-License-Identifier: GPL-3.0-or-later
 * Records that linger: when a batch leaves, which leave with it, and what a crash takes along. Every instant is counted
 * by hand: a request publishes when it comes, a record takes 1 ms, and nothing else takes time unless the test says so.
 * So an order ends 1 ms after its record is in the log, or after the order before it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/support/trial.h"

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof *(array))

enum { ORDERS_MAX = 16 };

struct ends {
    sim_ns at_ns[ORDERS_MAX + 1];
};

static void note_end(void *context, const struct order_fact *order)
{
    struct ends *ends = context;
    assert_true(order->order_id <= ORDERS_MAX);
    ends->at_ns[order->order_id] = order->ended_ns;
}

static const char five_at_100_ms[] =
    TRIAL_JSON({ "executor" : "constant-arrival-rate", "rate" : 100, "duration" : "50ms" });

/* The producer in a JVM of its own. */
static const char front_apart[] = TRIAL_JSON({
    "front" : { "connections" : 0, "api" : { "threads" : 1, "stage" : "accept" } },
    "shop" : { "connections" : 0, "groups" : "all" }
});

static void expect_ends(const struct study_edit *edit, uint32_t n_edits, const sim_ns *end_ms, uint32_t n)
{
    struct trial trial;
    struct ends ends = { 0 };
    const struct observer observer = { .context = &ends, .on_order = note_end };
    trial_open(&trial, QUEUE_SCENARIO, edit, n_edits);
    const struct run_facts *facts = trial_run(&trial, 0, &observer);
    trial_expect_sound(&trial, facts);
    assert_int_equal(facts->orders.created, n);
    for (uint32_t i = 0; i < n; i++)
        if (ends.at_ns[i + 1] != end_ms[i] * SIM_MS)
            fail_msg("order %u ends at %lld ns, not at %lld ms", i + 1, (long long)ends.at_ns[i + 1],
                     (long long)end_ms[i]);
    trial_close(&trial);
}

/* Seven at once, three to a batch: two batches are full and leave, the seventh waits for company. */
static void test_a_full_batch_leaves(void **state)
{
    static const sim_ns end_ms[] = { 1, 2, 3, 4, 5, 6, 51 };
    const struct study_edit edits[] = {
        { "/load/scenarios/orders",
          TRIAL_JSON({ "executor" : "bursts", "size" : 7, "every" : "1s", "duration" : "1s" }) },
        { "/processes/shop/api/threads", "7" },
        { "/kafka/linger", "50ms" },
        { "/kafka/record_bytes", "300" },
        { "/kafka/batch_bytes", "900" },
    };
    (void)state;
    expect_ends(edits, COUNT(edits), end_ms, COUNT(end_ms));
}

/* A third record of 300 bytes does not fit into 899: it sends the two before it on their way as it comes, at 20 ms, the
 * fifth the next two at 40 ms; itself it waits. */
static void test_a_record_that_does_not_fit(void **state)
{
    static const sim_ns end_ms[] = { 21, 22, 41, 42, 71 };
    const struct study_edit edits[] = {
        { "/load/scenarios/orders", five_at_100_ms }, /* 0, 10, .. 40 ms */
        { "/kafka/linger", "30ms" },
        { "/kafka/record_bytes", "300" },
        { "/kafka/batch_bytes", "899" },
    };
    (void)state;
    expect_ends(edits, COUNT(edits), end_ms, COUNT(end_ms));
}

/* Ids 2, 4 and 1, 3, 5 go to two partitions. The first record's linger takes both batches along at 25 ms; the fourth
 * opens the next at 30 ms. */
static void test_batches_leave_together(void **state)
{
    static const sim_ns end_ms[] = { 27, 26, 28, 56, 57 };
    const struct study_edit edits[] = {
        { "/load/scenarios/orders", five_at_100_ms },
        { "/kafka/linger", "25ms" },
        { "/kafka/partitions", "2" },
        { "/kafka/key", "id_modulo" },
    };
    (void)state;
    expect_ends(edits, COUNT(edits), end_ms, COUNT(end_ms));
}

/* Each request keeps its thread for 15 ms after it has published, so that two JVMs serve them in turn: 0, 20, 40 ms
 * one, 10, 30 ms the other. Their batches open at 0 and 10 ms, then at 30 and 40 ms. */
static void test_each_jvm_has_its_own(void **state)
{
    static const sim_ns end_ms[] = { 26, 36, 27, 37, 66 };
    const struct study_edit edits[] = {
        { "/load/scenarios/orders", five_at_100_ms },
        { "/kafka/linger", "25ms" },
        { "/kafka/batch_bytes", "1000000" },
        { "/processes/shop/instances", "2" },
        { "/processes/shop/api/threads", "1" },
        { "/stages/accept/steps", TRIAL_JSON([
              { "insert" : "orders" }, { "publish" : "orders" }, { "work" : "think", "time" : "15ms" },
              { "reply" : 202 }
          ]) },
    };
    (void)state;
    expect_ends(edits, COUNT(edits), end_ms, COUNT(end_ms));
}

/* Two records wait in the front JVM when it dies; the three that come while it is away are refused. */
static void test_a_crash_takes_them_along(void **state)
{
    const struct study_edit edits[] = {
        { "/load/scenarios/orders", five_at_100_ms },
        { "/kafka/linger", "25ms" },
        { "/processes", front_apart },
        { "/faults", TRIAL_JSON({ "kill" : { "crash" : "front", "at" : "15ms", "back_after" : "1s" } }) },
    };
    struct trial trial;
    (void)state;
    trial_open(&trial, QUEUE_SCENARIO, edits, COUNT(edits));
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    assert_int_equal(facts->orders.created, 2);
    assert_int_equal(facts->orders.by_status[ORDER_PENDING], 2);
    assert_int_equal(facts->orders.requests_failed, 3);
    assert_int_equal(facts->orders.records_lost, 2);
    assert_int_equal(facts->group[0].processed, 0);
    for (uint32_t i = 0; i < facts->n_invariants; i++) {
        bool eventual = strcmp(facts->invariant[i].name, "O2") == 0;
        assert_int_equal(facts->invariant[i].violations, eventual ? 2 : 0);
    }
    trial_close(&trial);
}

/* Orders 1 and 2 have left at 15 ms; 3 and 4, of 20 and 30 ms, wait in a batch for each of two partitions at the crash.
 * The chain of the first order that hangs: the crash, and its record that was not sent. */
static void test_the_chain_names_the_crash(void **state)
{
    const struct study_edit edits[] = {
        { "/load/scenarios/orders", five_at_100_ms },
        { "/kafka/linger", "15ms" },
        { "/kafka/partitions", "2" },
        { "/kafka/key", "id_modulo" },
        { "/processes", front_apart },
        { "/faults", TRIAL_JSON({ "kill" : { "crash" : "front", "at" : "34ms", "back_after" : "1s" } }) },
    };
    struct trial trial;
    (void)state;
    trial_open(&trial, QUEUE_SCENARIO, edits, COUNT(edits));
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    assert_int_equal(facts->orders.records_lost, 2);
    assert_int_equal(facts->mishaps[MISHAP_UNSENT], 2);
    assert_int_equal(facts->n_chains, 1);
    const struct chain *chain = &facts->chain[0];
    assert_true(chain->of_order);
    assert_int_equal(chain->n_links, 2);
    assert_int_equal(chain->link[0].kind, LINK_FAULT);
    assert_int_equal(chain->link[0].at_ns, 34 * SIM_MS);
    assert_int_equal(chain->link[1].kind, LINK_MISHAP);
    assert_int_equal(chain->link[1].mishap, MISHAP_UNSENT);
    assert_int_equal(chain->link[1].order_id, 3);
    assert_int_equal(chain->link[1].at_ns, 34 * SIM_MS);
    trial_close(&trial);
}

/* The same stop with notice: the producer is closed, and what waits in it is sent. */
static void test_an_orderly_end_sends_them(void **state)
{
    const struct study_edit edits[] = {
        { "/load/scenarios/orders", five_at_100_ms },
        { "/kafka/linger", "25ms" },
        { "/processes", front_apart },
        { "/faults", TRIAL_JSON({ "deploy" : { "restart" : "front", "at" : "15ms", "back_after" : "1s" } }) },
    };
    struct trial trial;
    (void)state;
    trial_open(&trial, QUEUE_SCENARIO, edits, COUNT(edits));
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    assert_int_equal(facts->orders.created, 2);
    assert_int_equal(facts->orders.records_lost, 0);
    assert_int_equal(facts->orders.by_status[ORDER_PENDING], 0);
    assert_int_equal(facts->group[0].processed, 2);
    trial_expect_invariants(facts);
    trial_close(&trial);
}

/* The broker is away from 15 to 115 ms. Orders 1 and 2, of 0 and 10 ms, are in the log before; 3 and 4, of 20 and 30
 * ms, are answered, and wait in their producer as their JVM stops at 34 ms; the fifth, of 40 ms, is refused. */
#define OUT "\"out\": {\"outage\": \"kafka\", \"at\": \"15ms\", \"for\": \"100ms\"}"

static const struct run_facts *stopped_in_an_outage(struct trial *trial, const char *faults, struct ends *ends)
{
    const struct study_edit edits[] = {
        { "/load/scenarios/orders", five_at_100_ms },
        { "/processes", front_apart },
        { "/faults", faults },
    };
    const struct observer observer = { .context = ends, .on_order = note_end };
    trial_open(trial, QUEUE_SCENARIO, edits, COUNT(edits));
    const struct run_facts *facts = trial_run(trial, 0, &observer);
    assert_int_equal(facts->orders.created, 4);
    assert_int_equal(facts->orders.requests_failed, 1);
    return facts;
}

/* A crash takes along what the broker has not taken, be the JVM back before the broker or not. */
static void test_a_crash_in_an_outage(void **state)
{
    static const char *const faults[] = {
        "{" OUT ", \"kill\": {\"crash\": \"front\", \"at\": \"34ms\", \"back_after\": \"1s\"}}",
        "{" OUT ", \"kill\": {\"crash\": \"front\", \"at\": \"34ms\", \"back_after\": \"30ms\"}}",
        "{" OUT ", \"kill\": {\"restart\": \"front\", \"at\": \"31ms\", \"back_after\": \"30ms\", \"kill_after\": "
        "\"3ms\"}}",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(faults); i++) {
        struct trial trial;
        struct ends ends = { 0 };
        const struct run_facts *facts = stopped_in_an_outage(&trial, faults[i], &ends);
        assert_int_equal(facts->orders.by_status[ORDER_PENDING], 2);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], 2);
        assert_int_equal(facts->orders.records_lost, 2);
        assert_int_equal(facts->mishaps[MISHAP_UNSENT], 2);
        assert_int_equal(facts->n_chains, 1);
        assert_int_equal(facts->chain[0].link[1].mishap, MISHAP_UNSENT);
        assert_int_equal(facts->chain[0].link[1].order_id, 3);
        assert_int_equal(facts->chain[0].link[1].at_ns, 34 * SIM_MS);
        trial_close(&trial);
    }
}

/* Records are on their way for 20 ms. Those of orders 3 and 4 come to a broker that is away from 35 ms on, and nobody
 * is left to send them again: their JVM has died at 32 ms. */
static void test_a_crash_before_an_outage(void **state)
{
    struct trial trial;
    const struct study_edit edits[] = {
        { "/load/scenarios/orders", five_at_100_ms },
        { "/processes", front_apart },
        { "/kafka/append", "\"20ms\"" },
        { "/faults", "{\"out\": {\"outage\": \"kafka\", \"at\": \"35ms\", \"for\": \"100ms\"}, "
                     "\"kill\": {\"crash\": \"front\", \"at\": \"32ms\", \"back_after\": \"1s\"}}" },
    };
    (void)state;
    trial_open(&trial, QUEUE_SCENARIO, edits, COUNT(edits));
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    assert_int_equal(facts->orders.created, 4);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 2);
    assert_int_equal(facts->orders.records_lost, 2);
    assert_int_equal(facts->mishaps[MISHAP_UNSENT], 2);
    trial_close(&trial);
}

/* With notice it stops when they are sent. */
static void test_an_orderly_end_in_an_outage(void **state)
{
    struct trial trial;
    struct ends ends = { 0 };
    (void)state;
    const struct run_facts *facts = stopped_in_an_outage(
        &trial, "{" OUT ", \"deploy\": {\"restart\": \"front\", \"at\": \"34ms\", \"back_after\": \"1s\"}}", &ends);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 4);
    assert_int_equal(facts->orders.records_lost, 0);
    assert_int_equal(ends.at_ns[3], 116 * SIM_MS);
    assert_int_equal(ends.at_ns[4], 117 * SIM_MS);
    trial_expect_invariants(facts);
    trial_close(&trial);
}

/* Orders 3, 4 and 5, of 20, 30 and 40 ms, wait from then on for a broker that is away from 15 ms to 50 s; then, before
 * it has taken anything, until so long after. Their 120 s are one, whatever they wait for: until 120.03 s the third one
 * is lost; until 121 s all are, and they are no matter how often it was to be back before. */
static void test_the_time_of_a_record_begins_once(void **state)
{
    static const struct { const char *faults; uint64_t lost; } cases[] = {
        { "{\"a\": {\"outage\": \"kafka\", \"at\": \"15ms\", \"for\": \"49.985s\"}, "
          "\"b\": {\"outage\": \"kafka\", \"at\": \"50s\", \"for\": \"70.03s\"}}", 1 },
        { "{\"a\": {\"outage\": \"kafka\", \"at\": \"15ms\", \"for\": \"49.985s\"}, "
          "\"b\": {\"outage\": \"kafka\", \"at\": \"40s\", \"for\": \"81s\"}}", 3 },
        { "{\"a\": {\"outage\": \"kafka\", \"at\": \"15ms\", \"for\": \"49.985s\"}, "
          "\"b\": {\"outage\": \"kafka\", \"at\": \"50s\", \"for\": \"50s\"}, "
          "\"c\": {\"outage\": \"kafka\", \"at\": \"100s\", \"for\": \"21s\"}}", 3 },
        { "{\"a\": {\"outage\": \"kafka\", \"at\": \"15ms\", \"for\": \"49.985s\"}, "
          "\"b\": {\"outage\": \"kafka\", \"at\": \"51s\", \"for\": \"100s\"}}", 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct study_edit edits[] = {
            { "/load/scenarios/orders", five_at_100_ms },
            { "/processes", front_apart },
            { "/faults", cases[i].faults },
        };
        struct trial trial;
        trial_open(&trial, QUEUE_SCENARIO, edits, COUNT(edits));
        const struct run_facts *facts = trial_run(&trial, 0, &(struct observer){ 0 });
        assert_int_equal(facts->orders.records_lost, cases[i].lost);
        assert_int_equal(facts->mishaps[MISHAP_NOT_SENT], cases[i].lost);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], 5 - cases[i].lost);
        trial_close(&trial);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_full_batch_leaves),      cmocka_unit_test(test_a_record_that_does_not_fit),
        cmocka_unit_test(test_batches_leave_together),   cmocka_unit_test(test_each_jvm_has_its_own),
        cmocka_unit_test(test_a_crash_takes_them_along), cmocka_unit_test(test_the_chain_names_the_crash),
        cmocka_unit_test(test_an_orderly_end_sends_them), cmocka_unit_test(test_a_crash_in_an_outage),
        cmocka_unit_test(test_a_crash_before_an_outage),
        cmocka_unit_test(test_an_orderly_end_in_an_outage), cmocka_unit_test(test_the_time_of_a_record_begins_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
