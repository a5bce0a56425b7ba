/* SPDX-License-Identifier: GPL-3.0-or-later
 * The sweeper of stuck orders (semantics 9.6): every so often it looks for orders that have been PENDING for longer
 * than older_than, cancels one after the other, and undoes their legs by the flow's rule. One sweeper for all instances
 * of its process (a scheduler with a lock of its own): the first instance that is up.
 *
 * Guarded, each cancellation is a compare-and-set on the status: an order that has moved on since the look stays as it
 * is. Unguarded it overwrites. Either is one statement, which waits for a transaction that has the order's row
 * (latch.h), at most its table's time-out: then the order is left to the next look. Payment is the pivot: what is
 * PAYING is left alone, unless `paying` says otherwise. */
#ifndef MODELS_ORDERS_SWEEPER_H
#define MODELS_ORDERS_SWEEPER_H

#include "models/orders/thread.h"

/* Where the flow has one: before the first order is created. */
void sweeper_start(struct machine *machine);
/* An order is PENDING from now on. Only where the flow has a sweeper. */
SIM_SELDOM void sweeper_notes(struct machine *machine, uint32_t slot);
/* Since when it waits for the row of the order; SIM_NEVER: it does not. And: the row is free for its statement, now. */
sim_ns sweeper_waits_since(const struct machine *machine, uint32_t slot);
void sweeper_wakes(struct machine *machine);

#endif
