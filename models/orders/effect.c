/* SPDX-License-Identifier: GPL-3.0-or-later
 * What steps do to others: rows and transactions, locks, joins and status. A write may wait for its row, a commit for
 * the rows it flushes and for the log, a lock for its owner. */
#include "models/orders/answer.h"
#include "models/orders/cause.h"
#include "models/orders/join.h"
#include "models/orders/latch.h"
#include "models/orders/once.h"
#include "models/orders/outbox.h"
#include "models/orders/rider.h"
#include "models/orders/thread.h"
#include "models/purpose.h"

/* ---- rows ---- */

/* The statement has failed, now. */
static void fails_now(struct machine *machine, struct thread *thread)
{
    thread->timer = 0;
    thread->clock_ns = machine->sim->now_ns;
    if (answer_waits(machine, thread, OUTCOME_FAILED)) return;
    if (refuse(machine, thread, OUTCOME_FAILED)) thread_run(machine, thread);
}

static void on_row_timeout(void *context, uint32_t index, uint64_t argument)
{
    struct machine *machine = context;
    (void)argument;
    row_lock_leave(&machine->tables, index);
    fails_now(machine, &machine->thread[index]);
}

static void on_key_timeout(void *context, uint32_t index, uint64_t argument)
{
    struct machine *machine = context;
    struct thread *thread = &machine->thread[index];
    (void)argument;
    const struct plan_op *op = &machine->plan->op[thread->pc];
    latch_leave(machine, thread);
    machine->tables.table[op->kind == STEP_WRITE ? op->target : machine->plan->orders_table].fact.lock_timeouts++;
    fails_now(machine, thread);
}

/* The victim of a deadlock: the server rolls it back at once, whenever the listener hears of it. */
static void victim_rolled_back(struct machine *machine, struct thread *thread)
{
    if (thread->rides) riders_drop(machine, thread);
    transaction_rollback(&machine->tables, &thread->transaction);
}

/* Chosen while it waits for a row or a key. */
static void on_deadlock(void *context, uint32_t index, uint64_t argument)
{
    struct machine *machine = context;
    struct thread *thread = &machine->thread[index];
    (void)argument;
    const bool waits = row_lock_victim(&machine->tables, index) || latch_leave(machine, thread);
    if (!waits) return; /* it got what it waited for at this very instant */
    sim_cancel(machine->sim, thread->timer);
    victim_rolled_back(machine, thread);
    fails_now(machine, thread);
}

void on_victim(void *context, uint32_t index)
{
    struct machine *machine = context;
    sim_at(machine->sim, machine->sim->now_ns, SIM_SERVER, on_deadlock, machine, index, 0);
}

/* Rows changed that are none of the tables' own: those inserted, marks among them, and the order's with each status. */
static uint32_t riders_weight(const struct thread *thread)
{
    return thread->creates + (uint32_t)thread->n_inserts + thread->n_outbox + thread->n_statuses +
           (uint32_t)__builtin_popcount(thread->once_marks);
}

uint32_t weight_of(void *context, uint32_t index)
{
    const struct thread *thread = &((const struct machine *)context)->thread[index];
    return transaction_weight(&thread->transaction) + latch_weight(thread) + riders_weight(thread);
}

void on_row(void *context, uint32_t index) { wake(context, index); }

/* Whoever gets nothing within the table's time-out is told so. */
static void time_out(struct machine *machine, struct thread *thread, uint32_t table, sim_fn *on_timeout)
{
    const sim_ns at_ns = machine->sim->now_ns + machine->plan->scenario->table[table].lock_timeout_ns;
    thread->timer = sim_at(machine->sim, at_ns, SIM_TIMER, on_timeout, machine, index_of(machine, thread), 0);
}

enum outcome order_row_awaited(struct machine *machine, struct thread *thread, enum outcome latched)
{
    const uint32_t table = machine->plan->orders_table;
    if (latched == OUTCOME_PARKED && table != NONE) time_out(machine, thread, table, on_key_timeout);
    return latched;
}

