/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: what the records of a group are said to wait for was counted, and is something that its own stages use; a mean
 * that others have a part in is said to be one; and what takes long for another reason is no wait.
 * Oracle: small scenarios, with means as told; runs by hand. Tolerance: the client's part of a record. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sim/results/bottleneck.h"
#include "sim/results/layout.h"
#include "sim/results/more_consumers.h"
#include "sim/results/waits.h"
#include "tests/support/own_arena.h"
#include "tests/support/small_study.h"
#include "tests/support/trial_outcome.h"

static const struct step_spec works[] = { { .kind = STEP_WORK }, { .kind = STEP_PUBLISH } };
static const struct step_spec locks_and_writes[] = { { .kind = STEP_LOCK }, { .kind = STEP_BEGIN },
                                                     { .kind = STEP_WRITE }, { .kind = STEP_COMMIT },
                                                     { .kind = STEP_UNLOCK } };
static const struct step_spec works_or_writes[] = { { .kind = STEP_WORK, .refuse = 0.5, .n_otherwise = 5,
                                                      .otherwise = locks_and_writes } };
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

static struct made *made_with(struct stage_spec stock, struct stage_spec pay, const struct lock_spec *lock)
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
    if (lock) made->study.scenario.lock = lock;
    made->outcome = small_outcome(&made->study, 1, &arena);
    made->mean = arena_array(&arena, struct infer_mean, layout_count(made->outcome.layout));
    memcpy(made->mean, made->outcome.mean, layout_count(made->outcome.layout) * sizeof *made->mean);
    made->outcome.mean = made->mean;
    return made;
}

static struct made *made_of(struct stage_spec stock, struct stage_spec pay) { return made_with(stock, pay, NULL); }

static void tell(struct made *made, const char *path, double mean_s)
{
    const uint32_t figure = layout_find(made->outcome.layout, path, NULL);
    assert_int_not_equal(figure, NONE);
    made->mean[figure].mean = mean_s;
}

/* Means of all that are waited for; and what was counted of the group. */
static void tell_all(struct made *made, double lock_s, double table_s, double pool_s, double store_s)
{
    const double waits[PATH_WAITS] = { lock_s, table_s, pool_s, store_s };
    tell(made, "locks.item.wait_s.mean", lock_s);
    tell(made, "tables.stock.wait_s.mean", table_s);
    tell(made, "processes.shop.connection_wait_s.mean", pool_s);
    for (uint32_t i = 0; i < PATH_WAITS; i++)
        *(double *)&made->outcome.value[layout_wait(made->outcome.layout, 0, (enum path_time)(PATH_LOCK + i))][0] =
            waits[i];
}

static void nothing_was_waited_for(void **state)
{
    (void)state;
    struct made *made = made_of(STEPS(locks_and_writes), STEPS(works));
    tell_all(made, 0, 0, 0, 0);
    assert_int_equal(waits_mostly_for(&made->outcome, 0).kind, SHARED_NOTHING);
}

/* What makes up half of it; of two that are alike, none does more than the other. */
static void the_longest_of_them(void **state)
{
    (void)state;
    struct made *made = made_of(STEPS(locks_and_writes), STEPS(works));
    tell_all(made, 0.004, 0.003, 0, 0.001);
    struct waits waits = waits_mostly_for(&made->outcome, 0);
    assert_int_equal(waits.kind, SHARED_LOCK);
    assert_string_equal(waits.name, "item");
    tell_all(made, 0.004, 0.003, 0.002, 0);
    assert_int_equal(waits_mostly_for(&made->outcome, 0).kind, SHARED_NOTHING);
    tell_all(made, 0.004, 0.005, 0, 0);
    waits = waits_mostly_for(&made->outcome, 0);
    assert_int_equal(waits.kind, SHARED_ROW);
    assert_string_equal(waits.name, "stock");
    tell_all(made, 0, 0, 0.001, 0);
    waits = waits_mostly_for(&made->outcome, 0);
    assert_int_equal(waits.kind, SHARED_POOL);
    assert_string_equal(waits.name, "shop");
}

static void steps_after_a_refusal_count(void **state)
{
    (void)state;
    struct made *made = made_of(STEPS(works_or_writes), STEPS(works));
    tell_all(made, 0.004, 0, 0, 0);
    assert_string_equal(waits_mostly_for(&made->outcome, 0).name, "item");
}

