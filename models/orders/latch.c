/* SPDX-License-Identifier: GPL-3.0-or-later
 * Nearly never does anybody wait here, so those who do are found by looking at all threads. */
#include "models/orders/latch.h"

#include "models/orders/once.h"
#include "models/orders/orphan.h"
#include "models/orders/rider.h"
#include "models/orders/sweeper.h"

/* Or the flag of the row. */
enum { AWAITS_NOTHING = 0, AWAITS_CLAIM = UINT8_MAX };

/* The marks that the thread inserts at the step at hand: a `once`, or a commit with those that are due. */
static uint16_t mark_of(const struct machine *machine, const struct thread *thread)
{
    const struct plan_op *op = &machine->plan->op[thread->pc];
    return op->kind == STEP_COMMIT ? once_keys_now(thread) : (uint16_t)(1u << op->once_bit);
}

static uint32_t holder_of(const struct machine *machine, const struct thread *thread, uint8_t what)
{
    for (uint32_t i = 0; i < machine->n_threads; i++) {
        const struct thread *other = &machine->thread[i];
        if (other->order != thread->order || other == thread) continue;
        if (what == AWAITS_CLAIM ? other->claims & mark_of(machine, thread) : other->latched & what) return i;
    }
    return NONE;
}

uint32_t latch_awaited(void *context, uint32_t index)
{
    const struct machine *machine = context;
    const struct thread *thread = &machine->thread[index];
    return thread->awaits == AWAITS_NOTHING ? NONE : holder_of(machine, thread, thread->awaits);
}

uint32_t latch_weight(const struct thread *thread)
{
    const uint8_t rows = ORDER_RESERVING | ORDER_USING | ORDER_DEBITING; /* riders are told of elsewhere */
    return (uint32_t)__builtin_popcount(thread->latched & rows);
}

/* phase: where the step at hand goes on. table: that counts a deadlock, or NONE. */
static enum outcome await(struct machine *machine, struct thread *thread, uint8_t what, enum thread_phase phase,
                          uint32_t table)
{
    const uint32_t self = index_of(machine, thread), holder = holder_of(machine, thread, what);
    const uint32_t victim = holder == NONE ? NONE : deadlock_victim(&machine->tables, holder, self);
    if (victim != NONE && table != NONE) machine->tables.table[table].fact.deadlocks++;
    if (victim == self) {
        riders_drop(machine, thread);
        transaction_rollback(&machine->tables, &thread->transaction);
        return OUTCOME_FAILED;
    }
    block(machine, thread);
    waits_for_order(machine, thread, holder);
    thread->phase = phase;
    thread->awaits = what;
    thread->let_in = false;
    machine->n_awaiting++;
    if (victim != NONE) machine->tables.victim(machine, victim);
    return OUTCOME_PARKED;
}

void latch_count_wait(struct machine *machine, uint8_t row, sim_ns since_ns)
{
    const uint32_t table = machine->plan->orders_table;
    if (table == NONE || (row != ORDER_LOCKED && row != ORDER_CREATING)) return;
    tally_count(&machine->tables.table[table].fact.wait, machine->sim->now_ns - since_ns);
}

static void hold(struct order *order, struct thread *thread, uint8_t row)
{
    order->flags |= row;
    thread->latched |= row;
    thread->rides = true;
}

/* Who inserts does not have the row when it is let in: somebody may have been before it. */
static void count_at_once(struct machine *machine, struct thread *thread, uint8_t row)
{
    if (row != ORDER_LOCKED && row != ORDER_CREATING) return;
    if (!thread->let_in) latch_at_once(machine);
    thread->let_in = false;
}

static enum outcome take(struct machine *machine, struct thread *thread, uint8_t row, enum thread_phase phase,
                         uint32_t table)
{
    struct order *order = order_of(thread);
    if (thread->latched & row) return OUTCOME_DONE;
    if (order->flags & row) return await(machine, thread, row, phase, table);
    count_at_once(machine, thread, row);
    hold(order, thread, row);
    return OUTCOME_DONE;
}

enum outcome latch_join(struct machine *machine, struct thread *thread)
{
    return take(machine, thread, ORDER_LOCKED, PHASE_START, machine->plan->orders_table);
}

enum outcome latch_statement(struct machine *machine, struct thread *thread, uint8_t row)
{
    const uint32_t table = machine->plan->orders_table;
    if (thread->transaction.open) return take(machine, thread, row, PHASE_EFFECT, table);
    if (order_of(thread)->flags & row & ~thread->latched) return await(machine, thread, row, PHASE_EFFECT, table);
    if (!(thread->latched & row)) count_at_once(machine, thread, row);
    latch_pass_on(machine, thread->order, row);
    return OUTCOME_DONE;
}

