/* SPDX-License-Identifier: GPL-3.0-or-later
 * The poll loop of one consumer: the fetch in flight and its answer, what a poll returns and when, the batch in hand,
 * commits. See group.h for what is modelled and fetch.h for the rules of the Java client. */
#include "models/kafka/member.h"
#include "models/kafka/settle.h"

#include "models/purpose.h"

/* spring-kafka's pollTimeout: how long an idle loop turn takes. */
#define POLL_TIMEOUT_NS (5 * SIM_S)

/* ---- latencies: keyed by consumer and count, four draws to a block ---- */

static __attribute__((noinline)) sim_ns drawn_latency(const struct kafka *kafka, const struct consumer *consumer,
                                                      const struct dist *dist, enum purpose purpose,
                                                      struct random_words *words, uint32_t *count)
{
    uint32_t n = (*count)++;
    if (n % 4 == 0) {
        uint32_t member = consumer->index - consumer->plan->first_consumer;
        *words = random_block(kafka->key, purpose, (uint64_t)consumer->group << 32 | member, n / 4);
    }
    return dist_draw(dist, words->word[n % 4]);
}

static SIM_ALWAYS sim_ns usual_latency(const struct kafka *kafka, const struct consumer *consumer,
                                       const struct dist *dist, enum purpose purpose, struct random_words *words,
                                       uint32_t *count)
{
    if (dist->draw == DRAW_CONSTANT) return dist->constant_ns;
    return drawn_latency(kafka, consumer, dist, purpose, words, count);
}

static SIM_ALWAYS sim_ns latency(const struct kafka *kafka, const struct consumer *consumer, const struct dist *dist,
                                 enum purpose purpose, struct random_words *words, uint32_t *count)
{
    sim_ns usual_ns = usual_latency(kafka, consumer, dist, purpose, words, count);
    if (!kafka->conditions) return usual_ns;
    return (sim_ns)((double)usual_ns * kafka->conditions->kafka_factor + 0.5);
}

/* A request that is sent at at_ns leaves again when the broker is back. */
sim_ns when_it_answers(const struct kafka *kafka, sim_ns at_ns)
{
    if (!kafka->conditions || kafka->conditions->kafka_down_until_ns <= at_ns) return at_ns;
    return kafka->conditions->kafka_down_until_ns;
}

static sim_ns fetch_latency(const struct kafka *kafka, struct consumer *consumer)
{
    return latency(kafka, consumer, &consumer->plan->fetch, PURPOSE_FETCH, &consumer->fetch_words,
                   &consumer->n_fetches);
}

sim_ns round_trip(const struct kafka *kafka, struct consumer *consumer) { return fetch_latency(kafka, consumer); }

static sim_ns commit_latency(const struct kafka *kafka, struct consumer *consumer)
{
    return latency(kafka, consumer, &consumer->plan->commit, PURPOSE_COMMIT,
                   &consumer->commit_words, &consumer->n_commits);
}

static sim_ns poll_latency(const struct kafka *kafka, struct consumer *consumer)
{
    return usual_latency(kafka, consumer, &consumer->plan->poll, PURPOSE_POLL, &consumer->poll_words,
                   &consumer->n_polls);
}

/* ---- the Java client's fetch in flight ---- */

static void fetch_send(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    if (consumer->fetch != FETCH_NONE || !fetch_ask(&consumer->buffer)) return;
    sim_ns round_trip_ns = fetch_latency(kafka, consumer);
    consumer->fetch = FETCH_SENT;
    consumer->half_ns = round_trip_ns / 2;
    consumer->arrive_ns = when_it_answers(kafka, at_ns) + consumer->half_ns;
}

static void fetch_answered(struct consumer *consumer, sim_ns at_ns)
{
    consumer->fetch = FETCH_ANSWERED;
    consumer->ready_ns = at_ns + consumer->half_ns;
}

/* Brings the fetch in flight up to now: answered on arrival when there was data, else parked, and sent home empty after
 * fetch.max.wait. A waiting consumer sends the next one at once; a busy one only at its next poll. Must be called
 * before the log of an asked partition grows: the answer holds what is there when the broker answers. */
