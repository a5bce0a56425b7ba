/* SPDX-License-Identifier: GPL-3.0-or-later
 * Groups and their logs: appends, start, levels, and the closing of the books. See group.h for what is modelled; a
 * consumer's own loop is in poll.c. */
#include "models/kafka/member.h"
#include "models/kafka/takeover.h"

#include <string.h>

/* ---- appends ---- */

void backlog_was_few(struct group *group)
{
    const struct group_facts *fact = &group->fact;
    group->few_next = 0;
    if (fact->peak_backlog <= group->most_consumers) return;
    group->fact.worked_off_ns =
        group->last_done_ns > fact->peak_backlog_at_ns ? group->last_done_ns : fact->peak_backlog_at_ns;
}

/* What a reading group sees of a record that is in the log now. */
static void reader_append(struct kafka *kafka, const struct log *log, uint32_t index, uint32_t subject)
{
    const struct position *position = &kafka->position[index];
    struct group *group = &kafka->group[position->group];
    sim_ns now_ns = kafka->sim->now_ns;
    group_settle(kafka, position->group);
    int64_t partition_lag = log->end - position->committed;
    level_rise(&group->backlog, now_ns);
    if (++group->lag > group->fact.peak_lag) {
        group->fact.peak_lag = group->lag;
        group->fact.peak_lag_at_ns = now_ns;
    }
    if (group->backlog.value <= group->few_next) backlog_was_few(group);
    backlog_rose(group, now_ns);
    if (partition_lag > kafka->peak_lag[index]) kafka->peak_lag[index] = partition_lag;
    if (position->consumer == NONE) return;
    struct consumer *consumer = &kafka->consumer[position->consumer];
    if (consumer->spec->fetch_order == FETCH_ARRIVAL) consumer->only_unread = consumer->unread++ == 0 ? index : NONE;
    else fetch_note(&consumer->buffer);
    consumer_notice(kafka, group, consumer, index, subject);
}

/* A fetch that arrives at this instant finds the record: an append comes before what consumers do. */
static inline void fetches_settle(struct kafka *kafka, const struct log *log)
{
    for (uint32_t i = 0; i < log->n_readers; i++) {
        const uint32_t reads = kafka->position[log->reader[i]].consumer;
        if (reads == NONE) continue;
        struct consumer *consumer = &kafka->consumer[reads];
        if (consumer->arrive_ns < kafka->sim->now_ns) fetch_settle(kafka, consumer);
    }
}

void kafka_append(struct kafka *kafka, uint32_t index, uint32_t subject)
{
    struct log *log = &kafka->log[index];
    if (log->fetched) fetches_settle(kafka, log);
    log_append(log, &kafka->pool, kafka->sim->now_ns, subject);
    sim_fact(kafka->sim, kafka->sim->now_ns, FACT_APPENDED, (uint64_t)index << 40 | (uint64_t)log->end);
    for (uint32_t i = 0; i < log->n_readers; i++) reader_append(kafka, log, log->reader[i], subject);
}

/* ---- start ---- */

void part_init(struct kafka *kafka, struct consumer *consumer, uint32_t i)
{
    struct position *position = &kafka->position[consumer->position[i]];
    const struct log *log = &kafka->log[position->log];
    const struct topic_spec *topic = &kafka->plan->scenario->topic[log->topic];
    struct fetch_part *part = &consumer->buffer.part[i];
    position->part = i;
    position->batched = topic->linger_ns > 0;
    position->ties = position->batched || kafka->plan->topic[log->topic].append.draw == DRAW_CONSTANT;
    part->log_end = &log->end;
    part->block_records = consumer->spec->max_partition_fetch_bytes / topic->record_bytes;
    if (part->block_records < 1) part->block_records = 1;
    part->hash = fetch_hash(topic->name, log->partition);
}

static void consumer_init(struct kafka *kafka, uint32_t index)
{
    const struct plan_consumer *plan = &kafka->plan->consumer[index];
    const struct group_spec *spec = &kafka->plan->scenario->group[plan->group];
    struct consumer *consumer = &kafka->consumer[index];
    consumer->index = index;
    consumer->spec = spec;
    consumer->plan = &kafka->plan->group[plan->group];
    consumer->only_unread = NONE;
    consumer->waited_from_ns = -1;
    const struct plan_group *times = &kafka->plan->group[plan->group];
    consumer->at_once = spec->fetch_order == FETCH_ARRIVAL && spec->commit_mode <= COMMIT_MANUAL &&
        dist_is_zero(&times->fetch) && dist_is_zero(&times->poll) && dist_is_zero(&times->commit);
    consumer->group = plan->group;
    consumer->n_positions = plan->n_positions;
    consumer->position = plan->position;
    consumer->state = CONSUMER_OUT;
    consumer->touched = arena_array(kafka->sim->arena, uint32_t, plan->n_positions);
    fetch_init(&consumer->buffer, plan->n_positions, spec->fetch_order == FETCH_JAVA_36, kafka->sim->arena);
    for (uint32_t i = 0; i < plan->n_positions; i++) part_init(kafka, consumer, i);
}

