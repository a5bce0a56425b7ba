/* SPDX-License-Identifier: GPL-3.0-or-later
 * An order stays as long as a row of it is there (order.refs). The relay has a thread of its own, outside of the
 * machine's, to send from; it is at work in an instance, and the batch in hand is lost with it. */
#include "models/orders/outbox.h"

#include <string.h>

#include "models/purpose.h"

struct outbox_row {
    uint32_t order, topic;
    sim_ns written_ns;
    bool sent, unanswered; /* unanswered: sent, and no record of it is known to have died since */
};

struct outbox {
    struct machine *machine;
    uint32_t process;
    uint32_t first, n, capacity; /* ring of rows */
    struct outbox_row *row;
    bool looks;              /* its next look is scheduled, or a batch is in hand */
    uint32_t batch, in_hand; /* rows of the batch; the one that is sent next */
    uint64_t look;           /* counts them: a batch of an earlier one is lost */
    uint32_t life;           /* of the instance, as the batch was begun */
    uint32_t sends;          /* index of its draws */
    struct thread relay;
};

static const struct process_spec *spec_of(const struct outbox *outbox)
{
    return &outbox->machine->plan->scenario->process[outbox->process];
}

static struct outbox_row *row_at(struct outbox *outbox, uint32_t i)
{
    return &outbox->row[(outbox->first + i) % outbox->capacity];
}

static void grow(struct outbox *outbox)
{
    enum { FIRST_ROWS = 64 };
    uint32_t capacity = outbox->capacity ? outbox->capacity * 2 : FIRST_ROWS;
    struct outbox_row *row = arena_array(outbox->machine->sim->arena, struct outbox_row, capacity);
    for (uint32_t i = 0; i < outbox->n; i++) row[i] = *row_at(outbox, i);
    outbox->row = row;
    outbox->first = 0;
    outbox->capacity = capacity;
}

/* ---- the relay ---- */

static void on_look(void *context, uint32_t subject, uint64_t argument);
static void on_row_sent(void *context, uint32_t instance, uint64_t look);

static void look_at(struct outbox *outbox, sim_ns at_ns)
{
    outbox->looks = true;
    sim_at(outbox->machine->sim, at_ns, SIM_TIMER, on_look, outbox, 0, 0);
}

/* Looks are multiples of outbox_poll: a row waits for half of it on average. */
static sim_ns next_look_ns(const struct outbox *outbox)
{
    const sim_ns poll_ns = spec_of(outbox)->outbox_poll_ns;
    return (outbox->machine->sim->now_ns / poll_ns + 1) * poll_ns;
}

/* The first instance that is up and does not stand still; NONE. */
static uint32_t instance_of(const struct outbox *outbox)
{
    const struct machine *machine = outbox->machine;
    const uint32_t first = machine->plan->first_instance[outbox->process];
    for (uint32_t i = 0; i < spec_of(outbox)->instances; i++)
        if (!process_is_down(&machine->processes, first + i) && !process_is_paused(&machine->processes, first + i))
            return first + i;
    return NONE;
}

static void send_next(struct outbox *outbox, uint32_t instance)
{
    struct machine *machine = outbox->machine;
    const uint32_t word = random_block(machine->key, PURPOSE_OUTBOX, outbox->process, outbox->sends++).word[0];
    sim_at(machine->sim, machine->sim->now_ns + dist_draw(&machine->plan->outbox_send[outbox->process], word),
           SIM_TIMER, on_row_sent, outbox, instance, outbox->look);
}

static void on_look(void *context, uint32_t subject, uint64_t argument)
{
    struct outbox *outbox = context;
    const uint32_t instance = instance_of(outbox);
    (void)subject;
    (void)argument;
    outbox->looks = false;
    outbox->look++;
    if (outbox->n == 0) return;
    if (instance == NONE) {
        look_at(outbox, next_look_ns(outbox));
        return;
    }
    outbox->looks = true;
    outbox->batch = outbox->n < spec_of(outbox)->outbox_batch ? outbox->n : spec_of(outbox)->outbox_batch;
    outbox->in_hand = 0;
    outbox->life = process_life(&outbox->machine->processes, instance);
    send_next(outbox, instance);
}

/* Marked as sent, all at once. */
static void batch_done(struct outbox *outbox)
{
    struct machine *machine = outbox->machine;
    const bool full = outbox->batch == spec_of(outbox)->outbox_batch;
    for (uint32_t i = 0; i < outbox->batch; i++) order_release(machine, row_at(outbox, i)->order, machine->sim->now_ns);
    outbox->first = (outbox->first + outbox->batch) % outbox->capacity;
    outbox->n -= outbox->batch;
    if (outbox->n == 0) machine->process[outbox->process].outbox_gone_at_ns = machine->sim->now_ns;
    outbox->looks = false;
    if (outbox->n > 0) look_at(outbox, full ? machine->sim->now_ns : next_look_ns(outbox));
}

static void relay_sends(struct outbox *outbox, struct outbox_row *row, uint32_t instance)
{
    struct machine *machine = outbox->machine;
    struct thread *relay = &outbox->relay;
    if (row->sent) mishap_note(machine, MISHAP_SENT_TWICE, order_at(&machine->orders, row->order)->id, NONE, SIM_NEVER);
    relay->instance = instance;
    thread_takes(machine, relay, row->order);
    if (!row->sent && order_of(relay)->flags & ORDER_FOLLOWED) path_relay(machine, relay, row->topic, row->written_ns);
    relay->publishes = 2; /* each append draws for itself */
    publish(machine, relay, row->topic, machine->sim->now_ns);
    row->sent = row->unanswered = true;
}