void fetch_settle_due(struct kafka *kafka, struct consumer *consumer)
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
        if (consumer->state != CONSUMER_WAITING || !fetch_covers(&consumer->buffer) ||
            fetch_is_stale(&consumer->buffer)) {
            consumer->fetch = FETCH_ANSWERED;
            consumer->ready_ns = empty_ns;
            return;
        }
        sim_ns send_ns = empty_ns > consumer->poll_from_ns ? empty_ns : consumer->poll_from_ns;
        consumer->half_ns = fetch_latency(kafka, consumer) / 2;
        consumer->arrive_ns = send_ns + consumer->half_ns;
    }
}

/* ---- batches ---- */

static sim_ns later(sim_ns a_ns, sim_ns b_ns) { return a_ns > b_ns ? a_ns : b_ns; }

static void record_next(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns);
static void poll_call(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns);

/* In order of arrival records are taken one at a time, when they start. */
static void poll_to(struct position *position, int64_t next, sim_ns at_ns)
{
    position->polled_before = position->polled;
    position->polled = next;
    position->polled_at_ns = at_ns;
}

/* The record may have to wait for its time, have been tried before, or have been another consumer's. Returns when it
 * begins. */
static __attribute__((noinline)) sim_ns hand_matters(struct kafka *kafka, struct consumer *consumer, uint32_t position,
                                                     int64_t offset, sim_ns appended_ns, sim_ns at_ns)
{
    if (consumer->spec->due_after_ns > 0) at_ns = later(at_ns, appended_ns + consumer->spec->due_after_ns);
    if (kafka->failures_seen) consumer->attempt = attempts_of(kafka, consumer, position, offset);
    if (kafka->delivery) delivery_note(kafka, consumer, position, offset, at_ns);
    return at_ns;
}

/* next: subject of the record behind it, or its own. */
static SIM_ALWAYS void record_hand(struct kafka *kafka, struct consumer *consumer, uint32_t position, int64_t offset,
                                   const struct log_record record, uint32_t next, sim_ns at_ns)
{
    consumer->attempt = 0;
    if (kafka->hands_matter) at_ns = hand_matters(kafka, consumer, position, offset, record.at_ns, at_ns);
    consumer->in_record = true;
    consumer->record_position = position;
    consumer->record_offset = offset;
    consumer->appended_ns = record.at_ns;
    consumer->start_ns = at_ns;
    kafka->calls.process(kafka->calls.context, consumer, position, record.subject, next);
}