void kafka_init(struct kafka *kafka, struct sim *sim, const struct plan *plan, struct random_key key,
                struct invariants *invariants, struct kafka_calls calls, bool step_by_step)
{
    struct arena *arena = sim->arena;
    memset(kafka, 0, sizeof *kafka);
    *kafka = (struct kafka){ .sim = sim, .plan = plan, .key = key, .invariants = invariants, .calls = calls,
                             .pool = { NULL, arena }, .end_ns = scenario_end(plan->scenario),
                             .step_by_step = step_by_step };
    kafka->log = arena_array(arena, struct log, plan->n_logs);
    for (uint32_t t = 0; t < plan->scenario->n_topics; t++)
        for (uint32_t p = 0; p < plan->scenario->topic[t].partitions; p++) {
            uint32_t index = plan->topic[t].first_log + p;
            log_init(&kafka->log[index], t, p, arena);
            kafka->log[index].n_readers = (uint16_t)plan->n_readers[index];
            kafka->log[index].reader = plan->reader[index];
        }
    kafka->position = arena_array(arena, struct position, plan->n_positions);
    kafka->peak_lag = arena_array(arena, int64_t, plan->n_positions);
    for (uint32_t i = 0; i < plan->n_positions; i++) {
        kafka->position[i].log = plan->position[i].log;
        kafka->position[i].group = (uint8_t)plan->position[i].group;
        kafka->position[i].consumer = plan->position[i].consumer;
        kafka->log[plan->position[i].log].fetched |=
            plan->scenario->group[plan->position[i].group].fetch_order != FETCH_ARRIVAL;
    }
    failures_init(kafka);
    kafka->consumer = arena_array(arena, struct consumer, plan->n_consumers);
    for (uint32_t i = 0; i < plan->n_consumers; i++) consumer_init(kafka, i);
    kafka->group = arena_array(arena, struct group, plan->scenario->n_groups);
    for (uint32_t i = 0; i < plan->scenario->n_groups; i++) {
        struct group *group = &kafka->group[i];
        group->due_ns = SIM_NEVER;
        kafka->polls_matter |= plan->scenario->group[i].commit_mode == COMMIT_TIME;
        kafka->hands_matter |= plan->scenario->group[i].due_after_ns > 0;
        group->fact.idle_consumers = plan->group[i].idle_consumers;
        tally_init(&group->fact.wait, arena, 0);
        tally_init(&group->fact.service, arena, 0);
        group->same_order_of_ns = arena_array(arena, sim_ns, plan->scenario->n_groups + 1);
        group->fact.same_order_of_ns = group->same_order_of_ns;
    }
}

void kafka_preload(struct kafka *kafka, uint32_t log, uint32_t subject)
{
    log_append(&kafka->log[log], &kafka->pool, 0, subject);
}

void position_begin(struct kafka *kafka, uint32_t index)
{
    struct position *position = &kafka->position[index];
    const struct group_spec *spec = &kafka->plan->scenario->group[position->group];
    struct group *group = &kafka->group[position->group];
    struct log *log = &kafka->log[position->log];
    int64_t missed = log->end - position->processed;
    if (!spec->cold || spec->reset != RESET_LATEST) return;
    for (int64_t offset = position->processed; offset < log->end; offset++)
        group->fact.sojourn_ns += kafka->sim->now_ns - log_at(log, offset);
    if (missed > 0)
        kafka->calls.unread(kafka->calls.context, index, log_subject(log, position->processed), false,
                            kafka->sim->now_ns);
    group->missed += (uint64_t)missed;
    if (log->end > position->committed) lag_age_note(group, log_at(log, position->committed), kafka->sim->now_ns);
    group->lag -= log->end - position->committed;
    level_add(&group->backlog, kafka->sim->now_ns, -missed);
    if (missed > 0) group->last_done_ns = kafka->sim->now_ns;
    position->committed = position->processed = position->polled = position->polled_before = log->end;
    release(kafka, log, kafka->sim->now_ns);
}

