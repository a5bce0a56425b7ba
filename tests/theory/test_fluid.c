/* SPDX-License-Identifier: GPL-3.0-or-later
 * Goal: a backlog follows the fluid limit. With orders at rate a(t) and a capacity of c a second it begins where a
 * rises through c, grows by a - c, is greatest where a falls through c, and is gone when that area is paid back.
 * Method: k6's profile is piecewise linear, so that its area is a closed form. One queue with a constant service time
 * of 1 / c is compared with it and with a table made elsewhere; and no group, whatever its consumers, partitions and
 * latencies, may at any sample have done more, or have a smaller backlog, than the fluid allows. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>

#include "tests/support/trial.h"

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof *(array))

/* ---- the fluid ---- */

static const struct {
    double at_s, rate;
} corner[] = { { 0, 0 }, { 60, 20 }, { 180, 50 }, { 300, 100 }, { 540, 100 }, { 600, 0 } };

/* Orders up to t_s. */
static double arrived(double t_s)
{
    double area = 0;
    for (uint32_t i = 0; i + 1 < COUNT(corner) && corner[i].at_s < t_s; i++) {
        double length_s = corner[i + 1].at_s - corner[i].at_s, part_s = fmin(t_s - corner[i].at_s, length_s);
        area += part_s * (corner[i].rate + (corner[i + 1].rate - corner[i].rate) * part_s / length_s / 2);
    }
    return area;
}

/* Where the rate passes through the capacity, rising or falling; the capacity is below the greatest rate. */
static double crossing_s(double capacity_per_s, bool rising)
{
    for (uint32_t i = 0; i + 1 < COUNT(corner); i++) {
        double from = corner[i].rate, to = corner[i + 1].rate;
        bool passes =
            rising ? from <= capacity_per_s && to > capacity_per_s : from > capacity_per_s && to <= capacity_per_s;
        if (passes)
            return corner[i].at_s + (corner[i + 1].at_s - corner[i].at_s) * (capacity_per_s - from) / (to - from);
    }
    fail_msg("the rate never passes through %g/s", capacity_per_s);
    return 0;
}

struct fluid {
    double capacity_per_s, begin_s, peak_s;
};

static struct fluid fluid_of(double capacity_per_s)
{
    return (struct fluid){ capacity_per_s, crossing_s(capacity_per_s, true), crossing_s(capacity_per_s, false) };
}

static double fluid_backlog(const struct fluid *fluid, double t_s)
{
    if (t_s <= fluid->begin_s) return 0;
    return fmax(0, arrived(t_s) - arrived(fluid->begin_s) - fluid->capacity_per_s * (t_s - fluid->begin_s));
}

/* Of the order that comes at t_s; greatest where the rate falls through c. */
static double fluid_wait_s(const struct fluid *fluid, double t_s)
{
    return fluid_backlog(fluid, t_s) / fluid->capacity_per_s;
}

/* After the load's end only the rest is worked off. */
static double fluid_empty_s(const struct fluid *fluid) { return 600 + fluid_wait_s(fluid, 600); }

/* ---- one queue beside the table ---- */

struct watch {
    const struct fluid *fluid;
    int64_t at[3];   /* backlog at 300, 540, 600 s */
    double off_most; /* greatest distance from the fluid at a sample */
};

static void note_backlog(void *context, const struct run_levels *levels)
{
    struct watch *watch = context;
    int64_t backlog = levels->partition[0].backlog;
    double t_s = ns_to_s(levels->at_ns), off = fabs((double)backlog - fluid_backlog(watch->fluid, t_s));
    if (levels->at_ns == 300 * SIM_S) watch->at[0] = backlog;
    if (levels->at_ns == 540 * SIM_S) watch->at[1] = backlog;
    if (levels->at_ns == 600 * SIM_S) watch->at[2] = backlog;
    if (off > watch->off_most) watch->off_most = off;
}

