/* SPDX-License-Identifier: GPL-3.0-or-later
 * Autoscalers in runs: what they see and when, what their pods do to the group, and what a run waits for (semantics 11;
 * lines 21 to 23 of 16). Network and commits take no time unless a test says so; the phases of the two clocks are
 * drawn, so a test holds for every replication. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/support/trial.h"

/* clang-format off */
/* A burst of 6000 orders after a minute, a record in 20 ms, so that a batch of 500 takes 10 s. */
static const char BURST[] = TRIAL_JSON({
    "run": { "ends": "20m" },
    "load": { "scenarios": {
        "orders": { "executor": "bursts", "size": 6000, "every": "1h", "duration": "1h", "startTime": "60s" } } },
    "kafka": { "partitions": 3, "key": "id_modulo" },
    "topics": { "orders": {} },
    "tables": { "orders": { "key": "order_id" } },
    "processes": {
        "front": { "connections": 0, "api": { "threads": 10000, "stage": "accept" } },
        "back": { "connections": 0, "groups": "all" }
    },
    "groups": { "servers": { "consumers": 1, "reads": { "orders": "serve" } } },
    "stages": {
        "accept": { "steps": [ { "insert": "orders" }, { "publish": "orders" }, { "reply": 202 } ] },
        "serve": { "steps": [ { "work": "serve", "time": "20ms" }, { "status": "PAID" } ] }
    },
    "scalers": { "keda": {
        "group": "servers", "lag_threshold": 2000, "min_replica_count": 1, "max_replica_count": 3, "pod_start": "25s" } }
});
/* clang-format on */

enum { SECONDS = 4000 };

/* Of the scaler and its group, at every full second. */
static struct watch {
    uint32_t n;
    struct scaler_level scaler[SECONDS];
    int64_t lag[SECONDS], backlog[SECONDS];
} seen;

static void on_sample(void *context, const struct run_levels *levels)
{
    struct watch *watch = context;
    if (watch->n == SECONDS) return;
    watch->scaler[watch->n] = levels->scaler[0];
    for (uint32_t i = 0; i < levels->n_partitions; i++) {
        watch->lag[watch->n] += levels->partition[i].lag;
        watch->backlog[watch->n] += levels->partition[i].backlog;
    }
    watch->n++;
}

static const struct run_facts *run_with(struct trial *trial, uint32_t replication, const struct study_edit *edit,
                                        uint32_t n)
{
    const struct observer observer = { .context = &seen, .on_sample = on_sample };
    memset(&seen, 0, sizeof seen);
    trial_open(trial, BURST, edit, n);
    return trial_run(trial, replication, &observer);
}

#define N(edits) (sizeof(edits) / sizeof(edits)[0])

/* The pods of every second, consumers each, add up to what the run says they cost, but for the second in which one
 * comes or goes. */
static void expect_cost(const struct run_facts *facts, uint32_t of_pod)
{
    double sum_s = 0;
    for (uint32_t t = 0; t + 1 < seen.n; t++)
        sum_s += seen.scaler[t].starting + seen.scaler[t].ready + seen.scaler[t].ending;
    const double cost_s = (double)facts->scaler[0].consumer_ns * 1e-9;
    const double changes =
        (double)(2 * seen.scaler[0].replicas + 8 * facts->scaler[0].ups + 8 * facts->scaler[0].downs);
    assert_true(cost_s > (sum_s - changes) * of_pod && cost_s < (sum_s + changes + 2) * of_pod);
}

/* ---- line 21: it does not see the backlog, and it does not act at once ---- */

/* What it sees is the committed lag, which stands still for the ten seconds of a batch; it looks every 15 s; a pod
 * needs its 25 s; and then the group waits for the batch in hand. */
static void test_a_burst_is_met_late(void **state)
{
    int64_t ahead = 0;
    (void)state;
    for (uint32_t r = 0; r < 8; r++) {
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, r, NULL, 0);
        const struct scaler_facts *scaler = &facts->scaler[0];
        trial_expect_invariants(facts);
        assert_in_range(scaler->first_up_ns, 60 * SIM_S, 75 * SIM_S);
        assert_true(scaler->first_ready_ns == scaler->first_up_ns + 25 * SIM_S);
        /* The metric is the lag of that instant, and not what is left to do. */
        const uint32_t at = (uint32_t)(scaler->first_up_ns / SIM_S);
        assert_true(seen.scaler[at + 1].told == seen.lag[at] || seen.scaler[at + 1].told == seen.lag[at + 1]);
        ahead += seen.scaler[at + 1].told - seen.backlog[at + 1];
        /* Its consumers own nothing until the one at work has finished its batch, at 60 + 10 k s. */
        uint32_t ready = (uint32_t)(scaler->first_ready_ns / SIM_S) + 1, works = ready;
        assert_int_equal(seen.scaler[ready].ready, 3);
        while (seen.scaler[works].idle > 0) works++;
        assert_true(works >= 90 && works % 10 <= 1 && works - ready <= 13);
        assert_int_equal(facts->group[0].duplicates, 0);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], 6000);
        expect_cost(facts, 1);
        trial_close(&trial);
    }
    assert_true(ahead > 8 * 100); /* half a batch is 250 records */
}

