/* SPDX-License-Identifier: GPL-3.0-or-later
 * Taking partitions over; see takeover.h. A partition's records are delivered in order by each of its owners, so what
 * has been delivered, or processed, by anybody is everything below a mark. */
#include "models/kafka/settle.h"

#include <string.h>

void takeover_init(struct kafka *kafka)
{
    struct arena *arena = kafka->sim->arena;
    kafka->delivery = arena_array(arena, struct delivery, kafka->plan->n_positions);
    for (uint32_t i = 0; i < kafka->plan->n_consumers; i++) {
        struct consumer *consumer = &kafka->consumer[i];
        uint32_t most = consumer->plan->n_positions;
        consumer->own = arena_array(arena, uint32_t, most);
        consumer->touched = arena_array(arena, uint32_t, most);
        if (consumer->n_positions > 0)
            memcpy(consumer->own, consumer->position, consumer->n_positions * sizeof(uint32_t));
        consumer->position = consumer->own;
        fetch_init(&consumer->buffer, most, consumer->spec->fetch_order == FETCH_JAVA_36, arena);
        for (uint32_t k = 0; k < consumer->n_positions; k++) part_init(kafka, consumer, k);
        fetch_reset(&consumer->buffer, consumer->n_positions);
    }
}

/* Back to the committed offset. What had been processed beyond it waits again from now on. */
static void position_rewind(struct kafka *kafka, uint32_t index)
{
    struct position *position = &kafka->position[index];
    struct group *group = &kafka->group[position->group];
    const struct log *log = &kafka->log[position->log];
    sim_ns now_ns = kafka->sim->now_ns;
    group_settle(kafka, position->group);
    for (int64_t offset = position->committed; offset < position->processed; offset++)
        group->fact.sojourn_ns -= now_ns - log_at(log, offset);
    if (group->backlog.value < group->few_next) backlog_was_few(group);
    level_add(&group->backlog, now_ns, position->processed - position->committed);
    backlog_rose(group, now_ns);
    position->processed = position->committed;
    position->polled = position->polled_before = position->committed;
    position->commit_to = position->committed;
    position->touched = false;
}

void redelivery_explained(struct kafka *kafka, uint32_t index)
{
    struct delivery *delivery = &kafka->delivery[index];
    delivery->explained_to = delivery->delivered_to;
}

/* What is processed and not committed of kept partitions still is: a listener container forgets no offset of theirs. */
static void pending_offsets_stay(const struct kafka *kafka, struct consumer *consumer)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < consumer->n_touched; i++)
        if (kafka->position[consumer->touched[i]].consumer == consumer->index)
            consumer->touched[n++] = consumer->touched[i];
    consumer->n_touched = n;
    if (n == 0) consumer->uncommitted = 0;
}

void consumer_assign(struct kafka *kafka, struct consumer *consumer, const uint32_t *position, uint32_t n)
{
    loop_turns(kafka, consumer);
    pending_offsets_stay(kafka, consumer);
    for (uint32_t i = 0; i < n; i++) {
        struct position *taken = &kafka->position[position[i]];
        consumer->own[i] = position[i];
        if (taken->consumer == consumer->index) continue; /* kept */
        redelivery_explained(kafka, position[i]);
        position_rewind(kafka, position[i]);
        taken->consumer = consumer->index;
    }
    consumer->n_positions = n;
    consumer->only_unread = NONE;
    consumer->commit_pending = false;
    consumer->fetch = FETCH_NONE;
    consumer->batch_left = 0;
    for (uint32_t i = 0; i < n; i++) part_init(kafka, consumer, i);
    fetch_reset(&consumer->buffer, n);
    for (uint32_t i = 0; i < n; i++) consumer->buffer.part[i].next = kafka->position[position[i]].polled;
    fetch_recount(&consumer->buffer);
    consumer->unread = consumer->buffer.unasked;
}

void touched_forget(struct kafka *kafka, struct consumer *consumer)
{
    for (uint32_t i = 0; i < consumer->n_touched; i++) {
        struct position *position = &kafka->position[consumer->touched[i]];
        if (position->consumer == consumer->index) position->touched = false;
    }
    consumer->n_touched = 0;
    consumer->uncommitted = 0;
}

