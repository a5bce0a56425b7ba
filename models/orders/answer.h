/* SPDX-License-Identifier: GPL-3.0-or-later
 * What was answered once is answered so again: where a mark of `once` was set by a delivery that was refused, another
 * one is refused at the same step. The service knows it from what it committed beside the mark (a DECLINED row), so it
 * is kept by order and mark, and only where some refusal can go with one. */
#ifndef MODELS_ORDERS_ANSWER_H
#define MODELS_ORDERS_ANSWER_H

#include "models/orders/thread.h"

/* The step at hand is refused, and the thread goes on with its `otherwise`. */
SIM_SELDOM void answer_refused(struct machine *machine, struct thread *thread);
/* The thread, which was refused, sets these marks now. */
SIM_SELDOM void answer_keep(struct machine *machine, const struct thread *thread, uint16_t marks);
/* The order has a mark that was set by a delivery refused at this step, or on the path that its refusal led to. */
SIM_SELDOM bool answer_was_no(const struct machine *machine, const struct thread *thread, const struct plan_op *op);
/* The same, of one mark and wherever in the stage. */
bool answer_has_refusal(const struct machine *machine, const struct thread *thread, uint32_t mark);

#endif