static enum outcome row_take(struct machine *machine, struct thread *thread, struct transaction_row *touched)
{
    switch (row_lock(&machine->tables, touched, index_of(machine, thread))) {
    case ROW_OK: return OUTCOME_DONE;
    case ROW_DEADLOCK: victim_rolled_back(machine, thread); return OUTCOME_FAILED;
    case ROW_WAITS: break;
    }
    block(machine, thread);
    if (machine->plan->scenario->table[touched->table].key == ROW_ORDER_ID)
        waits_for_order(machine, thread, row_owner(&machine->tables, touched));
    time_out(machine, thread, touched->table, on_row_timeout);
    return OUTCOME_PARKED;
}

/* What an order takes from a row of this kind. */
static int64_t taken_by(const struct order *order, enum row_key key)
{
    return key == ROW_ITEM ? order->quantity : key == ROW_USER ? order->amount : 1;
}

/* How much the effect takes from the row; negative gives back; 0: nothing to give back. */
static int64_t take_of(const struct machine *machine, const struct thread *thread, const struct plan_op *op)
{
    const struct order *order = order_of(thread);
    switch ((enum write_effect)op->effect) {
    case EFFECT_RESERVE: return order->quantity;
    case EFFECT_USE: return 1;
    case EFFECT_DEBIT: return order->amount;
    case EFFECT_RESTORE: break;
    }
    if (op->unknown == UNKNOWN_BLIND) return -taken_by(order, machine->plan->scenario->table[op->target].key);
    switch (machine->plan->scenario->table[op->target].key) {
    case ROW_ITEM: return (order->did & (DID_RESERVE | DID_RESTORE)) == DID_RESERVE ? -(int64_t)order->quantity : 0;
    case ROW_USER: return (order->did & (DID_DEBIT | DID_REFUND)) == DID_DEBIT ? -(int64_t)order->amount : 0;
    case ROW_COUPON: return (order->did & (DID_USE | DID_RESTORE_COUPON)) == DID_USE ? -1 : 0;
    case ROW_ORDER_ID: break;
    }
    return 0;
}

/* Each refusing step of a stage draws for itself: who passed the first one has no better chance at the second. */
static uint32_t luck_word(const struct machine *machine, const struct thread *thread, const struct plan_op *op)
{
    if (op->luck == 0) return thread->words.word[WORD_LUCK];
    return random_block(machine->key, PURPOSE_LUCK, entity_of(thread), op->luck / 4).word[op->luck % 4];
}

/* What was answered once is answered so again. */
static bool has_bad_luck(const struct machine *machine, const struct thread *thread, const struct plan_op *op)
{
    if (op->refuse_below == 0) return false;
    if (thread->duplicate) return answer_was_no(machine, thread, op);
    return luck_word(machine, thread, op) < op->refuse_below;
}

static enum outcome rejected(struct machine *machine, const struct plan_op *op)
{
    machine->tables.table[op->target].fact.rejected++;
    return OUTCOME_REFUSED;
}

static struct transaction_row *touch(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    struct transaction_row *touched = transaction_touch(&machine->tables, &thread->transaction, op->target,
                                                        key_of(machine, thread, op));
    if (touched) touched->order_id = order_of(thread)->id;
    return touched;
}

/* Another transaction was faster: once more from begin, in a new one, or refused after the last try. */
static enum outcome conflict(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    struct table_facts *fact = &machine->tables.table[op->target].fact;
    fact->conflicts++;
    if (++thread->tries >= op->tries || op->begin_op == NONE) return OUTCOME_REFUSED;
    fact->retries++;
    return OUTCOME_AGAIN;
}

/* A newer token has been there: 0 rows. */
static enum outcome fenced_off(struct machine *machine, const struct transaction_row *touched, enum outcome outcome)
{
    machine->tables.table[touched->table].fact.conflicts++;
    return outcome;
}

