/* SPDX-License-Identifier: GPL-3.0-or-later
 * Processes that stop and die: what waits, what goes on, what is lost. Every figure is counted by hand: orders come
 * every 100 ms, a record takes 40 ms, and nothing else takes time unless the test says so. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/support/trial.h"

/* clang-format off */
static const char SHOP[] = TRIAL_JSON({
    "name": "shop",
    "load": { "scenarios": { "orders": { "executor": "constant-arrival-rate", "rate": 10, "duration": "10s" } } },
    "orders": { "item": 1, "quantity": 1 },
    "kafka": { "partitions": 1 },
    "topics": { "orders": {} },
    "tables": { "orders": { "key": "order_id" }, "stock": { "key": "item", "rows": 1, "quantity": 100000 } },
    "processes": {
        "front": { "connections": 0, "api": { "threads": 4, "stage": "accept" } },
        "back": { "connections": 2, "groups": "all" }
    },
    "groups": { "servers": { "consumers": 1, "reads": { "orders": "serve" } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "orders" }, { "reply": 202 } ] },
        "serve": { "steps": [
            { "begin": "stock" },
            { "write": "stock", "effect": "reserve", "time": "20ms" },
            { "commit": "stock", "time": "20ms" },
            { "status": "PAID" } ] }
    }
});
/* clang-format on */

static const struct run_facts *run_with(struct trial *trial, const char *faults, const struct study_edit *more,
                                        uint32_t n_more)
{
    struct study_edit edit[8] = { { "/faults", faults } };
    for (uint32_t i = 0; i < n_more; i++) edit[i + 1] = more[i];
    trial_open(trial, SHOP, edit, 1 + n_more);
    return trial_run(trial, 0, NULL);
}

static uint64_t violations(const struct run_facts *facts, const char *name)
{
    for (uint32_t i = 0; i < facts->n_invariants; i++)
        if (strcmp(facts->invariant[i].name, name) == 0) return facts->invariant[i].violations;
    fail_msg("no invariant %s", name);
    return 0;
}

/* An order every 200 ms: the 11th is served at 2.04 s and its commit sent then, 50 ms to the broker. A crash at 2.06 s
 * does not stop it. While the broker is away from 2.01 s to 4 s it is not sent, and nobody is left to send it after a
 * crash at 3 s: the order is served again. */
static void test_a_commit_of_a_dead_consumer(void **state)
{
    static const struct { const char *faults; uint64_t duplicates; } cases[] = {
        { "{\"kill\": {\"crash\": \"back\", \"at\": \"2.06s\", \"back_after\": \"1s\"}}", 0 },
        { "{\"out\": {\"outage\": \"kafka\", \"at\": \"2.01s\", \"for\": \"1.99s\"}}", 0 },
        { "{\"out\": {\"outage\": \"kafka\", \"at\": \"2.01s\", \"for\": \"1.99s\"}, "
          "\"kill\": {\"crash\": \"back\", \"at\": \"3s\", \"back_after\": \"1s\"}}", 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trial trial;
        const struct study_edit edits[] = { { "/kafka/commit", "100ms" }, { "/load/scenarios/orders/rate", "5" } };
        const struct run_facts *facts = run_with(&trial, cases[i].faults, edits, 2);
        assert_int_equal(facts->group[0].duplicates, cases[i].duplicates);
        assert_int_equal(violations(facts, "K1") + violations(facts, "K2") + violations(facts, "K4"), 0);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], 50);
        trial_close(&trial);
    }
}

/* A fault that lies behind the end neither keeps the run alive nor changes a fact. */
static void test_later_faults_change_nothing(void **state)
{
    struct trial plain, faulty;
    (void)state;
    trial_open(&plain, SHOP, NULL, 0);
    const struct run_facts *a = trial_run(&plain, 0, NULL);
    const struct run_facts *b = run_with(&faulty, "{\"late\": {\"crash\": \"back\", \"at\": \"1h\"}}", NULL, 0);
    assert_true(a->fingerprint == b->fingerprint && a->end_ns == b->end_ns && !b->cut);
    assert_int_equal(b->fault[0].happened, 0);
    assert_true(b->fault[0].first_at_ns == SIM_NEVER);
    trial_close(&plain);
    trial_close(&faulty);
}

/* Three consumers, times of whole milliseconds: reads of one thread and commits of another fall on one instant again and
 * again, and who comes first decides which updates are lost. A run with a fault is played step by step, with more events
 * than one without; the order of those that matter is the same. */
static void test_a_later_fault_parts_no_tie(void **state)
{
    static const struct { const char *steps, *rate; } table[] = {
        { "[{\"begin\": \"stock\"}, {\"work\": \"think\", \"time\": \"1ms\"},"
          "{\"write\": \"stock\", \"style\": \"absolute\", \"effect\": \"reserve\", \"time\": \"1ms\"},"
          "{\"commit\": \"stock\", \"time\": \"2ms\"}, {\"status\": \"PAID\"}]", "200" },
        { "[{\"begin\": \"stock\"},"
          "{\"write\": \"stock\", \"style\": \"absolute\", \"effect\": \"reserve\", \"time\": \"1ms\"},"
          "{\"commit\": \"stock\", \"time\": \"2ms\", \"at\": 1}, {\"status\": \"PAID\"}]", "1000" },
        { "[{\"work\": \"think\", \"time\": \"1ms\"}, {\"begin\": \"stock\"}, {\"work\": \"think\", \"time\": \"1ms\"},"
          "{\"read\": \"stock\"}, {\"write\": \"stock\", \"style\": \"absolute\", \"effect\": \"reserve\","
          "\"time\": \"1ms\", \"at\": 0}, {\"commit\": \"stock\"}, {\"status\": \"PAID\"}]", "250" },
    };
    (void)state;
    for (uint32_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct study_edit edits[] = {
            { "/load/scenarios/orders/rate", table[i].rate }, { "/stages/serve/steps", table[i].steps },
            { "/kafka", "{\"partitions\": 3, \"append\": \"1ms\", \"fetch\": \"1ms\", \"commit\": \"3ms\"}" },
            { "/topics/orders", "{\"key\": \"order_id\"}" }, { "/groups/servers/consumers", "3" },
            { "/processes/back/connections", "10" } };
        const uint32_t n = sizeof edits / sizeof *edits;
        struct trial plain, faulty;
        trial_open(&plain, SHOP, edits, n);
        const struct run_facts *a = trial_run(&plain, 0, NULL);
        const struct run_facts *b = run_with(&faulty, "{\"late\": {\"crash\": \"back\", \"at\": \"1h\"}}", edits, n);
        assert_true(a->table[1].lost_updates > 50);
        assert_int_equal(a->table[1].lost_updates, b->table[1].lost_updates);
        assert_int_equal(a->orders.by_status[ORDER_PAID], b->orders.by_status[ORDER_PAID]);
        assert_true(a->fingerprint == b->fingerprint && a->end_ns == b->end_ns);
        trial_close(&plain);
        trial_close(&faulty);
    }
}

