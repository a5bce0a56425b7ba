/* SPDX-License-Identifier: GPL-3.0-or-later
 * One consumer's pace is seen where its group had enough to do, or follows from what a record takes. Neither is right
 * everywhere: what is seen of few records is chance, and what a record takes knows the waits of slack times as well as
 * those of busy ones, and a pause that fell on a record. So what is seen counts where it was seen for long.
 *
 * A back-off is long and rare, and makes many wait: of the time in which many wait it takes a greater part than of the
 * run. What it costs is what all sleeps are over all records; what was seen counts for the work beside them.
 *
 * A fault makes some records slow. What was seen where all was well, of however few, tells how much of that it was, but
 * it was no more than the fault can have added. */
#include "sim/results/capacity.h"

#include <math.h>

#include "sim/results/added.h"
#include "sim/results/pace.h"
#include "sim/results/stuck.h"
#include "sim/results/waits.h"

/* Records whose work would fill the time in which a group had enough: fewer say less than the mean of all does. */
enum { SEEN_MIN = 2000 };

/* Records that have ended, and what they and their deliveries took. */
struct work { double n, busy_s, slept_s, failed, again, given_up; };

/* Of a record: what other groups had of the same order, which keeps nobody who comes late; and while its process stood
 * still, which is no work. */
static double beside_s(const struct group_facts *facts)
{
    const double paused_s = facts->paused_ns > 0 ? (double)facts->paused_ns * 1e-9 / (double)facts->service.n : 0;
    return waits_order_counted_s(facts) + paused_s;
}

static double record_s(const struct group_facts *facts) { return tally_mean_s(&facts->service) - beside_s(facts); }

static struct work all_work(const struct group_facts *facts)
{
    const double n = (double)facts->service.n;
    return (struct work){ n, (double)facts->busy_ns * 1e-9 - n * beside_s(facts),
                          (double)facts->backoff_ns * 1e-9, (double)facts->failed, (double)facts->retries,
                          (double)facts->skipped };
}

/* So few say less of what a record takes than all do, the slow ones included. */
enum { FEW = 100 };

/* But for what was done while a fault made records slow, where there is more than a few of that. */
static struct work work_of(const struct group_facts *facts, const struct slowed_work *slowed)
{
    const struct work all = all_work(facts);
    const struct group_work *less = &slowed->work;
    const double n = all.n - (double)less->ended;

    if (!(n > FEW)) return all;
    const sim_ns busy_ns = slowed->busy_ns - less->same_order_ns - less->paused_ns;
    return (struct work){ n, all.busy_s - ns_to_s(busy_ns), all.slept_s - ns_to_s(less->backoff_ns),
                          all.failed - (double)less->failed, all.again - (double)less->retries,
                          all.given_up - (double)less->skipped };
}

/* All deliveries, the sleeps between them, commits and polls, and the fetches that are waited for. */
static struct split_pace pace_of(const struct scenario *scenario, const struct group_spec *spec,
                                 const struct work *work, const struct split *split)
{
    const struct pace_record record = { .takes_s = (work->busy_s + work->slept_s) / work->n,
                                        .slept_s = work->slept_s / work->n,
                                        .failed = fmin(1, work->failed / work->n),
                                        .again = fmax(0, work->again / work->n),
                                        .given_up = fmin(1, work->given_up / work->n) };
    return split_pace(scenario, spec, split, &record);
}

/* Of all consumers, asleep or not, while they had enough; but for what they waited for other groups at work on the same
 * order: the later they come to it the less they do. */
static double looked_at_s(const struct group_samples *samples)
{
    const double all_s = ns_to_s(samples->done_ns) * samples->split.fed;
    return fmin(all_s, all_s - ns_to_s(samples->order_waits_ns));
}

/* Done per second by one consumer, where those that get records had enough to do; NaN: that was not seen. What was seen
 * of a group whose number changes is of any number of them; and where stages differ, whoever has the short ones does
 * most of the records while all are at work. */
static double seen_per_s(const struct scenario *scenario, const struct group_samples *samples, uint32_t group)
{
    if (samples->done_ns == 0 || samples->split.mixed || pace_number_changes(scenario, group))
        return (double)NAN;
    return (double)samples->done / looked_at_s(samples);
}

static double slept_s(const struct group_facts *facts) { return (double)facts->backoff_ns * 1e-9; }

/* However much of the sleeps fell into it. */
static bool is_seen_for_long(const struct group_facts *facts, const struct group_samples *samples)
{
    return samples->done > 0 &&
        looked_at_s(samples) - slept_s(facts) > SEEN_MIN * record_s(facts);
}

/* What was seen, with the sleeps of the whole run in place of those that fell into it. How many these were nobody
 * knows: between none and all of them. So the work beside them took what a record takes, as far as that lies
 * between. */
static double seen_beside_sleeps_per_s(const struct group_facts *facts, const struct group_samples *samples,
                                       double takes_s)
{
    const double seen_s = looked_at_s(samples), sleep_s = slept_s(facts) / (double)facts->service.n;
    const double most_s = seen_s / (double)samples->done, least_s = (seen_s - slept_s(facts)) / (double)samples->done;
    return 1 / (fmin(fmax(takes_s - sleep_s, least_s), most_s) + sleep_s);
}

