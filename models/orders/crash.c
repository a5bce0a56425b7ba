/* SPDX-License-Identifier: GPL-3.0-or-later
 * See crash.h. A thread that dies leaves every queue it stands in. Its events are the gate's to drop (process.h), but
 * for a command that is at the server: that thread lingers until the command has taken effect, and its answer is lost.
 * Left out: the seconds in which a database may take a dead client's transaction for alive. */
#include "models/orders/crash.h"

#include "models/kafka/member.h"
#include "models/orders/join.h"
#include "models/orders/latch.h"
#include "models/orders/orphan.h"
#include "models/orders/rider.h"

/* ---- whose events ---- */

/* A mark that is set by a command that commits by itself. */
static bool sets_mark_at_once(const struct plan_op *op)
{
    return op->once_form == ONCE_SETNX_BEFORE || op->once_form == ONCE_OTHER_TRANSACTION;
}

/* Work, the look at a mark and a send until it leaves are the JVM's own, every other effect is a server's. */
static bool is_at_server(const void *context, uint32_t subject)
{
    const struct machine *machine = context;
    const struct thread *thread = &machine->thread[subject];
    const struct plan_op *op = &machine->plan->op[thread->pc];
    if (thread->phase == PHASE_START || thread->phase == PHASE_DEAD) return false;
    if (op->kind == STEP_PUBLISH) return op->outbox;
    if (op->kind == STEP_ONCE) return sets_mark_at_once(op);
    if (op->kind == STEP_JOIN) return join_is_sent(machine, thread);
    return op->kind != STEP_WORK;
}

void crash_init(struct machine *machine)
{
    thread_actors(machine, is_at_server);
    join_actors(machine);
    orphans_expect(machine);
    producers_expect_faults(machine);
    give_up_actors(machine);
    locks_actors(&machine->locks, &machine->processes);
    kafka_expect_faults(&machine->kafka, &machine->processes, machine->conditions, machine->instance_of);
}

void instance_pauses(struct machine *machine, uint32_t instance, sim_ns until_ns)
{
    process_pause(&machine->processes, instance, until_ns);
    for (uint32_t i = 0; i < machine->plan->n_consumers; i++)
        if (machine->thread[i].instance == instance) kafka_member_paused(&machine->kafka, i, until_ns);
}

/* ---- death ---- */

static bool is_busy(const struct machine *machine, uint32_t index)
{
    if (index < machine->plan->n_consumers) return machine->kafka.consumer[index].in_record;
    uint32_t i = index - machine->plan->n_consumers;
    return !machine->thread[index].stopped && !(machine->api_free[i / 64] >> i % 64 & 1);
}

/* A guarded unlock asks first, and is sent when the answer is there. */
static bool unlock_is_sent(const struct machine *machine, const struct thread *thread)
{
    return machine->sim->now_ns >= thread->resume_ns - (thread->takes_ns - thread->after_ns);
}

/* The command at a server commits by itself: it takes effect although nobody waits for its answer. An insert or a
 * status in an open transaction goes with that one; one that waits for a row does not need its thread (orphan.h). */
static bool takes_place(const struct machine *machine, const struct thread *thread)
{
    const struct plan_op *op = &machine->plan->op[thread->pc];
    if (thread->phase == PHASE_FLUSHED) return true;
    if (thread->phase == PHASE_CHECKED) return unlock_is_sent(machine, thread);
    if (thread->phase != PHASE_EFFECT || thread->awaits) return false;
    switch ((enum step_kind)op->kind) {
    case STEP_INSERT:
    case STEP_STATUS: return !thread->transaction.open;
    case STEP_JOIN: return join_is_sent(machine, thread);
    case STEP_COMMIT:
    case STEP_LOCK: return true;
    case STEP_UNLOCK: return !op->guard;
    case STEP_ONCE: return sets_mark_at_once(op);
    case STEP_CONNECTION:
    case STEP_BEGIN:
    case STEP_READ:
    case STEP_WRITE:
    case STEP_FLUSH:
    case STEP_ROLLBACK:
    case STEP_WORK:
    case STEP_PUBLISH:
    case STEP_REPLY:
    case STEP_KINDS: break;
    }
    return false;
}

/* Queues for rows, connections, command slots and locks. */
static void leave_queues(struct machine *machine, struct thread *thread, uint32_t index)
{
    const struct plan_op *op = &machine->plan->op[thread->pc];
    sim_cancel(machine->sim, thread->timer);
    thread->timer = 0;
    row_lock_forget(&machine->tables, index);
    lock_forget(&machine->locks, index);
    latch_forget(machine, thread);
    seats_leave(&machine->pool[thread->instance], index);
    if (op->kind != OP_END && op->store != NONE) seats_leave(&machine->command[op->store], index);
}