/* The last order is served at 9.94 s. A crash at 13 s lies behind the end, however seldom somebody looks whether it has
 * come; one at 9.93 s does not, and keeps the run alive until its order is served by the process that is back. */
static void test_the_end_does_not_hang_on_who_looks(void **state)
{
    static const char *const every[] = { "10ms", "1s", "7s", "1m", "1h" };
    static const char behind[] = "{\"kill\": {\"crash\": \"back\", \"at\": \"13s\", \"back_after\": \"1s\"}}";
    static const char before[] = "{\"kill\": {\"crash\": \"back\", \"at\": \"9.93s\", \"back_after\": \"1s\"}}";
    uint64_t fingerprint[2] = { 0 };
    sim_ns end_ns = 0;
    (void)state;
    for (uint32_t i = 0; i < 5; i++) {
        const struct study_edit sample = { "/run/sample_every", every[i] };
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, behind, &sample, 1);
        assert_true(facts->end_ns == 9940 * SIM_MS && !facts->cut);
        assert_int_equal(facts->fault[0].happened, 0);
        if (i > 0) assert_true(facts->fingerprint == fingerprint[0]);
        fingerprint[0] = facts->fingerprint;
        trial_close(&trial);
        facts = run_with(&trial, before, &sample, 1);
        assert_int_equal(facts->fault[0].happened, 1);
        assert_true(facts->end_ns > 50 * SIM_S && !facts->cut);
        if (i > 0) assert_true(facts->fingerprint == fingerprint[1] && facts->end_ns == end_ns);
        fingerprint[1] = facts->fingerprint;
        end_ns = facts->end_ns;
        trial_close(&trial);
    }
}

/* The 22nd order starts at 2.1 s (the first at 0 s); its write is sent then, and reaches the database at 2.11 s,
 * within the pause; the answer is read at its end, 3.105 s, and the commit takes 20 ms from there. */
static void test_a_pause_holds_the_jvm_not_the_server(void **state)
{
    struct trial trial;
    (void)state;
    const struct run_facts *facts =
        run_with(&trial, "{\"gc\": {\"pause\": \"back\", \"at\": \"2.105s\", \"for\": \"1s\"}}", NULL, 0);
    trial_expect_sound(&trial, facts);
    assert_int_equal(facts->fault[0].happened, 1);
    assert_true(facts->fault[0].first_at_ns == 2105 * SIM_MS);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 100);
    assert_int_equal(facts->group[0].duplicates, 0);
    assert_true(facts->completion.max_ns == (3125 - 2100) * SIM_MS);
    trial_close(&trial);
}

/* One order, read at 0 s by `left` and by `right`, which want the same rows. What right sends is read by `then`, which
 * ends the order. */
/* clang-format off */
static const char TWO[] = TRIAL_JSON({
    "name": "two",
    "load": { "scenarios": { "orders": { "executor": "constant-arrival-rate", "rate": 1, "duration": "1s" } } },
    "orders": { "item": 1, "quantity": 1, "user": 1, "amount": 1 },
    "kafka": { "partitions": 1 },
    "topics": { "orders": {}, "sent": {} },
    "tables": { "orders": { "key": "order_id" }, "stock": { "key": "item", "rows": 1, "quantity": 100000 },
                "points": { "key": "user", "rows": 1, "quantity": 100000 } },
    "processes": {
        "front": { "connections": 0, "api": { "threads": 1, "stage": "accept" }, "groups": ["left", "then"] },
        "back": { "connections": 0, "groups": ["right"] }
    },
    "groups": { "left": { "consumers": 1, "reads": { "orders": "left" } },
                "right": { "consumers": 1, "reads": { "orders": "right" } },
                "then": { "consumers": 1, "reads": { "sent": "end" } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "orders" }, { "reply": 202 } ] },
        "left": { "steps": [
            { "begin": "stock" }, { "write": "stock", "effect": "reserve", "time": "10ms" },
            { "work": "think", "time": "2s" }, { "commit": "stock", "time": "2ms" } ] },
        "right": { "steps": [
            { "work": "think", "time": "100ms" }, { "begin": "stock" },
            { "write": "stock", "effect": "restore", "unknown": "blind" },
            { "publish": "sent" }, { "commit": "stock", "time": "2ms" } ] },
        "end": { "steps": [ { "status": "PAID" } ] }
    }
});
/* clang-format on */

/* The row that right waits for is free at 2.011 s, and its write takes place then; but whether it takes time or not,
 * right's JVM stands still until 20.5 s, and sends no sooner. */
static void test_a_row_wakes_no_paused_jvm(void **state)
{
    static const struct {
        const char *time;
        sim_ns reaches_ns;
    } cases[] = { { "0s", 100 * SIM_MS }, { "1us", 100 * SIM_MS + 500 } };
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        const struct study_edit edits[] = {
            { "/faults", "{\"gc\": {\"pause\": \"back\", \"at\": \"500ms\", \"for\": \"20s\"}}" },
            { "/stages/right/steps/2/time", cases[i].time },
        };
        struct trial trial;
        trial_open(&trial, TWO, edits, 2);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], 1);
        assert_true(facts->table[1].wait.max_ns == 2011 * SIM_MS - cases[i].reaches_ns);
        assert_true(facts->completion.max_ns == 20500 * SIM_MS);
        trial_close(&trial);
    }
}

/* The database refuses right's write at 110 ms. Its answer comes at 120 ms, within the pause, and is read at 20.115 s;
 * only then is the rollback sent, which takes 10 ms. */
static void test_an_answer_is_not_read_in_a_pause(void **state)
{
    static const char right[] = TRIAL_JSON([
        { "work": "think", "time": "100ms" }, { "begin": "points" },
        { "write": "points", "effect": "debit", "time": "20ms",
          "otherwise": [ { "rollback": "points", "time": "10ms" }, { "publish": "sent" } ] },
        { "commit": "points" } ]);
    const struct study_edit edits[] = {
        { "/faults", "{\"gc\": {\"pause\": \"back\", \"at\": \"115ms\", \"for\": \"20s\"}}" },
        { "/stages/right/steps", right },
        { "/tables/points/quantity", "0" },
    };
    struct trial trial;
    (void)state;
    trial_open(&trial, TWO, edits, 3);
    const struct run_facts *facts = trial_run(&trial, 0, NULL);
    assert_int_equal(facts->table[2].rejected, 1);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 1);
    assert_true(facts->completion.max_ns == 20125 * SIM_MS);
    trial_close(&trial);
}

/* Right closes a circle at 165 ms, is as light as left, and is rolled back there and then, whether its JVM hears of it
 * or stands still: left has its second row at once, and ends at 172 ms. */
