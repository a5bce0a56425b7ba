/* SPDX-License-Identifier: GPL-3.0-or-later
 * See pace.h. */
#include "sim/results/pace.h"

#include <math.h>

/* Mean time of a stage that never waits for a lock, a row or a server. */
static double stage_alone_s(const struct stage_spec *stage)
{
    double total_s = 0, mean_s = 0, cv;

    if (stage->has_time) {
        dist_moments(&stage->time, &mean_s, &cv);
        return mean_s;
    }
    for (uint32_t i = 0; i < stage->n_steps; i++)
        if (stage->step[i].has_time) {
            dist_moments(&stage->step[i].time, &mean_s, &cv);
            total_s += mean_s;
        }
    return total_s;
}

double pace_alone_s(const struct scenario *scenario, const struct group_spec *group, uint32_t read)
{
    return stage_alone_s(&scenario->stage[group->read[read].stage]);
}

double pace_longest_s(const struct scenario *scenario, const struct group_spec *group)
{
    double longest_s = 0;
    for (uint32_t i = 0; i < group->n_reads; i++)
        longest_s = fmax(longest_s, pace_alone_s(scenario, group, i));
    return longest_s;
}

double pace_shortest_s(const struct scenario *scenario, const struct group_spec *group)
{
    double shortest_s = INFINITY;
    for (uint32_t i = 0; i < group->n_reads; i++)
        shortest_s = fmin(shortest_s, pace_alone_s(scenario, group, i));
    return shortest_s;
}

bool pace_number_changes(const struct scenario *scenario, uint32_t group)
{
    for (uint32_t i = 0; i < scenario->n_scalers; i++)
        if (scenario->scaler[i].group == group) return true;
    for (uint32_t i = 0; i < scenario->n_faults; i++)
        if (scenario->fault[i].kind == FAULT_SCALE && scenario->fault[i].target == group) return true;
    return false;
}

static double mean_s(const struct dist_spec *dist)
{
    double mean, cv;
    dist_moments(dist, &mean, &cv);
    return mean;
}

/* What one fetch brings. */
static double fetched(const struct scenario *scenario, const struct group_spec *group, uint32_t partitions)
{
    double least = INFINITY;
    if (group->fetch_order == FETCH_ARRIVAL) return least;
    for (uint32_t i = 0; i < group->n_reads; i++) {
        const struct topic_spec *topic = &scenario->topic[group->read[i].topic];
        least = fmin(least, fmax(1, floor((double)group->max_partition_fetch_bytes / topic->record_bytes)));
    }
    return least * partitions;
}

/* So many times in that, the last time whole; at least once. */
static double rounds(double whole, double each) { return fmax(1, ceil(whole / each - 1e-9)); }

/* Records from one commit to the next. It waits for the end of a poll; and the time to the next one runs from its
 * beginning. */
static double a_commit(const struct group_spec *group, double batch, double record_s)
{
    const double poll_s = batch * record_s + mean_s(&group->poll);

    switch (group->commit_mode) {
    case COMMIT_RECORD: return 1;
    case COMMIT_COUNT: return batch * rounds(group->commit_count, batch);
    case COMMIT_TIME: return batch * rounds(ns_to_s(group->commit_time_ns) - mean_s(&group->commit), poll_s);
    case COMMIT_BATCH: case COMMIT_MANUAL: break;
    }
    return batch;
}

double pace_client_of_s(const struct scenario *scenario, const struct group_spec *group, uint32_t partitions,
                        double record_s)
{
    const double batch = fmin(group->max_poll_records, fetched(scenario, group, partitions));

    return mean_s(&group->commit) / a_commit(group, batch, record_s) + mean_s(&group->poll) / batch;
}

double pace_client_s(const struct scenario *scenario, const struct group_spec *group, uint32_t partitions)
{
    return pace_client_of_s(scenario, group, partitions, pace_longest_s(scenario, group));
}

double pace_fetch_s(const struct scenario *scenario, const struct group_spec *group, uint32_t partitions)
{
    return mean_s(&group->fetch) / fetched(scenario, group, partitions);
}
