/* SPDX-License-Identifier: GPL-3.0-or-later
 * The producer side: which partition a record goes to, when it is sent, and when it is in the log. A broker handles the
 * requests of one connection in order; records without a key stay on one partition for a batch; with linger they wait
 * for company (producer.h). */
#include "models/kafka/murmur2.h"
#include "models/orders/outbox.h"
#include "models/orders/thread.h"
#include "models/purpose.h"

static bool broker_is_away(const struct machine *machine)
{
    return machine->conditions && machine->conditions->kafka_down_until_ns > machine->sim->now_ns;
}

static void on_append(void *context, uint32_t order, uint64_t sent)
{
    struct machine *machine = context;
    const uint32_t log = sent_log(sent);
    if (broker_is_away(machine)) {
        producer_holds(machine, order, sent);
        return;
    }
    const bool is_read = machine->kafka.log[log].n_readers > 0;
    kafka_append(&machine->kafka, log, order);
    if (!is_read) order_release(machine, order, machine->sim->now_ns);
}

/* Records without a key stay on one partition until the JVM's producer has sent batch.size bytes there (KIP-480,
 * KIP-794). */
static uint32_t sticky_partition(struct machine *machine, uint32_t instance, uint32_t topic)
{
    const struct topic_spec *spec = &machine->plan->scenario->topic[topic];
    struct sticky *sticky = &machine->sticky[instance * machine->plan->scenario->n_topics + topic];
    if (sticky->choices == 0 || sticky->bytes >= spec->batch_bytes) {
        uint64_t entity = (uint64_t)instance << 32 | topic;
        uint32_t word = random_block(machine->key, PURPOSE_STICKY, entity, sticky->choices++).word[0];
        sticky->partition = (uint32_t)((uint64_t)word * spec->partitions >> 32);
        sticky->bytes = 0;
    }
    sticky->bytes += spec->record_bytes;
    return sticky->partition;
}

/* Nearly every topic of a pipeline goes by the order id and has the same number of partitions: found once an order. */
static uint32_t partition_by_id(struct order *order, const struct plan_topic *topic)
{
    if (order->parted_over != topic->parted_over) {
        order->parted_over = topic->parted_over;
        order->part = (uint16_t)(topic->key == KEY_ID_MODULO ? order->id % topic->partitions :
                                                               murmur2_partition_of_id(order->id, topic->partitions));
    }
    return order->part;
}

static uint32_t partition_of(struct machine *machine, struct order *order, uint32_t instance, uint32_t topic)
{
    const struct plan_topic *plan = &machine->plan->topic[topic];
    if (plan->parted_over > 0) return partition_by_id(order, plan);
    switch (plan->key) {
    case KEY_USER: return murmur2_partition_of_id(order->user, plan->partitions);
    case KEY_ITEM: return murmur2_partition_of_id(order->item, plan->partitions);
    case KEY_ORDER_ID: case KEY_ID_MODULO: case KEY_NULL: break;
    }
    return sticky_partition(machine, instance, topic);
}

static sim_ns usual_append_latency(const struct machine *machine, struct thread *thread, uint32_t topic)
{
    const struct dist *append = &machine->plan->topic[topic].append;
    const uint32_t n = thread->publishes++;
    if (append->draw == DRAW_CONSTANT) return append->constant_ns;
    if (n == 0) return dist_draw(append, thread->words.word[WORD_APPEND]);
    if (n == 1) return dist_draw(append, thread->words.word[WORD_APPEND_2]);
    return dist_draw(append, random_block(machine->key, PURPOSE_APPEND, entity_of(thread), n).word[0]);
}

sim_ns append_latency(const struct machine *machine, struct thread *thread, uint32_t topic)
{
    const sim_ns usual_ns = usual_append_latency(machine, thread, topic);
    if (!machine->conditions) return usual_ns;
    return (sim_ns)((double)usual_ns * machine->conditions->kafka_factor + 0.5);
}

/* A producer without idempotence that has not heard of its success sends once more. */
static void append_twice(struct machine *machine, struct thread *thread, uint32_t topic, uint64_t sent, sim_ns at_ns)
{
    uint32_t word = random_block(machine->key, PURPOSE_DUPLICATE, entity_of(thread),
                                 topic << 8 | thread->publishes).word[0];
    if (word >= machine->conditions->duplicate_below[topic]) return;
    order_of(thread)->refs++;
    machine->counts.records_duplicated++;
    sim_at(machine->sim, at_ns + 1, SIM_SERVER, on_append, machine, thread->order, sent);
}