/* The only one that it uses and that can be full; of two nobody knows which. */
static void a_store(void **state)
{
    static const struct step_spec uses_both[] = { { .kind = STEP_LOCK }, { .kind = STEP_WRITE } };
    struct lock_spec lock = { .name = "item", .store = 0 };
    (void)state;
    struct made *made = made_with(STEPS(uses_both), STEPS(works), &lock);
    made->study.scenario.store = stores;
    made->study.scenario.n_stores = 2;
    made->table.store = 1;
    tell_all(made, 0.001, 0, 0, 0.006);
    assert_int_equal(waits_mostly_for(&made->outcome, 0).kind, SHARED_NOTHING);
    lock.store = NONE;
    const struct waits waits = waits_mostly_for(&made->outcome, 0);
    assert_int_equal(waits.kind, SHARED_STORE);
    assert_string_equal(waits.name, "db");
}

/* ---- of a run ---- */

/* clang-format off */
static const char PLAIN[] = TRIAL_JSON({
    "load": { "scenarios": { "orders": { "executor": "constant-arrival-rate", "rate": 150, "duration": "60s" } } },
    "orders": { "item": 1, "quantity": 1 },
    "kafka": { "partitions": 2, "append": "1ms", "fetch": "1ms", "commit": "3ms" },
    "topics": { "orders": {}, "dead": { "linger": "50ms" } },
    "tables": { "orders": { "key": "order_id" } },
    "locks": { "item": { "key": "item", "wait": "10s", "lease": "20s" },
               "shelf": { "key": "item", "wait": "10s", "lease": "20s" } },
    "processes": {
        "front": { "connections": 0, "api": { "threads": 4, "stage": "accept" } },
        "back": { "connections": 0, "groups": "all" }
    },
    "groups": { "servers": { "consumers": 2, "reads": { "orders": "serve" } },
                "others": { "consumers": 1, "reads": { "orders": "other" } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "orders" }, { "reply": 202 } ] },
        "other": { "steps": [ { "work": "look", "time": "1ms" } ] },
        "serve": { "steps": [ { "work": "look", "time": "10ms" }, { "status": "PAID" } ] }
    }
});
/* clang-format on */

static struct trial trial;

static struct outcome run_with(const struct study_edit *edit, uint32_t n_edits)
{
    trial_open(&trial, PLAIN, edit, n_edits);
    return trial_outcome(&trial, NULL, &arena);
}

static const char *advice(const struct outcome *outcome)
{
    static char text[1024];
    return more_consumers_text(outcome, LANG_EN, text, sizeof text);
}

/* 150 a second, and one key for which both always ask: each record waits for that of the other one, 10 ms. */
static void two_take_turns_at_a_key(void **state)
{
    static const char steps[] = "[{\"lock\": \"item\"}, {\"work\": \"look\", \"time\": \"10ms\"}, "
                                "{\"unlock\": \"item\"}, {\"status\": \"PAID\"}]";
    const struct study_edit edit = { "/stages/serve/steps", steps };
    (void)state;
    const struct outcome outcome = run_with(&edit, 1);
    assert_close(outcome.demand[0].service_s, 0.02, 0.0005);
    assert_close(outcome.demand[0].waits_s, 0.01, 0.0003);
    assert_non_null(strstr(outcome.bottleneck_reason, " ms of work, the rest waits for locks, rows or servers)"));
    assert_non_null(strstr(advice(&outcome), " ms are waiting, mostly for lock item"));
    trial_close(&trial);
}

/* Two ask for a key for 10 ms, and for another one for 5 ms: one has the first while the other has the second, and
 * comes back after 5 ms for the first. Others have it, too, in the second case. */
static void one_of_two_locks(void **state)
{
    static const char serve[] = "[{\"lock\": \"item\"}, {\"work\": \"look\", \"time\": \"10ms\"}, "
                                "{\"unlock\": \"item\"}, {\"lock\": \"shelf\"}, {\"work\": \"count\", \"time\": "
                                "{\"mean\": \"5ms\", \"cv\": 1}}, {\"unlock\": \"shelf\"}, {\"status\": \"PAID\"}]";
    static const char *const other[] = {
        "[{\"work\": \"look\", \"time\": \"1ms\"}]",
        "[{\"lock\": \"item\"}, {\"work\": \"look\", \"time\": \"1ms\"}, {\"unlock\": \"item\"}]" };
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        const struct study_edit edit[] = { { "/stages/serve/steps", serve }, { "/stages/other/steps", other[i] } };
        const struct outcome outcome = run_with(edit, 2);
        const struct waits waits = waits_mostly_for(&outcome, 0);
        assert_true(outcome_mean(&outcome, "locks.shelf.wait_s.mean") > 0);
        assert_int_equal(waits.kind, SHARED_LOCK);
        assert_string_equal(waits.name, "item");
        assert_int_equal(waits.of_all, i);
        trial_close(&trial);
    }
}