/* The holder of a lock lets the row know of its token before it reads. */
static enum outcome announce(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    struct transaction_row *touched = touch(machine, thread, op);
    if (!touched) return OUTCOME_DONE;
    const bool held = touched->locked && thread->phase != PHASE_GRANTED; /* by the transaction, since before */
    enum outcome locked = row_take(machine, thread, touched);
    if (locked != OUTCOME_DONE) return locked;
    uint32_t token = token_of(machine, thread, op);
    if (!row_fence_passes(&machine->tables, touched, token)) return fenced_off(machine, touched, OUTCOME_FAILED);
    row_fence_announce(&machine->tables, touched, token);
    if (!held) row_unlock_early(&machine->tables, touched);
    return OUTCOME_DONE;
}

/* What is read outside of a transaction is in the code's hands until one ends, or the record does. */
static enum outcome read_effect(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    if (!thread->transaction.open) thread->carries = true;
    if (op->fenced) {
        enum outcome announced = announce(machine, thread, op);
        if (announced != OUTCOME_DONE) return announced;
    }
    struct transaction_row *touched = op->needs_read ? touch(machine, thread, op) : NULL;
    if (op->opens_view) transaction_view(&machine->tables, &thread->transaction, op->opens_view - 1u);
    if (touched && op->anew) touched->carried = true;
    if (touched) transaction_read(&machine->tables, &thread->transaction, touched);
    return has_bad_luck(machine, thread, op) ? OUTCOME_REFUSED : OUTCOME_DONE;
}

/* What a row of this kind remembers of an order's action, and of its compensation. */
static uint8_t action_on(enum row_key key)
{
    return key == ROW_ITEM ? DID_RESERVE : key == ROW_USER ? DID_DEBIT : DID_USE;
}

static uint8_t undo_on(enum row_key key)
{
    return key == ROW_ITEM ? DID_RESTORE : key == ROW_USER ? DID_REFUND : DID_RESTORE_COUPON;
}

/* A compensation: what it finds, and what it leaves. */
static void restore_looks(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    const struct order *order = order_of(thread);
    const enum row_key key = machine->plan->scenario->table[op->target].key;
    const bool was_taken = order->did & action_on(key), was_undone = order->did & undo_on(key);
    if (!was_taken) mishap_note(machine, MISHAP_UNDO_FIRST, order->id, thread->stage, SIM_NEVER);
    if (op->unknown == UNKNOWN_BLIND && (!was_taken || was_undone))
        mishap_note(machine, MISHAP_UNDO_BLIND, order->id, thread->stage, SIM_NEVER);
    if (op->unknown != UNKNOWN_TOMBSTONE || was_taken) return;
    thread->tombstones |= action_on(key);
    thread->rides = true;
}

/* The compensation was here first. */
static bool is_entombed(struct machine *machine, const struct thread *thread, const struct plan_op *op)
{
    const struct order *order = order_of(thread);
    if (!order->tombstones || op->effect == EFFECT_RESTORE) return false;
    if (!(order->tombstones & action_on(machine->plan->scenario->table[op->target].key))) return false;
    mishap_note(machine, MISHAP_TOMBSTONE, order->id, thread->stage, SIM_NEVER);
    return true;
}

/* Action and compensation insert a row of one key: whoever comes second waits for the end of the first. */
static SIM_SELDOM enum outcome key_take(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    static const uint8_t action[] = { [ROW_ITEM] = ORDER_RESERVING, [ROW_USER] = ORDER_DEBITING,
                                      [ROW_COUPON] = ORDER_USING, [ROW_ORDER_ID] = 0 };
    const enum outcome inserted = latch_action(
        machine, thread, action[machine->plan->scenario->table[op->target].key], op->target);
    if (inserted == OUTCOME_PARKED) time_out(machine, thread, op->target, on_key_timeout);
    return inserted;
}

