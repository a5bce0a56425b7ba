/* SPDX-License-Identifier: GPL-3.0-or-later
 * Changes of orders that threads have made ahead of their time (stage.c, plan_op.unshared), as far as the counts of
 * orders know of them: whoever takes a sample sees the counts as of now. */
#ifndef MODELS_ORDERS_AHEAD_H
#define MODELS_ORDERS_AHEAD_H

#include "models/orders/machine.h"

/* Between the two, what the machine does happens at at_ns (>= now; the clock shows it), and counts are noted. */
void ahead_begin(struct machine *machine, sim_ns at_ns);
void ahead_end(struct machine *machine);

/* An order's status changes in the counts; from ORDER_STATUSES: it is new. Only between the two. */
void ahead_note(struct machine *machine, enum order_status from, enum order_status to);

/* The counts without what lies ahead of now; and whether anything does. */
struct order_counts ahead_counts(struct machine *machine);
bool ahead_pending(struct machine *machine);

#endif
