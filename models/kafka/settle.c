/* SPDX-License-Identifier: GPL-3.0-or-later
 * Who looks first applies what is due; see settle.h. */
#include "models/kafka/settle.h"

void position_catches_up(struct kafka *kafka, struct position *position, sim_ns at_ns)
{
    struct group *group = &kafka->group[position->group];
    const struct log *log = &kafka->log[position->log];
    if (position->processed < log->end && log_at(log, position->processed) < at_ns) return;
    position->behind = false;
    if (at_ns > group->caught_up_ns) group->caught_up_ns = at_ns;
    if (--group->n_behind == 0) group->fact.caught_up_ns = group->caught_up_ns;
}

void commit_is_wrong(struct kafka *kafka, uint32_t index, sim_ns at_ns)
{
    const struct position *position = &kafka->position[index];
    const struct log *log = &kafka->log[position->log];
    if (position->commit_to < position->committed)
        invariant_broken(kafka->invariants, INVARIANT_K1, at_ns, 0, "topic %s partition %u: from %lld back to %lld",
                         kafka->plan->scenario->topic[log->topic].name, log->partition, (long long)position->committed,
                         (long long)position->commit_to);
    if (position->commit_to <= position->committed) return;
    invariant_broken(kafka->invariants, INVARIANT_K2, at_ns, 0,
                     "topic %s partition %u: committed %lld, processed %lld, position %lld, log end %lld",
                     kafka->plan->scenario->topic[log->topic].name, log->partition, (long long)position->commit_to,
                     (long long)position->processed, (long long)position->polled, (long long)log->end);
}

void release(struct kafka *kafka, struct log *log, sim_ns at_ns) { log_forget(kafka, log, at_ns); }

void consumer_settle_due(struct kafka *kafka, struct consumer *consumer)
{
    if (consumer->done_pending && consumer->done.at_ns <= kafka->sim->now_ns) {
        consumer->done_pending = false;
        apply_done(kafka, &kafka->group[consumer->group], consumer, consumer->done);
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
