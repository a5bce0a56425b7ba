/* SPDX-License-Identifier: GPL-3.0-or-later
 * What spring-kafka's DefaultErrorHandler does when the listener throws: commits what was done before the record,
 * sleeps the back-off in the consumer's thread, and seeks. The failed record and the rest of its poll, of every
 * partition, are forgotten and fetched again; what the client had prefetched of those partitions no longer fits its
 * position and is dropped when it is there. A fetch that is under way (parked at the broker, as a rule) must come home
 * before the next one leaves, so an attempt can take up to fetch.max.wait where nothing is appended. After so many
 * attempts, or at once where the exception is not retried, the record is given up: logged and skipped, or sent to the
 * dead-letter topic. The thread waits until it is there; where it cannot be sent the record is delivered again.
 *
 * The count of attempts belongs to the consumer's thread and the record; another exception begins a new one, unless
 * reset_on_other is off. It is lost when the partition moves or the process dies.
 *
 * Sources: KafkaMessageListenerContainer.invokeErrorHandler, SeekUtils, FailedRecordTracker, DefaultErrorHandler. */
#include "models/kafka/takeover.h"

#include <string.h>

void failures_init(struct kafka *kafka)
{
    kafka->failing = arena_array(kafka->sim->arena, struct failing, kafka->plan->n_positions);
    for (uint32_t i = 0; i < kafka->plan->n_positions; i++) kafka->failing[i].consumer = NONE;
}

static bool is_the_same(const struct consumer *consumer, const struct failing *failing, int64_t offset)
{
    return failing->consumer == consumer->index && failing->life == consumer->n_joins && failing->offset == offset;
}

uint32_t attempts_of(const struct kafka *kafka, const struct consumer *consumer, uint32_t position, int64_t offset)
{
    const struct failing *failing = &kafka->failing[position];
    return is_the_same(consumer, failing, offset) ? failing->deliveries : 0;
}

/* What another one has tried in vain, or the same one in the life before, is tried all over again. */
static void count_anew(struct kafka *kafka, const struct consumer *consumer, const struct failing *failing)
{
    if (failing->consumer == NONE || failing->offset != consumer->record_offset) return;
    kafka->group[consumer->group].fact.retries -= failing->deliveries;
}

static struct failing *count(struct kafka *kafka, const struct consumer *consumer, uint32_t exception)
{
    struct failing *failing = &kafka->failing[consumer->record_position];
    if (!is_the_same(consumer, failing, consumer->record_offset)) {
        count_anew(kafka, consumer, failing);
        kafka->group[consumer->group].fact.failed++;
        *failing = (struct failing){ .consumer = consumer->index,
                                     .life = consumer->n_joins,
                                     .offset = consumer->record_offset };
    } else if (failing->exception != exception && consumer->spec->reset_on_other) failing->attempts = 0;
    failing->exception = exception;
    failing->attempts++;
    failing->deliveries++;
    kafka->failures_seen = kafka->hands_matter = true;
    return failing;
}

/* FixedBackOff, which nothing bounds, or ExponentialBackOff where a multiplier is given. */
static sim_ns backoff_ns(const struct group_spec *spec, uint32_t attempts)
{
    double wait_ns = (double)spec->backoff_ns;
    if (spec->backoff_multiplier == 1) return spec->backoff_ns;
    for (uint32_t i = 1; i < attempts && wait_ns < (double)spec->backoff_max_ns; i++)
        wait_ns *= spec->backoff_multiplier;
    return wait_ns > (double)spec->backoff_max_ns ? spec->backoff_max_ns : (sim_ns)wait_ns;
}

/* ---- seeks ---- */

static void seek(struct kafka *kafka, struct consumer *consumer, uint32_t part, int64_t offset)
{
    struct position *position = &kafka->position[consumer->position[part]];
    position->polled_before = position->polled = offset;
    position->polled_at_ns = kafka->sim->now_ns;
    fetch_seek(&consumer->buffer, part, offset, consumer->fetch == FETCH_SENT);
}

/* In order of arrival records are taken one by one: only the failed one has been. */
static void forget_taken(struct kafka *kafka, struct consumer *consumer, int64_t next)
{
    struct position *position = &kafka->position[consumer->record_position];
    consumer->batch_left = 0;
    consumer->unread += position->polled - next;
    consumer->only_unread = NONE;
    position->polled = position->polled_before = next;
}

/* The rest of the poll, from `next` on in the failed record's partition. A departed member owns none of it any more. */
static void forget_rest(struct kafka *kafka, struct consumer *consumer, int64_t next)
{
    struct fetch_buffer *buffer = &consumer->buffer;
    if (consumer->departed) consumer->batch_left = 0;
    if (consumer->departed) return;
    if (consumer->spec->fetch_order == FETCH_ARRIVAL) {
        forget_taken(kafka, consumer, next);
        return;
    }
    fetch_settle(kafka, consumer);
    uint32_t failed = kafka->position[consumer->record_position].part;
    bool rest_of_failed = false;
    for (uint32_t i = consumer->segment; consumer->batch_left > 0 && i < buffer->n_segments; i++) {
        const struct fetch_block *segment = &buffer->segment[i];
        rest_of_failed |= segment->part == failed;
        if (segment->part != failed) seek(kafka, consumer, segment->part, segment->first);
    }
    if (rest_of_failed || next == consumer->record_offset) seek(kafka, consumer, failed, next);
    consumer->batch_left = 0;
}

/* When the poll that asks for the failed record again has it. In the client's own order the fetch buffer knows; in
 * order of arrival a consumer has always fetched what is there, but not what it has sought back to. */
static sim_ns fetched_again_ns(struct kafka *kafka, struct consumer *consumer, sim_ns at_ns)
{
    if (consumer->spec->fetch_order != FETCH_ARRIVAL) return at_ns;
    return when_it_answers(kafka, at_ns) + round_trip(kafka, consumer);
}

