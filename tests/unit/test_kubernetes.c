/* SPDX-License-Identifier: GPL-3.0-or-later
 * The arithmetic of KEDA and of the HorizontalPodAutoscaler, case by case (semantics 11, 14 J, line 22 of 16), and the
 * autoscaler against a second writing of its rules that keeps every recommendation and event it has ever made. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "models/kubernetes/hpa.h"
#include "models/kubernetes/keda.h"
#include "sim/engine/random.h"
#include "tests/support/own_arena.h"

enum { PARTITIONS_MAX = 64 };

/* KEDA's and Kubernetes' defaults. */
static struct scaler_spec usual(void)
{
    return (struct scaler_spec){ .lag_threshold = 10,
                                 .max_replicas = 100,
                                 .polling_ns = 30 * SIM_S,
                                 .cooldown_ns = 300 * SIM_S,
                                 .sync_ns = 15 * SIM_S,
                                 .tolerance = 0.1,
                                 .downscale_window_ns = 300 * SIM_S };
}

static const struct scale_rules usual_up = { .n_policies = 2,
                                             .policy = { { false, 4, 15 * SIM_S }, { true, 100, 15 * SIM_S } } };
static const struct scale_rules usual_down = { .window_ns = 300 * SIM_S,
                                               .n_policies = 1,
                                               .policy = { { true, 100, 15 * SIM_S } } };

/* What KEDA tells of so many partitions that share a lag, the first ones one record more. */
static struct keda_metric told(const struct scaler_spec *spec, uint32_t n, int64_t lag)
{
    struct keda keda;
    struct keda_partition partition[PARTITIONS_MAX];
    keda_init(&keda, spec, RESET_LATEST, n, &arena);
    for (uint32_t i = 0; i < n; i++) partition[i] = (struct keda_partition){ 1000 + lag / n + (i < lag % n), 1000 };
    return keda_query(&keda, partition);
}

/* ---- KEDA ---- */

/* 14 J: three partitions, threshold 10, three pods. Up to 33 is within the tolerance; 34 to 39 is not yet cut, and four
 * are asked for; from 40 on the lag is cut to 30. */
static void test_partitions_do_not_cap_exactly(void **state)
{
    const struct scaler_spec spec = usual();
    (void)state;
    for (int64_t lag = 28; lag <= 500; lag++) {
        const uint32_t pods = hpa_desired(&spec, 3, told(&spec, 3, lag).lag);
        assert_int_equal(pods, lag >= 34 && lag <= 39 ? 4 : 3);
    }
}

/* Idle consumers allowed: nothing is cut. */
static void test_idle_consumers_may_be_asked_for(void **state)
{
    struct scaler_spec spec = usual();
    (void)state;
    spec.allow_idle_consumers = true;
    assert_int_equal(told(&spec, 3, 400).lag, 400);
    assert_int_equal(hpa_desired(&spec, 3, 400), 40);
    spec.allow_idle_consumers = false;
    assert_int_equal(told(&spec, 3, 400).lag, 30);
    assert_int_equal(told(&spec, 3, 400).residual, 400);
}

/* The bound is the number of partitions with a lag: one hot partition asks for one pod, whatever its lag. */
static void test_partitions_with_lag(void **state)
{
    struct scaler_spec spec = usual();
    struct keda keda;
    const struct keda_partition hot[] = { { 900, 100 }, { 50, 50 }, { 70, 70 } };
    const struct keda_partition two[] = { { 900, 100 }, { 51, 50 }, { 70, 70 } };
    (void)state;
    spec.limit_to_partitions_with_lag = true;
    keda_init(&keda, &spec, RESET_LATEST, 3, &arena);
    assert_int_equal(keda_query(&keda, hot).lag, 10);
    assert_int_equal(keda_query(&keda, two).lag, 20);
    spec.allow_idle_consumers = true; /* does not matter then */
    assert_int_equal(keda_query(&keda, hot).lag, 10);
}