static enum outcome write_effect(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    if (op->keyed && !thread->duplicate && thread->transaction.open) {
        const enum outcome inserted = key_take(machine, thread, op);
        if (inserted != OUTCOME_DONE) return inserted;
    }
    int64_t take = take_of(machine, thread, op);
    if (op->effect == EFFECT_RESTORE && !thread->duplicate && thread->phase != PHASE_GRANTED)
        restore_looks(machine, thread, op);
    if (thread->duplicate) return answer_was_no(machine, thread, op) ? OUTCOME_REFUSED : OUTCOME_DONE;
    if (take == 0) return OUTCOME_DONE;
    if (is_entombed(machine, thread, op)) return rejected(machine, op);
    if (has_bad_luck(machine, thread, op)) return rejected(machine, op);
    struct transaction_row *touched = touch(machine, thread, op);
    if (!touched) return rejected(machine, op);
    if (op->fenced && touched->token == 0) touched->token = token_of(machine, thread, op);
    if (op->style == STYLE_ABSOLUTE) return row_write_absolute(touched, take) ? OUTCOME_DONE : rejected(machine, op);
    enum outcome locked = row_take(machine, thread, touched);
    if (locked != OUTCOME_DONE) return locked;
    if (op->fenced && !row_fence_passes(&machine->tables, touched, touched->token))
        return fenced_off(machine, touched, OUTCOME_REFUSED);
    if (op->style == STYLE_CONDITIONAL)
        return row_write_conditional(&machine->tables, touched, take) ? OUTCOME_DONE : rejected(machine, op);
    if (op->style == STYLE_FOR_UPDATE) {
        transaction_read_locked(&machine->tables, touched);
        return row_write_absolute(touched, take) ? OUTCOME_DONE : rejected(machine, op);
    }
    if ((touched->written ? touched->value : touched->seen) - take < 0) return rejected(machine, op);
    return row_write_version(&machine->tables, touched, take) ? OUTCOME_DONE : conflict(machine, thread, op);
}

/* What the entity manager holds back goes out, row by row, each under its lock. */
static enum outcome flush_effect(struct machine *machine, struct thread *thread)
{
    for (uint32_t i = 0; i < thread->transaction.n_rows; i++) {
        struct transaction_row *row = &thread->transaction.row[i];
        if (!row->absolute) continue;
        enum outcome locked = row_take(machine, thread, row);
        if (locked != OUTCOME_DONE) return locked;
        if (row->token && !row_fence_passes(&machine->tables, row, row->token))
            return fenced_off(machine, row, OUTCOME_FAILED);
        if (!row_send_absolute(&machine->tables, row)) cause_find(machine, thread, row);
    }
    return OUTCOME_DONE;
}

static sim_ns flush_draw(struct machine *machine, uint32_t store)
{
    const uint32_t word = random_block(machine->key, PURPOSE_FLUSH, store, machine->flush[store].count++).word[0];
    const sim_ns usual_ns = dist_draw(&machine->plan->flush[store], word);
    if (!machine->conditions) return usual_ns;
    return (sim_ns)((double)usual_ns * machine->conditions->store_factor[store] + 0.5);
}

/* Commits share flushes of the log: the one that arrives during a flush waits for the next. */
static sim_ns flushed_ns(struct machine *machine, uint32_t store)
{
    struct flush *flush = &machine->flush[store];
    sim_ns now_ns = machine->sim->now_ns;
    if (flush->next_ns > now_ns && flush->current_ns > now_ns) return flush->next_ns;
    const sim_ns takes_ns = flush_draw(machine, store);
    if (flush->next_ns > now_ns) {        /* the next one is running by now */
        flush->current_ns = flush->next_ns;
        flush->next_ns = flush->current_ns + takes_ns;
    } else if (flush->current_ns > now_ns) {
        flush->next_ns = flush->current_ns + takes_ns;
    } else {
        flush->current_ns = now_ns + takes_ns;
        return flush->current_ns;
    }
    return flush->next_ns;
}

