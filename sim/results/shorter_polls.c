/* SPDX-License-Identifier: GPL-3.0-or-later
 * See shorter_polls.h. */
#include "sim/results/shorter_polls.h"

#include <math.h>

#include "models/plan.h"
#include "sim/results/bottleneck.h"
#include "sim/results/pace.h"
#include "sim/results/shared.h"
#include "sim/results/split.h"

/* ---- smaller ones ---- */

static void add_step(const struct dist_spec *time, double *mean_s, double *variance)
{
    double mean, cv;
    dist_moments(time, &mean, &cv);
    *mean_s += mean;
    *variance += cv * mean * cv * mean;
}

/* Of the time that the scenario gives a record, over all reads. */
static double deviation_s(const struct scenario *scenario, const struct group_spec *group, const double *came)
{
    double all = 0, sum = 0, squares = 0;

    for (uint32_t r = 0; r < group->n_reads; r++) {
        const struct stage_spec *stage = &scenario->stage[group->read[r].stage];
        double mean_s = 0, variance = 0;
        if (stage->has_time) add_step(&stage->time, &mean_s, &variance);
        for (uint32_t i = 0; i < stage->n_steps; i++)
            if (stage->step[i].has_time) add_step(&stage->step[i].time, &mean_s, &variance);
        all += came[r];
        sum += came[r] * mean_s;
        squares += came[r] * (mean_s * mean_s + variance);
    }
    return all > 0 ? sqrt(fmax(0, squares / all - sum / all * sum / all)) : 0;
}

/* What is no more than chance: the sum of so many times is hardly ever further from its mean. */
#define DEVIATIONS 4

/* The n for which n records and four deviations of their sum take as long as this. */
static double records_within(double whole_s, double record_s, double deviation_s)
{
    const double chance_s = DEVIATIONS * deviation_s;
    const double root = (sqrt(chance_s * chance_s + 4 * record_s * whole_s) - chance_s) / (2 * record_s);
    return root * root;
}

/* So many records and four deviations. */
static double poll_s(uint32_t records, double record_s, double deviation_s)
{
    return records * record_s + DEVIATIONS * deviation_s * sqrt(records);
}

/* ---- shorter sleeps ---- */

/* The least number with a sleep of so long. */
static uint32_t deliveries_with(const struct group_spec *group, double sleep_s)
{
    const double first_s = ns_to_s(group->backoff_ns);
    if (first_s >= sleep_s) return 2;
    return 2 + (uint32_t)ceil(log(sleep_s / first_s) / log(group->backoff_multiplier) - 1e-9);
}

static void find_sleeps(struct shorter_polls *polls, const struct group_spec *group, double record_s, double varies_s)
{
    const double interval_s = ns_to_s(group->max_poll_interval_ns);
    const double beside_polls_s = interval_s - poll_s(group->max_poll_records, record_s, varies_s);
    const double beside_one_s = interval_s - poll_s(1, record_s, varies_s);

    if (beside_one_s <= 0 || polls->sleep_s < beside_one_s) return;
    polls->sleeps_too_long = true;
    polls->sleep_under_s = fmax(0, beside_polls_s);
    if (polls->sleep_under_s > 0) polls->deliveries_under = deliveries_with(group, polls->sleep_under_s);
}

/* ---- more consumers ---- */

/* With so little in reserve, records pile up for a poll now and then. */
#define KEEPS_POLLS_SHORT 0.9

/* Where records wait from the start, or pile up while consumers are away, polls are long however many there are. */
static bool may_pile_up(const struct group_spec *group, const struct group_demand *demand)
{
    return group->n_backlog > 0 || group->cold || demand->faults || demand->scaler || !(demand->offered_per_s > 0);
}

static double could_per_s(const struct outcome *outcome, const struct group_demand *demand, const double *came,
                          double record_s, uint32_t consumers, double share)
{
    const struct shared by = shared_bound(outcome, demand->group, came, demand->service_s, consumers);
    return fmin(1 / (record_s * share), by.most_per_s);
}

static void find_enough(struct shorter_polls *polls, const struct outcome *outcome, const struct group_demand *demand,
                        double record_s, const double *came)
{
    const struct scenario *scenario = &outcome->study->scenario;
    const struct group_spec *group = &scenario->group[demand->group];
    struct arena scratch;

    if (may_pile_up(group, demand)) return;
    arena_init(&scratch);
    const double *records = bottleneck_records(outcome, demand->group, &scratch);
    for (uint32_t n = demand->consumers + 1; n <= demand->partitions && polls->enough == 0; n++) {
        const struct split with = split_of(scenario, group, n, records, &scratch);
        const double per_s = could_per_s(outcome, demand, came, record_s, n, with.share);
        if (!(demand->offered_per_s < KEEPS_POLLS_SHORT * per_s)) continue;
        polls->enough = n;
        polls->enough_most = with.most;
        polls->enough_pressure = demand->offered_per_s / per_s;
    }
    arena_fini(&scratch);
}

struct shorter_polls shorter_polls(const struct outcome *outcome, const struct group_demand *demand)
{
    const struct scenario *scenario = &outcome->study->scenario;
    const struct group_spec *group = &scenario->group[demand->group];
    const double record_s = demand->service_s + pace_client_s(scenario, group, demand->most_partitions);
    double came[MAX_TOPICS_OF_GROUP];

    shared_count(outcome, demand->group, came);
    const double varies_s = deviation_s(scenario, group, came);
    const double sleep_s = demand->slept_s > 0 ? plan_longest_backoff_s(group) : 0;
    const double awake_s = fmax(0, ns_to_s(group->max_poll_interval_ns) - sleep_s);
    const double within = records_within(awake_s, record_s, varies_s);
    struct shorter_polls polls = { .sleep_s = sleep_s,
                                    .under = (uint32_t)fmin(fmax(1, ceil(within - 1e-9)), UINT32_MAX),
                                   .varies = varies_s > 0, .per_s = 1 / (record_s * demand->fullest_share),
                                   .next_per_s = (double)NAN };
    if (sleep_s > 0) find_sleeps(&polls, group, record_s, varies_s);
    if (demand->next)
        polls.next_per_s = could_per_s(outcome, demand, came, record_s, demand->next, demand->next_share);
    find_enough(&polls, outcome, demand, record_s, came);
    return polls;
}