static void test_a_victim_is_rolled_back_in_a_pause(void **state)
{
    static const char left[] = TRIAL_JSON([
        { "begin": "stock" }, { "write": "stock", "effect": "reserve", "time": "10ms" },
        { "work": "think", "time": "100ms" }, { "write": "points", "effect": "debit", "time": "10ms" },
        { "commit": "stock", "time": "2ms" }, { "status": "PAID" } ]);
    static const char right[] = TRIAL_JSON([
        { "begin": "stock" }, { "write": "points", "effect": "restore", "unknown": "blind", "time": "10ms" },
        { "work": "think", "time": "150ms" },
        { "write": "stock", "effect": "restore", "unknown": "blind", "time": "10ms" },
        { "commit": "stock", "time": "2ms" } ]);
    static const char *const at[] = { "1h", "163ms" };
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        char faults[96];
        snprintf(faults, sizeof faults, "{\"gc\": {\"pause\": \"back\", \"at\": \"%s\", \"for\": \"20s\"}}",
                 at[i]);
        const struct study_edit edits[] = {
            { "/faults", faults }, { "/stages/left/steps", left }, { "/stages/right/steps", right },
        };
        struct trial trial;
        trial_open(&trial, TWO, edits, 3);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->table[1].deadlocks, 1);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], 1);
        assert_true(facts->completion.max_ns == 172 * SIM_MS);
        trial_close(&trial);
    }
}

/* The same circle over keys: an action and the tombstone of its compensation are rows of one unique key, and whoever
 * comes second waits for the first. Left has the key of the stock from 5 ms on and asks for the points at 115 ms, right
 * the other way round, after it has thought. Right is lighter, whoever closes the circle, and over a row in one
 * direction and a key in the other it is the same: left goes on at that instant, and ends 7 ms later. */
static void test_a_deadlock_over_keys_ends_at_once(void **state)
{
    static const char left[] = TRIAL_JSON([
        { "begin": "stock" }, { "write": "stock", "effect": "reserve", "time": "10ms" },
        { "work": "think", "time": "100ms" }, { "write": "points", "effect": "debit", "time": "10ms" },
        { "commit": "stock", "time": "2ms" }, { "status": "PAID" } ]);
    static const struct { const char *points, *think; sim_ns paid_ns; uint32_t table; } cases[] = {
        { "tombstone", "150ms", 172 * SIM_MS, 1 }, { "tombstone", "50ms", 122 * SIM_MS, 2 },
        { "blind", "150ms", 172 * SIM_MS, 1 },     { "blind", "50ms", 122 * SIM_MS, 2 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char right[400];
        snprintf(right, sizeof right,
                 "[{\"begin\": \"stock\"}, "
                 "{\"write\": \"points\", \"effect\": \"restore\", \"unknown\": \"%s\", \"time\": \"10ms\"}, "
                 "{\"work\": \"think\", \"time\": \"%s\"}, "
                 "{\"write\": \"stock\", \"effect\": \"restore\", \"unknown\": \"tombstone\", \"time\": \"10ms\"}, "
                 "{\"commit\": \"stock\", \"time\": \"2ms\"}]",
                 cases[i].points, cases[i].think);
        const struct study_edit edits[] = { { "/stages/left/steps", left }, { "/stages/right/steps", right } };
        struct trial trial;
        trial_open(&trial, TWO, edits, 2);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], 1);
        assert_int_equal(facts->completion.max_ns, cases[i].paid_ns);
        assert_int_equal(facts->table[1].deadlocks + facts->table[2].deadlocks, 1);
        assert_int_equal(facts->table[cases[i].table].deadlocks, 1);
        assert_int_equal(facts->table[1].lock_timeouts + facts->table[2].lock_timeouts, 0);
        trial_close(&trial);
    }
}

/* A commit that was sent takes place; the record is delivered again because its offset was never committed. The same
 * instant a millisecond after the write was sent: rolled back, and its effect is there once. */
static void test_a_crash_keeps_what_was_sent(void **state)
{
    static const struct {
        const char *at;
        uint64_t reserved_twice;
    } cases[] = { { "2.125s", 1 }, { "2.105s", 0 } };
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct trial trial;
        char faults[128];
        snprintf(faults, sizeof faults, "{\"kill\": {\"crash\": \"back\", \"at\": \"%s\", \"back_after\": \"1s\"}}",
                 cases[i].at);
        const struct run_facts *facts = run_with(&trial, faults, NULL, 0);
        assert_int_equal(violations(facts, "S4"), cases[i].reserved_twice);
        assert_int_equal(violations(facts, "O2") + violations(facts, "K4") + violations(facts, "L1"), 0);
        assert_int_equal(violations(facts, "X4"), 0);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], 100);
        assert_int_equal(facts->group[0].processed, 100);
        assert_int_equal(facts->group[0].duplicates, 1);
        assert_int_equal(facts->table[0].writes, 100 + 100); /* inserted, paid */
        assert_int_equal(facts->table[1].writes, 100 + cases[i].reserved_twice);
        trial_close(&trial);
    }
}

/* A process dies at 200 ms, while right has the row and its next command, which takes 1 s, is on its way. Whatever that
 * command is, the database rolls the transaction back at once: left has the row at 305 ms, and ends at 312 ms. Right's
 * record comes again, and is done once. */