/* Of 12 partitions: 1, 2, 3, 4, 6 or 12 pods. */
static void test_even_distribution(void **state)
{
    static const struct {
        int64_t lag, pods;
    } cases[] = {
        { 0, 1 }, { 10, 1 }, { 11, 2 }, { 31, 4 }, { 41, 6 }, { 60, 6 }, { 61, 12 }, { 120, 12 }, { 5000, 12 }
    };
    struct scaler_spec spec = usual();
    (void)state;
    spec.even_distribution = true;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(told(&spec, 12, cases[i].lag).lag, cases[i].pods * 10);
}

/* A partition whose offset has not moved since the last query counts nothing, and still keeps the group active. */
static void test_persistent_lag(void **state)
{
    struct scaler_spec spec = usual();
    struct keda keda;
    const struct keda_partition first[] = { { 100, 95 }, { 100, 90 } }, second[] = { { 104, 97 }, { 104, 90 } };
    (void)state;
    spec.exclude_persistent_lag = true;
    keda_init(&keda, &spec, RESET_LATEST, 2, &arena);
    assert_int_equal(keda_query(&keda, first).lag, 15); /* the first query knows nothing of it */
    const struct keda_metric metric = keda_query(&keda, second);
    assert_int_equal(metric.lag, 7);
    assert_int_equal(metric.residual, 21);
}

static void test_partitions_without_an_offset(void **state)
{
    struct scaler_spec spec = usual();
    struct keda keda;
    const struct keda_partition partition[] = { { 25, KEDA_NO_OFFSET }, { 0, KEDA_NO_OFFSET } };
    (void)state;
    keda_init(&keda, &spec, RESET_LATEST, 2, &arena);
    assert_int_equal(keda_query(&keda, partition).lag, 2);
    keda_init(&keda, &spec, RESET_EARLIEST, 2, &arena);
    assert_int_equal(keda_query(&keda, partition).residual, 25);
    spec.zero_on_invalid_offset = true;
    assert_int_equal(keda_query(&keda, partition).residual, 0);
}

/* Between none and some: activity decides, the cool-down counts from the last activity, and pods that were never seen
 * active go at once. */
static void test_keda_scales_to_zero_and_back(void **state)
{
    struct scaler_spec spec = usual();
    struct keda keda;
    (void)state;
    spec.activation_lag_threshold = 5;
    keda_init(&keda, &spec, RESET_LATEST, 1, &arena);
    assert_false(keda_is_active(&keda, 5));
    assert_true(keda_is_active(&keda, 6));
    assert_int_equal(keda_scale(&keda, 10 * SIM_S, 4, false), 0);
    assert_int_equal(keda_scale(&keda, 40 * SIM_S, 0, false), 0);
    assert_int_equal(keda_scale(&keda, 70 * SIM_S, 0, true), 1);
    assert_int_equal(keda_scale(&keda, 100 * SIM_S, 7, true), 7); /* the autoscaler's, not KEDA's */
    /* Ten polls of 30 s later a real one is late by some milliseconds: the cool-down of 300 s is over. */
    assert_int_equal(keda_scale(&keda, 400 * SIM_S - 1, 7, false), 7);
    assert_int_equal(keda_scale(&keda, 400 * SIM_S, 7, false), 0);
    spec.min_replicas = 2;
    assert_int_equal(keda_scale(&keda, 900 * SIM_S, 7, false), 7);
    assert_int_equal(keda_scale(&keda, 930 * SIM_S, 0, false), 2);
    assert_int_equal(keda_scale(&keda, 960 * SIM_S, 0, true), 2);
}

/* ---- the autoscaler ---- */

/* kedacore/keda#2908: with the lag cut to partitions x threshold, the last pod never comes where it is less than a
 * tenth more. With 11 the ratio is 1.1 itself, which is within. */
