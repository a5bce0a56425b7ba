/* SPDX-License-Identifier: GPL-3.0-or-later
 * The poll loop. See group.h for what is modelled; the file goes from what is applied late (settle), over fetches and
 * polls, to batches and commits. */
#include "models/kafka/group.h"

#include <string.h>

#include "models/purpose.h"

enum { FACT_APPENDED = 1, FACT_PROCESSED = 2, FACT_COMMITTED = 3 };

/* spring-kafka's pollTimeout: how long an idle loop turn takes. */
#define POLL_TIMEOUT_NS (5 * SIM_S)

/* ---- latencies: keyed by consumer and count, four draws to a block ---- */

static sim_ns latency(const struct kafka *kafka, const struct consumer *consumer, const struct dist *dist,
                      enum purpose purpose, struct random_words *words, uint32_t *count)
{
    if (dist->draw == DRAW_CONSTANT) return dist->constant_ns;
    uint32_t n = (*count)++;
    if (n % 4 == 0) {
        uint32_t member = consumer->index - consumer->plan->first_consumer;
        *words = random_block(kafka->key, purpose, (uint64_t)consumer->group << 32 | member, n / 4);
    }
    return dist_draw(dist, words->word[n % 4]);
}

static sim_ns fetch_latency(const struct kafka *kafka, struct consumer *consumer)
{
    return latency(kafka, consumer, &consumer->plan->fetch, PURPOSE_FETCH, &consumer->fetch_words,
                   &consumer->n_fetches);
}

static sim_ns commit_latency(const struct kafka *kafka, struct consumer *consumer)
{
    return latency(kafka, consumer, &consumer->plan->commit, PURPOSE_COMMIT,
                   &consumer->commit_words, &consumer->n_commits);
}

static sim_ns poll_latency(const struct kafka *kafka, struct consumer *consumer)
{
    return latency(kafka, consumer, &consumer->plan->poll, PURPOSE_POLL, &consumer->poll_words,
                   &consumer->n_polls);
}

/* ---- settle: what was decided earlier becomes visible ---- */

static void apply_done(struct kafka *kafka, struct consumer *consumer)
{
    struct position *position = &kafka->position[consumer->done_position];
    struct group *group = &kafka->group[consumer->group];
    struct log *log = &kafka->log[position->log];
    sim_ns at_ns = consumer->done_at_ns;
    consumer->done_pending = false;
    position->processed = consumer->done_offset + 1;
    level_add(&group->backlog, at_ns, -1);
    if (at_ns > group->last_done_ns) group->last_done_ns = at_ns;
    group->fact.drained_at_ns = group->backlog.value == 0 ? group->last_done_ns : SIM_NEVER;
    group->fact.processed++;
    group->fact.busy_ns += at_ns - consumer->done_start_ns;
    sim_ns appended_ns = log_at(log, consumer->done_offset);
    group->fact.sojourn_ns += at_ns - appended_ns;
    tally_add(&group->fact.wait, consumer->done_start_ns - appended_ns);
    tally_add(&group->fact.service, at_ns - consumer->done_start_ns);
    sim_fact(kafka->sim, at_ns, FACT_PROCESSED, (uint64_t)consumer->done_position << 40 | (uint64_t)consumer->done_offset);
}

static void release(struct kafka *kafka, struct log *log)
{
    int64_t least = kafka->position[log->reader[0]].committed;
    for (uint32_t i = 1; i < log->n_readers; i++)
        if (kafka->position[log->reader[i]].committed < least) least = kafka->position[log->reader[i]].committed;
    if (least == log->start) return;
    for (int64_t offset = log->start; offset < least; offset++)
        kafka->calls.retire(kafka->calls.context, log_subject(log, offset));
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
    if (position->commit_to > position->processed || position->processed > position->polled || position->polled > log->end)
        invariant_broken(kafka->invariants, INVARIANT_K2, at_ns, 0,
                         "topic %s partition %u: committed %lld, processed %lld, position %lld, log end %lld",
                         kafka->plan->scenario->topic[log->topic].name, log->partition, (long long)position->commit_to,
                         (long long)position->processed, (long long)position->polled, (long long)log->end);
    sim_ns age_ns = at_ns - log_at(log, position->committed);
    if (age_ns > group->fact.peak_lag_ns) group->fact.peak_lag_ns = age_ns;
    group->lag -= position->commit_to - position->committed;
    position->committed = position->commit_to;
    sim_fact(kafka->sim, at_ns, FACT_COMMITTED, (uint64_t)index << 40 | (uint64_t)position->committed);
    release(kafka, log);
}

static void apply_commit(struct kafka *kafka, struct consumer *consumer)
{
    consumer->commit_pending = false;
    kafka->group[consumer->group].fact.commits++;
    for (uint32_t i = 0; i < consumer->n_touched; i++) {
        kafka->position[consumer->touched[i]].touched = false;
        commit_position(kafka, consumer->touched[i], consumer->commit_at_ns);
    }
    consumer->n_touched = 0;
}

