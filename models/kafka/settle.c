/* SPDX-License-Identifier: GPL-3.0-or-later
 * Ends of records and commits are instants that were written down when they were decided; here they become visible:
 * offsets move, levels change, times are counted. The order in which they are applied does not matter, only that nobody
 * looks before it is done. */
#include "models/kafka/takeover.h"

void position_catches_up(struct kafka *kafka, struct position *position, sim_ns at_ns)
{
    struct group *group = &kafka->group[position->group];
    const struct log *log = &kafka->log[position->log];
    if (position->processed < log->end && log_at(log, position->processed) < at_ns) return;
    position->behind = false;
    if (at_ns > group->caught_up_ns) group->caught_up_ns = at_ns;
    if (--group->n_behind == 0) group->fact.caught_up_ns = group->caught_up_ns;
}

void apply_done(struct kafka *kafka, const struct consumer *consumer)
{
    const struct done *done = &consumer->done;
    if (kafka->delivery) {
        done_by_anyone(kafka, consumer);
        return;
    }
    struct position *position = &kafka->position[done->position];
    struct group *group = &kafka->group[consumer->group];
    const sim_ns at_ns = done->at_ns, start_ns = done->start_ns, appended_ns = done->appended_ns;
    position->processed = done->offset + 1;
    level_add(&group->backlog, at_ns, -1);
    if (position->behind) position_catches_up(kafka, position, at_ns);
    if (at_ns > group->last_done_ns) group->last_done_ns = at_ns;
    group->fact.drained_at_ns = group->backlog.value == 0 ? group->last_done_ns : SIM_NEVER;
    group->fact.processed++;
    group->fact.busy_ns += at_ns - start_ns;
    group->fact.sojourn_ns += at_ns - appended_ns;
    tally_add(&group->fact.wait, start_ns - appended_ns);
    tally_add(&group->fact.service, at_ns - start_ns);
    sim_fact(kafka->sim, at_ns, FACT_PROCESSED, (uint64_t)done->position << 40 | (uint64_t)done->offset);
}

void release(struct kafka *kafka, struct log *log, sim_ns at_ns)
{
    int64_t least = kafka->position[log->reader[0]].committed;
    for (uint32_t i = 1; i < log->n_readers; i++)
        if (kafka->position[log->reader[i]].committed < least) least = kafka->position[log->reader[i]].committed;
    if (kafka->n_departed > 0) least = least_in_hand(kafka, log, least);
    if (least == log->start) return;
    for (int64_t offset = log->start; offset < least; offset++)
        kafka->calls.retire(kafka->calls.context, log_subject(log, offset), at_ns);
    log_release(log, &kafka->pool, least);
}

static void commit_position(struct kafka *kafka, uint32_t index, sim_ns at_ns)
{
    struct position *position = &kafka->position[index];
    struct group *group = &kafka->group[position->group];
    struct log *log = &kafka->log[position->log];
    if (position->commit_to < position->committed)
        invariant_broken(kafka->invariants, INVARIANT_K1, at_ns, 0, "topic %s partition %u: from %lld back to %lld",
                         kafka->plan->scenario->topic[log->topic].name, log->partition, (long long)position->committed,
                         (long long)position->commit_to);
    if (position->commit_to <= position->committed) return;
    if (position->commit_to > position->processed || position->processed > position->polled ||
        position->polled > log->end)
        invariant_broken(kafka->invariants, INVARIANT_K2, at_ns, 0,
                         "topic %s partition %u: committed %lld, processed %lld, position %lld, log end %lld",
                         kafka->plan->scenario->topic[log->topic].name, log->partition, (long long)position->commit_to,
                         (long long)position->processed, (long long)position->polled, (long long)log->end);
    sim_ns age_ns = at_ns - log_at(log, position->committed);
    if (age_ns > group->fact.peak_lag_ns) group->fact.peak_lag_ns = age_ns;
    group->lag -= position->commit_to - position->committed;
    position->committed = position->commit_to;
    sim_fact(kafka->sim, at_ns, FACT_COMMITTED, (uint64_t)index << 40 | (uint64_t)position->committed);
    release(kafka, log, at_ns);
}

void apply_commit(struct kafka *kafka, struct consumer *consumer)
{
    consumer->commit_pending = false;
    kafka->group[consumer->group].fact.commits++;
    for (uint32_t i = 0; i < consumer->n_touched; i++) {
        kafka->position[consumer->touched[i]].touched = false;
        commit_position(kafka, consumer->touched[i], consumer->commit_at_ns);
    }
    consumer->n_touched = 0;
}

void consumer_settle(struct kafka *kafka, struct consumer *consumer)
{
    if (consumer->done_pending && consumer->done.at_ns <= kafka->sim->now_ns) {
        consumer->done_pending = false;
        apply_done(kafka, consumer);
    }
    if (consumer->commit_pending && consumer->commit_at_ns <= kafka->sim->now_ns) apply_commit(kafka, consumer);
}

void group_settle_due(struct kafka *kafka, uint32_t index)
{
    struct group *group = &kafka->group[index];
    const struct plan_group *plan = &kafka->plan->group[index];
    group->due_ns = SIM_NEVER;
    for (uint32_t i = 0; i < plan->n_consumers; i++) {
        struct consumer *consumer = &kafka->consumer[plan->first_consumer + i];
        consumer_settle(kafka, consumer);
        if (consumer->done_pending && consumer->done.at_ns < group->due_ns) group->due_ns = consumer->done.at_ns;
        if (consumer->commit_pending && consumer->commit_at_ns < group->due_ns) group->due_ns = consumer->commit_at_ns;
    }
}

void kafka_settle(struct kafka *kafka)
{
    for (uint32_t i = 0; i < kafka->plan->scenario->n_groups; i++) group_settle(kafka, i);
}

bool kafka_pending(const struct kafka *kafka)
{
    for (uint32_t i = 0; i < kafka->plan->n_consumers; i++)
        if (kafka->consumer[i].done_pending || kafka->consumer[i].commit_pending) return true;
    return false;
}

static void on_due(void *context, uint32_t group, uint64_t argument)
{
    (void)argument;
    group_settle(context, group);
}

void settle_later(struct kafka *kafka, const struct consumer *consumer, sim_ns at_ns)
{
    struct group *group = &kafka->group[consumer->group];
    if (at_ns < group->due_ns) group->due_ns = at_ns;
    if (kafka->step_by_step) sim_at(kafka->sim, at_ns, SIM_SERVER, on_due, kafka, consumer->group, 0);
}
