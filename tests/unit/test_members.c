/* SPDX-License-Identifier: GPL-3.0-or-later
 * Consumer groups whose members come, go, die and are late. Network and commits take no time unless a test says so, so
 * that what is left are the clocks of the protocol: heartbeats, sessions, polls, barriers. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "models/invariant.h"
#include "models/plan.h"
#include "tests/support/trial.h"

/* clang-format off */
/* Orders every 10 ms (100/s) dealt out in turn to three partitions, for ten minutes. */
static const char GROUP[] = TRIAL_JSON({
    "name": "group",
    "load": { "scenarios": { "orders": { "executor": "constant-arrival-rate", "rate": 100, "duration": "10m" } } },
    "kafka": { "partitions": 3, "key": "id_modulo" },
    "topics": { "orders": {} },
    "tables": { "orders": { "key": "order_id" } },
    "processes": {
        "front": { "connections": 0, "api": { "threads": 4, "stage": "accept" } },
        "back": { "connections": 0, "instances": 4, "groups": "all" }
    },
    "groups": { "servers": { "consumers": 3, "reads": { "orders": "serve" } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "orders" }, { "reply": 202 } ] },
        "serve": { "steps": [ { "work": "serve", "time": "5ms" }, { "status": "PAID" } ] }
    }
});
/* clang-format on */

enum { SECONDS = 3600, PARTITIONS = 3 };

/* Committed offsets and lag at every full second, and how many consumers are at work. */
struct watch {
    uint32_t n;
    int64_t committed[SECONDS][PARTITIONS], lag[SECONDS][PARTITIONS], busy[SECONDS];
    sim_ns busy_ns[SECONDS];
};

static void on_sample(void *context, const struct run_levels *levels)
{
    struct watch *watch = context;
    if (watch->n == SECONDS) return;
    for (uint32_t i = 0; i < PARTITIONS; i++) {
        watch->committed[watch->n][i] = levels->partition[i].committed;
        watch->lag[watch->n][i] = levels->partition[i].lag;
    }
    watch->busy_ns[watch->n] = levels->group_busy_ns[0];
    watch->busy[watch->n++] = levels->group_busy[0];
}

static struct watch seen;

static const struct run_facts *run_with(struct trial *trial, uint32_t replication, const struct study_edit *edit,
                                        uint32_t n)
{
    const struct observer observer = { .context = &seen, .on_sample = on_sample };
    memset(&seen, 0, sizeof seen);
    trial_open(trial, GROUP, edit, n);
    return trial_run(trial, replication, &observer);
}

#define N(edits) (sizeof(edits) / sizeof(edits)[0])

/* Longest time in which a partition's committed offset stood still from second `from` on. */
static uint32_t stands_still(uint32_t partition, uint32_t from)
{
    uint32_t longest = 0, run = 0;
    for (uint32_t t = from; t + 1 < seen.n; t++) {
        run = seen.committed[t + 1][partition] == seen.committed[t][partition] ? run + 1 : 0;
        if (run > longest) longest = run;
    }
    return longest;
}

/* Semantics 14 H: detection 42 to 45 s after the crash, then the barrier; the partition's lag grows by 33/s meanwhile;
 * at most one batch is delivered again; nothing is lost. */
static void test_a_crash_is_noticed_by_the_session(void **state)
{
    static const struct study_edit edits[] = {
        { "/faults", "{\"kill\": {\"crash\": \"back\", \"instance\": 1, \"at\": \"100.022s\"}}" },
    };
    (void)state;
    for (uint32_t r = 0; r < 10; r++) {
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, r, edits, N(edits));
        trial_expect_invariants(facts);
        const struct group_facts *group = &facts->group[0];
        assert_int_equal(group->sessions_expired, 1);
        assert_int_equal(group->rebalances, 1);
        assert_in_range(stands_still(1, 99), 42, 52); /* with its first batch */
        assert_in_range(group->peak_lag_ns, 42 * SIM_S, 52 * SIM_S);
        assert_in_range(group->peak_partition_lag, 33 * 42, 34 * 52);
        assert_in_range(group->duplicates, 1, 500);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], 60000);
        assert_int_equal(group->processed, 60000);
        trial_close(&trial);
    }
}

/* 200 orders, each served by the time the next one comes, and none committed. When their consumer has died and the other
 * one takes over, all of them are backlog again. */
