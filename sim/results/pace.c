/* SPDX-License-Identifier: GPL-3.0-or-later
 * See pace.h. */
#include "sim/results/pace.h"

#include <math.h>

#include "sim/results/fetch_walk.h"
#include "sim/results/way_time.h"

double pace_stage_alone_s(const struct stage_spec *stage)
{
    double total_s = stage->has_time ? dist_mean_s(&stage->time) : 0;

    for (uint32_t i = 0; i < stage->n_steps; i++)
        if (stage->step[i].has_time) total_s += dist_mean_s(&stage->step[i].time);
    return total_s;
}

/* Of the stage's own time, what no step has a share of. */
static double undealt_s(const struct stage_spec *stage, double stage_s)
{
    double dealt = 0;
    for (uint32_t i = 0; i < stage->n_steps; i++) dealt += stage->step[i].share;
    return fmax(0, 1 - dealt) * stage_s;
}

double pace_alone_s(const struct scenario *scenario, const struct group_spec *group, uint32_t read)
{
    const struct stage_spec *stage = &scenario->stage[group->read[read].stage];
    const double stage_s = stage->has_time ? dist_mean_s(&stage->time) : 0;
    return way_time(stage->step, stage->n_steps, stage_s, 0).mean_s + undealt_s(stage, stage_s);
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
        shortest_s = fmin(shortest_s, fmin(pace_alone_s(scenario, group, i),
                                           pace_stage_alone_s(&scenario->stage[group->read[i].stage])));
    return shortest_s;
}

/* Many may be refused there, and without a wait. What was done before is rare; and who gets no lock or no connection
 * has waited for it for as long as it does. */
static bool refuses_quickly(const struct step_spec *step)
{
    return step->refuse > 0 ||
        (step->n_otherwise > 0 && step->kind != STEP_ONCE && step->kind != STEP_LOCK && step->kind != STEP_CONNECTION);
}

/* The shortest way through the steps. Without an `otherwise` a refusal throws. */
static double least_path_s(const struct step_spec *step, uint32_t n, double stage_s, double left_s)
{
    for (uint32_t i = n; i-- > 0;) {
        if (refuses_quickly(&step[i]))
            left_s = fmin(left_s, least_path_s(step[i].otherwise, step[i].n_otherwise, stage_s, 0));
        left_s += step[i].has_time ? dist_mean_s(&step[i].time) : step[i].share * stage_s;
    }
    return left_s;
}

double pace_least_s(const struct scenario *scenario, const struct group_spec *group)
{
    double least_s = INFINITY;
    for (uint32_t i = 0; i < group->n_reads; i++) {
        const struct stage_spec *stage = &scenario->stage[group->read[i].stage];
        const double stage_s = stage->has_time ? dist_mean_s(&stage->time) : 0;
        least_s = fmin(least_s, least_path_s(stage->step, stage->n_steps, stage_s, undealt_s(stage, stage_s)));
    }
    return least_s;
}

bool pace_number_changes(const struct scenario *scenario, uint32_t group)
{
    for (uint32_t i = 0; i < scenario->n_scalers; i++)
        if (scenario->scaler[i].group == group) return true;
    for (uint32_t i = 0; i < scenario->n_faults; i++)
        if (scenario->fault[i].kind == FAULT_SCALE && scenario->fault[i].target == group) return true;
    return false;
}

/* What one fetch brings of a partition. */
static double block_of(const struct scenario *scenario, const struct group_spec *group)
{
    double least = INFINITY;
    if (group->fetch_order == FETCH_ARRIVAL) return least;
    for (uint32_t i = 0; i < group->n_reads; i++) {
        const struct topic_spec *topic = &scenario->topic[group->read[i].topic];
        least = fmin(least, fmax(1, floor((double)group->max_partition_fetch_bytes / topic->record_bytes)));
    }
    return least;
}

/* Records of a poll. It goes on with the next partition's block. */
static double full_poll(const struct scenario *scenario, const struct group_spec *group, uint32_t partitions)
{
    return fmin(group->max_poll_records, block_of(scenario, group) * partitions);
}

/* In the mean: where there is but one partition, the last poll of a block takes what is left of it. */
static double batch_of(const struct scenario *scenario, const struct group_spec *group, uint32_t partitions)
{
    const double poll = full_poll(scenario, group, partitions), block = block_of(scenario, group);
    return partitions > 1 || isinf(block) ? poll : block / ceil(block / poll);
}

static bool commits_each_poll(const struct group_spec *group)
{
    return group->commit_mode == COMMIT_BATCH || group->commit_mode == COMMIT_MANUAL;
}

/* So many times in that, the last time whole; at least once. */
static double rounds(double whole, double each) { return fmax(1, ceil(whole / each - 1e-9)); }

/* Records from one commit to the next. It waits for the end of a poll; and the time to the next one runs from its
 * beginning. */
static double a_commit(const struct group_spec *group, double batch, double record_s)
{
    const double poll_s = batch * record_s + dist_mean_s(&group->poll);

    switch (group->commit_mode) {
    case COMMIT_RECORD: return 1;
    case COMMIT_COUNT: return batch * rounds(group->commit_count, batch);
    case COMMIT_TIME: return batch * rounds(ns_to_s(group->commit_time_ns) - dist_mean_s(&group->commit), poll_s);
    case COMMIT_BATCH: case COMMIT_MANUAL: break;
    }
    return batch;
}

/* Records of a poll or of what is committed together that would be so long: one that fails ends it. */
static double until_failure(double whole, double failed)
{
    return failed > 0 ? -expm1(whole * log1p(-failed)) / failed : whole;
}

/* Per record. Before a record is delivered again what was done before it in its poll is committed; and what is given up
 * after retries was the first of its poll, and its end. Without retries a failure ends the poll and no more. */