/* A tenth of the records is given up after 1 ms, and its dead letter leaves the producer 50 ms later, and is in the log
 * after another one; the others take 5 ms. In the mean 0.1 x 52 + 0.9 x 5: nobody waits for anybody. */
static void a_dead_letter_lingers(void **state)
{
    static const char steps[] = "[{\"work\": \"parse\", \"time\": \"1ms\", \"refuse\": 0.1}, "
                                "{\"work\": \"look\", \"time\": \"4ms\"}, {\"status\": \"PAID\"}]";
    const struct study_edit edit[] = { { "/stages/serve/steps", steps }, { "/groups/servers/consumers", "1" },
                                       { "/groups/servers/deliveries", "1" },
                                       { "/groups/servers/dead_letter", "\"dead\"" } };
    (void)state;
    const struct outcome outcome = run_with(edit, 4);
    const double given_up = outcome_mean(&outcome, "groups.servers.skipped") / 9000;
    assert_close(given_up, 0.1, 0.01);
    assert_close(outcome.demand[0].letter_s, given_up * 0.051, 1e-6);
    assert_close(outcome.demand[0].service_s, given_up * 0.052 + (1 - given_up) * 0.005, 1e-6);
    assert_close(outcome.demand[0].waits_s, 0, 0);
    assert_non_null(strstr(outcome.bottleneck_reason, " ms of work, the rest until dead letters are sent)"));
    assert_null(strstr(advice(&outcome), "wait"));
    trial_close(&trial);
}

/* 500 are in stock: they take 2 ms each, and the 3,100 that come after them are refused after 2 ms, and work for
 * another 20 ms. There is one consumer, and nobody to wait for. */
static void work_after_a_refusal_is_no_wait(void **state)
{
    static const char steps[] = "[{\"begin\": \"stock\"}, {\"write\": \"stock\", \"effect\": \"reserve\", "
                                "\"time\": \"2ms\", \"otherwise\": [{\"rollback\": \"stock\"}, "
                                "{\"work\": \"regret\", \"time\": \"20ms\"}, {\"status\": \"FAILED\"}]}, "
                                "{\"commit\": \"stock\"}, {\"status\": \"PAID\"}]";
    const struct study_edit edit[] = { { "/tables/stock", "{\"key\": \"item\", \"rows\": 1, \"quantity\": 500}" },
                                       { "/stages/serve/steps", steps }, { "/groups/servers/consumers", "1" },
                                       { "/load/scenarios/orders/rate", "60" } };
    (void)state;
    const struct outcome outcome = run_with(edit, 4);
    assert_close(outcome.demand[0].service_s, (500 * 0.002 + 3100 * 0.022) / 3600, 1e-4);
    assert_close(outcome.demand[0].waits_s, 0, 0);
    assert_null(strstr(outcome.bottleneck_reason, "wait for"));
    assert_null(strstr(outcome.bottleneck_reason, "of work"));
    assert_null(strstr(advice(&outcome), "waiting"));
    assert_int_equal(more_consumers(&outcome, 0).limit, MORE_HELP);
    trial_close(&trial);
}

/* Drawn times of a mean that sixty records are far from. */
static void chance_is_no_wait(void **state)
{
    static const char steps[] = "[{\"work\": \"look\", \"time\": {\"mean\": \"1s\", \"cv\": 2}}, "
                                "{\"status\": \"PAID\"}]";
    uint32_t n = 0;
    (void)state;
    for (uint32_t seed = 1; seed <= 20; seed++) {
        char text[16];
        snprintf(text, sizeof text, "%u", (unsigned)seed);
        const struct study_edit edit[] = { { "/stages/serve/steps", steps }, { "/run/seed", text },
                                           { "/load/scenarios/orders/rate", "1" } };
        const struct outcome outcome = run_with(edit, 3);
        n += outcome.demand[0].service_s > 1.1;
        assert_false(bottleneck_waits_inside(&outcome.demand[0]));
        assert_null(strstr(outcome.bottleneck_reason, "of work"));
        trial_close(&trial);
    }
    assert_true(n > 0);
}

/* 150 records of 10 ms a second that two consumers have to themselves. A fault is told where it reaches what they do,
 * while they do it: twice the time for half of the run is half as much again. */