static void positions_begin(struct kafka *kafka, struct consumer *consumer)
{
    for (uint32_t i = 0; i < consumer->n_positions; i++)
        consumer->buffer.part[i].next = kafka->position[consumer->position[i]].polled;
    fetch_recount(&consumer->buffer);
    consumer->unread = consumer->buffer.unasked;
}

/* A group has its partitions, and begins; a cold one is dealt them first (member.h). With members, this is its first
 * poll: one may have left before it, or may have to join again. */
static void on_join(void *context, uint32_t index, uint64_t argument)
{
    struct kafka *kafka = context;
    struct consumer *consumer = &kafka->consumer[index];
    (void)argument;
    if (kafka->coordinator && consumer->state != CONSUMER_CALLED) return;
    if (!consumer->departed) positions_begin(kafka, consumer);
    consumer->poll_from_ns = consumer->last_commit_ns = consumer->turn_ns = kafka->sim->now_ns;
    wait_for_records(kafka, consumer);
}

void kafka_expect_faults(struct kafka *kafka, struct processes *processes, const struct conditions *conditions,
                         const uint32_t *instance_of)
{
    kafka->polls_matter = kafka->hands_matter = true;
    kafka->conditions = conditions;
    kafka->processes = processes;
    takeover_init(kafka);
    members_init(kafka, processes, instance_of);
    poll_actors(processes, instance_of);
    process_acts(processes, on_join, instance_of, NULL);
}

void kafka_consumer_dies(struct kafka *kafka, uint32_t index)
{
    forget_pause(kafka, &kafka->consumer[index], kafka->sim->now_ns);
    consumer_die(kafka, &kafka->consumer[index]);
    member_dies(kafka, &kafka->consumer[index]);
}

void kafka_consumer_starts(struct kafka *kafka, uint32_t index)
{
    if (kafka->consumer[index].wanted) kafka_member_join(kafka, index);
}

/* Of an autoscaler those that are wanted at most; others may still end beside them. */
static uint32_t most_consumers(const struct scenario *scenario, uint32_t index)
{
    const struct group_spec *spec = &scenario->group[index];
    uint32_t most = spec->consumers_max > spec->consumers ? spec->consumers_max : spec->consumers;
    for (uint32_t i = 0; i < scenario->n_scalers; i++) {
        const struct scaler_spec *scaler = &scenario->scaler[i];
        if (scaler->group == index) most = most / scaler_slots(scaler) * scaler->max_replicas;
    }
    return most;
}

void kafka_start(struct kafka *kafka)
{
    const struct scenario *scenario = kafka->plan->scenario;
    for (uint32_t i = 0; i < kafka->plan->n_positions; i++) {
        struct position *position = &kafka->position[i];
        struct log *log = &kafka->log[position->log];
        const struct group_spec *spec = &scenario->group[position->group];
        int64_t waiting = 0;
        for (uint32_t b = 0; b < spec->n_backlog; b++)
            if (spec->backlog[b].topic == log->topic && spec->backlog[b].partition == log->partition)
                waiting = (int64_t)spec->backlog[b].records;
        position->committed = position->processed = position->polled = position->polled_before = log->end - waiting;
        struct group *group = &kafka->group[position->group];
        group->lag += waiting;
        level_add(&group->backlog, 0, waiting);
        group->fact.peak_lag = group->lag;
        group->fact.peak_backlog = group->backlog.value;
        kafka->peak_lag[i] = waiting;
        group->fact.caught_up_ns = group->fact.worked_off_ns = SIM_NEVER;
        group->most_consumers = most_consumers(scenario, position->group);
        group->few_next = group->backlog.value > 0 ? group->most_consumers + 1 : 0;
        position->behind = waiting > 0;
        group->n_behind += waiting > 0;
        if (position->consumer != NONE)
            kafka->consumer[position->consumer].buffer.part[position->part].next = position->committed;
    }
    for (uint32_t i = 0; i < kafka->plan->n_logs; i++)
        if (kafka->log[i].n_readers > 0) release(kafka, &kafka->log[i], 0);
    for (uint32_t i = 0; i < kafka->plan->n_consumers; i++)
        if (kafka->consumer[i].n_positions > 0 || kafka->consumer[i].member)
            sim_at(kafka->sim, kafka->consumer[i].spec->start_ns, SIM_SERVER, on_join, kafka, i, 0);
}

/* ---- levels and end ---- */

/* Where partitions never change hands it is the error handler that delivers again, and what was before is committed. */
static uint64_t delivered_again(const struct kafka *kafka, uint32_t index)
{
    if (kafka->delivery) return kafka->delivery[index].again;
    if (!kafka->failures_seen) return 0;
    const struct failing *failing = &kafka->failing[index];
    const bool is_first = failing->consumer != NONE && failing->offset == kafka->position[index].committed;
    return is_first ? failing->deliveries : 0;
}