/* The thread is inside by an earlier acquire as well. */
static bool is_nested(const struct thread *thread, uint32_t at)
{
    for (uint32_t i = 0; i < at; i++)
        if (thread->lock[i].lock == thread->lock[at].lock && thread->lock[i].key == thread->lock[at].key) return true;
    return false;
}

/* An unlock that is under way finds its owner: all that its thread has of that key stays until then (unlock_effect).
 * The key is the order's own, so the lock names it. */
static void leave_locks(struct machine *machine, struct thread *thread, uint32_t index)
{
    const struct plan_op *op = &machine->plan->op[thread->pc];
    const uint32_t kept = thread->lingers && op->kind == STEP_UNLOCK ? op->target : NONE;
    uint32_t n_kept = 0;
    for (uint32_t i = 0; i < thread->n_locks; i++)
        if (thread->lock[i].lock != kept && !is_nested(thread, i))
            lock_abandon(&machine->locks, thread->lock[i].lock, thread->lock[i].key, index);
    for (uint32_t i = 0; i < thread->n_locks; i++)
        if (thread->lock[i].lock == kept) thread->lock[n_kept++] = thread->lock[i];
    thread->n_locks = n_kept;
}

/* The database has lost its client. What is at work at a server by itself leaves the transaction around it behind; only
 * a commit has that one with it, and a join is one of its own. */
static bool is_rolled_back(const struct machine *machine, const struct thread *thread)
{
    if (!thread->lingers) return true;
    const uint8_t kind = machine->plan->op[thread->pc].kind;
    return kind != STEP_COMMIT && kind != STEP_JOIN;
}

static void thread_dies(struct machine *machine, struct thread *thread, uint32_t index)
{
    sim_ns now_ns = machine->sim->now_ns;
    mishap_note(machine, MISHAP_DIED, order_of(thread)->id, thread->stage, SIM_NEVER);
    leave_locks(machine, thread, index);
    if (!thread->lingers) command_give(machine, thread, &machine->plan->op[thread->pc], now_ns);
    if (is_rolled_back(machine, thread)) {
        if (thread->rides) riders_drop(machine, thread);
        transaction_rollback(&machine->tables, &thread->transaction);
    }
    if (!thread->lingers) thread->phase = PHASE_DEAD;
    connection_give(machine, thread, now_ns);
    outer_connection_give(machine, thread, now_ns);
    if (thread->consumer == NONE) api_lost(machine, index, thread->lingers);
    else kafka_consumer_dies(&machine->kafka, index);
}

/* All leave their queues before the first one lets go of what the others may wait for. */
void instance_dies(struct machine *machine, uint32_t instance)
{
    if (process_is_down(&machine->processes, instance)) return;
    process_kill(&machine->processes, instance);
    for (uint32_t i = 0; i < machine->n_threads; i++) {
        struct thread *thread = &machine->thread[i];
        if (thread->instance != instance || !is_busy(machine, i)) continue;
        thread->lingers = takes_place(machine, thread);
        if (thread->awaits) orphan_stays(machine, thread);
        leave_queues(machine, thread, i);
    }
    for (uint32_t i = 0; i < machine->n_threads; i++) {
        struct thread *thread = &machine->thread[i];
        if (thread->instance != instance) continue;
        if (is_busy(machine, i)) thread_dies(machine, thread, i);
        else if (thread->consumer != NONE) kafka_consumer_dies(&machine->kafka, i);
    }
    producer_dies(machine, instance);
    api_instance_down(machine, instance);
}

/* ---- and return ---- */

static bool is_under_way(const struct thread *thread)
{
    return thread->lingers && thread->phase != PHASE_START && thread->phase != PHASE_DEAD;
}

static void thread_returns(struct machine *machine, struct thread *thread)
{
    if (thread->lingers && thread->consumer == NONE) order_release(machine, thread->order, machine->sim->now_ns);
    latch_forget(machine, thread);
    thread->lingers = thread->stopped = thread->looked = thread->let_in = false;
    thread->phase = PHASE_START;
    thread->n_locks = 0;
}

bool instance_starts(struct machine *machine, uint32_t instance)
{
    for (uint32_t i = 0; i < machine->n_threads; i++)
        if (machine->thread[i].instance == instance && is_under_way(&machine->thread[i])) return false;
    process_start(&machine->processes, instance);
    orphans_expect(machine);
    locks_client_begins(&machine->locks, instance);
    for (uint32_t i = 0; i < machine->n_threads; i++)
        if (machine->thread[i].instance == instance) thread_returns(machine, &machine->thread[i]);
    for (uint32_t i = 0; i < machine->plan->n_consumers; i++)
        if (machine->thread[i].instance == instance) kafka_consumer_starts(&machine->kafka, i);
    api_instance_up(machine, instance);
    return true;
}