/* Whose flush has not begun yet waits for the one that is under way. */
static enum outcome flush_later(struct machine *machine, struct thread *thread, uint32_t store)
{
    const sim_ns at_ns = flushed_ns(machine, store), current_ns = machine->flush[store].current_ns;
    if (at_ns > current_ns) count_wait(machine, thread, PATH_STORE, current_ns - machine->sim->now_ns);
    return later(thread, at_ns, PHASE_FLUSHED);
}

static void commit_now(struct machine *machine, struct thread *thread)
{
    order_effects(machine, order_of(thread), &thread->transaction, thread->stage);
    if (thread->refused) answer_keep(machine, thread, thread->once_marks & (uint16_t)~order_of(thread)->once);
    order_of(thread)->once |= thread->once_marks;
    if (thread->keys_due | thread->claims) once_keys_end(thread, true);
    thread->once_marks = 0;
    thread->tries = 0;
    if (thread->rides) riders_commit(machine, thread);
    if (machine->causes) cause_note_commit(machine, thread);
    transaction_commit(&machine->tables, &thread->transaction);
}

bool writes_pending(const struct thread *thread)
{
    if (thread->once_marks || (thread->rides && riders_write(thread))) return true;
    for (uint32_t i = 0; i < thread->transaction.n_rows; i++)
        if (thread->transaction.row[i].written || thread->transaction.row[i].locked) return true;
    return false;
}

static enum outcome commit_effect(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    if (!writes_pending(thread)) {
        if (thread->claims) once_keys_end(thread, true);
        if (thread->rides) riders_drop(machine, thread);
        transaction_close(&machine->tables, &thread->transaction);
        return OUTCOME_DONE;
    }
    if (thread->phase != PHASE_FLUSHED) {
        const enum outcome inserted = thread->keys_due ? once_insert(machine, thread, op) : OUTCOME_DONE;
        if (inserted != OUTCOME_DONE) return inserted;
        enum outcome sent = flush_effect(machine, thread);
        if (sent != OUTCOME_DONE) return sent;
        if (op->store != NONE && machine->plan->scenario->store[op->store].group_commit)
            return flush_later(machine, thread, op->store);
    }
    commit_now(machine, thread);
    return OUTCOME_DONE;
}

/* ---- insert, join and status ---- */

/* A second insert of an order waits for the end of the first one's transaction. */
static SIM_SELDOM enum outcome order_row_take(struct machine *machine, struct thread *thread)
{
    if (!(order_of(thread)->did & DID_CREATE))
        return order_row_awaited(machine, thread, latch_statement(machine, thread, ORDER_CREATING));
    latch_found(machine, thread, ORDER_CREATING);
    return OUTCOME_DONE;
}

/* The row of an order, once; rows of other tables (an audit, an outbox) are only counted. */
static enum outcome insert_effect(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    const bool is_order = op->target == machine->plan->orders_table;
    if (op->keyed) {
        const enum outcome taken = order_row_take(machine, thread);
        if (taken != OUTCOME_DONE) return taken;
    }
    if (is_order && (order_of(thread)->did & DID_CREATE)) return OUTCOME_DONE;
    if (thread->transaction.open) rider_insert(machine, thread, op->target);
    else if (is_order) order_inserted(machine, thread->order);
    else machine->tables.table[op->target].fact.writes++;
    return OUTCOME_DONE;
}

/* What is no change is not sent, and asks for no row. */
static SIM_SELDOM enum outcome status_rides(struct machine *machine, struct thread *thread, enum order_status status)
{
    if (rider_has_status(thread, status)) {
        latch_pass_on(machine, thread->order, ORDER_LOCKED);
        return OUTCOME_DONE;
    }
    const enum outcome locked = order_row_awaited(machine, thread, latch_statement(machine, thread, ORDER_LOCKED));
    if (locked == OUTCOME_DONE) rider_status(machine, thread, status);
    return locked;
}

