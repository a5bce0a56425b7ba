/* SPDX-License-Identifier: GPL-3.0-or-later
 * Between the files of a consumer group: group.c (logs, appends, start, levels), poll.c (the poll loop of a consumer)
 * and settle.c (what was decided earlier becomes visible). Not for other rooms: they see group.h. */
#ifndef MODELS_KAFKA_POLL_H
#define MODELS_KAFKA_POLL_H

#include "models/kafka/group.h"

enum { FACT_APPENDED = 1, FACT_PROCESSED = 2, FACT_COMMITTED = 3 };

/* ---- settle.c ---- */
void consumer_settle_due(struct kafka *kafka, struct consumer *consumer);
/* Applies what of the consumer is due by now. */
static inline void consumer_settle(struct kafka *kafka, struct consumer *consumer)
{
    if (consumer->done_pending || consumer->commit_pending) consumer_settle_due(kafka, consumer);
}
void group_settle_due(struct kafka *kafka, uint32_t group);
/* Applies all of a group that is due by now. */
static inline void group_settle(struct kafka *kafka, uint32_t index)
{
    if (kafka->group[index].due_ns <= kafka->sim->now_ns) group_settle_due(kafka, index);
}
/* An instant ahead that must be applied when it has come. */
void settle_later(struct kafka *kafka, const struct consumer *consumer, sim_ns at_ns);
/* Forgets records that every reader has committed. */
void release(struct kafka *kafka, struct log *log, sim_ns at_ns);

/* The group's backlog is greater than before; all that is due has been applied. */
static inline void backlog_rose(struct group *group, sim_ns now_ns)
{
    if (group->backlog.value <= group->fact.peak_backlog) return;
    group->fact.peak_backlog = group->backlog.value;
    group->fact.peak_backlog_at_ns = now_ns;
    group->few_next = group->most_consumers + 1;
}

/* No more than one record a consumer is in the backlog, and another one comes, or the run ends: what was its peak has
 * been worked off since the last record left it. */
SIM_SELDOM void backlog_was_few(struct group *group);

/* The committed offset is about to leave a record that was appended at since_ns: it has never been older. */
static inline void lag_age_note(struct group *group, sim_ns since_ns, sim_ns at_ns)
{
    if (at_ns - since_ns > group->fact.peak_lag_ns) group->fact.peak_lag_ns = at_ns - since_ns;
}

/* ---- group.c ---- */
/* The consumer's i-th position takes its place in the fetch buffer. */
void part_init(struct kafka *kafka, struct consumer *consumer, uint32_t i);

/* What a group without committed offsets begins with: a cold one with reset latest never sees what is there now. */
void position_begin(struct kafka *kafka, uint32_t position);

/* ---- retry.c ---- */
void failures_init(struct kafka *kafka);
/* Deliveries of this record to this consumer that have failed. */
uint32_t attempts_of(const struct kafka *kafka, const struct consumer *consumer, uint32_t position, int64_t offset);

/* ---- poll.c ---- */
/* When the broker takes a request that is sent at at_ns: later only where it is away. */
sim_ns when_it_answers(const struct kafka *kafka, sim_ns at_ns);
/* Of a request to the broker: the fetch's draws. */
sim_ns round_trip(const struct kafka *kafka, struct consumer *consumer);
/* Sends a commit of all that is processed at at_ns; returns when it is acknowledged. */
sim_ns commit_send(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns);
/* COMMIT_TIME, and nothing waits to be committed: sets the clock as those turns have that the loop has made by now, or
 * until a record came, while its polls waited in vain. Before positions change. */
SIM_SELDOM void loop_turns(const struct kafka *kafka, struct consumer *consumer);
/* The handlers of a consumer's own JVM. */
void poll_actors(struct processes *processes, const uint32_t *instance_of);
void fetch_settle_due(struct kafka *kafka, struct consumer *consumer);
/* Brings the fetch in flight up to now; before the log of an asked partition grows. */
static inline void fetch_settle(struct kafka *kafka, struct consumer *consumer)
{
    sim_ns parked_ns = kafka->sim->now_ns - consumer->arrive_ns;
    if (consumer->fetch != FETCH_SENT || parked_ns < 0) return;
    if (consumer->buffer.unasked == 0 && parked_ns < consumer->spec->fetch_max_wait_ns) return; /* it stays parked */
    fetch_settle_due(kafka, consumer);
}
/* The consumer's thread does something else until at_ns (>= now), and polls then. */
void poll_later(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns);
/* Polls from poll_from_ns on: takes what is there, or waits for the first append. */
void wait_for_records(struct kafka *kafka, struct consumer *consumer);
/* A record was appended to a position of the consumer, now. */
void consumer_notice(struct kafka *kafka, struct group *group, struct consumer *consumer, uint32_t position,
                     uint32_t subject);

#endif