void kafka_level(const struct kafka *kafka, uint32_t index, struct partition_level *out)
{
    const struct position *position = &kafka->position[index];
    const struct log *log = &kafka->log[position->log];
    sim_ns now_ns = kafka->sim->now_ns;
    *out = (struct partition_level){ .group = position->group, .topic = log->topic, .partition = log->partition,
        .log_end = log->end, .committed = position->committed, .lag = log->end - position->committed,
        .client_lag = log->end - (position->polled_at_ns > now_ns ? position->polled_before : position->polled),
        .backlog = log->end - position->processed,
        .lag_ns = log->end > position->committed ? now_ns - log_at(log, position->committed) : 0,
        .again = delivered_again(kafka, index) };
    if (out->backlog < 0 || out->lag < out->backlog)
        invariant_broken(kafka->invariants, INVARIANT_K7, now_ns, 0, "topic %s partition %u: lag %lld, backlog %lld",
                         kafka->plan->scenario->topic[log->topic].name, log->partition, (long long)out->lag,
                         (long long)out->backlog);
}

static bool consumer_busy(const struct consumer *consumer, sim_ns now_ns)
{
    if (consumer->done_pending && consumer->done.start_ns <= now_ns) return true;
    return consumer->in_record && consumer->start_ns <= now_ns;
}

void kafka_waiting(const struct kafka *kafka, uint32_t index, struct partition_level *level)
{
    const struct position *position = &kafka->position[index];
    level->log_end = kafka->log[position->log].end;
    level->committed = position->committed;
    level->backlog = level->log_end - position->processed;
    level->again = delivered_again(kafka, index);
}

uint64_t kafka_done(const struct kafka *kafka, uint32_t group)
{
    const struct group_facts *fact = &kafka->group[group].fact;
    return fact->processed + fact->skipped;
}

static sim_ns same_order_ns(const struct group_facts *fact)
{
    __int128 sum_ns = 0;
    for (uint32_t i = 0; i < PATH_WAITS; i++) sum_ns += fact->same_order_ns[i];
    return (sim_ns)sum_ns;
}

struct group_work kafka_work(const struct kafka *kafka, uint32_t group)
{
    const struct group_facts *fact = &kafka->group[group].fact;
    return (struct group_work){ .ended = fact->service.n, .failed = fact->failed, .skipped = fact->skipped,
                                .duplicates = fact->duplicates, .evictions = fact->evictions,
                                .retries = fact->retries, .backoff_ns = (sim_ns)fact->backoff_ns,
                                .same_order_ns = same_order_ns(fact), .paused_ns = (sim_ns)fact->paused_ns };
}

int64_t kafka_consumers(const struct kafka *kafka, uint32_t group)
{
    const struct plan_group *plan = &kafka->plan->group[group];
    int64_t wanted = 0;
    if (!kafka->coordinator) return kafka->plan->scenario->group[group].consumers;
    for (uint32_t i = 0; i < plan->n_consumers; i++) wanted += kafka->consumer[plan->first_consumer + i].wanted;
    return wanted;
}

int64_t kafka_busy(const struct kafka *kafka, uint32_t group)
{
    int64_t busy = 0;
    for (uint32_t i = 0; i < kafka->plan->group[group].n_consumers; i++)
        busy += consumer_busy(&kafka->consumer[kafka->plan->group[group].first_consumer + i], kafka->sim->now_ns);
    return busy;
}

/* Time in service of the record that is not yet applied as done. */
static sim_ns open_busy_ns(const struct consumer *consumer, sim_ns now_ns)
{
    sim_ns busy_ns = 0;
    if (consumer->in_record && consumer->start_ns < now_ns) busy_ns += now_ns - consumer->start_ns;
    if (consumer->done_pending && consumer->done.start_ns < now_ns) busy_ns += now_ns - consumer->done.start_ns;
    return busy_ns;
}

sim_ns kafka_busy_ns(const struct kafka *kafka, uint32_t group)
{
    const struct group_facts *fact = &kafka->group[group].fact;
    sim_ns busy_ns = (sim_ns)(fact->service.sum_ns + fact->busy_ns);
    for (uint32_t i = 0; i < kafka->plan->group[group].n_consumers; i++)
        busy_ns += open_busy_ns(&kafka->consumer[kafka->plan->group[group].first_consumer + i], kafka->sim->now_ns);
    return busy_ns;
}

/* Every record appended is processed, missed by a cold start, or still in the backlog; its time in the system up to
 * end_ns adds up to the integral of the backlog (Little). */