static void consumer_settle(struct kafka *kafka, struct consumer *consumer)
{
    if (consumer->done_pending && consumer->done_at_ns <= kafka->sim->now_ns) apply_done(kafka, consumer);
    if (consumer->commit_pending && consumer->commit_at_ns <= kafka->sim->now_ns) apply_commit(kafka, consumer);
}

static void group_settle_due(struct kafka *kafka, uint32_t index)
{
    struct group *group = &kafka->group[index];
    const struct plan_group *plan = &kafka->plan->group[index];
    group->due_ns = SIM_NEVER;
    for (uint32_t i = 0; i < kafka->plan->scenario->group[index].consumers; i++) {
        struct consumer *consumer = &kafka->consumer[plan->first_consumer + i];
        consumer_settle(kafka, consumer);
        if (consumer->done_pending && consumer->done_at_ns < group->due_ns) group->due_ns = consumer->done_at_ns;
        if (consumer->commit_pending && consumer->commit_at_ns < group->due_ns) group->due_ns = consumer->commit_at_ns;
    }
}

static inline void group_settle(struct kafka *kafka, uint32_t index)
{
    if (kafka->group[index].due_ns <= kafka->sim->now_ns) group_settle_due(kafka, index);
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

static void settle_later(struct kafka *kafka, const struct consumer *consumer, sim_ns at_ns)
{
    struct group *group = &kafka->group[consumer->group];
    if (at_ns < group->due_ns) group->due_ns = at_ns;
    if (kafka->step_by_step) sim_at(kafka->sim, at_ns, SIM_SERVER, on_due, kafka, consumer->group, 0);
}

/* ---- the Java client's fetch in flight ---- */

static void fetch_send(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    if (consumer->fetch != FETCH_NONE || !fetch_ask(&consumer->buffer)) return;
    sim_ns round_trip_ns = fetch_latency(kafka, consumer);
    consumer->fetch = FETCH_SENT;
    consumer->half_ns = round_trip_ns / 2;
    consumer->arrive_ns = at_ns + consumer->half_ns;
}

static void fetch_answered(struct consumer *consumer, sim_ns at_ns)
{
    consumer->fetch = FETCH_ANSWERED;
    consumer->ready_ns = at_ns + consumer->half_ns;
}

/* Brings the fetch in flight up to now: answered on arrival when there was data, else parked, and sent home empty after
 * fetch.max.wait. A waiting consumer sends the next one at once; a busy one only at its next poll. Must be called
 * before the log of an asked partition grows: the answer holds what is there when the broker answers. */
static void fetch_settle_due(struct kafka *kafka, struct consumer *consumer)
{
    sim_ns now_ns = kafka->sim->now_ns, max_wait_ns = consumer->spec->fetch_max_wait_ns;
    if (fetch_has_data(&consumer->buffer)) {
        fetch_answer(&consumer->buffer);
        fetch_answered(consumer, consumer->arrive_ns);
        return;
    }
    while (now_ns - consumer->arrive_ns >= max_wait_ns) {
        sim_ns empty_ns = consumer->arrive_ns + max_wait_ns + consumer->half_ns;
        /* Where it did not ask for all, on_empty_answer sends the next one. */
        if (consumer->state != CONSUMER_WAITING || !fetch_covers(&consumer->buffer)) {
            consumer->fetch = FETCH_ANSWERED;
            consumer->ready_ns = empty_ns;
            return;
        }
        sim_ns send_ns = empty_ns > consumer->poll_from_ns ? empty_ns : consumer->poll_from_ns;
        consumer->half_ns = fetch_latency(kafka, consumer) / 2;
        consumer->arrive_ns = send_ns + consumer->half_ns;
    }
}

static inline void fetch_settle(struct kafka *kafka, struct consumer *consumer)
{
    if (consumer->fetch == FETCH_SENT && consumer->arrive_ns <= kafka->sim->now_ns) fetch_settle_due(kafka, consumer);
}

/* ---- batches ---- */

static void record_next(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns);

/* In order of arrival records are taken one at a time, when they start. */
static void poll_to(struct position *position, int64_t next, sim_ns at_ns)
{
    position->polled_before = position->polled;
    position->polled = next;
    position->polled_at_ns = at_ns;
}

static void record_begin(struct kafka *kafka, struct consumer *consumer, uint32_t position, int64_t offset, sim_ns at_ns)
{
    consumer->in_record = true;
    consumer->record_position = position;
    consumer->record_offset = offset;
    consumer->start_ns = at_ns;
    consumer->attempt = 0;
    kafka->calls.process(kafka->calls.context, consumer->index, position,
                         log_subject(&kafka->log[kafka->position[position].log], offset), 0, at_ns);
}

/* Position of the record appended first among those the batch may hold; NONE at its end. */
static uint32_t earliest(const struct kafka *kafka, const struct consumer *consumer, sim_ns *at_ns)
{
    uint32_t best = NONE;
    sim_ns best_ns = SIM_NEVER;
    if (consumer->unread == 0) return NONE;
    if (consumer->unread == 1 && consumer->only_unread != NONE) {
        const struct position *position = &kafka->position[consumer->only_unread];
        *at_ns = log_at(&kafka->log[position->log], position->polled);
        return consumer->only_unread;
    }
    for (uint32_t i = 0; i < consumer->n_positions; i++) {
        const struct position *position = &kafka->position[consumer->position[i]];
        const struct log *log = &kafka->log[position->log];
        if (position->polled >= log->end) continue;
        sim_ns appended_ns = log_at(log, position->polled);
        if (appended_ns < best_ns) {
            best_ns = appended_ns;
            best = consumer->position[i];
        }
    }
    *at_ns = best_ns;
    return best;
}

static void java_poll(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    if (consumer->fetch == FETCH_ANSWERED && consumer->ready_ns <= at_ns) {
        fetch_arrive(&consumer->buffer);
        consumer->fetch = FETCH_NONE;
    }
    consumer->batch_left = fetch_collect(&consumer->buffer, consumer->spec->max_poll_records);
    consumer->segment = 0;
    for (uint32_t i = 0; i < consumer->buffer.n_segments; i++) {
        const struct fetch_block *segment = &consumer->buffer.segment[i];
        struct position *position = &kafka->position[consumer->position[segment->part]];
        poll_to(position, segment->end, at_ns);
    }
    fetch_send(kafka, consumer, at_ns);
}

static void poll_note(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    consumer->state = CONSUMER_BUSY;
    consumer->poll_at_ns = at_ns;
    sim_cancel(kafka->sim, consumer->idle_turn);
    if (at_ns <= kafka->end_ns) kafka->group[consumer->group].fact.polls++;
}

/* poll() returns records at at_ns; what they are is fixed by now. */
static void poll_return(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    const struct group_spec *spec = consumer->spec;
    poll_note(kafka, consumer, at_ns);
    if (spec->fetch_order == FETCH_ARRIVAL) {
        consumer->batch_left = spec->max_poll_records;
        consumer->cutoff_ns = at_ns - consumer->half_ns;
    } else {
        java_poll(kafka, consumer, at_ns);
    }
    SIM_ASSERT_IN(kafka->sim, consumer->batch_left > 0);
    record_next(kafka, consumer, at_ns + poll_latency(kafka, consumer));
}

static void on_poll(void *context, uint32_t index, uint64_t argument)
{
    struct kafka *kafka = context;
    struct consumer *consumer = &kafka->consumer[index];
    (void)argument;
    consumer_settle(kafka, consumer);
    fetch_settle(kafka, consumer);
    poll_return(kafka, consumer, kafka->sim->now_ns);
}

static void poll_call(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    consumer->state = CONSUMER_CALLED;
    sim_at(kafka->sim, at_ns, SIM_CONSUMER, on_poll, kafka, consumer->index, 0);
}

/* A consumer may know the content of one poll whose time lies ahead, not of two. */
static bool may_run_ahead(const struct kafka *kafka, const struct consumer *consumer)
{
    return !kafka->step_by_step && consumer->poll_at_ns <= kafka->sim->now_ns;
}

/* The poll's content is known although its time may lie ahead: no need for an event. */
static void poll_known(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    if (at_ns > kafka->sim->now_ns && !may_run_ahead(kafka, consumer)) poll_call(kafka, consumer, at_ns);
    else poll_return(kafka, consumer, at_ns);
}

static sim_ns later(sim_ns a_ns, sim_ns b_ns) { return a_ns > b_ns ? a_ns : b_ns; }

static void arrival_wait(struct kafka *kafka, struct consumer *consumer)
{
    sim_ns first_ns;
    if (consumer->unread == 0) return;
    if (earliest(kafka, consumer, &first_ns) == NONE) return;
    consumer->half_ns = fetch_latency(kafka, consumer) / 2;
    poll_known(kafka, consumer, later(consumer->poll_from_ns, first_ns + consumer->half_ns));
}

static void on_empty_answer(void *context, uint32_t index, uint64_t arrive_ns);

static void java_wait(struct kafka *kafka, struct consumer *consumer)
{
    struct fetch_buffer *buffer = &consumer->buffer;
    if (buffer->n_blocks > 0) {
        if (consumer->fetch == FETCH_SENT) poll_call(kafka, consumer, consumer->poll_from_ns);
        else poll_known(kafka, consumer, consumer->poll_from_ns);
        return;
    }
    if (consumer->fetch == FETCH_ANSWERED) {
        if (buffer->n_answer > 0) {
            poll_known(kafka, consumer, later(consumer->poll_from_ns, consumer->ready_ns));
            return;
        }
        consumer->fetch = FETCH_NONE; /* an empty answer: the poll asks again */
        consumer->poll_from_ns = later(consumer->poll_from_ns, consumer->ready_ns);
    }
    /* An empty poll: what filled the last slot of the one before is no longer buffered. */
    fetch_collect(buffer, 0);
    fetch_send(kafka, consumer, consumer->poll_from_ns);
    if (fetch_has_data(buffer)) {
        sim_ns back_ns = consumer->arrive_ns + consumer->half_ns;
        poll_call(kafka, consumer, later(consumer->poll_from_ns, back_ns));
    } else if (!fetch_covers(buffer)) {
        sim_ns empty_ns = consumer->arrive_ns + consumer->spec->fetch_max_wait_ns + consumer->half_ns;
        sim_at(kafka->sim, later(empty_ns, consumer->poll_from_ns), SIM_CONSUMER, on_empty_answer, kafka,
               consumer->index, (uint64_t)consumer->arrive_ns);
    }
}

/* A parked fetch that does not ask for every drained partition comes home empty, and the poll asks again. */
static void on_empty_answer(void *context, uint32_t index, uint64_t arrive_ns)
{
    struct kafka *kafka = context;
    struct consumer *consumer = &kafka->consumer[index];
    consumer_settle(kafka, consumer);
    if (consumer->state != CONSUMER_WAITING || consumer->fetch == FETCH_NONE || consumer->buffer.n_answer > 0 ||
        consumer->arrive_ns != (sim_ns)arrive_ns) return;
    consumer->fetch = FETCH_NONE;
    consumer->poll_from_ns = later(consumer->poll_from_ns, kafka->sim->now_ns);
    java_wait(kafka, consumer);
}

/* Polls from poll_from_ns on: takes what is there, or waits for the first append. */
static void wait_for_records(struct kafka *kafka, struct consumer *consumer)
{
    consumer->state = CONSUMER_WAITING;
    if (consumer->spec->fetch_order == FETCH_ARRIVAL) {
        arrival_wait(kafka, consumer);
        return;
    }
    consumer->state = CONSUMER_BUSY; /* until it polls: a fetch that came back empty is not sent again */
    fetch_settle(kafka, consumer);
    consumer->state = CONSUMER_WAITING;
    java_wait(kafka, consumer);
}

/* An idle consumer and the only record that waits: the poll that returns it needs no search. Its content is fixed by now,
 * so its time may lie ahead. */
static void poll_one(struct kafka *kafka, struct consumer *consumer, uint32_t index, sim_ns at_ns, sim_ns begin_ns)
{
    consumer->unread = 0;
    poll_note(kafka, consumer, at_ns);
    record_begin(kafka, consumer, index, kafka->position[index].polled - 1, begin_ns);
}

static void arrival_one(struct kafka *kafka, struct consumer *consumer, uint32_t position)
{
    consumer->half_ns = fetch_latency(kafka, consumer) / 2;
    sim_ns at_ns = later(consumer->poll_from_ns, kafka->sim->now_ns + consumer->half_ns);
    consumer->batch_left = consumer->spec->max_poll_records - 1;
    consumer->cutoff_ns = at_ns - consumer->half_ns;
    sim_ns begin_ns = at_ns + poll_latency(kafka, consumer);
    poll_to(&kafka->position[position], kafka->position[position].polled + 1, begin_ns);
    poll_one(kafka, consumer, position, at_ns, begin_ns);
}

/* The parked fetch returns with the record, the poll takes it without being filled, and sends the next fetch. */
static void java_one(struct kafka *kafka, struct consumer *consumer, uint32_t position, uint32_t part)
{
    sim_ns at_ns = later(consumer->poll_from_ns, kafka->sim->now_ns + consumer->half_ns);
    fetch_pass_one(&consumer->buffer, part);
    consumer->half_ns = fetch_latency(kafka, consumer) / 2;
    consumer->arrive_ns = at_ns + consumer->half_ns;
    consumer->batch_left = 0;
    poll_to(&kafka->position[position], kafka->position[position].polled + 1, at_ns);
    poll_one(kafka, consumer, position, at_ns, at_ns + poll_latency(kafka, consumer));
}

/* An append to a partition of a consumer. */
static void consumer_notice(struct kafka *kafka, struct consumer *consumer, uint32_t position)
{
    sim_ns now_ns = kafka->sim->now_ns;
    uint32_t part = kafka->position[position].part;
    if (consumer->spec->fetch_order == FETCH_ARRIVAL) {
        if (consumer->state != CONSUMER_WAITING) return;
        if (consumer->unread == 1 && may_run_ahead(kafka, consumer)) arrival_one(kafka, consumer, position);
        else arrival_wait(kafka, consumer);
        return;
    }
    if (consumer->fetch != FETCH_SENT || !consumer->buffer.part[part].asked) return;
    bool parked = consumer->arrive_ns <= now_ns;
    bool slots_left = consumer->spec->max_poll_records > 1; /* else the block counts as buffered until the next poll */
    if (parked && consumer->state == CONSUMER_WAITING && slots_left && may_run_ahead(kafka, consumer) &&
        fetch_is_clear(&consumer->buffer)) {
        java_one(kafka, consumer, position, part);
        return;
    }
    if (parked) {
        if (consumer->buffer.unasked == 1) fetch_answer_one(&consumer->buffer, part);
        else fetch_answer(&consumer->buffer);
        fetch_answered(consumer, now_ns);
    }
    if (consumer->state != CONSUMER_WAITING) return;
    if (parked) poll_known(kafka, consumer, later(consumer->poll_from_ns, consumer->ready_ns));
    else poll_call(kafka, consumer, later(consumer->poll_from_ns, consumer->arrive_ns + consumer->half_ns));
}

/* ---- commits ---- */

static void touch(struct kafka *kafka, struct consumer *consumer, uint32_t index, int64_t processed)
{
    struct position *position = &kafka->position[index];
    position->commit_to = processed;
    consumer->uncommitted++;
    if (position->touched) return;
    position->touched = true;
    consumer->touched[consumer->n_touched++] = index;
}

/* Sends a commit at at_ns; returns when it is acknowledged. */
static sim_ns commit_send(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    sim_ns round_trip_ns = commit_latency(kafka, consumer);
    SIM_ASSERT_IN(kafka->sim, !consumer->commit_pending);
    consumer->commit_pending = true;
    consumer->commit_at_ns = at_ns + round_trip_ns / 2;
    consumer->last_commit_ns = at_ns;
    consumer->uncommitted = 0;
    if (consumer->commit_at_ns <= kafka->sim->now_ns && !consumer->done_pending) apply_commit(kafka, consumer);
    else settle_later(kafka, consumer, consumer->commit_at_ns);
    return at_ns + round_trip_ns;
}

static bool commit_is_due(const struct consumer *consumer, sim_ns at_ns)
{
    const struct group_spec *spec = consumer->spec;
    if (consumer->uncommitted == 0) return false;
    switch (spec->commit_mode) {
    case COMMIT_COUNT: return consumer->uncommitted >= spec->commit_count;
    case COMMIT_TIME: return at_ns - consumer->last_commit_ns >= spec->commit_time_ns;
    case COMMIT_BATCH: case COMMIT_MANUAL: case COMMIT_RECORD: break;
    }
    return true;
}

/* COMMIT_TIME: an idle loop turn looks whether the time has come. */
static void on_idle_turn(void *context, uint32_t index, uint64_t argument);

static void idle_turn_at(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    consumer->idle_turn = sim_at(kafka->sim, at_ns, SIM_CONSUMER, on_idle_turn, kafka, consumer->index, 0);
}

static void on_idle_turn(void *context, uint32_t index, uint64_t argument)
{
    struct kafka *kafka = context;
    struct consumer *consumer = &kafka->consumer[index];
    (void)argument;
    consumer_settle(kafka, consumer);
    if (consumer->state != CONSUMER_WAITING || consumer->uncommitted == 0) return;
    sim_ns now_ns = kafka->sim->now_ns;
    if (commit_is_due(consumer, now_ns)) consumer->poll_from_ns = commit_send(kafka, consumer, now_ns);
    else idle_turn_at(kafka, consumer, now_ns + POLL_TIMEOUT_NS);
}

static void batch_end(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    if (commit_is_due(consumer, at_ns)) at_ns = commit_send(kafka, consumer, at_ns);
    else if (consumer->uncommitted > 0 && consumer->spec->commit_mode == COMMIT_TIME)
        idle_turn_at(kafka, consumer, at_ns + POLL_TIMEOUT_NS);
    consumer->poll_from_ns = at_ns;
    wait_for_records(kafka, consumer);
}

/* The next record of the batch in hand at at_ns, or its end. */
static void record_next(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    uint32_t position = NONE;
    int64_t offset = 0;
    bool arrival = consumer->spec->fetch_order == FETCH_ARRIVAL;
    if (consumer->batch_left-- > 0 && !(arrival && consumer->unread == 0)) {
        if (arrival) {
            sim_ns appended_ns;
            position = earliest(kafka, consumer, &appended_ns);
            if (position != NONE && appended_ns > consumer->cutoff_ns) position = NONE;
            if (position != NONE) {
                offset = kafka->position[position].polled;
                poll_to(&kafka->position[position], offset + 1, at_ns);
                consumer->unread--;
                consumer->only_unread = NONE;
            }
        } else {
            struct fetch_block *segment = &consumer->buffer.segment[consumer->segment];
            position = consumer->position[segment->part];
            offset = segment->first++;
            if (segment->first == segment->end) consumer->segment++;
        }
    }
    if (position == NONE) batch_end(kafka, consumer, at_ns);
    else record_begin(kafka, consumer, position, offset, at_ns);
}

void kafka_record_done(struct kafka *kafka, uint32_t index, sim_ns done_ns)
{
    struct consumer *consumer = &kafka->consumer[index];
    consumer_settle(kafka, consumer);
    SIM_ASSERT_IN(kafka->sim, consumer->in_record && !consumer->done_pending);
    consumer->in_record = false;
    consumer->done_pending = true;
    consumer->done_position = consumer->record_position;
    consumer->done_offset = consumer->record_offset;
    consumer->done_start_ns = consumer->start_ns;
    consumer->done_at_ns = done_ns;
    if (done_ns <= kafka->sim->now_ns) apply_done(kafka, consumer);
    else settle_later(kafka, consumer, done_ns);
    touch(kafka, consumer, consumer->record_position, consumer->record_offset + 1);
    if (consumer->spec->commit_mode == COMMIT_RECORD) done_ns = commit_send(kafka, consumer, done_ns);
    record_next(kafka, consumer, done_ns);
}

bool kafka_record_failed(struct kafka *kafka, uint32_t index, sim_ns failed_ns)
{
    struct consumer *consumer = &kafka->consumer[index];
    struct group *group = &kafka->group[consumer->group];
    consumer_settle(kafka, consumer);
    if (++consumer->attempt >= consumer->spec->deliveries) {
        group->fact.skipped++;
        kafka_record_done(kafka, index, failed_ns);
        return true;
    }
    group->fact.duplicates++;
    sim_ns again_ns = failed_ns + fetch_latency(kafka, consumer);
    kafka->calls.process(kafka->calls.context, index, consumer->record_position,
                         log_subject(&kafka->log[kafka->position[consumer->record_position].log], consumer->record_offset),
                         consumer->attempt, again_ns);
    return false;
}

bool kafka_goes_idle(const struct kafka *kafka, uint32_t index)
{
    const struct consumer *consumer = &kafka->consumer[index];
    sim_ns now_ns = kafka->sim->now_ns;
    if (consumer->done_pending && consumer->done_at_ns > now_ns) return false;
    if (consumer->commit_pending && consumer->commit_at_ns > now_ns) return false;
    if (consumer->spec->fetch_order == FETCH_ARRIVAL) return consumer->unread == 0 && consumer->cutoff_ns < now_ns;
    return consumer->batch_left == 0 && consumer->buffer.unasked == 0 && consumer->buffer.n_blocks == 0 &&
        consumer->fetch != FETCH_ANSWERED;
}

/* ---- appends ---- */

/* What a reading group sees of a record that is in the log now. */
static void reader_append(struct kafka *kafka, const struct log *log, uint32_t index)
{
    const struct position *position = &kafka->position[index];
    struct group *group = &kafka->group[position->group];
    sim_ns now_ns = kafka->sim->now_ns;
    int64_t partition_lag = log->end - position->committed;
    level_add(&group->backlog, now_ns, 1);
    group->fact.drained_at_ns = SIM_NEVER;
    if (++group->lag > group->fact.peak_lag) {
        group->fact.peak_lag = group->lag;
        group->fact.peak_lag_at_ns = now_ns;
    }
    if (group->backlog.value > group->fact.peak_backlog) {
        group->fact.peak_backlog = group->backlog.value;
        group->fact.peak_backlog_at_ns = now_ns;
    }
    if (partition_lag > group->fact.peak_partition_lag) group->fact.peak_partition_lag = partition_lag;
    if (position->consumer == NONE) return;
    struct consumer *consumer = &kafka->consumer[position->consumer];
    if (consumer->spec->fetch_order == FETCH_ARRIVAL) consumer->only_unread = consumer->unread++ == 0 ? index : NONE;
    else fetch_note(&consumer->buffer);
    consumer_notice(kafka, consumer, index);
}

void kafka_append(struct kafka *kafka, uint32_t index, uint32_t subject)
{
    struct log *log = &kafka->log[index];
    for (uint32_t i = 0; i < log->n_readers; i++) {
        const struct position *position = &kafka->position[log->reader[i]];
        group_settle(kafka, position->group);
        if (position->consumer != NONE) fetch_settle(kafka, &kafka->consumer[position->consumer]);
    }
    log_append(log, &kafka->pool, kafka->sim->now_ns, subject);
    sim_fact(kafka->sim, kafka->sim->now_ns, FACT_APPENDED, (uint64_t)index << 40 | (uint64_t)log->end);
    for (uint32_t i = 0; i < log->n_readers; i++) reader_append(kafka, log, log->reader[i]);
}

/* ---- start ---- */

static void consumer_init(struct kafka *kafka, uint32_t index)
{
    const struct plan_consumer *plan = &kafka->plan->consumer[index];
    const struct group_spec *spec = &kafka->plan->scenario->group[plan->group];
    struct consumer *consumer = &kafka->consumer[index];
    consumer->index = index;
    consumer->spec = spec;
    consumer->plan = &kafka->plan->group[plan->group];
    consumer->only_unread = NONE;
    consumer->group = plan->group;
    consumer->n_positions = plan->n_positions;
    consumer->position = plan->position;
    consumer->state = CONSUMER_OUT;
    consumer->touched = arena_array(kafka->sim->arena, uint32_t, plan->n_positions);
    fetch_init(&consumer->buffer, plan->n_positions, spec->fetch_order == FETCH_JAVA_36, kafka->sim->arena);
    for (uint32_t i = 0; i < plan->n_positions; i++) {
        struct position *position = &kafka->position[plan->position[i]];
        const struct log *log = &kafka->log[position->log];
        const struct topic_spec *topic = &kafka->plan->scenario->topic[log->topic];
        struct fetch_part *part = &consumer->buffer.part[i];
        position->part = i;
        part->log_end = &log->end;
        part->block_records = spec->max_partition_fetch_bytes / topic->record_bytes;
        if (part->block_records < 1) part->block_records = 1;
        part->hash = fetch_hash(topic->name, log->partition);
    }
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
            uint32_t index = plan->first_log[t] + p;
            log_init(&kafka->log[index], t, p, arena);
            kafka->log[index].n_readers = plan->n_readers[index];
            kafka->log[index].reader = plan->reader[index];
        }
    kafka->position = arena_array(arena, struct position, plan->n_positions);
    for (uint32_t i = 0; i < plan->n_positions; i++) {
        kafka->position[i].log = plan->position[i].log;
        kafka->position[i].group = plan->position[i].group;
        kafka->position[i].consumer = plan->position[i].consumer;
    }
    kafka->consumer = arena_array(arena, struct consumer, plan->n_consumers);
    for (uint32_t i = 0; i < plan->n_consumers; i++) consumer_init(kafka, i);
    kafka->group = arena_array(arena, struct group, plan->scenario->n_groups);
    for (uint32_t i = 0; i < plan->scenario->n_groups; i++) {
        struct group *group = &kafka->group[i];
        group->due_ns = SIM_NEVER;
        group->fact.idle_consumers = plan->group[i].idle_consumers;
        tally_init(&group->fact.wait, arena, 0);
        tally_init(&group->fact.service, arena, 0);
    }
}