static void test_a_crash_rolls_back_whatever_is_under_way(void **state)
{
    static const struct {
        const char *before, *under_way, *after;
        uint64_t audits;
    } cases[] = {
        { "", "{\"work\": \"think\", \"time\": \"1s\"}", "", 0 },
        { "", "{\"insert\": \"audit\", \"time\": \"1s\"}", "", 1 },
        { "{\"once\": \"order_id\"}, ", "{\"insert\": \"audit\", \"time\": \"1s\"}", "", 1 },
        { "", "{\"status\": \"PAID\", \"time\": \"1s\"}", "", 0 },
        { "", "{\"lock\": \"item\", \"time\": \"1s\"}", ", {\"unlock\": \"item\"}", 0 },
        { "{\"lock\": \"item\"}, ", "{\"unlock\": \"item\", \"time\": \"1s\"}", "", 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char right[400];
        snprintf(right, sizeof right,
                 "[{\"begin\": \"stock\"}, %s{\"write\": \"stock\", \"effect\": \"restore\", \"unknown\": \"blind\"}, "
                 "%s, {\"commit\": \"stock\", \"time\": \"2ms\"}%s]",
                 cases[i].before, cases[i].under_way, cases[i].after);
        const struct study_edit edits[] = {
            { "/faults", "{\"kill\": {\"crash\": \"back\", \"at\": \"200ms\", \"back_after\": \"1s\"}}" },
            { "/tables/audit", "{\"key\": \"order_id\"}" },
            { "/locks", "{\"item\": {\"key\": \"item\", \"wait\": \"60s\", \"lease\": \"3s\"}}" },
            { "/stages/left/steps", "[{\"work\": \"think\", \"time\": \"300ms\"}, {\"begin\": \"stock\"}, "
                                    "{\"write\": \"stock\", \"effect\": \"reserve\", \"time\": \"10ms\"}, "
                                    "{\"commit\": \"stock\", \"time\": \"2ms\"}, {\"status\": \"PAID\"}]" },
            { "/stages/right/steps", right },
        };
        struct trial trial;
        trial_open(&trial, TWO, edits, sizeof edits / sizeof *edits);
        const struct run_facts *facts = trial_run(&trial, 0, NULL);
        if (facts->cut || facts->completion.max_ns != 312 * SIM_MS || facts->table[1].wait.max_ns != 0)
            fail_msg("%s: %s, paid after %lld ns, waited %lld ns", cases[i].under_way, facts->cut ? "cut" : "ended",
                     (long long)facts->completion.max_ns, (long long)facts->table[1].wait.max_ns);
        assert_int_equal(facts->group[1].duplicates, 1);
        assert_int_equal(facts->table[1].writes, 2);
        assert_int_equal(facts->table[3].writes, cases[i].audits);
        assert_int_equal(violations(facts, "X4"), 0);
        trial_close(&trial);
    }
}

/* While the only instance of the API is away, requests fail; orders that it had stored without publishing hang. */
static void test_an_api_that_is_away_refuses(void **state)
{
    struct trial trial;
    (void)state;
    const struct study_edit slow[] = { { "/stages/accept/steps/0/time", "60ms" } };
    const struct run_facts *facts =
        run_with(&trial, "{\"kill\": {\"crash\": \"front\", \"at\": \"2.15s\", \"back_after\": \"1s\"}}", slow, 1);
    /* 2.1 s: stored at 2.13, not yet answered; 2.2 to 3.1 s: refused */
    assert_int_equal(facts->orders.requests_failed, 1 + 10);
    assert_int_equal(facts->orders.created, 100 - 10);
    assert_int_equal(violations(facts, "O2"), 1);
    trial_close(&trial);
}

/* Drawn ones: the same in every run of a seed, and about as many as the rate says. */
static void test_faults_at_a_rate(void **state)
{
    struct trial trial;
    uint64_t n = 0, first = 0;
    (void)state;
    const struct study_edit longer[] = { { "/load/scenarios/orders/duration", "10m" } };
    const struct run_facts *facts = run_with(
        &trial, "{\"gc\": {\"pause\": \"back\", \"rate_per_h\": 360, \"for\": {\"mean\": \"50ms\", \"cv\": 1}}}",
        longer, 1);
    first = facts->fingerprint;
    for (uint32_t r = 0; r < 20; r++) {
        facts = trial_run(&trial, r, NULL);
        trial_expect_sound(&trial, facts);
        n += facts->fault[0].happened;
        if (r == 0) assert_true(facts->fingerprint == first);
    }
    assert_in_range(n, 20 * 60 - 4 * 35, 20 * 60 + 4 * 35); /* Poisson of mean 1200: four standard deviations */
    trial_close(&trial);
}

/* What is drawn for a fault hangs on its name, not on what else is in the list. */
static void test_a_fault_before_it_changes_no_draw(void **state)
{
    static const char gc[] = "\"gc\": {\"pause\": \"back\", \"rate_per_h\": 1200, \"for\": {\"mean\": \"50ms\", \"cv\": 1}}";
    const struct study_edit instances[] = { { "/processes/back/instances", "3" } };
    struct trial alone, behind;
    char faults[256];
    (void)state;
    snprintf(faults, sizeof faults, "{%s}", gc);
    const struct run_facts *a = run_with(&alone, faults, instances, 1);
    snprintf(faults, sizeof faults, "{\"late\": {\"crash\": \"back\", \"at\": \"1h\"}, %s}", gc);
    const struct run_facts *b = run_with(&behind, faults, instances, 1);
    assert_true(a->fault[0].happened > 0);
    assert_int_equal(a->fault[0].happened, b->fault[1].happened);
    assert_true(a->fault[0].first_at_ns == b->fault[1].first_at_ns && a->fingerprint == b->fingerprint);
    trial_close(&alone);
    trial_close(&behind);
}

/* The answer to the insert of 2 s waits for the end of a pause, 6.02 s; its process dies before and comes back. By then
 * the thread of that number is in the middle of another insert, and nothing of its former life may reach it: each
 * request is answered once, or has failed. */
static void test_what_a_dead_life_has_left_is_lost(void **state)
{
    static const struct study_edit slow = { "/stages/accept/steps/0/time", "50ms" };
    struct trial trial;
    (void)state;
    const struct run_facts *facts =
        run_with(&trial, "{\"gc\": {\"pause\": \"front\", \"at\": \"2.01s\", \"for\": \"4.01s\"}, "
                         "\"dead\": {\"crash\": \"front\", \"at\": \"3s\", \"back_after\": \"500ms\"}}", &slow, 1);
    assert_int_equal(facts->fault[0].happened + facts->fault[1].happened, 2);
    assert_int_equal(facts->process[0].api.n + facts->orders.requests_failed, facts->orders.scheduled);
    assert_true(facts->orders.requests_failed > 5);
    trial_close(&trial);
}

/* For 5 s every record of 10 orders/s is appended twice; a second fault that does the same for a second of these, and
 * ends first, takes nothing away. */
static void test_overlapping_faults_end_one_by_one(void **state)
{
#define LONG_ONE "\"long\": {\"duplicate\": \"orders\", \"share\": 1, \"at\": \"0s\", \"for\": \"5s\"}"
#define SHORT_ONE "\"short\": {\"duplicate\": \"orders\", \"share\": 1, \"at\": \"1s\", \"for\": \"1s\"}"
    struct trial one, two;
    (void)state;
    const struct run_facts *a = run_with(&one, "{" LONG_ONE "}", NULL, 0);
    const struct run_facts *b = run_with(&two, "{" LONG_ONE ", " SHORT_ONE "}", NULL, 0);
    assert_in_range(a->group[0].processed, 148, 152);
    assert_int_equal(b->group[0].processed, a->group[0].processed);
    trial_close(&one);
    trial_close(&two);
}

/* The same of messages to those who wait for a lock: for 5 s all are lost, and a second fault that ends first brings none
 * of them back. */
static void test_overlapping_drops(void **state)
{
#define LONG_DROP "\"long\": {\"drop\": \"item\", \"share\": 1, \"at\": \"0s\", \"for\": \"5s\"}"
#define SHORT_DROP "\"short\": {\"drop\": \"item\", \"share\": 1, \"at\": \"1s\", \"for\": \"1s\"}"
    static const struct study_edit edits[] = {
        { "/processes/back/instances", "2" },
        { "/kafka/partitions", "2" },
        { "/groups/servers/consumers", "2" },
        { "/locks", "{\"item\": {\"key\": \"item\", \"wait\": \"60s\", \"lease\": \"500ms\"}}" },
        { "/stages/serve/steps", "[ {\"lock\": \"item\"}, {\"work\": \"it\", \"time\": \"120ms\"}, "
                                 "{\"unlock\": \"item\"}, {\"status\": \"PAID\"} ]" },
    };
    struct trial one, two;
    (void)state;
    const struct run_facts *a = run_with(&one, "{" LONG_DROP "}", edits, sizeof edits / sizeof edits[0]);
    const struct run_facts *b = run_with(&two, "{" LONG_DROP ", " SHORT_DROP "}", edits, sizeof edits / sizeof edits[0]);
    assert_true(a->lock[0].lost_messages > 10);
    assert_int_equal(b->lock[0].lost_messages, a->lock[0].lost_messages);
    assert_int_equal(b->end_ns, a->end_ns);
    trial_close(&one);
    trial_close(&two);
}

static const struct study_edit THREE[] = {
    { "/processes/back/instances", "3" }, { "/groups/servers/consumers", "3" }, { "/kafka/partitions", "3" }
};

/* While the first of three stops for the rollout, the last one crashes and comes back: nobody waits for it, its turn is
 * still to come, and it is the last. The rollout then takes as long as three stops in a row. */
static void test_a_rollout_waits_for_its_own(void **state)
{
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(
        &trial, "{\"deploy\": {\"restart\": \"back\", \"rolling\": true, \"at\": \"2s\", \"back_after\": \"1s\"}, "
                "\"dead\": {\"crash\": \"back\", \"instance\": 2, \"at\": \"2.2s\", \"back_after\": \"100ms\"}, "
                "\"again\": {\"restart\": \"back\", \"rolling\": true, \"at\": \"7s\", \"back_after\": \"1s\"}}",
        THREE, 3);
    for (uint32_t i = 0; i < 3; i++) assert_int_equal(facts->fault[i].happened, 1);
    assert_int_equal(facts->fault[0].killed + facts->fault[2].killed, 0);
    assert_false(facts->cut);
    assert_int_equal(violations(facts, "K4"), 0);
    trial_close(&trial);
}

/* An instance that is to stop crashes before it has: that was its stop. Nothing is killed a second time. */
static void test_a_crash_ends_a_stop(void **state)
{
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(
        &trial, "{\"deploy\": {\"restart\": \"back\", \"instance\": 1, \"at\": \"2s\", \"kill_after\": \"3s\", "
                "\"back_after\": \"1s\"}, "
                "\"hang\": {\"pause\": \"back\", \"instance\": 1, \"at\": \"1.9s\", \"for\": \"10s\"}, "
                "\"dead\": {\"crash\": \"back\", \"instance\": 1, \"at\": \"3s\", \"back_after\": \"100ms\"}}",
        THREE, 3);
    assert_int_equal(facts->fault[0].happened + facts->fault[2].happened, 2);
    assert_int_equal(facts->fault[0].killed, 0);
    assert_false(facts->cut);
    trial_close(&trial);
}

/* Two deployments of one process, while its consumer finishes a batch and commits it until 5 s: both have what they
 * wanted when it is gone, and the one who is out of patience first kills it for both. Nobody kills its successor. */
static void test_two_stops_of_one_instance(void **state)
{
    static const struct { const char *kill_after[2]; uint64_t killed[2]; } cases[] = {
        { { "20s", "20s" }, { 0, 0 } }, { { "1s", "20s" }, { 1, 0 } }, { { "20s", "1s" }, { 0, 1 } },
        { { "20s", "0s" }, { 0, 1 } },
    };
    static const struct study_edit commit = { "/kafka/commit", "2s" };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trial trial;
        char faults[400];
        snprintf(faults, sizeof faults,
                 "{\"a\": {\"restart\": \"back\", \"at\": \"2.2s\", \"back_after\": \"3s\", \"kill_after\": \"%s\"}, "
                 "\"b\": {\"restart\": \"back\", \"at\": \"2.5s\", \"back_after\": \"3s\", \"kill_after\": \"%s\"}}",
                 cases[i].kill_after[0], cases[i].kill_after[1]);
        const struct run_facts *facts = run_with(&trial, faults, &commit, 1);
        for (uint32_t k = 0; k < 2; k++) {
            assert_int_equal(facts->fault[k].happened, 1);
            assert_int_equal(facts->fault[k].killed, cases[i].killed[k]);
        }
        assert_int_equal(facts->group[0].sessions_expired, i > 0);
        if (i == 0) assert_int_equal(facts->group[0].duplicates, 0);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], 100);
        assert_false(facts->cut);
        trial_close(&trial);
    }
}