/* The cached metric is what KEDA's last poll has read, up to 30 s old. */
static void test_a_cached_metric_is_later(void **state)
{
    static const struct study_edit cached[] = { { "/scalers/keda/use_cached_metrics", "true" } };
    uint32_t later = 0;
    (void)state;
    for (uint32_t r = 0; r < 20; r++) {
        struct trial trial;
        sim_ns live_ns = run_with(&trial, r, NULL, 0)->scaler[0].first_up_ns;
        trial_close(&trial);
        sim_ns cached_ns = run_with(&trial, r, cached, N(cached))->scaler[0].first_up_ns;
        trial_close(&trial);
        assert_true(cached_ns >= live_ns && cached_ns <= 60 * SIM_S + 45 * SIM_S);
        later += cached_ns > live_ns;
    }
    assert_in_range(later, 3, 20);
}

/* ---- lines 22 and 23: a fourth pod for three partitions, and what it does ---- */

/* Lag that stands still: records of 20 s each, none of the batches is committed before the end. 33 is within the
 * tolerance of three pods; at 36 a fourth one comes, stays idle, and makes everybody wait for the longest batch; from
 * 40 on the lag is cut. */
static void test_the_hole_in_the_partition_cap(void **state)
{
    static const struct {
        const char *backlog;
        int64_t lag;
        uint32_t pods;
    } cases[] = {
        { "{\"orders\": [11, 11, 11]}", 33, 3 }, { "{\"orders\": [12, 12, 10]}", 34, 4 },
        { "{\"orders\": [12, 12, 12]}", 36, 4 }, { "{\"orders\": [13, 13, 13]}", 39, 4 },
        { "{\"orders\": [14, 13, 13]}", 40, 3 }, { "{\"orders\": [500, 500, 500]}", 1500, 3 },
    };
    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        const struct study_edit edits[] = {
            { "/load", "{\"scenarios\": {}}" },
            { "/groups/servers/backlog", cases[i].backlog },
            { "/groups/servers/consumers", "3" },
            { "/processes/back/instances", "3" },
            { "/stages/serve/steps/0/time", "20s" },
            { "/kafka/max_poll_interval", "10h" },
            { "/scalers/keda/lag_threshold", "10" },
            { "/scalers/keda/max_replica_count", "8" },
            { "/run/ends", "200s" },
        };
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, 0, edits, N(edits));
        assert_int_equal(seen.lag[40], cases[i].lag);
        assert_int_equal(facts->scaler[0].peak_replicas, cases[i].pods);
        assert_int_equal(seen.scaler[190].idle, cases[i].pods == 4 ? 1 : 0);
        assert_int_equal(facts->scaler[0].ups, cases[i].pods == 4);
        trial_close(&trial);
    }
}

/* A scaler counts pods: three of three consumers each are nine for three partitions. */
static void test_pods_are_counted_and_not_consumers(void **state)
{
    static const struct study_edit edits[] = { { "/groups/servers/consumers", "3" } };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, 0, edits, N(edits));
    trial_expect_invariants(facts);
    assert_int_equal(facts->scaler[0].peak_replicas, 3);
    assert_int_equal(facts->scaler[0].peak_consumers, 9);
    expect_cost(facts, 3);
    trial_close(&trial);
}

/* With batches that take longer than the queries are apart, a busy partition's offset has not moved:
 * excludePersistentLag takes it for stuck, and pods go under load. Without it they stay. */