static void test_what_comes_again_is_backlog(void **state)
{
    static const struct study_edit edits[] = {
        { "/load/scenarios/orders/rate", "10" },
        { "/load/scenarios/orders/duration", "20s" },
        { "/kafka/partitions", "1" },
        { "/kafka/session_timeout", "6s" },
        { "/kafka/commit_mode", "\"time\"" },
        { "/kafka/commit_time", "1h" },
        { "/groups/servers/consumers", "2" },
        { "/faults", "{\"kill\": {\"crash\": \"back\", \"instance\": 0, \"at\": \"19.95s\"}}" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, 0, edits, N(edits));
    trial_expect_invariants(facts);
    assert_int_equal(facts->group[0].duplicates, 200);
    assert_int_equal(facts->group[0].peak_backlog, 200);
    assert_in_range(facts->group[0].peak_backlog_at_ns, 19950 * SIM_MS + 3 * SIM_S, 19950 * SIM_MS + 9 * SIM_S);
    trial_close(&trial);
}

/* It stands still from 100.022 s on and is killed 43 s later: its last heartbeat was before that, and so its session ends
 * 45 s after it, not after the kill. */
static void test_killed_while_it_stands_still(void **state)
{
    static const struct study_edit edits[] = {
        { "/faults", "{\"still\": {\"pause\": \"back\", \"instance\": 1, \"at\": \"100.022s\", \"for\": \"44s\"},"
                     " \"kill\": {\"crash\": \"back\", \"instance\": 1, \"at\": \"143.022s\"}}" },
        { "/kafka/session_timeout", "46s" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, 0, edits, N(edits));
    trial_expect_invariants(facts);
    assert_int_equal(facts->group[0].sessions_expired, 1);
    assert_in_range(stands_still(1, 99), 43, 53); /* with its first batch */
    trial_close(&trial);
}

/* A process that comes back before its old member's session ends makes the whole group wait for that end: the new
 * member asks to join, the old one never does. A static member just goes on. */
static void test_back_before_the_session_ends(void **state)
{
    static const char back[] =
        "{\"kill\": {\"crash\": \"back\", \"instance\": 1, \"at\": \"100.022s\", \"back_after\": \"20s\"}}";
    static const struct study_edit dynamic[] = { { "/faults", back } };
    static const struct study_edit fixed[] = { { "/faults", back }, { "/kafka/static_members", "true" } };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, 0, dynamic, N(dynamic));
    trial_expect_invariants(facts);
    assert_int_equal(facts->group[0].sessions_expired, 1);
    assert_in_range(facts->group[0].longest_rebalance_ns, 21 * SIM_S, 25 * SIM_S);
    assert_in_range(stands_still(0, 99), 17, 26);
    trial_close(&trial);
    facts = run_with(&trial, 0, fixed, N(fixed));
    trial_expect_invariants(facts);
    assert_int_equal(facts->group[0].rebalances + facts->group[0].sessions_expired, 0);
    assert_int_equal(stands_still(0, 99), 0);
    assert_in_range(stands_still(1, 99), 19, 23); /* and its first batch */
    trial_close(&trial);
}

/* A new group joins by the protocol, whether or not a fault makes one look. With a round trip of 2 ms: 3 ms until its
 * request is there with an id, 3 s for others to come, 2 ms until the leader has dealt, 1 ms until the member knows, 2 ms
 * for its offsets; then the first fetch, 2 ms, and 5 ms for the record that came at 0 s. */
static void test_a_new_group_joins_by_the_protocol(void **state)
{
    static const char *const reset[] = { "earliest", "latest" };
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct study_edit edits[] = {
            { "/groups/servers/cold", "true" },        { "/groups/servers/reset", reset[i] },
            { "/groups/servers/consumers", "1" },      { "/kafka/partitions", "1" },
            { "/kafka/fetch", "2ms" },                 { "/load/scenarios/orders/duration", "10s" },
            { "/faults", "{}" },
        };
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, 0, edits, N(edits));
        const uint64_t fingerprint = facts->fingerprint, processed = facts->group[0].processed;
        assert_int_equal(facts->group[0].rebalances, 1);
        if (i == 0) assert_int_equal(facts->completion.max_ns, 3015 * SIM_MS);
        else assert_int_equal(processed, 1000 - 301); /* what came up to 3.00 s is not seen at 3.008 s */
        /* Until then the record of 0 s was the oldest uncommitted one. */
        if (i == 1) assert_int_equal(facts->group[0].peak_lag_ns, 3008 * SIM_MS);
        trial_close(&trial);
        edits[6].value = "{\"far\": {\"pause\": \"back\", \"at\": \"1h\", \"for\": \"1s\"}}";
        facts = run_with(&trial, 0, edits, N(edits));
        assert_true(facts->fingerprint == fingerprint && facts->group[0].processed == processed);
        trial_close(&trial);
    }
}

/* Semantics 14 G: two members or more of a new group start after 6 s, one alone after 3 s; with reset latest what came
 * before is never seen. */
static void test_a_new_group_waits_for_more(void **state)
{
    (void)state;
    for (uint32_t consumers = 1; consumers <= 3; consumers += 2) {
        char text[8];
        snprintf(text, sizeof text, "%u", consumers);
        const struct study_edit edits[] = {
            { "/groups/servers/cold", "true" },
            { "/groups/servers/consumers", text },
            { "/load/scenarios/orders/duration", "20s" },
            { "/faults", "{\"far\": {\"pause\": \"back\", \"at\": \"1h\", \"for\": \"1s\"}}" },
        };
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, 0, edits, N(edits));
        uint64_t missed = consumers == 1 ? 300 : 600; /* appended before, or at the instant */
        assert_int_equal(facts->group[0].rebalances, 1);
        assert_in_range(facts->orders.by_status[ORDER_PAID], 2000 - missed - 3, 2000 - missed);
        trial_close(&trial);
    }
}

/* Semantics 14 I: 500 records of 0.7 s are 350 s of work: at 300 s the client leaves the group after 428 records, its
 * thread goes on with the other 72, and the new owner starts again at the first. The cause persists: the same happens
 * to the next one. */
