/* SPDX-License-Identifier: GPL-3.0-or-later
 * Statements that have outlived their client. A server's thread that waits for a row does not look at its socket: where
 * the process of a `status`, an `insert` or a `join` that commits by itself dies meanwhile, the statement stays in its
 * queue, and takes place when the row is free, or ends with its table's time-out. Nobody hears the answer, nor sends
 * what would follow from it. */
#ifndef MODELS_ORDERS_ORPHAN_H
#define MODELS_ORDERS_ORPHAN_H

#include "models/orders/thread.h"

struct orphan;

/* Room for what may stay behind when processes that begin now die. Only in a run with faults. */
void orphans_expect(struct machine *machine);
/* The thread's process dies, and the thread waits for a row: what stays of it in the queue. Before it leaves that. */
void orphan_stays(struct machine *machine, const struct thread *thread);
/* Who waits longest for the row of the order; NULL: none of these. Since when; and: the row is its own, now. */
struct orphan *orphan_first(const struct machine *machine, uint32_t order, uint8_t row);
sim_ns orphan_waits_since(const struct orphan *orphan);
void orphan_wakes(struct machine *machine, struct orphan *orphan);

#endif
