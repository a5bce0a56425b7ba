/* SPDX-License-Identifier: GPL-3.0-or-later
 * What one transaction has of an order while others wait for it: the join row (SELECT .. FOR UPDATE), idempotency keys,
 * and rows of what was done for it, that were inserted and not yet committed (a second insert of a unique key waits for
 * the end of the first). Held to the end of the transaction, first come first served. The join row and keys know no
 * time-out: such transactions are short.
 * Left out: deadlocks between these and other rows are not found; where a time-out ends a wait, it ends them. */
#ifndef MODELS_ORDERS_LATCH_H
#define MODELS_ORDERS_LATCH_H

#include "models/orders/thread.h"

/* The join row of the thread's order. PARKED: the step begins again when it is the thread's own. */
enum outcome latch_join(struct machine *machine, struct thread *thread);
/* The row of one of the order's actions: ORDER_RESERVING .. PARKED: the effect of the step at hand comes about when it
 * is the thread's own, or the caller's time-out comes before (latch_forget). */
enum outcome latch_action(struct machine *machine, struct thread *thread, uint8_t action);
/* The keys of `mark` (bits of order.once) for the thread's order. */
enum outcome latch_claim(struct machine *machine, struct thread *thread, uint16_t mark);
/* All that the thread has of its order is free: at commit, rollback, or when it is gone. */
void latch_release(struct machine *machine, struct thread *thread);
/* The thread is gone, and waits no more. */
void latch_forget(struct machine *machine, struct thread *thread);

#endif