/* Delivered again, and not by the error handler: retries are part of what a record takes. */
static double repeats(const struct group_facts *facts)
{
    return fmax(0, (double)facts->duplicates - (double)facts->retries);
}

/* Where most deliveries are of records that others have processed before, what one takes says little. */
static bool goes_round(const struct group_facts *facts)
{
    return facts->evictions + facts->sessions_expired > 0 && repeats(facts) > (double)facts->processed;
}

/* Of the time at work, at most: what deliveries took beyond their stage alone. What comes again because somebody was
 * away is part of it. */
static double added_s(const struct scenario *scenario, const struct run_facts *run, uint32_t group,
                      const struct work *work)
{
    const struct group_facts *facts = &run->group[group];
    const bool is_left_out = work->n < (double)facts->service.n;
    const double alone_s = pace_shortest_s(scenario, &scenario->group[group]);
    const double beyond_s = work->busy_s - (work->n + fmax(0, work->again)) * alone_s;
    const double by_faults_s =
        added_by_faults_s(scenario, run, group, is_left_out) + repeats(facts) * tally_mean_s(&facts->service);

    return fmax(0, fmin(by_faults_s, beyond_s));
}

/* What a record takes without what faults have added: what was seen of some, if that is less, as far as faults can have
 * added the rest. */
static double without_faults_s(const struct scenario *scenario, const struct run_facts *run,
                               const struct group_samples *samples, uint32_t group, const struct work *work,
                               double takes_s)
{
    const double seen_s = looked_at_s(samples) / (double)samples->done;
    const double least_s = takes_s - added_s(scenario, run, group, work) / work->n;
    return fmin(takes_s, fmax(seen_s, least_s));
}

/* Whoever is tried again for longer is never given up, as far as anybody waits for it. */
#define FOR_EVER_S 86400.0

/* What never ends says nothing of what a record takes: those that did, each by itself. Of one that is given up when the
 * run is over all is known: it takes its deliveries and the sleeps between them. */
static struct split_pace beside_stuck(const struct scenario *scenario, const struct group_spec *spec,
                                      const struct group_facts *facts, const struct group_samples *samples)
{
    const double n = (double)facts->service.n, life_s = stuck_life_s(spec, record_s(facts));
    const struct work work = { .n = 1, .busy_s = record_s(facts) };
    struct split_pace pace = pace_of(scenario, spec, &work, &samples->split);

    if (samples->retries && life_s <= FOR_EVER_S) pace.record_s += fmin(1, (double)facts->failed / n) * life_s;
    return pace;
}

/* Of consumers that always have work. */
static struct split_pace pace_when_full(const struct scenario *scenario, const struct run_facts *run,
                                        const struct group_samples *samples, uint32_t group)
{
    const struct group_spec *spec = &scenario->group[group];
    const struct group_facts *facts = &run->group[group];
    const double seen = seen_per_s(scenario, samples, group);

    if (samples->stuck && facts->service.n > 0) return beside_stuck(scenario, spec, facts, samples);
    if (isfinite(seen) && (samples->too_late || goes_round(facts))) return (struct split_pace){ 1 / seen, 1 };
    if (facts->service.n == 0) return (struct split_pace){ (double)NAN, 1 };
    const bool is_seen = isfinite(seen) && is_seen_for_long(facts, samples);
    struct work work = work_of(facts, &samples->slowed);
    if (samples->split.mixed) work.busy_s *= samples->longer;
    struct split_pace pace = pace_of(scenario, spec, &work, &samples->split);
    if (is_seen && facts->backoff_ns == 0) pace.record_s = 1 / seen;
    else if (is_seen) pace.record_s = 1 / seen_beside_sleeps_per_s(facts, samples, pace.record_s);
    else if (isfinite(seen) && samples->done > 0 && scenario->n_faults > 0)
        pace.record_s = without_faults_s(scenario, run, samples, group, &work, pace.record_s);
    return pace;
}

static bool waits_for_others(const struct group_facts *facts)
{
    for (uint32_t i = 0; i < PATH_WAITS; i++)
        if (facts->waited_ns[i] > 0) return true;
    return false;
}

/* Whoever waits for what others use, too, is slower while the load is at its height than when it is over, and it is at
 * its height that a group must do what the load asks. So that counts alone, where it was seen for long. */
static struct group_samples seen_at_height(const struct group_facts *facts, const struct group_samples *samples)
{
    struct group_samples seen = *samples;

    if (!waits_for_others(facts) || samples->done_at_height_ns == 0) return seen;
    seen.done = samples->done_at_height;
    seen.done_ns = samples->done_at_height_ns;
    seen.order_waits_ns = samples->order_waits_at_height_ns;
    return is_seen_for_long(facts, &seen) ? seen : *samples;
}

double capacity_per_s(const struct scenario *scenario, const struct run_facts *run,
                      const struct group_samples *samples, uint32_t group)
{
    const struct group_samples seen = seen_at_height(&run->group[group], samples);
    const struct split_pace pace = pace_when_full(scenario, run, &seen, group);
    return pace.record_s > 0 ? pace.group / pace.record_s / samples->split.share : (double)NAN;
}