static void record_begin(struct kafka *kafka, struct consumer *consumer, uint32_t position, int64_t offset,
                         sim_ns at_ns)
{
    const struct log *log = &kafka->log[kafka->position[position].log];
    const struct log_record record = *log_record_at(log, (uint64_t)offset);
    record_hand(kafka, consumer, position, offset, record,
                offset + 1 < log->end ? log_subject(log, offset + 1) : record.subject, at_ns);
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

/* When the oldest record came that the poll under way can return; now, where it has none or gets it this instant. */
static sim_ns woken_ns(const struct kafka *kafka, const struct consumer *consumer)
{
    sim_ns first_ns = kafka->sim->now_ns;
    for (uint32_t i = 0; i < consumer->n_positions; i++) {
        const struct position *position = &kafka->position[consumer->position[i]];
        const struct log *log = &kafka->log[position->log];
        if (position->consumer != consumer->index || position->polled >= log->end) continue;
        if (log_at(log, position->polled) < first_ns) first_ns = log_at(log, position->polled);
    }
    return first_ns;
}

/* How many polls fit into a time, the last one whole; at least one. */
static int64_t polls_in(sim_ns span_ns)
{
    return span_ns > POLL_TIMEOUT_NS ? (span_ns + POLL_TIMEOUT_NS - 1) / POLL_TIMEOUT_NS : 1;
}

void loop_turns(const struct kafka *kafka, struct consumer *consumer)
{
    if (consumer->spec->commit_mode != COMMIT_TIME || consumer->uncommitted > 0) return;
    const sim_ns every_ns = consumer->spec->commit_time_ns, waited_ns = woken_ns(kafka, consumer) - consumer->turn_ns;
    if (waited_ns < POLL_TIMEOUT_NS) return;
    const int64_t turns = waited_ns / POLL_TIMEOUT_NS;
    const int64_t first = polls_in(consumer->last_commit_ns + every_ns - consumer->turn_ns);
    if (first <= turns)
        consumer->last_commit_ns = consumer->turn_ns + (turns - (turns - first) % polls_in(every_ns)) * POLL_TIMEOUT_NS;
    consumer->turn_ns += turns * POLL_TIMEOUT_NS;
}

static SIM_SELDOM void poll_matters(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    sim_cancel(kafka->sim, consumer->idle_turn);
    loop_turns(kafka, consumer);
    if (kafka->coordinator) member_polled(kafka, consumer, at_ns);
}

static SIM_ALWAYS void poll_note(struct kafka *kafka, struct group *group, struct consumer *consumer, sim_ns at_ns)
{
    consumer->state = CONSUMER_BUSY;
    if (at_ns <= kafka->end_ns) group->fact.polls++;
    if (kafka->polls_matter) poll_matters(kafka, consumer, at_ns);
}

/* poll() returns records at at_ns; what they are is fixed by now. */
static void poll_return(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    const struct group_spec *spec = consumer->spec;
    poll_note(kafka, &kafka->group[consumer->group], consumer, at_ns);
    if (spec->fetch_order == FETCH_ARRIVAL) {
        consumer->batch_left = spec->max_poll_records;
        consumer->cutoff_ns = at_ns - consumer->half_ns;
    } else {
        java_poll(kafka, consumer, at_ns);
    }
    SIM_ASSERT_IN(kafka->sim, consumer->batch_left > 0);
    record_next(kafka, consumer, at_ns + poll_latency(kafka, consumer));
}

static bool has_nothing(const struct consumer *consumer)
{
    const struct fetch_buffer *buffer = &consumer->buffer;
    if (consumer->spec->fetch_order == FETCH_ARRIVAL || buffer->n_blocks > 0) return false;
    return consumer->fetch != FETCH_ANSWERED || buffer->n_answer == 0;
}

/* A batch that is written at the instant at which the fetch arrives holds the answer up until it is whole. */
static bool comes_too_early(const struct consumer *consumer, sim_ns now_ns)
{
    if (consumer->spec->fetch_order == FETCH_ARRIVAL || consumer->buffer.n_blocks > 0) return false;
    return consumer->ready_ns > now_ns;
}

static void on_poll(void *context, uint32_t index, uint64_t argument)
{
    struct kafka *kafka = context;
    struct consumer *consumer = &kafka->consumer[index];
    (void)argument;
    consumer_settle(kafka, consumer);
    if (kafka->coordinator && member_polls(kafka, consumer, kafka->sim->now_ns)) return;
    fetch_settle(kafka, consumer);
    if (has_nothing(consumer)) { /* what its fetch brought was dropped */
        consumer->poll_from_ns = kafka->sim->now_ns;
        wait_for_records(kafka, consumer);
        return;
    }
    if (comes_too_early(consumer, kafka->sim->now_ns)) poll_call(kafka, consumer, consumer->ready_ns);
    else poll_return(kafka, consumer, kafka->sim->now_ns);
}

static void poll_call(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    consumer->state = CONSUMER_CALLED;
    consumer->place = 0;
    sim_at(kafka->sim, at_ns, SIM_CONSUMER, on_poll, kafka, consumer->index, 0);
}

/* In a paused process nothing goes on at once. */
static bool is_paused(const struct kafka *kafka, const struct consumer *consumer)
{
    return kafka->processes && process_is_paused(kafka->processes, kafka->plan->consumer[consumer->index].instance);
}

/* A consumer may know the content of one poll whose records lie ahead, not of two. */
static bool may_run_ahead(const struct kafka *kafka, const struct consumer *consumer)
{
    return !kafka->step_by_step && consumer->start_ns <= kafka->sim->now_ns;
}

/* The poll's content is known although its time may lie ahead: no need for an event. Where each step has one all the
 * same, what follows from the poll takes its place now, as it would without. */
static void poll_known(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    if (at_ns > kafka->sim->now_ns ? may_run_ahead(kafka, consumer) : !is_paused(kafka, consumer)) {
        poll_return(kafka, consumer, at_ns);
        return;
    }
    poll_call(kafka, consumer, at_ns);
    if (kafka->step_by_step && consumer->start_ns <= kafka->sim->now_ns) consumer->place = ++kafka->sim->sequence;
}

/* Other partitions may have a record of the same instant that is not told yet: which one is first is then known when
 * that instant is over. */
static bool may_tie(const struct kafka *kafka, uint32_t position, sim_ns appended_ns)
{
    return kafka->position[position].ties && appended_ns == kafka->sim->now_ns;
}

static void arrival_wait(struct kafka *kafka, struct consumer *consumer)
{
    sim_ns first_ns;
    const uint32_t first = earliest(kafka, consumer, &first_ns);
    if (first == NONE) return;
    consumer->half_ns = fetch_latency(kafka, consumer) / 2;
    const sim_ns at_ns = later(consumer->poll_from_ns, first_ns + consumer->half_ns);
    if (at_ns > kafka->sim->now_ns && may_tie(kafka, first, first_ns)) poll_call(kafka, consumer, at_ns);
    else poll_known(kafka, consumer, at_ns);
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
    } else if (!fetch_covers(buffer) || fetch_is_stale(buffer)) {
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
void wait_for_records(struct kafka *kafka, struct consumer *consumer)
{
    if (kafka->coordinator && member_polls(kafka, consumer, consumer->poll_from_ns)) return;
    consumer->state = CONSUMER_WAITING;
    if (consumer->spec->fetch_order == FETCH_ARRIVAL) {
        arrival_wait(kafka, consumer);
        return;
    }
    if (consumer->fetch == FETCH_SENT && consumer->buffer.unasked == 0 && fetch_is_clear(&consumer->buffer)) return;
    consumer->state = CONSUMER_BUSY; /* until it polls: a fetch that came back empty is not sent again */
    fetch_settle(kafka, consumer);
    consumer->state = CONSUMER_WAITING;
    java_wait(kafka, consumer);
}

static SIM_SELDOM sim_ns timed_turn(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns);

static void on_turn(void *context, uint32_t index, uint64_t argument)
{
    struct kafka *kafka = context;
    struct consumer *consumer = &kafka->consumer[index];
    (void)argument;
    consumer_settle(kafka, consumer);
    consumer->poll_from_ns = kafka->sim->now_ns;
    if (consumer->spec->commit_mode == COMMIT_TIME && consumer->uncommitted == 0)
        timed_turn(kafka, consumer, kafka->sim->now_ns);
    wait_for_records(kafka, consumer);
}

void poll_later(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    consumer->state = CONSUMER_BUSY;
    sim_at(kafka->sim, at_ns, SIM_CONSUMER, on_turn, kafka, consumer->index, 0);
}

/* An idle consumer and the only record that waits, which has come now: the poll that returns it needs no search. Its
 * content is fixed by now, so its time may lie ahead. */
static SIM_ALWAYS void poll_one(struct kafka *kafka, struct group *group, struct consumer *consumer, uint32_t index,
                                int64_t offset, const struct log_record record, sim_ns at_ns, sim_ns begin_ns)
{
    consumer->unread = 0;
    poll_note(kafka, group, consumer, at_ns);
    record_hand(kafka, consumer, index, offset, record, record.subject, begin_ns);
}

static SIM_ALWAYS void arrival_one(struct kafka *kafka, struct group *group, struct consumer *consumer,
                                   uint32_t index, uint32_t subject)
{
    struct position *position = &kafka->position[index];
    const struct log_record record = { kafka->sim->now_ns, subject };
    const int64_t offset = position->polled;
    if (!consumer->at_once) consumer->half_ns = fetch_latency(kafka, consumer) / 2;
    sim_ns at_ns = later(consumer->poll_from_ns, record.at_ns + consumer->half_ns);
    if (at_ns > record.at_ns && position->ties) {
        poll_call(kafka, consumer, at_ns);
        return;
    }
    consumer->batch_left = consumer->spec->max_poll_records - 1;
    consumer->cutoff_ns = at_ns - consumer->half_ns;
    sim_ns begin_ns = consumer->at_once ? at_ns : at_ns + poll_latency(kafka, consumer);
    poll_to(position, offset + 1, begin_ns);
    poll_one(kafka, group, consumer, index, offset, record, at_ns, begin_ns);
}

/* The parked fetch returns with the record, the poll takes it without being filled, and sends the next fetch. */
static void java_one(struct kafka *kafka, struct group *group, struct consumer *consumer, uint32_t index, uint32_t part,
                     uint32_t subject)
{
    struct position *position = &kafka->position[index];
    const struct log_record record = { kafka->sim->now_ns, subject };
    const int64_t offset = position->polled;
    sim_ns at_ns = later(consumer->poll_from_ns, record.at_ns + consumer->half_ns);
    fetch_pass_one(&consumer->buffer, part);
    consumer->half_ns = fetch_latency(kafka, consumer) / 2;
    consumer->arrive_ns = at_ns + consumer->half_ns;
    consumer->batch_left = 0;
    poll_to(position, offset + 1, at_ns);
    poll_one(kafka, group, consumer, index, offset, record, at_ns, at_ns + poll_latency(kafka, consumer));
}

/* An append to a partition of a consumer. */
void consumer_notice(struct kafka *kafka, struct group *group, struct consumer *consumer, uint32_t position,
                     uint32_t subject)
{
    sim_ns now_ns = kafka->sim->now_ns;
    uint32_t part = kafka->position[position].part;
    if (consumer->spec->fetch_order == FETCH_ARRIVAL) {
        if (consumer->state != CONSUMER_WAITING) return;
        if (consumer->unread == 1 && may_run_ahead(kafka, consumer))
            arrival_one(kafka, group, consumer, position, subject);
        else arrival_wait(kafka, consumer);
        return;
    }
    if (consumer->fetch != FETCH_SENT || !consumer->buffer.part[part].asked) return;
    bool parked = consumer->arrive_ns <= now_ns;
    if (parked && kafka->position[position].batched) { /* the broker looks when all of the batch is in the log */
        consumer->arrive_ns = now_ns + 1;
        parked = false;
    }
    bool slots_left = consumer->spec->max_poll_records > 1; /* else the block counts as buffered until the next poll */
    if (parked && consumer->state == CONSUMER_WAITING && slots_left && may_run_ahead(kafka, consumer) &&
        consumer->buffer.unasked == 1 && fetch_is_clear(&consumer->buffer)) {
        java_one(kafka, group, consumer, position, part, subject);
        return;
    }
    if (parked) {
        if (consumer->buffer.unasked == 1) fetch_answer_one(&consumer->buffer, part);
        else fetch_answer(&consumer->buffer);
        fetch_answered(consumer, now_ns);
    }
    if (consumer->state != CONSUMER_WAITING) return;
    if (parked && consumer->buffer.n_answer == 0)
        poll_call(kafka, consumer, later(consumer->poll_from_ns, consumer->ready_ns));
    else if (parked) poll_known(kafka, consumer, later(consumer->poll_from_ns, consumer->ready_ns));
    else poll_call(kafka, consumer, later(consumer->poll_from_ns, consumer->arrive_ns + consumer->half_ns));
}

/* ---- commits ---- */

static void touch(struct kafka *kafka, struct consumer *consumer, uint32_t index, int64_t processed)
{
    struct position *position = &kafka->position[index];
    if (consumer->departed) return; /* its commit would be refused */
    position->commit_to = processed;
    consumer->uncommitted++;
    if (position->touched) return;
    position->touched = true;
    consumer->touched[consumer->n_touched++] = index;
}

static SIM_ALWAYS sim_ns commit_all(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    sim_ns round_trip_ns = commit_latency(kafka, consumer);
    at_ns = when_it_answers(kafka, at_ns);
    SIM_ASSERT_IN(kafka->sim, !consumer->commit_pending);
    consumer->commit_pending = true;
    consumer->commit_at_ns = at_ns + round_trip_ns / 2;
    consumer->last_commit_ns = at_ns;
    consumer->uncommitted = 0;
    if (consumer->commit_at_ns <= kafka->sim->now_ns && !consumer->done_pending) apply_commit(kafka, consumer);
    else settle_later(kafka, consumer, consumer->commit_at_ns);
    return at_ns + round_trip_ns;
}

sim_ns commit_send(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    return commit_all(kafka, consumer, at_ns);
}

static bool commit_is_due(const struct consumer *consumer)
{
    if (consumer->uncommitted == 0) return false;
    return consumer->spec->commit_mode != COMMIT_COUNT || consumer->uncommitted >= consumer->spec->commit_count;
}

static void on_idle_turn(void *context, uint32_t index, uint64_t argument);

static bool time_has_come(const struct consumer *consumer, sim_ns at_ns)
{
    return at_ns - consumer->last_commit_ns >= consumer->spec->commit_time_ns;
}

/* COMMIT_TIME: a turn of the loop; returns when its poll begins. The clock is set anew when the time has come, be there
 * something to commit or not. A poll that waits in vain gives up after its time-out: the next turn is an event where
 * something waits to be committed; else it is worked out when the poll ends (loop_turns). */
static SIM_SELDOM sim_ns timed_turn(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    const bool commits = time_has_come(consumer, at_ns) && consumer->uncommitted > 0;
    if (time_has_come(consumer, at_ns)) consumer->last_commit_ns = at_ns;
    if (commits) at_ns = commit_all(kafka, consumer, at_ns);
    else if (consumer->uncommitted > 0)
        consumer->idle_turn = sim_at(kafka->sim, at_ns + POLL_TIMEOUT_NS, SIM_CONSUMER, on_idle_turn, kafka,
                                     consumer->index, 0);
    consumer->turn_ns = at_ns;
    return at_ns;
}

static void on_idle_turn(void *context, uint32_t index, uint64_t argument)
{
    struct kafka *kafka = context;
    struct consumer *consumer = &kafka->consumer[index];
    (void)argument;
    consumer_settle(kafka, consumer);
    if (consumer->state != CONSUMER_WAITING || consumer->uncommitted == 0) return;
    const sim_ns at_ns = timed_turn(kafka, consumer, kafka->sim->now_ns);
    if (consumer->uncommitted == 0) consumer->poll_from_ns = at_ns;
}

static void batch_end(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    if (consumer->spec->commit_mode == COMMIT_TIME) at_ns = timed_turn(kafka, consumer, at_ns);
    else if (commit_is_due(consumer)) at_ns = commit_all(kafka, consumer, at_ns);
    consumer->poll_from_ns = at_ns;
    wait_for_records(kafka, consumer);
}

/* In order of arrival: the first record of the position that is not taken yet begins. */
static SIM_ALWAYS void arrival_take(struct kafka *kafka, struct consumer *consumer, uint32_t position, sim_ns at_ns)
{
    const int64_t offset = kafka->position[position].polled;
    poll_to(&kafka->position[position], offset + 1, at_ns);
    consumer->unread--;
    consumer->only_unread = NONE;
    record_begin(kafka, consumer, position, offset, at_ns);
}

/* The next record of the batch in hand at at_ns, or its end. */
static void record_next(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    const bool goes_on = consumer->batch_left-- > 0;
    if (goes_on && consumer->spec->fetch_order == FETCH_ARRIVAL) {
        sim_ns appended_ns;
        const uint32_t position = earliest(kafka, consumer, &appended_ns);
        if (position != NONE && appended_ns <= consumer->cutoff_ns) {
            arrival_take(kafka, consumer, position, at_ns);
            return;
        }
    } else if (goes_on) {
        struct fetch_block *segment = &consumer->buffer.segment[consumer->segment];
        const int64_t offset = segment->first++;
        if (segment->first == segment->end) consumer->segment++;
        record_begin(kafka, consumer, consumer->position[segment->part], offset, at_ns);
        return;
    }
    batch_end(kafka, consumer, at_ns);
}

/* ---- a record that ends and is all that its consumer has to commit, where that takes no time ---- */

static SIM_ALWAYS void commit_alone(struct kafka *kafka, struct group *group, struct consumer *consumer,
                                    const struct done done)
{
    struct position *position = &kafka->position[done.position];
    struct log *log = &kafka->log[position->log];
    consumer->last_commit_ns = consumer->poll_from_ns = done.at_ns;
    position->commit_to = done.offset + 1;
    if (position->committed != done.offset || position->processed > position->polled || position->polled > log->end)
        commit_is_wrong(kafka, done.position, done.at_ns);
    group->fact.commits++;
    commit_moves(kafka, group, done.position, done.offset + 1, done.appended_ns, done.at_ns);
    log_forget_one(kafka, log, done.offset, done.at_ns);
}

/* The next record is of a later batch: commit, poll, and there it is. False: it is of the same one. */
static SIM_ALWAYS bool polls_on(struct kafka *kafka, struct group *group, struct consumer *consumer,
                                const struct done done)
{
    sim_ns first_ns;
    const uint32_t first = earliest(kafka, consumer, &first_ns);
    if (consumer->batch_left > 0 && first_ns <= consumer->cutoff_ns) return false;
    commit_alone(kafka, group, consumer, done);
    poll_note(kafka, group, consumer, done.at_ns);
    consumer->batch_left = consumer->spec->max_poll_records - 1;
    consumer->cutoff_ns = done.at_ns;
    arrival_take(kafka, consumer, first, done.at_ns);
    return true;
}

/* True: what is next has been decided. */
static SIM_ALWAYS bool end_alone(struct kafka *kafka, struct group *group, struct consumer *consumer,
                                 const struct done done)
{
    if (consumer->unread > 0) return done.at_ns == kafka->sim->now_ns && polls_on(kafka, group, consumer, done);
    commit_alone(kafka, group, consumer, done);
    consumer->state = CONSUMER_WAITING;
    return true;
}

/* What was decided before becomes visible; the end before this one is behind us by then. */
static __attribute__((noinline)) void settle_before(struct kafka *kafka, struct consumer *consumer)
{
    consumer_settle_due(kafka, consumer);
    SIM_ASSERT_IN(kafka->sim, !consumer->done_pending);
}

static SIM_ALWAYS void record_ends(struct kafka *kafka, uint32_t index, sim_ns done_ns, bool given_up)
{
    struct consumer *consumer = &kafka->consumer[index];
    if (consumer->done_pending || consumer->commit_pending) settle_before(kafka, consumer);
    SIM_ASSERT_IN(kafka->sim, consumer->in_record);
    const struct done done = { consumer->record_position, given_up, consumer->record_offset, consumer->appended_ns,
                               consumer->start_ns, done_ns };
    consumer->in_record = false;
    if (done_ns > kafka->sim->now_ns) {
        consumer->done = done;
        consumer->done_pending = true;
        settle_later(kafka, consumer, done_ns);
    } else if (kafka->delivery) {
        done_by_anyone(kafka, consumer, done);
    } else {
        struct group *group = &kafka->group[consumer->group];
        done_by_owner(kafka, group, done);
        if (consumer->at_once && consumer->uncommitted == 0 && end_alone(kafka, group, consumer, done)) return;
    }
    touch(kafka, consumer, done.position, done.offset + 1);
    if (consumer->spec->commit_mode == COMMIT_RECORD) done_ns = commit_send(kafka, consumer, done_ns);
    record_next(kafka, consumer, done_ns);
}

void kafka_record_done(struct kafka *kafka, uint32_t index, sim_ns done_ns)
{
    record_ends(kafka, index, done_ns, false);
}

void kafka_record_given_up(struct kafka *kafka, uint32_t index, sim_ns done_ns)
{
    record_ends(kafka, index, done_ns, true);
}

bool kafka_goes_idle(const struct kafka *kafka, uint32_t index)
{
    const struct consumer *consumer = &kafka->consumer[index];
    sim_ns now_ns = kafka->sim->now_ns;
    if (consumer->done_pending && consumer->done.at_ns > now_ns) return false;
    if (consumer->commit_pending && consumer->commit_at_ns > now_ns) return false;
    if (consumer->spec->fetch_order == FETCH_ARRIVAL) return consumer->unread == 0 && consumer->cutoff_ns < now_ns;
    return consumer->batch_left == 0 && consumer->buffer.unasked == 0 && consumer->buffer.n_blocks == 0 &&
        consumer->fetch != FETCH_ANSWERED;
}

void poll_actors(struct processes *processes, const uint32_t *instance_of)
{
    process_acts(processes, on_poll, instance_of, NULL);
    process_acts(processes, on_empty_answer, instance_of, NULL);
    process_acts(processes, on_idle_turn, instance_of, NULL);
    process_acts(processes, on_turn, instance_of, NULL);
}