static void test_a_late_poll_is_evicted(void **state)
{
    static const struct study_edit edits[] = {
        { "/load/scenarios/orders", "{\"executor\": \"bursts\", \"size\": 1, \"every\": \"1h\", \"duration\": \"1h\","
                                    " \"startTime\": \"344s\"}" },
        { "/groups/servers/backlog", "{\"orders\": [1000]}" },
        { "/kafka/partitions", "1" },
        { "/groups/servers/consumers", "2" },
        { "/stages/serve/steps/0/time", "700ms" },
        { "/run", "{\"ends\": \"345s\"}" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, 0, edits, N(edits));
    assert_int_equal(facts->group[0].evictions, 1);
    for (uint32_t t = 0; t < 345; t++) assert_int_equal(seen.committed[t][0], 0);
    assert_int_equal(seen.busy[299], 1);
    assert_int_equal(seen.busy[310], 2); /* the old thread and the new owner, on the same records */
    assert_in_range(facts->group[0].duplicates, (345 - 304) * 10 / 7, (345 - 300) * 10 / 7 + 1);
    trial_expect_invariants(facts);
    trial_close(&trial);
}

/* 500 records of 1 ms are done in half a second, but each is refused and goes another way: with 700 ms there the poll is
 * late after 300 s. Where one in two is refused it takes half of 1.4 s in the mean. A step that others refuse, here a
 * coupon that nobody has left, may do so each time. */
static void test_a_poll_is_late_by_what_stands_in_otherwise(void **state)
{
    static const char *const first[] = {
        "{\"work\": \"call\", \"time\": \"1ms\", \"refuse\": 1,"
        " \"otherwise\": [{\"work\": \"by hand\", \"time\": \"700ms\"}]}",
        "{\"work\": \"call\", \"time\": \"1ms\", \"refuse\": 0.5,"
        " \"otherwise\": [{\"work\": \"by hand\", \"time\": \"1400ms\"}]}",
        "{\"work\": \"call\", \"time\": \"1ms\", \"refuse\": 1, \"otherwise\": [{\"work\": \"again\", \"refuse\": 1,"
        " \"otherwise\": [{\"work\": \"by hand\", \"time\": \"700ms\"}]}]}",
        "{\"connection\": \"pool\", \"otherwise\": [{\"work\": \"by hand\", \"time\": \"700ms\"}]}",
    };
    (void)state;
    for (uint32_t i = 0; i < N(first); i++) {
        const struct study_edit edits[] = {
            { "/load/scenarios/orders", "{\"executor\": \"bursts\", \"size\": 1, \"every\": \"1h\","
                                        " \"duration\": \"1h\", \"startTime\": \"344s\"}" },
            { "/groups/servers/backlog", "{\"orders\": [1000]}" },
            { "/kafka/partitions", "1" },
            { "/groups/servers/consumers", "2" },
            { "/stages/serve/steps/0", first[i] },
            { "/run", "{\"ends\": \"345s\"}" },
        };
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, 0, edits, N(edits));
        const bool pool_has_room = i == 3; /* it might not, as far as the plan knows */
        assert_int_equal(facts->group[0].evictions, pool_has_room ? 0 : 1);
        assert_true(trial.plan->disturbed);
        trial_expect_invariants(facts);
        trial_close(&trial);
    }
}

/* Three threads want one row, with tries to spare: who loses sleeps for 4 s and goes again, and ten of those are 40 s.
 * A write that has no second try has no sleep either. */
static void test_a_poll_is_late_by_what_a_write_sleeps(void **state)
{
    static const char *const steps[] = {
        "[{\"begin\": \"stock\"}, {\"read\": \"stock\", \"time\": \"1ms\"},"
        " {\"write\": \"stock\", \"style\": \"version\", \"tries\": 20, \"backoff\": \"4s\","
        " \"effect\": \"reserve\", \"time\": \"1ms\"}, {\"commit\": \"stock\", \"time\": \"20ms\"}, {\"status\": \"PAID\"}]",
        "[{\"begin\": \"stock\"}, {\"read\": \"stock\", \"time\": \"1ms\"},"
        " {\"write\": \"stock\", \"style\": \"version\", \"tries\": 1, \"backoff\": \"4s\", \"effect\": \"reserve\","
        " \"time\": \"1ms\"}, {\"commit\": \"stock\", \"time\": \"20ms\"}, {\"status\": \"PAID\"}]",
    };
    (void)state;
    for (uint32_t i = 0; i < N(steps); i++) {
        const struct study_edit edits[] = {
            { "/orders", "{\"item\": 1, \"quantity\": 1}" },
            { "/tables/stock", "{\"key\": \"item\", \"rows\": 1, \"quantity\": 1000000}" },
            { "/stages/serve/steps", steps[i] },
            { "/groups/servers/max_poll_interval", "40s" },
            { "/groups/servers/backlog", "{\"orders\": [400, 400, 400]}" },
            { "/run", "{\"ends\": \"10m\"}" },
        };
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, 0, edits, N(edits));
        assert_int_equal(facts->group[0].evictions > 0, i == 0);
        assert_int_equal(trial.plan->disturbed, i == 0);
        trial_close(&trial);
    }
}

/* Only somebody else's write makes one in vain: one consumer alone never sleeps, nor do many where no order has a
 * coupon to write. Somebody else is a consumer of another group, also behind a refusal, or an API. */