static void group_finish(struct kafka *kafka, uint32_t index, sim_ns end_ns, bool cut)
{
    struct group *group = &kafka->group[index];
    const struct plan_group *plan = &kafka->plan->group[index];
    int64_t left = 0;
    group->fact.busy_ns += group->fact.service.sum_ns;
    group->fact.sojourn_ns += group->fact.wait.sum_ns + group->fact.service.sum_ns;
    group->fact.drained_at_ns = group->backlog.value == 0 ? group->last_done_ns : SIM_NEVER;
    if (group->backlog.value < group->few_next) backlog_was_few(group);
    if (group->few_next > 0) group->fact.worked_off_ns = SIM_NEVER;
    for (uint32_t i = 0; i < plan->n_positions; i++) {
        const struct position *position = &kafka->position[plan->first_position + i];
        const struct log *log = &kafka->log[position->log];
        const int64_t peak_lag = kafka->peak_lag[plan->first_position + i];
        if (peak_lag > group->fact.peak_partition_lag) group->fact.peak_partition_lag = peak_lag;
        left += log->end - position->processed;
        if (!cut && log->end > position->processed && position->consumer == NONE)
            kafka->calls.unread(kafka->calls.context, plan->first_position + i, log_subject(log, position->processed),
                                true, end_ns);
        for (int64_t offset = position->processed; offset < log->end; offset++)
            group->fact.sojourn_ns += end_ns - log_at(log, offset);
        if (log->end > position->committed) lag_age_note(group, log_at(log, position->committed), end_ns);
        if (!cut && position->processed < position->committed)
            invariant_broken(kafka->invariants, INVARIANT_K3, end_ns, 0,
                             "topic %s partition %u: %lld committed, %lld processed",
                             kafka->plan->scenario->topic[log->topic].name, log->partition,
                             (long long)position->committed, (long long)position->processed);
    }
    group->fact.backlog_area = level_area(&group->backlog, end_ns);
    if (left != group->backlog.value)
        invariant_broken(kafka->invariants, INVARIANT_K9, end_ns, 0,
                         "group %s: %lld records left in the logs, %lld by account",
                         kafka->plan->scenario->group[index].name, (long long)left, (long long)group->backlog.value);
    if (group->fact.backlog_area != group->fact.sojourn_ns)
        invariant_broken(kafka->invariants, INVARIANT_L1, end_ns, 0, "group %s: integral %.9g s, sum of times %.9g s",
                         kafka->plan->scenario->group[index].name, (double)group->fact.backlog_area * 1e-9,
                         (double)group->fact.sojourn_ns * 1e-9);
    for (uint32_t i = 0; i < kafka->plan->group[index].n_consumers; i++) {
        struct consumer *consumer = &kafka->consumer[plan->first_consumer + i];
        group->fact.busy_ns += open_busy_ns(consumer, end_ns);
        group->fact.cut_ns += open_busy_ns(consumer, end_ns);
        forget_pause(kafka, consumer, end_ns);
        if (consumer->in_record) forget_waits(kafka, consumer, consumer->start_ns);
        if (consumer->done_pending) forget_waits(kafka, consumer, consumer->done.start_ns);
    }
}

/* One owner a partition, and no more consumers with an assignment than partitions. */
static void assignment_check(struct kafka *kafka)
{
    for (uint32_t g = 0; g < kafka->plan->scenario->n_groups; g++) {
        const struct plan_group *plan = &kafka->plan->group[g];
        uint32_t assigned = 0, owned = 0;
        for (uint32_t i = 0; i < plan->n_consumers; i++) {
            assigned += kafka->consumer[plan->first_consumer + i].n_positions > 0;
            owned += kafka->consumer[plan->first_consumer + i].n_positions;
        }
        if (owned != plan->n_positions)
            invariant_broken(kafka->invariants, INVARIANT_K6, 0, 0, "group %s: %u partitions, %u owned",
                             kafka->plan->scenario->group[g].name, plan->n_positions, owned);
        if (assigned > plan->n_positions)
            invariant_broken(kafka->invariants, INVARIANT_K8, 0, 0, "group %s: %u consumers assigned, %u partitions",
                             kafka->plan->scenario->group[g].name, assigned, plan->n_positions);
    }
}

void kafka_finish(struct kafka *kafka, sim_ns end_ns, bool cut)
{
    for (uint32_t i = 0; i < kafka->plan->scenario->n_groups; i++) group_finish(kafka, i, end_ns, cut);
    if (kafka->coordinator) members_check(kafka, end_ns);
    else assignment_check(kafka);
}
