/* SPDX-License-Identifier: GPL-3.0-or-later
 * Nearly never does anybody wait here, so those who do are found by looking at all threads. */
#include "models/orders/latch.h"

enum { AWAITS_NOTHING, AWAITS_JOIN, AWAITS_CLAIM };

static enum outcome await(struct machine *machine, struct thread *thread, uint8_t what)
{
    block(machine, thread);
    thread->phase = PHASE_START;
    thread->awaits = what;
    machine->n_awaiting++;
    return OUTCOME_PARKED;
}

enum outcome latch_join(struct machine *machine, struct thread *thread)
{
    struct order *order = order_of(thread);
    if (thread->joining) return OUTCOME_DONE;
    if (order->flags & ORDER_JOINING) return await(machine, thread, AWAITS_JOIN);
    order->flags |= ORDER_JOINING;
    thread->joining = thread->rides = true;
    return OUTCOME_DONE;
}

enum outcome latch_claim(struct machine *machine, struct thread *thread, uint16_t mark)
{
    struct order *order = order_of(thread);
    if (order->claimed & mark & ~thread->claims) return await(machine, thread, AWAITS_CLAIM);
    order->claimed |= mark;
    thread->claims |= mark;
    thread->rides = true;
    return OUTCOME_DONE;
}

/* Whoever has waited longest for this order looks again; its step begins anew, in its own JVM's time. */
static void wake_next(struct machine *machine, uint32_t order, uint8_t what)
{
    struct thread *next = NULL;
    for (uint32_t i = 0; i < machine->n_threads; i++) {
        struct thread *thread = &machine->thread[i];
        if (thread->awaits != what || thread->order != order) continue;
        if (!next || thread->waits_since_ns < next->waits_since_ns) next = thread;
    }
    if (!next) return;
    next->awaits = AWAITS_NOTHING;
    has_waited(machine, next);
    next->clock_ns = machine->sim->now_ns;
    machine->n_awaiting--;
    park(machine, next, machine->sim->now_ns, PHASE_START);
}

void latch_release(struct machine *machine, struct thread *thread)
{
    if (!thread->joining && !thread->claims) return;
    struct order *order = order_of(thread);
    const bool joined = thread->joining, claimed = thread->claims != 0;
    if (joined) order->flags &= (uint8_t)~ORDER_JOINING;
    order->claimed &= (uint16_t)~thread->claims;
    thread->joining = false;
    thread->claims = 0;
    if (machine->n_awaiting == 0) return;
    if (joined) wake_next(machine, thread->order, AWAITS_JOIN);
    if (claimed) wake_next(machine, thread->order, AWAITS_CLAIM);
}

void latch_forget(struct machine *machine, struct thread *thread)
{
    if (thread->awaits == AWAITS_NOTHING) return;
    thread->awaits = AWAITS_NOTHING;
    machine->n_awaiting--;
}