void append_at(struct machine *machine, uint32_t order, uint64_t sent, sim_ns at_ns)
{
    if (at_ns == machine->sim->now_ns) on_append(machine, order, sent);
    else sim_at(machine->sim, at_ns, SIM_SERVER, on_append, machine, order, sent);
}

struct send *send_new(struct machine *machine)
{
    struct send *send = machine->free_send;
    if (!send) return arena_new(machine->sim->arena, struct send);
    machine->free_send = send->next;
    return send;
}

void send_free(struct machine *machine, struct send *send)
{
    send->next = machine->free_send;
    machine->free_send = send;
}

static void on_send(void *context, uint32_t order, uint64_t topic)
{
    struct send *send = context;
    struct machine *machine = send->machine;
    uint32_t log = machine->plan->topic[topic].first_log +
        partition_of(machine, order_at(&machine->orders, order), send->instance, (uint32_t)topic);
    if (machine->plan->topic[topic].lingers) {
        producer_takes(machine, send, log);
        return;
    }
    const sim_ns at_ns = send->at_ns;
    const uint64_t sent = machine->conditions ? producer_sends(machine, send, log, at_ns) : log;
    send_free(machine, send);
    append_at(machine, order, sent, at_ns);
}

/* Sticky partitions and open batches are shared: the record takes its turn when it is sent, not when its thread, which
 * may be ahead of the others, decides to send it. */
static void send_later(struct machine *machine, sim_ns send_ns, struct send what)
{
    struct send *send = send_new(machine);
    *send = what;
    if (send_ns == machine->sim->now_ns) on_send(send, what.order, what.topic);
    else sim_at(machine->sim, send_ns, SIM_CONSUMER, on_send, send, what.order, what.topic);
}

/* A broker handles the requests of one connection one after the other: what a thread sends later is not in a log
 * earlier, even where latencies invert. */
static sim_ns in_log_ns(struct thread *thread, sim_ns at_ns)
{
    if (at_ns < thread->sent_ns) at_ns = thread->sent_ns + 1;
    thread->sent_ns = at_ns;
    return at_ns;
}

static __attribute__((noinline)) void publish_at_length(struct machine *machine, struct thread *thread, uint32_t topic,
                                                        sim_ns send_ns)
{
    const struct plan_topic *plan = &machine->plan->topic[topic];
    struct order *order = order_of(thread);
    sim_ns latency_ns = append_latency(machine, thread, topic);
    if (order->flags & ORDER_FOLLOWED) path_send(machine, thread, topic, send_ns);
    order->refs++;
    sim_ns at_ns = send_ns + latency_ns;
    if (!plan->lingers) at_ns = in_log_ns(thread, at_ns);
    if (plan->takes_turns) {
        send_later(machine, send_ns,
                   (struct send){ .machine = machine, .order = thread->order, .topic = topic,
                                  .instance = thread->instance, .relayed = outbox_relays(machine, thread),
                                  .life = process_life(&machine->processes, thread->instance), .waits = NONE,
                                  .latency_ns = latency_ns, .at_ns = at_ns });
        return;
    }
    const uint32_t log = plan->first_log + partition_of(machine, order, thread->instance, topic);
    if (!machine->conditions) {
        append_at(machine, thread->order, log, at_ns);
        return;
    }
    const struct send sender = { .instance = thread->instance, .relayed = outbox_relays(machine, thread),
                                 .life = process_life(&machine->processes, thread->instance) };
    const uint64_t sent = producer_sends(machine, &sender, log, at_ns);
    append_at(machine, thread->order, sent, at_ns);
    append_twice(machine, thread, topic, sent, at_ns);
}

/* A record that is in its log at once, the same as above with all questions answered by plan.direct: nothing is called
 * but to end with it, so there are no registers to save. */
void publish(struct machine *machine, struct thread *thread, uint32_t topic, sim_ns send_ns)
{
    const struct plan_topic *plan = &machine->plan->topic[topic];
    struct order *order = order_of(thread);
    const sim_ns at_ns = send_ns + plan->append.constant_ns;
    if (!plan->direct || order->parted_over != plan->parted_over || order->flags & ORDER_FOLLOWED ||
        at_ns < thread->sent_ns || at_ns != machine->sim->now_ns || machine->conditions) {
        publish_at_length(machine, thread, topic, send_ns);
        return;
    }
    order->refs++;
    thread->publishes++;
    thread->sent_ns = at_ns;
    on_append(machine, thread->order, plan->first_log + order->part);
}
