/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: orders start when k6 starts them, to the nanosecond, and the other profiles are what they say. Method: a worked
 * profile whose times were computed with k6's own code, closed forms of small profiles, a FIFO queue of constant
 * service behind the whole profile whose finish times are known, and moments of the Poisson gaps. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "models/kafka/murmur2.h"
#include "models/orders/load.h"
#include "sim/engine/tally.h"

static const struct random_key key = {{1, 2}};

static const struct load_stage report_stages[] = {
    {20, 60 * SIM_S}, {50, 120 * SIM_S}, {100, 120 * SIM_S}, {100, 240 * SIM_S}, {0, 60 * SIM_S}};
static const struct load_spec report = {.name = "report",
                                        .executor = LOAD_RAMPING_ARRIVAL_RATE,
                                        .time_unit_ns = SIM_S,
                                        .phase = 1,
                                        .n_stages = 5,
                                        .stage = report_stages};

/* Every start must be not before the last and be repeated by a second generator. */
static uint64_t expect_starts(const struct load_spec *spec, const sim_ns *expected, uint64_t n)
{
    struct load_state load;
    sim_ns at, last = INT64_MIN;
    uint64_t count = 0;
    load_open(&load, spec, key);
    for (; load_next(&load, &at); count++) {
        assert_true(at >= last);
        if (count < n && at != expected[count])
            fail_msg("%s: start %llu is at %lld", spec->name, (unsigned long long)count + 1, (long long)at);
        last = at;
    }
    assert_false(load_next(&load, &at));
    assert_true(count >= n);
    return count;
}

/* ---- k6 ramping-arrival-rate ---- */

static void test_worked_profile(void **state)
{
    static const struct { uint64_t number; sim_ns at_ns; } table[] = {
        {1, 2449489742},       {2, 3464101615},       {3, 4242640687},       {4, 4898979485},
        {5, 5477225575},       {6, 6000000000},       {7, 6480740698},       {8, 6928203230},
        {9, 7348469228},       {10, 7745966692},      {600, 60000000000},    {601, 60049984384},
        {1000, 77979589711},   {4800, 180000000000},  {4801, 180019998333},  {10000, 258393548282},
        {13800, 300000000000}, {13801, 300010000000}, {30000, 462000000000}, {37801, 540010000833},
        {40000, 569016133230}, {40799, 598904554884},
    };
    struct load_state load;
    sim_ns at = 0;
    uint64_t number = 0;
    (void)state;
    load_open(&load, &report, key);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        for (; number < table[i].number; number++) assert_true(load_next(&load, &at));
        if (at != table[i].at_ns) fail_msg("%llu at %lld", (unsigned long long)number, (long long)at);
    }
    assert_false(load_next(&load, &at)); /* number 40,800 is due on the deadline */
    assert_true(load_scheduled(&report) == 40800);
    assert_true(load_duration_ns(&report) == 600 * SIM_S);
}

/* Areas by hand: sqrt(10), sqrt(20), 5.5, 11 - sqrt(20), 11 - sqrt(10); the sixth falls on the end. The double 1e-9 is
 * a hair above a billionth: the third starts a nanosecond early, as in k6. */
static void test_fractions_carry_over(void **state)
{
    static const struct load_stage stages[] = {{1, 5 * SIM_S}, {1, SIM_S}, {0, 5 * SIM_S}};
    static const sim_ns expected[] = {3162277660, 4472135954, 5499999999, 6527864045, 7837722339};
    struct load_spec spec = {.name = "carry",
                             .executor = LOAD_RAMPING_ARRIVAL_RATE,
                             .time_unit_ns = SIM_S,
                             .phase = 1,
                             .n_stages = 3,
                             .stage = stages};
    (void)state;
    assert_true(expect_starts(&spec, expected, 5) == 5);
    assert_true(load_scheduled(&spec) == 6);
}

