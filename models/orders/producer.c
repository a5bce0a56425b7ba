/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "models/orders/producer.h"

#include "models/orders/outbox.h"
#include "models/orders/thread.h"

static const struct topic_spec *spec_of(const struct machine *machine, uint32_t topic)
{
    return &machine->plan->scenario->topic[topic];
}

static struct batch *batch_of(const struct machine *machine, uint32_t instance, uint32_t log)
{
    return &machine->producers.batch[instance * machine->plan->n_logs + log];
}

static struct producer *producer_of(const struct machine *machine, uint32_t instance, uint32_t topic)
{
    return &machine->producers.producer[instance * machine->plan->scenario->n_topics + machine->producers.like[topic]];
}

/* ---- who has sent it ---- */

enum { SENT_LIVES = (1 << (SENT_RELAYED_BIT - SENT_INSTANCE_BITS - SENT_LOG_BITS)) - 1 };

_Static_assert(MAX_TOPICS * MAX_PARTITIONS < 1 << SENT_LOG_BITS, "a log fits");

uint64_t producer_sends(struct machine *machine, const struct send *sender, uint32_t log, sim_ns at_ns)
{
    struct untaken *untaken = &machine->producers.untaken[sender->instance];
    if (at_ns > untaken->arrives_ns) untaken->arrives_ns = at_ns;
    return (uint64_t)sender->relayed << SENT_RELAYED_BIT |
           ((uint64_t)sender->life << SENT_INSTANCE_BITS | sender->instance) << SENT_LOG_BITS | log;
}

static struct send sender_of(uint64_t sent)
{
    return (struct send){ .instance = (uint32_t)(sent >> SENT_LOG_BITS) & ((1u << SENT_INSTANCE_BITS) - 1),
                          .life = (uint32_t)(sent >> (SENT_LOG_BITS + SENT_INSTANCE_BITS)) & SENT_LIVES,
                          .relayed = sent >> SENT_RELAYED_BIT };
}

bool sender_lives(const struct machine *machine, const struct send *send)
{
    return !process_is_down(&machine->processes, send->instance) &&
           process_life(&machine->processes, send->instance) == send->life;
}

/* What the JVM has told its caller is sent, and never was. A dead letter is not lost: its record is not committed. Nor
 * is what a relay has sent: it was not answered. */
static void record_lost(struct machine *machine, struct send *send, enum mishap_kind how)
{
    if (send->relayed) {
        outbox_takes_back(machine, send->instance, send->order, send->topic);
    } else if (send->waits == NONE) {
        machine->counts.records_lost++;
        mishap_note(machine, how, order_at(&machine->orders, send->order)->id, NONE, SIM_NEVER);
    }
    order_release(machine, send->order, machine->sim->now_ns);
    send_free(machine, send);
}

/* ---- records that the broker has not taken ---- */

static void hold(struct untaken *untaken, struct send *send)
{
    send->before = untaken->last;
    send->next = NULL;
    *(untaken->last ? &untaken->last->next : &untaken->first) = send;
    untaken->last = send;
}

static void let_go(struct untaken *untaken, struct send *send)
{
    *(send->before ? &send->before->next : &untaken->first) = send->next;
    *(send->next ? &send->next->before : &untaken->last) = send->before;
}

static void on_retry(void *context, uint32_t order, uint64_t sent);

/* Until the broker is to be back, if that is in time; it may be away again then. What is in vain is given up at once.
 */
static bool waits_for_broker(struct send *send, uint64_t sent)
{
    struct machine *machine = send->machine;
    const sim_ns back_ns = machine->conditions->kafka_down_until_ns;
    if (back_ns - send->at_ns > DELIVERY_TIMEOUT_NS) return false;
    send->retry = sim_at(machine->sim, back_ns, SIM_SERVER, on_retry, send, send->order, sent);
    return true;
}

static void on_retry(void *context, uint32_t order, uint64_t sent)
{
    struct send *send = context;
    struct machine *machine = send->machine;
    const bool is_back = machine->conditions->kafka_down_until_ns <= machine->sim->now_ns;
    if (!is_back && waits_for_broker(send, sent)) return;
    let_go(&machine->producers.untaken[send->instance], send);
    if (!is_back) {
        record_lost(machine, send, MISHAP_NOT_SENT);
        return;
    }
    send_free(machine, send);
    append_at(machine, order, sent, machine->sim->now_ns);
}

/* Most code only logs what its producer has given up. */
void producer_holds(struct machine *machine, uint32_t order, uint64_t sent)
{
    struct send *send = send_new(machine);
    *send = sender_of(sent);
    send->machine = machine;
    send->order = order;
    send->topic = machine->kafka.log[sent_log(sent)].topic;
    send->waits = NONE;
    send->at_ns = machine->sim->now_ns;
    if (!sender_lives(machine, send)) record_lost(machine, send, MISHAP_UNSENT);
    else if (waits_for_broker(send, sent)) hold(&machine->producers.untaken[send->instance], send);
    else record_lost(machine, send, MISHAP_NOT_SENT);
}

bool producer_waits(const struct machine *machine, uint32_t instance)
{
    const struct untaken *untaken = &machine->producers.untaken[instance];
    const sim_ns now_ns = machine->sim->now_ns;
    return untaken->first || (machine->conditions->kafka_down_until_ns > now_ns && untaken->arrives_ns >= now_ns);
}

static void untaken_die(struct machine *machine, struct untaken *untaken)
{
    for (struct send *send; (send = untaken->first);) {
        sim_cancel(machine->sim, send->retry);
        let_go(untaken, send);
        record_lost(machine, send, MISHAP_UNSENT);
    }
}

/* ---- batches that leave ---- */