static void test_the_tolerance_keeps_the_last_pod_away(void **state)
{
    const struct scaler_spec spec = usual();
    (void)state;
    for (uint32_t partitions = 2; partitions <= PARTITIONS_MAX; partitions++) {
        const int64_t lag = told(&spec, partitions, 1000000).lag;
        assert_int_equal(lag, 10 * partitions);
        assert_int_equal(hpa_desired(&spec, partitions - 1, lag), partitions >= 11 ? partitions - 1 : partitions);
    }
}

/* Without a behavior: at most twice the pods, or 4, in one step. With Kubernetes' default one: four more, or twice. */
static void test_a_step_up_is_limited(void **state)
{
    static const uint32_t plain[] = { 4, 8, 16, 32, 60, 60 }, with_behavior[] = { 5, 10, 20, 40, 60, 60 };
    struct scaler_spec spec = usual();
    (void)state;
    spec.max_replicas = 60;
    for (int k = 0; k < 2; k++) {
        struct hpa hpa;
        uint32_t pods = 1;
        hpa_init(&hpa, &spec, 0, pods, &arena);
        for (int i = 0; i < 6; i++) {
            pods = hpa_sync(&hpa, (i + 1) * 15 * SIM_S, pods, 100000);
            assert_int_equal(pods, (k == 0 ? plain : with_behavior)[i]);
        }
        spec.has_behavior = true;
        spec.up = usual_up;
        spec.down = usual_down;
    }
}

/* The greatest recommendation of the last 300 s holds: without a behavior one of exactly 300 s ago counts, with one it
 * does not. */
static void test_a_step_down_waits_for_the_window(void **state)
{
    struct scaler_spec spec = usual();
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct hpa hpa;
        uint32_t pods = 6;
        sim_ns gone_ns = 0;
        hpa_init(&hpa, &spec, 0, pods, &arena);
        assert_int_equal(hpa_sync(&hpa, 15 * SIM_S, pods, 60), 6);
        for (sim_ns at_ns = 30 * SIM_S; pods == 6; at_ns += 15 * SIM_S)
            pods = hpa_sync(&hpa, at_ns, pods, 0), gone_ns = at_ns;
        assert_int_equal(pods, 1); /* it cannot go to none */
        assert_true(gone_ns == (k == 0 ? 330 : 315) * SIM_S);
        spec.has_behavior = true;
        spec.up = usual_up;
        spec.down = usual_down;
    }
}

/* One peak in five minutes keeps all pods. */
static void test_a_peak_holds_the_pods(void **state)
{
    const struct scaler_spec spec = usual();
    struct hpa hpa;
    (void)state;
    hpa_init(&hpa, &spec, 0, 4, &arena);
    for (int i = 1; i <= 200; i++) assert_int_equal(hpa_sync(&hpa, i * 15 * SIM_S, 4, i % 20 == 0 ? 40 : 0), 4);
}

static void test_a_window_up_waits_for_a_lasting_load(void **state)
{
    struct scaler_spec spec = usual();
    struct hpa hpa;
    (void)state;
    spec.has_behavior = true;
    spec.up = usual_up;
    spec.down = usual_down;
    spec.up.window_ns = 60 * SIM_S;
    hpa_init(&hpa, &spec, 0, 1, &arena);
    assert_int_equal(hpa_sync(&hpa, 15 * SIM_S, 1, 50), 1); /* what it found at 0 s counts */
    assert_int_equal(hpa_sync(&hpa, 45 * SIM_S, 1, 50), 1);
    assert_int_equal(hpa_sync(&hpa, 60 * SIM_S, 1, 30), 3); /* the least since then */
    assert_int_equal(hpa_sync(&hpa, 75 * SIM_S, 3, 50), 3);
}

