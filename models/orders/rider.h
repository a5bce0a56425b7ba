/* SPDX-License-Identifier: GPL-3.0-or-later
 * What rides on a thread's transaction beside its rows: an order that is created or changes its status, rows that are
 * inserted, rows of the outbox, tombstones, idempotency keys that others wait for. Seldom: thread.rides says whether
 * there is any. */
#ifndef MODELS_ORDERS_RIDER_H
#define MODELS_ORDERS_RIDER_H

#include "models/orders/thread.h"

/* A row of the table, and a status of the order at hand, from the commit on. */
SIM_SELDOM void rider_insert(struct machine *machine, struct thread *thread, uint32_t table);
SIM_SELDOM void rider_status(struct machine *machine, struct thread *thread, enum order_status status);
/* As its own transaction sees the order by now: the status would be no change, and nothing to commit. */
SIM_SELDOM bool rider_has_status(const struct thread *thread, enum order_status status);

/* Whether any of them has to get into the log. A key that others wait for is none: where the transaction inserts one,
 * its mark says so (once_marks), and the key of a business state is the row that it may or may not come to write. */
SIM_SELDOM bool riders_write(const struct thread *thread);
SIM_SELDOM void riders_commit(struct machine *machine, struct thread *thread);
SIM_SELDOM void riders_drop(struct machine *machine, struct thread *thread);

#endif