/* A write of 1 ms, a commit of 1 ms and a flush of the log of 5 ms: 7 ms, and 70 at a database ten times as slow. */
static void test_a_slow_database_flushes_slowly(void **state)
{
    static const struct {
        const char *factor;
        sim_ns service_ns;
    } cases[] = { { "1", 7 * SIM_MS }, { "10", 70 * SIM_MS } };
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        char faults[96];
        const struct study_edit edits[] = {
            { "/stores", "{\"database\": {\"group_commit\": true, \"flush\": \"5ms\"}}" },
            { "/tables/stock/store", "database" },
            { "/stages/serve/steps/1/time", "1ms" },
            { "/stages/serve/steps/2/time", "1ms" },
        };
        struct trial trial;
        snprintf(faults, sizeof faults, "{\"old\": {\"slow\": \"database\", \"factor\": %s, \"at\": \"0s\", "
                                        "\"for\": \"1m\"}}", cases[i].factor);
        const struct run_facts *facts = run_with(&trial, faults, edits, 4);
        assert_true(facts->group[0].service.max_ns == cases[i].service_ns);
        trial_close(&trial);
    }
}

/* A request whose stage throws is answered with an error: neither created nor forgotten. */
static void test_a_request_that_throws_has_failed(void **state)
{
    static const struct study_edit edits[] = {
        { "/stores", "{\"database\": {}}" },
        { "/tables/orders/store", "database" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts =
        run_with(&trial, "{\"away\": {\"outage\": \"database\", \"at\": \"2.01s\", \"for\": \"1s\"}}", edits, 2);
    assert_int_equal(facts->orders.requests_failed, 10);
    assert_int_equal(facts->orders.created, facts->orders.scheduled - 10);
    assert_int_equal(facts->process[0].api.n, facts->orders.created);
    trial_close(&trial);
}

/* Order 1 has the row from 10 ms on, order 2 waits for it from 510 ms on, and the database is away from 700 to 900 ms:
 * the commit of the first fails at 820 ms, and the second, which has the row then, fails with it. Both give it back:
 * order 3, which is another consumer's, has it at 1.01 s, and ends 1.62 s after it came. */
static void test_a_row_got_in_an_outage_is_given_back(void **state)
{
    const struct study_edit edits[] = {
        { "/load/scenarios/orders/rate", "2" },
        { "/orders/at_most", "3" },
        { "/kafka", "{\"partitions\": 4, \"deliveries\": 1}" },
        { "/groups/servers/consumers", "4" },
        { "/stages/serve/steps/2/time", "1600ms" },
        { "/stores", "{\"db\": {}}" },
        { "/tables/stock/store", "db" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts =
        run_with(&trial, "{\"away\": {\"outage\": \"db\", \"at\": \"700ms\", \"for\": \"200ms\"}}", edits, 7);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 1);
    assert_true(facts->completion.max_ns == 1620 * SIM_MS);
    assert_int_equal(facts->table[1].lock_timeouts, 0);
    assert_true(facts->table[1].wait.max_ns == 310 * SIM_MS);
    assert_int_equal(violations(facts, "X4"), 0);
    trial_close(&trial);
}

/* A process dies at any instant of its dealings with a lock that two want: while its command is on its way, is refused,
 * waits, has got the key and not heard of it, or has it. The process comes back, all is done, and nobody is left inside. */
static void test_a_crash_around_a_lock(void **state)
{
    static const char *const kinds[] = { "reentrant", "fair", "spin", "fenced" };
    (void)state;
    for (int after_ms = 0; after_ms < 400; after_ms += 10) {
        char faults[160], lock[160];
        snprintf(faults, sizeof faults, "{\"dead\": {\"crash\": \"back\", \"instance\": 1, \"at\": \"%dms\", "
                                        "\"back_after\": \"1s\"}}", 2000 + after_ms);
        snprintf(lock, sizeof lock, "{\"item\": {\"key\": \"item\", \"kind\": \"%s\", \"wait\": \"60s\", \"lease\": "
                                    "\"3s\", \"push\": \"10ms\"}}", kinds[after_ms / 10 % 4]);
        const struct study_edit edits[] = {
            { "/run", "{\"at_most\": \"10m\"}" },
            { "/processes/back/instances", "2" },
            { "/kafka/partitions", "2" },
            { "/groups/servers/consumers", "2" },
            { "/locks", lock },
            { "/stages/serve/steps", "[ {\"lock\": \"item\", \"time\": \"60ms\"}, {\"begin\": \"stock\"}, "
                                     "{\"once\": \"order_id\"}, "
                                     "{\"write\": \"stock\", \"effect\": \"reserve\", \"time\": \"20ms\"}, "
                                     "{\"commit\": \"stock\", \"time\": \"20ms\"}, "
                                     "{\"unlock\": \"item\", \"time\": \"40ms\"}, {\"status\": \"PAID\"} ]" },
        };
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, faults, edits, sizeof edits / sizeof edits[0]);
        if (facts->cut || facts->orders.by_status[ORDER_PAID] != 100 || violations(facts, "X4") > 0)
            fail_msg("%s lock, crash %d ms later: %s, %d paid, %d left inside", kinds[after_ms / 10 % 4], after_ms,
                     facts->cut ? "cut" : "ended", (int)facts->orders.by_status[ORDER_PAID],
                     (int)violations(facts, "X4"));
        trial_close(&trial);
    }
}

/* A database that does one thing at a time has more to do than it can: whenever the consumer's process dies, its
 * command waits for its turn or has it. The turn is somebody else's then, and in the end all is done. */
static void test_a_crash_in_a_queue_for_a_store(void **state)
{
    static const struct study_edit edits[] = {
        { "/run", "{\"at_most\": \"10m\"}" }, { "/load/scenarios/orders/rate", "30" }, { "/orders/at_most", "20" },
        { "/stores", "{\"db\": {\"capacity\": 1}}" },
        { "/tables", "{\"orders\": {\"key\": \"order_id\", \"store\": \"db\"}, "
                     "\"stock\": {\"key\": \"item\", \"rows\": 1, \"quantity\": 100000, \"store\": \"db\"}}" },
        { "/stages/accept/steps/0/time", "\"30ms\"" },
    };
    (void)state;
    for (int i = 0; i < 10; i++) {
        char faults[120];
        snprintf(faults, sizeof faults, "{\"dead\": {\"crash\": \"back\", \"at\": \"%dms\", \"back_after\": \"10ms\"}}",
                 200 + 7 * i);
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, faults, edits, sizeof edits / sizeof edits[0]);
        if (facts->cut || facts->orders.by_status[ORDER_PAID] != 20)
            fail_msg("%d paid", (int)facts->orders.by_status[ORDER_PAID]);
        trial_close(&trial);
    }
}

/* The 11th order is served from 2 s on: it has the lock at 2.005 s, and asks at 2.01 s whether it holds it; with the
 * answer at 2.02 s the unlock is sent, and is at Redis at 2.025 s. Of a process that dies in between only what has been
 * sent frees the lock; else it is nobody's until its lease ends at 5.005 s, and the request that wants it at 2.05 s
 * waits for 2.955 s. An unlock that does not ask is sent at 2.01 s. */
static void test_a_crash_in_an_unlock_that_asks_first(void **state)
{
    static const struct { const char *guard, *at; bool waits; } table[] = {
        { "true", "2.012s", true },  { "true", "2.018s", true },   { "true", "2.022s", false },
        { "true", "2.028s", false }, { "false", "2.008s", true },  { "false", "2.012s", false },
        { "false", "2.018s", false },
    };
    (void)state;
    for (uint32_t i = 0; i < sizeof table / sizeof *table; i++) {
        char faults[120], steps[200];
        snprintf(faults, sizeof faults, "{\"dead\": {\"crash\": \"back\", \"at\": \"%s\", \"back_after\": \"1s\"}}",
                 table[i].at);
        snprintf(steps, sizeof steps, "[{\"lock\": \"item\", \"time\": \"10ms\"}, "
                 "{\"unlock\": \"item\", \"time\": \"10ms\", \"guard\": %s}, {\"status\": \"PAID\"}]", table[i].guard);
        const struct study_edit edits[] = {
            { "/locks", "{\"item\": {\"key\": \"item\", \"wait\": \"60s\", \"lease\": \"3s\"}}" },
            { "/stages/serve/steps", steps },
            { "/stages/accept/steps",
              "[{\"insert\": \"orders\"}, {\"publish\": \"orders\"}, {\"work\": \"w\", \"time\": \"50ms\"}, "
              "{\"lock\": \"item\"}, {\"unlock\": \"item\"}, {\"reply\": 202}]" },
        };
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, faults, edits, sizeof edits / sizeof edits[0]);
        const sim_ns expected_ns = table[i].waits ? 2955 * SIM_MS : 0;
        if (facts->lock[0].wait.max_ns != expected_ns)
            fail_msg("case %u: waits for %.3f s", i, (double)facts->lock[0].wait.max_ns * 1e-9);
        trial_close(&trial);
    }
}