static void append_freed(struct machine *machine, struct send *send, uint32_t log, sim_ns at_ns)
{
    const uint32_t order = send->order;
    const uint64_t sent = machine->conditions ? producer_sends(machine, send, log, at_ns) : log;
    send_free(machine, send);
    append_at(machine, order, sent, at_ns);
}

/* The records are let go before they are appended: an append may make somebody send into the next batch. */
static void batch_leaves(struct machine *machine, struct batch *batch, uint32_t log)
{
    struct send *send = batch->first;
    if (!send) return;
    sim_ns at_ns = machine->sim->now_ns + send->latency_ns;
    if (at_ns < batch->at_ns) at_ns = batch->at_ns;
    batch->at_ns = at_ns;
    batch->first = batch->last = NULL;
    batch->bytes = 0;
    while (send) {
        struct send *next = send->next;
        if (send->waits == NONE) append_freed(machine, send, log, at_ns);
        else dead_letter_leaves(machine, send, log, at_ns);
        send = next;
    }
}

static void all_leave(struct machine *machine, uint32_t instance, uint32_t topic)
{
    struct producer *producer = producer_of(machine, instance, topic);
    uint32_t like = machine->producers.like[topic];
    sim_cancel(machine->sim, producer->timer);
    producer->timer = 0;
    for (uint32_t t = like; t < machine->plan->scenario->n_topics; t++) {
        if (machine->producers.like[t] != like) continue;
        uint32_t first = machine->plan->topic[t].first_log, n = spec_of(machine, t)->partitions;
        for (uint32_t log = first; log < first + n; log++) batch_leaves(machine, batch_of(machine, instance, log), log);
    }
}

static void on_linger(void *context, uint32_t instance, uint64_t topic)
{
    all_leave(context, instance, (uint32_t)topic);
}

/* ---- records that come ---- */

void producer_takes(struct machine *machine, struct send *send, uint32_t log)
{
    const struct topic_spec *spec = spec_of(machine, send->topic);
    struct batch *batch = batch_of(machine, send->instance, log);
    struct producer *producer = producer_of(machine, send->instance, send->topic);
    uint32_t instance = send->instance, topic = send->topic;
    if (process_is_down(&machine->processes, instance)) {
        record_lost(machine, send, MISHAP_UNSENT);
        return;
    }
    if (batch->first && (uint64_t)batch->bytes + spec->record_bytes > spec->batch_bytes)
        all_leave(machine, instance, topic);
    send->next = NULL;
    if (batch->last) batch->last->next = send;
    else batch->first = send;
    batch->last = send;
    batch->bytes += spec->record_bytes;
    if (batch->bytes >= spec->batch_bytes) all_leave(machine, instance, topic);
    else if (producer->timer == 0)
        producer->timer = sim_at(machine->sim, machine->sim->now_ns + spec->linger_ns, SIM_TIMER, on_linger, machine,
                                 instance, topic);
}

/* ---- set-up and end ---- */

void producers_init(struct machine *machine)
{
    const struct scenario *scenario = machine->plan->scenario;
    struct arena *arena = machine->sim->arena;
    bool lingers = false;
    machine->producers.like = arena_array(arena, uint32_t, scenario->n_topics);
    for (uint32_t t = 0; t < scenario->n_topics; t++) {
        uint32_t like = 0;
        while (scenario->topic[like].linger_ns != scenario->topic[t].linger_ns) like++;
        machine->producers.like[t] = like;
        lingers |= scenario->topic[t].linger_ns > 0;
    }
    if (!lingers) return;
    uint32_t n_instances = machine->plan->n_instances;
    machine->producers.producer = arena_array(arena, struct producer, n_instances * scenario->n_topics);
    machine->producers.batch = arena_array(arena, struct batch, n_instances * machine->plan->n_logs);
}

void producers_expect_faults(struct machine *machine)
{
    const uint32_t n_instances = machine->plan->n_instances;
    SIM_ASSERT_IN(machine->sim, n_instances < 1u << SENT_INSTANCE_BITS);
    machine->producers.untaken = arena_array(machine->sim->arena, struct untaken, n_instances);
    process_acts(&machine->processes, on_linger, NULL, NULL);
}

void producer_closes(struct machine *machine, uint32_t instance)
{
    if (!machine->producers.batch) return;
    for (uint32_t t = 0; t < machine->plan->scenario->n_topics; t++)
        if (machine->producers.like[t] == t) all_leave(machine, instance, t);
}

/* The batch whose first record waits for the longest; NULL: none is open. */
static struct batch *eldest_of(const struct machine *machine, uint32_t instance)
{
    struct batch *eldest = NULL;
    sim_ns since_ns = SIM_NEVER;
    for (uint32_t log = 0; log < machine->plan->n_logs; log++) {
        struct batch *batch = batch_of(machine, instance, log);
        if (!batch->first || batch->first->at_ns - batch->first->latency_ns >= since_ns) continue;
        since_ns = batch->first->at_ns - batch->first->latency_ns;
        eldest = batch;
    }
    return eldest;
}

/* In the order in which they came: only the first ones are noted, and those are what is asked for. */
void producer_dies(struct machine *machine, uint32_t instance)
{
    untaken_die(machine, &machine->producers.untaken[instance]);
    if (!machine->producers.batch) return;
    for (uint32_t t = 0; t < machine->plan->scenario->n_topics; t++) {
        struct producer *producer = producer_of(machine, instance, t);
        sim_cancel(machine->sim, producer->timer);
        producer->timer = 0;
    }
    for (struct batch *batch; (batch = eldest_of(machine, instance));) {
        struct send *lost = batch->first;
        batch->first = lost->next;
        record_lost(machine, lost, MISHAP_UNSENT);
    }
    for (uint32_t log = 0; log < machine->plan->n_logs; log++) *batch_of(machine, instance, log) = (struct batch){ 0 };
}
