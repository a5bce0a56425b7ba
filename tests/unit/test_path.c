/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where the time of an order goes, order by order, in pipelines whose times are constants. Arrivals 10 ms apart, the
 * first at 0; nothing else takes time unless it says so. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/trial.h"

/* clang-format off */
static const char LINE[] = TRIAL_JSON({
    "load": { "scenarios": {
        "orders": { "executor": "constant-arrival-rate", "rate": 100, "duration": "1s", "preAllocatedVUs": 1000 } } },
    "kafka": { "partitions": 2, "key": "id_modulo" },
    "topics": { "orders": {} },
    "tables": { "orders": { "key": "order_id" }, "stock": { "key": "item", "rows": 1, "quantity": 1000 } },
    "orders": { "item": { "value": 1 } },
    "locks": { "item": { "key": "item", "wait": "5m", "lease": "10m" } },
    "processes": {
        "front": { "connections": 0, "api": { "threads": 1000, "stage": "accept" } },
        "back": { "connections": 0, "groups": "all" }
    },
    "groups": { "servers": { "consumers": 1, "reads": { "orders": "serve" } } },
    "stages": {
        "accept": { "time": "5ms", "steps": [
            { "insert": "orders", "share": 1 }, { "publish": "orders" }, { "reply": 202 } ] },
        "serve": { "steps": [ { "work": "serve", "time": "20ms" }, { "status": "PAID" } ] }
    }
});
/* clang-format on */

#define N(edits) (sizeof(edits) / sizeof(edits)[0])

static const struct run_facts *run(struct trial *trial, const struct study_edit *edit, uint32_t n)
{
    trial_open(trial, LINE, edit, n);
    const struct run_facts *facts = trial_run(trial, 0, NULL);
    trial_expect_sound(trial, facts);
    return facts;
}

static sim_ns part(const struct run_facts *facts, uint32_t i, uint32_t which)
{
    return facts->path.part[(size_t)i * facts->path.n_parts + which];
}

static sim_ns sum(const struct run_facts *facts, uint32_t which)
{
    sim_ns sum_ns = 0;
    for (uint32_t i = 0; i < facts->path.n; i++) sum_ns += part(facts, i, which);
    return sum_ns;
}

/* The k-th order waits k x (20 - 10) ms in the log: all are followed. */
static void test_a_queue(void **state)
{
    static const struct study_edit edits[] = { { "/kafka/partitions", "1" } };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run(&trial, edits, N(edits));
    assert_true(facts->path.n == facts->orders.by_status[ORDER_PAID] && facts->path.n >= 99);
    assert_true(facts->path.n_parts == PATH_PARTS + 1);
    sim_ns least_ns = part(facts, 0, PATH_PARTS), most_ns = least_ns;
    for (uint32_t i = 0; i < facts->path.n; i++) {
        const sim_ns wait_ns = part(facts, i, PATH_PARTS);
        assert_true(part(facts, i, PATH_SERVICE) == 25 * SIM_MS);
        assert_true(facts->path.completion_ns[i] == 25 * SIM_MS + wait_ns);
        if (wait_ns > most_ns) most_ns = wait_ns;
        if (wait_ns < least_ns) least_ns = wait_ns;
    }
    assert_true(least_ns == 0 && most_ns == (sim_ns)(facts->path.n - 1) * 10 * SIM_MS);
    trial_close(&trial);
}