void kafka_preload(struct kafka *kafka, uint32_t log, uint32_t subject)
{
    log_append(&kafka->log[log], &kafka->pool, 0, subject);
}

/* A late or cold group has its partitions now. A cold one with reset latest never sees what was appended before. */
static void on_join(void *context, uint32_t index, uint64_t argument)
{
    struct kafka *kafka = context;
    struct consumer *consumer = &kafka->consumer[index];
    const struct group_spec *spec = consumer->spec;
    struct group *group = &kafka->group[consumer->group];
    (void)argument;
    for (uint32_t i = 0; i < consumer->n_positions && spec->cold && spec->reset == RESET_LATEST; i++) {
        struct position *position = &kafka->position[consumer->position[i]];
        struct log *log = &kafka->log[position->log];
        int64_t missed = log->end - position->processed;
        for (int64_t offset = position->processed; offset < log->end; offset++)
            group->fact.sojourn_ns += kafka->sim->now_ns - log_at(log, offset);
        group->missed += (uint64_t)missed;
        group->lag -= log->end - position->committed;
        level_add(&group->backlog, kafka->sim->now_ns, -missed);
        position->committed = position->processed = position->polled = position->polled_before = log->end;
        consumer->buffer.part[i].next = log->end;
        release(kafka, log);
    }
    fetch_recount(&consumer->buffer);
    consumer->unread = consumer->buffer.unasked;
    consumer->poll_from_ns = consumer->last_commit_ns = kafka->sim->now_ns;
    wait_for_records(kafka, consumer);
}