static void test_a_write_sleeps_only_where_somebody_else_writes(void **state)
{
#define TRIES(table, effect) "[{\"begin\": \"" table "\"}, {\"read\": \"" table "\", \"time\": \"1ms\"}," \
    " {\"write\": \"" table "\", \"style\": \"version\", \"tries\": 20, \"backoff\": \"4s\"," \
    " \"effect\": \"" effect "\", \"time\": \"1ms\"}, {\"commit\": \"" table "\"}, {\"status\": \"PAID\"}]"
    static const char *const stock = TRIES("stock", "reserve"), *const coupons = TRIES("coupons", "use");
    static const char *const none = "{\"item\": 1, \"quantity\": 1}";
    static const char *const half =
        "{\"item\": 1, \"quantity\": 1, \"coupon\": {\"given\": 0.5, \"uniform\": [1, 1000]}}";
    static const char *const only_reads = "[{\"work\": \"ask\", \"refuse\": 0.5, \"otherwise\": [{\"work\": \"w\"}]}]";
#define TAKES "{\"begin\": \"stock\"}, {\"write\": \"stock\", \"effect\": \"reserve\"}, {\"commit\": \"stock\"}"
    static const char *const writes_too = "[{\"work\": \"ask\", \"refuse\": 0.5, \"otherwise\": [" TAKES "]}]";
    static const char *const accepts = "[{\"insert\": \"orders\"}, {\"publish\": \"orders\"}, {\"reply\": 202}]";
    static const char *const takes =
        "[{\"insert\": \"orders\"}, " TAKES ", {\"publish\": \"orders\"}, {\"reply\": 202}]";
#undef TAKES
    static const struct {
        const char *consumers, *orders, *steps, *also, *accept;
        bool may;
    } cases[] = {
        { "1", none, stock, only_reads, accepts, false }, { "2", none, stock, only_reads, accepts, true },
        { "1", none, stock, writes_too, accepts, true },  { "1", none, stock, only_reads, takes, true },
        { "2", none, coupons, only_reads, accepts, false }, { "2", half, coupons, only_reads, accepts, true },
        { "1", half, coupons, writes_too, takes, false },
    };
#undef TRIES
    (void)state;
    for (uint32_t i = 0; i < N(cases); i++) {
        const struct study_edit edits[] = {
            { "/orders", cases[i].orders },
            { "/tables/stock", "{\"key\": \"item\", \"rows\": 1, \"quantity\": 1000000}" },
            { "/tables/coupons", "{\"key\": \"coupon\", \"rows\": 1000, \"quantity\": 1}" },
            { "/stages/serve/steps", cases[i].steps },
            { "/stages/accept/steps", cases[i].accept },
            { "/stages/also", "{\"steps\": []}" },
            { "/stages/also/steps", cases[i].also },
            { "/groups/servers/consumers", cases[i].consumers },
            { "/groups/servers/max_poll_interval", "40s" },
            { "/groups/others", "{\"consumers\": 1, \"reads\": {\"orders\": \"also\"}}" },
        };
        struct trial trial;
        trial_open(&trial, GROUP, edits, N(edits));
        if (trial.plan->disturbed != cases[i].may) fail_msg("case %u", i);
        trial_close(&trial);
    }
}

/* A static member says nothing when it polls too late, and keeps its partitions; but its client has forgotten its
 * generation all the same (maybeLeaveGroup resets it in either case): the commit is refused, its next poll joins again,
 * and within the session it gets the same partitions back without a rebalance, with the batch to do once more. */
static void test_a_static_member_that_polls_late(void **state)
{
    static const char *const session[] = { "60s", "30s" };
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        const struct study_edit edits[] = {
            { "/load/scenarios/orders", "{\"executor\": \"bursts\", \"size\": 1, \"every\": \"1h\","
                                        " \"duration\": \"1h\", \"startTime\": \"399s\"}" },
            { "/groups/servers/backlog", "{\"orders\": [500]}" },
            { "/groups/servers/session_timeout", session[i] },
            { "/kafka/partitions", "1" },
            { "/kafka/static_members", "true" },
            { "/groups/servers/consumers", "2" },
            { "/stages/serve/steps/0/time", "700ms" },
            { "/run", "{\"ends\": \"400s\"}" },
        };
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, 0, edits, N(edits));
        const struct group_facts *group = &facts->group[0];
        assert_int_equal(group->evictions, 1);
        assert_int_equal(group->sessions_expired, i);
        assert_int_equal(group->rebalances > 0, i); /* the session ends: the other one gets the partition */
        for (uint32_t t = 0; t < 400; t++) assert_int_equal(seen.committed[t][0], 0);
        sim_ns again_ns = i == 0 ? 350 * SIM_S : 330 * SIM_S; /* its next poll; the session's end and a heartbeat */
        assert_in_range(group->duplicates, (400 * SIM_S - again_ns) / (700 * SIM_MS) - 1,
                        (400 * SIM_S - again_ns + 6 * SIM_S) / (700 * SIM_MS) + 1);
        assert_int_equal(seen.busy[340], i == 0 ? 1 : 2);
        trial_expect_invariants(facts);
        trial_close(&trial);
    }
}