/* A commit that has been sent arrives. One that waits for a broker that is away (commit_all) has nobody to send it. */
static void commit_dies(struct kafka *kafka, struct consumer *consumer)
{
    if (consumer->commit_pending && consumer->last_commit_ns <= kafka->sim->now_ns) return;
    consumer->commit_pending = false;
    touched_forget(kafka, consumer);
}

void consumer_die(struct kafka *kafka, struct consumer *consumer)
{
    struct group *group = &kafka->group[consumer->group];
    sim_ns now_ns = kafka->sim->now_ns;
    consumer_settle(kafka, consumer);
    commit_dies(kafka, consumer);
    if (consumer->in_record && consumer->start_ns < now_ns) {
        group->fact.busy_ns += now_ns - consumer->start_ns;
        group->fact.cut_ns += now_ns - consumer->start_ns;
        forget_waits(kafka, consumer, consumer->start_ns);
    }
    consumer->in_record = false;
    consumer->state = CONSUMER_OUT;
    consumer->fetch = FETCH_NONE;
    consumer->batch_left = 0;
}

static int64_t least_of(const struct kafka *kafka, const struct consumer *consumer, const struct log *log,
                        int64_t least)
{
    const struct fetch_buffer *buffer = &consumer->buffer;
    if (consumer->in_record && &kafka->log[kafka->position[consumer->record_position].log] == log &&
        consumer->record_offset < least)
        least = consumer->record_offset;
    for (uint32_t i = consumer->segment; consumer->batch_left > 0 && i < buffer->n_segments; i++) {
        const struct fetch_block *segment = &buffer->segment[i];
        if (&kafka->log[kafka->position[consumer->own[segment->part]].log] == log && segment->first < least)
            least = segment->first;
    }
    return least;
}

int64_t least_in_hand(const struct kafka *kafka, const struct log *log, int64_t least)
{
    for (uint32_t i = 0; i < kafka->plan->n_consumers; i++)
        if (kafka->consumer[i].departed) least = least_of(kafka, &kafka->consumer[i], log, least);
    return least;
}

void delivery_note(struct kafka *kafka, const struct consumer *consumer, uint32_t index, int64_t offset, sim_ns at_ns)
{
    struct delivery *delivery = &kafka->delivery[index];
    /* Whoever was taken for dead goes on with its batch: what it delivers, the new owner delivers, too. */
    if (consumer->departed && offset >= delivery->explained_to) delivery->explained_to = offset + 1;
    if (offset >= delivery->delivered_to) {
        delivery->delivered_to = offset + 1;
        return;
    }
    kafka->group[consumer->group].fact.duplicates++;
    delivery->again++;
    if (offset < delivery->explained_to) return;
    const struct log *log = &kafka->log[kafka->position[index].log];
    invariant_broken(kafka->invariants, INVARIANT_K4, at_ns, 0,
                     "topic %s partition %u: record %lld delivered again, and nothing had failed",
                     kafka->plan->scenario->topic[log->topic].name, log->partition, (long long)offset);
}

void done_by_anyone(struct kafka *kafka, const struct consumer *consumer, struct done done)
{
    struct position *position = &kafka->position[done.position];
    struct delivery *delivery = &kafka->delivery[done.position];
    struct group *group = &kafka->group[consumer->group];
    sim_ns at_ns = done.at_ns, appended_ns = done.appended_ns;
    if (position->consumer == consumer->index) {
        position->processed = done.offset + 1;
        level_fall(&group->backlog, at_ns);
        if (position->behind) position_catches_up(kafka, position, at_ns);
        group->fact.sojourn_ns += at_ns - appended_ns;
        if (at_ns > group->last_done_ns) group->last_done_ns = at_ns;
    }
    if (done.offset >= delivery->done_to) {
        delivery->done_to = done.offset + 1;
        record_counts(&group->fact, done);
        tally_count(&group->fact.wait, done.start_ns - appended_ns);
        tally_count(&group->fact.service, at_ns - done.start_ns);
        group->fact.sojourn_ns -= at_ns - appended_ns; /* it is in the two tallies */
    } else {
        group->fact.busy_ns += at_ns - done.start_ns;
    }
    sim_fact(kafka->sim, at_ns, FACT_PROCESSED, (uint64_t)done.position << 40 | (uint64_t)done.offset);
}