struct row {
    double capacity_per_s, begin_s;
    double at[3], peak, peak_s, wait_s, empty_s; /* empty_s 0: not stated */
};

static void expect_near(const struct row *row, const char *what, double seen, double expected, double tolerance)
{
    if (fabs(seen - expected) > tolerance)
        fail_msg("%g/s: %s %.3f, expected %.3f +- %g", row->capacity_per_s, what, seen, expected, tolerance);
}

/* To the table's whole records and seconds, and closer to the closed form. */
static void expect_row(const struct row *row, const struct fluid *fluid, const struct watch *seen,
                       const struct group_facts *group)
{
    double peak_at_s = ns_to_s(group->peak_backlog_at_ns), wait_s = ns_to_s(group->wait.max_ns);
    double empty_s = ns_to_s(group->drained_at_ns);
    print_message("%g/s: peak %lld at %.2f s, longest wait %.2f s, empty at %.2f s, within %.2f of the fluid\n",
                  row->capacity_per_s, (long long)group->peak_backlog, peak_at_s, wait_s, empty_s, seen->off_most);
    expect_near(row, "fluid begins at", fluid->begin_s, row->begin_s, 0.5);
    for (uint32_t k = 0; k < 3; k++) expect_near(row, "backlog", (double)seen->at[k], row->at[k], 3);
    expect_near(row, "peak", (double)group->peak_backlog, row->peak, 3);
    expect_near(row, "peak at", peak_at_s, row->peak_s, 1.5);
    expect_near(row, "longest wait", wait_s, row->wait_s, 0.6);
    expect_near(row, "longest wait", wait_s, fluid_wait_s(fluid, fluid->peak_s), 0.1);
    expect_near(row, "distance from the fluid", seen->off_most, 0, 3);
    if (row->empty_s == 0) return;
    expect_near(row, "empty at", empty_s, row->empty_s, 0.6);
    expect_near(row, "empty at", empty_s, fluid_empty_s(fluid), 0.1);
}

/* At 95/s the load itself falls below the capacity before its end. */
static void test_table(void **state)
{
    static const struct row table[] = {
        { 20, 60, { 8400, 27600, 29400 }, 29520, 588, 1476, 2070 },
        { 30, 100, { 6200, 23000, 24200 }, 24470, 582, 816, 1407 },
        { 40, 140, { 4400, 18800, 19400 }, 19880, 576, 497, 1085 },
        { 50, 180, { 3000, 15000, 15000 }, 15750, 570, 315, 900 },
        { 60, 204, { 1920, 11520, 10920 }, 12000, 564, 200, 782 },
        { 70, 228, { 1080, 8280, 7080 }, 8550, 558, 122, 701 },
        { 80, 252, { 480, 5280, 3480 }, 5400, 552, 68, 644 },
        { 90, 276, { 120, 2520, 120 }, 2550, 546, 28, 601 },
        { 95, 288, { 30, 1230, 0 }, 1238, 543, 13, 0 },
    };
    (void)state;
    for (uint32_t i = 0; i < COUNT(table); i++) {
        char service[40];
        ns_format((sim_ns)(1e9 / table[i].capacity_per_s + 0.5), service, sizeof service);
        const struct study_edit edits[] = { { "/load/scenarios/orders", K6_PROFILE },
                                            { "/stages/serve/time", service } };
        const struct fluid fluid = fluid_of(table[i].capacity_per_s);
        struct watch seen = { .fluid = &fluid };
        const struct observer observer = { .context = &seen, .on_sample = note_backlog };
        struct trial trial;
        trial_open_schedule(&trial, QUEUE_SCENARIO, edits, COUNT(edits));
        const struct run_facts *facts = trial_run(&trial, 0, &observer);
        trial_expect_sound(&trial, facts);
        expect_row(&table[i], &fluid, &seen, &facts->group[0]);
        trial_close(&trial);
    }
}

/* ---- the bound ---- */