/* One consumer fewer, and one more again while it still has its batch in hand: it finishes, leaves, and joins anew. */
static void test_taken_out_and_wanted_again(void **state)
{
    static const struct study_edit edits[] = {
        { "/load/scenarios/orders/duration", "2m" },
        { "/groups/servers/backlog", "{\"orders\": [500, 500, 500]}" },
        { "/stages/serve/steps/0/time", "20ms" },
        { "/faults", "{\"in\": {\"scale\": \"servers\", \"to\": 2, \"at\": \"2s\"},"
                     " \"out\": {\"scale\": \"servers\", \"to\": 3, \"at\": \"3s\"},"
                     " \"in-2\": {\"scale\": \"servers\", \"to\": 2, \"at\": \"4s\"},"
                     " \"out-2\": {\"scale\": \"servers\", \"to\": 3, \"at\": \"5s\"}}" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, 0, edits, N(edits));
    trial_expect_invariants(facts);
    assert_int_equal(facts->group[0].duplicates, 0);
    assert_int_equal(facts->group[0].processed, 12000 + 1500);
    assert_in_range(facts->group[0].rebalances, 1, 2); /* its leave and its join, or both at one barrier */
    assert_int_equal(seen.busy[27], 3); /* the backlog is not gone yet */
    trial_close(&trial);
}

/* The worked timeline of semantics 5: batches of 500 records of 40 ms are 20 s; a fourth member joins when the three
 * are 3, 15 and 9 s into theirs. They come to the barrier after 17, 5 and 11 s: it falls at 17 s, 18 consumer-seconds
 * are lost, nothing is delivered twice, and one of the four is idle afterwards. The batches get their phases from
 * backlogs of 375, 75 and 225 records; what follows waits from 1 s on. */
static void test_the_barrier_waits_for_the_slowest_batch(void **state)
{
    static const struct study_edit edits[] = {
        { "/stages/serve/steps/0/time", "40ms" },
        { "/groups/servers/backlog", "{\"orders\": [375, 75, 225]}" },
        { "/load/scenarios/orders", "{\"executor\": \"bursts\", \"size\": 9000, \"every\": \"1h\","
                                    " \"duration\": \"1h\", \"startTime\": \"1s\"}" },
        { "/faults", "{\"pod\": {\"scale\": \"servers\", \"to\": 4, \"at\": \"38s\"}}" },
    };
    (void)state;
    for (uint32_t r = 0; r < 5; r++) {
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, r, edits, N(edits));
        trial_expect_invariants(facts);
        assert_int_equal(facts->group[0].rebalances, 1);
        assert_int_equal(facts->group[0].duplicates, 0);
        assert_true(facts->group[0].longest_rebalance_ns == 17 * SIM_S);
        assert_true(seen.busy_ns[55] - seen.busy_ns[38] == (3 * 17 - 18) * SIM_S);
        assert_true(seen.busy[42] == 3 && seen.busy[44] == 2 && seen.busy[50] == 1 && seen.busy[56] == 3);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], 9000 + 375 + 75 + 225);
        trial_close(&trial);
    }
}

/* Cooperative: nobody stops but for what moves; the member that comes gets what one of the others gives up. */
static void test_cooperative_members_keep_working(void **state)
{
    static const struct study_edit edits[] = {
        { "/kafka/assignor", "cooperative-sticky" },
        { "/groups/servers/consumers", "2" },
        { "/load/scenarios/orders/rate", "60" },
        { "/faults", "{\"pod\": {\"scale\": \"servers\", \"to\": 3, \"at\": \"100s\"}}" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, 0, edits, N(edits));
    trial_expect_invariants(facts);
    assert_int_equal(facts->group[0].rebalances, 2); /* takes away, then gives */
    assert_int_equal(facts->group[0].duplicates, 0);
    uint32_t moved = 0;
    for (uint32_t p = 0; p < PARTITIONS; p++) moved += stands_still(p, 99) > 1;
    assert_in_range(moved, 0, 1);
    trial_close(&trial);
}

/* What a cooperative member keeps goes on as before: at most commit_count of its records wait for their commit, or
 * those of commit_time, and of the 5 s of a poll where no more come. Only who gives a partition up commits out of turn,
 * and before it does. */
static void test_what_is_kept_is_still_committed(void **state)
{
    static const struct { const char *mode; uint32_t stands_still; int64_t most; } modes[] = { /* 20/s a partition */
        { "\"commit_mode\": \"count\", \"commit_count\": 20", 2, 20 },
        { "\"commit_mode\": \"time\", \"commit_time\": \"2s\"", 2 + 5, 0 },
    };
    (void)state;
    for (size_t i = 0; i < N(modes); i++) {
        char group[160];
        snprintf(group, sizeof group, "{\"consumers\": 2, \"reads\": {\"orders\": \"serve\"}, %s}", modes[i].mode);
        const struct study_edit edits[] = {
            { "/kafka/assignor", "cooperative-sticky" },
            { "/groups/servers", group },
            { "/load/scenarios/orders/rate", "60" },
            { "/faults", "{\"pod\": {\"scale\": \"servers\", \"to\": 3, \"at\": \"100s\"}}" },
        };
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, 0, edits, N(edits));
        trial_expect_invariants(facts);
        assert_int_equal(facts->group[0].rebalances, 2);
        assert_int_equal(facts->group[0].duplicates, 0);
        for (uint32_t p = 0; p < PARTITIONS; p++) {
            assert_in_range(stands_still(p, 110), 0, modes[i].stands_still);
            assert_in_range(seen.lag[seen.n - 1][p], 0, modes[i].most);
        }
        trial_close(&trial);
    }
    static const struct study_edit never[] = {
        { "/kafka/assignor", "cooperative-sticky" },
        { "/groups/servers", "{\"consumers\": 2, \"reads\": {\"orders\": \"serve\"}, \"commit_mode\": \"count\","
                             " \"commit_count\": 1000000}" },
        { "/load/scenarios/orders/rate", "60" },
        { "/faults", "{\"pod\": {\"scale\": \"servers\", \"to\": 3, \"at\": \"100s\"}}" },
    };
    struct trial trial;
    const struct run_facts *facts = run_with(&trial, 0, never, N(never));
    trial_expect_invariants(facts);
    assert_int_equal(facts->group[0].duplicates, 0);
    assert_int_equal(facts->group[0].commits, 1); /* of the member that had two partitions, as it gives one up */
    trial_close(&trial);
}