/* A new group waits for more members: 3 s for the first, 3 s more when another one came (KIP-134). */
static sim_ns join_ns(const struct group_spec *spec)
{
    if (!spec->cold) return spec->start_ns;
    return spec->start_ns + spec->rebalance_delay_ns * (spec->consumers > 1 ? 2 : 1);
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
        if (waiting > group->fact.peak_partition_lag) group->fact.peak_partition_lag = waiting;
        group->fact.drained_at_ns = group->backlog.value == 0 ? 0 : SIM_NEVER;
        if (position->consumer != NONE)
            kafka->consumer[position->consumer].buffer.part[position->part].next = position->committed;
    }
    for (uint32_t i = 0; i < kafka->plan->n_logs; i++)
        if (kafka->log[i].n_readers > 0) release(kafka, &kafka->log[i]);
    for (uint32_t i = 0; i < kafka->plan->n_consumers; i++)
        if (kafka->consumer[i].n_positions > 0)
            sim_at(kafka->sim, join_ns(kafka->consumer[i].spec), SIM_SERVER, on_join, kafka, i, 0);
}

/* ---- levels and end ---- */

void kafka_level(const struct kafka *kafka, uint32_t index, struct partition_level *out)
{
    const struct position *position = &kafka->position[index];
    const struct log *log = &kafka->log[position->log];
    sim_ns now_ns = kafka->sim->now_ns;
    *out = (struct partition_level){ .group = position->group, .topic = log->topic, .partition = log->partition,
        .log_end = log->end, .committed = position->committed, .lag = log->end - position->committed,
        .client_lag = log->end - (position->polled_at_ns > now_ns ? position->polled_before : position->polled),
        .backlog = log->end - position->processed,
        .lag_ns = log->end > position->committed ? now_ns - log_at(log, position->committed) : 0 };
    if (out->backlog < 0 || out->lag < out->backlog)
        invariant_broken(kafka->invariants, INVARIANT_K7, now_ns, 0, "topic %s partition %u: lag %lld, backlog %lld",
                         kafka->plan->scenario->topic[log->topic].name, log->partition, (long long)out->lag,
                         (long long)out->backlog);
}

