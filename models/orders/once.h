/* SPDX-License-Identifier: GPL-3.0-or-later
 * The step `once`: has this stage done this order before? In each of the forms of semantics 9.5, wrong ones included. A
 * form differs from the next in where the mark lies, when it is set, and who waits. */
#ifndef MODELS_ORDERS_ONCE_H
#define MODELS_ORDERS_ONCE_H

#include "models/orders/thread.h"

enum outcome once_effect(struct machine *machine, struct thread *thread, const struct plan_op *op);
/* The commit at hand inserts the keys that were looked up before its transaction began (thread.keys_due): waits for a
 * transaction that has done so. FAILED: a key is there. */
SIM_SELDOM enum outcome once_insert(struct machine *machine, struct thread *thread, const struct plan_op *op);
/* Those of them that the commit at hand inserts: marks go with the first one, the key of a business state is the row
 * that the write inserts, and goes with that. */
SIM_SELDOM uint16_t once_keys_now(const struct thread *thread);
/* The transaction ends: the key of a business state whose row is not committed with it is to be inserted later. Before
 * the thread's marks and claims are dropped. */
SIM_SELDOM void once_keys_end(struct thread *thread, bool committed);

#endif