/* One pod a minute down, or a tenth of them; the least of both; none at all. */
static void test_policies(void **state)
{
    struct scaler_spec spec = usual();
    struct hpa hpa;
    (void)state;
    spec.has_behavior = true;
    spec.up = usual_up;
    spec.down =
        (struct scale_rules){ .n_policies = 2, .policy = { { false, 1, 60 * SIM_S }, { true, 10, 60 * SIM_S } } };
    hpa_init(&hpa, &spec, 0, 40, &arena);
    assert_int_equal(hpa_sync(&hpa, 15 * SIM_S, 40, 0), 36);
    assert_int_equal(hpa_sync(&hpa, 30 * SIM_S, 36, 0), 36); /* within the minute the four have gone */
    assert_int_equal(hpa_sync(&hpa, 75 * SIM_S, 36, 0), 32); /* 36 x 0.9 = 32.4 */
    spec.down.select = SELECT_MIN;
    assert_int_equal(hpa_sync(&hpa, 135 * SIM_S, 32, 0), 31);
    spec.down.select = SELECT_DISABLED;
    assert_int_equal(hpa_sync(&hpa, 600 * SIM_S, 31, 0), 31);
    spec.down.select = SELECT_MAX;
    assert_int_equal(hpa_sync(&hpa, 900 * SIM_S, 31, 0), 27);    /* 27.9 */
    assert_int_equal(hpa_sync(&hpa, 1200 * SIM_S, 101, 0), 100); /* what is above the greatest number goes at once */
    assert_int_equal(hpa_sync(&hpa, 1500 * SIM_S, 0, 5000), 0);  /* without pods it is switched off */
}

/* ---- the rules a second time ---- */

enum { TURNS = 400 };

struct ledger {
    uint32_t n;
    sim_ns at_ns[TURNS + 1];
    int64_t recommended[TURNS + 1], change[TURNS + 1];
};

static int64_t change_since(const struct ledger *ledger, sim_ns from_ns)
{
    int64_t change = 0;
    for (uint32_t i = 0; i < ledger->n; i++) change += ledger->at_ns[i] > from_ns ? ledger->change[i] : 0;
    return change;
}

static int64_t bound_of(const struct ledger *ledger, const struct scale_rules *rules, sim_ns now_ns, int64_t pods,
                        int sign)
{
    int64_t best = 0;
    for (uint32_t i = 0; i < rules->n_policies; i++) {
        const struct scale_policy *policy = &rules->policy[i];
        const double start = (double)(pods - change_since(ledger, now_ns - policy->period_ns));
        double to =
            policy->percent ? start * (1 + sign * (double)policy->value / 100) : start + sign * (double)policy->value;
        to = sign > 0 ? ceil(to) : trunc(to);
        /* sign x to: how far; "max" is the farthest */
        const int64_t far = sign * (int64_t)to;
        const bool better = rules->select == SELECT_MAX ? far > best : far < best;
        if (i == 0 || better) best = far;
    }
    return rules->select == SELECT_DISABLED ? pods : sign * best;
}

static int64_t expected(struct ledger *ledger, const struct scaler_spec *spec, sim_ns now_ns, int64_t pods,
                        int64_t total)
{
    const int64_t least = spec->min_replicas > 0 ? spec->min_replicas : 1;
    const double ratio = (double)(total * 1000) / ((double)(spec->lag_threshold * 1000) * (double)pods);
    const bool keeps = ratio >= 1.0 - spec->tolerance && ratio <= 1.0 + spec->tolerance;
    const int64_t wanted = keeps ? pods : (total + (int64_t)spec->lag_threshold - 1) / (int64_t)spec->lag_threshold;
    int64_t lo = wanted, hi = wanted, next;
    for (uint32_t i = 0; i < ledger->n; i++) {
        const sim_ns age_ns = now_ns - ledger->at_ns[i];
        if (spec->has_behavior && age_ns < spec->up.window_ns)
            lo = ledger->recommended[i] < lo ? ledger->recommended[i] : lo;
        if (spec->has_behavior ? age_ns < spec->down.window_ns : age_ns <= spec->downscale_window_ns)
            hi = ledger->recommended[i] > hi ? ledger->recommended[i] : hi;
    }
    next = !spec->has_behavior ? hi : pods < lo ? lo : pods > hi ? hi : pods;
    if (next > pods) {
        int64_t most = spec->has_behavior ? bound_of(ledger, &spec->up, now_ns, pods, 1) : pods * 2 > 4 ? pods * 2 : 4;
        if (most < pods) most = pods;
        if (next > most) next = most;
    } else if (next < pods && spec->has_behavior) {
        int64_t fewest = bound_of(ledger, &spec->down, now_ns, pods, -1);
        if (fewest > pods) fewest = pods;
        if (next < fewest) next = fewest;
    }
    if (next > spec->max_replicas) next = spec->max_replicas;
    if (next < least) next = least;
    ledger->at_ns[ledger->n] = now_ns;
    ledger->recommended[ledger->n] = wanted;
    ledger->change[ledger->n++] = next - pods;
    return next;
}

