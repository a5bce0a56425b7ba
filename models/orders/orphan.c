/* SPDX-License-Identifier: GPL-3.0-or-later
 * Few at any time, in a list as they came. Each keeps its order (order.refs). A death leaves one of each thread at
 * most, so there are free places for all threads whenever a process begins: at the start, and when it comes back. */
#include "models/orders/orphan.h"

#include "models/orders/join.h"
#include "models/orders/latch.h"

struct orphan {
    struct orphan *next;
    struct machine *machine;
    const struct plan_op *op;    /* a status, a join or an insert */
    uint32_t order, stage, topic;
    uint8_t row;                 /* that it waits for: ORDER_LOCKED, ORDER_CREATING */
    sim_ns since_ns;
    sim_handle timer;
};

sim_ns orphan_waits_since(const struct orphan *orphan) { return orphan->since_ns; }

struct orphan *orphan_first(const struct machine *machine, uint32_t order, uint8_t row)
{
    struct orphan *first = NULL;
    for (struct orphan *at = machine->orphan; at; at = at->next)
        if (at->order == order && at->row == row && (!first || at->since_ns < first->since_ns)) first = at;
    return first;
}

static void place_free(struct machine *machine, struct orphan *orphan)
{
    orphan->next = machine->free_orphan;
    machine->free_orphan = orphan;
    machine->n_free_orphans++;
}

static struct orphan *place_take(struct machine *machine)
{
    struct orphan *orphan = machine->free_orphan;
    SIM_ASSERT_IN(machine->sim, orphan);
    machine->free_orphan = orphan->next;
    machine->n_free_orphans--;
    return orphan;
}

void orphans_expect(struct machine *machine)
{
    if (machine->n_free_orphans >= machine->n_threads) return;
    const uint32_t n = machine->n_threads - machine->n_free_orphans;
    struct orphan *place = arena_array(machine->sim->arena, struct orphan, n);
    for (uint32_t i = n; i-- > 0;) place_free(machine, &place[i]);
}

/* It waits no more. */
static void leave_queue(struct machine *machine, const struct orphan *orphan)
{
    latch_count_wait(machine, orphan->row, orphan->since_ns);
    struct orphan **link = &machine->orphan;
    while (*link != orphan) link = &(*link)->next;
    *link = orphan->next;
    machine->n_awaiting--;
}

static void end(struct machine *machine, struct orphan *orphan)
{
    const uint32_t order = orphan->order;
    place_free(machine, orphan);
    order_release(machine, order, machine->sim->now_ns);
}

static void on_timeout(void *context, uint32_t order, uint64_t argument)
{
    struct orphan *orphan = context;
    struct machine *machine = orphan->machine;
    (void)order;
    (void)argument;
    leave_queue(machine, orphan);
    machine->tables.table[machine->plan->orders_table].fact.lock_timeouts++;
    end(machine, orphan);
}

/* A path that ends here is nobody's: its last part was not a thread's. */
static void takes_place(struct machine *machine, const struct orphan *orphan)
{
    const struct order *order = order_at(&machine->orders, orphan->order);
    if (orphan->op->kind == STEP_INSERT) {
        if (!(order->did & DID_CREATE)) order_inserted(machine, orphan->order);
        return;
    }
    if (orphan->op->kind == STEP_JOIN) join_unheard(machine, orphan->order, orphan->stage, orphan->topic);
    else order_set_status(machine, orphan->order, (enum order_status)orphan->op->status, orphan->stage);
    if ((order->flags & ORDER_FOLLOWED) && order->status == ORDER_PAID) path_close(machine, orphan->order);
}

static void on_row_free(void *context, uint32_t order, uint64_t argument)
{
    struct orphan *orphan = context;
    struct machine *machine = orphan->machine;
    (void)argument;
    order_at(&machine->orders, order)->flags &= (uint8_t)~orphan->row;
    takes_place(machine, orphan);
    latch_pass_on(machine, order, orphan->row);
    end(machine, orphan);
}

void orphan_wakes(struct machine *machine, struct orphan *orphan)
{
    leave_queue(machine, orphan);
    sim_cancel(machine->sim, orphan->timer);
    order_at(&machine->orders, orphan->order)->flags |= orphan->row;
    sim_at(machine->sim, machine->sim->now_ns, SIM_SERVER, on_row_free, orphan, orphan->order, 0);
}

static bool stays(const struct machine *machine, const struct plan_op *op, const struct thread *thread)
{
    if (thread->phase != PHASE_EFFECT || thread->transaction.open) return false;
    if (op->kind == STEP_JOIN) return join_commits_itself(machine);
    return op->kind == STEP_STATUS || op->kind == STEP_INSERT;
}

void orphan_stays(struct machine *machine, const struct thread *thread)
{
    const struct plan_op *op = &machine->plan->op[thread->pc];
    const uint32_t table = machine->plan->orders_table;
    if (!stays(machine, op, thread)) return;
    struct orphan *orphan = place_take(machine);
    *orphan = (struct orphan){ .next = machine->orphan, .machine = machine, .op = op,
                               .order = thread->order, .stage = thread->stage, .topic = thread->topic,
                               .row = thread->awaits, .since_ns = thread->waits_since_ns };
    machine->orphan = orphan;
    machine->n_awaiting++;
    order_at(&machine->orders, orphan->order)->refs++;
    if (table != NONE)
        orphan->timer = sim_at(machine->sim, orphan->since_ns + machine->plan->scenario->table[table].lock_timeout_ns,
                               SIM_TIMER, on_timeout, orphan, orphan->order, 0);
}