static void test_persistent_lag_hides_busy_partitions(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        const struct study_edit edits[] = {
            { "/scalers/keda/exclude_persistent_lag", k == 0 ? "true" : "false" },
            { "/stages/serve/steps/0/time", "200ms" },
            { "/scalers/keda/downscale_stabilization", "0s" },
            { "/groups/servers/consumers", "3" },
            { "/processes/back/instances", "3" },
            { "/run/ends", "90s" },
            { "/load", "{\"scenarios\": {}}" },
            { "/groups/servers/backlog", "{\"orders\": [2000, 2000, 2000]}" },
        };
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, 0, edits, N(edits));
        trial_expect_invariants(facts);
        assert_int_equal(seen.lag[60], 6000);
        assert_int_equal(seen.scaler[60].replicas, k == 0 ? 1 : 3);
        assert_int_equal(facts->scaler[0].downs > 0, k == 0);
        trial_close(&trial);
    }
}

/* ---- pods that go ---- */

/* Told to stop, a consumer finishes its batch, commits and leaves: nothing comes twice, no session ends, the others
 * take its partitions over. Down to one pod at a time by a policy. */
static void test_an_orderly_end(void **state)
{
    static const struct study_edit edits[] = {
        { "/load/scenarios/orders", "{\"executor\": \"constant-arrival-rate\", \"rate\": 100, \"duration\": \"15m\"}" },
        { "/groups/servers/backlog", "{\"orders\": [3000, 3000, 3000]}" },
        { "/stages/serve/steps/0/time", "7ms" },
        { "/scalers/keda",
          "{\"group\": \"servers\", \"lag_threshold\": 2000, \"min_replica_count\": 1, \"max_replica_count\": 3,"
          " \"downscale_stabilization\": \"30s\", \"pod_start\": \"10s\"}" },
    };
    (void)state;
    for (uint32_t r = 0; r < 8; r++) {
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, r, edits, N(edits));
        trial_expect_invariants(facts);
        assert_true(facts->scaler[0].ups >= 1 && facts->scaler[0].downs >= 1);
        assert_int_equal(facts->scaler[0].killed + facts->group[0].duplicates + facts->group[0].sessions_expired, 0);
        assert_true(facts->group[0].rebalances >= 2);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], facts->orders.created);
        assert_int_equal(facts->group[0].processed, facts->orders.created);
        expect_cost(facts, 1);
        trial_close(&trial);
    }
}

/* Without the time for it, it is killed: its batch comes again, and its session ends 45 s later. */
static void test_an_end_without_time(void **state)
{
    static const struct study_edit edits[] = {
        { "/load", "{\"scenarios\": {}}" },
        { "/groups/servers/backlog", "{\"orders\": [1000, 1000, 1000]}" },
        { "/groups/servers/consumers", "3" },
        { "/processes/back/instances", "3" },
        { "/stages/serve/steps/0/time", "100ms" },
        { "/scalers/keda/lag_threshold", "1500" },
        { "/scalers/keda/downscale_stabilization", "0s" },
        { "/scalers/keda/kill_after", "1s" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, 0, edits, N(edits));
    trial_expect_invariants(facts);
    assert_true(facts->scaler[0].killed >= 1);
    assert_int_equal(facts->group[0].sessions_expired, facts->scaler[0].killed);
    assert_true(facts->group[0].duplicates > 0);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 3000);
    trial_close(&trial);
}

/* ---- to zero, and back ---- */

/* Pods that nobody has seen active go with KEDA's first look; records that come then wait for the next poll, a pod, and
 * its group; five minutes after the last activity there is none again. The run itself ends when nothing waits. */
static void test_to_zero_and_back(void **state)
{
    static const struct study_edit edits[] = {
        { "/load/scenarios/orders", "{\"executor\": \"bursts\", \"size\": 50, \"every\": \"20m\", \"duration\": "
                                    "\"30m\", \"startTime\": \"100s\"}" },
        { "/scalers/keda/min_replica_count", "0" },
        { "/run/ends", "quiescent" },
    };
    (void)state;
    for (uint32_t r = 0; r < 8; r++) {
        struct trial trial;
        const struct run_facts *facts = run_with(&trial, r, edits, N(edits));
        const struct scaler_facts *scaler = &facts->scaler[0];
        trial_expect_invariants(facts);
        assert_int_equal(facts->orders.by_status[ORDER_PAID], 100);
        assert_int_equal(scaler->to_zero, 2);
        assert_int_equal(scaler->from_zero, 2);
        assert_int_equal(seen.scaler[90].replicas, 0);
        assert_in_range(scaler->first_up_ns, 100 * SIM_S, 130 * SIM_S);
        assert_true(facts->group[0].peak_lag_ns >= scaler->first_ready_ns - 100 * SIM_S);
        /* The last activity is seen before the burst is done, at the latest 30 s before a poll that finds nothing. */
        assert_int_equal(seen.scaler[100 + 1100].replicas, 0);
        assert_true(facts->end_ns > 1300 * SIM_S && facts->end_ns < 1400 * SIM_S);
        trial_close(&trial);
    }
}