static uint32_t draw(uint64_t *state, uint32_t n) { return (uint32_t)((*state = random_mix(*state + 1)) >> 32) % n; }

static struct scale_rules draw_rules(uint64_t *state)
{
    struct scale_rules rules = { .window_ns = (sim_ns)draw(state, 5) * 40 * SIM_S,
                                 .select = draw(state, 8) == 0 ? SELECT_DISABLED
                                           : draw(state, 2)    ? SELECT_MAX
                                                               : SELECT_MIN,
                                 .n_policies = 1 + draw(state, 3) };
    for (uint32_t i = 0; i < rules.n_policies; i++)
        rules.policy[i] =
            (struct scale_policy){ draw(state, 2), 1 + draw(state, 120), (sim_ns)(1 + draw(state, 8)) * 20 * SIM_S };
    return rules;
}

static void test_the_rules_written_twice_agree(void **state)
{
    uint32_t moved = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= 500; seed++) {
        uint64_t dice = random_mix(seed);
        struct scaler_spec spec = usual();
        struct ledger ledger = { .n = 1 };
        struct hpa hpa;
        spec.min_replicas = draw(&dice, 4);
        spec.max_replicas = spec.min_replicas + 1 + draw(&dice, 40);
        spec.sync_ns = (5 + draw(&dice, 30)) * SIM_S;
        spec.downscale_window_ns = (sim_ns)draw(&dice, 10) * 45 * SIM_S;
        spec.has_behavior = draw(&dice, 3) > 0;
        spec.up = draw_rules(&dice);
        spec.down = draw_rules(&dice);
        uint32_t pods = spec.min_replicas + 1;
        ledger.recommended[0] = pods;
        hpa_init(&hpa, &spec, 0, pods, &arena);
        int64_t total = 0;
        for (int i = 1; i < TURNS; i++) {
            if (draw(&dice, 6) == 0) total = draw(&dice, 600);
            const uint32_t before = pods;
            const int64_t right = expected(&ledger, &spec, i * spec.sync_ns, pods, total);
            pods = hpa_sync(&hpa, i * spec.sync_ns, pods, total);
            if (pods != right)
                fail_msg("seed %llu, turn %d: %u, not %lld", (unsigned long long)seed, i, pods, (long long)right);
            moved += pods != before;
        }
    }
    assert_true(moved > 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partitions_do_not_cap_exactly),
        cmocka_unit_test(test_idle_consumers_may_be_asked_for),
        cmocka_unit_test(test_partitions_with_lag),
        cmocka_unit_test(test_even_distribution),
        cmocka_unit_test(test_persistent_lag),
        cmocka_unit_test(test_partitions_without_an_offset),
        cmocka_unit_test(test_keda_scales_to_zero_and_back),
        cmocka_unit_test(test_the_tolerance_keeps_the_last_pod_away),
        cmocka_unit_test(test_a_step_up_is_limited),
        cmocka_unit_test(test_a_step_down_waits_for_the_window),
        cmocka_unit_test(test_a_peak_holds_the_pods),
        cmocka_unit_test(test_a_window_up_waits_for_a_lasting_load),
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_the_rules_written_twice_agree),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