static void a_fault_that_reaches_it(void **state)
{
    static const struct { const char *faults; bool slows; } of[] = {
        { "{\"f\": {\"slow\": \"serve\", \"at\": \"20s\", \"for\": \"30s\", \"factor\": 2}}", true },
        { "{\"f\": {\"slow\": \"serve\", \"at\": \"61s\", \"for\": \"30s\", \"factor\": 2}}", false },
        { "{\"f\": {\"slow\": \"other\", \"at\": \"20s\", \"for\": \"30s\", \"factor\": 2}}", false },
        { "{\"f\": {\"slow\": \"serve\", \"at\": \"20s\", \"for\": \"30s\", \"factor\": 0.5}}", false },
        { "{\"f\": {\"slow\": \"db\", \"at\": \"20s\", \"for\": \"30s\", \"factor\": 2}}", true },
        { "{\"f\": {\"slow\": \"db\", \"at\": \"20s\", \"for\": \"30s\", \"factor\": 0.5}}", false },
        { "{\"f\": {\"slow\": \"other-db\", \"at\": \"20s\", \"for\": \"30s\", \"factor\": 2}}", false },
        { "{\"f\": {\"outage\": \"db\", \"at\": \"20s\", \"for\": \"1s\"}}", true },
        { "{\"f\": {\"pause\": \"back\", \"at\": \"20s\", \"for\": \"2s\"}}", true },
        { "{\"f\": {\"pause\": \"front\", \"at\": \"20s\", \"for\": \"2s\"}}", false },
        { "{\"f\": {\"crash\": \"front\", \"at\": \"20s\", \"back_after\": \"2s\"}}", false } };
    static const char steps[] = "[{\"work\": \"look\", \"time\": \"10ms\"}, {\"insert\": \"audit\"}, "
                                "{\"status\": \"PAID\"}]";
    (void)state;
    for (uint32_t i = 0; i < sizeof of / sizeof *of; i++) {
        const struct study_edit edit[] = { { "/faults", of[i].faults }, { "/run/ends", "\"120s\"" },
                                           { "/stores", "{\"db\": {}, \"other-db\": {}}" },
                                           { "/tables/audit", "{\"key\": \"order_id\", \"store\": \"db\"}" },
                                           { "/tables/else", "{\"key\": \"order_id\", \"store\": \"other-db\"}" },
                                           { "/stages/serve/steps", steps } };
        const struct outcome outcome = run_with(edit, 6);
        assert_int_equal(outcome.demand[0].slowed, of[i].slows);
        assert_true(outcome.demand[0].faults);
        assert_int_equal(strstr(outcome.bottleneck_reason, "the rest is a fault's") != NULL, i == 0);
        trial_close(&trial);
    }
}

/* ---- of one order ---- */

/* 60 a second. `ahead` has each order's row, or the lock by its id, for 45 ms from 5 ms on; `behind` comes to it after
 * 3 ms of its own and needs 1 ms more. It waits, though there is but one of it, and would not if it came later. */
static const char AHEAD_ROW[] = "[{\"begin\": \"orders\"}, {\"status\": \"PAYING\", \"time\": \"1ms\"}, "
                                "{\"work\": \"look\", \"time\": \"44ms\"}, {\"commit\": \"orders\"}]";
static const char BEHIND_ROW[] = "[{\"work\": \"look\", \"time\": \"3ms\"}, {\"status\": \"PAID\", \"time\": \"1ms\"}]";
static const char AHEAD_LOCK[] = "[{\"lock\": \"one\"}, {\"work\": \"look\", \"time\": \"45ms\"}, "
                                 "{\"unlock\": \"one\"}]";
static const char BEHIND_LOCK[] = "[{\"work\": \"look\", \"time\": \"3ms\"}, {\"lock\": \"one\"}, "
                                  "{\"work\": \"pay\", \"time\": \"1ms\"}, {\"unlock\": \"one\"}, "
                                  "{\"status\": \"PAID\"}]";

static struct outcome one_behind(const char *ahead, const char *behind, const char *rate)
{
    const struct study_edit edit[] = {
        { "/stages/other/steps", ahead }, { "/stages/serve/steps", behind }, { "/groups/others/consumers", "6" },
        { "/groups/servers/consumers", "1" }, { "/kafka/partitions", "6" },
        { "/locks/one", "{\"key\": \"order_id\", \"wait\": \"10s\", \"lease\": \"20s\"}" },
        { "/load/scenarios/orders/rate", rate } };
    return run_with(edit, sizeof edit / sizeof *edit);
}

static const struct group_demand *demand_of(const struct outcome *outcome, const char *name)
{
    for (uint32_t i = 0; i < outcome->n_demands; i++)
        if (strcmp(outcome->demand[i].name, name) == 0) return &outcome->demand[i];
    fail();
    return NULL;
}

