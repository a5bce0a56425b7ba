/* SPDX-License-Identifier: GPL-3.0-or-later
 * What one transaction has of an order while others wait for it: its own row (SELECT .. FOR UPDATE, UPDATE or INSERT),
 * idempotency keys, and rows of what was done for it, that were inserted and not yet committed (a second insert of a
 * unique key waits for the end of the first). Held to the end of the transaction, first come first served. Keys know
 * no time-out: such transactions are short. Waits for them are part of the circles that the tables look for.
 * OUTCOME_FAILED: that would have closed such a circle, and the thread is its victim, rolled back. */
#ifndef MODELS_ORDERS_LATCH_H
#define MODELS_ORDERS_LATCH_H

#include "models/orders/thread.h"

/* The own row of the thread's order, until latch_release. PARKED: the step begins again when it is the thread's own. */
enum outcome latch_join(struct machine *machine, struct thread *thread);
/* Whether it matters to a statement on the order's own row that others may have come to it. */
static inline bool latch_is_asked(const struct machine *machine, const struct thread *thread, uint8_t row)
{
    return (order_of(thread)->flags & row) || machine->n_awaiting > 0;
}
/* A statement on the order's own row: ORDER_LOCKED, ORDER_CREATING. In a transaction it holds the row from then on; one
 * that commits by itself only waits for whoever does. PARKED: its effect comes about when the row is free, or the
 * caller's time-out comes before. */
SIM_SELDOM enum outcome latch_statement(struct machine *machine, struct thread *thread, uint8_t row);
/* Who has come to a row of an order, and does not hold it: where nobody does, the next one's turn has come. */
SIM_SELDOM void latch_pass_on(struct machine *machine, uint32_t order, uint8_t row);
/* The same of a row that is there already, which the statement leaves as it is. */
SIM_SELDOM void latch_found(struct machine *machine, struct thread *thread, uint8_t row);
/* The row of one of the order's actions on a table: ORDER_RESERVING .. PARKED: the effect of the step at hand comes
 * about when it is the thread's own, or the caller's time-out comes before (latch_forget). */
enum outcome latch_action(struct machine *machine, struct thread *thread, uint8_t action, uint32_t table);
/* The key of the `once` step at hand, or those that the commit at hand inserts, for the thread's order. */
enum outcome latch_claim(struct machine *machine, struct thread *thread);
/* All that the thread has of its order is free: at commit, rollback, or when it is gone. */
void latch_release(struct machine *machine, struct thread *thread);
/* Whom the thread waits for here; NONE: nobody. */
uint32_t latch_awaited(void *machine, uint32_t thread);
/* Rows that the thread has inserted here, as InnoDB weighs them in a deadlock. */
uint32_t latch_weight(const struct thread *thread);
/* The thread waits no more: it is gone. Or: it is told no, and its wait counts. False: it did not wait. */
bool latch_forget(struct machine *machine, struct thread *thread);
SIM_SELDOM bool latch_leave(struct machine *machine, struct thread *thread);
/* A statement on the order's own row that nothing keeps waiting. It asks nobody, so it is only counted, until somebody
 * wants to know how long one waits (machine_tell_waits). */
static inline void latch_at_once(struct machine *machine) { machine->n_rows_at_once++; }
/* A wait for a row of an order, which ends now, as the orders' table tells it. */
SIM_SELDOM void latch_count_wait(struct machine *machine, uint8_t row, sim_ns since_ns);

#endif