/* Below the activation threshold nobody comes: the orders hang, and the run ends all the same. */
static void test_below_the_activation_threshold(void **state)
{
    static const struct study_edit edits[] = {
        { "/load/scenarios/orders", "{\"executor\": \"bursts\", \"size\": 50, \"every\": \"1h\", \"duration\": \"1h\", "
                                    "\"startTime\": \"100s\"}" },
        { "/scalers/keda/min_replica_count", "0" },
        { "/scalers/keda/activation_lag_threshold", "50" },
        { "/run/ends", "quiescent" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, 0, edits, N(edits));
    assert_int_equal(facts->orders.by_status[ORDER_PENDING], 50);
    assert_int_equal(facts->scaler[0].from_zero, 0);
    assert_true(facts->end_ns < 200 * SIM_S);
    trial_close(&trial);
}

/* A dead pod that comes back is still one; one that is on its way out when it dies is gone. */
static void test_pods_that_crash(void **state)
{
    static const struct study_edit edits[] = {
        { "/faults", "{\"oom\": {\"crash\": \"back\", \"at\": \"200s\", \"back_after\": \"8s\"}}" },
    };
    struct trial trial;
    (void)state;
    const struct run_facts *facts = run_with(&trial, 0, edits, N(edits));
    trial_expect_invariants(facts);
    assert_int_equal(facts->fault[0].happened, 1);
    assert_int_equal(facts->orders.by_status[ORDER_PAID], 6000);
    assert_int_equal(seen.scaler[1100].ready, seen.scaler[1100].replicas);
    trial_close(&trial);
}

/* The only pod dies for good with its first batch. While a pod will come for what waits the run goes on: one that is on
 * its way, and one that the autoscaler has yet to ask for. Where none will, it ends, and the orders hang. */
static void test_pods_that_come_for_the_dead(void **state)
{
    enum { KILLED, CAPPED, TOO_FEW, PERSISTENT, CASES };
    static const char *const most[CASES] = { "3", "1", "3", "3" };
    static const char *const threshold[CASES] = { "10", "10", "100000", "10" };
    (void)state;
    for (uint32_t i = 0; i < CASES; i++)
        for (uint32_t r = 0; r < 8; r++) {
            const struct study_edit edits[] = {
                { "/faults", "{\"oom\": {\"crash\": \"back\", \"at\": \"65s\"}}" },
                { "/load/scenarios/orders/size", "600" },
                { "/kafka/session_timeout", "6s" },
                { "/scalers/keda/max_replica_count", most[i] },
                { "/scalers/keda/lag_threshold", threshold[i] },
                { "/scalers/keda/exclude_persistent_lag", i == PERSISTENT ? "true" : "false" },
                { "/run/ends", "quiescent" },
                { "/run/at_most", "2h" },
            };
            struct trial trial;
            const struct run_facts *facts = run_with(&trial, r, edits, N(edits));
            assert_false(facts->cut);
            if (i == KILLED) trial_expect_invariants(facts);
            if (i == KILLED) assert_int_equal(facts->orders.by_status[ORDER_PAID], 600);
            else if (i != PERSISTENT) assert_in_range(facts->end_ns, 60 * SIM_S, 65 * SIM_S); /* its last fact */
            trial_close(&trial);
        }
}

/* A run is a function of scenario, seed and replication. */
static void test_the_same_again(void **state)
{
    struct trial trial;
    (void)state;
    const uint64_t first = run_with(&trial, 3, NULL, 0)->fingerprint;
    trial_close(&trial);
    assert_true(run_with(&trial, 3, NULL, 0)->fingerprint == first);
    trial_close(&trial);
    assert_true(run_with(&trial, 4, NULL, 0)->fingerprint != first);
    trial_close(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_burst_is_met_late),
        cmocka_unit_test(test_a_cached_metric_is_later),
        cmocka_unit_test(test_the_hole_in_the_partition_cap),
        cmocka_unit_test(test_pods_are_counted_and_not_consumers),
        cmocka_unit_test(test_persistent_lag_hides_busy_partitions),
        cmocka_unit_test(test_an_orderly_end),
        cmocka_unit_test(test_an_end_without_time),
        cmocka_unit_test(test_to_zero_and_back),
        cmocka_unit_test(test_below_the_activation_threshold),
        cmocka_unit_test(test_pods_that_crash),
        cmocka_unit_test(test_pods_that_come_for_the_dead),
        cmocka_unit_test(test_the_same_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
