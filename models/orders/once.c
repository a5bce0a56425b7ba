/* SPDX-License-Identifier: GPL-3.0-or-later
 * The mark of the default form is set with the transaction. Threads meet over an order where records of it come to the
 * stage by more than one way, or where one of them has been taken for dead: only there is its key waited for. */
#include "models/orders/once.h"

#include "models/orders/answer.h"
#include "models/orders/latch.h"

static bool is_done(const struct order *order, const struct plan_op *op)
{
    if (op->once_form == ONCE_BUSINESS_STATE) return order->did & op->once_did;
    return order->once >> op->once_bit & 1;
}

/* The mark is there, but no effect that it stands for, and no refusal of it. */
static void note_mark_alone(struct machine *machine, const struct thread *thread, const struct plan_op *op)
{
    const struct order *order = order_of(thread);
    const uint8_t actions = op->once_did & (DID_RESERVE | DID_USE | DID_DEBIT);
    if (actions && !(order->did & actions) && !answer_has_refusal(machine, thread, op->once_bit))
        mishap_note(machine, MISHAP_MARK_ALONE, order->id, thread->stage, SIM_NEVER);
}

/* Whether the key is unique in the database, and somebody else may be at it. */
static bool may_meet(const struct machine *machine, const struct plan_op *op)
{
    const bool inserts = op->once_form == ONCE_SAME_TRANSACTION || op->once_form == ONCE_BUSINESS_STATE;
    return inserts && (op->meets || machine->conditions);
}

/* A mark that is there is not set once more: the INSERT fails, and leaves nothing that has to get into the log. */
static void set_mark(struct thread *thread, const struct plan_op *op)
{
    const uint16_t mark = (uint16_t)(1u << op->once_bit);
    switch ((enum once_form)op->once_form) {
    case ONCE_SAME_TRANSACTION:
    case ONCE_CHECK_THEN_ACT: thread->once_marks |= mark; break;
    case ONCE_SETNX_BEFORE:
    case ONCE_OTHER_TRANSACTION: order_of(thread)->once |= mark; break;
    case ONCE_SETNX_AFTER: thread->marks_after |= mark; break;
    case ONCE_BUSINESS_STATE:
    case ONCE_NONE: break;
    }
}

enum outcome once_effect(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    /* A second INSERT of the key waits for the end of the transaction that holds the first. One that finds the key
     * there fails at once, and holds nothing. */
    const bool meets = may_meet(machine, op);
    if (meets && thread->transaction.open && !is_done(order_of(thread), op)) {
        enum outcome claimed = latch_claim(machine, thread);
        if (claimed != OUTCOME_DONE) return claimed;
    }
    if (op->once_form == ONCE_NONE) return OUTCOME_DONE;
    thread->duplicate = is_done(order_of(thread), op);
    if (!thread->duplicate) {
        if (meets && !thread->transaction.open) thread->keys_due |= (uint16_t)(1u << op->once_bit);
        set_mark(thread, op);
        return OUTCOME_DONE;
    }
    note_mark_alone(machine, thread, op);
    return op->otherwise != NONE ? OUTCOME_REFUSED : OUTCOME_DONE;
}

static bool has_effect(const struct transaction *transaction)
{
    for (uint32_t i = 0; i < transaction->n_rows; i++)
        if (transaction->row[i].written && transaction->row[i].take != 0) return true;
    return false;
}

/* A business state's key is the row of its effect, and sets no mark. */
uint16_t once_keys_now(const struct thread *thread)
{
    return thread->keys_due & (has_effect(&thread->transaction) ? UINT16_MAX : thread->once_marks);
}

void once_keys_end(struct thread *thread, bool committed)
{
    const uint16_t keys = (thread->keys_due | thread->claims) & (uint16_t)~thread->once_marks;
    thread->keys_due = committed && has_effect(&thread->transaction) ? 0 : keys;
}

static bool key_is_there(const struct thread *thread, const struct plan_op *op)
{
    const struct order *order = order_of(thread);
    const uint16_t keys = once_keys_now(thread), marks = keys & thread->once_marks;
    return (order->once & marks) || (keys != marks && (order->did & op->once_did));
}

enum outcome once_insert(struct machine *machine, struct thread *thread, const struct plan_op *op)
{
    if (once_keys_now(thread) == 0) return OUTCOME_DONE;
    if (!key_is_there(thread, op)) {
        const enum outcome claimed = latch_claim(machine, thread);
        if (claimed != OUTCOME_DONE) return claimed;
    }
    return key_is_there(thread, op) ? OUTCOME_FAILED : OUTCOME_DONE;
}