struct bound {
    const struct fluid *fluid;
    uint32_t servers;
    sim_ns service_ns;
    double least_slack; /* backlog above the fluid's, at the sample where it is least */
};

static void check_bound(void *context, const struct run_levels *levels)
{
    struct bound *bound = context;
    int64_t processed = 0, backlog = 0;
    for (uint32_t i = 0; i < levels->n_partitions; i++) {
        processed += levels->partition[i].log_end - levels->partition[i].backlog;
        backlog += levels->partition[i].backlog;
    }
    double slack = (double)backlog - fluid_backlog(bound->fluid, ns_to_s(levels->at_ns));
    if (slack < bound->least_slack) bound->least_slack = slack;
    assert_true(processed <= bound->servers * levels->at_ns / bound->service_ns);
    if (slack < -1) fail_msg("at %.0f s the backlog is %.2f below the fluid's", ns_to_s(levels->at_ns), -slack);
}

/* Consumers of which so many have partitions, and the records of the one that has most. */
struct consumers {
    const char *n;
    uint32_t servers;
    double busiest;
};

struct client {
    const char *fetch_order, *fetch, *commit;
};

static void expect_bound(const struct consumers *consumers, const struct client *client)
{
    const struct study_edit edits[] = { { "/load/scenarios/orders", K6_PROFILE },
                                        { "/stages/serve/time", "40ms" },
                                        { "/kafka/partitions", "3" },
                                        { "/groups/servers/consumers", consumers->n },
                                        { "/kafka/fetch_order", client->fetch_order },
                                        { "/kafka/fetch", client->fetch },
                                        { "/kafka/commit", client->commit } };
    const struct fluid fluid = fluid_of(consumers->servers * 25.0);
    const struct fluid busiest = fluid_of(25.0 * K6_SCHEDULED / consumers->busiest);
    struct bound bound = { &fluid, consumers->servers, 40 * SIM_MS, (double)INFINITY };
    const struct observer observer = { .context = &bound, .on_sample = check_bound };
    struct trial trial;
    trial_open_schedule(&trial, QUEUE_SCENARIO, edits, COUNT(edits));
    const struct run_facts *facts = trial_run(&trial, 0, &observer);
    double empty_s = ns_to_s(facts->group[0].drained_at_ns);
    print_message("consumers %s, %s: least slack %.2f, empty at %.2f s, fluid %.2f s, fluid of the busiest %.2f s\n",
                  consumers->n, client->fetch_order, bound.least_slack, empty_s, fluid_empty_s(&fluid),
                  fluid_empty_s(&busiest));
    trial_expect_sound(&trial, facts);
    assert_true(empty_s >= fluid_empty_s(&fluid));
    assert_true(fabs(empty_s - fluid_empty_s(&busiest)) < 5);
    trial_close(&trial);
}

/* Up to the consumers' number, but never beyond the partitions', servers count. Of the orders that came after an
 * instant, so many servers have done no more than fits between it and now; and up to any instant, one order less may
 * have come than the area says. So the backlog is at least the fluid's less one, on every path. How far above it is
 * another matter: the last record is done when the consumer with the most of them is, a fluid queue of its own (within
 * 5 s: its share of the orders is not the same at all times). */
static void test_bound(void **state)
{
    static const struct consumers consumers[] = {
        { "1", 1, 40800 }, { "2", 2, 13650 + 13540 }, { "3", 3, 13650 }, { "4", 3, 13650 }
    };
    static const struct client plain = { "arrival", "0s", "0s" };
    static const struct client java = { "java", "{\"mean\": \"1ms\", \"cv\": 0.3}",
                                        "{\"mean\": \"3ms\", \"cv\": 0.3}" };
    (void)state;
    for (uint32_t i = 0; i < COUNT(consumers); i++) {
        expect_bound(&consumers[i], &plain);
        expect_bound(&consumers[i], &java);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_table), cmocka_unit_test(test_bound) };
    return cmocka_run_group_tests_name("fluid", tests, NULL, NULL);
}
