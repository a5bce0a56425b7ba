/* SPDX-License-Identifier: GPL-3.0-or-later
 * What becomes of a record that is given up: logged and skipped, or a dead letter. DeadLetterPublishingRecoverer sends
 * to the same partition number, where there is one, and its thread waits for the answer: for company (linger), for a
 * broker that is slow or away, for delivery.timeout.ms at the longest. Then the publish has failed, and the record is
 * delivered again. */
#include "models/orders/thread.h"

static void given_up(struct machine *machine, const struct thread *thread)
{
    const struct plan_op *threw = &machine->plan->op[thread->pc];
    struct mishap *note = mishap_note(machine, MISHAP_GIVEN_UP, order_of(thread)->id, thread->stage, SIM_NEVER);
    if (note) note->step_kind = threw->kind, note->target = threw->target;
}

/* ---- dead letters ---- */

static void on_answered(void *context, uint32_t consumer, uint64_t arrived)
{
    struct machine *machine = context;
    if (arrived) given_up(machine, &machine->thread[consumer]);
    kafka_record_passed_on(&machine->kafka, consumer, arrived, machine->sim->now_ns);
}

/* In the thread's own time: its process may stand still. */
static void answer(struct machine *machine, struct send *send, bool arrived)
{
    if (sender_lives(machine, send))
        sim_at(machine->sim, machine->sim->now_ns, SIM_CONSUMER, on_answered, machine, send->waits, arrived);
    send_free(machine, send);
}

static void arrive(struct machine *machine, struct send *send, uint32_t log)
{
    const uint32_t order = send->order;
    if (sender_lives(machine, send))
        path_send(machine, &machine->thread[send->waits], send->topic, send->at_ns - send->latency_ns);
    answer(machine, send, true);
    append_at(machine, order, log, machine->sim->now_ns);
}

static void on_dead_letter(void *context, uint32_t consumer, uint64_t log)
{
    struct send *send = context;
    struct machine *machine = send->machine;
    const sim_ns now_ns = machine->sim->now_ns;
    const sim_ns back_ns = machine->conditions ? machine->conditions->kafka_down_until_ns : now_ns;
    const sim_ns expires_ns = send->at_ns - send->latency_ns + DELIVERY_TIMEOUT_NS;
    if (back_ns <= now_ns && (!send->held || sender_lives(machine, send))) {
        arrive(machine, send, (uint32_t)log);
    } else if (expires_ns > now_ns && sender_lives(machine, send)) { /* its producer tries again */
        const sim_ns next_ns = back_ns < expires_ns ? back_ns : expires_ns;
        send->held = true;
        sim_at(machine->sim, next_ns, SIM_SERVER, on_dead_letter, send, consumer, log);
    } else {
        order_release(machine, send->order, now_ns);
        answer(machine, send, false);
    }
}

void dead_letter_leaves(struct machine *machine, struct send *send, uint32_t log, sim_ns at_ns)
{
    sim_at(machine->sim, at_ns, SIM_SERVER, on_dead_letter, send, send->waits, log);
}

static void pass_on(struct machine *machine, struct thread *thread, uint32_t topic, uint32_t partition)
{
    const struct plan_topic *plan = &machine->plan->topic[topic];
    const uint32_t log = plan->first_log + partition % plan->partitions;
    const sim_ns latency_ns = append_latency(machine, thread, topic), at_ns = machine->sim->now_ns + latency_ns;
    struct send *send = send_new(machine);
    *send = (struct send){ .machine = machine, .order = thread->order, .topic = topic, .instance = thread->instance,
                           .life = process_life(&machine->processes, thread->instance), .waits = thread->consumer,
                           .latency_ns = latency_ns, .at_ns = at_ns };
    order_of(thread)->refs++;
    if (plan->lingers) producer_takes(machine, send, log);
    else dead_letter_leaves(machine, send, log, at_ns);
}

/* ---- the end of a record that always fails ---- */

bool record_give_up(void *context, uint32_t consumer, uint32_t position)
{
    struct machine *machine = context;
    const struct plan_position *plan = &machine->plan->position[position];
    struct thread *thread = &machine->thread[consumer];
    const uint32_t dead_letter = machine->plan->scenario->group[plan->group].dead_letter;
    if (dead_letter == NONE) given_up(machine, thread);
    else pass_on(machine, thread, dead_letter, plan->partition);
    return dead_letter == NONE;
}

void give_up_actors(struct machine *machine)
{
    process_acts(&machine->processes, on_answered, machine->instance_of, NULL);
}
