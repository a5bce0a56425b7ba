/* SPDX-License-Identifier: GPL-3.0-or-later
 * Written at each lock, unlock and commit of a scenario with absolute writes; read when something has gone wrong. */
#include "models/orders/cause.h"

#include "models/orders/thread.h"

enum { NOTES = 4096 };

/* What a thread has done with a lock in its present record. */
struct hold { uint64_t key; sim_ns begun_ns, acquired_ns, released_ns; };

/* The last committed write of a row. */
struct note {
    uint64_t row;          /* table and key, + 1 */
    uint64_t order_id;
    uint32_t thread;
    sim_ns committed_ns;
    enum loss_cause cause; /* why its writer was not alone at his commit; LOSS_NONE: he was */
    struct lock_loss loss;
};

struct causes {
    struct hold *hold;     /* by thread and lock */
    struct accident *found; /* by thread and row of its transaction: the update that it loses if it commits */
    struct note note[NOTES];
    uint64_t count[2][LOSS_CAUSES];
    uint32_t n_accidents, n_kept[ACCIDENT_KINDS];
    struct accident accident[ACCIDENTS_KEPT];
};

bool causes_are_noted(const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->n_ops; i++)
        if (plan->op[i].kind == STEP_WRITE &&
            (plan->op[i].style == STYLE_ABSOLUTE || plan->op[i].style == STYLE_FOR_UPDATE)) return true;
    return false;
}

void causes_init(struct machine *machine)
{
    if (!causes_are_noted(machine->plan)) return;
    machine->causes = arena_new(machine->sim->arena, struct causes);
    machine->causes->hold = arena_array(machine->sim->arena, struct hold,
                                        (size_t)machine->n_threads * machine->plan->scenario->n_locks);
    machine->causes->found =
        arena_array(machine->sim->arena, struct accident, (size_t)machine->n_threads * TRANSACTION_ROWS);
}

static struct hold *hold_of(const struct machine *machine, const struct thread *thread, uint32_t lock)
{
    return &machine->causes->hold[(size_t)index_of(machine, thread) * machine->plan->scenario->n_locks + lock];
}

void cause_note_lock(struct machine *machine, const struct thread *thread, uint32_t lock, uint64_t key)
{
    *hold_of(machine, thread, lock) = (struct hold){ key, thread->begun_ns, machine->sim->now_ns, SIM_NEVER };
}

void cause_note_unlock(struct machine *machine, const struct thread *thread, uint32_t lock, uint64_t key)
{
    struct hold *hold = hold_of(machine, thread, lock);
    if (hold->key == key) hold->released_ns = machine->sim->now_ns;
}

static uint64_t row_name(const struct transaction_row *touched)
{
    return (uint64_t)touched->table << 32 | touched->row;
}

static struct note *note_of(struct machine *machine, uint64_t row)
{
    return &machine->causes->note[random_mix(row) % NOTES];
}

/* Whether a lock of the row is what it has to be, now: else it is lost, given back, got too late, or was never
 * taken. */
static enum loss_cause cause_by(struct machine *machine, const struct thread *thread,
                                const struct transaction_row *touched, uint32_t lock, struct lock_loss *loss)
{
    const struct scenario *scenario = machine->plan->scenario;
    const struct hold *hold = hold_of(machine, thread, lock);
    const enum row_key key = scenario->table[touched->table].key;
    const bool held = hold->acquired_ns > 0 && hold->begun_ns == thread->begun_ns &&
                      scenario->lock[lock].key == key && hold->key == row_key(order_of(thread), key);
    *loss = (struct lock_loss){ NONE, 0, LOSS_NO_LOCK, SIM_NEVER, SIM_NEVER };
    if (!held) return LOSS_NO_LOCK;
    if (lock_is_lost(&machine->locks, lock, hold->key, index_of(machine, thread), loss)) return loss->cause;
    *loss = (struct lock_loss){ lock, hold->key, LOSS_ORDER, hold->acquired_ns, hold->released_ns };
    if (hold->released_ns != SIM_NEVER) return LOSS_ORDER;
    if (touched->read && touched->seen_ns < hold->acquired_ns) return LOSS_ORDER;
    return loss->cause = LOSS_NONE;
}

/* Why the thread is not alone with a row now. Of several locks of the row one that holds is enough; where none does,
 * the one that came nearest to it counts: causes are in that order. */
static enum loss_cause cause_of(struct machine *machine, const struct thread *thread,
                                const struct transaction_row *touched, struct lock_loss *loss)
{
    enum loss_cause best = LOSS_NO_LOCK;
    *loss = (struct lock_loss){ NONE, 0, LOSS_NO_LOCK, SIM_NEVER, SIM_NEVER };
    for (uint32_t i = 0; i < machine->plan->scenario->n_locks; i++) {
        struct lock_loss of_lock;
        const enum loss_cause cause = cause_by(machine, thread, touched, i, &of_lock);
        if (cause >= best) continue;
        best = cause;
        *loss = of_lock;
    }
    return best;
}

