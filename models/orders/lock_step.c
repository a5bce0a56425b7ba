/* SPDX-License-Identifier: GPL-3.0-or-later
 * The steps lock and unlock: what the thread believes to hold, which is not what Redis knows. An unlock by somebody who
 * does not own the key throws (IllegalMonitorStateException), unless isHeldByCurrentThread is asked before; between the
 * question and the unlock the lease may still end. */
#include "models/orders/cause.h"
#include "models/orders/thread.h"

static bool believes(const struct thread *thread, uint32_t lock, uint64_t key)
{
    for (uint32_t i = 0; i < thread->n_locks; i++)
        if (thread->lock[i].lock == lock && thread->lock[i].key == key) return true;
    return false;
}

static void lock_got(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    uint64_t key = key_of(machine, thread, op);
    if (machine->causes && !believes(thread, op->target, key)) cause_note_lock(machine, thread, op->target, key);
    const bool fenced = machine->plan->scenario->lock[op->target].kind == LOCK_FENCED;
    thread->lock[thread->n_locks++] =
        (struct held){ .lock = op->target, .key = key, .lease_ns = op->lease_ns, .watched = op->watched,
                       .token = fenced ? lock_token_given(&machine->locks, index_of(machine, thread)) : 0 };
}

uint32_t token_of(const struct machine *machine, const struct thread *thread, const struct plan_op *op)
{
    const struct scenario *scenario = machine->plan->scenario;
    uint64_t key = row_key(order_of(thread), scenario->lock[op->fence].key);
    if (op->fence_current) return lock_token(&machine->locks, op->fence, key);
    for (uint32_t i = thread->n_locks; i-- > 0;)
        if (thread->lock[i].lock == op->fence && thread->lock[i].key == key) return thread->lock[i].token;
    return 0;
}

void on_lock(void *context, uint32_t index, enum lock_answer answer)
{
    struct machine *machine = context;
    struct thread *thread = &machine->thread[index];
    const struct plan_op *op = &machine->plan->op[thread->pc];
    has_waited(machine, thread);
    thread->clock_ns = machine->sim->now_ns;
    thread->seen = true;
    command_give(machine, thread, op, thread->clock_ns);
    if (answer == LOCK_GOT) {
        lock_got(machine, thread, op);
        thread->pc++;
        thread->phase = PHASE_START;
    } else if (!refuse(machine, thread, answer == LOCK_REFUSED ? OUTCOME_REFUSED : OUTCOME_FAILED)) {
        return;
    }
    thread_run(machine, thread);
}

/* The thread's process has died while its command was under way: nobody waits for the answer, nor for the lock. */
static enum outcome acquired_for_nobody(struct machine *machine, struct thread *thread, const struct lock_call *call,
                                        bool got)
{
    lock_forget(&machine->locks, call->thread);
    if (got) lock_abandon(&machine->locks, call->lock, call->key, call->thread);
    return thread_ends_unheard(machine, thread);
}

static enum outcome lock_wait(struct machine *machine, struct thread *thread, const struct lock_call *call)
{
    const enum outcome parked = block(machine, thread);
    if (machine->plan->scenario->lock[call->lock].key != ROW_ORDER_ID) return parked;
    const uint32_t owner = lock_owner(&machine->locks, call->lock, call->key);
    if (owner != NONE) waits_for_order(machine, thread, owner);
    return parked;
}

enum outcome lock_effect(struct machine *machine, struct thread *thread, const struct plan_op *op, sim_ns takes_ns)
{
    uint64_t key = key_of(machine, thread, op);
    SIM_ASSERT_IN(machine->sim, thread->n_locks < THREAD_LOCKS);
    const struct lock_call call = { .lock = op->target, .thread = index_of(machine, thread), .key = key,
        .wait_ns = op->wait_ns, .lease_ns = op->lease_ns, .watched = op->watched,
        .nested = believes(thread, op->target, key), .round_trip_ns = takes_ns, .round_trip = op->time,
        .queued_ns = thread->queued_ns };
    const bool got = lock_acquire(&machine->locks, &call);
    if (thread->lingers) return acquired_for_nobody(machine, thread, &call, got);
    if (!got) return lock_wait(machine, thread, &call);
    lock_got(machine, thread, op);
    return OUTCOME_DONE;
}

/* The last acquire of a key is forgotten first. */
static bool forget(struct thread *thread, uint32_t lock, uint64_t key, struct held *held)
{
    for (uint32_t i = thread->n_locks; i-- > 0;) {
        if (thread->lock[i].lock != lock || thread->lock[i].key != key) continue;
        *held = thread->lock[i];
        for (thread->n_locks--; i < thread->n_locks; i++) thread->lock[i] = thread->lock[i + 1];
        return true;
    }
    return false;
}

/* Each acquire has an RLock of its own, as each method that calls getLock has. One that has acquired nothing knows of
 * no lease but the client's lockWatchdogTimeout. */
static enum unlock_answer release(struct machine *machine, struct thread *thread, uint32_t lock, uint64_t key)
{
    struct held held = { .lease_ns = LOCK_WATCHDOG_NS };
    bool leaves = forget(thread, lock, key, &held) && !believes(thread, lock, key);
    if (leaves && machine->causes) cause_note_unlock(machine, thread, lock, key);
    const struct lock_call acquired = { .lock = lock, .key = key, .thread = index_of(machine, thread),
                                        .lease_ns = held.lease_ns, .watched = held.watched };
    return lock_release(&machine->locks, &acquired, leaves);
}

void lock_give(struct machine *machine, struct thread *thread)
{
    release(machine, thread, thread->lock[thread->n_locks - 1].lock, thread->lock[thread->n_locks - 1].key);
}

/* isHeldByCurrentThread is a round trip of its own; when it says no, the unlock is left out. */
static bool is_held(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    uint64_t key = key_of(machine, thread, op);
    if (lock_is_held(&machine->locks, op->target, key, index_of(machine, thread))) return true;
    struct held held;
    if (forget(thread, op->target, key, &held) && !believes(thread, op->target, key))
        lock_leave(&machine->locks, op->target, key, index_of(machine, thread));
    return false;
}

/* The thread's process has died while its unlock was under way: it is inside no more, and what it has acquired beside
 * that is nobody's. */
static enum outcome released_by_nobody(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    const uint64_t key = key_of(machine, thread, op);
    release(machine, thread, op->target, key);
    if (believes(thread, op->target, key))
        lock_abandon(&machine->locks, op->target, key, index_of(machine, thread));
    thread->n_locks = 0;
    return thread_ends_unheard(machine, thread);
}

enum outcome unlock_effect(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    if (thread->lingers) return released_by_nobody(machine, thread, op);
    if (thread->phase == PHASE_GIVEN_UP) return OUTCOME_FAILED;
    if (op->guard && thread->phase != PHASE_CHECKED) {
        if (!is_held(machine, thread, op)) return OUTCOME_DONE;
        return later(thread, machine->sim->now_ns + thread->takes_ns, PHASE_CHECKED);
    }
    switch (release(machine, thread, op->target, key_of(machine, thread, op))) {
    case UNLOCK_DONE: return OUTCOME_DONE;
    case UNLOCK_NOT_OWNER: return OUTCOME_FAILED;
    case UNLOCK_NO_ANSWER: break;
    }
    sim_ns sent_ns = machine->sim->now_ns - (thread->takes_ns - thread->after_ns);
    sim_ns until_ns = sent_ns + machine->plan->scenario->lock[op->target].command_timeout_ns;
    return later(thread, until_ns > machine->sim->now_ns ? until_ns : machine->sim->now_ns, PHASE_GIVEN_UP);
}