/* An orderly stop finishes and commits its batch, and tells the group: no duplicate, no session. One that is not given
 * the time is killed, and its batch comes again. */
static void test_a_rolling_restart(void **state)
{
    static const struct study_edit good[] = {
        { "/faults", "{\"deploy\": {\"restart\": \"back\", \"at\": \"100s\", \"back_after\": \"15s\"}}" },
    };
    static const struct study_edit hasty[] = {
        { "/stages/serve/steps/0/time", "40ms" },
        { "/faults", "{\"deploy\": {\"restart\": \"back\", \"at\": \"300s\", \"back_after\": \"15s\","
                     " \"kill_after\": \"1ms\"}}" },
    };
    static const struct study_edit at_once[] = { /* SIGKILL: an idle consumer does not leave its group either */
        { "/faults", "{\"deploy\": {\"restart\": \"back\", \"at\": \"100s\", \"back_after\": \"15s\","
                     " \"kill_after\": \"0s\"}}" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, 0, good, N(good));
    trial_expect_invariants(facts);
    assert_int_equal(facts->group[0].duplicates + facts->group[0].sessions_expired + facts->fault[0].killed, 0);
    assert_int_equal(facts->group[0].rebalances, 4); /* one comes as the next one leaves; the fourth has no consumer */
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 60000);
    trial_close(&trial);
    facts = run_with(&trial, 0, hasty, N(hasty));
    trial_expect_invariants(facts);
    assert_int_equal(facts->fault[0].killed, 3);
    assert_true(facts->group[0].duplicates > 0 && facts->group[0].sessions_expired == 3);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 60000);
    trial_close(&trial);
    facts = run_with(&trial, 0, at_once, N(at_once));
    trial_expect_invariants(facts);
    assert_int_equal(facts->fault[0].killed, 4);
    assert_int_equal(facts->group[0].sessions_expired, 3);
    trial_close(&trial);
}

/* Who leaves commits what it has done, idle or at work: nothing is delivered again. An order every 50 ms, of 5 ms, and
 * none is committed by the time of the stop: 35 ms after one has come, or 2 ms. */
static void test_who_leaves_commits_first(void **state)
{
    static const char *const modes[] = {
        "\"commit_mode\": \"count\", \"commit_count\": 1000000",
        "\"commit_mode\": \"time\", \"commit_time\": \"1h\"",
    };
    static const char *const faults[] = {
        "{\"deploy\": {\"restart\": \"back\", \"at\": \"%s\", \"back_after\": \"15s\"}}",
        "{\"pod\": {\"scale\": \"servers\", \"to\": 1, \"at\": \"%s\"}}",
    };
    (void)state;
    for (size_t i = 0; i < 2 * 2 * 2; i++) {
        char group[160], fault[160];
        snprintf(group, sizeof group, "{\"consumers\": 3, \"reads\": {\"orders\": \"serve\"}, %s}", modes[i % 2]);
        snprintf(fault, sizeof fault, faults[i / 2 % 2], i / 4 ? "100.002s" : "100.035s");
        const struct study_edit edits[] = {
            { "/groups/servers", group },
            { "/load/scenarios/orders/rate", "20" },
            { "/kafka/commit", "3ms" },
            { "/faults", fault },
        };
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, 0, edits, N(edits));
        trial_expect_invariants(facts);
        assert_int_equal(facts->group[0].duplicates + facts->group[0].sessions_expired, 0);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], 12000);
        trial_close(&trial);
    }
}

/* A record every 22 s, done after 5 ms. The loop turns when a poll has waited 5 s for nothing, and its clock of
 * commit_time is set anew whenever that has passed, be there something to commit or not. With 5 s that is at every idle
 * turn: the last one is 2 s old when the next record is done, and 5 s later it is committed. With 13 s it is at 15.005,
 * 32.005, 49.005, 64.005 (nothing waits), 81.005 and 98.005 s, worked out turn by turn. */
static void test_the_clock_goes_on_while_nothing_comes(void **state)
{
    static const struct { const char *group; uint32_t committed_s[5]; } cases[] = {
        { "{\"consumers\": 1, \"reads\": {\"orders\": \"serve\"}, \"commit_mode\": \"time\", \"commit_time\": \"5s\"}",
          { 5, 27, 49, 71, 93 } },
        { "{\"consumers\": 1, \"reads\": {\"orders\": \"serve\"}, \"commit_mode\": \"time\", \"commit_time\": \"13s\"}",
          { 15, 32, 49, 81, 98 } },
    };
    static const char *const faults[] = { "{}", "{\"never\": {\"crash\": \"back\", \"at\": \"1h\"}}" };
    (void)state;
    for (size_t i = 0; i < N(cases) * N(faults); i++) {
        const struct study_edit edits[] = {
            { "/load/scenarios/orders", "{\"executor\": \"constant-arrival-rate\", \"rate\": 1, \"timeUnit\": \"22s\","
                                        " \"duration\": \"110s\"}" },
            { "/groups/servers", cases[i / 2].group },
            { "/faults", faults[i % 2] },
        };
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, 0, edits, N(edits));
        trial_expect_invariants(facts);
        for (uint32_t record = 0; record < 5; record++)
            for (uint32_t t = 22 * record + 1; t < 22 * record + 22 && t < seen.n; t++)
                assert_int_equal(seen.lag[t][0] + seen.lag[t][1] + seen.lag[t][2],
                                 t <= cases[i / 2].committed_s[record]);
        trial_close(&trial);
    }
}