/* Start rate, other time unit, a jump (a stage of length 0), a silence. Times by k6's formula in another language. */
static void test_unusual_stages(void **state)
{
    static const struct load_stage jump[] = {{3000, 0}, {3000, SIM_S / 10}, {0, 0}, {0, 5 * SIM_S},
                                             {60, 0},   {60, 2 * SIM_S}};
    static const sim_ns expected[] = {20000000, 40000000, 60000000, 80000000, 100000000, 6099999999, 7099999999};
    struct load_spec spec = {.name = "jump",
                             .executor = LOAD_RAMPING_ARRIVAL_RATE,
                             .time_unit_ns = 60 * SIM_S,
                             .phase = 1,
                             .n_stages = 6,
                             .stage = jump};
    static const struct load_stage flat[] = {{4, SIM_S}};
    static const sim_ns quarters[] = {10249999999, 10499999999, 10750000000, 10999999999};
    struct load_spec started = {.name = "flat",
                                .executor = LOAD_RAMPING_ARRIVAL_RATE,
                                .start_ns = 10 * SIM_S,
                                .rate = 4,
                                .time_unit_ns = SIM_S,
                                .phase = 1,
                                .n_stages = 1,
                                .stage = flat};
    (void)state;
    assert_true(expect_starts(&spec, expected, 7) == 7); /* the last a nanosecond before the end, see above */
    assert_true(load_scheduled(&spec) == 7);
    assert_true(expect_starts(&started, quarters, 4) == 4);
}

static void test_phase(void **state)
{
    struct load_spec spec = report, zero = report;
    static const sim_ns halves[] = {1732050807, 3000000000}, from_zero[] = {0, 2449489742};
    (void)state;
    spec.phase = 0.5;
    assert_true(expect_starts(&spec, halves, 2) == 40800);
    assert_true(load_scheduled(&spec) == 40800);
    zero.phase = 0;
    assert_true(expect_starts(&zero, from_zero, 2) == 40800);
}

/* Constant service in three FIFO queues, key = arrival number, arrival 40,800 at 600 s included: finish times of the
 * queues, and sojourn times, as an independent program computed them. */
static void test_profile_through_constant_servers(void **state)
{
    static const struct { sim_ns service_ns; double finish[3], max, p50, p99; } rows[] = {
        {20 * SIM_MS, {597.571, 600.020, 597.829}, 0.140, 0.020, 0.080},
        {25 * SIM_MS, {597.576, 600.025, 597.834}, 0.435, 0.037, 0.205},
        {30 * SIM_MS, {597.581, 600.030, 597.839}, 4.661, 0.320, 4.250},
        {50 * SIM_MS, {781.099, 780.852, 785.608}, 203.110, 76.528, 201.836},
    };
    struct arena arena;
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct load_state load;
        struct tally sojourn;
        sim_ns free_at[3] = {0}, at;
        load_open(&load, &report, key);
        tally_init(&sojourn, &arena, 1000000);
        for (uint64_t number = 1; number <= 40800; number++) {
            if (!load_next(&load, &at)) at = 600 * SIM_S;
            sim_ns *server = &free_at[murmur2_partition_of_id(number, 3)];
            *server = (*server > at ? *server : at) + rows[i].service_ns;
            tally_add(&sojourn, *server - at);
        }
        for (int p = 0; p < 3; p++) assert_true(fabs(ns_to_s(free_at[p]) - rows[i].finish[p]) <= 0.00051);
        assert_true(fabs(tally_percentile_s(&sojourn, 1) - rows[i].max) <= 0.00051);
        assert_true(fabs(tally_percentile_s(&sojourn, 0.5) - rows[i].p50) <= 0.00051);
        assert_true(fabs(tally_percentile_s(&sojourn, 0.99) - rows[i].p99) <= 0.00051);
    }
    arena_fini(&arena);
}

/* ---- k6 constant-arrival-rate ---- */

