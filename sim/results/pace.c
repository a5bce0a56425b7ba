/* SPDX-License-Identifier: GPL-3.0-or-later
 * See pace.h. */
#include "sim/results/pace.h"

#include <math.h>

uint32_t pace_partitions(const struct scenario *scenario, const struct group_spec *group)
{
    uint32_t partitions = 0;
    for (uint32_t i = 0; i < group->n_reads; i++)
        if (scenario->topic[group->read[i].topic].partitions > partitions)
            partitions = scenario->topic[group->read[i].topic].partitions;
    return partitions;
}

double pace_workers(const struct scenario *scenario, const struct group_spec *group, uint32_t idle)
{
    if (pace_is_joined(group)) return fmin(group->consumers_max, pace_partitions(scenario, group));
    return group->consumers - idle;
}

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

double pace_longest_s(const struct scenario *scenario, const struct group_spec *group)
{
    double longest_s = 0;
    for (uint32_t i = 0; i < group->n_reads; i++)
        longest_s = fmax(longest_s, stage_alone_s(&scenario->stage[group->read[i].stage]));
    return longest_s;
}

double pace_shortest_s(const struct scenario *scenario, const struct group_spec *group)
{
    double shortest_s = INFINITY;
    for (uint32_t i = 0; i < group->n_reads; i++)
        shortest_s = fmin(shortest_s, stage_alone_s(&scenario->stage[group->read[i].stage]));
    return shortest_s;
}

static double mean_s(const struct dist_spec *dist)
{
    double mean, cv;
    dist_moments(dist, &mean, &cv);
    return mean;
}

double pace_client_s(const struct group_spec *group)
{
    const double batch = group->max_poll_records;
    double commits = 1 / batch;

    switch (group->commit_mode) {
    case COMMIT_RECORD: commits = 1; break;
    case COMMIT_COUNT: commits = 1 / fmax(batch, group->commit_count); break;
    case COMMIT_TIME: commits = 0; break;
    case COMMIT_BATCH: case COMMIT_MANUAL: break;
    }
    return commits * mean_s(&group->commit) + mean_s(&group->poll) / batch;
}