/* Locks within locks, all of one key or not, and a process that dies at any instant of it. Its inner unlock is at
 * Redis, or not even sent (one that asks first): the outer one stays, nobody's, until its lease ends. The consumer that
 * comes after it is alone, and at the end nobody is left inside. */
static void test_a_crash_in_an_inner_unlock(void **state)
{
    static const char *const kinds[] = { "reentrant", "fair", "spin", "fenced" };
    static const char *const steps[] = {
        "[ {\"lock\": \"item\", \"time\": \"10ms\"}, {\"lock\": \"item\", \"time\": \"10ms\"}, "
        "{\"unlock\": \"item\", \"time\": \"10ms\"}, {\"unlock\": \"item\", \"time\": \"10ms\"}, "
        "{\"status\": \"PAID\"} ]",
        "[ {\"lock\": \"item\", \"time\": \"10ms\"}, {\"lock\": \"item\", \"time\": \"10ms\"}, "
        "{\"unlock\": \"item\", \"time\": \"10ms\", \"guard\": true}, "
        "{\"unlock\": \"item\", \"time\": \"10ms\", \"guard\": true}, {\"status\": \"PAID\"} ]",
        "[ {\"lock\": \"item\", \"time\": \"10ms\"}, {\"lock\": \"user\", \"time\": \"10ms\"}, "
        "{\"lock\": \"item\", \"time\": \"10ms\"}, {\"unlock\": \"user\", \"time\": \"10ms\"}, "
        "{\"unlock\": \"item\", \"time\": \"10ms\"}, {\"unlock\": \"item\", \"time\": \"10ms\"}, "
        "{\"status\": \"PAID\"} ]",
    };
    (void)state;
    for (int i = 0; i < 4 * 3 * 16; i++) {
        const char *const kind = kinds[i % 4], *const step = steps[i / 4 % 3];
        const int after_ms = 1 + i / 12 * 4;
        char faults[160], locks[320];
        snprintf(faults, sizeof faults, "{\"dead\": {\"crash\": \"back\", \"at\": \"%dms\", \"back_after\": "
                                        "\"1s\"}}", 2000 + after_ms);
        snprintf(locks, sizeof locks, "{\"item\": {\"key\": \"item\", \"kind\": \"%s\", \"wait\": \"60s\", "
                 "\"lease\": \"3s\"}, \"user\": {\"key\": \"user\", \"kind\": \"%s\", \"wait\": \"60s\", "
                 "\"lease\": \"3s\"}}", kind, kind);
        const struct study_edit edits[] = { { "/run", "{\"at_most\": \"10m\"}" }, { "/locks", locks },
                                            { "/orders/user", "1" }, { "/stages/serve/steps", step } };
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, faults, edits, sizeof edits / sizeof edits[0]);
        if (facts->cut || facts->orders.by_status[ORDER_PAID] != 100 || violations(facts, "X4") > 0 ||
            facts->lock[0].overlaps + facts->lock[1].overlaps > 0)
            fail_msg("%s lock, steps %d, crash %d ms later: %d paid, %d overlaps, X4 %d", kind, i / 4 % 3, after_ms,
                     (int)facts->orders.by_status[ORDER_PAID],
                     (int)(facts->lock[0].overlaps + facts->lock[1].overlaps), (int)violations(facts, "X4"));
        trial_close(&trial);
    }
}

