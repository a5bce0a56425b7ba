/* SPDX-License-Identifier: GPL-3.0-or-later
 * Ends of records and commits are instants that were written down when they were decided; here they become visible:
 * offsets move, levels change, times are counted. The order in which they are applied does not matter, only that nobody
 * looks before it is done. In line for poll.c, where most of them are due when they are decided, and settle.c, for the
 * others. */
#ifndef MODELS_KAFKA_SETTLE_H
#define MODELS_KAFKA_SETTLE_H

#include "models/kafka/poll.h"
#include "models/kafka/takeover.h"

/* A record of a position that is behind ended: nothing may wait there now. Records that came at this instant or later
 * do not count, so the answer does not depend on when the end is applied. */
void position_catches_up(struct kafka *kafka, struct position *position, sim_ns at_ns);
/* A commit that goes back (K1), or beyond what is there (K2). */
SIM_SELDOM void commit_is_wrong(struct kafka *kafka, uint32_t position, sim_ns at_ns);

/* A record counts when it comes to an end for the first time: processed or given up, never both, and once. */
static SIM_ALWAYS void record_counts(struct group_facts *fact, const struct done done)
{
    fact->processed += !done.given_up;
    fact->skipped += done.given_up;
}

/* The record has been processed; its instant has come. Where partitions never change hands: */
static SIM_ALWAYS void done_by_owner(struct kafka *kafka, struct group *group, const struct done done)
{
    struct position *position = &kafka->position[done.position];
    position->processed = done.offset + 1;
    level_fall(&group->backlog, done.at_ns);
    if (position->behind) position_catches_up(kafka, position, done.at_ns);
    if (done.at_ns > group->last_done_ns) group->last_done_ns = done.at_ns;
    record_counts(&group->fact, done);
    tally_count(&group->fact.wait, done.start_ns - done.appended_ns);
    tally_count(&group->fact.service, done.at_ns - done.start_ns);
    sim_fact(kafka->sim, done.at_ns, FACT_PROCESSED, (uint64_t)done.position << 40 | (uint64_t)done.offset);
}

static SIM_ALWAYS void apply_done(struct kafka *kafka, struct group *group, const struct consumer *consumer,
                                  const struct done done)
{
    if (kafka->delivery) done_by_anyone(kafka, consumer, done);
    else done_by_owner(kafka, group, done);
}

/* Forgets records that every reader has committed. */
static SIM_ALWAYS void log_forget(struct kafka *kafka, struct log *log, sim_ns at_ns)
{
    int64_t least = kafka->position[log->reader[0]].committed;
    for (uint32_t i = 1; i < log->n_readers; i++)
        if (kafka->position[log->reader[i]].committed < least) least = kafka->position[log->reader[i]].committed;
    if (kafka->n_departed > 0) least = least_in_hand(kafka, log, least);
    const int64_t start = log->start;
    if (least == start) return;
    for (int64_t offset = start; offset < least; offset++)
        kafka->calls.retire(kafka->calls.context, log_subject(log, offset), at_ns);
    log_release(log, &kafka->pool, least);
}

/* The same where the record at the offset is all that can go. */
static SIM_ALWAYS void log_forget_one(struct kafka *kafka, struct log *log, int64_t offset, sim_ns at_ns)
{
    if (log->n_readers > 1 || (uint64_t)(offset + 1) % LOG_BLOCK_RECORDS == 0) {
        log_forget(kafka, log, at_ns);
        return;
    }
    SIM_ASSERT_IN(kafka->sim, log->start == offset);
    log->start = offset + 1;
    kafka->calls.retire(kafka->calls.context, log_subject(log, offset), at_ns);
}

/* The group's committed offset moves from a record that was appended at since_ns. */
static SIM_ALWAYS void commit_moves(struct kafka *kafka, struct group *group, uint32_t index, int64_t to,
                                    sim_ns since_ns, sim_ns at_ns)
{
    struct position *position = &kafka->position[index];
    lag_age_note(group, since_ns, at_ns);
    group->lag -= to - position->committed;
    position->committed = to;
    sim_fact(kafka->sim, at_ns, FACT_COMMITTED, (uint64_t)index << 40 | (uint64_t)to);
}

static SIM_ALWAYS void commit_position(struct kafka *kafka, uint32_t index, sim_ns at_ns)
{
    struct position *position = &kafka->position[index];
    struct log *log = &kafka->log[position->log];
    const int64_t to = position->commit_to, more = to - position->committed;
    position->touched = false;
    if (more < 0 || to > position->processed || position->processed > position->polled || position->polled > log->end)
        commit_is_wrong(kafka, index, at_ns);
    if (more <= 0) return;
    commit_moves(kafka, &kafka->group[position->group], index, to, log_at(log, position->committed), at_ns);
    log_forget(kafka, log, at_ns);
}

/* The commit that the consumer has sent is at the broker. */
static SIM_ALWAYS void apply_commit(struct kafka *kafka, struct consumer *consumer)
{
    consumer->commit_pending = false;
    kafka->group[consumer->group].fact.commits++;
    for (uint32_t i = 0; i < consumer->n_touched; i++)
        commit_position(kafka, consumer->touched[i], consumer->commit_at_ns);
    consumer->n_touched = 0;
}

#endif