/* In a transaction of its own, or with the one that is open. Others wait for its end, and so does this one. */
static enum outcome status_effect(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    if (thread->transaction.open) return status_rides(machine, thread, (enum order_status)op->status);
    if (latch_is_asked(machine, thread, ORDER_LOCKED)) {
        const enum outcome locked = order_row_awaited(machine, thread, latch_statement(machine, thread, ORDER_LOCKED));
        if (locked != OUTCOME_DONE) return locked;
    } else {
        latch_at_once(machine);
    }
    order_set_status(machine, thread->order, (enum order_status)op->status, thread->stage);
    if (thread->latched) latch_release(machine, thread); /* it was waited for */
    if (order_of(thread)->flags & ORDER_FOLLOWED) path_end(machine, thread);
    return OUTCOME_DONE;
}

/* ---- the step at hand ---- */

enum outcome step_effect(struct machine *machine, struct thread *thread, const struct plan_op *op, sim_ns takes_ns,
                         sim_ns ends_ns)
{
    switch ((enum step_kind)op->kind) {
    case STEP_LOCK: return lock_effect(machine, thread, op, takes_ns);
    case STEP_UNLOCK: return unlock_effect(machine, thread, op);
    case STEP_WRITE: return write_effect(machine, thread, op);
    case STEP_FLUSH: return flush_effect(machine, thread);
    case STEP_COMMIT: return commit_effect(machine, thread, op);
    case STEP_ROLLBACK:
        if (thread->keys_due | thread->claims) once_keys_end(thread, false);
        thread->once_marks = 0;
        if (thread->rides) riders_drop(machine, thread);
        transaction_rollback(&machine->tables, &thread->transaction);
        return OUTCOME_DONE;
    case STEP_READ: return read_effect(machine, thread, op);
    case STEP_INSERT: return op->covered && thread->duplicate ? OUTCOME_DONE : insert_effect(machine, thread, op);
    case STEP_JOIN: return join_effect(machine, thread, ends_ns);
    case STEP_STATUS: return op->covered && thread->duplicate ? OUTCOME_DONE : status_effect(machine, thread, op);
    case STEP_ONCE:
        if (op->opens_view) transaction_view(&machine->tables, &thread->transaction, op->opens_view - 1u);
        return once_effect(machine, thread, op);
    case STEP_BEGIN:
        transaction_begin(&thread->transaction);
        thread->n_locks_before = thread->n_locks;
        return OUTCOME_DONE;
    case STEP_WORK: return has_bad_luck(machine, thread, op) ? OUTCOME_REFUSED : OUTCOME_DONE;
    case STEP_PUBLISH:
        if (op->outbox) outbox_put(machine, thread, op->target);
        return OUTCOME_DONE;
    case STEP_CONNECTION: case STEP_REPLY: case STEP_KINDS: break;
    }
    return OUTCOME_DONE;
}

enum outcome implied_read(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    if (op->kind == STEP_JOIN) return join_enter(machine, thread);
    /* What a compensation has to give back may change until it is there; what it reads then, it reads now. */
    if (thread->duplicate || (op->effect != EFFECT_RESTORE && take_of(machine, thread, op) == 0)) return OUTCOME_DONE;
    struct transaction_row *touched = touch(machine, thread, op);
    if (!touched || touched->read) return OUTCOME_DONE;
    if (thread->clock_ns > machine->sim->now_ns) return later(thread, thread->clock_ns, PHASE_START);
    is_seen(thread);
    if (op->opens_view) transaction_view(&machine->tables, &thread->transaction, op->opens_view - 1u);
    transaction_read(&machine->tables, &thread->transaction, touched);
    return OUTCOME_DONE;
}