/* The order of 1 s is there at once; its publish takes 100 ms, and the record leaves at the end of it, at 1.1 s. A
 * process that dies at 1.02 s has not sent it; one that dies at 1.12 s has, but not that of 1.1 s; one that pauses
 * from 1.02 s to 3.02 s sends when it goes on, and the order, the last one there, is paid 40 ms later. */
static void test_a_send_leaves_in_its_time(void **state)
{
    static const struct { const char *faults, *at_most; uint64_t paid; sim_ns longest_ns; } table[] = {
        { "{\"dead\": {\"crash\": \"front\", \"at\": \"1.02s\", \"back_after\": \"10ms\"}}", "100", 99, 140 * SIM_MS },
        { "{\"dead\": {\"crash\": \"front\", \"at\": \"1.12s\", \"back_after\": \"10ms\"}}", "100", 99, 140 * SIM_MS },
        { "{\"still\": {\"pause\": \"front\", \"at\": \"1.02s\", \"for\": \"2s\"}}", "11", 11, 2060 * SIM_MS },
    };
    (void)state;
    for (uint32_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct study_edit edits[] = { { "/stages/accept/steps/1/time", "\"100ms\"" },
                                            { "/orders/at_most", table[i].at_most } };
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, table[i].faults, edits, 2);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], table[i].paid);
        assert_int_equal(facts->completion.max_ns, table[i].longest_ns);
        trial_close(&trial);
    }
}

/* The order of 2 s sets its mark by a command of its own, under way until 2.1 s, and its process dies at 2.02 s: the
 * command takes place, the redelivery finds the mark and takes no stock. It makes no odds that a second group might
 * come to the stage, which never does. */
static void test_a_mark_is_set_though_its_process_has_died(void **state)
{
    static const char *const forms[] = { "other-transaction", "setnx-before" };
    static const char faults[] = "{\"dead\": {\"crash\": \"back\", \"at\": \"2.02s\", \"back_after\": \"1s\"}}";
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        char steps[320];
        snprintf(steps, sizeof steps, "[ {\"once\": \"order_id\", \"form\": \"%s\", \"time\": \"100ms\"}, "
                 "{\"begin\": \"stock\"}, {\"write\": \"stock\", \"effect\": \"reserve\"}, "
                 "{\"commit\": \"stock\"}, {\"status\": \"PAID\"} ]", forms[i % 2]);
        const struct study_edit edits[] = {
            { "/run", "{\"at_most\": \"10m\"}" }, { "/load/scenarios/orders/rate", "5" },
            { "/stages/serve/steps", steps }, { "/topics/never", "{}" },
            { "/stages/accept/steps", "[ {\"insert\": \"orders\"}, {\"work\": \"w\", \"refuse\": 1e-9, "
                                      "\"otherwise\": [{\"publish\": \"never\"}, {\"reply\": 500}]}, "
                                      "{\"publish\": \"orders\"}, {\"reply\": 202} ]" },
            { "/groups/others", i / 2 ? "{\"consumers\": 1, \"reads\": {\"never\": \"serve\"}}" :
                                        "{\"consumers\": 1, \"reads\": {\"never\": \"idle\"}}" },
            { "/stages/idle", "{\"steps\": [{\"work\": \"idle\"}]}" } }; /* where it is read */
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, faults, edits, sizeof edits / sizeof *edits - i / 2);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], 50);
        assert_true(violations(facts, "S5") > 0);
        trial_close(&trial);
    }
}

/* Two processes run one stage, each with a consumer of its own; a record is there every 100 ms, at both at once. The
 * third time that one of them comes to the step is the third record, at 0.2 s, whatever the other does; that one goes
 * on while this one stands still and the ten records of a second come. */