/* Now, or when its process goes on, or the broker is back: a relay waits for the answer, and marks what is sent. */
static sim_ns may_send_ns(const struct machine *machine, uint32_t instance)
{
    if (process_is_paused(&machine->processes, instance)) return machine->processes.instance[instance].paused_until_ns;
    return machine->conditions ? machine->conditions->kafka_down_until_ns : machine->sim->now_ns;
}

/* Its process may have gone, or stood still, while the row was on its way: then another look begins the batch anew. */
static void on_row_sent(void *context, uint32_t instance, uint64_t look)
{
    struct outbox *outbox = context;
    struct machine *machine = outbox->machine;
    if (look != outbox->look) return;
    if (process_is_down(&machine->processes, instance) ||
        process_life(&machine->processes, instance) != outbox->life) {
        look_at(outbox, next_look_ns(outbox));
        return;
    }
    const sim_ns goes_on_ns = may_send_ns(machine, instance);
    if (goes_on_ns > machine->sim->now_ns) {
        sim_at(machine->sim, goes_on_ns, SIM_TIMER, on_row_sent, outbox, instance, look);
        return;
    }
    relay_sends(outbox, row_at(outbox, outbox->in_hand), instance);
    if (++outbox->in_hand == outbox->batch) batch_done(outbox);
    else send_next(outbox, instance);
}

/* ---- rows ---- */

static void count_rows(struct outbox *outbox)
{
    struct process_facts *fact = &outbox->machine->process[outbox->process];
    fact->outbox_gone_at_ns = SIM_NEVER;
    if (outbox->n <= fact->outbox_peak) return;
    fact->outbox_peak = outbox->n;
    fact->outbox_peak_at_ns = outbox->machine->sim->now_ns;
}

static void push(struct outbox *outbox, uint32_t order, uint32_t topic, sim_ns written_ns)
{
    if (outbox->n == outbox->capacity) grow(outbox);
    *row_at(outbox, outbox->n++) = (struct outbox_row){ order, topic, written_ns, false, false };
    count_rows(outbox);
    if (!outbox->looks) look_at(outbox, next_look_ns(outbox));
}

bool outbox_relays(const struct machine *machine, const struct thread *thread)
{
    return thread->stage == machine->plan->scenario->n_stages;
}

/* A batch is marked when its last row has left, which may be before that is in the log. An order may have several rows
 * for a topic: one that stands for the record has been sent, and stands for no other that has died. */
void outbox_takes_back(struct machine *machine, uint32_t instance, uint32_t order, uint32_t topic)
{
    struct outbox *outbox = &machine->outbox[machine->plan->process_of[instance]];
    for (uint32_t i = 0; i < outbox->n; i++) {
        struct outbox_row *row = row_at(outbox, i);
        if (row->order != order || row->topic != topic || !row->unanswered) continue;
        row->unanswered = false;
        return;
    }
    order_at(&machine->orders, order)->refs++;
    push(outbox, order, topic, machine->sim->now_ns);
}

static struct outbox *outbox_of(struct machine *machine, const struct thread *thread)
{
    return &machine->outbox[machine->plan->process_of[thread->instance]];
}

/* From here on the order waits for the relay, and then, with what path_relay notes, in the log. */
static void row_written(struct machine *machine, struct thread *thread, uint32_t topic, sim_ns at_ns)
{
    if (order_of(thread)->flags & ORDER_FOLLOWED) path_send(machine, thread, topic, at_ns);
    machine->process[machine->plan->process_of[thread->instance]].outbox_rows++;
    push(outbox_of(machine, thread), thread->order, topic, at_ns);
}

void outbox_put(struct machine *machine, struct thread *thread, uint32_t topic)
{
    const sim_ns now_ns = machine->sim->now_ns;
    order_of(thread)->refs++;
    if (!thread->transaction.open) {
        row_written(machine, thread, topic, thread->clock_ns > now_ns ? thread->clock_ns : now_ns);
        return;
    }
    SIM_ASSERT_IN(machine->sim, thread->n_outbox < OUTBOX_ROWS);
    thread->outbox[thread->n_outbox++] = (uint8_t)topic;
    thread->rides = true;
}

void outbox_commit(struct machine *machine, struct thread *thread)
{
    for (uint32_t i = 0; i < thread->n_outbox; i++)
        row_written(machine, thread, thread->outbox[i], machine->sim->now_ns);
    thread->n_outbox = 0;
}

void outbox_drop(struct thread *thread)
{
    order_of(thread)->refs -= thread->n_outbox;
    thread->n_outbox = 0;
}

void outboxes_init(struct machine *machine)
{
    const struct scenario *scenario = machine->plan->scenario;
    bool some = false;
    for (uint32_t i = 0; i < scenario->n_processes; i++) some |= scenario->process[i].has_outbox;
    if (!some) return;
    machine->outbox = arena_array(machine->sim->arena, struct outbox, scenario->n_processes);
    for (uint32_t i = 0; i < scenario->n_processes; i++) {
        struct outbox *outbox = &machine->outbox[i];
        outbox->machine = machine;
        outbox->process = i;
        outbox->relay.consumer = NONE;
        outbox->relay.topic = NONE;
        outbox->relay.stage = scenario->n_stages; /* a stage of its own, for draws */
    }
}