/* 30/s is a period of 33,333,333 ns from 0 on: 301 starts in 10 s, as k6 does it. */
static void test_constant(void **state)
{
    struct load_spec spec = {.name = "constant",
                             .executor = LOAD_CONSTANT_ARRIVAL_RATE,
                             .rate = 30,
                             .time_unit_ns = SIM_S,
                             .duration_ns = 10 * SIM_S};
    static const sim_ns thirty[] = {0, 33333333, 66666666, 99999999}, fifty[] = {5 * SIM_S, 5020000000, 5040000000};
    (void)state;
    assert_true(expect_starts(&spec, thirty, 4) == 301);
    assert_true(load_scheduled(&spec) == 301);
    spec.rate = 3000, spec.time_unit_ns = 60 * SIM_S, spec.start_ns = 5 * SIM_S;
    assert_true(expect_starts(&spec, fifty, 3) == 500);
    assert_true(load_scheduled(&spec) == 500);
    assert_true(load_duration_ns(&spec) == 10 * SIM_S);
    spec.rate = 1, spec.time_unit_ns = 3600 * SIM_S;
    assert_true(expect_starts(&spec, fifty, 1) == 1);
}

/* ---- the others ---- */

/* Rate 50/s for 2000 s: count, mean and spread of the gaps, share of long gaps, all within five standard deviations. */
static void test_poisson(void **state)
{
    struct load_spec spec = {
        .name = "poisson", .executor = LOAD_POISSON, .rate = 50, .time_unit_ns = SIM_S, .duration_ns = 2000 * SIM_S};
    struct load_state load;
    double sum = 0, squares = 0, products = 0, longer = 0, before = 0.02;
    sim_ns at, last = 0;
    double n = 0;
    (void)state;
    load_open(&load, &spec, key);
    for (; load_next(&load, &at); n++) {
        double gap = ns_to_s(at - last);
        assert_true(at >= last && at < spec.duration_ns);
        sum += gap, squares += gap * gap, longer += gap > 0.02;
        products += (gap - 0.02) * (before - 0.02);
        before = gap, last = at;
    }
    assert_true(load_scheduled(&spec) == 100000);
    assert_true(fabs(n - 100000) < 5 * sqrt(100000));
    assert_true(fabs(sum / n - 0.02) < 5 * 0.02 / sqrt(n));
    assert_true(fabs(squares / n - 2 * 0.0004) <
                5 * sqrt(20) * 0.0004 / sqrt(n)); /* variance of an exponential's square: 20 */
    assert_true(fabs(longer / n - exp(-1)) < 5 * 0.5 / sqrt(n));
    assert_true(fabs(products / n) < 5 * 0.0004 / sqrt(n));
}

static uint64_t first_gap(const char *name, struct random_key with)
{
    struct load_spec spec = {
        .name = name, .executor = LOAD_POISSON, .rate = 1, .time_unit_ns = SIM_S, .duration_ns = 1000000 * SIM_S};
    struct load_state load;
    sim_ns at = 0;
    load_open(&load, &spec, with);
    assert_true(load_next(&load, &at));
    return (uint64_t)at;
}

/* Draws belong to the load's name: two loads differ, and one stays as it is when another is added before it. */
static void test_poisson_is_keyed(void **state)
{
    (void)state;
    assert_true(first_gap("a", key) == first_gap("a", key));
    assert_true(first_gap("a", key) != first_gap("b", key));
    assert_true(first_gap("a", key) != first_gap("a", (struct random_key){{1, 3}}));
}

static void test_bursts(void **state)
{
    struct load_spec spec = {.name = "bursts",
                             .executor = LOAD_BURSTS,
                             .start_ns = SIM_S,
                             .duration_ns = 20 * SIM_S,
                             .burst_size = 2,
                             .burst_every_ns = 10 * SIM_S};
    static const sim_ns expected[] = {SIM_S, SIM_S, 11 * SIM_S, 11 * SIM_S};
    (void)state;
    assert_true(expect_starts(&spec, expected, 4) == 4);
    assert_true(load_scheduled(&spec) == 4);
}

static void test_trace(void **state)
{
    static const sim_ns times[] = {0, 5, 5, 600 * SIM_S}, expected[] = {7, 12, 12, 600 * SIM_S + 7};
    struct load_spec spec = {.name = "trace", .executor = LOAD_TRACE, .start_ns = 7, .n_times = 4, .time_ns = times};
    (void)state;
    assert_true(expect_starts(&spec, expected, 4) == 4);
    assert_true(load_scheduled(&spec) == 4);
    assert_true(load_duration_ns(&spec) == 600 * SIM_S);
}