/* ---- the handler ---- */

static void give_up(struct kafka *kafka, struct consumer *consumer, sim_ns done_ns)
{
    struct failing *failing = &kafka->failing[consumer->record_position];
    if (is_the_same(consumer, failing, consumer->record_offset)) failing->consumer = NONE;
    kafka->group[consumer->group].fact.dead_letters += consumer->spec->dead_letter != NONE;
    forget_rest(kafka, consumer, consumer->record_offset + 1);
    kafka_record_given_up(kafka, consumer->index, done_ns);
}

/* Where it waits it takes time: two deliveries of one consumer that do so do not begin at once. */
void kafka_record_waited(struct kafka *kafka, uint32_t index, enum path_time wait, sim_ns waited_ns)
{
    struct consumer *consumer = &kafka->consumer[index];
    if (consumer->waited_from_ns != consumer->start_ns) {
        memset(consumer->waited_ns, 0, sizeof consumer->waited_ns);
        memset(consumer->same_order_ns, 0, sizeof consumer->same_order_ns);
        consumer->waited_from_ns = consumer->start_ns;
    }
    consumer->waited_ns[wait - PATH_LOCK] += waited_ns;
    kafka->group[consumer->group].fact.waited_ns[wait - PATH_LOCK] += waited_ns;
}

void kafka_record_waited_for_order(struct kafka *kafka, uint32_t index, enum path_time wait, uint32_t whom,
                                   sim_ns waited_ns)
{
    struct consumer *consumer = &kafka->consumer[index];
    struct group *group = &kafka->group[consumer->group];
    consumer->same_order_ns[wait - PATH_LOCK] += waited_ns;
    group->fact.same_order_ns[wait - PATH_LOCK] += waited_ns;
    group->same_order_of_ns[whom] += waited_ns;
}

void kafka_record_paused(struct kafka *kafka, uint32_t index, sim_ns at_ns, sim_ns until_ns)
{
    struct consumer *consumer = &kafka->consumer[index];
    kafka->group[consumer->group].fact.paused_ns += until_ns - at_ns;
    consumer->paused_until_ns = until_ns;
}

void forget_pause(struct kafka *kafka, struct consumer *consumer, sim_ns now_ns)
{
    if (consumer->paused_until_ns <= now_ns) return;
    kafka->group[consumer->group].fact.paused_ns -= consumer->paused_until_ns - now_ns;
    consumer->paused_until_ns = 0;
}

void forget_waits(struct kafka *kafka, struct consumer *consumer, sim_ns from_ns)
{
    if (consumer->waited_from_ns != from_ns) return;
    struct group_facts *fact = &kafka->group[consumer->group].fact;
    for (uint32_t i = 0; i < PATH_WAITS; i++) {
        fact->waited_ns[i] -= consumer->waited_ns[i];
        fact->same_order_ns[i] -= consumer->same_order_ns[i];
    }
    memset(consumer->waited_ns, 0, sizeof consumer->waited_ns);
    memset(consumer->same_order_ns, 0, sizeof consumer->same_order_ns);
}

/* The record is fetched again after sleep_ns, and what was done before it is committed. */
static void deliver_again(struct kafka *kafka, struct consumer *consumer, sim_ns failed_ns, sim_ns sleep_ns)
{
    struct group *group = &kafka->group[consumer->group];
    forget_waits(kafka, consumer, consumer->start_ns);
    group->fact.busy_ns += failed_ns - consumer->start_ns;
    group->fact.failed_ns += failed_ns - consumer->start_ns;
    group->fact.backoff_ns += sleep_ns;
    group->fact.retries++;
    consumer->in_record = false;
    if (kafka->delivery) redelivery_explained(kafka, consumer->record_position);
    else group->fact.duplicates++;
    forget_rest(kafka, consumer, consumer->record_offset);
    sim_ns at_ns = consumer->uncommitted > 0 ? commit_send(kafka, consumer, failed_ns) : failed_ns;
    poll_later(kafka, consumer, fetched_again_ns(kafka, consumer, at_ns + sleep_ns));
}

static bool is_retried(const struct group_spec *spec, uint32_t exception)
{
    return !(spec->not_retried >> exception & 1);
}

void kafka_record_failed(struct kafka *kafka, uint32_t index, uint32_t exception, sim_ns failed_ns)
{
    struct consumer *consumer = &kafka->consumer[index];
    consumer_settle(kafka, consumer);
    struct failing *failing = count(kafka, consumer, exception);
    if (failing->attempts < consumer->spec->deliveries && is_retried(consumer->spec, exception))
        deliver_again(kafka, consumer, failed_ns, backoff_ns(consumer->spec, failing->attempts));
    else if (kafka->calls.give_up(kafka->calls.context, index, consumer->record_position))
        give_up(kafka, consumer, failed_ns);
    else failing->passed_on_ns = failed_ns;
}

/* What could not be sent is not given up: a new count of attempts begins, at once. */
void kafka_record_passed_on(struct kafka *kafka, uint32_t index, bool arrived, sim_ns at_ns)
{
    struct consumer *consumer = &kafka->consumer[index];
    struct failing *failing = &kafka->failing[consumer->record_position];
    consumer_settle(kafka, consumer);
    const bool is_counted = is_the_same(consumer, failing, consumer->record_offset);
    if (arrived && is_counted) kafka->group[consumer->group].fact.dead_letter_ns += at_ns - failing->passed_on_ns;
    if (arrived) {
        give_up(kafka, consumer, at_ns);
        return;
    }
    if (is_counted) failing->attempts = 0;
    deliver_again(kafka, consumer, at_ns, 0);
}