static void test_a_step_of_the_process_that_is_named(void **state)
{
    const struct study_edit edits[] = {
        { "/processes", "{\"front\": {\"connections\": 0, \"api\": {\"threads\": 4, \"stage\": \"accept\"}}, "
                        "\"back\": {\"connections\": 0, \"groups\": [\"servers\"]}, "
                        "\"other\": {\"connections\": 0, \"groups\": [\"others\"]}}" },
        { "/groups", "{\"servers\": {\"consumers\": 1, \"reads\": {\"orders\": \"serve\"}}, "
                     "\"others\": {\"consumers\": 1, \"reads\": {\"orders\": \"serve\"}}}" },
        { "/stages/serve/steps", "[ {\"work\": \"look\", \"time\": \"10ms\"}, {\"status\": \"PAID\"} ]" },
    };
    static const char *const faults[] = {
        "{\"gc\": {\"pause\": \"%s\", \"for\": \"1s\", "
        "\"when\": {\"stage\": \"serve\", \"step\": \"look\", \"phase\": \"before\", \"nth\": 3}}}",
        "{\"gc\": {\"pause\": \"%s\", \"for\": \"1s\", "
        "\"when\": {\"stage\": \"serve\", \"step\": \"look\", \"phase\": \"before\", \"order\": 3}}}",
    };
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        const uint32_t struck = i % 2, spared = 1 - struck;
        struct trial trial;
        char text[256];
        snprintf(text, sizeof text, faults[i / 2], struck == 0 ? "back" : "other");
        const struct run_facts *facts = run_with(&trial, text, edits, sizeof edits / sizeof edits[0]);
        assert_int_equal(facts->fault[0].happened, 1);
        assert_true(facts->fault[0].first_at_ns == 200 * SIM_MS);
        assert_in_range(facts->group[struck].peak_backlog, 10, 11);
        assert_int_equal(facts->group[spared].peak_backlog, 1);
        trial_close(&trial);
    }
}

/* Odd orders go to the second partition and so to the second instance: its third one is order 5, at 0.4 s. */
static void test_a_step_of_the_instance_that_is_named(void **state)
{
    const struct study_edit edits[] = {
        { "/processes/back/instances", "2" },
        { "/kafka/partitions", "2" },
        { "/topics/orders", "{\"key\": \"id_modulo\"}" },
        { "/groups/servers/consumers", "2" },
    };
    static const char fault[] = "{\"gc\": {\"pause\": \"back\", \"instance\": %u, \"for\": \"1s\", "
                                "\"when\": {\"stage\": \"serve\", \"step\": 0, \"phase\": \"before\", \"nth\": 3}}}";
    (void)state;
    for (uint32_t instance = 0; instance < 2; instance++) {
        struct trial trial;
        char text[256];
        snprintf(text, sizeof text, fault, instance);
        const struct run_facts *facts = run_with(&trial, text, edits, sizeof edits / sizeof edits[0]);
        assert_int_equal(facts->fault[0].happened, 1);
        assert_true(facts->fault[0].first_at_ns == (instance == 0 ? 500 : 400) * SIM_MS);
        trial_close(&trial);
    }
}

/* One order: its write is there at 5 ms and its status at 15 ms, both to be committed at 30 ms. Its JVM dies at 13 ms,
 * with the status on its way, or at 18 ms: what is rolled back holds no row, and the order is paid when its record has
 * come once more, after the session. */
static void test_a_crash_rolls_a_status_back(void **state)
{
    static const char steps[] = TRIAL_JSON([
        { "begin": "stock" }, { "write": "stock", "effect": "reserve", "time": "10ms" },
        { "status": "PAID", "time": "10ms" }, { "commit": "stock", "time": "20ms" } ]);
    const struct study_edit edits[] = { { "/stages/serve/steps", steps }, { "/orders/at_most", "1" } };
    static const char *const at[] = { "\"13ms\"", "\"18ms\"" };
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct trial trial;
        char fault[128];
        snprintf(fault, sizeof fault, "{\"pod\": {\"crash\": \"back\", \"at\": %s, \"back_after\": \"1s\"}}", at[i]);
        const struct run_facts *facts = run_with(&trial, fault, edits, sizeof edits / sizeof edits[0]);
        trial_expect_invariants(facts);
        assert_int_equal(facts->fault[0].happened, 1);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], 1);
        assert_int_equal(facts->table[0].writes, 2);
        assert_int_equal(facts->table[1].writes, 1);
        assert_true(facts->completion.min_ns > SIM_S);
        trial_close(&trial);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_commit_of_a_dead_consumer),
        cmocka_unit_test(test_later_faults_change_nothing),
        cmocka_unit_test(test_a_later_fault_parts_no_tie),
        cmocka_unit_test(test_the_end_does_not_hang_on_who_looks),
        cmocka_unit_test(test_a_pause_holds_the_jvm_not_the_server),
        cmocka_unit_test(test_a_row_wakes_no_paused_jvm),
        cmocka_unit_test(test_an_answer_is_not_read_in_a_pause),
        cmocka_unit_test(test_a_victim_is_rolled_back_in_a_pause),
        cmocka_unit_test(test_a_deadlock_over_keys_ends_at_once),
        cmocka_unit_test(test_a_crash_keeps_what_was_sent),
        cmocka_unit_test(test_a_crash_rolls_back_whatever_is_under_way),
        cmocka_unit_test(test_an_api_that_is_away_refuses),
        cmocka_unit_test(test_faults_at_a_rate),
        cmocka_unit_test(test_a_fault_before_it_changes_no_draw),
        cmocka_unit_test(test_what_a_dead_life_has_left_is_lost),
        cmocka_unit_test(test_overlapping_faults_end_one_by_one),
        cmocka_unit_test(test_overlapping_drops),
        cmocka_unit_test(test_a_rollout_waits_for_its_own),
        cmocka_unit_test(test_two_stops_of_one_instance),
        cmocka_unit_test(test_a_crash_ends_a_stop),
        cmocka_unit_test(test_a_slow_database_flushes_slowly),
        cmocka_unit_test(test_a_request_that_throws_has_failed),
        cmocka_unit_test(test_a_row_got_in_an_outage_is_given_back),
        cmocka_unit_test(test_a_crash_around_a_lock),
        cmocka_unit_test(test_a_crash_in_a_queue_for_a_store),
        cmocka_unit_test(test_a_crash_in_an_unlock_that_asks_first),
        cmocka_unit_test(test_a_crash_in_an_inner_unlock),
        cmocka_unit_test(test_a_send_leaves_in_its_time),
        cmocka_unit_test(test_a_mark_is_set_though_its_process_has_died),
        cmocka_unit_test(test_a_step_of_the_process_that_is_named),
        cmocka_unit_test(test_a_step_of_the_instance_that_is_named),
        cmocka_unit_test(test_a_crash_rolls_a_status_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
