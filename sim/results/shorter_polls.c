/* SPDX-License-Identifier: GPL-3.0-or-later
 * See shorter_polls.h. */
#include "sim/results/shorter_polls.h"

#include <math.h>

#include "models/plan.h"
#include "sim/results/bottleneck.h"
#include "sim/results/pace.h"
#include "sim/results/shared.h"
#include "sim/results/split.h"
#include "sim/results/way_time.h"

/* ---- smaller ones ---- */

/* The time that the scenario gives a record. */
struct record_time {
    double mean_s, deviation_s; /* over all reads */
    double longest_s;           /* that one of a run's records takes, once in a hundred runs; the others are as usual */
};

/* What is no more than chance: the sum of so many times is hardly ever further from its mean. */
#define DEVIATIONS 4

/* Shares of the stage's time add up to all of it on the usual way, and to no more on another one. */
static struct way_time stage_time(const struct stage_spec *stage, double records)
{
    struct way_time sum = way_time(stage->step, stage->n_steps, 0, records);
    if (stage->has_time) way_time_add(&sum, &stage->time, records);
    return sum;
}

static struct record_time record_time(const struct scenario *scenario, const struct group_spec *group,
                                      const double *came)
{
    struct record_time time = { 0 };
    double all = 0, sum = 0, squares = 0;

    for (uint32_t r = 0; r < group->n_reads; r++) {
        if (!(came[r] > 0)) continue;
        const struct way_time of = stage_time(&scenario->stage[group->read[r].stage], came[r]);
        all += came[r];
        sum += came[r] * of.mean_s;
        squares += came[r] * (of.mean_s * of.mean_s + of.variance);
        time.longest_s = fmax(time.longest_s, of.longest_s + of.beyond_s);
    }
    if (!(all > 0)) return time;
    time.mean_s = sum / all;
    time.deviation_s = sqrt(fmax(0, squares / all - time.mean_s * time.mean_s));
    return time;
}

/* What takes longer than that comes again, as slow as before, and again: where times vary much it is no sum of chances
 * that does, but one long record among usual ones. */
struct poll_time { double record_s, deviation_s, longest_s; };

/* The n for which n records and four deviations of their sum take as long as this. */
static double usual_within(double whole_s, const struct poll_time *time)
{
    const double chance_s = DEVIATIONS * time->deviation_s;
    const double root =
        (sqrt(chance_s * chance_s + 4 * time->record_s * whole_s) - chance_s) / (2 * time->record_s);
    return root * root;
}

static double usual_s(double records, const struct poll_time *time)
{
    return records * time->record_s + DEVIATIONS * time->deviation_s * sqrt(records);
}

/* The longest and so many usual ones; 0: not even that. */
static double records_within(double whole_s, const struct poll_time *time)
{
    const double beside_s = whole_s - time->longest_s;
    return beside_s < 0 ? 0 : 1 + usual_within(beside_s, time);
}

static double poll_s(uint32_t records, const struct poll_time *time)
{
    return time->longest_s + usual_s(records - 1, time);
}

/* Locks, rows and the client's own work take their part of each. */
static struct poll_time poll_time(const struct record_time *time, double record_s)
{
    return (struct poll_time){ record_s, time->deviation_s, record_s + fmax(0, time->longest_s - time->mean_s) };
}

/* ---- shorter sleeps ---- */

/* The least number with a sleep of so long. */
static uint32_t deliveries_with(const struct group_spec *group, double sleep_s)
{
    const double first_s = ns_to_s(group->backoff_ns);
    if (first_s >= sleep_s) return 2;
    return 2 + (uint32_t)ceil(log(sleep_s / first_s) / log(group->backoff_multiplier) - 1e-9);
}

static void find_sleeps(struct shorter_polls *polls, const struct group_spec *group, const struct poll_time *time)
{
    const double interval_s = ns_to_s(group->max_poll_interval_ns);
    const double beside_polls_s = interval_s - poll_s(group->max_poll_records, time);
    const double beside_one_s = interval_s - poll_s(1, time);

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

/* What comes during the longest record waits for the next poll. */
static bool polls_stay_short(const struct group_spec *group, const struct poll_time *time, double comes_per_s)
{
    return usual_s(comes_per_s * time->longest_s, time) < ns_to_s(group->max_poll_interval_ns);
}

static void find_enough(struct shorter_polls *polls, const struct outcome *outcome, const struct group_demand *demand,
                        const struct poll_time *time, const double *came)
{
    const struct scenario *scenario = &outcome->study->scenario;
    const struct group_spec *group = &scenario->group[demand->group];
    struct arena scratch;

    if (may_pile_up(group, demand)) return;
    arena_init(&scratch);
    const double *records = bottleneck_records(outcome, demand->group, &scratch);
    for (uint32_t n = demand->consumers + 1; n <= demand->partitions && polls->enough == 0; n++) {
        const struct split with = split_of(scenario, group, n, records, &scratch);
        const double per_s = could_per_s(outcome, demand, came, time->record_s, n, with.share);
        if (!(demand->offered_per_s < KEEPS_POLLS_SHORT * per_s)) continue;
        if (!polls_stay_short(group, time, demand->offered_per_s * with.share)) continue;
        polls->enough = n;
        polls->enough_most = with.most;
        polls->enough_pressure = demand->offered_per_s / per_s;
    }
    arena_fini(&scratch);
}

/* The client's part of each record of such polls. */
static double record_of_poll_s(const struct scenario *scenario, const struct group_spec *group,
                               const struct group_demand *demand, uint32_t most)
{
    struct group_spec then = *group;
    if (most < then.max_poll_records) then.max_poll_records = most;
    return pace_record_s(scenario, &then, demand->most_partitions, NULL,
                         &(struct pace_record){ .takes_s = demand->service_s });
}

struct shorter_polls shorter_polls(const struct outcome *outcome, const struct group_demand *demand)
{
    const struct scenario *scenario = &outcome->study->scenario;
    const struct group_spec *group = &scenario->group[demand->group];
    double came[MAX_TOPICS_OF_GROUP];

    shared_count(outcome, demand->group, came);
    const struct record_time record = record_time(scenario, group, came);
    const struct poll_time time = poll_time(&record, record_of_poll_s(scenario, group, demand, UINT32_MAX));
    const double sleep_s = demand->slept_s > 0 ? plan_longest_backoff_s(group) : 0;
    const double awake_s = fmax(0, ns_to_s(group->max_poll_interval_ns) - sleep_s);
    const double within = records_within(awake_s, &time);
    struct shorter_polls polls = { .sleep_s = sleep_s, .longest_s = time.longest_s,
                                   .under = (uint32_t)fmin(fmax(1, ceil(within - 1e-9)), UINT32_MAX),
                                   .varies = time.deviation_s > 0, .next_per_s = (double)NAN };
    const double record_s =
        record_of_poll_s(scenario, group, demand, polls.under > 1 ? polls.under - 1 : 1);
    polls.per_s = 1 / (record_s * demand->fullest_share);
    if (sleep_s > 0) find_sleeps(&polls, group, &time);
    if (demand->next)
        polls.next_per_s = could_per_s(outcome, demand, came, record_s, demand->next, demand->next_share);
    find_enough(&polls, outcome, demand, &time, came);
    return polls;
}