static void test_scenario_end(void **state)
{
    const struct load_spec loads[] = {report,
                                      {.name = "late",
                                       .executor = LOAD_CONSTANT_ARRIVAL_RATE,
                                       .start_ns = 590 * SIM_S,
                                       .rate = 1,
                                       .time_unit_ns = SIM_S,
                                       .duration_ns = 30 * SIM_S}};
    (void)state;
    assert_true(scenario_load_end(&(struct scenario){.n_loads = 1, .load = loads}) == 600 * SIM_S);
    assert_true(scenario_load_end(&(struct scenario){.n_loads = 2, .load = loads}) == 620 * SIM_S);
    assert_true(scenario_load_end(&(struct scenario){.n_loads = 0}) == 0);
}

/* 100/s: the first 6,000 have come after 60 s, whenever the executor ends. The report's ramp falls from 100/s to 0 over
 * its last minute: 70 of its 40,800 are left when (100 / 60) x^2 / 2 = 70, x = sqrt(84) s before its end. Its last one
 * falls on the deadline and is not started: at_most 40,799 takes none away. */
static void test_orders_end(void **state)
{
    struct load_spec loads[] = {{.name = "even", .executor = LOAD_CONSTANT_ARRIVAL_RATE, .rate = 100,
                                 .time_unit_ns = SIM_S, .duration_ns = 600 * SIM_S},
                                report};
    struct scenario scenario = {.n_loads = 1, .load = loads, .orders.at_most = 6000, .at_most_ns = SIM_S};
    (void)state;
    assert_true(scenario_orders_end(&scenario) == 60 * SIM_S);
    scenario.orders.at_most = 60000;
    assert_true(scenario_orders_end(&scenario) == 600 * SIM_S);
    scenario.orders.at_most = UINT64_MAX;
    assert_true(scenario_orders_end(&scenario) == 600 * SIM_S);
    scenario.load = &report;
    scenario.orders.at_most = 40799;
    assert_true(scenario_orders_end(&scenario) == 600 * SIM_S);
    scenario.orders.at_most = 40730;
    assert_true(fabs(ns_to_s(scenario_orders_end(&scenario)) - (600 - sqrt(84))) < 1e-6);
    scenario.n_loads = 0;
    assert_true(scenario_orders_end(&scenario) == 0);
}

/* 1,000 every ten minutes: the second thousand come with the second burst, and a third one beside an even load. Nor is
 * any at_most that never binds an end. */
static void test_orders_end_with_bursts(void **state)
{
    struct load_spec loads[] = {{.name = "push", .executor = LOAD_BURSTS, .duration_ns = 3600 * SIM_S,
                                 .burst_size = 1000, .burst_every_ns = 600 * SIM_S},
                                {.name = "even", .executor = LOAD_CONSTANT_ARRIVAL_RATE, .rate = 1,
                                 .time_unit_ns = SIM_S, .duration_ns = 3600 * SIM_S}};
    struct scenario scenario = {.n_loads = 1, .load = loads, .orders.at_most = 2000, .at_most_ns = 7200 * SIM_S};
    (void)state;
    assert_true(scenario_orders_end(&scenario) == 600 * SIM_S);
    scenario.orders.at_most = 1500;
    assert_true(scenario_orders_end(&scenario) == 600 * SIM_S);
    scenario.orders.at_most = 1000;
    assert_true(scenario_orders_end(&scenario) == 0);
    scenario.n_loads = 2;
    scenario.orders.at_most = 1300;
    assert_true(scenario_orders_end(&scenario) == 300 * SIM_S);
    scenario.orders.at_most = 2700;
    assert_true(scenario_orders_end(&scenario) == 700 * SIM_S);
}

/* ---- the greatest rate ---- */