enum outcome latch_action(struct machine *machine, struct thread *thread, uint8_t action, uint32_t table)
{
    return take(machine, thread, action, PHASE_EFFECT, table);
}

/* An INSERT that has come to the server waits there. Where the step is not played at the instant of its effect, it
 * begins anew. */
enum outcome latch_claim(struct machine *machine, struct thread *thread)
{
    struct order *order = order_of(thread);
    const uint16_t mark = mark_of(machine, thread);
    const struct plan_op *op = &machine->plan->op[thread->pc];
    const bool at_server = op->visible == OP_VISIBLE || op->kind == STEP_COMMIT;
    if (order->claimed & mark & ~thread->claims)
        return await(machine, thread, AWAITS_CLAIM, at_server ? PHASE_EFFECT : PHASE_START, NONE);
    order->claimed |= mark;
    thread->claims |= mark;
    thread->rides = true;
    return OUTCOME_DONE;
}

/* Whether the thread waits for this row of the order, or for one of these keys. */
static bool is_awaited(const struct machine *machine, const struct thread *thread, uint32_t order, uint8_t what,
                       uint16_t keys)
{
    if (thread->awaits != what || thread->order != order) return false;
    return what != AWAITS_CLAIM || (keys & mark_of(machine, thread));
}

/* Whoever has waited longest looks again: a step that begins anew does so in its own JVM's time. The row is its own by
 * then, whoever else comes at this instant; a key may be there, and nobody's. False: nobody waits. */
static bool wake_next(struct machine *machine, uint32_t order, uint8_t what, uint16_t keys)
{
    struct thread *next = NULL;
    for (uint32_t i = 0; i < machine->n_threads; i++) {
        struct thread *thread = &machine->thread[i];
        if (!is_awaited(machine, thread, order, what, keys)) continue;
        if (!next || thread->waits_since_ns < next->waits_since_ns) next = thread;
    }
    const sim_ns swept_ns = what == ORDER_LOCKED ? sweeper_waits_since(machine, order) : SIM_NEVER;
    struct orphan *const orphan = machine->orphan ? orphan_first(machine, order, what) : NULL;
    const sim_ns orphan_ns = orphan ? orphan_waits_since(orphan) : SIM_NEVER;
    if (swept_ns != SIM_NEVER && swept_ns <= orphan_ns && (!next || swept_ns <= next->waits_since_ns)) {
        sweeper_wakes(machine);
        return true;
    }
    if (orphan && (!next || orphan_ns <= next->waits_since_ns)) {
        orphan_wakes(machine, orphan);
        return true;
    }
    if (!next) return false;
    sim_cancel(machine->sim, next->timer);
    next->timer = 0;
    next->awaits = AWAITS_NOTHING;
    latch_count_wait(machine, what, next->waits_since_ns);
    has_waited(machine, next);
    next->clock_ns = machine->sim->now_ns;
    machine->n_awaiting--;
    next->let_in = what == ORDER_CREATING;
    if (what != AWAITS_CLAIM && what != ORDER_CREATING) hold(order_of(next), next, what);
    park(machine, next, machine->sim->now_ns, next->phase);
    return true;
}

void latch_pass_on(struct machine *machine, uint32_t order, uint8_t row)
{
    if (machine->n_awaiting > 0 && !(order_at(&machine->orders, order)->flags & row)) wake_next(machine, order, row, 0);
}

void latch_found(struct machine *machine, struct thread *thread, uint8_t row)
{
    count_at_once(machine, thread, row);
    latch_pass_on(machine, thread->order, row);
}

/* A row is the next one's. A key that is there from now on is nobody's, and all who wait for it are told. */
void latch_release(struct machine *machine, struct thread *thread)
{
    if (!thread->latched && !thread->claims) return;
    struct order *order = order_of(thread);
    uint32_t rows = thread->latched;
    const uint16_t keys = thread->claims;
    order->flags &= (uint8_t)~thread->latched;
    order->claimed &= (uint16_t)~thread->claims;
    thread->latched = 0;
    thread->claims = 0;
    if (machine->n_awaiting == 0) return;
    for (; rows > 0; rows &= rows - 1) wake_next(machine, thread->order, (uint8_t)(rows & -rows), 0);
    while (keys && wake_next(machine, thread->order, AWAITS_CLAIM, keys)) {}
}

bool latch_forget(struct machine *machine, struct thread *thread)
{
    if (thread->awaits == AWAITS_NOTHING) return false;
    thread->awaits = AWAITS_NOTHING;
    machine->n_awaiting--;
    return true;
}

bool latch_leave(struct machine *machine, struct thread *thread)
{
    const uint8_t awaited = thread->awaits;
    if (!latch_forget(machine, thread)) return false;
    latch_count_wait(machine, awaited, thread->waits_since_ns);
    return true;
}