static struct doer doer_of(const struct machine *machine, uint32_t index)
{
    const struct plan *plan = machine->plan;
    const struct thread *thread = &machine->thread[index];
    const uint32_t process = plan->process_of[thread->instance];
    const uint32_t instance = thread->instance - plan->first_instance[process];
    if (thread->consumer == NONE) return (struct doer){ NONE, 0, process, instance };
    return (struct doer){ plan->consumer[index].group, plan->consumer[index].member, process, instance };
}

static void accident_add(struct machine *machine, const struct accident *accident)
{
    struct causes *causes = machine->causes;
    causes->count[accident->kind][accident->cause]++;
    if (causes->n_kept[accident->kind] == ACCIDENTS_KEPT_OF_KIND) return;
    causes->n_kept[accident->kind]++;
    causes->accident[causes->n_accidents++] = *accident;
}

static struct accident *found_of(struct machine *machine, const struct thread *thread,
                                 const struct transaction_row *touched)
{
    const ptrdiff_t row = touched - thread->transaction.row;
    return &machine->causes->found[(size_t)index_of(machine, thread) * TRANSACTION_ROWS + (size_t)row];
}

void cause_find(struct machine *machine, const struct thread *thread, const struct transaction_row *touched)
{
    const struct table *table = &machine->tables.table[touched->table];
    const struct note *note = note_of(machine, row_name(touched));
    bool known = note->row == row_name(touched) + 1, other_lost = false;
    struct lock_loss loss;
    enum loss_cause cause = cause_of(machine, thread, touched, &loss);
    if (known && (cause == LOSS_NONE || (cause == LOSS_ORDER && note->cause == LOSS_NO_LOCK))) {
        cause = note->cause; /* he did all that was right, or no more wrong than he had to */
        loss = note->loss;
        other_lost = true;
    }
    *found_of(machine, thread, touched) = (struct accident){
        .at_ns = machine->sim->now_ns, .kind = ACCIDENT_LOST_UPDATE, .cause = cause, .lock = loss.lock,
        .table = touched->table, .key = table->row[touched->row].key - 1,
        .order_id = order_of(thread)->id, .other_order_id = known ? note->order_id : 0,
        .by = doer_of(machine, index_of(machine, thread)), .other_by = doer_of(machine, known ? note->thread : 0),
        .other_lost = other_lost,
        .acquired_ns = loss.acquired_ns, .lost_ns = loss.at_ns, .read_ns = touched->seen_ns,
        .other_committed_ns = known ? note->committed_ns : SIM_NEVER };
}

void cause_note_commit(struct machine *machine, const struct thread *thread)
{
    for (uint32_t i = 0; i < thread->transaction.n_rows; i++) {
        const struct transaction_row *touched = &thread->transaction.row[i];
        if (!touched->written) continue;
        if (touched->lost) accident_add(machine, found_of(machine, thread, touched));
        struct note *note = note_of(machine, row_name(touched));
        note->row = row_name(touched) + 1;
        note->order_id = order_of(thread)->id;
        note->thread = index_of(machine, thread);
        note->committed_ns = machine->sim->now_ns;
        note->cause = cause_of(machine, thread, touched, &note->loss);
    }
}

void cause_overlap(void *context, uint32_t thread, uint32_t loser, const struct lock_loss *loss)
{
    struct machine *machine = context;
    if (!machine->causes || loss->cause == LOSS_NONE) return;
    accident_add(machine, &(struct accident){
        .at_ns = machine->sim->now_ns, .kind = ACCIDENT_OVERLAP, .cause = loss->cause, .lock = loss->lock,
        .table = NONE, .key = loss->key, .order_id = order_of(&machine->thread[thread])->id,
        .other_order_id = order_of(&machine->thread[loser])->id, .by = doer_of(machine, thread),
        .other_by = doer_of(machine, loser), .other_lost = true, .acquired_ns = loss->acquired_ns,
        .lost_ns = loss->at_ns, .read_ns = SIM_NEVER, .other_committed_ns = SIM_NEVER });
}

void causes_report(const struct machine *machine, struct run_facts *facts)
{
    const struct causes *causes = machine->causes;
    if (!causes) return;
    for (uint32_t kind = 0; kind < 2; kind++)
        for (uint32_t i = 0; i < LOSS_CAUSES; i++) facts->by_cause[kind][i] = causes->count[kind][i];
    facts->n_accidents = causes->n_accidents;
    facts->accident = causes->accident;
}