#define assert_rate(scenario, window_s, expected) \
    do { \
        const double rate_ = scenario_peak_rate_per_s((scenario), (window_s) * SIM_S); \
        if (!(fabs(rate_ - (expected)) < 1e-9 * (expected))) fail_msg("%.12g, not %.12g", rate_, (double)(expected)); \
    } while (0)

static struct load_spec constant(sim_ns start_s, double rate, sim_ns duration_s)
{
    return (struct load_spec){.name = "constant", .executor = LOAD_CONSTANT_ARRIVAL_RATE, .start_ns = start_s * SIM_S,
                              .rate = rate, .time_unit_ns = SIM_S, .duration_ns = duration_s * SIM_S};
}

/* A spike as long as the window counts in full, a shorter one by its part; and what ends before it, or is enough before
 * it, does not have it. */
static void test_rate_of_a_spike(void **state)
{
    struct load_spec loads[] = {constant(0, 20, 1200), constant(305, 480, 30)};
    struct scenario scenario = {.n_loads = 2, .load = loads, .at_most_ns = 3600 * SIM_S};
    (void)state;
    assert_rate(&scenario, 10, 500);
    assert_rate(&scenario, 60, (20 * 60 + 480 * 30) / 60.0);
    scenario.orders.at_most = 6100; /* all by 305 s */
    assert_rate(&scenario, 10, 20);
    scenario.orders.at_most = 0;
    scenario.ends = END_AT;
    scenario.end_ns = 310 * SIM_S;
    assert_rate(&scenario, 10, (20 * 10 + 480 * 5) / 10.0);
}

/* 0 to 500/s in a minute and back in two: the greatest 10 s begin a third of them before the top. The mean is 500 less
 * half of what the rate has lost at either end, 10 s x 500/180 s. */
static void test_rate_of_a_ramp(void **state)
{
    static const struct load_stage stage[] = {{500, 60 * SIM_S}, {0, 120 * SIM_S}};
    const struct load_spec ramp = {.name = "ramp", .executor = LOAD_RAMPING_ARRIVAL_RATE, .time_unit_ns = SIM_S,
                                   .n_stages = 2, .stage = stage, .phase = 1};
    struct scenario scenario = {.n_loads = 1, .load = &ramp, .at_most_ns = 3600 * SIM_S};
    (void)state;
    assert_rate(&scenario, 10, 500 - 10 * 500 / 180.0 / 2);
    scenario.orders.at_most = 3750; /* by 30 s, when it is at 250/s */
    assert_rate(&scenario, 10, 250 - 10 * 500 / 60.0 / 2);
}

static void test_rate_of_bursts_and_others(void **state)
{
    struct load_spec load = {.name = "bursts", .executor = LOAD_BURSTS, .start_ns = SIM_S, .duration_ns = 20 * SIM_S,
                             .burst_size = 3, .burst_every_ns = 10 * SIM_S};
    const struct scenario scenario = {.n_loads = 1, .load = &load, .at_most_ns = 3600 * SIM_S};
    (void)state;
    assert_rate(&scenario, 10, 0.3);
    assert_rate(&scenario, 6, 0.5);
    assert_rate(&scenario, 15, 0.4);
    load.executor = LOAD_POISSON;
    load.rate = 130;
    load.time_unit_ns = SIM_S;
    assert_rate(&scenario, 10, 130); /* as it is meant, whatever is drawn */
    load.executor = LOAD_TRACE;
    assert_true(isnan(scenario_peak_rate_per_s(&scenario, SIM_S)));
    assert_true(scenario_peak_rate_per_s(&(struct scenario){.at_most_ns = SIM_S}, SIM_S) == 0);
}

/* One executor or two for the same bursts: any ten seconds from 0 to 10 s hold both, and those of 1/s beside them. */
static void test_rate_of_bursts_of_two(void **state)
{
    struct load_spec loads[] = {{.name = "a", .executor = LOAD_BURSTS, .duration_ns = 5 * SIM_S, .burst_size = 1000,
                                 .burst_every_ns = 5 * SIM_S},
                                {.name = "b", .executor = LOAD_BURSTS, .start_ns = 5 * SIM_S, .duration_ns = 5 * SIM_S,
                                 .burst_size = 1000, .burst_every_ns = 5 * SIM_S},
                                constant(0, 1, 200)};
    struct scenario scenario = {.n_loads = 3, .load = loads, .at_most_ns = 3600 * SIM_S};
    (void)state;
    assert_rate(&scenario, 10, 201);
    assert_rate(&scenario, 4, 251);
    loads[1].burst_size = 2000;
    assert_rate(&scenario, 4, 501); /* the window that begins or ends with the second */
}

