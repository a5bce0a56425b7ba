/* SPDX-License-Identifier: GPL-3.0-or-later
 * compare-and-set decides on the row as it is at the commit. row-lock reads it under the lock: the same, later. Without
 * a guard the decision is made from what was read: `none` adds the own answer to whatever is there by now, `whole-row`
 * puts back everything as it was read. Both overwrite the status. */
#include "models/orders/join.h"

#include "models/orders/flow.h"
#include "models/orders/latch.h"
#include "models/orders/outbox.h"

static enum flow_guard guard_of(const struct machine *machine) { return machine->plan->scenario->flow.guard; }

enum outcome join_enter(struct machine *machine, struct thread *thread)
{
    if (thread->clock_ns > machine->sim->now_ns) return later(thread, thread->clock_ns, PHASE_START);
    is_seen(thread);
    if (guard_of(machine) == GUARD_ROW_LOCK) {
        enum outcome locked = order_row_awaited(machine, thread, latch_join(machine, thread));
        if (locked != OUTCOME_DONE) return locked;
    }
    const struct order *order = order_of(thread);
    thread->seen_ok = order->legs_ok;
    thread->seen_failed = order->legs_failed;
    thread->seen_status = order->status;
    thread->seen_ns = machine->sim->now_ns;
    return OUTCOME_DONE;
}

/* ---- what goes out ---- */

/* With faults the process may be paused or dead by the time the answer to its transaction comes: it sends then. */
static void on_joined(void *context, uint32_t index, uint64_t argument)
{
    struct machine *machine = context;
    struct thread *thread = &machine->thread[index];
    (void)argument;
    thread->clock_ns = machine->sim->now_ns;
    for (uint32_t i = 0; i < thread->n_sends; i++) publish(machine, thread, thread->send[i], thread->clock_ns);
    thread_run(machine, thread);
}

static enum outcome send_later(struct machine *machine, struct thread *thread, const struct flow_decision *decision,
                               sim_ns ends_ns)
{
    thread->n_sends = decision->n_topics;
    for (uint32_t i = 0; i < decision->n_topics; i++) thread->send[i] = decision->topic[i];
    thread->phase = PHASE_START;
    thread->clock_ns = ends_ns;
    step_leave(machine, thread, &machine->plan->op[thread->pc++]);
    sim_at(machine->sim, ends_ns, SIM_CONSUMER, on_joined, machine, index_of(machine, thread), 0);
    return OUTCOME_PARKED;
}

static enum outcome send(struct machine *machine, struct thread *thread, const struct flow_decision *decision,
                         sim_ns ends_ns)
{
    if (machine->plan->scenario->flow.outbox) {
        for (uint32_t i = 0; i < decision->n_topics; i++) outbox_put(machine, thread, decision->topic[i]);
        return OUTCOME_DONE;
    }
    if (machine->processes.instance) return send_later(machine, thread, decision, ends_ns);
    for (uint32_t i = 0; i < decision->n_topics; i++) publish(machine, thread, decision->topic[i], ends_ns);
    return OUTCOME_DONE;
}

void join_actors(struct machine *machine) { process_acts(&machine->processes, on_joined, machine->instance_of, NULL); }

/* ---- the row ---- */

static bool has_changed(const struct thread *thread, const struct order *order)
{
    return order->legs_ok != thread->seen_ok || order->legs_failed != thread->seen_failed ||
           order->status != thread->seen_status;
}

/* From the row as it was read. */
static void decide_blindly(struct machine *machine, struct thread *thread, struct flow_decision *decision)
{
    struct order *order = order_of(thread), read = *order;
    read.legs_ok = thread->seen_ok;
    read.legs_failed = thread->seen_failed;
    read.status = thread->seen_status;
    flow_join(&machine->plan->scenario->flow, &read, thread->topic, decision);
    if (has_changed(thread, order)) mishap_note(machine, MISHAP_JOIN_RACE, order->id, thread->stage, thread->seen_ns);
    const bool whole = guard_of(machine) == GUARD_WHOLE_ROW;
    order->legs_ok = whole ? read.legs_ok : (uint8_t)(order->legs_ok | (read.legs_ok & ~thread->seen_ok));
    order->legs_failed =
        whole ? read.legs_failed : (uint8_t)(order->legs_failed | (read.legs_failed & ~thread->seen_failed));
    order->flags |= read.flags & ORDER_PAYMENT_OK;
    if (!decision->changes && !whole) return;
    order_overwrite_status(machine, thread->order, (enum order_status)decision->status, thread->stage);
}

static bool is_over(const struct order *order)
{
    return order->status == ORDER_FAILED || order->status == ORDER_CANCELLED;
}

/* An answer to an order that was over. */
static SIM_SELDOM void note_late(struct machine *machine, const struct order *order, uint32_t stage, uint32_t topic,
                                 uint8_t legs_ok_before)
{
    if (order->legs_ok != legs_ok_before) mishap_note(machine, MISHAP_LATE_ANSWER, order->id, stage, SIM_NEVER);
    if (topic == machine->plan->scenario->flow.then_ok)
        mishap_note(machine, MISHAP_LATE_PAYMENT, order->id, stage, SIM_NEVER);
}

/* From the row as it is. */
static SIM_ALWAYS void decide(struct machine *machine, uint32_t slot, struct order *order, uint32_t stage,
                              uint32_t topic, struct flow_decision *decision)
{
    flow_join(&machine->plan->scenario->flow, order, topic, decision);
    if (decision->changes) order_set_status(machine, slot, (enum order_status)decision->status, stage);
}

bool join_commits_itself(const struct machine *machine)
{
    return guard_of(machine) == GUARD_COMPARE_AND_SET && !machine->plan->scenario->flow.outbox;
}

bool join_is_sent(const struct machine *machine, const struct thread *thread)
{
    const bool has_waited = guard_of(machine) != GUARD_ROW_LOCK && (thread->latched & ORDER_LOCKED);
    return !has_waited || join_commits_itself(machine);
}

void join_unheard(struct machine *machine, uint32_t slot, uint32_t stage, uint32_t topic)
{
    struct order *order = order_at(&machine->orders, slot);
    const bool was_over = is_over(order);
    const uint8_t legs_ok = order->legs_ok;
    struct flow_decision decision;
    decide(machine, slot, order, stage, topic, &decision);
    if (decision.sends_payment) order->did |= DID_SEND_PAYMENT;
    if (was_over) note_late(machine, order, stage, topic, legs_ok);
}

enum outcome join_effect(struct machine *machine, struct thread *thread, sim_ns ends_ns)
{
    if (latch_is_asked(machine, thread, ORDER_LOCKED)) {
        const enum outcome locked = order_row_awaited(machine, thread, latch_statement(machine, thread, ORDER_LOCKED));
        if (locked != OUTCOME_DONE) return locked;
    } else {
        latch_at_once(machine);
    }
    struct order *order = order_of(thread);
    const bool was_over = is_over(order);
    const uint8_t legs_ok = order->legs_ok;
    const bool guarded = guard_of(machine) == GUARD_COMPARE_AND_SET || guard_of(machine) == GUARD_ROW_LOCK;
    struct flow_decision decision;
    if (guarded) decide(machine, thread->order, order, thread->stage, thread->topic, &decision);
    else decide_blindly(machine, thread, &decision);
    if (decision.sends_payment) order->did |= DID_SEND_PAYMENT;
    if (order->flags & ORDER_FOLLOWED) path_end(machine, thread);
    if (was_over) note_late(machine, order, thread->stage, thread->topic, legs_ok);
    latch_release(machine, thread);
    return send(machine, thread, &decision, ends_ns);
}