/* A static member whose process comes back into a round that another member began says that it has no partitions,
 * although the coordinator has not forgotten which it had: what goes to the new member goes at once, for there is nobody
 * who would give it up. */
static void test_a_static_member_comes_back_with_nothing(void **state)
{
    static const struct study_edit edits[] = {
        { "/kafka/assignor", "cooperative-sticky" },
        { "/kafka/static_members", "true" },
        { "/groups/servers/consumers", "1" },
        { "/faults", "{\"kill\": {\"crash\": \"back\", \"instance\": 0, \"at\": \"100.022s\", \"back_after\": \"20s\"},"
                     " \"pod\": {\"scale\": \"servers\", \"to\": 2, \"at\": \"105s\"}}" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, 0, edits, N(edits));
    trial_expect_invariants(facts);
    assert_int_equal(facts->group[0].sessions_expired, 0);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 60000);
    trial_close(&trial);
}

/* A static member joins a cooperative round at 11 s, with a poll of 24 records of 1 s each. The assignment takes one of its
 * partitions away, for the member that has come, and waits for its next poll. That comes too late (20 s): the client has
 * forgotten its generation and its partitions, and gets from the stable group what is stored for it. Nothing is left to
 * give up, and no second round begins: of the three records that it did not come to, and of the thirty that come then, a
 * third is never read. */
static void test_a_partition_is_left_between_two_rounds(void **state)
{
    static const struct study_edit edits[] = {
        { "/load/scenarios", "{\"first\": {\"executor\": \"constant-arrival-rate\", \"rate\": 10, \"duration\": \"3500ms\"},"
                             " \"then\": {\"executor\": \"constant-arrival-rate\", \"rate\": 1, \"duration\": \"30s\","
                             " \"startTime\": \"100s\"}}" },
        { "/kafka/assignor", "cooperative-sticky" },
        { "/kafka/static_members", "true" },
        { "/kafka/max_poll_interval", "20s" },
        { "/kafka/fetch_order", "arrival" },
        { "/stages/serve/steps/0/time", "1s" },
        { "/groups/servers/consumers", "1" },
        { "/faults", "{\"pod\": {\"scale\": \"servers\", \"to\": 2, \"at\": \"5s\"}}" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, 0, edits, N(edits));
    assert_int_equal(facts->group[0].rebalances, 1);
    assert_int_equal(facts->group[0].evictions, 1);
    assert_int_equal(facts->orders.by_status[ORDER_PENDING], 1 + 10);
    assert_int_equal(facts->mishaps[MISHAP_UNREAD], 1);
    assert_int_equal(facts->invariant[INVARIANT_K6].violations, 0);
    assert_int_equal(facts->group[0].unowned, 1);
    trial_close(&trial);
}

/* What lies between two rounds of which the second is to come is not lost. */
static void test_a_partition_between_two_rounds(void **state)
{
    (void)state;
    for (int after_ms = 0; after_ms < 8000; after_ms += 100) {
        char ends[16];
        snprintf(ends, sizeof ends, "%dms", 100000 + after_ms);
        const struct study_edit edits[] = {
            { "/run/ends", ends },
            { "/kafka/assignor", "cooperative-sticky" },
            { "/kafka/fetch", "200ms" },
            { "/groups/servers/consumers", "2" },
            { "/load/scenarios/orders/rate", "60" },
            { "/faults", "{\"pod\": {\"scale\": \"servers\", \"to\": 3, \"at\": \"100s\"}}" },
        };
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, 0, edits, N(edits));
        assert_int_equal(facts->group[0].unowned, 0);
        trial_close(&trial);
    }
}

/* A member that comes and goes again, after every time up to 4 s. Whenever the round of its coming has passed the barrier
 * and is not dealt yet, the others hear of the next round in place of their assignment, and must ask to join again. */
static void test_a_round_overtakes_another(void **state)
{
    uint64_t rebalances = 0;
    (void)state;
    for (int after_ms = 0; after_ms < 4000; after_ms += 50) {
        char faults[160];
        snprintf(faults, sizeof faults, "{\"pod\": {\"scale\": \"servers\", \"to\": 4, \"at\": \"10s\"},"
                                        " \"back\": {\"scale\": \"servers\", \"to\": 3, \"at\": \"%dms\"}}",
                 10000 + after_ms);
        const struct study_edit edits[] = {
            { "/load/scenarios/orders", "{\"executor\": \"constant-arrival-rate\", \"rate\": 10, \"duration\": \"30s\"}" },
            { "/kafka/fetch", "200ms" },
            { "/faults", faults },
        };
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, 0, edits, N(edits));
        trial_expect_invariants(facts);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], 300);
        assert_int_equal(facts->group[0].late_dropped, 0);
        rebalances += facts->group[0].rebalances;
        trial_close(&trial);
    }
    assert_in_range(rebalances, 80 + 10, 2 * 80 - 10); /* one round for both changes, or one for each */
}