/* 10/s for 100 s, then of a burst of 100,000 the five that are left, or all of a thousand. */
static void test_rate_of_a_part_of_a_burst(void **state)
{
    struct load_spec loads[] = {constant(0, 10, 100),
                                {.name = "b", .executor = LOAD_BURSTS, .start_ns = 101 * SIM_S,
                                 .duration_ns = SIM_S, .burst_size = 100000, .burst_every_ns = 1000 * SIM_S}};
    struct scenario scenario = {.n_loads = 2, .load = loads, .at_most_ns = 3600 * SIM_S, .orders.at_most = 1005};
    (void)state;
    assert_rate(&scenario, 10, 10);
    scenario.orders.at_most = 2000;
    assert_rate(&scenario, 10, 109); /* from 91 s on nine seconds of the others */
}

/* 1,000 every ten minutes, 10/s beside them, and 240/s in the last of 60. 6,000 + 30,000 + 144,000 are all there are;
 * 30,000 are there before the 240/s are. */
static void test_rate_of_bursts_and_at_most(void **state)
{
    struct load_spec loads[] = {{.name = "push", .executor = LOAD_BURSTS, .duration_ns = 3600 * SIM_S,
                                 .burst_size = 1000, .burst_every_ns = 600 * SIM_S},
                                constant(0, 10, 3000), constant(3000, 240, 600)};
    struct scenario scenario = {.n_loads = 3, .load = loads, .at_most_ns = 7200 * SIM_S};
    (void)state;
    assert_rate(&scenario, 10, 240 + 100);
    scenario.orders.at_most = 200000;
    assert_rate(&scenario, 10, 240 + 100);
    scenario.orders.at_most = 170000;
    assert_rate(&scenario, 10, 240 + 100);
    scenario.orders.at_most = 30000;
    assert_rate(&scenario, 10, 10 + 100);
    scenario.n_loads = 1;
    scenario.orders.at_most = 1000;
    assert_rate(&scenario, 10, 100);
    scenario.orders.at_most = 500;
    assert_rate(&scenario, 10, 50);
}

/* A second load that would begin after the last order is none; bursts of it have not come before they begin. */
static void test_what_begins_after_the_last_order(void **state)
{
    struct load_spec loads[] = {constant(0, 10, 600), constant(300, 50, 600)};
    struct scenario scenario = {.n_loads = 2, .load = loads, .orders.at_most = 1000, .at_most_ns = 7200 * SIM_S};
    (void)state;
    assert_rate(&scenario, 10, 10);
    assert_true(scenario_load_extent(&scenario).until_ns == 100 * SIM_S);
    assert_true(scenario_orders_end(&scenario) == 100 * SIM_S);
    loads[1] = (struct load_spec){.name = "push", .executor = LOAD_BURSTS, .start_ns = 1500 * SIM_S,
                                  .duration_ns = 3600 * SIM_S, .burst_size = 1000, .burst_every_ns = 600 * SIM_S};
    assert_rate(&scenario, 10, 10);
    assert_true(scenario_orders_end(&scenario) == 100 * SIM_S);
}

/* One of 50, which would be followed by another a second later. */
static void test_rate_of_one_burst(void **state)
{
    struct load_spec loads[] = {{.name = "push", .executor = LOAD_BURSTS, .duration_ns = SIM_S, .burst_size = 50,
                                 .burst_every_ns = SIM_S}};
    struct scenario scenario = {.n_loads = 1, .load = loads, .at_most_ns = 7200 * SIM_S};
    (void)state;
    assert_rate(&scenario, 10, 5);
    loads[0].duration_ns = 3 * SIM_S;
    assert_rate(&scenario, 10, 15);
}