static double commits(const struct group_spec *group, double batch, const struct pace_record *record)
{
    const double before = until_failure(batch, record->failed);

    if (record->again <= 0) return 1 / a_commit(group, before, record->takes_s);
    const double each = until_failure(a_commit(group, batch, record->takes_s), record->failed);
    switch (group->commit_mode) {
    case COMMIT_BATCH: case COMMIT_MANUAL: return (1 - record->given_up) / each + record->given_up;
    case COMMIT_COUNT: case COMMIT_TIME: return 1 / each;
    case COMMIT_RECORD: break;
    }
    return 1;
}

/* Per record. The poll that brings a record for the last time, and not to be given up, goes on with others. */
static double polls(double batch, const struct pace_record *record)
{
    const double recovered = fmax(0, record->failed - record->given_up);
    return 1 / until_failure(batch, record->failed) + fmax(0, record->again - recovered);
}

double pace_client_of_s(const struct scenario *scenario, const struct group_spec *group, uint32_t partitions,
                        const struct pace_record *record)
{
    const double batch = batch_of(scenario, group, partitions);
    const double each = commits_each_poll(group) ? batch : full_poll(scenario, group, partitions);
    return commits(group, each, record) * dist_mean_s(&group->commit) +
        polls(batch, record) * dist_mean_s(&group->poll);
}

/* ---- fetches ---- */

/* What is committed by record, count or time falls on each record alike. */
static double commits_of_records_s(const struct scenario *scenario, const struct group_spec *group,
                                   uint32_t partitions, const struct pace_record *record)
{
    if (commits_each_poll(group)) return 0;
    return commits(group, full_poll(scenario, group, partitions), record) * dist_mean_s(&group->commit);
}

bool pace_is_quiet(double came, double most) { return came < 0.9 * most - 4 * sqrt(most); }

/* Of the consumer's records, the part that comes to each partition; INFINITY: more than it does. NULL: to all. */
static const struct fetch_feed *fed_of(uint32_t partitions, const struct pace_part *part, uint32_t *quiet,
                                       struct arena *scratch)
{
    struct fetch_feed *fed = arena_array(scratch, struct fetch_feed, partitions);
    double all = 0, most = 0;

    *quiet = 0;
    for (uint32_t i = 0; part && i < partitions; i++) {
        all += part[i].came;
        most = fmax(most, part[i].came);
    }
    for (uint32_t i = 0; part && i < partitions; i++) {
        const bool is_fed = pace_is_quiet(part[i].came, most);
        fed[i] = (struct fetch_feed){ is_fed ? part[i].came / all : (double)INFINITY, part[i].hash };
        *quiet += is_fed;
    }
    return *quiet > 0 ? fed : NULL;
}

static struct fetch_walk walk_of(const struct scenario *scenario, const struct group_spec *group, uint32_t partitions,
                                 const struct pace_record *record, double commits_s)
{
    return (struct fetch_walk){
        .partitions = partitions, .block = block_of(scenario, group), .poll = group->max_poll_records,
        .fetch_s = dist_mean_s(&group->fetch), .max_wait_s = ns_to_s(group->fetch_max_wait_ns),
        .record_s = (record->takes_s - record->slept_s + commits_s) / (1 + record->again),
        .poll_s = dist_mean_s(&group->poll), .commit_s = commits_s > 0 ? 0 : dist_mean_s(&group->commit),
        .failed = record->failed, .again = record->again, .given_up = record->given_up,
        .sleep_s = record->again > 0 ? record->slept_s / record->again : 0
    };
}

/* A fetch leaves with a poll that uses up a block, and what is left of that poll is worked off beside it; where there
 * are other partitions, so is the next block. One that fills its poll with its last record counts as unread until the
 * next poll: alone, it is waited for from its beginning to its end. While one is parked that asks for quiet partitions,
 * no other can leave. */
static bool is_waited_for(const struct fetch_walk *walk)
{
    const double last = walk->block - walk->poll * (ceil(walk->block / walk->poll) - 1);
    const double beside_s = walk->poll_s + walk->commit_s + walk->record_s * fmin(last, walk->poll);
    const double longest_s = fetch_walk_longest_s(walk);
    const uint32_t full = walk->partitions - walk->quiet;

    if (!(longest_s > 0) || walk->partitions == 0) return false;
    if (walk->failed > 0 || (full == 1 && last >= walk->poll)) return true;
    if (full == 1) return walk->quiet > 0 || longest_s > beside_s;
    return longest_s > floor(walk->block / walk->poll) *
        (walk->poll_s + walk->commit_s + walk->record_s * walk->poll);
}

/* In order of arrival what the consumer has sought back to is fetched again, and nobody works beside that. */
double pace_record_s(const struct scenario *scenario, const struct group_spec *group, uint32_t partitions,
                     const struct pace_part *part, const struct pace_record *record)
{
    const double unwaited_s = record->takes_s + pace_client_of_s(scenario, group, partitions, record);
    if (group->fetch_order == FETCH_ARRIVAL) return unwaited_s + record->again * dist_mean_s(&group->fetch);
    const double commits_s = commits_of_records_s(scenario, group, partitions, record);
    struct fetch_walk walk = walk_of(scenario, group, partitions, record, commits_s);
    double client_s = (double)NAN;
    struct arena scratch;
    arena_init(&scratch);
    walk.fed = fed_of(partitions, part, &walk.quiet, &scratch);
    if (is_waited_for(&walk)) client_s = fetch_walk_client_s(&walk);
    arena_fini(&scratch);
    return isfinite(client_s) ? record->takes_s + commits_s + client_s : unwaited_s;
}