static bool consumer_busy(const struct consumer *consumer, sim_ns now_ns)
{
    if (consumer->done_pending && consumer->done_start_ns <= now_ns) return true;
    return consumer->in_record && consumer->start_ns <= now_ns;
}

int64_t kafka_busy(const struct kafka *kafka, uint32_t group)
{
    int64_t busy = 0;
    for (uint32_t i = 0; i < kafka->plan->scenario->group[group].consumers; i++)
        busy += consumer_busy(&kafka->consumer[kafka->plan->group[group].first_consumer + i], kafka->sim->now_ns);
    return busy;
}

/* Time in service of the record that is not yet applied as done. */
static sim_ns open_busy_ns(const struct consumer *consumer, sim_ns now_ns)
{
    sim_ns busy_ns = 0;
    if (consumer->in_record && consumer->start_ns < now_ns) busy_ns += now_ns - consumer->start_ns;
    if (consumer->done_pending && consumer->done_start_ns < now_ns) busy_ns += now_ns - consumer->done_start_ns;
    return busy_ns;
}

sim_ns kafka_busy_ns(const struct kafka *kafka, uint32_t group)
{
    sim_ns busy_ns = (sim_ns)kafka->group[group].fact.busy_ns;
    for (uint32_t i = 0; i < kafka->plan->scenario->group[group].consumers; i++)
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
    for (uint32_t i = 0; i < plan->n_positions; i++) {
        const struct position *position = &kafka->position[plan->first_position + i];
        const struct log *log = &kafka->log[position->log];
        left += log->end - position->processed;
        for (int64_t offset = position->processed; offset < log->end; offset++)
            group->fact.sojourn_ns += end_ns - log_at(log, offset);
        if (log->end > position->committed) {
            sim_ns age_ns = end_ns - log_at(log, position->committed);
            if (age_ns > group->fact.peak_lag_ns) group->fact.peak_lag_ns = age_ns;
        }
        if (!cut && position->processed < position->committed)
            invariant_broken(kafka->invariants, INVARIANT_K3, end_ns, 0, "topic %s partition %u: %lld committed, %lld processed",
                             kafka->plan->scenario->topic[log->topic].name, log->partition,
                             (long long)position->committed, (long long)position->processed);
    }
    group->fact.backlog_area = level_area(&group->backlog, end_ns);
    if (left != group->backlog.value)
        invariant_broken(kafka->invariants, INVARIANT_K9, end_ns, 0, "group %s: %lld records left in the logs, %lld by account",
                         kafka->plan->scenario->group[index].name, (long long)left, (long long)group->backlog.value);
    if (group->fact.backlog_area != group->fact.sojourn_ns)
        invariant_broken(kafka->invariants, INVARIANT_L1, end_ns, 0, "group %s: integral %.9g s, sum of times %.9g s",
                         kafka->plan->scenario->group[index].name, (double)group->fact.backlog_area * 1e-9,
                         (double)group->fact.sojourn_ns * 1e-9);
    group->fact.processed -= group->fact.skipped;
    for (uint32_t i = 0; i < kafka->plan->scenario->group[index].consumers; i++)
        group->fact.busy_ns += open_busy_ns(&kafka->consumer[plan->first_consumer + i], end_ns);
}

/* One owner a partition, and no more consumers with an assignment than partitions. */
static void assignment_check(struct kafka *kafka)
{
    for (uint32_t g = 0; g < kafka->plan->scenario->n_groups; g++) {
        const struct plan_group *plan = &kafka->plan->group[g];
        uint32_t assigned = 0, owned = 0;
        for (uint32_t i = 0; i < kafka->plan->scenario->group[g].consumers; i++) {
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
    assignment_check(kafka);
}