/* 20 a second, and 480 more for 30 s; none after the end. */
static void test_starts_until_then(void **state)
{
    struct load_spec loads[] = {constant(0, 20, 1200), constant(305, 480, 30)};
    struct scenario scenario = {.n_loads = 2, .load = loads, .at_most_ns = 3600 * SIM_S};
    struct arena arena;
    (void)state;
    arena_init(&arena);
    struct load_rates *rates = load_rates_make(&scenario, 10 * SIM_S, &arena);
    assert_true(fabs(load_rates_starts(rates, 310 * SIM_S) - (20 * 310 + 480 * 5)) < 1e-6);
    assert_true(fabs(load_rates_starts(rates, 3000 * SIM_S) - (20 * 1200 + 480 * 30)) < 1e-6);
    rates = load_rates_make(&scenario, 10 * SIM_S, &arena);
    for (sim_ns at_ns = 0; at_ns <= 1300 * SIM_S; at_ns += 5 * SIM_S) {
        const double of_first = 20 * fmin(1200, ns_to_s(at_ns)), after_s = fmax(0, fmin(30, ns_to_s(at_ns) - 305));
        assert_true(fabs(load_rates_starts(rates, at_ns) - (of_first + 480 * after_s)) < 1e-6);
    }
    scenario.orders.at_most = 6100; /* all by 305 s */
    assert_true(fabs(load_rates_starts(load_rates_make(&scenario, SIM_S, &arena), 310 * SIM_S) - 6100) < 1e-6);
    loads[0].executor = LOAD_TRACE;
    loads[0].n_times = 0;
    assert_true(isnan(load_rates_starts(load_rates_make(&scenario, SIM_S, &arena), SIM_S)));
    arena_fini(&arena);
}

/* ---- how long it lasts ---- */

#define assert_extent(scenario, from_s, until_s) \
    do { \
        const struct load_extent extent_ = scenario_load_extent(scenario); \
        const double from_s_ = ns_to_s(extent_.from_ns), until_s_ = ns_to_s(extent_.until_ns); \
        if (!(fabs(from_s_ - (from_s)) < 1e-8 && fabs(until_s_ - (until_s)) < 1e-8)) \
            fail_msg("%.9f to %.9f", from_s_, until_s_); \
    } while (0)

/* Whatever ends a load, it is as long as it is from its first start on. */
static void test_extent_of_constant_loads(void **state)
{
    struct load_spec loads[] = {constant(60, 1000, 600), constant(300, 1, 600)};
    struct scenario scenario = {.n_loads = 1, .load = loads, .at_most_ns = 3600 * SIM_S};
    (void)state;
    assert_extent(&scenario, 60, 660);
    scenario.n_loads = 2;
    assert_extent(&scenario, 60, 900);
    scenario.orders.at_most = 2000;
    assert_extent(&scenario, 60, 62);
    scenario.orders.at_most = 0;
    scenario.ends = END_AT;
    scenario.end_ns = 65 * SIM_S;
    assert_extent(&scenario, 60, 65);
    scenario.end_ns = 60 * SIM_S;
    assert_extent(&scenario, 0, 0);
    scenario.n_loads = 0;
    assert_extent(&scenario, 0, 0);
}

static void test_extent_of_others(void **state)
{
    static const struct load_stage stage[] = {{0, 100 * SIM_S}, {10, 2 * SIM_S}, {0, 0}, {0, 50 * SIM_S}};
    static const sim_ns times[] = {5 * SIM_S, 6 * SIM_S, 6 * SIM_S, 600 * SIM_S};
    struct load_spec load = {.name = "load", .executor = LOAD_RAMPING_ARRIVAL_RATE, .time_unit_ns = SIM_S,
                             .n_stages = 4, .stage = stage, .phase = 1, .n_times = 4, .time_ns = times, .burst_size = 3,
                             .burst_every_ns = 10 * SIM_S, .duration_ns = 60 * SIM_S};
    struct scenario scenario = {.n_loads = 1, .load = &load, .at_most_ns = 3600 * SIM_S};
    (void)state;
    assert_extent(&scenario, 100, 102); /* nothing is asked before and after */
    load.executor = LOAD_BURSTS;
    load.start_ns = 7 * SIM_S;
    assert_extent(&scenario, 7, 67);
    scenario.orders.at_most = 6;
    assert_extent(&scenario, 7, 27);
    load.executor = LOAD_TRACE;
    assert_extent(&scenario, 12, 607);
    scenario.orders.at_most = 3;
    assert_extent(&scenario, 12, 13);
}