/* A group that starts at 30 s: nobody is a member before, so whatever befalls its processes until then, and is over,
 * changes nothing. */
static void test_nobody_is_there_before_the_start(void **state)
{
    static const char *const faults[] = {
        "{\"x\": {\"crash\": \"back\", \"instance\": 1, \"at\": \"5s\", \"back_after\": \"1s\"}}",
        "{\"x\": {\"restart\": \"back\", \"at\": \"5s\", \"back_after\": \"1s\"}}",
        "{\"x\": {\"pause\": \"back\", \"instance\": 1, \"at\": \"5s\", \"for\": \"20s\"}}",
        "{\"x\": {\"scale\": \"servers\", \"to\": 1, \"at\": \"5s\"}, "
        "\"y\": {\"scale\": \"servers\", \"to\": 3, \"at\": \"6s\"}}",
    };
    static const struct study_edit late = { "/groups/servers/start", "30s" };
    struct trial plain;
    (void)state;
    const struct run_facts *a = run_with(&plain, 0, &late, 1);
    assert_int_equal(a->group[0].peak_backlog, 3001); /* orders of 0, 10, .. 30000 ms */
    for (size_t i = 0; i < N(faults); i++) {
        const struct study_edit edits[] = { late, { "/faults", faults[i] } };
        struct trial trial;
        const struct run_facts *b = run_with(&trial, 0, edits, N(edits));
        assert_int_equal(b->fault[0].happened, 1);
        assert_int_equal(b->group[0].sessions_expired + b->group[0].rebalances, 0);
        assert_true(a->fingerprint == b->fingerprint && a->end_ns == b->end_ns);
        trial_close(&trial);
    }
    trial_close(&plain);
}

/* Who is there at 30 s has all partitions then, and is fast enough for them; who comes later joins. Where nobody is
 * there, those who are back at 31 s begin a group: its initial delay of 3 s, and once more as others came meanwhile. */
static void test_who_is_there_at_the_start(void **state)
{
    static const struct { const char *faults; uint64_t rebalances; sim_ns begins_s; } cases[] = {
        { "{\"x\": {\"scale\": \"servers\", \"to\": 1, \"at\": \"5s\"}}", 0, 30 },
        { "{\"x\": {\"crash\": \"back\", \"instance\": 1, \"at\": \"29.5s\", \"back_after\": \"1s\"}}", 1,
          30 },
        { "{\"x\": {\"pause\": \"back\", \"instance\": 1, \"at\": \"29s\", \"for\": \"2s\"}}", 1, 30 },
        { "{\"x\": {\"crash\": \"back\", \"instance\": 0, \"at\": \"29s\", \"back_after\": \"2s\"}, "
          "\"y\": {\"crash\": \"back\", \"instance\": 1, \"at\": \"29s\", \"back_after\": \"2s\"}, "
          "\"z\": {\"crash\": \"back\", \"instance\": 2, \"at\": \"29s\", \"back_after\": \"2s\"}}", 1,
          37 },
    };
    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        const struct study_edit edits[] = { { "/groups/servers/start", "30s" }, { "/faults", cases[i].faults } };
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, 0, edits, N(edits));
        trial_expect_invariants(facts);
        const struct group_facts *group = &facts->group[0];
        assert_int_equal(group->sessions_expired, 0);
        assert_int_equal(group->rebalances, cases[i].rebalances);
        assert_int_equal(group->processed, 60000);
        assert_int_equal(group->peak_backlog_at_ns, cases[i].begins_s * SIM_S);
        assert_int_equal(group->peak_backlog, 100 * cases[i].begins_s + 1);
        trial_close(&trial);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_is_there_before_the_start),
        cmocka_unit_test(test_who_is_there_at_the_start),
        cmocka_unit_test(test_a_crash_is_noticed_by_the_session),
        cmocka_unit_test(test_killed_while_it_stands_still),
        cmocka_unit_test(test_what_comes_again_is_backlog),
        cmocka_unit_test(test_back_before_the_session_ends),
        cmocka_unit_test(test_a_new_group_waits_for_more),
        cmocka_unit_test(test_a_new_group_joins_by_the_protocol),
        cmocka_unit_test(test_a_late_poll_is_evicted),
        cmocka_unit_test(test_a_poll_is_late_by_what_stands_in_otherwise),
        cmocka_unit_test(test_a_poll_is_late_by_what_a_write_sleeps),
        cmocka_unit_test(test_a_write_sleeps_only_where_somebody_else_writes),
        cmocka_unit_test(test_a_static_member_that_polls_late),
        cmocka_unit_test(test_taken_out_and_wanted_again),
        cmocka_unit_test(test_the_barrier_waits_for_the_slowest_batch),
        cmocka_unit_test(test_cooperative_members_keep_working),
        cmocka_unit_test(test_what_is_kept_is_still_committed),
        cmocka_unit_test(test_a_rolling_restart),
        cmocka_unit_test(test_who_leaves_commits_first),
        cmocka_unit_test(test_the_clock_goes_on_while_nothing_comes),
        cmocka_unit_test(test_a_static_member_comes_back_with_nothing),
        cmocka_unit_test(test_a_partition_is_left_between_two_rounds),
        cmocka_unit_test(test_a_partition_between_two_rounds),
        cmocka_unit_test(test_a_round_overtakes_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