/* It can do 1 / 4 ms whatever comes, those before it 6 / 45 ms: they are the bottleneck. */
static void whoever_has_the_same_order_is_no_limit(void **state)
{
    static const struct { const char *ahead, *behind; } of[] = { { AHEAD_ROW, BEHIND_ROW },
                                                                 { AHEAD_LOCK, BEHIND_LOCK } };
    static const char *const rates[] = { "60", "90", "120" };
    (void)state;
    for (uint32_t i = 0; i < sizeof of / sizeof *of; i++)
        for (uint32_t k = 0; k < sizeof rates / sizeof *rates; k++) {
            const struct outcome outcome = one_behind(of[i].ahead, of[i].behind, rates[k]);
            const struct group_demand *behind = demand_of(&outcome, "servers");
            char text[1024];
            assert_string_equal(outcome.demand[0].name, "others");
            assert_close(behind->capacity_per_s, 250, 10);
            assert_true(behind->order_wait_s > 0.002);
            assert_close(behind->service_s - behind->order_wait_s, 0.004, 2e-5);
            assert_close(behind->waits_s, 0, 1e-9);
            bottleneck_reason(behind, LANG_EN, text, sizeof text);
            assert_non_null(strstr(text, "(4.00 ms of work, "));
            assert_non_null(strstr(text, " of waits for others at work on the same order"));
            bottleneck_reason(behind, LANG_KO, text, sizeof text);
            assert_non_null(strstr(text, "others 대기 "));
            trial_close(&trial);
        }
}

/* A key that all orders ask for is no less in use for who comes later: 100 a second have it for 5 ms each, and leave
 * half of its time to the others, whichever orders these come with. */
static void what_all_orders_want_is_a_limit(void **state)
{
    static const char ahead[] = "[{\"lock\": \"item\"}, {\"work\": \"look\", \"time\": \"5ms\"}, "
                                "{\"unlock\": \"item\"}]";
    static const char behind[] = "[{\"lock\": \"item\"}, {\"work\": \"pay\", \"time\": \"1ms\"}, "
                                 "{\"unlock\": \"item\"}, {\"status\": \"PAID\"}]";
    (void)state;
    const struct outcome outcome = one_behind(ahead, behind, "100");
    const struct group_demand *one = demand_of(&outcome, "servers"), *six = demand_of(&outcome, "others");
    assert_close(one->order_wait_s + six->order_wait_s, 0, 0);
    assert_true(one->waits_s + six->waits_s > 0.0005);
    trial_close(&trial);
}

/* An order comes to a group twice at once, from two topics: its two wait for one another, and are told so. */
static void its_own_are_told_as_before(void **state)
{
    static const char serve[] = "[{\"lock\": \"one\"}, {\"work\": \"look\", \"time\": \"10ms\"}, "
                                "{\"unlock\": \"one\"}, {\"status\": \"PAID\"}]";
    static const char accept[] = "[{\"insert\": \"orders\"}, {\"publish\": \"orders\"}, "
                                 "{\"publish\": \"more\"}, {\"reply\": 202}]";
    const struct study_edit edit[] = {
        { "/stages/serve/steps", serve }, { "/stages/accept/steps", accept }, { "/topics/more", "{}" },
        { "/groups/servers/reads", "{\"orders\": \"serve\", \"more\": \"serve\"}" },
        { "/groups/servers/assignor", "\"round-robin\"" }, { "/kafka/partitions", "1" },
        { "/locks/one", "{\"key\": \"order_id\", \"wait\": \"10s\", \"lease\": \"20s\"}" },
        { "/load/scenarios/orders/rate", "20" } };
    (void)state;
    const struct outcome outcome = run_with(edit, sizeof edit / sizeof *edit);
    const struct group_demand *demand = demand_of(&outcome, "servers");
    assert_close(demand->order_wait_s, 0, 0);
    assert_close(demand->waits_s, 0.005, 0.0005);
    trial_close(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_was_waited_for),
        cmocka_unit_test(the_longest_of_them),
        cmocka_unit_test(steps_after_a_refusal_count),
        cmocka_unit_test(a_store),
        cmocka_unit_test(two_take_turns_at_a_key),
        cmocka_unit_test(one_of_two_locks),
        cmocka_unit_test(a_dead_letter_lingers),
        cmocka_unit_test(work_after_a_refusal_is_no_wait),
        cmocka_unit_test(chance_is_no_wait),
        cmocka_unit_test(a_fault_that_reaches_it),
        cmocka_unit_test(whoever_has_the_same_order_is_no_limit),
        cmocka_unit_test(what_all_orders_want_is_a_limit),
        cmocka_unit_test(its_own_are_told_as_before),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