#define assert_height(scenario, from_s, until_s) \
    do { \
        const struct load_extent height_ = scenario_load_height(scenario); \
        const double from_s_ = ns_to_s(height_.from_ns), until_s_ = ns_to_s(height_.until_ns); \
        if (!(fabs(from_s_ - (from_s)) < 1e-8 && fabs(until_s_ - (until_s)) < 1e-8)) \
            fail_msg("%.9f to %.9f", from_s_, until_s_); \
    } while (0)

/* A ramp to 100 a second in 60 s has 90 after 54; one that goes down in 30 s has 90 after 3. At twice as much beside it
 * for 10 s, of 200 180 are nine tenths, and the ramp's own plateau is not. */
static void test_height(void **state)
{
    static const struct load_stage stage[] = {{100, 60 * SIM_S}, {100, 120 * SIM_S}, {0, 30 * SIM_S}};
    static const sim_ns times[] = {5 * SIM_S, 6 * SIM_S, 600 * SIM_S};
    struct load_spec loads[] = {{.name = "load", .executor = LOAD_RAMPING_ARRIVAL_RATE, .time_unit_ns = SIM_S,
                                 .n_stages = 3, .stage = stage, .phase = 1, .n_times = 3, .time_ns = times,
                                 .burst_size = 3, .burst_every_ns = 10 * SIM_S, .duration_ns = 60 * SIM_S},
                                constant(100, 100, 10)};
    struct scenario scenario = {.n_loads = 1, .load = loads, .at_most_ns = 3600 * SIM_S};
    (void)state;
    assert_height(&scenario, 54, 183);
    scenario.n_loads = 2;
    assert_height(&scenario, 100, 110);
    scenario.n_loads = 1;
    scenario.at_most_ns = 30 * SIM_S; /* 50 a second by then */
    assert_height(&scenario, 27, 30);
    scenario.at_most_ns = 3600 * SIM_S;
    loads[0].executor = LOAD_BURSTS;
    assert_height(&scenario, 0, 60);
    loads[0].executor = LOAD_TRACE;
    assert_height(&scenario, 5, 600);
    scenario.n_loads = 0;
    assert_height(&scenario, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worked_profile),
        cmocka_unit_test(test_fractions_carry_over),
        cmocka_unit_test(test_unusual_stages),
        cmocka_unit_test(test_phase),
        cmocka_unit_test(test_profile_through_constant_servers),
        cmocka_unit_test(test_constant),
        cmocka_unit_test(test_poisson),
        cmocka_unit_test(test_poisson_is_keyed),
        cmocka_unit_test(test_bursts),
        cmocka_unit_test(test_trace),
        cmocka_unit_test(test_rate_of_a_spike), cmocka_unit_test(test_rate_of_a_ramp),
        cmocka_unit_test(test_rate_of_bursts_of_two), cmocka_unit_test(test_rate_of_a_part_of_a_burst),
        cmocka_unit_test(test_rate_of_bursts_and_others), cmocka_unit_test(test_starts_until_then),
        cmocka_unit_test(test_scenario_end), cmocka_unit_test(test_orders_end),
        cmocka_unit_test(test_orders_end_with_bursts), cmocka_unit_test(test_rate_of_bursts_and_at_most),
        cmocka_unit_test(test_what_begins_after_the_last_order), cmocka_unit_test(test_rate_of_one_burst),
        cmocka_unit_test(test_extent_of_constant_loads), cmocka_unit_test(test_extent_of_others),
        cmocka_unit_test(test_height),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