/* Of two legs the later one made it: 30 ms of stock, and neither the 2 ms of coupon nor its log. */
static void test_the_path_is_that_of_the_slower_leg(void **state)
{
    static const struct study_edit edits[] = {
        { "/load/scenarios/orders/rate", "10" },
        { "/locks", "{}" },
        { "/tables", "{\"orders\": {\"key\": \"order_id\"}}" },
        { "/topics", "{\"orders\": {}, \"a\": {}, \"b\": {}, \"pay\": {}, \"ok\": {}}" },
        { "/groups", "{\"slow\": {\"consumers\": 1, \"reads\": {\"orders\": \"slow\"}},"
                     " \"fast\": {\"consumers\": 1, \"reads\": {\"orders\": \"fast\"}},"
                     " \"pay\": {\"consumers\": 1, \"reads\": {\"pay\": \"pay\"}},"
                     " \"flow\": {\"consumers\": 1,"
                     " \"reads\": {\"a\": \"decide\", \"b\": \"decide\", \"ok\": \"decide\"}}}" },
        { "/flow", "{\"guard\": \"compare-and-set\", \"then\": {\"publish\": \"pay\", \"ok\": \"ok\"},"
                   " \"legs\": {\"slow\": {\"ok\": \"a\"}, \"fast\": {\"ok\": \"b\"}}}" },
        { "/stages",
          "{\"accept\": {\"time\": \"5ms\","
          " \"steps\": [{\"insert\": \"orders\", \"share\": 1}, {\"publish\": \"orders\"}, {\"reply\": 202}]},"
          " \"slow\": {\"steps\": [{\"work\": \"slow\", \"time\": \"30ms\"}, {\"publish\": \"a\"}]},"
          " \"fast\": {\"steps\": [{\"work\": \"fast\", \"time\": \"2ms\"}, {\"publish\": \"b\"}]},"
          " \"decide\": {\"steps\": [{\"join\": \"order\", \"time\": \"0s\"}]},"
          " \"pay\": {\"steps\": [{\"work\": \"pay\", \"time\": \"7ms\"}, {\"publish\": \"ok\"}]}}" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run(&trial, edits, N(edits));
    assert_true(facts->path.n >= 9);
    for (uint32_t i = 0; i < facts->path.n; i++) {
        assert_true(part(facts, i, PATH_SERVICE) == (5 + 30 + 7) * SIM_MS);
        assert_true(facts->path.completion_ns[i] == (5 + 30 + 7) * SIM_MS);
    }
    trial_close(&trial);
}

/* The row is written first and committed at 41 ms, half-way through the commit; the relay looks every 2 ms and takes 1 ms
 * for it: 2 ms for the relay, which are no wait in the log, and whoever reads it begins at 43 ms. A row that was rolled
 * back before was none; one that is written outside of any transaction is there at once. */
static void test_an_outbox_row_waits_from_its_commit(void **state)
{
    static const char *const accept[] = {
        "{\"steps\": [{\"begin\": \"orders\"}, {\"publish\": \"orders\", \"via\": \"outbox\"},"
        " {\"work\": \"think\", \"time\": \"40ms\"}, {\"insert\": \"orders\"},"
        " {\"commit\": \"orders\", \"time\": \"2ms\"}, {\"reply\": 202}]}",
        "{\"steps\": [{\"begin\": \"orders\"}, {\"publish\": \"orders\", \"via\": \"outbox\"},"
        " {\"work\": \"check\", \"time\": \"10ms\", \"refuse\": 1, \"otherwise\": [{\"rollback\": \"orders\"},"
        " {\"work\": \"think\", \"time\": \"30ms\"}, {\"begin\": \"orders\"}, {\"insert\": \"orders\"},"
        " {\"publish\": \"orders\", \"via\": \"outbox\"}, {\"commit\": \"orders\", \"time\": \"2ms\"},"
        " {\"reply\": 202}]}, {\"insert\": \"orders\"}, {\"commit\": \"orders\"}, {\"reply\": 202}]}",
        "{\"steps\": [{\"work\": \"think\", \"time\": \"41ms\"}, {\"insert\": \"orders\"},"
        " {\"publish\": \"orders\", \"via\": \"outbox\"}, {\"reply\": 202}]}",
    };
    (void)state;
    for (uint32_t k = 0; k < N(accept); k++) {
        const struct study_edit edits[] = {
            { "/load/scenarios/orders/rate", "10" },
            { "/processes/front/outbox", "{\"poll\": \"2ms\", \"batch\": 10, \"time\": \"1ms\"}" },
            { "/stages/accept", accept[k] },
        };
        struct trial trial;
        const struct run_facts *facts = run(&trial, edits, N(edits));
        assert_true(facts->path.n >= 9);
        for (uint32_t i = 0; i < facts->path.n; i++) {
            assert_int_equal(part(facts, i, PATH_SERVICE), (41 + 20) * SIM_MS);
            assert_int_equal(part(facts, i, PATH_OUTBOX), 2 * SIM_MS);
            assert_int_equal(part(facts, i, PATH_PARTS), 0);
        }
        trial_close(&trial);
    }
}

/* Two consumers, one lock held for all of the 20 ms: whoever does not hold it waits for it. */
static void test_waits_for_a_lock(void **state)
{
    static const struct study_edit edits[] = {
        { "/groups/servers/consumers", "2" },
        { "/stages/serve/steps", "[{\"lock\": \"item\"}, {\"work\": \"serve\", \"time\": \"20ms\"}, {\"unlock\": "
                                 "\"item\"}, {\"status\": \"PAID\"}]" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run(&trial, edits, N(edits));
    assert_true(sum(facts, PATH_LOCK) == (sim_ns)facts->lock[0].wait.sum_ns && sum(facts, PATH_LOCK) > SIM_S / 2);
    assert_true(sum(facts, PATH_ROW) + sum(facts, PATH_POOL) + sum(facts, PATH_RETRY) + sum(facts, PATH_STORE) == 0);
    trial_close(&trial);
}

/* Two consumers, one connection. */
static void test_waits_for_a_connection(void **state)
{
    static const struct study_edit edits[] = {
        { "/groups/servers/consumers", "2" },
        { "/processes/back/connections", "1" },
        { "/stages/serve/steps",
          "[{\"connection\": \"pool\"}, {\"work\": \"serve\", \"time\": \"20ms\"}, {\"status\": \"PAID\"}]" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run(&trial, edits, N(edits));
    assert_true(sum(facts, PATH_POOL) == (sim_ns)facts->process[1].connection_wait.sum_ns);
    assert_true(sum(facts, PATH_POOL) > SIM_S / 2 && sum(facts, PATH_LOCK) == 0);
    trial_close(&trial);
}

/* Two consumers, one row of a database. */
static void test_waits_for_a_row(void **state)
{
    static const struct study_edit edits[] = {
        { "/groups/servers/consumers", "2" },
        { "/stages/serve/steps",
          "[{\"begin\": \"stock\"}, {\"write\": \"stock\", \"style\": \"conditional\", \"effect\": \"reserve\"},"
          " {\"work\": \"serve\", \"time\": \"20ms\"}, {\"commit\": \"stock\"}, {\"status\": \"PAID\"}]" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run(&trial, edits, N(edits));
    assert_true(sum(facts, PATH_ROW) == (sim_ns)facts->table[1].wait.sum_ns && sum(facts, PATH_ROW) > SIM_S / 2);
    assert_true(sum(facts, PATH_LOCK) + sum(facts, PATH_POOL) == 0);
    trial_close(&trial);
}

/* Of more orders than are followed a part is, and the same one each time. */
static void test_a_sample(void **state)
{
    static const struct study_edit edits[] = {
        { "/load/scenarios/orders/duration", "200s" },
        { "/stages/serve/steps/0/time", "5ms" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run(&trial, edits, N(edits));
    assert_true(facts->orders.by_status[ORDER_PAID] >= 19999);
    assert_in_range(facts->path.n, 200, 600);
    trial_close(&trial);
}

/* A delivery begins at 5 ms; its JVM stands still from 50 ms on, for 15 s. The group passes the record on, and the
 * second delivery fails for want of the lock, later than the first one began; it is the first one that makes it. */
static void test_a_later_delivery_that_fails(void **state)
{
    static const struct study_edit edits[] = {
        { "/load/scenarios/orders/rate", "2" },
        { "/orders", "{\"item\": {\"value\": 1}, \"at_most\": 1}" },
        { "/kafka/partitions", "1" },
        { "/kafka/session_timeout", "6s" },
        { "/locks/item/wait", "1s" },
        { "/groups/servers/consumers", "2" },
        { "/groups/servers/backoff", "1s" },
        { "/groups/servers/deliveries", "1000" },
        { "/processes/back/instances", "2" },
        { "/faults", "{\"gc\": {\"pause\": \"back\", \"instance\": 0, \"at\": \"50ms\", \"for\": \"15s\"}}" },
        { "/stages/serve/steps", "[{\"lock\": \"item\"}, {\"work\": \"serve\", \"time\": \"200ms\"},"
                                 " {\"status\": \"PAID\"}, {\"unlock\": \"item\"}]" },
    };
    struct trial trial;
    (void)state;
    trial_open(&trial, LINE, edits, N(edits));
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    assert_null(trial_path_fault(facts));
    assert_int_equal(facts->path.n, 1);
    assert_true(facts->lock[0].timed_out > 0);
    assert_true(part(facts, 0, PATH_RETRY) == 0);
    assert_true(part(facts, 0, PATH_SERVICE) == (50 + 15000) * SIM_MS);
    assert_true(facts->path.completion_ns[0] == (50 + 15000) * SIM_MS);
    trial_close(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_queue),          cmocka_unit_test(test_the_path_is_that_of_the_slower_leg),
        cmocka_unit_test(test_waits_for_a_lock), cmocka_unit_test(test_waits_for_a_connection),
        cmocka_unit_test(test_waits_for_a_row),  cmocka_unit_test(test_a_sample),
        cmocka_unit_test(test_a_later_delivery_that_fails),
        cmocka_unit_test(test_an_outbox_row_waits_from_its_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
